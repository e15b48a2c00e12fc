// SPDX-License-Identifier: GPL-2.0-only
/* Lists of a channel, transfer by transfer: within its registers, and the caller's room. */
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/string.h>

#include "sg_list.h"

/* One channel of so many registers that needs no routine. */
static void list_channel(struct rig *rig, struct dmabay_channel *channel,
			 unsigned int map_registers)
{
	KUNIT_ASSERT_EQ(rig->test, 0,
			dmabay_adapter_allocate_channel(rig->adapter, channel, map_registers,
							DMABAY_CHANNEL_IMMEDIATE, NULL, NULL));
}

/* Room for less than everything: a shorter transfer, and the rest in the next ones. */
void list_partial_room(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct rig_buffer *buffer = rig_chain(rig, 3, 3000, 5000);
	struct dmabay_sg_element room[3];
	struct dmabay_sg_list list = { .elements = room };
	struct dmabay_channel channel = {};
	unsigned int capacity;
	size_t at, length;

	list_channel(rig, &channel, 17);
	for (capacity = 1; capacity <= 3; capacity++) {
		rig_fill(buffer, 1);
		for (at = 0; at < 15000; at += length) {
			length = 15000 - at;
			list.capacity = capacity;
			list.count = 77;
			KUNIT_ASSERT_EQ(test, dmabay_adapter_map_transfer(rig->adapter, &channel,
									  buffer->memory, at,
									  &length,
									  DMABAY_READ_FROM_DEVICE,
									  &list), 0);
			KUNIT_EXPECT_EQ(test, length, min(capacity * 5000UL, 15000 - at));
			KUNIT_EXPECT_EQ(test, list.count, length / 5000);
			KUNIT_EXPECT_EQ(test, list.capacity, capacity);
			list_expect_elements(rig, buffer, &list, at, length);
			list_device_write(rig, &list, at, length, 2);
			/* The room is the caller's: nobody needs it for the flush. */
			memset(room, 0xff, sizeof(room));
			KUNIT_ASSERT_EQ(test, dmabay_adapter_flush(rig->adapter, &channel, length),
					0);
		}
		KUNIT_EXPECT_EQ(test, rig_matching(buffer, 0, 15000, 2), 15000);
	}
	KUNIT_EXPECT_EQ(test, dmabay_adapter_free_channel(rig->adapter, &channel), 0);
}

/* Registers for less than everything: pages are counted group by group. */
void list_registers_short(struct kunit *test)
{
	/* three groups on two pages each, 1096 and 3904 bytes */
	static const struct {
		unsigned int registers;
		size_t offset;
		size_t mapped;
		unsigned int groups;
	} rows[] = {
		{ 1, 0, 1096, 1 }, { 2, 0, 5000, 1 }, { 3, 0, 6096, 2 }, { 4, 0, 10000, 2 },
		{ 5, 0, 11096, 3 }, { 6, 0, 15000, 3 }, { 7, 0, 15000, 3 }, { 3, 1096, 8904, 2 },
		{ 1, 5000, 1096, 1 }, { 2, 6095, 3905, 1 }, { 2, 6096, 5000, 2 },
	};
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct rig_buffer *buffer = rig_chain(rig, 3, 3000, 5000);
	struct dmabay_sg_element room[8];
	struct dmabay_sg_list list = { .capacity = ARRAY_SIZE(room), .elements = room };
	struct dmabay_channel channel = {};
	unsigned int i;
	size_t length;

	rig_fill(buffer, 5);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		list_channel(rig, &channel, rows[i].registers);
		length = 15000 - rows[i].offset;
		KUNIT_ASSERT_EQ(test, dmabay_adapter_map_transfer(rig->adapter, &channel,
								  buffer->memory, rows[i].offset,
								  &length, DMABAY_WRITE_TO_DEVICE,
								  &list), 0);
		KUNIT_EXPECT_EQ_MSG(test, length, rows[i].mapped, "row %u", i);
		KUNIT_EXPECT_EQ_MSG(test, list.count, rows[i].groups, "row %u", i);
		list_expect_elements(rig, buffer, &list, rows[i].offset, length);
		KUNIT_EXPECT_EQ(test, list_device_matching(rig, &list, rows[i].offset, length, 5),
				length);
		RIG_EXPECT_QUIET(test, dmabay_adapter_flush(rig->adapter, &channel, length + 1),
				 -EINVAL);
		KUNIT_EXPECT_EQ(test, dmabay_adapter_flush(rig->adapter, &channel, length), 0);
		KUNIT_EXPECT_EQ(test, dmabay_adapter_free_channel(rig->adapter, &channel), 0);
	}
}

