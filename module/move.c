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
 * A struct dmabay_user_transfer is set aside for each, by counting. It is taken and filled only
 * if what became of the transfer has to be queued, because the user cannot be told right now;
 * or if the transfer has failed, which transfer.c knows how to deal with. Until the user has
 * been told (dmabay_batch_told()) a reference keeps the reservation, which somebody else may
 * free; then he is told all the same, or it is dropped as others that were not read.
 *
 * What a transfer may be, so that nothing else has to be asked, is worked out once, and again
 * when they go on with another buffer or another link: its bounds. Most transfers are in bounds.
 * One that is not may be right all the same, and is asked one thing after the other.
 *
 * Who traces wants to see each step: then all transfers go the other way.
 */
#include <linux/sched.h>

#include "batch.h"
#include "trace_user.h"

/*
 * struct dmabay_move_bounds - What transfers may be
 * @names: reservation and buffer, dmabay_transfer_names()
 * @longest: bytes, at most; not more than @memory_size or @size
 * @memory_size: bytes of the device
 * @from: the first byte of the buffer
 * @size: bytes from there on
 * @misaligned: bits that no number of bytes has
 * @directions: BIT() of each that is possible
 * @linked: the device has all that is in bounds by its address, which begins at @origin
 * @origin: of the first byte of the buffer, not of that at @from
 */
struct dmabay_move_bounds {
	u64 names;
	u64 longest;
	u64 memory_size;
	u64 from;
	u64 size;
	u64 misaligned;
	u32 directions;
	bool linked;
	dma_addr_t origin;
};

/*
 * struct dmabay_move - Transfers that are under way
 * @batch: what is wanted, and what became of it
 * @device: of the file
 * @move: what it is asked to do
 * @reservation: the caller runs it
 * @most: how many may be done
 * @bytes: that were moved
 * @others: those that were not found linked by their bounds
 * @bounds: of the buffer that was found last
 * @buffer: that
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
	u32 others;
	u64 bytes;
	struct dmabay_move_bounds bounds;
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

/* Of those that were set aside. */
static struct dmabay_user_transfer *dmabay_move_take(struct dmabay_batch *batch)
{
	struct dmabay_reservation *reservation = batch->reservation;
	struct dmabay_user_transfer *transfer;

	batch->aside--;
	spin_lock_irq(&reservation->lock);
	transfer = dmabay_transfer_take(reservation);
	spin_unlock_irq(&reservation->lock);

	return transfer;
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
	/* Nobody took them from the list. */
	atomic_add(batch->aside, &batch->reservation->free_count);
	dmabay_reservation_put(batch->reservation);
}

/* ---- bounds ---- */

/* Of the buffer that was found; and of its part that is linked, if that was used last. */
static __always_inline void dmabay_move_bind(struct dmabay_move *move,
					     const struct dmabay_last_link *link, u64 names)
{
	const struct dmabay_device_config *config = &move->device->config;
	const struct dmabay_buffer *buffer = move->buffer;
	struct dmabay_move_bounds *bounds = &move->bounds;

	bounds->names = names;
	bounds->memory_size = config->memory_size;
	bounds->misaligned = config->alignment - 1;
	bounds->directions = config->directions;
	bounds->from = 0;
	bounds->size = buffer->length;
	bounds->linked = link;
	if (link) {
		bounds->from = link->from;
		bounds->size = min(link->to, buffer->length) - link->from;
		bounds->origin = link->origin;
		bounds->directions &= link->rights;
	}
	if (unlikely(buffer->read_only))
		bounds->directions &= BIT(DMABAY_TO_DEVICE);
	/* Who may have to wait for others is always asked. */
	if (unlikely(buffer->source))
		bounds->directions = 0;
	bounds->longest = min3((u64)move->reservation->longest, bounds->memory_size, bounds->size);
}

/* Then nothing else need be asked. */
static __always_inline bool dmabay_move_in_bounds(const struct dmabay_move_bounds *bounds,
						  const struct dmabay_transfer *wanted)
{
	u64 length = wanted->length, way = dmabay_transfer_way(wanted);

	return dmabay_transfer_names(wanted) == bounds->names && !wanted->deadline &&
	       way <= DMABAY_TO_DEVICE && bounds->directions >> way & 1 &&
	       length - 1 < bounds->longest &&
	       wanted->device_address <= bounds->memory_size - length &&
	       wanted->offset - bounds->from <= bounds->size - length &&
	       !((wanted->offset | length | wanted->device_address) & bounds->misaligned);
}

