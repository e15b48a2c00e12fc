// SPDX-License-Identifier: GPL-2.0-only
/* Lifetime: release, reuse and delete (5.9), deferral and threads (5.10). */
#include <kunit/static_stub.h>
#include <linux/slab.h>

#include "rig.h"

/*
 * What is done once, a few times and very often, each time from the same place, goes
 * as deep on the stack with many as with one.
 */
#define LIFETIME_TIMES		3

static void lifetime_expect_flat(struct kunit *test, const unsigned long *depth)
{
	kunit_info(test, "%lu, %lu, %lu bytes of stack\n", depth[0], depth[1], depth[2]);
	KUNIT_EXPECT_GT(test, depth[0], 0);
	KUNIT_EXPECT_LE(test, depth[1], depth[0]);
	KUNIT_EXPECT_LE(test, depth[2], depth[0]);
}

/* Whose turn it is, of those that wait in line; how often something is to be done. */
static unsigned int lifetime_turn;
static unsigned int lifetime_rounds;

static void lifetime_l01_release_completed(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	rig_begin(t, rig_contiguous(rig, 0, 4096), 4096);
	KUNIT_EXPECT_EQ(test, rig_complete(t), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_current_length(t->transaction), 0);
	RIG_EXPECT_ILLEGAL(test, rig_execute(t));
}

static void lifetime_l02_release_twice(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	rig_begin(t, rig_contiguous(rig, 0, 4096), 4096);
	KUNIT_EXPECT_EQ(test, rig_complete(t), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
}

static void lifetime_l03_release_initialized(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 4096);

	rig_initialize(t, buffer, 4096);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	RIG_EXPECT_ILLEGAL(test, rig_execute(t));
	rig_initialize(t, buffer, 4096);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 4096);
}

/* L04, L05: the device may still write, so nothing it can reach is taken away. */
static void lifetime_expect_untouched(struct rig_transaction *t, struct rig_buffer *buffer,
				      struct rig_transaction *waiter)
{
	struct kunit *test = t->rig->test;

	KUNIT_EXPECT_EQ(test, waiter->programmed, 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_current_length(t->transaction), 8192);
	rig_transfer_write(t, 0, 8192, 9);
	KUNIT_EXPECT_EQ(test, rig_complete(t), 0);
	KUNIT_EXPECT_EQ(test, rig_matching(buffer, 0, 8192, 9), 8192);
	KUNIT_EXPECT_EQ(test, waiter->programmed, 1);
	rig_finish(waiter);
}

static void lifetime_l04_release_under_way(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	struct rig_transaction *t = rig_transaction(rig), *waiter = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 8192);

	rig_begin(t, buffer, 8192);
	rig_initialize(waiter, rig_contiguous(rig, 0, 8192), 8192);
	KUNIT_EXPECT_EQ(test, rig_execute(waiter), 0);
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_release(t->transaction));
	lifetime_expect_untouched(t, buffer, waiter);
}

static void lifetime_l05_delete_under_way(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	struct rig_transaction *t = rig_transaction(rig), *waiter = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 8192);

	rig_begin(t, buffer, 8192);
	rig_initialize(waiter, rig_contiguous(rig, 0, 8192), 8192);
	KUNIT_EXPECT_EQ(test, rig_execute(waiter), 0);
	RIG_EXPECT_WARNING(test, dmabay_transaction_delete(t->transaction));
	/* A driver must not touch it any more; this test does, to see it unchanged. */
	lifetime_expect_untouched(t, buffer, waiter);
}

