// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device: what a driver offers to user space as /dev/dmabayN.
 *
 * Owned by its driver from dmabay_device_register() to
 * dmabay_device_unregister(), and by every open file; the last one frees it. In
 * between, files can outlive the driver: then &dmabay_device.ops is NULL, the
 * enablers are deleted, and nothing of the driver is touched. A command that
 * needs them holds &dmabay_device.registration_lock for reading and looks first.
 * Transfers do not: unregistering waits for the last of them instead.
 *
 * A driver has a device that moves bytes when it is told to, or a dmaengine channel,
 * and then has nothing to do: the core's controller moves them (transfer.c).
 */
#include <linux/export.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/iommu.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "user.h"

#define DMABAY_DIRECTIONS	(BIT(DMABAY_READ_FROM_DEVICE) | BIT(DMABAY_WRITE_TO_DEVICE))

static dev_t dmabay_devt;
static DEFINE_IDA(dmabay_minors);

static void dmabay_device_release(struct device *dev)
{
	struct dmabay_device *device = to_dmabay_device(dev);

	ida_free(&dmabay_minors, MINOR(dev->devt));
	mutex_destroy(&device->files_lock);
	free_percpu(device->moved);
	kfree(device);
}

static struct class dmabay_class = {
	.name = "dmabay",
	.dev_groups = dmabay_attribute_groups,
	.dev_release = dmabay_device_release,
};

/**
 * dmabay_device_init() - Make the class and take the device numbers
 *
 * Return: 0 or a negative errno.
 */
int dmabay_device_init(void)
{
	int ret;

	ret = alloc_chrdev_region(&dmabay_devt, 0, DMABAY_MAX_DEVICES, "dmabay");
	if (ret)
		return ret;

	ret = class_register(&dmabay_class);
	if (ret)
		unregister_chrdev_region(dmabay_devt, DMABAY_MAX_DEVICES);

	return ret;
}

/**
 * dmabay_device_exit() - Undo dmabay_device_init()
 */
void dmabay_device_exit(void)
{
	class_unregister(&dmabay_class);
	unregister_chrdev_region(dmabay_devt, DMABAY_MAX_DEVICES);
	ida_destroy(&dmabay_minors);
}

/* Of a channel whose driver has nothing to count. */
static const struct dmabay_device_ops dmabay_channel_ops;

/* What moves the bytes: a channel, or the ops? */
static bool dmabay_device_engine_valid(const struct dmabay_device_config *config)
{
	const struct dmabay_system_config *system = config->system;

	if (!system)
		return config->ops && config->ops->program && config->ops->stop &&
		       config->memory_size && config->enabler.profile < DMABAY_PROFILE_SYSTEM;

	return config->enabler.profile == DMABAY_PROFILE_SYSTEM && !system->looped &&
	       config->timeout_ms && (config->memory_size || !system->memory_to_memory);
}

static bool dmabay_device_config_valid(const struct dmabay_device_config *config)
{
	return config && config->driver && config->dma_dev &&
	       dmabay_device_engine_valid(config) && is_power_of_2(config->alignment) &&
	       !config->enabler.flags && !(config->directions & ~DMABAY_DIRECTIONS) &&
	       strlen(config->driver) < sizeof_field(struct dmabay_device, driver);
}

static struct dmabay_device *dmabay_device_alloc(struct device *parent,
						 const struct dmabay_device_config *config)
{
	struct dmabay_device *device;
	int minor = -ENOMEM;

	device = kzalloc_obj(*device);
	if (!device)
		return ERR_PTR(-ENOMEM);

	device->moved = alloc_percpu(struct dmabay_moved);
	if (device->moved)
		minor = ida_alloc_max(&dmabay_minors, DMABAY_MAX_DEVICES - 1, GFP_KERNEL);
	if (minor < 0) {
		free_percpu(device->moved);
		kfree(device);
		return ERR_PTR(minor);
	}

	init_rwsem(&device->registration_lock);
	mutex_init(&device->files_lock);
	INIT_LIST_HEAD(&device->files);
	INIT_WORK(&device->dump.work, dmabay_dump_work);
	device->config = *config;
	device->config.ops = config->ops ?: &dmabay_channel_ops;
	device->config.directions = config->directions ?: DMABAY_DIRECTIONS;
	strscpy(device->driver, config->driver, sizeof(device->driver));
	device->config.driver = device->driver;
	strscpy(device->bus, config->bus ?: dev_name(config->dma_dev), sizeof(device->bus));
	device->config.bus = device->bus;
	device->config.system = NULL;
	device->is_channel = config->system;
	device->is_copier = config->system && config->system->memory_to_memory;
	device->polls = device->config.ops->poll;

	device->dev.devt = MKDEV(MAJOR(dmabay_devt), minor);
	device->dev.class = &dmabay_class;
	device->dev.parent = parent;
	device_initialize(&device->dev);

	cdev_init(&device->cdev, &dmabay_file_operations);
	/* Of this module, not of the driver: that one may go while files are open. */
	device->cdev.owner = THIS_MODULE;

	return device;
}

