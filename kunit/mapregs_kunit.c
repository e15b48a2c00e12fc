// SPDX-License-Identifier: GPL-2.0-only
/*
 * Map registers: what the device reaches through them, and what it does not.
 *
 * The CPU plays the device: it reads and writes at the addresses that the device
 * was given, as far as they are translated.
 */
#include <linux/iommu.h>
#include <linux/jhash.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "rig.h"

static struct rig *mapregs_start(struct kunit *test, size_t max_length, unsigned int map_registers,
				 unsigned int flags)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, max_length, map_registers);

	config.flags = flags;
	rig_enable(rig, &config);
	return rig;
}

/* Only a window has links to look at. */
static struct rig *mapregs_start_window(struct kunit *test, unsigned int map_registers,
					unsigned int flags)
{
	const struct rig_provider *param = test->param_value;

	if (param->provider != DMABAY_PROVIDER_IOVA)
		kunit_skip(test, "this provider keeps no links");
	return mapregs_start(test, (map_registers - 1) * PAGE_SIZE, map_registers, flags);
}

/* A transfer of the whole length; returns after its last completion. */
static void mapregs_move(struct rig_transaction *t, struct rig_buffer *buffer, size_t offset,
			 size_t length, enum dmabay_direction direction, u8 seed)
{
	struct rig *rig = t->rig;
	struct kunit *test = rig->test;
	size_t at = offset;
	int ret;

	rig_initialize_direction(t, direction, buffer->memory, offset, length);
	KUNIT_ASSERT_EQ(test, rig_execute(t), 0);
	do {
		if (direction == DMABAY_READ_FROM_DEVICE)
			rig_transfer_write(t, at, t->length, seed);
		else
			KUNIT_EXPECT_EQ(test, rig_transfer_matching(t, at, t->length, seed),
					t->length);
		at += t->length;
		ret = rig_complete(t);
	} while (ret == -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, at, offset + length);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
}

static const struct {
	unsigned int offset;
	size_t length;
} mapregs_shapes[] = {
	{ 0, 1 }, { 4095, 1 }, { 4095, 2 }, { 0, 4096 }, { 1, 4096 }, { 0, 8192 }, { 100, 8192 },
	{ 4000, 12000 }, { 0, 65536 }, { 3, 65533 }, { 2048, 100000 },
};

/* R20: every byte, and no other, in both directions, of every shape. */
static void mapregs_data(struct kunit *test)
{
	struct rig *rig = mapregs_start(test, 65536, 17, 0);
	struct rig_transaction *t = rig_transaction(rig);
	unsigned int i, scattered;

	for (i = 0; i < 2 * ARRAY_SIZE(mapregs_shapes); i++) {
		unsigned int offset = mapregs_shapes[i / 2].offset;
		size_t length = mapregs_shapes[i / 2].length;
		size_t from = length / 5, to = length - length / 7;
		struct rig_buffer *buffer;

		scattered = i % 2;
		buffer = scattered ? rig_scattered(rig, offset, length) :
				     rig_contiguous(rig, offset, length);
		rig_fill(buffer, 10);
		mapregs_move(t, buffer, 0, length, DMABAY_WRITE_TO_DEVICE, 10);
		KUNIT_EXPECT_EQ(test, rig_matching(buffer, 0, length, 10), length);
		/* the middle of it */
		if (to > from) {
			mapregs_move(t, buffer, from, to - from, DMABAY_WRITE_TO_DEVICE, 10);
			mapregs_move(t, buffer, from, to - from, DMABAY_READ_FROM_DEVICE, 20);
			KUNIT_EXPECT_EQ(test, rig_matching(buffer, 0, from, 10), from);
			KUNIT_EXPECT_EQ(test, rig_matching(buffer, from, to - from, 20), to - from);
			KUNIT_EXPECT_EQ(test, rig_matching(buffer, to, length - to, 10),
					length - to);
		}
		mapregs_move(t, buffer, 0, length, DMABAY_READ_FROM_DEVICE, 30);
		KUNIT_EXPECT_EQ(test, rig_matching(buffer, 0, length, 30), length);
	}
}

/* The same with several groups, from and to anywhere in them. */
static void mapregs_data_groups(struct kunit *test)
{
	struct rig *rig = mapregs_start(test, 65536, 17, 0);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *parts[] = {
		rig_scattered(rig, 4000, 12000),
		rig_contiguous(rig, 0, 4096),
		rig_contiguous(rig, 0, 8192),
		rig_scattered(rig, 1, 5000),
		rig_contiguous(rig, 4095, 1),
		rig_scattered(rig, 2048, 60000),
	};
	struct rig_buffer *buffer = rig_join(rig, parts, ARRAY_SIZE(parts));
	static const size_t cuts[] = { 1, 96, 11999, 12001, 16096, 24288, 29288, 29290, 60000 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(cuts); i++) {
		size_t left = buffer->length - cuts[i];

		rig_fill(buffer, 10);
		mapregs_move(t, buffer, 0, cuts[i], DMABAY_READ_FROM_DEVICE, 20);
		mapregs_move(t, buffer, cuts[i], left, DMABAY_WRITE_TO_DEVICE, 10);
		KUNIT_EXPECT_EQ(test, rig_matching(buffer, 0, cuts[i], 20), cuts[i]);
		KUNIT_EXPECT_EQ(test, rig_matching(buffer, cuts[i], left, 10), left);
		mapregs_move(t, buffer, 0, cuts[i], DMABAY_WRITE_TO_DEVICE, 20);
		mapregs_move(t, buffer, cuts[i], left, DMABAY_READ_FROM_DEVICE, 30);
		KUNIT_EXPECT_EQ(test, rig_matching(buffer, 0, cuts[i], 20), cuts[i]);
		KUNIT_EXPECT_EQ(test, rig_matching(buffer, cuts[i], left, 30), left);
	}
}

