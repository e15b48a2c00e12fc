// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands of io_uring on memory that is registered with the ring: the bytes arrive, the
 * device reaches nothing any more when the CQE is there, and the memory stays for as long
 * as the device needs it, whoever takes it away.
 */
#include <sys/uio.h>

#include "uring.h"

#define PAGES	64u
#define INDEX	1u	/* of the buffer in use; the one before is another */

FIXTURE(fixed)
{
	char path[64];
	struct dmabay *bay;
	struct dmabay_info info;
	struct ring ring;
	int fd;	/* of the memory */
	unsigned char *memory;
	unsigned char *view;	/* the same, not registered */
	uint64_t length;	/* of the longest transfer */
	uint32_t reservation;
};

FIXTURE_VARIANT(fixed)
{
	const char *driver;
};

FIXTURE_VARIANT_ADD(fixed, soft)
{
	.driver = "soft",
};

FIXTURE_VARIANT_ADD(fixed, edu)
{
	.driver = "edu",
};

static unsigned char *map_memory(int fd)
{
	void *memory = mmap(NULL, PAGES * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

static int register_buffers(const struct ring *ring, unsigned char *memory)
{
	struct iovec buffers[] = { { memory, PAGE }, { memory + PAGE, (PAGES - 1) * PAGE } };

	return syscall(__NR_io_uring_register, ring->fd, IORING_REGISTER_BUFFERS, buffers, 2) ?
	       -errno : 0;
}

FIXTURE_SETUP(fixed)
{
	if (!find_node(variant->driver, self->path, sizeof(self->path)))
		SKIP(return, "there is no %s device", variant->driver);
	OPEN_RING_OR_SKIP(&self->ring, 0);
	ASSERT_EQ(0, dmabay_open(&self->bay, self->path, O_RDWR));
	ASSERT_EQ(0, dmabay_info(self->bay, &self->info));
	self->length = (PAGES - 1) * PAGE;
	if (self->length > self->info.device_memory)
		self->length = self->info.device_memory;
	self->length -= self->length % self->info.alignment;
	self->fd = memfd_create("fixed", MFD_CLOEXEC);
	ASSERT_LE(0, self->fd);
	ASSERT_EQ(0, ftruncate(self->fd, PAGES * PAGE));
	self->memory = map_memory(self->fd);
	self->view = map_memory(self->fd);
	ASSERT_NE(NULL, self->memory);
	ASSERT_NE(NULL, self->view);
	ASSERT_EQ(0, register_buffers(&self->ring, self->memory));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 8, 8, 0, &self->reservation));
}

FIXTURE_TEARDOWN(fixed)
{
	munmap(self->memory, PAGES * PAGE);
	munmap(self->view, PAGES * PAGE);
	close(self->fd);
	ring_close(&self->ring);
	dmabay_close(self->bay);
	EXPECT_NOTHING_LEFT(self->path);
	ASSERT_EQ(0, dmabay_open(&self->bay, self->path, O_RDWR));
	EXPECT_EQ(0, good_transfer(self->bay));
	dmabay_close(self->bay);
}

/* Of the buffer's bytes from @offset on, to or from the start of the device's memory. */
static struct dmabay_transfer describe(const FIXTURE_DATA(fixed) *self, uint64_t offset,
				       uint64_t length, uint32_t direction)
{
	return (struct dmabay_transfer){
		.reservation = self->reservation,
		.offset = (uintptr_t)self->memory + PAGE + offset,
		.length = length,
		.direction = direction,
	};
}

static int submit_fixed(FIXTURE_DATA(fixed) *self, const struct dmabay_transfer *transfers,
			uint32_t count)
{
	dmabay_uring_prepare_fixed(self->bay, ring_next(&self->ring), transfers, count, INDEX);
	return ring_submit(&self->ring);
}

static int run_fixed(FIXTURE_DATA(fixed) *self, const struct dmabay_transfer *transfers,
		     uint32_t count)
{
	dmabay_uring_prepare_fixed(self->bay, ring_next(&self->ring), transfers, count, INDEX);
	return ring_run_prepared(&self->ring);
}

/* ---- the bytes ---- */

