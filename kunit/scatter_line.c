// SPDX-License-Identifier: GPL-2.0-only
/*
 * The line: each transfer of a list asks for its registers anew, so a transaction can
 * wait between two of them, be cancelled there, or fail with nobody there to be told.
 */
#include <kunit/static_stub.h>
#include <linux/slab.h>

#include "scatter.h"

/* X19: both are programmed, each has its list, and its bytes. */
void scatter_x19_two_at_once(struct kunit *test)
{
	struct rig *rig = rig_start(test, SCATTER_MAX, 8);
	struct rig_transaction *a = rig_transaction(rig), *b = rig_transaction(rig);
	struct rig_buffer *one = scatter_chain(rig), *other = scatter_chain(rig);

	rig_fill(one, SCATTER_OLD);
	rig_fill(other, SCATTER_NEW);
	rig_begin(a, one, 10000);
	rig_initialize_direction(b, DMABAY_WRITE_TO_DEVICE, other->memory, 0, 10000);
	KUNIT_EXPECT_EQ(test, rig_execute(b), 0);
	KUNIT_ASSERT_EQ(test, b->programmed, 1);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 0);
	KUNIT_EXPECT_PTR_NE(test, a->list, b->list);
	rig_transfer_write(a, 0, 10000, 3);
	KUNIT_EXPECT_EQ(test, rig_transfer_matching(b, 0, 10000, SCATTER_NEW), 10000);
	rig_finish(b);
	rig_finish(a);
	KUNIT_EXPECT_EQ(test, rig_matching(one, 0, 10000, 3), 10000);
	KUNIT_EXPECT_EQ(test, rig_matching(other, 0, 15000, SCATTER_NEW), 15000);
}

static void scatter_expect_logged(struct rig_transaction *t, const struct rig_event *event)
{
	struct kunit *test = t->rig->test;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, t->list->count, event->count);
	for (i = 0; i < min_t(unsigned int, event->count, RIG_ELEMENTS); i++) {
		KUNIT_EXPECT_EQ(test, t->list->elements[i].address, event->elements[i].address);
		KUNIT_EXPECT_EQ(test, t->list->elements[i].length, event->elements[i].length);
	}
}

/*
 * X21: the list stays what it was until its transfer is completed, whatever other
 * transactions do meanwhile; with the packet profile, too.
 */
void scatter_x21_list_until_completed(struct kunit *test)
{
	struct rig *rig = rig_start(test, SCATTER_MAX, 17);
	struct rig_transaction *t = rig_transaction(rig), *other = rig_transaction(rig);
	struct rig_buffer *chain = scatter_chain(rig), *buffer = scatter_chain(rig);
	unsigned int first, done = 0;
	int ret;

	rig_fill(chain, SCATTER_OLD);
	rig_begin(t, chain, 15000);
	do {
		first = rig->events - 1;
		rig_begin(other, buffer, 15000);
		scatter_expect_logged(t, &rig->log[first]);
		rig_finish(other);
		scatter_expect_logged(t, &rig->log[first]);
		rig_transfer_write(t, done, t->length, SCATTER_NEW);
		done += t->length;
		ret = rig_complete(t);
	} while (ret == -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, ret, 0);
	scatter_expect_moved(chain, DMABAY_READ_FROM_DEVICE, 0, 15000);
}

/* X23: the directions have registers, and lines, of their own. */
void scatter_x23_directions_are_apart(struct kunit *test)
{
	struct rig *rig = scatter_start_duplex(test, 4, 4);
	struct rig_transaction *waits = rig_transaction(rig), *runs = rig_transaction(rig);
	struct rig_buffer *one = scatter_chain(rig), *other = scatter_chain(rig);
	unsigned int held, free;

	for (held = 0; held < 2; held++) {
		free = !held;
		rig_hold_direction(rig, held, 4);
		scatter_fill(one, held);
		rig_initialize_direction(waits, held, one->memory, 0, 10000);
		KUNIT_EXPECT_EQ(test, rig_execute(waits), 0);
		KUNIT_EXPECT_EQ(test, waits->programmed, held);
		KUNIT_EXPECT_EQ(test, rig_waiters_direction(rig, held), 1);
		KUNIT_EXPECT_EQ(test, rig_waiters_direction(rig, free), 0);

		scatter_run(runs, other, free, 0, 15000);
		KUNIT_EXPECT_EQ(test, waits->programmed, held);

		rig_unhold_direction(rig, held);
		KUNIT_EXPECT_EQ(test, waits->programmed, held + 1);
		KUNIT_EXPECT_EQ(test, rig_free_registers_direction(rig, held), 0);
		KUNIT_EXPECT_EQ(test, rig_free_registers_direction(rig, free), 4);
		scatter_move(waits, held, 0, 10000);
		rig_finish(waits);
		scatter_expect_moved(one, held, 0, 10000);
	}
}

