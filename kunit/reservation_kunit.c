// SPDX-License-Identifier: GPL-2.0-only
/* Reservation: registers kept from transfer to transfer (5.5). */
#include "rig.h"

static void reservation_r01_at_once(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	/* rig_reserved() has found t through the context. */
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
	KUNIT_EXPECT_EQ(test, t->reserved, 1);
	KUNIT_ASSERT_EQ(test, rig->events, 1);
	KUNIT_EXPECT_PTR_EQ(test, rig->log[0].transaction, t);
	KUNIT_EXPECT_PTR_EQ(test, rig->log[0].task, current);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 13);
}

static void reservation_r02_later(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	rig_hold(rig, 14);
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
	KUNIT_EXPECT_EQ(test, t->reserved, 0);
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 1);
	rig_unhold(rig);
	KUNIT_EXPECT_EQ(test, t->reserved, 1);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 13);
	KUNIT_EXPECT_EQ(test, rig->events, 1);
}

static void reservation_r06_direction_2(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	RIG_EXPECT_QUIET(test, dmabay_transaction_reserve(t->transaction, 2, 4, rig_reserved, t),
			 -EINVAL);
	KUNIT_EXPECT_EQ(test, t->reserved, 0);
	/* A parameter error changes nothing: no release is needed. */
	KUNIT_EXPECT_EQ(test, dmabay_transaction_reserve(t->transaction, DMABAY_WRITE_TO_DEVICE, 4,
							 rig_reserved, t), 0);
	KUNIT_EXPECT_EQ(test, t->reserved, 1);
}

static void reservation_r07_more_than_there_are(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	KUNIT_EXPECT_EQ(test, rig_reserve(t, 18), -ENOMEM);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	/* Not put in line either, when it is busy. */
	rig_hold(rig, 17);
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 18), -ENOMEM);
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	KUNIT_EXPECT_EQ(test, rig_reserve(t, UINT_MAX), -ENOMEM);
	rig_unhold(rig);
	KUNIT_EXPECT_EQ(test, t->reserved, 0);
}

static void reservation_r08_all_there_are(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	KUNIT_EXPECT_EQ(test, rig_reserve(t, 17), 0);
	KUNIT_EXPECT_EQ(test, t->reserved, 1);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 0);
}

/* R09: "what the memory needs" needs a memory. */
static void reservation_r09_derived_without_memory(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	RIG_EXPECT_ILLEGAL(test, rig_reserve(t, 0));
	rig_initialize(t, rig_contiguous(rig, 0, 4096), 4096);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	RIG_EXPECT_ILLEGAL(test, rig_reserve(t, 0));
	KUNIT_EXPECT_EQ(test, t->reserved, 0);
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 1), 0);
}

static void reservation_r10_derived(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	rig_initialize(t, rig_contiguous(rig, 1, 20480), 20480);
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 0), 0);
	KUNIT_EXPECT_EQ(test, t->reserved, 1);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17 - 6);
}

static void reservation_r11_derived_of_chain(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	rig_initialize(t, rig_chain(rig, 3, 3000, 5000), 15000);
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 0), 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17 - 6);
}

/* R12: the whole length counts, not clipped by the maximum; too much fails at once. */
static void reservation_r12_derived_is_not_clipped(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 9);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 10 * PAGE_SIZE);

	rig_initialize(t, buffer, 8 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 0), 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 1);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_free_reservation(t->transaction), 0);

	rig_initialize(t, buffer, 10 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 0), -ENOMEM);
	KUNIT_EXPECT_EQ(test, t->reserved, 1);
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 2), 0);
}

/* R14: the initialization is gone, also when only its size was wanted. */
static void reservation_r14_drops_the_initialization(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 8192);

	rig_initialize(t, buffer, 8192);
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 0), 0);
	RIG_EXPECT_ILLEGAL(test, rig_execute(t));
	KUNIT_EXPECT_EQ(test, t->programmed, 0);
	rig_initialize(t, buffer, 4096);
	rig_run(t);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_free_reservation(t->transaction), 0);

	rig_initialize(t, buffer, 8192);
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 3), 0);
	RIG_EXPECT_ILLEGAL(test, rig_execute(t));
	KUNIT_EXPECT_EQ(test, t->programmed, 1);
}

