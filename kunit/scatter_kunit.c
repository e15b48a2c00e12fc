// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scatter-gather: transfers that are lists, each on map registers of its own (5.2 to
 * 5.10, what is different there from the packet profile).
 *
 * The chain of EX5 is in most tests: three groups of 5000 bytes at 3000 bytes into
 * their first page, so two pages each, and transfers of up to 12288 bytes.
 */
#include <kunit/static_stub.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "rig.h"

#define SCATTER_GROUP		5000
#define SCATTER_OFFSET		3000
#define SCATTER_MAX		12288

/* What is in memory, and what the device brings, or expects to find. */
#define SCATTER_OLD		1
#define SCATTER_NEW		2

static const enum dmabay_profile scatter_list_profiles[] = {
	DMABAY_PROFILE_SCATTER_GATHER,
	DMABAY_PROFILE_SCATTER_GATHER64,
	DMABAY_PROFILE_SCATTER_GATHER_DUPLEX,
	DMABAY_PROFILE_SCATTER_GATHER64_DUPLEX,
};

static struct rig_buffer *scatter_chain(struct rig *rig)
{
	return rig_chain(rig, 3, SCATTER_OFFSET, SCATTER_GROUP);
}

static void scatter_expect_state(struct rig_transaction *t, const char *name)
{
	KUNIT_EXPECT_STREQ(t->rig->test, dmabay_transaction_state_name(t->transaction), name);
}

static void scatter_fill(struct rig_buffer *buffer, enum dmabay_direction direction)
{
	rig_fill(buffer, direction == DMABAY_WRITE_TO_DEVICE ? SCATTER_NEW : SCATTER_OLD);
}

/* The device moves the first bytes of the transfer under way, which are those from @at on. */
static void scatter_move(struct rig_transaction *t, enum dmabay_direction direction, size_t at,
			 size_t length)
{
	if (direction == DMABAY_WRITE_TO_DEVICE)
		KUNIT_EXPECT_EQ(t->rig->test, rig_transfer_matching(t, at, length, SCATTER_NEW),
				length);
	else
		rig_transfer_write(t, at, length, SCATTER_NEW);
}

/* All of these bytes are new, and no others. */
static void scatter_expect_moved(struct rig_buffer *buffer, enum dmabay_direction direction,
				 size_t at, size_t length)
{
	struct kunit *test = buffer->rig->test;
	size_t behind = buffer->length - at - length;

	if (direction == DMABAY_WRITE_TO_DEVICE)
		return;
	KUNIT_EXPECT_EQ(test, rig_matching(buffer, 0, at, SCATTER_OLD), at);
	KUNIT_EXPECT_EQ(test, rig_matching(buffer, at, length, SCATTER_NEW), length);
	KUNIT_EXPECT_EQ(test, rig_matching(buffer, at + length, behind, SCATTER_OLD), behind);
}

/* The list is as long as was announced, at most, and has the room it says. */
static void scatter_expect_list(struct rig_transaction *t, struct rig_buffer *buffer, size_t at)
{
	struct kunit *test = t->rig->test;
	unsigned int elements = 0;

	KUNIT_EXPECT_EQ(test, 0,
			dmabay_adapter_transfer_info(t->rig->adapter, buffer->memory, at, t->length,
						     NULL, &elements));
	KUNIT_EXPECT_GE(test, t->list->count, 1);
	KUNIT_EXPECT_LE(test, t->list->count, elements);
	KUNIT_EXPECT_LE(test, t->list->count, t->list->capacity);
}

/* Transfer by transfer to the end, every byte through the eyes of the device. */
static void scatter_run(struct rig_transaction *t, struct rig_buffer *buffer,
			enum dmabay_direction direction, size_t offset, size_t length)
{
	struct kunit *test = t->rig->test;
	size_t done = 0;
	int ret;

	scatter_fill(buffer, direction);
	rig_initialize_direction(t, direction, buffer->memory, offset, length);
	KUNIT_ASSERT_EQ(test, rig_execute(t), 0);
	do {
		KUNIT_ASSERT_GT(test, t->length, 0);
		KUNIT_ASSERT_LE(test, t->length, length - done);
		scatter_expect_list(t, buffer, offset + done);
		scatter_move(t, direction, offset + done, t->length);
		done += t->length;
		ret = rig_complete(t);
	} while (ret == -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, done, length);
	scatter_expect_moved(buffer, direction, offset, length);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
}

/* The same in both directions, each with a log of its own. */
static void scatter_run_both(struct rig_transaction *t, struct rig_buffer *buffer, size_t offset,
			     size_t length, unsigned int count, const size_t *lengths)
{
	unsigned int direction;

	for (direction = 0; direction < 2; direction++) {
		t->rig->events = 0;
		scatter_run(t, buffer, direction, offset, length);
		rig_expect_lengths(t->rig, count, lengths);
	}
}

#define SCATTER_RUN_BOTH(t, buffer, offset, length, ...)			\
	scatter_run_both(t, buffer, offset, length, ARRAY_SIZE(((size_t[]) { __VA_ARGS__ })), \
			 ((size_t[]) { __VA_ARGS__ }))

static int scatter_initialize(struct rig_transaction *t, struct rig_buffer *buffer, size_t offset,
			      size_t length)
{
	return dmabay_transaction_initialize_offset(t->transaction, rig_program,
						    DMABAY_READ_FROM_DEVICE, buffer->memory,
						    offset, length);
}

static void scatter_t08_last_byte_of_group(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *chain = rig_chain(rig, 2, 0, PAGE_SIZE);

	SCATTER_RUN_BOTH(t, chain, PAGE_SIZE - 1, 101, 101);
	KUNIT_EXPECT_EQ(test, rig->log[0].count, 2);
	KUNIT_EXPECT_EQ(test, rig->log[0].elements[0].length, 1);
}

/* T09, decision 6.3-13: the offset counts through the whole chain. */
static void scatter_t09_offset_in_second_group(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *chain = rig_chain(rig, 3, 96, PAGE_SIZE);

	SCATTER_RUN_BOTH(t, chain, PAGE_SIZE, 2 * PAGE_SIZE, 2 * PAGE_SIZE);
	SCATTER_RUN_BOTH(t, chain, PAGE_SIZE + 77, PAGE_SIZE, PAGE_SIZE);
}

/* T19: refused, and released: a smaller one is taken at once. */
static void scatter_t19_more_pages_than_elements(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_scattered(rig, 0, 3 * PAGE_SIZE);

	dmabay_enabler_set_max_sg_elements(rig->enabler, 2);
	KUNIT_EXPECT_EQ(test, scatter_initialize(t, buffer, 0, 3 * PAGE_SIZE), -E2BIG);
	scatter_expect_state(t, "released");
	RIG_EXPECT_ILLEGAL(test, rig_execute(t));
	KUNIT_EXPECT_EQ(test, scatter_initialize(t, buffer, 1, 2 * PAGE_SIZE), -E2BIG);
	SCATTER_RUN_BOTH(t, buffer, 0, 2 * PAGE_SIZE, 2 * PAGE_SIZE);
}

