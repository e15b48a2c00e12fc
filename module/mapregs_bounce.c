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
 * Where the device reaches all memory, what it can take without help is not copied:
 * for an adapter of single elements what is contiguous, for one of lists everything. Nor is
 * what a caller gives to the device piece by piece (dmabay_adapter_in_place()): then the
 * registers back nothing.
 *
 * Bytes that are copied lie in the slot as in their pages, one page behind the other
 * through all groups; each group is one element.
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
	u32 chunk_pages;
	u32 chunks;
	/* in a debug build (debug_poison.c) */
	struct dmabay_poison *poison;
	struct bounce_chunk {
		void *address;
		dma_addr_t dma_address;
	} chunk[];
};

/* The DMA API would neither translate nor copy, nor can it fail. */
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

	dmabay_poison_close(bounce->poison);
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
	u32 chunk_pages, chunks, i;
	struct bounce *bounce;
	int ret;

	adapter->map_registers = min(adapter->map_registers, MAP_REGISTERS_MAX);
	chunk_pages = min_t(u32, roundup_pow_of_two(adapter->map_registers), CHUNK_PAGES);
	chunks = DIV_ROUND_UP(adapter->map_registers, chunk_pages) + 1;

	bounce = kvzalloc(struct_size(bounce, chunk, chunks), GFP_KERNEL);
	if (!bounce)
		return -ENOMEM;
	bounce->chunk_pages = chunk_pages;
	adapter->reaches_all = device_reaches_all(adapter->dev);
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
	bounce->poison = dmabay_poison_open(chunks, chunk_pages);
	for (i = 0; i < chunks; i++)
		dmabay_poison_add(bounce->poison, bounce->chunk[i].address);
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
	dmabay_poison_claim(bounce->poison, channel);
	return true;
}

static void bounce_yield(struct dmabay_adapter *adapter, struct dmabay_channel *channel)
{
	struct bounce *bounce = adapter->provider_data;

	dmabay_poison_yield(bounce->poison, channel);
	gen_pool_free(bounce->pool, (unsigned long)channel->slot_address,
		      (size_t)channel->slot_pages << PAGE_SHIFT);
}

/* Can the device take the memory as it is? */
static bool is_in_place(struct dmabay_adapter *adapter, const struct dmabay_memory *memory,
			const struct dmabay_extent *extent)
{
	return adapter->reaches_all &&
	       (adapter->scatter_gather ||
		dmabay_walk_count(memory, extent, U32_MAX, 2) == 1);
}

static size_t map_in_place(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			   const struct dmabay_extent *extent, struct dmabay_sg_list *list)
{
	struct dmabay_runs runs = {
		.memory = channel->memory,
		.offset = channel->offset,
		.left = extent->length,
		.longest = U32_MAX,
	};
	size_t length = 0;

	while (dmabay_runs_next(&runs)) {
		dma_addr_t address = phys_to_dma(adapter->dev, PFN_PHYS(runs.pfn));

		if (!dmabay_list_append(list, address + runs.in_page, runs.length, runs.new_group))
			break;
		length += runs.length;
	}
	return length;
}

/* The same in one group. Without struct dmabay_runs: it is all that a piece of memory costs. */
static size_t bounce_in_place(struct dmabay_adapter *adapter, const struct dmabay_memory *memory,
			      const struct dmabay_extent *extent, struct dmabay_sg_list *list)
{
	struct dmabay_sg_element *next = list->elements;
	const struct dmabay_sg_element *end = next + list->capacity;
	struct device *dev = adapter->dev;
	dma_addr_t address, behind = DMA_MAPPING_ERROR;
	size_t skip, part, left = extent->length;
	const struct dmabay_piece *piece;
	struct dmabay_walk walk;

	dmabay_walk_start(&walk, memory, extent->page, extent->pages);
	skip = ((size_t)walk.skip << PAGE_SHIFT) + extent->in_page;
	for (piece = walk.piece; left; piece++) {
		address = phys_to_dma(dev, PFN_PHYS(piece->pfn)) + skip;
		part = min(((size_t)piece->pages << PAGE_SHIFT) - skip, left);
		if (address != behind && next == end)
			break;
		if (address == behind)
			next[-1].length += part;
		else
			*next++ = (struct dmabay_sg_element){ address, part };
		behind = address + part;
		left -= part;
		skip = 0;
	}
	list->count = next - list->elements;
	return extent->length - left;
}

static bool bounce_linked(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			  const struct dmabay_memory *memory, size_t offset, size_t length,
			  enum dmabay_direction direction, dma_addr_t *address)
{
	struct dmabay_sg_element element;
	struct dmabay_sg_list list = { .elements = &element, .capacity = 1 };

	/* What is borrowed goes back when its transfer is over, which whoever maps sees to. */
	if (memory->borrowed ||
	    dmabay_adapter_in_place(adapter, channel, memory, offset, length, &list) < length)
		return false;
	*address = element.address;
	return true;
}

/* Copy so many bytes into the slot, or out of it. */
static void copy_groups(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			size_t length)
{
	struct dmabay_extent first, group;
	size_t done;

	dmabay_memory_extent(channel->memory, channel->offset, length, &first);
	for (done = 0; done < length; done += group.length) {
		size_t offset = channel->offset + done;

		dmabay_memory_extent(channel->memory, offset, length - done, &group);
		dmabay_memory_copy(channel->memory, offset,
				   channel->slot_address + group.in_page +
				   ((size_t)(group.page - first.page) << PAGE_SHIFT),
				   group.length, channel->direction);
	}
	dmabay_count(adapter, bounced_bytes, length);
}

static void clear_elements(struct dmabay_channel *channel, const struct dmabay_sg_list *list)
{
	unsigned int i;

	for (i = 0; i < list->count; i++)
		memset(channel->slot_address +
		       (list->elements[i].address - channel->slot_dma_address), 0,
		       list->elements[i].length);
}

static ssize_t bounce_map(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			  const struct dmabay_extent *extent, struct dmabay_sg_list *list)
{
	size_t length;

	channel->bounced = !is_in_place(adapter, channel->memory, extent);
	if (!channel->bounced)
		return map_in_place(adapter, channel, extent, list);

	length = dmabay_list_fill(list, channel, extent, channel->slot_pages,
				  channel->slot_dma_address + extent->in_page);
	if (channel->direction == DMABAY_WRITE_TO_DEVICE)
		copy_groups(adapter, channel, length);
	else
		clear_elements(channel, list);
	dmabay_poison_surround(channel, length);
	return length;
}

static void bounce_unmap(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			 size_t length)
{
	if (channel->bounced)
		dmabay_poison_compare(channel);
	if (channel->bounced && channel->direction == DMABAY_READ_FROM_DEVICE && length)
		copy_groups(adapter, channel, length);
}

static u32 bounce_elements(struct dmabay_adapter *adapter, const struct dmabay_memory *memory,
			   const struct dmabay_extent *extent)
{
	struct bounce *bounce = adapter->provider_data;

	if (is_in_place(adapter, memory, extent))
		return dmabay_walk_count(memory, extent, U32_MAX, U32_MAX);
	return DIV_ROUND_UP(extent->pages, bounce->chunk_pages);
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
	.linked = bounce_linked,
	.in_place = bounce_in_place,
	.elements = bounce_elements,
};