/* L06: a million cycles; what they took is all back, in every counter. */
static void lifetime_l06_cycles(struct kunit *test)
{
	const unsigned int cycles = IS_ENABLED(CONFIG_UML) ? 1000000 : 1000;
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 8192);
	struct dmabay_adapter_counters counters;
	unsigned int i;

	for (i = 0; i < cycles && test->status != KUNIT_FAILURE && !rig_time_is_up(rig); i++) {
		rig_initialize(t, buffer, 8192);
		rig_run(t);
		if (!(i % 1024))
			cond_resched();
	}
	kunit_info(test, "%u cycles\n", i);
	KUNIT_EXPECT_EQ(test, t->programmed, i);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17);
	dmabay_adapter_counters(rig->adapter, &counters);
	KUNIT_EXPECT_EQ(test, counters.linked_bytes, 0);
	KUNIT_EXPECT_EQ(test, counters.mapped, counters.unmapped);
}

/* The same with a reservation each time. */
static void lifetime_reservation_cycles(struct kunit *test)
{
	const unsigned int cycles = rig_many(10000);
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 8192);
	unsigned int i;

	for (i = 0; i < cycles && test->status != KUNIT_FAILURE && !rig_time_is_up(rig); i++) {
		KUNIT_ASSERT_EQ(test, rig_reserve(t, 1 + i % 17), 0);
		rig_initialize(t, buffer, 4096);
		rig_run(t);
		KUNIT_ASSERT_EQ(test, dmabay_transaction_free_reservation(t->transaction), 0);
		if (!(i % 1024))
			cond_resched();
	}
	kunit_info(test, "%u cycles\n", i);
	KUNIT_EXPECT_EQ(test, t->programmed, i);
	KUNIT_EXPECT_EQ(test, t->reserved, i);
}

/* L07: every setting is back at its default after release. */
static void lifetime_l07_release_resets(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 20000);

	rig_initialize(t, buffer, 20000);
	dmabay_transaction_set_immediate(t->transaction, true);
	dmabay_transaction_set_max_length(t->transaction, 4096);
	rig_run(t);
	rig_hold(rig, 17);
	rig_initialize(t, buffer, 20000);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	rig_unhold(rig);
	RIG_EXPECT_LENGTHS(rig, 20000);
	rig_finish(t);
}

static void lifetime_complete_and_release(struct rig_transaction *t)
{
	struct kunit *test = t->rig->test;

	if (rig_complete(t) == -EINPROGRESS)
		return;
	KUNIT_EXPECT_EQ(test, t->result, 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
}

/* L10: released in the callback of its last transfer. */
static void lifetime_l10_release_in_callback(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 20000);

	t->on_program = lifetime_complete_and_release;
	rig_initialize(t, buffer, 20000);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	RIG_EXPECT_LENGTHS(rig, 8192, 8192, 3616);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 3);
	rig_initialize(t, buffer, 20000);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_EQ(test, t->programmed, 6);
}

static void lifetime_l12_release_after_error(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 4096);
	unsigned int i;

	for (i = 0; i < 3; i++) {
		rig_hold(rig, 17);
		rig_initialize(t, buffer, 4096);
		dmabay_transaction_set_immediate(t->transaction, true);
		KUNIT_EXPECT_EQ(test, rig_execute(t), -ENOMEM);
		KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
		rig_unhold(rig);
		rig_initialize(t, buffer, 4096);
		rig_run(t);
	}
	KUNIT_EXPECT_EQ(test, t->programmed, 3);
}

static void lifetime_complete_in_time(struct rig_transaction *t)
{
	if (rig_time_is_up(t->rig))
		t->result = dmabay_transaction_completed_final(t->transaction, t->length);
	else
		rig_complete(t);
}

/*
 * D01, D04: 100 000 pieces, each completed inside program_dma: the stack does not grow
 * with them, and no callback is nested in another.
 */
static void lifetime_d01_pieces(struct kunit *test)
{
	const unsigned int pieces[LIFETIME_TIMES] = { 1, 3, rig_many(100000) };
	struct rig *rig = rig_start(test, 32, 2);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 32 * pieces[2]);
	unsigned long depth[LIFETIME_TIMES];
	unsigned int i;

	t->on_program = lifetime_complete_in_time;
	for (i = 0; i < LIFETIME_TIMES; i++) {
		t->programmed = 0;
		rig_initialize(t, buffer, 32 * pieces[i]);
		KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
		if (!rig_time_is_up(rig))
			KUNIT_EXPECT_EQ(test, t->programmed, pieces[i]);
		KUNIT_EXPECT_EQ(test, t->result, 0);
		KUNIT_EXPECT_FALSE(test, t->nested);
		KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
		depth[i] = rig_stack_depth(rig);
	}
	kunit_info(test, "%u pieces\n", t->programmed);
	lifetime_expect_flat(test, depth);
}

