// SPDX-License-Identifier: GPL-2.0-only
/*
 * Races of a controller (see races.h): it is done on the other CPU while the driver does
 * something on this one. Each transfer has one end, and when it is told the memory is the
 * driver's.
 */
#include <linux/irqflags.h>

#include "races.h"
#include "system.h"

/* An end that nobody should be told of is told by the next round, at the latest. */
static struct race *race_system(struct kunit *test, bool no_synchronize)
{
	struct fake_engine_config engine = system_engine(test);
	struct system *system;
	struct race *race;

	engine.no_synchronize = no_synchronize;
	system = system_prepare(test, &engine);
	system_enable(system, RACE_PIECE, 2);
	system->on_complete = system_final_release;
	race = race_new(system->rig);
	race->buffer = rig_contiguous(system->rig, 0, RACE_PIECE);
	race->t = system_transaction(system, NULL, 0);
	return race;
}

static void race_ready(struct race *race)
{
	struct system *system = race->t->data;

	fake_channel_forget(system->channel);
	system->story[0] = '\0';
	system->completed = 0;
	system_initialize(system, race->t, race->buffer, RACE_PIECE);
}

/* One end, and the driver has ended it. */
static void race_expect_told(struct race *race)
{
	struct system *system = race->t->data;

	system_wait(system);
	KUNIT_EXPECT_EQ(race->test, system->completed, 1);
	KUNIT_EXPECT_EQ(race->test, system->result, 0);
	SYSTEM_EXPECT_STATE(system, race->t, "released");
}

static bool race_done_with(struct race *race, enum dmaengine_tx_result result)
{
	struct system *system = race->t->data;

	return fake_channel_complete(system->channel, result, 0);
}

static void race_complete(struct race *race)
{
	race_done_with(race, DMA_TRANS_NOERROR);
}

static void race_fail(struct race *race)
{
	race_done_with(race, DMA_TRANS_READ_FAILED);
}

static void race_interrupt(struct race *race)
{
	local_irq_disable();
	race_complete(race);
	local_irq_enable();
}

/* Stopped, or over; told once, and then nothing is on its way. */
static void race_stop(struct kunit *test, bool no_synchronize, void (*other)(struct race *race))
{
	struct race *race = race_system(test, no_synchronize);
	struct system *system = race->t->data;

	race_start(race, other);
	while (race_goes_on(race)) {
		race_ready(race);
		KUNIT_EXPECT_EQ(test, rig_execute(race->t), 0);
		race_go(race);
		dmabay_transaction_stop(race->t->transaction);
		race_meet(race);
		race_expect_told(race);
		race_won(race, system->status == DMABAY_DMA_CANCELLED);
	}
	race_end(race, "stopped", "over before");
}

static void races_stop_against_end(struct kunit *test)
{
	race_stop(test, false, race_complete);
}

static void races_stop_against_error(struct kunit *test)
{
	race_stop(test, false, race_fail);
}

/* Of a controller whose driver cannot wait for its callbacks. */
static void races_stop_against_interrupt(struct kunit *test)
{
	race_stop(test, true, race_interrupt);
}

static void race_issue(struct race *race)
{
	struct system *system = race->t->data;

	dma_async_issue_pending(system->chan);
	race_complete(race);
}

/*
 * Whoever started a transfer may be late to say so to the channel, when it is over and the
 * next one is there: which is issued by the wrong thread then. Its end is known all the
 * same.
 */
static void races_issued_by_another(struct kunit *test)
{
	struct race *race = race_system(test, false);

	race_start(race, race_issue);
	while (race_goes_on(race)) {
		race_ready(race);
		race_go(race);
		KUNIT_EXPECT_EQ(test, rig_execute(race->t), 0);
		race_meet(race);
		race_won(race, !race_done_with(race, DMA_TRANS_NOERROR));
		race_expect_told(race);
	}
	race_end(race, "done there", "done here");
}

/* Nobody is told: it is over for whoever asks once it is, and not before. */
static void races_poll_against_end(struct kunit *test)
{
	struct race *race = race_system(test, false);
	int first, ret;

	race_start(race, race_complete);
	while (race_goes_on(race)) {
		race_ready(race);
		dmabay_transaction_set_transfer_complete(race->t->transaction, NULL, NULL);
		KUNIT_EXPECT_EQ(test, rig_execute(race->t), 0);
		race_go(race);
		first = dmabay_transaction_completed(race->t->transaction);
		race_meet(race);
		ret = first == -EBUSY ? dmabay_transaction_completed(race->t->transaction) : first;
		KUNIT_EXPECT_EQ(test, ret, 0);
		KUNIT_EXPECT_EQ(test, dmabay_transaction_release(race->t->transaction), 0);
		race_won(race, first == -EBUSY);
	}
	race_end(race, "asked before", "over before");
}

static struct kunit_case system_races_cases[] = {
	KUNIT_CASE_SLOW(races_stop_against_end),
	KUNIT_CASE_SLOW(races_stop_against_error),
	KUNIT_CASE_SLOW(races_stop_against_interrupt),
	KUNIT_CASE_SLOW(races_issued_by_another),
	KUNIT_CASE_SLOW(races_poll_against_end),
	{}
};

static struct kunit_suite dmabay_races_system_suite = {
	.name = "dmabay_races_system",
	.exit = rig_end,
	.test_cases = system_races_cases,
};
kunit_test_suite(dmabay_races_system_suite);
