// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory: what a transaction transfers.
 *
 * A memory is a list of groups, and a group is a list of pieces. A piece is a
 * run of consecutive page frames. Within a group the pieces follow each other
 * at page boundaries, so a group can be linked to one contiguous range of device
 * addresses; only its first page can start, and only its last page can end, in
 * the middle. Pages are numbered through the whole memory, and every group
 * starts with a page number of its own.
 *
 * Frames are joined to one piece only when whoever described the memory said
 * that they are one range (one scatterlist entry, one bio_vec, one range of the
 * linear map), or when they are neighbours in the same folio. Frames that are
 * neighbours by chance belong to different owners, and may part company.
 *
 * A memory that somebody else has mapped (mapped.c) has groups, but no pieces. What asks
 * for page frames is never given one.
 *
 * A memory is built in two passes over its description, one that counts and one
 * that writes, and never changes afterwards: no lock.
 */
#include <linux/export.h>
#include <linux/gfp.h>
#include <linux/highmem.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "dmabay_private.h"

/* After so many pages others may have the processor: a program decides how many there are. */
#define BUILDER_PAUSE	1024

/* One pass over a description; with memory NULL it only counts. */
struct builder {
	struct dmabay_memory *memory;
	u32 groups;
	u32 pieces;
	u64 pages;
	u64 length;
	/* the end of what was added last */
	unsigned long next_pfn;
	bool at_page_end;
};

static bool builder_same_folio(unsigned long pfn)
{
	return page_folio(pfn_to_page(pfn)) == page_folio(pfn_to_page(pfn - 1));
}

/*
 * Add one range of consecutive page frames. It begins a new group unless it
 * starts at a page start where the range before it ended at a page end.
 */
static void builder_add(struct builder *builder, unsigned long pfn, u32 in_page, size_t length,
			bool new_group)
{
	u32 pages = dmabay_span_pages(in_page, length);
	struct dmabay_group *group;

	new_group |= !builder->groups || in_page || !builder->at_page_end;

	if (new_group) {
		if (builder->memory) {
			group = &builder->memory->groups[builder->groups];
			group->offset = builder->length;
			group->page = builder->pages;
			group->in_page = in_page;
		}
		builder->groups++;
	}

	if (new_group || pfn != builder->next_pfn || !builder_same_folio(pfn)) {
		if (builder->memory) {
			builder->memory->pieces[builder->pieces].pfn = pfn;
			builder->memory->pieces[builder->pieces].page = builder->pages;
		}
		builder->pieces++;
	}

	if (builder->memory) {
		group = &builder->memory->groups[builder->groups - 1];
		group->length += length;
		group->pages += pages;
		builder->memory->pieces[builder->pieces - 1].pages += pages;
	}

	builder->pages += pages;
	builder->length += length;
	builder->next_pfn = pfn + pages;
	builder->at_page_end = PAGE_ALIGNED(in_page + length);
}

/* After the second pass: look for what an IOMMU could map as huge pages. */
static struct dmabay_memory *builder_finish(struct builder *builder)
{
	struct dmabay_memory *memory = builder->memory;
	const struct dmabay_piece *piece;

	for (memory->huge_piece = 0; memory->huge_piece < memory->piece_count;
	     memory->huge_piece++) {
		piece = &memory->pieces[memory->huge_piece];
		if (round_up(piece->pfn, DMABAY_TABLE_PAGES) + DMABAY_TABLE_PAGES <=
		    piece->pfn + piece->pages)
			break;
	}
	dmabay_object_init(&memory->object, DMABAY_OBJECT_MEMORY);
	return memory;
}

/* The same for what whoever describes it must have pinned. */
static struct dmabay_memory *builder_finish_pinned(struct builder *builder)
{
	if (dmabay_debug_pages(builder->memory)) {
		kvfree(builder->memory);
		return ERR_PTR(-EINVAL);
	}
	return builder_finish(builder);
}

/* Between the passes: allocate what the first one counted. */
static int builder_allocate(struct builder *builder, gfp_t gfp)
{
	struct dmabay_memory *memory;
	size_t groups, size;

	if (!builder->length)
		return -EINVAL;
	if (builder->length > U32_MAX)
		return -EOVERFLOW;

	groups = array_size(builder->groups, sizeof(*memory->groups));
	size = size_add(array_size(builder->pieces, sizeof(*memory->pieces)), groups);
	memory = kvzalloc(size_add(sizeof(*memory), size), gfp | __GFP_NOWARN);
	if (!memory)
		return -ENOMEM;

	kref_init(&memory->kref);
	memory->length = builder->length;
	memory->group_count = builder->groups;
	memory->piece_count = builder->pieces;
	memory->groups = (void *)(memory + 1);
	memory->pieces = (void *)memory->groups + groups;

	*builder = (struct builder){ .memory = memory };
	return 0;
}

