// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lists in one call: mapped whole or not at all, at once or when their turn comes; and
 * the list of all tests. See sg_list.h.
 */
#include <kunit/static_stub.h>
#include <linux/slab.h>

#include "../module/dmabay_private.h"
#include "sg_list.h"

#define LIST_ROOM	32

/* One list, and how it went. */
struct list_user {
	struct dmabay_sg_channel channel;
	struct rig *rig;
	struct rig_buffer *buffer;
	void (*on_list)(struct list_user *user, const struct dmabay_sg_list *list);
	unsigned int calls;
	unsigned int failures;
	/* the how many-th routine of the test it was */
	unsigned int order;
	unsigned int rounds;
};

/* Tests of a suite run one at a time. */
static unsigned int list_calls;

static void list_routine(struct dmabay_adapter *adapter, struct dmabay_sg_channel *channel,
			 const struct dmabay_sg_list *list, void *context)
{
	struct list_user *user = context;
	struct kunit *test = user->rig->test;

	KUNIT_EXPECT_PTR_EQ(test, channel, &user->channel);
	KUNIT_EXPECT_PTR_EQ(test, adapter, user->rig->adapter);
	user->calls++;
	user->order = ++list_calls;
	if (list)
		KUNIT_EXPECT_PTR_EQ(test, list, &channel->list);
	else
		user->failures++;
	if (user->on_list)
		user->on_list(user, list);
}

/* Each with a buffer of its own: so many groups of 5000 bytes, on two pages each. */
static struct list_user *list_users(struct rig *rig, unsigned int count, unsigned int groups)
{
	struct list_user *users = kunit_kcalloc(rig->test, count, sizeof(*users), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(rig->test, users);
	for (i = 0; i < count; i++) {
		users[i].rig = rig;
		users[i].buffer = rig_chain(rig, groups, 3000, 5000);
	}
	list_calls = 0;
	return users;
}

static int list_get_range(struct list_user *user, size_t offset, size_t length,
			  enum dmabay_direction direction, unsigned int flags)
{
	return dmabay_adapter_get_sg_list(user->rig->adapter, &user->channel, user->buffer->memory,
					  offset, length, direction, flags, list_routine, user);
}

static int list_get(struct list_user *user, unsigned int flags)
{
	return list_get_range(user, 0, user->buffer->length, DMABAY_READ_FROM_DEVICE, flags);
}

/* Without a routine. */
static int list_take(struct list_user *user, enum dmabay_direction direction, unsigned int flags)
{
	return dmabay_adapter_get_sg_list(user->rig->adapter, &user->channel, user->buffer->memory,
					  0, user->buffer->length, direction, flags, NULL, NULL);
}

static int list_put(struct list_user *user)
{
	return dmabay_adapter_put_sg_list(user->rig->adapter, &user->channel);
}

static bool list_cancel(struct list_user *user)
{
	return dmabay_adapter_cancel_sg_list(user->rig->adapter, &user->channel);
}

static unsigned int list_references(const struct rig_buffer *buffer)
{
	return kref_read(&buffer->memory->kref);
}

static unsigned int list_registers(struct list_user *user)
{
	unsigned int registers = 0;

	KUNIT_EXPECT_EQ(user->rig->test, 0,
			dmabay_adapter_transfer_info(user->rig->adapter, user->buffer->memory, 0,
						     user->buffer->length, &registers, NULL));
	return registers;
}

/* First of the suite: an illegal call warns, once for its kind. */
static void list_illegal_calls_warn(struct kunit *test)
{
	int got = 0, put[2] = {}, warnings = 0;
	struct list_user *users;
	struct rig *rig;

	test->param_value = &rig_providers[RIG_PROVIDERS];
	rig = rig_start_adapter(test, 65536, 17);
	users = list_users(rig, 2, 1);
	KUNIT_EXPECT_EQ(test, list_get(&users[0], 0), 0);
	kunit_warning_suppress(test) {
		got = list_get(&users[0], 0);
		put[0] = list_put(&users[1]);
		put[1] = list_put(&users[1]);
		warnings = KUNIT_SUPPRESSED_WARNING_COUNT();
	}
	KUNIT_EXPECT_EQ(test, got, -EBADFD);
	KUNIT_EXPECT_EQ(test, put[0], -EBADFD);
	KUNIT_EXPECT_EQ(test, put[1], -EBADFD);
	KUNIT_EXPECT_GE(test, warnings, 1);
	KUNIT_EXPECT_LE(test, warnings, 2);
	KUNIT_EXPECT_EQ(test, list_put(&users[0]), 0);
}

/* A chain of what there is: scattered and contiguous, at page bounds and not. */
static struct rig_buffer *list_mixed(struct rig *rig)
{
	struct rig_buffer *parts[] = {
		rig_contiguous(rig, 3000, 5000),
		rig_scattered(rig, 0, 8192),
		rig_contiguous(rig, 0, 4096),
		rig_scattered(rig, 4095, 4098),
		rig_contiguous(rig, 17, 1),
		rig_scattered(rig, 100, 10000),
	};

