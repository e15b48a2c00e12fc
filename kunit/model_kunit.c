// SPDX-License-Identifier: GPL-2.0-only
/*
 * Model: random calls, and the core against the reference model (model.h).
 *
 * A step is one call of a driver, and what the driver does inside the callbacks that
 * this call leads to. First the model takes it; what it returns, tells and is called
 * back with inside becomes a record. Then the core takes the same call, and has to
 * follow the record to its end: the same callbacks in the same order, which make the
 * calls that the record has there, with the same results. After each step all states,
 * lengths, credits and lines are compared.
 *
 * Steps come in rounds: a round begins with new enablers, memories and transactions.
 * Everything in a round follows from its seed, and each step from that and its own
 * number. So when a round fails, steps can be left out as long as it still does; the
 * few that remain are printed.
 */
#include <kunit/static_stub.h>
#include <linux/dma-mapping.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "model.h"
#include "rig.h"

static unsigned int model_steps = 10 * 1000 * 1000;
module_param(model_steps, uint, 0444);
MODULE_PARM_DESC(model_steps, "Random steps of the core against the model");

static ulong model_seed;
module_param(model_seed, ulong, 0444);
MODULE_PARM_DESC(model_seed, "What they follow from; 0 for something new each time");

#define ROUND_STEPS	1000
#define FAST_STEPS	20000

/* More callbacks in one step, or deeper ones, do nothing. */
#define EVENTS_MAX	24
#define DEPTH_MAX	4
#define RECORD_MAX	512

#define BLOCK_ORDER	4
#define BLOCK_PAGES	BIT(BLOCK_ORDER)

struct result {
	int ret;
	/* of transfer_info */
	unsigned int registers;
	unsigned int elements;
};

/* What was said and done in one step, in order. */
struct entry {
	enum { CALL, RESULT, EVENT, END } kind;
	union {
		struct model_call call;
		struct result result;
		struct model_event event;
	};
};

/* The core's side of the model's objects; the number finds the model's. */
struct core_transaction {
	struct world *world;
	struct dmabay_transaction *transaction;
};

struct core_request {
	struct dmabay_request request;
	struct world *world;
};

struct core_hold {
	struct dmabay_channel channel;
	struct world *world;
};

struct world {
	struct kunit *test;
	struct device *dev;
	const struct rig_provider *provider;
	unsigned long deadline;
	u64 random;

	struct model model;
	bool duplex[MODEL_ENABLERS];
	unsigned int enablers;
	unsigned int transactions;

	struct dmabay_enabler *enabler[MODEL_ENABLERS];
	struct dmabay_memory *memory[MODEL_MEMORIES];
	struct core_transaction transaction[MODEL_TRANSACTIONS];
	struct core_request request[MODEL_REQUESTS];
	struct core_hold hold[MODEL_ADAPTERS * MODEL_HOLDS];
	struct page *blocks[MODEL_MEMORIES * MODEL_GROUPS];
	struct page *pages[BLOCK_PAGES];
	unsigned int core_maps;
	unsigned int core_flushes;

	struct entry record[RECORD_MAX];
	unsigned int recorded;
	unsigned int at;
	unsigned int events;
	unsigned int depth;

	/* between two rounds callbacks are not looked at */
	bool closing;
	bool failed;
	char why[160];

	/* steps of a round that failed */
	unsigned int steps[ROUND_STEPS];
	unsigned int tried[ROUND_STEPS];
};

/* The stubs have no context. */
static struct world *world;

/* Random numbers: splitmix64 */

static u32 draw(struct world *w)
{
	u64 z = w->random += 0x9e3779b97f4a7c15ULL;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return (z ^ (z >> 31)) >> 32;
}

static u32 draw_below(struct world *w, u32 limit)
{
	return ((u64)draw(w) * limit) >> 32;
}

static bool percent(struct world *w, u32 chance)
{
	return draw_below(w, 100) < chance;
}

/* Not 0; page ends, and their neighbours, more often than others. */
static size_t draw_length(struct world *w, size_t most)
{
	size_t length = 1 + draw_below(w, most);

	switch (draw_below(w, 4)) {
	case 0:
		return most;
	case 1:
		length = round_up(length, PAGE_SIZE) - 1 + draw_below(w, 3);
		return clamp_t(size_t, length, 1, most);
	default:
		return length;
	}
}

/* Words */

static const char *const op_names[MODEL_OPS] = {
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
	[MODEL_HOLD] = "hold registers",
	[MODEL_UNHOLD] = "unhold registers",
	[MODEL_CANCEL_HOLD] = "cancel a hold",
	[MODEL_MAX_ELEMENTS] = "set_max_sg_elements",
};

static const char *const event_names[] = {
	[MODEL_PROGRAM] = "program_dma",
	[MODEL_RESERVED] = "reserved",
	[MODEL_FAILED] = "failed",
	[MODEL_GET_REQUEST] = "request get",
	[MODEL_PUT_REQUEST] = "request put",
	[MODEL_HELD] = "held",
};

static const char *state_name(char state)
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

static void describe_call(char *text, size_t size, const struct model_call *call)
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
	case MODEL_HOLD:
	case MODEL_UNHOLD:
	case MODEL_CANCEL_HOLD:
		scnprintf(text, size, "channel %u, %u registers%s", call->what, call->number,
			  call->op == MODEL_HOLD && call->flag ? ", immediate" : "");
		break;
	case MODEL_MAX_ELEMENTS:
		scnprintf(text, size, "%u", call->number);
		break;
	default:
		*text = '\0';
	}
}

