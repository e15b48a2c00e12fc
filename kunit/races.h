/* SPDX-License-Identifier: GPL-2.0-only */
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
 *
 *  - races.c: the rounds;
 *  - races_cancel.c: whoever leaves the line while it is granted;
 *  - races_completion.c: completion against the callback that programs;
 *  - races_execute.c: what is over before execute has returned;
 *  - races_readers.c: settings and readers of a transaction that runs;
 *  - races_line.c: many who wait;
 *  - races_objects.c: objects that go away;
 *  - races_kunit.c: the tests, and over which providers each is run.
 */
#ifndef _DMABAY_RACES_H
#define _DMABAY_RACES_H

#include <linux/atomic.h>
#include <linux/wait.h>

#include "rig.h"

/* Rounds of a race, or as many as there is time for. */
#define RACE_ROUNDS	100000

/* Of most rigs; the reservation, or the transfer, that takes them all. */
#define RACE_REGISTERS	17
#define RACE_LENGTH	65536

/* One transfer of a transaction that has many. */
#define RACE_PIECE	64

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

struct race *race_new(struct rig *rig);
void race_start(struct race *race, void (*other)(struct race *race));
/* Another round? */
bool race_goes_on(struct race *race);
/* Both do their parts from here on; if the other one takes long to wake up, this one alone. */
void race_go(struct race *race);
/* Both have done their parts. */
void race_meet(struct race *race);
/* Whoever was first starts later next time; the faster, the longer it goes on so. */
void race_won(struct race *race, bool won);
/* The last round is over: has either side won? */
void race_end(struct race *race, const char *won, const char *lost);
/* What the other one may be waiting for was handed over. */
void race_wake(struct race *race);

/* Nothing is out, and nobody waits. */
void race_expect_idle(struct race *race);
/* A transaction whose callbacks are counted, by race_called(). */
struct rig_transaction *race_transaction(struct race *race);
void race_called(struct rig_transaction *t);
void race_create(struct race *race);
/* What all wait for is given back; on the other CPU. */
void race_unhold(struct race *race);
/* The first illegal call of a kind warns, and another thread's is not kept from the log. */
void race_warn_before(struct race *race);

/* races_cancel.c */
void races_k12_cancel_reservation(struct kunit *test);
void races_k12_cancel_execution(struct kunit *test);
void races_k12_cancel_between_transfers(struct kunit *test);
void races_cancel_channel(struct kunit *test);
void races_cancel_list(struct kunit *test);
void races_free_reservation_pending(struct kunit *test);
void races_release_pending(struct kunit *test);
void races_delete_pending(struct kunit *test);

/* races_completion.c */
void races_d06_completed_elsewhere(struct kunit *test);
void races_completed_twice(struct kunit *test);

/* races_execute.c */
void races_execute_against_release(struct kunit *test);
void races_d10_execute_against_delete(struct kunit *test);
void races_execute_against_another(struct kunit *test);
void races_failed_against_another(struct kunit *test);

/* races_readers.c */
void races_readers_and_settings(struct kunit *test);

/* races_line.c */
void races_line_is_fifo(struct kunit *test);
void races_line_shares(struct kunit *test);
void races_freed_in_callback(struct kunit *test);

/* races_objects.c */
void races_delete_against_calls(struct kunit *test);
void races_common_buffers(struct kunit *test);
void races_unlink_against_transfer(struct kunit *test);

#endif /* _DMABAY_RACES_H */
