// SPDX-License-Identifier: GPL-2.0-only
/*
 * Holders, from the lines of "files" in debugfs: a word and a colon, then names and values.
 * A line of a file is followed by those of its reservations. The last value of a file, its
 * program's name, may have blanks in it.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "debugfs.h"
#include "holders.h"
#include "text.h"

static json_object *value_of(const char *text)
{
	uint64_t number;

	return parse_size(text, &number) ? json_object_new_uint64(number) :
					   json_object_new_string(text);
}

/* Takes the line to pieces. */
static json_object *object_of(char *line)
{
	json_object *object = json_object_new_object();
	char *name;

	while (line && (name = strsep(&line, "=")) && line) {
		bool is_name = !strcmp(name, "comm");
		char *value = strsep(&line, is_name ? "" : " ");

		json_object_object_add(object, name, is_name ? json_object_new_string(value) :
							       value_of(value));
	}
	return object;
}

/* What follows @word and a colon; NULL if the line is another one. */
static char *line_of(char *line, const char *word)
{
	size_t length = strlen(word);

	return strncmp(line, word, length) || strncmp(line + length, ": ", 2) ? NULL :
									      line + length + 2;
}

static json_object *reservations_of(json_object *file)
{
	return json_object_object_get(file, "reservations");
}

/* A file that has none holds nothing, and is left out. */
static void add_file(json_object *holders, json_object *file)
{
	if (file && json_object_array_length(reservations_of(file)))
		json_object_array_add(holders, file);
	else
		json_object_put(file);
}

static json_object *read_lines(FILE *stream)
{
	json_object *holders = json_object_new_array(), *file = NULL;
	char *line = NULL, *rest;
	size_t size = 0;

	while (getline(&line, &size, stream) > 0) {
		line[strcspn(line, "\n")] = '\0';
		rest = line_of(line, "file");
		if (rest) {
			add_file(holders, file);
			file = object_of(rest);
			json_object_object_add(file, "reservations", json_object_new_array());
			continue;
		}
		rest = line_of(line, "reservation");
		if (rest && file)
			json_object_array_add(reservations_of(file), object_of(rest));
	}
	add_file(holders, file);
	free(line);
	return holders;
}

json_object *holders_read(const char *node, int *error)
{
	int fd = debugfs_open(node, "files", O_RDONLY);
	json_object *holders;
	FILE *stream;

	*error = fd;
	if (fd < 0)
		return NULL;
	stream = fdopen(fd, "re");
	if (!stream) {
		close(fd);
		*error = -ENOMEM;
		return NULL;
	}
	holders = read_lines(stream);
	fclose(stream);
	return holders;
}

static const char *word(json_object *object, const char *name)
{
	json_object *value = json_object_object_get(object, name);

	return value ? json_object_get_string(value) : "?";
}

void holders_print(json_object *holders)
{
	for (size_t i = 0; i < json_object_array_length(holders); i++) {
		json_object *file = json_object_array_get_idx(holders, i);
		json_object *reservations = reservations_of(file);

		printf("  file %s: process %s (%s)\n", word(file, "file"), word(file, "pid"),
		       word(file, "comm"));
		for (size_t j = 0; j < json_object_array_length(reservations); j++) {
			json_object *each = json_object_array_get_idx(reservations, j);

			printf("    reservation %s: %s, %s map registers; %s queued, %s running, for %s ms\n",
			       word(each, "reservation"), word(each, "state"),
			       word(each, "map_registers"), word(each, "queued"),
			       word(each, "running"), word(each, "age_ms"));
		}
	}
}
