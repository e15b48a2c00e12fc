/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The proof that an arm moves the right bytes.
 */
#ifndef DMABAY_CLI_PROOF_H
#define DMABAY_CLI_PROOF_H

#include "arm.h"

/*
 * A batch of the arm, whose bytes, which only @seed has, are looked at when they are back
 * from the device. Returns an exit code; has complained if it is neither EXIT_OK nor
 * EXIT_INTERRUPTED.
 */
int proof_make(struct arm *arm, uint32_t seed);

#endif /* DMABAY_CLI_PROOF_H */
