// SPDX-License-Identifier: GPL-2.0-only
/*
 * Single: all bytes in one transfer, or an error (5.11, 3.6).
 *
 * What cannot go in one is refused when it is initialized, and what did not go in one
 * has failed when it is completed.
 */
#include <kunit/static_stub.h>

#include "rig.h"

/* An enabler that asks for it, so that no transaction has to. */
static struct rig *single_start(struct kunit *test, size_t max_length, unsigned int map_registers)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, max_length, map_registers);

	config.flags = DMABAY_ENABLER_SINGLE_TRANSFER;
	rig_enable(rig, &config);
	return rig;
}

static struct rig_transaction *single_transaction(struct rig *rig)
{
	struct rig_transaction *t = rig_transaction(rig);

	dmabay_transaction_set_single_transfer(t->transaction, true);
	return t;
}

static int single_try(struct rig_transaction *t, struct rig_buffer *buffer, size_t offset,
		      size_t length)
{
	int ret = -ENOTRECOVERABLE;

	kunit_warning_suppress(t->rig->test)
		ret = dmabay_transaction_initialize_offset(t->transaction, rig_program,
							   DMABAY_READ_FROM_DEVICE,
							   buffer->memory, offset, length);
	return ret;
}

static void single_expect_state(struct rig_transaction *t, const char *name)
{
	KUNIT_EXPECT_STREQ(t->rig->test, dmabay_transaction_state_name(t->transaction), name);
}

/* It can be initialized, and is one transfer. */
static void single_expect_one(struct rig_transaction *t, struct rig_buffer *buffer, size_t length)
{
	struct rig *rig = t->rig;

	KUNIT_ASSERT_EQ(rig->test, single_try(t, buffer, 0, length), 0);
	rig->events = 0;
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, length);
}

static void single_e16_by_enabler(struct kunit *test)
{
	struct rig *rig = single_start(test, 8192, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 16384);

	KUNIT_EXPECT_EQ(test, single_try(t, buffer, 0, 8193), -EMSGSIZE);
	single_expect_one(t, buffer, 8192);
	KUNIT_EXPECT_EQ(test, single_try(t, buffer, 0, 16384), -EMSGSIZE);
}

static void single_n01_one_transfer(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 100, 65536);
	static const size_t lengths[] = { 1, 4096, 40000, 65536 };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		dmabay_transaction_set_single_transfer(t->transaction, true);
		single_expect_one(t, buffer, lengths[i]);
	}
}

/* What the registers hold counts, not the fragment length: that is one page less. */
static void single_n01_all_registers(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 9);
	struct rig_transaction *t = single_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 36864);

	KUNIT_ASSERT_LT(test, dmabay_enabler_fragment_length(rig->enabler, 0), 36864);
	single_expect_one(t, buffer, 36864);
	/* Otherwise it is cut. */
	rig->events = 0;
	rig_initialize(t, buffer, 36864);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 32768, 4096);
}

static void single_n02_too_long(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 17);
	struct rig_transaction *t = single_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 16384);

	KUNIT_EXPECT_EQ(test, single_try(t, buffer, 0, 8193), -EMSGSIZE);
	single_expect_state(t, "released");
	KUNIT_EXPECT_EQ(test, single_try(t, buffer, 0, 16384), -EMSGSIZE);
	single_expect_one(t, buffer, 8192);
}

static void single_n03_too_many_registers(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 5);
	struct rig_transaction *t = single_transaction(rig);
	struct rig_buffer *aligned = rig_contiguous(rig, 0, 6 * PAGE_SIZE);
	struct rig_buffer *skewed = rig_contiguous(rig, 1, 5 * PAGE_SIZE);

	KUNIT_EXPECT_EQ(test, single_try(t, aligned, 0, 5 * PAGE_SIZE + 1), -ENOSPC);
	single_expect_state(t, "released");
	KUNIT_EXPECT_EQ(test, single_try(t, skewed, 0, 5 * PAGE_SIZE), -ENOSPC);
	/* All there are count, not those that are free. */
	rig_hold(rig, 4);
	KUNIT_EXPECT_EQ(test, single_try(t, aligned, 0, 5 * PAGE_SIZE), 0);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_EQ(test, t->programmed, 0);
	rig_unhold(rig);
	rig_finish(t);
	RIG_EXPECT_LENGTHS(rig, 5 * PAGE_SIZE);
}

