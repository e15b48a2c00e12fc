// SPDX-License-Identifier: MIT
/*
 * Errors in words. A table by command and errno: each sentence says what was
 * wrong, the limit it met (as DMABAY_INFO reports it) and what to do instead.
 * What the table does not have is the kernel interface's own meaning of the
 * errno, and at the very end strerror().
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "dmabay.h"

enum limit {
	NO_LIMIT,
	ALIGNMENT,
	BATCH,
	BUFFERS,
	DEPTH,
	DEVICE_MEMORY,
	MAP_REGISTERS,
	MAP_REGISTERS_FREE,
	MEMLOCK,
	REGISTER_LENGTH,
	RESERVATIONS,
};

#define ANY_COMMAND	0xFFFFFFFEu

struct reason {
	uint32_t command;
	int error;
	const char *what;
	enum limit limit;
	const char *unit;
	const char *remedy;
};

static const struct reason reasons[] = {
	{ DMABAY_CMD_OPEN, ENODEV, "there is no dmabay device", NO_LIMIT, NULL,
	  "load a driver (modprobe dmabay_soft needs no hardware)" },
	{ DMABAY_CMD_OPEN, ENOENT, "there is no such node", NO_LIMIT, NULL,
	  "\"dmabay list\" shows those that exist" },
	{ DMABAY_CMD_OPEN, EACCES, "no permission to open the node", NO_LIMIT, NULL,
	  "be a member of the group that owns it (dmabay)" },
	{ DMABAY_CMD_OPEN, ENXIO, "the device behind the node is gone", NO_LIMIT, NULL,
	  "\"dmabay list\" shows those that exist" },
	{ DMABAY_CMD_REGISTER, ENOMEM,
	  "the pages to pin, and those that the user has locked already, are over RLIMIT_MEMLOCK",
	  MEMLOCK, "bytes",
	  "raise the limit (ulimit -l), unregister other buffers, or register less" },
	{ DMABAY_CMD_REGISTER, E2BIG, "the buffer is too long", REGISTER_LENGTH, "bytes",
	  "register it as several buffers" },
	{ DMABAY_CMD_REGISTER, EFAULT,
	  "the memory is not mapped for writing, or of a kind that cannot stay where it is",
	  NO_LIMIT, NULL,
	  "map it first, or register it DMABAY_REGISTER_READ_ONLY if the device only reads" },
	{ DMABAY_CMD_REGISTER, ENOSPC, "the file has no number left for a buffer",
	  BUFFERS, "buffers", "unregister one, or open the node once more" },
	{ DMABAY_CMD_REGISTER, EINVAL, "the length is 0", NO_LIMIT, NULL,
	  "register at least one byte" },
	{ DMABAY_CMD_UNREGISTER, EBUSY, "a transfer on the buffer has not finished",
	  NO_LIMIT, NULL, "wait for its completion first" },
	{ DMABAY_CMD_IMPORT, EINVAL, "that is not a dma-buf, or not one that the device can use",
	  ALIGNMENT, "bytes of alignment", "import what exports dma-bufs (a dma-heap, udmabuf)" },
	{ DMABAY_CMD_IMPORT, EBADF, "the dma-buf is not open, or the node for reading only",
	  NO_LIMIT, NULL, "get one from its exporter, and open the node O_RDWR" },
	{ DMABAY_CMD_IMPORT, EACCES, "the dma-buf is not open for what the device shall do",
	  NO_LIMIT, NULL,
	  "open it O_RDWR, or import it DMABAY_IMPORT_READ_ONLY if the device only reads" },
	{ DMABAY_CMD_IMPORT, E2BIG, "the dma-buf is too long", REGISTER_LENGTH, "bytes",
	  "export it in parts" },
	{ DMABAY_CMD_IMPORT, ENOSPC, "the file has no number left for a buffer",
	  BUFFERS, "buffers", "unregister one, or open the node once more" },
	{ DMABAY_CMD_IMPORT, EAGAIN, "the exporter is moving the dma-buf", NO_LIMIT, NULL,
	  "wait for it (no O_NONBLOCK), or try again" },
	{ DMABAY_CMD_IMPORT, EOPNOTSUPP, "a flag is unknown, or this kernel has no dma-bufs",
	  NO_LIMIT, NULL, "use a newer dmabay module, or DMABAY_REGISTER" },
	{ DMABAY_CMD_RESERVE, ENOSPC, "the device has fewer map registers",
	  MAP_REGISTERS, "map registers",
	  "reserve at most that many: a longer transfer is cut into pieces that fit" },
	{ DMABAY_CMD_RESERVE, EAGAIN, "not enough map registers are free now, or no channel",
	  MAP_REGISTERS_FREE, "map registers",
	  "wait in line (neither O_NONBLOCK nor DMABAY_RESERVE_IMMEDIATE), or reserve fewer" },
	{ DMABAY_CMD_RESERVE, E2BIG, "the reservation is too deep", DEPTH, "transfers",
	  "reserve with at most that depth" },
	{ DMABAY_CMD_RESERVE, EINVAL, "the number of map registers or the depth is 0",
	  NO_LIMIT, NULL, "ask for at least 1 of each" },
	{ DMABAY_CMD_FREE, EBUSY, "a transfer of the reservation has not finished",
	  NO_LIMIT, NULL, "wait for its completion first" },
	{ DMABAY_CMD_SUBMIT, E2BIG, "too many transfers in one call", BATCH, "transfers",
	  "submit the rest in a second call" },
	{ DMABAY_CMD_SUBMIT, EAGAIN,
	  "every slot of the reservation is taken, or others are not done with the dma-buf",
	  DEPTH, "transfers",
	  "read completions first, reserve with more depth, or wait (no O_NONBLOCK)" },
	{ DMABAY_CMD_SUBMIT, EINVAL, "a length, an offset or a device address is 0 or unaligned",
	  ALIGNMENT, "bytes", "use multiples of the alignment" },
	{ DMABAY_CMD_WAIT, E2BIG, "too many completions in one call", BATCH, "completions",
	  "read the rest in a second call" },
	{ DMABAY_CMD_ONCE, ENOMEM,
	  "the pages to pin are over RLIMIT_MEMLOCK, or the plain DMA API has no room",
	  MEMLOCK, "bytes", "raise the limit (ulimit -l), or transfer less at a time" },
	{ DMABAY_CMD_ONCE, EAGAIN, "others are in line, or have the channel", NO_LIMIT, NULL,
	  "wait in line (no O_NONBLOCK), or try again" },
	{ DMABAY_CMD_ONCE, EINVAL, "the length or the device address is 0 or unaligned",
	  ALIGNMENT, "bytes", "use multiples of the alignment" },
	{ DMABAY_CMD_CANCEL, ENOENT, "no transfer of that cookie or reservation is under way",
	  NO_LIMIT, NULL, "read its completion: it may have ended before" },
	{ DMABAY_CMD_CANCEL, EINVAL, "a cookie or a reservation is given without its flag",
	  NO_LIMIT, NULL, "set DMABAY_CANCEL_COOKIE, DMABAY_CANCEL_RESERVATION or both" },
	{ DMABAY_CMD_EVENTFD, EINVAL, "that is not an eventfd", NO_LIMIT, NULL,
	  "make one with eventfd(2); -1 takes it away" },
	{ DMABAY_CMD_EVENTFD, EBADF, "the eventfd is not open, or the node for reading only",
	  NO_LIMIT, NULL, "make one with eventfd(2), and open the node O_RDWR" },
	{ ANY_COMMAND, ENOMEM, "out of memory", NO_LIMIT, NULL,
	  "ask for less at a time" },
	{ DMABAY_CMD_RINGS, EINVAL, "the entries of a ring are no power of two", NO_LIMIT, NULL,
	  "take the next power of two" },
	{ DMABAY_CMD_RINGS, E2BIG, "a ring has too many entries", DEPTH, "entries",
	  "take as many as can be under way" },
	{ DMABAY_CMD_RINGS, EBUSY, "the file has rings already", NO_LIMIT, NULL,
	  "use those, or open the node once more" },
	{ DMABAY_CMD_RINGS, ENOMEM,
	  "the rings, and what the user has locked already, are over RLIMIT_MEMLOCK",
	  MEMLOCK, "bytes", "raise the limit (ulimit -l), or make them smaller" },
	{ DMABAY_CMD_ENTER, EAGAIN, "there is no free slot, or no place for a completion",
	  NO_LIMIT, NULL, "take completions first" },
	{ DMABAY_CMD_ENTER, EBUSY, "the file has a poller already", NO_LIMIT, NULL,
	  "one is enough" },
	{ DMABAY_CMD_ENTER, ENOENT, "the file has no rings", NO_LIMIT, NULL,
	  "make them first" },
	{ DMABAY_CMD_WAIT, EBUSY, "the file has rings, and its completions are there", NO_LIMIT,
	  NULL, "take them from the ring" },
	{ DMABAY_CMD_SUBMIT, EBUSY, "the file has rings, and its completions are there", NO_LIMIT,
	  NULL, "ask for none here, and take them from the ring" },
	{ ANY_COMMAND, ERANGE, "it reaches beyond the buffer or the device's memory",
	  DEVICE_MEMORY, "bytes of device memory", "stay inside both" },
	{ ANY_COMMAND, EACCES, "the buffer was registered read-only", NO_LIMIT, NULL,
	  "register it without DMABAY_REGISTER_READ_ONLY to receive into it" },
	{ ANY_COMMAND, ENOENT, "this file has no buffer or no reservation of that number",
	  NO_LIMIT, NULL, "numbers are valid only in the file that made them" },
	{ ANY_COMMAND, EBADF, "the node was opened for reading only", NO_LIMIT, NULL,
	  "open it O_RDWR for everything but information and counters" },
	{ ANY_COMMAND, EOVERFLOW, "address and length together wrap around", NO_LIMIT, NULL,
	  "check both for a negative number" },
	{ ANY_COMMAND, EOPNOTSUPP,
	  "this kernel does not know a flag or field that is set, or the device the direction",
	  NO_LIMIT, NULL, "\"dmabay info\" shows the directions; use a newer dmabay module" },
	{ ANY_COMMAND, ENOTTY, "this kernel does not know the command", NO_LIMIT, NULL,
	  "use a newer dmabay module, or open a dmabay node" },
	{ ANY_COMMAND, ETIMEDOUT, "the time was over before it ended", NO_LIMIT, NULL,
	  "set a later deadline; if it was the device, the kernel log says more" },
	{ ANY_COMMAND, EIO, "the device reported an error", NO_LIMIT, NULL,
	  "the kernel log says more" },
	{ ANY_COMMAND, EPROTO, "the device reported what cannot be true", NO_LIMIT, NULL,
	  "do not trust its memory; the kernel log and a dump say more" },
	{ ANY_COMMAND, ENODEV, "the device is gone", NO_LIMIT, NULL,
	  "close the node; \"dmabay list\" shows those that exist" },
	{ ANY_COMMAND, ENOSPC, "the file has no number left for a reservation",
	  RESERVATIONS, "reservations", "free one, or open the node once more" },
};

/* Whether there is one. */
static int memlock_limit(uint64_t *value)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit) || limit.rlim_cur == RLIM_INFINITY)
		return 0;
	*value = limit.rlim_cur;
	return 1;
}