static void print_entry(struct world *w, int indent, const struct entry *entry)
{
	const struct model_event *event = &entry->event;
	char text[80];

	switch (entry->kind) {
	case CALL:
		describe_call(text, sizeof(text), &entry->call);
		kunit_err(w->test, "%*s%s(%s %u) %s\n", indent, "", op_names[entry->call.op],
			  entry->call.op == MODEL_MAX_ELEMENTS ? "enabler" :
			  entry->call.op >= MODEL_HOLD ? "adapter" : "transaction",
			  entry->call.who, text);
		break;
	case RESULT:
		kunit_err(w->test, "%*s= %d\n", indent, "", entry->result.ret);
		break;
	case EVENT:
		if (event->kind == MODEL_PROGRAM)
			kunit_err(w->test, "%*sprogram_dma of %u: direction %u, %zu at %zu, %u elements\n",
				  indent, "", event->who, event->direction, event->length,
				  event->transferred, event->elements);
		else
			kunit_err(w->test, "%*s%s of %u, status %d\n", indent, "",
				  event_names[event->kind], event->who, event->status);
		break;
	case END:
		break;
	}
}

/* What the model expects of a step. */
static void print_record(struct world *w)
{
	const struct model_faults *faults = &w->model.faults;
	unsigned int i;
	int indent = 0;

	if (faults->map != UINT_MAX && faults->map_error)
		kunit_err(w->test, "mapping %u of this fails: %d\n", faults->map,
			  faults->map_error);
	else if (faults->map != UINT_MAX)
		kunit_err(w->test, "mapping %u of this is %zu bytes at most\n", faults->map,
			  faults->map_most);
	if (faults->flush != UINT_MAX)
		kunit_err(w->test, "flush %u of this fails\n", faults->flush);
	for (i = 0; i < w->recorded; i++) {
		if (w->record[i].kind == END)
			indent -= 4;
		print_entry(w, indent, &w->record[i]);
		if (w->record[i].kind == CALL || w->record[i].kind == EVENT)
			indent += 4;
		if (w->record[i].kind == RESULT)
			indent -= 4;
	}
}

static void print_round(struct world *w)
{
	const struct model_enabler *enabler;
	const struct model_memory *memory;
	unsigned int i, j;

	for (i = 0; i < w->enablers; i++) {
		enabler = &w->model.enablers[i];
		kunit_err(w->test, "enabler %u: %s%s, %u and %u registers, %zu bytes at most%s\n",
			  i, w->duplex[i] ? "duplex " : "", enabler->lists ? "lists" : "packets",
			  enabler->adapter[0]->registers, enabler->adapter[1]->registers,
			  enabler->max_length, enabler->single ? ", single transfer" : "");
	}
	for (i = 0; i < w->transactions; i++) {
		memory = &w->model.memories[i];
		kunit_err(w->test, "transaction %u: enabler %zu, memory of %zu bytes%s\n", i,
			  w->model.transactions[i].enabler - w->model.enablers, memory->length,
			  memory->read_only ? ", read-only" : "");
		for (j = 0; j < memory->count; j++)
			kunit_err(w->test, "    %zu bytes, %u bytes into a page%s\n",
				  memory->groups[j].length, memory->groups[j].in_page,
				  memory->groups[j].scattered ? ", scattered" : "");
	}
}

/* Only the first difference counts; what follows is its consequence. */
static __printf(2, 3) void differ(struct world *w, const char *format, ...)
{
	va_list args;

	if (w->failed)
		return;
	w->failed = true;
	va_start(args, format);
	vsnprintf(w->why, sizeof(w->why), format, args);
	va_end(args);
}

/* Drawing calls */

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

	if (percent(w, 12))
		return draw_below(w, MODEL_OPS);
	if (percent(w, 15))
		return MODEL_HOLD;
	for (i = 0; usual[i].state != t->state; i++)
		;
	op = usual[i].ops[draw_below(w, usual[i].count)];
	/* Lists have no reservation. */
	if (t->enabler->lists && op == MODEL_RESERVE)
		return MODEL_INITIALIZE;
	if (t->enabler->lists && op == MODEL_FREE_RESERVATION)
		return MODEL_RELEASE;
	return op;
}

static void draw_range(struct world *w, struct model_call *call, size_t length)
{
	call->offset = percent(w, 50) ? 0 : draw_length(w, length) - 1;
	call->length = draw_length(w, length - call->offset);
	if (percent(w, 3))
		call->length = length - call->offset + 1;
	else if (percent(w, 2))
		call->length = 0;
	else if (percent(w, 2))
		call->offset = length;
}

static size_t draw_completed(struct world *w, size_t current_length)
{
	switch (draw_below(w, 12)) {
	case 0:
		return current_length + 1;
	case 1:
		return percent(w, 50) ? SIZE_MAX : 0;
	case 2:
	case 3:
		return current_length;
	default:
		return draw_length(w, current_length + 1) - 1;
	}
}

static void draw_hold(struct world *w, struct model_call *call)
{
	static const enum model_op next[] = {
		[MODEL_IDLE] = MODEL_HOLD,
		[MODEL_WAITING] = MODEL_CANCEL_HOLD,
		[MODEL_GRANTED] = MODEL_UNHOLD,
	};
	struct model_adapter *adapter;
	struct model_channel *hold;
	unsigned int enabler = draw_below(w, w->enablers);

	call->who = 2 * enabler + (w->duplex[enabler] ? draw_below(w, 2) : 0);
	call->what = draw_below(w, MODEL_HOLDS);
	adapter = &w->model.adapters[call->who];
	hold = &adapter->holds[call->what];
	if (percent(w, 95))
		call->op = next[hold->state];
	call->flag = percent(w, 20);
	call->number = call->op == MODEL_HOLD ? draw_below(w, adapter->registers + 2) :
						hold->registers;
	if (percent(w, 3))
		call->number++;
}

