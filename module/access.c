// SPDX-License-Identifier: GPL-2.0-only
/*
 * An access: one read or write of the node. The file position is an address in device
 * memory; a device without memory is a stream.
 *
 * Its memory is cut into stretches, each pinned by itself and moved like a DMABAY_ONCE
 * (once.c), one after the other, until all are or one of them ends early. What was
 * moved until then is the result; only if it is nothing the caller is told why.
 *
 * A synchronous access is owned by the stack of its caller, and has one stretch pinned
 * at a time. An asynchronous one is owned by its file: the caller pins all of it, as
 * only the caller can, and leaves the rest to &dmabay_file.access_work, which may sleep
 * where an interrupt that ends a transfer may not. Its kiocb keeps the file open, so no
 * file is released before its accesses are completed; when the device goes they fail.
 *
 * No signal reaches the work. Accesses of aio can be cancelled, and are when their
 * process ends; those of io_uring cannot. So the work waits in line for a channel only
 * as long as the channel itself may take: the channel may be reserved by the very file
 * that cannot be closed before the access is completed.
 */
#include <linux/aio.h>
#include <linux/align.h>
#include <linux/fs.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/workqueue.h>

#include "user.h"

/* Longest stretch of user memory: within the usual RLIMIT_MEMLOCK. */
#define DMABAY_STRETCH_LENGTH	((size_t)SZ_4M)
/* And the most ranges of pages that somebody else keeps. */
#define DMABAY_STRETCH_VECTORS	256UL

/**
 * struct dmabay_stretch - Memory that is moved in one go
 * @node: in &dmabay_access.stretches
 * @buffer: the memory; has no pages if somebody else keeps them
 */
struct dmabay_stretch {
	struct list_head node;
	struct dmabay_buffer buffer;
};

/**
 * struct dmabay_access - An asynchronous read or write
 * @node: in &dmabay_file.accesses
 * @iocb: whom to tell
 * @stretches: all of its memory, in order
 * @transfer: of one stretch after the other
 */
struct dmabay_access {
	struct list_head node;
	struct kiocb *iocb;
	struct list_head stretches;
	struct dmabay_user_transfer transfer;
};

static struct workqueue_struct *dmabay_access_queue;

/**
 * dmabay_access_init() - Make what asynchronous accesses run on
 *
 * Return: 0 or -ENOMEM.
 */
int dmabay_access_init(void)
{
	dmabay_access_queue = alloc_workqueue("dmabay", WQ_UNBOUND, 0);

	return dmabay_access_queue ? 0 : -ENOMEM;
}

/**
 * dmabay_access_exit() - Undo dmabay_access_init()
 */
void dmabay_access_exit(void)
{
	destroy_workqueue(dmabay_access_queue);
}

/* ---- a stretch ---- */

/* User memory, up to the end of this iovec. */
static int dmabay_stretch_pin(struct dmabay_buffer *buffer, struct dmabay_device *device,
			      const struct iov_iter *iter, enum dmabay_direction direction)
{
	void __user *address;
	size_t length = iov_iter_count(iter);

	if (iter_is_ubuf(iter)) {
		address = iter->ubuf + iter->iov_offset;
	} else {
		address = iter_iov(iter)->iov_base + iter->iov_offset;
		length = min(length, iter_iov(iter)->iov_len - iter->iov_offset);
	}

	return dmabay_buffer_pin(buffer, device, (uintptr_t)address,
				 min(length, DMABAY_STRETCH_LENGTH),
				 direction == DMABAY_WRITE_TO_DEVICE);
}

/* Pages that stay as long as the access: buffers registered with an io_uring. */
static int dmabay_stretch_borrow(struct dmabay_buffer *buffer, struct iov_iter *iter)
{
	buffer->memory = dmabay_memory_borrow(iter, DMABAY_STRETCH_VECTORS);
	if (IS_ERR(buffer->memory))
		return PTR_ERR(buffer->memory);

	buffer->length = dmabay_memory_length(buffer->memory);

	return 0;
}

/* Takes the next stretch of @iter. Context: may sleep, for as long as user space lets it. */
static int dmabay_stretch_take(struct dmabay_buffer *buffer, struct dmabay_device *device,
			       struct iov_iter *iter, enum dmabay_direction direction)
{
	int ret;

	if (iov_iter_is_bvec(iter))
		ret = dmabay_stretch_borrow(buffer, iter);
	else
		ret = dmabay_stretch_pin(buffer, device, iter, direction);
	if (!ret)
		iov_iter_advance(iter, buffer->length);

	return ret;
}

