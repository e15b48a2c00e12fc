// SPDX-License-Identifier: GPL-2.0-only
/*
 * The module: what it needs for itself comes up here in order, and goes down in
 * reverse. Everything else belongs to the devices that drivers register.
 */
#include <linux/init.h>
#include <linux/module.h>

#include "user.h"

static int __init dmabay_init(void)
{
	int ret;

	dmabay_debugfs_init();

	ret = dmabay_access_init();
	if (ret)
		goto err_debugfs;

	ret = dmabay_device_init();
	if (ret)
		goto err_access;

	return 0;

err_access:
	dmabay_access_exit();
err_debugfs:
	dmabay_debugfs_exit();
	return ret;
}

static void __exit dmabay_exit(void)
{
	dmabay_device_exit();
	dmabay_access_exit();
	dmabay_debugfs_exit();
}

/* Before the drivers, when all are built in. */
subsys_initcall(dmabay_init);
module_exit(dmabay_exit);

MODULE_DESCRIPTION("DMA resources reserved once, used for transfer after transfer");
MODULE_LICENSE("GPL");
