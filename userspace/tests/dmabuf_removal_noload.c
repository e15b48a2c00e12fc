// SPDX-License-Identifier: GPL-2.0-only
/*
 * dma-bufs under way: their exporter's fd is closed, their file is closed, the device goes,
 * while transfers use them. The memory stays as long as it is used, no device is attached
 * to it any longer than there is one, and nothing is left.
 *
 * Loads and unloads the modules itself.
 */
#include "dmabuf.h"
#include "worker.h"

#define ROUNDS		21u
#define QUICK_ROUNDS	6u	/* with DMABAY_QUICK in the environment */

static int new_from_test_in_pieces(uint64_t size, unsigned int flags)
{
	(void)flags;
	return new_from_test((uint32_t)size, 3000);
}

/* The exporters of this kernel; the last one is always there. */
static int (*const makers[])(uint64_t size, unsigned int flags) = {
	new_from_heap, new_from_udmabuf, new_from_test_in_pieces,
};

struct round {
	struct dmabay *bay;
	uint32_t buffer;
	uint32_t reservation;
	int64_t objects;
	int64_t attachments;
};

/* As many transfers as fit, on a dma-buf that nobody else has. False: no such exporter. */
static bool begin_round(struct __test_metadata *_metadata, const fixture *self, size_t maker,
			struct round *round)
{
	int fd;

	ASSERT_EQ(0, insert("dmabay_test_exporter", ""));
	round->objects = dma_bufs_now();
	round->attachments = attachments_now();
	fd = makers[maker](LENGTH, O_RDWR);
	if (fd < 0 && maker < ARRAY_SIZE(makers) - 1)
		return false;
	ASSERT_LE(0, fd);
	ASSERT_EQ(0, dmabay_open(&round->bay, dmabay_path(self->bay), O_RDWR));
	ASSERT_EQ(0, dmabay_import(round->bay, fd, 0, &round->buffer, NULL));
	EXPECT_EQ(round->attachments + 1, attachments_now());
	ASSERT_EQ(0, dmabay_reserve(round->bay, 2, SLOTS, 0, &round->reservation));
	for (uint32_t i = 0; i < SLOTS; i++) {
		struct dmabay_transfer transfer = {
			.reservation = round->reservation,
			.buffer = round->buffer,
			.length = LENGTH,
			.direction = i % 2,
			.cookie = i,
		};

		ASSERT_EQ(1, dmabay_submit(round->bay, &transfer, 1, NULL, 0, 0, 0, NULL));
	}
	close(fd);
	return true;
}

/* Each transfer has ended once, well or because the device has gone. */
static uint32_t end_round(struct __test_metadata *_metadata, const struct round *round)
{
	struct dmabay_completion completion;
	uint32_t well = 0, seen = 0;

	for (uint32_t i = 0; i < SLOTS; i++) {
		ASSERT_EQ(1, dmabay_wait(round->bay, &completion, 1, 1, dmabay_deadline(PATIENCE)));
		seen |= 1u << completion.cookie;
		if (completion.status) {
			EXPECT_EQ(-ENODEV, completion.status);
		} else {
			EXPECT_EQ(LENGTH, completion.length);
			well++;
		}
	}
	EXPECT_EQ((1u << SLOTS) - 1, seen);
	return well;
}

TEST_F_TIMEOUT(worker, unregister_busy, LONG_TEST)
{
	struct round round;

	for (size_t i = 0; i < ARRAY_SIZE(makers); i++) {
		set_delay(_metadata, 200);
		if (!begin_round(_metadata, self, i, &round))
			continue;
		EXPECT_EQ(-EBUSY, dmabay_unregister(round.bay, round.buffer));
		EXPECT_EQ(round.attachments + 1, attachments_now());
		set_delay(_metadata, 0);
		EXPECT_EQ(SLOTS, end_round(_metadata, &round));
		EXPECT_EQ(0, dmabay_unregister(round.bay, round.buffer));
		EXPECT_EQ(round.attachments, attachments_now());
		EXPECT_EQ(round.objects, dma_bufs_become(round.objects));
		dmabay_close(round.bay);
	}
	EXPECT_EQ(0, removed("dmabay_test_exporter"));
}

TEST_F_TIMEOUT(worker, file_closed, LONG_TEST)
{
	const unsigned int rounds = repeated(ROUNDS, QUICK_ROUNDS);
	struct round round;

	for (unsigned int i = 0; i < rounds; i++) {
		set_delay(_metadata, i * ROUNDS / rounds);
		if (!begin_round(_metadata, self, i % ARRAY_SIZE(makers), &round))
			continue;
		dmabay_close(round.bay);
		EXPECT_EQ(round.attachments, attachments_now());
		EXPECT_EQ(round.objects, dma_bufs_become(round.objects));
	}
	EXPECT_EQ(0, removed("dmabay_test_exporter"));
}

/* When the device has gone nothing is attached to it, although the file is still open. */
TEST_F_TIMEOUT(worker, device_removed, LONG_TEST)
{
	const unsigned int tries = repeated(ROUNDS, QUICK_ROUNDS);
	uint32_t well = 0, rounds = 0;
	struct round round;

	for (unsigned int i = 0; i < tries; i++) {
		set_delay(_metadata, 2);
		if (!begin_round(_metadata, self, i % ARRAY_SIZE(makers), &round))
			continue;
		pause_for((uint64_t)random() % (60 * MILLISECOND));
		ASSERT_EQ(0, remove_soft());
		EXPECT_EQ(round.attachments, attachments_now());
		EXPECT_EQ(round.objects < 0 ? -1 : round.objects + 1, dma_bufs_now());
		well += end_round(_metadata, &round);
		rounds++;
		EXPECT_EQ(-ENODEV, dmabay_unregister(round.bay, round.buffer));
		dmabay_close(round.bay);
		EXPECT_EQ(round.objects, dma_bufs_become(round.objects));
		EXPECT_EQ(0, removed("dmabay_test_exporter"));
		reload_worker(_metadata, self);
	}
	EXPECT_LT(0, rounds);
	TH_LOG("%u of %u transfers ended well", well, rounds * SLOTS);
}

TEST_HARNESS_MAIN
