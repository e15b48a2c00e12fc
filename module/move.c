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
 * when they go on with another buffer or another link: its bounds. They stay with the
 * reservation, and hold for later moves as long as the link is the same one. Most transfers are
 * in bounds. One that is not may be right all the same, and is asked one thing after the other.
 * Often all transfers of a batch are alike but for where they begin, which is seen while they are
 * copied (&dmabay_batch.alike). Then one look says whether all of them are in bounds.
 *
 * Of a transfer that was moved whole there is nothing to write down: what was wanted says what
 * the user is to be told.
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
 * @others: those that were not found linked by their bounds
 * @bytes: that were moved
 * @status: of one that was not moved whole, which was the last one
 * @length: bytes of that
 * @buffer: that was found last
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
	int status;
	size_t length;
	struct dmabay_buffer *buffer;
	u32 held_count;
	struct {
		struct dmabay_buffer *buffer;
		u32 count;
	} held[DMABAY_BATCH_MAX];
};

/* ---- buffers ---- */

/* Counts a buffer for all transfers that may follow. Under RCU. */
static __always_inline int dmabay_move_find(struct dmabay_move *move, u32 held, u32 number,
					    u32 count)
{
	struct dmabay_buffer *buffer = dmabay_buffer_get(move->batch->file, number, count);

	if (!buffer)
		return -ENOENT;

	move->buffer = buffer;
	move->held[held].buffer = buffer;
	move->held[held].count = count;
	move->held_count = held + 1;

	return 0;
}

