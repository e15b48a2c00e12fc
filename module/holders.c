// SPDX-License-Identifier: GPL-2.0-only
/*
 * A holder: an open file, as one who looks for what is held, and by whom, wants to see
 * it. For debugfs and for the dump of a time-out, as text.
 *
 * &dmabay_device.files_lock keeps the files, and RCU what they own: &dmabay_file.mutex is
 * held over waits for the device, and whoever looks may look because that does not answer.
 * &dmabay_reservation.lock is held for as long as it takes to count the queue.
 */
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/seq_buf.h>
#include <linux/string.h>

#include "user.h"

static const char *dmabay_reservation_word(struct dmabay_reservation *reservation, int ended)
{
	if (!completion_done(&reservation->granted))
		return "waiting";

	return ended ? "ended" : "granted";
}

static void dmabay_reservation_print(struct dmabay_reservation *reservation, struct seq_buf *text)
{
	struct list_head *transfer;
	unsigned int age = 0;
	unsigned long flags;
	size_t queued = 0;
	bool running;
	int ended;

	spin_lock_irqsave(&reservation->lock, flags);
	ended = reservation->ended;
	list_for_each(transfer, &reservation->queue)
		queued++;
	running = reservation->entered || READ_ONCE(reservation->running);
	if (running)
		age = jiffies_to_msecs(jiffies - READ_ONCE(reservation->started));
	spin_unlock_irqrestore(&reservation->lock, flags);

	seq_buf_printf(text, "reservation: file=%llu reservation=%u state=%s map_registers=%u ",
		       reservation->file->id, reservation->number,
		       dmabay_reservation_word(reservation, ended), reservation->map_registers);
	seq_buf_printf(text, "depth=%u queued=%zu running=%d age_ms=%u\n", reservation->depth,
		       queued, running, age);
}

static void dmabay_holder_print(struct dmabay_file *file, struct seq_buf *text)
{
	unsigned long number, buffers = 0, imports = 0, pages = 0;
	struct dmabay_reservation *reservation;
	struct dmabay_buffer *buffer;

	rcu_read_lock();
	xa_for_each(&file->buffers, number, buffer) {
		buffers++;
		imports += !!buffer->source;
		pages += buffer->page_count;
	}
	seq_buf_printf(text, "file: file=%llu pid=%d buffers=%lu imports=%lu pages=%lu unread=%u ",
		       file->id, file->pid, buffers, imports, pages, READ_ONCE(file->completed));
	/* Any process can give itself a name that is two lines, or moves the cursor. */
	seq_buf_printf(text, "comm=%*pE\n", (int)strlen(file->comm), file->comm);

	/* Pairs with dmabay_once_prepare(). */
	reservation = smp_load_acquire(&file->once);
	if (reservation)
		dmabay_reservation_print(reservation, text);
	xa_for_each(&file->reservations, number, reservation)
		dmabay_reservation_print(reservation, text);
	rcu_read_unlock();
}

/**
 * dmabay_holders_print() - Who has the device open, and what do they hold?
 * @device: the device
 * @text: where to
 *
 * Context: may sleep.
 */
void dmabay_holders_print(struct dmabay_device *device, struct seq_buf *text)
{
	struct dmabay_file *file;

	mutex_lock(&device->files_lock);
	list_for_each_entry(file, &device->files, node) {
		dmabay_holder_print(file, text);
		cond_resched();
	}
	mutex_unlock(&device->files_lock);
}
