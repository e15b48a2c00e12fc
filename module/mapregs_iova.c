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
 * When the slot is full, what is in the way of the next link goes, and with it what lies
 * behind that and can go with the same call: a flush of the IOMMU costs as much for a page
 * as for hundreds. But not more than a share of the slot goes at once, and what has mostly
 * been used again since the log came by is passed over once.
 *
 * Where a page table is missing (window.c), the beginning of the memory is linked in the
 * spare slot, which is too short for huge pages, and the transfer is mapped in part.
 */
#include "window.h"

#define TABLE_PAGES	DMABAY_TABLE_PAGES

/* All that a device can be allowed. */
#define RIGHTS_BOTH	(BIT(DMABAY_READ_FROM_DEVICE) | BIT(DMABAY_WRITE_TO_DEVICE))

/* How much of a slot goes at once, if less would do. */
#define EVICTION_SHARE	4

static bool iova_claim(struct dmabay_adapter *adapter, struct dmabay_channel *channel)
{
	struct dmabay_window *window = adapter->provider_data;

	if (!dmabay_slots_take(&window->slots, channel))
		return false;
	dmabay_links_prepare_batches(window, channel);
	return true;
}

static void iova_yield(struct dmabay_adapter *adapter, struct dmabay_channel *channel)
{
	struct dmabay_window *window = adapter->provider_data;

	dmabay_strip_give(adapter, channel);
	dmabay_slots_give(&window->slots, channel);
}

/* Pages of the slot beyond its end are those of the spare slot. */
static u32 window_page(const struct dmabay_channel *channel, u32 slot_page)
{
	return slot_page < channel->slot_pages ?
	       channel->slot_page + slot_page :
	       channel->spare_page + slot_page - channel->slot_pages;
}

/*
 * An unlink of several links: those that meet in the window are gathered, as far as they
 * can go with one call. An entry may be struck out before its pages are unlinked, because
 * nobody acts on the ledger before all is through; what it refers to is the owner's to keep
 * until then.
 */
struct unlink {
	struct dmabay_adapter *adapter;
	struct dmabay_channel *channel;
	u32 page;
	u32 pages;
	u32 gone;
};

static void unlink_gathered(struct unlink *unlink)
{
	dmabay_window_unlink_stretch(unlink->adapter, unlink->page, unlink->pages);
	unlink->pages = 0;
}

/* Can it go with what is gathered? What may have huge pages goes by itself. */
static bool unlink_takes(const struct unlink *unlink, const struct dmabay_link *link)
{
	const struct dmabay_window *window = unlink->adapter->provider_data;
	u32 page = window_page(unlink->channel, link->slot_page);

	if (!unlink->pages || link->pages >= TABLE_PAGES)
		return false;
	return (page == unlink->page + unlink->pages || page + link->pages == unlink->page) &&
	       unlink->pages + link->pages <=
	       dmabay_window_to_cut(window, min(page, unlink->page));
}

/* The caller strikes out the link. */
static void unlink_link(struct unlink *unlink, const struct dmabay_link *link)
{
	const struct dmabay_linked linked = {
		.memory = link->memory,
		.page = link->page,
		.pages = link->pages,
		.there = link->pages,
		.window_page = window_page(unlink->channel, link->slot_page),
		.rights = link->rights,
	};

	unlink->gone++;
	if (link->pages >= TABLE_PAGES) {
		dmabay_window_unlink(unlink->adapter, &linked);
		return;
	}
	if (!unlink_takes(unlink, link)) {
		unlink_gathered(unlink);
		unlink->page = linked.window_page;
	}
	unlink->page = min(unlink->page, linked.window_page);
	unlink->pages += linked.pages;
}

static void unlink_finish(struct unlink *unlink)
{
	unlink_gathered(unlink);
	dmabay_links_gone(&unlink->channel->ledger, unlink->gone);
}

/* Let the log go on behind what would go now, if most of that was used again. */
static bool pass_over(struct dmabay_ledger *ledger, struct dmabay_link *link, u32 most)
{
	struct dmabay_link *first = link;
	u32 pages = 0, used = 0;

	list_for_each_entry_from(link, &ledger->places, node) {
		if (pages && pages + link->pages > most)
			break;
		pages += link->pages;
		used += link->used ? link->pages : 0;
	}
	if (used <= pages / 2)
		return false;
	ledger->next = &link->node;
	for (link = first; &link->node != ledger->next; link = list_next_entry(link, node))
		link->used = false;
	return true;
}

/**
 * dmabay_links_make_room() - Find room in a slot, whatever has to go
 * @adapter: the adapter
 * @channel: the channel; the caller owns its ledger, and nothing is mapped
 * @wish: what for
 * @place: out: where
 *
 * Context: any.
 * Return: whether there is any.
 */
