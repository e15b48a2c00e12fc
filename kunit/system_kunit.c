// SPDX-License-Identifier: GPL-2.0-only
/*
 * System DMA: what a device's controller does, in every order of events (5.8). How it is
 * stopped is in system_stop_kunit.c, how it is reserved in system_reserve_kunit.c, what its
 * channel can and cannot do in system_config_kunit.c and system_channel_kunit.c.
 *
 * Tests that let any controller do its part run over a real one, too, where there is one:
 * it takes its own time, and calls back from a tasklet.
 */
#include "system.h"

/* Y01: configure, start, program, the controller, complete; and the bytes are there. */
static void system_y01_order(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 100, 5000);
	struct rig_transaction *t = system_transaction(system, buffer, 5000);

	system_fill(system, 0, 5000, 7);
	system->on_complete = system_completed;
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	if (system->channel) {
		KUNIT_EXPECT_STREQ(test, system->story, "config program ");
		KUNIT_EXPECT_STREQ(test, system->channel->story,
				   system->kind->copies ? "prep submit issue " :
							  "config prep submit issue ");
		KUNIT_EXPECT_EQ(test, dmabay_transaction_completed(t->transaction), -EBUSY);
	}
	system_transfer(system);
	KUNIT_EXPECT_STREQ(test, system->story, "config program complete ");
	KUNIT_EXPECT_EQ(test, system->direction, DMABAY_READ_FROM_DEVICE);
	KUNIT_EXPECT_EQ(test, system->result, 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 5000);
	KUNIT_EXPECT_EQ(test, rig_matching(buffer, 0, 5000, 7), 5000);
	SYSTEM_EXPECT_STATE(system, t, "completed");
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(system->rig), 17);
}

static void system_write(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 100, 5000);
	struct rig_transaction *t = system_transaction(system, NULL, 0);

	rig_fill(buffer, 9);
	system_initialize_direction(system, t, DMABAY_WRITE_TO_DEVICE, buffer, 5000);
	system->on_complete = system_completed;
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	system_transfer(system);
	KUNIT_EXPECT_EQ(test, system->direction, DMABAY_WRITE_TO_DEVICE);
	KUNIT_EXPECT_EQ(test, system->result, 0);
	KUNIT_EXPECT_EQ(test, system_matching(system, 0, 5000, 9), 5000);
}

/*
 * Y02: once for each transfer, with all that it could be, before the mapping makes it
 * shorter. A copy goes on at the other end where the last one ended, as a device does.
 */
static void system_y02_configured_each_time(struct kunit *test)
{
	struct system *system = system_start(test, 8192, 3);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 20000);
	struct rig_transaction *t = system_transaction(system, buffer, 20000);
	unsigned int i;

	system_fill(system, 0, 20000, 3);
	system->on_complete = system_completed;
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	for (i = 0; i < 3; i++)
		system_transfer(system);
	KUNIT_EXPECT_EQ(test, system->result, 0);
	KUNIT_EXPECT_EQ(test, system->configured, 3);
	KUNIT_EXPECT_EQ(test, system->completed, 3);
	for (i = 0; i < 3; i++) {
		KUNIT_EXPECT_EQ(test, system->offsets[i], i * 8192);
		KUNIT_EXPECT_EQ(test, system->lengths[i], i < 2 ? 8192 : 20000 - 16384);
	}
	KUNIT_EXPECT_EQ(test, rig_matching(buffer, 0, 20000, 3), 20000);
}

/* Y02: what is asked for is not what is mapped, where groups end. */
static void system_y02_before_it_is_cut(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_buffer *buffer = rig_chain(system->rig, 2, 0, 4096);
	struct rig_transaction *t = system_transaction(system, buffer, 8192);

	if (!system->kind->copies)
		kunit_skip(test, "this controller takes lists");
	system->on_complete = system_completed;
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_EQ(test, system->lengths[0], 8192);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_current_length(t->transaction), 4096);
	system_transfer(system);
	KUNIT_EXPECT_EQ(test, system->result, -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, system->offsets[1], 4096);
	KUNIT_EXPECT_EQ(test, system->lengths[1], 4096);
	system_transfer(system);
	KUNIT_EXPECT_EQ(test, system->result, 0);
}

