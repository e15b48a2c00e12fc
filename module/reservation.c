// SPDX-License-Identifier: GPL-2.0-only
/*
 * A reservation: a transaction that holds map registers, and the transfers that
 * run on it one after the other.
 *
 * Owned by its file. Born and buried under &dmabay_file.mutex; between, it is
 * found under RCU and worked on under &dmabay_reservation.lock, in any context.
 *
 * A transfer is free, then queued, then running, then in the file's queue of
 * completions, then free again. Whoever queues one while none runs, and whoever
 * completes the running one, goes on with the next in dmabay_reservation_run().
 * The device may complete a transfer right there, and so lead back into it: the
 * second one in leaves the work to the first, so nothing nests however many
 * transfers wait. A reservation is idle when nothing is queued, nothing runs and
 * nobody is in there; it is not freed before.
 */
#include <linux/export.h>
#include <linux/overflow.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "user.h"

/* Transfers copied from the user at a time. */
#define DMABAY_SUBMIT_CHUNK	8U

static_assert((int)DMABAY_FROM_DEVICE == (int)DMABAY_READ_FROM_DEVICE);
static_assert((int)DMABAY_TO_DEVICE == (int)DMABAY_WRITE_TO_DEVICE);

static struct dmabay_device *dmabay_reservation_device(struct dmabay_reservation *reservation)
{
	return reservation->file->device;
}

/* Why the running transfer must not go on, or 0. */
static int dmabay_transfer_stopped(struct dmabay_reservation *reservation,
				   struct dmabay_user_transfer *transfer)
{
	int ended = READ_ONCE(reservation->ended);

	if (ended)
		return ended;
	if (READ_ONCE(dmabay_reservation_device(reservation)->gone))
		return -ENODEV;
	if (READ_ONCE(transfer->withdrawn))
		return -ECANCELED;

	return 0;
}

static bool dmabay_reservation_idle_locked(struct dmabay_reservation *reservation)
{
	return !reservation->running && !reservation->starting &&
	       list_empty(&reservation->queue);
}

static bool dmabay_reservation_idle(struct dmabay_reservation *reservation)
{
	unsigned long flags;
	bool idle;

	spin_lock_irqsave(&reservation->lock, flags);
	idle = dmabay_reservation_idle_locked(reservation);
	spin_unlock_irqrestore(&reservation->lock, flags);

	return idle;
}

/*
 * The last thing under the lock: who waits for an ended reservation to be idle
 * takes the lock to see that it is, and frees it.
 */
static void dmabay_reservation_wake(struct dmabay_reservation *reservation)
{
	lockdep_assert_held(&reservation->lock);

	if (reservation->ended && dmabay_reservation_idle_locked(reservation))
		wake_up_all(&reservation->file->idle);
}

/*
 * The running transfer is over, and the transaction knows nothing of it any
 * more. Says whether the caller has to run the next one; if not, the reservation
 * may be gone.
 */
static bool dmabay_transfer_finish(struct dmabay_reservation *reservation, int status,
				   size_t transferred)
{
	struct dmabay_device *device = dmabay_reservation_device(reservation);
	struct dmabay_user_transfer *transfer = reservation->running;
	unsigned long flags;
	bool run;

	transfer->status = status;
	transfer->transferred = transferred;
	if (transfer->buffer)
		refcount_dec(&transfer->buffer->active);

	atomic64_inc(&device->transfers);
	atomic64_add(transferred, &device->bytes);
	if (status)
		atomic64_inc(&device->errors);

	spin_lock_irqsave(&reservation->lock, flags);
	reservation->running = NULL;
	if (transfer->done)
		complete(transfer->done);
	else
		dmabay_completion_add(reservation->file, transfer);

	run = !reservation->starting && !list_empty(&reservation->queue);
	if (run)
		reservation->starting = true;
	else
		dmabay_reservation_wake(reservation);
	spin_unlock_irqrestore(&reservation->lock, flags);

	return run;
}

