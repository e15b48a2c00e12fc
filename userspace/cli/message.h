/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is said to the person at the terminal; all of it goes to stderr.
 */
#ifndef DMABAY_CLI_MESSAGE_H
#define DMABAY_CLI_MESSAGE_H

#include <stdbool.h>
#include <stdint.h>

struct dmabay_info;

/* "dmabay: ..." */
void complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Complains that a command of the device failed: the node, the reason, the limit
 * and the remedy. Returns the exit code that goes with it.
 */
int complain_command(const char *node, uint32_t command, int error,
		     const struct dmabay_info *info, uint64_t wanted);

/* Complains about the value of an option. Returns EXIT_USAGE. */
int bad_option(const char *name, const char *value, const char *expected);

/*
 * A line that is written over again and again: only where someone watches, or
 * when forced, and then as lines of their own.
 */
struct progress {
	const char *what;
	uint64_t total;		/* bytes, 0 if not known */
	uint64_t from;		/* bytes that were there already */
	uint64_t started;	/* ns */
	uint64_t shown;		/* ns */
	bool on;
	bool terminal;
};

void progress_begin(struct progress *progress, const char *what, uint64_t total,
		    bool forced, bool quiet);
void progress_show(struct progress *progress, uint64_t done);
void progress_end(struct progress *progress, uint64_t done);

/* Nanoseconds of CLOCK_MONOTONIC. */
uint64_t now_nanoseconds(void);

/* From now on SIGINT and SIGTERM only set a flag, which interrupted() reads. */
void catch_interrupts(void);
bool interrupted(void);

#endif /* DMABAY_CLI_MESSAGE_H */
