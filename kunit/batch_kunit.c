// SPDX-License-Identifier: GPL-2.0-only
/*
 * Batches: transfers that are mapped and unmapped with one call, what that costs and what
 * the device reaches; what is linked already; and what a lazy host lets stay for a while.
 */
#include <linux/delay.h>
#include <linux/iommu.h>
#include <linux/sizes.h>
#include <linux/slab.h>

#include "rig.h"

#define BATCH_MOST	64

struct batch {
	struct rig *rig;
	struct rig_transaction *t;
	struct dmabay_channel *channel;
	struct rig_buffer *buffer[BATCH_MOST];
	struct dmabay_batch_entry entries[BATCH_MOST];
	struct dmabay_adapter_counters before;
};

static struct batch *batch_start_any(struct kunit *test, unsigned int map_registers)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, (map_registers - 1) * PAGE_SIZE,
							 map_registers);
	struct batch *batch = kunit_kzalloc(test, sizeof(*batch), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, batch);
	config.flags = DMABAY_ENABLER_KEEP_LINKS;
	rig_enable(rig, &config);
	batch->rig = rig;
	batch->t = rig_transaction(rig);
	KUNIT_ASSERT_EQ(test, rig_reserve(batch->t, map_registers), 0);
	batch->channel = dmabay_transaction_channel(batch->t->transaction);
	return batch;
}

/* A reservation of so many registers, with a window behind it. */
static struct batch *batch_start(struct kunit *test, unsigned int map_registers)
{
	const struct rig_provider *param = test->param_value;

	if (param->provider != DMABAY_PROVIDER_IOVA)
		kunit_skip(test, "this provider maps no batches");
	return batch_start_any(test, map_registers);
}

/* An entry for a part of a buffer. */
static void batch_entry(struct batch *batch, unsigned int i, struct rig_buffer *buffer,
			size_t offset, size_t length, enum dmabay_direction direction)
{
	batch->buffer[i] = buffer;
	batch->entries[i] = (struct dmabay_batch_entry){
		.memory = buffer->memory,
		.offset = offset,
		.length = length,
		.direction = direction,
	};
}

/* Entries for so many whole buffers, from @first on. */
static void batch_fill(struct batch *batch, unsigned int first, unsigned int count, size_t length,
		       bool contiguous)
{
	struct rig_buffer *buffer;
	unsigned int i;

	for (i = first; i < first + count; i++) {
		buffer = contiguous ? rig_contiguous(batch->rig, 0, length) :
				      rig_scattered(batch->rig, 0, length);
		batch_entry(batch, i, buffer, 0, length, DMABAY_READ_FROM_DEVICE);
	}
}

static int batch_map(struct batch *batch, unsigned int count)
{
	dmabay_adapter_counters(batch->rig->adapter, &batch->before);
	return dmabay_adapter_map_batch(batch->rig->adapter, batch->channel, batch->entries, count);
}

static void batch_unmap(struct batch *batch)
{
	dmabay_adapter_unmap_batch(batch->rig->adapter, batch->channel);
}

/* What it has cost since it was mapped. */
static void batch_expect_cost(struct batch *batch, u64 links, u64 unlinks, u64 flushes)
{
	struct kunit *test = batch->rig->test;
	struct dmabay_adapter_counters now;

	dmabay_adapter_counters(batch->rig->adapter, &now);
	KUNIT_EXPECT_EQ(test, now.links - batch->before.links, links);
	KUNIT_EXPECT_EQ(test, now.unlinks - batch->before.unlinks, unlinks);
	KUNIT_EXPECT_EQ(test, now.flushes - batch->before.flushes, flushes);
}

static u64 batch_linked_bytes(struct batch *batch)
{
	struct dmabay_adapter_counters now;

	dmabay_adapter_counters(batch->rig->adapter, &now);
	return now.linked_bytes;
}

/* Pages of the first entries that translate as expected: to their frames, or to nothing. */
static void batch_expect_reach(struct batch *batch, unsigned int count, bool reached)
{
	unsigned int i, page, first, pages, wrong = 0;
	const struct dmabay_batch_entry *entry;
	phys_addr_t phys;

	for (i = 0; i < count; i++) {
		entry = &batch->entries[i];
		first = (batch->buffer[i]->offset + entry->offset) >> PAGE_SHIFT;
		pages = dmabay_span_pages(batch->buffer[i]->offset + entry->offset, entry->length);
		for (page = 0; page < pages; page++) {
			phys = rig_translate(batch->rig, (entry->address & PAGE_MASK) +
							 page * PAGE_SIZE);
			wrong += phys != (reached ?
					  page_to_phys(batch->buffer[i]->pages[first + page]) : 0);
		}
	}
	KUNIT_EXPECT_EQ(batch->rig->test, wrong, 0);
}