/* And its settings are kept. */
static void scatter_refused_initialization_keeps_settings(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_scattered(rig, 0, 3 * PAGE_SIZE);

	dmabay_enabler_set_max_sg_elements(rig->enabler, 2);
	dmabay_transaction_set_immediate(t->transaction, true);
	KUNIT_EXPECT_EQ(test, scatter_initialize(t, buffer, 0, 3 * PAGE_SIZE), -E2BIG);
	rig_hold(rig, 17);
	KUNIT_EXPECT_EQ(test, scatter_initialize(t, buffer, 0, PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, rig_execute(t), -ENOMEM);
}

/* T20: what counts is the need of one transfer, from wherever it starts. */
static void scatter_t20_transfers_within_limit(struct kunit *test)
{
	struct rig *rig = rig_start(test, PAGE_SIZE, 5);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *parts[] = {
		rig_scattered(rig, 0, 2 * PAGE_SIZE), rig_scattered(rig, 100, PAGE_SIZE),
	};
	struct rig_buffer *chain = rig_join(rig, parts, ARRAY_SIZE(parts));

	dmabay_enabler_set_max_sg_elements(rig->enabler, 1);
	SCATTER_RUN_BOTH(t, chain, 0, 2 * PAGE_SIZE, PAGE_SIZE, PAGE_SIZE);
	/* the third transfer would be in two pages */
	KUNIT_EXPECT_EQ(test, scatter_initialize(t, chain, 0, 3 * PAGE_SIZE), -E2BIG);
	dmabay_enabler_set_max_sg_elements(rig->enabler, 2);
	SCATTER_RUN_BOTH(t, chain, 0, 3 * PAGE_SIZE, PAGE_SIZE, PAGE_SIZE, PAGE_SIZE);
}

/* T21: pages count, even where all of them would be one element. */
static void scatter_t21_pages_count(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 3 * PAGE_SIZE);

	dmabay_enabler_set_max_sg_elements(rig->enabler, 2);
	KUNIT_EXPECT_EQ(test, scatter_initialize(t, buffer, 0, 3 * PAGE_SIZE), -E2BIG);
	dmabay_enabler_set_max_sg_elements(rig->enabler, 3);
	scatter_run(t, buffer, DMABAY_READ_FROM_DEVICE, 0, 3 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, rig->log[0].count, 1);
}

/* Groups are elements of their own, also where the pages of one follow those of another. */
static void scatter_groups_that_meet(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct page **pages = rig_pages(rig, 2)->pages;
	struct dmabay_memory *parts[2], *chain;

	parts[0] = dmabay_memory_from_pages(pages, 2, 0, 2 * PAGE_SIZE, GFP_KERNEL);
	parts[1] = dmabay_memory_from_pages(pages + 2, 2, 0, 2 * PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, parts[0]);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, parts[1]);
	chain = dmabay_memory_chain(parts, 2, GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, chain);
	rig_initialize_direction(t, DMABAY_READ_FROM_DEVICE, chain, 0, 4 * PAGE_SIZE);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 4 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, rig->log[0].count, 2);
	KUNIT_EXPECT_EQ(test, rig->log[0].elements[0].length, 2 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, rig->log[0].elements[1].length, 2 * PAGE_SIZE);
	dmabay_memory_put(chain);
	dmabay_memory_put(parts[0]);
	dmabay_memory_put(parts[1]);
}

/* X08, EX5: cut where a group ends; each transfer takes what it needs, and no more. */
static void scatter_x08_cut_at_groups(struct kunit *test)
{
	struct rig *rig = rig_start(test, SCATTER_MAX, 4);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *chain = scatter_chain(rig);

	SCATTER_RUN_BOTH(t, chain, 0, 15000, 10000, 5000);
	KUNIT_EXPECT_EQ(test, rig->log[0].count, 2);
	KUNIT_EXPECT_EQ(test, rig->log[0].elements[0].length, SCATTER_GROUP);
	KUNIT_EXPECT_EQ(test, rig->log[0].elements[1].length, SCATTER_GROUP);
	KUNIT_EXPECT_EQ(test, rig->log[1].count, 1);
	/* from the middle of a group, from its start, and with just what there is */
	SCATTER_RUN_BOTH(t, chain, 2000, 12999, 8000, 4999);
	SCATTER_RUN_BOTH(t, chain, 5000, 10000, 10000);
	SCATTER_RUN_BOTH(t, chain, 1, 9999, 9999);
}

/* With registers for all of it, the length cuts, and not the groups. */
static void scatter_cut_inside_a_group(struct kunit *test)
{
	struct rig *rig = rig_start(test, SCATTER_MAX, 6);
	struct rig_transaction *t = rig_transaction(rig);

	SCATTER_RUN_BOTH(t, scatter_chain(rig), 0, 15000, SCATTER_MAX, 15000 - SCATTER_MAX);
}

/* EX6: the limit is compared with what the transfer would need if it was not cut. */
static void scatter_limit_before_cutting_ex6(struct kunit *test)
{
	struct rig *rig = rig_start(test, SCATTER_MAX, 4);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *chain = scatter_chain(rig);

	dmabay_enabler_set_max_sg_elements(rig->enabler, 5);
	KUNIT_EXPECT_EQ(test, scatter_initialize(t, chain, 0, 15000), -E2BIG);
	dmabay_enabler_set_max_sg_elements(rig->enabler, 6);
	SCATTER_RUN_BOTH(t, chain, 0, 15000, 10000, 5000);
}

/* A list has room for as many elements as there are registers. */
static void scatter_many_small_groups(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	SCATTER_RUN_BOTH(t, rig_chain(rig, 40, 50, 10), 0, 400, 170, 170, 60);
	KUNIT_EXPECT_EQ(test, rig->log[0].count, 17);
	KUNIT_EXPECT_EQ(test, rig->log[1].count, 17);
	KUNIT_EXPECT_EQ(test, rig->log[2].count, 6);
}

struct scatter_random {
	struct rnd_state state;
	struct rig *rig;
	struct rig_buffer *parts[4];
	unsigned int count;
	unsigned int registers;
};

static void scatter_random_parts(struct scatter_random *random)
{
	unsigned int i;

	random->count = 1 + prandom_u32_state(&random->state) % 4;
	for (i = 0; i < random->count; i++) {
		unsigned int in_page = prandom_u32_state(&random->state) % 3 ?
				       prandom_u32_state(&random->state) % PAGE_SIZE : 0;
		size_t bytes = 1 + prandom_u32_state(&random->state) %
				   (prandom_u32_state(&random->state) % 3 ? 8 * PAGE_SIZE : 10);

		random->parts[i] = prandom_u32_state(&random->state) % 2 ?
				   rig_contiguous(random->rig, in_page, bytes) :
				   rig_scattered(random->rig, in_page, bytes);
	}
}

/* What 3.5 says: all of @most, or the groups at its beginning that have registers. */
static size_t scatter_cut(const struct scatter_random *random, size_t at, size_t most,
			  unsigned int *registers)
{
	size_t cut = 0, part;
	unsigned int i, pages;

	*registers = 0;
	for (i = 0; i < random->count && most; i++) {
		const struct rig_buffer *group = random->parts[i];

		if (at >= group->length) {
			at -= group->length;
			continue;
		}
		part = min(most, group->length - at);
		pages = dmabay_span_pages(group->offset + at, part);
		if (*registers + pages > random->registers)
			break;
		*registers += pages;
		cut += part;
		most -= part;
		at = 0;
	}
	return cut;
}

/* From transfer to transfer, some of which the device does not do to the end. */
static void scatter_random_run(struct scatter_random *random, struct rig_transaction *t,
			       struct rig_buffer *buffer, size_t offset, size_t length)
{
	enum dmabay_direction direction = prandom_u32_state(&random->state) % 2;
	size_t done = 0, some, fragment;
	struct kunit *test = t->rig->test;
	unsigned int registers;
	int ret;

	fragment = dmabay_enabler_fragment_length(t->rig->enabler, direction);
	scatter_fill(buffer, direction);
	rig_initialize_direction(t, direction, buffer->memory, offset, length);
	KUNIT_ASSERT_EQ(test, rig_execute(t), 0);
	do {
		KUNIT_ASSERT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), done);
		KUNIT_ASSERT_EQ(test, t->length,
				scatter_cut(random, offset + done, min(length - done, fragment),
					    &registers));
		KUNIT_ASSERT_EQ(test, random->registers - rig_free_registers(t->rig), registers);
		scatter_expect_list(t, buffer, offset + done);
		some = t->length;
		if (!(prandom_u32_state(&random->state) % 4))
			some = prandom_u32_state(&random->state) % some;
		scatter_move(t, direction, offset + done, some);
		done += some;
		ret = dmabay_transaction_completed_length(t->transaction, some);
	} while (ret == -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, done, length);
	scatter_expect_moved(buffer, direction, offset, length);
}

/*
 * X09: whatever the memory and the limits, every transfer is cut as 3.5 says, none is
 * empty, and together they are the memory, in order. The seed names a run.
 */
