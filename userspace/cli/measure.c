// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measuring. Each arm is first proved right; then they are timed in turns, so that whatever
 * changes in between changes for all; then, if it is asked for, the halves of a transfer are
 * timed by the clock on the wall; then what a transfer makes the kernel do is counted; last,
 * what an arm does once is timed.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command.h"
#include "interrupts.h"
#include "measure.h"
#include "message.h"
#include "proof.h"
#include "setup.h"
#include "subject.h"
#include "text.h"
#include "watched.h"

/*
 * A lazy IOMMU keeps 256 ranges of addresses before it gives back the first one: until then each
 * mapping finds a new one, which is dearer. What is slow is not done so often.
 */
#define WARM_UP_TRANSFERS	512
#define WARM_UP_TIME		20000000u	/* ns */
#define WARM_UP_LEAST		8		/* batches */

#define TRIES		4	/* of a batch that an interrupt has disturbed */
#define PROGRESS_EVERY	200000000u	/* ns */

/* Rarely, where each one is written over the last: it must not disturb what is measured. */
static void show_progress(struct bench *bench, const struct row *row, const char *what,
			  uint32_t at, uint32_t of)
{
	uint64_t now = now_nanoseconds();
	bool terminal = isatty(STDERR_FILENO);
	char size[24];

	if (bench->quiet || (at && (!terminal || now - bench->shown < PROGRESS_EVERY)))
		return;
	bench->shown = now;
	fprintf(stderr, "%sbench: %s by %" PRIu32 ", %s", terminal ? "\r\033[K" : "",
		format_size(size, sizeof(size), row->size), row->batch, what);
	if (terminal)
		fprintf(stderr, " %" PRIu32 " of %" PRIu32 " ", at + 1, of);
	else
		fputc('\n', stderr);
}

static bool is_exclusive(const struct subject *subject)
{
	return subject->info.flags & DMABAY_INFO_EXCLUSIVE;
}

static bool is_warm(const struct row *row, uint32_t batches, uint64_t begun)
{
	if (batches < WARM_UP_LEAST && batches < row->iterations)
		return false;
	return (uint64_t)batches * row->batch >= WARM_UP_TRANSFERS ||
	       now_nanoseconds() - begun >= WARM_UP_TIME;
}

static int warm_up(struct arm *arm, const struct row *row, uint32_t seed)
{
	int result = proof_make(arm, seed);
	uint64_t begun = now_nanoseconds();

	for (uint32_t i = 0; !result && !is_warm(row, i, begun); i++) {
		result = arm_run(arm, DMABAY_TO_DEVICE, NULL);
		if (result)
			return arm_failed(arm, result);
	}
	return result;
}

/* A batch, and whether an interrupt came meanwhile, if that matters. */
static int sample_once(struct bench *bench, struct arm *arm, int64_t *ticks, bool *disturbed)
{
	uint64_t before = bench->report.undisturbed ? interrupts() : 0;
	int result = arm_run(arm, DMABAY_TO_DEVICE, ticks);

	*disturbed = bench->report.undisturbed && interrupts() != before;
	return result ? arm_failed(arm, result) : EXIT_OK;
}

static int sample(struct bench *bench, struct arm *arm, int number, uint32_t iteration)
{
	int tries = bench->always_disturbed[number] ? 1 : TRIES;
	bool disturbed = true;
	int result = 0;

	while (disturbed && tries-- && !result)
		result = sample_once(bench, arm, &bench->samples[number][iteration], &disturbed);
	/* Batches as long as this one have no chance. */
	bench->always_disturbed[number] = disturbed;
	if (!result && arm->type->mapping)
		arm->type->mapping(arm, &bench->maps[number][iteration],
				   &bench->unmaps[number][iteration]);
	return result;
}

static int run_counted(const struct row *row, struct arm *arm)
{
	int result = 0;

	for (uint32_t i = 0; i < row->counted && !result; i++)
		result = arm_run(arm, DMABAY_TO_DEVICE, NULL);
	return result ? arm_failed(arm, result) : EXIT_OK;
}

static int count_events(struct bench *bench, struct arm *arm, const struct row *row,
			struct measurement *into)
{
	struct report *report = &bench->report;
	uint64_t count[EVENTS];
	struct events *events = &bench->events;
	int result;

	events_start(events);
	result = run_counted(row, arm);
	events_read(events, count);
	into->mark = events->mark;
	for (int event = 0; event < EVENTS; event++) {
		into->events[event] = (double)count[event] / row->counted / arm->subject->batch;
		report->source[event] = event_source(events, event);
		report->own_count[event] = event_is_own_count(events, event);
	}
	/* The flushes that dmabay itself counts are those of reservations. */
	if (report->own_count[EVENT_FLUSH] && !arm->type->is_reserved)
		into->events[EVENT_FLUSH] = NAN;
	return result;
}

