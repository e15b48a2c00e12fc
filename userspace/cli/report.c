// SPDX-License-Identifier: GPL-2.0-only
/*
 * The report: what follows from the numbers.
 */
#include <math.h>

#include "report.h"

uint32_t report_reserved_arms(const struct report *report)
{
	uint32_t count = 0;

	for (int arm = 0; arm < report->arm_count; arm++)
		count += report->arms[arm]->is_reserved;
	return count;
}

uint32_t report_linked_arms(const struct report *report)
{
	uint32_t count = 0;

	for (int arm = 0; arm < report->arm_count; arm++)
		count += report->arms[arm]->stays_linked;
	return count;
}

bool report_measured(const struct report *report)
{
	for (uint32_t i = 0; i < report->count; i++)
		for (int arm = 0; arm < report->arm_count; arm++)
			if (report->rows[i].arm[arm].ticks.count)
				return true;
	return false;
}

/* Of one arm over all sizes of the first batch. */
static double arm_spread(const struct report *report, int arm)
{
	double low = 0, high = 0;

	for (uint32_t i = 0; i < report->count; i++) {
		const struct row *row = &report->rows[i];
		double p50 = row->arm[arm].ticks.p50;

		if (*row->skipped || row->batch != report->rows[0].batch)
			continue;
		if (p50 <= 0)
			return 0;
		low = low == 0 || p50 < low ? p50 : low;
		high = p50 > high ? p50 : high;
	}
	return low > 0 ? high / low : 0;
}

double report_spread(const struct report *report)
{
	double largest = 0;

	for (int arm = 0; arm < report->arm_count; arm++) {
		double spread = arm_spread(report, arm);

		if (!report->arms[arm]->stays_linked)
			continue;
		if (spread <= 0)
			return 0;
		largest = fmax(largest, spread);
	}
	return largest;
}

double report_linked_events(const struct report *report)
{
	double sum = 0;

	for (uint32_t i = 0; i < report->count; i++)
		for (int arm = 0; arm < report->arm_count; arm++)
			for (int event = 0; event < EVENTS; event++)
				if (report->arms[arm]->stays_linked &&
				    !isnan(report->rows[i].arm[arm].events[event]))
					sum += report->rows[i].arm[arm].events[event];
	return sum;
}

double report_ratio(const struct row *row, int arm)
{
	if (row->arm[arm].ticks.p50 <= 0)
		return 0;
	return row->arm[0].ticks.p50 / row->arm[arm].ticks.p50;
}

/* What is not reserved does not use the memory that is registered. */
double report_once(const struct report *report, const struct row *row, int arm)
{
	double pinned = report->arms[arm]->is_reserved ? (double)row->registration : 0;

	return pinned + row->arm[arm].setup;
}

uint64_t report_crossover(const struct report *report, const struct row *row, int arm)
{
	double saved = row->arm[0].ticks.p50 - row->arm[arm].ticks.p50;
	double more = report_once(report, row, arm) - report_once(report, row, 0);

	if (saved <= 0)
		return 0;
	return more > saved ? (uint64_t)ceil(more / saved) : 1;
}

double report_per_second(const struct row *row, int arm)
{
	double elapsed = row->arm[arm].latency.elapsed;

	return elapsed > 0 ? (double)row->iterations * row->batch * 1e9 / elapsed : 0;
}

void report_print(const struct report *report, enum format format)
{
	static void (*const print[])(const struct report *report) = {
		[FORMAT_TEXT] = report_print_text,
		[FORMAT_JSON] = report_print_json,
		[FORMAT_CSV] = report_print_csv,
	};

	print[format](report);
}