static void scatter_x09_every_transfer_fits(struct kunit *test)
{
	struct scatter_random random = {};
	u32 seed = get_random_u32();
	unsigned int round;

	prandom_seed_state(&random.state, seed);
	kunit_info(test, "seed %u\n", seed);
	for (round = 0; round < 40 && test->status != KUNIT_FAILURE; round++) {
		size_t longest = 500 + prandom_u32_state(&random.state) % (12 * PAGE_SIZE);
		struct rig_buffer *buffer;
		size_t offset = 0;

		random.registers = 2 + prandom_u32_state(&random.state) % 12;
		random.rig = rig_start(test, longest, random.registers);
		scatter_random_parts(&random);
		buffer = rig_join(random.rig, random.parts, random.count);
		if (prandom_u32_state(&random.state) % 2)
			offset = prandom_u32_state(&random.state) % buffer->length;
		scatter_random_run(&random, rig_transaction(random.rig), buffer, offset,
				   buffer->length - offset);
		rig_exit(test);
	}
}

/* X10: the limit was lowered since it was initialized, so execute refuses it. */
static void scatter_x10_limit_lowered_before_execute(struct kunit *test)
{
	struct rig *rig = rig_start(test, SCATTER_MAX, 4);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *chain = scatter_chain(rig);

	rig_initialize(t, chain, 15000);
	/* The transfer would be cut to four pages, but what counts is what it was. */
	dmabay_enabler_set_max_sg_elements(rig->enabler, 5);
	KUNIT_EXPECT_EQ(test, rig_execute(t), -E2BIG);
	KUNIT_EXPECT_EQ(test, t->programmed, 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 4);
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 0);
	scatter_expect_state(t, "failed");
	RIG_EXPECT_ILLEGAL(test, rig_execute(t));
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	dmabay_enabler_set_max_sg_elements(rig->enabler, 6);
	SCATTER_RUN_BOTH(t, chain, 0, 15000, 10000, 5000);
}

static void scatter_expect_failed_after(struct rig_transaction *t, size_t transferred)
{
	struct kunit *test = t->rig->test;

	scatter_expect_state(t, "failed");
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), transferred);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_current_length(t->transaction), 0);
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_completed(t->transaction));
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_completed_final(t->transaction, 0));
	RIG_EXPECT_ILLEGAL(test, rig_execute(t));
}

static void scatter_lower_limit_and_complete(struct rig_transaction *t)
{
	dmabay_enabler_set_max_sg_elements(t->rig->enabler, 1);
	rig_complete(t);
}

/* X11: lowered between two transfers, the completion of the first one says so. */
static void scatter_x11_limit_lowered_between_transfers(struct kunit *test)
{
	struct rig *rig = rig_start(test, SCATTER_MAX, 4);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *chain = scatter_chain(rig);

	rig_begin(t, chain, 15000);
	dmabay_enabler_set_max_sg_elements(rig->enabler, 1);
	KUNIT_EXPECT_EQ(test, rig_complete(t), -E2BIG);
	KUNIT_EXPECT_EQ(test, t->programmed, 1);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 4);
	scatter_expect_failed_after(t, 10000);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);

	/* Inside the callback it was told "more", so execute says so. */
	dmabay_enabler_set_max_sg_elements(rig->enabler, 6);
	t->on_program = scatter_lower_limit_and_complete;
	rig_initialize(t, chain, 15000);
	KUNIT_EXPECT_EQ(test, rig_execute(t), -E2BIG);
	KUNIT_EXPECT_EQ(test, t->result, -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, t->programmed, 2);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 4);
	scatter_expect_failed_after(t, 10000);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	t->on_program = NULL;
	dmabay_enabler_set_max_sg_elements(rig->enabler, 6);
	SCATTER_RUN_BOTH(t, chain, 0, 15000, 10000, 5000);
}

/* Each transfer takes the registers that it needs, where it is. */
static void scatter_registers_of_each_transfer(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *parts[] = {
		rig_contiguous(rig, 0, 8192),		/* 2 */
		rig_contiguous(rig, 0x800, 8192),	/* 3 */
		rig_contiguous(rig, 4095, 2),		/* 2 together with 8190 at 0: 2 + 2 */
		rig_contiguous(rig, 0, 8190 + 1),	/* and 1 byte is left */
	};
	static const unsigned int pages[] = { 2, 3, 2 + 2, 1 };
	unsigned int i;

	rig_begin(t, rig_join(rig, parts, ARRAY_SIZE(parts)), 8192 * 3 + 1);
	for (i = 0; i < ARRAY_SIZE(pages); i++) {
		KUNIT_EXPECT_EQ_MSG(test, 17 - rig_free_registers(rig), pages[i], "transfer %u", i);
		KUNIT_EXPECT_EQ(test, rig_complete(t),
				i + 1 < ARRAY_SIZE(pages) ? -EINPROGRESS : 0);
	}
	RIG_EXPECT_LENGTHS(rig, 8192, 8192, 8192, 1);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17);
}

/* X19: both are programmed, each has its list, and its bytes. */
static void scatter_x19_two_at_once(struct kunit *test)
{
	struct rig *rig = rig_start(test, SCATTER_MAX, 8);
	struct rig_transaction *a = rig_transaction(rig), *b = rig_transaction(rig);
	struct rig_buffer *one = scatter_chain(rig), *other = scatter_chain(rig);

	rig_fill(one, SCATTER_OLD);
	rig_fill(other, SCATTER_NEW);
	rig_begin(a, one, 10000);
	rig_initialize_direction(b, DMABAY_WRITE_TO_DEVICE, other->memory, 0, 10000);
	KUNIT_EXPECT_EQ(test, rig_execute(b), 0);
	KUNIT_ASSERT_EQ(test, b->programmed, 1);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 0);
	KUNIT_EXPECT_PTR_NE(test, a->list, b->list);
	rig_transfer_write(a, 0, 10000, 3);
	KUNIT_EXPECT_EQ(test, rig_transfer_matching(b, 0, 10000, SCATTER_NEW), 10000);
	rig_finish(b);
	rig_finish(a);
	KUNIT_EXPECT_EQ(test, rig_matching(one, 0, 10000, 3), 10000);
	KUNIT_EXPECT_EQ(test, rig_matching(other, 0, 15000, SCATTER_NEW), 15000);
}

static void scatter_expect_logged(struct rig_transaction *t, const struct rig_event *event)
{
	struct kunit *test = t->rig->test;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, t->list->count, event->count);
	for (i = 0; i < min_t(unsigned int, event->count, RIG_ELEMENTS); i++) {
		KUNIT_EXPECT_EQ(test, t->list->elements[i].address, event->elements[i].address);
		KUNIT_EXPECT_EQ(test, t->list->elements[i].length, event->elements[i].length);
	}
}

/*
 * X21: the list stays what it was until its transfer is completed, whatever other
 * transactions do meanwhile; with the packet profile, too.
 */
static void scatter_x21_list_until_completed(struct kunit *test)
{
	struct rig *rig = rig_start(test, SCATTER_MAX, 17);
	struct rig_transaction *t = rig_transaction(rig), *other = rig_transaction(rig);
	struct rig_buffer *chain = scatter_chain(rig), *buffer = scatter_chain(rig);
	unsigned int first, done = 0;
	int ret;

	rig_fill(chain, SCATTER_OLD);
	rig_begin(t, chain, 15000);
	do {
		first = rig->events - 1;
		rig_begin(other, buffer, 15000);
		scatter_expect_logged(t, &rig->log[first]);
		rig_finish(other);
		scatter_expect_logged(t, &rig->log[first]);
		rig_transfer_write(t, done, t->length, SCATTER_NEW);
		done += t->length;
		ret = rig_complete(t);
	} while (ret == -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, ret, 0);
	scatter_expect_moved(chain, DMABAY_READ_FROM_DEVICE, 0, 15000);
}

static struct rig *scatter_start_duplex(struct kunit *test, unsigned int read, unsigned int write)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, SCATTER_MAX, read);

	config.profile = DMABAY_PROFILE_SCATTER_GATHER_DUPLEX;
	config.map_registers_write = write;
	rig_enable(rig, &config);
	KUNIT_ASSERT_EQ(test, rig_free_registers_direction(rig, DMABAY_READ_FROM_DEVICE), read);
	KUNIT_ASSERT_EQ(test, rig_free_registers_direction(rig, DMABAY_WRITE_TO_DEVICE), write);
	return rig;
}

