// SPDX-License-Identifier: GPL-2.0-only
/*
 * The window: a range of device addresses, and what may be linked and unlinked in it.
 *
 * It is allocated with the adapter and held as long as it.
 *
 * A link is made with one call for each unit: page frames that follow each other,
 * up to the next cut. An unlink takes whole units, without a hole. On some IOMMUs
 * a part of what was linked with one call takes more, or less, or overwrites
 * memory. Which units a link has follows from its memory and its place alone, so
 * nobody need list them.
 *
 * After the window is there nothing must have to be allocated. The page tables of
 * the whole window are made with it, and they should stay: IOMMU drivers free a
 * table when one unmap covers all of it. So there is a cut in the middle of each
 * table's range, and no link call and no unlink call goes across. The exception
 * are huge pages, which take the table's place where memory and window lie alike
 * to each other; the next link of scattered memory there needs a new table, and
 * may not get it. One unlink call takes as many of them as follow each other.
 *
 * Pages may go back to their owner when the unlink has returned, because it waits
 * for the IOTLB flush, also where the DMA API itself defers it.
 *
 * No lock: whoever links and unlinks owns the part of the window where he does.
 */
#include <linux/dma-map-ops.h>
#include <linux/iommu.h>
#include <linux/pci.h>
#include <linux/slab.h>

#include "fault.h"
#include "window.h"

#define TABLE_PAGES	DMABAY_TABLE_PAGES

/* Unlinking more with one call might cover all of a table of the next level. */
#define UNLINK_MOST	(TABLE_PAGES * TABLE_PAGES / 2)

/* How much of the device's address space one window may take. */
#define WINDOW_SHARE	2

/* Pages from here to the end of the page table's range. */
static u32 pages_to_table(const struct dmabay_window *window, u32 page)
{
	return TABLE_PAGES - (window->phase + page) % TABLE_PAGES;
}

/* Where a unit ends at a cut there is a page table, and not a huge page. */
static bool is_cut(const struct dmabay_window *window, u32 page)
{
	return dmabay_window_to_cut(window, page) == TABLE_PAGES;
}

/* Do these page frames lie in their huge page as these pages in their table? */
static bool is_congruent(const struct dmabay_window *window, u32 page, unsigned long pfn)
{
	return !((window->phase + page - pfn) % TABLE_PAGES);
}

/* The unit at the walk's position, which is at @page of the window. */
static __always_inline u32 next_unit(const struct dmabay_window *window,
				     const struct dmabay_walk *walk, u32 page, unsigned long *pfn)
{
	u32 run = dmabay_walk_run(walk, pfn), to_cut = dmabay_window_to_cut(window, page);
	u32 to_table;

	if (likely(run < TABLE_PAGES) || !is_congruent(window, page, *pfn))
		return min(run, to_cut);
	to_table = pages_to_table(window, page);
	/* Huge pages, as many as there are. */
	if (to_table == TABLE_PAGES)
		return round_down(run, TABLE_PAGES);
	return min3(run, to_cut, to_table);
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
static int make_tables(struct dmabay_adapter *adapter, struct dmabay_window *window)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	u32 at, step;
	int ret = 0;

	if (!page)
		return -ENOMEM;
	for (at = 0; at < window->pages && !ret; at += step) {
		size_t offset = (size_t)at << PAGE_SHIFT;

		step = pages_to_table(window, at);
		if (dmabay_fault(DMABAY_FAULT_LINK))
			ret = -ENOMEM;
		else
			ret = dmabay_iova_link(adapter->dev, &window->iova, page_to_phys(page),
					       offset, PAGE_SIZE, DMA_TO_DEVICE);
		if (ret)
			break;
		ret = dmabay_iova_sync(adapter->dev, &window->iova, offset, PAGE_SIZE);
		dmabay_iova_unlink(adapter->dev, &window->iova, offset, PAGE_SIZE, DMA_TO_DEVICE);
	}
	__free_page(page);
	return ret ? -ENOMEM : 0;
}

