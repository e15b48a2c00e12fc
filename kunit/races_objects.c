// SPDX-License-Identifier: GPL-2.0-only
/*
 * Objects that go away: whoever holds a reference is served, or refused; and memory is
 * nobody else's.
 */
#include <linux/kthread.h>
#include <linux/prandom.h>
#include <linux/sched.h>
#include <linux/string.h>

#include "races.h"

static void race_delete_there(struct race *race)
{
	dmabay_transaction_delete(race->t->transaction);
}

/* Who holds a reference is served, or refused. */
void races_delete_against_calls(struct kunit *test)
{
	struct race *race = race_new(rig_start(test, RACE_LENGTH, RACE_REGISTERS));
	bool packet = race->rig->param->profile == DMABAY_PROFILE_PACKET;
	struct rig_transaction *t = race_transaction(race);
	int ret;

	race->t = t;
	race->buffer = rig_contiguous(race->rig, 0, 4096);
	rig_delete(t);
	race_start(race, race_delete_there);
	while (race_goes_on(race)) {
		race_create(race);
		dmabay_transaction_get(t->transaction);
		race_go(race);
		if (packet)
			ret = rig_reserve(t, RACE_REGISTERS);
		else
			ret = dmabay_transaction_initialize(t->transaction, rig_program,
							    DMABAY_READ_FROM_DEVICE,
							    race->buffer->memory, 4096);
		race_meet(race);
		KUNIT_EXPECT_TRUE(test, !ret || ret == -EBADFD);
		KUNIT_EXPECT_LE(test, race->calls, packet && !ret);
		KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), -EBADFD);
		race_expect_idle(race);
		dmabay_transaction_put(t->transaction);
		t->transaction = NULL;
		race_won(race, !ret);
	}
	race_end(race, "called", "deleted");
}

/* Both CPUs have some, and each replaces its own by others. */
static void race_replace_buffer(struct race *race, struct dmabay_common_buffer **buffer,
				u8 mark, u32 random)
{
	struct kunit *test = race->test;
	void *vaddr;

	if (*buffer) {
		vaddr = dmabay_common_buffer_vaddr(*buffer);
		KUNIT_EXPECT_NULL(test, memchr_inv(vaddr, mark,
						   dmabay_common_buffer_length(*buffer)));
		dmabay_common_buffer_delete(*buffer);
	}
	KUNIT_EXPECT_EQ(test, 0,
			dmabay_common_buffer_create(race->rig->enabler, 1 + random % 12000,
						    buffer));
	if (!*buffer)
		return;
	vaddr = dmabay_common_buffer_vaddr(*buffer);
	KUNIT_EXPECT_NULL(test, memchr_inv(vaddr, 0, dmabay_common_buffer_length(*buffer)));
	memset(vaddr, mark, dmabay_common_buffer_length(*buffer));
}

static int race_replace_buffers(void *data)
{
	struct dmabay_common_buffer *buffers[4] = {};
	struct race *race = data;
	struct rnd_state random;

	prandom_seed_state(&random, 2);
	while (!kthread_should_stop()) {
		race_replace_buffer(race, &buffers[race->lost % 4], 2, prandom_u32_state(&random));
		race->lost++;
		cond_resched();
	}
	return 0;
}

/* Their bytes are nobody else's; what is left goes with the enabler. */
void races_common_buffers(struct kunit *test)
{
	struct race *race = race_new(rig_start(test, 4096, 2));
	struct dmabay_common_buffer *buffers[4] = {};
	struct rnd_state random;

	prandom_seed_state(&random, 1);
	rig_other_start(race->rig, race_replace_buffers, race);
	while (race->won < RACE_ROUNDS && !rig_time_is_up(race->rig)) {
		race_replace_buffer(race, &buffers[race->won % 4], 1, prandom_u32_state(&random));
		race->won++;
		cond_resched();
	}
	race_end(race, "made here", "made there");
}

static void race_unlink(struct race *race)
{
	struct dmabay_memory *memory = dmabay_memory_get(race->buffer->memory);

	race->result = dmabay_transaction_unlink(race->t->transaction,
						 race->done % 2 ? memory : NULL);
	dmabay_memory_put(memory);
}

/* A transfer of kept memory that is to be unlinked: before it, or not now. */
void races_unlink_against_transfer(struct kunit *test)
{
	struct race *race = race_new(rig_prepare(test));
	struct dmabay_enabler_config config = rig_config(race->rig, RACE_LENGTH, RACE_REGISTERS);
	struct rig_transaction *t;

	config.flags = DMABAY_ENABLER_KEEP_LINKS;
	rig_enable(race->rig, &config);
	t = race_transaction(race);
	race->t = t;
	race->buffer = rig_contiguous(race->rig, 0, 8192);
	KUNIT_ASSERT_EQ(test, rig_reserve(t, RACE_REGISTERS), 0);
	race_start(race, race_unlink);
	while (race_goes_on(race)) {
		rig_initialize(t, race->buffer, 8192);
		race_go(race);
		KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
		race_meet(race);
		KUNIT_EXPECT_TRUE(test, !race->result || race->result == -EBUSY);
		KUNIT_ASSERT_EQ(test, race->calls, 1);
		rig_transfer_write(t, 0, RACE_PIECE, race->begun);
		KUNIT_EXPECT_EQ(test, dmabay_transaction_completed(t->transaction), 0);
		KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
		KUNIT_EXPECT_EQ(test, rig_matching(race->buffer, 0, RACE_PIECE, race->begun),
				RACE_PIECE);
		race_won(race, race->result == -EBUSY);
	}
	race_end(race, "transferred", "unlinked");
}
