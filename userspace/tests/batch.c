// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transfers that come with one call: each is told once, in order, whether the call itself
 * reads how it ended, or somebody later, or not all of them fit; and what many have in common
 * is done once for all of them.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/mount.h>

#include "common.h"

/* More than are taken at a time. */
#define MANY	40u
#define LENGTH	1024u

#define TRACING	"/sys/kernel/tracing"
#define TRACED	TRACING "/events/dmabay/dmabay_transfer_ended/enable"

FIXTURE(batch)
{
	char path[64];
	struct dmabay *bay;
	struct dmabay_info info;
	unsigned char *memory;
	uint32_t buffer;
	uint32_t reservation;
	struct dmabay_transfer transfers[MANY];
	struct dmabay_completion completions[MANY];
};

FIXTURE_SETUP(batch)
{
	if (!find_node("soft", self->path, sizeof(self->path)))
		SKIP(return, "there is no software device");
	ASSERT_EQ(0, dmabay_open(&self->bay, self->path, O_RDWR));
	ASSERT_EQ(0, dmabay_info(self->bay, &self->info));
	self->memory = map_pages(MANY * PAGE);
	ASSERT_NE(NULL, self->memory);
	ASSERT_EQ(0, dmabay_register(self->bay, self->memory, MANY * PAGE, 0, &self->buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, MANY, MANY, 0, &self->reservation));
	for (uint32_t i = 0; i < MANY; i++)
		self->transfers[i] = (struct dmabay_transfer){
			.reservation = self->reservation,
			.buffer = self->buffer,
			.offset = i * PAGE,
			.length = LENGTH,
			.device_address = i * LENGTH,
			.direction = DMABAY_TO_DEVICE,
			.cookie = 1000 + i,
		};
}

FIXTURE_TEARDOWN(batch)
{
	dmabay_close(self->bay);
	if (self->memory)
		munmap(self->memory, MANY * PAGE);
	EXPECT_NOTHING_LEFT(self->path);
}

/* The command itself; @completions is where its completions go. */
static int submit(FIXTURE_DATA(batch) *self, uint32_t count, uint32_t capacity,
		  struct dmabay_completion *completions, struct dmabay_submit *submit)
{
	*submit = (struct dmabay_submit){
		.size = sizeof(*submit),
		.count = count,
		.transfers = (uintptr_t)self->transfers,
		.capacity = capacity,
		.completions = (uintptr_t)completions,
	};
	return raw(dmabay_fd(self->bay), DMABAY_SUBMIT, submit);
}

/* Those from the first cookie on, one after the other, all well. */
#define EXPECT_TOLD(completions, count, first) do { \
	for (uint32_t _i = 0; _i < (count); _i++) { \
		EXPECT_EQ((first) + _i, (completions)[_i].cookie); \
		EXPECT_EQ(LENGTH, (completions)[_i].length); \
		EXPECT_EQ(0, (completions)[_i].status); \
	} \
} while (0)

static int tell_soft(const char *parameter, const char *value)
{
	char path[128];
	FILE *file;
	int ret;

	snprintf(path, sizeof(path), "/sys/module/dmabay_soft/parameters/%s", parameter);
	file = fopen(path, "w");
	if (!file)
		return -errno;
	ret = fputs(value, file) < 0;
	return fclose(file) ? -errno : -ret;
}

static bool can_be_read(const FIXTURE_DATA(batch) *self)
{
	struct pollfd node = { .fd = dmabay_fd(self->bay), .events = POLLIN };

	return poll(&node, 1, 0) == 1;
}

TEST_F(batch, all_bytes_and_all_completions)
{
	struct dmabay_submit arguments;

	for (uint32_t i = 0; i < MANY; i++)
		fill(self->memory + i * PAGE, LENGTH, SENT, i);
	ASSERT_EQ(0, submit(self, MANY, MANY, self->completions, &arguments));
	EXPECT_EQ(MANY, arguments.submitted);
	EXPECT_EQ(MANY, arguments.completed);
	EXPECT_TOLD(self->completions, MANY, 1000);
	EXPECT_FALSE(can_be_read(self));

	fill(self->memory, MANY * PAGE, BLANK, 99);
	for (uint32_t i = 0; i < MANY; i++)
		self->transfers[i].direction = DMABAY_FROM_DEVICE;
	ASSERT_EQ(0, submit(self, MANY, MANY, self->completions, &arguments));
	EXPECT_EQ(MANY, arguments.completed);
	EXPECT_TOLD(self->completions, MANY, 1000);
	for (uint32_t i = 0; i < MANY; i++)
		EXPECT_PATTERN(self->memory + i * PAGE, LENGTH, SENT, i);
}

