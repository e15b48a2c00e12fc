// SPDX-License-Identifier: GPL-2.0-only
/*
 * Enabler: what a device's DMA engine can do, and the transactions that use it.
 *
 * An enabler owns its adapter and lists its transactions. Deleting it deletes
 * them first, then gives the adapter back. The struct itself stays until the last
 * transaction is gone, because a callback that deleted its transaction may still
 * be on its way out.
 */
#include <linux/dma-mapping.h>
#include <linux/export.h>
#include <linux/slab.h>

#include "dmabay_private.h"

/* What a profile is; one that is not listed is not served. */
static const struct profile {
	unsigned int address_width;
} profiles[] = {
	[DMABAY_PROFILE_PACKET] = { .address_width = 32 },
	[DMABAY_PROFILE_PACKET64] = { .address_width = 64 },
};

/* The last number of WDF_DMA_PROFILE. */
#define PROFILE_LAST	8

static int enabler_check(const struct dmabay_enabler_config *config)
{
	const struct profile *profile;

	if (config->size != sizeof(*config))
		return -EPROTO;
	if (config->profile < 1 || config->profile > PROFILE_LAST || !config->max_length ||
	    config->max_length > U32_MAX || config->map_registers == 1 ||
	    (config->flags & ~DMABAY_ENABLER_KEEP_LINKS))
		return -EINVAL;
	if (config->profile >= ARRAY_SIZE(profiles) ||
	    !profiles[config->profile].address_width)
		return -EOPNOTSUPP;
	profile = &profiles[config->profile];
	if (config->address_width > 32 && profile->address_width == 32)
		return -EINVAL;
	if (config->dma_version && config->dma_version != DMABAY_DMA_VERSION_3)
		return -EOPNOTSUPP;
	return 0;
}

int dmabay_enabler_create(struct device *dev, const struct dmabay_enabler_config *config,
			  struct dmabay_enabler **result)
{
	struct dmabay_adapter_config adapter_config = {};
	struct dmabay_enabler *enabler;
	unsigned int map_registers;
	int ret;

	if (!result)
		return -EINVAL;
	*result = NULL;
	if (!dev || !config)
		return -EINVAL;
	ret = enabler_check(config);
	if (ret)
		return ret;

	enabler = kzalloc_obj(*enabler);
	if (!enabler)
		return -ENOMEM;
	adapter_config.size = sizeof(adapter_config);
	adapter_config.max_length = config->max_length;
	adapter_config.address_width = config->address_width ?:
				       profiles[config->profile].address_width;
	adapter_config.map_registers = config->map_registers;
	adapter_config.provider = config->provider;
	enabler->adapter = dmabay_adapter_get(dev, &adapter_config, &map_registers);
	if (IS_ERR(enabler->adapter)) {
		ret = PTR_ERR(enabler->adapter);
		kfree(enabler);
		return ret;
	}

	kref_init(&enabler->kref);
	spin_lock_init(&enabler->lock);
	INIT_LIST_HEAD(&enabler->transactions);
	enabler->dev = dev;
	enabler->profile = config->profile;
	enabler->flags = config->flags;
	enabler->max_length = config->max_length;
	enabler->fragment_length = min(config->max_length,
				       (size_t)(map_registers - 1) << PAGE_SHIFT);
	enabler->max_sg_elements = DMABAY_UNLIMITED_SG_ELEMENTS;
	*result = enabler;
	return 0;
}
EXPORT_SYMBOL_GPL(dmabay_enabler_create);

static void enabler_release(struct kref *kref)
{
	kfree(container_of(kref, struct dmabay_enabler, kref));
}

/**
 * dmabay_enabler_put() - Give a transaction's reference back
 * @enabler: the enabler
 *
 * Context: any.
 */
void dmabay_enabler_put(struct dmabay_enabler *enabler)
{
	kref_put(&enabler->kref, enabler_release);
}

void dmabay_enabler_delete(struct dmabay_enabler *enabler)
{
	struct dmabay_transaction *transaction;

	if (!enabler)
		return;
	/* What the first ones give back must not be granted to the next ones. */
	dmabay_adapter_close(enabler->adapter);
	while ((transaction = dmabay_transaction_next(enabler)))
		dmabay_transaction_delete(transaction);
	dmabay_adapter_put(enabler->adapter);
	dmabay_enabler_put(enabler);
}
EXPORT_SYMBOL_GPL(dmabay_enabler_delete);

size_t dmabay_enabler_max_length(const struct dmabay_enabler *enabler)
{
	return enabler->max_length;
}
EXPORT_SYMBOL_GPL(dmabay_enabler_max_length);

size_t dmabay_enabler_fragment_length(const struct dmabay_enabler *enabler,
				      enum dmabay_direction direction)
{
	return dmabay_direction_exists(direction) ? enabler->fragment_length : 0;
}
EXPORT_SYMBOL_GPL(dmabay_enabler_fragment_length);

size_t dmabay_enabler_max_sg_elements(const struct dmabay_enabler *enabler)
{
	return READ_ONCE(enabler->max_sg_elements);
}
EXPORT_SYMBOL_GPL(dmabay_enabler_max_sg_elements);

void dmabay_enabler_set_max_sg_elements(struct dmabay_enabler *enabler, size_t elements)
{
	if (elements)
		WRITE_ONCE(enabler->max_sg_elements,
			   min(elements, DMABAY_UNLIMITED_SG_ELEMENTS));
}
EXPORT_SYMBOL_GPL(dmabay_enabler_set_max_sg_elements);

struct dmabay_adapter *dmabay_enabler_adapter(struct dmabay_enabler *enabler,
					      enum dmabay_direction direction)
{
	return dmabay_direction_exists(direction) ? enabler->adapter : NULL;
}
EXPORT_SYMBOL_GPL(dmabay_enabler_adapter);
