// SPDX-License-Identifier: GPL-2.0-only
/*
 * Draw: random calls, as a driver would make them, and now and then as it must not.
 *
 * What is drawn follows from the model's state only, so a step is drawn once, while the
 * model takes it.
 */
#include <linux/kernel.h>
#include <linux/mm.h>

#include "model_world.h"

/* splitmix64 */
u32 world_draw(struct world *w)
{
	u64 z = w->random += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return (z ^ (z >> 31)) >> 32;
}

u32 world_draw_below(struct world *w, u32 limit)
{
	return ((u64)world_draw(w) * limit) >> 32;
}

bool world_percent(struct world *w, u32 chance)
{
	return world_draw_below(w, 100) < chance;
}

/* Not 0; page ends, and their neighbours, more often than others. */
size_t world_draw_length(struct world *w, size_t most)
{
	size_t length = 1 + world_draw_below(w, most);

	switch (world_draw_below(w, 4)) {
	case 0:
		return most;
	case 1:
		length = round_up(length, PAGE_SIZE) - 1 + world_draw_below(w, 3);
		return clamp_t(size_t, length, 1, most);
	default:
		return length;
	}
}

/* Which call */

static const u8 usual_fresh[] = {
	MODEL_INITIALIZE, MODEL_INITIALIZE, MODEL_INITIALIZE, MODEL_INITIALIZE_REQUEST,
	MODEL_INITIALIZE_REQUEST, MODEL_RESERVE, MODEL_RESERVE, MODEL_RESERVE,
	MODEL_SET_IMMEDIATE, MODEL_SET_SINGLE, MODEL_SET_FAILED, MODEL_SET_FAILED,
};

static const u8 usual_initialized[] = {
	MODEL_EXECUTE, MODEL_EXECUTE, MODEL_EXECUTE, MODEL_EXECUTE, MODEL_SET_MAX_LENGTH,
	MODEL_SET_MAX_LENGTH, MODEL_SET_IMMEDIATE, MODEL_TRANSFER_INFO, MODEL_RESERVE,
	MODEL_RELEASE,
};

static const u8 usual_reserved[] = {
	MODEL_INITIALIZE, MODEL_INITIALIZE, MODEL_INITIALIZE, MODEL_INITIALIZE_REQUEST,
	MODEL_FREE_RESERVATION, MODEL_SET_SINGLE, MODEL_SET_MAX_LENGTH, MODEL_CANCEL,
	MODEL_RELEASE, MODEL_DELETE,
};

static const u8 usual_transfer[] = {
	MODEL_COMPLETED, MODEL_COMPLETED, MODEL_COMPLETED, MODEL_COMPLETED_LENGTH,
	MODEL_COMPLETED_LENGTH, MODEL_COMPLETED_FINAL, MODEL_SET_MAX_LENGTH, MODEL_CANCEL,
};

static const u8 usual_over[] = {
	MODEL_RELEASE, MODEL_RELEASE, MODEL_RELEASE, MODEL_RELEASE, MODEL_RELEASE, MODEL_RELEASE,
	MODEL_FREE_RESERVATION, MODEL_FREE_RESERVATION, MODEL_DELETE,
};

static const u8 usual_deleted[] = { MODEL_CREATE };

#define USUAL(array)	array, ARRAY_SIZE(array)
static const struct {
	char state;
	const u8 *ops;
	unsigned int count;
} usual[] = {
	{ 'C', USUAL(usual_fresh) },
	{ 'R', USUAL(usual_fresh) },
	{ 'I', USUAL(usual_initialized) },
	{ 'V', USUAL(usual_reserved) },
	{ 'T', USUAL(usual_transfer) },
	{ 'D', USUAL(usual_over) },
	{ 'F', USUAL(usual_over) },
	{ 'X', USUAL(usual_deleted) },
};

/* What a driver would do next, or anything. */
static enum model_op draw_op(struct world *w, const struct model_transaction *t)
{
	enum model_op op;
	unsigned int i;

