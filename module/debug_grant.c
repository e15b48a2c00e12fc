// SPDX-License-Identifier: GPL-2.0-only
/*
 * Grants: who holds map registers, since when, and what is mapped with them.
 *
 * A channel that gets registers gets a grant, until it gives them back. While something is
 * mapped, the grant says which memory, and which frames. There is a number of them; who finds
 * none is not looked at.
 *
 * A page that a program has given (a pinned one) may be mapped twice: it is the program's
 * to know. A driver's may not, if the device writes both times.
 *
 * Guarded by a lock of their own.
 */
#include <linux/cache.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/export.h>
#include <linux/hash.h>
#include <linux/mm.h>

#include "dmabay_private.h"

#define BUCKET_BITS	8
#define POOL		4096

struct grant {
	struct hlist_node bucket;
	/* in the list of those that have mapped something, or that are unused */
	struct list_head mapped;
	struct dmabay_adapter *adapter;
	const struct dmabay_channel *channel;
	u32 stack;

	/* what is mapped, or NULL */
	const struct dmabay_memory *memory;
	enum dmabay_direction direction;
	size_t offset;
	size_t length;
	/* frames that are not below, and not above */
	unsigned long lowest;
	unsigned long highest;
};

/* Not allocated when it is needed: a test that lets allocations fail counts them. */
static struct grant pool[POOL];
static LIST_HEAD(unused);

static DEFINE_SPINLOCK(grants_lock);
static struct hlist_head grants[1 << BUCKET_BITS];
static LIST_HEAD(mappings);

static struct hlist_head *bucket_of(const struct dmabay_channel *channel)
{
	return &grants[hash_ptr(channel, BUCKET_BITS)];
}

static struct grant *find_grant(const struct dmabay_channel *channel)
{
	struct grant *grant;

	lockdep_assert_held(&grants_lock);
	hlist_for_each_entry(grant, bucket_of(channel), bucket)
		if (grant->channel == channel)
			return grant;
	return NULL;
}

/**
 * dmabay_grants_init() - Before the first one
 */
void dmabay_grants_init(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(pool); i++)
		list_add_tail(&pool[i].mapped, &unused);
}

/**
 * dmabay_grant_add() - A channel has got its registers
 * @adapter: the adapter
 * @channel: the channel
 *
 * Context: any.
 */
void dmabay_grant_add(struct dmabay_adapter *adapter, struct dmabay_channel *channel)
{
	u32 stack = dmabay_debug_stack();
	struct grant *grant;
	unsigned long flags;

	spin_lock_irqsave(&grants_lock, flags);
	grant = list_first_entry_or_null(&unused, struct grant, mapped);
	if (grant) {
		list_del(&grant->mapped);
		*grant = (struct grant) {
			.adapter = adapter,
			.channel = channel,
			.stack = stack,
		};
		hlist_add_head(&grant->bucket, bucket_of(channel));
	}
	spin_unlock_irqrestore(&grants_lock, flags);
}

/**
 * dmabay_grant_remove() - Undo dmabay_grant_add()
 * @channel: the channel
 *
 * Context: any.
 */
void dmabay_grant_remove(struct dmabay_channel *channel)
{
	struct grant *grant;
	unsigned long flags;

	spin_lock_irqsave(&grants_lock, flags);
	grant = find_grant(channel);
	if (grant) {
		hlist_del(&grant->bucket);
		if (grant->memory)
			list_del(&grant->mapped);
		list_add(&grant->mapped, &unused);
	}
	spin_unlock_irqrestore(&grants_lock, flags);
}

/**
 * dmabay_grants_left() - An adapter is put that still has some
 * @adapter: the adapter
 *
 * Names each.
 *
 * Context: any.
 */
void dmabay_grants_left(struct dmabay_adapter *adapter)
{
	struct grant *grant;
	unsigned long flags;
	unsigned int i;

	spin_lock_irqsave(&grants_lock, flags);
	for (i = 0; i < ARRAY_SIZE(grants); i++) {
		hlist_for_each_entry(grant, &grants[i], bucket) {
			if (grant->adapter != adapter)
				continue;
			dmabay_debug_report(DMABAY_RULE_STILL_HELD, grant->stack,
					    "%s channel %p has %u, %s", dev_name(adapter->dev),
					    grant->channel, grant->channel->map_registers,
					    grant->memory ? "mapped" : "not mapped");
		}
	}
	spin_unlock_irqrestore(&grants_lock, flags);
}

