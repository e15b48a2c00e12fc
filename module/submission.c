// SPDX-License-Identifier: GPL-2.0-only
/*
 * A submission: from the user's array of transfers to the queue of a reservation.
 *
 * Owned by the stack of its caller, who copies some transfers at a time; what was checked
 * is what runs. A transfer is checked by itself first, then against what it names. Its
 * buffer is counted from there until its end, and so nobody takes it away; the reservation
 * is kept by the transfer itself, once that is queued. RCU keeps both until then.
 */
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/uaccess.h>

#include "user.h"

/* Transfers copied from the user at a time. */
#define DMABAY_SUBMIT_CHUNK	8U

static_assert((int)DMABAY_FROM_DEVICE == (int)DMABAY_READ_FROM_DEVICE);
static_assert((int)DMABAY_TO_DEVICE == (int)DMABAY_WRITE_TO_DEVICE);

/**
 * dmabay_transfer_check() - Can the device do such a transfer?
 * @device: the device
 * @offset: bytes into the buffer; only its alignment and its end are looked at
 * @length: bytes
 * @device_address: bytes into the device's memory
 * @direction: enum dmabay_user_direction
 *
 * Return: 0, or -EINVAL, -EOPNOTSUPP, -EOVERFLOW or -ERANGE.
 */
int dmabay_transfer_check(const struct dmabay_device *device, u64 offset, u64 length,
			  u64 device_address, u32 direction)
{
	u64 end;

	if (!length || (direction != DMABAY_FROM_DEVICE && direction != DMABAY_TO_DEVICE))
		return -EINVAL;
	if (!(device->config.directions & BIT(direction)))
		return -EOPNOTSUPP;
	if (check_add_overflow(offset, length, &end) ||
	    check_add_overflow(device_address, length, &end))
		return -EOVERFLOW;
	if (!IS_ALIGNED(offset | length | device_address, device->config.alignment))
		return -EINVAL;

	/* What has no memory takes or gives whatever comes next. */
	if (!device->config.memory_size)
		return device_address ? -ERANGE : 0;

	return end > device->config.memory_size ? -ERANGE : 0;
}

/* Takes a free transfer for @wanted and queues it, with one of the two kinds of memory. */
static int dmabay_transfer_queue(struct dmabay_reservation *reservation,
				 const struct dmabay_transfer *wanted,
				 struct dmabay_buffer *buffer, struct dmabay_memory *borrowed,
				 struct dmabay_vector *vector, bool *run)
{
	struct dmabay_user_transfer *transfer;
	struct llist_node *free;

	lockdep_assert_held(&reservation->lock);

	if (reservation->ended)
		return reservation->ended;

	free = llist_del_first(&reservation->free);
	if (!free)
		return -EAGAIN;

	transfer = llist_entry(free, struct dmabay_user_transfer, free);
	transfer->buffer = buffer;
	transfer->memory = borrowed ?: buffer->memory;
	transfer->vector = vector;
	transfer->offset = borrowed ? 0 : wanted->offset;
	transfer->length = wanted->length;
	transfer->device_address = wanted->device_address;
	transfer->cookie = wanted->cookie;
	transfer->deadline = wanted->deadline;
	transfer->direction = (enum dmabay_direction)wanted->direction;
	transfer->withdrawn = false;
	*run = dmabay_reservation_queue(reservation, transfer);

	return 0;
}

/* May a transfer use the buffer? And is everybody else done with it? */
static int dmabay_buffer_allows(const struct dmabay_buffer *buffer,
				const struct dmabay_transfer *wanted, enum dmabay_fences fences)
{
	if (wanted->offset + wanted->length > buffer->length)
		return -ERANGE;
	if (buffer->read_only && wanted->direction == DMABAY_FROM_DEVICE)
		return -EACCES;
	if (unlikely(buffer->source) && fences != DMABAY_FENCES_IGNORE &&
	    !dmabay_import_is_ready(buffer, wanted->direction))
		return -EAGAIN;

	return 0;
}

/**
 * dmabay_transfer_would_wait() - Has it to wait for a fence?
 * @file: the file
 * @wanted: the user's, copied
 *
 * Context: any.
 * Return: true if so, at this moment.
 */
bool dmabay_transfer_would_wait(struct dmabay_file *file, const struct dmabay_transfer *wanted)
{
	struct dmabay_buffer *buffer;
	bool waits = false;

	rcu_read_lock();
	buffer = xa_load(&file->buffers, wanted->buffer);
	if (buffer && refcount_inc_not_zero(&buffer->active)) {
		waits = buffer->source && !dmabay_import_is_ready(buffer, wanted->direction);
		refcount_dec(&buffer->active);
	}
	rcu_read_unlock();

	return waits;
}

/**
 * dmabay_transfer_admit() - Is it worth to look for what a transfer names?
 * @file: the file
 * @wanted: the user's, copied
 *
 * Return: 0 or a negative errno.
 */
int dmabay_transfer_admit(const struct dmabay_file *file, const struct dmabay_transfer *wanted)
{
	if (wanted->flags)
		return -EOPNOTSUPP;

	return dmabay_transfer_check(file->device, wanted->offset, wanted->length,
				     wanted->device_address, wanted->direction);
}

