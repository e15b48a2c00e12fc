// SPDX-License-Identifier: GPL-2.0-only
/*
 * The longest calls that the limits allow, and how long they keep the processor from a task
 * that has a right to it. Counted in instructions, so only where those are the time; figures, and
 * nothing that could be too long on another machine.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "common.h"

#define BATCH		256u		/* DMABAY_INFO says so */
#define MOST_MEMORY	(UINT64_C(256) << 20)
#define STEP		(50 * 1000u)	/* between two looks at the time, in ns */

FIXTURE(longest)
{
	char path[64];
	struct dmabay *bay;
	struct dmabay_info info;
	pthread_t watcher;
	atomic_bool over;
	_Atomic uint64_t kept;	/* the watcher, beyond its STEP, at most */
};

typedef FIXTURE_DATA(longest) fixture;

/* It goes before all others; so what it waits for longer than it wants is a call's. */
static void *watch(void *context)
{
	struct sched_param first = { .sched_priority = 50 };
	fixture *self = context;

	if (pthread_setschedparam(pthread_self(), SCHED_FIFO, &first))
		atomic_store(&self->over, true);
	while (!atomic_load(&self->over)) {
		uint64_t before = dmabay_deadline(0), took;

		pause_for(STEP);
		took = dmabay_deadline(0) - before;
		if (took > STEP && took - STEP > atomic_load(&self->kept))
			atomic_store(&self->kept, took - STEP);
	}
	return NULL;
}

FIXTURE_SETUP(longest)
{
	const char *counted = getenv("DMABAY_ICOUNT");

	if (!counted || strcmp(counted, "yes"))
		SKIP(return, "time is not instructions here");
	if (!find_node("soft", self->path, sizeof(self->path)))
		SKIP(return, "there is no software device");
	ASSERT_EQ(0, dmabay_open(&self->bay, self->path, O_RDWR));
	ASSERT_EQ(0, dmabay_info(self->bay, &self->info));
	ASSERT_EQ(0, pthread_create(&self->watcher, NULL, watch, self));
}

FIXTURE_TEARDOWN(longest)
{
	if (!self->bay)
		return;
	EXPECT_FALSE(atomic_exchange(&self->over, true)) TH_LOG("nobody has watched");
	pthread_join(self->watcher, NULL);
	dmabay_close(self->bay);
	EXPECT_NOTHING_LEFT(self->path);
}

/* Begins to count for a call; returns when it began. */
static uint64_t begin(fixture *self)
{
	pause_for(10 * STEP);
	atomic_store(&self->kept, 0);
	return dmabay_deadline(0);
}

static void tell(fixture *self, uint64_t began, const char *what, uint64_t of)
{
	uint64_t took = dmabay_deadline(0) - began;

	pause_for(10 * STEP);
	FIGURE("R41", "%s, %" PRIu64 ": %" PRIu64 " instructions, of which a task that goes first "
	       "waited for %" PRIu64 " at most", what, of, took, atomic_load(&self->kept));
}

/* As much as there is, but what others need. */
static uint64_t memory_to_have(void)
{
	uint64_t half = (uint64_t)file_number("/proc/meminfo", "MemAvailable:") * 1024 / 2;

	return half < MOST_MEMORY ? half - half % (2u << 20) : MOST_MEMORY;
}

TEST_F_TIMEOUT(longest, memory, LONG_TEST)
{
	const uint64_t length = memory_to_have();
	unsigned char *memory = map_pages(length);
	uint64_t began;
	uint32_t buffer;

	ASSERT_NE(NULL, memory);
	/* Pages that are not neighbours are the most work. */
	madvise(memory, length, MADV_NOHUGEPAGE);
	memset(memory, 1, length);
	began = begin(self);
	ASSERT_EQ(0, dmabay_register(self->bay, memory, length, 0, &buffer));
	tell(self, began, "REGISTER, bytes", length);
	began = begin(self);
	ASSERT_EQ(0, dmabay_unregister(self->bay, buffer));
	tell(self, began, "UNREGISTER, bytes", length);
	munmap(memory, length);
}

/* All that there is, linked anew for each transfer of a call. */
TEST_F_TIMEOUT(longest, transfers, LONG_TEST)
{
	const uint32_t count = self->info.max_batch < BATCH ? self->info.max_batch : BATCH;
	struct dmabay_completion completions[BATCH];
	struct dmabay_transfer transfers[BATCH];
	const uint64_t length = 16 * PAGE;
	uint32_t reservation, completed;
	unsigned char *memory;
	uint64_t began;

	memory = map_pages(count * length);
	ASSERT_NE(NULL, memory);
	began = begin(self);
	ASSERT_EQ(0, dmabay_reserve(self->bay, self->info.map_registers - 1, count,
				    DMABAY_RESERVE_STRICT, &reservation));
	tell(self, began, "RESERVE, map registers", self->info.map_registers - 1);
	memset(transfers, 0, sizeof(transfers));
	for (uint32_t i = 0; i < count; i++) {
		transfers[i] = (struct dmabay_transfer){
			.reservation = reservation,
			.length = length,
			.direction = DMABAY_TO_DEVICE,
		};
		ASSERT_EQ(0, dmabay_register(self->bay, memory + i * length, length, 0,
					     &transfers[i].buffer));
	}
	began = begin(self);
	ASSERT_EQ((int)count, dmabay_submit(self->bay, transfers, count, completions, count, count,
					    dmabay_deadline(PATIENCE), &completed));
	tell(self, began, "SUBMIT of 64 KiB each, transfers", count);
	EXPECT_EQ(count, completed);
	began = begin(self);
	ASSERT_EQ(0, dmabay_free(self->bay, reservation));
	tell(self, began, "FREE, map registers", self->info.map_registers - 1);
	began = begin(self);
	dmabay_close(self->bay);
	tell(self, began, "close, buffers", count);
	ASSERT_EQ(0, dmabay_open(&self->bay, self->path, O_RDWR));
	munmap(memory, count * length);
}

TEST_HARNESS_MAIN
