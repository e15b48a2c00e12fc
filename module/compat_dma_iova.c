// SPDX-License-Identifier: GPL-2.0-only
/*
 * A range of device addresses on kernels before 6.16.
 *
 * There is no call that allocates device addresses alone. So a list that names
 * the same placeholder pages over and over is mapped: the DMA API gives it one
 * contiguous range. Then the placeholder is unmapped behind the DMA API's back,
 * and the range is ours to fill; before the list is unmapped the placeholder is
 * put back, because the DMA API expects to find it there.
 *
 * The page tables must stay, so that neither a link nor the placeholder's return
 * ever has to allocate one: nothing is mapped as a leaf above the lowest level,
 * and no single unmap covers all that one table translates. Chunks of less than
 * half a table see to both; callers of link and unlink do the same
 * (mapregs_iova.c). The placeholder is mapped for reading by the device only: its
 * many mappings overlap, and nothing may write there.
 */
#include "compat_dma_iova.h"

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)

#include <linux/dma-map-ops.h>
#include <linux/iommu.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>

/* Half of what the smallest page table translates, whatever the CPU's pages are. */
#define CHUNK_SIZE	SZ_1M

static int map(struct iommu_domain *domain, dma_addr_t address, phys_addr_t phys, size_t size,
	       int rights)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
	return iommu_map(domain, address, phys, size, rights, GFP_ATOMIC);
#else
	return iommu_map_atomic(domain, address, phys, size, rights);
#endif
}

static int rights_of(struct device *dev, enum dma_data_direction direction)
{
	int rights = dev_is_dma_coherent(dev) ? IOMMU_CACHE : 0;

	if (direction != DMA_FROM_DEVICE)
		rights |= IOMMU_READ;
	if (direction != DMA_TO_DEVICE)
		rights |= IOMMU_WRITE;
	return rights;
}

/* The list: the placeholder, as often as it takes. */
static int placeholder_list(struct dmabay_iova *iova)
{
	size_t chunk = PAGE_SIZE << iova->order, left = iova->size;
	struct scatterlist *sg;
	unsigned int i;
	int ret;

	ret = sg_alloc_table(&iova->table, DIV_ROUND_UP(iova->size, chunk), GFP_KERNEL);
	if (ret)
		return ret;
	for_each_sgtable_sg(&iova->table, sg, i) {
		sg_set_page(sg, iova->placeholder, min(chunk, left), 0);
		left -= sg->length;
	}
	return 0;
}

/* Is the mapped list one contiguous range that this domain translates? */
static bool is_window(struct device *dev, struct dmabay_iova *iova)
{
	dma_addr_t next = sg_dma_address(iova->table.sgl);
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_dma_sg(&iova->table, sg, i) {
		if (sg_dma_address(sg) != next)
			return false;
		next += sg_dma_len(sg);
	}
	return next - sg_dma_address(iova->table.sgl) == iova->size &&
	       iommu_iova_to_phys(iommu_get_domain_for_dev(dev),
				  sg_dma_address(iova->table.sgl)) ==
	       page_to_phys(iova->placeholder);
}

/* Unmap chunk by chunk; the placeholder's entries are chunks or smaller. */
static void empty(struct device *dev, struct dmabay_iova *iova)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);
	size_t chunk = PAGE_SIZE << iova->order, offset, part;
	struct iommu_iotlb_gather gather;

	iommu_iotlb_gather_init(&gather);
	for (offset = 0; offset < iova->size; offset += part) {
		part = min(chunk, iova->size - offset);
		WARN_ON(iommu_unmap_fast(domain, iova->base + offset, part, &gather) != part);
	}
	iommu_iotlb_sync(domain, &gather);
}

static void refill(struct device *dev, struct dmabay_iova *iova)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);
	size_t chunk = PAGE_SIZE << iova->order, offset, part;

	for (offset = 0; offset < iova->size; offset += part) {
		part = min(chunk, iova->size - offset);
		WARN_ON(map(domain, iova->base + offset, page_to_phys(iova->placeholder), part,
			    rights_of(dev, DMA_TO_DEVICE)));
	}
}

