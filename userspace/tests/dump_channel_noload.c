// SPDX-License-Identifier: GPL-2.0-only
/*
 * Dumps: when a channel does not answer there is one, it is about the transfer that hung,
 * and it stays when the device has gone. What the user himself gives up makes none.
 *
 * Loads and unloads the modules itself.
 */
#include "channel.h"
#include "dump.h"

#define LENGTH	(3u * PAGE)

FIXTURE(dump_channel)
{
	struct channel channel;
	struct job job;
	struct dump dump;
};

FIXTURE_SETUP(dump_channel)
{
	DUMPS_OR_SKIP();
	LOAD_CHANNEL(&self->channel, TEST_ENGINE, "timeout_ms=1000");
	ASSERT_EQ(0, prepare_job(&self->job, &self->channel, LENGTH));
	ASSERT_TRUE(dump_forget_all(&self->dump));
}

typedef FIXTURE_DATA(dump_channel) fixture;

static void end_all(struct __test_metadata *_metadata, fixture *self)
{
	forget_plan();
	end_job(&self->job);
	dmabay_close(self->channel.bay);
	self->channel.bay = NULL;
	EXPECT_EQ(0, unload_channel(&self->channel));
}

FIXTURE_TEARDOWN(dump_channel)
{
	if (self->channel.bay)
		end_all(_metadata, self);
}

static void submit(struct __test_metadata *_metadata, fixture *self, uint64_t cookie,
		   uint64_t device_address, uint64_t deadline)
{
	struct dmabay_transfer transfer = {
		.reservation = self->job.reservation,
		.buffer = self->job.buffer,
		.length = LENGTH,
		.device_address = device_address,
		.direction = DMABAY_TO_DEVICE,
		.cookie = cookie,
		.deadline = deadline,
	};

	ASSERT_EQ(1, dmabay_submit(self->job.bay, &transfer, 1, NULL, 0, 0, 0, NULL));
}

/* The first one hangs; another one waits behind it. */
static void hang(struct __test_metadata *_metadata, fixture *self)
{
	struct dmabay_completion completion;

	ASSERT_EQ(0, set_plan("hang", 1));
	submit(_metadata, self, 0xabcdef, 2 * PAGE, 0);
	submit(_metadata, self, 0x123456, 0, 0);
	ASSERT_EQ(-ETIMEDOUT, finish_one(&self->job, &completion));
	ASSERT_EQ(0xabcdef, completion.cookie);
	ASSERT_EQ(0, finish_one(&self->job, &completion));
}

static void expect_dump(struct __test_metadata *_metadata, fixture *self)
{
	struct dump *dump = &self->dump;
	char reservation[64];

	ASSERT_TRUE(dump_read(dump));
	EXPECT_EQ(0, strncmp(dump->text, "dmabay dump 1\n", 14)) TH_LOG("%s", dump->text);
	EXPECT_STREQ("0xabcdef", dump_value(dump, "transfer/cookie"));
	EXPECT_STREQ("to_device", dump_value(dump, "transfer/direction"));
	EXPECT_EQ(LENGTH, dump_number(dump, "transfer/length"));
	EXPECT_EQ(2 * PAGE, dump_number(dump, "transfer/device_address"));
	EXPECT_STREQ("0", dump_value(dump, "transfer/transferred"));
	EXPECT_EQ(LENGTH, dump_number(dump, "transfer/piece_length"));
	EXPECT_EQ(self->job.reservation, dump_number(dump, "transfer/reservation"));
	EXPECT_EQ(3, dump_number(dump, "transfer/map_registers"));
	EXPECT_LE(1000, dump_number(dump, "transfer/age_ms"));
	EXPECT_STREQ(strrchr(self->channel.path, '/') + 1, dump_value(dump, "device"));
	EXPECT_STREQ((char *)self->channel.info.driver, dump_value(dump, "driver_name"));
	EXPECT_STREQ((char *)self->channel.info.bus, dump_value(dump, "bus_name"));
	EXPECT_EQ(self->channel.info.map_registers, dump_number(dump, "map_registers"));
	EXPECT_STREQ("1000", dump_value(dump, "timeout_ms"));
	EXPECT_STREQ("1", dump_value(dump, "counters/timeouts"));
	snprintf(reservation, sizeof(reservation), "reservation: file=%" PRIu64 " reservation=%u ",
		 dump_number(dump, "transfer/file"), self->job.reservation);
	EXPECT_NE(NULL, strstr(dump->text, reservation)) TH_LOG("%s", dump->text);
	EXPECT_EQ(NULL, dump_pointer(dump));
	EXPECT_EQ('\n', dump->text[strlen(dump->text) - 1]);
}

