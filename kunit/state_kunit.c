// SPDX-License-Identifier: GPL-2.0-only
/*
 * State: every call in every state (3.1, with the decisions of 6.1, 6.3 and 6.4).
 *
 * The table here is written from the behaviour, not from the core's own: a fresh
 * transaction is brought into each state by public calls, one call is made, and its
 * result, the state after it, and whether it warned are compared. What a call must
 * not change is compared, too. In the end the core's table of edges has to be what
 * was seen: nothing more, nothing less.
 */
#include <kunit/static_stub.h>
#include <linux/bits.h>
#include <linux/module.h>

#include "../module/dmabay_private.h"
#include "rig.h"

/* One try: a transaction in a state, and what it took to bring it there. */
struct state_try {
	struct rig *rig;
	struct rig_transaction *t;
	/* with a reference of ours, so that a deleted one can be asked, too */
	struct dmabay_transaction *transaction;
	/* in line before it */
	struct rig_transaction *other;
	bool holding;
	/* 8192 and 16384 bytes: one transfer and two */
	struct dmabay_request *request;
	struct dmabay_request *long_request;
};

static int state_initialize_request(struct state_try *try)
{
	return dmabay_transaction_initialize_request(try->transaction, try->request, rig_program,
						     DMABAY_READ_FROM_DEVICE);
}

static int state_initialize_long(struct state_try *try)
{
	return dmabay_transaction_initialize_request(try->transaction, try->long_request,
						     rig_program, DMABAY_READ_FROM_DEVICE);
}

static int state_initialize(struct state_try *try)
{
	return dmabay_transaction_initialize(try->transaction, rig_program,
					     DMABAY_READ_FROM_DEVICE, try->request->memory, 8192);
}

static int state_initialize_nothing(struct state_try *try)
{
	return dmabay_transaction_initialize(try->transaction, rig_program,
					     DMABAY_READ_FROM_DEVICE, try->request->memory, 0);
}

static int state_reserve_count(struct state_try *try, unsigned int map_registers)
{
	return dmabay_transaction_reserve(try->transaction, DMABAY_READ_FROM_DEVICE,
					  map_registers, rig_reserved, try->t);
}

static int state_reserve(struct state_try *try)
{
	return state_reserve_count(try, 2);
}

static int state_reserve_derived(struct state_try *try)
{
	return state_reserve_count(try, 0);
}

static int state_reserve_too_many(struct state_try *try)
{
	return state_reserve_count(try, 4);
}

static int state_reserve_no_callback(struct state_try *try)
{
	return dmabay_transaction_reserve(try->transaction, DMABAY_READ_FROM_DEVICE, 2, NULL,
					  try->t);
}

static int state_hold(struct state_try *try)
{
	rig_hold(try->rig, rig_free_registers(try->rig));
	try->holding = true;
	return 0;
}

static int state_free_reservation(struct state_try *try)
{
	return dmabay_transaction_free_reservation(try->transaction);
}

static int state_execute(struct state_try *try)
{
	return dmabay_transaction_execute(try->transaction, try->t);
}

static int state_set_single(struct state_try *try)
{
	dmabay_transaction_set_single_transfer(try->transaction, true);
	return 0;
}

static int state_set_immediate(struct state_try *try)
{
	dmabay_transaction_set_immediate(try->transaction, true);
	return 0;
}

/* Now, or not at all; and not now. */
static int state_hold_immediate(struct state_try *try)
{
	state_hold(try);
	return state_set_immediate(try);
}

/* What it waits for is there. 0 if that was told, once. */
static int state_grant(struct state_try *try)
{
	unsigned int told = try->t->programmed + try->t->reserved;

	rig_unhold(try->rig);
	try->holding = false;
	return try->t->programmed + try->t->reserved == told + 1 ? 0 : -ENOENT;
}

static int state_map_fails(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			   struct dmabay_memory *memory, size_t offset, size_t *length,
			   enum dmabay_direction direction, struct dmabay_sg_list *list)
{
	return -EIO;
}

