// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmabay_dmaengine: channels of DMA controllers, each of which becomes a node.
 *
 * There are two kinds. One that copies in memory is named by the parameter copy=; it
 * gets memory of its own from the DMA API, and that is the node's device memory. One
 * that serves a peripheral is named by a node of the device tree (dmabay,channel.yaml)
 * to which this platform driver is bound; it has no device memory, bytes go to and come
 * from the peripheral in their order.
 *
 * A node owns its channel from the time it was requested, and nobody else uses it. The
 * module of the controller stays as long as that. Its driver may be unbound all the
 * same, and then takes its channels along, whoever has them. So the node hears of it
 * before that, by a notifier, and lets go: transfers end with -ENODEV, the node
 * disappears, the memory and the channel are given back. The struct stays until this
 * module goes, and does nothing more. What the device tree names is linked to its
 * controller: it is unbound before that, with the same outcome, and bound again when
 * the controller is.
 */

#include <linux/bits.h>
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/dmaengine.h>
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/minmax.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/platform_device.h>
#include <linux/property.h>
#include <linux/sizes.h>
#include <linux/string.h>

#include <linux/dmabay.h>

#include "provider_names.h"

#define DMAENGINE_NAME		"dmabay_dmaengine"
#define DMAENGINE_COPIES	32

static char *dmaengine_copy[DMAENGINE_COPIES];
static unsigned int dmaengine_copies;
module_param_array_named(copy, dmaengine_copy, charp, &dmaengine_copies, 0444);
MODULE_PARM_DESC(copy, "Channels that copy in memory, as in /sys/class/dma, or \"any\" for one of any controller");

static unsigned int dmaengine_memory = 4;
module_param_named(memory, dmaengine_memory, uint, 0444);
MODULE_PARM_DESC(memory, "Device memory of each channel that copies, in MiB (default 4)");

static unsigned int dmaengine_map_registers;
module_param_named(map_registers, dmaengine_map_registers, uint, 0444);
MODULE_PARM_DESC(map_registers, "Map registers of each channel, in pages; 0 for what max_length needs (default 0)");

static unsigned int dmaengine_max_length = SZ_4M;
module_param_named(max_length, dmaengine_max_length, uint, 0444);
MODULE_PARM_DESC(max_length, "Longest transfer, in bytes (default 4194304)");

static int dmaengine_provider_number;
static char *dmaengine_provider = "auto";
module_param_named(provider, dmaengine_provider, charp, 0444);
MODULE_PARM_DESC(provider, "What backs the map registers: auto, iova, bounce or direct (default auto)");

static unsigned int dmaengine_timeout_ms = 5000;
module_param_named(timeout_ms, dmaengine_timeout_ms, uint, 0444);
MODULE_PARM_DESC(timeout_ms, "Time that a piece may take, in milliseconds (default 5000)");

/**
 * struct dmaengine_node - A channel, and its node
 * @name: what users are told as its place
 * @parent: where the node is in sysfs
 * @controller: the device whose driver offers the channel; a reference
 * @notifier: sees the controller go
 * @lock: nests inside the device lock of @controller
 * @channel: NULL once it was given back
 * @memory: what a channel that copies has on its other side, or NULL
 * @memory_address: the same for the controller
 * @memory_size: bytes of it
 * @device: what was registered
 */
struct dmaengine_node {
	const char *name;
	struct device *parent;
	struct device *controller;
	struct notifier_block notifier;
	struct mutex lock; /* guards all below against the end of the controller */
	struct dma_chan *channel;
	void *memory;
	dma_addr_t memory_address;
	size_t memory_size;
	struct dmabay_device *device;
};

/* Give back all that is the controller's. Does nothing the second time. */
static void node_release(struct dmaengine_node *node)
{
	lockdep_assert_held(&node->lock);

	if (!node->channel)
		return;

	if (node->device)
		dmabay_device_unregister(node->device);
	node->device = NULL;
	if (node->memory)
		dma_free_coherent(dmaengine_get_dma_device(node->channel), node->memory_size,
				  node->memory, node->memory_address);
	dma_release_channel(node->channel);
	node->channel = NULL;
}

