// SPDX-License-Identifier: GPL-2.0-only
/*
 * A batch: transfers that come with one call and go to one reservation.
 *
 * Owned by the stack of its caller. What they have in common is looked up once. A transfer
 * is checked by itself first, then against what it names. Its buffer is counted from there
 * until its end, and so nobody takes it away; the reservation is kept by the transfer
 * itself, once that is queued. RCU keeps both until then.
 *
 * A device that does a transfer while its caller waits (&dmabay_device_ops.move) is asked for that
 * before anything else (move.c). What is left of the batch then goes this way.
 */
#include <linux/overflow.h>

#include "batch.h"
#include "piece.h"

static_assert((int)DMABAY_FROM_DEVICE == (int)DMABAY_READ_FROM_DEVICE);
static_assert((int)DMABAY_TO_DEVICE == (int)DMABAY_WRITE_TO_DEVICE);

/* Transfers that follow each other often name the same buffer: it is counted for several. */
struct dmabay_buffer_count {
	struct dmabay_buffer *buffer;
	u32 left;
};

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
	if ((offset | length | device_address) & (device->config.alignment - 1))
		return -EINVAL;

	/* What has no memory takes or gives whatever comes next. */
	if (!device->config.memory_size)
		return device_address ? -ERANGE : 0;

	return end > device->config.memory_size ? -ERANGE : 0;
}

/**
 * dmabay_transfer_admit() - Is it worth to look for what a transfer names?
 * @device: the device
 * @wanted: the user's, copied
 *
 * Return: 0 or a negative errno.
 */
int dmabay_transfer_admit(const struct dmabay_device *device,
			  const struct dmabay_transfer *wanted)
{
	if (wanted->flags)
		return -EOPNOTSUPP;

	return dmabay_transfer_check(device, wanted->offset, wanted->length,
				     wanted->device_address, wanted->direction);
}

/* ---- buffers ---- */

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
		dmabay_buffer_release(buffer, 1);
	}
	rcu_read_unlock();

	return waits;
}

/**
 * dmabay_batch_forget_buffer() - A buffer is found no more
 * @file: the file
 * @buffer: the buffer; nobody can count it any more
 *
 * Context: any.
 */
void dmabay_batch_forget_buffer(struct dmabay_file *file, struct dmabay_buffer *buffer)
{
	/* Whoever wrote it had counted it, so nobody writes it again. */
	cmpxchg(&file->recent_buffers[buffer->number % DMABAY_RECENT], buffer, NULL);
}

static int dmabay_buffer_change(struct dmabay_file *file, u32 number, u32 count,
				struct dmabay_buffer_count *found)
{
	if (found->left)
		dmabay_buffer_release(found->buffer, found->left);
	found->buffer = dmabay_buffer_get(file, number, count);
	found->left = found->buffer ? count : 0;

	return found->buffer ? 0 : -ENOENT;
}

/* Counts the buffer of a transfer, and for @count - 1 more that may name it, too. */
static int dmabay_buffer_find(struct dmabay_file *file, u32 number, u32 count,
			      struct dmabay_buffer_count *found)
{
	if (likely(found->left && found->buffer->number == number))
		return 0;

	return dmabay_buffer_change(file, number, count, found);
}

/*
 * The first one may have to wait for others who use its memory. Then only the buffer stays,
 * and not RCU.
 */
static int dmabay_batch_await(struct dmabay_batch *batch, struct dmabay_buffer *buffer)
{
	const struct dmabay_transfer *wanted = batch->wanted;
	int ret;

	/* What is wrong is said before anybody waits. */
	if (!xa_load(&batch->file->reservations, wanted->reservation))
		return -ENOENT;
	if (batch->fences != DMABAY_FENCES_WAIT)
		return -EAGAIN;

	rcu_read_unlock();
	ret = dmabay_import_wait(batch->file, buffer, wanted->direction, wanted->deadline,
				 batch->vector);
	rcu_read_lock();

	return ret;
}

/* ---- from what is wanted to transfers ---- */

/* How many, from the first one on, go to its reservation. */
static u32 dmabay_batch_alike(const struct dmabay_batch *batch)
{
	u32 most = min(batch->count, DMABAY_BATCH_MAX), count = 1;

	while (count < most && batch->wanted[count].reservation == batch->wanted[0].reservation)
		count++;

	return count;
}

/**
 * dmabay_transfer_take() - Take one of the free transfers that the caller has claimed
 * @reservation: the reservation; its lock is held
 *
 * Context: any.
 * Return: a transfer.
 */
struct dmabay_user_transfer *dmabay_transfer_take(struct dmabay_reservation *reservation)
{
	struct llist_node *node = reservation->spare;

	lockdep_assert_held(&reservation->lock);

	if (!node)
		node = llist_del_all(&reservation->free);
	reservation->spare = node->next;

	return llist_entry(node, struct dmabay_user_transfer, free);
}

/* Gives transfers back. */
static void dmabay_transfers_give(struct dmabay_reservation *reservation,
				  struct dmabay_user_transfer **transfers, u32 count)
{
	u32 i;

	if (!count)
		return;

	for (i = 1; i < count; i++)
		transfers[i - 1]->free.next = &transfers[i]->free;
	/* As dmabay_transfer_give(). */
	llist_add_batch(&transfers[0]->free, &transfers[count - 1]->free, &reservation->free);
	atomic_add(count, &reservation->free_count);
}

/* Takes free transfers, up to @count. Nobody sees them before they are queued. */
static int dmabay_batch_take(struct dmabay_reservation *reservation, u32 count,
			     struct dmabay_user_transfer **transfers, u32 *taken)
{
	unsigned long flags;
	int ret;
	u32 i;

