// SPDX-License-Identifier: GPL-2.0-only
/*
 * State: what may be called on a transaction when, and where it leads.
 *
 * One table of calls by states. Everything that is said about states is said here:
 * what is legal, what the next state can be, and the words for both, which warnings,
 * tracepoints, debugfs and the tests all take from the lists behind this table
 * (dmabay_private.h). "Refuse" is nobody's call: the core could not get map
 * registers, or could not map.
 */
#include <linux/bitops.h>
#include <linux/bug.h>
#include <linux/export.h>

#include "dmabay_private.h"

#define C BIT(DMABAY_CREATED)
#define I BIT(DMABAY_INITIALIZED)
#define V BIT(DMABAY_RESERVED)
#define T BIT(DMABAY_TRANSFER)
#define D BIT(DMABAY_COMPLETED)
#define F BIT(DMABAY_FAILED)
#define R BIT(DMABAY_RELEASED)
#define X BIT(DMABAY_DELETED)

const u16 dmabay_state_edges[DMABAY_CALLS][DMABAY_STATES] = {
	/*				   C      I      V      T      D  F  R      X */
	[DMABAY_CALL_INITIALIZE] =	 { I | R, 0,     I | R, 0,     0, 0, I | R, 0 },
	[DMABAY_CALL_RESERVE] =		 { V | F, V | F, 0,     0,     0, 0, V | F, 0 },
	[DMABAY_CALL_RESERVE_DERIVED] =	 { 0,     V | F, 0,     0,     0, 0, 0,     0 },
	[DMABAY_CALL_FREE_RESERVATION] = { 0,     R,     R,     0,     R, R, R,     0 },
	[DMABAY_CALL_EXECUTE] =		 { 0,     T,     0,     0,     0, 0, 0,     0 },
	[DMABAY_CALL_REFUSE] =		 { 0,     0,     F,     F,     0, 0, 0,     0 },
	[DMABAY_CALL_COMPLETED] =	 { 0,     0,     0, T | D | F, 0, 0, 0,     0 },
	[DMABAY_CALL_RELEASE] =		 { R,     R,     R,     0,     R, R, R,     0 },
	[DMABAY_CALL_DELETE] =		 { X,     X,     X,     0,     X, X, X,     0 },
	[DMABAY_CALL_CANCEL] =		 { 0,     I,     V | F, T | F, D, F, 0,     0 },
	[DMABAY_CALL_SET_IMMEDIATE] =	 { C,     I,     0,     0,     0, 0, R,     0 },
	[DMABAY_CALL_SET_MAX_LENGTH] =	 { 0,     I,     V,     T,     0, 0, 0,     0 },
	[DMABAY_CALL_SET_SINGLE_TRANSFER] = { C,  0,     V,     0,     0, 0, R,     0 },
	[DMABAY_CALL_TRANSFER_INFO] =	 { 0,     I,     0,     0,     0, 0, 0,     0 },
	[DMABAY_CALL_CHANNEL] =		 { 0,     I,     V,     T,     D, F, 0,     0 },
};
EXPORT_SYMBOL_GPL(dmabay_state_edges);

#define NAME(symbol, name) name,

static const char *const state_names[DMABAY_STATES] = { DMABAY_STATE_LIST(NAME) };
static const char *const call_names[DMABAY_CALLS] = { DMABAY_CALL_LIST(NAME) };

/**
 * dmabay_state_name() - The word for a state
 * @state: the state
 *
 * Return: the word.
 */
const char *dmabay_state_name(enum dmabay_state state)
{
	return state_names[state];
}
EXPORT_SYMBOL_GPL(dmabay_state_name);

/**
 * dmabay_call_name() - The word for a call
 * @call: the call
 *
 * Return: the word.
 */
const char *dmabay_call_name(enum dmabay_call call)
{
	return call_names[call];
}
EXPORT_SYMBOL_GPL(dmabay_call_name);

/**
 * dmabay_state_illegal() - Refuse a call
 * @state: of the transaction
 * @call: the call
 *
 * Each kind of call warns once; but whoever holds a reference to a deleted transaction
 * may call without knowing that it is.
 *
 * Return: -EBADFD.
 */
int dmabay_state_illegal(enum dmabay_state state, enum dmabay_call call)
{
	static unsigned long warned[BITS_TO_LONGS(DMABAY_CALLS)];

	WARN(state != DMABAY_DELETED && !test_and_set_bit(call, warned),
	     "dmabay: %s of a transaction that is %s\n",
	     call_names[call], state_names[state]);
	return -EBADFD;
}
