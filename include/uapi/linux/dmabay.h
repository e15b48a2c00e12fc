/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * dmabay: reserve DMA resources once, then run transfer after transfer on them.
 */
#ifndef _UAPI_LINUX_DMABAY_H
#define _UAPI_LINUX_DMABAY_H

#include <linux/ioctl.h>
#include <linux/types.h>

/**
 * DOC: dmabay character device
 *
 * Every device is one node, /dev/dmabayN. An open file owns three kinds of
 * objects, named by small numbers that mean nothing in another file:
 *
 *  - a *buffer*: user memory, pinned once at DMABAY_REGISTER, or a dma-buf, attached
 *    once at DMABAY_IMPORT;
 *  - a *reservation*: map registers (one register is one page of device
 *    address space) taken once at DMABAY_RESERVE, and the slots in which its
 *    transfers wait, run and report;
 *  - a *transfer*: so many bytes between a buffer and the device's memory,
 *    started by DMABAY_SUBMIT on a reservation, reported by one completion.
 *
 * Transfers of one reservation run in the order of their submission;
 * reservations run side by side. A program with an io_uring can start them there, and
 * gets a CQE: DMABAY_URING. One that wants to pay no system call, or one for many, shares
 * two rings with the kernel: DMABAY_RINGS. poll() says EPOLLIN while a completion waits
 * to be read, EPOLLHUP once the device is gone; DMABAY_EVENTFD tells of each.
 * No completion is ever lost or refused: its place is the transfer's slot, which
 * is taken until the completion is read, and a transfer that finds no slot is not
 * submitted (EAGAIN). Closing the file ends everything it owns.
 *
 * A transfer can be withdrawn: by DMABAY_CANCEL, and by its own deadline. One that
 * has not started then ends at once, before those ahead of it, and moves no byte.
 * Of one that runs, the piece that the device works on is finished, and no further
 * one is started. If that was the last one, the transfer has succeeded; otherwise
 * its completion says how many bytes were moved. A channel that may wait for its
 * peripheral for ever is stopped in the middle of a piece. Whatever comes first,
 * each transfer has one completion.
 *
 * Each command passes a struct that starts with its size. A kernel that knows
 * a longer struct takes the missing tail as zero; one that knows a shorter
 * struct accepts a tail that is zero. Nothing that is called reserved, and no
 * flag that is not listed, may be set.
 *
 * Every command returns 0, or one of these:
 *
 *  - ENOTTY: the command number is not known
 *  - EINVAL: the size is below the first version of the struct, or a number is
 *    wrong in itself (a count of 0, a length of 0, a direction other than the
 *    two, an address or a length that is not aligned as the device needs it), or
 *    a file is not of the kind it must be
 *  - E2BIG: the struct's tail is not zero beyond what this kernel knows, the
 *    struct is longer than a page, or a count or a buffer's length is above the
 *    maximum that DMABAY_INFO reports
 *  - EOPNOTSUPP: a flag or a reserved field is set that this kernel does not
 *    know, or the device does not move bytes in that direction
 *  - EFAULT: the struct, an array or the memory to register is not mapped, or
 *    not mapped for writing where the device or the kernel must write
 *  - EBADF: the file was opened O_RDONLY: only DMABAY_INFO and
 *    DMABAY_COUNTERS are allowed (and read(), see below); or the eventfd or the
 *    dma-buf is not open
 *  - ENOENT: no buffer or no reservation of this number in this file, no
 *    transfer of this cookie that has not ended, or no rings
 *  - EOVERFLOW: address + length or offset + length wraps around
 *  - ERANGE: offset + length is beyond the buffer, or device address + length
 *    is beyond the device's memory; of a device without memory the address is 0
 *  - EACCES: a transfer from the device into a buffer registered read-only, or a
 *    dma-buf whose fd is not open for what the device shall do with it
 *  - EBUSY: the buffer or the reservation has transfers that are not finished; the
 *    file has rings, in which its completions are; or it has a poller
 *  - ENOSPC: more map registers asked for than the device has at all, or no
 *    number left for another buffer or reservation
 *  - EAGAIN: it would have to wait and was told not to: no map registers (or no
 *    channel) now, no free transfer slot, no completion yet, no place for it in the
 *    ring, others not done with a dma-buf
 *  - ENOMEM: over RLIMIT_MEMLOCK, or out of memory
 *  - ETIMEDOUT: the deadline of a wait has passed, or that of a transfer before others
 *    were done with its dma-buf
 *  - EINTR: a signal arrived while waiting; nothing is lost
 *  - ECANCELED: DMABAY_ENTER_STOP has ended the poller
 *  - ENODEV: the device is gone
 *
 * DMABAY_IMPORT also says what the exporter of the dma-buf says when it refuses.
 *
 * Rules are checked in this order: the command's number, the file's mode,
 * whether the device is there, the struct, its size, its tail, its fields.
 *
 * A completion's status is 0 or a negative errno: ETIMEDOUT (its deadline has
 * passed, or the device did not answer and was reset), EIO (the device reported
 * an error), EPROTO (the device reported what cannot be true), ENOMEM (only
 * without DMABAY_INFO_GUARANTEED), ECANCELED, ENODEV; in a ring also what a transfer
 * was refused for. When the device goes, completions can still be read; after the
 * last one every command says ENODEV.
 *
 * A device may be a channel of a DMA controller (DMABAY_INFO_EXCLUSIVE). Then one
 * reservation has the whole channel until it is freed, however few map registers it
 * asked for: another one, and DMABAY_ONCE, wait until then, in the same file as well.
 * Such a channel copies in memory, or serves a peripheral that has no memory but takes
 * or gives bytes one after the other, perhaps in one direction only.
 *
 * read() and write(), and their relatives, move bytes as DMABAY_ONCE does, without a
 * reservation: convenient, and slow. The file position is the address in the
 * device's memory, whose end is the end of the file: what reaches beyond it is cut,
 * a read there is 0 bytes, a write ENOSPC. A device without memory is a stream:
 * it has no position, and lseek() and pread() say ESPIPE. read() needs a file that
 * is open for reading, write() one for writing, and neither needs the other.
 *
 *  - The position, every address and every length (after the cut) are multiples of
 *    dmabay_info.alignment, or nothing is moved: EINVAL. EOPNOTSUPP: the device does
 *    not move bytes in that direction.
 *  - The memory is pinned in stretches, 4 MiB or an iovec, whichever is shorter, and
 *    one stretch is moved after the other; those of others may come in between. Bytes
 *    that were moved before a signal, an error or an address that is not mapped are
 *    what is returned. Only if there are none it is the errno: as above, EINTR (unless
 *    the handler of the signal is one with SA_RESTART: then it goes on), or what a
 *    completion's status would be.
 *  - With O_NONBLOCK or RWF_NOWAIT: EAGAIN instead of waiting in line for others. The
 *    transfer itself is waited for in any case.
 *  - Asynchronous ones (aio, io_uring) pin all their memory at once, are moved in the
 *    order in which they came to the file, and do not keep their caller waiting,
 *    O_NONBLOCK or not. When the device goes they end with ENODEV. io_cancel(), or the
 *    end of the process, ends those of aio: ECANCELED, unless bytes were moved. If the
 *    device is a channel that others have, they wait for no longer than its time-out
 *    (EAGAIN).
 *  - A buffer registered with an io_uring is used as it is, without pinning it again.
 *    splice() and sendfile() say EINVAL.
 */

