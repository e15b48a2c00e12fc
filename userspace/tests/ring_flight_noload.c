// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rings and transfers that stay under way: completions that come when there is no place for
 * them, transfers that wait for a slot, and everything that can come between a transfer and
 * its completion: a cancel, a kill, an exec, the end of the device.
 *
 * Loads and unloads the modules itself.
 */
#include "races.h"
#include "ring.h"
#include "worker.h"

#define ENTRIES	8u

/* Rings of a second file: that of the fixture is as it was when a test is over. */
struct flight {
	fixture worker;
	struct rings rings;
	pthread_t poller;
	int poller_said;
};

static void begin(struct __test_metadata *_metadata, const fixture *worker, struct flight *self,
		  uint32_t completions)
{
	fixture *own = &self->worker;

	*self = (struct flight){ .worker = *worker };
	ASSERT_EQ(0, dmabay_open(&own->bay, dmabay_path(worker->bay), O_RDWR));
	ASSERT_EQ(0, dmabay_register(own->bay, own->memory, SLOTS * LENGTH, 0, &own->buffer));
	ASSERT_EQ(0, dmabay_reserve(own->bay, 2, SLOTS, 0, &own->reservation));
	if (completions)
		ASSERT_EQ(0, open_rings(dmabay_fd(own->bay), ENTRIES, completions, &self->rings));
}

static void finish(struct __test_metadata *_metadata, struct flight *self)
{
	EXPECT_EQ(0, munmap(self->rings.head, self->rings.made.length));
	dmabay_close(self->worker.bay);
}

/* So many of the slots, a page each, whose cookies begin with @cookie. */
static void put_slots(struct flight *self, uint64_t cookie, uint64_t count)
{
	for (uint64_t slot = 0; slot < count; slot++) {
		struct dmabay_transfer transfer = into_slot(&self->worker, slot % SLOTS, PAGE);

		transfer.cookie = cookie + slot;
		put_transfer(&self->rings, &transfer);
	}
}

static void expect_slots(struct __test_metadata *_metadata, struct flight *self, uint64_t cookie,
			 uint64_t count)
{
	for (uint64_t slot = 0; slot < count; slot++)
		expect_in_ring(_metadata, &self->rings, cookie + slot, 0, PAGE);
}

/* When all have ended, as the device says. */
static void wait_for_transfers(struct __test_metadata *_metadata, const struct flight *self,
			       uint64_t wanted)
{
	uint64_t end = dmabay_deadline(PATIENCE);
	struct dmabay_counters counters;

	do {
		ASSERT_EQ(0, dmabay_counters(self->worker.bay, &counters));
		if (counters.transfers == wanted)
			break;
		pause_for(MILLISECOND);
	} while (dmabay_deadline(0) < end);
	ASSERT_EQ(wanted, counters.transfers);
	/* It is counted before it is told. When nothing can be cancelled, it was told. */
	ASSERT_EQ(0, dmabay_cancel(self->worker.bay, 0, 0, 0, NULL));
}

static uint64_t transfers_now(struct __test_metadata *_metadata, const struct flight *self)
{
	struct dmabay_counters counters;

	ASSERT_EQ(0, dmabay_counters(self->worker.bay, &counters));
	return counters.transfers;
}

/* ---- the poller ---- */

static void *be_poller(void *context)
{
	struct flight *self = context;

	self->poller_said = enter_with(&self->rings, DMABAY_ENTER_POLL, MILLISECOND, 0);
	return NULL;
}

static void start_poller(struct __test_metadata *_metadata, struct flight *self)
{
	ASSERT_EQ(0, pthread_create(&self->poller, NULL, be_poller, self));
}

static void expect_poller(struct __test_metadata *_metadata, struct flight *self, int said)
{
	ASSERT_EQ(0, pthread_join(self->poller, NULL));
	EXPECT_EQ(said, self->poller_said);
}

static void stop_poller(struct __test_metadata *_metadata, struct flight *self)
{
	EXPECT_EQ(0, enter_with(&self->rings, DMABAY_ENTER_STOP, 0, 0));
	expect_poller(_metadata, self, -ECANCELED);
}

/* ---- no place ---- */