/* Something happens to a device of the controller's bus. */
static int node_notify(struct notifier_block *notifier, unsigned long event, void *data)
{
	struct dmaengine_node *node = container_of(notifier, struct dmaengine_node, notifier);

	if (data != node->controller ||
	    (event != BUS_NOTIFY_UNBIND_DRIVER && event != BUS_NOTIFY_DEL_DEVICE))
		return NOTIFY_DONE;

	mutex_lock(&node->lock);
	if (node->channel)
		dev_notice(node->controller, "%s is taken back, its dmabay node is gone\n",
			   node->name);
	node_release(node);
	mutex_unlock(&node->lock);

	return NOTIFY_OK;
}

/* Undo node_open(). */
static void node_close(struct dmaengine_node *node)
{
	if (node->controller->bus)
		bus_unregister_notifier(node->controller->bus, &node->notifier);

	mutex_lock(&node->lock);
	node_release(node);
	mutex_unlock(&node->lock);

	mutex_destroy(&node->lock);
	put_device(node->controller);
}

/* The memory on the other side of a copy. */
static int node_alloc_memory(struct dmaengine_node *node)
{
	struct device *dev = dmaengine_get_dma_device(node->channel);

	if (!dev->dma_mask || !dev->coherent_dma_mask)
		return -ENODEV;

	node->memory_size = (size_t)dmaengine_memory << 20;
	/* Contiguous without an IOMMU: too much to ask for is no surprise. */
	node->memory = dma_alloc_coherent(dev, node->memory_size, &node->memory_address,
					  GFP_KERNEL | __GFP_NOWARN);

	return node->memory ? 0 : -ENOMEM;
}

static int node_register(struct dmaengine_node *node, struct dmabay_system_config *system,
			 unsigned int directions)
{
	const struct dma_slave_config *slave = &system->slave;
	struct dmabay_device_config config = {
		.driver = DMAENGINE_NAME,
		.dma_dev = dmaengine_get_dma_device(node->channel),
		.alignment = max3(1U << node->channel->device->copy_align,
				  (unsigned int)slave->src_addr_width,
				  (unsigned int)slave->dst_addr_width),
		.enabler = DMABAY_ENABLER_CONFIG(DMABAY_PROFILE_SYSTEM, dmaengine_max_length),
		.system = system,
		.directions = directions,
		.timeout_ms = dmaengine_timeout_ms,
		.bus = node->name,
	};
	struct dmabay_device *device;
	int error;

	lockdep_assert_held(&node->lock);

	config.enabler.provider = dmaengine_provider_number;
	config.enabler.map_registers = dmaengine_map_registers;

	if (system->memory_to_memory) {
		error = node_alloc_memory(node);
		if (error)
			return error;
		config.memory_size = node->memory_size;
		system->device_address = node->memory_address;
	}

	device = dmabay_device_register(node->parent, &config);
	if (IS_ERR(device))
		return PTR_ERR(device);
	node->device = device;

	return 0;
}

/*
 * Make a node of a channel that was requested; on failure it is given back. The name
 * and the parent are set. The driver of the controller shall not be unbound meanwhile.
 */
static int node_open(struct dmaengine_node *node, struct dmabay_system_config *system,
		     unsigned int directions)
{
	int error = 0;

	node->channel = system->channel;
	node->controller = get_device(node->channel->device->dev);
	node->notifier.notifier_call = node_notify;
	mutex_init(&node->lock);

	if (node->controller->bus)
		error = bus_register_notifier(node->controller->bus, &node->notifier);
	if (error) {
		dma_release_channel(node->channel);
		mutex_destroy(&node->lock);
		put_device(node->controller);
		return error;
	}

	mutex_lock(&node->lock);
	error = node_register(node, system, directions);
	mutex_unlock(&node->lock);
	if (error)
		node_close(node);

	return error;
}

static struct dmaengine_node dmaengine_copy_nodes[DMAENGINE_COPIES];

/**
 * struct dmaengine_search - Look for a channel that copies
 * @name: of the channel, or "any"
 * @take: take it, if it is of @controller; else only find that
 * @controller: out: whose channel it is; a reference
 * @exists: out: there is one of this name, free or not
 */
struct dmaengine_search {
	const char *name;
	bool take;
	struct device *controller;
	bool exists;
};

