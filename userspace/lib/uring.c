// SPDX-License-Identifier: MIT
/*
 * A command for io_uring: the SQE of one or more transfers. The ring is the program's,
 * by liburing or without; nothing of either is needed here but the kernel's struct.
 */
#include <string.h>

#include <linux/io_uring.h>

#include "dmabay.h"
#include "bay.h"

void dmabay_uring_prepare(const struct dmabay *bay, struct io_uring_sqe *sqe,
			  const struct dmabay_transfer *transfers, uint32_t count)
{
	struct dmabay_uring command = {
		.transfers = (uintptr_t)transfers,
		.count = count,
	};

	memset(sqe, 0, sizeof(*sqe));
	sqe->opcode = IORING_OP_URING_CMD;
	sqe->fd = bay->fd;
	sqe->cmd_op = DMABAY_URING;
	memcpy(sqe->cmd, &command, sizeof(command));
}

void dmabay_uring_prepare_fixed(const struct dmabay *bay, struct io_uring_sqe *sqe,
				const struct dmabay_transfer *transfers, uint32_t count,
				uint16_t buf_index)
{
	dmabay_uring_prepare(bay, sqe, transfers, count);
	sqe->uring_cmd_flags = IORING_URING_CMD_FIXED;
	sqe->buf_index = buf_index;
}
