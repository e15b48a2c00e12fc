// SPDX-License-Identifier: GPL-2.0-only
/*
 * The attributes in sysfs: they say what DMABAY_INFO and DMABAY_COUNTERS say, each what
 * it is called after, before and after the device was used; there is no other one, and
 * nobody can write them. But for copied_below, which is root's, and only there if it matters
 * (in_place_noload.c).
 */
#include <sys/stat.h>

#include "sysfs.h"

FIXTURE(sysfs)
{
	char path[64];
	struct dmabay *bay;
	struct dmabay_info info;
};

FIXTURE_VARIANT(sysfs)
{
	const char *driver;
};

FIXTURE_VARIANT_ADD(sysfs, soft)
{
	.driver = "soft",
};

FIXTURE_VARIANT_ADD(sysfs, edu)
{
	.driver = "edu",
};

FIXTURE_SETUP(sysfs)
{
	if (!find_node(variant->driver, self->path, sizeof(self->path)))
		SKIP(return, "there is no node of %s", variant->driver);
	ASSERT_EQ(0, dmabay_open(&self->bay, self->path, O_RDWR));
	ASSERT_EQ(0, dmabay_info(self->bay, &self->info));
}

FIXTURE_TEARDOWN(sysfs)
{
	dmabay_close(self->bay);
	EXPECT_NOTHING_LEFT(self->path);
}

TEST_F(sysfs, say_what_the_ioctls_say)
{
	uint64_t length = about_a_page(&self->info);
	unsigned char *memory = map_pages(PAGE);
	uint32_t buffer, reservation;
	char text[ATTRIBUTE_TEXT];

	ASSERT_NE(NULL, memory);
	expect_all_attributes(_metadata, self->bay);

	/* All that can be counted has a number of its own now, or nearly. */
	ASSERT_EQ(0, dmabay_register(self->bay, memory, PAGE, 0, &buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 3, 1, 0, &reservation));
	EXPECT_EQ(0, transfer_wait(self->bay, reservation, buffer, 0, length, 0,
				   DMABAY_TO_DEVICE));
	EXPECT_EQ(0, transfer_wait(self->bay, reservation, buffer, 0, length / 2, 0,
				   DMABAY_FROM_DEVICE));
	EXPECT_EQ((int64_t)length, dmabay_once(self->bay, memory, length, 0, DMABAY_TO_DEVICE));
	expect_all_attributes(_metadata, self->bay);
	ASSERT_EQ(0, attribute_read(self->path, "map_registers_free", text));
	EXPECT_EQ(self->info.map_registers - 3, strtoul(text, NULL, 10));
	ASSERT_EQ(0, attribute_read(self->path, "counters/pinned_pages", text));
	EXPECT_STREQ("1", text);
	munmap(memory, PAGE);
}

static bool is_known(const struct attribute *attributes, size_t count, const char *folder,
		     const char *name)
{
	char path[300];

	snprintf(path, sizeof(path), "%s%s", folder, name);
	for (size_t i = 0; i < count; i++)
		if (!strcmp(attributes[i].name, path))
			return true;
	return false;
}

/* What every device of every class has. */
static bool is_every_device_s(const char *name)
{
	return !strcmp(name, "dev") || !strcmp(name, "uevent") ||
	       !strcmp(name, "waiting_for_supplier");
}

/* How many files there are that everybody can read, and nobody else can write. */
static size_t count_files(struct __test_metadata *_metadata, const char *node, const char *folder,
			  const struct attribute *attributes, size_t count)
{
	char path[128];
	struct dirent *entry;
	struct stat status;
	size_t found = 0;
	DIR *files;

	attribute_path(node, folder, path, sizeof(path));
	files = opendir(path);
	ASSERT_NE(NULL, files);
	while ((entry = readdir(files))) {
		ASSERT_EQ(0, fstatat(dirfd(files), entry->d_name, &status, AT_SYMLINK_NOFOLLOW));
		if (!S_ISREG(status.st_mode) || is_every_device_s(entry->d_name))
			continue;
		if (!*folder && !strcmp(entry->d_name, "copied_below")) {
			EXPECT_EQ(0644, status.st_mode & 07777);
			continue;
		}
		EXPECT_TRUE(is_known(attributes, count, folder, entry->d_name))
			TH_LOG("%s%s is not known here", folder, entry->d_name);
		EXPECT_EQ(0444, status.st_mode & 07777) TH_LOG("%s", entry->d_name);
		found++;
	}
	closedir(files);
	return found;
}

TEST_F(sysfs, no_other_file)
{
	EXPECT_EQ(ARRAY_SIZE(limits),
		  count_files(_metadata, self->path, "", limits, ARRAY_SIZE(limits)));
	EXPECT_EQ(ARRAY_SIZE(counted),
		  count_files(_metadata, self->path, "counters/", counted, ARRAY_SIZE(counted)));
}

TEST_HARNESS_MAIN
