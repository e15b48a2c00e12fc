// SPDX-License-Identifier: GPL-2.0-only
/* Calls: each op of the model as what a driver writes. One table, as in the model. */
#include <linux/dma-direct.h>
#include <linux/dma-mapping.h>
#include <linux/minmax.h>

#include "model_world.h"

/* Of a transaction */

#define TRANSACTION_CALL(name)							\
	static int name(struct world *w, struct core_transaction *t,		\
			const struct model_call *call, struct model_result *result)

TRANSACTION_CALL(create)
{
	unsigned int enabler = w->model.transactions[call->who].enabler - w->model.enablers;
	int ret;

	if (t->transaction)
		dmabay_transaction_put(t->transaction);
	t->world = w;
	ret = dmabay_transaction_create(w->enabler[enabler].enabler, &t->transaction);
	KUNIT_ASSERT_EQ(w->test, 0, ret);
	/* So that calls on a deleted one are allowed, and refused. */
	dmabay_transaction_get(t->transaction);
	return ret;
}

TRANSACTION_CALL(initialize)
{
	struct dmabay_memory *memory = call->what == MODEL_NONE ? NULL : w->memory[call->what];

	return dmabay_transaction_initialize_offset(t->transaction,
						    call->flag ? world_program : NULL,
						    call->direction, memory, call->offset,
						    call->length);
}

TRANSACTION_CALL(initialize_request)
{
	struct dmabay_request *request = call->what == MODEL_NONE ? NULL :
					 &w->request[call->what].request;

	return dmabay_transaction_initialize_request(t->transaction, request,
						     call->flag ? world_program : NULL,
						     call->direction);
}

TRANSACTION_CALL(reserve)
{
	return dmabay_transaction_reserve(t->transaction, call->direction, call->number,
					  call->flag ? world_reserved : NULL, t);
}

TRANSACTION_CALL(free_reservation)
{
	return dmabay_transaction_free_reservation(t->transaction);
}

TRANSACTION_CALL(execute)
{
	return dmabay_transaction_execute(t->transaction, t);
}

TRANSACTION_CALL(completed)
{
	return dmabay_transaction_completed(t->transaction);
}

TRANSACTION_CALL(completed_length)
{
	return dmabay_transaction_completed_length(t->transaction, call->length);
}

TRANSACTION_CALL(completed_final)
{
	return dmabay_transaction_completed_final(t->transaction, call->length);
}

TRANSACTION_CALL(release)
{
	return dmabay_transaction_release(t->transaction);
}

TRANSACTION_CALL(cancel)
{
	return dmabay_transaction_cancel(t->transaction);
}

TRANSACTION_CALL(delete)
{
	dmabay_transaction_delete(t->transaction);
	return 0;
}

TRANSACTION_CALL(set_immediate)
{
	dmabay_transaction_set_immediate(t->transaction, call->flag);
	return 0;
}

TRANSACTION_CALL(set_max_length)
{
	dmabay_transaction_set_max_length(t->transaction, call->length);
	return 0;
}

TRANSACTION_CALL(set_single)
{
	dmabay_transaction_set_single_transfer(t->transaction, call->flag);
	return 0;
}

TRANSACTION_CALL(set_failed)
{
	dmabay_transaction_set_failed(t->transaction, call->flag ? world_failed : NULL);
	return 0;
}

TRANSACTION_CALL(transfer_info)
{
	return dmabay_transaction_transfer_info(t->transaction, &result->registers,
						&result->elements);
}

static int (*const transaction_calls[])(struct world *w, struct core_transaction *t,
					const struct model_call *call,
					struct model_result *result) = {
	[MODEL_CREATE] = create,
	[MODEL_INITIALIZE] = initialize,
	[MODEL_INITIALIZE_REQUEST] = initialize_request,
	[MODEL_RESERVE] = reserve,
	[MODEL_FREE_RESERVATION] = free_reservation,
	[MODEL_EXECUTE] = execute,
	[MODEL_COMPLETED] = completed,
	[MODEL_COMPLETED_LENGTH] = completed_length,
	[MODEL_COMPLETED_FINAL] = completed_final,
	[MODEL_RELEASE] = release,
	[MODEL_CANCEL] = cancel,
	[MODEL_DELETE] = delete,
	[MODEL_SET_IMMEDIATE] = set_immediate,
	[MODEL_SET_MAX_LENGTH] = set_max_length,
	[MODEL_SET_SINGLE] = set_single,
	[MODEL_SET_FAILED] = set_failed,
	[MODEL_TRANSFER_INFO] = transfer_info,
};

