// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fake engine: a dmaengine controller that does what the test says. See fake_engine.h.
 *
 * A descriptor goes from one list of its channel to the next: free, prepared, submitted,
 * issued, and when it is done free again. Its callback is then due, and run at once or
 * held back. All memory is there from the start, so that a test can make every
 * allocation fail and still see transfers.
 */
#include <linux/device.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "fake_engine.h"
#include "rig.h"

struct fake_engine {
	struct rig *rig;
	struct dma_device dma;
	bool registered;
	bool released;
	/* the first thing a client did wrong; channels race for it */
	const char *complaint;
	unsigned int count;
	struct fake_channel channels[] __counted_by(count);
};

static const char *const fake_kind_names[FAKE_KINDS] = {
	[FAKE_CONFIG] = "config",
	[FAKE_PREP] = "prep",
	[FAKE_SUBMIT] = "submit",
	[FAKE_ISSUE] = "issue",
	[FAKE_TERMINATE] = "terminate",
	[FAKE_SYNCHRONIZE] = "synchronize",
	[FAKE_PAUSE] = "pause",
	[FAKE_RESUME] = "resume",
};

static struct fake_channel *fake_of(struct dma_chan *chan)
{
	return container_of(chan, struct fake_channel, chan);
}

/* Clients call from any context, in which a test cannot fail; it does when it ends. */
static void fake_complain(struct fake_engine *engine, const char *complaint)
{
	cmpxchg(&engine->complaint, NULL, complaint);
}

/* Returns what the call is to be answered. */
static int fake_log(struct fake_channel *channel, struct fake_event *event)
{
	unsigned int *fail = &channel->fail[event->kind];

	lockdep_assert_held(&channel->lock);
	if (*fail && !--*fail && !event->result)
		event->result = -EIO;
	event->task = current;
	strlcat(channel->story, fake_kind_names[event->kind], sizeof(channel->story));
	strlcat(channel->story, event->result ? "! " : " ", sizeof(channel->story));
	if (channel->events < FAKE_EVENTS)
		channel->log[channel->events] = *event;
	channel->events++;
	return event->result;
}

static int fake_log_kind(struct fake_channel *channel, enum fake_kind kind)
{
	struct fake_event event = { .kind = kind };

	return fake_log(channel, &event);
}

/* The one the hardware works on. */
static struct fake_descriptor *fake_head(struct fake_channel *channel)
{
	lockdep_assert_held(&channel->lock);
	if (channel->paused)
		return NULL;
	return list_first_entry_or_null(&channel->issued, struct fake_descriptor, node);
}

/* Moving bytes: memory on one side, memory or the device's bytes on the other. */

/* Where this device address leads to, and shortens the part to what is behind it. */
static u8 *fake_memory(struct fake_channel *channel, dma_addr_t address, size_t *part)
{
	phys_addr_t phys = rig_translate(channel->engine->rig, address);

	if (!phys) {
		fake_complain(channel->engine, "a transfer to where the device cannot reach");
		return NULL;
	}
	*part = min(*part, PAGE_SIZE - offset_in_page(address));
	return phys_to_virt(phys);
}

static u8 *fake_element(struct fake_channel *channel, struct fake_descriptor *descriptor,
			size_t at, size_t *part)
{
	const struct dma_vec *element = descriptor->elements;

	for (; at >= element->len; element++)
		at -= element->len;
	*part = min(*part, element->len - at);
	return fake_memory(channel, element->addr + at, part);
}

static u8 *fake_other_end(struct fake_channel *channel, struct fake_descriptor *descriptor,
			  size_t at, size_t *part)
{
	if (descriptor->type == DMA_MEMCPY)
		return fake_memory(channel, descriptor->destination + at, part);
	*part = min(*part, FAKE_FIFO_BYTES - channel->fifo_at);
	return channel->fifo + channel->fifo_at;
}

/* Under the lock: once a client has terminated, its memory is not touched any more. */
static void fake_move(struct fake_channel *channel, struct fake_descriptor *descriptor,
		      size_t length)
{
	size_t at, part;
	u8 *memory, *other;

	lockdep_assert_held(&channel->lock);
	for (; length; length -= part) {
		part = length;
		at = descriptor->moved % descriptor->length;
		memory = fake_element(channel, descriptor, at, &part);
		other = fake_other_end(channel, descriptor, at, &part);
		if (!memory || !other)
			return;
		if (descriptor->direction == DMA_DEV_TO_MEM)
			memcpy(memory, other, part);
		else
			memcpy(other, memory, part);
		descriptor->moved += part;
		if (descriptor->type != DMA_MEMCPY)
			channel->fifo_at = (channel->fifo_at + part) % FAKE_FIFO_BYTES;
	}
}

