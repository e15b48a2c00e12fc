/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a transfer makes the kernel do for this thread, whatever is moved: system calls,
 * allocations of memory, and of ranges of device addresses. Counted by the kernel's tracepoints
 * and by a probe, while nothing is timed.
 */
#ifndef DMABAY_CLI_WORK_H
#define DMABAY_CLI_WORK_H

#include "arm.h"

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

const char *work_name(enum work_kind kind);

/* Over so many batches. Returns what a run has. */
int work_measure(struct work *work, struct arm *arm, uint32_t batches);

#endif /* DMABAY_CLI_WORK_H */
