// SPDX-License-Identifier: GPL-2.0-only
/* The reference model: state, credits, line, cutting. See model.h. */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "model.h"

/* Is it in one of these states? */
static bool in_state(const struct model_transaction *t, const char *states)
{
	return strchr(states, t->state);
}

/* Memory: what lies in one group, and what that costs */

struct part {
	size_t length;
	unsigned int in_page;
	unsigned int registers;
	bool scattered;
};

static struct part part_at(const struct model_memory *memory, size_t position, size_t most)
{
	const struct model_group *group = memory->groups;
	struct part part;

	while (position >= group->length)
		position -= group++->length;
	part.length = min(most, group->length - position);
	part.in_page = (group->in_page + position) % PAGE_SIZE;
	part.registers = DIV_ROUND_UP(part.in_page + part.length, PAGE_SIZE);
	part.scattered = group->scattered;
	return part;
}

struct needs {
	unsigned int registers;
	unsigned int elements;
};

static struct needs needs_of(const struct model_memory *memory, size_t position, size_t length,
			     unsigned int run_pages)
{
	struct needs needs = {};
	struct part part;

	for (; length; position += part.length, length -= part.length) {
		part = part_at(memory, position, length);
		needs.registers += part.registers;
		needs.elements += part.scattered ? DIV_ROUND_UP(part.registers, run_pages) : 1;
	}
	return needs;
}

/* The longest transfer: all registers but the one that a bad offset costs. */
static size_t fragment_length(const struct model_enabler *enabler, int direction)
{
	return min(enabler->max_length,
		   (size_t)(enabler->adapter[direction]->registers - 1) * PAGE_SIZE);
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

/* The line: strict FIFO, granted by whoever frees, the outermost one at a time */

static void granted(struct model *model, struct model_channel *channel);

static bool take(struct model_adapter *adapter, struct model_channel *channel)
{
	if (adapter->free < channel->registers)
		return false;
	adapter->free -= channel->registers;
	channel->state = MODEL_GRANTED;
	return true;
}

static bool leave(struct model_adapter *adapter, struct model_channel *channel)
{
	unsigned int i, kept = 0;

	if (channel->state != MODEL_WAITING)
		return false;
	channel->state = MODEL_IDLE;
	for (i = 0; i < adapter->waiters; i++) {
		if (adapter->line[i] != channel)
			adapter->line[kept++] = adapter->line[i];
	}
	adapter->waiters = kept;
	return true;
}

static void drain(struct model *model, struct model_adapter *adapter)
{
	struct model_channel *first;

	if (adapter->draining)
		return;
	adapter->draining = true;
	while (adapter->waiters && adapter->free >= adapter->line[0]->registers) {
		first = adapter->line[0];
		leave(adapter, first);
		take(adapter, first);
		granted(model, first);
	}
	adapter->draining = false;
}

static int ask(struct model *model, struct model_adapter *adapter,
	       struct model_channel *channel, unsigned int registers, bool immediate)
{
	if (registers > adapter->registers)
		return -ENOMEM;
	if (channel->state != MODEL_IDLE)
		return -EBADFD;
	channel->registers = registers;
	if (!adapter->waiters && take(adapter, channel)) {
		granted(model, channel);
		return 0;
	}
	if (immediate)
		return -ENOMEM;
	channel->state = MODEL_WAITING;
	adapter->line[adapter->waiters++] = channel;
	return 0;
}

static void give(struct model *model, struct model_adapter *adapter,
		 struct model_channel *channel)
{
	channel->state = MODEL_IDLE;
	adapter->free += channel->registers;
	drain(model, adapter);
}

/* Registers of an execution go back; those of a reservation do not. */
static void give_held(struct model *model, struct model_transaction *t)
{
	bool held = t->held;

	t->held = 0;
	if (held)
		give(model, t->adapter, &t->channel);
}

/* Staging: one transfer after the other */

static void finish(struct model *model, struct model_transaction *t, char state)
{
	unsigned int request = t->request;
	bool begun = t->begun;

	t->state = state;
	t->current_length = 0;
	t->begun = false;
	give_held(model, t);
	if (begun)
		tell_request(model, MODEL_PUT_REQUEST, request);
}

/* Packet: one group, the registers there are, one element. */
static size_t clip_packet(const struct model_transaction *t, size_t length)
{
	struct part part = part_at(t->memory, t->offset + t->transferred, length);
	size_t run = (size_t)t->adapter->run_pages * PAGE_SIZE;

	part.length = min(part.length,
			  (size_t)t->channel.registers * PAGE_SIZE - part.in_page);
	if (part.scattered)
		part.length = min(part.length, run - part.in_page);
	return part.length;
}

/* List: whole groups, as many as the adapter has registers for; the limit is on all. */
static int cut_list(struct model_transaction *t, unsigned int *needed)
{
	size_t left = min(t->length - t->transferred, t->max_length);
	size_t position = t->offset + t->transferred;
	unsigned int registers = 0;
	struct part part;

	if (!t->single &&
	    needs_of(t->memory, position, left, 1).registers > t->enabler->max_elements)
		return -E2BIG;
	t->next_length = 0;
	for (; left; left -= part.length) {
		part = part_at(t->memory, position + t->next_length, left);
		if (registers + part.registers > t->adapter->registers)
			break;
		registers += part.registers;
		t->next_length += part.length;
	}
	*needed = registers;
	return 0;
}

static int program(struct model *model, struct model_transaction *t)
{
	size_t position = t->offset + t->transferred;
	bool faulty = model->maps++ == model->faults.map;
	struct model_event event = { .kind = MODEL_PROGRAM, .direction = t->direction };
	size_t length;

	if (faulty && model->faults.map_error)
		return model->faults.map_error;
	if (t->enabler->lists)
		length = t->next_length;
	else
		length = min(t->length - t->transferred, t->max_length);
	if (faulty)
		length = min(length, model->faults.map_most);
	if (!t->enabler->lists)
		length = clip_packet(t, length);

	t->current_length = length;
	t->programmed = true;
	event.length = length;
	event.in_page = part_at(t->memory, position, length).in_page;
	event.elements = t->enabler->lists ?
		needs_of(t->memory, position, length, t->adapter->run_pages).elements : 1;
	tell(model, t, event);
	return 0;
}

static int stage_one(struct model *model, struct model_transaction *t)
{
	unsigned int needed;
	int ret;

	/* A packet transaction keeps its registers, a list asks for each transfer. */
	if (!t->enabler->lists || t->held)
		return program(model, t);
	ret = cut_list(t, &needed);
	return ret ?: ask(model, t->adapter, &t->channel, needed, t->immediate);
}

/*
 * program_dma is never nested: inside it there is only a mark that there is more, and
 * whoever was first goes on when it has returned. Who that is gets the error.
 * Returns -EINPROGRESS if somebody else is at it.
 */
static int stage(struct model *model, struct model_transaction *t)
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
		finish(model, t, 'F');
	return ret;
}

