// SPDX-License-Identifier: GPL-2.0-only
/*
 * An imported buffer: a dma-buf, memory that belongs to somebody else, its exporter.
 *
 * Owned by its file, like any buffer, and with it a reference to the dma-buf, so the user
 * may close its fd. It is attached to the device and mapped once, for as long as it is
 * used: the exporter leaves it where it is meanwhile, and its device addresses are all
 * that is used of it (<linux/dmabay.h>, dmabay_memory_from_mapped()). What the exporter
 * says of them is checked. Nothing is charged: the memory is the exporter's.
 *
 * The attachment names the device, which goes when its driver goes. So it ends with the
 * device, before the file does, and &dmabay_file.mutex decides between that and importing
 * or unregistering. The exporter is called under it, and may take the lock of the dma-buf's
 * fences (dma_resv) and its own there. None of those is held over a call to us.
 *
 * The fences of the dma-buf say who is not done with it. A transfer that reads it waits
 * for those who write, one that writes it for all, before it is queued and with no lock
 * held; a signal, the transfer's deadline, the ring that gives up and the end of the device
 * end the wait. Those who come later are not looked at. No fence is ever added: one whose
 * end depends on what a user does next could keep the whole system waiting.
 */
#include <linux/align.h>
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>

#include "compat_dma_buf.h"
#include "trace_user.h"
#include "user.h"

COMPAT_IMPORT_DMA_BUF();

/**
 * struct dmabay_import_source - Where an imported buffer comes from
 * @dma_buf: a reference
 * @attachment: to the device; NULL once it has ended
 * @table: as mapped
 * @direction: it was mapped for
 */
struct dmabay_import_source {
	struct dma_buf *dma_buf;
	struct dma_buf_attachment *attachment;
	struct sg_table *table;
	enum dma_data_direction direction;
};

/* ---- fences ---- */

/* Woken by the fence. */
struct dmabay_fence_waiter {
	struct dma_fence_cb callback;
	wait_queue_head_t *queue;
};

static void dmabay_fence_signaled(struct dma_fence *fence, struct dma_fence_cb *callback)
{
	wake_up_all(container_of(callback, struct dmabay_fence_waiter, callback)->queue);
}

/* One that has not signaled, with a reference, or NULL. */
static struct dma_fence *dmabay_fence_get(struct dma_buf *dma_buf, enum dma_resv_usage usage)
{
	struct dma_resv_iter cursor;
	struct dma_fence *fence;

	dma_resv_iter_begin(&cursor, dma_buf->resv, usage);
	dma_resv_for_each_fence_unlocked(&cursor, fence) {
		dma_fence_get(fence);
		break;
	}
	dma_resv_iter_end(&cursor);

	return fence;
}

/* Why nobody should wait any more, or 0. */
static int dmabay_import_stopped(const struct dmabay_file *file,
				 const struct dmabay_vector *vector)
{
	if (READ_ONCE(file->device->gone))
		return -ENODEV;

	return vector && READ_ONCE(vector->withdrawn) ? -ECANCELED : 0;
}

static int dmabay_fence_wait(struct dmabay_file *file, struct dma_fence *fence, u64 deadline,
			     const struct dmabay_vector *vector)
{
	struct dmabay_fence_waiter waiter = { .queue = &file->idle };
	ktime_t left = KTIME_MAX;
	int ret;

	if (deadline) {
		left = ktime_sub(min_t(u64, deadline, KTIME_MAX), ktime_get());
		if (left <= 0)
			return -ETIMEDOUT;
	}
	/* It has signaled meanwhile. */
	if (dma_fence_add_callback(fence, &waiter.callback, dmabay_fence_signaled))
		return 0;

	ret = wait_event_interruptible_hrtimeout(file->idle, dma_fence_is_signaled(fence) ||
						 dmabay_import_stopped(file, vector), left);
	dma_fence_remove_callback(fence, &waiter.callback);
	if (ret)
		return ret == -ETIME ? -ETIMEDOUT : -EINTR;

	return dmabay_import_stopped(file, vector);
}

static int dmabay_fences_wait(struct dmabay_file *file, struct dma_buf *dma_buf,
			      enum dma_resv_usage usage, u64 deadline,
			      const struct dmabay_vector *vector)
{
	struct dma_fence *fence;
	int ret = 0;

	while (!ret && (fence = dmabay_fence_get(dma_buf, usage))) {
		ret = dmabay_fence_wait(file, fence, deadline, vector);
		dma_fence_put(fence);
	}

	return ret;
}

/* A device that reads memory waits for those who write it, one that writes it for all. */
static enum dma_resv_usage dmabay_import_usage(u32 direction)
{
	return dma_resv_usage_rw(direction == DMABAY_FROM_DEVICE);
}

/**
 * dmabay_import_is_ready() - Has it no fence that a transfer must wait for?
 * @buffer: imported; counted
 * @direction: enum dmabay_user_direction
 *
 * Context: any.
 * Return: true if so, at this moment.
 */