#define DMABAY_IOCTL_TYPE	0xDB

enum {
	DMABAY_CMD_INFO = 0,
	DMABAY_CMD_COUNTERS,
	DMABAY_CMD_REGISTER,
	DMABAY_CMD_UNREGISTER,
	DMABAY_CMD_RESERVE,
	DMABAY_CMD_FREE,
	DMABAY_CMD_SUBMIT,
	DMABAY_CMD_WAIT,
	DMABAY_CMD_ONCE,
	DMABAY_CMD_CANCEL,
	DMABAY_CMD_EVENTFD,
	DMABAY_CMD_IMPORT,
	DMABAY_CMD_RINGS,
	DMABAY_CMD_ENTER,
	DMABAY_CMD_URING = 128,	/* no ioctl */
};

/**
 * enum dmabay_user_direction - Which way the bytes go
 * @DMABAY_FROM_DEVICE: device memory to buffer
 * @DMABAY_TO_DEVICE: buffer to device memory
 */
enum dmabay_user_direction {
	DMABAY_FROM_DEVICE = 0,
	DMABAY_TO_DEVICE = 1,
};

/**
 * enum dmabay_info_provider - What stands behind the map registers
 * @DMABAY_INFO_PROVIDER_IOVA: a window of device addresses behind an IOMMU;
 *	the buffer itself is linked into it
 * @DMABAY_INFO_PROVIDER_BOUNCE: pages mapped once; bytes are copied, unless the device
 *	reaches them, and is better programmed for each piece of memory
 * @DMABAY_INFO_PROVIDER_DIRECT: the plain DMA API, mapped for every transfer;
 *	a reservation holds registers but no guarantee
 */
enum dmabay_info_provider {
	DMABAY_INFO_PROVIDER_IOVA = 1,
	DMABAY_INFO_PROVIDER_BOUNCE = 2,
	DMABAY_INFO_PROVIDER_DIRECT = 3,
};

/**
 * enum dmabay_info_iommu - How the device's addresses are translated now
 * @DMABAY_INFO_IOMMU_NONE: no IOMMU
 * @DMABAY_INFO_IOMMU_PASSTHROUGH: an IOMMU that lets everything through
 * @DMABAY_INFO_IOMMU_STRICT: unmap waits for the IOTLB flush
 * @DMABAY_INFO_IOMMU_LAZY: the DMA API defers the IOTLB flush (links of the
 *	iova provider are flushed at once all the same)
 */
