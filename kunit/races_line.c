// SPDX-License-Identifier: GPL-2.0-only
/*
 * The line: two threads ask for many, and give back. Each is granted once, in its turn,
 * and nobody is forgotten.
 */
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

#include "races.h"

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
void races_line_is_fifo(struct kunit *test)
{
	race_crowd(test, RACE_REGISTERS / 2 + 1);
}

/* Several at a time: never more registers than there are, and nobody is forgotten. */
void races_line_shares(struct kunit *test)
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
void races_freed_in_callback(struct kunit *test)
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
