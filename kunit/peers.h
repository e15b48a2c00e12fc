/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dmabay_peers: what the benchmark tells it, by ioctl of /dev/dmabay_peers.
 */
#ifndef _DMABAY_PEERS_H
#define _DMABAY_PEERS_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * struct peers_pin - PEERS_PIN: memory that stays pinned until the file is closed
 * @address: of the first piece, at the beginning of a page
 * @length: bytes of each piece
 * @stride: bytes from one piece to the next, whole pages
 * @count: pieces
 * @reserved: 0
 *
 * Once for each open file.
 */
struct peers_pin {
	__aligned_u64 address;
	__aligned_u64 length;
	__aligned_u64 stride;
	__u32 count;
	__u32 reserved;
};
#define PEERS_PIN	_IOW(0xDD, 0, struct peers_pin)

/* Pin, map, unmap, unpin: what most drivers do in each call. */
#define PEERS_PER_CALL	0
/* dma_map_sgtable() of memory that is pinned, with its table made. */
#define PEERS_PLAIN	1
/* A range of device addresses for the transfer, linked and destroyed: dma_iova_*(). */
#define PEERS_TWO_STEP	2
#define PEERS_WAYS	3

/**
 * struct peers_run - PEERS_RUN: one transfer
 * @way: PEERS_...
 * @piece: which one of PEERS_PIN
 * @direction: 0 from the device, 1 to the device
 * @reserved: 0
 * @device_address: bytes into device memory
 * @map_ticks: out: get_cycles() that the mapping took
 * @unmap_ticks: out: the unmapping
 * @engine_ticks: out: the bytes
 */
struct peers_run {
	__u32 way;
	__u32 piece;
	__u32 direction;
	__u32 reserved;
	__aligned_u64 device_address;
	__aligned_u64 map_ticks;
	__aligned_u64 unmap_ticks;
	__aligned_u64 engine_ticks;
};
#define PEERS_RUN	_IOWR(0xDD, 1, struct peers_run)

/**
 * struct peers_move - PEERS_MOVE: the device moves bytes, and nobody maps anything
 * @address: device address, as somebody else has mapped it for the same function
 * @length: bytes
 * @device_address: bytes into device memory
 * @direction: 0 from the device, 1 to the device
 * @reserved: 0
 *
 * EIO if there is nothing behind the address; EOPNOTSUPP if no IOMMU translates for the device.
 */
struct peers_move {
	__aligned_u64 address;
	__aligned_u64 length;
	__aligned_u64 device_address;
	__u32 direction;
	__u32 reserved;
};
#define PEERS_MOVE	_IOW(0xDD, 2, struct peers_move)

/*
 * PEERS_AGAIN: the device tries the address once more that the last transfer has begun at, of
 * whoever has made it. EIO: there is nothing behind it any more. EOPNOTSUPP: no IOMMU translates
 * for the device, so nobody can tell.
 */
#define PEERS_AGAIN	_IO(0xDD, 3)

#endif /* _DMABAY_PEERS_H */
