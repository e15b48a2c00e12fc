// SPDX-License-Identifier: GPL-2.0-only
/*
 * One file position, used by several threads at a time. Nothing orders them, as with any
 * character device; but each call uses one position from its beginning to its end, so what is
 * read is a run of device memory, and nothing is moved beyond its end.
 */
#include "races.h"

#define AREA	(64u * 1024)	/* at the end of device memory */
#define BLOCK	1024u
#define WORDS	(BLOCK / sizeof(uint64_t))
#define ROUNDS	20000u

FIXTURE(position)
{
	char path[64];
	struct dmabay *bay;
	int fd;
	uint64_t begin, size;	/* of AREA, of device memory */
	uint64_t *area;
	atomic_uint here;
	atomic_bool over;
	atomic_uint calls, short_ones, wrong;
};

typedef FIXTURE_DATA(position) fixture;

/* Each word says where it is. */
FIXTURE_SETUP(position)
{
	struct dmabay_info info;

	if (!find_node("soft", self->path, sizeof(self->path)))
		SKIP(return, "there is no software device");
	ASSERT_EQ(0, dmabay_open(&self->bay, self->path, O_RDWR));
	ASSERT_EQ(0, dmabay_info(self->bay, &info));
	self->fd = open(self->path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->size = info.device_memory;
	self->begin = self->size - AREA;
	self->area = (uint64_t *)map_pages(AREA);
	ASSERT_NE(NULL, self->area);
	for (uint64_t at = 0; at < AREA; at += sizeof(uint64_t))
		self->area[at / sizeof(uint64_t)] = self->begin + at;
	ASSERT_EQ(AREA, pwrite(self->fd, self->area, AREA, (off_t)self->begin));
}

FIXTURE_TEARDOWN(position)
{
	EXPECT_EQ(0, good_transfer(self->bay));
	close(self->fd);
	dmabay_close(self->bay);
	EXPECT_NOTHING_LEFT(self->path);
}

/* A run of the area, and the whole of the block unless it ends where the area does. */
static bool is_run(const fixture *self, const uint64_t *block, ssize_t length)
{
	const uint64_t end = self->begin + AREA;

	if (length < 0 || length % (ssize_t)sizeof(uint64_t))
		return false;
	for (ssize_t i = 0; i < length / (ssize_t)sizeof(uint64_t); i++)
		if (block[i] < self->begin || block[i] >= end ||
		    block[i] != block[0] + (uint64_t)i * sizeof(uint64_t))
			return false;
	return length == BLOCK || !length || block[0] + (uint64_t)length == end;
}

static void *keep_reading(void *context)
{
	struct rounds rounds = so_many(rounds_here(ROUNDS));
	fixture *self = context;
	uint64_t block[WORDS];

	meet(&self->here, 3);
	for (; another(&rounds); rounds.done++) {
		ssize_t length = read(self->fd, block, BLOCK);

		self->calls++;
		self->short_ones += length < (ssize_t)BLOCK;
		self->wrong += !is_run(self, block, length);
		/* Else all of them would be at the end most of the time. */
		if (length < (ssize_t)BLOCK)
			lseek(self->fd, (off_t)self->begin, SEEK_SET);
	}
	return NULL;
}

/* Somewhere in the area, or at its end. */
static void *keep_seeking(void *context)
{
	fixture *self = context;
	unsigned int seed = 1;

	meet(&self->here, 3);
	while (!atomic_load(&self->over)) {
		uint64_t word = (unsigned int)rand_r(&seed) % (AREA / sizeof(uint64_t) + 1);

		lseek(self->fd, (off_t)(self->begin + word * sizeof(uint64_t)), SEEK_SET);
		if (one_processor())
			sched_yield();
	}
	return NULL;
}

TEST_F_TIMEOUT(position, read_while_it_changes, LONG_TEST)
{
	pthread_t readers[2], seeker;

	ASSERT_EQ((off_t)self->begin, lseek(self->fd, (off_t)self->begin, SEEK_SET));
	ASSERT_EQ(0, pthread_create(&seeker, NULL, keep_seeking, self));
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&readers[i], NULL, keep_reading, self));
	for (int i = 0; i < 2; i++)
		pthread_join(readers[i], NULL);
	atomic_store(&self->over, true);
	pthread_join(seeker, NULL);
	EXPECT_LT(0u, atomic_load(&self->calls));
	EXPECT_EQ(0u, atomic_load(&self->wrong));
	FIGURE("R54", "%u reads by two threads at a position that a third one changes, %u of them "
	       "short, %u not one run of device memory", self->calls, self->short_ones,
	       self->wrong);
}

/* Blocks of its own, until the end of device memory; each says whose it is. */
static void *keep_writing(void *context)
{
	fixture *self = context;
	uint64_t block[WORDS];
	ssize_t length;

	do {
		for (size_t i = 0; i < WORDS; i++)
			block[i] = self->size + i;
		length = write(self->fd, block, BLOCK);
		self->calls += length > 0;
		self->wrong += length > 0 && length != BLOCK;
	} while (length > 0);
	self->wrong += length != -1 || errno != ENOSPC;
	return NULL;
}

/*
 * Two may land on the same place, as the position has no lock; none lands beside one, and no
 * place is left out.
 */
TEST_F_TIMEOUT(position, written_by_two, LONG_TEST)
{
	pthread_t writers[2];
	unsigned int old = 0, wrong;

	ASSERT_EQ((off_t)self->begin, lseek(self->fd, (off_t)self->begin, SEEK_SET));
	for (int i = 0; i < 2; i++)
		ASSERT_EQ(0, pthread_create(&writers[i], NULL, keep_writing, self));
	for (int i = 0; i < 2; i++)
		pthread_join(writers[i], NULL);
	EXPECT_EQ((off_t)self->size, lseek(self->fd, 0, SEEK_CUR));
	ASSERT_EQ(AREA, pread(self->fd, self->area, AREA, (off_t)self->begin));
	wrong = atomic_load(&self->wrong);
	for (size_t i = 0; i < AREA / sizeof(uint64_t); i++) {
		if (self->area[i] == self->begin + i * sizeof(uint64_t))
			old++;
		else
			wrong += self->area[i] != self->size + i % WORDS;
	}
	EXPECT_EQ(0u, wrong);
	EXPECT_EQ(0u, old);
	FIGURE("R54", "%u blocks written by two threads at one position into room for %u, %u words "
	       "that nobody wrote, %u wrong", self->calls, AREA / BLOCK, old, wrong);
}

TEST_HARNESS_MAIN
