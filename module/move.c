// SPDX-License-Identifier: GPL-2.0-only
/*
 * A move: transfers of a batch on a device that does each of them while its caller waits
 * (&dmabay_device_ops.move).
 *
 * Owned by the stack of its caller. If nothing is under way on the reservation, the move
 * becomes the one who runs it (dmabay_reservation_enter()), until the last transfer is over.
 * Meanwhile none of them is queued, or &dmabay_reservation.running: nobody else ever sees
 * them. They are checked, done, and written down for the user one after the other, without
 * lock or queue.
 *
 * If nothing stays linked on the reservation (DMABAY_RESERVE_STRICT), they are linked together
 * before the first one is started, and unlinked together when the last one is over, with
 * one flush for all; nobody hears of any of them before. Else only those go this way whose
 * memory is linked. The first one that cannot, and all that follow, go the other way (batch.c).
 *
 * A buffer is counted from when it is found until the end of the move, and so nobody takes
 * it away.
 *
 * For each transfer a struct dmabay_user_transfer is set aside, in a chain. It is filled only
 * if what became of the transfer has to be queued, because the user cannot be told right now;
 * or if the transfer has failed, which transfer.c knows how to deal with. Until the user has
 * been told (dmabay_batch_told()) a reference keeps the reservation, which somebody else may
 * free; then he is told all the same, or it is dropped as others that were not read.
 *
 * Who traces wants to see each step: then all transfers go the other way.
 */
#include <linux/sched.h>

#include "batch.h"
#include "trace_user.h"

/*
 * struct dmabay_move - Transfers that are under way
 * @batch: what is wanted, and what became of it
 * @device: of the file
 * @move: what it is asked to do
 * @reservation: the caller runs it
 * @most: how many may be done
 * @bytes: that were moved
 * @buffer: what was found last
 * @held_count: how many @held
 * @held: buffers, and how often each is counted
 */
struct dmabay_move {
	struct dmabay_batch *batch;
	struct dmabay_device *device;
	int (*move)(struct dmabay_device *device, const struct dmabay_device_piece *piece,
		    size_t *length);
	struct dmabay_reservation *reservation;
	u32 most;
	u64 bytes;
	struct dmabay_buffer *buffer;
	u32 held_count;
	struct {
		struct dmabay_buffer *buffer;
		u32 count;
	} held[DMABAY_BATCH_MAX];
};

/* ---- buffers ---- */

/* Counts a buffer for all transfers that may follow. Under RCU. */
static __always_inline int dmabay_move_find(struct dmabay_move *move, u32 number, u32 count)
{
	struct dmabay_buffer *buffer = dmabay_buffer_get(move->batch->file, number, count);

	if (!buffer)
		return -ENOENT;

	move->buffer = buffer;
	move->held[move->held_count].buffer = buffer;
	move->held[move->held_count++].count = count;

	return 0;
}

static noinline int dmabay_move_find_next(struct dmabay_move *move, u32 number, u32 count)
{
	int ret;

	rcu_read_lock();
	ret = dmabay_move_find(move, number, count);
	rcu_read_unlock();

	return ret;
}

static void dmabay_move_release(struct dmabay_move *move)
{
	u32 i;

	for (i = 0; i < move->held_count; i++)
		if (move->held[i].count)
			dmabay_buffer_release(move->held[i].buffer, move->held[i].count);
}

/* Of a buffer that is held, one count is for somebody else. */
static struct dmabay_buffer *dmabay_move_part_with(struct dmabay_move *move, u32 number)
{
	u32 i = 0;

	while (move->held[i].buffer->number != number)
		i++;
	move->held[i].count--;

	return move->held[i].buffer;
}

/* ---- transfers that are set aside ---- */

/* Sets some aside, up to @count. Returns how many. */
static u32 dmabay_move_set_aside(struct dmabay_batch *batch, struct dmabay_reservation *reservation,
				 u32 count)
{
	struct llist_node *node = reservation->spare;
	u32 taken;

	lockdep_assert_held(&reservation->lock);

	if (!node)
		node = llist_del_all(&reservation->free);
	batch->aside = node;
	for (taken = 1; taken < count; taken++) {
		if (!node->next)
			node->next = llist_del_all(&reservation->free);
		if (!node->next)
			break;
		node = node->next;
	}
	batch->aside_last = node;
	reservation->spare = node->next;

	return taken;
}

