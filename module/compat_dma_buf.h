/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs, for dma-bufs, between the kernels that this tree builds for. In a tree
 * inside the kernel this file is one line.
 */
#ifndef _DMABAY_COMPAT_DMA_BUF_H
#define _DMABAY_COMPAT_DMA_BUF_H

#include <linux/module.h>
#include <linux/version.h>

/* A string since Linux 6.13. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define COMPAT_IMPORT_DMA_BUF()	MODULE_IMPORT_NS("DMA_BUF")
#else
#define COMPAT_IMPORT_DMA_BUF()	MODULE_IMPORT_NS(DMA_BUF)
#endif

#endif /* _DMABAY_COMPAT_DMA_BUF_H */