	return rig_join(rig, parts, ARRAY_SIZE(parts));
}

/* V39: the whole range, in both directions, and no byte beside it. */
static void list_v39_whole_range(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct list_user *user = list_users(rig, 1, 1);
	unsigned int references, registers = 0;
	struct rig_buffer *buffer = list_mixed(rig);
	const size_t from = 1234, to = buffer->length - 777, length = to - from;

	user->buffer = buffer;
	references = list_references(buffer);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_transfer_info(rig->adapter, buffer->memory, from,
							   length, &registers, NULL), 0);

	rig_fill(buffer, 1);
	KUNIT_EXPECT_EQ(test, list_get_range(user, from, length, DMABAY_WRITE_TO_DEVICE, 0), 0);
	KUNIT_ASSERT_EQ(test, user->calls, 1);
	KUNIT_ASSERT_EQ(test, user->failures, 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17 - registers);
	KUNIT_EXPECT_EQ(test, list_references(buffer) > references, true);
	list_expect_elements(rig, buffer, &user->channel.list, from, length);
	KUNIT_EXPECT_EQ(test, list_device_matching(rig, &user->channel.list, from, length, 1),
			length);
	KUNIT_EXPECT_EQ(test, list_put(user), 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17);
	KUNIT_EXPECT_EQ(test, list_references(buffer), references);

	KUNIT_EXPECT_EQ(test, list_get_range(user, from, length, DMABAY_READ_FROM_DEVICE, 0), 0);
	KUNIT_ASSERT_EQ(test, user->calls, 2);
	KUNIT_ASSERT_EQ(test, user->failures, 0);
	list_device_write(rig, &user->channel.list, from, length, 2);
	KUNIT_EXPECT_EQ(test, list_put(user), 0);
	KUNIT_EXPECT_EQ(test, rig_matching(buffer, 0, from, 1), from);
	KUNIT_EXPECT_EQ(test, rig_matching(buffer, from, length, 2), length);
	KUNIT_EXPECT_EQ(test, rig_matching(buffer, to, buffer->length - to, 1),
			buffer->length - to);
	KUNIT_EXPECT_EQ(test, list_references(buffer), references);
}

/* What comes of a list that is mapped in part, or not at all. */
static const int list_failures[] = { -ENOMEM, -EIO };

/* The one that is tried; tests of a suite run one at a time. */
static int list_failure;

static int list_map_badly(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			  struct dmabay_memory *memory, size_t offset, size_t *length,
			  enum dmabay_direction direction, struct dmabay_sg_list *list)
{
	struct kunit *test = kunit_get_current_test();
	int ret;

	if (list_failure == -EIO)
		return -EIO;
	*length = 1;
	kunit_deactivate_static_stub(test, dmabay_adapter_map_transfer);
	ret = dmabay_adapter_map_transfer(adapter, channel, memory, offset, length, direction,
					  list);
	kunit_activate_static_stub(test, dmabay_adapter_map_transfer, list_map_badly);
	return ret;
}

static void list_fail(struct kunit *test, int failure)
{
	list_failure = failure;
	kunit_activate_static_stub(test, dmabay_adapter_map_transfer, list_map_badly);
}

/* Or nothing at all: what fails at once is said at once, and only there. */
static void list_v39_whole_failure(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct list_user *user = list_users(rig, 1, 3);
	unsigned int i, references = list_references(user->buffer);
	struct dmabay_adapter_counters counters;

	for (i = 0; i < ARRAY_SIZE(list_failures); i++) {
		list_fail(test, list_failures[i]);
		KUNIT_EXPECT_EQ(test, list_get(user, 0), list_failures[i]);
		KUNIT_EXPECT_EQ(test, list_take(user, DMABAY_WRITE_TO_DEVICE,
						DMABAY_CHANNEL_IMMEDIATE), list_failures[i]);
		kunit_deactivate_static_stub(test, dmabay_adapter_map_transfer);
		KUNIT_EXPECT_EQ(test, user->calls, 0);
		KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17);
		KUNIT_EXPECT_EQ(test, list_references(user->buffer), references);
		KUNIT_EXPECT_EQ(test, user->channel.list.count, 0);
		RIG_EXPECT_ILLEGAL(test, list_put(user));
	}
	dmabay_adapter_counters(rig->adapter, &counters);
	KUNIT_EXPECT_EQ(test, counters.mapped, counters.unmapped);
	KUNIT_EXPECT_EQ(test, counters.linked_bytes, 0);
	/* The channel is as good as new. */
	KUNIT_EXPECT_EQ(test, list_get(user, 0), 0);
	KUNIT_EXPECT_EQ(test, user->calls, 1);
	KUNIT_EXPECT_EQ(test, list_put(user), 0);
}