static const struct {
	unsigned int count;
	unsigned int pages;
	bool contiguous;
} batch_shapes[] = {
	{ 1, 1, false }, { 4, 1, false }, { 16, 1, false }, { 64, 1, false },
	{ 1, 16, false }, { 16, 16, false }, { 32, 16, true }, { 16, 16, true },
	{ 1, 256, true }, { 2, 256, true }, { 1, 512, true }, { 3, 37, false },
};

/* T9: whatever the batch, it is one unlink call and one flush. */
static void batch_is_one_flush(struct kunit *test)
{
	struct batch *batch = batch_start(test, 1024);
	unsigned int i, links;

	for (i = 0; i < ARRAY_SIZE(batch_shapes); i++) {
		const unsigned int count = batch_shapes[i].count, pages = batch_shapes[i].pages;

		batch_fill(batch, 0, count, pages * PAGE_SIZE, batch_shapes[i].contiguous);
		KUNIT_ASSERT_EQ(test, batch_map(batch, count), count);
		links = batch_shapes[i].contiguous ? count : count * pages;
		batch_expect_cost(batch, links, 0, 0);
		KUNIT_EXPECT_EQ(test, batch_linked_bytes(batch), count * pages * PAGE_SIZE);
		batch_expect_reach(batch, count, true);
		batch_unmap(batch);
		batch_expect_cost(batch, links, 1, 1);
		KUNIT_EXPECT_EQ(test, batch_linked_bytes(batch), 0);
		batch_expect_reach(batch, count, false);
	}
}

/* Every byte goes to its transfer, and comes from it, in one batch of both directions. */
static void batch_moves_bytes(struct kunit *test)
{
	struct batch *batch = batch_start(test, 64);
	struct rig *rig = batch->rig;
	unsigned int i, pages = 0;

	for (i = 0; i < 8; i++) {
		batch_entry(batch, i, rig_scattered(rig, 100 * i, 9000), 50, 8000, i % 2);
		pages += dmabay_span_pages(100 * i + 50, 8000);
		rig_fill(batch->buffer[i], 10 + i);
	}
	KUNIT_ASSERT_EQ(test, batch_map(batch, 8), 8);
	for (i = 0; i < 8; i++) {
		dma_addr_t address = batch->entries[i].address;

		if (i % 2 == DMABAY_READ_FROM_DEVICE)
			rig_device_write(rig, address, 50, 8000, 100 + i);
		else
			KUNIT_EXPECT_EQ(test, rig_device_matching(rig, address, 50, 8000, 10 + i),
					8000);
	}
	batch_unmap(batch);
	batch_expect_cost(batch, pages, 1, 1);
	for (i = 0; i < 8; i++) {
		const bool read = i % 2 == DMABAY_READ_FROM_DEVICE;

		KUNIT_EXPECT_EQ(test, rig_matching(batch->buffer[i], 0, 50, 10 + i), 50);
		KUNIT_EXPECT_EQ(test, rig_matching(batch->buffer[i], 50, 8000,
						   read ? 100 + i : 10 + i), 8000);
		KUNIT_EXPECT_EQ(test, rig_matching(batch->buffer[i], 8050, 950, 10 + i), 950);
	}
}

/* Of more than fits the first ones are mapped. */
static void batch_takes_what_fits(struct kunit *test)
{
	static const struct {
		unsigned int map_registers;
		unsigned int pages;
		unsigned int fit;
	} cases[] = {
		{ 16, 1, 16 }, { 16, 16, 1 }, { 17, 1, 17 }, { 24, 5, 4 }, { 512, 20, 12 },
		{ 512, 256, 1 }, { 1024, 16, 32 }, { 1024, 30, 17 },
		{ 1024, 512, 1 },
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		struct batch *batch = batch_start(test, cases[i].map_registers);

		batch_fill(batch, 0, 40, cases[i].pages * PAGE_SIZE, true);
		KUNIT_ASSERT_EQ(test, batch_map(batch, 40), cases[i].fit);
		batch_expect_reach(batch, cases[i].fit, true);
		batch_unmap(batch);
		batch_expect_cost(batch, cases[i].fit, 1, 1);
		batch_expect_reach(batch, cases[i].fit, false);
		rig_exit(test);
	}
}

