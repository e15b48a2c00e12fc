// SPDX-License-Identifier: GPL-2.0-only
/* The WDM layer of a controller: mapping starts it, and cancelling stops it (1.5, 5.14). */
#include "system.h"

/* A driver's channel, and the transfer it was told of last. */
struct adapter_user {
	struct system *system;
	struct dmabay_adapter *adapter;
	struct dmabay_channel channel;
	struct rig_buffer *buffer;
	size_t length;
	size_t length_seen;
};

static enum dmabay_channel_action adapter_keep(struct dmabay_adapter *adapter,
					       struct dmabay_channel *channel, void *context)
{
	return DMABAY_KEEP_OBJECT;
}

static enum dmabay_channel_action adapter_keep_registers(struct dmabay_adapter *adapter,
							 struct dmabay_channel *channel,
							 void *context)
{
	return DMABAY_DEALLOCATE_OBJECT_KEEP_REGISTERS;
}

static void adapter_told(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			 void *context, enum dmabay_dma_status status)
{
	struct adapter_user *user = context;
	struct system *system = user->system;

	KUNIT_EXPECT_PTR_EQ(system->test, adapter, user->adapter);
	KUNIT_EXPECT_PTR_EQ(system->test, channel, &user->channel);
	user->length_seen = user->length;
	system->status = status;
	system->completed++;
	complete(&system->told);
}

/* The channel object is this one's, with so many registers. */
static struct adapter_user *adapter_user(struct system *system, unsigned int map_registers,
					 dmabay_channel_routine_t routine)
{
	struct kunit *test = system->test;
	struct adapter_user *user = kunit_kzalloc(test, sizeof(*user), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, user);
	user->system = system;
	user->adapter = system->rig->adapter;
	user->buffer = rig_contiguous(system->rig, 0, 16384);
	KUNIT_ASSERT_EQ(test, 0, dmabay_adapter_allocate_channel(user->adapter, &user->channel,
								 map_registers, 0, routine, user));
	return user;
}

static int adapter_start(struct adapter_user *user, size_t length)
{
	user->length = length;
	return dmabay_adapter_start_transfer(user->adapter, &user->channel, user->buffer->memory,
					     0, &user->length, 0, DMABAY_READ_FROM_DEVICE, NULL,
					     adapter_told, user);
}

static int adapter_cancel(struct adapter_user *user)
{
	return dmabay_adapter_cancel_mapped_transfer(user->adapter, &user->channel);
}

static void adapter_end(struct adapter_user *user)
{
	KUNIT_EXPECT_EQ(user->system->test, 0,
			dmabay_adapter_free_channel(user->adapter, &user->channel));
}

/* V27: nobody but the controller needs the list. */
static void system_v27_no_list(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct adapter_user *user = adapter_user(system, 4, adapter_keep);

	system_fill(system, 0, 8192, 21);
	KUNIT_EXPECT_EQ(test, adapter_start(user, 8192), 0);
	system_transfer(system);
	KUNIT_EXPECT_EQ(test, system->status, DMABAY_DMA_COMPLETE);
	KUNIT_EXPECT_EQ(test, user->length, 8192);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_flush(user->adapter, &user->channel, 8192), 0);
	KUNIT_EXPECT_EQ(test, rig_matching(user->buffer, 0, 8192, 21), 8192);
	adapter_end(user);
}

/* V28: how much was mapped is known when the routine runs, however early that is. */
static void system_v28_length_is_final(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct adapter_user *user = adapter_user(system, 2, adapter_keep);

	if (system->channel)
		system->channel->script.when = FAKE_INSIDE_ISSUE;
	KUNIT_EXPECT_EQ(test, adapter_start(user, 16384), 0);
	system_wait(system);
	KUNIT_EXPECT_EQ(test, user->length_seen, 8192);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_flush(user->adapter, &user->channel, 8192), 0);
	adapter_end(user);
}

