// SPDX-License-Identifier: GPL-2.0-only
/*
 * The controller of a SiFive machine, taken away while it is at work. Its driver leaves
 * its channels' names behind in sysfs, so that it cannot be bound again: nothing that
 * needs this controller can run after this program.
 *
 * Loads and unloads the modules itself.
 */
#include "channel_users.h"

FIXTURE(channel_sifive)
{
	struct channel channel;
};

FIXTURE_SETUP(channel_sifive)
{
	LOAD_CHANNEL(&self->channel, SIFIVE, "");
}

FIXTURE_TEARDOWN(channel_sifive)
{
	dmabay_close(self->channel.bay);
	EXPECT_EQ(0, unload_channel(&self->channel));
}

TEST_F_TIMEOUT(channel_sifive, unbound_while_busy, LONG_TEST)
{
	struct channel *channel = &self->channel;
	struct user users[BUSY_USERS];
	struct dmabay_info info;

	ASSERT_EQ(0, start_busy_users(channel, users));
	pause_for(100 * MILLISECOND);
	ASSERT_EQ(0, bind_controller(channel, false));
	for (unsigned int i = 0; i < BUSY_USERS; i++) {
		EXPECT_EQ(-ENODEV, end_of_user(&users[i])) TH_LOG("user %u", i);
	}
	EXPECT_EQ(0, pinned_now());
	EXPECT_NE(0, access(channel->path, F_OK));
	EXPECT_EQ(-ENODEV, dmabay_info(channel->bay, &info));
}

TEST_HARNESS_MAIN
