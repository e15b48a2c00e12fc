// SPDX-License-Identifier: GPL-2.0-only
/*
 * Links by the thousand: what stays linked, what goes, and what that costs. Which frames the
 * device reaches is seen for each transfer; random orders against a model are in
 * mapregs_kunit.c.
 */
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "rig.h"

struct links {
	struct rig *rig;
	struct rig_transaction *t;
	struct rig_buffer **buffer;
	struct rnd_state random;
	struct dmabay_adapter_counters before;
};

/* A reservation of so many registers, with room for so many links, and as many buffers. */
static struct links *links_start(struct kunit *test, unsigned int map_registers,
				 unsigned int room, unsigned int buffers, unsigned int pages)
{
	const struct rig_provider *param = test->param_value;
	struct links *links = kunit_kzalloc(test, sizeof(*links), GFP_KERNEL);
	struct dmabay_enabler_config config;
	u32 seed = get_random_u32();
	unsigned int i;

	if (param->provider != DMABAY_PROVIDER_IOVA)
		kunit_skip(test, "this provider keeps no links");
	KUNIT_ASSERT_NOT_NULL(test, links);
	kunit_info(test, "seed %u\n", seed);
	prandom_seed_state(&links->random, seed);
	links->rig = rig_prepare(test);
	config = rig_config(links->rig, (map_registers - 1) * PAGE_SIZE, map_registers);
	config.flags = DMABAY_ENABLER_KEEP_LINKS;
	rig_enable(links->rig, &config);
	links->t = rig_transaction(links->rig);
	if (room)
		KUNIT_ASSERT_EQ(test, dmabay_transaction_make_links(links->t->transaction, room),
				0);
	KUNIT_ASSERT_EQ(test, rig_reserve(links->t, map_registers), 0);

	links->buffer = kunit_kcalloc(test, buffers, sizeof(*links->buffer), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, links->buffer);
	for (i = 0; i < buffers; i++)
		links->buffer[i] = rig_contiguous(links->rig, 0, pages * PAGE_SIZE);
	return links;
}

/* Transfer so many pages of a buffer. Every one of them is where the device looks. */
static void links_use_part(struct links *links, struct rig_buffer *buffer, unsigned int first,
			   unsigned int pages)
{
	struct kunit *test = links->rig->test;
	unsigned int i, wrong = 0;

	rig_initialize_direction(links->t, DMABAY_READ_FROM_DEVICE, buffer->memory,
				 first * PAGE_SIZE, pages * PAGE_SIZE);
	KUNIT_ASSERT_EQ(test, rig_execute(links->t), 0);
	KUNIT_ASSERT_EQ(test, links->t->length, pages * PAGE_SIZE);
	for (i = 0; i < pages; i++)
		wrong += rig_translate(links->rig, links->t->address + i * PAGE_SIZE) !=
			 page_to_phys(buffer->pages[first + i]);
	KUNIT_EXPECT_EQ(test, wrong, 0);
	rig_finish(links->t);
}

static void links_use(struct links *links, unsigned int i)
{
	links_use_part(links, links->buffer[i], 0, links->buffer[i]->count);
}

static void links_unlink(struct links *links, struct rig_buffer *buffer)
{
	KUNIT_EXPECT_EQ(links->rig->test,
			dmabay_transaction_unlink(links->t->transaction,
						  buffer ? buffer->memory : NULL), 0);
}

static void links_begin_count(struct links *links)
{
	dmabay_adapter_counters(links->rig->adapter, &links->before);
}

/* What it has cost since the count began. */
static struct dmabay_adapter_counters links_count(struct links *links)
{
	struct dmabay_adapter_counters now;

	dmabay_adapter_counters(links->rig->adapter, &now);
	now.links -= links->before.links;
	now.unlinks -= links->before.unlinks;
	now.flushes -= links->before.flushes;
	now.hits -= links->before.hits;
	return now;
}

