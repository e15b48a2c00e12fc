// SPDX-License-Identifier: GPL-2.0-only
/*
 * R36: what Windows' Driver Verifier catches, row by row.
 *
 * Each row breaks a rule on purpose. It is either reported, once, or refused in every build
 * with a warning of its own, or none. What is not here has nothing to be caught: performance
 * counters (01, 02), calls that do not exist any more (1E), memory without a kernel mapping
 * (22: it is never needed), and what the IOMMU has seen (26).
 */
#include <kunit/static_stub.h>
#include <linux/delay.h>
#include <linux/mm.h>

#include "adapter.h"
#include "debug.h"

/* Nothing is reported: every build refuses. */
#define EVERY_BUILD	DMABAY_RULES

struct debug_row {
	const char *code;
	const char *what;
	enum dmabay_rule rule;
	/* Returns whether it was refused as it must be. */
	bool (*run)(struct kunit *test);
};

static struct adapter_user *row_user(struct kunit *test)
{
	return adapter_users(rig_start_adapter(test, 65536, 16), 1);
}

/* A channel that has @map_registers, as the row's own function says. */
static struct adapter_user *row_granted(struct kunit *test, unsigned int map_registers)
{
	struct adapter_user *user = row_user(test);

	KUNIT_ASSERT_EQ(test, adapter_ask(user, map_registers, 0), 0);
	KUNIT_ASSERT_EQ(test, user->grants, 1);
	return user;
}

/* One that has mapped scattered pages, which are bounced. */
static struct adapter_user *row_mapped(struct kunit *test, struct rig_buffer **buffer,
				       enum dmabay_direction direction)
{
	struct adapter_user *user = row_granted(test, 4);
	size_t length = 5000;

	*buffer = rig_scattered(user->rig, 100, length);
	KUNIT_ASSERT_EQ(test, adapter_map(user, *buffer, 0, &length, direction), 0);
	KUNIT_ASSERT_EQ(test, length, 5000);
	return user;
}

static bool row_end(struct adapter_user *user)
{
	return !dmabay_adapter_flush(user->rig->adapter, &user->channel, 0) &&
	       !adapter_give(user);
}

/* A call that every build warns of. */
#define ROW_ILLEGAL(test, call)							\
({										\
	int __result = 0;							\
										\
	kunit_warning_suppress(test) {						\
		__result = (call);						\
		rig_count_warnings(test, KUNIT_SUPPRESSED_WARNING_COUNT());	\
	}									\
	__result == -EBADFD;							\
})

static bool row_flush_too_long(struct kunit *test)
{
	struct rig_buffer *buffer;
	struct adapter_user *user = row_mapped(test, &buffer, DMABAY_READ_FROM_DEVICE);

	return dmabay_adapter_flush(user->rig->adapter, &user->channel, 5001) == -EINVAL &&
	       row_end(user);
}

static ssize_t row_map_fails(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			     const struct dmabay_extent *extent, struct dmabay_sg_list *list)
{
	return -ENOMEM;
}

static bool row_registers_missing(struct kunit *test)
{
	struct adapter_user *user = row_granted(test, 4);
	struct rig_buffer *buffer = rig_scattered(user->rig, 0, 4096);
	const struct dmabay_mapregs_ops *ops = user->rig->adapter->ops;
	struct dmabay_mapregs_ops fails = *ops;
	size_t length = 4096;
	int ret;

	fails.map = row_map_fails;
	user->rig->adapter->ops = &fails;
	ret = adapter_map(user, buffer, 0, &length, DMABAY_READ_FROM_DEVICE);
	user->rig->adapter->ops = ops;
	return ret == -ENOMEM && !adapter_give(user);
}

static bool row_buffer_twice(struct kunit *test)
{
	struct rig *rig = rig_start(test, 4096, 2);
	struct dmabay_common_buffer *buffer;

	KUNIT_ASSERT_EQ(test, dmabay_common_buffer_create(rig->enabler, 100, &buffer), 0);
	dmabay_common_buffer_delete(buffer);
	dmabay_common_buffer_delete(buffer);
	return true;
}