static void list_get_again(struct list_user *user, const struct dmabay_sg_list *list)
{
	if (list)
		return;
	/* Nothing is to be put, and the registers are there again. */
	kunit_deactivate_static_stub(user->rig->test, dmabay_adapter_map_transfer);
	KUNIT_EXPECT_EQ(user->rig->test, rig_free_registers(user->rig), 17);
	RIG_EXPECT_ILLEGAL(user->rig->test, list_put(user));
	KUNIT_EXPECT_EQ(user->rig->test, list_get(user, 0), 0);
}

/* What fails after a wait is said by the routine, on whichever thread it runs. */
static void list_v39_failure_after_a_wait(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct list_user *user = list_users(rig, 1, 3);
	unsigned int i, references = list_references(user->buffer);

	for (i = 0; i < ARRAY_SIZE(list_failures); i++) {
		rig_hold(rig, 17);
		user->calls = 0;
		user->failures = 0;
		user->on_list = NULL;
		KUNIT_EXPECT_EQ(test, list_get(user, 0), 0);
		KUNIT_EXPECT_EQ(test, user->calls, 0);
		list_fail(test, list_failures[i]);
		rig_unhold(rig);
		KUNIT_EXPECT_EQ(test, user->calls, 1);
		KUNIT_EXPECT_EQ(test, user->failures, 1);
		KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17);
		KUNIT_EXPECT_EQ(test, list_references(user->buffer), references);
		KUNIT_EXPECT_FALSE(test, list_cancel(user));

		/* Asked for again inside the routine. */
		kunit_deactivate_static_stub(test, dmabay_adapter_map_transfer);
		rig_hold(rig, 17);
		user->on_list = list_get_again;
		KUNIT_EXPECT_EQ(test, list_get(user, 0), 0);
		list_fail(test, list_failures[i]);
		rig_unhold(rig);
		KUNIT_EXPECT_EQ(test, user->calls, 3);
		KUNIT_EXPECT_EQ(test, user->failures, 2);
		KUNIT_EXPECT_EQ(test, list_put(user), 0);
		KUNIT_EXPECT_EQ(test, list_references(user->buffer), references);
	}
}

/* The provider cannot: more pages to copy than one slot of bounce memory has. */
static void list_v39_longer_than_a_slot(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 99 * PAGE_SIZE, 100);
	struct list_user *user = list_users(rig, 1, 1);
	unsigned int references;

	if (rig->param->provider != DMABAY_PROVIDER_BOUNCE || !rig->param->translated)
		kunit_skip(test, "nothing is copied here");
	user->buffer = rig_scattered(rig, 0, 65 * PAGE_SIZE);
	references = list_references(user->buffer);
	KUNIT_EXPECT_EQ(test, list_get(user, 0), -ENOMEM);
	KUNIT_EXPECT_EQ(test, user->calls, 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 100);
	KUNIT_EXPECT_EQ(test, list_references(user->buffer), references);
	KUNIT_EXPECT_EQ(test, list_get_range(user, 0, 64 * PAGE_SIZE, DMABAY_READ_FROM_DEVICE, 0),
			0);
	KUNIT_EXPECT_EQ(test, user->calls, 1);
	KUNIT_EXPECT_EQ(test, list_put(user), 0);
}

static void list_v40_room_too_small(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct list_user *user = list_users(rig, 1, 3);
	struct dmabay_sg_element room[LIST_ROOM];
	unsigned int capacity, elements = 0;
	struct dmabay_memory *memory;
	size_t length;

	user->buffer = list_mixed(rig);
	memory = user->buffer->memory;
	length = user->buffer->length;
	KUNIT_EXPECT_EQ(test, dmabay_adapter_transfer_info(rig->adapter, memory, 0, length, NULL,
							   &elements), 0);
	KUNIT_ASSERT_GE(test, elements, 6);
	KUNIT_ASSERT_LE(test, elements, LIST_ROOM);
	for (capacity = 0; capacity < elements; capacity++) {
		RIG_EXPECT_QUIET(test, dmabay_adapter_build_sg_list(rig->adapter, &user->channel,
								    room, capacity, memory, 0,
								    length, DMABAY_READ_FROM_DEVICE,
								    0, list_routine, user),
				 -ENOBUFS);
	}
	KUNIT_EXPECT_EQ(test, user->calls, 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17);

	rig_fill(user->buffer, 3);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_build_sg_list(rig->adapter, &user->channel, room,
							   elements, memory, 0, length,
							   DMABAY_WRITE_TO_DEVICE, 0, list_routine,
							   user), 0);
	KUNIT_ASSERT_EQ(test, user->calls, 1);
	KUNIT_ASSERT_EQ(test, user->failures, 0);
	KUNIT_EXPECT_PTR_EQ(test, user->channel.list.elements, &room[0]);
	list_expect_elements(rig, user->buffer, &user->channel.list, 0, length);
	KUNIT_EXPECT_EQ(test, list_device_matching(rig, &user->channel.list, 0, length, 3), length);
	KUNIT_EXPECT_EQ(test, list_put(user), 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17);
}

