// SPDX-License-Identifier: GPL-2.0-only
/*
 * Endings: an execution is completed, fails, is cancelled, is over with its transaction;
 * however it ends, its request's reference is given back once.
 */
#include <kunit/static_stub.h>

#include "request.h"

/*
 * The endings. Each begins with @counted attached, 16384 bytes in two transfers, and
 * leaves the transaction neither executing nor deleted.
 */
static void request_end_completed(struct rig_transaction *t, struct request_counted *counted)
{
	KUNIT_EXPECT_EQ(t->rig->test, rig_execute(t), 0);
	RIG_EXPECT_ILLEGAL(t->rig->test, rig_execute(t));
	KUNIT_EXPECT_EQ(t->rig->test, rig_complete(t), -EINPROGRESS);
	request_expect(counted, 1, 0);
	KUNIT_EXPECT_EQ(t->rig->test, rig_complete(t), 0);
}

static void request_end_in_callback(struct rig_transaction *t, struct request_counted *counted)
{
	t->on_program = rig_complete_now;
	KUNIT_EXPECT_EQ(t->rig->test, rig_execute(t), 0);
	KUNIT_EXPECT_EQ(t->rig->test, t->programmed, 2);
}

static void request_end_by_parts(struct rig_transaction *t, struct request_counted *counted)
{
	struct dmabay_transaction *transaction = t->transaction;

	KUNIT_EXPECT_EQ(t->rig->test, rig_execute(t), 0);
	KUNIT_EXPECT_EQ(t->rig->test, dmabay_transaction_completed_length(transaction, 0),
			-EINPROGRESS);
	KUNIT_EXPECT_EQ(t->rig->test, dmabay_transaction_completed_length(transaction, 100),
			-EINPROGRESS);
	request_expect(counted, 1, 0);
	KUNIT_EXPECT_EQ(t->rig->test, dmabay_transaction_completed_final(transaction, 1), 0);
}

static void request_end_too_long(struct rig_transaction *t, struct request_counted *counted)
{
	KUNIT_EXPECT_EQ(t->rig->test, rig_execute(t), 0);
	RIG_EXPECT_QUIET(t->rig->test,
			 dmabay_transaction_completed_final(t->transaction, 8193), -EINVAL);
}

static int request_flush_fails(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			       size_t length)
{
	return -EIO;
}

static void request_end_flush_failed(struct rig_transaction *t, struct request_counted *counted)
{
	struct kunit *test = t->rig->test;

	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	kunit_activate_static_stub(test, dmabay_adapter_flush, request_flush_fails);
	KUNIT_EXPECT_EQ(test, rig_complete(t), -EIO);
	kunit_deactivate_static_stub(test, dmabay_adapter_flush);
}

static void request_end_immediate(struct rig_transaction *t, struct request_counted *counted)
{
	rig_hold(t->rig, 3);
	dmabay_transaction_set_immediate(t->transaction, true);
	KUNIT_EXPECT_EQ(t->rig->test, rig_execute(t), -ENOMEM);
	rig_unhold(t->rig);
}

static int request_map_fails(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			     struct dmabay_memory *memory, size_t offset, size_t *length,
			     enum dmabay_direction direction, struct dmabay_sg_list *list)
{
	return -EIO;
}

static void request_end_map_failed(struct rig_transaction *t, struct request_counted *counted)
{
	struct kunit *test = t->rig->test;

	kunit_activate_static_stub(test, dmabay_adapter_map_transfer, request_map_fails);
	KUNIT_EXPECT_EQ(test, rig_execute(t), -EIO);
	kunit_deactivate_static_stub(test, dmabay_adapter_map_transfer);
}

static void request_end_next_map_failed(struct rig_transaction *t, struct request_counted *counted)
{
	struct kunit *test = t->rig->test;

	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	kunit_activate_static_stub(test, dmabay_adapter_map_transfer, request_map_fails);
	KUNIT_EXPECT_EQ(test, rig_complete(t), -EIO);
	kunit_deactivate_static_stub(test, dmabay_adapter_map_transfer);
}

/* Whoever is told that it failed has the request for itself. */
static void request_failed(struct dmabay_transaction *transaction, void *context, int status)
{
	struct rig_transaction *t = context;

	t->result = status;
	request_expect_attached(t, t->data);
	request_expect(t->data, 1, 1);
}

static void request_end_map_failed_late(struct rig_transaction *t, struct request_counted *counted)
{
	struct kunit *test = t->rig->test;

	t->data = counted;
	dmabay_transaction_set_failed(t->transaction, request_failed);
	rig_hold(t->rig, 3);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	request_expect(counted, 1, 0);
	kunit_activate_static_stub(test, dmabay_adapter_map_transfer, request_map_fails);
	rig_unhold(t->rig);
	kunit_deactivate_static_stub(test, dmabay_adapter_map_transfer);
	KUNIT_EXPECT_EQ(test, t->result, -EIO);
}