/* Of a cyclic one, to the end of this round. */
static size_t fake_left(struct fake_descriptor *descriptor)
{
	if (descriptor->type == DMA_CYCLIC)
		return descriptor->length - descriptor->moved % descriptor->length;
	return descriptor->length - descriptor->moved;
}

/* Callbacks */

static void fake_call_due(struct fake_channel *channel, struct fake_descriptor *descriptor,
			  struct dmaengine_result result)
{
	struct dma_async_tx_descriptor *tx = &descriptor->tx;

	if (!(tx->flags & DMA_PREP_INTERRUPT))
		return;
	if (channel->calls_due - channel->calls_made == FAKE_CALLS) {
		fake_complain(channel->engine, "more callbacks held back than there is room for");
		return;
	}
	channel->calls[channel->calls_due++ % FAKE_CALLS] = (struct fake_call) {
		.callback = tx->callback,
		.callback_result = tx->callback_result,
		.param = tx->callback_param,
		.result = result,
	};
}

bool fake_channel_call_back(struct fake_channel *channel)
{
	struct task_struct *caller;
	struct fake_call call;
	unsigned long flags;

	spin_lock_irqsave(&channel->lock, flags);
	if (channel->calls_made == channel->calls_due) {
		spin_unlock_irqrestore(&channel->lock, flags);
		return false;
	}
	call = channel->calls[channel->calls_made++ % FAKE_CALLS];
	channel->calling++;
	caller = channel->caller;
	if (in_task())
		channel->caller = current;
	spin_unlock_irqrestore(&channel->lock, flags);

	if (call.callback_result)
		call.callback_result(call.param, &call.result);
	else if (call.callback)
		call.callback(call.param);

	spin_lock_irqsave(&channel->lock, flags);
	channel->caller = --channel->calling ? caller : NULL;
	if (!channel->calling)
		wake_up(&channel->called);
	spin_unlock_irqrestore(&channel->lock, flags);
	return true;
}

/* The hardware's side */

static void fake_arm(struct fake_channel *channel)
{
	const struct fake_script *script = &channel->script;

	if (!fake_head(channel))
		return;
	if (script->when == FAKE_IN_THREAD)
		mod_delayed_work(system_dfl_wq, &channel->work, usecs_to_jiffies(script->delay_us));
	else if (script->when == FAKE_IN_INTERRUPT)
		hrtimer_start(&channel->timer, us_to_ktime(script->delay_us), HRTIMER_MODE_REL);
}

bool fake_channel_move(struct fake_channel *channel, size_t length)
{
	struct fake_descriptor *descriptor;
	unsigned long flags;

	spin_lock_irqsave(&channel->lock, flags);
	descriptor = fake_head(channel);
	if (descriptor)
		fake_move(channel, descriptor, min(length, fake_left(descriptor)));
	spin_unlock_irqrestore(&channel->lock, flags);
	return descriptor;
}

/* On to the next; returns whether the callback is to run now. */
static bool fake_done(struct fake_channel *channel, struct fake_descriptor *descriptor,
		      enum dmaengine_tx_result result, u32 residue)
{
	if (channel->script.silent)
		result = DMA_TRANS_NOERROR;
	fake_call_due(channel, descriptor, (struct dmaengine_result) { result, residue });
	fake_arm(channel);
	return !channel->script.hold_callbacks;
}

bool fake_channel_complete(struct fake_channel *channel, enum dmaengine_tx_result result,
			   u32 residue)
{
	struct fake_descriptor *descriptor;
	bool call = false;
	unsigned long flags;

	spin_lock_irqsave(&channel->lock, flags);
	descriptor = fake_head(channel);
	if (descriptor) {
		if (descriptor->type != DMA_CYCLIC && fake_left(descriptor) > residue)
			fake_move(channel, descriptor, fake_left(descriptor) - residue);
		channel->chan.completed_cookie = descriptor->tx.cookie;
		if (result != DMA_TRANS_NOERROR)
			channel->failed = descriptor->tx.cookie;
		list_move_tail(&descriptor->node, &channel->free);
		call = fake_done(channel, descriptor, result, residue);
	}
	spin_unlock_irqrestore(&channel->lock, flags);
	if (call)
		fake_channel_call_back(channel);
	return descriptor;
}