	if (world_percent(w, 12))
		return world_draw_below(w, MODEL_OPS);
	if (world_percent(w, 20))
		return world_percent(w, 60) ? MODEL_ALLOCATE : MODEL_GET_LIST;
	for (i = 0; usual[i].state != t->state; i++)
		;
	op = usual[i].ops[world_draw_below(w, usual[i].count)];
	/* Lists have no reservation. */
	if (t->enabler->lists && op == MODEL_RESERVE)
		return MODEL_INITIALIZE;
	if (t->enabler->lists && op == MODEL_FREE_RESERVATION)
		return MODEL_RELEASE;
	return op;
}

/* With which arguments */

static void draw_range(struct world *w, struct model_call *call)
{
	size_t length = w->model.memories[call->what].length;

	call->offset = world_percent(w, 50) ? 0 : world_draw_length(w, length) - 1;
	call->length = world_draw_length(w, length - call->offset);
	if (world_percent(w, 3))
		call->length = length - call->offset + 1;
	else if (world_percent(w, 2))
		call->length = 0;
	else if (world_percent(w, 2))
		call->offset = length;
}

/* Of a transfer of so many bytes. */
static size_t draw_completed(struct world *w, size_t current_length)
{
	switch (world_draw_below(w, 12)) {
	case 0:
		return current_length + 1;
	case 1:
		return world_percent(w, 50) ? SIZE_MAX : 0;
	case 2:
	case 3:
		return current_length;
	default:
		return world_draw_length(w, current_length + 1) - 1;
	}
}

static void draw_adapter(struct world *w, struct model_call *call)
{
	unsigned int enabler = world_draw_below(w, w->model.enabler_count);

	call->who = 2 * enabler;
	if (w->enabler[enabler].duplex && world_percent(w, 50))
		call->who++;
	call->what = world_draw_below(w, w->transactions);
	call->direction = world_draw_below(w, 2);
	call->flag = world_percent(w, 20);
	/* Who may have to wait has a routine. */
	call->answer = world_draw_below(w, MODEL_ANSWERS);
	if (call->answer == MODEL_NO_ROUTINE && !call->flag && world_percent(w, 90))
		call->answer = MODEL_KEEP_REGISTERS;
	draw_range(w, call);
}

/* A plain channel: what comes next for it, more often than not. */
static void draw_channel(struct world *w, struct model_call *call)
{
	static const u8 granted[] = {
		MODEL_MAP, MODEL_FREE_REGISTERS, MODEL_FREE_CHANNEL, MODEL_FREE_OBJECT,
	};
	const struct model_adapter *adapter;
	const struct model_channel *channel;

	draw_adapter(w, call);
	call->which = world_draw_below(w, MODEL_CHANNELS);
	adapter = &w->model.adapters[call->who];
	channel = &adapter->channels[call->which];
	if (world_percent(w, 10))
		call->op = MODEL_ALLOCATE + world_draw_below(w, MODEL_CHANNEL_OPS - MODEL_ALLOCATE);
	else if (channel->state == MODEL_IDLE)
		call->op = MODEL_ALLOCATE;
	else if (channel->state == MODEL_WAITING)
		call->op = MODEL_CANCEL_CHANNEL;
	else if (channel->mapped.length)
		call->op = MODEL_FLUSH;
	else
		call->op = granted[world_draw_below(w, ARRAY_SIZE(granted))];

	if (call->op == MODEL_FLUSH)
		call->length = draw_completed(w, channel->mapped.length);
	if (call->op == MODEL_ALLOCATE)
		call->number = world_draw_below(w, adapter->registers + 2);
	else if (call->op == MODEL_MAP)
		call->number = world_draw_below(w, LIST_ROOM + 1);
	else
		call->number = channel->registers + world_percent(w, 3);
}

