// SPDX-License-Identifier: GPL-2.0-only
/* Adapter: the line for map registers, and mapping by hand, the WDM way (5.14). */
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/slab.h>

#include "rig.h"

/* One allocation, and how it went. */
struct adapter_user {
	struct dmabay_channel channel;
	struct rig *rig;
	enum dmabay_channel_action action;
	void (*on_grant)(struct adapter_user *user);
	/* room that an adapter of single elements shall not use up */
	struct dmabay_sg_element room[8];
	struct dmabay_sg_list list;
	unsigned int map_registers;
	unsigned int grants;
	/* the how many-th grant of the test it was */
	unsigned int order;
};

/* Tests of a suite run one at a time. */
static unsigned int adapter_grants;

static enum dmabay_channel_action adapter_routine(struct dmabay_adapter *adapter,
						  struct dmabay_channel *channel, void *context)
{
	struct adapter_user *user = context;

	KUNIT_EXPECT_PTR_EQ(user->rig->test, channel, &user->channel);
	KUNIT_EXPECT_PTR_EQ(user->rig->test, adapter, user->rig->adapter);
	user->grants++;
	user->order = ++adapter_grants;
	if (user->on_grant)
		user->on_grant(user);
	return user->action;
}

static struct adapter_user *adapter_users(struct rig *rig, unsigned int count)
{
	struct adapter_user *users = kunit_kcalloc(rig->test, count, sizeof(*users), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(rig->test, users);
	for (i = 0; i < count; i++) {
		users[i].rig = rig;
		users[i].action = DMABAY_DEALLOCATE_OBJECT_KEEP_REGISTERS;
	}
	adapter_grants = 0;
	return users;
}

static int adapter_ask(struct adapter_user *user, unsigned int map_registers, unsigned int flags)
{
	user->map_registers = map_registers;
	return dmabay_adapter_allocate_channel(user->rig->adapter, &user->channel, map_registers,
					       flags, adapter_routine, user);
}

static int adapter_give(struct adapter_user *user)
{
	return dmabay_adapter_free_map_registers(user->rig->adapter, &user->channel,
						 user->map_registers);
}

static int adapter_map(struct adapter_user *user, struct rig_buffer *buffer, size_t offset,
		       size_t *length, enum dmabay_direction direction)
{
	user->list = (struct dmabay_sg_list){
		.capacity = ARRAY_SIZE(user->room),
		.elements = user->room,
	};
	return dmabay_adapter_map_transfer(user->rig->adapter, &user->channel, buffer->memory,
					   offset, length, direction, &user->list);
}

/* First of the suite: an illegal call warns, once for its kind. */
static void adapter_illegal_calls_warn(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 2);
	int again = 0, mapped = 0, flushed = 0, freed = 0, warnings = 0;
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 4096);
	size_t length = 4096;

	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 4, 0), 0);
	kunit_warning_suppress(test) {
		again = adapter_ask(&users[0], 4, 0);
		mapped = adapter_map(&users[1], buffer, 0, &length, DMABAY_READ_FROM_DEVICE);
		flushed = dmabay_adapter_flush(rig->adapter, &users[0].channel, 0);
		freed = adapter_give(&users[1]);
		warnings = KUNIT_SUPPRESSED_WARNING_COUNT();
	}
	KUNIT_EXPECT_EQ(test, again, -EBADFD);
	KUNIT_EXPECT_EQ(test, mapped, -EBADFD);
	KUNIT_EXPECT_EQ(test, flushed, -EBADFD);
	KUNIT_EXPECT_EQ(test, freed, -EBADFD);
	KUNIT_EXPECT_GE(test, warnings, 1);
	KUNIT_EXPECT_LE(test, warnings, 4);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[0]), 0);
}

static void adapter_v01_get(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 2);
	struct dmabay_adapter_info info;

	dmabay_adapter_info(rig->adapter, &info);
	KUNIT_EXPECT_EQ(test, info.provider, rig->param->provider);
	KUNIT_EXPECT_EQ(test, info.map_registers, 2);
	KUNIT_EXPECT_EQ(test, info.address_width, 32);
	dmabay_adapter_put(NULL);
}

static const struct dmabay_adapter_config adapter_good_config = {
	.size = sizeof(adapter_good_config),
	.max_length = 65536,
	.address_width = 32,
	.map_registers = 17,
	.provider = DMABAY_PROVIDER_BOUNCE,
};

static int adapter_try(struct rig *rig, const struct dmabay_adapter_config *config)
{
	struct dmabay_adapter *adapter = NULL;

	kunit_warning_suppress(rig->test)
		adapter = dmabay_adapter_get(rig->dev, config, NULL);
	KUNIT_EXPECT_NOT_NULL(rig->test, adapter);
	if (!IS_ERR(adapter))
		dmabay_adapter_put(adapter);
	return PTR_ERR_OR_ZERO(adapter);
}

/* V02: there is one version of the description; its size tells. */
static void adapter_v02_config(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_adapter_config config = adapter_good_config;

	config.size--;
	config.max_length = 0;
	KUNIT_EXPECT_EQ(test, adapter_try(rig, &config), -EPROTO);
	config = adapter_good_config;
	config.max_length = 0;
	KUNIT_EXPECT_EQ(test, adapter_try(rig, &config), -EINVAL);
	config.max_length = 1ULL << 32;
	KUNIT_EXPECT_EQ(test, adapter_try(rig, &config), -EINVAL);
	config = adapter_good_config;
	config.map_registers = 1;
	KUNIT_EXPECT_EQ(test, adapter_try(rig, &config), -EINVAL);
	config = adapter_good_config;
	config.provider = 4;
	KUNIT_EXPECT_EQ(test, adapter_try(rig, &config), -EINVAL);
	config = adapter_good_config;
	KUNIT_EXPECT_EQ(test, adapter_try(rig, &config), 0);
}

