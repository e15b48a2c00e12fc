// SPDX-License-Identifier: GPL-2.0-only
/*
 * The mapped rings of each file: used as they are meant to be, written full of nonsense, and
 * taken apart.
 */
#include <string.h>
#include <sys/mman.h>

#include <linux/dmabay.h>

#include "fuzz.h"

static struct shared {
	struct dmabay_rings made;
	struct dmabay_rings_head *head;		/* NULL: not mapped */
} rings[FILES];

static uint64_t place(const struct shared *shared)
{
	return RINGS + (uint64_t)(shared - rings) * RINGS_APART;
}

void rings_made(unsigned int fd, const void *argument)
{
	for (unsigned int i = 0; i < FILES; i++)
		if (files[i] == (int)fd)
			memcpy(&rings[i].made, argument, sizeof(rings[i].made));
}

CALL(ring_map)
{
	static const struct {
		int protection;
		int flags;
	} how[] = {
		{ PROT_READ | PROT_WRITE, MAP_SHARED },
		{ PROT_READ | PROT_WRITE, MAP_SHARED },
		{ PROT_READ, MAP_SHARED },
		{ PROT_READ | PROT_WRITE, MAP_PRIVATE },
		{ PROT_READ | PROT_EXEC, MAP_SHARED },
	};
	struct shared *shared = &rings[values[0] % FILES];
	uint64_t length = values[1] % RINGS_APART;
	void *memory;

	(void)task;
	(void)operation;
	/* What the program was told, or wrong by some bytes. */
	if (length < PAGE_SIZE)
		length += shared->made.length;
	memory = mmap((void *)place(shared), length % RINGS_APART, how[values[3] % 5].protection,
		      how[values[3] % 5].flags | MAP_FIXED, files[values[0] % FILES],
		      (off_t)values[2]);
	if (memory == MAP_FAILED)
		return -1;
	/* A part of it is not believed to be all. */
	if (length >= shared->made.length && shared->made.length)
		shared->head = memory;
	return 0;
}

static void put(struct shared *shared, const uint64_t *values)
{
	const struct dmabay_transfer *from = (const void *)DESK_TRANSFERS;
	struct dmabay_rings_head *head = shared->head;
	struct dmabay_transfer *to = (void *)((char *)head + shared->made.submission_offset);
	uint32_t tail = head->submission_tail;

	for (uint64_t i = 0; i < values[2] % 32; i++, tail++)
		to[tail & (shared->made.submission_entries - 1)] = from[(values[1] + i) % 16];
	__atomic_store_n(&head->submission_tail, tail, __ATOMIC_SEQ_CST);
}

CALL(ring_put)
{
	struct shared *shared = &rings[values[0] % FILES];

	(void)task;
	(void)operation;
	if (shared->head)
		put(shared, values);
	return 0;
}

static void take(struct shared *shared, const uint64_t *values)
{
	struct dmabay_rings_head *head = shared->head;
	uint32_t there = __atomic_load_n(&head->completion_tail, __ATOMIC_ACQUIRE) -
			 head->completion_head;

	__atomic_store_n(&head->completion_head,
			 head->completion_head + (values[1] < there ? (uint32_t)values[1] : there),
			 __ATOMIC_SEQ_CST);
}

CALL(ring_take)
{
	struct shared *shared = &rings[values[0] % FILES];

	(void)task;
	(void)operation;
	if (shared->head)
		take(shared, values);
	return 0;
}

/* The words that steer are the first ones: most often it is one of those. */
static void scribble(struct shared *shared, const uint64_t *values)
{
	uint64_t at = values[1] < PAGE_SIZE ? values[1] % 128 : values[1] % shared->made.length;
	volatile uint32_t *word = (volatile uint32_t *)((char *)shared->head + (at & ~3ull));
	uint64_t times = 1 + values[3] % 1024;

	for (uint64_t i = 0; i < times; i++, word++) {
		if ((char *)word >= (char *)shared->head + shared->made.length)
			word = (volatile uint32_t *)shared->head;
		*word = (uint32_t)(values[2] >> (i & 31));
		figures.scribbles++;
	}
}

CALL(ring_scribble)
{
	struct shared *shared = &rings[values[0] % FILES];

	(void)task;
	(void)operation;
	if (shared->head)
		scribble(shared, values);
	return 0;
}

CALL(ring_unmap)
{
	struct shared *shared = &rings[values[0] % FILES];
	uint64_t length = values[2] ? values[2] % RINGS_APART : shared->made.length;

	(void)task;
	(void)operation;
	return munmap((void *)(place(shared) + (values[1] % RINGS_APART & ~0xfffull)),
		      length % RINGS_APART);
}

CALL(ring_move)
{
	struct shared *shared = &rings[values[0] % FILES];
	void *to = (void *)(RINGS + FILES * RINGS_APART);

	(void)task;
	(void)operation;
	switch (values[2] % 3) {
	case 0:
		return mremap((void *)place(shared), shared->made.length,
			      values[1] % RINGS_APART, MREMAP_MAYMOVE | MREMAP_FIXED, to) ==
			      MAP_FAILED ? -1 : 0;
	case 1:
		return mprotect((void *)place(shared), values[1] % RINGS_APART, PROT_READ);
	default:
		return madvise((void *)place(shared), shared->made.length,
			       values[1] & 1 ? MADV_DONTNEED : MADV_DOFORK);
	}
}

void rings_end(void)
{
	for (unsigned int i = 0; i < FILES; i++) {
		if (!rings[i].made.length && !rings[i].head)
			continue;
		/* The range between them is no other's. */
		munmap((void *)RINGS, (FILES + 1) * RINGS_APART);
		memset(rings, 0, sizeof(rings));
		break;
	}
}