static int alloc_placeholder(struct dmabay_iova *iova)
{
	unsigned int order = min(get_order(CHUNK_SIZE), get_order(iova->size));

	for (;;) {
		iova->placeholder = alloc_pages(GFP_KERNEL | __GFP_ZERO | __GFP_COMP |
						(order ? __GFP_NOWARN | __GFP_NORETRY : 0),
						order);
		if (iova->placeholder || !order)
			break;
		order--;
	}
	iova->order = order;
	return iova->placeholder ? 0 : -ENOMEM;
}

/**
 * dmabay_iova_alloc() - Allocate a range of device addresses
 * @dev: the device, behind a translating IOMMU
 * @iova: the range
 * @size: bytes, a multiple of PAGE_SIZE
 *
 * Its page tables are there when this returns.
 *
 * Return: 0, -ENOSPC (no such range), -ENOMEM.
 */
int dmabay_iova_alloc(struct device *dev, struct dmabay_iova *iova, size_t size)
{
	int ret;

	/* Four GiB are one entry of the list, whose length is 32 bits: it would be lost. */
	if (size > U32_MAX)
		return -ENOSPC;
	iova->size = size;
	ret = alloc_placeholder(iova);
	if (ret)
		return ret;
	ret = placeholder_list(iova);
	if (ret)
		goto err_placeholder;
	ret = dma_map_sgtable(dev, &iova->table, DMA_TO_DEVICE, DMA_ATTR_NO_WARN);
	if (ret) {
		ret = -ENOSPC;
		goto err_list;
	}
	if (!is_window(dev, iova)) {
		ret = -ENOSPC;
		goto err_map;
	}
	iova->base = sg_dma_address(iova->table.sgl);
	empty(dev, iova);
	return 0;

err_map:
	dma_unmap_sgtable(dev, &iova->table, DMA_TO_DEVICE, 0);
err_list:
	sg_free_table(&iova->table);
err_placeholder:
	__free_pages(iova->placeholder, iova->order);
	return ret;
}

/**
 * dmabay_iova_free() - Give the range back
 * @dev: the device
 * @iova: the range, with nothing linked
 */
void dmabay_iova_free(struct device *dev, struct dmabay_iova *iova)
{
	refill(dev, iova);
	dma_unmap_sgtable(dev, &iova->table, DMA_TO_DEVICE, 0);
	sg_free_table(&iova->table);
	/*
	 * In a lazy domain the device can read the placeholder for some
	 * milliseconds more. It holds zeroes, and whoever gets the pages next
	 * would be read. Let the pages go only when the flush has happened.
	 */
	iommu_flush_iotlb_all(iommu_get_domain_for_dev(dev));
	__free_pages(iova->placeholder, iova->order);
}

/**
 * dmabay_iova_link() - Put memory into the range
 * @dev: the device
 * @iova: the range
 * @phys: the memory, whole pages
 * @offset: bytes into the range; nothing is linked there
 * @size: bytes
 * @direction: what the device may do
 *
 * Return: 0, or a negative errno.
 */
int dmabay_iova_link(struct device *dev, struct dmabay_iova *iova, phys_addr_t phys,
		     size_t offset, size_t size, enum dma_data_direction direction)
{
	return map(iommu_get_domain_for_dev(dev), iova->base + offset, phys, size,
		   rights_of(dev, direction));
}

/**
 * dmabay_iova_sync() - Make links visible to the device
 * @dev: the device
 * @iova: the range
 * @offset: bytes into the range
 * @size: bytes
 *
 * iommu_map() has done that already.
 *
 * Return: 0.
 */
int dmabay_iova_sync(struct device *dev, struct dmabay_iova *iova, size_t offset, size_t size)
{
	return 0;
}

/**
 * dmabay_iova_unlink() - Take memory out of the range, and wait for the flush
 * @dev: the device
 * @iova: the range
 * @offset: bytes into the range
 * @size: bytes; whole link calls, without a hole
 * @direction: as it was linked
 */
void dmabay_iova_unlink(struct device *dev, struct dmabay_iova *iova, size_t offset, size_t size,
			enum dma_data_direction direction)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);
	struct iommu_iotlb_gather gather;

	iommu_iotlb_gather_init(&gather);
	WARN_ON(iommu_unmap_fast(domain, iova->base + offset, size, &gather) != size);
	iommu_iotlb_sync(domain, &gather);
}

#endif