TEST_F(batch, what_does_not_fit_is_read_later)
{
	struct dmabay_submit arguments;

	ASSERT_EQ(0, submit(self, MANY, 7, self->completions, &arguments));
	EXPECT_EQ(MANY, arguments.submitted);
	EXPECT_EQ(7, arguments.completed);
	EXPECT_TRUE(can_be_read(self));
	ASSERT_EQ((int)MANY - 7, dmabay_wait(self->bay, self->completions + 7, MANY - 7, MANY - 7,
					     dmabay_deadline(PATIENCE)));
	EXPECT_TOLD(self->completions, MANY, 1000);
}

/* Those of an earlier call come first. */
TEST_F(batch, in_the_order_of_their_ends)
{
	struct dmabay_submit arguments;

	ASSERT_EQ(0, submit(self, 3, 0, NULL, &arguments));
	for (uint32_t i = 0; i < MANY; i++)
		self->transfers[i].cookie = 1003 + i;
	ASSERT_EQ(0, submit(self, 5, 8, self->completions, &arguments));
	EXPECT_EQ(5, arguments.submitted);
	ASSERT_EQ(8, arguments.completed);
	EXPECT_TOLD(self->completions, 8, 1000);
}

TEST_F(batch, completions_to_nowhere_are_not_lost)
{
	struct dmabay_completion *nowhere = mmap(NULL, PAGE, PROT_NONE,
						 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct dmabay_submit arguments;

	ASSERT_NE(MAP_FAILED, nowhere);
	EXPECT_EQ(-EFAULT, submit(self, MANY, MANY, nowhere, &arguments));
	EXPECT_EQ(MANY, arguments.submitted);
	EXPECT_EQ(0, arguments.completed);
	ASSERT_EQ((int)MANY, dmabay_wait(self->bay, self->completions, MANY, MANY,
					 dmabay_deadline(PATIENCE)));
	EXPECT_TOLD(self->completions, MANY, 1000);
	munmap(nowhere, PAGE);
}

/* Also of those that the call itself reads. */
TEST_F(batch, each_is_told_to_the_eventfd)
{
	int event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct dmabay_eventfd argument = { .size = sizeof(argument), .eventfd = event };
	struct dmabay_submit arguments;
	uint64_t told = 0;

	ASSERT_LE(0, event);
	ASSERT_EQ(0, raw(dmabay_fd(self->bay), DMABAY_EVENTFD, &argument));
	ASSERT_EQ(0, submit(self, MANY, MANY, self->completions, &arguments));
	EXPECT_EQ(MANY, arguments.completed);
	EXPECT_EQ(sizeof(told), (size_t)read(event, &told, sizeof(told)));
	EXPECT_EQ(MANY, told);
	close(event);
}

/* What comes before runs, and what comes after does not. */
TEST_F(batch, one_is_refused)
{
	const uint32_t where[] = { 1, 15, 16, 17, 31 };
	struct dmabay_submit arguments;

	for (size_t i = 0; i < ARRAY_SIZE(where); i++) {
		struct dmabay_transfer *wrong = &self->transfers[where[i]];

		wrong->buffer = self->buffer + 1;
		ASSERT_EQ(0, submit(self, MANY, MANY, self->completions, &arguments));
		EXPECT_EQ(where[i], arguments.submitted);
		EXPECT_EQ(where[i], arguments.completed);
		EXPECT_TOLD(self->completions, where[i], 1000);
		wrong->buffer = self->buffer;

		wrong->offset = MANY * PAGE;
		ASSERT_EQ(0, submit(self, MANY, MANY, self->completions, &arguments));
		EXPECT_EQ(where[i], arguments.submitted);
		wrong->offset = where[i] * PAGE;
	}
	self->transfers[0].buffer++;
	EXPECT_EQ(-ENOENT, submit(self, MANY, MANY, self->completions, &arguments));
}

/* In what one of many that are alike may differ; and why it is refused, or how it ends. */
struct unlike {
	size_t at;
	size_t size;
	uint64_t value;
	int refused;
	int status;
};

#define UNLIKE(_field, _value, ...) { \
	.at = offsetof(struct dmabay_transfer, _field), \
	.size = sizeof(((struct dmabay_transfer *)0)->_field), \
	.value = (_value), \
	__VA_ARGS__ \
}

