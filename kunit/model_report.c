// SPDX-License-Identifier: GPL-2.0-only
/*
 * Report: a round in words, so that a failure can be read.
 *
 * What is printed of a step is its record: calls and callbacks, each inside the other
 * that led to it, and what the model expects each to return.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "model_world.h"

const char *const world_op_names[MODEL_OPS] = {
	[MODEL_CREATE] = "create",
	[MODEL_INITIALIZE] = "initialize",
	[MODEL_INITIALIZE_REQUEST] = "initialize_request",
	[MODEL_RESERVE] = "reserve",
	[MODEL_FREE_RESERVATION] = "free_reservation",
	[MODEL_EXECUTE] = "execute",
	[MODEL_COMPLETED] = "completed",
	[MODEL_COMPLETED_LENGTH] = "completed_length",
	[MODEL_COMPLETED_FINAL] = "completed_final",
	[MODEL_RELEASE] = "release",
	[MODEL_CANCEL] = "cancel",
	[MODEL_DELETE] = "delete",
	[MODEL_SET_IMMEDIATE] = "set_immediate",
	[MODEL_SET_MAX_LENGTH] = "set_max_length",
	[MODEL_SET_SINGLE] = "set_single_transfer",
	[MODEL_SET_FAILED] = "set_failed",
	[MODEL_TRANSFER_INFO] = "transfer_info",
	[MODEL_ALLOCATE] = "allocate_channel",
	[MODEL_CANCEL_CHANNEL] = "cancel_channel",
	[MODEL_MAP] = "map_transfer",
	[MODEL_FLUSH] = "flush",
	[MODEL_FREE_REGISTERS] = "free_map_registers",
	[MODEL_FREE_CHANNEL] = "free_channel",
	[MODEL_FREE_OBJECT] = "free_object",
	[MODEL_GET_LIST] = "get_sg_list",
	[MODEL_BUILD_LIST] = "build_sg_list",
	[MODEL_CANCEL_LIST] = "cancel_sg_list",
	[MODEL_PUT_LIST] = "put_sg_list",
	[MODEL_MAX_ELEMENTS] = "set_max_sg_elements",
	[MODEL_BUFFER] = "common_buffer_create",
	[MODEL_POWER_UP] = "power_up",
	[MODEL_POWER_DOWN] = "power_down",
};

const char *const world_event_names[MODEL_EVENTS] = {
	[MODEL_PROGRAM] = "program_dma",
	[MODEL_RESERVED] = "reserved",
	[MODEL_FAILED] = "failed",
	[MODEL_ROUTINE] = "routine",
	[MODEL_LIST] = "list routine",
	[MODEL_GET_REQUEST] = "request get",
	[MODEL_PUT_REQUEST] = "request put",
	[MODEL_POWER] = "power step",
};

static const char *const answer_names[MODEL_ANSWERS] = {
	[MODEL_NO_ROUTINE] = "no routine",
	[MODEL_KEEP_OBJECT] = "keep object",
	[MODEL_DEALLOCATE_OBJECT] = "deallocate object",
	[MODEL_KEEP_REGISTERS] = "keep registers",
};

const char *world_state_name(char state)
{
	static const struct {
		char state;
		const char *name;
	} names[] = {
		{ 'C', "created" },   { 'I', "initialized" }, { 'V', "reserved" },
		{ 'T', "transfer" },  { 'D', "completed" },   { 'F', "failed" },
		{ 'R', "released" },  { 'X', "deleted" },
	};
	unsigned int i;

	for (i = 0; names[i].state != state; i++)
		;
	return names[i].name;
}

/* Only the first difference counts; what follows is its consequence. */
void world_differ(struct world *w, const char *format, ...)
{
	va_list args;

	if (w->failed)
		return;
	w->failed = true;
	va_start(args, format);
	vsnprintf(w->why, sizeof(w->why), format, args);
	va_end(args);
}

static void describe_transaction_call(char *text, size_t size, const struct model_call *call)
{
	switch ((enum model_op)call->op) {
	case MODEL_INITIALIZE:
		scnprintf(text, size, "direction %u, offset %zu, length %zu%s%s", call->direction,
			  call->offset, call->length, call->flag ? "" : ", no program_dma",
			  call->what == MODEL_NONE ? ", no memory" : "");
		break;
	case MODEL_INITIALIZE_REQUEST:
		scnprintf(text, size, "direction %u%s%s", call->direction,
			  call->flag ? "" : ", no program_dma",
			  call->what == MODEL_NONE ? ", no request" : "");
		break;
	case MODEL_RESERVE:
		scnprintf(text, size, "direction %u, %u registers%s", call->direction,
			  call->number, call->flag ? "" : ", no callback");
		break;
	case MODEL_COMPLETED_LENGTH:
	case MODEL_COMPLETED_FINAL:
	case MODEL_SET_MAX_LENGTH:
		scnprintf(text, size, "%zu bytes", call->length);
		break;
	case MODEL_SET_IMMEDIATE:
	case MODEL_SET_SINGLE:
	case MODEL_SET_FAILED:
		scnprintf(text, size, "%s", call->flag ? "yes" : "no");
		break;
	default:
		*text = '\0';
	}
}

