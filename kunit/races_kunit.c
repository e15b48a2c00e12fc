// SPDX-License-Identifier: GPL-2.0-only
/*
 * Races: whatever two CPUs do at the same time, there is one truth (5.7, 5.10).
 *
 * A race is run in rounds. In each of them the test's own thread and one on another CPU
 * do their parts at the same time, and when both have, one of two outcomes must be
 * there, and all of it. Whoever was first starts a little later in the next round: so
 * the two stay close to each other, and both outcomes come about. A race that one side
 * never won shows nothing, and fails.
 *
 * What the two share is handed over with the number of the round, or by another flag of
 * that kind, or is atomic.
 */
#include <kunit/static_stub.h>
#include <linux/delay.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/moduleparam.h>
#include <linux/prandom.h>
#include <linux/seqlock.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/wait.h>

#include "rig.h"

/* Rounds of a race, or as many as there is time for. */
#define RACE_ROUNDS	100000

/* Enough to see both outcomes often; 60000 for all rounds, with all debugging aids. */
static unsigned int race_ms = 400;
module_param(race_ms, uint, 0444);
MODULE_PARM_DESC(race_ms, "Milliseconds for a race over one provider");

/* On a native CPU that is enough for all rounds several times over. */
static unsigned int race_cancel_ms = IS_ENABLED(CONFIG_UML) ? 20000 : 400;
module_param(race_cancel_ms, uint, 0444);
MODULE_PARM_DESC(race_cancel_ms, "The same for cancel against grant, if it is more");

/* Of most rigs; the reservation, or the transfer, that takes them all. */
#define RACE_REGISTERS	17
#define RACE_LENGTH	65536

/* One transfer of a transaction that has many. */
#define RACE_PIECE	64

/* How far apart the two may start, in ns. */
#define RACE_APART	10000000

/* How often one looks for the other, before it does something else. */
#define RACE_SPINS	1000

/*
 * Wait for the other thread, half a minute at most; whether it came to be. A little while
 * it spins, because the other one is quick; then it sleeps, because on a machine that is
 * not real the other one may need this CPU.
 */
#define race_until(race, condition)						\
({										\
	unsigned int __spins = RACE_SPINS;					\
										\
	while (!(condition) && --__spins)					\
		cpu_relax();							\
	wait_event_timeout((race)->wait, condition, 30 * HZ) > 0;		\
})

/* Pairs with race_take_over(), which then sees all that was written before. */
#define race_hand_over(where, what)	smp_store_release(where, what)
/* Pairs with race_hand_over(). */
#define race_take_over(where)		smp_load_acquire(where)

struct race {
	struct rig *rig;
	struct kunit *test;
	/* what the other CPU does in a round */
	void (*other)(struct race *race);
	/* where one waits for the other */
	wait_queue_head_t wait;
	/* rounds that were begun, and those that the other CPU begins, and is done with */
	unsigned int begun;
	unsigned int ready;
	unsigned int done;
	/* ns that this CPU starts later, or, below 0, the other one; and how fast it moves */
	int later;
	int step;
	bool last;
	/* rounds that this CPU won, and the other one */
	unsigned int won;
	unsigned int lost;

	/* what it is about */
	struct rig_transaction *t;
	struct rig_buffer *buffer;
	struct dmabay_channel channel;
	struct dmabay_sg_channel list;
	/* callbacks of this round */
	unsigned int calls;
	/* this CPU's call has returned; callbacks that began later, of all rounds */
	bool returned;
	unsigned int late;
	/* what the other CPU's calls returned, and saw */
	int result;
	bool was_first;
};

/* What the other one may be waiting for was handed over. */
static void race_wake(struct race *race)
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

static struct race *race_new(struct rig *rig)
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

static void race_start(struct race *race, void (*other)(struct race *race))
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

/* Another round? */
static bool race_goes_on(struct race *race)
{
	unsigned int round = race->won + race->lost;

	if (!(round % 64))
		cond_resched();
	race->calls = 0;
	race->returned = false;
	return round < RACE_ROUNDS && READ_ONCE(race->test->status) != KUNIT_FAILURE &&
	       !race_time_is_up(race);
}

