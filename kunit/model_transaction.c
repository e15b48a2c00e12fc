// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reference model's transaction: states, cutting, staging, and its calls.
 *
 * What is legal in which state is one table. A call looks at its arguments first, then
 * at the state, then does what it is for. Staging goes from transfer to transfer: a
 * packet transaction keeps its registers, a list asks for each transfer anew.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "model.h"

/* The states in which each call is legal; it is refused in others. */
static const char *const legal[MODEL_TRANSACTION_OPS] = {
	[MODEL_CREATE] = "CIVTDFRX",
	[MODEL_INITIALIZE] = "CVR",
	[MODEL_INITIALIZE_REQUEST] = "CVR",
	[MODEL_RESERVE] = "CIR",
	[MODEL_FREE_RESERVATION] = "IVDFR",
	[MODEL_EXECUTE] = "I",
	[MODEL_COMPLETED] = "T",
	[MODEL_COMPLETED_LENGTH] = "T",
	[MODEL_COMPLETED_FINAL] = "T",
	[MODEL_RELEASE] = "CIVDFR",
	[MODEL_CANCEL] = "IVTDF",
	[MODEL_DELETE] = "CIVDFR",
	/* It warns in some, but does it. */
	[MODEL_SET_IMMEDIATE] = "CIVTDFRX",
	[MODEL_SET_MAX_LENGTH] = "IVT",
	[MODEL_SET_SINGLE] = "CVR",
	[MODEL_SET_FAILED] = "CIVTDFRX",
	[MODEL_TRANSFER_INFO] = "I",
};

static bool is_legal(const struct model_transaction *t, enum model_op op)
{
	return strchr(legal[op], t->state);
}

/* Telling */

static void tell(struct model *model, const struct model_transaction *t,
		 struct model_event event)
{
	event.who = t - model->transactions;
	event.state = t->state;
	event.transferred = t->transferred;
	event.current_length = t->current_length;
	model->callback(model, &event);
}

static void tell_request(struct model *model, enum model_event_kind kind, unsigned int request)
{
	struct model_event event = { .kind = kind, .who = request };

	model->requests[request].executing += kind == MODEL_GET_REQUEST ? 1 : -1;
	model->callback(model, &event);
}

/* What is left of it, as far as one transfer may go. */
static struct model_range rest(const struct model_transaction *t)
{
	struct model_range range = t->range;

	range.position += t->transferred;
	range.length = min(range.length - t->transferred, t->max_length);
	return range;
}

/* The longest transfer: all registers but the one that a bad offset costs. */
static size_t fragment_length(const struct model_enabler *enabler, int direction)
{
	return min(enabler->max_length,
		   (size_t)(enabler->adapter[direction]->registers - 1) * PAGE_SIZE);
}

/* Registers of an execution go back; those of a reservation do not. */
static void give_held(struct model *model, struct model_transaction *t)
{
	bool held = t->held;

	t->held = 0;
	if (held)
		model_give(model, t->adapter, &t->channel);
}

/*
 * It is over when its registers are back. A failure is @untold if the call that led to it
 * was not one of this transaction's: then it is execute's, or the callback's.
 */
static void finish(struct model *model, struct model_transaction *t, char state, int untold)
{
	struct model_event failed = { .kind = MODEL_FAILED, .status = untold };
	unsigned int request = t->request;
	bool begun, call;

	give_held(model, t);
	t->state = state;
	t->current_length = 0;
	begun = t->begun;
	t->begun = false;
	if (untold && t->executing)
		t->status = untold;
	call = untold && !t->executing && t->told_of_failure;
	if (begun)
		tell_request(model, MODEL_PUT_REQUEST, request);
	if (call)
		tell(model, t, failed);
}

/* A list: whole groups, as many as the adapter has registers for; the limit is on all. */
static int cut_list(struct model_transaction *t, unsigned int *needed)
{
	struct model_range range = rest(t);
	unsigned int registers = 0;
	struct model_part part;

	if (!t->single && model_needs(range.memory, range.position, range.length, 1).registers >
			  t->enabler->max_elements)
		return -E2BIG;
	for (t->next_length = 0; t->next_length < range.length; t->next_length += part.length) {
		part = model_part_at(range.memory, range.position + t->next_length,
				     range.length - t->next_length);
		if (registers + part.registers > t->adapter->registers)
			break;
		registers += part.registers;
	}
	*needed = registers;
	return 0;
}

