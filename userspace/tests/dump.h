/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Dumps of time-outs: whether there is one in /sys/class/devcoredump, and what it says.
 */
#ifndef DMABAY_TESTS_DUMP_H
#define DMABAY_TESTS_DUMP_H

#include <ctype.h>
#include <glob.h>

#include "common.h"

#define DUMP_TEXT	65536u

#define DUMPS_OR_SKIP() do { \
	if (access("/sys/class/devcoredump", F_OK)) \
		SKIP(return, "the kernel keeps no dumps"); \
} while (0)

struct dump {
	char path[128];		/* its data */
	char text[DUMP_TEXT + 1];
};

static inline bool dump_find(struct dump *dump)
{
	bool found;
	glob_t dumps;

	if (glob("/sys/class/devcoredump/devcd*/data", 0, NULL, &dumps))
		return false;
	found = dumps.gl_pathc == 1;
	snprintf(dump->path, sizeof(dump->path), "%s", dumps.gl_pathv[0]);
	globfree(&dumps);
	return found;
}

/* The one that there is, within PATIENCE. */
static inline bool dump_read(struct dump *dump)
{
	uint64_t end = dmabay_deadline(PATIENCE);
	size_t length;
	FILE *file;

	while (!dump_find(dump)) {
		if (dmabay_deadline(0) > end)
			return false;
		pause_for(10 * MILLISECOND);
	}
	file = fopen(dump->path, "re");
	if (!file)
		return false;
	length = fread(dump->text, 1, DUMP_TEXT, file);
	dump->text[length] = '\0';
	fclose(file);
	return length;
}

/* Who writes to it is done with it. False if it does not go away. */
static inline bool dump_forget(struct dump *dump)
{
	uint64_t end = dmabay_deadline(PATIENCE);
	int fd = open(dump->path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return false;
	if (write(fd, "1", 1) != 1)
		end = 0;
	close(fd);
	while (!access(dump->path, F_OK)) {
		if (dmabay_deadline(0) > end)
			return false;
		pause_for(10 * MILLISECOND);
	}
	return true;
}

/* Also those that other programs have left. */
static inline bool dump_forget_all(struct dump *dump)
{
	glob_t dumps;

	if (glob("/sys/class/devcoredump/devcd*/data", 0, NULL, &dumps))
		return true;
	for (size_t i = 0; i < dumps.gl_pathc; i++) {
		snprintf(dump->path, sizeof(dump->path), "%s", dumps.gl_pathv[i]);
		if (!dump_forget(dump))
			break;
	}
	globfree(&dumps);
	return !!access(dump->path, F_OK);
}

/* The value of a key, up to the end of the line; "?" if there is none. */
static inline const char *dump_value(const struct dump *dump, const char *key)
{
	static char value[256];
	const char *line = dump->text;
	size_t length = strlen(key);

	while (line && (strncmp(line, key, length) || strncmp(line + length, ": ", 2)))
		line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL;
	if (!line)
		return "?";
	snprintf(value, sizeof(value), "%.*s", (int)strcspn(line + length + 2, "\n"),
		 line + length + 2);
	return value;
}

static inline uint64_t dump_number(const struct dump *dump, const char *key)
{
	return strtoull(dump_value(dump, key), NULL, 0);
}

/* A kernel address, as any number of 64 bits with the upper ones set looks. */
static inline const char *dump_pointer(const struct dump *dump)
{
	for (const char *at = dump->text; (at = strstr(at, "ffff")); at++) {
		size_t digits = 0;

		while (isxdigit(at[digits]))
			digits++;
		if (digits >= 12)
			return at;
	}
	return NULL;
}

#endif /* DMABAY_TESTS_DUMP_H */
