// SPDX-License-Identifier: GPL-2.0-only
/*
 * The report as a table, and what there is to say of it.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "report.h"
#include "text.h"

/* ---- the columns that say which row and arm it is ---- */

static bool has_batches(const struct report *report)
{
	for (uint32_t i = 0; i < report->count; i++)
		if (report->rows[i].batch > 1)
			return true;
	return false;
}

/* As wide as the longest name. */
static int arm_width(const struct report *report)
{
	size_t width = strlen("ARM");

	for (int arm = 0; arm < report->arm_count; arm++)
		if (strlen(report->arms[arm]->name) > width)
			width = strlen(report->arms[arm]->name);
	return (int)width;
}

/* Size and batch are said once for all arms. */
static void print_key(const struct report *report, const struct row *row, int arm)
{
	char size[24] = "", batch[16] = "";

	if (!arm) {
		format_size(size, sizeof(size), row->size);
		snprintf(batch, sizeof(batch), "%" PRIu32, row->batch);
	}
	printf("%6s ", size);
	if (has_batches(report))
		printf("%5s ", batch);
	printf("%-*s", arm_width(report), report->arms[arm]->name);
}

static void print_key_heading(const struct report *report)
{
	printf("\n\n%6s %s%-*s", "SIZE", has_batches(report) ? "BATCH " : "", arm_width(report),
	       "ARM");
}

/* ---- ticks and events ---- */

static void print_sources(const struct report *report)
{
	const char *comma = "";
	bool own = false;

	for (int event = 0; event < EVENTS; event++) {
		own |= report->own_count[event];
		if (report->own_count[event])
			continue;
		printf("%s%s from %s", comma, event_name(event), report->source[event]);
		comma = ", ";
	}
	if (!own)
		return;
	printf("%s* own count: dmabay's counters; %s", *comma ? "\n" : "",
	       geteuid() ? "the kernel tells its own only to root" :
			   "this kernel and IOMMU have no other");
}

static void print_ticks_heading(const struct report *report)
{
	printf("%s of one transfer to the device (%.1f a microsecond), its own time %s;\n"
	       "percentiles over %s%" PRIu32 " batches, ratio against %s; events per transfer over %"
	       PRIu32 ":\n", report->unit, report->ticks_per_second / 1e6,
	       report->subtracted ? "subtracted" : "included",
	       report->work ? "up to " : "", report->iterations, report->arms[0]->name,
	       report->counted);
	print_sources(report);
	print_key_heading(report);
	printf(" %10s %10s %10s %8s", "P50", "P99", "P99.9", "RATIO");
	for (int event = 0; event < EVENTS; event++) {
		char name[16];

		snprintf(name, sizeof(name), "%s%s", event_name(event),
			 report->own_count[event] ? "*" : "");
		printf(" %8s", name);
	}
	putchar('\n');
}

static void print_ticks(const struct report *report, const struct row *row, int arm)
{
	const struct measurement *measured = &row->arm[arm];
	const struct spread *ticks = &measured->ticks;

	print_key(report, row, arm);
	if (!ticks->count) {
		printf(" not on this kernel\n");
		return;
	}
	printf(" %10.0f %10.0f %10.0f %8.2f", ticks->p50, ticks->p99, ticks->p999,
	       report_ratio(row, arm));
	for (int event = 0; event < EVENTS; event++) {
		if (isnan(measured->events[event]))
			printf(" %8s", "?");
		else
			printf(" %8.2f", measured->events[event]);
	}
	putchar('\n');
}

static void print_costs(const struct report *report)
{
	print_ticks_heading(report);
	for (uint32_t i = 0; i < report->count; i++)
		for (int arm = 0; arm < report->arm_count && !*report->rows[i].skipped; arm++)
			print_ticks(report, &report->rows[i], arm);
}

/* ---- latencies: a line for each half, and one for the whole ---- */

static void print_part(const char *name, const struct spread *spread)
{
	printf(" %-8s %10.1f %10.1f %10.1f %10.1f", name, spread->p50 / 1000,
	       spread->p99 / 1000, spread->p999 / 1000, spread->maximum / 1000);
}

