// SPDX-License-Identifier: GPL-2.0-only
/*
 * A command: one ioctl, from the user's struct to its handler and back.
 *
 * Owned by the stack of the caller; no lock. The struct is copied once, whole,
 * before anything looks at it, so what was checked is what is used. DMABAY_SUBMIT and
 * DMABAY_ENTER have a shorter way; if their struct is not of the size that is known here, or
 * not there, nothing of it was used, and it is copied anew.
 */
#include <linux/fs.h>
#include <linux/nospec.h>
#include <linux/stddef.h>
#include <linux/uaccess.h>

#include "user.h"
#include "words.h"

union dmabay_command_data {
	struct dmabay_cancel cancel;
	struct dmabay_counters counters;
	struct dmabay_enter enter;
	struct dmabay_eventfd eventfd;
	struct dmabay_free free;
	struct dmabay_import import;
	struct dmabay_info info;
	struct dmabay_once once;
	struct dmabay_register register_buffer;
	struct dmabay_reserve reserve;
	struct dmabay_rings rings;
	struct dmabay_submit submit;
	struct dmabay_unregister unregister;
	struct dmabay_wait wait;
};

/*
 * struct dmabay_handler - How to serve one command
 * @size: of the kernel's struct
 * @min_size: of the first version of it
 * @query: changes nothing, so a file that is open for reading may use it
 * @after_removal: has an answer when the device is gone
 * @handle: the handler; answers with dmabay_command_respond()
 */
struct dmabay_handler {
	unsigned int size;
	unsigned int min_size;
	bool query;
	bool after_removal;
	int (*handle)(struct dmabay_command *command);
};

#define DMABAY_HANDLER(_command, _handle, _struct, _last, ...)				\
	[_command] = {									\
		.size = sizeof(_struct) +						\
			BUILD_BUG_ON_ZERO(sizeof(_struct) % sizeof(u64)) +		\
			BUILD_BUG_ON_ZERO(sizeof(union dmabay_command_data) <		\
					  sizeof(_struct)),				\
		.min_size = offsetofend(_struct, _last),				\
		.handle = (_handle),							\
		__VA_ARGS__								\
	}

/* DMABAY_INFO is _IO(DMABAY_IOCTL_TYPE, DMABAY_CMD_INFO), and so are all others. */
static const struct dmabay_handler dmabay_handlers[] = {
	DMABAY_HANDLER(DMABAY_CMD_INFO, dmabay_ioctl_info, struct dmabay_info, bus,
		       .query = true),
	DMABAY_HANDLER(DMABAY_CMD_COUNTERS, dmabay_ioctl_counters, struct dmabay_counters,
		       engine_ticks, .query = true),
	DMABAY_HANDLER(DMABAY_CMD_REGISTER, dmabay_ioctl_register, struct dmabay_register,
		       reserved),
	DMABAY_HANDLER(DMABAY_CMD_UNREGISTER, dmabay_ioctl_unregister,
		       struct dmabay_unregister, buffer),
	DMABAY_HANDLER(DMABAY_CMD_RESERVE, dmabay_ioctl_reserve, struct dmabay_reserve,
		       reserved),
	DMABAY_HANDLER(DMABAY_CMD_FREE, dmabay_ioctl_free, struct dmabay_free, reservation),
	DMABAY_HANDLER(DMABAY_CMD_SUBMIT, dmabay_ioctl_submit, struct dmabay_submit, deadline),
	DMABAY_HANDLER(DMABAY_CMD_WAIT, dmabay_ioctl_wait, struct dmabay_wait, deadline,
		       .after_removal = true),
	DMABAY_HANDLER(DMABAY_CMD_ONCE, dmabay_ioctl_once, struct dmabay_once, transferred),
	DMABAY_HANDLER(DMABAY_CMD_CANCEL, dmabay_ioctl_cancel, struct dmabay_cancel, cookie),
	DMABAY_HANDLER(DMABAY_CMD_EVENTFD, dmabay_ioctl_eventfd, struct dmabay_eventfd, reserved),
	DMABAY_HANDLER(DMABAY_CMD_IMPORT, dmabay_ioctl_import, struct dmabay_import, length),
	DMABAY_HANDLER(DMABAY_CMD_RINGS, dmabay_ioctl_rings, struct dmabay_rings,
		       completion_offset),
	DMABAY_HANDLER(DMABAY_CMD_ENTER, dmabay_ioctl_enter, struct dmabay_enter, idle,
		       .after_removal = true),
};

