// SPDX-License-Identifier: GPL-2.0-only
/* Request: what can be attached, and until when; and the list of all tests. */
#include "request.h"

/* No bytes that way is another error than length 0 of dmabay_transaction_initialize(). */
static void request_t05_no_bytes(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 4096);
	struct request_counted *counted;

	counted = request_new(rig, DMABAY_REQUEST_READ, buffer, 100, 0);
	KUNIT_EXPECT_EQ(test, request_try(t, counted, DMABAY_READ_FROM_DEVICE), -EOPNOTSUPP);
	counted = request_new(rig, DMABAY_REQUEST_WRITE, buffer, 0, 100);
	KUNIT_EXPECT_EQ(test, request_try(t, counted, DMABAY_WRITE_TO_DEVICE), -EOPNOTSUPP);
	counted = request_new(rig, DMABAY_REQUEST_IN_DIRECT, buffer, 100, 0);
	KUNIT_EXPECT_EQ(test, request_try(t, counted, DMABAY_WRITE_TO_DEVICE), -EOPNOTSUPP);
	counted = request_new(rig, DMABAY_REQUEST_OUT_DIRECT, buffer, 100, 0);
	KUNIT_EXPECT_EQ(test, request_try(t, counted, DMABAY_READ_FROM_DEVICE), -EOPNOTSUPP);
	counted = request_new(rig, DMABAY_REQUEST_BUFFERED, buffer, 0, 100);
	KUNIT_EXPECT_EQ(test, request_try(t, counted, DMABAY_WRITE_TO_DEVICE), -EOPNOTSUPP);
	request_expect_state(t, "created");
	request_expect_attached(t, NULL);
	KUNIT_EXPECT_EQ(test, request_try(t, counted, DMABAY_READ_FROM_DEVICE), 0);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 100);
}

static void request_t06_direction_2(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 4096);
	enum dmabay_request_kind kind;

	/* A direction that does not exist is looked at before the kind is. */
	for (kind = DMABAY_REQUEST_READ; kind <= DMABAY_REQUEST_NEITHER; kind++) {
		struct request_counted *counted = request_new(rig, kind, buffer, 100, 100);

		KUNIT_EXPECT_EQ(test, request_try(t, counted, 2), -EINVAL);
		KUNIT_EXPECT_EQ(test, request_try(t, counted, -1), -EINVAL);
	}
	request_expect_state(t, "created");
}

static void request_t12_wrong_direction(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 4096);
	struct request_counted *read = request_new(rig, DMABAY_REQUEST_READ, buffer, 10, 20);
	struct request_counted *write = request_new(rig, DMABAY_REQUEST_WRITE, buffer, 10, 20);

	KUNIT_EXPECT_EQ(test, request_try(t, read, DMABAY_WRITE_TO_DEVICE), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, request_try(t, write, DMABAY_READ_FROM_DEVICE), -EOPNOTSUPP);
	request_expect_attached(t, NULL);
	KUNIT_EXPECT_EQ(test, request_try(t, read, DMABAY_READ_FROM_DEVICE), 0);
	rig_run(t);
	KUNIT_EXPECT_EQ(test, request_try(t, write, DMABAY_WRITE_TO_DEVICE), 0);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 20, 10);
}

/* T13: input and output share one buffer; both begin where it begins. */
static void request_t13_buffered(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 100, 4096);
	struct request_counted *counted = request_new(rig, DMABAY_REQUEST_BUFFERED, buffer, 10, 20);

	rig_fill(buffer, 1);
	KUNIT_ASSERT_EQ(test, request_try(t, counted, DMABAY_WRITE_TO_DEVICE), 0);
	KUNIT_ASSERT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_EQ(test, t->length, 10);
	KUNIT_EXPECT_EQ(test, rig_transfer_matching(t, 0, 10, 1), 10);
	rig_finish(t);

	KUNIT_ASSERT_EQ(test, request_try(t, counted, DMABAY_READ_FROM_DEVICE), 0);
	KUNIT_ASSERT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_EQ(test, t->length, 20);
	rig_transfer_write(t, 0, 20, 2);
	rig_finish(t);
	KUNIT_EXPECT_EQ(test, rig_matching(buffer, 0, 20, 2), 20);
	KUNIT_EXPECT_EQ(test, rig_matching(buffer, 20, 4076, 1), 4076);
	request_expect(counted, 2, 2);
}

