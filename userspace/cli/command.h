/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A subcommand: a name, what it does in a line, and the function that does it.
 * main.c has the table; each subcommand is one file.
 */
#ifndef DMABAY_CLI_COMMAND_H
#define DMABAY_CLI_COMMAND_H

/* What dmabay exits with; documented in dmabay(1). */
enum exit_code {
	EXIT_OK = 0,
	EXIT_FAILED = 1,	/* the device, the system or an assertion said no */
	EXIT_USAGE = 2,		/* the command line is wrong */
	EXIT_MISMATCH = 3,	/* the bytes that came back are not those sent */
	EXIT_NO_DEVICE = 4,	/* there is no such node, or not any more */
	EXIT_INTERRUPTED = 130,	/* SIGINT or SIGTERM, as shells count it */
};

struct command {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv);
};

int command_list(int argc, char **argv);
int command_info(int argc, char **argv);
int command_copy(int argc, char **argv);
int command_bench(int argc, char **argv);
int command_watch(int argc, char **argv);
int command_cancel(int argc, char **argv);
int command_doctor(int argc, char **argv);

#endif /* DMABAY_CLI_COMMAND_H */