/**
 * dmabay_grant_ask() - A channel asks for the channel object
 * @adapter: the adapter, of which the caller holds the lock
 * @channel: the channel
 *
 * Context: any.
 */
void dmabay_grant_ask(struct dmabay_adapter *adapter, struct dmabay_channel *channel)
{
	const struct dmabay_channel *owner = adapter->object_owner;

	if (!owner || channel->flags || !channel->context ||
	    owner->context != channel->context || owner->routine != channel->routine)
		return;
	dmabay_debug_report(DMABAY_RULE_TWO_CHANNELS, 0, "%ps, context %p", channel->routine,
			    channel->context);
}

/* The bytes of a grant in one run of the other: physical addresses. */
static bool overlaps_run(const struct grant *grant, phys_addr_t from, phys_addr_t to)
{
	struct dmabay_runs runs = {
		.memory = grant->memory,
		.offset = grant->offset,
		.left = grant->length,
		.longest = U32_MAX,
	};

	while (dmabay_runs_next(&runs)) {
		phys_addr_t start = PFN_PHYS(runs.pfn) + runs.in_page;

		if (from < start + runs.length && start < to)
			return true;
	}
	return false;
}

static bool overlaps(const struct grant *grant, const struct grant *other)
{
	struct dmabay_runs runs = {
		.memory = grant->memory,
		.offset = grant->offset,
		.left = grant->length,
		.longest = U32_MAX,
	};

	if (grant->highest < other->lowest || other->highest < grant->lowest)
		return false;
	while (dmabay_runs_next(&runs)) {
		phys_addr_t start = PFN_PHYS(runs.pfn) + runs.in_page;

		if (!folio_maybe_dma_pinned(page_folio(pfn_to_page(runs.pfn))) &&
		    overlaps_run(other, start, start + runs.length))
			return true;
	}
	return false;
}

/* Note which frames they are. */
static void measure(struct grant *grant)
{
	struct dmabay_runs runs = {
		.memory = grant->memory,
		.offset = grant->offset,
		.left = grant->length,
		.longest = U32_MAX,
	};

	grant->lowest = ULONG_MAX;
	grant->highest = 0;
	while (dmabay_runs_next(&runs)) {
		grant->lowest = min(grant->lowest, runs.pfn);
		grant->highest = max(grant->highest,
				     runs.pfn + PHYS_PFN(runs.in_page + runs.length - 1));
	}
}

/**
 * dmabay_grant_is_coherent() - Does the device see what is in caches?
 * @dev: the device
 *
 * Return: whether it does.
 */
bool dmabay_grant_is_coherent(struct device *dev)
{
	KUNIT_STATIC_STUB_REDIRECT(dmabay_grant_is_coherent, dev);

	return dev_is_dma_coherent(dev);
}
EXPORT_SYMBOL_GPL(dmabay_grant_is_coherent);

/* What shares a cache line with other bytes loses them, or is lost. */
static void check_alignment(struct dmabay_adapter *adapter, const struct dmabay_channel *channel)
{
	size_t mask = dma_get_cache_alignment() - 1;
	struct dmabay_extent extent;

	if (channel->direction != DMABAY_READ_FROM_DEVICE ||
	    adapter->ops->provider != DMABAY_PROVIDER_DIRECT ||
	    dmabay_grant_is_coherent(adapter->dev))
		return;
	if (mask < SMP_CACHE_BYTES - 1)
		mask = SMP_CACHE_BYTES - 1;
	dmabay_memory_extent(channel->memory, channel->offset, channel->length, &extent);
	if ((extent.in_page | channel->length) & mask)
		dmabay_debug_report(DMABAY_RULE_NOT_ALIGNED, 0, "%zu bytes at %x in a page",
				    channel->length, extent.in_page);
}