/* Streaming and coherent mappings have a mask each, and each is only ever narrowed. */
static void adapter_narrows_both_masks(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_adapter_config config = adapter_good_config;
	u64 *shared = rig->dev->dma_mask, streaming = DMA_BIT_MASK(30);

	rig->dev->dma_mask = &streaming;
	rig->dev->coherent_dma_mask = DMA_BIT_MASK(64);
	config.provider = 4;
	KUNIT_EXPECT_EQ(test, adapter_try(rig, &config), -EINVAL);
	KUNIT_EXPECT_EQ(test, rig->dev->coherent_dma_mask, DMA_BIT_MASK(64));
	config = adapter_good_config;
	KUNIT_EXPECT_EQ(test, adapter_try(rig, &config), 0);
	KUNIT_EXPECT_EQ(test, streaming, DMA_BIT_MASK(30));
	KUNIT_EXPECT_EQ(test, rig->dev->coherent_dma_mask, DMA_BIT_MASK(32));
	rig->dev->dma_mask = shared;
}

static void adapter_v03_registers_by_length(struct kunit *test)
{
	static const struct {
		size_t max_length;
		unsigned int map_registers;
	} rows[] = { { 65536, 17 }, { 65535, 17 }, { 65534, 17 }, { 4096, 2 }, { 1, 2 },
		     { 2, 2 }, { 4098, 3 } };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct rig *rig = rig_start_adapter(test, rows[i].max_length, 0);

		KUNIT_EXPECT_EQ_MSG(test, rig_free_registers(rig), rows[i].map_registers,
				    "maximum %zu", rows[i].max_length);
		rig_exit(test);
	}
}

static void adapter_v05_transfer_info(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct dmabay_memory *chain = rig_chain(rig, 2, 3000, 5000)->memory;
	unsigned int registers = 0, elements = 0;

	KUNIT_EXPECT_EQ(test, dmabay_adapter_transfer_info(rig->adapter, chain, 0, 10000,
							   &registers, &elements), 0);
	KUNIT_EXPECT_EQ(test, registers, 4);
	KUNIT_EXPECT_EQ(test, elements, 2);
	/* 1096 bytes into group 2: at its page boundary, so one page less */
	KUNIT_EXPECT_EQ(test, dmabay_adapter_transfer_info(rig->adapter, chain, 6096, 3904,
							   &registers, &elements), 0);
	KUNIT_EXPECT_EQ(test, registers, 1);
	KUNIT_EXPECT_EQ(test, elements, 1);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_transfer_info(rig->adapter, chain, 4999, 2,
							   &registers, &elements), 0);
	KUNIT_EXPECT_EQ(test, registers, 2);
	KUNIT_EXPECT_EQ(test, elements, 2);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_transfer_info(rig->adapter, chain, 0, 1, NULL, NULL),
			0);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_transfer_info(rig->adapter, chain, 0, 0, &registers,
							   NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_transfer_info(rig->adapter, chain, 10000, 1,
							   &registers, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_transfer_info(rig->adapter, chain, 9999, 2,
							   &registers, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_transfer_info(rig->adapter, chain, 1, (size_t)-1,
							   &registers, NULL), -EINVAL);
}

static void adapter_v06_more_than_there_are(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 2);

	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 18, 0), -ENOMEM);
	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 18, DMABAY_CHANNEL_IMMEDIATE), -ENOMEM);
	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], UINT_MAX, 0), -ENOMEM);
	KUNIT_EXPECT_EQ(test, adapter_ask(&users[1], 17, 0), 0);
	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 18, 0), -ENOMEM);
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 0);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[1]), 0);
	KUNIT_EXPECT_EQ(test, users[0].grants, 0);
}

static void adapter_v07_granted_at_once(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 1);

	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 5, 0), 0);
	KUNIT_EXPECT_EQ(test, users[0].grants, 1);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 12);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[0]), 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17);
}

static void adapter_v08_granted_later(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 2);

	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 13, 0), 0);
	KUNIT_EXPECT_EQ(test, adapter_ask(&users[1], 5, 0), 0);
	KUNIT_EXPECT_EQ(test, users[1].grants, 0);
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 1);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[0]), 0);
	KUNIT_EXPECT_EQ(test, users[1].grants, 1);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[1]), 0);
}

static void adapter_v09_immediate(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 1);

	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 17, DMABAY_CHANNEL_IMMEDIATE), 0);
	KUNIT_EXPECT_EQ(test, users[0].grants, 1);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[0]), 0);
}

/* V10: what is not there now fails now, and the channel is as good as new. */
static void adapter_v10_immediate_fails(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 3);

	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 13, 0), 0);
	KUNIT_EXPECT_EQ(test, adapter_ask(&users[1], 5, DMABAY_CHANNEL_IMMEDIATE), -ENOMEM);
	KUNIT_EXPECT_EQ(test, adapter_ask(&users[1], 5, 0), 0);
	/* Enough for this one, but somebody waits. */
	KUNIT_EXPECT_EQ(test, adapter_ask(&users[2], 1, DMABAY_CHANNEL_IMMEDIATE), -ENOMEM);
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 1);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[0]), 0);
	KUNIT_EXPECT_EQ(test, users[1].grants, 1);
	KUNIT_EXPECT_EQ(test, users[2].grants, 0);
	KUNIT_EXPECT_EQ(test, adapter_ask(&users[2], 1, DMABAY_CHANNEL_IMMEDIATE), 0);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[1]), 0);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[2]), 0);
}

