/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Debug build: rules that are broken on purpose. What would be a warning is counted.
 *
 *  - debug.c: who counts;
 *  - debug_rules_kunit.c: what Windows' Driver Verifier catches, row by row;
 *  - debug_context_kunit.c: callbacks and calls in the wrong context;
 *  - debug_ledger_kunit.c: the second ledger, page by page.
 */
#ifndef _DMABAY_KUNIT_DEBUG_H
#define _DMABAY_KUNIT_DEBUG_H

#include "rig.h"
#include "../module/dmabay_private.h"

/* Count from here on, until debug_end(). */
void debug_begin(void);
void debug_end(struct kunit *test);

/* How many reports there were since this was asked last. */
unsigned int debug_reports(void);
/* Was there one report, of this rule, and none of any other? Its text has @words, or NULL. */
bool debug_caught(struct kunit *test, enum dmabay_rule rule, const char *words);

#endif /* _DMABAY_KUNIT_DEBUG_H */
