/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Marks, for who watches a machine from outside and cannot see what is counted in it.
 *
 * If DMABAY_BENCH_MARK names the configuration of a PCI function (its "config" in sysfs), each
 * count begins and ends with reads of single bytes there, where that function has no register
 * and nobody else reads: the count's number, four digits of 16 at MARK_DIGIT on, then
 * MARK_BEGIN; and MARK_END.
 */
#ifndef DMABAY_CLI_MARK_H
#define DMABAY_CLI_MARK_H

#include <stdint.h>

#define MARK_DIGIT	0xe0
#define MARK_BEGIN	0xf0
#define MARK_END	0xf1

/* Returns the number, 1 for the first one of this program; 0 if nobody watches. */
uint32_t mark_begin(void);
void mark_end(void);

#endif /* DMABAY_CLI_MARK_H */