/* There is one channel, and so one enabler. */
static int dmabay_device_use_channel(struct dmabay_device *device,
				     const struct dmabay_system_config *system)
{
	int ret;

	/* The direction is a formality: the channel is for both. */
	ret = dmabay_enabler_configure_system_profile(device->enabler, system,
						      DMABAY_READ_FROM_DEVICE);
	if (ret)
		dmabay_enabler_delete(device->enabler);
	else
		device->once_enabler = device->enabler;

	return ret;
}

static int dmabay_device_create_enablers(struct dmabay_device *device,
					 const struct dmabay_system_config *system)
{
	struct dmabay_enabler_config config = device->config.enabler;
	int ret;

	config.flags |= DMABAY_ENABLER_KEEP_LINKS;
	ret = dmabay_enabler_create(device->config.dma_dev, &config, &device->enabler);
	if (ret)
		return ret;
	if (system)
		return dmabay_device_use_channel(device, system);

	/* The device has power once, however many enablers it is given. */
	config.power = NULL;
	config.flags = 0;
	config.provider = DMABAY_PROVIDER_DIRECT;
	ret = dmabay_enabler_create(device->config.dma_dev, &config, &device->once_enabler);
	/* Memory may be out of reach for the plain DMA API: then bounce it. */
	if (ret == -EOPNOTSUPP) {
		config.provider = DMABAY_PROVIDER_BOUNCE;
		ret = dmabay_enabler_create(device->config.dma_dev, &config,
					    &device->once_enabler);
	}
	if (ret)
		dmabay_enabler_delete(device->enabler);

	return ret;
}

static void dmabay_device_delete_enablers(struct dmabay_device *device)
{
	if (device->once_enabler != device->enabler)
		dmabay_enabler_delete(device->once_enabler);
	dmabay_enabler_delete(device->enabler);
}

/* See <linux/dmabay.h>. */
struct dmabay_device *dmabay_device_register(struct device *parent,
					     const struct dmabay_device_config *config)
{
	struct dmabay_device *device;
	int ret;

	if (!dmabay_device_config_valid(config))
		return ERR_PTR(-EINVAL);

	device = dmabay_device_alloc(parent, config);
	if (IS_ERR(device))
		return device;

	ret = dev_set_name(&device->dev, "dmabay%u", MINOR(device->dev.devt));
	if (ret)
		goto err_put;

	ret = dmabay_device_create_enablers(device, config->system);
	if (ret)
		goto err_put;

	dmabay_crossover_init(device);
	device->ops = device->config.ops;
	ret = cdev_device_add(&device->cdev, &device->dev);
	if (ret)
		goto err_enablers;

	dmabay_debugfs_add(device);
	return device;

err_enablers:
	dmabay_device_delete_enablers(device);
err_put:
	put_device(&device->dev);
	return ERR_PTR(ret);
}
EXPORT_SYMBOL_GPL(dmabay_device_register);