#define ALIKE	16u
#define MIDDLE	(UINT64_MAX / 2 + 1)

/* What was told of it. What is late is told when that is seen, so not always in its turn. */
static const struct dmabay_completion *told_of(const FIXTURE_DATA(batch) *self, uint64_t cookie,
					       uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		if (self->completions[i].cookie == cookie)
			return &self->completions[i];
	return NULL;
}

static void one_is_unlike(struct __test_metadata *_metadata, FIXTURE_DATA(batch) *self,
			  const struct unlike *unlike, uint32_t where)
{
	struct dmabay_transfer *other = &self->transfers[where], kept = *other;
	struct dmabay_submit arguments;
	uint32_t value = unlike->value;
	int result;

	memcpy((char *)other + unlike->at,
	       unlike->size == sizeof(value) ? (const void *)&value : &unlike->value,
	       unlike->size);
	result = submit(self, ALIKE, ALIKE, self->completions, &arguments);
	if (!unlike->refused) {
		ASSERT_EQ(0, result);
		ASSERT_EQ(ALIKE, arguments.completed);
	} else if (where) {
		ASSERT_EQ(0, result);
		ASSERT_EQ(where, arguments.submitted);
		ASSERT_EQ(where, arguments.completed);
	} else {
		ASSERT_EQ(unlike->refused, result);
	}
	for (uint32_t i = 0; i < arguments.completed; i++) {
		const struct dmabay_transfer *transfer = &self->transfers[i];
		const struct dmabay_completion *told = told_of(self, transfer->cookie,
							       arguments.completed);
		int status = i == where ? unlike->status : 0;

		ASSERT_NE(NULL, told);
		EXPECT_EQ(status, told->status);
		EXPECT_EQ(status ? 0 : transfer->length, told->length);
	}
	*other = kept;
}

/* It is asked all that it would be asked alone, wherever it is. */
TEST_F(batch, one_is_unlike_the_others)
{
	const uint32_t where[] = { 0, 1, ALIKE / 2, ALIKE - 1 };
	uint32_t reservations[] = { self->reservation, 0 };
	const struct unlike unlikes[] = {
		UNLIKE(buffer, 12345, .refused = -ENOENT),
		UNLIKE(offset, MANY * PAGE, .refused = -ERANGE),
		UNLIKE(offset, MANY * PAGE - LENGTH + 1, .refused = -ERANGE),
		UNLIKE(offset, MANY * PAGE - LENGTH),
		UNLIKE(offset, MIDDLE, .refused = -ERANGE),
		UNLIKE(offset, -(uint64_t)LENGTH, .refused = -EOVERFLOW),
		UNLIKE(length, 0, .refused = -EINVAL),
		UNLIKE(length, LENGTH / 2),
		UNLIKE(length, MANY * PAGE + 1, .refused = -ERANGE),
		UNLIKE(length, MIDDLE, .refused = -ERANGE),
		UNLIKE(length, UINT64_MAX, .refused = -ERANGE),
		UNLIKE(device_address, MIDDLE, .refused = -ERANGE),
		UNLIKE(device_address, -(uint64_t)LENGTH, .refused = -EOVERFLOW),
		UNLIKE(direction, DMABAY_FROM_DEVICE),
		UNLIKE(direction, 2, .refused = -EINVAL),
		UNLIKE(direction, UINT32_MAX, .refused = -EINVAL),
		UNLIKE(flags, 1, .refused = -EOPNOTSUPP),
		UNLIKE(flags, 1u << 31, .refused = -EOPNOTSUPP),
		UNLIKE(deadline, 1, .status = -ETIMEDOUT),
		UNLIKE(deadline, UINT64_MAX),
	};

	ASSERT_EQ(0, dmabay_reserve(self->bay, MANY, MANY, DMABAY_RESERVE_STRICT,
				    &reservations[1]));
	for (size_t i = 0; i < ARRAY_SIZE(reservations); i++) {
		for (size_t j = 0; j < ALIKE; j++)
			self->transfers[j].reservation = reservations[i];
		for (size_t j = 0; j < ARRAY_SIZE(unlikes) * ARRAY_SIZE(where); j++)
			one_is_unlike(_metadata, self, &unlikes[j / ARRAY_SIZE(where)],
				      where[j % ARRAY_SIZE(where)]);
	}
}