/* V41: without a routine the list is there on return, or never. */
static void list_v41_immediate_without_routine(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct list_user *users = list_users(rig, 2, 3);
	const size_t length = 15000;
	unsigned int references = list_references(users[0].buffer);

	rig_fill(users[0].buffer, 7);
	KUNIT_EXPECT_EQ(test, list_take(&users[0], DMABAY_WRITE_TO_DEVICE,
					DMABAY_CHANNEL_IMMEDIATE), 0);
	list_expect_elements(rig, users[0].buffer, &users[0].channel.list, 0, length);
	KUNIT_EXPECT_EQ(test, list_device_matching(rig, &users[0].channel.list, 0, length, 7),
			length);
	KUNIT_EXPECT_EQ(test, list_put(&users[0]), 0);

	RIG_EXPECT_QUIET(test, list_take(&users[0], DMABAY_WRITE_TO_DEVICE, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_get_sg_list(rig->adapter, NULL,
							 users[0].buffer->memory, 0, length,
							 DMABAY_WRITE_TO_DEVICE,
							 DMABAY_CHANNEL_IMMEDIATE, NULL, NULL),
			-EINVAL);

	/* Not enough; then enough, but somebody waits. */
	rig_hold(rig, 12);
	KUNIT_EXPECT_EQ(test, list_take(&users[0], DMABAY_WRITE_TO_DEVICE,
					DMABAY_CHANNEL_IMMEDIATE), -ENOMEM);
	KUNIT_EXPECT_EQ(test, list_get(&users[0], DMABAY_CHANNEL_IMMEDIATE), -ENOMEM);
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 0);
	KUNIT_EXPECT_EQ(test, list_get(&users[1], 0), 0);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_get_sg_list(rig->adapter, &users[0].channel,
							 users[0].buffer->memory, 0, 1,
							 DMABAY_WRITE_TO_DEVICE,
							 DMABAY_CHANNEL_IMMEDIATE, NULL, NULL),
			-ENOMEM);
	KUNIT_EXPECT_EQ(test, list_references(users[0].buffer), references);
	rig_unhold(rig);
	KUNIT_EXPECT_EQ(test, users[0].calls, 0);
	KUNIT_EXPECT_EQ(test, users[1].calls, 1);
	KUNIT_EXPECT_EQ(test, list_put(&users[1]), 0);
}

/* V05 for lists: registers are taken for what is asked for, counted from there. */
static void list_v05_registers_of_the_range(struct kunit *test)
{
	static const struct {
		size_t offset;
		size_t length;
		unsigned int registers;
	} rows[] = {
		{ 0, 15000, 6 }, { 0, 1, 1 }, { 1095, 2, 2 }, { 1096, 3904, 1 }, { 4999, 2, 2 },
		{ 5000, 10000, 4 }, { 6096, 3904, 1 }, { 6096, 3905, 2 }, { 14999, 1, 1 },
	};
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct list_user *user = list_users(rig, 1, 3);
	unsigned int i, registers = 0;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		KUNIT_EXPECT_EQ(test, dmabay_adapter_transfer_info(rig->adapter,
								   user->buffer->memory,
								   rows[i].offset, rows[i].length,
								   &registers, NULL), 0);
		KUNIT_EXPECT_EQ_MSG(test, registers, rows[i].registers, "row %u", i);
		KUNIT_ASSERT_EQ(test, list_get_range(user, rows[i].offset, rows[i].length,
						     DMABAY_WRITE_TO_DEVICE, 0), 0);
		KUNIT_EXPECT_EQ_MSG(test, rig_free_registers(rig), 17 - rows[i].registers,
				    "row %u", i);
		list_expect_elements(rig, user->buffer, &user->channel.list, rows[i].offset,
				     rows[i].length);
		KUNIT_ASSERT_EQ(test, list_put(user), 0);
	}
}

/* V36 for lists, and what else is no request. */
static void list_v36_bounds(struct kunit *test)
{
	static const struct {
		size_t offset;
		size_t length;
		unsigned int direction;
		unsigned int flags;
	} rows[] = {
		{ 0, 0, 0, 0 }, { 15000, 1, 0, 0 }, { 14999, 2, 0, 0 }, { 1, (size_t)-1, 0, 0 },
		{ (size_t)-1, 2, 0, 0 }, { 0, 1, 2, 0 }, { 0, 1, 0, BIT(1) },
		{ 0, 1, 0, DMABAY_CHANNEL_REGISTERS_ONLY },
	};
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct list_user *user = list_users(rig, 1, 3);
	struct dmabay_sg_element room[LIST_ROOM];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		RIG_EXPECT_QUIET(test, list_get_range(user, rows[i].offset, rows[i].length,
						      rows[i].direction, rows[i].flags), -EINVAL);
		RIG_EXPECT_QUIET(test, dmabay_adapter_build_sg_list(rig->adapter, &user->channel,
								    room, LIST_ROOM,
								    user->buffer->memory,
								    rows[i].offset, rows[i].length,
								    rows[i].direction,
								    rows[i].flags, list_routine,
								    user), -EINVAL);
	}
	KUNIT_EXPECT_EQ(test, user->calls, 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17);
}