/* Is one for us, and right? If not, @refused says why it is nobody's. */
static bool dmabay_move_accepts(struct dmabay_move *move, const struct dmabay_transfer *wanted,
				int *refused)
{
	u32 index = wanted - move->batch->wanted;
	int ret;

	if (wanted->reservation != move->reservation->number)
		return false;
	ret = dmabay_batch_admit(move->device, wanted);
	if (!ret && wanted->buffer != move->buffer->number)
		ret = dmabay_move_find_next(move, wanted->buffer, move->most - index);
	if (!ret)
		ret = dmabay_buffer_allows(move->buffer, wanted, move->batch->fences);
	/* Who can wait does it elsewhere. */
	if (ret)
		*refused = ret == -EAGAIN ? 0 : ret;

	/* Can it be done in one piece, and at any time? */
	return !ret && wanted->length <= move->reservation->longest && !wanted->deadline;
}

/* ---- one transfer ---- */

/* Has the device do it, whose address is known. Returns whether all of it was moved. */
static __always_inline bool dmabay_move_one(struct dmabay_move *move,
					    struct dmabay_device_piece *piece,
					    const struct dmabay_transfer *wanted,
					    struct dmabay_completion *ended)
{
	size_t moved = 0;
	int status;

	piece->length = wanted->length;
	piece->device_address = wanted->device_address;
	piece->direction = (enum dmabay_direction)wanted->direction;
	status = move->move(move->device, piece, &moved);

	ended->cookie = wanted->cookie;
	ended->reservation = wanted->reservation;
	if (likely(!status && moved == wanted->length)) {
		ended->length = wanted->length;
		ended->status = 0;
		move->bytes += wanted->length;
		return true;
	}
	ended->status = dmabay_piece_judge(move->reservation, status, &moved);
	ended->length = moved;

	return false;
}

/* ---- all of them ---- */

/* One that is out of bounds: as it is linked are those that follow, perhaps. */
static noinline bool dmabay_move_find_linked(struct dmabay_move *move,
					     const struct dmabay_transfer *wanted, int *refused)
{
	struct dmabay_reservation *reservation = move->reservation;
	struct dmabay_memory *memory;

	if (!dmabay_move_accepts(move, wanted, refused))
		return false;
	memory = move->buffer->memory;
	if (!dmabay_adapter_linked(reservation->adapter, reservation->channel, memory,
				   wanted->offset, wanted->length,
				   (enum dmabay_direction)wanted->direction,
				   &reservation->piece.address))
		return false;
	move->others++;
	dmabay_move_bind(move, dmabay_adapter_last_link(reservation->channel, memory),
			 dmabay_transfer_names(wanted));

	return true;
}

/* Finds the address of one whose memory stays linked. */
static __always_inline bool dmabay_move_address(struct dmabay_move *move,
						struct dmabay_reservation *reservation,
						const struct dmabay_transfer *wanted, int *refused)
{
	if (unlikely(!dmabay_move_in_bounds(&move->bounds, wanted)))
		return dmabay_move_find_linked(move, wanted, refused);
	if (likely(move->bounds.linked)) {
		reservation->piece.address = move->bounds.origin + wanted->offset;
		return true;
	}
	if (!dmabay_adapter_find_linked(reservation->adapter, reservation->channel,
					move->buffer->memory, wanted->offset, wanted->length,
					(enum dmabay_direction)wanted->direction,
					&reservation->piece.address))
		return false;
	move->others++;

	return true;
}

/* Does those whose memory stays linked. Returns how many are the caller's no more. */
static u32 dmabay_move_linked(struct dmabay_move *move, int *refused)
{
	struct dmabay_reservation *reservation = move->reservation;
	struct dmabay_batch *batch = move->batch;
	const struct dmabay_transfer *wanted = batch->wanted, *end = wanted + move->most;
	struct dmabay_completion *ended = batch->ended;
	bool moved = true;
	u32 done;

	dmabay_move_bind(move, dmabay_adapter_last_link(reservation->channel,
							move->buffer->memory),
			 dmabay_transfer_names(wanted));
	do {
		if (READ_ONCE(reservation->ended) ||
		    !dmabay_move_address(move, reservation, wanted, refused))
			break;
		moved = dmabay_move_one(move, &reservation->piece, wanted, ended);
		wanted++;
		ended++;
		if (need_resched())
			cond_resched();
	} while (moved && wanted < end);
	done = ended - batch->ended;
	batch->ended_count = done - !moved;
	if (done > move->others)
		dmabay_adapter_count_hits(reservation->channel, done - move->others);

	return done;
}