/* Without a routine: the channel is the asking thread's when the call returns 0. */
static int adapter_take(struct adapter_user *user, unsigned int map_registers, unsigned int flags)
{
	user->map_registers = map_registers;
	return dmabay_adapter_allocate_channel(user->rig->adapter, &user->channel, map_registers,
					       flags, NULL, NULL);
}

static int adapter_end(struct adapter_user *user, enum dmabay_channel_action action)
{
	return dmabay_adapter_free_object(user->rig->adapter, &user->channel, action);
}

static int adapter_give_channel(struct adapter_user *user)
{
	return dmabay_adapter_free_channel(user->rig->adapter, &user->channel);
}

static void adapter_v11_immediate_without_routine(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 2);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 4096);
	size_t length = 4096;

	rig_fill(buffer, 1);
	KUNIT_EXPECT_EQ(test, adapter_take(&users[0], 5, DMABAY_CHANNEL_IMMEDIATE), 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 12);
	KUNIT_EXPECT_EQ(test, adapter_map(&users[0], buffer, 0, &length, DMABAY_WRITE_TO_DEVICE),
			0);
	KUNIT_EXPECT_EQ(test, rig_device_matching(rig, users[0].room[0].address, 0, 4096, 1), 4096);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_flush(rig->adapter, &users[0].channel, 4096), 0);
	/* It owns the channel object, too. */
	KUNIT_EXPECT_EQ(test, adapter_ask(&users[1], 1, 0), 0);
	KUNIT_EXPECT_EQ(test, users[1].grants, 0);
	KUNIT_EXPECT_EQ(test, adapter_give_channel(&users[0]), 0);
	KUNIT_EXPECT_EQ(test, users[1].grants, 1);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[1]), 0);
}

/* V12: without a routine the channel is all that the caller gets, so it must be there. */
static void adapter_v12_no_channel(struct kunit *test)
{
	static const unsigned int flags[] = { 0, DMABAY_CHANNEL_IMMEDIATE };
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 1);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(flags); i++) {
		KUNIT_EXPECT_EQ(test, dmabay_adapter_allocate_channel(rig->adapter, NULL, 1,
								      flags[i], NULL, NULL),
				-EINVAL);
		KUNIT_EXPECT_EQ(test, dmabay_adapter_allocate_channel(rig->adapter, NULL, 1,
								      flags[i], adapter_routine,
								      users), -EINVAL);
	}
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17);
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 0);
	KUNIT_EXPECT_EQ(test, users[0].grants, 0);
}

static void adapter_v13_without_routine(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 1);

	RIG_EXPECT_QUIET(test, adapter_take(&users[0], 1, 0), -EINVAL);
	RIG_EXPECT_QUIET(test, adapter_ask(&users[0], 0, 0), -EINVAL);
	RIG_EXPECT_QUIET(test, adapter_ask(&users[0], 1, BIT(1)), -EINVAL);
	RIG_EXPECT_QUIET(test, adapter_ask(&users[0], 1, BIT(31)), -EINVAL);
	RIG_EXPECT_QUIET(test, adapter_take(&users[0], 0, DMABAY_CHANNEL_IMMEDIATE), -EINVAL);
	RIG_EXPECT_QUIET(test, adapter_take(&users[0], 1, BIT(1) | DMABAY_CHANNEL_IMMEDIATE),
			 -EINVAL);
	KUNIT_EXPECT_EQ(test, users[0].grants, 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17);
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 0);
}

/* V14: what is not there now fails now, whatever it is that is not there. */
static void adapter_v14_immediate_without_routine_fails(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 3);

	KUNIT_EXPECT_EQ(test, adapter_take(&users[0], 18, DMABAY_CHANNEL_IMMEDIATE), -ENOMEM);
	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 13, 0), 0);
	/* registers */
	KUNIT_EXPECT_EQ(test, adapter_take(&users[1], 5, DMABAY_CHANNEL_IMMEDIATE), -ENOMEM);
	KUNIT_EXPECT_EQ(test, adapter_take(&users[1], 4, DMABAY_CHANNEL_IMMEDIATE), 0);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[0]), 0);
	/* the channel object */
	KUNIT_EXPECT_EQ(test, adapter_take(&users[0], 1, DMABAY_CHANNEL_IMMEDIATE), -ENOMEM);
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 0);
	KUNIT_EXPECT_EQ(test, adapter_end(&users[1], DMABAY_DEALLOCATE_OBJECT_KEEP_REGISTERS), 0);
	/* the turn */
	KUNIT_EXPECT_EQ(test, adapter_ask(&users[2], 17, 0), 0);
	KUNIT_EXPECT_EQ(test, adapter_take(&users[0], 1, DMABAY_CHANNEL_IMMEDIATE), -ENOMEM);
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 1);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[1]), 0);
	KUNIT_EXPECT_EQ(test, users[2].grants, 1);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[2]), 0);
}

/*
 * V15 to V17 with both who may: a channel that was allocated without a routine, and one
 * whose routine returned DMABAY_KEEP_OBJECT. The other one waits for the object.
 */
static struct adapter_user *adapter_owner(struct rig *rig, bool by_routine)
{
	struct adapter_user *users = adapter_users(rig, 2);
	struct kunit *test = rig->test;

	users[0].action = DMABAY_KEEP_OBJECT;
	if (by_routine)
		KUNIT_ASSERT_EQ(test, adapter_ask(&users[0], 5, 0), 0);
	else
		KUNIT_ASSERT_EQ(test, adapter_take(&users[0], 5, DMABAY_CHANNEL_IMMEDIATE), 0);
	KUNIT_ASSERT_EQ(test, adapter_ask(&users[1], 12, 0), 0);
	KUNIT_ASSERT_EQ(test, users[1].grants, 0);
	return users;
}