/* As dmabay_transfer_finish(), but the transaction was executed. */
static bool dmabay_transfer_over(struct dmabay_reservation *reservation, int status)
{
	struct dmabay_transaction *transaction = reservation->transaction;
	struct dmabay_user_transfer *transfer = reservation->running;
	size_t transferred = dmabay_transaction_bytes_transferred(transaction);

	if (!status && transferred < transfer->length)
		status = dmabay_transfer_stopped(reservation, transfer);
	/* DMABAY_ONCE may still want to cancel it, and releases it itself. */
	if (!transfer->done)
		dmabay_transaction_release(transaction);

	return dmabay_transfer_finish(reservation, status, transferred);
}

static bool dmabay_transfer_complete(struct dmabay_reservation *reservation, int status,
				     size_t length)
{
	struct dmabay_user_transfer *transfer = reservation->running;
	int ret;

	/* The driver's word, not more: it may have it from the device. */
	length = min(length, reservation->piece.length);
	if (status > 0)
		status = -EIO;

	if (!status && length == reservation->piece.length &&
	    !dmabay_transfer_stopped(reservation, transfer)) {
		ret = dmabay_transaction_completed(reservation->transaction);
	} else {
		ret = dmabay_transaction_completed_final(reservation->transaction, length);
	}
	/* The next piece is the device's, or even done; or the driver lied. */
	if (ret == -EINPROGRESS || ret == -EBADFD)
		return false;

	return dmabay_transfer_over(reservation, status ? status : ret);
}

static bool dmabay_program(struct dmabay_transaction *transaction, struct device *dev,
			   void *context, enum dmabay_direction direction,
			   const struct dmabay_sg_list *list)
{
	struct dmabay_reservation *reservation = context;
	struct dmabay_device *device = dmabay_reservation_device(reservation);
	struct dmabay_user_transfer *transfer = reservation->running;
	struct dmabay_device_piece *piece = &reservation->piece;

	INIT_LIST_HEAD(&piece->node);
	piece->address = list->elements[0].address;
	piece->length = list->elements[0].length;
	piece->device_address = transfer->device_address +
				dmabay_transaction_bytes_transferred(transaction);
	piece->direction = direction;

	if (dmabay_transfer_stopped(reservation, transfer))
		dmabay_device_complete(piece, 0, 0);
	else
		device->config.ops->program(device, piece);

	return true;
}

/* Makes @transfer, which is running, run. As dmabay_transfer_finish(). */
static void dmabay_transfer_start(struct dmabay_reservation *reservation,
				  struct dmabay_user_transfer *transfer)
{
	struct dmabay_transaction *transaction = reservation->transaction;
	int ret;

	ret = dmabay_transfer_stopped(reservation, transfer);
	if (!ret)
		ret = dmabay_transaction_initialize_offset(transaction, dmabay_program,
							   transfer->direction, transfer->memory,
							   transfer->offset, transfer->length);
	if (ret) {
		dmabay_transfer_finish(reservation, ret, 0);
		return;
	}

	ret = dmabay_transaction_execute(transaction, reservation);
	if (ret)
		dmabay_transfer_over(reservation, ret);
}

/* Starts what is queued, until one is under way. The caller set @starting. */
static void dmabay_reservation_run(struct dmabay_reservation *reservation)
{
	struct dmabay_user_transfer *transfer;
	unsigned long flags;

	spin_lock_irqsave(&reservation->lock, flags);
	while (!reservation->running) {
		transfer = list_first_entry_or_null(&reservation->queue,
						    struct dmabay_user_transfer, node);
		if (!transfer)
			break;
		list_del_init(&transfer->node);
		reservation->running = transfer;
		spin_unlock_irqrestore(&reservation->lock, flags);

		dmabay_transfer_start(reservation, transfer);

		spin_lock_irqsave(&reservation->lock, flags);
	}
	reservation->starting = false;
	dmabay_reservation_wake(reservation);
	spin_unlock_irqrestore(&reservation->lock, flags);
}

