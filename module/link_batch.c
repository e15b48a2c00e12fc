// SPDX-License-Identifier: GPL-2.0-only
/*
 * A batch: transfers of one channel that are linked, and unlinked, together.
 *
 * What changes with every transfer need not be in the ledger: it is linked when the batch
 * is mapped, and goes when that is unmapped. So the pages of a batch lie next to each other
 * between two cuts of the window (window.c), where one sync makes all of them visible and
 * one unlink call, with one flush, takes all of them. No huge page fits there: a transfer that
 * may have some, or that is longer than that, is a batch by itself, and goes anywhere. In a lazy
 * domain a batch may go into a strip, and stay there for a while (strip.c).
 *
 * Each transfer is linked with the rights of its own direction. An unlink takes pages with
 * different rights as well, so a batch may have both directions.
 *
 * A batch belongs to the one who maps on the channel. Others may unlink what is in the
 * ledger meanwhile, where nothing of the batch is; the memory of a batch is its caller's to
 * keep from being unlinked.
 */
#include <linux/log2.h>

#include "fault.h"
#include "window.h"

/* Pages from one cut to the next, and from a cut to where a page table's range begins. */
#define CUT_PAGES	DMABAY_TABLE_PAGES
#define HALF_PAGES	(DMABAY_TABLE_PAGES / 2)

/**
 * dmabay_links_prepare_batches() - Find out where batches go if nothing else is linked
 * @window: the window
 * @channel: its channel, which has a slot since now
 *
 * To a cut, if there is one with another one behind it, or else to the start of the slot.
 *
 * Context: any.
 */
void dmabay_links_prepare_batches(const struct dmabay_window *window,
				  struct dmabay_channel *channel)
{
	u32 to_cut = dmabay_window_to_cut(window, channel->slot_page);

	channel->batch_first = channel->slot_page;
	channel->batch_most = min_t(u32, channel->map_registers, min(to_cut, HALF_PAGES));
	if (channel->slot_pages > CUT_PAGES) {
		channel->batch_first += to_cut % CUT_PAGES;
		channel->batch_most = min_t(u32, channel->map_registers, CUT_PAGES);
	}
}

/* What is too long for half of that begins at a cut. Anything else begins where it likes. */
static struct dmabay_wish batch_wish(const struct dmabay_window *window,
				     const struct dmabay_channel *channel, u32 pages)
{
	struct dmabay_wish wish = { .slot_pages = channel->slot_pages, .pages = pages };

	if (pages <= HALF_PAGES) {
		wish.step = roundup_pow_of_two(pages);
	} else {
		wish.step = CUT_PAGES;
		wish.skew = dmabay_window_to_cut(window, channel->slot_page) % CUT_PAGES;
	}
	return wish;
}

/* The pages of a transfer, if it is inside one of several groups. */
static noinline int entry_check_groups(struct dmabay_batch_entry *entry)
{
	struct dmabay_extent extent;

	dmabay_memory_extent(entry->memory, entry->offset, entry->length, &extent);
	entry->page = extent.page;
	entry->pages = extent.pages;
	entry->in_page = extent.in_page;
	return extent.length == entry->length ? 0 : -EOPNOTSUPP;
}

/* Look what a transfer needs, if it is one link. */
static __always_inline int entry_check(struct dmabay_batch_entry *entry)
{
	const struct dmabay_memory *memory = entry->memory;
	size_t position;

	if (unlikely(!dmabay_memory_holds(memory, entry->offset, entry->length)))
		return -EINVAL;
	if (unlikely(memory->dev))
		return -EOPNOTSUPP;
	if (unlikely(memory->read_only && entry->direction == DMABAY_READ_FROM_DEVICE))
		return -EACCES;
	if (unlikely(memory->group_count > 1))
		return entry_check_groups(entry);
	position = entry->offset + memory->groups->in_page;
	entry->page = position >> PAGE_SHIFT;
	entry->pages = ((position + entry->length - 1) >> PAGE_SHIFT) - entry->page + 1;
	entry->in_page = offset_in_page(position);
	return 0;
}

