// SPDX-License-Identifier: GPL-2.0-only
/* The rig: a device, an enabler, logged transactions and buffers. See rig.h. */
#include <kunit/device.h>
#include <linux/cpumask.h>
#include <linux/dma-direct.h>
#include <linux/dma-mapping.h>
#include <linux/highmem.h>
#include <linux/iommu.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/sched/task.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/sort.h>

#include "rig.h"
#include "../module/debug.h"

#define EDU_ADDRESS_BITS	28

const struct rig_provider rig_providers[] = {
	{ "direct", DMABAY_PROVIDER_DIRECT, false, DMABAY_PROFILE_PACKET },
	{ "bounce", DMABAY_PROVIDER_BOUNCE, false, DMABAY_PROFILE_PACKET },
	{ "direct_iommu", DMABAY_PROVIDER_DIRECT, true, DMABAY_PROFILE_PACKET },
	{ "bounce_iommu", DMABAY_PROVIDER_BOUNCE, true, DMABAY_PROFILE_PACKET },
	{ "iova", DMABAY_PROVIDER_IOVA, true, DMABAY_PROFILE_PACKET },
	{ "direct_list", DMABAY_PROVIDER_DIRECT, false, DMABAY_PROFILE_SCATTER_GATHER },
	{ "bounce_list", DMABAY_PROVIDER_BOUNCE, false, DMABAY_PROFILE_SCATTER_GATHER },
	{ "direct_iommu_list", DMABAY_PROVIDER_DIRECT, true, DMABAY_PROFILE_SCATTER_GATHER },
	{ "bounce_iommu_list", DMABAY_PROVIDER_BOUNCE, true, DMABAY_PROFILE_SCATTER_GATHER },
	{ "iova_list", DMABAY_PROVIDER_IOVA, true, DMABAY_PROFILE_SCATTER_GATHER },
};

/* A generator, see KUNIT_ARRAY_PARAM_DESC(), of a part of the array. */
static const void *rig_gen(struct kunit *test, const struct rig_provider *previous,
			   unsigned int first, unsigned int count, char *description)
{
	const struct rig_provider *next = previous ? previous + 1 : &rig_providers[first];

	if (!previous)
		kunit_register_params_array(test, rig_providers, count, NULL);
	if (next == &rig_providers[first + count])
		return NULL;
	strscpy(description, next->name, KUNIT_PARAM_DESC_SIZE);
	return next;
}

const void *rig_gen_params(struct kunit *test, const void *previous, char *description)
{
	return rig_gen(test, previous, 0, RIG_PROVIDERS, description);
}

const void *rig_lists_gen_params(struct kunit *test, const void *previous, char *description)
{
	return rig_gen(test, previous, RIG_PROVIDERS, RIG_PROVIDERS, description);
}

const void *rig_profiles_gen_params(struct kunit *test, const void *previous, char *description)
{
	return rig_gen(test, previous, 0, 2 * RIG_PROVIDERS, description);
}

atomic_t rig_illegal_calls;
atomic_t rig_warnings;

void rig_count_warnings(struct kunit *test, int warnings)
{
	KUNIT_EXPECT_LE(test, warnings, 1);
	atomic_inc(&rig_illegal_calls);
	atomic_add(warnings, &rig_warnings);
}

static void rig_find_edu(struct rig *rig)
{
	struct kunit *test = rig->test;

	rig->edu = pci_get_device(0x1234, 0x11e8, NULL);
	if (!rig->edu)
		kunit_skip(test, "no edu function on this machine");

	rig->dev = &rig->edu->dev;
	rig->domain = iommu_get_domain_for_dev(rig->dev);
	if (!rig->domain)
		kunit_skip(test, "no IOMMU before the edu function");

	KUNIT_ASSERT_EQ(test, 0,
			dma_set_mask_and_coherent(rig->dev, DMA_BIT_MASK(EDU_ADDRESS_BITS)));
}

struct device *rig_new_device(struct kunit *test)
{
	static atomic_t number;
	struct device *dev;
	char name[16];

	snprintf(name, sizeof(name), "rig%d", atomic_inc_return(&number));
	dev = kunit_device_register(test, name);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	return dev;
}

struct rig *rig_prepare(struct kunit *test)
{
	struct rig *rig;

