/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The words for what backs the map registers: what the parameter "provider" of a device's
 * module can be, and what sysfs says.
 */
#ifndef _DMABAY_PROVIDER_NAMES_H
#define _DMABAY_PROVIDER_NAMES_H

#include <linux/printk.h>
#include <linux/string.h>

#include <linux/dmabay.h>

static const char *const dmabay_provider_names[] = {
	[DMABAY_PROVIDER_AUTO] = "auto",
	[DMABAY_PROVIDER_IOVA] = "iova",
	[DMABAY_PROVIDER_BOUNCE] = "bounce",
	[DMABAY_PROVIDER_DIRECT] = "direct",
};

/* The number of a provider, or -EINVAL, and then the kernel log says why. */
static inline int dmabay_provider_by_name(const char *module, const char *name)
{
	int provider = sysfs_match_string(dmabay_provider_names, name);

	if (provider < 0)
		pr_err("%s: unknown provider '%s'\n", module, name);

	return provider;
}

#endif /* _DMABAY_PROVIDER_NAMES_H */
