// SPDX-License-Identifier: GPL-2.0-only
/*
 * Streams: channels to a peripheral that has no memory, but takes bytes and gives them.
 * That of the test engine gives what it was sent, and keeps those who want more waiting:
 * so one node sends and the other one receives.
 *
 * Loads and unloads the modules itself.
 */
#include "channel.h"

#define LENGTH	(2u * PAGE)
#define LONGER	(100u * PAGE)	/* than what the peripheral holds back */

FIXTURE(channel_stream)
{
	struct channel rx;
	struct channel tx;
	struct job receive;
	struct job send;
};

typedef FIXTURE_DATA(channel_stream) fixture;

static void open_stream(struct __test_metadata *_metadata, struct channel *channel,
			struct job *job, const char *place)
{
	channel->driver = TEST_ENGINE;
	ASSERT_TRUE(find_channel(channel));
	ASSERT_TRUE(find_node(place, channel->path, sizeof(channel->path)));
	ASSERT_EQ(0, dmabay_open(&channel->bay, channel->path, O_RDWR));
	ASSERT_EQ(0, dmabay_info(channel->bay, &channel->info));
	ASSERT_EQ(0, prepare_job(job, channel, LENGTH));
}

static void open_streams(struct __test_metadata *_metadata, fixture *self)
{
	open_stream(_metadata, &self->rx, &self->receive, ":rx");
	open_stream(_metadata, &self->tx, &self->send, ":tx");
}

static void close_stream(struct channel *channel, struct job *job)
{
	end_job(job);
	dmabay_close(channel->bay);
}

static void close_streams(fixture *self)
{
	close_stream(&self->rx, &self->receive);
	close_stream(&self->tx, &self->send);
}

FIXTURE_SETUP(channel_stream)
{
	int result = insert(TEST_ENGINE, "peripheral=1");

	if (result == -ENOENT)
		SKIP(return, "there is no test engine here");
	ASSERT_EQ(0, result);
	ASSERT_EQ(0, insert("dmabay", ""));
	ASSERT_EQ(0, insert("dmabay_dmaengine", "timeout_ms=1000"));
	open_streams(_metadata, self);
}

/* So many bytes of the buffers go out, and come in; who receives is there first. */
static void expect_stream(struct __test_metadata *_metadata, fixture *self)
{
	struct dmabay_completion completion;

	fill(self->send.memory, LENGTH, SENT, 1);
	fill(self->receive.memory, LENGTH, BLANK, 1);
	EXPECT_EQ(1, start_job(&self->receive, 1, DMABAY_FROM_DEVICE));
	EXPECT_EQ(0, run_job(&self->send, DMABAY_TO_DEVICE));
	EXPECT_EQ(0, finish_one(&self->receive, &completion));
	EXPECT_EQ(LENGTH, completion.length);
	EXPECT_PATTERN(self->receive.memory, LENGTH, SENT, 1);
}

FIXTURE_TEARDOWN(channel_stream)
{
	forget_plan();
	expect_stream(_metadata, self);
	close_streams(self);
	EXPECT_NOTHING_LEFT(self->rx.path);
	EXPECT_NOTHING_LEFT(self->tx.path);
	EXPECT_EQ(0, unload_channel(&self->rx));
}

TEST_F(channel_stream, what_they_say)
{
	EXPECT_EQ(DMABAY_INFO_EXCLUSIVE | DMABAY_INFO_FROM_DEVICE, self->rx.info.flags);
	EXPECT_EQ(DMABAY_INFO_EXCLUSIVE | DMABAY_INFO_TO_DEVICE, self->tx.info.flags);
	EXPECT_EQ(0, self->rx.info.device_memory);
	EXPECT_EQ(0, self->tx.info.device_memory);
	EXPECT_EQ(4, self->rx.info.alignment);
	EXPECT_EQ(4, self->tx.info.alignment);
}

TEST_F(channel_stream, bad_arguments)
{
	const struct job *receive = &self->receive, *send = &self->send;

	EXPECT_EQ(-EOPNOTSUPP, run_job(receive, DMABAY_TO_DEVICE));
	EXPECT_EQ(-EOPNOTSUPP, run_job(send, DMABAY_FROM_DEVICE));
	EXPECT_EQ(-EOPNOTSUPP, dmabay_once(send->bay, send->memory, 4, 0, DMABAY_FROM_DEVICE));
	EXPECT_EQ(-ERANGE, transfer_wait(send->bay, send->reservation, send->buffer, 0, 4, 4,
					 DMABAY_TO_DEVICE));
	EXPECT_EQ(-EINVAL, transfer_wait(send->bay, send->reservation, send->buffer, 0, 3, 0,
					 DMABAY_TO_DEVICE));
}

