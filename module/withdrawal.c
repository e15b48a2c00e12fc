// SPDX-License-Identifier: GPL-2.0-only
/*
 * A withdrawal: transfers that are not to go on, because their user has cancelled them, or
 * root has (order.c), because their deadline has passed, or because the ring that they came
 * from ends.
 *
 * Owned by the stack of whoever withdraws. Under &dmabay_reservation.lock a transfer that
 * is queued is taken out of the queue, and so it ends here and nowhere else; the lock is
 * let go of after some, because there may be many. One that runs is not touched: it is
 * marked, or its time has passed, and whoever completes its piece sees that and starts
 * no further one (transfer.c). All that is done about it is to stop a channel that may
 * never complete the piece.
 *
 * One timer per reservation is due at the earliest deadline that it was told of. When it
 * goes off it looks at all transfers and is set for the earliest of those that are left.
 * A transfer that ends in time does not touch it, so now and then it goes off for
 * nothing, once for a deadline at most.
 */
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/sched.h>

#include "trace_user.h"
#include "user.h"

/* Transfers that are ended at a time. */
#define DMABAY_WITHDRAW_CHUNK	64U

/**
 * struct dmabay_withdrawal - What is withdrawn, and what came of it
 * @concerns: whether it is about a transfer
 * @number: for @concerns
 * @status: how those end that were queued
 * @mark: mark the one that runs: nothing else says that it is withdrawn
 * @queued: how many were
 * @running: how many run
 * @last: the last one of those; each is counted once
 */
struct dmabay_withdrawal {
	bool (*concerns)(const struct dmabay_user_transfer *transfer, u64 number);
	u64 number;
	int status;
	bool mark;
	u32 queued;
	u32 running;
	const struct dmabay_user_transfer *last;
};

static bool dmabay_concerns_all(const struct dmabay_user_transfer *transfer, u64 number)
{
	return true;
}

static bool dmabay_concerns_cookie(const struct dmabay_user_transfer *transfer, u64 cookie)
{
	return transfer->cookie == cookie;
}

static bool dmabay_concerns_overdue(const struct dmabay_user_transfer *transfer, u64 now)
{
	return transfer->deadline && transfer->deadline <= now;
}

static void dmabay_withdraw_running(struct dmabay_reservation *reservation,
				    struct dmabay_withdrawal *withdrawal)
{
	/* Pairs with dmabay_move_failed(), which does not hold the lock. */
	struct dmabay_user_transfer *transfer = smp_load_acquire(&reservation->running);

	lockdep_assert_held(&reservation->lock);

	if (!transfer || !withdrawal->concerns(transfer, withdrawal->number))
		return;

	if (withdrawal->mark)
		WRITE_ONCE(transfer->withdrawn, true);
	dmabay_reservation_stop(reservation);
	if (transfer == withdrawal->last)
		return;
	trace_dmabay_transfer_withdrawn(reservation, transfer, withdrawal->status);
	withdrawal->running++;
	withdrawal->last = transfer;
}

/* Returns whether there are more, and the lock should be let go of before. */
static bool dmabay_withdraw_some(struct dmabay_reservation *reservation,
				 struct dmabay_withdrawal *withdrawal)
{
	struct dmabay_user_transfer *transfer, *next;
	u32 ended = 0;

	lockdep_assert_held(&reservation->lock);

	dmabay_withdraw_running(reservation, withdrawal);
	/* Who empties the queue is not the last: somebody runs it, or is about to. */
	list_for_each_entry_safe(transfer, next, &reservation->queue, node) {
		if (!withdrawal->concerns(transfer, withdrawal->number))
			continue;
		if (ended == DMABAY_WITHDRAW_CHUNK)
			return true;
		trace_dmabay_transfer_withdrawn(reservation, transfer, withdrawal->status);
		list_del_init(&transfer->node);
		dmabay_transfer_end(reservation, transfer, withdrawal->status, 0);
		withdrawal->queued++;
		ended++;
	}

	return false;
}

/* ---- deadlines ---- */

/**
 * dmabay_reservation_expect() - A transfer has a deadline
 * @reservation: the reservation; its lock is held
 * @deadline: CLOCK_MONOTONIC, in ns
 *
 * Context: any.
 */
void dmabay_reservation_expect(struct dmabay_reservation *reservation, u64 deadline)
{
	lockdep_assert_held(&reservation->lock);

	if (deadline >= reservation->alarm_at)
		return;

	reservation->alarm_at = deadline;
	hrtimer_start(&reservation->alarm, ns_to_ktime(deadline), HRTIMER_MODE_ABS_SOFT);
}

/**
 * dmabay_reservation_alarm() - A deadline has passed
 * @timer: &dmabay_reservation.alarm
 *
 * Return: HRTIMER_NORESTART; it is set anew under the lock.
 */
enum hrtimer_restart dmabay_reservation_alarm(struct hrtimer *timer)
{
	struct dmabay_reservation *reservation =
		container_of(timer, struct dmabay_reservation, alarm);
	struct dmabay_withdrawal withdrawal = {
		.concerns = dmabay_concerns_overdue,
		.number = ktime_get_ns(),
		.status = -ETIMEDOUT,
	};
	struct dmabay_user_transfer *transfer;
	u64 earliest = KTIME_MAX;
	unsigned long flags;

	spin_lock_irqsave(&reservation->lock, flags);
	reservation->alarm_at = KTIME_MAX;
	dmabay_withdraw_some(reservation, &withdrawal);

