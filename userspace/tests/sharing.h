/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Processes that share a device: what they tell each other, and how they are waited for.
 */
#ifndef DMABAY_TESTS_SHARING_H
#define DMABAY_TESTS_SHARING_H

#include <stdatomic.h>
#include <sys/prctl.h>

#include "common.h"

#define MEMBERS	4u

/* Shared memory. */
struct board {
	atomic_uint turn;		/* how many have had theirs */
	atomic_uint turns[MEMBERS];	/* counted from 1: when each had its own */
	atomic_uint released[MEMBERS];	/* it may go on */
};

static inline struct board *make_board(void)
{
	void *board = mmap(NULL, sizeof(struct board), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	return board == MAP_FAILED ? NULL : board;
}

/* Whether it comes to be so many, within PATIENCE. */
static inline bool saw(atomic_uint *number, unsigned int wanted)
{
	uint64_t end = dmabay_deadline(PATIENCE);

	while (atomic_load(number) != wanted && dmabay_deadline(0) < end)
		pause_for(MILLISECOND);
	return atomic_load(number) == wanted;
}

static inline void take_turn(struct board *board, unsigned int member)
{
	atomic_store(&board->turns[member], atomic_fetch_add(&board->turn, 1) + 1);
}

/* fork(), but the child does not outlive a test that fails. */
static inline pid_t send_member(void)
{
	pid_t child = fork();

	if (!child)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return child;
}

static inline void expect_exit(struct __test_metadata *_metadata, pid_t child)
{
	int status = -1;

	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status) TH_LOG("step %d failed", WEXITSTATUS(status));
}

static inline void expect_killed(struct __test_metadata *_metadata, pid_t child)
{
	int status = 0;

	EXPECT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status)) TH_LOG("it ended by itself: 0x%x", status);
}

#endif /* DMABAY_TESTS_SHARING_H */
