// SPDX-License-Identifier: GPL-2.0-only
/* A request that is counted. See request.h. */
#include <linux/irqflags.h>

#include "request.h"

int request_warnings;

void request_expect_executing(struct kunit *test, struct request_counted *counted)
{
	kunit_warning_suppress(test) {
		KUNIT_EXPECT_EQ(test, dmabay_request_may_complete(&counted->request), -EBADFD);
		request_warnings += KUNIT_SUPPRESSED_WARNING_COUNT();
		rig_count_warnings(test, KUNIT_SUPPRESSED_WARNING_COUNT());
	}
}

void request_expect(struct request_counted *counted, unsigned int gets, unsigned int puts)
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

struct request_counted *request_new(struct rig *rig, enum dmabay_request_kind kind,
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

struct request_counted *request_read(struct rig *rig, struct rig_buffer *buffer)
{
	return request_new(rig, DMABAY_REQUEST_READ, buffer, 0, buffer->length);
}

int request_try(struct rig_transaction *t, struct request_counted *counted,
		enum dmabay_direction direction)
{
	int ret = -ENOTRECOVERABLE;

	kunit_warning_suppress(t->rig->test)
		ret = dmabay_transaction_initialize_request(t->transaction, &counted->request,
							    rig_program, direction);
	return ret;
}

void request_attach(struct rig_transaction *t, struct request_counted *counted)
{
	KUNIT_ASSERT_EQ(t->rig->test, 0,
			dmabay_transaction_initialize_request(t->transaction, &counted->request,
							      rig_program,
							      DMABAY_READ_FROM_DEVICE));
	counted->transaction = t->transaction;
}

void request_expect_attached(struct rig_transaction *t, struct request_counted *counted)
{
	KUNIT_EXPECT_PTR_EQ(t->rig->test, dmabay_transaction_request(t->transaction),
			    counted ? &counted->request : NULL);
}

void request_expect_state(struct rig_transaction *t, const char *name)
{
	KUNIT_EXPECT_STREQ(t->rig->test, dmabay_transaction_state_name(t->transaction), name);
}