static bool row_free_channel_twice(struct kunit *test)
{
	struct adapter_user *user = row_user(test);

	user->action = DMABAY_KEEP_OBJECT;
	KUNIT_ASSERT_EQ(test, adapter_ask(user, 1, 0), 0);
	KUNIT_ASSERT_EQ(test, dmabay_adapter_free_channel(user->rig->adapter, &user->channel), 0);
	return ROW_ILLEGAL(test, dmabay_adapter_free_channel(user->rig->adapter, &user->channel));
}

static bool row_free_registers_twice(struct kunit *test)
{
	struct adapter_user *user = row_granted(test, 4);

	KUNIT_ASSERT_EQ(test, adapter_give(user), 0);
	return ROW_ILLEGAL(test, adapter_give(user));
}

static bool row_list_twice(struct kunit *test)
{
	struct rig *rig = rig_start_profile(test, DMABAY_PROFILE_SCATTER_GATHER, 65536, 16);
	struct rig_buffer *buffer = rig_scattered(rig, 0, 8192);
	struct dmabay_sg_channel channel = {};

	KUNIT_ASSERT_EQ(test, dmabay_adapter_get_sg_list(rig->adapter, &channel, buffer->memory, 0,
							 8192, DMABAY_READ_FROM_DEVICE,
							 DMABAY_CHANNEL_IMMEDIATE, NULL, NULL), 0);
	KUNIT_ASSERT_EQ(test, dmabay_adapter_put_sg_list(rig->adapter, &channel), 0);
	return ROW_ILLEGAL(test, dmabay_adapter_put_sg_list(rig->adapter, &channel));
}

/* It is not freed: the warning of every build says so, too, and it goes on as before. */
static bool row_put(struct rig *rig)
{
	struct dmabay_adapter_info info;

	kunit_warning_suppress(rig->test)
		dmabay_adapter_put(rig->adapter);
	dmabay_adapter_info(rig->adapter, &info);
	return info.map_registers_free < info.map_registers;
}

static bool row_put_with_buffers(struct kunit *test)
{
	struct rig *rig = rig_start(test, 4096, 2);
	struct dmabay_common_buffer *buffer;

	KUNIT_ASSERT_EQ(test, dmabay_common_buffer_create(rig->enabler, 100, &buffer), 0);
	dmabay_enabler_delete(rig->enabler);
	rig->enabler = NULL;
	rig->adapter = NULL;
	/* It went with its enabler. */
	dmabay_common_buffer_delete(buffer);
	return true;
}

static bool row_put_with_channel(struct kunit *test)
{
	struct adapter_user *user = row_user(test);
	bool refused;

	user->action = DMABAY_KEEP_OBJECT;
	KUNIT_ASSERT_EQ(test, adapter_ask(user, 1, 0), 0);
	refused = row_put(user->rig);
	return !dmabay_adapter_free_channel(user->rig->adapter, &user->channel) && refused;
}

static bool row_put_with_registers(struct kunit *test)
{
	struct adapter_user *user = row_granted(test, 4);
	bool refused = row_put(user->rig);

	return !adapter_give(user) && refused;
}

static bool row_put_with_list(struct kunit *test)
{
	struct rig *rig = rig_start_profile(test, DMABAY_PROFILE_SCATTER_GATHER, 65536, 16);
	struct rig_buffer *buffer = rig_scattered(rig, 0, 8192);
	struct dmabay_sg_channel channel = {};
	bool refused;

	KUNIT_ASSERT_EQ(test, dmabay_adapter_get_sg_list(rig->adapter, &channel, buffer->memory, 0,
							 8192, DMABAY_READ_FROM_DEVICE,
							 DMABAY_CHANNEL_IMMEDIATE, NULL, NULL), 0);
	refused = row_put(rig);
	return !dmabay_adapter_put_sg_list(rig->adapter, &channel) && refused;
}

