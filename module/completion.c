// SPDX-License-Identifier: GPL-2.0-only
/*
 * A completion: a transfer that ended, until the user has read how.
 *
 * Owned by its reservation; in the queue of the file, which
 * &dmabay_file.completion_lock guards, in the order in which they ended. It
 * leaves the queue only after it was copied to the user, and after DMABAY_WAIT has told how
 * many were, so an address that is not there loses nothing. Meanwhile
 * &dmabay_file.read_mutex keeps other readers away; a reservation may still be freed, and
 * takes its completions along.
 *
 * If the file has rings (ring.c), a completion goes there when it is added, and the transfer
 * is free. Only those that find no place are in the queue, until one of them is taken.
 *
 * The queue cannot overflow: a transfer brings the place of its completion along, and
 * is free for another one only when that was read. Who reads too slowly cannot submit.
 */
#include <linux/hrtimer.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/uaccess.h>

#include "trace_user.h"
#include "user.h"
#include "words.h"

/* Completions copied to the user at a time. */
#define DMABAY_READ_CHUNK	16U

/* A task that waits until so many can be read. */
struct dmabay_waiter {
	struct wait_queue_entry entry;
	struct dmabay_file *file;
	const struct dmabay_ring_pair *pair;
	u32 needed;
};

/**
 * dmabay_completion_add() - A transfer ended
 * @file: its file
 * @transfer: the transfer; it is forgotten if its reservation was freed meanwhile
 *
 * Context: any; the caller keeps the file and the reservation.
 */
void dmabay_completion_add(struct dmabay_file *file, struct dmabay_user_transfer *transfer)
{
	unsigned long flags;

	spin_lock_irqsave(&file->completion_lock, flags);
	if (unlikely(transfer->reservation->dropped)) {
		spin_unlock_irqrestore(&file->completion_lock, flags);
		return;
	}
	if (!file->rings || !dmabay_rings_tell(file, transfer)) {
		transfer->sequence = file->sequence++;
		list_add_tail(&transfer->node, &file->completions);
		WRITE_ONCE(file->completed, file->completed + 1);
	}
	dmabay_event_signal(file);
	spin_unlock_irqrestore(&file->completion_lock, flags);

	if (wq_has_sleeper(&file->wait))
		wake_up_poll(&file->wait, EPOLLIN | EPOLLRDNORM);
}

/**
 * dmabay_completion_remove() - It is not in the queue of the file any more
 * @file: the file; its completion_lock is held
 * @transfer: that was
 *
 * Context: any.
 */
void dmabay_completion_remove(struct dmabay_file *file, struct dmabay_user_transfer *transfer)
{
	lockdep_assert_held(&file->completion_lock);

	list_del_init(&transfer->node);
	WRITE_ONCE(file->completed, file->completed - 1);
}

/**
 * dmabay_completions_drop() - Forget what was not read
 * @reservation: the reservation; nothing is under way
 *
 * Context: may sleep.
 */
void dmabay_completions_drop(struct dmabay_reservation *reservation)
{
	struct dmabay_file *file = reservation->file;
	u32 i;

	spin_lock_irq(&file->completion_lock);
	reservation->dropped = true;
	for (i = 0; i < reservation->depth; i++) {
		if (list_empty(&reservation->transfers[i].node))
			continue;
		trace_dmabay_transfer_dropped(reservation, &reservation->transfers[i]);
		dmabay_completion_remove(file, &reservation->transfers[i]);
	}
	if (file->rings)
		dmabay_rings_mark(file);
	spin_unlock_irq(&file->completion_lock);
}

/**
 * dmabay_completions_end() - No further completion will come
 * @file: the file, with nothing under way
 *
 * Those that are there can still be read.
 *
 * Context: may sleep.
 */
void dmabay_completions_end(struct dmabay_file *file)
{
	/* After the last one; pairs with dmabay_completions_read(). */
	smp_store_release(&file->ended, true);
	dmabay_event_end(file);
	wake_up_poll(&file->wait, EPOLLHUP | EPOLLERR);
	dmabay_poller_wake(file);
}