/* Something is kept in the slot, and what is in the way of the first transfers has to go. */
static noinline bool batch_make_room(struct dmabay_adapter *adapter,
				     struct dmabay_channel *channel,
				     struct dmabay_batch_entry *entries, u32 count, u32 *first,
				     u32 *most)
{
	struct dmabay_window *window = adapter->provider_data;
	struct dmabay_place place;
	struct dmabay_wish wish;
	unsigned long flags;
	u32 pages = 0, i;
	bool found;

	for (i = 0; i < count; i++) {
		if (entry_check(&entries[i]) || entries[i].pages > *most - pages)
			break;
		pages += entries[i].pages;
	}
	/* Then the first one is refused, or goes alone. */
	if (!pages)
		return true;
	wish = batch_wish(window, channel, pages);
	spin_lock_irqsave(&channel->lock, flags);
	found = dmabay_links_make_room(adapter, channel, &wish, &place);
	spin_unlock_irqrestore(&channel->lock, flags);
	*first = channel->slot_page + place.slot_page;
	*most = pages;
	return found && pages <= dmabay_window_to_cut(window, *first);
}

/*
 * Where a batch goes, whose first transfer was checked: into the strip, as many transfers as
 * look like the first one, or into the slot. What is borrowed is not kept in place for that.
 */
static __always_inline bool batch_place(struct dmabay_adapter *adapter,
					struct dmabay_channel *channel,
					struct dmabay_batch_entry *entries, u32 count, u32 *first,
					u32 *most)
{
	u32 room = 0, page = 0;

	if (unlikely(channel->strip) && entries->pages <= *most && !entries->memory->borrowed)
		page = dmabay_strip_room(adapter, channel->strip,
					 min_t(u64, (u64)entries->pages * count, *most), &room);
	channel->batch_in_strip = room;
	if (unlikely(room)) {
		*first = page;
		*most = min(*most, room);
		return true;
	}
	return likely(dmabay_links_none(&channel->ledger)) ||
	       batch_make_room(adapter, channel, entries, count, first, most);
}

/*
 * What is being linked: page frames that follow each other in their memory and in the window
 * are gathered for one link call.
 */
struct batch {
	struct dmabay_adapter *adapter;
	/* where the next page goes; those that are gathered lie before that */
	u32 page;
	u32 pages;
	const struct dmabay_piece *piece;
	/* whose piece it is */
	const struct dmabay_memory *memory;
	unsigned long pfn;
	enum dmabay_direction direction;
	u32 links;
};

static __always_inline int batch_link(struct batch *batch)
{
	struct dmabay_window *window = batch->adapter->provider_data;
	int ret;

	if (dmabay_fault(DMABAY_FAULT_LINK))
		return -ENOMEM;
	ret = dmabay_iova_link(batch->adapter->dev, &window->iova, PFN_PHYS(batch->pfn),
			       (size_t)(batch->page - batch->pages) << PAGE_SHIFT,
			       (size_t)batch->pages << PAGE_SHIFT,
			       batch->direction == DMABAY_WRITE_TO_DEVICE ?
			       DMA_TO_DEVICE : DMA_FROM_DEVICE);
	batch->links += !ret;
	if (likely(!ret))
		dmabay_watch_link(window, batch->memory, batch->page - batch->pages, batch->pages,
				  batch->pfn, batch->direction == DMABAY_READ_FROM_DEVICE);
	return ret;
}

/* Gather the pages of a transfer. */
static __always_inline int batch_add(struct batch *batch, struct dmabay_batch_entry *entry)
{
	const struct dmabay_piece *piece = dmabay_memory_piece(entry->memory, entry->page);
	u32 skip = entry->page - piece->page, left = entry->pages, run;
	int ret;

	entry->address = dmabay_window_address(batch->adapter, batch->page) + entry->in_page;
	for (;;) {
		run = min(piece->pages - skip, left);
		if (piece == batch->piece && piece->pfn + skip == batch->pfn + batch->pages &&
		    entry->direction == batch->direction) {
			batch->pages += run;
		} else {
			if (batch->pages) {
				ret = batch_link(batch);
				if (unlikely(ret))
					return ret;
			}
			batch->piece = piece;
			batch->memory = entry->memory;
			batch->pfn = piece->pfn + skip;
			batch->pages = run;
			batch->direction = entry->direction;
		}
		batch->page += run;
		left -= run;
		if (!left)
			return 0;
		piece++;
		skip = 0;
	}
}

/* A batch of one transfer that does not fit between two cuts, or that may have huge pages. */
static int map_long(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
		    struct dmabay_batch_entry *entry)
{
	struct dmabay_linked linked = {
		.memory = entry->memory,
		.page = entry->page,
		.pages = entry->pages,
		.rights = BIT(entry->direction),
	};
	struct dmabay_place place;
	unsigned long flags;
	bool found;
	int ret;

