// SPDX-License-Identifier: GPL-2.0-only
/*
 * Map registers that are only counted: the plain DMA API for each transfer.
 *
 * What every Linux driver does today, and what the other two providers are
 * measured against. Behind an IOMMU that merges, the whole extent is mapped with
 * dma_map_sgtable() and becomes one element; elsewhere only memory that is
 * contiguous as it is can be one element, and a transfer is as long as that.
 *
 * Mapping allocates, and can fail. A device that does not reach all memory is
 * refused where nothing translates for it: the DMA API would have to bounce, and
 * its bounce pages may be out of reach, too.
 */
#include <linux/dma-mapping.h>
#include <linux/slab.h>

#include "dmabay_private.h"

static int direct_open(struct dmabay_adapter *adapter)
{
	if (!dmabay_device_translated(adapter->dev) && dma_addressing_limited(adapter->dev))
		return -EOPNOTSUPP;
	return 0;
}

static void direct_nothing(struct dmabay_adapter *adapter)
{
}

static bool direct_claim(struct dmabay_adapter *adapter, struct dmabay_channel *channel)
{
	return true;
}

static void direct_yield(struct dmabay_adapter *adapter, struct dmabay_channel *channel)
{
}

static enum dma_data_direction direct_direction(const struct dmabay_channel *channel)
{
	return channel->direction == DMABAY_WRITE_TO_DEVICE ? DMA_TO_DEVICE : DMA_FROM_DEVICE;
}

static unsigned int count_runs(const struct dmabay_memory *memory,
			       const struct dmabay_extent *extent)
{
	struct dmabay_walk walk;
	unsigned int runs = 0;
	unsigned long pfn;
	u32 run;

	dmabay_walk_start(&walk, memory, extent->page, extent->pages);
	for (; (run = dmabay_walk_run(&walk, &pfn)); runs++)
		dmabay_walk_advance(&walk, run);
	return runs;
}

static void fill_table(struct sg_table *table, const struct dmabay_memory *memory,
		       const struct dmabay_extent *extent)
{
	size_t left = extent->length, part;
	u32 in_page = extent->in_page;
	struct dmabay_walk walk;
	struct scatterlist *sg;
	unsigned long pfn;
	unsigned int i;
	u32 run;

	dmabay_walk_start(&walk, memory, extent->page, extent->pages);
	for_each_sgtable_sg(table, sg, i) {
		run = dmabay_walk_run(&walk, &pfn);
		part = min(left, ((size_t)run << PAGE_SHIFT) - in_page);
		sg_set_page(sg, pfn_to_page(pfn), part, in_page);
		left -= part;
		in_page = 0;
		dmabay_walk_advance(&walk, run);
	}
}

/*
 * How far the device addresses follow each other. The DMA API ends a segment where
 * the device's segment size does; the engine's own limit is the adapter's.
 */
static size_t contiguous_length(struct sg_table *table)
{
	dma_addr_t base = sg_dma_address(table->sgl);
	struct scatterlist *sg;
	size_t length = 0;
	unsigned int i;

	for_each_sgtable_dma_sg(table, sg, i) {
		if (sg_dma_address(sg) != base + length)
			break;
		length += sg_dma_len(sg);
	}
	return length;
}

/* All of the extent, as far as one element goes. */
static ssize_t map_table(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			 const struct dmabay_extent *extent)
{
	struct sg_table *table;
	int ret = -ENOMEM;

	table = kzalloc_obj(*table, GFP_ATOMIC | __GFP_NOWARN);
	if (!table)
		return ret;
	ret = sg_alloc_table(table, count_runs(channel->memory, extent),
			     GFP_ATOMIC | __GFP_NOWARN);
	if (ret)
		goto err_table;
	fill_table(table, channel->memory, extent);
	ret = dma_map_sgtable(adapter->dev, table, direct_direction(channel), DMA_ATTR_NO_WARN);
	if (ret)
		goto err_list;

	dmabay_count(adapter, mapped, 1);
	channel->table = table;
	channel->element.address = sg_dma_address(table->sgl);
	return min(contiguous_length(table), extent->length);

err_list:
	sg_free_table(table);
err_table:
	kfree(table);
	return ret == -EIO ? -EIO : -ENOMEM;
}

/* The first run of the extent. */
static ssize_t map_run(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
		       const struct dmabay_extent *extent)
{
	struct dmabay_walk walk;
	dma_addr_t address;
	unsigned long pfn;
	size_t length;
	u32 run;

	dmabay_walk_start(&walk, channel->memory, extent->page, extent->pages);
	run = dmabay_walk_run(&walk, &pfn);
	length = min(extent->length, ((size_t)run << PAGE_SHIFT) - extent->in_page);
	length = min(length, dma_max_mapping_size(adapter->dev));
	address = dma_map_page_attrs(adapter->dev, pfn_to_page(pfn), extent->in_page, length,
				     direct_direction(channel), DMA_ATTR_NO_WARN);
	if (dma_mapping_error(adapter->dev, address))
		return -ENOMEM;
	channel->element.address = address;
	dmabay_count(adapter, mapped, 1);
	return length;
}

static ssize_t direct_map(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			  const struct dmabay_extent *extent)
{
	channel->table = NULL;
	if (dma_get_merge_boundary(adapter->dev))
		return map_table(adapter, channel, extent);
	return map_run(adapter, channel, extent);
}

/* Unmapping takes the mapped length, however much the device transferred. */
static void direct_unmap(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			 size_t length)
{
	dmabay_count(adapter, unmapped, 1);
	if (!channel->table) {
		dma_unmap_page(adapter->dev, channel->element.address, channel->element.length,
			       direct_direction(channel));
		return;
	}
	dma_unmap_sgtable(adapter->dev, channel->table, direct_direction(channel), 0);
	sg_free_table(channel->table);
	kfree(channel->table);
	channel->table = NULL;
}

const struct dmabay_mapregs_ops dmabay_mapregs_direct_ops = {
	.provider = DMABAY_PROVIDER_DIRECT,
	.open = direct_open,
	.close = direct_nothing,
	.claim = direct_claim,
	.yield = direct_yield,
	.map = direct_map,
	.unmap = direct_unmap,
};
