// SPDX-License-Identifier: GPL-2.0-only
/*
 * Settings and readers against a running transaction: what they see is one moment of it,
 * and what they set is for the transfers that come.
 */
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/seqlock.h>
#include <linux/string.h>

#include "races.h"

struct race_readings {
	struct race *race;
	/* written when one transaction ends, and its bytes with it */
	seqlock_t lock;
	/* how often transfer_info was legal, and not; readings inside a transaction */
	unsigned int legal;
	unsigned int illegal;
	unsigned int inside;
};

static void race_read_info(struct race_readings *readings)
{
	unsigned int map_registers = 0, elements = 0;
	struct kunit *test = readings->race->test;
	int ret;

	ret = dmabay_transaction_transfer_info(readings->race->t->transaction, &map_registers,
					       &elements);
	if (ret) {
		KUNIT_EXPECT_EQ(test, ret, -EBADFD);
		WRITE_ONCE(readings->illegal, readings->illegal + 1);
	} else {
		KUNIT_EXPECT_EQ(test, map_registers, 1);
		KUNIT_EXPECT_EQ(test, elements, 1);
		WRITE_ONCE(readings->legal, readings->legal + 1);
	}
}

/* Bytes only become more, as long as it is the same transaction. */
static void race_read_bytes(struct race_readings *readings)
{
	struct dmabay_transaction *transaction = readings->race->t->transaction;
	struct kunit *test = readings->race->test;
	unsigned int sequence = read_seqbegin(&readings->lock);
	size_t before, after;

	before = dmabay_transaction_bytes_transferred(transaction);
	KUNIT_EXPECT_LE(test, dmabay_transaction_current_length(transaction), RACE_PIECE);
	after = dmabay_transaction_bytes_transferred(transaction);
	KUNIT_EXPECT_LE(test, after, 2048);
	if (read_seqretry(&readings->lock, sequence))
		return;
	KUNIT_EXPECT_LE(test, before, after);
	readings->inside += after && after < 2048;
}

static int race_read(void *data)
{
	static const char *const words[] = {
		"created", "initialized", "transfer", "completed", "released",
	};
	struct race_readings *readings = data;
	struct race *race = readings->race;
	struct dmabay_transaction *transaction = race->t->transaction;

	while (!kthread_should_stop()) {
		race_read_info(readings);
		race_wake(race);
		race_read_bytes(readings);
		KUNIT_EXPECT_GE(race->test,
				match_string(words, ARRAY_SIZE(words),
					     dmabay_transaction_state_name(transaction)), 0);
		/* The first transfers are long, the others are not. */
		if (dmabay_transaction_bytes_transferred(transaction) >= 1024)
			dmabay_transaction_set_max_length(transaction, RACE_PIECE - 16);
		dmabay_transaction_set_immediate(transaction, true);
		dmabay_transaction_set_single_transfer(transaction, false);
		cond_resched();
	}
	return 0;
}

static void race_complete_measured(struct rig_transaction *t)
{
	struct race_readings *readings = t->data;

	if (t->length == RACE_PIECE)
		readings->race->won++;
	else
		readings->race->lost++;
	rig_complete(t);
}

void races_readers_and_settings(struct kunit *test)
{
	struct race_readings *readings = kunit_kzalloc(test, sizeof(*readings), GFP_KERNEL);
	struct race *race = race_new(rig_start(test, RACE_PIECE, 2));
	struct rig_transaction *t = race_transaction(race);

	KUNIT_ASSERT_NOT_NULL(test, readings);
	readings->race = race;
	seqlock_init(&readings->lock);
	race->t = t;
	race->buffer = rig_contiguous(race->rig, 0, 2048);
	race_warn_before(race);
	t->data = readings;
	t->on_program = race_complete_measured;
	rig_other_start(race->rig, race_read, readings);
	while (race_goes_on(race)) {
		unsigned int legal = READ_ONCE(readings->legal);

		rig_initialize(t, race->buffer, 2048);
		KUNIT_ASSERT_TRUE(test, race_until(race, READ_ONCE(readings->legal) != legal));
		KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
		KUNIT_EXPECT_EQ(test, t->result, 0);
		KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 2048);
		write_seqlock(&readings->lock);
		KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
		write_sequnlock(&readings->lock);
	}
	race_expect_idle(race);
	race_end(race, "transfers of full length", "shortened");
	kunit_info(test, "%u readings inside, transfer_info legal %u times, illegal %u\n",
		   readings->inside, readings->legal, readings->illegal);
	KUNIT_EXPECT_GT(test, readings->inside, 0);
	KUNIT_EXPECT_GT(test, readings->illegal, 0);
}
