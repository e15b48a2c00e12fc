// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reserving a controller: it is one transaction's from the grant on until it is freed, with
 * whatever map registers (3.4, 5.5); and those who wait for it meanwhile.
 */
#include "system.h"

/* A reservation that is there. */
static struct rig_transaction *reserve_begin(struct system *system, unsigned int map_registers)
{
	struct rig_transaction *t = system_transaction(system, NULL, 0);

	KUNIT_EXPECT_EQ(system->test, rig_reserve(t, map_registers), 0);
	KUNIT_EXPECT_EQ(system->test, t->reserved, 1);
	return t;
}

/* R13: no number is all of them, however short the memory is. */
static void system_r13_all_registers(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 100);
	struct rig_transaction *t = system_transaction(system, buffer, 100);

	KUNIT_EXPECT_EQ(test, rig_reserve(t, 0), 0);
	KUNIT_EXPECT_EQ(test, t->reserved, 1);
	KUNIT_EXPECT_EQ(test, rig_free_registers(system->rig), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_free_reservation(t->transaction), 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(system->rig), 17);
}

static void reserve_end(struct system *system, struct dmabay_transaction *transaction)
{
	system_completed(system, transaction);
	KUNIT_EXPECT_EQ(system->test, dmabay_transaction_free_reservation(transaction), 0);
}

/* R26: given up inside the callback. */
static void system_r26_freed_in_callback(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);
	struct rig_transaction *t = reserve_begin(system, 4);

	system_initialize(system, t, buffer, 4096);
	system->on_complete = reserve_end;
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	system_transfer(system);
	KUNIT_EXPECT_EQ(test, system->result, 0);
	SYSTEM_EXPECT_STATE(system, t, "released");
	KUNIT_EXPECT_EQ(test, rig_free_registers(system->rig), 17);
}

/* R31: each transfer has as many pages as are reserved, and the driver is told before. */
static void system_r31_trimmed(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 8);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 2048, 20000);
	struct rig_transaction *t = reserve_begin(system, 2);
	unsigned int i;

	system_fill(system, 0, 20000, 13);
	system_initialize(system, t, buffer, 20000);
	system->on_complete = system_completed;
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	for (i = 0; i < 3; i++)
		system_transfer(system);
	KUNIT_EXPECT_EQ(test, system->result, 0);
	RIG_EXPECT_LENGTHS(system->rig, 6144, 8192, 20000 - 6144 - 8192);
	KUNIT_EXPECT_EQ(test, system->lengths[0], 6144);
	KUNIT_EXPECT_EQ(test, system->lengths[1], 8192);
	KUNIT_EXPECT_EQ(test, system->lengths[2], 20000 - 6144 - 8192);
	KUNIT_EXPECT_EQ(test, rig_matching(buffer, 0, 20000, 13), 20000);
}

/* R33: one register is the whole controller. */
static void system_r33_whole_controller(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 8);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);
	struct rig_transaction *first = reserve_begin(system, 1);
	struct rig_transaction *second = system_transaction(system, buffer, 4096);

	system->on_complete = system_completed;
	KUNIT_EXPECT_EQ(test, rig_execute(second), 0);
	KUNIT_EXPECT_EQ(test, rig_waiters(system->rig), 1);
	system_initialize(system, first, buffer, 4096);
	KUNIT_EXPECT_EQ(test, rig_execute(first), 0);
	system_transfer(system);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(first->transaction), 0);
	KUNIT_EXPECT_EQ(test, second->programmed, 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_free_reservation(first->transaction), 0);
	KUNIT_EXPECT_EQ(test, second->programmed, 1);
	system_transfer(system);
	KUNIT_EXPECT_EQ(test, system->result, 0);
	SYSTEM_EXPECT_STATE(system, second, "completed");
}

