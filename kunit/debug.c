// SPDX-License-Identifier: GPL-2.0-only
/* Who counts the reports. See debug.h. */
#include <linux/string.h>

#include "debug.h"

/* Guards what was reported: any thread may. */
static DEFINE_SPINLOCK(debug_lock);
static unsigned int debug_count[DMABAY_RULES];
static char debug_text[160];

static void debug_report(enum dmabay_rule rule, const char *text)
{
	unsigned long flags;

	spin_lock_irqsave(&debug_lock, flags);
	debug_count[rule]++;
	strscpy(debug_text, text);
	spin_unlock_irqrestore(&debug_lock, flags);
}

void debug_begin(void)
{
	memset(debug_count, 0, sizeof(debug_count));
	dmabay_debug_set_reporter(debug_report);
}

unsigned int debug_reports(void)
{
	unsigned int rule, reports = 0;
	unsigned long flags;

	spin_lock_irqsave(&debug_lock, flags);
	for (rule = 0; rule < DMABAY_RULES; rule++) {
		reports += debug_count[rule];
		debug_count[rule] = 0;
	}
	spin_unlock_irqrestore(&debug_lock, flags);
	return reports;
}

bool debug_caught(struct kunit *test, enum dmabay_rule rule, const char *words)
{
	unsigned int count = debug_count[rule], all = debug_reports();

	KUNIT_EXPECT_EQ_MSG(test, count, 1, "reports of %s", dmabay_rule_code(rule));
	KUNIT_EXPECT_EQ_MSG(test, all, 1, "reports beside %s: %s", dmabay_rule_code(rule),
			    debug_text);
	if (words)
		KUNIT_EXPECT_TRUE_MSG(test, strstr(debug_text, words), "\"%s\" is not in \"%s\"",
				      words, debug_text);
	return count == 1 && all == 1 && (!words || strstr(debug_text, words));
}

void debug_end(struct kunit *test)
{
	dmabay_debug_set_reporter(NULL);
	KUNIT_EXPECT_EQ_MSG(test, debug_reports(), 0, "reported at the end: %s", debug_text);
}
