// SPDX-License-Identifier: GPL-2.0-only
/*
 * The programs that were worth keeping: each reached something that none before it had.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define CAPACITY	20000u
#define BLOCKS		(1u << 16)

static struct entry {
	struct program program;
	uint64_t nanoseconds;
	uint16_t *blocks;
	uint32_t blocks_count;
} *entries;

uint32_t corpus_count;

/* With what it has just reached. */
void corpus_add(const struct program *program, uint64_t nanoseconds)
{
	static uint16_t blocks[BLOCKS];
	struct entry *entry;

	if (!entries)
		entries = calloc(CAPACITY, sizeof(*entries));
	if (!entries)
		abort();
	if (corpus_count == CAPACITY)
		return;
	entry = &entries[corpus_count];
	entry->program = *program;
	entry->nanoseconds = nanoseconds;
	entry->blocks_count = cover_list(blocks, BLOCKS);
	entry->blocks = malloc(entry->blocks_count * sizeof(*blocks) + 1);
	if (!entry->blocks)
		abort();
	memcpy(entry->blocks, blocks, entry->blocks_count * sizeof(*blocks));
	corpus_count++;
}

/* Rather a quick one, and rather one that was found lately. NULL if there is none. */
const struct program *corpus_pick(void)
{
	struct entry *entry;
	uint32_t at;

	if (!corpus_count)
		return NULL;
	for (int tries = 0;; tries++) {
		at = (uint32_t)random_below(corpus_count);
		if (!random_below(3))
			at = corpus_count - 1 - (uint32_t)random_below(corpus_count / 8 + 1);
		entry = &entries[at];
		if (tries == 3 || entry->nanoseconds < 5000000)
			return &entry->program;
	}
}

void corpus_write(FILE *out)
{
	for (uint32_t i = 0; i < corpus_count; i++)
		program_print(out, &entries[i].program);
}

static int shorter(const void *a, const void *b)
{
	const struct entry *one = &entries[*(const uint32_t *)a];
	const struct entry *two = &entries[*(const uint32_t *)b];

	if (one->program.count != two->program.count)
		return one->program.count < two->program.count ? -1 : 1;
	return one->nanoseconds < two->nanoseconds ? -1 : one->nanoseconds > two->nanoseconds;
}

static void mark(const struct entry *entry, uint32_t *times, int by)
{
	for (uint32_t i = 0; i < entry->blocks_count; i++)
		times[entry->blocks[i]] += (uint32_t)by;
}

static bool needed(const struct entry *entry, const uint32_t *times, uint32_t least)
{
	for (uint32_t i = 0; i < entry->blocks_count; i++)
		if (times[entry->blocks[i]] <= least)
			return true;
	return false;
}

/* The shortest first, if they add something; and then without those that later ones make up for. */
uint32_t corpus_write_fewest(FILE *out)
{
	static uint32_t times[BLOCKS];
	uint32_t *order = calloc(corpus_count + 1, sizeof(*order)), kept = 0, written = 0;

	if (!order)
		abort();
	for (uint32_t i = 0; i < corpus_count; i++)
		order[i] = i;
	qsort(order, corpus_count, sizeof(*order), shorter);
	for (uint32_t i = 0; i < corpus_count; i++) {
		if (!needed(&entries[order[i]], times, 0))
			continue;
		mark(&entries[order[i]], times, 1);
		order[kept++] = order[i];
	}
	for (uint32_t i = 0; i < kept; i++) {
		if (!needed(&entries[order[i]], times, 1)) {
			mark(&entries[order[i]], times, -1);
			continue;
		}
		program_print(out, &entries[order[i]].program);
		written++;
	}
	free(order);
	return written;
}