/* The same on reservations of every size. */
static void mapregs_data_reserved(struct kunit *test)
{
	static const unsigned int sizes[] = { 1, 2, 3, 4, 7, 16, 17 };
	struct rig *rig = mapregs_start(test, 65536, 17, 0);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_scattered(rig, 777, 50000);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		KUNIT_ASSERT_EQ(test, rig_reserve(t, sizes[i]), 0);
		rig_fill(buffer, i);
		mapregs_move(t, buffer, 0, 50000, DMABAY_WRITE_TO_DEVICE, i);
		mapregs_move(t, buffer, 0, 50000, DMABAY_READ_FROM_DEVICE, i + 100);
		KUNIT_EXPECT_EQ(test, rig_matching(buffer, 0, 50000, i + 100), 50000);
		KUNIT_ASSERT_EQ(test, dmabay_transaction_free_reservation(t->transaction), 0);
	}
}

/* One mebibyte on 257 registers: longer than any one piece of bounce memory. */
static void mapregs_data_large(struct kunit *test)
{
	const size_t length = 1 << 20;
	struct rig *rig = mapregs_start(test, length, 257, 0);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_scattered(rig, 0, length);

	KUNIT_ASSERT_EQ(test, rig_reserve(t, 257), 0);
	rig_fill(buffer, 3);
	mapregs_move(t, buffer, 0, length, DMABAY_WRITE_TO_DEVICE, 3);
	mapregs_move(t, buffer, 0, length, DMABAY_READ_FROM_DEVICE, 4);
	KUNIT_EXPECT_EQ(test, rig_matching(buffer, 0, length, 4), length);
}

/*
 * Only what the device says it wrote is copied out; the rest of the memory keeps
 * its bytes although the device wrote more into the bounce pages.
 */
static void mapregs_copies_completed_only(struct kunit *test)
{
	struct rig *rig = mapregs_start(test, 65536, 17, 0);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_scattered(rig, 50, 20000);
	static const size_t lengths[] = { 0, 1, 4046, 4047, 10000, 19999 };
	unsigned int i;

	if (rig->param->provider != DMABAY_PROVIDER_BOUNCE)
		kunit_skip(test, "this provider does not copy");
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		rig_fill(buffer, 1);
		rig_begin(t, buffer, 20000);
		KUNIT_ASSERT_EQ(test, t->length, 20000);
		rig_device_write(rig, t->address, 0, 20000, 2);
		KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_final(t->transaction,
									 lengths[i]), 0);
		KUNIT_EXPECT_EQ(test, rig_matching(buffer, 0, lengths[i], 2), lengths[i]);
		KUNIT_EXPECT_EQ(test, rig_matching(buffer, lengths[i], 20000 - lengths[i], 1),
				20000 - lengths[i]);
		KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	}
}

/* A length that is too long copies nothing at all. */
static void mapregs_copies_nothing_on_failure(struct kunit *test)
{
	struct rig *rig = mapregs_start(test, 65536, 17, 0);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_scattered(rig, 50, 20000);

	if (rig->param->provider != DMABAY_PROVIDER_BOUNCE)
		kunit_skip(test, "this provider does not copy");
	rig_fill(buffer, 1);
	rig_begin(t, buffer, 20000);
	rig_device_write(rig, t->address, 0, t->length, 2);
	RIG_EXPECT_QUIET(test, dmabay_transaction_completed_length(t->transaction, t->length + 1),
			 -EINVAL);
	KUNIT_EXPECT_EQ(test, rig_matching(buffer, 0, 20000, 1), 20000);
}

/* R14: where a device shall write, it does not find the bytes of somebody else. */
static void mapregs_shows_no_old_bytes(struct kunit *test)
{
	struct rig *rig = mapregs_start(test, 65536, 17, 0);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *secret = rig_scattered(rig, 0, 65536);
	struct rig_buffer *buffer = rig_scattered(rig, 0, 65536);
	size_t at, found = 0;

	if (rig->param->provider != DMABAY_PROVIDER_BOUNCE)
		kunit_skip(test, "this provider does not copy");
	rig_fill(secret, 200);
	mapregs_move(t, secret, 0, 65536, DMABAY_WRITE_TO_DEVICE, 200);
	rig_begin(t, buffer, 65536);
	for (at = 0; at < t->length; at += 256)
		found += rig_device_matching(rig, t->address + at, at, 256, 200) == 256;
	KUNIT_EXPECT_EQ(test, found, 0);
	rig_finish(t);
}

/* What is within reach and needs no joining is used as it is, and not copied. */
static void mapregs_copies_what_it_must(struct kunit *test)
{
	struct rig *rig = mapregs_start(test, 65536, 17, 0);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *contiguous = rig_contiguous(rig, 0, 8192);
	struct rig_buffer *scattered = rig_scattered(rig, 0, 8192);
	struct dmabay_adapter_counters counters;
	bool bounces = rig->param->provider == DMABAY_PROVIDER_BOUNCE;
	bool lists = rig->param->profile == DMABAY_PROFILE_SCATTER_GATHER;
	u64 contiguous_bytes = 0, scattered_bytes = 0;

	/* Behind an IOMMU nothing is within reach until it is mapped. */
	if (bounces && rig->param->translated)
		contiguous_bytes = 8192;
	if (bounces && (rig->param->translated || !lists))
		scattered_bytes = 2 * 8192;
	rig_fill(contiguous, 1);
	rig_fill(scattered, 1);
	mapregs_move(t, contiguous, 0, 8192, DMABAY_WRITE_TO_DEVICE, 1);
	dmabay_adapter_counters(rig->adapter, &counters);
	KUNIT_EXPECT_EQ(test, counters.bounced_bytes, contiguous_bytes);
	mapregs_move(t, scattered, 0, 8192, DMABAY_WRITE_TO_DEVICE, 1);
	mapregs_move(t, scattered, 0, 8192, DMABAY_READ_FROM_DEVICE, 2);
	dmabay_adapter_counters(rig->adapter, &counters);
	KUNIT_EXPECT_EQ(test, counters.bounced_bytes, contiguous_bytes + scattered_bytes);
	KUNIT_EXPECT_EQ(test, counters.mapped, counters.unmapped);
	KUNIT_EXPECT_EQ(test, !!counters.mapped, rig->param->provider == DMABAY_PROVIDER_DIRECT);
	KUNIT_EXPECT_EQ(test, !!counters.links, rig->param->provider == DMABAY_PROVIDER_IOVA);
	KUNIT_EXPECT_EQ(test, counters.linked_bytes, 0);
}

