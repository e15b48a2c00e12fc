// SPDX-License-Identifier: GPL-2.0-only
/* Transaction: created, initialized, and what may be set and asked (5.2). */
#include "rig.h"

static int transaction_try(struct rig_transaction *t, enum dmabay_direction direction,
			   struct rig_buffer *buffer, size_t offset, size_t length)
{
	int ret = -ENOTRECOVERABLE;

	kunit_warning_suppress(t->rig->test)
		ret = dmabay_transaction_initialize_offset(t->transaction, rig_program, direction,
							   buffer->memory, offset, length);
	return ret;
}

static void transaction_t02_fresh(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_current_length(t->transaction), 0);
	KUNIT_EXPECT_PTR_EQ(test, dmabay_transaction_device(t->transaction), rig->dev);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17);
}

static void transaction_t03_fresh_execute(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	RIG_EXPECT_ILLEGAL(test, rig_execute(t));
	/* And nothing has changed. */
	rig_initialize(t, rig_contiguous(rig, 0, PAGE_SIZE), PAGE_SIZE);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, PAGE_SIZE);
}

static void transaction_t04_length_0(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, PAGE_SIZE);

	KUNIT_EXPECT_EQ(test, transaction_try(t, DMABAY_READ_FROM_DEVICE, buffer, 0, 0), -EINVAL);
	RIG_EXPECT_ILLEGAL(test, rig_execute(t));
	rig_initialize(t, buffer, PAGE_SIZE);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, PAGE_SIZE);
}

static void transaction_t06_direction_2(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, PAGE_SIZE);

	KUNIT_EXPECT_EQ(test, transaction_try(t, 2, buffer, 0, PAGE_SIZE), -EINVAL);
	KUNIT_EXPECT_EQ(test, transaction_try(t, -1, buffer, 0, PAGE_SIZE), -EINVAL);
	KUNIT_EXPECT_EQ(test, transaction_try(t, DMABAY_WRITE_TO_DEVICE, buffer, 0, PAGE_SIZE), 0);
}

/* T07: there is no address before a memory; at and behind its end there is nothing. */
static void transaction_t07_offset_beyond(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 16, PAGE_SIZE);

	KUNIT_EXPECT_EQ(test, transaction_try(t, 0, buffer, PAGE_SIZE, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, transaction_try(t, 0, buffer, (size_t)-1, 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, transaction_try(t, 0, buffer, (size_t)-1, 2), -EINVAL);
	KUNIT_EXPECT_EQ(test, transaction_try(t, 0, buffer, 1, PAGE_SIZE), -EINVAL);
	KUNIT_EXPECT_EQ(test, transaction_try(t, 0, buffer, 1, (size_t)-1), -EINVAL);
	KUNIT_EXPECT_EQ(test, transaction_try(t, 0, buffer, PAGE_SIZE - 1, 1), 0);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 1);
}

static void transaction_t08_last_byte_of_group(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *chain = rig_chain(rig, 2, 0, PAGE_SIZE);

	KUNIT_EXPECT_EQ(test, transaction_try(t, 0, chain, PAGE_SIZE - 1, 101), 0);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 1, 100);
}

/* T09, decision 6.3-13: the offset counts through the whole chain. */
static void transaction_t09_offset_in_second_group(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *chain = rig_chain(rig, 3, 96, PAGE_SIZE);

	KUNIT_EXPECT_EQ(test, transaction_try(t, 0, chain, PAGE_SIZE, 2 * PAGE_SIZE), 0);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, PAGE_SIZE, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, offset_in_page(rig->log[0].address), 96);
}

static void transaction_t11_chain(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *chain = rig_chain(rig, 2, 0, 5000);

	rig_initialize(t, chain, 10000);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 5000, 5000);
}

/* T16: one initialization, one execution. */
static void transaction_t16_initialize_twice(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 2 * PAGE_SIZE);

	rig_initialize(t, buffer, PAGE_SIZE);
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_initialize(t->transaction, rig_program,
							       DMABAY_READ_FROM_DEVICE,
							       buffer->memory, 2 * PAGE_SIZE));
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, PAGE_SIZE);
}

static void transaction_t17_initialize_without_release(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, PAGE_SIZE);

	rig_begin(t, buffer, PAGE_SIZE);
	/* under way */
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_initialize(t->transaction, rig_program,
							       DMABAY_READ_FROM_DEVICE,
							       buffer->memory, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, rig_complete(t), 0);
	/* completed */
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_initialize(t->transaction, rig_program,
							       DMABAY_READ_FROM_DEVICE,
							       buffer->memory, PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	rig_begin(t, buffer, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_length(t->transaction, PAGE_SIZE + 1),
			-EINVAL);
	/* failed */
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_initialize(t->transaction, rig_program,
							       DMABAY_READ_FROM_DEVICE,
							       buffer->memory, PAGE_SIZE));
}