/* It had to wait for map registers, and then could not be mapped. */
static void dmabay_transfer_failed(struct dmabay_transaction *transaction, void *context,
				   int status)
{
	struct dmabay_reservation *reservation = context;

	if (dmabay_transfer_over(reservation, status))
		dmabay_reservation_run(reservation);
}

/* See <linux/dmabay.h>. */
void dmabay_device_complete(struct dmabay_device_piece *piece, int status, size_t length)
{
	struct dmabay_reservation *reservation =
		container_of(piece, struct dmabay_reservation, piece);

	if (WARN_ON_ONCE(!reservation->running))
		return;

	if (dmabay_transfer_complete(reservation, status, length))
		dmabay_reservation_run(reservation);
}
EXPORT_SYMBOL_GPL(dmabay_device_complete);

/* Queues @transfer under the lock. Says whether the caller has to run it. */
static bool dmabay_reservation_queue(struct dmabay_reservation *reservation,
				     struct dmabay_user_transfer *transfer)
{
	lockdep_assert_held(&reservation->lock);

	list_add_tail(&transfer->node, &reservation->queue);
	if (reservation->running || reservation->starting)
		return false;

	reservation->starting = true;
	return true;
}

/**
 * dmabay_reservation_submit() - Run a transfer of the caller's
 * @reservation: the reservation; the caller keeps it
 * @transfer: filled, with &dmabay_user_transfer.done; the caller's again when
 *	that is completed
 *
 * Context: any.
 * Return: 0, or why the reservation was ended.
 */
int dmabay_reservation_submit(struct dmabay_reservation *reservation,
			      struct dmabay_user_transfer *transfer)
{
	unsigned long flags;
	bool run = false;
	int ret;

	spin_lock_irqsave(&reservation->lock, flags);
	ret = reservation->ended;
	if (!ret)
		run = dmabay_reservation_queue(reservation, transfer);
	spin_unlock_irqrestore(&reservation->lock, flags);

	if (run)
		dmabay_reservation_run(reservation);

	return ret;
}

/**
 * dmabay_reservation_withdraw() - Let a transfer end early
 * @reservation: the reservation; the caller keeps it
 * @transfer: the only one on it, submitted with &dmabay_user_transfer.done
 *
 * The piece that the device works on is finished, no further one is started.
 *
 * Context: any.
 */
void dmabay_reservation_withdraw(struct dmabay_reservation *reservation,
				 struct dmabay_user_transfer *transfer)
{
	WRITE_ONCE(transfer->withdrawn, true);

	/* Only while it waits for map registers. */
	if (dmabay_transaction_cancel(reservation->transaction) &&
	    dmabay_transfer_over(reservation, 0))
		dmabay_reservation_run(reservation);
}

/**
 * dmabay_reservation_alloc() - Allocate a reservation and its transfers
 * @file: its owner
 * @depth: how many transfers
 *
 * It takes no transfers until &dmabay_reservation.ended is made 0.
 *
 * Context: may sleep.
 * Return: the reservation, or NULL.
 */
struct dmabay_reservation *dmabay_reservation_alloc(struct dmabay_file *file, u32 depth)
{
	struct dmabay_reservation *reservation;
	u32 i;

	reservation = kvzalloc(struct_size(reservation, transfers, depth), GFP_KERNEL_ACCOUNT);
	if (!reservation)
		return NULL;

	reservation->file = file;
	reservation->depth = depth;
	reservation->ended = -ENOENT;
	init_completion(&reservation->granted);
	spin_lock_init(&reservation->lock);
	INIT_LIST_HEAD(&reservation->queue);
	init_llist_head(&reservation->free);
	for (i = 0; i < depth; i++) {
		INIT_LIST_HEAD(&reservation->transfers[i].node);
		reservation->transfers[i].reservation = reservation;
		llist_add(&reservation->transfers[i].free, &reservation->free);
	}

