// SPDX-License-Identifier: GPL-2.0-only
/*
 * Controller: the dmaengine channel behind an adapter of a system profile.
 *
 * One transfer at a time is its: that of the channel which owns the channel object. It
 * is running from the moment it is started until its end is known. Whoever finds that
 * out takes it from there, under the lock: the callback of the dmaengine channel or,
 * for a transfer without a routine, which has no callback, whoever asks.
 *
 * Stopping takes two steps. The channel is told to terminate at once, in any context;
 * its callbacks may still be on their way, and the memory may still be written. From
 * then on it is terminating, and nobody ends the transfer but the work, which waits for
 * both. So the end is known once, and nothing is left of a transfer when the next one
 * starts. One that failed goes the same way, because many drivers leave a channel that
 * failed as it is. controller.pml, beside this file, looks at every order of these.
 */
#include <linux/dmaengine.h>
#include <linux/dma-mapping.h>
#include <linux/export.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "dmabay_private.h"
#include "fault.h"

struct dmabay_controller {
	struct dmabay_adapter *adapter;
	struct dma_chan *chan;
	bool memory_to_memory;
	bool looped;
	/* it counts what is left of a transfer, not only whether all of it is */
	bool counts;
	dma_addr_t device_address;
	/* elements of one transfer at most, and bytes of one element */
	unsigned int capacity;
	unsigned int max_segment;
	struct work_struct stop;

	/* guards all below; taken with interrupts off, inside no other but a transaction's */
	spinlock_t lock;
	struct dmabay_channel *owner;
	dmabay_system_routine_t routine;
	void *context;
	dma_cookie_t cookie;
	bool running;
	/* the dmaengine channel has it */
	bool issued;
	/* the work is due, and ends what is running */
	bool terminating;
	/* no transfer starts until the mark is taken away */
	bool cancelled;
	/* how the next transfer reaches the device */
	struct dma_slave_config slave;
	/* of what is running, or was last */
	enum dmabay_dma_status status;
	size_t length;
	size_t residue;

	/* what the dmaengine channel is told; the owner's */
	unsigned int used;
	struct scatterlist table[];
};

/* Its end is known. Under the lock; returns whether there is a routine to be told. */
static bool controller_end(struct dmabay_controller *controller, enum dmabay_dma_status status)
{
	lockdep_assert_held(&controller->lock);
	controller->status = status;
	controller->running = false;
	controller->issued = false;
	controller->terminating = false;
	return controller->routine;
}

/* Call the routine of whoever has started it. */
static void tell_end(struct dmabay_controller *controller, dmabay_system_routine_t routine,
		     struct dmabay_channel *owner, void *context, enum dmabay_dma_status status)
{
	struct dmabay_context saved;

	dmabay_context_save(&saved);
	routine(controller->adapter, owner, context, status);
	dmabay_context_compare(&saved, "system routine", routine);
}

/* A callback that is on its way, of a driver that cannot say when there is none. */
static void wait_for_callbacks(struct dmabay_controller *controller)
{
	dmaengine_synchronize(controller->chan);
	/* It runs in an interrupt or in a tasklet, and those are read sections. */
	if (!controller->chan->device->device_synchronize)
		synchronize_rcu();
}

static void controller_stop_work(struct work_struct *work)
{
	struct dmabay_controller *controller =
		container_of(work, struct dmabay_controller, stop);
	enum dmabay_dma_status status;
	dmabay_system_routine_t routine;
	struct dmabay_channel *owner;
	unsigned long flags;
	void *context;
	bool tell;

	wait_for_callbacks(controller);
	spin_lock_irqsave(&controller->lock, flags);
	status = controller->status;
	tell = controller_end(controller, status);
	routine = controller->routine;
	context = controller->context;
	owner = controller->owner;
	spin_unlock_irqrestore(&controller->lock, flags);
	if (tell)
		tell_end(controller, routine, owner, context, status);
}

