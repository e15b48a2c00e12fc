// SPDX-License-Identifier: GPL-2.0-only
/*
 * Map registers behind an IOMMU: a window of device addresses.
 *
 * The window is allocated with the adapter and held as long as it. It is cut
 * into slots (slots.c); a channel that has map registers has a slot, and memory
 * is linked into it (links.c) without copying. A link stays until its place is
 * needed or it is asked to go, so memory that is transferred again on the same
 * channel costs nothing here.
 *
 * A link is made with one call for each unit: page frames that follow each other,
 * up to the next cut. An unlink takes whole units, without a hole. On some IOMMUs
 * a part of what was linked with one call takes more, or less, or overwrites
 * memory. Which units a link has follows from its memory and its place alone, so
 * the ledger need not list them.
 *
 * A transfer of several groups is one link all the same: pages are numbered through
 * the groups, and lie in the slot in that order. Each group is one element.
 *
 * After the window is there nothing must have to be allocated. The page tables of
 * the whole window are made with it, and they should stay: IOMMU drivers free a
 * table when one unmap covers all of it. So there is a cut in the middle of each
 * table's range, and no link call and no unlink call goes across. The exception
 * are huge pages, which take the table's place where memory and window lie alike
 * to each other; the next link of scattered memory there needs a new table, and
 * may not get it. Then the beginning of the memory is linked in the spare slot,
 * which is too short for huge pages, and the transfer is mapped in part.
 *
 * Pages may go back to their owner when the unlink has returned, because it waits
 * for the IOTLB flush, also where the DMA API itself defers it.
 */
#include <linux/dma-map-ops.h>
#include <linux/iommu.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "compat_dma_iova.h"
#include "dmabay_private.h"

#define TABLE_PAGES	DMABAY_TABLE_PAGES

/* How much of the device's address space one window may take. */
#define WINDOW_SHARE	2

/* What a link allows the device. */
enum rights {
	RIGHT_READ_MEMORY = BIT(0),
	RIGHT_WRITE_MEMORY = BIT(1),
};

struct window {
	struct dmabay_iova iova;
	struct dmabay_slots slots;
	/* where the window begins in the range of its first page table, in pages */
	u32 phase;
};

static enum dma_data_direction rights_direction(u8 rights)
{
	if (rights == RIGHT_READ_MEMORY)
		return DMA_TO_DEVICE;
	return rights == RIGHT_WRITE_MEMORY ? DMA_FROM_DEVICE : DMA_BIDIRECTIONAL;
}

/* Pages from here to the end of the page table's range. */
static u32 pages_to_table(const struct window *window, u32 page)
{
	return TABLE_PAGES - (window->phase + page) % TABLE_PAGES;
}

/* Pages from here to the next cut: the middle of a page table's range. */
static u32 pages_to_cut(const struct window *window, u32 page)
{
	return TABLE_PAGES - (window->phase + page + TABLE_PAGES / 2) % TABLE_PAGES;
}

/* Do these page frames lie in their huge page as these pages in their table? */
static bool is_congruent(const struct window *window, u32 page, unsigned long pfn)
{
	return !((window->phase + page - pfn) % TABLE_PAGES);
}

/* The unit at the walk's position, which is at @page of the window. */
static u32 next_unit(const struct window *window, const struct dmabay_walk *walk, u32 page,
		     unsigned long *pfn, bool *huge)
{
	u32 run = dmabay_walk_run(walk, pfn);
	u32 to_table = pages_to_table(window, page);

	*huge = false;
	if (run < TABLE_PAGES || !is_congruent(window, page, *pfn))
		return min(run, pages_to_cut(window, page));
	if (to_table == TABLE_PAGES) {
		*huge = true;
		return round_down(run, TABLE_PAGES);
	}
	return min3(run, pages_to_cut(window, page), to_table);
}

static bool device_suits(struct device *dev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	if (!dmabay_device_translated(dev))
		return false;
	if (dev_is_pci(dev) && to_pci_dev(dev)->untrusted)
		return false;
	/* Caches would have to be synced with calls that exist for mappings only. */
	if (!dev_is_dma_coherent(dev))
		return false;
	return (1UL << __ffs(domain->pgsize_bitmap)) <= PAGE_SIZE;
}

/* Make every page table of the window, once and for all. */
static int make_tables(struct dmabay_adapter *adapter, struct window *window)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	u32 at, step;
	int ret = 0;

	if (!page)
		return -ENOMEM;
	for (at = 0; at < window->slots.pages && !ret; at += step) {
		size_t offset = (size_t)at << PAGE_SHIFT;

		step = pages_to_table(window, at);
		ret = dmabay_iova_link(adapter->dev, &window->iova, page_to_phys(page), offset,
				       PAGE_SIZE, DMA_TO_DEVICE);
		if (ret)
			break;
		ret = dmabay_iova_sync(adapter->dev, &window->iova, offset, PAGE_SIZE);
		dmabay_iova_unlink(adapter->dev, &window->iova, offset, PAGE_SIZE, DMA_TO_DEVICE);
	}
	__free_page(page);
	return ret ? -ENOMEM : 0;
}