static void adapter_v15_free_object_keeps(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	unsigned int by_routine;

	for (by_routine = 0; by_routine < 2; by_routine++) {
		struct adapter_user *users = adapter_owner(rig, by_routine);

		KUNIT_EXPECT_EQ(test, adapter_end(&users[0], DMABAY_KEEP_OBJECT), 0);
		KUNIT_EXPECT_EQ(test, adapter_end(&users[0], DMABAY_KEEP_OBJECT), 0);
		KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 12);
		KUNIT_EXPECT_EQ(test, users[1].grants, 0);
		RIG_EXPECT_ILLEGAL(test, adapter_give(&users[0]));
		KUNIT_EXPECT_EQ(test, adapter_give_channel(&users[0]), 0);
		KUNIT_EXPECT_EQ(test, users[1].grants, 1);
		KUNIT_EXPECT_EQ(test, adapter_give(&users[1]), 0);
	}
}

static void adapter_v16_free_object_keeps_registers(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	unsigned int by_routine;

	for (by_routine = 0; by_routine < 2; by_routine++) {
		struct adapter_user *users = adapter_owner(rig, by_routine);
		const enum dmabay_channel_action keep = DMABAY_DEALLOCATE_OBJECT_KEEP_REGISTERS;

		KUNIT_EXPECT_EQ(test, adapter_end(&users[0], keep), 0);
		KUNIT_EXPECT_EQ(test, users[1].grants, 1);
		KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 0);
		RIG_EXPECT_ILLEGAL(test, adapter_end(&users[0], keep));
		RIG_EXPECT_ILLEGAL(test, adapter_give_channel(&users[0]));
		KUNIT_EXPECT_EQ(test, adapter_give(&users[1]), 0);
		KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 12);
		KUNIT_EXPECT_EQ(test, adapter_give(&users[0]), 0);
	}
}

static void adapter_v17_free_object(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	unsigned int by_routine;

	for (by_routine = 0; by_routine < 2; by_routine++) {
		struct adapter_user *users = adapter_owner(rig, by_routine);

		KUNIT_EXPECT_EQ(test, adapter_end(&users[0], DMABAY_DEALLOCATE_OBJECT), 0);
		KUNIT_EXPECT_EQ(test, users[1].grants, 1);
		KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 5);
		RIG_EXPECT_ILLEGAL(test, adapter_end(&users[0], DMABAY_DEALLOCATE_OBJECT));
		KUNIT_EXPECT_EQ(test, adapter_give(&users[1]), 0);
	}
}

static const enum dmabay_channel_action adapter_actions[] = {
	DMABAY_KEEP_OBJECT,
	DMABAY_DEALLOCATE_OBJECT,
	DMABAY_DEALLOCATE_OBJECT_KEEP_REGISTERS,
};

/* What the routine does not return yet is not to be said another way. */
static void adapter_end_undecided(struct adapter_user *user)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(adapter_actions); i++)
		RIG_EXPECT_ILLEGAL(user->rig->test, adapter_end(user, adapter_actions[i]));
}

static void adapter_free_object_refuses(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 3);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 4096);
	size_t length = 4096;
	unsigned int i;

	users[0].on_grant = adapter_end_undecided;
	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 5, 0), 0);
	KUNIT_EXPECT_EQ(test, adapter_take(&users[1], 5, DMABAY_CHANNEL_IMMEDIATE), 0);
	KUNIT_EXPECT_EQ(test, adapter_ask(&users[2], 5, 0), 0);
	for (i = 0; i < ARRAY_SIZE(adapter_actions); i++) {
		/* It has registers only; it waits. */
		RIG_EXPECT_ILLEGAL(test, adapter_end(&users[0], adapter_actions[i]));
		RIG_EXPECT_ILLEGAL(test, adapter_end(&users[2], adapter_actions[i]));
	}
	RIG_EXPECT_QUIET(test, adapter_end(&users[1], 0), -EINVAL);
	RIG_EXPECT_QUIET(test, adapter_end(&users[1], 4), -EINVAL);

	KUNIT_EXPECT_EQ(test, adapter_map(&users[1], buffer, 0, &length, DMABAY_READ_FROM_DEVICE),
			0);
	RIG_EXPECT_ILLEGAL(test, adapter_end(&users[1], DMABAY_DEALLOCATE_OBJECT));
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 7);
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 1);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_flush(rig->adapter, &users[1].channel, 4096), 0);

	KUNIT_EXPECT_EQ(test, adapter_end(&users[1], DMABAY_DEALLOCATE_OBJECT), 0);
	KUNIT_EXPECT_EQ(test, users[2].grants, 1);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[0]), 0);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[2]), 0);
}

static void adapter_v18_deallocate(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 2);

	users[0].action = DMABAY_DEALLOCATE_OBJECT;
	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 17, 0), 0);
	KUNIT_EXPECT_EQ(test, users[0].grants, 1);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17);
	RIG_EXPECT_ILLEGAL(test, adapter_give(&users[0]));
	/* The same channel may ask again. */
	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 3, 0), 0);
	KUNIT_EXPECT_EQ(test, users[0].grants, 2);
}

static void adapter_ask_next(struct adapter_user *user)
{
	struct adapter_user *next = user + 1;

	KUNIT_EXPECT_EQ(user->rig->test, adapter_ask(next, 5, 0), 0);
	/* The channel object is taken until this routine has returned. */
	KUNIT_EXPECT_EQ(user->rig->test, next->grants, 0);
}

static void adapter_v19_keep_registers(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 2);

	users[0].on_grant = adapter_ask_next;
	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 5, 0), 0);
	KUNIT_EXPECT_EQ(test, users[1].grants, 1);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 7);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[0]), 0);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[1]), 0);
}