/* What is left, as far as it can be known. Under the lock. */
static enum dma_status look(struct dmabay_controller *controller)
{
	struct dma_tx_state state = {};
	enum dma_status status;

	lockdep_assert_held(&controller->lock);
	status = dmaengine_tx_status(controller->chan, controller->cookie, &state);
	if (status == DMA_COMPLETE)
		controller->residue = 0;
	else if (controller->counts && state.residue && state.residue <= controller->length)
		controller->residue = state.residue;
	return status;
}

/*
 * What is running shall end with @status, if it is the channel's and not over. Under the
 * lock; says whether controller_terminate() is due.
 */
static bool may_terminate(struct dmabay_controller *controller, enum dmabay_dma_status status)
{
	lockdep_assert_held(&controller->lock);
	if (!controller->issued || controller->terminating || look(controller) == DMA_COMPLETE)
		return false;
	controller->terminating = true;
	controller->status = status;
	return true;
}

/* Its end is told when the channel has let go. */
static void controller_terminate(struct dmabay_controller *controller)
{
	dmaengine_terminate_async(controller->chan);
	schedule_work(&controller->stop);
}

/* Has it failed? Some drivers say nothing, and leave the descriptor where it was. */
static bool has_failed(struct dmabay_controller *controller, const struct dmaengine_result *result)
{
	enum dma_status status;

	if (result && result->result != DMA_TRANS_NOERROR) {
		controller->residue = result->residue && result->residue <= controller->length ?
				      result->residue : controller->length;
		return true;
	}
	if (controller->looped)
		return false;
	status = look(controller);
	return status != DMA_COMPLETE && status != DMA_OUT_OF_ORDER;
}

/* The dmaengine channel calls back: the transfer is over, or one round of it. */
static void controller_done(void *param, const struct dmaengine_result *result)
{
	struct dmabay_controller *controller = param;
	bool failed, tell = false, terminate = false;
	dmabay_system_routine_t routine;
	struct dmabay_channel *owner;
	unsigned long flags;
	void *context;

	spin_lock_irqsave(&controller->lock, flags);
	if (controller->issued && !controller->terminating) {
		failed = has_failed(controller, result);
		terminate = failed;
		if (failed) {
			controller->terminating = true;
			controller->status = DMABAY_DMA_ERROR;
		} else if (controller->looped) {
			tell = true;
		} else {
			controller->residue = 0;
			tell = controller_end(controller, DMABAY_DMA_COMPLETE);
		}
	}
	routine = controller->routine;
	context = controller->context;
	owner = controller->owner;
	spin_unlock_irqrestore(&controller->lock, flags);

	if (terminate)
		controller_terminate(controller);
	else if (tell)
		tell_end(controller, routine, owner, context, DMABAY_DMA_COMPLETE);
}

/* One element may be longer than what the channel takes at once. False: no room. */
static bool fill_table(struct dmabay_controller *controller, const struct dmabay_sg_list *list)
{
	unsigned int i, used = 0;

	sg_init_table(controller->table, controller->capacity);
	for (i = 0; i < list->count; i++) {
		const struct dmabay_sg_element *element = &list->elements[i];
		size_t done, length;

		for (done = 0; done < element->length; done += length) {
			if (used == controller->capacity)
				return false;
			length = min_t(size_t, element->length - done, controller->max_segment);
			sg_dma_address(&controller->table[used]) = element->address + done;
			sg_dma_len(&controller->table[used]) = length;
			used++;
		}
	}
	controller->used = used;
	return true;
}

static struct dma_async_tx_descriptor *prepare_copy(struct dmabay_controller *controller,
						    const struct dmabay_sg_list *list,
						    enum dmabay_direction direction,
						    size_t device_offset)
{
	const struct dmabay_sg_element *element = &list->elements[0];
	dma_addr_t device = controller->device_address + device_offset;
	bool read = direction == DMABAY_READ_FROM_DEVICE;

	/* Most drivers leave it to their clients to look. */
	if (!is_dma_copy_aligned(controller->chan->device, element->address, device,
				 element->length))
		return NULL;
	return dmaengine_prep_dma_memcpy(controller->chan, read ? element->address : device,
					 read ? device : element->address, element->length,
					 DMA_PREP_INTERRUPT | DMA_CTRL_ACK);
}