static void reservation_begin_and_look(struct rig_transaction *t)
{
	rig_begin_data(t);
	/* program_dma ran inside execute, so inside this callback. */
	KUNIT_EXPECT_EQ(t->rig->test, t->programmed, 1);
}

static void reservation_r15_execute_in_callback(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	t->data = rig_contiguous(rig, 0, 8192);
	t->on_reserved = reservation_begin_and_look;
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
	KUNIT_EXPECT_EQ(test, t->programmed, 1);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 13);
	rig_finish(t);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 13);
}

/* The same when the grant comes late, on the thread that frees. */
static void reservation_execute_in_late_callback(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	rig_hold(rig, 17);
	t->data = rig_contiguous(rig, 0, 8192);
	t->on_reserved = reservation_begin_and_look;
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
	KUNIT_EXPECT_EQ(test, t->reserved, 0);
	rig_unhold(rig);
	KUNIT_EXPECT_EQ(test, t->reserved, 1);
	KUNIT_EXPECT_EQ(test, t->programmed, 1);
	rig_finish(t);
}

/* R16: it overtakes those who wait, because it asks for nothing. */
static void reservation_r16_execute_later(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig), *waiter = rig_transaction(rig);

	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
	KUNIT_EXPECT_EQ(test, rig_reserve(waiter, 17), 0);
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 1);
	rig_begin(t, rig_contiguous(rig, 0, 8192), 8192);
	KUNIT_EXPECT_EQ(test, waiter->reserved, 0);
	rig_finish(t);
	KUNIT_EXPECT_EQ(test, waiter->reserved, 0);
}

/* R17: it outlives the end of the transaction, well done or failed. */
static void reservation_r17_kept_at_completion(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 8192);

	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
	rig_begin(t, buffer, 8192);
	KUNIT_EXPECT_EQ(test, rig_complete(t), 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 13);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	rig_begin(t, buffer, 8192);
	RIG_EXPECT_QUIET(test, dmabay_transaction_completed_length(t->transaction, 8193), -EINVAL);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 13);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 13);
	rig_begin(t, buffer, 8192);
	rig_finish(t);
	KUNIT_EXPECT_EQ(test, t->reserved, 1);
}

static void reservation_r18_again_and_again(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 16384);
	unsigned int i;

	KUNIT_EXPECT_EQ(test, rig_reserve(t, 5), 0);
	rig_hold(rig, 12);
	for (i = 0; i < 100; i++) {
		rig_begin(t, buffer, 16384 - i);
		KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 0);
		rig_finish(t);
	}
	KUNIT_EXPECT_EQ(test, t->reserved, 1);
	KUNIT_EXPECT_EQ(test, t->programmed, 100);
}

static void reservation_r19_initialize_without_release(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 4096);

	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
	rig_begin(t, buffer, 4096);
	KUNIT_EXPECT_EQ(test, rig_complete(t), 0);
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_initialize(t->transaction, rig_program,
							       DMABAY_READ_FROM_DEVICE,
							       buffer->memory, 4096));
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	rig_begin(t, buffer, 4096);
	rig_finish(t);
}

static void reservation_r20_reserve_twice(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 4096);

	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
	RIG_EXPECT_ILLEGAL(test, rig_reserve(t, 4));		/* reserved */
	rig_initialize(t, buffer, 4096);
	RIG_EXPECT_ILLEGAL(test, rig_reserve(t, 4));		/* initialized */
	RIG_EXPECT_ILLEGAL(test, rig_reserve(t, 0));
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	RIG_EXPECT_ILLEGAL(test, rig_reserve(t, 4));		/* executing */
	KUNIT_EXPECT_EQ(test, rig_complete(t), 0);
	RIG_EXPECT_ILLEGAL(test, rig_reserve(t, 4));		/* completed */
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	RIG_EXPECT_ILLEGAL(test, rig_reserve(t, 4));		/* released */
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 13);
	KUNIT_EXPECT_EQ(test, t->reserved, 1);
}

