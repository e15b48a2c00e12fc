// SPDX-License-Identifier: GPL-2.0-only
/*
 * Unplugging: the device goes away while files are open, transfers run, threads
 * wait for completions and for map registers. Everyone is told ENODEV, nobody
 * hangs, and the device can come back.
 *
 * Loads and unloads the modules itself.
 */
#include <pthread.h>

#include "removal.h"

#define CYCLES		8u
#define QUICK_CYCLES	3u	/* with DMABAY_QUICK in the environment */
#define DEPTH	4u

/* ---- everything that can be under way ---- */

struct user {
	pthread_t thread;
	struct dmabay *bay;
	unsigned char *memory;
	uint64_t length;
	int result;
};

/* Waits in line for a map register: the main file has them all. */
static void *wait_in_line(void *context)
{
	struct user *user = context;
	uint32_t reservation;

	user->result = dmabay_reserve(user->bay, 1, 1, 0, &reservation);
	return NULL;
}

static void *wait_for_completion(void *context)
{
	struct dmabay_completion completion;
	struct user *user = context;

	user->result = dmabay_wait(user->bay, &completion, 1, 1, 0);
	return NULL;
}

static void *wait_in_poll(void *context)
{
	struct user *user = context;
	struct pollfd poll_fd = { .fd = dmabay_fd(user->bay), .events = POLLIN };

	poll(&poll_fd, 1, -1);
	user->result = poll_fd.revents & POLLHUP ? -ENODEV : poll_fd.revents;
	return NULL;
}

/* Never stops by itself; the plain DMA API may have no room, which is no end. */
static void *transfer_on(void *context)
{
	struct user *user = context;
	int64_t result;

	do {
		result = dmabay_once(user->bay, user->memory, user->length, 0, DMABAY_TO_DEVICE);
	} while (result > 0 || result == -ENOMEM);
	user->result = (int)result;
	return NULL;
}

static void *query_on(void *context)
{
	struct user *user = context;
	struct dmabay_info info;
	struct dmabay_counters counters;

	do {
		user->result = dmabay_info(user->bay, &info);
		if (!user->result)
			user->result = dmabay_counters(user->bay, &counters);
	} while (!user->result);
	return NULL;
}

static void *(*const doings[])(void *context) = {
	wait_in_line, wait_for_completion, wait_in_poll, transfer_on, query_on,
};

static const char *const doing_names[] = {
	"RESERVE in line", "WAIT", "poll", "ONCE", "INFO",
};

#define USERS ARRAY_SIZE(doings)

FIXTURE(unplug)
{
	char path[64];
	struct dmabay *bay;
	struct dmabay_info info;
	unsigned char *memory;
	uint64_t length;
	uint32_t buffer;
	uint32_t reservation;
	struct user users[USERS];
};

FIXTURE_VARIANT(unplug)
{
	const char *driver;
	int (*away)(void);
	int (*back)(const char *parameters);
};

FIXTURE_VARIANT_ADD(unplug, soft_module)
{
	.driver = "soft",
	.away = remove_soft,
	.back = insert_soft,
};

FIXTURE_VARIANT_ADD(unplug, edu_module)
{
	.driver = "edu",
	.away = remove_edu,
	.back = insert_edu,
};

FIXTURE_VARIANT_ADD(unplug, edu_unbind)
{
	.driver = "edu",
	.away = unbind_edu,
	.back = bind_edu,
};

FIXTURE_SETUP(unplug)
{
	if (!load(_metadata, variant->driver, ""))
		return;
}

FIXTURE_TEARDOWN(unplug)
{
	unload(_metadata);
}

/* Files, threads and transfers; returns when they are all under way. */
static void set_going(struct __test_metadata *_metadata, FIXTURE_DATA(unplug) *self,
		      const char *driver)
{
	struct dmabay_transfer transfers[DEPTH];
	uint64_t end = dmabay_deadline(PATIENCE);

	ASSERT_EQ(true, find_node(driver, self->path, sizeof(self->path)));
	ASSERT_EQ(0, dmabay_open(&self->bay, self->path, O_RDWR));
	ASSERT_EQ(0, dmabay_info(self->bay, &self->info));
	self->length = about_a_page(&self->info);
	self->memory = map_pages(PAGE);
	ASSERT_NE(NULL, self->memory);
	ASSERT_EQ(0, dmabay_register(self->bay, self->memory, PAGE, 0, &self->buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, self->info.map_registers, DEPTH, 0,
				    &self->reservation));

	for (size_t i = 0; i < USERS; i++) {
		struct user *user = &self->users[i];

		ASSERT_EQ(0, dmabay_open(&user->bay, self->path, O_RDWR));
		user->memory = map_pages(PAGE);
		user->length = self->length;
		ASSERT_EQ(0, pthread_create(&user->thread, NULL, doings[i], user));
	}
	do {
		pause_for(MILLISECOND);
		ASSERT_EQ(0, dmabay_info(self->bay, &self->info));
	} while (!self->info.waiters && dmabay_deadline(0) < end);
	ASSERT_EQ(1, self->info.waiters);

	memset(transfers, 0, sizeof(transfers));
	for (uint32_t i = 0; i < DEPTH; i++) {
		transfers[i].reservation = self->reservation;
		transfers[i].buffer = self->buffer;
		transfers[i].length = self->length;
		transfers[i].direction = i & 1;
	}
	ASSERT_EQ((int)DEPTH, dmabay_submit(self->bay, transfers, DEPTH, NULL, 0, 0, 0, NULL));
	pause_for((uint64_t)random() % (5 * MILLISECOND));
}