static struct dma_async_tx_descriptor *prepare_slave(struct dmabay_controller *controller,
						     const struct dmabay_sg_list *list,
						     enum dmabay_direction direction,
						     size_t device_offset)
{
	struct dma_slave_config config = controller->slave;
	const struct dmabay_sg_element *element = &list->elements[0];
	unsigned long flags = DMA_PREP_INTERRUPT | DMA_CTRL_ACK;

	if (direction == DMABAY_READ_FROM_DEVICE) {
		config.direction = DMA_DEV_TO_MEM;
		config.src_addr += device_offset;
	} else {
		config.direction = DMA_MEM_TO_DEV;
		config.dst_addr += device_offset;
	}
	if (dmaengine_slave_config(controller->chan, &config))
		return NULL;
	if (controller->looped)
		return dmaengine_prep_dma_cyclic(controller->chan, element->address,
						 element->length, element->length,
						 config.direction, flags);
	if (!fill_table(controller, list))
		return NULL;
	return dmaengine_prep_slave_sg(controller->chan, controller->table, controller->used,
				       config.direction, flags);
}

/* Hand it to the channel. On failure the channel has nothing. */
static int controller_issue(struct dmabay_controller *controller,
			    const struct dmabay_sg_list *list, enum dmabay_direction direction,
			    size_t device_offset)
{
	struct dma_async_tx_descriptor *descriptor;
	bool failed, terminate;
	unsigned long flags;

	if (dmabay_fault(DMABAY_FAULT_PREPARE))
		descriptor = NULL;
	else if (controller->memory_to_memory)
		descriptor = prepare_copy(controller, list, direction, device_offset);
	else
		descriptor = prepare_slave(controller, list, direction, device_offset);
	if (!descriptor)
		return -EIO;
	if (controller->routine) {
		descriptor->callback_result = controller_done;
		descriptor->callback_param = controller;
	}

	/*
	 * Whoever issued the one before may be late with that, and do it now. So it may be
	 * over at any moment from here on, and the next one be running.
	 */
	spin_lock_irqsave(&controller->lock, flags);
	controller->cookie = dmaengine_submit(descriptor);
	controller->issued = !dma_submit_error(controller->cookie);
	failed = !controller->issued;
	terminate = controller->cancelled && may_terminate(controller, DMABAY_DMA_CANCELLED);
	spin_unlock_irqrestore(&controller->lock, flags);
	if (failed)
		return -EIO;
	if (terminate)
		controller_terminate(controller);
	else
		dma_async_issue_pending(controller->chan);
	return 0;
}

/**
 * dmabay_controller_start() - Start a transfer
 * @controller: the controller
 * @channel: the channel, which owns the channel object
 * @list: what is mapped
 * @direction: which way
 * @device_offset: bytes
 * @routine: or NULL
 * @context: for @routine
 *
 * Context: any.
 * Return: 0, or -EOPNOTSUPP, -ECANCELED, -EIO; then nothing was started, and @routine is
 * not called.
 */
int dmabay_controller_start(struct dmabay_controller *controller, struct dmabay_channel *channel,
			    const struct dmabay_sg_list *list, enum dmabay_direction direction,
			    size_t device_offset, dmabay_system_routine_t routine, void *context)
{
	unsigned long flags;
	int ret = 0;

	/* It never says which transfers are over, but for the callback. */
	if (!routine && dma_has_cap(DMA_COMPLETION_NO_ORDER, controller->chan->device->cap_mask))
		return -EOPNOTSUPP;

	spin_lock_irqsave(&controller->lock, flags);
	if (controller->cancelled) {
		ret = -ECANCELED;
	} else {
		controller->owner = channel;
		controller->routine = routine;
		controller->context = context;
		controller->length = channel->length;
		controller->residue = channel->length;
		controller->running = true;
	}
	spin_unlock_irqrestore(&controller->lock, flags);
	if (ret)
		return ret;

	ret = controller_issue(controller, list, direction, device_offset);
	if (ret) {
		spin_lock_irqsave(&controller->lock, flags);
		controller_end(controller, DMABAY_DMA_ERROR);
		spin_unlock_irqrestore(&controller->lock, flags);
	}
	return ret;
}

