// SPDX-License-Identifier: GPL-2.0-only
/*
 * dma-bufs for a channel, which takes addresses and lengths in multiples of four bytes.
 * What an exporter has mapped is used as it is, so it must do; only its end may be
 * anywhere.
 *
 * Loads and unloads the modules itself.
 */
#include "channel.h"
#include "dmabuf.h"

#define LENGTH	(3 * PAGE)

FIXTURE(dmabuf_channel)
{
	struct channel channel;
	uint32_t reservation;
};

FIXTURE_SETUP(dmabuf_channel)
{
	LOAD_CHANNEL(&self->channel, TEST_ENGINE, "memory=1");
	ASSERT_EQ(4, self->channel.info.alignment);
	ASSERT_EQ(0, insert("dmabay_test_exporter", ""));
	ASSERT_EQ(0, dmabay_reserve(self->channel.bay, 8, 1, 0, &self->reservation));
}

FIXTURE_TEARDOWN(dmabuf_channel)
{
	dmabay_close(self->channel.bay);
	EXPECT_NOTHING_LEFT(self->channel.path);
	EXPECT_EQ(0, unload_channel(&self->channel));
	EXPECT_EQ(0, removed("dmabay_test_exporter"));
}

TEST_F_TIMEOUT(dmabuf_channel, there_and_back, LONG_TEST)
{
	const uint32_t segments[] = { 0, 4, 100, PAGE };
	unsigned char *memory = map_pages(LENGTH);

	ASSERT_NE(NULL, memory);
	for (size_t i = 0; i < ARRAY_SIZE(segments); i++) {
		struct dmabay *bay = self->channel.bay;
		int fd = new_from_test(LENGTH, segments[i]);
		uint32_t buffer;
		uint64_t length;

		ASSERT_LE(0, fd);
		ASSERT_EQ(0, dmabay_import(bay, fd, 0, &buffer, &length))
			TH_LOG("pieces of %u", segments[i]);
		EXPECT_EQ(LENGTH, length);
		fill(memory, LENGTH, SENT, i);
		ASSERT_EQ(0, bytes_of(fd, EXPORTER_WRITE, memory));
		EXPECT_EQ(0, transfer_wait(bay, self->reservation, buffer, 0, LENGTH, 4,
					   DMABAY_TO_DEVICE));
		fill(memory, LENGTH, BLANK, i);
		ASSERT_EQ(0, bytes_of(fd, EXPORTER_WRITE, memory));
		EXPECT_EQ(0, transfer_wait(bay, self->reservation, buffer, 0, LENGTH, 4,
					   DMABAY_FROM_DEVICE));
		ASSERT_EQ(0, bytes_of(fd, EXPORTER_READ, memory));
		EXPECT_PATTERN(memory, LENGTH, SENT, i);
		EXPECT_EQ(0, dmabay_unregister(bay, buffer));
		close(fd);
	}
}

TEST_F_TIMEOUT(dmabuf_channel, alignment, LONG_TEST)
{
	const struct {
		uint32_t size;
		uint32_t segment;
		int result;
	} tries[] = {
		{ PAGE, 1, -EINVAL },
		{ PAGE, 2, -EINVAL },
		{ PAGE, 6, -EINVAL },
		{ PAGE, PAGE - 2, -EINVAL },
		{ PAGE, 12, 0 },
		{ PAGE + 3, PAGE, 0 },
		{ 3, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(tries); i++) {
		int fd = new_from_test(tries[i].size, tries[i].segment);
		uint32_t buffer;

		ASSERT_LE(0, fd);
		EXPECT_EQ(tries[i].result,
			  dmabay_import(self->channel.bay, fd, 0, &buffer, NULL))
			TH_LOG("%u bytes in pieces of %u", tries[i].size, tries[i].segment);
		close(fd);
	}
}

TEST_HARNESS_MAIN
