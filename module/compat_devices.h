/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs, for the device drivers, between the kernels that this tree builds
 * for. In a tree inside the kernel this file is not needed.
 */
#ifndef _DMABAY_COMPAT_DEVICES_H
#define _DMABAY_COMPAT_DEVICES_H

#include <linux/device.h>
#include <linux/pci.h>
#include <linux/version.h>

/* Renamed in Linux 6.8. */
#ifndef PCI_IRQ_INTX
#define PCI_IRQ_INTX PCI_IRQ_LEGACY
#endif

/*
 * Say whether a device sees the CPU's caches. There is nothing to say on an
 * architecture where all of them do. A flag with accessors since Linux 7.2, a
 * plain bit field before.
 */
static inline void compat_assign_dma_coherent(struct device *dev, bool coherent)
{
#if defined(CONFIG_ARCH_HAS_SYNC_DMA_FOR_DEVICE) || \
	defined(CONFIG_ARCH_HAS_SYNC_DMA_FOR_CPU) || \
	defined(CONFIG_ARCH_HAS_SYNC_DMA_FOR_CPU_ALL)
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 2, 0)
	dev_assign_dma_coherent(dev, coherent);
#else
	dev->dma_coherent = coherent;
#endif
#endif
}

static inline void compat_set_dma_coherent(struct device *dev)
{
	compat_assign_dma_coherent(dev, true);
}

#endif /* _DMABAY_COMPAT_DEVICES_H */