static void execution_granted(struct model *model, struct model_transaction *t)
{
	struct model_event event = { .kind = MODEL_FAILED };
	int ret;

	t->held = t->channel.registers;
	ret = stage(model, t);
	if (!ret || ret == -EINPROGRESS)
		return;
	event.status = ret;
	if (t->executing)
		t->status = ret;
	else if (t->told_of_failure)
		tell(model, t, event);
}

static void granted(struct model *model, struct model_channel *channel)
{
	struct model_transaction *t = channel->transaction;
	struct model_event held = { .kind = MODEL_HELD, .who = channel->number };

	if (!t) {
		model->callback(model, &held);
	} else if (t->pending) {
		t->pending = false;
		tell(model, t, (struct model_event) { .kind = MODEL_RESERVED });
	} else {
		execution_granted(model, t);
	}
}

/* The calls of a transaction: arguments first, then the state, then what they are for */

#define MODEL_CALL(name)							\
	static int name(struct model *model, struct model_transaction *t,	\
			const struct model_call *call)

static void reset(struct model_transaction *t)
{
	t->memory = NULL;
	t->direction = 0;
	t->length = 0;
	t->max_length = 0;
	t->transferred = 0;
	t->immediate = false;
	t->single = t->enabler->single;
	t->request = MODEL_NONE;
}

MODEL_CALL(create)
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