/* The largest number of registers whose window fits, from what is wanted down. */
static int window_open(struct dmabay_adapter *adapter, struct window *window)
{
	u64 limit = dma_get_mask(adapter->dev) / WINDOW_SHARE;
	unsigned int map_registers = adapter->map_registers;
	int ret = -EOPNOTSUPP;

	for (; map_registers >= 2; map_registers -= DIV_ROUND_UP(map_registers, 8)) {
		u64 bytes = dmabay_slots_pages(map_registers) << PAGE_SHIFT;

		if (bytes > limit || bytes > SIZE_MAX)
			continue;
		ret = dmabay_iova_alloc(adapter->dev, &window->iova, bytes);
		if (ret != -ENOSPC)
			break;
	}
	if (ret)
		return ret == -ENOSPC ? -EOPNOTSUPP : ret;

	adapter->map_registers = map_registers;
	ret = dmabay_slots_create(&window->slots, map_registers);
	if (ret)
		dmabay_iova_free(adapter->dev, &window->iova);
	return ret;
}

static int iova_open(struct dmabay_adapter *adapter)
{
	struct window *window;
	int ret;

	if (!device_suits(adapter->dev))
		return -EOPNOTSUPP;
	window = kzalloc_obj(*window);
	if (!window)
		return -ENOMEM;
	ret = window_open(adapter, window);
	if (ret)
		goto err_window;

	adapter->window_base = dmabay_iova_base(&window->iova);
	adapter->window_length = (u64)window->slots.pages << PAGE_SHIFT;
	window->phase = (adapter->window_base >> PAGE_SHIFT) % TABLE_PAGES;
	ret = make_tables(adapter, window);
	if (ret)
		goto err_tables;

	adapter->provider_data = window;
	return 0;

err_tables:
	dmabay_slots_destroy(&window->slots);
	dmabay_iova_free(adapter->dev, &window->iova);
err_window:
	adapter->window_base = 0;
	adapter->window_length = 0;
	kfree(window);
	return ret;
}

static void iova_close(struct dmabay_adapter *adapter)
{
	struct window *window = adapter->provider_data;

	dmabay_slots_destroy(&window->slots);
	dmabay_iova_free(adapter->dev, &window->iova);
	kfree(window);
}

static bool iova_claim(struct dmabay_adapter *adapter, struct dmabay_channel *channel)
{
	struct window *window = adapter->provider_data;

	return dmabay_slots_take(&window->slots, channel);
}

static void iova_yield(struct dmabay_adapter *adapter, struct dmabay_channel *channel)
{
	struct window *window = adapter->provider_data;

	dmabay_slots_give(&window->slots, channel);
}

/* One unlink call: whole units, and not all of a page table's range. */
static void unlink_pages(struct dmabay_adapter *adapter, u32 page, u32 pages, u8 rights)
{
	struct window *window = adapter->provider_data;

	dmabay_iova_unlink(adapter->dev, &window->iova, (size_t)page << PAGE_SHIFT,
			   (size_t)pages << PAGE_SHIFT, rights_direction(rights));
	dmabay_count(adapter, linked_bytes, -((u64)pages << PAGE_SHIFT));
	dmabay_count(adapter, unlinks, 1);
	dmabay_count(adapter, flushes, 1);
}

/* Unlink a stretch of units that are no huge pages. */
static void unlink_stretch(struct dmabay_adapter *adapter, u32 page, u32 pages, u8 rights)
{
	struct window *window = adapter->provider_data;

	while (pages) {
		u32 part = min(pages, pages_to_cut(window, page));

		unlink_pages(adapter, page, part, rights);
		page += part;
		pages -= part;
	}
}

/* What is linked of a memory: so many pages, of which the first so many are there. */
struct linked {
	struct dmabay_memory *memory;
	u32 page;
	u32 pages;
	u32 there;
	u32 window_page;
	u8 rights;
};

/* Unlink what may have huge pages: those by themselves, what is between in stretches. */
static void unlink_units(struct dmabay_adapter *adapter, const struct linked *linked)
{
	struct window *window = adapter->provider_data;
	u32 done = 0, stretch = 0, unit;
	struct dmabay_walk walk;
	unsigned long pfn;
	bool huge;

	dmabay_walk_start(&walk, linked->memory, linked->page, linked->pages);
	for (; done < linked->there; done += unit) {
		u32 page = linked->window_page + done;

		unit = next_unit(window, &walk, page, &pfn, &huge);
		dmabay_walk_advance(&walk, unit);
		if (!huge) {
			stretch += unit;
			continue;
		}
		unlink_stretch(adapter, page - stretch, stretch, linked->rights);
		stretch = 0;
		unlink_pages(adapter, page, unit, linked->rights);
	}
	unlink_stretch(adapter, linked->window_page + done - stretch, stretch, linked->rights);
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
	const struct linked linked = {
		.memory = link->memory,
		.page = link->page,
		.pages = link->pages,
		.there = link->pages,
		.window_page = window_page(channel, link->slot_page),
		.rights = link->rights,
	};

	unlink_units(adapter, &linked);
}

