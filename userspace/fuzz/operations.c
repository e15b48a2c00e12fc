// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every call that a program can make: its name, its numbers, and what they mean.
 *
 * Of an ioctl this table is all there is: the struct is filled in as it says, and what the
 * kernel may change of it is checked. A new command is a row here.
 */
#include <linux/dmabay.h>
#include <linux/io_uring.h>

#include "fuzz.h"

#define END_OF(type, field)	(offsetof(struct type, field) + sizeof(((struct type *)0)->field))

/* From one field to another, both included. */
#define ANSWERS(type, first, last) \
	((~UINT64_C(0) >> (64 - END_OF(type, last) / 4)) & \
	 (~UINT64_C(0) << (offsetof(struct type, first) / 4)))

#define IN(type, name, kind, known) \
	{ #name, kind, sizeof(((struct type *)0)->name), offsetof(struct type, name), known }
#define ARG(name, kind, known)	{ #name, kind, 0, 0, known }
#define NODE			ARG(file, ONE_FILE, FILES)

/* The command DMABAY_<name>, whose words the kernel fills in are in "filled". */
#define COMMAND(name, number, type, filled, often, ...) \
	{ #name, run_ioctl, number, sizeof(struct type), filled, often, \
	  { NODE, ARG(size, SIZE, 0), __VA_ARGS__ } }
#define DO(name, often, ...)	{ #name, run_##name, 0, 0, 0, often, { __VA_ARGS__ } }

const struct operation operations[] = {
	DO(open, 4, NODE, ARG(how, CHOICE, 6)),
	DO(close, 4, NODE),
	DO(dup, 2, NODE, ARG(to, ONE_FILE, FILES)),

	COMMAND(info, DMABAY_INFO, dmabay_info, ANSWERS(dmabay_info, flags, bus), 3),
	COMMAND(counters, DMABAY_COUNTERS, dmabay_counters,
		ANSWERS(dmabay_counters, links, engine_ticks), 2,
		IN(dmabay_counters, flags, RESERVED, 0)),
	COMMAND(register, DMABAY_REGISTER, dmabay_register,
		ANSWERS(dmabay_register, buffer, buffer), 12,
		IN(dmabay_register, flags, FLAGS, DMABAY_REGISTER_READ_ONLY),
		IN(dmabay_register, address, ADDRESS, 0),
		IN(dmabay_register, length, LENGTH, 0),
		IN(dmabay_register, reserved, RESERVED, 0)),
	COMMAND(unregister, DMABAY_UNREGISTER, dmabay_unregister, 0, 6,
		IN(dmabay_unregister, buffer, BUFFER, 0)),
	COMMAND(reserve, DMABAY_RESERVE, dmabay_reserve,
		ANSWERS(dmabay_reserve, reservation, reservation), 10,
		IN(dmabay_reserve, flags, FLAGS,
		   DMABAY_RESERVE_IMMEDIATE | DMABAY_RESERVE_STRICT),
		IN(dmabay_reserve, map_registers, COUNT, 0),
		IN(dmabay_reserve, depth, COUNT, 0),
		IN(dmabay_reserve, reserved, RESERVED, 0)),
	COMMAND(free, DMABAY_FREE, dmabay_free, 0, 6,
		IN(dmabay_free, reservation, RESERVATION, 0)),
	COMMAND(submit, DMABAY_SUBMIT, dmabay_submit,
		ANSWERS(dmabay_submit, submitted, submitted) |
		ANSWERS(dmabay_submit, completed, completed), 16,
		IN(dmabay_submit, flags, RESERVED, 0),
		IN(dmabay_submit, count, COUNT, 0),
		IN(dmabay_submit, transfers, TRANSFERS, 0),
		IN(dmabay_submit, min_complete, COUNT, 0),
		IN(dmabay_submit, capacity, COUNT, 0),
		IN(dmabay_submit, reserved, RESERVED, 0),
		IN(dmabay_submit, completions, COMPLETIONS, 0),
		IN(dmabay_submit, deadline, TIME, 7)),
	COMMAND(wait, DMABAY_WAIT, dmabay_wait, ANSWERS(dmabay_wait, completed, completed), 8,
		IN(dmabay_wait, flags, RESERVED, 0),
		IN(dmabay_wait, min_complete, COUNT, 0),
		IN(dmabay_wait, capacity, COUNT, 0),
		IN(dmabay_wait, reserved, RESERVED, 0),
		IN(dmabay_wait, completions, COMPLETIONS, 0),
		IN(dmabay_wait, deadline, TIME, 7)),
	COMMAND(once, DMABAY_ONCE, dmabay_once, ANSWERS(dmabay_once, transferred, transferred), 6,
		IN(dmabay_once, flags, RESERVED, 0),
		IN(dmabay_once, address, ADDRESS, 0),
		IN(dmabay_once, length, LENGTH, 0),
		IN(dmabay_once, device_address, OFFSET, 0),
		IN(dmabay_once, direction, CHOICE, 2),
		IN(dmabay_once, reserved, RESERVED, 0),
		IN(dmabay_once, deadline, TIME, 7)),
	COMMAND(cancel, DMABAY_CANCEL, dmabay_cancel, ANSWERS(dmabay_cancel, cancelled, running), 8,
		IN(dmabay_cancel, flags, FLAGS,
		   DMABAY_CANCEL_COOKIE | DMABAY_CANCEL_RESERVATION),
		IN(dmabay_cancel, reservation, RESERVATION, 0),
		IN(dmabay_cancel, reserved, RESERVED, 0),
		IN(dmabay_cancel, cookie, COOKIE, 0)),
	COMMAND(tell, DMABAY_EVENTFD, dmabay_eventfd, 0, 3,
		IN(dmabay_eventfd, flags, RESERVED, 0),
		IN(dmabay_eventfd, eventfd, DESCRIPTOR, DESCRIPTORS),
		IN(dmabay_eventfd, reserved, RESERVED, 0)),
	COMMAND(import, DMABAY_IMPORT, dmabay_import, ANSWERS(dmabay_import, buffer, length), 6,
		IN(dmabay_import, flags, FLAGS, DMABAY_IMPORT_READ_ONLY),
		IN(dmabay_import, fd, DESCRIPTOR, DESCRIPTORS)),
	COMMAND(rings, DMABAY_RINGS, dmabay_rings,
		ANSWERS(dmabay_rings, length, completion_offset), 6,
		IN(dmabay_rings, flags, RESERVED, 0),
		IN(dmabay_rings, submission_entries, COUNT, 0),
		IN(dmabay_rings, completion_entries, COUNT, 0)),
	COMMAND(enter, DMABAY_ENTER, dmabay_enter,
		ANSWERS(dmabay_enter, submitted, submitted) |
		ANSWERS(dmabay_enter, completed, completed), 8,
		IN(dmabay_enter, flags, FLAGS, DMABAY_ENTER_POLL | DMABAY_ENTER_STOP),
		IN(dmabay_enter, count, COUNT, 0),
		IN(dmabay_enter, min_complete, COUNT, 0),
		IN(dmabay_enter, deadline, TIME, 7),
		IN(dmabay_enter, idle, COUNT, 0)),
	DO(number, 1, NODE, ARG(number, PLAIN, 0), ARG(argument, ADDRESS, 0)),

	/* Fills in one of the transfers that the others name. */
	DO(transfer, 16, ARG(entry, CHOICE, 16),
	   IN(dmabay_transfer, reservation, RESERVATION, 0),
	   IN(dmabay_transfer, buffer, BUFFER, 0),
	   IN(dmabay_transfer, offset, OFFSET, 0),
	   IN(dmabay_transfer, length, LENGTH, 0),
	   IN(dmabay_transfer, device_address, OFFSET, 0),
	   IN(dmabay_transfer, direction, CHOICE, 2),
	   IN(dmabay_transfer, flags, RESERVED, 0),
	   IN(dmabay_transfer, cookie, COOKIE, 0),
	   IN(dmabay_transfer, deadline, TIME, 2)),

	/* The mapped rings, by their own rules and against them. */
	DO(ring_map, 8, NODE, ARG(length, LENGTH, 0), ARG(offset, RESERVED, 0),
	   ARG(how, CHOICE, 5)),
	DO(ring_put, 8, NODE, ARG(entry, CHOICE, 16), ARG(count, COUNT, 0)),
	DO(ring_take, 3, NODE, ARG(count, COUNT, 0)),
	DO(ring_scribble, 8, NODE, ARG(offset, OFFSET, 0), ARG(value, PLAIN, 0),
	   ARG(times, COUNT, 0)),
	DO(ring_unmap, 2, NODE, ARG(offset, OFFSET, 0), ARG(length, LENGTH, 0)),
	DO(ring_move, 1, NODE, ARG(length, LENGTH, 0), ARG(how, CHOICE, 3)),

	DO(read, 5, NODE, ARG(address, ADDRESS, 0), ARG(length, LENGTH, 0),
	   ARG(position, OFFSET, 0), ARG(how, CHOICE, 5)),
	DO(write, 5, NODE, ARG(address, ADDRESS, 0), ARG(length, LENGTH, 0),
	   ARG(position, OFFSET, 0), ARG(how, CHOICE, 5)),
	DO(seek, 2, NODE, ARG(position, OFFSET, 0), ARG(whence, CHOICE, 5)),
	DO(poll, 2, NODE, ARG(milliseconds, CHOICE, 3)),
	DO(nonblock, 2, NODE, ARG(on, CHOICE, 2)),
	DO(splice, 1, NODE, ARG(length, LENGTH, 0), ARG(into, CHOICE, 2)),
	DO(sync, 1, NODE),
	DO(pause, 2, ARG(microseconds, CHOICE, 300)),
	DO(limit, 1, ARG(pages, COUNT, 0)),
	DO(fork, 1, ARG(leave, CHOICE, 2)),
	DO(look, 1, ARG(which, CHOICE, 64)),
	/* Only useful beside another call: words of its struct change while it runs. */
	DO(flip, 6, ARG(at, OFFSET, 0), ARG(value, PLAIN, 0), ARG(times, CHOICE, 2000)),
	DO(fail_piece, 1, ARG(piece, COUNT, 0), ARG(which, CHOICE, 3)),

	DO(eventfd, 2, ARG(descriptor, DESCRIPTOR, DESCRIPTORS), ARG(full, CHOICE, 2)),
	DO(count, 1, ARG(descriptor, DESCRIPTOR, DESCRIPTORS)),
	DO(heap, 2, ARG(descriptor, DESCRIPTOR, DESCRIPTORS), ARG(length, LENGTH, 0),
	   ARG(how, CHOICE, 3)),
	DO(udmabuf, 1, ARG(descriptor, DESCRIPTOR, DESCRIPTORS), ARG(length, LENGTH, 0)),
	DO(exporter, 3, ARG(descriptor, DESCRIPTOR, DESCRIPTORS), ARG(length, LENGTH, 0),
	   ARG(segment, LENGTH, 0), ARG(flags, FLAGS, 7), ARG(how, CHOICE, 3)),
	DO(fence, 2, ARG(descriptor, DESCRIPTOR, DESCRIPTORS), ARG(usage, CHOICE, 4)),
	DO(signal, 2, ARG(descriptor, DESCRIPTOR, DESCRIPTORS)),
	DO(drop, 1, ARG(descriptor, DESCRIPTOR, DESCRIPTORS)),

	DO(map, 3, ARG(page, PAGE_NUMBER, 0), ARG(pages, PAGES, 0), ARG(how, CHOICE, 5)),
	DO(unmap, 3, ARG(page, PAGE_NUMBER, 0), ARG(pages, PAGES, 0)),
	DO(move, 2, ARG(page, PAGE_NUMBER, 0), ARG(pages, PAGES, 0), ARG(to, PAGE_NUMBER, 0)),
	DO(advise, 2, ARG(page, PAGE_NUMBER, 0), ARG(pages, PAGES, 0), ARG(advice, CHOICE, 8)),
	DO(protect, 2, ARG(page, PAGE_NUMBER, 0), ARG(pages, PAGES, 0), ARG(how, CHOICE, 3)),
	DO(truncate, 1, ARG(pages, PAGES, 0)),

	DO(uring, 3, ARG(uring, CHOICE, URINGS), ARG(how, CHOICE, 5)),
	DO(uring_command, 8, ARG(uring, CHOICE, URINGS), NODE, ARG(transfers, TRANSFERS, 0),
	   ARG(count, COUNT, 0), ARG(flags, RESERVED, 0), ARG(fixed, CHOICE, 3),
	   ARG(sqe_flags, FLAGS, IOSQE_IO_LINK | IOSQE_ASYNC | IOSQE_IO_DRAIN),
	   ARG(number, RESERVED, 0), ARG(cookie, CHOICE, 4)),
	DO(uring_access, 3, ARG(uring, CHOICE, URINGS), NODE, ARG(address, ADDRESS, 0),
	   ARG(length, LENGTH, 0), ARG(position, OFFSET, 0), ARG(how, CHOICE, 4),
	   ARG(sqe_flags, FLAGS, IOSQE_IO_LINK | IOSQE_ASYNC | IOSQE_IO_DRAIN),
	   ARG(cookie, CHOICE, 4)),
	DO(uring_cancel, 2, ARG(uring, CHOICE, URINGS), ARG(cookie, CHOICE, 4)),
	DO(uring_buffer, 2, ARG(uring, CHOICE, URINGS), ARG(address, ADDRESS, 0),
	   ARG(length, LENGTH, 0)),
	DO(uring_submit, 8, ARG(uring, CHOICE, URINGS), ARG(wait, CHOICE, 3)),
	DO(uring_reap, 3, ARG(uring, CHOICE, URINGS)),
	DO(uring_close, 2, ARG(uring, CHOICE, URINGS)),

	DO(aio, 4, NODE, ARG(address, ADDRESS, 0), ARG(length, LENGTH, 0),
	   ARG(position, OFFSET, 0), ARG(write, CHOICE, 2), ARG(cookie, CHOICE, 4)),
	DO(aio_cancel, 1, ARG(cookie, CHOICE, 4)),
	DO(aio_reap, 2, ARG(wait, CHOICE, 3)),
};

const unsigned int operations_count = sizeof(operations) / sizeof(*operations);