/*
 * C18: the old list is given back before the next one is asked for, or the registers
 * for the two would not be there.
 */
void scatter_c18_old_list_first(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	struct rig_transaction *t = rig_transaction(rig);
	u64 outstanding;

	rig_begin(t, rig_contiguous(rig, 0, 40960), 40960);
	outstanding = scatter_outstanding(rig);
	do {
		KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 1);
		KUNIT_EXPECT_EQ(test, scatter_outstanding(rig), outstanding);
	} while (rig_complete(t) == -EINPROGRESS);
	RIG_EXPECT_LENGTHS(rig, 8192, 8192, 8192, 8192, 8192);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 3);
	KUNIT_EXPECT_EQ(test, scatter_outstanding(rig), 0);
}

/* Two, each of which needs all registers for each of its transfers: the first one runs. */
struct scatter_rivals {
	struct rig_transaction *first;
	struct rig_transaction *second;
	struct rig_buffer *first_buffer;
	struct rig_buffer *second_buffer;
};

static struct rig *scatter_start_rivals(struct kunit *test, struct scatter_rivals *rivals)
{
	struct rig *rig = rig_start(test, 8192, 3);

	rivals->first = rig_transaction(rig);
	rivals->second = rig_transaction(rig);
	rivals->first_buffer = rig_scattered(rig, 1, 16384);
	rivals->second_buffer = rig_scattered(rig, 1, 16384);
	rig_fill(rivals->first_buffer, SCATTER_OLD);
	rig_fill(rivals->second_buffer, SCATTER_OLD);
	rig_begin(rivals->first, rivals->first_buffer, 16384);
	rig_initialize(rivals->second, rivals->second_buffer, 16384);
	KUNIT_ASSERT_EQ(test, rig_execute(rivals->second), 0);
	KUNIT_ASSERT_EQ(test, rivals->second->programmed, 0);
	return rig;
}

/* C18, C19: who waits gets its turn between two transfers of another, inside the call. */
void scatter_c18_turn_by_turn(struct kunit *test)
{
	struct scatter_rivals rivals;
	struct rig *rig = scatter_start_rivals(test, &rivals);
	struct rig_transaction *first = rivals.first, *second = rivals.second;

	rig_transfer_write(first, 0, 8192, SCATTER_NEW);
	KUNIT_EXPECT_EQ(test, rig_complete(first), -EINPROGRESS);
	/* Its bytes are there, its place in line is the last. */
	KUNIT_EXPECT_EQ(test, rig_matching(rivals.first_buffer, 0, 8192, SCATTER_NEW), 8192);
	KUNIT_EXPECT_EQ(test, first->programmed, 1);
	KUNIT_EXPECT_EQ(test, second->programmed, 1);
	KUNIT_EXPECT_PTR_EQ(test, rig->log[1].task, current);
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 1);

	rig_transfer_write(second, 0, 8192, SCATTER_NEW);
	KUNIT_EXPECT_EQ(test, rig_complete(second), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, first->programmed, 2);
	KUNIT_EXPECT_EQ(test, second->programmed, 1);

	rig_transfer_write(first, 8192, 8192, SCATTER_NEW);
	KUNIT_EXPECT_EQ(test, rig_complete(first), 0);
	KUNIT_EXPECT_EQ(test, second->programmed, 2);
	rig_transfer_write(second, 8192, 8192, SCATTER_NEW);
	KUNIT_EXPECT_EQ(test, rig_complete(second), 0);
	KUNIT_EXPECT_EQ(test, rig_matching(rivals.first_buffer, 0, 16384, SCATTER_NEW), 16384);
	KUNIT_EXPECT_EQ(test, rig_matching(rivals.second_buffer, 0, 16384, SCATTER_NEW), 16384);
}