/* Copies the oldest ones, and leaves them. */
static u32 dmabay_completions_peek(struct dmabay_file *file, struct dmabay_completion *completions,
				   u32 capacity, u64 *last)
{
	struct dmabay_user_transfer *transfer;
	u32 count = 0;

	spin_lock_irq(&file->completion_lock);
	list_for_each_entry(transfer, &file->completions, node) {
		if (count == capacity)
			break;
		dmabay_completion_fill(&completions[count++], transfer);
		*last = transfer->sequence;
	}
	spin_unlock_irq(&file->completion_lock);

	return count;
}

/* Makes those that were read free; some may be gone with their reservation. */
static void dmabay_completions_take(struct dmabay_file *file, u64 last)
{
	struct dmabay_user_transfer *transfer, *next;

	spin_lock_irq(&file->completion_lock);
	list_for_each_entry_safe(transfer, next, &file->completions, node) {
		if (transfer->sequence > last)
			break;
		trace_dmabay_transfer_read(transfer->reservation, transfer);
		dmabay_completion_remove(file, transfer);
		dmabay_transfer_give(transfer->reservation, transfer);
	}
	spin_unlock_irq(&file->completion_lock);
}

/* Adds to @completed what is there now. If there is @told, the user finds that there. */
static int dmabay_completions_copy(struct dmabay_file *file, struct dmabay_completion __user *user,
				   u32 capacity, u32 *completed, u32 __user *told)
{
	struct dmabay_completion chunk[DMABAY_READ_CHUNK] __dmabay_uninitialized;
	int ret = 0;
	u64 last;
	u32 count;

	if (mutex_lock_interruptible(&file->read_mutex))
		return -EINTR;

	/* Who makes rings holds the mutex, and takes what nobody has read. */
	while (*completed < capacity && !READ_ONCE(file->rings)) {
		count = dmabay_completions_peek(file, chunk,
						min(capacity - *completed, DMABAY_READ_CHUNK),
						&last);
		if (!count)
			break;
		if (copy_to_user(user + *completed, chunk, count * sizeof(*chunk)) ||
		    (told && put_user(*completed + count, told))) {
			ret = -EFAULT;
			break;
		}
		dmabay_completions_take(file, last);
		*completed += count;
	}
	mutex_unlock(&file->read_mutex);

	return ret;
}

/**
 * dmabay_completions_there() - How many are there to be read?
 * @file: the file
 *
 * Context: any.
 * Return: those in the queue, and those in the ring.
 */
u32 dmabay_completions_there(struct dmabay_file *file)
{
	const struct dmabay_ring_pair *pair = READ_ONCE(file->rings);

	return READ_ONCE(file->completed) + (pair ? dmabay_rings_unread(pair) : 0);
}

/* Who waits for the queue of a file that was given rings waits in vain. */
static bool dmabay_completions_ready(struct dmabay_waiter *waiter)
{
	struct dmabay_file *file = waiter->file;

	if (READ_ONCE(file->ended) || READ_ONCE(file->rings) != waiter->pair)
		return true;

	return waiter->pair ? dmabay_rings_ready(file, waiter->pair, waiter->needed) :
			      READ_ONCE(file->completed) >= waiter->needed;
}

/* Not for each completion: a task that wants eight is woken at the eighth. */
static int dmabay_completions_wake(struct wait_queue_entry *entry, unsigned int mode, int sync,
				   void *key)
{
	struct dmabay_waiter *waiter = container_of(entry, struct dmabay_waiter, entry);

	if (!dmabay_completions_ready(waiter))
		return 0;

	return autoremove_wake_function(entry, mode, sync, key);
}

/**
 * dmabay_completions_wait() - Wait until completions are there
 * @file: the file
 * @pair: its rings; NULL: as long as it has none
 * @needed: how many
 * @deadline: CLOCK_MONOTONIC, in ns; 0 is never
 *
 * Context: may sleep.
 * Return: 0 (also if no more will come), -EINTR or -ETIMEDOUT.
 */
