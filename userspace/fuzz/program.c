// SPDX-License-Identifier: GPL-2.0-only
/*
 * A program as text: its calls, one a line, and an empty line behind them.
 *
 *	open how=0
 *	register address=0x2000 length=0x1000
 *	submit count=1 min_complete=1 capacity=1 beside=20
 *
 * A number that is 0 is left out. What they mean is in operations.c. Lines that begin with
 * '#' say something to a person.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

unsigned int fields_of(const struct operation *operation)
{
	unsigned int count = 0;

	while (count < FIELDS && operation->fields[count].name)
		count++;
	return count;
}

static void number_print(FILE *out, const char *name, uint64_t value)
{
	if (value > 9)
		fprintf(out, " %s=0x%" PRIx64, name, value);
	else if (value)
		fprintf(out, " %s=%" PRIu64, name, value);
}

void program_print(FILE *out, const struct program *program)
{
	for (uint32_t i = 0; i < program->count; i++) {
		const struct call *call = &program->calls[i];
		const struct operation *operation = &operations[call->operation];

		fputs(operation->name, out);
		for (unsigned int f = 0; f < fields_of(operation); f++)
			number_print(out, operation->fields[f].name, call->values[f]);
		number_print(out, "beside", call->beside);
		number_print(out, "fail", call->fail);
		fputc('\n', out);
	}
	fputc('\n', out);
}

static bool number_read(struct call *call, const char *name, uint64_t value)
{
	const struct operation *operation = &operations[call->operation];

	if (!strcmp(name, "beside"))
		call->beside = (uint16_t)value;
	else if (!strcmp(name, "fail"))
		call->fail = (uint8_t)value;
	else
		for (unsigned int f = 0; f <= fields_of(operation); f++) {
			if (f == FIELDS || !operation->fields[f].name)
				return false;
			if (strcmp(name, operation->fields[f].name))
				continue;
			call->values[f] = value;
			break;
		}
	return true;
}

static bool call_read(struct call *call, char *line)
{
	char *rest, *word = strtok_r(line, " \n", &rest), *end;

	memset(call, 0, sizeof(*call));
	while (call->operation < operations_count &&
	       strcmp(operations[call->operation].name, word))
		call->operation++;
	if (call->operation == operations_count)
		return false;
	while ((word = strtok_r(NULL, " \n", &rest))) {
		char *value = strchr(word, '=');

		if (!value)
			return false;
		*value++ = '\0';
		if (!number_read(call, word, strtoull(value, &end, 0)) || *end)
			return false;
	}
	return true;
}

int program_read(FILE *in, struct program *program, unsigned int *line)
{
	char text[1024];

	program->count = 0;
	while (fgets(text, sizeof(text), in)) {
		++*line;
		if (*text == '#')
			continue;
		if (*text == '\n') {
			if (program->count)
				return 1;
			continue;
		}
		if (program->count == CALLS || !call_read(&program->calls[program->count], text))
			return -1;
		program->count++;
	}
	return program->count ? 1 : 0;
}