/* Both do their parts from here on; if the other one takes long to wake up, this one alone. */
static void race_go(struct race *race)
{
	unsigned int spins = 100 * RACE_SPINS, round = race->begun + 1;
	int later = race->later;

	race_hand_over(&race->begun, round);
	race_wake(race);
	while (READ_ONCE(race->ready) != round && --spins)
		cpu_relax();
	ndelay(max(later, 0));
}

/* Both have done their parts. */
static void race_meet(struct race *race)
{
	KUNIT_ASSERT_TRUE(race->test,
			  race_until(race, race_take_over(&race->done) == race->begun));
}

/* Whoever was first starts later next time; the faster, the longer it goes on so. */
static void race_won(struct race *race, bool won)
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

/* The last round is over: has either side won? */
static void race_end(struct race *race, const char *won, const char *lost)
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

/* Nothing is out, and nobody waits. */
static void race_expect_idle(struct race *race)
{
	struct dmabay_adapter_info info;

	dmabay_adapter_info(race->rig->adapter, &info);
	KUNIT_EXPECT_EQ(race->test, info.map_registers_free, info.map_registers);
	KUNIT_EXPECT_EQ(race->test, info.waiters, 0);
}

static void race_called(struct rig_transaction *t)
{
	struct race *race = t->data;

	race->calls++;
}

/* A transaction whose callbacks are counted. */
static struct rig_transaction *race_transaction(struct race *race)
{
	struct rig_transaction *t = rig_transaction(race->rig);

	t->data = race;
	t->on_reserved = race_called;
	t->on_program = race_called;
	return t;
}

static void race_create(struct race *race)
{
	KUNIT_ASSERT_EQ(race->test, 0,
			dmabay_transaction_create(race->rig->enabler, &race->t->transaction));
}

static void race_unhold(struct race *race)
{
	rig_unhold(race->rig);
}

/*
 * Cancel against grant
 * --------------------
 * Everything is taken, and somebody waits in line for all of it. It is given back on
 * the other CPU while the waiter leaves the line on this one: cancelled and no callback,
 * or not cancelled and one.
 */
struct race_waiter {
	/* take all registers, and ask for all; @end: and have nothing any more */
	void (*ask)(struct race *race);
	bool (*cancel)(struct race *race);
	void (*end)(struct race *race, bool cancelled);
};

static void race_cancel(struct race *race, const struct race_waiter *waiter)
{
	struct kunit *test = race->test;
	bool cancelled;

	race->rig->deadline = jiffies + msecs_to_jiffies(max(race_ms, race_cancel_ms));
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

static void races_k12_cancel_reservation(struct kunit *test)
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

static void races_k12_cancel_execution(struct kunit *test)
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

static void races_k12_cancel_between_transfers(struct kunit *test)
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

static void races_cancel_channel(struct kunit *test)
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

static void races_cancel_list(struct kunit *test)
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

static void races_free_reservation_pending(struct kunit *test)
{
	race_give_up(test, dmabay_transaction_free_reservation);
}

static void races_release_pending(struct kunit *test)
{
	race_give_up(test, dmabay_transaction_release);
}

static void races_delete_pending(struct kunit *test)
{
	race_give_up(test, race_delete);
}

/*
 * Completion against program_dma
 * ------------------------------
 */

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
static void races_d06_completed_elsewhere(struct kunit *test)
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

/* The first illegal call of a kind warns, and another thread's is not kept from the log. */
static void race_warn_before(struct race *race)
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

static void race_complete(struct race *race)
{
	race->result = dmabay_transaction_completed(race->t->transaction);
}

/* Two complete the same transfer: it is one's, and no byte of it is lost. */
static void races_completed_twice(struct kunit *test)
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

/*
 * Execute against its own end
 * ---------------------------
 * What is programmed is completed at once on the other CPU, and the transaction used
 * for something else there, while execute is on its way back on this one.
 */
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

static void races_execute_against_release(struct kunit *test)
{
	race_execute(test, race_over);
}

/* D10 */
static void races_d10_execute_against_delete(struct kunit *test)
{
	race_execute(test, race_over_and_delete);
}

static void races_execute_against_another(struct kunit *test)
{
	race_execute(test, race_over_and_again);
}

/*
 * Settings and readers against a running transaction
 * --------------------------------------------------
 */
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

static void races_readers_and_settings(struct kunit *test)
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

/*
 * The line
 * --------
 */
#define RACE_MEMBERS	4

/* One of many who wait. */
struct race_member {
	struct race_crowd *crowd;
	struct rig_transaction *t;
	struct task_struct *task;
	unsigned int ticket;
	unsigned int map_registers;
	/* by a reservation, and not by an execution; gives back inside the callback */
	bool reserves;
	bool frees;
	bool asked;
	bool granted;
};

/* Two threads, and those for whom they ask. */
struct race_crowd {
	struct race *race;
	/* asks are made in the order of their tickets */
	spinlock_t lock;
	unsigned int tickets;
	/* registers that each asks for; with more than half of them one is granted at a time */
	unsigned int least;
	atomic_t turn;
	atomic_t in_use;
	/* how grants came about */
	atomic_t at_once;
	atomic_t elsewhere;
	atomic_t inside;
	struct rnd_state random[2];
	struct race_member members[2][RACE_MEMBERS];
	bool finished;
};

static void race_give_back(struct race_member *member)
{
	struct dmabay_transaction *transaction = member->t->transaction;
	struct kunit *test = member->crowd->race->test;

	atomic_sub(member->map_registers, &member->crowd->in_use);
	if (member->reserves) {
		KUNIT_EXPECT_EQ(test, dmabay_transaction_free_reservation(transaction), 0);
		return;
	}
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed(transaction), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(transaction), 0);
}