static void adapter_v20_keep_object(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 2);

	users[0].action = DMABAY_KEEP_OBJECT;
	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 1, 0), 0);
	KUNIT_EXPECT_EQ(test, adapter_ask(&users[1], 5, 0), 0);
	/* Registers enough, but the channel object is taken. */
	KUNIT_EXPECT_EQ(test, users[1].grants, 0);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_free_channel(rig->adapter, &users[0].channel), 0);
	KUNIT_EXPECT_EQ(test, users[1].grants, 1);
	RIG_EXPECT_ILLEGAL(test, dmabay_adapter_free_channel(rig->adapter, &users[0].channel));
	KUNIT_EXPECT_EQ(test, adapter_give(&users[1]), 0);
}

static void adapter_v21_cancel_waiting(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 3);

	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 10, 0), 0);
	KUNIT_EXPECT_EQ(test, adapter_ask(&users[1], 17, 0), 0);
	KUNIT_EXPECT_EQ(test, adapter_ask(&users[2], 7, 0), 0);
	KUNIT_EXPECT_TRUE(test, dmabay_adapter_cancel_channel(rig->adapter, &users[1].channel));
	/* The one behind it was only kept back by it. */
	KUNIT_EXPECT_EQ(test, users[2].grants, 1);
	KUNIT_EXPECT_FALSE(test, dmabay_adapter_cancel_channel(rig->adapter, &users[1].channel));
	KUNIT_EXPECT_EQ(test, adapter_give(&users[0]), 0);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[2]), 0);
	KUNIT_EXPECT_EQ(test, users[1].grants, 0);
	RIG_EXPECT_ILLEGAL(test, adapter_give(&users[1]));
}

static void adapter_v22_cancel_granted(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 1);

	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 5, 0), 0);
	KUNIT_EXPECT_FALSE(test, dmabay_adapter_cancel_channel(rig->adapter, &users[0].channel));
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 12);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[0]), 0);
}

static void adapter_v23_cancel_another(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 3);

	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 17, 0), 0);
	KUNIT_EXPECT_EQ(test, adapter_ask(&users[1], 5, 0), 0);
	KUNIT_EXPECT_FALSE(test, dmabay_adapter_cancel_channel(rig->adapter, &users[2].channel));
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 1);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[0]), 0);
	KUNIT_EXPECT_EQ(test, users[1].grants, 1);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[1]), 0);
}

/* V24, decision 6.3-8: nothing is cancelled in advance. */
static void adapter_v24_cancel_in_advance(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 1);

	KUNIT_EXPECT_FALSE(test, dmabay_adapter_cancel_channel(rig->adapter, &users[0].channel));
	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 5, 0), 0);
	KUNIT_EXPECT_EQ(test, users[0].grants, 1);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[0]), 0);
}

/* V26: no element at all. One is enough, for a beginning. */
static void adapter_v26_no_room(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 1);
	struct rig_buffer *buffer = rig_chain(rig, 3, 0, 4096);
	struct dmabay_sg_list list = { .elements = users[0].room };
	size_t length = 12288;

	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 4, 0), 0);
	RIG_EXPECT_QUIET(test, dmabay_adapter_map_transfer(rig->adapter, &users[0].channel,
							   buffer->memory, 0, &length,
							   DMABAY_READ_FROM_DEVICE, &list),
			 -EINVAL);
	KUNIT_EXPECT_EQ(test, length, 12288);
	list.capacity = 1;
	KUNIT_EXPECT_EQ(test, dmabay_adapter_map_transfer(rig->adapter, &users[0].channel,
							  buffer->memory, 0, &length,
							  DMABAY_READ_FROM_DEVICE, &list), 0);
	KUNIT_EXPECT_EQ(test, length, 4096);
	KUNIT_EXPECT_EQ(test, list.count, 1);
	KUNIT_EXPECT_EQ(test, list.elements[0].length, 4096);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_flush(rig->adapter, &users[0].channel, 4096), 0);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[0]), 0);
}

/* Without lists a transfer is one element of one group, whatever room there is. */
static void adapter_one_element(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 1);
	struct rig_buffer *parts[] = { rig_scattered(rig, 0, 8192), rig_contiguous(rig, 0, 100) };
	struct rig_buffer *buffer = rig_join(rig, parts, 2);
	size_t at, length;

	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 17, 0), 0);
	for (at = 0; at < buffer->length; at += length) {
		length = buffer->length - at;
		KUNIT_ASSERT_EQ(test, adapter_map(&users[0], buffer, at, &length,
						  DMABAY_WRITE_TO_DEVICE), 0);
		KUNIT_EXPECT_EQ(test, users[0].list.count, 1);
		KUNIT_EXPECT_EQ(test, users[0].list.capacity, ARRAY_SIZE(users[0].room));
		KUNIT_EXPECT_PTR_EQ(test, users[0].list.elements, &users[0].room[0]);
		KUNIT_EXPECT_EQ(test, users[0].room[0].length, length);
		if (at < 8192)
			KUNIT_EXPECT_LE(test, at + length, 8192);
		KUNIT_ASSERT_EQ(test, dmabay_adapter_flush(rig->adapter, &users[0].channel,
							   length), 0);
	}
	KUNIT_EXPECT_EQ(test, adapter_give(&users[0]), 0);
}