static int program(struct model *model, struct model_transaction *t)
{
	struct model_event event = { .kind = MODEL_PROGRAM, .direction = t->range.direction };
	struct model_range range = rest(t);
	int ret;

	/* Cut when it asked, for as many registers as it has got. */
	if (t->enabler->lists)
		range.length = t->next_length;
	ret = model_map(model, t->adapter, &t->channel, range, UINT_MAX, &event.seen);
	if (ret)
		return ret;
	t->current_length = event.seen.length;
	t->programmed = true;
	model_program(model, &t->channel, &event.seen);
	tell(model, t, event);
	return 0;
}

static int stage_one(struct model *model, struct model_transaction *t)
{
	unsigned int needed;
	int ret;

	if (!t->enabler->lists || t->held)
		return program(model, t);
	ret = cut_list(t, &needed);
	return ret ?: model_ask(model, t->adapter, &t->channel, needed, t->immediate);
}

/*
 * program_dma is never nested: inside it there is only a mark that there is more, and
 * whoever was first goes on when it has returned. Who that is gets the error.
 * Returns -EINPROGRESS if somebody else is at it.
 */
static int stage(struct model *model, struct model_transaction *t, bool granted)
{
	int ret;

	if (t->staging) {
		t->restage = true;
		return -EINPROGRESS;
	}
	t->staging = true;
	do {
		t->restage = false;
		ret = stage_one(model, t);
	} while (t->restage);
	t->staging = false;
	if (ret)
		finish(model, t, 'F', granted ? ret : 0);
	return ret;
}

void model_transaction_granted(struct model *model, struct model_transaction *t)
{
	if (t->pending) {
		t->pending = false;
		tell(model, t, (struct model_event) { .kind = MODEL_RESERVED });
	} else {
		t->held = t->channel.registers;
		stage(model, t, true);
	}
}

/* The calls */

#define TRANSACTION_CALL(name)							\
	static int name(struct model *model, struct model_transaction *t,	\
			const struct model_call *call, struct model_result *result)

static void reset(struct model_transaction *t)
{
	t->range = (struct model_range) {};
	t->max_length = 0;
	t->transferred = 0;
	t->immediate = false;
	t->single = t->enabler->single;
	t->request = MODEL_NONE;
}

TRANSACTION_CALL(create)
{
	*t = (struct model_transaction) {
		.enabler = t->enabler,
		.adapter = t->enabler->adapter[0],
		.channel.transaction = t,
		.state = 'C',
	};
	reset(t);
	return 0;
}

/* May it all go in one transfer? */
static int check_single(const struct model_transaction *t, const struct model_range *range)
{
	const struct model_adapter *adapter = t->enabler->adapter[range->direction];
	struct model_needs needs = model_needs(range->memory, range->position, range->length,
					       adapter->run_pages);

	if (range->length > t->enabler->max_length)
		return -EMSGSIZE;
	if (needs.registers > (t->reserved ?: adapter->registers))
		return -ENOSPC;
	if (needs.elements > t->enabler->max_elements)
		return -E2BIG;
	return needs.elements > 1 && !t->enabler->lists ? -E2BIG : 0;
}

/* Is each list within the limit of elements, of which every page may be one? */
static int check_lists(const struct model_transaction *t, struct model_range range)
{
	size_t most = fragment_length(t->enabler, range.direction), c;

	for (; range.length; range.position += c, range.length -= c) {
		c = min(range.length, most);
		if (model_needs(range.memory, range.position, c, 1).registers >
		    t->enabler->max_elements)
			return -E2BIG;
	}
	return 0;
}

static int initialize_for(struct model *model, struct model_transaction *t,
			  const struct model_call *call, unsigned int request)
{
	struct model_range range;
	int ret = 0;

	if (!call->flag || call->what == MODEL_NONE || call->direction > 1)
		return -EINVAL;
	range = model_range_of(model, call);
	if (!model_is_inside(&range))
		return -EINVAL;
	if (range.memory->read_only && !range.direction)
		return -EACCES;
	if (!is_legal(t, call->op) || t->pending)
		return -EBADFD;
	if (t->single)
		ret = check_single(t, &range);
	else if (t->enabler->lists)
		ret = check_lists(t, range);
	t->state = ret ? 'R' : 'I';
	t->request = ret ? MODEL_NONE : request;
	if (ret)
		return ret;
	t->adapter = t->enabler->adapter[range.direction];
	t->range = range;
	t->max_length = t->single ? range.length : fragment_length(t->enabler, range.direction);
	return 0;
}