/* An adapter of single elements has no lists. */
static void list_needs_an_adapter_of_lists(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct list_user *user = list_users(rig, 1, 1);
	struct dmabay_sg_element room[LIST_ROOM];

	RIG_EXPECT_QUIET(test, list_get(user, 0), -EOPNOTSUPP);
	RIG_EXPECT_QUIET(test, dmabay_adapter_build_sg_list(rig->adapter, &user->channel, room,
							    LIST_ROOM, user->buffer->memory, 0, 1,
							    DMABAY_READ_FROM_DEVICE, 0,
							    list_routine, user), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, user->calls, 0);
}

static void list_read_only(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct list_user *user = list_users(rig, 1, 2);

	rig_fill(user->buffer, 9);
	dmabay_memory_set_read_only(user->buffer->memory);
	RIG_EXPECT_QUIET(test, list_get(user, 0), -EACCES);
	KUNIT_EXPECT_EQ(test, user->calls, 0);
	KUNIT_EXPECT_EQ(test, list_get_range(user, 0, 10000, DMABAY_WRITE_TO_DEVICE, 0), 0);
	KUNIT_EXPECT_EQ(test, user->calls, 1);
	KUNIT_EXPECT_EQ(test, list_device_matching(rig, &user->channel.list, 0, 10000, 9), 10000);
	KUNIT_EXPECT_EQ(test, list_put(user), 0);
}

/* More pages than the adapter has never wait. */
static void list_v06_more_than_there_are(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct list_user *user = list_users(rig, 1, 9);

	KUNIT_EXPECT_EQ(test, list_registers(user), 18);
	RIG_EXPECT_QUIET(test, list_get(user, 0), -ENOMEM);
	rig_hold(rig, 1);
	RIG_EXPECT_QUIET(test, list_get(user, 0), -ENOMEM);
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 0);
	rig_unhold(rig);
	KUNIT_EXPECT_EQ(test, user->calls, 0);
	KUNIT_EXPECT_EQ(test, list_get_range(user, 0, 41000, DMABAY_WRITE_TO_DEVICE, 0), 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 0);
	KUNIT_EXPECT_EQ(test, list_put(user), 0);
}

/* Lists and plain channels stand in one line. */
struct list_neighbour {
	struct dmabay_channel channel;
	unsigned int order;
};

static enum dmabay_channel_action list_neighbour_routine(struct dmabay_adapter *adapter,
							 struct dmabay_channel *channel,
							 void *context)
{
	struct list_neighbour *neighbour = context;

	neighbour->order = ++list_calls;
	return DMABAY_KEEP_OBJECT;
}

static void list_waits_in_the_line(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct list_user *users = list_users(rig, 4, 1);
	struct list_neighbour neighbours[2] = {};
	unsigned int i;

	rig_hold(rig, 17);
	KUNIT_EXPECT_EQ(test, list_get(&users[0], 0), 0);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_allocate_channel(rig->adapter, &neighbours[0].channel,
							      4, 0, list_neighbour_routine,
							      &neighbours[0]), 0);
	KUNIT_EXPECT_EQ(test, list_get(&users[1], 0), 0);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_allocate_channel(rig->adapter, &neighbours[1].channel,
							      1, 0, list_neighbour_routine,
							      &neighbours[1]), 0);
	KUNIT_EXPECT_EQ(test, list_get(&users[2], 0), 0);
	KUNIT_EXPECT_EQ(test, list_get(&users[3], 0), 0);
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 6);
	KUNIT_EXPECT_TRUE(test, list_cancel(&users[2]));
	KUNIT_EXPECT_EQ(test, list_calls, 0);

	rig_unhold(rig);
	KUNIT_EXPECT_EQ(test, users[0].order, 1);
	KUNIT_EXPECT_EQ(test, neighbours[0].order, 2);
	/* A list needs no channel object; the second neighbour does, and all wait for it. */
	KUNIT_EXPECT_EQ(test, users[1].order, 3);
	KUNIT_EXPECT_EQ(test, neighbours[1].order, 0);
	KUNIT_EXPECT_EQ(test, users[3].order, 0);
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 2);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_free_channel(rig->adapter, &neighbours[0].channel), 0);
	KUNIT_EXPECT_EQ(test, neighbours[1].order, 4);
	KUNIT_EXPECT_EQ(test, users[3].order, 5);
	KUNIT_EXPECT_EQ(test, users[2].calls, 0);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_free_channel(rig->adapter, &neighbours[1].channel), 0);
	for (i = 0; i < 4; i++) {
		if (i != 2)
			KUNIT_EXPECT_EQ(test, list_put(&users[i]), 0);
	}
}