/* R33: so whoever does not want to wait is refused. */
static void system_r33_immediate(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 8);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);
	struct rig_transaction *first = reserve_begin(system, 1);
	struct rig_transaction *second = system_transaction(system, buffer, 4096);

	dmabay_transaction_set_immediate(second->transaction, true);
	KUNIT_EXPECT_EQ(test, rig_execute(second), -ENOMEM);
	SYSTEM_EXPECT_STATE(system, second, "failed");
	KUNIT_EXPECT_STREQ(test, system->story, "");
	KUNIT_EXPECT_EQ(test, dmabay_transaction_free_reservation(first->transaction), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(second->transaction), 0);

	system->on_complete = system_completed;
	system_initialize(system, second, buffer, 4096);
	dmabay_transaction_set_immediate(second->transaction, true);
	KUNIT_EXPECT_EQ(test, rig_execute(second), 0);
	system_transfer(system);
	KUNIT_EXPECT_EQ(test, system->result, 0);
}

/* R33: or leaves the line. */
static void system_r33_cancelled(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 8);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);
	struct rig_transaction *first = reserve_begin(system, 1);
	struct rig_transaction *second = system_transaction(system, buffer, 4096);

	KUNIT_EXPECT_EQ(test, rig_execute(second), 0);
	KUNIT_EXPECT_TRUE(test, dmabay_transaction_cancel(second->transaction));
	SYSTEM_EXPECT_STATE(system, second, "failed");
	KUNIT_EXPECT_EQ(test, dmabay_transaction_free_reservation(first->transaction), 0);
	KUNIT_EXPECT_STREQ(test, system->story, "");
	KUNIT_EXPECT_FALSE(test, dmabay_transaction_cancel(second->transaction));
}

/* R18: as often as needed, at once, while others wait. */
static void system_r18_again_and_again(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);
	struct rig_transaction *t = reserve_begin(system, 4);
	struct rig_transaction *other = system_transaction(system, buffer, 4096);
	unsigned int i;

	system->on_complete = system_final_release;
	KUNIT_EXPECT_EQ(test, rig_execute(other), 0);
	for (i = 1; i <= 100; i++) {
		system_initialize(system, t, buffer, 4096);
		KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
		KUNIT_EXPECT_EQ(test, t->programmed, i);
		system_transfer(system);
		KUNIT_EXPECT_EQ(test, system->result, 0);
	}
	KUNIT_EXPECT_EQ(test, t->reserved, 1);
	KUNIT_EXPECT_EQ(test, other->programmed, 0);
	KUNIT_EXPECT_TRUE(test, dmabay_transaction_cancel(other->transaction));
}

/* R27: deleted, it is free for those who wait. */
static void system_r27_deleted(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);
	struct rig_transaction *first = reserve_begin(system, 4);
	struct rig_transaction *second = system_transaction(system, buffer, 4096);

	system->on_complete = system_completed;
	KUNIT_EXPECT_EQ(test, rig_execute(second), 0);
	rig_delete(first);
	system_transfer(system);
	KUNIT_EXPECT_EQ(test, system->result, 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(system->rig), 17);
}

/* E31: those who wait are not granted what goes with the enabler. */
static void system_e31_enabler_deleted(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_transaction *first = reserve_begin(system, 4);
	struct rig_transaction *second = system_transaction(system, NULL, 0);

	KUNIT_EXPECT_EQ(test, rig_reserve(second, 4), 0);
	first->transaction = NULL;
	second->transaction = NULL;
	dmabay_enabler_delete(system->rig->enabler);
	system->rig->enabler = NULL;
	system->rig->adapter = NULL;
	KUNIT_EXPECT_EQ(test, second->reserved, 0);
	if (system->channel)
		KUNIT_EXPECT_STREQ(test, system->channel->story, "terminate synchronize ");
}

/* A system of two channels, of which one or both have a direction. */
static struct system *reserve_duplex(struct kunit *test, bool both)
{
	struct fake_engine_config engine = system_engine(test);
	struct dmabay_enabler_config config;
	struct system *system;
	struct rig *rig;

