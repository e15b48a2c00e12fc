// SPDX-License-Identifier: GPL-2.0-only
/*
 * Configuring a controller: which channels an enabler takes (5.1), and how they are told to
 * reach the device.
 */
#include "system.h"

/* An enabler of a profile, without a channel. */
static struct dmabay_enabler *config_enabler(struct system *system, enum dmabay_profile profile)
{
	struct dmabay_enabler_config config = rig_config(system->rig, 65536, 17);
	struct dmabay_enabler *enabler = NULL;

	config.profile = profile;
	KUNIT_EXPECT_EQ(system->test, 0,
			dmabay_enabler_create(system->rig->dev, &config, &enabler));
	KUNIT_ASSERT_NOT_NULL(system->test, enabler);
	return enabler;
}

/* What a fresh enabler of a profile says to the channel of the system. */
static int config_try(struct system *system, enum dmabay_profile profile,
		      enum dmabay_direction direction)
{
	struct dmabay_enabler *enabler = config_enabler(system, profile);
	int ret;

	ret = dmabay_enabler_configure_system_profile(enabler, &system->how, direction);
	KUNIT_EXPECT_EQ(system->test, !dmabay_enabler_max_length(enabler), !!ret);
	dmabay_enabler_delete(enabler);
	return ret;
}

static void system_e26_bus_master(struct kunit *test)
{
	struct system *system = system_prepare(test, NULL);
	struct dmabay_enabler *enabler = config_enabler(system, DMABAY_PROFILE_PACKET);

	KUNIT_EXPECT_EQ(test, -EINVAL,
			dmabay_enabler_configure_system_profile(enabler, &system->how,
								DMABAY_READ_FROM_DEVICE));
	dmabay_enabler_delete(enabler);
}

/* E27: a direction is configured once, and of a simplex profile there is one. */
static void system_e27_configured_twice(struct kunit *test)
{
	struct system *system = system_start(test, 65536, 17);
	unsigned int direction;

	for (direction = 0; direction < 2; direction++)
		KUNIT_EXPECT_EQ(test, -EINVAL,
				dmabay_enabler_configure_system_profile(system->rig->enabler,
									&system->how, direction));
	KUNIT_EXPECT_PTR_EQ(test, system->rig->adapter,
			    dmabay_enabler_adapter(system->rig->enabler, DMABAY_WRITE_TO_DEVICE));
}

static void system_e30_arguments(struct kunit *test)
{
	struct system *system = system_prepare(test, NULL);
	struct dmabay_enabler *enabler = config_enabler(system, DMABAY_PROFILE_SYSTEM);

	KUNIT_EXPECT_EQ(test, -EINVAL,
			dmabay_enabler_configure_system_profile(NULL, &system->how,
								DMABAY_READ_FROM_DEVICE));
	KUNIT_EXPECT_EQ(test, -EINVAL,
			dmabay_enabler_configure_system_profile(enabler, NULL,
								DMABAY_READ_FROM_DEVICE));
	dmabay_enabler_delete(enabler);

	KUNIT_EXPECT_EQ(test, config_try(system, DMABAY_PROFILE_SYSTEM, 2), -EINVAL);
	system->how.channel = NULL;
	KUNIT_EXPECT_EQ(test, config_try(system, DMABAY_PROFILE_SYSTEM, 0), -EINVAL);
	system->how.size--;
	KUNIT_EXPECT_EQ(test, config_try(system, DMABAY_PROFILE_SYSTEM, 2), -EPROTO);
}

/* What the channel cannot do is refused before anything is transferred. */
static void system_capabilities(struct kunit *test)
{
	struct fake_engine_config engine = system_engine(test);
	struct system *system;

	engine.directions = BIT(DMA_MEM_TO_DEV);
	system = system_prepare(test, &engine);
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			config_try(system, DMABAY_PROFILE_SYSTEM_DUPLEX,
				   DMABAY_READ_FROM_DEVICE));
	KUNIT_EXPECT_EQ(test, 0,
			config_try(system, DMABAY_PROFILE_SYSTEM_DUPLEX,
				   DMABAY_WRITE_TO_DEVICE));
	KUNIT_EXPECT_EQ(test, config_try(system, DMABAY_PROFILE_SYSTEM, 0), 0);
	system->how.looped = true;
	KUNIT_EXPECT_EQ(test, config_try(system, DMABAY_PROFILE_SYSTEM, 0), -EOPNOTSUPP);
	system->how.looped = false;
	system->how.memory_to_memory = true;
	KUNIT_EXPECT_EQ(test, config_try(system, DMABAY_PROFILE_SYSTEM, 0), -EOPNOTSUPP);
}

/* The same for one that copies, which is not a device's. */
static void system_capabilities_of_a_copy(struct kunit *test)
{
	struct fake_engine_config engine = system_engine(test);
	struct system *system;

	engine.caps = BIT(DMA_SLAVE) | BIT(DMA_CYCLIC) | BIT(DMA_MEMCPY);
	system = system_prepare(test, &engine);
	system->how.memory_to_memory = true;
	KUNIT_EXPECT_EQ(test, config_try(system, DMABAY_PROFILE_SYSTEM, 0), 0);
	system->how.looped = true;
	KUNIT_EXPECT_EQ(test, config_try(system, DMABAY_PROFILE_SYSTEM, 0), -EOPNOTSUPP);
	system->how.memory_to_memory = false;
	KUNIT_EXPECT_EQ(test, config_try(system, DMABAY_PROFILE_SYSTEM, 0), 0);
}

