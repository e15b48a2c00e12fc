// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rounds: two threads that begin at the same moment, and stay close to each other. See
 * races.h.
 */
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/minmax.h>
#include <linux/moduleparam.h>

#include "races.h"

/* Enough to see both outcomes often; 60000 for all rounds, with all debugging aids. */
static unsigned int race_ms = 400;
module_param(race_ms, uint, 0444);
MODULE_PARM_DESC(race_ms, "Milliseconds for a race over one provider");

/* How far apart the two may start, in ns. */
#define RACE_APART	10000000

void race_wake(struct race *race)
{
	if (wq_has_sleeper(&race->wait))
		wake_up_all(&race->wait);
}

static int race_other(void *data)
{
	struct race *race = data;

	while (!kthread_should_stop()) {
		race_until(race, race_take_over(&race->begun) != race->done ||
			   kthread_should_stop());
		if (race_take_over(&race->begun) == race->done)
			continue;
		WRITE_ONCE(race->ready, race->done + 1);
		ndelay(max(-race->later, 0));
		race->other(race);
		race_hand_over(&race->done, race->done + 1);
		race_wake(race);
	}
	return 0;
}

struct race *race_new(struct rig *rig)
{
	struct race *race = kunit_kzalloc(rig->test, sizeof(*race), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(rig->test, race);
	race->rig = rig;
	race->test = rig->test;
	race->step = 1;
	init_waitqueue_head(&race->wait);
	rig->deadline = jiffies + msecs_to_jiffies(race_ms);
	return race;
}

void race_start(struct race *race, void (*other)(struct race *race))
{
	race->other = other;
	rig_other_start(race->rig, race_other, race);
}

/* As long as one side has not won yet it takes ten times as long, if it must. */
static bool race_time_is_up(struct race *race)
{
	unsigned long more = race->won && race->lost ? 0 : 10 * msecs_to_jiffies(race_ms);

	return time_after(jiffies, race->rig->deadline + more);
}

bool race_goes_on(struct race *race)
{
	unsigned int round = race->won + race->lost;

	if (!(round % 64))
		cond_resched();
	race->calls = 0;
	race->returned = false;
	return round < RACE_ROUNDS && READ_ONCE(race->test->status) != KUNIT_FAILURE &&
	       !race_time_is_up(race);
}

void race_go(struct race *race)
{
	unsigned int spins = 100 * RACE_SPINS, round = race->begun + 1;
	int later = race->later;

	race_hand_over(&race->begun, round);
	race_wake(race);
	while (READ_ONCE(race->ready) != round && --spins)
		cpu_relax();
	ndelay(max(later, 0));
}

void race_meet(struct race *race)
{
	KUNIT_ASSERT_TRUE(race->test,
			  race_until(race, race_take_over(&race->done) == race->begun));
}

void race_won(struct race *race, bool won)
{
	race->step = won == race->last ? min(race->step * 2, RACE_APART / 8) : 8;
	race->last = won;
	race->later = clamp(race->later + (won ? race->step : -race->step), -RACE_APART,
			    RACE_APART);
	if (won)
		race->won++;
	else
		race->lost++;
}

void race_end(struct race *race, const char *won, const char *lost)
{
	struct kunit *test = race->test;

	rig_other_stop(race->rig);
	kunit_info(test, "%u rounds: %u %s, %u %s\n", race->won + race->lost, race->won, won,
		   race->lost, lost);
	if (rig_time_is_up(race->rig) && READ_ONCE(test->status) != KUNIT_FAILURE &&
	    !(race->won && race->lost))
		kunit_skip(test, "too slow here: one side never won");
	KUNIT_EXPECT_GT_MSG(test, race->won, 0, "never: %s", won);
	KUNIT_EXPECT_GT_MSG(test, race->lost, 0, "never: %s", lost);
}

void race_expect_idle(struct race *race)
{
	struct dmabay_adapter_info info;

	dmabay_adapter_info(race->rig->adapter, &info);
	KUNIT_EXPECT_EQ(race->test, info.map_registers_free, info.map_registers);
	KUNIT_EXPECT_EQ(race->test, info.waiters, 0);
}

void race_called(struct rig_transaction *t)
{
	struct race *race = t->data;

	race->calls++;
}

struct rig_transaction *race_transaction(struct race *race)
{
	struct rig_transaction *t = rig_transaction(race->rig);

	t->data = race;
	t->on_reserved = race_called;
	t->on_program = race_called;
	return t;
}

void race_create(struct race *race)
{
	KUNIT_ASSERT_EQ(race->test, 0,
			dmabay_transaction_create(race->rig->enabler, &race->t->transaction));
}

void race_unhold(struct race *race)
{
	rig_unhold(race->rig);
}

void race_warn_before(struct race *race)
{
	struct dmabay_transaction *transaction = race->t->transaction;
	struct kunit *test = race->test;

	rig_begin(race->t, race->buffer, RACE_PIECE);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed(transaction), 0);
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_completed(transaction));
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_transfer_info(transaction, NULL, NULL));
	RIG_EXPECT_WARNING(test, dmabay_transaction_set_immediate(transaction, false));
	RIG_EXPECT_WARNING(test, dmabay_transaction_set_single_transfer(transaction, false));
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(transaction), 0);
}
