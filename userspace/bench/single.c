// SPDX-License-Identifier: GPL-2.0-only
/*
 * One call for each transfer of a batch, which also waits for its end, where "changed" and
 * "unchanged" make one call for all: what a program pays that has its transfers one by one.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/ioctl.h>

#include "peers.h"

static int single_open(struct arm *arm, const struct arm_type *reserved)
{
	arm->data = calloc(arm->subject->batch, sizeof(struct dmabay_submit));
	return arm->data ? reserved->open(arm) : -ENOMEM;
}

static int changed_single_open(struct arm *arm)
{
	return single_open(arm, &arm_changed);
}

static int unchanged_single_open(struct arm *arm)
{
	return single_open(arm, &arm_unchanged);
}

static void single_close(struct arm *arm)
{
	arm_changed.close(arm);
	free(arm->data);
}

static void single_prepare(struct arm *arm, uint32_t direction)
{
	struct dmabay_submit *submits = arm->data;

	arm_changed.prepare(arm, direction);
	for (uint32_t i = 0; i < arm->subject->batch; i++)
		submits[i] = (struct dmabay_submit){
			.size = sizeof(submits[i]),
			.count = 1,
			.transfers = (uintptr_t)&arm->transfers[i],
			.min_complete = 1,
			.capacity = 1,
			.completions = (uintptr_t)&arm->completions[i],
		};
}

/* A signal ends a wait, but not a transfer. */
static int single_finish(struct arm *arm, uint32_t number)
{
	int read;

	do
		read = dmabay_wait(arm->subject->bay, &arm->completions[number], 1, 1, 0);
	while (read == -EINTR);
	return read < 0 ? read : 0;
}

static int single_run(struct arm *arm)
{
	int fd = dmabay_fd(arm->subject->bay), result = 0;
	struct dmabay_submit *submits = arm->data;

	for (uint32_t i = 0; i < arm->subject->batch && !result; i++) {
		if (ioctl(fd, DMABAY_SUBMIT, &submits[i]))
			return -errno;
		if (!submits[i].completed)
			result = single_finish(arm, i);
	}
	return result;
}

static int single_outcome(const struct arm *arm)
{
	return arm_changed.outcome(arm);
}

const struct arm_type arm_changed_single = {
	.name = "changed-ioctl",
	.open = changed_single_open,
	.close = single_close,
	.prepare = single_prepare,
	.run = single_run,
	.outcome = single_outcome,
	.is_reserved = true,
};

const struct arm_type arm_unchanged_single = {
	.name = "unchanged-ioctl",
	.open = unchanged_single_open,
	.close = single_close,
	.prepare = single_prepare,
	.run = single_run,
	.outcome = single_outcome,
	.stays_linked = true,
	.is_reserved = true,
};