/* Transfers that are under way together never share a page of device addresses. */
static void mapregs_pages_are_not_shared(struct kunit *test)
{
	struct rig *rig = mapregs_start(test, 65536, 17, 0);
	struct rig_transaction *t[8];
	struct rig_buffer *buffer[8];
	unsigned int i, j;

	for (i = 0; i < 8; i++) {
		t[i] = rig_transaction(rig);
		buffer[i] = rig_scattered(rig, 0, 8192);
		rig_fill(buffer[i], 1);
		rig_begin(t[i], buffer[i], 8192);
	}
	for (i = 0; i < 8; i++) {
		for (j = 0; j < i; j++)
			KUNIT_EXPECT_TRUE(test, t[i]->address >= t[j]->address + t[j]->length ||
					  t[j]->address >= t[i]->address + t[i]->length);
		rig_device_write(rig, t[i]->address, 0, t[i]->length, 100 + i);
	}
	for (i = 0; i < 8; i++) {
		size_t length = t[i]->length;

		KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_final(t[i]->transaction, length),
				0);
		KUNIT_EXPECT_EQ(test, rig_matching(buffer[i], 0, length, 100 + i), length);
	}
}

/* How many pages from an address on the device reaches. */
static unsigned int mapregs_reachable(struct rig *rig, dma_addr_t address, unsigned int pages)
{
	unsigned int i, reachable = 0;

	for (i = 0; i < pages; i++)
		reachable += !!rig_translate(rig, (address & PAGE_MASK) + i * PAGE_SIZE);
	return reachable;
}

/* Every page at the address is the page of the memory that belongs there. */
static unsigned int mapregs_wrong(struct rig *rig, dma_addr_t address, struct rig_buffer *buffer,
				  unsigned int first, unsigned int pages)
{
	unsigned int i, wrong = 0;

	for (i = 0; i < pages; i++)
		wrong += rig_translate(rig, (address & PAGE_MASK) + i * PAGE_SIZE) !=
			 page_to_phys(buffer->pages[first + i]);
	return wrong;
}

/* Nothing can be reached any more when a transaction has been released. */
static void mapregs_unmapped_after_release(struct kunit *test)
{
	struct rig *rig = mapregs_start(test, 65536, 17, 0);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_scattered(rig, 0, 65536);
	struct dmabay_adapter_counters counters;
	dma_addr_t address;
	unsigned int round;

	if (!rig->domain || rig->param->provider == DMABAY_PROVIDER_BOUNCE)
		kunit_skip(test, "what this device reaches does not change");
	for (round = 0; round < 2; round++) {
		if (round)
			KUNIT_EXPECT_EQ(test, rig_reserve(t, 17), 0);
		rig_begin(t, buffer, 65536);
		address = t->address;
		KUNIT_ASSERT_EQ(test, t->length, 65536);
		KUNIT_EXPECT_EQ(test, mapregs_wrong(rig, address, buffer, 0, 16), 0);
		rig_finish(t);
		KUNIT_EXPECT_EQ(test, mapregs_reachable(rig, address, 16), 0);
	}
	dmabay_adapter_counters(rig->adapter, &counters);
	KUNIT_EXPECT_EQ(test, counters.linked_bytes, 0);
	KUNIT_EXPECT_EQ(test, counters.mapped, counters.unmapped);
}

/* Rule 4.3: memory that is still linked costs nothing: no link, no unlink, no flush. */
static void mapregs_kept_links_hit(struct kunit *test)
{
	struct rig *rig = mapregs_start_window(test, 33, DMABAY_ENABLER_KEEP_LINKS);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_scattered(rig, 100, 60000);
	struct dmabay_adapter_counters before, after;
	dma_addr_t address;

	KUNIT_EXPECT_EQ(test, rig_reserve(t, 16), 0);
	rig_fill(buffer, 1);
	mapregs_move(t, buffer, 0, 60000, DMABAY_WRITE_TO_DEVICE, 1);
	address = t->address;
	KUNIT_EXPECT_EQ(test, mapregs_wrong(rig, address, buffer, 0, 15), 0);
	dmabay_adapter_counters(rig->adapter, &before);
	KUNIT_EXPECT_EQ(test, before.linked_bytes, 15 * PAGE_SIZE);

	mapregs_move(t, buffer, 0, 60000, DMABAY_WRITE_TO_DEVICE, 1);
	KUNIT_EXPECT_EQ(test, t->address, address);
	dmabay_adapter_counters(rig->adapter, &after);
	KUNIT_EXPECT_EQ(test, after.links, before.links);
	KUNIT_EXPECT_EQ(test, after.unlinks, before.unlinks);
	KUNIT_EXPECT_EQ(test, after.flushes, before.flushes);
	KUNIT_EXPECT_EQ(test, after.hits, before.hits + 1);

	/* A part of it, and the other direction, are linked as well. */
	mapregs_move(t, buffer, 5000, 300, DMABAY_READ_FROM_DEVICE, 2);
	KUNIT_EXPECT_EQ(test, t->address, address + 5000);
	KUNIT_EXPECT_EQ(test, rig_matching(buffer, 5000, 300, 2), 300);
	dmabay_adapter_counters(rig->adapter, &after);
	KUNIT_EXPECT_EQ(test, after.links, before.links);
	KUNIT_EXPECT_EQ(test, after.hits, before.hits + 2);

	KUNIT_EXPECT_EQ(test, dmabay_transaction_free_reservation(t->transaction), 0);
	KUNIT_EXPECT_EQ(test, mapregs_reachable(rig, address, 15), 0);
	dmabay_adapter_counters(rig->adapter, &after);
	KUNIT_EXPECT_EQ(test, after.linked_bytes, 0);
}

