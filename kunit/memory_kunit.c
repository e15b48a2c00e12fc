// SPDX-License-Identifier: GPL-2.0-only
/* Memory: how it is described, what belongs together in it, and where it ends. */
#include <linux/bvec.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/sort.h>
#include <linux/vmalloc.h>

#include "rig.h"

/* V38: every offset class and length class, against counting page by page. */
static void memory_v38_span_pages(struct kunit *test)
{
	static const size_t at[] = { 0, 1, 2, 3, 511, 512, 2048, 4094, 4095 };
	size_t length, end;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(at); i++) {
		size_t offset = at[i] * PAGE_SIZE / 4096 + at[i] % 4;

		if (offset >= PAGE_SIZE)
			offset = PAGE_SIZE - 1;
		for (length = 1; length < 5 * PAGE_SIZE; length += 1 + length / 97) {
			unsigned long pages = 0;

			for (end = 0; end < offset + length; end += PAGE_SIZE)
				pages++;
			KUNIT_ASSERT_EQ(test, dmabay_span_pages(offset, length), pages);
			/* Only the place in the page matters. */
			KUNIT_ASSERT_EQ(test, dmabay_span_pages(offset + 7 * PAGE_SIZE, length),
					pages);
		}
	}
	KUNIT_EXPECT_EQ(test, dmabay_span_pages(0, 0), 0);
	KUNIT_EXPECT_EQ(test, dmabay_span_pages(5 * PAGE_SIZE, 0), 0);
	KUNIT_EXPECT_EQ(test, dmabay_span_pages(PAGE_SIZE - 1, 2), 2);
	KUNIT_EXPECT_EQ(test, dmabay_span_pages(PAGE_SIZE - 1, 8 * PAGE_SIZE), 9);
	KUNIT_EXPECT_EQ(test, dmabay_span_pages(PAGE_SIZE - 1, U32_MAX), (1UL << 20) + 1);
}

static void memory_expect_error(struct kunit *test, struct dmabay_memory *memory, int error)
{
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(memory), error);
	if (!IS_ERR(memory))
		dmabay_memory_put(memory);
}

static void memory_from_pages_bounds(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct page **pages = rig_pages(rig, 2)->pages;

	memory_expect_error(test, dmabay_memory_from_pages(pages, 0, 0, 1, GFP_KERNEL), -EINVAL);
	memory_expect_error(test, dmabay_memory_from_pages(pages, 1, 0, 0, GFP_KERNEL), -EINVAL);
	memory_expect_error(test, dmabay_memory_from_pages(pages, 2, PAGE_SIZE, 1, GFP_KERNEL),
			    -EINVAL);
	/* Must end in the last page: neither before nor behind it. */
	memory_expect_error(test, dmabay_memory_from_pages(pages, 3, 0, 2 * PAGE_SIZE, GFP_KERNEL),
			    -EINVAL);
	memory_expect_error(test, dmabay_memory_from_pages(pages, 2, 1, 2 * PAGE_SIZE, GFP_KERNEL),
			    -EINVAL);
	memory_expect_error(test, dmabay_memory_from_pages(pages, 2, 0, PAGE_SIZE + 1, GFP_KERNEL),
			    0);
	memory_expect_error(test, dmabay_memory_from_pages(pages, 1, PAGE_SIZE - 1, 1, GFP_KERNEL),
			    0);
}

/* 2^32 - 1 bytes is the longest memory; the same page over and over is one, too. */
static void memory_length_limit(struct kunit *test)
{
	const unsigned int count = 1U << (32 - PAGE_SHIFT);
	struct rig *rig = rig_prepare(test);
	struct page *page = rig_pages(rig, 0)->pages[0];
	struct dmabay_memory *memory, *parts[2];
	struct page **pages;
	unsigned int i;

	pages = kvmalloc_array(count, sizeof(*pages), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pages);
	for (i = 0; i < count; i++)
		pages[i] = page;

	memory_expect_error(test, dmabay_memory_from_pages(pages, count, 0, 1ULL << 32,
							   GFP_KERNEL), -EOVERFLOW);
	memory = dmabay_memory_from_pages(pages, count, 0, U32_MAX, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(memory), 0);
	if (!IS_ERR(memory)) {
		KUNIT_EXPECT_EQ(test, dmabay_memory_length(memory), U32_MAX);
		dmabay_memory_put(memory);
	}

	memory = dmabay_memory_from_pages(pages, count / 2, 0, 1ULL << 31, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(memory), 0);
	if (!IS_ERR(memory)) {
		parts[0] = memory;
		parts[1] = memory;
		memory_expect_error(test, dmabay_memory_chain(parts, 2, GFP_KERNEL), -EOVERFLOW);
		dmabay_memory_put(memory);
	}
	kvfree(pages);
}