/* A slot is taken until its transfer was told, also if there are fewer than transfers. */
TEST_F(batch, fewer_slots_than_transfers)
{
	struct dmabay_submit arguments;
	uint32_t few;

	ASSERT_EQ(0, dmabay_free(self->bay, self->reservation));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 1, 5, 0, &few));
	for (uint32_t i = 0; i < MANY; i++)
		self->transfers[i].reservation = few;
	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, submit(self, MANY, 0, NULL, &arguments));
		EXPECT_EQ(5, arguments.submitted);
		EXPECT_EQ(-EAGAIN, submit(self, 1, 0, NULL, &arguments));
		ASSERT_EQ(5, dmabay_wait(self->bay, self->completions, MANY, 5,
					 dmabay_deadline(PATIENCE)));
		EXPECT_TOLD(self->completions, 5, 1000);
	}
}

/* They take turns in the array, and each keeps its order. */
TEST_F(batch, two_reservations_by_turns)
{
	uint32_t other, seen[2] = {};
	struct dmabay_submit arguments;

	ASSERT_EQ(0, dmabay_reserve(self->bay, 1, MANY, 0, &other));
	for (uint32_t i = 0; i < MANY; i++)
		self->transfers[i].reservation = i % 2 ? other : self->reservation;
	ASSERT_EQ(0, submit(self, MANY, MANY, self->completions, &arguments));
	ASSERT_EQ(MANY, arguments.completed);
	for (uint32_t i = 0; i < MANY; i++) {
		uint32_t which = self->completions[i].reservation == other;

		EXPECT_EQ(1000 + 2 * seen[which] + which, self->completions[i].cookie);
		seen[which]++;
	}
	EXPECT_EQ(MANY / 2, seen[0]);
	EXPECT_EQ(MANY / 2, seen[1]);
}

/* What was linked is unlinked a while later, together with others. */
static bool is_lazy(const FIXTURE_DATA(batch) *self)
{
	return self->info.iommu == DMABAY_INFO_IOMMU_LAZY &&
	       self->info.provider == DMABAY_INFO_PROVIDER_IOVA;
}

/* Nothing stays linked: for many of them there is one flush, or none where nothing is linked. */
TEST_F(batch, changed_memory_is_flushed_once)
{
	struct dmabay_counters before, after;
	struct dmabay_submit arguments;
	uint32_t strict, count;

	ASSERT_EQ(0, dmabay_reserve(self->bay, MANY, MANY, DMABAY_RESERVE_STRICT, &strict));
	for (uint32_t i = 0; i < MANY; i++) {
		self->transfers[i].reservation = strict;
		/* Both ways in one call. */
		self->transfers[i].direction = i % 2 ? DMABAY_FROM_DEVICE : DMABAY_TO_DEVICE;
		self->transfers[i].device_address = i / 2 * LENGTH;
		fill(self->memory + i * PAGE, LENGTH, i % 2 ? BLANK : SENT, i / 2);
	}
	for (count = 2; count <= 16; count *= 2) {
		ASSERT_EQ(0, dmabay_counters(self->bay, &before));
		ASSERT_EQ(0, submit(self, count, count, self->completions, &arguments));
		ASSERT_EQ(0, dmabay_counters(self->bay, &after));
		EXPECT_EQ(count, arguments.completed);
		EXPECT_TOLD(self->completions, count, 1000);
		if (!is_lazy(self)) {
			EXPECT_EQ(self->info.provider == DMABAY_INFO_PROVIDER_IOVA,
				  after.flushes - before.flushes);
			EXPECT_EQ(0, after.linked_bytes);
		}
		EXPECT_EQ(count, after.transfers - before.transfers);
		EXPECT_EQ(count * LENGTH, after.bytes - before.bytes);
	}
	for (uint32_t i = 0; i < 16; i++)
		EXPECT_PATTERN(self->memory + i * PAGE, LENGTH, SENT, i / 2);
}

