// SPDX-License-Identifier: GPL-2.0-only
/*
 * Links: the ledger of what is linked in the slot of one channel.
 *
 * A link is so many pages of one memory, at so many pages from the start of the
 * slot. The ledger is what decides: nothing is linked where it has an entry,
 * nothing is unlinked but whole entries, and memory may be given back only when
 * it has none. It is also the link cache: an entry that is not busy stays until
 * its place is needed, and a transfer of the same pages finds it again.
 *
 * Entries are sorted by place. Their number is fixed when the channel gets its
 * registers, so nothing here allocates.
 *
 * Guarded by channel->lock, or by channel->relinking: whoever set the flag under
 * the lock owns the ledger without it until the flag is clear again. Mapping does
 * that, because it calls into the IOMMU; it is never concurrent with itself.
 */
#include <linux/log2.h>

#include "dmabay_private.h"

static u32 link_end(const struct dmabay_link *link)
{
	return link->slot_page + link->pages;
}

/**
 * dmabay_links_find() - Look for pages that are linked already
 * @channel: the channel
 * @memory: the memory
 * @page: first page
 * @pages: how many
 * @rights: what the device must be allowed, see mapregs_iova.c
 *
 * Return: the link that covers them all, or NULL.
 */
struct dmabay_link *dmabay_links_find(struct dmabay_channel *channel,
				      const struct dmabay_memory *memory, u32 page, u32 pages,
				      u8 rights)
{
	struct dmabay_link *link;

	list_for_each_entry(link, &channel->ledger, node)
		if (link->memory == memory && (link->rights & rights) == rights &&
		    link->page <= page && page + pages <= link->page + link->pages)
			return link;
	return NULL;
}

/*
 * What placing at slot_page would cost: the newest link that would have to go,
 * U64_MAX if one of them is busy, 0 if the place is free.
 */
static u64 place_cost(struct dmabay_channel *channel, u32 slot_page, u32 pages)
{
	struct dmabay_link *link;
	u64 cost = 0;

	list_for_each_entry(link, &channel->ledger, node) {
		if (link->slot_page >= slot_page + pages)
			break;
		if (link_end(link) <= slot_page)
			continue;
		if (link->busy)
			return U64_MAX;
		cost = max(cost, link->stamp);
	}
	return cost;
}

/* The first place from @from on that is @skew beyond a multiple of @step. */
static u32 place_next(u32 from, u32 step, u32 skew)
{
	return from + (step + skew - from % step) % step;
}

/**
 * dmabay_links_place() - Choose where to link
 * @channel: the channel
 * @pages: how many
 * @step: a power of two
 * @skew: the place shall be this much beyond a multiple of @step; below @step
 * @slot_page: out: the place
 *
 * It is a free place, or the one whose newest link is the least recently used;
 * then whatever overlaps it has to go. With the ledger full something must go
 * too: see dmabay_links_add().
 *
 * Return: 0, or -EBUSY: there is no such place, or all of them are busy.
 */
int dmabay_links_place(struct dmabay_channel *channel, u32 pages, u32 step, u32 skew,
		       u32 *slot_page)
{
	u64 cost, best = U64_MAX;
	struct dmabay_link *link;
	u32 place = skew;

	/* Candidates: the first one, the one that replaces a link, the one after it. */
	link = list_entry(&channel->ledger, struct dmabay_link, node);
	while (best && place + pages <= channel->slot_pages) {
		cost = place_cost(channel, place, pages);
		if (cost < best) {
			best = cost;
			*slot_page = place;
		}
		link = list_next_entry(link, node);
		if (list_entry_is_head(link, &channel->ledger, node))
			break;
		place = place_next(link->slot_page, step, skew);
		if (place + pages > channel->slot_pages)
			break;
		cost = place_cost(channel, place, pages);
		if (cost < best) {
			best = cost;
			*slot_page = place;
		}
		place = place_next(link_end(link), step, skew);
	}
	return best == U64_MAX ? -EBUSY : 0;
}

/**
 * dmabay_links_add() - Enter a link
 * @channel: the channel
 * @memory: the memory; a reference is taken
 * @page: first page
 * @pages: how many
 * @slot_page: its place; nothing overlaps it
 * @rights: what the device is allowed
 *
 * Return: the link, or NULL if the ledger is full.
 */
struct dmabay_link *dmabay_links_add(struct dmabay_channel *channel,
				     struct dmabay_memory *memory, u32 page, u32 pages,
				     u32 slot_page, u8 rights)
{
	struct list_head *before = &channel->ledger;
	struct dmabay_link *link = NULL, *other;
	u32 i;

	for (i = 0; i < channel->link_capacity && !link; i++)
		if (!channel->links[i].memory)
			link = &channel->links[i];
	if (!link)
		return NULL;

	list_for_each_entry(other, &channel->ledger, node) {
		if (other->slot_page > slot_page)
			break;
		before = &other->node;
	}
	list_add(&link->node, before);
	link->memory = dmabay_memory_get(memory);
	link->page = page;
	link->pages = pages;
	link->slot_page = slot_page;
	link->rights = rights;
	link->busy = false;
	link->stamp = ++channel->clock;
	WRITE_ONCE(channel->link_count, channel->link_count + 1);
	return link;
}

/**
 * dmabay_links_remove() - Strike out a link
 * @channel: the channel
 * @link: the link; not busy
 *
 * When its pages are unlinked, dmabay_links_gone() says so.
 */
void dmabay_links_remove(struct dmabay_channel *channel, struct dmabay_link *link)
{
	if (READ_ONCE(channel->last.memory) == link->memory)
		WRITE_ONCE(channel->last.memory, NULL);
	list_del(&link->node);
	dmabay_memory_put(link->memory);
	link->memory = NULL;
}

/**
 * dmabay_links_gone() - What was struck out is out of the device's reach
 * @channel: the channel
 * @count: how many links
 */
void dmabay_links_gone(struct dmabay_channel *channel, u32 count)
{
	/* Pairs with dmabay_links_none(). */
	smp_store_release(&channel->link_count, channel->link_count - count);
}

/**
 * dmabay_links_remember() - This link was used last
 * @adapter: the adapter
 * @channel: the channel; the caller is the only one who maps on it
 * @link: the link; it stays
 * @origin: the device address of the first byte of its memory, if all were linked
 *
 * For dmabay_adapter_linked(), which wants bytes and no pages.
 */
void dmabay_links_remember(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			   const struct dmabay_link *link, dma_addr_t origin)
{
	const struct dmabay_memory *memory = link->memory;
	size_t from = (size_t)link->page << PAGE_SHIFT;

	if (memory->group_count > 1)
		return;
	channel->last.from = link->page ? from - memory->groups->in_page : 0;
	channel->last.to = min(from + ((size_t)link->pages << PAGE_SHIFT) -
			       memory->groups->in_page, memory->length);
	channel->last.origin = origin;
	channel->last.rights = link->rights;
	channel->last.hits = &adapter->counters->hits;
	WRITE_ONCE(channel->last.memory, memory);
}
