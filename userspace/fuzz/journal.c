// SPDX-License-Identifier: GPL-2.0-only
/*
 * The last programs, for whom the machine dies with.
 *
 * They are kept in memory, on pages that begin with a mark. The machine's memory is a file of
 * its host, which is looked through when the machine is gone. That costs a program nothing but a
 * copy, and needs nothing of a kernel that is about to panic.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"

#define PAGES	1024u

struct record {
	unsigned char mark[16];
	uint64_t number;
	struct program program;
};

_Static_assert(sizeof(struct record) <= PAGE_SIZE, "a program fits on a page");

/* Not the mark itself: this would be found in the program, too. */
static const char inverted[16] = "\x9b\x92\x9e\x9d\x9e\x86\xdf\x8f\x8d\x90\x98\x8d\x9e\x92\xdf\xc5";
static unsigned char mark[16];
static unsigned char *pages;
static uint64_t number;

static void mark_make(void)
{
	for (size_t i = 0; i < sizeof(mark); i++)
		mark[i] = (unsigned char)~inverted[i];
}

void journal_open(void)
{
	mark_make();
	pages = mmap(NULL, PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (pages == MAP_FAILED)
		abort();
}

void journal_write(const struct program *program)
{
	struct record *record = (void *)(pages + number % PAGES * PAGE_SIZE);

	memcpy(record->mark, mark, sizeof(mark));
	record->number = ++number;
	memcpy(&record->program, program,
	       offsetof(struct program, calls) + program->count * sizeof(*program->calls));
}

/* Prints them, the last one last. */
int journal_decode(const char *path)
{
	static const struct record *found[PAGES * 4];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	const unsigned char *memory;
	unsigned int count = 0;
	struct stat status;

	mark_make();
	if (fd < 0 || fstat(fd, &status))
		return 1;
	memory = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return 1;
	for (off_t at = 0; at + PAGE_SIZE <= status.st_size; at += PAGE_SIZE) {
		const struct record *record = (const void *)(memory + at);
		unsigned int place = count;

		if (memcmp(record->mark, mark, sizeof(mark)) || record->program.count > CALLS ||
		    count == PAGES * 4)
			continue;
		for (; place && found[place - 1]->number > record->number; place--)
			found[place] = found[place - 1];
		found[place] = record;
		count++;
	}
	for (unsigned int i = 0; i < count; i++) {
		printf("# program %" PRIu64 "\n", found[i]->number);
		program_print(stdout, &found[i]->program);
	}
	return !count;
}
