/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A kernel that was built by gcc says so, and what gcc can do, to clang too, when that builds a
 * module for it. Read before every file, by clang alone; changes no layout.
 */
#undef CONFIG_CC_IS_GCC
#define CONFIG_CC_IS_CLANG 1

/* It warns of what the kernel does with gcc's address spaces for the data of a processor. */
#undef CONFIG_USE_X86_SEG_SUPPORT
#undef CONFIG_CC_HAS_NAMED_AS
#ifdef __percpu_qual
#undef __percpu_qual
#define __percpu_qual
#endif
#ifdef __percpu_seg_override
#undef __percpu_seg_override
#define __percpu_seg_override
#endif
