// SPDX-License-Identifier: GPL-2.0-only
/* Enabler: what a device is asked for, and what it then says about itself (5.1). */
#include <kunit/device.h>
#include <kunit/static_stub.h>
#include <linux/dma-mapping.h>
#include <linux/iommu.h>

#include "rig.h"

static const enum dmabay_profile enabler_profiles[] = {
	DMABAY_PROFILE_PACKET,
	DMABAY_PROFILE_SCATTER_GATHER,
	DMABAY_PROFILE_PACKET64,
	DMABAY_PROFILE_SCATTER_GATHER64,
	DMABAY_PROFILE_SCATTER_GATHER_DUPLEX,
	DMABAY_PROFILE_SCATTER_GATHER64_DUPLEX,
};

/* The result of a create that shall fail; the handle must be NULL then. */
static int enabler_try(struct rig *rig, const struct dmabay_enabler_config *config)
{
	struct dmabay_enabler *enabler = (void *)1;
	int ret = -ENOTRECOVERABLE;

	kunit_warning_suppress(rig->test)
		ret = dmabay_enabler_create(rig->dev, config, &enabler);
	if (ret) {
		KUNIT_EXPECT_NULL(rig->test, enabler);
	} else {
		KUNIT_EXPECT_NOT_NULL(rig->test, enabler);
		dmabay_enabler_delete(enabler);
	}
	return ret;
}

static void enabler_run(struct rig *rig, enum dmabay_direction direction)
{
	struct rig_buffer *buffer = rig_contiguous(rig, 0, PAGE_SIZE);
	struct rig_transaction *t = rig_transaction(rig);

	KUNIT_EXPECT_PTR_EQ(rig->test, dmabay_transaction_device(t->transaction), rig->dev);
	rig_initialize_direction(t, direction, buffer->memory, 0, PAGE_SIZE);
	rig_run(t);
}

static void enabler_e01_create(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 17);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(enabler_profiles); i++) {
		config.profile = enabler_profiles[i];
		rig_enable(rig, &config);
		rig->events = 0;
		enabler_run(rig, DMABAY_READ_FROM_DEVICE);
		enabler_run(rig, DMABAY_WRITE_TO_DEVICE);
		RIG_EXPECT_LENGTHS(rig, PAGE_SIZE, PAGE_SIZE);
		rig_stop(rig);
	}
}

static void enabler_e02_config_size(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 0);

	config.size--;
	KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), -EPROTO);
	config.size += 2;
	KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), -EPROTO);
	config.size = 0;
	KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), -EPROTO);
}

static void enabler_e03_profile_unknown(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 0);

	config.profile = 0;
	KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), -EINVAL);
	config.profile = 9;
	KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), -EINVAL);
}

/* The two system profiles, of which the controller says how wide addresses are. */
static void enabler_e08_width_of_system_profile(struct kunit *test)
{
	static const enum dmabay_profile profiles[] = {
		DMABAY_PROFILE_SYSTEM, DMABAY_PROFILE_SYSTEM_DUPLEX,
	};
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 0);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(profiles); i++) {
		config.profile = profiles[i];
		config.address_width = 0;
		KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), 0);
		config.address_width = 32;
		KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), -EINVAL);
	}
}

/* Decision 6.1-15, as for all others. */
static void enabler_e13_version_2_of_system_profile(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 0);

	config.profile = DMABAY_PROFILE_SYSTEM;
	config.dma_version = 2;
	KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), -EOPNOTSUPP);
	config.dma_version = DMABAY_DMA_VERSION_3;
	KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), 0);
}

/* E29: without its channel it has nothing, and can be deleted. */
static void enabler_e29_system_not_configured(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 17);
	struct dmabay_enabler *enabler;
	unsigned int direction;

	config.profile = DMABAY_PROFILE_SYSTEM_DUPLEX;
	KUNIT_ASSERT_EQ(test, dmabay_enabler_create(rig->dev, &config, &enabler), 0);
	KUNIT_EXPECT_EQ(test, dmabay_enabler_max_length(enabler), 0);
	for (direction = 0; direction < 2; direction++) {
		KUNIT_EXPECT_EQ(test, dmabay_enabler_fragment_length(enabler, direction), 0);
		KUNIT_EXPECT_NULL(test, dmabay_enabler_adapter(enabler, direction));
	}
	dmabay_enabler_delete(enabler);
}

