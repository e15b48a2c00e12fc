// SPDX-License-Identifier: MIT
/*
 * The commands: one function per ioctl, which fills the struct, says its size
 * and turns errno into the return value.
 */
#include <errno.h>
#include <sys/ioctl.h>

#include "dmabay.h"
#include "bay.h"

int dmabay_command(struct dmabay *bay, unsigned long number, void *argument)
{
	int result = ioctl(bay->fd, number, argument) < 0 ? -errno : 0;

	if (bay->debug)
		dmabay_debug_command(bay, _IOC_NR(number), argument, result);
	return result;
}

int dmabay_info(struct dmabay *bay, struct dmabay_info *info)
{
	*info = (struct dmabay_info){ .size = sizeof(*info) };
	return dmabay_command(bay, DMABAY_INFO, info);
}

int dmabay_counters(struct dmabay *bay, struct dmabay_counters *counters)
{
	*counters = (struct dmabay_counters){ .size = sizeof(*counters) };
	return dmabay_command(bay, DMABAY_COUNTERS, counters);
}

int dmabay_register(struct dmabay *bay, const void *address, uint64_t length,
		    uint32_t flags, uint32_t *buffer)
{
	struct dmabay_register argument = {
		.size = sizeof(argument),
		.flags = flags,
		.address = (uintptr_t)address,
		.length = length,
	};
	int result = dmabay_command(bay, DMABAY_REGISTER, &argument);

	if (!result)
		*buffer = argument.buffer;
	return result;
}

int dmabay_import(struct dmabay *bay, int fd, uint32_t flags, uint32_t *buffer,
		  uint64_t *length)
{
	struct dmabay_import argument = {
		.size = sizeof(argument),
		.flags = flags,
		.fd = fd,
	};
	int result = dmabay_command(bay, DMABAY_IMPORT, &argument);

	if (!result)
		*buffer = argument.buffer;
	if (!result && length)
		*length = argument.length;
	return result;
}

int dmabay_unregister(struct dmabay *bay, uint32_t buffer)
{
	struct dmabay_unregister argument = {
		.size = sizeof(argument),
		.buffer = buffer,
	};

	return dmabay_command(bay, DMABAY_UNREGISTER, &argument);
}

int dmabay_reserve(struct dmabay *bay, uint32_t map_registers, uint32_t depth,
		   uint32_t flags, uint32_t *reservation)
{
	struct dmabay_reserve argument = {
		.size = sizeof(argument),
		.flags = flags,
		.map_registers = map_registers,
		.depth = depth,
	};
	int result = dmabay_command(bay, DMABAY_RESERVE, &argument);

	if (!result)
		*reservation = argument.reservation;
	return result;
}

int dmabay_free(struct dmabay *bay, uint32_t reservation)
{
	struct dmabay_free argument = {
		.size = sizeof(argument),
		.reservation = reservation,
	};

	return dmabay_command(bay, DMABAY_FREE, &argument);
}

int dmabay_submit(struct dmabay *bay, const struct dmabay_transfer *transfers,
		  uint32_t count, struct dmabay_completion *completions,
		  uint32_t capacity, uint32_t min_complete, uint64_t deadline,
		  uint32_t *completed)
{
	struct dmabay_submit argument = {
		.size = sizeof(argument),
		.count = count,
		.transfers = (uintptr_t)transfers,
		.min_complete = min_complete,
		.capacity = capacity,
		.completions = (uintptr_t)completions,
		.deadline = deadline,
	};
	int result = dmabay_command(bay, DMABAY_SUBMIT, &argument);

	if (completed)
		*completed = result ? 0 : argument.completed;
	return result ? result : (int)argument.submitted;
}

int dmabay_wait(struct dmabay *bay, struct dmabay_completion *completions,
		uint32_t capacity, uint32_t min_complete, uint64_t deadline)
{
	struct dmabay_wait argument = {
		.size = sizeof(argument),
		.min_complete = min_complete,
		.capacity = capacity,
		.completions = (uintptr_t)completions,
		.deadline = deadline,
	};
	int result = dmabay_command(bay, DMABAY_WAIT, &argument);

	return result ? result : (int)argument.completed;
}

int dmabay_cancel(struct dmabay *bay, uint32_t flags, uint32_t reservation,
		  uint64_t cookie, uint32_t *running)
{
	struct dmabay_cancel argument = {
		.size = sizeof(argument),
		.flags = flags,
		.reservation = reservation,
		.cookie = cookie,
	};
	int result = dmabay_command(bay, DMABAY_CANCEL, &argument);

	if (running)
		*running = result ? 0 : argument.running;
	return result ? result : (int)argument.cancelled;
}

int dmabay_eventfd(struct dmabay *bay, int eventfd)
{
	struct dmabay_eventfd argument = {
		.size = sizeof(argument),
		.eventfd = eventfd,
	};

	return dmabay_command(bay, DMABAY_EVENTFD, &argument);
}

int64_t dmabay_once_until(struct dmabay *bay, const void *address, uint64_t length,
			  uint64_t device_address, uint32_t direction, uint64_t deadline)
{
	struct dmabay_once argument = {
		.size = sizeof(argument),
		.address = (uintptr_t)address,
		.length = length,
		.device_address = device_address,
		.direction = direction,
		.deadline = deadline,
	};
	int result = dmabay_command(bay, DMABAY_ONCE, &argument);

	return result ? result : (int64_t)argument.transferred;
}

int64_t dmabay_once(struct dmabay *bay, const void *address, uint64_t length,
		    uint64_t device_address, uint32_t direction)
{
	return dmabay_once_until(bay, address, length, device_address, direction, 0);
}
