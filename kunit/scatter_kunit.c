// SPDX-License-Identifier: GPL-2.0-only
/*
 * Scatter-gather: the profiles, which cannot reserve, what callbacks may do, what is
 * allocated; and the list of all tests. See scatter.h.
 */
#include <linux/spinlock.h>

#include "scatter.h"

static const enum dmabay_profile scatter_list_profiles[] = {
	DMABAY_PROFILE_SCATTER_GATHER,
	DMABAY_PROFILE_SCATTER_GATHER64,
	DMABAY_PROFILE_SCATTER_GATHER_DUPLEX,
	DMABAY_PROFILE_SCATTER_GATHER64_DUPLEX,
};

static void scatter_every_profile(struct kunit *test)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(scatter_list_profiles); i++) {
		struct rig *rig = rig_start_profile(test, scatter_list_profiles[i], SCATTER_MAX, 4);

		SCATTER_RUN_BOTH(rig_transaction(rig), scatter_chain(rig), 0, 15000, 10000, 5000);
		rig_exit(test);
	}
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

/* D04: nothing is nested, and the stack is as deep with many transfers as with two. */
static void scatter_d04_again_in_callback(struct kunit *test)
{
	const unsigned int rounds[] = { 1, rig_some(1000) };
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