static void transaction_t22_chain_too_short(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *chain = rig_chain(rig, 2, 0, PAGE_SIZE);

	KUNIT_EXPECT_EQ(test, transaction_try(t, 0, chain, 0, 5 * PAGE_SIZE), -EINVAL);
	/* also where KMDF does not notice: by one byte, in the last page */
	KUNIT_EXPECT_EQ(test, transaction_try(t, 0, chain, 0, 2 * PAGE_SIZE + 1), -EINVAL);
	KUNIT_EXPECT_EQ(test, transaction_try(t, 0, chain, 0, 2 * PAGE_SIZE), 0);
}

static void transaction_t23_length_above_32_bits(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, PAGE_SIZE);

	KUNIT_EXPECT_EQ(test, transaction_try(t, 0, buffer, 0, 1ULL << 32), -EINVAL);
	KUNIT_EXPECT_EQ(test, transaction_try(t, 0, buffer, 0, (1ULL << 32) + 1), -EINVAL);
	RIG_EXPECT_ILLEGAL(test, rig_execute(t));
}

static void transaction_null_arguments(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, PAGE_SIZE);

	RIG_EXPECT_QUIET(test, dmabay_transaction_initialize(t->transaction, NULL,
							     DMABAY_READ_FROM_DEVICE,
							     buffer->memory, PAGE_SIZE), -EINVAL);
	RIG_EXPECT_QUIET(test, dmabay_transaction_initialize(t->transaction, rig_program,
							     DMABAY_READ_FROM_DEVICE, NULL,
							     PAGE_SIZE), -EINVAL);
	RIG_EXPECT_ILLEGAL(test, rig_execute(t));
}

/* T24: pages of the whole transaction, however it will be cut. */
static void transaction_t24_transfer_info(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	struct rig_transaction *t = rig_transaction(rig);
	unsigned int registers = 0, elements = 0;

	rig_initialize_direction(t, 0, rig_contiguous(rig, 1, 40000)->memory, 0, 40000);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_transfer_info(t->transaction, &registers,
							       &elements), 0);
	KUNIT_EXPECT_EQ(test, registers, dmabay_span_pages(1, 40000));
	KUNIT_EXPECT_GE(test, elements, 1);
	KUNIT_EXPECT_LE(test, elements, registers);
}

static void transaction_t25_transfer_info_illegal(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, PAGE_SIZE);
	unsigned int registers = 77, elements = 77;

	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_transfer_info(t->transaction, &registers,
								  &elements));
	rig_begin(t, buffer, PAGE_SIZE);
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_transfer_info(t->transaction, &registers,
								  &elements));
	KUNIT_EXPECT_EQ(test, rig_complete(t), 0);
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_transfer_info(t->transaction, &registers,
								  &elements));
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_transfer_info(t->transaction, &registers,
								  &elements));
	KUNIT_EXPECT_EQ(test, registers, 77);
	KUNIT_EXPECT_EQ(test, elements, 77);
}

static void transaction_t25_transfer_info_reserved(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	unsigned int registers = 77, elements = 77;

	KUNIT_EXPECT_EQ(test, rig_reserve(t, 2), 0);
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_transfer_info(t->transaction, &registers,
								  &elements));
	KUNIT_EXPECT_EQ(test, registers, 77);
	KUNIT_EXPECT_EQ(test, elements, 77);
}

static void transaction_t26_transfer_info_of_nothing(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	unsigned int registers = 0, elements = 0;

	rig_initialize(t, rig_contiguous(rig, 0, PAGE_SIZE), PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_transfer_info(t->transaction, NULL, NULL), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_transfer_info(t->transaction, &registers, NULL),
			0);
	KUNIT_EXPECT_EQ(test, registers, 1);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_transfer_info(t->transaction, NULL, &elements), 0);
	KUNIT_EXPECT_EQ(test, elements, 1);
}

