// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stopping a controller: one end of each transfer is told, whatever came first (3.11, 5.8).
 * That it is one end also when two CPUs decide at the same time: system_races_kunit.c.
 */
#include "system.h"

/* What a test of one transfer, or of two, begins with: it is under way. */
static struct rig_transaction *stop_begin(struct system *system, size_t length)
{
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, length);
	struct rig_transaction *t = system_transaction(system, buffer, length);

	t->data = system;
	KUNIT_EXPECT_EQ(system->test, rig_execute(t), 0);
	return t;
}

static void stop_let_go(struct system *system, struct dmabay_transaction *transaction)
{
	KUNIT_EXPECT_STREQ(system->test, system->channel->story + strlen(system->channel->story) -
			   strlen("terminate synchronize "), "terminate synchronize ");
}

/* Y09: told when the controller has let go; what to do then is the driver's to say. */
static void system_y09_stop(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_transaction *t = stop_begin(system, 4096);

	system->on_complete = stop_let_go;
	dmabay_transaction_stop(t->transaction);
	system_wait(system);
	KUNIT_EXPECT_STREQ(test, system->story, "config program cancelled ");
	SYSTEM_EXPECT_STATE(system, t, "transfer");
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_final(t->transaction, 0), 0);
	SYSTEM_EXPECT_STATE(system, t, "completed");
}

/* Y09: of a controller whose driver has no word for that. */
static void system_y09_no_synchronize(struct kunit *test)
{
	struct fake_engine_config engine = system_engine(test);
	struct rig_transaction *t;
	struct system *system;

	engine.no_synchronize = true;
	system = system_prepare(test, &engine);
	system_enable(system, 65536, 17);
	t = stop_begin(system, 4096);
	system->on_complete = system_final;
	dmabay_transaction_stop(t->transaction);
	system_wait(system);
	KUNIT_EXPECT_STREQ(test, system->story, "config program cancelled ");
	KUNIT_EXPECT_STREQ(test, strstr(system->channel->story, "issue"), "issue terminate ");
	SYSTEM_EXPECT_STATE(system, t, "completed");
}

/* Y10: ended inside the callback, with nothing transferred. */
static void system_y10_final_in_callback(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_transaction *t = stop_begin(system, 4096);

	system->on_complete = system_final;
	dmabay_transaction_stop(t->transaction);
	system_wait(system);
	KUNIT_EXPECT_EQ(test, system->result, 0);
	SYSTEM_EXPECT_STATE(system, t, "completed");
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(system->rig), 17);
}

/* Y11: to complete while bytes are left is to fail. */
static void system_y11_bytes_are_left(struct kunit *test)
{
	struct system *system = system_start(test, 4096, 2);
	struct rig_transaction *t = stop_begin(system, 8192);

	system->on_complete = system_completed;
	dmabay_transaction_stop(t->transaction);
	system_wait(system);
	KUNIT_EXPECT_EQ(test, system->result, -ECANCELED);
	KUNIT_EXPECT_STREQ(test, system->story, "config program cancelled ");
	SYSTEM_EXPECT_STATE(system, t, "failed");
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 4096);
	KUNIT_EXPECT_EQ(test, rig_free_registers(system->rig), 2);
}

/* Y12: of the last transfer none are: if the driver says that all was done, it was. */
static void system_y12_last_transfer(struct kunit *test)
{
	struct system *system = system_start(test, 4096, 2);
	struct rig_transaction *t = stop_begin(system, 8192);

	system->on_complete = system_completed;
	system_transfer(system);
	KUNIT_EXPECT_EQ(test, system->result, -EINPROGRESS);
	dmabay_transaction_stop(t->transaction);
	system_wait(system);
	KUNIT_EXPECT_EQ(test, system->result, 0);
	KUNIT_EXPECT_STREQ(test, system->story,
			   "config program complete config program cancelled ");
	SYSTEM_EXPECT_STATE(system, t, "completed");
}

/* Y13: stopped while it waits: told at the grant, and the driver is not asked before. */
static void system_y13_waiting(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_transaction *t;

	rig_hold(system->rig, 17);
	t = stop_begin(system, 4096);
	dmabay_transaction_stop(t->transaction);
	KUNIT_EXPECT_STREQ(test, system->story, "");
	rig_unhold(system->rig);
	KUNIT_EXPECT_STREQ(test, system->story, "cancelled ");
	KUNIT_EXPECT_STREQ(test, system->channel->story, "");
	SYSTEM_EXPECT_STATE(system, t, "transfer");
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_final(t->transaction, 0), 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(system->rig), 17);
}

