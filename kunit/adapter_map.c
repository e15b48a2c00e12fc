// SPDX-License-Identifier: GPL-2.0-only
/* Mapping: one transfer of a channel at a time, within its registers and its room. */
#include "adapter.h"

/* V26: no element at all. One is enough, for a beginning. */
void adapter_v26_no_room(struct kunit *test)
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
void adapter_one_element(struct kunit *test)
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

void adapter_v29_map_twice(struct kunit *test)
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

void adapter_v30_flush_makes_visible(struct kunit *test)
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
void adapter_flush_illegal(struct kunit *test)
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
void adapter_v25_maps_partially(struct kunit *test)
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

void adapter_v36_map_bounds(struct kunit *test)
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

void adapter_map_without_registers(struct kunit *test)
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

/* V42: nothing is taken for "no registers" that only looks like it. */
void adapter_v42_whatever_the_base(struct kunit *test)
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
