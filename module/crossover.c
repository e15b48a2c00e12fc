// SPDX-License-Identifier: GPL-2.0-only
/*
 * Crossover: from where on it is cheaper to have the device programmed for each piece of
 * scattered memory than to copy all of them into one.
 *
 * There is a choice only where the device reaches all memory and nothing translates for it
 * (&dmabay_adapter_info.in_place). A copy costs by the byte, another piece costs the same
 * whatever its length. So it is a length: pieces that are shorter on average are copied. The
 * table says it for each kind of device. Who asked for bounce pages by name wants copies.
 *
 * Root reads and changes it in /sys/class/dmabay/dmabayN/copied_below. It is one number, and
 * each piece looks at it once: no lock.
 */
#include <linux/device.h>
#include <linux/kstrtox.h>
#include <linux/sizes.h>
#include <linux/sysfs.h>

#include "user.h"

static const u32 dmabay_crossovers[] = {
	/* An interrupt, and whoever waits for it to go on: what copies 10 GB/s does 32 KiB. */
	[false] = SZ_32K,
	/* At once: the call of the driver alone, some hundred instructions. */
	[true] = SZ_512,
};

/**
 * dmabay_crossover_init() - What it is until root changes it
 * @device: the device, not in sysfs yet; its enabler is there
 *
 * Context: any.
 */
void dmabay_crossover_init(struct dmabay_device *device)
{
	struct dmabay_adapter_info info = {};

	if (!device->is_channel)
		dmabay_adapter_info(dmabay_enabler_adapter(device->enabler,
							   DMABAY_READ_FROM_DEVICE), &info);
	/* Pieces end where pages do. */
	device->in_place = info.in_place && device->config.alignment <= PAGE_SIZE;
	device->copied_below = dmabay_crossovers[device->config.ops && device->config.ops->move];
	if (!device->in_place || device->config.enabler.provider == DMABAY_PROVIDER_BOUNCE)
		device->copied_below = U32_MAX;
}

static ssize_t copied_below_show(struct device *dev, struct device_attribute *attribute,
				 char *text)
{
	return sysfs_emit(text, "%u\n", READ_ONCE(to_dmabay_device(dev)->copied_below));
}

static ssize_t copied_below_store(struct device *dev, struct device_attribute *attribute,
				  const char *text, size_t count)
{
	u32 bytes;
	int ret = kstrtou32(text, 0, &bytes);

	if (ret)
		return ret;
	WRITE_ONCE(to_dmabay_device(dev)->copied_below, bytes);

	return count;
}

DEVICE_ATTR_RW(copied_below);