/*
 * Finds the buffer of a transfer, which counts it from here on. Under RCU, but for the time
 * that it waits for others who use the memory: then only the buffer stays.
 */
static int dmabay_buffer_use(struct dmabay_file *file, const struct dmabay_transfer *wanted,
			     struct dmabay_vector *vector, enum dmabay_fences fences,
			     struct dmabay_buffer **result)
{
	struct dmabay_buffer *buffer = xa_load(&file->buffers, wanted->buffer);
	int ret;

	if (!buffer || !refcount_inc_not_zero(&buffer->active))
		return -ENOENT;

	ret = dmabay_buffer_allows(buffer, wanted, fences);
	/* What is wrong is said before anybody waits. */
	if (ret == -EAGAIN && !xa_load(&file->reservations, wanted->reservation))
		ret = -ENOENT;
	if (ret == -EAGAIN && fences == DMABAY_FENCES_WAIT) {
		rcu_read_unlock();
		ret = dmabay_import_wait(file, buffer, wanted->direction, wanted->deadline,
					 vector);
		rcu_read_lock();
	}
	if (ret)
		refcount_dec(&buffer->active);
	*result = buffer;

	return ret;
}

/**
 * dmabay_transfer_submit() - Start one transfer
 * @file: the file
 * @wanted: the user's, copied and admitted
 * @borrowed: the memory, a reference that goes with the transfer; NULL for the buffer
 *	that is named
 * @vector: the io_uring command that is told of its end, or NULL for the file's queue
 * @fences: what to do about the fences of a dma-buf
 *
 * Context: may sleep.
 * Return: 0 or a negative errno; then nobody is told, and the reference is the caller's.
 */
int dmabay_transfer_submit(struct dmabay_file *file, const struct dmabay_transfer *wanted,
			   struct dmabay_memory *borrowed, struct dmabay_vector *vector,
			   enum dmabay_fences fences)
{
	struct dmabay_reservation *reservation;
	struct dmabay_buffer *buffer = NULL;
	unsigned long flags;
	bool run = false;
	int ret = 0;

	rcu_read_lock();

	if (!borrowed)
		ret = dmabay_buffer_use(file, wanted, vector, fences, &buffer);
	if (ret)
		goto out_unlock;

	reservation = xa_load(&file->reservations, wanted->reservation);
	if (reservation) {
		spin_lock_irqsave(&reservation->lock, flags);
		ret = dmabay_transfer_queue(reservation, wanted, buffer, borrowed, vector, &run);
		spin_unlock_irqrestore(&reservation->lock, flags);
	} else {
		ret = -ENOENT;
	}
	if (ret && buffer)
		refcount_dec(&buffer->active);

out_unlock:
	rcu_read_unlock();

	/* It stays as long as its transfer is under way. */
	if (run)
		dmabay_reservation_run(reservation, true);

	return ret;
}

static int dmabay_submit(struct dmabay_file *file, const struct dmabay_transfer __user *user,
			 u32 count, enum dmabay_fences fences, u32 *submitted)
{
	struct dmabay_transfer chunk[DMABAY_SUBMIT_CHUNK];
	u32 i, in_chunk;
	int ret;

	*submitted = 0;
	while (*submitted < count) {
		in_chunk = min(count - *submitted, DMABAY_SUBMIT_CHUNK);
		if (copy_from_user(chunk, user + *submitted, in_chunk * sizeof(*chunk)))
			return -EFAULT;

		for (i = 0; i < in_chunk; i++) {
			ret = dmabay_transfer_admit(file, &chunk[i]) ?:
			      dmabay_transfer_submit(file, &chunk[i], NULL, NULL, fences);
			if (ret)
				return ret;
			++*submitted;
		}
		cond_resched();
	}

	return 0;
}

/**
 * dmabay_ioctl_submit() - DMABAY_SUBMIT
 * @command: the command
 *
 * Return: 0 or a negative errno. -EFAULT with an answer if transfers were
 * started, but their completions could not be written.
 */
int dmabay_ioctl_submit(struct dmabay_command *command)
{
	struct dmabay_submit *arguments = command->data;
	struct dmabay_file *file = command->file;
	u32 min_complete = arguments->min_complete;
	int ret, respond;

	if (arguments->flags || arguments->reserved)
		return -EOPNOTSUPP;
	if (!arguments->count || min_complete > arguments->capacity)
		return -EINVAL;
	if (arguments->count > DMABAY_MAX_BATCH || arguments->capacity > DMABAY_MAX_BATCH)
		return -E2BIG;

	arguments->completed = 0;
	ret = dmabay_submit(file, u64_to_user_ptr(arguments->transfers), arguments->count,
			    command->nonblock ? DMABAY_FENCES_REFUSE : DMABAY_FENCES_WAIT,
			    &arguments->submitted);
	if (!arguments->submitted)
		return ret;

	/* What was refused will not complete: do not wait for it. */
	if (ret || command->nonblock)
		min_complete = 0;

	ret = dmabay_completions_read(file, u64_to_user_ptr(arguments->completions),
				      arguments->capacity, min_complete, arguments->deadline,
				      &arguments->completed);
	respond = dmabay_command_respond(command);

	return ret == -EFAULT && !arguments->completed ? ret : respond;
}