/* The same, and it cannot be mapped. */
static int state_refuse(struct state_try *try)
{
	struct kunit *test = try->rig->test;
	int ret;

	kunit_activate_static_stub(test, dmabay_adapter_map_transfer, state_map_fails);
	ret = state_grant(try);
	kunit_deactivate_static_stub(test, dmabay_adapter_map_transfer);
	return ret == -ENOENT ? 0 : -EEXIST;
}

static int state_completed(struct state_try *try)
{
	return dmabay_transaction_completed(try->transaction);
}

static int state_completed_part(struct state_try *try)
{
	return dmabay_transaction_completed_length(try->transaction, 4096);
}

static int state_completed_length(struct state_try *try)
{
	return dmabay_transaction_completed_length(try->transaction, 8192);
}

static int state_completed_too_long(struct state_try *try)
{
	return dmabay_transaction_completed_length(try->transaction, 8193);
}

static int state_completed_final(struct state_try *try)
{
	return dmabay_transaction_completed_final(try->transaction, 8);
}

static int state_completed_final_too_long(struct state_try *try)
{
	return dmabay_transaction_completed_final(try->transaction, 8193);
}

static int state_release(struct state_try *try)
{
	return dmabay_transaction_release(try->transaction);
}

static int state_delete(struct state_try *try)
{
	dmabay_transaction_delete(try->transaction);
	return 0;
}

static int state_cancel(struct state_try *try)
{
	return dmabay_transaction_cancel(try->transaction);
}

static int state_unlink(struct state_try *try)
{
	return dmabay_transaction_unlink(try->transaction, NULL);
}

static int state_set_failed(struct state_try *try)
{
	dmabay_transaction_set_failed(try->transaction, NULL);
	return 0;
}

static int state_set_max_length(struct state_try *try)
{
	dmabay_transaction_set_max_length(try->transaction, 4096);
	return 0;
}

static int state_transfer_info(struct state_try *try)
{
	return dmabay_transaction_transfer_info(try->transaction, NULL, NULL);
}

static int state_channel(struct state_try *try)
{
	return dmabay_transaction_channel(try->transaction) ? 0 : -EBADFD;
}

/* Another one goes in line behind the first transfer, and gets its registers. */
static int state_wait_again(struct state_try *try)
{
	struct kunit *test = try->rig->test;

	try->other = rig_transaction(try->rig);
	KUNIT_ASSERT_EQ(test, 0,
			dmabay_transaction_initialize(try->other->transaction, rig_program,
						      DMABAY_READ_FROM_DEVICE,
						      try->request->memory, 8192));
	KUNIT_ASSERT_EQ(test, rig_execute(try->other), 0);
	KUNIT_ASSERT_EQ(test, state_completed(try), -EINPROGRESS);
	KUNIT_ASSERT_EQ(test, try->other->programmed, 1);
	KUNIT_ASSERT_EQ(test, try->t->programmed, 1);
	return 0;
}

/* The steps that lead to a state, with what they return. */
static const struct {
	char letter;
	int (*call)(struct state_try *try);
	int result;
} state_steps[] = {
	{ 'h', state_hold, 0 },
	{ 'i', state_initialize_request, 0 },
	{ 'l', state_initialize_long, 0 },
	{ 'r', state_reserve, 0 },
	{ 'e', state_execute, 0 },
	{ 'w', state_wait_again, 0 },
	{ 'c', state_completed_final, 0 },
	{ 'f', state_completed_too_long, -EINVAL },
	{ 'R', state_release, 0 },
	{ 'X', state_delete, 0 },
};