/* Short links that meet in the window, and can go with one call. */
struct neighbours {
	u32 page;
	u32 pages;
	u8 rights;
};

static void unlink_neighbours(struct dmabay_adapter *adapter, struct neighbours *neighbours)
{
	unlink_stretch(adapter, neighbours->page, neighbours->pages, neighbours->rights);
	neighbours->pages = 0;
}

static void unlink_short(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			 const struct dmabay_link *link, struct neighbours *neighbours)
{
	u32 page = window_page(channel, link->slot_page);

	if (neighbours->page + neighbours->pages != page || neighbours->rights != link->rights)
		unlink_neighbours(adapter, neighbours);
	if (!neighbours->pages) {
		neighbours->page = page;
		neighbours->rights = link->rights;
	}
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

	list_for_each_entry_safe(link, next, &channel->ledger, node) {
		if (link->busy || !doomed(link, argument))
			continue;
		if (link->pages < TABLE_PAGES)
			unlink_short(adapter, channel, link, &neighbours);
		else
			unlink_long(adapter, channel, link);
		dmabay_links_remove(link);
	}
	unlink_neighbours(adapter, &neighbours);
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

/* Link the page frames, unit by unit: all of them, or none. */
static int link_units(struct dmabay_adapter *adapter, struct linked *linked)
{
	struct window *window = adapter->provider_data;
	struct dmabay_walk walk;
	unsigned long pfn;
	bool huge;
	int ret = 0;
	u32 unit;

	dmabay_walk_start(&walk, linked->memory, linked->page, linked->pages);
	for (; linked->there < linked->pages; linked->there += unit) {
		u32 page = linked->window_page + linked->there;

		unit = next_unit(window, &walk, page, &pfn, &huge);
		ret = dmabay_iova_link(adapter->dev, &window->iova, PFN_PHYS(pfn),
				       (size_t)page << PAGE_SHIFT, (size_t)unit << PAGE_SHIFT,
				       rights_direction(linked->rights));
		if (ret)
			break;
		dmabay_count(adapter, links, 1);
		dmabay_count(adapter, linked_bytes, (u64)unit << PAGE_SHIFT);
		dmabay_walk_advance(&walk, unit);
	}
	if (!ret)
		ret = dmabay_iova_sync(adapter->dev, &window->iova,
				       (size_t)linked->window_page << PAGE_SHIFT,
				       (size_t)linked->pages << PAGE_SHIFT);
	if (ret)
		unlink_units(adapter, linked);
	return ret;
}

/* Link in a range of the slot, from which everything else has to go. */
static struct dmabay_link *link_range(struct dmabay_adapter *adapter,
				      struct dmabay_channel *channel, u32 page, u8 rights,
				      const struct slot_range *range)
{
	struct linked linked = {
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

	ret = link_units(adapter, &linked);
	if (ret) {
		dmabay_links_remove(link);
		return ERR_PTR(ret);
	}
	return link;
}

/*
 * How far the place should be beyond a multiple of a page table's range, so that
 * the first huge page of the extent can be one in the window.
 */
static u32 huge_skew(const struct window *window, const struct dmabay_channel *channel,
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
	struct window *window = adapter->provider_data;
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
		rights = RIGHT_READ_MEMORY | RIGHT_WRITE_MEMORY;
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
	u8 rights = channel->direction == DMABAY_WRITE_TO_DEVICE ? RIGHT_READ_MEMORY
								 : RIGHT_WRITE_MEMORY;
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
	address = adapter->window_base + extent->in_page +
		  ((dma_addr_t)(window_page(channel, link->slot_page) + skip) << PAGE_SHIFT);
	if (adapter->scatter_gather)
		return dmabay_list_fill(list, channel, extent, link->pages - skip, address);

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

static u32 iova_elements(struct dmabay_adapter *adapter, const struct dmabay_memory *memory,
			 const struct dmabay_extent *extent)
{
	return 1;
}

const struct dmabay_mapregs_ops dmabay_mapregs_iova_ops = {
	.provider = DMABAY_PROVIDER_IOVA,
	.guaranteed = true,
	.open = iova_open,
	.close = iova_close,
	.claim = iova_claim,
	.yield = iova_yield,
	.map = iova_map,
	.unmap = iova_unmap,
	.unlink = iova_unlink,
	.elements = iova_elements,
};
