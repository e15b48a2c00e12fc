// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/dmabay: what the IOMMU says, not what the core believes.
 *
 * One directory per device, owned by it and removed before its node goes. A
 * reader holds &dmabay_device.registration_lock for reading.
 */
#include <linux/debugfs.h>
#include <linux/iommu.h>
#include <linux/sched.h>
#include <linux/seq_file.h>

#include "user.h"

static struct dentry *dmabay_debugfs;

static unsigned long dmabay_window_translated(struct device *dev, dma_addr_t base, u64 length)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);
	unsigned long translated = 0;
	u64 offset;

	if (!domain)
		return 0;

	for (offset = 0; offset < length; offset += PAGE_SIZE) {
		if (iommu_iova_to_phys(domain, base + offset))
			translated++;
		cond_resched();
	}

	return translated;
}

static int dmabay_window_show(struct seq_file *seq, void *unused)
{
	struct dmabay_device *device = seq->private;
	struct dmabay_adapter_info info;
	int ret = -ENODEV;

	down_read(&device->registration_lock);
	if (device->ops) {
		dmabay_adapter_info(dmabay_enabler_adapter(device->enabler,
							   DMABAY_READ_FROM_DEVICE), &info);
		seq_printf(seq, "base 0x%llx bytes 0x%llx translated %lu\n",
			   (u64)info.window_base, info.window_length,
			   dmabay_window_translated(device->config.dma_dev, info.window_base,
						    info.window_length));
		ret = 0;
	}
	up_read(&device->registration_lock);

	return ret;
}
DEFINE_SHOW_ATTRIBUTE(dmabay_window);

/**
 * dmabay_debugfs_init() - Make the directory of the module
 */
void dmabay_debugfs_init(void)
{
	dmabay_debugfs = debugfs_create_dir("dmabay", NULL);
}

/**
 * dmabay_debugfs_exit() - Undo dmabay_debugfs_init()
 */
void dmabay_debugfs_exit(void)
{
	debugfs_remove(dmabay_debugfs);
}

/**
 * dmabay_debugfs_add() - Make the directory of a device
 * @device: the device, with its name
 */
void dmabay_debugfs_add(struct dmabay_device *device)
{
	device->debugfs = debugfs_create_dir(dev_name(&device->dev), dmabay_debugfs);
	debugfs_create_file("window", 0400, device->debugfs, device, &dmabay_window_fops);
}

/**
 * dmabay_debugfs_remove() - Undo dmabay_debugfs_add()
 * @device: the device
 *
 * Waits for readers.
 */
void dmabay_debugfs_remove(struct dmabay_device *device)
{
	debugfs_remove(device->debugfs);
}