static void memory_from_kernel_bounds(struct kunit *test)
{
	u8 on_stack[64];
	u8 *small = kunit_kzalloc(test, 64, GFP_KERNEL);
	u8 *large = vmalloc(3 * PAGE_SIZE);
	struct dmabay_memory *memory;

	KUNIT_ASSERT_NOT_NULL(test, small);
	memory_expect_error(test, dmabay_memory_from_kernel(small, 0, GFP_KERNEL), -EINVAL);
	memory_expect_error(test, dmabay_memory_from_kernel(on_stack, sizeof(on_stack), GFP_KERNEL),
			    -EINVAL);
	memory_expect_error(test, dmabay_memory_from_kernel(NULL, 64, GFP_KERNEL), -EINVAL);
	memory_expect_error(test, dmabay_memory_from_kernel((void *)0x1000, 64, GFP_KERNEL),
			    -EINVAL);

	memory = dmabay_memory_from_kernel(small + 3, 61, GFP_KERNEL);
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(memory), 0);
	if (!IS_ERR(memory)) {
		KUNIT_EXPECT_EQ(test, dmabay_memory_length(memory), 61);
		dmabay_memory_put(memory);
	}

	KUNIT_EXPECT_NOT_NULL(test, large);
	if (large) {
		memory = dmabay_memory_from_kernel(large + 100, 2 * PAGE_SIZE, GFP_KERNEL);
		KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(memory), 0);
		if (!IS_ERR(memory)) {
			KUNIT_EXPECT_EQ(test, dmabay_memory_length(memory), 2 * PAGE_SIZE);
			dmabay_memory_put(memory);
		}
		vfree(large);
	}
	dmabay_memory_put(NULL);
}

/* Bytes that a device writes arrive at the addresses that were described. */
static void memory_from_kernel_is_that_memory(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	const size_t length = 2 * PAGE_SIZE;
	struct dmabay_memory *memory;
	u8 *bytes = vmalloc(3 * PAGE_SIZE);
	size_t done = 0, i;
	int ret;

	KUNIT_ASSERT_NOT_NULL(test, bytes);
	memset(bytes, 0xee, 3 * PAGE_SIZE);
	memory = dmabay_memory_from_kernel(bytes + 100, length, GFP_KERNEL);
	if (IS_ERR(memory)) {
		vfree(bytes);
		KUNIT_FAIL_AND_ABORT(test, "no memory of vmalloc space");
	}
	rig_initialize_direction(t, DMABAY_READ_FROM_DEVICE, memory, 0, length);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	do {
		rig_transfer_write(t, done, t->length, 5);
		done += t->length;
		ret = rig_complete(t);
	} while (ret == -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	dmabay_memory_put(memory);

	for (i = 0; i < length && bytes[100 + i] == rig_pattern(5, i); i++)
		;
	KUNIT_EXPECT_EQ(test, i, length);
	KUNIT_EXPECT_EQ(test, bytes[99], 0xee);
	KUNIT_EXPECT_EQ(test, bytes[100 + length], 0xee);
	vfree(bytes);
}

/*
 * The lengths of the transfers of a memory show its groups: none crosses from one
 * to the next, and none is shorter. (The default rig copies scattered pages.)
 */
static void memory_expect_groups(struct rig_transaction *t, struct dmabay_memory *memory,
				 unsigned int count, const size_t *lengths)
{
	t->rig->events = 0;
	rig_initialize_direction(t, DMABAY_READ_FROM_DEVICE, memory, 0,
				 dmabay_memory_length(memory));
	rig_run(t);
	rig_expect_lengths(t->rig, count, lengths);
}

#define MEMORY_EXPECT_GROUPS(rig, memory, ...)						\
	memory_expect_groups(rig_transaction(rig), memory,				\
			     ARRAY_SIZE(((size_t[]) { __VA_ARGS__ })),			\
			     ((size_t[]) { __VA_ARGS__ }))

static void memory_pages_are_one_group(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);

	MEMORY_EXPECT_GROUPS(rig, rig_scattered(rig, 0, 4 * PAGE_SIZE)->memory, 4 * PAGE_SIZE);
	MEMORY_EXPECT_GROUPS(rig, rig_scattered(rig, 100, 3 * PAGE_SIZE)->memory, 3 * PAGE_SIZE);
}

