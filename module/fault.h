/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Places that fail when a test wants it (fault.c). In a kernel without fault injection no
 * place ever does, and nothing of this is there.
 */
#ifndef _DMABAY_FAULT_H
#define _DMABAY_FAULT_H

#include <linux/jump_label.h>
#include <linux/types.h>

struct dentry;

/**
 * enum dmabay_fault_site - What can fail
 * @DMABAY_FAULT_ACCOUNT: RLIMIT_MEMLOCK is reached
 * @DMABAY_FAULT_COPY_IN: a command's own copy from the user
 * @DMABAY_FAULT_COPY_OUT: telling the user at once what has ended
 * @DMABAY_FAULT_DUMP: memory for a dump
 * @DMABAY_FAULT_LINK: linking pages into the window
 * @DMABAY_FAULT_MAP: mapping by the plain DMA API
 * @DMABAY_FAULT_MMIO: a register reads as all ones, as if the function was gone
 * @DMABAY_FAULT_PIN: pinning user memory
 * @DMABAY_FAULT_PREPARE: a channel has no descriptor
 * @DMABAY_FAULT_PROBE: a step of the probe of a function
 * @DMABAY_FAULT_SYNC: making what was linked visible
 * @DMABAY_FAULT_TABLE: memory to describe a mapping by the plain DMA API
 * @DMABAY_FAULT_SITES: how many
 */
enum dmabay_fault_site {
	DMABAY_FAULT_ACCOUNT,
	DMABAY_FAULT_COPY_IN,
	DMABAY_FAULT_COPY_OUT,
	DMABAY_FAULT_DUMP,
	DMABAY_FAULT_LINK,
	DMABAY_FAULT_MAP,
	DMABAY_FAULT_MMIO,
	DMABAY_FAULT_PIN,
	DMABAY_FAULT_PREPARE,
	DMABAY_FAULT_PROBE,
	DMABAY_FAULT_SYNC,
	DMABAY_FAULT_TABLE,
	DMABAY_FAULT_SITES
};

#ifdef CONFIG_FAULT_INJECTION_DEBUG_FS

DECLARE_STATIC_KEY_FALSE(dmabay_faults);

bool dmabay_fault_now(enum dmabay_fault_site site);
void dmabay_fault_init(struct dentry *parent);

/**
 * dmabay_fault() - Shall it fail, this time?
 * @site: what
 *
 * Context: any.
 * Return: true: as if it had failed; then it must not be tried.
 */
static __always_inline bool dmabay_fault(enum dmabay_fault_site site)
{
	return static_branch_unlikely(&dmabay_faults) && dmabay_fault_now(site);
}

#else

static inline void dmabay_fault_init(struct dentry *parent)
{
}

static __always_inline bool dmabay_fault(enum dmabay_fault_site site)
{
	return false;
}

#endif
#endif /* _DMABAY_FAULT_H */
