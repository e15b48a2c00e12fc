/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What differs between the kernels that this tree builds for. In a tree inside
 * the kernel this file and compat_* are empty.
 */
#ifndef _DMABAY_COMPAT_H
#define _DMABAY_COMPAT_H

#if IS_ENABLED(CONFIG_KUNIT)
#include <kunit/static_stub.h>
#else
#define KUNIT_STATIC_STUB_REDIRECT(real, args...) do {} while (0)
#endif

#include <linux/eventfd.h>
#include <linux/hrtimer.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uio.h>
#include <linux/version.h>

/*
 * Not zeroed where the kernel zeroes its stack: for what is long, on the hot path, and
 * written before it is read.
 */
#if __has_attribute(__uninitialized__)
#define __dmabay_uninitialized __attribute__((__uninitialized__))
#else
#define __dmabay_uninitialized
#endif

/* Always 1 since Linux 6.8. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 8, 0)
#define eventfd_signal(context) eventfd_signal(context, 1)
#endif

/* Two steps before Linux 6.13. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*function)(struct hrtimer *),
				 clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}
#endif

/*
 * Before Linux 6.2 a page that is pinned for reading may be one that its owner has only
 * until he writes: the zero page, or a page of a file. The device would go on reading that
 * one. A forced pin for writing gives the owner his own page at once, but asks for no
 * permission, so whether he may read it is seen before. It is refused where pages have
 * nothing to become: memory that is shared stays the same when it is written. What follows
 * may be of the other kind, so there it is one page at a time.
 */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
static inline int compat_pin_user_pages_fast(unsigned long start, int count, unsigned int flags,
					     struct page **pages)
{
	int readable, pinned;

	readable = pin_user_pages_fast(start, count, flags, pages);
	if (readable <= 0 || flags & FOLL_WRITE)
		return readable;

	unpin_user_pages(pages, readable);
	pinned = pin_user_pages_fast(start, readable, flags | FOLL_WRITE | FOLL_FORCE, pages);
	if (pinned != -EFAULT)
		return pinned;

	return pin_user_pages_fast(start, 1, flags, pages);
}

#define pin_user_pages_fast compat_pin_user_pages_fast
#endif

/* Nothing but the flags before Linux 6.3. */
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 3, 0)
static inline void vm_flags_set(struct vm_area_struct *vma, unsigned long flags)
{
	vma->vm_flags |= flags;
}
#endif

#ifndef kzalloc_obj
#define __dmabay_gfp(unused, gfp, ...) gfp
#define kzalloc_obj(object, ...) kzalloc(sizeof(object), __dmabay_gfp(0, ##__VA_ARGS__, GFP_KERNEL))
#endif

/* A member before Linux 6.4. */
#ifndef iter_iov_addr
static inline const struct iovec *iter_iov(const struct iov_iter *iter)
{
	return iter->iov;
}
#endif

#endif /* _DMABAY_COMPAT_H */
