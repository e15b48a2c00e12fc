// SPDX-License-Identifier: GPL-2.0-only
/*
 * Map registers behind an IOMMU: slots in a window of device addresses.
 *
 * The window (window.c) is cut into slots (slots.c); a channel that has map registers
 * has a slot, and memory is linked into it (links.c) without copying. A link stays until
 * its place is needed or it is asked to go, so memory that is transferred again on the
 * same channel costs nothing here. Transfers that go together do without the ledger
 * (link_batch.c).
 *
 * A transfer of several groups is one link all the same: pages are numbered through
 * the groups, and lie in the slot in that order. Each group is one element.
 *
 * Where a page table is missing (window.c), the beginning of the memory is linked in the
 * spare slot, which is too short for huge pages, and the transfer is mapped in part.
 */
#include "window.h"

#define TABLE_PAGES	DMABAY_TABLE_PAGES

/* All that a device can be allowed. */
#define RIGHTS_BOTH	(BIT(DMABAY_READ_FROM_DEVICE) | BIT(DMABAY_WRITE_TO_DEVICE))

static bool iova_claim(struct dmabay_adapter *adapter, struct dmabay_channel *channel)
{
	struct dmabay_window *window = adapter->provider_data;

	return dmabay_slots_take(&window->slots, channel);
}

static void iova_yield(struct dmabay_adapter *adapter, struct dmabay_channel *channel)
{
	struct dmabay_window *window = adapter->provider_data;

	dmabay_slots_give(&window->slots, channel);
}

/* Pages of the slot beyond its end are those of the spare slot. */
static u32 window_page(const struct dmabay_channel *channel, u32 slot_page)
{
	return slot_page < channel->slot_pages ?
	       channel->slot_page + slot_page :
	       channel->spare_page + slot_page - channel->slot_pages;
}

static void unlink_long(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			const struct dmabay_link *link)
{
	const struct dmabay_linked linked = {
		.memory = link->memory,
		.page = link->page,
		.pages = link->pages,
		.there = link->pages,
		.window_page = window_page(channel, link->slot_page),
		.rights = link->rights,
	};

	dmabay_window_unlink(adapter, &linked);
}

/* Short links that meet in the window, and can go with one call. */
struct neighbours {
	u32 page;
	u32 pages;
};

static void unlink_neighbours(struct dmabay_adapter *adapter, struct neighbours *neighbours)
{
	dmabay_window_unlink_stretch(adapter, neighbours->page, neighbours->pages);
	neighbours->pages = 0;
}

static void unlink_short(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			 const struct dmabay_link *link, struct neighbours *neighbours)
{
	u32 page = window_page(channel, link->slot_page);

	if (neighbours->page + neighbours->pages != page)
		unlink_neighbours(adapter, neighbours);
	if (!neighbours->pages)
		neighbours->page = page;
	neighbours->pages += link->pages;
}

/*
 * Unlink every link of the channel that @doomed says; busy ones never are. Nobody
 * acts on the ledger before this function is through, so an entry may go before
 * its pages are unlinked; what it refers to is the owner's to keep until then.
 */
static void unlink_doomed(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			  bool (*doomed)(const struct dmabay_link *link, const void *argument),
			  const void *argument)
{
	struct neighbours neighbours = {};
	struct dmabay_link *link, *next;
	u32 gone = 0;

	list_for_each_entry_safe(link, next, &channel->ledger, node) {
		if (link->busy || !doomed(link, argument))
			continue;
		if (link->pages < TABLE_PAGES)
			unlink_short(adapter, channel, link, &neighbours);
		else
			unlink_long(adapter, channel, link);
		dmabay_links_remove(channel, link);
		gone++;
	}
	unlink_neighbours(adapter, &neighbours);
	dmabay_links_gone(channel, gone);
}

struct slot_range {
	u32 page;
	u32 pages;
};

static bool link_in_range(const struct dmabay_link *link, const void *argument)
{
	const struct slot_range *range = argument;

	return link->slot_page < range->page + range->pages &&
	       range->page < link->slot_page + link->pages;
}

static bool link_of_memory(const struct dmabay_link *link, const void *argument)
{
	return !argument || link->memory == argument;
}

static bool link_is(const struct dmabay_link *link, const void *argument)
{
	return link == argument;
}

/**
 * dmabay_links_evict() - Make room in a slot
 * @adapter: the adapter
 * @channel: the channel; the caller is the only one who maps on it, and nothing is mapped
 * @slot_page: first page of the slot
 * @pages: how many
 *
 * Context: any, with no lock held.
 */
