// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events: an eventfd is told of each completion, and of the end of the device. Nothing
 * but the eventfd depends on who reads it, and when.
 *
 * Loads and unloads the modules itself.
 */
#include <sys/eventfd.h>

#include "worker.h"

static int make_eventfd(struct __test_metadata *_metadata)
{
	int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

	ASSERT_LE(0, fd);
	return fd;
}

/* What was added since it was read the last time; 0 is that it cannot be read. */
static uint64_t take(int fd)
{
	uint64_t count;

	return read(fd, &count, sizeof(count)) == sizeof(count) ? count : 0;
}

static short events_of(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	poll(&poll_fd, 1, 0);
	return poll_fd.revents;
}

/* The slots, and all of them have ended; their completions are left. */
static void run_slots(struct __test_metadata *_metadata, const fixture *self, uint64_t count)
{
	struct dmabay_counters counters;
	uint64_t wanted;

	ASSERT_EQ(0, dmabay_counters(self->bay, &counters));
	wanted = counters.transfers + count;
	start_slots(_metadata, self, count);
	for (uint64_t end = dmabay_deadline(PATIENCE); dmabay_deadline(0) < end;) {
		ASSERT_EQ(0, dmabay_counters(self->bay, &counters));
		if (counters.transfers == wanted)
			break;
		pause_for(MILLISECOND);
	}
	ASSERT_EQ(wanted, counters.transfers);
	/* It is counted before it is told. When nothing can be cancelled, it was told. */
	ASSERT_EQ(0, dmabay_cancel(self->bay, 0, 0, 0, NULL));
}

static void read_slots(struct __test_metadata *_metadata, const fixture *self, uint64_t count)
{
	for (uint64_t slot = 0; slot < count; slot++)
		EXPECT_EQ(LENGTH, expect_end(_metadata, self, slot, 0));
	expect_no_more(_metadata, self);
}

/* One for each. Then it is silent, while the node says that they are still there. */
TEST_F_TIMEOUT(worker, one_for_each, LONG_TEST)
{
	int event = make_eventfd(_metadata);

	ASSERT_EQ(0, dmabay_eventfd(self->bay, event));
	EXPECT_EQ(0, take(event));
	run_slots(_metadata, self, SLOTS);
	EXPECT_EQ(SLOTS, take(event));
	EXPECT_EQ(0, events_of(event));
	EXPECT_EQ(POLLIN, events_of(dmabay_fd(self->bay)));
	read_slots(_metadata, self, SLOTS);
	EXPECT_EQ(0, events_of(dmabay_fd(self->bay)));
	EXPECT_EQ(0, take(event));
	close(event);
}

/* What is withdrawn has a completion like any other. */
TEST_F_TIMEOUT(worker, one_for_what_is_withdrawn, LONG_TEST)
{
	struct dmabay_transfer late = into_slot(self, 2, LENGTH);
	int event = make_eventfd(_metadata);

	ASSERT_EQ(0, dmabay_eventfd(self->bay, event));
	set_delay(_metadata, 1000);
	start_slots(_metadata, self, 2);
	EXPECT_EQ(1, dmabay_cancel(self->bay, DMABAY_CANCEL_COOKIE, 0, 1, NULL));
	EXPECT_EQ(1, take(event));
	EXPECT_EQ(0, expect_end(_metadata, self, 1, -ECANCELED));
	late.deadline = 1;
	submit(_metadata, self, &late);
	EXPECT_EQ(0, expect_end(_metadata, self, 2, -ETIMEDOUT));
	EXPECT_EQ(1, take(event));
	set_delay(_metadata, 0);
	EXPECT_EQ(LENGTH, expect_end(_metadata, self, 0, 0));
	EXPECT_EQ(1, take(event));
	close(event);
}

/* Whoever comes late is told once that there is something. */
TEST_F_TIMEOUT(worker, completions_before_it, LONG_TEST)
{
	int event = make_eventfd(_metadata);

	run_slots(_metadata, self, SLOTS);
	ASSERT_EQ(0, dmabay_eventfd(self->bay, event));
	EXPECT_EQ(1, take(event));
	read_slots(_metadata, self, SLOTS);
	EXPECT_EQ(0, take(event));
	close(event);
}

