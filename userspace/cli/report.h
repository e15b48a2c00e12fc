/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The report of a benchmark: what was measured, and how it is printed.
 */
#ifndef DMABAY_CLI_REPORT_H
#define DMABAY_CLI_REPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "arm.h"
#include "event.h"
#include "latency.h"
#include "spread.h"
#include "work.h"

enum format {
	FORMAT_TEXT,
	FORMAT_JSON,
	FORMAT_CSV,
};

/* One arm in one row. */
struct measurement {
	struct spread ticks;	/* of a transfer; not counted: there is no such arm here */
	struct spread map, unmap;	/* of them, that alone; not counted: not told */
	double setup;		/* ticks, once: to reserve, to link the first time, to give back */
	double events[EVENTS];	/* of a transfer; NAN: nobody has counted it */
	uint32_t mark;		/* of their count, see mark.h */
	struct work work;
	int again;		/* see arm_try_again(), after the proof */
	struct latency latency;
};

/* One size and batch. */
struct row {
	uint64_t size;
	uint32_t batch;
	uint32_t iterations;	/* timed batches of each arm */
	uint32_t counted;	/* likewise */
	char skipped[320];	/* why, or "" */
	bool cut;		/* the reservation is smaller than the transfers */
	bool alternated;	/* arms took turns; else one after the other */
	int64_t registration;	/* ticks, once: to pin the memory, and to let it go */
	struct measurement arm[ARMS_MAX];
};

#define ROWS_MAX 128

struct report {
	const char *path;
	const char *memory;	/* "scattered", "thp", "contiguous" */
	const char *unit;	/* what a tick is called */
	uint32_t iterations;	/* of a row that is not too much */
	uint32_t counted;
	uint64_t work;		/* bytes: what is too much; 0: nothing */
	bool undisturbed;	/* a batch during which an interrupt came was timed once more */
	bool latency;		/* was measured, too */
	bool subtracted;	/* the device's own time is not in the ticks */
	double ticks_per_second;
	const char *source[EVENTS];
	bool own_count[EVENTS];
	struct dmabay_info info;
	const struct arm_type *arms[ARMS_MAX];
	int arm_count;
	struct row rows[ROWS_MAX];
	uint32_t count;
};

/* Of the arms, how many hold map registers, and how many stay linked. */
uint32_t report_reserved_arms(const struct report *report);
uint32_t report_linked_arms(const struct report *report);

/* Whether anything was. */
bool report_measured(const struct report *report);

/*
 * Of the arms that stay linked, in all rows of one batch: largest over smallest p50 of any
 * of them (0 if there is none, or it cannot be said), and all their events.
 */
double report_spread(const struct report *report);
double report_linked_events(const struct report *report);

/* How many times cheaper than the first arm; 0 if that cannot be said. */
double report_ratio(const struct row *row, int arm);

/* Ticks that were spent once for this arm, whatever the number of transfers. */
double report_once(const struct report *report, const struct row *row, int arm);

/*
 * After how many transfers the first arm would have cost more than this one, what each
 * costs once included; 0: never.
 */
uint64_t report_crossover(const struct report *report, const struct row *row, int arm);

/* Transfers, by the clock on the wall. */
double report_per_second(const struct row *row, int arm);

void report_print(const struct report *report, enum format format);
void report_print_text(const struct report *report);
void report_print_csv(const struct report *report);
void report_print_json(const struct report *report);

#endif /* DMABAY_CLI_REPORT_H */