void dmabay_links_evict(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			u32 slot_page, u32 pages)
{
	const struct slot_range range = { .page = slot_page, .pages = pages };
	unsigned long flags;

	spin_lock_irqsave(&channel->lock, flags);
	unlink_doomed(adapter, channel, link_in_range, &range);
	spin_unlock_irqrestore(&channel->lock, flags);
}

/* Make room for one more entry: the least recently used one goes. */
static bool ledger_make_room(struct dmabay_adapter *adapter, struct dmabay_channel *channel)
{
	struct dmabay_link *link, *oldest = NULL;

	list_for_each_entry(link, &channel->ledger, node)
		if (!link->busy && (!oldest || link->stamp < oldest->stamp))
			oldest = link;
	if (!oldest)
		return false;
	unlink_doomed(adapter, channel, link_is, oldest);
	return true;
}

/* Link in a range of the slot, from which everything else has to go. */
static struct dmabay_link *link_range(struct dmabay_adapter *adapter,
				      struct dmabay_channel *channel, u32 page, u8 rights,
				      const struct slot_range *range)
{
	struct dmabay_linked linked = {
		.memory = channel->memory,
		.page = page,
		.pages = range->pages,
		.window_page = window_page(channel, range->page),
		.rights = rights,
	};
	struct dmabay_link *link;
	int ret;

	unlink_doomed(adapter, channel, link_in_range, range);
	do {
		link = dmabay_links_add(channel, channel->memory, page, range->pages, range->page,
					rights);
	} while (!link && ledger_make_room(adapter, channel));
	if (!link)
		return ERR_PTR(-EBUSY);

	ret = dmabay_window_link(adapter, &linked);
	if (!ret)
		ret = dmabay_window_sync(adapter, linked.window_page, linked.pages);
	if (ret) {
		dmabay_window_unlink(adapter, &linked);
		dmabay_links_remove(channel, link);
		dmabay_links_gone(channel, 1);
		return ERR_PTR(ret);
	}
	return link;
}

/*
 * How far the place should be beyond a multiple of a page table's range, so that
 * the first huge page of the extent can be one in the window.
 */
static u32 huge_skew(const struct dmabay_window *window, const struct dmabay_channel *channel,
		     const struct dmabay_extent *extent)
{
	const struct dmabay_memory *memory = channel->memory;
	const struct dmabay_piece *piece;

	if (memory->huge_piece == memory->piece_count)
		return 0;
	piece = &memory->pieces[memory->huge_piece];
	return (piece->pfn - piece->page + extent->page - window->phase - channel->slot_page) %
	       TABLE_PAGES;
}

/*
 * Link what is not linked yet. Short memory is placed for the sake of the IOTLB, at
 * a multiple of its own length; long memory for the sake of huge pages.
 */
static struct dmabay_link *link_extent(struct dmabay_adapter *adapter,
				       struct dmabay_channel *channel,
				       const struct dmabay_extent *extent, u8 rights)
{
	struct dmabay_window *window = adapter->provider_data;
	struct slot_range range = { .pages = extent->pages };
	u32 step = min_t(u32, roundup_pow_of_two(extent->pages), TABLE_PAGES);
	u32 skew = step < TABLE_PAGES ? 0 : huge_skew(window, channel, extent);
	struct dmabay_link *link;
	int ret;

	ret = dmabay_links_place(channel, range.pages, step, skew, &range.page);
	if (ret && skew)
		ret = dmabay_links_place(channel, range.pages, step, 0, &range.page);
	if (ret)
		return ERR_PTR(ret);

	link = link_range(adapter, channel, extent->page, rights, &range);
	if (PTR_ERR_OR_ZERO(link) != -ENOMEM || channel->slot_pages < TABLE_PAGES)
		return link;

	/* A page table was missing. In the spare slot none ever is. */
	range.page = channel->slot_pages;
	range.pages = min_t(u32, extent->pages, DMABAY_SPARE_PAGES);
	return link_range(adapter, channel, extent->page, rights, &range);
}