enum dmabay_info_iommu {
	DMABAY_INFO_IOMMU_NONE = 0,
	DMABAY_INFO_IOMMU_PASSTHROUGH = 1,
	DMABAY_INFO_IOMMU_STRICT = 2,
	DMABAY_INFO_IOMMU_LAZY = 3,
};

/*
 * The reserved path needs no memory, no IOVA and cannot fail for lack of them. Never said
 * of a channel: the driver of its controller may need some for each transfer.
 */
#define DMABAY_INFO_GUARANTEED	(1 << 0)
/* The device moves bytes into a buffer. */
#define DMABAY_INFO_FROM_DEVICE	(1 << 1)
/* The device moves bytes out of a buffer. */
#define DMABAY_INFO_TO_DEVICE	(1 << 2)
/* It is a channel: one reservation has all of it until it is freed. */
#define DMABAY_INFO_EXCLUSIVE	(1 << 3)

/**
 * struct dmabay_info - DMABAY_INFO: what the device is and what its limits are
 * @size: sizeof(struct dmabay_info)
 * @flags: out: DMABAY_INFO_GUARANTEED, DMABAY_INFO_FROM_DEVICE,
 *	DMABAY_INFO_TO_DEVICE, DMABAY_INFO_EXCLUSIVE
 * @provider: out: enum dmabay_info_provider
 * @iommu: out: enum dmabay_info_iommu, as it is at this moment
 * @page_size: out: bytes behind one map register
 * @map_registers: out: how many the device has
 * @map_registers_free: out: how many are free now
 * @waiters: out: how many reservations wait for registers now
 * @max_length: out: bytes, the longest transfer programmed in one piece;
 *	longer ones are cut
 * @fragment_length: out: bytes, @max_length or what the map registers allow
 * @device_memory: out: bytes of device memory, addresses 0 to this - 1; 0: it has
 *	none, a transfer moves the next bytes of a stream, and its address is 0
 * @alignment: out: a device address, a buffer's address, an offset into it and
 *	a length must be multiples of this many bytes
 * @max_buffers: out: buffers per file. Those of 64 KiB and more all stay linked on a
 *	reservation that has a map register for each of their pages
 * @max_reservations: out: reservations per file
 * @max_depth: out: transfers one reservation can hold
 * @max_batch: out: transfers in one DMABAY_SUBMIT, completions in one reading
 * @group_devices: out: devices in the IOMMU group that can reach what this one
 *	can, this one included; 0 without an IOMMU
 * @max_register_length: out: bytes, the longest buffer
 * @driver: out: name of the driver, zero-terminated
 * @bus: out: name of the device that does the DMA, or of its channel, zero-terminated
 */
struct dmabay_info {
	__u32 size;
	__u32 flags;
	__u32 provider;
	__u32 iommu;
	__u32 page_size;
	__u32 map_registers;
	__u32 map_registers_free;
	__u32 waiters;
	__aligned_u64 max_length;
	__aligned_u64 fragment_length;
	__aligned_u64 device_memory;
	__u32 alignment;
	__u32 max_buffers;
	__u32 max_reservations;
	__u32 max_depth;
	__u32 max_batch;
	__u32 group_devices;
	__aligned_u64 max_register_length;
	__u8 driver[32];
	__u8 bus[32];
};
#define DMABAY_INFO	_IO(DMABAY_IOCTL_TYPE, DMABAY_CMD_INFO)

/**
 * struct dmabay_counters - DMABAY_COUNTERS: what the device has cost so far
 * @size: sizeof(struct dmabay_counters)
 * @flags: 0
 * @links: out: link calls into the IOVA window
 * @unlinks: out: unlink calls
 * @flushes: out: IOTLB flushes that those unlinks waited for
 * @linked_bytes: out: bytes linked now
 * @hits: out: transfers whose memory was still linked
 * @bounced_bytes: out: bytes copied through bounce slots
 * @mapped: out: mappings made by the plain DMA API
 * @unmapped: out: mappings given back to the plain DMA API
 * @pinned_pages: out: pages pinned now
 * @pins: out: pages pinned ever
 * @transfers: out: transfers finished
 * @bytes: out: bytes transferred
 * @errors: out: transfers that ended with a status other than 0
 * @timeouts: out: times the device had to be reset, or a channel be stopped
 * @faults: out: addresses that the device used and that led nowhere (soft)
 * @engine_ticks: out: get_cycles() spent by the CPU in the place of the device (soft),
 *	from when that is told until it tells; to be subtracted from a measurement
 *
 * All count from the device's registration and are shared by all its files.
 */
