// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads and writes of a channel of a DMA controller: alignment, a channel that others
 * have, and streams, which have no positions and may keep their reader waiting.
 *
 * Loads and unloads the modules itself.
 */
#include "access.h"
#include "channel.h"

#define LENGTH	(2u * PAGE)

/* ---- in memory ---- */

FIXTURE(access_copier)
{
	struct channel channel;
	unsigned char *memory;
	int fd;
	aio_context_t context;
};

FIXTURE_SETUP(access_copier)
{
	LOAD_CHANNEL(&self->channel, TEST_ENGINE, "timeout_ms=1000");
	self->fd = open(self->channel.path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->memory = map_pages(LENGTH);
	ASSERT_NE(NULL, self->memory);
	fill(self->memory, LENGTH, SENT, 1);
	ASSERT_EQ(0, aio_begin(&self->context, 4));
}

FIXTURE_TEARDOWN(access_copier)
{
	aio_end(self->context);
	close(self->fd);
	dmabay_close(self->channel.bay);
	EXPECT_NOTHING_LEFT(self->channel.path);
	EXPECT_EQ(0, unload_channel(&self->channel));
}

TEST_F_TIMEOUT(access_copier, alignment, LONG_TEST)
{
	const uint32_t alignment = self->channel.info.alignment, half = alignment / 2;
	struct iovec vectors[2] = { { self->memory, alignment }, { self->memory, half } };
	unsigned char *memory = self->memory;

	ASSERT_LE(2, alignment);
	EXPECT_EQ(LENGTH, pwrite(self->fd, memory, LENGTH, alignment));
	EXPECT_EQ(-EINVAL, or_errno(pread(self->fd, memory, LENGTH, half)));
	EXPECT_EQ(-EINVAL, or_errno(pread(self->fd, memory, half, alignment)));
	EXPECT_EQ(-EINVAL, or_errno(pread(self->fd, memory + half, alignment, alignment)));
	EXPECT_EQ(-EINVAL, or_errno(preadv(self->fd, vectors, 2, alignment)));
	EXPECT_EQ(-EINVAL, aio_one(self->context, self->fd, IOCB_CMD_PREADV, vectors, 2,
				   alignment));
	EXPECT_PATTERN(memory, LENGTH, SENT, 1);
	fill(memory, LENGTH, BLANK, 1);
	EXPECT_EQ(LENGTH, pread(self->fd, memory, LENGTH, alignment));
	EXPECT_PATTERN(memory, LENGTH, SENT, 1);
}

/* Who cannot be interrupted does not wait for ever, even for its own file. */
TEST_F_TIMEOUT(access_copier, others_have_it, LONG_TEST)
{
	struct job job;

	ASSERT_EQ(0, prepare_job(&job, &self->channel, LENGTH));
	EXPECT_EQ(-EAGAIN, aio_one(self->context, self->fd, IOCB_CMD_PREAD, self->memory, LENGTH,
				   0));
	EXPECT_EQ(-EAGAIN, aio_one(self->context, dmabay_fd(job.bay), IOCB_CMD_PREAD, self->memory,
				   LENGTH, 0));
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-EAGAIN, or_errno(pread(self->fd, self->memory, LENGTH, 0)));
	end_job(&job);
	EXPECT_EQ(LENGTH, pread(self->fd, self->memory, LENGTH, 0));
	EXPECT_EQ(LENGTH, aio_one(self->context, self->fd, IOCB_CMD_PREAD, self->memory, LENGTH,
				  0));
}

/* What was moved before an error is what is returned; if it is nothing, the error. */
TEST_F_TIMEOUT(access_copier, failure, LONG_TEST)
{
	const int64_t half = LENGTH / 2;

	EXPECT_EQ(LENGTH, pwrite(self->fd, self->memory, LENGTH, 0));
	fill(self->memory, LENGTH, BLANK, 1);
	ASSERT_EQ(0, set_plan("fail", 1));
	EXPECT_EQ(half, read(self->fd, self->memory, LENGTH));
	EXPECT_EQ(half, lseek(self->fd, 0, SEEK_CUR));
	EXPECT_PATTERN(self->memory, half, SENT, 1);
	EXPECT_PATTERN_BETWEEN(self->memory, half, LENGTH, BLANK, 1);
	ASSERT_EQ(0, set_plan("hang", 1));
	EXPECT_EQ(-ETIMEDOUT, aio_one(self->context, self->fd, IOCB_CMD_PREAD, self->memory,
				      LENGTH, 0));
	forget_plan();
	EXPECT_EQ(LENGTH, pread(self->fd, self->memory, LENGTH, 0));
}

/* ---- streams ---- */

