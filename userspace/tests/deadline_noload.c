// SPDX-License-Identifier: GPL-2.0-only
/*
 * Deadlines of transfers: what has not started when its time is up never starts; what
 * runs ends with the piece that the device works on; what was done in time was done.
 * Each ends once, and the reservation works on.
 *
 * Loads and unloads the modules itself.
 */
#include "races.h"
#include "worker.h"

static void submit_until(struct __test_metadata *_metadata, const fixture *self, uint64_t slot,
			 uint64_t deadline)
{
	struct dmabay_transfer transfer = into_slot(self, slot, LENGTH);

	transfer.deadline = deadline;
	submit(_metadata, self, &transfer);
}

/* They end in the order of their deadlines, before the one that is ahead of all. */
TEST_F_TIMEOUT(worker, not_started, LONG_TEST)
{
	uint64_t now = dmabay_deadline(0);

	set_delay(_metadata, 1000);
	submit_until(_metadata, self, 0, 0);
	submit_until(_metadata, self, 1, now + SECOND);
	submit_until(_metadata, self, 2, now + 400 * MILLISECOND);
	submit_until(_metadata, self, 3, 1);
	EXPECT_EQ(0, expect_end(_metadata, self, 3, -ETIMEDOUT));
	EXPECT_EQ(0, expect_end(_metadata, self, 2, -ETIMEDOUT));
	EXPECT_EQ(0, expect_end(_metadata, self, 1, -ETIMEDOUT));
	expect_no_more(_metadata, self);
	set_delay(_metadata, 0);
	EXPECT_EQ(LENGTH, expect_end(_metadata, self, 0, 0));
	expect_no_more(_metadata, self);
}

/* Its pieces take eight times as long as it has. */
TEST_F_TIMEOUT(worker, running, LONG_TEST)
{
	struct dmabay_counters before, after;

	ASSERT_EQ(0, dmabay_counters(self->bay, &before));
	set_delay(_metadata, 300);
	submit_until(_metadata, self, 0, dmabay_deadline(300 * MILLISECOND));
	submit_until(_metadata, self, 1, 0);
	EXPECT_GT(LENGTH, expect_end(_metadata, self, 0, -ETIMEDOUT));
	set_delay(_metadata, 0);
	EXPECT_EQ(LENGTH, expect_end(_metadata, self, 1, 0));
	expect_no_more(_metadata, self);
	/* The device was not at fault. */
	ASSERT_EQ(0, dmabay_counters(self->bay, &after));
	EXPECT_EQ(before.errors + 1, after.errors);
	EXPECT_EQ(before.timeouts, after.timeouts);
}

/* It has one piece, which is finished, if late. */
TEST_F_TIMEOUT(worker, running_to_its_end, LONG_TEST)
{
	struct dmabay_transfer transfer = into_slot(self, 0, PAGE);

	set_delay(_metadata, 1500);
	transfer.deadline = dmabay_deadline(500 * MILLISECOND);
	submit(_metadata, self, &transfer);
	EXPECT_EQ(PAGE, expect_end(_metadata, self, 0, 0));
	expect_no_more(_metadata, self);
}

/* When the deadlines pass, there is nobody left to whom they matter. */
TEST_F_TIMEOUT(worker, done_in_time, LONG_TEST)
{
	const uint64_t time = SECOND;
	uint32_t first = self->reservation, reservation;

	ASSERT_EQ(0, dmabay_reserve(self->bay, 2, 1, 0, &reservation));
	self->reservation = reservation;
	submit_until(_metadata, self, 0, dmabay_deadline(PATIENCE));
	EXPECT_EQ(LENGTH, expect_end(_metadata, self, 0, 0));
	EXPECT_EQ(0, dmabay_free(self->bay, reservation));

	self->reservation = first;
	submit_until(_metadata, self, 1, dmabay_deadline(time));
	submit_until(_metadata, self, 2, dmabay_deadline(PATIENCE));
	submit_until(_metadata, self, 3, INT64_MAX);
	for (uint64_t slot = 1; slot < SLOTS; slot++)
		EXPECT_EQ(LENGTH, expect_end(_metadata, self, slot, 0));
	pause_for(time);
	expect_no_more(_metadata, self);
}