/* D02: "more" for every nested completion but the last, all inside execute. */
static void lifetime_d02_nested_results(struct kunit *test)
{
	struct rig *rig = rig_start(test, 4096, 2);
	struct rig_transaction *t = rig_transaction(rig);

	t->on_program = rig_complete_now;
	rig_initialize(t, rig_contiguous(rig, 0, 65536), 65536);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_EQ(test, t->in_progress, 15);
	KUNIT_EXPECT_EQ(test, t->finished, 1);
	KUNIT_EXPECT_EQ(test, t->result, 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 65536);
}

static void lifetime_begin_again(struct rig_transaction *t)
{
	struct kunit *test = t->rig->test;
	struct rig_buffer *buffer = t->data;
	unsigned int programmed = t->programmed;

	KUNIT_EXPECT_EQ(test, rig_complete(t), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	if (t->programmed >= lifetime_rounds)
		return;
	rig_initialize(t, buffer, 4096);
	/* Only marked; whoever runs this callback will stage it. */
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_EQ(test, t->programmed, programmed);
}

static void lifetime_again_in_callback(struct rig_transaction *t)
{
	const unsigned int rounds[LIFETIME_TIMES] = { 1, 3, rig_some(1000) };
	unsigned long depth[LIFETIME_TIMES];
	struct kunit *test = t->rig->test;
	unsigned int i;

	rig_stack_depth(t->rig);
	t->data = rig_contiguous(t->rig, 0, 4096);
	t->on_program = lifetime_begin_again;
	for (i = 0; i < LIFETIME_TIMES; i++) {
		t->programmed = 0;
		lifetime_rounds = rounds[i];
		rig_initialize(t, t->data, 4096);
		KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
		KUNIT_EXPECT_EQ(test, t->programmed, rounds[i]);
		KUNIT_EXPECT_FALSE(test, t->nested);
		depth[i] = rig_stack_depth(t->rig);
	}
	lifetime_expect_flat(test, depth);
}

/* D03: completed, released, initialized and executed anew inside the callback. */
static void lifetime_d03_again_in_callback(struct kunit *test)
{
	struct rig *rig = rig_start(test, 4096, 2);

	lifetime_again_in_callback(rig_transaction(rig));
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 2);
}

/* The same on a reservation. */
static void lifetime_again_in_callback_reserved(struct kunit *test)
{
	struct rig *rig = rig_start(test, 4096, 2);
	struct rig_transaction *t = rig_transaction(rig);

	KUNIT_EXPECT_EQ(test, rig_reserve(t, 2), 0);
	lifetime_again_in_callback(t);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 0);
}

static void lifetime_complete_and_delete(struct rig_transaction *t)
{
	KUNIT_EXPECT_EQ(t->rig->test, rig_complete(t), 0);
	rig_delete(t);
}

static void lifetime_delete(struct rig_transaction *t)
{
	rig_delete(t);
}