TEST_F_TIMEOUT(dump_channel, no_answer, LONG_TEST)
{
	hang(_metadata, self);
	expect_dump(_metadata, self);
	EXPECT_TRUE(dump_forget(&self->dump));
}

/* What is not read yet is not replaced, and afterwards there is another one. */
TEST_F_TIMEOUT(dump_channel, no_answer_again, LONG_TEST)
{
	struct dump *dump = &self->dump;
	char first[sizeof(dump->path)];

	hang(_metadata, self);
	ASSERT_TRUE(dump_read(dump));
	strcpy(first, dump->path);
	ASSERT_EQ(0, set_plan("hang", 1));
	EXPECT_EQ(-ETIMEDOUT, run_job(&self->job, DMABAY_FROM_DEVICE));
	ASSERT_TRUE(dump_read(dump));
	EXPECT_STREQ(first, dump->path);
	EXPECT_STREQ("to_device", dump_value(dump, "transfer/direction"));
	ASSERT_TRUE(dump_forget(dump));

	ASSERT_EQ(0, set_plan("hang", 1));
	EXPECT_EQ(-ETIMEDOUT, run_job(&self->job, DMABAY_FROM_DEVICE));
	ASSERT_TRUE(dump_read(dump));
	EXPECT_STRNE(first, dump->path);
	EXPECT_STREQ("from_device", dump_value(dump, "transfer/direction"));
	/* The one in between may be told only now: its work item runs when it likes. */
	EXPECT_LT(1, dump_number(dump, "counters/timeouts"));
	EXPECT_TRUE(dump_forget(dump));
}

/* What nothing was reserved for. */
TEST_F_TIMEOUT(dump_channel, no_answer_to_once, LONG_TEST)
{
	struct dump *dump = &self->dump;
	struct job *job = &self->job;

	ASSERT_EQ(0, dmabay_free(job->bay, job->reservation));
	ASSERT_EQ(0, set_plan("hang", 1));
	EXPECT_EQ(-ETIMEDOUT, dmabay_once(job->bay, job->memory, LENGTH, 0, DMABAY_TO_DEVICE));
	ASSERT_TRUE(dump_read(dump));
	EXPECT_STREQ("0", dump_value(dump, "transfer/reservation"));
	EXPECT_EQ(LENGTH, dump_number(dump, "transfer/length"));
	EXPECT_TRUE(dump_forget(dump));
}

/*
 * The same errno, but it is the user's time that was up. Unregistering the device waits
 * for a dump: if there was one, it would be there.
 */
TEST_F_TIMEOUT(dump_channel, deadline_makes_none, LONG_TEST)
{
	struct dmabay_completion completion;

	ASSERT_EQ(0, set_plan("delay_ms", 300));
	submit(_metadata, self, 1, 0, 0);
	submit(_metadata, self, 2, 0, dmabay_deadline(100 * MILLISECOND));
	submit(_metadata, self, 3, 0, 1);
	for (unsigned int i = 0; i < 3; i++) {
		int status = finish_one(&self->job, &completion);

		EXPECT_EQ(completion.cookie == 1 ? 0 : -ETIMEDOUT, status);
	}
	submit(_metadata, self, 4, 0, 0);
	dmabay_cancel(self->job.bay, 0, 0, 0, NULL);
	finish_one(&self->job, &completion);
	ASSERT_EQ(0, bind_controller(&self->channel, false));
	EXPECT_FALSE(dump_find(&self->dump));
}

/* The device goes while its dump is made; and the dump stays. */
TEST_F_TIMEOUT(dump_channel, removal, LONG_TEST)
{
	struct dmabay_completion completion;

	struct dump *dump = &self->dump;

	ASSERT_EQ(0, set_plan("hang", 1));
	submit(_metadata, self, 0xabcdef, 2 * PAGE, 0);
	ASSERT_EQ(-ETIMEDOUT, finish_one(&self->job, &completion));
	ASSERT_EQ(0, bind_controller(&self->channel, false));
	EXPECT_EQ(-ENODEV, finish_one(&self->job, &completion));
	/* What could not be asked any more is not there. */
	ASSERT_TRUE(dump_find(dump));
	ASSERT_TRUE(dump_read(dump));
	EXPECT_STREQ("0xabcdef", dump_value(dump, "transfer/cookie"));

	/* Not even the modules are needed to read it. */
	end_all(_metadata, self);
	dump->text[0] = '\0';
	ASSERT_TRUE(dump_read(dump));
	EXPECT_STREQ("0xabcdef", dump_value(dump, "transfer/cookie"));
	EXPECT_TRUE(dump_forget(dump));
}

TEST_HARNESS_MAIN
