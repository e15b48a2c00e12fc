/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The set-up of an arm: what it does once, for any number of transfers.
 */
#ifndef DMABAY_CLI_SETUP_H
#define DMABAY_CLI_SETUP_H

#include "arm.h"

/* In how many rounds that is measured which is done once, at most. */
#define SETUP_ROUNDS 9

/*
 * Both return an exit code, and have complained if it is neither EXIT_OK nor
 * EXIT_INTERRUPTED. An arm that this kernel does not have is closed again: it has no type.
 */
int setup_open(struct arm *arm, const struct subject *subject, const struct arm_type *type);

/*
 * *@ticks is what it costs to open the arm, to run the first batch, and to close it; it is done
 * @rounds times, or SETUP_ROUNDS if that is less.
 */
int setup_measure(const struct subject *subject, const struct arm_type *type, uint32_t rounds,
		  double *ticks);

#endif /* DMABAY_CLI_SETUP_H */