/* See <linux/dmabay.h>. */
void dmabay_device_unregister(struct dmabay_device *device)
{
	struct dmabay_file *file;

	dmabay_debugfs_remove(device);
	cdev_device_del(&device->cdev, &device->dev);

	down_write(&device->registration_lock);
	device->ops = NULL;
	WRITE_ONCE(device->gone, true);
	up_write(&device->registration_lock);

	/*
	 * From here on no command reaches the driver. A transfer that saw the
	 * device still there may yet be programmed; the driver completes it at
	 * once, like all that it has. A channel is stopped as its files end.
	 */
	if (!device->is_channel)
		device->config.ops->stop(device);

	mutex_lock(&device->files_lock);
	/* One may wait in line for what another one has, and end only after that. */
	list_for_each_entry(file, &device->files, node)
		wake_up_all(&file->idle);
	list_for_each_entry(file, &device->files, node)
		dmabay_file_end(file, -ENODEV);
	mutex_unlock(&device->files_lock);

	/* Nothing is left that could be late. */
	flush_work(&device->dump.work);

	dmabay_device_delete_enablers(device);
	put_device(&device->dev);
}
EXPORT_SYMBOL_GPL(dmabay_device_unregister);

/* See <linux/dmabay.h>. */
void *dmabay_device_data(const struct dmabay_device *device)
{
	return device->config.data;
}
EXPORT_SYMBOL_GPL(dmabay_device_data);

#ifdef CONFIG_IOMMU_API
static int dmabay_count_device(struct device *dev, void *count)
{
	++*(u32 *)count;
	return 0;
}

static u32 dmabay_group_devices(struct device *dev)
{
	struct iommu_group *group = iommu_group_get(dev);
	u32 count = 0;

	if (!group)
		return 0;

	iommu_group_for_each_dev(group, &count, dmabay_count_device);
	iommu_group_put(group);

	return count;
}

/**
 * dmabay_iommu() - How are the addresses of a device translated?
 * @dev: the device
 *
 * Return: as it is at this moment.
 */
enum dmabay_info_iommu dmabay_iommu(struct device *dev)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	if (!domain)
		return DMABAY_INFO_IOMMU_NONE;
	if (domain->type == IOMMU_DOMAIN_IDENTITY)
		return DMABAY_INFO_IOMMU_PASSTHROUGH;
	if (domain->type == IOMMU_DOMAIN_DMA_FQ)
		return DMABAY_INFO_IOMMU_LAZY;

	return DMABAY_INFO_IOMMU_STRICT;
}
#else
static u32 dmabay_group_devices(struct device *dev)
{
	return 0;
}

enum dmabay_info_iommu dmabay_iommu(struct device *dev)
{
	return DMABAY_INFO_IOMMU_NONE;
}
#endif

static_assert((int)DMABAY_INFO_PROVIDER_IOVA == (int)DMABAY_PROVIDER_IOVA);
static_assert((int)DMABAY_INFO_PROVIDER_BOUNCE == (int)DMABAY_PROVIDER_BOUNCE);
static_assert((int)DMABAY_INFO_PROVIDER_DIRECT == (int)DMABAY_PROVIDER_DIRECT);

static u32 dmabay_info_flags(const struct dmabay_device *device,
			     const struct dmabay_adapter_info *adapter)
{
	u32 flags = 0;

	/* What the driver of a channel's controller allocates is not ours to reserve. */
	if (adapter->guaranteed && !device->is_channel)
		flags |= DMABAY_INFO_GUARANTEED;
	if (device->config.directions & BIT(DMABAY_READ_FROM_DEVICE))
		flags |= DMABAY_INFO_FROM_DEVICE;
	if (device->config.directions & BIT(DMABAY_WRITE_TO_DEVICE))
		flags |= DMABAY_INFO_TO_DEVICE;
	if (device->is_channel)
		flags |= DMABAY_INFO_EXCLUSIVE;

	return flags;
}

/**
 * dmabay_device_info() - What the device is
 * @device: the device
 * @info: out: all but its size
 *
 * Context: may sleep.
 * Return: 0 or -ENODEV.
 */