/* May it all go in one transfer, or each list within the limit of elements? */
static int check_fit(const struct model_transaction *t, const struct model_memory *memory,
		     int direction, size_t offset, size_t length)
{
	const struct model_adapter *adapter = t->enabler->adapter[direction];
	size_t c, most = t->enabler->max_elements;
	struct needs needs;

	if (t->single) {
		needs = needs_of(memory, offset, length, adapter->run_pages);
		if (length > t->enabler->max_length)
			return -EMSGSIZE;
		if (needs.registers > (t->reserved ?: adapter->registers))
			return -ENOSPC;
		if (!t->enabler->lists)
			most = min_t(size_t, most, 1);
		return needs.elements > most ? -E2BIG : 0;
	}
	for (; t->enabler->lists && length; offset += c, length -= c) {
		c = min(length, fragment_length(t->enabler, direction));
		if (needs_of(memory, offset, c, 1).registers > most)
			return -E2BIG;
	}
	return 0;
}

static int initialize_for(struct model *model, struct model_transaction *t,
			  const struct model_call *call, unsigned int request)
{
	size_t offset = call->offset, length = call->length;
	const struct model_memory *memory;
	int ret;

	if (!call->flag || call->what == MODEL_NONE || call->direction > 1)
		return -EINVAL;
	memory = &model->memories[call->what];
	if (!length || offset >= memory->length || length > memory->length - offset)
		return -EINVAL;
	if (memory->read_only && !call->direction)
		return -EACCES;
	if (!in_state(t, "CVR") || t->pending)
		return -EBADFD;
	ret = check_fit(t, memory, call->direction, offset, length);
	t->state = ret ? 'R' : 'I';
	t->request = ret ? MODEL_NONE : request;
	if (ret)
		return ret;
	t->adapter = t->enabler->adapter[call->direction];
	t->direction = call->direction;
	t->memory = memory;
	t->offset = offset;
	t->length = length;
	t->max_length = t->single ? length : fragment_length(t->enabler, call->direction);
	return 0;
}

MODEL_CALL(initialize)
{
	return initialize_for(model, t, call, MODEL_NONE);
}

MODEL_CALL(initialize_request)
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

MODEL_CALL(reserve)
{
	unsigned int wanted = call->number;
	int ret;

	if (t->enabler->lists)
		return -EOPNOTSUPP;
	if (call->direction > 1 || !call->flag)
		return -EINVAL;
	if (!in_state(t, wanted ? "CIR" : "I") || t->reserved)
		return -EBADFD;
	if (!wanted)
		wanted = needs_of(t->memory, t->offset, t->length, 1).registers;
	t->state = 'F';
	if (wanted > t->enabler->adapter[call->direction]->registers)
		return -ENOMEM;
	t->state = 'V';
	t->adapter = t->enabler->adapter[call->direction];
	t->reserved = wanted;
	t->pending = true;
	ret = ask(model, t->adapter, &t->channel, wanted, t->immediate);
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
	if (leave(t->adapter, &t->channel))
		drain(model, t->adapter);
	else if (reserved)
		give(model, t->adapter, &t->channel);
}

MODEL_CALL(free_reservation)
{
	if (t->enabler->lists)
		return -EOPNOTSUPP;
	if (!in_state(t, "IVDFR"))
		return -EBADFD;
	t->state = 'R';
	reset(t);
	give_up(model, t);
	return 0;
}

