// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transfers of a controller's channel: round and round, in so many pieces, what is left of
 * them, and how they fail (6.1-9). What a channel must be able to do: system_config_kunit.c.
 */
#include <kunit/static_stub.h>
#include <linux/dma-mapping.h>

#include "system.h"

/* A channel that goes round and round. */
static struct system *channel_looped(struct kunit *test)
{
	struct fake_engine_config engine = system_engine(test);
	struct system *system;

	engine.caps |= BIT(DMA_CYCLIC);
	system = system_prepare(test, &engine);
	system->how.looped = true;
	system_enable(system, 65536, 17);
	return system;
}

/* Looped: told of each round, over when it is stopped. */
static void system_looped(struct kunit *test)
{
	struct system *system = channel_looped(test);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);
	struct rig_transaction *t = system_transaction(system, buffer, 4096);
	unsigned int i;

	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_EQ(test, fake_channel_event(system->channel, FAKE_PREP, 0)->type, DMA_CYCLIC);
	KUNIT_EXPECT_EQ(test, fake_channel_event(system->channel, FAKE_PREP, 0)->period, 4096);
	for (i = 0; i < 3; i++) {
		system_fill(system, i * 4096, 4096, i);
		KUNIT_EXPECT_TRUE(test, fake_channel_period(system->channel));
		system_wait(system);
		KUNIT_EXPECT_EQ(test, system->status, DMABAY_DMA_COMPLETE);
		KUNIT_EXPECT_EQ(test, dmabay_transaction_completed(t->transaction), -EBUSY);
	}
	dmabay_transaction_stop(t->transaction);
	system_wait(system);
	KUNIT_EXPECT_EQ(test, system->status, DMABAY_DMA_CANCELLED);
	KUNIT_EXPECT_EQ(test, system->completed, 3 + 1);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed(t->transaction), 0);
	KUNIT_EXPECT_EQ(test, rig_matching(buffer, 0, 4096, 2), 4096);
}

static void channel_rounds(struct system *system, struct dmabay_transaction *transaction)
{
	KUNIT_EXPECT_TRUE(system->test, fake_channel_period(system->channel));
	KUNIT_EXPECT_TRUE(system->test, fake_channel_period(system->channel));
	system_note(system, "programmed");
}

/* Looped: rounds that nobody can be told of yet are told as one. */
static void system_looped_in_program(struct kunit *test)
{
	struct system *system = channel_looped(test);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);
	struct rig_transaction *t = system_transaction(system, buffer, 4096);

	system->on_program = channel_rounds;
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	system_wait(system);
	KUNIT_EXPECT_STREQ(test, system->story, "config program programmed complete ");
	dmabay_transaction_stop(t->transaction);
	system_wait(system);
	KUNIT_EXPECT_EQ(test, system->completed, 2);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_final(t->transaction, 0), 0);
}

static void channel_stop_in_round(struct system *system, struct dmabay_transaction *transaction)
{
	if (system->status == DMABAY_DMA_COMPLETE)
		dmabay_transaction_stop(transaction);
	system_final(system, transaction);
	system_note(system, system->result ? "busy" : "over");
}

/* Looped: the memory is the controller's until it has let go, which waits for callbacks. */
static void system_looped_stopped_in_round(struct kunit *test)
{
	struct system *system = channel_looped(test);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);
	struct rig_transaction *t = system_transaction(system, buffer, 4096);

	system->on_complete = channel_stop_in_round;
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_TRUE(test, fake_channel_period(system->channel));
	system_wait(system);
	system_wait(system);
	KUNIT_EXPECT_STREQ(test, system->story, "config program complete busy cancelled over ");
	SYSTEM_EXPECT_STATE(system, t, "completed");
}

/* Run all of it, over a channel that takes so many elements, of so many bytes. */
static struct system *channel_run(struct kunit *test, unsigned int elements, size_t segment,
				  struct rig_buffer *(*make)(struct rig *rig))
{
	static struct device_dma_parameters parameters;
	struct fake_engine_config engine = system_engine(test);
	struct rig_transaction *t;
	struct rig_buffer *buffer;
	struct system *system;