static void builder_add_pages(struct builder *builder, struct page **pages, unsigned int count,
			      unsigned int offset, size_t length, gfp_t gfp)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		size_t part = min_t(size_t, length, PAGE_SIZE - offset);

		if (!(i % BUILDER_PAUSE) && gfpflags_allow_blocking(gfp))
			cond_resched();
		builder_add(builder, page_to_pfn(pages[i]), offset, part, false);
		length -= part;
		offset = 0;
	}
}

struct dmabay_memory *dmabay_memory_from_pages(struct page **pages, unsigned int count,
					       unsigned int offset, size_t length, gfp_t gfp)
{
	struct builder builder = {};
	int ret;

	if (!count || !length || offset >= PAGE_SIZE)
		return ERR_PTR(-EINVAL);
	if (length > U32_MAX)
		return ERR_PTR(-EOVERFLOW);
	if (dmabay_span_pages(offset, length) != count)
		return ERR_PTR(-EINVAL);

	builder_add_pages(&builder, pages, count, offset, length, gfp);
	ret = builder_allocate(&builder, gfp);
	if (ret)
		return ERR_PTR(ret);
	builder_add_pages(&builder, pages, count, offset, length, gfp);
	return builder_finish_pinned(&builder);
}
EXPORT_SYMBOL_GPL(dmabay_memory_from_pages);

static bool builder_add_sgtable(struct builder *builder, struct sg_table *table)
{
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_sg(table, sg, i) {
		if (!sg->length || builder->length > U32_MAX)
			return false;
		builder_add(builder, page_to_pfn(sg_page(sg)) + (sg->offset >> PAGE_SHIFT),
			    offset_in_page(sg->offset), sg->length, false);
	}
	return true;
}

struct dmabay_memory *dmabay_memory_from_sgtable(struct sg_table *table, gfp_t gfp)
{
	struct builder builder = {};
	int ret;

	if (!builder_add_sgtable(&builder, table))
		return ERR_PTR(builder.length > U32_MAX ? -EOVERFLOW : -EINVAL);
	ret = builder_allocate(&builder, gfp);
	if (ret)
		return ERR_PTR(ret);
	builder_add_sgtable(&builder, table);
	return builder_finish_pinned(&builder);
}
EXPORT_SYMBOL_GPL(dmabay_memory_from_sgtable);

static bool builder_add_bvec(struct builder *builder, const struct bio_vec *bvec,
			     unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (!bvec[i].bv_len || builder->length > U32_MAX)
			return false;
		builder_add(builder,
			    page_to_pfn(bvec[i].bv_page) + (bvec[i].bv_offset >> PAGE_SHIFT),
			    offset_in_page(bvec[i].bv_offset), bvec[i].bv_len, false);
	}
	return true;
}

struct dmabay_memory *dmabay_memory_from_bvec(const struct bio_vec *bvec, unsigned int count,
					      gfp_t gfp)
{
	struct builder builder = {};
	int ret;

	if (!builder_add_bvec(&builder, bvec, count))
		return ERR_PTR(builder.length > U32_MAX ? -EOVERFLOW : -EINVAL);
	ret = builder_allocate(&builder, gfp);
	if (ret)
		return ERR_PTR(ret);
	builder_add_bvec(&builder, bvec, count);
	return builder_finish(&builder);
}
EXPORT_SYMBOL_GPL(dmabay_memory_from_bvec);

static void builder_add_kernel(struct builder *builder, const void *address, size_t length)
{
	if (!is_vmalloc_addr(address)) {
		builder_add(builder, page_to_pfn(virt_to_page(address)), offset_in_page(address),
			    length, false);
		return;
	}
	while (length) {
		size_t part = min_t(size_t, length, PAGE_SIZE - offset_in_page(address));

		builder_add(builder, vmalloc_to_pfn(address), offset_in_page(address), part,
			    false);
		address += part;
		length -= part;
	}
}

struct dmabay_memory *dmabay_memory_from_kernel(const void *address, size_t length, gfp_t gfp)
{
	struct builder builder = {};
	int ret;

