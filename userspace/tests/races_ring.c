// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rings that several use at once: transfers that change while they are taken, two who take,
 * a poller beside them, numbers that nobody can believe. Every transfer that was taken has
 * one completion, and nobody who shares nothing with it notices.
 */
#include "races.h"
#include "ring.h"

#define ENTRIES	16u
#define DEPTH	8u

FIXTURE(race)
{
	char path[64];
	struct dmabay *bay;
	unsigned char *memory;
	struct rings rings;
	struct dmabay_transfer transfer;
	atomic_bool over;
	atomic_uint here;
};

typedef FIXTURE_DATA(race) race;

FIXTURE_SETUP(race)
{
	if (!find_node("soft", self->path, sizeof(self->path)))
		SKIP(return, "there is no software device");
	ASSERT_EQ(0, dmabay_open(&self->bay, self->path, O_RDWR));
	self->memory = map_pages(PAGE);
	ASSERT_NE(NULL, self->memory);
	self->transfer = (struct dmabay_transfer){ .length = 64, .direction = DMABAY_TO_DEVICE };
	ASSERT_EQ(0, dmabay_register(self->bay, self->memory, PAGE, 0, &self->transfer.buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 1, DEPTH, 0, &self->transfer.reservation));
	ASSERT_EQ(0, open_rings(dmabay_fd(self->bay), ENTRIES, ENTRIES, &self->rings));
}

FIXTURE_TEARDOWN(race)
{
	struct dmabay *another;

	ASSERT_EQ(0, dmabay_open(&another, self->path, O_RDWR));
	EXPECT_EQ(0, good_transfer(another));
	dmabay_close(another);
	EXPECT_EQ(0, munmap(self->rings.head, self->rings.made.length));
	dmabay_close(self->bay);
	EXPECT_NOTHING_LEFT(self->path);
}

/* Puts @wanted transfers and takes their completions; each cookie comes once. */
static void put_and_take(struct __test_metadata *_metadata, race *self, uint32_t wanted,
			 bool in_order, bool may_fail)
{
	uint64_t end = dmabay_deadline(PATIENCE), seen = 0, put = 0;
	struct rings *rings = &self->rings;
	struct dmabay_completion completion;

	while (seen < wanted && dmabay_deadline(0) < end) {
		if (put < wanted && left(rings) < ENTRIES) {
			self->transfer.cookie = put++;
			put_transfer(rings, &self->transfer);
		}
		while (take_completion(rings, &completion)) {
			if (in_order) {
				EXPECT_EQ(seen, completion.cookie);
			}
			if (!may_fail) {
				EXPECT_EQ(0, completion.status);
			}
			seen++;
		}
		sched_yield();
	}
	EXPECT_EQ(wanted, seen);
	EXPECT_EQ(0, unread(rings));
	/* Who took the last ones tells of their ends first, and of their places then. */
	while (left(rings) && dmabay_deadline(0) < end)
		sched_yield();
	EXPECT_EQ(0, left(rings));
}

/* ---- two who take, and a poller ---- */

static void *keep_entering(void *context)
{
	race *self = context;

	while (!atomic_load(&self->over)) {
		enter_until(&self->rings, 3, 0, 0);
		sched_yield();
	}
	return NULL;
}

static void *keep_polling(void *context)
{
	race *self = context;

	while (!atomic_load(&self->over))
		enter_with(&self->rings, DMABAY_ENTER_POLL, 0, dmabay_deadline(MILLISECOND));
	return NULL;
}

static void with_others(struct __test_metadata *_metadata, race *self,
			void *(*first)(void *context), void *(*second)(void *context))
{
	pthread_t threads[2];

	ASSERT_EQ(0, pthread_create(&threads[0], NULL, first, self));
	ASSERT_EQ(0, pthread_create(&threads[1], NULL, second, self));
	put_and_take(_metadata, self, rounds_here(2000), true, false);
	atomic_store(&self->over, true);
	ASSERT_EQ(0, pthread_join(threads[0], NULL));
	ASSERT_EQ(0, pthread_join(threads[1], NULL));
}

TEST_F_TIMEOUT(race, two_who_take, LONG_TEST)
{
	with_others(_metadata, self, keep_entering, keep_entering);
}

TEST_F_TIMEOUT(race, poller_and_one_who_takes, LONG_TEST)
{
	with_others(_metadata, self, keep_polling, keep_entering);
}

/* The other way to submit, and the overflow: nothing is lost, and each comes once. */
static void *keep_submitting(void *context)
{
	struct dmabay_transfer transfer;
	race *self = context;

	transfer = self->transfer;
	transfer.cookie = UINT64_MAX;
	while (!atomic_load(&self->over)) {
		if (dmabay_submit(self->bay, &transfer, 1, NULL, 0, 0, 0, NULL) == 1)
			atomic_fetch_add(&self->here, 1);
		sched_yield();
	}
	return NULL;
}

