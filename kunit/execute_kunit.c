// SPDX-License-Identifier: GPL-2.0-only
/* Execute: when a transaction starts, and how it is cut into transfers (5.3). */
#include <kunit/static_stub.h>
#include <linux/prandom.h>
#include <linux/random.h>

#include "rig.h"

static void execute_x01_at_once(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 5000);

	rig_initialize_direction(t, DMABAY_WRITE_TO_DEVICE, buffer->memory, 0, 5000);
	/* rig_program() has found t through the context of execute. */
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_ASSERT_EQ(test, rig->events, 1);
	KUNIT_EXPECT_PTR_EQ(test, rig->log[0].task, current);
	KUNIT_EXPECT_PTR_EQ(test, rig->log[0].transaction, t);
	KUNIT_EXPECT_PTR_EQ(test, rig->log[0].dev, rig->dev);
	KUNIT_EXPECT_EQ(test, rig->log[0].direction, DMABAY_WRITE_TO_DEVICE);
	KUNIT_EXPECT_EQ(test, rig->log[0].count, 1);
	KUNIT_EXPECT_EQ(test, rig->log[0].length, 5000);
	rig_finish(t);
}

static void execute_x02_waits_for_registers(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	rig_hold(rig, 17);
	rig_initialize(t, rig_contiguous(rig, 0, 5000), 5000);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_EQ(test, t->programmed, 0);
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 1);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_current_length(t->transaction), 0);
	rig_unhold(rig);
	KUNIT_EXPECT_EQ(test, t->programmed, 1);
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 0);
	rig_finish(t);
	RIG_EXPECT_LENGTHS(rig, 5000);
}

static void execute_x03_cuts_ex1(struct kunit *test)
{
	struct rig *rig = rig_start(test, 16384, 5);
	struct rig_transaction *t = rig_transaction(rig);

	rig_begin(t, rig_contiguous(rig, 0, 40000), 40000);
	KUNIT_EXPECT_EQ(test, rig_complete(t), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, rig_complete(t), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, rig_complete(t), 0);
	RIG_EXPECT_LENGTHS(rig, 16384, 16384, 7232);
	KUNIT_EXPECT_EQ(test, rig->log[0].bytes_transferred, 0);
	KUNIT_EXPECT_EQ(test, rig->log[1].bytes_transferred, 16384);
	KUNIT_EXPECT_EQ(test, rig->log[2].bytes_transferred, 32768);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 40000);
}

static void execute_x04_cuts_ex2(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 9);
	struct rig_transaction *t = rig_transaction(rig);

	rig_initialize(t, rig_contiguous(rig, 0, 65536), 65536);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 32768, 32768);
	KUNIT_EXPECT_EQ(test, dmabay_enabler_max_length(rig->enabler), 65536);
}

static void execute_x05_current_length(struct kunit *test)
{
	struct rig *rig = rig_start(test, 16384, 5);
	struct rig_transaction *t = rig_transaction(rig);
	unsigned int i;

	rig_initialize(t, rig_contiguous(rig, 777, 40000), 40000);
	rig_run(t);
	KUNIT_ASSERT_EQ(test, rig->events, 3);
	for (i = 0; i < rig->events; i++) {
		KUNIT_EXPECT_EQ(test, rig->log[i].count, 1);
		KUNIT_EXPECT_EQ(test, rig->log[i].current_length, rig->log[i].length);
	}
}

/* Map no more than 3000 bytes at a time, although all of it could be. */
static int execute_map_3000(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			    struct dmabay_memory *memory, size_t offset, size_t *length,
			    enum dmabay_direction direction, struct dmabay_sg_list *list)
{
	struct kunit *test = kunit_get_current_test();
	int ret;

	*length = min_t(size_t, *length, 3000);
	kunit_deactivate_static_stub(test, dmabay_adapter_map_transfer);
	ret = dmabay_adapter_map_transfer(adapter, channel, memory, offset, length, direction,
					  list);
	kunit_activate_static_stub(test, dmabay_adapter_map_transfer, execute_map_3000);
	return ret;
}