/* Transfers that follow each other in their memory share a link call. */
static void batch_joins_neighbours(struct kunit *test)
{
	struct batch *batch = batch_start(test, 64);
	struct rig_buffer *buffer = rig_contiguous(batch->rig, 0, 16 * PAGE_SIZE);
	unsigned int i;

	for (i = 0; i < 16; i++)
		batch_entry(batch, i, buffer, i * PAGE_SIZE, PAGE_SIZE, DMABAY_READ_FROM_DEVICE);
	KUNIT_ASSERT_EQ(test, batch_map(batch, 16), 16);
	batch_expect_reach(batch, 16, true);
	batch_unmap(batch);
	batch_expect_cost(batch, 1, 1, 1);

	/* But not if they share a page, leave one out, or go the other way. */
	batch_entry(batch, 0, buffer, 0, 100, DMABAY_READ_FROM_DEVICE);
	batch_entry(batch, 1, buffer, 100, PAGE_SIZE, DMABAY_READ_FROM_DEVICE);
	batch_entry(batch, 2, buffer, 3 * PAGE_SIZE, PAGE_SIZE, DMABAY_READ_FROM_DEVICE);
	batch_entry(batch, 3, buffer, 4 * PAGE_SIZE, PAGE_SIZE, DMABAY_WRITE_TO_DEVICE);
	KUNIT_ASSERT_EQ(test, batch_map(batch, 4), 4);
	batch_expect_reach(batch, 4, true);
	batch_unmap(batch);
	batch_expect_cost(batch, 4, 1, 1);
	batch_expect_reach(batch, 4, false);
}

/* What cannot be in a batch ends it, and does not begin one. */
static void batch_refuses(struct kunit *test)
{
	struct batch *batch = batch_start(test, 1024);
	struct rig *rig = batch->rig;
	struct rig_buffer *parts[] = { rig_scattered(rig, 0, 4096), rig_scattered(rig, 50, 5000) };
	struct rig_buffer *chain = rig_join(rig, parts, 2), *read_only, *good;
	unsigned int i;

	good = rig_scattered(rig, 0, PAGE_SIZE);
	read_only = rig_scattered(rig, 0, PAGE_SIZE);
	dmabay_memory_set_read_only(read_only->memory);
	for (i = 0; i < 3; i++) {
		static const int errors[] = { -EOPNOTSUPP, -EOPNOTSUPP, -EACCES };
		struct rig_buffer *bad[] = {
			/* two groups, longer than the registers, not to be written */
			chain, rig_scattered(rig, 0, 1025 * PAGE_SIZE), read_only,
		};

		batch_entry(batch, 0, bad[i], 0, bad[i]->length, DMABAY_READ_FROM_DEVICE);
		KUNIT_EXPECT_EQ(test, batch_map(batch, 1), errors[i]);
		batch_entry(batch, 1, bad[i], 0, bad[i]->length, DMABAY_READ_FROM_DEVICE);
		batch_entry(batch, 0, good, 0, PAGE_SIZE, DMABAY_READ_FROM_DEVICE);
		KUNIT_EXPECT_EQ(test, batch_map(batch, 2), 1);
		batch_expect_reach(batch, 1, true);
		batch_unmap(batch);
		batch_expect_reach(batch, 1, false);
		batch_expect_cost(batch, 1, 1, 1);
	}

	/* The one group or the other is well, and reading read-only memory, too. */
	batch_entry(batch, 0, read_only, 0, PAGE_SIZE, DMABAY_WRITE_TO_DEVICE);
	batch_entry(batch, 1, chain, 0, 4096, DMABAY_WRITE_TO_DEVICE);
	batch_entry(batch, 2, chain, 4096, 5000, DMABAY_WRITE_TO_DEVICE);
	KUNIT_EXPECT_EQ(test, batch_map(batch, 3), 3);
	batch_unmap(batch);
	KUNIT_EXPECT_EQ(test, batch_linked_bytes(batch), 0);
}

