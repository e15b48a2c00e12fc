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
 * Nothing is allocated after the window is there. The page tables of the whole
 * window are made with it, by linking and unlinking one page under each of them,
 * and they stay: the IOMMU drivers free a table when one unmap covers all of it,
 * or when a leaf of its size replaces it, so no link call and no unlink call goes
 * across the middle of a table's range.
 *
 * An unlink takes whole link calls. On some IOMMUs a part of one takes more, or
 * less, or overwrites memory; the ledger of whole links and the fixed cuts at the
 * middle of each table see to it that the ends of every unlink are ends of links.
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

/* What one page table of 64-bit entries translates, in pages. */
#define TABLE_PAGES	(PAGE_SIZE / sizeof(u64))

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
	/* pages from the base of the window to the middle of the first table */
	u32 first_cut;
};

static enum dma_data_direction rights_direction(u8 rights)
{
	if (rights == RIGHT_READ_MEMORY)
		return DMA_TO_DEVICE;
	return rights == RIGHT_WRITE_MEMORY ? DMA_FROM_DEVICE : DMA_BIDIRECTIONAL;
}

/* Pages from here to the next cut: the middle of a page table's range. */
static u32 pages_to_cut(const struct window *window, u32 page)
{
	return TABLE_PAGES - (page + TABLE_PAGES - window->first_cut) % TABLE_PAGES;
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

		step = TABLE_PAGES - ((adapter->window_base >> PAGE_SHIFT) + at) % TABLE_PAGES;
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
	u64 first_page;
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
	first_page = adapter->window_base >> PAGE_SHIFT;
	window->first_cut = (TABLE_PAGES + TABLE_PAGES / 2 - first_page % TABLE_PAGES) %
			    TABLE_PAGES;
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

/* Unlink pages of the window; both ends are ends of links. */
static void unlink_pages(struct dmabay_adapter *adapter, u32 page, u32 pages, u8 rights)
{
	struct window *window = adapter->provider_data;

	dmabay_count(adapter, linked_bytes, -((u64)pages << PAGE_SHIFT));
	while (pages) {
		u32 part = min(pages, pages_to_cut(window, page));

		dmabay_iova_unlink(adapter->dev, &window->iova, (size_t)page << PAGE_SHIFT,
				   (size_t)part << PAGE_SHIFT, rights_direction(rights));
		dmabay_count(adapter, unlinks, 1);
		dmabay_count(adapter, flushes, 1);
		page += part;
		pages -= part;
	}
}

/*
 * Unlink every link of the channel that @doomed says, with one call where they
 * meet. Busy ones are never doomed.
 */
static void unlink_doomed(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			  bool (*doomed)(const struct dmabay_link *link, const void *argument),
			  const void *argument)
{
	struct dmabay_link *link, *next;
	u32 page = 0, pages = 0;
	u8 rights = 0;

	list_for_each_entry_safe(link, next, &channel->ledger, node) {
		if (link->busy || !doomed(link, argument))
			continue;
		if (pages && (page + pages != link->slot_page || rights != link->rights)) {
			unlink_pages(adapter, channel->slot_page + page, pages, rights);
			pages = 0;
		}
		if (!pages)
			page = link->slot_page;
		rights = link->rights;
		pages += link->pages;
		/*
		 * Nobody acts on the ledger before this function is through, so
		 * the entry may go before its pages are unlinked; but the memory
		 * it refers to is the owner's to keep until then.
		 */
		dmabay_links_remove(link);
	}
	if (pages)
		unlink_pages(adapter, channel->slot_page + page, pages, rights);
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

/* Link the page frames, run by run. */
static int link_pages(struct dmabay_adapter *adapter, struct dmabay_memory *memory, u32 page,
		      u32 pages, u32 window_page, u8 rights)
{
	struct window *window = adapter->provider_data;
	u32 done = 0, run;
	int ret = 0;

	while (done < pages) {
		u32 most = min(pages - done, pages_to_cut(window, window_page + done));
		unsigned long pfn = dmabay_memory_run(memory, page + done, most, &run);

		ret = dmabay_iova_link(adapter->dev, &window->iova, PFN_PHYS(pfn),
				       (size_t)(window_page + done) << PAGE_SHIFT,
				       (size_t)run << PAGE_SHIFT, rights_direction(rights));
		if (ret)
			break;
		dmabay_count(adapter, links, 1);
		dmabay_count(adapter, linked_bytes, (u64)run << PAGE_SHIFT);
		done += run;
	}
	if (!ret)
		ret = dmabay_iova_sync(adapter->dev, &window->iova,
				       (size_t)window_page << PAGE_SHIFT,
				       (size_t)pages << PAGE_SHIFT);
	if (ret && done)
		unlink_pages(adapter, window_page, done, rights);
	return ret ? -EIO : 0;
}

/* Link what is not linked yet. The caller owns the ledger. */
static struct dmabay_link *link_extent(struct dmabay_adapter *adapter,
				       struct dmabay_channel *channel,
				       const struct dmabay_extent *extent, u8 rights)
{
	struct dmabay_link *link;
	struct slot_range range = { .pages = extent->pages };
	int ret;

	ret = dmabay_links_place(channel, extent->pages, &range.page);
	if (ret)
		return ERR_PTR(ret);
	unlink_doomed(adapter, channel, link_in_range, &range);

	link = dmabay_links_add(channel, channel->memory, extent->page, extent->pages,
				range.page, rights);
	if (!link) {
		if (!ledger_make_room(adapter, channel))
			return ERR_PTR(-EBUSY);
		link = dmabay_links_add(channel, channel->memory, extent->page, extent->pages,
					range.page, rights);
	}

	ret = link_pages(adapter, channel->memory, extent->page, extent->pages,
			 channel->slot_page + range.page, rights);
	if (ret) {
		dmabay_links_remove(link);
		return ERR_PTR(ret);
	}
	return link;
}

/* Mapping owns the ledger while it links; see links.c. */
static struct dmabay_link *map_slowly(struct dmabay_adapter *adapter,
				      struct dmabay_channel *channel,
				      const struct dmabay_extent *extent, u8 rights)
{
	struct dmabay_link *link;
	unsigned long flags;

	/* A kept link should serve both directions, if the memory allows it. */
	if (channel->keep_links && !channel->memory->read_only)
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
			const struct dmabay_extent *extent)
{
	u8 rights = channel->direction == DMABAY_WRITE_TO_DEVICE ? RIGHT_READ_MEMORY
								 : RIGHT_WRITE_MEMORY;
	struct dmabay_link *link;
	unsigned long flags;

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
			return PTR_ERR(link);
	}

	channel->current_link = link;
	channel->element.address = adapter->window_base + extent->in_page +
			   ((dma_addr_t)(channel->slot_page + link->slot_page +
					 extent->page - link->page) << PAGE_SHIFT);
	return extent->length;
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
};
