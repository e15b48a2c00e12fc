// SPDX-License-Identifier: GPL-2.0-only
/*
 * An attribute: one number or word about a device, in /sys/class/dmabay/dmabayN.
 *
 * Each is a member of what DMABAY_INFO says or, in the folder counters, of what
 * DMABAY_COUNTERS says, and both are gathered for each reading (device.c). So they are
 * never of the same moment, and say -ENODEV when the device is gone. Removing them
 * waits for readers, who wait for &dmabay_device.registration_lock only; whoever
 * unregisters the device does not hold it meanwhile.
 *
 * The dump of a time-out has all of them as well.
 *
 * Everybody may read them: nothing here is an address. include/sysfs-class-dmabay tells
 * what each one means.
 */
#include <linux/gfp.h>
#include <linux/seq_buf.h>
#include <linux/sysfs.h>

#include "provider_names.h"
#include "user.h"

/* @words: what numbers mean, for those that are words; @mask: the bit of a flag */
struct dmabay_attribute {
	struct device_attribute attribute;
	size_t offset;
	size_t size;
	const char *const *words;
	u32 mask;
};

static const struct dmabay_attribute *to_dmabay_attribute(const struct device_attribute *attribute)
{
	return container_of_const(attribute, struct dmabay_attribute, attribute);
}

static ssize_t dmabay_emit_number(const struct dmabay_attribute *attribute, const void *values,
				  char *text)
{
	const void *value = values + attribute->offset;

	if (attribute->size == sizeof(u64))
		return sysfs_emit(text, "%llu\n", *(const u64 *)value);

	return sysfs_emit(text, "%u\n", *(const u32 *)value);
}

static ssize_t dmabay_emit_flag(const struct dmabay_attribute *attribute, const void *values,
				char *text)
{
	const u32 *flags = values + attribute->offset;

	return sysfs_emit(text, "%u\n", !!(*flags & attribute->mask));
}

static ssize_t dmabay_emit_word(const struct dmabay_attribute *attribute, const void *values,
				char *text)
{
	const u32 *number = values + attribute->offset;

	return sysfs_emit(text, "%s\n", attribute->words[*number]);
}

static ssize_t dmabay_emit_name(const struct dmabay_attribute *attribute, const void *values,
				char *text)
{
	return sysfs_emit(text, "%s\n", (const char *)values + attribute->offset);
}

#define DMABAY_SHOW(kind)								\
static ssize_t dmabay_show_##kind(struct device *dev, struct device_attribute *attribute,	\
				  char *text)						\
{											\
	struct dmabay_info info;							\
	int ret = dmabay_device_info(to_dmabay_device(dev), &info);			\
											\
	return ret ?: dmabay_emit_##kind(to_dmabay_attribute(attribute), &info, text);	\
}

DMABAY_SHOW(number)
DMABAY_SHOW(flag)
DMABAY_SHOW(word)
DMABAY_SHOW(name)

static ssize_t dmabay_show_counter(struct device *dev, struct device_attribute *attribute,
				   char *text)
{
	struct dmabay_counters counters;
	int ret = dmabay_device_counters(to_dmabay_device(dev), &counters);

	return ret ?: dmabay_emit_number(to_dmabay_attribute(attribute), &counters, text);
}

static ssize_t timeout_ms_show(struct device *dev, struct device_attribute *attribute, char *text)
{
	return sysfs_emit(text, "%u\n", to_dmabay_device(dev)->config.timeout_ms);
}
static DEVICE_ATTR_RO(timeout_ms);

static const char *const dmabay_iommu_words[] = {
	[DMABAY_INFO_IOMMU_NONE] = "none",
	[DMABAY_INFO_IOMMU_PASSTHROUGH] = "passthrough",
	[DMABAY_INFO_IOMMU_STRICT] = "strict",
	[DMABAY_INFO_IOMMU_LAZY] = "lazy",
};

#define DMABAY_ATTRIBUTE(_file, _show, _struct, _member, ...)				\
	(&((struct dmabay_attribute) {							\
		.attribute = __ATTR(_file, 0444, _show, NULL),				\
		.offset = offsetof(_struct, _member),					\
		.size = sizeof_field(_struct, _member),					\
		__VA_ARGS__								\
	}).attribute.attr)

#define DMABAY_NUMBER(_member)								\
	DMABAY_ATTRIBUTE(_member, dmabay_show_number, struct dmabay_info, _member)
#define DMABAY_FLAG(_file, _mask)							\
	DMABAY_ATTRIBUTE(_file, dmabay_show_flag, struct dmabay_info, flags, .mask = (_mask))
#define DMABAY_WORD(_member, _words)							\
	DMABAY_ATTRIBUTE(_member, dmabay_show_word, struct dmabay_info, _member,	\
			 .words = (_words))