/* Entries that meet at a page boundary are one group, others begin a new one. */
static void memory_sgtable_groups(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct page **pages = rig_scattered(rig, 0, 6 * PAGE_SIZE)->pages;
	struct dmabay_memory *memory;
	struct scatterlist *entry;
	struct sg_table table;

	KUNIT_ASSERT_EQ(test, sg_alloc_table(&table, 6, GFP_KERNEL), 0);
	entry = table.sgl;
	sg_set_page(entry, pages[0], 96, PAGE_SIZE - 96);	/* ends at a page end */
	entry = sg_next(entry);
	sg_set_page(entry, pages[1], PAGE_SIZE, 0);		/* meets it: same group */
	entry = sg_next(entry);
	sg_set_page(entry, pages[2], PAGE_SIZE - 8, 0);		/* meets it, ends early */
	entry = sg_next(entry);
	sg_set_page(entry, pages[3], PAGE_SIZE, 0);		/* a gap before it */
	entry = sg_next(entry);
	sg_set_page(entry, pages[4], PAGE_SIZE - 16, 16);	/* starts late */
	entry = sg_next(entry);
	sg_set_page(entry, pages[5], 512, 0);			/* meets it */

	memory = dmabay_memory_from_sgtable(&table, GFP_KERNEL);
	sg_free_table(&table);
	KUNIT_ASSERT_EQ(test, PTR_ERR_OR_ZERO(memory), 0);
	KUNIT_EXPECT_EQ(test, dmabay_memory_length(memory), 4 * PAGE_SIZE + 88 + 496);
	MEMORY_EXPECT_GROUPS(rig, memory, 2 * PAGE_SIZE + 88, PAGE_SIZE, PAGE_SIZE + 496);
	dmabay_memory_put(memory);
}

static void memory_bvec_groups(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct page **pages = rig_scattered(rig, 0, 4 * PAGE_SIZE)->pages;
	struct dmabay_memory *memory;
	struct bio_vec bvec[4];

	bvec_set_page(&bvec[0], pages[0], PAGE_SIZE, 0);
	bvec_set_page(&bvec[1], pages[1], 1000, 0);
	bvec_set_page(&bvec[2], pages[2], 2000, PAGE_SIZE - 2000);
	bvec_set_page(&bvec[3], pages[3], 1, 0);
	memory = dmabay_memory_from_bvec(bvec, 4, GFP_KERNEL);
	memset(bvec, 0xff, sizeof(bvec));
	KUNIT_ASSERT_EQ(test, PTR_ERR_OR_ZERO(memory), 0);
	MEMORY_EXPECT_GROUPS(rig, memory, PAGE_SIZE + 1000, 2001);
	dmabay_memory_put(memory);

	memory_expect_error(test, dmabay_memory_from_bvec(bvec, 0, GFP_KERNEL), -EINVAL);
}

/* Groups stay apart even where they meet at a page boundary; the parts may go. */
static void memory_chain_groups(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_buffer *a = rig_contiguous(rig, 0, 2 * PAGE_SIZE);
	struct rig_buffer *b = rig_scattered(rig, 0, PAGE_SIZE);
	struct dmabay_memory *parts[3] = { a->memory, b->memory, a->memory };
	struct dmabay_memory *chain, *twice;

	memory_expect_error(test, dmabay_memory_chain(parts, 0, GFP_KERNEL), -EINVAL);
	chain = dmabay_memory_chain(parts, 3, GFP_KERNEL);
	KUNIT_ASSERT_EQ(test, PTR_ERR_OR_ZERO(chain), 0);
	dmabay_memory_put(a->memory);
	dmabay_memory_put(b->memory);
	a->memory = NULL;
	b->memory = NULL;
	KUNIT_EXPECT_EQ(test, dmabay_memory_length(chain), 5 * PAGE_SIZE);
	MEMORY_EXPECT_GROUPS(rig, chain, 2 * PAGE_SIZE, PAGE_SIZE, 2 * PAGE_SIZE);

	parts[0] = chain;
	parts[1] = chain;
	twice = dmabay_memory_chain(parts, 2, GFP_KERNEL);
	KUNIT_ASSERT_EQ(test, PTR_ERR_OR_ZERO(twice), 0);
	dmabay_memory_put(chain);
	MEMORY_EXPECT_GROUPS(rig, twice, 2 * PAGE_SIZE, PAGE_SIZE, 2 * PAGE_SIZE, 2 * PAGE_SIZE,
			     PAGE_SIZE, 2 * PAGE_SIZE);
	dmabay_memory_put(twice);
}