static void request_end_cancelled(struct rig_transaction *t, struct request_counted *counted)
{
	rig_hold(t->rig, 3);
	KUNIT_EXPECT_EQ(t->rig->test, rig_execute(t), 0);
	KUNIT_EXPECT_TRUE(t->rig->test, dmabay_transaction_cancel(t->transaction));
	KUNIT_EXPECT_FALSE(t->rig->test, dmabay_transaction_cancel(t->transaction));
	rig_unhold(t->rig);
}

static void request_end_not_cancelled(struct rig_transaction *t, struct request_counted *counted)
{
	KUNIT_EXPECT_FALSE(t->rig->test, dmabay_transaction_cancel(t->transaction));
	KUNIT_EXPECT_EQ(t->rig->test, rig_execute(t), 0);
	KUNIT_EXPECT_FALSE(t->rig->test, dmabay_transaction_cancel(t->transaction));
	request_expect(counted, 1, 0);
	KUNIT_EXPECT_EQ(t->rig->test, dmabay_transaction_completed_final(t->transaction, 0), 0);
}

static void request_end_not_executed(struct rig_transaction *t, struct request_counted *counted)
{
	RIG_EXPECT_ILLEGAL(t->rig->test, dmabay_transaction_completed(t->transaction));
}

/* 6.4: what a reservation never took, its failure does not give back. */
static void request_end_reserve_too_many(struct rig_transaction *t, struct request_counted *counted)
{
	KUNIT_EXPECT_EQ(t->rig->test, rig_reserve(t, 4), -ENOMEM);
}

static void request_end_reserve_immediate(struct rig_transaction *t,
					  struct request_counted *counted)
{
	rig_hold(t->rig, 3);
	dmabay_transaction_set_immediate(t->transaction, true);
	KUNIT_EXPECT_EQ(t->rig->test, rig_reserve(t, 2), -ENOMEM);
	rig_unhold(t->rig);
}

static void request_end_reserve_cancelled(struct rig_transaction *t,
					  struct request_counted *counted)
{
	rig_hold(t->rig, 3);
	KUNIT_EXPECT_EQ(t->rig->test, rig_reserve(t, 2), 0);
	KUNIT_EXPECT_TRUE(t->rig->test, dmabay_transaction_cancel(t->transaction));
	rig_unhold(t->rig);
	KUNIT_EXPECT_EQ(t->rig->test, t->reserved, 0);
}

static void request_end_reserve_released(struct rig_transaction *t, struct request_counted *counted)
{
	rig_hold(t->rig, 3);
	KUNIT_EXPECT_EQ(t->rig->test, rig_reserve(t, 2), 0);
	KUNIT_EXPECT_EQ(t->rig->test, dmabay_transaction_release(t->transaction), 0);
	rig_unhold(t->rig);
	KUNIT_EXPECT_EQ(t->rig->test, t->reserved, 0);
}

static void request_end_reserve_freed(struct rig_transaction *t, struct request_counted *counted)
{
	rig_hold(t->rig, 3);
	KUNIT_EXPECT_EQ(t->rig->test, rig_reserve(t, 2), 0);
	KUNIT_EXPECT_EQ(t->rig->test, dmabay_transaction_free_reservation(t->transaction), 0);
	rig_unhold(t->rig);
	KUNIT_EXPECT_EQ(t->rig->test, t->reserved, 0);
}

static void request_end_reserve_granted(struct rig_transaction *t, struct request_counted *counted)
{
	KUNIT_EXPECT_EQ(t->rig->test, rig_reserve(t, 2), 0);
	RIG_EXPECT_ILLEGAL(t->rig->test, rig_execute(t));
	KUNIT_EXPECT_EQ(t->rig->test, dmabay_transaction_free_reservation(t->transaction), 0);
}

static void request_end_reserved_completed(struct rig_transaction *t,
					   struct request_counted *counted)
{
	KUNIT_EXPECT_EQ(t->rig->test, rig_reserve(t, 2), 0);
	request_attach(t, counted);
	request_end_completed(t, counted);
	request_expect(counted, 1, 1);
	KUNIT_EXPECT_EQ(t->rig->test, dmabay_transaction_free_reservation(t->transaction), 0);
}

static void request_end_reserved_failed(struct rig_transaction *t, struct request_counted *counted)
{
	KUNIT_EXPECT_EQ(t->rig->test, rig_reserve(t, 2), 0);
	request_attach(t, counted);
	request_end_map_failed(t, counted);
	request_expect(counted, 1, 1);
	KUNIT_EXPECT_EQ(t->rig->test, dmabay_transaction_free_reservation(t->transaction), 0);
}