static struct dmabay_user_transfer *dmabay_move_take(struct dmabay_batch *batch)
{
	struct llist_node *node = batch->aside;

	batch->aside = node == batch->aside_last ? NULL : node->next;

	return llist_entry(node, struct dmabay_user_transfer, free);
}

static void dmabay_move_give_back(struct dmabay_batch *batch)
{
	if (batch->aside)
		llist_add_batch(batch->aside, batch->aside_last, &batch->reservation->free);
}

/* ---- the end ---- */

/* Queues what the user was not told of, from @first on. */
static void dmabay_move_queue(struct dmabay_batch *batch, u32 first)
{
	u32 i;

	for (i = first; i < batch->ended_count; i++) {
		const struct dmabay_completion *ended = &batch->ended[i];
		struct dmabay_user_transfer *transfer = dmabay_move_take(batch);

		transfer->buffer = NULL;
		transfer->vector = NULL;
		transfer->cookie = ended->cookie;
		transfer->transferred = ended->length;
		transfer->status = ended->status;
		dmabay_completion_add(batch->file, transfer);
	}
	batch->ended_count = first;
}

/* One that was started ended in another way, and so was the last one. Others are told before. */
static noinline void dmabay_move_failed(struct dmabay_move *move, u32 failed)
{
	struct dmabay_reservation *reservation = move->reservation;
	struct dmabay_batch *batch = move->batch;
	const struct dmabay_transfer *wanted = &batch->wanted[failed];
	const struct dmabay_completion *ended = &batch->ended[failed];
	struct dmabay_user_transfer *transfer;

	dmabay_move_queue(batch, 0);
	transfer = dmabay_move_take(batch);
	dmabay_transfer_fill(transfer, batch, wanted,
			     dmabay_move_part_with(move, wanted->buffer));
	/* Filled before; pairs with who looks at it under the lock. */
	smp_store_release(&reservation->running, transfer);
	dmabay_transfer_complete(reservation, ended->status, ended->length);
}

/* Before anybody hears of those that succeeded. */
static void dmabay_move_settle(struct dmabay_move *move)
{
	dmabay_device_moved(move->device, move->batch->ended_count, move->bytes);
}

/**
 * dmabay_batch_told() - The user has been told of what ended meanwhile
 * @batch: the batch
 * @count: of how many, from the first one on; the others are for the file's queue
 *
 * Does nothing if nothing was set aside.
 *
 * Context: may sleep.
 */
void dmabay_batch_told(struct dmabay_batch *batch, u32 count)
{
	if (!batch->reservation)
		return;

	if (count < batch->ended_count)
		dmabay_move_queue(batch, count);
	dmabay_move_give_back(batch);
	dmabay_reservation_put(batch->reservation);
}

/* ---- one transfer ---- */

/* One that follows others: is it for us, and right? If not, @refused says why it is nobody's. */
static __always_inline bool dmabay_move_accepts(struct dmabay_move *move,
						const struct dmabay_transfer *wanted, u32 index,
						int *refused)
{
	int ret;

	if (wanted->reservation != move->reservation->number)
		return false;
	ret = dmabay_batch_admit(move->device, wanted);
	if (!ret && unlikely(wanted->buffer != move->buffer->number))
		ret = dmabay_move_find_next(move, wanted->buffer, move->most - index);
	if (!ret)
		ret = dmabay_buffer_allows(move->buffer, wanted, move->batch->fences);
	/* Who can wait does it elsewhere. */
	if (unlikely(ret))
		*refused = ret == -EAGAIN ? 0 : ret;

	return !ret;
}

/* Can it be done in one piece, and at any time? */
static __always_inline bool dmabay_move_suits(const struct dmabay_move *move,
					      const struct dmabay_transfer *wanted)
{
	return wanted->length <= move->reservation->longest && !wanted->deadline;
}