/* The arguments of a call on a transaction. */
static void draw_arguments(struct world *w, struct model_call *call)
{
	struct model_transaction *t = &w->model.transactions[call->who];

	call->flag = percent(w, 97);
	call->direction = percent(w, 98) ? draw_below(w, 2) : 2;
	switch (call->op) {
	case MODEL_INITIALIZE:
		call->what = percent(w, 98) ? call->who : MODEL_NONE;
		draw_range(w, call, w->model.memories[call->who].length);
		break;
	case MODEL_INITIALIZE_REQUEST:
		call->what = percent(w, 98) ? call->who : MODEL_NONE;
		break;
	case MODEL_RESERVE:
		call->number = draw_below(w, t->adapter->registers + 2);
		if (percent(w, 30))
			call->number = 1 + draw_below(w, 2);
		break;
	case MODEL_COMPLETED_LENGTH:
	case MODEL_COMPLETED_FINAL:
		call->length = draw_completed(w, t->current_length);
		break;
	case MODEL_SET_IMMEDIATE:
	case MODEL_SET_SINGLE:
		call->flag = percent(w, 30);
		break;
	case MODEL_SET_FAILED:
		call->flag = percent(w, 80);
		break;
	case MODEL_SET_MAX_LENGTH:
		/* Also just what is ignored: the fragment length. */
		call->length = draw_length(w, t->adapter->registers * PAGE_SIZE);
		if (percent(w, 10))
			call->length = min(t->enabler->max_length,
					   (t->adapter->registers - 1) * PAGE_SIZE);
		else if (percent(w, 5))
			call->length = 0;
		break;
	default:
		break;
	}
}

static void draw_call(struct world *w, u8 who, int op, struct model_call *call)
{
	*call = (struct model_call) { .op = op, .who = who };

	/* Creating may sleep. */
	if (op == MODEL_CREATE && (w->depth || w->model.transactions[who].state != 'X'))
		call->op = MODEL_RELEASE;
	if (op == MODEL_MAX_ELEMENTS) {
		call->who = draw_below(w, w->enablers);
		call->number = percent(w, 50) ? U32_MAX : draw_below(w, 12);
	} else if (op >= MODEL_HOLD) {
		draw_hold(w, call);
	} else {
		draw_arguments(w, call);
	}
}

static void draw_any(struct world *w, struct model_call *call)
{
	u8 who = draw_below(w, w->transactions);

	draw_call(w, who, draw_op(w, &w->model.transactions[who]), call);
}

/* The model's side: what is expected */

static struct entry *record(struct world *w, int kind)
{
	struct entry *entry = &w->record[w->recorded];

	if (WARN_ON_ONCE(w->recorded == RECORD_MAX - 1))
		return entry;
	memset(entry, 0, sizeof(*entry));
	entry->kind = kind;
	w->recorded++;
	return entry;
}

static void expect_call(struct world *w, const struct model_call *call)
{
	struct result result = {};

	record(w, CALL)->call = *call;
	result.ret = model_do(&w->model, call);
	if (call->op == MODEL_TRANSFER_INFO && !result.ret) {
		result.registers = w->model.info_registers;
		result.elements = w->model.info_elements;
	}
	record(w, RESULT)->result = result;
}

#define ANY	0x80
#define STOP	0xff

/* What drivers do in their callbacks; the rest of each is STOP. */
static const u8 scripts_program[][5] = {
	{ STOP },
	{ STOP },
	{ STOP },
	{ STOP },
	{ MODEL_COMPLETED, STOP },
	{ MODEL_COMPLETED, STOP },
	{ MODEL_COMPLETED, STOP },
	{ MODEL_COMPLETED_LENGTH, STOP },
	{ MODEL_COMPLETED_FINAL, STOP },
	{ MODEL_COMPLETED_FINAL, MODEL_RELEASE, MODEL_INITIALIZE, MODEL_EXECUTE, STOP },
	{ MODEL_COMPLETED, MODEL_RELEASE, MODEL_INITIALIZE_REQUEST, MODEL_EXECUTE, STOP },
	{ MODEL_COMPLETED_FINAL, MODEL_RELEASE, MODEL_RESERVE, STOP },
	{ MODEL_COMPLETED_FINAL, MODEL_DELETE, STOP },
	{ MODEL_COMPLETED, ANY, STOP },
	{ ANY, STOP },
	{ ANY, ANY, STOP },
};

static const u8 scripts_reserved[][5] = {
	{ STOP },
	{ STOP },
	{ MODEL_INITIALIZE, MODEL_EXECUTE, STOP },
	{ MODEL_INITIALIZE, MODEL_EXECUTE, STOP },
	{ MODEL_FREE_RESERVATION, STOP },
	{ MODEL_FREE_RESERVATION, MODEL_RESERVE, STOP },
	{ MODEL_RELEASE, MODEL_INITIALIZE_REQUEST, MODEL_EXECUTE, STOP },
	{ ANY, STOP },
	{ ANY, ANY, STOP },
};

static const u8 scripts_failed[][5] = {
	{ STOP },
	{ MODEL_RELEASE, STOP },
	{ MODEL_RELEASE, MODEL_INITIALIZE, MODEL_EXECUTE, STOP },
	{ MODEL_DELETE, STOP },
	{ ANY, STOP },
};

#define SCRIPTS(array)	array, ARRAY_SIZE(array)
static const struct {
	const u8 (*scripts)[5];
	unsigned int count;
} scripts[] = {
	[MODEL_PROGRAM] = { SCRIPTS(scripts_program) },
	[MODEL_RESERVED] = { SCRIPTS(scripts_reserved) },
	[MODEL_FAILED] = { SCRIPTS(scripts_failed) },
};