/* The same driver's second channel waits for the first one, as in every build. */
static bool row_two_channels(struct kunit *test)
{
	struct adapter_user *user = row_user(test);
	struct dmabay_channel second = {};
	struct rig *rig = user->rig;
	bool waited;

	user->action = DMABAY_KEEP_OBJECT;
	KUNIT_ASSERT_EQ(test, adapter_ask(user, 1, 0), 0);
	KUNIT_ASSERT_EQ(test, dmabay_adapter_allocate_channel(rig->adapter, &second, 1, 0,
							      adapter_routine, user), 0);
	waited = dmabay_adapter_cancel_channel(rig->adapter, &second);
	return !dmabay_adapter_free_channel(rig->adapter, &user->channel) && waited;
}

static bool row_too_many_registers(struct kunit *test)
{
	return adapter_ask(row_user(test), 17, 0) == -ENOMEM;
}

static bool row_map_again(struct kunit *test)
{
	struct rig_buffer *buffer;
	struct adapter_user *user = row_mapped(test, &buffer, DMABAY_READ_FROM_DEVICE);
	size_t length = 100;
	bool refused = ROW_ILLEGAL(test, adapter_map(user, buffer, 0, &length,
						     DMABAY_READ_FROM_DEVICE));

	return row_end(user) && refused;
}

static bool row_memory_not_flushed(struct kunit *test)
{
	struct rig_buffer *buffer;
	struct adapter_user *user = row_mapped(test, &buffer, DMABAY_READ_FROM_DEVICE);
	struct dmabay_memory *memory = buffer->memory;
	bool ended;

	dmabay_memory_put(memory);
	buffer->memory = NULL;
	ended = row_end(user);
	/* It was not freed. */
	kvfree(memory);
	return ended;
}

static bool row_pageable(struct kunit *test)
{
	struct page *page = alloc_page(GFP_KERNEL);
	struct dmabay_memory *memory;

	KUNIT_ASSERT_NOT_NULL(test, page);
	page->mapping = (void *)FOLIO_MAPPING_ANON;
	memory = dmabay_memory_from_pages(&page, 1, 0, 100, GFP_KERNEL);
	page->mapping = NULL;
	__free_page(page);
	return memory == ERR_PTR(-EINVAL);
}

static bool row_on_stack(struct kunit *test)
{
	u8 bytes[16];

	return dmabay_memory_from_kernel(bytes, sizeof(bytes), GFP_KERNEL) == ERR_PTR(-EINVAL);
}

static bool row_around(struct kunit *test, size_t at)
{
	struct rig_buffer *buffer;
	struct adapter_user *user = row_mapped(test, &buffer, DMABAY_READ_FROM_DEVICE);

	*(u8 *)(user->channel.slot_address + at) ^= 1;
	return row_end(user);
}

static bool row_before(struct kunit *test)
{
	return row_around(test, 99);
}

static bool row_behind(struct kunit *test)
{
	return row_around(test, 5100);
}

static bool row_free_register(struct kunit *test)
{
	struct adapter_user *user = row_granted(test, 4);

	KUNIT_ASSERT_EQ(test, adapter_give(user), 0);
	*(u8 *)(user->channel.slot_address + 4097) ^= 1;
	KUNIT_ASSERT_EQ(test, adapter_ask(user, 4, 0), 0);
	return !adapter_give(user);
}

/* Nobody uses it again: it is found by and by. */
static bool row_free_register_found(struct kunit *test)
{
	struct adapter_user *user = row_granted(test, 4);
	int hits = atomic_read(&dmabay_poison_hits);
	unsigned int i;

	KUNIT_ASSERT_EQ(test, adapter_give(user), 0);
	*(u8 *)(user->channel.slot_address + 4097) ^= 1;
	for (i = 0; i < 1000 && atomic_read(&dmabay_poison_hits) == hits; i++)
		msleep(20);
	return atomic_read(&dmabay_poison_hits) == hits + 1;
}