static void enabler_e04_max_length(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 0, 17);

	KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), -EINVAL);
	/* 6.4: not truncated to 32 bits. */
	config.max_length = 1ULL << 32;
	KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), -EINVAL);
	config.max_length = (1ULL << 32) + 4096;
	KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), -EINVAL);
}

static void enabler_e05_size_error_wins(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 0, 1);

	config.size++;
	config.profile = 9;
	config.dma_version = 2;
	KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), -EPROTO);
}

/*
 * E06: the parent is the device or one below it; not one above or beside it. The
 * parent is looked at first, as in Windows.
 */
static void enabler_e06_parent_is_not_below(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 17);
	struct device *const parents[] = { rig->dev->parent, rig_new_device(test), NULL };
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(parents); i++) {
		struct dmabay_enabler *enabler = (void *)1;

		KUNIT_EXPECT_EQ(test, -EINVAL,
				devm_dmabay_enabler_create(parents[i], rig->dev, &config,
							   &enabler));
		KUNIT_EXPECT_NULL(test, enabler);
	}
}

static int enabler_count_fill(struct dmabay_enabler *enabler)
{
	unsigned int *fills = dmabay_enabler_data(enabler);

	(*fills)++;
	return 0;
}

/* What a managed enabler of this parent leaves when the parent loses its driver, or goes. */
static void enabler_expect_managed(struct rig *rig, struct device *parent,
				   void (*end)(struct kunit *test, struct device *parent))
{
	static const struct dmabay_power_ops power = { .fill = enabler_count_fill };
	struct dmabay_enabler_config config = rig_config(rig, 65536, 17);
	struct dmabay_transaction *transaction;
	struct dmabay_enabler *enabler = NULL;
	struct kunit *test = rig->test;
	unsigned int fills = 0;

	config.power = &power;
	config.data = &fills;
	KUNIT_ASSERT_EQ(test, 0,
			devm_dmabay_enabler_create(parent, rig->dev, &config, &enabler));
	KUNIT_ASSERT_NOT_NULL(test, enabler);
	KUNIT_EXPECT_EQ(test, dmabay_enablers_power_up(rig->dev), 0);
	KUNIT_EXPECT_EQ(test, fills, 1);
	KUNIT_ASSERT_EQ(test, dmabay_transaction_create(enabler, &transaction), 0);
	dmabay_transaction_get(transaction);

	end(test, parent);
	KUNIT_EXPECT_STREQ(test, dmabay_transaction_state_name(transaction), "deleted");
	dmabay_transaction_put(transaction);
	KUNIT_EXPECT_EQ(test, dmabay_enablers_power_up(rig->dev), 0);
	KUNIT_EXPECT_EQ(test, fills, 1);
}

static void enabler_unbind(struct kunit *test, struct device *parent)
{
	device_release_driver(parent);
}

/* E07: a child of the device as parent, and a child of that. */
static void enabler_e07_parent_is_below(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct device *child = rig_new_device(test);
	struct device *grandchild = rig_new_device(test);

	KUNIT_ASSERT_EQ(test, device_move(child, rig->dev, DPM_ORDER_NONE), 0);
	KUNIT_ASSERT_EQ(test, device_move(grandchild, child, DPM_ORDER_NONE), 0);
	enabler_expect_managed(rig, grandchild, kunit_device_unregister);
	enabler_expect_managed(rig, child, enabler_unbind);
	enabler_expect_managed(rig, child, kunit_device_unregister);
}

/* The device itself as parent, which is what most drivers want. */
static void enabler_e07_parent_is_the_device(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);

	enabler_expect_managed(rig, rig->dev, enabler_unbind);
}

static void enabler_e09_width_above_profile(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 17);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(enabler_profiles); i++) {
		config.profile = enabler_profiles[i];
		if (config.profile == DMABAY_PROFILE_PACKET64 ||
		    config.profile == DMABAY_PROFILE_SCATTER_GATHER64 ||
		    config.profile == DMABAY_PROFILE_SCATTER_GATHER64_DUPLEX)
			continue;
		config.address_width = 33;
		KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), -EINVAL);
		config.address_width = 64;
		KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), -EINVAL);
	}
}