/* With a reservation its registers are all there are. */
static void single_n03_more_than_reserved(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 65536);

	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
	dmabay_transaction_set_single_transfer(t->transaction, true);
	KUNIT_EXPECT_EQ(test, single_try(t, buffer, 0, 4 * PAGE_SIZE + 1), -ENOSPC);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 13);
	KUNIT_EXPECT_EQ(test, single_try(t, buffer, 1, 4 * PAGE_SIZE), -ENOSPC);
	single_expect_one(t, buffer, 4 * PAGE_SIZE);

	/* And a larger one is not too small because it is not everything. */
	KUNIT_EXPECT_EQ(test, dmabay_transaction_free_reservation(t->transaction), 0);
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 16), 0);
	dmabay_transaction_set_single_transfer(t->transaction, true);
	single_expect_one(t, buffer, 65536);
}

/* R28, EX3 trims to 6144, 8192, 5664; here it is refused, and nothing is trimmed. */
static void single_reservation_does_not_trim(struct kunit *test)
{
	struct rig *rig = rig_start(test, 32768, 9);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0x800, 20000);

	KUNIT_EXPECT_EQ(test, rig_reserve(t, 5), 0);
	dmabay_transaction_set_single_transfer(t->transaction, true);
	KUNIT_EXPECT_EQ(test, single_try(t, buffer, 0, 20000), -ENOSPC);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_free_reservation(t->transaction), 0);
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 6), 0);
	dmabay_transaction_set_single_transfer(t->transaction, true);
	single_expect_one(t, buffer, 20000);
}

/* Over, failed, with so many bytes counted; then it can be used again. */
static void single_expect_failed(struct rig_transaction *t, struct rig_buffer *buffer, size_t done)
{
	struct rig *rig = t->rig;
	struct kunit *test = rig->test;

	single_expect_state(t, "failed");
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), done);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_current_length(t->transaction), 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17);
	KUNIT_EXPECT_EQ(test, t->programmed, 1);
	RIG_EXPECT_ILLEGAL(test, dmabay_transaction_completed(t->transaction));
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	rig_initialize(t, buffer, 8192);
	rig_run(t);
}

/* N04: lowered after the check, so that the rest is missed at the end. */
static void single_n04_maximum_lowered(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = single_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 8192);

	KUNIT_ASSERT_EQ(test, single_try(t, buffer, 0, 8192), 0);
	dmabay_transaction_set_max_length(t->transaction, 4096);
	KUNIT_ASSERT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_EQ(test, t->length, 4096);
	KUNIT_EXPECT_EQ(test, rig_complete(t), -EMSGSIZE);
	single_expect_failed(t, buffer, 4096);
}

static void single_n05_too_many_elements(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = single_transaction(rig);
	struct rig_buffer *chain = rig_chain(rig, 3, 0, PAGE_SIZE);

	dmabay_enabler_set_max_sg_elements(rig->enabler, 2);
	KUNIT_EXPECT_EQ(test, single_try(t, chain, 0, 2 * PAGE_SIZE + 1), -E2BIG);
	single_expect_state(t, "released");
	single_expect_one(t, chain, 2 * PAGE_SIZE);
	dmabay_enabler_set_max_sg_elements(rig->enabler, 3);
	dmabay_transaction_set_single_transfer(t->transaction, true);
	single_expect_one(t, chain, 3 * PAGE_SIZE);
	KUNIT_EXPECT_LE(test, rig->log[0].count, 3);
}

/* Elements are counted, not pages: what T21 refuses is fine in one transfer. */
static void single_n05_pages_are_not_elements(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 3 * PAGE_SIZE);

	dmabay_enabler_set_max_sg_elements(rig->enabler, 2);
	KUNIT_EXPECT_EQ(test, single_try(t, buffer, 0, 3 * PAGE_SIZE), -E2BIG);
	dmabay_transaction_set_single_transfer(t->transaction, true);
	single_expect_one(t, buffer, 3 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, rig->log[0].count, 1);
}