/* As many as there are registers for, on pages of device addresses of their own. */
static void list_many_at_once(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct list_user *users = list_users(rig, 4, 2);
	unsigned int i;

	for (i = 0; i < 4; i++) {
		rig_fill(users[i].buffer, 1);
		KUNIT_EXPECT_EQ(test, list_get(&users[i], 0), 0);
		KUNIT_ASSERT_EQ(test, users[i].calls, 1);
	}
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 1);
	for (i = 0; i < 4; i++)
		list_device_write(rig, &users[i].channel.list, 0, 10000, 100 + i);
	for (i = 0; i < 4; i++) {
		KUNIT_EXPECT_EQ(test, list_put(&users[i]), 0);
		KUNIT_EXPECT_EQ(test, rig_matching(users[i].buffer, 0, 10000, 100 + i), 10000);
	}
}

static void list_cancel_queued(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct list_user *users = list_users(rig, 2, 3);
	unsigned int references = list_references(users[0].buffer);

	KUNIT_EXPECT_FALSE(test, list_cancel(&users[0]));	/* never asked */
	rig_hold(rig, 12);
	KUNIT_EXPECT_EQ(test, list_get(&users[0], 0), 0);
	KUNIT_EXPECT_EQ(test, list_get_range(&users[1], 0, 5000, DMABAY_READ_FROM_DEVICE, 0), 0);
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 2);
	KUNIT_EXPECT_EQ(test, list_references(users[0].buffer), references + 1);
	KUNIT_EXPECT_TRUE(test, list_cancel(&users[0]));
	KUNIT_EXPECT_EQ(test, list_references(users[0].buffer), references);
	/* The one behind it was only kept back by it; granted, it is not cancelled. */
	KUNIT_EXPECT_EQ(test, users[1].calls, 1);
	KUNIT_EXPECT_FALSE(test, list_cancel(&users[1]));
	KUNIT_EXPECT_FALSE(test, list_cancel(&users[0]));
	RIG_EXPECT_ILLEGAL(test, list_put(&users[0]));
	KUNIT_EXPECT_EQ(test, list_put(&users[1]), 0);
	KUNIT_EXPECT_FALSE(test, list_cancel(&users[1]));
	rig_unhold(rig);
	KUNIT_EXPECT_EQ(test, users[0].calls, 0);

	/* It may be asked for again. */
	KUNIT_EXPECT_EQ(test, list_get(&users[0], 0), 0);
	KUNIT_EXPECT_EQ(test, users[0].calls, 1);
	KUNIT_EXPECT_EQ(test, list_put(&users[0]), 0);
	KUNIT_EXPECT_EQ(test, list_references(users[0].buffer), references);
}

/* A channel has one list at a time, and a list is put once. */
static void list_illegal(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct list_user *users = list_users(rig, 2, 3);
	unsigned int references = list_references(users[0].buffer);

	RIG_EXPECT_ILLEGAL(test, list_put(&users[0]));		/* never asked */
	KUNIT_EXPECT_EQ(test, list_get(&users[0], 0), 0);
	RIG_EXPECT_ILLEGAL(test, list_get(&users[0], 0));	/* there */
	RIG_EXPECT_ILLEGAL(test, list_take(&users[0], DMABAY_WRITE_TO_DEVICE,
					   DMABAY_CHANNEL_IMMEDIATE));
	rig_hold(rig, 11);
	KUNIT_EXPECT_EQ(test, list_get(&users[1], 0), 0);
	RIG_EXPECT_ILLEGAL(test, list_get(&users[1], 0));	/* waits */
	RIG_EXPECT_ILLEGAL(test, list_put(&users[1]));
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 1);
	KUNIT_EXPECT_EQ(test, list_put(&users[0]), 0);
	RIG_EXPECT_ILLEGAL(test, list_put(&users[0]));		/* twice */
	KUNIT_EXPECT_EQ(test, users[0].calls, 1);
	KUNIT_EXPECT_EQ(test, users[1].calls, 1);
	KUNIT_EXPECT_EQ(test, list_put(&users[1]), 0);
	rig_unhold(rig);
	KUNIT_EXPECT_EQ(test, list_references(users[0].buffer), references);
}

/* V37 with a list: the adapter is not freed under it. */
static void list_v37_put_in_use(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct list_user *user = list_users(rig, 1, 3);

	rig_fill(user->buffer, 4);
	KUNIT_EXPECT_EQ(test, list_get_range(user, 0, 15000, DMABAY_WRITE_TO_DEVICE, 0), 0);
	kunit_warning_suppress(test) {
		dmabay_adapter_put(rig->adapter);
		KUNIT_EXPECT_EQ(test, KUNIT_SUPPRESSED_WARNING_COUNT(), 1);
	}
	KUNIT_EXPECT_EQ(test, list_device_matching(rig, &user->channel.list, 0, 15000, 4), 15000);
	KUNIT_EXPECT_EQ(test, list_put(user), 0);
}