/* Of an adapter: plain channels, and lists */

struct dmabay_adapter *world_adapter(struct world *w, unsigned int number)
{
	return dmabay_enabler_adapter(w->enabler[number / 2].enabler, number % 2);
}

#define ADAPTER_CALL(name)							\
	static int name(struct world *w, struct dmabay_adapter *adapter,	\
			struct core_channel *c, struct core_list *l,		\
			const struct model_call *call, struct model_result *result)

static unsigned int channel_flags(const struct model_call *call)
{
	return call->flag ? DMABAY_CHANNEL_IMMEDIATE : 0;
}

ADAPTER_CALL(allocate)
{
	bool routine = call->answer != MODEL_NO_ROUTINE;

	return dmabay_adapter_allocate_channel(adapter, &c->channel, call->number,
					       channel_flags(call),
					       routine ? world_routine : NULL,
					       &c->self[call->answer]);
}

ADAPTER_CALL(cancel_channel)
{
	return dmabay_adapter_cancel_channel(adapter, &c->channel);
}

ADAPTER_CALL(map)
{
	struct dmabay_sg_element elements[LIST_ROOM];
	struct dmabay_sg_list list = { .capacity = call->number, .elements = elements };
	size_t length = call->length;
	int ret;

	ret = dmabay_adapter_map_transfer(adapter, &c->channel, w->memory[call->what],
					  call->offset, &length, call->direction, &list);
	if (ret)
		return ret;
	result->seen = world_see(w, &list, call->direction);
	if (result->seen.length != length)
		world_differ(w, "%zu bytes are mapped, %zu in the list", length,
			     result->seen.length);
	return 0;
}

ADAPTER_CALL(flush)
{
	return dmabay_adapter_flush(adapter, &c->channel, call->length);
}

ADAPTER_CALL(free_registers)
{
	return dmabay_adapter_free_map_registers(adapter, &c->channel, call->number);
}

ADAPTER_CALL(free_channel)
{
	return dmabay_adapter_free_channel(adapter, &c->channel);
}

ADAPTER_CALL(free_object)
{
	return dmabay_adapter_free_object(adapter, &c->channel,
					  (enum dmabay_channel_action)call->answer);
}

ADAPTER_CALL(get_list)
{
	dmabay_sg_routine_t routine = call->answer ? world_list_routine : NULL;
	struct dmabay_memory *memory = w->memory[call->what];
	struct dmabay_sg_channel *channel = &l->channel;
	void *context = &l->self[call->direction];
	int ret;

	if (call->op == MODEL_GET_LIST)
		ret = dmabay_adapter_get_sg_list(adapter, channel, memory, call->offset,
						 call->length, call->direction,
						 channel_flags(call), routine, context);
	else
		ret = dmabay_adapter_build_sg_list(adapter, channel, l->room, call->number,
						   memory, call->offset, call->length,
						   call->direction, channel_flags(call), routine,
						   context);
	if (!ret && !routine)
		result->seen = world_see(w, &channel->list, call->direction);
	return ret;
}

ADAPTER_CALL(cancel_list)
{
	return dmabay_adapter_cancel_sg_list(adapter, &l->channel);
}

ADAPTER_CALL(put_list)
{
	return dmabay_adapter_put_sg_list(adapter, &l->channel);
}

static int (*const adapter_calls[])(struct world *w, struct dmabay_adapter *adapter,
				    struct core_channel *c, struct core_list *l,
				    const struct model_call *call,
				    struct model_result *result) = {
	[MODEL_ALLOCATE] = allocate,
	[MODEL_CANCEL_CHANNEL] = cancel_channel,
	[MODEL_MAP] = map,
	[MODEL_FLUSH] = flush,
	[MODEL_FREE_REGISTERS] = free_registers,
	[MODEL_FREE_CHANNEL] = free_channel,
	[MODEL_FREE_OBJECT] = free_object,
	[MODEL_GET_LIST] = get_list,
	[MODEL_BUILD_LIST] = get_list,
	[MODEL_CANCEL_LIST] = cancel_list,
	[MODEL_PUT_LIST] = put_list,
};

/* Of an enabler */

static int power_step(struct dmabay_enabler *enabler, unsigned int step)
{
	struct core_enabler *e = dmabay_enabler_data(enabler);
	struct world *w = e->world;
	struct model_event event = {
		.kind = MODEL_POWER,
		.who = e - w->enabler,
		.status = step,
	};
	/* The call that all this is in. */
	unsigned int fails = w->record[0].call.number >> (MODEL_POWER_STEPS * event.who);

	world_follow_event(w, &event);
	return fails & BIT(step) ? -1 - (int)step : 0;
}

