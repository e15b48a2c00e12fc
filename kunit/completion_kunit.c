// SPDX-License-Identifier: GPL-2.0-only
/* Completion: what the device has done, and what follows from it (5.4). */
#include <kunit/static_stub.h>

#include "rig.h"

static void completion_c01_last_transfer(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	rig_begin(t, rig_contiguous(rig, 0, 5000), 5000);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_current_length(t->transaction), 5000);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed(t->transaction), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_current_length(t->transaction), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 5000);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17);
}

static void completion_c02_more_data(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	struct rig_transaction *t = rig_transaction(rig);

	rig_begin(t, rig_contiguous(rig, 0, 20000), 20000);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed(t->transaction), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, t->programmed, 2);
	RIG_EXPECT_LENGTHS(rig, 8192, 8192);
}

static void completion_c03_part_of_a_transfer(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	rig_begin(t, rig_contiguous(rig, 0, 8192), 8192);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_length(t->transaction, 5000),
			-EINPROGRESS);
	RIG_EXPECT_LENGTHS(rig, 8192, 3192);
	KUNIT_EXPECT_EQ(test, rig->log[1].bytes_transferred, 5000);
	KUNIT_EXPECT_EQ(test, offset_in_page(rig->log[1].address), 5000 - 4096);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_length(t->transaction, 3192), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 8192);
}

/* C04: nothing done is a retry, as often as it takes. */
static void completion_c04_retry(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	unsigned int i;

	rig_begin(t, rig_contiguous(rig, 100, 8192), 8192);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_length(t->transaction, 0),
				-EINPROGRESS);
		KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 0);
		KUNIT_EXPECT_EQ(test, offset_in_page(t->address), 100);
	}
	RIG_EXPECT_LENGTHS(rig, 8192, 8192, 8192, 8192);
	rig_finish(t);
}

static void completion_c05_whole_transfer_by_length(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	struct rig_transaction *t = rig_transaction(rig);

	rig_begin(t, rig_contiguous(rig, 0, 20000), 20000);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_length(t->transaction, 8192),
			-EINPROGRESS);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_length(t->transaction, 8192),
			-EINPROGRESS);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_length(t->transaction, 3616), 0);
	RIG_EXPECT_LENGTHS(rig, 8192, 8192, 3616);
}

/* Over and failed, with nothing counted and nothing left behind. */
static void completion_expect_failed(struct rig_transaction *t, struct rig_buffer *buffer)
{
	struct kunit *test = t->rig->test;

	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_current_length(t->transaction), 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(t->rig), 3);
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_completed(t->transaction));
	RIG_EXPECT_ILLEGAL(test, rig_execute(t));
	KUNIT_EXPECT_EQ(test, t->programmed, 1);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	rig_initialize(t, buffer, 8192);
	rig_run(t);
}

static void completion_c06_length_too_long(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 20000);

	rig_begin(t, buffer, 20000);
	RIG_EXPECT_QUIET(test, dmabay_transaction_completed_length(t->transaction, 8193), -EINVAL);
	completion_expect_failed(t, buffer);
}

static void completion_c07_final_length_too_long(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 20000);

	rig_begin(t, buffer, 20000);
	RIG_EXPECT_QUIET(test, dmabay_transaction_completed_final(t->transaction, 8193), -EINVAL);
	completion_expect_failed(t, buffer);
}

static void completion_c08_final_short(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	struct rig_transaction *t = rig_transaction(rig);

	rig_begin(t, rig_contiguous(rig, 0, 20000), 20000);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_final(t->transaction, 100), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 100);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_current_length(t->transaction), 0);
	RIG_EXPECT_LENGTHS(rig, 8192);
}

static void completion_c09_final_0(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	struct rig_transaction *t = rig_transaction(rig);

	rig_begin(t, rig_contiguous(rig, 0, 20000), 20000);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_final(t->transaction, 0), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 0);
	RIG_EXPECT_LENGTHS(rig, 8192);
}

static void completion_c10_final_of_second(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	struct rig_transaction *t = rig_transaction(rig);

	rig_begin(t, rig_contiguous(rig, 0, 20000), 20000);
	KUNIT_EXPECT_EQ(test, rig_complete(t), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_final(t->transaction, 33), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 8225);
}

