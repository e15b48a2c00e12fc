// SPDX-License-Identifier: GPL-2.0-only
/*
 * Map registers that are only counted: the plain DMA API for each transfer.
 *
 * What every Linux driver does today, and what the other two providers are
 * measured against. Behind an IOMMU that merges, the whole extent is mapped with
 * dma_map_sgtable() and each group becomes one element; elsewhere an element is a
 * run of consecutive page frames. An adapter of lists maps as many runs as the list
 * has room for, also with dma_map_sgtable(); one of single elements maps one run.
 *
 * Nothing is laid in. Each table allocates its scatterlist, dma_map_sgtable() may
 * allocate device addresses and page tables, and both can fail: -ENOMEM. The table
 * is kept until the unmap, which takes all of what was mapped, whatever the list
 * said of it and the device transferred.
 *
 * A device that does not reach all memory is refused where nothing translates for it:
 * the DMA API would have to bounce, and its bounce pages may be out of reach, too.
 */
#include <linux/dma-mapping.h>
#include <linux/slab.h>

#include "dmabay_private.h"
#include "fault.h"

/* What the DMA API does for the device, as it was when the adapter was made. */
struct direct {
	/* it makes scattered pages one range of device addresses */
	bool merges;
	/* pages in one entry of a table; a longer run is cut */
	u32 entry_pages;
	/* pages in one element that is not merged */
	u32 element_pages;
};

static bool api_merges(struct device *dev)
{
	unsigned long boundary = dma_get_merge_boundary(dev);

	return boundary && boundary < PAGE_SIZE && dma_get_seg_boundary(dev) >= U32_MAX;
}

static int direct_open(struct dmabay_adapter *adapter)
{
	size_t entry = dma_max_mapping_size(adapter->dev);
	/* It may be told to copy all there is; then it limits what it maps at once. */
	bool copies = entry != SIZE_MAX;
	struct direct *direct;

	if (!dmabay_device_translated(adapter->dev) && dma_addressing_limited(adapter->dev))
		return -EOPNOTSUPP;
	direct = kzalloc_obj(*direct);
	if (!direct)
		return -ENOMEM;
	direct->merges = !copies && api_merges(adapter->dev);
	/* What is in a table keeps to it, even if the device takes longer elements. */
	if (adapter->scatter_gather || direct->merges)
		entry = min_t(size_t, entry, dma_get_max_seg_size(adapter->dev));
	direct->entry_pages = clamp_t(size_t, entry >> PAGE_SHIFT, 1, U32_MAX);
	/* The entries of one run meet, unless they are copies. */
	direct->element_pages = copies ? direct->entry_pages : U32_MAX;
	adapter->provider_data = direct;
	return 0;
}

static void direct_close(struct dmabay_adapter *adapter)
{
	kfree(adapter->provider_data);
}

static bool direct_claim(struct dmabay_adapter *adapter, struct dmabay_channel *channel)
{
	return true;
}

static void direct_yield(struct dmabay_adapter *adapter, struct dmabay_channel *channel)
{
}

/* The beginning of the extent that makes so many elements without being merged. */
static void clip_to_room(struct dmabay_adapter *adapter, const struct dmabay_channel *channel,
			 const struct dmabay_extent *extent, unsigned int capacity,
			 struct dmabay_extent *clipped)
{
	const struct direct *direct = adapter->provider_data;
	struct dmabay_runs runs = {
		.memory = channel->memory,
		.offset = channel->offset,
		.left = extent->length,
		.longest = direct->element_pages,
	};
	size_t length = 0;

	while (capacity-- && dmabay_runs_next(&runs))
		length += runs.length;
	dmabay_memory_range(channel->memory, channel->offset, length, extent->pages, clipped);
}

/*
 * The table has an entry for each run. Without struct dmabay_runs: this is what the
 * others are measured against, and may not cost more than it must.
 */
static void fill_table(struct sg_table *table, const struct dmabay_channel *channel,
		       size_t length, u32 longest)
{
	struct scatterlist *sg = table->sgl;
	struct dmabay_extent group;
	struct dmabay_walk walk;
	size_t done, left, part;
	unsigned long pfn;
	u32 in_page, run;

	for (done = 0; done < length; done += group.length) {
		dmabay_memory_extent(channel->memory, channel->offset + done, length - done,
				     &group);
		dmabay_walk_start(&walk, channel->memory, group.page, group.pages);
		left = group.length;
		in_page = group.in_page;
		for (; (run = min(dmabay_walk_run(&walk, &pfn), longest)); sg = sg_next(sg)) {
			part = min(left, ((size_t)run << PAGE_SHIFT) - in_page);
			sg_set_page(sg, pfn_to_page(pfn), part, in_page);
			left -= part;
			in_page = 0;
			dmabay_walk_advance(&walk, run);
		}
	}
}

/*
 * What of the table the list has room for. The DMA API goes on in the same segment
 * where a group ends at a page end, and ends one where the device's segment size
 * does; elements end with their group, and the engine's own limit is the adapter's.
 */