static int power_fill(struct dmabay_enabler *enabler)
{
	return power_step(enabler, MODEL_FILL);
}

static int power_enable(struct dmabay_enabler *enabler)
{
	return power_step(enabler, MODEL_ENABLE);
}

static int power_start(struct dmabay_enabler *enabler)
{
	return power_step(enabler, MODEL_START);
}

static int power_stop(struct dmabay_enabler *enabler)
{
	return power_step(enabler, MODEL_STOP);
}

static int power_disable(struct dmabay_enabler *enabler)
{
	return power_step(enabler, MODEL_DISABLE);
}

static int power_flush(struct dmabay_enabler *enabler)
{
	return power_step(enabler, MODEL_FLUSH_ENGINE);
}

const struct dmabay_power_ops world_power_ops = {
	.fill = power_fill,
	.enable = power_enable,
	.self_managed_io_start = power_start,
	.self_managed_io_stop = power_stop,
	.disable = power_disable,
	.flush = power_flush,
};

/* How it begins, for CPU and device. */
static void look_at_buffer(struct world *w, const struct dmabay_common_buffer *buffer,
			   size_t length, size_t mask)
{
	dma_addr_t address = dmabay_common_buffer_dma_addr(buffer);

	if (address & max(mask, PAGE_SIZE - 1))
		world_differ(w, "a buffer at %pad is not aligned to %zu", &address, mask + 1);
	if (phys_to_virt(dma_to_phys(w->dev, address)) != dmabay_common_buffer_vaddr(buffer))
		world_differ(w, "a buffer is not the same for CPU and device");
	if (dmabay_common_buffer_length(buffer) != length)
		world_differ(w, "a buffer is %zu bytes instead of %zu",
			     dmabay_common_buffer_length(buffer), length);
}

/*
 * Make one, look at it, and give it back. Meanwhile the device sees all memory three
 * pages off, or whatever is long would also be aligned.
 */
static int try_buffer(struct world *w, struct core_enabler *e, const struct model_call *call)
{
	struct dmabay_common_buffer_config config = {
		.size = sizeof(config),
		.alignment_mask = call->number,
	};
	size_t mask = call->flag ? call->number : e->alignment_mask;
	struct dmabay_common_buffer *buffer;
	const struct bus_dma_region shifted[] = {
		{ .dma_start = 3 * PAGE_SIZE, .size = DMA_BIT_MASK(32) - 3 * PAGE_SIZE },
		{},
	};
	int ret;

	w->dev->dma_range_map = shifted;
	if (call->flag)
		ret = dmabay_common_buffer_create_config(e->enabler, call->length, &config,
							 &buffer);
	else
		ret = dmabay_common_buffer_create(e->enabler, call->length, &buffer);
	if (!ret) {
		look_at_buffer(w, buffer, call->length, mask);
		dmabay_common_buffer_delete(buffer);
	}
	w->dev->dma_range_map = NULL;
	return ret;
}

static int enabler_call(struct world *w, const struct model_call *call)
{
	struct core_enabler *e = &w->enabler[call->who];

	switch (call->op) {
	case MODEL_MAX_ELEMENTS:
		dmabay_enabler_set_max_sg_elements(e->enabler, call->number == U32_MAX ?
							       SIZE_MAX : call->number);
		return 0;
	case MODEL_BUFFER:
		return try_buffer(w, e, call);
	case MODEL_POWER_UP:
		return call->flag ? dmabay_enablers_power_up(w->dev) :
				    dmabay_enabler_power_up(e->enabler);
	default:
		return call->flag ? dmabay_enablers_power_down(w->dev) :
				    dmabay_enabler_power_down(e->enabler);
	}
}

struct model_result world_do(struct world *w, const struct model_call *call)
{
	struct model_result result = {};

	if (call->op < MODEL_TRANSACTION_OPS)
		result.ret = transaction_calls[call->op](w, &w->transaction[call->who], call,
							 &result);
	else if (call->op < MODEL_ADAPTER_OPS)
		result.ret = adapter_calls[call->op](w, world_adapter(w, call->who),
						     &w->channel[MODEL_CHANNELS * call->who +
								 call->which],
						     &w->list[MODEL_LISTS * call->who +
							      call->which],
						     call, &result);
	else
		result.ret = enabler_call(w, call);
	return result;
}