MODEL_CALL(release)
{
	if (!in_state(t, "CIVDFR"))
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

MODEL_CALL(delete)
{
	if (in_state(t, "CIVDFR")) {
		t->state = 'X';
		reset(t);
		give_up(model, t);
	}
	return 0;
}

/* Returns whether it waited. */
MODEL_CALL(cancel)
{
	if (!in_state(t, "IVTDF") || !leave(t->adapter, &t->channel))
		return false;
	t->state = 'F';
	t->reserved = 0;
	t->pending = false;
	if (t->begun)
		tell_request(model, MODEL_PUT_REQUEST, t->request);
	t->begun = false;
	drain(model, t->adapter);
	return true;
}

/* What all its transfers need: known if there is one, else what the worst offset does. */
static unsigned int packet_registers(const struct model_transaction *t)
{
	size_t c = min(t->length, t->max_length);
	struct part part = part_at(t->memory, t->offset, c);

	if (part.length == t->length)
		return part.registers;
	return min_t(unsigned int, DIV_ROUND_UP(PAGE_SIZE - 1 + c, PAGE_SIZE),
		     t->adapter->registers);
}

MODEL_CALL(execute)
{
	unsigned int needed;
	int ret = 0;

	if (!in_state(t, "I"))
		return -EBADFD;
	t->state = 'T';
	t->begun = t->request != MODEL_NONE;
	if (!t->reserved) {
		t->executing = true;
		t->status = 0;
	}
	if (t->begun)
		tell_request(model, MODEL_GET_REQUEST, t->request);
	if (t->reserved) {
		ret = stage(model, t);
		return ret == -EINPROGRESS ? 0 : ret;
	}

	if (t->enabler->lists)
		ret = cut_list(t, &needed);
	else
		needed = packet_registers(t);
	if (!ret)
		ret = ask(model, t->adapter, &t->channel, needed, t->immediate);
	if (ret)
		finish(model, t, 'F');
	t->executing = false;
	return ret ?: t->status;
}

/* Count what was moved, and flush it. */
static int end_transfer(struct model *model, struct model_transaction *t, size_t length)
{
	t->programmed = false;
	if (length > t->current_length)
		return -EINVAL;
	t->transferred += length;
	t->current_length = 0;
	return model->flushes++ == model->faults.flush ? model->faults.flush_error : 0;
}

MODEL_CALL(completed)
{
	bool all = call->op == MODEL_COMPLETED;
	bool left;
	int ret;

	if (!in_state(t, "T") || !t->programmed)
		return -EBADFD;
	ret = end_transfer(model, t, all ? t->current_length : call->length);
	left = t->transferred < t->length;
	if (!ret && left && t->single)
		ret = -EMSGSIZE;
	if (ret || !left || call->op == MODEL_COMPLETED_FINAL) {
		finish(model, t, ret ? 'F' : 'D');
		return ret;
	}
	if (t->enabler->lists)
		give_held(model, t);
	return stage(model, t) ?: -EINPROGRESS;
}

/* Applied in all states, although it warns in some. */
MODEL_CALL(set_immediate)
{
	t->immediate = call->flag;
	return 0;
}

MODEL_CALL(set_max_length)
{
	if (in_state(t, "IVT") && call->length &&
	    call->length < fragment_length(t->enabler, t->direction))
		t->max_length = call->length;
	return 0;
}

MODEL_CALL(set_single)
{
	if (in_state(t, "CVR"))
		t->single = call->flag;
	return 0;
}

MODEL_CALL(set_failed)
{
	t->told_of_failure = call->flag;
	return 0;
}

MODEL_CALL(transfer_info)
{
	struct needs needs;

	if (!in_state(t, "I"))
		return -EBADFD;
	needs = needs_of(t->memory, t->offset, t->length, t->adapter->run_pages);
	model->info_registers = needs.registers;
	model->info_elements = needs.elements;
	return 0;
}

/* The calls of a plain channel, whose routine keeps the registers; and of an enabler */

#define MODEL_HOLD_CALL(name)							\
	static int name(struct model *model, struct model_adapter *adapter,	\
			struct model_channel *channel, const struct model_call *call)

MODEL_HOLD_CALL(hold)
{
	if (!call->number)
		return -EINVAL;
	return ask(model, adapter, channel, call->number, call->flag);
}

MODEL_HOLD_CALL(unhold)
{
	if (channel->state != MODEL_GRANTED || channel->registers != call->number)
		return -EBADFD;
	give(model, adapter, channel);
	return 0;
}

MODEL_HOLD_CALL(cancel_hold)
{
	if (!leave(adapter, channel))
		return false;
	drain(model, adapter);
	return true;
}

MODEL_HOLD_CALL(set_max_elements)
{
	if (call->number)
		model->enablers[call->who].max_elements = call->number;
	return 0;
}

static int (*const calls[])(struct model *model, struct model_transaction *t,
			    const struct model_call *call) = {
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

static int (*const hold_calls[])(struct model *model, struct model_adapter *adapter,
				 struct model_channel *channel, const struct model_call *call) = {
	[MODEL_HOLD] = hold,
	[MODEL_UNHOLD] = unhold,
	[MODEL_CANCEL_HOLD] = cancel_hold,
	[MODEL_MAX_ELEMENTS] = set_max_elements,
};

/**
 * model_do() - Make a call
 * @model: the model
 * @call: the call
 *
 * Return: what the call returns; 0 for those that return nothing.
 */
int model_do(struct model *model, const struct model_call *call)
{
	struct model_adapter *adapter;

	if (call->op < MODEL_HOLD)
		return calls[call->op](model, &model->transactions[call->who], call);
	adapter = &model->adapters[call->who];
	return hold_calls[call->op](model, adapter, &adapter->holds[call->what], call);
}
