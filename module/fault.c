// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults on purpose: places in this module that fail when a test wants it, in any context,
 * also where the kernel's fail-nth, which counts for one task, does not come.
 *
 * When and how often is said as for any fault attribute of the kernel
 * (Documentation/fault-injection), in debugfs, dmabay/fail_dmabay. Which places is what the
 * file "sites" there is for: it has a line for each, its name, how often it was reached
 * since it was chosen, how often it failed, and a star if it is chosen. Written are the
 * names that are chosen from then on; none chooses none, and then the places cost nothing.
 *
 * Counts are atomic; choosing holds &dmabay_fault_mutex.
 */
#include <linux/atomic.h>
#include <linux/debugfs.h>
#include <linux/export.h>
#include <linux/fault-inject.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/seq_file.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "fault.h"

/* Longer than all names. */
#define DMABAY_FAULT_LINE	256

static const char *const dmabay_fault_names[] = {
	[DMABAY_FAULT_ACCOUNT] = "account",
	[DMABAY_FAULT_COPY_IN] = "copy_in",
	[DMABAY_FAULT_COPY_OUT] = "copy_out",
	[DMABAY_FAULT_DUMP] = "dump",
	[DMABAY_FAULT_LINK] = "link",
	[DMABAY_FAULT_MAP] = "map",
	[DMABAY_FAULT_MMIO] = "mmio",
	[DMABAY_FAULT_PIN] = "pin",
	[DMABAY_FAULT_PREPARE] = "prepare",
	[DMABAY_FAULT_PROBE] = "probe",
	[DMABAY_FAULT_SYNC] = "sync",
	[DMABAY_FAULT_TABLE] = "table",
};

static_assert(ARRAY_SIZE(dmabay_fault_names) == DMABAY_FAULT_SITES);

/* Some are chosen. */
DEFINE_STATIC_KEY_FALSE(dmabay_faults);
EXPORT_SYMBOL_GPL(dmabay_faults);

static DECLARE_FAULT_ATTR(dmabay_fault_attr);

static DEFINE_MUTEX(dmabay_fault_mutex);
static unsigned long dmabay_fault_chosen;
static atomic_t dmabay_fault_reached[DMABAY_FAULT_SITES];
static atomic_t dmabay_fault_failed[DMABAY_FAULT_SITES];

/**
 * dmabay_fault_now() - The longer part of dmabay_fault()
 * @site: what
 *
 * Context: any.
 * Return: as dmabay_fault().
 */
bool dmabay_fault_now(enum dmabay_fault_site site)
{
	if (!test_bit(site, &dmabay_fault_chosen))
		return false;

	atomic_inc(&dmabay_fault_reached[site]);
	if (!should_fail(&dmabay_fault_attr, 1))
		return false;
	atomic_inc(&dmabay_fault_failed[site]);

	return true;
}
EXPORT_SYMBOL_GPL(dmabay_fault_now);

static void dmabay_fault_choose(unsigned long chosen)
{
	unsigned int site;

	mutex_lock(&dmabay_fault_mutex);
	WRITE_ONCE(dmabay_fault_chosen, 0);
	for (site = 0; site < DMABAY_FAULT_SITES; site++) {
		atomic_set(&dmabay_fault_reached[site], 0);
		atomic_set(&dmabay_fault_failed[site], 0);
	}
	WRITE_ONCE(dmabay_fault_chosen, chosen);
	if (chosen)
		static_branch_enable(&dmabay_faults);
	else
		static_branch_disable(&dmabay_faults);
	mutex_unlock(&dmabay_fault_mutex);
}

static int dmabay_fault_sites_show(struct seq_file *seq, void *unused)
{
	unsigned int site;

	for (site = 0; site < DMABAY_FAULT_SITES; site++)
		seq_printf(seq, "%s %d %d%s\n", dmabay_fault_names[site],
			   atomic_read(&dmabay_fault_reached[site]),
			   atomic_read(&dmabay_fault_failed[site]),
			   test_bit(site, &dmabay_fault_chosen) ? " *" : "");

	return 0;
}

static ssize_t dmabay_fault_sites_write(struct file *filp, const char __user *user, size_t size,
					loff_t *position)
{
	char line[DMABAY_FAULT_LINE], *rest = line, *name;
	unsigned long chosen = 0;
	int site;

	if (size >= sizeof(line))
		return -EINVAL;
	if (copy_from_user(line, user, size))
		return -EFAULT;
	line[size] = '\0';

	strim(line);
	while ((name = strsep(&rest, " "))) {
		if (!*name)
			continue;
		site = match_string(dmabay_fault_names, DMABAY_FAULT_SITES, name);
		if (site < 0)
			return -EINVAL;
		chosen |= BIT(site);
	}
	dmabay_fault_choose(chosen);

	return size;
}

static int dmabay_fault_sites_open(struct inode *inode, struct file *filp)
{
	return single_open(filp, dmabay_fault_sites_show, NULL);
}

static const struct file_operations dmabay_fault_sites_fops = {
	.owner = THIS_MODULE,
	.open = dmabay_fault_sites_open,
	.read = seq_read,
	.write = dmabay_fault_sites_write,
	.llseek = seq_lseek,
	.release = single_release,
};

/**
 * dmabay_fault_init() - Make what tests choose with
 * @parent: directory in debugfs, whose removal ends it
 */
void dmabay_fault_init(struct dentry *parent)
{
	struct dentry *directory;

	directory = fault_create_debugfs_attr("fail_dmabay", parent, &dmabay_fault_attr);
	if (!IS_ERR(directory))
		debugfs_create_file("sites", 0600, directory, NULL, &dmabay_fault_sites_fops);
}
