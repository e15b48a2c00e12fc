// SPDX-License-Identifier: GPL-2.0-only
/*
 * The report as JSON, in the manner of fio: one job for each arm and row, where what fio
 * has, too, has its name, its place and its unit. What fio does not know of, ticks and
 * events, stands beside that. What is not known is null.
 */
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <sys/utsname.h>
#include <time.h>

#include "json.h"
#include "report.h"
#include "text.h"

typedef void (*add_sample)(json_object *object, const char *key, double sample);

static void add_whole(json_object *object, const char *key, double sample)
{
	json_add_number(object, key, (uint64_t)sample);
}

/* @add: samples are whole numbers, unless each is that of a batch, divided. */
static json_object *spread_object(const struct spread *spread, add_sample add)
{
	json_object *object = json_object_new_object();
	json_object *percentiles = json_object_new_object();

	add(object, "min", spread->minimum);
	add(object, "max", spread->maximum);
	json_add_fraction(object, "mean", spread->mean);
	json_add_fraction(object, "stddev", spread->deviation);
	json_add_number(object, "N", spread->count);
	add(percentiles, "50.000000", spread->p50);
	add(percentiles, "99.000000", spread->p99);
	add(percentiles, "99.900000", spread->p999);
	json_object_object_add(object, "percentile", percentiles);
	return object;
}

/* All goes to the device: what fio calls a write. */
static json_object *write_object(const struct row *row, int arm)
{
	const struct latency *latency = &row->arm[arm].latency;
	json_object *object = json_object_new_object();
	uint64_t transfers = (uint64_t)row->iterations * row->batch;
	double per_second = report_per_second(row, arm);
	double bytes_per_second = per_second * (double)row->size;

	json_add_number(object, "io_bytes", transfers * row->size);
	json_add_number(object, "io_kbytes", transfers * row->size >> 10);
	json_add_number(object, "bw_bytes", (uint64_t)bytes_per_second);
	json_add_number(object, "bw", (uint64_t)bytes_per_second >> 10);
	json_add_fraction(object, "iops", per_second);
	json_add_number(object, "runtime", (uint64_t)(latency->elapsed / 1e6));
	json_add_number(object, "total_ios", transfers);
	if (latency->submit.count) {
		json_object_object_add(object, "slat_ns",
				       spread_object(&latency->submit, add_whole));
		json_object_object_add(object, "clat_ns",
				       spread_object(&latency->complete, add_whole));
	}
	json_object_object_add(object, "lat_ns", spread_object(&latency->total, add_whole));
	return object;
}

static void add_latency(json_object *job, const struct row *row, int arm)
{
	const struct latency *latency = &row->arm[arm].latency;
	double percent = latency->cpu * report_per_second(row, arm) / 1e7;

	json_object_object_add(job, "write", write_object(row, arm));
	json_add_fraction(job, "usr_cpu", percent * latency->user);
	json_add_fraction(job, "sys_cpu", percent * (1 - latency->user));
	json_add_fraction(job, "cpu_ns_per_transfer", latency->cpu);
}

/* What nobody has counted is null. */
static void add_count(json_object *object, const char *name, double count)
{
	if (isnan(count))
		json_object_object_add(object, name, NULL);
	else
		json_add_fraction(object, name, count);
}

static json_object *events_object(const struct measurement *measured)
{
	json_object *events = json_object_new_object();

	for (int event = 0; event < EVENTS; event++)
		add_count(events, event_name(event), measured->events[event]);
	return events;
}

static json_object *work_object(const struct measurement *measured)
{
	json_object *work = json_object_new_object();

	for (int kind = 0; kind < WORK_KINDS; kind++)
		add_count(work, work_name(kind), measured->work.count[kind]);
	return work;
}

static json_object *options_object(const struct report *report, const struct row *row, int arm)
{
	json_object *object = json_object_new_object();

	json_add_string(object, "arm", report->arms[arm]->name);
	json_add_number(object, "bs", row->size);
	json_add_number(object, "batch", row->batch);
	json_add_string(object, "memory", report->memory);
	return object;
}