/* They end while two fit; the others follow in their order, however late. */
TEST_F_TIMEOUT(worker, overflow, LONG_TEST)
{
	struct flight flight;
	struct rings *rings = &flight.rings;
	uint64_t before;

	begin(_metadata, self, &flight, 2);
	before = transfers_now(_metadata, &flight);
	set_delay(_metadata, 1000);
	put_slots(&flight, 0, SLOTS);
	EXPECT_EQ(SLOTS, enter(rings, SLOTS, 0));
	set_delay(_metadata, 0);
	wait_for_transfers(_metadata, &flight, before + SLOTS);
	EXPECT_EQ(2, unread(rings));
	EXPECT_EQ(DMABAY_COMPLETION_OVERFLOW, rings->head->completion_flags);
	expect_slots(_metadata, &flight, 0, 1);
	EXPECT_EQ(0, enter(rings, 0, 2));
	expect_slots(_metadata, &flight, 1, 2);
	EXPECT_EQ(0, enter(rings, 0, 1));
	EXPECT_EQ(0, rings->head->completion_flags);
	expect_slots(_metadata, &flight, 3, 1);
	EXPECT_EQ(0, unread(rings));
	finish(_metadata, &flight);
}

TEST_F_TIMEOUT(worker, no_slot, LONG_TEST)
{
	struct flight flight;

	begin(_metadata, self, &flight, ENTRIES);
	set_delay(_metadata, 1000);
	put_slots(&flight, 0, SLOTS + 2);
	EXPECT_EQ(SLOTS, enter(&flight.rings, UINT32_MAX, 0));
	EXPECT_EQ(-EAGAIN, enter(&flight.rings, UINT32_MAX, 1));
	EXPECT_EQ(2, left(&flight.rings));
	set_delay(_metadata, 0);
	EXPECT_EQ(0, enter(&flight.rings, 0, SLOTS));
	EXPECT_EQ(2, enter(&flight.rings, UINT32_MAX, SLOTS + 2));
	expect_slots(_metadata, &flight, 0, SLOTS + 2);
	finish(_metadata, &flight);
}

/*
 * It was too early for some of them: it comes back by itself. Only if it sleeps it has to be
 * told, of transfers, and that there is a place again for completions.
 */
TEST_F_TIMEOUT(worker, poller_without_slot_or_place, LONG_TEST)
{
	struct flight flight;

	begin(_metadata, self, &flight, 2);
	start_poller(_metadata, &flight);
	set_delay(_metadata, 20);
	put_slots(&flight, 0, ENTRIES);
	for (uint64_t cookie = 0; cookie < ENTRIES; cookie++) {
		uint64_t end = dmabay_deadline(PATIENCE);

		while (!unread(&flight.rings) && dmabay_deadline(0) < end) {
			if (flight.rings.head->completion_flags ||
			    flight.rings.head->submission_flags)
				enter(&flight.rings, 0, 0);
			pause_for(MILLISECOND);
		}
		expect_slots(_metadata, &flight, cookie, 1);
	}
	stop_poller(_metadata, &flight);
	EXPECT_EQ(0, left(&flight.rings));
	finish(_metadata, &flight);
}

/* ---- the poller sleeps, wakes, and ends ---- */

TEST_F_TIMEOUT(worker, poller, LONG_TEST)
{
	struct flight flight;
	struct rings *rings = &flight.rings;
	uint64_t cookie = 0;

	begin(_metadata, self, &flight, ENTRIES);
	start_poller(_metadata, &flight);
	ASSERT_TRUE(saw_flags(&rings->head->submission_flags, DMABAY_SUBMISSION_NEED_WAKEUP));
	EXPECT_EQ(-EBUSY, enter_with(rings, DMABAY_ENTER_POLL, 0, 0));
	/* It was not told, and so it sleeps; but when it has said so it looks once more. */
	for (;; cookie++) {
		put_slots(&flight, cookie, 1);
		pause_for(50 * MILLISECOND);
		if (left(rings))
			break;
		ASSERT_GT(10, cookie);
		ASSERT_TRUE(saw_unread(rings, 1));
		expect_slots(_metadata, &flight, cookie, 1);
		ASSERT_TRUE(saw_flags(&rings->head->submission_flags,
				      DMABAY_SUBMISSION_NEED_WAKEUP));
	}
	EXPECT_EQ(1, left(rings));
	EXPECT_EQ(0, enter(rings, 0, 1));
	expect_slots(_metadata, &flight, cookie, 1);
	stop_poller(_metadata, &flight);
	/* The next one to come was told beforehand. */
	EXPECT_EQ(0, enter_with(rings, DMABAY_ENTER_STOP, 0, 0));
	EXPECT_EQ(-ECANCELED, enter_with(rings, DMABAY_ENTER_POLL, 0, 0));
	EXPECT_EQ(-ETIMEDOUT, enter_with(rings, DMABAY_ENTER_POLL, 0, 1));
	EXPECT_EQ(0, rings->head->submission_flags);
	finish(_metadata, &flight);
}