/* V31: cancelled, nothing starts any more, and nothing stays mapped. */
static void system_v31_start_after_cancel(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct adapter_user *user = adapter_user(system, 4, adapter_keep);

	KUNIT_EXPECT_EQ(test, adapter_cancel(user), 0);
	KUNIT_EXPECT_EQ(test, adapter_start(user, 4096), -ECANCELED);
	KUNIT_EXPECT_STREQ(test, system->channel->story, "");
	adapter_end(user);
	KUNIT_EXPECT_EQ(test, system->completed, 0);
}

/* V31: until the channel is free. */
static void system_v31_free_forgets(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct adapter_user *user = adapter_user(system, 4, adapter_keep);

	KUNIT_EXPECT_EQ(test, adapter_cancel(user), 0);
	adapter_end(user);
	user = adapter_user(system, 4, adapter_keep);
	KUNIT_EXPECT_EQ(test, adapter_start(user, 4096), 0);
	system_transfer(system);
	KUNIT_EXPECT_EQ(test, system->status, DMABAY_DMA_COMPLETE);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_flush(user->adapter, &user->channel, 4096), 0);
	adapter_end(user);
}

/* V32: told once, and flushed as ever; cancelling what was cancelled fails. */
static void system_v32_cancel(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct adapter_user *user = adapter_user(system, 4, adapter_keep);

	KUNIT_EXPECT_EQ(test, adapter_start(user, 4096), 0);
	KUNIT_EXPECT_EQ(test, adapter_cancel(user), 0);
	KUNIT_EXPECT_EQ(test, adapter_cancel(user), -EALREADY);
	system_wait(system);
	KUNIT_EXPECT_EQ(test, system->status, DMABAY_DMA_CANCELLED);
	KUNIT_EXPECT_EQ(test, adapter_cancel(user), -EALREADY);
	RIG_EXPECT_ILLEGAL(test, dmabay_adapter_free_channel(user->adapter, &user->channel));
	KUNIT_EXPECT_EQ(test, dmabay_adapter_flush(user->adapter, &user->channel, 0), 0);
	adapter_end(user);
	KUNIT_EXPECT_EQ(test, system->completed, 1);
}

/* V33: flushing takes the mark away. */
static void system_v33_flushed_after_cancel(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct adapter_user *user = adapter_user(system, 4, adapter_keep);

	KUNIT_EXPECT_EQ(test, adapter_start(user, 4096), 0);
	KUNIT_EXPECT_EQ(test, adapter_cancel(user), 0);
	system_wait(system);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_flush(user->adapter, &user->channel, 0), 0);
	KUNIT_EXPECT_EQ(test, adapter_start(user, 4096), 0);
	system_transfer(system);
	KUNIT_EXPECT_EQ(test, system->status, DMABAY_DMA_COMPLETE);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_flush(user->adapter, &user->channel, 4096), 0);
	adapter_end(user);
}

/* V34: bytes that are left, under way and after it. */
static void system_v34_read_counter(struct kunit *test)
{
	struct fake_engine_config engine = system_engine(test);
	struct adapter_user *user;
	struct system *system;

	engine.residue_granularity = DMA_RESIDUE_GRANULARITY_BURST;
	system = system_prepare(test, &engine);
	system_enable(system, 65536, 17);
	user = adapter_user(system, 4, adapter_keep);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_read_counter(user->adapter), 0);
	KUNIT_EXPECT_EQ(test, adapter_start(user, 8192), 0);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_read_counter(user->adapter), 8192);
	KUNIT_EXPECT_TRUE(test, fake_channel_move(system->channel, 100));
	KUNIT_EXPECT_EQ(test, dmabay_adapter_read_counter(user->adapter), 8092);
	system_transfer(system);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_read_counter(user->adapter), 0);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_flush(user->adapter, &user->channel, 8192), 0);
	adapter_end(user);
}

