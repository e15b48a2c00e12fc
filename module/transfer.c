// SPDX-License-Identifier: GPL-2.0-only
/*
 * A transfer: from the queue of its reservation to its end.
 *
 * Owned by its reservation, or by the caller of DMABAY_ONCE, and guarded by
 * &dmabay_reservation.lock until it has ended. It is free, then queued, then
 * running, then in the file's queue of completions, then free again. Whoever takes it
 * out of the queue owns its end: one who has it run, or one who withdraws it. One that
 * came by io_uring is free as soon as it ended, because its command is told and not the
 * queue of completions.
 *
 * Whoever queues one while none runs, and whoever completes the running one, goes
 * on with the next in dmabay_reservation_run(). The device may complete a transfer
 * right there, and so lead back into it: the second one in leaves the work to the
 * first, so nothing nests however many transfers wait. A reservation is idle when
 * nothing is queued, nothing runs and nobody is in there; it is not freed before.
 *
 * A transfer on registers of its reservation goes piece by piece (piece.c), each started by
 * whoever runs the reservation. Without them it is executed by the transaction, which asks
 * for some, and calls dmabay_program() for each piece.
 *
 * If the device is a channel, the core has started the piece before dmabay_program()
 * hears of it, and dmabay_channel_done() hears of its end. Only then can a piece be
 * stopped: when it is late, which the watchdog of the reservation sees, or when nobody
 * wants it any more and the channel might wait for its peripheral for ever. The hot path
 * only writes down when the piece would be late; the watchdog looks again and again as
 * long as something runs.
 */
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/sched.h>

#include "batch.h"
#include "debug.h"

#define CREATE_TRACE_POINTS
#include "trace_user.h"

static struct dmabay_device *dmabay_reservation_device(struct dmabay_reservation *reservation)
{
	return reservation->file->device;
}

/* Nobody but us ends what such a device waits for. */
static bool dmabay_device_may_wait(const struct dmabay_device *device)
{
	return device->is_channel && !device->is_copier;
}

/**
 * dmabay_reservation_busy() - Is there a transfer that has not ended?
 * @reservation: the reservation; its lock is held
 *
 * Context: any.
 * Return: true if so. If not, somebody may still be about to look for more.
 */
bool dmabay_reservation_busy(struct dmabay_reservation *reservation)
{
	lockdep_assert_held(&reservation->lock);

	return reservation->entered || READ_ONCE(reservation->running) ||
	       !list_empty(&reservation->queue);
}

/**
 * dmabay_reservation_idle() - Whether no transfer is under way
 * @reservation: the reservation
 *
 * Context: any.
 * Return: true if so, and nobody uses it any more who will not take its lock.
 */
bool dmabay_reservation_idle(struct dmabay_reservation *reservation)
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

/* Its turn has come. */
static void dmabay_reservation_take(struct dmabay_reservation *reservation,
				    struct dmabay_user_transfer *transfer)
{
	lockdep_assert_held(&reservation->lock);

	WRITE_ONCE(reservation->running, transfer);
	WRITE_ONCE(reservation->started, jiffies);
	reservation->late = false;
	reservation->moved = 0;
	reservation->due = true;
}

/* Is there something to start? It is the caller's, who does that. */
static bool dmabay_reservation_next(struct dmabay_reservation *reservation)
{
	struct dmabay_user_transfer *transfer;
	bool due;

	lockdep_assert_held(&reservation->lock);

	if (!READ_ONCE(reservation->running) && !list_empty(&reservation->queue)) {
		transfer = list_first_entry(&reservation->queue, struct dmabay_user_transfer, node);
		list_del_init(&transfer->node);
		dmabay_reservation_take(reservation, transfer);
	}
	due = reservation->due;
	reservation->due = false;

	return due;
}

/* Become the one who runs it, if there is something to start and nobody who does. */
static bool dmabay_reservation_claim(struct dmabay_reservation *reservation)
{
	lockdep_assert_held(&reservation->lock);

	if (reservation->starting)
		return false;
	reservation->starting = dmabay_reservation_next(reservation);

	return reservation->starting;
}

/**
 * dmabay_transfer_end() - Say how a transfer ended
 * @reservation: it was submitted to
 * @transfer: the transfer; not queued, and not running any more
 * @status: how
 * @transferred: bytes
 *
 * It is the user's from here on.
 *
 * Context: any; under the lock of the reservation.
 */
