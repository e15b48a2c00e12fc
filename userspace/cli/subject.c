// SPDX-License-Identifier: GPL-2.0-only
/*
 * Subjects. Memory begins at a huge page whatever its kind is, so that only the kind
 * decides. Scattered memory is touched in a random order, so that neighbours seldom are. Contiguous
 * memory is one huge page of 1 GiB, the only kind that is that long for sure.
 */
#include <errno.h>
#include <inttypes.h>
#include <linux/mman.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "command.h"
#include "message.h"
#include "setup.h"
#include "spread.h"
#include "subject.h"
#include "tick.h"

#define HUGE_PAGE	(2u << 20)
#define GIGANTIC_PAGE	(1u << 30)

/* Kept from row to row: it takes a while to clear. */
static unsigned char *gigantic;

static bool is_contiguous(const char *kind)
{
	return !strcmp(kind, "contiguous");
}

bool is_memory_kind(const char *kind)
{
	return !strcmp(kind, "scattered") || !strcmp(kind, "thp") || is_contiguous(kind);
}

static void touch_scattered(unsigned char *memory, uint64_t length)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t count = (length + page - 1) / page;
	uint64_t *order = calloc(count, sizeof(*order));

	if (!order)
		return;
	srandom(1);
	for (uint64_t i = 0; i < count; i++) {
		uint64_t other = (uint64_t)random() % (i + 1);

		order[i] = order[other];
		order[other] = i;
	}
	for (uint64_t i = 0; i < count; i++)
		memory[order[i] * page] = 1;
	free(order);
}

static uint64_t total_length(const struct subject *subject)
{
	return subject->stride * subject->batch;
}

static uint64_t mapped_length(const struct subject *subject)
{
	return (total_length(subject) + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
}

static unsigned char *allocate_contiguous(uint64_t length)
{
	void *page;

	if (length > GIGANTIC_PAGE)
		return NULL;
	if (!gigantic) {
		page = mmap(NULL, GIGANTIC_PAGE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | MAP_HUGE_1GB, -1, 0);
		gigantic = page == MAP_FAILED ? NULL : page;
	}
	return gigantic;
}

static void release(const struct subject *subject)
{
	if (subject->memory != gigantic)
		munmap(subject->memory, mapped_length(subject));
}

static unsigned char *allocate(const struct subject *subject, const char *kind)
{
	uint64_t mapped = mapped_length(subject), before;
	unsigned char *area = mmap(NULL, mapped + HUGE_PAGE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (area == MAP_FAILED)
		return NULL;
	before = -(uintptr_t)area % HUGE_PAGE;
	if (before)
		munmap(area, before);
	area += before;
	munmap(area + mapped, HUGE_PAGE - before);

	if (strcmp(kind, "thp")) {
		madvise(area, mapped, MADV_NOHUGEPAGE);
		touch_scattered(area, total_length(subject));
	} else {
		madvise(area, mapped, MADV_HUGEPAGE);
		memset(area, 1, total_length(subject));
	}
	return area;
}

int subject_failed(const struct subject *subject, uint32_t command, int error, uint64_t wanted)
{
	if (interrupted())
		return EXIT_INTERRUPTED;
	return complain_command(dmabay_path(subject->bay), command, error, &subject->info, wanted);
}

/* Whether a transfer without a reservation can pin a piece, too, that is pinned already. */
static int try_second_pin(const struct subject *subject)
{
	uint32_t buffer;
	int result = dmabay_register(subject->bay, subject->memory, subject->length, 0, &buffer);

	return result ? result : dmabay_unregister(subject->bay, buffer);
}

static int pin(struct subject *subject)
{
	int result = dmabay_register(subject->bay, subject->memory, total_length(subject), 0,
				     &subject->buffer);

	if (result)
		return result;
	result = try_second_pin(subject);
	if (result)
		dmabay_unregister(subject->bay, subject->buffer);
	return result;
}

/* What it costs to pin the memory, and to let it go: the median of several times. */
static int time_pinning(const struct subject *subject, int64_t *ticks)
{
	int64_t samples[SETUP_ROUNDS];
	struct spread spread;
	int result = 0;

	for (int i = 0; i < SETUP_ROUNDS && !result; i++) {
		uint64_t start = tick();
		uint32_t buffer;

		result = dmabay_register(subject->bay, subject->memory, total_length(subject), 0,
					 &buffer);
		if (!result)
			result = dmabay_unregister(subject->bay, buffer);
		samples[i] = (int64_t)(tick() - start);
	}
	if (result)
		return result;
	spread_of(&spread, samples, SETUP_ROUNDS, 1);
	*ticks = (int64_t)spread.p50;
	return 0;
}

int subject_open(struct subject *subject, const char *kind, int64_t *ticks)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), wanted;
	int result;

	subject->stride = (subject->length + page - 1) / page * page;
	subject->memory = is_contiguous(kind) ? allocate_contiguous(total_length(subject)) :
						allocate(subject, kind);
	if (!subject->memory) {
		complain("no memory for a buffer of %" PRIu64 " bytes%s", total_length(subject),
			 is_contiguous(kind) ? ": it has to be within one huge page of 1 GiB" : "");
		return EXIT_FAILED;
	}
	result = time_pinning(subject, ticks);
	if (!result)
		result = pin(subject);
	if (!result)
		return EXIT_OK;

	release(subject);
	wanted = total_length(subject);
	if (result == -ENOMEM)
		wanted += subject->length;
	if (result != -ENOMEM && result != -E2BIG)
		return subject_failed(subject, DMABAY_CMD_REGISTER, result, wanted);
	dmabay_explain(subject->limit, sizeof(subject->limit), DMABAY_CMD_REGISTER, result,
		       &subject->info, wanted);
	return EXIT_OK;
}