static void list_put_and_get(struct list_user *user, const struct dmabay_sg_list *list)
{
	struct kunit *test = user->rig->test;

	KUNIT_EXPECT_NOT_NULL(test, list);
	KUNIT_EXPECT_EQ(test, list_put(user), 0);
	if (user->calls < user->rounds)
		KUNIT_EXPECT_EQ(test, list_get(user, 0), 0);
}

/* Put, and asked for again, inside the routine: at once, and after a wait. */
static void list_put_and_get_in_routine(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct list_user *users = list_users(rig, 2, 3);
	unsigned int i, references = list_references(users[0].buffer);

	for (i = 0; i < 2; i++) {
		users[i].on_list = list_put_and_get;
		users[i].rounds = 10;
	}
	KUNIT_EXPECT_EQ(test, list_get(&users[0], 0), 0);
	KUNIT_EXPECT_EQ(test, users[0].calls, 10);

	users[0].calls = 0;
	rig_hold(rig, 17);
	KUNIT_EXPECT_EQ(test, list_get(&users[0], 0), 0);
	KUNIT_EXPECT_EQ(test, list_get(&users[1], 0), 0);
	rig_unhold(rig);
	KUNIT_EXPECT_EQ(test, users[0].calls, 10);
	KUNIT_EXPECT_EQ(test, users[1].calls, 10);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17);
	KUNIT_EXPECT_EQ(test, list_references(users[0].buffer), references);
}

static void list_get_previous(struct list_user *user, const struct dmabay_sg_list *list)
{
	if (user->calls == 1)
		KUNIT_EXPECT_EQ(user->rig->test, list_get(user - 1, 0), 0);
}

/* Whoever is granted by a put may ask on that very channel: it is let go of by then. */
static void list_get_in_another_routine(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct list_user *users = list_users(rig, 2, 3);
	unsigned int references = list_references(users[0].buffer);

	rig_hold(rig, 11);
	users[1].on_list = list_get_previous;
	KUNIT_EXPECT_EQ(test, list_get(&users[0], 0), 0);
	KUNIT_EXPECT_EQ(test, list_get(&users[1], 0), 0);
	KUNIT_EXPECT_EQ(test, list_put(&users[0]), 0);
	KUNIT_EXPECT_EQ(test, users[1].calls, 1);
	KUNIT_EXPECT_EQ(test, users[0].calls, 1);
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 1);
	KUNIT_EXPECT_EQ(test, list_references(users[0].buffer), references + 1);
	KUNIT_EXPECT_EQ(test, list_put(&users[1]), 0);
	KUNIT_EXPECT_EQ(test, users[0].calls, 2);
	KUNIT_EXPECT_EQ(test, users[0].failures, 0);
	KUNIT_EXPECT_EQ(test, list_put(&users[0]), 0);
	KUNIT_EXPECT_EQ(test, list_references(users[0].buffer), references);
	rig_unhold(rig);
}

static void list_put_and_free(struct list_user *user, const struct dmabay_sg_list *list)
{
	struct dmabay_memory *memory = user->buffer->memory;

	/* The reference of the list is the last one. */
	user->buffer->memory = NULL;
	dmabay_memory_put(memory);
	KUNIT_EXPECT_EQ(user->rig->test, list_put(user), 0);
	memset(user, 0xff, sizeof(*user));
	kfree(user);
}

/* Whoever puts a list may free it: nobody looks at it any more. KASAN tells. */
static void list_owner_goes_after_put(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	unsigned int waits;

	for (waits = 0; waits < 2; waits++) {
		struct list_user *user = kzalloc_obj(*user);

		KUNIT_ASSERT_NOT_NULL(test, user);
		user->rig = rig;
		user->buffer = rig_chain(rig, 3, 3000, 5000);
		user->on_list = list_put_and_free;
		if (waits)
			rig_hold(rig, 17);
		KUNIT_EXPECT_EQ(test, list_get(user, 0), 0);
		if (waits)
			rig_unhold(rig);
		KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17);
	}
}

/* Behind an IOMMU nothing of a list is reachable when it has been put. */
static void list_unmapped_after_put(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct list_user *user = list_users(rig, 1, 3);
	struct dmabay_sg_element elements[8];
	struct dmabay_adapter_counters counters;
	unsigned int i, count;

	if (!rig->domain || rig->param->provider == DMABAY_PROVIDER_BOUNCE)
		kunit_skip(test, "what this device reaches does not change");
	KUNIT_EXPECT_EQ(test, list_get(user, 0), 0);
	count = user->channel.list.count;
	KUNIT_ASSERT_EQ(test, count, 3);
	memcpy(elements, user->channel.list.elements, count * sizeof(elements[0]));
	for (i = 0; i < count; i++)
		KUNIT_EXPECT_NE(test, rig_translate(rig, elements[i].address), 0);
	KUNIT_EXPECT_EQ(test, list_put(user), 0);
	for (i = 0; i < count; i++)
		KUNIT_EXPECT_EQ(test, rig_translate(rig, elements[i].address), 0);
	dmabay_adapter_counters(rig->adapter, &counters);
	KUNIT_EXPECT_EQ(test, counters.linked_bytes, 0);
	KUNIT_EXPECT_EQ(test, counters.mapped, counters.unmapped);
}