/*
 * Only what the device says it wrote is copied out, wherever in the groups that ends;
 * and where it shall write it does not find what others had there before.
 */
void list_copies_completed_only(struct kunit *test)
{
	static const size_t completed[] = { 0, 1, 1096, 1097, 5000, 5001, 6096, 9999, 14999 };
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct rig_buffer *buffer = rig_chain(rig, 3, 3000, 5000);
	struct dmabay_sg_element room[8];
	struct dmabay_sg_list list = { .capacity = ARRAY_SIZE(room), .elements = room };
	struct dmabay_channel channel = {};
	unsigned int i;
	size_t length;

	if (rig->param->provider != DMABAY_PROVIDER_BOUNCE || !rig->param->translated)
		kunit_skip(test, "nothing is copied here");
	for (i = 0; i < ARRAY_SIZE(completed); i++) {
		const size_t left = 15000 - completed[i];

		list_channel(rig, &channel, 17);
		rig_fill(buffer, 1);
		length = 15000;
		KUNIT_ASSERT_EQ(test, dmabay_adapter_map_transfer(rig->adapter, &channel,
								  buffer->memory, 0, &length,
								  DMABAY_READ_FROM_DEVICE, &list),
				0);
		KUNIT_ASSERT_EQ(test, length, 15000);
		KUNIT_EXPECT_LT(test, list_device_matching(rig, &list, 0, length, 2), 64);
		list_device_write(rig, &list, 0, length, 2);
		memset(room, 0xff, sizeof(room));
		KUNIT_EXPECT_EQ(test, dmabay_adapter_flush(rig->adapter, &channel, completed[i]),
				0);
		KUNIT_EXPECT_EQ(test, rig_matching(buffer, 0, completed[i], 2), completed[i]);
		KUNIT_EXPECT_EQ(test, rig_matching(buffer, completed[i], left, 1), left);
		KUNIT_EXPECT_EQ(test, dmabay_adapter_free_channel(rig->adapter, &channel), 0);
	}
}

/* How many elements a memory is, by what the provider makes of scattered pages. */
void list_element_counts(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 99 * PAGE_SIZE, 100);
	const struct rig_provider *param = rig->param;
	struct rig_buffer *parts[] = {
		rig_scattered(rig, 100, 65 * PAGE_SIZE),	/* 66 pages */
		rig_contiguous(rig, 0, 16 * PAGE_SIZE),
		rig_scattered(rig, 0, 3 * PAGE_SIZE),
	};
	struct rig_buffer *buffer = rig_join(rig, parts, 3);
	unsigned int scattered[3] = { 66, 1, 3 }, elements, i, sum = 0;
	size_t at = 0;

	/* An IOMMU makes one of a group; bounce copies it in parts. */
	if (param->translated) {
		scattered[0] = param->provider == DMABAY_PROVIDER_BOUNCE ? 2 : 1;
		scattered[2] = 1;
	}
	for (i = 0; i < 3; i++) {
		elements = 0;
		KUNIT_EXPECT_EQ(test, dmabay_adapter_transfer_info(rig->adapter, buffer->memory, at,
								   parts[i]->length, NULL,
								   &elements), 0);
		KUNIT_EXPECT_EQ_MSG(test, elements, scattered[i], "group %u", i);
		sum += scattered[i];
		at += parts[i]->length;
	}
	KUNIT_EXPECT_EQ(test, dmabay_adapter_transfer_info(rig->adapter, buffer->memory, 0, at,
							   NULL, &elements), 0);
	KUNIT_EXPECT_EQ(test, elements, sum);
}

/* The same without lists, where bounce copies what is not contiguous. */
void list_element_counts_without_lists(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 99 * PAGE_SIZE, 100);
	const struct rig_provider *param = rig->param;
	bool bounce = param->provider == DMABAY_PROVIDER_BOUNCE;
	struct rig_buffer *scattered = rig_scattered(rig, 0, 70 * PAGE_SIZE);
	struct rig_buffer *contiguous = rig_contiguous(rig, 0, 70 * PAGE_SIZE);
	unsigned int elements = 0;

	KUNIT_EXPECT_EQ(test, dmabay_adapter_transfer_info(rig->adapter, scattered->memory, 0,
							   70 * PAGE_SIZE, NULL, &elements), 0);
	KUNIT_EXPECT_EQ(test, elements, bounce ? 2 : param->translated ? 1 : 70);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_transfer_info(rig->adapter, contiguous->memory, 0,
							   70 * PAGE_SIZE, NULL, &elements), 0);
	KUNIT_EXPECT_EQ(test, elements, bounce && param->translated ? 2 : 1);
}