static void describe_adapter_call(char *text, size_t size, const struct model_call *call)
{
	const char *immediate = call->flag ? ", immediate" : "";

	switch ((enum model_op)call->op) {
	case MODEL_ALLOCATE:
		scnprintf(text, size, "channel %u, %u registers, %s%s", call->which,
			  call->number, answer_names[call->answer], immediate);
		break;
	case MODEL_MAP:
		scnprintf(text, size, "channel %u, memory %u, direction %u, %zu at %zu, room %u",
			  call->which, call->what, call->direction, call->length, call->offset,
			  call->number);
		break;
	case MODEL_FLUSH:
		scnprintf(text, size, "channel %u, %zu bytes", call->which, call->length);
		break;
	case MODEL_FREE_REGISTERS:
		scnprintf(text, size, "channel %u, %u registers", call->which, call->number);
		break;
	case MODEL_FREE_OBJECT:
		scnprintf(text, size, "channel %u, %s", call->which, answer_names[call->answer]);
		break;
	case MODEL_GET_LIST:
	case MODEL_BUILD_LIST:
		scnprintf(text, size, "list %u, memory %u, direction %u, %zu at %zu, room %u%s%s",
			  call->which, call->what, call->direction, call->length, call->offset,
			  call->number, call->answer ? "" : ", no routine", immediate);
		break;
	default:
		scnprintf(text, size, "%u", call->which);
	}
}

static void describe_enabler_call(char *text, size_t size, const struct model_call *call)
{
	switch ((enum model_op)call->op) {
	case MODEL_MAX_ELEMENTS:
		scnprintf(text, size, "%u", call->number);
		break;
	case MODEL_BUFFER:
		scnprintf(text, size, "%zu bytes, mask %x%s", call->length, call->number,
			  call->flag ? "" : " of the enabler");
		break;
	default:
		scnprintf(text, size, "%s, failing %x", call->flag ? "all" : "one",
			  call->number);
	}
}

static void print_call(struct world *w, int indent, const struct model_call *call)
{
	static const struct {
		enum model_op end;
		const char *who;
		void (*describe)(char *text, size_t size, const struct model_call *call);
	} kinds[] = {
		{ MODEL_TRANSACTION_OPS, "transaction", describe_transaction_call },
		{ MODEL_ADAPTER_OPS, "adapter", describe_adapter_call },
		{ MODEL_OPS, "enabler", describe_enabler_call },
	};
	unsigned int i;
	char text[96];

	for (i = 0; call->op >= kinds[i].end; i++)
		;
	kinds[i].describe(text, sizeof(text), call);
	kunit_err(w->test, "%*s%s(%s %u) %s\n", indent, "", world_op_names[call->op], kinds[i].who,
		  call->who, text);
}

static void print_event(struct world *w, int indent, const struct model_event *event)
{
	if (event->seen.length)
		kunit_err(w->test,
			  "%*s%s of %u: direction %u, %zu at %zu, %u elements, shape %x, bytes %x\n",
			  indent, "", world_event_names[event->kind], event->who, event->direction,
			  event->seen.length, event->transferred, event->seen.elements,
			  event->seen.shape, event->seen.bytes);
	else
		kunit_err(w->test, "%*s%s of %u, status %d\n", indent, "",
			  world_event_names[event->kind], event->who, event->status);
}

static void print_result(struct world *w, int indent, const struct model_result *result)
{
	if (result->seen.length)
		kunit_err(w->test, "%*s= %zu bytes, %u elements, shape %x, bytes %x\n", indent, "",
			  result->seen.length, result->seen.elements, result->seen.shape,
			  result->seen.bytes);
	else
		kunit_err(w->test, "%*s= %d\n", indent, "", result->ret);
}

static void print_faults(struct world *w)
{
	const struct model_faults *faults = &w->model.faults;

	if (faults->map != UINT_MAX && faults->map_error)
		kunit_err(w->test, "mapping %u of this fails: %d\n", faults->map,
			  faults->map_error);
	else if (faults->map != UINT_MAX)
		kunit_err(w->test, "mapping %u of this is %zu bytes at most\n", faults->map,
			  faults->map_most);
	if (faults->flush != UINT_MAX)
		kunit_err(w->test, "flush %u of this fails\n", faults->flush);
}

/* What the model expects of a step. */
void world_print_record(struct world *w)
{
	const struct world_entry *entry;
	int indent = 0;

	print_faults(w);
	for (entry = w->record; entry < w->record + w->recorded; entry++) {
		if (entry->kind == WORLD_END)
			indent -= 4;
		else if (entry->kind == WORLD_CALL)
			print_call(w, indent, &entry->call);
		else if (entry->kind == WORLD_EVENT)
			print_event(w, indent, &entry->event);
		else
			print_result(w, indent, &entry->result);
		if (entry->kind == WORLD_CALL || entry->kind == WORLD_EVENT)
			indent += 4;
		if (entry->kind == WORLD_RESULT)
			indent -= 4;
	}
}

/* What a round begins with. */
void world_print_round(struct world *w)
{
	const struct model_enabler *enabler;
	const struct model_memory *memory;
	unsigned int i, j;

	for (i = 0; i < w->model.enabler_count; i++) {
		enabler = &w->model.enablers[i];
		kunit_err(w->test, "enabler %u: %s%s, %u and %u registers, %zu bytes at most%s\n",
			  i, w->enabler[i].duplex ? "duplex " : "",
			  enabler->lists ? "lists" : "packets", enabler->adapter[0]->registers,
			  enabler->adapter[1]->registers, enabler->max_length,
			  enabler->single ? ", single transfer" : "");
	}
	for (i = 0; i < w->transactions; i++) {
		memory = &w->model.memories[i];
		kunit_err(w->test, "transaction %u: enabler %zu; memory %u: %zu bytes%s\n", i,
			  w->model.transactions[i].enabler - w->model.enablers, i,
			  memory->length, memory->read_only ? ", read-only" : "");
		for (j = 0; j < memory->count; j++)
			kunit_err(w->test, "    %zu bytes, %u bytes into page %u%s\n",
				  memory->groups[j].length, memory->groups[j].in_page,
				  memory->groups[j].page,
				  memory->groups[j].scattered ? ", scattered" : "");
	}
}
