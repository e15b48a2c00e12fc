// SPDX-License-Identifier: GPL-2.0-only
/*
 * State: what may be called on a transaction when.
 *
 * One table of calls by states. Where a call leads is said where it is made
 * (transaction.c); that it may be made at all is said here, once.
 */
#include <linux/bitops.h>
#include <linux/bug.h>

#include "dmabay_private.h"

static const char *const state_names[DMABAY_STATES] = {
	[DMABAY_CREATED] = "created",
	[DMABAY_INITIALIZED] = "initialized",
	[DMABAY_RESERVED] = "reserved",
	[DMABAY_TRANSFER] = "transfer",
	[DMABAY_COMPLETED] = "completed",
	[DMABAY_FAILED] = "failed",
	[DMABAY_RELEASED] = "released",
	[DMABAY_DELETED] = "deleted",
};

#define C BIT(DMABAY_CREATED)
#define I BIT(DMABAY_INITIALIZED)
#define V BIT(DMABAY_RESERVED)
#define T BIT(DMABAY_TRANSFER)
#define D BIT(DMABAY_COMPLETED)
#define F BIT(DMABAY_FAILED)
#define R BIT(DMABAY_RELEASED)

static const struct {
	const char *name;
	u16 states;
} calls[DMABAY_CALLS] = {
	[DMABAY_CALL_INITIALIZE] = { "initialize", C | V | R },
	[DMABAY_CALL_RESERVE] = { "reserve", C | I | R },
	[DMABAY_CALL_RESERVE_DERIVED] = { "reserve (derived count)", I },
	[DMABAY_CALL_FREE_RESERVATION] = { "free_reservation", I | V | D | F | R },
	[DMABAY_CALL_EXECUTE] = { "execute", I },
	[DMABAY_CALL_COMPLETED] = { "completed", T },
	[DMABAY_CALL_RELEASE] = { "release", C | I | V | D | F | R },
	[DMABAY_CALL_DELETE] = { "delete", C | I | V | D | F | R },
	[DMABAY_CALL_CANCEL] = { "cancel", I | V | T | D | F },
	[DMABAY_CALL_SET_IMMEDIATE] = { "set_immediate", C | I | R },
	[DMABAY_CALL_SET_MAX_LENGTH] = { "set_max_length", I | V | T },
	[DMABAY_CALL_TRANSFER_INFO] = { "transfer_info", I },
};

/**
 * dmabay_state_allows() - May this be called now?
 * @state: of the transaction
 * @call: the call
 *
 * Return: whether it may.
 */
bool dmabay_state_allows(enum dmabay_state state, enum dmabay_call call)
{
	return calls[call].states & BIT(state);
}

/**
 * dmabay_state_illegal() - Refuse a call
 * @state: of the transaction
 * @call: the call
 *
 * Each kind of call warns once.
 *
 * Return: -EBADFD.
 */
int dmabay_state_illegal(enum dmabay_state state, enum dmabay_call call)
{
	static unsigned long warned[BITS_TO_LONGS(DMABAY_CALLS)];

	WARN(!test_and_set_bit(call, warned), "dmabay: %s of a transaction that is %s\n",
	     calls[call].name, state_names[state]);
	return -EBADFD;
}