/* The memory is the controller's as long as it is at work. */
static void system_flush_while_running(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct adapter_user *user = adapter_user(system, 4, adapter_keep);

	KUNIT_EXPECT_EQ(test, adapter_start(user, 4096), 0);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_flush(user->adapter, &user->channel, 4096), -EBUSY);
	RIG_EXPECT_ILLEGAL(test, dmabay_adapter_free_channel(user->adapter, &user->channel));
	RIG_EXPECT_ILLEGAL(test, adapter_start(user, 4096));
	system_transfer(system);
	KUNIT_EXPECT_EQ(test, system->status, DMABAY_DMA_COMPLETE);
	RIG_EXPECT_ILLEGAL(test, adapter_start(user, 4096));
	KUNIT_EXPECT_EQ(test, dmabay_adapter_flush(user->adapter, &user->channel, 4096), 0);
	adapter_end(user);
}

/* Whoever has registers alone has no controller: not to start, to stop or to let start. */
static void system_not_the_owner(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct adapter_user *other = adapter_user(system, 4, adapter_keep_registers);
	struct adapter_user *owner = adapter_user(system, 4, adapter_keep);

	RIG_EXPECT_ILLEGAL(test, adapter_start(other, 4096));
	KUNIT_EXPECT_STREQ(test, system->channel->story, "");
	KUNIT_EXPECT_EQ(test, adapter_start(owner, 4096), 0);
	RIG_EXPECT_ILLEGAL(test, adapter_cancel(other));
	KUNIT_EXPECT_EQ(test, adapter_cancel(owner), 0);
	KUNIT_EXPECT_EQ(test, 0,
			dmabay_adapter_free_map_registers(other->adapter, &other->channel, 4));
	KUNIT_EXPECT_EQ(test, adapter_cancel(owner), -EALREADY);
	system_wait(system);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_flush(owner->adapter, &owner->channel, 0), 0);
	adapter_end(owner);
	RIG_EXPECT_ILLEGAL(test, adapter_start(owner, 4096));
	RIG_EXPECT_ILLEGAL(test, adapter_cancel(owner));
}

/* As for any mapping. */
static void system_start_arguments(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct adapter_user *user = adapter_user(system, 4, adapter_keep);
	size_t length = 1;

	KUNIT_EXPECT_EQ(test, adapter_start(user, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, adapter_start(user, 16385), -EINVAL);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			dmabay_adapter_start_transfer(user->adapter, &user->channel,
						      user->buffer->memory, 16384, &length, 0,
						      DMABAY_READ_FROM_DEVICE, NULL, NULL, NULL));
	KUNIT_EXPECT_STREQ(test, system->channel->story, "");
	adapter_end(user);
}

/* An adapter of a bus master has none of it. */
static void system_no_controller(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct dma_slave_config slave = {};
	struct system system = { .test = test, .rig = rig };
	struct adapter_user *user = adapter_user(&system, 4, adapter_keep);

	KUNIT_EXPECT_EQ(test, adapter_start(user, 4096), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, adapter_cancel(user), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_read_counter(rig->adapter), 0);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP, dmabay_adapter_configure_channel(rig->adapter, &slave));
	adapter_end(user);
}

static struct kunit_case system_adapter_cases[] = {
	SYSTEM_CASE(system_v27_no_list),
	SYSTEM_CASE(system_v28_length_is_final),
	SYSTEM_CASE_FAKE(system_v31_start_after_cancel),
	SYSTEM_CASE(system_v31_free_forgets),
	SYSTEM_CASE_FAKE(system_v32_cancel),
	SYSTEM_CASE_FAKE(system_v33_flushed_after_cancel),
	SYSTEM_CASE_FAKE(system_v34_read_counter),
	SYSTEM_CASE_FAKE(system_flush_while_running),
	SYSTEM_CASE_FAKE(system_not_the_owner),
	SYSTEM_CASE_FAKE(system_start_arguments),
	RIG_CASE(system_no_controller),
	{}
};

struct kunit_suite dmabay_system_adapter_suite = {
	.name = "dmabay_system_adapter",
	.exit = rig_end,
	.test_cases = system_adapter_cases,
};
kunit_test_suite(dmabay_system_adapter_suite);