static void adapter_v29_map_twice(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 1);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 8192);
	size_t length = 4096;

	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 4, 0), 0);
	KUNIT_EXPECT_EQ(test, adapter_map(&users[0], buffer, 0, &length, DMABAY_READ_FROM_DEVICE),
			0);
	RIG_EXPECT_ILLEGAL(test, adapter_map(&users[0], buffer, 4096, &length,
					     DMABAY_READ_FROM_DEVICE));
	/* Nor may what is mapped be freed. */
	RIG_EXPECT_ILLEGAL(test, adapter_give(&users[0]));
	KUNIT_EXPECT_EQ(test, dmabay_adapter_flush(rig->adapter, &users[0].channel, 4096), 0);
	KUNIT_EXPECT_EQ(test, adapter_map(&users[0], buffer, 4096, &length,
					  DMABAY_READ_FROM_DEVICE), 0);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_flush(rig->adapter, &users[0].channel, 0), 0);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[0]), 0);
}

static void adapter_v30_flush_makes_visible(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 1);
	struct rig_buffer *buffer = rig_scattered(rig, 300, 8192);
	size_t length = 8192, written = 0;
	unsigned int i;

	rig_fill(buffer, 1);
	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 4, 0), 0);
	KUNIT_EXPECT_EQ(test, adapter_map(&users[0], buffer, 0, &length, DMABAY_READ_FROM_DEVICE),
			0);
	for (i = 0; i < users[0].list.count; i++) {
		const struct dmabay_sg_element *element = &users[0].list.elements[i];

		rig_device_write(rig, element->address, written, element->length, 2);
		written += element->length;
	}
	KUNIT_EXPECT_EQ(test, written, length);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_flush(rig->adapter, &users[0].channel, length), 0);
	KUNIT_EXPECT_EQ(test, rig_matching(buffer, 0, length, 2), length);
	KUNIT_EXPECT_EQ(test, rig_matching(buffer, length, 8192 - length, 1), 8192 - length);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[0]), 0);
}

/* What a flush refuses: more than was mapped, and nothing mapped. */
static void adapter_flush_illegal(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 1);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 4096);
	size_t length = 4096;

	RIG_EXPECT_ILLEGAL(test, dmabay_adapter_flush(rig->adapter, &users[0].channel, 0));
	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 4, 0), 0);
	RIG_EXPECT_ILLEGAL(test, dmabay_adapter_flush(rig->adapter, &users[0].channel, 0));
	KUNIT_EXPECT_EQ(test, adapter_map(&users[0], buffer, 0, &length, DMABAY_READ_FROM_DEVICE),
			0);
	RIG_EXPECT_QUIET(test, dmabay_adapter_flush(rig->adapter, &users[0].channel, 4097),
			 -EINVAL);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_flush(rig->adapter, &users[0].channel, 4096), 0);
	RIG_EXPECT_ILLEGAL(test, dmabay_adapter_flush(rig->adapter, &users[0].channel, 0));
	KUNIT_EXPECT_EQ(test, adapter_give(&users[0]), 0);
}

/* V25: registers bound a mapping; the rest is for the next one. */
static void adapter_v25_maps_partially(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 1);
	struct rig_buffer *buffer = rig_contiguous(rig, 0x800, 20000);
	static const size_t expected[] = { 6144, 8192, 5664 };
	size_t length, at = 0;
	unsigned int i;

	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 2, 0), 0);
	for (i = 0; i < ARRAY_SIZE(expected); i++) {
		length = 20000 - at;
		KUNIT_EXPECT_EQ(test, adapter_map(&users[0], buffer, at, &length,
						  DMABAY_WRITE_TO_DEVICE), 0);
		KUNIT_EXPECT_EQ(test, length, expected[i]);
		KUNIT_EXPECT_EQ(test, dmabay_adapter_flush(rig->adapter, &users[0].channel, length),
				0);
		at += length;
	}
	KUNIT_EXPECT_EQ(test, adapter_give(&users[0]), 0);
}

static void adapter_v35_another_number(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 1);

	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 5, 0), 0);
	RIG_EXPECT_ILLEGAL(test, dmabay_adapter_free_map_registers(rig->adapter, &users[0].channel,
								   4));
	RIG_EXPECT_ILLEGAL(test, dmabay_adapter_free_map_registers(rig->adapter, &users[0].channel,
								   6));
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 12);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[0]), 0);
}

/* Rows 04 and 05 of Driver Verifier's table: freed twice, or never granted. */
static void adapter_free_twice(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 2);

	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 17, 0), 0);
	KUNIT_EXPECT_EQ(test, adapter_ask(&users[1], 17, 0), 0);
	RIG_EXPECT_ILLEGAL(test, adapter_give(&users[1]));	/* waits */
	KUNIT_EXPECT_EQ(test, adapter_give(&users[0]), 0);
	RIG_EXPECT_ILLEGAL(test, adapter_give(&users[0]));
	RIG_EXPECT_ILLEGAL(test, dmabay_adapter_free_channel(rig->adapter, &users[0].channel));
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 0);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[1]), 0);
}

/* Each way of keeping has its way of giving back. */
static void adapter_free_the_other_way(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 2);

	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 5, 0), 0);
	users[1].action = DMABAY_KEEP_OBJECT;
	KUNIT_EXPECT_EQ(test, adapter_ask(&users[1], 5, 0), 0);
	RIG_EXPECT_ILLEGAL(test, dmabay_adapter_free_channel(rig->adapter, &users[0].channel));
	RIG_EXPECT_ILLEGAL(test, adapter_give(&users[1]));
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 7);
	if (rig_free_registers(rig) == 7) {
		KUNIT_EXPECT_EQ(test, adapter_give(&users[0]), 0);
		KUNIT_EXPECT_EQ(test, dmabay_adapter_free_channel(rig->adapter,
								  &users[1].channel), 0);
	}
}