/* What is sent in parts is received as a whole, and the other way round, in its order. */
TEST_F_TIMEOUT(channel_stream, order, LONG_TEST)
{
	struct dmabay_completion completion;
	struct job *receive = &self->receive, *send = &self->send;

	fill(send->memory, LENGTH, SENT, 2);
	fill(receive->memory, LENGTH, BLANK, 2);
	EXPECT_EQ(1, start_job(receive, 1, DMABAY_FROM_DEVICE));
	for (uint32_t i = 0; i < 4; i++) {
		EXPECT_EQ(0, transfer_wait(send->bay, send->reservation, send->buffer,
					   i * LENGTH / 4, LENGTH / 4, 0, DMABAY_TO_DEVICE));
	}
	EXPECT_EQ(0, finish_one(receive, &completion));
	EXPECT_PATTERN(receive->memory, LENGTH, SENT, 2);

	fill(receive->memory, LENGTH, BLANK, 2);
	EXPECT_EQ(1, start_job(send, 1, DMABAY_TO_DEVICE));
	for (uint32_t i = 0; i < 4; i++) {
		EXPECT_EQ(0, transfer_wait(receive->bay, receive->reservation, receive->buffer,
					   i * LENGTH / 4, LENGTH / 4, 0, DMABAY_FROM_DEVICE));
	}
	EXPECT_EQ(0, finish_one(send, &completion));
	EXPECT_PATTERN(receive->memory, LENGTH, SENT, 2);
}

/* More than there is room for, cut into pieces: whoever is ahead waits for the other. */
TEST_F_TIMEOUT(channel_stream, longer_than_the_fifo, LONG_TEST)
{
	struct dmabay_completion completion;
	struct job receive, send;

	end_job(&self->receive);
	end_job(&self->send);
	ASSERT_EQ(0, prepare_job(&receive, &self->rx, LONGER));
	ASSERT_EQ(0, prepare_job(&send, &self->tx, LONGER));
	fill(send.memory, LONGER, SENT, 3);
	fill(receive.memory, LONGER, BLANK, 3);
	EXPECT_EQ(1, start_job(&send, 1, DMABAY_TO_DEVICE));
	EXPECT_EQ(0, run_job(&receive, DMABAY_FROM_DEVICE));
	EXPECT_EQ(0, finish_one(&send, &completion));
	EXPECT_EQ(LONGER, completion.length);
	EXPECT_PATTERN(receive.memory, LONGER, SENT, 3);
	end_job(&receive);
	end_job(&send);
	ASSERT_EQ(0, prepare_job(&self->receive, &self->rx, LENGTH));
	ASSERT_EQ(0, prepare_job(&self->send, &self->tx, LENGTH));
}

/* What came before the time was up is told, and is there. */
TEST_F_TIMEOUT(channel_stream, nothing_more_comes, LONG_TEST)
{
	struct job *receive = &self->receive, *send = &self->send;
	struct dmabay_completion completion;
	struct dmabay_counters counters;

	fill(send->memory, LENGTH, SENT, 4);
	fill(receive->memory, LENGTH, BLANK, 4);
	EXPECT_EQ(0, transfer_wait(send->bay, send->reservation, send->buffer, 0, 100, 0,
				   DMABAY_TO_DEVICE));
	EXPECT_EQ(1, start_job(receive, 1, DMABAY_FROM_DEVICE));
	EXPECT_EQ(-ETIMEDOUT, finish_one(receive, &completion));
	EXPECT_EQ(100, completion.length);
	EXPECT_PATTERN(receive->memory, 100, SENT, 4);
	EXPECT_EQ(-EAGAIN, dmabay_wait(receive->bay, &completion, 1, 0, 0));
	ASSERT_EQ(0, dmabay_counters(self->rx.bay, &counters));
	EXPECT_EQ(1, counters.timeouts);
}

/* One that waits for its bytes leaves them to the next one, and is stopped at once. */
TEST_F_TIMEOUT(channel_stream, cancelled_while_waiting, LONG_TEST)
{
	struct job *receive = &self->receive, *send = &self->send;
	struct dmabay_completion completion;
	struct dmabay_counters counters;
	uint32_t running;

	fill(send->memory, LENGTH, SENT, 5);
	fill(receive->memory, LENGTH, BLANK, 5);
	ASSERT_EQ(3, start_job(receive, 3, DMABAY_FROM_DEVICE));
	EXPECT_EQ(1, dmabay_cancel(receive->bay, DMABAY_CANCEL_COOKIE, 0, 1, &running));
	EXPECT_EQ(0, running);
	EXPECT_EQ(0, dmabay_cancel(receive->bay, DMABAY_CANCEL_COOKIE, 0, 0, &running));
	EXPECT_EQ(1, running);
	for (uint32_t i = 0; i < 2; i++) {
		EXPECT_EQ(-ECANCELED, finish_one(receive, &completion));
		EXPECT_EQ(1 - i, completion.cookie);
		EXPECT_EQ(0, completion.length);
	}
	EXPECT_EQ(0, run_job(send, DMABAY_TO_DEVICE));
	EXPECT_EQ(0, finish_one(receive, &completion));
	EXPECT_EQ(2, completion.cookie);
	EXPECT_PATTERN(receive->memory, LENGTH, SENT, 5);
	ASSERT_EQ(0, dmabay_counters(self->rx.bay, &counters));
	EXPECT_EQ(0, counters.timeouts);
}

