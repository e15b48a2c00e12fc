// SPDX-License-Identifier: GPL-2.0-only
/*
 * A buffer: user memory that stays where it is, so that a device can use it. (One that
 * was imported is in import.c; what both have in common is here.)
 *
 * Owned by its file, which alone can find it. Its pages are pinned, and charged
 * to the user and the mm that pinned them, for exactly as long as it exists: a
 * buffer is charged before its first page is pinned, and unpinned after the last
 * link to it is gone. Registering and unregistering hold &dmabay_file.mutex;
 * &dmabay_buffer.active decides between unregistering and a transfer that is
 * being submitted.
 *
 * Memory that somebody else keeps in place, io_uring for one, is borrowed: it is no
 * buffer, and nothing here pins or charges it.
 */
#include <linux/bvec.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/user.h>
#include <linux/slab.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "debug.h"
#include "fault.h"
#include "trace_user.h"
#include "user.h"

/* Pages pinned or unpinned before others may run. */
#define DMABAY_PIN_CHUNK	512UL

/**
 * dmabay_pages_charge() - Count pages against RLIMIT_MEMLOCK of the calling process's user
 * @count: how many
 * @charged: out: who, for dmabay_pages_uncharge(); NULL if the process is exempt
 *
 * Return: 0, or -ENOMEM.
 */
int dmabay_pages_charge(unsigned long count, const struct cred **charged)
{
	struct user_struct *user = current_user();
	unsigned long limit, locked;

	*charged = NULL;
	if (dmabay_fault(DMABAY_FAULT_ACCOUNT))
		return -ENOMEM;
	if (capable(CAP_IPC_LOCK))
		return 0;

	limit = rlimit(RLIMIT_MEMLOCK) >> PAGE_SHIFT;
	locked = atomic_long_read(&user->locked_vm);
	do {
		if (count > limit || locked > limit - count)
			return -ENOMEM;
	} while (!atomic_long_try_cmpxchg(&user->locked_vm, &locked, locked + count));
	/* Not every kernel lets a module have a reference to a user alone. */
	*charged = get_current_cred();

	return 0;
}

/**
 * dmabay_pages_uncharge() - Undo dmabay_pages_charge()
 * @count: how many
 * @charged: who, or NULL
 */
void dmabay_pages_uncharge(unsigned long count, const struct cred *charged)
{
	if (!charged)
		return;

	atomic_long_sub(count, &charged->user->locked_vm);
	put_cred(charged);
}

static int dmabay_buffer_charge(struct dmabay_buffer *buffer)
{
	int ret;

	ret = dmabay_pages_charge(buffer->page_count, &buffer->charged);
	if (ret)
		return ret;

	buffer->mm = current->mm;
	mmgrab(buffer->mm);
	atomic64_add(buffer->page_count, &buffer->mm->pinned_vm);

	return 0;
}

static void dmabay_buffer_uncharge(struct dmabay_buffer *buffer)
{
	dmabay_pages_uncharge(buffer->page_count, buffer->charged);
	atomic64_sub(buffer->page_count, &buffer->mm->pinned_vm);
	mmdrop(buffer->mm);
}

static void dmabay_unpin_pages(struct dmabay_buffer *buffer, unsigned long count)
{
	unsigned long done, chunk;

	for (done = 0; done < count; done += chunk) {
		chunk = min(count - done, DMABAY_PIN_CHUNK);
		unpin_user_pages_dirty_lock(buffer->pages + done, chunk, !buffer->read_only);
		cond_resched();
	}
	atomic64_sub(count, &buffer->device->pinned_pages);
}

static int dmabay_pin_pages(struct dmabay_buffer *buffer, unsigned long start)
{
	unsigned int flags = FOLL_LONGTERM | (buffer->read_only ? 0 : FOLL_WRITE);
	unsigned long done = 0;
	int pinned;

	while (done < buffer->page_count) {
		pinned = -ENOMEM;
		if (!dmabay_fault(DMABAY_FAULT_PIN))
			pinned = pin_user_pages_fast(start + (done << PAGE_SHIFT),
						     min(buffer->page_count - done,
							 DMABAY_PIN_CHUNK),
						     flags, buffer->pages + done);
		if (pinned <= 0) {
			dmabay_unpin_pages(buffer, done);
			return pinned ? pinned : -EFAULT;
		}
		atomic64_add(pinned, &buffer->device->pinned_pages);
		atomic64_add(pinned, &buffer->device->pins);
		done += pinned;
		cond_resched();
	}

	return 0;
}