/* Y13: the same if it does not even wait. */
static void system_y13_before_execute(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);
	struct rig_transaction *t = system_transaction(system, buffer, 4096);

	system->on_complete = system_final;
	dmabay_transaction_stop(t->transaction);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_STREQ(test, system->story, "cancelled ");
	KUNIT_EXPECT_STREQ(test, system->channel->story, "");
	KUNIT_EXPECT_EQ(test, system->result, 0);
	SYSTEM_EXPECT_STATE(system, t, "completed");
}

/* Y13: with a reservation there is somebody to return it to. */
static void system_y13_reserved(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);
	struct rig_transaction *t = system_transaction(system, NULL, 0);

	system->on_complete = system_completed;
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 17), 0);
	system_initialize(system, t, buffer, 4096);
	dmabay_transaction_stop(t->transaction);
	KUNIT_EXPECT_EQ(test, rig_execute(t), -ECANCELED);
	KUNIT_EXPECT_STREQ(test, system->story, "");
	SYSTEM_EXPECT_STATE(system, t, "failed");
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	system_initialize(system, t, buffer, 4096);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	system_transfer(system);
	KUNIT_EXPECT_STREQ(test, system->story, "config program complete ");
}

/* Y13: what is stopped while its reservation waits is not stopped for what comes after. */
static void system_y13_reservation_waits(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);
	struct rig_transaction *t = system_transaction(system, NULL, 0);

	rig_hold(system->rig, 17);
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 17), 0);
	dmabay_transaction_stop(t->transaction);
	rig_unhold(system->rig);
	KUNIT_EXPECT_EQ(test, t->reserved, 1);
	system_initialize(system, t, buffer, 4096);
	system->on_complete = system_completed;
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	system_transfer(system);
	KUNIT_EXPECT_STREQ(test, system->story, "config program complete ");
}

/* Y14: nobody to tell. */
static void system_y14_no_callback(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);
	struct rig_transaction *t = system_transaction(system, buffer, 4096);

	dmabay_transaction_set_transfer_complete(t->transaction, NULL, NULL);
	dmabay_transaction_stop(t->transaction);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_STREQ(test, system->story, "");
	SYSTEM_EXPECT_STATE(system, t, "transfer");
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_final(t->transaction, 0), 0);
	SYSTEM_EXPECT_STATE(system, t, "completed");
}

/* Y14: the same under way: the driver finds out, and the rest is not started. */
static void system_y14_no_callback_under_way(struct kunit *test)
{
	struct system *system = system_start(test, 4096, 2);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 8192);
	struct rig_transaction *t = system_transaction(system, buffer, 8192);
	int ret;

	dmabay_transaction_set_transfer_complete(t->transaction, NULL, NULL);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	dmabay_transaction_stop(t->transaction);
	while ((ret = dmabay_transaction_completed(t->transaction)) == -EBUSY &&
	       !rig_time_is_up(system->rig))
		cond_resched();
	KUNIT_EXPECT_EQ(test, ret, -ECANCELED);
	SYSTEM_EXPECT_STATE(system, t, "failed");
	KUNIT_EXPECT_STREQ(test, system->story, "config program ");
}

/* Y15: until it is initialized anew. */
static void system_y15_works_again(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);
	struct rig_transaction *t = stop_begin(system, 4096);

	system->on_complete = system_final;
	dmabay_transaction_stop(t->transaction);
	system_wait(system);
	/* Also what comes too late. */
	dmabay_transaction_stop(t->transaction);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	dmabay_transaction_stop(t->transaction);
	system->story[0] = '\0';
	system->on_complete = system_completed;
	system_initialize(system, t, buffer, 4096);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	system_transfer(system);
	KUNIT_EXPECT_STREQ(test, system->story, "config program complete ");
	KUNIT_EXPECT_EQ(test, system->result, 0);
}

/* Y16: once is enough. */
static void system_y16_twice(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_transaction *t = stop_begin(system, 4096);

	dmabay_transaction_stop(t->transaction);
	dmabay_transaction_stop(t->transaction);
	system_wait(system);
	dmabay_transaction_stop(t->transaction);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_final(t->transaction, 0), 0);
	rig_stop(system->rig);
	KUNIT_EXPECT_STREQ(test, system->story, "config program cancelled ");
	KUNIT_EXPECT_STREQ(test, strstr(system->channel->story, "terminate"),
			   "terminate synchronize terminate synchronize ");
}

static void stop_complete_then_stop(struct system *system, struct dmabay_transaction *transaction)
{
	if (system->completed > 1)
		return;
	KUNIT_EXPECT_EQ(system->test, dmabay_transaction_completed(transaction), -EINPROGRESS);
	dmabay_transaction_stop(transaction);
}

