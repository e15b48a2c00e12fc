// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cancel against grant: everything is taken, and somebody waits in line for all of it. It
 * is given back on the other CPU while the waiter leaves the line on this one: cancelled
 * and no callback, or not cancelled and one. The same for what is given up.
 */
#include <linux/jiffies.h>
#include <linux/moduleparam.h>

#include "races.h"

/* On a native CPU that is enough for all rounds several times over. */
static unsigned int race_cancel_ms = IS_ENABLED(CONFIG_UML) ? 20000 : 400;
module_param(race_cancel_ms, uint, 0444);
MODULE_PARM_DESC(race_cancel_ms, "The same for cancel against grant, if it is more");

/* Who waits, and how. */
struct race_waiter {
	/* take all registers, and ask for all; @end: and have nothing any more */
	void (*ask)(struct race *race);
	bool (*cancel)(struct race *race);
	void (*end)(struct race *race, bool cancelled);
};

static void race_cancel(struct race *race, const struct race_waiter *waiter)
{
	unsigned long deadline = jiffies + msecs_to_jiffies(race_cancel_ms);
	struct kunit *test = race->test;
	bool cancelled;

	if (time_after(deadline, race->rig->deadline))
		race->rig->deadline = deadline;
	race_start(race, race_unhold);
	while (race_goes_on(race)) {
		waiter->ask(race);
		KUNIT_EXPECT_EQ(test, rig_waiters(race->rig), 1);
		KUNIT_EXPECT_EQ(test, race->calls, 0);
		race_go(race);
		cancelled = waiter->cancel(race);
		race_meet(race);
		KUNIT_EXPECT_EQ(test, race->calls, !cancelled);
		waiter->end(race, cancelled);
		race_expect_idle(race);
		race_won(race, cancelled);
	}
	race_end(race, "cancelled", "granted");
	/* What may be emulated is not asked for all rounds. */
	if (IS_ENABLED(CONFIG_UML) && race->begun < RACE_ROUNDS &&
	    READ_ONCE(test->status) != KUNIT_FAILURE)
		kunit_skip(test, "too slow here: %u of %u rounds, nothing wrong in them",
			   race->begun, RACE_ROUNDS);
}

static bool race_cancel_transaction(struct race *race)
{
	return dmabay_transaction_cancel(race->t->transaction);
}

static void race_ask_reservation(struct race *race)
{
	rig_hold(race->rig, RACE_REGISTERS);
	KUNIT_EXPECT_EQ(race->test, rig_reserve(race->t, RACE_REGISTERS), 0);
}

static void race_end_reservation(struct race *race, bool cancelled)
{
	KUNIT_EXPECT_EQ(race->test, rig_free_registers(race->rig),
			cancelled ? RACE_REGISTERS : 0);
	KUNIT_EXPECT_EQ(race->test, dmabay_transaction_free_reservation(race->t->transaction), 0);
}

void races_k12_cancel_reservation(struct kunit *test)
{
	static const struct race_waiter waiter = {
		race_ask_reservation, race_cancel_transaction, race_end_reservation,
	};
	struct race *race = race_new(rig_start(test, RACE_LENGTH, RACE_REGISTERS));

	race->t = race_transaction(race);
	race_cancel(race, &waiter);
}

static void race_ask_execution(struct race *race)
{
	rig_hold(race->rig, RACE_REGISTERS);
	rig_initialize(race->t, race->buffer, 4096);
	KUNIT_EXPECT_EQ(race->test, rig_execute(race->t), 0);
}

static void race_end_execution(struct race *race, bool cancelled)
{
	struct dmabay_transaction *transaction = race->t->transaction;
	struct kunit *test = race->test;

	if (!cancelled)
		KUNIT_EXPECT_EQ(test, dmabay_transaction_completed(transaction), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(transaction),
			cancelled ? 0 : 4096);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(transaction), 0);
}

void races_k12_cancel_execution(struct kunit *test)
{
	static const struct race_waiter waiter = {
		race_ask_execution, race_cancel_transaction, race_end_execution,
	};
	struct race *race = race_new(rig_start(test, RACE_LENGTH, RACE_REGISTERS));

	race->t = race_transaction(race);
	race->buffer = rig_contiguous(race->rig, 0, 4096);
	race_cancel(race, &waiter);
}

/* The first of two transfers is completed, and somebody else has its registers now. */
static void race_ask_between(struct race *race)
{
	rig_begin(race->t, race->buffer, 16384);
	rig_hold_next(race->rig, 3);
	KUNIT_EXPECT_EQ(race->test, dmabay_transaction_completed(race->t->transaction),
			-EINPROGRESS);
	race->calls = 0;
}

static void race_end_between(struct race *race, bool cancelled)
{
	struct dmabay_transaction *transaction = race->t->transaction;
	struct kunit *test = race->test;

	if (!cancelled)
		KUNIT_EXPECT_EQ(test, dmabay_transaction_completed(transaction), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(transaction),
			cancelled ? 8192 : 16384);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(transaction), 0);
}

