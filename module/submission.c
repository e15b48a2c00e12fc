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

#include "batch.h"
#include "words.h"

static_assert(sizeof(struct dmabay_submit) == 7 * sizeof(u64));

/* Of transfers of one reservation that ended with all their bytes; not none. */
static __always_inline int dmabay_submit_tell(struct dmabay_completion __user *user,
					      const struct dmabay_transfer *ended, u32 count)
{
	const struct dmabay_transfer *end = ended + count;
	u64 success = dmabay_completion_success(ended);
	u64 __user *word = (u64 __user *)user;

	if (dmabay_fault(DMABAY_FAULT_COPY_OUT) ||
	    !user_write_access_begin(user, count * sizeof(*user)))
		return -EFAULT;
	do {
		unsafe_put_user(ended->cookie, &word[0], err_fault);
		unsafe_put_user(ended->length, &word[1], err_fault);
		unsafe_put_user(success, &word[2], err_fault);
		ended++;
		word += 3;
	} while (ended < end);
	user_write_access_end();

	return 0;

err_fault:
	user_write_access_end();
	return -EFAULT;
}

/* Tells the user of what ended meanwhile, as far as it fits. */
static __always_inline void dmabay_submit_ended(struct dmabay_batch *batch,
						struct dmabay_submit *arguments)
{
	struct dmabay_completion __user *user = dmabay_user_pointer(arguments->completions);
	u32 told = min(batch->ended_count, arguments->capacity - arguments->completed);

	if (!told || !dmabay_completions_pass(batch->file) ||
	    dmabay_submit_tell(user + arguments->completed, batch->wanted, told))
		told = 0;
	arguments->completed += told;
	dmabay_batch_told(batch, told);
}

/* Submits a chunk, batch by batch. */
static __always_inline int
dmabay_submit_chunk(struct dmabay_file *file, struct dmabay_submit *arguments,
		    const struct dmabay_transfer *chunk, u32 count,
		    const struct dmabay_alike *alike, enum dmabay_fences fences)
{
	struct dmabay_batch batch __dmabay_uninitialized;
	int ret;

	batch.file = file;
	batch.wanted = chunk;
	batch.count = count;
	batch.alike = alike;
	batch.borrowed = NULL;
	batch.vector = NULL;
	batch.fences = fences;
	for (;;) {
		ret = dmabay_batch_submit(&batch);
		dmabay_submit_ended(&batch, arguments);
		arguments->submitted += batch.submitted;
		batch.count -= batch.submitted;
		if (ret || !batch.count)
			return ret;
		batch.wanted += batch.submitted;
	}
}

static __always_inline int dmabay_submit(struct dmabay_file *file,
					 struct dmabay_submit *arguments,
					 enum dmabay_fences fences)
{
	const struct dmabay_transfer __user *user = dmabay_user_pointer(arguments->transfers);
	struct dmabay_transfer chunk[DMABAY_BATCH_MAX] __dmabay_uninitialized;
	struct dmabay_alike seen __dmabay_uninitialized;
	const struct dmabay_alike *alike;
	u32 count;
	int ret;

	arguments->submitted = 0;
	arguments->completed = 0;
	while (arguments->submitted < arguments->count) {
		count = min(arguments->count - arguments->submitted, DMABAY_BATCH_MAX);
		/* One alone is asked as fast. */
		if (count == 1) {
			alike = NULL;
			ret = dmabay_sevens_from_user(chunk, user + arguments->submitted);
		} else {
			alike = &seen;
			ret = dmabay_transfers_from_user(chunk, user + arguments->submitted,
							 count, &seen);
		}
		if (!ret)
			ret = dmabay_submit_chunk(file, arguments, chunk, count, alike, fences);
		if (ret)
			return ret;
	}

	return 0;
}

/* The answer is two numbers; everything else is as the user has it. */
static __always_inline int dmabay_submit_respond(const struct dmabay_submit *arguments,
						 struct dmabay_submit __user *user)
{
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

static __always_inline int dmabay_submit_check(const struct dmabay_file *file,
					       const struct dmabay_submit *arguments)
{
	if (unlikely(arguments->flags || arguments->reserved))
		return -EOPNOTSUPP;
	if (unlikely(!arguments->count || arguments->min_complete > arguments->capacity))
		return -EINVAL;
	if (unlikely(arguments->count > DMABAY_MAX_BATCH ||
		     arguments->capacity > DMABAY_MAX_BATCH))
		return -E2BIG;
	if (unlikely(arguments->capacity && READ_ONCE(file->rings)))
		return -EBUSY;

	return 0;
}

/* The struct is copied; what is to be told goes to that of the user. */
static __always_inline int dmabay_submit_and_read(struct dmabay_file *file,
						  struct dmabay_submit *arguments,
						  struct dmabay_submit __user *user,
						  bool nonblock)
{
	u32 min_complete = arguments->min_complete;
	int ret, respond;

	ret = dmabay_submit_check(file, arguments);
	if (ret)
		return ret;
	ret = dmabay_submit(file, arguments,
			    nonblock ? DMABAY_FENCES_REFUSE : DMABAY_FENCES_WAIT);
	if (!arguments->submitted)
		return ret;

	/* What was refused will not complete: do not wait for it. */
	if (ret || nonblock)
		min_complete = 0;

	/* Most often all that there is to tell was told by now. */
	ret = 0;
	if (arguments->completed < min_complete || READ_ONCE(file->completed))
		ret = dmabay_completions_read(file, dmabay_user_pointer(arguments->completions),
					      arguments->capacity, min_complete,
					      arguments->deadline, &arguments->completed);
	respond = dmabay_submit_respond(arguments, user);

	return ret == -EFAULT && !arguments->completed ? ret : respond;
}

/**
 * dmabay_submit_directly() - DMABAY_SUBMIT, as it is asked for most of the time
 * @file: the file, open for writing
 * @user: the user's struct
 * @nonblock: wait for nothing
 *
 * Return: as dmabay_ioctl_submit(); -ENOIOCTLCMD if that has to look at the struct.
 */
int dmabay_submit_directly(struct dmabay_file *file, struct dmabay_submit __user *user,
			   bool nonblock)
{
	struct dmabay_submit arguments __dmabay_uninitialized;

	if (dmabay_sevens_from_user(&arguments, user) || arguments.size != sizeof(arguments))
		return -ENOIOCTLCMD;

	return dmabay_submit_and_read(file, &arguments, user, nonblock);
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
	return dmabay_submit_and_read(command->file, command->data, command->user,
				      command->nonblock);
}