/* The device may only read it: refused where it would write, state unchanged. */
static void memory_read_only(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, PAGE_SIZE);

	dmabay_memory_set_read_only(buffer->memory);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_initialize(t->transaction, rig_program,
							    DMABAY_READ_FROM_DEVICE,
							    buffer->memory, PAGE_SIZE), -EACCES);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_initialize(t->transaction, rig_program,
							    DMABAY_WRITE_TO_DEVICE,
							    buffer->memory, PAGE_SIZE), 0);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, PAGE_SIZE);
}

/* A chain with a part that the device may only read is not to be written either. */
static void memory_read_only_chain(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct dmabay_memory *parts[2] = {
		rig_contiguous(rig, 0, PAGE_SIZE)->memory,
		rig_contiguous(rig, 0, PAGE_SIZE)->memory,
	};
	struct dmabay_memory *chain;

	dmabay_memory_set_read_only(parts[1]);
	chain = dmabay_memory_chain(parts, 2, GFP_KERNEL);
	KUNIT_ASSERT_EQ(test, PTR_ERR_OR_ZERO(chain), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_initialize(t->transaction, rig_program,
							    DMABAY_READ_FROM_DEVICE, chain,
							    2 * PAGE_SIZE), -EACCES);
	dmabay_memory_put(chain);
}

/* From initialize to release the transaction has a reference of its own. */
static void memory_lives_as_long_as_needed(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, PAGE_SIZE);

	KUNIT_EXPECT_PTR_EQ(test, dmabay_memory_get(buffer->memory), buffer->memory);
	rig_initialize(t, buffer, PAGE_SIZE);
	dmabay_memory_put(buffer->memory);
	dmabay_memory_put(buffer->memory);
	buffer->memory = NULL;
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, PAGE_SIZE);
}

static void memory_used_twice_at_once(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *a = rig_transaction(rig), *b = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 2 * PAGE_SIZE);

	rig_fill(buffer, 77);
	rig_initialize_direction(a, DMABAY_WRITE_TO_DEVICE, buffer->memory, 0, 2 * PAGE_SIZE);
	rig_initialize_direction(b, DMABAY_WRITE_TO_DEVICE, buffer->memory, PAGE_SIZE, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, rig_execute(a), 0);
	KUNIT_EXPECT_EQ(test, rig_execute(b), 0);
	KUNIT_EXPECT_EQ(test, rig_transfer_matching(a, 0, a->length, 77), a->length);
	KUNIT_EXPECT_EQ(test, rig_transfer_matching(b, PAGE_SIZE, b->length, 77), b->length);
	rig_finish(a);
	KUNIT_EXPECT_EQ(test, rig_transfer_matching(b, PAGE_SIZE, b->length, 77), b->length);
	rig_finish(b);
}

/* Pages of folios and pages on their own, some of them neighbours by chance. */
struct memory_pool {
	struct rig *rig;
	struct page *pages[64];
	unsigned int count;
};