struct dmabay_counters {
	__u32 size;
	__u32 flags;
	__aligned_u64 links;
	__aligned_u64 unlinks;
	__aligned_u64 flushes;
	__aligned_u64 linked_bytes;
	__aligned_u64 hits;
	__aligned_u64 bounced_bytes;
	__aligned_u64 mapped;
	__aligned_u64 unmapped;
	__aligned_u64 pinned_pages;
	__aligned_u64 pins;
	__aligned_u64 transfers;
	__aligned_u64 bytes;
	__aligned_u64 errors;
	__aligned_u64 timeouts;
	__aligned_u64 faults;
	__aligned_u64 engine_ticks;
};
#define DMABAY_COUNTERS	_IO(DMABAY_IOCTL_TYPE, DMABAY_CMD_COUNTERS)

/* The device may only read the memory: it may be mapped read-only. */
#define DMABAY_REGISTER_READ_ONLY	(1 << 0)

/**
 * struct dmabay_register - DMABAY_REGISTER: pin user memory as a buffer
 * @size: sizeof(struct dmabay_register)
 * @flags: DMABAY_REGISTER_READ_ONLY or 0
 * @address: user virtual address
 * @length: bytes
 * @buffer: out: the number of the buffer
 * @reserved: 0
 *
 * Every page of it counts, also one that is in another buffer, and of a huge page those
 * that it has: in VmPin of the process, and against RLIMIT_MEMLOCK of its user, unless
 * the process has CAP_IPC_LOCK. That ends with DMABAY_UNREGISTER or with the file,
 * whichever process that is by then.
 *
 * The pages stay what they are, whatever becomes of the mapping. Memory that cannot stay
 * is refused (EFAULT): that of a device; and, if it is not DMABAY_REGISTER_READ_ONLY, from
 * Linux 6.5 on, a shared mapping of a file that is written back to a disk.
 */
struct dmabay_register {
	__u32 size;
	__u32 flags;
	__aligned_u64 address;
	__aligned_u64 length;
	__u32 buffer;
	__u32 reserved;
};
#define DMABAY_REGISTER	_IO(DMABAY_IOCTL_TYPE, DMABAY_CMD_REGISTER)

/**
 * struct dmabay_unregister - DMABAY_UNREGISTER: give a buffer, of either kind, back
 * @size: sizeof(struct dmabay_unregister)
 * @buffer: the buffer; EBUSY while a transfer on it is not finished
 *
 * When it returns, the device cannot reach the memory any more.
 */
struct dmabay_unregister {
	__u32 size;
	__u32 buffer;
};
#define DMABAY_UNREGISTER	_IO(DMABAY_IOCTL_TYPE, DMABAY_CMD_UNREGISTER)

/* EAGAIN instead of waiting in line; O_NONBLOCK does the same. */
#define DMABAY_RESERVE_IMMEDIATE	(1 << 0)
/*
 * Keep no buffer linked: when the end of a transfer is told, the device does not reach its
 * memory any more. What is submitted together may be linked, and unlinked, together. Where the
 * host defers flushes (DMABAY_INFO_IOMMU_LAZY) it may reach it for some milliseconds more, but
 * not after DMABAY_UNREGISTER of the buffer or DMABAY_FREE of the reservation.
 */
#define DMABAY_RESERVE_STRICT		(1 << 1)

/**
 * struct dmabay_reserve - DMABAY_RESERVE: take map registers
 * @size: sizeof(struct dmabay_reserve)
 * @flags: DMABAY_RESERVE_IMMEDIATE, DMABAY_RESERVE_STRICT
 * @map_registers: how many; 1 to dmabay_info.map_registers. A transfer that
 *	needs more is cut into pieces that fit
 * @depth: transfers it can hold, submitted and not yet read; 1 to
 *	dmabay_info.max_depth
 * @reservation: out: the number of the reservation
 * @reserved: 0
 *
 * Waits in strict FIFO order with all others until the registers are free; a
 * signal ends the wait with EINTR and leaves nothing behind.
 */
struct dmabay_reserve {
	__u32 size;
	__u32 flags;
	__u32 map_registers;
	__u32 depth;
	__u32 reservation;
	__u32 reserved;
};
#define DMABAY_RESERVE	_IO(DMABAY_IOCTL_TYPE, DMABAY_CMD_RESERVE)

/**
 * struct dmabay_free - DMABAY_FREE: give a reservation back
 * @size: sizeof(struct dmabay_free)
 * @reservation: the reservation; EBUSY while one of its transfers has not
 *	finished. Completions that were not read yet are dropped with it
 */
struct dmabay_free {
	__u32 size;
	__u32 reservation;
};
#define DMABAY_FREE	_IO(DMABAY_IOCTL_TYPE, DMABAY_CMD_FREE)

/**
 * struct dmabay_transfer - One transfer of a DMABAY_SUBMIT
 * @reservation: the reservation it runs on
 * @buffer: the buffer
 * @offset: bytes into the buffer
 * @length: bytes, not 0
 * @device_address: bytes into the device's memory
 * @direction: enum dmabay_user_direction
 * @flags: 0
 * @cookie: handed back in the completion
 * @deadline: CLOCK_MONOTONIC, in ns, when the transfer is withdrawn: it ends with
 *	ETIMEDOUT, unless it is done by then; 0 is never. A kernel that does not
 *	know deadlines says EOPNOTSUPP
 */
