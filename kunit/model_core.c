// SPDX-License-Identifier: GPL-2.0-only
/*
 * Core: its side of a step, which follows the record of the model's side.
 *
 * Each callback of the core must be the next one of the record, with the same in it;
 * then it makes the calls that the record has there, and each must return what the
 * record says. The device, told where to go, goes there, and finds or leaves bytes.
 */
#include <kunit/static_stub.h>
#include <linux/dma-direct.h>
#include <linux/mm.h>
#include <linux/pfn.h>
#include <linux/string.h>

#include "model_world.h"

/* The stubs have no context; world_follow_step() says whose they are. */
static struct world *world;

/* The device */

struct seen_list {
	struct world *w;
	const struct dmabay_sg_list *list;
};

static u8 *seen_byte(const void *context, size_t at)
{
	const struct seen_list *seen = context;
	const struct dmabay_sg_element *element = seen->list->elements;
	phys_addr_t phys;
	static u8 nowhere;

	while (at >= element->length)
		at -= element++->length;
	phys = dma_to_phys(seen->w->dev, element->address + at);
	if (pfn_valid(PHYS_PFN(phys)))
		return phys_to_virt(phys);
	world_differ(seen->w, "the device cannot reach %pad", &element->address);
	return &nowhere;
}

/* What it is told, and reads; what it writes, it writes at once. */
struct model_seen world_see(struct world *w, const struct dmabay_sg_list *list, int direction)
{
	struct seen_list context = { w, list };
	struct model_seen seen = { .elements = list->count };
	const struct dmabay_sg_element *element;
	u32 salt = w->core_salt++;
	unsigned int i;

	for (i = 0; i < list->count; i++) {
		element = &list->elements[i];
		seen.length += element->length;
		seen.shape = model_hash(model_hash(seen.shape, offset_in_page(element->address)),
					element->length);
	}
	if (w->closing || !seen.length)
		return seen;
	if (direction == DMABAY_WRITE_TO_DEVICE)
		seen.bytes = model_device_read(seen_byte, &context, seen.length, salt);
	else
		model_device_write(seen_byte, &context, seen.length, salt, SIZE_MAX);
	return seen;
}

/* Callbacks */

static void follow_transaction(struct core_transaction *t, struct model_event event)
{
	event.who = t - t->world->transaction;
	event.current_length = dmabay_transaction_current_length(t->transaction);
	event.transferred = dmabay_transaction_bytes_transferred(t->transaction);
	world_follow_event(t->world, &event);
}

bool world_program(struct dmabay_transaction *transaction, struct device *dev, void *context,
		   enum dmabay_direction direction, const struct dmabay_sg_list *list)
{
	struct core_transaction *t = context;

	if (transaction != t->transaction)
		world_differ(t->world, "program_dma with the context of another transaction");
	follow_transaction(t, (struct model_event) {
		.kind = MODEL_PROGRAM,
		.direction = direction,
		.seen = world_see(t->world, list, direction),
	});
	return true;
}

void world_reserved(struct dmabay_transaction *transaction, void *context)
{
	follow_transaction(context, (struct model_event) { .kind = MODEL_RESERVED });
}

void world_failed(struct dmabay_transaction *transaction, void *context, int status)
{
	follow_transaction(context, (struct model_event) {
		.kind = MODEL_FAILED,
		.status = status,
	});
}

enum dmabay_channel_action world_routine(struct dmabay_adapter *adapter,
					 struct dmabay_channel *channel, void *context)
{
	struct core_channel **self = context, *c = *self;
	struct model_event event = { .kind = MODEL_ROUTINE, .who = c - c->world->channel };

	world_follow_event(c->world, &event);
	return (enum dmabay_channel_action)(self - c->self);
}

void world_list_routine(struct dmabay_adapter *adapter, struct dmabay_sg_channel *channel,
			const struct dmabay_sg_list *list, void *context)
{
	struct core_list **self = context, *l = *self;
	struct model_event event = { .kind = MODEL_LIST, .who = l - l->world->list };

	if (list)
		event.seen = world_see(l->world, list, self - l->self);
	world_follow_event(l->world, &event);
}

static void core_request(struct dmabay_request *request, enum model_event_kind kind)
{
	struct core_request *r = container_of(request, struct core_request, request);
	struct model_event event = { .kind = kind, .who = r - r->world->request };

	world_follow_event(r->world, &event);
}