	return reservation;
}

/**
 * dmabay_reservation_prepare() - Make the transaction of a reservation
 * @reservation: the reservation
 * @enabler: the enabler, which the caller keeps
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int dmabay_reservation_prepare(struct dmabay_reservation *reservation,
			       struct dmabay_enabler *enabler)
{
	int ret;

	ret = dmabay_transaction_create(enabler, &reservation->transaction);
	if (!ret)
		dmabay_transaction_set_failed(reservation->transaction, dmabay_transfer_failed);

	return ret;
}

/**
 * dmabay_reservation_end() - Give the registers back
 * @reservation: the reservation; the caller keeps others from doing the same
 * @error: how transfers end that were not started
 *
 * What the device works on is waited for. Nothing is linked any more when it
 * returns. Does nothing the second time.
 *
 * Context: may sleep.
 */
void dmabay_reservation_end(struct dmabay_reservation *reservation, int error)
{
	if (!reservation->transaction)
		return;

	spin_lock_irq(&reservation->lock);
	if (!reservation->ended)
		WRITE_ONCE(reservation->ended, error);
	spin_unlock_irq(&reservation->lock);

	/* Still in line: leave it, or see its callback through. */
	if (!completion_done(&reservation->granted)) {
		if (dmabay_transaction_cancel(reservation->transaction))
			complete_all(&reservation->granted);
		else
			wait_for_completion(&reservation->granted);
	}

	wait_event(reservation->file->idle, dmabay_reservation_idle(reservation));

	dmabay_transaction_delete(reservation->transaction);
	reservation->transaction = NULL;
}

/**
 * dmabay_reservation_free() - Undo dmabay_reservation_alloc()
 * @reservation: the reservation, ended; nobody finds it any more
 *
 * Context: may sleep.
 */
void dmabay_reservation_free(struct dmabay_reservation *reservation)
{
	dmabay_completions_drop(reservation);
	kvfree_rcu(reservation, rcu);
}

static void dmabay_reservation_destroy(struct dmabay_reservation *reservation)
{
	lockdep_assert_held(&reservation->file->mutex);

	xa_erase(&reservation->file->reservations, reservation->number);
	dmabay_reservation_end(reservation, -ENOENT);
	dmabay_reservation_free(reservation);
}

static void dmabay_reserved(struct dmabay_transaction *transaction, void *context)
{
	struct dmabay_reservation *reservation = context;

	complete_all(&reservation->granted);
}

/* Get in line. On success the file owns the reservation, not offered yet. */
static int dmabay_reservation_request(struct dmabay_reservation *reservation,
				      u32 map_registers, bool strict, bool immediate)
{
	struct dmabay_device *device = dmabay_reservation_device(reservation);
	struct dmabay_file *file = reservation->file;
	struct dmabay_adapter_info info;
	int ret;

	lockdep_assert_held(&device->registration_lock);
	lockdep_assert_held(&file->mutex);

	if (!device->ops)
		return -ENODEV;

	dmabay_adapter_info(dmabay_enabler_adapter(device->enabler, DMABAY_READ_FROM_DEVICE),
			    &info);
	if (map_registers > info.map_registers)
		return -ENOSPC;

	ret = dmabay_reservation_prepare(reservation, device->enabler);
	if (ret)
		return ret;

	ret = xa_alloc(&file->reservations, &reservation->number, reservation,
		       XA_LIMIT(1, DMABAY_MAX_RESERVATIONS), GFP_KERNEL_ACCOUNT);
	if (ret) {
		ret = ret == -EBUSY ? -ENOSPC : ret;
		goto err_delete;
	}

	if (strict)
		dmabay_transaction_set_keep_links(reservation->transaction, false);
	if (immediate)
		dmabay_transaction_set_immediate(reservation->transaction, true);

	/* The direction is a formality: all profiles have one adapter for both. */
	ret = dmabay_transaction_reserve(reservation->transaction, DMABAY_READ_FROM_DEVICE,
					 map_registers, dmabay_reserved, reservation);
	if (ret) {
		ret = immediate && ret == -ENOMEM ? -EAGAIN : ret;
		goto err_erase;
	}

	return 0;

err_erase:
	xa_erase(&file->reservations, reservation->number);
err_delete:
	dmabay_transaction_delete(reservation->transaction);
	return ret;
}