int dmabay_device_info(struct dmabay_device *device, struct dmabay_info *info)
{
	struct dmabay_adapter_info adapter;

	down_read(&device->registration_lock);
	if (!device->ops) {
		up_read(&device->registration_lock);
		return -ENODEV;
	}

	dmabay_adapter_info(dmabay_enabler_adapter(device->enabler, DMABAY_READ_FROM_DEVICE),
			    &adapter);
	*info = (struct dmabay_info) {
		.flags = dmabay_info_flags(device, &adapter),
		.provider = adapter.provider,
		.iommu = dmabay_iommu(device->config.dma_dev),
		.page_size = PAGE_SIZE,
		.map_registers = adapter.map_registers,
		.map_registers_free = adapter.map_registers_free,
		.waiters = adapter.waiters,
		.max_length = dmabay_enabler_max_length(device->enabler),
		.fragment_length = dmabay_enabler_fragment_length(device->enabler,
								  DMABAY_READ_FROM_DEVICE),
		.device_memory = device->config.memory_size,
		.alignment = device->config.alignment,
		.max_buffers = DMABAY_MAX_BUFFERS,
		.max_reservations = DMABAY_MAX_RESERVATIONS,
		.max_depth = DMABAY_MAX_DEPTH,
		.max_batch = DMABAY_MAX_BATCH,
		.group_devices = dmabay_group_devices(device->config.dma_dev),
		.max_register_length = DMABAY_MAX_REGISTER_LENGTH,
	};
	strscpy(info->driver, device->driver, sizeof(info->driver));
	strscpy(info->bus, device->bus, sizeof(info->bus));
	up_read(&device->registration_lock);

	return 0;
}

/**
 * dmabay_ioctl_info() - DMABAY_INFO
 * @command: the command
 *
 * Return: 0 or a negative errno.
 */
int dmabay_ioctl_info(struct dmabay_command *command)
{
	struct dmabay_info *info = command->data;
	u32 size = info->size;
	int ret;

	ret = dmabay_device_info(command->file->device, info);
	info->size = size;

	return ret ?: dmabay_command_respond(command);
}

static void dmabay_add_adapter_counters(struct dmabay_counters *counters,
					struct dmabay_enabler *enabler)
{
	struct dmabay_adapter_counters adapter;

	dmabay_adapter_counters(dmabay_enabler_adapter(enabler, DMABAY_READ_FROM_DEVICE),
				&adapter);
	counters->links += adapter.links;
	counters->unlinks += adapter.unlinks;
	counters->flushes += adapter.flushes;
	counters->linked_bytes += adapter.linked_bytes;
	counters->hits += adapter.hits;
	counters->bounced_bytes += adapter.bounced_bytes;
	counters->mapped += adapter.mapped;
	counters->unmapped += adapter.unmapped;
}

static void dmabay_add_moved(struct dmabay_counters *counters, struct dmabay_device *device)
{
	int cpu;

	for_each_possible_cpu(cpu) {
		const struct dmabay_moved *moved = per_cpu_ptr(device->moved, cpu);

		counters->transfers += READ_ONCE(moved->transfers);
		counters->bytes += READ_ONCE(moved->bytes);
	}
}

/**
 * dmabay_device_counters() - What the device has cost so far
 * @device: the device
 * @counters: out: all but its size
 *
 * Context: may sleep.
 * Return: 0 or -ENODEV.
 */
int dmabay_device_counters(struct dmabay_device *device, struct dmabay_counters *counters)
{
	u64 faults = 0, engine_ticks = 0, timeouts = atomic64_read(&device->timeouts);

	down_read(&device->registration_lock);
	if (!device->ops) {
		up_read(&device->registration_lock);
		return -ENODEV;
	}

	*counters = (struct dmabay_counters) {
		.pinned_pages = atomic64_read(&device->pinned_pages),
		.pins = atomic64_read(&device->pins),
		.errors = atomic64_read(&device->errors),
	};
	dmabay_add_moved(counters, device);
	dmabay_add_adapter_counters(counters, device->enabler);
	if (device->once_enabler != device->enabler)
		dmabay_add_adapter_counters(counters, device->once_enabler);
	if (device->ops->counters)
		device->ops->counters(device, &faults, &engine_ticks, &timeouts);
	up_read(&device->registration_lock);

	counters->faults = faults;
	counters->engine_ticks = engine_ticks;
	counters->timeouts = timeouts;

	return 0;
}

/**
 * dmabay_ioctl_counters() - DMABAY_COUNTERS
 * @command: the command
 *
 * Return: 0 or a negative errno.
 */
int dmabay_ioctl_counters(struct dmabay_command *command)
{
	struct dmabay_counters *counters = command->data;
	u32 size = counters->size;
	int ret;

	if (counters->flags)
		return -EOPNOTSUPP;

	ret = dmabay_device_counters(command->file->device, counters);
	counters->size = size;

	return ret ?: dmabay_command_respond(command);
}