static void dmabay_stretch_put(struct dmabay_buffer *buffer)
{
	if (buffer->pages)
		dmabay_buffer_unpin(buffer);
	else
		dmabay_memory_put(buffer->memory);
}

/*
 * Moves a stretch, and the file position as far. Adds to @moved what was moved. Says
 * whether the access goes on; if not, @result is why.
 */
static bool dmabay_stretch_move(struct kiocb *iocb, const struct dmabay_buffer *buffer,
				struct dmabay_user_transfer *transfer, long patience,
				ssize_t *moved, int *result)
{
	struct dmabay_file *file = iocb->ki_filp->private_data;
	bool seekable = file->device->config.memory_size;

	transfer->memory = buffer->memory;
	transfer->length = buffer->length;
	transfer->transferred = 0;
	transfer->device_address = seekable ? iocb->ki_pos : 0;

	*result = dmabay_once_transfer(file, transfer, patience);
	*moved += transfer->transferred;
	if (seekable)
		iocb->ki_pos += transfer->transferred;

	return !*result && transfer->transferred == buffer->length;
}

/* ---- asynchronous ---- */

/* The kiocb is not complete, and cannot become so meanwhile. Context: any. */
static int dmabay_access_cancel(struct kiocb *iocb)
{
	struct dmabay_file *file = iocb->ki_filp->private_data;
	struct dmabay_access *access = iocb->private;

	WRITE_ONCE(access->transfer.withdrawn, true);
	wake_up_all(&file->idle);

	return 0;
}

static void dmabay_access_complete(struct dmabay_access *access, long patience)
{
	struct dmabay_user_transfer *transfer = &access->transfer;
	struct dmabay_stretch *stretch, *next;
	struct kiocb *iocb = access->iocb;
	ssize_t moved = 0;
	bool go_on = true;
	int ret = 0;

	list_for_each_entry_safe(stretch, next, &access->stretches, node) {
		if (go_on)
			go_on = dmabay_stretch_move(iocb, &stretch->buffer, transfer, patience,
						    &moved, &ret);
		dmabay_stretch_put(&stretch->buffer);
		kfree(stretch);
	}
	/* Not by a signal. */
	if (ret == -EINTR)
		ret = -ECANCELED;

	iocb->ki_complete(iocb, moved ?: ret);
	kfree(access);
}

/**
 * dmabay_access_work() - Do what was asked for
 * @work: &dmabay_file.access_work
 *
 * The file stays while there is an access, and releasing it waits for the work.
 */
void dmabay_access_work(struct work_struct *work)
{
	struct dmabay_file *file = container_of(work, struct dmabay_file, access_work);
	const struct dmabay_device *device = file->device;
	long patience = device->is_channel ? msecs_to_jiffies(device->config.timeout_ms) :
					     MAX_SCHEDULE_TIMEOUT;
	struct dmabay_access *access;

	for (;;) {
		spin_lock(&file->access_lock);
		access = list_first_entry_or_null(&file->accesses, struct dmabay_access, node);
		if (access)
			list_del(&access->node);
		spin_unlock(&file->access_lock);
		if (!access)
			break;

		dmabay_access_complete(access, patience);
		cond_resched();
	}
}

/* Pins all of @iter, or as much as can be. */
static int dmabay_access_add(struct dmabay_access *access, struct dmabay_device *device,
			     struct iov_iter *iter)
{
	struct dmabay_stretch *stretch;
	int ret;

	while (iov_iter_count(iter)) {
		stretch = kzalloc_obj(*stretch, GFP_KERNEL_ACCOUNT);
		if (!stretch)
			return -ENOMEM;

		ret = dmabay_stretch_take(&stretch->buffer, device, iter,
					  access->transfer.direction);
		if (ret) {
			kfree(stretch);
			return ret;
		}
		list_add_tail(&stretch->node, &access->stretches);
	}

	return 0;
}

static ssize_t dmabay_access_start(struct kiocb *iocb, struct iov_iter *iter,
				   enum dmabay_direction direction)
{
	struct dmabay_file *file = iocb->ki_filp->private_data;
	struct dmabay_access *access;
	int ret;

	access = kzalloc_obj(*access, GFP_KERNEL_ACCOUNT);
	if (!access)
		return -ENOMEM;

	access->iocb = iocb;
	access->transfer.direction = direction;
	INIT_LIST_HEAD(&access->stretches);
	ret = dmabay_access_add(access, file->device, iter);
	if (list_empty(&access->stretches)) {
		kfree(access);
		return ret;
	}

	iocb->private = access;
	kiocb_set_cancel_fn(iocb, dmabay_access_cancel);

