/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The report of a benchmark: what was measured, and how it is printed.
 */
#ifndef DMABAY_CLI_REPORT_H
#define DMABAY_CLI_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "arm.h"
#include "event.h"

enum format {
	FORMAT_TEXT,
	FORMAT_JSON,
	FORMAT_CSV,
};

/* One arm at one size. */
struct measurement {
	int64_t p50, p99, minimum, maximum;	/* ticks of a transfer */
	double events[EVENTS];			/* per transfer */
};

/* One size. */
struct row {
	uint64_t size;
	bool skipped;		/* the device's memory is smaller */
	bool cut;		/* the reservation is smaller than the transfer */
	bool alternated;	/* arms took turns; else one after the other */
	struct measurement arm[ARMS];
};

#define SIZES_MAX 32

struct report {
	const char *path;
	const char *memory;	/* "scattered", "thp" */
	const char *unit;	/* what a tick is called */
	uint32_t iterations;
	uint32_t counted;
	const char *source[EVENTS];
	bool own_count[EVENTS];
	struct dmabay_info info;
	struct row rows[SIZES_MAX];
	uint32_t count;
};

/* Largest over smallest p50 of the unchanged arm over all sizes; 0 if unknown. */
double report_spread(const struct report *report);

/* Events of the unchanged arm over all sizes. */
double report_unchanged_events(const struct report *report);

void report_print(const struct report *report, enum format format);

#endif /* DMABAY_CLI_REPORT_H */
