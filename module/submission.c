// SPDX-License-Identifier: GPL-2.0-only
/*
 * A submission: from the user's array of transfers to batches, and what became of them.
 *
 * Owned by the stack of its caller, who copies some transfers at a time; what was checked
 * is what runs. What has ended by the time that its batch was submitted is told right there,
 * unless others are to be read before. If that fails, because the address is not there,
 * it is queued as any other, and nothing is lost.
 */
#include <linux/sched.h>
#include <linux/uaccess.h>

#include "user.h"

static_assert(sizeof(struct dmabay_transfer) % sizeof(u64) == 0);

/* Copies completions to the user: of the first @count transfers that ended. */
static bool dmabay_submit_tell(const struct dmabay_batch *batch,
			       struct dmabay_completion __user *user, u32 count)
{
	struct dmabay_user_transfer *const *ended = batch->ended;
	u32 number = batch->reservation->number;

	if (!user_write_access_begin(user, count * sizeof(*user)))
		return false;
	for (; count--; ended++, user++) {
		unsafe_put_user((*ended)->cookie, &user->cookie, err_fault);
		unsafe_put_user((*ended)->transferred, &user->length, err_fault);
		unsafe_put_user((*ended)->status, &user->status, err_fault);
		unsafe_put_user(number, &user->reservation, err_fault);
	}
	user_write_access_end();

	return true;

err_fault:
	user_write_access_end();
	return false;
}

/* Tells the user of what ended meanwhile, as far as it fits. */
static void dmabay_submit_ended(struct dmabay_batch *batch, struct dmabay_submit *arguments)
{
	struct dmabay_completion __user *user = u64_to_user_ptr(arguments->completions);
	u32 told = min(batch->ended_count, arguments->capacity - arguments->completed);

	if (!told || !dmabay_completions_pass(batch->file) ||
	    !dmabay_submit_tell(batch, user + arguments->completed, told))
		told = 0;
	arguments->completed += told;
	dmabay_batch_told(batch, told);
}

/* Submits a chunk, batch by batch. */
static int dmabay_submit_chunk(struct dmabay_file *file, struct dmabay_submit *arguments,
			       const struct dmabay_transfer *chunk, u32 count,
			       enum dmabay_fences fences)
{
	struct dmabay_batch batch __dmabay_uninitialized;
	int ret = 0;
	u32 done;

	for (done = 0; done < count && !ret; done += batch.submitted) {
		ret = dmabay_transfer_admit(file, &chunk[done]);
		if (ret)
			break;
		batch.file = file;
		batch.wanted = &chunk[done];
		batch.count = count - done;
		batch.borrowed = NULL;
		batch.vector = NULL;
		batch.fences = fences;
		ret = dmabay_batch_submit(&batch);
		dmabay_submit_ended(&batch, arguments);
	}
	arguments->submitted += done;

	return ret;
}

static int dmabay_submit(struct dmabay_file *file, struct dmabay_submit *arguments,
			 enum dmabay_fences fences)
{
	const struct dmabay_transfer __user *user = u64_to_user_ptr(arguments->transfers);
	struct dmabay_transfer chunk[DMABAY_BATCH_MAX] __dmabay_uninitialized;
	u32 count;
	int ret;

	arguments->submitted = 0;
	arguments->completed = 0;
	while (arguments->submitted < arguments->count) {
		count = min(arguments->count - arguments->submitted, DMABAY_BATCH_MAX);
		ret = dmabay_words_from_user(chunk, user + arguments->submitted,
					     count * sizeof(*chunk));
		if (!ret)
			ret = dmabay_submit_chunk(file, arguments, chunk, count, fences);
		if (ret)
			return ret;
	}

	return 0;
}

/* The answer is two numbers; everything else is as the user has it. */
static int dmabay_submit_respond(const struct dmabay_command *command)
{
	const struct dmabay_submit *arguments = command->data;
	struct dmabay_submit __user *user = command->user;

	if (!user_write_access_begin(user, sizeof(*user)))
		return -EFAULT;
	unsafe_put_user(arguments->submitted, &user->submitted, err_fault);
	unsafe_put_user(arguments->completed, &user->completed, err_fault);
	user_write_access_end();

	return 0;

err_fault:
	user_write_access_end();
	return -EFAULT;
}

/**
 * dmabay_ioctl_submit() - DMABAY_SUBMIT
 * @command: the command
 *
 * Return: 0 or a negative errno. -EFAULT with an answer if transfers were
 * started, but their completions could not be written.
 */
int dmabay_ioctl_submit(struct dmabay_command *command)
{
	struct dmabay_submit *arguments = command->data;
	struct dmabay_file *file = command->file;
	u32 min_complete = arguments->min_complete;
	int ret, respond;

	if (arguments->flags || arguments->reserved)
		return -EOPNOTSUPP;
	if (!arguments->count || min_complete > arguments->capacity)
		return -EINVAL;
	if (arguments->count > DMABAY_MAX_BATCH || arguments->capacity > DMABAY_MAX_BATCH)
		return -E2BIG;
	if (arguments->capacity && READ_ONCE(file->rings))
		return -EBUSY;

	ret = dmabay_submit(file, arguments,
			    command->nonblock ? DMABAY_FENCES_REFUSE : DMABAY_FENCES_WAIT);
	if (!arguments->submitted)
		return ret;

	/* What was refused will not complete: do not wait for it. */
	if (ret || command->nonblock)
		min_complete = 0;

	ret = dmabay_completions_read(file, u64_to_user_ptr(arguments->completions),
				      arguments->capacity, min_complete, arguments->deadline,
				      &arguments->completed);
	respond = dmabay_submit_respond(command);

	return ret == -EFAULT && !arguments->completed ? ret : respond;
}