static void expect_script(struct world *w, const struct model_event *event)
{
	const u8 *script = scripts[event->kind].scripts[draw_below(w, scripts[event->kind].count)];
	struct model_call call;

	w->depth++;
	for (; *script != STOP; script++) {
		if (*script == ANY)
			draw_any(w, &call);
		else
			draw_call(w, event->who, *script, &call);
		expect_call(w, &call);
	}
	w->depth--;
}

/* The model calls back. Only those of a transaction have a script. */
static void expect_event(struct model *model, const struct model_event *event)
{
	struct world *w = container_of(model, struct world, model);

	record(w, EVENT)->event = *event;
	if (event->kind <= MODEL_FAILED && w->depth < DEPTH_MAX && w->events++ < EVENTS_MAX)
		expect_script(w, event);
	record(w, END);
}

/* The core's side: it follows the record */

static void follow_event(struct world *w, const struct model_event *event);

static u8 number_of(struct core_transaction *t)
{
	return t - t->world->transaction;
}

static void follow_transaction(struct core_transaction *t, struct model_event event)
{
	event.who = number_of(t);
	event.current_length = dmabay_transaction_current_length(t->transaction);
	event.transferred = dmabay_transaction_bytes_transferred(t->transaction);
	follow_event(t->world, &event);
}

static bool core_program(struct dmabay_transaction *transaction, struct device *dev, void *context,
			 enum dmabay_direction direction, const struct dmabay_sg_list *list)
{
	struct core_transaction *t = context;
	struct model_event event = {
		.kind = MODEL_PROGRAM,
		.direction = direction,
		.elements = list->count,
		.in_page = offset_in_page(list->elements[0].address),
	};
	unsigned int i;

	for (i = 0; i < list->count; i++)
		event.length += list->elements[i].length;
	if (transaction != t->transaction)
		differ(t->world, "program_dma with the context of %u for another one",
		       number_of(t));
	follow_transaction(t, event);
	return true;
}

static void core_reserved(struct dmabay_transaction *transaction, void *context)
{
	follow_transaction(context, (struct model_event) { .kind = MODEL_RESERVED });
}

static void core_failed(struct dmabay_transaction *transaction, void *context, int status)
{
	follow_transaction(context, (struct model_event) {
		.kind = MODEL_FAILED,
		.status = status,
	});
}

static enum dmabay_channel_action core_held(struct dmabay_adapter *adapter,
					    struct dmabay_channel *channel, void *context)
{
	struct core_hold *hold = context;
	struct model_event event = { .kind = MODEL_HELD, .who = hold - hold->world->hold };

	follow_event(hold->world, &event);
	return DMABAY_DEALLOCATE_OBJECT_KEEP_REGISTERS;
}

static void core_request(struct dmabay_request *request, enum model_event_kind kind)
{
	struct core_request *r = container_of(request, struct core_request, request);
	struct model_event event = { .kind = kind, .who = r - r->world->request };

	follow_event(r->world, &event);
}

static void core_get(struct dmabay_request *request)
{
	core_request(request, MODEL_GET_REQUEST);
}

static void core_put(struct dmabay_request *request)
{
	core_request(request, MODEL_PUT_REQUEST);
}

static int core_map(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
		    struct dmabay_memory *memory, size_t offset, size_t *length,
		    enum dmabay_direction direction, struct dmabay_sg_list *list)
{
	const struct model_faults *faults = &world->model.faults;
	int ret;

	if (world->core_maps++ == faults->map) {
		if (faults->map_error)
			return faults->map_error;
		*length = min(*length, faults->map_most);
	}
	kunit_deactivate_static_stub(world->test, dmabay_adapter_map_transfer);
	ret = dmabay_adapter_map_transfer(adapter, channel, memory, offset, length, direction,
					  list);
	kunit_activate_static_stub(world->test, dmabay_adapter_map_transfer, core_map);
	return ret;
}

static int core_flush(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
		      size_t length)
{
	int ret;

	if (world->core_flushes++ == world->model.faults.flush)
		return world->model.faults.flush_error;
	kunit_deactivate_static_stub(world->test, dmabay_adapter_flush);
	ret = dmabay_adapter_flush(adapter, channel, length);
	kunit_activate_static_stub(world->test, dmabay_adapter_flush, core_flush);
	return ret;
}

static struct dmabay_adapter *core_adapter(struct world *w, unsigned int number)
{
	return dmabay_enabler_adapter(w->enabler[number / 2], number % 2);
}

static void core_create(struct world *w, unsigned int number)
{
	struct core_transaction *t = &w->transaction[number];
	unsigned int enabler = w->model.transactions[number].enabler - w->model.enablers;

	if (t->transaction)
		dmabay_transaction_put(t->transaction);
	t->world = w;
	KUNIT_ASSERT_EQ(w->test, 0, dmabay_transaction_create(w->enabler[enabler],
							      &t->transaction));
	/* So that calls on a deleted one are allowed, and refused. */
	dmabay_transaction_get(t->transaction);
}

static int core_other(struct world *w, const struct model_call *call)
{
	struct core_hold *hold = &w->hold[MODEL_HOLDS * call->who + call->what];
	struct dmabay_channel *channel = &hold->channel;

	switch (call->op) {
	case MODEL_HOLD:
		return dmabay_adapter_allocate_channel(core_adapter(w, call->who), channel,
						       call->number,
						       call->flag ? DMABAY_CHANNEL_IMMEDIATE : 0,
						       core_held, hold);
	case MODEL_UNHOLD:
		return dmabay_adapter_free_map_registers(core_adapter(w, call->who), channel,
							 call->number);
	case MODEL_CANCEL_HOLD:
		return dmabay_adapter_cancel_channel(core_adapter(w, call->who), channel);
	default:
		dmabay_enabler_set_max_sg_elements(w->enabler[call->who],
						   call->number == U32_MAX ? SIZE_MAX :
									     call->number);
		return 0;
	}
}

