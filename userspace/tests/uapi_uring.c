// SPDX-License-Identifier: GPL-2.0-only
/*
 * The command of io_uring: what DMABAY_SUBMIT refuses it refuses, in the result of its
 * CQE, and it has rules of its own. Each is broken alone.
 */
#include "uapi_commands.h"
#include "uring.h"

/* Runs a command that begins as the right one for the transfer of the fixture. */
static int run(FIXTURE_DATA(uapi) *self, struct ring *ring,
	       void (*change)(struct io_uring_sqe *sqe, uint64_t number), uint64_t number)
{
	struct io_uring_sqe *sqe = ring_next(ring);
	struct io_uring_cqe cqe;

	dmabay_uring_prepare(self->bay, sqe, &self->transfer, 1);
	if (change)
		change(sqe, number);
	if (ring_submit(ring) != 1 || !ring_reap(ring, PATIENCE, &cqe))
		return -ETIMEDOUT;
	return cqe.res;
}

static void set_number(struct io_uring_sqe *sqe, uint64_t number)
{
	sqe->cmd_op = (uint32_t)number;
}

static void set_flags(struct io_uring_sqe *sqe, uint64_t flags)
{
	const uint32_t word = (uint32_t)flags;

	memcpy(sqe->cmd + offsetof(struct dmabay_uring, flags), &word, sizeof(word));
}

static void set_count(struct io_uring_sqe *sqe, uint64_t count)
{
	const uint32_t word = (uint32_t)count;

	memcpy(sqe->cmd + offsetof(struct dmabay_uring, count), &word, sizeof(word));
}

static void set_transfers(struct io_uring_sqe *sqe, uint64_t address)
{
	memcpy(sqe->cmd + offsetof(struct dmabay_uring, transfers), &address, 8);
}

TEST_F(uapi, uring_right)
{
	struct ring ring;

	OPEN_RING_OR_SKIP(&ring, 0);
	self->transfer = good_page(self);
	EXPECT_EQ((int)PAGE, run(self, &ring, NULL, 0));
	ring_close(&ring);
}

TEST_F(uapi, uring_number)
{
	struct ring ring;

	OPEN_RING_OR_SKIP(&ring, 0);
	self->transfer = good_page(self);
	for (unsigned int bit = 0; bit < 32; bit++) {
		EXPECT_EQ(-ENOTTY, run(self, &ring, set_number, DMABAY_URING ^ (1u << bit)))
			TH_LOG("bit %u", bit);
	}
	for (const struct command *command = commands; command < commands + COMMANDS; command++) {
		EXPECT_EQ(-ENOTTY, run(self, &ring, set_number, command->number))
			TH_LOG("%s", command->name);
	}
	ring_close(&ring);
}

TEST_F(uapi, uring_flags)
{
	struct ring ring;

	OPEN_RING_OR_SKIP(&ring, 0);
	self->transfer = good_page(self);
	for (unsigned int bit = 0; bit < 32; bit++) {
		EXPECT_EQ(-EOPNOTSUPP, run(self, &ring, set_flags, 1u << bit))
			TH_LOG("bit %u", bit);
	}
	ring_close(&ring);
}

TEST_F(uapi, uring_counts)
{
	const uint32_t too_many[] = {
		self->info.max_batch + 1, UINT32_MAX, 1u << 31,
		(uint32_t)((UINT64_C(1) << 32) / sizeof(struct dmabay_transfer)) + 1,
	};
	struct ring ring;

	OPEN_RING_OR_SKIP(&ring, 0);
	self->transfer = good_page(self);
	EXPECT_EQ(-EINVAL, run(self, &ring, set_count, 0));
	for (size_t i = 0; i < ARRAY_SIZE(too_many); i++) {
		EXPECT_EQ(-E2BIG, run(self, &ring, set_count, too_many[i]))
			TH_LOG("count %u", too_many[i]);
	}
	ring_close(&ring);
}

TEST_F(uapi, uring_addresses)
{
	const uint64_t nothing[] = {
		0, UNMAPPED, 0xFFFF888000000000, 0xFFFFFFFF81000000, 0x8000000000000000, TOP_PAGE,
		UINT64_MAX,
	};
	struct ring ring;

	OPEN_RING_OR_SKIP(&ring, 0);
	self->transfer = good_page(self);
	for (size_t i = 0; i < ARRAY_SIZE(nothing); i++) {
		EXPECT_EQ(-EFAULT, run(self, &ring, set_transfers, nothing[i]))
			TH_LOG("at 0x%" PRIx64, nothing[i]);
	}
	for (unsigned int bit = sizeof(void *) == 4 ? 32 : 57; bit < 64; bit++) {
		EXPECT_EQ(-EFAULT, run(self, &ring, set_transfers,
				       (uintptr_t)&self->transfer | UINT64_C(1) << bit))
			TH_LOG("bit %u", bit);
	}
	ring_close(&ring);
}

/* The last bytes that are there, and one byte beyond. */
TEST_F(uapi, uring_end_of_page)
{
	unsigned char *pages = map_pages(2 * PAGE);
	struct dmabay_transfer *last = (void *)(pages + PAGE - sizeof(*last));
	struct ring ring;

	OPEN_RING_OR_SKIP(&ring, 0);
	ASSERT_NE(NULL, pages);
	ASSERT_EQ(0, mprotect(pages + PAGE, PAGE, PROT_NONE));
	self->transfer = good_page(self);
	*last = self->transfer;
	EXPECT_EQ((int)PAGE, run(self, &ring, set_transfers, (uintptr_t)last));
	EXPECT_EQ(-EFAULT, run(self, &ring, set_transfers, (uintptr_t)last + 1));
	memmove((unsigned char *)last - 1, last, sizeof(*last));
	EXPECT_EQ((int)PAGE, run(self, &ring, set_transfers, (uintptr_t)last - 1));
	munmap(pages, 2 * PAGE);
	ring_close(&ring);
}

TEST_F(uapi, uring_wrong_transfer)
{
	struct ring ring;

	OPEN_RING_OR_SKIP(&ring, 0);
	for (size_t i = 0; i < ARRAY_SIZE(wrong_transfers); i++) {
		self->transfer = good_page(self);
		put(&self->transfer, &wrong_transfers[i]);
		EXPECT_EQ(-wrong_transfers[i].error, run(self, &ring, NULL, 0))
			TH_LOG("%s", wrong_transfers[i].name);
	}
	ring_close(&ring);
}

/* The number, the file's mode, and only then what is in the command. */
TEST_F(uapi, uring_order)
{
	struct dmabay *writer = self->bay, *reader;
	struct ring ring;

	OPEN_RING_OR_SKIP(&ring, 0);
	ASSERT_EQ(0, dmabay_open(&reader, self->path, O_RDONLY));
	self->bay = reader;
	EXPECT_EQ(-ENOTTY, run(self, &ring, set_number, DMABAY_SUBMIT));
	EXPECT_EQ(-EBADF, run(self, &ring, set_flags, UINT32_MAX));
	EXPECT_EQ(-EBADF, run(self, &ring, set_transfers, 0));
	self->bay = writer;
	dmabay_close(reader);
	ring_close(&ring);
}

TEST_HARNESS_MAIN