static void draw_list(struct world *w, struct model_call *call)
{
	const struct model_adapter *adapter;
	const struct model_list *list;

	draw_adapter(w, call);
	/* Packets have none. */
	if (!w->model.adapters[call->who].lists && world_percent(w, 80))
		draw_adapter(w, call);
	call->which = world_draw_below(w, MODEL_LISTS);
	adapter = &w->model.adapters[call->who];
	list = &adapter->list[call->which];
	if (world_percent(w, 10))
		call->op = MODEL_GET_LIST + world_draw_below(w, MODEL_ADAPTER_OPS - MODEL_GET_LIST);
	else if (list->channel.state == MODEL_IDLE)
		call->op = world_percent(w, 50) ? MODEL_GET_LIST : MODEL_BUILD_LIST;
	else
		call->op = list->there ? MODEL_PUT_LIST : MODEL_CANCEL_LIST;

	/* Most of what memories are is too much for the adapters here. */
	if (world_percent(w, 80))
		call->length = min(call->length, adapter->registers * PAGE_SIZE / 2);
	call->number = world_draw_below(w, LIST_ROOM + 1);
	if (world_percent(w, 2))
		call->direction = 2;
}

/* The arguments of a call on a transaction. */
static void draw_arguments(struct world *w, struct model_call *call)
{
	struct model_transaction *t = &w->model.transactions[call->who];

	call->flag = world_percent(w, 97);
	call->direction = world_percent(w, 98) ? world_draw_below(w, 2) : 2;
	switch (call->op) {
	case MODEL_INITIALIZE:
		call->what = call->who;
		draw_range(w, call);
		fallthrough;
	case MODEL_INITIALIZE_REQUEST:
		call->what = world_percent(w, 98) ? call->who : MODEL_NONE;
		break;
	case MODEL_RESERVE:
		call->number = world_draw_below(w, t->adapter->registers + 2);
		if (world_percent(w, 30))
			call->number = 1 + world_draw_below(w, 2);
		break;
	case MODEL_COMPLETED_LENGTH:
	case MODEL_COMPLETED_FINAL:
		call->length = draw_completed(w, t->current_length);
		break;
	case MODEL_SET_IMMEDIATE:
	case MODEL_SET_SINGLE:
		call->flag = world_percent(w, 30);
		break;
	case MODEL_SET_FAILED:
		call->flag = world_percent(w, 80);
		break;
	case MODEL_SET_MAX_LENGTH:
		/* Also just what is ignored: the fragment length. */
		call->length = world_draw_length(w, t->adapter->registers * PAGE_SIZE);
		if (world_percent(w, 10))
			call->length = min(t->enabler->max_length,
					   (t->adapter->registers - 1) * PAGE_SIZE);
		else if (world_percent(w, 5))
			call->length = 0;
		break;
	default:
		break;
	}
}

static void draw_enabler(struct world *w, struct model_call *call)
{
	call->who = world_draw_below(w, w->model.enabler_count);
	call->flag = world_percent(w, 50);
	switch (call->op) {
	case MODEL_MAX_ELEMENTS:
		call->number = world_percent(w, 50) ? U32_MAX : world_draw_below(w, 12);
		break;
	case MODEL_BUFFER:
		call->length = world_percent(w, 95) ? world_draw_length(w, 2 * PAGE_SIZE) : 0;
		call->number = BIT(world_draw_below(w, PAGE_SHIFT + 4)) - 1 + world_percent(w, 5);
		break;
	default:
		/* Steps that fail: few of them. */
		call->number = world_draw(w) & world_draw(w) & world_draw(w);
	}
}

void world_draw_call(struct world *w, u8 who, int op, struct model_call *call)
{
	*call = (struct model_call) { .op = op, .who = who };

	/* These may sleep. */
	if (w->depth && op > MODEL_MAX_ELEMENTS)
		call->op = MODEL_MAX_ELEMENTS;
	if (op == MODEL_CREATE && (w->depth || w->model.transactions[who].state != 'X'))
		call->op = MODEL_RELEASE;

	if (call->op < MODEL_TRANSACTION_OPS)
		draw_arguments(w, call);
	else if (call->op < MODEL_CHANNEL_OPS)
		draw_channel(w, call);
	else if (call->op < MODEL_ADAPTER_OPS)
		draw_list(w, call);
	else
		draw_enabler(w, call);
}

void world_draw_any(struct world *w, struct model_call *call)
{
	u8 who = world_draw_below(w, w->transactions);

	world_draw_call(w, who, draw_op(w, &w->model.transactions[who]), call);
}