static void print_latency(const struct report *report, const struct row *row, int arm)
{
	const struct latency *latency = &row->arm[arm].latency;
	int indent = 7 + (has_batches(report) ? 6 : 0) + arm_width(report);

	print_key(report, row, arm);
	if (latency->submit.count) {
		print_part("submit", &latency->submit);
		printf("\n%*s", indent, "");
		print_part("complete", &latency->complete);
		printf("\n%*s", indent, "");
	}
	print_part("total", &latency->total);
	printf(" %10.1f %12.0f\n", latency->cpu / 1000, report_per_second(row, arm));
}

static void print_latencies(const struct report *report)
{
	printf("\nmicroseconds of a batch, the device's own time included: until it is submitted,\n"
	       "from there until its end is read, in total; CPU: of this thread, for a transfer");
	print_key_heading(report);
	printf(" %-8s %10s %10s %10s %10s %10s %12s\n", "PART", "P50", "P99", "P99.9", "MAX",
	       "CPU", "TRANSFERS/S");
	for (uint32_t i = 0; i < report->count; i++)
		for (int arm = 0; arm < report->arm_count; arm++)
			if (report->rows[i].arm[arm].latency.total.count)
				print_latency(report, &report->rows[i], arm);
}

/* ---- notes ---- */

/* What a note is about: "4K by 16". */
static void print_subject(const struct report *report, const struct row *row)
{
	char size[24];

	printf("%s", format_size(size, sizeof(size), row->size));
	if (has_batches(report))
		printf(" by %" PRIu32, row->batch);
	printf(": ");
}

static void print_crossover(const struct report *report, const struct row *row)
{
	const char *comma = "";

	print_subject(report, row);
	printf("transfers that pay for what is done once:");
	for (int arm = 1; arm < report->arm_count; arm++) {
		uint64_t after = report_crossover(report, row, arm);

		if (!row->arm[arm].ticks.count)
			continue;
		printf("%s %s ", comma, report->arms[arm]->name);
		if (after)
			printf("%" PRIu64, after);
		else
			printf("never");
		printf(" (%.0f %s)", report_once(report, row, arm) - report_once(report, row, 0),
		       report->unit);
		comma = ",";
	}
	putchar('\n');
}

/* A batch could do with one. */
static void print_flushes(const struct report *report, const struct row *row)
{
	for (int arm = 0; arm < report->arm_count; arm++) {
		const struct arm_type *type = report->arms[arm];
		double flushes = row->arm[arm].events[EVENT_FLUSH] * row->batch;

		if (row->batch == 1 || !type->is_reserved || type->stays_linked || !(flushes > 1))
			continue;
		print_subject(report, row);
		printf("%s: %.1f flushes a batch: each transfer is unlinked when it ends\n",
		       type->name, flushes);
	}
}

static void print_row_notes(const struct report *report, const struct row *row)
{
	if (*row->skipped) {
		print_subject(report, row);
		printf("skipped: %s\n", row->skipped);
		return;
	}
	if (report->arm_count > 1 && row->arm[0].ticks.count)
		print_crossover(report, row);
	print_flushes(report, row);
	if (row->cut) {
		print_subject(report, row);
		printf("cut into pieces, and linked anew: the device has %" PRIu32
		       " map registers\n", report->info.map_registers);
	}
	if (!row->alternated) {
		print_subject(report, row);
		printf("arms ran one after the other: their reservations do not fit together\n");
	}
}

void report_print_text(const struct report *report)
{
	const struct dmabay_info *info = &report->info;

	printf("%s: %s on %s, provider %s, IOMMU %s, memory %s\n", report->path,
	       (const char *)info->driver, (const char *)info->bus,
	       provider_name(info->provider), iommu_name(info->iommu), report->memory);
	if (report_measured(report)) {
		print_costs(report);
		if (report->latency)
			print_latencies(report);
		putchar('\n');
	}
	for (uint32_t i = 0; i < report->count; i++)
		print_row_notes(report, &report->rows[i]);
	if (report_spread(report) > 0)
		printf("unchanged: max/min over sizes = %.3f\n", report_spread(report));
}