/* Of five transfers, of two buffers or alike, the third one fails: the others do not hear of it. */
static void fail_the_third(struct __test_metadata *_metadata, FIXTURE_DATA(batch) *self,
			   uint32_t reservation, uint32_t capacity, bool alike)
{
	struct dmabay_counters before, after;
	struct dmabay_submit arguments;
	uint32_t other, count = 5;

	ASSERT_EQ(0, dmabay_register(self->bay, self->memory, MANY * PAGE, 0, &other));
	for (uint32_t i = 0; i < count; i++) {
		self->transfers[i].reservation = reservation;
		self->transfers[i].buffer = i % 2 && !alike ? other : self->buffer;
	}
	/* So that all is linked that stays linked. */
	ASSERT_EQ(0, submit(self, count, MANY, self->completions, &arguments));
	ASSERT_EQ(count, arguments.completed);

	ASSERT_EQ(0, dmabay_counters(self->bay, &before));
	ASSERT_EQ(0, tell_soft("plan", "error 3"));
	ASSERT_EQ(0, submit(self, count, capacity, self->completions, &arguments));
	ASSERT_EQ(0, dmabay_counters(self->bay, &after));
	EXPECT_EQ(count, arguments.submitted);
	EXPECT_EQ(capacity, arguments.completed);
	if (capacity < count) {
		EXPECT_EQ((int)(count - capacity),
			  dmabay_wait(self->bay, self->completions + capacity,
				      MANY - capacity, 0, 0));
	}

	EXPECT_TOLD(self->completions, 2, 1000);
	EXPECT_EQ(1002, self->completions[2].cookie);
	EXPECT_EQ(LENGTH / 2, self->completions[2].length);
	EXPECT_EQ(-EIO, self->completions[2].status);
	EXPECT_TOLD(self->completions + 3, 2, 1003);
	EXPECT_EQ(count, after.transfers - before.transfers);
	EXPECT_EQ(1, after.errors - before.errors);
	EXPECT_EQ(count * LENGTH - LENGTH / 2, after.bytes - before.bytes);

	/* Nothing is counted any more. */
	EXPECT_EQ(0, dmabay_unregister(self->bay, other));
	EXPECT_EQ(0, dmabay_unregister(self->bay, self->buffer));
	EXPECT_EQ(0, dmabay_free(self->bay, reservation));
}

TEST_F(batch, one_fails)
{
	fail_the_third(_metadata, self, self->reservation, 5, false);
}

TEST_F(batch, one_fails_of_those_that_are_alike)
{
	fail_the_third(_metadata, self, self->reservation, 5, true);
}

TEST_F(batch, one_fails_and_most_are_read_later)
{
	fail_the_third(_metadata, self, self->reservation, 1, false);
}

TEST_F(batch, one_fails_of_those_that_change)
{
	uint32_t strict;

	ASSERT_EQ(0, dmabay_reserve(self->bay, MANY, MANY, DMABAY_RESERVE_STRICT, &strict));
	fail_the_third(_metadata, self, strict, 5, false);
}

TEST_F(batch, one_fails_of_those_that_change_and_most_are_read_later)
{
	uint32_t strict;

	ASSERT_EQ(0, dmabay_reserve(self->bay, MANY, MANY, DMABAY_RESERVE_STRICT, &strict));
	fail_the_third(_metadata, self, strict, 1, false);
}

static uint64_t flushes(FIXTURE_DATA(batch) *self)
{
	struct dmabay_counters counters = {};

	dmabay_counters(self->bay, &counters);
	return counters.flushes;
}

static int64_t linked_bytes(FIXTURE_DATA(batch) *self)
{
	struct dmabay_counters counters;

	return dmabay_counters(self->bay, &counters) ? -1 : (int64_t)counters.linked_bytes;
}

/*
 * One at a time, each has its flush; or, where the host defers flushes, ten have less than one,
 * but for those that time brings.
 */
