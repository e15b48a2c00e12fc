// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmabay_test_engine: a dmaengine controller that is not there, for the selftests.
 *
 * The engine of a channel is a work item: it does one transfer after the other. Device
 * addresses are followed the way the platform made them, page by page; there is no IOMMU
 * in between. What a real controller may do, and what only a broken one does, can be asked
 * for at any time: see the fault plan below.
 *
 * Every channel copies in memory, and every channel serves a peripheral: one FIFO, the
 * same for all, from which is read what was written to it before. A transfer that finds it
 * empty, or full, waits. With peripheral=1 there is a platform device for dmabay_dmaengine
 * to bind to, with a channel for each direction. The device tree can have controllers, too
 * ("dmabay,test-engine"); one cell names a channel of them.
 *
 * Who owns a descriptor. Its client has asked for it, and it is in channel->prepared until
 * it is submitted, then in channel->submitted until it is issued, then in channel->issued
 * until it is its turn. Then it is channel->active, and the work item's, who alone takes it
 * away from there: it may be at work on it without the lock. If its client terminates it
 * meanwhile, it is marked, not freed. When it is over it is in channel->calls until its
 * callback has run, in a second work item, with softirqs off as if in a tasklet.
 *
 * A client may hold a channel longer than the driver is bound: then nothing can be prepared
 * or submitted any more, and the engine is freed when the last channel is let go. Both work
 * items are idle from the end of test_engine_remove() on.
 */

#include <linux/atomic.h>
#include <linux/bottom_half.h>
#include <linux/device.h>
#include <linux/dma-direct.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/dmaengine.h>
#include <linux/highmem.h>
#include <linux/iommu.h>
#include <linux/jiffies.h>
#include <linux/kfifo.h>
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/of_dma.h>
#include <linux/overflow.h>
#include <linux/platform_device.h>
#include <linux/property.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include "../module/compat_devices.h"

#define TEST_ENGINE_NAME	"dmabay_test_engine"
#define TEST_PERIPHERAL_NAME	"dmabay_dmaengine"
#define TEST_ENGINE_CHANNELS	16
#define TEST_FIFO_BYTES		16384

static unsigned int test_channels = 4;
module_param_named(channels, test_channels, uint, 0444);
MODULE_PARM_DESC(channels, "Channels, 1 to 16 (default 4)");

static unsigned int test_alignment = 4;
module_param_named(alignment, test_alignment, uint, 0444);
MODULE_PARM_DESC(alignment, "What copies must be multiples of in address and length, in bytes (default 4)");

static bool test_peripheral;
module_param_named(peripheral, test_peripheral, bool, 0444);
MODULE_PARM_DESC(peripheral, "Offer a peripheral that gives back what it was sent, with channels rx and tx (default N)");

static unsigned int test_delay_ms;
module_param_named(delay_ms, test_delay_ms, uint, 0644);
MODULE_PARM_DESC(delay_ms, "Time before a transfer moves its bytes, in milliseconds (default 0)");

static unsigned int test_late_ms;
module_param_named(late_ms, test_late_ms, uint, 0644);
MODULE_PARM_DESC(late_ms, "Time between the end of a transfer and its callback, in milliseconds (default 0)");

/*
 * The fault plan: what the next transfers do, in the order in which they begin, on any
 * channel. A number that is written anew replaces what is left of the old one.
 */
static atomic_t test_hang = ATOMIC_INIT(0);
static atomic_t test_fail = ATOMIC_INIT(0);
static atomic_t test_residue = ATOMIC_INIT(0);
static atomic_t test_twice = ATOMIC_INIT(0);

static int test_plan_set(const char *text, const struct kernel_param *param)
{
	unsigned int count;
	int error = kstrtouint(text, 0, &count);

	if (!error)
		atomic_set(param->arg, min_t(unsigned int, count, INT_MAX));
	return error;
}

static int test_plan_get(char *text, const struct kernel_param *param)
{
	return sysfs_emit(text, "%d\n", atomic_read(param->arg));
}

static const struct kernel_param_ops test_plan_ops = {
	.set = test_plan_set,
	.get = test_plan_get,
};