bool fake_channel_period(struct fake_channel *channel)
{
	struct fake_descriptor *descriptor;
	bool cyclic, call = false;
	unsigned long flags;

	spin_lock_irqsave(&channel->lock, flags);
	descriptor = fake_head(channel);
	cyclic = descriptor && descriptor->type == DMA_CYCLIC;
	if (cyclic) {
		fake_move(channel, descriptor,
			  descriptor->period - descriptor->moved % descriptor->period);
		call = fake_done(channel, descriptor, DMA_TRANS_NOERROR, 0);
	}
	spin_unlock_irqrestore(&channel->lock, flags);
	if (call)
		fake_channel_call_back(channel);
	return cyclic;
}

/* What the script says; returns whether there may be more to do at once. */
static bool fake_step(struct fake_channel *channel)
{
	const struct dmaengine_result *result = &channel->script.result;

	return !fake_channel_period(channel) &&
	       fake_channel_complete(channel, result->result, result->residue);
}

static void fake_work(struct work_struct *work)
{
	fake_step(container_of(to_delayed_work(work), struct fake_channel, work));
}

static enum hrtimer_restart fake_timer(struct hrtimer *timer)
{
	fake_step(container_of(timer, struct fake_channel, timer));
	return HRTIMER_NORESTART;
}

/* The client's side: what a driver of a controller has */

static void fake_drop_descriptors(struct fake_channel *channel)
{
	list_splice_tail_init(&channel->prepared, &channel->free);
	list_splice_tail_init(&channel->submitted, &channel->free);
	list_splice_tail_init(&channel->issued, &channel->free);
	channel->paused = false;
}

static int fake_alloc_resources(struct dma_chan *chan)
{
	chan->cookie = DMA_MIN_COOKIE;
	chan->completed_cookie = DMA_MIN_COOKIE;
	fake_of(chan)->failed = 0;
	return FAKE_DESCRIPTORS;
}

static void fake_free_resources(struct dma_chan *chan)
{
	struct fake_channel *channel = fake_of(chan);
	struct fake_engine *engine = channel->engine;
	unsigned long flags;

	spin_lock_irqsave(&channel->lock, flags);
	if (!list_empty(&channel->prepared))
		fake_complain(engine, "the channel was let go with a descriptor not submitted");
	if (!list_empty(&channel->submitted) || !list_empty(&channel->issued))
		fake_complain(engine, "the channel was let go with a transfer under way");
	fake_drop_descriptors(channel);
	channel->calls_made = channel->calls_due;
	channel->configured = false;
	spin_unlock_irqrestore(&channel->lock, flags);
}

static int fake_config(struct dma_chan *chan, struct dma_slave_config *config)
{
	struct fake_channel *channel = fake_of(chan);
	struct fake_event event = { .kind = FAKE_CONFIG, .config = *config };
	unsigned long flags;
	int ret;

	spin_lock_irqsave(&channel->lock, flags);
	ret = fake_log(channel, &event);
	if (!ret)
		channel->configured = true;
	spin_unlock_irqrestore(&channel->lock, flags);
	return ret;
}

static dma_cookie_t fake_submit(struct dma_async_tx_descriptor *tx)
{
	struct fake_descriptor *descriptor = container_of(tx, struct fake_descriptor, tx);
	struct fake_channel *channel = fake_of(tx->chan);
	struct dma_chan *chan = tx->chan;
	struct fake_event event = { .kind = FAKE_SUBMIT };
	unsigned long flags;
	dma_cookie_t cookie;

	spin_lock_irqsave(&channel->lock, flags);
	event.cookie = chan->cookie == INT_MAX ? DMA_MIN_COOKIE : chan->cookie + 1;
	if (channel->removed)
		event.result = -ENODEV;
	cookie = fake_log(channel, &event);
	if (!cookie) {
		cookie = event.cookie;
		chan->cookie = cookie;
		tx->cookie = cookie;
	}
	list_move_tail(&descriptor->node, cookie < 0 ? &channel->free : &channel->submitted);
	spin_unlock_irqrestore(&channel->lock, flags);
	return cookie;
}