/* Kept only with a reservation: registers of one execution go with their links. */
static void mapregs_links_go_with_the_registers(struct kunit *test)
{
	struct rig *rig = mapregs_start_window(test, 17, DMABAY_ENABLER_KEEP_LINKS);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 8192);

	rig_begin(t, buffer, 8192);
	KUNIT_EXPECT_EQ(test, mapregs_reachable(rig, t->address, 2), 2);
	KUNIT_EXPECT_EQ(test, rig_complete(t), 0);
	KUNIT_EXPECT_EQ(test, mapregs_reachable(rig, t->address, 2), 0);
}

/* The flag of the enabler, and its override, both ways. */
static void mapregs_keep_links_override(struct kunit *test)
{
	unsigned int flags;

	for (flags = 0; flags < 2; flags++) {
		struct rig *rig = mapregs_start_window(test, 17,
						       flags ? DMABAY_ENABLER_KEEP_LINKS : 0);
		struct rig_transaction *t = rig_transaction(rig);
		struct rig_buffer *buffer = rig_contiguous(rig, 0, 8192);

		KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
		rig_begin(t, buffer, 8192);
		rig_finish(t);
		KUNIT_EXPECT_EQ(test, mapregs_reachable(rig, t->address, 2), flags ? 2 : 0);
		KUNIT_EXPECT_EQ(test, dmabay_transaction_free_reservation(t->transaction), 0);

		dmabay_transaction_set_keep_links(t->transaction, !flags);
		KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
		rig_begin(t, buffer, 8192);
		rig_finish(t);
		KUNIT_EXPECT_EQ(test, mapregs_reachable(rig, t->address, 2), flags ? 0 : 2);
		rig_exit(test);
	}
}

/* Memory that goes back to its owner is not kept linked; what else is there stays. */
static void mapregs_borrowed_is_unlinked(struct kunit *test)
{
	struct rig *rig = mapregs_start_window(test, 17, DMABAY_ENABLER_KEEP_LINKS);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *kept = rig_scattered(rig, 0, 2 * PAGE_SIZE);
	struct rig_buffer *borrowed = rig_scattered(rig, 0, 2 * PAGE_SIZE);
	dma_addr_t address;
	unsigned int i;

	dmabay_memory_set_borrowed(borrowed->memory);
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
	rig_begin(t, kept, 2 * PAGE_SIZE);
	rig_finish(t);
	address = t->address;

	for (i = 0; i < 2; i++) {
		rig_begin(t, borrowed, 2 * PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, mapregs_wrong(rig, t->address, borrowed, 0, 2), 0);
		/* Not by its end, but by the release. */
		KUNIT_EXPECT_EQ(test, rig_complete(t), 0);
		KUNIT_EXPECT_EQ(test, mapregs_reachable(rig, t->address, 2), 2);
		KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
		KUNIT_EXPECT_EQ(test, mapregs_reachable(rig, t->address, 2), 0);
	}
	KUNIT_EXPECT_EQ(test, mapregs_wrong(rig, address, kept, 0, 2), 0);
}

/* So goes a chain that has some of it, also when it ends before its last transfer. */
static void mapregs_borrowed_in_a_chain(struct kunit *test)
{
	struct rig *rig = mapregs_start_window(test, 17, DMABAY_ENABLER_KEEP_LINKS);
	struct rig_transaction *t = rig_transaction(rig);
	struct dmabay_memory *parts[2] = {
		rig_contiguous(rig, 0, PAGE_SIZE)->memory,
		rig_contiguous(rig, 0, PAGE_SIZE)->memory,
	};
	struct dmabay_adapter_counters counters;
	struct dmabay_memory *chain;

	dmabay_memory_set_borrowed(parts[1]);
	chain = dmabay_memory_chain(parts, 2, GFP_KERNEL);
	KUNIT_ASSERT_EQ(test, PTR_ERR_OR_ZERO(chain), 0);
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_initialize(t->transaction, rig_program,
							    DMABAY_WRITE_TO_DEVICE, chain,
							    2 * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_execute(t->transaction, t), 0);
	/* The first of its two transfers. */
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_final(t->transaction, PAGE_SIZE), 0);
	dmabay_adapter_counters(rig->adapter, &counters);
	KUNIT_EXPECT_EQ(test, counters.linked_bytes, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	dmabay_adapter_counters(rig->adapter, &counters);
	KUNIT_EXPECT_EQ(test, counters.linked_bytes, 0);
	dmabay_memory_put(chain);
}

