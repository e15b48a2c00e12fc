// SPDX-License-Identifier: GPL-2.0-only
/*
 * The attributes in sysfs while the device goes away: whoever reads one is told the
 * truth or ENODEV, does not keep the device from going, and hangs nowhere.
 *
 * Loads and unloads the modules itself.
 */
#include <pthread.h>

#include "removal.h"
#include "sysfs.h"

#define CYCLES		8u
#define QUICK_CYCLES	3u	/* with DMABAY_QUICK in the environment */

#define FILES	(ARRAY_SIZE(limits) + ARRAY_SIZE(counted))

/* All files, open, and who reads them. */
struct reader {
	pthread_t thread;
	int fds[FILES];
	unsigned int readings;
	bool all_gone;
	int result;
};

FIXTURE(sysfs_removal)
{
	char path[64];
};

FIXTURE_VARIANT(sysfs_removal)
{
	const char *driver;
	int (*away)(void);
	int (*back)(const char *parameters);
};

FIXTURE_VARIANT_ADD(sysfs_removal, soft_module)
{
	.driver = "soft",
	.away = remove_soft,
	.back = insert_soft,
};

FIXTURE_VARIANT_ADD(sysfs_removal, edu_unbind)
{
	.driver = "edu",
	.away = unbind_edu,
	.back = bind_edu,
};

FIXTURE_SETUP(sysfs_removal)
{
	if (!load(_metadata, variant->driver, ""))
		return;
}

FIXTURE_TEARDOWN(sysfs_removal)
{
	unload(_metadata);
}

/* Until every file says ENODEV, which it then goes on to say. */
static void *read_on(void *context)
{
	struct reader *reader = context;
	char text[ATTRIBUTE_TEXT];
	unsigned int gone = 0;
	int result;

	while (gone < FILES) {
		gone = 0;
		for (size_t i = 0; i < FILES; i++) {
			result = attribute_read_fd(reader->fds[i], text);
			if (result == -ENODEV)
				gone++;
			else if (result)
				reader->result = result;
		}
		__atomic_add_fetch(&reader->readings, 1, __ATOMIC_RELEASE);
		if (reader->result)
			return NULL;
	}
	reader->all_gone = true;
	return NULL;
}

static void open_all(struct __test_metadata *_metadata, struct reader *reader, const char *node)
{
	for (size_t i = 0; i < FILES; i++) {
		const struct attribute *attribute = i < ARRAY_SIZE(limits) ?
			&limits[i] : &counted[i - ARRAY_SIZE(limits)];

		reader->fds[i] = attribute_open(node, attribute->name);
		ASSERT_LE(0, reader->fds[i]) TH_LOG("%s", attribute->name);
	}
}

static bool reads(struct reader *reader)
{
	uint64_t end = dmabay_deadline(PATIENCE);

	while (__atomic_load_n(&reader->readings, __ATOMIC_ACQUIRE) < 2)
		if (dmabay_deadline(0) > end)
			return false;
	return true;
}

TEST_F_TIMEOUT(sysfs_removal, readers_are_told, LONG_TEST)
{
	unsigned int cycles = getenv("DMABAY_QUICK") ? QUICK_CYCLES : CYCLES;

	for (unsigned int i = 0; i < cycles; i++) {
		struct reader reader = { };

		ASSERT_TRUE(find_node(variant->driver, self->path, sizeof(self->path)));
		open_all(_metadata, &reader, self->path);
		ASSERT_EQ(0, pthread_create(&reader.thread, NULL, read_on, &reader));
		ASSERT_TRUE(reads(&reader));
		ASSERT_EQ(0, variant->away());
		ASSERT_EQ(0, pthread_join(reader.thread, NULL));
		EXPECT_EQ(0, reader.result);
		EXPECT_TRUE(reader.all_gone);
		EXPECT_EQ(-ENOENT, attribute_open(self->path, "waiters"));
		for (size_t j = 0; j < FILES; j++)
			close(reader.fds[j]);
		ASSERT_EQ(0, variant->back(""));
	}
}

TEST_HARNESS_MAIN