/* What does not fit between two cuts goes alone, whatever follows it. */
static void batch_of_one_long(struct kunit *test)
{
	static const struct {
		unsigned int first;
		unsigned int pages;
	} parts[] = {
		{ 0, 1024 }, { 0, 512 }, { 512, 512 }, { 1, 1023 }, { 100, 700 }, { 3, 513 },
	};
	struct batch *batch = batch_start(test, 1024);
	struct rig_buffer *contiguous = rig_contiguous(batch->rig, 0, 1024 * PAGE_SIZE);
	struct rig_buffer *scattered = rig_scattered(batch->rig, 0, 1024 * PAGE_SIZE);
	unsigned int i;

	batch_fill(batch, 1, 1, PAGE_SIZE, false);
	for (i = 0; i < 2 * ARRAY_SIZE(parts); i++) {
		batch_entry(batch, 0, i % 2 ? scattered : contiguous,
			    parts[i / 2].first * PAGE_SIZE, parts[i / 2].pages * PAGE_SIZE,
			    DMABAY_READ_FROM_DEVICE);
		KUNIT_ASSERT_EQ(test, batch_map(batch, 2), 1);
		batch_expect_reach(batch, 1, true);
		KUNIT_EXPECT_EQ(test, batch_linked_bytes(batch), parts[i / 2].pages * PAGE_SIZE);
		batch_unmap(batch);
		batch_expect_reach(batch, 1, false);
		KUNIT_EXPECT_EQ(test, batch_linked_bytes(batch), 0);
	}
}

/* T11: huge pages that follow each other go with one flush, and what is around them, too. */
static void batch_of_huge_pages(struct kunit *test)
{
	const unsigned int huge = SZ_2M / PAGE_SIZE, around = 16;
	struct batch *batch = batch_start(test, 2 * (huge + around));
	struct rig_buffer all = {};
	unsigned int i, j;

	all.pages = kunit_kcalloc(test, 4 * huge, sizeof(*all.pages), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, all.pages);
	/* The end of one, two whole ones, and the beginning of another one. */
	for (i = 0; i < 4; i++) {
		struct rig_buffer *block = rig_pages(batch->rig, ilog2(huge));

		for (j = i ? 0 : huge - around; j < (i == 3 ? around : huge); j++)
			all.pages[all.count++] = block->pages[j];
	}
	all.memory = dmabay_memory_from_pages(all.pages, all.count, 0, all.count * PAGE_SIZE,
					      GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, all.memory);
	batch_entry(batch, 0, &all, 0, all.count * PAGE_SIZE, DMABAY_READ_FROM_DEVICE);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, batch_map(batch, 1), 1);
		batch_expect_reach(batch, 1, true);
		batch_unmap(batch);
		batch_expect_reach(batch, 1, false);
		/* Neighbours by chance are one piece no more than others are. */
		batch_expect_cost(batch, 4, 1, 1);
	}
	dmabay_memory_put(all.memory);
}

/* Providers without a window, and lists. */
static void batch_needs_a_window(struct kunit *test)
{
	const struct rig_provider *param = test->param_value;
	struct batch *batch;
	dma_addr_t address;

	if (param->provider == DMABAY_PROVIDER_IOVA)
		kunit_skip(test, "this one has a window");
	batch = batch_start_any(test, 17);
	batch_fill(batch, 0, 1, PAGE_SIZE, true);
	KUNIT_EXPECT_EQ(test, batch_map(batch, 1), -EOPNOTSUPP);
	/* What the device reaches without us need not be linked (in_place_kunit.c). */
	KUNIT_EXPECT_EQ(test, dmabay_adapter_linked(batch->rig->adapter, batch->channel,
						    batch->buffer[0]->memory, 0, PAGE_SIZE,
						    DMABAY_READ_FROM_DEVICE, &address),
			param->provider == DMABAY_PROVIDER_BOUNCE && !param->translated);
}

/* While it is mapped nothing else is, the registers stay, and all at once cannot go. */
static void batch_is_mapped(struct kunit *test)
{
	struct batch *batch = batch_start(test, 16);
	struct dmabay_transaction *transaction = batch->t->transaction;
	struct rig_buffer *other = rig_scattered(batch->rig, 0, PAGE_SIZE);

	batch_fill(batch, 0, 2, PAGE_SIZE, false);
	KUNIT_ASSERT_EQ(test, batch_map(batch, 2), 2);
	RIG_EXPECT_ILLEGAL(test, batch_map(batch, 2));
	RIG_EXPECT_ILLEGAL(test, dmabay_adapter_flush(batch->rig->adapter, batch->channel, 0));
	KUNIT_EXPECT_EQ(test, dmabay_transaction_unlink(transaction, NULL), -EBUSY);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_unlink(transaction, other->memory), 0);
	batch_expect_reach(batch, 2, true);
	batch_unmap(batch);
	RIG_EXPECT_WARNING(test, batch_unmap(batch));
	KUNIT_EXPECT_EQ(test, dmabay_transaction_unlink(transaction, NULL), 0);
	batch_expect_reach(batch, 2, false);
}

/* One transfer of the whole buffer on the reservation: it is linked then. */
static dma_addr_t batch_link(struct batch *batch, struct rig_buffer *buffer)
{
	rig_begin(batch->t, buffer, buffer->length);
	KUNIT_ASSERT_EQ(batch->rig->test, batch->t->length, buffer->length);
	rig_finish(batch->t);
	return batch->t->address;
}

