/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A channel of a DMA controller as a device: the controllers that there are, and what
 * can be done to them.
 *
 * The test engine is a module, and does what its fault plan says. The controller of a
 * SiFive machine is part of the kernel, and does what it does.
 */
#ifndef DMABAY_TESTS_CHANNEL_H
#define DMABAY_TESTS_CHANNEL_H

#include <glob.h>

#include "common.h"
#include "modules.h"

#define TEST_ENGINE	"dmabay_test_engine"
#define SIFIVE		"sf-pdma"

#define DEPTH	4u

struct channel {
	const char *driver;	/* of the controller */
	char name[32];		/* as dmaengine has it */
	char controller[64];	/* the controller's device */
	char path[64];		/* the node */
	struct dmabay *bay;
	struct dmabay_info info;
};

/* ---- the controller ---- */

/* What a link in sysfs leads to, without the folders before it. */
static inline bool link_name(const char *path, char *name, size_t size)
{
	char target[512];
	ssize_t length = readlink(path, target, sizeof(target) - 1);
	char *last;

	if (length < 0)
		return false;
	target[length] = '\0';
	last = strrchr(target, '/');
	last = last ? last + 1 : target;
	if (strlen(last) >= size)
		return false;
	strcpy(name, last);
	return true;
}

/* The first channel of the controller that this driver is bound to. */
static inline bool find_channel(struct channel *channel)
{
	char path[128], driver[64];
	bool found = false;
	glob_t channels;

	if (glob("/sys/class/dma/dma*chan*", 0, NULL, &channels))
		return false;
	for (size_t i = 0; i < channels.gl_pathc && !found; i++) {
		snprintf(path, sizeof(path), "%s/device/driver", channels.gl_pathv[i]);
		if (!link_name(path, driver, sizeof(driver)) || strcmp(driver, channel->driver))
			continue;
		snprintf(path, sizeof(path), "%s/device", channels.gl_pathv[i]);
		found = link_name(path, channel->controller, sizeof(channel->controller));
		snprintf(channel->name, sizeof(channel->name), "%s",
			 strrchr(channels.gl_pathv[i], '/') + 1);
	}
	globfree(&channels);
	return found;
}

static inline bool is_test_engine(const struct channel *channel)
{
	return !strcmp(channel->driver, TEST_ENGINE);
}

/* Returns 0, -ENOENT if there is no such controller here, or another errno. */
static inline int insert_controller(struct channel *channel)
{
	int result = is_test_engine(channel) ? insert(TEST_ENGINE, "") : 0;

	if (result)
		return result;
	return find_channel(channel) ? 0 : -ENOENT;
}

static inline int remove_controller(const struct channel *channel)
{
	return is_test_engine(channel) ? removed(TEST_ENGINE) : 0;
}

static inline int bind_controller(const struct channel *channel, bool bind)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/bus/platform/drivers/%s/%s", channel->driver,
		 bind ? "bind" : "unbind");
	return write_file(path, channel->controller);
}

/* "hang", "fail", "residue", "twice": so many transfers from now on; "delay_ms", "late_ms": all of them. */
static inline int set_plan(const char *what, unsigned int number)
{
	char path[128], text[16];

	snprintf(path, sizeof(path), "/sys/module/%s/parameters/%s", TEST_ENGINE, what);
	snprintf(text, sizeof(text), "%u", number);
	return write_file(path, text);
}

static inline void forget_plan(void)
{
	set_plan("hang", 0);
	set_plan("fail", 0);
	set_plan("residue", 0);
	set_plan("twice", 0);
	set_plan("delay_ms", 0);
	set_plan("late_ms", 0);
}

/* ---- the device ---- */

static inline int insert_channel(const struct channel *channel, const char *more)
{
	char parameters[160];

	snprintf(parameters, sizeof(parameters), "copy=%s %s", channel->name, more);
	return insert("dmabay_dmaengine", parameters);
}

static inline int remove_channel(void)
{
	return removed("dmabay_dmaengine");
}

static inline int open_channel(struct channel *channel)
{
	int result;

	if (!find_node("dmaengine", channel->path, sizeof(channel->path)))
		return -ENXIO;
	result = dmabay_open(&channel->bay, channel->path, O_RDWR);
	return result ? result : dmabay_info(channel->bay, &channel->info);
}

/* All that it takes. Returns as insert_controller(). */
static inline int load_channel(struct channel *channel, const char *driver, const char *more)
{
	int result;

	channel->driver = driver;
	result = insert_controller(channel);
	if (!result)
		result = insert("dmabay", "");
	if (!result)
		result = insert_channel(channel, more);
	return result ? result : open_channel(channel);
}

static inline int unload_channel(const struct channel *channel)
{
	int result = remove_channel();

	if (!result)
		result = remove_controller(channel);
	return result ? result : core_unused();
}

#define LOAD_CHANNEL(channel, driver, more) do { \
	int _loaded = load_channel((channel), (driver), (more)); \
	if (_loaded == -ENOENT) \
		SKIP(return, "there is no %s here", (driver)); \
	ASSERT_EQ(0, _loaded); \
} while (0)

/* ---- what a program has ---- */

struct job {
	struct dmabay *bay;
	unsigned char *memory;
	uint64_t length;
	uint32_t buffer;
	uint32_t reservation;
};

/* A file, a buffer and a reservation of its own. */
static inline int prepare_job(struct job *job, const struct channel *channel, uint64_t length)
{
	int result = dmabay_open(&job->bay, channel->path, O_RDWR);

	job->length = length;
	job->memory = map_pages(length);
	if (!result && !job->memory)
		result = -ENOMEM;
	if (!result)
		result = dmabay_register(job->bay, job->memory, length, 0, &job->buffer);
	if (!result)
		result = dmabay_reserve(job->bay, (uint32_t)dmabay_span_pages(0, length), DEPTH, 0,
					&job->reservation);
	return result;
}

static inline void end_job(struct job *job)
{
	dmabay_close(job->bay);
	munmap(job->memory, job->length);
}

/* The whole buffer, so many times, each with that deadline. Returns as dmabay_submit(). */
static inline int start_job_until(const struct job *job, uint32_t count, uint32_t direction,
				  uint64_t deadline)
{
	struct dmabay_transfer transfers[DEPTH];

	memset(transfers, 0, sizeof(transfers));
	for (uint32_t i = 0; i < count; i++) {
		transfers[i].reservation = job->reservation;
		transfers[i].buffer = job->buffer;
		transfers[i].length = job->length;
		transfers[i].direction = direction;
		transfers[i].cookie = i;
		transfers[i].deadline = deadline;
	}
	return dmabay_submit(job->bay, transfers, count, NULL, 0, 0, 0, NULL);
}

static inline int start_job(const struct job *job, uint32_t count, uint32_t direction)
{
	return start_job_until(job, count, direction, 0);
}

/* All of it, once. */
static inline int run_job(const struct job *job, uint32_t direction)
{
	return transfer_wait(job->bay, job->reservation, job->buffer, 0, job->length, 0, direction);
}

/* The next completion. Returns its status, or the errno of the wait. */
static inline int finish_one(const struct job *job, struct dmabay_completion *completion)
{
	int result = dmabay_wait(job->bay, completion, 1, 1, dmabay_deadline(PATIENCE));

	return result == 1 ? completion->status : result;
}

#endif /* DMABAY_TESTS_CHANNEL_H */
