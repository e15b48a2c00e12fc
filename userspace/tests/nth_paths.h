/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Paths for the nth failure: a device, and what one system call on it is, with all that has
 * to be there before it and must be gone after it.
 *
 * After each point the call has said what it may say, nothing is left of it, and a transfer
 * that it may have started ended and is told once: a transfer behind it shows that.
 */
#ifndef DMABAY_TESTS_NTH_PATHS_H
#define DMABAY_TESTS_NTH_PATHS_H

#include "channel.h"
#include "nth.h"
#include "removal.h"
#include "ring.h"
#include "uapi_commands.h"
#include "uring.h"

#define BEHIND		UINT64_C(0xBE41D)
#define BIG		(256 * 1024u)

FIXTURE(nth)
{
	FIXTURE_DATA(uapi) u;
	struct nth nth;
	struct channel channel;
	const struct command *command;
	union argument argument;
	uint64_t length;		/* of a transfer */
	int extra;			/* a file that the path is about */
	struct dmabay *other;
	uint32_t buffer, reservation;	/* of the other one */
	struct dmabay_transfer transfer;
	struct rings rings;
	struct ring ring;
	unsigned char *big;
	struct state before;
	uint64_t transfers;		/* before the call */
	uint32_t told;			/* by the call */
};

typedef FIXTURE_DATA(nth) nth_fixture;

FIXTURE_VARIANT(nth)
{
	const char *driver;		/* a controller's, if it is a channel */
	const char *parameters;
};

/* What is true of a path. */
#define MUST_SUCCEED	1u	/* whatever fails, once what is wanted was read */
#define TELLS		2u	/* it starts transfers of u.reservation, or reads their ends */
#define RESERVES	4u	/* it takes a channel, so nobody else may have it */

/*
 * @begin and @end are called once for a path, @prepare and @undo at each point; @undo
 * whatever the call came to. @also is an errno that it may have, too.
 */
struct path {
	const char *name;
	int (*call)(nth_fixture *self);
	void (*prepare)(nth_fixture *self);
	void (*undo)(struct __test_metadata *_metadata, nth_fixture *self, int result);
	unsigned int flags;
	int also;
	void (*begin)(nth_fixture *self);
	void (*end)(nth_fixture *self);
};

#define PATH(_name, _call, ...)	{ .name = (_name), .call = (_call), ##__VA_ARGS__ }

/* ---- the device ---- */

/* What the table of commands is written for is a device of any kind here, set up below. */
static inline void nth_own_fixture(void)
{
	(void)uapi_setup;
	(void)uapi_teardown;
}

static inline bool nth_load(struct __test_metadata *_metadata, nth_fixture *self,
			    const FIXTURE_VARIANT(nth) *variant)
{
	if (!strcmp(variant->driver, TEST_ENGINE)) {
		int result = load_channel(&self->channel, TEST_ENGINE, variant->parameters);

		if (result == -ENOENT)
			SKIP(return false, "there is no " TEST_ENGINE " here");
		ASSERT_EQ(0, result);
		dmabay_close(self->channel.bay);
		snprintf(self->u.path, sizeof(self->u.path), "%s", self->channel.path);
		return true;
	}
	if (!load(_metadata, variant->driver, variant->parameters))
		return false;
	ASSERT_TRUE(find_node(variant->driver, self->u.path, sizeof(self->u.path)));
	return true;
}

static inline void nth_unload(struct __test_metadata *_metadata, nth_fixture *self,
			      const FIXTURE_VARIANT(nth) *variant)
{
	if (!strcmp(variant->driver, TEST_ENGINE)) {
		EXPECT_EQ(0, unload_channel(&self->channel));
	} else {
		unload(_metadata);
	}
}

