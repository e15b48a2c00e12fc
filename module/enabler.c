// SPDX-License-Identifier: GPL-2.0-only
/*
 * Enabler: what a device's DMA engine can do, and the transactions and common buffers
 * that use it.
 *
 * An enabler owns its adapters, one for both directions or, if it is duplex, one for
 * each, and lists its children. Deleting it deletes them first, then gives the
 * adapters back. The struct itself stays until the last transaction is gone, because
 * a callback that deleted its transaction may still be on its way out, and until a
 * walk over the enablers of its device has left it (power.c). As long as it holds its
 * device.
 */
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/export.h>
#include <linux/slab.h>

#include "dmabay_private.h"

static const struct dmabay_profile_traits profiles[] = {
	[DMABAY_PROFILE_PACKET] = { .address_width = 32 },
	[DMABAY_PROFILE_SCATTER_GATHER] = { .address_width = 32, .scatter_gather = true },
	[DMABAY_PROFILE_PACKET64] = { .address_width = 64 },
	[DMABAY_PROFILE_SCATTER_GATHER64] = { .address_width = 64, .scatter_gather = true },
	[DMABAY_PROFILE_SCATTER_GATHER_DUPLEX] = {
		.address_width = 32, .scatter_gather = true, .duplex = true,
	},
	[DMABAY_PROFILE_SCATTER_GATHER64_DUPLEX] = {
		.address_width = 64, .scatter_gather = true, .duplex = true,
	},
	[DMABAY_PROFILE_SYSTEM] = { .system = true },
	[DMABAY_PROFILE_SYSTEM_DUPLEX] = { .system = true, .duplex = true },
};

/* Of a driver that wants to hear of no power change. */
static const struct dmabay_power_ops no_power_ops;

static unsigned int profile_flags(const struct dmabay_profile_traits *traits)
{
	return DMABAY_ENABLER_SINGLE_TRANSFER |
	       (traits->scatter_gather ? DMABAY_ENABLER_NO_LIST_PREALLOCATION
				       : DMABAY_ENABLER_KEEP_LINKS);
}

static int enabler_check(const struct dmabay_enabler_config *config)
{
	const struct dmabay_profile_traits *traits;

	if (config->size != sizeof(*config))
		return -EPROTO;
	if (config->profile < 1 || config->profile >= ARRAY_SIZE(profiles) ||
	    !config->max_length || config->max_length > U32_MAX)
		return -EINVAL;
	traits = &profiles[config->profile];
	if ((config->address_width > 32 && traits->address_width == 32) ||
	    (config->address_width && traits->system) ||
	    config->map_registers == 1 || config->map_registers_write == 1 ||
	    (config->map_registers_write && !traits->duplex) ||
	    (config->flags & ~profile_flags(traits)) ||
	    !dmabay_is_alignment_mask(config->alignment_mask))
		return -EINVAL;
	if (config->dma_version && config->dma_version != DMABAY_DMA_VERSION_3)
		return -EOPNOTSUPP;
	return 0;
}

/* Its adapter is there: so long may one transfer be. */
static void enabler_set_adapter(struct dmabay_enabler *enabler, enum dmabay_direction direction,
				struct dmabay_adapter *adapter)
{
	enabler->fragment_length[direction] = min(enabler->max_length,
						  dmabay_pages_bytes(adapter->map_registers - 1));
	enabler->adapter[direction] = adapter;
}

/* Get the adapter of a direction. */
static int enabler_open(struct dmabay_enabler *enabler, enum dmabay_direction direction,
			const struct dmabay_enabler_config *config, unsigned int map_registers)
{
	struct dmabay_adapter_config adapter_config = {
		.size = sizeof(adapter_config),
		.max_length = config->max_length,
		.address_width = config->address_width ?: enabler->traits->address_width,
		.scatter_gather = enabler->traits->scatter_gather,
		.map_registers = map_registers,
		.provider = config->provider,
	};
	struct dmabay_adapter *adapter;

	adapter = dmabay_adapter_get(enabler->dev, &adapter_config, &map_registers);
	if (IS_ERR(adapter))
		return PTR_ERR(adapter);
	enabler_set_adapter(enabler, direction, adapter);
	return 0;
}