bool dmabay_import_is_ready(const struct dmabay_buffer *buffer, u32 direction)
{
	return dma_resv_test_signaled(buffer->source->dma_buf->resv,
				      dmabay_import_usage(direction));
}

/**
 * dmabay_import_wait() - Wait until others are done with it
 * @file: the file
 * @buffer: imported; counted
 * @direction: enum dmabay_user_direction
 * @deadline: CLOCK_MONOTONIC, in ns; 0 is never
 * @vector: the io_uring command that asks, or NULL
 *
 * Context: may sleep; no lock is held.
 * Return: 0, or -EINTR, -ETIMEDOUT, -ENODEV, -ECANCELED (the command was withdrawn).
 */
int dmabay_import_wait(struct dmabay_file *file, const struct dmabay_buffer *buffer,
		       u32 direction, u64 deadline, const struct dmabay_vector *vector)
{
	return dmabay_fences_wait(file, buffer->source->dma_buf, dmabay_import_usage(direction),
				  deadline, vector);
}

/* ---- the attachment ---- */

/* What the device cannot use as it is, it cannot use at all. The end may be anywhere. */
static bool dmabay_table_is_aligned(struct sg_table *table, unsigned int alignment)
{
	unsigned long before = 0;
	struct scatterlist *sg;
	unsigned int i;

	for_each_sgtable_dma_sg(table, sg, i) {
		if (!IS_ALIGNED(before | sg_dma_address(sg), alignment))
			return false;
		before = sg_dma_len(sg);
	}

	return true;
}