	rig = kunit_kzalloc(test, sizeof(*rig), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, rig);
	rig->test = test;
	rig->param = test->param_value;
	if (!rig->param)
		rig->param = &rig_providers[1];
	rig->task = current;
	rig->deadline = jiffies + RIG_SECONDS * HZ;
	rig->stack_low = ULONG_MAX;
	spin_lock_init(&rig->lock);
	INIT_LIST_HEAD(&rig->transactions);
	INIT_LIST_HEAD(&rig->buffers);
	/* Transactions of a test may share a buffer. */
	dmabay_debug_allow(DMABAY_RULE_MAPPED_TWICE);
	test->priv = rig;

	if (rig->param->translated)
		rig_find_edu(rig);
	else
		rig->dev = rig_new_device(test);
	return rig;
}

struct dmabay_enabler_config rig_config(struct rig *rig, size_t max_length,
					unsigned int map_registers)
{
	struct dmabay_enabler_config config =
		DMABAY_ENABLER_CONFIG(rig->param->profile, max_length);

	config.map_registers = map_registers;
	config.provider = rig->param->provider;
	return config;
}

void rig_enable(struct rig *rig, const struct dmabay_enabler_config *config)
{
	struct kunit *test = rig->test;
	int ret;

	ret = dmabay_enabler_create(rig->dev, config, &rig->enabler);
	if (ret == -EOPNOTSUPP)
		kunit_skip(test, "the provider cannot serve this device");
	KUNIT_ASSERT_EQ(test, ret, 0);

	rig->adapter = dmabay_enabler_adapter(rig->enabler, DMABAY_READ_FROM_DEVICE);
	KUNIT_ASSERT_NOT_NULL(test, rig->adapter);
}

static struct rig *rig_start_as(struct rig *rig, enum dmabay_profile profile, size_t max_length,
				unsigned int map_registers)
{
	struct dmabay_enabler_config config = rig_config(rig, max_length, map_registers);

	config.profile = profile;
	rig_enable(rig, &config);
	if (map_registers)
		KUNIT_ASSERT_EQ(rig->test, rig_free_registers(rig), map_registers);
	return rig;
}

struct rig *rig_start_profile(struct kunit *test, enum dmabay_profile profile, size_t max_length,
			      unsigned int map_registers)
{
	return rig_start_as(rig_prepare(test), profile, max_length, map_registers);
}

struct rig *rig_start(struct kunit *test, size_t max_length, unsigned int map_registers)
{
	struct rig *rig = rig_prepare(test);

	return rig_start_as(rig, rig->param->profile, max_length, map_registers);
}

struct rig *rig_start_adapter(struct kunit *test, size_t max_length, unsigned int map_registers)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_adapter_config config = {
		.size = sizeof(config),
		.max_length = max_length,
		.address_width = 32,
		.scatter_gather = rig->param->profile == DMABAY_PROFILE_SCATTER_GATHER,
		.map_registers = map_registers,
		.provider = rig->param->provider,
	};
	struct dmabay_adapter *adapter;
	unsigned int got = 0;

	adapter = dmabay_adapter_get(rig->dev, &config, &got);
	if (adapter == ERR_PTR(-EOPNOTSUPP))
		kunit_skip(test, "the provider cannot serve this device");
	KUNIT_ASSERT_EQ(test, PTR_ERR_OR_ZERO(adapter), 0);
	rig->adapter = adapter;
	if (map_registers)
		KUNIT_ASSERT_EQ(test, got, map_registers);
	KUNIT_ASSERT_EQ(test, rig_free_registers(rig), got);
	return rig;
}

static void rig_free_buffer(struct rig_buffer *buffer)
{
	unsigned int i;

	dmabay_memory_put(buffer->memory);
	kfree(buffer->parts);
	if (buffer->contiguous) {
		__free_pages(buffer->pages[0], buffer->order);
	} else {
		for (i = 0; i < buffer->count; i++)
			__free_page(buffer->pages[i]);
	}
	kvfree(buffer->pages);
	list_del(&buffer->node);
	kfree(buffer);
}

/* Whatever waits leaves the line. Not all of them wait, and then it is illegal. */
static void rig_cancel_all(struct rig *rig)
{
	struct rig_transaction *t;

	if (!rig_waiters_direction(rig, DMABAY_READ_FROM_DEVICE) &&
	    !rig_waiters_direction(rig, DMABAY_WRITE_TO_DEVICE))
		return;
	kunit_warning_suppress(rig->test) {
		list_for_each_entry(t, &rig->transactions, node) {
			if (t->transaction)
				dmabay_transaction_cancel(t->transaction);
		}
	}
}

