// SPDX-License-Identifier: GPL-2.0-only
/*
 * Channels and those who use them: a program may be killed or close its file while the
 * controller works for it. The next program has the channel as if nothing had been, and
 * memory that was given back is not written any more.
 *
 * Loads and unloads the modules itself.
 */
#include "channel.h"

#define LENGTH	(4u * PAGE)
#define KILLS	40u
#define QUICK_KILLS	10u	/* with DMABAY_QUICK in the environment */

FIXTURE(channel_lifetime)
{
	struct channel channel;
};

FIXTURE_VARIANT(channel_lifetime)
{
	const char *driver;
	uint64_t latest;	/* ns, the last moment for a kill */
};

FIXTURE_VARIANT_ADD(channel_lifetime, test_engine)
{
	.driver = TEST_ENGINE,
	.latest = 20 * MILLISECOND,
};

FIXTURE_VARIANT_ADD(channel_lifetime, sifive)
{
	.driver = SIFIVE,
	.latest = 50 * MILLISECOND,
};

FIXTURE_SETUP(channel_lifetime)
{
	LOAD_CHANNEL(&self->channel, variant->driver, "timeout_ms=1000");
	srandom(40);
}

/* Whatever happened, the channel works for the next one, and nothing is left. */
FIXTURE_TEARDOWN(channel_lifetime)
{
	forget_plan();
	EXPECT_NOTHING_LEFT(self->channel.path);
	EXPECT_EQ(0, good_transfer(self->channel.bay));
	dmabay_close(self->channel.bay);
	EXPECT_NOTHING_LEFT(self->channel.path);
	EXPECT_EQ(0, unload_channel(&self->channel));
}

/* Everything a program can do, until it is killed. */
static void live(const struct channel *channel)
{
	struct dmabay_completion completions[DEPTH];
	struct job job;

	for (;;) {
		if (prepare_job(&job, channel, LENGTH))
			_exit(1);
		for (uint32_t i = 0; i < 4; i++) {
			start_job(&job, DEPTH, i & 1);
			dmabay_wait(job.bay, completions, DEPTH, DEPTH, dmabay_deadline(SECOND));
		}
		dmabay_free(job.bay, job.reservation);
		for (uint32_t i = 0; i < 4; i++)
			dmabay_once(job.bay, job.memory, LENGTH, 0, i & 1);
		end_job(&job);
	}
}

static void expect_killed(struct __test_metadata *_metadata, pid_t child)
{
	int status = 0;

	EXPECT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status)) TH_LOG("it died by itself: 0x%x", status);
}

TEST_F_TIMEOUT(channel_lifetime, killed, LONG_TEST)
{
	unsigned int kills = repeated(KILLS, QUICK_KILLS);

	for (unsigned int i = 0; i < kills; i++) {
		pid_t child = fork();

		ASSERT_LE(0, child);
		if (!child)
			live(&self->channel);
		set_plan("delay_ms", i % 3);
		pause_for((uint64_t)random() % variant->latest);
		expect_killed(_metadata, child);
		EXPECT_NOTHING_LEFT(self->channel.path);
		EXPECT_EQ(0, good_transfer(self->channel.bay));
	}
	tell_count(kills, "kills");
}

/* It dies with a transfer that will never end, and with others behind that. */
TEST_F_TIMEOUT(channel_lifetime, killed_without_an_answer, LONG_TEST)
{
	struct dmabay_completion completion;
	struct dmabay_info info;
	struct job job;
	pid_t child;

	if (!is_test_engine(&self->channel))
		SKIP(return, "this controller always answers");
	ASSERT_EQ(0, set_plan("hang", 1));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		if (prepare_job(&job, &self->channel, LENGTH) ||
		    start_job(&job, DEPTH, DMABAY_FROM_DEVICE) != (int)DEPTH)
			_exit(1);
		dmabay_wait(job.bay, &completion, 1, 1, 0);
		_exit(2);
	}
	do {
		pause_for(MILLISECOND);
		ASSERT_EQ(0, dmabay_info(self->channel.bay, &info));
	} while (info.map_registers_free == info.map_registers && !waitpid(child, NULL, WNOHANG));
	expect_killed(_metadata, child);
}

TEST_F_TIMEOUT(channel_lifetime, killed_in_line, LONG_TEST)
{
	struct job first, second;
	pid_t child;

	ASSERT_EQ(0, prepare_job(&first, &self->channel, LENGTH));
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(prepare_job(&second, &self->channel, LENGTH) ? 1 : 0);
	EXPECT_TRUE(saw_waiters(self->channel.bay, 1));
	expect_killed(_metadata, child);
	EXPECT_TRUE(saw_waiters(self->channel.bay, 0));
	EXPECT_EQ(0, run_job(&first, DMABAY_TO_DEVICE));
	end_job(&first);
}

TEST_F_TIMEOUT(channel_lifetime, closed_under_way, LONG_TEST)
{
	struct job job;

	for (unsigned int i = 0; i < 5; i++) {
		set_plan("delay_ms", 10 * i);
		ASSERT_EQ(0, prepare_job(&job, &self->channel, LENGTH));
		EXPECT_EQ((int)DEPTH, start_job(&job, DEPTH, DMABAY_FROM_DEVICE));
		dmabay_close(job.bay);
		/* The memory is this process's again: nothing may write it now. */
		fill(job.memory, LENGTH, SENT, 1);
		EXPECT_NOTHING_LEFT(self->channel.path);
		EXPECT_PATTERN(job.memory, LENGTH, SENT, 1);
		munmap(job.memory, LENGTH);
	}
}

/* A reservation with transfers under way is not given back, and is none the worse. */
TEST_F_TIMEOUT(channel_lifetime, freed_under_way, LONG_TEST)
{
	struct dmabay_completion completion;
	struct job job;

	if (!is_test_engine(&self->channel))
		SKIP(return, "this controller is too fast");
	set_plan("delay_ms", 200);
	ASSERT_EQ(0, prepare_job(&job, &self->channel, LENGTH));
	ASSERT_EQ(2, start_job(&job, 2, DMABAY_TO_DEVICE));
	EXPECT_EQ(-EBUSY, dmabay_free(job.bay, job.reservation));
	EXPECT_EQ(-EBUSY, dmabay_unregister(job.bay, job.buffer));
	EXPECT_EQ(0, finish_one(&job, &completion));
	EXPECT_EQ(0, finish_one(&job, &completion));
	EXPECT_EQ(0, dmabay_free(job.bay, job.reservation));
	EXPECT_EQ(0, dmabay_unregister(job.bay, job.buffer));
	end_job(&job);
}

TEST_HARNESS_MAIN