/* D05: deleted inside its own callback; the one who calls it outlives it. */
static void lifetime_d05_delete_in_callback(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 4096);
	struct rig_transaction *t, *reserved;

	/* in program_dma, inside execute */
	t = rig_transaction(rig);
	t->on_program = lifetime_complete_and_delete;
	rig_initialize(t, buffer, 4096);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_NULL(test, t->transaction);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17);

	/* in reserved, inside reserve */
	t = rig_transaction(rig);
	t->on_reserved = lifetime_delete;
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 17), 0);
	KUNIT_EXPECT_NULL(test, t->transaction);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17);

	/* both, on the thread that frees */
	rig_hold(rig, 17);
	t = rig_transaction(rig);
	t->on_program = lifetime_complete_and_delete;
	rig_initialize(t, buffer, 4096);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	reserved = rig_transaction(rig);
	reserved->on_reserved = lifetime_delete;
	KUNIT_EXPECT_EQ(test, rig_reserve(reserved, 17), 0);
	rig_unhold(rig);
	KUNIT_EXPECT_NULL(test, t->transaction);
	KUNIT_EXPECT_NULL(test, reserved->transaction);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17);

	/* in the callback of a later transfer */
	t = rig_transaction(rig);
	rig_begin(t, buffer, 4096);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_length(t->transaction, 1),
			-EINPROGRESS);
	t->on_program = lifetime_complete_and_delete;
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_length(t->transaction, 1),
			-EINPROGRESS);
	KUNIT_EXPECT_NULL(test, t->transaction);
}

static DEFINE_SPINLOCK(lifetime_driver_lock);

static void lifetime_callback_with_lock(struct rig_transaction *t)
{
	unsigned long flags;

	spin_lock_irqsave(&lifetime_driver_lock, flags);
	t->finished++;
	spin_unlock_irqrestore(&lifetime_driver_lock, flags);
}

/*
 * D07: a driver takes its lock in the callbacks, and holds it over calls elsewhere:
 * lockdep sees a cycle if the core holds a lock of its own in a callback.
 */
static void lifetime_d07_no_lock_in_callbacks(struct kunit *test)
{
	struct rig *rig = rig_start(test, 4096, 2);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 8192);
	unsigned long flags;

	t->on_program = lifetime_callback_with_lock;
	t->on_reserved = lifetime_callback_with_lock;
	rig_hold(rig, 2);
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 2), 0);
	rig_unhold(rig);
	rig_initialize(t, buffer, 8192);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed(t->transaction), -EINPROGRESS);

	spin_lock_irqsave(&lifetime_driver_lock, flags);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed(t->transaction), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_free_reservation(t->transaction), 0);
	spin_unlock_irqrestore(&lifetime_driver_lock, flags);
	KUNIT_EXPECT_EQ(test, t->finished, 3);
}

static int lifetime_map_fails(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			      struct dmabay_memory *memory, size_t offset, size_t *length,
			      enum dmabay_direction direction, struct dmabay_sg_list *list)
{
	return -EIO;
}

static void lifetime_complete_then_fail(struct rig_transaction *t)
{
	struct kunit *test = t->rig->test;

	kunit_activate_static_stub(test, dmabay_adapter_map_transfer, lifetime_map_fails);
	rig_complete(t);
}

/*
 * D09: the nested completion was told "more", and the next mapping fails: the owner
 * of the loop is told, and nobody else.
 */
static void lifetime_d09_deferred_failure(struct kunit *test)
{
	struct rig *rig = rig_start(test, 4096, 2);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 65536);

	/* owner: execute */
	t->on_program = lifetime_complete_then_fail;
	rig_initialize(t, buffer, 65536);
	KUNIT_EXPECT_EQ(test, rig_execute(t), -EIO);
	kunit_deactivate_static_stub(test, dmabay_adapter_map_transfer);
	KUNIT_EXPECT_EQ(test, t->result, -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, t->programmed, 1);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 2);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 4096);
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_completed(t->transaction));
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);

	/* owner: a completion */
	t->on_program = NULL;
	rig_begin(t, buffer, 65536);
	t->on_program = lifetime_complete_then_fail;
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed(t->transaction), -EIO);
	kunit_deactivate_static_stub(test, dmabay_adapter_map_transfer);
	KUNIT_EXPECT_EQ(test, t->result, -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, t->programmed, 3);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 2);
}

struct lifetime_failure {
	unsigned int calls;
	int status;
	void *context;
};

static struct lifetime_failure lifetime_failed_calls;

