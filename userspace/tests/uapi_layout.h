/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Where every field of the kernel interface is. The numbers are the interface: they hold
 * for programs of 32 and of 64 bits, and for those that were compiled years ago. Each
 * field begins where the one before it ends, so there is no byte without a name.
 */
#ifndef DMABAY_TESTS_UAPI_LAYOUT_H
#define DMABAY_TESTS_UAPI_LAYOUT_H

#include <stddef.h>

#include <linux/dmabay.h>

#define FIELD(type, field, offset, width) \
	_Static_assert(offsetof(struct type, field) == (offset) && \
		       sizeof(((struct type *)0)->field) == (width), #type "." #field)

#define LENGTH_OF(type, length) \
	_Static_assert(sizeof(struct type) == (length), "length of " #type)

FIELD(dmabay_info, size, 0, 4);
FIELD(dmabay_info, flags, 4, 4);
FIELD(dmabay_info, provider, 8, 4);
FIELD(dmabay_info, iommu, 12, 4);
FIELD(dmabay_info, page_size, 16, 4);
FIELD(dmabay_info, map_registers, 20, 4);
FIELD(dmabay_info, map_registers_free, 24, 4);
FIELD(dmabay_info, waiters, 28, 4);
FIELD(dmabay_info, max_length, 32, 8);
FIELD(dmabay_info, fragment_length, 40, 8);
FIELD(dmabay_info, device_memory, 48, 8);
FIELD(dmabay_info, alignment, 56, 4);
FIELD(dmabay_info, max_buffers, 60, 4);
FIELD(dmabay_info, max_reservations, 64, 4);
FIELD(dmabay_info, max_depth, 68, 4);
FIELD(dmabay_info, max_batch, 72, 4);
FIELD(dmabay_info, group_devices, 76, 4);
FIELD(dmabay_info, max_register_length, 80, 8);
FIELD(dmabay_info, driver, 88, 32);
FIELD(dmabay_info, bus, 120, 32);
LENGTH_OF(dmabay_info, 152);

FIELD(dmabay_counters, size, 0, 4);
FIELD(dmabay_counters, flags, 4, 4);
FIELD(dmabay_counters, links, 8, 8);
FIELD(dmabay_counters, unlinks, 16, 8);
FIELD(dmabay_counters, flushes, 24, 8);
FIELD(dmabay_counters, linked_bytes, 32, 8);
FIELD(dmabay_counters, hits, 40, 8);
FIELD(dmabay_counters, bounced_bytes, 48, 8);
FIELD(dmabay_counters, mapped, 56, 8);
FIELD(dmabay_counters, unmapped, 64, 8);
FIELD(dmabay_counters, pinned_pages, 72, 8);
FIELD(dmabay_counters, pins, 80, 8);
FIELD(dmabay_counters, transfers, 88, 8);
FIELD(dmabay_counters, bytes, 96, 8);
FIELD(dmabay_counters, errors, 104, 8);
FIELD(dmabay_counters, timeouts, 112, 8);
FIELD(dmabay_counters, faults, 120, 8);
FIELD(dmabay_counters, engine_ticks, 128, 8);
LENGTH_OF(dmabay_counters, 136);

FIELD(dmabay_register, size, 0, 4);
FIELD(dmabay_register, flags, 4, 4);
FIELD(dmabay_register, address, 8, 8);
FIELD(dmabay_register, length, 16, 8);
FIELD(dmabay_register, buffer, 24, 4);
FIELD(dmabay_register, reserved, 28, 4);
LENGTH_OF(dmabay_register, 32);

FIELD(dmabay_unregister, size, 0, 4);
FIELD(dmabay_unregister, buffer, 4, 4);
LENGTH_OF(dmabay_unregister, 8);

FIELD(dmabay_reserve, size, 0, 4);
FIELD(dmabay_reserve, flags, 4, 4);
FIELD(dmabay_reserve, map_registers, 8, 4);
FIELD(dmabay_reserve, depth, 12, 4);
FIELD(dmabay_reserve, reservation, 16, 4);
FIELD(dmabay_reserve, reserved, 20, 4);
LENGTH_OF(dmabay_reserve, 24);

FIELD(dmabay_free, size, 0, 4);
FIELD(dmabay_free, reservation, 4, 4);
LENGTH_OF(dmabay_free, 8);

FIELD(dmabay_transfer, reservation, 0, 4);
FIELD(dmabay_transfer, buffer, 4, 4);
FIELD(dmabay_transfer, offset, 8, 8);
FIELD(dmabay_transfer, length, 16, 8);
FIELD(dmabay_transfer, device_address, 24, 8);
FIELD(dmabay_transfer, direction, 32, 4);
FIELD(dmabay_transfer, flags, 36, 4);
FIELD(dmabay_transfer, cookie, 40, 8);
FIELD(dmabay_transfer, deadline, 48, 8);
LENGTH_OF(dmabay_transfer, 56);

FIELD(dmabay_completion, cookie, 0, 8);
FIELD(dmabay_completion, length, 8, 8);
FIELD(dmabay_completion, status, 16, 4);
FIELD(dmabay_completion, reservation, 20, 4);
LENGTH_OF(dmabay_completion, 24);

FIELD(dmabay_submit, size, 0, 4);
FIELD(dmabay_submit, flags, 4, 4);
FIELD(dmabay_submit, count, 8, 4);
FIELD(dmabay_submit, submitted, 12, 4);
FIELD(dmabay_submit, transfers, 16, 8);
FIELD(dmabay_submit, min_complete, 24, 4);
FIELD(dmabay_submit, capacity, 28, 4);
FIELD(dmabay_submit, completed, 32, 4);
FIELD(dmabay_submit, reserved, 36, 4);
FIELD(dmabay_submit, completions, 40, 8);
FIELD(dmabay_submit, deadline, 48, 8);
LENGTH_OF(dmabay_submit, 56);

FIELD(dmabay_wait, size, 0, 4);
FIELD(dmabay_wait, flags, 4, 4);
FIELD(dmabay_wait, min_complete, 8, 4);
FIELD(dmabay_wait, capacity, 12, 4);
FIELD(dmabay_wait, completed, 16, 4);
FIELD(dmabay_wait, reserved, 20, 4);
FIELD(dmabay_wait, completions, 24, 8);
FIELD(dmabay_wait, deadline, 32, 8);
LENGTH_OF(dmabay_wait, 40);

FIELD(dmabay_once, size, 0, 4);
FIELD(dmabay_once, flags, 4, 4);
FIELD(dmabay_once, address, 8, 8);
FIELD(dmabay_once, length, 16, 8);
FIELD(dmabay_once, device_address, 24, 8);
FIELD(dmabay_once, direction, 32, 4);
FIELD(dmabay_once, reserved, 36, 4);
FIELD(dmabay_once, transferred, 40, 8);
FIELD(dmabay_once, deadline, 48, 8);
LENGTH_OF(dmabay_once, 56);

FIELD(dmabay_cancel, size, 0, 4);
FIELD(dmabay_cancel, flags, 4, 4);
FIELD(dmabay_cancel, reservation, 8, 4);
FIELD(dmabay_cancel, cancelled, 12, 4);
FIELD(dmabay_cancel, running, 16, 4);
FIELD(dmabay_cancel, reserved, 20, 4);
FIELD(dmabay_cancel, cookie, 24, 8);
LENGTH_OF(dmabay_cancel, 32);

FIELD(dmabay_eventfd, size, 0, 4);
FIELD(dmabay_eventfd, flags, 4, 4);
FIELD(dmabay_eventfd, eventfd, 8, 4);
FIELD(dmabay_eventfd, reserved, 12, 4);
LENGTH_OF(dmabay_eventfd, 16);

FIELD(dmabay_import, size, 0, 4);
FIELD(dmabay_import, flags, 4, 4);
FIELD(dmabay_import, fd, 8, 4);
FIELD(dmabay_import, buffer, 12, 4);
FIELD(dmabay_import, length, 16, 8);
LENGTH_OF(dmabay_import, 24);

FIELD(dmabay_uring, transfers, 0, 8);
FIELD(dmabay_uring, count, 8, 4);
FIELD(dmabay_uring, flags, 12, 4);
LENGTH_OF(dmabay_uring, 16);

FIELD(dmabay_rings, size, 0, 4);
FIELD(dmabay_rings, flags, 4, 4);
FIELD(dmabay_rings, submission_entries, 8, 4);
FIELD(dmabay_rings, completion_entries, 12, 4);
FIELD(dmabay_rings, length, 16, 8);
FIELD(dmabay_rings, submission_offset, 24, 8);
FIELD(dmabay_rings, completion_offset, 32, 8);
LENGTH_OF(dmabay_rings, 40);

FIELD(dmabay_rings_head, submission_tail, 0, 4);
FIELD(dmabay_rings_head, completion_head, 4, 4);
FIELD(dmabay_rings_head, reserved, 8, 56);
FIELD(dmabay_rings_head, submission_head, 64, 4);
FIELD(dmabay_rings_head, completion_tail, 68, 4);
FIELD(dmabay_rings_head, submission_flags, 72, 4);
FIELD(dmabay_rings_head, completion_flags, 76, 4);
FIELD(dmabay_rings_head, reserved_too, 80, 48);
LENGTH_OF(dmabay_rings_head, 128);

FIELD(dmabay_enter, size, 0, 4);
FIELD(dmabay_enter, flags, 4, 4);
FIELD(dmabay_enter, count, 8, 4);
FIELD(dmabay_enter, submitted, 12, 4);
FIELD(dmabay_enter, min_complete, 16, 4);
FIELD(dmabay_enter, completed, 20, 4);
FIELD(dmabay_enter, deadline, 24, 8);
FIELD(dmabay_enter, idle, 32, 8);
LENGTH_OF(dmabay_enter, 40);

#endif /* DMABAY_TESTS_UAPI_LAYOUT_H */