static noinline int dmabay_move_find_next(struct dmabay_move *move, u32 number, u32 count)
{
	int ret;

	rcu_read_lock();
	ret = dmabay_move_find(move, move->held_count, number, count);
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

/**
 * dmabay_batch_queue_ended() - Queue what ended meanwhile, and the user was not told of
 * @batch: the batch, with &dmabay_batch.reservation
 * @first: the first one
 *
 * Context: any.
 */
void dmabay_batch_queue_ended(struct dmabay_batch *batch, u32 first)
{
	u32 i;

	for (i = first; i < batch->ended_count; i++) {
		struct dmabay_user_transfer *transfer = dmabay_move_take(batch);

		transfer->buffer = NULL;
		transfer->vector = NULL;
		transfer->cookie = batch->wanted[i].cookie;
		transfer->transferred = batch->wanted[i].length;
		transfer->status = 0;
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
	struct dmabay_user_transfer *transfer;

	dmabay_batch_queue_ended(batch, 0);
	transfer = dmabay_move_take(batch);
	dmabay_transfer_fill(transfer, batch, wanted,
			     dmabay_move_part_with(move, wanted->buffer));
	reservation->moved = 0;
	reservation->mapped = false;
	reservation->late = false;
	/* Filled before; pairs with who looks at it under the lock. */
	smp_store_release(&reservation->running, transfer);
	dmabay_transfer_complete(reservation, move->status, move->length);
}

/* Before anybody hears of those that succeeded. */
static void dmabay_move_settle(struct dmabay_move *move)
{
	dmabay_device_moved(move->device, move->batch->ended_count, move->bytes);
}

/* ---- bounds ---- */

/* Of the buffer that was found; and of its part that is linked, if that was used last. */
static __always_inline void dmabay_move_bind(struct dmabay_move *move,
					     const struct dmabay_last_link *link, u64 names)
{
	const struct dmabay_device_config *config = &move->device->config;
	const struct dmabay_buffer *buffer = move->buffer;
	struct dmabay_move_bounds *bounds = &move->reservation->bounds;
	u64 directions = config->directions, from = 0, size = buffer->length;

	bounds->link = link ? link->number : 0;
	if (link) {
		from = link->from;
		size = min(link->to, buffer->length) - from;
		bounds->origin = link->origin;
		directions &= link->rights;
	}
	if (unlikely(buffer->read_only))
		directions &= BIT(DMABAY_TO_DEVICE);
	bounds->names = names;
	bounds->memory_size = config->memory_size;
	bounds->misaligned = config->alignment - 1;
	bounds->from = from;
	bounds->size = size;
	bounds->longest = min3((u64)move->reservation->longest, bounds->memory_size, size);
	/* Who may have to wait for others is always asked. */
	if (unlikely(buffer->source || !directions))
		bounds->longest = 0;
	/* If there are two, the lowest bit says which one it is. */
	bounds->way = directions >> 1;
	bounds->same_way = ~(directions >> 1 & directions);
}

/* As dmabay_move_bind(), for the first one. A link that is the same one has the same memory. */
static __always_inline void dmabay_move_bind_first(struct dmabay_move *move, u64 names)
{
	struct dmabay_reservation *reservation = move->reservation;
	const struct dmabay_last_link *link =
		dmabay_adapter_last_link(reservation->channel, move->buffer->memory);

	if (!link || unlikely(link->number != reservation->bounds.link))
		dmabay_move_bind(move, link, names);
}

/* Does it begin and end there? */
static __always_inline bool dmabay_move_within(const struct dmabay_move_bounds *bounds, u64 offset,
					       u64 length, u64 device_address)
{
	return length - 1 < bounds->longest && device_address <= bounds->memory_size - length &&
	       offset - bounds->from <= bounds->size - length;
}

/* Bits in which it is not what all have to be that are in bounds. */
static __always_inline u64 dmabay_move_differs(const struct dmabay_move_bounds *bounds,
					       const struct dmabay_transfer *wanted, u64 numbers)
{
	u64 different = dmabay_transfer_names(wanted) ^ bounds->names;

	different |= (dmabay_transfer_way(wanted) ^ bounds->way) & bounds->same_way;

	return different | (numbers & bounds->misaligned);
}

/* Then nothing else need be asked. */
static __always_inline bool dmabay_move_in_bounds(const struct dmabay_move_bounds *bounds,
						  const struct dmabay_transfer *wanted)
{
	u64 offset = wanted->offset, length = wanted->length;
	u64 device_address = wanted->device_address;
	u64 numbers = offset | length | device_address;

	return !(dmabay_move_differs(bounds, wanted, numbers) | wanted->deadline) &&
	       dmabay_move_within(bounds, offset, length, device_address);
}

/* Are all of them, and alike? False says nothing: then one after the other is asked. */
static __always_inline bool dmabay_move_all_in_bounds(const struct dmabay_move_bounds *bounds,
						      const struct dmabay_batch *batch)
{
	const struct dmabay_alike *alike = batch->alike;
	const struct dmabay_transfer *first = batch->wanted;
	u64 length = first->length, numbers;

	if (!alike)
		return false;
	numbers = alike->offsets | length | alike->device_addresses;

	/* From the first byte on, because nobody knows which offset is the least one. */
	return !(dmabay_move_differs(bounds, first, numbers) | alike->different | bounds->from) &&
	       dmabay_move_within(bounds, alike->offsets, length, alike->device_addresses);
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

/* The device has not moved all of it, or says that it has moved more. */
static noinline void dmabay_move_judge(struct dmabay_move *move, int status, size_t moved)
{
	move->status = dmabay_piece_judge(move->reservation, status, &moved);
	move->length = moved;
}

/* Has the device do a piece. Its length and direction are there. Returns whether all was moved. */
static __always_inline bool dmabay_move_piece(struct dmabay_move *move,
					      struct dmabay_device_piece *piece,
					      dma_addr_t address, u64 device_address)
{
	size_t moved = 0;
	int status;

	piece->address = address;
	piece->device_address = device_address;
	status = move->move(move->device, piece, &moved);
	if (likely(!status && moved == piece->length))
		return true;
	dmabay_move_judge(move, status, moved);

	return false;
}

/* Has the device do it, at a device address. Returns as dmabay_move_piece(). */
static __always_inline bool dmabay_move_one(struct dmabay_move *move,
					    struct dmabay_device_piece *piece,
					    const struct dmabay_transfer *wanted,
					    dma_addr_t address)
{
	/* Before anything is written: then whoever has looked at them has them still. */
	u64 length = wanted->length, device_address = wanted->device_address;

	piece->direction = dmabay_transfer_way(wanted);
	piece->length = length;
	if (unlikely(!dmabay_move_piece(move, piece, address, device_address)))
		return false;
	move->bytes += wanted->length;

	return true;
}

/* ---- all of them ---- */

/* One that is out of bounds: as it is linked are those that follow, perhaps. */
static bool dmabay_move_find_linked(struct dmabay_move *move,
				    const struct dmabay_transfer *wanted, dma_addr_t *address,
				    int *refused)
{
	struct dmabay_reservation *reservation = move->reservation;
	struct dmabay_memory *memory;

	if (!dmabay_move_accepts(move, wanted, refused))
		return false;
	memory = move->buffer->memory;
	if (!dmabay_adapter_linked(reservation->adapter, reservation->channel, memory,
				   wanted->offset, wanted->length,
				   (enum dmabay_direction)wanted->direction, address))
		return false;
	dmabay_move_bind(move, dmabay_adapter_last_link(reservation->channel, memory),
			 dmabay_transfer_names(wanted));

	return true;
}

/*
 * As dmabay_move_one(), for one whose address its bounds do not tell; or a negative errno if it
 * is not one of those whose memory stays linked.
 */
static noinline int dmabay_move_other(struct dmabay_move *move,
				      const struct dmabay_transfer *wanted, bool in_bounds,
				      int *refused)
{
	struct dmabay_reservation *reservation = move->reservation;
	dma_addr_t address;
	bool found;

	if (in_bounds)
		found = dmabay_adapter_find_linked(reservation->adapter, reservation->channel,
						   move->buffer->memory, wanted->offset,
						   wanted->length,
						   (enum dmabay_direction)wanted->direction,
						   &address);
	else
		found = dmabay_move_find_linked(move, wanted, &address, refused);
	if (!found)
		return -ENOENT;
	move->others++;

	return dmabay_move_one(move, &reservation->piece, wanted, address);
}

/* Does those that are alike, and all in bounds. Returns whether they were moved whole. */
static __always_inline bool dmabay_move_alike(struct dmabay_move *move)
{
	struct dmabay_reservation *reservation = move->reservation;
	struct dmabay_device_piece *piece = &reservation->piece;
	const struct dmabay_transfer *wanted = move->batch->wanted;
	u32 left = move->most;
	bool moved = true;

	piece->direction = dmabay_transfer_way(wanted);
	piece->length = wanted->length;
	do {
		if (READ_ONCE(reservation->ended))
			break;
		moved = dmabay_move_piece(move, piece, reservation->bounds.origin + wanted->offset,
					  wanted->device_address);
		if (unlikely(!moved))
			break;
		wanted++;
		if (need_resched())
			cond_resched();
	} while (--left);
	move->batch->ended_count = move->most - left;
	move->bytes = move->batch->ended_count * (u64)piece->length;

	return moved;
}

/* Does them one by one. Returns as dmabay_move_other(), of the last one. */
static __always_inline int dmabay_move_each(struct dmabay_move *move, int *refused)
{
	struct dmabay_reservation *reservation = move->reservation;
	const struct dmabay_move_bounds *bounds = &reservation->bounds;
	struct dmabay_batch *batch = move->batch;
	const struct dmabay_transfer *wanted = batch->wanted;
	u32 left = move->most;
	int moved = true;

	do {
		bool in_bounds;

		if (READ_ONCE(reservation->ended))
			break;
		in_bounds = dmabay_move_in_bounds(bounds, wanted);
		if (likely(in_bounds && bounds->link))
			moved = dmabay_move_one(move, &reservation->piece, wanted,
						bounds->origin + wanted->offset);
		else
			moved = dmabay_move_other(move, wanted, in_bounds, refused);
		if (unlikely(moved <= 0))
			break;
		wanted++;
		if (need_resched())
			cond_resched();
	} while (--left);
	batch->ended_count = move->most - left;

	return moved;
}

/* Does those whose memory stays linked. Returns how many are the caller's no more. */
static u32 dmabay_move_linked(struct dmabay_move *move, int *refused)
{
	struct dmabay_reservation *reservation = move->reservation;
	struct dmabay_batch *batch = move->batch;
	u32 done;
	int moved;

	dmabay_move_bind_first(move, dmabay_transfer_names(batch->wanted));
	if (dmabay_move_all_in_bounds(&reservation->bounds, batch) && reservation->bounds.link)
		moved = dmabay_move_alike(move);
	else
		moved = dmabay_move_each(move, refused);
	done = batch->ended_count + !moved;
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
	bool all_in_bounds;
	u32 count = 0;
	int mapped;

	dmabay_move_bind(move, NULL, dmabay_transfer_names(wanted));
	all_in_bounds = dmabay_move_all_in_bounds(&reservation->bounds, move->batch);
	do {
		if (!all_in_bounds &&
		    unlikely(!dmabay_move_in_bounds(&reservation->bounds, wanted)) &&
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

		moved = dmabay_move_one(move, &reservation->piece, &batch->wanted[done],
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
	run = !dmabay_reservation_leave_idle(reservation) &&
	      !dmabay_reservation_leave(reservation);
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
	if (move->reservation && !dmabay_move_find(move, 0, wanted->buffer, move->most))
		entered = dmabay_move_enter(move);
	rcu_read_unlock();

	return entered;
}

/*
 * Does what can be done while the caller waits. If nothing was submitted nobody has said yet
 * whether the first one is right, and it has to go another way.
 */
static __always_inline int dmabay_batch_move(struct dmabay_batch *batch,
					     struct dmabay_device *device,
					     const struct dmabay_device_ops *ops)
{
	struct dmabay_move move __dmabay_uninitialized;
	int refused = 0;

	move.batch = batch;
	move.device = device;
	move.move = ops->move;
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

/* Is the device one that does it, and is there nobody who wants it done another way? */
static __always_inline bool dmabay_batch_moves(const struct dmabay_batch *batch,
					       const struct dmabay_device_ops *ops)
{
	return ops && ops->move && !batch->borrowed &&
	       !(batch->vector && batch->vector->polled) && !dmabay_move_traced();
}

/**
 * dmabay_batch_submit() - Start transfers
 * @batch: filled. Transfers that follow the first one and go to the same reservation are
 *	taken, too, up to %DMABAY_BATCH_MAX, or up to one that has to wait for
 *	others who use its memory, or to go another way than those before it
 *
 * Of those in &dmabay_batch.ended_count nobody is told, and dmabay_batch_told() is due.
 *
 * Context: may sleep.
 * Return: 0, or why the one after &dmabay_batch.submitted was refused: nobody is told of
 * that, and &dmabay_batch.borrowed is the caller's.
 */
int dmabay_batch_submit(struct dmabay_batch *batch)
{
	struct dmabay_device *device = batch->file->device;
	const struct dmabay_device_ops *ops = device->config.ops;
	int ret;

	batch->submitted = 0;
	batch->ended_count = 0;
	batch->reservation = NULL;

	if (likely(dmabay_batch_moves(batch, ops))) {
		ret = dmabay_batch_move(batch, device, ops);
		if (likely(batch->submitted))
			return ret;
	}

	return dmabay_batch_enqueue(batch);
}