bool dmabay_links_make_room(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			    const struct dmabay_wish *wish, struct dmabay_place *place)
{
	struct unlink unlink = { .adapter = adapter, .channel = channel };
	u32 most = channel->slot_pages / EVICTION_SHARE;
	struct dmabay_ledger *ledger = &channel->ledger;
	unsigned int rounds = 0;
	bool fits;

	if (wish->pages > wish->slot_pages || wish->skew > wish->slot_pages - wish->pages)
		return false;
	if (dmabay_links_place(ledger, wish, place))
		return true;
	for (;;) {
		struct dmabay_link *link = dmabay_links_next(ledger, wish->slot_pages);

		fits = !list_empty(&ledger->free) && dmabay_links_fits(ledger, wish, place);
		if (fits && (!link || link->busy || !unlink_takes(&unlink, link) ||
			     unlink.pages + link->pages > most))
			break;
		if (link && !unlink.pages && pass_over(ledger, link, most))
			continue;
		if (link && !link->busy) {
			unlink_link(&unlink, link);
			dmabay_links_remove(ledger, link);
			continue;
		}
		/* In the second round nothing was used, in the third one nothing is left. */
		if (!link && rounds++ == 2)
			break;
		/* Behind what is busy, or from the start. */
		dmabay_links_skip(ledger, link);
	}
	unlink_finish(&unlink);
	return fits;
}

/* Only the one who maps adds links. Here he has done so already, or gives up. */
static void strike_out(struct dmabay_channel *channel, struct dmabay_link *link)
{
	dmabay_links_vacate(&channel->ledger, link);
	dmabay_links_gone(&channel->ledger, 1);
}

static struct dmabay_link *link_place(struct dmabay_adapter *adapter,
				      struct dmabay_channel *channel, u32 page, u32 pages,
				      u8 rights, const struct dmabay_place *place)
{
	struct dmabay_linked linked = {
		.memory = channel->memory,
		.page = page,
		.pages = pages,
		.window_page = window_page(channel, place->slot_page),
		.rights = rights,
	};
	struct dmabay_link *link;
	int ret;

	link = dmabay_links_add(&channel->ledger, channel->memory, page, pages, place, rights);
	ret = dmabay_window_link(adapter, &linked);
	if (!ret)
		ret = dmabay_window_sync(adapter, linked.window_page, linked.pages);
	if (ret) {
		dmabay_window_unlink(adapter, &linked);
		strike_out(channel, link);
		return ERR_PTR(ret);
	}
	return link;
}

/* The spare slot has one link, if any, and it is the last one of the ledger. */
static struct dmabay_link *link_spare(struct dmabay_adapter *adapter,
				      struct dmabay_channel *channel,
				      const struct dmabay_extent *extent, u8 rights)
{
	struct unlink unlink = { .adapter = adapter, .channel = channel };
	struct dmabay_ledger *ledger = &channel->ledger;
	const struct dmabay_place place = {
		.slot_page = channel->slot_pages,
		.before = &ledger->places,
	};
	struct dmabay_link *last;

	if (!list_empty(&ledger->places)) {
		last = list_last_entry(&ledger->places, struct dmabay_link, node);
		if (last->slot_page >= channel->slot_pages) {
			unlink_link(&unlink, last);
			dmabay_links_remove(ledger, last);
			unlink_finish(&unlink);
		}
	}
	return link_place(adapter, channel, extent->page,
			  min_t(u32, extent->pages, DMABAY_SPARE_PAGES), rights, &place);
}

/*
 * How far the place should be beyond a multiple of a page table's range, so that
 * the first huge page of the memory can be one in the window.
 */
static u32 huge_skew(const struct dmabay_window *window, const struct dmabay_channel *channel,
		     const struct dmabay_memory *memory, u32 page)
{
	const struct dmabay_piece *piece = &memory->pieces[memory->huge_piece];

	return (piece->pfn - piece->page + page - window->phase - channel->slot_page) %
	       TABLE_PAGES;
}

/**
 * dmabay_links_find_place() - Find room for pages of a memory, whatever has to go
 * @adapter: the adapter
 * @channel: the channel; the caller owns its ledger, and nothing is mapped
 * @memory: the memory
 * @page: its first page
 * @pages: how many
 * @place: out: where
 *
 * What is a power of two of pages is placed at a multiple of it, for the sake of the IOTLB,
 * and lies close to others of its kind all the same; what has huge pages is placed for their
 * sake.
 *
 * Context: any.
 * Return: whether there is any.
 */
bool dmabay_links_find_place(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			     const struct dmabay_memory *memory, u32 page, u32 pages,
			     struct dmabay_place *place)
{
	struct dmabay_wish wish = {
		.slot_pages = channel->slot_pages,
		.pages = pages,
		.step = min_t(u32, pages & -pages, TABLE_PAGES),
	};

	if (pages >= TABLE_PAGES && memory->huge_piece < memory->piece_count) {
		wish.step = TABLE_PAGES;
		wish.skew = huge_skew(adapter->provider_data, channel, memory, page);
	}
	if (dmabay_links_make_room(adapter, channel, &wish, place))
		return true;
	if (!wish.skew)
		return false;
	wish.skew = 0;
	return dmabay_links_make_room(adapter, channel, &wish, place);
}