static void race_granted(struct rig_transaction *t)
{
	struct race_member *member = t->data;
	struct race_crowd *crowd = member->crowd;
	struct kunit *test = crowd->race->test;
	int turn = atomic_inc_return(&crowd->turn);

	if (crowd->least > RACE_REGISTERS / 2)
		KUNIT_EXPECT_EQ(test, turn, member->ticket);
	KUNIT_EXPECT_LE(test, atomic_add_return(member->map_registers, &crowd->in_use),
			RACE_REGISTERS);
	if (current != member->task)
		atomic_inc(&crowd->elsewhere);
	if (member->frees) {
		atomic_inc(&crowd->inside);
		race_give_back(member);
	}
	race_hand_over(&member->granted, true);
	race_wake(crowd->race);
}

static void race_join_line(struct race_member *member, u32 random)
{
	struct race_crowd *crowd = member->crowd;
	struct kunit *test = crowd->race->test;
	struct rig_transaction *t = member->t;
	unsigned long flags;

	member->map_registers = crowd->least + (random >> 8) % (RACE_REGISTERS - crowd->least);
	member->reserves = (random & 1) && t->rig->param->profile == DMABAY_PROFILE_PACKET;
	member->frees = random & 2;
	member->granted = false;
	member->asked = true;
	if (!member->reserves)
		KUNIT_EXPECT_EQ(test, 0,
				dmabay_transaction_initialize(t->transaction, rig_program,
							      DMABAY_READ_FROM_DEVICE,
							      crowd->race->buffer->memory,
							      4096 * member->map_registers));
	spin_lock_irqsave(&crowd->lock, flags);
	member->ticket = crowd->tickets + 1;
	WRITE_ONCE(crowd->tickets, member->ticket);
	if (member->reserves)
		KUNIT_EXPECT_EQ(test, rig_reserve(t, member->map_registers), 0);
	else
		KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	spin_unlock_irqrestore(&crowd->lock, flags);
	if (race_take_over(&member->granted))
		atomic_inc(&crowd->at_once);
}

/* Do what is to do for those of one thread; how many of them have asked and are not done. */
static unsigned int race_serve(struct race_crowd *crowd, unsigned int side, bool ask)
{
	unsigned int i, asked = 0;

	for (i = 0; i < RACE_MEMBERS; i++) {
		struct race_member *member = &crowd->members[side][i];

		if (member->asked && race_take_over(&member->granted)) {
			if (!member->frees)
				race_give_back(member);
			member->asked = false;
		}
		if (!member->asked && ask)
			race_join_line(member, prandom_u32_state(&crowd->random[side]));
		asked += member->asked;
	}
	return asked;
}

/* Is there anything to do for those of one thread? */
static bool race_is_asked_for(struct race_crowd *crowd, unsigned int side)
{
	unsigned int i;

	for (i = 0; i < RACE_MEMBERS; i++) {
		struct race_member *member = &crowd->members[side][i];

		if (member->asked && race_take_over(&member->granted))
			return true;
	}
	return false;
}