struct dmabay_transfer {
	__u32 reservation;
	__u32 buffer;
	__aligned_u64 offset;
	__aligned_u64 length;
	__aligned_u64 device_address;
	__u32 direction;
	__u32 flags;
	__aligned_u64 cookie;
	__aligned_u64 deadline;
};

/**
 * struct dmabay_completion - How one transfer ended
 * @cookie: of the transfer
 * @length: bytes transferred
 * @status: 0 or a negative errno
 * @reservation: it ran on
 */
struct dmabay_completion {
	__aligned_u64 cookie;
	__aligned_u64 length;
	__s32 status;
	__u32 reservation;
};

/**
 * struct dmabay_submit - DMABAY_SUBMIT: start transfers, and read completions
 * @size: sizeof(struct dmabay_submit)
 * @flags: 0
 * @count: transfers in @transfers, 1 to dmabay_info.max_batch; one that finds no
 *	free transfer slot is refused (EAGAIN), not waited for
 * @submitted: out: how many were taken. When the first one is refused the
 *	command fails with its errno; when a later one is, the command succeeds
 *	with @submitted < @count, does not wait, and submitting the rest again
 *	tells why. One whose dma-buf others are not done with is waited for, before it
 *	is taken, see DMABAY_IMPORT
 * @transfers: user address of @count struct dmabay_transfer
 * @min_complete: wait until this many completions were read; 0 does not wait
 * @capacity: completions that fit at @completions, 0 to dmabay_info.max_batch;
 *	not below @min_complete
 * @completed: out: completions written
 * @reserved: 0
 * @completions: user address of @capacity struct dmabay_completion
 * @deadline: CLOCK_MONOTONIC, in ns, when the wait ends; 0 is never. A wait
 *	that ends early (deadline, signal) is no error here: @submitted and
 *	@completed say how far it came
 */
struct dmabay_submit {
	__u32 size;
	__u32 flags;
	__u32 count;
	__u32 submitted;
	__aligned_u64 transfers;
	__u32 min_complete;
	__u32 capacity;
	__u32 completed;
	__u32 reserved;
	__aligned_u64 completions;
	__aligned_u64 deadline;
};
#define DMABAY_SUBMIT	_IO(DMABAY_IOCTL_TYPE, DMABAY_CMD_SUBMIT)

/**
 * struct dmabay_wait - DMABAY_WAIT: read completions
 * @size: sizeof(struct dmabay_wait)
 * @flags: 0
 * @min_complete: wait until this many were read; 0 does not wait
 * @capacity: completions that fit, 1 to dmabay_info.max_batch; not below
 *	@min_complete
 * @completed: out: completions written
 * @reserved: 0
 * @completions: user address of @capacity struct dmabay_completion
 * @deadline: CLOCK_MONOTONIC, in ns, when the wait ends; 0 is never
 *
 * EAGAIN when @min_complete is 0 (or the file is O_NONBLOCK) and none is there;
 * ETIMEDOUT or EINTR only when none was read.
 */
struct dmabay_wait {
	__u32 size;
	__u32 flags;
	__u32 min_complete;
	__u32 capacity;
	__u32 completed;
	__u32 reserved;
	__aligned_u64 completions;
	__aligned_u64 deadline;
};
#define DMABAY_WAIT	_IO(DMABAY_IOCTL_TYPE, DMABAY_CMD_WAIT)

/**
 * struct dmabay_once - DMABAY_ONCE: one transfer of memory not registered
 * @size: sizeof(struct dmabay_once)
 * @flags: 0
 * @address: user virtual address
 * @length: bytes
 * @device_address: bytes into the device's memory
 * @direction: enum dmabay_user_direction
 * @reserved: 0
 * @transferred: out: bytes; below @length when the device ended short, or when a
 *	signal or the deadline came after some pieces
 * @deadline: CLOCK_MONOTONIC, in ns, when the wait for others ends and no further
 *	piece is started: ETIMEDOUT, unless bytes were moved; 0 is never. A kernel
 *	that does not know it says E2BIG
 *
 * Pins the memory, maps it with the plain DMA API, waits for the transfer,
 * unmaps and unpins: what each call costs when nothing is reserved. A
 * convenience for single transfers, and the baseline for the others. Where the
 * plain DMA API may not be able to serve the device (it does not reach all memory
 * and has no IOMMU), the bytes are bounced. Takes none of dmabay_info.map_registers,
 * unless the device is a channel: then it takes them all, and the channel.
 *
 * Waits for others who transfer like this, and for a channel that is reserved, but not
 * if the file is O_NONBLOCK (EAGAIN); for the transfer itself in any case.
 */