TEST_F_TIMEOUT(worker, replaced_and_taken_away, LONG_TEST)
{
	int first = make_eventfd(_metadata), second = make_eventfd(_metadata);

	ASSERT_EQ(0, dmabay_eventfd(self->bay, first));
	ASSERT_EQ(0, dmabay_eventfd(self->bay, second));
	run_slots(_metadata, self, 2);
	EXPECT_EQ(0, take(first));
	EXPECT_EQ(2, take(second));
	read_slots(_metadata, self, 2);
	ASSERT_EQ(0, dmabay_eventfd(self->bay, -1));
	ASSERT_EQ(0, dmabay_eventfd(self->bay, -1));
	blank_slots(self);
	run_slots(_metadata, self, 2);
	EXPECT_EQ(0, take(second));
	read_slots(_metadata, self, 2);
	close(first);
	close(second);
}

/* What is refused leaves the one that is there alone. */
TEST_F_TIMEOUT(worker, not_an_eventfd, LONG_TEST)
{
	int event = make_eventfd(_metadata), closed = dup(event), ends[2];

	ASSERT_EQ(0, pipe(ends));
	ASSERT_EQ(0, close(closed));
	ASSERT_EQ(0, dmabay_eventfd(self->bay, event));
	EXPECT_EQ(-EINVAL, dmabay_eventfd(self->bay, ends[1]));
	EXPECT_EQ(-EINVAL, dmabay_eventfd(self->bay, dmabay_fd(self->bay)));
	EXPECT_EQ(-EINVAL, dmabay_eventfd(self->bay, -2));
	EXPECT_EQ(-EBADF, dmabay_eventfd(self->bay, closed));
	run_slots(_metadata, self, 1);
	EXPECT_EQ(1, take(event));
	read_slots(_metadata, self, 1);
	close(ends[0]);
	close(ends[1]);
	close(event);
}

/* The file keeps it; and one that nobody reads holds nobody up. */
TEST_F_TIMEOUT(worker, closed_and_full, LONG_TEST)
{
	const uint64_t most = UINT64_MAX - 1;
	int event = make_eventfd(_metadata);

	ASSERT_EQ(0, dmabay_eventfd(self->bay, event));
	ASSERT_EQ(sizeof(most), write(event, &most, sizeof(most)));
	run_slots(_metadata, self, SLOTS);
	EXPECT_LE(most, take(event));
	read_slots(_metadata, self, SLOTS);
	ASSERT_EQ(0, close(event));
	blank_slots(self);
	run_slots(_metadata, self, SLOTS);
	read_slots(_metadata, self, SLOTS);
}

/* Who closes the file knows: what is cancelled by that is nobody's event. */
TEST_F_TIMEOUT(worker, closed_under_way, LONG_TEST)
{
	struct dmabay *bay = self->bay;
	uint32_t buffer = self->buffer, reservation = self->reservation;
	int event = make_eventfd(_metadata);

	ASSERT_EQ(0, dmabay_open(&self->bay, dmabay_path(bay), O_RDWR));
	ASSERT_EQ(0, dmabay_register(self->bay, self->memory, SLOTS * LENGTH, 0, &self->buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 2, SLOTS, 0, &self->reservation));
	ASSERT_EQ(0, dmabay_eventfd(self->bay, event));
	set_delay(_metadata, 500);
	start_slots(_metadata, self, SLOTS);
	dmabay_close(self->bay);
	EXPECT_EQ(0, take(event));
	close(event);
	self->bay = bay;
	self->buffer = buffer;
	self->reservation = reservation;
}

/* One for what was under way, and one to say that no more will come. */
TEST_F_TIMEOUT(worker, end_of_the_device, LONG_TEST)
{
	int event = make_eventfd(_metadata), another = make_eventfd(_metadata);
	struct dmabay_completion completion;

	ASSERT_EQ(0, dmabay_eventfd(self->bay, event));
	set_delay(_metadata, 1000);
	start_slots(_metadata, self, 1);
	ASSERT_EQ(0, remove_soft());
	EXPECT_EQ(2, take(event));
	EXPECT_EQ(POLLIN | POLLHUP | POLLERR, events_of(dmabay_fd(self->bay)));
	EXPECT_EQ(-ENODEV, dmabay_eventfd(self->bay, another));
	EXPECT_EQ(1, dmabay_wait(self->bay, &completion, 1, 0, 0));
	EXPECT_EQ(-ENODEV, completion.status);
	EXPECT_EQ(-ENODEV, dmabay_wait(self->bay, &completion, 1, 0, 0));
	EXPECT_EQ(POLLHUP | POLLERR, events_of(dmabay_fd(self->bay)));
	EXPECT_EQ(0, take(event));
	close(event);
	close(another);
	reload_worker(_metadata, self);
}

TEST_HARNESS_MAIN
