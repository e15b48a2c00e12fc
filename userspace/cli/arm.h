/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * An arm of the benchmark: one way to make the same transfer.
 */
#ifndef DMABAY_CLI_ARM_H
#define DMABAY_CLI_ARM_H

#include <stdbool.h>
#include <stdint.h>

#include "dmabay.h"

enum arm_kind {
	ARM_PER_CALL,	/* DMABAY_ONCE: pin, map, unmap, unpin every time */
	ARM_CHANGED,	/* reserved; every transfer links and unlinks */
	ARM_UNCHANGED,	/* reserved; the same buffer stays linked */
	ARMS,
};

/* What all arms of a size share. */
struct subject {
	struct dmabay *bay;
	struct dmabay_info info;
	unsigned char *memory;
	uint64_t length;
	uint32_t buffer;
	uint32_t map_registers;	/* of each reservation */
};

struct arm {
	const struct subject *subject;
	enum arm_kind kind;
	uint32_t reservation;
	bool reserved;
	struct dmabay_transfer transfer;
	struct dmabay_completion completion;
	struct dmabay_submit submit;
	struct dmabay_once once;
};

const char *arm_name(enum arm_kind kind);

/* All return 0 or a negative errno. */
int arm_open(struct arm *arm, const struct subject *subject, enum arm_kind kind);
void arm_close(struct arm *arm);

/* One transfer in @direction. *@ticks (may be NULL) is what the call cost. */
int arm_run(struct arm *arm, uint32_t direction, int64_t *ticks);

#endif /* DMABAY_CLI_ARM_H */
