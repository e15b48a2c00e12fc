/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dmabay_test_exporter: what a test tells it, by ioctl of /dev/dmabay_test_exporter.
 */
#ifndef _DMABAY_TEST_EXPORTER_H
#define _DMABAY_TEST_EXPORTER_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* Refuse to map: EREMOTEIO. */
#define EXPORTER_FAIL_MAP	0x1
/* Map a byte less than there is. */
#define EXPORTER_SHORT	0x2
/* Say that the last piece has no length. */
#define EXPORTER_EMPTY	0x4

/**
 * struct test_export - EXPORTER_NEW: a new dma-buf; returns its fd
 * @size: bytes; up to a mebibyte
 * @segment: bytes of each piece of memory, none of which meet; 0 for a single piece
 * @flags: EXPORTER_...
 * @map_ms: how long mapping it takes
 * @open_flags: O_RDWR or another
 */
struct test_export {
	__u32 size;
	__u32 segment;
	__u32 flags;
	__u32 map_ms;
	__u32 open_flags;
};
#define EXPORTER_NEW	_IOW(0xDC, 0, struct test_export)

/**
 * struct test_fence - EXPORTER_FENCE: somebody is not done with it
 * @fd: the dma-buf
 * @usage: enum dma_resv_usage: 0 moves it, 1 writes it, 2 reads it
 */
struct test_fence {
	__s32 fd;
	__u32 usage;
};
#define EXPORTER_FENCE	_IOW(0xDC, 1, struct test_fence)

/* All of them are done; the argument is the fd itself. */
#define EXPORTER_SIGNAL	_IO(0xDC, 2)

/**
 * struct test_bytes - EXPORTER_READ, EXPORTER_WRITE: all of a dma-buf, by CPU
 * @fd: the dma-buf
 * @reserved: 0
 * @address: user address of as many bytes as it has
 */
struct test_bytes {
	__s32 fd;
	__u32 reserved;
	__aligned_u64 address;
};
#define EXPORTER_READ	_IOW(0xDC, 3, struct test_bytes)
#define EXPORTER_WRITE	_IOW(0xDC, 4, struct test_bytes)

#endif /* _DMABAY_TEST_EXPORTER_H */