/* E10: a width that the profile allows is passed on; the mask is narrowed to it. */
static void enabler_e10_width(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 17);
	u64 mask = dma_get_mask(rig->dev);
	struct dmabay_adapter_info info;

	config.profile = DMABAY_PROFILE_PACKET64;
	config.address_width = 40;
	rig_enable(rig, &config);
	dmabay_adapter_info(rig->adapter, &info);
	KUNIT_EXPECT_EQ(test, info.address_width, 40);
	/* Never widened: the device's own mask is narrower. */
	KUNIT_EXPECT_EQ(test, dma_get_mask(rig->dev), mask);
	rig_stop(rig);

	config = rig_config(rig, 65536, 17);
	config.address_width = 28;
	if (!rig->domain) {
		/* Memory may lie higher, and then somebody has to refuse. */
		struct device *probe = rig_new_device(test);
		int expected = 0;

		if (dma_set_mask_and_coherent(probe, DMA_BIT_MASK(28)))
			expected = -ENODEV;
		else if (config.provider == DMABAY_PROVIDER_DIRECT && dma_addressing_limited(probe))
			expected = -EOPNOTSUPP;
		KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), expected);
		if (expected)
			return;
	}
	rig_enable(rig, &config);
	KUNIT_EXPECT_EQ(test, dma_get_mask(rig->dev), DMA_BIT_MASK(28));
	dmabay_adapter_info(rig->adapter, &info);
	KUNIT_EXPECT_EQ(test, info.address_width, 28);
}

/* 2.3 step 4: widths that no adapter can have. */
static void enabler_width_out_of_range(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 17);

	config.profile = DMABAY_PROFILE_PACKET64;
	config.address_width = 23;
	KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), -ENODEV);
	config.address_width = 65;
	KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), -ENODEV);
}

/* Decision 6.1-15: versions other than 0 and 3 are not supported. */
static void enabler_e11_version_2_with_width(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 17);

	config.profile = DMABAY_PROFILE_PACKET64;
	config.address_width = 40;
	config.dma_version = 2;
	KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), -EOPNOTSUPP);
}

static void enabler_e12_version_1(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 17);

	config.dma_version = 1;
	KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), -EOPNOTSUPP);
	config.dma_version = 2;
	KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), -EOPNOTSUPP);
}

/* E14: and nothing is left behind by the refusal. */
static void enabler_e14_version_4(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 17);

	config.dma_version = 4;
	KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), -EOPNOTSUPP);
	config.dma_version = DMABAY_DMA_VERSION_3;
	rig_enable(rig, &config);
}

/* Decision 6.1-15: whatever the flag wants, the version is refused as any other is. */
static void enabler_e15_single_transfer_needs_version_3(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 17);

	config.flags = DMABAY_ENABLER_SINGLE_TRANSFER;
	config.dma_version = 2;
	KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), -EOPNOTSUPP);
	config.dma_version = 0;
	KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), 0);
	config.dma_version = DMABAY_DMA_VERSION_3;
	KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), 0);
}

/* E16: the flag is every transaction's default. */
static void enabler_e16_single_transfer_is_the_default(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 17);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 65536 + PAGE_SIZE);
	struct rig_transaction *t;

	config.flags = DMABAY_ENABLER_SINGLE_TRANSFER;
	rig_enable(rig, &config);
	t = rig_transaction(rig);
	KUNIT_EXPECT_EQ(test, -EMSGSIZE,
			dmabay_transaction_initialize(t->transaction, rig_program,
						      DMABAY_READ_FROM_DEVICE, buffer->memory,
						      buffer->length));
	rig_initialize(t, buffer, 65536);
}

/* E17: the maximum is the configured one, however few registers there are. */
static void enabler_e17_max_length_is_not_reduced(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 2);

	KUNIT_EXPECT_EQ(test, dmabay_enabler_max_length(rig->enabler), 65536);
	KUNIT_EXPECT_EQ(test, dmabay_enabler_fragment_length(rig->enabler,
							     DMABAY_READ_FROM_DEVICE), PAGE_SIZE);
}

static void enabler_e18_fragment_length(struct kunit *test)
{
	static const struct {
		size_t max_length;
		unsigned int map_registers;
		size_t fragment;
	} rows[] = {
		{ 4096, 2, 4096 },
		{ 4095, 2, 4095 },
		{ 65536, 9, 32768 },
		{ 65536, 17, 65536 },
		{ 65536, 18, 65536 },
		{ 1, 2, 1 },
		{ 65537, 17, 65536 },
	};
	struct rig *rig = rig_prepare(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		struct dmabay_enabler_config config =
			rig_config(rig, rows[i].max_length, rows[i].map_registers);

		rig_enable(rig, &config);
		KUNIT_EXPECT_EQ(test, dmabay_enabler_fragment_length(rig->enabler,
								     DMABAY_READ_FROM_DEVICE),
				rows[i].fragment);
		KUNIT_EXPECT_EQ(test, dmabay_enabler_fragment_length(rig->enabler,
								     DMABAY_WRITE_TO_DEVICE),
				rows[i].fragment);
		rig_stop(rig);
	}
}