static void adapter_allocate_twice(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 2);

	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 17, 0), 0);
	RIG_EXPECT_ILLEGAL(test, adapter_ask(&users[0], 17, 0));	/* granted */
	KUNIT_EXPECT_EQ(test, adapter_ask(&users[1], 17, 0), 0);
	RIG_EXPECT_ILLEGAL(test, adapter_ask(&users[1], 17, 0));	/* waits */
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 1);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[0]), 0);
	KUNIT_EXPECT_EQ(test, users[1].grants, 1);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[1]), 0);
}

static void adapter_v36_map_bounds(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 1);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 8192);
	static const struct {
		size_t offset;
		size_t length;
	} rows[] = { { 0, 0 }, { 8192, 1 }, { 8191, 2 }, { 1, (size_t)-1 }, { (size_t)-1, 2 } };
	unsigned int i;
	size_t length;

	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 4, 0), 0);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		length = rows[i].length;
		RIG_EXPECT_QUIET(test, adapter_map(&users[0], buffer, rows[i].offset, &length,
						   DMABAY_READ_FROM_DEVICE), -EINVAL);
	}
	length = 1;
	KUNIT_EXPECT_EQ(test, adapter_map(&users[0], buffer, 8191, &length,
					  DMABAY_READ_FROM_DEVICE), 0);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_flush(rig->adapter, &users[0].channel, 1), 0);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[0]), 0);
}

static void adapter_map_without_registers(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 2);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 8192);
	size_t length = 4096;

	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 17, 0), 0);
	KUNIT_EXPECT_EQ(test, adapter_ask(&users[1], 17, 0), 0);
	RIG_EXPECT_ILLEGAL(test, adapter_map(&users[1], buffer, 0, &length,
					     DMABAY_READ_FROM_DEVICE));
	KUNIT_EXPECT_TRUE(test, dmabay_adapter_cancel_channel(rig->adapter, &users[1].channel));
	RIG_EXPECT_ILLEGAL(test, adapter_map(&users[1], buffer, 0, &length,
					     DMABAY_READ_FROM_DEVICE));
	KUNIT_EXPECT_EQ(test, adapter_give(&users[0]), 0);
	RIG_EXPECT_ILLEGAL(test, adapter_map(&users[0], buffer, 0, &length,
					     DMABAY_READ_FROM_DEVICE));
}

/* V37: an adapter in use is not freed under its users; it warns, and stays. */
static void adapter_v37_put_in_use(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 1);

	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 5, 0), 0);
	kunit_warning_suppress(test) {
		dmabay_adapter_put(rig->adapter);
		KUNIT_EXPECT_EQ(test, KUNIT_SUPPRESSED_WARNING_COUNT(), 1);
	}
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 12);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[0]), 0);
}

/* Put with its device: seen from the warning that it is still in use. */
static void adapter_devm(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct adapter_user *users = adapter_users(rig, 1);
	struct dmabay_adapter_config config = adapter_good_config;
	unsigned int map_registers = 0;
	void *group;

	config.size--;
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(devm_dmabay_adapter_get(rig->dev, &config, NULL)),
			-EPROTO);

	group = devres_open_group(rig->dev, NULL, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, group);
	rig->adapter = devm_dmabay_adapter_get(rig->dev, &adapter_good_config, &map_registers);
	if (IS_ERR(rig->adapter))
		rig->adapter = NULL;
	KUNIT_ASSERT_NOT_NULL(test, rig->adapter);
	KUNIT_EXPECT_EQ(test, map_registers, 17);
	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 5, 0), 0);
	kunit_warning_suppress(test) {
		devres_release_group(rig->dev, group);
		KUNIT_EXPECT_EQ(test, KUNIT_SUPPRESSED_WARNING_COUNT(), 1);
	}
	/* Nothing was given back, so it is the test's now. */
	KUNIT_EXPECT_EQ(test, adapter_give(&users[0]), 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17);
}

/* V42: nothing is taken for "no registers" that only looks like it. */
static void adapter_v42_whatever_the_base(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 1);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 4096);
	size_t length = 4096;

	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 1, 0), 0);
	KUNIT_EXPECT_EQ(test, adapter_map(&users[0], buffer, 0, &length, DMABAY_READ_FROM_DEVICE),
			0);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_flush(rig->adapter, &users[0].channel, 0), 0);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[0]), 0);
}

/*
 * The line against a model: granted are those in front for whom there are credits,
 * in order, at once, and nobody else, whatever sizes came and went before.
 */
static void adapter_credits_alone_decide(struct kunit *test)
{
	const unsigned int count = 24, total = 33;
	struct rig *rig = rig_start_adapter(test, 32 * PAGE_SIZE, total);
	struct adapter_user *users = adapter_users(rig, count);
	unsigned int line[24], waiting = 0, free = total, round, i;
	struct adapter_user *user;
	u32 seed = get_random_u32();
	struct rnd_state random;
	bool held[24] = {}, waits[24] = {};

	prandom_seed_state(&random, seed);
	kunit_info(test, "seed %u\n", seed);
	for (round = 0; round < 5000 && test->status != KUNIT_FAILURE && !rig_time_is_up(rig);
	     round++) {
		unsigned int n = prandom_u32_state(&random) % count;
		unsigned int grants = adapter_grants;

		user = &users[n];
		if (held[n]) {
			KUNIT_ASSERT_EQ(test, adapter_give(user), 0);
			free += user->map_registers;
			held[n] = false;
		} else if (waits[n]) {
			KUNIT_ASSERT_TRUE(test, dmabay_adapter_cancel_channel(rig->adapter,
									      &user->channel));
			for (i = 0; line[i] != n; i++)
				;
			waiting--;
			memmove(&line[i], &line[i + 1], (waiting - i) * sizeof(line[0]));
			waits[n] = false;
		} else {
			unsigned int size = prandom_u32_state(&random) % 4 ? 5 : total;

			size = 1 + prandom_u32_state(&random) % size;
			line[waiting++] = n;
			waits[n] = true;
			KUNIT_ASSERT_EQ(test, adapter_ask(user, size, 0), 0);
		}
		while (waiting && users[line[0]].map_registers <= free) {
			user = &users[line[0]];
			KUNIT_ASSERT_EQ(test, user->order, ++grants);
			free -= user->map_registers;
			held[line[0]] = true;
			waits[line[0]] = false;
			waiting--;
			memmove(&line[0], &line[1], waiting * sizeof(line[0]));
		}
		KUNIT_ASSERT_EQ(test, adapter_grants, grants);
		KUNIT_ASSERT_EQ(test, rig_free_registers(rig), free);
		KUNIT_ASSERT_EQ(test, rig_waiters(rig), waiting);
	}
	while (waiting)
		dmabay_adapter_cancel_channel(rig->adapter, &users[line[--waiting]].channel);
	for (i = 0; i < count; i++) {
		if (held[i])
			KUNIT_EXPECT_EQ(test, adapter_give(&users[i]), 0);
	}
}

