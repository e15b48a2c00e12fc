/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Request: attached to a transaction until it is released, referenced while it
 * executes (5.2 to 5.4, and the request rows of 3.2).
 *
 * An execution takes one reference and gives it back once, however it ends; nothing
 * else touches the count. Every test counts.
 *
 *  - request.c: a request that is counted;
 *  - request_endings.c: the ways in which an execution ends;
 *  - request_kunit.c: what can be attached, and until when; and the list of all tests.
 */
#ifndef _DMABAY_REQUEST_H
#define _DMABAY_REQUEST_H

#include "rig.h"

/* @transaction: if set, the only one that uses it; asked inside @get and @put. */
struct request_counted {
	struct dmabay_request request;
	struct kunit *test;
	struct dmabay_transaction *transaction;
	unsigned int gets;
	unsigned int puts;
};

/* What request_expect_executing() has heard so far. */
extern int request_warnings;

/* The request cannot be completed now. */
void request_expect_executing(struct kunit *test, struct request_counted *counted);
/* So many references were taken, and given back; with none out it can be completed. */
void request_expect(struct request_counted *counted, unsigned int gets, unsigned int puts);
struct request_counted *request_new(struct rig *rig, enum dmabay_request_kind kind,
				    struct rig_buffer *buffer, size_t input_length,
				    size_t output_length);
/* One that reads into all of the buffer. */
struct request_counted *request_read(struct rig *rig, struct rig_buffer *buffer);
/* An initialization that may be refused, and may warn. */
int request_try(struct rig_transaction *t, struct request_counted *counted,
		enum dmabay_direction direction);
/* Initialize with a request that no other transaction uses. */
void request_attach(struct rig_transaction *t, struct request_counted *counted);
void request_expect_attached(struct rig_transaction *t, struct request_counted *counted);
void request_expect_state(struct rig_transaction *t, const char *name);

/* request_endings.c */
void request_one_reference_whatever_ends(struct kunit *test);
void request_one_reference_with_reservation(struct kunit *test);
void request_cancelled_between_transfers(struct kunit *test);
void request_immediate_between_transfers(struct kunit *test);
void request_map_failed_between_transfers(struct kunit *test);
void request_deleted(struct kunit *test);
void request_pending_reservation_deleted(struct kunit *test);
void request_without_get_and_put(struct kunit *test);

#endif /* _DMABAY_REQUEST_H */
