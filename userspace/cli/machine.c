// SPDX-License-Identifier: GPL-2.0-only
/*
 * The machine's files, below a root.
 */
#include <limits.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "machine.h"

static const char *root = "";

void machine_set_root(const char *directory)
{
	root = directory;
}

static void below_root(char *path, size_t size, const char *format, va_list arguments)
{
	int length = snprintf(path, size, "%s", root);

	if (length >= 0 && (size_t)length < size)
		vsnprintf(path + length, size - (size_t)length, format, arguments);
}

const char *machine_path(char *path, size_t size, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	below_root(path, size, format, arguments);
	va_end(arguments);
	return path;
}

bool machine_has(const char *format, ...)
{
	char path[PATH_MAX];
	va_list arguments;

	va_start(arguments, format);
	below_root(path, sizeof(path), format, arguments);
	va_end(arguments);
	return !access(path, F_OK);
}

/* The first line that begins with @key; what follows it. */
static bool find_line(const char *path, const char *key, char *value, size_t size)
{
	FILE *file = fopen(path, "re");
	size_t length = strlen(key);
	char line[4096];
	bool found = false;

	*value = '\0';
	if (!file)
		return false;
	while (!found && fgets(line, sizeof(line), file))
		found = !strncmp(line, key, length);
	fclose(file);
	if (!found)
		return false;
	line[strcspn(line, "\n")] = '\0';
	snprintf(value, size, "%s", line + length);
	return true;
}

bool machine_line(char *line, size_t size, const char *format, ...)
{
	char path[PATH_MAX];
	va_list arguments;

	va_start(arguments, format);
	below_root(path, sizeof(path), format, arguments);
	va_end(arguments);
	return find_line(path, "", line, size);
}

bool machine_value(char *value, size_t size, const char *key, const char *file)
{
	char path[PATH_MAX];

	return find_line(machine_path(path, sizeof(path), "%s", file), key, value, size);
}

size_t machine_glob(glob_t *found, const char *format, ...)
{
	char pattern[PATH_MAX];
	va_list arguments;

	memset(found, 0, sizeof(*found));
	va_start(arguments, format);
	below_root(pattern, sizeof(pattern), format, arguments);
	va_end(arguments);
	return glob(pattern, 0, NULL, found) ? 0 : found->gl_pathc;
}

bool machine_told_kernel(const char *word)
{
	size_t length = strlen(word);
	char line[4096];
	const char *at = line;

	machine_line(line, sizeof(line), "/proc/cmdline");
	while (*at) {
		if (!strncmp(at, word, length) && strchr(" ", at[length]))
			return true;
		at += strcspn(at, " ");
		at += strspn(at, " ");
	}
	return false;
}

const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}
