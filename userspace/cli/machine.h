/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The machine: what its files say, in /proc, /sys, /dev, /lib and /etc.
 *
 * All of them are looked for below a root, which is "" but in the tests: so a machine can
 * be made of a few files.
 */
#ifndef DMABAY_CLI_MACHINE_H
#define DMABAY_CLI_MACHINE_H

#include <glob.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

void machine_set_root(const char *directory);

/* The path below the root; cut if it does not fit. Returns @path. */
const char *machine_path(char *path, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Is there such a file? */
bool machine_has(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The first line of a file, without its end. False, and "", if it cannot be read. */
bool machine_line(char *line, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* What follows @key in the first line that begins with it. False, and "", if there is none. */
bool machine_value(char *value, size_t size, const char *key, const char *file);

/* The files of that pattern: paths with the root, to be freed by globfree(). How many? */
size_t machine_glob(glob_t *found, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Is that word on the kernel's command line? */
bool machine_told_kernel(const char *word);

/* The last part of a path. */
const char *last_part(const char *path);

#endif /* DMABAY_CLI_MACHINE_H */