/* R03: a slot that is needed is emptied first; nothing is linked over something. */
static void mapregs_evicts_what_is_in_the_way(struct kunit *test)
{
	struct rig *rig = mapregs_start_window(test, 17, DMABAY_ENABLER_KEEP_LINKS);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *a = rig_scattered(rig, 0, 4 * PAGE_SIZE);
	struct rig_buffer *b = rig_contiguous(rig, 0, 4 * PAGE_SIZE);
	struct rig_buffer *small[4];
	struct dmabay_adapter_counters counters;
	dma_addr_t address[4];
	unsigned int i;

	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
	for (i = 0; i < 3; i++) {
		rig_begin(t, a, 4 * PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, mapregs_wrong(rig, t->address, a, 0, 4), 0);
		rig_finish(t);
		rig_begin(t, b, 4 * PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, mapregs_wrong(rig, t->address, b, 0, 4), 0);
		rig_finish(t);
		dmabay_adapter_counters(rig->adapter, &counters);
		KUNIT_EXPECT_EQ(test, counters.linked_bytes, 4 * PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, counters.hits, 0);
	}

	/* Four small ones fit side by side, and stay. */
	for (i = 0; i < 8; i++) {
		if (i < 4) {
			small[i] = rig_scattered(rig, 0, PAGE_SIZE);
			rig_begin(t, small[i], PAGE_SIZE);
			address[i] = t->address;
		} else {
			rig_begin(t, small[i - 4], PAGE_SIZE);
			KUNIT_EXPECT_EQ(test, t->address, address[i - 4]);
		}
		KUNIT_EXPECT_EQ(test, mapregs_wrong(rig, t->address, small[i % 4], 0, 1), 0);
		rig_finish(t);
	}
	dmabay_adapter_counters(rig->adapter, &counters);
	KUNIT_EXPECT_EQ(test, counters.hits, 4);
	KUNIT_EXPECT_EQ(test, counters.linked_bytes, 4 * PAGE_SIZE);
}

/* The least recently used one goes first. */
static void mapregs_evicts_the_oldest(struct kunit *test)
{
	struct rig *rig = mapregs_start_window(test, 17, DMABAY_ENABLER_KEEP_LINKS);
	struct rig_transaction *t = rig_transaction(rig);
	struct dmabay_adapter_counters before, after;
	struct rig_buffer *buffer[5];
	unsigned int i;

	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
	for (i = 0; i < 5; i++)
		buffer[i] = rig_scattered(rig, 0, PAGE_SIZE);
	for (i = 0; i < 4; i++) {
		rig_begin(t, buffer[i], PAGE_SIZE);
		rig_finish(t);
	}
	/* used again: 0; then the oldest is 1 */
	rig_begin(t, buffer[0], PAGE_SIZE);
	rig_finish(t);
	rig_begin(t, buffer[4], PAGE_SIZE);
	rig_finish(t);
	dmabay_adapter_counters(rig->adapter, &before);
	for (i = 0; i < 5; i++) {
		if (i == 1)
			continue;
		rig_begin(t, buffer[i], PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, mapregs_wrong(rig, t->address, buffer[i], 0, 1), 0);
		rig_finish(t);
	}
	dmabay_adapter_counters(rig->adapter, &after);
	KUNIT_EXPECT_EQ(test, after.hits, before.hits + 4);
	KUNIT_EXPECT_EQ(test, after.links, before.links);
	rig_begin(t, buffer[1], PAGE_SIZE);
	rig_finish(t);
	dmabay_adapter_counters(rig->adapter, &after);
	KUNIT_EXPECT_EQ(test, after.hits, before.hits + 4);
}

/* More memories than a ledger has lines for. */
static void mapregs_many_memories(struct kunit *test)
{
	const unsigned int count = 100;
	struct rig *rig = mapregs_start_window(test, 129, DMABAY_ENABLER_KEEP_LINKS);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer **buffer = kunit_kcalloc(test, count, sizeof(*buffer), GFP_KERNEL);
	dma_addr_t *address = kunit_kcalloc(test, count, sizeof(*address), GFP_KERNEL);
	unsigned int i, round, reachable = 0;

	KUNIT_ASSERT_NOT_NULL(test, buffer);
	KUNIT_ASSERT_NOT_NULL(test, address);
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 128), 0);
	for (i = 0; i < count; i++)
		buffer[i] = rig_scattered(rig, 0, PAGE_SIZE);
	for (round = 0; round < 3; round++) {
		for (i = 0; i < count; i++) {
			rig_begin(t, buffer[i], PAGE_SIZE);
			address[i] = t->address;
			KUNIT_EXPECT_EQ(test, mapregs_wrong(rig, t->address, buffer[i], 0, 1), 0);
			rig_finish(t);
		}
	}
	KUNIT_EXPECT_EQ(test, dmabay_transaction_unlink(t->transaction, NULL), 0);
	for (i = 0; i < count; i++)
		reachable += mapregs_reachable(rig, address[i], 1);
	KUNIT_EXPECT_EQ(test, reachable, 0);
}

/* R02: after unlink the device reaches none of it, and all of the rest. */
static void mapregs_unlink(struct kunit *test)
{
	struct rig *rig = mapregs_start_window(test, 33, DMABAY_ENABLER_KEEP_LINKS);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *a = rig_scattered(rig, 0, 8 * PAGE_SIZE);
	struct rig_buffer *b = rig_contiguous(rig, 0, 8 * PAGE_SIZE);
	dma_addr_t address_a, address_b;

	KUNIT_EXPECT_EQ(test, rig_reserve(t, 16), 0);
	rig_begin(t, a, 8 * PAGE_SIZE);
	address_a = t->address;
	rig_finish(t);
	rig_begin(t, b, 8 * PAGE_SIZE);
	address_b = t->address;
	rig_finish(t);
	KUNIT_EXPECT_EQ(test, mapregs_wrong(rig, address_a, a, 0, 8), 0);
	KUNIT_EXPECT_EQ(test, mapregs_wrong(rig, address_b, b, 0, 8), 0);

	KUNIT_EXPECT_EQ(test, dmabay_transaction_unlink(t->transaction, a->memory), 0);
	KUNIT_EXPECT_EQ(test, mapregs_reachable(rig, address_a, 8), 0);
	KUNIT_EXPECT_EQ(test, mapregs_wrong(rig, address_b, b, 0, 8), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_unlink(t->transaction, a->memory), 0);

	rig_begin(t, a, 8 * PAGE_SIZE);
	address_a = t->address;
	KUNIT_EXPECT_EQ(test, mapregs_wrong(rig, address_a, a, 0, 8), 0);
	rig_finish(t);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_unlink(t->transaction, NULL), 0);
	KUNIT_EXPECT_EQ(test, mapregs_reachable(rig, address_a, 8), 0);
	KUNIT_EXPECT_EQ(test, mapregs_reachable(rig, address_b, 8), 0);
	/* The reservation is as good as before. */
	rig_begin(t, b, 8 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, mapregs_wrong(rig, t->address, b, 0, 8), 0);
	rig_finish(t);
}