/* @references: taken and given back; @attached: is it still, before the release */
struct request_ending {
	const char *name;
	void (*end)(struct rig_transaction *t, struct request_counted *counted);
	unsigned int references;
	bool attached;
};

static const struct request_ending request_endings[] = {
	{ "completed", request_end_completed, 1, true },
	{ "completed in callbacks", request_end_in_callback, 1, true },
	{ "completed by parts", request_end_by_parts, 1, true },
	{ "length too long", request_end_too_long, 1, true },
	{ "flush failed", request_end_flush_failed, 1, true },
	{ "no map registers at once", request_end_immediate, 1, true },
	{ "mapping failed", request_end_map_failed, 1, true },
	{ "mapping of the next failed", request_end_next_map_failed, 1, true },
	{ "mapping failed after a wait", request_end_map_failed_late, 1, true },
	{ "cancelled in line", request_end_cancelled, 1, true },
	{ "cancelled in vain", request_end_not_cancelled, 1, true },
	{ "not executed", request_end_not_executed, 0, true },
};

static const struct request_ending request_reservation_endings[] = {
	{ "reservation of too many", request_end_reserve_too_many, 0, true },
	{ "no reservation at once", request_end_reserve_immediate, 0, true },
	{ "reservation cancelled", request_end_reserve_cancelled, 0, true },
	{ "reservation released in line", request_end_reserve_released, 0, false },
	{ "reservation freed in line", request_end_reserve_freed, 0, false },
	{ "reservation freed", request_end_reserve_granted, 0, false },
	{ "reserved and completed", request_end_reserved_completed, 1, false },
	{ "reserved and failed", request_end_reserved_failed, 1, false },
};

static struct rig_transaction *request_run_ending(struct rig *rig,
						  const struct request_ending *ending,
						  struct request_counted *counted)
{
	struct rig_transaction *t = rig_transaction(rig);
	struct kunit *test = rig->test;

	request_attach(t, counted);
	ending->end(t, counted);
	KUNIT_EXPECT_EQ_MSG(test, counted->gets, ending->references, "%s", ending->name);
	KUNIT_EXPECT_EQ_MSG(test, counted->puts, ending->references, "%s", ending->name);
	KUNIT_EXPECT_EQ_MSG(test, dmabay_request_may_complete(&counted->request), 0, "%s",
			    ending->name);
	KUNIT_EXPECT_PTR_EQ_MSG(test, dmabay_transaction_request(t->transaction),
				ending->attached ? &counted->request : NULL, "%s", ending->name);
	KUNIT_EXPECT_EQ_MSG(test, rig_free_registers(rig), 3, "%s", ending->name);
	return t;
}

/* Once with a release after it, once with a delete: neither touches the count. */
static void request_expect_ending(struct rig *rig, const struct request_ending *ending)
{
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 16384);
	struct request_counted *released = request_read(rig, buffer);
	struct request_counted *deleted = request_read(rig, buffer);
	struct kunit *test = rig->test;
	struct rig_transaction *t;

	t = request_run_ending(rig, ending, released);
	KUNIT_EXPECT_EQ_MSG(test, dmabay_transaction_release(t->transaction), 0, "%s",
			    ending->name);
	KUNIT_EXPECT_NULL_MSG(test, dmabay_transaction_request(t->transaction), "%s",
			      ending->name);
	KUNIT_EXPECT_EQ_MSG(test, released->gets, ending->references, "%s", ending->name);
	KUNIT_EXPECT_EQ_MSG(test, released->puts, ending->references, "%s", ending->name);

	t = request_run_ending(rig, ending, deleted);
	rig_delete(t);
	KUNIT_EXPECT_EQ_MSG(test, deleted->gets, ending->references, "%s", ending->name);
	KUNIT_EXPECT_EQ_MSG(test, deleted->puts, ending->references, "%s", ending->name);
}

void request_one_reference_whatever_ends(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(request_endings); i++)
		request_expect_ending(rig, &request_endings[i]);
}

void request_one_reference_with_reservation(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(request_reservation_endings); i++)
		request_expect_ending(rig, &request_reservation_endings[i]);
}

/* A list transaction that has to wait for its second transfer: behind @other. */
static void request_wait_for_second(struct rig_transaction *t, struct rig_transaction *other,
				    struct rig_buffer *buffer)
{
	struct kunit *test = t->rig->test;

	KUNIT_ASSERT_EQ(test, rig_execute(t), 0);
	rig_initialize(other, buffer, 8192);
	KUNIT_ASSERT_EQ(test, rig_execute(other), 0);
	KUNIT_ASSERT_EQ(test, other->programmed, 0);
}