/* X23: the directions have registers, and lines, of their own. */
static void scatter_x23_directions_are_apart(struct kunit *test)
{
	struct rig *rig = scatter_start_duplex(test, 4, 4);
	struct rig_transaction *waits = rig_transaction(rig), *runs = rig_transaction(rig);
	struct rig_buffer *one = scatter_chain(rig), *other = scatter_chain(rig);
	unsigned int held, free;

	for (held = 0; held < 2; held++) {
		free = !held;
		rig_hold_direction(rig, held, 4);
		scatter_fill(one, held);
		rig_initialize_direction(waits, held, one->memory, 0, 10000);
		KUNIT_EXPECT_EQ(test, rig_execute(waits), 0);
		KUNIT_EXPECT_EQ(test, waits->programmed, held);
		KUNIT_EXPECT_EQ(test, rig_waiters_direction(rig, held), 1);
		KUNIT_EXPECT_EQ(test, rig_waiters_direction(rig, free), 0);

		scatter_run(runs, other, free, 0, 15000);
		KUNIT_EXPECT_EQ(test, waits->programmed, held);

		rig_unhold_direction(rig, held);
		KUNIT_EXPECT_EQ(test, waits->programmed, held + 1);
		KUNIT_EXPECT_EQ(test, rig_free_registers_direction(rig, held), 0);
		KUNIT_EXPECT_EQ(test, rig_free_registers_direction(rig, free), 4);
		scatter_move(waits, held, 0, 10000);
		rig_finish(waits);
		scatter_expect_moved(one, held, 0, 10000);
	}
}

/* Cutting goes by the registers of the direction, and so does what may be set. */
static void scatter_duplex_cuts_by_direction(struct kunit *test)
{
	struct rig *rig = scatter_start_duplex(test, 3, 6);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *chain = scatter_chain(rig);

	scatter_run(t, chain, DMABAY_READ_FROM_DEVICE, 0, 15000);
	RIG_EXPECT_LENGTHS(rig, 5000, 5000, 5000);
	rig->events = 0;
	scatter_run(t, chain, DMABAY_WRITE_TO_DEVICE, 0, 15000);
	RIG_EXPECT_LENGTHS(rig, SCATTER_MAX, 15000 - SCATTER_MAX);
	rig->events = 0;
	rig_initialize_direction(t, DMABAY_WRITE_TO_DEVICE, chain->memory, 0, 15000);
	dmabay_transaction_set_max_length(t->transaction, 10000);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 10000, 5000);
}

static void scatter_every_profile(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(scatter_list_profiles); i++) {
		struct rig *rig = rig_start_profile(test, scatter_list_profiles[i], SCATTER_MAX, 4);

		SCATTER_RUN_BOTH(rig_transaction(rig), scatter_chain(rig), 0, 15000, 10000, 5000);
		rig_exit(test);
	}
}

/* What is mapped or linked at this moment. */
static u64 scatter_outstanding(struct rig *rig)
{
	struct dmabay_adapter_counters counters;

	dmabay_adapter_counters(rig->adapter, &counters);
	return counters.mapped - counters.unmapped + counters.linked_bytes;
}

/*
 * C18: the old list is given back before the next one is asked for, or the registers
 * for the two would not be there.
 */
static void scatter_c18_old_list_first(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	struct rig_transaction *t = rig_transaction(rig);
	u64 outstanding;

	rig_begin(t, rig_contiguous(rig, 0, 40960), 40960);
	outstanding = scatter_outstanding(rig);
	do {
		KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 1);
		KUNIT_EXPECT_EQ(test, scatter_outstanding(rig), outstanding);
	} while (rig_complete(t) == -EINPROGRESS);
	RIG_EXPECT_LENGTHS(rig, 8192, 8192, 8192, 8192, 8192);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 3);
	KUNIT_EXPECT_EQ(test, scatter_outstanding(rig), 0);
}

/* Two, each of which needs all registers for each of its transfers: the first one runs. */
struct scatter_rivals {
	struct rig_transaction *first;
	struct rig_transaction *second;
	struct rig_buffer *first_buffer;
	struct rig_buffer *second_buffer;
};

static struct rig *scatter_start_rivals(struct kunit *test, struct scatter_rivals *rivals)
{
	struct rig *rig = rig_start(test, 8192, 3);

	rivals->first = rig_transaction(rig);
	rivals->second = rig_transaction(rig);
	rivals->first_buffer = rig_scattered(rig, 1, 16384);
	rivals->second_buffer = rig_scattered(rig, 1, 16384);
	rig_fill(rivals->first_buffer, SCATTER_OLD);
	rig_fill(rivals->second_buffer, SCATTER_OLD);
	rig_begin(rivals->first, rivals->first_buffer, 16384);
	rig_initialize(rivals->second, rivals->second_buffer, 16384);
	KUNIT_ASSERT_EQ(test, rig_execute(rivals->second), 0);
	KUNIT_ASSERT_EQ(test, rivals->second->programmed, 0);
	return rig;
}

/* C18, C19: who waits gets its turn between two transfers of another, inside the call. */
static void scatter_c18_turn_by_turn(struct kunit *test)
{
	struct scatter_rivals rivals;
	struct rig *rig = scatter_start_rivals(test, &rivals);
	struct rig_transaction *first = rivals.first, *second = rivals.second;

	rig_transfer_write(first, 0, 8192, SCATTER_NEW);
	KUNIT_EXPECT_EQ(test, rig_complete(first), -EINPROGRESS);
	/* Its bytes are there, its place in line is the last. */
	KUNIT_EXPECT_EQ(test, rig_matching(rivals.first_buffer, 0, 8192, SCATTER_NEW), 8192);
	KUNIT_EXPECT_EQ(test, first->programmed, 1);
	KUNIT_EXPECT_EQ(test, second->programmed, 1);
	KUNIT_EXPECT_PTR_EQ(test, rig->log[1].task, current);
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 1);

	rig_transfer_write(second, 0, 8192, SCATTER_NEW);
	KUNIT_EXPECT_EQ(test, rig_complete(second), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, first->programmed, 2);
	KUNIT_EXPECT_EQ(test, second->programmed, 1);

	rig_transfer_write(first, 8192, 8192, SCATTER_NEW);
	KUNIT_EXPECT_EQ(test, rig_complete(first), 0);
	KUNIT_EXPECT_EQ(test, second->programmed, 2);
	rig_transfer_write(second, 8192, 8192, SCATTER_NEW);
	KUNIT_EXPECT_EQ(test, rig_complete(second), 0);
	KUNIT_EXPECT_EQ(test, rig_matching(rivals.first_buffer, 0, 16384, SCATTER_NEW), 16384);
	KUNIT_EXPECT_EQ(test, rig_matching(rivals.second_buffer, 0, 16384, SCATTER_NEW), 16384);
}

/* While it waits for its next transfer it is executing, and nothing is under way. */
static void scatter_waits_between_transfers(struct kunit *test)
{
	struct scatter_rivals rivals;
	struct rig *rig = scatter_start_rivals(test, &rivals);
	struct rig_transaction *t = rivals.first;

	KUNIT_EXPECT_EQ(test, rig_complete(t), -EINPROGRESS);
	scatter_expect_state(t, "transfer");
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 8192);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_current_length(t->transaction), 0);
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_completed(t->transaction));
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_completed_length(t->transaction, 0));
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_completed_final(t->transaction, 0));
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_release(t->transaction));
	RIG_EXPECT_ILLEGAL(test, rig_execute(t));
	RIG_EXPECT_ILLEGAL(test, scatter_initialize(t, rivals.first_buffer, 0, 1));
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_transfer_info(t->transaction, NULL, NULL));
	RIG_EXPECT_WARNING(test, dmabay_transaction_delete(t->transaction));
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 1);
	rivals.second->on_program = rig_complete_now;
	KUNIT_EXPECT_EQ(test, rig_complete(rivals.second), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, t->programmed, 2);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 8192);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_current_length(t->transaction), 8192);
	KUNIT_EXPECT_EQ(test, rig_complete(t), 0);
	KUNIT_EXPECT_EQ(test, rivals.second->result, 0);
}