/**
 * dmabay_command_respond() - Copy the answer to the user
 * @command: the command
 *
 * What the user's struct has beyond the kernel's becomes zero.
 *
 * Context: may sleep, for as long as user space lets it; no lock is held, but
 * &dmabay_file.read_mutex by who makes rings.
 * Return: 0 or -EFAULT.
 */
int dmabay_command_respond(const struct dmabay_command *command)
{
	u32 size = min(command->user_size, command->size);

	if (copy_to_user(command->user, command->data, size))
		return -EFAULT;
	if (command->user_size > size &&
	    clear_user(command->user + size, command->user_size - size))
		return -EFAULT;

	return 0;
}

/* As dmabay_ioctl(), for any command. */
static noinline long dmabay_ioctl_any(struct file *filp, unsigned int number,
				      unsigned long argument)
{
	struct dmabay_command command = {
		.file = filp->private_data,
		.user = (void __user *)argument,
		.nonblock = filp->f_flags & O_NONBLOCK,
	};
	const struct dmabay_handler *handler;
	union dmabay_command_data data __dmabay_uninitialized;
	unsigned int index;
	int ret;

	index = _IOC_NR(number);
	if (index >= ARRAY_SIZE(dmabay_handlers) || number != _IO(DMABAY_IOCTL_TYPE, index))
		return -ENOTTY;

	handler = &dmabay_handlers[array_index_nospec(index, ARRAY_SIZE(dmabay_handlers))];

	if (!handler->query && !(filp->f_mode & FMODE_WRITE))
		return -EBADF;
	if (!handler->after_removal && READ_ONCE(command.file->device->gone))
		return -ENODEV;

	if (get_user(command.user_size, (u32 __user *)command.user))
		return -EFAULT;
	if (command.user_size < handler->min_size)
		return -EINVAL;
	/* Nobody needs so many; and the tail is looked at byte by byte. */
	if (command.user_size > PAGE_SIZE)
		return -E2BIG;

	if (likely(command.user_size == handler->size))
		ret = dmabay_words_from_user(&data, command.user, handler->size);
	else
		ret = copy_struct_from_user(&data, handler->size, command.user,
					    command.user_size);
	if (ret)
		return ret;

	command.size = handler->size;
	command.data = &data;

	return handler->handle(&command);
}

/**
 * dmabay_ioctl() - unlocked_ioctl of the node
 * @filp: the file
 * @number: the command
 * @argument: address of its struct
 *
 * Return: 0 or a negative errno.
 */
long dmabay_ioctl(struct file *filp, unsigned int number, unsigned long argument)
{
	struct dmabay_file *file = filp->private_data;
	int ret;

	/* What is called for every transfer need not be looked up. */
	if ((number == DMABAY_SUBMIT || number == DMABAY_ENTER) && filp->f_mode & FMODE_WRITE &&
	    !READ_ONCE(file->device->gone)) {
		bool nonblock = filp->f_flags & O_NONBLOCK;
		void __user *user = (void __user *)argument;

		ret = number == DMABAY_SUBMIT ? dmabay_submit_directly(file, user, nonblock) :
						dmabay_enter_directly(file, user, nonblock);
		if (ret != -ENOIOCTLCMD)
			return ret;
	}

	return dmabay_ioctl_any(filp, number, argument);
}