module_param_cb(hang, &test_plan_ops, &test_hang, 0644);
MODULE_PARM_DESC(hang, "Number of transfers from now on that never end unless they are terminated (default 0)");
module_param_cb(fail, &test_plan_ops, &test_fail, 0644);
MODULE_PARM_DESC(fail, "Number of transfers from now on that end with an error after half of their bytes (default 0)");

module_param_cb(residue, &test_plan_ops, &test_residue, 0644);
MODULE_PARM_DESC(residue, "Number of transfers from now on that do the same, and say that more bytes are left than there were (default 0)");
module_param_cb(twice, &test_plan_ops, &test_twice, 0644);
MODULE_PARM_DESC(twice, "Number of transfers from now on that call back twice (default 0)");

static struct workqueue_struct *test_workqueue;

/* A piece of memory as the client has named it. */
struct test_element {
	dma_addr_t address;
	size_t length;
};

/**
 * struct test_descriptor - A transfer
 * @tx: what the client has
 * @node: in one of the channel's lists
 * @direction: which way; DMA_MEM_TO_MEM is a copy
 * @destination: device address, of a copy
 * @length: bytes
 * @moved: bytes
 * @limit: bytes that it is to move; fewer than all if it is to fail
 * @hangs: it never ends by itself
 * @exaggerates: it says that more is left than there was
 * @twice: it calls back twice
 * @begun: it has moved what it can, and may wait for the FIFO
 * @terminated: its client wants no more of it
 * @count: of @elements
 * @elements: the memory, of a copy the source
 */
struct test_descriptor {
	struct dma_async_tx_descriptor tx;
	struct list_head node;
	enum dma_transfer_direction direction;
	dma_addr_t destination;
	size_t length;
	size_t moved;
	size_t limit;
	bool hangs;
	bool exaggerates;
	bool twice;
	bool begun;
	bool terminated;
	unsigned int count;
	struct test_element elements[];
};

/**
 * struct test_channel - A channel
 * @chan: what the client has
 * @lock: any context
 * @prepared: descriptors, see above
 * @submitted: likewise
 * @issued: likewise
 * @active: the one it works on, or NULL
 * @calls: those whose callback is due
 * @failed: cookie of the last transfer that failed
 * @removed: nothing is prepared or submitted any more
 * @work: moves the bytes of @active
 * @call: makes the calls
 */
struct test_channel {
	struct dma_chan chan;
	spinlock_t lock; /* guards the members up to @removed, and cookies */
	struct list_head prepared;
	struct list_head submitted;
	struct list_head issued;
	struct test_descriptor *active;
	struct list_head calls;
	dma_cookie_t failed;
	bool removed;
	struct delayed_work work;
	struct delayed_work call;
};

/**
 * struct test_engine - The controller
 * @dma: what dmaengine has
 * @fifo: the peripheral
 * @fifo_lock: innermost
 * @count: of @channels
 * @channels: the channels
 */
struct test_engine {
	struct dma_device dma;
	DECLARE_KFIFO(fifo, u8, TEST_FIFO_BYTES);
	struct mutex fifo_lock; /* guards @fifo */
	unsigned int count;
	struct test_channel channels[];
};

static struct test_channel *to_test_channel(struct dma_chan *chan)
{
	return container_of(chan, struct test_channel, chan);
}

static struct test_engine *to_test_engine(struct dma_chan *chan)
{
	return container_of(chan->device, struct test_engine, dma);
}

/* The engine */

/* The page that a device address leads to, and shortens the part to what is behind it. */
static struct page *test_page(struct device *dev, dma_addr_t address, size_t *part)
{
	unsigned long pfn = PHYS_PFN(dma_to_phys(dev, address));

	*part = min_t(size_t, *part, PAGE_SIZE - offset_in_page(address));
	return pfn_valid(pfn) ? pfn_to_page(pfn) : NULL;
}

/* Where the memory goes on, and shortens the part to what is there in one piece. */
static dma_addr_t test_address(const struct test_descriptor *descriptor, size_t *part)
{
	const struct test_element *element = descriptor->elements;
	size_t at = descriptor->moved;

	for (; at >= element->length; element++)
		at -= element->length;

	*part = min(*part, element->length - at);
	return element->address + at;
}

