/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An arm of the benchmark: one way to make the same transfers. Which arms there are is a
 * table (arms.c), so that a program that knows more ways, like the test bed's, has one of
 * its own.
 */
#ifndef DMABAY_CLI_ARM_H
#define DMABAY_CLI_ARM_H

#include <stdbool.h>
#include <stdint.h>

#include "dmabay.h"

#define ARMS_MAX 16

/* What all arms of a row share. */
struct subject {
	struct dmabay *bay;
	struct dmabay_info info;
	unsigned char *memory;	/* @batch pieces, each in pages of its own */
	uint64_t length;	/* of each piece, and of each transfer */
	uint64_t stride;	/* from one piece to the next */
	uint32_t batch;		/* transfers at a time */
	uint32_t buffer;	/* all of them, registered */
	uint32_t map_registers;	/* of a reservation */
	char limit[320];	/* which one is in the way of it, or "" */
};

struct arm {
	const struct arm_type *type;
	const struct subject *subject;
	uint32_t reservation;
	bool reserved;
	struct dmabay_transfer *transfers;
	struct dmabay_completion *completions;
	struct dmabay_once *once;
	struct dmabay_submit submit;
	uint64_t engine_ticks;	/* that were subtracted */
	int again;		/* see arm_try_again(), after the proof */
	void *data;		/* of an arm that needs more */
};

/* All return 0 or a negative errno. */
struct arm_type {
	const char *name;
	int (*open)(struct arm *arm);
	void (*close)(struct arm *arm);

	/* Outside of what is timed: what run() shall do next. */
	void (*prepare)(struct arm *arm, uint32_t direction);

	/* The whole batch, until its end: this is timed, and as short as it can be. */
	int (*run)(struct arm *arm);

	/* The same in two halves; NULL if they cannot be told apart. */
	int (*start)(struct arm *arm);
	int (*finish)(struct arm *arm);

	/* Whether every byte went. */
	int (*outcome)(const struct arm *arm);

	/*
	 * Ticks that the device itself has needed so far, in the place of hardware; NULL
	 * if the node's counters tell it.
	 */
	int (*engine_ticks)(const struct arm *arm, uint64_t *ticks);

	/*
	 * Ticks that mapping and unmapping alone took of the last batch; NULL if nobody
	 * tells them apart.
	 */
	void (*mapping)(const struct arm *arm, int64_t *map, int64_t *unmap);

	uint32_t engine_calls;	/* system calls of a transfer in the place of hardware */
	bool stays_linked;	/* costs nothing but the call once it is warm */
	bool is_reserved;	/* holds map registers from open() to close() */
};

/* What this program can measure; the first one is what the others are compared with. */
extern const struct arm_type *const arm_types[];

extern const struct arm_type arm_per_call, arm_changed, arm_unchanged;

/*
 * The device address of the last transfer once more, if this program has a way to do that: 1 if
 * there is memory behind it, 0 if there is none, negative if nobody can tell.
 */
int arm_try_again(const struct arm *arm);

/* NULL if there is none of that name. */
const struct arm_type *arm_type_by_name(const char *name);

int arm_open(struct arm *arm, const struct subject *subject, const struct arm_type *type);
void arm_close(struct arm *arm);

/* Complains of what a run has returned, see subject_failed(). Returns an exit code. */
int arm_failed(const struct arm *arm, int error);

/*
 * The batch once, in @direction. If a signal has come, or comes, it is -EINTR, and transfers
 * may be under way. *@ticks (may be NULL) is what the call cost, without what the device
 * itself has needed.
 */
int arm_run(struct arm *arm, uint32_t direction, int64_t *ticks);

/* The same; *@start and *@finish are the nanoseconds until it was submitted and from there on. */
int arm_run_timed(struct arm *arm, uint32_t direction, int64_t *start, int64_t *finish);

#endif /* DMABAY_CLI_ARM_H */