/* In the order of the columns below; @lists: there is no such wait with packets. */
static const struct state_from {
	const char *name;
	enum dmabay_state state;
	const char *steps;
	bool lists;
} state_froms[] = {
	{ "created", DMABAY_CREATED, "" },
	{ "initialized", DMABAY_INITIALIZED, "i" },
	{ "initialized (long)", DMABAY_INITIALIZED, "l" },
	{ "initialized (reserved)", DMABAY_INITIALIZED, "ri" },
	{ "reserved (pending)", DMABAY_RESERVED, "ihr" },
	{ "reserved", DMABAY_RESERVED, "ir" },
	{ "transfer (waiting)", DMABAY_TRANSFER, "hie" },
	{ "transfer (waiting again)", DMABAY_TRANSFER, "lew", true },
	{ "transfer", DMABAY_TRANSFER, "le" },
	{ "transfer (last)", DMABAY_TRANSFER, "ie" },
	{ "transfer (reserved)", DMABAY_TRANSFER, "rie" },
	{ "completed", DMABAY_COMPLETED, "iec" },
	{ "completed (reserved)", DMABAY_COMPLETED, "riec" },
	{ "failed", DMABAY_FAILED, "ief" },
	{ "failed (reserved)", DMABAY_FAILED, "rief" },
	{ "released", DMABAY_RELEASED, "iecR" },
	{ "released (reserved)", DMABAY_RELEASED, "riecR" },
	{ "deleted", DMABAY_DELETED, "iX" },
};

/*
 * What a call does: result and next state, in the order of the states above.
 *
 * Results: 0 b e m p s - 0, -EBUSY, -EINVAL, -ENOMEM, -EINPROGRESS, -EMSGSIZE;
 * t f - true, false; x w - refused with -EBADFD, refused with false;
 * . ! _ - nothing returned: done, warned of, ignored. --: not tried.
 *
 * @call: DMABAY_CALLS if it is no call of its own
 * @prepare: what is done in the state first
 * @packets: of packet profiles; lists refuse it with -EOPNOTSUPP in every state
 */
