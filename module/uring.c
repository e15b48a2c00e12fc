// SPDX-License-Identifier: GPL-2.0-only
/*
 * A command of io_uring: one SQE that carries transfers, one CQE when all have ended.
 *
 * The 16 payload bytes that every SQE has say where an array of struct dmabay_transfer
 * is, and how long. They could not hold a transfer itself, whose numbers take 41 bytes.
 * A table of transfers prepared beforehand would save the copy of 64 bytes, which is
 * little beside the SQE and the CQE, and would be one more object that somebody else can
 * take away meanwhile. As it is there is one description of a transfer, one place that
 * checks it, and one command for one of them and for many. The user's memory is read
 * once; what was checked is what runs.
 *
 * What the command adds to its transfers (struct dmabay_vector) is in the request of the
 * ring, and so nothing is allocated. The ring keeps the file until the CQE is posted,
 * so closing the file ends no command; the removal of the device does. Each transfer
 * goes back to its reservation as soon as it ends. If they have all ended when they are
 * submitted the submitter posts the CQE. Otherwise the last one to end, or the submitter
 * if that is later, leaves the CQE to the task that submitted the command, and touches it
 * no more: there is one who brings &dmabay_vector.pending to zero, so there is one CQE.
 *
 * While an issue must not sleep it may not wait for a page of the array either, nor for a
 * fence of a dma-buf. Then, and when the array is longer than what is copied at a time, the
 * command is issued again by a worker of io_uring, before anything of it was started.
 *
 * A ring that dies cancels what it knows of. That only withdraws the transfers: no CQE is
 * posted before the device is done with the memory.
 *
 * The memory may also be that of a buffer registered with the ring, for programs that have
 * such buffers already. io_uring shows it anew to each command, keeps it until the CQE is
 * posted, and tells nobody when it is unregistered. So each transfer has it described,
 * which allocates, and linked, and before its end it is unlinked: memory registered with
 * the device is the faster way.
 *
 * In a ring that polls (IORING_SETUP_IOPOLL) nobody is told of the end. Its task asks again
 * and again, one command after the other, and posts the CQE of one that it finds over; it
 * also has the device look what it has done, which spares the device an interrupt. So a
 * device that cannot be asked takes no such command. A ring that ends asks until all are
 * over, and cancels none.
 */
#include <linux/fs.h>
#include <linux/limits.h>
#include <linux/sched.h>
#include <linux/uaccess.h>
#include <linux/uio.h>

#include "batch.h"
#include "compat_uring.h"
#include "trace_user.h"
#include "words.h"

/* Transfers copied from the user at a time. */
#define DMABAY_URING_CHUNK	8U

/* The user's; the others are io_uring's own. */
#define DMABAY_URING_FLAGS	GENMASK(23, 0)

static_assert(sizeof(struct dmabay_uring) == 16);
static_assert(sizeof(struct dmabay_vector) <= sizeof_field(struct io_uring_cmd, pdu));
static_assert(IS_ALIGNED(offsetof(struct io_uring_cmd, pdu), __alignof__(struct dmabay_vector)));

static struct dmabay_vector *dmabay_uring_vector(struct io_uring_cmd *command)
{
	return (void *)command->pdu;
}

static void dmabay_uring_post(struct io_uring_cmd *command, unsigned int issue_flags)
{
	struct dmabay_vector *vector = dmabay_uring_vector(command);
	int result = vector->status ?: atomic_read(&vector->bytes);

	trace_dmabay_command_posted(command->file->private_data, vector, result);
	compat_uring_done(command, result, issue_flags);
}

COMPAT_URING_TASK_WORK(dmabay_uring_task_work, dmabay_uring_post)

/**
 * dmabay_vector_ended() - A transfer of a command ended
 * @vector: of the command, which may be gone when it returns
 * @status: how
 * @transferred: bytes
 *
 * Context: any.
 */
void dmabay_vector_ended(struct dmabay_vector *vector, int status, size_t transferred)
{
	bool polled = vector->polled;

	if (status)
		cmpxchg(&vector->status, 0, status);
	atomic_add(transferred, &vector->bytes);

	/* Ordered after the above, and before the task's look at it. */
	if (atomic_dec_and_test(&vector->pending) && !polled)
		io_uring_cmd_complete_in_task(container_of((void *)vector, struct io_uring_cmd,
							   pdu),
					      dmabay_uring_task_work);
}