/* More bytes than there were: the transaction is over, and has failed. */
static void reservation_fail(struct rig_transaction *t)
{
	RIG_EXPECT_QUIET(t->rig->test,
			 dmabay_transaction_completed_length(t->transaction, t->length + 1),
			 -EINVAL);
}

/* R21: from every state that has one, with a waiter granted inside the call. */
static void reservation_r21_free(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig), *waiter = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 4096);
	unsigned int from;

	for (from = 0; from < 5; from++) {
		KUNIT_ASSERT_EQ(test, rig_reserve(t, 4), 0);
		KUNIT_ASSERT_EQ(test, rig_reserve(waiter, 15), 0);
		if (from >= 1)
			rig_initialize(t, buffer, 4096);
		if (from >= 2) {
			KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
			if (from == 2)
				reservation_fail(t);
			else
				KUNIT_EXPECT_EQ(test, rig_complete(t), 0);
		}
		if (from == 4)
			KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
		KUNIT_EXPECT_EQ(test, waiter->reserved, from);
		KUNIT_EXPECT_EQ(test, dmabay_transaction_free_reservation(t->transaction), 0);
		KUNIT_EXPECT_EQ(test, waiter->reserved, from + 1);
		KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 2);
		/* It is released: it can be initialized, and nothing else. */
		RIG_EXPECT_ILLEGAL(test, rig_execute(t));
		KUNIT_EXPECT_EQ(test, dmabay_transaction_free_reservation(waiter->transaction), 0);
	}
}

static void reservation_r22_free_under_way(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
	rig_begin(t, rig_contiguous(rig, 0, 8192), 8192);
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_free_reservation(t->transaction));
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 13);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_current_length(t->transaction), 8192);
	rig_finish(t);
}

static void reservation_r23_free_of_fresh(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_free_reservation(t->transaction));
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
}

/* R24: without a reservation it is a release, and may be repeated. */
static void reservation_r24_free_without_reservation(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 4096);

	rig_initialize(t, buffer, 4096);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_free_reservation(t->transaction), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_free_reservation(t->transaction), 0);
	rig_begin(t, buffer, 4096);
	KUNIT_EXPECT_EQ(test, rig_complete(t), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_free_reservation(t->transaction), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 0);
	rig_initialize(t, buffer, 4096);
	rig_run(t);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17);
}

static void reservation_free_in_callback(struct rig_transaction *t)
{
	KUNIT_EXPECT_EQ(t->rig->test, dmabay_transaction_free_reservation(t->transaction), 0);
}

static void reservation_r25_free_in_callback(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	t->on_reserved = reservation_free_in_callback;
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 17), 0);
	KUNIT_EXPECT_EQ(test, t->reserved, 1);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17);
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 17), 0);
	KUNIT_EXPECT_EQ(test, t->reserved, 2);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17);
}

static void reservation_reserve_again(struct rig_transaction *t)
{
	if (t->reserved > 3)
		return;
	KUNIT_EXPECT_EQ(t->rig->test, dmabay_transaction_free_reservation(t->transaction), 0);
	KUNIT_EXPECT_EQ(t->rig->test, rig_reserve(t, 17), 0);
}

/* Freed, and reserved again, inside its own callback. */
static void reservation_again_in_callback(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	t->on_reserved = reservation_reserve_again;
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 17), 0);
	KUNIT_EXPECT_EQ(test, t->reserved, 4);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 0);
}

static void reservation_complete_and_free(struct rig_transaction *t)
{
	KUNIT_EXPECT_EQ(t->rig->test, rig_complete(t), 0);
	KUNIT_EXPECT_EQ(t->rig->test, dmabay_transaction_free_reservation(t->transaction), 0);
}

/* R26, packet profile: after the last completion, inside program_dma. */
static void reservation_r26_free_after_completion(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
	rig_initialize(t, rig_contiguous(rig, 0, 8192), 8192);
	t->on_program = reservation_complete_and_free;
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_EQ(test, t->programmed, 1);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17);
}

