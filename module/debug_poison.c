// SPDX-License-Identifier: GPL-2.0-only
/*
 * Poison: what nobody may write in bounce pages.
 *
 * Free pages are full of poison, and looked at when they are claimed and, all of them, every
 * few seconds: a device that writes after its transfer was over is seen there. In a slot that
 * is mapped, the bytes before, between and behind those of the transfer are full of another
 * pattern, which is looked at when the transfer is over.
 *
 * Which pages are free is guarded by poison->lock. What is in a slot is its channel's. An adapter
 * that was put too early is leaked and stays as it is; nobody looks at it when the module is gone.
 */
#include <linux/export.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "dmabay_private.h"

#define PATTERN_FREE	0xdb
#define PATTERN_AROUND	0xbd

#define SCRUB_MS	2000

/* how often something was found */
atomic_t dmabay_poison_hits = ATOMIC_INIT(0);
EXPORT_SYMBOL_GPL(dmabay_poison_hits);

/* guards the list of all that are looked at */
static DEFINE_MUTEX(poisons_mutex);
static LIST_HEAD(poisons);

struct dmabay_poison {
	struct list_head node;
	struct delayed_work work;
	u32 chunk_pages;

	/* guards all below */
	spinlock_t lock;
	u32 count;
	struct {
		void *address;
		/* a bit for each page */
		u64 free;
	} chunk[];
};

/* A page that nobody has. What was found is poisoned again, so that it is told once. */
static void compare_free(void *page)
{
	u8 *wrong = memchr_inv(page, PATTERN_FREE, PAGE_SIZE);

	if (!wrong)
		return;
	atomic_inc(&dmabay_poison_hits);
	dmabay_debug_report(DMABAY_RULE_FREE_REGISTER, 0, "slot %p byte %zu is %02x", page,
			    (size_t)(wrong - (u8 *)page), *wrong);
	memset(page, PATTERN_FREE, PAGE_SIZE);
}

static void poison_look(struct dmabay_poison *poison)
{
	unsigned long flags;
	u32 chunk, page;

	for (chunk = 0; chunk < READ_ONCE(poison->count); chunk++) {
		for (page = 0; page < poison->chunk_pages; page++) {
			spin_lock_irqsave(&poison->lock, flags);
			if (poison->chunk[chunk].free & BIT_ULL(page))
				compare_free(poison->chunk[chunk].address +
					     ((size_t)page << PAGE_SHIFT));
			spin_unlock_irqrestore(&poison->lock, flags);
			cond_resched();
		}
	}
}

static void poison_work(struct work_struct *work)
{
	struct dmabay_poison *poison = container_of(to_delayed_work(work), struct dmabay_poison,
						    work);

	poison_look(poison);
	schedule_delayed_work(&poison->work, msecs_to_jiffies(SCRUB_MS));
}

/**
 * dmabay_poison_open() - Begin to look at bounce pages
 * @most: chunks
 * @chunk_pages: pages of each; at most 64
 *
 * Context: may sleep.
 * Return: for the others, or NULL: nothing is looked at.
 */
struct dmabay_poison *dmabay_poison_open(u32 most, u32 chunk_pages)
{
	struct dmabay_poison *poison = kzalloc(struct_size(poison, chunk, most), GFP_KERNEL);

	if (!poison)
		return NULL;
	poison->chunk_pages = chunk_pages;
	spin_lock_init(&poison->lock);
	INIT_DELAYED_WORK(&poison->work, poison_work);
	mutex_lock(&poisons_mutex);
	list_add(&poison->node, &poisons);
	mutex_unlock(&poisons_mutex);
	schedule_delayed_work(&poison->work, msecs_to_jiffies(SCRUB_MS));
	return poison;
}

/**
 * dmabay_poison_add() - Poison a chunk, all of it free
 * @poison: the poison, or NULL
 * @chunk: where it begins
 *
 * Context: any.
 */
void dmabay_poison_add(struct dmabay_poison *poison, void *chunk)
{
	unsigned long flags;

	if (!poison)
		return;
	memset(chunk, PATTERN_FREE, (size_t)poison->chunk_pages << PAGE_SHIFT);
	spin_lock_irqsave(&poison->lock, flags);
	poison->chunk[poison->count].address = chunk;
	poison->chunk[poison->count].free = GENMASK_ULL(poison->chunk_pages - 1, 0);
	poison->count++;
	spin_unlock_irqrestore(&poison->lock, flags);
}

/**
 * dmabay_poison_close() - Undo dmabay_poison_open(), after a last look
 * @poison: the poison, or NULL
 *
 * Context: may sleep.
 */
void dmabay_poison_close(struct dmabay_poison *poison)
{
	if (!poison)
		return;
	mutex_lock(&poisons_mutex);
	list_del(&poison->node);
	mutex_unlock(&poisons_mutex);
	cancel_delayed_work_sync(&poison->work);
	poison_look(poison);
	kfree(poison);
}