/* E19: each direction has registers of its own, and its length follows from them. */
static void enabler_e19_duplex_fragment_lengths(struct kunit *test)
{
	static const struct {
		unsigned int map_registers, map_registers_write;
		size_t read, write;
	} rows[] = {
		{ 9, 5, 32768, 16384 },
		{ 5, 9, 16384, 32768 },
		{ 5, 0, 16384, 16384 },
		{ 0, 5, 65536, 16384 },
		{ 0, 0, 65536, 65536 },
	};
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 0);
	unsigned int i;

	config.profile = DMABAY_PROFILE_SCATTER_GATHER_DUPLEX;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		config.map_registers = rows[i].map_registers;
		config.map_registers_write = rows[i].map_registers_write;
		rig_enable(rig, &config);
		KUNIT_EXPECT_EQ(test, rows[i].read,
				dmabay_enabler_fragment_length(rig->enabler,
							       DMABAY_READ_FROM_DEVICE));
		KUNIT_EXPECT_EQ(test, rows[i].write,
				dmabay_enabler_fragment_length(rig->enabler,
							       DMABAY_WRITE_TO_DEVICE));
		KUNIT_EXPECT_EQ(test, dmabay_enabler_max_length(rig->enabler), 65536);
		rig_stop(rig);
	}
}

static void enabler_e20_direction_unknown(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 17);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(enabler_profiles); i++) {
		size_t length = 1;
		void *adapter = rig;

		config.profile = enabler_profiles[i];
		rig_enable(rig, &config);
		kunit_warning_suppress(test) {
			length = dmabay_enabler_fragment_length(rig->enabler, 2);
			adapter = dmabay_enabler_adapter(rig->enabler, 2);
		}
		KUNIT_EXPECT_EQ(test, length, 0);
		KUNIT_EXPECT_NULL(test, adapter);
		rig_stop(rig);
	}
}

static void enabler_e21_sg_elements_default(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);

	KUNIT_EXPECT_EQ(test, dmabay_enabler_max_sg_elements(rig->enabler), 0xffffffff);
}

static void enabler_e22_sg_elements_0_is_ignored(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);

	dmabay_enabler_set_max_sg_elements(rig->enabler, 5);
	KUNIT_EXPECT_EQ(test, dmabay_enabler_max_sg_elements(rig->enabler), 5);
	dmabay_enabler_set_max_sg_elements(rig->enabler, 0);
	KUNIT_EXPECT_EQ(test, dmabay_enabler_max_sg_elements(rig->enabler), 5);
}

static void enabler_e23_sg_elements_are_clamped(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);

	dmabay_enabler_set_max_sg_elements(rig->enabler, 5);
	dmabay_enabler_set_max_sg_elements(rig->enabler, 1ULL << 33);
	KUNIT_EXPECT_EQ(test, dmabay_enabler_max_sg_elements(rig->enabler),
			DMABAY_UNLIMITED_SG_ELEMENTS);
}

static void enabler_e24_simplex_has_one_adapter(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);

	KUNIT_EXPECT_NOT_NULL(test, dmabay_enabler_adapter(rig->enabler, DMABAY_READ_FROM_DEVICE));

	KUNIT_EXPECT_PTR_EQ(test, dmabay_enabler_adapter(rig->enabler, DMABAY_READ_FROM_DEVICE),
			    dmabay_enabler_adapter(rig->enabler, DMABAY_WRITE_TO_DEVICE));
}

/* E25: two adapters, and what one has given away the other still has. */
static void enabler_e25_duplex_has_two_adapters(struct kunit *test)
{
	static const enum dmabay_profile profiles[] = {
		DMABAY_PROFILE_SCATTER_GATHER_DUPLEX, DMABAY_PROFILE_SCATTER_GATHER64_DUPLEX,
	};
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 17);
	unsigned int i;

	config.map_registers_write = 9;
	for (i = 0; i < ARRAY_SIZE(profiles); i++) {
		config.profile = profiles[i];
		rig_enable(rig, &config);
		KUNIT_EXPECT_PTR_NE(test,
				    dmabay_enabler_adapter(rig->enabler, DMABAY_READ_FROM_DEVICE),
				    dmabay_enabler_adapter(rig->enabler, DMABAY_WRITE_TO_DEVICE));
		rig_hold_direction(rig, DMABAY_READ_FROM_DEVICE, 17);
		KUNIT_EXPECT_EQ(test, 9,
				rig_free_registers_direction(rig, DMABAY_WRITE_TO_DEVICE));
		rig_unhold_direction(rig, DMABAY_READ_FROM_DEVICE);
		rig_stop(rig);
	}
}