static int enabler_open_all(struct dmabay_enabler *enabler,
			    const struct dmabay_enabler_config *config)
{
	const enum dmabay_direction read = DMABAY_READ_FROM_DEVICE;
	const enum dmabay_direction write = DMABAY_WRITE_TO_DEVICE;
	int ret;

	ret = enabler_open(enabler, read, config, config->map_registers);
	if (ret)
		return ret;
	if (!enabler->traits->duplex) {
		enabler->adapter[write] = enabler->adapter[read];
		enabler->fragment_length[write] = enabler->fragment_length[read];
		return 0;
	}
	ret = enabler_open(enabler, write, config,
			   config->map_registers_write ?: config->map_registers);
	if (ret)
		dmabay_adapter_put(enabler->adapter[read]);
	return ret;
}

int dmabay_enabler_create(struct device *dev, const struct dmabay_enabler_config *config,
			  struct dmabay_enabler **result)
{
	struct dmabay_enabler *enabler;
	int ret;

	if (!result)
		return -EINVAL;
	*result = NULL;
	if (!dev || !config)
		return -EINVAL;
	if (dmabay_debug_may_not_sleep(__func__))
		return -EBADFD;
	ret = enabler_check(config);
	if (ret)
		return ret;

	enabler = kzalloc_obj(*enabler);
	if (!enabler)
		return -ENOMEM;
	kref_init(&enabler->kref);
	spin_lock_init(&enabler->lock);
	INIT_LIST_HEAD(&enabler->transactions);
	INIT_LIST_HEAD(&enabler->common_buffers);
	enabler->dev = dev;
	enabler->traits = &profiles[config->profile];
	enabler->flags = config->flags;
	enabler->max_length = config->max_length;
	enabler->max_sg_elements = DMABAY_UNLIMITED_SG_ELEMENTS;
	enabler->alignment_mask = enabler->traits->scatter_gather ? config->alignment_mask : 0;
	enabler->power = config->power ?: &no_power_ops;
	enabler->data = config->data;
	enabler->provider = config->provider;
	enabler->map_registers[DMABAY_READ_FROM_DEVICE] = config->map_registers;
	enabler->map_registers[DMABAY_WRITE_TO_DEVICE] =
		config->map_registers_write ?: config->map_registers;
	ret = enabler->traits->system ? 0 : enabler_open_all(enabler, config);
	if (ret) {
		kfree(enabler);
		return ret;
	}

	get_device(dev);
	dmabay_object_init(&enabler->object, DMABAY_OBJECT_ENABLER);
	*result = enabler;
	dmabay_power_add(enabler);
	return 0;
}
EXPORT_SYMBOL_GPL(dmabay_enabler_create);

static void enabler_delete_action(void *enabler)
{
	dmabay_enabler_delete(enabler);
}

/* Is it @dev, or a device below it? */
static bool device_is_below(const struct device *below, const struct device *dev)
{
	while (below && below != dev)
		below = below->parent;
	return below;
}

int devm_dmabay_enabler_create(struct device *parent, struct device *dev,
			       const struct dmabay_enabler_config *config,
			       struct dmabay_enabler **result)
{
	int ret;

	if (!result)
		return -EINVAL;
	*result = NULL;
	if (!dev || !device_is_below(parent, dev))
		return -EINVAL;
	ret = dmabay_enabler_create(dev, config, result);
	if (ret)
		return ret;
	ret = devm_add_action_or_reset(parent, enabler_delete_action, *result);
	if (ret)
		*result = NULL;
	return ret;
}
EXPORT_SYMBOL_GPL(devm_dmabay_enabler_create);

static void enabler_release(struct kref *kref)
{
	struct dmabay_enabler *enabler = container_of(kref, struct dmabay_enabler, kref);

	put_device(enabler->dev);
	if (!dmabay_object_bury(&enabler->object, enabler))
		kfree(enabler);
}

/**
 * dmabay_enabler_put() - Give a reference back
 * @enabler: the enabler
 *
 * Transactions have one each, and so has whoever calls the driver's power callbacks.
 *
 * Context: any.
 */