/* The memory of a transfer, if it is the ring's; else NULL. */
static struct dmabay_memory *dmabay_uring_borrow(struct io_uring_cmd *command,
						 unsigned int issue_flags,
						 const struct dmabay_transfer *wanted)
{
	const struct dmabay_file *file = command->file->private_data;
	int direction = wanted->direction == DMABAY_FROM_DEVICE ? ITER_DEST : ITER_SOURCE;
	struct iov_iter iter;
	int ret;

	if (!(command->flags & IORING_URING_CMD_FIXED))
		return NULL;
	if (wanted->buffer)
		return ERR_PTR(-EINVAL);
	ret = dmabay_transfer_admit(file->device, wanted);
	if (ret)
		return ERR_PTR(ret);

	ret = compat_uring_import_fixed(command, wanted->offset, wanted->length, direction, &iter,
					issue_flags);

	return ret ? ERR_PTR(ret) : dmabay_memory_borrow(&iter, ULONG_MAX);
}

/* Some may have ended by now. */
static void dmabay_uring_tell(struct dmabay_batch *batch)
{
	u32 i;

	for (i = 0; i < batch->ended_count; i++)
		dmabay_vector_ended(batch->vector, 0, batch->wanted[i].length);
	dmabay_batch_told(batch, batch->ended_count);
}

static int dmabay_uring_transfer(struct io_uring_cmd *command, unsigned int issue_flags,
				 const struct dmabay_transfer *wanted, u32 *total)
{
	struct dmabay_vector *vector = dmabay_uring_vector(command);
	struct dmabay_file *file = command->file->private_data;
	enum dmabay_fences fences = issue_flags & IO_URING_F_NONBLOCK ? DMABAY_FENCES_IGNORE :
								      DMABAY_FENCES_WAIT;
	struct dmabay_memory *borrowed;
	struct dmabay_batch batch __dmabay_uninitialized;
	int ret;

	/* The result has to say how many bytes they all were. */
	if (wanted->length > S32_MAX - *total)
		return -E2BIG;
	borrowed = dmabay_uring_borrow(command, issue_flags, wanted);
	if (IS_ERR(borrowed))
		return PTR_ERR(borrowed);

	batch.file = file;
	batch.wanted = wanted;
	batch.count = 1;
	batch.alike = NULL;
	batch.borrowed = borrowed;
	batch.vector = vector;
	batch.fences = fences;
	atomic_inc(&vector->pending);
	ret = dmabay_batch_submit(&batch);
	dmabay_uring_tell(&batch);
	if (ret) {
		atomic_dec(&vector->pending);
		dmabay_memory_put(borrowed);
	} else {
		*total += wanted->length;
	}

	return ret;
}

static int dmabay_uring_copy(struct dmabay_transfer *chunk,
			     const struct dmabay_transfer __user *user, u32 count, bool nonblock)
{
	/* Not asked for: each is a batch of its own. */
	struct dmabay_alike alike;
	int ret;

	if (nonblock)
		pagefault_disable();
	ret = dmabay_transfers_from_user(chunk, user, count, &alike);
	if (nonblock)
		pagefault_enable();

	return ret && nonblock ? -EAGAIN : ret;
}

/* For the fences of a dma-buf. */
static bool dmabay_uring_would_wait(struct dmabay_file *file,
				    const struct dmabay_transfer *wanted, u32 count)
{
	u32 i;

	if (!READ_ONCE(file->imports))
		return false;

	for (i = 0; i < count; i++)
		if (dmabay_transfer_would_wait(file, &wanted[i]))
			return true;

	return false;
}

/* All transfers were submitted, but for one that was refused, and those after it. */
static void dmabay_uring_submitted(struct io_uring_cmd *command, unsigned int issue_flags,
				   int refused)
{
	struct dmabay_vector *vector = dmabay_uring_vector(command);

	/* Pairs with dmabay_vector_ended(): all that were submitted are over, and we are left. */
	if (!vector->polled && atomic_read_acquire(&vector->pending) == 1) {
		if (refused)
			cmpxchg(&vector->status, 0, refused);
		dmabay_uring_post(command, issue_flags);
		return;
	}

	if (!vector->polled)
		compat_uring_mark_cancelable(command, issue_flags);
	dmabay_vector_ended(vector, refused, 0);
}