/* Called for channels that are free. Shall it be taken? */
static bool copy_filter(struct dma_chan *channel, void *param)
{
	struct device *controller = channel->device->dev, *named;
	struct dmaengine_search *search = param;
	bool wanted;

	if (!strcmp(search->name, "any"))
		wanted = dma_has_cap(DMA_MEMCPY, channel->device->cap_mask);
	else
		wanted = !strcmp(search->name, dma_chan_name(channel));
	if (search->take)
		return wanted && controller == search->controller;

	if (wanted && !search->controller)
		search->controller = get_device(controller);
	/* The class has no other name for us than by one of its devices. */
	named = class_find_device_by_name(channel->dev->device.class, search->name);
	if (named)
		search->exists = true;
	put_device(named);

	return false;
}

/* Request the channel that was found, and make a node of it. */
static int copy_take(struct dmaengine_node *node, struct dmaengine_search *search)
{
	struct dmabay_system_config system = DMABAY_SYSTEM_CONFIG(NULL);
	dma_cap_mask_t none;

	dma_cap_zero(none);
	search->take = true;
	system.channel = dma_request_channel(none, copy_filter, search);
	if (!system.channel)
		return -EBUSY;

	node->name = dma_chan_name(system.channel);
	node->parent = search->controller;
	system.memory_to_memory = true;

	return node_open(node, &system, 0);
}

/*
 * First whose channel it is: what is requested before the lock of that device is held
 * could be gone, with the driver, before anybody hears of it.
 */
static int copy_open(struct dmaengine_node *node, const char *name)
{
	struct dmaengine_search search = { .name = name };
	dma_cap_mask_t none;
	int error;

	dma_cap_zero(none);
	dma_request_channel(none, copy_filter, &search);
	if (!search.controller) {
		error = search.exists ? -EBUSY : -ENODEV;
		pr_err(DMAENGINE_NAME ": DMA channel '%s' is %s\n", name,
		       search.exists ? "in use" : "not there, or none is free");
		return error;
	}

	device_lock(search.controller);
	error = copy_take(node, &search);
	device_unlock(search.controller);
	put_device(search.controller);
	if (error)
		pr_err(DMAENGINE_NAME ": DMA channel '%s' cannot be a node: error %d\n", name,
		       error);

	return error;
}

static void copy_close(unsigned int count)
{
	while (count--)
		node_close(&dmaengine_copy_nodes[count]);
}

static int copy_open_all(void)
{
	unsigned int i;
	int error;

	for (i = 0; i < dmaengine_copies; i++) {
		error = copy_open(&dmaengine_copy_nodes[i], dmaengine_copy[i]);
		if (error) {
			copy_close(i);
			return error;
		}
	}

	return 0;
}

static void slave_close(void *node)
{
	node_close(node);
}

/* Which ways it may be used, by its name, and can be used, by its controller. */
static int slave_directions(struct dma_chan *channel, const char *name, unsigned int *directions)
{
	struct dma_slave_caps caps;
	int error;

	error = dma_get_slave_caps(channel, &caps);
	if (error)
		return error;

	*directions = 0;
	if ((caps.directions & BIT(DMA_DEV_TO_MEM)) && !str_has_prefix(name, "tx"))
		*directions |= BIT(DMABAY_READ_FROM_DEVICE);
	if ((caps.directions & BIT(DMA_MEM_TO_DEV)) && !str_has_prefix(name, "rx"))
		*directions |= BIT(DMABAY_WRITE_TO_DEVICE);

	return *directions ? 0 : -EOPNOTSUPP;
}

/* What the device tree says of the peripheral. */
static int slave_describe(struct platform_device *pdev, unsigned int index,
			  struct dma_slave_config *slave)
{
	struct resource *data = platform_get_resource(pdev, IORESOURCE_MEM, index);
	u32 width = DMA_SLAVE_BUSWIDTH_UNDEFINED, burst = 0;

	/* One register for all channels, or one for each. */
	if (!data)
		data = platform_get_resource(pdev, IORESOURCE_MEM, 0);
	device_property_read_u32(&pdev->dev, "reg-io-width", &width);
	device_property_read_u32(&pdev->dev, "dmabay,max-burst", &burst);
	if (width && (!is_power_of_2(width) || width > DMA_SLAVE_BUSWIDTH_128_BYTES))
		return dev_err_probe(&pdev->dev, -EINVAL, "reg-io-width %u\n", width);

