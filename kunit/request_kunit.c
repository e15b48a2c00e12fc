// SPDX-License-Identifier: GPL-2.0-only
/*
 * Request: attached to a transaction until it is released, referenced while it
 * executes (5.2 to 5.4, and the request rows of 3.2).
 *
 * An execution takes one reference and gives it back once, however it ends; nothing
 * else touches the count. Every test counts.
 */
#include <kunit/static_stub.h>
#include <linux/irqflags.h>

#include "rig.h"

/* @transaction: if set, the only one that uses it; asked inside @get and @put. */
struct request_counted {
	struct dmabay_request request;
	struct kunit *test;
	struct dmabay_transaction *transaction;
	unsigned int gets;
	unsigned int puts;
};

static int request_warnings;

static void request_expect_executing(struct kunit *test, struct request_counted *counted)
{
	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, dmabay_request_may_complete(&counted->request), -EBADFD);
		request_warnings += KUNIT_SUPPRESSED_WARNING_COUNT();
		rig_count_warnings(test, KUNIT_SUPPRESSED_WARNING_COUNT());
	}
}

static void request_expect(struct request_counted *counted, unsigned int gets, unsigned int puts)
{
	KUNIT_EXPECT_EQ(counted->test, counted->gets, gets);
	KUNIT_EXPECT_EQ(counted->test, counted->puts, puts);
	if (gets == puts)
		KUNIT_EXPECT_EQ(counted->test, dmabay_request_may_complete(&counted->request), 0);
}

/* What a driver may do in these callbacks; the core takes its locks with interrupts off. */
static void request_use_transaction(struct request_counted *counted)
{
	struct dmabay_transaction *transaction = counted->transaction;
	bool locked = irqs_disabled();

	KUNIT_EXPECT_FALSE(counted->test, locked);
	if (!transaction)
		return;
	KUNIT_EXPECT_PTR_EQ(counted->test, dmabay_transaction_request(transaction),
			    &counted->request);
	KUNIT_EXPECT_LE(counted->test, dmabay_transaction_bytes_transferred(transaction),
			dmabay_memory_length(counted->request.memory));
	KUNIT_EXPECT_FALSE(counted->test, dmabay_transaction_cancel(transaction));
}

static void request_get(struct dmabay_request *request)
{
	struct request_counted *counted = container_of(request, struct request_counted, request);

	counted->gets++;
	request_use_transaction(counted);
}

static void request_put(struct dmabay_request *request)
{
	struct request_counted *counted = container_of(request, struct request_counted, request);

	counted->puts++;
	request_use_transaction(counted);
	/* It was the only execution: a driver may complete the request right here. */
	if (counted->transaction)
		KUNIT_EXPECT_EQ(counted->test, dmabay_request_may_complete(request), 0);
}

static struct request_counted *request_new(struct rig *rig, enum dmabay_request_kind kind,
					   struct rig_buffer *buffer, size_t input_length,
					   size_t output_length)
{
	struct request_counted *counted = kunit_kzalloc(rig->test, sizeof(*counted), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(rig->test, counted);
	counted->test = rig->test;
	counted->request.kind = kind;
	counted->request.memory = buffer->memory;
	counted->request.input_length = input_length;
	counted->request.output_length = output_length;
	counted->request.get = request_get;
	counted->request.put = request_put;
	return counted;
}

/* One that reads into all of the buffer. */
static struct request_counted *request_read(struct rig *rig, struct rig_buffer *buffer)
{
	return request_new(rig, DMABAY_REQUEST_READ, buffer, 0, buffer->length);
}

static int request_try(struct rig_transaction *t, struct request_counted *counted,
		       enum dmabay_direction direction)
{
	int ret = -ENOTRECOVERABLE;

	kunit_warning_suppress(t->rig->test)
		ret = dmabay_transaction_initialize_request(t->transaction, &counted->request,
							    rig_program, direction);
	return ret;
}

/* Initialize with a request that no other transaction uses. */
static void request_attach(struct rig_transaction *t, struct request_counted *counted)
{
	KUNIT_ASSERT_EQ(t->rig->test, 0,
			dmabay_transaction_initialize_request(t->transaction, &counted->request,
							      rig_program,
							      DMABAY_READ_FROM_DEVICE));
	counted->transaction = t->transaction;
}

static void request_expect_attached(struct rig_transaction *t, struct request_counted *counted)
{
	KUNIT_EXPECT_PTR_EQ(t->rig->test, dmabay_transaction_request(t->transaction),
			    counted ? &counted->request : NULL);
}

static void request_expect_state(struct rig_transaction *t, const char *name)
{
	KUNIT_EXPECT_STREQ(t->rig->test, dmabay_transaction_state_name(t->transaction), name);
}

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

static void request_one_reference_whatever_ends(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(request_endings); i++)
		request_expect_ending(rig, &request_endings[i]);
}

static void request_one_reference_with_reservation(struct kunit *test)
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

static void request_cancelled_between_transfers(struct kunit *test)
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

static void request_immediate_between_transfers(struct kunit *test)
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

static void request_map_failed_between_transfers(struct kunit *test)
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

static void request_deleted(struct kunit *test)
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

static void request_pending_reservation_deleted(struct kunit *test)
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

static void request_without_get_and_put(struct kunit *test)
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