	if (!length || (!is_vmalloc_addr(address) && !virt_addr_valid(address)) ||
	    object_is_on_stack(address))
		return ERR_PTR(-EINVAL);
	if (length > U32_MAX)
		return ERR_PTR(-EOVERFLOW);

	builder_add_kernel(&builder, address, length);
	ret = builder_allocate(&builder, gfp);
	if (ret)
		return ERR_PTR(ret);
	builder_add_kernel(&builder, address, length);
	return builder_finish(&builder);
}
EXPORT_SYMBOL_GPL(dmabay_memory_from_kernel);

static bool builder_add_memory(struct builder *builder, const struct dmabay_memory *memory)
{
	const struct dmabay_piece *piece = memory->pieces;
	u32 i;

	for (i = 0; i < memory->group_count; i++) {
		const struct dmabay_group *group = &memory->groups[i];
		size_t left = group->length;
		u32 in_page = group->in_page;

		if (builder->length > U32_MAX)
			return false;
		while (left) {
			size_t part = min_t(size_t, left,
					    ((size_t)piece->pages << PAGE_SHIFT) - in_page);

			builder_add(builder, piece->pfn, in_page, part, left == group->length);
			left -= part;
			in_page = 0;
			piece++;
		}
	}
	return true;
}

static bool builder_add_chain(struct builder *builder, struct dmabay_memory *const *parts,
			      unsigned int count)
{
	unsigned int i;

	for (i = 0; i < count; i++)
		if (!builder_add_memory(builder, parts[i]))
			return false;
	return true;
}

struct dmabay_memory *dmabay_memory_chain(struct dmabay_memory *const *parts, unsigned int count,
					  gfp_t gfp)
{
	struct builder builder = {};
	unsigned int i;
	int ret;

	for (i = 0; i < count; i++)
		if (parts[i]->dev)
			return ERR_PTR(-EOPNOTSUPP);
	if (!builder_add_chain(&builder, parts, count))
		return ERR_PTR(-EOVERFLOW);
	ret = builder_allocate(&builder, gfp);
	if (ret)
		return ERR_PTR(ret);
	builder_add_chain(&builder, parts, count);
	for (i = 0; i < count; i++) {
		builder.memory->read_only |= parts[i]->read_only;
		builder.memory->borrowed |= parts[i]->borrowed;
	}
	return builder_finish(&builder);
}
EXPORT_SYMBOL_GPL(dmabay_memory_chain);

void dmabay_memory_set_read_only(struct dmabay_memory *memory)
{
	memory->read_only = true;
}
EXPORT_SYMBOL_GPL(dmabay_memory_set_read_only);

void dmabay_memory_set_borrowed(struct dmabay_memory *memory)
{
	memory->borrowed = true;
}
EXPORT_SYMBOL_GPL(dmabay_memory_set_borrowed);

struct dmabay_memory *dmabay_memory_get(struct dmabay_memory *memory)
{
	if (dmabay_check_memory(memory))
		return memory;
	kref_get(&memory->kref);
	dmabay_debug_references(&memory->kref);
	return memory;
}
EXPORT_SYMBOL_GPL(dmabay_memory_get);

/* Any context may hold the last reference, and kvfree() may sleep. */
static void memory_release(struct kref *kref)
{
	struct dmabay_memory *memory = container_of(kref, struct dmabay_memory, kref);

	/* Better lost than written by a device. */
	if (!dmabay_grant_holds(memory) && !dmabay_object_bury(&memory->object, memory))
		kvfree_rcu(memory, rcu);
}

void dmabay_memory_put(struct dmabay_memory *memory)
{
	if (memory && !dmabay_check_memory(memory))
		kref_put(&memory->kref, memory_release);
}
EXPORT_SYMBOL_GPL(dmabay_memory_put);

size_t dmabay_memory_length(const struct dmabay_memory *memory)
{
	return memory->length;
}
EXPORT_SYMBOL_GPL(dmabay_memory_length);

/**
 * dmabay_memory_find_group() - The group that a byte is in
 * @memory: the memory
 * @offset: bytes; inside the memory
 *
 * See dmabay_memory_group().
 *
 * Return: the group.
 */
const struct dmabay_group *dmabay_memory_find_group(const struct dmabay_memory *memory,
						    size_t offset)
{
	u32 low = 0, high = memory->group_count - 1;

	while (low < high) {
		u32 middle = low + (high - low + 1) / 2;

		if (memory->groups[middle].offset <= offset)
			low = middle;
		else
			high = middle - 1;
	}
	return &memory->groups[low];
}

