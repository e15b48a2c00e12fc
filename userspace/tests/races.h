/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What races are made of: threads that begin at the same moment and are waited for
 * with patience.
 */
#ifndef DMABAY_TESTS_RACES_H
#define DMABAY_TESTS_RACES_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/prctl.h>

#include "common.h"

/* fork(), but the child does not outlive a test that fails. */
static inline pid_t send_child(void)
{
	pid_t child = fork();

	if (!child)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return child;
}

static inline bool one_processor(void)
{
	return sysconf(_SC_NPROCESSORS_ONLN) == 1;
}

/* The calling thread stays on one processor, where there is more than one. */
static inline void stay_on(unsigned int processor)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(processor, &set);
	if (!one_processor())
		sched_setaffinity(0, sizeof(set), &set);
}

/* @rounds, and fewer on a machine that is slow or has nobody to race against. */
static inline unsigned int rounds_here(unsigned int rounds)
{
	if (getenv("DMABAY_QUICK"))
		rounds /= 5;
	if (one_processor())
		rounds /= 5;
	return rounds > 2 ? rounds : 2;
}

/*
 * How many rounds are left, as long as there is time: a test that has had its share
 * says how far it came. There are more of both where DMABAY_SOAK is in the environment.
 */
struct rounds {
	unsigned int done;
	unsigned int wanted;
	uint64_t end;
};

#define SHARE		(3 * SECOND)
#define MOST_SHARES	4u

static inline struct rounds so_many(unsigned int wanted)
{
	unsigned int times = repeated(1, 1);

	return (struct rounds){
		.wanted = wanted * times,
		.end = dmabay_deadline(SHARE * (times < MOST_SHARES ? times : MOST_SHARES)),
	};
}

static inline bool another(const struct rounds *rounds)
{
	return rounds->done < rounds->wanted && (!rounds->done || dmabay_deadline(0) < rounds->end);
}

/* Nobody goes on before all are here; nothing sleeps, so they go on together. */
static inline void meet(atomic_uint *here, unsigned int all)
{
	atomic_fetch_add(here, 1);
	while (atomic_load(here) < all)
		sched_yield();
}

/* Awake, because a sleep takes as long as the timer likes. Not at all if negative. */
static inline void linger(int64_t nanoseconds)
{
	uint64_t end = dmabay_deadline(0);

	if (nanoseconds > 0)
		end += (uint64_t)nanoseconds;
	while (dmabay_deadline(0) < end)
		sched_yield();
}

static inline uint64_t random_below(uint64_t limit)
{
	return (uint64_t)random() % limit;
}

/*
 * How long the one waits that goes after the other, so that the two stay close: longer
 * when it came first, shorter when it came last; below zero it is the other who waits.
 * The steps grow until the two have changed places, and shrink when they have.
 */
struct balance {
	int64_t delay;	/* ns */
	int64_t step;
};

#define SMALLEST_STEP	INT64_C(4000)
#define LARGEST_DELAY	INT64_C(20000000)

static inline int64_t balanced_delay(const struct balance *balance)
{
	int64_t chance = (int64_t)random_below(2 * SMALLEST_STEP) - SMALLEST_STEP;

	return balance->delay + chance * (balance->step ? llabs(balance->step) / SMALLEST_STEP : 1);
}

static inline void rebalance(struct balance *balance, bool late)
{
	int64_t step = late ? -SMALLEST_STEP : SMALLEST_STEP;

	if ((balance->step < 0) == late && balance->step)
		step = balance->step * 2;
	else if (llabs(balance->step) / 4 > SMALLEST_STEP)
		step = -balance->step / 4;
	balance->step = step;
	balance->delay += step;
	if (llabs(balance->delay) > LARGEST_DELAY)
		*balance = (struct balance){ };
}

/* Returns 0, or ETIMEDOUT: a thread that has lost its wakeup does not end. */
static inline int join_thread(pthread_t thread)
{
	uint64_t end = dmabay_deadline(PATIENCE);
	struct timespec time = {
		.tv_sec = (time_t)(end / SECOND),
		.tv_nsec = (long)(end % SECOND),
	};

	return pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, &time);
}

#endif /* DMABAY_TESTS_RACES_H */
