// SPDX-License-Identifier: GPL-2.0-only
/*
 * Channels from the device tree: which nodes a peripheral gets, when it gets them, what is
 * refused, and that a controller which goes takes them along.
 *
 * The tree is that of dmaengine_kunit.dtso. The controller is the test engine, the driver
 * dmabay_dmaengine; both are there as in any other kernel.
 */
#include <kunit/of.h>
#include <kunit/test.h>
#include <linux/of.h>
#include <linux/of_platform.h>
#include <linux/platform_device.h>

#include "../module/user.h"

/* The nodes of a peripheral, in no order. */
struct nodes {
	unsigned int count;
	struct dmabay_device *devices[8];
};

static void put_device_action(void *dev)
{
	put_device(dev);
}

static struct device *find_device(struct kunit *test, const char *name)
{
	struct device_node *node = of_find_node_by_name(NULL, name);
	struct platform_device *pdev;

	KUNIT_ASSERT_NOT_NULL(test, node);
	of_node_put_kunit(test, node);
	pdev = of_find_device_by_node(node);
	KUNIT_ASSERT_NOT_NULL(test, pdev);
	KUNIT_ASSERT_EQ(test, kunit_add_action_or_reset(test, put_device_action, &pdev->dev), 0);
	return &pdev->dev;
}

static int add_node(struct device *dev, void *data)
{
	struct nodes *nodes = data;

	if (nodes->count < ARRAY_SIZE(nodes->devices))
		nodes->devices[nodes->count] = container_of(dev, struct dmabay_device, dev);
	nodes->count++;
	return 0;
}

static unsigned int count_nodes(struct device *dev, struct nodes *nodes)
{
	nodes->count = 0;
	device_for_each_child(dev, nodes, add_node);
	return nodes->count;
}

static struct dmabay_device *node_of(struct kunit *test, struct nodes *nodes, const char *bus)
{
	unsigned int i;

	for (i = 0; i < nodes->count; i++) {
		if (!strcmp(nodes->devices[i]->bus, bus))
			return nodes->devices[i];
	}
	KUNIT_FAIL_AND_ABORT(test, "there is no node for %s", bus);
	return NULL;
}

static int attach(struct device *dev)
{
	struct device_driver *driver = driver_find("dmabay_dmaengine", &platform_bus_type);

	return driver ? device_driver_attach(driver, dev) : -ENXIO;
}

static int dmaengine_init(struct kunit *test)
{
	KUNIT_ASSERT_EQ(test, of_overlay_apply_kunit(test, dmaengine_kunit), 0);
	wait_for_device_probe();
	return 0;
}

static void expect_node(struct kunit *test, struct nodes *nodes, const char *bus,
			unsigned int directions)
{
	struct dmabay_device *device = node_of(test, nodes, bus);

	KUNIT_EXPECT_EQ(test, device->config.directions, directions);
	KUNIT_EXPECT_EQ(test, device->config.memory_size, 0);
	KUNIT_EXPECT_EQ(test, device->config.alignment, 8);
	KUNIT_EXPECT_TRUE(test, device->is_channel);
	KUNIT_EXPECT_FALSE(test, device->is_copier);
}

static void expect_nodes(struct kunit *test, struct device *dev)
{
	struct nodes nodes;

	KUNIT_ASSERT_EQ(test, count_nodes(dev, &nodes), 3);
	expect_node(test, &nodes, "dmabay-good:rx-samples", BIT(DMABAY_READ_FROM_DEVICE));
	expect_node(test, &nodes, "dmabay-good:tx", BIT(DMABAY_WRITE_TO_DEVICE));
	expect_node(test, &nodes, "dmabay-good:both",
		    BIT(DMABAY_READ_FROM_DEVICE) | BIT(DMABAY_WRITE_TO_DEVICE));
}

/* One for each channel, with the ways that its name allows. */
static void dmaengine_one_node_per_channel(struct kunit *test)
{
	expect_nodes(test, find_device(test, "dmabay-good"));
}

/* A controller that goes takes the nodes along; when it comes back they are there again. */
static void dmaengine_controller_comes_and_goes(struct kunit *test)
{
	struct device *engine = find_device(test, "dmabay-engine");
	struct device *dev = find_device(test, "dmabay-good");
	struct nodes nodes;

	device_release_driver(engine);
	KUNIT_EXPECT_EQ(test, count_nodes(dev, &nodes), 0);
	KUNIT_EXPECT_EQ(test, attach(dev), -EAGAIN);
	KUNIT_EXPECT_EQ(test, count_nodes(dev, &nodes), 0);

	KUNIT_ASSERT_EQ(test, device_attach(engine), 1);
	wait_for_device_probe();
	expect_nodes(test, dev);
}

/* The driver goes, and its channels are free for whoever asks next. */
static void dmaengine_driver_comes_and_goes(struct kunit *test)
{
	struct device *dev = find_device(test, "dmabay-good");
	struct nodes nodes;

	device_release_driver(dev);
	KUNIT_EXPECT_EQ(test, count_nodes(dev, &nodes), 0);
	KUNIT_EXPECT_EQ(test, attach(dev), 0);
	expect_nodes(test, dev);
}

static void dmaengine_refused(struct kunit *test)
{
	static const struct {
		const char *name;
		int error;
	} refusals[] = {
		{ "dmabay-nameless", -EINVAL },
		{ "dmabay-without-channels", -ENODEV },
		{ "dmabay-unknown-channel", -ENODEV },
		{ "dmabay-taken-channel", -ENODEV },
		{ "dmabay-odd-width", -EINVAL },
	};
	struct nodes nodes;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(refusals); i++) {
		struct device *dev = find_device(test, refusals[i].name);

		KUNIT_EXPECT_EQ_MSG(test, attach(dev), refusals[i].error, "%s", refusals[i].name);
		KUNIT_EXPECT_EQ_MSG(test, count_nodes(dev, &nodes), 0, "%s", refusals[i].name);
	}
}

static struct kunit_case dmaengine_cases[] = {
	KUNIT_CASE(dmaengine_one_node_per_channel),
	KUNIT_CASE(dmaengine_controller_comes_and_goes),
	KUNIT_CASE(dmaengine_driver_comes_and_goes),
	KUNIT_CASE(dmaengine_refused),
	{ }
};

static struct kunit_suite dmaengine_suite = {
	.name = "dmabay_dmaengine",
	.init = dmaengine_init,
	.test_cases = dmaengine_cases,
};
kunit_test_suite(dmaengine_suite);
