// SPDX-License-Identifier: GPL-2.0-only
/*
 * A piece: so much of a transfer as the device is given at once.
 *
 * A reservation has its map registers for good, so what runs on it needs no transaction: a
 * piece is mapped on the channel that holds them, the driver programs it, and it is unmapped
 * when that says that it is done. Most transfers are one piece, of memory that is linked
 * already; then nothing is left to do but to find that.
 *
 * Where the device reaches all memory as it is, nothing is mapped at all: what is scattered is
 * so many pieces, unless to copy it into one is cheaper (crossover.c). Those that the device
 * is done with when they were programmed follow each other without a further look.
 *
 * Whoever runs the reservation starts its pieces (dmabay_reservation_run()), one after the
 * other. Whoever completes one owns it: &dmabay_reservation.programmed goes from 1 to 0 once.
 *
 * Without registers of its own (DMABAY_ONCE), and with a dmaengine channel, a transfer is
 * executed by a transaction, see transfer.c.
 */
#include "piece.h"

/* So many pieces that need no mapping are looked for at a time. */
#define DMABAY_PIECES	32

/**
 * dmabay_piece_prepare() - Let the pieces of a reservation be mapped on its channel
 * @reservation: the reservation; granted, and not offered yet
 *
 * Context: may sleep.
 */
void dmabay_piece_prepare(struct dmabay_reservation *reservation)
{
	struct dmabay_device *device = reservation->file->device;
	enum dmabay_direction direction = DMABAY_READ_FROM_DEVICE;

	if (device->is_channel)
		return;

	/* All profiles that a device can have here have one adapter for both directions. */
	reservation->adapter = dmabay_enabler_adapter(device->enabler, direction);
	reservation->longest = dmabay_enabler_fragment_length(device->enabler, direction);
	reservation->channel = dmabay_transaction_channel(reservation->transaction);
	/* Buffers stay pinned until they were unlinked by name. */
	if (reservation->strict)
		dmabay_adapter_defer_unlinks(reservation->adapter, reservation->channel);
}

/* A piece of what is not to stay linked is a batch of one, if it can be. */
static bool dmabay_piece_map_alone(struct dmabay_reservation *reservation,
				   const struct dmabay_user_transfer *transfer, size_t offset,
				   size_t length, dma_addr_t *address)
{
	struct dmabay_batch_entry entry = {
		.memory = transfer->memory,
		.offset = offset,
		.length = length,
		.direction = transfer->direction,
	};

	reservation->alone = reservation->strict &&
			     dmabay_adapter_map_batch(reservation->adapter, reservation->channel,
						      &entry, 1) == 1;
	*address = entry.address;

	return reservation->alone;
}

/* As dmabay_piece_map_alone(), but what is linked already is found, and what is not stays. */
static int dmabay_piece_map(struct dmabay_reservation *reservation,
			    const struct dmabay_user_transfer *transfer, size_t offset,
			    size_t *length, dma_addr_t *address)
{
	struct dmabay_sg_element element;
	struct dmabay_sg_list list = { .elements = &element, .capacity = 1 };
	int ret;

	/* A buffer that is counted is not unlinked meanwhile. */
	reservation->mapped = !transfer->buffer ||
			      !dmabay_adapter_linked(reservation->adapter, reservation->channel,
						     transfer->memory, offset, *length,
						     transfer->direction, address);
	if (!reservation->mapped)
		return 0;
	ret = dmabay_adapter_map_transfer(reservation->adapter, reservation->channel,
					  transfer->memory, offset, length,
					  transfer->direction, &list);
	if (ret)
		return ret;
	reservation->leaves = true;
	*address = element.address;

	return 0;
}

/* Runs one after the other, as long as the device is done with all of each by then. */
static bool dmabay_pieces_run(struct dmabay_reservation *reservation,
			      const struct dmabay_user_transfer *transfer,
			      const struct dmabay_sg_list *pieces)
{
	const struct dmabay_sg_element *element = pieces->elements;
	const struct dmabay_sg_element *last = element + pieces->count - 1;

	for (;; element++) {
		if (!dmabay_piece_run(reservation, transfer, element->address, element->length))
			return false;
		if (element == last || reservation->status ||
		    reservation->length < element->length ||
		    dmabay_transfer_stopped(reservation, transfer))
			return true;
		reservation->moved += element->length;
	}
}