/* N05: the adapter says how many it takes, and means it. */
static void single_n05_agrees_with_transfer_info(struct kunit *test)
{
	struct rig *rig = single_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_scattered(rig, 0, 4 * PAGE_SIZE);
	unsigned int limit, elements = 0;

	KUNIT_ASSERT_EQ(test, dmabay_adapter_transfer_info(rig->adapter, buffer->memory, 0,
							   4 * PAGE_SIZE, NULL, &elements), 0);
	for (limit = 1; limit <= 4; limit++) {
		dmabay_enabler_set_max_sg_elements(rig->enabler, limit);
		if (elements > limit) {
			KUNIT_EXPECT_EQ(test, single_try(t, buffer, 0, 4 * PAGE_SIZE), -E2BIG);
		} else {
			single_expect_one(t, buffer, 4 * PAGE_SIZE);
			KUNIT_EXPECT_LE(test, rig->log[0].count, limit);
		}
	}
}

/* N06: a packet is one element, and two groups are two. */
static void single_n06_packet_of_two(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = single_transaction(rig);
	struct rig_buffer *chain = rig_chain(rig, 2, 0, 1000);

	KUNIT_EXPECT_EQ(test, single_try(t, chain, 0, 1001), -E2BIG);
	single_expect_state(t, "released");
	single_expect_one(t, chain, 1000);
	dmabay_transaction_set_single_transfer(t->transaction, true);
	KUNIT_EXPECT_EQ(test, single_try(t, chain, 999, 2), -E2BIG);
	KUNIT_EXPECT_EQ(test, single_try(t, chain, 1000, 1000), 0);
	rig->events = 0;
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 1000);
}

/* N06: scattered pages, where the provider can make them one and where it cannot. */
static void single_n06_scattered_packet(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = single_transaction(rig);
	struct rig_buffer *buffer = rig_scattered(rig, 0, 4 * PAGE_SIZE);
	unsigned int elements = 0;

	KUNIT_ASSERT_EQ(test, dmabay_adapter_transfer_info(rig->adapter, buffer->memory, 0,
							   4 * PAGE_SIZE, NULL, &elements), 0);
	if (elements > 1)
		KUNIT_EXPECT_EQ(test, single_try(t, buffer, 0, 4 * PAGE_SIZE), -E2BIG);
	else
		single_expect_one(t, buffer, 4 * PAGE_SIZE);
}

static void single_n07_short(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = single_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 8192);

	rig_begin(t, buffer, 8192);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_length(t->transaction, 8191),
			-EMSGSIZE);
	single_expect_failed(t, buffer, 8191);
}

/* Not even a retry: that would be a second transfer. */
static void single_n07_nothing_done(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = single_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 8192);

	rig_begin(t, buffer, 8192);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_length(t->transaction, 0), -EMSGSIZE);
	single_expect_failed(t, buffer, 0);
}

static void single_n08_final_short(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = single_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 8192);

	rig_begin(t, buffer, 8192);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_final(t->transaction, 100), -EMSGSIZE);
	single_expect_failed(t, buffer, 100);
}

static void single_completed_by_length(struct kunit *test)
{
	struct rig *rig = single_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 8192);

	rig_begin(t, buffer, 8192);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_length(t->transaction, 8192), 0);
	single_expect_state(t, "completed");
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	rig_begin(t, buffer, 8192);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_final(t->transaction, 8192), 0);
	single_expect_state(t, "completed");
}

static int single_flush_fails(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			      size_t length)
{
	return -EIO;
}

/* What went wrong before is what is told: the length, then the flush. */
static void single_other_failures_win(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = single_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 8192);

	rig_begin(t, buffer, 8192);
	kunit_activate_static_stub(test, dmabay_adapter_flush, single_flush_fails);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_length(t->transaction, 1), -EIO);
	kunit_deactivate_static_stub(test, dmabay_adapter_flush);
	single_expect_failed(t, buffer, 1);

	t = single_transaction(rig);
	rig_begin(t, buffer, 8192);
	RIG_EXPECT_QUIET(test, dmabay_transaction_completed_length(t->transaction, 8193), -EINVAL);
	single_expect_failed(t, buffer, 0);
}