FIXTURE_SETUP(nth)
{
	FIXTURE_DATA(uapi) *u = &self->u;
	const char *missing;

	if (!nth_load(_metadata, self, variant))
		return;
	missing = nth_begin(&self->nth);
	if (missing) {
		nth_unload(_metadata, self, variant);
		SKIP(return, "%s", missing);
	}
	ASSERT_EQ(0, dmabay_open(&u->bay, u->path, O_RDWR));
	u->fd = dmabay_fd(u->bay);
	ASSERT_EQ(0, dmabay_info(u->bay, &u->info));
	self->length = about_a_page(&u->info);
	u->memory = map_pages(2 * PAGE);
	self->big = map_pages(BIG);
	ASSERT_NE(NULL, u->memory);
	ASSERT_NE(NULL, self->big);
	fill(u->memory, 2 * PAGE, SENT, 1);
	fill(self->big, BIG, SENT, 2);
	ASSERT_EQ(0, dmabay_register(u->bay, u->memory, 2 * PAGE, 0, &u->buffer));
	ASSERT_EQ(0, dmabay_reserve(u->bay, 2, 4, 0, &u->reservation));
	/* Whatever a first transfer makes for good is there. */
	ASSERT_EQ(0, transfer_wait(u->bay, u->reservation, u->buffer, 0, self->length, 0,
				   DMABAY_TO_DEVICE));
	ASSERT_EQ(0, state_read(u->bay, &self->before));
}

FIXTURE_TEARDOWN(nth)
{
	printf("# R21: %s: %u points of %u paths swept, %u calls succeeded all the same, "
	       "%u wrong\n", (char *)self->u.info.driver, self->nth.points, self->nth.paths,
	       self->nth.survived, self->nth.wrong);
	tell_count(self->nth.points, "points");
	tell_count(self->nth.wrong, "points_wrong");
	nth_end(&self->nth);
	if (!self->u.bay)
		return;
	EXPECT_EQ(0, dmabay_free(self->u.bay, self->u.reservation));
	EXPECT_EQ(0, good_transfer(self->u.bay));
	EXPECT_EQ(0, dmabay_unregister(self->u.bay, self->u.buffer));
	dmabay_close(self->u.bay);
	EXPECT_NOTHING_LEFT(self->u.path);
	nth_unload(_metadata, self, variant);
}

static inline bool is_channel(const nth_fixture *self)
{
	return self->u.info.flags & DMABAY_INFO_EXCLUSIVE;
}

/* ---- one point ---- */

/* Other errors of the test itself are said by the next step that needs what is missing. */
static inline void nth_prepare(nth_fixture *self, const struct path *path)
{
	struct dmabay_counters counters = { 0 };

	self->told = 0;
	if (is_channel(self) && path->flags & RESERVES)
		dmabay_free(self->u.bay, self->u.reservation);
	if (path->flags & TELLS)
		dmabay_counters(self->u.bay, &counters);
	self->transfers = counters.transfers;
	if (path->prepare)
		path->prepare(self);
}

/*
 * One more transfer runs, behind all that were started; and what ended, and was not told by
 * the call, is told now.
 */
static inline const char *nth_settle(nth_fixture *self)
{
	uint64_t end = dmabay_deadline(PATIENCE), ended;
	struct dmabay_transfer behind = good_page(&self->u);
	struct dmabay_completion completion = { 0 };
	struct dmabay_counters counters;

	behind.cookie = BEHIND;
	if (dmabay_submit(self->u.bay, &behind, 1, NULL, 0, 0, 0, NULL) != 1)
		return "no transfer can be submitted behind it";
	for (; completion.cookie != BEHIND; self->told++) {
		if (dmabay_wait(self->u.bay, &completion, 1, 1, end) != 1)
			return "the transfer behind it does not end";
		if (completion.cookie == BEHIND && completion.status)
			return "the transfer behind it failed";
	}
	if (dmabay_counters(self->u.bay, &counters))
		return "the device does not answer";
	ended = counters.transfers - self->transfers;
	return ended == self->told ? NULL :
	       ended > self->told ? "a completion was lost" : "a completion was told twice";
}

static inline const char *nth_difference(const struct state *before, const struct state *after)
{
	return before->map_registers_free != after->map_registers_free ? "map registers" :
	       before->waiters != after->waiters ? "a place in line" :
	       before->pinned_pages != after->pinned_pages ? "pages, as the device says," :
	       before->pinned_now != after->pinned_now ? "pages, as the kernel says," :
	       before->locked_kib != after->locked_kib ? "locked memory" :
	       before->pinned_kib != after->pinned_kib ? "pinned memory" : NULL;
}