/* The largest number of registers whose window fits, from what is wanted down. */
static int window_allocate(struct dmabay_adapter *adapter, struct dmabay_window *window)
{
	u64 limit = dma_get_mask(adapter->dev) / WINDOW_SHARE;
	unsigned int map_registers = adapter->map_registers;
	int ret = -EOPNOTSUPP;

	for (; map_registers >= 2; map_registers -= DIV_ROUND_UP(map_registers, 8)) {
		u64 pages = dmabay_slots_pages(map_registers) +
			    dmabay_strips_count(window, map_registers);
		u64 bytes = pages << PAGE_SHIFT;

		window->pages = pages;
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

/**
 * dmabay_window_open() - Open the window of an adapter
 * @adapter: the adapter; its map registers may be lowered
 *
 * Context: may sleep.
 * Return: 0, -EOPNOTSUPP (not for this device), -ENOMEM.
 */
int dmabay_window_open(struct dmabay_adapter *adapter)
{
	struct dmabay_window *window;
	int ret;

	if (!device_suits(adapter->dev))
		return -EOPNOTSUPP;
	window = kzalloc_obj(*window);
	if (!window)
		return -ENOMEM;
	window->adapter = adapter;
	ret = window_allocate(adapter, window);
	if (ret)
		goto err_window;

	adapter->window_base = dmabay_iova_base(&window->iova);
	adapter->window_length = (u64)window->pages << PAGE_SHIFT;
	window->phase = (adapter->window_base >> PAGE_SHIFT) % TABLE_PAGES;
	ret = make_tables(adapter, window);
	if (!ret)
		ret = dmabay_strips_create(window, window->slots.pages);
	if (ret)
		goto err_slots;
	ret = dmabay_watch_open(window);
	if (ret)
		goto err_strips;

	adapter->provider_data = window;
	return 0;

err_strips:
	dmabay_strips_destroy(window);
err_slots:
	dmabay_slots_destroy(&window->slots);
	dmabay_iova_free(adapter->dev, &window->iova);
err_window:
	adapter->window_base = 0;
	adapter->window_length = 0;
	kfree(window);
	return ret;
}

/**
 * dmabay_window_close() - Undo dmabay_window_open()
 * @adapter: the adapter, with nothing linked
 *
 * Context: may sleep.
 */
void dmabay_window_close(struct dmabay_adapter *adapter)
{
	struct dmabay_window *window = adapter->provider_data;

	dmabay_strips_destroy(window);
	dmabay_watch_close(window);
	dmabay_slots_destroy(&window->slots);
	dmabay_iova_free(adapter->dev, &window->iova);
	kfree(window);
}

/**
 * dmabay_window_unlink_pages() - Unlink with one call
 * @adapter: the adapter
 * @page: of the window, the first one
 * @pages: how many; not 0, whole units without a hole, and not all of a page table's range
 *
 * Context: any.
 */
void dmabay_window_unlink_pages(struct dmabay_adapter *adapter, u32 page, u32 pages)
{
	struct dmabay_window *window = adapter->provider_data;

	dmabay_watch_unlink(window, page, pages);
	/* A direction matters to caches only, and the device sees what is in ours. */
	dmabay_iova_unlink(adapter->dev, &window->iova, (size_t)page << PAGE_SHIFT,
			   (size_t)pages << PAGE_SHIFT, DMA_BIDIRECTIONAL);
	dmabay_watch_unlinked(window, page, pages);
	dmabay_count(adapter, linked_bytes, -((u64)pages << PAGE_SHIFT));
	dmabay_count(adapter, unlinks, 1);
	dmabay_count(adapter, flushes, 1);
}

/**
 * dmabay_window_unlink_stretch() - Unlink units that are no huge pages
 * @adapter: the adapter
 * @page: of the window, the first one
 * @pages: how many; whole units without a hole, whatever they allow the device
 *
 * One call, and one flush, for what lies between two cuts.
 *
 * Context: any.
 */
void dmabay_window_unlink_stretch(struct dmabay_adapter *adapter, u32 page, u32 pages)
{
	struct dmabay_window *window = adapter->provider_data;

	while (pages) {
		u32 part = min(pages, dmabay_window_to_cut(window, page));

		dmabay_window_unlink_pages(adapter, page, part);
		page += part;
		pages -= part;
	}
}

/**
 * dmabay_window_unlink() - Unlink what may have huge pages
 * @adapter: the adapter
 * @linked: what is linked, as far as it is there
 *
 * One call, and one flush, for huge pages that follow each other, and for what is before and
 * behind them, up to a cut.
 *
 * Context: any.
 */
void dmabay_window_unlink(struct dmabay_adapter *adapter, const struct dmabay_linked *linked)
{
	u32 start = linked->window_page, page = start, end = start + linked->there, unit;
	struct dmabay_window *window = adapter->provider_data;
	struct dmabay_walk walk;
	unsigned long pfn;

	if (linked->in_one && page != end) {
		dmabay_window_unlink_pages(adapter, page, end - page);
		return;
	}
	dmabay_walk_start(&walk, linked->memory, linked->page, linked->pages);
	for (; page < end; page += unit) {
		unit = next_unit(window, &walk, page, &pfn);
		dmabay_walk_advance(&walk, unit);
		if (page != start && (is_cut(window, page) || page + unit - start > UNLINK_MOST)) {
			dmabay_window_unlink_pages(adapter, start, page - start);
			start = page;
		}
	}
	if (page != start)
		dmabay_window_unlink_pages(adapter, start, page - start);
}

/**
 * dmabay_window_link() - Link page frames, unit by unit
 * @adapter: the adapter
 * @linked: what to link, none of it there yet; @linked->there says how much was linked
 *
 * Nothing is visible to the device for sure before dmabay_window_sync().
 *
 * Context: any.
 * Return: 0, or what the IOMMU says; then a part may be there.
 */
int dmabay_window_link(struct dmabay_adapter *adapter, struct dmabay_linked *linked)
{
	enum dma_data_direction direction = dmabay_rights_direction(linked->rights);
	struct dmabay_window *window = adapter->provider_data;
	u32 page = linked->window_page, end = page + linked->pages;
	struct device *dev = adapter->dev;
	struct dmabay_walk walk;
	unsigned long pfn;
	bool cuts = false;
	u32 unit, calls;
	int ret = 0;

	dmabay_walk_start(&walk, linked->memory, linked->page, linked->pages);
	for (calls = 0; page < end; calls++) {
		unit = next_unit(window, &walk, page, &pfn);
		if (dmabay_fault(DMABAY_FAULT_LINK))
			ret = -ENOMEM;
		else
			ret = dmabay_iova_link(dev, &window->iova, PFN_PHYS(pfn),
					       (size_t)page << PAGE_SHIFT,
					       (size_t)unit << PAGE_SHIFT, direction);
		if (unlikely(ret))
			break;
		dmabay_watch_link(window, linked->memory, page, unit, pfn,
				  direction != DMA_TO_DEVICE);
		page += unit;
		cuts |= is_cut(window, page);
		dmabay_walk_advance(&walk, unit);
	}
	linked->there = page - linked->window_page;
	linked->in_one = !cuts && linked->there <= UNLINK_MOST;
	dmabay_count(adapter, links, calls);
	dmabay_count(adapter, linked_bytes, (u64)linked->there << PAGE_SHIFT);
	return ret;
}

/**
 * dmabay_window_sync() - Make what was linked visible to the device
 * @adapter: the adapter
 * @page: of the window, the first one
 * @pages: how many, without a hole
 *
 * Context: any.
 * Return: 0, or what the IOMMU says.
 */
int dmabay_window_sync(struct dmabay_adapter *adapter, u32 page, u32 pages)
{
	struct dmabay_window *window = adapter->provider_data;
	int ret;

	if (dmabay_fault(DMABAY_FAULT_SYNC))
		return -ENOMEM;

	ret = dmabay_iova_sync(adapter->dev, &window->iova, (size_t)page << PAGE_SHIFT,
			       (size_t)pages << PAGE_SHIFT);
	if (likely(!ret))
		dmabay_watch_use(window, page, pages);

	return ret;
}