static void lifetime_failed(struct dmabay_transaction *transaction, void *context, int status)
{
	lifetime_failed_calls.calls++;
	lifetime_failed_calls.status = status;
	lifetime_failed_calls.context = context;
}

/* After a late grant there is no caller to tell; the failed callback is told, once. */
static void lifetime_failure_after_late_grant(struct kunit *test)
{
	struct rig *rig = rig_start(test, 4096, 2);
	struct rig_transaction *t = rig_transaction(rig), *next = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 65536);

	memset(&lifetime_failed_calls, 0, sizeof(lifetime_failed_calls));
	dmabay_transaction_set_failed(t->transaction, lifetime_failed);
	rig_hold(rig, 2);
	rig_initialize(t, buffer, 65536);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_EQ(test, rig_reserve(next, 2), 0);
	kunit_activate_static_stub(test, dmabay_adapter_map_transfer, lifetime_map_fails);
	rig_unhold(rig);
	kunit_deactivate_static_stub(test, dmabay_adapter_map_transfer);
	KUNIT_EXPECT_EQ(test, lifetime_failed_calls.calls, 1);
	KUNIT_EXPECT_EQ(test, lifetime_failed_calls.status, -EIO);
	KUNIT_EXPECT_PTR_EQ(test, lifetime_failed_calls.context, t);
	KUNIT_EXPECT_EQ(test, t->programmed, 0);
	/* Its registers went on to the next in line. */
	KUNIT_EXPECT_EQ(test, next->reserved, 1);
	RIG_EXPECT_ILLEGAL(test, rig_execute(t));
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_free_reservation(next->transaction), 0);

	/* At once it is execute that tells, and only it. */
	rig_initialize(t, buffer, 65536);
	kunit_activate_static_stub(test, dmabay_adapter_map_transfer, lifetime_map_fails);
	KUNIT_EXPECT_EQ(test, rig_execute(t), -EIO);
	kunit_deactivate_static_stub(test, dmabay_adapter_map_transfer);
	KUNIT_EXPECT_EQ(test, lifetime_failed_calls.calls, 1);
}

static int lifetime_map_fails_once(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
				   struct dmabay_memory *memory, size_t offset, size_t *length,
				   enum dmabay_direction direction, struct dmabay_sg_list *list)
{
	kunit_deactivate_static_stub(kunit_get_current_test(), dmabay_adapter_map_transfer);
	return -EIO;
}

static void lifetime_failed_begin_again(struct dmabay_transaction *transaction, void *context,
					int status)
{
	struct rig_transaction *t = context;

	KUNIT_EXPECT_EQ(t->rig->test, dmabay_transaction_release(transaction), 0);
	rig_begin(t, t->data, 4096);
}

static void lifetime_failed_delete(struct dmabay_transaction *transaction, void *context,
				   int status)
{
	rig_delete(context);
}

/* Wait, and fail when the registers are there. */
static void lifetime_fail_late(struct rig_transaction *t, dmabay_failed_t failed)
{
	struct kunit *test = t->rig->test;

	dmabay_transaction_set_failed(t->transaction, failed);
	rig_hold(t->rig, 2);
	rig_initialize(t, t->data, 4096);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	kunit_activate_static_stub(test, dmabay_adapter_map_transfer, lifetime_map_fails_once);
	rig_unhold(t->rig);
}

/* Whoever is told may use the transaction again at once, or delete it, or not be there. */
static void lifetime_failed_callback(struct kunit *test)
{
	struct rig *rig = rig_start(test, 4096, 2);
	struct rig_transaction *t = rig_transaction(rig);

	t->data = rig_contiguous(rig, 0, 4096);
	lifetime_fail_late(t, lifetime_failed_begin_again);
	KUNIT_EXPECT_EQ(test, t->programmed, 1);
	rig_finish(t);

	lifetime_fail_late(t, NULL);
	KUNIT_EXPECT_EQ(test, t->programmed, 1);
	KUNIT_EXPECT_STREQ(test, dmabay_transaction_state_name(t->transaction), "failed");
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);

	lifetime_fail_late(t, lifetime_failed_delete);
	KUNIT_EXPECT_NULL(test, t->transaction);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 2);
}

