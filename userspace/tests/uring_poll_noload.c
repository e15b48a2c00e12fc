// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rings that poll: the device does its work when it is asked, and only for those who ask;
 * everybody else is served as ever.
 *
 * Loads and unloads the modules itself.
 */
#include "worker.h"
#include "uring.h"

static void submit_command(struct __test_metadata *_metadata, const fixture *self,
			   struct ring *ring, const struct dmabay_transfer *transfers,
			   uint32_t count)
{
	dmabay_uring_prepare(self->bay, ring_next(ring), transfers, count);
	ASSERT_EQ(1, ring_submit(ring));
}

static void expect_result(struct __test_metadata *_metadata, struct ring *ring, int result)
{
	struct io_uring_cqe cqe;

	ASSERT_TRUE(ring_reap(ring, PATIENCE, &cqe));
	EXPECT_EQ(result, cqe.res);
}

static uint64_t ended(struct __test_metadata *_metadata, const fixture *self)
{
	struct dmabay_counters counters;

	ASSERT_EQ(0, dmabay_counters(self->bay, &counters));
	return counters.transfers;
}

/* Not one byte, however long it takes until somebody asks. */
TEST_F_TIMEOUT(worker, moved_when_asked, LONG_TEST)
{
	struct dmabay_transfer transfer = into_slot(self, 0, LENGTH);
	uint64_t before = ended(_metadata, self);
	struct ring ring;

	OPEN_RING_OR_SKIP(&ring, IORING_SETUP_IOPOLL);
	submit_command(_metadata, self, &ring, &transfer, 1);
	pause_for(100 * MILLISECOND);
	EXPECT_EQ(before, ended(_metadata, self));
	expect_moved(_metadata, self, 0, 0);

	expect_result(_metadata, &ring, LENGTH);
	EXPECT_EQ(before + 1, ended(_metadata, self));
	expect_moved(_metadata, self, 0, LENGTH);
	ring_close(&ring);
}

/* On a reservation of their own: by the queue of the file, and by another ring. */
TEST_F_TIMEOUT(worker, others_are_served, LONG_TEST)
{
	struct dmabay_transfer polled = into_slot(self, 0, LENGTH);
	struct dmabay_transfer other = into_slot(self, 1, LENGTH);
	struct ring polling, ring;

	OPEN_RING_OR_SKIP(&polling, IORING_SETUP_IOPOLL);
	OPEN_RING_OR_SKIP(&ring, 0);
	ASSERT_EQ(0, dmabay_reserve(self->bay, 2, 2, 0, &other.reservation));
	submit_command(_metadata, self, &polling, &polled, 1);

	submit(_metadata, self, &other);
	EXPECT_EQ(LENGTH, expect_end(_metadata, self, 1, 0));
	other.offset += LENGTH;
	submit_command(_metadata, self, &ring, &other, 1);
	expect_result(_metadata, &ring, LENGTH);
	expect_moved(_metadata, self, 2, LENGTH);

	expect_moved(_metadata, self, 0, 0);
	expect_result(_metadata, &polling, LENGTH);
	expect_moved(_metadata, self, 0, LENGTH);
	EXPECT_EQ(0, dmabay_free(self->bay, other.reservation));
	ring_close(&ring);
	ring_close(&polling);
}

/* Behind the polled one, on the same reservation: its turn comes with the poll. */
TEST_F_TIMEOUT(worker, mixed_reservation, LONG_TEST)
{
	struct dmabay_transfer polled = into_slot(self, 0, LENGTH);
	struct dmabay_transfer behind = into_slot(self, 1, LENGTH);
	struct ring ring;

	OPEN_RING_OR_SKIP(&ring, IORING_SETUP_IOPOLL);
	submit_command(_metadata, self, &ring, &polled, 1);
	submit(_metadata, self, &behind);
	EXPECT_EQ(-EBUSY, dmabay_free(self->bay, self->reservation));
	expect_result(_metadata, &ring, LENGTH);
	expect_moved(_metadata, self, 0, LENGTH);
	EXPECT_EQ(LENGTH, expect_end(_metadata, self, 1, 0));
	ring_close(&ring);
}

/* More in one command than is issued at once: a worker of the ring does it. */
TEST_F_TIMEOUT(worker, long_vector, LONG_TEST)
{
	struct dmabay_transfer transfers[SLOTS * PIECES];
	struct ring ring;

	OPEN_RING_OR_SKIP(&ring, IORING_SETUP_IOPOLL);
	ASSERT_EQ(0, dmabay_reserve(self->bay, 1, SLOTS * PIECES, 0, &self->reservation));
	for (uint32_t i = 0; i < SLOTS * PIECES; i++) {
		transfers[i] = into_slot(self, 0, PAGE);
		transfers[i].offset = i * PAGE;
		transfers[i].device_address = i % PIECES * PAGE;
	}
	submit_command(_metadata, self, &ring, transfers, SLOTS * PIECES);
	expect_result(_metadata, &ring, SLOTS * LENGTH);
	for (uint64_t slot = 0; slot < SLOTS; slot++)
		expect_moved(_metadata, self, slot, LENGTH);
	ring_close(&ring);
}

/* The piece that nobody asks for is taken back, and what is behind it is not started. */
TEST_F_TIMEOUT(worker, removed_unasked, LONG_TEST)
{
	struct dmabay_transfer transfers[] = {
		into_slot(self, 0, LENGTH), into_slot(self, 1, PAGE),
	};
	struct ring ring;

	OPEN_RING_OR_SKIP(&ring, IORING_SETUP_IOPOLL);
	submit_command(_metadata, self, &ring, &transfers[0], 1);
	submit_command(_metadata, self, &ring, &transfers[1], 1);
	EXPECT_EQ(0, remove_soft());
	expect_result(_metadata, &ring, -ENODEV);
	expect_result(_metadata, &ring, -ENODEV);
	expect_moved(_metadata, self, 0, 0);
	expect_moved(_metadata, self, 1, 0);
	EXPECT_EQ(-ENODEV, ring_run(&ring, self->bay, transfers, 1));
	ring_close(&ring);
	reload_worker(_metadata, self);
}

TEST_HARNESS_MAIN
