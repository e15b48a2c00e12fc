// SPDX-License-Identifier: GPL-2.0-only
/* Enabler: what a device is asked for, and what it then says about itself (5.1). */
#include <linux/dma-mapping.h>
#include <linux/iommu.h>

#include "rig.h"

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

static void enabler_e01_create(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct dmabay_enabler_config config;

	KUNIT_EXPECT_PTR_EQ(test, dmabay_transaction_device(t->transaction), rig->dev);
	rig_stop(rig);

	config = rig_config(rig, 65536, 17);
	config.profile = DMABAY_PROFILE_PACKET64;
	rig_enable(rig, &config);
	t = rig_transaction(rig);
	rig_initialize(t, rig_contiguous(rig, 0, PAGE_SIZE), PAGE_SIZE);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, PAGE_SIZE);
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

/* The other profiles of the enumeration exist, but are not served yet. */
static void enabler_profiles_not_served(struct kunit *test)
{
	static const unsigned int profiles[] = { 2, 4, 5, 6, 7, 8 };
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 0);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(profiles); i++) {
		config.profile = profiles[i];
		KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), -EOPNOTSUPP);
	}
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

static void enabler_e09_width_above_profile(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 17);

	config.address_width = 33;
	KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), -EINVAL);
	config.address_width = 64;
	KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), -EINVAL);
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

static void enabler_e20_direction_unknown(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	size_t length = 1;
	void *adapter = rig;

	kunit_warning_suppress(test) {
		length = dmabay_enabler_fragment_length(rig->enabler, 2);
		adapter = dmabay_enabler_adapter(rig->enabler, 2);
	}
	KUNIT_EXPECT_EQ(test, length, 0);
	KUNIT_EXPECT_NULL(test, adapter);
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

	KUNIT_EXPECT_PTR_EQ(test, dmabay_enabler_adapter(rig->enabler, DMABAY_READ_FROM_DEVICE),
			    dmabay_enabler_adapter(rig->enabler, DMABAY_WRITE_TO_DEVICE));
}

/* E31: whatever its transactions are waiting for or hold goes with the enabler. */
static void enabler_e31_delete_with_transactions(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *held = rig_transaction(rig);
	struct rig_transaction *initialized = rig_transaction(rig);
	struct rig_transaction *completed = rig_transaction(rig);
	struct rig_transaction *pending = rig_transaction(rig);
	struct rig_transaction *t;

	rig_transaction(rig);
	rig_initialize(initialized, rig_contiguous(rig, 0, PAGE_SIZE), PAGE_SIZE);
	rig_begin(completed, rig_contiguous(rig, 0, PAGE_SIZE), PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, rig_complete(completed), 0);
	KUNIT_EXPECT_EQ(test, rig_reserve(held, 10), 0);
	KUNIT_EXPECT_EQ(test, rig_reserve(pending, 10), 0);
	KUNIT_EXPECT_EQ(test, held->reserved, 1);

	dmabay_enabler_delete(rig->enabler);
	rig->enabler = NULL;
	rig->adapter = NULL;
	list_for_each_entry(t, &rig->transactions, node)
		t->transaction = NULL;
	KUNIT_EXPECT_EQ(test, pending->reserved, 0);
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

	KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), -EINVAL);
}

static void enabler_unknown_flags(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 17);

	config.flags = DMABAY_ENABLER_KEEP_LINKS << 1;
	KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), -EINVAL);
	config.flags = BIT(31) | DMABAY_ENABLER_KEEP_LINKS;
	KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), -EINVAL);
	config.flags = 0;
	config.provider = 4;
	KUNIT_EXPECT_EQ(test, enabler_try(rig, &config), -EINVAL);
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
	KUNIT_CASE(enabler_profiles_not_served),
	KUNIT_CASE(enabler_e04_max_length),
	KUNIT_CASE(enabler_e05_size_error_wins),
	RIG_CASE(enabler_e09_width_above_profile),
	RIG_CASE(enabler_e10_width),
	RIG_CASE(enabler_width_out_of_range),
	KUNIT_CASE(enabler_e11_version_2_with_width),
	KUNIT_CASE(enabler_e12_version_1),
	RIG_CASE(enabler_e14_version_4),
	RIG_CASE(enabler_e17_max_length_is_not_reduced),
	RIG_CASE(enabler_e18_fragment_length),
	RIG_CASE(enabler_e20_direction_unknown),
	KUNIT_CASE(enabler_e21_sg_elements_default),
	KUNIT_CASE(enabler_e22_sg_elements_0_is_ignored),
	KUNIT_CASE(enabler_e23_sg_elements_are_clamped),
	RIG_CASE(enabler_e24_simplex_has_one_adapter),
	RIG_CASE(enabler_e31_delete_with_transactions),
	RIG_CASE(enabler_e32_default_version),
	KUNIT_CASE(enabler_null_arguments),
	RIG_CASE(enabler_map_registers_of_1),
	KUNIT_CASE(enabler_unknown_flags),
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