/* Runs what follows in memory, as the device reaches it. False: it is to be mapped. */
static bool dmabay_pieces_in_place(struct dmabay_reservation *reservation,
				   const struct dmabay_user_transfer *transfer, size_t length,
				   bool *completed)
{
	struct dmabay_sg_element elements[DMABAY_PIECES] __dmabay_uninitialized;
	struct dmabay_sg_list list = { .elements = elements, .capacity = DMABAY_PIECES };
	u32 copied_below = READ_ONCE(reservation->file->device->copied_below);
	size_t found = dmabay_adapter_in_place(reservation->adapter, reservation->channel,
					       transfer->memory,
					       transfer->offset + reservation->moved, length,
					       &list);

	if (!found || (found > elements->length && found < (u64)list.count * copied_below))
		return false;
	*completed = dmabay_pieces_run(reservation, transfer, &list);

	return true;
}

/**
 * dmabay_piece_start() - Start the next piece, and those that follow it at once
 * @reservation: its running transfer has bytes left; the caller runs it
 * @completed: out: as dmabay_piece_is_over(); if 0 is returned
 *
 * Context: any.
 * Return: 0, or why the transfer does not go on.
 */
int dmabay_piece_start(struct dmabay_reservation *reservation, bool *completed)
{
	struct dmabay_user_transfer *transfer = reservation->running;
	size_t length = min(transfer->length - reservation->moved, reservation->longest);
	size_t offset = transfer->offset + reservation->moved;
	dma_addr_t address;
	int ret;

	ret = dmabay_transfer_stopped(reservation, transfer);
	if (ret)
		return ret;
	if (!reservation->moved)
		trace_dmabay_transfer_started(reservation, transfer);

	reservation->mapped = false;
	if (reservation->file->device->in_place &&
	    dmabay_pieces_in_place(reservation, transfer, length, completed))
		return 0;

	if (!dmabay_piece_map_alone(reservation, transfer, offset, length, &address))
		ret = dmabay_piece_map(reservation, transfer, offset, &length, &address);
	if (ret)
		return ret;

	*completed = dmabay_piece_run(reservation, transfer, address, length);

	return 0;
}

/**
 * dmabay_piece_unlink() - Unlink what is not to stay linked
 * @reservation: no piece of it is under way; of a strict one, all goes
 * @transfer: its running transfer, which is over
 *
 * Context: any.
 */
void dmabay_piece_unlink(struct dmabay_reservation *reservation,
			 const struct dmabay_user_transfer *transfer)
{
	/* Borrowed memory goes back to whoever lent it with the command. */
	if (!transfer->buffer)
		dmabay_adapter_unlink(reservation->adapter, reservation->channel,
				      transfer->memory);
	if (reservation->strict && reservation->leaves)
		dmabay_adapter_unlink(reservation->adapter, reservation->channel, NULL);
	reservation->leaves = false;
}

/**
 * dmabay_piece_complete() - The device is done with the piece
 * @reservation: it runs on
 * @status: 0 or a negative errno
 * @length: bytes that were moved, not more than the piece has
 *
 * Context: any.
 * Return: whether there is a next piece; if not, the transfer is over.
 */
bool dmabay_piece_complete(struct dmabay_reservation *reservation, int status, size_t length)
{
	/* It is mapped, and on this channel: nothing can go wrong. */
	if (reservation->alone)
		dmabay_adapter_unmap_batch(reservation->adapter, reservation->channel);
	else if (reservation->mapped)
		dmabay_adapter_flush(reservation->adapter, reservation->channel, length);
	reservation->alone = false;
	reservation->moved += length;

	return !status && length == reservation->piece.length &&
	       reservation->moved < reservation->running->length;
}
