// SPDX-License-Identifier: GPL-2.0-only
/*
 * Strips: where batches stay linked for a while after they were unmapped, in a lazy domain.
 *
 * There (iommu.strict=0) the host has decided that a device may reach memory for some
 * milliseconds more than it should: what dma_unmap_*() takes away is flushed from the IOTLB
 * later, many at once. dma_iova_unlink() flushes at once in any domain, so a batch that is
 * unlinked by itself would cost more than a transfer that is mapped by the DMA API. Therefore
 * batches of a channel whose owner agrees (dmabay_adapter_defer_unlinks()) are linked one behind
 * the other in a strip. One that was unmapped is in no ledger, and nobody finds or uses it
 * again, but one unlink call, with one flush, takes all that are there: when the strip is at
 * its end, some milliseconds after the first one was left, or when somebody asks to unlink
 * anything on the channel. The owner keeps the memory in place until he has done that.
 *
 * A strip is half of what a page table translates, from or to a cut of the window (window.c),
 * so an unlink never takes a table, and no huge page is there. Strips lie behind the slots of
 * the window. There are fewer of them than there may be channels; one that gets none unlinks
 * at once, as all do in a strict domain.
 *
 * Who has a strip is guarded by adapter->lock, what is left in it by strip->lock, which is
 * innermost and may be held over an unlink. Only the one who maps on the channel moves the end.
 */
#include <linux/iommu.h>
#include <linux/slab.h>

#include "window.h"

#define STRIP_PAGES	(DMABAY_TABLE_PAGES / 2)

/* For so many map registers one strip, but not fewer or more strips than that. */
#define STRIP_SHARE	64U
#define STRIPS_LEAST	4U
#define STRIPS_MOST	64U

/* As long as the flush queue of the DMA API. */
#define STRIP_MS	10

struct dmabay_strip {
	/* of the window, where it begins */
	u32 page;
	/* by a channel; guarded by adapter->lock */
	bool taken;

	/* guards all below */
	spinlock_t lock;
	/* pages from there to there are left; the next batch goes behind them */
	u32 first;
	u32 end;
	/* the work will come by */
	bool awaited;
};

/**
 * dmabay_strips_count() - Decide how many strips a window has
 * @window: the window
 * @map_registers: how many it has of those
 *
 * A domain may become lazy at any time, and never strict again while a driver is bound: what is
 * decided here stays.
 *
 * Return: how many pages they take, with some for their alignment.
 */
u32 dmabay_strips_count(struct dmabay_window *window, unsigned int map_registers)
{
	struct iommu_domain *domain = iommu_get_domain_for_dev(window->adapter->dev);

	window->strip_count = 0;
	if (READ_ONCE(domain->type) != IOMMU_DOMAIN_DMA_FQ)
		return 0;
	window->strip_count = clamp(map_registers / STRIP_SHARE, STRIPS_LEAST, STRIPS_MOST);
	return (window->strip_count + 1) * STRIP_PAGES;
}

/* All that was left in a strip goes. */
static void strip_unlink(struct dmabay_adapter *adapter, struct dmabay_strip *strip)
{
	lockdep_assert_held(&strip->lock);

	if (strip->first == strip->end)
		return;
	dmabay_window_unlink_pages(adapter, strip->page + strip->first, strip->end - strip->first);
	strip->first = strip->end;
}

static void strips_work(struct work_struct *work)
{
	struct dmabay_window *window = container_of(to_delayed_work(work), struct dmabay_window,
						    strips_work);
	struct dmabay_strip *strip;
	unsigned long flags;
	u32 i;

	for (i = 0; i < window->strip_count; i++) {
		strip = &window->strips[i];
		spin_lock_irqsave(&strip->lock, flags);
		strip->awaited = false;
		strip_unlink(window->adapter, strip);
		spin_unlock_irqrestore(&strip->lock, flags);
	}
}