void dmabay_transfer_end(struct dmabay_reservation *reservation,
			 struct dmabay_user_transfer *transfer, int status, size_t transferred)
{
	struct dmabay_device *device = dmabay_reservation_device(reservation);
	struct dmabay_vector *vector = transfer->vector;

	lockdep_assert_held(&reservation->lock);

	transfer->status = status;
	transfer->transferred = transferred;
	if (transfer->buffer)
		refcount_dec(&transfer->buffer->active);
	else if (vector)
		dmabay_memory_put(transfer->memory);

	dmabay_device_moved(device, 1, transferred);
	if (status)
		atomic64_inc(&device->errors);
	trace_dmabay_transfer_ended(reservation, transfer);

	if (transfer->done) {
		complete(transfer->done);
		wake_up_all(&reservation->file->idle);
	} else if (vector) {
		dmabay_transfer_give(reservation, transfer);
		dmabay_vector_ended(vector, status, transferred);
	} else {
		dmabay_completion_add(reservation->file, transfer);
	}
}

/*
 * The running transfer is over, and the transaction knows nothing of it any
 * more. Says whether the caller has to run the next one; if not, the reservation
 * may be gone.
 */
static bool dmabay_transfer_finish(struct dmabay_reservation *reservation, int status,
				   size_t transferred)
{
	struct dmabay_user_transfer *transfer;
	unsigned long flags;
	bool run;

	spin_lock_irqsave(&reservation->lock, flags);
	transfer = reservation->running;
	WRITE_ONCE(reservation->running, NULL);
	dmabay_transfer_end(reservation, transfer, status, transferred);

	run = dmabay_reservation_claim(reservation);
	if (!run)
		dmabay_reservation_wake(reservation);
	spin_unlock_irqrestore(&reservation->lock, flags);

	return run;
}

/* The channel was stopped, or is not started again. Why? */
static int dmabay_transfer_cancelled(struct dmabay_reservation *reservation,
				     struct dmabay_user_transfer *transfer, size_t transferred)
{
	bool late = READ_ONCE(reservation->late);

	if (late) {
		atomic64_inc(&dmabay_reservation_device(reservation)->timeouts);
		dmabay_dump_take(reservation, -ETIMEDOUT, transferred);
	}

	return dmabay_transfer_stopped(reservation, transfer) ?: late ? -ETIMEDOUT : -ECANCELED;
}

/* As dmabay_transfer_finish(), but it was started. */
static bool dmabay_transfer_over(struct dmabay_reservation *reservation, int status)
{
	struct dmabay_user_transfer *transfer = reservation->running;

	if (!reservation->channel)
		reservation->moved =
			dmabay_transaction_bytes_transferred(reservation->transaction);

	/* Not a deadline of the user's: the device did not answer, or said what cannot be. */
	if (status == -ETIMEDOUT || status == -EPROTO)
		dmabay_dump_take(reservation, status, reservation->moved);
	else if (!status && reservation->moved < transfer->length)
		status = dmabay_transfer_stopped(reservation, transfer);
	else if (status == -ECANCELED)
		status = dmabay_transfer_cancelled(reservation, transfer, reservation->moved);

	if (reservation->channel)
		dmabay_piece_unlink(reservation, transfer);
	/* DMABAY_ONCE may still want to cancel it, and releases it itself. */
	else if (!transfer->done)
		dmabay_transaction_release(reservation->transaction);

	return dmabay_transfer_finish(reservation, status, reservation->moved);
}

/* There is a next piece. As dmabay_transfer_finish(). */
static bool dmabay_transfer_go_on(struct dmabay_reservation *reservation)
{
	unsigned long flags;
	bool run;

	spin_lock_irqsave(&reservation->lock, flags);
	reservation->due = true;
	run = dmabay_reservation_claim(reservation);
	spin_unlock_irqrestore(&reservation->lock, flags);

	return run;
}

/**
 * dmabay_transfer_complete() - The piece that the device works on is done
 * @reservation: it runs on
 * @status: 0 or a negative errno
 * @length: bytes of it that were moved, not more than it has
 *
 * Context: any.
 * Return: whether the caller has to dmabay_reservation_run() it; never if he does already.
 */