static const struct state_call {
	const char *name;
	enum dmabay_call call;
	int (*make)(struct state_try *try);
	const char *outcomes;
	int (*prepare)(struct state_try *try);
	bool packets;
} state_calls[] = {
	/*	 C  I  Il Ir Vp V  Tw Tv T  Tl Tr D  Dr F  Fr R  Rr X */
	{ "initialize", DMABAY_CALL_INITIALIZE, state_initialize,
		"0I xI xI xI xV 0I xT xT xT xT xT xD xD xF xF 0I 0I xX" },
	{ "initialize_request", DMABAY_CALL_INITIALIZE, state_initialize_request,
		"0I xI xI xI xV 0I xT xT xT xT xT xD xD xF xF 0I 0I xX" },
	{ "initialize of what cannot be", DMABAY_CALL_INITIALIZE, state_initialize_long,
		"sR -- -- -- -- sR -- -- -- -- -- -- -- -- -- sR sR --",
		.prepare = state_set_single },
	{ "initialize of nothing", DMABAY_CALLS, state_initialize_nothing,
		"eC eI eI eI eV eV eT eT eT eT eT eD eD eF eF eR eR --" },
	{ "reserve", DMABAY_CALL_RESERVE, state_reserve,
		"0V 0V 0V xI xV xV xT xT xT xT xT xD xD xF xF 0V xR xX",
		.packets = true },
	{ "reserve of 0", DMABAY_CALL_RESERVE_DERIVED, state_reserve_derived,
		"xC 0V mF xI xV xV xT xT xT xT xT xD xD xF xF xR xR xX",
		.packets = true },
	{ "reserve of too many", DMABAY_CALL_RESERVE, state_reserve_too_many,
		"mF mF mF xI xV xV xT xT xT xT xT xD xD xF xF mF xR xX",
		.packets = true },
	{ "reserve at once", DMABAY_CALL_RESERVE, state_reserve,
		"mF mF mF -- -- -- -- -- -- -- -- -- -- -- -- mF -- --",
		.prepare = state_hold_immediate, .packets = true },
	{ "reserve without callback", DMABAY_CALLS, state_reserve_no_callback,
		"eC eI eI eI eV eV eT eT eT eT eT eD eD eF eF eR eR --",
		.packets = true },
	{ "free_reservation", DMABAY_CALL_FREE_RESERVATION, state_free_reservation,
		"xC 0R 0R 0R 0R 0R xT xT xT xT xT 0R 0R 0R 0R 0R 0R xX",
		.packets = true },
	{ "execute", DMABAY_CALL_EXECUTE, state_execute,
		"xC 0T 0T 0T xV xV xT xT xT xT xT xD xD xF xF xR xR xX" },
	{ "execute at once", DMABAY_CALLS, state_execute,
		"-- mF mF 0T -- -- -- -- -- -- -- -- -- -- -- -- -- --",
		.prepare = state_hold_immediate },
	{ "grant", DMABAY_CALLS, state_grant,
		"-- -- -- -- 0V -- 0T -- -- -- -- -- -- -- -- -- -- --" },
	{ "refuse", DMABAY_CALL_REFUSE, state_refuse,
		"-- -- -- -- -- -- 0F -- -- -- -- -- -- -- -- -- -- --" },
	{ "completed", DMABAY_CALL_COMPLETED, state_completed,
		"xC xI xI xI xV xV xT xT pT 0D 0D xD xD xF xF xR xR xX" },
	{ "completed_length of a part", DMABAY_CALL_COMPLETED, state_completed_part,
		"xC xI xI xI xV xV xT xT pT pT pT xD xD xF xF xR xR xX" },
	{ "completed_length", DMABAY_CALL_COMPLETED, state_completed_length,
		"xC xI xI xI xV xV xT xT pT 0D 0D xD xD xF xF xR xR xX" },
	{ "completed_length too long", DMABAY_CALL_COMPLETED, state_completed_too_long,
		"xC xI xI xI xV xV xT xT eF eF eF xD xD xF xF xR xR xX" },
	{ "completed_final", DMABAY_CALL_COMPLETED, state_completed_final,
		"xC xI xI xI xV xV xT xT 0D 0D 0D xD xD xF xF xR xR xX" },
	{ "completed_final too long", DMABAY_CALL_COMPLETED, state_completed_final_too_long,
		"xC xI xI xI xV xV xT xT eF eF eF xD xD xF xF xR xR xX" },
	{ "release", DMABAY_CALL_RELEASE, state_release,
		"0R 0R 0R 0R 0R 0R xT xT xT xT xT 0R 0R 0R 0R 0R 0R xX" },
	{ "delete", DMABAY_CALL_DELETE, state_delete,
		".X .X .X .X .X .X !T !T !T !T !T .X .X .X .X .X .X !X" },
	{ "cancel", DMABAY_CALL_CANCEL, state_cancel,
		"wC fI fI fI tF fV tF tF fT fT fT fD fD fF fF wR wR wX" },
	{ "unlink", DMABAY_CALLS, state_unlink,
		"0C 0I 0I 0I 0V 0V 0T 0T bT bT bT 0D 0D 0F 0F 0R 0R xX" },
	{ "set_failed", DMABAY_CALLS, state_set_failed,
		".C .I .I .I .V .V .T .T .T .T .T .D .D .F .F .R .R .X" },
	{ "set_immediate", DMABAY_CALL_SET_IMMEDIATE, state_set_immediate,
		".C .I .I .I !V !V !T !T !T !T !T !D !D !F !F .R .R !X" },
	{ "set_max_length", DMABAY_CALL_SET_MAX_LENGTH, state_set_max_length,
		"_C .I .I .I .V .V .T .T .T .T .T _D _D _F _F _R _R _X" },
	{ "set_single_transfer", DMABAY_CALL_SET_SINGLE_TRANSFER, state_set_single,
		".C !I !I !I .V .V !T !T !T !T !T !D !D !F !F .R .R !X" },
	{ "transfer_info", DMABAY_CALL_TRANSFER_INFO, state_transfer_info,
		"xC 0I 0I 0I xV xV xT xT xT xT xT xD xD xF xF xR xR xX" },
	{ "channel", DMABAY_CALL_CHANNEL, state_channel,
		"xC 0I 0I 0I 0V 0V 0T 0T 0T 0T 0T 0D 0D 0F 0F xR xR xX" },
};

