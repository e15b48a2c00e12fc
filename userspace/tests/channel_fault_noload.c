// SPDX-License-Identifier: GPL-2.0-only
/*
 * Channels that fail: one that does not answer, one that says that it has failed, one
 * that is slow, and one that is late to say that it is done. Each transfer ends once,
 * with the right status, and the next one works.
 *
 * Loads and unloads the modules itself.
 */
#include "channel.h"

#define LENGTH	(3u * PAGE)

FIXTURE(channel_fault)
{
	struct channel channel;
	struct job job;
	struct dmabay_counters before;
};

FIXTURE_SETUP(channel_fault)
{
	LOAD_CHANNEL(&self->channel, TEST_ENGINE, "timeout_ms=1000");
	ASSERT_EQ(0, prepare_job(&self->job, &self->channel, LENGTH));
	ASSERT_EQ(0, dmabay_counters(self->channel.bay, &self->before));
	fill(self->job.memory, LENGTH, SENT, 1);
}

typedef FIXTURE_DATA(channel_fault) fixture;

/* The channel is as good as before. */
static void expect_good(struct __test_metadata *_metadata, fixture *self)
{
	struct job *job = &self->job;

	forget_plan();
	fill(job->memory, LENGTH, SENT, 2);
	EXPECT_EQ(0, run_job(job, DMABAY_TO_DEVICE));
	fill(job->memory, LENGTH, BLANK, 2);
	EXPECT_EQ(0, run_job(job, DMABAY_FROM_DEVICE));
	EXPECT_PATTERN(job->memory, LENGTH, SENT, 2);
}

FIXTURE_TEARDOWN(channel_fault)
{
	expect_good(_metadata, self);
	end_job(&self->job);
	EXPECT_NOTHING_LEFT(self->channel.path);
	dmabay_close(self->channel.bay);
	EXPECT_EQ(0, unload_channel(&self->channel));
}

/* So many transfers end like this, in their order, and no other does. */
static void expect_ends(struct __test_metadata *_metadata, fixture *self, const int *statuses,
			uint32_t count, uint64_t length_if_failed)
{
	struct dmabay_completion completion;

	for (uint32_t i = 0; i < count; i++) {
		EXPECT_EQ(statuses[i], finish_one(&self->job, &completion)) TH_LOG("number %u", i);
		EXPECT_EQ(i, completion.cookie);
		EXPECT_EQ(statuses[i] ? length_if_failed : LENGTH, completion.length);
	}
	EXPECT_EQ(-EAGAIN, dmabay_wait(self->job.bay, &completion, 1, 0, 0));
}

static void expect_counted(struct __test_metadata *_metadata, fixture *self, uint64_t timeouts,
			   uint64_t errors)
{
	struct dmabay_counters after;

	ASSERT_EQ(0, dmabay_counters(self->channel.bay, &after));
	EXPECT_EQ(self->before.timeouts + timeouts, after.timeouts);
	EXPECT_EQ(self->before.errors + errors, after.errors);
}

/* The first one of three never ends; those behind it run when it was given up. */
TEST_F_TIMEOUT(channel_fault, no_answer, LONG_TEST)
{
	const int statuses[] = { -ETIMEDOUT, 0, 0 };

	ASSERT_EQ(0, set_plan("hang", 1));
	ASSERT_EQ(3, start_job(&self->job, 3, DMABAY_TO_DEVICE));
	expect_ends(_metadata, self, statuses, 3, 0);
	expect_counted(_metadata, self, 1, 1);
}

TEST_F_TIMEOUT(channel_fault, no_answer_twice, LONG_TEST)
{
	const int statuses[] = { -ETIMEDOUT, -ETIMEDOUT, 0, 0 };

	ASSERT_EQ(0, set_plan("hang", 2));
	ASSERT_EQ(4, start_job(&self->job, 4, DMABAY_TO_DEVICE));
	expect_ends(_metadata, self, statuses, 4, 0);
	expect_counted(_metadata, self, 2, 2);
}

/* A channel that was given up does not write when the memory is somebody else's. */
TEST_F_TIMEOUT(channel_fault, no_answer_and_no_write, LONG_TEST)
{
	ASSERT_EQ(0, set_plan("hang", 1));
	EXPECT_EQ(-ETIMEDOUT, run_job(&self->job, DMABAY_FROM_DEVICE));
	EXPECT_PATTERN(self->job.memory, LENGTH, SENT, 1);
	expect_counted(_metadata, self, 1, 1);
}

TEST_F_TIMEOUT(channel_fault, no_answer_to_once, LONG_TEST)
{
	struct job *job = &self->job;

	ASSERT_EQ(0, dmabay_free(job->bay, job->reservation));
	ASSERT_EQ(0, set_plan("hang", 1));
	EXPECT_EQ(-ETIMEDOUT, dmabay_once(job->bay, job->memory, LENGTH, 0, DMABAY_TO_DEVICE));
	EXPECT_EQ(LENGTH, dmabay_once(job->bay, job->memory, LENGTH, 0, DMABAY_TO_DEVICE));
	expect_counted(_metadata, self, 1, 1);
	ASSERT_EQ(0, dmabay_reserve(job->bay, 4, DEPTH, 0, &job->reservation));
}

