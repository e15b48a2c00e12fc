// SPDX-License-Identifier: GPL-2.0-only
/*
 * A batch: transfers of one channel that are linked, and unlinked, together.
 *
 * What changes with every transfer need not be in the ledger: it is linked when the batch
 * is mapped, and goes when that is unmapped. So the pages of a batch lie next to each other
 * between two cuts of the window (window.c), where one sync makes all of them visible and
 * one unlink call, with one flush, takes all of them. No huge page fits there.
 *
 * Each transfer is linked with the rights of its own direction. An unlink takes pages with
 * different rights as well, so a batch may have both directions.
 *
 * A batch belongs to the one who maps on the channel. Others may unlink what is in the
 * ledger meanwhile, where nothing of the batch is; the memory of a batch is its caller's to
 * keep from being unlinked.
 */
#include <linux/log2.h>

#include "window.h"

/* Pages from one cut to the next, and from a cut to where a page table's range begins. */
#define CUT_PAGES	DMABAY_TABLE_PAGES
#define HALF_PAGES	(DMABAY_TABLE_PAGES / 2)

/* How many pages lie between two cuts in this slot, or between its ends. */
static u32 most_pages(const struct dmabay_channel *channel)
{
	return min_t(u32, channel->map_registers,
		     channel->slot_pages > CUT_PAGES ? CUT_PAGES : HALF_PAGES);
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

/* Where in its slot the batch goes, with what is kept there out of the way. */
static bool batch_place(struct dmabay_adapter *adapter, struct dmabay_channel *channel, u32 pages,
			u32 *slot_page)
{
	struct dmabay_wish wish = batch_wish(adapter->provider_data, channel, pages);
	struct dmabay_place place = { .slot_page = wish.skew };
	unsigned long flags;
	bool found = true;

	if (!dmabay_links_none(&channel->ledger)) {
		spin_lock_irqsave(&channel->lock, flags);
		found = dmabay_links_make_room(adapter, channel, &wish, &place);
		spin_unlock_irqrestore(&channel->lock, flags);
	}
	*slot_page = place.slot_page;
	return found;
}

/* Look what a transfer needs, if it is one link. */
static int entry_check(struct dmabay_batch_entry *entry)
{
	const struct dmabay_memory *memory = entry->memory;
	struct dmabay_extent extent;

	if (unlikely(!dmabay_memory_holds(memory, entry->offset, entry->length)))
		return -EINVAL;
	if (unlikely(memory->dev))
		return -EOPNOTSUPP;
	if (unlikely(memory->read_only && entry->direction == DMABAY_READ_FROM_DEVICE))
		return -EACCES;
	dmabay_memory_extent(memory, entry->offset, entry->length, &extent);
	entry->page = extent.page;
	entry->pages = extent.pages;
	entry->in_page = extent.in_page;
	return extent.length == entry->length ? 0 : -EOPNOTSUPP;
}

/* How many of the first transfers fit, and how many pages they have. */
static int entries_fit(struct dmabay_batch_entry *entries, u32 count, u32 most, u32 *pages)
{
	int ret;
	u32 i;

	*pages = 0;
	for (i = 0; i < count; i++) {
		ret = entry_check(&entries[i]);
		if (!ret && entries[i].pages > most - *pages)
			ret = -EOPNOTSUPP;
		if (ret)
			return i ?: ret;
		*pages += entries[i].pages;
	}
	return count;
}

/* Is this the same memory, where the other one ends? Then they can share a link call. */
static bool entry_follows(const struct dmabay_batch_entry *entry,
			  const struct dmabay_batch_entry *other)
{
	return entry->memory == other->memory && entry->direction == other->direction &&
	       entry->page == other->page + other->pages;
}

/* Link a transfer and those that follow it in its memory. Returns how many; all, or none. */
static int link_followers(struct dmabay_adapter *adapter, struct dmabay_batch_entry *entries,
			  u32 count, u32 *window_page)
{
	struct dmabay_linked linked = {
		.memory = entries->memory,
		.page = entries->page,
		.window_page = *window_page,
		.rights = BIT(entries->direction),
	};
	u32 i = 0;
	int ret;

	do {
		entries[i].address = entries[i].in_page +
			dmabay_window_address(adapter, *window_page + linked.pages);
		linked.pages += entries[i].pages;
		i++;
	} while (i < count && entry_follows(&entries[i], &entries[i - 1]));

	ret = dmabay_window_link(adapter, &linked);
	if (unlikely(ret)) {
		dmabay_window_unlink_stretch(adapter, linked.window_page, linked.there);
		return ret;
	}
	*window_page += linked.pages;
	return i;
}

/* Link as many as possible. Returns how many; @window_page is then behind the last one. */
static int link_entries(struct dmabay_adapter *adapter, struct dmabay_batch_entry *entries,
			u32 count, u32 *window_page)
{
	u32 done = 0;
	int ret;

	do {
		ret = link_followers(adapter, entries + done, count - done, window_page);
		if (ret < 0)
			return done ?: ret;
		done += ret;
	} while (done < count);
	return done;
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
	u32 pages, page, slot_page;
	int fit;

	fit = entries_fit(entries, count, most_pages(channel), &pages);
	if (fit < 0)
		return fit;
	if (!batch_place(adapter, channel, pages, &slot_page))
		return -EOPNOTSUPP;

	page = channel->slot_page + slot_page;
	channel->batch_page = page;
	fit = link_entries(adapter, entries, fit, &page);
	channel->batch_pages = page - channel->batch_page;
	if (fit < 0)
		return fit == -ENOMEM ? -EOPNOTSUPP : -EIO;
	if (dmabay_window_sync(adapter, channel->batch_page, channel->batch_pages)) {
		dmabay_links_unmap_batch(adapter, channel);
		return -EIO;
	}
	return fit;
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
	dmabay_window_unlink_stretch(adapter, channel->batch_page, channel->batch_pages);
	channel->batch_pages = 0;
}