/* @legal: it did something, so the core's table must have it; @warns: the first one */
static const struct state_result {
	char letter;
	int result;
	bool legal;
	bool warns;
} state_results[] = {
	{ '0', 0, true }, { 'b', -EBUSY, true }, { 'e', -EINVAL, true, true },
	{ 'm', -ENOMEM, true }, { 'p', -EINPROGRESS, true }, { 's', -EMSGSIZE, true },
	{ 't', true, true }, { 'f', false, true }, { '.', 0, true }, { '_', 0, false },
	{ 'x', -EBADFD, false, true }, { 'w', false, false, true }, { '!', 0, false, true },
	{ 'o', -EOPNOTSUPP, false, true },
};

static const char state_letters[] = {
	[DMABAY_CREATED] = 'C', [DMABAY_INITIALIZED] = 'I', [DMABAY_RESERVED] = 'V',
	[DMABAY_TRANSFER] = 'T', [DMABAY_COMPLETED] = 'D', [DMABAY_FAILED] = 'F',
	[DMABAY_RELEASED] = 'R', [DMABAY_DELETED] = 'X',
};

/* The words of the public header. */
static const char *const state_words[] = {
	[DMABAY_CREATED] = "created", [DMABAY_INITIALIZED] = "initialized",
	[DMABAY_RESERVED] = "reserved", [DMABAY_TRANSFER] = "transfer",
	[DMABAY_COMPLETED] = "completed", [DMABAY_FAILED] = "failed",
	[DMABAY_RELEASED] = "released", [DMABAY_DELETED] = "deleted",
};

static const struct state_result *state_result_of(struct kunit *test, char letter)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(state_results); i++) {
		if (state_results[i].letter == letter)
			return &state_results[i];
	}
	KUNIT_FAIL_AND_ABORT(test, "no such result: %c", letter);
	return NULL;
}

static enum dmabay_state state_of(struct kunit *test, char letter)
{
	const char *at = memchr(state_letters, letter, sizeof(state_letters));

	KUNIT_ASSERT_NOT_NULL_MSG(test, at, "no such state: %c", letter);
	return at - state_letters;
}

/* All that can be seen from outside. */
struct state_view {
	const char *name;
	size_t bytes_transferred;
	size_t current_length;
	struct dmabay_request *request;
	unsigned int registers;
	unsigned int elements;
	unsigned int free_registers;
	unsigned int waiters;
	unsigned int programmed;
	unsigned int reserved;
};

static void state_look(struct state_try *try, struct state_view *view)
{
	struct dmabay_transaction *transaction = try->transaction;

	memset(view, 0, sizeof(*view));
	view->name = dmabay_transaction_state_name(transaction);
	view->bytes_transferred = dmabay_transaction_bytes_transferred(transaction);
	view->current_length = dmabay_transaction_current_length(transaction);
	view->request = dmabay_transaction_request(transaction);
	if (!strcmp(view->name, state_words[DMABAY_INITIALIZED]))
		KUNIT_EXPECT_EQ(try->rig->test, 0,
				dmabay_transaction_transfer_info(transaction, &view->registers,
								 &view->elements));
	view->free_registers = rig_free_registers(try->rig);
	view->waiters = rig_waiters(try->rig);
	view->programmed = try->t->programmed;
	view->reserved = try->t->reserved;
	KUNIT_EXPECT_PTR_EQ(try->rig->test, dmabay_transaction_device(transaction),
			    try->rig->dev);
}

