// SPDX-License-Identifier: GPL-2.0-only
/*
 * Map registers without an IOMMU: pages that the device can reach, and a CPU that
 * copies.
 *
 * The pages are allocated with the adapter, as coherent memory in chunks, and
 * handed out as contiguous slots by a genalloc pool. A slot is one register a
 * page, but not longer than a chunk; a transfer that needs more is mapped in
 * part, which the model allows. The pool has a chunk more than the registers, and
 * a channel that finds it in pieces takes the largest it can get: there is a page
 * for every credit, so it always gets one.
 *
 * Memory that is contiguous and within the device's reach is not copied.
 *
 * A slot carries no old bytes to where they do not belong: it is cleared before
 * the device writes into it, and only what the device says it wrote is copied out.
 */
#include <linux/dma-direct.h>
#include <linux/dma-map-ops.h>
#include <linux/genalloc.h>
#include <linux/slab.h>
#include <linux/swiotlb.h>

#include "dmabay_private.h"

/* Long enough for few transfers, short enough to be had. */
#define CHUNK_PAGES	64

/* More would keep too much memory from the rest of the system. */
#define MAP_REGISTERS_MAX	1024

struct bounce {
	struct gen_pool *pool;
	/* the DMA API would neither translate nor copy, nor can it fail */
	bool reaches_all;
	u32 chunk_pages;
	u32 chunks;
	struct bounce_chunk {
		void *address;
		dma_addr_t dma_address;
	} chunk[];
};

static bool device_reaches_all(struct device *dev)
{
	return !dmabay_device_translated(dev) && !get_dma_ops(dev) &&
	       !is_swiotlb_force_bounce(dev) && !dma_addressing_limited(dev) &&
	       dev_is_dma_coherent(dev);
}

static void bounce_close(struct dmabay_adapter *adapter)
{
	struct bounce *bounce = adapter->provider_data;
	size_t chunk_size = (size_t)bounce->chunk_pages << PAGE_SHIFT;

	gen_pool_destroy(bounce->pool);
	while (bounce->chunks--)
		dma_free_coherent(adapter->dev, chunk_size,
				  bounce->chunk[bounce->chunks].address,
				  bounce->chunk[bounce->chunks].dma_address);
	kvfree(bounce);
}

static int add_chunk(struct dmabay_adapter *adapter, struct bounce *bounce)
{
	struct bounce_chunk *chunk = &bounce->chunk[bounce->chunks];
	size_t size = (size_t)bounce->chunk_pages << PAGE_SHIFT;
	int ret;

	chunk->address = dma_alloc_coherent(adapter->dev, size, &chunk->dma_address,
					    GFP_KERNEL | __GFP_NOWARN);
	if (!chunk->address)
		return -ENOMEM;
	ret = gen_pool_add_virt(bounce->pool, (unsigned long)chunk->address,
				chunk->dma_address, size, dev_to_node(adapter->dev));
	if (ret) {
		dma_free_coherent(adapter->dev, size, chunk->address, chunk->dma_address);
		return ret;
	}
	bounce->chunks++;
	return 0;
}

static int bounce_open(struct dmabay_adapter *adapter)
{
	u32 chunk_pages, chunks;
	struct bounce *bounce;
	int ret;

	adapter->map_registers = min(adapter->map_registers, MAP_REGISTERS_MAX);
	chunk_pages = min_t(u32, roundup_pow_of_two(adapter->map_registers), CHUNK_PAGES);
	chunks = DIV_ROUND_UP(adapter->map_registers, chunk_pages) + 1;

	bounce = kvzalloc(struct_size(bounce, chunk, chunks), GFP_KERNEL);
	if (!bounce)
		return -ENOMEM;
	bounce->chunk_pages = chunk_pages;
	bounce->reaches_all = device_reaches_all(adapter->dev);
	bounce->pool = gen_pool_create(PAGE_SHIFT, dev_to_node(adapter->dev));
	if (!bounce->pool) {
		kvfree(bounce);
		return -ENOMEM;
	}
	adapter->provider_data = bounce;
	while (bounce->chunks < chunks) {
		ret = add_chunk(adapter, bounce);
		if (ret) {
			bounce_close(adapter);
			return ret;
		}
	}
	return 0;
}

static bool bounce_claim(struct dmabay_adapter *adapter, struct dmabay_channel *channel)
{
	struct bounce *bounce = adapter->provider_data;
	u32 pages = min(channel->map_registers, bounce->chunk_pages);
	unsigned long address = 0;

	for (; pages && !address; pages /= 2) {
		address = gen_pool_alloc(bounce->pool, (size_t)pages << PAGE_SHIFT);
		channel->slot_pages = pages;
	}
	if (WARN_ON_ONCE(!address))
		return false;
	channel->slot_address = (void *)address;
	channel->slot_dma_address = gen_pool_virt_to_phys(bounce->pool, address);
	return true;
}

static void bounce_yield(struct dmabay_adapter *adapter, struct dmabay_channel *channel)
{
	struct bounce *bounce = adapter->provider_data;

	gen_pool_free(bounce->pool, (unsigned long)channel->slot_address,
		      (size_t)channel->slot_pages << PAGE_SHIFT);
}

/* Use the memory as it is, if it is contiguous and the device reaches it. */
static bool map_in_place(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			 const struct dmabay_extent *extent)
{
	struct bounce *bounce = adapter->provider_data;
	struct dmabay_walk walk;
	unsigned long pfn;

	if (!bounce->reaches_all)
		return false;
	dmabay_walk_start(&walk, channel->memory, extent->page, extent->pages);
	if (dmabay_walk_run(&walk, &pfn) != extent->pages)
		return false;
	channel->element.address = phys_to_dma(adapter->dev, PFN_PHYS(pfn)) + extent->in_page;
	return true;
}

static ssize_t bounce_map(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			  const struct dmabay_extent *extent)
{
	size_t length;

	channel->bounced = !map_in_place(adapter, channel, extent);
	if (!channel->bounced)
		return extent->length;

	length = min(extent->length, ((size_t)channel->slot_pages << PAGE_SHIFT) -
				     extent->in_page);
	channel->element.address = channel->slot_dma_address + extent->in_page;
	if (channel->direction == DMABAY_WRITE_TO_DEVICE) {
		dmabay_memory_copy(channel->memory, channel->offset,
				   channel->slot_address + extent->in_page, length,
				   DMABAY_WRITE_TO_DEVICE);
		dmabay_count(adapter, bounced_bytes, length);
	} else {
		memset(channel->slot_address + extent->in_page, 0, length);
	}
	return length;
}

static void bounce_unmap(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			 size_t length)
{
	size_t in_slot = channel->element.address - channel->slot_dma_address;

	if (!channel->bounced || channel->direction == DMABAY_WRITE_TO_DEVICE || !length)
		return;
	dmabay_memory_copy(channel->memory, channel->offset, channel->slot_address + in_slot,
			   length, DMABAY_READ_FROM_DEVICE);
	dmabay_count(adapter, bounced_bytes, length);
}

const struct dmabay_mapregs_ops dmabay_mapregs_bounce_ops = {
	.provider = DMABAY_PROVIDER_BOUNCE,
	.guaranteed = true,
	.open = bounce_open,
	.close = bounce_close,
	.claim = bounce_claim,
	.yield = bounce_yield,
	.map = bounce_map,
	.unmap = bounce_unmap,
};
