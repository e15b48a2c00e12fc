// SPDX-License-Identifier: GPL-2.0-only
/* Cancel: leaving the line (5.7). That it has one truth under races: races_cancel.c. */
#include "rig.h"

static void cancel_k01_cancel_queued(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	rig_hold(rig, 17);
	rig_initialize(t, rig_contiguous(rig, 0, 4096), 4096);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_TRUE(test, dmabay_transaction_cancel(t->transaction));
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 0);
	rig_unhold(rig);
	KUNIT_EXPECT_EQ(test, t->programmed, 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17);
}

static void cancel_k02_cancelled_is_over(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	rig_hold(rig, 17);
	rig_initialize(t, rig_contiguous(rig, 0, 4096), 4096);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_TRUE(test, dmabay_transaction_cancel(t->transaction));
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_completed_final(t->transaction, 0));
	KUNIT_EXPECT_FALSE(test, dmabay_transaction_cancel(t->transaction));
}

static void cancel_k03_used_again(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 4096);

	rig_hold(rig, 17);
	rig_initialize(t, buffer, 4096);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_TRUE(test, dmabay_transaction_cancel(t->transaction));
	rig_unhold(rig);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	rig_initialize(t, buffer, 4096);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 4096);
}

static void cancel_k04_cancel_programmed(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	rig_begin(t, rig_contiguous(rig, 0, 4096), 4096);
	KUNIT_EXPECT_FALSE(test, dmabay_transaction_cancel(t->transaction));
	KUNIT_EXPECT_EQ(test, dmabay_transaction_current_length(t->transaction), 4096);
	rig_finish(t);
}

/* K05, decision 6.3-8: nothing is cancelled in advance. */
static void cancel_k05_cancel_initialized(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	rig_initialize(t, rig_contiguous(rig, 0, 4096), 4096);
	KUNIT_EXPECT_FALSE(test, dmabay_transaction_cancel(t->transaction));
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 4096);
}

static void cancel_k06_cancel_illegal(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	bool cancelled = true;

	RIG_EXPECT_WARNING(test, cancelled = dmabay_transaction_cancel(t->transaction));
	KUNIT_EXPECT_FALSE(test, cancelled);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	cancelled = true;
	RIG_EXPECT_WARNING(test, cancelled = dmabay_transaction_cancel(t->transaction));
	KUNIT_EXPECT_FALSE(test, cancelled);
}

static void cancel_k07_cancel_over(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 4096);

	rig_begin(t, buffer, 4096);
	KUNIT_EXPECT_EQ(test, rig_complete(t), 0);
	KUNIT_EXPECT_FALSE(test, dmabay_transaction_cancel(t->transaction));
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 4096);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	rig_begin(t, buffer, 4096);
	RIG_EXPECT_QUIET(test, dmabay_transaction_completed_length(t->transaction, 4097), -EINVAL);
	KUNIT_EXPECT_FALSE(test, dmabay_transaction_cancel(t->transaction));
}

static void cancel_k10_cancel_between_transfers(struct kunit *test)
{
	struct rig *rig = rig_start(test, 4096, 2);
	struct rig_transaction *t = rig_transaction(rig);

	rig_begin(t, rig_contiguous(rig, 0, 8192), 8192);
	KUNIT_EXPECT_EQ(test, rig_complete(t), -EINPROGRESS);
	KUNIT_EXPECT_FALSE(test, dmabay_transaction_cancel(t->transaction));
	KUNIT_EXPECT_EQ(test, rig_complete(t), 0);
}

static void cancel_k11_cancel_pending(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	rig_hold(rig, 17);
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
	KUNIT_EXPECT_TRUE(test, dmabay_transaction_cancel(t->transaction));
	rig_unhold(rig);
	KUNIT_EXPECT_EQ(test, t->reserved, 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);

	/* A granted one is not cancelled. */
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
	KUNIT_EXPECT_FALSE(test, dmabay_transaction_cancel(t->transaction));
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 13);
}

static void cancel_cancel_in_callback(struct rig_transaction *t)
{
	KUNIT_EXPECT_FALSE(t->rig->test, dmabay_transaction_cancel(t->transaction));
}

/* K13: from inside the callback it is too late. */
static void cancel_k13_cancel_in_callback(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	t->on_reserved = cancel_cancel_in_callback;
	t->on_program = cancel_cancel_in_callback;
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 13);
	rig_begin(t, rig_contiguous(rig, 0, 4096), 4096);
	rig_finish(t);
}

static struct kunit_case cancel_cases[] = {
	RIG_CASE_PROFILES(cancel_k01_cancel_queued),
	RIG_CASE_PROFILES(cancel_k02_cancelled_is_over),
	RIG_CASE_PROFILES(cancel_k03_used_again),
	RIG_CASE_PROFILES(cancel_k04_cancel_programmed),
	RIG_CASE_PROFILES(cancel_k05_cancel_initialized),
	RIG_CASE_PROFILES(cancel_k06_cancel_illegal),
	RIG_CASE_PROFILES(cancel_k07_cancel_over),
	RIG_CASE(cancel_k10_cancel_between_transfers),
	RIG_CASE(cancel_k11_cancel_pending),
	RIG_CASE(cancel_k13_cancel_in_callback),
	{}
};

struct kunit_suite dmabay_cancel_suite = {
	.name = "dmabay_cancel",
	.exit = rig_end,
	.test_cases = cancel_cases,
};
kunit_test_suite(dmabay_cancel_suite);
