// SPDX-License-Identifier: GPL-2.0-only
/*
 * Adapter: the WDM layer. A device's map registers, the line of those who wait
 * for them, and the mapping of one transfer at a time on each channel. What a
 * transfer becomes, one element or a list, is the provider's to say; how much of the
 * memory it may take, by groups and by map registers, is decided here.
 *
 * The line is strict FIFO: whoever asks when somebody waits, waits behind. When
 * registers come free, the thread that freed them grants; it runs the routines
 * one after the other with no lock held. A routine may free registers itself, and
 * so may other CPUs meanwhile: they leave the granting to the thread that is at
 * it, so the stack does not grow with the length of the line.
 *
 * A channel is the caller's, who must not use it from two threads at once; the
 * adapter's lock guards the state that decides who owns it: waiting in line,
 * granted, being freed, or idle. A channel whose routine runs or returned
 * DMABAY_KEEP_OBJECT, or that was granted without a routine, also owns the channel
 * object of the adapter, of which there is one. Transactions and lists do without:
 * many of them may be in their callbacks at a time.
 */
#include <linux/bitops.h>
#include <linux/dma-mapping.h>
#include <linux/export.h>
#include <linux/slab.h>

#include "dmabay_private.h"

/* A GiB with pages of 4 KiB: behind an IOMMU 34 GiB of addresses, and 67 MiB of page tables. */
#define MAP_REGISTERS_MAX	262144U

enum adapter_call {
	CALL_ALLOCATE_CHANNEL,
	CALL_MAP_TRANSFER,
	CALL_CANCEL_MAPPED_TRANSFER,
	CALL_FLUSH,
	CALL_FREE_MAP_REGISTERS,
	CALL_FREE_CHANNEL,
	CALL_FREE_OBJECT,
	CALLS,
};

static const char *const call_names[CALLS] = {
	[CALL_ALLOCATE_CHANNEL] = "allocate_channel",
	[CALL_MAP_TRANSFER] = "map_transfer",
	[CALL_CANCEL_MAPPED_TRANSFER] = "cancel_mapped_transfer",
	[CALL_FLUSH] = "flush",
	[CALL_FREE_MAP_REGISTERS] = "free_map_registers",
	[CALL_FREE_CHANNEL] = "free_channel",
	[CALL_FREE_OBJECT] = "free_object",
};

static const char *const channel_state_names[] = {
	[DMABAY_CHANNEL_IDLE] = "idle",
	[DMABAY_CHANNEL_WAITING] = "waiting",
	[DMABAY_CHANNEL_GRANTED] = "granted",
	[DMABAY_CHANNEL_FREEING] = "being freed",
};

/* Refuse a call. Each kind warns once. */
static int adapter_illegal(const struct dmabay_channel *channel, enum adapter_call call)
{
	static unsigned long warned[BITS_TO_LONGS(CALLS)];

	/* Who breaks the rules may do so on two threads: the words are as good as that. */
	data_race(WARN(!test_and_set_bit(call, warned),
		       "dmabay: %s of a channel that is %s, %s mapped, %u map registers\n",
		       call_names[call], channel_state_names[channel->state],
		       channel->mapped ? "something" : "nothing", channel->map_registers));
	return -EBADFD;
}

static int adapter_check(struct device *dev, const struct dmabay_adapter_config *config)
{
	if (config->size != sizeof(*config))
		return -EPROTO;
	if (!config->max_length || config->max_length > U32_MAX || config->map_registers == 1 ||
	    config->provider < DMABAY_PROVIDER_AUTO || config->provider > DMABAY_PROVIDER_DIRECT)
		return -EINVAL;
	if (!dev->dma_mask || !dma_get_mask(dev) ||
	    config->address_width < 24 || config->address_width > 64)
		return -ENODEV;
	return 0;
}

/* The strictest user of the device decides what all get. */
static int adapter_set_width(struct device *dev, unsigned int address_width)
{
	u64 mask = DMA_BIT_MASK(address_width);

	if (dma_get_mask(dev) > mask && dma_set_mask(dev, mask))
		return -ENODEV;
	if (dev->coherent_dma_mask > mask && dma_set_coherent_mask(dev, mask))
		return -ENODEV;
	return 0;
}