static void completion_expect_illegal(struct rig_transaction *t)
{
	struct kunit *test = t->rig->test;

	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_completed(t->transaction));
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_completed_length(t->transaction, 0));
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_completed_final(t->transaction, 0));
}

static void completion_c11_nothing_under_way(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 4096);

	completion_expect_illegal(t);			/* created */
	rig_initialize(t, buffer, 4096);
	completion_expect_illegal(t);			/* initialized */
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_EQ(test, rig_complete(t), 0);
	completion_expect_illegal(t);			/* completed */
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	completion_expect_illegal(t);			/* released */
	rig_begin(t, buffer, 4096);
	RIG_EXPECT_QUIET(test, dmabay_transaction_completed_length(t->transaction, 4097), -EINVAL);
	completion_expect_illegal(t);			/* failed */
}

/* While it waits for registers there is no transfer to complete. */
static void completion_before_the_grant(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	rig_hold(rig, 17);
	rig_initialize(t, rig_contiguous(rig, 0, 4096), 4096);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	completion_expect_illegal(t);
	rig_unhold(rig);
	KUNIT_EXPECT_EQ(test, t->programmed, 1);
	rig_finish(t);
}

static void completion_c12_twice(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	rig_begin(t, rig_contiguous(rig, 0, 4096), 4096);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed(t->transaction), 0);
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_completed(t->transaction));
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 4096);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17);
}

static void completion_c13_bytes_until_release(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	rig_begin(t, rig_contiguous(rig, 0, 4096), 4096);
	KUNIT_EXPECT_EQ(test, rig_complete(t), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 4096);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 0);
}

/* Flush for real, so that nothing stays mapped, and say that it failed. */
static int completion_flush_fails(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
				  size_t length)
{
	struct kunit *test = kunit_get_current_test();

	kunit_deactivate_static_stub(test, dmabay_adapter_flush);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_flush(adapter, channel, length), 0);
	kunit_activate_static_stub(test, dmabay_adapter_flush, completion_flush_fails);
	return -EIO;
}

static void completion_c15_flush_fails(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 20000);

	rig_begin(t, buffer, 20000);
	kunit_activate_static_stub(test, dmabay_adapter_flush, completion_flush_fails);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed(t->transaction), -EIO);
	kunit_deactivate_static_stub(test, dmabay_adapter_flush);
	KUNIT_EXPECT_EQ(test, t->programmed, 1);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 3);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_current_length(t->transaction), 0);
	completion_expect_illegal(t);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	rig_initialize(t, buffer, 8192);
	rig_run(t);
}

/* C16: what the device has written is there when completed() has returned. */
static void completion_c16_data_is_visible(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_scattered(rig, 500, 20000);
	size_t done = 0;
	int ret;

	rig_fill(buffer, 1);
	rig_begin(t, buffer, 20000);
	do {
		rig_transfer_write(t, done, t->length, 2);
		done += t->length;
		ret = rig_complete(t);
		/* each piece after its own completion */
		KUNIT_EXPECT_EQ(test, rig_matching(buffer, 0, done, 2), done);
	} while (ret == -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, rig_matching(buffer, 0, 20000, 2), 20000);
}

/* C17: ended early, all that was mapped is unmapped, and nothing is copied too far. */
static void completion_c17_final_unmaps_all(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_scattered(rig, 0, 8192);
	struct dmabay_adapter_counters counters;
	static const size_t done[] = { 0, 1, 4096, 4097 };
	dma_addr_t address;
	unsigned int i;
	size_t n;

	for (i = 0; i < ARRAY_SIZE(done); i++) {
		rig_fill(buffer, 1);
		rig_begin(t, buffer, 8192);
		address = t->address;
		n = min(done[i], t->length);
		rig_transfer_write(t, 0, n, 2);
		KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_final(t->transaction, n), 0);
		KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
		KUNIT_EXPECT_EQ(test, rig_matching(buffer, 0, n, 2), n);
		KUNIT_EXPECT_EQ(test, rig_matching(buffer, n, 8192 - n, 1), 8192 - n);
		KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 3);
		dmabay_adapter_counters(rig->adapter, &counters);
		KUNIT_EXPECT_EQ(test, counters.mapped, counters.unmapped);
		KUNIT_EXPECT_EQ(test, counters.linked_bytes, 0);
		if (rig->param->provider == DMABAY_PROVIDER_IOVA) {
			KUNIT_EXPECT_EQ(test, rig_translate(rig, address), 0);
			KUNIT_EXPECT_EQ(test, rig_translate(rig, address + 4096), 0);
		}
	}
}