/* While mapping fails, somebody gets in line, who has the registers next. */
static int lifetime_map_fails_meanwhile(struct dmabay_adapter *adapter,
					struct dmabay_channel *channel,
					struct dmabay_memory *memory, size_t offset,
					size_t *length, enum dmabay_direction direction,
					struct dmabay_sg_list *list)
{
	struct kunit *test = kunit_get_current_test();
	struct rig *rig = test->priv;
	struct rig_transaction *next = list_last_entry(&rig->transactions,
						       struct rig_transaction, node);

	kunit_deactivate_static_stub(test, dmabay_adapter_map_transfer);
	rig_initialize(next, next->data, 4096);
	KUNIT_EXPECT_EQ(test, rig_execute(next), 0);
	KUNIT_EXPECT_EQ(test, next->programmed, 0);
	return -EIO;
}

/* The first one will say that it failed; until it has, it cannot be used again. */
static void lifetime_not_over(struct rig_transaction *next)
{
	struct rig_transaction *t = list_first_entry(&next->rig->transactions,
						     struct rig_transaction, node);

	RIG_EXPECT_ILLEGAL(next->rig->test, dmabay_transaction_release(t->transaction));
}

/*
 * Who gets the registers of a transaction that ends cannot begin it anew before it was
 * told how it ended: that one would be told the other's end.
 */
static void lifetime_over_when_told(struct kunit *test)
{
	struct rig *rig = rig_start(test, 4096, 2);
	struct rig_transaction *t = rig_transaction(rig), *next = rig_transaction(rig);

	next->data = rig_contiguous(rig, 1, 4096);
	next->on_program = lifetime_not_over;
	memset(&lifetime_failed_calls, 0, sizeof(lifetime_failed_calls));
	dmabay_transaction_set_failed(t->transaction, lifetime_failed);
	rig_initialize(t, next->data, 4096);
	kunit_activate_static_stub(test, dmabay_adapter_map_transfer,
				   lifetime_map_fails_meanwhile);
	KUNIT_EXPECT_EQ(test, rig_execute(t), -EIO);
	KUNIT_EXPECT_EQ(test, lifetime_failed_calls.calls, 0);
	KUNIT_EXPECT_EQ(test, next->programmed, 1);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	rig_finish(next);

	/* The same when it completes. */
	rig_begin(t, next->data, 4096);
	rig_initialize(next, next->data, 4096);
	KUNIT_EXPECT_EQ(test, rig_execute(next), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed(t->transaction), 0);
	KUNIT_EXPECT_EQ(test, next->programmed, 2);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	rig_finish(next);
	KUNIT_EXPECT_EQ(test, lifetime_failed_calls.calls, 0);
}

static void lifetime_free_and_go_on(struct rig_transaction *t)
{
	/* In order, one after the other. */
	KUNIT_EXPECT_EQ(t->rig->test, (unsigned long)t->data, lifetime_turn++);
	KUNIT_EXPECT_EQ(t->rig->test, dmabay_transaction_free_reservation(t->transaction), 0);
}

/* Let so many wait in line, then all through; how deep on the stack that went. */
static unsigned long lifetime_chain(struct rig *rig, unsigned int count,
				    void (*wait)(struct rig_transaction *t, unsigned int i))
{
	struct kunit *test = rig->test;
	struct rig_transaction *t;
	unsigned int i;

	rig_hold(rig, 17);
	lifetime_turn = 0;
	for (i = 0; i < count; i++) {
		t = rig_transaction(rig);
		t->data = (void *)(unsigned long)i;
		wait(t, i);
	}
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), count);
	KUNIT_EXPECT_EQ(test, lifetime_turn, 0);
	rig_unhold(rig);
	KUNIT_EXPECT_EQ(test, lifetime_turn, count);
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17);
	return rig_stack_depth(rig);
}