	*slave = (struct dma_slave_config) {
		.src_addr = data ? data->start : 0,
		.dst_addr = data ? data->start : 0,
		.src_addr_width = width,
		.dst_addr_width = width,
		.src_maxburst = burst,
		.dst_maxburst = burst,
	};

	return 0;
}

static int slave_open(struct platform_device *pdev, unsigned int index, const char *name)
{
	struct dmabay_system_config system = DMABAY_SYSTEM_CONFIG(NULL);
	struct device *dev = &pdev->dev;
	struct dmaengine_node *node;
	unsigned int directions;
	int error;

	node = devm_kzalloc(dev, sizeof(*node), GFP_KERNEL);
	if (!node)
		return -ENOMEM;
	node->parent = dev;
	node->name = devm_kasprintf(dev, GFP_KERNEL, "%s:%s", dev_name(dev), name);
	if (!node->name)
		return -ENOMEM;
	error = slave_describe(pdev, index, &system.slave);
	if (error)
		return error;

	system.channel = dma_request_chan(dev, name);
	if (IS_ERR(system.channel))
		return dev_err_probe(dev, PTR_ERR(system.channel), "no DMA channel '%s'\n", name);

	error = slave_directions(system.channel, name, &directions);
	if (error) {
		dma_release_channel(system.channel);
		return dev_err_probe(dev, error, "DMA channel '%s' cannot do that\n", name);
	}

	/* A link that cannot be made (a cycle) leaves the notifier. */
	if (system.channel->device->dev->driver)
		device_link_add(dev, system.channel->device->dev, DL_FLAG_AUTOPROBE_CONSUMER);
	error = node_open(node, &system, directions);
	if (error)
		return dev_err_probe(dev, error, "DMA channel '%s' cannot be a node\n", name);

	return devm_add_action_or_reset(dev, slave_close, node);
}

static int slave_probe(struct platform_device *pdev)
{
	struct device *dev = &pdev->dev;
	const char **names;
	int count, error, i;

	count = device_property_string_array_count(dev, "dma-names");
	if (count <= 0)
		return dev_err_probe(dev, -EINVAL, "no dma-names\n");
	names = devm_kcalloc(dev, count, sizeof(*names), GFP_KERNEL);
	if (!names)
		return -ENOMEM;
	count = device_property_read_string_array(dev, "dma-names", names, count);
	if (count < 0)
		return dev_err_probe(dev, count, "no dma-names\n");

	for (i = 0; i < count; i++) {
		error = slave_open(pdev, i, names[i]);
		if (error)
			return error;
	}

	return 0;
}

static const struct of_device_id slave_ids[] = {
	{ .compatible = "dmabay,channel" },
	{ }
};
MODULE_DEVICE_TABLE(of, slave_ids);

static struct platform_driver slave_driver = {
	.driver.name = DMAENGINE_NAME,
	.driver.of_match_table = slave_ids,
	.probe = slave_probe,
};

/* What would otherwise be told of each channel. */
static int __init parameters_check(void)
{
	size_t mebibytes = dmaengine_memory;

	if (!mebibytes || mebibytes > (SIZE_MAX >> 20)) {
		pr_err(DMAENGINE_NAME ": memory=%u is out of range\n", dmaengine_memory);
		return -EINVAL;
	}
	if (!dmaengine_max_length || !dmaengine_timeout_ms) {
		pr_err(DMAENGINE_NAME ": max_length and timeout_ms cannot be 0\n");
		return -EINVAL;
	}

	dmaengine_provider_number = dmabay_provider_by_name(DMAENGINE_NAME, dmaengine_provider);
	return min(dmaengine_provider_number, 0);
}

static int __init dmaengine_init(void)
{
	int error;

	error = parameters_check();
	if (error)
		return error;

	error = copy_open_all();
	if (error)
		return error;

	error = platform_driver_register(&slave_driver);
	if (error)
		copy_close(dmaengine_copies);

	return error;
}
module_init(dmaengine_init);

static void __exit dmaengine_exit(void)
{
	platform_driver_unregister(&slave_driver);
	copy_close(dmaengine_copies);
}
module_exit(dmaengine_exit);

MODULE_AUTHOR("dmabay developers");
MODULE_DESCRIPTION("dmabay device: a channel of a DMA controller");
MODULE_LICENSE("GPL");