static bool batch_is_linked(struct batch *batch, struct rig_buffer *buffer, size_t offset,
			    size_t length, dma_addr_t *address)
{
	return dmabay_adapter_linked(batch->rig->adapter, batch->channel, buffer->memory, offset,
				     length, DMABAY_READ_FROM_DEVICE, address);
}

/* What was kept goes where the batch comes, and stays elsewhere. */
static void batch_makes_room(struct kunit *test)
{
	struct batch *batch = batch_start(test, 64);
	struct rig_buffer *kept[8];
	dma_addr_t address[8], found;
	unsigned int i, stayed = 0, reached;

	for (i = 0; i < 8; i++) {
		kept[i] = rig_scattered(batch->rig, 0, 8 * PAGE_SIZE);
		address[i] = batch_link(batch, kept[i]);
	}
	KUNIT_EXPECT_EQ(test, batch_linked_bytes(batch), 64 * PAGE_SIZE);
	batch_fill(batch, 0, 4, 3 * PAGE_SIZE, false);
	KUNIT_ASSERT_EQ(test, batch_map(batch, 4), 4);
	batch_expect_reach(batch, 4, true);
	batch_unmap(batch);
	batch_expect_reach(batch, 4, false);
	for (i = 0; i < 8; i++) {
		reached = !!rig_translate(batch->rig, address[i]);
		KUNIT_EXPECT_EQ(test, batch_is_linked(batch, kept[i], 0, 100, &found), reached);
		if (reached)
			KUNIT_EXPECT_EQ(test, found, address[i]);
		stayed += reached;
	}
	KUNIT_EXPECT_EQ(test, stayed, 6);
	KUNIT_EXPECT_EQ(test, batch_linked_bytes(batch), 6 * 8 * PAGE_SIZE);
}

/* Every part of what is linked is linked, and counted as a hit; nothing else is. */
static void batch_linked_parts(struct kunit *test)
{
	struct batch *batch = batch_start(test, 32);
	struct rig_buffer *buffer = rig_scattered(batch->rig, 100, 20000);
	struct rig_buffer *other = rig_scattered(batch->rig, 0, 20000);
	struct dmabay_adapter_counters before, after;
	static const size_t offsets[] = { 0, 1, 3995, 3996, 3997, 8191, 19999 };
	dma_addr_t address, address_other, found = 0;
	unsigned int i;

	KUNIT_EXPECT_FALSE(test, batch_is_linked(batch, buffer, 0, 20000, &found));
	address = batch_link(batch, buffer);
	KUNIT_EXPECT_FALSE(test, batch_is_linked(batch, other, 0, 1, &found));
	address_other = batch_link(batch, other);
	dmabay_adapter_counters(batch->rig->adapter, &before);
	/* Each of them by the other one as used last, and by itself. */
	for (i = 0; i < ARRAY_SIZE(offsets); i++) {
		KUNIT_EXPECT_TRUE(test, batch_is_linked(batch, buffer, offsets[i],
							20000 - offsets[i], &found));
		KUNIT_EXPECT_EQ(test, found, address + offsets[i]);
		KUNIT_EXPECT_TRUE(test, batch_is_linked(batch, buffer, offsets[i], 1, &found));
		KUNIT_EXPECT_EQ(test, found, address + offsets[i]);
		KUNIT_EXPECT_TRUE(test, batch_is_linked(batch, other, offsets[i], 1, &found));
		KUNIT_EXPECT_EQ(test, found, address_other + offsets[i]);
	}
	dmabay_adapter_counters(batch->rig->adapter, &after);
	KUNIT_EXPECT_EQ(test, after.hits - before.hits, 3 * ARRAY_SIZE(offsets));
	KUNIT_EXPECT_EQ(test, after.links, before.links);

	KUNIT_EXPECT_EQ(test, dmabay_transaction_unlink(batch->t->transaction, buffer->memory), 0);
	KUNIT_EXPECT_FALSE(test, batch_is_linked(batch, buffer, 0, 1, &found));
	KUNIT_EXPECT_TRUE(test, batch_is_linked(batch, other, 0, 1, &found));
	KUNIT_EXPECT_EQ(test, dmabay_transaction_unlink(batch->t->transaction, NULL), 0);
	KUNIT_EXPECT_FALSE(test, batch_is_linked(batch, other, 0, 1, &found));
}