	engine.max_sg_burst = elements;
	system = system_prepare(test, &engine);
	system->rig->dev->dma_parms = &parameters;
	dma_set_max_seg_size(system->rig->dev, segment);
	system_enable(system, 65536, 17);
	buffer = make(system->rig);
	t = system_transaction(system, buffer, buffer->length);
	system_fill(system, 0, buffer->length, 17);
	system->on_complete = system_completed;
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	do {
		system_transfer(system);
	} while (system->result == -EINPROGRESS && system->completed < SYSTEM_CONFIGS);
	KUNIT_EXPECT_EQ(test, system->result, 0);
	KUNIT_EXPECT_EQ(test, rig_matching(buffer, 0, buffer->length, 17), buffer->length);
	return system;
}

static struct rig_buffer *channel_groups(struct rig *rig)
{
	return rig_chain(rig, 5, 0, 4096);
}

static struct rig_buffer *channel_one_piece(struct rig *rig)
{
	return rig_contiguous(rig, 0, 20000);
}

/* 6.1-9: more elements than the channel takes are cut. */
static void system_max_burst(struct kunit *test)
{
	struct system *system = channel_run(test, 2, SZ_64K, channel_groups);

	RIG_EXPECT_LENGTHS(system->rig, 8192, 8192, 4096);
	KUNIT_EXPECT_EQ(test, fake_channel_event(system->channel, FAKE_PREP, 0)->count, 2);
	KUNIT_EXPECT_EQ(test, system->lengths[0], 5 * 4096);
}

/* Longer elements than it takes are several. */
static void system_max_segment(struct kunit *test)
{
	struct system *system = channel_run(test, 0, 8192, channel_one_piece);
	const struct fake_event *prep = fake_channel_event(system->channel, FAKE_PREP, 0);

	RIG_EXPECT_LENGTHS(system->rig, 20000);
	KUNIT_EXPECT_EQ(test, prep->count, 3);
	KUNIT_EXPECT_EQ(test, prep->elements[0].len, 8192);
	KUNIT_EXPECT_EQ(test, prep->elements[2].len, 20000 - 16384);
}

/* And those may be too many, then. */
static void system_max_burst_of_segments(struct kunit *test)
{
	struct system *system = channel_run(test, 2, 4096, channel_one_piece);

	RIG_EXPECT_LENGTHS(system->rig, 8192, 8192, 20000 - 16384);
}

/* What is left, as exactly as the controller counts. */
static void system_residue(struct kunit *test)
{
	static const struct {
		enum dma_residue_granularity granularity;
		size_t left;
	} rows[] = {
		{ DMA_RESIDUE_GRANULARITY_DESCRIPTOR, 8192 },
		{ DMA_RESIDUE_GRANULARITY_SEGMENT, 4096 },
		{ DMA_RESIDUE_GRANULARITY_BURST, 8192 - 5000 },
	};
	struct fake_engine_config engine = system_engine(test);
	struct rig_transaction *t;
	struct system *system;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		engine.residue_granularity = rows[i].granularity;
		system = system_prepare(test, &engine);
		system_enable(system, 65536, 17);
		t = system_transaction(system, rig_chain(system->rig, 2, 0, 4096), 8192);
		KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
		KUNIT_EXPECT_EQ(test, dmabay_adapter_read_counter(system->rig->adapter), 8192);
		KUNIT_EXPECT_TRUE(test, fake_channel_move(system->channel, 5000));
		KUNIT_EXPECT_EQ(test, dmabay_adapter_read_counter(system->rig->adapter),
				rows[i].left);
		dmabay_transaction_stop(t->transaction);
		system_wait(system);
		KUNIT_EXPECT_EQ(test, dmabay_adapter_read_counter(system->rig->adapter),
				rows[i].left);
		KUNIT_EXPECT_EQ(test, 0, dmabay_transaction_completed_final(t->transaction, 0));
		rig_exit(test);
	}
}

/* All of it was moved: nothing is left, however coarse. */
static void system_residue_at_the_end(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);
	struct rig_transaction *t = system_transaction(system, buffer, 4096);

	system->on_complete = system_completed;
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	system_transfer(system);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_read_counter(system->rig->adapter), 0);
}