static bool row_free_while_mapped(struct kunit *test)
{
	struct rig_buffer *buffer;
	struct adapter_user *user = row_mapped(test, &buffer, DMABAY_READ_FROM_DEVICE);
	bool refused = ROW_ILLEGAL(test, adapter_give(user));

	return row_end(user) && refused;
}

static bool row_references(struct kunit *test)
{
	struct rig *rig = rig_start(test, 4096, 2);
	struct dmabay_memory *memory = rig_scattered(rig, 0, 100)->memory;

	refcount_set(&memory->kref.refcount, BIT(24));
	dmabay_memory_get(memory);
	refcount_set(&memory->kref.refcount, 1);
	return true;
}

static bool row_irqs_off(struct kunit *test)
{
	struct rig *rig = rig_start(test, 4096, 2);
	struct dmabay_common_buffer *buffer;
	int ret;

	local_irq_disable();
	ret = dmabay_common_buffer_create(rig->enabler, 100, &buffer);
	local_irq_enable();
	return ret == -EBADFD;
}

static bool row_flush_nothing(struct kunit *test)
{
	struct adapter_user *user = row_granted(test, 4);
	bool refused = ROW_ILLEGAL(test, dmabay_adapter_flush(user->rig->adapter, &user->channel,
							      0));

	return !adapter_give(user) && refused;
}

static bool row_dead_adapter(struct kunit *test)
{
	struct adapter_user *user = row_user(test);
	struct dmabay_adapter *adapter = user->rig->adapter;

	dmabay_adapter_put(adapter);
	user->rig->adapter = NULL;
	return dmabay_adapter_allocate_channel(adapter, &user->channel, 1, 0, adapter_routine,
					       user) == -EBADFD;
}

static bool row_no_adapter(struct kunit *test)
{
	struct adapter_user *user = row_user(test);

	return dmabay_adapter_allocate_channel(NULL, &user->channel, 1, 0, adapter_routine,
					       user) == -EINVAL;
}

static bool row_outside(struct kunit *test, size_t offset, size_t length)
{
	struct adapter_user *user = row_granted(test, 4);
	struct rig_buffer *buffer = rig_scattered(user->rig, 0, 8192);
	bool refused = adapter_map(user, buffer, offset, &length,
				   DMABAY_READ_FROM_DEVICE) == -EINVAL;

	return !adapter_give(user) && refused;
}

static bool row_begins_outside(struct kunit *test)
{
	return row_outside(test, 8192, 1) && row_outside(test, SIZE_MAX, 2);
}

static bool row_too_long(struct kunit *test)
{
	return row_outside(test, 1, 8192) && row_outside(test, 1, SIZE_MAX);
}

static bool row_nothing(struct kunit *test)
{
	return row_outside(test, 0, 0);
}

static bool row_mapped_twice(struct kunit *test)
{
	struct adapter_user *users = adapter_users(rig_start_adapter(test, 65536, 16), 3);
	struct rig_buffer *buffer = rig_scattered(users->rig, 0, 12288);
	size_t length[] = { 5000, 4192, 4000 };
	/* Where the first one ends the third one may begin, and any may be read twice. */
	const size_t offset[] = { 0, 4999, 8192 };
	unsigned int i;
	bool ended = true;

	for (i = 0; i < 3; i++) {
		KUNIT_ASSERT_EQ(test, adapter_ask(&users[i], 4, 0), 0);
		KUNIT_ASSERT_EQ(test, adapter_map(&users[i], buffer, 0, &length[i],
						  DMABAY_WRITE_TO_DEVICE), 0);
	}
	KUNIT_EXPECT_EQ(test, debug_reports(), 0);
	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_EQ(test, dmabay_adapter_flush(users[i].rig->adapter,
							   &users[i].channel, 0), 0);
	length[1] = 3193;
	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_EQ(test, adapter_map(&users[i], buffer, offset[i], &length[i],
						  DMABAY_READ_FROM_DEVICE), 0);
	for (i = 0; i < 3; i++)
		ended &= row_end(&users[i]);
	return ended;
}

