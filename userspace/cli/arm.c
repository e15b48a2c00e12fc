// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arms. What a command is told is written before the clock is read, so that the timed
 * section is the system calls and nothing else. The software device's own copy stands in
 * the place of hardware and is subtracted.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "arm.h"
#include "message.h"
#include "subject.h"
#include "tick.h"
#include "watched.h"

const struct arm_type *arm_type_by_name(const char *name)
{
	for (const struct arm_type *const *type = arm_types; *type; type++)
		if (!strcmp((*type)->name, name))
			return *type;
	return NULL;
}

/* ---- per-call: nothing is reserved ---- */

static int once_open(struct arm *arm)
{
	arm->once = calloc(arm->subject->batch, sizeof(*arm->once));
	return arm->once ? 0 : -ENOMEM;
}

static void once_close(struct arm *arm)
{
	free(arm->once);
}

static void once_prepare(struct arm *arm, uint32_t direction)
{
	const struct subject *subject = arm->subject;

	for (uint32_t i = 0; i < subject->batch; i++)
		arm->once[i] = (struct dmabay_once){
			.size = sizeof(arm->once[i]),
			.address = (uintptr_t)subject->memory + i * subject->stride,
			.length = subject->length,
			.device_address = i * subject->length,
			.direction = direction,
		};
}

static int once_run(struct arm *arm)
{
	int fd = dmabay_fd(arm->subject->bay);

	for (uint32_t i = 0; i < arm->subject->batch; i++)
		if (ioctl(fd, DMABAY_ONCE, &arm->once[i]))
			return -errno;
	return 0;
}

static int once_outcome(const struct arm *arm)
{
	for (uint32_t i = 0; i < arm->subject->batch; i++)
		if (arm->once[i].transferred != arm->subject->length)
			return -EIO;
	return 0;
}

const struct arm_type arm_per_call = {
	.name = "per-call",
	.open = once_open,
	.close = once_close,
	.prepare = once_prepare,
	.run = once_run,
	.outcome = once_outcome,
};

/* ---- changed, unchanged: on a reservation, by one call for the whole batch ---- */

/* Whoever measures has no use for registers that come when others are done. */
static int reserve(struct arm *arm, uint32_t flags)
{
	const struct subject *subject = arm->subject;
	int result;

	arm->transfers = calloc(subject->batch, sizeof(*arm->transfers));
	arm->completions = calloc(subject->batch, sizeof(*arm->completions));
	if (!arm->transfers || !arm->completions)
		return -ENOMEM;
	result = dmabay_reserve(subject->bay, subject->map_registers, subject->batch,
				flags | DMABAY_RESERVE_IMMEDIATE, &arm->reservation);
	arm->reserved = !result;
	return result;
}

static int changed_open(struct arm *arm)
{
	return reserve(arm, DMABAY_RESERVE_STRICT);
}

static int unchanged_open(struct arm *arm)
{
	return reserve(arm, 0);
}

static void reserved_close(struct arm *arm)
{
	if (arm->reserved)
		dmabay_free(arm->subject->bay, arm->reservation);
	free(arm->transfers);
	free(arm->completions);
}

static void submit_prepare(struct arm *arm, uint32_t direction)
{
	const struct subject *subject = arm->subject;

	for (uint32_t i = 0; i < subject->batch; i++)
		arm->transfers[i] = (struct dmabay_transfer){
			.reservation = arm->reservation,
			.buffer = subject->buffer,
			.offset = i * subject->stride,
			.length = subject->length,
			.device_address = i * subject->length,
			.direction = direction,
		};
	arm->submit = (struct dmabay_submit){
		.size = sizeof(arm->submit),
		.count = subject->batch,
		.transfers = (uintptr_t)arm->transfers,
		.min_complete = subject->batch,
		.capacity = subject->batch,
		.completions = (uintptr_t)arm->completions,
	};
}

/* Not all were taken: what is wrong is said of the first one that was not. */
static int refused(const struct arm *arm)
{
	struct dmabay_submit rest = {
		.size = sizeof(rest),
		.count = arm->submit.count - arm->submit.submitted,
		.transfers = (uintptr_t)&arm->transfers[arm->submit.submitted],
	};

	return ioctl(dmabay_fd(arm->subject->bay), DMABAY_SUBMIT, &rest) ? -errno : -EAGAIN;
}

