// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files that the node is told of: eventfds and dma-bufs. Fences are somebody else's who is not
 * done with a dma-buf; all of them are done at the end of a program.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>

#include "../tests/dmabuf.h"
#undef PAGE_SIZE
#include "fuzz.h"

#define MOST	(4u << 20)	/* bytes of a dma-buf */

int descriptors[DESCRIPTORS];

/* The slot 0 stays empty. */
static int slot_set(const uint64_t *values, int fd)
{
	if (values[0] % DESCRIPTORS == 0)
		return fd < 0 ? -1 : close(fd);
	slot_put(&descriptors[values[0] % DESCRIPTORS], fd);
	return fd;
}

static int slot(const uint64_t *values)
{
	return descriptors[values[0] % DESCRIPTORS];
}

CALL(eventfd)
{
	unsigned int first = values[1] & 1 ? UINT32_MAX : 0;

	(void)task;
	(void)operation;
	return slot_set(values, eventfd(first, EFD_CLOEXEC | EFD_NONBLOCK));
}

CALL(count)
{
	uint64_t count;

	(void)task;
	(void)operation;
	/* Most files that are no eventfd take no such thing. */
	return slot(values) < 0 ? -1 : read(slot(values), &count, sizeof(count));
}

CALL(heap)
{
	static const unsigned int how[] = { O_RDWR, O_RDONLY, O_WRONLY };

	(void)task;
	(void)operation;
	return slot_set(values, new_from_heap(values[1] % MOST, how[values[2] % 3]));
}

CALL(udmabuf)
{
	(void)task;
	(void)operation;
	return slot_set(values, new_from_udmabuf(values[1] % MOST & ~0xfffull, 0));
}

static bool fenced;

CALL(exporter)
{
	static const unsigned int how[] = { O_RDWR, O_RDONLY, O_WRONLY };
	struct test_export wanted = {
		.size = (uint32_t)(values[1] % (1u << 20)),
		.segment = (uint32_t)values[2],
		.flags = (uint32_t)values[3],
		.open_flags = how[values[4] % 3],
	};

	(void)task;
	(void)operation;
	return slot_set(values, test_exporter(EXPORTER_NEW, &wanted));
}

CALL(fence)
{
	(void)task;
	(void)operation;
	fenced = true;
	return slot(values) < 0 ? -1 : add_fence(slot(values), (uint32_t)(values[1] % 4));
}

CALL(signal)
{
	(void)task;
	(void)operation;
	return slot(values) < 0 ? -1 : signal_fences(slot(values));
}

CALL(drop)
{
	(void)task;
	(void)operation;
	return slot_set(values, -1);
}

void descriptors_end(void)
{
	for (unsigned int i = 1; i < DESCRIPTORS; i++) {
		if (descriptors[i] < 0)
			continue;
		if (fenced)
			signal_fences(descriptors[i]);
		slot_put(&descriptors[i], -1);
	}
	fenced = false;
}