/**
 * dmabay_poison_exit() - Look at no page any more, when the module goes
 *
 * Context: may sleep.
 */
void dmabay_poison_exit(void)
{
	struct dmabay_poison *poison;

	list_for_each_entry(poison, &poisons, node)
		cancel_delayed_work_sync(&poison->work);
}

/* The bits of a slot, which is inside one chunk. */
static u64 *slot_bits(struct dmabay_poison *poison, const struct dmabay_channel *channel,
		      u64 *mask)
{
	size_t chunk_size = (size_t)poison->chunk_pages << PAGE_SHIFT, at;
	u32 i;

	for (i = 0; i < poison->count; i++) {
		at = channel->slot_address - poison->chunk[i].address;
		if (at < chunk_size)
			break;
	}
	if (WARN_ON_ONCE(i == poison->count))
		return NULL;
	*mask = GENMASK_ULL(channel->slot_pages - 1, 0) << (at >> PAGE_SHIFT);
	return &poison->chunk[i].free;
}

/**
 * dmabay_poison_claim() - A slot is somebody's
 * @poison: the poison, or NULL
 * @channel: the channel, with its slot
 *
 * Context: any.
 */
void dmabay_poison_claim(struct dmabay_poison *poison, struct dmabay_channel *channel)
{
	unsigned long flags;
	u64 *free, mask;
	u32 page;

	if (!poison)
		return;
	free = slot_bits(poison, channel, &mask);
	if (!free)
		return;
	spin_lock_irqsave(&poison->lock, flags);
	for (page = 0; page < channel->slot_pages; page++)
		compare_free(channel->slot_address + ((size_t)page << PAGE_SHIFT));
	*free &= ~mask;
	spin_unlock_irqrestore(&poison->lock, flags);
}

/**
 * dmabay_poison_yield() - Undo dmabay_poison_claim()
 * @poison: the poison, or NULL
 * @channel: the channel, still with its slot
 *
 * Context: any.
 */
void dmabay_poison_yield(struct dmabay_poison *poison, struct dmabay_channel *channel)
{
	unsigned long flags;
	u64 *free, mask;

	if (!poison)
		return;
	free = slot_bits(poison, channel, &mask);
	if (!free)
		return;
	memset(channel->slot_address, PATTERN_FREE, (size_t)channel->slot_pages << PAGE_SHIFT);
	spin_lock_irqsave(&poison->lock, flags);
	*free |= mask;
	spin_unlock_irqrestore(&poison->lock, flags);
}

/* Each stretch of the slot that the transfer does not cover. */
static void each_gap(struct dmabay_channel *channel, size_t length,
		     void (*gap)(struct dmabay_channel *channel, void *from, size_t bytes))
{
	size_t done, start, end = 0, slot_size = (size_t)channel->slot_pages << PAGE_SHIFT;
	struct dmabay_extent first, group;

	dmabay_memory_extent(channel->memory, channel->offset, length, &first);
	for (done = 0; done < length; done += group.length) {
		dmabay_memory_extent(channel->memory, channel->offset + done, length - done,
				     &group);
		start = group.in_page + ((size_t)(group.page - first.page) << PAGE_SHIFT);
		gap(channel, channel->slot_address + end, start - end);
		end = start + group.length;
	}
	gap(channel, channel->slot_address + end, slot_size - end);
}

static void fill_gap(struct dmabay_channel *channel, void *from, size_t bytes)
{
	memset(from, PATTERN_AROUND, bytes);
}

static void compare_gap(struct dmabay_channel *channel, void *from, size_t bytes)
{
	u8 *wrong = memchr_inv(from, PATTERN_AROUND, bytes);

	if (!wrong)
		return;
	atomic_inc(&dmabay_poison_hits);
	dmabay_debug_report(DMABAY_RULE_PADDING, 0, "slot %p byte %zd is %02x, %zu bytes from %zd",
			    channel->slot_address,
			    (ssize_t)(wrong - (u8 *)channel->slot_address), *wrong,
			    channel->length,
			    (ssize_t)(channel->address - channel->slot_dma_address));
}

/**
 * dmabay_poison_surround() - Fill what is around the bytes of a transfer
 * @channel: the channel
 * @length: of the transfer
 *
 * Context: any.
 */
void dmabay_poison_surround(struct dmabay_channel *channel, size_t length)
{
	each_gap(channel, length, fill_gap);
}

/**
 * dmabay_poison_compare() - See that nobody has written there
 * @channel: the channel; the transfer is over
 *
 * Context: any.
 */
void dmabay_poison_compare(struct dmabay_channel *channel)
{
	each_gap(channel, channel->length, compare_gap);
}