/* T14: what is written is the output buffer; the input has nothing to do with it. */
static void request_t14_in_direct(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct request_counted *counted = request_new(rig, DMABAY_REQUEST_IN_DIRECT,
						      rig_contiguous(rig, 0, 8192), 100, 5000);

	KUNIT_EXPECT_EQ(test, request_try(t, counted, DMABAY_READ_FROM_DEVICE), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, request_try(t, counted, DMABAY_WRITE_TO_DEVICE), 0);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 5000);
	KUNIT_EXPECT_EQ(test, rig->log[0].direction, DMABAY_WRITE_TO_DEVICE);
}

/* T15: brings no buffer, so none is missed. */
static void request_t15_neither(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 4096);
	static const int kinds[] = { DMABAY_REQUEST_NEITHER, DMABAY_REQUEST_NEITHER + 1, -1 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct request_counted *counted = request_new(rig, kinds[i], buffer, 100, 100);

		KUNIT_EXPECT_EQ(test, request_try(t, counted, DMABAY_READ_FROM_DEVICE),
				-EOPNOTSUPP);
		counted->request.memory = NULL;
		KUNIT_EXPECT_EQ(test, request_try(t, counted, DMABAY_WRITE_TO_DEVICE),
				-EOPNOTSUPP);
	}
	request_expect_state(t, "created");
	request_expect_attached(t, NULL);
}

static void request_t16_out_direct(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct request_counted *counted = request_new(rig, DMABAY_REQUEST_OUT_DIRECT,
						      rig_contiguous(rig, 0, 8192), 100, 5000);

	KUNIT_EXPECT_EQ(test, request_try(t, counted, DMABAY_WRITE_TO_DEVICE), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, request_try(t, counted, DMABAY_READ_FROM_DEVICE), 0);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 5000);
	KUNIT_EXPECT_EQ(test, rig->log[0].direction, DMABAY_READ_FROM_DEVICE);
}

static void request_null_arguments(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct request_counted *counted = request_read(rig, rig_contiguous(rig, 0, 4096));

	RIG_EXPECT_QUIET(test,
			 dmabay_transaction_initialize_request(t->transaction, NULL, rig_program,
							       DMABAY_READ_FROM_DEVICE),
			 -EINVAL);
	RIG_EXPECT_QUIET(test,
			 dmabay_transaction_initialize_request(t->transaction, &counted->request,
							       NULL, DMABAY_READ_FROM_DEVICE),
			 -EINVAL);
	counted->request.memory = NULL;
	KUNIT_EXPECT_EQ(test, request_try(t, counted, DMABAY_READ_FROM_DEVICE), -EINVAL);
	request_expect_state(t, "created");
	request_expect_attached(t, NULL);
}

/* What is wrong with the memory is found as by any other initialization. */
static void request_memory_does_not_fit(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 4096);
	struct request_counted *counted = request_new(rig, DMABAY_REQUEST_BUFFERED, buffer, 10,
						      4097);

	KUNIT_EXPECT_EQ(test, request_try(t, counted, DMABAY_READ_FROM_DEVICE), -EINVAL);
	counted->request.output_length = 20;
	dmabay_memory_set_read_only(buffer->memory);
	KUNIT_EXPECT_EQ(test, request_try(t, counted, DMABAY_READ_FROM_DEVICE), -EACCES);
	request_expect_state(t, "created");
	request_expect_attached(t, NULL);
	KUNIT_EXPECT_EQ(test, request_try(t, counted, DMABAY_WRITE_TO_DEVICE), 0);
}