struct dmabay_adapter *dmabay_adapter_get(struct device *dev,
					  const struct dmabay_adapter_config *config,
					  unsigned int *map_registers)
{
	struct dmabay_adapter *adapter;
	int ret;

	KUNIT_STATIC_STUB_REDIRECT(dmabay_adapter_get, dev, config, map_registers);

	if (dmabay_debug_may_not_sleep(__func__))
		return ERR_PTR(-EBADFD);
	ret = adapter_check(dev, config);
	if (!ret)
		ret = adapter_set_width(dev, config->address_width);
	if (ret)
		return ERR_PTR(ret);

	adapter = kzalloc_obj(*adapter);
	if (!adapter)
		return ERR_PTR(-ENOMEM);
	ret = -ENOMEM;
	adapter->counters = alloc_percpu(struct dmabay_adapter_counters);
	if (!adapter->counters)
		goto err_adapter;

	spin_lock_init(&adapter->lock);
	INIT_LIST_HEAD(&adapter->waiters);
	adapter->address_width = config->address_width;
	adapter->scatter_gather = config->scatter_gather;
	adapter->map_registers = config->map_registers ?:
				 dmabay_span_pages(PAGE_SIZE - 1, config->max_length);
	adapter->map_registers = clamp(adapter->map_registers, 2U, MAP_REGISTERS_MAX);
	adapter->dev = get_device(dev);
	ret = dmabay_mapregs_open(adapter, config->provider);
	if (ret)
		goto err_counters;

	if (map_registers)
		*map_registers = adapter->map_registers;
	dmabay_object_init(&adapter->object, DMABAY_OBJECT_ADAPTER);
	return adapter;

err_counters:
	put_device(dev);
	free_percpu(adapter->counters);
err_adapter:
	kfree(adapter);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(dmabay_adapter_get);

void dmabay_adapter_put(struct dmabay_adapter *adapter)
{
	if (!adapter || dmabay_check_adapter(adapter) || dmabay_debug_may_not_sleep(__func__))
		return;
	/* What is out may still be used by the device, and who waits still looks here: leak. */
	if (adapter->map_registers_free != adapter->map_registers || adapter->waiting) {
		dmabay_grants_left(adapter);
		WARN(1, "%s: dmabay adapter put with map registers allocated, or waited for\n",
		     dev_name(adapter->dev));
		return;
	}
	dmabay_controller_destroy(adapter->controller);
	dmabay_mapregs_close(adapter);
	put_device(adapter->dev);
	free_percpu(adapter->counters);
	if (!dmabay_object_bury(&adapter->object, adapter))
		kfree(adapter);
}
EXPORT_SYMBOL_GPL(dmabay_adapter_put);

static void adapter_put_action(void *adapter)
{
	dmabay_adapter_put(adapter);
}

struct dmabay_adapter *devm_dmabay_adapter_get(struct device *dev,
					       const struct dmabay_adapter_config *config,
					       unsigned int *map_registers)
{
	struct dmabay_adapter *adapter = dmabay_adapter_get(dev, config, map_registers);
	int ret;

	if (IS_ERR(adapter))
		return adapter;
	ret = devm_add_action_or_reset(dev, adapter_put_action, adapter);
	return ret ? ERR_PTR(ret) : adapter;
}
EXPORT_SYMBOL_GPL(devm_dmabay_adapter_get);

void dmabay_adapter_info(struct dmabay_adapter *adapter, struct dmabay_adapter_info *info)
{
	unsigned long flags;

	if (dmabay_check_adapter(adapter)) {
		*info = (struct dmabay_adapter_info) {};
		return;
	}
	*info = (struct dmabay_adapter_info) {
		.provider = adapter->ops->provider,
		.guaranteed = adapter->ops->guaranteed,
		.in_place = adapter->reaches_all,
		.address_width = adapter->address_width,
		.map_registers = adapter->map_registers,
		.window_base = adapter->window_base,
		.window_length = adapter->window_length,
	};
	spin_lock_irqsave(&adapter->lock, flags);
	info->map_registers_free = adapter->map_registers_free;
	info->waiters = adapter->waiting;
	spin_unlock_irqrestore(&adapter->lock, flags);
}
EXPORT_SYMBOL_GPL(dmabay_adapter_info);

void dmabay_adapter_counters(struct dmabay_adapter *adapter,
			     struct dmabay_adapter_counters *counters)
{
	int cpu;

	memset(counters, 0, sizeof(*counters));
	if (dmabay_check_adapter(adapter))
		return;
	for_each_possible_cpu(cpu) {
		const struct dmabay_adapter_counters *c = per_cpu_ptr(adapter->counters, cpu);

		counters->links += READ_ONCE(c->links);
		counters->unlinks += READ_ONCE(c->unlinks);
		counters->flushes += READ_ONCE(c->flushes);
		counters->linked_bytes += READ_ONCE(c->linked_bytes);
		counters->hits += READ_ONCE(c->hits);
		counters->bounced_bytes += READ_ONCE(c->bounced_bytes);
		counters->mapped += READ_ONCE(c->mapped);
		counters->unmapped += READ_ONCE(c->unmapped);
	}
}
EXPORT_SYMBOL_GPL(dmabay_adapter_counters);

/* What maps and unmaps this memory. */
static const struct dmabay_mapregs_ops *ops_for(const struct dmabay_adapter *adapter,
						const struct dmabay_memory *memory)
{
	return unlikely(memory->dev) ? &dmabay_mapped_ops : adapter->ops;
}

static unsigned int count_elements(struct dmabay_adapter *adapter,
				   const struct dmabay_memory *memory, size_t offset,
				   size_t length)
{
	struct dmabay_extent group;
	unsigned int elements = 0;

	for (; length; offset += group.length, length -= group.length) {
		dmabay_memory_extent(memory, offset, length, &group);
		elements += ops_for(adapter, memory)->elements(adapter, memory, &group);
	}
	return elements;
}

int dmabay_adapter_transfer_info(struct dmabay_adapter *adapter,
				 const struct dmabay_memory *memory, size_t offset, size_t length,
				 unsigned int *map_registers, unsigned int *sg_elements)
{
	int ret = dmabay_check_adapter(adapter) ?: dmabay_check_memory(memory);

	if (ret)
		return ret;
	if (!adapter || !memory || !dmabay_memory_holds(memory, offset, length) ||
	    !dmabay_memory_suits(memory, adapter->dev))
		return -EINVAL;
	if (map_registers)
		*map_registers = dmabay_memory_span(memory, offset, length);
	if (sg_elements)
		*sg_elements = count_elements(adapter, memory, offset, length);
	return 0;
}
EXPORT_SYMBOL_GPL(dmabay_adapter_transfer_info);

/* Give the channel what it asked for, if it is its turn and all is there. */
static bool adapter_grant(struct dmabay_adapter *adapter, struct dmabay_channel *channel)
{
	bool wants_object = !(channel->flags & DMABAY_CHANNEL_REGISTERS_ONLY);

	if (adapter->closed || (wants_object && adapter->object_owner))
		return false;
	if (!dmabay_mapregs_take(adapter, channel))
		return false;
	if (wants_object) {
		adapter->object_owner = channel;
		adapter->object_undecided = channel->routine;
		adapter->object_grants++;
	}
	channel->state = DMABAY_CHANNEL_GRANTED;
	return true;
}

static int adapter_free(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			enum adapter_call call);

/* Call the routine, and do as it says. No lock is held. */
static void adapter_run(struct dmabay_adapter *adapter, struct dmabay_channel *channel)
{
	bool registers_only = channel->flags & DMABAY_CHANNEL_REGISTERS_ONLY;
	dmabay_channel_routine_t routine = channel->routine;
	enum dmabay_channel_action action;
	struct dmabay_context context;
	unsigned int object_grants;
	unsigned long flags;
	bool undecided;

	/* Stable until the routine is called: the object is this channel's. */
	object_grants = registers_only ? 0 : adapter->object_grants;
	dmabay_context_save(&context);
	action = routine(adapter, channel, channel->context);
	/* The routine may have freed the channel, and given its memory away. */
	if (registers_only)
		return;
	/* Others are the core's own, and what they call is looked at there. */
	dmabay_context_compare(&context, "channel routine", routine);
	spin_lock_irqsave(&adapter->lock, flags);
	undecided = adapter->object_owner == channel && adapter->object_undecided &&
		    adapter->object_grants == object_grants;
	if (undecided) {
		adapter->object_undecided = false;
		if (action == DMABAY_DEALLOCATE_OBJECT_KEEP_REGISTERS)
			adapter->object_owner = NULL;
	}
	spin_unlock_irqrestore(&adapter->lock, flags);

	if (undecided && action == DMABAY_DEALLOCATE_OBJECT)
		adapter_free(adapter, channel, CALL_FREE_CHANNEL);
	else
		dmabay_adapter_drain(adapter);
}

/**
 * dmabay_adapter_drain() - Grant the line as far as it goes, unless somebody is at it
 * @adapter: the adapter
 *
 * Context: any, with no lock held.
 */
void dmabay_adapter_drain(struct dmabay_adapter *adapter)
{
	struct dmabay_channel *channel;
	unsigned long flags;

	spin_lock_irqsave(&adapter->lock, flags);
	if (!adapter->draining) {
		adapter->draining = true;
		while ((channel = list_first_entry_or_null(&adapter->waiters,
							   struct dmabay_channel, waiter)) &&
		       adapter_grant(adapter, channel)) {
			list_del(&channel->waiter);
			adapter->waiting--;
			spin_unlock_irqrestore(&adapter->lock, flags);
			adapter_run(adapter, channel);
			spin_lock_irqsave(&adapter->lock, flags);
		}
		adapter->draining = false;
	}
	spin_unlock_irqrestore(&adapter->lock, flags);
}

/**
 * dmabay_channel_prepare() - Make a zeroed channel one that can be asked for
 * @channel: the channel
 *
 * Does nothing the second time. A plain channel is prepared when it is first asked for;
 * one that others look at meanwhile (dmabay_adapter_unlink()) has to be before.
 *
 * Context: any.
 */
void dmabay_channel_prepare(struct dmabay_channel *channel)
{
	if (channel->ledger.capacity)
		return;
	spin_lock_init(&channel->lock);
	dmabay_ledger_prepare(&channel->ledger);
}

/**
 * dmabay_adapter_ask() - dmabay_adapter_allocate_channel() with flags of our own
 * @adapter: the adapter
 * @channel: the channel
 * @map_registers: pages; not 0
 * @flags: DMABAY_CHANNEL_IMMEDIATE, DMABAY_CHANNEL_REGISTERS_ONLY
 * @routine: called once; may be NULL with DMABAY_CHANNEL_IMMEDIATE
 * @context: for @routine
 *
 * Context: any.
 * Return: 0, -EBADFD, -ENOMEM.
 */
int dmabay_adapter_ask(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
		       unsigned int map_registers, unsigned int flags,
		       dmabay_channel_routine_t routine, void *context)
{
	unsigned long irq_flags;

	if (map_registers > adapter->map_registers)
		return -ENOMEM;

	spin_lock_irqsave(&adapter->lock, irq_flags);
	if (channel->state != DMABAY_CHANNEL_IDLE) {
		spin_unlock_irqrestore(&adapter->lock, irq_flags);
		return adapter_illegal(channel, CALL_ALLOCATE_CHANNEL);
	}
	dmabay_channel_prepare(channel);
	channel->routine = routine;
	channel->context = context;
	channel->flags = flags;
	channel->map_registers = map_registers;
	dmabay_grant_ask(adapter, channel);

	if (list_empty(&adapter->waiters) && adapter_grant(adapter, channel)) {
		spin_unlock_irqrestore(&adapter->lock, irq_flags);
		if (routine)
			adapter_run(adapter, channel);
		return 0;
	}
	if (flags & DMABAY_CHANNEL_IMMEDIATE) {
		spin_unlock_irqrestore(&adapter->lock, irq_flags);
		return -ENOMEM;
	}
	channel->state = DMABAY_CHANNEL_WAITING;
	list_add_tail(&channel->waiter, &adapter->waiters);
	adapter->waiting++;
	spin_unlock_irqrestore(&adapter->lock, irq_flags);
	return 0;
}

int dmabay_adapter_allocate_channel(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
				    unsigned int map_registers, unsigned int flags,
				    dmabay_channel_routine_t routine, void *context)
{
	int ret = dmabay_check_adapter(adapter);

	if (ret)
		return ret;
	if (!adapter || !channel || !map_registers || (flags & ~DMABAY_CHANNEL_IMMEDIATE))
		return -EINVAL;
	if (!routine && !(flags & DMABAY_CHANNEL_IMMEDIATE))
		return -EINVAL;
	return dmabay_adapter_ask(adapter, channel, map_registers, flags, routine, context);
}
EXPORT_SYMBOL_GPL(dmabay_adapter_allocate_channel);

/**
 * dmabay_adapter_close() - Grant nobody any more
 * @adapter: the adapter
 *
 * Context: any.
 */
void dmabay_adapter_close(struct dmabay_adapter *adapter)
{
	unsigned long flags;

	spin_lock_irqsave(&adapter->lock, flags);
	adapter->closed = true;
	spin_unlock_irqrestore(&adapter->lock, flags);
}

/**
 * dmabay_adapter_withdraw() - Leave the line, but let nobody through yet
 * @adapter: the adapter
 * @channel: the channel
 *
 * It may have been the one that all others waited behind: if it returns true,
 * dmabay_adapter_drain() is due, when the caller's own house is in order.
 *
 * Context: any, also under the lock of a transaction.
 * Return: as dmabay_adapter_cancel_channel().
 */
bool dmabay_adapter_withdraw(struct dmabay_adapter *adapter, struct dmabay_channel *channel)
{
	unsigned long flags;
	bool waits;

	spin_lock_irqsave(&adapter->lock, flags);
	waits = channel->state == DMABAY_CHANNEL_WAITING;
	if (waits) {
		list_del(&channel->waiter);
		adapter->waiting--;
		channel->state = DMABAY_CHANNEL_IDLE;
	}
	spin_unlock_irqrestore(&adapter->lock, flags);
	return waits;
}

bool dmabay_adapter_cancel_channel(struct dmabay_adapter *adapter, struct dmabay_channel *channel)
{
	if (dmabay_check_adapter(adapter) || !dmabay_adapter_withdraw(adapter, channel))
		return false;
	dmabay_adapter_drain(adapter);
	return true;
}
EXPORT_SYMBOL_GPL(dmabay_adapter_cancel_channel);

/* One element is as long as its group, and as the registers. */
static void clip_to_group(const struct dmabay_channel *channel, const struct dmabay_memory *memory,
			  size_t offset, size_t length, struct dmabay_extent *extent)
{
	size_t most;

	dmabay_memory_extent(memory, offset, length, extent);
	most = dmabay_pages_bytes(channel->map_registers) - extent->in_page;
	if (extent->length > most) {
		extent->length = most;
		extent->pages = channel->map_registers;
	}
}

int dmabay_adapter_map_transfer(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
				struct dmabay_memory *memory, size_t offset, size_t *length,
				enum dmabay_direction direction, struct dmabay_sg_list *list)
{
	struct dmabay_extent extent;
	ssize_t mapped;
	int ret;

	KUNIT_STATIC_STUB_REDIRECT(dmabay_adapter_map_transfer, adapter, channel, memory, offset,
				   length, direction, list);

	ret = dmabay_check_adapter(adapter) ?: dmabay_check_memory(memory);
	if (ret)
		return ret;
	if (!dmabay_memory_holds(memory, offset, *length) || !list->capacity ||
	    !dmabay_memory_suits(memory, adapter->dev))
		return -EINVAL;
	if (memory->read_only && direction == DMABAY_READ_FROM_DEVICE)
		return -EACCES;
	if (channel->state != DMABAY_CHANNEL_GRANTED || channel->mapped)
		return adapter_illegal(channel, CALL_MAP_TRANSFER);

	if (adapter->scatter_gather)
		dmabay_memory_range(memory, offset, *length, channel->map_registers, &extent);
	else
		clip_to_group(channel, memory, offset, *length, &extent);

	list->count = 0;
	WRITE_ONCE(channel->memory, memory);
	channel->offset = offset;
	channel->direction = direction;
	mapped = ops_for(adapter, memory)->map(adapter, channel, &extent, list);
	if (mapped < 0) {
		dmabay_grant_failed(adapter, mapped);
		return mapped;
	}
	channel->address = list->elements[0].address;
	channel->length = mapped;
	dmabay_grant_map(adapter, channel);
	WRITE_ONCE(channel->mapped, true);
	*length = mapped;
	return 0;
}
EXPORT_SYMBOL_GPL(dmabay_adapter_map_transfer);

/* The transfer is over. Another thread may look at both, see dmabay_adapter_unlink(). */
static void channel_unmap(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			  size_t length)
{
	dmabay_grant_unmap(channel);
	ops_for(adapter, channel->memory)->unmap(adapter, channel, length);
	WRITE_ONCE(channel->mapped, false);
	WRITE_ONCE(channel->memory, NULL);
}

/* Only its owner gives it up: for him this is stable, and for all others false. */
static bool owns_object(const struct dmabay_adapter *adapter, const struct dmabay_channel *channel)
{
	return READ_ONCE(adapter->object_owner) == channel;
}

int dmabay_adapter_flush(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			 size_t length)
{
	int ret;

	KUNIT_STATIC_STUB_REDIRECT(dmabay_adapter_flush, adapter, channel, length);

	ret = dmabay_check_adapter(adapter);
	if (ret)
		return ret;
	if (!channel->mapped || channel->batch_pages)
		return adapter_illegal(channel, CALL_FLUSH);
	if (length > channel->length)
		return -EINVAL;
	/* The controller is the owner's, who may have only mapped, too. */
	if (adapter->controller && owns_object(adapter, channel)) {
		if (dmabay_controller_is_running(adapter->controller))
			return -EBUSY;
		dmabay_controller_allow(adapter->controller);
	}
	channel_unmap(adapter, channel, length);
	return 0;
}
EXPORT_SYMBOL_GPL(dmabay_adapter_flush);

bool dmabay_adapter_find_linked(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
				const struct dmabay_memory *memory, size_t offset, size_t length,
				enum dmabay_direction direction, dma_addr_t *address)
{
	return adapter->ops->linked &&
	       adapter->ops->linked(adapter, channel, memory, offset, length, direction, address);
}
EXPORT_SYMBOL_GPL(dmabay_adapter_find_linked);

size_t dmabay_adapter_in_place(struct dmabay_adapter *adapter,
			       const struct dmabay_channel *channel,
			       const struct dmabay_memory *memory, size_t offset, size_t length,
			       struct dmabay_sg_list *list)
{
	struct dmabay_extent extent;

	if (!adapter->reaches_all || adapter->scatter_gather || memory->dev)
		return 0;
	clip_to_group(channel, memory, offset, length, &extent);
	return adapter->ops->in_place(adapter, memory, &extent, list);
}
EXPORT_SYMBOL_GPL(dmabay_adapter_in_place);

int dmabay_adapter_map_batch(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			     struct dmabay_batch_entry *entries, u32 count)
{
	int ret = dmabay_check_adapter(adapter);

	if (ret)
		return ret;
	if (!count)
		return -EINVAL;
	if (!adapter->ops->map_batch || adapter->scatter_gather)
		return -EOPNOTSUPP;
	if (channel->state != DMABAY_CHANNEL_GRANTED || channel->mapped)
		return adapter_illegal(channel, CALL_MAP_TRANSFER);
	ret = adapter->ops->map_batch(adapter, channel, entries, count);
	if (ret > 0)
		WRITE_ONCE(channel->mapped, true);
	return ret;
}
EXPORT_SYMBOL_GPL(dmabay_adapter_map_batch);

void dmabay_adapter_unmap_batch(struct dmabay_adapter *adapter, struct dmabay_channel *channel)
{
	if (!channel->batch_pages) {
		adapter_illegal(channel, CALL_FLUSH);
		return;
	}
	adapter->ops->unmap_batch(adapter, channel);
	WRITE_ONCE(channel->mapped, false);
}
EXPORT_SYMBOL_GPL(dmabay_adapter_unmap_batch);

void dmabay_adapter_defer_unlinks(struct dmabay_adapter *adapter, struct dmabay_channel *channel)
{
	unsigned long flags;

	if (!adapter->ops->defer || adapter->scatter_gather)
		return;
	spin_lock_irqsave(&adapter->lock, flags);
	if (channel->state == DMABAY_CHANNEL_GRANTED && !channel->mapped)
		adapter->ops->defer(adapter, channel);
	spin_unlock_irqrestore(&adapter->lock, flags);
}
EXPORT_SYMBOL_GPL(dmabay_adapter_defer_unlinks);

int dmabay_adapter_start_transfer(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
				  struct dmabay_memory *memory, size_t offset, size_t *length,
				  size_t device_offset, enum dmabay_direction direction,
				  struct dmabay_sg_list *list, dmabay_system_routine_t routine,
				  void *context)
{
	struct dmabay_sg_element element;
	struct dmabay_sg_list one = { .elements = &element, .capacity = 1 };
	size_t fits;
	int ret;

	ret = dmabay_check_adapter(adapter);
	if (ret)
		return ret;
	if (!adapter->controller)
		return -EOPNOTSUPP;
	if (!owns_object(adapter, channel))
		return adapter_illegal(channel, CALL_MAP_TRANSFER);
	list = list ?: &one;
	ret = dmabay_adapter_map_transfer(adapter, channel, memory, offset, length, direction,
					  list);
	if (ret)
		return ret;
	fits = dmabay_controller_fits(adapter->controller, list);
	if (fits < *length) {
		dmabay_adapter_abandon(adapter, channel);
		*length = fits;
		ret = dmabay_adapter_map_transfer(adapter, channel, memory, offset, length,
						  direction, list);
		if (ret)
			return ret;
	}
	ret = dmabay_controller_start(adapter->controller, channel, list, direction,
				      device_offset, routine, context);
	if (ret)
		dmabay_adapter_abandon(adapter, channel);
	return ret;
}
EXPORT_SYMBOL_GPL(dmabay_adapter_start_transfer);

int dmabay_adapter_cancel_mapped_transfer(struct dmabay_adapter *adapter,
					  struct dmabay_channel *channel)
{
	int ret = dmabay_check_adapter(adapter);

	if (ret)
		return ret;
	if (!adapter->controller)
		return -EOPNOTSUPP;
	if (!owns_object(adapter, channel))
		return adapter_illegal(channel, CALL_CANCEL_MAPPED_TRANSFER);
	return dmabay_controller_cancel(adapter->controller);
}
EXPORT_SYMBOL_GPL(dmabay_adapter_cancel_mapped_transfer);

int dmabay_adapter_configure_channel(struct dmabay_adapter *adapter,
				     const struct dma_slave_config *slave)
{
	int ret = dmabay_check_adapter(adapter);

	if (ret)
		return ret;
	if (!slave)
		return -EINVAL;
	return adapter->controller ? dmabay_controller_configure(adapter->controller, slave) :
				     -EOPNOTSUPP;
}
EXPORT_SYMBOL_GPL(dmabay_adapter_configure_channel);

size_t dmabay_adapter_read_counter(struct dmabay_adapter *adapter)
{
	if (dmabay_check_adapter(adapter) || !adapter->controller)
		return 0;
	return dmabay_controller_residue(adapter->controller);
}
EXPORT_SYMBOL_GPL(dmabay_adapter_read_counter);

/**
 * dmabay_adapter_list_capacity() - How many elements can a list have?
 * @adapter: the adapter, or NULL
 *
 * Context: any.
 * Return: what room for a list must have; 0 without an adapter.
 */
unsigned int dmabay_adapter_list_capacity(const struct dmabay_adapter *adapter)
{
	if (!adapter)
		return 0;
	if (adapter->controller)
		return dmabay_controller_capacity(adapter->controller);
	return adapter->scatter_gather ? adapter->map_registers : 1;
}

/**
 * dmabay_adapter_abandon() - End a mapped transfer without its bytes
 * @adapter: the adapter
 * @channel: the channel; the device does not use the mapping any more
 *
 * Context: any.
 */
void dmabay_adapter_abandon(struct dmabay_adapter *adapter, struct dmabay_channel *channel)
{
	if (channel->mapped)
		channel_unmap(adapter, channel, 0);
}

/* A link is seen to be busy in the ledger. The transfer may end meanwhile. */
static bool is_mapped_without_link(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
				   const struct dmabay_memory *memory)
{
	const struct dmabay_memory *mapped;
	bool found;

	if (!READ_ONCE(channel->mapped))
		return false;
	/* Whoever ends it may put the memory, which is freed after a grace period. */
	rcu_read_lock();
	mapped = READ_ONCE(channel->memory);
	if (mapped)
		found = (!memory || mapped == memory) && !ops_for(adapter, mapped)->unlink;
	else
		/* A batch, whose memory nobody else asks to unlink by name. */
		found = !memory;
	rcu_read_unlock();
	return found;
}

int dmabay_adapter_unlink(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			  struct dmabay_memory *memory)
{
	int ret = dmabay_check_adapter(adapter);

	if (ret || !channel->ledger.capacity)
		return ret;
	if (adapter->ops->unlink)
		ret = adapter->ops->unlink(adapter, channel, memory);
	if (!ret && is_mapped_without_link(adapter, channel, memory))
		ret = -EBUSY;
	return ret;
}
EXPORT_SYMBOL_GPL(dmabay_adapter_unlink);

/*
 * Give everything of a channel back. One that owns the channel object goes with
 * free_channel() or free_object(), others with free_map_registers(); inside the
 * routine, when that is not decided yet, either will do.
 */
static bool may_free(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
		     enum adapter_call call)
{
	bool owner = adapter->object_owner == channel;

	lockdep_assert_held(&adapter->lock);
	if (channel->state != DMABAY_CHANNEL_GRANTED || channel->mapped)
		return false;
	return (owner && adapter->object_undecided) || owner == (call != CALL_FREE_MAP_REGISTERS);
}

static int adapter_free(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			enum adapter_call call)
{
	unsigned long flags;

	spin_lock_irqsave(&adapter->lock, flags);
	if (!may_free(adapter, channel, call)) {
		spin_unlock_irqrestore(&adapter->lock, flags);
		return adapter_illegal(channel, call);
	}
	channel->state = DMABAY_CHANNEL_FREEING;
	spin_unlock_irqrestore(&adapter->lock, flags);
	if (adapter->controller && owns_object(adapter, channel))
		dmabay_controller_allow(adapter->controller);

	/* Nothing is mapped, so nothing is busy. */
	if (adapter->ops->unlink)
		adapter->ops->unlink(adapter, channel, NULL);

	spin_lock_irqsave(&adapter->lock, flags);
	dmabay_mapregs_give(adapter, channel);
	if (adapter->object_owner == channel)
		adapter->object_owner = NULL;
	channel->state = DMABAY_CHANNEL_IDLE;
	spin_unlock_irqrestore(&adapter->lock, flags);
	dmabay_adapter_drain(adapter);
	return 0;
}

int dmabay_adapter_free_map_registers(struct dmabay_adapter *adapter,
				      struct dmabay_channel *channel, unsigned int map_registers)
{
	int ret = dmabay_check_adapter(adapter);

	if (ret)
		return ret;
	if (channel->map_registers != map_registers)
		return adapter_illegal(channel, CALL_FREE_MAP_REGISTERS);
	return adapter_free(adapter, channel, CALL_FREE_MAP_REGISTERS);
}
EXPORT_SYMBOL_GPL(dmabay_adapter_free_map_registers);

int dmabay_adapter_free_channel(struct dmabay_adapter *adapter, struct dmabay_channel *channel)
{
	return dmabay_check_adapter(adapter) ?: adapter_free(adapter, channel, CALL_FREE_CHANNEL);
}
EXPORT_SYMBOL_GPL(dmabay_adapter_free_channel);

/* For its owner, when it is not its routine's to say. */
static bool may_free_object(struct dmabay_adapter *adapter, struct dmabay_channel *channel)
{
	lockdep_assert_held(&adapter->lock);
	return channel->state == DMABAY_CHANNEL_GRANTED && adapter->object_owner == channel &&
	       !adapter->object_undecided;
}

int dmabay_adapter_free_object(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			       enum dmabay_channel_action action)
{
	int ret = dmabay_check_adapter(adapter);
	unsigned long flags;
	bool allowed;

	if (ret)
		return ret;
	if (action < DMABAY_KEEP_OBJECT || action > DMABAY_DEALLOCATE_OBJECT_KEEP_REGISTERS)
		return -EINVAL;

	spin_lock_irqsave(&adapter->lock, flags);
	allowed = may_free_object(adapter, channel);
	if (allowed && action == DMABAY_DEALLOCATE_OBJECT_KEEP_REGISTERS)
		adapter->object_owner = NULL;
	spin_unlock_irqrestore(&adapter->lock, flags);

	if (!allowed)
		return adapter_illegal(channel, CALL_FREE_OBJECT);
	if (action == DMABAY_DEALLOCATE_OBJECT)
		return adapter_free(adapter, channel, CALL_FREE_OBJECT);
	dmabay_adapter_drain(adapter);
	return 0;
}
EXPORT_SYMBOL_GPL(dmabay_adapter_free_object);