static bool row_is_not_coherent(struct device *dev)
{
	return false;
}

static bool row_not_aligned(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_adapter_config config = {
		.size = sizeof(config),
		.max_length = 4096,
		.address_width = 32,
		.provider = DMABAY_PROVIDER_DIRECT,
	};
	struct adapter_user *user = adapter_users(rig, 1);
	struct rig_buffer *buffer = rig_scattered(rig, 3, 1024);
	size_t length = 1024;

	rig->adapter = dmabay_adapter_get(rig->dev, &config, NULL);
	KUNIT_ASSERT_EQ(test, PTR_ERR_OR_ZERO(rig->adapter), 0);
	KUNIT_ASSERT_EQ(test, adapter_ask(user, 2, 0), 0);
	kunit_activate_static_stub(test, dmabay_grant_is_coherent, row_is_not_coherent);
	KUNIT_ASSERT_EQ(test, adapter_map(user, buffer, 0, &length, DMABAY_READ_FROM_DEVICE), 0);
	kunit_deactivate_static_stub(test, dmabay_grant_is_coherent);
	return row_end(user);
}

static bool row_unknown_version(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_adapter_config config = { .size = sizeof(config) + 1, .max_length = 4096 };

	return dmabay_adapter_get(rig->dev, &config, NULL) == ERR_PTR(-EPROTO);
}

static bool row_transaction_twice(struct kunit *test)
{
	struct rig *rig = rig_start(test, 4096, 2);
	struct dmabay_transaction *transaction;

	KUNIT_ASSERT_EQ(test, dmabay_transaction_create(rig->enabler, &transaction), 0);
	dmabay_transaction_delete(transaction);
	dmabay_transaction_delete(transaction);
	return true;
}

static bool row_enabler_twice(struct kunit *test)
{
	struct rig *rig = rig_start(test, 4096, 2);

	dmabay_enabler_delete(rig->enabler);
	dmabay_enabler_delete(rig->enabler);
	rig->enabler = NULL;
	rig->adapter = NULL;
	return true;
}

static bool row_memory_twice(struct kunit *test)
{
	struct rig *rig = rig_start(test, 4096, 2);
	struct rig_buffer *buffer = rig_scattered(rig, 0, 100);

	dmabay_memory_put(buffer->memory);
	dmabay_memory_put(buffer->memory);
	buffer->memory = NULL;
	return true;
}