/* An empty one, on no list until fake_prepared(). */
static struct fake_descriptor *fake_prepare(struct dma_chan *chan, enum dma_transaction_type type,
					    enum dma_transfer_direction direction)
{
	struct fake_channel *channel = fake_of(chan);
	struct fake_descriptor *descriptor;
	unsigned long flags;

	spin_lock_irqsave(&channel->lock, flags);
	descriptor = list_first_entry_or_null(&channel->free, struct fake_descriptor, node);
	if (descriptor)
		list_del_init(&descriptor->node);
	spin_unlock_irqrestore(&channel->lock, flags);
	if (!descriptor) {
		fake_complain(channel->engine, "more descriptors prepared than there is room for");
		return NULL;
	}
	memset_after(descriptor, 0, node);
	descriptor->type = type;
	descriptor->direction = direction;
	return descriptor;
}

/* What drivers of controllers refuse, and more elements than it is said to take. */
static int fake_check(struct fake_channel *channel, const struct fake_descriptor *descriptor)
{
	const struct dma_device *dma = channel->chan.device;
	unsigned int i;

	if (channel->removed)
		return -ENODEV;
	if (descriptor->count > FAKE_ELEMENTS ||
	    (dma->max_sg_burst && descriptor->count > dma->max_sg_burst))
		return -E2BIG;
	if (!descriptor->count)
		return -EINVAL;
	for (i = 0; i < descriptor->count; i++) {
		if (!descriptor->elements[i].len)
			return -EINVAL;
	}
	if (descriptor->type == DMA_MEMCPY)
		return is_dma_copy_aligned(channel->chan.device, descriptor->elements[0].addr,
					   descriptor->destination, descriptor->length) ?
			       0 : -EINVAL;
	if (!channel->configured || !(dma->directions & BIT(descriptor->direction)))
		return -EINVAL;
	if (descriptor->type == DMA_CYCLIC &&
	    (!descriptor->period || descriptor->length % descriptor->period))
		return -EINVAL;
	return 0;
}

static struct dma_async_tx_descriptor *fake_prepared(struct dma_chan *chan,
						     struct fake_descriptor *descriptor,
						     unsigned long tx_flags)
{
	struct fake_channel *channel = fake_of(chan);
	struct fake_event event = {
		.kind = FAKE_PREP,
		.type = descriptor->type,
		.direction = descriptor->direction,
		.flags = tx_flags,
		.count = descriptor->count,
		.destination = descriptor->destination,
		.period = descriptor->period,
	};
	unsigned long flags;
	unsigned int i;
	int ret;

	for (i = 0; i < min(descriptor->count, FAKE_ELEMENTS); i++) {
		descriptor->length += descriptor->elements[i].len;
		if (i < FAKE_EVENT_ELEMENTS)
			event.elements[i] = descriptor->elements[i];
	}
	event.length = descriptor->length;
	dma_async_tx_descriptor_init(&descriptor->tx, chan);
	descriptor->tx.flags = tx_flags;
	descriptor->tx.tx_submit = fake_submit;

	spin_lock_irqsave(&channel->lock, flags);
	event.result = fake_check(channel, descriptor);
	ret = fake_log(channel, &event);
	list_add_tail(&descriptor->node, ret ? &channel->free : &channel->prepared);
	spin_unlock_irqrestore(&channel->lock, flags);
	return ret ? NULL : &descriptor->tx;
}

static struct dma_async_tx_descriptor *fake_prep_memcpy(struct dma_chan *chan,
							dma_addr_t destination, dma_addr_t source,
							size_t length, unsigned long tx_flags)
{
	struct fake_descriptor *descriptor = fake_prepare(chan, DMA_MEMCPY, DMA_MEM_TO_MEM);

	if (!descriptor)
		return NULL;
	descriptor->destination = destination;
	descriptor->count = 1;
	descriptor->elements[0] = (struct dma_vec) { source, length };
	return fake_prepared(chan, descriptor, tx_flags);
}

static struct dma_async_tx_descriptor *fake_prep_slave_sg(struct dma_chan *chan,
							  struct scatterlist *list,
							  unsigned int count,
							  enum dma_transfer_direction direction,
							  unsigned long tx_flags, void *context)
{
	struct fake_descriptor *descriptor = fake_prepare(chan, DMA_SLAVE, direction);
	struct scatterlist *entry;
	unsigned int i;

	if (!descriptor)
		return NULL;
	descriptor->count = count;
	for_each_sg(list, entry, min(count, FAKE_ELEMENTS), i) {
		descriptor->elements[i].addr = sg_dma_address(entry);
		descriptor->elements[i].len = sg_dma_len(entry);
	}
	return fake_prepared(chan, descriptor, tx_flags);
}