/* Returns the bytes that went there or came from there; 0 if it is full or empty. */
static size_t test_move_fifo(struct test_engine *engine, struct page *page, size_t offset,
			     size_t length, enum dma_transfer_direction direction)
{
	void *memory = kmap_local_page(page);

	mutex_lock(&engine->fifo_lock);
	if (direction == DMA_MEM_TO_DEV)
		length = kfifo_in(&engine->fifo, memory + offset, length);
	else
		length = kfifo_out(&engine->fifo, memory + offset, length);
	mutex_unlock(&engine->fifo_lock);
	kunmap_local(memory);

	return length;
}

/* Returns the bytes that were moved; 0 if nothing can be, now or ever. */
static size_t test_move_part(struct test_engine *engine, struct test_descriptor *descriptor)
{
	struct device *dev = engine->dma.dev;
	bool copy = descriptor->direction == DMA_MEM_TO_MEM;
	dma_addr_t destination = descriptor->destination + descriptor->moved;
	size_t part = descriptor->limit - descriptor->moved;
	dma_addr_t address = test_address(descriptor, &part);
	struct page *page = test_page(dev, address, &part), *to = page;

	if (copy)
		to = test_page(dev, destination, &part);
	if (!page || !to) {
		dev_warn_ratelimited(dev, "no memory at a device address of a transfer\n");
		descriptor->limit = descriptor->moved;
		return 0;
	}
	if (!copy)
		return test_move_fifo(engine, page, offset_in_page(address), part,
				      descriptor->direction);

	memcpy_page(to, offset_in_page(destination), page, offset_in_page(address), part);
	return part;
}

/* Returns whether a byte was moved. */
static bool test_move(struct test_engine *engine, struct test_descriptor *descriptor)
{
	bool moved = false;
	size_t part;

	while (descriptor->moved < descriptor->limit && !READ_ONCE(descriptor->terminated)) {
		part = test_move_part(engine, descriptor);
		if (!part)
			break;
		WRITE_ONCE(descriptor->moved, descriptor->moved + part);
		moved = true;
		cond_resched();
	}

	return moved;
}

/* There are bytes in the FIFO, or there is room: whoever waits for that looks again. */
static void test_fifo_changed(struct test_engine *engine)
{
	unsigned int i;

	for (i = 0; i < engine->count; i++) {
		struct test_channel *channel = &engine->channels[i];

		spin_lock_irq(&channel->lock);
		if (channel->active && channel->active->begun)
			mod_delayed_work(test_workqueue, &channel->work, 0);
		spin_unlock_irq(&channel->lock);
	}
}

/* One less of what the plan has; whether there was one. */
static bool test_planned(atomic_t *plan)
{
	return atomic_dec_if_positive(plan) >= 0;
}

/* Begin the next one, if it is time for one. */
static void test_start(struct test_channel *channel)
{
	struct test_descriptor *descriptor;

	lockdep_assert_held(&channel->lock);

	descriptor = list_first_entry_or_null(&channel->issued, struct test_descriptor, node);
	if (channel->active || !descriptor)
		return;

	list_del(&descriptor->node);
	channel->active = descriptor;
	descriptor->hangs = test_planned(&test_hang);
	descriptor->limit = descriptor->length;
	if (!descriptor->hangs && test_planned(&test_residue))
		descriptor->exaggerates = true;
	if (descriptor->exaggerates || (!descriptor->hangs && test_planned(&test_fail)))
		descriptor->limit /= 2;
	descriptor->twice = !descriptor->hangs && test_planned(&test_twice);
	mod_delayed_work(test_workqueue, &channel->work,
			 msecs_to_jiffies(READ_ONCE(test_delay_ms)));
}

/* The active one is over: on to its callback. */
static void test_end(struct test_channel *channel, struct test_descriptor *descriptor)
{
	lockdep_assert_held(&channel->lock);

	channel->chan.completed_cookie = descriptor->tx.cookie;
	if (descriptor->moved < descriptor->length)
		channel->failed = descriptor->tx.cookie;
	list_add_tail(&descriptor->node, &channel->calls);
	queue_delayed_work(test_workqueue, &channel->call,
			   msecs_to_jiffies(READ_ONCE(test_late_ms)));
}