/* Nobody waits for ever: those who are in line at the end, too, get what they asked for. */
static void race_serve_side(struct race_crowd *crowd, unsigned int side)
{
	struct race *race = crowd->race;
	bool ask = true, served = true;
	unsigned int i;

	for (i = 0; i < RACE_MEMBERS; i++)
		crowd->members[side][i].task = current;
	while (served && race_serve(crowd, side, ask)) {
		served = race_until(race, race_is_asked_for(crowd, side));
		KUNIT_EXPECT_TRUE_MSG(race->test, served, "forgotten in the line");
		ask = READ_ONCE(crowd->tickets) < RACE_ROUNDS &&
		      READ_ONCE(race->test->status) != KUNIT_FAILURE &&
		      !rig_time_is_up(race->rig);
		cond_resched();
	}
}

static int race_serve_other(void *data)
{
	struct race_crowd *crowd = data;

	race_serve_side(crowd, 1);
	race_hand_over(&crowd->finished, true);
	race_wake(crowd->race);
	return 0;
}

static void race_crowd(struct kunit *test, unsigned int least)
{
	struct race_crowd *crowd = kunit_kzalloc(test, sizeof(*crowd), GFP_KERNEL);
	struct race *race = race_new(rig_start(test, RACE_LENGTH, RACE_REGISTERS));
	struct race_member *member;
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, crowd);
	crowd->race = race;
	crowd->least = least;
	spin_lock_init(&crowd->lock);
	race->buffer = rig_contiguous(race->rig, 0, RACE_LENGTH);
	for (i = 0; i < 2 * RACE_MEMBERS; i++) {
		member = &crowd->members[i / RACE_MEMBERS][i % RACE_MEMBERS];
		member->crowd = crowd;
		member->t = rig_transaction(race->rig);
		member->t->data = member;
		member->t->on_reserved = race_granted;
		member->t->on_program = race_granted;
	}
	prandom_seed_state(&crowd->random[0], 1);
	prandom_seed_state(&crowd->random[1], 2);
	rig_other_start(race->rig, race_serve_other, crowd);
	race_serve_side(crowd, 0);
	KUNIT_ASSERT_TRUE(test, race_until(race, race_take_over(&crowd->finished)));
	KUNIT_EXPECT_EQ(test, atomic_read(&crowd->turn), crowd->tickets);
	KUNIT_EXPECT_EQ(test, atomic_read(&crowd->in_use), 0);
	race_expect_idle(race);
	kunit_info(test, "%d given back in the callback\n", atomic_read(&crowd->inside));
	race->won = atomic_read(&crowd->at_once);
	race->lost = atomic_read(&crowd->elsewhere);
	race_end(race, "granted at once", "granted by the other thread");
}

/* One at a time, and in the order in which they asked. */
static void races_line_is_fifo(struct kunit *test)
{
	race_crowd(test, RACE_REGISTERS / 2 + 1);
}

/* Several at a time: never more registers than there are, and nobody is forgotten. */
static void races_line_shares(struct kunit *test)
{
	race_crowd(test, 1);
}

static void race_free_inside(struct rig_transaction *t)
{
	KUNIT_EXPECT_EQ(t->rig->test, dmabay_transaction_free_reservation(t->transaction), 0);
}

static void race_note_thread(struct rig_transaction *t)
{
	struct race *race = t->data;

	race->was_first = current == t->rig->task;
}

/* Freed inside the callback on the other CPU, while somebody asks on this one. */
static void races_freed_in_callback(struct kunit *test)
{
	struct race *race = race_new(rig_start(test, RACE_LENGTH, RACE_REGISTERS));
	struct rig_transaction *t = race_transaction(race), *second = race_transaction(race);

	race->t = t;
	t->on_reserved = race_note_thread;
	second->on_reserved = race_free_inside;
	race_start(race, race_unhold);
	while (race_goes_on(race)) {
		t->reserved = 0;
		second->reserved = 0;
		rig_hold(race->rig, RACE_REGISTERS);
		KUNIT_EXPECT_EQ(test, rig_reserve(second, RACE_REGISTERS), 0);
		race_go(race);
		KUNIT_EXPECT_EQ(test, rig_reserve(t, RACE_REGISTERS), 0);
		race_meet(race);
		KUNIT_EXPECT_EQ(test, second->reserved, 1);
		KUNIT_EXPECT_EQ(test, t->reserved, 1);
		KUNIT_EXPECT_EQ(test, rig_free_registers(race->rig), 0);
		KUNIT_EXPECT_EQ(test, dmabay_transaction_free_reservation(t->transaction), 0);
		race_expect_idle(race);
		/* Granted here: it asked late. */
		race_won(race, !race->was_first);
	}
	race_end(race, "granted by who freed", "granted at once");
}

