// SPDX-License-Identifier: GPL-2.0-only
/*
 * Messages: complaints, the progress line, and being told to stop.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "dmabay.h"
#include "command.h"
#include "message.h"
#include "text.h"

#define TERMINAL_EVERY	200000000u	/* ns */
#define LINE_EVERY	1000000000u

static volatile sig_atomic_t stop;

void complain(const char *format, ...)
{
	va_list arguments;

	fputs("dmabay: ", stderr);
	va_start(arguments, format);
	vfprintf(stderr, format, arguments);
	va_end(arguments);
	fputc('\n', stderr);
}

int complain_command(const char *node, uint32_t command, int error,
		     const struct dmabay_info *info, uint64_t wanted)
{
	char text[384];

	dmabay_explain(text, sizeof(text), command, error, info, wanted);
	complain("%s: %s", node, text);
	error = abs(error);
	if (error == ENODEV ||
	    (command == DMABAY_CMD_OPEN && (error == ENOENT || error == ENXIO)))
		return EXIT_NO_DEVICE;
	return EXIT_FAILED;
}

int bad_option(const char *name, const char *value, const char *expected)
{
	complain("--%s=%s: %s expected", name, value, expected);
	return EXIT_USAGE;
}

uint64_t now_nanoseconds(void)
{
	return dmabay_deadline(0);
}

void progress_begin(struct progress *progress, const char *what, uint64_t total,
		    bool forced, bool quiet)
{
	progress->what = what;
	progress->total = total;
	progress->started = now_nanoseconds();
	progress->shown = progress->started;
	progress->terminal = isatty(STDERR_FILENO);
	progress->on = !quiet && (forced || progress->terminal);
}

static void progress_line(struct progress *progress, uint64_t done)
{
	uint64_t elapsed = now_nanoseconds() - progress->started;
	char bytes[24], rate[24], percent[16] = "", from[48] = "";
	uint64_t moved = done - progress->from;

	if (progress->total)
		snprintf(percent, sizeof(percent), " %3.0f %%",
			 100.0 * (double)done / (double)progress->total);
	if (progress->from)
		snprintf(from, sizeof(from), ", resumed at %s",
			 format_bytes(bytes, sizeof(bytes), progress->from));
	format_bytes(bytes, sizeof(bytes), done);
	format_bytes(rate, sizeof(rate),
		     elapsed ? (uint64_t)((double)moved * 1e9 / (double)elapsed) : 0);
	fprintf(stderr, "%s%s: %s%s, %s/s%s%s", progress->terminal ? "\r\033[K" : "",
		progress->what, bytes, percent, rate, from, progress->terminal ? "" : "\n");
}

void progress_show(struct progress *progress, uint64_t done)
{
	uint64_t now;

	if (!progress->on)
		return;
	now = now_nanoseconds();
	if (now - progress->shown < (progress->terminal ? TERMINAL_EVERY : LINE_EVERY))
		return;
	progress->shown = now;
	progress_line(progress, done);
}

void progress_end(struct progress *progress, uint64_t done)
{
	if (!progress->on)
		return;
	progress_line(progress, done);
	if (progress->terminal)
		fputc('\n', stderr);
}

static void stop_handler(int signal_number)
{
	(void)signal_number;
	stop = 1;
}

void catch_interrupts(void)
{
	struct sigaction action = { .sa_handler = stop_handler };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

bool interrupted(void)
{
	return stop;
}