/**
 * dmabay_grant_map() - A channel has mapped something
 * @adapter: the adapter
 * @channel: the channel, with what it is
 *
 * Context: any.
 */
void dmabay_grant_map(struct dmabay_adapter *adapter, struct dmabay_channel *channel)
{
	struct grant *grant, *other;
	unsigned long flags;

	/* What somebody else has mapped has no frames. */
	if (channel->memory->dev)
		return;
	check_alignment(adapter, channel);
	spin_lock_irqsave(&grants_lock, flags);
	grant = find_grant(channel);
	if (grant && !grant->memory) {
		grant->memory = channel->memory;
		grant->direction = channel->direction;
		grant->offset = channel->offset;
		grant->length = channel->length;
		measure(grant);
		list_for_each_entry(other, &mappings, mapped) {
			if (grant->direction != DMABAY_READ_FROM_DEVICE ||
			    other->direction != DMABAY_READ_FROM_DEVICE ||
			    !overlaps(grant, other))
				continue;
			dmabay_debug_report(DMABAY_RULE_MAPPED_TWICE, other->stack,
					    "%zu bytes, frames %lx to %lx", grant->length,
					    grant->lowest, grant->highest);
			break;
		}
		list_add(&grant->mapped, &mappings);
	}
	spin_unlock_irqrestore(&grants_lock, flags);
}

/**
 * dmabay_grant_unmap() - Undo dmabay_grant_map()
 * @channel: the channel
 *
 * Context: any.
 */
void dmabay_grant_unmap(struct dmabay_channel *channel)
{
	struct grant *grant;
	unsigned long flags;

	spin_lock_irqsave(&grants_lock, flags);
	grant = find_grant(channel);
	if (grant && grant->memory) {
		grant->memory = NULL;
		list_del(&grant->mapped);
	}
	spin_unlock_irqrestore(&grants_lock, flags);
}

/**
 * dmabay_grant_failed() - A channel with registers could not map
 * @adapter: the adapter
 * @error: why
 *
 * Context: any.
 */
void dmabay_grant_failed(struct dmabay_adapter *adapter, int error)
{
	if (adapter->ops->guaranteed && error != -EIO)
		dmabay_debug_report(DMABAY_RULE_REGISTERS_MISSING, 0, "%s: %d",
				    dev_name(adapter->dev), error);
}

/**
 * dmabay_grant_holds() - The last reference to a memory goes: is it still mapped?
 * @memory: the memory
 *
 * Context: any.
 * Return: true: it was reported, and may not be freed.
 */
bool dmabay_grant_holds(const struct dmabay_memory *memory)
{
	bool found = false;
	struct grant *grant;
	unsigned long flags;
	u32 stack = 0;

	spin_lock_irqsave(&grants_lock, flags);
	list_for_each_entry(grant, &mappings, mapped) {
		found = grant->memory == memory;
		stack = grant->stack;
		if (found)
			break;
	}
	spin_unlock_irqrestore(&grants_lock, flags);
	if (found)
		dmabay_debug_report(DMABAY_RULE_NOT_FLUSHED, stack, "%zu bytes", memory->length);
	return found;
}

/* A page that its owner may lose while a device uses it. */
static bool is_pageable(struct page *page)
{
	struct folio *folio = page_folio(page);

	return PageBuddy(page) || (folio_test_anon(folio) && !folio_maybe_dma_pinned(folio));
}

/**
 * dmabay_debug_pages() - Do the pages of a memory stay where they are?
 * @memory: the memory
 *
 * Context: any.
 * Return: 0, or -EINVAL.
 */
int dmabay_debug_pages(const struct dmabay_memory *memory)
{
	const struct dmabay_piece *piece;
	u32 i;

	for (piece = memory->pieces; piece < memory->pieces + memory->piece_count; piece++) {
		for (i = 0; i < piece->pages; i++) {
			if (!is_pageable(pfn_to_page(piece->pfn + i)))
				continue;
			dmabay_debug_report(DMABAY_RULE_PAGEABLE, 0, "frame %lx",
					    piece->pfn + i);
			return -EINVAL;
		}
	}
	return 0;
}