static struct dma_async_tx_descriptor *fake_prep_cyclic(struct dma_chan *chan, dma_addr_t address,
							size_t length, size_t period,
							enum dma_transfer_direction direction,
							unsigned long tx_flags)
{
	struct fake_descriptor *descriptor = fake_prepare(chan, DMA_CYCLIC, direction);

	if (!descriptor)
		return NULL;
	descriptor->period = period;
	descriptor->count = 1;
	descriptor->elements[0] = (struct dma_vec) { address, length };
	return fake_prepared(chan, descriptor, tx_flags);
}

static void fake_issue_pending(struct dma_chan *chan)
{
	struct fake_channel *channel = fake_of(chan);
	unsigned long flags;
	bool idle;

	spin_lock_irqsave(&channel->lock, flags);
	idle = list_empty(&channel->issued);
	if (!fake_log_kind(channel, FAKE_ISSUE))
		list_splice_tail_init(&channel->submitted, &channel->issued);
	if (idle)
		fake_arm(channel);
	spin_unlock_irqrestore(&channel->lock, flags);

	if (channel->script.when != FAKE_INSIDE_ISSUE)
		return;
	while (fake_step(channel))
		;
}

static int fake_terminate_all(struct dma_chan *chan)
{
	struct fake_channel *channel = fake_of(chan);
	unsigned long flags;
	int ret;

	spin_lock_irqsave(&channel->lock, flags);
	ret = fake_log_kind(channel, FAKE_TERMINATE);
	if (!ret)
		fake_drop_descriptors(channel);
	spin_unlock_irqrestore(&channel->lock, flags);
	return ret;
}

static void fake_synchronize(struct dma_chan *chan)
{
	struct fake_channel *channel = fake_of(chan);
	bool inside;

	spin_lock_irq(&channel->lock);
	fake_log_kind(channel, FAKE_SYNCHRONIZE);
	inside = channel->caller == current;
	if (!channel->script.run_held)
		channel->calls_made = channel->calls_due;
	spin_unlock_irq(&channel->lock);

	if (inside) {
		fake_complain(channel->engine, "a callback waits for its own end");
		return;
	}
	while (fake_channel_call_back(channel))
		;
	spin_lock_irq(&channel->lock);
	wait_event_lock_irq(channel->called, !channel->calling, channel->lock);
	spin_unlock_irq(&channel->lock);
}

static int fake_set_paused(struct dma_chan *chan, enum fake_kind kind)
{
	struct fake_channel *channel = fake_of(chan);
	unsigned long flags;
	int ret;

	spin_lock_irqsave(&channel->lock, flags);
	ret = fake_log_kind(channel, kind);
	if (!ret) {
		channel->paused = kind == FAKE_PAUSE;
		fake_arm(channel);
	}
	spin_unlock_irqrestore(&channel->lock, flags);
	return ret;
}

static int fake_pause(struct dma_chan *chan)
{
	return fake_set_paused(chan, FAKE_PAUSE);
}

static int fake_resume(struct dma_chan *chan)
{
	return fake_set_paused(chan, FAKE_RESUME);
}

/* Whole segments, or periods, that are not done yet. */
static size_t fake_left_in_segments(struct fake_descriptor *descriptor)
{
	size_t left = fake_left(descriptor), behind = 0;
	unsigned int i;

	if (descriptor->type == DMA_CYCLIC)
		return roundup(left, descriptor->period);
	for (i = descriptor->count; i && behind < left; i--)
		behind += descriptor->elements[i - 1].len;
	return behind;
}

static size_t fake_residue(struct fake_channel *channel, struct fake_descriptor *descriptor)
{
	switch (channel->chan.device->residue_granularity) {
	case DMA_RESIDUE_GRANULARITY_BURST:
		return fake_left(descriptor);
	case DMA_RESIDUE_GRANULARITY_SEGMENT:
		return fake_left_in_segments(descriptor);
	default:
		return 0;
	}
}

