// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rules, and what is said of who breaks them.
 *
 * A report is a WARN the first time that its rule is broken, so that neither a driver nor a
 * program can fill the log; how often each was broken is in debugfs ("rules"). A test that
 * breaks them on purpose puts itself in the place of the WARN.
 *
 * No lock: the counts are atomic, and a reporter is set while nothing else runs.
 */
#include <linux/bitmap.h>
#include <linux/bug.h>
#include <linux/debugfs.h>
#include <linux/export.h>
#include <linux/seq_file.h>
#include <linux/stackdepot.h>
#include <linux/stacktrace.h>

#include "debug.h"

/* UML looks at each word of a stack to find what is in it, which takes much too long. */
#define KEEPS_STACKS	(IS_ENABLED(CONFIG_STACKDEPOT) && !IS_ENABLED(CONFIG_UML))
#define STACK_FRAMES	16
#define TEXT_LENGTH	160

#define CODE(symbol, code, words) code,
#define WORDS(symbol, code, words) words,

static const char *const rule_codes[DMABAY_RULES] = { DMABAY_RULE_LIST(CODE) };
static const char *const rule_words[DMABAY_RULES] = { DMABAY_RULE_LIST(WORDS) };

static atomic_t broken[DMABAY_RULES];
static dmabay_reporter_t reporter;
static DECLARE_BITMAP(allowed, DMABAY_RULES);

/**
 * dmabay_rule_code() - What Windows calls it
 * @rule: the rule
 *
 * Return: the code.
 */
const char *dmabay_rule_code(enum dmabay_rule rule)
{
	return rule_codes[rule];
}
EXPORT_SYMBOL_GPL(dmabay_rule_code);

/**
 * dmabay_debug_set_reporter() - Say who is told, instead of the log
 * @function: called in the context of who broke the rule; NULL: the log again
 *
 * For tests.
 */
void dmabay_debug_set_reporter(dmabay_reporter_t function)
{
	WRITE_ONCE(reporter, function);
}
EXPORT_SYMBOL_GPL(dmabay_debug_set_reporter);

/**
 * dmabay_debug_allow() - Do not warn of this one
 * @rule: the rule
 *
 * For tests that break it all the time.
 */
void dmabay_debug_allow(enum dmabay_rule rule)
{
	set_bit(rule, allowed);
}
EXPORT_SYMBOL_GPL(dmabay_debug_allow);

/**
 * dmabay_debug_stack() - Note where the caller is called from
 *
 * Context: any.
 * Return: for dmabay_debug_report(), or 0: this kernel keeps no stacks, or has no memory.
 */
u32 dmabay_debug_stack(void)
{
#if KEEPS_STACKS
	unsigned long entries[STACK_FRAMES];
	unsigned int count = stack_trace_save(entries, ARRAY_SIZE(entries), 1);

	return stack_depot_save(entries, count, GFP_NOWAIT | __GFP_NOWARN);
#else
	return 0;
#endif
}

/**
 * dmabay_debug_report() - A rule was broken
 * @rule: which one
 * @stack: where it began, or 0
 * @format: the particulars
 *
 * Context: any.
 */
void dmabay_debug_report(enum dmabay_rule rule, u32 stack, const char *format, ...)
{
	dmabay_reporter_t function = READ_ONCE(reporter);
	char text[TEXT_LENGTH];
	va_list arguments;
	bool first;

	va_start(arguments, format);
	vscnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);

	first = atomic_inc_return(&broken[rule]) == 1 && !test_bit(rule, allowed);
	if (function) {
		function(rule, text);
		return;
	}
	/* Of this one every build warns; beside that it is told who they are. */
	if (rule == DMABAY_RULE_STILL_HELD)
		pr_warn("dmabay: debug: %s (%s): %s\n", rule_words[rule], rule_codes[rule], text);
	else
		WARN(first, "dmabay: debug: %s (%s): %s\n", rule_words[rule], rule_codes[rule],
		     text);
#if KEEPS_STACKS
	if (first && stack) {
		pr_warn("dmabay: debug: it began here:\n");
		stack_depot_print(stack);
	}
#endif
}

static int rules_show(struct seq_file *seq, void *unused)
{
	enum dmabay_rule rule;

	for (rule = 0; rule < DMABAY_RULES; rule++)
		seq_printf(seq, "%s: %s: %d\n", rule_codes[rule], rule_words[rule],
			   atomic_read(&broken[rule]));
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(rules);

/**
 * dmabay_debug_init() - Begin to look
 * @directory: of the module, in debugfs
 */
void dmabay_debug_init(struct dentry *directory)
{
	stack_depot_init();
	dmabay_grants_init();
	debugfs_create_file("rules", 0400, directory, NULL, &rules_fops);
	debugfs_create_atomic_t("poison_hits", 0400, directory, &dmabay_poison_hits);
}

/**
 * dmabay_debug_exit() - Undo dmabay_debug_init()
 */
void dmabay_debug_exit(void)
{
	dmabay_poison_exit();
	dmabay_objects_exit();
}