static struct result core_do(struct world *w, const struct model_call *call)
{
	struct core_transaction *t = &w->transaction[call->who];
	dmabay_program_dma_t program = call->flag ? core_program : NULL;
	struct dmabay_transaction *transaction = t->transaction;
	bool none = call->what == MODEL_NONE;
	struct dmabay_request *request;
	struct dmabay_memory *memory;
	struct result result = {};

	if (call->op >= MODEL_HOLD) {
		result.ret = core_other(w, call);
		return result;
	}
	switch ((enum model_op)call->op) {
	case MODEL_CREATE:
		core_create(w, call->who);
		break;
	case MODEL_INITIALIZE:
		memory = none ? NULL : w->memory[call->what];
		result.ret = dmabay_transaction_initialize_offset(transaction, program,
								  call->direction, memory,
								  call->offset, call->length);
		break;
	case MODEL_INITIALIZE_REQUEST:
		request = none ? NULL : &w->request[call->what].request;
		result.ret = dmabay_transaction_initialize_request(transaction, request, program,
								   call->direction);
		break;
	case MODEL_RESERVE:
		result.ret = dmabay_transaction_reserve(transaction, call->direction,
							call->number,
							call->flag ? core_reserved : NULL, t);
		break;
	case MODEL_FREE_RESERVATION:
		result.ret = dmabay_transaction_free_reservation(transaction);
		break;
	case MODEL_EXECUTE:
		result.ret = dmabay_transaction_execute(transaction, t);
		break;
	case MODEL_COMPLETED:
		result.ret = dmabay_transaction_completed(transaction);
		break;
	case MODEL_COMPLETED_LENGTH:
		result.ret = dmabay_transaction_completed_length(transaction, call->length);
		break;
	case MODEL_COMPLETED_FINAL:
		result.ret = dmabay_transaction_completed_final(transaction, call->length);
		break;
	case MODEL_RELEASE:
		result.ret = dmabay_transaction_release(transaction);
		break;
	case MODEL_CANCEL:
		result.ret = dmabay_transaction_cancel(transaction);
		break;
	case MODEL_DELETE:
		dmabay_transaction_delete(transaction);
		break;
	case MODEL_SET_IMMEDIATE:
		dmabay_transaction_set_immediate(transaction, call->flag);
		break;
	case MODEL_SET_MAX_LENGTH:
		dmabay_transaction_set_max_length(transaction, call->length);
		break;
	case MODEL_SET_SINGLE:
		dmabay_transaction_set_single_transfer(transaction, call->flag);
		break;
	case MODEL_SET_FAILED:
		dmabay_transaction_set_failed(transaction, call->flag ? core_failed : NULL);
		break;
	case MODEL_TRANSFER_INFO:
		result.ret = dmabay_transaction_transfer_info(transaction, &result.registers,
							      &result.elements);
		break;
	default:
		break;
	}
	return result;
}

static void follow_call(struct world *w)
{
	const struct model_call *call = &w->record[w->at++].call;
	const struct entry *entry;
	struct result result;

	result = core_do(w, call);
	if (w->failed)
		return;
	entry = &w->record[w->at++];
	if (entry->kind != RESULT)
		differ(w, "%s of %u returned without the callback %s of %u", op_names[call->op],
		       call->who, event_names[entry->event.kind], entry->event.who);
	else if (result.ret != entry->result.ret)
		differ(w, "%s of %u returned %d instead of %d", op_names[call->op], call->who,
		       result.ret, entry->result.ret);
	else if (result.registers != entry->result.registers ||
		 result.elements != entry->result.elements)
		differ(w, "%s of %u: %u registers, %u elements instead of %u, %u",
		       op_names[call->op], call->who, result.registers, result.elements,
		       entry->result.registers, entry->result.elements);
}

static bool same_event(const struct model_event *a, const struct model_event *b)
{
	return a->kind == b->kind && a->who == b->who && a->direction == b->direction &&
	       a->status == b->status && a->elements == b->elements &&
	       a->in_page == b->in_page && a->length == b->length &&
	       a->current_length == b->current_length && a->transferred == b->transferred;
}

/* The core calls back. */
static void follow_event(struct world *w, const struct model_event *event)
{
	const struct entry *entry = &w->record[w->at];
	bool of_transaction = event->kind <= MODEL_FAILED;

	if (w->closing || w->failed)
		return;
	if (w->at == w->recorded || entry->kind != EVENT || !same_event(event, &entry->event)) {
		differ(w, "%s of %u: direction %u, %zu at %zu, %u elements, in page %u, status %d",
		       event_names[event->kind], event->who, event->direction, event->length,
		       event->transferred, event->elements, event->in_page, event->status);
		return;
	}
	if (of_transaction &&
	    strcmp(dmabay_transaction_state_name(w->transaction[event->who].transaction),
		   state_name(entry->event.state)))
		differ(w, "%s of %u while %s", event_names[event->kind], event->who,
		       dmabay_transaction_state_name(w->transaction[event->who].transaction));
	w->at++;
	while (!w->failed && w->record[w->at].kind == CALL)
		follow_call(w);
	if (!w->failed && w->record[w->at++].kind != END)
		differ(w, "a callback is missing in %s of %u", event_names[event->kind],
		       event->who);
}

/* After a step */