/* T27: pages group by group; the offset counts in the first one only. */
static void transaction_t27_transfer_info_of_chain(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *chain = rig_chain(rig, 3, 3000, 5000);
	unsigned int registers = 0;

	/* 1000 bytes left of group 1 at page offset 7000 - 4096 = 2904, then 2 and 2 pages */
	rig_initialize_direction(t, 0, chain->memory, 4000, 11000);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_transfer_info(t->transaction, &registers, NULL),
			0);
	KUNIT_EXPECT_EQ(test, registers, 1 + 2 + 2);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	rig_initialize_direction(t, 0, chain->memory, 0, 15000);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_transfer_info(t->transaction, &registers, NULL),
			0);
	KUNIT_EXPECT_EQ(test, registers, 6);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	/* exactly group 2 */
	rig_initialize_direction(t, 0, chain->memory, 5000, 5000);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_transfer_info(t->transaction, &registers, NULL),
			0);
	KUNIT_EXPECT_EQ(test, registers, 2);
}

/* T28: there is none before the first initialization. */
static void transaction_t28_channel(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_channel(t->transaction) ? 0 : -EBADFD);
	rig_initialize(t, rig_contiguous(rig, 0, PAGE_SIZE), PAGE_SIZE);
	KUNIT_EXPECT_NOT_NULL(test, dmabay_transaction_channel(t->transaction));
}

static void transaction_t29_max_length(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	rig_initialize(t, rig_contiguous(rig, 0, 20000), 20000);
	dmabay_transaction_set_max_length(t->transaction, 8192);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 8192, 8192, 3616);
}

/* T30: the bound is the adapter's fragment length, not the configured maximum. */
static void transaction_t30_max_length_not_below(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 9);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 65536);
	static const size_t ignored[] = { 32768, 32769, 65536, (size_t)-1 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(ignored); i++) {
		rig->events = 0;
		rig_initialize(t, buffer, 65536);
		dmabay_transaction_set_max_length(t->transaction, ignored[i]);
		rig_run(t);
		RIG_EXPECT_LENGTHS(rig, 32768, 32768);
	}
	rig->events = 0;
	rig_initialize(t, buffer, 65536);
	dmabay_transaction_set_max_length(t->transaction, 32767);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 32767, 32767, 2);
}

/* T31: it may be lowered and raised again, also between two transfers. */
static void transaction_t31_max_length_raised(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 65536);

	rig_initialize(t, buffer, 20000);
	dmabay_transaction_set_max_length(t->transaction, 4096);
	dmabay_transaction_set_max_length(t->transaction, 16384);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 16384, 3616);

	rig->events = 0;
	rig_initialize(t, buffer, 30000);
	dmabay_transaction_set_max_length(t->transaction, 4096);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	dmabay_transaction_set_max_length(t->transaction, 2048);
	KUNIT_EXPECT_EQ(test, rig_complete(t), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_final(t->transaction, 2048), 0);
	RIG_EXPECT_LENGTHS(rig, 4096, 2048);
}

/*
 * Raised under way, it may ask for more than the registers taken by execute: no
 * transfer may need more than those.
 */
static void transaction_max_length_raised_under_way(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	unsigned int held;

	rig_initialize(t, rig_contiguous(rig, 100, 60000), 60000);
	dmabay_transaction_set_max_length(t->transaction, 4096);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	held = 17 - rig_free_registers(rig);
	dmabay_transaction_set_max_length(t->transaction, 32768);
	do {
		KUNIT_EXPECT_LE(test, dmabay_span_pages(t->address, t->length), held);
		KUNIT_ASSERT_LT(test, t->programmed, 60);
	} while (rig_complete(t) == -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, t->result, 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 60000);
}

static void transaction_t32_max_length_until_release(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 20000);

	rig_initialize(t, buffer, 20000);
	dmabay_transaction_set_max_length(t->transaction, 4096);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	rig_initialize(t, buffer, 20000);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 20000);
}

/* T33: where KMDF follows a NULL pointer it is ignored, without harm. */
static void transaction_t33_max_length_in_other_states(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 20000);

	dmabay_transaction_set_max_length(t->transaction, 4096);
	rig_initialize(t, buffer, 20000);
	rig_run(t);
	dmabay_transaction_set_max_length(t->transaction, 4096);
	rig_begin(t, buffer, 20000);
	KUNIT_EXPECT_EQ(test, rig_complete(t), 0);
	dmabay_transaction_set_max_length(t->transaction, 4096);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	rig_initialize(t, buffer, 20000);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 20000, 20000, 20000);
}

/* In the state Reserved it is accepted, and dropped by the initialization. */
static void transaction_max_length_until_initialize(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	KUNIT_EXPECT_EQ(test, rig_reserve(t, 17), 0);
	dmabay_transaction_set_max_length(t->transaction, 4096);
	rig_initialize(t, rig_contiguous(rig, 0, 20000), 20000);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 20000);
}