/* Has the device do it. Returns whether all of it was moved. */
static __always_inline bool dmabay_move_one(struct dmabay_move *move,
					    const struct dmabay_transfer *wanted,
					    struct dmabay_completion *ended, dma_addr_t address)
{
	struct dmabay_device_piece *piece = &move->reservation->piece;
	size_t length = wanted->length, moved = 0;
	int status;

	piece->address = address;
	piece->length = length;
	piece->device_address = wanted->device_address;
	piece->direction = (enum dmabay_direction)wanted->direction;
	status = move->move(move->device, piece, &moved);

	ended->cookie = wanted->cookie;
	ended->reservation = wanted->reservation;
	/* The driver's word, not more: it may have it from the device. */
	ended->length = min(moved, length);
	ended->status = status > 0 ? -EIO : status;
	if (unlikely(status || moved < length))
		return false;
	move->bytes += length;

	return true;
}

/* ---- all of them ---- */

/* Does those whose memory stays linked. Returns how many are the caller's no more. */
static u32 dmabay_move_linked(struct dmabay_move *move, int *refused)
{
	struct dmabay_reservation *reservation = move->reservation;
	const struct dmabay_transfer *wanted = move->batch->wanted;
	struct dmabay_completion *ended = move->batch->ended;
	u32 done = 0;

	do {
		dma_addr_t address;

		if (!dmabay_move_suits(move, wanted) || READ_ONCE(reservation->ended) ||
		    !dmabay_adapter_linked(reservation->adapter, reservation->channel,
					   move->buffer->memory, wanted->offset, wanted->length,
					   (enum dmabay_direction)wanted->direction, &address))
			break;
		done++;
		if (!dmabay_move_one(move, wanted, ended, address))
			return done;
		move->batch->ended_count = done;
		if (need_resched())
			cond_resched();
		wanted++;
		ended++;
	} while (done < move->most && dmabay_move_accepts(move, wanted, done, refused));

	return done;
}

/* Maps the first ones. Returns how many. */
static u32 dmabay_move_map(struct dmabay_move *move, struct dmabay_batch_entry *entries,
			   int *refused)
{
	struct dmabay_reservation *reservation = move->reservation;
	const struct dmabay_transfer *wanted = move->batch->wanted;
	u32 count = 0;
	int mapped;

	do {
		if (!dmabay_move_suits(move, wanted))
			break;
		entries[count].memory = move->buffer->memory;
		entries[count].offset = wanted->offset;
		entries[count].length = wanted->length;
		entries[count].direction = (enum dmabay_direction)wanted->direction;
		wanted++;
		count++;
	} while (count < move->most && dmabay_move_accepts(move, wanted, count, refused));
	if (!count)
		return 0;

	mapped = dmabay_adapter_map_batch(reservation->adapter, reservation->channel, entries,
					  count);
	/* What follows those that fit is looked at again. */
	if (mapped < (int)count)
		*refused = 0;

	return max(mapped, 0);
}

/* As dmabay_move_linked(), for what does not stay linked. */
static noinline u32 dmabay_move_changed(struct dmabay_move *move, int *refused)
{
	struct dmabay_reservation *reservation = move->reservation;
	struct dmabay_batch_entry entries[DMABAY_BATCH_MAX] __dmabay_uninitialized;
	struct dmabay_batch *batch = move->batch;
	u32 mapped, done = 0;

	mapped = dmabay_move_map(move, entries, refused);
	if (!mapped)
		return 0;

	while (done < mapped && !READ_ONCE(reservation->ended)) {
		bool moved = dmabay_move_one(move, &batch->wanted[done], &batch->ended[done],
					     entries[done].address);

		done++;
		if (!moved)
			break;
		batch->ended_count = done;
		if (need_resched())
			cond_resched();
	}
	if (done < mapped)
		*refused = 0;
	dmabay_adapter_unmap_batch(reservation->adapter, reservation->channel);

	return done;
}

