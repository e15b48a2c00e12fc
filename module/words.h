/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Words: how a command reads the user's structs. They are short, and of 64-bit words, and the
 * preparations for longer copies would take more time than reading them does.
 */
#ifndef _DMABAY_WORDS_H
#define _DMABAY_WORDS_H

#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/types.h>
#include <linux/uaccess.h>

#include "fault.h"

/**
 * dmabay_user_pointer() - What the user's number is the address of
 * @address: all 64 bits of it count
 *
 * Return: a pointer behind which nothing is, if the number is none that a pointer has.
 */
static inline void __user *dmabay_user_pointer(u64 address)
{
	return (void __user *)(uintptr_t)min_t(u64, address, ULONG_MAX);
}

/**
 * dmabay_words_from_user() - Copy a few words from the user
 * @to: where to
 * @user: where from
 * @size: bytes, a multiple of 8
 *
 * Context: may sleep.
 * Return: 0 or -EFAULT.
 */
static inline int dmabay_words_from_user(void *to, const void __user *user, size_t size)
{
	const u64 __user *from = user;
	u64 *word = to;

	if (dmabay_fault(DMABAY_FAULT_COPY_IN) || !user_read_access_begin(user, size))
		return -EFAULT;
	/* No side effects there: it may be a macro that looks at them more than once. */
	for (; size; size -= sizeof(*word), word++, from++)
		unsafe_get_user(*word, from, err_fault);
	user_read_access_end();

	return 0;

err_fault:
	user_read_access_end();
	return -EFAULT;
}

/**
 * dmabay_fives_from_user() - Copy a struct of five words from the user
 * @to: where to
 * @user: where from
 *
 * As dmabay_words_from_user(), whose loop over words takes longer than the copy.
 *
 * Context: may sleep.
 * Return: 0 or -EFAULT.
 */
static __always_inline int dmabay_fives_from_user(void *to, const void __user *user)
{
	const u64 __user *from = user;
	u64 *word = to;

	if (dmabay_fault(DMABAY_FAULT_COPY_IN) ||
	    !user_read_access_begin(user, 5 * sizeof(*word)))
		return -EFAULT;
	unsafe_get_user(word[0], &from[0], err_fault);
	unsafe_get_user(word[1], &from[1], err_fault);
	unsafe_get_user(word[2], &from[2], err_fault);
	unsafe_get_user(word[3], &from[3], err_fault);
	unsafe_get_user(word[4], &from[4], err_fault);
	user_read_access_end();

	return 0;

err_fault:
	user_read_access_end();
	return -EFAULT;
}

/**
 * dmabay_sevens_from_user() - Copy a struct of seven words from the user
 * @to: where to
 * @user: where from
 *
 * As dmabay_words_from_user(), whose loop over words takes longer than the copy.
 *
 * Context: may sleep.
 * Return: 0 or -EFAULT.
 */
static __always_inline int dmabay_sevens_from_user(void *to, const void __user *user)
{
	const u64 __user *from = user;
	u64 *word = to;

	if (dmabay_fault(DMABAY_FAULT_COPY_IN) ||
	    !user_read_access_begin(user, 7 * sizeof(*word)))
		return -EFAULT;
	unsafe_get_user(word[0], &from[0], err_fault);
	unsafe_get_user(word[1], &from[1], err_fault);
	unsafe_get_user(word[2], &from[2], err_fault);
	unsafe_get_user(word[3], &from[3], err_fault);
	unsafe_get_user(word[4], &from[4], err_fault);
	unsafe_get_user(word[5], &from[5], err_fault);
	unsafe_get_user(word[6], &from[6], err_fault);
	user_read_access_end();

	return 0;

err_fault:
	user_read_access_end();
	return -EFAULT;
}

#endif /* _DMABAY_WORDS_H */
