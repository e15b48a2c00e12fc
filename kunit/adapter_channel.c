// SPDX-License-Identifier: GPL-2.0-only
/*
 * Channels: allocated at once or in the line, with a routine or without, kept and given
 * back in each way there is.
 */
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/string.h>

#include "adapter.h"

void adapter_v06_more_than_there_are(struct kunit *test)
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

void adapter_v07_granted_at_once(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 1);

	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 5, 0), 0);
	KUNIT_EXPECT_EQ(test, users[0].grants, 1);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 12);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[0]), 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17);
}

void adapter_v08_granted_later(struct kunit *test)
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

void adapter_v09_immediate(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 1);

	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 17, DMABAY_CHANNEL_IMMEDIATE), 0);
	KUNIT_EXPECT_EQ(test, users[0].grants, 1);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[0]), 0);
}

/* V10: what is not there now fails now, and the channel is as good as new. */
void adapter_v10_immediate_fails(struct kunit *test)
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

void adapter_v11_immediate_without_routine(struct kunit *test)
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
void adapter_v12_no_channel(struct kunit *test)
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

void adapter_v13_without_routine(struct kunit *test)
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
void adapter_v14_immediate_without_routine_fails(struct kunit *test)
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

void adapter_v15_free_object_keeps(struct kunit *test)
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

void adapter_v16_free_object_keeps_registers(struct kunit *test)
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

void adapter_v17_free_object(struct kunit *test)
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

void adapter_free_object_refuses(struct kunit *test)
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

void adapter_v18_deallocate(struct kunit *test)
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

void adapter_v19_keep_registers(struct kunit *test)
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

void adapter_v20_keep_object(struct kunit *test)
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

void adapter_v21_cancel_waiting(struct kunit *test)
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

void adapter_v22_cancel_granted(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 1);

	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 5, 0), 0);
	KUNIT_EXPECT_FALSE(test, dmabay_adapter_cancel_channel(rig->adapter, &users[0].channel));
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 12);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[0]), 0);
}

void adapter_v23_cancel_another(struct kunit *test)
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
void adapter_v24_cancel_in_advance(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 1);

	KUNIT_EXPECT_FALSE(test, dmabay_adapter_cancel_channel(rig->adapter, &users[0].channel));
	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 5, 0), 0);
	KUNIT_EXPECT_EQ(test, users[0].grants, 1);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[0]), 0);
}

void adapter_v35_another_number(struct kunit *test)
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
void adapter_free_twice(struct kunit *test)
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
void adapter_free_the_other_way(struct kunit *test)
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

void adapter_allocate_twice(struct kunit *test)
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

/*
 * The line against a model: granted are those in front for whom there are credits,
 * in order, at once, and nobody else, whatever sizes came and went before.
 */
void adapter_credits_alone_decide(struct kunit *test)
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
void adapter_free_in_routine(struct kunit *test)
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
void adapter_take_in_routine(struct kunit *test)
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