/* A chain of one to six groups of any kind. */
static struct rig_buffer *list_random_chain(struct rig *rig, struct rnd_state *random)
{
	unsigned int i, count = 1 + prandom_u32_state(random) % 6;
	struct rig_buffer *parts[6];

	for (i = 0; i < count; i++) {
		u32 kind = prandom_u32_state(random);
		unsigned int offset = kind & 4 ? prandom_u32_state(random) % PAGE_SIZE : 0;
		size_t length = kind & 8 ? PAGE_SIZE * (1 + kind / 16 % 3) - offset :
					   1 + prandom_u32_state(random) % 12000;

		parts[i] = kind & 1 ? rig_scattered(rig, offset, length) :
				      rig_contiguous(rig, offset, length);
	}
	return rig_join(rig, parts, count);
}

/* One transfer of a channel with so many registers; returns its length. */
static size_t list_transfer(struct rig *rig, struct dmabay_channel *channel,
			    struct rig_buffer *buffer, size_t at, size_t length,
			    enum dmabay_direction direction, unsigned int registers,
			    unsigned int capacity)
{
	struct dmabay_memory *memory = buffer->memory;
	struct dmabay_sg_element room[8];
	struct dmabay_sg_list list = { .capacity = capacity, .elements = room };
	unsigned int pages = 0, elements = 0;
	struct kunit *test = rig->test;
	const size_t wanted = length;

	KUNIT_EXPECT_EQ(test, dmabay_adapter_transfer_info(rig->adapter, memory, at, length, &pages,
							   &elements), 0);
	KUNIT_ASSERT_EQ(test, dmabay_adapter_map_transfer(rig->adapter, channel, memory, at,
							  &length, direction, &list), 0);
	KUNIT_EXPECT_LE(test, length, wanted);
	if (pages <= registers && elements <= capacity)
		KUNIT_EXPECT_EQ(test, length, wanted);
	KUNIT_EXPECT_LE(test, list.count, capacity);
	list_expect_elements(rig, buffer, &list, at, length);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_transfer_info(rig->adapter, memory, at, length, &pages,
							   NULL), 0);
	KUNIT_EXPECT_LE(test, pages, registers);
	if (direction == DMABAY_READ_FROM_DEVICE)
		list_device_write(rig, &list, at, length, 2);
	else
		KUNIT_EXPECT_EQ(test, list_device_matching(rig, &list, at, length, 1), length);
	KUNIT_ASSERT_EQ(test, dmabay_adapter_flush(rig->adapter, channel, length), 0);
	return length;
}

/* A part of the memory, in as many transfers as it takes. */
static unsigned int list_transfer_part(struct rig *rig, struct rig_buffer *buffer,
				       struct rnd_state *random)
{
	size_t from = prandom_u32_state(random) % buffer->length;
	size_t to = from + 1 + prandom_u32_state(random) % (buffer->length - from);
	enum dmabay_direction direction = prandom_u32_state(random) % 2;
	u8 seed = direction == DMABAY_READ_FROM_DEVICE ? 2 : 1;
	unsigned int registers = 1 + prandom_u32_state(random) % 17;
	struct dmabay_channel channel = {};
	struct kunit *test = rig->test;
	unsigned int transfers = 0;
	size_t at;

	list_channel(rig, &channel, registers);
	rig_fill(buffer, 1);
	for (at = from; at < to; transfers++)
		at += list_transfer(rig, &channel, buffer, at, to - at, direction, registers,
				    1 + prandom_u32_state(random) % 8);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_free_channel(rig->adapter, &channel), 0);
	KUNIT_EXPECT_EQ(test, rig_matching(buffer, 0, from, 1), from);
	KUNIT_EXPECT_EQ(test, rig_matching(buffer, from, to - from, seed), to - from);
	KUNIT_EXPECT_EQ(test, rig_matching(buffer, to, buffer->length - to, 1),
			buffer->length - to);
	return transfers;
}

/*
 * Any chain, any part of it, any number of registers and any room: what is mapped is
 * a beginning, and all of it if registers and room are enough; the bytes are the right
 * ones, and no others are touched.
 */
void list_of_any_shape(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	unsigned int shape, round, transfers = 0;
	u32 seed = get_random_u32();
	struct rnd_state random;

	prandom_seed_state(&random, seed);
	kunit_info(test, "seed %u\n", seed);
	for (shape = 0; shape < 20 && !rig_time_is_up(rig); shape++) {
		struct rig_buffer *buffer = list_random_chain(rig, &random);

		for (round = 0; round < 8 && test->status != KUNIT_FAILURE; round++)
			transfers += list_transfer_part(rig, buffer, &random);
		if (test->status == KUNIT_FAILURE)
			break;
		cond_resched();
	}
	kunit_info(test, "%u shapes, %u transfers\n", shape, transfers);
}