/* What a file keeps after its close() goes a little later. */
static inline const char *nth_left_over(nth_fixture *self)
{
	uint64_t end = dmabay_deadline(5 * SECOND);
	struct state after;
	const char *what;

	do {
		if (state_read(self->u.bay, &after))
			return "the device does not answer";
		what = nth_difference(&self->before, &after);
	} while (what && dmabay_deadline(0) < end);
	return what;
}

static inline void nth_finish(struct __test_metadata *_metadata, nth_fixture *self,
			      const struct path *path, int result, unsigned int n)
{
	const char *what = NULL;

	if (path->undo)
		path->undo(_metadata, self, result);
	if (is_channel(self) && path->flags & RESERVES) {
		ASSERT_EQ(0, dmabay_reserve(self->u.bay, 2, 4, 0, &self->u.reservation))
			TH_LOG("%s, point %u: nothing can be reserved", path->name, n);
	}
	if (path->flags & TELLS)
		what = nth_settle(self);
	EXPECT_EQ(NULL, what) TH_LOG("%s, point %u: %s", path->name, n, what);
	self->nth.wrong += !!what;
	what = nth_left_over(self);
	/* Each point is about itself. */
	if (what)
		state_read(self->u.bay, &self->before);
	EXPECT_EQ(NULL, what) TH_LOG("%s, point %u: %s left", path->name, n, what);
	self->nth.wrong += !!what;
}

/* ---- all points ---- */

/* The driver of a channel may need memory for a transfer, and does not say what it lacks. */
static inline bool nth_may_end(const nth_fixture *self, int status, int also)
{
	return nth_may_say(&self->nth, status, also) || (is_channel(self) && status == -EIO);
}

static inline bool nth_is_right(const nth_fixture *self, const struct path *path, int result,
				int usual, bool failed)
{
	if (!failed)
		return usual < 0 ? result == usual : result >= 0;
	if (result == usual)
		return true;
	if (path->flags & MUST_SUCCEED && !nth_copy_failed(&self->nth))
		return false;
	return nth_may_end(self, result, path->also);
}

/* Returns the memory that was asked for: how many allocations the call made. */
static inline unsigned int nth_sweep(struct __test_metadata *_metadata, nth_fixture *self,
				     const struct path *path)
{
	unsigned int n, failures = 0, survived = 0, allocations = 0;
	struct nth *nth = &self->nth;
	int result, usual = 0;
	bool failed = true;

	if (path->begin) {
		path->begin(self);
		/* What it made is there as long as the path. */
		ASSERT_EQ(0, state_read(self->u.bay, &self->before));
	}
	for (n = 0; failed && failures < 3; n++) {
		nth_prepare(self, path);
		nth_arm(nth, n);
		result = path->call(self);
		failed = nth_disarm(nth);
		if (!n)
			usual = result;
		if (!nth_is_right(self, path, result, usual, failed)) {
			EXPECT_TRUE(false)
				TH_LOG("%s, point %u: returned %d, not %d; refused: %u slab, "
				       "%u page, %u copy, %u copy of its own", path->name, n,
				       result, usual, nth->failed[NTH_SLAB],
				       nth->failed[NTH_PAGES], nth->failed[NTH_COPY],
				       nth->failed[NTH_OWN_COPY]);
			nth->wrong++;
			failures++;
		}
		survived += failed && result == usual;
		allocations += nth->failed[NTH_SLAB] + nth->failed[NTH_PAGES];
		nth_finish(_metadata, self, path, result, n);
		failed |= !n;
	}
	if (path->end) {
		path->end(self);
		ASSERT_EQ(0, state_read(self->u.bay, &self->before));
	}
	/* The first one and the last one had nothing refused. */
	printf("# %s: %u points, %u succeeded all the same\n", path->name, n - 2, survived);
	fflush(stdout);
	nth->paths++;
	nth->points += n - 2;
	nth->survived += survived;
	EXPECT_GT(3, failures);
	return allocations;
}

/* And the device works. */
static inline void nth_sweep_all(struct __test_metadata *_metadata, nth_fixture *self,
				 const struct path *paths, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		nth_sweep(_metadata, self, &paths[i]);
		EXPECT_EQ(0, transfer_wait(self->u.bay, self->u.reservation, self->u.buffer, 0,
					   self->length, 0, DMABAY_TO_DEVICE))
			TH_LOG("%s", paths[i].name);
	}
}

#endif /* DMABAY_TESTS_NTH_PATHS_H */