	/* If there were too many, it is due at once. */
	list_for_each_entry(transfer, &reservation->queue, node)
		earliest = min_not_zero(earliest, transfer->deadline);
	/* As in dmabay_withdraw_running(). */
	transfer = smp_load_acquire(&reservation->running);
	if (transfer && transfer->deadline > withdrawal.number)
		earliest = min(earliest, transfer->deadline);
	dmabay_reservation_expect(reservation, earliest);
	spin_unlock_irqrestore(&reservation->lock, flags);

	return HRTIMER_NORESTART;
}

/* ---- io_uring ---- */

/**
 * dmabay_vector_withdraw() - Let the transfers of an io_uring command end early
 * @file: the file
 * @vector: of the command, whose CQE is not posted meanwhile
 *
 * Those that wait for their turn end when it comes, without a start. Pieces that the
 * device works on are finished, or stopped if they may never be.
 *
 * Context: may sleep.
 */
void dmabay_vector_withdraw(struct dmabay_file *file, struct dmabay_vector *vector)
{
	const struct dmabay_user_transfer *running;
	struct dmabay_reservation *reservation;
	unsigned long number, flags;

	trace_dmabay_command_withdrawn(file, vector);
	WRITE_ONCE(vector->withdrawn, true);
	/* Its submitter may wait for a fence. */
	wake_up_all(&file->idle);
	rcu_read_lock();
	xa_for_each(&file->reservations, number, reservation) {
		spin_lock_irqsave(&reservation->lock, flags);
		/* As in dmabay_withdraw_running(). */
		running = smp_load_acquire(&reservation->running);
		if (running && running->vector == vector)
			dmabay_reservation_stop(reservation);
		spin_unlock_irqrestore(&reservation->lock, flags);
	}
	rcu_read_unlock();
}

/* ---- DMABAY_CANCEL ---- */

static int dmabay_reservation_cancel(struct dmabay_reservation *reservation,
				     struct dmabay_withdrawal *withdrawal)
{
	u32 chunks = DIV_ROUND_UP(reservation->depth, DMABAY_WITHDRAW_CHUNK);
	unsigned long flags;
	bool more;
	int ret;

	/* No more than there can have been when this was asked for. */
	do {
		spin_lock_irqsave(&reservation->lock, flags);
		/* What is left then ends by itself, with that. */
		ret = reservation->ended;
		more = !ret && dmabay_withdraw_some(reservation, withdrawal);
		spin_unlock_irqrestore(&reservation->lock, flags);
	} while (more && --chunks);

	return ret;
}

static int dmabay_cancel_one(struct dmabay_file *file, u32 number,
			     struct dmabay_withdrawal *withdrawal)
{
	struct dmabay_reservation *reservation;
	int ret = -ENOENT;

	rcu_read_lock();
	reservation = xa_load(&file->reservations, number);
	if (reservation)
		ret = dmabay_reservation_cancel(reservation, withdrawal);
	rcu_read_unlock();

	return ret;
}

/* Of one reservation after the other. What ends by itself meanwhile is nobody's loss. */
static void dmabay_cancel_all(struct dmabay_file *file, struct dmabay_withdrawal *withdrawal)
{
	unsigned long number;

	for (number = 1; number <= DMABAY_MAX_RESERVATIONS; number++) {
		dmabay_cancel_one(file, number, withdrawal);
		cond_resched();
	}
}

/**
 * dmabay_file_cancel() - Withdraw transfers of a file
 * @file: the file; the caller keeps it
 * @arguments: which ones, with known flags; out: how many
 *
 * Context: may sleep.
 * Return: 0, -ENOENT (no such reservation, or no transfer of that cookie), or why the
 * reservation was ended.
 */
int dmabay_file_cancel(struct dmabay_file *file, struct dmabay_cancel *arguments)
{
	bool by_cookie = arguments->flags & DMABAY_CANCEL_COOKIE;
	struct dmabay_withdrawal withdrawal = {
		.concerns = by_cookie ? dmabay_concerns_cookie : dmabay_concerns_all,
		.number = arguments->cookie,
		.status = -ECANCELED,
		.mark = true,
	};
	int ret = 0;

	if (arguments->flags & DMABAY_CANCEL_RESERVATION)
		ret = dmabay_cancel_one(file, arguments->reservation, &withdrawal);
	else
		dmabay_cancel_all(file, &withdrawal);
	if (ret)
		return ret;
	if (by_cookie && !withdrawal.queued && !withdrawal.running)
		return -ENOENT;

	arguments->cancelled = withdrawal.queued;
	arguments->running = withdrawal.running;

	return 0;
}

/**
 * dmabay_ioctl_cancel() - DMABAY_CANCEL
 * @command: the command
 *
 * Return: 0 or a negative errno.
 */
int dmabay_ioctl_cancel(struct dmabay_command *command)
{
	struct dmabay_cancel *arguments = command->data;
	bool by_cookie = arguments->flags & DMABAY_CANCEL_COOKIE;
	bool by_reservation = arguments->flags & DMABAY_CANCEL_RESERVATION;
	int ret;

	if ((arguments->flags & ~(DMABAY_CANCEL_COOKIE | DMABAY_CANCEL_RESERVATION)) ||
	    arguments->reserved)
		return -EOPNOTSUPP;
	/* Somebody who forgot the flag does not want to cancel all. */
	if ((!by_cookie && arguments->cookie) || (!by_reservation && arguments->reservation))
		return -EINVAL;

	ret = dmabay_file_cancel(command->file, arguments);

	return ret ?: dmabay_command_respond(command);
}