/* What a transfer uses is busy; everything else is not. Holds for every provider. */
static void mapregs_unlink_busy(struct kunit *test)
{
	struct rig *rig = mapregs_start(test, 65536, 17, DMABAY_ENABLER_KEEP_LINKS);
	struct rig_transaction *t = rig_transaction(rig), *fresh = rig_transaction(rig);
	struct rig_buffer *a = rig_contiguous(rig, 0, 8192);
	struct rig_buffer *b = rig_contiguous(rig, 0, 8192);

	KUNIT_EXPECT_EQ(test, dmabay_transaction_unlink(fresh->transaction, a->memory), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_unlink(fresh->transaction, NULL), 0);

	KUNIT_EXPECT_EQ(test, rig_reserve(t, 8), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_unlink(t->transaction, NULL), 0);
	rig_begin(t, b, 8192);
	rig_finish(t);
	rig_begin(t, a, 8192);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_unlink(t->transaction, a->memory), -EBUSY);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_unlink(t->transaction, NULL), -EBUSY);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_unlink(t->transaction, b->memory), 0);
	rig_device_write(rig, t->address, 0, 8192, 5);
	rig_finish(t);
	KUNIT_EXPECT_EQ(test, rig_matching(a, 0, 8192, 5), 8192);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_unlink(t->transaction, a->memory), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_unlink(t->transaction, NULL), 0);
}

/* Two reservations link the same memory, and let go of it one by one. */
static void mapregs_linked_twice(struct kunit *test)
{
	struct rig *rig = mapregs_start_window(test, 17, DMABAY_ENABLER_KEEP_LINKS);
	struct rig_transaction *a = rig_transaction(rig), *b = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 4 * PAGE_SIZE);

	KUNIT_EXPECT_EQ(test, rig_reserve(a, 4), 0);
	KUNIT_EXPECT_EQ(test, rig_reserve(b, 4), 0);
	rig_begin(a, buffer, 4 * PAGE_SIZE);
	rig_finish(a);
	rig_begin(b, buffer, 4 * PAGE_SIZE);
	rig_finish(b);
	KUNIT_EXPECT_NE(test, a->address, b->address);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_unlink(a->transaction, buffer->memory), 0);
	KUNIT_EXPECT_EQ(test, mapregs_reachable(rig, a->address, 4), 0);
	KUNIT_EXPECT_EQ(test, mapregs_wrong(rig, b->address, buffer, 0, 4), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_unlink(b->transaction, buffer->memory), 0);
	KUNIT_EXPECT_EQ(test, mapregs_reachable(rig, b->address, 4), 0);
}

/* A piece of contiguous memory at any alignment: huge leaves and their edges. */
static void mapregs_edges_of_large_links(struct kunit *test)
{
	static const struct {
		unsigned int first;
		unsigned int pages;
	} parts[] = { { 0, 1024 }, { 0, 512 }, { 512, 512 }, { 1, 1023 }, { 511, 2 }, { 256, 512 },
		      { 0, 513 }, { 100, 700 }, { 1023, 1 } };
	struct rig *rig = mapregs_start_window(test, 1100, DMABAY_ENABLER_KEEP_LINKS);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 1024 * PAGE_SIZE);
	unsigned int i, j;

	KUNIT_EXPECT_EQ(test, rig_reserve(t, 1024), 0);
	for (i = 0; i < ARRAY_SIZE(parts) && !rig_time_is_up(rig); i++) {
		for (j = 0; j < ARRAY_SIZE(parts); j++) {
			dma_addr_t address[2];
			unsigned int k;

			for (k = 0; k < 2; k++) {
				const unsigned int n = k ? j : i;

				rig_initialize_direction(t, DMABAY_READ_FROM_DEVICE, buffer->memory,
							 parts[n].first * PAGE_SIZE,
							 parts[n].pages * PAGE_SIZE);
				KUNIT_ASSERT_EQ(test, rig_execute(t), 0);
				KUNIT_ASSERT_EQ(test, t->length, parts[n].pages * PAGE_SIZE);
				address[k] = t->address;
				KUNIT_EXPECT_EQ(test, mapregs_wrong(rig, t->address, buffer,
								    parts[n].first, parts[n].pages),
						0);
				rig_finish(t);
			}
			KUNIT_EXPECT_EQ(test, dmabay_transaction_unlink(t->transaction, NULL), 0);
			KUNIT_EXPECT_EQ(test, mapregs_reachable(rig, address[0], parts[i].pages),
					0);
			KUNIT_EXPECT_EQ(test, mapregs_reachable(rig, address[1], parts[j].pages),
					0);
		}
	}
}

/*
 * R01, the link ledger against a model.
 *
 * A few reservations of all slot sizes, and memories from one page to 4 MiB,
 * contiguous and scattered. In random order: transfer a part of a memory, unlink a
 * memory, unlink all, free the reservation and take one of another size. The model
 * notes for each page of the window whose it is and which frame was seen there.
 * At any time such a page translates to that frame, or to nothing if it was
 * evicted, and never to another; after an unlink, to nothing.
 */
#define MODEL_RESERVATIONS	4
#define MODEL_MEMORIES		14

struct mapregs_model {
	struct rig *rig;
	struct rnd_state random;
	dma_addr_t base;
	unsigned int pages;
	/* of each page of the window */
	phys_addr_t *frame;
	u8 *memory;
	u8 *reservation;
	struct rig_transaction *t[MODEL_RESERVATIONS];
	unsigned int registers[MODEL_RESERVATIONS];
	struct rig_buffer *buffer[MODEL_MEMORIES];
	u32 checksum[MODEL_MEMORIES];
	unsigned long links;
	unsigned long unlinks;
	unsigned long granules;
	unsigned long wrong;
};

