/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Interrupts: how many this machine has handled, which tells whether one came meanwhile.
 */
#ifndef DMABAY_CLI_INTERRUPTS_H
#define DMABAY_CLI_INTERRUPTS_H

#include <stdint.h>

/* Of all processors; 0 if the kernel does not tell. */
uint64_t interrupts(void);

#endif /* DMABAY_CLI_INTERRUPTS_H */