static int single_warnings;

static void single_set_too_late(struct rig_transaction *t, bool single)
{
	struct kunit *test = t->rig->test;

	kunit_warning_suppress(test) {
		dmabay_transaction_set_single_transfer(t->transaction, single);
		single_warnings += KUNIT_SUPPRESSED_WARNING_COUNT();
		rig_count_warnings(test, KUNIT_SUPPRESSED_WARNING_COUNT());
	}
}

/* N09: in each state where it is too late; it warns once, not each time. */
static void single_n09_set_too_late(struct kunit *test)
{
	struct rig *rig = rig_start(test, 4096, 2);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 12288);

	rig_initialize(t, buffer, 12288);
	single_set_too_late(t, true);
	rig_hold(rig, 2);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	single_set_too_late(t, true);			/* in line */
	rig_unhold(rig);
	single_set_too_late(t, true);			/* programmed */
	KUNIT_EXPECT_EQ(test, rig_complete(t), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, rig_complete(t), -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, rig_complete(t), 0);
	single_set_too_late(t, true);			/* completed */
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	rig_begin(t, buffer, 12288);
	RIG_EXPECT_QUIET(test, dmabay_transaction_completed_length(t->transaction, 4097), -EINVAL);
	single_set_too_late(t, true);			/* failed */
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	rig_begin(t, buffer, 12288);
	KUNIT_EXPECT_EQ(test, rig_complete(t), -EINPROGRESS);
	KUNIT_EXPECT_LE(test, single_warnings, 1);
}

/* N09: nor can it be given up when all was checked for it. */
static void single_n09_cleared_too_late(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = single_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 8192);

	KUNIT_ASSERT_EQ(test, single_try(t, buffer, 0, 8192), 0);
	single_set_too_late(t, false);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	single_set_too_late(t, false);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_final(t->transaction, 4096), -EMSGSIZE);
	single_expect_failed(t, buffer, 4096);
}

/* N11: in line for a reservation, and with one. */
static void single_n11_set_when_reserved(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 16384);

	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
	dmabay_transaction_set_single_transfer(t->transaction, true);
	KUNIT_EXPECT_EQ(test, single_try(t, buffer, 0, 8193), -EMSGSIZE);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_free_reservation(t->transaction), 0);

	rig_hold(rig, 17);
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
	dmabay_transaction_set_single_transfer(t->transaction, true);
	rig_unhold(rig);
	KUNIT_EXPECT_EQ(test, t->reserved, 2);
	KUNIT_EXPECT_EQ(test, single_try(t, buffer, 0, 8193), -EMSGSIZE);
	single_expect_one(t, buffer, 8192);
}

/* What was set before a reservation holds during it: only a release ends it. */
static void single_kept_by_reserve(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 17);
	struct rig_transaction *t = single_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 16384);

	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
	KUNIT_EXPECT_EQ(test, single_try(t, buffer, 0, 8193), -EMSGSIZE);
	single_expect_one(t, buffer, 8192);
	KUNIT_EXPECT_EQ(test, single_try(t, buffer, 0, 8193), 0);
}

static int single_map_3000(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			   struct dmabay_memory *memory, size_t offset, size_t *length,
			   enum dmabay_direction direction, struct dmabay_sg_list *list)
{
	struct kunit *test = kunit_get_current_test();
	int ret;

	*length = min_t(size_t, *length, 3000);
	kunit_deactivate_static_stub(test, dmabay_adapter_map_transfer);
	ret = dmabay_adapter_map_transfer(adapter, channel, memory, offset, length, direction,
					  list);
	kunit_activate_static_stub(test, dmabay_adapter_map_transfer, single_map_3000);
	return ret;
}

static void single_n12_mapped_less(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = single_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 8192);

	kunit_activate_static_stub(test, dmabay_adapter_map_transfer, single_map_3000);
	rig_begin(t, buffer, 8192);
	kunit_deactivate_static_stub(test, dmabay_adapter_map_transfer);
	KUNIT_EXPECT_EQ(test, t->length, 3000);
	KUNIT_EXPECT_EQ(test, rig_complete(t), -EMSGSIZE);
	single_expect_failed(t, buffer, 3000);
}