/* Describe what the exporter has mapped: at least all of the dma-buf. */
static int dmabay_import_describe(struct dmabay_buffer *buffer)
{
	const struct dmabay_device_config *config = &buffer->device->config;
	struct sg_table *table = buffer->source->table;
	struct dmabay_memory *memory;

	if (!dmabay_table_is_aligned(table, config->alignment))
		return -EINVAL;
	memory = dmabay_memory_from_mapped(config->dma_dev, table,
					   GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (IS_ERR(memory))
		return PTR_ERR(memory);
	if (dmabay_memory_length(memory) < buffer->length) {
		dmabay_memory_put(memory);
		return -EINVAL;
	}

	if (buffer->read_only)
		dmabay_memory_set_read_only(memory);
	buffer->memory = memory;

	return 0;
}

/*
 * Can its memory, wherever it is, be mapped for the device? What it does not reach is
 * bounced, in pages below 4 GiB; the DMA API warns if they are out of reach, too.
 */
static bool dmabay_device_reaches_enough(struct device *dev)
{
	enum dmabay_info_iommu iommu = dmabay_iommu(dev);

	return iommu == DMABAY_INFO_IOMMU_STRICT || iommu == DMABAY_INFO_IOMMU_LAZY ||
	       dma_get_mask(dev) >= DMA_BIT_MASK(32) || !dma_addressing_limited(dev);
}

static int dmabay_import_attach(struct dmabay_file *file, struct dmabay_buffer *buffer)
{
	struct dmabay_import_source *source = buffer->source;
	struct dma_buf_attachment *attachment;
	int ret;

	lockdep_assert_held(&file->mutex);

	/* Else the device sees it, and ends it, before it goes. */
	if (READ_ONCE(file->device->gone))
		return -ENODEV;

	if (!dmabay_device_reaches_enough(file->device->config.dma_dev))
		return -EOPNOTSUPP;

	attachment = dma_buf_attach(source->dma_buf, file->device->config.dma_dev);
	if (IS_ERR(attachment))
		return PTR_ERR(attachment);
	source->table = dma_buf_map_attachment_unlocked(attachment, source->direction);
	if (IS_ERR(source->table)) {
		dma_buf_detach(source->dma_buf, attachment);
		ret = PTR_ERR(source->table);
		return ret == -ERESTARTSYS ? -EINTR : ret;
	}
	source->attachment = attachment;

	ret = dmabay_import_describe(buffer);
	if (ret)
		dmabay_import_end(file, buffer);

	return ret;
}

/**
 * dmabay_import_end() - The device cannot reach it any more
 * @file: the file; its mutex is held
 * @buffer: a buffer that no transfer uses; nothing happens if it is not imported, and the
 *	second time
 *
 * Context: may sleep.
 */
void dmabay_import_end(struct dmabay_file *file, struct dmabay_buffer *buffer)
{
	struct dmabay_import_source *source = buffer->source;

	lockdep_assert_held(&file->mutex);

	if (!source || !source->attachment)
		return;

	dma_buf_unmap_attachment_unlocked(source->attachment, source->table, source->direction);
	dma_buf_detach(source->dma_buf, source->attachment);
	source->attachment = NULL;
}

/**
 * dmabay_import_put() - Let go of the dma-buf
 * @buffer: an imported buffer, ended
 *
 * Context: may sleep.
 */
void dmabay_import_put(struct dmabay_buffer *buffer)
{
	dmabay_memory_put(buffer->memory);
	dma_buf_put(buffer->source->dma_buf);
	kfree(buffer->source);
}

/* ---- DMABAY_IMPORT ---- */

/* Find the dma-buf, and whether the user may do this with it. */
static int dmabay_import_get(struct dmabay_buffer *buffer, int fd)
{
	fmode_t mode = FMODE_READ | (buffer->read_only ? 0 : FMODE_WRITE);
	struct dma_buf *dma_buf;
	int ret = 0;

	dma_buf = dma_buf_get(fd);
	if (IS_ERR(dma_buf))
		return PTR_ERR(dma_buf);

	if ((dma_buf->file->f_mode & mode) != mode)
		ret = -EACCES;
	else if (!dma_buf->size)
		ret = -EINVAL;
	else if (dma_buf->size > DMABAY_MAX_REGISTER_LENGTH)
		ret = -E2BIG;
	if (ret) {
		dma_buf_put(dma_buf);
		return ret;
	}

	buffer->source->dma_buf = dma_buf;
	buffer->source->direction = buffer->read_only ? DMA_TO_DEVICE : DMA_BIDIRECTIONAL;
	buffer->length = dma_buf->size;

	return 0;
}

/* Its exporter may be moving it, and mapping would wait for that with our mutex held. */
static int dmabay_import_settle(struct dmabay_file *file, struct dmabay_buffer *buffer,
				bool nonblock)
{
	struct dma_buf *dma_buf = buffer->source->dma_buf;

	if (nonblock && !dma_resv_test_signaled(dma_buf->resv, DMA_RESV_USAGE_KERNEL))
		return -EAGAIN;

	return dmabay_fences_wait(file, dma_buf, DMA_RESV_USAGE_KERNEL, 0, NULL);
}

/* On success the file owns it, not offered yet. */
static int dmabay_import_add(struct dmabay_file *file, struct dmabay_buffer *buffer)
{
	int ret;

	if (mutex_lock_interruptible(&file->mutex))
		return -EINTR;

	ret = dmabay_import_attach(file, buffer);
	if (ret)
		goto out_unlock;

	ret = xa_alloc(&file->buffers, &buffer->number, buffer,
		       XA_LIMIT(1, DMABAY_MAX_BUFFERS), GFP_KERNEL_ACCOUNT);
	if (ret) {
		ret = ret == -EBUSY ? -ENOSPC : ret;
		dmabay_import_end(file, buffer);
	}

out_unlock:
	mutex_unlock(&file->mutex);
	return ret;
}

static struct dmabay_buffer *dmabay_import_alloc(struct dmabay_device *device, bool read_only)
{
	struct dmabay_buffer *buffer;

	buffer = kzalloc_obj(*buffer, GFP_KERNEL_ACCOUNT);
	if (!buffer)
		return NULL;

	buffer->source = kzalloc_obj(*buffer->source, GFP_KERNEL_ACCOUNT);
	if (!buffer->source) {
		kfree(buffer);
		return NULL;
	}
	buffer->device = device;
	buffer->read_only = read_only;

	return buffer;
}

/**
 * dmabay_ioctl_import() - DMABAY_IMPORT
 * @command: the command
 *
 * Return: 0 or a negative errno.
 */
int dmabay_ioctl_import(struct dmabay_command *command)
{
	struct dmabay_import *arguments = command->data;
	struct dmabay_file *file = command->file;
	struct dmabay_buffer *buffer;
	int ret;

	if (arguments->flags & ~DMABAY_IMPORT_READ_ONLY)
		return -EOPNOTSUPP;

	buffer = dmabay_import_alloc(file->device, arguments->flags & DMABAY_IMPORT_READ_ONLY);
	if (!buffer)
		return -ENOMEM;

	ret = dmabay_import_get(buffer, arguments->fd);
	if (ret)
		goto err_free;

	ret = dmabay_import_settle(file, buffer, command->nonblock);
	if (!ret)
		ret = dmabay_import_add(file, buffer);
	if (ret)
		goto err_put;

	arguments->buffer = buffer->number;
	arguments->length = buffer->length;
	ret = dmabay_command_respond(command);
	if (ret)
		goto err_erase;

	WRITE_ONCE(file->imports, true);
	trace_dmabay_buffer_registered(file, buffer, arguments->buffer);
	refcount_set(&buffer->active, 1);
	return 0;

err_erase:
	mutex_lock(&file->mutex);
	xa_erase(&file->buffers, arguments->buffer);
	dmabay_import_end(file, buffer);
	mutex_unlock(&file->mutex);
err_put:
	dmabay_import_put(buffer);
	kfree_rcu(buffer, rcu);
	return ret;

err_free:
	kfree(buffer->source);
	kfree(buffer);
	return ret;
}
