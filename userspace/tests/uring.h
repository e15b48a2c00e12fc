/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A ring, by the system calls themselves: so many SQEs are filled, submitted, and each
 * CQE is waited for with patience.
 */
#ifndef DMABAY_TESTS_URING_H
#define DMABAY_TESTS_URING_H

#include <linux/io_uring.h>
#include <linux/time_types.h>

#include "common.h"

/* In flight at a time, at most. */
#define FLIGHT	64u

struct ring {
	int fd;
	unsigned int flags;	/* IORING_SETUP_... */
	unsigned char *rings;	/* both queues */
	size_t rings_size;
	struct io_uring_sqe *sqes;
	size_t sqes_size;
	struct io_sqring_offsets sq;
	struct io_cqring_offsets cq;
	unsigned int queued;	/* filled, not submitted */
};

static inline uint32_t *ring_word(const struct ring *ring, uint32_t offset)
{
	return (uint32_t *)(void *)(ring->rings + offset);
}

/* Also while its commands are under way. */
static inline void ring_close(struct ring *ring)
{
	munmap(ring->rings, ring->rings_size);
	munmap(ring->sqes, ring->sqes_size);
	close(ring->fd);
}

/* Returns 0 or a negative errno. */
static inline int ring_open(struct ring *ring, unsigned int flags)
{
	struct io_uring_params params = { .flags = flags, .sq_thread_idle = 10 };
	int fd = (int)syscall(__NR_io_uring_setup, FLIGHT, &params);

	*ring = (struct ring){ .fd = -1 };
	if (fd < 0)
		return -errno;
	*ring = (struct ring){
		.fd = fd,
		.flags = flags,
		.sq = params.sq_off,
		.cq = params.cq_off,
		.rings_size = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe),
		.sqes_size = params.sq_entries * sizeof(struct io_uring_sqe),
	};
	/* Since Linux 5.4 one mapping has both queues; the indices come last if longer. */
	if (ring->rings_size < params.sq_off.array + params.sq_entries * sizeof(uint32_t))
		ring->rings_size = params.sq_off.array + params.sq_entries * sizeof(uint32_t);
	ring->rings = mmap(NULL, ring->rings_size, PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQ_RING);
	ring->sqes = mmap(NULL, ring->sqes_size, PROT_READ | PROT_WRITE,
			  MAP_SHARED | MAP_POPULATE, fd, IORING_OFF_SQES);
	if (ring->rings == MAP_FAILED || (void *)ring->sqes == MAP_FAILED)
		return -ENOMEM;
	return 0;
}

/* The next SQE, to be filled before ring_submit(). At most FLIGHT. */
static inline struct io_uring_sqe *ring_next(struct ring *ring)
{
	uint32_t mask = *ring_word(ring, ring->sq.ring_mask);
	uint32_t slot = (*ring_word(ring, ring->sq.tail) + ring->queued++) & mask;

	ring_word(ring, ring->sq.array)[slot] = slot;
	return &ring->sqes[slot];
}

/* Returns how many were submitted, or a negative errno. */
static inline int ring_submit(struct ring *ring)
{
	uint32_t *tail = ring_word(ring, ring->sq.tail), *head = ring_word(ring, ring->sq.head);
	unsigned int flags = 0, queued = ring->queued;
	uint64_t end = dmabay_deadline(PATIENCE);
	int result;

	__atomic_store_n(tail, *tail + queued, __ATOMIC_SEQ_CST);
	ring->queued = 0;
	if (!(ring->flags & IORING_SETUP_SQPOLL)) {
		result = (int)syscall(__NR_io_uring_enter, ring->fd, queued, 0, 0, NULL, 0);
		return result < 0 ? -errno : result;
	}
	/* The kernel's thread takes them, if it is awake. */
	flags = __atomic_load_n(ring_word(ring, ring->sq.flags), __ATOMIC_SEQ_CST);
	if (flags & IORING_SQ_NEED_WAKEUP)
		syscall(__NR_io_uring_enter, ring->fd, queued, 0, IORING_ENTER_SQ_WAKEUP, NULL, 0);
	while (__atomic_load_n(head, __ATOMIC_ACQUIRE) != *tail) {
		if (dmabay_deadline(0) > end)
			return -ETIMEDOUT;
		pause_for(MILLISECOND);
	}
	return (int)queued;
}

/* Whether there was a CQE within @patience. */
static inline bool ring_reap(struct ring *ring, uint64_t patience, struct io_uring_cqe *cqe)
{
	uint32_t *head = ring_word(ring, ring->cq.head), *tail = ring_word(ring, ring->cq.tail);
	uint32_t mask = *ring_word(ring, ring->cq.ring_mask);
	struct __kernel_timespec time = {
		.tv_sec = (long long)(patience / SECOND),
		.tv_nsec = (long long)(patience % SECOND),
	};
	struct io_uring_getevents_arg argument = { .ts = (uintptr_t)&time };
	uint64_t end = dmabay_deadline(patience);
	bool last = false;

	/* A ring that polls does so for a while only. */
	while (__atomic_load_n(tail, __ATOMIC_ACQUIRE) == *head) {
		if (last)
			return false;
		syscall(__NR_io_uring_enter, ring->fd, 0, 1,
			IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG, &argument,
			sizeof(argument));
		last = !(ring->flags & IORING_SETUP_IOPOLL) || dmabay_deadline(0) >= end;
	}
	*cqe = *(struct io_uring_cqe *)(void *)(ring->rings + ring->cq.cqes +
						(*head & mask) * sizeof(*cqe));
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return true;
}

/* The one command that was prepared: the result of its CQE, or -ETIMEDOUT. */
static inline int ring_run_prepared(struct ring *ring)
{
	struct io_uring_cqe cqe;

	if (ring_submit(ring) != 1 || !ring_reap(ring, PATIENCE, &cqe))
		return -ETIMEDOUT;
	return cqe.res;
}

static inline int ring_run(struct ring *ring, const struct dmabay *bay,
			   const struct dmabay_transfer *transfers, uint32_t count)
{
	dmabay_uring_prepare(bay, ring_next(ring), transfers, count);
	return ring_run_prepared(ring);
}

/* No ring, no test: io_uring may be left out of the kernel, or switched off. */
#define OPEN_RING_OR_SKIP(ring, flags) do { \
	int _result = ring_open((ring), (flags)); \
	if (_result == -ENOSYS || _result == -EPERM) \
		SKIP(return, "there is no io_uring: %s", strerror(-_result)); \
	ASSERT_EQ(0, _result); \
} while (0)

#endif /* DMABAY_TESTS_URING_H */
