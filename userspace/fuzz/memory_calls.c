// SPDX-License-Identifier: GPL-2.0-only
/*
 * The arena, in which programs have their memory: so many pages of different kinds at a place
 * that is always the same, with nothing behind it; and the desk, where what they tell the
 * kernel is written, each part with a page behind it that is not there.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fuzz.h"

#define SHARED_PAGES	64u

static int shared = -1;		/* a file in memory */
static bool changed;

/* As each program finds it. */
static void arena_make(void)
{
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;

	munmap((void *)ARENA, 2 * ARENA_SIZE);
	if (mmap((void *)ARENA, ARENA_HUGE, PROT_READ | PROT_WRITE, flags, -1, 0) == MAP_FAILED ||
	    mmap((void *)(ARENA + ARENA_HUGE), ARENA_SIZE - ARENA_HUGE, PROT_READ | PROT_WRITE,
		 flags, -1, 0) == MAP_FAILED)
		abort();
	madvise((void *)(ARENA + ARENA_HUGE), ARENA_SIZE - ARENA_HUGE, MADV_HUGEPAGE);
}

void memory_open(void)
{
	arena_make();
	if (mmap((void *)DESK, DESK_SIZE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
		 0) == MAP_FAILED ||
	    mprotect((void *)DESK, PAGE_SIZE, PROT_READ | PROT_WRITE) ||
	    mprotect((void *)DESK_HELPER, PAGE_SIZE, PROT_READ | PROT_WRITE) ||
	    mprotect((void *)DESK_TRANSFERS, DESK_TABLE, PROT_READ | PROT_WRITE) ||
	    mprotect((void *)DESK_COMPLETIONS, DESK_TABLE, PROT_READ | PROT_WRITE))
		abort();
	shared = (int)syscall(SYS_memfd_create, "fuzz", MFD_CLOEXEC);
	if (shared < 0 || ftruncate(shared, SHARED_PAGES * PAGE_SIZE))
		abort();
}

static void *page(uint64_t number)
{
	return (void *)(ARENA + number % (ARENA_SIZE / PAGE_SIZE) * PAGE_SIZE);
}

/* Not beyond the arena. */
static size_t bytes(uint64_t number, uint64_t pages)
{
	uint64_t most = ARENA_SIZE / PAGE_SIZE - number % (ARENA_SIZE / PAGE_SIZE);

	return (pages < most ? pages : most) * PAGE_SIZE;
}

CALL(map)
{
	static const struct {
		int protection;
		int flags;
	} how[] = {
		{ PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS },
		{ PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS },
		{ PROT_READ | PROT_WRITE, MAP_SHARED },
		{ PROT_READ, MAP_SHARED },
		{ PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE },
	};
	uint64_t kind = values[2] % 5;

	(void)task;
	(void)operation;
	changed = true;
	return mmap(page(values[0]), bytes(values[0], values[1]), how[kind].protection,
		    how[kind].flags | MAP_FIXED, how[kind].flags & MAP_SHARED ? shared : -1, 0) ==
		    MAP_FAILED ? -1 : 0;
}

CALL(unmap)
{
	(void)task;
	(void)operation;
	changed = true;
	return munmap(page(values[0]), bytes(values[0], values[1]));
}

CALL(move)
{
	size_t length = bytes(values[0], values[1]);

	(void)task;
	(void)operation;
	changed = true;
	if (length > bytes(values[2], values[1]))
		length = bytes(values[2], values[1]);
	return mremap(page(values[0]), length, length, MREMAP_MAYMOVE | MREMAP_FIXED,
		      page(values[2])) == MAP_FAILED ? -1 : 0;
}

CALL(advise)
{
	static const int advice[] = {
		MADV_DONTNEED, MADV_FREE, MADV_HUGEPAGE, MADV_NOHUGEPAGE, MADV_DONTFORK,
		MADV_REMOVE, MADV_COLD, MADV_PAGEOUT,
	};

	(void)task;
	(void)operation;
	changed = true;
	return madvise(page(values[0]), bytes(values[0], values[1]), advice[values[2] % 8]);
}

CALL(protect)
{
	static const int how[] = { PROT_READ, PROT_NONE, PROT_READ | PROT_WRITE };

	(void)task;
	(void)operation;
	changed = true;
	return mprotect(page(values[0]), bytes(values[0], values[1]), how[values[2] % 3]);
}

CALL(truncate)
{
	(void)task;
	(void)operation;
	changed = true;
	return ftruncate(shared, (off_t)(values[0] % SHARED_PAGES * PAGE_SIZE));
}

void memory_end(void)
{
	memset((void *)DESK_TRANSFERS, 0, 17 * 64);
	if (!changed)
		return;
	changed = false;
	arena_make();
	if (ftruncate(shared, SHARED_PAGES * PAGE_SIZE))
		abort();
}