/* The deadline comes long before the channel is late: nothing is wrong with that. */
TEST_F_TIMEOUT(channel_stream, deadline_while_waiting, LONG_TEST)
{
	struct job *receive = &self->receive;
	struct dmabay_completion completion;
	struct dmabay_counters counters;

	ASSERT_EQ((int)DEPTH, start_job_until(receive, DEPTH, DMABAY_FROM_DEVICE,
					      dmabay_deadline(100 * MILLISECOND)));
	for (uint32_t i = 0; i < DEPTH; i++) {
		EXPECT_EQ(-ETIMEDOUT, finish_one(receive, &completion));
		EXPECT_EQ(0, completion.length);
	}
	EXPECT_EQ(-EAGAIN, dmabay_wait(receive->bay, &completion, 1, 0, 0));
	ASSERT_EQ(0, dmabay_counters(self->rx.bay, &counters));
	EXPECT_EQ(0, counters.timeouts);
}

/* The same of DMABAY_ONCE, which has the channel, and not of the line it stood in. */
TEST_F_TIMEOUT(channel_stream, deadline_of_once, LONG_TEST)
{
	struct job *receive = &self->receive;
	struct dmabay_counters counters;

	ASSERT_EQ(0, dmabay_free(receive->bay, receive->reservation));
	EXPECT_EQ(-ETIMEDOUT, dmabay_once_until(receive->bay, receive->memory, LENGTH, 0,
						DMABAY_FROM_DEVICE,
						dmabay_deadline(100 * MILLISECOND)));
	ASSERT_EQ(0, dmabay_reserve(receive->bay, 1, DEPTH, 0, &receive->reservation));
	EXPECT_EQ(0, run_job(&self->send, DMABAY_TO_DEVICE));
	EXPECT_EQ(0, run_job(receive, DMABAY_FROM_DEVICE));
	ASSERT_EQ(0, dmabay_counters(self->rx.bay, &counters));
	EXPECT_EQ(0, counters.timeouts);
}

/* Who waits for bytes that never come can leave at any time, long before it is late. */
TEST_F_TIMEOUT(channel_stream, left_while_waiting, LONG_TEST)
{
	struct job receive;
	int status;
	pid_t child;

	close_streams(self);
	ASSERT_EQ(0, remove_channel());
	ASSERT_EQ(0, insert("dmabay_dmaengine", "timeout_ms=1000000"));
	open_streams(_metadata, self);

	ASSERT_EQ((int)DEPTH, start_job(&self->receive, DEPTH, DMABAY_FROM_DEVICE));
	end_job(&self->receive);
	end_job(&self->send);
	EXPECT_NOTHING_LEFT(self->rx.path);

	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		if (!prepare_job(&receive, &self->rx, LENGTH))
			run_job(&receive, DMABAY_FROM_DEVICE);
		_exit(1);
	}
	pause_for(300 * MILLISECOND);
	EXPECT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status));
	EXPECT_NOTHING_LEFT(self->rx.path);
	ASSERT_EQ(0, prepare_job(&self->receive, &self->rx, LENGTH));
	ASSERT_EQ(0, prepare_job(&self->send, &self->tx, LENGTH));
}

/* The controller comes back, and with it the peripheral and its nodes. */
TEST_F_TIMEOUT(channel_stream, unbound_while_waiting, LONG_TEST)
{
	struct dmabay_completion completion;

	ASSERT_EQ((int)DEPTH, start_job(&self->receive, DEPTH, DMABAY_FROM_DEVICE));
	ASSERT_EQ(0, bind_controller(&self->rx, false));
	for (uint32_t i = 0; i < DEPTH; i++) {
		EXPECT_EQ(-ENODEV, finish_one(&self->receive, &completion));
		EXPECT_EQ(i, completion.cookie);
		EXPECT_EQ(0, completion.length);
	}
	EXPECT_EQ(-ENODEV, finish_one(&self->receive, &completion));
	EXPECT_NE(0, access(self->rx.path, F_OK));
	EXPECT_NE(0, access(self->tx.path, F_OK));
	ASSERT_EQ(0, bind_controller(&self->rx, true));
	close_streams(self);
	open_streams(_metadata, self);
}

TEST_HARNESS_MAIN
