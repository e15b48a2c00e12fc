// SPDX-License-Identifier: GPL-2.0-only
/*
 * io_uring: a command for each transfer of a batch, all submitted by one call, which also
 * waits for their ends. The node is a fixed file of the ring.
 */
#include <errno.h>
#include <liburing.h>
#include <stdlib.h>

#include "peers.h"

struct queue {
	struct io_uring ring;
	bool opened;
	int32_t *results;
	uint32_t ended;
};

static int queue_open(struct arm *arm, const struct arm_type *reserved)
{
	struct queue *queue = calloc(1, sizeof(*queue));
	int fd = dmabay_fd(arm->subject->bay);
	uint32_t entries = 1;
	int result;

	if (!queue)
		return -ENOMEM;
	arm->data = queue;
	queue->results = calloc(arm->subject->batch, sizeof(*queue->results));
	if (!queue->results)
		return -ENOMEM;
	while (entries < arm->subject->batch)
		entries *= 2;
	result = io_uring_queue_init(entries, &queue->ring, 0);
	if (result)
		return result;
	queue->opened = true;
	result = io_uring_register_files(&queue->ring, &fd, 1);
	return result ? result : reserved->open(arm);
}

static int changed_ring_open(struct arm *arm)
{
	return queue_open(arm, &arm_changed);
}

static int unchanged_ring_open(struct arm *arm)
{
	return queue_open(arm, &arm_unchanged);
}

static void queue_close(struct arm *arm)
{
	struct queue *queue = arm->data;

	if (!queue)
		return;
	if (queue->opened)
		io_uring_queue_exit(&queue->ring);
	free(queue->results);
	free(queue);
	arm_changed.close(arm);
}

static void queue_prepare(struct arm *arm, uint32_t direction)
{
	struct queue *queue = arm->data;

	arm_changed.prepare(arm, direction);
	queue->ended = 0;
	for (uint32_t i = 0; i < arm->subject->batch; i++)
		arm->transfers[i].cookie = i;
}

/* Filling the SQEs is part of what a program pays. */
static int queue_start(struct arm *arm)
{
	struct queue *queue = arm->data;

	for (uint32_t i = 0; i < arm->subject->batch; i++) {
		struct io_uring_sqe *sqe = io_uring_get_sqe(&queue->ring);

		dmabay_uring_prepare(arm->subject->bay, sqe, &arm->transfers[i], 1);
		sqe->fd = 0;
		sqe->flags = IOSQE_FIXED_FILE;
		sqe->user_data = i;
	}
	return 0;
}

static int queue_reap(struct queue *queue)
{
	struct io_uring_cqe *cqe;
	unsigned int head, seen = 0;

	io_uring_for_each_cqe(&queue->ring, head, cqe) {
		queue->results[cqe->user_data] = cqe->res;
		seen++;
	}
	io_uring_cq_advance(&queue->ring, seen);
	queue->ended += seen;
	return 0;
}

static int queue_run(struct arm *arm)
{
	struct queue *queue = arm->data;
	uint32_t batch = arm->subject->batch;
	int result = queue_start(arm);

	while (!result && queue->ended < batch) {
		int entered = io_uring_submit_and_wait(&queue->ring, batch - queue->ended);

		if (entered < 0 && entered != -EINTR)
			return entered;
		result = queue_reap(queue);
	}
	return result;
}

static int queue_submit(struct arm *arm)
{
	struct queue *queue = arm->data;
	int result = queue_start(arm);

	if (!result)
		result = io_uring_submit(&queue->ring);
	return result < 0 ? result : 0;
}

static int queue_finish(struct arm *arm)
{
	struct queue *queue = arm->data;
	struct io_uring_cqe *cqe;
	int result = 0;

	while (!result && queue->ended < arm->subject->batch) {
		result = io_uring_wait_cqe(&queue->ring, &cqe);
		if (!result || result == -EINTR)
			result = queue_reap(queue);
	}
	return result;
}

/* The result is the number of bytes. */
static int queue_outcome(const struct arm *arm)
{
	const struct queue *queue = arm->data;

	for (uint32_t i = 0; i < arm->subject->batch; i++)
		if (queue->results[i] != (int32_t)arm->subject->length)
			return queue->results[i] < 0 ? queue->results[i] : -EIO;
	return 0;
}

const struct arm_type arm_changed_ring = {
	.name = "changed-ring",
	.open = changed_ring_open,
	.close = queue_close,
	.prepare = queue_prepare,
	.run = queue_run,
	.start = queue_submit,
	.finish = queue_finish,
	.outcome = queue_outcome,
	.is_reserved = true,
};

const struct arm_type arm_unchanged_ring = {
	.name = "unchanged-ring",
	.open = unchanged_ring_open,
	.close = queue_close,
	.prepare = queue_prepare,
	.run = queue_run,
	.start = queue_submit,
	.finish = queue_finish,
	.outcome = queue_outcome,
	.stays_linked = true,
	.is_reserved = true,
};
