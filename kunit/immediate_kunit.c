// SPDX-License-Identifier: GPL-2.0-only
/* Immediate execution: registers now or not at all (5.6). */
#include "rig.h"

static void immediate_m01_now(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	rig_initialize(t, rig_contiguous(rig, 0, 4096), 4096);
	dmabay_transaction_set_immediate(t->transaction, true);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_ASSERT_EQ(test, rig->events, 1);
	KUNIT_EXPECT_PTR_EQ(test, rig->log[0].task, current);
	rig_finish(t);
}

static void immediate_m02_not_now(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	rig_hold(rig, 17);
	rig_initialize(t, rig_contiguous(rig, 0, 4096), 4096);
	dmabay_transaction_set_immediate(t->transaction, true);
	KUNIT_EXPECT_EQ(test, rig_execute(t), -ENOMEM);
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 0);
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_completed(t->transaction));
	rig_unhold(rig);
	KUNIT_EXPECT_EQ(test, t->programmed, 0);
}

/* M03: it has to be released, and then is as good as new. */
static void immediate_m03_release_after_failure(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 4096);

	rig_hold(rig, 17);
	rig_initialize(t, buffer, 4096);
	dmabay_transaction_set_immediate(t->transaction, true);
	KUNIT_EXPECT_EQ(test, rig_execute(t), -ENOMEM);
	RIG_EXPECT_ILLEGAL(test, rig_execute(t));
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	rig_unhold(rig);
	rig_initialize(t, buffer, 4096);
	rig_run(t);
	KUNIT_EXPECT_EQ(test, t->programmed, 1);
}

static void immediate_m04_reserve_not_now(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	rig_hold(rig, 16);
	dmabay_transaction_set_immediate(t->transaction, true);
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 2), -ENOMEM);
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 0);
	rig_unhold(rig);
	KUNIT_EXPECT_EQ(test, t->reserved, 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17);
}

static void immediate_m05_survives_initialize(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	rig_hold(rig, 17);
	dmabay_transaction_set_immediate(t->transaction, true);
	rig_initialize(t, rig_contiguous(rig, 0, 4096), 4096);
	KUNIT_EXPECT_EQ(test, rig_execute(t), -ENOMEM);
	KUNIT_EXPECT_EQ(test, t->programmed, 0);
}

/* M06: release ends it. */
static void immediate_m06_until_release(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	rig_hold(rig, 17);
	dmabay_transaction_set_immediate(t->transaction, true);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	rig_initialize(t, rig_contiguous(rig, 0, 4096), 4096);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 1);
	rig_unhold(rig);
	rig_finish(t);
}

/* M07: and nothing but release: an initialization that fails does not. */
static void immediate_m07_persists(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 4096);

	rig_hold(rig, 17);
	dmabay_transaction_set_immediate(t->transaction, true);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_initialize(t->transaction, rig_program,
							    DMABAY_READ_FROM_DEVICE,
							    buffer->memory, 4097), -EINVAL);
	rig_initialize(t, buffer, 4096);
	KUNIT_EXPECT_EQ(test, rig_execute(t), -ENOMEM);
}

static void immediate_m08_on_and_off(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	rig_hold(rig, 17);
	rig_initialize(t, rig_contiguous(rig, 0, 4096), 4096);
	dmabay_transaction_set_immediate(t->transaction, true);
	dmabay_transaction_set_immediate(t->transaction, false);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	rig_unhold(rig);
	KUNIT_EXPECT_EQ(test, t->programmed, 1);
	rig_finish(t);
}

/* Elsewhere it warns, and is applied; no state is left that could show that. */
static void immediate_in_other_states(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 4096);

	rig_begin(t, buffer, 4096);
	RIG_EXPECT_WARNING(test, dmabay_transaction_set_immediate(t->transaction, true));
	KUNIT_EXPECT_EQ(test, rig_complete(t), 0);
	RIG_EXPECT_WARNING(test, dmabay_transaction_set_immediate(t->transaction, true));
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);

	/* What was set while reserved ends with the reservation, as with release. */
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
	RIG_EXPECT_WARNING(test, dmabay_transaction_set_immediate(t->transaction, true));
	KUNIT_EXPECT_EQ(test, dmabay_transaction_free_reservation(t->transaction), 0);
	rig_hold(rig, 17);
	rig_initialize(t, buffer, 4096);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 1);
	rig_unhold(rig);
	rig_finish(t);
}

static void immediate_m11_second_transfer(struct kunit *test)
{
	struct rig *rig = rig_start(test, 16384, 5);
	struct rig_transaction *t = rig_transaction(rig), *waiter = rig_transaction(rig);

	rig_initialize(t, rig_contiguous(rig, 0, 40000), 40000);
	dmabay_transaction_set_immediate(t->transaction, true);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_EQ(test, rig_reserve(waiter, 5), 0);
	rig_finish(t);
	RIG_EXPECT_LENGTHS(rig, 16384, 16384, 7232);
	KUNIT_EXPECT_EQ(test, waiter->reserved, 1);
}

static struct kunit_case immediate_cases[] = {
	RIG_CASE_PROFILES(immediate_m01_now),
	RIG_CASE_PROFILES(immediate_m02_not_now),
	RIG_CASE_PROFILES(immediate_m03_release_after_failure),
	RIG_CASE(immediate_m04_reserve_not_now),
	RIG_CASE_PROFILES(immediate_m05_survives_initialize),
	RIG_CASE_PROFILES(immediate_m06_until_release),
	RIG_CASE_PROFILES(immediate_m07_persists),
	RIG_CASE_PROFILES(immediate_m08_on_and_off),
	RIG_CASE(immediate_in_other_states),
	RIG_CASE(immediate_m11_second_transfer),
	{}
};

struct kunit_suite dmabay_immediate_suite = {
	.name = "dmabay_immediate",
	.exit = rig_end,
	.test_cases = immediate_cases,
};
kunit_test_suite(dmabay_immediate_suite);
