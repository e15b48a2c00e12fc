// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lists: a channel, its mapping and its list in one call, the way of drivers that need
 * no more of the WDM layer. All of the memory is mapped, or nothing is.
 *
 * A list waits in the line of its adapter like any channel, but without the channel
 * object, so any number of lists can exist at once. Memory for the elements comes
 * before the wait, so only the provider can fail after it.
 *
 * Registers that are there at once are taken without a routine and mapped by the
 * thread that asks, which so can say what failed. Once it waits in line, the list is
 * its routine's: it may be granted, put and gone before the asking thread has looked
 * again, and what fails then is told by calling the routine without a list.
 *
 * A list belongs to its caller like a channel does, and is guarded the same way: its
 * own channel's state says who may touch it. Nobody touches it after the routine was
 * called, and putting it lets go of it before it grants others.
 */
#include <linux/bitops.h>
#include <linux/export.h>
#include <linux/slab.h>

#include "dmabay_private.h"

enum sg_call {
	CALL_GET,
	CALL_PUT,
	CALLS,
};

static const char *const sg_complaints[CALLS] = {
	[CALL_GET] = "a list is asked for on a channel that has one, or waits for it",
	[CALL_PUT] = "a list is put that is not there",
};

/* Refuse a call. Each kind warns once. */
static int sg_illegal(enum sg_call call)
{
	static unsigned long warned[BITS_TO_LONGS(CALLS)];

	WARN(!test_and_set_bit(call, warned), "dmabay: %s\n", sg_complaints[call]);
	return -EBADFD;
}

/* What is asked for, by get or by build. */
struct sg_request {
	struct dmabay_memory *memory;
	size_t offset;
	size_t length;
	enum dmabay_direction direction;
	unsigned int flags;
	dmabay_sg_routine_t routine;
	void *context;
	/* as it turns out */
	unsigned int map_registers;
	unsigned int elements;
};

static int sg_check(struct dmabay_adapter *adapter, const struct dmabay_sg_channel *channel,
		    struct sg_request *request)
{
	int ret;

	if (!channel || !dmabay_direction_exists(request->direction) ||
	    (request->flags & ~DMABAY_CHANNEL_IMMEDIATE) ||
	    (!request->routine && !(request->flags & DMABAY_CHANNEL_IMMEDIATE)))
		return -EINVAL;
	ret = dmabay_adapter_transfer_info(adapter, request->memory, request->offset,
					   request->length, &request->map_registers,
					   &request->elements);
	if (ret)
		return ret;
	if (!adapter->scatter_gather)
		return -EOPNOTSUPP;
	if (request->direction == DMABAY_READ_FROM_DEVICE && request->memory->read_only)
		return -EACCES;
	return request->map_registers > adapter->map_registers ? -ENOMEM : 0;
}

static bool sg_is_busy(struct dmabay_adapter *adapter, struct dmabay_sg_channel *channel)
{
	unsigned long flags;
	bool busy;

	spin_lock_irqsave(&adapter->lock, flags);
	busy = channel->channel.state != DMABAY_CHANNEL_IDLE;
	spin_unlock_irqrestore(&adapter->lock, flags);
	return busy;
}

/* Give back what was taken before the wait. The channel is idle, or about to be. */
static void sg_forget(struct dmabay_sg_channel *channel)
{
	struct dmabay_memory *memory = channel->memory;

	if (channel->own_elements)
		kfree(channel->list.elements);
	channel->list = (struct dmabay_sg_list){};
	channel->memory = NULL;
	dmabay_memory_put(memory);
}

/* The registers are there: map everything, or leave nothing. */
static int sg_map(struct dmabay_adapter *adapter, struct dmabay_sg_channel *channel)
{
	unsigned int map_registers = channel->channel.map_registers;
	size_t length = channel->length;
	int ret;

	ret = dmabay_adapter_map_transfer(adapter, &channel->channel, channel->memory,
					  channel->offset, &length, channel->direction,
					  &channel->list);
	if (!ret && length == channel->length)
		return 0;

	dmabay_adapter_abandon(adapter, &channel->channel);
	sg_forget(channel);
	dmabay_adapter_free_map_registers(adapter, &channel->channel, map_registers);
	return ret ?: -ENOMEM;
}

/* The registers came after a wait. */
static enum dmabay_channel_action sg_granted(struct dmabay_adapter *adapter,
					     struct dmabay_channel *unused, void *context)
{
	struct dmabay_sg_channel *channel = context;
	dmabay_sg_routine_t routine = channel->routine;
	void *routine_context = channel->context;
	struct dmabay_context saved;
	int ret = sg_map(adapter, channel);