/*
 * Objects that go away
 * --------------------
 */
static void race_delete_there(struct race *race)
{
	dmabay_transaction_delete(race->t->transaction);
}

/* Who holds a reference is served, or refused. */
static void races_delete_against_calls(struct kunit *test)
{
	struct race *race = race_new(rig_start(test, RACE_LENGTH, RACE_REGISTERS));
	bool packet = race->rig->param->profile == DMABAY_PROFILE_PACKET;
	struct rig_transaction *t = race_transaction(race);
	int ret;

	race->t = t;
	race->buffer = rig_contiguous(race->rig, 0, 4096);
	rig_delete(t);
	race_start(race, race_delete_there);
	while (race_goes_on(race)) {
		race_create(race);
		dmabay_transaction_get(t->transaction);
		race_go(race);
		if (packet)
			ret = rig_reserve(t, RACE_REGISTERS);
		else
			ret = dmabay_transaction_initialize(t->transaction, rig_program,
							    DMABAY_READ_FROM_DEVICE,
							    race->buffer->memory, 4096);
		race_meet(race);
		KUNIT_EXPECT_TRUE(test, !ret || ret == -EBADFD);
		KUNIT_EXPECT_LE(test, race->calls, packet && !ret);
		KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), -EBADFD);
		race_expect_idle(race);
		dmabay_transaction_put(t->transaction);
		t->transaction = NULL;
		race_won(race, !ret);
	}
	race_end(race, "called", "deleted");
}

/* Both CPUs have some, and each replaces its own by others. */
static void race_replace_buffer(struct race *race, struct dmabay_common_buffer **buffer,
				u8 mark, u32 random)
{
	struct kunit *test = race->test;
	void *vaddr;

	if (*buffer) {
		vaddr = dmabay_common_buffer_vaddr(*buffer);
		KUNIT_EXPECT_NULL(test, memchr_inv(vaddr, mark,
						   dmabay_common_buffer_length(*buffer)));
		dmabay_common_buffer_delete(*buffer);
	}
	KUNIT_EXPECT_EQ(test, 0,
			dmabay_common_buffer_create(race->rig->enabler, 1 + random % 12000,
						    buffer));
	if (!*buffer)
		return;
	vaddr = dmabay_common_buffer_vaddr(*buffer);
	KUNIT_EXPECT_NULL(test, memchr_inv(vaddr, 0, dmabay_common_buffer_length(*buffer)));
	memset(vaddr, mark, dmabay_common_buffer_length(*buffer));
}

static int race_replace_buffers(void *data)
{
	struct dmabay_common_buffer *buffers[4] = {};
	struct race *race = data;
	struct rnd_state random;

	prandom_seed_state(&random, 2);
	while (!kthread_should_stop()) {
		race_replace_buffer(race, &buffers[race->lost % 4], 2, prandom_u32_state(&random));
		race->lost++;
		cond_resched();
	}
	return 0;
}

/* Their bytes are nobody else's; what is left goes with the enabler. */
static void races_common_buffers(struct kunit *test)
{
	struct race *race = race_new(rig_start(test, 4096, 2));
	struct dmabay_common_buffer *buffers[4] = {};
	struct rnd_state random;

	prandom_seed_state(&random, 1);
	rig_other_start(race->rig, race_replace_buffers, race);
	while (race->won < RACE_ROUNDS && !rig_time_is_up(race->rig)) {
		race_replace_buffer(race, &buffers[race->won % 4], 1, prandom_u32_state(&random));
		race->won++;
		cond_resched();
	}
	race_end(race, "made here", "made there");
}

static void race_unlink(struct race *race)
{
	struct dmabay_memory *memory = dmabay_memory_get(race->buffer->memory);

	race->result = dmabay_transaction_unlink(race->t->transaction,
						 race->done % 2 ? memory : NULL);
	dmabay_memory_put(memory);
}

