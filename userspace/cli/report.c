// SPDX-License-Identifier: GPL-2.0-only
/*
 * The report, as a table, as JSON or as CSV.
 */
#include <inttypes.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "json.h"
#include "report.h"
#include "text.h"

double report_spread(const struct report *report)
{
	int64_t low = 0, high = 0;

	for (uint32_t i = 0; i < report->count; i++) {
		int64_t p50 = report->rows[i].arm[ARM_UNCHANGED].p50;

		if (report->rows[i].skipped)
			continue;
		if (p50 <= 0)
			return 0;
		low = !low || p50 < low ? p50 : low;
		high = p50 > high ? p50 : high;
	}
	return low ? (double)high / (double)low : 0;
}

double report_unchanged_events(const struct report *report)
{
	double sum = 0;

	for (uint32_t i = 0; i < report->count; i++)
		for (int event = 0; event < EVENTS; event++)
			sum += report->rows[i].arm[ARM_UNCHANGED].events[event];
	return sum;
}

/* How many times cheaper than the per-call arm. */
static double ratio(const struct row *row, enum arm_kind kind)
{
	if (row->arm[kind].p50 <= 0)
		return 0;
	return (double)row->arm[ARM_PER_CALL].p50 / (double)row->arm[kind].p50;
}

static void print_row(const struct row *row)
{
	char size[24];

	format_size(size, sizeof(size), row->size);
	if (row->skipped) {
		printf("%6s  skipped: the device has less memory\n", size);
		return;
	}
	for (int kind = 0; kind < ARMS; kind++) {
		const struct measurement *arm = &row->arm[kind];

		printf("%6s %-10s %12" PRId64 " %12" PRId64 " %12" PRId64 " %12" PRId64
		       " %9.2f", kind ? "" : size, arm_name(kind), arm->p50, arm->p99,
		       arm->minimum, arm->maximum, ratio(row, kind));
		for (int event = 0; event < EVENTS; event++)
			printf(" %9.2f", arm->events[event]);
		putchar('\n');
	}
}

static void print_notes(const struct report *report)
{
	char size[24];

	for (uint32_t i = 0; i < report->count; i++) {
		const struct row *row = &report->rows[i];

		format_size(size, sizeof(size), row->size);
		if (row->cut)
			printf("%s: cut into pieces, the device has %" PRIu32 " map registers\n",
			       size, report->info.map_registers);
		if (!row->skipped && !row->alternated)
			printf("%s: arms ran one after the other, two reservations do not fit\n",
			       size);
	}
	printf("unchanged: max/min over sizes = %.3f\n", report_spread(report));
}

static void print_text(const struct report *report)
{
	const struct dmabay_info *info = &report->info;

	printf("%s: %s on %s, provider %s, IOMMU %s, memory %s\n", report->path,
	       (const char *)info->driver, (const char *)info->bus,
	       provider_name(info->provider), iommu_name(info->iommu), report->memory);
	printf("%s of one transfer to the device over %" PRIu32
	       " iterations, the device's own time subtracted;\n"
	       "ratio against per-call; events per transfer over %" PRIu32 ":",
	       report->unit, report->iterations, report->counted);
	for (int event = 0; event < EVENTS; event++)
		printf("%s %s%s%s", event ? "," : "", event_name(event),
		       report->own_count[event] ? " (own count)" : " from ",
		       report->own_count[event] ? "" : report->source[event]);
	printf("\n\n%6s %-10s %12s %12s %12s %12s %9s", "SIZE", "ARM", "P50", "P99", "MIN",
	       "MAX", "RATIO");
	for (int event = 0; event < EVENTS; event++)
		printf(" %8s%s", event_name(event), report->own_count[event] ? "*" : " ");
	putchar('\n');
	for (uint32_t i = 0; i < report->count; i++)
		print_row(&report->rows[i]);
	putchar('\n');
	print_notes(report);
}

static void print_csv(const struct report *report)
{
	printf("size,arm,p50,p99,min,max,ratio");
	for (int event = 0; event < EVENTS; event++)
		printf(",%s%s", event_name(event), report->own_count[event] ? "_own" : "");
	putchar('\n');
	for (uint32_t i = 0; i < report->count; i++) {
		const struct row *row = &report->rows[i];

		for (int kind = 0; kind < ARMS && !row->skipped; kind++) {
			const struct measurement *arm = &row->arm[kind];

			printf("%" PRIu64 ",%s,%" PRId64 ",%" PRId64 ",%" PRId64 ",%" PRId64 ",%.3f",
			       row->size, arm_name(kind), arm->p50, arm->p99, arm->minimum,
			       arm->maximum, ratio(row, kind));
			for (int event = 0; event < EVENTS; event++)
				printf(",%.3f", arm->events[event]);
			putchar('\n');
		}
	}
}

static json_object *arm_object(const struct row *row, enum arm_kind kind)
{
	const struct measurement *arm = &row->arm[kind];
	json_object *object = json_object_new_object();

	json_add_signed(object, "p50", arm->p50);
	json_add_signed(object, "p99", arm->p99);
	json_add_signed(object, "min", arm->minimum);
	json_add_signed(object, "max", arm->maximum);
	json_add_fraction(object, "ratio", ratio(row, kind));
	for (int event = 0; event < EVENTS; event++)
		json_add_fraction(object, event_name(event), arm->events[event]);
	return object;
}

static json_object *row_object(const struct row *row)
{
	json_object *object = json_object_new_object();

	json_add_number(object, "size", row->size);
	json_add_flag(object, "skipped", row->skipped);
	if (row->skipped)
		return object;
	json_add_flag(object, "cut", row->cut);
	json_add_flag(object, "alternated", row->alternated);
	for (int kind = 0; kind < ARMS; kind++)
		json_object_object_add(object, arm_name(kind), arm_object(row, kind));
	return object;
}

static void print_json(const struct report *report)
{
	json_object *object = json_object_new_object();
	json_object *sources = json_object_new_object();
	json_object *rows = json_object_new_array();
	struct utsname system;

	uname(&system);
	json_add_string(object, "dmabay", dmabay_version());
	json_add_string(object, "kernel", system.release);
	json_add_string(object, "machine", system.machine);
	json_add_string(object, "path", report->path);
	json_add_string(object, "driver", (const char *)report->info.driver);
	json_add_string(object, "device", (const char *)report->info.bus);
	json_add_string(object, "provider", provider_name(report->info.provider));
	json_add_string(object, "iommu", iommu_name(report->info.iommu));
	json_add_string(object, "memory", report->memory);
	json_add_string(object, "unit", report->unit);
	json_add_number(object, "iterations", report->iterations);
	json_add_number(object, "counted", report->counted);
	for (int event = 0; event < EVENTS; event++)
		json_add_string(sources, event_name(event), report->source[event]);
	json_object_object_add(object, "sources", sources);
	for (uint32_t i = 0; i < report->count; i++)
		json_object_array_add(rows, row_object(&report->rows[i]));
	json_object_object_add(object, "rows", rows);
	json_add_fraction(object, "unchanged_spread", report_spread(report));
	json_print(object);
}

void report_print(const struct report *report, enum format format)
{
	switch (format) {
	case FORMAT_JSON:
		print_json(report);
		break;
	case FORMAT_CSV:
		print_csv(report);
		break;
	default:
		print_text(report);
	}
}