/* R04: there is nothing to reserve for, and nothing happens. */
static void scatter_r04_no_reservations(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(scatter_list_profiles); i++) {
		struct rig *rig = rig_start_profile(test, scatter_list_profiles[i], SCATTER_MAX, 4);
		struct rig_transaction *t = rig_transaction(rig);
		struct rig_buffer *chain = scatter_chain(rig);

		RIG_EXPECT_QUIET(test, rig_reserve(t, 2), -EOPNOTSUPP);
		scatter_expect_state(t, "created");
		rig_initialize(t, chain, 10000);
		RIG_EXPECT_QUIET(test, rig_reserve(t, 0), -EOPNOTSUPP);
		scatter_expect_state(t, "initialized");
		KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
		RIG_EXPECT_QUIET(test, rig_reserve(t, 2), -EOPNOTSUPP);
		rig_finish(t);
		KUNIT_EXPECT_EQ(test, t->reserved, 0);
		KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 4);
		rig_exit(test);
	}
}

/* R05: the profile is looked at before anything else is. */
static void scatter_r05_profile_wins(struct kunit *test)
{
	struct rig *rig = rig_start(test, SCATTER_MAX, 4);
	struct rig_transaction *t = rig_transaction(rig);

	RIG_EXPECT_QUIET(test, dmabay_transaction_reserve(t->transaction, 2, 2, rig_reserved, t),
			 -EOPNOTSUPP);
	RIG_EXPECT_QUIET(test, dmabay_transaction_reserve(t->transaction, DMABAY_READ_FROM_DEVICE,
							  2, NULL, t), -EOPNOTSUPP);
	RIG_EXPECT_QUIET(test, rig_reserve(t, 5), -EOPNOTSUPP);
	scatter_expect_state(t, "created");
}

/* 6.3-4: nor to free; it is no release either. */
static void scatter_free_reservation(struct kunit *test)
{
	struct rig *rig = rig_start(test, SCATTER_MAX, 4);
	struct rig_transaction *t = rig_transaction(rig);

	rig_initialize(t, scatter_chain(rig), 10000);
	RIG_EXPECT_QUIET(test, dmabay_transaction_free_reservation(t->transaction), -EOPNOTSUPP);
	scatter_expect_state(t, "initialized");
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	RIG_EXPECT_QUIET(test, dmabay_transaction_free_reservation(t->transaction), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, rig_complete(t), 0);
	RIG_EXPECT_QUIET(test, dmabay_transaction_free_reservation(t->transaction), -EOPNOTSUPP);
	scatter_expect_state(t, "completed");
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 10000);
}

/* K09: it waits for its next transfer, so it can be cancelled; what was done counts. */
static void scatter_k09_cancel_between_transfers(struct kunit *test)
{
	struct scatter_rivals rivals;
	struct rig *rig = scatter_start_rivals(test, &rivals);
	struct rig_transaction *t = rivals.first;

	rig_transfer_write(t, 0, 8192, SCATTER_NEW);
	KUNIT_EXPECT_FALSE(test, dmabay_transaction_cancel(t->transaction));
	KUNIT_EXPECT_EQ(test, rig_complete(t), -EINPROGRESS);
	KUNIT_EXPECT_TRUE(test, dmabay_transaction_cancel(t->transaction));
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 0);
	scatter_expect_failed_after(t, 8192);
	KUNIT_EXPECT_FALSE(test, dmabay_transaction_cancel(t->transaction));

	rig_finish(rivals.second);
	KUNIT_EXPECT_EQ(test, t->programmed, 1);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 3);
	scatter_expect_moved(rivals.first_buffer, DMABAY_READ_FROM_DEVICE, 0, 8192);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 0);
	SCATTER_RUN_BOTH(t, rivals.first_buffer, 0, 16384, 8192, 8192);
}

static void scatter_cancel(struct rig_transaction *t)
{
	KUNIT_EXPECT_FALSE(t->rig->test, dmabay_transaction_cancel(t->transaction));
}

/* K13: from inside the callback it is too late, with every transfer. */
static void scatter_k13_cancel_in_callback(struct kunit *test)
{
	struct rig *rig = rig_start(test, SCATTER_MAX, 4);
	struct rig_transaction *t = rig_transaction(rig);

	t->on_program = scatter_cancel;
	rig_begin(t, scatter_chain(rig), 15000);
	KUNIT_EXPECT_EQ(test, rig_complete(t), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, rig_complete(t), 0);
	KUNIT_EXPECT_EQ(test, t->programmed, 2);
}

/* M10: not now means not at all, for the second transfer, too. */
static void scatter_m10_second_transfer_not_now(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	struct rig_transaction *t = rig_transaction(rig), *other = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 1, 16384);

	rig_initialize(t, buffer, 16384);
	dmabay_transaction_set_immediate(t->transaction, true);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	rig_initialize(other, rig_contiguous(rig, 1, 8192), 8192);
	KUNIT_EXPECT_EQ(test, rig_execute(other), 0);
	KUNIT_EXPECT_EQ(test, rig_complete(t), -ENOMEM);
	KUNIT_EXPECT_EQ(test, t->programmed, 1);
	KUNIT_EXPECT_EQ(test, other->programmed, 1);
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 0);
	scatter_expect_failed_after(t, 8192);
	rig_finish(other);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 3);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);

	/* With nobody in line it goes on. */
	rig->events = 0;
	rig_initialize(t, buffer, 16384);
	dmabay_transaction_set_immediate(t->transaction, true);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 8192, 8192);
}

/* Set while it executes it warns, and the next transfer goes by it. */
static void scatter_immediate_set_under_way(struct kunit *test)
{
	struct scatter_rivals rivals;

	scatter_start_rivals(test, &rivals);
	RIG_EXPECT_WARNING(test, dmabay_transaction_set_immediate(rivals.first->transaction, true));
	KUNIT_EXPECT_EQ(test, rig_complete(rivals.first), -ENOMEM);
	scatter_expect_failed_after(rivals.first, 8192);
	rig_finish(rivals.second);
}

/* Completes inside the callback, and executes anew, so many times. */
struct scatter_again {
	struct rig_buffer *buffer;
	unsigned int rounds;
	unsigned int executed;
};

static void scatter_again(struct rig_transaction *t)
{
	unsigned int programmed = t->programmed;
	struct scatter_again *again = t->data;
	struct kunit *test = t->rig->test;

	rig_complete(t);
	if (t->result != -EINPROGRESS) {
		KUNIT_EXPECT_EQ(test, t->result, 0);
		KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
		if (++again->executed < again->rounds) {
			rig_initialize(t, again->buffer, 15000);
			KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
		}
	}
	/* What follows is programmed after this callback, not inside it. */
	KUNIT_EXPECT_EQ(test, t->programmed, programmed);
}

/* D04: nothing is nested, and the stack is as deep with 2000 transfers as with two. */
static void scatter_d04_again_in_callback(struct kunit *test)
{
	static const unsigned int rounds[] = { 1, 1000 };
	struct rig *rig = rig_start(test, SCATTER_MAX, 4);
	struct rig_transaction *t = rig_transaction(rig);
	struct scatter_again again = { .buffer = scatter_chain(rig) };
	unsigned long depth[ARRAY_SIZE(rounds)];
	unsigned int i;

	t->data = &again;
	t->on_program = scatter_again;
	for (i = 0; i < ARRAY_SIZE(rounds); i++) {
		t->programmed = 0;
		again.executed = 0;
		again.rounds = rounds[i];
		rig_initialize(t, again.buffer, 15000);
		KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
		KUNIT_EXPECT_EQ(test, t->programmed, 2 * rounds[i]);
		KUNIT_EXPECT_FALSE(test, t->nested);
		KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 4);
		depth[i] = rig_stack_depth(rig);
	}
	kunit_info(test, "%lu, %lu bytes of stack\n", depth[0], depth[1]);
	KUNIT_EXPECT_GT(test, depth[0], 0);
	KUNIT_EXPECT_LE(test, depth[1], depth[0]);
}

static void scatter_complete_and_delete(struct rig_transaction *t)
{
	KUNIT_EXPECT_EQ(t->rig->test, rig_complete(t), 0);
	rig_delete(t);
}

