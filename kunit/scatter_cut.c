// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cut: which transfers a scatter-gather transaction is made of. Registers, lengths and
 * the limit of elements say where one ends; the next one goes on there.
 */
#include <linux/prandom.h>
#include <linux/random.h>

#include "scatter.h"

void scatter_t08_last_byte_of_group(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *chain = rig_chain(rig, 2, 0, PAGE_SIZE);

	SCATTER_RUN_BOTH(t, chain, PAGE_SIZE - 1, 101, 101);
	KUNIT_EXPECT_EQ(test, rig->log[0].count, 2);
	KUNIT_EXPECT_EQ(test, rig->log[0].elements[0].length, 1);
}

/* T09, decision 6.3-13: the offset counts through the whole chain. */
void scatter_t09_offset_in_second_group(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *chain = rig_chain(rig, 3, 96, PAGE_SIZE);

	SCATTER_RUN_BOTH(t, chain, PAGE_SIZE, 2 * PAGE_SIZE, 2 * PAGE_SIZE);
	SCATTER_RUN_BOTH(t, chain, PAGE_SIZE + 77, PAGE_SIZE, PAGE_SIZE);
}

/* T19: refused, and released: a smaller one is taken at once. */
void scatter_t19_more_pages_than_elements(struct kunit *test)
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
void scatter_refused_initialization_keeps_settings(struct kunit *test)
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
void scatter_t20_transfers_within_limit(struct kunit *test)
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
void scatter_t21_pages_count(struct kunit *test)
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
void scatter_groups_that_meet(struct kunit *test)
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
void scatter_x08_cut_at_groups(struct kunit *test)
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
void scatter_cut_inside_a_group(struct kunit *test)
{
	struct rig *rig = rig_start(test, SCATTER_MAX, 6);
	struct rig_transaction *t = rig_transaction(rig);

	SCATTER_RUN_BOTH(t, scatter_chain(rig), 0, 15000, SCATTER_MAX, 15000 - SCATTER_MAX);
}

/* EX6: the limit is compared with what the transfer would need if it was not cut. */
void scatter_limit_before_cutting_ex6(struct kunit *test)
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
void scatter_many_small_groups(struct kunit *test)
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
void scatter_x09_every_transfer_fits(struct kunit *test)
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
void scatter_x10_limit_lowered_before_execute(struct kunit *test)
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

/* X11: lowered between two transfers, the completion of the first one says so. */
void scatter_x11_limit_lowered_between_transfers(struct kunit *test)
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
void scatter_registers_of_each_transfer(struct kunit *test)
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

/* Cutting goes by the registers of the direction, and so does what may be set. */
void scatter_duplex_cuts_by_direction(struct kunit *test)
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

void scatter_max_length(struct kunit *test)
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
void scatter_limit_and_max_length(struct kunit *test)
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
void scatter_c03_short_inside_a_group(struct kunit *test)
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
void scatter_c08_final_short(struct kunit *test)
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
void scatter_c04_retry(struct kunit *test)
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