/* T17: refused without a release in between, and nothing is attached by it. */
static void request_t17_initialize_without_release(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 4096);
	struct request_counted *first = request_read(rig, buffer);
	struct request_counted *second = request_read(rig, buffer);

	request_attach(t, first);
	KUNIT_EXPECT_EQ(test, request_try(t, second, DMABAY_READ_FROM_DEVICE), -EBADFD);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_EQ(test, request_try(t, second, DMABAY_READ_FROM_DEVICE), -EBADFD);
	KUNIT_EXPECT_EQ(test, rig_complete(t), 0);
	KUNIT_EXPECT_EQ(test, request_try(t, second, DMABAY_READ_FROM_DEVICE), -EBADFD);
	request_expect_attached(t, first);
	request_expect(first, 1, 1);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	request_attach(t, second);
	rig_run(t);
	request_expect(first, 1, 1);
	request_expect(second, 1, 1);
}

/* T18: attached, but the driver may still complete it. */
static void request_t18_no_reference_before_execute(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct request_counted *counted = request_read(rig, rig_contiguous(rig, 0, 4096));

	request_expect_attached(t, NULL);
	request_attach(t, counted);
	request_expect_attached(t, counted);
	request_expect(counted, 0, 0);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	request_expect(counted, 1, 0);
	rig_finish(t);
	request_expect(counted, 1, 1);
}

static void request_x15_execute_failed(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct request_counted *counted = request_read(rig, rig_contiguous(rig, 0, 4096));

	rig_hold(rig, 17);
	request_attach(t, counted);
	dmabay_transaction_set_immediate(t->transaction, true);
	KUNIT_EXPECT_EQ(test, rig_execute(t), -ENOMEM);
	request_expect_attached(t, counted);
	request_expect(counted, 1, 1);
	/* Refused, so not begun. */
	RIG_EXPECT_ILLEGAL(test, rig_execute(t));
	request_expect(counted, 1, 1);
	rig_unhold(rig);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	request_attach(t, counted);
	rig_run(t);
	request_expect(counted, 2, 2);
}

static void request_look_and_complete(struct rig_transaction *t)
{
	request_expect_executing(t->rig->test, t->data);
	rig_complete(t);
}

/* X20: from execute to the last completion, waiting for map registers included. */
static void request_x20_not_while_executing(struct kunit *test)
{
	struct rig *rig = rig_start(test, 4096, 2);
	struct rig_transaction *t = rig_transaction(rig);
	struct request_counted *counted = request_read(rig, rig_contiguous(rig, 0, 12288));

	rig_hold(rig, 2);
	request_attach(t, counted);
	KUNIT_EXPECT_EQ(test, dmabay_request_may_complete(&counted->request), 0);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	request_expect_executing(test, counted);	/* in line */
	rig_unhold(rig);
	request_expect_executing(test, counted);	/* first transfer */
	t->data = counted;
	t->on_program = request_look_and_complete;	/* in the callback of the second */
	KUNIT_EXPECT_EQ(test, rig_complete(t), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, t->result, -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, t->finished, 1);
	request_expect(counted, 1, 1);
	RIG_EXPECT_LENGTHS(rig, 4096, 4096, 4096);
	/* The first refusal since boot warned; where WARN_ONCE() is a trap, each is counted. */
	KUNIT_EXPECT_GE(test, request_warnings, 1);
}

static void request_c13_attached_until_release(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct request_counted *counted = request_read(rig, rig_contiguous(rig, 0, 4096));

	request_attach(t, counted);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	request_expect_attached(t, counted);
	KUNIT_EXPECT_EQ(test, rig_complete(t), 0);
	request_expect_attached(t, counted);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 4096);
}

static void request_c14_completed_before_release(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct request_counted *counted = request_read(rig, rig_contiguous(rig, 0, 4096));

	request_attach(t, counted);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	request_expect_executing(test, counted);
	KUNIT_EXPECT_EQ(test, rig_complete(t), 0);
	request_expect(counted, 1, 1);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	request_expect(counted, 1, 1);
}