/* What the work item has to do with; NULL if it has to wait. */
static struct test_descriptor *test_begin(struct test_channel *channel)
{
	struct test_descriptor *descriptor;

	spin_lock_irq(&channel->lock);
	descriptor = channel->active;
	if (descriptor && descriptor->hangs && !descriptor->terminated)
		descriptor = NULL;
	if (descriptor)
		descriptor->begun = true;
	spin_unlock_irq(&channel->lock);

	return descriptor;
}

static void test_work(struct work_struct *work)
{
	struct test_channel *channel = container_of(work, struct test_channel, work.work);
	struct test_engine *engine = to_test_engine(&channel->chan);
	struct test_descriptor *descriptor = test_begin(channel);
	bool changed;

	if (!descriptor)
		return;

	changed = test_move(engine, descriptor) && is_slave_direction(descriptor->direction);

	spin_lock_irq(&channel->lock);
	if (descriptor->terminated) {
		channel->active = NULL;
		kfree(descriptor);
	} else if (descriptor->moved == descriptor->limit) {
		channel->active = NULL;
		test_end(channel, descriptor);
	}
	test_start(channel);
	spin_unlock_irq(&channel->lock);

	if (changed)
		test_fifo_changed(engine);
}

static void test_call_back(struct dma_async_tx_descriptor *tx,
			   const struct dmaengine_result *result)
{
	if (tx->callback_result)
		tx->callback_result(tx->callback_param, result);
	else if (tx->callback)
		tx->callback(tx->callback_param);
}

/* Like a tasklet of a real controller. */
static void test_call_client(struct test_descriptor *descriptor)
{
	struct dma_async_tx_descriptor *tx = &descriptor->tx;
	struct dmaengine_result result = {
		.result = DMA_TRANS_NOERROR,
		.residue = descriptor->length - descriptor->moved,
	};

	if (result.residue)
		result.result = DMA_TRANS_WRITE_FAILED;
	if (descriptor->exaggerates)
		result.residue = U32_MAX;

	local_bh_disable();
	dma_descriptor_unmap(tx);
	test_call_back(tx, &result);
	if (descriptor->twice)
		test_call_back(tx, &result);
	local_bh_enable();
}

static struct test_descriptor *test_next_call(struct test_channel *channel)
{
	struct test_descriptor *next;

	spin_lock_irq(&channel->lock);
	next = list_first_entry_or_null(&channel->calls, struct test_descriptor, node);
	if (next)
		list_del(&next->node);
	spin_unlock_irq(&channel->lock);

	return next;
}

static void test_call(struct work_struct *work)
{
	struct test_channel *channel = container_of(work, struct test_channel, call.work);
	struct test_descriptor *descriptor;

	while ((descriptor = test_next_call(channel))) {
		test_call_client(descriptor);
		kfree(descriptor);
	}
}

/* What a client can do */

static void test_free_list(struct list_head *list)
{
	struct test_descriptor *descriptor, *next;

	list_for_each_entry_safe(descriptor, next, list, node)
		kfree(descriptor);
}

static dma_cookie_t test_submit(struct dma_async_tx_descriptor *tx)
{
	struct test_descriptor *descriptor = container_of(tx, struct test_descriptor, tx);
	struct test_channel *channel = to_test_channel(tx->chan);
	dma_cookie_t cookie = -ENODEV;
	unsigned long flags;

	spin_lock_irqsave(&channel->lock, flags);
	list_del(&descriptor->node);
	if (channel->removed) {
		kfree(descriptor);
	} else {
		cookie = tx->chan->cookie == INT_MAX ? DMA_MIN_COOKIE : tx->chan->cookie + 1;
		tx->chan->cookie = cookie;
		tx->cookie = cookie;
		list_add_tail(&descriptor->node, &channel->submitted);
	}
	spin_unlock_irqrestore(&channel->lock, flags);

	return cookie;
}

static struct test_descriptor *test_prepare(unsigned int count,
					    enum dma_transfer_direction direction)
{
	struct test_descriptor *descriptor;

	descriptor = kzalloc(struct_size(descriptor, elements, count), GFP_NOWAIT);
	if (!descriptor)
		return NULL;

	descriptor->direction = direction;
	descriptor->count = count;

	return descriptor;
}

