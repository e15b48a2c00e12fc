// SPDX-License-Identifier: GPL-2.0-only
/*
 * R39: a very long line, in which each frees what it is granted inside its routine, and so
 * grants the next one.
 */
#include <linux/sched/task_stack.h>
#include <linux/vmalloc.h>

#include "adapter.h"

struct adapter_line {
	struct dmabay_channel *channels;
	unsigned int turn;
	unsigned int order_errors;
	unsigned int refused;
	unsigned long stack_low;
};

static enum dmabay_channel_action line_routine(struct dmabay_adapter *adapter,
					       struct dmabay_channel *channel, void *context)
{
	struct adapter_line *line = context;
	unsigned long here = (unsigned long)&line;

	line->stack_low = min(line->stack_low, here);
	line->order_errors += channel != &line->channels[line->turn++];
	line->refused += !!dmabay_adapter_free_channel(adapter, channel);
	return DMABAY_DEALLOCATE_OBJECT_KEEP_REGISTERS;
}

/* How much stack the deepest routine was called on. */
static unsigned long line_depth(struct rig *rig, struct adapter_line *line, unsigned int count)
{
	struct adapter_user *first = adapter_users(rig, 1);
	struct kunit *test = rig->test;
	unsigned int i;

	*line = (struct adapter_line) { .channels = line->channels, .stack_low = ULONG_MAX };
	memset(line->channels, 0, count * sizeof(*line->channels));
	KUNIT_ASSERT_EQ(test, adapter_ask(first, 17, 0), 0);
	for (i = 0; i < count; i++)
		line->refused += !!dmabay_adapter_allocate_channel(rig->adapter,
								   &line->channels[i],
								   1 + i % 17, 0, line_routine,
								   line);
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), count);
	KUNIT_EXPECT_EQ(test, adapter_give(first), 0);
	KUNIT_EXPECT_EQ(test, line->turn, count);
	KUNIT_EXPECT_EQ(test, line->order_errors, 0);
	KUNIT_EXPECT_EQ(test, line->refused, 0);
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 0);
	return (unsigned long)task_stack_page(current) + THREAD_SIZE - line->stack_low;
}

void adapter_long_line(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	const unsigned int most = rig_many(100000);
	struct adapter_line line = { .channels = vcalloc(most, sizeof(*line.channels)) };
	unsigned long few, many;

	KUNIT_ASSERT_NOT_NULL(test, line.channels);
	few = line_depth(rig, &line, 2);
	many = line_depth(rig, &line, most);
	KUNIT_EXPECT_EQ(test, many, few);
	kunit_info(test, "R39: %u waiters, %lu bytes of stack at most, %u order errors\n", most,
		   many, line.order_errors);
	vfree(line.channels);
}