int dmabay_completions_wait(struct dmabay_file *file, const struct dmabay_ring_pair *pair,
			    u32 needed, u64 deadline)
{
	struct dmabay_waiter waiter = {
		.entry = {
			.private = current,
			.func = dmabay_completions_wake,
			.entry = LIST_HEAD_INIT(waiter.entry.entry),
		},
		.file = file,
		.pair = pair,
		.needed = needed,
	};
	ktime_t expires = min_t(u64, deadline, KTIME_MAX);
	int ret = 0;

	for (;;) {
		prepare_to_wait(&file->wait, &waiter.entry, TASK_INTERRUPTIBLE);
		if (dmabay_completions_ready(&waiter))
			break;
		if (signal_pending(current)) {
			ret = -EINTR;
			break;
		}
		if (!schedule_hrtimeout_range(deadline ? &expires : NULL, current->timer_slack_ns,
					      HRTIMER_MODE_ABS)) {
			ret = -ETIMEDOUT;
			break;
		}
	}
	finish_wait(&file->wait, &waiter.entry);

	return ret;
}

static int dmabay_completions_read_and_tell(struct dmabay_file *file,
					    struct dmabay_completion __user *user, u32 capacity,
					    u32 min_complete, u64 deadline, u32 *completed,
					    u32 __user *told)
{
	int waited = 0, ret;
	bool ended;

	for (;;) {
		/* Before the queue is looked at: nothing is added once it is true. */
		ended = smp_load_acquire(&file->ended);
		ret = 0;
		if (*completed < capacity && READ_ONCE(file->completed))
			ret = dmabay_completions_copy(file, user, capacity, completed, told);
		if (ret || *completed >= min_complete)
			return ret;
		if (READ_ONCE(file->rings))
			return -EBUSY;
		if (ended)
			return -ENODEV;
		if (waited)
			return waited;
		waited = dmabay_completions_wait(file, NULL, min_complete - *completed, deadline);
	}
}

/**
 * dmabay_completions_read() - Read completions, and wait for some
 * @file: the file
 * @user: where to
 * @capacity: how many fit
 * @min_complete: how many to wait for
 * @deadline: CLOCK_MONOTONIC, in ns; 0 is never
 * @completed: in: how many are there already; out: and were read, also after a failure
 *
 * Context: may sleep, for as long as user space lets it; no lock is held.
 * Return: 0 (not below @min_complete), or -EFAULT, -EINTR, -ETIMEDOUT, -ENODEV
 * (no more will come), -EBUSY (the file has rings).
 */
int dmabay_completions_read(struct dmabay_file *file, struct dmabay_completion __user *user,
			    u32 capacity, u32 min_complete, u64 deadline, u32 *completed)
{
	return dmabay_completions_read_and_tell(file, user, capacity, min_complete, deadline,
						completed, NULL);
}

/**
 * dmabay_ioctl_wait() - DMABAY_WAIT
 * @command: the command
 *
 * Return: 0 or a negative errno.
 */
int dmabay_ioctl_wait(struct dmabay_command *command)
{
	struct dmabay_wait __user *user = command->user;
	struct dmabay_wait *arguments = command->data;
	struct dmabay_file *file = command->file;
	u32 min_complete = command->nonblock ? 0 : arguments->min_complete;
	int ret;

	if (arguments->flags || arguments->reserved)
		return -EOPNOTSUPP;
	if (!arguments->capacity || arguments->min_complete > arguments->capacity)
		return -EINVAL;
	if (arguments->capacity > DMABAY_MAX_BATCH)
		return -E2BIG;
	if (READ_ONCE(file->rings))
		return -EBUSY;

	arguments->completed = 0;
	/* The answer is one number, and is told with what it counts. */
	ret = dmabay_completions_read_and_tell(file, dmabay_user_pointer(arguments->completions),
					       arguments->capacity, min_complete,
					       arguments->deadline, &arguments->completed,
					       &user->completed);
	if (arguments->completed)
		return 0;
	if (ret)
		return ret;

	return READ_ONCE(file->ended) ? -ENODEV : -EAGAIN;
}
