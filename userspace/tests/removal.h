/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Coming and going: the ways in which a device gets there and is taken away.
 *
 * DMABAY_EDU is the PCI address of QEMU's edu function, DMABAY_IOMMU the mode of the
 * IOMMU.
 */
#ifndef DMABAY_TESTS_REMOVAL_H
#define DMABAY_TESTS_REMOVAL_H

#include "modules.h"

/* With an IOMMU the software device sits behind edu's. */
static inline int insert_soft(const char *more)
{
	const char *edu = getenv("DMABAY_EDU"), *iommu = getenv("DMABAY_IOMMU");
	char parameters[128];

	if (edu && *edu && iommu && strcmp(iommu, "none"))
		snprintf(parameters, sizeof(parameters), "dma_dev=%s %s", edu, more);
	else
		snprintf(parameters, sizeof(parameters), "%s", more);
	return insert("dmabay_soft", parameters);
}

static inline int insert_edu(const char *more)
{
	return insert("dmabay_edu", more);
}

static inline int remove_soft(void)
{
	return removed("dmabay_soft");
}

static inline int remove_edu(void)
{
	return removed("dmabay_edu");
}

static inline int write_driver_file(const char *name)
{
	const char *edu = getenv("DMABAY_EDU");
	char path[128];
	FILE *file;
	int result;

	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/dmabay_edu/%s", name);
	file = fopen(path, "we");
	if (!file)
		return -errno;
	result = fputs(edu, file) < 0 ? -EIO : 0;
	return fclose(file) ? -errno : result;
}

static inline int unbind_edu(void)
{
	return write_driver_file("unbind");
}

/* Binding takes no parameters: the module has them. */
static inline int bind_edu(const char *more)
{
	(void)more;
	return write_driver_file("bind");
}

#endif /* DMABAY_TESTS_REMOVAL_H */