/* As long as it looks, who puts and takes makes no system call for it. */
TEST_F_TIMEOUT(worker, poller_that_looks, LONG_TEST)
{
	struct flight flight;
	struct dmabay_enter enter_for_long = {
		.size = sizeof(enter_for_long),
		.flags = DMABAY_ENTER_POLL,
		.idle = UINT64_MAX,
	};
	uint64_t end = dmabay_deadline(PATIENCE);
	int status = -1;
	pid_t child;

	begin(_metadata, self, &flight, ENTRIES);
	child = send_child();
	if (!child)
		_exit(-raw(flight.rings.fd, DMABAY_ENTER, &enter_for_long));
	for (uint64_t round = 0; round < 50; round++) {
		put_slots(&flight, round * SLOTS, SLOTS);
		ASSERT_TRUE(saw_unread(&flight.rings, SLOTS)) TH_LOG("round %" PRIu64, round);
		expect_slots(_metadata, &flight, round * SLOTS, SLOTS);
		ASSERT_GT(end, dmabay_deadline(0));
	}
	EXPECT_EQ(0, flight.rings.head->submission_flags);
	EXPECT_EQ(0, enter_with(&flight.rings, DMABAY_ENTER_STOP, 0, 0));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(ECANCELED, WEXITSTATUS(status));
	finish(_metadata, &flight);
}

/* A process that has all of it, and is busy. Tells when it is, and does not return. */
static void be_busy(const char *path, int ready, bool exec)
{
	unsigned char *memory = map_pages(PAGE);
	struct dmabay_transfer transfer = { .length = PAGE };
	struct dmabay_completion completion;
	struct flight self = { 0 };
	struct dmabay *bay;
	pthread_t poller;

	if (dmabay_open(&bay, path, O_RDWR) ||
	    dmabay_register(bay, memory, PAGE, 0, &transfer.buffer) ||
	    dmabay_reserve(bay, 1, SLOTS, 0, &transfer.reservation) ||
	    open_rings(dmabay_fd(bay), ENTRIES, ENTRIES, &self.rings) ||
	    pthread_create(&poller, NULL, be_poller, &self))
		_exit(1);
	for (unsigned int round = 0;; round++) {
		if (left(&self.rings) < ENTRIES)
			put_transfer(&self.rings, &transfer);
		take_completion(&self.rings, &completion);
		if (self.rings.head->submission_flags)
			enter(&self.rings, 0, 0);
		if (round == 1000 && write(ready, "", 1) != 1)
			_exit(2);
		if (round == 2000 && exec)
			_exit(execl("/bin/sh", "sh", "-c", ":", NULL));
	}
}

static void end_of_a_process(struct __test_metadata *_metadata, const fixture *self, bool exec)
{
	const unsigned int rounds = repeated(8, 4);
	char path[64], byte;

	snprintf(path, sizeof(path), "%s", dmabay_path(self->bay));
	set_delay(_metadata, 1);
	for (unsigned int round = 0; round < rounds; round++) {
		int ends[2], status = -1;
		pid_t child;

		ASSERT_EQ(0, pipe(ends));
		child = send_child();
		if (!child)
			be_busy(path, ends[1], exec);
		close(ends[1]);
		ASSERT_EQ(1, read(ends[0], &byte, 1));
		close(ends[0]);
		pause_for(10 * MILLISECOND * round / rounds);
		if (!exec)
			EXPECT_EQ(0, kill(child, SIGKILL));
		ASSERT_EQ(child, waitpid(child, &status, 0));
		EXPECT_EQ(exec ? 0 : SIGKILL, status) TH_LOG("it said 0x%x", status);
	}
}

TEST_F_TIMEOUT(worker, kill, LONG_TEST)
{
	end_of_a_process(_metadata, self, false);
}

TEST_F_TIMEOUT(worker, exec, LONG_TEST)
{
	end_of_a_process(_metadata, self, true);
}

/* The mapping goes; the poller goes on with what was put. */
TEST_F_TIMEOUT(worker, unmapped_under_a_poller, LONG_TEST)
{
	struct flight flight;
	struct rings mapped;

	begin(_metadata, self, &flight, ENTRIES);
	set_delay(_metadata, 50);
	start_poller(_metadata, &flight);
	ASSERT_TRUE(saw_flags(&flight.rings.head->submission_flags,
			      DMABAY_SUBMISSION_NEED_WAKEUP));
	put_slots(&flight, 0, ENTRIES);
	mapped = flight.rings;
	EXPECT_EQ(0, enter(&flight.rings, 0, 0));
	ASSERT_EQ(0, munmap(mapped.head, mapped.made.length));
	set_delay(_metadata, 0);
	EXPECT_EQ(0, enter(&flight.rings, 0, ENTRIES));
	ASSERT_EQ(0, map_rings(&flight.rings));
	expect_slots(_metadata, &flight, 0, ENTRIES);
	stop_poller(_metadata, &flight);
	finish(_metadata, &flight);
}