	if (entry->pages > channel->map_registers)
		return -EOPNOTSUPP;
	spin_lock_irqsave(&channel->lock, flags);
	found = dmabay_links_find_place(adapter, channel, entry->memory, entry->page,
					entry->pages, &place);
	spin_unlock_irqrestore(&channel->lock, flags);
	if (!found)
		return -EOPNOTSUPP;

	linked.window_page = channel->slot_page + place.slot_page;
	ret = dmabay_window_link(adapter, &linked);
	if (!ret)
		ret = dmabay_window_sync(adapter, linked.window_page, linked.pages);
	if (ret) {
		dmabay_window_unlink(adapter, &linked);
		return ret == -ENOMEM ? -EOPNOTSUPP : -EIO;
	}
	entry->address = entry->in_page + dmabay_window_address(adapter, linked.window_page);
	channel->batch_page = linked.window_page;
	channel->batch_pages = linked.pages;
	channel->batch_memory = entry->memory;
	channel->batch_memory_page = entry->page;
	channel->batch_in_one = linked.in_one;
	return 1;
}

/* The first one was checked. Link it, and as many others as there is room for. */
static __always_inline int link_entries(struct batch *batch, struct dmabay_batch_entry *entries,
					u32 count, u32 end, bool in_strip, u32 *linked)
{
	u32 i = 0;
	int ret;

	do {
		ret = batch_add(batch, &entries[i++]);
		if (unlikely(ret))
			return ret;
	} while (i < count && !entry_check(&entries[i]) && entries[i].pages <= end - batch->page &&
		 !(in_strip && entries[i].memory->borrowed));
	*linked = i;
	return batch_link(batch);
}

/**
 * dmabay_links_map_batch() - dmabay_adapter_map_batch() in a window
 * @adapter: as there
 * @channel: as there
 * @entries: as there
 * @count: as there
 *
 * Context: any.
 * Return: as there.
 */
int dmabay_links_map_batch(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			   struct dmabay_batch_entry *entries, u32 count)
{
	u32 first = channel->batch_first, most = channel->batch_most, linked;
	struct batch batch = { .adapter = adapter };
	int ret;

	ret = entry_check(entries);
	if (unlikely(ret))
		return ret;
	if (unlikely(!batch_place(adapter, channel, entries, count, &first, &most)))
		return -EOPNOTSUPP;
	if (unlikely(entries->pages > most || entries->pages >= DMABAY_TABLE_PAGES))
		return map_long(adapter, channel, entries);

	batch.page = first;
	ret = link_entries(&batch, entries, count, first + most, channel->batch_in_strip, &linked);
	if (unlikely(ret))
		batch.page -= batch.pages;
	else
		ret = dmabay_window_sync(adapter, first, batch.page - first);
	dmabay_count(adapter, links, batch.links);
	dmabay_count(adapter, linked_bytes, (u64)(batch.page - first) << PAGE_SHIFT);
	if (unlikely(ret)) {
		dmabay_window_unlink_stretch(adapter, first, batch.page - first);
		return ret == -ENOMEM ? -EOPNOTSUPP : -EIO;
	}
	channel->batch_page = first;
	channel->batch_pages = batch.page - first;
	return linked;
}

static void unlink_long(struct dmabay_adapter *adapter, struct dmabay_channel *channel)
{
	const struct dmabay_linked linked = {
		.memory = channel->batch_memory,
		.page = channel->batch_memory_page,
		.pages = channel->batch_pages,
		.there = channel->batch_pages,
		.window_page = channel->batch_page,
		.in_one = channel->batch_in_one,
	};

	dmabay_window_unlink(adapter, &linked);
	channel->batch_memory = NULL;
}

/**
 * dmabay_links_unmap_batch() - dmabay_adapter_unmap_batch() in a window
 * @adapter: as there
 * @channel: as there
 *
 * Context: any.
 */
void dmabay_links_unmap_batch(struct dmabay_adapter *adapter, struct dmabay_channel *channel)
{
	if (unlikely(channel->batch_memory))
		unlink_long(adapter, channel);
	else if (unlikely(channel->batch_in_strip))
		dmabay_strip_leave(adapter, channel->strip, channel->batch_pages);
	else
		dmabay_window_unlink_pages(adapter, channel->batch_page, channel->batch_pages);
	channel->batch_pages = 0;
	channel->batch_in_strip = false;
}
