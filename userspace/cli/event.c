// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events: by a tracer each, where the kernel has a tracepoint; pins by its statistics.
 */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "event.h"
#include "mark.h"

/* Reading it adds up what each processor has counted; else vmstat lags behind. */
#define VMSTAT_REFRESH "/proc/sys/vm/stat_refresh"

struct source {
	struct tracepoints points;	/* without an event it is no tracepoint */
	const char *present;		/* only where this pattern matches */
};

/*
 * A descriptor's type is the low four bits of its first word; 2 and 6 are the
 * two IOTLB invalidations, the only types with bit 1 set and bit 0 clear.
 */
static const struct source sources[EVENTS] = {
	[EVENT_MAP] = { { "maps", { "iommu/map" }, NULL, NULL }, NULL },
	[EVENT_UNMAP] = { { "unmaps", { "iommu/unmap" }, NULL, NULL }, NULL },
	[EVENT_FLUSH] = { { "flushes", { "intel_iommu/qi_submit" }, "(qw0 & 2) && !(qw0 & 1)", NULL },
			  "/sys/class/iommu/dmar*" },
	[EVENT_PIN] = { { "pins", { NULL }, NULL, NULL }, NULL },
};

static bool is_traced(enum event_kind kind)
{
	return sources[kind].points.events[0];
}

const char *event_name(enum event_kind kind)
{
	return sources[kind].points.name;
}

static bool matches_something(const char *pattern)
{
	glob_t found;
	bool matches = !glob(pattern, 0, NULL, &found);

	if (matches)
		globfree(&found);
	return matches;
}

void events_open(struct events *events, struct dmabay *bay)
{
	*events = (struct events){ .bay = bay };
	for (int i = 0; i < EVENTS; i++)
		if (is_traced(i) && (!sources[i].present || matches_something(sources[i].present)))
			tracer_open(&events->tracer[i], &sources[i].points, false);
}

void events_close(struct events *events)
{
	for (int i = 0; i < EVENTS; i++)
		tracer_close(&events->tracer[i]);
}

bool event_is_own_count(const struct events *events, enum event_kind kind)
{
	return is_traced(kind) ? !tracer_is_open(&events->tracer[kind]) :
				 access(VMSTAT_REFRESH, R_OK);
}

const char *event_source(const struct events *events, enum event_kind kind)
{
	if (event_is_own_count(events, kind))
		return "dmabay counters";
	return is_traced(kind) ? sources[kind].points.events[0] : "vmstat";
}

static uint64_t pins(void)
{
	sum_lines(VMSTAT_REFRESH, "");
	return sum_lines("/proc/vmstat", "nr_foll_pin_acquired ");
}

static uint64_t own_count(const struct dmabay_counters *counters, enum event_kind kind)
{
	switch (kind) {
	case EVENT_MAP:
		return counters->links + counters->mapped;
	case EVENT_UNMAP:
		return counters->unlinks + counters->unmapped;
	case EVENT_PIN:
		return counters->pins;
	default:
		return counters->flushes;
	}
}

static void read_all(const struct events *events, uint64_t count[EVENTS])
{
	struct dmabay_counters counters = { 0 };

	dmabay_counters(events->bay, &counters);
	for (int i = 0; i < EVENTS; i++) {
		if (event_is_own_count(events, i))
			count[i] = own_count(&counters, i);
		else if (is_traced(i))
			count[i] = tracer_count(&events->tracer[i]);
		else
			count[i] = pins();
	}
}

void events_start(struct events *events)
{
	for (int i = 0; i < EVENTS; i++)
		tracer_start(&events->tracer[i]);
	read_all(events, events->start);
	events->mark = mark_begin();
}

void events_read(const struct events *events, uint64_t count[EVENTS])
{
	mark_end();
	read_all(events, count);
	for (int i = 0; i < EVENTS; i++) {
		count[i] -= events->start[i];
		tracer_stop(&events->tracer[i]);
	}
}