/* An error is told when the controller has let go of the memory, with what is left. */
static void system_error(struct kunit *test)
{
	static const size_t residues[][2] = { { 1000, 1000 }, { 0, 4096 }, { 5000, 4096 } };
	struct system *system = system_start(test, 65536, 17);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);
	struct rig_transaction *t = system_transaction(system, NULL, 0);
	unsigned int i;

	system->on_complete = system_final;
	for (i = 0; i < ARRAY_SIZE(residues); i++) {
		system->story[0] = '\0';
		fake_channel_forget(system->channel);
		system_initialize(system, t, buffer, 4096);
		KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
		KUNIT_EXPECT_TRUE(test, fake_channel_complete(system->channel,
							      DMA_TRANS_WRITE_FAILED,
							      residues[i][0]));
		system_wait(system);
		KUNIT_EXPECT_STREQ(test, system->story, "config program error ");
		KUNIT_EXPECT_NOT_NULL(test, strstr(system->channel->story,
						   "issue terminate synchronize "));
		KUNIT_EXPECT_EQ(test, system->result, 0);
		KUNIT_EXPECT_EQ(test, dmabay_adapter_read_counter(system->rig->adapter),
				residues[i][1]);
		KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	}
}

/* Some controllers' drivers call back as if all were well. */
static void system_silent_error(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);
	struct rig_transaction *t = system_transaction(system, buffer, 4096);

	system->channel->script.silent = true;
	system->on_complete = system_final;
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_TRUE(test, fake_channel_complete(system->channel, DMA_TRANS_READ_FAILED, 0));
	system_wait(system);
	KUNIT_EXPECT_STREQ(test, system->story, "config program error ");
}

/* Without a reservation there is nobody to return it to: it is told. */
static void channel_expect_told(struct system *system, struct rig_buffer *buffer)
{
	struct rig_transaction *t = system_transaction(system, buffer, buffer->length);
	struct kunit *test = system->test;

	system->story[0] = '\0';
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_STREQ(test, system->story, "config error ");
	SYSTEM_EXPECT_STATE(system, t, "transfer");
	KUNIT_EXPECT_EQ(test, t->programmed, 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_final(t->transaction, 0), 0);
	rig_delete(t);
}

/* With one there is execute, and no callback. */
static void channel_expect_returned(struct system *system, struct rig_buffer *buffer, int error)
{
	struct rig_transaction *t = system_transaction(system, NULL, 0);
	struct kunit *test = system->test;

	system->story[0] = '\0';
	KUNIT_EXPECT_EQ(test, rig_reserve(t, 17), 0);
	system_initialize(system, t, buffer, buffer->length);
	KUNIT_EXPECT_EQ(test, rig_execute(t), error);
	KUNIT_EXPECT_STREQ(test, system->story, "config ");
	SYSTEM_EXPECT_STATE(system, t, "failed");
	rig_delete(t);
}

/* And of a later transfer there is who completed the one before. */
static void channel_expect_completed(struct system *system, struct rig_buffer *buffer,
				     enum fake_kind kind)
{
	struct rig_transaction *t = system_transaction(system, buffer, buffer->length);
	struct kunit *test = system->test;

	system->story[0] = '\0';
	dmabay_transaction_set_max_length(t->transaction, 2048);
	system->on_complete = system_completed;
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	system->channel->fail[kind] = 1;
	system_transfer(system);
	KUNIT_EXPECT_EQ(test, system->result, -EIO);
	KUNIT_EXPECT_STREQ(test, system->story, "config program complete config ");
	SYSTEM_EXPECT_STATE(system, t, "failed");
	KUNIT_EXPECT_EQ(test, dmabay_transaction_bytes_transferred(t->transaction), 2048);
	system->on_complete = NULL;
	rig_delete(t);
}

/* The channel refuses: its configuration, the transfer, or to take it. */
static void system_refused(struct kunit *test)
{
	static const enum fake_kind kinds[] = { FAKE_CONFIG, FAKE_PREP, FAKE_SUBMIT };
	struct system *system = system_start(test, 65536, 17);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		system->channel->fail[kinds[i]] = 1;
		channel_expect_told(system, buffer);
		reinit_completion(&system->told);
		system->channel->fail[kinds[i]] = 1;
		channel_expect_returned(system, buffer, -EIO);
		channel_expect_completed(system, buffer, kinds[i]);
		KUNIT_EXPECT_EQ(test, rig_free_registers(system->rig), 17);
	}
}