/* The controller says that it has failed after half of the bytes. */
TEST_F_TIMEOUT(channel_fault, error, LONG_TEST)
{
	const int statuses[] = { -EIO, 0 };
	struct job *job = &self->job;

	EXPECT_EQ(0, run_job(job, DMABAY_TO_DEVICE));
	fill(job->memory, LENGTH, SENT, 3);
	ASSERT_EQ(0, set_plan("fail", 1));
	ASSERT_EQ(1, start_job(job, 1, DMABAY_TO_DEVICE));
	expect_ends(_metadata, self, statuses, 1, LENGTH / 2);

	/* Those are there, and the others are as they were. */
	EXPECT_EQ(0, run_job(job, DMABAY_FROM_DEVICE));
	EXPECT_PATTERN(job->memory, LENGTH / 2, SENT, 3);
	fill(job->memory, LENGTH / 2, SENT, 1);
	EXPECT_PATTERN(job->memory, LENGTH, SENT, 1);
	expect_counted(_metadata, self, 0, 1);
}

TEST_F_TIMEOUT(channel_fault, error_with_others_behind_it, LONG_TEST)
{
	const int statuses[] = { -EIO, -EIO, 0, 0 };

	ASSERT_EQ(0, set_plan("fail", 2));
	ASSERT_EQ(4, start_job(&self->job, 4, DMABAY_TO_DEVICE));
	expect_ends(_metadata, self, statuses, 4, LENGTH / 2);
	expect_counted(_metadata, self, 0, 2);
}

/* The controller says that more is left than it was given: then nothing counts as moved. */
TEST_F_TIMEOUT(channel_fault, more_left_than_there_was, LONG_TEST)
{
	const int statuses[] = { -EIO, 0 };

	ASSERT_EQ(0, set_plan("residue", 1));
	ASSERT_EQ(2, start_job(&self->job, 2, DMABAY_TO_DEVICE));
	expect_ends(_metadata, self, statuses, 2, 0);
	expect_counted(_metadata, self, 0, 1);
}

/*
 * The controller calls back twice. The second time is for nobody; or for the one behind it,
 * which then is not over, and is stopped: it has failed. Each ends once, and with the truth.
 */
TEST_F_TIMEOUT(channel_fault, called_back_twice, LONG_TEST)
{
	struct dmabay_completion completion;
	unsigned int failed = 0, wrong = 0;
	int status;

	ASSERT_EQ(0, set_plan("twice", 1));
	EXPECT_EQ(0, run_job(&self->job, DMABAY_TO_DEVICE));
	expect_counted(_metadata, self, 0, 0);

	ASSERT_EQ(0, set_plan("twice", DEPTH));
	ASSERT_EQ((int)DEPTH, start_job(&self->job, DEPTH, DMABAY_TO_DEVICE));
	for (uint32_t i = 0; i < DEPTH; i++) {
		status = finish_one(&self->job, &completion);
		EXPECT_TRUE(!status || status == -EIO);
		EXPECT_EQ(i, completion.cookie);
		wrong += (status != 0) == (completion.length == LENGTH);
		failed += status != 0;
	}
	EXPECT_EQ(-EAGAIN, dmabay_wait(self->job.bay, &completion, 1, 0, 0));
	expect_counted(_metadata, self, 0, failed);
	EXPECT_EQ(0, wrong);
	FIGURE("R16", "%u transfers of a channel that calls back twice, %u wrong results, %u failed",
	       DEPTH + 1, wrong, failed);
}

/* Each has all of its time, however long it has waited for those before it. */
TEST_F_TIMEOUT(channel_fault, slow, LONG_TEST)
{
	const int statuses[] = { 0, 0, 0, 0 };

	ASSERT_EQ(0, set_plan("delay_ms", 400));
	ASSERT_EQ(4, start_job(&self->job, 4, DMABAY_TO_DEVICE));
	expect_ends(_metadata, self, statuses, 4, 0);
	expect_counted(_metadata, self, 0, 0);
}

/* What is done is done, even if that is heard of when its time is up. */
TEST_F_TIMEOUT(channel_fault, late, LONG_TEST)
{
	const int statuses[] = { 0, 0 };

	ASSERT_EQ(0, set_plan("late_ms", 1500));
	ASSERT_EQ(2, start_job(&self->job, 2, DMABAY_TO_DEVICE));
	expect_ends(_metadata, self, statuses, 2, 0);
	expect_counted(_metadata, self, 0, 0);
}

TEST_HARNESS_MAIN