/* Y03: no transfer this time; the driver completes. */
static void system_y03_config_refuses(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);
	struct rig_transaction *t = system_transaction(system, buffer, 4096);

	system->refuse = true;
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_STREQ(test, system->story, "config ");
	KUNIT_EXPECT_STREQ(test, system->channel->story, "");
	SYSTEM_EXPECT_STATE(system, t, "transfer");
	KUNIT_EXPECT_EQ(test, rig_free_registers(system->rig), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_final(t->transaction, 0), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(system->rig), 17);
	KUNIT_EXPECT_STREQ(test, system->story, "config ");
}

/* Y03: or completes nothing of it, and is asked anew. */
static void system_y03_asked_again(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);
	struct rig_transaction *t = system_transaction(system, buffer, 4096);

	system->refuse = true;
	system->on_complete = system_completed;
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	system->refuse = false;
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed(t->transaction), -EINPROGRESS);
	system_transfer(system);
	KUNIT_EXPECT_STREQ(test, system->story, "config config program complete ");
	KUNIT_EXPECT_EQ(test, system->result, 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 4096);
}

/* Y04: over, inside the callback. */
static void system_y04_config_ends_it(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);
	struct rig_transaction *t = system_transaction(system, buffer, 4096);

	system->refuse = true;
	system->on_config = system_final_release;
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_EQ(test, system->result, 0);
	KUNIT_EXPECT_STREQ(test, system->story, "config ");
	KUNIT_EXPECT_STREQ(test, system->channel->story, "");
	SYSTEM_EXPECT_STATE(system, t, "released");
	KUNIT_EXPECT_EQ(test, rig_free_registers(system->rig), 17);
}

/* Y04: and so it is if the callback says that all is well. */
static void system_y04_config_ends_it_and_forgets(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);
	struct rig_transaction *t = system_transaction(system, buffer, 4096);

	system->on_config = system_final_release;
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_STREQ(test, system->story, "config ");
	KUNIT_EXPECT_STREQ(test, system->channel->story, "");
	SYSTEM_EXPECT_STATE(system, t, "released");
}

static void system_done_inside_program(struct system *system,
				       struct dmabay_transaction *transaction)
{
	KUNIT_EXPECT_TRUE(system->test,
			  fake_channel_complete(system->channel, DMA_TRANS_NOERROR, 0));
	system_note(system, "programmed");
}

/* Y05: done while program_dma runs: told when it has returned. */
static void system_y05_done_inside_program(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);
	struct rig_transaction *t = system_transaction(system, buffer, 4096);

	system->on_program = system_done_inside_program;
	system->on_complete = system_completed;
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_STREQ(test, system->story, "config program programmed complete ");
	KUNIT_EXPECT_EQ(test, system->result, 0);
}

static void system_complete_too_early(struct system *system,
				      struct dmabay_transaction *transaction)
{
	system_done_inside_program(system, transaction);
	system->result = dmabay_transaction_completed(transaction);
}

/* Y05: it is not over for the driver, either, before it was told. */
static void system_y05_not_over_before_it_is_told(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);
	struct rig_transaction *t = system_transaction(system, buffer, 4096);

	system->on_program = system_complete_too_early;
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_EQ(test, system->result, -EBUSY);
	KUNIT_EXPECT_STREQ(test, system->story, "config program programmed complete ");
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed(t->transaction), 0);
}

/* Y06: done before program_dma, each time: one after the other, and not nested. */
static void system_y06_done_at_once(struct kunit *test)
{
	struct system *system = system_start(test, 4096, 2);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 12288);
	struct rig_transaction *t = system_transaction(system, buffer, 12288);
	unsigned int i;

	if (system->channel)
		system->channel->script.when = FAKE_INSIDE_ISSUE;
	system_fill(system, 0, 12288, 5);
	system->on_complete = system_completed;
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	for (i = 0; i < 3; i++)
		system_wait(system);
	KUNIT_EXPECT_STREQ(test, system->story,
			   "config program complete config program complete config program complete ");
	KUNIT_EXPECT_EQ(test, system->result, 0);
	KUNIT_EXPECT_FALSE(test, t->nested);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 12288);
	KUNIT_EXPECT_EQ(test, rig_matching(buffer, 0, 12288, 5), 12288);
}

/* Y06: however many there are, the stack does not grow with them. */
static void system_y06_constant_stack(struct kunit *test)
{
	struct system *system = system_start(test, 4096, 2);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 65536);
	struct rig_transaction *t = system_transaction(system, buffer, 2 * 4096);
	unsigned long few;

	system->channel->script.when = FAKE_INSIDE_ISSUE;
	system->on_complete = system_completed;
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	few = rig_stack_depth(system->rig);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	system_initialize(system, t, buffer, 65536);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_EQ(test, system->result, 0);
	KUNIT_EXPECT_EQ(test, system->completed, 2 + 16);
	KUNIT_EXPECT_GT(test, few, 0);
	KUNIT_EXPECT_EQ(test, rig_stack_depth(system->rig), few);
}