	dmabay_context_save(&saved);
	routine(adapter, channel, ret ? NULL : &channel->list, routine_context);
	dmabay_context_compare(&saved, "list routine", routine);
	return DMABAY_DEALLOCATE_OBJECT_KEEP_REGISTERS;
}

/* Everything but the registers is there. */
static int sg_ask(struct dmabay_adapter *adapter, struct dmabay_sg_channel *channel,
		  const struct sg_request *request)
{
	struct dmabay_context saved;
	int ret;

	channel->memory = dmabay_memory_get(request->memory);
	channel->offset = request->offset;
	channel->length = request->length;
	channel->direction = request->direction;
	channel->routine = request->routine;
	channel->context = request->context;

	ret = dmabay_adapter_ask(adapter, &channel->channel, request->map_registers,
				 DMABAY_CHANNEL_REGISTERS_ONLY | DMABAY_CHANNEL_IMMEDIATE, NULL,
				 NULL);
	if (!ret) {
		ret = sg_map(adapter, channel);
		if (!ret && request->routine) {
			dmabay_context_save(&saved);
			request->routine(adapter, channel, &channel->list, request->context);
			dmabay_context_compare(&saved, "list routine", request->routine);
		}
		return ret;
	}
	if (!(request->flags & DMABAY_CHANNEL_IMMEDIATE))
		ret = dmabay_adapter_ask(adapter, &channel->channel, request->map_registers,
					 DMABAY_CHANNEL_REGISTERS_ONLY, sg_granted, channel);
	if (ret)
		sg_forget(channel);
	return ret;
}

int dmabay_adapter_get_sg_list(struct dmabay_adapter *adapter, struct dmabay_sg_channel *channel,
			       struct dmabay_memory *memory, size_t offset, size_t length,
			       enum dmabay_direction direction, unsigned int flags,
			       dmabay_sg_routine_t routine, void *context)
{
	struct sg_request request = { memory, offset, length, direction, flags, routine, context };
	struct dmabay_sg_element *elements;
	int ret;

	ret = sg_check(adapter, channel, &request);
	if (ret)
		return ret;
	if (sg_is_busy(adapter, channel))
		return sg_illegal(CALL_GET);
	elements = kmalloc_array(request.elements, sizeof(*elements), GFP_ATOMIC | __GFP_NOWARN);
	if (!elements)
		return -ENOMEM;
	channel->list.elements = elements;
	channel->list.capacity = request.elements;
	channel->own_elements = true;
	return sg_ask(adapter, channel, &request);
}
EXPORT_SYMBOL_GPL(dmabay_adapter_get_sg_list);

int dmabay_adapter_build_sg_list(struct dmabay_adapter *adapter,
				 struct dmabay_sg_channel *channel,
				 struct dmabay_sg_element *elements, unsigned int capacity,
				 struct dmabay_memory *memory, size_t offset, size_t length,
				 enum dmabay_direction direction, unsigned int flags,
				 dmabay_sg_routine_t routine, void *context)
{
	struct sg_request request = { memory, offset, length, direction, flags, routine, context };
	int ret;

	ret = sg_check(adapter, channel, &request);
	if (ret)
		return ret;
	if (capacity < request.elements)
		return -ENOBUFS;
	if (sg_is_busy(adapter, channel))
		return sg_illegal(CALL_GET);
	channel->list.elements = elements;
	channel->list.capacity = capacity;
	channel->own_elements = false;
	return sg_ask(adapter, channel, &request);
}
EXPORT_SYMBOL_GPL(dmabay_adapter_build_sg_list);

bool dmabay_adapter_cancel_sg_list(struct dmabay_adapter *adapter,
				   struct dmabay_sg_channel *channel)
{
	if (dmabay_check_adapter(adapter) || !dmabay_adapter_withdraw(adapter, &channel->channel))
		return false;
	sg_forget(channel);
	dmabay_adapter_drain(adapter);
	return true;
}
EXPORT_SYMBOL_GPL(dmabay_adapter_cancel_sg_list);

int dmabay_adapter_put_sg_list(struct dmabay_adapter *adapter, struct dmabay_sg_channel *channel)
{
	unsigned int map_registers = channel->channel.map_registers;
	int ret = dmabay_check_adapter(adapter);

	if (ret)
		return ret;
	if (!channel->list.count)
		return sg_illegal(CALL_PUT);
	ret = dmabay_adapter_flush(adapter, &channel->channel, channel->length);
	if (ret)
		return ret;
	sg_forget(channel);
	return dmabay_adapter_free_map_registers(adapter, &channel->channel, map_registers);
}
EXPORT_SYMBOL_GPL(dmabay_adapter_put_sg_list);
