// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reference model's line: the credits of an adapter, and who waits for them.
 *
 * It is strict FIFO: whoever is first gets what it asks for, or all wait; it is granted
 * by whoever frees, the outermost one at a time. A plain channel also wants the channel
 * object, of which each adapter has one.
 */
#include <linux/errno.h>

#include "model.h"

static bool is_plain(const struct model_channel *channel)
{
	return !channel->transaction && !channel->list;
}

bool model_take(struct model_adapter *adapter, struct model_channel *channel)
{
	if (adapter->free < channel->registers || (is_plain(channel) && adapter->owner))
		return false;
	adapter->free -= channel->registers;
	channel->state = MODEL_GRANTED;
	if (is_plain(channel)) {
		adapter->owner = channel;
		adapter->undecided = channel->answer != MODEL_NO_ROUTINE;
		adapter->grants++;
	}
	return true;
}

static void remove_waiter(struct model_adapter *adapter, const struct model_channel *channel)
{
	unsigned int i, kept = 0;

	for (i = 0; i < adapter->waiters; i++) {
		if (adapter->line[i] != channel)
			adapter->line[kept++] = adapter->line[i];
	}
	adapter->waiters = kept;
}

bool model_leave(struct model_adapter *adapter, struct model_channel *channel)
{
	if (channel->state != MODEL_WAITING)
		return false;
	channel->state = MODEL_IDLE;
	remove_waiter(adapter, channel);
	return true;
}

int model_wait(struct model_adapter *adapter, struct model_channel *channel)
{
	channel->state = MODEL_WAITING;
	adapter->line[adapter->waiters++] = channel;
	return 0;
}

static void granted(struct model *model, struct model_adapter *adapter,
		    struct model_channel *channel)
{
	if (channel->transaction)
		model_transaction_granted(model, channel->transaction);
	else if (channel->list)
		model_list_granted(model, adapter, channel->list);
	else if (channel->answer != MODEL_NO_ROUTINE)
		model_channel_granted(model, adapter, channel);
}

void model_drain(struct model *model, struct model_adapter *adapter)
{
	struct model_channel *first;

	if (adapter->draining)
		return;
	adapter->draining = true;
	while (adapter->waiters && model_take(adapter, adapter->line[0])) {
		first = adapter->line[0];
		remove_waiter(adapter, first);
		granted(model, adapter, first);
	}
	adapter->draining = false;
}

int model_ask(struct model *model, struct model_adapter *adapter, struct model_channel *channel,
	      unsigned int registers, bool immediate)
{
	if (registers > adapter->registers)
		return -ENOMEM;
	if (channel->state != MODEL_IDLE)
		return -EBADFD;
	channel->registers = registers;
	if (!adapter->waiters && model_take(adapter, channel)) {
		granted(model, adapter, channel);
		return 0;
	}
	return immediate ? -ENOMEM : model_wait(adapter, channel);
}

void model_give(struct model *model, struct model_adapter *adapter,
		struct model_channel *channel)
{
	channel->state = MODEL_IDLE;
	adapter->free += channel->registers;
	if (adapter->owner == channel)
		adapter->owner = NULL;
	model_drain(model, adapter);
}
