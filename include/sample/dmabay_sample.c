// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmabay_sample: a whole driver over <linux/dmabay.h>, to be copied. Its card becomes
 * /dev/dmabayN. It runs on any machine, because the card is the one of dmabay_soft: where
 * it says dmabay_soft, a driver of yours has registers and an interrupt.
 *
 * Who owns a piece. The core hands it over in sample_program(). It is then in the queue, or
 * it is active, and the engine may touch its memory. Whoever takes it out of these two,
 * under the lock, completes it, after dropping the lock: completing may program the next.
 */
#include <linux/dma-mapping.h>
#include <linux/mod_devicetable.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/sizes.h>

#include <linux/dmabay.h>
#include <linux/dmabay_soft.h>

struct sample {
	struct dmabay_soft_engine *engine;
	spinlock_t lock; /* guards all below, and the start of the engine */
	struct list_head queue;
	struct dmabay_device_piece *active;
	bool stopped;
};

/* Write the registers, if the engine is idle and there is something to do. */
static void sample_start(struct sample *sample)
{
	struct dmabay_device_piece *piece;

	lockdep_assert_held(&sample->lock);
	piece = list_first_entry_or_null(&sample->queue, struct dmabay_device_piece, node);
	if (!piece || sample->active)
		return;
	list_del(&piece->node);
	sample->active = piece;
	dmabay_soft_start(sample->engine, piece->address, piece->length, piece->device_address,
			  piece->direction);
}

static void sample_interrupt(void *data, int status, size_t moved)
{
	struct dmabay_device_piece *piece;
	struct sample *sample = data;
	unsigned long flags;

	spin_lock_irqsave(&sample->lock, flags);
	piece = sample->active;
	sample->active = NULL;
	sample_start(sample);
	spin_unlock_irqrestore(&sample->lock, flags);
	dmabay_device_complete(piece, status, moved);
}

static void sample_program(struct dmabay_device *device, struct dmabay_device_piece *piece)
{
	struct sample *sample = dmabay_device_data(device);
	unsigned long flags;
	bool stopped;

	spin_lock_irqsave(&sample->lock, flags);
	stopped = sample->stopped;
	if (!stopped) {
		list_add_tail(&piece->node, &sample->queue);
		sample_start(sample);
	}
	spin_unlock_irqrestore(&sample->lock, flags);

	if (stopped)
		dmabay_device_complete(piece, -ENODEV, 0);
}

static void sample_stop(struct dmabay_device *device)
{
	struct sample *sample = dmabay_device_data(device);
	struct dmabay_device_piece *piece, *next;
	LIST_HEAD(pieces);

	spin_lock_irq(&sample->lock);
	sample->stopped = true;
	list_splice_init(&sample->queue, &pieces);
	spin_unlock_irq(&sample->lock);

	dmabay_soft_stop(sample->engine); /* the active piece ends by an interrupt, as ever */
	list_for_each_entry_safe(piece, next, &pieces, node)
		dmabay_device_complete(piece, -ENODEV, 0);
}

static const struct dmabay_device_ops sample_ops = {
	.program = sample_program,
	.stop = sample_stop,
};

static void sample_unregister(void *device)
{
	dmabay_device_unregister(device);
}

/* What it makes goes when the driver is unbound, the last first: the node, then the engine. */
static int sample_probe(struct platform_device *pdev)
{
	struct dmabay_device_config config = {
		.driver = KBUILD_MODNAME,
		.dma_dev = &pdev->dev,
		.memory_size = dmabay_soft_memory_size(),
		.alignment = 1,
		.enabler = DMABAY_ENABLER_CONFIG(DMABAY_PROFILE_PACKET64, SZ_1M),
		.ops = &sample_ops,
	};
	struct dmabay_device *device;
	struct sample *sample;
	int error;

	sample = devm_kzalloc(&pdev->dev, sizeof(*sample), GFP_KERNEL);
	if (!sample)
		return -ENOMEM;
	spin_lock_init(&sample->lock);
	INIT_LIST_HEAD(&sample->queue);

	error = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (error)
		return error;
	dma_set_max_seg_size(&pdev->dev, UINT_MAX);
	sample->engine = devm_dmabay_soft_engine(&pdev->dev, sample_interrupt, sample);
	if (IS_ERR(sample->engine))
		return PTR_ERR(sample->engine);

	config.data = sample;
	device = dmabay_device_register(&pdev->dev, &config);
	if (IS_ERR(device))
		return PTR_ERR(device);
	return devm_add_action_or_reset(&pdev->dev, sample_unregister, device);
}

static const struct platform_device_id sample_ids[] = {
	{ .name = DMABAY_SOFT_CARD },
	{ }
};
MODULE_DEVICE_TABLE(platform, sample_ids);

static struct platform_driver sample_driver = {
	.driver.name = KBUILD_MODNAME,
	.id_table = sample_ids,
	.probe = sample_probe,
};
module_platform_driver(sample_driver);

MODULE_DESCRIPTION("Sample: a driver that gives its card a node of dmabay");
MODULE_LICENSE("GPL");
