// SPDX-License-Identifier: GPL-2.0-only
/*
 * Events. Each tracepoint has a tracefs instance of its own, a small ring
 * buffer whose "entries" plus "overrun" is the number of times it was hit.
 */
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "event.h"

#define TRACEFS "/sys/kernel/tracing"

/* Reading it adds up what each processor has counted; else vmstat lags behind. */
#define VMSTAT_REFRESH "/proc/sys/vm/stat_refresh"

struct source {
	const char *name;
	const char *event;	/* below events/, NULL if it is no tracepoint */
	const char *filter;
	const char *present;	/* only where this pattern matches */
};

/*
 * A descriptor's type is the low four bits of its first word; 2 and 6 are the
 * two IOTLB invalidations, the only types with bit 1 set and bit 0 clear.
 */
static const struct source sources[EVENTS] = {
	[EVENT_MAP] = { "maps", "iommu/map", NULL, NULL },
	[EVENT_UNMAP] = { "unmaps", "iommu/unmap", NULL, NULL },
	[EVENT_FLUSH] = { "flushes", "intel_iommu/qi_submit", "(qw0 & 2) && !(qw0 & 1)",
			  "/sys/class/iommu/dmar*" },
	[EVENT_PIN] = { "pins", NULL, NULL, NULL },
};

const char *event_name(enum event_kind kind)
{
	return sources[kind].name;
}

static bool write_file(const char *directory, const char *name, const char *text)
{
	char path[256];
	FILE *file;
	bool written;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	file = fopen(path, "we");
	if (!file)
		return false;
	written = fputs(text, file) >= 0;
	return !fclose(file) && written;
}

static bool matches_something(const char *pattern)
{
	glob_t found;
	bool matches = !glob(pattern, 0, NULL, &found);

	if (matches)
		globfree(&found);
	return matches;
}

/* The instance's directory, with the event on, or "". */
static void open_instance(char *directory, size_t size, const struct source *source)
{
	char name[128];

	snprintf(directory, size, TRACEFS "/instances/dmabay-%d-%s", (int)getpid(),
		 source->name);
	if ((source->present && !matches_something(source->present)) ||
	    mkdir(directory, 0700)) {
		*directory = '\0';
		return;
	}
	write_file(directory, "buffer_size_kb", "64");
	if (source->filter) {
		snprintf(name, sizeof(name), "events/%s/filter", source->event);
		if (!write_file(directory, name, source->filter))
			goto remove;
	}
	snprintf(name, sizeof(name), "events/%s/enable", source->event);
	if (write_file(directory, name, "1"))
		return;
remove:
	rmdir(directory);
	*directory = '\0';
}

void events_open(struct events *events, struct dmabay *bay)
{
	*events = (struct events){ .bay = bay };
	if (access(TRACEFS "/instances", F_OK))
		mount("tracefs", TRACEFS, "tracefs", 0, NULL);
	for (int i = 0; i < EVENTS; i++)
		if (sources[i].event)
			open_instance(events->instance[i], sizeof(events->instance[i]),
				      &sources[i]);
}

void events_close(struct events *events)
{
	for (int i = 0; i < EVENTS; i++) {
		if (!*events->instance[i])
			continue;
		write_file(events->instance[i], "events/enable", "0");
		rmdir(events->instance[i]);
	}
}

bool event_is_own_count(const struct events *events, enum event_kind kind)
{
	if (!sources[kind].event)
		return access(VMSTAT_REFRESH, R_OK);
	return !*events->instance[kind];
}

const char *event_source(const struct events *events, enum event_kind kind)
{
	if (event_is_own_count(events, kind))
		return "dmabay counters";
	return sources[kind].event ? sources[kind].event : "vmstat";
}

/* Adds up the numbers of the lines that begin with @key. */
static uint64_t sum_lines(const char *path, const char *key)
{
	FILE *file = fopen(path, "re");
	size_t length = strlen(key);
	uint64_t sum = 0, number;
	char line[128];

	if (!file)
		return 0;
	while (fgets(line, sizeof(line), file))
		if (!strncmp(line, key, length) &&
		    sscanf(line + length, "%" SCNu64, &number) == 1)
			sum += number;
	fclose(file);
	return sum;
}

static uint64_t traced(const char *directory)
{
	uint64_t count = 0;
	char pattern[192];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/per_cpu/cpu*/stats", directory);
	if (glob(pattern, 0, NULL, &found))
		return 0;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		count += sum_lines(found.gl_pathv[i], "entries: ");
		count += sum_lines(found.gl_pathv[i], "overrun: ");
	}
	globfree(&found);
	return count;
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
		else if (sources[i].event)
			count[i] = traced(events->instance[i]);
		else
			count[i] = pins();
	}
}

void events_start(struct events *events)
{
	read_all(events, events->start);
}

void events_read(const struct events *events, uint64_t count[EVENTS])
{
	read_all(events, count);
	for (int i = 0; i < EVENTS; i++)
		count[i] -= events->start[i];
}