/* A part that was linked says nothing of the rest, and one direction nothing of the other. */
static void batch_linked_no_further(struct kunit *test)
{
	struct batch *batch = batch_start(test, 32);
	struct dmabay_transaction *transaction = batch->t->transaction;
	struct rig_buffer *buffer = rig_scattered(batch->rig, 100, 20000);
	struct rig_buffer *read_only = rig_scattered(batch->rig, 0, PAGE_SIZE);
	dma_addr_t found;

	/* Of the five pages the second and the third. */
	rig_initialize_direction(batch->t, DMABAY_READ_FROM_DEVICE, buffer->memory, 4000, 8000);
	KUNIT_ASSERT_EQ(test, rig_execute(batch->t), 0);
	KUNIT_ASSERT_EQ(test, batch->t->length, 8000);
	rig_finish(batch->t);
	KUNIT_EXPECT_TRUE(test, batch_is_linked(batch, buffer, 3996, 8192, &found));
	KUNIT_EXPECT_EQ(test, found, batch->t->address - 4);
	KUNIT_EXPECT_FALSE(test, batch_is_linked(batch, buffer, 3995, 2, &found));
	KUNIT_EXPECT_FALSE(test, batch_is_linked(batch, buffer, 3996, 8193, &found));
	KUNIT_EXPECT_FALSE(test, batch_is_linked(batch, buffer, 12188, 1, &found));
	KUNIT_EXPECT_FALSE(test, batch_is_linked(batch, buffer, 0, 1, &found));

	dmabay_memory_set_read_only(read_only->memory);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_unlink(transaction, NULL), 0);
	rig_initialize_direction(batch->t, DMABAY_WRITE_TO_DEVICE, read_only->memory, 0,
				 PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, rig_execute(batch->t), 0);
	rig_finish(batch->t);
	KUNIT_EXPECT_TRUE(test, dmabay_adapter_linked(batch->rig->adapter, batch->channel,
						      read_only->memory, 0, PAGE_SIZE,
						      DMABAY_WRITE_TO_DEVICE, &found));
	KUNIT_EXPECT_FALSE(test, batch_is_linked(batch, read_only, 0, PAGE_SIZE, &found));
}

/* What was found last is told, for whoever looks by himself, until it is unlinked. */
static void batch_last_link(struct kunit *test)
{
	struct batch *batch = batch_start(test, 32);
	struct rig_buffer *buffer = rig_scattered(batch->rig, 100, 20000);
	struct rig_buffer *other = rig_scattered(batch->rig, 0, 20000);
	struct dmabay_adapter_counters before, after;
	const struct dmabay_last_link *last;
	dma_addr_t address, found = 0;

	KUNIT_EXPECT_NULL(test, dmabay_adapter_last_link(batch->channel, buffer->memory));
	address = batch_link(batch, buffer);
	KUNIT_EXPECT_TRUE(test, batch_is_linked(batch, buffer, 5000, 1, &found));
	last = dmabay_adapter_last_link(batch->channel, buffer->memory);
	KUNIT_ASSERT_NOT_NULL(test, last);
	KUNIT_EXPECT_EQ(test, last->from, 0);
	KUNIT_EXPECT_EQ(test, last->to, 20000);
	KUNIT_EXPECT_EQ(test, last->origin, address);
	KUNIT_EXPECT_TRUE(test, last->rights & BIT(DMABAY_READ_FROM_DEVICE));
	KUNIT_EXPECT_NULL(test, dmabay_adapter_last_link(batch->channel, other->memory));

	dmabay_adapter_counters(batch->rig->adapter, &before);
	dmabay_adapter_count_hits(batch->channel, 3);
	dmabay_adapter_counters(batch->rig->adapter, &after);
	KUNIT_EXPECT_EQ(test, after.hits - before.hits, 3);

	KUNIT_EXPECT_EQ(test, dmabay_transaction_unlink(batch->t->transaction, buffer->memory), 0);
	KUNIT_EXPECT_NULL(test, dmabay_adapter_last_link(batch->channel, buffer->memory));
}

/* Of several groups it cannot be told. */
static void batch_linked_groups(struct kunit *test)
{
	struct batch *batch = batch_start(test, 32);
	struct rig_buffer *chain = rig_chain(batch->rig, 2, 0, PAGE_SIZE);
	dma_addr_t found;

	rig_begin(batch->t, chain, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, rig_complete(batch->t), 0);
	KUNIT_EXPECT_FALSE(test, batch_is_linked(batch, chain, 0, PAGE_SIZE, &found));
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(batch->t->transaction), 0);
}

