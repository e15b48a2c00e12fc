// SPDX-License-Identifier: MIT
/*
 * What the library asks of the kernel, and what came back: one line on stderr for each call,
 * if LIBDMABAY_DEBUG was in the environment when the node was opened.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dmabay.h"
#include "bay.h"

enum form {
	NUMBER,
	ADDRESS,	/* or flags */
	DESCRIPTOR,	/* may be negative */
	RESULT,		/* a number that the kernel gave */
};

/* A field that is worth a word; those that are always the same are not. */
struct field {
	uint32_t command;
	enum form form;
	const char *name;
	size_t offset;
	size_t width;
};

#define FIELD(command, type, form, field)			\
	{ DMABAY_CMD_##command, form, #field,			\
	  offsetof(struct dmabay_##type, field),		\
	  sizeof(((struct dmabay_##type *)0)->field) }

static const struct field fields[] = {
	FIELD(REGISTER, register, ADDRESS, address),
	FIELD(REGISTER, register, NUMBER, length),
	FIELD(REGISTER, register, ADDRESS, flags),
	FIELD(REGISTER, register, RESULT, buffer),
	FIELD(UNREGISTER, unregister, NUMBER, buffer),
	FIELD(IMPORT, import, DESCRIPTOR, fd),
	FIELD(IMPORT, import, ADDRESS, flags),
	FIELD(IMPORT, import, RESULT, buffer),
	FIELD(IMPORT, import, RESULT, length),
	FIELD(RESERVE, reserve, NUMBER, map_registers),
	FIELD(RESERVE, reserve, NUMBER, depth),
	FIELD(RESERVE, reserve, ADDRESS, flags),
	FIELD(RESERVE, reserve, RESULT, reservation),
	FIELD(FREE, free, NUMBER, reservation),
	FIELD(SUBMIT, submit, NUMBER, count),
	FIELD(SUBMIT, submit, NUMBER, capacity),
	FIELD(SUBMIT, submit, NUMBER, min_complete),
	FIELD(SUBMIT, submit, NUMBER, deadline),
	FIELD(SUBMIT, submit, RESULT, submitted),
	FIELD(SUBMIT, submit, RESULT, completed),
	FIELD(WAIT, wait, NUMBER, capacity),
	FIELD(WAIT, wait, NUMBER, min_complete),
	FIELD(WAIT, wait, NUMBER, deadline),
	FIELD(WAIT, wait, RESULT, completed),
	FIELD(ONCE, once, ADDRESS, address),
	FIELD(ONCE, once, NUMBER, length),
	FIELD(ONCE, once, ADDRESS, device_address),
	FIELD(ONCE, once, NUMBER, direction),
	FIELD(ONCE, once, NUMBER, deadline),
	FIELD(ONCE, once, RESULT, transferred),
	FIELD(CANCEL, cancel, ADDRESS, flags),
	FIELD(CANCEL, cancel, NUMBER, reservation),
	FIELD(CANCEL, cancel, NUMBER, cookie),
	FIELD(CANCEL, cancel, RESULT, cancelled),
	FIELD(CANCEL, cancel, RESULT, running),
	FIELD(EVENTFD, eventfd, DESCRIPTOR, eventfd),
	FIELD(RINGS, rings, NUMBER, submission_entries),
	FIELD(RINGS, rings, NUMBER, completion_entries),
	FIELD(RINGS, rings, RESULT, length),
	FIELD(ENTER, enter, ADDRESS, flags),
	FIELD(ENTER, enter, NUMBER, count),
	FIELD(ENTER, enter, NUMBER, min_complete),
	FIELD(ENTER, enter, NUMBER, deadline),
	FIELD(ENTER, enter, RESULT, submitted),
	FIELD(ENTER, enter, RESULT, completed),
};

static const char *const names[] = {
	[DMABAY_CMD_INFO] = "info",
	[DMABAY_CMD_COUNTERS] = "counters",
	[DMABAY_CMD_REGISTER] = "register",
	[DMABAY_CMD_UNREGISTER] = "unregister",
	[DMABAY_CMD_RESERVE] = "reserve",
	[DMABAY_CMD_FREE] = "free",
	[DMABAY_CMD_SUBMIT] = "submit",
	[DMABAY_CMD_WAIT] = "wait",
	[DMABAY_CMD_ONCE] = "once",
	[DMABAY_CMD_CANCEL] = "cancel",
	[DMABAY_CMD_EVENTFD] = "eventfd",
	[DMABAY_CMD_IMPORT] = "import",
	[DMABAY_CMD_RINGS] = "rings",
	[DMABAY_CMD_ENTER] = "enter",
};

/* Longer than any: the fields of a command, or those and the sentence of an error. */
struct line {
	char text[640];
	size_t length;
};

__attribute__((format(printf, 2, 3)))
static void add(struct line *line, const char *format, ...)
{
	size_t room = sizeof(line->text) - line->length;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(line->text + line->length, room, format, arguments);
	va_end(arguments);
	line->length += (size_t)length < room ? (size_t)length : room - 1;
}

static void add_field(struct line *line, const struct field *field, const void *argument)
{
	const char *at = (const char *)argument + field->offset;
	uint64_t value;
	uint32_t narrow;

	if (field->width == sizeof(narrow)) {
		memcpy(&narrow, at, sizeof(narrow));
		value = narrow;
	} else {
		memcpy(&value, at, sizeof(value));
	}

	if (field->form == ADDRESS)
		add(line, " %s=%#" PRIx64, field->name, value);
	else if (field->form == DESCRIPTOR)
		add(line, " %s=%" PRId32, field->name, (int32_t)value);
	else
		add(line, " %s=%" PRIu64, field->name, value);
}

static void add_fields(struct line *line, uint32_t command, const void *argument, bool results)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
		if (fields[i].command == command && (fields[i].form == RESULT) == results)
			add_field(line, &fields[i], argument);
}

static void add_error(struct line *line, uint32_t command, int error)
{
	char text[256];

	add(line, " %d, %s", error,
	    dmabay_explain(text, sizeof(text), command, error, NULL, 0));
}

/* By one call, so that the lines of several threads do not mix. */
static void say(const char *path, const struct line *line)
{
	fprintf(stderr, "libdmabay: %s: %s\n", path, line->text);
}

bool dmabay_debug_wanted(void)
{
	const char *value = secure_getenv("LIBDMABAY_DEBUG");

	return value && *value;
}

void dmabay_debug_open(const char *path, int flags, int result)
{
	struct line line = { .length = 0 };

	add(&line, "open flags=%#x ->", (unsigned int)flags);
	if (result)
		add_error(&line, DMABAY_CMD_OPEN, result);
	else
		add(&line, " 0");
	say(path, &line);
}

void dmabay_debug_close(const struct dmabay *bay)
{
	struct line line = { .length = 0 };

	add(&line, "close");
	say(bay->path, &line);
}

void dmabay_debug_command(const struct dmabay *bay, uint32_t command, const void *argument,
			  int result)
{
	struct line line = { .length = 0 };

	add(&line, "%s", names[command]);
	add_fields(&line, command, argument, false);
	add(&line, " ->");
	if (result) {
		add_error(&line, command, result);
	} else {
		add(&line, " 0");
		add_fields(&line, command, argument, true);
	}
	say(bay->path, &line);
}
