// SPDX-License-Identifier: GPL-2.0-only
/* What a list looks like, and the device that goes through it. See sg_list.h. */
#include "sg_list.h"

void list_device_write(struct rig *rig, const struct dmabay_sg_list *list, size_t at, size_t length,
		       u8 seed)
{
	struct rig_transaction t = { .rig = rig, .list = list };

	rig_transfer_write(&t, at, length, seed);
}

size_t list_device_matching(struct rig *rig, const struct dmabay_sg_list *list, size_t at,
			    size_t length, u8 seed)
{
	struct rig_transaction t = { .rig = rig, .list = list };

	return rig_transfer_matching(&t, at, length, seed);
}

void list_expect_elements(struct rig *rig, struct rig_buffer *buffer,
			  const struct dmabay_sg_list *list, size_t at, size_t length)
{
	struct kunit *test = rig->test;
	unsigned int i, group, elements = 0;
	size_t end = at;

	for (i = 0; i < list->count; i++) {
		size_t start = end, group_start = 0;

		KUNIT_EXPECT_GT(test, list->elements[i].length, 0);
		end += list->elements[i].length;
		for (group = 0; group < buffer->part_count; group++) {
			group_start += buffer->parts[group]->length;
			KUNIT_EXPECT_FALSE(test, start < group_start && group_start < end);
		}
	}
	KUNIT_EXPECT_EQ(test, end, at + length);
	KUNIT_EXPECT_EQ(test, 0, dmabay_adapter_transfer_info(rig->adapter, buffer->memory, at,
							      length, NULL, &elements));
	KUNIT_EXPECT_LE(test, list->count, elements);
}
