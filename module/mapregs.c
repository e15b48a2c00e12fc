// SPDX-License-Identifier: GPL-2.0-only
/*
 * Map registers: the credits of an adapter, the choice of what backs them, and how
 * what is mapped becomes a list.
 *
 * A credit is one map register, one page. All waiting acts on credits alone; the
 * provider has laid in what stands behind all of them when the adapter was made,
 * so taking credits cannot fail for any other reason than their number.
 *
 * A list tells the device what the memory consists of, group by group: elements of
 * different groups are never joined, although their pages may lie side by side.
 *
 * Credits and slots are guarded by adapter->lock; a list is its caller's.
 */
#include <linux/dma-map-ops.h>
#include <linux/iommu.h>

#include "dmabay_private.h"

static const struct dmabay_mapregs_ops *const providers[] = {
	[DMABAY_PROVIDER_IOVA] = &dmabay_mapregs_iova_ops,
	[DMABAY_PROVIDER_BOUNCE] = &dmabay_mapregs_bounce_ops,
	[DMABAY_PROVIDER_DIRECT] = &dmabay_mapregs_direct_ops,
};

/**
 * dmabay_device_translated() - Does the DMA API use an IOMMU for this device?
 * @dev: the device
 *
 * Return: true if its addresses are translated.
 */
bool dmabay_device_translated(struct device *dev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	return domain && (domain->type & __IOMMU_DOMAIN_DMA_API);
}

static int open_one(struct dmabay_adapter *adapter, enum dmabay_provider provider)
{
	unsigned int map_registers = adapter->map_registers;
	int ret;

	adapter->ops = providers[provider];
	ret = adapter->ops->open(adapter);
	if (ret)
		adapter->map_registers = map_registers;
	return ret;
}

/**
 * dmabay_mapregs_open() - Lay in what the map registers need
 * @adapter: the adapter; map_registers is what is wanted, and may be lowered
 * @provider: which one
 *
 * Context: may sleep.
 * Return: 0, -EOPNOTSUPP (not for this device), -ENOMEM.
 */
int dmabay_mapregs_open(struct dmabay_adapter *adapter, enum dmabay_provider provider)
{
	int ret;

	if (provider != DMABAY_PROVIDER_AUTO) {
		ret = open_one(adapter, provider);
	} else {
		ret = open_one(adapter, DMABAY_PROVIDER_IOVA);
		if (ret == -EOPNOTSUPP)
			ret = open_one(adapter, DMABAY_PROVIDER_BOUNCE);
	}
	if (!ret)
		adapter->map_registers_free = adapter->map_registers;
	return ret;
}

/**
 * dmabay_mapregs_close() - Undo dmabay_mapregs_open()
 * @adapter: the adapter, all registers free
 *
 * Context: may sleep.
 */
void dmabay_mapregs_close(struct dmabay_adapter *adapter)
{
	adapter->ops->close(adapter);
}

/**
 * dmabay_mapregs_take() - Take credits, if they are there
 * @adapter: the adapter
 * @channel: the channel, with the number it wants
 *
 * Context: under adapter->lock.
 * Return: whether it has got them.
 */
bool dmabay_mapregs_take(struct dmabay_adapter *adapter, struct dmabay_channel *channel)
{
	lockdep_assert_held(&adapter->lock);

	if (adapter->map_registers_free < channel->map_registers)
		return false;
	if (!adapter->ops->claim(adapter, channel))
		return false;
	adapter->map_registers_free -= channel->map_registers;
	dmabay_grant_add(adapter, channel);
	return true;
}

/**
 * dmabay_mapregs_give() - Undo dmabay_mapregs_take()
 * @adapter: the adapter
 * @channel: the channel, with nothing mapped or linked
 *
 * Context: under adapter->lock.
 */
void dmabay_mapregs_give(struct dmabay_adapter *adapter, struct dmabay_channel *channel)
{
	lockdep_assert_held(&adapter->lock);

	dmabay_grant_remove(channel);
	adapter->ops->yield(adapter, channel);
	adapter->map_registers_free += channel->map_registers;
}
