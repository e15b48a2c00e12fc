// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files of the device in debugfs, held open while it goes away: they say EIO from then on, and
 * nothing else. The same while they are read all the time.
 *
 * Loads and unloads the modules itself.
 */
#include <dirent.h>
#include <pthread.h>

#include "removal.h"

#define FILES		32u
#define CYCLES		20u
#define QUICK_CYCLES	5u	/* with DMABAY_QUICK in the environment */

FIXTURE(debugfs)
{
	char path[64];
	int fds[FILES];
	unsigned int files;
	uint64_t readings;	/* atomic */
	bool stop;		/* atomic */
};

FIXTURE_VARIANT(debugfs)
{
	const char *driver;
	int (*away)(void);
	int (*back)(const char *parameters);
};

FIXTURE_VARIANT_ADD(debugfs, soft)
{
	.driver = "soft",
	.away = remove_soft,
	.back = insert_soft,
};

FIXTURE_VARIANT_ADD(debugfs, edu)
{
	.driver = "edu",
	.away = unbind_edu,
	.back = bind_edu,
};

FIXTURE_SETUP(debugfs)
{
	if (access("/sys/kernel/debug/clear_warn_once", F_OK))
		SKIP(return, "there is no debugfs");
	load(_metadata, variant->driver, "");
}

FIXTURE_TEARDOWN(debugfs)
{
	unload(_metadata);
}

static int read_one(int fd)
{
	char text[4096];

	return pread(fd, text, sizeof(text), 0) < 0 ? -errno : 0;
}

/* All of them that can be read. */
static void open_all(FIXTURE_DATA(debugfs) *self)
{
	char folder[128], name[400];
	struct dirent *entry;
	DIR *listing;

	snprintf(folder, sizeof(folder), "/sys/kernel/debug/dmabay/%s",
		 strrchr(self->path, '/') + 1);
	listing = opendir(folder);
	self->files = 0;
	while (listing && (entry = readdir(listing)) && self->files < FILES) {
		snprintf(name, sizeof(name), "%s/%s", folder, entry->d_name);
		if (*entry->d_name == '.' || access(name, R_OK))
			continue;
		self->fds[self->files] = open(name, O_RDONLY | O_CLOEXEC);
		if (self->fds[self->files] < 0)
			continue;
		/* Root may open what is only written to. */
		if (read_one(self->fds[self->files]))
			close(self->fds[self->files]);
		else
			self->files++;
	}
	if (listing)
		closedir(listing);
}

static void *read_on(void *context)
{
	FIXTURE_DATA(debugfs) *self = context;

	while (!__atomic_load_n(&self->stop, __ATOMIC_RELAXED))
		for (unsigned int i = 0; i < self->files; i++) {
			read_one(self->fds[i]);
			__atomic_fetch_add(&self->readings, 1, __ATOMIC_RELAXED);
		}
	return NULL;
}

TEST_F_TIMEOUT(debugfs, held_open, LONG_TEST)
{
	unsigned int cycles = repeated(CYCLES, QUICK_CYCLES);
	unsigned int wrong = 0, files = 0;
	pthread_t thread;

	for (unsigned int i = 0; i < cycles; i++) {
		ASSERT_TRUE(find_node(variant->driver, self->path, sizeof(self->path)));
		open_all(self);
		ASSERT_LT(0u, self->files);
		__atomic_store_n(&self->stop, false, __ATOMIC_RELAXED);
		self->readings = 0;
		ASSERT_EQ(0, pthread_create(&thread, NULL, read_on, self));
		while (__atomic_load_n(&self->readings, __ATOMIC_RELAXED) < self->files)
			pause_for(MILLISECOND);
		ASSERT_EQ(0, variant->away());
		__atomic_store_n(&self->stop, true, __ATOMIC_RELAXED);
		ASSERT_EQ(0, pthread_join(thread, NULL));
		for (unsigned int j = 0; j < self->files; j++) {
			files++;
			wrong += read_one(self->fds[j]) != -EIO;
			close(self->fds[j]);
		}
		ASSERT_EQ(0, variant->back(""));
	}
	EXPECT_EQ(0u, wrong);
	tell_count(cycles, "unplugs");
	FIGURE("R55", "%s: %u files of debugfs held open over %u removals, %u could still be read",
	       variant->driver, files, cycles, wrong);
}

TEST_HARNESS_MAIN