TRANSACTION_CALL(initialize)
{
	return initialize_for(model, t, call, MODEL_NONE);
}

TRANSACTION_CALL(initialize_request)
{
	const struct model_request *request;
	struct model_call of_request = *call;

	if (call->what == MODEL_NONE || !call->flag || call->direction > 1)
		return -EINVAL;
	request = &model->requests[call->what];
	if (!request->length[call->direction])
		return -EOPNOTSUPP;
	of_request.what = request->memory;
	of_request.length = request->length[call->direction];
	return initialize_for(model, t, &of_request, call->what);
}

TRANSACTION_CALL(reserve)
{
	unsigned int wanted = call->number;
	int ret;

	if (t->enabler->lists)
		return -EOPNOTSUPP;
	if (call->direction > 1 || !call->flag)
		return -EINVAL;
	if (!is_legal(t, call->op) || (!wanted && t->state != 'I') || t->reserved)
		return -EBADFD;
	if (!wanted)
		wanted = model_needs(t->range.memory, t->range.position, t->range.length,
				     1).registers;
	t->state = 'F';
	if (wanted > t->enabler->adapter[call->direction]->registers)
		return -ENOMEM;
	t->state = 'V';
	t->adapter = t->enabler->adapter[call->direction];
	t->reserved = wanted;
	t->pending = true;
	ret = model_ask(model, t->adapter, &t->channel, wanted, t->immediate);
	if (ret) {
		t->state = 'F';
		t->reserved = 0;
		t->pending = false;
	}
	return ret;
}

/* A reservation that waits leaves the line, one that is held goes back. */
static void give_up(struct model *model, struct model_transaction *t)
{
	bool reserved = t->reserved;

	t->reserved = 0;
	t->pending = false;
	if (model_leave(t->adapter, &t->channel))
		model_drain(model, t->adapter);
	else if (reserved)
		model_give(model, t->adapter, &t->channel);
}

TRANSACTION_CALL(free_reservation)
{
	if (t->enabler->lists)
		return -EOPNOTSUPP;
	if (!is_legal(t, call->op))
		return -EBADFD;
	t->state = 'R';
	reset(t);
	give_up(model, t);
	return 0;
}

TRANSACTION_CALL(release)
{
	if (!is_legal(t, call->op))
		return -EBADFD;
	/* A second time there is nothing to reset, not even the settings. */
	if (t->state == 'R')
		return 0;
	t->state = 'R';
	reset(t);
	if (t->pending)
		give_up(model, t);
	return 0;
}

TRANSACTION_CALL(delete)
{
	if (is_legal(t, call->op)) {
		t->state = 'X';
		reset(t);
		give_up(model, t);
	}
	return 0;
}

/* Returns whether it waited. */
TRANSACTION_CALL(cancel)
{
	unsigned int request = t->request;
	bool begun = t->begun;

	if (!is_legal(t, call->op) || !model_leave(t->adapter, &t->channel))
		return false;
	t->state = 'F';
	t->reserved = 0;
	t->pending = false;
	t->begun = false;
	if (begun)
		tell_request(model, MODEL_PUT_REQUEST, request);
	model_drain(model, t->adapter);
	return true;
}

/* What all its transfers need: known if there is one, else what the worst offset does. */
static unsigned int packet_registers(const struct model_transaction *t)
{
	size_t c = min(t->range.length, t->max_length);
	struct model_part part = model_part_at(t->range.memory, t->range.position, c);

	if (part.length == t->range.length)
		return part.registers;
	return min_t(unsigned int, DIV_ROUND_UP(PAGE_SIZE - 1 + c, PAGE_SIZE),
		     t->adapter->registers);
}

