/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a transfer makes the kernel do for this thread, whatever is moved: system calls,
 * allocations of memory, and of ranges of device addresses. Counted by the kernel's tracepoints
 * and by a probe, while nothing is timed.
 */
#ifndef DMABAY_CLI_WORK_H
#define DMABAY_CLI_WORK_H

#include "arm.h"
#include "tracer.h"

enum work_kind {
	WORK_SYSCALL,
	WORK_ALLOCATION,
	WORK_RANGE,
	WORK_KINDS,
};

/* Of a transfer; NAN: it cannot be counted. */
struct work {
	double count[WORK_KINDS];
};

/* Of what can be counted. */
struct work_tracers {
	struct tracer tracer[WORK_KINDS];
};

const char *work_name(enum work_kind kind);

void work_open(struct work_tracers *tracers);
void work_close(struct work_tracers *tracers);

/* Over so many batches. Returns what a run has. */
int work_measure(struct work *work, const struct work_tracers *tracers, struct arm *arm,
		 uint32_t batches);

#endif /* DMABAY_CLI_WORK_H */
