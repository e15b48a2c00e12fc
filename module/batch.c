// SPDX-License-Identifier: GPL-2.0-only
/*
 * A batch: transfers that come with one call and go to one reservation.
 *
 * Owned by the stack of its caller. What they have in common is looked up once. A transfer
 * is checked by itself first, then against what it names. Its buffer is counted from there
 * until its end, and so nobody takes it away; the reservation is kept by the transfer
 * itself, once that is queued. RCU keeps both until then.
 *
 * If nothing is under way on the reservation, the batch becomes the one who runs it
 * (dmabay_reservation_enter()) before its first transfer has begun, and takes the short way:
 * a transfer of memory that is linked already is programmed, and if the device is done with
 * it by then, as one is that moves bytes while it is programmed, it has ended, without lock
 * or queue. The first one that cannot go that way, and all that follow, are queued, and
 * transfer.c goes on.
 *
 * On the short way &dmabay_reservation.running goes from one transfer to the next one
 * without the lock. Whoever looks at it under the lock may find one that has just ended, and
 * mark it as withdrawn: that does no harm, because no transfer is used for another one
 * before that was taken under the lock.
 *
 * If nothing stays linked on the reservation (DMABAY_RESERVE_STRICT), and the device is one
 * that is done with a piece when it was programmed, transfers of a batch are linked together
 * before the first one is started, and unlinked together when the last one has ended, with
 * one flush for all; nobody hears of any of them before.
 *
 * What ended on the short way is the batch's until its caller has told the user
 * (dmabay_batch_told()), or until another one may be told that ended later: by somebody else,
 * if the device takes its time, or on the other way. Then it is queued before. Meanwhile a
 * reference keeps the reservation, which somebody else may free; then it is told, or dropped
 * as others that were not read.
 */
#include <linux/overflow.h>
#include <linux/sched.h>

#include "piece.h"

static_assert((int)DMABAY_FROM_DEVICE == (int)DMABAY_READ_FROM_DEVICE);
static_assert((int)DMABAY_TO_DEVICE == (int)DMABAY_WRITE_TO_DEVICE);

/* Transfers that follow each other often name the same buffer: it is counted for several. */
struct dmabay_buffer_count {
	struct dmabay_buffer *buffer;
	u32 left;
};

static __always_inline int dmabay_check(const struct dmabay_device *device, u64 offset, u64 length,
					u64 device_address, u32 direction)
{
	u64 end;

	if (unlikely(!length || (direction != DMABAY_FROM_DEVICE &&
				 direction != DMABAY_TO_DEVICE)))
		return -EINVAL;
	if (unlikely(!(device->config.directions & BIT(direction))))
		return -EOPNOTSUPP;
	if (unlikely(check_add_overflow(offset, length, &end) ||
		     check_add_overflow(device_address, length, &end)))
		return -EOVERFLOW;
	if (unlikely((offset | length | device_address) & (device->config.alignment - 1)))
		return -EINVAL;

	/* What has no memory takes or gives whatever comes next. */
	if (unlikely(!device->config.memory_size))
		return device_address ? -ERANGE : 0;

	return unlikely(end > device->config.memory_size) ? -ERANGE : 0;
}

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
	return dmabay_check(device, offset, length, device_address, direction);
}

static __always_inline int dmabay_admit(const struct dmabay_file *file,
					const struct dmabay_transfer *wanted)
{
	if (unlikely(wanted->flags))
		return -EOPNOTSUPP;

	return dmabay_check(file->device, wanted->offset, wanted->length, wanted->device_address,
			    wanted->direction);
}

/**
 * dmabay_transfer_admit() - Is it worth to look for what a transfer names?
 * @file: the file
 * @wanted: the user's, copied
 *
 * Return: 0 or a negative errno.
 */
int dmabay_transfer_admit(const struct dmabay_file *file, const struct dmabay_transfer *wanted)
{
	return dmabay_admit(file, wanted);
}

/* ---- buffers ---- */

static void dmabay_buffer_release(struct dmabay_buffer *buffer, u32 count)
{
	/* One is left: it is offered. */
	if (count)
		WARN_ON_ONCE(refcount_sub_and_test(count, &buffer->active));
}

/* May a transfer use the buffer? And is everybody else done with it? */
static __always_inline int
dmabay_buffer_allows(const struct dmabay_buffer *buffer,
		     const struct dmabay_transfer *wanted, enum dmabay_fences fences)
{
	if (unlikely(wanted->offset + wanted->length > buffer->length))
		return -ERANGE;
	if (unlikely(buffer->read_only && wanted->direction == DMABAY_FROM_DEVICE))
		return -EACCES;
	if (unlikely(buffer->source) && fences != DMABAY_FENCES_IGNORE &&
	    !dmabay_import_is_ready(buffer, wanted->direction))
		return -EAGAIN;

	return 0;
}

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