/**
 * dmabay_memory_find_piece() - The piece that a page is in
 * @memory: the memory
 * @page: number of the page
 *
 * See dmabay_memory_piece().
 *
 * Return: the piece.
 */
const struct dmabay_piece *dmabay_memory_find_piece(const struct dmabay_memory *memory, u32 page)
{
	u32 low = 0, high = memory->piece_count - 1;

	while (low < high) {
		u32 middle = low + (high - low + 1) / 2;

		if (memory->pieces[middle].page <= page)
			low = middle;
		else
			high = middle - 1;
	}
	return &memory->pieces[low];
}

/* The number of the page that a byte is in. */
static u32 memory_page(const struct dmabay_memory *memory, size_t offset)
{
	const struct dmabay_group *group = dmabay_memory_group(memory, offset);

	return group->page + ((offset - group->offset + group->in_page) >> PAGE_SHIFT);
}

/**
 * dmabay_memory_range() - Clip a range to so many pages
 * @memory: the memory
 * @offset: bytes; inside the memory
 * @length: bytes; not 0, inside the memory
 * @most_pages: not 0
 * @range: out: the pages of the range, through all its groups
 */
void dmabay_memory_range(const struct dmabay_memory *memory, size_t offset, size_t length,
			 u32 most_pages, struct dmabay_extent *range)
{
	const struct dmabay_group *group;
	u32 end;

	dmabay_memory_extent(memory, offset, length, range);
	range->length = length;
	range->pages = memory_page(memory, offset + length - 1) - range->page + 1;
	if (range->pages <= most_pages)
		return;

	range->pages = most_pages;
	end = range->page + most_pages;
	group = dmabay_memory_group(memory, offset);
	while (group->page + group->pages < end)
		group++;
	range->length = group->offset - offset +
			min(group->length, ((size_t)(end - group->page) << PAGE_SHIFT) -
					   group->in_page);
}

/**
 * dmabay_walk_count() - Runs of consecutive page frames
 * @memory: the memory
 * @extent: the pages
 * @longest: more pages than that are several runs
 * @most: where to stop counting
 *
 * Return: runs, but not more than @most.
 */
u32 dmabay_walk_count(const struct dmabay_memory *memory, const struct dmabay_extent *extent,
		      u32 longest, u32 most)
{
	struct dmabay_walk walk;
	unsigned long pfn;
	u32 runs, pages;

	dmabay_walk_start(&walk, memory, extent->page, extent->pages);
	for (runs = 0; runs < most && (pages = dmabay_walk_run(&walk, &pfn)); runs++)
		dmabay_walk_advance(&walk, min(pages, longest));
	return runs;
}

/**
 * dmabay_runs_group() - Go on with the next group
 * @runs: the walk, at the start, or at the end of a group; something is left
 */
void dmabay_runs_group(struct dmabay_runs *runs)
{
	struct dmabay_extent group;

	dmabay_memory_extent(runs->memory, runs->offset, runs->left, &group);
	dmabay_walk_start(&runs->walk, runs->memory, group.page, group.pages);
	runs->group_left = group.length;
	runs->in_page = group.in_page;
}

/**
 * dmabay_memory_span() - Pages that a range touches, group by group
 * @memory: the memory
 * @offset: bytes; inside the memory
 * @length: bytes; inside the memory
 *
 * Return: pages.
 */
u64 dmabay_memory_span(const struct dmabay_memory *memory, size_t offset, size_t length)
{
	if (!length)
		return 0;
	return memory_page(memory, offset + length - 1) - memory_page(memory, offset) + 1;
}

/**
 * dmabay_memory_copy() - Copy by CPU
 * @memory: the memory
 * @offset: bytes into it
 * @buffer: the other side
 * @length: bytes; inside one group of the memory
 * @direction: %DMABAY_WRITE_TO_DEVICE copies out of @memory
 */
void dmabay_memory_copy(const struct dmabay_memory *memory, size_t offset, void *buffer,
			size_t length, enum dmabay_direction direction)
{
	struct dmabay_runs runs = {
		.memory = memory,
		.offset = offset,
		.left = length,
		.longest = 1,
	};

	while (dmabay_runs_next(&runs)) {
		struct page *page = pfn_to_page(runs.pfn);

		if (direction == DMABAY_WRITE_TO_DEVICE)
			memcpy_from_page(buffer, page, runs.in_page, runs.length);
		else
			memcpy_to_page(page, runs.in_page, buffer, runs.length);
		buffer += runs.length;
	}
}