TEST_F_TIMEOUT(batch, changed_memory_one_by_one, LONG_TEST)
{
	const uint32_t most = is_lazy(self) ? 100 : 1;
	struct dmabay_submit arguments;
	uint32_t strict, tries;
	uint64_t before, spent;

	if (self->info.provider != DMABAY_INFO_PROVIDER_IOVA)
		SKIP(return, "nothing is linked here");
	ASSERT_EQ(0, dmabay_reserve(self->bay, 1, 1, DMABAY_RESERVE_STRICT, &strict));
	self->transfers[0].reservation = strict;
	for (tries = 0; tries < most; tries++) {
		before = flushes(self);
		for (uint32_t i = 0; i < 200; i++) {
			self->transfers[0].offset = i % MANY * PAGE;
			ASSERT_EQ(0, submit(self, 1, 1, self->completions, &arguments));
			ASSERT_EQ(1, arguments.completed);
		}
		spent = flushes(self) - before;
		if (is_lazy(self) && spent < 20)
			break;
		if (!is_lazy(self)) {
			ASSERT_EQ(200, spent);
		}
	}
	EXPECT_EQ(is_lazy(self), tries < most);
	/* Neither does anything stay when it is not wanted any more. */
	ASSERT_EQ(0, dmabay_unregister(self->bay, self->buffer));
	EXPECT_EQ(0, linked_bytes(self));
}

/* With its buffer, with its reservation, or with the time. */
TEST_F(batch, changed_memory_goes)
{
	struct dmabay_submit arguments;
	uint32_t strict;

	for (uint32_t end = 0; end < 3; end++) {
		ASSERT_EQ(0, dmabay_reserve(self->bay, MANY, MANY, DMABAY_RESERVE_STRICT,
					    &strict));
		for (uint32_t i = 0; i < MANY; i++) {
			self->transfers[i].reservation = strict;
			self->transfers[i].buffer = self->buffer;
		}
		ASSERT_EQ(0, submit(self, MANY, MANY, self->completions, &arguments));
		ASSERT_EQ(MANY, arguments.completed);
		if (!end) {
			ASSERT_EQ(0, dmabay_unregister(self->bay, self->buffer));
			EXPECT_EQ(0, linked_bytes(self));
			ASSERT_EQ(0, dmabay_register(self->bay, self->memory, MANY * PAGE, 0,
						     &self->buffer));
		} else if (end == 1) {
			while (linked_bytes(self) > 0)
				usleep(1000);
		}
		ASSERT_EQ(0, dmabay_free(self->bay, strict));
		EXPECT_EQ(0, linked_bytes(self));
	}
}

/* One who transfers all the time, with a file of his own: nobody else reads his completions. */
struct other {
	struct dmabay *bay;
	uint32_t buffer;
	uint32_t reservation;
	atomic_bool stop;
	uint32_t failed;
};

static void *other_run(void *argument)
{
	struct other *other = argument;
	struct dmabay_completion completion;
	struct dmabay_transfer transfer = {
		.reservation = other->reservation,
		.buffer = other->buffer,
		.length = LENGTH,
		.device_address = MANY * LENGTH,
		.direction = DMABAY_TO_DEVICE,
	};
	struct dmabay_submit arguments = {
		.size = sizeof(arguments),
		.count = 1,
		.transfers = (uintptr_t)&transfer,
		.capacity = 1,
		.min_complete = 1,
		.completions = (uintptr_t)&completion,
	};

	while (!atomic_load(&other->stop))
		other->failed += raw(dmabay_fd(other->bay), DMABAY_SUBMIT, &arguments) ||
				 arguments.completed != 1 || completion.status;
	return NULL;
}

/* What others leave is unlinked with ours, while they go on. */
TEST_F_TIMEOUT(batch, changed_memory_of_two, LONG_TEST)
{
	unsigned char *memory = map_pages(PAGE);
	struct dmabay_submit arguments;
	struct other other = {};
	uint32_t strict, buffer;
	pthread_t thread;

	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, dmabay_reserve(self->bay, 1, 1, DMABAY_RESERVE_STRICT, &strict));
	ASSERT_EQ(0, dmabay_open(&other.bay, self->path, O_RDWR));
	ASSERT_EQ(0, dmabay_register(other.bay, self->memory, PAGE, 0, &other.buffer));
	ASSERT_EQ(0, dmabay_reserve(other.bay, 1, 1, DMABAY_RESERVE_STRICT, &other.reservation));
	ASSERT_EQ(0, pthread_create(&thread, NULL, other_run, &other));
	for (uint32_t i = 0; i < 300; i++) {
		fill(memory, LENGTH, SENT, i);
		ASSERT_EQ(0, dmabay_register(self->bay, memory, PAGE, 0, &buffer));
		self->transfers[0].buffer = buffer;
		self->transfers[0].reservation = strict;
		self->transfers[0].direction = DMABAY_TO_DEVICE;
		ASSERT_EQ(0, submit(self, 1, 1, self->completions, &arguments));
		ASSERT_EQ(1, arguments.completed);
		fill(memory, LENGTH, BLANK, i);
		self->transfers[0].direction = DMABAY_FROM_DEVICE;
		ASSERT_EQ(0, submit(self, 1, 1, self->completions, &arguments));
		ASSERT_EQ(1, arguments.completed);
		ASSERT_EQ(0, dmabay_unregister(self->bay, buffer));
		EXPECT_PATTERN(memory, LENGTH, SENT, i);
	}
	atomic_store(&other.stop, true);
	pthread_join(thread, NULL);
	EXPECT_EQ(0, other.failed);
	ASSERT_EQ(0, dmabay_free(self->bay, strict));
	dmabay_close(other.bay);
	EXPECT_EQ(0, linked_bytes(self));
	munmap(memory, PAGE);
}