/* D05: deleted inside its own callback; the one who calls it outlives it. */
static void scatter_d05_delete_in_callback(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	struct rig_buffer *buffer = rig_contiguous(rig, 1, 16384);
	struct rig_transaction *t, *next;

	/* inside execute */
	t = rig_transaction(rig);
	t->on_program = scatter_complete_and_delete;
	rig_initialize(t, buffer, 8192);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_NULL(test, t->transaction);

	/* on the thread that frees, one after the other */
	rig_hold(rig, 3);
	t = rig_transaction(rig);
	next = rig_transaction(rig);
	t->on_program = scatter_complete_and_delete;
	next->on_program = scatter_complete_and_delete;
	rig_initialize(t, buffer, 8192);
	rig_initialize(next, buffer, 8192);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_EQ(test, rig_execute(next), 0);
	rig_unhold(rig);
	KUNIT_EXPECT_NULL(test, t->transaction);
	KUNIT_EXPECT_NULL(test, next->transaction);

	/* inside the completion of the transfer before */
	t = rig_transaction(rig);
	rig_begin(t, buffer, 16384);
	t->on_program = scatter_complete_and_delete;
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed(t->transaction), -EINPROGRESS);
	KUNIT_EXPECT_NULL(test, t->transaction);

	/* after a wait between two transfers */
	t = rig_transaction(rig);
	next = rig_transaction(rig);
	rig_begin(t, buffer, 16384);
	rig_initialize(next, buffer, 8192);
	KUNIT_EXPECT_EQ(test, rig_execute(next), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed(t->transaction), -EINPROGRESS);
	t->on_program = scatter_complete_and_delete;
	KUNIT_EXPECT_EQ(test, rig_complete(next), 0);
	KUNIT_EXPECT_NULL(test, t->transaction);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 3);
}

static DEFINE_SPINLOCK(scatter_driver_lock);

static void scatter_callback_with_lock(struct rig_transaction *t)
{
	unsigned long flags;

	spin_lock_irqsave(&scatter_driver_lock, flags);
	t->finished++;
	spin_unlock_irqrestore(&scatter_driver_lock, flags);
}

/*
 * D07: a driver takes its lock in the callbacks, and holds it over calls elsewhere:
 * lockdep sees a cycle if the core holds a lock of its own in a callback.
 */
static void scatter_d07_no_lock_in_callbacks(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	struct rig_transaction *t = rig_transaction(rig);
	unsigned long flags;

	t->on_program = scatter_callback_with_lock;
	rig_hold(rig, 3);
	rig_initialize(t, rig_contiguous(rig, 1, 16384), 16384);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	rig_unhold(rig);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed(t->transaction), -EINPROGRESS);

	spin_lock_irqsave(&scatter_driver_lock, flags);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed(t->transaction), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	spin_unlock_irqrestore(&scatter_driver_lock, flags);
	KUNIT_EXPECT_EQ(test, t->finished, 2);
}

#define SCATTER_TURNS		rig_many(5000)

/* So many groups of 16 bytes, all in the same place: what a device may read. */
static struct rig_buffer *scatter_same_place(struct rig *rig, unsigned int groups)
{
	struct rig_buffer *buffer = rig_pages(rig, 0);
	struct kunit *test = rig->test;
	struct bio_vec *bvec;
	unsigned int i;

	bvec = kvcalloc(groups, sizeof(*bvec), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, bvec);
	for (i = 0; i < groups; i++)
		bvec_set_page(&bvec[i], buffer->pages[0], 16, 64);
	buffer->memory = dmabay_memory_from_bvec(bvec, groups, GFP_KERNEL);
	kvfree(bvec);
	if (IS_ERR(buffer->memory)) {
		KUNIT_EXPECT_EQ(test, PTR_ERR(buffer->memory), 0);
		buffer->memory = NULL;
	}
	KUNIT_ASSERT_NOT_NULL(test, buffer->memory);
	return buffer;
}

/* How deep on the stack two went that took turns, each with so many transfers. */
static unsigned long scatter_take_turns(struct rig *rig, struct rig_buffer *buffer,
					unsigned int transfers)
{
	struct kunit *test = rig->test;
	struct rig_transaction *t[2];
	unsigned int i;

	rig_hold(rig, 2);
	for (i = 0; i < 2; i++) {
		t[i] = rig_transaction(rig);
		t[i]->on_program = rig_complete_now;
		rig_initialize_direction(t[i], DMABAY_WRITE_TO_DEVICE, buffer->memory, 0,
					 32 * transfers);
		KUNIT_ASSERT_EQ(test, rig_execute(t[i]), 0);
	}
	rig_unhold(rig);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, t[i]->programmed, transfers);
		KUNIT_EXPECT_EQ(test, t[i]->result, 0);
		KUNIT_EXPECT_FALSE(test, t[i]->nested);
	}
	for (i = 0; i < min(2 * transfers, RIG_EVENTS); i++)
		KUNIT_EXPECT_PTR_EQ(test, rig->log[i].transaction, t[i % 2]);
	return rig_stack_depth(rig);
}

/*
 * Two that complete inside their callbacks, and for each transfer need all registers:
 * 10 000 transfers, one of the one, one of the other, on no more stack than two take.
 */
static void scatter_turns_do_not_nest(struct kunit *test)
{
	struct rig *rig = rig_start(test, 32, 2);
	struct rig_buffer *buffer = scatter_same_place(rig, 2 * SCATTER_TURNS);
	unsigned long few, many;

	few = scatter_take_turns(rig, buffer, 1);
	many = scatter_take_turns(rig, buffer, SCATTER_TURNS);
	kunit_info(test, "%lu, %lu bytes of stack\n", few, many);
	KUNIT_EXPECT_GT(test, few, 0);
	KUNIT_EXPECT_LE(test, many, few);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 2);
}

/* Its registers go to the other one, inside its callback; that one's go on as they come. */
static void scatter_execute_other(struct rig_transaction *t)
{
	struct rig_transaction *other = t->data;

	if (t->programmed == 1) {
		KUNIT_EXPECT_EQ(t->rig->test, rig_execute(other), 0);
		KUNIT_EXPECT_EQ(t->rig->test, other->programmed, 0);
	}
	rig_complete(t);
}

/* The same when the line begins inside a callback: one in the other, and no deeper. */
static void scatter_turns_in_callback_do_not_nest(struct kunit *test)
{
	const unsigned int transfers[] = { 3, SCATTER_TURNS };
	struct rig *rig = rig_start(test, 32, 2);
	struct rig_buffer *buffer = scatter_same_place(rig, 2 * SCATTER_TURNS);
	unsigned long depth[ARRAY_SIZE(transfers)];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(transfers); i++) {
		struct rig_transaction *t = rig_transaction(rig), *other = rig_transaction(rig);

		t->data = other;
		t->on_program = scatter_execute_other;
		other->on_program = rig_complete_now;
		rig_initialize_direction(other, DMABAY_WRITE_TO_DEVICE, buffer->memory, 0,
					 32 * transfers[i]);
		rig_initialize_direction(t, DMABAY_WRITE_TO_DEVICE, buffer->memory, 0,
					 32 * transfers[i]);
		KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
		KUNIT_EXPECT_EQ(test, t->programmed, transfers[i]);
		KUNIT_EXPECT_EQ(test, other->programmed, transfers[i]);
		KUNIT_EXPECT_EQ(test, t->result, 0);
		KUNIT_EXPECT_EQ(test, other->result, 0);
		depth[i] = rig_stack_depth(rig);
	}
	kunit_info(test, "%lu, %lu bytes of stack\n", depth[0], depth[1]);
	KUNIT_EXPECT_LE(test, depth[1], depth[0]);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 2);
}

struct scatter_failure {
	unsigned int calls;
	int status;
	void *context;
};

static struct scatter_failure scatter_failure;

static void scatter_failed(struct dmabay_transaction *transaction, void *context, int status)
{
	scatter_failure.calls++;
	scatter_failure.status = status;
	scatter_failure.context = context;
}

static void scatter_expect_told(struct rig_transaction *t, unsigned int calls, int status)
{
	KUNIT_EXPECT_EQ(t->rig->test, scatter_failure.calls, calls);
	KUNIT_EXPECT_EQ(t->rig->test, scatter_failure.status, status);
	KUNIT_EXPECT_PTR_EQ(t->rig->test, scatter_failure.context, t);
}