static void rig_expect_idle(struct rig *rig, enum dmabay_direction direction)
{
	struct dmabay_adapter_info info;

	dmabay_adapter_info(rig_adapter(rig, direction), &info);
	KUNIT_EXPECT_EQ_MSG(rig->test, info.map_registers_free, info.map_registers,
			    "map registers leaked, direction %d", direction);
	KUNIT_EXPECT_EQ_MSG(rig->test, info.waiters, 0, "waiters left, direction %d", direction);
}

void rig_stop(struct rig *rig)
{
	struct rig_transaction *t, *next;
	unsigned int direction;

	if (!rig->adapter)
		return;

	/* Whatever a failed test left under way ends here, without its script. */
	list_for_each_entry(t, &rig->transactions, node) {
		t->on_program = NULL;
		t->on_reserved = NULL;
	}
	rig_cancel_all(rig);
	for (direction = 0; direction < ARRAY_SIZE(rig->held); direction++) {
		if (rig->held[direction].map_registers)
			rig_unhold_direction(rig, direction);
	}
	list_for_each_entry_safe(t, next, &rig->transactions, node) {
		if (t->transaction && dmabay_transaction_current_length(t->transaction))
			dmabay_transaction_completed_final(t->transaction, 0);
		rig_delete(t);
	}

	rig_expect_idle(rig, DMABAY_READ_FROM_DEVICE);
	rig_expect_idle(rig, DMABAY_WRITE_TO_DEVICE);
	if (rig->enabler)
		dmabay_enabler_delete(rig->enabler);
	else
		dmabay_adapter_put(rig->adapter);
	rig->enabler = NULL;
	rig->adapter = NULL;
}

/* Suites run one after the other, tests of a suite too: no lock. */
static struct rig_result rig_results[1024];
static unsigned int rig_result_count;

const struct rig_result *rig_result(const char *name)
{
	unsigned int i;

	for (i = 0; i < rig_result_count; i++) {
		if (!strcmp(rig_results[i].name, name))
			return &rig_results[i];
	}
	return NULL;
}

static void rig_record(struct kunit *test)
{
	struct rig_result *result = (struct rig_result *)rig_result(test->name);

	if (!result) {
		if (rig_result_count == ARRAY_SIZE(rig_results))
			return;
		result = &rig_results[rig_result_count++];
		strscpy(result->name, test->name);
	}
	if (test->status == KUNIT_FAILURE)
		result->failed++;
	else if (test->status == KUNIT_SKIPPED)
		result->skipped++;
	else
		result->passed++;
}

void rig_end(struct kunit *test)
{
	rig_exit(test);
	rig_record(test);
}

void rig_exit(struct kunit *test)
{
	struct rig *rig = test->priv;
	struct rig_transaction *t, *next_t;
	struct rig_buffer *buffer, *next;

	if (!rig)
		return;
	rig_other_stop(rig);
	rig_stop(rig);
	list_for_each_entry_safe(t, next_t, &rig->transactions, node)
		kfree(t);
	list_for_each_entry_safe(buffer, next, &rig->buffers, node)
		rig_free_buffer(buffer);
	pci_dev_put(rig->edu);
	test->priv = NULL;
}

static void rig_log(struct rig_transaction *t, const struct rig_event *event)
{
	struct rig *rig = t->rig;
	unsigned long flags;

	spin_lock_irqsave(&rig->lock, flags);
	if (current == rig->task)
		rig->stack_low = min(rig->stack_low, (unsigned long)__builtin_frame_address(0));
	if (rig->events < RIG_EVENTS)
		rig->log[rig->events] = *event;
	rig->events++;
	spin_unlock_irqrestore(&rig->lock, flags);
}

bool rig_program(struct dmabay_transaction *transaction, struct device *dev, void *context,
		 enum dmabay_direction direction, const struct dmabay_sg_list *list)
{
	struct rig_transaction *t = context;
	struct rig_event event = {
		.kind = RIG_PROGRAM,
		.transaction = t,
		.dev = dev,
		.direction = direction,
		.count = list->count,
		.address = list->elements[0].address,
		.current_length = dmabay_transaction_current_length(transaction),
		.bytes_transferred = dmabay_transaction_bytes_transferred(transaction),
		.task = current,
	};
	bool answer = t->answer;
	unsigned int i;

