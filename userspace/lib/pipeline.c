// SPDX-License-Identifier: MIT
/*
 * The pipeline: keeps a reservation busy. One turn fills the free places with
 * new transfers, hands them to the kernel in one call, and reads what has ended.
 * Whatever stops it, it does not return before all that it started has ended.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>

#include "dmabay.h"

/* Transfers handed over in one call: more would save little. */
#define BATCH 32

struct pipeline {
	struct dmabay *bay;
	uint32_t depth;
	dmabay_next next;
	dmabay_done done;
	void *context;
	uint32_t under_way;
	uint32_t filled;	/* of transfers, not submitted yet */
	bool dry;		/* the supplier has no more */
	int error;
	struct dmabay_transfer transfers[BATCH];
};

static void fill(struct pipeline *pipe)
{
	while (!pipe->dry && pipe->filled < BATCH &&
	       pipe->under_way + pipe->filled < pipe->depth) {
		struct dmabay_transfer *transfer = &pipe->transfers[pipe->filled];
		int result;

		memset(transfer, 0, sizeof(*transfer));
		result = pipe->next(pipe->context, transfer);
		if (result <= 0) {
			pipe->dry = true;
			pipe->error = result;
			return;
		}
		pipe->filled++;
	}
}

static void reap(struct pipeline *pipe,
		 const struct dmabay_completion *completions, uint32_t count)
{
	pipe->under_way -= count;
	for (uint32_t i = 0; i < count && !pipe->error; i++) {
		pipe->error = completions[i].status;
		if (!pipe->error && pipe->done)
			pipe->error = pipe->done(pipe->context, &completions[i]);
	}
}

/* A file that is O_NONBLOCK does not wait by itself. */
static int wait_for_one(struct pipeline *pipe, struct dmabay_completion *completions)
{
	struct pollfd waiting = { .fd = dmabay_fd(pipe->bay), .events = POLLIN };
	int result = dmabay_wait(pipe->bay, completions, BATCH, 1, 0);

	if (result != -EAGAIN)
		return result;
	return poll(&waiting, 1, -1) < 0 ? -errno : 0;
}

/* Hands over what was filled and reads what has ended, waiting for one. */
static int turn(struct pipeline *pipe)
{
	struct dmabay_completion completions[BATCH];
	uint32_t completed = 0;
	int result;

	if (pipe->filled && !pipe->error) {
		result = dmabay_submit(pipe->bay, pipe->transfers, pipe->filled,
				       completions, BATCH, 1, 0, &completed);
		if (result < 0)
			return result;
		pipe->under_way += result;
		pipe->filled -= result;
		memmove(pipe->transfers, pipe->transfers + result,
			pipe->filled * sizeof(*pipe->transfers));
	} else {
		result = wait_for_one(pipe, completions);
		if (result < 0)
			return result;
		completed = result;
	}
	reap(pipe, completions, completed);
	return 0;
}

int dmabay_pipeline(struct dmabay *bay, uint32_t depth, dmabay_next next,
		    dmabay_done done, void *context)
{
	struct pipeline pipe = {
		.bay = bay,
		.depth = depth,
		.next = next,
		.done = done,
		.context = context,
	};
	int result;

	if (!depth)
		return -EINVAL;

	for (;;) {
		if (!pipe.error)
			fill(&pipe);
		if (!pipe.under_way && (pipe.error || !pipe.filled))
			return pipe.error;
		result = turn(&pipe);
		if (!result || result == -EINTR)
			continue;
		/* Refused while others run: those first, then its errno. */
		if (pipe.error || !pipe.filled)
			return pipe.error ? pipe.error : result;
		pipe.error = result;
	}
}

/* The stretch that dmabay_copy() hands out chunk by chunk. */
struct stretch {
	const struct dmabay_copy *copy;
	bool has_memory;	/* the device; else its address stays */
	uint64_t handed_out;
	uint64_t done;
};

static int next_chunk(void *context, struct dmabay_transfer *transfer)
{
	struct stretch *stretch = context;
	const struct dmabay_copy *copy = stretch->copy;
	uint64_t left = copy->length - stretch->handed_out;

	if (!left)
		return 0;
	transfer->reservation = copy->reservation;
	transfer->buffer = copy->buffer;
	transfer->offset = copy->offset + stretch->handed_out;
	transfer->length = left < copy->chunk ? left : copy->chunk;
	transfer->device_address = copy->device_address;
	if (stretch->has_memory)
		transfer->device_address += stretch->handed_out;
	transfer->direction = copy->direction;
	stretch->handed_out += transfer->length;
	return 1;
}

static int chunk_done(void *context, const struct dmabay_completion *completion)
{
	struct stretch *stretch = context;
	const struct dmabay_copy *copy = stretch->copy;

	stretch->done += completion->length;
	if (!copy->progress)
		return 0;
	return copy->progress(copy->context, stretch->done, copy->length);
}

int dmabay_copy(struct dmabay *bay, const struct dmabay_copy *copy)
{
	struct stretch stretch = { .copy = copy };
	struct dmabay_info info;
	int result;

	if (!copy->chunk || !copy->length)
		return -EINVAL;
	result = dmabay_info(bay, &info);
	if (result)
		return result;
	stretch.has_memory = info.device_memory;
	return dmabay_pipeline(bay, copy->depth, next_chunk, chunk_done, &stretch);
}