static u32 model_random(struct mapregs_model *model, u32 below)
{
	return prandom_u32_state(&model->random) % below;
}

static u32 model_checksum(struct rig_buffer *buffer)
{
	unsigned int i;
	u32 sum = 0;

	for (i = 0; i < buffer->count; i++)
		sum = jhash2(page_address(buffer->pages[i]), PAGE_SIZE / sizeof(u32), sum);
	return sum;
}

/* Pages of the model that do not translate as they must; -1 stands for any. */
static unsigned int model_wrong(struct mapregs_model *model, int reservation, int memory,
				bool unlinked)
{
	unsigned int i, wrong = 0;

	for (i = 0; i < model->pages; i++) {
		dma_addr_t address = model->base + (dma_addr_t)i * PAGE_SIZE;
		phys_addr_t phys;

		if (!model->frame[i] ||
		    (reservation >= 0 && model->reservation[i] != reservation) ||
		    (memory >= 0 && model->memory[i] != memory))
			continue;
		phys = rig_translate(model->rig, address);
		model->granules++;
		if (phys && (unlinked || phys != model->frame[i]))
			wrong++;
		if (unlinked)
			model->frame[i] = 0;
	}
	model->wrong += wrong;
	return wrong;
}

static void model_transfer(struct mapregs_model *model, unsigned int reservation,
			   unsigned int memory)
{
	struct kunit *test = model->rig->test;
	struct rig_transaction *t = model->t[reservation];
	struct rig_buffer *buffer = model->buffer[memory];
	unsigned int first, count, at, i;
	int ret;

	first = model_random(model, 2) ? 0 : model_random(model, buffer->count);
	count = model_random(model, 2) ? buffer->count - first :
					 1 + model_random(model, buffer->count - first);
	rig_initialize_direction(t, model_random(model, 2), buffer->memory, first * PAGE_SIZE,
				 count * PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, rig_execute(t), 0);
	at = first;
	do {
		unsigned int pages = t->length >> PAGE_SHIFT;
		unsigned int window_page = (t->address - model->base) >> PAGE_SHIFT;

		KUNIT_ASSERT_GE(test, t->address, model->base);
		KUNIT_ASSERT_LE(test, window_page + pages, model->pages);
		KUNIT_EXPECT_EQ(test, mapregs_wrong(model->rig, t->address, buffer, at, pages), 0);
		for (i = 0; i < pages; i++) {
			model->frame[window_page + i] = page_to_phys(buffer->pages[at + i]);
			model->memory[window_page + i] = memory;
			model->reservation[window_page + i] = reservation;
		}
		at += pages;
		model->links++;
		ret = rig_complete(t);
	} while (ret == -EINPROGRESS);
	KUNIT_ASSERT_EQ(test, ret, 0);
	KUNIT_ASSERT_EQ(test, at, first + count);
	KUNIT_ASSERT_EQ(test, dmabay_transaction_release(t->transaction), 0);
}

static void model_reserve(struct mapregs_model *model, unsigned int reservation)
{
	static const unsigned int sizes[] = {
		1, 2, 3, 4, 5, 8, 9, 16, 17, 31, 64, 65, 128, 200, 256, 257, 511, 512, 513, 1024,
		1025,
	};
	unsigned int i, most = 0;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		if (sizes[i] <= rig_free_registers(model->rig))
			most = i + 1;
	}
	model->registers[reservation] = sizes[model_random(model, most)];
	KUNIT_ASSERT_EQ(model->rig->test, rig_reserve(model->t[reservation],
						      model->registers[reservation]), 0);
}

static void model_step(struct mapregs_model *model)
{
	struct kunit *test = model->rig->test;
	unsigned int reservation = model_random(model, MODEL_RESERVATIONS);
	unsigned int memory = model_random(model, MODEL_MEMORIES);
	struct rig_transaction *t = model->t[reservation];

	switch (model_random(model, 12)) {
	case 0:
	case 1:
		KUNIT_EXPECT_EQ(test, dmabay_transaction_unlink(t->transaction,
								model->buffer[memory]->memory), 0);
		KUNIT_EXPECT_EQ(test, model_wrong(model, reservation, memory, true), 0);
		KUNIT_EXPECT_EQ(test, model_checksum(model->buffer[memory]),
				model->checksum[memory]);
		model->unlinks++;
		break;
	case 2:
		KUNIT_EXPECT_EQ(test, dmabay_transaction_unlink(t->transaction, NULL), 0);
		KUNIT_EXPECT_EQ(test, model_wrong(model, reservation, -1, true), 0);
		model->unlinks++;
		break;
	case 3:
		KUNIT_EXPECT_EQ(test, dmabay_transaction_free_reservation(t->transaction), 0);
		KUNIT_EXPECT_EQ(test, model_wrong(model, reservation, -1, true), 0);
		model_reserve(model, reservation);
		model->unlinks++;
		break;
	default:
		model_transfer(model, reservation, memory);
		break;
	}
}

static struct mapregs_model *model_create(struct rig *rig, u32 seed)
{
	struct kunit *test = rig->test;
	struct dmabay_adapter_info info;
	struct mapregs_model *model;
	unsigned int i;

	model = kunit_kzalloc(test, sizeof(*model), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, model);
	prandom_seed_state(&model->random, seed);
	model->rig = rig;
	dmabay_adapter_info(rig->adapter, &info);
	model->base = info.window_base;
	model->pages = info.window_length >> PAGE_SHIFT;
	model->frame = kunit_kcalloc(test, model->pages, sizeof(*model->frame), GFP_KERNEL);
	model->memory = kunit_kcalloc(test, model->pages, 1, GFP_KERNEL);
	model->reservation = kunit_kcalloc(test, model->pages, 1, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, model->frame);
	KUNIT_ASSERT_NOT_NULL(test, model->memory);
	KUNIT_ASSERT_NOT_NULL(test, model->reservation);