	/* Once the lock is free the access may be completed, and the file closed. */
	spin_lock(&file->access_lock);
	list_add_tail(&access->node, &file->accesses);
	queue_work(dmabay_access_queue, &file->access_work);
	spin_unlock(&file->access_lock);

	return -EIOCBQUEUED;
}

/* ---- synchronous ---- */

static ssize_t dmabay_access_now(struct kiocb *iocb, struct iov_iter *iter,
				 enum dmabay_direction direction)
{
	struct dmabay_file *file = iocb->ki_filp->private_data;
	bool nonblock = iocb->ki_flags & IOCB_NOWAIT || iocb->ki_filp->f_flags & O_NONBLOCK;
	struct dmabay_user_transfer transfer = { .direction = direction };
	ssize_t moved = 0;
	bool go_on = true;
	int ret = 0;

	while (go_on && iov_iter_count(iter)) {
		struct dmabay_buffer buffer = {};

		ret = dmabay_stretch_take(&buffer, file->device, iter, direction);
		if (ret)
			break;

		go_on = dmabay_stretch_move(iocb, &buffer, &transfer,
					    nonblock ? 0 : MAX_SCHEDULE_TIMEOUT, &moved, &ret);
		dmabay_stretch_put(&buffer);
	}

	/* It can be made again: the signal may be work for the task that it need not hear of. */
	if (ret == -EINTR && signal_pending(current))
		ret = -ERESTARTSYS;

	return moved ?: ret;
}

/* ---- the file's operations ---- */

/* Cuts @iter at the end of device memory. Returns what is left, or a negative errno. */
static ssize_t dmabay_access_check(const struct dmabay_device *device, const struct kiocb *iocb,
				   struct iov_iter *iter, enum dmabay_direction direction)
{
	u64 alignment = device->config.alignment;
	u64 end = ALIGN_DOWN(device->config.memory_size, alignment);
	bool seekable = device->config.memory_size;
	u64 position = seekable ? iocb->ki_pos : 0;

	if (READ_ONCE(device->gone))
		return -ENODEV;
	if (!(device->config.directions & BIT(direction)))
		return -EOPNOTSUPP;
	if (!user_backed_iter(iter) && !iov_iter_is_bvec(iter))
		return -EOPNOTSUPP;
	if (!iov_iter_count(iter))
		return 0;
	if (seekable && position >= end)
		return direction == DMABAY_READ_FROM_DEVICE ? 0 : -ENOSPC;

	if (seekable)
		iov_iter_truncate(iter, end - position);
	if (!IS_ALIGNED(position | iov_iter_alignment(iter), alignment))
		return -EINVAL;

	return iov_iter_count(iter);
}

static ssize_t dmabay_access(struct kiocb *iocb, struct iov_iter *iter,
			     enum dmabay_direction direction)
{
	struct dmabay_file *file = iocb->ki_filp->private_data;
	ssize_t length;

	length = dmabay_access_check(file->device, iocb, iter, direction);
	if (length <= 0)
		return length;

	return is_sync_kiocb(iocb) ? dmabay_access_now(iocb, iter, direction) :
				     dmabay_access_start(iocb, iter, direction);
}

/**
 * dmabay_file_read() - read_iter of the node
 * @iocb: where, and whom to tell
 * @to: memory of the user
 *
 * Context: may sleep.
 * Return: bytes, 0 at the end of device memory, -EIOCBQUEUED, or another negative errno.
 */
ssize_t dmabay_file_read(struct kiocb *iocb, struct iov_iter *to)
{
	return dmabay_access(iocb, to, DMABAY_READ_FROM_DEVICE);
}

/**
 * dmabay_file_write() - write_iter of the node
 * @iocb: where, and whom to tell
 * @from: memory of the user
 *
 * Context: may sleep.
 * Return: bytes, -EIOCBQUEUED, -ENOSPC at the end of device memory, or another negative
 * errno.
 */
ssize_t dmabay_file_write(struct kiocb *iocb, struct iov_iter *from)
{
	return dmabay_access(iocb, from, DMABAY_WRITE_TO_DEVICE);
}

/**
 * dmabay_file_seek() - llseek of the node
 * @filp: a file of a device with memory; a stream is not asked
 * @offset: where to
 * @whence: from where
 *
 * Return: the new position, or -EINVAL.
 */
loff_t dmabay_file_seek(struct file *filp, loff_t offset, int whence)
{
	const struct dmabay_file *file = filp->private_data;

	return fixed_size_llseek(filp, offset, whence, file->device->config.memory_size);
}