/* Mapping owns the ledger while it links; see links.c. */
static struct dmabay_link *map_slowly(struct dmabay_adapter *adapter,
				      struct dmabay_channel *channel,
				      const struct dmabay_extent *extent, u8 rights)
{
	struct dmabay_link *link;
	unsigned long flags;

	/* A kept link should serve both directions, if the memory allows it. */
	if (READ_ONCE(channel->keep_links) && !channel->memory->read_only &&
	    !channel->memory->borrowed)
		rights = RIGHTS_BOTH;
	link = link_extent(adapter, channel, extent, rights);

	spin_lock_irqsave(&channel->lock, flags);
	channel->relinking = false;
	if (!IS_ERR(link))
		link->busy = true;
	spin_unlock_irqrestore(&channel->lock, flags);
	return link;
}

static ssize_t iova_map(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			const struct dmabay_extent *extent, struct dmabay_sg_list *list)
{
	u8 rights = BIT(channel->direction);
	struct dmabay_link *link;
	unsigned long flags;
	dma_addr_t address;
	size_t length;
	u32 skip;

	spin_lock_irqsave(&channel->lock, flags);
	link = dmabay_links_find(channel, channel->memory, extent->page, extent->pages, rights);
	if (link) {
		link->busy = true;
		link->stamp = ++channel->clock;
	} else {
		channel->relinking = true;
	}
	spin_unlock_irqrestore(&channel->lock, flags);

	if (link) {
		dmabay_count(adapter, hits, 1);
	} else {
		link = map_slowly(adapter, channel, extent, rights);
		if (IS_ERR(link))
			return -EIO;
	}

	skip = extent->page - link->page;
	channel->current_link = link;
	address = dmabay_window_address(adapter, window_page(channel, link->slot_page) + skip) +
		  extent->in_page;
	if (adapter->scatter_gather)
		return dmabay_list_fill(list, channel, extent, link->pages - skip, address);

	dmabay_links_remember(adapter, channel, link, address - channel->offset);
	length = min(extent->length, ((size_t)(link->pages - skip) << PAGE_SHIFT) -
				     extent->in_page);
	list->elements[0].address = address;
	list->elements[0].length = length;
	list->count = 1;
	return length;
}

static void iova_unmap(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
		       size_t length)
{
	unsigned long flags;

	spin_lock_irqsave(&channel->lock, flags);
	channel->current_link->busy = false;
	channel->current_link = NULL;
	spin_unlock_irqrestore(&channel->lock, flags);
}

static int iova_unlink(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
		       struct dmabay_memory *memory)
{
	struct dmabay_link *link;
	unsigned long flags;
	int ret = 0;

	spin_lock_irqsave(&channel->lock, flags);
	while (channel->relinking) {
		spin_unlock_irqrestore(&channel->lock, flags);
		cpu_relax();
		spin_lock_irqsave(&channel->lock, flags);
	}
	unlink_doomed(adapter, channel, link_of_memory, memory);
	list_for_each_entry(link, &channel->ledger, node)
		if (link_of_memory(link, memory))
			ret = -EBUSY;
	spin_unlock_irqrestore(&channel->lock, flags);
	return ret;
}

/* Memory of one group is one link, or a part of one. */
static bool iova_linked(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			const struct dmabay_memory *memory, size_t offset, size_t length,
			enum dmabay_direction direction, dma_addr_t *address)
{
	struct dmabay_extent extent;
	struct dmabay_link *link;
	unsigned long flags;

	if (adapter->scatter_gather || memory->dev || memory->group_count > 1)
		return false;
	dmabay_memory_extent(memory, offset, length, &extent);
	spin_lock_irqsave(&channel->lock, flags);
	link = dmabay_links_find(channel, memory, extent.page, extent.pages, BIT(direction));
	spin_unlock_irqrestore(&channel->lock, flags);
	if (!link)
		return false;
	*address = extent.in_page +
		   dmabay_window_address(adapter, window_page(channel, link->slot_page) +
						  extent.page - link->page);
	dmabay_links_remember(adapter, channel, link, *address - offset);
	dmabay_count(adapter, hits, 1);
	return true;
}

static u32 iova_elements(struct dmabay_adapter *adapter, const struct dmabay_memory *memory,
			 const struct dmabay_extent *extent)
{
	return 1;
}

const struct dmabay_mapregs_ops dmabay_mapregs_iova_ops = {
	.provider = DMABAY_PROVIDER_IOVA,
	.guaranteed = true,
	.open = dmabay_window_open,
	.close = dmabay_window_close,
	.claim = iova_claim,
	.yield = iova_yield,
	.map = iova_map,
	.unmap = iova_unmap,
	.unlink = iova_unlink,
	.linked = iova_linked,
	.map_batch = dmabay_links_map_batch,
	.unmap_batch = dmabay_links_unmap_batch,
	.elements = iova_elements,
};