/**
 * dmabay_strips_create() - Cut the strips of a window
 * @window: the window, which has its addresses
 * @page: the first page behind its slots; there are as many as dmabay_strips_count() said
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int dmabay_strips_create(struct dmabay_window *window, u32 page)
{
	u32 i;

	INIT_DELAYED_WORK(&window->strips_work, strips_work);
	if (!window->strip_count)
		return 0;
	window->strips = kcalloc(window->strip_count, sizeof(*window->strips), GFP_KERNEL);
	if (!window->strips)
		return -ENOMEM;

	page = round_up(window->phase + page, STRIP_PAGES) - window->phase;
	for (i = 0; i < window->strip_count; i++) {
		window->strips[i].page = page + i * STRIP_PAGES;
		spin_lock_init(&window->strips[i].lock);
	}
	return 0;
}

/**
 * dmabay_strips_destroy() - Undo dmabay_strips_create()
 * @window: the window; no strip of it is taken
 *
 * Context: may sleep.
 */
void dmabay_strips_destroy(struct dmabay_window *window)
{
	cancel_delayed_work_sync(&window->strips_work);
	kfree(window->strips);
}

/**
 * dmabay_strip_take() - Get a channel a strip, if there is one
 * @adapter: the adapter, of which the caller holds the lock
 * @channel: the channel, with nothing mapped
 *
 * Context: any.
 */
void dmabay_strip_take(struct dmabay_adapter *adapter, struct dmabay_channel *channel)
{
	struct dmabay_window *window = adapter->provider_data;
	u32 i;

	lockdep_assert_held(&adapter->lock);

	for (i = 0; !channel->strip && i < window->strip_count; i++) {
		if (window->strips[i].taken)
			continue;
		window->strips[i].taken = true;
		WRITE_ONCE(channel->strip, &window->strips[i]);
	}
}

/**
 * dmabay_strip_give() - Undo dmabay_strip_take()
 * @adapter: the adapter, of which the caller holds the lock
 * @channel: the channel; nothing is left in its strip, if it has one
 *
 * Context: any.
 */
void dmabay_strip_give(struct dmabay_adapter *adapter, struct dmabay_channel *channel)
{
	lockdep_assert_held(&adapter->lock);

	if (!channel->strip)
		return;
	channel->strip->taken = false;
	WRITE_ONCE(channel->strip, NULL);
}

/**
 * dmabay_strip_room() - Where the next batch goes
 * @adapter: the adapter
 * @strip: of the channel that the caller maps on
 * @pages: that are needed
 * @most: out: how many there are
 *
 * Context: any.
 * Return: the page of the window where they begin; or @most is 0.
 */
u32 dmabay_strip_room(struct dmabay_adapter *adapter, struct dmabay_strip *strip, u32 pages,
		      u32 *most)
{
	unsigned long flags;

	if (strip->end + pages > STRIP_PAGES) {
		spin_lock_irqsave(&strip->lock, flags);
		strip_unlink(adapter, strip);
		strip->first = 0;
		strip->end = 0;
		spin_unlock_irqrestore(&strip->lock, flags);
	}
	*most = pages <= STRIP_PAGES ? STRIP_PAGES - strip->end : 0;
	return strip->page + strip->end;
}

/**
 * dmabay_strip_leave() - Leave a batch to be unlinked later
 * @adapter: the adapter
 * @strip: of the channel that the caller maps on
 * @pages: of the batch, which is where dmabay_strip_room() said; whole units without a hole
 *
 * Context: any.
 */
void dmabay_strip_leave(struct dmabay_adapter *adapter, struct dmabay_strip *strip, u32 pages)
{
	struct dmabay_window *window = adapter->provider_data;
	unsigned long flags;
	bool awaited;

	spin_lock_irqsave(&strip->lock, flags);
	strip->end += pages;
	awaited = strip->awaited;
	strip->awaited = true;
	spin_unlock_irqrestore(&strip->lock, flags);
	/* If the work waits for another strip, it comes by here even earlier. */
	if (!awaited)
		schedule_delayed_work(&window->strips_work, msecs_to_jiffies(STRIP_MS));
}

/**
 * dmabay_strip_unlink() - Unlink what was left, and wait for it
 * @adapter: the adapter
 * @strip: the strip
 *
 * Context: any.
 */
void dmabay_strip_unlink(struct dmabay_adapter *adapter, struct dmabay_strip *strip)
{
	unsigned long flags;

	spin_lock_irqsave(&strip->lock, flags);
	strip_unlink(adapter, strip);
	spin_unlock_irqrestore(&strip->lock, flags);
}