void request_cancelled_between_transfers(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	struct rig_transaction *t = rig_transaction(rig), *other = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 16384);
	struct request_counted *counted = request_read(rig, buffer);

	request_attach(t, counted);
	request_wait_for_second(t, other, buffer);
	KUNIT_EXPECT_EQ(test, rig_complete(t), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, other->programmed, 1);
	request_expect(counted, 1, 0);
	request_expect_executing(test, counted);
	KUNIT_EXPECT_TRUE(test, dmabay_transaction_cancel(t->transaction));
	request_expect(counted, 1, 1);
	request_expect_attached(t, counted);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 8192);
	rig_finish(other);
	KUNIT_EXPECT_EQ(test, t->programmed, 1);
}

void request_immediate_between_transfers(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	struct rig_transaction *t = rig_transaction(rig), *other = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 16384);
	struct request_counted *counted = request_read(rig, buffer);

	request_attach(t, counted);
	dmabay_transaction_set_immediate(t->transaction, true);
	request_wait_for_second(t, other, buffer);
	KUNIT_EXPECT_EQ(test, rig_complete(t), -ENOMEM);
	request_expect(counted, 1, 1);
	request_expect_attached(t, counted);
	rig_finish(other);
}

void request_map_failed_between_transfers(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	struct rig_transaction *t = rig_transaction(rig), *other = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 16384);
	struct request_counted *counted = request_read(rig, buffer);

	request_attach(t, counted);
	t->data = counted;
	dmabay_transaction_set_failed(t->transaction, request_failed);
	request_wait_for_second(t, other, buffer);
	KUNIT_EXPECT_EQ(test, rig_complete(t), -EINPROGRESS);
	kunit_activate_static_stub(test, dmabay_adapter_map_transfer, request_map_fails);
	rig_finish(other);
	kunit_deactivate_static_stub(test, dmabay_adapter_map_transfer);
	KUNIT_EXPECT_EQ(test, t->result, -EIO);
	request_expect(counted, 1, 1);
	request_expect_attached(t, counted);
}

/* Deleted inside the callback of its last transfer, not executed, with its enabler. */
static void request_complete_and_delete(struct rig_transaction *t)
{
	KUNIT_EXPECT_EQ(t->rig->test, rig_complete(t), 0);
	request_expect(t->data, 1, 1);
	rig_delete(t);
}

void request_deleted(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 8192);
	struct request_counted *counted = request_read(rig, buffer);
	struct dmabay_transaction *transaction;

	request_attach(t, counted);
	t->data = counted;
	t->on_program = request_complete_and_delete;
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_NULL(test, t->transaction);
	request_expect(counted, 1, 1);

	/* Not executed; somebody still has a reference to the transaction. */
	t = rig_transaction(rig);
	counted = request_read(rig, buffer);
	request_attach(t, counted);
	transaction = dmabay_transaction_get(t->transaction);
	rig_delete(t);
	KUNIT_EXPECT_NULL(test, dmabay_transaction_request(transaction));
	request_expect(counted, 0, 0);
	dmabay_transaction_put(transaction);

	/* With its enabler. */
	t = rig_transaction(rig);
	counted = request_read(rig, buffer);
	request_attach(t, counted);
	t->transaction = NULL;
	rig_stop(rig);
	request_expect(counted, 0, 0);
}

void request_pending_reservation_deleted(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	struct rig_transaction *t = rig_transaction(rig);
	struct request_counted *counted = request_read(rig, rig_contiguous(rig, 0, 8192));

	request_attach(t, counted);
	rig_hold(rig, 3);
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 0), 0);
	rig_delete(t);
	rig_unhold(rig);
	KUNIT_EXPECT_EQ(test, t->reserved, 0);
	request_expect(counted, 0, 0);
}

void request_without_get_and_put(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	struct rig_transaction *t = rig_transaction(rig);
	struct request_counted *counted = request_read(rig, rig_contiguous(rig, 0, 16384));

	counted->request.get = NULL;
	counted->request.put = NULL;
	request_attach(t, counted);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	request_expect_executing(test, counted);
	KUNIT_EXPECT_EQ(test, rig_complete(t), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, rig_complete(t), 0);
	KUNIT_EXPECT_EQ(test, dmabay_request_may_complete(&counted->request), 0);

	/* Cancelled, and failed. */
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	request_attach(t, counted);
	request_end_cancelled(t, counted);
	KUNIT_EXPECT_EQ(test, dmabay_request_may_complete(&counted->request), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	request_attach(t, counted);
	request_end_map_failed(t, counted);
	KUNIT_EXPECT_EQ(test, dmabay_request_may_complete(&counted->request), 0);
}