	*taken = 0;
	spin_lock_irqsave(&reservation->lock, flags);
	ret = reservation->ended;
	if (!ret) {
		dmabay_reservation_remember(reservation);
		*taken = dmabay_transfers_claim(reservation, count);
	}
	for (i = 0; i < *taken; i++)
		transfers[i] = dmabay_transfer_take(reservation);
	spin_unlock_irqrestore(&reservation->lock, flags);

	return ret;
}

/**
 * dmabay_batch_forget_reservation() - A reservation is found no more
 * @reservation: the reservation, ended
 *
 * Context: any.
 */
void dmabay_batch_forget_reservation(struct dmabay_reservation *reservation)
{
	/* Whoever wrote it had seen, under the lock, that it was not ended. */
	cmpxchg(dmabay_recent_reservation(reservation->file, reservation->number), reservation,
		NULL);
}

/*
 * Fills as many transfers as it can. Why it stopped is returned: 0 if all are filled, or if
 * the next one has to wait for others.
 */
static int dmabay_batch_fill(struct dmabay_batch *batch, u32 count,
			     struct dmabay_user_transfer **transfers, u32 taken, u32 *filled,
			     struct dmabay_buffer_count *buffer)
{
	const struct dmabay_transfer *wanted = batch->wanted;
	int ret;

	for (; *filled < count; wanted++, ++*filled) {
		/* The first one was looked at before its reservation was. */
		if (*filled) {
			ret = dmabay_batch_admit(batch->file->device, wanted) ?:
			      dmabay_buffer_find(batch->file, wanted->buffer, count - *filled,
						 buffer) ?:
			      dmabay_buffer_allows(buffer->buffer, wanted, batch->fences);
			if (ret)
				return ret == -EAGAIN && batch->fences == DMABAY_FENCES_WAIT ?
				       0 : ret;
		}
		if (*filled == taken)
			return -EAGAIN;
		dmabay_transfer_fill(transfers[*filled], batch, wanted, buffer->buffer);
		if (buffer->buffer)
			buffer->left--;
	}

	return 0;
}

/* ---- the queue ---- */

static int dmabay_batch_queue(struct dmabay_reservation *reservation,
			      struct dmabay_user_transfer **transfers, u32 count, bool *run)
{
	unsigned long flags;
	int ret;
	u32 i;

	spin_lock_irqsave(&reservation->lock, flags);
	ret = reservation->ended;
	for (i = 0; !ret && i < count; i++)
		*run |= dmabay_reservation_queue(reservation, transfers[i]);
	spin_unlock_irqrestore(&reservation->lock, flags);

	return ret;
}

/* Nobody knows of them yet. */
static void dmabay_batch_drop(struct dmabay_reservation *reservation,
			      struct dmabay_user_transfer **transfers, u32 count)
{
	u32 i;

	for (i = 0; i < count; i++)
		if (transfers[i]->buffer)
			dmabay_buffer_release(transfers[i]->buffer, 1);
	dmabay_transfers_give(reservation, transfers, count);
}

/* ---- the batch ---- */

/*
 * Queues the first transfers, up to one that is refused. Under RCU: from where they are queued
 * on they keep the reservation, as does who is to run it (@run).
 */
static int dmabay_batch_begin(struct dmabay_batch *batch, struct dmabay_reservation *reservation,
			      struct dmabay_buffer_count *buffer, u32 count, bool *run)
{
	struct dmabay_user_transfer *transfers[DMABAY_BATCH_MAX];
	u32 taken, filled = 0;
	int ret, refused;

	ret = dmabay_batch_take(reservation, count, transfers, &taken);
	if (ret)
		return ret;

	refused = dmabay_batch_fill(batch, count, transfers, taken, &filled, buffer);
	dmabay_transfers_give(reservation, transfers + filled, taken - filled);
	ret = dmabay_batch_queue(reservation, transfers, filled, run);
	if (ret) {
		dmabay_batch_drop(reservation, transfers, filled);
		return ret;
	}
	batch->submitted = filled;

	return refused;
}

/* Under RCU: finds what the first transfer names, and whatever goes there, too. */
static int dmabay_batch_find(struct dmabay_batch *batch, struct dmabay_buffer_count *buffer,
			     struct dmabay_reservation **reservation, bool *run)
{
	const struct dmabay_transfer *wanted = batch->wanted;
	u32 count = dmabay_batch_alike(batch);
	int ret = 0;

	if (!batch->borrowed) {
		ret = dmabay_buffer_find(batch->file, wanted->buffer, count, buffer);
		if (!ret)
			ret = dmabay_buffer_allows(buffer->buffer, wanted, batch->fences);
		if (ret == -EAGAIN)
			ret = dmabay_batch_await(batch, buffer->buffer);
	}
	if (ret)
		return ret;

	*reservation = dmabay_reservation_find(batch->file, wanted->reservation);

	return *reservation ? dmabay_batch_begin(batch, *reservation, buffer, count, run) : -ENOENT;
}

/**
 * dmabay_batch_enqueue() - Start transfers by way of the queue
 * @batch: as dmabay_batch_submit() has it, with nothing submitted
 *
 * Context: may sleep.
 * Return: as dmabay_batch_submit().
 */
int dmabay_batch_enqueue(struct dmabay_batch *batch)
{
	struct dmabay_reservation *reservation;
	struct dmabay_buffer_count buffer = {};
	bool run = false;
	int ret;

	ret = dmabay_batch_admit(batch->file->device, batch->wanted);
	if (ret)
		return ret;

	rcu_read_lock();
	ret = dmabay_batch_find(batch, &buffer, &reservation, &run);
	if (buffer.left)
		dmabay_buffer_release(buffer.buffer, buffer.left);
	rcu_read_unlock();

	if (run)
		dmabay_reservation_run(reservation, true);

	return ret;
}
