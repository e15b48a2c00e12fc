/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The arms that only the test bed has: other ways to make the same transfers.
 */
#ifndef DMABAY_PEERS_PEERS_H
#define DMABAY_PEERS_PEERS_H

#include "../cli/arm.h"

/* By /dev/dmabay_peers, see kunit/peers.h. */
extern const struct arm_type arm_driver, arm_plain, arm_two_step;

/* By an ioctl for each transfer; the command's own "changed" and "unchanged" have one for all. */
extern const struct arm_type arm_changed_single, arm_unchanged_single;

/* By io_uring: a command for each transfer, all of a batch submitted at once. */
extern const struct arm_type arm_changed_ring, arm_unchanged_ring;

/* By rings that are shared with the kernel: one call for all of a batch. */
extern const struct arm_type arm_unchanged_mapped;

/* By VFIO, in user space. */
extern const struct arm_type arm_vfio, arm_vfio_map;

/* See parallel.c. Returns an exit code. */
int parallel(int argc, char **argv);

#endif /* DMABAY_PEERS_PEERS_H */