/* Wherever it begins and ends in its pages. The bytes around it stay as they are. */
TEST_F_TIMEOUT(fixed, there_and_back, LONG_TEST)
{
	const uint64_t step = self->info.alignment;
	const struct {
		uint64_t offset, length;
	} cases[] = {
		{ 0, self->length },
		{ 0, step },
		{ PAGE - step, 2 * step },
		{ 3 * PAGE + 8 * step, self->length - 4 * PAGE },
		{ PAGE, self->length / 2 / step * step },
	};
	unsigned char *blank = map_pages(PAGES * PAGE);

	ASSERT_NE(NULL, blank);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned char *at = self->view + PAGE + cases[i].offset;
		uint64_t length = cases[i].length;
		struct dmabay_transfer transfer;

		/* There is a device with less than four pages. */
		if (length > self->length)
			continue;
		transfer = describe(self, cases[i].offset, length, DMABAY_TO_DEVICE);
		fill(at, length, SENT, i);
		EXPECT_EQ((int)length, run_fixed(self, &transfer, 1)) TH_LOG("case %zu", i);
		fill(self->view, PAGES * PAGE, BLANK, i);
		transfer.direction = DMABAY_FROM_DEVICE;
		EXPECT_EQ((int)length, run_fixed(self, &transfer, 1)) TH_LOG("case %zu", i);
		EXPECT_PATTERN(at, length, SENT, i);
		fill(blank, PAGES * PAGE, BLANK, i);
		memcpy(at, blank + PAGE + cases[i].offset, length);
		EXPECT_PATTERN(self->view, PAGES * PAGE, BLANK, i);
	}
	munmap(blank, PAGES * PAGE);
}

/* Several in one command, on parts of the buffer in another order. */
TEST_F_TIMEOUT(fixed, vector, LONG_TEST)
{
	const uint64_t length = self->length / 8 / self->info.alignment * self->info.alignment;
	struct dmabay_transfer transfers[8];

	fill(self->view + PAGE, 8 * length, SENT, 1);
	for (uint32_t i = 0; i < 8; i++) {
		transfers[i] = describe(self, (7 - i) * length, length, DMABAY_TO_DEVICE);
		transfers[i].device_address = i * length;
	}
	EXPECT_EQ((int)(8 * length), run_fixed(self, transfers, 8));

	fill(self->view, PAGES * PAGE, BLANK, 1);
	for (uint32_t i = 0; i < 8; i++)
		transfers[i].direction = DMABAY_FROM_DEVICE;
	EXPECT_EQ((int)(8 * length), run_fixed(self, transfers, 8));
	EXPECT_PATTERN(self->view + PAGE, 8 * length, SENT, 1);
}

/* ---- what the device can reach ---- */

/* Its links go with each transfer. Those of a buffer of the file stay beside them. */
TEST_F_TIMEOUT(fixed, unlinked_when_it_is_over, LONG_TEST)
{
	struct dmabay_transfer transfer = describe(self, 0, self->length, DMABAY_TO_DEVICE);
	struct dmabay_counters before, after;
	uint32_t buffer;

	ASSERT_EQ(0, dmabay_register(self->bay, self->view, PAGE, 0, &buffer));
	EXPECT_EQ(0, transfer_wait(self->bay, self->reservation, buffer, 0,
				   about_a_page(&self->info), 0, DMABAY_TO_DEVICE));
	ASSERT_EQ(0, dmabay_counters(self->bay, &before));
	for (unsigned int i = 0; i < 4; i++) {
		transfer.direction = i & 1;
		EXPECT_EQ((int)self->length, run_fixed(self, &transfer, 1));
		ASSERT_EQ(0, dmabay_counters(self->bay, &after));
		/* A long one takes the place of others. */
		EXPECT_GE(before.linked_bytes, after.linked_bytes);
		EXPECT_EQ(before.pinned_pages, after.pinned_pages);
		EXPECT_EQ(after.mapped - before.mapped, after.unmapped - before.unmapped);
	}
	EXPECT_EQ(before.faults, after.faults);
	if (self->info.provider == DMABAY_INFO_PROVIDER_IOVA) {
		EXPECT_LE(4, after.links - before.links);
		EXPECT_LE(4, after.unlinks - before.unlinks);
	}

	/* A short one finds room. */
	EXPECT_EQ(0, transfer_wait(self->bay, self->reservation, buffer, 0,
				   about_a_page(&self->info), 0, DMABAY_TO_DEVICE));
	ASSERT_EQ(0, dmabay_counters(self->bay, &before));
	transfer.length = self->info.alignment;
	EXPECT_EQ((int)transfer.length, run_fixed(self, &transfer, 1));
	ASSERT_EQ(0, dmabay_counters(self->bay, &after));
	EXPECT_EQ(before.linked_bytes, after.linked_bytes);
	EXPECT_EQ(0, transfer_wait(self->bay, self->reservation, buffer, 0,
				   about_a_page(&self->info), 0, DMABAY_TO_DEVICE));
	ASSERT_EQ(0, dmabay_counters(self->bay, &before));
	EXPECT_EQ(after.links, before.links);
	EXPECT_EQ(0, dmabay_unregister(self->bay, buffer));
}

