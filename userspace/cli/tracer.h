/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tracer: how often some of the kernel's tracepoints, or one of its functions, were hit. Each
 * has a tracefs instance of its own, with a small ring buffer whose "entries" plus "overrun" is
 * that number.
 */
#ifndef DMABAY_CLI_TRACER_H
#define DMABAY_CLI_TRACER_H

#include <stdbool.h>
#include <stdint.h>

#define TRACER_EVENTS_MAX 3

struct tracepoints {
	const char *name;	/* of the instance */
	const char *events[TRACER_EVENTS_MAX];	/* below events/; NULL behind the last one */
	const char *filter;	/* of each, or NULL */
	const char *function;	/* of the kernel, whose calls are counted in their place; or NULL */
};

struct tracer {
	const struct tracepoints *points;
	bool thread;
	char directory[128];	/* "" if there is none */
	char probe[96];		/* of a function: its event; "" if there is none */
	int control;		/* "tracing_on", open */
};

/*
 * Returns false if one of the events cannot be traced; then there is no tracer. It is a lot of
 * work, and so is tracer_close().
 */
bool tracer_open(struct tracer *tracer, const struct tracepoints *points, bool thread);
void tracer_close(struct tracer *tracer);
bool tracer_is_open(const struct tracer *tracer);

/*
 * From start to stop it counts what happens; if it is one of a thread, what the caller of start
 * does. Before and afterwards it costs nobody anything.
 */
void tracer_start(const struct tracer *tracer);
void tracer_stop(const struct tracer *tracer);

/* In between: one system call each, which allocates nothing. */
void tracer_switch(const struct tracer *tracer, bool on);

uint64_t tracer_count(const struct tracer *tracer);

/* Adds up the numbers of the lines of a file that begin with @key. */
uint64_t sum_lines(const char *path, const char *key);

#endif /* DMABAY_CLI_TRACER_H */
