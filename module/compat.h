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

#include <linux/slab.h>

#ifndef kzalloc_obj
#define __dmabay_gfp(unused, gfp, ...) gfp
#define kzalloc_obj(object, ...) kzalloc(sizeof(object), __dmabay_gfp(0, ##__VA_ARGS__, GFP_KERNEL))
#endif

#endif /* _DMABAY_COMPAT_H */
