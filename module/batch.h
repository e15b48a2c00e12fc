/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What is done for each transfer, or for each call: what all transfers of a batch are asked, how
 * their buffers are counted, and who runs their reservation.
 */
#ifndef _DMABAY_BATCH_H
#define _DMABAY_BATCH_H

#include "user.h"
#include "words.h"

static_assert(sizeof(struct dmabay_transfer) == 7 * sizeof(u64));
static_assert(offsetof(struct dmabay_transfer, buffer) == sizeof(u32));
static_assert(offsetof(struct dmabay_transfer, offset) == 1 * sizeof(u64));
static_assert(offsetof(struct dmabay_transfer, length) == 2 * sizeof(u64));
static_assert(offsetof(struct dmabay_transfer, device_address) == 3 * sizeof(u64));
static_assert(offsetof(struct dmabay_transfer, direction) == 4 * sizeof(u64));
static_assert(offsetof(struct dmabay_transfer, flags) == 4 * sizeof(u64) + sizeof(u32));
static_assert(offsetof(struct dmabay_transfer, deadline) == 6 * sizeof(u64));
static_assert(sizeof(struct dmabay_completion) == 3 * sizeof(u64));
static_assert(offsetof(struct dmabay_completion, length) == 1 * sizeof(u64));
static_assert(offsetof(struct dmabay_completion, status) == 2 * sizeof(u64));

/**
 * dmabay_transfers_from_user() - Copy transfers from the user
 * @to: where to
 * @user: where from
 * @count: how many; not 0
 * @alike: out: what they have in common
 *
 * As dmabay_sevens_from_user(): each word is read once, and looked at while it is at hand.
 *
 * Context: may sleep.
 * Return: 0 or -EFAULT.
 */
static __always_inline int dmabay_transfers_from_user(struct dmabay_transfer *to,
						      const struct dmabay_transfer __user *user,
						      u32 count, struct dmabay_alike *alike)
{
	const u64 __user *from = (const u64 __user *)user;
	const u64 __user *end = from + count * 7;
	u64 names = 0, offsets = 0, lengths = 0, device_addresses = 0, ways = 0;
	u64 *word = (u64 *)to;
	const u64 *first = word;

	if (dmabay_fault(DMABAY_FAULT_COPY_IN) ||
	    !user_read_access_begin(user, count * sizeof(*user)))
		return -EFAULT;
	/* The compiler would look at the end, and keep each word until then. */
	do {
		unsafe_get_user(word[0], &from[0], err_fault);
		names |= word[0] ^ first[0];
		OPTIMIZER_HIDE_VAR(names);
		unsafe_get_user(word[1], &from[1], err_fault);
		offsets |= word[1];
		OPTIMIZER_HIDE_VAR(offsets);
		unsafe_get_user(word[2], &from[2], err_fault);
		lengths |= word[2] ^ first[2];
		OPTIMIZER_HIDE_VAR(lengths);
		unsafe_get_user(word[3], &from[3], err_fault);
		device_addresses |= word[3];
		OPTIMIZER_HIDE_VAR(device_addresses);
		unsafe_get_user(word[4], &from[4], err_fault);
		ways |= word[4] ^ first[4];
		OPTIMIZER_HIDE_VAR(ways);
		unsafe_get_user(word[5], &from[5], err_fault);
		unsafe_get_user(word[6], &from[6], err_fault);
		ways |= word[6];
		word += 7;
		from += 7;
	} while (from < end);
	user_read_access_end();
	alike->different = names | lengths | ways;
	alike->offsets = offsets;
	alike->device_addresses = device_addresses;

	return 0;

err_fault:
	user_read_access_end();
	return -EFAULT;
}

/* Status and reservation, as a word of struct dmabay_completion, of one that succeeded. */
static __always_inline u64 dmabay_completion_success(const struct dmabay_transfer *ended)
{
	const struct dmabay_completion completion = { .reservation = ended->reservation };

	return ((const u64 *)&completion)[2];
}

/*
 * Can the device do it, as most can be done that are asked for? One that is not may be right
 * all the same: dmabay_transfer_check() knows.
 */
static __always_inline bool dmabay_batch_plain(const struct dmabay_device *device, u64 offset,
					       u64 length, u64 device_address, u32 direction)
{
	u64 size = device->config.memory_size;

	return length - 1 < size && device_address <= size - length && (s64)offset >= 0 &&
	       direction <= DMABAY_TO_DEVICE && device->config.directions >> direction & 1 &&
	       !((offset | length | device_address) & (device->config.alignment - 1));
}

/* As dmabay_transfer_admit(). */
static __always_inline int dmabay_batch_admit(const struct dmabay_device *device,
					      const struct dmabay_transfer *wanted)
{
	if (likely(!wanted->flags &&
		   dmabay_batch_plain(device, wanted->offset, wanted->length,
				      wanted->device_address, wanted->direction)))
		return 0;

	return dmabay_transfer_admit(device, wanted);
}

