// SPDX-License-Identifier: GPL-2.0-only
/*
 * Request: what somebody asked the driver for, as far as a transaction has to know.
 *
 * The request is the driver's, and so is its reference count; a transaction only
 * takes one reference while it executes. How many do is counted, so that the driver
 * can be told when it is about to complete a request too early.
 */
#include <linux/export.h>

#include "dmabay_private.h"

/* Where each kind says how long it is, by direction; 0: not in this direction. */
static const size_t lengths[][2] = {
#define LENGTH(member) offsetof(struct dmabay_request, member)
	[DMABAY_REQUEST_READ] = { [DMABAY_READ_FROM_DEVICE] = LENGTH(output_length) },
	[DMABAY_REQUEST_WRITE] = { [DMABAY_WRITE_TO_DEVICE] = LENGTH(input_length) },
	[DMABAY_REQUEST_BUFFERED] = {
		[DMABAY_READ_FROM_DEVICE] = LENGTH(output_length),
		[DMABAY_WRITE_TO_DEVICE] = LENGTH(input_length),
	},
	[DMABAY_REQUEST_IN_DIRECT] = { [DMABAY_WRITE_TO_DEVICE] = LENGTH(output_length) },
	[DMABAY_REQUEST_OUT_DIRECT] = { [DMABAY_READ_FROM_DEVICE] = LENGTH(output_length) },
	[DMABAY_REQUEST_NEITHER] = {},
#undef LENGTH
};

/**
 * dmabay_request_range() - How much of its memory a request is about
 * @request: the request
 * @direction: which way; exists
 * @length: out: bytes, from the start of the memory
 *
 * Return: 0, -EOPNOTSUPP (not this way, or no bytes), -EINVAL (no memory).
 */
int dmabay_request_range(const struct dmabay_request *request, enum dmabay_direction direction,
			 size_t *length)
{
	size_t at;

	if (request->kind < 0 || request->kind >= ARRAY_SIZE(lengths))
		return -EOPNOTSUPP;
	at = lengths[request->kind][direction];
	if (!at)
		return -EOPNOTSUPP;
	if (!request->memory)
		return -EINVAL;
	*length = *(const size_t *)((const u8 *)request + at);
	return *length ? 0 : -EOPNOTSUPP;
}

/**
 * dmabay_request_begin() - An execution begins
 * @request: the request, or NULL
 *
 * Context: any.
 */
void dmabay_request_begin(struct dmabay_request *request)
{
	struct dmabay_context saved;

	if (!request)
		return;
	atomic_inc(&request->executing);
	if (request->get) {
		dmabay_context_save(&saved);
		request->get(request);
		dmabay_context_compare(&saved, "request get", request->get);
	}
}

/**
 * dmabay_request_end() - Undo dmabay_request_begin()
 * @request: the request, or NULL; may be gone afterwards
 *
 * Context: any.
 */
void dmabay_request_end(struct dmabay_request *request)
{
	void (*put)(struct dmabay_request *request);
	struct dmabay_context saved;

	if (!request)
		return;
	atomic_dec(&request->executing);
	put = request->put;
	if (put) {
		dmabay_context_save(&saved);
		put(request);
		dmabay_context_compare(&saved, "request put", put);
	}
}

int dmabay_request_may_complete(struct dmabay_request *request)
{
	if (!atomic_read(&request->executing))
		return 0;
	WARN_ONCE(1, "dmabay: a request is completed while a transaction executes it\n");
	return -EBADFD;
}
EXPORT_SYMBOL_GPL(dmabay_request_may_complete);