void subject_close(struct subject *subject)
{
	dmabay_unregister(subject->bay, subject->buffer);
	release(subject);
}

/* Eight bytes of what is sent. They are at no other place, of this or any other piece or arm. */
static uint64_t pattern(uint32_t piece, uint64_t number, uint32_t seed)
{
	return (number ^ (uint64_t)piece << 32 ^ (uint64_t)seed << 56) *
	       UINT64_C(0x9e3779b97f4a7c15);
}

static void fill_piece(const struct subject *subject, uint32_t piece, uint32_t seed)
{
	unsigned char *memory = subject->memory + piece * subject->stride;
	uint64_t whole = subject->length / sizeof(uint64_t), bytes;

	for (uint64_t i = 0; i < whole; i++) {
		bytes = pattern(piece, i, seed);
		memcpy(memory + i * sizeof(bytes), &bytes, sizeof(bytes));
	}
	bytes = pattern(piece, whole, seed);
	memcpy(memory + whole * sizeof(bytes), &bytes, subject->length % sizeof(bytes));
}

/* Where the first eight bytes are of which one is wrong; or the length. */
static uint64_t find_wrong(const struct subject *subject, uint32_t piece, uint32_t seed)
{
	const unsigned char *memory = subject->memory + piece * subject->stride;
	uint64_t whole = subject->length / sizeof(uint64_t), bytes;

	for (uint64_t i = 0; i < whole; i++) {
		bytes = pattern(piece, i, seed);
		if (memcmp(memory + i * sizeof(bytes), &bytes, sizeof(bytes)))
			return i * sizeof(bytes);
	}
	bytes = pattern(piece, whole, seed);
	return memcmp(memory + whole * sizeof(bytes), &bytes, subject->length % sizeof(bytes)) ?
	       whole * sizeof(bytes) : subject->length;
}

void subject_fill(const struct subject *subject, uint32_t seed)
{
	for (uint32_t piece = 0; piece < subject->batch; piece++)
		fill_piece(subject, piece, seed);
}

void subject_clear(const struct subject *subject)
{
	memset(subject->memory, 0, total_length(subject));
}

int subject_check(const struct subject *subject, uint32_t seed, const char *arm)
{
	for (uint32_t piece = 0; piece < subject->batch; piece++) {
		uint64_t at = find_wrong(subject, piece, seed);

		if (at == subject->length)
			continue;
		complain("%s: the bytes from %" PRIu64 " on of piece %" PRIu32 " are not those that were sent",
			 arm, at, piece);
		return EXIT_MISMATCH;
	}
	return EXIT_OK;
}