static void request_l01_release_detaches(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct request_counted *counted = request_read(rig, rig_contiguous(rig, 0, 4096));

	request_attach(t, counted);
	rig_run(t);
	request_expect_attached(t, NULL);
	/* Without an execution, too. */
	request_attach(t, counted);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	request_expect_attached(t, NULL);
	request_expect(counted, 1, 1);
	/* And what is initialized next has nothing to do with it. */
	rig_initialize_direction(t, 0, counted->request.memory, 0, 4096);
	request_expect_attached(t, NULL);
	rig_run(t);
	request_expect(counted, 1, 1);
}

static void request_attach_data_and_execute(struct rig_transaction *t)
{
	/* A reservation keeps what was attached before it, and takes no reference. */
	request_expect_attached(t, t->data);
	request_expect(t->data, 0, 0);
	request_attach(t, t->data);
	KUNIT_EXPECT_EQ(t->rig->test, rig_execute(t), 0);
}

static void request_r42_again_in_reserved(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct request_counted *counted = request_read(rig, rig_contiguous(rig, 1, 8192));

	request_attach(t, counted);
	t->data = counted;
	t->on_reserved = request_attach_data_and_execute;
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 0), 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17 - 3);
	KUNIT_EXPECT_EQ(test, t->programmed, 1);
	request_expect_attached(t, counted);
	request_expect(counted, 1, 0);
	rig_finish(t);
	request_expect(counted, 1, 1);
	request_expect_attached(t, NULL);
}

/* What is executed is what was initialized last. */
static void request_initialize_detaches(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 8192);
	struct request_counted *counted = request_read(rig, buffer);

	request_attach(t, counted);
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 2), 0);
	request_expect_attached(t, counted);
	rig_initialize(t, buffer, 4096);
	request_expect_attached(t, NULL);
	rig_run(t);
	request_expect(counted, 0, 0);
}

/* A wrong argument changes nothing, so what was attached stays. */
static void request_wrong_argument_changes_nothing(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 8192);
	struct request_counted *counted = request_read(rig, buffer);
	struct request_counted *other = request_read(rig, buffer);

	request_attach(t, counted);
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 2), 0);
	KUNIT_EXPECT_EQ(test, request_try(t, other, 2), -EINVAL);
	KUNIT_EXPECT_EQ(test, request_try(t, other, DMABAY_WRITE_TO_DEVICE), -EOPNOTSUPP);
	other->request.output_length = 8193;
	KUNIT_EXPECT_EQ(test, request_try(t, other, DMABAY_READ_FROM_DEVICE), -EINVAL);
	KUNIT_EXPECT_EQ(test,
			dmabay_transaction_initialize(t->transaction, rig_program,
						      DMABAY_READ_FROM_DEVICE, buffer->memory,
						      8193),
			-EINVAL);
	request_expect_state(t, "reserved");
	request_expect_attached(t, counted);
	request_expect(counted, 0, 0);
}

/* An initialization that cannot be is a release: nothing is attached after it. */
static void request_failed_initialize_detaches(struct kunit *test)
{
	struct rig *rig = rig_start(test, 4096, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct request_counted *counted = request_read(rig, rig_contiguous(rig, 0, 8192));

	dmabay_transaction_set_single_transfer(t->transaction, true);
	KUNIT_EXPECT_EQ(test, request_try(t, counted, DMABAY_READ_FROM_DEVICE), -EMSGSIZE);
	request_expect_state(t, "released");
	request_expect_attached(t, NULL);
	counted->request.output_length = 4096;
	request_attach(t, counted);
	rig_run(t);
	request_expect(counted, 1, 1);
}

/* The one that a reservation had kept is gone then, too. */
static void request_failed_initialize_detaches_kept(struct kunit *test)
{
	struct rig *rig = rig_start(test, 4096, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 8192);
	struct request_counted *counted = request_read(rig, buffer);

	request_attach(t, counted);
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 2), 0);
	request_expect_attached(t, counted);
	dmabay_transaction_set_single_transfer(t->transaction, true);
	KUNIT_EXPECT_EQ(test,
			dmabay_transaction_initialize(t->transaction, rig_program,
						      DMABAY_READ_FROM_DEVICE, buffer->memory,
						      8192),
			-EMSGSIZE);
	request_expect_state(t, "released");
	request_expect_attached(t, NULL);
	request_expect(counted, 0, 0);
}