bool dmabay_transfer_complete(struct dmabay_reservation *reservation, int status, size_t length)
{
	struct dmabay_user_transfer *transfer = reservation->running;
	int ret;

	if (reservation->channel)
		return dmabay_piece_complete(reservation, status, length) ?
		       dmabay_transfer_go_on(reservation) :
		       dmabay_transfer_over(reservation, status);

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

/* The device, or the channel, is done with the piece, and this is true. */
static void dmabay_reservation_answered(struct dmabay_reservation *reservation, int status,
					size_t length)
{
	trace_dmabay_piece_completed(reservation, status, length);

	reservation->status = status;
	reservation->length = length;
	/* It came before the end of program(): who called that goes on. */
	if (reservation->channel && !atomic_xchg(&reservation->met, 1))
		return;

	if (dmabay_transfer_complete(reservation, status, length))
		dmabay_reservation_run(reservation, false);
}

/*
 * The channel has the piece. Who ends the reservation may have stopped the transaction
 * before it was initialized, when there was nothing to stop yet.
 */
static void dmabay_channel_started(struct dmabay_reservation *reservation)
{
	struct dmabay_device *device = dmabay_reservation_device(reservation);
	unsigned long timeout = msecs_to_jiffies(device->config.timeout_ms);

	WRITE_ONCE(reservation->deadline, (jiffies + timeout) ?: 1);
	if (!reservation->watched) {
		reservation->watched = true;
		schedule_delayed_work(&reservation->watchdog, timeout);
	}

	if (dmabay_device_may_wait(device) &&
	    dmabay_transfer_stopped(reservation, reservation->running))
		dmabay_transaction_stop(reservation->transaction);
}

/*
 * The channel is done with the piece, or could not be given one: then there is nothing
 * under way, and no byte of it was moved.
 */
static void dmabay_channel_done(struct dmabay_transaction *transaction, struct device *dev,
				void *context, enum dmabay_direction direction,
				enum dmabay_dma_status status)
{
	struct dmabay_reservation *reservation = context;
	struct dmabay_device *device = dmabay_reservation_device(reservation);
	size_t length = dmabay_transaction_current_length(transaction), left;
	struct dmabay_adapter *adapter;

	WRITE_ONCE(reservation->deadline, 0);
	reservation->piece.length = length;
	if (status == DMABAY_DMA_COMPLETE) {
		dmabay_reservation_answered(reservation, 0, length);
		return;
	}

	adapter = dmabay_enabler_adapter(device->enabler, direction);
	left = min(dmabay_adapter_read_counter(adapter), length);
	dmabay_reservation_answered(reservation,
				    status == DMABAY_DMA_CANCELLED ? -ECANCELED : -EIO,
				    length - left);
}

static bool dmabay_program(struct dmabay_transaction *transaction, struct device *dev,
			   void *context, enum dmabay_direction direction,
			   const struct dmabay_sg_list *list)
{
	struct dmabay_reservation *reservation = context;
	struct dmabay_device *device = dmabay_reservation_device(reservation);
	struct dmabay_user_transfer *transfer = reservation->running;
	struct dmabay_device_piece *piece = &reservation->piece;
	void (*program)(struct dmabay_device *device, struct dmabay_device_piece *piece);
	struct dmabay_context saved;

	reservation->moved = dmabay_transaction_bytes_transferred(transaction);
	piece->length = dmabay_transaction_current_length(transaction);
	trace_dmabay_piece_programmed(reservation);
	if (device->is_channel) {
		dmabay_channel_started(reservation);
		return true;
	}

	INIT_LIST_HEAD(&piece->node);
	piece->address = list->elements[0].address;
	piece->device_address = transfer->device_address + reservation->moved;
	piece->direction = direction;
	piece->polled = transfer->vector && transfer->vector->polled;

	if (dmabay_transfer_stopped(reservation, transfer)) {
		dmabay_reservation_answered(reservation, 0, 0);
		return true;
	}

	atomic_set_release(&reservation->programmed, 1);
	program = device->config.ops->program;
	dmabay_context_save(&saved);
	program(device, piece);
	dmabay_context_compare(&saved, "program", program);

	return true;
}

/* The running transfer, without a channel that holds registers for it. */
static void dmabay_transfer_execute(struct dmabay_reservation *reservation,
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

	trace_dmabay_transfer_started(reservation, transfer);
	if (dmabay_reservation_device(reservation)->is_channel) {
		dmabay_transaction_set_transfer_complete(transaction, dmabay_channel_done,
							 reservation);
		dmabay_transaction_set_device_offset(transaction, transfer->device_address);
	}
	ret = dmabay_transaction_execute(transaction, reservation);
	if (ret)
		dmabay_transfer_over(reservation, ret);
}

/* Starts the running transfer, or its next piece. */
static void dmabay_transfer_start(struct dmabay_reservation *reservation)
{
	struct dmabay_user_transfer *transfer = reservation->running;
	bool completed = false;
	int ret;

	if (!reservation->channel) {
		dmabay_transfer_execute(reservation, transfer);
		return;
	}

	ret = dmabay_piece_start(reservation, &completed);
	if (ret) {
		dmabay_piece_unlink(reservation, transfer);
		dmabay_transfer_finish(reservation, ret, reservation->moved);
	} else if (completed) {
		dmabay_transfer_complete(reservation, reservation->status, reservation->length);
	}
}

/**
 * dmabay_reservation_leave() - Run a reservation no more, if nothing is to be started
 * @reservation: the reservation, which the caller runs; its lock is held
 *
 * Context: any.
 * Return: false: there is, and it was taken: the caller has to dmabay_reservation_run() it.
 * If true, the reservation may be gone as soon as the lock is.
 */
bool dmabay_reservation_leave(struct dmabay_reservation *reservation)
{
	lockdep_assert_held(&reservation->lock);

	reservation->entered = false;
	if (dmabay_reservation_next(reservation))
		return false;
	reservation->starting = false;
	dmabay_reservation_wake(reservation);

	return true;
}

/**
 * dmabay_reservation_run() - Start what is there to start, until one is under way
 * @reservation: the reservation; the caller has set &dmabay_reservation.starting and
 *	taken what is to be started first
 * @may_sleep: others may run in between
 *
 * With a device that does its work in program() this may take long.
 *
 * Context: may sleep if @may_sleep, else any.
 */
void dmabay_reservation_run(struct dmabay_reservation *reservation, bool may_sleep)
{
	unsigned long flags;
	bool more;

	do {
		dmabay_transfer_start(reservation);
		if (may_sleep)
			cond_resched();

		spin_lock_irqsave(&reservation->lock, flags);
		more = !dmabay_reservation_leave(reservation);
		spin_unlock_irqrestore(&reservation->lock, flags);
	} while (more);
}

/**
 * dmabay_reservation_failed() - The running transfer waited for map registers, in vain
 * @transaction: of the reservation
 * @context: the reservation
 * @status: why it could not be mapped
 *
 * Context: any.
 */
void dmabay_reservation_failed(struct dmabay_transaction *transaction, void *context, int status)
{
	struct dmabay_reservation *reservation = context;

	if (dmabay_transfer_over(reservation, status))
		dmabay_reservation_run(reservation, false);
}

/**
 * dmabay_piece_judge() - Can it be true what was said of a piece?
 * @reservation: it was run there; who ran it calls, or who completes it
 * @status: as the driver says, which may have it from the device
 * @length: likewise; out: so many bytes can be relied on
 *
 * Context: any.
 * Return: the status that the user is told. -EPROTO: more bytes than the piece has.
 */
int dmabay_piece_judge(struct dmabay_reservation *reservation, int status, size_t *length)
{
	size_t asked = reservation->piece.length;

	/* Neither those that are no errno, nor those that only the kernel knows. */
	if (status > 0 || status <= -ERESTARTSYS)
		status = -EIO;
	if (likely(*length <= asked))
		return status;

	dev_err_ratelimited(&dmabay_reservation_device(reservation)->dev,
			    "%zu bytes of a piece of %zu were moved, the device says\n",
			    *length, asked);
	*length = 0;

	return status ?: -EPROTO;
}

/* See <linux/dmabay.h>. */
void dmabay_device_complete(struct dmabay_device_piece *piece, int status, size_t length)
{
	struct dmabay_reservation *reservation =
		container_of(piece, struct dmabay_reservation, piece);

	/* No WARN(): the driver may only have passed on what the device did. */
	if (unlikely(!atomic_xchg(&reservation->programmed, 0))) {
		dev_err_ratelimited(&dmabay_reservation_device(reservation)->dev,
				    "a piece was completed that the device does not have\n");
		return;
	}

	status = dmabay_piece_judge(reservation, status, &length);
	dmabay_reservation_answered(reservation, status, length);
}
EXPORT_SYMBOL_GPL(dmabay_device_complete);

/**
 * dmabay_reservation_stop() - Stop what may never end by itself
 * @reservation: the reservation, or its running transfer, is not to go on
 *
 * If the device is a channel that may wait for a peripheral, what it is at is stopped.
 * Anything else ends its piece.
 *
 * Context: any; under the lock of the reservation.
 */
void dmabay_reservation_stop(struct dmabay_reservation *reservation)
{
	lockdep_assert_held(&reservation->lock);

	if (READ_ONCE(reservation->running) &&
	    dmabay_device_may_wait(dmabay_reservation_device(reservation)))
		dmabay_transaction_stop(reservation->transaction);
}

/**
 * dmabay_reservation_interrupt() - Do not wait for what might never come
 * @reservation: the reservation; it was ended, or its transfer withdrawn, before
 *
 * As dmabay_reservation_stop().
 *
 * Context: any; nobody deletes the transaction meanwhile.
 */
void dmabay_reservation_interrupt(struct dmabay_reservation *reservation)
{
	unsigned long flags;

	spin_lock_irqsave(&reservation->lock, flags);
	dmabay_reservation_stop(reservation);
	spin_unlock_irqrestore(&reservation->lock, flags);
}

/**
 * dmabay_reservation_watch() - Has the channel had its time?
 * @work: &dmabay_reservation.watchdog
 *
 * Looks at the running transfer, and again later, until none runs.
 */
void dmabay_reservation_watch(struct work_struct *work)
{
	struct dmabay_reservation *reservation =
		container_of(to_delayed_work(work), struct dmabay_reservation, watchdog);
	struct dmabay_device *device = dmabay_reservation_device(reservation);
	unsigned long delay = msecs_to_jiffies(device->config.timeout_ms);
	unsigned long now = jiffies, deadline;

	spin_lock_irq(&reservation->lock);
	if (!reservation->running) {
		reservation->watched = false;
		spin_unlock_irq(&reservation->lock);
		return;
	}
	deadline = READ_ONCE(reservation->deadline);
	if (deadline && time_before(now, deadline)) {
		delay = deadline - now;
	} else if (deadline && !reservation->late) {
		WRITE_ONCE(reservation->late, true);
		dmabay_transaction_stop(reservation->transaction);
	}
	spin_unlock_irq(&reservation->lock);

	schedule_delayed_work(&reservation->watchdog, delay);
}

/**
 * dmabay_reservation_queue() - Let a transfer wait for its turn
 * @reservation: the reservation; its lock is held, and it has not ended
 * @transfer: filled
 *
 * Context: any.
 * Return: whether the caller has to dmabay_reservation_run() it, without the lock.
 */
bool dmabay_reservation_queue(struct dmabay_reservation *reservation,
			      struct dmabay_user_transfer *transfer)
{
	lockdep_assert_held(&reservation->lock);

	trace_dmabay_transfer_submitted(reservation, transfer);
	if (transfer->deadline)
		dmabay_reservation_expect(reservation, transfer->deadline);
	if (READ_ONCE(reservation->running) || reservation->starting) {
		list_add_tail(&transfer->node, &reservation->queue);
		return false;
	}

	/* Then nothing is queued either. */
	dmabay_reservation_take(reservation, transfer);
	return dmabay_reservation_claim(reservation);
}

/**
 * dmabay_reservation_submit() - Run a transfer of the caller's
 * @reservation: the reservation; the caller keeps it
 * @transfer: filled, with &dmabay_user_transfer.done; the caller's again when
 *	that is completed
 *
 * Context: may sleep.
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
		dmabay_reservation_run(reservation, true);

	return ret;
}

/**
 * dmabay_reservation_withdraw() - Let a transfer end early
 * @reservation: the reservation; the caller keeps it
 * @transfer: the only one on it, submitted with &dmabay_user_transfer.done
 *
 * The piece that the device works on is finished, or stopped if it may never be, and
 * no further one is started.
 *
 * Context: may sleep.
 */
void dmabay_reservation_withdraw(struct dmabay_reservation *reservation,
				 struct dmabay_user_transfer *transfer)
{
	trace_dmabay_transfer_withdrawn(reservation, transfer, -ECANCELED);
	WRITE_ONCE(transfer->withdrawn, true);

	/* Only while it waits for map registers. */
	if (!dmabay_transaction_cancel(reservation->transaction))
		dmabay_reservation_interrupt(reservation);
	else if (dmabay_transfer_over(reservation, 0))
		dmabay_reservation_run(reservation, true);
}
