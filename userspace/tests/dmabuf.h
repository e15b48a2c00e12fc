/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exporters of dma-bufs, and what of them is left.
 */
#ifndef DMABAY_TESTS_DMABUF_H
#define DMABAY_TESTS_DMABUF_H

#include <linux/dma-buf.h>
#include <linux/dma-heap.h>
#include <linux/udmabuf.h>

#include "../../kunit/test_exporter.h"
#include "common.h"

/* Each of these returns the fd of a new dma-buf, or a negative errno. */

/* -ENOENT: the kernel has none. */
static inline int new_from_heap(uint64_t size, unsigned int flags)
{
	struct dma_heap_allocation_data wanted = { .len = size, .fd_flags = flags | O_CLOEXEC };
	int heap = open("/dev/dma_heap/system", O_RDONLY | O_CLOEXEC), result;

	if (heap < 0)
		return -errno;
	result = ioctl(heap, DMA_HEAP_IOCTL_ALLOC, &wanted) ? -errno : (int)wanted.fd;
	close(heap);
	return result;
}

/* Pages of a file in memory: always open for both. */
static inline int new_from_udmabuf(uint64_t size, unsigned int flags)
{
	struct udmabuf_create wanted = { .flags = UDMABUF_FLAGS_CLOEXEC, .size = size };
	int device = open("/dev/udmabuf", O_RDWR | O_CLOEXEC), result;

	(void)flags;
	if (device < 0)
		return -errno;
	wanted.memfd = (uint32_t)syscall(SYS_memfd_create, "dmabay",
					 MFD_ALLOW_SEALING | MFD_CLOEXEC);
	if (ftruncate((int)wanted.memfd, (off_t)size) ||
	    fcntl((int)wanted.memfd, F_ADD_SEALS, F_SEAL_SHRINK))
		result = -errno;
	else
		result = ioctl(device, UDMABUF_CREATE, &wanted);
	result = result == -1 ? -errno : result;
	close((int)wanted.memfd);
	close(device);
	return result;
}

/* ---- the exporter that does as it is told ---- */

static inline int test_exporter(unsigned long number, const void *argument)
{
	int device = open("/dev/dmabay_test_exporter", O_RDWR | O_CLOEXEC), result;

	if (device < 0)
		return -errno;
	result = ioctl(device, number, argument);
	result = result < 0 ? -errno : result;
	close(device);
	return result;
}

static inline int new_from_test(uint32_t size, uint32_t segment)
{
	struct test_export wanted = {
		.size = size,
		.segment = segment,
		.open_flags = O_RDWR,
	};

	return test_exporter(EXPORTER_NEW, &wanted);
}

/* enum dma_resv_usage */
enum { MOVES, WRITES, READS, KEEPS };

static inline int add_fence(int fd, uint32_t usage)
{
	struct test_fence wanted = { .fd = fd, .usage = usage };

	return test_exporter(EXPORTER_FENCE, &wanted);
}

static inline int signal_fences(int fd)
{
	return test_exporter(EXPORTER_SIGNAL, (void *)(intptr_t)fd);
}

static inline int bytes_of(int fd, unsigned long number, const unsigned char *memory)
{
	struct test_bytes wanted = { .fd = fd, .address = (uintptr_t)memory };

	return test_exporter(number, &wanted);
}

/* ---- what is left ---- */

/* What the lines "Total <number> <what>" sum up to; -1 if it cannot be known. */
static inline int64_t bufinfo_sum(const char *what)
{
	FILE *file = fopen("/sys/kernel/debug/dma_buf/bufinfo", "re");
	int64_t number, sum = 0;
	char line[256];

	if (!file)
		return -1;
	while (fgets(line, sizeof(line), file))
		if (strstr(line, what) && sscanf(line, "Total %" SCNd64, &number) == 1)
			sum += number;
	fclose(file);
	return sum;
}

/* dma-bufs that there are, of all processes; -1 if it cannot be known. */
static inline int64_t dma_bufs_now(void)
{
	return bufinfo_sum(" objects");
}

/* Devices that are attached to them, all together. */
static inline int64_t attachments_now(void)
{
	return bufinfo_sum(" devices attached");
}

/* The last reference may go a little after the last close() has returned. */
static inline int64_t dma_bufs_become(int64_t count)
{
	uint64_t end = dmabay_deadline(PATIENCE);

	while (dma_bufs_now() != count && dmabay_deadline(0) < end)
		pause_for(10 * MILLISECOND);
	return dma_bufs_now();
}

#endif /* DMABAY_TESTS_DMABUF_H */