static int channel_cannot_map(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			      struct dmabay_memory *memory, size_t offset, size_t *length,
			      enum dmabay_direction direction, struct dmabay_sg_list *list)
{
	return -ENOMEM;
}

/* The mapping fails: the same. */
static void system_not_mapped(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);

	kunit_activate_static_stub(test, dmabay_adapter_map_transfer, channel_cannot_map);
	channel_expect_told(system, buffer);
	channel_expect_returned(system, buffer, -ENOMEM);
	kunit_deactivate_static_stub(test, dmabay_adapter_map_transfer);
	KUNIT_EXPECT_STREQ(test, system->channel->story, "");
	KUNIT_EXPECT_EQ(test, rig_free_registers(system->rig), 17);
}

/* A simplex profile has one channel, which may know one direction. */
static void system_direction_unknown(struct kunit *test)
{
	struct fake_engine_config engine = system_engine(test);
	struct rig_buffer *buffer;
	struct rig_transaction *t;
	struct system *system;

	engine.directions = BIT(DMA_MEM_TO_DEV);
	system = system_prepare(test, &engine);
	system_enable(system, 65536, 17);
	buffer = rig_contiguous(system->rig, 0, 4096);
	channel_expect_told(system, buffer);
	reinit_completion(&system->told);
	t = system_transaction(system, NULL, 0);
	system_initialize_direction(system, t, DMABAY_WRITE_TO_DEVICE, buffer, 4096);
	system->on_complete = system_completed;
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	system_transfer(system);
	KUNIT_EXPECT_EQ(test, system->result, 0);
}

/* Copies that the channel would get wrong are not even asked for. */
static void system_unaligned(struct kunit *test)
{
	struct fake_engine_config engine = {
		.channels = 1,
		.caps = BIT(DMA_MEMCPY),
		.copy_align = DMAENGINE_ALIGN_4_BYTES,
	};
	static const struct {
		unsigned int offset;
		size_t length;
		size_t device_offset;
	} rows[] = { { 2, 4096, 0 }, { 0, 4094, 0 }, { 0, 4096, 2 } };
	struct system *system;
	struct rig_transaction *t;
	unsigned int i;

	if (!test->param_value || !((const struct system_kind *)test->param_value)->copies)
		kunit_skip(test, "this controller does not copy");
	system = system_prepare(test, &engine);
	system_enable(system, 65536, 17);
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		system->story[0] = '\0';
		t = system_transaction(system, rig_contiguous(system->rig, rows[i].offset,
							      rows[i].length), rows[i].length);
		dmabay_transaction_set_device_offset(t->transaction, rows[i].device_offset);
		KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
		KUNIT_EXPECT_STREQ(test, system->story, "config error ");
		KUNIT_EXPECT_STREQ(test, system->channel->story, "");
		KUNIT_EXPECT_EQ(test, dmabay_transaction_completed_final(t->transaction, 0), 0);
	}
}

static struct kunit_case system_channel_cases[] = {
	SYSTEM_CASE_SLAVE(system_looped),
	SYSTEM_CASE_SLAVE(system_looped_in_program),
	SYSTEM_CASE_SLAVE(system_looped_stopped_in_round),
	KUNIT_CASE(system_max_burst),
	KUNIT_CASE(system_max_segment),
	KUNIT_CASE(system_max_burst_of_segments),
	KUNIT_CASE(system_residue),
	SYSTEM_CASE(system_residue_at_the_end),
	SYSTEM_CASE_FAKE(system_error),
	SYSTEM_CASE_FAKE(system_silent_error),
	SYSTEM_CASE_SLAVE(system_refused),
	SYSTEM_CASE_FAKE(system_not_mapped),
	SYSTEM_CASE_SLAVE(system_direction_unknown),
	SYSTEM_CASE_FAKE(system_unaligned),
	{}
};

struct kunit_suite dmabay_system_channel_suite = {
	.name = "dmabay_system_channel",
	.exit = rig_end,
	.test_cases = system_channel_cases,
};
kunit_test_suite(dmabay_system_channel_suite);
