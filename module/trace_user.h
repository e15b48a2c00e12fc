/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints of the user surface: the life of every transfer, from which its latency
 * can be rebuilt afterwards, and what it takes: buffers and reservations.
 *
 * A transfer is named by its device, the number of the open file, its reservation (0 for
 * one without) and its slot there. It has the slot to itself from dmabay_transfer_submitted
 * until dmabay_transfer_read or _dropped; if it is of an io_uring command, until
 * dmabay_transfer_ended. So nothing has to be counted for a name on the hot path. In
 * between, each of these comes once, in this order:
 *
 *	dmabay_transfer_submitted	it waits for its turn
 *	dmabay_transfer_started		unless it is withdrawn before, or refused
 *	dmabay_piece_programmed		}
 *	dmabay_piece_completed		} once for each piece; of one that a channel could
 *					  not be given only this
 *	dmabay_transfer_ended		the user can be told
 *	dmabay_transfer_read		the user was told; or dmabay_command_posted
 *
 * No address of memory is shown, only positions in the device's memory, which the user
 * has chosen.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM dmabay

#if !defined(_DMABAY_TRACE_USER_H) || defined(TRACE_HEADER_MULTI_READ)
#define _DMABAY_TRACE_USER_H

#include <linux/tracepoint.h>

#include "user.h"

TRACE_DEFINE_ENUM(DMABAY_READ_FROM_DEVICE);
TRACE_DEFINE_ENUM(DMABAY_WRITE_TO_DEVICE);

#define DMABAY_TRACE_NAME_FIELDS					\
		__field(u32, device)					\
		__field(u32, reservation)				\
		__field(u64, file)					\
		__field(u32, slot)

#define DMABAY_TRACE_NAME(_reservation, _transfer)			\
	do {								\
		__entry->device = MINOR((_reservation)->file->device->dev.devt);	\
		__entry->reservation = (_reservation)->number;		\
		__entry->file = (_reservation)->file->id;		\
		__entry->slot = dmabay_transfer_slot(_reservation, _transfer);	\
	} while (0)

#define DMABAY_TRACE_NAME_FORMAT "device=%u file=%llu reservation=%u slot=%u"
#define DMABAY_TRACE_NAME_ARGS						\
		__entry->device, __entry->file, __entry->reservation, __entry->slot

/* Transfers */

TRACE_EVENT(dmabay_transfer_submitted,
	TP_PROTO(const struct dmabay_reservation *reservation,
		 const struct dmabay_user_transfer *transfer),
	TP_ARGS(reservation, transfer),
	TP_STRUCT__entry(
		DMABAY_TRACE_NAME_FIELDS
		__field(u32, direction)
		__field(u64, cookie)
		__field(u64, length)
		__field(u64, device_address)
		__field(u64, deadline)
		__field(const void *, command)
	),
	TP_fast_assign(
		DMABAY_TRACE_NAME(reservation, transfer);
		__entry->direction = transfer->direction;
		__entry->cookie = transfer->cookie;
		__entry->length = transfer->length;
		__entry->device_address = transfer->device_address;
		__entry->deadline = transfer->deadline;
		__entry->command = transfer->vector;
	),
	TP_printk(DMABAY_TRACE_NAME_FORMAT
		  " cookie=0x%llx direction=%s length=%llu device_address=0x%llx deadline=%llu command=%p",
		  DMABAY_TRACE_NAME_ARGS, __entry->cookie,
		  __print_symbolic(__entry->direction,
				   { DMABAY_READ_FROM_DEVICE, "from_device" },
				   { DMABAY_WRITE_TO_DEVICE, "to_device" }),
		  __entry->length, __entry->device_address, __entry->deadline, __entry->command)
);

DECLARE_EVENT_CLASS(dmabay_transfer,
	TP_PROTO(const struct dmabay_reservation *reservation,
		 const struct dmabay_user_transfer *transfer),
	TP_ARGS(reservation, transfer),
	TP_STRUCT__entry(
		DMABAY_TRACE_NAME_FIELDS
		__field(u64, cookie)
	),
	TP_fast_assign(
		DMABAY_TRACE_NAME(reservation, transfer);
		__entry->cookie = transfer->cookie;
	),
	TP_printk(DMABAY_TRACE_NAME_FORMAT " cookie=0x%llx",
		  DMABAY_TRACE_NAME_ARGS, __entry->cookie)
);