/* If there is room for all, each is linked once, in whatever order they are used. */
static void links_stay(struct kunit *test)
{
	const unsigned int count = 1000;
	struct links *links = links_start(test, 1024, 1024, count, 1);
	struct dmabay_adapter_counters cost;
	unsigned int i, used;

	for (i = 0; i < count; i++)
		links_use(links, i);
	cost = links_count(links);
	KUNIT_EXPECT_EQ(test, cost.links, count);
	KUNIT_EXPECT_EQ(test, cost.flushes, 0);

	links_begin_count(links);
	for (used = 0; used < 2 * count && !rig_time_is_up(links->rig); used++)
		links_use(links, prandom_u32_state(&links->random) % count);
	cost = links_count(links);
	KUNIT_EXPECT_EQ(test, cost.hits, used);
	KUNIT_EXPECT_EQ(test, cost.links, 0);
	KUNIT_EXPECT_EQ(test, cost.flushes, 0);
	kunit_info(test, "%u transfers of %u buffers\n", used, count);
}

/* If not, at least 16 go with each flush: less than 0.07 of them for each transfer. */
static void links_go_in_batches(struct kunit *test)
{
	const unsigned int count = 320;
	struct links *links = links_start(test, 1024, 1024, count, 16);
	struct dmabay_adapter_counters cost;
	unsigned int used;

	for (used = 0; used < 4 * count && !rig_time_is_up(links->rig); used++)
		links_use(links, prandom_u32_state(&links->random) % count);
	cost = links_count(links);
	kunit_info(test, "%u transfers, %llu hits, %llu flushes\n", used, cost.hits,
		   cost.flushes);
	KUNIT_EXPECT_EQ(test, cost.links + cost.hits, used);
	KUNIT_EXPECT_EQ(test, cost.unlinks, cost.flushes);
	KUNIT_EXPECT_LT(test, cost.flushes * 100, used * 7ULL);
	/* The slot has 64 of 320, and is never less than three quarters full. */
	if (used > count)
		KUNIT_EXPECT_GT(test, cost.hits * 8, used);

	links_unlink(links, NULL);
	dmabay_adapter_counters(links->rig->adapter, &cost);
	KUNIT_EXPECT_EQ(test, cost.linked_bytes, 0);
}

/* What is used again and again stays, whatever else comes by. */
static void links_used_again_stay(struct kunit *test)
{
	const unsigned int hot = 16, count = 200;
	struct links *links = links_start(test, 64, 64, count, 1);
	struct dmabay_adapter_counters cost;
	unsigned int round, i, cold = hot;

	for (round = 0; round < 40; round++) {
		if (round == 20)
			links_begin_count(links);
		for (i = 0; i < hot; i++) {
			links_use(links, i);
			if (i % 4)
				continue;
			links_use(links, cold);
			cold = cold + 1 < count ? cold + 1 : hot;
		}
	}
	/* 80 that come by, 320 of the others; of those most are there. */
	cost = links_count(links);
	kunit_info(test, "%llu of %u hits\n", cost.hits, 20 * hot);
	KUNIT_EXPECT_GT(test, cost.hits, 20 * hot * 9 / 10);
}

/* Where somebody has unlinked there is room: nothing else has to go. */
static void links_fill_holes(struct kunit *test)
{
	struct links *links = links_start(test, 64, 64, 40, 4);
	struct dmabay_adapter_counters cost;
	unsigned int i, j;

	for (i = 0; i < 16; i++)
		links_use(links, i);
	links_begin_count(links);
	/* Buffers come and go, one at a time, and then by threes. */
	for (i = 16; i < 30; i++) {
		links_unlink(links, links->buffer[i == 16 ? 5 : i - 1]);
		links_use(links, i);
	}
	links_unlink(links, links->buffer[2]);
	links_unlink(links, links->buffer[9]);
	links_unlink(links, links->buffer[12]);
	for (i = 30; i < 33; i++)
		links_use(links, i);
	cost = links_count(links);
	KUNIT_EXPECT_EQ(test, cost.links, 14 + 3);
	KUNIT_EXPECT_EQ(test, cost.unlinks, 14 + 3);

	links_begin_count(links);
	for (j = 0; j < 3; j++)
		for (i = 0; i < 33; i++)
			if (i < 16 ? i != 2 && i != 5 && i != 9 && i != 12 : i >= 29)
				links_use(links, i);
	cost = links_count(links);
	KUNIT_EXPECT_EQ(test, cost.hits, 3 * 16);
	KUNIT_EXPECT_EQ(test, cost.links, 0);
}

