// SPDX-License-Identifier: GPL-2.0-only
/*
 * As many map registers as there can be: for the longest transfer that a device may be said to
 * take, they have more bytes than a kernel of 32 bits can count.
 *
 * Loads and unloads the modules itself.
 */
#include "modules.h"

#define LENGTH	(5 * PAGE)

FIXTURE(registers)
{
	struct dmabay *bay;
	struct dmabay_info info;
};

FIXTURE_SETUP(registers)
{
	char path[64];

	ASSERT_EQ(0, insert("dmabay", ""));
	ASSERT_EQ(0, insert("dmabay_soft", "memory=1 max_length=4294967295 provider=direct"));
	ASSERT_TRUE(find_node("soft", path, sizeof(path)));
	ASSERT_EQ(0, dmabay_open(&self->bay, path, O_RDWR));
	ASSERT_EQ(0, dmabay_info(self->bay, &self->info));
}

FIXTURE_TEARDOWN(registers)
{
	dmabay_close(self->bay);
	EXPECT_EQ(0, removed("dmabay_soft"));
	EXPECT_EQ(0, core_unused());
}

/* One of them is for memory that does not begin with its page. */
TEST_F(registers, of_the_longest_fragment)
{
	uint64_t bytes = (self->info.map_registers - UINT64_C(1)) * self->info.page_size;

	EXPECT_EQ(UINT32_MAX, self->info.max_length);
	EXPECT_EQ(bytes < UINT32_MAX ? bytes : UINT32_MAX, self->info.fragment_length);
}

TEST_F(registers, of_one_reservation)
{
	unsigned char *memory = map_pages(LENGTH);
	uint32_t buffer, reservation;

	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, dmabay_register(self->bay, memory, LENGTH, 0, &buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, self->info.map_registers, 1, 0, &reservation));
	EXPECT_EQ(0, round_trip(self->bay, reservation, buffer, memory, LENGTH, 1));
	EXPECT_EQ(0, transfer_wait(self->bay, reservation, buffer, 100, LENGTH - 100, 0,
				   DMABAY_TO_DEVICE));
}

TEST_HARNESS_MAIN