	for (i = 0; i < list->count; i++) {
		event.length += list->elements[i].length;
		if (i < RIG_ELEMENTS)
			event.elements[i] = list->elements[i];
	}
	KUNIT_EXPECT_PTR_EQ(t->rig->test, transaction, t->transaction);
	if (atomic_inc_return(&t->depth) > 1)
		t->nested = true;
	rig_log(t, &event);
	t->list = list;
	t->address = event.address;
	t->length = event.length;
	/* Another thread may wait for it, and go on with what is above. */
	smp_store_release(&t->programmed, READ_ONCE(t->programmed) + 1);
	if (t->on_program)
		t->on_program(t);
	atomic_dec(&t->depth);
	return answer;
}

void rig_reserved(struct dmabay_transaction *transaction, void *context)
{
	struct rig_transaction *t = context;
	struct rig_event event = {
		.kind = RIG_RESERVED,
		.transaction = t,
		.task = current,
	};

	KUNIT_EXPECT_PTR_EQ(t->rig->test, transaction, t->transaction);
	rig_log(t, &event);
	/* Another thread may wait for it, and go on with what is above. */
	smp_store_release(&t->reserved, READ_ONCE(t->reserved) + 1);
	if (t->on_reserved)
		t->on_reserved(t);
}

struct rig_transaction *rig_transaction(struct rig *rig)
{
	struct kunit *test = rig->test;
	struct rig_transaction *t;

	t = kzalloc(sizeof(*t), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, t);
	t->rig = rig;
	t->answer = true;
	list_add_tail(&t->node, &rig->transactions);
	KUNIT_ASSERT_EQ(test, 0, dmabay_transaction_create(rig->enabler, &t->transaction));
	KUNIT_ASSERT_NOT_NULL(test, t->transaction);
	return t;
}

void rig_delete(struct rig_transaction *t)
{
	struct dmabay_transaction *transaction = t->transaction;

	t->transaction = NULL;
	dmabay_transaction_delete(transaction);
}

void rig_initialize_direction(struct rig_transaction *t, enum dmabay_direction direction,
			      struct dmabay_memory *memory, size_t offset, size_t length)
{
	KUNIT_ASSERT_EQ(t->rig->test, 0,
			dmabay_transaction_initialize_offset(t->transaction, rig_program,
							     direction, memory, offset, length));
}

void rig_initialize(struct rig_transaction *t, struct rig_buffer *buffer, size_t length)
{
	rig_initialize_direction(t, DMABAY_READ_FROM_DEVICE, buffer->memory, 0, length);
}

int rig_execute(struct rig_transaction *t)
{
	return dmabay_transaction_execute(t->transaction, t);
}

int rig_reserve(struct rig_transaction *t, unsigned int map_registers)
{
	return dmabay_transaction_reserve(t->transaction, DMABAY_READ_FROM_DEVICE, map_registers,
					  rig_reserved, t);
}

int rig_complete(struct rig_transaction *t)
{
	int ret = dmabay_transaction_completed(t->transaction);

	t->result = ret;
	if (ret == -EINPROGRESS)
		t->in_progress++;
	else
		t->finished++;
	return ret;
}

void rig_begin(struct rig_transaction *t, struct rig_buffer *buffer, size_t length)
{
	unsigned int programmed = t->programmed;

	rig_initialize(t, buffer, length);
	KUNIT_ASSERT_EQ(t->rig->test, rig_execute(t), 0);
	KUNIT_ASSERT_EQ(t->rig->test, t->programmed, programmed + 1);
}

void rig_finish(struct rig_transaction *t)
{
	struct kunit *test = t->rig->test;
	unsigned int transfers = 0;
	int ret;

	do {
		ret = rig_complete(t);
		KUNIT_ASSERT_LT(test, ++transfers, 1000000);
	} while (ret == -EINPROGRESS);
	KUNIT_ASSERT_EQ(test, ret, 0);
	KUNIT_ASSERT_EQ(test, dmabay_transaction_release(t->transaction), 0);
}

