// SPDX-License-Identifier: GPL-2.0-only
/*
 * Power: what a driver does to its DMA engine when its device gains or loses power,
 * and the list of all enablers, in the order of their creation.
 *
 * On the way up an enabler is filled, enabled and started, and the first failure ends
 * it. On the way down it is stopped, disabled and flushed, whatever fails; only an
 * engine that could not be filled has nothing to disable and to flush.
 *
 * The list's lock is not held over a callback, which may create enablers, and delete
 * any, its own too. So a walk over the enablers of a device knows where it is by
 * number: one that is deleted has left the list and is not found any more, one that
 * is created has a number beyond the walk's end. The walk holds a reference to the one
 * whose callbacks it calls.
 */
#include <linux/export.h>
#include <linux/kernel.h>

#include "dmabay_private.h"

typedef int (*power_callback_t)(struct dmabay_enabler *enabler);

/* guards the list, and the number of the last one that was added */
static DEFINE_SPINLOCK(enablers_lock);
static LIST_HEAD(enablers);
static u64 enablers_last;

/**
 * dmabay_power_add() - Let an enabler be found when its device changes power
 * @enabler: the enabler, ready to be called
 *
 * Context: any.
 */
void dmabay_power_add(struct dmabay_enabler *enabler)
{
	unsigned long flags;

	spin_lock_irqsave(&enablers_lock, flags);
	enabler->power_number = ++enablers_last;
	list_add_tail(&enabler->power_node, &enablers);
	spin_unlock_irqrestore(&enablers_lock, flags);
}

/**
 * dmabay_power_remove() - Undo dmabay_power_add()
 * @enabler: the enabler; no callback of it is started any more
 *
 * Context: any.
 */
void dmabay_power_remove(struct dmabay_enabler *enabler)
{
	unsigned long flags;

	spin_lock_irqsave(&enablers_lock, flags);
	list_del_init(&enabler->power_node);
	spin_unlock_irqrestore(&enablers_lock, flags);
}

/* Where a walk that begins now will end. */
static u64 power_last(void)
{
	unsigned long flags;
	u64 last;

	spin_lock_irqsave(&enablers_lock, flags);
	last = enablers_last;
	spin_unlock_irqrestore(&enablers_lock, flags);
	return last;
}

/* The device's first enabler after this number, with a reference; or NULL at the end. */
static struct dmabay_enabler *power_next(struct device *dev, u64 *number, u64 last)
{
	struct dmabay_enabler *enabler, *next = NULL;
	unsigned long flags;

	spin_lock_irqsave(&enablers_lock, flags);
	list_for_each_entry(enabler, &enablers, power_node) {
		if (enabler->power_number > last)
			break;
		if (enabler->dev == dev && enabler->power_number > *number) {
			kref_get(&enabler->kref);
			*number = enabler->power_number;
			next = enabler;
			break;
		}
	}
	spin_unlock_irqrestore(&enablers_lock, flags);
	return next;
}

/* Call the driver, if it has this callback, and has not deleted the enabler meanwhile. */
static int power_call(struct dmabay_enabler *enabler, power_callback_t callback)
{
	struct dmabay_context saved;
	unsigned long flags;
	bool deleted;
	int ret;

	spin_lock_irqsave(&enablers_lock, flags);
	deleted = list_empty(&enabler->power_node);
	spin_unlock_irqrestore(&enablers_lock, flags);
	if (!callback || deleted)
		return 0;
	dmabay_context_save(&saved);
	ret = callback(enabler);
	dmabay_context_compare(&saved, "power callback", callback);
	return ret;
}

static int enabler_up(struct dmabay_enabler *enabler)
{
	const struct dmabay_power_ops *power = enabler->power;
	int ret;

	ret = power_call(enabler, power->fill);
	enabler->fill_failed = ret;
	return ret ?: power_call(enabler, power->enable) ?:
		      power_call(enabler, power->self_managed_io_start);
}

static int enabler_down(struct dmabay_enabler *enabler)
{
	const struct dmabay_power_ops *power = enabler->power;
	const struct {
		power_callback_t callback;
		bool wants_fill;
	} steps[] = {
		{ power->self_managed_io_stop, false },
		{ power->disable, true },
		{ power->flush, true },
	};
	int ret, first = 0;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		if (steps[i].wants_fill && enabler->fill_failed)
			continue;
		ret = power_call(enabler, steps[i].callback);
		first = first ?: ret;
	}
	return first;
}

static int device_down(struct device *dev, u64 last)
{
	struct dmabay_enabler *enabler;
	int ret, first = 0;
	u64 number = 0;

	while ((enabler = power_next(dev, &number, last))) {
		ret = enabler_down(enabler);
		first = first ?: ret;
		dmabay_enabler_put(enabler);
	}
	return first;
}

int dmabay_enabler_power_up(struct dmabay_enabler *enabler)
{
	int ret;

	if (dmabay_check_enabler(enabler) || dmabay_debug_may_not_sleep(__func__))
		return -EBADFD;
	might_sleep();
	kref_get(&enabler->kref);
	ret = enabler_up(enabler);
	dmabay_enabler_put(enabler);
	return ret;
}
EXPORT_SYMBOL_GPL(dmabay_enabler_power_up);

int dmabay_enabler_power_down(struct dmabay_enabler *enabler)
{
	int ret;

	if (dmabay_check_enabler(enabler) || dmabay_debug_may_not_sleep(__func__))
		return -EBADFD;
	might_sleep();
	kref_get(&enabler->kref);
	ret = enabler_down(enabler);
	dmabay_enabler_put(enabler);
	return ret;
}
EXPORT_SYMBOL_GPL(dmabay_enabler_power_down);

int dmabay_enablers_power_up(struct device *dev)
{
	struct dmabay_enabler *enabler;
	u64 number = 0, last = power_last();
	int ret = 0;

	if (dmabay_debug_may_not_sleep(__func__))
		return -EBADFD;
	might_sleep();
	while (!ret && (enabler = power_next(dev, &number, last))) {
		ret = enabler_up(enabler);
		dmabay_enabler_put(enabler);
	}
	if (ret)
		device_down(dev, last);
	return ret;
}
EXPORT_SYMBOL_GPL(dmabay_enablers_power_up);

int dmabay_enablers_power_down(struct device *dev)
{
	if (dmabay_debug_may_not_sleep(__func__))
		return -EBADFD;
	might_sleep();
	return device_down(dev, power_last());
}
EXPORT_SYMBOL_GPL(dmabay_enablers_power_down);