/* However long the link is, and wherever it begins, each part of it is found. */
static void links_find_parts(struct kunit *test)
{
	static const struct {
		unsigned int first;
		unsigned int pages;
	} linked[] = { { 0, 127 }, { 1, 1 }, { 3, 2 }, { 5, 3 }, { 7, 9 }, { 15, 16 }, { 31, 33 },
		       { 100, 28 }, { 127, 1 } };
	struct links *links = links_start(test, 128, 128, 1, 128);
	struct dmabay_adapter_counters cost;
	unsigned int i, first, pages, used = 0;

	for (i = 0; i < ARRAY_SIZE(linked); i++) {
		const unsigned int end = linked[i].first + linked[i].pages;

		links_unlink(links, NULL);
		links_use_part(links, links->buffer[0], linked[i].first, linked[i].pages);
		links_begin_count(links);
		used = 0;
		for (first = linked[i].first; first < end; first += 1 + first / 40) {
			for (pages = 1; first + pages <= end; pages += 1 + pages / 3) {
				links_use_part(links, links->buffer[0], first, pages);
				used++;
			}
		}
		cost = links_count(links);
		KUNIT_EXPECT_EQ(test, cost.hits, used);
		KUNIT_EXPECT_EQ(test, cost.links, 0);

		/* What is beyond is not. */
		if (linked[i].first)
			links_use_part(links, links->buffer[0], linked[i].first - 1, 2);
		else
			continue;
		cost = links_count(links);
		KUNIT_EXPECT_EQ(test, cost.hits, used);
	}
}

/* All links of a memory go, which lie side by side, with a flush for many of them. */
static void links_of_one_memory(struct kunit *test)
{
	struct links *links = links_start(test, 256, 256, 2, 128);
	struct dmabay_adapter_counters cost;
	unsigned int i, j, reachable = 0;
	dma_addr_t (*address)[128];

	address = kunit_kcalloc(test, 2, sizeof(*address), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, address);
	for (i = 0; i < 2; i++) {
		for (j = 0; j < 128; j++) {
			links_use_part(links, links->buffer[i], j, 1);
			address[i][j] = links->t->address;
		}
	}
	links_begin_count(links);
	links_unlink(links, links->buffer[0]);
	cost = links_count(links);
	KUNIT_EXPECT_EQ(test, cost.flushes, 1);
	for (j = 0; j < 128; j++) {
		reachable += !!rig_translate(links->rig, address[0][j]);
		KUNIT_EXPECT_EQ(test, rig_translate(links->rig, address[1][j]),
				page_to_phys(links->buffer[1]->pages[j]));
	}
	KUNIT_EXPECT_EQ(test, reachable, 0);
	dmabay_adapter_counters(links->rig->adapter, &cost);
	KUNIT_EXPECT_EQ(test, cost.linked_bytes, 128 * PAGE_SIZE);
}

static noinline void links_expect_room(struct kunit *test, unsigned int room, unsigned int stay)
{
	struct links *links = links_start(test, 128, room, 129, 1);
	struct dmabay_adapter_counters cost;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, dmabay_transaction_make_links(links->t->transaction, 500), -EBUSY);
	for (i = 0; i < stay; i++)
		links_use(links, i);
	cost = links_count(links);
	KUNIT_EXPECT_EQ(test, cost.linked_bytes, stay * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, cost.flushes, 0);
	links_use(links, i);
	cost = links_count(links);
	KUNIT_EXPECT_EQ(test, cost.flushes, 1);
	rig_exit(test);
}

/* Room for links is what was asked for, if it is more than a reservation has anyway. */
static void links_room(struct kunit *test)
{
	links_expect_room(test, 0, 64);
	links_expect_room(test, 20, 64);
	links_expect_room(test, 100, 100);
	links_expect_room(test, 200, 128);
}

static struct kunit_case links_cases[] = {
	RIG_CASE(links_stay),
	RIG_CASE(links_go_in_batches),
	RIG_CASE(links_used_again_stay),
	RIG_CASE(links_fill_holes),
	RIG_CASE(links_find_parts),
	RIG_CASE(links_of_one_memory),
	RIG_CASE(links_room),
	{}
};

static struct kunit_suite dmabay_links_suite = {
	.name = "dmabay_links",
	.exit = rig_end,
	.test_cases = links_cases,
};
kunit_test_suite(dmabay_links_suite);
