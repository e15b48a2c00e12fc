// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tracers.
 */
#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tracer.h"

#define TRACEFS "/sys/kernel/tracing"

static bool write_to(const char *directory, const char *name, int flags, const char *text)
{
	char path[256];
	bool written;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	fd = open(path, O_WRONLY | O_CLOEXEC | flags);
	if (fd < 0)
		return false;
	written = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	return !close(fd) && written;
}

static bool write_file(const char *directory, const char *name, const char *text)
{
	return write_to(directory, name, O_TRUNC, text);
}

/* A line to a list that others have lines in, too. */
static bool append_file(const char *name, const char *text)
{
	return write_to(TRACEFS, name, O_APPEND, text);
}

/* All instances share the probes: this one has a name that no other tracer's has. */
static bool add_probe(struct tracer *tracer)
{
	const struct tracepoints *points = tracer->points;
	char text[192];

	snprintf(tracer->probe, sizeof(tracer->probe), "dmabay_%d/%s", (int)getpid(), points->name);
	snprintf(text, sizeof(text), "p:%s %s", tracer->probe, points->function);
	if (append_file("kprobe_events", text))
		return true;
	*tracer->probe = '\0';
	return false;
}

static void remove_probe(struct tracer *tracer)
{
	char text[192];

	snprintf(text, sizeof(text), "-:%s", tracer->probe);
	if (*tracer->probe)
		append_file("kprobe_events", text);
	*tracer->probe = '\0';
}

/* The file of an event, or of the probe, that is called so. */
static bool write_event(const struct tracer *tracer, const char *event, const char *name,
			const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "events/%s/%s", event, name);
	return write_file(tracer->directory, path, text);
}

static bool set_up(struct tracer *tracer)
{
	const struct tracepoints *points = tracer->points;
	char path[192];

	write_file(tracer->directory, "buffer_size_kb", "64");
	for (int i = 0; i < TRACER_EVENTS_MAX && points->events[i]; i++)
		if (!write_event(tracer, points->events[i], "enable", "0") ||
		    (points->filter && !write_event(tracer, points->events[i], "filter",
						    points->filter)))
			return false;
	if (points->function && !add_probe(tracer))
		return false;
	snprintf(path, sizeof(path), "%s/tracing_on", tracer->directory);
	tracer->control = open(path, O_WRONLY | O_CLOEXEC);
	return tracer->control >= 0;
}

bool tracer_open(struct tracer *tracer, const struct tracepoints *points, bool thread)
{
	*tracer = (struct tracer){ .points = points, .thread = thread, .control = -1 };
	if (access(TRACEFS "/instances", F_OK))
		mount("tracefs", TRACEFS, "tracefs", 0, NULL);
	snprintf(tracer->directory, sizeof(tracer->directory), TRACEFS "/instances/dmabay-%d-%s",
		 (int)getpid(), points->name);
	if (mkdir(tracer->directory, 0700)) {
		*tracer->directory = '\0';
		return false;
	}
	if (set_up(tracer))
		return true;
	tracer_close(tracer);
	return false;
}

void tracer_close(struct tracer *tracer)
{
	if (!tracer_is_open(tracer))
		return;
	if (tracer->control >= 0)
		close(tracer->control);
	rmdir(tracer->directory);
	remove_probe(tracer);
	*tracer->directory = '\0';
}

bool tracer_is_open(const struct tracer *tracer)
{
	return *tracer->directory;
}

/* What fails shows in what is counted. */
static void set_events(const struct tracer *tracer, const char *value)
{
	const struct tracepoints *points = tracer->points;

	for (int i = 0; i < TRACER_EVENTS_MAX && points->events[i]; i++)
		write_event(tracer, points->events[i], "enable", value);
	if (*tracer->probe)
		write_event(tracer, tracer->probe, "enable", value);
}

void tracer_start(const struct tracer *tracer)
{
	char thread[16];

	if (!tracer_is_open(tracer))
		return;
	snprintf(thread, sizeof(thread), "%d", (int)gettid());
	if (tracer->thread)
		write_file(tracer->directory, "set_event_pid", thread);
	set_events(tracer, "1");
}

void tracer_stop(const struct tracer *tracer)
{
	if (!tracer_is_open(tracer))
		return;
	set_events(tracer, "0");
	if (tracer->thread)
		write_file(tracer->directory, "set_event_pid", "");
}

void tracer_switch(const struct tracer *tracer, bool on)
{
	/* A switch that fails shows in what is counted. */
	if (tracer_is_open(tracer) && pwrite(tracer->control, on ? "1" : "0", 1, 0) != 1)
		return;
}

uint64_t sum_lines(const char *path, const char *key)
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

uint64_t tracer_count(const struct tracer *tracer)
{
	uint64_t count = 0;
	char pattern[192];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/per_cpu/cpu*/stats", tracer->directory);
	if (glob(pattern, 0, NULL, &found))
		return 0;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		count += sum_lines(found.gl_pathv[i], "entries: ");
		count += sum_lines(found.gl_pathv[i], "overrun: ");
	}
	globfree(&found);
	return count;
}