static void reservation_r27_delete(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig), *waiter = rig_transaction(rig);

	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
	KUNIT_EXPECT_EQ(test, rig_reserve(waiter, 17), 0);
	rig_delete(t);
	KUNIT_EXPECT_EQ(test, waiter->reserved, 1);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 0);
}

/* R28, EX3: a reservation smaller than the need trims each transfer. */
static void reservation_r28_trims_ex3(struct kunit *test)
{
	struct rig *rig = rig_start(test, 32768, 9);
	struct rig_transaction *t = rig_transaction(rig);

	KUNIT_EXPECT_EQ(test, rig_reserve(t, 2), 0);
	rig->events = 0;
	rig_initialize(t, rig_contiguous(rig, 0x800, 20000), 20000);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 6144, 8192, 5664);
}

/* R29, EX4: the offset after a part of a transfer counts. */
static void reservation_r29_trims_ex4(struct kunit *test)
{
	struct rig *rig = rig_start(test, 32768, 9);
	struct rig_transaction *t = rig_transaction(rig);

	KUNIT_EXPECT_EQ(test, rig_reserve(t, 2), 0);
	rig->events = 0;
	rig_begin(t, rig_contiguous(rig, 0x800, 20000), 20000);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_length(t->transaction, 100),
			-EINPROGRESS);
	RIG_EXPECT_LENGTHS(rig, 6144, 6044);
	KUNIT_EXPECT_EQ(test, offset_in_page(t->address), 0x864);
	rig_finish(t);
}

/* 6.4: at the very end of a group the offset of the next one counts. */
static void reservation_trims_at_group_start(struct kunit *test)
{
	struct rig *rig = rig_start(test, 32768, 9);
	struct rig_transaction *t = rig_transaction(rig);

	KUNIT_EXPECT_EQ(test, rig_reserve(t, 2), 0);
	rig->events = 0;
	/* 3000..8192 is 5192 bytes in 2 pages; the group ends at page offset 904 */
	rig_initialize(t, rig_chain(rig, 2, 3000, 10000), 20000);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 5192, 4808, 5192, 4808);
}

static void reservation_r30_large_enough(struct kunit *test)
{
	struct rig *rig = rig_start(test, 16384, 17);
	struct rig_transaction *t = rig_transaction(rig);

	/* One transfer in the middle of its pages needs 5, all of it 11. */
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 11), 0);
	rig->events = 0;
	rig_initialize(t, rig_contiguous(rig, 100, 40000), 40000);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 16384, 16384, 7232);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_free_reservation(t->transaction), 0);

	rig->events = 0;
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 5), 0);
	rig->events = 0;
	rig_initialize(t, rig_contiguous(rig, 100, 40000), 40000);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 16384, 16384, 7232);
}

static void reservation_r32_others_run(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 8);
	struct rig_transaction *a = rig_transaction(rig), *b = rig_transaction(rig);

	KUNIT_EXPECT_EQ(test, rig_reserve(a, 4), 0);
	rig_begin(b, rig_contiguous(rig, 0, 3 * PAGE_SIZE), 3 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 1);
	rig_finish(b);
}

/* R34: a reservation that failed has failed the transaction. */
static void reservation_r34_failed(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 4096);

	KUNIT_EXPECT_EQ(test, rig_reserve(t, 18), -ENOMEM);
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_initialize(t->transaction, rig_program,
							       DMABAY_READ_FROM_DEVICE,
							       buffer->memory, 4096));
	RIG_EXPECT_ILLEGAL(test, rig_execute(t));
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_free_reservation(t->transaction), 0);
	rig_initialize(t, buffer, 4096);
	rig_run(t);
}

/* R35: after it no other can be asked for without release. */
static void reservation_r35_again_without_release(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	rig_hold(rig, 17);
	dmabay_transaction_set_immediate(t->transaction, true);
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), -ENOMEM);
	rig_unhold(rig);
	RIG_EXPECT_ILLEGAL(test, rig_reserve(t, 4));
	KUNIT_EXPECT_EQ(test, t->reserved, 0);
}

