// SPDX-License-Identifier: GPL-2.0-only
/*
 * Work. The tracer is switched on for what is timed otherwise, and for nothing else; it sees
 * that it is switched off, which is a system call.
 */
#include <math.h>

#include "tracer.h"
#include "work.h"

static const struct tracepoints points[WORK_KINDS] = {
	[WORK_SYSCALL] = { "syscalls", { "raw_syscalls/sys_enter" }, NULL, NULL },
	[WORK_ALLOCATION] = { "allocations", { "kmem/kmalloc", "kmem/kmem_cache_alloc",
					       "kmem/mm_page_alloc" }, NULL, NULL },
	/* What the DMA API asks whenever it needs addresses; it comes back with them, or not. */
	[WORK_RANGE] = { "ranges", { NULL }, NULL, "alloc_iova_fast" },
};

const char *work_name(enum work_kind kind)
{
	return points[kind].name;
}

static int run_watched(struct arm *arm, const struct tracer *tracer, uint32_t batches)
{
	int result = 0;

	for (uint32_t i = 0; i < batches && !result; i++) {
		arm->type->prepare(arm, DMABAY_TO_DEVICE);
		tracer_switch(tracer, true);
		result = arm->type->run(arm);
		tracer_switch(tracer, false);
		if (!result)
			result = arm->type->outcome(arm);
	}
	return result;
}

void work_open(struct work_tracers *tracers)
{
	for (int kind = 0; kind < WORK_KINDS; kind++)
		tracer_open(&tracers->tracer[kind], &points[kind], true);
}

void work_close(struct work_tracers *tracers)
{
	for (int kind = 0; kind < WORK_KINDS; kind++)
		tracer_close(&tracers->tracer[kind]);
}

static int measure_kind(double *count, const struct tracer *tracer, struct arm *arm,
			uint32_t batches)
{
	int result;

	tracer_switch(tracer, false);
	tracer_start(tracer);
	*count = -(double)tracer_count(tracer);
	result = run_watched(arm, tracer, batches);
	*count += (double)tracer_count(tracer);
	tracer_stop(tracer);
	return result;
}

int work_measure(struct work *work, const struct work_tracers *tracers, struct arm *arm,
		 uint32_t batches)
{
	double transfers = (double)batches * arm->subject->batch;
	int result = 0;

	for (int kind = 0; kind < WORK_KINDS && !result; kind++) {
		const struct tracer *tracer = &tracers->tracer[kind];

		work->count[kind] = NAN;
		if (!tracer_is_open(tracer))
			continue;
		result = measure_kind(&work->count[kind], tracer, arm, batches);
		if (kind == WORK_SYSCALL)
			work->count[kind] -= batches + arm->type->engine_calls * transfers;
		work->count[kind] /= transfers;
	}
	return result;
}
