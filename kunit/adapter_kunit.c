// SPDX-License-Identifier: GPL-2.0-only
/* Adapter: what it is made with, and when it goes; and the list of all tests. */
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/slab.h>

#include "adapter.h"

/* First of the suite: an illegal call warns, once for its kind. */
static void adapter_illegal_calls_warn(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 2);
	int again = 0, mapped = 0, flushed = 0, freed = 0, warnings = 0;
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 4096);
	size_t length = 4096;

	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 4, 0), 0);
	kunit_warning_suppress(test) {
		again = adapter_ask(&users[0], 4, 0);
		mapped = adapter_map(&users[1], buffer, 0, &length, DMABAY_READ_FROM_DEVICE);
		flushed = dmabay_adapter_flush(rig->adapter, &users[0].channel, 0);
		freed = adapter_give(&users[1]);
		warnings = KUNIT_SUPPRESSED_WARNING_COUNT();
	}
	KUNIT_EXPECT_EQ(test, again, -EBADFD);
	KUNIT_EXPECT_EQ(test, mapped, -EBADFD);
	KUNIT_EXPECT_EQ(test, flushed, -EBADFD);
	KUNIT_EXPECT_EQ(test, freed, -EBADFD);
	KUNIT_EXPECT_GE(test, warnings, 1);
	KUNIT_EXPECT_LE(test, warnings, 4);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[0]), 0);
}

static void adapter_v01_get(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 2);
	struct dmabay_adapter_info info;

	dmabay_adapter_info(rig->adapter, &info);
	KUNIT_EXPECT_EQ(test, info.provider, rig->param->provider);
	KUNIT_EXPECT_EQ(test, info.map_registers, 2);
	KUNIT_EXPECT_EQ(test, info.address_width, 32);
	dmabay_adapter_put(NULL);
}

static const struct dmabay_adapter_config adapter_good_config = {
	.size = sizeof(adapter_good_config),
	.max_length = 65536,
	.address_width = 32,
	.map_registers = 17,
	.provider = DMABAY_PROVIDER_BOUNCE,
};

static int adapter_try(struct rig *rig, const struct dmabay_adapter_config *config)
{
	struct dmabay_adapter *adapter = NULL;

	kunit_warning_suppress(rig->test)
		adapter = dmabay_adapter_get(rig->dev, config, NULL);
	KUNIT_EXPECT_NOT_NULL(rig->test, adapter);
	if (!IS_ERR(adapter))
		dmabay_adapter_put(adapter);
	return PTR_ERR_OR_ZERO(adapter);
}

/* V02: there is one version of the description; its size tells. */
static void adapter_v02_config(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_adapter_config config = adapter_good_config;

	config.size--;
	config.max_length = 0;
	KUNIT_EXPECT_EQ(test, adapter_try(rig, &config), -EPROTO);
	config = adapter_good_config;
	config.max_length = 0;
	KUNIT_EXPECT_EQ(test, adapter_try(rig, &config), -EINVAL);
	config.max_length = 1ULL << 32;
	KUNIT_EXPECT_EQ(test, adapter_try(rig, &config), -EINVAL);
	config = adapter_good_config;
	config.map_registers = 1;
	KUNIT_EXPECT_EQ(test, adapter_try(rig, &config), -EINVAL);
	config = adapter_good_config;
	config.provider = 4;
	KUNIT_EXPECT_EQ(test, adapter_try(rig, &config), -EINVAL);
	config = adapter_good_config;
	KUNIT_EXPECT_EQ(test, adapter_try(rig, &config), 0);
}

