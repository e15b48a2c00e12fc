/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The attributes of a device in sysfs, and what each has to say: a member of what
 * DMABAY_INFO or DMABAY_COUNTERS says.
 */
#ifndef DMABAY_TESTS_SYSFS_H
#define DMABAY_TESTS_SYSFS_H

#include <dirent.h>
#include <stddef.h>

#include "common.h"

#define ATTRIBUTE_TEXT	64

/* What the numbers of DMABAY_INFO are called. */
static const char *const provider_words[] = { "?", "iova", "bounce", "direct" };
static const char *const iommu_words[] = { "none", "passthrough", "strict", "lazy" };

struct attribute {
	const char *name;
	size_t offset;
	size_t size;
	const char *const *words;
	uint32_t mask;
};

#define MEMBER(type, member) \
	offsetof(struct type, member), sizeof(((struct type *)0)->member)
#define NUMBER(member)		{ #member, MEMBER(dmabay_info, member), NULL, 0 }
#define FLAG(name, mask)	{ name, MEMBER(dmabay_info, flags), NULL, mask }
#define COUNTER(member) \
	{ "counters/" #member, MEMBER(dmabay_counters, member), NULL, 0 }

/* All that every device has. */
static const struct attribute limits[] = {
	{ "driver_name", MEMBER(dmabay_info, driver), NULL, 0 },
	{ "bus_name", MEMBER(dmabay_info, bus), NULL, 0 },
	{ "provider", MEMBER(dmabay_info, provider), provider_words, 0 },
	{ "iommu", MEMBER(dmabay_info, iommu), iommu_words, 0 },
	FLAG("guaranteed", DMABAY_INFO_GUARANTEED), FLAG("from_device", DMABAY_INFO_FROM_DEVICE),
	FLAG("to_device", DMABAY_INFO_TO_DEVICE), FLAG("exclusive", DMABAY_INFO_EXCLUSIVE),
	NUMBER(page_size), NUMBER(map_registers), NUMBER(map_registers_free), NUMBER(waiters),
	NUMBER(max_length), NUMBER(fragment_length), NUMBER(device_memory), NUMBER(alignment),
	NUMBER(max_buffers), NUMBER(max_reservations), NUMBER(max_depth), NUMBER(max_batch),
	NUMBER(max_register_length), NUMBER(group_devices),
};

static const struct attribute counted[] = {
	COUNTER(links), COUNTER(unlinks), COUNTER(flushes), COUNTER(linked_bytes), COUNTER(hits),
	COUNTER(bounced_bytes), COUNTER(mapped), COUNTER(unmapped), COUNTER(pinned_pages),
	COUNTER(pins), COUNTER(transfers), COUNTER(bytes), COUNTER(errors), COUNTER(timeouts),
	COUNTER(faults), COUNTER(engine_ticks),
};

/* "/dev/dmabay0" is /sys/class/dmabay/dmabay0. */
static inline void attribute_path(const char *node, const char *name, char *path, size_t size)
{
	snprintf(path, size, "/sys/class/dmabay/%s/%s", strrchr(node, '/') + 1, name);
}

/* One line without its end. Returns 0 or a negative errno. */
static inline int attribute_read_fd(int fd, char *text)
{
	ssize_t length = pread(fd, text, ATTRIBUTE_TEXT - 1, 0);

	if (length < 0)
		return -errno;
	text[length] = '\0';
	if (!length || strchr(text, '\n') != text + length - 1)
		return -EBADMSG;
	text[length - 1] = '\0';
	return 0;
}

static inline int attribute_open(const char *node, const char *name)
{
	char path[128];
	int fd;

	attribute_path(node, name, path, sizeof(path));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static inline int attribute_read(const char *node, const char *name, char *text)
{
	int fd = attribute_open(node, name), result;

	if (fd < 0)
		return fd;
	result = attribute_read_fd(fd, text);
	close(fd);
	return result;
}

/* What it has to say if the ioctl said @values. */
static inline void attribute_format(const struct attribute *attribute, const void *values,
				    char *text)
{
	const void *value = (const unsigned char *)values + attribute->offset;
	uint64_t number = 0;

	if (attribute->size == sizeof(((struct dmabay_info *)0)->driver)) {
		snprintf(text, ATTRIBUTE_TEXT, "%s", (const char *)value);
		return;
	}
	if (attribute->size == sizeof(uint32_t))
		number = *(const uint32_t *)value;
	else
		memcpy(&number, value, sizeof(number));
	if (attribute->words)
		snprintf(text, ATTRIBUTE_TEXT, "%s", attribute->words[number]);
	else
		snprintf(text, ATTRIBUTE_TEXT, "%" PRIu64,
			 attribute->mask ? !!(number & attribute->mask) : number);
}

static inline void expect_attributes(struct __test_metadata *_metadata, const char *node,
				     const struct attribute *attributes, size_t count,
				     const void *values)
{
	char expected[ATTRIBUTE_TEXT], text[ATTRIBUTE_TEXT];

	for (size_t i = 0; i < count; i++) {
		attribute_format(&attributes[i], values, expected);
		ASSERT_EQ(0, attribute_read(node, attributes[i].name, text))
			TH_LOG("%s", attributes[i].name);
		EXPECT_STREQ(expected, text) TH_LOG("%s", attributes[i].name);
	}
}

/* Both ioctls and sysfs, while nobody else uses the device. */
static inline void expect_all_attributes(struct __test_metadata *_metadata, struct dmabay *bay)
{
	struct dmabay_counters counters;
	struct dmabay_info info;

	ASSERT_EQ(0, dmabay_info(bay, &info));
	expect_attributes(_metadata, dmabay_path(bay), limits, ARRAY_SIZE(limits), &info);
	ASSERT_EQ(0, dmabay_counters(bay, &counters));
	expect_attributes(_metadata, dmabay_path(bay), counted, ARRAY_SIZE(counted), &counters);
}

#endif /* DMABAY_TESTS_SYSFS_H */
