// SPDX-License-Identifier: GPL-2.0-only
/*
 * The rings that a program shares with the kernel: a batch is put into one, a call has it
 * taken, and its completions are taken from the other. A file that has rings has its
 * completions nowhere else, so this arm has a file of its own.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "peers.h"

struct mapped {
	struct dmabay *bay;
	struct dmabay_ring *ring;
	uint32_t buffer;
};

static int mapped_reserve(struct arm *arm, struct mapped *mapped)
{
	const struct subject *subject = arm->subject;
	uint32_t entries = 1;
	int result;

	while (entries < subject->batch)
		entries *= 2;
	result = dmabay_register(mapped->bay, subject->memory, subject->batch * subject->stride,
				 0, &mapped->buffer);
	if (!result)
		result = dmabay_reserve(mapped->bay, subject->map_registers, subject->batch,
					DMABAY_RESERVE_IMMEDIATE, &arm->reservation);
	return result ? result : dmabay_ring_open(mapped->bay, entries, entries, &mapped->ring);
}

static int mapped_open(struct arm *arm)
{
	struct mapped *mapped = calloc(1, sizeof(*mapped));
	int result;

	arm->data = mapped;
	arm->transfers = calloc(arm->subject->batch, sizeof(*arm->transfers));
	arm->completions = calloc(arm->subject->batch, sizeof(*arm->completions));
	if (!mapped || !arm->transfers || !arm->completions)
		return -ENOMEM;
	result = dmabay_open(&mapped->bay, dmabay_path(arm->subject->bay), O_RDWR);
	return result ? result : mapped_reserve(arm, mapped);
}

static void mapped_close(struct arm *arm)
{
	struct mapped *mapped = arm->data;

	if (mapped) {
		dmabay_ring_close(mapped->ring);
		dmabay_close(mapped->bay);
	}
	free(mapped);
	arm_changed.close(arm);
}

static void mapped_prepare(struct arm *arm, uint32_t direction)
{
	const struct mapped *mapped = arm->data;

	arm_changed.prepare(arm, direction);
	for (uint32_t i = 0; i < arm->subject->batch; i++)
		arm->transfers[i].buffer = mapped->buffer;
}

/* To put them, and to look at what came of them, is part of what a program pays. */
static int mapped_run(struct arm *arm)
{
	const struct mapped *mapped = arm->data;
	uint32_t batch = arm->subject->batch, done = 0;
	int result;

	dmabay_ring_put(mapped->ring, arm->transfers, batch);
	while (done < batch) {
		result = dmabay_ring_enter(mapped->ring, batch - done, 0);
		if (result < 0 && result != -EINTR)
			return result;
		done += dmabay_ring_take(mapped->ring, arm->completions + done, batch - done);
	}
	return 0;
}

static int mapped_outcome(const struct arm *arm)
{
	return arm_changed.outcome(arm);
}

const struct arm_type arm_unchanged_mapped = {
	.name = "unchanged-mapped",
	.open = mapped_open,
	.close = mapped_close,
	.prepare = mapped_prepare,
	.run = mapped_run,
	.outcome = mapped_outcome,
	.stays_linked = true,
	.is_reserved = true,
};
