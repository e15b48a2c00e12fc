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

/* ---- what a test begins and ends with ---- */

/* The core, and "soft" or "edu". Whether the test can go on, which is skipped otherwise. */
static inline bool load(struct __test_metadata *_metadata, const char *driver,
			const char *parameters)
{
	const char *edu = getenv("DMABAY_EDU");
	bool want_edu = !strcmp(driver, "edu");
	int result;

	if (want_edu && (!edu || !*edu))
		SKIP(return false, "DMABAY_EDU names no edu function");
	result = insert("dmabay", "");
	if (result == -ENOENT)
		SKIP(return false, "no module to load; DMABAY_MODULES names their folder");
	ASSERT_EQ(0, result);
	ASSERT_EQ(0, want_edu ? insert_edu(parameters) : insert_soft(parameters));
	return true;
}

static inline void unload(struct __test_metadata *_metadata)
{
	EXPECT_EQ(0, remove_soft());
	EXPECT_EQ(0, remove_edu());
	EXPECT_EQ(0, core_unused());
}

/* The same with a file of the node that comes, for tests in which it stays. */
static inline bool load_and_open(struct __test_metadata *_metadata, const char *driver,
				 const char *parameters, struct dmabay **bay)
{
	char path[64];

	if (!load(_metadata, driver, parameters))
		return false;
	ASSERT_TRUE(find_node(driver, path, sizeof(path)));
	ASSERT_EQ(0, dmabay_open(bay, path, O_RDWR));
	return true;
}

static inline void close_and_unload(struct __test_metadata *_metadata, struct dmabay *bay)
{
	char path[64];

	snprintf(path, sizeof(path), "%s", dmabay_path(bay));
	dmabay_close(bay);
	EXPECT_NOTHING_LEFT(path);
	unload(_metadata);
}

#endif /* DMABAY_TESTS_REMOVAL_H */
