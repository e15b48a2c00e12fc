/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a transfer makes the kernel do, counted by the kernel's own tracepoints
 * and statistics and not by dmabay: maps, unmaps, IOTLB flushes, pinned pages.
 */
#ifndef DMABAY_CLI_EVENT_H
#define DMABAY_CLI_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "dmabay.h"
#include "tracer.h"

enum event_kind {
	EVENT_MAP,
	EVENT_UNMAP,
	EVENT_FLUSH,
	EVENT_PIN,
	EVENTS,
};

struct events {
	struct dmabay *bay;
	struct tracer tracer[EVENTS];	/* of those that can be traced */
	uint64_t start[EVENTS];
	uint32_t mark;			/* of this count, 0 if nobody watches */
};

const char *event_name(enum event_kind kind);

/*
 * From start to read the tracepoints are on. An event that cannot be traced is
 * taken from dmabay's counters; event_source() says so.
 */
void events_open(struct events *events, struct dmabay *bay);
void events_close(struct events *events);

const char *event_source(const struct events *events, enum event_kind kind);
bool event_is_own_count(const struct events *events, enum event_kind kind);

void events_start(struct events *events);
/* What it was since the start. */
void events_read(const struct events *events, uint64_t count[EVENTS]);

#endif /* DMABAY_CLI_EVENT_H */
