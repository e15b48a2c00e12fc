// SPDX-License-Identifier: GPL-2.0-only
/*
 * The attributes in sysfs of a channel: those of every device, and its time-out.
 *
 * Loads and unloads the modules itself.
 */
#include "channel.h"
#include "sysfs.h"

FIXTURE(sysfs_channel)
{
	struct channel channel;
};

FIXTURE_SETUP(sysfs_channel)
{
	LOAD_CHANNEL(&self->channel, TEST_ENGINE, "timeout_ms=1234");
}

FIXTURE_TEARDOWN(sysfs_channel)
{
	dmabay_close(self->channel.bay);
	EXPECT_EQ(0, unload_channel(&self->channel));
}

TEST_F_TIMEOUT(sysfs_channel, say_what_the_ioctls_say, LONG_TEST)
{
	char text[ATTRIBUTE_TEXT];

	expect_all_attributes(_metadata, self->channel.bay);
	ASSERT_EQ(0, attribute_read(self->channel.path, "timeout_ms", text));
	EXPECT_STREQ("1234", text);
	ASSERT_EQ(0, attribute_read(self->channel.path, "exclusive", text));
	EXPECT_STREQ("1", text);
}

TEST_HARNESS_MAIN