static struct dmabay_adapter *enabler_no_second_adapter(struct device *dev,
							const struct dmabay_adapter_config *config,
							unsigned int *map_registers)
{
	struct dmabay_adapter *adapter;
	struct kunit *test = kunit_get_current_test();
	struct rig *rig = test->priv;

	if (rig->adapter)
		return ERR_PTR(-ENOMEM);
	kunit_deactivate_static_stub(test, dmabay_adapter_get);
	adapter = dmabay_adapter_get(dev, config, map_registers);
	kunit_activate_static_stub(test, dmabay_adapter_get, enabler_no_second_adapter);
	rig->adapter = adapter;
	return adapter;
}

/* Nothing remains when only the second adapter cannot be had: the device has no holder more. */
static void enabler_second_adapter_fails(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 17);
	unsigned int holders = kref_read(&rig->dev->kobj.kref);

	config.profile = DMABAY_PROFILE_SCATTER_GATHER_DUPLEX;
	kunit_activate_static_stub(test, dmabay_adapter_get, enabler_no_second_adapter);
	KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), -ENOMEM);
	kunit_deactivate_static_stub(test, dmabay_adapter_get);
	KUNIT_EXPECT_NOT_NULL(test, rig->adapter);
	rig->adapter = NULL;
	KUNIT_EXPECT_EQ(test, kref_read(&rig->dev->kobj.kref), holders);
	KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), 0);
	KUNIT_EXPECT_EQ(test, kref_read(&rig->dev->kobj.kref), holders);
}

/* The enabler goes, as whoever owns it would delete it. */
static void enabler_delete(struct rig *rig)
{
	struct rig_transaction *t;

	dmabay_enabler_delete(rig->enabler);
	rig->enabler = NULL;
	rig->adapter = NULL;
	list_for_each_entry(t, &rig->transactions, node)
		t->transaction = NULL;
}

/* As long as a transaction is referenced there is an enabler, and its device. */
static void enabler_holds_its_device(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 17);
	unsigned int holders = kref_read(&rig->dev->kobj.kref);
	struct dmabay_transaction *transaction;

	rig_enable(rig, &config);
	transaction = dmabay_transaction_get(rig_transaction(rig)->transaction);
	enabler_delete(rig);
	KUNIT_EXPECT_EQ(test, kref_read(&rig->dev->kobj.kref), holders + 1);
	KUNIT_EXPECT_PTR_EQ(test, dmabay_transaction_device(transaction), rig->dev);
	dmabay_transaction_put(transaction);
	KUNIT_EXPECT_EQ(test, kref_read(&rig->dev->kobj.kref), holders);
}

static void enabler_add_buffers(struct rig *rig)
{
	struct dmabay_common_buffer_config config = {
		.size = sizeof(config),
		.alignment_mask = 4 * PAGE_SIZE - 1,
	};
	struct dmabay_common_buffer *buffer;
	struct kunit *test = rig->test;

	KUNIT_ASSERT_EQ(test, dmabay_common_buffer_create(rig->enabler, 100, &buffer), 0);
	memset(dmabay_common_buffer_vaddr(buffer), 0x55, 100);
	KUNIT_ASSERT_EQ(test, dmabay_common_buffer_create(rig->enabler, 100, &buffer), 0);
	dmabay_common_buffer_delete(buffer);
	KUNIT_ASSERT_EQ(test, 0,
			dmabay_common_buffer_create_config(rig->enabler, 3 * PAGE_SIZE, &config,
							   &buffer));
}