static struct dma_async_tx_descriptor *test_prepared(struct dma_chan *chan,
						     struct test_descriptor *descriptor,
						     unsigned long tx_flags)
{
	struct test_channel *channel = to_test_channel(chan);
	unsigned long flags;
	unsigned int i;
	bool removed;

	for (i = 0; i < descriptor->count; i++)
		descriptor->length += descriptor->elements[i].length;
	dma_async_tx_descriptor_init(&descriptor->tx, chan);
	descriptor->tx.flags = tx_flags;
	descriptor->tx.tx_submit = test_submit;

	spin_lock_irqsave(&channel->lock, flags);
	removed = channel->removed;
	if (!removed)
		list_add_tail(&descriptor->node, &channel->prepared);
	spin_unlock_irqrestore(&channel->lock, flags);

	if (!removed)
		return &descriptor->tx;
	kfree(descriptor);
	return NULL;
}

static struct dma_async_tx_descriptor *test_prep_memcpy(struct dma_chan *chan,
							dma_addr_t destination, dma_addr_t source,
							size_t length, unsigned long tx_flags)
{
	struct test_descriptor *descriptor;

	if (!length || !is_dma_copy_aligned(chan->device, source, destination, length))
		return NULL;
	descriptor = test_prepare(1, DMA_MEM_TO_MEM);
	if (!descriptor)
		return NULL;

	descriptor->destination = destination;
	descriptor->elements[0] = (struct test_element) { source, length };

	return test_prepared(chan, descriptor, tx_flags);
}

static struct dma_async_tx_descriptor *test_prep_slave_sg(struct dma_chan *chan,
							  struct scatterlist *list,
							  unsigned int count,
							  enum dma_transfer_direction direction,
							  unsigned long tx_flags, void *context)
{
	struct test_descriptor *descriptor;
	struct scatterlist *entry;
	unsigned int i;

	if (!count || !is_slave_direction(direction))
		return NULL;
	descriptor = test_prepare(count, direction);
	if (!descriptor)
		return NULL;

	for_each_sg(list, entry, count, i) {
		descriptor->elements[i].address = sg_dma_address(entry);
		descriptor->elements[i].length = sg_dma_len(entry);
	}

	return test_prepared(chan, descriptor, tx_flags);
}

/* The FIFO takes everything. */
static int test_config(struct dma_chan *chan, struct dma_slave_config *config)
{
	return 0;
}

static void test_issue_pending(struct dma_chan *chan)
{
	struct test_channel *channel = to_test_channel(chan);
	unsigned long flags;

	spin_lock_irqsave(&channel->lock, flags);
	list_splice_tail_init(&channel->submitted, &channel->issued);
	test_start(channel);
	spin_unlock_irqrestore(&channel->lock, flags);
}

static int test_terminate_all(struct dma_chan *chan)
{
	struct test_channel *channel = to_test_channel(chan);
	unsigned long flags;
	LIST_HEAD(list);

	spin_lock_irqsave(&channel->lock, flags);
	list_splice_tail_init(&channel->submitted, &list);
	list_splice_tail_init(&channel->issued, &list);
	if (channel->active) {
		WRITE_ONCE(channel->active->terminated, true);
		mod_delayed_work(test_workqueue, &channel->work, 0);
	}
	spin_unlock_irqrestore(&channel->lock, flags);

	test_free_list(&list);

	return 0;
}

/* A callback that is due comes before this returns, however late it would have been. */
static void test_synchronize(struct dma_chan *chan)
{
	struct test_channel *channel = to_test_channel(chan);

	flush_work(&channel->work.work);
	flush_delayed_work(&channel->call);
}

static enum dma_status test_tx_status(struct dma_chan *chan, dma_cookie_t cookie,
				      struct dma_tx_state *state)
{
	struct test_channel *channel = to_test_channel(chan);
	struct test_descriptor *active;
	enum dma_status status;
	unsigned long flags;

	spin_lock_irqsave(&channel->lock, flags);
	status = dma_async_is_complete(cookie, chan->completed_cookie, chan->cookie);
	if (status == DMA_COMPLETE && cookie == channel->failed)
		status = DMA_ERROR;
	active = channel->active;
	dma_set_tx_state(state, chan->completed_cookie, chan->cookie,
			 active && active->tx.cookie == cookie ?
			 active->length - READ_ONCE(active->moved) : 0);
	spin_unlock_irqrestore(&channel->lock, flags);