struct dmabay_once {
	__u32 size;
	__u32 flags;
	__aligned_u64 address;
	__aligned_u64 length;
	__aligned_u64 device_address;
	__u32 direction;
	__u32 reserved;
	__aligned_u64 transferred;
	__aligned_u64 deadline;
};
#define DMABAY_ONCE	_IO(DMABAY_IOCTL_TYPE, DMABAY_CMD_ONCE)

/* Only transfers with this cookie. */
#define DMABAY_CANCEL_COOKIE		(1 << 0)
/* Only transfers of this reservation. */
#define DMABAY_CANCEL_RESERVATION	(1 << 1)

/**
 * struct dmabay_cancel - DMABAY_CANCEL: withdraw transfers
 * @size: sizeof(struct dmabay_cancel)
 * @flags: DMABAY_CANCEL_COOKIE, DMABAY_CANCEL_RESERVATION; without any, all
 *	transfers of the file are withdrawn
 * @reservation: the reservation; 0 without DMABAY_CANCEL_RESERVATION
 * @cancelled: out: transfers that had not started; each of them has ended, with
 *	ECANCELED and 0 bytes, and its completion can be read
 * @running: out: transfers that run and will start no further piece; their
 *	completions, which are yet to come, say whether that was early (ECANCELED)
 *	or whether they were done (0)
 * @reserved: 0
 * @cookie: the cookie, which several transfers may have; 0 without
 *	DMABAY_CANCEL_COOKIE
 *
 * Does not wait. With DMABAY_CANCEL_COOKIE, ENOENT if there is no such transfer (any
 * more): then its completion can be read, or was. Otherwise nothing to cancel is no
 * error. Cancelling twice is cancelling once. DMABAY_ONCE is ended by a signal, or by its
 * deadline, instead.
 */
struct dmabay_cancel {
	__u32 size;
	__u32 flags;
	__u32 reservation;
	__u32 cancelled;
	__u32 running;
	__u32 reserved;
	__aligned_u64 cookie;
};
#define DMABAY_CANCEL	_IO(DMABAY_IOCTL_TYPE, DMABAY_CMD_CANCEL)

/**
 * struct dmabay_eventfd - DMABAY_EVENTFD: have completions told to an eventfd
 * @size: sizeof(struct dmabay_eventfd)
 * @flags: 0
 * @eventfd: the eventfd, which takes the place of the one before; or -1: none
 * @reserved: 0
 *
 * 1 is added to it for each completion, once when the device is gone, and once at this
 * command if it has something to tell already. So it is an edge for each completion,
 * however many are left to be read, while poll() on the node says whether any are.
 * The file keeps the eventfd. When another one (or none) has taken its place, or the
 * file is closed, nothing is added to it any more.
 *
 * EINVAL if it is another kind of file.
 */
struct dmabay_eventfd {
	__u32 size;
	__u32 flags;
	__s32 eventfd;
	__u32 reserved;
};
#define DMABAY_EVENTFD	_IO(DMABAY_IOCTL_TYPE, DMABAY_CMD_EVENTFD)

/* The device may only read the memory: the dma-buf need not be open for writing. */
#define DMABAY_IMPORT_READ_ONLY	(1 << 0)

/**
 * struct dmabay_import - DMABAY_IMPORT: use a dma-buf as a buffer
 * @size: sizeof(struct dmabay_import)
 * @flags: DMABAY_IMPORT_READ_ONLY or 0
 * @fd: the dma-buf; may be closed afterwards
 * @buffer: out: the number of the buffer, of the same kind as those of DMABAY_REGISTER
 * @length: out: bytes, all of the dma-buf
 *
 * Until DMABAY_UNREGISTER or close, the file keeps the dma-buf, attached to and mapped for
 * the device, and its exporter leaves it where it is. It is the exporter's memory: it is
 * neither pinned nor charged, and takes no part in links and bounces. Who looks at it by
 * CPU says so with DMA_BUF_IOCTL_SYNC, as with any dma-buf.
 *
 * Its fences are honoured: a transfer that reads the memory waits for those who write it,
 * one that writes it for those who read it, too, before it is submitted; so DMABAY_CANCEL
 * does not find it yet, and others may go ahead of it. O_NONBLOCK (EAGAIN), a signal
 * (EINTR), its deadline (ETIMEDOUT) and the end of the device (ENODEV) refuse it. A command
 * of io_uring waits in a worker. Transfers add no fence: who shares the memory is told by
 * their completions that they are done.
 *
 * EINVAL if @fd is no dma-buf, or if it is mapped as the device cannot use it (see
 * dmabay_info.alignment) or is shorter than it says. EOPNOTSUPP if the kernel has no
 * dma-bufs, or if the device, without an IOMMU, does not reach all memory. With
 * O_NONBLOCK, EAGAIN while the exporter is moving it.
 */
struct dmabay_import {
	__u32 size;
	__u32 flags;
	__s32 fd;
	__u32 buffer;
	__aligned_u64 length;
};
#define DMABAY_IMPORT	_IO(DMABAY_IOCTL_TYPE, DMABAY_CMD_IMPORT)