/* ---- what comes between ---- */

TEST_F_TIMEOUT(worker, cancel, LONG_TEST)
{
	struct flight flight;
	uint32_t running;

	begin(_metadata, self, &flight, ENTRIES);
	set_delay(_metadata, 1000);
	put_slots(&flight, 0, 3);
	EXPECT_EQ(3, enter(&flight.rings, 3, 0));
	EXPECT_EQ(2, dmabay_cancel(flight.worker.bay, 0, 0, 0, &running));
	EXPECT_EQ(1, running);
	expect_in_ring(_metadata, &flight.rings, 1, -ECANCELED, 0);
	expect_in_ring(_metadata, &flight.rings, 2, -ECANCELED, 0);
	set_delay(_metadata, 0);
	EXPECT_EQ(0, enter(&flight.rings, 0, 1));
	expect_slots(_metadata, &flight, 0, 1);
	finish(_metadata, &flight);
}

static void *wait_for_one(void *context)
{
	struct dmabay_completion completion;

	return (void *)(intptr_t)dmabay_wait(context, &completion, 1, 1, dmabay_deadline(PATIENCE));
}

/* Who waits for completions where they were, while they move. */
TEST_F_TIMEOUT(worker, waiting_before, LONG_TEST)
{
	struct dmabay_transfer transfer;
	struct flight flight;
	pthread_t waiter;
	void *said;

	begin(_metadata, self, &flight, 0);
	transfer = into_slot(&flight.worker, 0, PAGE);
	set_delay(_metadata, 1000);
	submit(_metadata, &flight.worker, &transfer);
	ASSERT_EQ(0, pthread_create(&waiter, NULL, wait_for_one, flight.worker.bay));
	pause_for(50 * MILLISECOND);
	ASSERT_EQ(0, open_rings(dmabay_fd(flight.worker.bay), ENTRIES, ENTRIES, &flight.rings));
	ASSERT_EQ(0, pthread_join(waiter, &said));
	EXPECT_EQ(-EBUSY, (intptr_t)said);
	set_delay(_metadata, 0);
	EXPECT_EQ(0, enter(&flight.rings, 0, 1));
	expect_slots(_metadata, &flight, 0, 1);
	finish(_metadata, &flight);
}

/* The rings stay; what was under way is told, and then there is nothing more. */
static void end_of_the_device(struct __test_metadata *_metadata, fixture *self, bool polled)
{
	struct flight flight;
	struct rings *rings = &flight.rings, again;
	struct dmabay_completion completion;
	unsigned int ended = 0;

	begin(_metadata, self, &flight, 2);
	set_delay(_metadata, 1000);
	put_slots(&flight, 0, SLOTS + 1);
	if (polled)
		start_poller(_metadata, &flight);
	else
		EXPECT_EQ(2, enter(rings, 2, 0));
	while (polled && left(rings) > 1)
		pause_for(MILLISECOND);
	ASSERT_EQ(0, remove_soft());
	if (polled)
		expect_poller(_metadata, &flight, -ENODEV);
	while (!enter(rings, UINT32_MAX, 1)) {
		ASSERT_TRUE(take_completion(rings, &completion));
		EXPECT_EQ(-ENODEV, completion.status);
		EXPECT_EQ(ended++, completion.cookie);
	}
	/* When the first one has ended a poller may still start the last one: it ends, too. */
	if (polled) {
		EXPECT_LE(SLOTS, ended);
	} else {
		EXPECT_EQ(2, ended);
	}
	EXPECT_EQ(SLOTS + 1, ended + left(rings));
	EXPECT_EQ(-ENODEV, enter(rings, UINT32_MAX, 0));
	EXPECT_EQ(-ENODEV, enter_with(rings, DMABAY_ENTER_POLL, 0, 0));
	EXPECT_EQ(-ENODEV, make_rings(rings->fd, ENTRIES, ENTRIES, &again));
	again = *rings;
	EXPECT_EQ(-ENODEV, map_rings(&again));
	finish(_metadata, &flight);
	reload_worker(_metadata, self);
}

TEST_F_TIMEOUT(worker, end_of_the_device, LONG_TEST)
{
	end_of_the_device(_metadata, self, false);
}

TEST_F_TIMEOUT(worker, end_of_the_device_with_a_poller, LONG_TEST)
{
	end_of_the_device(_metadata, self, true);
}

TEST_HARNESS_MAIN