	return status;
}

static int test_alloc_resources(struct dma_chan *chan)
{
	chan->cookie = DMA_MIN_COOKIE;
	chan->completed_cookie = DMA_MIN_COOKIE;
	to_test_channel(chan)->failed = 0;

	return 0;
}

static void test_free_resources(struct dma_chan *chan)
{
	struct test_channel *channel = to_test_channel(chan);
	LIST_HEAD(list);

	test_terminate_all(chan);
	test_synchronize(chan);

	spin_lock_irq(&channel->lock);
	list_splice_init(&channel->prepared, &list);
	spin_unlock_irq(&channel->lock);
	test_free_list(&list);
}

/* Coming and going */

static void test_engine_release(struct dma_device *dma)
{
	kfree(container_of(dma, struct test_engine, dma));
}

static void test_engine_remove(void *data)
{
	struct test_engine *engine = data;
	unsigned int i;

	for (i = 0; i < engine->count; i++) {
		struct test_channel *channel = &engine->channels[i];

		spin_lock_irq(&channel->lock);
		channel->removed = true;
		spin_unlock_irq(&channel->lock);
		test_terminate_all(&channel->chan);
		test_synchronize(&channel->chan);
	}
	/* Ends in test_engine_release(), at once or when the last client has let go. */
	dma_async_device_unregister(&engine->dma);
}

static void test_channel_init(struct test_engine *engine, struct test_channel *channel)
{
	spin_lock_init(&channel->lock);
	INIT_LIST_HEAD(&channel->prepared);
	INIT_LIST_HEAD(&channel->submitted);
	INIT_LIST_HEAD(&channel->issued);
	INIT_LIST_HEAD(&channel->calls);
	INIT_DELAYED_WORK(&channel->work, test_work);
	INIT_DELAYED_WORK(&channel->call, test_call);
	channel->chan.device = &engine->dma;
	list_add_tail(&channel->chan.device_node, &engine->dma.channels);
}

/* The peripheral takes any channel for any of its names. */
static bool test_filter_channel(struct dma_chan *chan, void *param)
{
	return true;
}

static const struct dma_slave_map test_filter_map[] = {
	{ TEST_PERIPHERAL_NAME, "rx", NULL },
	{ TEST_PERIPHERAL_NAME, "tx", NULL },
};

static const struct dma_filter test_filter = {
	.fn = test_filter_channel,
	.mapcnt = ARRAY_SIZE(test_filter_map),
	.map = test_filter_map,
};

static void test_engine_fill_in(struct dma_device *dma, struct device *dev)
{
	dma->dev = dev;
	INIT_LIST_HEAD(&dma->channels);
	/* Private: for those who ask for it, not for all who have something to copy. */
	dma_cap_set(DMA_PRIVATE, dma->cap_mask);
	dma_cap_set(DMA_MEMCPY, dma->cap_mask);
	dma_cap_set(DMA_SLAVE, dma->cap_mask);
	dma->copy_align = ilog2(test_alignment);
	dma->directions = BIT(DMA_MEM_TO_MEM) | BIT(DMA_MEM_TO_DEV) | BIT(DMA_DEV_TO_MEM);
	dma->filter = test_filter;
	dma->residue_granularity = DMA_RESIDUE_GRANULARITY_BURST;
	dma->device_alloc_chan_resources = test_alloc_resources;
	dma->device_free_chan_resources = test_free_resources;
	dma->device_prep_dma_memcpy = test_prep_memcpy;
	dma->device_prep_slave_sg = test_prep_slave_sg;
	dma->device_config = test_config;
	dma->device_issue_pending = test_issue_pending;
	dma->device_terminate_all = test_terminate_all;
	dma->device_synchronize = test_synchronize;
	dma->device_tx_status = test_tx_status;
	dma->device_release = test_engine_release;
}

static void test_peripheral_remove(void *data)
{
	platform_device_unregister(data);
}

