/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fault plan of dmabay_soft: see soft_plan.c.
 */
#ifndef _DMABAY_SOFT_PLAN_H
#define _DMABAY_SOFT_PLAN_H

#include <linux/compiler.h>
#include <linux/types.h>

struct dmabay_device_piece;
struct soft;

/* Of a piece about which the plan says nothing. No errno, and no success. */
#define SOFT_NO_LIE	1

/* The piece, counted from now on, with which lies begin; 0 for none. */
extern unsigned int soft_plan_piece;

/* Most of the time there is none, and nothing else is asked. */
static inline bool soft_plan_made(void)
{
	return unlikely(READ_ONCE(soft_plan_piece));
}

int soft_plan_init(void);
void soft_plan_exit(void);

int soft_plan_move(struct soft *soft, const struct dmabay_device_piece *piece, size_t *length);
bool soft_plan_program(struct soft *soft, struct dmabay_device_piece *piece);
u64 soft_plan_timeouts(void);

#endif /* _DMABAY_SOFT_PLAN_H */
