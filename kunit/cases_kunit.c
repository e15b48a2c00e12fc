// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cases: which test shows which numbered case of the behaviour that dmabay follows,
 * and why the others have none. The number is the second word of a test's name.
 *
 * Printed as a table, after all other suites have run.
 */
#include <linux/ctype.h>

#include "rig.h"

#ifndef CONFIG_DMA_ENGINE
static const char no_engine[] = "this kernel has no dmaengine";
#endif
static const char version_2[] = "there is no version 2 (decision 6.1-15)";
static const char no_parent[] = "the parent is the enabler, there is none to choose";

/* Cases of which the last number is not in the list have it from its gaps. */
static const struct {
	char letter;
	unsigned int last;
} case_ranges[] = {
	{ 'E', 32 }, { 'T', 34 }, { 'X', 23 }, { 'C', 21 }, { 'R', 49 }, { 'M', 11 }, { 'K', 14 },
	{ 'Y', 23 }, { 'L', 12 }, { 'D', 11 }, { 'N', 12 }, { 'W', 11 }, { 'B', 12 }, { 'V', 42 },
};

static const struct {
	char letter;
	unsigned int first;
	unsigned int last;
	const char *reason;
} case_reasons[] = {
	{ 'T', 1, 1, no_parent },
	{ 'T', 10, 10, version_2 },
	{ 'X', 16, 17, version_2 },
	{ 'C', 20, 20, "the status is the return value, there is no pointer" },
	{ 'R', 3, 3, version_2 },
	{ 'M', 9, 9, version_2 },
	{ 'K', 8, 8, version_2 },
	{ 'D', 8, 8, "D01 in every run: KASAN on UML, KASAN and lockdep on x86_64" },
	{ 'N', 10, 10, version_2 },
	{ 'B', 2, 2, no_parent },
	{ 'V', 4, 4, "one version of each structure" },
#ifndef CONFIG_DMA_ENGINE
	{ 'E', 26, 28, no_engine },
	{ 'E', 30, 30, no_engine },
	{ 'R', 13, 13, no_engine },
	{ 'R', 31, 31, no_engine },
	{ 'R', 33, 33, no_engine },
	{ 'R', 45, 45, no_engine },
	{ 'Y', 1, 23, no_engine },
	{ 'L', 11, 11, no_engine },
	{ 'V', 27, 28, no_engine },
	{ 'V', 31, 34, no_engine },
#endif
};

static const struct kunit_suite *const case_suites[] = {
	&dmabay_memory_suite,
	&dmabay_enabler_suite,
	&dmabay_transaction_suite,
	&dmabay_execute_suite,
	&dmabay_completion_suite,
	&dmabay_reservation_suite,
	&dmabay_immediate_suite,
	&dmabay_cancel_suite,
	&dmabay_lifetime_suite,
	&dmabay_races_suite,
	&dmabay_scatter_suite,
	&dmabay_request_suite,
	&dmabay_single_suite,
	&dmabay_state_suite,
	&dmabay_power_suite,
	&dmabay_common_buffer_suite,
	&dmabay_adapter_suite,
	&dmabay_sg_list_suite,
	&dmabay_mapregs_suite,
#ifdef CONFIG_DMA_ENGINE
	&dmabay_system_suite,
	&dmabay_system_stop_suite,
	&dmabay_system_reserve_suite,
	&dmabay_system_config_suite,
	&dmabay_system_channel_suite,
	&dmabay_system_adapter_suite,
#endif
};

/* noun_x03_what_it_shows; mapregs_r01 is a row of another table. */
static bool case_is(const struct kunit_case *test_case, char letter, unsigned int number)
{
	const char *word = strchr(test_case->name, '_');

	return word && toupper(word[1]) == letter && isdigit(word[2]) && isdigit(word[3]) &&
	       word[4] == '_' && (word[2] - '0') * 10 + word[3] - '0' == number;
}

static const char *case_reason(char letter, unsigned int number)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(case_reasons); i++) {
		if (case_reasons[i].letter == letter && case_reasons[i].first <= number &&
		    number <= case_reasons[i].last)
			return case_reasons[i].reason;
	}
	return NULL;
}

static unsigned int case_print_tests(struct kunit *test, char letter, unsigned int number)
{
	const struct kunit_case *test_case;
	const struct rig_result *result;
	unsigned int i, tests = 0;

	for (i = 0; i < ARRAY_SIZE(case_suites); i++) {
		/* Its numbers are those of another list, of hazards. */
		if (case_suites[i] == &dmabay_mapregs_suite)
			continue;
		kunit_suite_for_each_test_case(case_suites[i], test_case) {
			if (!case_is(test_case, letter, number))
				continue;
			tests++;
			result = rig_result(test_case->name);
			if (result)
				kunit_info(test, "%c%02u %s: %u passed, %u failed, %u skipped\n",
					   letter, number, test_case->name, result->passed,
					   result->failed, result->skipped);
			else
				kunit_info(test, "%c%02u %s: not run\n", letter, number,
					   test_case->name);
		}
	}
	return tests;
}

/* Every number has a test or a reason, and not both. */
static void cases_without_gaps(struct kunit *test)
{
	unsigned int i, number, tested = 0, reasons = 0;

	for (i = 0; i < ARRAY_SIZE(case_ranges); i++) {
		char letter = case_ranges[i].letter;

		for (number = 1; number <= case_ranges[i].last; number++) {
			const char *reason = case_reason(letter, number);
			bool has_test = case_print_tests(test, letter, number);

			if (reason)
				kunit_info(test, "%c%02u -: %s\n", letter, number, reason);
			KUNIT_EXPECT_TRUE_MSG(test, has_test != !!reason,
					      "%c%02u: a test and a reason, or neither", letter,
					      number);
			tested += has_test;
			reasons += !!reason;
		}
	}
	kunit_info(test, "%u cases tested, %u with a reason why not\n", tested, reasons);
}

/* "Warns once": some of all the illegal calls that were refused, and not each time. */
static void cases_illegal_calls_warn_once(struct kunit *test)
{
	int calls = atomic_read(&rig_illegal_calls), warnings = atomic_read(&rig_warnings);

	if (calls < 50)
		kunit_skip(test, "too few tests were run");
	kunit_info(test, "%d illegal calls, %d warnings\n", calls, warnings);
	KUNIT_EXPECT_GE(test, warnings, 10);
	KUNIT_EXPECT_LT(test, warnings, calls);
}

static struct kunit_case cases_cases[] = {
	KUNIT_CASE(cases_without_gaps),
	KUNIT_CASE(cases_illegal_calls_warn_once),
	{}
};

static struct kunit_suite dmabay_cases_suite = {
	.name = "dmabay_cases",
	.test_cases = cases_cases,
};
kunit_test_suite(dmabay_cases_suite);