/* X06, EX8: what the adapter did not map is left for the transfers that follow. */
static void execute_x06_maps_partially_ex8(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	struct rig_transaction *t = rig_transaction(rig);

	kunit_activate_static_stub(test, dmabay_adapter_map_transfer, execute_map_3000);
	rig_begin(t, rig_contiguous(rig, 0, 16384), 8192);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_current_length(t->transaction), 3000);
	kunit_deactivate_static_stub(test, dmabay_adapter_map_transfer);
	KUNIT_EXPECT_EQ(test, rig_complete(t), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 3000);
	KUNIT_EXPECT_EQ(test, rig_complete(t), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 8192);
	RIG_EXPECT_LENGTHS(rig, 3000, 5192);
	KUNIT_EXPECT_EQ(test, offset_in_page(rig->log[1].address), 3000);
}

/* The same with every transfer, and a maximum that cuts in between. */
static void execute_maps_partially_always(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	struct rig_transaction *t = rig_transaction(rig);

	kunit_activate_static_stub(test, dmabay_adapter_map_transfer, execute_map_3000);
	rig_initialize(t, rig_contiguous(rig, 0, 10000), 10000);
	rig_run(t);
	kunit_deactivate_static_stub(test, dmabay_adapter_map_transfer);
	RIG_EXPECT_LENGTHS(rig, 3000, 3000, 3000, 1000);
}

static void execute_x07_stays_in_group(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *parts[] = { rig_contiguous(rig, 0, 5000), rig_contiguous(rig, 0, 3000) };

	rig_initialize(t, rig_join(rig, parts, 2), 8000);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 5000, 3000);
	KUNIT_EXPECT_EQ(test, rig->log[0].count, 1);
	KUNIT_EXPECT_EQ(test, rig->log[1].count, 1);
}

/* The chain of EX5 with the packet profile: one group at a time. */
static void execute_cuts_chain_of_ex5(struct kunit *test)
{
	struct rig *rig = rig_start(test, 12288, 4);
	struct rig_transaction *t = rig_transaction(rig);

	rig_initialize(t, rig_chain(rig, 3, 3000, 5000), 15000);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 5000, 5000, 5000);
}

/*
 * X09: whatever the memory and the limits, every transfer is within the fragment
 * length and within the registers held, none is empty, and together they are the
 * memory, in order. The seed names a run.
 */
static void execute_x09_every_transfer_fits(struct kunit *test)
{
	u32 seed = get_random_u32();
	struct rnd_state random;
	unsigned int round;

	prandom_seed_state(&random, seed);
	kunit_info(test, "seed %u\n", seed);
	for (round = 0; round < 40 && test->status != KUNIT_FAILURE; round++) {
		unsigned int n = 2 + prandom_u32_state(&random) % 12;
		size_t max = 1 + prandom_u32_state(&random) % (12 * PAGE_SIZE);
		struct rig *rig = rig_start(test, max, n);
		struct rig_transaction *t = rig_transaction(rig);
		struct dmabay_memory *parts[4], *memory;
		size_t offset, length, done, fragment;
		unsigned int i, count = 1 + prandom_u32_state(&random) % 4;
		int ret;

		for (i = 0; i < count; i++) {
			unsigned int in_page = prandom_u32_state(&random) % 3 ?
					       prandom_u32_state(&random) % PAGE_SIZE : 0;
			size_t bytes = prandom_u32_state(&random) % 3 ?
				       1 + prandom_u32_state(&random) % (8 * PAGE_SIZE) :
				       1 + prandom_u32_state(&random) % 10;

			parts[i] = prandom_u32_state(&random) % 2 ?
				   rig_contiguous(rig, in_page, bytes)->memory :
				   rig_scattered(rig, in_page, bytes)->memory;
		}
		memory = dmabay_memory_chain(parts, count, GFP_KERNEL);
		KUNIT_ASSERT_FALSE(test, IS_ERR_OR_NULL(memory));
		length = dmabay_memory_length(memory);
		offset = prandom_u32_state(&random) % 2 ? prandom_u32_state(&random) % length : 0;
		length -= offset;

		fragment = dmabay_enabler_fragment_length(rig->enabler, DMABAY_READ_FROM_DEVICE);
		if (prandom_u32_state(&random) % 2)
			KUNIT_ASSERT_EQ(test, rig_reserve(t, 1 + prandom_u32_state(&random) % n),
					0);
		rig_initialize_direction(t, prandom_u32_state(&random) % 2, memory, offset, length);
		dmabay_memory_put(memory);
		KUNIT_ASSERT_EQ(test, rig_execute(t), 0);
		done = 0;
		do {
			unsigned int held = n - rig_free_registers(rig);

			KUNIT_ASSERT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction),
					done);
			KUNIT_ASSERT_GT(test, t->length, 0);
			KUNIT_ASSERT_LE(test, t->length, fragment);
			KUNIT_ASSERT_LE(test, t->length, length - done);
			KUNIT_ASSERT_LE(test, dmabay_span_pages(t->address, t->length), held);
			done += t->length;
			ret = rig_complete(t);
		} while (ret == -EINPROGRESS);
		KUNIT_EXPECT_EQ(test, ret, 0);
		KUNIT_EXPECT_EQ(test, done, length);
		KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), length);
		rig_exit(test);
	}
}