	engine.channels = 2;
	system = system_prepare(test, &engine);
	rig = system->rig;
	config = rig_config(rig, 65536, 17);
	config.profile = DMABAY_PROFILE_SYSTEM_DUPLEX;
	config.map_registers_write = 5;
	KUNIT_ASSERT_EQ(test, 0, dmabay_enabler_create(rig->dev, &config, &rig->enabler));
	KUNIT_EXPECT_EQ(test, 0,
			dmabay_enabler_configure_system_profile(rig->enabler, &system->how,
								DMABAY_READ_FROM_DEVICE));
	if (both) {
		system->how.channel = system_request(system, 1);
		KUNIT_EXPECT_EQ(test, 0,
				dmabay_enabler_configure_system_profile(rig->enabler, &system->how,
									DMABAY_WRITE_TO_DEVICE));
	}
	rig->adapter = dmabay_enabler_adapter(rig->enabler, DMABAY_READ_FROM_DEVICE);
	return system;
}

/* E28: two adapters, each with its own registers. */
static void system_e28_duplex(struct kunit *test)
{
	struct system *system = reserve_duplex(test, true);
	struct dmabay_enabler *enabler = system->rig->enabler;

	KUNIT_EXPECT_PTR_NE(test, dmabay_enabler_adapter(enabler, DMABAY_READ_FROM_DEVICE),
			    dmabay_enabler_adapter(enabler, DMABAY_WRITE_TO_DEVICE));
	KUNIT_EXPECT_EQ(test, 17, rig_free_registers_direction(system->rig,
							       DMABAY_READ_FROM_DEVICE));
	KUNIT_EXPECT_EQ(test, 5, rig_free_registers_direction(system->rig,
							      DMABAY_WRITE_TO_DEVICE));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			dmabay_enabler_configure_system_profile(enabler, &system->how,
								DMABAY_WRITE_TO_DEVICE));
}

/* And each has its own channel: one transfer each way at a time. */
static void system_duplex_at_the_same_time(struct kunit *test)
{
	struct system *system = reserve_duplex(test, true);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);
	struct rig_transaction *reads = system_transaction(system, buffer, 4096);
	struct rig_transaction *writes = system_transaction(system, NULL, 0);
	struct fake_channel *second = fake_channel(system->engine, 1);

	system_initialize_direction(system, writes, DMABAY_WRITE_TO_DEVICE, buffer, 4096);
	system->on_complete = system_completed;
	KUNIT_EXPECT_EQ(test, rig_execute(reads), 0);
	KUNIT_EXPECT_EQ(test, rig_execute(writes), 0);
	KUNIT_EXPECT_STREQ(test, system->story, "config program config program ");
	KUNIT_EXPECT_TRUE(test, fake_channel_complete(second, DMA_TRANS_NOERROR, 0));
	system_wait(system);
	KUNIT_EXPECT_EQ(test, system->direction, DMABAY_WRITE_TO_DEVICE);
	SYSTEM_EXPECT_STATE(system, reads, "transfer");
	system_transfer(system);
	KUNIT_EXPECT_EQ(test, system->direction, DMABAY_READ_FROM_DEVICE);
	KUNIT_EXPECT_EQ(test, system->result, 0);
}

/* R45: what is reserved for reading cannot be used for writing. */
static void system_r45_other_direction(struct kunit *test)
{
	struct system *system = reserve_duplex(test, true);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);
	struct rig_transaction *t = reserve_begin(system, 4);

	RIG_EXPECT_ILLEGAL(test,
			   dmabay_transaction_initialize(t->transaction, rig_program,
							 DMABAY_WRITE_TO_DEVICE, buffer->memory,
							 4096));
	SYSTEM_EXPECT_STATE(system, t, "reserved");
	system_initialize(system, t, buffer, 4096);
	system->on_complete = system_completed;
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	system_transfer(system);
	KUNIT_EXPECT_EQ(test, system->result, 0);
}

