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
#include "window.h"

/* Where in its slot a batch can be. */
struct room {
	u32 slot_page;
	u32 pages;
};

/* What comes before the first cut of the slot if that suffices, else what is behind it. */
static struct room find_room(const struct dmabay_window *window,
			     const struct dmabay_channel *channel, u32 pages)
{
	u32 cut = dmabay_window_to_cut(window, channel->slot_page);
	struct room room = { .pages = min(cut, channel->slot_pages) };
	u32 behind = min_t(u32, channel->slot_pages - room.pages, DMABAY_TABLE_PAGES);

	if (pages > room.pages && behind > room.pages)
		room = (struct room){ .slot_page = cut, .pages = behind };
	return room;
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
	struct dmabay_window *window = adapter->provider_data;
	struct room room = find_room(window, channel, channel->slot_pages);
	u32 pages, page;
	int fit;

	fit = entries_fit(entries, count, min(room.pages, channel->map_registers), &pages);
	if (fit < 0)
		return fit;
	room = find_room(window, channel, pages);
	if (!dmabay_links_none(channel))
		dmabay_links_evict(adapter, channel, room.slot_page, pages);

	channel->batch_page = channel->slot_page + room.slot_page;
	page = channel->batch_page;
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