void rig_run(struct rig_transaction *t)
{
	struct kunit *test = t->rig->test;

	t->on_program = rig_complete_now;
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_EQ(test, t->result, 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	t->on_program = NULL;
}

void rig_complete_now(struct rig_transaction *t)
{
	rig_complete(t);
}

void rig_begin_data(struct rig_transaction *t)
{
	struct rig_buffer *buffer = t->data;

	rig_begin(t, buffer, buffer->length);
}

struct dmabay_adapter *rig_adapter(struct rig *rig, enum dmabay_direction direction)
{
	return rig->enabler ? dmabay_enabler_adapter(rig->enabler, direction) : rig->adapter;
}

static enum dmabay_channel_action rig_held(struct dmabay_adapter *adapter,
					   struct dmabay_channel *channel, void *context)
{
	return DMABAY_DEALLOCATE_OBJECT_KEEP_REGISTERS;
}

static void rig_hold_ask(struct rig *rig, enum dmabay_direction direction,
			 unsigned int map_registers)
{
	struct rig_hold *hold = &rig->held[direction];
	struct kunit *test = rig->test;

	KUNIT_ASSERT_EQ(test, hold->map_registers, 0);
	KUNIT_ASSERT_EQ(test, 0,
			dmabay_adapter_allocate_channel(rig_adapter(rig, direction),
							&hold->channel, map_registers, 0,
							rig_held, rig));
	hold->map_registers = map_registers;
}

void rig_hold_direction(struct rig *rig, enum dmabay_direction direction,
			unsigned int map_registers)
{
	unsigned int before = rig_free_registers_direction(rig, direction);

	rig_hold_ask(rig, direction, map_registers);
	KUNIT_ASSERT_EQ(rig->test, rig_free_registers_direction(rig, direction),
			before - map_registers);
	/* The log is for what the test does from here on. */
	rig->events = 0;
}

void rig_unhold_direction(struct rig *rig, enum dmabay_direction direction)
{
	struct rig_hold *hold = &rig->held[direction];
	unsigned int map_registers = hold->map_registers;

	hold->map_registers = 0;
	KUNIT_EXPECT_EQ(rig->test, 0,
			dmabay_adapter_free_map_registers(rig_adapter(rig, direction),
							  &hold->channel, map_registers));
}

void rig_hold(struct rig *rig, unsigned int map_registers)
{
	rig_hold_direction(rig, DMABAY_READ_FROM_DEVICE, map_registers);
}

void rig_unhold(struct rig *rig)
{
	rig_unhold_direction(rig, DMABAY_READ_FROM_DEVICE);
}

void rig_hold_next(struct rig *rig, unsigned int map_registers)
{
	rig_hold_ask(rig, DMABAY_READ_FROM_DEVICE, map_registers);
}

unsigned int rig_free_registers_direction(struct rig *rig, enum dmabay_direction direction)
{
	struct dmabay_adapter_info info;

	dmabay_adapter_info(rig_adapter(rig, direction), &info);
	return info.map_registers_free;
}

unsigned int rig_waiters_direction(struct rig *rig, enum dmabay_direction direction)
{
	struct dmabay_adapter_info info;

	dmabay_adapter_info(rig_adapter(rig, direction), &info);
	return info.waiters;
}

unsigned int rig_free_registers(struct rig *rig)
{
	return rig_free_registers_direction(rig, DMABAY_READ_FROM_DEVICE);
}

unsigned int rig_waiters(struct rig *rig)
{
	return rig_waiters_direction(rig, DMABAY_READ_FROM_DEVICE);
}

static struct rig_buffer *rig_new_buffer(struct rig *rig, unsigned int count)
{
	struct kunit *test = rig->test;
	struct rig_buffer *buffer;

	buffer = kzalloc(sizeof(*buffer), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, buffer);
	INIT_LIST_HEAD(&buffer->node);
	buffer->rig = rig;
	buffer->pages = kvcalloc(count, sizeof(*buffer->pages), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, buffer->pages);
	list_add_tail(&buffer->node, &rig->buffers);
	return buffer;
}

/* Neighbouring frames, but each page on its own. */
static void rig_add_split_page(struct rig_buffer *buffer)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO);

	KUNIT_ASSERT_NOT_NULL(buffer->rig->test, page);
	buffer->pages[buffer->count++] = page;
}

struct rig_buffer *rig_pages(struct rig *rig, unsigned int order)
{
	struct rig_buffer *buffer = rig_new_buffer(rig, 1U << order);
	struct page *page = alloc_pages(GFP_KERNEL | __GFP_ZERO | __GFP_COMP, order);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(rig->test, page);
	for (i = 0; i < 1U << order; i++)
		buffer->pages[i] = page + i;
	buffer->count = 1U << order;
	buffer->contiguous = true;
	buffer->order = order;
	buffer->length = PAGE_SIZE << order;
	return buffer;
}