void dmabay_enabler_put(struct dmabay_enabler *enabler)
{
	kref_put(&enabler->kref, enabler_release);
}

void dmabay_enabler_delete(struct dmabay_enabler *enabler)
{
	struct dmabay_common_buffer *buffer;
	struct dmabay_transaction *transaction;
	unsigned int direction;

	if (!enabler || dmabay_check_enabler(enabler) || dmabay_debug_may_not_sleep(__func__))
		return;
	might_sleep();
	dmabay_power_remove(enabler);
	/* What the first ones give back must not be granted to the next ones. */
	for (direction = 0; direction < ARRAY_SIZE(enabler->adapter); direction++) {
		if (enabler->adapter[direction])
			dmabay_adapter_close(enabler->adapter[direction]);
	}
	while ((transaction = dmabay_transaction_next(enabler)))
		dmabay_transaction_delete(transaction);
	while ((buffer = dmabay_common_buffer_next(enabler)))
		dmabay_common_buffer_delete(buffer);
	if (enabler->traits->duplex)
		dmabay_adapter_put(enabler->adapter[DMABAY_WRITE_TO_DEVICE]);
	dmabay_adapter_put(enabler->adapter[DMABAY_READ_FROM_DEVICE]);
	dmabay_enabler_put(enabler);
}
EXPORT_SYMBOL_GPL(dmabay_enabler_delete);

static int configure_check(const struct dmabay_enabler *enabler,
			   const struct dmabay_system_config *config,
			   enum dmabay_direction direction)
{
	if (!enabler || !config)
		return -EINVAL;
	if (config->size != sizeof(*config))
		return -EPROTO;
	if (!config->channel || !dmabay_direction_exists(direction) ||
	    !enabler->traits->system || enabler->adapter[direction])
		return -EINVAL;
	return 0;
}

int dmabay_enabler_configure_system_profile(struct dmabay_enabler *enabler,
					    const struct dmabay_system_config *config,
					    enum dmabay_direction direction)
{
	struct dmabay_adapter_config adapter_config = { .size = sizeof(adapter_config) };
	struct dmabay_adapter *adapter;
	struct device *dev;
	int ret;

	if (dmabay_debug_may_not_sleep(__func__))
		return -EBADFD;
	might_sleep();
	ret = configure_check(enabler, config, direction);
	if (ret)
		return ret;
	dev = dmaengine_get_dma_device(config->channel);
	adapter_config.max_length = enabler->max_length;
	adapter_config.address_width = 64;
	adapter_config.scatter_gather = !config->memory_to_memory && !config->looped;
	adapter_config.map_registers = enabler->map_registers[direction];
	adapter_config.provider = enabler->provider;
	adapter = dmabay_adapter_get(dev, &adapter_config, NULL);
	if (IS_ERR(adapter))
		return PTR_ERR(adapter);
	ret = dmabay_controller_create(adapter, config, direction, enabler->traits->duplex);
	if (ret) {
		dmabay_adapter_put(adapter);
		return ret;
	}
	enabler_set_adapter(enabler, direction, adapter);
	if (!enabler->traits->duplex)
		enabler_set_adapter(enabler, !direction, adapter);
	return 0;
}
EXPORT_SYMBOL_GPL(dmabay_enabler_configure_system_profile);

size_t dmabay_enabler_max_length(const struct dmabay_enabler *enabler)
{
	return enabler->adapter[DMABAY_READ_FROM_DEVICE] ||
	       enabler->adapter[DMABAY_WRITE_TO_DEVICE] ? enabler->max_length : 0;
}
EXPORT_SYMBOL_GPL(dmabay_enabler_max_length);

size_t dmabay_enabler_fragment_length(const struct dmabay_enabler *enabler,
				      enum dmabay_direction direction)
{
	return dmabay_direction_exists(direction) ? enabler->fragment_length[direction] : 0;
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
	return dmabay_direction_exists(direction) ? enabler->adapter[direction] : NULL;
}
EXPORT_SYMBOL_GPL(dmabay_enabler_adapter);

void *dmabay_enabler_data(const struct dmabay_enabler *enabler)
{
	return enabler->data;
}
EXPORT_SYMBOL_GPL(dmabay_enabler_data);
