// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapped memory: a memory that somebody else has mapped for the device, say the exporter
 * of a dma-buf. It has device addresses and no page frames, because whoever mapped it
 * need not have any, or may hide them.
 *
 * A group is a run of device addresses: entries of the table that meet, joined. It counts
 * as if it began at a page start, so a run takes a map register for each page, and never
 * less than one; that is more than it needs, and as many as elements can become of it.
 * Whoever maps such a memory gets addresses that are there already: it takes no place in
 * the window, no bounce page, no link and no memory, and so cannot fail.
 *
 * Where the DMA API must be told who uses the bytes (bounced, or not coherent), it is,
 * for each transfer, and for each entry of the table by itself: the entry is what was
 * mapped. Only then is remembered where the entries begin.
 *
 * It never changes once it is made, like any memory: no lock.
 */
#include <linux/dma-mapping.h>
#include <linux/export.h>
#include <linux/overflow.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "dmabay_private.h"

/* One pass over a table; with memory NULL it only counts. */
struct table_pass {
	struct dmabay_memory *memory;
	struct device *dev;
	u32 groups;
	u32 entries;
	u64 length;
	/* where a neighbour of the entry before would be */
	dma_addr_t next;
	bool needs_sync;
};

static void pass_add_group(struct table_pass *pass, dma_addr_t address)
{
	struct dmabay_memory *memory = pass->memory;
	struct dmabay_group *group;

	if (memory) {
		group = &memory->groups[pass->groups];
		group->offset = pass->length;
		group->address = address;
		if (pass->groups)
			group->page = group[-1].page + group[-1].pages;
	}
	pass->groups++;
}

static int pass_add_entry(struct table_pass *pass, dma_addr_t address, unsigned int length)
{
	struct dmabay_memory *memory = pass->memory;
	struct dmabay_group *group;
	dma_addr_t end;

	if (!length || check_add_overflow(address, (dma_addr_t)length, &end))
		return -EINVAL;
	if (pass->length + length > U32_MAX)
		return -EOVERFLOW;

	if (!pass->groups || address != pass->next)
		pass_add_group(pass, address);
	if (memory) {
		group = &memory->groups[pass->groups - 1];
		group->length += length;
		group->pages = DIV_ROUND_UP(group->length, PAGE_SIZE);
		if (memory->entry_count)
			memory->entries[pass->entries] = pass->length;
	}

	pass->entries++;
	pass->needs_sync |= dma_need_sync(pass->dev, address);
	pass->length += length;
	pass->next = end;
	return 0;
}

static int pass_over(struct table_pass *pass, struct sg_table *table)
{
	struct scatterlist *sg;
	unsigned int i;
	int ret;

	for_each_sgtable_dma_sg(table, sg, i) {
		ret = pass_add_entry(pass, sg_dma_address(sg), sg_dma_len(sg));
		if (ret)
			return ret;
	}
	return pass->length ? 0 : -EINVAL;
}

/* What the first pass has counted. */
static struct dmabay_memory *memory_alloc(const struct table_pass *counted, gfp_t gfp)
{
	u32 entries = counted->needs_sync ? counted->entries : 0;
	size_t groups = array_size(counted->groups, sizeof(struct dmabay_group));
	size_t size = size_add(array_size(entries, sizeof(u32)), groups);
	struct dmabay_memory *memory;

	memory = kvzalloc(size_add(sizeof(*memory), size), gfp | __GFP_NOWARN);
	if (!memory)
		return NULL;

	dmabay_object_init(&memory->object, DMABAY_OBJECT_MEMORY);
	kref_init(&memory->kref);
	memory->dev = counted->dev;
	memory->length = counted->length;
	memory->group_count = counted->groups;
	memory->entry_count = entries;
	memory->groups = (void *)(memory + 1);
	memory->entries = (void *)memory->groups + groups;
	return memory;
}

struct dmabay_memory *dmabay_memory_from_mapped(struct device *dev, struct sg_table *table,
						gfp_t gfp)
{
	struct table_pass pass = { .dev = dev };
	int ret;

	ret = pass_over(&pass, table);
	if (ret)
		return ERR_PTR(ret);

	pass = (struct table_pass) { .dev = dev, .memory = memory_alloc(&pass, gfp) };
	if (!pass.memory)
		return ERR_PTR(-ENOMEM);
	pass_over(&pass, table);
	return pass.memory;
}
EXPORT_SYMBOL_GPL(dmabay_memory_from_mapped);

/* The entry that a byte is in. */
static u32 entry_at(const struct dmabay_memory *memory, size_t offset)
{
	u32 low = 0, high = memory->entry_count - 1;

	while (low < high) {
		u32 middle = low + (high - low + 1) / 2;

		if (memory->entries[middle] <= offset)
			low = middle;
		else
			high = middle - 1;
	}
	return low;
}

typedef void (*sync_t)(struct device *dev, dma_addr_t address, size_t length,
		       enum dma_data_direction direction);

/* Tell the DMA API who uses so many bytes of the transfer from now on, if it must know. */
static void sync_entries(const struct dmabay_channel *channel, size_t length, sync_t sync)
{
	const struct dmabay_memory *memory = channel->memory;
	size_t offset = channel->offset, end = offset + length, next;
	const struct dmabay_group *group;
	u32 entry;

	if (!memory->entry_count)
		return;
	for (entry = entry_at(memory, offset); offset < end; offset = next) {
		next = ++entry < memory->entry_count ? memory->entries[entry] : memory->length;
		next = min(next, end);
		group = dmabay_memory_group(memory, offset);
		sync(memory->dev, group->address + offset - group->offset, next - offset,
		     dmabay_channel_direction(channel));
	}
}

static void sync_for_device(struct device *dev, dma_addr_t address, size_t length,
			    enum dma_data_direction direction)
{
	dma_sync_single_for_device(dev, address, length, direction);
}

static void sync_for_cpu(struct device *dev, dma_addr_t address, size_t length,
			 enum dma_data_direction direction)
{
	dma_sync_single_for_cpu(dev, address, length, direction);
}

static ssize_t mapped_map(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			  const struct dmabay_extent *extent, struct dmabay_sg_list *list)
{
	const struct dmabay_group *group = dmabay_memory_group(channel->memory, channel->offset);
	size_t skip = channel->offset - group->offset, done, part;

	for (done = 0; done < extent->length; done += part) {
		part = min(extent->length - done, group->length - skip);
		if (!dmabay_list_append(list, group->address + skip, part, true))
			break;
		skip = 0;
		group++;
	}
	sync_entries(channel, done, sync_for_device);
	return done;
}

static void mapped_unmap(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			 size_t length)
{
	sync_entries(channel, length, sync_for_cpu);
}

static u32 mapped_elements(struct dmabay_adapter *adapter, const struct dmabay_memory *memory,
			   const struct dmabay_extent *extent)
{
	return 1;
}

/* In place of those of the adapter's provider. */
const struct dmabay_mapregs_ops dmabay_mapped_ops = {
	.map = mapped_map,
	.unmap = mapped_unmap,
	.elements = mapped_elements,
};