/*
 * As batch_start(), but the host is lazy: its domain says so when the window is opened, which is
 * when it is asked.
 */
static struct batch *batch_start_lazy(struct kunit *test, unsigned int map_registers)
{
	const struct rig_provider *param = test->param_value;
	struct batch *batch = kunit_kzalloc(test, sizeof(*batch), GFP_KERNEL);
	struct dmabay_enabler_config config;
	struct rig *rig;
	unsigned int type;

	if (param->provider != DMABAY_PROVIDER_IOVA)
		kunit_skip(test, "this provider maps no batches");
	KUNIT_ASSERT_NOT_NULL(test, batch);
	rig = rig_prepare(test);
	config = rig_config(rig, (map_registers - 1) * PAGE_SIZE, map_registers);
	type = rig->domain->type;
	rig->domain->type = IOMMU_DOMAIN_DMA_FQ;
	rig_enable(rig, &config);
	rig->domain->type = type;
	batch->rig = rig;
	return batch;
}

/* Another reservation, and whether what its batches leave may be unlinked later. */
static void batch_reserve(struct batch *batch, unsigned int map_registers, bool deferred)
{
	batch->t = rig_transaction(batch->rig);
	KUNIT_ASSERT_EQ(batch->rig->test, rig_reserve(batch->t, map_registers), 0);
	batch->channel = dmabay_transaction_channel(batch->t->transaction);
	if (deferred)
		dmabay_adapter_defer_unlinks(batch->rig->adapter, batch->channel);
}

static u64 batch_flushes(struct batch *batch)
{
	struct dmabay_adapter_counters now;

	dmabay_adapter_counters(batch->rig->adapter, &now);
	return now.flushes;
}

/* Flushes of so many batches of one page each. */
static u64 batch_flushes_of(struct batch *batch, unsigned int batches)
{
	u64 before = batch_flushes(batch);
	unsigned int i;

	for (i = 0; i < batches; i++) {
		KUNIT_EXPECT_EQ(batch->rig->test, batch_map(batch, 1), 1);
		batch_expect_reach(batch, 1, true);
		batch_unmap(batch);
	}
	return batch_flushes(batch) - before;
}

/* Ten batches have less than one flush, unless time goes by. Where nobody asked each has one. */
static void batch_deferred_flushes(struct kunit *test)
{
	struct batch *batch = batch_start_lazy(test, 64);
	unsigned int tries;

	batch_reserve(batch, 1, false);
	batch_fill(batch, 0, 1, PAGE_SIZE, false);
	KUNIT_EXPECT_EQ(test, batch_flushes_of(batch, 20), 20);
	KUNIT_EXPECT_EQ(test, batch_linked_bytes(batch), 0);

	batch_reserve(batch, 1, true);
	for (tries = 0; tries < 100 && batch_flushes_of(batch, 300) >= 30; tries++)
		;
	KUNIT_EXPECT_LT(test, tries, 100);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_unlink(batch->t->transaction, NULL), 0);
	batch_expect_reach(batch, 1, false);
	KUNIT_EXPECT_EQ(test, batch_linked_bytes(batch), 0);
}

/* In a strict domain nobody need wait, whoever would. */
static void batch_strict_is_not_deferred(struct kunit *test)
{
	struct batch *batch = batch_start(test, 64);

	if (batch->rig->domain->type == IOMMU_DOMAIN_DMA_FQ)
		kunit_skip(test, "the domain is lazy");
	dmabay_adapter_defer_unlinks(batch->rig->adapter, batch->channel);
	batch_fill(batch, 0, 1, PAGE_SIZE, false);
	KUNIT_EXPECT_EQ(test, batch_flushes_of(batch, 20), 20);
	batch_expect_reach(batch, 1, false);
}

/* What was left is gone when anything was unlinked, the registers are free, or time has gone by. */
static void batch_deferred_ends(struct kunit *test)
{
	struct batch *batch = batch_start_lazy(test, 64);
	struct rig_buffer *other = rig_scattered(batch->rig, 0, PAGE_SIZE);
	unsigned int end, waits;

	for (end = 0; end < 4; end++) {
		batch_reserve(batch, 16, true);
		batch_fill(batch, 0, 5, 3 * PAGE_SIZE, end % 2);
		KUNIT_ASSERT_EQ(test, batch_map(batch, 5), 5);
		batch_unmap(batch);
		switch (end) {
		case 0:
			KUNIT_EXPECT_EQ(test, dmabay_transaction_unlink(batch->t->transaction,
									other->memory), 0);
			break;
		case 1:
			KUNIT_EXPECT_EQ(test, dmabay_transaction_unlink(batch->t->transaction,
									NULL), 0);
			break;
		case 2:
			/* Ten milliseconds, if the machine has the time. */
			for (waits = 0; waits < 10000 && batch_linked_bytes(batch); waits++)
				usleep_range(1000, 2000);
			break;
		}
		if (end < 3)
			batch_expect_reach(batch, 5, false);
		dmabay_transaction_free_reservation(batch->t->transaction);
		batch_expect_reach(batch, 5, false);
		KUNIT_EXPECT_EQ(test, batch_linked_bytes(batch), 0);
	}
}