/* Wait in line, without a lock. */
static int dmabay_reservation_wait(struct dmabay_reservation *reservation)
{
	struct dmabay_file *file = reservation->file;
	int ret;

	ret = wait_for_completion_interruptible(&reservation->granted);

	mutex_lock(&file->mutex);
	if (ret && reservation->transaction &&
	    !dmabay_transaction_cancel(reservation->transaction)) {
		/* Too late to withdraw: the callback has run, or runs now. */
		wait_for_completion(&reservation->granted);
		ret = 0;
	} else if (ret) {
		ret = -EINTR;
		complete_all(&reservation->granted);
	}
	if (!reservation->transaction)
		ret = -ENODEV;
	if (ret)
		dmabay_reservation_destroy(reservation);
	mutex_unlock(&file->mutex);

	return ret;
}

/* The user knows its number, or not: then it never was. */
static void dmabay_reservation_offer(struct dmabay_reservation *reservation, bool known)
{
	struct dmabay_file *file = reservation->file;

	mutex_lock(&file->mutex);
	if (!known) {
		dmabay_reservation_destroy(reservation);
	} else if (reservation->transaction) {
		spin_lock_irq(&reservation->lock);
		WRITE_ONCE(reservation->ended, 0);
		spin_unlock_irq(&reservation->lock);
	}
	mutex_unlock(&file->mutex);
}

/**
 * dmabay_ioctl_reserve() - DMABAY_RESERVE
 * @command: the command
 *
 * Return: 0 or a negative errno.
 */
int dmabay_ioctl_reserve(struct dmabay_command *command)
{
	struct dmabay_reserve *arguments = command->data;
	struct dmabay_file *file = command->file;
	struct dmabay_reservation *reservation;
	int ret;

	if ((arguments->flags & ~(DMABAY_RESERVE_IMMEDIATE | DMABAY_RESERVE_STRICT)) ||
	    arguments->reserved)
		return -EOPNOTSUPP;
	if (!arguments->map_registers || !arguments->depth)
		return -EINVAL;
	if (arguments->depth > DMABAY_MAX_DEPTH)
		return -E2BIG;

	reservation = dmabay_reservation_alloc(file, arguments->depth);
	if (!reservation)
		return -ENOMEM;

	down_read(&file->device->registration_lock);
	mutex_lock(&file->mutex);
	ret = dmabay_reservation_request(reservation, arguments->map_registers,
					 arguments->flags & DMABAY_RESERVE_STRICT,
					 (arguments->flags & DMABAY_RESERVE_IMMEDIATE) ||
					 command->nonblock);
	mutex_unlock(&file->mutex);
	up_read(&file->device->registration_lock);
	if (ret) {
		dmabay_reservation_free(reservation);
		return ret;
	}

	ret = dmabay_reservation_wait(reservation);
	if (ret)
		return ret;

	arguments->reservation = reservation->number;
	ret = dmabay_command_respond(command);
	dmabay_reservation_offer(reservation, !ret);

	return ret;
}

/**
 * dmabay_ioctl_free() - DMABAY_FREE
 * @command: the command
 *
 * Return: 0 or a negative errno.
 */
int dmabay_ioctl_free(struct dmabay_command *command)
{
	struct dmabay_free *arguments = command->data;
	struct dmabay_file *file = command->file;
	struct dmabay_reservation *reservation;
	int ret = -ENOENT;

	mutex_lock(&file->mutex);

	reservation = xa_load(&file->reservations, arguments->reservation);
	if (reservation) {
		spin_lock_irq(&reservation->lock);
		ret = reservation->ended;
		if (!ret && (reservation->running || !list_empty(&reservation->queue)))
			ret = -EBUSY;
		if (!ret)
			WRITE_ONCE(reservation->ended, -ENOENT);
		spin_unlock_irq(&reservation->lock);
	}
	if (!ret)
		dmabay_reservation_destroy(reservation);

	mutex_unlock(&file->mutex);

	return ret;
}

