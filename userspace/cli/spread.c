// SPDX-License-Identifier: GPL-2.0-only
/*
 * Percentiles are samples, not interpolated: the smallest one that so many of all samples
 * do not exceed.
 */
#include <math.h>
#include <stdlib.h>

#include "spread.h"

static int by_value(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

static double per_mille(const int64_t *sorted, uint32_t count, uint32_t part)
{
	return (double)sorted[((uint64_t)count * part + 999) / 1000 - 1];
}

void spread_of(struct spread *spread, int64_t *samples, uint32_t count, double divisor)
{
	double sum = 0, squares = 0;

	qsort(samples, count, sizeof(*samples), by_value);
	for (uint32_t i = 0; i < count; i++)
		sum += (double)samples[i];
	for (uint32_t i = 0; i < count; i++) {
		double distance = (double)samples[i] - sum / count;

		squares += distance * distance;
	}
	*spread = (struct spread){
		.count = count,
		.minimum = (double)samples[0] / divisor,
		.maximum = (double)samples[count - 1] / divisor,
		.mean = sum / count / divisor,
		.deviation = sqrt(squares / count) / divisor,
		.p50 = per_mille(samples, count, 500) / divisor,
		.p99 = per_mille(samples, count, 990) / divisor,
		.p999 = per_mille(samples, count, 999) / divisor,
	};
}
