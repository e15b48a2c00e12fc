// SPDX-License-Identifier: GPL-2.0-only
/*
 * What of the modules was reached, as KCOV says: a list of addresses for each thread, one for
 * each block that it entered.
 *
 * An address is turned into a number when it is first seen, and back into a place in a
 * module's file when all is told. Two blocks one after the other are an edge; those are only
 * known by a hash.
 */
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"

/* <linux/kcov.h>, which not every system has */
#define KCOV_INIT_TRACE	_IOR('c', 1, unsigned long)
#define KCOV_ENABLE	_IO('c', 100)
#define KCOV_TRACE_PC	0

#define ENTRIES		(1u << 18)	/* of a thread's list */
#define BLOCKS		(1u << 16)
#define EDGES		(1u << 18)

static uint64_t table[BLOCKS];		/* addresses, where their hash says */
static uint16_t numbers[BLOCKS];	/* of the blocks there */
static uint64_t addresses[BLOCKS];	/* of each block, by number */
static uint32_t round_of[BLOCKS];	/* when a block was reached last */
static uint32_t round_now;
static uint16_t reached_now[BLOCKS];
static uint32_t reached_count;
static unsigned char edges[EDGES];

uint32_t cover_blocks;

bool cover_open(struct task *task)
{
	int fd = open("/sys/kernel/debug/kcov", O_RDWR | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (ioctl(fd, KCOV_INIT_TRACE, ENTRIES))
		return false;
	task->cover = mmap(NULL, ENTRIES * sizeof(uint64_t), PROT_READ | PROT_WRITE, MAP_SHARED,
			   fd, 0);
	return task->cover != MAP_FAILED && !ioctl(fd, KCOV_ENABLE, KCOV_TRACE_PC);
}

void cover_start(struct task *task)
{
	if (task->cover)
		__atomic_store_n(task->cover, 0, __ATOMIC_RELAXED);
}

void cover_begin(void)
{
	round_now++;
	reached_count = 0;
}

static uint64_t hash(uint64_t number)
{
	return (number * UINT64_C(0x9e3779b97f4a7c15)) >> 40;
}

static uint16_t number_of(uint64_t address, bool *new)
{
	uint32_t at = (uint32_t)hash(address) % BLOCKS;

	while (table[at] && table[at] != address)
		at = (at + 1) % BLOCKS;
	*new = !table[at];
	if (*new) {
		if (cover_blocks == BLOCKS - 1)
			abort();
		table[at] = address;
		numbers[at] = (uint16_t)cover_blocks;
		addresses[cover_blocks++] = address;
	}
	return numbers[at];
}

void cover_add(struct task *task, struct reached *reached)
{
	uint64_t count, before = 0;

	if (!task->cover)
		return;
	count = __atomic_load_n(task->cover, __ATOMIC_ACQUIRE);
	for (uint64_t i = 1; i <= count; i++) {
		uint64_t address = task->cover[i];
		uint64_t edge = hash(address ^ (before >> 1)) % EDGES;
		uint16_t number;
		bool new;

		before = address;
		if (!edges[edge]) {
			edges[edge] = 1;
			reached->new_edges++;
		}
		number = number_of(address, &new);
		reached->new_blocks += new;
		if (round_of[number] == round_now)
			continue;
		round_of[number] = round_now;
		reached_now[reached_count++] = number;
	}
}

uint32_t cover_list(uint16_t *blocks, uint32_t capacity)
{
	uint32_t count = reached_count < capacity ? reached_count : capacity;

	memcpy(blocks, reached_now, count * sizeof(*blocks));
	return count;
}

/* ---- where they are ---- */

struct section {
	char module[32];
	char name[64];
	uint64_t address;
};

static struct section sections[64];
static unsigned int sections_count;

static int compare(const void *a, const void *b)
{
	const struct section *one = a, *two = b;

	return one->address < two->address ? -1 : one->address > two->address;
}

static void sections_read(void)
{
	glob_t found;

	if (glob("/sys/module/dmabay*/sections/.*text*", GLOB_PERIOD, NULL, &found))
		return;
	for (size_t i = 0; i < found.gl_pathc && sections_count < 64; i++) {
		struct section *section = &sections[sections_count];
		FILE *file = fopen(found.gl_pathv[i], "re");

		if (file && fscanf(file, "%" SCNx64, &section->address) == 1 &&
		    sscanf(found.gl_pathv[i], "/sys/module/%31[^/]/sections/%63s",
			   section->module, section->name) == 2)
			sections_count++;
		if (file)
			fclose(file);
	}
	globfree(&found);
	qsort(sections, sections_count, sizeof(*sections), compare);
}

void cover_print(FILE *out)
{
	sections_read();
	for (uint32_t i = 0; i < cover_blocks; i++) {
		const struct section *section = NULL;

		for (unsigned int s = 0; s < sections_count; s++)
			if (sections[s].address <= addresses[i])
				section = &sections[s];
		if (section)
			fprintf(out, "%s %s %" PRIx64 "\n", section->module, section->name,
				addresses[i] - section->address);
	}
}