static int test_peripheral_add(struct device *dev)
{
	static const char *const names[] = { "rx", "tx" };
	const struct property_entry properties[] = {
		PROPERTY_ENTRY_STRING_ARRAY("dma-names", names),
		PROPERTY_ENTRY_U32("reg-io-width", 4),
		{ }
	};
	struct platform_device_info info = {
		.parent = dev,
		.name = TEST_PERIPHERAL_NAME,
		.id = PLATFORM_DEVID_NONE,
		.properties = properties,
	};
	struct platform_device *peripheral;

	peripheral = platform_device_register_full(&info);
	if (IS_ERR(peripheral))
		return PTR_ERR(peripheral);

	return devm_add_action_or_reset(dev, test_peripheral_remove, peripheral);
}

static void test_engine_forget(void *data)
{
	of_dma_controller_free(data);
}

/* Its channels can be found through the device tree. */
static int test_engine_name(struct device *dev, struct test_engine *engine)
{
	int error;

	error = of_dma_controller_register(dev->of_node, of_dma_xlate_by_chan_id, &engine->dma);
	if (error)
		return error;

	return devm_add_action_or_reset(dev, test_engine_forget, dev->of_node);
}

static int test_engine_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	struct test_engine *engine;
	unsigned int i;
	int error;

	compat_set_dma_coherent(dev);
	error = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64));
	if (error)
		return error;
	/* The engine goes through the CPU's caches, and knows one way to memory. */
	if (device_iommu_mapped(dev) || get_dma_ops(dev))
		return -EOPNOTSUPP;

	engine = kzalloc(struct_size(engine, channels, test_channels), GFP_KERNEL);
	if (!engine)
		return -ENOMEM;

	INIT_KFIFO(engine->fifo);
	mutex_init(&engine->fifo_lock);
	engine->count = test_channels;
	test_engine_fill_in(&engine->dma, dev);
	for (i = 0; i < engine->count; i++)
		test_channel_init(engine, &engine->channels[i]);

	error = dma_async_device_register(&engine->dma);
	if (error) {
		kfree(engine);
		return error;
	}

	error = devm_add_action_or_reset(dev, test_engine_remove, engine);
	if (!error && dev->of_node)
		error = test_engine_name(dev, engine);
	if (!error && test_peripheral)
		error = test_peripheral_add(dev);

	return error;
}

static const struct of_device_id test_engine_ids[] = {
	{ .compatible = "dmabay,test-engine" },
	{ }
};
MODULE_DEVICE_TABLE(of, test_engine_ids);

static struct platform_driver test_engine_driver = {
	.probe = test_engine_probe,
	.driver.name = TEST_ENGINE_NAME,
	.driver.of_match_table = test_engine_ids,
};

static struct platform_device *test_engine_device;

static int __init test_engine_init(void)
{
	struct platform_device_info device = {
		.name = TEST_ENGINE_NAME,
		.id = PLATFORM_DEVID_NONE,
		.dma_mask = DMA_BIT_MASK(64),
	};
	int error;

	if (!test_channels || test_channels > TEST_ENGINE_CHANNELS ||
	    !is_power_of_2(test_alignment) || test_alignment > PAGE_SIZE) {
		pr_err(TEST_ENGINE_NAME ": a parameter is out of range\n");
		return -EINVAL;
	}

	test_workqueue = alloc_workqueue(TEST_ENGINE_NAME, WQ_UNBOUND, 0);
	if (!test_workqueue)
		return -ENOMEM;

	error = platform_driver_register(&test_engine_driver);
	if (error)
		goto err_workqueue;

	test_engine_device = platform_device_register_full(&device);
	if (IS_ERR(test_engine_device)) {
		error = PTR_ERR(test_engine_device);
		goto err_driver;
	}

	return 0;

err_driver:
	platform_driver_unregister(&test_engine_driver);
err_workqueue:
	destroy_workqueue(test_workqueue);

	return error;
}
module_init(test_engine_init);

static void __exit test_engine_exit(void)
{
	platform_device_unregister(test_engine_device);
	platform_driver_unregister(&test_engine_driver);
	destroy_workqueue(test_workqueue);
}
module_exit(test_engine_exit);

MODULE_AUTHOR("dmabay developers");
MODULE_DESCRIPTION("dmabay tests: a DMA controller without hardware");
MODULE_LICENSE("GPL");
