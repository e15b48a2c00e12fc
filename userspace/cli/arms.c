// SPDX-License-Identifier: GPL-2.0-only
/*
 * The arms that "dmabay bench" can measure: what a node offers to everybody.
 */
#include <errno.h>
#include <stddef.h>

#include "arm.h"

const struct arm_type *const arm_types[] = {
	&arm_per_call,
	&arm_changed,
	&arm_unchanged,
	NULL,
};

/* Device addresses are nothing that a program knows. */
int arm_try_again(const struct arm *arm)
{
	(void)arm;
	return -EOPNOTSUPP;
}
