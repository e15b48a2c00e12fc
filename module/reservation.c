// SPDX-License-Identifier: GPL-2.0-only
/*
 * A reservation: a transaction that holds map registers, and a number of transfers
 * that can run on it (transfer.c).
 *
 * Owned by its file. Born and buried under &dmabay_file.mutex; between, it is
 * found under RCU and worked on under &dmabay_reservation.lock, in any context. It
 * can be found before it is granted and until it is freed, but takes transfers only
 * while &dmabay_reservation.ended is 0.
 */
#include <linux/overflow.h>
#include <linux/slab.h>

#include "trace_user.h"
#include "user.h"

/* Room for a link for so many registers; every transaction has room for some. */
#define DMABAY_LINKED_PAGES	(SZ_64K >> PAGE_SHIFT)
#define DMABAY_LINKED_LEAST	64

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

	refcount_set(&reservation->references, 1);
	reservation->file = file;
	reservation->depth = depth;
	reservation->ended = -ENOENT;
	init_completion(&reservation->granted);
	spin_lock_init(&reservation->lock);
	reservation->alarm_at = KTIME_MAX;
	hrtimer_setup(&reservation->alarm, dmabay_reservation_alarm, CLOCK_MONOTONIC,
		      HRTIMER_MODE_ABS_SOFT);
	INIT_DELAYED_WORK(&reservation->watchdog, dmabay_reservation_watch);
	INIT_LIST_HEAD(&reservation->queue);
	init_llist_head(&reservation->free);
	for (i = 0; i < depth; i++) {
		INIT_LIST_HEAD(&reservation->transfers[i].node);
		reservation->transfers[i].reservation = reservation;
		dmabay_transfer_give(reservation, &reservation->transfers[i]);
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
		dmabay_transaction_set_failed(reservation->transaction, dmabay_reservation_failed);

	return ret;
}

/**
 * dmabay_reservation_end() - Give the registers back
 * @reservation: the reservation; the caller keeps others from doing the same
 * @error: how transfers end that were not started
 *
 * What the device works on is waited for, or stopped if it may never end by itself.
 * Nothing is linked any more when it returns. Does nothing the second time.
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

	dmabay_reservation_interrupt(reservation);
	wait_event(reservation->file->idle, dmabay_reservation_idle(reservation));
	hrtimer_cancel(&reservation->alarm);
	cancel_delayed_work_sync(&reservation->watchdog);

	dmabay_transaction_delete(reservation->transaction);
	reservation->transaction = NULL;
	if (reservation->number)
		trace_dmabay_reservation_freed(reservation);
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
	dmabay_reservation_put(reservation);
}

static void dmabay_reservation_destroy(struct dmabay_reservation *reservation)
{
	lockdep_assert_held(&reservation->file->mutex);

	xa_erase(&reservation->file->reservations, reservation->number);
	dmabay_reservation_end(reservation, -ENOENT);
	dmabay_batch_forget_reservation(reservation);
	dmabay_reservation_free(reservation);
}

static void dmabay_reserved(struct dmabay_transaction *transaction, void *context)
{
	struct dmabay_reservation *reservation = context;

	trace_dmabay_reservation_granted(reservation);
	complete_all(&reservation->granted);
}

/* Get in line. On success the file owns the reservation, not offered yet. */
static int dmabay_reservation_request(struct dmabay_reservation *reservation,
				      u32 map_registers, bool strict, bool immediate)
{
	struct dmabay_device *device = reservation->file->device;
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

	/* Of buffers of that size so many stay linked as fit; of smaller ones not all. */
	if (!strict && map_registers / DMABAY_LINKED_PAGES > DMABAY_LINKED_LEAST)
		ret = dmabay_transaction_make_links(reservation->transaction,
						    map_registers / DMABAY_LINKED_PAGES +
						    DMABAY_LINKED_LEAST);
	if (ret)
		goto err_delete;

	reservation->map_registers = map_registers;
	ret = xa_alloc(&file->reservations, &reservation->number, reservation,
		       XA_LIMIT(1, DMABAY_MAX_RESERVATIONS), GFP_KERNEL_ACCOUNT);
	if (ret) {
		ret = ret == -EBUSY ? -ENOSPC : ret;
		goto err_delete;
	}

	/* Only links could stay; what keeps none is as strict without looking. */
	reservation->strict = strict && info.provider == DMABAY_PROVIDER_IOVA;
	if (strict)
		dmabay_transaction_set_keep_links(reservation->transaction, false);
	if (immediate)
		dmabay_transaction_set_immediate(reservation->transaction, true);

	trace_dmabay_reservation_requested(reservation);
	/* The direction is a formality: all profiles have one adapter for both. */
	ret = dmabay_transaction_reserve(reservation->transaction, DMABAY_READ_FROM_DEVICE,
					 map_registers, dmabay_reserved, reservation);
	if (ret) {
		ret = immediate && ret == -ENOMEM ? -EAGAIN : ret;
		trace_dmabay_reservation_freed(reservation);
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
	/* It may have been granted what another one lost because the device went. */
	if (!reservation->transaction || READ_ONCE(file->device->gone))
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
		dmabay_piece_prepare(reservation);
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
		if (!ret && dmabay_reservation_busy(reservation))
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