/* Finds the buffer and counts it, so many times. */
static struct dmabay_buffer *dmabay_buffer_get(struct dmabay_file *file, u32 number, u32 count)
{
	struct dmabay_buffer **recent = &file->recent_buffers[number % DMABAY_RECENT];
	struct dmabay_buffer *buffer = READ_ONCE(*recent);

	if (!buffer || buffer->number != number)
		buffer = xa_load(&file->buffers, number);
	if (!buffer || !refcount_add_not_zero(count, &buffer->active))
		return NULL;
	if (READ_ONCE(*recent) != buffer)
		WRITE_ONCE(*recent, buffer);

	return buffer;
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

static noinline int dmabay_buffer_change(struct dmabay_file *file, u32 number, u32 count,
					 struct dmabay_buffer_count *found)
{
	if (found->left)
		dmabay_buffer_release(found->buffer, found->left);
	found->buffer = dmabay_buffer_get(file, number, count);
	found->left = found->buffer ? count : 0;

	return found->buffer ? 0 : -ENOENT;
}

/* Counts the buffer of a transfer, and for @count - 1 more that may name it, too. */
static __always_inline int dmabay_buffer_find(struct dmabay_file *file, u32 number, u32 count,
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

static void dmabay_transfer_fill(struct dmabay_user_transfer *transfer,
				 const struct dmabay_batch *batch,
				 const struct dmabay_transfer *wanted,
				 struct dmabay_buffer *buffer)
{
	transfer->buffer = buffer;
	transfer->memory = buffer ? buffer->memory : batch->borrowed;
	transfer->vector = batch->vector;
	transfer->offset = buffer ? wanted->offset : 0;
	transfer->length = wanted->length;
	transfer->device_address = wanted->device_address;
	transfer->cookie = wanted->cookie;
	transfer->deadline = wanted->deadline;
	transfer->direction = (enum dmabay_direction)wanted->direction;
}

/* How many, from the first one on, go to its reservation. */
static u32 dmabay_batch_alike(const struct dmabay_batch *batch)
{
	u32 most = min(batch->count, DMABAY_BATCH_MAX), count = 1;

	while (count < most && batch->wanted[count].reservation == batch->wanted[0].reservation)
		count++;

	return count;
}

/* Takes a free transfer, or returns NULL if there is none. */
static struct dmabay_user_transfer *dmabay_transfer_take(struct dmabay_reservation *reservation)
{
	struct llist_node *node = reservation->spare;

	lockdep_assert_held(&reservation->lock);

	if (!node)
		node = llist_del_all(&reservation->free);
	if (!node)
		return NULL;
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
	llist_add_batch(&transfers[0]->free, &transfers[count - 1]->free, &reservation->free);
}

static struct dmabay_reservation **recent_reservation(struct dmabay_file *file, u32 number)
{
	return &file->recent_reservations[number % DMABAY_RECENT];
}

/*
 * Takes free transfers, up to @count, for the batch, which may run the reservation then.
 * They are not marked any more, and nobody who could do it has seen them before.
 */
static int dmabay_batch_take(struct dmabay_reservation *reservation, u32 count,
			     struct dmabay_user_transfer **transfers, u32 *taken, bool *runs)
{
	struct dmabay_reservation **recent = recent_reservation(reservation->file,
								reservation->number);
	unsigned long flags;
	int ret;

	*taken = 0;
	*runs = false;
	spin_lock_irqsave(&reservation->lock, flags);
	ret = reservation->ended;
	if (ret)
		goto out_unlock;

	if (READ_ONCE(*recent) != reservation)
		WRITE_ONCE(*recent, reservation);
	for (; *taken < count; ++*taken) {
		struct dmabay_user_transfer *transfer = dmabay_transfer_take(reservation);

		if (!transfer)
			break;
		transfer->withdrawn = false;
		transfers[*taken] = transfer;
	}
	*runs = *taken && dmabay_reservation_enter(reservation);

out_unlock:
	spin_unlock_irqrestore(&reservation->lock, flags);
	return ret;
}

static struct dmabay_reservation *dmabay_reservation_find(struct dmabay_file *file, u32 number)
{
	struct dmabay_reservation *reservation = READ_ONCE(*recent_reservation(file, number));

	if (likely(reservation && reservation->number == number))
		return reservation;

	return xa_load(&file->reservations, number);
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
	cmpxchg(recent_reservation(reservation->file, reservation->number), reservation, NULL);
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
			ret = dmabay_admit(batch->file, wanted) ?:
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

/* ---- the short way ---- */

/* What transfers came to that ended one after the other. */
struct dmabay_batch_sum {
	u32 transfers;
	u64 bytes;
	struct dmabay_buffer *buffer;
	u32 count;
};

/* Before anybody hears of them. */
static void dmabay_batch_settle(struct dmabay_device *device, struct dmabay_batch_sum *sum)
{
	dmabay_buffer_release(sum->buffer, sum->count);
	atomic64_add(sum->transfers, &device->transfers);
	atomic64_add(sum->bytes, &device->bytes);
	*sum = (struct dmabay_batch_sum){};
}

/* The device is done with all of it. A ring is told at once, anybody else later. */
static __always_inline void dmabay_batch_end(struct dmabay_batch *batch,
					     struct dmabay_reservation *reservation,
					     struct dmabay_user_transfer *transfer,
					     struct dmabay_batch_sum *sum)
{
	transfer->status = 0;
	transfer->transferred = transfer->length;
	trace_dmabay_transfer_ended(reservation, transfer);

	if (transfer->buffer != sum->buffer) {
		dmabay_buffer_release(sum->buffer, sum->count);
		sum->buffer = transfer->buffer;
		sum->count = 0;
	}
	sum->count++;
	sum->transfers++;
	sum->bytes += transfer->length;

	if (transfer->vector) {
		dmabay_batch_settle(reservation->file->device, sum);
		dmabay_transfers_give(reservation, &transfer, 1);
		dmabay_vector_ended(transfer->vector, 0, transfer->length);
	} else {
		batch->ended[batch->ended_count++] = transfer;
	}
}

/* May it be started right now, in one piece? */
static bool dmabay_batch_may_start(const struct dmabay_reservation *reservation,
				   const struct dmabay_user_transfer *transfer)
{
	return transfer->length <= reservation->longest && !transfer->deadline &&
	       !dmabay_transfer_stopped(reservation, transfer);
}

static __always_inline void dmabay_batch_program(struct dmabay_reservation *reservation,
						 struct dmabay_user_transfer *transfer,
						 dma_addr_t address, bool last)
{
	WRITE_ONCE(reservation->started, jiffies);
	/* Filled before; pairs with who looks at it under the lock. */
	smp_store_release(&reservation->running, transfer);
	if (last)
		/* Pairs with dmabay_reservation_busy(): it runs, and then nothing is left. */
		smp_store_release(&reservation->entered, false);
	trace_dmabay_transfer_submitted(reservation, transfer);
	trace_dmabay_transfer_started(reservation, transfer);
	dmabay_piece_program(reservation, transfer, address, transfer->length);
}

/* Was all of it moved? */
static bool dmabay_batch_succeeded(const struct dmabay_reservation *reservation,
				   const struct dmabay_user_transfer *transfer)
{
	return likely(!reservation->status && reservation->length == transfer->length);
}

/* Queues what the user was not told of yet: from here on others may end, and be queued. */
static void dmabay_batch_flush(struct dmabay_batch *batch)
{
	u32 i;

	for (i = 0; i < batch->ended_count; i++)
		dmabay_completion_add(batch->file, batch->ended[i]);
	batch->ended_count = 0;
}

/* One that was started ended in another way. Those before it are told before. */
static void dmabay_batch_failed(struct dmabay_batch *batch, struct dmabay_reservation *reservation,
				struct dmabay_batch_sum *sum)
{
	dmabay_batch_settle(reservation->file->device, sum);
	dmabay_batch_flush(batch);
	dmabay_transfer_complete(reservation, reservation->status, reservation->length);
}

/*
 * Runs transfers whose memory stays linked, one after the other. Returns how many of them
 * are the caller's no more; those that follow are to be queued.
 */
static u32 dmabay_batch_run(struct dmabay_batch *batch, struct dmabay_reservation *reservation,
			    struct dmabay_user_transfer **transfers, u32 count)
{
	bool at_once = reservation->file->device->config.at_once;
	struct dmabay_batch_sum sum = {};
	bool idle = true;
	u32 done = 0;

	while (done < count) {
		struct dmabay_user_transfer *transfer = transfers[done];
		dma_addr_t address;

		/* What is borrowed is never linked already. */
		if (!dmabay_batch_may_start(reservation, transfer) ||
		    !dmabay_adapter_linked(reservation->adapter, reservation->channel,
					   transfer->memory, transfer->offset, transfer->length,
					   transfer->direction, &address))
			break;
		done++;
		dmabay_batch_program(reservation, transfer, address, done == count);
		/* Whoever completes it goes on with it. */
		idle = dmabay_piece_is_over(reservation);
		if (!idle)
			break;
		if (!dmabay_batch_succeeded(reservation, transfer)) {
			dmabay_batch_failed(batch, reservation, &sum);
			break;
		}
		/* It may be told now, and all that it had be used again. */
		if (transfer->vector || !at_once)
			WRITE_ONCE(reservation->running, NULL);
		dmabay_batch_end(batch, reservation, transfer, &sum);
		/* The next one may be told by somebody else. */
		if (!at_once) {
			dmabay_batch_settle(reservation->file->device, &sum);
			dmabay_batch_flush(batch);
		}
		if (need_resched())
			cond_resched();
	}
	if (idle)
		WRITE_ONCE(reservation->running, NULL);
	dmabay_batch_settle(reservation->file->device, &sum);

	return done;
}

/* Maps the first ones of those. Returns how many, 0 if they have to go another way. */
static u32 dmabay_batch_map(struct dmabay_reservation *reservation,
			    struct dmabay_user_transfer **transfers, u32 count,
			    struct dmabay_batch_entry *entries)
{
	u32 i;

	for (i = 0; i < count && dmabay_batch_may_start(reservation, transfers[i]); i++) {
		entries[i].memory = transfers[i]->memory;
		entries[i].offset = transfers[i]->offset;
		entries[i].length = transfers[i]->length;
		entries[i].direction = transfers[i]->direction;
	}

	return i ? max(dmabay_adapter_map_batch(reservation->adapter, reservation->channel,
						entries, i), 0) : 0;
}

/* The driver promised that the piece is over. What the device reaches is not unlinked before. */
static void dmabay_batch_await_piece(const struct dmabay_reservation *reservation)
{
	while (WARN_ON_ONCE(!atomic_read_acquire(&reservation->met)))
		schedule_timeout_uninterruptible(1);
}

/*
 * As dmabay_batch_run(), of a device that does not keep us waiting, for what does not stay
 * linked.
 */
static u32 dmabay_batch_run_changed(struct dmabay_batch *batch,
				    struct dmabay_reservation *reservation,
				    struct dmabay_user_transfer **transfers, u32 count)
{
	struct dmabay_batch_entry entries[DMABAY_BATCH_MAX] __dmabay_uninitialized;
	struct dmabay_batch_sum sum = {};
	u32 mapped, done = 0, ended = 0, i;

	mapped = dmabay_batch_map(reservation, transfers, count, entries);
	if (!mapped)
		return 0;

	while (done < mapped && !dmabay_transfer_stopped(reservation, transfers[done])) {
		dmabay_batch_program(reservation, transfers[done], entries[done].address,
				     done + 1 == count);
		dmabay_batch_await_piece(reservation);
		done++;
		if (!dmabay_batch_succeeded(reservation, transfers[done - 1]))
			break;
		ended++;
	}
	dmabay_adapter_unmap_batch(reservation->adapter, reservation->channel);

	for (i = 0; i < ended; i++)
		dmabay_batch_end(batch, reservation, transfers[i], &sum);
	dmabay_batch_settle(reservation->file->device, &sum);
	if (ended < done)
		dmabay_batch_failed(batch, reservation, &sum);
	WRITE_ONCE(reservation->running, NULL);

	return done;
}

/* The caller runs the reservation. As dmabay_batch_run(). */
static u32 dmabay_batch_run_any(struct dmabay_batch *batch, struct dmabay_reservation *reservation,
				struct dmabay_user_transfer **transfers, u32 count)
{
	u32 done = 0, more;

	if (!reservation->channel)
		return 0;

	reservation->moved = 0;
	reservation->mapped = false;
	reservation->late = false;
	if (!reservation->strict)
		return dmabay_batch_run(batch, reservation, transfers, count);
	if (!reservation->file->device->config.at_once || batch->vector)
		return 0;

	/* As many as fit, again and again. */
	do {
		more = dmabay_batch_run_changed(batch, reservation, transfers + done,
						count - done);
		done += more;
	} while (more && done < count);

	return done;
}

/* Queues the others, and goes on with whatever is there then. */
static void dmabay_batch_leave(struct dmabay_reservation *reservation,
			       struct dmabay_user_transfer **transfers, u32 count)
{
	unsigned long flags;
	bool run;
	u32 i;

	spin_lock_irqsave(&reservation->lock, flags);
	for (i = 0; i < count; i++)
		dmabay_reservation_queue(reservation, transfers[i]);
	run = !dmabay_reservation_leave(reservation);
	spin_unlock_irqrestore(&reservation->lock, flags);

	if (run)
		dmabay_reservation_run(reservation, true);
}

/* ---- the long way ---- */

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
 * What a batch has found: its reservation, and @count transfers that are filled. It runs the
 * reservation, or others do and the transfers are queued; then, maybe, nobody does any more
 * (@left), and it is the batch's to do.
 */
struct dmabay_batch_part {
	struct dmabay_reservation *reservation;
	u32 count;
	bool runs;
	bool left;
	struct dmabay_user_transfer *transfers[DMABAY_BATCH_MAX];
};

/* Under RCU: up to where somebody else, or we, keep the reservation. */
static int dmabay_batch_begin(struct dmabay_batch *batch, struct dmabay_batch_part *part,
			      struct dmabay_buffer_count *buffer, u32 count)
{
	struct dmabay_reservation *reservation = part->reservation;
	u32 taken, filled = 0;
	int ret, refused;

	ret = dmabay_batch_take(reservation, count, part->transfers, &taken, &part->runs);
	if (ret)
		return ret;

	refused = dmabay_batch_fill(batch, count, part->transfers, taken, &filled, buffer);
	dmabay_transfers_give(reservation, part->transfers + filled, taken - filled);
	if (!part->runs) {
		ret = dmabay_batch_queue(reservation, part->transfers, filled, &part->left);
		if (ret) {
			dmabay_batch_drop(reservation, part->transfers, filled);
			return ret;
		}
	} else if (!batch->vector) {
		refcount_inc(&reservation->references);
		batch->reservation = reservation;
	}
	part->count = filled;

	return refused;
}

/* Under RCU: finds what the first transfer names, and whatever goes there, too. */
static int dmabay_batch_find(struct dmabay_batch *batch, struct dmabay_batch_part *part,
			     struct dmabay_buffer_count *buffer)
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

	part->reservation = dmabay_reservation_find(batch->file, wanted->reservation);

	return part->reservation ? dmabay_batch_begin(batch, part, buffer, count) : -ENOENT;
}

/**
 * dmabay_batch_submit() - Start transfers
 * @batch: filled; the first transfer is admitted. Those that follow it and go to the same
 *	reservation are taken, too, up to %DMABAY_BATCH_MAX, or up to one that has to wait for
 *	others who use its memory
 *
 * Those in &dmabay_batch.ended have ended, and dmabay_batch_told() is due.
 *
 * Context: may sleep.
 * Return: 0, or why the one after &dmabay_batch.submitted was refused: nobody is told of
 * that, and &dmabay_batch.borrowed is the caller's.
 */
int dmabay_batch_submit(struct dmabay_batch *batch)
{
	struct dmabay_batch_part part __dmabay_uninitialized;
	struct dmabay_buffer_count buffer = {};
	u32 done;
	int ret;

	batch->submitted = 0;
	batch->ended_count = 0;
	batch->reservation = NULL;
	part.count = 0;
	part.runs = false;
	part.left = false;

	rcu_read_lock();
	ret = dmabay_batch_find(batch, &part, &buffer);
	if (buffer.left)
		dmabay_buffer_release(buffer.buffer, buffer.left);
	rcu_read_unlock();

	/* It stays as long as somebody runs it, or its transfers are under way. */
	if (part.runs) {
		done = dmabay_batch_run_any(batch, part.reservation, part.transfers, part.count);
		if (done < part.count)
			dmabay_batch_flush(batch);
		dmabay_batch_leave(part.reservation, part.transfers + done, part.count - done);
	} else if (part.left) {
		dmabay_reservation_run(part.reservation, true);
	}
	batch->submitted = part.count;

	return ret;
}

/**
 * dmabay_batch_told() - The user has been told of what ended meanwhile
 * @batch: the batch
 * @count: of how many, from the first one on; the others are for the file's queue
 *
 * Does nothing if nothing ended.
 *
 * Context: may sleep.
 */
void dmabay_batch_told(struct dmabay_batch *batch, u32 count)
{
	struct dmabay_reservation *reservation = batch->reservation;
	u32 i;

	if (!reservation)
		return;

	for (i = 0; i < count; i++)
		trace_dmabay_transfer_read(reservation, batch->ended[i]);
	dmabay_transfers_give(reservation, batch->ended, count);
	for (i = count; i < batch->ended_count; i++)
		dmabay_completion_add(batch->file, batch->ended[i]);
	dmabay_reservation_put(reservation);
}