/* An execution that is over has given its reference back for good. */
static void request_reservation_cancelled_after_an_execution(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct request_counted *counted = request_read(rig, rig_contiguous(rig, 0, 4096));

	request_attach(t, counted);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	rig_finish(t);
	request_expect(counted, 1, 1);
	rig_hold(rig, 17);
	request_attach(t, counted);
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 2), 0);
	KUNIT_EXPECT_TRUE(test, dmabay_transaction_cancel(t->transaction));
	request_expect(counted, 1, 1);
	rig_unhold(rig);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	request_expect(counted, 1, 1);
}

static void request_k14_cancelled(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct request_counted *counted = request_read(rig, rig_contiguous(rig, 0, 4096));

	rig_hold(rig, 17);
	request_attach(t, counted);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	request_expect(counted, 1, 0);
	KUNIT_EXPECT_TRUE(test, dmabay_transaction_cancel(t->transaction));
	request_expect(counted, 1, 1);
	request_expect_attached(t, counted);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	request_expect_attached(t, NULL);
	rig_unhold(rig);
	KUNIT_EXPECT_EQ(test, t->programmed, 0);
	request_expect(counted, 1, 1);
}

static void request_of_several_transactions(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 17);
	struct request_counted *counted = request_read(rig, rig_contiguous(rig, 0, 16384));
	struct rig_transaction *t[4];
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(t); i++) {
		t[i] = rig_transaction(rig);
		KUNIT_ASSERT_EQ(test, request_try(t[i], counted, DMABAY_READ_FROM_DEVICE), 0);
		request_expect_attached(t[i], counted);
	}
	request_expect(counted, 0, 0);
	for (i = 0; i < ARRAY_SIZE(t); i++) {
		KUNIT_EXPECT_EQ(test, rig_execute(t[i]), 0);
		request_expect(counted, i + 1, 0);
	}
	for (i = 0; i < ARRAY_SIZE(t); i++) {
		KUNIT_EXPECT_EQ(test, rig_complete(t[i]), -EINPROGRESS);
		request_expect_executing(test, counted);
		KUNIT_EXPECT_EQ(test, rig_complete(t[i]), 0);
		request_expect(counted, ARRAY_SIZE(t), i + 1);
	}
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t[0]->transaction), 0);
	request_expect_attached(t[0], NULL);
	request_expect_attached(t[1], counted);
}

static void request_hundred_times(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	struct rig_transaction *t = rig_transaction(rig);
	struct request_counted *counted = request_read(rig, rig_contiguous(rig, 0, 16384));
	unsigned int i;

	for (i = 0; i < 100; i++) {
		request_attach(t, counted);
		rig_run(t);
		request_expect(counted, i + 1, i + 1);
		/* And once in vain. */
		request_attach(t, counted);
		KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
		request_expect(counted, i + 1, i + 1);
	}
	KUNIT_EXPECT_EQ(test, t->programmed, 200);
}

static void request_begin_again(struct rig_transaction *t)
{
	struct request_counted *counted = t->data;
	struct kunit *test = t->rig->test;

	if (rig_complete(t) == -EINPROGRESS)
		return;
	request_expect(counted, t->finished, t->finished);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	if (t->finished == 10)
		return;
	request_attach(t, counted);
	/* Only marked, whoever runs this callback will stage it; but referenced. */
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	request_expect(counted, t->finished + 1, t->finished);
	request_expect_executing(test, counted);
}