/* D09: stopped between two transfers, when the first completion was told already. */
static void system_d09_stopped_in_between(struct kunit *test)
{
	struct system *system = system_start(test, 4096, 2);
	struct rig_transaction *t;

	system->channel->script.when = FAKE_INSIDE_ISSUE;
	system->on_complete = stop_complete_then_stop;
	t = stop_begin(system, 8192);
	KUNIT_EXPECT_STREQ(test, system->story, "config program complete cancelled ");
	SYSTEM_EXPECT_STATE(system, t, "transfer");
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_final(t->transaction, 0), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 4096);
}

/* D09: and with a reservation, whose execute is there to return it. */
static void system_d09_stopped_in_between_reserved(struct kunit *test)
{
	struct system *system = system_start(test, 4096, 2);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 8192);
	struct rig_transaction *t = system_transaction(system, NULL, 0);

	KUNIT_EXPECT_EQ(test, rig_reserve(t, 2), 0);
	system_initialize(system, t, buffer, 8192);
	system->channel->script.when = FAKE_INSIDE_ISSUE;
	system->on_complete = stop_complete_then_stop;
	KUNIT_EXPECT_EQ(test, rig_execute(t), -ECANCELED);
	KUNIT_EXPECT_STREQ(test, system->story, "config program complete ");
	SYSTEM_EXPECT_STATE(system, t, "failed");
}

static void stop_now(struct system *system, struct dmabay_transaction *transaction)
{
	dmabay_transaction_stop(transaction);
}

/* While the device is being set up: nothing is started. */
static void system_stop_in_config(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_transaction *t;

	system->on_config = stop_now;
	t = stop_begin(system, 4096);
	KUNIT_EXPECT_STREQ(test, system->story, "config cancelled ");
	KUNIT_EXPECT_STREQ(test, system->channel->story, "");
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_final(t->transaction, 0), 0);
}

static void system_stop_in_program(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_transaction *t;

	system->on_program = stop_now;
	system->on_complete = system_final;
	t = stop_begin(system, 4096);
	system_wait(system);
	KUNIT_EXPECT_STREQ(test, system->story, "config program cancelled ");
	SYSTEM_EXPECT_STATE(system, t, "completed");
}

static void stop_then_complete(struct system *system, struct dmabay_transaction *transaction)
{
	dmabay_transaction_stop(transaction);
	system_completed(system, transaction);
}

/* When one is over: the next one is not started. */
static void system_stop_in_complete(struct kunit *test)
{
	struct system *system = system_start(test, 4096, 2);
	struct rig_transaction *t = stop_begin(system, 8192);

	system->on_complete = stop_then_complete;
	system_transfer(system);
	KUNIT_EXPECT_STREQ(test, system->story, "config program complete ");
	KUNIT_EXPECT_EQ(test, system->result, -ECANCELED);
	SYSTEM_EXPECT_STATE(system, t, "failed");
}

/* The controller was done, and its callback was on the way: that is what is told. */
static void system_stop_when_it_is_over(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_transaction *t = stop_begin(system, 4096);

	system->channel->script.hold_callbacks = true;
	system->on_complete = system_completed;
	KUNIT_EXPECT_TRUE(test, fake_channel_complete(system->channel, DMA_TRANS_NOERROR, 0));
	dmabay_transaction_stop(t->transaction);
	KUNIT_EXPECT_STREQ(test, system->story, "config program ");
	KUNIT_EXPECT_TRUE(test, fake_channel_call_back(system->channel));
	KUNIT_EXPECT_STREQ(test, system->story, "config program complete ");
	KUNIT_EXPECT_EQ(test, system->result, 0);
}

/* A callback that comes when it was stopped says nothing any more. */
static void system_stop_late_callback(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);
	struct rig_transaction *t = system_transaction(system, NULL, 0);
	unsigned int run_held;

	system->channel->script.hold_callbacks = true;
	system->on_complete = system_final;
	for (run_held = 0; run_held < 2; run_held++) {
		system->channel->script.run_held = run_held;
		system->story[0] = '\0';
		system_initialize(system, t, buffer, 4096);
		KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
		KUNIT_EXPECT_TRUE(test, fake_channel_complete(system->channel,
							      DMA_TRANS_READ_FAILED, 0));
		dmabay_transaction_stop(t->transaction);
		system_wait(system);
		KUNIT_EXPECT_STREQ(test, system->story, "config program cancelled ");
		KUNIT_EXPECT_FALSE(test, fake_channel_call_back(system->channel));
		KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	}
}