/*
 * L08, L09, one rule for both: what fails to be initialized is released, and every
 * setting is as it was, wherever it came from.
 */
static void single_expect_kept(struct rig_transaction *t, struct rig_buffer *buffer)
{
	struct rig *rig = t->rig;
	struct kunit *test = rig->test;

	dmabay_transaction_set_single_transfer(t->transaction, true);
	dmabay_transaction_set_immediate(t->transaction, true);
	KUNIT_EXPECT_EQ(test, single_try(t, buffer, 0, 8193), -EMSGSIZE);
	single_expect_state(t, "released");
	KUNIT_EXPECT_EQ(test, single_try(t, buffer, 0, 8193), -EMSGSIZE);
	single_expect_state(t, "released");
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 0);
	RIG_EXPECT_ILLEGAL(test, rig_execute(t));

	rig_hold(rig, 17);
	KUNIT_EXPECT_EQ(test, single_try(t, buffer, 0, 8192), 0);
	KUNIT_EXPECT_EQ(test, rig_execute(t), -ENOMEM);
	rig_unhold(rig);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
}

static void single_l08_fails_when_released(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 16384);

	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	single_expect_kept(t, buffer);
	/* Until now: released, it is as new. */
	rig->events = 0;
	rig_initialize(t, buffer, 16384);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 8192, 8192);
	single_expect_kept(t, buffer);
}

static void single_l09_fails_when_created(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 17);

	single_expect_kept(rig_transaction(rig), rig_contiguous(rig, 0, 16384));
}

/* The same with a reservation, which is no setting, but stays, too. */
static void single_l09_fails_when_reserved(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 16384);

	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
	rig_hold(rig, 13);
	dmabay_transaction_set_single_transfer(t->transaction, true);
	KUNIT_EXPECT_EQ(test, single_try(t, buffer, 0, 8193), -EMSGSIZE);
	single_expect_state(t, "released");
	KUNIT_EXPECT_EQ(test, single_try(t, buffer, 0, 8193), -EMSGSIZE);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 0);
	RIG_EXPECT_ILLEGAL(test, rig_reserve(t, 4));
	single_expect_one(t, buffer, 8192);
	KUNIT_EXPECT_EQ(test, t->reserved, 1);
}

/* L09: set to false it stays false, too: here lists fail for their elements. */
static void single_l09_cleared_stays_cleared(struct kunit *test)
{
	struct rig *rig = single_start(test, 8192, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 16384);

	dmabay_transaction_set_single_transfer(t->transaction, false);
	dmabay_enabler_set_max_sg_elements(rig->enabler, 1);
	KUNIT_EXPECT_EQ(test, single_try(t, buffer, 0, 16384), -E2BIG);
	single_expect_state(t, "released");
	dmabay_enabler_set_max_sg_elements(rig->enabler, DMABAY_UNLIMITED_SG_ELEMENTS);
	rig_initialize(t, buffer, 16384);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 8192, 8192);
}

/* Release goes back to what the enabler says, whatever was set. */
static void single_release_resets(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 17);
	struct rig_transaction *t = single_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 16384);

	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	rig_initialize(t, buffer, 16384);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 8192, 8192);
	/* set where a second release would do nothing */
	dmabay_transaction_set_single_transfer(t->transaction, true);
	KUNIT_EXPECT_EQ(test, single_try(t, buffer, 0, 16384), -EMSGSIZE);
}

static void single_release_resets_to_enabler(struct kunit *test)
{
	struct rig *rig = single_start(test, 8192, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 16384);

	dmabay_transaction_set_single_transfer(t->transaction, false);
	rig_initialize(t, buffer, 16384);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 8192, 8192);
	KUNIT_EXPECT_EQ(test, single_try(t, buffer, 0, 16384), -EMSGSIZE);
	single_expect_one(t, buffer, 8192);
}