/* What is mapped stays, whatever becomes of what was left before. */
static void batch_deferred_and_mapped(struct kunit *test)
{
	struct batch *batch = batch_start_lazy(test, 64);
	unsigned int i;

	batch_reserve(batch, 16, true);
	for (i = 0; i < 50; i++) {
		batch_fill(batch, 0, 3, (1 + i % 5) * PAGE_SIZE, false);
		KUNIT_ASSERT_EQ(test, batch_map(batch, 3), 3);
		KUNIT_EXPECT_EQ(test, dmabay_transaction_unlink(batch->t->transaction, NULL),
				-EBUSY);
		batch_expect_reach(batch, 3, true);
		KUNIT_EXPECT_EQ(test, batch_linked_bytes(batch), 3 * (1 + i % 5) * PAGE_SIZE);
		batch_unmap(batch);
	}
}

/* What is borrowed goes at once, and what is not does not wait for it. */
static void batch_deferred_but_borrowed(struct kunit *test)
{
	struct batch *batch = batch_start_lazy(test, 64);
	u64 before;

	batch_reserve(batch, 16, true);
	batch_fill(batch, 0, 3, PAGE_SIZE, false);
	dmabay_memory_set_borrowed(batch->buffer[1]->memory);
	KUNIT_ASSERT_EQ(test, batch_map(batch, 3), 1);
	batch_expect_reach(batch, 1, true);
	batch_unmap(batch);

	batch_entry(batch, 0, batch->buffer[1], 0, PAGE_SIZE, DMABAY_READ_FROM_DEVICE);
	before = batch_flushes(batch);
	KUNIT_ASSERT_EQ(test, batch_map(batch, 1), 1);
	batch_expect_reach(batch, 1, true);
	batch_unmap(batch);
	batch_expect_reach(batch, 1, false);
	KUNIT_EXPECT_GT(test, batch_flushes(batch), before);
}

/* There are not as many strips as there may be reservations; long ones need none. */
static void batch_deferred_without_a_strip(struct kunit *test)
{
	struct batch *batch = batch_start_lazy(test, 1100);
	unsigned int i;

	batch_reserve(batch, 1024, true);
	batch_fill(batch, 0, 1, 600 * PAGE_SIZE, false);
	KUNIT_EXPECT_EQ(test, batch_map(batch, 1), 1);
	batch_unmap(batch);
	batch_expect_reach(batch, 1, false);
	for (i = 0; i < 70; i++)
		batch_reserve(batch, 1, true);
	batch_fill(batch, 0, 1, PAGE_SIZE, false);
	KUNIT_EXPECT_EQ(test, batch_flushes_of(batch, 20), 20);
	batch_expect_reach(batch, 1, false);
}

static struct kunit_case batch_cases[] = {
	RIG_CASE(batch_is_one_flush),
	RIG_CASE(batch_moves_bytes),
	RIG_CASE(batch_takes_what_fits),
	RIG_CASE(batch_joins_neighbours),
	RIG_CASE(batch_refuses),
	RIG_CASE(batch_of_one_long),
	RIG_CASE(batch_of_huge_pages),
	RIG_CASE(batch_needs_a_window),
	RIG_CASE(batch_is_mapped),
	RIG_CASE(batch_makes_room),
	RIG_CASE(batch_linked_parts),
	RIG_CASE(batch_linked_no_further),
	RIG_CASE(batch_last_link),
	RIG_CASE(batch_linked_groups),
	RIG_CASE(batch_deferred_flushes),
	RIG_CASE(batch_strict_is_not_deferred),
	RIG_CASE(batch_deferred_ends),
	RIG_CASE(batch_deferred_and_mapped),
	RIG_CASE(batch_deferred_but_borrowed),
	RIG_CASE(batch_deferred_without_a_strip),
	{}
};

static struct kunit_suite dmabay_batch_suite = {
	.name = "dmabay_batch",
	.exit = rig_end,
	.test_cases = batch_cases,
};
kunit_test_suite(dmabay_batch_suite);