/* What was used lately is found by its number, but not what had that number before. */
TEST_F(batch, a_number_is_used_again)
{
	unsigned char *other = map_pages(PAGE);
	struct dmabay_submit arguments;
	uint32_t again;

	ASSERT_NE(NULL, other);
	fill(self->memory, LENGTH, SENT, 1);
	fill(other, LENGTH, SENT, 2);
	ASSERT_EQ(0, submit(self, 1, 1, self->completions, &arguments));
	ASSERT_EQ(0, dmabay_unregister(self->bay, self->buffer));
	EXPECT_EQ(-ENOENT, submit(self, 1, 1, self->completions, &arguments));
	ASSERT_EQ(0, dmabay_register(self->bay, other, PAGE, 0, &again));
	self->transfers[0].buffer = again;
	ASSERT_EQ(0, submit(self, 1, 1, self->completions, &arguments));
	fill(other, LENGTH, BLANK, 2);
	EXPECT_EQ(0, read_back(self->bay, other, LENGTH));
	EXPECT_PATTERN(other, LENGTH, SENT, 2);

	ASSERT_EQ(0, dmabay_free(self->bay, self->reservation));
	EXPECT_EQ(-ENOENT, submit(self, 1, 1, self->completions, &arguments));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 1, 1, 0, &again));
	self->transfers[0].reservation = again;
	EXPECT_EQ(0, submit(self, 1, 1, self->completions, &arguments));
	EXPECT_EQ(1, arguments.completed);
	munmap(other, PAGE);
}

/*
 * The same, when nobody saw that other memory was linked there: who traces has transfers go
 * another way. What was allowed of the memory before says nothing about this one.
 */
TEST_F(batch, a_number_is_used_again_while_somebody_traces)
{
	unsigned char *other = map_pages(PAGE);
	struct dmabay_submit arguments;
	uint32_t again;

	if (access(TRACING "/events", F_OK) && mount("tracefs", TRACING, "tracefs", 0, NULL))
		SKIP(return, "there is no tracefs");
	ASSERT_NE(NULL, other);
	fill(self->memory, LENGTH, SENT, 1);
	fill(other, LENGTH, SENT, 2);
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, submit(self, 1, 1, self->completions, &arguments));
	ASSERT_EQ(0, dmabay_unregister(self->bay, self->buffer));
	ASSERT_EQ(0, dmabay_register(self->bay, other, PAGE, DMABAY_REGISTER_READ_ONLY, &again));
	ASSERT_EQ(self->buffer, again);
	ASSERT_EQ(0, write_file(TRACED, "1"));
	EXPECT_EQ(0, submit(self, 1, 1, self->completions, &arguments));
	ASSERT_EQ(0, write_file(TRACED, "0"));
	EXPECT_EQ(0, submit(self, 1, 1, self->completions, &arguments));
	EXPECT_EQ(1, arguments.completed);

	self->transfers[0].offset = PAGE;
	EXPECT_EQ(-ERANGE, submit(self, 1, 1, self->completions, &arguments));
	self->transfers[0].offset = 0;
	self->transfers[0].direction = DMABAY_FROM_DEVICE;
	EXPECT_EQ(-EACCES, submit(self, 1, 1, self->completions, &arguments));
	fill(other, LENGTH, BLANK, 2);
	EXPECT_EQ(0, read_back(self->bay, other, LENGTH));
	EXPECT_PATTERN(other, LENGTH, SENT, 2);
	munmap(other, PAGE);
}

TEST_HARNESS_MAIN