/* It has failed already, and that is told, now or before: that it was stopped is not. */
static void system_stop_after_an_error(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_transaction *t = stop_begin(system, 4096);

	KUNIT_EXPECT_TRUE(test, fake_channel_complete(system->channel, DMA_TRANS_READ_FAILED, 0));
	dmabay_transaction_stop(t->transaction);
	system_wait(system);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_final(t->transaction, 0), 0);
	rig_stop(system->rig);
	KUNIT_EXPECT_STREQ(test, system->story, "config program error ");
}

/* Nobody is told, and it fails: it is not over before it was stopped. */
static void system_stop_what_failed_unseen(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);
	struct rig_transaction *t = system_transaction(system, buffer, 4096);
	int ret;

	dmabay_transaction_set_transfer_complete(t->transaction, NULL, NULL);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_TRUE(test, fake_channel_complete(system->channel, DMA_TRANS_READ_FAILED, 0));
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed(t->transaction), -EBUSY);
	dmabay_transaction_stop(t->transaction);
	while ((ret = dmabay_transaction_completed_final(t->transaction, 0)) == -EBUSY &&
	       !rig_time_is_up(system->rig))
		cond_resched();
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_STREQ(test, system->story, "config program ");
}

/* Who waits in line has no controller to stop. */
static void system_stop_not_of_another(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_transaction *first = stop_begin(system, 4096);
	struct rig_transaction *second = stop_begin(system, 4096);

	system->on_complete = system_completed;
	dmabay_transaction_stop(second->transaction);
	system_transfer(system);
	SYSTEM_EXPECT_STATE(system, first, "completed");
	KUNIT_EXPECT_STREQ(test, system->story, "config program complete cancelled ");
	/* It was completed in the callback, with all of its bytes left. */
	SYSTEM_EXPECT_STATE(system, second, "failed");
}

static void stop_and_reserve_other(struct system *system, struct dmabay_transaction *transaction)
{
	dmabay_transaction_stop(transaction);
	KUNIT_EXPECT_EQ(system->test, rig_reserve(system->data, 17), 0);
}

/* Nor can they undo it: a reservation that is not there yet has no controller, either. */
static void system_stop_not_undone_by_another(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_transaction *other = system_transaction(system, NULL, 0);
	struct rig_transaction *t;

	system->data = other;
	system->on_config = stop_and_reserve_other;
	t = stop_begin(system, 4096);
	KUNIT_EXPECT_STREQ(test, system->story, "config cancelled ");
	KUNIT_EXPECT_STREQ(test, system->channel->story, "");
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_final(t->transaction, 0), 0);
	KUNIT_EXPECT_EQ(test, other->reserved, 1);
}

static struct kunit_case system_stop_cases[] = {
	SYSTEM_CASE_FAKE(system_y09_stop),
	SYSTEM_CASE_FAKE(system_y09_no_synchronize),
	SYSTEM_CASE_FAKE(system_y10_final_in_callback),
	SYSTEM_CASE_FAKE(system_y11_bytes_are_left),
	SYSTEM_CASE_FAKE(system_y12_last_transfer),
	SYSTEM_CASE_FAKE(system_y13_waiting),
	SYSTEM_CASE_FAKE(system_y13_before_execute),
	SYSTEM_CASE_FAKE(system_y13_reserved),
	SYSTEM_CASE_FAKE(system_y13_reservation_waits),
	SYSTEM_CASE_FAKE(system_y14_no_callback),
	SYSTEM_CASE_FAKE(system_y14_no_callback_under_way),
	SYSTEM_CASE_FAKE(system_y15_works_again),
	SYSTEM_CASE_FAKE(system_y16_twice),
	SYSTEM_CASE_FAKE(system_d09_stopped_in_between),
	SYSTEM_CASE_FAKE(system_d09_stopped_in_between_reserved),
	SYSTEM_CASE_FAKE(system_stop_in_config),
	SYSTEM_CASE_FAKE(system_stop_in_program),
	SYSTEM_CASE_FAKE(system_stop_in_complete),
	SYSTEM_CASE_FAKE(system_stop_when_it_is_over),
	SYSTEM_CASE_FAKE(system_stop_late_callback),
	SYSTEM_CASE_FAKE(system_stop_after_an_error),
	SYSTEM_CASE_FAKE(system_stop_what_failed_unseen),
	SYSTEM_CASE_FAKE(system_stop_not_of_another),
	SYSTEM_CASE_FAKE(system_stop_not_undone_by_another),
	{}
};

struct kunit_suite dmabay_system_stop_suite = {
	.name = "dmabay_system_stop",
	.exit = rig_end,
	.test_cases = system_stop_cases,
};
kunit_test_suite(dmabay_system_stop_suite);
