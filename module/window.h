/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The window of an adapter (window.c), and what shares it: single transfers
 * (mapregs_iova.c), batches of them (link_batch.c), and those that are over (strip.c).
 */
#ifndef _DMABAY_WINDOW_H
#define _DMABAY_WINDOW_H

#include <linux/workqueue.h>

#include "compat_dma_iova.h"
#include "dmabay_private.h"

struct dmabay_window {
	struct dmabay_iova iova;
	struct dmabay_slots slots;
	u32 pages;
	/* where the window begins in the range of its first page table, in pages */
	u32 phase;
	/* in a lazy domain (strip.c) */
	struct dmabay_adapter *adapter;
	u32 strip_count;
	struct dmabay_strip *strips;
	struct delayed_work strips_work;
	/* in a debug build (debug_ledger.c) */
	struct dmabay_watched *watched;
	struct list_head watched_node;
};

/* What is linked of a memory: so many pages, of which the first so many are there. */
struct dmabay_linked {
	struct dmabay_memory *memory;
	u32 page;
	u32 pages;
	u32 there;
	u32 window_page;
	u8 rights;
	/* it is known that one call unlinks it all */
	bool in_one;
};

/* What a link allows the device: a BIT() for each direction of its transfers. */
static inline enum dma_data_direction dmabay_rights_direction(u8 rights)
{
	if (rights == BIT(DMABAY_WRITE_TO_DEVICE))
		return DMA_TO_DEVICE;
	return rights == BIT(DMABAY_READ_FROM_DEVICE) ? DMA_FROM_DEVICE : DMA_BIDIRECTIONAL;
}

/* Pages from here to the next cut: the middle of a page table's range. */
static inline u32 dmabay_window_to_cut(const struct dmabay_window *window, u32 page)
{
	return DMABAY_TABLE_PAGES -
	       (window->phase + page + DMABAY_TABLE_PAGES / 2) % DMABAY_TABLE_PAGES;
}

/* The device address of a page of the window. */
static inline dma_addr_t dmabay_window_address(const struct dmabay_adapter *adapter, u32 page)
{
	return adapter->window_base + ((dma_addr_t)page << PAGE_SHIFT);
}

int dmabay_window_open(struct dmabay_adapter *adapter);
void dmabay_window_close(struct dmabay_adapter *adapter);
int dmabay_window_link(struct dmabay_adapter *adapter, struct dmabay_linked *linked);
int dmabay_window_sync(struct dmabay_adapter *adapter, u32 page, u32 pages);
void dmabay_window_unlink(struct dmabay_adapter *adapter, const struct dmabay_linked *linked);
void dmabay_window_unlink_pages(struct dmabay_adapter *adapter, u32 page, u32 pages);
void dmabay_window_unlink_stretch(struct dmabay_adapter *adapter, u32 page, u32 pages);

/* mapregs_iova.c */
bool dmabay_links_make_room(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			    const struct dmabay_wish *wish, struct dmabay_place *place);
bool dmabay_links_find_place(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			     const struct dmabay_memory *memory, u32 page, u32 pages,
			     struct dmabay_place *place);

/* link_batch.c */
void dmabay_links_prepare_batches(const struct dmabay_window *window,
				  struct dmabay_channel *channel);
int dmabay_links_map_batch(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			   struct dmabay_batch_entry *entries, u32 count);
void dmabay_links_unmap_batch(struct dmabay_adapter *adapter, struct dmabay_channel *channel);

/* strip.c */
u32 dmabay_strips_count(struct dmabay_window *window, unsigned int map_registers);
int dmabay_strips_create(struct dmabay_window *window, u32 page);
void dmabay_strips_destroy(struct dmabay_window *window);
void dmabay_strip_take(struct dmabay_adapter *adapter, struct dmabay_channel *channel);
void dmabay_strip_give(struct dmabay_adapter *adapter, struct dmabay_channel *channel);
u32 dmabay_strip_room(struct dmabay_adapter *adapter, struct dmabay_strip *strip, u32 pages,
		      u32 *most);
void dmabay_strip_leave(struct dmabay_adapter *adapter, struct dmabay_strip *strip, u32 pages);
void dmabay_strip_unlink(struct dmabay_adapter *adapter, struct dmabay_strip *strip);

#endif /* _DMABAY_WINDOW_H */