/* Streaming and coherent mappings have a mask each, and each is only ever narrowed. */
static void adapter_narrows_both_masks(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_adapter_config config = adapter_good_config;
	u64 *shared = rig->dev->dma_mask, streaming = DMA_BIT_MASK(30);

	rig->dev->dma_mask = &streaming;
	rig->dev->coherent_dma_mask = DMA_BIT_MASK(64);
	config.provider = 4;
	KUNIT_EXPECT_EQ(test, adapter_try(rig, &config), -EINVAL);
	KUNIT_EXPECT_EQ(test, rig->dev->coherent_dma_mask, DMA_BIT_MASK(64));
	config = adapter_good_config;
	KUNIT_EXPECT_EQ(test, adapter_try(rig, &config), 0);
	KUNIT_EXPECT_EQ(test, streaming, DMA_BIT_MASK(30));
	KUNIT_EXPECT_EQ(test, rig->dev->coherent_dma_mask, DMA_BIT_MASK(32));
	rig->dev->dma_mask = shared;
}

static void adapter_v03_registers_by_length(struct kunit *test)
{
	static const struct {
		size_t max_length;
		unsigned int map_registers;
	} rows[] = { { 65536, 17 }, { 65535, 17 }, { 65534, 17 }, { 4096, 2 }, { 1, 2 },
		     { 2, 2 }, { 4098, 3 } };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct rig *rig = rig_start_adapter(test, rows[i].max_length, 0);

		KUNIT_EXPECT_EQ_MSG(test, rig_free_registers(rig), rows[i].map_registers,
				    "maximum %zu", rows[i].max_length);
		rig_exit(test);
	}
}

static void adapter_v05_transfer_info(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct dmabay_memory *chain = rig_chain(rig, 2, 3000, 5000)->memory;
	unsigned int registers = 0, elements = 0;

	KUNIT_EXPECT_EQ(test, dmabay_adapter_transfer_info(rig->adapter, chain, 0, 10000,
							   &registers, &elements), 0);
	KUNIT_EXPECT_EQ(test, registers, 4);
	KUNIT_EXPECT_EQ(test, elements, 2);
	/* 1096 bytes into group 2: at its page boundary, so one page less */
	KUNIT_EXPECT_EQ(test, dmabay_adapter_transfer_info(rig->adapter, chain, 6096, 3904,
							   &registers, &elements), 0);
	KUNIT_EXPECT_EQ(test, registers, 1);
	KUNIT_EXPECT_EQ(test, elements, 1);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_transfer_info(rig->adapter, chain, 4999, 2,
							   &registers, &elements), 0);
	KUNIT_EXPECT_EQ(test, registers, 2);
	KUNIT_EXPECT_EQ(test, elements, 2);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_transfer_info(rig->adapter, chain, 0, 1, NULL, NULL),
			0);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_transfer_info(rig->adapter, chain, 0, 0, &registers,
							   NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_transfer_info(rig->adapter, chain, 10000, 1,
							   &registers, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_transfer_info(rig->adapter, chain, 9999, 2,
							   &registers, NULL), -EINVAL);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_transfer_info(rig->adapter, chain, 1, (size_t)-1,
							   &registers, NULL), -EINVAL);
}

/* V37: an adapter in use is not freed under its users; it warns, and stays. */
static void adapter_v37_put_in_use(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct adapter_user *users = adapter_users(rig, 1);

	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 5, 0), 0);
	kunit_warning_suppress(test) {
		dmabay_adapter_put(rig->adapter);
		KUNIT_EXPECT_EQ(test, KUNIT_SUPPRESSED_WARNING_COUNT(), 1);
	}
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 12);
	KUNIT_EXPECT_EQ(test, adapter_give(&users[0]), 0);
}