/* -EAGAIN only if nothing was done: then the command is issued again. */
static int dmabay_uring_submit(struct io_uring_cmd *command, unsigned int issue_flags,
			       const struct dmabay_transfer __user *user, u32 count)
{
	struct dmabay_vector *vector = dmabay_uring_vector(command);
	bool nonblock = issue_flags & IO_URING_F_NONBLOCK;
	u32 in_chunk = min(count, DMABAY_URING_CHUNK);
	struct dmabay_transfer chunk[DMABAY_URING_CHUNK] __dmabay_uninitialized;
	u32 done = 0, total = 0, i;
	int ret;

	if (nonblock && count > in_chunk)
		return -EAGAIN;
	ret = dmabay_uring_copy(chunk, user, in_chunk, nonblock);
	if (ret)
		return ret;
	if (nonblock && dmabay_uring_would_wait(command->file->private_data, chunk, in_chunk))
		return -EAGAIN;

	/* One for the submitter, so that it does not end before all are there. */
	*vector = (struct dmabay_vector){
		.pending = ATOMIC_INIT(1),
		.polled = issue_flags & IO_URING_F_IOPOLL,
	};
	do {
		for (i = 0; i < in_chunk && !ret; i++)
			ret = dmabay_uring_transfer(command, issue_flags, &chunk[i], &total);
		done += in_chunk;
		in_chunk = min(count - done, DMABAY_URING_CHUNK);
		if (!ret && in_chunk)
			ret = dmabay_uring_copy(chunk, user + done, in_chunk, false);
	} while (!ret && in_chunk);
	dmabay_uring_submitted(command, issue_flags, ret);

	return -EIOCBQUEUED;
}

/*
 * The ring goes on asking until the CQE is posted, and holds a lock that the CQE, but no
 * transfer, needs. A tick for the device each time, so that this is no busy loop.
 */
static void dmabay_uring_cancel(struct io_uring_cmd *command)
{
	struct dmabay_vector *vector = dmabay_uring_vector(command);

	dmabay_vector_withdraw(command->file->private_data, vector);
	if (atomic_read(&vector->pending))
		schedule_timeout_uninterruptible(1);
}

/**
 * dmabay_uring_cmd() - uring_cmd of the node
 * @command: in the ring
 * @issue_flags: of io_uring
 *
 * Context: may sleep, unless @issue_flags say otherwise.
 * Return: -EIOCBQUEUED if the CQE will come by itself, -EAGAIN if the command is to be
 * issued again where it may sleep, or why it was refused.
 */
int dmabay_uring_cmd(struct io_uring_cmd *command, unsigned int issue_flags)
{
	const struct dmabay_uring *payload = compat_uring_payload(command, struct dmabay_uring);
	struct dmabay_file *file = command->file->private_data;
	u64 transfers;
	u32 count;

	if (issue_flags & COMPAT_URING_F_CANCEL) {
		dmabay_uring_cancel(command);
		return 0;
	}

	if (command->cmd_op != DMABAY_URING)
		return -ENOTTY;
	if (!(command->file->f_mode & FMODE_WRITE))
		return -EBADF;
	if (READ_ONCE(file->device->gone))
		return -ENODEV;
	if ((issue_flags & IO_URING_F_IOPOLL) && !file->device->polls)
		return -EOPNOTSUPP;
	if (READ_ONCE(payload->flags) ||
	    (command->flags & DMABAY_URING_FLAGS & ~IORING_URING_CMD_FIXED))
		return -EOPNOTSUPP;

	transfers = READ_ONCE(payload->transfers);
	count = READ_ONCE(payload->count);
	if (!count)
		return -EINVAL;
	if (count > DMABAY_MAX_BATCH)
		return -E2BIG;

	return dmabay_uring_submit(command, issue_flags, dmabay_user_pointer(transfers), count);
}

/**
 * dmabay_uring_poll() - uring_cmd_iopoll of the node
 * @command: in the ring, which keeps others from polling it
 * @batch: for block devices
 * @poll_flags: likewise: here one look is all there is
 *
 * Context: may sleep.
 * Return: 1 if the CQE can be posted, else 0.
 */
int dmabay_uring_poll(struct io_uring_cmd *command, struct io_comp_batch *batch,
		      unsigned int poll_flags)
{
	struct dmabay_vector *vector = dmabay_uring_vector(command);
	struct dmabay_file *file = command->file->private_data;
	struct dmabay_device *device = file->device;

	/* If it goes right now, what it has is completed without being asked. */
	if (atomic_read(&vector->pending) && down_read_trylock(&device->registration_lock)) {
		if (device->ops)
			device->ops->poll(device);
		up_read(&device->registration_lock);
	}

	/* Pairs with the last one who ended a transfer. */
	if (atomic_read_acquire(&vector->pending))
		return 0;

	dmabay_uring_post(command, 0);

	return 1;
}