static const struct debug_row rows[] = {
	{ "00/1", "flush of more than was mapped", EVERY_BUILD, row_flush_too_long },
	{ "00/2", "a reservation that does not suffice", DMABAY_RULE_REGISTERS_MISSING,
	  row_registers_missing },
	{ "03", "common buffer freed twice", DMABAY_RULE_BUFFER_TWICE, row_buffer_twice },
	{ "04", "channel freed twice", EVERY_BUILD, row_free_channel_twice },
	{ "05", "map registers freed twice", EVERY_BUILD, row_free_registers_twice },
	{ "06", "list freed twice", EVERY_BUILD, row_list_twice },
	{ "07", "put with common buffers", DMABAY_RULE_BUFFER_TWICE, row_put_with_buffers },
	{ "08", "put with the channel", DMABAY_RULE_STILL_HELD, row_put_with_channel },
	{ "09", "put with map registers", DMABAY_RULE_STILL_HELD, row_put_with_registers },
	{ "0A", "put with a list", DMABAY_RULE_STILL_HELD, row_put_with_list },
	{ "0B", "two channels at once", DMABAY_RULE_TWO_CHANNELS, row_two_channels },
	{ "0C", "more registers than there are", EVERY_BUILD, row_too_many_registers },
	{ "0D", "mapped again without a flush", EVERY_BUILD, row_map_again },
	{ "0D", "given back without a flush", DMABAY_RULE_NOT_FLUSHED, row_memory_not_flushed },
	{ "0E", "pageable memory", DMABAY_RULE_PAGEABLE, row_pageable },
	{ "0E", "memory on the stack", EVERY_BUILD, row_on_stack },
	{ "0F/1", "a byte before the buffer", DMABAY_RULE_PADDING, row_before },
	{ "0F/2", "a byte behind the buffer", DMABAY_RULE_PADDING, row_behind },
	{ "0F/3", "a free register, used again", DMABAY_RULE_FREE_REGISTER, row_free_register },
	{ "0F/3", "a free register, found", DMABAY_RULE_FREE_REGISTER, row_free_register_found },
	{ "10", "registers freed while mapped", EVERY_BUILD, row_free_while_mapped },
	{ "11", "too many references", DMABAY_RULE_REFERENCES, row_references },
	{ "13", "wrong context", DMABAY_RULE_MAY_SLEEP, row_irqs_off },
	{ "16", "flush of what is not mapped", EVERY_BUILD, row_flush_nothing },
	{ "18", "adapter used after it was put", DMABAY_RULE_DEAD_ADAPTER, row_dead_adapter },
	{ "19", "no adapter", DMABAY_RULE_NULL, row_no_adapter },
	{ "1B", "address outside the memory", EVERY_BUILD, row_begins_outside },
	{ "1D", "mapped twice", DMABAY_RULE_MAPPED_TWICE, row_mapped_twice },
	{ "1F/3", "longer than the memory", EVERY_BUILD, row_too_long },
	{ "1F/4", "not cache aligned", DMABAY_RULE_NOT_ALIGNED, row_not_aligned },
	{ "21", "no length", EVERY_BUILD, row_nothing },
	{ "25", "unknown version", EVERY_BUILD, row_unknown_version },
	{ "10D", "transaction deleted twice", DMABAY_RULE_DEAD_OBJECT, row_transaction_twice },
	{ "10D", "enabler deleted twice", DMABAY_RULE_DEAD_OBJECT, row_enabler_twice },
	{ "10D", "memory given back twice", DMABAY_RULE_DEAD_OBJECT, row_memory_twice },
};

/* Is it refused, and reported once, where something reports? */
static bool row_is_caught(struct kunit *test, const struct debug_row *row)
{
	bool refused;

	refused = row->run(test);
	KUNIT_EXPECT_TRUE_MSG(test, refused, "%s: %s", row->code, row->what);
	rig_exit(test);
	if (row->rule != EVERY_BUILD)
		return debug_caught(test, row->rule, NULL) && refused;
	KUNIT_EXPECT_EQ_MSG(test, debug_reports(), 0, "%s: %s", row->code, row->what);
	return refused;
}

static void debug_r36_rows(struct kunit *test)
{
	unsigned int i, caught = 0;

	debug_begin();
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		if (row_is_caught(test, &rows[i]))
			caught++;
		else
			kunit_info(test, "not caught: %s: %s\n", rows[i].code, rows[i].what);
	}
	debug_end(test);
	kunit_info(test, "R36: %u of %zu rows caught\n", caught, ARRAY_SIZE(rows));
}

/* A test that failed is not to leave the reporter to the others. */
static void debug_exit(struct kunit *test)
{
	rig_end(test);
	dmabay_debug_set_reporter(NULL);
}

static struct kunit_case debug_rules_cases[] = {
	KUNIT_CASE_SLOW(debug_r36_rows),
	{}
};

static struct kunit_suite dmabay_debug_rules_suite = {
	.name = "dmabay_debug_rules",
	.exit = debug_exit,
	.test_cases = debug_rules_cases,
};
kunit_test_suite(dmabay_debug_rules_suite);
