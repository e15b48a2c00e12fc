// SPDX-License-Identifier: GPL-2.0-only
/* Memory, and the device that moves it. See scatter.h. */
#include "scatter.h"

struct rig_buffer *scatter_chain(struct rig *rig)
{
	return rig_chain(rig, 3, SCATTER_OFFSET, SCATTER_GROUP);
}

void scatter_expect_state(struct rig_transaction *t, const char *name)
{
	KUNIT_EXPECT_STREQ(t->rig->test, dmabay_transaction_state_name(t->transaction), name);
}

void scatter_fill(struct rig_buffer *buffer, enum dmabay_direction direction)
{
	rig_fill(buffer, direction == DMABAY_WRITE_TO_DEVICE ? SCATTER_NEW : SCATTER_OLD);
}

void scatter_move(struct rig_transaction *t, enum dmabay_direction direction, size_t at,
		  size_t length)
{
	if (direction == DMABAY_WRITE_TO_DEVICE)
		KUNIT_EXPECT_EQ(t->rig->test, rig_transfer_matching(t, at, length, SCATTER_NEW),
				length);
	else
		rig_transfer_write(t, at, length, SCATTER_NEW);
}

void scatter_expect_moved(struct rig_buffer *buffer, enum dmabay_direction direction, size_t at,
			  size_t length)
{
	struct kunit *test = buffer->rig->test;
	size_t behind = buffer->length - at - length;

	if (direction == DMABAY_WRITE_TO_DEVICE)
		return;
	KUNIT_EXPECT_EQ(test, rig_matching(buffer, 0, at, SCATTER_OLD), at);
	KUNIT_EXPECT_EQ(test, rig_matching(buffer, at, length, SCATTER_NEW), length);
	KUNIT_EXPECT_EQ(test, rig_matching(buffer, at + length, behind, SCATTER_OLD), behind);
}

void scatter_expect_list(struct rig_transaction *t, struct rig_buffer *buffer, size_t at)
{
	struct kunit *test = t->rig->test;
	unsigned int elements = 0;

	KUNIT_EXPECT_EQ(test, 0,
			dmabay_adapter_transfer_info(t->rig->adapter, buffer->memory, at, t->length,
						     NULL, &elements));
	KUNIT_EXPECT_GE(test, t->list->count, 1);
	KUNIT_EXPECT_LE(test, t->list->count, elements);
	KUNIT_EXPECT_LE(test, t->list->count, t->list->capacity);
}

void scatter_run(struct rig_transaction *t, struct rig_buffer *buffer,
		 enum dmabay_direction direction, size_t offset, size_t length)
{
	struct kunit *test = t->rig->test;
	size_t done = 0;
	int ret;

	scatter_fill(buffer, direction);
	rig_initialize_direction(t, direction, buffer->memory, offset, length);
	KUNIT_ASSERT_EQ(test, rig_execute(t), 0);
	do {
		KUNIT_ASSERT_GT(test, t->length, 0);
		KUNIT_ASSERT_LE(test, t->length, length - done);
		scatter_expect_list(t, buffer, offset + done);
		scatter_move(t, direction, offset + done, t->length);
		done += t->length;
		ret = rig_complete(t);
	} while (ret == -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, done, length);
	scatter_expect_moved(buffer, direction, offset, length);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
}

void scatter_run_both(struct rig_transaction *t, struct rig_buffer *buffer, size_t offset,
		      size_t length, unsigned int count, const size_t *lengths)
{
	unsigned int direction;

	for (direction = 0; direction < 2; direction++) {
		t->rig->events = 0;
		scatter_run(t, buffer, direction, offset, length);
		rig_expect_lengths(t->rig, count, lengths);
	}
}

int scatter_initialize(struct rig_transaction *t, struct rig_buffer *buffer, size_t offset,
		       size_t length)
{
	return dmabay_transaction_initialize_offset(t->transaction, rig_program,
						    DMABAY_READ_FROM_DEVICE, buffer->memory,
						    offset, length);
}

void scatter_expect_failed_after(struct rig_transaction *t, size_t transferred)
{
	struct kunit *test = t->rig->test;

	scatter_expect_state(t, "failed");
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), transferred);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_current_length(t->transaction), 0);
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_completed(t->transaction));
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_completed_final(t->transaction, 0));
	RIG_EXPECT_ILLEGAL(test, rig_execute(t));
}

void scatter_lower_limit_and_complete(struct rig_transaction *t)
{
	dmabay_enabler_set_max_sg_elements(t->rig->enabler, 1);
	rig_complete(t);
}

struct rig *scatter_start_duplex(struct kunit *test, unsigned int read, unsigned int write)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, SCATTER_MAX, read);

	config.profile = DMABAY_PROFILE_SCATTER_GATHER_DUPLEX;
	config.map_registers_write = write;
	rig_enable(rig, &config);
	KUNIT_ASSERT_EQ(test, rig_free_registers_direction(rig, DMABAY_READ_FROM_DEVICE), read);
	KUNIT_ASSERT_EQ(test, rig_free_registers_direction(rig, DMABAY_WRITE_TO_DEVICE), write);
	return rig;
}

u64 scatter_outstanding(struct rig *rig)
{
	struct dmabay_adapter_counters counters;

	dmabay_adapter_counters(rig->adapter, &counters);
	return counters.mapped - counters.unmapped + counters.linked_bytes;
}
