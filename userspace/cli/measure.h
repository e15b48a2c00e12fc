/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A measurement of one row of the report: all arms over the same subject.
 */
#ifndef DMABAY_CLI_MEASURE_H
#define DMABAY_CLI_MEASURE_H

#include "report.h"

struct bench {
	struct dmabay *bay;
	struct report report;
	struct events events;
	struct work_tracers tracers;
	bool quiet;
	uint64_t shown;			/* progress, in nanoseconds */
	int64_t *samples[ARMS_MAX];	/* of ticks, in the turn of each arm */
	bool always_disturbed[ARMS_MAX];	/* by an interrupt, in so many tries */
	int64_t *maps[ARMS_MAX], *unmaps[ARMS_MAX];	/* likewise, where they are told */
	struct latency_samples latencies;
};

/* Returns an exit code; has complained if it is neither EXIT_OK nor EXIT_INTERRUPTED. */
int measure_row(struct bench *bench, struct row *row);

#endif /* DMABAY_CLI_MEASURE_H */
