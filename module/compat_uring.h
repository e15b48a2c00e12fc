/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs, for a command of io_uring, between the kernels that this tree builds
 * for. A kernel without io_uring has the same names, and never calls them.
 */
#ifndef _DMABAY_COMPAT_URING_H
#define _DMABAY_COMPAT_URING_H

#include <linux/version.h>

/* On its own since Linux 6.8. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
#include <linux/io_uring/cmd.h>
#else
#include <linux/io_uring.h>
#endif

/* The payload of the SQE. Linux 6.1 shows nothing but it. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 6, 0)
#define compat_uring_payload(command, type)	((const type *)(command)->cmd)
#else
#define compat_uring_payload(command, type)	((const type *)(command)->sqe->cmd)
#endif

/* A ring that dies asks for the end of what was marked, since Linux 6.7. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 8, 0)
#define COMPAT_URING_F_CANCEL	IO_URING_F_CANCEL
#define compat_uring_mark_cancelable(command, issue_flags)			\
	io_uring_cmd_mark_cancelable(command, issue_flags)
#else
#define COMPAT_URING_F_CANCEL	0
#define compat_uring_mark_cancelable(command, issue_flags)	do { } while (0)
#endif

/*
 * A part of the buffer that is registered with the ring and named by the SQE. The issue
 * flags say how to look for it since Linux 6.15; before, it was found already.
 */
static inline int compat_uring_import_fixed(struct io_uring_cmd *command, u64 address,
					    size_t length, int direction, struct iov_iter *iter,
					    unsigned int issue_flags)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 15, 0)
	return io_uring_cmd_import_fixed(address, length, direction, iter, command, issue_flags);
#else
	return io_uring_cmd_import_fixed(address, length, direction, iter, command);
#endif
}

/* A second result, for larger CQEs, was an argument until Linux 6.18. */
static inline void compat_uring_done(struct io_uring_cmd *command, s32 result,
				     unsigned int issue_flags)
{
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 18, 0)
	io_uring_cmd_done(command, result, issue_flags);
#else
	io_uring_cmd_done(command, result, 0, issue_flags);
#endif
}

/* Task work @name that calls @post with the command and the issue flags of its task. */
#ifdef IO_URING_CMD_TASK_WORK_ISSUE_FLAGS
#define COMPAT_URING_TASK_WORK(name, post)					\
static void name(struct io_tw_req request, io_tw_token_t token)			\
{										\
	post(io_uring_cmd_from_tw(request), IO_URING_CMD_TASK_WORK_ISSUE_FLAGS);	\
}
#else
#define COMPAT_URING_TASK_WORK(name, post)					\
static void name(struct io_uring_cmd *command, unsigned int issue_flags)	\
{										\
	post(command, issue_flags);						\
}
#endif

#endif /* _DMABAY_COMPAT_URING_H */
