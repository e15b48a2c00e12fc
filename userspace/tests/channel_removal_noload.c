// SPDX-License-Identifier: GPL-2.0-only
/*
 * Channels whose controller is taken away: its driver is unbound while transfers run,
 * wait and are waited for. Each of them ends, everyone is told ENODEV, files that stay
 * open are harmless, and when the controller is back so is the channel. And modules, in
 * every order, with every parameter that is wrong.
 *
 * Loads and unloads the modules itself.
 */
#include "channel_users.h"

#define CYCLES	5u

FIXTURE(channel_removal)
{
	struct channel channel;
};

FIXTURE_VARIANT(channel_removal)
{
	const char *driver;
};

FIXTURE_VARIANT_ADD(channel_removal, test_engine)
{
	.driver = TEST_ENGINE,
};

FIXTURE_VARIANT_ADD(channel_removal, sifive)
{
	.driver = SIFIVE,
};

FIXTURE_SETUP(channel_removal)
{
	LOAD_CHANNEL(&self->channel, variant->driver, "timeout_ms=1000");
	srandom(50);
}

FIXTURE_TEARDOWN(channel_removal)
{
	dmabay_close(self->channel.bay);
	EXPECT_EQ(0, unload_channel(&self->channel));
}

typedef FIXTURE_DATA(channel_removal) fixture;

/* The controller comes back, and a channel of it is offered anew; an old file is no harm. */
static void expect_back(struct __test_metadata *_metadata, fixture *self)
{
	struct channel *channel = &self->channel;
	struct dmabay *stale = channel->bay;
	struct dmabay_info info;

	forget_plan();
	ASSERT_EQ(0, remove_channel());
	ASSERT_EQ(0, bind_controller(channel, true));
	ASSERT_TRUE(find_channel(channel));
	ASSERT_EQ(0, insert_channel(channel, "timeout_ms=1000"));
	ASSERT_EQ(0, open_channel(channel));
	EXPECT_EQ(0, good_transfer(channel->bay));
	EXPECT_EQ(-ENODEV, dmabay_info(stale, &info));
	dmabay_close(stale);
	EXPECT_EQ(0, good_transfer(channel->bay));
	EXPECT_NOTHING_LEFT(channel->path);
}

/* Of a file whose device is gone. */
static void expect_gone(struct __test_metadata *_metadata, fixture *self, const struct job *job)
{
	struct pollfd poll_fd = { .fd = dmabay_fd(job->bay), .events = POLLIN };
	struct dmabay_completion completion;
	struct dmabay_counters counters;
	struct dmabay_info info;
	uint32_t number;

	EXPECT_NE(0, access(self->channel.path, F_OK));
	EXPECT_EQ(1, poll(&poll_fd, 1, 0));
	EXPECT_EQ(POLLHUP, poll_fd.revents & POLLHUP);
	EXPECT_EQ(-ENODEV, dmabay_info(job->bay, &info));
	EXPECT_EQ(-ENODEV, dmabay_counters(job->bay, &counters));
	EXPECT_EQ(-ENODEV, dmabay_register(job->bay, job->memory, PAGE, 0, &number));
	EXPECT_EQ(-ENODEV, dmabay_reserve(job->bay, 1, 1, 0, &number));
	EXPECT_EQ(-ENODEV, start_job(job, 1, DMABAY_TO_DEVICE));
	EXPECT_EQ(-ENODEV, dmabay_wait(job->bay, &completion, 1, 1, dmabay_deadline(PATIENCE)));
	EXPECT_EQ(-ENODEV, dmabay_once(job->bay, job->memory, PAGE, 0, DMABAY_TO_DEVICE));
	EXPECT_EQ(-ENODEV, dmabay_free(job->bay, job->reservation));
	EXPECT_EQ(-ENODEV, dmabay_unregister(job->bay, job->buffer));
}

/* One transfer runs, three are queued. The first may still get to its end. */
static void unbind_under_way(struct __test_metadata *_metadata, fixture *self, bool hangs)
{
	struct dmabay_completion completion;
	struct user line, idle, once;
	struct job job;
	int status;

	ASSERT_EQ(0, prepare_job(&job, &self->channel, LENGTH));
	ASSERT_EQ(0, start_user(&self->channel, &line, wait_in_line));
	ASSERT_EQ(0, start_user(&self->channel, &idle, wait_for_completion));
	/* This one waits for what its own file has. */
	once.bay = job.bay;
	ASSERT_EQ(0, pthread_create(&once.thread, NULL, transfer_once_on, &once));
	ASSERT_TRUE(saw_waiters(self->channel.bay, 2));
	ASSERT_EQ((int)DEPTH, start_job(&job, DEPTH, DMABAY_FROM_DEVICE));

	ASSERT_EQ(0, bind_controller(&self->channel, false));
	fill(job.memory, LENGTH, SENT, 1);
	for (uint32_t i = 0; i < DEPTH; i++) {
		status = finish_one(&job, &completion);
		EXPECT_EQ(i, completion.cookie);
		EXPECT_TRUE(status == -ENODEV || (!status && !i && !hangs))
			TH_LOG("number %u ended with %d", i, status);
		EXPECT_EQ(status ? 0 : LENGTH, completion.length);
	}
	expect_gone(_metadata, self, &job);
	EXPECT_EQ(-ENODEV, end_of_user(&line));
	EXPECT_EQ(-ENODEV, end_of_user(&idle));
	EXPECT_EQ(-ENODEV, end_of_user(&once)); /* closes the file of the job */
	EXPECT_EQ(0, pinned_now());
	expect_back(_metadata, self);
	/* Long after, nobody has written into memory that was given back. */
	EXPECT_PATTERN(job.memory, LENGTH, SENT, 1);
	munmap(job.memory, LENGTH);
}