static void single_free_reservation_resets(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 17);
	struct rig_transaction *t = single_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 16384);

	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_free_reservation(t->transaction), 0);
	rig->events = 0;
	rig_initialize(t, buffer, 16384);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 8192, 8192);
}

/* 3.6: arguments, state, then length, registers, elements; the first that fails. */
static void single_order_of_checks(struct kunit *test)
{
	struct rig *rig = rig_start(test, 8192, 2);
	struct rig_transaction *t = single_transaction(rig);
	/* Each group in the middle of two pages. */
	struct rig_buffer *chain = rig_chain(rig, 3, 2048, 4096);

	dmabay_enabler_set_max_sg_elements(rig->enabler, 1);
	KUNIT_EXPECT_EQ(test, single_try(t, chain, 0, 12289), -EINVAL);
	single_expect_state(t, "created");
	/* too long, 6 registers, 3 elements */
	KUNIT_EXPECT_EQ(test, single_try(t, chain, 0, 12288), -EMSGSIZE);
	/* 4 registers, 2 elements */
	KUNIT_EXPECT_EQ(test, single_try(t, chain, 0, 8192), -ENOSPC);
	/* 1 register and 1024 bytes of each of two groups: 2 elements */
	KUNIT_EXPECT_EQ(test, single_try(t, chain, 3072, 2048), -E2BIG);
	KUNIT_EXPECT_EQ(test, single_try(t, chain, 0, 4096), 0);
	KUNIT_EXPECT_EQ(test, single_try(t, chain, 0, 12288), -EBADFD);
	KUNIT_EXPECT_EQ(test, single_try(t, chain, 0, 12289), -EINVAL);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 4096);

	dmabay_memory_set_read_only(chain->memory);
	dmabay_transaction_set_single_transfer(t->transaction, true);
	KUNIT_EXPECT_EQ(test, single_try(t, chain, 0, 12288), -EACCES);
}

static struct kunit_case single_cases[] = {
	RIG_CASE_PROFILES(single_e16_by_enabler),
	RIG_CASE_PROFILES(single_n01_one_transfer),
	RIG_CASE_PROFILES(single_n01_all_registers),
	RIG_CASE_PROFILES(single_n02_too_long),
	RIG_CASE_PROFILES(single_n03_too_many_registers),
	RIG_CASE(single_n03_more_than_reserved),
	RIG_CASE(single_reservation_does_not_trim),
	RIG_CASE_PROFILES(single_n04_maximum_lowered),
	RIG_CASE_LISTS(single_n05_too_many_elements),
	RIG_CASE_LISTS(single_n05_pages_are_not_elements),
	RIG_CASE_LISTS(single_n05_agrees_with_transfer_info),
	RIG_CASE(single_n06_packet_of_two),
	RIG_CASE(single_n06_scattered_packet),
	RIG_CASE_PROFILES(single_n07_short),
	RIG_CASE_PROFILES(single_n07_nothing_done),
	RIG_CASE_PROFILES(single_n08_final_short),
	RIG_CASE_PROFILES(single_completed_by_length),
	RIG_CASE_PROFILES(single_other_failures_win),
	RIG_CASE_PROFILES(single_n09_set_too_late),
	RIG_CASE_PROFILES(single_n09_cleared_too_late),
	RIG_CASE(single_n11_set_when_reserved),
	RIG_CASE(single_kept_by_reserve),
	RIG_CASE_PROFILES(single_n12_mapped_less),
	RIG_CASE_PROFILES(single_l08_fails_when_released),
	RIG_CASE_PROFILES(single_l09_fails_when_created),
	RIG_CASE(single_l09_fails_when_reserved),
	RIG_CASE_LISTS(single_l09_cleared_stays_cleared),
	RIG_CASE_PROFILES(single_release_resets),
	RIG_CASE_PROFILES(single_release_resets_to_enabler),
	RIG_CASE(single_free_reservation_resets),
	RIG_CASE_PROFILES(single_order_of_checks),
	{}
};

struct kunit_suite dmabay_single_suite = {
	.name = "dmabay_single",
	.exit = rig_end,
	.test_cases = single_cases,
};
kunit_test_suite(dmabay_single_suite);