/* Pages of the elements that are not where they belong; none, if nothing is mapped. */
static unsigned int list_wrong_pages(struct rig *rig, struct rig_buffer *buffer,
				     const struct dmabay_sg_element *elements, unsigned int count,
				     bool mapped)
{
	unsigned int i, wrong = 0;
	size_t at = 0, in;

	for (i = 0; i < count; at += elements[i++].length) {
		for (in = 0; in < elements[i].length; in += PAGE_SIZE)
			wrong += rig_translate(rig, elements[i].address + in) !=
				 (mapped ? virt_to_phys(rig_byte(buffer, at + in)) : 0);
	}
	return wrong;
}

/* Groups of several page tables, with huge pages anywhere in them. */
static void list_of_large_groups(struct kunit *test)
{
	const struct rig_provider *param = test->param_value;
	struct dmabay_sg_element elements[LIST_ROOM];
	struct rig_buffer *parts[4];
	struct list_user *user;
	unsigned int round, count;
	struct rig *rig;

	if (param->provider == DMABAY_PROVIDER_BOUNCE)
		kunit_skip(test, "more than bounce memory holds");
	rig = rig_start_adapter(test, 1299 * PAGE_SIZE, 1300);
	user = list_users(rig, 1, 1);
	parts[0] = rig_scattered(rig, 0, 3 * PAGE_SIZE);
	parts[1] = rig_contiguous(rig, 0, 1024 * PAGE_SIZE);
	parts[2] = rig_scattered(rig, 5, 2 * PAGE_SIZE);
	parts[3] = rig_contiguous(rig, 0, 256 * PAGE_SIZE);
	user->buffer = rig_join(rig, parts, 4);
	for (round = 0; round < 3; round++) {
		KUNIT_ASSERT_EQ(test, list_get(user, 0), 0);
		count = user->channel.list.count;
		KUNIT_ASSERT_LE(test, count, LIST_ROOM);
		list_expect_elements(rig, user->buffer, &user->channel.list, 0,
				     user->buffer->length);
		memcpy(elements, user->channel.list.elements, count * sizeof(elements[0]));
		KUNIT_EXPECT_EQ(test, list_wrong_pages(rig, user->buffer, elements, count, true),
				0);
		KUNIT_ASSERT_EQ(test, list_put(user), 0);
		if (rig->domain)
			KUNIT_EXPECT_EQ(test, list_wrong_pages(rig, user->buffer, elements, count,
							       false), 0);
	}
}

static struct kunit_case list_cases[] = {
	KUNIT_CASE(list_illegal_calls_warn),
	RIG_CASE_LISTS(list_v39_whole_range),
	RIG_CASE_LISTS(list_v39_whole_failure),
	RIG_CASE_LISTS(list_v39_failure_after_a_wait),
	RIG_CASE_LISTS(list_v39_longer_than_a_slot),
	RIG_CASE_LISTS(list_v40_room_too_small),
	RIG_CASE_LISTS(list_v41_immediate_without_routine),
	RIG_CASE_LISTS(list_v05_registers_of_the_range),
	RIG_CASE_LISTS(list_v06_more_than_there_are),
	RIG_CASE_LISTS(list_v36_bounds),
	RIG_CASE_LISTS(list_v37_put_in_use),
	RIG_CASE(list_needs_an_adapter_of_lists),
	RIG_CASE_LISTS(list_read_only),
	RIG_CASE_LISTS(list_waits_in_the_line),
	RIG_CASE_LISTS(list_many_at_once),
	RIG_CASE_LISTS(list_cancel_queued),
	RIG_CASE_LISTS(list_illegal),
	RIG_CASE_LISTS(list_put_and_get_in_routine),
	RIG_CASE_LISTS(list_get_in_another_routine),
	RIG_CASE_LISTS(list_owner_goes_after_put),
	RIG_CASE_LISTS(list_partial_room),
	RIG_CASE_LISTS(list_registers_short),
	RIG_CASE_LISTS(list_copies_completed_only),
	RIG_CASE_LISTS(list_element_counts),
	RIG_CASE(list_element_counts_without_lists),
	RIG_CASE_LISTS(list_of_any_shape),
	RIG_CASE_LISTS(list_unmapped_after_put),
	RIG_CASE_LISTS(list_of_large_groups),
	{}
};

struct kunit_suite dmabay_sg_list_suite = {
	.name = "dmabay_sg_list",
	.exit = rig_end,
	.test_cases = list_cases,
};
kunit_test_suite(dmabay_sg_list_suite);