static void system_complete_and_note(struct system *system, struct dmabay_transaction *transaction)
{
	/* From now on they are done at once, when the next one is started in here. */
	system->channel->script.when = FAKE_INSIDE_ISSUE;
	system->result = dmabay_transaction_completed(transaction);
	system_note(system, "completed");
}

/* Y06: nor is the callback called inside itself, when the controller is that fast. */
static void system_y06_not_nested(struct kunit *test)
{
	struct system *system = system_start(test, 4096, 2);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 8192);
	struct rig_transaction *t = system_transaction(system, buffer, 8192);

	system->on_complete = system_complete_and_note;
	dmabay_transaction_set_channel_config(t->transaction, NULL, NULL);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_TRUE(test, fake_channel_complete(system->channel, DMA_TRANS_NOERROR, 0));
	KUNIT_EXPECT_STREQ(test, system->story,
			   "program complete program completed complete completed ");
	KUNIT_EXPECT_EQ(test, system->result, 0);
}

/* Y07: nobody is told; the driver finds out, and completes. */
static void system_y07_no_callback(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);
	struct rig_transaction *t = system_transaction(system, buffer, 4096);

	system_fill(system, 0, 4096, 11);
	dmabay_transaction_set_transfer_complete(t->transaction, NULL, NULL);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	if (system->channel)
		KUNIT_EXPECT_EQ(test, dmabay_transaction_completed(t->transaction), -EBUSY);
	KUNIT_EXPECT_EQ(test, system_poll(system, t), 0);
	KUNIT_EXPECT_STREQ(test, system->story, "config program ");
	KUNIT_EXPECT_EQ(test, rig_matching(buffer, 0, 4096, 11), 4096);
}

static void system_set_complete(struct system *system, struct dmabay_transaction *transaction)
{
	dmabay_transaction_set_transfer_complete(transaction, system_complete, system);
}

/* Y08: set after the first was started: from the second on. */
static void system_y08_set_late(struct kunit *test)
{
	struct system *system = system_start(test, 4096, 2);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 8192);
	struct rig_transaction *t = system_transaction(system, buffer, 8192);

	dmabay_transaction_set_transfer_complete(t->transaction, NULL, NULL);
	system->on_program = system_set_complete;
	system->on_complete = system_completed;
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_EQ(test, system_poll(system, t), -EINPROGRESS);
	system_transfer(system);
	KUNIT_EXPECT_STREQ(test, system->story, "config program config program complete ");
	KUNIT_EXPECT_EQ(test, system->result, 0);
}

/* Y17: what only controllers have is ignored by all others, and each warns once. */
static void system_y17_bus_master(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 4096);
	struct system system = { .test = test, .rig = rig };
	unsigned int round;

	rig_initialize(t, buffer, 4096);
	for (round = 0; round < 2; round++) {
		RIG_EXPECT_WARNING(test, dmabay_transaction_set_device_offset(t->transaction, 16));
		RIG_EXPECT_WARNING(test, dmabay_transaction_set_channel_config(t->transaction,
									       system_config,
									       &system));
		RIG_EXPECT_WARNING(test,
				   dmabay_transaction_set_transfer_complete(t->transaction,
									    system_complete,
									    &system));
		RIG_EXPECT_WARNING(test, dmabay_transaction_stop(t->transaction));
	}
	rig_run(t);
	KUNIT_EXPECT_STREQ(test, system.story, "");
	RIG_EXPECT_LENGTHS(rig, 4096);
}

/* The transfer with this number began at this byte of the device. */
static void system_expect_offset(struct system *system, unsigned int number, size_t offset,
				 struct rig_buffer *buffer, size_t length)
{
	size_t i = 0;

	if (system->kind->copies)
		while (i < length && *rig_byte(buffer, i) == system->bytes[offset + i])
			i++;
	else if (fake_channel_event(system->channel, FAKE_CONFIG, number)->config.src_addr ==
		 SYSTEM_SOURCE + offset)
		i = length;
	KUNIT_EXPECT_EQ_MSG(system->test, i, length, "transfer %u", number);
}

