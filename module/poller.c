// SPDX-License-Identifier: GPL-2.0-only
/*
 * A poller: a thread of the user's that takes transfers from the ring as they are added, so
 * that whoever adds them makes no system call.
 *
 * It is a thread that the user sends into DMABAY_ENTER, and not one of the kernel's: so it
 * is scheduled, limited, accounted, frozen and killed like all others of its process, and
 * ends with it; and it keeps the file open as any call does. There is one for a file at a
 * time, &dmabay_ring_pair.polled says so. It takes transfers as everybody does, under
 * &dmabay_ring_pair.mutex, and so others may take some too.
 *
 * When it has looked in vain for long enough it says that it sleeps, and looks once more;
 * who adds transfers adds them, and then looks whether it sleeps. With a full barrier on
 * both sides one of the two sees what the other did.
 *
 * There may be transfers that cannot be taken: they wait for a slot, a place or a fence, and
 * not all of these tell of themselves. Then the poller comes back now and then.
 */
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/wait.h>

#include "user.h"

/* How long it leaves alone what cannot be taken, in ns. */
#define DMABAY_POLLER_NAP	(1 * NSEC_PER_MSEC)

/**
 * struct dmabay_poller - What a poller is at
 * @file: of it
 * @pair: its rings
 * @idle: in ns, how long it looks in vain
 * @deadline: CLOCK_MONOTONIC, in ns; 0 is never
 * @since: CLOCK_MONOTONIC, in ns, when it last found something
 * @blocked: what is in the ring could not be taken
 */
struct dmabay_poller {
	struct dmabay_file *file;
	struct dmabay_ring_pair *pair;
	u64 idle;
	u64 deadline;
	u64 since;
	bool blocked;
};

/**
 * dmabay_poller_wake() - Have the poller look, if it sleeps
 * @file: the file; it may have neither rings nor a poller
 *
 * Context: any.
 */
void dmabay_poller_wake(struct dmabay_file *file)
{
	/* Pairs with dmabay_rings_offer(). */
	struct dmabay_ring_pair *pair = smp_load_acquire(&file->rings);

	if (pair && wq_has_sleeper(&pair->wait))
		wake_up(&pair->wait);
}

/* Is there something to wake up for? */
static bool dmabay_poller_is_due(const struct dmabay_poller *poller)
{
	return atomic_read(&poller->pair->stopped) || READ_ONCE(poller->file->ended) ||
	       (!poller->blocked && dmabay_rings_added(poller->pair));
}

/* Why it must return, or 0. */
static int dmabay_poller_is_over(const struct dmabay_poller *poller, u64 now)
{
	if (atomic_xchg(&poller->pair->stopped, 0))
		return -ECANCELED;
	if (READ_ONCE(poller->file->device->gone))
		return -ENODEV;
	if (signal_pending(current))
		return -EINTR;
	if (poller->deadline && now >= poller->deadline)
		return -ETIMEDOUT;

	return 0;
}

/* Until there is something, or a signal, or it is time to look. */
static void dmabay_poller_wait(const struct dmabay_poller *poller, u64 until)
{
	struct wait_queue_head *queue = &poller->pair->wait;
	ktime_t expires = min_t(u64, until, KTIME_MAX);
	DEFINE_WAIT(wait);

	/* wait_event_interruptible_hrtimeout() reads what its timer writes, unmarked. */
	do {
		prepare_to_wait(queue, &wait, TASK_INTERRUPTIBLE);
		if (dmabay_poller_is_due(poller) || signal_pending(current))
			break;
	} while (schedule_hrtimeout_range(&expires, current->timer_slack_ns, HRTIMER_MODE_ABS));
	finish_wait(queue, &wait);
}

/* The caller looks what has ended it. */
static void dmabay_poller_sleep(const struct dmabay_poller *poller, u64 now)
{
	struct dmabay_ring_pair *pair = poller->pair;
	u64 until = poller->deadline ?: KTIME_MAX;

	if (poller->blocked)
		until = min_t(u64, until, now + DMABAY_POLLER_NAP);
	else
		WRITE_ONCE(pair->head->submission_flags, DMABAY_SUBMISSION_NEED_WAKEUP);
	/* Pairs with the user's, between the tail and the flag. */
	smp_mb();
	dmabay_poller_wait(poller, until);
	WRITE_ONCE(pair->head->submission_flags, 0);
}

/* Takes what is there. Returns whether there was something. */
static bool dmabay_poller_look(struct dmabay_poller *poller)
{
	struct dmabay_file *file = poller->file;
	u32 taken = 0;
	int ret = 0;

	if (dmabay_rings_added(poller->pair))
		ret = dmabay_rings_take(file, U32_MAX, DMABAY_FENCES_REFUSE, &taken);
	poller->blocked = ret == -EAGAIN;
	if (READ_ONCE(file->completed))
		dmabay_rings_flush(file);

	return taken;
}

/**
 * dmabay_poller_run() - Be the poller of a file
 * @file: the file, which has rings
 * @idle: in ns, how long to look in vain before it sleeps
 * @deadline: CLOCK_MONOTONIC, in ns, when to return; 0 is never
 *
 * Context: may sleep.
 * Return: -EBUSY (there is one), -ECANCELED (it was told to stop), -ENODEV, -EINTR or
 * -ETIMEDOUT.
 */
int dmabay_poller_run(struct dmabay_file *file, u64 idle, u64 deadline)
{
	struct dmabay_poller poller = {
		.file = file,
		.pair = file->rings,
		.idle = idle,
		.deadline = deadline,
		.since = ktime_get_ns(),
	};
	u64 now;
	int ret;

	if (atomic_cmpxchg(&poller.pair->polled, 0, 1))
		return -EBUSY;

	for (;;) {
		now = ktime_get_ns();
		ret = dmabay_poller_is_over(&poller, now);
		if (ret)
			break;

		if (dmabay_poller_look(&poller)) {
			poller.since = now;
		} else if (now - poller.since >= poller.idle) {
			dmabay_poller_sleep(&poller, now);
			/* After a nap it has not found anything yet. */
			if (!poller.blocked)
				poller.since = ktime_get_ns();
		} else {
			cpu_relax();
		}
		cond_resched();
	}
	atomic_set_release(&poller.pair->polled, 0);

	return ret;
}