static void adapter_give_own(struct adapter_user *user)
{
	KUNIT_EXPECT_EQ(user->rig->test, adapter_give(user), 0);
}

/* Freed inside its own routine: the answer is about nothing then, and harmless. */
static void adapter_free_in_routine(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 3);

	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 17, 0), 0);
	users[1].on_grant = adapter_give_own;
	KUNIT_EXPECT_EQ(test, adapter_ask(&users[1], 17, 0), 0);
	KUNIT_EXPECT_EQ(test, adapter_ask(&users[2], 17, 0), 0);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[0]), 0);
	KUNIT_EXPECT_EQ(test, users[1].grants, 1);
	KUNIT_EXPECT_EQ(test, users[2].grants, 1);
	KUNIT_EXPECT_EQ(test, users[2].order, 3);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[2]), 0);
}

static void adapter_give_and_take(struct adapter_user *user)
{
	KUNIT_EXPECT_EQ(user->rig->test, adapter_give(user), 0);
	KUNIT_EXPECT_EQ(user->rig->test, adapter_take(user, 5, DMABAY_CHANNEL_IMMEDIATE), 0);
}

/* The answer is not about what the channel was allocated for meanwhile, either. */
static void adapter_take_in_routine(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 1);
	unsigned int i;

	users[0].on_grant = adapter_give_and_take;
	for (i = 0; i < ARRAY_SIZE(adapter_actions); i++) {
		users[0].action = adapter_actions[i];
		KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 17, 0), 0);
		KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 12);
		KUNIT_EXPECT_EQ(test, adapter_end(&users[0], DMABAY_DEALLOCATE_OBJECT), 0);
		KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17);
	}
}

static struct kunit_case adapter_cases[] = {
	KUNIT_CASE(adapter_illegal_calls_warn),
	RIG_CASE(adapter_v01_get),
	KUNIT_CASE(adapter_v02_config),
	KUNIT_CASE(adapter_narrows_both_masks),
	RIG_CASE(adapter_v03_registers_by_length),
	RIG_CASE_PROFILES(adapter_v05_transfer_info),
	RIG_CASE(adapter_v06_more_than_there_are),
	RIG_CASE(adapter_v07_granted_at_once),
	RIG_CASE(adapter_v08_granted_later),
	RIG_CASE(adapter_v09_immediate),
	RIG_CASE(adapter_v10_immediate_fails),
	RIG_CASE(adapter_v11_immediate_without_routine),
	KUNIT_CASE(adapter_v12_no_channel),
	KUNIT_CASE(adapter_v13_without_routine),
	RIG_CASE(adapter_v14_immediate_without_routine_fails),
	RIG_CASE(adapter_v15_free_object_keeps),
	RIG_CASE(adapter_v16_free_object_keeps_registers),
	RIG_CASE(adapter_v17_free_object),
	RIG_CASE(adapter_free_object_refuses),
	RIG_CASE(adapter_v18_deallocate),
	RIG_CASE(adapter_v19_keep_registers),
	RIG_CASE(adapter_v20_keep_object),
	RIG_CASE(adapter_v21_cancel_waiting),
	RIG_CASE(adapter_v22_cancel_granted),
	RIG_CASE(adapter_v23_cancel_another),
	RIG_CASE(adapter_v24_cancel_in_advance),
	RIG_CASE_PROFILES(adapter_v25_maps_partially),
	RIG_CASE_PROFILES(adapter_v26_no_room),
	RIG_CASE(adapter_one_element),
	RIG_CASE_PROFILES(adapter_v29_map_twice),
	RIG_CASE_PROFILES(adapter_v30_flush_makes_visible),
	RIG_CASE_PROFILES(adapter_flush_illegal),
	RIG_CASE(adapter_v35_another_number),
	RIG_CASE(adapter_free_twice),
	RIG_CASE(adapter_free_the_other_way),
	RIG_CASE(adapter_allocate_twice),
	RIG_CASE_PROFILES(adapter_v36_map_bounds),
	RIG_CASE(adapter_map_without_registers),
	RIG_CASE(adapter_v37_put_in_use),
	KUNIT_CASE(adapter_devm),
	RIG_CASE_PROFILES(adapter_v42_whatever_the_base),
	RIG_CASE(adapter_credits_alone_decide),
	RIG_CASE(adapter_free_in_routine),
	RIG_CASE(adapter_take_in_routine),
	{}
};

struct kunit_suite dmabay_adapter_suite = {
	.name = "dmabay_adapter",
	.exit = rig_end,
	.test_cases = adapter_cases,
};
kunit_test_suite(dmabay_adapter_suite);
