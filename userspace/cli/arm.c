// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arms. The struct of the command is filled before the clock is read, so that
 * the timed section is one system call and nothing else. The software device's
 * own copy stands in the place of hardware and is subtracted.
 */
#include <errno.h>
#include <sys/ioctl.h>

#include "arm.h"
#include "tick.h"

const char *arm_name(enum arm_kind kind)
{
	static const char *const names[ARMS] = { "per-call", "changed", "unchanged" };

	return names[kind];
}

int arm_open(struct arm *arm, const struct subject *subject, enum arm_kind kind)
{
	uint32_t flags = kind == ARM_CHANGED ? DMABAY_RESERVE_STRICT : 0;
	int result;

	*arm = (struct arm){ .subject = subject, .kind = kind };
	if (kind == ARM_PER_CALL)
		return 0;
	result = dmabay_reserve(subject->bay, subject->map_registers, 1, flags,
				&arm->reservation);
	arm->reserved = !result;
	return result;
}

void arm_close(struct arm *arm)
{
	if (arm->reserved)
		dmabay_free(arm->subject->bay, arm->reservation);
	arm->reserved = false;
}

static void prepare(struct arm *arm, uint32_t direction)
{
	const struct subject *subject = arm->subject;

	arm->once = (struct dmabay_once){
		.size = sizeof(arm->once),
		.address = (uintptr_t)subject->memory,
		.length = subject->length,
		.direction = direction,
	};
	arm->transfer = (struct dmabay_transfer){
		.reservation = arm->reservation,
		.buffer = subject->buffer,
		.length = subject->length,
		.direction = direction,
	};
	arm->submit = (struct dmabay_submit){
		.size = sizeof(arm->submit),
		.count = 1,
		.transfers = (uintptr_t)&arm->transfer,
		.min_complete = 1,
		.capacity = 1,
		.completions = (uintptr_t)&arm->completion,
	};
}

/* 0 if all bytes were transferred. */
static int outcome(struct arm *arm)
{
	struct dmabay *bay = arm->subject->bay;
	int read;

	if (arm->kind == ARM_PER_CALL)
		return arm->once.transferred == arm->subject->length ? 0 : -EIO;
	/* A signal ended the wait: the transfer itself still ends. */
	while (!arm->submit.completed) {
		read = dmabay_wait(bay, &arm->completion, 1, 1, 0);
		if (read < 0 && read != -EINTR)
			return read;
		arm->submit.completed = read > 0;
	}
	if (arm->completion.status)
		return arm->completion.status;
	return arm->completion.length == arm->subject->length ? 0 : -EIO;
}

int arm_run(struct arm *arm, uint32_t direction, int64_t *ticks)
{
	unsigned long number = arm->kind == ARM_PER_CALL ? DMABAY_ONCE : DMABAY_SUBMIT;
	void *argument = arm->kind == ARM_PER_CALL ? (void *)&arm->once : &arm->submit;
	struct dmabay *bay = arm->subject->bay;
	struct dmabay_counters before, after;
	int fd = dmabay_fd(bay);
	uint64_t start, end;
	int result;

	prepare(arm, direction);
	result = dmabay_counters(bay, &before);
	if (result)
		return result;

	start = tick();
	result = ioctl(fd, number, argument);
	end = tick();
	if (result)
		return -errno;

	result = outcome(arm);
	if (!result)
		result = dmabay_counters(bay, &after);
	if (!result && ticks)
		*ticks = (int64_t)(end - start) -
			 (int64_t)(after.engine_ticks - before.engine_ticks);
	return result;
}