static void lifetime_chains(struct rig *rig,
			    void (*wait)(struct rig_transaction *t, unsigned int i))
{
	const unsigned int counts[LIFETIME_TIMES] = { 1, 3, rig_many(10000) };
	unsigned long depth[LIFETIME_TIMES];
	unsigned int i;

	for (i = 0; i < LIFETIME_TIMES; i++)
		depth[i] = lifetime_chain(rig, counts[i], wait);
	lifetime_expect_flat(rig->test, depth);
}

static void lifetime_wait_for_reservation(struct rig_transaction *t, unsigned int i)
{
	t->on_reserved = lifetime_free_and_go_on;
	KUNIT_ASSERT_EQ(t->rig->test, rig_reserve(t, 1 + i % 17), 0);
}

/*
 * D11: 10 000 in line, each of which frees in its callback, and so grants the next:
 * in order, on one thread, on no more stack than one takes.
 */
static void lifetime_d11_chain_of_waiters(struct kunit *test)
{
	lifetime_chains(rig_start(test, 65536, 17), lifetime_wait_for_reservation);
}

static void lifetime_finish_and_go_on(struct rig_transaction *t)
{
	KUNIT_EXPECT_EQ(t->rig->test, (unsigned long)t->data, lifetime_turn++);
	KUNIT_EXPECT_EQ(t->rig->test, rig_complete(t), 0);
	rig_delete(t);
}

static struct rig_buffer *lifetime_chain_buffer;

static void lifetime_wait_for_execution(struct rig_transaction *t, unsigned int i)
{
	t->on_program = lifetime_finish_and_go_on;
	rig_initialize(t, lifetime_chain_buffer, 4096 * (1 + i % 16));
	KUNIT_ASSERT_EQ(t->rig->test, rig_execute(t), 0);
}

/* The same with executions that complete and delete themselves. */
static void lifetime_d11_chain_of_executions(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);

	lifetime_chain_buffer = rig_contiguous(rig, 0, 65536);
	lifetime_chains(rig, lifetime_wait_for_execution);
}

static struct kunit_case lifetime_cases[] = {
	RIG_CASE_PROFILES(lifetime_l01_release_completed),
	RIG_CASE_PROFILES(lifetime_l02_release_twice),
	RIG_CASE_PROFILES(lifetime_l03_release_initialized),
	RIG_CASE_PROFILES(lifetime_l04_release_under_way),
	RIG_CASE_PROFILES(lifetime_l05_delete_under_way),
	RIG_CASE_PROFILES_SLOW(lifetime_l06_cycles),
	RIG_CASE_SLOW(lifetime_reservation_cycles),
	RIG_CASE_PROFILES(lifetime_l07_release_resets),
	RIG_CASE_PROFILES(lifetime_l10_release_in_callback),
	RIG_CASE_PROFILES(lifetime_l12_release_after_error),
	RIG_CASE_PROFILES_SLOW(lifetime_d01_pieces),
	RIG_CASE_PROFILES(lifetime_d02_nested_results),
	RIG_CASE_PROFILES(lifetime_d03_again_in_callback),
	RIG_CASE(lifetime_again_in_callback_reserved),
	RIG_CASE(lifetime_d05_delete_in_callback),
	RIG_CASE(lifetime_d07_no_lock_in_callbacks),
	RIG_CASE_PROFILES(lifetime_d09_deferred_failure),
	RIG_CASE(lifetime_failure_after_late_grant),
	RIG_CASE_PROFILES(lifetime_failed_callback),
	RIG_CASE_PROFILES(lifetime_over_when_told),
	RIG_CASE_SLOW(lifetime_d11_chain_of_waiters),
	RIG_CASE_PROFILES_SLOW(lifetime_d11_chain_of_executions),
	{}
};

struct kunit_suite dmabay_lifetime_suite = {
	.name = "dmabay_lifetime",
	.exit = rig_end,
	.test_cases = lifetime_cases,
};
kunit_test_suite(dmabay_lifetime_suite);