/**
 * dmabay_controller_cancel() - Stop what is running, and start nothing
 * @controller: the controller
 *
 * Context: any.
 * Return: 0, or -EALREADY.
 */
int dmabay_controller_cancel(struct dmabay_controller *controller)
{
	bool terminate;
	unsigned long flags;

	spin_lock_irqsave(&controller->lock, flags);
	if (controller->cancelled) {
		spin_unlock_irqrestore(&controller->lock, flags);
		return -EALREADY;
	}
	controller->cancelled = true;
	terminate = may_terminate(controller, DMABAY_DMA_CANCELLED);
	spin_unlock_irqrestore(&controller->lock, flags);
	if (terminate)
		controller_terminate(controller);
	return 0;
}

/**
 * dmabay_controller_allow() - Transfers may start again
 * @controller: the controller
 *
 * Context: any.
 */
void dmabay_controller_allow(struct dmabay_controller *controller)
{
	unsigned long flags;

	spin_lock_irqsave(&controller->lock, flags);
	controller->cancelled = false;
	spin_unlock_irqrestore(&controller->lock, flags);
}

/**
 * dmabay_controller_configure() - What the channel is told about the device
 * @controller: the controller
 * @slave: copied
 *
 * Context: any.
 * Return: 0, -EOPNOTSUPP, -EBUSY.
 */
int dmabay_controller_configure(struct dmabay_controller *controller,
				const struct dma_slave_config *slave)
{
	unsigned long flags;
	bool running;

	if (controller->memory_to_memory)
		return -EOPNOTSUPP;
	spin_lock_irqsave(&controller->lock, flags);
	running = controller->running;
	if (!running)
		controller->slave = *slave;
	spin_unlock_irqrestore(&controller->lock, flags);
	return running ? -EBUSY : 0;
}

/**
 * dmabay_controller_is_running() - May memory still be touched?
 * @controller: the controller
 *
 * Without a routine this is where the end is found out.
 *
 * Context: any.
 * Return: whether a transfer is not over.
 */
bool dmabay_controller_is_running(struct dmabay_controller *controller)
{
	unsigned long flags;
	bool running;

	spin_lock_irqsave(&controller->lock, flags);
	if (controller->issued && !controller->routine && !controller->terminating &&
	    look(controller) == DMA_COMPLETE)
		controller_end(controller, DMABAY_DMA_COMPLETE);
	running = controller->running;
	spin_unlock_irqrestore(&controller->lock, flags);
	return running;
}

/**
 * dmabay_controller_residue() - Bytes that are left
 * @controller: the controller
 *
 * Context: any.
 * Return: of what is running, or was last.
 */
size_t dmabay_controller_residue(struct dmabay_controller *controller)
{
	unsigned long flags;
	size_t residue;

	spin_lock_irqsave(&controller->lock, flags);
	if (controller->issued && !controller->terminating)
		look(controller);
	residue = controller->residue;
	spin_unlock_irqrestore(&controller->lock, flags);
	return residue;
}

/* Can the channel do it, and in how many elements? */
static int controller_check(const struct dmabay_system_config *config,
			    enum dmabay_direction direction, bool duplex, unsigned int *capacity)
{
	struct dma_device *device = config->channel->device;
	struct dma_slave_caps caps;
	u32 wanted;