/* Once. */
static int scatter_map_fails(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			     struct dmabay_memory *memory, size_t offset, size_t *length,
			     enum dmabay_direction direction, struct dmabay_sg_list *list)
{
	kunit_deactivate_static_stub(kunit_get_current_test(), dmabay_adapter_map_transfer);
	return -EIO;
}

/*
 * After a wait there is no caller to tell that the mapping failed: the failed callback
 * is told, once, and the registers go on to the next in line.
 */
static void scatter_failure_after_late_grant(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	struct rig_transaction *t = rig_transaction(rig), *next = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 1, 16384);

	scatter_failure = (struct scatter_failure) {};
	dmabay_transaction_set_failed(t->transaction, scatter_failed);
	rig_hold(rig, 3);
	rig_initialize(t, buffer, 16384);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	kunit_activate_static_stub(test, dmabay_adapter_map_transfer, scatter_map_fails);
	rig_unhold(rig);
	scatter_expect_told(t, 1, -EIO);
	KUNIT_EXPECT_EQ(test, t->programmed, 0);
	scatter_expect_failed_after(t, 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);

	/* At once it is execute that tells, and only it. */
	rig_initialize(t, buffer, 16384);
	kunit_activate_static_stub(test, dmabay_adapter_map_transfer, scatter_map_fails);
	KUNIT_EXPECT_EQ(test, rig_execute(t), -EIO);
	scatter_expect_told(t, 1, -EIO);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);

	/* The same with the second transfer, and with one in line behind it. */
	rig_begin(t, buffer, 16384);
	rig_initialize(next, buffer, 16384);
	KUNIT_EXPECT_EQ(test, rig_execute(next), 0);
	KUNIT_EXPECT_EQ(test, rig_complete(t), -EINPROGRESS);
	kunit_activate_static_stub(test, dmabay_adapter_map_transfer, scatter_map_fails);
	KUNIT_EXPECT_EQ(test, rig_complete(next), -EINPROGRESS);
	scatter_expect_told(t, 2, -EIO);
	scatter_expect_failed_after(t, 8192);
	KUNIT_EXPECT_EQ(test, next->programmed, 2);
	rig_finish(next);
}

/* So it is when the granted transfer was completed at once, and the next one is refused. */
static void scatter_limit_lowered_after_late_grant(struct kunit *test)
{
	struct rig *rig = rig_start(test, SCATTER_MAX, 4);
	struct rig_transaction *t = rig_transaction(rig);

	scatter_failure = (struct scatter_failure) {};
	dmabay_transaction_set_failed(t->transaction, scatter_failed);
	t->on_program = scatter_lower_limit_and_complete;
	rig_hold(rig, 4);
	rig_initialize(t, scatter_chain(rig), 15000);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	rig_unhold(rig);
	KUNIT_EXPECT_EQ(test, t->result, -EINPROGRESS);
	scatter_expect_told(t, 1, -E2BIG);
	KUNIT_EXPECT_EQ(test, t->programmed, 1);
	scatter_expect_failed_after(t, 10000);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 4);
}

static void scatter_max_length(struct kunit *test)
{
	struct rig *rig = rig_start(test, SCATTER_MAX, 4);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *chain = scatter_chain(rig);

	rig_fill(chain, SCATTER_OLD);
	rig_initialize(t, chain, 15000);
	dmabay_transaction_set_max_length(t->transaction, 6000);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 1);
	rig_transfer_write(t, 0, 6000, SCATTER_NEW);
	/* Raised between two transfers, it holds for the next. */
	dmabay_transaction_set_max_length(t->transaction, 7000);
	KUNIT_EXPECT_EQ(test, rig_complete(t), -EINPROGRESS);
	rig_transfer_write(t, 6000, 7000, SCATTER_NEW);
	KUNIT_EXPECT_EQ(test, rig_complete(t), -EINPROGRESS);
	rig_transfer_write(t, 13000, 2000, SCATTER_NEW);
	KUNIT_EXPECT_EQ(test, rig_complete(t), 0);
	RIG_EXPECT_LENGTHS(rig, 6000, 7000, 2000);
	KUNIT_EXPECT_EQ(test, rig->log[0].count, 2);
	scatter_expect_moved(chain, DMABAY_READ_FROM_DEVICE, 0, 15000);
}

/* An initialization goes by the enabler's maximum, a transfer by what was set after it. */
static void scatter_limit_and_max_length(struct kunit *test)
{
	struct rig *rig = rig_start(test, SCATTER_MAX, 4);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *chain = scatter_chain(rig);

	dmabay_enabler_set_max_sg_elements(rig->enabler, 2);
	KUNIT_EXPECT_EQ(test, scatter_initialize(t, chain, 0, 15000), -E2BIG);
	dmabay_enabler_set_max_sg_elements(rig->enabler, 6);
	rig_initialize(t, chain, 15000);
	dmabay_transaction_set_max_length(t->transaction, 1000);
	/* five to a group, none of them in more than two pages */
	dmabay_enabler_set_max_sg_elements(rig->enabler, 2);
	rig_run(t);
	KUNIT_EXPECT_EQ(test, t->programmed, 15);
}

/* Short, inside a group: what follows begins in the middle of a page. */
static void scatter_c03_short_inside_a_group(struct kunit *test)
{
	struct rig *rig = rig_start(test, SCATTER_MAX, 4);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *chain = scatter_chain(rig);

	rig_fill(chain, SCATTER_OLD);
	rig_begin(t, chain, 15000);
	rig_transfer_write(t, 0, 6500, SCATTER_NEW);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_length(t->transaction, 6500),
			-EINPROGRESS);
	/* 3500 bytes of the second group, in one page, and the third one */
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 4 - 3);
	KUNIT_EXPECT_EQ(test, rig->log[1].bytes_transferred, 6500);
	rig_transfer_write(t, 6500, 1, SCATTER_NEW);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_length(t->transaction, 1),
			-EINPROGRESS);
	rig_transfer_write(t, 6501, 8499, SCATTER_NEW);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_length(t->transaction, 8499), 0);
	RIG_EXPECT_LENGTHS(rig, 10000, 8500, 8499);
	KUNIT_EXPECT_EQ(test, rig->log[1].count, 2);
	KUNIT_EXPECT_EQ(test, rig->log[1].elements[0].length, 3500);
	scatter_expect_moved(chain, DMABAY_READ_FROM_DEVICE, 0, 15000);
}

/* The second one of a chain, which is then over: it is neither short nor too long. */
static void scatter_c08_final_short(struct kunit *test)
{
	struct rig *rig = rig_start(test, SCATTER_MAX, 4);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *chain = scatter_chain(rig);

	rig_fill(chain, SCATTER_OLD);
	rig_begin(t, chain, 15000);
	rig_transfer_write(t, 0, 10000, SCATTER_NEW);
	KUNIT_EXPECT_EQ(test, rig_complete(t), -EINPROGRESS);
	rig_transfer_write(t, 10000, 5000, SCATTER_NEW);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_final(t->transaction, 1234), 0);
	scatter_expect_state(t, "completed");
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 11234);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 4);
	KUNIT_EXPECT_EQ(test, scatter_outstanding(rig), 0);
	KUNIT_EXPECT_EQ(test, rig_matching(chain, 0, 11234, SCATTER_NEW), 11234);
}

/* C04: a retry is the same list again. */
static void scatter_c04_retry(struct kunit *test)
{
	struct rig *rig = rig_start(test, SCATTER_MAX, 4);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *chain = scatter_chain(rig);
	unsigned int i, element;

	rig_fill(chain, SCATTER_OLD);
	rig_begin(t, chain, 15000);
	for (i = 1; i < 4; i++) {
		KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_length(t->transaction, 0),
				-EINPROGRESS);
		KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 0);
		KUNIT_ASSERT_EQ(test, rig->log[i].count, rig->log[0].count);
		for (element = 0; element < rig->log[0].count; element++) {
			const struct dmabay_sg_element *was = &rig->log[0].elements[element];
			const struct dmabay_sg_element *is = &rig->log[i].elements[element];

			KUNIT_EXPECT_EQ(test, is->length, was->length);
			KUNIT_EXPECT_EQ(test, offset_in_page(is->address),
					offset_in_page(was->address));
			/* A translated one may be given another place. */
			if (!rig->param->translated)
				KUNIT_EXPECT_EQ(test, is->address, was->address);
		}
	}
	rig_transfer_write(t, 0, 10000, SCATTER_NEW);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_final(t->transaction, 10000), 0);
	scatter_expect_moved(chain, DMABAY_READ_FROM_DEVICE, 0, 10000);
}