static struct fake_descriptor *fake_find(struct fake_channel *channel, dma_cookie_t cookie)
{
	struct fake_descriptor *descriptor;

	list_for_each_entry(descriptor, &channel->issued, node) {
		if (descriptor->tx.cookie == cookie)
			return descriptor;
	}
	list_for_each_entry(descriptor, &channel->submitted, node) {
		if (descriptor->tx.cookie == cookie)
			return descriptor;
	}
	return NULL;
}

static enum dma_status fake_tx_status(struct dma_chan *chan, dma_cookie_t cookie,
				      struct dma_tx_state *state)
{
	struct fake_channel *channel = fake_of(chan);
	struct fake_descriptor *descriptor;
	enum dma_status status;
	unsigned long flags;

	spin_lock_irqsave(&channel->lock, flags);
	status = dma_async_is_complete(cookie, chan->completed_cookie, chan->cookie);
	descriptor = fake_find(channel, cookie);
	if (descriptor && channel->paused)
		status = DMA_PAUSED;
	if (status == DMA_COMPLETE && cookie == channel->failed)
		status = DMA_ERROR;
	if (state)
		*state = (struct dma_tx_state) {
			.last = chan->completed_cookie,
			.used = chan->cookie,
			.residue = descriptor ? fake_residue(channel, descriptor) : 0,
		};
	spin_unlock_irqrestore(&channel->lock, flags);
	return status;
}

static void fake_release(struct dma_device *dma)
{
	container_of(dma, struct fake_engine, dma)->released = true;
}

/* The test's side */

static unsigned int fake_engine_held(struct fake_engine *engine)
{
	unsigned int i, held = 0;

	for (i = 0; i < engine->count; i++)
		held += !!engine->channels[i].chan.client_count;
	return held;
}

static void fake_channel_stop(struct fake_channel *channel)
{
	unsigned long flags;

	spin_lock_irqsave(&channel->lock, flags);
	channel->removed = true;
	fake_drop_descriptors(channel);
	spin_unlock_irqrestore(&channel->lock, flags);
	hrtimer_cancel(&channel->timer);
	cancel_delayed_work_sync(&channel->work);
}

unsigned int fake_engine_remove(struct fake_engine *engine)
{
	unsigned int i, held = fake_engine_held(engine);

	if (held && !engine->dma.device_release)
		fake_complain(engine, "it was removed while a client held a channel");
	for (i = 0; i < engine->count; i++)
		fake_channel_stop(&engine->channels[i]);
	engine->registered = false;
	dma_async_device_unregister(&engine->dma);
	return held;
}

bool fake_engine_released(struct fake_engine *engine)
{
	return !engine->registered &&
	       (engine->dma.device_release ? engine->released : !fake_engine_held(engine));
}

const char *fake_engine_complaint(struct fake_engine *engine)
{
	return xchg(&engine->complaint, NULL);
}

static void fake_engine_end(void *data)
{
	struct fake_engine *engine = data;
	struct kunit *test = engine->rig->test;
	const char *complaint;

	if (engine->registered)
		fake_engine_remove(engine);
	complaint = fake_engine_complaint(engine);
	if (complaint)
		KUNIT_FAIL(test, "the fake engine: %s", complaint);
	/* A client that never let go may still come; what it would use stays. */
	if (!fake_engine_released(engine))
		KUNIT_FAIL(test, "the fake engine: a client still holds a channel");
	else
		kvfree(engine);
}

static void fake_channel_init(struct fake_engine *engine, struct fake_channel *channel)
{
	unsigned int i;

	channel->engine = engine;
	spin_lock_init(&channel->lock);
	INIT_LIST_HEAD(&channel->free);
	INIT_LIST_HEAD(&channel->prepared);
	INIT_LIST_HEAD(&channel->submitted);
	INIT_LIST_HEAD(&channel->issued);
	for (i = 0; i < FAKE_DESCRIPTORS; i++)
		list_add_tail(&channel->descriptors[i].node, &channel->free);
	init_waitqueue_head(&channel->called);
	INIT_DELAYED_WORK(&channel->work, fake_work);
	hrtimer_setup(&channel->timer, fake_timer, CLOCK_MONOTONIC, HRTIMER_MODE_REL);
	channel->chan.device = &engine->dma;
	list_add_tail(&channel->chan.device_node, &engine->dma.channels);
}