static void rig_describe(struct rig_buffer *buffer, unsigned int offset, size_t length)
{
	buffer->offset = offset;
	buffer->length = length;
	buffer->memory = dmabay_memory_from_pages(buffer->pages, dmabay_span_pages(offset, length),
						  offset, length, GFP_KERNEL);
	if (IS_ERR(buffer->memory)) {
		KUNIT_EXPECT_EQ(buffer->rig->test, PTR_ERR(buffer->memory), 0);
		buffer->memory = NULL;
	}
	KUNIT_ASSERT_NOT_NULL(buffer->rig->test, buffer->memory);
}

struct rig_buffer *rig_contiguous(struct rig *rig, unsigned int offset, size_t length)
{
	struct rig_buffer *buffer = rig_pages(rig, get_order(offset + length));

	rig_describe(buffer, offset, length);
	return buffer;
}

static int rig_compare_frames(const void *one, const void *other)
{
	unsigned long a = page_to_pfn(*(struct page *const *)one);
	unsigned long b = page_to_pfn(*(struct page *const *)other);

	return a < b ? 1 : a > b ? -1 : 0;
}

struct rig_buffer *rig_scattered(struct rig *rig, unsigned int offset, size_t length)
{
	unsigned int count = dmabay_span_pages(offset, length);
	struct rig_buffer *buffer = rig_new_buffer(rig, count);

	while (buffer->count < count)
		rig_add_split_page(buffer);
	/* Now and then the allocator gives one behind the other: from the last one down none is. */
	sort(buffer->pages, count, sizeof(*buffer->pages), rig_compare_frames, NULL);
	rig_describe(buffer, offset, length);
	return buffer;
}

struct rig_buffer *rig_join(struct rig *rig, struct rig_buffer *const *parts, unsigned int count)
{
	struct rig_buffer *buffer = rig_new_buffer(rig, 0);
	struct kunit *test = rig->test;
	struct dmabay_memory **memories;
	unsigned int i;

	memories = kunit_kcalloc(test, count, sizeof(*memories), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, memories);
	buffer->parts = kmemdup_array(parts, count, sizeof(*parts), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, buffer->parts);
	buffer->part_count = count;
	for (i = 0; i < count; i++) {
		memories[i] = parts[i]->memory;
		buffer->length += parts[i]->length;
	}
	buffer->memory = dmabay_memory_chain(memories, count, GFP_KERNEL);
	if (IS_ERR(buffer->memory)) {
		KUNIT_EXPECT_EQ(test, PTR_ERR(buffer->memory), 0);
		buffer->memory = NULL;
	}
	KUNIT_ASSERT_NOT_NULL(test, buffer->memory);
	return buffer;
}

struct rig_buffer *rig_chain(struct rig *rig, unsigned int groups, unsigned int offset,
			     size_t length)
{
	struct kunit *test = rig->test;
	struct rig_buffer **parts;
	unsigned int i;

	parts = kunit_kcalloc(test, groups, sizeof(*parts), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, parts);
	for (i = 0; i < groups; i++)
		parts[i] = rig_contiguous(rig, offset, length);
	return rig_join(rig, parts, groups);
}

u8 rig_pattern(u8 seed, size_t at)
{
	return seed + at * 31 + (at >> 8) * 7 + (at >> 16) * 3;
}

u8 *rig_byte(struct rig_buffer *buffer, size_t at)
{
	unsigned int i;

	for (i = 0; i < buffer->part_count; i++) {
		if (at < buffer->parts[i]->length)
			return rig_byte(buffer->parts[i], at);
		at -= buffer->parts[i]->length;
	}
	at += buffer->offset;
	return (u8 *)page_address(buffer->pages[at >> PAGE_SHIFT]) + offset_in_page(at);
}

void rig_fill(struct rig_buffer *buffer, u8 seed)
{
	size_t at;

	for (at = 0; at < buffer->length; at++)
		*rig_byte(buffer, at) = rig_pattern(seed, at);
}

size_t rig_matching(struct rig_buffer *buffer, size_t at, size_t length, u8 seed)
{
	size_t i;

	for (i = 0; i < length; i++) {
		if (*rig_byte(buffer, at + i) != rig_pattern(seed, at + i))
			break;
	}
	return i;
}