static void reservation_r36_again_with_release(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	rig_hold(rig, 17);
	dmabay_transaction_set_immediate(t->transaction, true);
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), -ENOMEM);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	/* Not immediate any more: it waits. */
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 1);
	rig_unhold(rig);
	KUNIT_EXPECT_EQ(test, t->reserved, 1);
}

static void reservation_r37_cancelled(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	rig_hold(rig, 17);
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
	KUNIT_EXPECT_TRUE(test, dmabay_transaction_cancel(t->transaction));
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	rig_unhold(rig);
	KUNIT_EXPECT_EQ(test, t->reserved, 0);
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
	KUNIT_EXPECT_EQ(test, t->reserved, 1);
}

/* R38: released, freed or deleted before the grant: its callback never runs. */
static void reservation_r38_withdrawn(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *released = rig_transaction(rig), *freed = rig_transaction(rig);
	struct rig_transaction *deleted = rig_transaction(rig), *last = rig_transaction(rig);

	rig_hold(rig, 17);
	KUNIT_EXPECT_EQ(test, rig_reserve(released, 17), 0);
	KUNIT_EXPECT_EQ(test, rig_reserve(freed, 17), 0);
	KUNIT_EXPECT_EQ(test, rig_reserve(deleted, 17), 0);
	KUNIT_EXPECT_EQ(test, rig_reserve(last, 1), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(released->transaction), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_free_reservation(freed->transaction), 0);
	rig_delete(deleted);
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 1);
	rig_unhold(rig);
	KUNIT_EXPECT_EQ(test, released->reserved + freed->reserved + deleted->reserved, 0);
	KUNIT_EXPECT_EQ(test, last->reserved, 1);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 16);
	/* Nothing of it is left: the next one is a first one. */
	KUNIT_EXPECT_EQ(test, rig_reserve(released, 4), 0);
	KUNIT_EXPECT_EQ(test, rig_reserve(freed, 4), 0);
	KUNIT_EXPECT_EQ(test, released->reserved + freed->reserved, 2);
}

/* A waiter that is withdrawn lets those behind it through at once. */
static void reservation_withdrawn_lets_others_through(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t[4];
	unsigned int i;

	rig_hold(rig, 10);
	for (i = 0; i < 4; i++) {
		t[i] = rig_transaction(rig);
		KUNIT_EXPECT_EQ(test, rig_reserve(t[i], i == 0 ? 17 : 2), 0);
		KUNIT_EXPECT_EQ(test, t[i]->reserved, 0);
	}
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t[0]->transaction), 0);
	for (i = 1; i < 4; i++)
		KUNIT_EXPECT_EQ(test, t[i]->reserved, 1);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 1);
}

static void reservation_r39_initialize_before_grant(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 4096);

	rig_hold(rig, 17);
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_initialize(t->transaction, rig_program,
							       DMABAY_READ_FROM_DEVICE,
							       buffer->memory, 4096));
	rig_unhold(rig);
	KUNIT_EXPECT_EQ(test, t->reserved, 1);
	KUNIT_EXPECT_EQ(test, t->programmed, 0);
	rig_begin(t, buffer, 4096);
	rig_finish(t);
}

/* R40: nor can it be executed, or reserved once more. */
static void reservation_r40_execute_before_grant(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	rig_hold(rig, 17);
	rig_initialize(t, rig_contiguous(rig, 0, 4096), 4096);
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
	RIG_EXPECT_ILLEGAL(test, rig_execute(t));
	RIG_EXPECT_ILLEGAL(test, rig_reserve(t, 4));
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 1);
	rig_unhold(rig);
	KUNIT_EXPECT_EQ(test, t->reserved, 1);
	KUNIT_EXPECT_EQ(test, t->programmed, 0);
}

static void reservation_r41_no_callback(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	RIG_EXPECT_QUIET(test, dmabay_transaction_reserve(t->transaction, DMABAY_READ_FROM_DEVICE,
							  4, NULL, t), -EINVAL);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17);
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
}

static void reservation_r43_completed(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_completed(t->transaction));
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_completed_length(t->transaction, 0));
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_completed_final(t->transaction, 0));
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 13);
}