static void memory_pool_add(struct memory_pool *pool, unsigned int order, bool split)
{
	struct page *page;
	unsigned int i;

	if (split) {
		struct rig_buffer *buffer = rig_pages(pool->rig, 0);

		/* Let the rig free what was one block, and is many pages now. */
		page = alloc_pages(GFP_KERNEL | __GFP_ZERO, order);
		KUNIT_ASSERT_NOT_NULL(pool->rig->test, page);
		split_page(page, order);
		__free_page(buffer->pages[0]);
		kvfree(buffer->pages);
		buffer->pages = kvcalloc(1U << order, sizeof(*buffer->pages), GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(pool->rig->test, buffer->pages);
		for (i = 0; i < 1U << order; i++)
			buffer->pages[i] = page + i;
		buffer->count = 1U << order;
		buffer->contiguous = false;
	} else {
		page = rig_pages(pool->rig, order)->pages[0];
	}
	for (i = 0; i < 1U << order; i++)
		pool->pages[pool->count++] = page + i;
}

/*
 * R05: only consecutive frames of one folio are one run. Seen from the direct
 * provider, which maps one run and no more. The list of pages, and where it is
 * cut, are random; the runs expected are found by the frame numbers alone.
 */
static void memory_runs_stay_in_their_folio(struct kunit *test)
{
	const unsigned int rounds = rig_some(rig_many(100000));
	struct rnd_state random;
	u32 seed = get_random_u32();
	struct memory_pool *pool;
	struct rig_transaction *t;
	struct page *pages[64];
	unsigned int round, i;
	struct rig *rig;

	test->param_value = &rig_providers[0];
	rig = rig_start(test, 64 * PAGE_SIZE, 65);
	pool = kunit_kzalloc(test, sizeof(*pool), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, pool);
	pool->rig = rig;
	memory_pool_add(pool, 4, false);
	memory_pool_add(pool, 3, true);
	memory_pool_add(pool, 3, false);
	memory_pool_add(pool, 2, false);
	memory_pool_add(pool, 4, true);
	memory_pool_add(pool, 1, false);
	t = rig_transaction(rig);

	prandom_seed_state(&random, seed);
	kunit_info(test, "seed %u\n", seed);
	for (round = 0; round < rounds && !rig_time_is_up(rig); round++) {
		size_t expected[64], offset, length;
		unsigned int count = 0, runs = 0;
		struct dmabay_memory *memory;

		/* Runs of the pool, long and short, from anywhere in it. */
		while (count < 32) {
			unsigned int from = prandom_u32_state(&random) % pool->count;
			unsigned int n = 1 + prandom_u32_state(&random) % 16;

			for (i = 0; i < n && from + i < pool->count && count < 32; i++)
				pages[count++] = pool->pages[from + i];
			if (prandom_u32_state(&random) % 4 == 0)
				break;
		}
		offset = prandom_u32_state(&random) % PAGE_SIZE;
		length = count * PAGE_SIZE - offset - prandom_u32_state(&random) %
			 (count == 1 ? PAGE_SIZE - offset : PAGE_SIZE);
		for (i = 0; i < count; i++) {
			size_t bytes = PAGE_SIZE;

			if (i == 0)
				bytes -= offset;
			if (i == count - 1)
				bytes -= count * PAGE_SIZE - offset - length;
			if (i && page_to_pfn(pages[i]) == page_to_pfn(pages[i - 1]) + 1 &&
			    page_folio(pages[i]) == page_folio(pages[i - 1]))
				expected[runs - 1] += bytes;
			else
				expected[runs++] = bytes;
		}

		memory = dmabay_memory_from_pages(pages, count, offset, length, GFP_KERNEL);
		KUNIT_ASSERT_EQ(test, PTR_ERR_OR_ZERO(memory), 0);
		memory_expect_groups(t, memory, runs, expected);
		dmabay_memory_put(memory);
		if (test->status == KUNIT_FAILURE) {
			kunit_info(test, "in round %u of seed %u\n", round, seed);
			break;
		}
		cond_resched();
	}
	kunit_info(test, "%u lists of pages, %u runs\n", round, t->programmed);
}

static struct kunit_case memory_cases[] = {
	KUNIT_CASE(memory_v38_span_pages),
	KUNIT_CASE(memory_from_pages_bounds),
	KUNIT_CASE(memory_length_limit),
	KUNIT_CASE(memory_from_kernel_bounds),
	RIG_CASE_PROFILES(memory_from_kernel_is_that_memory),
	KUNIT_CASE(memory_pages_are_one_group),
	KUNIT_CASE(memory_sgtable_groups),
	KUNIT_CASE(memory_bvec_groups),
	KUNIT_CASE(memory_chain_groups),
	KUNIT_CASE(memory_read_only),
	KUNIT_CASE(memory_read_only_chain),
	RIG_CASE_PROFILES(memory_lives_as_long_as_needed),
	RIG_CASE_PROFILES(memory_used_twice_at_once),
	KUNIT_CASE_SLOW(memory_runs_stay_in_their_folio),
	{}
};

struct kunit_suite dmabay_memory_suite = {
	.name = "dmabay_memory",
	.exit = rig_end,
	.test_cases = memory_cases,
};
kunit_test_suite(dmabay_memory_suite);