/* One that is out of bounds, and is to be mapped. */
static noinline bool dmabay_move_rebind(struct dmabay_move *move,
					const struct dmabay_transfer *wanted, int *refused)
{
	if (!dmabay_move_accepts(move, wanted, refused))
		return false;
	dmabay_move_bind(move, NULL, dmabay_transfer_names(wanted));

	return true;
}

/* Maps the first ones. Returns how many. */
static u32 dmabay_move_map(struct dmabay_move *move, struct dmabay_batch_entry *entries,
			   int *refused)
{
	struct dmabay_reservation *reservation = move->reservation;
	const struct dmabay_transfer *wanted = move->batch->wanted;
	u32 count = 0;
	int mapped;

	dmabay_move_bind(move, NULL, dmabay_transfer_names(wanted));
	do {
		if (unlikely(!dmabay_move_in_bounds(&move->bounds, wanted)) &&
		    !dmabay_move_rebind(move, wanted, refused))
			break;
		entries[count].memory = move->buffer->memory;
		entries[count].offset = wanted->offset;
		entries[count].length = wanted->length;
		entries[count].direction = (enum dmabay_direction)wanted->direction;
		wanted++;
		count++;
	} while (count < move->most);
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
		bool moved;

		reservation->piece.address = entries[done].address;
		moved = dmabay_move_one(move, &reservation->piece, &batch->wanted[done],
					&batch->ended[done]);
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
static bool dmabay_move_enter(struct dmabay_move *move)
{
	struct dmabay_reservation *reservation = move->reservation;
	struct dmabay_batch *batch = move->batch;
	bool entered;

	spin_lock_irq(&reservation->lock);
	entered = !reservation->ended && reservation->channel &&
		  atomic_read(&reservation->free_count) &&
		  dmabay_reservation_enter(reservation);
	if (entered) {
		dmabay_reservation_remember(reservation);
		move->most = dmabay_transfers_claim(reservation, move->most);
		batch->aside = move->most;
		refcount_inc(&reservation->references);
		batch->reservation = reservation;
	}
	spin_unlock_irq(&reservation->lock);

	return entered;
}

/* And not any more; goes on with whatever has been queued meanwhile. */
static void dmabay_move_leave(struct dmabay_reservation *reservation)
{
	bool run;

	spin_lock_irq(&reservation->lock);
	run = !dmabay_reservation_leave(reservation);
	spin_unlock_irq(&reservation->lock);

	if (run)
		dmabay_reservation_run(reservation, true);
}

/* Finds what the first one names, and enters. */
static bool dmabay_move_begin(struct dmabay_move *move)
{
	struct dmabay_batch *batch = move->batch;
	const struct dmabay_transfer *wanted = batch->wanted;
	bool entered = false;

	rcu_read_lock();
	move->reservation = dmabay_reservation_find(batch->file, wanted->reservation);
	if (move->reservation && !dmabay_move_find(move, wanted->buffer, move->most))
		entered = dmabay_move_enter(move);
	rcu_read_unlock();

	return entered;
}

/**
 * dmabay_batch_move() - Do what can be done while the caller waits
 * @batch: as dmabay_batch_submit() has it; the device has &dmabay_device_ops.move, and nothing
 *	is borrowed
 *
 * Context: may sleep.
 * Return: as dmabay_batch_submit(), if anything was submitted. Else nobody has said yet whether
 * the first one is right, and it has to go another way.
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
	move.others = 0;
	move.bytes = 0;
	move.held_count = 0;
	if (dmabay_move_begin(&move)) {
		batch->submitted = dmabay_move_run(&move, &refused);
		dmabay_move_leave(move.reservation);
		/* What was set aside is needed elsewhere. */
		if (!batch->submitted) {
			dmabay_batch_told(batch, 0);
			batch->reservation = NULL;
		}
	}
	dmabay_move_release(&move);

	return refused;
}