/* While it waits for its next transfer it is executing, and nothing is under way. */
void scatter_waits_between_transfers(struct kunit *test)
{
	struct scatter_rivals rivals;
	struct rig *rig = scatter_start_rivals(test, &rivals);
	struct rig_transaction *t = rivals.first;

	KUNIT_EXPECT_EQ(test, rig_complete(t), -EINPROGRESS);
	scatter_expect_state(t, "transfer");
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 8192);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_current_length(t->transaction), 0);
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_completed(t->transaction));
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_completed_length(t->transaction, 0));
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_completed_final(t->transaction, 0));
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_release(t->transaction));
	RIG_EXPECT_ILLEGAL(test, rig_execute(t));
	RIG_EXPECT_ILLEGAL(test, scatter_initialize(t, rivals.first_buffer, 0, 1));
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_transfer_info(t->transaction, NULL, NULL));
	RIG_EXPECT_WARNING(test, dmabay_transaction_delete(t->transaction));
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 1);
	rivals.second->on_program = rig_complete_now;
	KUNIT_EXPECT_EQ(test, rig_complete(rivals.second), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, t->programmed, 2);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 8192);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_current_length(t->transaction), 8192);
	KUNIT_EXPECT_EQ(test, rig_complete(t), 0);
	KUNIT_EXPECT_EQ(test, rivals.second->result, 0);
}

/* K09: it waits for its next transfer, so it can be cancelled; what was done counts. */
void scatter_k09_cancel_between_transfers(struct kunit *test)
{
	struct scatter_rivals rivals;
	struct rig *rig = scatter_start_rivals(test, &rivals);
	struct rig_transaction *t = rivals.first;

	rig_transfer_write(t, 0, 8192, SCATTER_NEW);
	KUNIT_EXPECT_FALSE(test, dmabay_transaction_cancel(t->transaction));
	KUNIT_EXPECT_EQ(test, rig_complete(t), -EINPROGRESS);
	KUNIT_EXPECT_TRUE(test, dmabay_transaction_cancel(t->transaction));
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 0);
	scatter_expect_failed_after(t, 8192);
	KUNIT_EXPECT_FALSE(test, dmabay_transaction_cancel(t->transaction));

	rig_finish(rivals.second);
	KUNIT_EXPECT_EQ(test, t->programmed, 1);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 3);
	scatter_expect_moved(rivals.first_buffer, DMABAY_READ_FROM_DEVICE, 0, 8192);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 0);
	SCATTER_RUN_BOTH(t, rivals.first_buffer, 0, 16384, 8192, 8192);
}

/* M10: not now means not at all, for the second transfer, too. */
void scatter_m10_second_transfer_not_now(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	struct rig_transaction *t = rig_transaction(rig), *other = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 1, 16384);

	rig_initialize(t, buffer, 16384);
	dmabay_transaction_set_immediate(t->transaction, true);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	rig_initialize(other, rig_contiguous(rig, 1, 8192), 8192);
	KUNIT_EXPECT_EQ(test, rig_execute(other), 0);
	KUNIT_EXPECT_EQ(test, rig_complete(t), -ENOMEM);
	KUNIT_EXPECT_EQ(test, t->programmed, 1);
	KUNIT_EXPECT_EQ(test, other->programmed, 1);
	KUNIT_EXPECT_EQ(test, rig_waiters(rig), 0);
	scatter_expect_failed_after(t, 8192);
	rig_finish(other);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 3);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);

	/* With nobody in line it goes on. */
	rig->events = 0;
	rig_initialize(t, buffer, 16384);
	dmabay_transaction_set_immediate(t->transaction, true);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 8192, 8192);
}

/* Set while it executes it warns, and the next transfer goes by it. */
void scatter_immediate_set_under_way(struct kunit *test)
{
	struct scatter_rivals rivals;

	scatter_start_rivals(test, &rivals);
	RIG_EXPECT_WARNING(test, dmabay_transaction_set_immediate(rivals.first->transaction, true));
	KUNIT_EXPECT_EQ(test, rig_complete(rivals.first), -ENOMEM);
	scatter_expect_failed_after(rivals.first, 8192);
	rig_finish(rivals.second);
}

#define SCATTER_TURNS		rig_many(5000)

