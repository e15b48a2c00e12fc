// SPDX-License-Identifier: GPL-2.0-only
/*
 * Busy: what is refused while a transfer runs, and what does not disturb it. The edu
 * device takes 100 ms for one.
 */
#include "common.h"

FIXTURE(slow)
{
	char path[64];
	struct dmabay *bay;
	unsigned char *memory;
	uint64_t length;
	uint32_t buffer;
	uint32_t reservation;
};

FIXTURE_SETUP(slow)
{
	struct dmabay_info info;

	if (!find_node("edu", self->path, sizeof(self->path)))
		SKIP(return, "there is no edu device");
	ASSERT_EQ(0, dmabay_open(&self->bay, self->path, O_RDWR | O_NONBLOCK));
	ASSERT_EQ(0, dmabay_info(self->bay, &info));
	self->length = about_a_page(&info);
	self->memory = map_pages(PAGE);
	ASSERT_NE(NULL, self->memory);
	fill(self->memory, PAGE, SENT, 1);
	ASSERT_EQ(0, dmabay_register(self->bay, self->memory, PAGE, 0, &self->buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 1, 1, 0, &self->reservation));
}

FIXTURE_TEARDOWN(slow)
{
	dmabay_close(self->bay);
	EXPECT_NOTHING_LEFT(self->path);
}

static int wait_patiently(struct dmabay *bay, struct dmabay_completion *completion)
{
	struct pollfd poll_fd = { .fd = dmabay_fd(bay), .events = POLLIN };

	if (poll(&poll_fd, 1, (int)(PATIENCE / MILLISECOND)) != 1)
		return -ETIMEDOUT;
	return dmabay_wait(bay, completion, 1, 0, 0);
}

TEST_F(slow, busy)
{
	struct dmabay_transfer transfer = {
		.reservation = self->reservation,
		.buffer = self->buffer,
		.length = self->length,
		.direction = DMABAY_TO_DEVICE,
	};
	struct dmabay_completion completion;

	ASSERT_EQ(1, dmabay_submit(self->bay, &transfer, 1, NULL, 0, 0, 0, NULL));
	EXPECT_EQ(-EBUSY, dmabay_unregister(self->bay, self->buffer));
	EXPECT_EQ(-EBUSY, dmabay_free(self->bay, self->reservation));
	EXPECT_EQ(-EAGAIN, dmabay_wait(self->bay, &completion, 1, 0, 0));
	EXPECT_EQ(-EAGAIN, dmabay_wait(self->bay, &completion, 1, 1, 0)) TH_LOG("O_NONBLOCK");
	EXPECT_EQ(-EAGAIN, dmabay_submit(self->bay, &transfer, 1, NULL, 0, 0, 0, NULL));
	EXPECT_EQ(1, wait_patiently(self->bay, &completion));
	EXPECT_EQ(0, completion.status);
	EXPECT_EQ(0, dmabay_unregister(self->bay, self->buffer));
	EXPECT_EQ(0, dmabay_free(self->bay, self->reservation));
}

/* A slot is taken until its completion is read, not only until it has ended. */
TEST_F(slow, no_free_slot)
{
	struct dmabay_transfer transfer = {
		.reservation = self->reservation,
		.buffer = self->buffer,
		.length = self->length,
		.direction = DMABAY_TO_DEVICE,
	};
	struct pollfd poll_fd = { .fd = dmabay_fd(self->bay), .events = POLLIN };
	struct dmabay_completion completion;

	ASSERT_EQ(1, dmabay_submit(self->bay, &transfer, 1, NULL, 0, 0, 0, NULL));
	ASSERT_EQ(1, poll(&poll_fd, 1, (int)(PATIENCE / MILLISECOND)));
	EXPECT_EQ(-EAGAIN, dmabay_submit(self->bay, &transfer, 1, NULL, 0, 0, 0, NULL));
	EXPECT_EQ(1, dmabay_wait(self->bay, &completion, 1, 0, 0));
	EXPECT_EQ(1, dmabay_submit(self->bay, &transfer, 1, NULL, 0, 0, 0, NULL));
	EXPECT_EQ(1, wait_patiently(self->bay, &completion));
}

TEST_F(slow, unmapped_under_way)
{
	struct dmabay_transfer transfer = {
		.reservation = self->reservation,
		.buffer = self->buffer,
		.length = self->length,
		.direction = DMABAY_TO_DEVICE,
	};
	struct dmabay_completion completion;
	unsigned char *back = map_pages(PAGE);

	fill(back, PAGE, BLANK, 1);
	ASSERT_EQ(1, dmabay_submit(self->bay, &transfer, 1, NULL, 0, 0, 0, NULL));
	ASSERT_EQ(0, munmap(self->memory, PAGE));
	EXPECT_EQ(1, wait_patiently(self->bay, &completion));
	EXPECT_EQ(0, completion.status);
	EXPECT_EQ(0, read_back(self->bay, back, self->length));
	EXPECT_PATTERN(back, self->length, SENT, 1);
	munmap(back, PAGE);
}

TEST_HARNESS_MAIN
