// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cycles: reserve, transfer, free, a hundred thousand times, and not a page, a
 * register or a byte of the memory limit is missing at the end.
 *
 * DMABAY_QUICK in the environment makes it a thousand.
 */
#include "common.h"

FIXTURE(cycles)
{
	char path[64];
	struct dmabay *bay;
	unsigned char *memory;
	uint32_t buffer;
	unsigned int count;
};

FIXTURE_SETUP(cycles)
{
	if (!find_node("soft", self->path, sizeof(self->path)))
		SKIP(return, "there is no software device");
	self->count = getenv("DMABAY_QUICK") ? 1000 : 100000;
	self->memory = map_pages(PAGE);
	ASSERT_NE(NULL, self->memory);
	ASSERT_EQ(0, dmabay_open(&self->bay, self->path, O_RDWR));
}

FIXTURE_TEARDOWN(cycles)
{
	dmabay_close(self->bay);
	EXPECT_NOTHING_LEFT(self->path);
}

static int reserve_transfer_free(struct dmabay *bay, uint32_t buffer)
{
	uint32_t reservation;
	int result = dmabay_reserve(bay, 1, 1, 0, &reservation);

	if (result)
		return result;
	result = transfer_wait(bay, reservation, buffer, 0, 64, 0, DMABAY_TO_DEVICE);
	return result ? result : dmabay_free(bay, reservation);
}

TEST_F_TIMEOUT(cycles, reserve_transfer_free, LONG_TEST)
{
	struct dmabay_counters before, after;
	struct state first, last;

	ASSERT_EQ(0, dmabay_register(self->bay, self->memory, PAGE, 0, &self->buffer));
	ASSERT_EQ(0, state_read(self->bay, &first));
	ASSERT_EQ(0, dmabay_counters(self->bay, &before));
	for (unsigned int i = 0; i < self->count; i++) {
		ASSERT_EQ(0, reserve_transfer_free(self->bay, self->buffer)) TH_LOG("cycle %u", i);
	}
	ASSERT_EQ(0, dmabay_counters(self->bay, &after));
	ASSERT_EQ(0, state_read(self->bay, &last));
	EXPECT_STATE(&first, &last);
	EXPECT_EQ(before.transfers + self->count, after.transfers);
	EXPECT_EQ(before.bytes + 64ull * self->count, after.bytes);
	EXPECT_EQ(before.errors, after.errors);
	EXPECT_EQ(before.timeouts, after.timeouts);
	EXPECT_EQ(before.faults, after.faults);
	EXPECT_EQ(0, after.linked_bytes);
	EXPECT_EQ(after.links, after.unlinks);
	EXPECT_EQ(after.mapped, after.unmapped);
}

TEST_F_TIMEOUT(cycles, register_once_unregister, LONG_TEST)
{
	struct state first, last;
	uint32_t buffer;

	ASSERT_EQ(0, state_read(self->bay, &first));
	for (unsigned int i = 0; i < self->count / 10; i++) {
		ASSERT_EQ(0, dmabay_register(self->bay, self->memory, PAGE, 0, &buffer));
		ASSERT_EQ(64, dmabay_once(self->bay, self->memory, 64, 0, DMABAY_TO_DEVICE));
		ASSERT_EQ(0, dmabay_unregister(self->bay, buffer)) TH_LOG("cycle %u", i);
	}
	ASSERT_EQ(0, state_read(self->bay, &last));
	EXPECT_STATE(&first, &last);
}

TEST_F_TIMEOUT(cycles, open_close, LONG_TEST)
{
	struct state first, last;
	struct dmabay *bay;

	ASSERT_EQ(0, state_read(self->bay, &first));
	for (unsigned int i = 0; i < self->count / 100; i++) {
		ASSERT_EQ(0, dmabay_open(&bay, self->path, O_RDWR));
		ASSERT_EQ(0, good_transfer(bay)) TH_LOG("cycle %u", i);
		dmabay_close(bay);
	}
	ASSERT_EQ(0, state_read(self->bay, &last));
	EXPECT_STATE(&first, &last);
}

TEST_HARNESS_MAIN
