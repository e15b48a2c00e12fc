// SPDX-License-Identifier: GPL-2.0-only
/* The system rig: an enabler over a DMA controller, and the driver's story. See system.h. */
#include <linux/delay.h>
#include <linux/dma-mapping.h>
#include <linux/string.h>

#include "system.h"

static const struct system_kind system_kinds[] = {
	{ { "slave", DMABAY_PROVIDER_BOUNCE, false, DMABAY_PROFILE_SYSTEM } },
	{ { "slave_direct", DMABAY_PROVIDER_DIRECT, false, DMABAY_PROFILE_SYSTEM } },
	{ { "slave_iova", DMABAY_PROVIDER_IOVA, true, DMABAY_PROFILE_SYSTEM } },
	{ { "copy", DMABAY_PROVIDER_BOUNCE, false, DMABAY_PROFILE_SYSTEM }, .copies = true },
	{ { "sf_pdma", DMABAY_PROVIDER_BOUNCE, false, DMABAY_PROFILE_SYSTEM }, .copies = true,
	  .driver = "sf-pdma" },
};

#define SYSTEM_SLAVES	3
#define SYSTEM_FAKES	4

/* A generator, see KUNIT_ARRAY_PARAM_DESC(), of the first ones. */
static const void *system_gen(struct kunit *test, const struct system_kind *previous,
			      unsigned int count, char *description)
{
	const struct system_kind *next = previous ? previous + 1 : system_kinds;

	if (!previous)
		kunit_register_params_array(test, system_kinds, count, NULL);
	if (next == &system_kinds[count])
		return NULL;
	strscpy(description, next->provider.name, KUNIT_PARAM_DESC_SIZE);
	return next;
}

const void *system_gen_params(struct kunit *test, const void *previous, char *description)
{
	return system_gen(test, previous, ARRAY_SIZE(system_kinds), description);
}

const void *system_fake_gen_params(struct kunit *test, const void *previous, char *description)
{
	return system_gen(test, previous, SYSTEM_FAKES, description);
}

const void *system_slave_gen_params(struct kunit *test, const void *previous, char *description)
{
	return system_gen(test, previous, SYSTEM_SLAVES, description);
}

static const struct system_kind *system_kind(struct kunit *test)
{
	return test->param_value ?: &system_kinds[0];
}

struct fake_engine_config system_engine(struct kunit *test)
{
	return (struct fake_engine_config) {
		.channels = 1,
		.caps = BIT(system_kind(test)->copies ? DMA_MEMCPY : DMA_SLAVE),
		.directions = BIT(DMA_MEM_TO_DEV) | BIT(DMA_DEV_TO_MEM),
	};
}

static void system_let_go(void *chan)
{
	dma_release_channel(chan);
}

/* The enabler is gone when the channel is let go; the controller goes after that. */
static struct dma_chan *system_hold(struct system *system, struct dma_chan *chan)
{
	KUNIT_ASSERT_NOT_NULL(system->test, chan);
	KUNIT_ASSERT_EQ(system->test, 0,
			kunit_add_action_or_reset(system->test, system_let_go, chan));
	return chan;
}

struct dma_chan *system_request(struct system *system, unsigned int index)
{
	enum dma_transaction_type type = system->kind->copies ? DMA_MEMCPY : DMA_SLAVE;

	return system_hold(system, fake_channel_request(fake_channel(system->engine, index), type));
}

static bool system_is_driven(struct dma_chan *chan, void *driver)
{
	struct device *dev = chan->device->dev;

	return dev->driver && !strcmp(dev->driver->name, driver);
}

static struct dma_chan *system_request_real(struct system *system)
{
	const char *driver = system->kind->driver;
	struct dma_chan *chan;
	dma_cap_mask_t mask;

	dma_cap_zero(mask);
	dma_cap_set(DMA_MEMCPY, mask);
	chan = dma_request_channel(mask, system_is_driven, (void *)driver);
	if (!chan)
		kunit_skip(system->test, "no channel of %s on this machine", driver);
	return system_hold(system, chan);
}

static void system_free_memory(void *data)
{
	struct system *system = data;

	dma_free_coherent(dmaengine_get_dma_device(system->chan), SYSTEM_BYTES, system->bytes,
			  system->address);
}