/*
 * The ring forgets the buffer and the process its pages, while the device is at them. They
 * are somebody else's only when it is done with them.
 */
TEST_F_TIMEOUT(fixed, taken_away_under_way, LONG_TEST)
{
	const uint64_t length = about_a_page(&self->info);
	struct dmabay_transfer to = describe(self, 0, length, DMABAY_TO_DEVICE);
	struct dmabay_transfer from[4];
	struct io_uring_cqe cqe;

	fill(self->view + PAGE, length, SENT, 2);
	ASSERT_EQ((int)length, run_fixed(self, &to, 1));
	fill(self->view, PAGES * PAGE, BLANK, 2);
	for (uint32_t i = 0; i < 4; i++)
		from[i] = describe(self, i * PAGE, length, DMABAY_FROM_DEVICE);
	ASSERT_EQ(1, submit_fixed(self, from, 4));
	EXPECT_EQ(0, syscall(__NR_io_uring_register, self->ring.fd, IORING_UNREGISTER_BUFFERS,
			     NULL, 0));
	munmap(self->memory, PAGES * PAGE);
	ASSERT_TRUE(ring_reap(&self->ring, PATIENCE, &cqe));
	EXPECT_EQ((int)(4 * length), cqe.res);
	for (uint32_t i = 0; i < 4; i++) {
		EXPECT_PATTERN(self->view + PAGE + i * PAGE, length, SENT, 2);
	}
	self->memory = map_memory(self->fd);
}

/* ---- what is refused ---- */

TEST_F(fixed, refused)
{
	const struct dmabay_transfer good = describe(self, 0, self->length, DMABAY_TO_DEVICE);
	struct {
		int expected;
		struct dmabay_transfer transfer;
	} cases[] = {
		{ -EINVAL, good }, { -EFAULT, good }, { -EFAULT, good }, { -EFAULT, good },
		{ -EINVAL, good }, { -EINVAL, good }, { -ENOENT, good }, { -ERANGE, good },
		{ -EOPNOTSUPP, good }, { -EOVERFLOW, good },
	};
	struct io_uring_sqe *sqe;

	cases[0].transfer.buffer = 1;
	cases[1].transfer.offset -= self->info.alignment;
	cases[2].transfer.offset += PAGES * PAGE - PAGE;
	cases[3].transfer.offset = 0;
	cases[4].transfer.length = 0;
	cases[5].transfer.direction = 2;
	cases[6].transfer.reservation = 0;
	cases[7].transfer.device_address = self->info.device_memory;
	cases[8].transfer.flags = 1;
	cases[9].transfer.offset = UINT64_MAX - 63;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_EQ(cases[i].expected, run_fixed(self, &cases[i].transfer, 1))
			TH_LOG("case %zu", i);
	}
	if (self->info.alignment > 1) {
		cases[0].transfer = good;
		cases[0].transfer.offset++;
		EXPECT_EQ(-EINVAL, run_fixed(self, &cases[0].transfer, 1));
	}

	sqe = ring_next(&self->ring);
	dmabay_uring_prepare_fixed(self->bay, sqe, &good, 1, INDEX + 1);
	EXPECT_EQ(-EFAULT, ring_run_prepared(&self->ring));
	/* The buffer of the ring before it, and the address is not in there. */
	sqe = ring_next(&self->ring);
	dmabay_uring_prepare_fixed(self->bay, sqe, &good, 1, 0);
	EXPECT_EQ(-EFAULT, ring_run_prepared(&self->ring));
	/* Not fixed: a buffer of the file, which has none. */
	EXPECT_EQ(-ENOENT, ring_run(&self->ring, self->bay, &good, 1));
	EXPECT_EQ((int)self->length, run_fixed(self, &good, 1));
}

TEST_HARNESS_MAIN
