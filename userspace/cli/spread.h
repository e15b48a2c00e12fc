/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What many samples of one thing have in common.
 */
#ifndef DMABAY_CLI_SPREAD_H
#define DMABAY_CLI_SPREAD_H

#include <stdint.h>

struct spread {
	uint32_t count;
	double minimum, maximum, mean, deviation;
	double p50, p99, p999;
};

/* Sorts the @samples, of which there is one at least; each is divided by @divisor. */
void spread_of(struct spread *spread, int64_t *samples, uint32_t count, double divisor);

#endif /* DMABAY_CLI_SPREAD_H */
