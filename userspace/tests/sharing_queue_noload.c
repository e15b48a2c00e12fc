// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device that does one piece after the other, and somebody who has a long queue for it:
 * reservations take turns, so another process waits for the piece under way and no more.
 *
 * Loads and unloads the modules itself.
 */
#include "removal.h"
#include "sharing.h"

#define QUEUE	32u

FIXTURE(sharing_queue)
{
	struct dmabay *bay;
	uint64_t length;	/* of a piece */
};

/* A piece takes so long that whoever comes meanwhile is there before it ends. */
FIXTURE_VARIANT(sharing_queue)
{
	const char *driver;
	const char *parameters;
};

FIXTURE_VARIANT_ADD(sharing_queue, soft)
{
	.driver = "soft",
	.parameters = "memory=1 map_registers=64 max_length=PAGE async=1 delay_ms=1000",
};

FIXTURE_VARIANT_ADD(sharing_queue, edu)
{
	.driver = "edu",
	.parameters = "",
};

FIXTURE_SETUP(sharing_queue)
{
	struct dmabay_info info;

	if (!load_and_open(_metadata, variant->driver, variant->parameters, &self->bay))
		return;
	ASSERT_EQ(0, dmabay_info(self->bay, &info));
	self->length = about_a_page(&info);
}

FIXTURE_TEARDOWN(sharing_queue)
{
	close_and_unload(_metadata, self->bay);
}

static int prepare(struct dmabay *bay, struct dmabay_transfer *transfer, uint64_t length,
		   uint32_t depth)
{
	unsigned char *page = map_pages(PAGE);
	int result = dmabay_register(bay, page, PAGE, 0, &transfer->buffer);

	transfer->length = length;
	transfer->direction = DMABAY_TO_DEVICE;
	return result ? result : dmabay_reserve(bay, 1, depth, 0, &transfer->reservation);
}

static int one_transfer(const FIXTURE_DATA(sharing_queue) *self)
{
	struct dmabay_transfer transfer = { .flags = 0 };
	struct dmabay_completion completion;
	struct dmabay *bay;

	if (dmabay_open(&bay, dmabay_path(self->bay), O_RDWR) ||
	    prepare(bay, &transfer, self->length, 1))
		return 1;
	if (dmabay_submit(bay, &transfer, 1, &completion, 1, 1, dmabay_deadline(PATIENCE), NULL) !=
	    1)
		return 2;
	return completion.status ? 3 : 0;
}

TEST_F_TIMEOUT(sharing_queue, waits_for_one_piece, LONG_TEST)
{
	struct dmabay_transfer transfer = { .flags = 0 };
	struct dmabay_counters before, after;
	pid_t child;

	ASSERT_EQ(0, prepare(self->bay, &transfer, self->length, QUEUE));
	ASSERT_EQ(0, dmabay_counters(self->bay, &before));
	for (unsigned int i = 0; i < QUEUE; i++) {
		ASSERT_EQ(1, dmabay_submit(self->bay, &transfer, 1, NULL, 0, 0, 0, NULL));
	}
	child = send_member();
	ASSERT_LE(0, child);
	if (!child)
		_exit(one_transfer(self));
	expect_exit(_metadata, child);
	ASSERT_EQ(0, dmabay_counters(self->bay, &after));
	/* Its own, the one before it, and a few that were done before it came. */
	EXPECT_GE(QUEUE / 2, after.transfers - before.transfers);
	EXPECT_LE(0, dmabay_cancel(self->bay, 0, 0, 0, NULL));
}

TEST_HARNESS_MAIN