static void state_step(struct state_try *try, char letter)
{
	struct kunit *test = try->rig->test;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(state_steps); i++) {
		if (state_steps[i].letter == letter) {
			RIG_EXPECT_QUIET(test, state_steps[i].call(try), state_steps[i].result);
			return;
		}
	}
	KUNIT_FAIL_AND_ABORT(test, "no such step: %c", letter);
}

static void state_enter(struct state_try *try, const struct state_from *from)
{
	const char *step;

	try->t = rig_transaction(try->rig);
	try->transaction = dmabay_transaction_get(try->t->transaction);
	try->other = NULL;
	try->holding = false;
	for (step = from->steps; *step; step++)
		state_step(try, *step);
	KUNIT_ASSERT_STREQ_MSG(try->rig->test, dmabay_transaction_state_name(try->transaction),
			       state_words[from->state], "%s", from->name);
}

/* Whatever state it is in, it ends here, and all map registers come back. */
static void state_leave(struct state_try *try)
{
	struct dmabay_transaction *transaction = try->transaction;
	struct kunit *test = try->rig->test;

	if (try->holding)
		rig_unhold(try->rig);
	if (try->other)
		rig_finish(try->other);
	if (dmabay_transaction_current_length(transaction))
		dmabay_transaction_completed_final(transaction,
						   dmabay_transaction_current_length(transaction));
	if (strcmp(dmabay_transaction_state_name(transaction), state_words[DMABAY_DELETED]))
		rig_delete(try->t);
	try->t->transaction = NULL;
	dmabay_transaction_put(transaction);
	KUNIT_ASSERT_EQ(test, rig_free_registers(try->rig), 3);
	KUNIT_ASSERT_EQ(test, rig_waiters(try->rig), 0);
}

/* What has been seen, by call and state. */
struct state_seen {
	u16 edges[DMABAY_CALLS][DMABAY_STATES];
};

static void state_expect_unchanged(struct state_try *try, const struct state_view *before,
				   const struct state_call *call, const struct state_from *from)
{
	struct state_view after;

	state_look(try, &after);
	KUNIT_EXPECT_MEMEQ_MSG(try->rig->test, &after, before, sizeof(after),
			       "%s in %s changes what it must not", call->name, from->name);
}

/* Make one call in one state. Returns how often it warned. */
static int state_try_call(struct state_try *try, const struct state_call *call,
			  const struct state_from *from, const char *outcome,
			  struct state_seen *seen)
{
	struct kunit *test = try->rig->test;
	const struct state_result *result = state_result_of(test, outcome[0]);
	enum dmabay_state to = state_of(test, outcome[1]);
	struct state_view before;
	int ret = 0, warnings = 0;

	state_enter(try, from);
	if (call->prepare)
		call->prepare(try);
	state_look(try, &before);
	kunit_warning_suppress(test) {
		ret = call->make(try);
		warnings = KUNIT_SUPPRESSED_WARNING_COUNT();
	}
	KUNIT_EXPECT_EQ_MSG(test, ret, result->result, "%s in %s", call->name, from->name);
	KUNIT_EXPECT_STREQ_MSG(test, dmabay_transaction_state_name(try->transaction),
			       state_words[to], "%s in %s", call->name, from->name);
	if (!result->warns)
		KUNIT_EXPECT_EQ_MSG(test, warnings, 0, "%s in %s warns", call->name, from->name);
	else if (!result->legal)
		rig_count_warnings(test, warnings);
	if (!result->legal || (ret == -EINVAL && to == from->state))
		state_expect_unchanged(try, &before, call, from);
	if (result->legal && call->call != DMABAY_CALLS)
		seen->edges[call->call][from->state] |= BIT(to);
	state_leave(try);
	return warnings;
}