static void reservation_r44_immediate(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
	rig_hold(rig, 13);
	rig_initialize(t, rig_contiguous(rig, 0, 32768), 32768);
	dmabay_transaction_set_immediate(t->transaction, true);
	rig_run(t);
	KUNIT_EXPECT_EQ(test, t->programmed, 2);
}

static void reservation_r46_one_after_the_other(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *a = rig_transaction(rig), *b = rig_transaction(rig);

	KUNIT_EXPECT_EQ(test, rig_reserve(a, 17), 0);
	KUNIT_EXPECT_EQ(test, rig_reserve(b, 17), 0);
	KUNIT_EXPECT_EQ(test, a->reserved, 1);
	KUNIT_EXPECT_EQ(test, b->reserved, 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_free_reservation(a->transaction), 0);
	KUNIT_EXPECT_EQ(test, b->reserved, 1);
}

/* R47: in the order of asking; a small one does not overtake, nor does execute. */
static void reservation_r47_nobody_overtakes(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *large = rig_transaction(rig), *small = rig_transaction(rig);
	struct rig_transaction *run = rig_transaction(rig), *immediate = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 4096);

	rig_hold(rig, 10);
	KUNIT_EXPECT_EQ(test, rig_reserve(large, 8), 0);
	KUNIT_EXPECT_EQ(test, rig_reserve(small, 1), 0);
	rig_initialize(run, buffer, 4096);
	KUNIT_EXPECT_EQ(test, rig_execute(run), 0);
	/* "Now" means without overtaking, too. */
	rig_initialize(immediate, buffer, 4096);
	dmabay_transaction_set_immediate(immediate->transaction, true);
	KUNIT_EXPECT_EQ(test, rig_execute(immediate), -ENOMEM);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 7);
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 3);
	KUNIT_EXPECT_EQ(test, rig->events, 0);

	rig_unhold(rig);
	KUNIT_ASSERT_EQ(test, rig->events, 3);
	KUNIT_EXPECT_PTR_EQ(test, rig->log[0].transaction, large);
	KUNIT_EXPECT_PTR_EQ(test, rig->log[1].transaction, small);
	KUNIT_EXPECT_PTR_EQ(test, rig->log[2].transaction, run);
	rig_finish(run);
}

static void reservation_r48_count_of_transfer_info(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	unsigned int registers = 0;

	rig_initialize(t, rig_chain(rig, 3, 3000, 5000), 15000);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_transfer_info(t->transaction, &registers, NULL),
			0);
	KUNIT_EXPECT_EQ(test, rig_reserve(t, registers), 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17 - 6);
}

/* R49: from a context that may sleep; every case here is one, this one waits as well. */
static void reservation_r49_sleepable_context(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	might_sleep();
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
	KUNIT_EXPECT_EQ(test, t->reserved, 1);
}

/* Direction of the reservation and of the transfers may differ: one adapter. */
/* T28: the channel of a reservation does transfers without the transaction's states. */
static void reservation_t28_transfers_of_its_own(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 8192);
	struct dmabay_sg_element element;
	struct dmabay_sg_list list = { .elements = &element, .capacity = 1 };
	struct dmabay_channel *channel;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, rig_reserve(t, 4), 0);
	channel = dmabay_transaction_channel(t->transaction);
	KUNIT_ASSERT_NOT_NULL(test, channel);
	for (i = 0; i < 3; i++) {
		size_t length = 8192;

		rig_fill(buffer, i);
		KUNIT_ASSERT_EQ(test, dmabay_adapter_map_transfer(rig->adapter, channel,
								  buffer->memory, 0, &length,
								  DMABAY_WRITE_TO_DEVICE, &list),
				0);
		KUNIT_EXPECT_EQ(test, length, 8192);
		KUNIT_EXPECT_EQ(test, rig_device_matching(rig, element.address, 0, 8192, i), 8192);
		KUNIT_EXPECT_EQ(test, dmabay_adapter_flush(rig->adapter, channel, 8192), 0);
	}
	/* The transaction has seen nothing of it, has all its registers, and is as good as new. */
	KUNIT_EXPECT_EQ(test, t->programmed, 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 13);
	rig_begin(t, buffer, 8192);
	KUNIT_EXPECT_EQ(test, rig_complete(t), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_free_reservation(t->transaction), 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17);
}