/* One way has no channel: what would need it is not supported, and all else works. */
static void system_duplex_one_channel(struct kunit *test)
{
	struct system *system = reserve_duplex(test, false);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);
	struct dmabay_enabler *enabler = system->rig->enabler;
	struct rig_transaction *t = system_transaction(system, NULL, 0);

	KUNIT_EXPECT_NULL(test, dmabay_enabler_adapter(enabler, DMABAY_WRITE_TO_DEVICE));
	KUNIT_EXPECT_EQ(test, 0, dmabay_enabler_fragment_length(enabler, DMABAY_WRITE_TO_DEVICE));
	KUNIT_EXPECT_EQ(test, 65536, dmabay_enabler_max_length(enabler));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			dmabay_transaction_initialize(t->transaction, rig_program,
						      DMABAY_WRITE_TO_DEVICE, buffer->memory,
						      4096));
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			dmabay_transaction_reserve(t->transaction, DMABAY_WRITE_TO_DEVICE, 2,
						   rig_reserved, t));
	SYSTEM_EXPECT_STATE(system, t, "created");
	system_initialize(system, t, buffer, 4096);
	system->on_complete = system_completed;
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	system_transfer(system);
	KUNIT_EXPECT_EQ(test, system->result, 0);

	/* The rig asks both adapters whether they are idle. */
	rig_delete(t);
	dmabay_enabler_delete(enabler);
	system->rig->enabler = NULL;
	system->rig->adapter = NULL;
}

/* What is linked once stays so for the same memory, in a reservation. */
static void system_keep_links(struct kunit *test)
{
	struct system *system = system_prepare(test, NULL);
	struct rig_buffer *buffer = rig_scattered(system->rig, 100, 20000);
	struct dmabay_adapter_counters first, second = {};
	struct rig_transaction *t;
	unsigned int i;

	system->flags = DMABAY_ENABLER_KEEP_LINKS;
	system_enable(system, 65536, 17);
	system->on_complete = system_final_release;
	t = reserve_begin(system, 8);
	for (i = 0; i < 2; i++) {
		first = second;
		system_initialize(system, t, buffer, 20000);
		KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
		system_transfer(system);
		dmabay_adapter_counters(system->rig->adapter, &second);
	}
	KUNIT_EXPECT_EQ(test, second.links, first.links);
	KUNIT_EXPECT_EQ(test, second.unlinks, first.unlinks);
	KUNIT_EXPECT_EQ(test, second.flushes, first.flushes);
	if (system->kind->provider.provider == DMABAY_PROVIDER_IOVA) {
		KUNIT_EXPECT_GT(test, first.links, 0);
		KUNIT_EXPECT_EQ(test, second.hits, first.hits + 1);
		KUNIT_EXPECT_EQ(test, dmabay_transaction_unlink(t->transaction, NULL), 0);
	}
}

static struct kunit_case system_reserve_cases[] = {
	SYSTEM_CASE(system_r13_all_registers),
	SYSTEM_CASE(system_r18_again_and_again),
	SYSTEM_CASE(system_r26_freed_in_callback),
	SYSTEM_CASE(system_r27_deleted),
	SYSTEM_CASE(system_r31_trimmed),
	SYSTEM_CASE(system_r33_whole_controller),
	SYSTEM_CASE(system_r33_immediate),
	SYSTEM_CASE(system_r33_cancelled),
	SYSTEM_CASE_FAKE(system_r45_other_direction),
	SYSTEM_CASE_FAKE(system_e28_duplex),
	SYSTEM_CASE(system_e31_enabler_deleted),
	SYSTEM_CASE_FAKE(system_duplex_at_the_same_time),
	SYSTEM_CASE_FAKE(system_duplex_one_channel),
	SYSTEM_CASE_SLAVE(system_keep_links),
	{}
};

struct kunit_suite dmabay_system_reserve_suite = {
	.name = "dmabay_system_reserve",
	.exit = rig_end,
	.test_cases = system_reserve_cases,
};
kunit_test_suite(dmabay_system_reserve_suite);
