// SPDX-License-Identifier: GPL-2.0-only
/*
 * An event: an eventfd of the user's that is told of completions.
 *
 * Owned by its file until another one takes its place or the file goes.
 * &dmabay_file.completion_lock guards which one it is and is held while it is told, so
 * one that was taken away hears of nothing any more. It counts what ended, and not
 * what is still to be read: that is what poll() says.
 */
#include <linux/eventfd.h>

#include "user.h"

/**
 * dmabay_event_signal() - There is one more completion
 * @file: the file; its completion_lock is held
 *
 * Context: any.
 */
void dmabay_event_signal(struct dmabay_file *file)
{
	lockdep_assert_held(&file->completion_lock);

	if (file->event)
		eventfd_signal(file->event);
}

/**
 * dmabay_event_end() - No further completion will come
 * @file: the file; &dmabay_file.ended says so already
 *
 * Context: may sleep.
 */
void dmabay_event_end(struct dmabay_file *file)
{
	spin_lock_irq(&file->completion_lock);
	dmabay_event_signal(file);
	spin_unlock_irq(&file->completion_lock);
}

/* Puts another one in its place, or none. */
static void dmabay_event_replace(struct dmabay_file *file, struct eventfd_ctx *event)
{
	spin_lock_irq(&file->completion_lock);
	event = xchg(&file->event, event);
	/* What it should have been told before it was there. */
	if (dmabay_completions_there(file) || READ_ONCE(file->ended))
		dmabay_event_signal(file);
	spin_unlock_irq(&file->completion_lock);

	if (event)
		eventfd_ctx_put(event);
}

/**
 * dmabay_event_drop() - Tell nobody any more
 * @file: the file, which is closed
 *
 * Context: may sleep.
 */
void dmabay_event_drop(struct dmabay_file *file)
{
	dmabay_event_replace(file, NULL);
}

/**
 * dmabay_ioctl_eventfd() - DMABAY_EVENTFD
 * @command: the command
 *
 * Return: 0 or a negative errno.
 */
int dmabay_ioctl_eventfd(struct dmabay_command *command)
{
	struct dmabay_eventfd *arguments = command->data;
	struct eventfd_ctx *event = NULL;

	if (arguments->flags || arguments->reserved)
		return -EOPNOTSUPP;
	if (arguments->eventfd < -1)
		return -EINVAL;

	if (arguments->eventfd >= 0) {
		event = eventfd_ctx_fdget(arguments->eventfd);
		if (IS_ERR(event))
			return PTR_ERR(event);
	}
	dmabay_event_replace(command->file, event);

	return 0;
}
