// SPDX-License-Identifier: GPL-2.0-only
/*
 * Common buffer: memory that CPU and device share for good.
 *
 * It is coherent memory of the DMA API, which is aligned to a page. For more than
 * that it is allocated longer by the alignment mask, and what was asked for begins
 * at the first address that is aligned for the device, at the same byte for the CPU.
 *
 * A common buffer belongs to its enabler, whose lock guards the list of them. The
 * owner deletes it, or the enabler does when it goes.
 */
#include <linux/dma-mapping.h>
#include <linux/export.h>
#include <linux/overflow.h>
#include <linux/slab.h>

#include "dmabay_private.h"

struct dmabay_common_buffer {
	struct dmabay_object object;
	struct list_head node; /* in the enabler's list, guarded by its lock */
	struct dmabay_enabler *enabler;
	size_t length;
	/* bytes from the start of what is allocated */
	size_t offset;

	/* what is allocated */
	size_t size;
	void *vaddr;
	dma_addr_t dma_addr;
};

static int buffer_allocate(struct dmabay_common_buffer *buffer, size_t alignment_mask)
{
	size_t padding = alignment_mask < PAGE_SIZE ? 0 : alignment_mask;

	if (check_add_overflow(buffer->length, padding, &buffer->size))
		return -EOVERFLOW;
	if (buffer->size > U32_MAX)
		return -ENOMEM;
	buffer->vaddr = dma_alloc_coherent(buffer->enabler->dev, buffer->size, &buffer->dma_addr,
					   GFP_KERNEL | __GFP_NOWARN);
	if (!buffer->vaddr)
		return -ENOMEM;
	buffer->offset = -buffer->dma_addr & padding;
	return 0;
}

static int buffer_create(struct dmabay_enabler *enabler, size_t length, size_t alignment_mask,
			 struct dmabay_common_buffer **result)
{
	struct dmabay_common_buffer *buffer;
	unsigned long flags;
	int ret;

	if (dmabay_debug_may_not_sleep("dmabay_common_buffer_create"))
		return -EBADFD;
	if (!length || !dmabay_is_alignment_mask(alignment_mask))
		return -EINVAL;
	buffer = kzalloc_obj(*buffer);
	if (!buffer)
		return -ENOMEM;
	buffer->enabler = enabler;
	buffer->length = length;
	ret = buffer_allocate(buffer, alignment_mask);
	if (ret) {
		kfree(buffer);
		return ret;
	}

	dmabay_object_init(&buffer->object, DMABAY_OBJECT_COMMON_BUFFER);
	spin_lock_irqsave(&enabler->lock, flags);
	list_add_tail(&buffer->node, &enabler->common_buffers);
	spin_unlock_irqrestore(&enabler->lock, flags);
	*result = buffer;
	return 0;
}

int dmabay_common_buffer_create(struct dmabay_enabler *enabler, size_t length,
				struct dmabay_common_buffer **result)
{
	int ret;

	if (!result)
		return -EINVAL;
	*result = NULL;
	if (!enabler)
		return -EINVAL;
	ret = dmabay_check_enabler(enabler);
	return ret ?: buffer_create(enabler, length, enabler->alignment_mask, result);
}
EXPORT_SYMBOL_GPL(dmabay_common_buffer_create);

int dmabay_common_buffer_create_config(struct dmabay_enabler *enabler, size_t length,
				       const struct dmabay_common_buffer_config *config,
				       struct dmabay_common_buffer **result)
{
	int ret;

	if (!result)
		return -EINVAL;
	*result = NULL;
	if (!enabler || !config)
		return -EINVAL;
	if (config->size != sizeof(*config))
		return -EPROTO;
	ret = dmabay_check_enabler(enabler);
	return ret ?: buffer_create(enabler, length, config->alignment_mask, result);
}
EXPORT_SYMBOL_GPL(dmabay_common_buffer_create_config);

/**
 * dmabay_common_buffer_next() - Take the first common buffer off an enabler's list
 * @enabler: the enabler
 *
 * Return: the buffer, or NULL.
 */
struct dmabay_common_buffer *dmabay_common_buffer_next(struct dmabay_enabler *enabler)
{
	struct dmabay_common_buffer *buffer;
	unsigned long flags;

	spin_lock_irqsave(&enabler->lock, flags);
	buffer = list_first_entry_or_null(&enabler->common_buffers, struct dmabay_common_buffer,
					  node);
	if (buffer)
		list_del_init(&buffer->node);
	spin_unlock_irqrestore(&enabler->lock, flags);
	return buffer;
}

void dmabay_common_buffer_delete(struct dmabay_common_buffer *buffer)
{
	struct dmabay_enabler *enabler;
	unsigned long flags;

	if (!buffer || dmabay_debug_may_not_sleep(__func__) ||
	    dmabay_check(buffer, COMMON_BUFFER, DMABAY_RULE_BUFFER_TWICE))
		return;
	might_sleep();
	enabler = buffer->enabler;
	spin_lock_irqsave(&enabler->lock, flags);
	list_del_init(&buffer->node);
	spin_unlock_irqrestore(&enabler->lock, flags);
	dma_free_coherent(enabler->dev, buffer->size, buffer->vaddr, buffer->dma_addr);
	if (!dmabay_object_bury(&buffer->object, buffer))
		kfree(buffer);
}
EXPORT_SYMBOL_GPL(dmabay_common_buffer_delete);

void *dmabay_common_buffer_vaddr(const struct dmabay_common_buffer *buffer)
{
	return buffer->vaddr + buffer->offset;
}
EXPORT_SYMBOL_GPL(dmabay_common_buffer_vaddr);

dma_addr_t dmabay_common_buffer_dma_addr(const struct dmabay_common_buffer *buffer)
{
	return buffer->dma_addr + buffer->offset;
}
EXPORT_SYMBOL_GPL(dmabay_common_buffer_dma_addr);

size_t dmabay_common_buffer_length(const struct dmabay_common_buffer *buffer)
{
	return buffer->length;
}
EXPORT_SYMBOL_GPL(dmabay_common_buffer_length);