/* Its memory would never be free, if it hung. */
static void system_cannot_be_stopped(struct kunit *test)
{
	struct fake_engine_config engine = system_engine(test);

	engine.no_terminate = true;
	KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
			config_try(system_prepare(test, &engine), DMABAY_PROFILE_SYSTEM,
				   DMABAY_READ_FROM_DEVICE));
}

/* What the driver says of its device is what the channel is told, each time. */
static void system_slave_config(struct kunit *test)
{
	struct system *system = system_prepare(test, NULL);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);
	const struct dma_slave_config *said;
	struct rig_transaction *t;
	unsigned int direction;

	system->how.slave.src_addr_width = DMA_SLAVE_BUSWIDTH_4_BYTES;
	system->how.slave.dst_maxburst = 8;
	system_enable(system, 65536, 17);
	system->on_complete = system_final_release;
	t = system_transaction(system, NULL, 0);
	for (direction = 0; direction < 2; direction++) {
		system_initialize_direction(system, t, direction, buffer, 4096);
		dmabay_transaction_set_device_offset(t->transaction, 0x20);
		KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
		system_transfer(system);
		said = &fake_channel_event(system->channel, FAKE_CONFIG, direction)->config;
		KUNIT_EXPECT_EQ(test, said->src_addr_width, DMA_SLAVE_BUSWIDTH_4_BYTES);
		KUNIT_EXPECT_EQ(test, said->dst_maxburst, 8);
		KUNIT_EXPECT_EQ(test, said->direction,
				direction ? DMA_MEM_TO_DEV : DMA_DEV_TO_MEM);
		KUNIT_EXPECT_EQ(test, said->src_addr, SYSTEM_SOURCE + (direction ? 0 : 0x20));
		KUNIT_EXPECT_EQ(test, said->dst_addr, SYSTEM_DESTINATION + (direction ? 0x20 : 0));
	}
}

static void config_channel(struct system *system, struct dmabay_transaction *transaction)
{
	struct dma_slave_config slave = { .src_addr = 0x3000 };

	KUNIT_EXPECT_EQ(system->test, 0,
			dmabay_adapter_configure_channel(system->rig->adapter, &slave));
}

/* It may say something else before a transfer, but not during one. */
static void system_configure_channel(struct kunit *test)
{
	struct system *system = system_start(test, 4096, 2);
	struct rig_buffer *buffer = rig_contiguous(system->rig, 0, 4096);
	struct rig_transaction *t = system_transaction(system, buffer, 4096);
	struct dma_slave_config slave = {};

	KUNIT_EXPECT_EQ(test, -EINVAL,
			dmabay_adapter_configure_channel(system->rig->adapter, NULL));
	if (system->kind->copies) {
		KUNIT_EXPECT_EQ(test, -EOPNOTSUPP,
				dmabay_adapter_configure_channel(system->rig->adapter, &slave));
		return;
	}
	system->on_config = config_channel;
	system->on_complete = system_completed;
	KUNIT_EXPECT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_EQ(test, -EBUSY,
			dmabay_adapter_configure_channel(system->rig->adapter, &slave));
	system_transfer(system);
	KUNIT_EXPECT_EQ(test, system->result, 0);
	KUNIT_EXPECT_EQ(test, 0x3000,
			fake_channel_event(system->channel, FAKE_CONFIG, 0)->config.src_addr);
}

static int config_power(struct dmabay_enabler *enabler)
{
	system_note(dmabay_enabler_data(enabler), "filled");
	return 0;
}

/* Power is the driver's matter, as of any enabler, with a channel or without. */
static void system_power(struct kunit *test)
{
	static const struct dmabay_power_ops ops = { .fill = config_power };
	struct system *system = system_prepare(test, NULL);
	struct dmabay_enabler_config config = rig_config(system->rig, 65536, 17);
	struct dmabay_enabler *enabler;

	config.power = &ops;
	config.data = system;
	KUNIT_ASSERT_EQ(test, dmabay_enabler_create(system->rig->dev, &config, &enabler), 0);
	KUNIT_EXPECT_EQ(test, dmabay_enablers_power_up(system->rig->dev), 0);
	dmabay_enablers_power_down(system->rig->dev);
	KUNIT_EXPECT_EQ(test, 0,
			dmabay_enabler_configure_system_profile(enabler, &system->how,
								DMABAY_READ_FROM_DEVICE));
	KUNIT_EXPECT_EQ(test, dmabay_enablers_power_up(system->rig->dev), 0);
	dmabay_enablers_power_down(system->rig->dev);
	KUNIT_EXPECT_STREQ(test, system->story, "filled filled ");
	KUNIT_EXPECT_STREQ(test, system->channel->story, "");
	dmabay_enabler_delete(enabler);
}

static struct kunit_case system_config_cases[] = {
	SYSTEM_CASE_FAKE(system_e26_bus_master),
	SYSTEM_CASE(system_e27_configured_twice),
	SYSTEM_CASE(system_e30_arguments),
	KUNIT_CASE(system_capabilities),
	KUNIT_CASE(system_capabilities_of_a_copy),
	SYSTEM_CASE_FAKE(system_cannot_be_stopped),
	SYSTEM_CASE_SLAVE(system_slave_config),
	SYSTEM_CASE_FAKE(system_configure_channel),
	SYSTEM_CASE_FAKE(system_power),
	{}
};

struct kunit_suite dmabay_system_config_suite = {
	.name = "dmabay_system_config",
	.exit = rig_end,
	.test_cases = system_config_cases,
};
kunit_test_suite(dmabay_system_config_suite);