DEFINE_EVENT(dmabay_transfer, dmabay_transfer_started,
	TP_PROTO(const struct dmabay_reservation *reservation,
		 const struct dmabay_user_transfer *transfer),
	TP_ARGS(reservation, transfer)
);

DEFINE_EVENT(dmabay_transfer, dmabay_transfer_read,
	TP_PROTO(const struct dmabay_reservation *reservation,
		 const struct dmabay_user_transfer *transfer),
	TP_ARGS(reservation, transfer)
);

/* Its reservation was freed before it was read. */
DEFINE_EVENT(dmabay_transfer, dmabay_transfer_dropped,
	TP_PROTO(const struct dmabay_reservation *reservation,
		 const struct dmabay_user_transfer *transfer),
	TP_ARGS(reservation, transfer)
);

/* It is to end with this status, unless it runs and is done by then. */
TRACE_EVENT(dmabay_transfer_withdrawn,
	TP_PROTO(const struct dmabay_reservation *reservation,
		 const struct dmabay_user_transfer *transfer, int status),
	TP_ARGS(reservation, transfer, status),
	TP_STRUCT__entry(
		DMABAY_TRACE_NAME_FIELDS
		__field(u64, cookie)
		__field(int, status)
		__field(bool, running)
	),
	TP_fast_assign(
		DMABAY_TRACE_NAME(reservation, transfer);
		__entry->cookie = transfer->cookie;
		__entry->status = status;
		__entry->running = READ_ONCE(reservation->running) == transfer;
	),
	TP_printk(DMABAY_TRACE_NAME_FORMAT " cookie=0x%llx status=%d running=%d",
		  DMABAY_TRACE_NAME_ARGS, __entry->cookie, __entry->status, __entry->running)
);

TRACE_EVENT(dmabay_transfer_ended,
	TP_PROTO(const struct dmabay_reservation *reservation,
		 const struct dmabay_user_transfer *transfer),
	TP_ARGS(reservation, transfer),
	TP_STRUCT__entry(
		DMABAY_TRACE_NAME_FIELDS
		__field(u64, cookie)
		__field(u64, transferred)
		__field(int, status)
	),
	TP_fast_assign(
		DMABAY_TRACE_NAME(reservation, transfer);
		__entry->cookie = transfer->cookie;
		__entry->transferred = transfer->transferred;
		__entry->status = transfer->status;
	),
	TP_printk(DMABAY_TRACE_NAME_FORMAT " cookie=0x%llx status=%d transferred=%llu",
		  DMABAY_TRACE_NAME_ARGS, __entry->cookie, __entry->status, __entry->transferred)
);

/* Pieces of the transfer that runs */

TRACE_EVENT(dmabay_piece_programmed,
	TP_PROTO(const struct dmabay_reservation *reservation),
	TP_ARGS(reservation),
	TP_STRUCT__entry(
		DMABAY_TRACE_NAME_FIELDS
		__field(u64, offset)
		__field(u64, length)
	),
	TP_fast_assign(
		DMABAY_TRACE_NAME(reservation, reservation->running);
		__entry->offset = reservation->moved;
		__entry->length = reservation->piece.length;
	),
	TP_printk(DMABAY_TRACE_NAME_FORMAT " offset=%llu length=%llu",
		  DMABAY_TRACE_NAME_ARGS, __entry->offset, __entry->length)
);

TRACE_EVENT(dmabay_piece_completed,
	TP_PROTO(const struct dmabay_reservation *reservation, int status, size_t transferred),
	TP_ARGS(reservation, status, transferred),
	TP_STRUCT__entry(
		DMABAY_TRACE_NAME_FIELDS
		__field(int, status)
		__field(u64, transferred)
	),
	TP_fast_assign(
		DMABAY_TRACE_NAME(reservation, reservation->running);
		__entry->status = status;
		__entry->transferred = transferred;
	),
	TP_printk(DMABAY_TRACE_NAME_FORMAT " status=%d transferred=%llu",
		  DMABAY_TRACE_NAME_ARGS, __entry->status, __entry->transferred)
);