static json_object *job_object(const struct report *report, const struct row *row, int arm)
{
	const struct measurement *measured = &row->arm[arm];
	json_object *job = json_object_new_object();
	uint64_t crossover = report_crossover(report, row, arm);
	char name[64], size[24];

	snprintf(name, sizeof(name), "%s-%s-%" PRIu32, report->arms[arm]->name,
		 format_size(size, sizeof(size), row->size), row->batch);
	json_add_string(job, "jobname", name);
	json_object_object_add(job, "job options", options_object(report, row, arm));
	json_add_number(job, "iterations", row->iterations);
	json_add_number(job, "counted", row->counted);
	json_add_flag(job, "cut", row->cut);
	json_add_flag(job, "alternated", row->alternated);
	json_object_object_add(job, "ticks", spread_object(&measured->ticks, json_add_fraction));
	if (measured->map.count) {
		json_object_object_add(job, "map_ticks",
				       spread_object(&measured->map, json_add_fraction));
		json_object_object_add(job, "unmap_ticks",
				       spread_object(&measured->unmap, json_add_fraction));
	}
	json_add_fraction(job, "ratio", report_ratio(row, arm));
	json_add_fraction(job, "once_ticks", report_once(report, row, arm));
	if (crossover)
		json_add_number(job, "crossover", crossover);
	else
		json_object_object_add(job, "crossover", NULL);
	json_object_object_add(job, "events", events_object(measured));
	json_object_object_add(job, "work", work_object(measured));
	if (measured->again >= 0)
		json_add_string(job, "last_address", measured->again ? "reachable" : "gone");
	if (measured->mark)
		json_add_number(job, "mark", measured->mark);
	if (report->latency)
		add_latency(job, row, arm);
	return job;
}

static json_object *skipped_object(const struct row *row)
{
	json_object *object = json_object_new_object();

	json_add_number(object, "bs", row->size);
	json_add_number(object, "batch", row->batch);
	json_add_string(object, "why", row->skipped);
	return object;
}

static json_object *jobs_array(const struct report *report)
{
	json_object *jobs = json_object_new_array();

	for (uint32_t i = 0; i < report->count; i++)
		for (int arm = 0; arm < report->arm_count; arm++)
			if (report->rows[i].arm[arm].ticks.count)
				json_object_array_add(jobs, job_object(report, &report->rows[i],
								       arm));
	return jobs;
}

static json_object *skipped_array(const struct report *report)
{
	json_object *skipped = json_object_new_array();

	for (uint32_t i = 0; i < report->count; i++)
		if (*report->rows[i].skipped)
			json_object_array_add(skipped, skipped_object(&report->rows[i]));
	return skipped;
}

void report_print_json(const struct report *report)
{
	json_object *object = json_object_new_object();
	json_object *sources = json_object_new_object();
	struct utsname system;

	uname(&system);
	json_add_string(object, "dmabay version", dmabay_version());
	json_add_number(object, "timestamp", (uint64_t)time(NULL));
	json_add_string(object, "kernel", system.release);
	json_add_string(object, "machine", system.machine);
	json_add_string(object, "compiler", __VERSION__);
	json_add_string(object, "path", report->path);
	json_add_string(object, "driver", (const char *)report->info.driver);
	json_add_string(object, "device", (const char *)report->info.bus);
	json_add_string(object, "provider", provider_name(report->info.provider));
	json_add_string(object, "iommu", iommu_name(report->info.iommu));
	json_add_string(object, "unit", report->unit);
	json_add_fraction(object, "ticks_per_second", report->ticks_per_second);
	json_add_flag(object, "device_time_subtracted", report->subtracted);
	json_add_number(object, "iterations", report->iterations);
	json_add_number(object, "counted", report->counted);
	for (int event = 0; event < EVENTS; event++)
		json_add_string(sources, event_name(event), report->source[event]);
	json_object_object_add(object, "sources", sources);
	json_object_object_add(object, "jobs", jobs_array(report));
	json_object_object_add(object, "skipped", skipped_array(report));
	json_add_fraction(object, "unchanged_spread", report_spread(report));
	json_print(object);
}
