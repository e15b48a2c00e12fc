/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A range of device addresses that is held while pages come and go in it:
 * dma_iova_*() on Linux 6.16 and later, the same five functions over the
 * exported IOMMU calls on older kernels (compat_dma_iova.c).
 */
#ifndef _DMABAY_COMPAT_DMA_IOVA_H
#define _DMABAY_COMPAT_DMA_IOVA_H

#include <linux/dma-mapping.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 16, 0)

struct dmabay_iova {
	struct dma_iova_state state;
};

static inline dma_addr_t dmabay_iova_base(const struct dmabay_iova *iova)
{
	return iova->state.addr;
}

static inline int dmabay_iova_alloc(struct device *dev, struct dmabay_iova *iova, size_t size)
{
	return dma_iova_try_alloc(dev, &iova->state, 0, size) ? 0 : -ENOSPC;
}

static inline void dmabay_iova_free(struct device *dev, struct dmabay_iova *iova)
{
	dma_iova_free(dev, &iova->state);
}

static inline int dmabay_iova_link(struct device *dev, struct dmabay_iova *iova, phys_addr_t phys,
				   size_t offset, size_t size, enum dma_data_direction direction)
{
	return dma_iova_link(dev, &iova->state, phys, offset, size, direction, 0);
}

static inline int dmabay_iova_sync(struct device *dev, struct dmabay_iova *iova, size_t offset,
				   size_t size)
{
	return dma_iova_sync(dev, &iova->state, offset, size);
}

static inline void dmabay_iova_unlink(struct device *dev, struct dmabay_iova *iova, size_t offset,
				      size_t size, enum dma_data_direction direction)
{
	dma_iova_unlink(dev, &iova->state, offset, size, direction, 0);
}

#else

struct dmabay_iova {
	dma_addr_t base;
	size_t size;
	struct page *placeholder;
	unsigned int order;
	struct sg_table table;
};

static inline dma_addr_t dmabay_iova_base(const struct dmabay_iova *iova)
{
	return iova->base;
}

int dmabay_iova_alloc(struct device *dev, struct dmabay_iova *iova, size_t size);
void dmabay_iova_free(struct device *dev, struct dmabay_iova *iova);
int dmabay_iova_link(struct device *dev, struct dmabay_iova *iova, phys_addr_t phys,
		     size_t offset, size_t size, enum dma_data_direction direction);
int dmabay_iova_sync(struct device *dev, struct dmabay_iova *iova, size_t offset, size_t size);
void dmabay_iova_unlink(struct device *dev, struct dmabay_iova *iova, size_t offset, size_t size,
			enum dma_data_direction direction);

#endif
#endif /* _DMABAY_COMPAT_DMA_IOVA_H */
