// SPDX-License-Identifier: GPL-2.0-only
/*
 * Slots: how the pages of a window are handed out.
 *
 * A slot is a naturally aligned power of two of pages, so that the IOTLB can be
 * flushed for it with one command. Whoever holds credits for n map registers
 * must get a slot of at least n pages at once, whatever was taken and given back
 * before; a buddy allocator cannot promise that. So the window is cut for good:
 * for every power of two there are as many slots as allocations of that size
 * can exist at the same time, when each of them needs more than half of the slot
 * and all of them together have no more than the adapter's map registers.
 * Device address space is cheap; waiting is not.
 *
 * That takes about twice the map registers for each power of two up to their number: 20 times
 * 1024 pages, 34 times 262144. A window that is not cut for good would not need much less: who
 * takes all registers one by one, and gives back all but one in each pair of pages, has left no
 * room for two pages anywhere, and can go on like that from size to size. Nothing can be moved
 * that a device uses, so every size has to have pages of its own.
 *
 * The largest slots come first, so all are naturally aligned if the window is.
 *
 * A slot that has page tables of its own, because it is as long as what one
 * translates, comes with a spare one of half that length.
 *
 * Guarded by adapter->lock.
 */
#include <linux/bitmap.h>
#include <linux/log2.h>
#include <linux/slab.h>

#include "dmabay_private.h"

#define SPARE_CLASS	const_ilog2(DMABAY_SPARE_PAGES)

/* How many slots of 2^class pages can be needed at once. */
static u32 class_count(unsigned int map_registers, unsigned int class)
{
	u32 least = class ? (1U << (class - 1)) + 1 : 1;
	u32 count = map_registers / least;

	if (class == SPARE_CLASS)
		count += map_registers / (DMABAY_SPARE_PAGES + 1);
	return count;
}

static unsigned int class_of(unsigned int map_registers)
{
	return order_base_2(map_registers);
}

/**
 * dmabay_slots_pages() - Window that so many map registers need
 * @map_registers: pages
 *
 * Return: pages of the window.
 */
u64 dmabay_slots_pages(unsigned int map_registers)
{
	unsigned int class;
	u64 pages = 0;

	for (class = 0; class <= class_of(map_registers); class++)
		pages += (u64)class_count(map_registers, class) << class;
	return pages;
}

/**
 * dmabay_slots_create() - Cut a window
 * @slots: the slots
 * @map_registers: pages
 *
 * Return: 0, or -ENOMEM, or -EINVAL for more registers than slots can be cut for.
 */
int dmabay_slots_create(struct dmabay_slots *slots, unsigned int map_registers)
{
	unsigned int class = class_of(map_registers);

	if (class >= DMABAY_SLOT_CLASSES)
		return -EINVAL;

	memset(slots, 0, sizeof(*slots));
	slots->classes = class + 1;
	for (;;) {
		struct dmabay_slot_class *c = &slots->class[class];

		c->page = slots->pages;
		c->count = class_count(map_registers, class);
		c->busy = bitmap_zalloc(c->count, GFP_KERNEL);
		if (!c->busy) {
			dmabay_slots_destroy(slots);
			return -ENOMEM;
		}
		slots->pages += c->count << class;
		if (!class--)
			return 0;
	}
}

/**
 * dmabay_slots_destroy() - Undo dmabay_slots_create()
 * @slots: the slots
 */
void dmabay_slots_destroy(struct dmabay_slots *slots)
{
	unsigned int class;

	for (class = 0; class < slots->classes; class++)
		bitmap_free(slots->class[class].busy);
	slots->classes = 0;
}

static bool class_take(struct dmabay_slots *slots, unsigned int class, u32 *page)
{
	struct dmabay_slot_class *c = &slots->class[class];
	u32 slot = find_first_zero_bit(c->busy, c->count);

	if (WARN_ON_ONCE(slot >= c->count))
		return false;
	__set_bit(slot, c->busy);
	*page = c->page + (slot << class);
	return true;
}

static void class_give(struct dmabay_slots *slots, unsigned int class, u32 page)
{
	struct dmabay_slot_class *c = &slots->class[class];

	__clear_bit((page - c->page) >> class, c->busy);
}

/**
 * dmabay_slots_take() - A slot for the map registers of a channel
 * @slots: the slots
 * @channel: the channel; the credits are there
 *
 * Return: true; there are slots for all credits.
 */
bool dmabay_slots_take(struct dmabay_slots *slots, struct dmabay_channel *channel)
{
	channel->slot_class = class_of(channel->map_registers);
	channel->slot_pages = 1U << channel->slot_class;
	if (!class_take(slots, channel->slot_class, &channel->slot_page))
		return false;
	if (channel->slot_pages < DMABAY_TABLE_PAGES ||
	    class_take(slots, SPARE_CLASS, &channel->spare_page))
		return true;
	class_give(slots, channel->slot_class, channel->slot_page);
	return false;
}

/**
 * dmabay_slots_give() - Undo dmabay_slots_take()
 * @slots: the slots
 * @channel: the channel
 */
void dmabay_slots_give(struct dmabay_slots *slots, struct dmabay_channel *channel)
{
	class_give(slots, channel->slot_class, channel->slot_page);
	if (channel->slot_pages >= DMABAY_TABLE_PAGES)
		class_give(slots, SPARE_CLASS, channel->spare_page);
}