/* Reservation and buffer, to be compared at once. */
static __always_inline u64 dmabay_transfer_names(const struct dmabay_transfer *wanted)
{
	return (u64)wanted->buffer << 32 | wanted->reservation;
}

/* The direction, if there are no flags; else more than any direction is. */
static __always_inline u64 dmabay_transfer_way(const struct dmabay_transfer *wanted)
{
	return (u64)wanted->flags << 32 | wanted->direction;
}

/* May a transfer use the buffer? And is everybody else done with it? */
static __always_inline int dmabay_buffer_allows(const struct dmabay_buffer *buffer,
						const struct dmabay_transfer *wanted,
						enum dmabay_fences fences)
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

/* Finds the buffer and counts it, so many times. Under RCU. */
static inline struct dmabay_buffer *dmabay_buffer_get(struct dmabay_file *file, u32 number,
						      u32 count)
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

/* Does not count it any more, so many times. */
static inline void dmabay_buffer_release(struct dmabay_buffer *buffer, u32 count)
{
	/* One is left: it is offered. */
	WARN_ON_ONCE(refcount_sub_and_test(count, &buffer->active));
}

static inline struct dmabay_reservation **dmabay_recent_reservation(struct dmabay_file *file,
								    u32 number)
{
	return &file->recent_reservations[number % DMABAY_RECENT];
}

/* Finds a reservation. Under RCU, or its lock keeps it. */
static inline struct dmabay_reservation *dmabay_reservation_find(struct dmabay_file *file,
								 u32 number)
{
	struct dmabay_reservation *reservation =
		READ_ONCE(*dmabay_recent_reservation(file, number));

	if (likely(reservation && reservation->number == number))
		return reservation;

	return xa_load(&file->reservations, number);
}

/* It was used; its lock is held, and it has not ended. */
static inline void dmabay_reservation_remember(struct dmabay_reservation *reservation)
{
	struct dmabay_reservation **recent = dmabay_recent_reservation(reservation->file,
								       reservation->number);

	lockdep_assert_held(&reservation->lock);

	if (READ_ONCE(*recent) != reservation)
		WRITE_ONCE(*recent, reservation);
}

/*
 * Claims free transfers, up to @count. Returns how many. Who gives some does not take the
 * lock, and so there can only be more of them than were seen.
 */
static inline u32 dmabay_transfers_claim(struct dmabay_reservation *reservation, u32 count)
{
	lockdep_assert_held(&reservation->lock);

	count = min_t(u32, count, atomic_read(&reservation->free_count));
	atomic_sub(count, &reservation->free_count);

	return count;
}

/* From what is wanted to a transfer. Without a buffer the batch has borrowed memory. */
static inline void dmabay_transfer_fill(struct dmabay_user_transfer *transfer,
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
	transfer->withdrawn = false;
}

/* ---- who runs a reservation ---- */

static inline bool dmabay_reservation_idle_locked(struct dmabay_reservation *reservation)
{
	return !READ_ONCE(reservation->running) && !reservation->starting &&
	       list_empty(&reservation->queue);
}

/**
 * dmabay_reservation_enter() - Become the one who runs a reservation, with nothing to start
 * @reservation: the reservation; its lock is held
 *
 * Context: any.
 * Return: false: something runs or waits there, or somebody is in already.
 */
static inline bool dmabay_reservation_enter(struct dmabay_reservation *reservation)
{
	lockdep_assert_held(&reservation->lock);

	if (!dmabay_reservation_idle_locked(reservation))
		return false;
	reservation->starting = true;
	reservation->entered = true;

	return true;
}

/**
 * dmabay_reservation_leave_idle() - dmabay_reservation_leave(), if nobody has come meanwhile
 * @reservation: as there, and the lock
 *
 * Context: any.
 * Return: false: somebody has, and nothing was done.
 */
static inline bool dmabay_reservation_leave_idle(struct dmabay_reservation *reservation)
{
	lockdep_assert_held(&reservation->lock);

	if (unlikely(reservation->ended || READ_ONCE(reservation->running) ||
		     !list_empty(&reservation->queue)))
		return false;
	reservation->entered = false;
	reservation->starting = false;

	return true;
}

/* ---- the end of a batch ---- */

/**
 * dmabay_batch_told() - The user has been told of what ended meanwhile
 * @batch: the batch
 * @count: of how many, from the first one on; the others are for the file's queue
 *
 * Does nothing if nothing was set aside.
 *
 * Context: may sleep.
 */
static inline void dmabay_batch_told(struct dmabay_batch *batch, u32 count)
{
	struct dmabay_reservation *reservation = batch->reservation;

	if (!reservation)
		return;

	if (unlikely(count < batch->ended_count))
		dmabay_batch_queue_ended(batch, count);
	/* Nobody took them from the list. */
	atomic_add(batch->aside, &reservation->free_count);
	dmabay_reservation_put(reservation);
}

/* batch.c */
struct dmabay_user_transfer *dmabay_transfer_take(struct dmabay_reservation *reservation);
int dmabay_batch_enqueue(struct dmabay_batch *batch);

#endif /* _DMABAY_BATCH_H */