FIXTURE(access_stream)
{
	struct channel rx;
	struct channel tx;
	unsigned char *memory;	/* LENGTH bytes each */
	unsigned char *other;
	int receive;
	int send;
};

static void open_stream(struct __test_metadata *_metadata, struct channel *channel,
			const char *place, int *fd)
{
	channel->driver = TEST_ENGINE;
	ASSERT_TRUE(find_channel(channel));
	ASSERT_TRUE(find_node(place, channel->path, sizeof(channel->path)));
	*fd = open(channel->path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, *fd);
}

/* Who waits for bytes would do so for a quarter of an hour. */
FIXTURE_SETUP(access_stream)
{
	int result = insert(TEST_ENGINE, "peripheral=1");

	if (result == -ENOENT)
		SKIP(return, "there is no test engine here");
	ASSERT_EQ(0, result);
	ASSERT_EQ(0, insert("dmabay", ""));
	ASSERT_EQ(0, insert("dmabay_dmaengine", "timeout_ms=1000000"));
	open_stream(_metadata, &self->rx, ":rx", &self->receive);
	open_stream(_metadata, &self->tx, ":tx", &self->send);
	self->memory = map_pages(LENGTH);
	self->other = map_pages(LENGTH);
	ASSERT_NE(NULL, self->memory);
	ASSERT_NE(NULL, self->other);
	fill(self->memory, LENGTH, SENT, 1);
	fill(self->other, LENGTH, BLANK, 1);
}

FIXTURE_TEARDOWN(access_stream)
{
	close(self->receive);
	close(self->send);
	EXPECT_NOTHING_LEFT(self->rx.path);
	EXPECT_NOTHING_LEFT(self->tx.path);
	EXPECT_EQ(0, unload_channel(&self->rx));
}

TEST_F_TIMEOUT(access_stream, bytes_in_their_order, LONG_TEST)
{
	const unsigned int part = LENGTH / 4;
	struct io_event event;
	aio_context_t context;
	struct iocb iocb;

	EXPECT_EQ(-ESPIPE, or_errno(lseek(self->send, 0, SEEK_CUR)));
	EXPECT_EQ(-ESPIPE, or_errno(pwrite(self->send, self->memory, 4, 0)));
	EXPECT_EQ(-ESPIPE, or_errno(pread(self->receive, self->other, 4, 0)));
	EXPECT_EQ(-EOPNOTSUPP, or_errno(read(self->send, self->other, 4)));
	EXPECT_EQ(-EOPNOTSUPP, or_errno(write(self->receive, self->memory, 4)));

	ASSERT_EQ(0, aio_begin(&context, 1));
	ASSERT_EQ(0, aio_start(context, &iocb, self->receive, IOCB_CMD_PREAD, self->other,
			       2 * part, 0, 0));
	EXPECT_EQ(part, write(self->send, self->memory, part));
	EXPECT_EQ(part, write(self->send, self->memory + part, part));
	EXPECT_EQ(1, aio_finish(context, &event, 1));
	EXPECT_EQ(2 * part, event.res);
	aio_end(context);
	EXPECT_EQ(part, write(self->send, self->memory + 2 * part, part));
	EXPECT_EQ(part, read(self->receive, self->other + 2 * part, part));
	EXPECT_PATTERN(self->other, 3 * part, SENT, 1);
}

/* Nothing comes: the one that reads, and the one that had it read, can be killed. */
TEST_F_TIMEOUT(access_stream, killed_while_waiting, LONG_TEST)
{
	aio_context_t context;
	struct iocb iocb;

	for (unsigned int i = 0; i < 2; i++) {
		pid_t child = fork();
		int status = 0;

		ASSERT_LE(0, child);
		if (!child && i && (aio_begin(&context, 1) ||
				    aio_start(context, &iocb, self->receive, IOCB_CMD_PREAD,
					      self->other, LENGTH, 0, 0)))
			_exit(1);
		if (!child && i)
			pause();
		if (!child) {
			read(self->receive, self->other, LENGTH);
			_exit(2);
		}
		pause_for(300 * MILLISECOND);
		EXPECT_EQ(0, kill(child, SIGKILL));
		ASSERT_EQ(child, waitpid(child, &status, 0));
		EXPECT_TRUE(WIFSIGNALED(status)) TH_LOG("it ended by itself: 0x%x", status);
	}

	/* And it is free for the next one. */
	EXPECT_EQ(LENGTH / 4, write(self->send, self->memory, LENGTH / 4));
	EXPECT_EQ(LENGTH / 4, read(self->receive, self->other, LENGTH / 4));
	EXPECT_PATTERN(self->other, LENGTH / 4, SENT, 1);
}

TEST_HARNESS_MAIN