static void state_try_states(struct state_try *try, const struct state_call *call,
			     struct state_seen *seen)
{
	bool lists = try->rig->param->profile == DMABAY_PROFILE_SCATTER_GATHER;
	struct kunit *test = try->rig->test;
	int warnings = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(state_froms); i++) {
		const struct state_from *from = &state_froms[i];
		const char *outcome = call->outcomes + 3 * i;
		char refused[] = { 'o', state_letters[from->state] };

		if (outcome[0] == '-' || (lists ? !!strchr(from->steps, 'r') : from->lists))
			continue;
		if (lists && call->packets)
			outcome = refused;
		warnings += state_try_call(try, call, from, outcome, seen);
	}
	KUNIT_EXPECT_LE_MSG(test, warnings, 1, "%s warns more than once", call->name);
}

/*
 * Lists have no reservations, and refuse is made inside other calls, so not all of
 * either can be seen.
 */
static void state_expect_edges(struct rig *rig, const struct state_seen *seen)
{
	bool all = rig->param->profile == DMABAY_PROFILE_PACKET;
	unsigned int call, from;

	for (call = 0; call < DMABAY_CALLS; call++) {
		for (from = 0; from < DMABAY_STATES; from++) {
			u16 edges = dmabay_state_edges[call][from];
			u16 seen_edges = seen->edges[call][from];

			KUNIT_EXPECT_EQ_MSG(rig->test, seen_edges & ~edges, 0,
					    "%s in %s leads where the core's table does not",
					    dmabay_call_name(call), dmabay_state_name(from));
			if (all && call != DMABAY_CALL_REFUSE)
				KUNIT_EXPECT_EQ_MSG(rig->test, edges & ~seen_edges, 0,
						    "%s in %s leads where it was not seen to",
						    dmabay_call_name(call),
						    dmabay_state_name(from));
		}
	}
}

static struct dmabay_request *state_new_request(struct rig *rig, size_t length)
{
	struct dmabay_request *request;

	request = kunit_kzalloc(rig->test, sizeof(*request), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(rig->test, request);
	request->kind = DMABAY_REQUEST_READ;
	request->memory = rig_contiguous(rig, 0, length)->memory;
	request->output_length = length;
	return request;
}

static void state_matrix(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	struct state_seen *seen = kunit_kzalloc(test, sizeof(*seen), GFP_KERNEL);
	struct state_try try = { .rig = rig };
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, seen);
	try.request = state_new_request(rig, 8192);
	try.long_request = state_new_request(rig, 16384);
	for (i = 0; i < ARRAY_SIZE(state_calls); i++)
		state_try_states(&try, &state_calls[i], seen);
	state_expect_edges(rig, seen);
}

/* Every state and every call has a word, and no two have the same. */
static void state_words_are_distinct(struct kunit *test)
{
	unsigned int i, other;

	for (i = 0; i < DMABAY_STATES; i++)
		KUNIT_EXPECT_STREQ(test, dmabay_state_name(i), state_words[i]);
	for (i = 0; i < DMABAY_CALLS; i++) {
		KUNIT_ASSERT_NOT_NULL(test, dmabay_call_name(i));
		for (other = 0; other < i; other++)
			KUNIT_EXPECT_STRNEQ(test, dmabay_call_name(i), dmabay_call_name(other));
	}
}