/* So many groups of 16 bytes, all in the same place: what a device may read. */
static struct rig_buffer *scatter_same_place(struct rig *rig, unsigned int groups)
{
	struct rig_buffer *buffer = rig_pages(rig, 0);
	struct kunit *test = rig->test;
	struct bio_vec *bvec;
	unsigned int i;

	bvec = kvcalloc(groups, sizeof(*bvec), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, bvec);
	for (i = 0; i < groups; i++)
		bvec_set_page(&bvec[i], buffer->pages[0], 16, 64);
	buffer->memory = dmabay_memory_from_bvec(bvec, groups, GFP_KERNEL);
	kvfree(bvec);
	if (IS_ERR(buffer->memory)) {
		KUNIT_EXPECT_EQ(test, PTR_ERR(buffer->memory), 0);
		buffer->memory = NULL;
	}
	KUNIT_ASSERT_NOT_NULL(test, buffer->memory);
	return buffer;
}

/* How deep on the stack two went that took turns, each with so many transfers. */
static unsigned long scatter_take_turns(struct rig *rig, struct rig_buffer *buffer,
					unsigned int transfers)
{
	struct kunit *test = rig->test;
	struct rig_transaction *t[2];
	unsigned int i;

	rig_hold(rig, 2);
	for (i = 0; i < 2; i++) {
		t[i] = rig_transaction(rig);
		t[i]->on_program = rig_complete_now;
		rig_initialize_direction(t[i], DMABAY_WRITE_TO_DEVICE, buffer->memory, 0,
					 32 * transfers);
		KUNIT_ASSERT_EQ(test, rig_execute(t[i]), 0);
	}
	rig_unhold(rig);
	for (i = 0; i < 2; i++) {
		KUNIT_EXPECT_EQ(test, t[i]->programmed, transfers);
		KUNIT_EXPECT_EQ(test, t[i]->result, 0);
		KUNIT_EXPECT_FALSE(test, t[i]->nested);
	}
	for (i = 0; i < min(2 * transfers, RIG_EVENTS); i++)
		KUNIT_EXPECT_PTR_EQ(test, rig->log[i].transaction, t[i % 2]);
	return rig_stack_depth(rig);
}

/*
 * Two that complete inside their callbacks, and for each transfer need all registers:
 * 10 000 transfers, one of the one, one of the other, on no more stack than two take.
 */
void scatter_turns_do_not_nest(struct kunit *test)
{
	struct rig *rig = rig_start(test, 32, 2);
	struct rig_buffer *buffer = scatter_same_place(rig, 2 * SCATTER_TURNS);
	unsigned long few, many;

	few = scatter_take_turns(rig, buffer, 1);
	many = scatter_take_turns(rig, buffer, SCATTER_TURNS);
	kunit_info(test, "%lu, %lu bytes of stack\n", few, many);
	KUNIT_EXPECT_GT(test, few, 0);
	KUNIT_EXPECT_LE(test, many, few);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 2);
}

/* Its registers go to the other one, inside its callback; that one's go on as they come. */
static void scatter_execute_other(struct rig_transaction *t)
{
	struct rig_transaction *other = t->data;

	if (t->programmed == 1) {
		KUNIT_EXPECT_EQ(t->rig->test, rig_execute(other), 0);
		KUNIT_EXPECT_EQ(t->rig->test, other->programmed, 0);
	}
	rig_complete(t);
}

/* The same when the line begins inside a callback: one in the other, and no deeper. */
void scatter_turns_in_callback_do_not_nest(struct kunit *test)
{
	const unsigned int transfers[] = { 3, SCATTER_TURNS };
	struct rig *rig = rig_start(test, 32, 2);
	struct rig_buffer *buffer = scatter_same_place(rig, 2 * SCATTER_TURNS);
	unsigned long depth[ARRAY_SIZE(transfers)];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(transfers); i++) {
		struct rig_transaction *t = rig_transaction(rig), *other = rig_transaction(rig);

		t->data = other;
		t->on_program = scatter_execute_other;
		other->on_program = rig_complete_now;
		rig_initialize_direction(other, DMABAY_WRITE_TO_DEVICE, buffer->memory, 0,
					 32 * transfers[i]);
		rig_initialize_direction(t, DMABAY_WRITE_TO_DEVICE, buffer->memory, 0,
					 32 * transfers[i]);
		KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
		KUNIT_EXPECT_EQ(test, t->programmed, transfers[i]);
		KUNIT_EXPECT_EQ(test, other->programmed, transfers[i]);
		KUNIT_EXPECT_EQ(test, t->result, 0);
		KUNIT_EXPECT_EQ(test, other->result, 0);
		depth[i] = rig_stack_depth(rig);
	}
	kunit_info(test, "%lu, %lu bytes of stack\n", depth[0], depth[1]);
	KUNIT_EXPECT_LE(test, depth[1], depth[0]);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 2);
}