#define DMABAY_NAME(_file, _member)							\
	DMABAY_ATTRIBUTE(_file, dmabay_show_name, struct dmabay_info, _member)
#define DMABAY_COUNTER(_member)								\
	DMABAY_ATTRIBUTE(_member, dmabay_show_counter, struct dmabay_counters, _member)

static struct attribute *dmabay_limits[] = {
	/* In sysfs, what is called "driver" leads to the driver that is bound. */
	DMABAY_NAME(driver_name, driver),
	DMABAY_NAME(bus_name, bus),
	DMABAY_WORD(provider, dmabay_provider_names),
	DMABAY_WORD(iommu, dmabay_iommu_words),
	DMABAY_FLAG(guaranteed, DMABAY_INFO_GUARANTEED),
	DMABAY_FLAG(from_device, DMABAY_INFO_FROM_DEVICE),
	DMABAY_FLAG(to_device, DMABAY_INFO_TO_DEVICE),
	DMABAY_FLAG(exclusive, DMABAY_INFO_EXCLUSIVE),
	DMABAY_NUMBER(page_size),
	DMABAY_NUMBER(map_registers),
	DMABAY_NUMBER(map_registers_free),
	DMABAY_NUMBER(waiters),
	DMABAY_NUMBER(max_length),
	DMABAY_NUMBER(fragment_length),
	DMABAY_NUMBER(device_memory),
	DMABAY_NUMBER(alignment),
	DMABAY_NUMBER(max_buffers),
	DMABAY_NUMBER(max_reservations),
	DMABAY_NUMBER(max_depth),
	DMABAY_NUMBER(max_batch),
	DMABAY_NUMBER(max_register_length),
	DMABAY_NUMBER(group_devices),
	&dev_attr_timeout_ms.attr,
	&dev_attr_copied_below.attr,
	NULL
};

static struct attribute *dmabay_counted[] = {
	DMABAY_COUNTER(links),
	DMABAY_COUNTER(unlinks),
	DMABAY_COUNTER(flushes),
	DMABAY_COUNTER(linked_bytes),
	DMABAY_COUNTER(hits),
	DMABAY_COUNTER(bounced_bytes),
	DMABAY_COUNTER(mapped),
	DMABAY_COUNTER(unmapped),
	DMABAY_COUNTER(pinned_pages),
	DMABAY_COUNTER(pins),
	DMABAY_COUNTER(transfers),
	DMABAY_COUNTER(bytes),
	DMABAY_COUNTER(errors),
	DMABAY_COUNTER(timeouts),
	DMABAY_COUNTER(faults),
	DMABAY_COUNTER(engine_ticks),
	NULL
};

/*
 * Only a channel is given a time by us; other devices look after themselves. And only some
 * have a choice between pieces and a copy.
 */
static umode_t dmabay_limit_visible(struct kobject *kobject, struct attribute *attribute,
				    int index)
{
	if (attribute == &dev_attr_timeout_ms.attr &&
	    !to_dmabay_device(kobj_to_dev(kobject))->is_channel)
		return 0;
	if (attribute == &dev_attr_copied_below.attr &&
	    !to_dmabay_device(kobj_to_dev(kobject))->in_place)
		return 0;

	return attribute->mode;
}

static const struct attribute_group dmabay_limit_group = {
	.is_visible = dmabay_limit_visible,
	.attrs = dmabay_limits,
};

static const struct attribute_group dmabay_counter_group = {
	.name = "counters",
	.attrs = dmabay_counted,
};

const struct attribute_group *dmabay_attribute_groups[] = {
	&dmabay_limit_group,
	&dmabay_counter_group,
	NULL
};

static void dmabay_attribute_print(struct dmabay_device *device,
				   const struct attribute_group *group, int index, char *page,
				   struct seq_buf *text)
{
	struct attribute *attribute = group->attrs[index];
	struct device_attribute *shown = container_of(attribute, struct device_attribute, attr);

	if (group->is_visible && !group->is_visible(&device->dev.kobj, attribute, index))
		return;
	if (shown->show(&device->dev, shown, page) <= 0)
		return;

	seq_buf_printf(text, "%s%s%s: %s", group->name ?: "", group->name ? "/" : "",
		       attribute->name, page);
}

/**
 * dmabay_attributes_print() - All of them, "name: value" a line
 * @device: the device; if it is gone there is nothing that they could say
 * @text: where to
 *
 * Context: may sleep.
 */
void dmabay_attributes_print(struct dmabay_device *device, struct seq_buf *text)
{
	char *page = (char *)__get_free_page(GFP_KERNEL);
	const struct attribute_group **group;
	int i;

	if (!page)
		return;

	for (group = dmabay_attribute_groups; *group; group++)
		for (i = 0; (*group)->attrs[i]; i++)
			dmabay_attribute_print(device, *group, i, page, text);
	free_page((unsigned long)page);
}