/* Commands of io_uring: "command" is that of their transfers */

TRACE_EVENT(dmabay_command_withdrawn,
	TP_PROTO(const struct dmabay_file *file, const struct dmabay_vector *vector),
	TP_ARGS(file, vector),
	TP_STRUCT__entry(
		__field(u32, device)
		__field(u64, file)
		__field(const void *, command)
	),
	TP_fast_assign(
		__entry->device = MINOR(file->device->dev.devt);
		__entry->file = file->id;
		__entry->command = vector;
	),
	TP_printk("device=%u file=%llu command=%p", __entry->device, __entry->file,
		  __entry->command)
);

TRACE_EVENT(dmabay_command_posted,
	TP_PROTO(const struct dmabay_file *file, const struct dmabay_vector *vector, int result),
	TP_ARGS(file, vector, result),
	TP_STRUCT__entry(
		__field(u32, device)
		__field(u64, file)
		__field(const void *, command)
		__field(int, result)
	),
	TP_fast_assign(
		__entry->device = MINOR(file->device->dev.devt);
		__entry->file = file->id;
		__entry->command = vector;
		__entry->result = result;
	),
	TP_printk("device=%u file=%llu command=%p result=%d", __entry->device, __entry->file,
		  __entry->command, __entry->result)
);

/* Reservations */

DECLARE_EVENT_CLASS(dmabay_reservation,
	TP_PROTO(const struct dmabay_reservation *reservation),
	TP_ARGS(reservation),
	TP_STRUCT__entry(
		__field(u32, device)
		__field(u32, reservation)
		__field(u64, file)
		__field(u32, map_registers)
		__field(u32, depth)
	),
	TP_fast_assign(
		__entry->device = MINOR(reservation->file->device->dev.devt);
		__entry->reservation = reservation->number;
		__entry->file = reservation->file->id;
		__entry->map_registers = reservation->map_registers;
		__entry->depth = reservation->depth;
	),
	TP_printk("device=%u file=%llu reservation=%u map_registers=%u depth=%u",
		  __entry->device, __entry->file, __entry->reservation,
		  __entry->map_registers, __entry->depth)
);

/* It is in line. */
DEFINE_EVENT(dmabay_reservation, dmabay_reservation_requested,
	TP_PROTO(const struct dmabay_reservation *reservation),
	TP_ARGS(reservation)
);

DEFINE_EVENT(dmabay_reservation, dmabay_reservation_granted,
	TP_PROTO(const struct dmabay_reservation *reservation),
	TP_ARGS(reservation)
);

/* Granted or not, nothing is held or waited for any more. */
DEFINE_EVENT(dmabay_reservation, dmabay_reservation_freed,
	TP_PROTO(const struct dmabay_reservation *reservation),
	TP_ARGS(reservation)
);

/* Buffers */

DECLARE_EVENT_CLASS(dmabay_buffer,
	TP_PROTO(const struct dmabay_file *file, const struct dmabay_buffer *buffer, u32 number),
	TP_ARGS(file, buffer, number),
	TP_STRUCT__entry(
		__field(u32, device)
		__field(u32, buffer)
		__field(u64, file)
		__field(u64, pages)
		__field(u64, length)
	),
	TP_fast_assign(
		__entry->device = MINOR(file->device->dev.devt);
		__entry->buffer = number;
		__entry->file = file->id;
		__entry->pages = buffer->page_count;
		__entry->length = buffer->length;
	),
	TP_printk("device=%u file=%llu buffer=%u pages=%llu length=%llu", __entry->device,
		  __entry->file, __entry->buffer, __entry->pages, __entry->length)
);

DEFINE_EVENT(dmabay_buffer, dmabay_buffer_registered,
	TP_PROTO(const struct dmabay_file *file, const struct dmabay_buffer *buffer, u32 number),
	TP_ARGS(file, buffer, number)
);

DEFINE_EVENT(dmabay_buffer, dmabay_buffer_unregistered,
	TP_PROTO(const struct dmabay_file *file, const struct dmabay_buffer *buffer, u32 number),
	TP_ARGS(file, buffer, number)
);

#endif /* _DMABAY_TRACE_USER_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace_user
#include <trace/define_trace.h>
