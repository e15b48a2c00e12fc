/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Latency: how long a batch takes by the clock on the wall, its halves apart, and what it
 * takes of the processor.
 */
#ifndef DMABAY_CLI_LATENCY_H
#define DMABAY_CLI_LATENCY_H

#include "arm.h"
#include "spread.h"

/* In nanoseconds, of a batch. */
struct latency {
	struct spread submit;	/* until it is submitted; none if the arm has no halves */
	struct spread complete;	/* from there until its end is read; none, too */
	struct spread total;
	double cpu;		/* of this thread, of a transfer */
	double user;		/* the part of that which is not the kernel's, 0 to 1 */
	double elapsed;		/* of all */
};

/* Room for samples, @count of each. */
struct latency_samples {
	int64_t *submit, *complete, *total;
	uint32_t count;
};

/* Returns 0, or the negative errno of the arm. */
int latency_measure(struct latency *latency, struct arm *arm,
		    const struct latency_samples *samples);

#endif /* DMABAY_CLI_LATENCY_H */