struct scatter_failure {
	unsigned int calls;
	int status;
	void *context;
};

static struct scatter_failure scatter_failure;

static void scatter_failed(struct dmabay_transaction *transaction, void *context, int status)
{
	scatter_failure.calls++;
	scatter_failure.status = status;
	scatter_failure.context = context;
}

static void scatter_expect_told(struct rig_transaction *t, unsigned int calls, int status)
{
	KUNIT_EXPECT_EQ(t->rig->test, scatter_failure.calls, calls);
	KUNIT_EXPECT_EQ(t->rig->test, scatter_failure.status, status);
	KUNIT_EXPECT_PTR_EQ(t->rig->test, scatter_failure.context, t);
}

/* Once. */
static int scatter_map_fails(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			     struct dmabay_memory *memory, size_t offset, size_t *length,
			     enum dmabay_direction direction, struct dmabay_sg_list *list)
{
	kunit_deactivate_static_stub(kunit_get_current_test(), dmabay_adapter_map_transfer);
	return -EIO;
}

/*
 * After a wait there is no caller to tell that the mapping failed: the failed callback
 * is told, once, and the registers go on to the next in line.
 */
void scatter_failure_after_late_grant(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	struct rig_transaction *t = rig_transaction(rig), *next = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 1, 16384);

	scatter_failure = (struct scatter_failure) {};
	dmabay_transaction_set_failed(t->transaction, scatter_failed);
	rig_hold(rig, 3);
	rig_initialize(t, buffer, 16384);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	kunit_activate_static_stub(test, dmabay_adapter_map_transfer, scatter_map_fails);
	rig_unhold(rig);
	scatter_expect_told(t, 1, -EIO);
	KUNIT_EXPECT_EQ(test, t->programmed, 0);
	scatter_expect_failed_after(t, 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);

	/* At once it is execute that tells, and only it. */
	rig_initialize(t, buffer, 16384);
	kunit_activate_static_stub(test, dmabay_adapter_map_transfer, scatter_map_fails);
	KUNIT_EXPECT_EQ(test, rig_execute(t), -EIO);
	scatter_expect_told(t, 1, -EIO);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);

	/* The same with the second transfer, and with one in line behind it. */
	rig_begin(t, buffer, 16384);
	rig_initialize(next, buffer, 16384);
	KUNIT_EXPECT_EQ(test, rig_execute(next), 0);
	KUNIT_EXPECT_EQ(test, rig_complete(t), -EINPROGRESS);
	kunit_activate_static_stub(test, dmabay_adapter_map_transfer, scatter_map_fails);
	KUNIT_EXPECT_EQ(test, rig_complete(next), -EINPROGRESS);
	scatter_expect_told(t, 2, -EIO);
	scatter_expect_failed_after(t, 8192);
	KUNIT_EXPECT_EQ(test, next->programmed, 2);
	rig_finish(next);
}

/* So it is when the granted transfer was completed at once, and the next one is refused. */
void scatter_limit_lowered_after_late_grant(struct kunit *test)
{
	struct rig *rig = rig_start(test, SCATTER_MAX, 4);
	struct rig_transaction *t = rig_transaction(rig);

	scatter_failure = (struct scatter_failure) {};
	dmabay_transaction_set_failed(t->transaction, scatter_failed);
	t->on_program = scatter_lower_limit_and_complete;
	rig_hold(rig, 4);
	rig_initialize(t, scatter_chain(rig), 15000);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	rig_unhold(rig);
	KUNIT_EXPECT_EQ(test, t->result, -EINPROGRESS);
	scatter_expect_told(t, 1, -E2BIG);
	KUNIT_EXPECT_EQ(test, t->programmed, 1);
	scatter_expect_failed_after(t, 10000);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 4);
}