static size_t fill_list(struct dmabay_sg_list *list, struct sg_table *table,
			const struct dmabay_channel *channel, size_t length)
{
	struct dmabay_extent group = {};
	size_t done = 0, in_group = 0;
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_dma_sg(table, sg, i) {
		size_t at, part;

		for (at = 0; at < sg_dma_len(sg) && done < length; at += part) {
			if (in_group == group.length) {
				dmabay_memory_extent(channel->memory, channel->offset + done,
						     length - done, &group);
				in_group = 0;
			}
			part = min_t(size_t, sg_dma_len(sg) - at, group.length - in_group);
			if (!dmabay_list_append(list, sg_dma_address(sg) + at, part, !in_group))
				return done;
			in_group += part;
			done += part;
		}
	}
	return done;
}

/* All of the extent, and a list of as much of it as there is room for. */
static ssize_t map_table(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			 const struct dmabay_extent *extent, struct dmabay_sg_list *list)
{
	const struct direct *direct = adapter->provider_data;
	u32 longest = direct->entry_pages;
	struct sg_table *table;
	int ret = -ENOMEM;

	if (dmabay_fault(DMABAY_FAULT_TABLE))
		return ret;
	table = kzalloc_obj(*table, GFP_ATOMIC | __GFP_NOWARN);
	if (!table)
		return ret;
	ret = sg_alloc_table(table, dmabay_walk_count(channel->memory, extent, longest, U32_MAX),
			     GFP_ATOMIC | __GFP_NOWARN);
	if (ret)
		goto err_table;
	fill_table(table, channel, extent->length, longest);
	ret = -ENOMEM;
	if (!dmabay_fault(DMABAY_FAULT_MAP))
		ret = dma_map_sgtable(adapter->dev, table, dmabay_channel_direction(channel),
				      DMA_ATTR_NO_WARN);
	if (ret)
		goto err_list;

	dmabay_count(adapter, mapped, 1);
	channel->table = table;
	return fill_list(list, table, channel, extent->length);

err_list:
	sg_free_table(table);
err_table:
	kfree(table);
	return ret == -EIO ? -EIO : -ENOMEM;
}

/* The first run of the extent. */
static ssize_t map_run(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
		       const struct dmabay_extent *extent, struct dmabay_sg_list *list)
{
	const struct direct *direct = adapter->provider_data;
	struct dmabay_walk walk;
	dma_addr_t address;
	unsigned long pfn;
	size_t length;
	u32 run;

	dmabay_walk_start(&walk, channel->memory, extent->page, extent->pages);
	run = dmabay_walk_run(&walk, &pfn);
	length = min(extent->length, ((size_t)run << PAGE_SHIFT) - extent->in_page);
	length = min(length, (size_t)direct->entry_pages << PAGE_SHIFT);
	if (dmabay_fault(DMABAY_FAULT_MAP))
		return -ENOMEM;
	address = dma_map_page_attrs(adapter->dev, pfn_to_page(pfn), extent->in_page, length,
				     dmabay_channel_direction(channel), DMA_ATTR_NO_WARN);
	if (dma_mapping_error(adapter->dev, address))
		return -ENOMEM;
	dmabay_list_append(list, address, length, true);
	dmabay_count(adapter, mapped, 1);
	return length;
}

static ssize_t direct_map(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			  const struct dmabay_extent *extent, struct dmabay_sg_list *list)
{
	const struct direct *direct = adapter->provider_data;
	struct dmabay_sg_list room = *list;
	struct dmabay_extent clipped;
	ssize_t ret;

	channel->table = NULL;
	if (!adapter->scatter_gather)
		room.capacity = 1;
	if (direct->merges) {
		ret = map_table(adapter, channel, extent, &room);
	} else if (adapter->scatter_gather) {
		clip_to_room(adapter, channel, extent, room.capacity, &clipped);
		ret = map_table(adapter, channel, &clipped, &room);
	} else {
		ret = map_run(adapter, channel, extent, &room);
	}
	list->count = room.count;
	return ret;
}

/* Unmapping takes the mapped length, however much the device transferred. */
static void direct_unmap(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			 size_t length)
{
	dmabay_count(adapter, unmapped, 1);
	if (!channel->table) {
		dma_unmap_page(adapter->dev, channel->address, channel->length,
			       dmabay_channel_direction(channel));
		return;
	}
	dma_unmap_sgtable(adapter->dev, channel->table, dmabay_channel_direction(channel), 0);
	sg_free_table(channel->table);
	kfree(channel->table);
	channel->table = NULL;
}

static u32 direct_elements(struct dmabay_adapter *adapter, const struct dmabay_memory *memory,
			   const struct dmabay_extent *extent)
{
	const struct direct *direct = adapter->provider_data;

	if (direct->merges)
		return 1;
	return dmabay_walk_count(memory, extent, direct->element_pages, U32_MAX);
}

const struct dmabay_mapregs_ops dmabay_mapregs_direct_ops = {
	.provider = DMABAY_PROVIDER_DIRECT,
	.open = direct_open,
	.close = direct_close,
	.claim = direct_claim,
	.yield = direct_yield,
	.map = direct_map,
	.unmap = direct_unmap,
	.elements = direct_elements,
};
