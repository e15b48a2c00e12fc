/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The subject of a row of the benchmark: memory of a kind, registered with a node.
 */
#ifndef DMABAY_CLI_SUBJECT_H
#define DMABAY_CLI_SUBJECT_H

#include <stdbool.h>

#include "arm.h"

/* "scattered", "thp" or "contiguous" */
bool is_memory_kind(const char *kind);

/*
 * Fills in the rest of @subject, of which node, info, length and batch are given. Returns
 * an exit code; has complained if it is not EXIT_OK. *@ticks is what it costs to pin the
 * memory, and to let it go.
 * If a limit of the device or of the user is in the way it is EXIT_OK, subject->limit says
 * which one, and there is nothing to close.
 */
int subject_open(struct subject *subject, const char *kind, int64_t *ticks);

void subject_close(struct subject *subject);

/*
 * Complains that a command has failed, of which @wanted bytes or map registers were asked.
 * Returns an exit code; EXIT_INTERRUPTED, without a word, if a signal has come.
 */
int subject_failed(const struct subject *subject, uint32_t command, int error, uint64_t wanted);

/* Bytes that only this arm writes, in every piece; and whether they are what came back. */
void subject_fill(const struct subject *subject, uint32_t seed);
void subject_clear(const struct subject *subject);
int subject_check(const struct subject *subject, uint32_t seed, const char *arm);

#endif /* DMABAY_CLI_SUBJECT_H */