/* X10: one transfer takes the registers of the place it starts at. */
static void execute_x10_registers_of_one_transfer(struct kunit *test)
{
	struct rig *rig = rig_start(test, 16384, 17);
	struct rig_transaction *t = rig_transaction(rig);
	static const struct {
		unsigned int offset;
		size_t length;
	} rows[] = { { 0, 1 }, { 0, 4096 }, { 4095, 2 }, { 0x800, 8192 }, { 0, 16384 },
		     { 1, 16384 } };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		rig_begin(t, rig_contiguous(rig, rows[i].offset, rows[i].length), rows[i].length);
		KUNIT_EXPECT_EQ(test, 17 - rig_free_registers(rig),
				dmabay_span_pages(rows[i].offset, rows[i].length));
		rig_finish(t);
	}
}

/* X11, EX7: several transfers take the worst offset, for all of them at once. */
static void execute_x11_registers_of_many_transfers_ex7(struct kunit *test)
{
	struct rig *rig = rig_start(test, 2048, 17);
	struct rig_transaction *t = rig_transaction(rig);

	rig_begin(t, rig_contiguous(rig, 0, 8192), 8192);
	do {
		KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17 - 2);
		KUNIT_ASSERT_LE(test, t->programmed, 4);
	} while (rig_complete(t) == -EINPROGRESS);
	RIG_EXPECT_LENGTHS(rig, 2048, 2048, 2048, 2048);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17);
}

/* X12: a driver that could not program its device completes the transaction. */
static void execute_x12_answer_is_ignored(struct kunit *test)
{
	struct rig *rig = rig_start(test, 4096, 2);
	struct rig_transaction *t = rig_transaction(rig);

	t->answer = false;
	rig_begin(t, rig_contiguous(rig, 0, 8192), 8192);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_current_length(t->transaction), 4096);
	KUNIT_EXPECT_EQ(test, rig_complete(t), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, rig_complete(t), 0);
	RIG_EXPECT_LENGTHS(rig, 4096, 4096);
}

static void execute_x13_execute_twice(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	rig_begin(t, rig_contiguous(rig, 0, 4096), 4096);
	RIG_EXPECT_ILLEGAL(test, rig_execute(t));
	KUNIT_EXPECT_EQ(test, t->programmed, 1);
	KUNIT_EXPECT_EQ(test, rig_complete(t), 0);
	RIG_EXPECT_ILLEGAL(test, rig_execute(t));
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	RIG_EXPECT_ILLEGAL(test, rig_execute(t));
	KUNIT_EXPECT_EQ(test, t->programmed, 1);
}

static void execute_x14_execute_after_failure(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 4096);

	rig_hold(rig, 17);
	rig_initialize(t, buffer, 4096);
	dmabay_transaction_set_immediate(t->transaction, true);
	KUNIT_EXPECT_EQ(test, rig_execute(t), -ENOMEM);
	rig_unhold(rig);
	RIG_EXPECT_ILLEGAL(test, rig_execute(t));
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_initialize(t->transaction, rig_program,
							       DMABAY_READ_FROM_DEVICE,
							       buffer->memory, 4096));
	KUNIT_EXPECT_EQ(test, t->programmed, 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	rig_initialize(t, buffer, 4096);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 4096);
}