	for (i = 0; i < MODEL_MEMORIES; i++) {
		/* 4 KiB to 4 MiB in one piece, then scattered ones */
		size_t pages = i < 11 ? 1UL << i : 1UL << (2 * (i - 10));

		model->buffer[i] = i < 11 ? rig_contiguous(rig, 0, pages * PAGE_SIZE) :
					    rig_scattered(rig, 0, pages * PAGE_SIZE);
		get_random_bytes(page_address(model->buffer[i]->pages[0]), PAGE_SIZE);
		model->buffer[i]->count = pages;
		model->checksum[i] = model_checksum(model->buffer[i]);
	}
	for (i = 0; i < MODEL_RESERVATIONS; i++) {
		model->t[i] = rig_transaction(rig);
		dmabay_transaction_set_keep_links(model->t[i]->transaction, i);
		model_reserve(model, i);
	}
	return model;
}

static void mapregs_r01_ledger(struct kunit *test)
{
	struct rig *rig = mapregs_start_window(test, 1300, DMABAY_ENABLER_KEEP_LINKS);
	u32 seed = get_random_u32();
	struct mapregs_model *model;
	unsigned int step, i, left = 0, changed = 0;

	kunit_info(test, "seed %u\n", seed);
	model = model_create(rig, seed);
	for (step = 0; step < 1500 && test->status != KUNIT_FAILURE && !rig_time_is_up(rig);
	     step++) {
		model_step(model);
		if (step % 16 == 0)
			KUNIT_EXPECT_EQ(test, model_wrong(model, -1, -1, false), 0);
		if (test->status == KUNIT_FAILURE)
			kunit_info(test, "in step %u of seed %u\n", step, seed);
		cond_resched();
	}
	for (i = 0; i < MODEL_RESERVATIONS; i++)
		KUNIT_EXPECT_EQ(test, dmabay_transaction_free_reservation(model->t[i]->transaction),
				0);
	for (i = 0; i < model->pages; i++)
		left += !!rig_translate(rig, model->base + (dma_addr_t)i * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, left, 0);
	for (i = 0; i < MODEL_MEMORIES; i++)
		changed += model_checksum(model->buffer[i]) != model->checksum[i];
	KUNIT_EXPECT_EQ(test, changed, 0);
	kunit_info(test, "%u steps, %lu transfers, %lu unlinks\n", step, model->links,
		   model->unlinks);
	kunit_info(test, "R01: %lu of %lu granules wrong, %u of %u memories changed\n",
		   model->wrong + left, model->granules + model->pages, changed, MODEL_MEMORIES);
}

/* An IOMMU that translates less than a page at a time serves; one that only translates more not. */
static void mapregs_granule(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, PAGE_SIZE, 2);
	const struct {
		unsigned long sizes;
		int ret;
	} cases[] = {
		{ SZ_2M | SZ_1G, -EOPNOTSUPP },
		{ 2 * PAGE_SIZE | SZ_2M, -EOPNOTSUPP },
		{ PAGE_SIZE / 2 | PAGE_SIZE, 0 },
		{ PAGE_SIZE | SZ_2M, 0 },
	};
	struct dmabay_enabler *enabler;
	unsigned long sizes;
	unsigned int i;
	int ret;

	if (rig->param->provider != DMABAY_PROVIDER_IOVA)
		kunit_skip(test, "this provider has no window");
	sizes = rig->domain->pgsize_bitmap;
	for (i = 0; i < ARRAY_SIZE(cases); i++) {
		rig->domain->pgsize_bitmap = cases[i].sizes;
		ret = dmabay_enabler_create(rig->dev, &config, &enabler);
		KUNIT_EXPECT_EQ(test, ret, cases[i].ret);
		if (!ret)
			dmabay_enabler_delete(enabler);
		rig->domain->pgsize_bitmap = sizes;
	}
}

static struct kunit_case mapregs_cases[] = {
	RIG_CASE_PROFILES(mapregs_data),
	RIG_CASE_PROFILES(mapregs_data_groups),
	RIG_CASE(mapregs_data_reserved),
	RIG_CASE(mapregs_data_large),
	RIG_CASE(mapregs_copies_completed_only),
	RIG_CASE(mapregs_copies_nothing_on_failure),
	RIG_CASE(mapregs_shows_no_old_bytes),
	RIG_CASE_PROFILES(mapregs_copies_what_it_must),
	RIG_CASE(mapregs_pages_are_not_shared),
	RIG_CASE(mapregs_unmapped_after_release),
	RIG_CASE(mapregs_kept_links_hit),
	RIG_CASE(mapregs_links_go_with_the_registers),
	RIG_CASE(mapregs_keep_links_override),
	RIG_CASE(mapregs_evicts_what_is_in_the_way),
	RIG_CASE(mapregs_evicts_the_oldest),
	RIG_CASE(mapregs_many_memories),
	RIG_CASE(mapregs_borrowed_is_unlinked),
	RIG_CASE(mapregs_borrowed_in_a_chain),
	RIG_CASE(mapregs_unlink),
	RIG_CASE(mapregs_unlink_busy),
	RIG_CASE(mapregs_linked_twice),
	RIG_CASE(mapregs_edges_of_large_links),
	RIG_CASE(mapregs_granule),
	RIG_CASE(mapregs_r01_ledger),
	{}
};

struct kunit_suite dmabay_mapregs_suite = {
	.name = "dmabay_mapregs",
	.exit = rig_end,
	.test_cases = mapregs_cases,
};
kunit_test_suite(dmabay_mapregs_suite);
