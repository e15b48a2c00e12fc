// SPDX-License-Identifier: GPL-2.0-only
/* Whoever asks for registers, one allocation at a time. See adapter.h. */
#include "adapter.h"

unsigned int adapter_grants;

enum dmabay_channel_action adapter_routine(struct dmabay_adapter *adapter,
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

struct adapter_user *adapter_users(struct rig *rig, unsigned int count)
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

int adapter_ask(struct adapter_user *user, unsigned int map_registers, unsigned int flags)
{
	user->map_registers = map_registers;
	return dmabay_adapter_allocate_channel(user->rig->adapter, &user->channel, map_registers,
					       flags, adapter_routine, user);
}

int adapter_give(struct adapter_user *user)
{
	return dmabay_adapter_free_map_registers(user->rig->adapter, &user->channel,
						 user->map_registers);
}

int adapter_map(struct adapter_user *user, struct rig_buffer *buffer, size_t offset, size_t *length,
		enum dmabay_direction direction)
{
	user->list = (struct dmabay_sg_list){
		.capacity = ARRAY_SIZE(user->room),
		.elements = user->room,
	};
	return dmabay_adapter_map_transfer(user->rig->adapter, &user->channel, buffer->memory,
					   offset, length, direction, &user->list);
}
