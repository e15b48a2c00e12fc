// SPDX-License-Identifier: GPL-2.0-only
/*
 * A transfer of memory that is not registered, with nothing reserved: DMABAY_ONCE,
 * and each stretch of memory of a read() or write() (access.c).
 *
 * Owned by its caller: mapped by the plain DMA API, waited for, unmapped.
 * The transaction is made once per file, to keep what is measured honest;
 * &dmabay_file.once_mutex guards it and lets one call of a file run at a time.
 *
 * If the device is a channel it may wait in line for what a reservation has, even one
 * of the same file. So it leaves the line by itself when the device is gone: whoever
 * ends the file waits for it before the reservation is looked at.
 */
#include <linux/completion.h>
#include <linux/jiffies.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/overflow.h>
#include <linux/sched.h>

#include "user.h"

/**
 * dmabay_once_end() - Finish with the file's transaction
 * @file: the file
 * @error: why
 *
 * Waits for the call under way, which the end of the device cuts short.
 *
 * Context: may sleep.
 */
void dmabay_once_end(struct dmabay_file *file, int error)
{
	mutex_lock(&file->once_mutex);
	if (file->once)
		dmabay_reservation_end(file->once, error);
	mutex_unlock(&file->once_mutex);
}

static int dmabay_once_prepare(struct dmabay_file *file)
{
	struct dmabay_device *device = file->device;
	struct dmabay_reservation *once;
	int ret = -ENODEV;

	lockdep_assert_held(&file->once_mutex);

	/* The device may have gone since it was made. */
	if (file->once)
		return READ_ONCE(file->once->ended);

	once = dmabay_reservation_alloc(file, 0);
	if (!once)
		return -ENOMEM;

	down_read(&device->registration_lock);
	if (device->ops)
		ret = dmabay_reservation_prepare(once, device->once_enabler);
	up_read(&device->registration_lock);
	if (ret) {
		dmabay_reservation_free(once);
		return ret;
	}

	once->ended = 0;
	complete_all(&once->granted);
	/* Who looks at what is held does not take the mutex. */
	smp_store_release(&file->once, once);

	return 0;
}

static bool dmabay_once_is_over(struct dmabay_file *file, struct dmabay_user_transfer *transfer)
{
	return completion_done(transfer->done) || READ_ONCE(file->device->gone) ||
	       READ_ONCE(transfer->withdrawn);
}

/* Under the mutex: wait for it, as long as there is something to wait for. */
static void dmabay_once_wait(struct dmabay_file *file, struct dmabay_user_transfer *transfer,
			     long patience)
{
	struct dmabay_transaction *transaction = file->once->transaction;
	long left;

	lockdep_assert_held(&file->once_mutex);

	left = wait_event_interruptible_timeout(file->idle, dmabay_once_is_over(file, transfer),
						patience);
	if (!left && dmabay_transaction_cancel(transaction))
		dmabay_reservation_failed(transaction, file->once,
					  transfer->deadline ? -ETIMEDOUT : -EAGAIN);
	else if (!left)
		/* It is not in line any more, and the device ends it. */
		left = wait_event_interruptible(file->idle, dmabay_once_is_over(file, transfer));

	if (left < 0 || !completion_done(transfer->done))
		dmabay_reservation_withdraw(file->once, transfer);
	wait_for_completion(transfer->done);
}

/* Jiffies until a deadline, 0 if it has passed. */
static long dmabay_once_left(u64 deadline)
{
	u64 now = ktime_get_ns();

	if (deadline <= now)
		return 0;

	return min_t(u64, nsecs_to_jiffies64(deadline - now), MAX_SCHEDULE_TIMEOUT - 2) + 1;
}

/* What is left of it. Who has none is not in line, and only waits for the device. */
static long dmabay_once_patience(const struct dmabay_user_transfer *transfer, long patience)
{
	if (!patience)
		return MAX_SCHEDULE_TIMEOUT;
	if (transfer->deadline)
		return min(patience, dmabay_once_left(transfer->deadline));

	return patience;
}