/* Put with its device: seen from the warning that it is still in use. */
static void adapter_devm(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct adapter_user *users = adapter_users(rig, 1);
	struct dmabay_adapter_config config = adapter_good_config;
	unsigned int map_registers = 0;
	void *group;

	config.size--;
	KUNIT_EXPECT_EQ(test, PTR_ERR_OR_ZERO(devm_dmabay_adapter_get(rig->dev, &config, NULL)),
			-EPROTO);

	group = devres_open_group(rig->dev, NULL, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, group);
	rig->adapter = devm_dmabay_adapter_get(rig->dev, &adapter_good_config, &map_registers);
	if (IS_ERR(rig->adapter))
		rig->adapter = NULL;
	KUNIT_ASSERT_NOT_NULL(test, rig->adapter);
	KUNIT_EXPECT_EQ(test, map_registers, 17);
	KUNIT_EXPECT_EQ(test, adapter_ask(&users[0], 5, 0), 0);
	kunit_warning_suppress(test) {
		devres_release_group(rig->dev, group);
		KUNIT_EXPECT_EQ(test, KUNIT_SUPPRESSED_WARNING_COUNT(), 1);
	}
	/* Nothing was given back, so it is the test's now. */
	KUNIT_EXPECT_EQ(test, adapter_give(&users[0]), 0);
	KUNIT_EXPECT_EQ(test, rig_free_registers(rig), 17);
}

static struct kunit_case adapter_cases[] = {
	KUNIT_CASE(adapter_illegal_calls_warn),
	RIG_CASE(adapter_v01_get),
	KUNIT_CASE(adapter_v02_config),
	KUNIT_CASE(adapter_narrows_both_masks),
	RIG_CASE(adapter_v03_registers_by_length),
	RIG_CASE_PROFILES(adapter_v05_transfer_info),
	RIG_CASE(adapter_v06_more_than_there_are),
	RIG_CASE(adapter_v07_granted_at_once),
	RIG_CASE(adapter_v08_granted_later),
	RIG_CASE(adapter_v09_immediate),
	RIG_CASE(adapter_v10_immediate_fails),
	RIG_CASE(adapter_v11_immediate_without_routine),
	KUNIT_CASE(adapter_v12_no_channel),
	KUNIT_CASE(adapter_v13_without_routine),
	RIG_CASE(adapter_v14_immediate_without_routine_fails),
	RIG_CASE(adapter_v15_free_object_keeps),
	RIG_CASE(adapter_v16_free_object_keeps_registers),
	RIG_CASE(adapter_v17_free_object),
	RIG_CASE(adapter_free_object_refuses),
	RIG_CASE(adapter_v18_deallocate),
	RIG_CASE(adapter_v19_keep_registers),
	RIG_CASE(adapter_v20_keep_object),
	RIG_CASE(adapter_v21_cancel_waiting),
	RIG_CASE(adapter_v22_cancel_granted),
	RIG_CASE(adapter_v23_cancel_another),
	RIG_CASE(adapter_v24_cancel_in_advance),
	RIG_CASE_PROFILES(adapter_v25_maps_partially),
	RIG_CASE_PROFILES(adapter_v26_no_room),
	RIG_CASE(adapter_one_element),
	RIG_CASE_PROFILES(adapter_v29_map_twice),
	RIG_CASE_PROFILES(adapter_v30_flush_makes_visible),
	RIG_CASE_PROFILES(adapter_flush_illegal),
	RIG_CASE(adapter_v35_another_number),
	RIG_CASE(adapter_free_twice),
	RIG_CASE(adapter_free_the_other_way),
	RIG_CASE(adapter_allocate_twice),
	RIG_CASE_PROFILES(adapter_v36_map_bounds),
	RIG_CASE(adapter_map_without_registers),
	RIG_CASE(adapter_v37_put_in_use),
	KUNIT_CASE(adapter_devm),
	RIG_CASE_PROFILES(adapter_v42_whatever_the_base),
	RIG_CASE(adapter_credits_alone_decide),
	RIG_CASE(adapter_free_in_routine),
	RIG_CASE(adapter_take_in_routine),
	RIG_CASE_SLOW(adapter_long_line),
	{}
};

struct kunit_suite dmabay_adapter_suite = {
	.name = "dmabay_adapter",
	.exit = rig_end,
	.test_cases = adapter_cases,
};
kunit_test_suite(dmabay_adapter_suite);