static void compare_transaction(struct world *w, unsigned int number)
{
	const struct dmabay_transaction *transaction = w->transaction[number].transaction;
	const struct model_transaction *t = &w->model.transactions[number];
	const struct dmabay_request *request = t->request == MODEL_NONE ? NULL :
		&w->request[t->request].request;
	const char *state = dmabay_transaction_state_name(transaction);

	if (strcmp(state, state_name(t->state)))
		differ(w, "%u is %s instead of %s", number, state, state_name(t->state));
	if (dmabay_transaction_bytes_transferred(transaction) != t->transferred)
		differ(w, "%u has transferred %zu instead of %zu", number,
		       dmabay_transaction_bytes_transferred(transaction), t->transferred);
	if (dmabay_transaction_current_length(transaction) != t->current_length)
		differ(w, "%u transfers %zu instead of %zu", number,
		       dmabay_transaction_current_length(transaction), t->current_length);
	if (dmabay_transaction_request(transaction) != request)
		differ(w, "%u has another request", number);
}

static void compare(struct world *w)
{
	struct dmabay_adapter_info info;
	const struct model_adapter *adapter;
	unsigned int i;

	if (w->at != w->recorded)
		differ(w, "callbacks are missing");
	for (i = 0; i < w->transactions; i++) {
		compare_transaction(w, i);
		if (atomic_read(&w->request[i].request.executing) !=
		    w->model.requests[i].executing)
			differ(w, "request %u is executed another number of times", i);
	}
	for (i = 0; i < 2 * w->enablers; i++) {
		adapter = w->model.enablers[i / 2].adapter[i % 2];
		dmabay_adapter_info(core_adapter(w, i), &info);
		if (info.map_registers_free != adapter->free || info.waiters != adapter->waiters)
			differ(w, "adapter %u: %u free, %u wait instead of %u, %u", i,
			       info.map_registers_free, info.waiters, adapter->free,
			       adapter->waiters);
	}
}

static void draw_faults(struct world *w)
{
	struct model_faults *faults = &w->model.faults;

	w->model.maps = 0;
	w->model.flushes = 0;
	w->core_maps = 0;
	w->core_flushes = 0;
	*faults = (struct model_faults) {
		.map = UINT_MAX,
		.map_most = SIZE_MAX,
		.flush = UINT_MAX,
		.flush_error = -EIO,
	};
	switch (draw_below(w, 32)) {
	case 0:
		faults->map = draw_below(w, 3);
		faults->map_error = percent(w, 50) ? -EIO : -ENOMEM;
		break;
	case 1:
		faults->map = draw_below(w, 3);
		faults->map_most = draw_length(w, 2 * PAGE_SIZE);
		break;
	case 2:
		faults->flush = draw_below(w, 3);
		break;
	}
}

static void set_stubs(struct world *w)
{
	if (w->model.faults.map != UINT_MAX)
		kunit_activate_static_stub(w->test, dmabay_adapter_map_transfer, core_map);
	if (w->model.faults.flush != UINT_MAX)
		kunit_activate_static_stub(w->test, dmabay_adapter_flush, core_flush);
}

static void clear_stubs(struct world *w)
{
	if (w->model.faults.map != UINT_MAX)
		kunit_deactivate_static_stub(w->test, dmabay_adapter_map_transfer);
	if (w->model.faults.flush != UINT_MAX)
		kunit_deactivate_static_stub(w->test, dmabay_adapter_flush);
}

static void do_step(struct world *w, u64 seed, unsigned int number)
{
	struct model_call call;

	w->random = seed + (number + 1) * 0xd1342543de82ef95ULL;
	w->recorded = 0;
	w->at = 0;
	w->events = 0;
	draw_faults(w);
	draw_any(w, &call);
	expect_call(w, &call);
	set_stubs(w);
	follow_call(w);
	clear_stubs(w);
	compare(w);
}

/* A round */

static void open_enabler(struct world *w, unsigned int number)
{
	static const unsigned int sizes[] = { 2, 3, 5, 9 };
	static const enum dmabay_profile profiles[] = {
		DMABAY_PROFILE_PACKET, DMABAY_PROFILE_PACKET, DMABAY_PROFILE_SCATTER_GATHER,
		DMABAY_PROFILE_SCATTER_GATHER_DUPLEX,
	};
	struct model_enabler *enabler = &w->model.enablers[number];
	unsigned int registers[2], i, j;
	struct model_adapter *adapter;
	struct dmabay_enabler_config config = DMABAY_ENABLER_CONFIG(0, 0);
	bool bounce;

	/*
	 * Such numbers of registers that a slot of bounce pages is never in pieces,
	 * because then a transfer would be shorter by what only the provider knows.
	 */
	registers[0] = sizes[draw_below(w, ARRAY_SIZE(sizes))];
	registers[1] = sizes[draw_below(w, ARRAY_SIZE(sizes))];
	config.profile = profiles[draw_below(w, ARRAY_SIZE(profiles))];
	config.map_registers = registers[0];
	config.max_length = draw_length(w, (registers[0] + 2) * PAGE_SIZE);
	bounce = draw_below(w, 2);
	if (w->provider)
		bounce = w->provider->provider == DMABAY_PROVIDER_BOUNCE;
	config.provider = bounce ? DMABAY_PROVIDER_BOUNCE : DMABAY_PROVIDER_DIRECT;
	enabler->lists = config.profile != DMABAY_PROFILE_PACKET;
	enabler->single = percent(w, 10);
	if (enabler->single)
		config.flags |= DMABAY_ENABLER_SINGLE_TRANSFER;
	if (enabler->lists && percent(w, 30))
		config.flags |= DMABAY_ENABLER_NO_LIST_PREALLOCATION;
	w->duplex[number] = config.profile == DMABAY_PROFILE_SCATTER_GATHER_DUPLEX;
	if (w->duplex[number])
		config.map_registers_write = registers[1];
	KUNIT_ASSERT_EQ(w->test, 0, dmabay_enabler_create(w->dev, &config, &w->enabler[number]));

	enabler->max_length = config.max_length;
	enabler->max_elements = U32_MAX;
	for (i = 0; i < 2; i++) {
		adapter = &w->model.adapters[2 * number + i];
		adapter->registers = registers[i];
		adapter->free = registers[i];
		adapter->run_pages = bounce && !enabler->lists ?
			roundup_pow_of_two(registers[i]) : 1;
		enabler->adapter[i] = adapter;
		for (j = 0; j < MODEL_HOLDS; j++)
			adapter->holds[j].number = MODEL_HOLDS * (2 * number + i) + j;
	}
	if (!w->duplex[number])
		enabler->adapter[1] = enabler->adapter[0];
}

