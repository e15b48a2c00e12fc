// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmabay: looks at dmabay devices, copies files through them, measures them.
 */
#include <stdio.h>
#include <string.h>

#include "dmabay.h"
#include "command.h"
#include "message.h"

static int command_help(int argc, char **argv);

static const struct command commands[] = {
	{ "list", "the nodes of this machine", command_list },
	{ "info", "what a node is, its limits and what it has done", command_info },
	{ "copy", "copy a file to, from or through device memory", command_copy },
	{ "bench", "measure what a reservation saves", command_bench },
	{ "watch", "what a node does, as it does it", command_watch },
	{ "cancel", "end transfers that another process has under way", command_cancel },
	{ "doctor", "what is missing on this machine, and what mends it", command_doctor },
	{ "help", "this text, or \"dmabay help COMMAND\"", command_help },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void usage(FILE *stream)
{
	fputs("usage: dmabay COMMAND [OPTION]... [ARGUMENT]...\n\n", stream);
	for (size_t i = 0; i < COMMANDS; i++)
		fprintf(stream, "  %-8s%s\n", commands[i].name, commands[i].summary);
	fputs("\n\"dmabay COMMAND --help\" has the options, dmabay(1) and dmabay-COMMAND(1) all of it.\n",
	      stream);
}

static const struct command *find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

static int unknown(const char *name)
{
	complain("there is no command \"%s\"; \"dmabay help\" lists them", name);
	return EXIT_USAGE;
}

static int command_help(int argc, char **argv)
{
	char *help[] = { argc > 1 ? argv[1] : NULL, "--help", NULL };
	const struct command *command;

	if (argc < 2 || !strcmp(argv[1], "help")) {
		usage(stdout);
		return EXIT_OK;
	}
	command = find(argv[1]);
	return command ? command->run(2, help) : unknown(argv[1]);
}

int main(int argc, char **argv)
{
	const struct command *command;

	if (argc < 2) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		printf("dmabay %s\n", dmabay_version());
		return EXIT_OK;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		usage(stdout);
		return EXIT_OK;
	}
	command = find(argv[1]);
	return command ? command->run(argc - 1, argv + 1) : unknown(argv[1]);
}