/* All that is measured of one arm while no other has its turn. */
static int measure_alone(struct bench *bench, struct arm *arm, int number, struct row *row)
{
	uint32_t iterations = row->iterations, batch = row->batch;
	struct measurement *into = &row->arm[number];
	int result = 0;

	spread_of(&into->ticks, bench->samples[number], iterations, batch);
	if (arm->type->mapping) {
		spread_of(&into->map, bench->maps[number], iterations, batch);
		spread_of(&into->unmap, bench->unmaps[number], iterations, batch);
	}
	into->again = arm->again;
	bench->report.subtracted |= arm->engine_ticks > 0;
	bench->latencies.count = iterations;
	if (bench->report.latency)
		result = latency_measure(&into->latency, arm, &bench->latencies);
	if (result)
		return arm_failed(arm, result);
	result = count_events(bench, arm, row, into);
	if (result)
		return result;
	result = work_measure(&into->work, &bench->tracers, arm, row->counted);
	return result ? arm_failed(arm, result) : EXIT_OK;
}

/* The arms @first to @last, which are open. */
static int take_turns(struct bench *bench, struct arm *arms, struct row *row, int first, int last)
{
	int result = 0;

	for (uint32_t at = 0; at < row->iterations && !result; at++) {
		show_progress(bench, row, "timing batch", at, row->iterations);
		for (int i = first; i <= last && !result; i++)
			if (arms[i].type)
				result = sample(bench, &arms[i], i, at);
	}
	return result;
}

/* What the arms @first to @last do once. They are closed, and have left nothing that is cold. */
static int measure_setups(struct bench *bench, const struct subject *subject, struct row *row,
			  int first, int last)
{
	int result = 0;

	for (int i = first; i <= last && !result; i++) {
		struct measurement *into = &row->arm[i];
		double like_others = into->ticks.p50 * row->batch;

		if (!into->ticks.count)
			continue;
		show_progress(bench, row, "setting up arm", (uint32_t)(i - first),
			      (uint32_t)(last - first + 1));
		result = setup_measure(subject, bench->report.arms[i], row->iterations, &into->setup);
		into->setup = fmax(into->setup - like_others, 0);
	}
	return result;
}

/* The arms @first to @last. */
static int measure(struct bench *bench, const struct subject *subject, struct row *row,
		   int first, int last)
{
	uint32_t count = (uint32_t)(last - first + 1);
	struct arm arms[ARMS_MAX] = { 0 };
	int result = 0;

	memset(bench->always_disturbed, 0, sizeof(bench->always_disturbed));
	for (int i = first; i <= last && !result; i++) {
		show_progress(bench, row, "warming up arm", (uint32_t)(i - first), count);
		result = setup_open(&arms[i], subject, bench->report.arms[i]);
		if (!result && arms[i].type)
			result = warm_up(&arms[i], row, (uint32_t)i + 1);
	}
	WATCHED_SOON();
	if (!result)
		result = take_turns(bench, arms, row, first, last);
	WATCHED_SOON();
	for (int i = first; i <= last && !result; i++) {
		show_progress(bench, row, "counting arm", (uint32_t)(i - first), count);
		if (arms[i].type)
			result = measure_alone(bench, &arms[i], i, row);
	}
	for (int i = first; i <= last; i++)
		arm_close(&arms[i]);
	return result ? result : measure_setups(bench, subject, row, first, last);
}

/* All reservations at once if the device and its map registers allow, else one by one. */
static int measure_arms(struct bench *bench, struct subject *subject, struct row *row)
{
	uint64_t span = dmabay_span_pages((uintptr_t)subject->memory, subject->length) *
			subject->batch;
	uint32_t most = subject->info.map_registers;
	int result = EXIT_OK;

	row->cut = span > most;
	row->alternated = !is_exclusive(subject) &&
			  span * report_reserved_arms(&bench->report) <= most;
	subject->map_registers = row->cut ? most : (uint32_t)span;
	if (row->alternated)
		return measure(bench, subject, row, 0, bench->report.arm_count - 1);
	for (int i = 0; i < bench->report.arm_count && !result; i++)
		result = measure(bench, subject, row, i, i);
	return result;
}

/* Whether the device has what the row needs; else why not. */
static bool has_room(const struct dmabay_info *info, struct row *row)
{
	uint32_t most = info->max_batch < info->max_depth ? info->max_batch : info->max_depth;

	if (row->size > info->device_memory / row->batch)
		snprintf(row->skipped, sizeof(row->skipped),
			 "the device has %" PRIu64 " bytes of memory",
			 (uint64_t)info->device_memory);
	else if (row->batch > most)
		snprintf(row->skipped, sizeof(row->skipped),
			 "a batch is at most %" PRIu32 " transfers", most);
	return !*row->skipped;
}

int measure_row(struct bench *bench, struct row *row)
{
	struct subject subject = {
		.bay = bench->bay,
		.info = bench->report.info,
		.length = row->size,
		.batch = row->batch,
	};
	int result;

	if (!has_room(&subject.info, row))
		return EXIT_OK;
	result = subject_open(&subject, bench->report.memory, &row->registration);
	if (result)
		return result;
	snprintf(row->skipped, sizeof(row->skipped), "%s", subject.limit);
	if (*row->skipped)
		return EXIT_OK;
	result = measure_arms(bench, &subject, row);
	subject_close(&subject);
	return result;
}