/**
 * dmabay_buffer_pin() - Pin user memory of the calling process
 * @buffer: zeroed
 * @device: the device it is for
 * @address: user virtual address
 * @length: bytes
 * @read_only: the device will only read it
 *
 * Context: may sleep, for as long as user space lets it; no lock is held.
 * Return: 0, or -EINVAL (length 0, alignment), -EOVERFLOW, -E2BIG, -ENOMEM, -EFAULT, or
 * another errno of pin_user_pages_fast(). Nothing stays pinned then.
 */
int dmabay_buffer_pin(struct dmabay_buffer *buffer, struct dmabay_device *device, u64 address,
		      u64 length, bool read_only)
{
	u64 end;
	int ret;

	if (!length || !IS_ALIGNED(address, device->config.alignment))
		return -EINVAL;
	if (check_add_overflow(address, length, &end))
		return -EOVERFLOW;
	if (length > DMABAY_MAX_REGISTER_LENGTH)
		return -E2BIG;
	/* No page lies there, and the end of the last one could not be told from 0. */
	if (end > (ULONG_MAX & PAGE_MASK))
		return -EFAULT;
	/* Pinning ignores a tag in it, which only a program that asked for tags may leave there. */
	if (!access_ok(u64_to_user_ptr(address), length))
		return -EFAULT;

	buffer->device = device;
	buffer->length = length;
	buffer->read_only = read_only;
	buffer->page_count = dmabay_span_pages(address, length);
	buffer->pages = kvmalloc_array(buffer->page_count, sizeof(*buffer->pages),
				       GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (!buffer->pages)
		return -ENOMEM;

	ret = dmabay_buffer_charge(buffer);
	if (ret)
		goto err_free;

	ret = dmabay_pin_pages(buffer, address & PAGE_MASK);
	if (ret)
		goto err_uncharge;

	buffer->memory = dmabay_memory_from_pages(buffer->pages, buffer->page_count,
						  offset_in_page(address), length,
						  GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	if (IS_ERR(buffer->memory)) {
		ret = PTR_ERR(buffer->memory);
		goto err_unpin;
	}
	if (read_only)
		dmabay_memory_set_read_only(buffer->memory);

	return 0;

err_unpin:
	dmabay_unpin_pages(buffer, buffer->page_count);
err_uncharge:
	dmabay_buffer_uncharge(buffer);
err_free:
	kvfree(buffer->pages);
	return ret;
}

/**
 * dmabay_buffer_unpin() - Undo dmabay_buffer_pin()
 * @buffer: the buffer; nothing keeps it linked
 *
 * Context: may sleep.
 */
void dmabay_buffer_unpin(struct dmabay_buffer *buffer)
{
	dmabay_watch_unpin(buffer->memory);
	dmabay_memory_put(buffer->memory);
	dmabay_unpin_pages(buffer, buffer->page_count);
	dmabay_buffer_uncharge(buffer);
	kvfree(buffer->pages);
}

static void dmabay_buffer_put(struct dmabay_buffer *buffer)
{
	if (buffer->source)
		dmabay_import_put(buffer);
	else
		dmabay_buffer_unpin(buffer);
}

/**
 * dmabay_memory_borrow() - Describe memory that somebody else keeps in place
 * @iter: ranges of pages; not advanced, but for those that are empty
 * @most: ranges to take
 *
 * Context: may sleep.
 * Return: a reference to memory that is not kept linked, or ERR_PTR: as
 * dmabay_memory_from_bvec().
 */
struct dmabay_memory *dmabay_memory_borrow(struct iov_iter *iter, unsigned long most)
{
	gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_NOWARN;
	struct dmabay_memory *memory;
	size_t end, covered = 0;
	struct bio_vec *ranges;
	unsigned long count;

	iov_iter_advance(iter, 0);
	end = iter->iov_offset + iov_iter_count(iter);
	for (count = 0; count < most && covered < end; count++)
		covered += iter->bvec[count].bv_len;

	ranges = kvmalloc_array(count, sizeof(*ranges), gfp);
	if (!ranges)
		return ERR_PTR(-ENOMEM);

	memcpy(ranges, iter->bvec, array_size(count, sizeof(*ranges)));
	ranges->bv_offset += iter->iov_offset;
	ranges->bv_len -= iter->iov_offset;
	if (covered > end)
		ranges[count - 1].bv_len -= covered - end;

	memory = dmabay_memory_from_bvec(ranges, count, gfp);
	kvfree(ranges);
	if (!IS_ERR(memory))
		dmabay_memory_set_borrowed(memory);

	return memory;
}

/**
 * dmabay_buffers_free() - Give all buffers of a file back
 * @file: the file, ended
 *
 * Context: may sleep.
 */
void dmabay_buffers_free(struct dmabay_file *file)
{
	struct dmabay_buffer *buffer;
	unsigned long number;

	xa_for_each(&file->buffers, number, buffer) {
		trace_dmabay_buffer_unregistered(file, buffer, number);
		dmabay_buffer_put(buffer);
		kfree(buffer);
	}
}

/**
 * dmabay_ioctl_register() - DMABAY_REGISTER
 * @command: the command
 *
 * Return: 0 or a negative errno.
 */
int dmabay_ioctl_register(struct dmabay_command *command)
{
	struct dmabay_register *arguments = command->data;
	struct dmabay_file *file = command->file;
	struct dmabay_buffer *buffer;
	int ret;

	if ((arguments->flags & ~DMABAY_REGISTER_READ_ONLY) || arguments->reserved)
		return -EOPNOTSUPP;

	buffer = kzalloc_obj(*buffer, GFP_KERNEL_ACCOUNT);
	if (!buffer)
		return -ENOMEM;

	ret = dmabay_buffer_pin(buffer, file->device, arguments->address, arguments->length,
				arguments->flags & DMABAY_REGISTER_READ_ONLY);
	if (ret)
		goto err_free;

	/* Its count is 0: nobody can use it before the user knows its number. */
	ret = xa_alloc(&file->buffers, &buffer->number, buffer,
		       XA_LIMIT(1, DMABAY_MAX_BUFFERS), GFP_KERNEL_ACCOUNT);
	if (ret) {
		ret = ret == -EBUSY ? -ENOSPC : ret;
		goto err_unpin;
	}

	arguments->buffer = buffer->number;
	ret = dmabay_command_respond(command);
	if (ret)
		goto err_erase;

	trace_dmabay_buffer_registered(file, buffer, arguments->buffer);
	refcount_set(&buffer->active, 1);
	return 0;

err_erase:
	xa_erase(&file->buffers, arguments->buffer);
err_unpin:
	dmabay_buffer_unpin(buffer);
err_free:
	kfree_rcu(buffer, rcu);
	return ret;
}

/* After it, no reservation of the file keeps a link to the memory. */
static int dmabay_buffer_unlink(struct dmabay_file *file, struct dmabay_buffer *buffer)
{
	struct dmabay_reservation *reservation;
	unsigned long number;
	int ret;

	lockdep_assert_held(&file->mutex);

	xa_for_each(&file->reservations, number, reservation) {
		if (!reservation->transaction || !completion_done(&reservation->granted))
			continue;
		ret = dmabay_transaction_unlink(reservation->transaction, buffer->memory);
		if (WARN_ON_ONCE(ret))
			return ret;
	}

	return 0;
}

/**
 * dmabay_ioctl_unregister() - DMABAY_UNREGISTER
 * @command: the command
 *
 * Return: 0 or a negative errno.
 */
int dmabay_ioctl_unregister(struct dmabay_command *command)
{
	struct dmabay_unregister *arguments = command->data;
	struct dmabay_file *file = command->file;
	struct dmabay_buffer *buffer;
	int ret;

	mutex_lock(&file->mutex);

	buffer = xa_load(&file->buffers, arguments->buffer);
	if (!buffer || !refcount_read(&buffer->active)) {
		ret = -ENOENT;
		goto err_unlock;
	}
	if (!refcount_dec_if_one(&buffer->active)) {
		ret = -EBUSY;
		goto err_unlock;
	}

	ret = dmabay_buffer_unlink(file, buffer);
	if (ret) {
		refcount_set(&buffer->active, 1);
		goto err_unlock;
	}

	trace_dmabay_buffer_unregistered(file, buffer, arguments->buffer);
	/* Before another one may have its number. */
	dmabay_batch_forget_buffer(file, buffer);
	xa_erase(&file->buffers, arguments->buffer);
	dmabay_import_end(file, buffer);
	mutex_unlock(&file->mutex);

	dmabay_buffer_put(buffer);
	kfree_rcu(buffer, rcu);

	return 0;

err_unlock:
	mutex_unlock(&file->mutex);
	return ret;
}