/* X18: only the registers are exclusive, so both are in flight. */
static void execute_x18_two_at_once(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *a = rig_transaction(rig), *b = rig_transaction(rig);

	rig_begin(a, rig_contiguous(rig, 0, 32768), 32768);
	rig_begin(b, rig_contiguous(rig, 0, 32768), 32768);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 1);
	KUNIT_EXPECT_NE(test, a->address, b->address);
	rig_finish(a);
	rig_finish(b);
}

/* X22: the context is found in every transfer; rig_program() would not find t else. */
static void execute_x22_context(struct kunit *test)
{
	struct rig *rig = rig_start(test, 4096, 2);
	struct rig_transaction *t = rig_transaction(rig);
	unsigned int i;

	rig_initialize(t, rig_contiguous(rig, 0, 16384), 16384);
	rig_run(t);
	KUNIT_ASSERT_EQ(test, rig->events, 4);
	for (i = 0; i < rig->events; i++)
		KUNIT_EXPECT_PTR_EQ(test, rig->log[i].transaction, t);
}

static int execute_map_fails(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			     struct dmabay_memory *memory, size_t offset, size_t *length,
			     enum dmabay_direction direction, struct dmabay_sg_list *list)
{
	return -EIO;
}

/* A mapping that fails at once is the result of execute; nothing stays behind. */
static void execute_map_failure(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 4096);

	rig_initialize(t, buffer, 4096);
	kunit_activate_static_stub(test, dmabay_adapter_map_transfer, execute_map_fails);
	KUNIT_EXPECT_EQ(test, rig_execute(t), -EIO);
	kunit_deactivate_static_stub(test, dmabay_adapter_map_transfer);
	KUNIT_EXPECT_EQ(test, t->programmed, 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17);
	RIG_EXPECT_ILLEGAL(test, rig_execute(t));
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	rig_initialize(t, buffer, 4096);
	rig_run(t);
}

/* One that fails later is the result of the completion before it. */
static void execute_map_failure_of_next(struct kunit *test)
{
	struct rig *rig = rig_start(test, 4096, 2);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 8192);

	rig_begin(t, buffer, 8192);
	kunit_activate_static_stub(test, dmabay_adapter_map_transfer, execute_map_fails);
	KUNIT_EXPECT_EQ(test, rig_complete(t), -EIO);
	kunit_deactivate_static_stub(test, dmabay_adapter_map_transfer);
	KUNIT_EXPECT_EQ(test, t->programmed, 1);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 2);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 4096);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_current_length(t->transaction), 0);
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_completed(t->transaction));
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	rig_initialize(t, buffer, 8192);
	rig_run(t);
}

static struct kunit_case execute_cases[] = {
	RIG_CASE_PROFILES(execute_x01_at_once),
	RIG_CASE_PROFILES(execute_x02_waits_for_registers),
	RIG_CASE_PROFILES(execute_x03_cuts_ex1),
	RIG_CASE_PROFILES(execute_x04_cuts_ex2),
	RIG_CASE_PROFILES(execute_x05_current_length),
	RIG_CASE_PROFILES(execute_x06_maps_partially_ex8),
	RIG_CASE_PROFILES(execute_maps_partially_always),
	RIG_CASE(execute_x07_stays_in_group),
	RIG_CASE(execute_cuts_chain_of_ex5),
	RIG_CASE(execute_x09_every_transfer_fits),
	RIG_CASE(execute_x10_registers_of_one_transfer),
	RIG_CASE(execute_x11_registers_of_many_transfers_ex7),
	RIG_CASE_PROFILES(execute_x12_answer_is_ignored),
	RIG_CASE_PROFILES(execute_x13_execute_twice),
	RIG_CASE_PROFILES(execute_x14_execute_after_failure),
	RIG_CASE(execute_x18_two_at_once),
	RIG_CASE_PROFILES(execute_x22_context),
	RIG_CASE_PROFILES(execute_map_failure),
	RIG_CASE_PROFILES(execute_map_failure_of_next),
	{}
};

struct kunit_suite dmabay_execute_suite = {
	.name = "dmabay_execute",
	.exit = rig_end,
	.test_cases = execute_cases,
};
kunit_test_suite(dmabay_execute_suite);