/* Link what is not linked yet. */
static struct dmabay_link *link_extent(struct dmabay_adapter *adapter,
				       struct dmabay_channel *channel,
				       const struct dmabay_extent *extent, u8 rights)
{
	struct dmabay_place place;
	struct dmabay_link *link;

	if (!dmabay_links_find_place(adapter, channel, channel->memory, extent->page,
				     extent->pages, &place))
		return ERR_PTR(-EBUSY);

	link = link_place(adapter, channel, extent->page, extent->pages, rights, &place);
	if (PTR_ERR_OR_ZERO(link) != -ENOMEM || channel->slot_pages < TABLE_PAGES)
		return link;

	/* A page table was missing. In the spare slot none ever is. */
	return link_spare(adapter, channel, extent, rights);
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
	link = dmabay_links_find(&channel->ledger, channel->memory, extent->page, extent->pages,
				 rights);
	if (link) {
		link->busy = true;
		link->used = true;
	} else {
		channel->relinking = true;
	}
	spin_unlock_irqrestore(&channel->lock, flags);

	if (link) {
		dmabay_count(adapter, hits, 1);
		dmabay_watch_use(adapter->provider_data,
				 window_page(channel, link->slot_page) + extent->page - link->page,
				 extent->pages);
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

	dmabay_links_remember(&channel->ledger, link, address - channel->offset,
			      &adapter->counters->hits);
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

/* Take the lock of a ledger that nobody owns without it. */
static void ledger_lock(struct dmabay_channel *channel, unsigned long *flags)
	__acquires(&channel->lock)
{
	spin_lock_irqsave(&channel->lock, *flags);
	while (channel->relinking) {
		spin_unlock_irqrestore(&channel->lock, *flags);
		cpu_relax();
		spin_lock_irqsave(&channel->lock, *flags);
	}
}

static int unlink_memory(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			 const struct dmabay_memory *memory)
{
	struct unlink unlink = { .adapter = adapter, .channel = channel };
	struct dmabay_link *link;
	unsigned long flags;
	bool busy;

	ledger_lock(channel, &flags);
	while ((link = dmabay_links_of(&channel->ledger, memory, &busy))) {
		unlink_link(&unlink, link);
		dmabay_links_vacate(&channel->ledger, link);
	}
	unlink_finish(&unlink);
	spin_unlock_irqrestore(&channel->lock, flags);
	return busy ? -EBUSY : 0;
}

/* What goes with one call. Returns how many links went. */
static u32 unlink_next(struct dmabay_adapter *adapter, struct dmabay_channel *channel, bool *busy)
{
	struct unlink unlink = { .adapter = adapter, .channel = channel };
	struct dmabay_link *link, *next;
	unsigned long flags;

	*busy = false;
	ledger_lock(channel, &flags);
	list_for_each_entry_safe(link, next, &channel->ledger.places, node) {
		*busy |= link->busy;
		if (link->busy)
			continue;
		if (unlink.gone && !unlink_takes(&unlink, link))
			break;
		unlink_link(&unlink, link);
		dmabay_links_vacate(&channel->ledger, link);
	}
	unlink_finish(&unlink);
	spin_unlock_irqrestore(&channel->lock, flags);
	return unlink.gone;
}

static int iova_unlink(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
		       struct dmabay_memory *memory)
{
	struct dmabay_strip *strip = READ_ONCE(channel->strip);
	bool busy;

	if (strip)
		dmabay_strip_unlink(adapter, strip);
	if (memory)
		return unlink_memory(adapter, channel, memory);
	/* There may be thousands: let interrupts in between. */
	while (unlink_next(adapter, channel, &busy))
		;
	return busy ? -EBUSY : 0;
}

/* Memory of one group is one link, or a part of one. */
static bool iova_linked(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			const struct dmabay_memory *memory, size_t offset, size_t length,
			enum dmabay_direction direction, dma_addr_t *address)
{
	struct dmabay_extent extent;
	struct dmabay_link *link;

	if (adapter->scatter_gather || memory->dev || memory->group_count > 1)
		return false;
	dmabay_memory_extent(memory, offset, length, &extent);
	link = dmabay_links_find(&channel->ledger, memory, extent.page, extent.pages,
				 BIT(direction));
	if (!link)
		return false;
	link->used = true;
	dmabay_watch_use(adapter->provider_data,
			 window_page(channel, link->slot_page) + extent.page - link->page,
			 extent.pages);
	*address = extent.in_page +
		   dmabay_window_address(adapter, window_page(channel, link->slot_page) +
						  extent.page - link->page);
	dmabay_links_remember(&channel->ledger, link, *address - offset,
			      &adapter->counters->hits);
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
	.defer = dmabay_strip_take,
	.map_batch = dmabay_links_map_batch,
	.unmap_batch = dmabay_links_unmap_batch,
	.elements = iova_elements,
};