static void transaction_t34_max_length_0(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	rig_initialize(t, rig_contiguous(rig, 0, 20000), 20000);
	dmabay_transaction_set_max_length(t->transaction, 8192);
	dmabay_transaction_set_max_length(t->transaction, 0);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 8192, 8192, 3616);
}

/* Section 3.1: every call in every state. */
enum matrix_state {
	MATRIX_CREATED,
	MATRIX_INITIALIZED,
	MATRIX_RESERVED,
	MATRIX_PENDING,
	MATRIX_TRANSFER,
	MATRIX_WAITING,
	MATRIX_COMPLETED,
	MATRIX_FAILED,
	MATRIX_RELEASED,
	MATRIX_STATES,
};

/*
 * In the order of the states: + is allowed, - is not. What is about reservations is
 * refused by profiles that cannot have any, in every state, as not supported.
 */
static const struct {
	const char *name;
	const char *allowed;
	bool of_reservations;
} matrix_calls[] = {
	{ "initialize", "+-+-----+" },
	{ "execute", "-+-------" },
	{ "reserve", "++------+", true },
	{ "reserve 0", "-+-------", true },
	{ "free_reservation", "-+++--+++", true },
	{ "completed", "----+----" },
	{ "completed_length", "----+----" },
	{ "completed_final", "----+----" },
	{ "release", "++++--+++" },
	{ "transfer_info", "-+-------" },
};

static bool matrix_has_reservations(struct rig *rig)
{
	return rig->param->profile == DMABAY_PROFILE_PACKET;
}

static int matrix_call(struct rig_transaction *t, unsigned int call)
{
	struct rig_buffer *buffer = t->data;
	struct dmabay_transaction *transaction = t->transaction;

	switch (call) {
	case 0:
		return dmabay_transaction_initialize(transaction, rig_program,
						     DMABAY_READ_FROM_DEVICE, buffer->memory,
						     8192);
	case 1:
		return rig_execute(t);
	case 2:
		return rig_reserve(t, 2);
	case 3:
		return rig_reserve(t, 0);
	case 4:
		return dmabay_transaction_free_reservation(transaction);
	case 5:
		return dmabay_transaction_completed(transaction);
	case 6:
		return dmabay_transaction_completed_length(transaction, 4096);
	case 7:
		return dmabay_transaction_completed_final(transaction, 1);
	case 8:
		return dmabay_transaction_release(transaction);
	default:
		return dmabay_transaction_transfer_info(transaction, NULL, NULL);
	}
}

/* A new transaction in that state; pending and waiting ones behind a holder. */
static struct rig_transaction *matrix_enter(struct rig *rig, struct rig_buffer *buffer,
					    enum matrix_state state)
{
	struct rig_transaction *t = rig_transaction(rig);

	t->data = buffer;
	if (state == MATRIX_PENDING || state == MATRIX_WAITING)
		rig_hold(rig, 3);
	switch (state) {
	case MATRIX_CREATED:
		break;
	case MATRIX_RESERVED:
	case MATRIX_PENDING:
		KUNIT_ASSERT_EQ(rig->test, rig_reserve(t, 2), 0);
		break;
	default:
		rig_initialize(t, buffer, 8192);
		break;
	}
	if (state >= MATRIX_TRANSFER)
		KUNIT_ASSERT_EQ(rig->test, rig_execute(t), 0);
	if (state == MATRIX_FAILED)
		RIG_EXPECT_QUIET(rig->test,
				 dmabay_transaction_completed_length(t->transaction, 8193),
				 -EINVAL);
	if (state == MATRIX_COMPLETED || state == MATRIX_RELEASED)
		KUNIT_ASSERT_EQ(rig->test,
				dmabay_transaction_completed_final(t->transaction, 8), 0);
	if (state == MATRIX_RELEASED)
		KUNIT_ASSERT_EQ(rig->test, dmabay_transaction_release(t->transaction), 0);
	return t;
}

static void matrix_expect_refused(struct rig_transaction *t, unsigned int state)
{
	struct kunit *test = t->rig->test;
	unsigned int call;

	for (call = 0; call < ARRAY_SIZE(matrix_calls); call++) {
		if (matrix_calls[call].of_reservations && !matrix_has_reservations(t->rig))
			RIG_EXPECT_QUIET(test, matrix_call(t, call), -EOPNOTSUPP);
		else if (matrix_calls[call].allowed[state] == '-')
			RIG_EXPECT_ILLEGAL(test, matrix_call(t, call));
	}
}