phys_addr_t rig_translate(struct rig *rig, dma_addr_t address)
{
	if (rig->domain)
		return iommu_iova_to_phys(rig->domain, address);
	return dma_to_phys(rig->dev, address);
}

static u8 *rig_device_pointer(struct rig *rig, dma_addr_t address)
{
	phys_addr_t phys = rig_translate(rig, address);

	KUNIT_ASSERT_NE_MSG(rig->test, phys, 0, "the device cannot reach %pad", &address);
	return phys_to_virt(phys);
}

void rig_device_write(struct rig *rig, dma_addr_t address, size_t at, size_t length, u8 seed)
{
	u8 *byte = NULL;
	size_t i;

	for (i = 0; i < length; i++) {
		if (!byte || !offset_in_page(address + i))
			byte = rig_device_pointer(rig, address + i);
		*byte++ = rig_pattern(seed, at + i);
	}
}

size_t rig_device_matching(struct rig *rig, dma_addr_t address, size_t at, size_t length, u8 seed)
{
	u8 *byte = NULL;
	size_t i;

	for (i = 0; i < length; i++) {
		if (!byte || !offset_in_page(address + i))
			byte = rig_device_pointer(rig, address + i);
		if (*byte++ != rig_pattern(seed, at + i))
			break;
	}
	return i;
}

void rig_transfer_write(struct rig_transaction *t, size_t at, size_t length, u8 seed)
{
	size_t part, done = 0;
	unsigned int i;

	for (i = 0; i < t->list->count && done < length; i++, done += part) {
		part = min(t->list->elements[i].length, length - done);
		rig_device_write(t->rig, t->list->elements[i].address, at + done, part, seed);
	}
	KUNIT_ASSERT_EQ(t->rig->test, done, length);
}

size_t rig_transfer_matching(struct rig_transaction *t, size_t at, size_t length, u8 seed)
{
	size_t part, matching, done = 0;
	unsigned int i;

	for (i = 0; i < t->list->count && done < length; i++) {
		part = min(t->list->elements[i].length, length - done);
		matching = rig_device_matching(t->rig, t->list->elements[i].address, at + done,
					       part, seed);
		done += matching;
		if (matching < part)
			break;
	}
	return done;
}

bool rig_time_is_up(struct rig *rig)
{
	return time_after(jiffies, rig->deadline);
}

void rig_other_start(struct rig *rig, int (*function)(void *data), void *data)
{
	unsigned int own = cpumask_first(cpu_online_mask);
	unsigned int other = cpumask_next(own, cpu_online_mask);
	struct kunit *test = rig->test;

	if (other >= nr_cpu_ids)
		kunit_skip(test, "one CPU");
	KUNIT_ASSERT_NULL(test, rig->other);
	KUNIT_ASSERT_EQ(test, 0, set_cpus_allowed_ptr(current, cpumask_of(own)));
	rig->other = kthread_create_on_cpu(function, data, other, "dmabay_other/%u");
	if (IS_ERR(rig->other))
		rig->other = NULL;
	KUNIT_ASSERT_NOT_NULL(test, rig->other);
	/* It may return before it is asked to stop. */
	get_task_struct(rig->other);
	wake_up_process(rig->other);
}

void rig_other_stop(struct rig *rig)
{
	if (rig->other)
		kthread_stop_put(rig->other);
	rig->other = NULL;
}

unsigned long rig_stack_depth(struct rig *rig)
{
	unsigned long base = (unsigned long)task_stack_page(rig->task) + THREAD_SIZE;
	unsigned long low = rig->stack_low;

	rig->stack_low = ULONG_MAX;
	return low > base ? 0 : base - low;
}

void rig_expect_lengths(struct rig *rig, unsigned int count, const size_t *lengths)
{
	struct kunit *test = rig->test;
	unsigned int i, transfers = 0;

	for (i = 0; i < min_t(unsigned int, rig->events, RIG_EVENTS); i++) {
		if (rig->log[i].kind != RIG_PROGRAM)
			continue;
		if (transfers < count)
			KUNIT_EXPECT_EQ_MSG(test, rig->log[i].length, lengths[transfers],
					    "transfer %u", transfers);
		transfers++;
	}
	KUNIT_EXPECT_EQ(test, transfers, count);
}

MODULE_DESCRIPTION("KUnit tests for dmabay");
MODULE_LICENSE("GPL");
