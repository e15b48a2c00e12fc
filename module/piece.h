/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How a piece (piece.c) is given to the driver, and taken back if it was completed meanwhile:
 * for those who do it often.
 */
#ifndef _DMABAY_PIECE_H
#define _DMABAY_PIECE_H

#include "trace_user.h"
#include "user.h"

/**
 * dmabay_piece_run() - Have the device do a piece
 * @reservation: it runs @transfer; the caller runs it
 * @transfer: its running transfer
 * @address: device address of the piece
 * @length: bytes
 *
 * Context: any.
 * Return: true: it is over, what came of it is in @reservation, and for the caller to go on
 * with. If not, whoever completes it goes on.
 */
static inline bool dmabay_piece_run(struct dmabay_reservation *reservation,
				    const struct dmabay_user_transfer *transfer,
				    dma_addr_t address, size_t length)
{
	struct dmabay_device *device = reservation->file->device;
	const struct dmabay_device_ops *ops = device->config.ops;
	struct dmabay_device_piece *piece = &reservation->piece;

	piece->address = address;
	piece->length = length;
	piece->device_address = transfer->device_address + reservation->moved;
	piece->direction = transfer->direction;
	piece->polled = transfer->vector && transfer->vector->polled;
	trace_dmabay_piece_programmed(reservation);
	if (ops->move && !piece->polled) {
		int status;

		reservation->length = 0;
		status = ops->move(device, piece, &reservation->length);
		if (unlikely(status || reservation->length != length))
			status = dmabay_piece_judge(reservation, status, &reservation->length);
		reservation->status = status;
		trace_dmabay_piece_completed(reservation, reservation->status,
					     reservation->length);
		return true;
	}

	INIT_LIST_HEAD(&piece->node);
	atomic_set(&reservation->met, 0);
	atomic_set_release(&reservation->programmed, 1);
	ops->program(device, piece);

	/* Most often it is for long, or not for long: the first look saves the second. */
	return atomic_read_acquire(&reservation->met) || atomic_xchg(&reservation->met, 1);
}

#endif /* _DMABAY_PIECE_H */