/* E31: whatever its transactions are waiting for or hold goes with the enabler. */
static void enabler_e31_delete_with_children(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 17);
	unsigned int holders = kref_read(&rig->dev->kobj.kref);
	struct rig_transaction *held, *initialized, *completed, *pending;
	struct dmabay_transaction *transaction;

	rig_enable(rig, &config);
	held = rig_transaction(rig);
	initialized = rig_transaction(rig);
	completed = rig_transaction(rig);
	pending = rig_transaction(rig);
	rig_transaction(rig);
	rig_initialize(initialized, rig_contiguous(rig, 0, PAGE_SIZE), PAGE_SIZE);
	rig_begin(completed, rig_contiguous(rig, 0, PAGE_SIZE), PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, rig_complete(completed), 0);
	KUNIT_EXPECT_EQ(test, rig_reserve(held, 10), 0);
	KUNIT_EXPECT_EQ(test, rig_reserve(pending, 10), 0);
	KUNIT_EXPECT_EQ(test, held->reserved, 1);
	enabler_add_buffers(rig);

	transaction = dmabay_transaction_get(pending->transaction);
	enabler_delete(rig);
	KUNIT_EXPECT_EQ(test, pending->reserved, 0);
	KUNIT_EXPECT_STREQ(test, dmabay_transaction_state_name(transaction), "deleted");
	KUNIT_EXPECT_EQ(test, kref_read(&rig->dev->kobj.kref), holders + 1);
	dmabay_transaction_put(transaction);
	KUNIT_EXPECT_EQ(test, kref_read(&rig->dev->kobj.kref), holders);
}

/* The same with two adapters, whose transactions hold nothing between transfers. */
static void enabler_e31_delete_duplex(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 17);
	struct rig_buffer *buffer = rig_scattered(rig, 0, 3 * PAGE_SIZE);
	unsigned int holders = kref_read(&rig->dev->kobj.kref);
	struct rig_transaction *initialized, *completed, *cancelled;

	config.profile = DMABAY_PROFILE_SCATTER_GATHER_DUPLEX;
	rig_enable(rig, &config);
	initialized = rig_transaction(rig);
	completed = rig_transaction(rig);
	cancelled = rig_transaction(rig);
	rig_initialize_direction(initialized, DMABAY_WRITE_TO_DEVICE, buffer->memory, 0,
				 buffer->length);
	rig_begin(completed, buffer, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, rig_complete(completed), 0);
	rig_hold_direction(rig, DMABAY_WRITE_TO_DEVICE, 17);
	rig_initialize_direction(cancelled, DMABAY_WRITE_TO_DEVICE, buffer->memory, 0, PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, rig_execute(cancelled), 0);
	KUNIT_EXPECT_TRUE(test, dmabay_transaction_cancel(cancelled->transaction));
	rig_unhold_direction(rig, DMABAY_WRITE_TO_DEVICE);
	enabler_add_buffers(rig);

	enabler_delete(rig);
	KUNIT_EXPECT_EQ(test, cancelled->programmed, 0);
	KUNIT_EXPECT_EQ(test, kref_read(&rig->dev->kobj.kref), holders);
}

/* Decision 6.1-15: version 0 is version 3, so reservations work. */
static void enabler_e32_default_version(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);

	KUNIT_EXPECT_EQ(test, rig_reserve(t, 4), 0);
	KUNIT_EXPECT_EQ(test, t->reserved, 1);
}

static void enabler_null_arguments(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 17);
	struct dmabay_enabler *enabler = (void *)1;
	struct dmabay_transaction *transaction;

	RIG_EXPECT_QUIET(test, dmabay_enabler_create(NULL, &config, &enabler), -EINVAL);
	KUNIT_EXPECT_NULL(test, enabler);
	enabler = (void *)1;
	RIG_EXPECT_QUIET(test, dmabay_enabler_create(rig->dev, NULL, &enabler), -EINVAL);
	KUNIT_EXPECT_NULL(test, enabler);
	RIG_EXPECT_QUIET(test, dmabay_enabler_create(rig->dev, &config, NULL), -EINVAL);
	enabler = (void *)1;
	RIG_EXPECT_QUIET(test, devm_dmabay_enabler_create(rig->dev, NULL, &config, &enabler),
			 -EINVAL);
	KUNIT_EXPECT_NULL(test, enabler);
	enabler = (void *)1;
	RIG_EXPECT_QUIET(test, devm_dmabay_enabler_create(rig->dev, rig->dev, NULL, &enabler),
			 -EINVAL);
	KUNIT_EXPECT_NULL(test, enabler);
	RIG_EXPECT_QUIET(test, devm_dmabay_enabler_create(rig->dev, rig->dev, &config, NULL),
			 -EINVAL);
	dmabay_enabler_delete(NULL);

	rig_enable(rig, &config);
	transaction = (void *)1;
	RIG_EXPECT_QUIET(test, dmabay_transaction_create(NULL, &transaction), -EINVAL);
	KUNIT_EXPECT_NULL(test, transaction);
	RIG_EXPECT_QUIET(test, dmabay_transaction_create(rig->enabler, NULL), -EINVAL);
	dmabay_transaction_delete(NULL);
}

