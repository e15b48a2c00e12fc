// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reference model's lists: registers and mapping in one call.
 *
 * A list waits in the line like everybody, and is mapped as a whole or not at all. What
 * fails at once is returned; what fails after a wait is told by the routine.
 */
#include <linux/errno.h>
#include <linux/limits.h>

#include "model.h"

static int list_map(struct model *model, struct model_adapter *adapter, struct model_list *list,
		    struct model_seen *seen)
{
	int ret = model_map(model, adapter, &list->channel, list->range, UINT_MAX, seen);

	if (!ret && seen->length == list->range.length) {
		list->there = true;
		model_program(model, &list->channel, seen);
		return 0;
	}
	if (!ret)
		model_unmap(&list->channel, 0);
	*seen = (struct model_seen) {};
	model_give(model, adapter, &list->channel);
	return ret ?: -ENOMEM;
}

static void list_tell(struct model *model, const struct model_list *list,
		      const struct model_seen *seen)
{
	struct model_event event = {
		.kind = MODEL_LIST,
		.who = list->channel.number,
		.seen = *seen,
	};

	model->callback(model, &event);
}

void model_list_granted(struct model *model, struct model_adapter *adapter,
			struct model_list *list)
{
	struct model_seen seen;

	list_map(model, adapter, list, &seen);
	list_tell(model, list, &seen);
}

static int list_get(struct model *model, struct model_adapter *adapter, struct model_list *list,
		    const struct model_call *call, struct model_seen *seen)
{
	struct model_range range = model_range_of(model, call);
	bool routine = call->answer != MODEL_NO_ROUTINE;
	struct model_needs needs;
	int ret;

	if (call->direction > 1 || (!routine && !call->flag) || !model_is_inside(&range))
		return -EINVAL;
	if (!adapter->lists)
		return -EOPNOTSUPP;
	if (range.memory->read_only && !range.direction)
		return -EACCES;
	needs = model_needs(range.memory, range.position, range.length, adapter->run_pages);
	if (needs.registers > adapter->registers)
		return -ENOMEM;
	if (call->op == MODEL_BUILD_LIST && call->number < needs.elements)
		return -ENOBUFS;
	if (list->channel.state != MODEL_IDLE)
		return -EBADFD;

	list->range = range;
	list->channel.registers = needs.registers;
	if (adapter->waiters || !model_take(adapter, &list->channel))
		return call->flag ? -ENOMEM : model_wait(adapter, &list->channel);
	ret = list_map(model, adapter, list, seen);
	if (!ret && routine) {
		list_tell(model, list, seen);
		*seen = (struct model_seen) {};
	}
	return ret;
}

static int list_put(struct model *model, struct model_adapter *adapter, struct model_list *list)
{
	int ret;

	if (!list->there)
		return -EBADFD;
	ret = model_flush(model, &list->channel, list->range.length);
	if (ret)
		return ret;
	list->there = false;
	model_give(model, adapter, &list->channel);
	return 0;
}

/* Returns whether it waited. */
static bool list_cancel(struct model *model, struct model_adapter *adapter,
			struct model_list *list)
{
	if (!model_leave(adapter, &list->channel))
		return false;
	model_drain(model, adapter);
	return true;
}

MODEL_CALL(model_list_call)
{
	struct model_adapter *adapter = &model->adapters[call->who];
	struct model_list *list = &adapter->list[call->which];

	if (call->op == MODEL_PUT_LIST)
		return list_put(model, adapter, list);
	if (call->op == MODEL_CANCEL_LIST)
		return list_cancel(model, adapter, list);
	return list_get(model, adapter, list, call, &result->seen);
}