TEST_F_TIMEOUT(race, two_ways_to_submit, LONG_TEST)
{
	uint32_t wanted = rounds_here(1200), put = 0, own = 0, others = 0;
	uint64_t end = dmabay_deadline(PATIENCE);
	struct dmabay_completion completion;
	pthread_t thread;

	ASSERT_EQ(0, pthread_create(&thread, NULL, keep_submitting, self));
	while (own < wanted && dmabay_deadline(0) < end) {
		while (put < wanted && left(&self->rings) < ENTRIES) {
			self->transfer.cookie = put++;
			put_transfer(&self->rings, &self->transfer);
		}
		enter_until(&self->rings, UINT32_MAX, 0, 0);
		/* It is late now and then, so that there is no place. */
		while ((own + others) % 7 && take_completion(&self->rings, &completion)) {
			if (completion.cookie == UINT64_MAX) {
				others++;
			} else {
				EXPECT_EQ(own++, completion.cookie);
			}
		}
		if (take_completion(&self->rings, &completion)) {
			if (completion.cookie == UINT64_MAX) {
				others++;
			} else {
				EXPECT_EQ(own++, completion.cookie);
			}
		}
	}
	atomic_store(&self->over, true);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	for (;;) {
		enter_until(&self->rings, 0, 0, 0);
		if (!take_completion(&self->rings, &completion))
			break;
		EXPECT_EQ(UINT64_MAX, completion.cookie);
		others++;
	}
	EXPECT_EQ(wanted, own);
	EXPECT_EQ(atomic_load(&self->here), others);
}

/* ---- hands of the other side ---- */

/* Fields that are right at one moment are wrong at the next. */
static void *keep_changing(void *context)
{
	race *self = context;
	unsigned int seed = 1;

	while (!atomic_load(&self->over)) {
		volatile struct dmabay_transfer *transfer;

		seed = seed * 1103515245u + 12345u;
		transfer = &self->rings.transfers[seed >> 16 & (ENTRIES - 1)];
		transfer->length = seed & 1 ? 64 : UINT64_MAX;
		transfer->offset = seed & 2 ? 0 : (uint64_t)seed << 20;
		transfer->buffer = seed & 4 ? self->transfer.buffer : seed;
		transfer->reservation = seed & 8 ? self->transfer.reservation : seed;
		transfer->direction = seed & 16 ? DMABAY_TO_DEVICE : seed;
	}
	return NULL;
}

TEST_F_TIMEOUT(race, transfers_that_change, LONG_TEST)
{
	pthread_t threads[2];

	ASSERT_EQ(0, pthread_create(&threads[0], NULL, keep_changing, self));
	ASSERT_EQ(0, pthread_create(&threads[1], NULL, keep_entering, self));
	put_and_take(_metadata, self, rounds_here(2000), false, true);
	atomic_store(&self->over, true);
	ASSERT_EQ(0, pthread_join(threads[0], NULL));
	ASSERT_EQ(0, pthread_join(threads[1], NULL));
}

/* Anything, anywhere in the memory. */
static void *keep_scribbling(void *context)
{
	race *self = context;
	uint32_t *words = (uint32_t *)self->rings.head, seed = 7;
	size_t count = self->rings.made.length / sizeof(*words);

	while (!atomic_load(&self->over)) {
		seed = seed * 1664525u + 1013904223u;
		/* Half of them where the numbers are. */
		__atomic_store_n(&words[seed & 0x10000 ? seed >> 20 & 31 : seed % count],
				 seed & 0x20000 ? seed : seed >> 24, __ATOMIC_RELAXED);
	}
	return NULL;
}

TEST_F_TIMEOUT(race, scribbler, LONG_TEST)
{
	uint64_t end = dmabay_deadline(SECOND);
	pthread_t threads[3];
	struct dmabay *another;

	ASSERT_EQ(0, dmabay_open(&another, self->path, O_RDWR));
	ASSERT_EQ(0, pthread_create(&threads[0], NULL, keep_scribbling, self));
	ASSERT_EQ(0, pthread_create(&threads[1], NULL, keep_entering, self));
	ASSERT_EQ(0, pthread_create(&threads[2], NULL, keep_polling, self));
	do {
		EXPECT_EQ(0, good_transfer(another));
	} while (dmabay_deadline(0) < end);
	atomic_store(&self->over, true);
	for (int i = 0; i < 3; i++)
		ASSERT_EQ(0, pthread_join(threads[i], NULL));
	dmabay_close(another);
}

/* Several who make rings at once: one of them does, and the other is told nothing of them. */
static void *make_once(void *context)
{
	race *self = context;
	struct rings rings;
	int result;

	meet(&self->here, 2);
	result = make_rings((int)self->transfer.cookie, ENTRIES, ENTRIES, &rings);
	if (result && (rings.made.length || rings.made.submission_offset))
		result = -EPROTO;
	return (void *)(intptr_t)result;
}

TEST_F_TIMEOUT(race, two_who_make_rings, LONG_TEST)
{
	for (struct rounds rounds = so_many(rounds_here(200)); another(&rounds); rounds.done++) {
		int fd = open(self->path, O_RDWR | O_CLOEXEC);
		pthread_t threads[2];
		void *said[2];

		ASSERT_LE(0, fd);
		self->transfer.cookie = (uint64_t)fd;
		atomic_store(&self->here, 0);
		for (int i = 0; i < 2; i++)
			ASSERT_EQ(0, pthread_create(&threads[i], NULL, make_once, self));
		for (int i = 0; i < 2; i++)
			ASSERT_EQ(0, pthread_join(threads[i], &said[i]));
		EXPECT_EQ(-EBUSY, (intptr_t)said[0] + (intptr_t)said[1]);
		close(fd);
	}
}

TEST_HARNESS_MAIN