/* Y18: until it is initialized anew. */
static void system_y18_offset_ends(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);
	struct rig_transaction *t = system_transaction(system, buffer, 4096);
	unsigned int number;

	system_fill(system, 0, 8192, 1);
	system->on_complete = system_completed;
	dmabay_transaction_set_device_offset(t->transaction, 0x10);
	for (number = 0; number < 2; number++) {
		KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
		system_transfer(system);
		system_expect_offset(system, number, number ? 0 : 0x10, buffer, 4096);
		KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
		system_initialize(system, t, buffer, 4096);
	}
}

/* Y18: a reservation ends it as well. */
static void system_y18_reserving_ends_it(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);
	struct rig_transaction *t = system_transaction(system, NULL, 0);

	system_fill(system, 0, 8192, 1);
	system->on_complete = system_completed;
	dmabay_transaction_set_device_offset(t->transaction, 0x10);
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 17), 0);
	system_initialize(system, t, buffer, 4096);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	system_transfer(system);
	system_expect_offset(system, 0, 0, buffer, 4096);
}

/* Y19: added to the device's address in every transfer of the transaction. */
static void system_y19_offset(struct kunit *test)
{
	struct system *system = system_start(test, 4096, 2);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 8192);
	struct rig_transaction *t = system_transaction(system, buffer, 8192);

	system_fill(system, 0, 16384, 1);
	system->on_complete = system_completed;
	dmabay_transaction_set_device_offset(t->transaction, 0x400);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	system_transfer(system);
	system_transfer(system);
	KUNIT_EXPECT_EQ(test, system->result, 0);
	system_expect_offset(system, 0, 0x400, buffer, system->kind->copies ? 8192 : 4096);
	if (!system->kind->copies)
		system_expect_offset(system, 1, 0x400, buffer, 4096);
}

/* Y20: the controller is one transaction's, until that is over. */
static void system_y20_one_at_a_time(struct kunit *test)
{
	struct system *system = system_start(test, 4096, 17);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 8192);
	struct rig_transaction *first = system_transaction(system, buffer, 8192);
	struct rig_transaction *second = system_transaction(system, buffer, 4096);
	unsigned int i;

	system->on_complete = system_completed;
	KUNIT_EXPECT_EQ(test, rig_execute(first), 0);
	KUNIT_EXPECT_EQ(test, rig_execute(second), 0);
	if (system->channel) {
		KUNIT_EXPECT_EQ(test, second->programmed, 0);
		KUNIT_EXPECT_EQ(test, rig_waiters(system->rig), 1);
	}
	for (i = 0; i < 3; i++)
		system_transfer(system);
	KUNIT_EXPECT_EQ(test, first->programmed, 2);
	KUNIT_EXPECT_EQ(test, second->programmed, 1);
	KUNIT_EXPECT_PTR_EQ(test, system->rig->log[2].transaction, second);
	KUNIT_EXPECT_EQ(test, system->result, 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(system->rig), 17);
}

/* Y21: as the pages say (decision 6.1-26). */
static void system_y21_release_clears_callbacks(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);
	struct rig_transaction *t = system_transaction(system, buffer, 4096);

	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	rig_initialize(t, buffer, 4096);
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_EQ(test, system_poll(system, t), 0);
	KUNIT_EXPECT_STREQ(test, system->story, "program ");
}

/* Y21: initializing does not: they may be set before. */
static void system_y21_initializing_keeps_callbacks(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);
	struct rig_transaction *t = system_transaction(system, NULL, 0);

	dmabay_transaction_set_channel_config(t->transaction, system_config, system);
	dmabay_transaction_set_transfer_complete(t->transaction, system_complete, system);
	rig_initialize(t, buffer, 4096);
	system->on_complete = system_completed;
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	system_transfer(system);
	KUNIT_EXPECT_STREQ(test, system->story, "config program complete ");
}

/* Y22: there is no transaction before there is a channel. */
static void system_y22_not_configured(struct kunit *test)
{
	struct system *system = system_prepare(test, NULL);
	struct dmabay_enabler_config config = rig_config(system->rig, 65536, 17);
	struct dmabay_transaction *transaction = (void *)system;
	struct dmabay_enabler *enabler;

	KUNIT_ASSERT_EQ(test, dmabay_enabler_create(system->rig->dev, &config, &enabler), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_create(enabler, &transaction), -EOPNOTSUPP);
	KUNIT_EXPECT_NULL(test, transaction);
	KUNIT_EXPECT_EQ(test, 0,
			dmabay_enabler_configure_system_profile(enabler, &system->how,
								DMABAY_WRITE_TO_DEVICE));
	KUNIT_EXPECT_EQ(test, dmabay_transaction_create(enabler, &transaction), 0);
	dmabay_enabler_delete(enabler);
}

