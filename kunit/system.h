/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The system rig: a rig whose device has a DMA controller do its transfers.
 *
 * The controller is the fake engine, on the device of the rig, or a real one where the
 * machine has it; a test that says nothing of the fake one runs over both. What the
 * driver was told makes one story, in words, as what the controller was told does in the
 * fake engine's:
 *
 *	struct system *system = system_start(test, 65536, 17);
 *	struct rig_transaction *t = system_transaction(system, buffer, 4096);
 *
 *	system->on_complete = system_completed;
 *	rig_execute(t);
 *	system_transfer(system);
 *	KUNIT_EXPECT_STREQ(test, system->story, "config program complete ");
 *
 * Callbacks run on any thread, but one at a time unless the test has two transactions
 * under way; the test looks at what they wrote after system_wait().
 */
#ifndef _DMABAY_SYSTEM_H
#define _DMABAY_SYSTEM_H

#include <linux/completion.h>
#include <linux/dmaengine.h>

#include "fake_engine.h"
#include "rig.h"

/* What a test is run over. First, because the rig takes it for its provider. */
struct system_kind {
	struct rig_provider provider;
	/* from memory to memory */
	bool copies;
	/* the driver of a controller that is there, or NULL for the fake one */
	const char *driver;
};

const void *system_gen_params(struct kunit *test, const void *previous, char *description);
const void *system_fake_gen_params(struct kunit *test, const void *previous, char *description);
const void *system_slave_gen_params(struct kunit *test, const void *previous, char *description);

/* Over all of them; over the fake ones; over those between memory and a device. */
#define SYSTEM_CASE(name)	KUNIT_CASE_PARAM(name, system_gen_params)
#define SYSTEM_CASE_FAKE(name)	KUNIT_CASE_PARAM(name, system_fake_gen_params)
#define SYSTEM_CASE_SLAVE(name)	KUNIT_CASE_PARAM(name, system_slave_gen_params)

/* Where the device's registers are, in both directions. */
#define SYSTEM_SOURCE		0x1000
#define SYSTEM_DESTINATION	0x2000
/* The bytes of the device. */
#define SYSTEM_BYTES		FAKE_FIFO_BYTES
/* Configurations that are remembered. */
#define SYSTEM_CONFIGS		8

struct system {
	struct kunit *test;
	struct rig *rig;
	const struct system_kind *kind;
	/* NULL with a real controller */
	struct fake_engine *engine;
	struct fake_channel *channel;
	struct dma_chan *chan;
	/* the other end: the bytes of the device, or of the memory that is copied to */
	u8 *bytes;
	dma_addr_t address;
	/* what system_enable() takes; a test may change it before */
	struct dmabay_system_config how;
	unsigned int flags;

	/* the callbacks in order: "config", "program", and how it ended */
	char story[256];
	unsigned int configured;
	unsigned int completed;
	/* of each configuration */
	size_t offsets[SYSTEM_CONFIGS];
	size_t lengths[SYSTEM_CONFIGS];
	/* of the last end */
	enum dmabay_dma_status status;
	enum dmabay_direction direction;
	/* what the callbacks do, if anything; @refuse: no transfer this time */
	bool refuse;
	void (*on_config)(struct system *system, struct dmabay_transaction *transaction);
	void (*on_program)(struct system *system, struct dmabay_transaction *transaction);
	void (*on_complete)(struct system *system, struct dmabay_transaction *transaction);
	void *data;
	/* of the last completion that a callback made */
	int result;
	struct completion told;
};

/* The fake engine that the kind of the test needs, for a test to change. */
struct fake_engine_config system_engine(struct kunit *test);
/* A rig with a channel; @engine is NULL for system_engine(). Skips where there is none. */
struct system *system_prepare(struct kunit *test, const struct fake_engine_config *engine);
/* An enabler over the channel, with so many map registers. */
void system_enable(struct system *system, size_t max_length, unsigned int map_registers);
/* Both. */
struct system *system_start(struct kunit *test, size_t max_length, unsigned int map_registers);
/* One more channel of the fake engine. */
struct dma_chan *system_request(struct system *system, unsigned int index);

/* A transaction with both callbacks, initialized; without a buffer only created. */
struct rig_transaction *system_transaction(struct system *system, struct rig_buffer *buffer,
					   size_t length);
/* Initialize, and set both callbacks. */
void system_initialize(struct system *system, struct rig_transaction *t,
		       struct rig_buffer *buffer, size_t length);
void system_initialize_direction(struct system *system, struct rig_transaction *t,
				 enum dmabay_direction direction, struct rig_buffer *buffer,
				 size_t length);

/* The callbacks, for tests that set them on their own. */
bool system_config(struct dmabay_transaction *transaction, struct device *dev, void *context,
		   struct dmabay_memory *memory, size_t offset, size_t length);
void system_complete(struct dmabay_transaction *transaction, struct device *dev, void *context,
		     enum dmabay_direction direction, enum dmabay_dma_status status);
void system_note(struct system *system, const char *word);

/* Until the driver was told once more. */
void system_wait(struct system *system);
/* The controller does the transfer that is under way, and the driver is told. */
void system_transfer(struct system *system);
/* Complete as soon as the controller is done, of which nobody tells. */
int system_poll(struct system *system, struct rig_transaction *t);

/* Scripts: complete what was transferred; end it with nothing; and release after it. */
void system_completed(struct system *system, struct dmabay_transaction *transaction);
void system_final(struct system *system, struct dmabay_transaction *transaction);
void system_final_release(struct system *system, struct dmabay_transaction *transaction);

/* The device's bytes from @at on get the pattern, or have it so far. */
void system_fill(struct system *system, size_t at, size_t length, u8 seed);
size_t system_matching(struct system *system, size_t at, size_t length, u8 seed);

#define SYSTEM_EXPECT_STATE(system, t, name)					\
	KUNIT_EXPECT_STREQ((system)->test,					\
			   dmabay_transaction_state_name((t)->transaction), name)

#endif /* _DMABAY_SYSTEM_H */