/* For registers of its own, which may have to be waited for. */
static int execute_unreserved(struct model *model, struct model_transaction *t)
{
	unsigned int needed;
	int ret = 0;

	if (t->enabler->lists)
		ret = cut_list(t, &needed);
	else
		needed = packet_registers(t);
	if (!ret)
		ret = model_ask(model, t->adapter, &t->channel, needed, t->immediate);
	if (ret)
		finish(model, t, 'F', 0);
	t->executing = false;
	return ret ?: t->status;
}

TRANSACTION_CALL(execute)
{
	int ret;

	if (!is_legal(t, call->op))
		return -EBADFD;
	t->state = 'T';
	t->begun = t->request != MODEL_NONE;
	/* An earlier execute, which has not returned yet, does not hear of this one. */
	t->executing = !t->reserved;
	t->status = 0;
	if (t->begun)
		tell_request(model, MODEL_GET_REQUEST, t->request);
	if (!t->reserved)
		return execute_unreserved(model, t);
	ret = stage(model, t, false);
	return ret == -EINPROGRESS ? 0 : ret;
}

/* Count what was moved, and flush it. */
static int end_transfer(struct model *model, struct model_transaction *t, size_t length)
{
	int ret;

	t->programmed = false;
	if (length > t->current_length) {
		ret = -EINVAL;
	} else {
		t->transferred += length;
		t->current_length = 0;
		ret = model_flush(model, &t->channel, length);
	}
	if (ret)
		model_unmap(&t->channel, 0);
	return ret;
}

TRANSACTION_CALL(completed)
{
	bool all = call->op == MODEL_COMPLETED;
	bool left;
	int ret;

	if (!is_legal(t, call->op) || !t->programmed)
		return -EBADFD;
	ret = end_transfer(model, t, all ? t->current_length : call->length);
	left = t->transferred < t->range.length;
	if (!ret && left && t->single)
		ret = -EMSGSIZE;
	if (ret || !left || call->op == MODEL_COMPLETED_FINAL) {
		finish(model, t, ret ? 'F' : 'D', 0);
		return ret;
	}
	if (t->enabler->lists)
		give_held(model, t);
	return stage(model, t, false) ?: -EINPROGRESS;
}

TRANSACTION_CALL(set_immediate)
{
	t->immediate = call->flag;
	return 0;
}

TRANSACTION_CALL(set_max_length)
{
	if (is_legal(t, call->op) && call->length &&
	    call->length < fragment_length(t->enabler, t->range.direction))
		t->max_length = call->length;
	return 0;
}

TRANSACTION_CALL(set_single)
{
	if (is_legal(t, call->op))
		t->single = call->flag;
	return 0;
}

TRANSACTION_CALL(set_failed)
{
	t->told_of_failure = call->flag;
	return 0;
}

TRANSACTION_CALL(transfer_info)
{
	struct model_needs needs;

	if (!is_legal(t, call->op))
		return -EBADFD;
	needs = model_needs(t->range.memory, t->range.position, t->range.length,
			    t->adapter->run_pages);
	result->registers = needs.registers;
	result->elements = needs.elements;
	return 0;
}

MODEL_CALL(model_transaction_call)
{
	static int (*const calls[])(struct model *model, struct model_transaction *t,
				    const struct model_call *call,
				    struct model_result *result) = {
		[MODEL_CREATE] = create,
		[MODEL_INITIALIZE] = initialize,
		[MODEL_INITIALIZE_REQUEST] = initialize_request,
		[MODEL_RESERVE] = reserve,
		[MODEL_FREE_RESERVATION] = free_reservation,
		[MODEL_EXECUTE] = execute,
		[MODEL_COMPLETED] = completed,
		[MODEL_COMPLETED_LENGTH] = completed,
		[MODEL_COMPLETED_FINAL] = completed,
		[MODEL_RELEASE] = release,
		[MODEL_CANCEL] = cancel,
		[MODEL_DELETE] = delete,
		[MODEL_SET_IMMEDIATE] = set_immediate,
		[MODEL_SET_MAX_LENGTH] = set_max_length,
		[MODEL_SET_SINGLE] = set_single,
		[MODEL_SET_FAILED] = set_failed,
		[MODEL_TRANSFER_INFO] = transfer_info,
	};

	return calls[call->op](model, &model->transactions[call->who], call, result);
}
