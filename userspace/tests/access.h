/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Asynchronous reads and writes, by the system calls themselves: aio and io_uring.
 */
#ifndef DMABAY_TESTS_ACCESS_H
#define DMABAY_TESTS_ACCESS_H

#include <linux/aio_abi.h>
#include <linux/io_uring.h>
#include <sys/uio.h>

#include "common.h"

/* The result, or a negative errno. */
static inline int64_t or_errno(int64_t result)
{
	return result < 0 ? -errno : result;
}

/* ---- aio ---- */

static inline int aio_begin(aio_context_t *context, unsigned int count)
{
	*context = 0;
	return syscall(SYS_io_setup, count, context) ? -errno : 0;
}

static inline void aio_end(aio_context_t context)
{
	syscall(SYS_io_destroy, context);
}

/* @what: IOCB_CMD_PREAD or one of its kind; @memory: the bytes, or the iovecs. */
static inline int aio_start(aio_context_t context, struct iocb *iocb, int fd, uint16_t what,
			    const void *memory, uint64_t length, uint64_t position, uint64_t cookie)
{
	*iocb = (struct iocb){
		.aio_data = cookie,
		.aio_lio_opcode = what,
		.aio_fildes = (uint32_t)fd,
		.aio_buf = (uintptr_t)memory,
		.aio_nbytes = length,
		.aio_offset = (int64_t)position,
	};
	return syscall(SYS_io_submit, context, 1, &iocb) == 1 ? 0 : -errno;
}

/* The next so many, within PATIENCE; how many there were. */
static inline int aio_finish(aio_context_t context, struct io_event *events, unsigned int count)
{
	struct timespec time = { .tv_sec = (time_t)(PATIENCE / SECOND) };

	return (int)or_errno(syscall(SYS_io_getevents, context, count, count, events, &time));
}

/* Whether one more is there. */
static inline bool aio_one_more(aio_context_t context)
{
	struct timespec time = { };
	struct io_event event;

	return syscall(SYS_io_getevents, context, 1, 1, &event, &time) == 1;
}

/* One, waited for: its result, or the errno of the calls. */
static inline int64_t aio_one(aio_context_t context, int fd, uint16_t what, const void *memory,
			      uint64_t length, uint64_t position)
{
	struct io_event event;
	struct iocb iocb;
	int result = aio_start(context, &iocb, fd, what, memory, length, position, 0);

	if (result)
		return result;
	result = aio_finish(context, &event, 1);
	return result == 1 ? event.res : -ETIMEDOUT;
}

/* ---- io_uring ---- */

#define RING_ENTRIES	16u

struct ring {
	int fd;
	struct io_uring_params params;
	unsigned char *queues;
	size_t queues_size;
	struct io_uring_sqe *entries;
	unsigned int unsent;
};

static inline unsigned int *ring_word(const struct ring *ring, uint32_t offset)
{
	return (unsigned int *)(void *)(ring->queues + offset);
}

static inline int ring_begin(struct ring *ring)
{
	memset(ring, 0, sizeof(*ring));
	ring->fd = (int)syscall(SYS_io_uring_setup, RING_ENTRIES, &ring->params);
	if (ring->fd < 0)
		return -errno;
	ring->queues_size = ring->params.cq_off.cqes +
			    ring->params.cq_entries * sizeof(struct io_uring_cqe);
	if (ring->queues_size < ring->params.sq_off.array + RING_ENTRIES * sizeof(unsigned int))
		ring->queues_size = ring->params.sq_off.array +
				    RING_ENTRIES * sizeof(unsigned int);
	ring->queues = mmap(NULL, ring->queues_size, PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_POPULATE, ring->fd, IORING_OFF_SQ_RING);
	ring->entries = mmap(NULL, RING_ENTRIES * sizeof(*ring->entries), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_POPULATE, ring->fd, IORING_OFF_SQES);
	return ring->queues == MAP_FAILED || ring->entries == MAP_FAILED ? -ENOMEM : 0;
}

static inline void ring_end(struct ring *ring)
{
	munmap(ring->entries, RING_ENTRIES * sizeof(*ring->entries));
	munmap(ring->queues, ring->queues_size);
	close(ring->fd);
}

/* Not more than fit. */
static inline void ring_add(struct ring *ring, uint8_t what, int fd, const void *memory,
			    uint32_t length, uint64_t position, uint64_t cookie)
{
	unsigned int *tail = ring_word(ring, ring->params.sq_off.tail);
	unsigned int index = *tail & (RING_ENTRIES - 1);

	ring->entries[index] = (struct io_uring_sqe){
		.opcode = what,
		.fd = fd,
		.addr = (uintptr_t)memory,
		.len = length,
		.off = position,
		.user_data = cookie,
	};
	ring_word(ring, ring->params.sq_off.array)[index] = index;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	ring->unsent++;
}

/* Submits what was added, and waits for so many. */
static inline int ring_enter(struct ring *ring, unsigned int wait)
{
	int64_t sent = or_errno(syscall(SYS_io_uring_enter, ring->fd, ring->unsent, wait,
					IORING_ENTER_GETEVENTS, NULL, 0));

	if (sent < 0)
		return (int)sent;
	ring->unsent -= (unsigned int)sent;
	return ring->unsent ? -EAGAIN : 0;
}

/* Takes the next one that is there. */
static inline bool ring_next(struct ring *ring, struct io_uring_cqe *cqe)
{
	unsigned int *head = ring_word(ring, ring->params.cq_off.head);
	unsigned int tail = __atomic_load_n(ring_word(ring, ring->params.cq_off.tail),
					    __ATOMIC_ACQUIRE);
	struct io_uring_cqe *cqes = (void *)(ring->queues + ring->params.cq_off.cqes);

	if (*head == tail)
		return false;
	*cqe = cqes[*head & (ring->params.cq_entries - 1)];
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return true;
}

static inline int64_t ring_one(struct ring *ring, uint8_t what, int fd, const void *memory,
			       uint32_t length, uint64_t position)
{
	struct io_uring_cqe cqe;
	int result;

	ring_add(ring, what, fd, memory, length, position, 0);
	result = ring_enter(ring, 1);
	if (result)
		return result;
	return ring_next(ring, &cqe) ? cqe.res : -ENODATA;
}

#endif /* DMABAY_TESTS_ACCESS_H */