/**
 * struct dmabay_uring - DMABAY_URING: start transfers, by io_uring
 * @transfers: user address of @count struct dmabay_transfer; they stay there until the
 *	CQE is posted
 * @count: transfers, 1 to dmabay_info.max_batch
 * @flags: 0
 *
 * No ioctl, but an IORING_OP_URING_CMD: the number is the SQE's cmd_op, and the struct its
 * 16 bytes of payload; uring_cmd_flags are 0, or as below. What is wrong with it, with a
 * transfer, or with the file is said as DMABAY_SUBMIT says it, but in the result of the CQE.
 *
 * There is one CQE, when all transfers have ended. Its result is the sum of their bytes,
 * at most 2^31 - 1 (else E2BIG), or the status of the first one that ended with one. If a
 * transfer is refused (EAGAIN: no free transfer slot), those before it run all the same,
 * and none after it is started. Who has to know how far each one came submits them one by
 * one. Completions of these transfers are not read by DMABAY_WAIT, and their cookies are
 * for DMABAY_CANCEL only; a slot is free again when its transfer has ended.
 *
 * Transfers of one reservation run in the order of their SQEs, as long as io_uring issues
 * them at once. It leaves a command to a worker, and goes on with the next one, if @count
 * is above 8, if @transfers is on a page that is not there, or if there is a fence to wait
 * for (DMABAY_IMPORT). Then, and if more rings
 * than one use a reservation, IOSQE_IO_LINK keeps the order. In which order the CQEs of one
 * ring come is its affair: Linux 6.1 posts the latest first.
 *
 * With IORING_URING_CMD_FIXED in uring_cmd_flags the memory is that of a buffer registered
 * with the ring: the one of the SQE's buf_index. The buffer of each transfer is 0 then (else
 * EINVAL), and its offset is a user address: that of its first byte, where the ring was
 * told that the buffer is. EFAULT: there is no such buffer, the memory is not all inside
 * it, or the buffer is not for that direction. A device cannot reach the memory any more
 * when the CQE is posted. So it is described, linked and unlinked for every transfer,
 * which takes memory (ENOMEM): what is transferred often is better registered here.
 *
 * In a ring with IORING_SETUP_IOPOLL the CQE is posted by who asks for it, and the device
 * may do nothing before it is asked: a transfer can keep its reservation until then.
 * EOPNOTSUPP: the device cannot be asked.
 *
 * A ring that ends, by close, exit or kill, ends its commands: from Linux 6.8 on
 * transfers that wait for their turn are not started any more, before that, and with
 * IORING_SETUP_IOPOLL, they all run.
 * Closing the file does not end them, because the ring has it open until they are done.
 *
 * Whatever io_uring has to do in a task, also at the end of a ring, interrupts what the
 * task waits for: DMABAY_ONCE, read() and write() of more than one piece may return early
 * then, with what was moved, as after a signal.
 */
struct dmabay_uring {
	__aligned_u64 transfers;
	__u32 count;
	__u32 flags;
};
#define DMABAY_URING	_IO(DMABAY_IOCTL_TYPE, DMABAY_CMD_URING)

/* Where the memory of the rings is mapped from: the offset of mmap(). */
#define DMABAY_RINGS_OFFSET	0

/**
 * struct dmabay_rings - DMABAY_RINGS: make two rings that are shared with the kernel
 * @size: sizeof(struct dmabay_rings)
 * @flags: 0
 * @submission_entries: transfers that fit, a power of two, up to dmabay_info.max_depth
 * @completion_entries: completions that fit, likewise
 * @length: out: bytes to map, all of them, MAP_SHARED, at DMABAY_RINGS_OFFSET of the node.
 *	A struct dmabay_rings_head is at the beginning
 * @submission_offset: out: bytes from there to an array of struct dmabay_transfer
 * @completion_offset: out: bytes from there to an array of struct dmabay_completion
 *
 * A ring is an array and two numbers, its tail and its head, that only grow, and wrap at
 * 2^32, shortly before which they begin. The entry of a number is that number modulo the
 * entries of the ring. Whoever adds entries fills those from the tail on, and moves the
 * tail (a store with release); whoever takes them loads the tail (with acquire), reads the
 * entries from the head on, and moves the head (with release). So between head and tail are
 * those that wait to be taken. A completion may be seen before the head has moved behind
 * its transfer.
 *
 * The program adds transfers, and DMABAY_ENTER takes them. Each transfer that was taken has
 * one completion: in the order in which they end they are added to the other ring, from
 * which the program takes them. One that is refused has its own too, with the errno as
 * status, where DMABAY_SUBMIT would fail. EAGAIN alone is none: that transfer is left where
 * it is, and those behind it as well, until there is a free slot, or others are done with a
 * dma-buf.
 *
 * No completion is lost because the program takes them too slowly. One that finds no place
 * stays in the transfer's slot, which is not free until then, and DMABAY_COMPLETION_OVERFLOW
 * is set; the next DMABAY_ENTER, or the poller, adds what fits. A transfer that is refused
 * has no slot: it is left where it is until there is a place.
 *
 * From here on all completions of the file go there, also those that nobody has read yet;
 * but not those of DMABAY_URING, which has its own ring. DMABAY_SUBMIT starts transfers as
 * before if its capacity is 0 (else EBUSY), and DMABAY_WAIT says EBUSY. poll() and
 * DMABAY_EVENTFD tell of completions in the ring. DMABAY_FREE drops those that found no
 * place, and leaves those in the ring.
 *
 * The rings end with the file, which their mapping keeps open as its descriptor does. A
 * mapping is whole: munmap() and mprotect() of a part of it, and mremap(), say EINVAL; a
 * child does not have it. The kernel reads every entry once, and believes no number: who
 * writes nonsense loses his own transfers or completions, and harms nobody else. The memory
 * counts against RLIMIT_MEMLOCK, unless the process has CAP_IPC_LOCK.
 *
 * EBUSY if the file has rings.
 */
