// SPDX-License-Identifier: GPL-2.0-only
/*
 * /sys/kernel/debug/dmabay: the table of states, and one directory per device.
 *
 * That directory is owned by the device and removed before its node goes; a reader
 * holds &dmabay_device.registration_lock for reading. "window" asks the IOMMU, not
 * the core, what is translated; "transactions" lists what exists; "files" says who
 * holds what; "cancel" takes an order (order.c), and can then be read: how many transfers
 * were cancelled, and how many run and end with the piece they are at.
 */
#include <linux/debugfs.h>
#include <linux/fs.h>
#include <linux/iommu.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/seq_buf.h>
#include <linux/seq_file.h>
#include <linux/string.h>

#include "dmabay_private.h"
#include "fault.h"
#include "user.h"

static struct dentry *dmabay_debugfs;

static unsigned long dmabay_window_translated(struct device *dev, dma_addr_t base, u64 length)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);
	unsigned long translated = 0;
	u64 offset;

	if (!domain)
		return 0;

	for (offset = 0; offset < length; offset += PAGE_SIZE) {
		if (iommu_iova_to_phys(domain, base + offset))
			translated++;
		cond_resched();
	}

	return translated;
}

static int dmabay_window_show(struct seq_file *seq, void *unused)
{
	struct dmabay_device *device = seq->private;
	struct dmabay_adapter_info info;
	int ret = -ENODEV;

	down_read(&device->registration_lock);
	if (device->ops) {
		dmabay_adapter_info(dmabay_enabler_adapter(device->enabler,
							   DMABAY_READ_FROM_DEVICE), &info);
		seq_printf(seq, "base 0x%llx bytes 0x%llx translated %lu\n",
			   (u64)info.window_base, info.window_length,
			   dmabay_window_translated(device->config.dma_dev, info.window_base,
						    info.window_length));
		ret = 0;
	}
	up_read(&device->registration_lock);

	return ret;
}
DEFINE_SHOW_ATTRIBUTE(dmabay_window);

static int dmabay_transactions_file_show(struct seq_file *seq, void *unused)
{
	struct dmabay_device *device = seq->private;
	int ret = -ENODEV;

	down_read(&device->registration_lock);
	if (device->ops) {
		dmabay_transactions_show(device->enabler, seq);
		ret = 0;
	}
	up_read(&device->registration_lock);

	return ret;
}
DEFINE_SHOW_ATTRIBUTE(dmabay_transactions_file);

static int dmabay_files_show(struct seq_file *seq, void *unused)
{
	struct seq_buf text;
	size_t room;
	char *buffer;

	room = seq_get_buf(seq, &buffer);
	seq_buf_init(&text, buffer, room);
	dmabay_holders_print(seq->private, &text);
	/* If it does not fit, there is another call with more room. */
	seq_commit(seq, seq_buf_has_overflowed(&text) ? -1 : (int)seq_buf_used(&text));

	return 0;
}
DEFINE_SHOW_ATTRIBUTE(dmabay_files);

/* Longer than an order with the largest numbers. */
#define DMABAY_ORDER_LENGTH	128

static int dmabay_cancel_run(struct file *filp, const char __user *user, size_t size)
{
	struct dmabay_cancel arguments;
	char *line;
	int ret;

	if (size > DMABAY_ORDER_LENGTH)
		return -EINVAL;
	line = simple_transaction_get(filp, user, size);
	if (IS_ERR(line))
		return PTR_ERR(line);
	if (strlen(line) != size)
		return -EINVAL;

	ret = dmabay_order_cancel(file_inode(filp)->i_private, line, &arguments);
	if (ret)
		return ret;
	simple_transaction_set(filp, scnprintf(line, DMABAY_ORDER_LENGTH,
					       "cancelled=%u running=%u\n",
					       arguments.cancelled, arguments.running));

	return 0;
}

/* Whoever has it open longer than the device is there hears so, and not -EIO of debugfs. */
static ssize_t dmabay_cancel_write(struct file *filp, const char __user *user, size_t size,
				   loff_t *position)
{
	struct dentry *dentry = filp->f_path.dentry;
	int ret;

	if (debugfs_file_get(dentry))
		return -ENODEV;
	ret = dmabay_cancel_run(filp, user, size);
	debugfs_file_put(dentry);

	return ret ?: size;
}

static const struct file_operations dmabay_cancel_fops = {
	.owner = THIS_MODULE,
	.open = nonseekable_open,
	.read = simple_transaction_read,
	.write = dmabay_cancel_write,
	.release = simple_transaction_release,
};

/* One line for each edge: the call, the state it is made in, the states it leads to. */
static int dmabay_states_show(struct seq_file *seq, void *unused)
{
	unsigned int call, from, to;

	for (call = 0; call < DMABAY_CALLS; call++) {
		for (from = 0; from < DMABAY_STATES; from++) {
			unsigned long edges = dmabay_state_edges[call][from];

			if (!edges)
				continue;
			seq_printf(seq, "%s: %s ->", dmabay_call_name(call),
				   dmabay_state_name(from));
			for_each_set_bit(to, &edges, DMABAY_STATES)
				seq_printf(seq, " %s", dmabay_state_name(to));
			seq_putc(seq, '\n');
		}
	}
	return 0;
}
DEFINE_SHOW_ATTRIBUTE(dmabay_states);

/**
 * dmabay_debugfs_init() - Make the directory of the module
 */
void dmabay_debugfs_init(void)
{
	dmabay_debugfs = debugfs_create_dir("dmabay", NULL);
	debugfs_create_file("states", 0400, dmabay_debugfs, NULL, &dmabay_states_fops);
	dmabay_fault_init(dmabay_debugfs);
	dmabay_debug_init(dmabay_debugfs);
}

/**
 * dmabay_debugfs_exit() - Undo dmabay_debugfs_init()
 */
void dmabay_debugfs_exit(void)
{
	debugfs_remove(dmabay_debugfs);
	dmabay_debug_exit();
}

/**
 * dmabay_debugfs_add() - Make the directory of a device
 * @device: the device, with its name
 */
void dmabay_debugfs_add(struct dmabay_device *device)
{
	device->debugfs = debugfs_create_dir(dev_name(&device->dev), dmabay_debugfs);
	debugfs_create_file("window", 0400, device->debugfs, device, &dmabay_window_fops);
	debugfs_create_file("transactions", 0400, device->debugfs, device,
			    &dmabay_transactions_file_fops);
	debugfs_create_file("files", 0400, device->debugfs, device, &dmabay_files_fops);
	/* Its operations take care of the removal: not unsafe. */
	debugfs_create_file_unsafe("cancel", 0600, device->debugfs, device, &dmabay_cancel_fops);
}

/**
 * dmabay_debugfs_remove() - Undo dmabay_debugfs_add()
 * @device: the device
 *
 * Waits for readers.
 */
void dmabay_debugfs_remove(struct dmabay_device *device)
{
	debugfs_remove(device->debugfs);
}
