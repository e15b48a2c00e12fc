/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A summary: what a stream has moved, and what that has cost.
 */
#ifndef DMABAY_CLI_SUMMARY_H
#define DMABAY_CLI_SUMMARY_H

#include <stdio.h>

#include "dmabay.h"

struct stream;

struct summary {
	/* set by the caller */
	const struct stream *stream;
	int exit_code;

	/* taken: the counters, since a moment before */
	struct dmabay_counters cost;
};

/* Returns a negative errno if the device does not tell. */
int summary_take(struct summary *summary, const struct dmabay_counters *before);

void summary_print(const struct summary *summary, FILE *out);
void summary_print_json(const struct summary *summary);

#endif /* DMABAY_CLI_SUMMARY_H */
