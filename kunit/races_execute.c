// SPDX-License-Identifier: GPL-2.0-only
/*
 * Execute against its own end: what is programmed is completed at once on the other CPU,
 * or has failed, and the transaction is used for something else there, while execute, or
 * the telling of the failure, is on its way back on this one.
 */
#include <kunit/static_stub.h>
#include <linux/delay.h>
#include <linux/minmax.h>
#include <linux/string.h>

#include "races.h"

static void race_go_on_program(struct rig_transaction *t)
{
	race_go(t->data);
}

static void race_over(struct race *race)
{
	KUNIT_EXPECT_EQ(race->test, dmabay_transaction_completed(race->t->transaction), 0);
	KUNIT_EXPECT_FALSE(race->test, dmabay_transaction_cancel(race->t->transaction));
	KUNIT_EXPECT_EQ(race->test, dmabay_transaction_release(race->t->transaction), 0);
	race->was_first = !READ_ONCE(race->returned);
}

static void race_over_and_delete(struct race *race)
{
	KUNIT_EXPECT_EQ(race->test, dmabay_transaction_completed(race->t->transaction), 0);
	dmabay_transaction_delete(race->t->transaction);
	race->was_first = !READ_ONCE(race->returned);
}

static void race_over_and_again(struct race *race)
{
	race_over(race);
	race->t->on_program = race_called;
	KUNIT_EXPECT_EQ(race->test, 0,
			dmabay_transaction_initialize(race->t->transaction, rig_program,
						      DMABAY_READ_FROM_DEVICE,
						      race->buffer->memory, RACE_PIECE));
	KUNIT_EXPECT_EQ(race->test, rig_execute(race->t), 0);
}

/* Even rounds of packet transactions are without a reservation. */
static void race_execute(struct kunit *test, void (*other)(struct race *race))
{
	struct race *race = race_new(rig_start(test, 4096, 2));
	bool packet = race->rig->param->profile == DMABAY_PROFILE_PACKET;
	struct rig_transaction *t = race_transaction(race);

	race->t = t;
	race->buffer = rig_contiguous(race->rig, 0, RACE_PIECE);
	race_start(race, other);
	while (race_goes_on(race)) {
		if (packet && (race->begun & 1))
			KUNIT_EXPECT_EQ(test, rig_reserve(t, 2), 0);
		race->calls = 0;
		t->on_program = race_go_on_program;
		rig_initialize(t, race->buffer, RACE_PIECE);
		KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
		WRITE_ONCE(race->returned, true);
		race_meet(race);
		KUNIT_EXPECT_EQ(test, race->calls, other == race_over_and_again);
		if (race->calls)
			KUNIT_EXPECT_EQ(test, rig_complete(t), 0);
		if (other == race_over_and_delete)
			race_create(race);
		else
			KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
		if (packet && other != race_over_and_delete)
			KUNIT_EXPECT_EQ(test, 0,
					dmabay_transaction_free_reservation(t->transaction));
		race_expect_idle(race);
		race_won(race, !race->was_first);
	}
	KUNIT_EXPECT_FALSE(test, t->nested);
	race_end(race, "execute had returned", "it was over before");
}

void races_execute_against_release(struct kunit *test)
{
	race_execute(test, race_over);
}

/* D10 */
void races_d10_execute_against_delete(struct kunit *test)
{
	race_execute(test, race_over_and_delete);
}

void races_execute_against_another(struct kunit *test)
{
	race_execute(test, race_over_and_again);
}

static int race_map_fails(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			  struct dmabay_memory *memory, size_t offset, size_t *length,
			  enum dmabay_direction direction, struct dmabay_sg_list *list)
{
	kunit_deactivate_static_stub(kunit_get_current_test(), dmabay_adapter_map_transfer);
	return -EIO;
}

static void race_failed(struct dmabay_transaction *transaction, void *context, int status)
{
	struct rig_transaction *t = context;
	struct race *race = t->data;

	KUNIT_EXPECT_EQ(race->test, status, -EIO);
	race->result++;
	race_wake(race);
	ndelay(max(race->later, 0));
	WRITE_ONCE(race->returned, true);
}

static bool race_has_failed(struct race *race)
{
	return !strcmp(dmabay_transaction_state_name(race->t->transaction), "failed");
}

static void race_begin_anew(struct race *race)
{
	struct dmabay_transaction *transaction = race->t->transaction;
	unsigned int spins = 100 * RACE_SPINS;
	struct kunit *test = race->test;

	/* As soon as it has: nobody is woken before it is told. */
	while (!race_has_failed(race) && --spins)
		cpu_relax();
	KUNIT_EXPECT_TRUE(test, race_until(race, race_has_failed(race)));
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(transaction), 0);
	KUNIT_EXPECT_EQ(test, 0,
			dmabay_transaction_initialize(transaction, rig_program,
						      DMABAY_READ_FROM_DEVICE,
						      race->buffer->memory, RACE_PIECE));
	KUNIT_EXPECT_EQ(test, rig_execute(race->t), 0);
	race->was_first = !READ_ONCE(race->returned);
}

/*
 * It waits, and when it has its registers cannot be mapped, here. As soon as it has failed
 * it is begun anew on the other CPU: the failure is told once, and is not the new one's.
 */
void races_failed_against_another(struct kunit *test)
{
	struct race *race = race_new(rig_start(test, 4096, 2));
	struct rig_transaction *t = race_transaction(race);

	race->t = t;
	race->buffer = rig_contiguous(race->rig, 0, 4096);
	dmabay_transaction_set_failed(t->transaction, race_failed);
	race_start(race, race_begin_anew);
	while (race_goes_on(race)) {
		race->result = 0;
		rig_hold(race->rig, 2);
		rig_initialize(t, race->buffer, 4096);
		KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
		kunit_activate_static_stub(test, dmabay_adapter_map_transfer, race_map_fails);
		race_go(race);
		rig_unhold(race->rig);
		race_meet(race);
		KUNIT_EXPECT_EQ(test, race->result, 1);
		KUNIT_EXPECT_EQ(test, race->calls, 1);
		KUNIT_EXPECT_EQ(test, dmabay_transaction_completed(t->transaction), 0);
		KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction),
				RACE_PIECE);
		KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
		race_expect_idle(race);
		race_won(race, !race->was_first);
	}
	race_end(race, "begun anew when it had been told", "before that");
}