/* What a controller copies to and from. */
static void system_add_memory(struct system *system)
{
	system->bytes = dma_alloc_coherent(dmaengine_get_dma_device(system->chan), SYSTEM_BYTES,
					   &system->address, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(system->test, system->bytes);
	KUNIT_ASSERT_EQ(system->test, 0,
			kunit_add_action_or_reset(system->test, system_free_memory, system));
}

struct system *system_prepare(struct kunit *test, const struct fake_engine_config *engine)
{
	struct fake_engine_config usual = system_engine(test);
	struct system *system = kunit_kzalloc(test, sizeof(*system), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, system);
	system->test = test;
	system->kind = system_kind(test);
	init_completion(&system->told);
	system->rig = rig_prepare(test);
	system->rig->param = &system->kind->provider;
	if (system->kind->driver) {
		system->chan = system_request_real(system);
	} else {
		system->engine = fake_engine_start(system->rig, engine ?: &usual);
		system->channel = fake_channel(system->engine, 0);
		system->bytes = system->channel->fifo;
		system->chan = system_request(system, 0);
	}
	system->how = DMABAY_SYSTEM_CONFIG(system->chan);
	if (system->kind->copies) {
		system_add_memory(system);
		system->how.memory_to_memory = true;
		system->how.device_address = system->address;
	} else {
		system->how.slave.src_addr = SYSTEM_SOURCE;
		system->how.slave.dst_addr = SYSTEM_DESTINATION;
	}
	return system;
}

void system_enable(struct system *system, size_t max_length, unsigned int map_registers)
{
	struct dmabay_enabler_config config = rig_config(system->rig, max_length, map_registers);
	struct kunit *test = system->test;
	struct rig *rig = system->rig;
	int ret;

	config.flags = system->flags;
	KUNIT_ASSERT_EQ(test, 0, dmabay_enabler_create(rig->dev, &config, &rig->enabler));
	ret = dmabay_enabler_configure_system_profile(rig->enabler, &system->how,
						      DMABAY_READ_FROM_DEVICE);
	rig->adapter = dmabay_enabler_adapter(rig->enabler, DMABAY_READ_FROM_DEVICE);
	if (!rig->adapter) {
		dmabay_enabler_delete(rig->enabler);
		rig->enabler = NULL;
	}
	if (ret == -EOPNOTSUPP)
		kunit_skip(test, "the provider cannot serve this device");
	KUNIT_ASSERT_EQ(test, ret, 0);
}

struct system *system_start(struct kunit *test, size_t max_length, unsigned int map_registers)
{
	struct system *system = system_prepare(test, NULL);

	system_enable(system, max_length, map_registers);
	return system;
}

void system_note(struct system *system, const char *word)
{
	strlcat(system->story, word, sizeof(system->story));
	strlcat(system->story, " ", sizeof(system->story));
}

bool system_config(struct dmabay_transaction *transaction, struct device *dev, void *context,
		   struct dmabay_memory *memory, size_t offset, size_t length)
{
	struct system *system = context;

	system_note(system, "config");
	if (system->configured < SYSTEM_CONFIGS) {
		system->offsets[system->configured] = offset;
		system->lengths[system->configured] = length;
	}
	system->configured++;
	KUNIT_EXPECT_PTR_EQ(system->test, dev, system->rig->dev);
	KUNIT_EXPECT_NOT_NULL(system->test, memory);
	if (system->on_config)
		system->on_config(system, transaction);
	return !system->refuse;
}

static void system_programmed(struct rig_transaction *t)
{
	struct system *system = t->data;

	system_note(system, "program");
	if (system->on_program)
		system->on_program(system, t->transaction);
}

void system_complete(struct dmabay_transaction *transaction, struct device *dev, void *context,
		     enum dmabay_direction direction, enum dmabay_dma_status status)
{
	static const char *const words[] = {
		[DMABAY_DMA_COMPLETE] = "complete",
		[DMABAY_DMA_ERROR] = "error",
		[DMABAY_DMA_CANCELLED] = "cancelled",
	};
	struct system *system = context;

	system_note(system, words[status]);
	system->completed++;
	system->status = status;
	system->direction = direction;
	KUNIT_EXPECT_PTR_EQ(system->test, dev, system->rig->dev);
	if (system->on_complete)
		system->on_complete(system, transaction);
	complete(&system->told);
}

void system_initialize_direction(struct system *system, struct rig_transaction *t,
				 enum dmabay_direction direction, struct rig_buffer *buffer,
				 size_t length)
{
	rig_initialize_direction(t, direction, buffer->memory, 0, length);
	dmabay_transaction_set_channel_config(t->transaction, system_config, system);
	dmabay_transaction_set_transfer_complete(t->transaction, system_complete, system);
}

void system_initialize(struct system *system, struct rig_transaction *t,
		       struct rig_buffer *buffer, size_t length)
{
	system_initialize_direction(system, t, DMABAY_READ_FROM_DEVICE, buffer, length);
}

struct rig_transaction *system_transaction(struct system *system, struct rig_buffer *buffer,
					   size_t length)
{
	struct rig_transaction *t = rig_transaction(system->rig);

	t->data = system;
	t->on_program = system_programmed;
	if (buffer)
		system_initialize(system, t, buffer, length);
	return t;
}

void system_wait(struct system *system)
{
	KUNIT_ASSERT_NE_MSG(system->test, 0,
			    wait_for_completion_timeout(&system->told, RIG_SECONDS * HZ),
			    "nobody was told");
}

void system_transfer(struct system *system)
{
	if (system->channel)
		KUNIT_EXPECT_TRUE(system->test,
				  fake_channel_complete(system->channel, DMA_TRANS_NOERROR, 0));
	system_wait(system);
}

int system_poll(struct system *system, struct rig_transaction *t)
{
	int ret;

	if (system->channel)
		KUNIT_EXPECT_TRUE(system->test,
				  fake_channel_complete(system->channel, DMA_TRANS_NOERROR, 0));
	while ((ret = dmabay_transaction_completed(t->transaction)) == -EBUSY &&
	       !rig_time_is_up(system->rig))
		usleep_range(10, 100);
	return ret;
}

void system_completed(struct system *system, struct dmabay_transaction *transaction)
{
	system->result = dmabay_transaction_completed(transaction);
}

void system_final(struct system *system, struct dmabay_transaction *transaction)
{
	system->result = dmabay_transaction_completed_final(transaction, 0);
}

void system_final_release(struct system *system, struct dmabay_transaction *transaction)
{
	system_final(system, transaction);
	KUNIT_EXPECT_EQ(system->test, dmabay_transaction_release(transaction), 0);
}

void system_fill(struct system *system, size_t at, size_t length, u8 seed)
{
	size_t i;

	KUNIT_ASSERT_LE(system->test, at + length, SYSTEM_BYTES);
	for (i = 0; i < length; i++)
		system->bytes[at + i] = rig_pattern(seed, i);
}

size_t system_matching(struct system *system, size_t at, size_t length, u8 seed)
{
	size_t i;

	for (i = 0; i < length && system->bytes[at + i] == rig_pattern(seed, i); i++)
		;
	return i;
}