void world_get(struct dmabay_request *request)
{
	core_request(request, MODEL_GET_REQUEST);
}

void world_put(struct dmabay_request *request)
{
	core_request(request, MODEL_PUT_REQUEST);
}

/* Following */

static bool same_seen(const struct model_seen *a, const struct model_seen *b)
{
	return a->length == b->length && a->elements == b->elements && a->shape == b->shape &&
	       a->bytes == b->bytes;
}

static bool same_event(const struct model_event *a, const struct model_event *b)
{
	return a->kind == b->kind && a->who == b->who && a->direction == b->direction &&
	       a->status == b->status && same_seen(&a->seen, &b->seen) &&
	       a->current_length == b->current_length && a->transferred == b->transferred;
}

static void follow_call(struct world *w)
{
	const struct model_call *call = &w->record[w->at++].call;
	const char *name = world_op_names[call->op];
	struct model_result result = world_do(w, call);
	const struct model_result *expected;
	const struct world_entry *entry;

	if (w->failed)
		return;
	entry = &w->record[w->at++];
	expected = &entry->result;
	if (entry->kind != WORLD_RESULT)
		world_differ(w, "%s(%u) returned without the callback %s of %u", name, call->who,
			     world_event_names[entry->event.kind], entry->event.who);
	else if (result.ret != expected->ret)
		world_differ(w, "%s(%u) returned %d instead of %d", name, call->who, result.ret,
			     expected->ret);
	else if (result.registers != expected->registers ||
		 result.elements != expected->elements)
		world_differ(w, "%s(%u): %u registers, %u elements instead of %u, %u", name,
			     call->who, result.registers, result.elements,
			     expected->registers, expected->elements);
	else if (!same_seen(&result.seen, &expected->seen))
		world_differ(w, "%s(%u): %zu bytes, %u elements, shape %x, bytes %x", name,
			     call->who, result.seen.length, result.seen.elements,
			     result.seen.shape, result.seen.bytes);
}

static void compare_state(struct world *w, unsigned int number, char state)
{
	const char *name = dmabay_transaction_state_name(w->transaction[number].transaction);

	if (strcmp(name, world_state_name(state)))
		world_differ(w, "a callback of %u while it is %s instead of %s", number, name,
			     world_state_name(state));
}

static void differ_event(struct world *w, const struct model_event *event)
{
	const struct model_seen *seen = &event->seen;

	world_differ(w, "%s(%d) of %u: direction %u, %zu at %zu, %u elements, shape %x, bytes %x",
		     world_event_names[event->kind], event->status, event->who,
		     event->direction, seen->length, event->transferred, seen->elements,
		     seen->shape, seen->bytes);
}

/* The core calls back. */
void world_follow_event(struct world *w, const struct model_event *event)
{
	const struct world_entry *entry = &w->record[w->at];
	const char *name = world_event_names[event->kind];

	if (w->closing || w->failed)
		return;
	if (w->at == w->recorded || entry->kind != WORLD_EVENT ||
	    !same_event(event, &entry->event)) {
		differ_event(w, event);
		return;
	}
	if (event->kind <= MODEL_FAILED)
		compare_state(w, event->who, entry->event.state);
	w->at++;
	while (!w->failed && w->record[w->at].kind == WORLD_CALL)
		follow_call(w);
	if (!w->failed && w->record[w->at++].kind != WORLD_END)
		world_differ(w, "a callback is missing in %s of %u", name, event->who);
}

/* What goes wrong in this step */

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

void world_follow_step(struct world *w)
{
	const struct model_faults *faults = &w->model.faults;

	world = w;
	w->at = 0;
	w->core_maps = 0;
	w->core_flushes = 0;
	if (faults->map != UINT_MAX)
		kunit_activate_static_stub(w->test, dmabay_adapter_map_transfer, core_map);
	if (faults->flush != UINT_MAX)
		kunit_activate_static_stub(w->test, dmabay_adapter_flush, core_flush);
	follow_call(w);
	if (faults->map != UINT_MAX)
		kunit_deactivate_static_stub(w->test, dmabay_adapter_map_transfer);
	if (faults->flush != UINT_MAX)
		kunit_deactivate_static_stub(w->test, dmabay_adapter_flush);
	if (w->at != w->recorded)
		world_differ(w, "callbacks are missing");
}