/* Completed, released and executed anew inside program_dma: one put, one get. */
static void request_again_in_callback(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	struct rig_transaction *t = rig_transaction(rig);
	struct request_counted *counted = request_read(rig, rig_contiguous(rig, 0, 16384));

	t->data = counted;
	t->on_program = request_begin_again;
	request_attach(t, counted);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_EQ(test, t->programmed, 20);
	request_expect(counted, 10, 10);
}

/* The same with another request each time. */
static void request_begin_other(struct rig_transaction *t)
{
	struct request_counted **both = t->data;

	if (rig_complete(t) == -EINPROGRESS)
		return;
	KUNIT_EXPECT_EQ(t->rig->test, dmabay_transaction_release(t->transaction), 0);
	if (t->finished == 10)
		return;
	request_attach(t, both[t->finished % 2]);
	KUNIT_EXPECT_EQ(t->rig->test, rig_execute(t), 0);
	request_expect_executing(t->rig->test, both[t->finished % 2]);
	KUNIT_EXPECT_EQ(t->rig->test,
			dmabay_request_may_complete(&both[(t->finished + 1) % 2]->request), 0);
}

static void request_other_in_callback(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 16384);
	struct request_counted *both[] = { request_read(rig, buffer), request_read(rig, buffer) };

	t->data = both;
	t->on_program = request_begin_other;
	request_attach(t, both[0]);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	request_expect(both[0], 5, 5);
	request_expect(both[1], 5, 5);
}

static struct kunit_case request_cases[] = {
	RIG_CASE_PROFILES(request_t05_no_bytes),
	RIG_CASE_PROFILES(request_t06_direction_2),
	RIG_CASE_PROFILES(request_t12_wrong_direction),
	RIG_CASE_PROFILES(request_t13_buffered),
	RIG_CASE_PROFILES(request_t14_in_direct),
	RIG_CASE_PROFILES(request_t15_neither),
	RIG_CASE_PROFILES(request_t16_out_direct),
	KUNIT_CASE(request_null_arguments),
	RIG_CASE_PROFILES(request_memory_does_not_fit),
	RIG_CASE_PROFILES(request_t17_initialize_without_release),
	RIG_CASE_PROFILES(request_t18_no_reference_before_execute),
	RIG_CASE_PROFILES(request_x15_execute_failed),
	RIG_CASE_PROFILES(request_x20_not_while_executing),
	RIG_CASE_PROFILES(request_c13_attached_until_release),
	RIG_CASE_PROFILES(request_c14_completed_before_release),
	RIG_CASE_PROFILES(request_l01_release_detaches),
	RIG_CASE(request_r42_again_in_reserved),
	RIG_CASE(request_initialize_detaches),
	RIG_CASE(request_wrong_argument_changes_nothing),
	RIG_CASE_PROFILES(request_failed_initialize_detaches),
	RIG_CASE(request_failed_initialize_detaches_kept),
	RIG_CASE(request_reservation_cancelled_after_an_execution),
	RIG_CASE_PROFILES(request_k14_cancelled),
	RIG_CASE_PROFILES(request_one_reference_whatever_ends),
	RIG_CASE(request_one_reference_with_reservation),
	RIG_CASE_LISTS(request_cancelled_between_transfers),
	RIG_CASE_LISTS(request_immediate_between_transfers),
	RIG_CASE_LISTS(request_map_failed_between_transfers),
	RIG_CASE_PROFILES(request_deleted),
	RIG_CASE(request_pending_reservation_deleted),
	RIG_CASE_PROFILES(request_of_several_transactions),
	RIG_CASE_PROFILES(request_hundred_times),
	RIG_CASE_PROFILES(request_without_get_and_put),
	RIG_CASE_PROFILES(request_again_in_callback),
	RIG_CASE_PROFILES(request_other_in_callback),
	{}
};

struct kunit_suite dmabay_request_suite = {
	.name = "dmabay_request",
	.exit = rig_end,
	.test_cases = request_cases,
};
kunit_test_suite(dmabay_request_suite);