/* Y23: done before program_dma has even begun. */
static void system_y23_done_before_program(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);
	struct rig_transaction *t = system_transaction(system, buffer, 4096);

	if (system->channel)
		system->channel->script.when = FAKE_INSIDE_ISSUE;
	system->on_complete = system_completed;
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	system_wait(system);
	KUNIT_EXPECT_STREQ(test, system->story, "config program complete ");
	KUNIT_EXPECT_EQ(test, system->result, 0);
}

/* L11: released inside the callback. */
static void system_l11_released_in_callback(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);
	struct rig_transaction *t = system_transaction(system, buffer, 4096);

	system->on_complete = system_final_release;
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	system_transfer(system);
	KUNIT_EXPECT_EQ(test, system->result, 0);
	SYSTEM_EXPECT_STATE(system, t, "released");
	KUNIT_EXPECT_EQ(test, rig_free_registers(system->rig), 17);
}

static void system_delete(struct system *system, struct dmabay_transaction *transaction)
{
	system_final_release(system, transaction);
	dmabay_transaction_delete(transaction);
}

/* Or deleted: nobody touches it after that. */
static void system_deleted_in_callback(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);
	struct rig_transaction *t = system_transaction(system, buffer, 4096);

	system->on_complete = system_delete;
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	t->transaction = NULL;
	system_transfer(system);
	KUNIT_EXPECT_EQ(test, rig_free_registers(system->rig), 17);
}

/* As of any transaction: too long for one transfer is refused, and it takes one only. */
static void system_single_transfer(struct kunit *test)
{
	struct system *system = system_prepare(test, NULL);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 12288);
	struct rig_transaction *t;

	system->flags = DMABAY_ENABLER_SINGLE_TRANSFER;
	system_enable(system, 8192, 3);
	t = system_transaction(system, NULL, 0);
	KUNIT_EXPECT_EQ(test, -EMSGSIZE,
			dmabay_transaction_initialize(t->transaction, rig_program,
						      DMABAY_READ_FROM_DEVICE, buffer->memory,
						      12288));
	system_initialize(system, t, buffer, 8192);
	system->on_complete = system_completed;
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	system_transfer(system);
	KUNIT_EXPECT_STREQ(test, system->story, "config program complete ");
	KUNIT_EXPECT_EQ(test, system->result, 0);
}

static struct kunit_case system_cases[] = {
	SYSTEM_CASE(system_y01_order),
	SYSTEM_CASE(system_write),
	SYSTEM_CASE(system_y02_configured_each_time),
	SYSTEM_CASE_FAKE(system_y02_before_it_is_cut),
	SYSTEM_CASE_FAKE(system_y03_config_refuses),
	SYSTEM_CASE_FAKE(system_y03_asked_again),
	SYSTEM_CASE_FAKE(system_y04_config_ends_it),
	SYSTEM_CASE_FAKE(system_y04_config_ends_it_and_forgets),
	SYSTEM_CASE_FAKE(system_y05_done_inside_program),
	SYSTEM_CASE_FAKE(system_y05_not_over_before_it_is_told),
	SYSTEM_CASE(system_y06_done_at_once),
	SYSTEM_CASE_FAKE(system_y06_constant_stack),
	SYSTEM_CASE_FAKE(system_y06_not_nested),
	SYSTEM_CASE(system_y07_no_callback),
	SYSTEM_CASE(system_y08_set_late),
	KUNIT_CASE(system_y17_bus_master),
	SYSTEM_CASE(system_y18_offset_ends),
	SYSTEM_CASE(system_y18_reserving_ends_it),
	SYSTEM_CASE(system_y19_offset),
	SYSTEM_CASE(system_y20_one_at_a_time),
	SYSTEM_CASE(system_y21_release_clears_callbacks),
	SYSTEM_CASE(system_y21_initializing_keeps_callbacks),
	SYSTEM_CASE(system_y22_not_configured),
	SYSTEM_CASE(system_y23_done_before_program),
	SYSTEM_CASE(system_l11_released_in_callback),
	SYSTEM_CASE(system_deleted_in_callback),
	SYSTEM_CASE(system_single_transfer),
	{}
};

struct kunit_suite dmabay_system_suite = {
	.name = "dmabay_system",
	.exit = rig_end,
	.test_cases = system_cases,
};
kunit_test_suite(dmabay_system_suite);