	*capacity = 1;
	/* What cannot be stopped keeps its memory for ever, once it hangs. */
	if (!device->device_terminate_all)
		return -EOPNOTSUPP;
	if (config->memory_to_memory)
		return dma_has_cap(DMA_MEMCPY, device->cap_mask) && !config->looped ?
			0 : -EOPNOTSUPP;
	if (dma_get_slave_caps(config->channel, &caps))
		return -EOPNOTSUPP;
	wanted = direction == DMABAY_READ_FROM_DEVICE ? BIT(DMA_DEV_TO_MEM) : BIT(DMA_MEM_TO_DEV);
	if (!duplex)
		wanted = BIT(DMA_DEV_TO_MEM) | BIT(DMA_MEM_TO_DEV);
	if (!(caps.directions & wanted))
		return -EOPNOTSUPP;
	if (config->looped)
		return dma_has_cap(DMA_CYCLIC, device->cap_mask) ? 0 : -EOPNOTSUPP;
	*capacity = caps.max_sg_burst ?: UINT_MAX;
	return 0;
}

/**
 * dmabay_controller_create() - Make the controller of an adapter
 * @adapter: the adapter
 * @config: what it is
 * @direction: which way, if @duplex
 * @duplex: one way only
 *
 * Context: may sleep.
 * Return: 0, -EOPNOTSUPP, -ENOMEM.
 */
int dmabay_controller_create(struct dmabay_adapter *adapter,
			     const struct dmabay_system_config *config,
			     enum dmabay_direction direction, bool duplex)
{
	struct dmabay_controller *controller;
	unsigned int capacity;
	int ret;

	ret = controller_check(config, direction, duplex, &capacity);
	if (ret)
		return ret;
	capacity = min(capacity, adapter->map_registers);
	controller = kvzalloc(struct_size(controller, table, capacity), GFP_KERNEL);
	if (!controller)
		return -ENOMEM;
	controller->adapter = adapter;
	controller->chan = config->channel;
	controller->slave = config->slave;
	controller->memory_to_memory = config->memory_to_memory;
	controller->looped = config->looped;
	controller->counts = config->channel->device->residue_granularity !=
			     DMA_RESIDUE_GRANULARITY_DESCRIPTOR;
	controller->device_address = config->device_address;
	controller->capacity = capacity;
	controller->max_segment = dma_get_max_seg_size(adapter->dev);
	spin_lock_init(&controller->lock);
	INIT_WORK(&controller->stop, controller_stop_work);
	adapter->controller = controller;
	return 0;
}

/**
 * dmabay_controller_destroy() - Let go of the channel
 * @controller: the controller, or NULL; nothing is running
 *
 * Context: may sleep.
 */
void dmabay_controller_destroy(struct dmabay_controller *controller)
{
	if (!controller)
		return;
	cancel_work_sync(&controller->stop);
	dmaengine_terminate_async(controller->chan);
	wait_for_callbacks(controller);
	kvfree(controller);
}

/**
 * dmabay_controller_fits() - What of a list can be one transfer
 * @controller: the controller
 * @list: what is mapped
 *
 * Context: any.
 * Return: bytes, from the beginning.
 */
size_t dmabay_controller_fits(const struct dmabay_controller *controller,
			      const struct dmabay_sg_list *list)
{
	unsigned int i, used, left = controller->capacity;
	size_t length, fits = 0;

	/* What is one piece for the channel is as long as it is. */
	if (controller->memory_to_memory || controller->looped)
		return SIZE_MAX;
	for (i = 0; i < list->count && left; i++) {
		length = list->elements[i].length;
		used = min_t(size_t, left, DIV_ROUND_UP(length, controller->max_segment));
		fits += min(length, (size_t)used * controller->max_segment);
		left -= used;
	}
	return fits;
}

unsigned int dmabay_controller_capacity(const struct dmabay_controller *controller)
{
	return controller->capacity;
}

bool dmabay_controller_is_copy(const struct dmabay_controller *controller)
{
	return controller->memory_to_memory;
}

bool dmabay_controller_is_looped(const struct dmabay_controller *controller)
{
	return controller->looped;
}
