// SPDX-License-Identifier: GPL-2.0-only
/*
 * A dmaengine channel for dmatest, with the same PCI function, engine and memory as the rest
 * of dmabay_peers: it is there while the function is bound to the driver "dmabay_peers", which
 * asks for none by itself (driver_override).
 *
 * A copy goes through the beginning of device memory. It is made when it is issued, by who
 * issues it, so that what a test takes is what it takes, and not how it is scheduled.
 */
#include <linux/dmaengine.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

#include "../module/soft.h"
#include "peers_channel.h"

/**
 * struct peers_copy - A transfer
 * @tx: what the client has
 * @node: in peers_channel.submitted
 * @source: device address
 * @destination: device address
 * @length: bytes
 */
struct peers_copy {
	struct dma_async_tx_descriptor tx;
	struct list_head node;
	dma_addr_t source;
	dma_addr_t destination;
	size_t length;
};

/**
 * struct peers_channel - The controller and its only channel
 * @dma: the controller
 * @chan: the channel
 * @lock: guards the rest, and the cookies
 * @submitted: copies that are not issued, in order
 * @failed: the last copy that failed, or 0
 */
struct peers_channel {
	struct dma_device dma;
	struct dma_chan chan;
	spinlock_t lock; /* guards the channel */
	struct list_head submitted;
	dma_cookie_t failed;
};

static struct peers_channel *to_peers_channel(struct dma_chan *chan)
{
	return container_of(chan, struct peers_channel, chan);
}

static int peers_copy_run(struct device *dev, const struct peers_copy *copy)
{
	struct soft_job there = {
		.address = copy->source,
		.length = copy->length,
		.direction = DMABAY_WRITE_TO_DEVICE,
	};
	struct soft_job back = {
		.address = copy->destination,
		.length = copy->length,
		.direction = DMABAY_READ_FROM_DEVICE,
	};
	size_t moved;

	return soft_move_charged(dev, &there, &moved) ?:
	       soft_move_charged(dev, &back, &moved);
}

static dma_cookie_t peers_submit(struct dma_async_tx_descriptor *tx)
{
	struct peers_channel *channel = to_peers_channel(tx->chan);
	struct peers_copy *copy = container_of(tx, struct peers_copy, tx);

	spin_lock_bh(&channel->lock);
	channel->chan.cookie = max(channel->chan.cookie + 1, DMA_MIN_COOKIE);
	tx->cookie = channel->chan.cookie;
	list_add_tail(&copy->node, &channel->submitted);
	spin_unlock_bh(&channel->lock);

	return tx->cookie;
}

static struct dma_async_tx_descriptor *peers_prepare(struct dma_chan *chan,
						     dma_addr_t destination, dma_addr_t source,
						     size_t length, unsigned long flags)
{
	struct peers_copy *copy = kzalloc(sizeof(*copy), GFP_NOWAIT);

	if (!copy)
		return NULL;
	dma_async_tx_descriptor_init(&copy->tx, chan);
	copy->tx.flags = flags;
	copy->tx.tx_submit = peers_submit;
	copy->source = source;
	copy->destination = destination;
	copy->length = length;

	return &copy->tx;
}

static struct peers_copy *peers_next(struct peers_channel *channel)
{
	struct peers_copy *copy;

	spin_lock_bh(&channel->lock);
	copy = list_first_entry_or_null(&channel->submitted, struct peers_copy, node);
	if (copy)
		list_del(&copy->node);
	spin_unlock_bh(&channel->lock);

	return copy;
}

static void peers_issue(struct dma_chan *chan)
{
	struct peers_channel *channel = to_peers_channel(chan);
	struct peers_copy *copy;
	int error;

	while ((copy = peers_next(channel))) {
		error = peers_copy_run(channel->dma.dev, copy);
		spin_lock_bh(&channel->lock);
		if (error)
			channel->failed = copy->tx.cookie;
		chan->completed_cookie = copy->tx.cookie;
		spin_unlock_bh(&channel->lock);

		dma_descriptor_unmap(&copy->tx);
		if (copy->tx.callback)
			copy->tx.callback(copy->tx.callback_param);
		kfree(copy);
	}
}

static enum dma_status peers_status(struct dma_chan *chan, dma_cookie_t cookie,
				    struct dma_tx_state *state)
{
	struct peers_channel *channel = to_peers_channel(chan);
	enum dma_status status;

	spin_lock_bh(&channel->lock);
	status = dma_async_is_complete(cookie, chan->completed_cookie, chan->cookie);
	if (status == DMA_COMPLETE && cookie == channel->failed)
		status = DMA_ERROR;
	dma_set_tx_state(state, chan->completed_cookie, chan->cookie, 0);
	spin_unlock_bh(&channel->lock);

	return status;
}

/* What was not issued. */
static int peers_terminate(struct dma_chan *chan)
{
	struct peers_copy *copy;

	while ((copy = peers_next(to_peers_channel(chan)))) {
		dma_descriptor_unmap(&copy->tx);
		kfree(copy);
	}

	return 0;
}

static int peers_allocate(struct dma_chan *chan)
{
	chan->cookie = DMA_MIN_COOKIE;
	chan->completed_cookie = DMA_MIN_COOKIE;
	to_peers_channel(chan)->failed = 0;

	return 0;
}

static void peers_free(struct dma_chan *chan)
{
	peers_terminate(chan);
}

static void peers_release_channel(struct dma_device *dma)
{
	kfree(container_of(dma, struct peers_channel, dma));
}

static void peers_fill_in(struct dma_device *dma, struct device *dev)
{
	dma->dev = dev;
	INIT_LIST_HEAD(&dma->channels);
	/* Private: for those who ask for it, not for all who have something to copy. */
	dma_cap_set(DMA_PRIVATE, dma->cap_mask);
	dma_cap_set(DMA_MEMCPY, dma->cap_mask);
	dma->directions = BIT(DMA_MEM_TO_MEM);
	dma->device_alloc_chan_resources = peers_allocate;
	dma->device_free_chan_resources = peers_free;
	dma->device_prep_dma_memcpy = peers_prepare;
	dma->device_issue_pending = peers_issue;
	dma->device_terminate_all = peers_terminate;
	dma->device_tx_status = peers_status;
	dma->device_release = peers_release_channel;
}

static int peers_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct peers_channel *channel;
	int error;

	error = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (error)
		return error;
	if (!soft_can_follow(&pdev->dev))
		return -EOPNOTSUPP;

	channel = kzalloc(sizeof(*channel), GFP_KERNEL);
	if (!channel)
		return -ENOMEM;
	spin_lock_init(&channel->lock);
	INIT_LIST_HEAD(&channel->submitted);
	peers_fill_in(&channel->dma, &pdev->dev);
	channel->chan.device = &channel->dma;
	list_add_tail(&channel->chan.device_node, &channel->dma.channels);
	pci_set_drvdata(pdev, channel);

	error = dma_async_device_register(&channel->dma);
	if (error)
		kfree(channel);

	return error;
}

/* Ends in peers_release_channel(), at once or when the last client has let go. */
static void peers_remove(struct pci_dev *pdev)
{
	struct peers_channel *channel = pci_get_drvdata(pdev);

	dma_async_device_unregister(&channel->dma);
}

static struct pci_driver peers_driver = {
	.name = "dmabay_peers",
	.probe = peers_probe,
	.remove = peers_remove,
};

int peers_channel_init(void)
{
	return pci_register_driver(&peers_driver);
}

void peers_channel_exit(void)
{
	pci_unregister_driver(&peers_driver);
}