/* Until all are there, or who waits is told to stop. */
static int submit_finish(struct arm *arm)
{
	uint32_t batch = arm->subject->batch;
	int read;

	if (arm->submit.submitted != batch)
		return refused(arm);
	while (arm->submit.completed < batch) {
		uint32_t left = batch - arm->submit.completed;

		if (interrupted())
			return -EINTR;
		read = dmabay_wait(arm->subject->bay, arm->completions + arm->submit.completed,
				   left, left, 0);
		if (read < 0 && read != -EINTR)
			return read;
		if (read > 0)
			arm->submit.completed += (uint32_t)read;
	}
	return 0;
}

static int submit_run(struct arm *arm)
{
	if (ioctl(dmabay_fd(arm->subject->bay), DMABAY_SUBMIT, &arm->submit))
		return -errno;
	return arm->submit.completed == arm->subject->batch ? 0 : submit_finish(arm);
}

static int submit_start(struct arm *arm)
{
	arm->submit.min_complete = 0;
	arm->submit.capacity = 0;
	return ioctl(dmabay_fd(arm->subject->bay), DMABAY_SUBMIT, &arm->submit) ? -errno : 0;
}

static int submit_outcome(const struct arm *arm)
{
	for (uint32_t i = 0; i < arm->subject->batch; i++) {
		if (arm->completions[i].status)
			return arm->completions[i].status;
		if (arm->completions[i].length != arm->subject->length)
			return -EIO;
	}
	return 0;
}

const struct arm_type arm_changed = {
	.name = "changed",
	.open = changed_open,
	.close = reserved_close,
	.prepare = submit_prepare,
	.run = submit_run,
	.start = submit_start,
	.finish = submit_finish,
	.outcome = submit_outcome,
	.is_reserved = true,
};

const struct arm_type arm_unchanged = {
	.name = "unchanged",
	.open = unchanged_open,
	.close = reserved_close,
	.prepare = submit_prepare,
	.run = submit_run,
	.start = submit_start,
	.finish = submit_finish,
	.outcome = submit_outcome,
	.stays_linked = true,
	.is_reserved = true,
};

/* ---- any arm ---- */

int arm_open(struct arm *arm, const struct subject *subject, const struct arm_type *type)
{
	*arm = (struct arm){ .subject = subject, .type = type };
	return type->open(arm);
}

void arm_close(struct arm *arm)
{
	if (arm->type)
		arm->type->close(arm);
	arm->type = NULL;
}

int arm_failed(const struct arm *arm, int error)
{
	const struct subject *subject = arm->subject;

	return subject_failed(subject,
			      arm->type->is_reserved ? DMABAY_CMD_SUBMIT : DMABAY_CMD_ONCE,
			      error, subject->length);
}

static int engine_ticks(const struct arm *arm, uint64_t *ticks)
{
	struct dmabay_counters counters;
	int result;

	if (arm->type->engine_ticks)
		return arm->type->engine_ticks(arm, ticks);
	result = dmabay_counters(arm->subject->bay, &counters);
	*ticks = counters.engine_ticks;
	return result;
}

int arm_run(struct arm *arm, uint32_t direction, int64_t *ticks)
{
	uint64_t start, end, engine_before, engine_after;
	int result;

	if (interrupted())
		return -EINTR;
	arm->type->prepare(arm, direction);
	result = engine_ticks(arm, &engine_before);
	if (result)
		return result;

	WATCHED_BEGIN();
	start = tick();
	result = arm->type->run(arm);
	end = tick();
	WATCHED_END();

	if (!result)
		result = arm->type->outcome(arm);
	if (!result)
		result = engine_ticks(arm, &engine_after);
	if (result)
		return result;

	arm->engine_ticks += engine_after - engine_before;
	if (ticks)
		*ticks = (int64_t)(end - start) - (int64_t)(engine_after - engine_before);
	return 0;
}

int arm_run_timed(struct arm *arm, uint32_t direction, int64_t *start, int64_t *finish)
{
	uint64_t begun, submitted, finished;
	int result;

	if (interrupted())
		return -EINTR;
	arm->type->prepare(arm, direction);
	begun = now_nanoseconds();
	result = arm->type->start ? arm->type->start(arm) : 0;
	submitted = now_nanoseconds();
	if (!result)
		result = arm->type->start ? arm->type->finish(arm) : arm->type->run(arm);
	finished = now_nanoseconds();

	*start = (int64_t)(submitted - begun);
	*finish = (int64_t)(finished - submitted);
	return result ? result : arm->type->outcome(arm);
}