static int dmabay_transfer_check(const struct dmabay_device *device,
				 const struct dmabay_transfer *wanted)
{
	u64 end;

	if (wanted->flags || wanted->reserved)
		return -EOPNOTSUPP;
	if (!wanted->length)
		return -EINVAL;
	if (wanted->direction != DMABAY_FROM_DEVICE && wanted->direction != DMABAY_TO_DEVICE)
		return -EINVAL;
	if (check_add_overflow(wanted->offset, wanted->length, &end))
		return -EOVERFLOW;
	if (check_add_overflow(wanted->device_address, wanted->length, &end))
		return -EOVERFLOW;
	if (!IS_ALIGNED(wanted->offset | wanted->length | wanted->device_address,
			device->config.alignment))
		return -EINVAL;
	if (end > device->config.memory_size)
		return -ERANGE;

	return 0;
}

/* Takes a free transfer for @wanted and queues it. @run: as it says. */
static int dmabay_transfer_queue(struct dmabay_reservation *reservation,
				 struct dmabay_buffer *buffer,
				 const struct dmabay_transfer *wanted, bool *run)
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
	transfer->memory = buffer->memory;
	transfer->offset = wanted->offset;
	transfer->length = wanted->length;
	transfer->device_address = wanted->device_address;
	transfer->cookie = wanted->cookie;
	transfer->direction = (enum dmabay_direction)wanted->direction;
	*run = dmabay_reservation_queue(reservation, transfer);

	return 0;
}

static int dmabay_transfer_submit(struct dmabay_file *file, const struct dmabay_transfer *wanted)
{
	struct dmabay_reservation *reservation;
	struct dmabay_buffer *buffer;
	unsigned long flags;
	bool run = false;
	int ret;

	ret = dmabay_transfer_check(file->device, wanted);
	if (ret)
		return ret;

	rcu_read_lock();

	reservation = xa_load(&file->reservations, wanted->reservation);
	buffer = xa_load(&file->buffers, wanted->buffer);
	ret = -ENOENT;
	if (!reservation || !buffer || !refcount_inc_not_zero(&buffer->active))
		goto out_unlock;

	if (wanted->offset + wanted->length > buffer->length) {
		ret = -ERANGE;
	} else if (buffer->read_only && wanted->direction == DMABAY_FROM_DEVICE) {
		ret = -EACCES;
	} else {
		spin_lock_irqsave(&reservation->lock, flags);
		ret = dmabay_transfer_queue(reservation, buffer, wanted, &run);
		spin_unlock_irqrestore(&reservation->lock, flags);
	}
	if (ret)
		refcount_dec(&buffer->active);

out_unlock:
	rcu_read_unlock();

	/* The reservation stays as long as its transfer is under way. */
	if (run)
		dmabay_reservation_run(reservation);

	return ret;
}

static int dmabay_submit(struct dmabay_file *file, const struct dmabay_transfer __user *user,
			 u32 count, u32 *submitted)
{
	struct dmabay_transfer chunk[DMABAY_SUBMIT_CHUNK];
	u32 i, in_chunk;
	int ret;

	for (*submitted = 0; *submitted < count; cond_resched()) {
		in_chunk = min(count - *submitted, DMABAY_SUBMIT_CHUNK);
		if (copy_from_user(chunk, user + *submitted, in_chunk * sizeof(*chunk)))
			return -EFAULT;

		for (i = 0; i < in_chunk; i++) {
			ret = dmabay_transfer_submit(file, &chunk[i]);
			if (ret)
				return ret;
			++*submitted;
		}
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