/* With a reference it outlives its enabler, as something that refuses all. */
static void state_outlives_its_enabler(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	struct rig_transaction *t = rig_transaction(rig);
	struct dmabay_memory *memory = rig_contiguous(rig, 0, 8192)->memory;
	struct dmabay_transaction *transaction = dmabay_transaction_get(t->transaction);

	rig_initialize_direction(t, DMABAY_READ_FROM_DEVICE, memory, 0, 8192);
	t->transaction = NULL;
	rig_stop(rig);

	KUNIT_EXPECT_STREQ(test, dmabay_transaction_state_name(transaction), "deleted");
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(transaction), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_current_length(transaction), 0);
	KUNIT_EXPECT_NULL(test, dmabay_transaction_request(transaction));
	KUNIT_EXPECT_PTR_EQ(test, dmabay_transaction_device(transaction), rig->dev);
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_initialize(transaction, rig_program,
							       DMABAY_READ_FROM_DEVICE, memory,
							       8192));
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_execute(transaction, t));
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_completed_final(transaction, 0));
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_release(transaction));
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_unlink(transaction, NULL));
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_transfer_info(transaction, NULL, NULL));
	if (rig->param->profile == DMABAY_PROFILE_PACKET) {
		RIG_EXPECT_ILLEGAL(test,
				   dmabay_transaction_reserve(transaction,
							      DMABAY_READ_FROM_DEVICE, 2,
							      rig_reserved, t));
		RIG_EXPECT_ILLEGAL(test, dmabay_transaction_free_reservation(transaction));
	}
	dmabay_transaction_set_failed(transaction, NULL);
	dmabay_transaction_set_max_length(transaction, 4096);
	RIG_EXPECT_WARNING(test, dmabay_transaction_set_immediate(transaction, true));
	RIG_EXPECT_WARNING(test, dmabay_transaction_set_single_transfer(transaction, true));
	RIG_EXPECT_WARNING(test, dmabay_transaction_delete(transaction));
	RIG_EXPECT_WARNING(test, KUNIT_EXPECT_FALSE(test, dmabay_transaction_cancel(transaction)));
	dmabay_transaction_put(transaction);
	dmabay_transaction_delete(NULL);
	KUNIT_EXPECT_EQ(test, t->programmed + t->reserved, 0);
}

static void state_release_other(struct rig_transaction *t)
{
	struct rig_transaction *other = t->data;

	KUNIT_EXPECT_EQ(t->rig->test, dmabay_transaction_release(other->transaction), 0);
}

static void state_delete_other(struct rig_transaction *t)
{
	rig_delete(t->data);
}

/*
 * Who leaves the line lets others through, whose callbacks may end the very one that
 * is being cancelled. Whatever cancel says then, it must not bring it back to life.
 */
static void state_expect_ended_inside_cancel(struct rig *rig, struct rig_transaction *t,
					     void (*end)(struct rig_transaction *next),
					     const char *name)
{
	struct dmabay_transaction *transaction = dmabay_transaction_get(t->transaction);
	struct rig_transaction *next = rig_transaction(rig);
	struct kunit *test = rig->test;

	rig_hold(rig, 10);
	KUNIT_ASSERT_EQ(test, rig_reserve(t, 17), 0);
	KUNIT_ASSERT_EQ(test, rig_reserve(next, 2), 0);
	next->data = t;
	next->on_reserved = end;
	kunit_warning_suppress(test) {
		dmabay_transaction_cancel(transaction);
		KUNIT_EXPECT_EQ(test, KUNIT_SUPPRESSED_WARNING_COUNT(), 0);
	}
	KUNIT_EXPECT_EQ(test, next->reserved, 1);
	KUNIT_EXPECT_STREQ(test, dmabay_transaction_state_name(transaction), name);
	rig_unhold(rig);
	KUNIT_EXPECT_EQ(test, t->reserved, 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 15);
	rig_delete(next);
	dmabay_transaction_put(transaction);
}

static void state_released_inside_cancel(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	state_expect_ended_inside_cancel(rig, t, state_release_other, "released");
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 17), 0);
	KUNIT_EXPECT_EQ(test, t->reserved, 1);
}

static void state_deleted_inside_cancel(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);

	state_expect_ended_inside_cancel(rig, rig_transaction(rig), state_delete_other, "deleted");
}

static struct kunit_case state_cases[] = {
	RIG_CASE_PROFILES(state_matrix),
	KUNIT_CASE(state_words_are_distinct),
	RIG_CASE_PROFILES(state_outlives_its_enabler),
	RIG_CASE(state_released_inside_cancel),
	RIG_CASE(state_deleted_inside_cancel),
	{}
};

struct kunit_suite dmabay_state_suite = {
	.name = "dmabay_state",
	.exit = rig_end,
	.test_cases = state_cases,
};
kunit_test_suite(dmabay_state_suite);

MODULE_IMPORT_NS("EXPORTED_FOR_KUNIT_TESTING");
