// SPDX-License-Identifier: GPL-2.0-only
/*
 * The node by io_uring and by aio. Both are made when a program first uses them, and end with
 * it, whatever they have under way.
 */
#include <linux/aio_abi.h>
#include <linux/io_uring.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../tests/uring.h"
#undef PAGE_SIZE
#include "fuzz.h"

static struct ring urings[URINGS];
static bool made[URINGS];	/* or being made */
static bool there[URINGS];
static unsigned int filled[URINGS];

static struct ring *uring(const uint64_t *values)
{
	uint64_t at = values[0] % URINGS;

	return there[at] ? &urings[at] : NULL;
}

CALL(uring)
{
	static const unsigned int how[] = {
		0, IORING_SETUP_IOPOLL, IORING_SETUP_SQPOLL,
		IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN,
		IORING_SETUP_IOPOLL | IORING_SETUP_SQPOLL,
	};
	uint64_t at = values[0] % URINGS;

	(void)task;
	(void)operation;
	if (__atomic_exchange_n(&made[at], true, __ATOMIC_SEQ_CST))
		return -1;
	filled[at] = 0;
	if (ring_open(&urings[at], how[values[1] % 5])) {
		ring_close(&urings[at]);
		__atomic_store_n(&made[at], false, __ATOMIC_SEQ_CST);
		return -1;
	}
	__atomic_store_n(&there[at], true, __ATOMIC_SEQ_CST);
	return 0;
}

static struct io_uring_sqe *entry(const uint64_t *values)
{
	uint64_t at = values[0] % URINGS;

	/* More do not fit before they are submitted. */
	if (!there[at] || urings[at].queued == FLIGHT || filled[at] == FLIGHT)
		return NULL;
	filled[at]++;
	return ring_next(&urings[at]);
}

CALL(uring_command)
{
	static const uint32_t known[] = { 0, 1 /* IORING_URING_CMD_FIXED */, 2 };
	struct dmabay_uring command = {
		.transfers = values[2],
		.count = (uint32_t)values[3],
		.flags = (uint32_t)values[4],
	};
	struct io_uring_sqe *sqe = entry(values);

	(void)task;
	(void)operation;
	if (!sqe)
		return -1;
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = files[values[1] % FILES];
	sqe->cmd_op = DMABAY_URING + (uint32_t)values[7];
	sqe->uring_cmd_flags = known[values[5] % 3];
	sqe->flags = (uint8_t)values[6];
	sqe->user_data = values[8] % 4;
	memcpy(sqe->cmd, &command, sizeof(command));
	return 0;
}

CALL(uring_access)
{
	static const uint8_t how[] = {
		IORING_OP_READ, IORING_OP_WRITE, IORING_OP_READ_FIXED, IORING_OP_WRITE_FIXED,
	};
	struct io_uring_sqe *sqe = entry(values);

	(void)task;
	(void)operation;
	if (!sqe)
		return -1;
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = how[values[5] % 4];
	sqe->fd = files[values[1] % FILES];
	sqe->addr = values[2];
	sqe->len = (uint32_t)values[3];
	sqe->off = values[4];
	sqe->flags = (uint8_t)values[6];
	sqe->user_data = values[7] % 4;
	return 0;
}

CALL(uring_cancel)
{
	struct io_uring_sqe *sqe = entry(values);

	(void)task;
	(void)operation;
	if (!sqe)
		return -1;
	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_ASYNC_CANCEL;
	sqe->fd = -1;
	sqe->addr = values[1] % 4;
	return 0;
}

CALL(uring_buffer)
{
	struct iovec buffer = { (void *)values[1], values[2] };
	struct ring *ring = uring(values);

	(void)task;
	(void)operation;
	if (!ring)
		return -1;
	return syscall(__NR_io_uring_register, ring->fd, IORING_REGISTER_BUFFERS, &buffer, 1);
}

CALL(uring_submit)
{
	unsigned int wait = (unsigned int)(values[1] % 3), flags = 0, queued;
	uint64_t at = values[0] % URINGS;
	struct ring *ring = uring(values);
	uint32_t *tail;

	(void)task;
	(void)operation;
	if (!ring)
		return -1;
	tail = ring_word(ring, ring->sq.tail);
	queued = ring->queued;
	__atomic_store_n(tail, *tail + queued, __ATOMIC_SEQ_CST);
	ring->queued = 0;
	/* Those of a thread of the kernel's may not have been taken when others are filled. */
	if (!(ring->flags & IORING_SETUP_SQPOLL))
		filled[at] = 0;
	else
		flags |= IORING_ENTER_SQ_WAKEUP;
	if (wait)
		flags |= IORING_ENTER_GETEVENTS;
	return syscall(__NR_io_uring_enter, ring->fd, queued, wait, flags, NULL, 0);
}

CALL(uring_reap)
{
	struct ring *ring = uring(values);
	struct io_uring_cqe cqe;

	(void)task;
	(void)operation;
	return ring ? ring_reap(ring, MILLISECOND / 2, &cqe) : -1;
}

CALL(uring_close)
{
	uint64_t at = values[0] % URINGS;

	(void)task;
	(void)operation;
	if (!__atomic_exchange_n(&there[at], false, __ATOMIC_SEQ_CST))
		return -1;
	ring_close(&urings[at]);
	__atomic_store_n(&made[at], false, __ATOMIC_SEQ_CST);
	return 0;
}

void urings_end(void)
{
	for (uint64_t at = 0; at < URINGS; at++)
		run_uring_close(NULL, NULL, &at);
}

/* ---- aio ---- */

#define AIOS	32u

static aio_context_t context;
static struct iocb controls[AIOS];
static unsigned int used;

CALL(aio)
{
	struct iocb *control = &controls[used % AIOS];

	(void)task;
	(void)operation;
	/* Only the first thread makes one, so that there is one. */
	if (!context && (task->index || syscall(SYS_io_setup, AIOS, &context)))
		return -1;
	used++;
	*control = (struct iocb){
		.aio_data = values[5] % 4,
		.aio_lio_opcode = values[4] & 1 ? IOCB_CMD_PWRITE : IOCB_CMD_PREAD,
		.aio_fildes = (uint32_t)files[values[0] % FILES],
		.aio_buf = values[1],
		.aio_nbytes = values[2],
		.aio_offset = (int64_t)values[3],
	};
	return syscall(SYS_io_submit, context, 1, &control);
}

CALL(aio_cancel)
{
	struct io_event event;

	(void)task;
	(void)operation;
	return context ? syscall(SYS_io_cancel, context, &controls[values[0] % AIOS], &event) : -1;
}

CALL(aio_reap)
{
	struct timespec patience = { .tv_nsec = 500000 };
	struct io_event events[4];

	(void)task;
	(void)operation;
	if (!context)
		return -1;
	return syscall(SYS_io_getevents, context, values[0] % 3, 4, events, &patience);
}

void aio_end(void)
{
	if (context)
		syscall(SYS_io_destroy, context);
	context = 0;
	used = 0;
}
