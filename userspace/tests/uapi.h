/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel interface, broken on purpose: a file of the software device, with a buffer
 * and a reservation. Whatever a test does, they work on when it is over, and nothing
 * was lost or left.
 */
#ifndef DMABAY_TESTS_UAPI_H
#define DMABAY_TESTS_UAPI_H

#include <sys/time.h>

#include "common.h"

FIXTURE(uapi)
{
	char path[64];
	struct dmabay *bay;
	int fd;
	int other;			/* a file of its own, for what cannot be undone */
	struct dmabay_info info;
	unsigned char *memory;		/* two pages, registered */
	uint32_t buffer;
	uint32_t reservation;
	struct dmabay_transfer transfer;
	struct dmabay_completion completion;
	struct state before;
};

FIXTURE_SETUP(uapi)
{
	if (!find_node("soft", self->path, sizeof(self->path)))
		SKIP(return, "there is no software device");
	ASSERT_EQ(0, dmabay_open(&self->bay, self->path, O_RDWR));
	self->fd = dmabay_fd(self->bay);
	ASSERT_EQ(0, dmabay_info(self->bay, &self->info));
	self->memory = map_pages(2 * PAGE);
	ASSERT_NE(NULL, self->memory);
	fill(self->memory, 2 * PAGE, SENT, 1);
	ASSERT_EQ(0, dmabay_register(self->bay, self->memory, 2 * PAGE, 0, &self->buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 2, 4, 0, &self->reservation));
	ASSERT_EQ(0, state_read(self->bay, &self->before));
}

FIXTURE_TEARDOWN(uapi)
{
	struct state after;

	EXPECT_EQ(0, good_transfer(self->bay));
	EXPECT_EQ(0, transfer_wait(self->bay, self->reservation, self->buffer, 0, PAGE, 0,
				   DMABAY_TO_DEVICE));
	EXPECT_EQ(0, state_read(self->bay, &after));
	EXPECT_STATE(&self->before, &after);
	EXPECT_EQ(0, dmabay_free(self->bay, self->reservation));
	EXPECT_EQ(0, dmabay_unregister(self->bay, self->buffer));
	dmabay_close(self->bay);
	EXPECT_NOTHING_LEFT(self->path);
}

/* ---- signals ---- */

static inline void on_alarm(int signal_number)
{
	(void)signal_number;
}

/* Again and again: the first one may come before the wait that it is to end. */
static inline void keep_ringing(bool on)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval timer = { { 0, on ? 50000 : 0 }, { 0, on ? 50000 : 0 } };

	if (on)
		sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

#endif /* DMABAY_TESTS_UAPI_H */