static uint64_t info_value(enum limit limit, const struct dmabay_info *info)
{
	switch (limit) {
	case ALIGNMENT:
		return info->alignment;
	case BATCH:
		return info->max_batch;
	case BUFFERS:
		return info->max_buffers;
	case DEPTH:
		return info->max_depth;
	case DEVICE_MEMORY:
		return info->device_memory;
	case MAP_REGISTERS:
		return info->map_registers;
	case MAP_REGISTERS_FREE:
		return info->map_registers_free;
	case REGISTER_LENGTH:
		return info->max_register_length;
	case RESERVATIONS:
		return info->max_reservations;
	default:
		return 0;
	}
}

/* Whether it is known. */
static int limit_value(enum limit limit, const struct dmabay_info *info, uint64_t *value)
{
	if (limit == MEMLOCK)
		return memlock_limit(value);
	if (limit == NO_LIMIT || !info)
		return 0;
	*value = info_value(limit, info);
	return 1;
}

/*
 * ENOSPC of RESERVE is one of two: the registers, or the numbers. ENOMEM is not the fault
 * of a limit that there is not.
 */
static int matches(const struct reason *reason, uint32_t command, int error,
		   const struct dmabay_info *info, uint64_t wanted)
{
	uint64_t limit;

	if (reason->error != error)
		return 0;
	if (reason->command == ANY_COMMAND)
		return 1;
	if (reason->limit == MAP_REGISTERS && info && wanted &&
	    wanted <= info->map_registers)
		return 0;
	if (reason->limit == MEMLOCK && !memlock_limit(&limit))
		return 0;
	return reason->command == command;
}

static const struct reason *find(uint32_t command, int error,
				 const struct dmabay_info *info, uint64_t wanted)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (matches(&reasons[i], command, error, info, wanted))
			return &reasons[i];
	return NULL;
}

const char *dmabay_explain(char *text, size_t size, uint32_t command, int error,
			   const struct dmabay_info *info, uint64_t wanted)
{
	const struct reason *reason;
	char numbers[96] = "";
	uint64_t limit;
	int known;

	error = abs(error);
	reason = find(command, error, info, wanted);
	if (!reason) {
		snprintf(text, size, "%s", strerror(error));
		return text;
	}

	known = limit_value(reason->limit, info, &limit);
	if (known && wanted)
		snprintf(numbers, sizeof(numbers),
			 " (%" PRIu64 " wanted, limit %" PRIu64 " %s)",
			 wanted, limit, reason->unit);
	else if (known)
		snprintf(numbers, sizeof(numbers), " (limit %" PRIu64 " %s)",
			 limit, reason->unit);
	snprintf(text, size, "%s%s: %s", reason->what, numbers, reason->remedy);
	return text;
}