/* Does what can be done. Returns how many are the caller's no more. */
static u32 dmabay_move_run(struct dmabay_move *move, int *refused)
{
	struct dmabay_reservation *reservation = move->reservation;
	u32 done;

	reservation->moved = 0;
	reservation->mapped = false;
	reservation->late = false;
	WRITE_ONCE(reservation->started, jiffies);
	reservation->piece.polled = false;
	done = reservation->strict ? dmabay_move_changed(move, refused) :
				     dmabay_move_linked(move, refused);
	dmabay_move_settle(move);
	if (unlikely(done > move->batch->ended_count))
		dmabay_move_failed(move, done - 1);

	return done;
}

/* Somebody traces what is told of each transfer. */
static bool dmabay_move_traced(void)
{
	return trace_dmabay_transfer_submitted_enabled() ||
	       trace_dmabay_transfer_started_enabled() ||
	       trace_dmabay_transfer_ended_enabled() || trace_dmabay_transfer_read_enabled() ||
	       trace_dmabay_piece_programmed_enabled() || trace_dmabay_piece_completed_enabled();
}

/* Becomes the one who runs the reservation, if nothing is under way there. */
static bool dmabay_move_enter(struct dmabay_move *move, int *refused)
{
	struct dmabay_reservation *reservation = move->reservation;
	struct dmabay_batch *batch = move->batch;
	unsigned long flags;
	bool entered;

	spin_lock_irqsave(&reservation->lock, flags);
	*refused = reservation->ended;
	entered = !*refused && reservation->channel &&
		  (reservation->spare || !llist_empty(&reservation->free)) &&
		  dmabay_reservation_enter(reservation);
	if (entered) {
		dmabay_reservation_remember(reservation);
		move->most = dmabay_move_set_aside(batch, reservation, move->most);
		refcount_inc(&reservation->references);
		batch->reservation = reservation;
	}
	spin_unlock_irqrestore(&reservation->lock, flags);

	return entered;
}

/* And not any more; goes on with whatever has been queued meanwhile. */
static void dmabay_move_leave(struct dmabay_reservation *reservation)
{
	unsigned long flags;
	bool run;

	spin_lock_irqsave(&reservation->lock, flags);
	run = !dmabay_reservation_leave(reservation);
	spin_unlock_irqrestore(&reservation->lock, flags);

	if (run)
		dmabay_reservation_run(reservation, true);
}

/* Finds what the first one names, and enters. */
static bool dmabay_move_begin(struct dmabay_move *move, int *refused)
{
	struct dmabay_batch *batch = move->batch;
	const struct dmabay_transfer *wanted = batch->wanted;
	bool entered = false;

	rcu_read_lock();
	*refused = dmabay_move_find(move, wanted->buffer, move->most);
	if (!*refused)
		*refused = dmabay_buffer_allows(move->buffer, wanted, batch->fences);
	if (*refused)
		goto out_unlock;
	move->reservation = dmabay_reservation_find(batch->file, wanted->reservation);
	if (move->reservation)
		entered = dmabay_move_enter(move, refused);
	else
		*refused = -ENOENT;

out_unlock:
	rcu_read_unlock();
	return entered;
}

/**
 * dmabay_batch_move() - Do what can be done while the caller waits
 * @batch: as dmabay_batch_submit() has it; the device has &dmabay_device_ops.move, and nothing
 *	is borrowed
 *
 * Context: may sleep.
 * Return: as dmabay_batch_submit(); or 0 with nothing submitted: the first one has to go
 * another way.
 */
int dmabay_batch_move(struct dmabay_batch *batch)
{
	struct dmabay_move move __dmabay_uninitialized;
	int refused = 0;

	if ((batch->vector && batch->vector->polled) || dmabay_move_traced())
		return 0;

	move.batch = batch;
	move.device = batch->file->device;
	move.move = move.device->config.ops->move;
	move.most = min(batch->count, DMABAY_BATCH_MAX);
	move.bytes = 0;
	move.held_count = 0;
	if (dmabay_move_begin(&move, &refused)) {
		batch->submitted = dmabay_move_run(&move, &refused);
		dmabay_move_leave(move.reservation);
		/* What was set aside is needed elsewhere. */
		if (!batch->submitted) {
			dmabay_batch_told(batch, 0);
			batch->reservation = NULL;
		}
	}
	dmabay_move_release(&move);

	/* It is waited for elsewhere. */
	return refused == -EAGAIN ? 0 : refused;
}