/* A cancelled one is cancelled, and its deadline is nobody's any more. */
TEST_F_TIMEOUT(worker, cancelled_before, LONG_TEST)
{
	const uint64_t time = 500 * MILLISECOND;
	uint32_t running;

	set_delay(_metadata, 1000);
	submit_until(_metadata, self, 0, 0);
	submit_until(_metadata, self, 1, dmabay_deadline(time));
	EXPECT_EQ(1, dmabay_cancel(self->bay, DMABAY_CANCEL_COOKIE, 0, 1, &running));
	EXPECT_EQ(0, expect_end(_metadata, self, 1, -ECANCELED));
	/* The same slot, without a deadline this time. */
	submit_until(_metadata, self, 1, 0);
	pause_for(time);
	expect_no_more(_metadata, self);
	set_delay(_metadata, 0);
	EXPECT_EQ(LENGTH, expect_end(_metadata, self, 0, 0));
	EXPECT_EQ(LENGTH, expect_end(_metadata, self, 1, 0));
}

/* ---- DMABAY_ONCE ---- */

/* Into slot 0, which has as many bytes of the device's as it says. */
static int64_t receive_until(struct __test_metadata *_metadata, const fixture *self,
			     uint64_t deadline)
{
	int64_t moved = dmabay_once_until(self->bay, self->memory, LENGTH, 0, DMABAY_FROM_DEVICE,
					  deadline);

	expect_moved(_metadata, self, 0, moved > 0 ? moved : 0);
	return moved;
}

TEST_F(worker, once_too_late)
{
	EXPECT_EQ(-ETIMEDOUT, receive_until(_metadata, self, 1));
	EXPECT_EQ(LENGTH, receive_until(_metadata, self, dmabay_deadline(PATIENCE)));
}

/* Its pieces take eight times as long as it has; some are moved, or it is too late for any. */
TEST_F_TIMEOUT(worker, once_running, LONG_TEST)
{
	int64_t moved;

	set_delay(_metadata, 300);
	moved = receive_until(_metadata, self, dmabay_deadline(300 * MILLISECOND));
	EXPECT_TRUE(moved == -ETIMEDOUT || (moved > 0 && moved < LENGTH)) TH_LOG("%" PRId64, moved);
}

struct receiver {
	struct __test_metadata *_metadata;
	const fixture *self;
	int64_t result;
};

static void *receive(void *context)
{
	struct receiver *receiver = context;

	receiver->result = receive_until(receiver->_metadata, receiver->self, 0);
	return NULL;
}

/* One of a file runs at a time. */
TEST_F_TIMEOUT(worker, once_behind_another, LONG_TEST)
{
	struct receiver first = { ._metadata = _metadata, .self = self };
	struct dmabay_counters before, after;
	pthread_t thread;

	ASSERT_EQ(0, dmabay_counters(self->bay, &before));
	set_delay(_metadata, 2000);
	ASSERT_EQ(0, pthread_create(&thread, NULL, receive, &first));
	do {
		pause_for(10 * MILLISECOND);
		ASSERT_EQ(0, dmabay_counters(self->bay, &after));
	} while (after.mapped == before.mapped);

	EXPECT_EQ(-ETIMEDOUT, dmabay_once_until(self->bay, slot_page(self, 1, 0), PAGE, 0,
						DMABAY_FROM_DEVICE,
						dmabay_deadline(200 * MILLISECOND)));
	set_delay(_metadata, 0);
	pthread_join(thread, NULL);
	EXPECT_EQ(LENGTH, first.result);
	ASSERT_EQ(0, dmabay_counters(self->bay, &after));
	EXPECT_EQ(before.transfers + 1, after.transfers);
	expect_moved(_metadata, self, 1, 0);
}

/* ---- many ---- */

enum { NEVER, PASSED, SOON, LATER, KINDS };

static void deadline_by_cookie(struct dmabay_transfer *transfer)
{
	switch (transfer->cookie % KINDS) {
	case PASSED:
		transfer->deadline = 1 + transfer->cookie;
		break;
	case SOON:
		transfer->deadline = dmabay_deadline(random_below(600 * MILLISECOND));
		break;
	case LATER:
		transfer->deadline = dmabay_deadline(PATIENCE + random_below(PATIENCE));
		break;
	default:
		transfer->deadline = 0;
	}
}

struct tally {
	uint32_t late[KINDS];
	uint32_t done[KINDS];
};

static void count_late(struct __test_metadata *_metadata,
		       const struct dmabay_completion *completion, void *context)
{
	unsigned int kind = completion->cookie % KINDS;
	struct tally *tally = context;

	EXPECT_TRUE(!completion->status || completion->status == -ETIMEDOUT);
	if (completion->status)
		tally->late[kind]++;
	else
		tally->done[kind]++;
}

