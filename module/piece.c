// SPDX-License-Identifier: GPL-2.0-only
/*
 * A piece: so much of a transfer as the device is given at once.
 *
 * A reservation has its map registers for good, so what runs on it needs no transaction: a
 * piece is mapped on the channel that holds them, the driver programs it, and it is unmapped
 * when that says that it is done. Most transfers are one piece, of memory that is linked
 * already; then nothing is left to do but to find that.
 *
 * Whoever runs the reservation starts its pieces (dmabay_reservation_run()), one after the
 * other. Whoever completes one owns it: &dmabay_reservation.programmed goes from 1 to 0 once.
 *
 * Without registers of its own (DMABAY_ONCE), and with a dmaengine channel, a transfer is
 * executed by a transaction, see transfer.c.
 */
#include "piece.h"

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
}

/**
 * dmabay_piece_start() - Start the next piece
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
	struct dmabay_sg_element element;
	struct dmabay_sg_list list = { .elements = &element, .capacity = 1 };
	int ret;

	ret = dmabay_transfer_stopped(reservation, transfer);
	if (ret)
		return ret;
	if (!reservation->moved)
		trace_dmabay_transfer_started(reservation, transfer);

	/* A buffer that is counted is not unlinked meanwhile. */
	reservation->mapped = !transfer->buffer ||
			      !dmabay_adapter_linked(reservation->adapter, reservation->channel,
						     transfer->memory, offset, length,
						     transfer->direction, &element.address);
	if (reservation->mapped)
		ret = dmabay_adapter_map_transfer(reservation->adapter, reservation->channel,
						  transfer->memory, offset, &length,
						  transfer->direction, &list);
	if (ret)
		return ret;

	dmabay_piece_program(reservation, transfer, element.address, length);
	*completed = dmabay_piece_is_over(reservation);

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
	if (reservation->strict)
		dmabay_adapter_unlink(reservation->adapter, reservation->channel, NULL);
	/* Borrowed memory goes back to whoever lent it with the command. */
	else if (!transfer->buffer)
		dmabay_adapter_unlink(reservation->adapter, reservation->channel,
				      transfer->memory);
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
	if (reservation->mapped)
		dmabay_adapter_flush(reservation->adapter, reservation->channel, length);
	reservation->moved += length;

	return !status && length == reservation->piece.length &&
	       reservation->moved < reservation->running->length;
}