TEST_F_TIMEOUT(channel_removal, unbound_under_way, LONG_TEST)
{
	if (!is_test_engine(&self->channel))
		SKIP(return, "this controller is too fast");
	ASSERT_EQ(0, set_plan("delay_ms", 400));
	unbind_under_way(_metadata, self, false);
}

TEST_F_TIMEOUT(channel_removal, unbound_without_an_answer, LONG_TEST)
{
	if (!is_test_engine(&self->channel))
		SKIP(return, "this controller always answers");
	ASSERT_EQ(0, set_plan("hang", 1));
	unbind_under_way(_metadata, self, true);
}

TEST_F_TIMEOUT(channel_removal, unbound_while_busy, LONG_TEST)
{
	struct user users[BUSY_USERS];

	if (!is_test_engine(&self->channel))
		SKIP(return, "this controller's driver cannot be bound twice");
	for (unsigned int i = 0; i < CYCLES; i++) {
		ASSERT_EQ(0, start_busy_users(&self->channel, users));
		pause_for(50 * MILLISECOND + (uint64_t)random() % (50 * MILLISECOND));
		ASSERT_EQ(0, bind_controller(&self->channel, false)) TH_LOG("cycle %u", i);
		for (unsigned int j = 0; j < BUSY_USERS; j++) {
			EXPECT_EQ(-ENODEV, end_of_user(&users[j])) TH_LOG("user %u", j);
		}
		EXPECT_EQ(0, pinned_now());
		expect_back(_metadata, self);
	}
}

/* ---- modules ---- */

/* The controller's module is in use as long as a channel of it is, by whomever. */
TEST_F_TIMEOUT(channel_removal, modules_in_use, LONG_TEST)
{
	struct dmabay_info info;

	if (!is_test_engine(&self->channel))
		SKIP(return, "this controller is no module");
	EXPECT_EQ(-EAGAIN, removed(TEST_ENGINE));
	EXPECT_EQ(0, good_transfer(self->channel.bay));

	/* An open file keeps the core, not the device. */
	EXPECT_EQ(0, remove_channel());
	EXPECT_EQ(-ENODEV, dmabay_info(self->channel.bay, &info));
	EXPECT_EQ(-EAGAIN, removed("dmabay"));
	EXPECT_EQ(0, removed(TEST_ENGINE));
}

struct refusal {
	int expected;
	const char *format;	/* of the parameters, with the channel's name */
};

TEST_F(channel_removal, wrong_parameters)
{
	static const struct refusal refusals[] = {
		{ -ENODEV, "copy=dma99chan0" },
		{ -ENODEV, "copy=%s,dma99chan0" },
		{ -EBUSY, "copy=%1$s,%1$s" },
		{ -EINVAL, "copy=%s memory=0" },
		{ -ENOMEM, "copy=%s memory=1000000" },
		{ -EINVAL, "copy=%s max_length=0" },
		{ -EINVAL, "copy=%s timeout_ms=0" },
		{ -EINVAL, "copy=%s map_registers=1" },
		{ -EINVAL, "copy=%s provider=none" },
		{ -EOPNOTSUPP, "copy=%s provider=iova" },
	};
	struct channel *channel = &self->channel;
	char parameters[128];

	dmabay_close(channel->bay);
	ASSERT_EQ(0, remove_channel());
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		snprintf(parameters, sizeof(parameters), refusals[i].format, channel->name);
		EXPECT_EQ(refusals[i].expected, insert("dmabay_dmaengine", parameters))
			TH_LOG("%s", parameters);
		ASSERT_FALSE(find_node("dmaengine", channel->path, sizeof(channel->path)))
			TH_LOG("%s", parameters);
	}
	/* None of them has kept the channel. */
	ASSERT_EQ(0, insert_channel(channel, ""));
	ASSERT_EQ(0, open_channel(channel));
	EXPECT_EQ(0, good_transfer(channel->bay));
}

TEST_F(channel_removal, any_channel)
{
	struct channel *channel = &self->channel;

	dmabay_close(channel->bay);
	ASSERT_EQ(0, remove_channel());
	ASSERT_EQ(0, insert("dmabay_dmaengine", "copy=any"));
	ASSERT_EQ(0, open_channel(channel));
	EXPECT_EQ(0, strncmp("dma", (const char *)channel->info.bus, 3));
	EXPECT_EQ(0, good_transfer(channel->bay));
}

TEST_HARNESS_MAIN