static void enabler_map_registers_of_1(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 1);
	u64 mask = dma_get_mask(rig->dev);

	config.address_width = 24;
	KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), -EINVAL);
	config.profile = DMABAY_PROFILE_SCATTER_GATHER_DUPLEX;
	KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), -EINVAL);
	config.map_registers = 2;
	config.map_registers_write = 1;
	KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), -EINVAL);
	/* It is found out before the device is touched. */
	KUNIT_EXPECT_EQ(test, dma_get_mask(rig->dev), mask);
}

/* There are no others for writing in a profile with one adapter. */
static void enabler_map_registers_write_of_simplex(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 17);

	config.map_registers_write = 17;
	KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), -EINVAL);
	config.profile = DMABAY_PROFILE_SCATTER_GATHER;
	KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), -EINVAL);
}

/* A flag must be known, and the profile's. */
static void enabler_flags(struct kunit *test)
{
	static const struct {
		unsigned int flags;
		int packet, scatter_gather;
	} rows[] = {
		{ 0, 0, 0 },
		{ DMABAY_ENABLER_SINGLE_TRANSFER, 0, 0 },
		{ DMABAY_ENABLER_KEEP_LINKS, 0, -EINVAL },
		{ DMABAY_ENABLER_NO_LIST_PREALLOCATION, -EINVAL, 0 },
		{ DMABAY_ENABLER_KEEP_LINKS | DMABAY_ENABLER_SINGLE_TRANSFER, 0, -EINVAL },
		{ DMABAY_ENABLER_NO_LIST_PREALLOCATION | DMABAY_ENABLER_SINGLE_TRANSFER,
		  -EINVAL, 0 },
		{ DMABAY_ENABLER_NO_LIST_PREALLOCATION << 1, -EINVAL, -EINVAL },
		{ BIT(31), -EINVAL, -EINVAL },
	};
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 17);
	unsigned int i, j;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		config.flags = rows[i].flags;
		for (j = 0; j < ARRAY_SIZE(enabler_profiles); j++) {
			config.profile = enabler_profiles[j];
			KUNIT_EXPECT_EQ_MSG(test, enabler_try(rig, &config),
					    config.profile == DMABAY_PROFILE_PACKET ||
					    config.profile == DMABAY_PROFILE_PACKET64 ?
					    rows[i].packet : rows[i].scatter_gather,
					    "flags %#x, profile %d", config.flags, config.profile);
		}
	}
}

static void enabler_provider_unknown(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 17);

	config.provider = 4;
	KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), -EINVAL);
}

/* Looked at in every profile, though only lists use it (B07 to B09). */
static void enabler_alignment_mask(struct kunit *test)
{
	static const size_t good[] = { 0, 1, 15, 4095, 65535, SIZE_MAX };
	static const size_t bad[] = { 2, 4, 14, 16, 4096, 65537, SIZE_MAX - 1 };
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 17);
	unsigned int i, j;

	for (j = 0; j < ARRAY_SIZE(enabler_profiles); j++) {
		config.profile = enabler_profiles[j];
		for (i = 0; i < ARRAY_SIZE(good); i++) {
			config.alignment_mask = good[i];
			KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), 0);
		}
		for (i = 0; i < ARRAY_SIZE(bad); i++) {
			config.alignment_mask = bad[i];
			KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), -EINVAL);
		}
	}
}

static void enabler_data(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 17);

	rig_enable(rig, &config);
	KUNIT_EXPECT_NULL(test, dmabay_enabler_data(rig->enabler));
	rig_stop(rig);
	config.data = rig;
	rig_enable(rig, &config);
	KUNIT_EXPECT_PTR_EQ(test, dmabay_enabler_data(rig->enabler), rig);
}

static void enabler_no_dma_mask(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 17);
	u64 *mask = rig->dev->dma_mask;

	rig->dev->dma_mask = NULL;
	KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), -ENODEV);
	rig->dev->dma_mask = mask;
}

/* The best that there is: iova behind a translating IOMMU, bounce otherwise. */
static void enabler_auto_provider(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 17);
	enum dmabay_provider best = DMABAY_PROVIDER_BOUNCE;
	struct dmabay_adapter_info info;

#ifdef CONFIG_IOMMU_API
	if (rig->domain && rig->domain->type & __IOMMU_DOMAIN_PAGING)
		best = DMABAY_PROVIDER_IOVA;