struct dmabay_rings {
	__u32 size;
	__u32 flags;
	__u32 submission_entries;
	__u32 completion_entries;
	__aligned_u64 length;
	__aligned_u64 submission_offset;
	__aligned_u64 completion_offset;
};
#define DMABAY_RINGS	_IO(DMABAY_IOCTL_TYPE, DMABAY_CMD_RINGS)

/* The poller sleeps: DMABAY_ENTER wakes it. */
#define DMABAY_SUBMISSION_NEED_WAKEUP	(1 << 0)

/* There are more completions than fit: DMABAY_ENTER adds them when others were taken. */
#define DMABAY_COMPLETION_OVERFLOW	(1 << 0)

/**
 * struct dmabay_rings_head - What the program and the kernel tell each other
 * @submission_tail: the program's
 * @completion_head: the program's
 * @reserved: 0
 * @submission_head: the kernel's
 * @completion_tail: the kernel's
 * @submission_flags: the kernel's: DMABAY_SUBMISSION_NEED_WAKEUP. With a poller, look at it
 *	after the tail was moved, with a full memory barrier between the two
 * @completion_flags: the kernel's: DMABAY_COMPLETION_OVERFLOW
 * @reserved_too: 0
 */
struct dmabay_rings_head {
	__u32 submission_tail;
	__u32 completion_head;
	__u32 reserved[14];
	__u32 submission_head;
	__u32 completion_tail;
	__u32 submission_flags;
	__u32 completion_flags;
	__u32 reserved_too[12];
};

/* Be the poller: take transfers as they come. */
#define DMABAY_ENTER_POLL	(1 << 0)
/* Have the poller, or the next one to come, return. */
#define DMABAY_ENTER_STOP	(1 << 1)

/**
 * struct dmabay_enter - DMABAY_ENTER: start what is in the ring, and wait for its end
 * @size: sizeof(struct dmabay_enter)
 * @flags: DMABAY_ENTER_POLL, DMABAY_ENTER_STOP
 * @count: transfers to take from the ring, at most; it need not have so many
 * @submitted: out: how many were taken
 * @min_complete: wait until so many completions are in the ring, up to its entries; 0 does
 *	not wait, and neither does a file that is O_NONBLOCK
 * @completed: out: how many are there
 * @deadline: CLOCK_MONOTONIC, in ns, when the wait ends; 0 is never
 * @idle: ns that a poller looks in vain before it sleeps; 0 without DMABAY_ENTER_POLL
 *
 * Takes transfers, adds completions that had found no place, wakes the poller, and waits. An
 * error is said only if no transfer was taken: EAGAIN (the first one was left where it is;
 * then nothing is waited for), EINTR; and, if there are fewer completions than asked for,
 * ETIMEDOUT or EINTR. ENODEV: the device is gone, and no completion is in the ring;
 * transfers in the other one are not taken any more.
 *
 * With DMABAY_ENTER_POLL, @count and @min_complete are 0, and the calling thread is the
 * poller: it takes transfers as they are added, which costs who adds them no system call. It
 * has the rights, the limits and the priority of any other thread, because it is one. When
 * it has found none for @idle it sleeps, with DMABAY_SUBMISSION_NEED_WAKEUP set, until
 * somebody calls DMABAY_ENTER. It returns ECANCELED (DMABAY_ENTER_STOP), EINTR, ETIMEDOUT or
 * ENODEV, and takes no transfer after that. EBUSY: there is a poller.
 */
struct dmabay_enter {
	__u32 size;
	__u32 flags;
	__u32 count;
	__u32 submitted;
	__u32 min_complete;
	__u32 completed;
	__aligned_u64 deadline;
	__aligned_u64 idle;
};
#define DMABAY_ENTER	_IO(DMABAY_IOCTL_TYPE, DMABAY_CMD_ENTER)

#endif /* _UAPI_LINUX_DMABAY_H */