/* C19: the registers go to whoever waits, inside the call that ends the transaction. */
static void completion_c19_grants_the_next(struct kunit *test)
{
	struct rig *rig = rig_start(test, 16384, 5);
	struct rig_transaction *a = rig_transaction(rig), *b = rig_transaction(rig);
	struct rig_transaction *c = rig_transaction(rig);

	rig_begin(a, rig_contiguous(rig, 1, 16384), 16384);
	rig_initialize(b, rig_contiguous(rig, 1, 16384), 16384);
	KUNIT_EXPECT_EQ(test, rig_execute(b), 0);
	KUNIT_EXPECT_EQ(test, rig_reserve(c, 5), 0);
	KUNIT_EXPECT_EQ(test, b->programmed, 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed(a->transaction), 0);
	KUNIT_EXPECT_EQ(test, b->programmed, 1);
	KUNIT_EXPECT_PTR_EQ(test, rig->log[1].task, current);
	KUNIT_EXPECT_EQ(test, c->reserved, 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed(b->transaction), 0);
	KUNIT_EXPECT_EQ(test, c->reserved, 1);
}

static void completion_abort(struct rig_transaction *t)
{
	struct kunit *test = t->rig->test;

	t->result = dmabay_transaction_completed_final(t->transaction, 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
}

/* C21: the driver gives up inside the callback; the old transfer is not touched. */
static void completion_c21_abort_in_callback(struct kunit *test)
{
	struct rig *rig = rig_start(test, 4096, 2);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 8192);

	t->answer = false;
	t->on_program = completion_abort;
	t->result = 1;
	rig_initialize(t, buffer, 8192);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_EQ(test, t->result, 0);
	KUNIT_EXPECT_EQ(test, t->programmed, 1);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 2);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 0);

	rig->events = 0;
	rig_initialize(t, buffer, 8192);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 4096, 4096);
}

static struct kunit_case completion_cases[] = {
	RIG_CASE_PROFILES(completion_c01_last_transfer),
	RIG_CASE_PROFILES(completion_c02_more_data),
	RIG_CASE_PROFILES(completion_c03_part_of_a_transfer),
	RIG_CASE_PROFILES(completion_c04_retry),
	RIG_CASE_PROFILES(completion_c05_whole_transfer_by_length),
	RIG_CASE_PROFILES(completion_c06_length_too_long),
	RIG_CASE_PROFILES(completion_c07_final_length_too_long),
	RIG_CASE_PROFILES(completion_c08_final_short),
	RIG_CASE_PROFILES(completion_c09_final_0),
	RIG_CASE_PROFILES(completion_c10_final_of_second),
	RIG_CASE_PROFILES(completion_c11_nothing_under_way),
	RIG_CASE_PROFILES(completion_before_the_grant),
	RIG_CASE_PROFILES(completion_c12_twice),
	RIG_CASE_PROFILES(completion_c13_bytes_until_release),
	RIG_CASE_PROFILES(completion_c15_flush_fails),
	RIG_CASE_PROFILES(completion_c16_data_is_visible),
	RIG_CASE_PROFILES(completion_c17_final_unmaps_all),
	RIG_CASE(completion_c19_grants_the_next),
	RIG_CASE_PROFILES(completion_c21_abort_in_callback),
	{}
};

struct kunit_suite dmabay_completion_suite = {
	.name = "dmabay_completion",
	.exit = rig_end,
	.test_cases = completion_cases,
};
kunit_test_suite(dmabay_completion_suite);