#endif
	config.provider = DMABAY_PROVIDER_AUTO;
	rig_enable(rig, &config);
	dmabay_adapter_info(rig->adapter, &info);
	KUNIT_EXPECT_EQ(test, info.provider, best);
	KUNIT_EXPECT_EQ(test, info.map_registers, 17);
	KUNIT_EXPECT_TRUE(test, info.guaranteed);
	rig_stop(rig);

	if (best != DMABAY_PROVIDER_IOVA) {
		config.provider = DMABAY_PROVIDER_IOVA;
		KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), -EOPNOTSUPP);
	}
}

/* What was asked for is what is there, or nothing is. */
static void enabler_provider_as_asked(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 0);
	struct dmabay_adapter_info info;

	dmabay_adapter_info(rig->adapter, &info);
	KUNIT_EXPECT_EQ(test, info.provider, rig->param->provider);
	KUNIT_EXPECT_EQ(test, info.guaranteed, rig->param->provider != DMABAY_PROVIDER_DIRECT);
	KUNIT_EXPECT_EQ(test, info.map_registers, 17);
	KUNIT_EXPECT_EQ(test, info.map_registers_free, 17);
	KUNIT_EXPECT_EQ(test, info.waiters, 0);
	KUNIT_EXPECT_EQ(test, !!info.window_length, rig->param->provider == DMABAY_PROVIDER_IOVA);
	if (info.window_length) {
		KUNIT_EXPECT_GE(test, info.window_length, 17 * PAGE_SIZE);
		KUNIT_EXPECT_LE(test, info.window_base + info.window_length - 1,
				dma_get_mask(rig->dev));
	}
}

static struct kunit_case enabler_cases[] = {
	RIG_CASE(enabler_e01_create),
	KUNIT_CASE(enabler_e02_config_size),
	KUNIT_CASE(enabler_e03_profile_unknown),
	KUNIT_CASE(enabler_e08_width_of_system_profile),
	KUNIT_CASE(enabler_e13_version_2_of_system_profile),
	KUNIT_CASE(enabler_e29_system_not_configured),
	KUNIT_CASE(enabler_e04_max_length),
	KUNIT_CASE(enabler_e05_size_error_wins),
	RIG_CASE(enabler_e06_parent_is_not_below),
	RIG_CASE(enabler_e07_parent_is_below),
	KUNIT_CASE(enabler_e07_parent_is_the_device),
	RIG_CASE(enabler_e09_width_above_profile),
	RIG_CASE(enabler_e10_width),
	RIG_CASE(enabler_width_out_of_range),
	KUNIT_CASE(enabler_e11_version_2_with_width),
	KUNIT_CASE(enabler_e12_version_1),
	RIG_CASE(enabler_e14_version_4),
	KUNIT_CASE(enabler_e15_single_transfer_needs_version_3),
	RIG_CASE(enabler_e16_single_transfer_is_the_default),
	RIG_CASE(enabler_e17_max_length_is_not_reduced),
	RIG_CASE(enabler_e18_fragment_length),
	RIG_CASE(enabler_e19_duplex_fragment_lengths),
	RIG_CASE(enabler_e20_direction_unknown),
	KUNIT_CASE(enabler_e21_sg_elements_default),
	KUNIT_CASE(enabler_e22_sg_elements_0_is_ignored),
	KUNIT_CASE(enabler_e23_sg_elements_are_clamped),
	RIG_CASE_PROFILES(enabler_e24_simplex_has_one_adapter),
	RIG_CASE(enabler_e25_duplex_has_two_adapters),
	RIG_CASE(enabler_second_adapter_fails),
	RIG_CASE(enabler_holds_its_device),
	RIG_CASE(enabler_e31_delete_with_children),
	RIG_CASE(enabler_e31_delete_duplex),
	RIG_CASE(enabler_e32_default_version),
	KUNIT_CASE(enabler_null_arguments),
	RIG_CASE(enabler_map_registers_of_1),
	KUNIT_CASE(enabler_map_registers_write_of_simplex),
	KUNIT_CASE(enabler_flags),
	KUNIT_CASE(enabler_provider_unknown),
	KUNIT_CASE(enabler_alignment_mask),
	KUNIT_CASE(enabler_data),
	KUNIT_CASE(enabler_no_dma_mask),
	RIG_CASE(enabler_auto_provider),
	RIG_CASE(enabler_provider_as_asked),
	{}
};

struct kunit_suite dmabay_enabler_suite = {
	.name = "dmabay_enabler",
	.exit = rig_end,
	.test_cases = enabler_cases,
};
kunit_test_suite(dmabay_enabler_suite);
