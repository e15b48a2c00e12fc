// SPDX-License-Identifier: GPL-2.0-only
/*
 * Completion against program_dma: a transfer is completed on the CPU that did not program
 * it, or on both; it is one's, and no byte of it is lost.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/minmax.h>
#include <linux/prandom.h>

#include "races.h"

/* What two CPUs that complete each other's pieces share. */
struct race_pieces {
	struct race *race;
	/* pieces that were programmed, and completed; the last one's thread */
	unsigned int programmed;
	unsigned int completed;
	struct task_struct *programmer;
	/* bytes that were reported, of this transaction */
	size_t transferred;
	u8 seed;
	/* nothing is programmed yet */
	bool fresh;
	bool over;
	int result;
	struct rnd_state random;
};

/* Won: it was completed after its callback had returned. */
static void race_program_piece(struct rig_transaction *t)
{
	struct race_pieces *pieces = t->data;
	struct race *race = pieces->race;
	int later;

	KUNIT_EXPECT_EQ(race->test, pieces->transferred,
			dmabay_transaction_bytes_transferred(t->transaction));
	if (!pieces->fresh)
		race_won(race, pieces->programmer != current);
	pieces->fresh = false;
	pieces->programmer = current;
	later = race->later;
	race_hand_over(&pieces->programmed, pieces->programmed + 1);
	race_wake(race);
	ndelay(max(later, 0));
}

/* The device has moved all of the piece, a part, or nothing, or will not go on. */
static int race_complete_piece(struct race_pieces *pieces)
{
	struct rig_transaction *t = pieces->race->t;
	unsigned int how = prandom_u32_state(&pieces->random) % 64;
	size_t length = t->length;

	if (how >= 60)
		length = how % 3 ? length / 2 : 0;
	rig_transfer_write(t, pieces->transferred, length, pieces->seed);
	pieces->transferred += length;
	WRITE_ONCE(pieces->completed, pieces->completed + 1);
	if (how < 60)
		return dmabay_transaction_completed(t->transaction);
	if (how < 63)
		return dmabay_transaction_completed_length(t->transaction, length);
	return dmabay_transaction_completed_final(t->transaction, length);
}

/* Has the other thread programmed one, or is all over? */
static bool race_piece_is_there(struct race_pieces *pieces)
{
	return race_take_over(&pieces->over) ||
	       (race_take_over(&pieces->programmed) != READ_ONCE(pieces->completed) &&
		READ_ONCE(pieces->programmer) != current);
}

/* Complete what the other thread has programmed, if it has. */
static void race_serve_pieces(struct race_pieces *pieces)
{
	struct race *race = pieces->race;
	int ret;

	if (pieces->over || !race_piece_is_there(pieces))
		return;
	ndelay(max(-race->later, 0));
	ret = race_complete_piece(pieces);
	if (ret == -EINPROGRESS)
		return;
	pieces->result = ret;
	race_hand_over(&pieces->over, true);
	race_wake(race);
}

static int race_complete_pieces(void *data)
{
	struct race_pieces *pieces = data;

	while (!kthread_should_stop()) {
		race_until(pieces->race, (!READ_ONCE(pieces->over) &&
					  race_piece_is_there(pieces)) || kthread_should_stop());
		race_serve_pieces(pieces);
	}
	return 0;
}

/*
 * D06: a piece is completed on the CPU that did not program it, while its callback runs
 * or after; still one callback at a time, and every byte once.
 */
void races_d06_completed_elsewhere(struct kunit *test)
{
	struct race_pieces *pieces = kunit_kzalloc(test, sizeof(*pieces), GFP_KERNEL);
	struct race *race = race_new(rig_start(test, RACE_PIECE, 2));
	struct rig_transaction *t = rig_transaction(race->rig);

	KUNIT_ASSERT_NOT_NULL(test, pieces);
	prandom_seed_state(&pieces->random, 6);
	pieces->race = race;
	race->t = t;
	race->buffer = rig_contiguous(race->rig, 0, 4096);
	t->data = pieces;
	t->on_program = race_program_piece;
	rig_other_start(race->rig, race_complete_pieces, pieces);
	while (race_goes_on(race)) {
		pieces->transferred = 0;
		pieces->fresh = true;
		WRITE_ONCE(pieces->over, false);
		pieces->seed++;
		rig_initialize(t, race->buffer, 4096);
		KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
		while (!race_take_over(&pieces->over)) {
			KUNIT_ASSERT_TRUE(test, race_until(race, race_piece_is_there(pieces)));
			race_serve_pieces(pieces);
		}
		KUNIT_EXPECT_EQ(test, pieces->result, 0);
		KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction),
				pieces->transferred);
		KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
		KUNIT_EXPECT_EQ(test, pieces->transferred,
				rig_matching(race->buffer, 0, pieces->transferred, pieces->seed));
		race_expect_idle(race);
	}
	KUNIT_EXPECT_EQ(test, t->programmed, pieces->completed);
	KUNIT_EXPECT_FALSE(test, t->nested);
	race_end(race, "completed after the callback", "completed while it ran");
}

static void race_complete(struct race *race)
{
	race->result = dmabay_transaction_completed(race->t->transaction);
}

/* Two complete the same transfer: it is one's, and no byte of it is lost. */
void races_completed_twice(struct kunit *test)
{
	struct race *race = race_new(rig_start(test, 4096, 2));
	struct rig_transaction *t = race_transaction(race);
	int ret;

	race->t = t;
	race->buffer = rig_contiguous(race->rig, 100, RACE_PIECE);
	race_warn_before(race);
	race_start(race, race_complete);
	while (race_goes_on(race)) {
		rig_begin(t, race->buffer, RACE_PIECE);
		rig_transfer_write(t, 0, RACE_PIECE, race->begun);
		race_go(race);
		ret = dmabay_transaction_completed(t->transaction);
		race_meet(race);
		KUNIT_EXPECT_EQ(test, min(ret, race->result), -EBADFD);
		KUNIT_EXPECT_EQ(test, max(ret, race->result), 0);
		KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction),
				RACE_PIECE);
		KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
		KUNIT_EXPECT_EQ(test, rig_matching(race->buffer, 0, RACE_PIECE, race->begun - 1),
				RACE_PIECE);
		race_expect_idle(race);
		race_won(race, !ret);
	}
	race_end(race, "completed here", "completed there");
}