static struct rig *scatter_start_flags(struct kunit *test, unsigned int flags)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, SCATTER_MAX, 4);

	config.flags = flags;
	rig_enable(rig, &config);
	return rig;
}

/* The room for each list is allocated when it is needed; nothing else is different. */
static void scatter_no_list_preallocation(struct kunit *test)
{
	struct rig *rig = scatter_start_flags(test, DMABAY_ENABLER_NO_LIST_PREALLOCATION);
	struct rig_transaction *t = rig_transaction(rig);

	SCATTER_RUN_BOTH(t, scatter_chain(rig), 0, 15000, 10000, 5000);
	SCATTER_RUN_BOTH(t, rig_chain(rig, 10, 50, 10), 0, 100, 40, 40, 20);
}

#ifdef CONFIG_FAILSLAB
/* The next allocation of this thread that may not sleep fails; whether one has. */
static void scatter_fail_allocation(void)
{
	WRITE_ONCE(current->fail_nth, 1);
}

static bool scatter_allocation_failed(void)
{
	bool failed = !READ_ONCE(current->fail_nth);

	WRITE_ONCE(current->fail_nth, 0);
	return failed;
}
#else
static void scatter_fail_allocation(void)
{
	kunit_skip(kunit_get_current_test(), "this kernel cannot make an allocation fail");
}

static bool scatter_allocation_failed(void)
{
	return false;
}
#endif

/* Which can fail, with the first transfer as with a later one. */
static void scatter_no_room_for_a_list(struct kunit *test)
{
	struct rig *rig = scatter_start_flags(test, DMABAY_ENABLER_NO_LIST_PREALLOCATION);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *chain = scatter_chain(rig);
	int ret;

	rig_initialize(t, chain, 15000);
	scatter_fail_allocation();
	ret = rig_execute(t);
	KUNIT_EXPECT_TRUE(test, scatter_allocation_failed());
	KUNIT_EXPECT_EQ(test, ret, -ENOMEM);
	KUNIT_EXPECT_EQ(test, t->programmed, 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 4);
	scatter_expect_failed_after(t, 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);

	rig_begin(t, chain, 15000);
	scatter_fail_allocation();
	ret = rig_complete(t);
	KUNIT_EXPECT_TRUE(test, scatter_allocation_failed());
	KUNIT_EXPECT_EQ(test, ret, -ENOMEM);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 4);
	scatter_expect_failed_after(t, 10000);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	SCATTER_RUN_BOTH(t, chain, 0, 15000, 10000, 5000);
}

/* With room for a list, iova and bounce allocate nothing for a transfer. */
static void scatter_transfers_allocate_nothing(struct kunit *test)
{
	struct rig *rig = rig_start(test, SCATTER_MAX, 4);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *chain = scatter_chain(rig);

	if (rig->param->provider == DMABAY_PROVIDER_DIRECT)
		kunit_skip(test, "direct allocates");
	t->on_program = rig_complete_now;
	rig_initialize(t, chain, 15000);
	scatter_fail_allocation();
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_FALSE(test, scatter_allocation_failed());
	KUNIT_EXPECT_EQ(test, t->result, 0);
	RIG_EXPECT_LENGTHS(rig, 10000, 5000);
}

/* Links that outlive a release are for reservations. */
static void scatter_no_kept_links(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, SCATTER_MAX, 4);
	struct rig_transaction *t;

	config.flags = DMABAY_ENABLER_KEEP_LINKS;
	KUNIT_EXPECT_EQ(test, dmabay_enabler_create(rig->dev, &config, &rig->enabler), -EINVAL);
	KUNIT_EXPECT_NULL(test, rig->enabler);

	/* A transaction may ask for them; its registers go, and they with them. */
	config.flags = 0;
	rig_enable(rig, &config);
	t = rig_transaction(rig);
	dmabay_transaction_set_keep_links(t->transaction, true);
	SCATTER_RUN_BOTH(t, scatter_chain(rig), 0, 15000, 10000, 5000);
	KUNIT_EXPECT_EQ(test, scatter_outstanding(rig), 0);
}

static struct kunit_case scatter_cases[] = {
	RIG_CASE_LISTS(scatter_t08_last_byte_of_group),
	RIG_CASE_LISTS(scatter_t09_offset_in_second_group),
	RIG_CASE_LISTS(scatter_t19_more_pages_than_elements),
	RIG_CASE_LISTS(scatter_refused_initialization_keeps_settings),
	RIG_CASE_LISTS(scatter_t20_transfers_within_limit),
	RIG_CASE_LISTS(scatter_t21_pages_count),
	RIG_CASE_LISTS(scatter_groups_that_meet),
	RIG_CASE_LISTS(scatter_x08_cut_at_groups),
	RIG_CASE_LISTS(scatter_cut_inside_a_group),
	RIG_CASE_LISTS(scatter_limit_before_cutting_ex6),
	RIG_CASE_LISTS(scatter_many_small_groups),
	RIG_CASE_LISTS(scatter_x09_every_transfer_fits),
	RIG_CASE_LISTS(scatter_x10_limit_lowered_before_execute),
	RIG_CASE_LISTS(scatter_x11_limit_lowered_between_transfers),
	RIG_CASE_LISTS(scatter_registers_of_each_transfer),
	RIG_CASE_LISTS(scatter_x19_two_at_once),
	RIG_CASE_PROFILES(scatter_x21_list_until_completed),
	RIG_CASE_LISTS(scatter_x23_directions_are_apart),
	RIG_CASE_LISTS(scatter_duplex_cuts_by_direction),
	RIG_CASE_LISTS(scatter_every_profile),
	RIG_CASE_LISTS(scatter_c03_short_inside_a_group),
	RIG_CASE_LISTS(scatter_c04_retry),
	RIG_CASE_LISTS(scatter_c08_final_short),
	RIG_CASE_LISTS(scatter_c18_old_list_first),
	RIG_CASE_LISTS(scatter_c18_turn_by_turn),
	RIG_CASE_LISTS(scatter_waits_between_transfers),
	RIG_CASE_LISTS(scatter_r04_no_reservations),
	RIG_CASE_LISTS(scatter_r05_profile_wins),
	RIG_CASE_LISTS(scatter_free_reservation),
	RIG_CASE_LISTS(scatter_k09_cancel_between_transfers),
	RIG_CASE_LISTS(scatter_k13_cancel_in_callback),
	RIG_CASE_LISTS(scatter_m10_second_transfer_not_now),
	RIG_CASE_LISTS(scatter_immediate_set_under_way),
	RIG_CASE_LISTS(scatter_d04_again_in_callback),
	RIG_CASE_LISTS(scatter_d05_delete_in_callback),
	RIG_CASE_LISTS(scatter_d07_no_lock_in_callbacks),
	RIG_CASE_LISTS_SLOW(scatter_turns_do_not_nest),
	RIG_CASE_LISTS_SLOW(scatter_turns_in_callback_do_not_nest),
	RIG_CASE_LISTS(scatter_failure_after_late_grant),
	RIG_CASE_LISTS(scatter_limit_lowered_after_late_grant),
	RIG_CASE_LISTS(scatter_max_length),
	RIG_CASE_LISTS(scatter_limit_and_max_length),
	RIG_CASE_LISTS(scatter_no_list_preallocation),
	RIG_CASE_LISTS(scatter_no_room_for_a_list),
	RIG_CASE_LISTS(scatter_transfers_allocate_nothing),
	RIG_CASE_LISTS(scatter_no_kept_links),
	{}
};

struct kunit_suite dmabay_scatter_suite = {
	.name = "dmabay_scatter",
	.exit = rig_end,
	.test_cases = scatter_cases,
};
kunit_test_suite(dmabay_scatter_suite);