static int dmabay_once_run(struct dmabay_file *file, struct dmabay_user_transfer *transfer,
			   long patience)
{
	struct dmabay_reservation *once;
	int ret;

	lockdep_assert_held(&file->once_mutex);

	ret = dmabay_once_prepare(file);
	if (ret)
		return ret;

	once = file->once;
	dmabay_transaction_set_immediate(once->transaction, !patience);
	ret = dmabay_reservation_submit(once, transfer);
	if (ret)
		return ret;

	dmabay_once_wait(file, transfer, dmabay_once_patience(transfer, patience));
	dmabay_transaction_release(once->transaction);

	if (transfer->status == -ECANCELED)
		return -EINTR;

	return !patience && transfer->status == -ENOMEM ? -EAGAIN : transfer->status;
}

/* Like the mutex, but not after the deadline. Who leaves it wakes who waits here. */
static int dmabay_once_enter_until(struct dmabay_file *file, u64 deadline)
{
	long left;

	left = wait_event_interruptible_timeout(file->idle, mutex_trylock(&file->once_mutex),
						dmabay_once_left(deadline));
	if (left < 0)
		return -EINTR;

	return left ? 0 : -ETIMEDOUT;
}

static int dmabay_once_enter(struct dmabay_file *file, long patience, u64 deadline)
{
	if (!patience)
		return mutex_trylock(&file->once_mutex) ? 0 : -EAGAIN;
	if (deadline)
		return dmabay_once_enter_until(file, deadline);

	return mutex_lock_interruptible(&file->once_mutex);
}

/**
 * dmabay_once_transfer() - Run a transfer for which nothing is reserved
 * @file: the file
 * @transfer: its memory, length, device address, direction and deadline
 * @patience: jiffies, how long to wait in line for map registers or a channel; 0 is
 *	not at all, MAX_SCHEDULE_TIMEOUT until the deadline
 *
 * &dmabay_user_transfer.transferred is right whatever is returned.
 *
 * Context: may sleep; a signal ends it early.
 * Return: 0 (also when the device ended it short), -EAGAIN, -EINTR, -ENODEV, -ENOMEM,
 * -ETIMEDOUT, or how the transfer ended.
 */
int dmabay_once_transfer(struct dmabay_file *file, struct dmabay_user_transfer *transfer,
			 long patience)
{
	DECLARE_COMPLETION_ONSTACK(done);
	int ret;

	transfer->done = &done;
	ret = dmabay_once_enter(file, patience, transfer->deadline);
	if (ret)
		return ret;

	ret = dmabay_once_run(file, transfer, patience);
	mutex_unlock(&file->once_mutex);
	wake_up_all(&file->idle);

	return ret;
}

/* A signal or the deadline in the middle is no failure; what is done is done. */
static bool dmabay_once_is_short(const struct dmabay_user_transfer *transfer, int error)
{
	return transfer->transferred &&
	       (error == -EINTR || (error == -ETIMEDOUT && transfer->deadline));
}

/**
 * dmabay_ioctl_once() - DMABAY_ONCE
 * @command: the command
 *
 * Return: 0 (also when it ended early, but not at once) or a negative errno.
 */
int dmabay_ioctl_once(struct dmabay_command *command)
{
	struct dmabay_once *arguments = command->data;
	struct dmabay_file *file = command->file;
	struct dmabay_user_transfer transfer = {
		.length = arguments->length,
		.device_address = arguments->device_address,
		.direction = (enum dmabay_direction)arguments->direction,
		.deadline = arguments->deadline,
	};
	struct dmabay_buffer buffer = {};
	int ret;

	if (arguments->flags || arguments->reserved)
		return -EOPNOTSUPP;
	ret = dmabay_transfer_check(file->device, 0, arguments->length,
				    arguments->device_address, arguments->direction);
	if (ret)
		return ret;

	ret = dmabay_buffer_pin(&buffer, file->device, arguments->address, arguments->length,
				arguments->direction == DMABAY_TO_DEVICE);
	if (ret)
		return ret;

	transfer.memory = buffer.memory;
	ret = dmabay_once_transfer(file, &transfer,
				   command->nonblock ? 0 : MAX_SCHEDULE_TIMEOUT);
	dmabay_buffer_unpin(&buffer);
	if (ret && !dmabay_once_is_short(&transfer, ret))
		return ret;

	arguments->transferred = transfer.transferred;
	return dmabay_command_respond(command);
}