static void reservation_serves_both_directions(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 4096);

	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
	rig_initialize_direction(t, DMABAY_WRITE_TO_DEVICE, buffer->memory, 0, 4096);
	rig_run(t);
	rig_initialize_direction(t, DMABAY_READ_FROM_DEVICE, buffer->memory, 0, 4096);
	rig_run(t);
	KUNIT_EXPECT_EQ(test, t->programmed, 2);
}

/* An initialization that fails leaves the reservation alone. */
static void reservation_survives_bad_initialize(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 4096);

	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_initialize(t->transaction, rig_program,
							    DMABAY_READ_FROM_DEVICE,
							    buffer->memory, 4097), -EINVAL);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 13);
	rig_begin(t, buffer, 4096);
	rig_finish(t);
}

static struct kunit_case reservation_cases[] = {
	RIG_CASE(reservation_r01_at_once),
	RIG_CASE(reservation_r02_later),
	RIG_CASE(reservation_r06_direction_2),
	RIG_CASE(reservation_r07_more_than_there_are),
	RIG_CASE(reservation_r08_all_there_are),
	RIG_CASE(reservation_r09_derived_without_memory),
	RIG_CASE(reservation_r10_derived),
	RIG_CASE(reservation_r11_derived_of_chain),
	RIG_CASE(reservation_r12_derived_is_not_clipped),
	RIG_CASE(reservation_r14_drops_the_initialization),
	RIG_CASE(reservation_r15_execute_in_callback),
	RIG_CASE(reservation_execute_in_late_callback),
	RIG_CASE(reservation_r16_execute_later),
	RIG_CASE(reservation_r17_kept_at_completion),
	RIG_CASE(reservation_r18_again_and_again),
	RIG_CASE(reservation_r19_initialize_without_release),
	RIG_CASE(reservation_r20_reserve_twice),
	RIG_CASE(reservation_r21_free),
	RIG_CASE(reservation_r22_free_under_way),
	RIG_CASE(reservation_r23_free_of_fresh),
	RIG_CASE(reservation_r24_free_without_reservation),
	RIG_CASE(reservation_r25_free_in_callback),
	RIG_CASE(reservation_again_in_callback),
	RIG_CASE(reservation_r26_free_after_completion),
	RIG_CASE(reservation_r27_delete),
	RIG_CASE(reservation_r28_trims_ex3),
	RIG_CASE(reservation_r29_trims_ex4),
	RIG_CASE(reservation_trims_at_group_start),
	RIG_CASE(reservation_r30_large_enough),
	RIG_CASE(reservation_r32_others_run),
	RIG_CASE(reservation_r34_failed),
	RIG_CASE(reservation_r35_again_without_release),
	RIG_CASE(reservation_r36_again_with_release),
	RIG_CASE(reservation_r37_cancelled),
	RIG_CASE(reservation_r38_withdrawn),
	RIG_CASE(reservation_withdrawn_lets_others_through),
	RIG_CASE(reservation_r39_initialize_before_grant),
	RIG_CASE(reservation_r40_execute_before_grant),
	RIG_CASE(reservation_r41_no_callback),
	RIG_CASE(reservation_r43_completed),
	RIG_CASE(reservation_r44_immediate),
	RIG_CASE(reservation_r46_one_after_the_other),
	RIG_CASE(reservation_r47_nobody_overtakes),
	RIG_CASE(reservation_r48_count_of_transfer_info),
	RIG_CASE(reservation_r49_sleepable_context),
	RIG_CASE(reservation_t28_transfers_of_its_own),
	RIG_CASE(reservation_serves_both_directions),
	RIG_CASE(reservation_survives_bad_initialize),
	{}
};

struct kunit_suite dmabay_reservation_suite = {
	.name = "dmabay_reservation",
	.exit = rig_end,
	.test_cases = reservation_cases,
};
kunit_test_suite(dmabay_reservation_suite);