/* Each transfer has ended, one way or the other; then there is only ENODEV. */
static void expect_completions(struct __test_metadata *_metadata, FIXTURE_DATA(unplug) *self)
{
	struct dmabay_completion completion;
	uint32_t count = 0;
	int result;

	while ((result = dmabay_wait(self->bay, &completion, 1, 1,
				     dmabay_deadline(PATIENCE))) == 1) {
		count++;
		EXPECT_TRUE(!completion.status || completion.status == -ENODEV ||
			    completion.status == -ECANCELED)
			TH_LOG("a completion says %d", completion.status);
	}
	EXPECT_EQ(-ENODEV, result);
	EXPECT_GE(DEPTH, count);
}

static void expect_gone(struct __test_metadata *_metadata, FIXTURE_DATA(unplug) *self)
{
	struct pollfd poll_fd = { .fd = dmabay_fd(self->bay), .events = POLLIN };
	struct dmabay_transfer transfer = {
		.reservation = self->reservation,
		.buffer = self->buffer,
		.length = self->length,
	};
	struct dmabay_counters counters;
	struct dmabay_info info;
	uint32_t number;

	EXPECT_EQ(1, poll(&poll_fd, 1, 0));
	EXPECT_EQ(POLLHUP, poll_fd.revents & POLLHUP);
	expect_completions(_metadata, self);
	EXPECT_EQ(-ENODEV, dmabay_info(self->bay, &info));
	EXPECT_EQ(-ENODEV, dmabay_counters(self->bay, &counters));
	EXPECT_EQ(-ENODEV, dmabay_register(self->bay, self->memory, PAGE, 0, &number));
	EXPECT_EQ(-ENODEV, dmabay_reserve(self->bay, 1, 1, 0, &number));
	EXPECT_EQ(-ENODEV, dmabay_submit(self->bay, &transfer, 1, NULL, 0, 0, 0, NULL));
	EXPECT_EQ(-ENODEV, dmabay_once(self->bay, self->memory, self->length, 0,
				       DMABAY_TO_DEVICE));
	EXPECT_EQ(-ENODEV, dmabay_unregister(self->bay, self->buffer));
	EXPECT_EQ(-ENODEV, dmabay_free(self->bay, self->reservation));
	poll_fd.revents = 0;
	EXPECT_EQ(1, poll(&poll_fd, 1, 0));
	EXPECT_EQ(POLLHUP, poll_fd.revents & POLLHUP);
}

static void stop_all(struct __test_metadata *_metadata, FIXTURE_DATA(unplug) *self)
{
	for (size_t i = 0; i < USERS; i++) {
		struct user *user = &self->users[i];

		pthread_join(user->thread, NULL);
		/* The line may move on in the moment in which the device goes. */
		EXPECT_TRUE(user->result == -ENODEV || (!i && !user->result))
			TH_LOG("%s ended with %d", doing_names[i], user->result);
		dmabay_close(user->bay);
		munmap(user->memory, PAGE);
	}
}

TEST_F_TIMEOUT(unplug, while_in_use, LONG_TEST)
{
	unsigned int cycles = repeated(CYCLES, QUICK_CYCLES);
	struct dmabay *bay;

	srandom(30);
	for (unsigned int i = 0; i < cycles; i++) {
		set_going(_metadata, self, variant->driver);
		ASSERT_EQ(0, variant->away()) TH_LOG("cycle %u", i);
		stop_all(_metadata, self);
		expect_gone(_metadata, self);
		dmabay_close(self->bay);
		munmap(self->memory, PAGE);
		EXPECT_EQ(0, pinned_now());
		ASSERT_EQ(false, find_node(variant->driver, self->path, sizeof(self->path)));

		ASSERT_EQ(0, variant->back("")) TH_LOG("cycle %u", i);
		ASSERT_EQ(true, find_node(variant->driver, self->path, sizeof(self->path)));
		ASSERT_EQ(0, dmabay_open(&bay, self->path, O_RDWR));
		EXPECT_EQ(0, good_transfer(bay));
		dmabay_close(bay);
		EXPECT_NOTHING_LEFT(self->path);
	}
	tell_count(cycles, "unplugs");
}

/* The file of a device that is gone may stay open while a new one works. */
TEST_F_TIMEOUT(unplug, stale_file, LONG_TEST)
{
	struct dmabay *stale, *bay;
	struct dmabay_info info;

	ASSERT_EQ(true, find_node(variant->driver, self->path, sizeof(self->path)));
	ASSERT_EQ(0, dmabay_open(&stale, self->path, O_RDWR));
	ASSERT_EQ(0, variant->away());
	EXPECT_EQ(-ENODEV, dmabay_info(stale, &info));
	ASSERT_EQ(0, variant->back(""));
	ASSERT_EQ(true, find_node(variant->driver, self->path, sizeof(self->path)));
	ASSERT_EQ(0, dmabay_open(&bay, self->path, O_RDWR));
	EXPECT_EQ(0, good_transfer(bay));
	EXPECT_EQ(-ENODEV, dmabay_info(stale, &info));
	dmabay_close(stale);
	EXPECT_EQ(0, good_transfer(bay));
	dmabay_close(bay);
}

TEST_HARNESS_MAIN