/* All that a reservation can hold, each with another deadline, or none. */
TEST_F_TIMEOUT(worker, full_reservation, LONG_TEST)
{
	uint32_t each = self->info.max_depth / KINDS, reservation;
	struct tally tally = { };

	ASSERT_EQ(0, self->info.max_depth % KINDS);
	srandom(6);
	set_delay(_metadata, 300);
	reservation = fill_reservation(_metadata, self, deadline_by_cookie);
	set_delay(_metadata, 0);
	drain_reservation(_metadata, self, count_late, &tally);
	EXPECT_EQ(each, tally.done[NEVER]);
	EXPECT_EQ(each, tally.late[PASSED]);
	EXPECT_EQ(each, tally.done[LATER]);
	EXPECT_EQ(each, tally.late[SOON] + tally.done[SOON]);
	TH_LOG("%u of %u ended in time", tally.done[SOON], each);
	EXPECT_EQ(0, dmabay_free(self->bay, reservation));
}

/* ---- at the edge ---- */

#define EDGE_PAGES	2u
#define EDGE		(EDGE_PAGES * PAGE)

/* What is in a slot is what was told: so many bytes of the device's, and the old ones. */
static bool is_true(const fixture *self, const struct dmabay_completion *completion,
		    const unsigned char *sent, const unsigned char *old)
{
	const unsigned char *slot = slot_page(self, completion->cookie, 0);
	uint64_t length = completion->length;

	if (completion->status ? length >= EDGE : length != EDGE)
		return false;
	return !memcmp(slot, sent, length) && !memcmp(slot + length, old, EDGE - length);
}

/* The deadline passes while the device is about to be done: it is one of the two. */
TEST_F_TIMEOUT(worker, at_the_edge, LONG_TEST)
{
	struct rounds rounds = so_many(rounds_here(20000));
	uint64_t time = 200 * MILLISECOND / 1000;
	unsigned int done = 0, late = 0, wrong = 0;
	unsigned char sent[EDGE], old[EDGE];

	for (unsigned int page = 0; page < EDGE_PAGES; page++)
		fill(sent + page * PAGE, PAGE, SENT, page);
	memset(old, BLANK, EDGE);
	srandom(40);
	for (; another(&rounds); rounds.done++) {
		unsigned int seen = 0, late_before = late;

		for (uint64_t slot = 0; slot < SLOTS; slot++)
			memset(slot_page(self, slot, 0), BLANK, EDGE);
		for (uint64_t slot = 0; slot < SLOTS; slot++) {
			struct dmabay_transfer transfer = into_slot(self, slot, EDGE);

			transfer.deadline = dmabay_deadline(random_below(time));
			submit(_metadata, self, &transfer);
		}
		for (uint64_t i = 0; i < SLOTS; i++) {
			struct dmabay_completion completion;

			ASSERT_EQ(1, dmabay_wait(self->bay, &completion, 1, 1,
						 dmabay_deadline(PATIENCE)));
			ASSERT_GT(SLOTS, completion.cookie);
			EXPECT_TRUE(!completion.status || completion.status == -ETIMEDOUT);
			EXPECT_FALSE(seen & 1u << completion.cookie);
			seen |= 1u << completion.cookie;
			wrong += !is_true(self, &completion, sent, old);
			if (completion.status)
				late++;
			else
				done++;
		}
		expect_no_more(_metadata, self);
		/* As many of the one as of the other. */
		time = late - late_before > SLOTS / 2 ? time + time / 8 : time - time / 8;
		if (time < MILLISECOND / 100)
			time = MILLISECOND / 100;
	}
	EXPECT_EQ(0, wrong);
	EXPECT_LT(0, done);
	EXPECT_LT(0, late);
	FIGURE("R40", "%u wrong outcomes of %u: %u done in time, %u too late", wrong, done + late,
	       done, late);
}

/* The file goes with its transfers, and with the timer that is set for them. */
TEST_F_TIMEOUT(worker, closed_before, LONG_TEST)
{
	struct dmabay *bay = self->bay;
	uint32_t buffer = self->buffer, reservation = self->reservation;

	for (unsigned int i = 0; i < 20; i++) {
		ASSERT_EQ(0, dmabay_open(&self->bay, dmabay_path(bay), O_RDWR));
		ASSERT_EQ(0, dmabay_register(self->bay, self->memory, SLOTS * LENGTH, 0,
					     &self->buffer));
		ASSERT_EQ(0, dmabay_reserve(self->bay, 2, SLOTS, 0, &self->reservation));
		set_delay(_metadata, 5);
		for (uint64_t slot = 0; slot < SLOTS; slot++)
			submit_until(_metadata, self, slot,
				     dmabay_deadline(random_below(10 * MILLISECOND)));
		dmabay_close(self->bay);
	}
	self->bay = bay;
	self->buffer = buffer;
	self->reservation = reservation;
}

TEST_HARNESS_MAIN