/* A transfer of kept memory that is to be unlinked: before it, or not now. */
static void races_unlink_against_transfer(struct kunit *test)
{
	struct race *race = race_new(rig_prepare(test));
	struct dmabay_enabler_config config = rig_config(race->rig, RACE_LENGTH, RACE_REGISTERS);
	struct rig_transaction *t;

	config.flags = DMABAY_ENABLER_KEEP_LINKS;
	rig_enable(race->rig, &config);
	t = race_transaction(race);
	race->t = t;
	race->buffer = rig_contiguous(race->rig, 0, 8192);
	KUNIT_ASSERT_EQ(test, rig_reserve(t, RACE_REGISTERS), 0);
	race_start(race, race_unlink);
	while (race_goes_on(race)) {
		rig_initialize(t, race->buffer, 8192);
		race_go(race);
		KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
		race_meet(race);
		KUNIT_EXPECT_TRUE(test, !race->result || race->result == -EBUSY);
		KUNIT_ASSERT_EQ(test, race->calls, 1);
		rig_transfer_write(t, 0, RACE_PIECE, race->begun);
		KUNIT_EXPECT_EQ(test, dmabay_transaction_completed(t->transaction), 0);
		KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
		KUNIT_EXPECT_EQ(test, rig_matching(race->buffer, 0, RACE_PIECE, race->begun),
				RACE_PIECE);
		race_won(race, race->result == -EBUSY);
	}
	race_end(race, "transferred", "unlinked");
}

/*
 * A failure that nobody waits for
 * -------------------------------
 */
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
static void races_failed_against_another(struct kunit *test)
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

/* Behind an IOMMU with the iova provider only: who wins is not the provider's affair. */
static const void *race_next_provider(struct kunit *test, const void *previous, char *description,
				      const void *(*next)(struct kunit *, const void *, char *))
{
	const struct rig_provider *provider = previous;

	do {
		provider = next(test, provider, description);
	} while (provider && provider->translated && provider->provider != DMABAY_PROVIDER_IOVA);
	return provider;
}

static const void *race_gen_params(struct kunit *test, const void *previous, char *description)
{
	return race_next_provider(test, previous, description, rig_gen_params);
}

static const void *race_lists_gen_params(struct kunit *test, const void *previous,
					 char *description)
{
	return race_next_provider(test, previous, description, rig_lists_gen_params);
}

static const void *race_profiles_gen_params(struct kunit *test, const void *previous,
					    char *description)
{
	return race_next_provider(test, previous, description, rig_profiles_gen_params);
}

static struct kunit_case races_cases[] = {
	RIG_SLOW(races_k12_cancel_reservation, race_gen_params),
	RIG_SLOW(races_k12_cancel_execution, race_profiles_gen_params),
	RIG_SLOW(races_k12_cancel_between_transfers, race_lists_gen_params),
	RIG_SLOW(races_cancel_channel, race_gen_params),
	RIG_SLOW(races_cancel_list, race_lists_gen_params),
	RIG_SLOW(races_free_reservation_pending, race_gen_params),
	RIG_SLOW(races_release_pending, race_gen_params),
	RIG_SLOW(races_delete_pending, race_gen_params),
	RIG_SLOW(races_d06_completed_elsewhere, race_profiles_gen_params),
	RIG_SLOW(races_completed_twice, race_profiles_gen_params),
	RIG_SLOW(races_execute_against_release, race_profiles_gen_params),
	RIG_SLOW(races_d10_execute_against_delete, race_profiles_gen_params),
	RIG_SLOW(races_execute_against_another, race_profiles_gen_params),
	RIG_SLOW(races_readers_and_settings, race_profiles_gen_params),
	RIG_SLOW(races_line_is_fifo, race_profiles_gen_params),
	RIG_SLOW(races_line_shares, race_profiles_gen_params),
	RIG_SLOW(races_freed_in_callback, race_gen_params),
	RIG_SLOW(races_delete_against_calls, race_profiles_gen_params),
	RIG_SLOW(races_common_buffers, race_gen_params),
	RIG_SLOW(races_unlink_against_transfer, race_gen_params),
	RIG_SLOW(races_failed_against_another, race_profiles_gen_params),
	{}
};

struct kunit_suite dmabay_races_suite = {
	.name = "dmabay_races",
	.exit = rig_end,
	.test_cases = races_cases,
};
kunit_test_suite(dmabay_races_suite);
