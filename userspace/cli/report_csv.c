// SPDX-License-Identifier: GPL-2.0-only
/*
 * The report as CSV: a line for each arm of each row. What is not known is left out.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>

#include "report.h"

static void print_spread(const struct spread *spread)
{
	if (spread->count)
		printf(",%.0f,%.0f,%.0f,%.0f", spread->p50, spread->p99, spread->p999,
		       spread->maximum);
	else
		printf(",,,,");
}

static void print_latency(const struct row *row, int arm)
{
	const struct latency *latency = &row->arm[arm].latency;

	print_spread(&latency->submit);
	print_spread(&latency->complete);
	print_spread(&latency->total);
	printf(",%.0f,%.0f", latency->cpu, report_per_second(row, arm));
}

static void print_arm(const struct report *report, const struct row *row, int arm)
{
	const struct measurement *measured = &row->arm[arm];
	const struct spread *ticks = &measured->ticks;
	uint64_t crossover = report_crossover(report, row, arm);

	printf("%" PRIu64 ",%" PRIu32 ",%s,%.1f,%.1f,%.1f,%.1f,%.1f,%.3f,%.1f,", row->size,
	       row->batch, report->arms[arm]->name, ticks->p50, ticks->p99, ticks->p999,
	       ticks->minimum, ticks->maximum, report_ratio(row, arm),
	       report_once(report, row, arm));
	if (crossover)
		printf("%" PRIu64, crossover);
	for (int event = 0; event < EVENTS; event++) {
		putchar(',');
		if (!isnan(measured->events[event]))
			printf("%.3f", measured->events[event]);
	}
	if (report->latency)
		print_latency(row, arm);
	putchar('\n');
}

static void print_heading(const struct report *report)
{
	static const char *const parts[] = { "submit", "complete", "total" };

	printf("size,batch,arm,p50,p99,p999,min,max,ratio,once,crossover");
	for (int event = 0; event < EVENTS; event++)
		printf(",%s%s", event_name(event), report->own_count[event] ? "_own" : "");
	for (int part = 0; part < 3 && report->latency; part++)
		printf(",%s_p50,%s_p99,%s_p999,%s_max", parts[part], parts[part], parts[part],
		       parts[part]);
	printf("%s\n", report->latency ? ",cpu,per_second" : "");
}

void report_print_csv(const struct report *report)
{
	print_heading(report);
	for (uint32_t i = 0; i < report->count; i++)
		for (int arm = 0; arm < report->arm_count; arm++)
			if (report->rows[i].arm[arm].ticks.count)
				print_arm(report, &report->rows[i], arm);
}
