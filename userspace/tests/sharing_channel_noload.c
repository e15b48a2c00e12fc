// SPDX-License-Identifier: GPL-2.0-only
/*
 * A channel of a DMA controller: one line for all who want it, whether they reserve it,
 * transfer something once, or write to the node.
 *
 * Loads and unloads the modules itself.
 */
#include "channel.h"
#include "sharing.h"

FIXTURE(sharing_channel)
{
	struct channel channel;
	struct board *board;
};

typedef FIXTURE_DATA(sharing_channel) fixture;

FIXTURE_SETUP(sharing_channel)
{
	LOAD_CHANNEL(&self->channel, TEST_ENGINE, "");
	self->board = make_board();
	ASSERT_NE(NULL, self->board);
}

FIXTURE_TEARDOWN(sharing_channel)
{
	dmabay_close(self->channel.bay);
	EXPECT_NOTHING_LEFT(self->channel.path);
	EXPECT_EQ(0, unload_channel(&self->channel));
}

/* ---- those in the line: each leaves a page with its number in the device ---- */

static int by_reservation(struct dmabay *bay, struct board *board, unsigned char *page)
{
	uint32_t buffer, reservation;

	if (dmabay_register(bay, page, PAGE, 0, &buffer) ||
	    dmabay_reserve(bay, 1, 1, 0, &reservation))
		return 1;
	take_turn(board, 0);
	if (!saw(&board->released[0], 1))
		return 2;
	return transfer_wait(bay, reservation, buffer, 0, PAGE, 0, DMABAY_TO_DEVICE) ? 3 : 0;
}

static int by_once(struct dmabay *bay, struct board *board, unsigned char *page)
{
	(void)board;
	return dmabay_once(bay, page, PAGE, 0, DMABAY_TO_DEVICE) == PAGE ? 0 : 1;
}

static int by_write(struct dmabay *bay, struct board *board, unsigned char *page)
{
	(void)board;
	return pwrite(dmabay_fd(bay), page, PAGE, 0) == (ssize_t)PAGE ? 0 : 1;
}

typedef int (*member)(struct dmabay *bay, struct board *board, unsigned char *page);

static pid_t send(const fixture *self, member use, unsigned int seed)
{
	unsigned char *page = map_pages(PAGE);
	struct dmabay *bay;
	pid_t child = send_member();

	if (child)
		return child;
	fill(page, PAGE, SENT, seed);
	_exit(dmabay_open(&bay, self->channel.path, O_RDWR) ? 255 : use(bay, self->board, page));
}

/* The one who came last has written last. */
static void line_up(struct __test_metadata *_metadata, fixture *self, const member members[3])
{
	unsigned char *page = map_pages(PAGE);
	struct job job;
	pid_t children[3];

	memset(self->board, 0, sizeof(*self->board));
	ASSERT_EQ(0, prepare_job(&job, &self->channel, PAGE));
	for (unsigned int i = 0; i < 3; i++) {
		children[i] = send(self, members[i], 10 + i);
		ASSERT_LE(0, children[i]);
		ASSERT_TRUE(saw_waiters(self->channel.bay, i + 1));
	}
	EXPECT_EQ(0, atomic_load(&self->board->turn));
	/* The file is the children's as well, and closing it would end nothing. */
	ASSERT_EQ(0, dmabay_free(job.bay, job.reservation));
	ASSERT_TRUE(saw(&self->board->turn, 1));
	atomic_store(&self->board->released[0], 1);
	for (unsigned int i = 0; i < 3; i++)
		expect_exit(_metadata, children[i]);
	EXPECT_EQ(PAGE, dmabay_once(self->channel.bay, page, PAGE, 0, DMABAY_FROM_DEVICE));
	EXPECT_PATTERN(page, PAGE, SENT, 12);
	end_job(&job);
	munmap(page, PAGE);
}

TEST_F_TIMEOUT(sharing_channel, one_line_for_all, LONG_TEST)
{
	static const member orders[][3] = {
		{ by_reservation, by_once, by_write },
		{ by_once, by_write, by_reservation },
		{ by_write, by_reservation, by_once },
	};

	for (size_t i = 0; i < ARRAY_SIZE(orders); i++)
		line_up(_metadata, self, orders[i]);
}

TEST_HARNESS_MAIN