void races_k12_cancel_between_transfers(struct kunit *test)
{
	static const struct race_waiter waiter = {
		race_ask_between, race_cancel_transaction, race_end_between,
	};
	struct race *race = race_new(rig_start(test, 8192, 3));

	race->t = race_transaction(race);
	race->buffer = rig_contiguous(race->rig, 1, 16384);
	race_cancel(race, &waiter);
}

static enum dmabay_channel_action race_routine(struct dmabay_adapter *adapter,
					       struct dmabay_channel *channel, void *context)
{
	struct race *race = context;

	race->calls++;
	return DMABAY_DEALLOCATE_OBJECT_KEEP_REGISTERS;
}

static void race_ask_channel(struct race *race)
{
	rig_hold(race->rig, RACE_REGISTERS);
	KUNIT_EXPECT_EQ(race->test, 0,
			dmabay_adapter_allocate_channel(race->rig->adapter, &race->channel,
							RACE_REGISTERS, 0, race_routine, race));
}

static bool race_cancel_channel(struct race *race)
{
	return dmabay_adapter_cancel_channel(race->rig->adapter, &race->channel);
}

static void race_end_channel(struct race *race, bool cancelled)
{
	if (!cancelled)
		KUNIT_EXPECT_EQ(race->test, 0,
				dmabay_adapter_free_map_registers(race->rig->adapter,
								  &race->channel,
								  RACE_REGISTERS));
}

void races_cancel_channel(struct kunit *test)
{
	static const struct race_waiter waiter = {
		race_ask_channel, race_cancel_channel, race_end_channel,
	};
	struct race *race = race_new(rig_start_adapter(test, RACE_LENGTH, RACE_REGISTERS));

	race_cancel(race, &waiter);
}

static void race_list_routine(struct dmabay_adapter *adapter, struct dmabay_sg_channel *channel,
			      const struct dmabay_sg_list *list, void *context)
{
	struct race *race = context;

	KUNIT_EXPECT_PTR_EQ(race->test, list, &channel->list);
	race->calls++;
}

static void race_ask_list(struct race *race)
{
	rig_hold(race->rig, RACE_REGISTERS);
	KUNIT_EXPECT_EQ(race->test, 0,
			dmabay_adapter_get_sg_list(race->rig->adapter, &race->list,
						   race->buffer->memory, 0, race->buffer->length,
						   DMABAY_READ_FROM_DEVICE, 0, race_list_routine,
						   race));
}

static bool race_cancel_list(struct race *race)
{
	return dmabay_adapter_cancel_sg_list(race->rig->adapter, &race->list);
}

static void race_end_list(struct race *race, bool cancelled)
{
	if (!cancelled)
		KUNIT_EXPECT_EQ(race->test, 0,
				dmabay_adapter_put_sg_list(race->rig->adapter, &race->list));
}

void races_cancel_list(struct kunit *test)
{
	static const struct race_waiter waiter = {
		race_ask_list, race_cancel_list, race_end_list,
	};
	struct race *race = race_new(rig_start_adapter(test, RACE_LENGTH, RACE_REGISTERS));

	race->buffer = rig_chain(race->rig, 3, 3000, 5000);
	race_cancel(race, &waiter);
}

/*
 * A reservation that waits is given up while it is granted: it leaves the line and has no
 * callback, or it has one, and the registers go back all the same, unless it was released
 * only. A callback that was on its way may come when the call has returned, and is counted:
 * whoever must know asks dmabay_transaction_cancel() first.
 */
static void race_reserved(struct rig_transaction *t)
{
	struct race *race = t->data;

	race->calls++;
	race->late += race_take_over(&race->returned);
}

static int race_delete(struct dmabay_transaction *transaction)
{
	dmabay_transaction_delete(transaction);
	return 0;
}

static void race_give_up(struct kunit *test, int (*give_up)(struct dmabay_transaction *))
{
	struct race *race = race_new(rig_start(test, RACE_LENGTH, RACE_REGISTERS));
	bool deleted = give_up == race_delete;
	struct dmabay_transaction *transaction;

	race->t = race_transaction(race);
	race->t->on_reserved = race_reserved;
	race_start(race, race_unhold);
	while (race_goes_on(race)) {
		race_ask_reservation(race);
		transaction = race->t->transaction;
		race_go(race);
		KUNIT_EXPECT_EQ(test, give_up(transaction), 0);
		race_hand_over(&race->returned, true);
		race_meet(race);
		KUNIT_EXPECT_LE(test, race->calls, 1);
		if (give_up == dmabay_transaction_release) {
			KUNIT_EXPECT_EQ(test, rig_free_registers(race->rig),
					race->calls ? 0 : RACE_REGISTERS);
			KUNIT_EXPECT_EQ(test, 0,
					dmabay_transaction_free_reservation(transaction));
		}
		race_expect_idle(race);
		if (deleted)
			race_create(race);
		race_won(race, !race->calls);
	}
	kunit_info(test, "%u callbacks after the call\n", race->late);
	race_end(race, "given up", "granted");
}

void races_free_reservation_pending(struct kunit *test)
{
	race_give_up(test, dmabay_transaction_free_reservation);
}

void races_release_pending(struct kunit *test)
{
	race_give_up(test, dmabay_transaction_release);
}

void races_delete_pending(struct kunit *test)
{
	race_give_up(test, race_delete);
}