/* Whether there is such a state in this profile, and it allows the call. */
static bool matrix_allows(struct rig *rig, unsigned int state, unsigned int call)
{
	if (!matrix_has_reservations(rig) &&
	    (state == MATRIX_RESERVED || state == MATRIX_PENDING ||
	     matrix_calls[call].of_reservations))
		return false;
	return matrix_calls[call].allowed[state] == '+';
}

/*
 * Every call that a state forbids is refused and changes nothing, so that every
 * call that it allows can be made after all of them.
 */
static void transaction_state_matrix(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 8192);
	unsigned int state, call;

	for (state = 0; state < MATRIX_STATES; state++) {
		for (call = 0; call < ARRAY_SIZE(matrix_calls); call++) {
			struct rig_transaction *t;
			int ret;

			if (!matrix_allows(rig, state, call))
				continue;
			t = matrix_enter(rig, buffer, state);
			matrix_expect_refused(t, state);
			ret = matrix_call(t, call);
			KUNIT_EXPECT_TRUE_MSG(test, ret == 0 || ret == -EINPROGRESS,
					      "%s in state %u: %d", matrix_calls[call].name, state,
					      ret);
			if (state == MATRIX_PENDING || state == MATRIX_WAITING)
				rig_unhold(rig);
			if (dmabay_transaction_current_length(t->transaction))
				dmabay_transaction_completed_final(t->transaction, 0);
			rig_delete(t);
			KUNIT_ASSERT_EQ(test, rig_free_registers(rig), 3);
		}
	}
}

/* A queued execution allows nothing but cancel, and goes on when all was refused. */
static void transaction_waiting_matrix(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 3);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 8192);
	struct rig_transaction *t = matrix_enter(rig, buffer, MATRIX_WAITING);

	matrix_expect_refused(t, MATRIX_WAITING);
	KUNIT_EXPECT_EQ(test, t->programmed, 0);
	rig_unhold(rig);
	KUNIT_EXPECT_EQ(test, t->programmed, 1);
	rig_finish(t);
}

static struct kunit_case transaction_cases[] = {
	RIG_CASE_PROFILES(transaction_t02_fresh),
	RIG_CASE_PROFILES(transaction_t03_fresh_execute),
	RIG_CASE_PROFILES(transaction_t04_length_0),
	RIG_CASE_PROFILES(transaction_t06_direction_2),
	RIG_CASE_PROFILES(transaction_t07_offset_beyond),
	RIG_CASE(transaction_t08_last_byte_of_group),
	RIG_CASE(transaction_t09_offset_in_second_group),
	RIG_CASE(transaction_t11_chain),
	RIG_CASE_PROFILES(transaction_t16_initialize_twice),
	RIG_CASE_PROFILES(transaction_t17_initialize_without_release),
	RIG_CASE_PROFILES(transaction_t22_chain_too_short),
	RIG_CASE_PROFILES(transaction_t23_length_above_32_bits),
	KUNIT_CASE(transaction_null_arguments),
	RIG_CASE_PROFILES(transaction_t24_transfer_info),
	RIG_CASE_PROFILES(transaction_t25_transfer_info_illegal),
	RIG_CASE(transaction_t25_transfer_info_reserved),
	RIG_CASE_PROFILES(transaction_t26_transfer_info_of_nothing),
	RIG_CASE_PROFILES(transaction_t27_transfer_info_of_chain),
	RIG_CASE_PROFILES(transaction_t28_channel),
	RIG_CASE_PROFILES(transaction_t29_max_length),
	RIG_CASE_PROFILES(transaction_t30_max_length_not_below),
	RIG_CASE_PROFILES(transaction_t31_max_length_raised),
	RIG_CASE(transaction_max_length_raised_under_way),
	RIG_CASE_PROFILES(transaction_t32_max_length_until_release),
	RIG_CASE_PROFILES(transaction_t33_max_length_in_other_states),
	RIG_CASE(transaction_max_length_until_initialize),
	RIG_CASE_PROFILES(transaction_t34_max_length_0),
	RIG_CASE_PROFILES(transaction_state_matrix),
	RIG_CASE_PROFILES(transaction_waiting_matrix),
	{}
};

struct kunit_suite dmabay_transaction_suite = {
	.name = "dmabay_transaction",
	.exit = rig_end,
	.test_cases = transaction_cases,
};
kunit_test_suite(dmabay_transaction_suite);
