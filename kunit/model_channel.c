// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reference model's plain channel: registers, with or without the channel object.
 *
 * Who is granted owns the object until its routine has said what becomes of it; without
 * a routine, or if it is kept, until it is freed.
 */
#include <linux/errno.h>

#include "model.h"

/*
 * A channel that owns the channel object goes with free_channel, others with
 * free_registers; inside the routine, when that is not decided yet, either will do.
 */
static int free_all(struct model *model, struct model_adapter *adapter,
		    struct model_channel *channel, bool with_object)
{
	bool owner = adapter->owner == channel;

	if (channel->state != MODEL_GRANTED || channel->mapped.length)
		return -EBADFD;
	if (!(owner && adapter->undecided) && owner != with_object)
		return -EBADFD;
	model_give(model, adapter, channel);
	return 0;
}

/* Its routine is called. */
void model_channel_granted(struct model *model, struct model_adapter *adapter,
			   struct model_channel *channel)
{
	struct model_event event = { .kind = MODEL_ROUTINE, .who = channel->number };
	enum model_answer answer = channel->answer;
	unsigned int grants = adapter->grants;

	model->callback(model, &event);
	/* The routine may have freed the channel, and even have it again. */
	if (adapter->owner == channel && adapter->undecided && adapter->grants == grants) {
		adapter->undecided = false;
		if (answer == MODEL_KEEP_REGISTERS)
			adapter->owner = NULL;
		if (answer == MODEL_DEALLOCATE_OBJECT) {
			free_all(model, adapter, channel, true);
			return;
		}
	}
	model_drain(model, adapter);
}

#define CHANNEL_CALL(name)							\
	static int name(struct model *model, struct model_adapter *adapter,	\
			struct model_channel *channel,				\
			const struct model_call *call, struct model_result *result)

CHANNEL_CALL(allocate)
{
	if (!call->number || (call->answer == MODEL_NO_ROUTINE && !call->flag))
		return -EINVAL;
	if (channel->state == MODEL_IDLE)
		channel->answer = call->answer;
	return model_ask(model, adapter, channel, call->number, call->flag);
}

/* Returns whether it waited. */
CHANNEL_CALL(cancel)
{
	if (!model_leave(adapter, channel))
		return false;
	model_drain(model, adapter);
	return true;
}

CHANNEL_CALL(map)
{
	int ret = model_map(model, adapter, channel, model_range_of(model, call), call->number,
			    &result->seen);

	if (!ret)
		model_program(model, channel, &result->seen);
	return ret;
}

CHANNEL_CALL(flush)
{
	return model_flush(model, channel, call->length);
}

CHANNEL_CALL(free_registers)
{
	if (channel->registers != call->number)
		return -EBADFD;
	return free_all(model, adapter, channel, false);
}

CHANNEL_CALL(free_channel)
{
	return free_all(model, adapter, channel, true);
}

CHANNEL_CALL(free_object)
{
	if (call->answer == MODEL_NO_ROUTINE)
		return -EINVAL;
	if (channel->state != MODEL_GRANTED || adapter->owner != channel || adapter->undecided)
		return -EBADFD;
	if (call->answer == MODEL_DEALLOCATE_OBJECT)
		return free_all(model, adapter, channel, true);
	if (call->answer == MODEL_KEEP_REGISTERS)
		adapter->owner = NULL;
	model_drain(model, adapter);
	return 0;
}

MODEL_CALL(model_channel_call)
{
	static int (*const calls[])(struct model *model, struct model_adapter *adapter,
				    struct model_channel *channel,
				    const struct model_call *call,
				    struct model_result *result) = {
		[MODEL_ALLOCATE] = allocate,
		[MODEL_CANCEL_CHANNEL] = cancel,
		[MODEL_MAP] = map,
		[MODEL_FLUSH] = flush,
		[MODEL_FREE_REGISTERS] = free_registers,
		[MODEL_FREE_CHANNEL] = free_channel,
		[MODEL_FREE_OBJECT] = free_object,
	};
	struct model_adapter *adapter = &model->adapters[call->who];

	return calls[call->op](model, adapter, &adapter->channels[call->which], call, result);
}
