// SPDX-License-Identifier: GPL-2.0-only
/*
 * An open file: the owner of buffers, reservations and completions.
 *
 * Nothing that it owns outlives it. Its end, by the last close or by the
 * device's, is the same in both cases: no transfer is started any more, the
 * pieces that the device works on are waited for, the registers are given back
 * and with them every link to the file's memory, and dma-bufs are detached from the
 * device. Only then is memory unpinned.
 * &dmabay_file.mutex keeps the two from doing it at once.
 */
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/poll.h>
#include <linux/slab.h>

#include "user.h"

/**
 * dmabay_file_end() - Finish everything that a file has under way
 * @file: the file
 * @error: how transfers end that were not started
 *
 * Gives back all map registers and every dma-buf. Pages stay pinned. Does nothing the
 * second time.
 *
 * Context: may sleep, as long as the device takes for the pieces it works on.
 */
void dmabay_file_end(struct dmabay_file *file, int error)
{
	struct dmabay_reservation *reservation;
	struct dmabay_buffer *buffer;
	unsigned long number;

	dmabay_once_end(file, error);

	mutex_lock(&file->mutex);
	xa_for_each(&file->reservations, number, reservation)
		dmabay_reservation_end(reservation, error);
	xa_for_each(&file->buffers, number, buffer)
		dmabay_import_end(file, buffer);
	mutex_unlock(&file->mutex);

	dmabay_completions_end(file);
}

/* How many files were opened. */
static atomic64_t dmabay_files;

static int dmabay_file_open(struct inode *inode, struct file *filp)
{
	struct dmabay_device *device = container_of(inode->i_cdev, struct dmabay_device, cdev);
	struct dmabay_file *file;
	bool gone;

	file = kzalloc_obj(*file, GFP_KERNEL_ACCOUNT);
	if (!file)
		return -ENOMEM;

	file->device = device;
	file->id = atomic64_inc_return(&dmabay_files);
	file->pid = task_tgid_nr(current);
	get_task_comm(file->comm, current);
	mutex_init(&file->mutex);
	xa_init_flags(&file->buffers, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	xa_init_flags(&file->reservations, XA_FLAGS_ALLOC1 | XA_FLAGS_ACCOUNT);
	mutex_init(&file->once_mutex);
	spin_lock_init(&file->access_lock);
	INIT_LIST_HEAD(&file->accesses);
	INIT_WORK(&file->access_work, dmabay_access_work);
	init_waitqueue_head(&file->idle);
	mutex_init(&file->read_mutex);
	spin_lock_init(&file->completion_lock);
	INIT_LIST_HEAD(&file->completions);
	init_waitqueue_head(&file->wait);

	mutex_lock(&device->files_lock);
	gone = READ_ONCE(device->gone);
	if (!gone)
		list_add_tail(&file->node, &device->files);
	mutex_unlock(&device->files_lock);
	if (gone) {
		kfree(file);
		return -ENODEV;
	}

	get_device(&device->dev);
	filp->private_data = file;

	/* Nothing is cached, and an asynchronous access keeps nobody waiting. */
	filp->f_mode |= FMODE_CAN_ODIRECT | FMODE_NOWAIT;

	return device->config.memory_size ? 0 : stream_open(inode, filp);
}

static int dmabay_file_release(struct inode *inode, struct file *filp)
{
	struct dmabay_file *file = filp->private_data;
	struct dmabay_device *device = file->device;
	struct dmabay_reservation *reservation;
	unsigned long number;

	/* Each access held the file; the last one may just have let it go. */
	cancel_work_sync(&file->access_work);
	dmabay_event_drop(file);
	dmabay_file_end(file, -ECANCELED);

	/* Unregistering the device may be looking at the file until here. */
	mutex_lock(&device->files_lock);
	list_del(&file->node);
	mutex_unlock(&device->files_lock);

	if (file->once)
		dmabay_reservation_free(file->once);
	xa_for_each(&file->reservations, number, reservation)
		dmabay_reservation_free(reservation);
	xa_destroy(&file->reservations);

	dmabay_buffers_free(file);
	xa_destroy(&file->buffers);
	dmabay_rings_free(file->rings);

	mutex_destroy(&file->read_mutex);
	mutex_destroy(&file->once_mutex);
	mutex_destroy(&file->mutex);
	kfree(file);
	put_device(&device->dev);

	return 0;
}

static __poll_t dmabay_file_poll(struct file *filp, poll_table *table)
{
	struct dmabay_file *file = filp->private_data;
	__poll_t events = 0;

	poll_wait(filp, &file->wait, table);
	/* Wait first, then look; pairs with wq_has_sleeper(). */
	smp_mb();

	if (dmabay_completions_there(file))
		events |= EPOLLIN | EPOLLRDNORM;
	if (READ_ONCE(file->ended))
		events |= EPOLLHUP | EPOLLERR;

	return events;
}

const struct file_operations dmabay_file_operations = {
	.owner = THIS_MODULE,
	.open = dmabay_file_open,
	.release = dmabay_file_release,
	.read_iter = dmabay_file_read,
	.write_iter = dmabay_file_write,
	.llseek = dmabay_file_seek,
	/* What was written is in the device when write() returns. */
	.fsync = noop_fsync,
	.poll = dmabay_file_poll,
	.mmap = dmabay_rings_mmap,
	.unlocked_ioctl = dmabay_ioctl,
	.compat_ioctl = compat_ptr_ioctl,
	.uring_cmd = dmabay_uring_cmd,
	.uring_cmd_iopoll = dmabay_uring_poll,
};