/* Blocks of contiguous pages; every other one of them makes scattered memory. */
static struct dmabay_memory *open_group(struct world *w, struct page *block,
					struct model_group *group)
{
	unsigned int i, stride;

	group->scattered = percent(w, 40);
	stride = group->scattered ? 2 : 1;
	group->in_page = percent(w, 40) ? 0 : draw_below(w, PAGE_SIZE);
	group->length = draw_length(w, BLOCK_PAGES / stride * PAGE_SIZE - group->in_page);
	/* Short ones, too, or there are never many groups in a transfer. */
	if (percent(w, 40))
		group->length = draw_length(w, min(group->length, 2 * PAGE_SIZE));
	for (i = 0; i < BLOCK_PAGES / stride; i++)
		w->pages[i] = block + stride * i;
	return dmabay_memory_from_pages(w->pages,
					DIV_ROUND_UP(group->in_page + group->length, PAGE_SIZE),
					group->in_page, group->length, GFP_KERNEL);
}

static void open_memory(struct world *w, unsigned int number)
{
	struct model_memory *memory = &w->model.memories[number];
	struct dmabay_memory *parts[MODEL_GROUPS];
	unsigned int i;

	memory->count = 1 + draw_below(w, MODEL_GROUPS);
	for (i = 0; i < memory->count; i++) {
		parts[i] = open_group(w, w->blocks[MODEL_GROUPS * number + i],
				      &memory->groups[i]);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(w->test, parts[i]);
		memory->length += memory->groups[i].length;
	}
	w->memory[number] = dmabay_memory_chain(parts, memory->count, GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(w->test, w->memory[number]);
	for (i = 0; i < memory->count; i++)
		dmabay_memory_put(parts[i]);
	memory->read_only = percent(w, 10);
	if (memory->read_only)
		dmabay_memory_set_read_only(w->memory[number]);
}

static void open_request(struct world *w, unsigned int number)
{
	struct model_request *model = &w->model.requests[number];
	size_t length = w->model.memories[number].length;
	struct core_request *core = &w->request[number];
	struct dmabay_request *request = &core->request;

	core->world = w;
	*request = (struct dmabay_request) {
		.kind = draw_below(w, DMABAY_REQUEST_NEITHER + 1),
		.memory = w->memory[number],
		.input_length = percent(w, 95) ? draw_length(w, length) : 0,
		.output_length = percent(w, 95) ? draw_length(w, length) : 0,
		.get = core_get,
		.put = core_put,
	};
	model->memory = number;
	switch (request->kind) {
	case DMABAY_REQUEST_READ:
	case DMABAY_REQUEST_OUT_DIRECT:
		model->length[DMABAY_READ_FROM_DEVICE] = request->output_length;
		break;
	case DMABAY_REQUEST_WRITE:
		model->length[DMABAY_WRITE_TO_DEVICE] = request->input_length;
		break;
	case DMABAY_REQUEST_IN_DIRECT:
		model->length[DMABAY_WRITE_TO_DEVICE] = request->output_length;
		break;
	case DMABAY_REQUEST_BUFFERED:
		model->length[DMABAY_READ_FROM_DEVICE] = request->output_length;
		model->length[DMABAY_WRITE_TO_DEVICE] = request->input_length;
		break;
	case DMABAY_REQUEST_NEITHER:
		break;
	}
}

static void open_round(struct world *w, u64 seed)
{
	struct model_call create = { .op = MODEL_CREATE };
	unsigned int i;

	memset(&w->model, 0, sizeof(w->model));
	w->model.callback = expect_event;
	w->random = seed;
	w->closing = false;
	w->failed = false;
	w->enablers = 1 + draw_below(w, MODEL_ENABLERS);
	w->transactions = 2 + draw_below(w, MODEL_TRANSACTIONS - 1);
	for (i = 0; i < w->enablers; i++)
		open_enabler(w, i);
	for (i = 0; i < ARRAY_SIZE(w->hold); i++) {
		memset(&w->hold[i], 0, sizeof(w->hold[i]));
		w->hold[i].world = w;
	}
	for (i = 0; i < w->transactions; i++) {
		open_memory(w, i);
		open_request(w, i);
		w->model.transactions[i].enabler = &w->model.enablers[draw_below(w, w->enablers)];
		create.who = i;
		model_do(&w->model, &create);
		core_do(w, &create);
	}
}

/* Take all apart, whatever state it is in; nothing is expected of it but the registers. */
static void close_round(struct world *w)
{
	struct dmabay_adapter_counters counters;
	struct dmabay_transaction *transaction;
	struct dmabay_adapter_info info;
	unsigned int i, turn;

	w->closing = true;
	for (i = 0; i < ARRAY_SIZE(w->hold); i++) {
		if (i / MODEL_HOLDS / 2 >= w->enablers)
			break;
		dmabay_adapter_cancel_channel(core_adapter(w, i / MODEL_HOLDS),
					      &w->hold[i].channel);
		dmabay_adapter_free_map_registers(core_adapter(w, i / MODEL_HOLDS),
						  &w->hold[i].channel,
						  w->hold[i].channel.map_registers);
	}
	/* What one gives back may start the next. */
	for (turn = 0; turn < 2; turn++) {
		for (i = 0; i < w->transactions; i++) {
			transaction = w->transaction[i].transaction;
			dmabay_transaction_cancel(transaction);
			dmabay_transaction_completed_final(transaction, 0);
			dmabay_transaction_free_reservation(transaction);
			dmabay_transaction_release(transaction);
			dmabay_transaction_delete(transaction);
		}
	}
	for (i = 0; i < 2 * w->enablers; i++) {
		dmabay_adapter_info(core_adapter(w, i), &info);
		if (info.map_registers_free != info.map_registers || info.waiters)
			differ(w, "adapter %u keeps registers in the end", i);
		dmabay_adapter_counters(core_adapter(w, i), &counters);
		if (counters.mapped != counters.unmapped)
			differ(w, "adapter %u: %llu mapped, %llu unmapped", i, counters.mapped,
			       counters.unmapped);
	}
	for (i = 0; i < w->transactions; i++) {
		dmabay_transaction_put(w->transaction[i].transaction);
		w->transaction[i].transaction = NULL;
		dmabay_memory_put(w->memory[i]);
	}
	for (i = 0; i < w->enablers; i++)
		dmabay_enabler_delete(w->enabler[i]);
}

/* Returns the number of steps that were done; the last one failed, if w->failed. */
static unsigned int do_round(struct world *w, u64 seed, const unsigned int *steps,
			     unsigned int count, bool print)
{
	unsigned int i;

	open_round(w, seed);
	if (print)
		print_round(w);
	for (i = 0; i < count && !w->failed; i++) {
		do_step(w, seed, steps[i]);
		if (print) {
			kunit_err(w->test, "step %u:\n", steps[i]);
			print_record(w);
		}
	}
	close_round(w);
	return i;
}

/* Leave out what the failure does not need: long stretches first, then single steps. */
static unsigned int reduce(struct world *w, u64 seed, unsigned int count)
{
	unsigned int stretch, first, left, done;

	for (stretch = max(count / 2, 1); stretch; stretch /= 2) {
		for (first = 0; first < count;) {
			left = min(stretch, count - first);
			memcpy(w->tried, w->steps, first * sizeof(*w->tried));
			memcpy(w->tried + first, w->steps + first + left,
			       (count - first - left) * sizeof(*w->tried));
			done = do_round(w, seed, w->tried, count - left, false);
			if (w->failed) {
				count = done;
				memcpy(w->steps, w->tried, count * sizeof(*w->steps));
			} else {
				first += left;
			}
		}
	}
	return count;
}

static void report(struct world *w, u64 seed, unsigned int count)
{
	KUNIT_FAIL(w->test, "round %llu, step %u of it: %s", seed, w->steps[count - 1], w->why);
	count = reduce(w, seed, count);
	kunit_err(w->test, "%u steps are enough, and the model expects:\n", count);
	do_round(w, seed, w->steps, count, true);
	kunit_err(w->test, "but: %s\n", w->why);
}

static void run_steps(struct world *w, u64 seed, unsigned int steps)
{
	unsigned int i, count, done = 0;

	while (done < steps && !w->failed) {
		count = min(steps - done, ROUND_STEPS);
		for (i = 0; i < count; i++)
			w->steps[i] = i;
		count = do_round(w, seed, w->steps, count, false);
		if (w->failed)
			report(w, seed, count);
		done += count;
		seed++;
		cond_resched();
		/* An emulated machine does what it can. */
		if (!IS_ENABLED(CONFIG_UML) && time_after(jiffies, w->deadline))
			break;
	}
	kunit_info(w->test, "%u steps of %u\n", done, steps);
}

static void model_run(struct kunit *test, const struct rig_provider *provider,
		      unsigned int steps)
{
	u64 seed = model_seed ?: get_random_u32();
	struct device *dev = rig_new_device(test);
	struct world *w;
	unsigned int i;

	/* The model knows nothing of copies that reach decides on. */
	if (dma_addressing_limited(dev))
		kunit_skip(test, "the device does not reach all memory");
	w = kvzalloc(sizeof(*w), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, w);
	world = w;
	w->test = test;
	w->dev = dev;
	w->provider = provider;
	w->deadline = jiffies + RIG_SECONDS * HZ;
	for (i = 0; i < ARRAY_SIZE(w->blocks); i++) {
		w->blocks[i] = alloc_pages(GFP_KERNEL | __GFP_ZERO | __GFP_COMP, BLOCK_ORDER);
		KUNIT_ASSERT_NOT_NULL(test, w->blocks[i]);
	}
	kunit_info(test, "seed %llu\n", seed);
	kunit_warning_suppress(test)
		run_steps(w, seed, steps);
	/* What failed may still be in use. */
	if (test->status == KUNIT_FAILURE)
		return;
	for (i = 0; i < ARRAY_SIZE(w->blocks); i++)
		__free_pages(w->blocks[i], BLOCK_ORDER);
	kvfree(w);
}

/* Over the providers that behave the same on every machine. */
static const void *model_gen_params(struct kunit *test, const void *previous, char *description)
{
	const struct rig_provider *provider = previous ? previous : rig_providers - 1;

	if (++provider == &rig_providers[2])
		return NULL;
	strscpy(description, provider->name, KUNIT_PARAM_DESC_SIZE);
	return provider;
}

static void model_random_calls(struct kunit *test)
{
	model_run(test, test->param_value, FAST_STEPS);
}

static void model_millions_of_random_calls(struct kunit *test)
{
	model_run(test, NULL, model_steps);
}

static struct kunit_case model_cases[] = {
	KUNIT_CASE_PARAM(model_random_calls, model_gen_params),
	KUNIT_CASE_SLOW(model_millions_of_random_calls),
	{}
};

struct kunit_suite dmabay_model_suite = {
	.name = "dmabay_model",
	.test_cases = model_cases,
};
kunit_test_suite(dmabay_model_suite);