static void fake_engine_fill_in(struct dma_device *dma, const struct fake_engine_config *config)
{
	unsigned int cap;

	for (cap = 0; cap < DMA_TX_TYPE_END; cap++) {
		if (config->caps & BIT(cap))
			dma_cap_set(cap, dma->cap_mask);
	}
	dma->directions = config->directions;
	dma->src_addr_widths = BIT(DMA_SLAVE_BUSWIDTH_1_BYTE) | BIT(DMA_SLAVE_BUSWIDTH_4_BYTES);
	dma->dst_addr_widths = dma->src_addr_widths;
	dma->max_sg_burst = config->max_sg_burst;
	dma->residue_granularity = config->residue_granularity;
	dma->copy_align = config->copy_align;
	dma->device_alloc_chan_resources = fake_alloc_resources;
	dma->device_free_chan_resources = fake_free_resources;
	dma->device_config = fake_config;
	dma->device_issue_pending = fake_issue_pending;
	dma->device_tx_status = fake_tx_status;
	if (config->caps & BIT(DMA_MEMCPY))
		dma->device_prep_dma_memcpy = fake_prep_memcpy;
	if (config->caps & BIT(DMA_SLAVE))
		dma->device_prep_slave_sg = fake_prep_slave_sg;
	if (config->caps & BIT(DMA_CYCLIC))
		dma->device_prep_dma_cyclic = fake_prep_cyclic;
	if (config->can_pause) {
		dma->device_pause = fake_pause;
		dma->device_resume = fake_resume;
	}
	if (!config->no_terminate)
		dma->device_terminate_all = fake_terminate_all;
	if (!config->no_synchronize)
		dma->device_synchronize = fake_synchronize;
	if (!config->no_release)
		dma->device_release = fake_release;
}

struct fake_engine *fake_engine_start(struct rig *rig, const struct fake_engine_config *config)
{
	struct kunit *test = rig->test;
	struct fake_engine *engine;
	unsigned int i;

	KUNIT_ASSERT_GE(test, config->channels, 1);
	KUNIT_ASSERT_LE(test, config->channels, FAKE_CHANNELS);
	/* dmaengine asks for the driver's module. */
	if (!rig->dev->driver)
		kunit_skip(test, "the device has no driver");
	engine = kvzalloc(struct_size(engine, channels, config->channels), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, engine);
	engine->rig = rig;
	engine->count = config->channels;
	engine->released = true;
	engine->dma.dev = rig->dev;
	INIT_LIST_HEAD(&engine->dma.channels);
	fake_engine_fill_in(&engine->dma, config);
	for (i = 0; i < config->channels; i++)
		fake_channel_init(engine, &engine->channels[i]);
	KUNIT_ASSERT_EQ(test, 0, kunit_add_action_or_reset(test, fake_engine_end, engine));
	KUNIT_ASSERT_EQ(test, 0, dma_async_device_register(&engine->dma));
	engine->registered = true;
	engine->released = false;
	return engine;
}

struct fake_channel *fake_channel(struct fake_engine *engine, unsigned int index)
{
	KUNIT_ASSERT_LT(engine->rig->test, index, engine->count);
	return &engine->channels[index];
}

bool fake_channel_is(struct dma_chan *chan, void *channel)
{
	return chan == &((struct fake_channel *)channel)->chan;
}

struct dma_chan *fake_channel_request(struct fake_channel *channel,
				      enum dma_transaction_type type)
{
	dma_cap_mask_t mask;

	dma_cap_zero(mask);
	dma_cap_set(type, mask);
	return dma_request_channel(mask, fake_channel_is, channel);
}

const struct fake_event *fake_channel_event(struct fake_channel *channel, enum fake_kind kind,
					    unsigned int number)
{
	const struct fake_event *found = NULL;
	unsigned int i, seen = 0;

	for (i = 0; i < min(channel->events, FAKE_EVENTS) && !found; i++) {
		if (channel->log[i].kind == kind && seen++ == number)
			found = &channel->log[i];
	}
	KUNIT_ASSERT_NOT_NULL_MSG(channel->engine->rig->test, found, "no %s with number %u",
				  fake_kind_names[kind], number);
	return found;
}

void fake_channel_forget(struct fake_channel *channel)
{
	unsigned long flags;

	spin_lock_irqsave(&channel->lock, flags);
	channel->events = 0;
	channel->story[0] = '\0';
	spin_unlock_irqrestore(&channel->lock, flags);
}
