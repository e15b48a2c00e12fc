// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmabay_soft: a device that is not there.
 *
 * Its memory, and how it gets there by device addresses, is in soft_engine.c. This is its
 * node, which programs see like that of any other device.
 *
 * A platform device of its own does the DMA. Instead, the struct device of a PCI
 * function can be borrowed (dma_dev=): then the device addresses are that
 * function's, in its IOMMU domain, and the engine is a device behind a real IOMMU
 * that runs at the speed of memory. The function itself is not touched, and may
 * be in use by its driver. The loan ends when a driver is bound to or unbound
 * from the function, or the function goes away: mappings must not outlive that.
 * Then the node is gone, and the module stays loaded without one.
 *
 * Where the firmware tells what a function is behind, as on arm64, many kernels ask it
 * only when a driver is first tried with the function, which cannot be followed before.
 *
 * Who owns a piece. The core lends it to soft_move_piece(), or hands it over in
 * soft_program_moved(), where it is moved and completed. With async=1 it is handed over in
 * soft_program(), and moved and completed in soft_work(), or, if it is polled, in
 * soft_poll(), as by an engine that has a queue without interrupts. From then until the
 * completion has returned, or else until the piece was moved, it holds a reference to
 * soft->pieces; soft_stop() kills that, completes what nobody polls for any more, waits until
 * the last reference is gone, and so the engine touches no memory when it returns. A piece
 * about which the engine lies goes another way (soft_plan.c).
 *
 * Pieces of different transfers may be moved at the same time on several CPUs,
 * without any order between them, as with a device of several engines.
 */

#include <linux/completion.h>
#include <linux/dma-map-ops.h>
#include <linux/dma-mapping.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/pci.h>
#include <linux/percpu-refcount.h>
#include <linux/platform_device.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <linux/dmabay.h>

#include "compat_devices.h"
#include "provider_names.h"
#include "soft.h"
#include "soft_plan.h"

static char *soft_dma_dev = "";
module_param_named(dma_dev, soft_dma_dev, charp, 0444);
MODULE_PARM_DESC(dma_dev, "PCI function to map with, as in /sys/bus/pci/devices; empty for a device of its own (default)");

static unsigned int soft_address_width;
module_param_named(address_width, soft_address_width, uint, 0444);
MODULE_PARM_DESC(address_width, "Bits of device address; 0 for what dma_dev has, or else 64 (default 0)");

static unsigned int soft_map_registers;
module_param_named(map_registers, soft_map_registers, uint, 0444);
MODULE_PARM_DESC(map_registers, "Map registers, in pages; 0 for what max_length needs (default 0)");

/*
 * A window of device addresses in which many buffers stay linked, and yet only a
 * sixteenth of what a function with a 28-bit mask has. One default for all: bounce
 * pages are dearer, but the core lowers the number of map registers by itself.
 */
static unsigned int soft_max_length = SZ_16M;
module_param_named(max_length, soft_max_length, uint, 0444);
MODULE_PARM_DESC(max_length, "Longest transfer, in bytes (default 16777216)");

static char *soft_provider = "auto";
module_param_named(provider, soft_provider, charp, 0444);
MODULE_PARM_DESC(provider, "What backs the map registers: auto, iova, bounce or direct (default auto)");

static bool soft_async;
module_param_named(async, soft_async, bool, 0444);
MODULE_PARM_DESC(async, "Move the bytes in a work item, one piece after the other, or in the call of who polls, instead of at once (default N)");

static bool soft_coherent = true;
module_param_named(coherent, soft_coherent, bool, 0444);
MODULE_PARM_DESC(coherent, "Whether a device of its own sees the CPU's caches; N only for tests in an emulator, which has none (default Y)");

static int soft_serve(struct soft *soft, const struct dmabay_device_piece *piece, size_t *moved)
{
	struct soft_job job = {
		.address = piece->address,
		.length = piece->length,
		.device_address = piece->device_address,
		.direction = piece->direction,
	};
	int status = soft_move(soft->dma_dev, &job, moved);

	WARN_ON_ONCE(status == -EINVAL);

	return status;
}

/* Not inlined: the time of who calls is not the device's. */
static noinline int soft_serve_as_planned(struct soft *soft,
					  const struct dmabay_device_piece *piece, size_t *moved)
{
	if (soft_plan_made()) {
		int status = soft_plan_move(soft, piece, moved);

		if (status != SOFT_NO_LIE)
			return status;
	}

	return soft_serve(soft, piece, moved);
}

static void soft_run(struct soft *soft, struct dmabay_device_piece *piece)
{
	cycles_t start = get_cycles();
	size_t moved;
	int status;

	status = soft_charge(start, soft_serve(soft, piece, &moved));
	dmabay_device_complete(piece, status, moved);
}

static struct dmabay_device_piece *soft_dequeue(struct soft *soft)
{
	struct dmabay_device_piece *piece;
	unsigned long flags;

	spin_lock_irqsave(&soft->queue_lock, flags);
	piece = list_first_entry_or_null(&soft->queue, struct dmabay_device_piece, node);
	if (piece)
		list_del(&piece->node);
	spin_unlock_irqrestore(&soft->queue_lock, flags);

	return piece;
}

static void soft_work(struct work_struct *work)
{
	struct soft *soft = container_of(work, struct soft, work);
	struct dmabay_device_piece *piece;

	while ((piece = soft_dequeue(soft))) {
		unsigned int delay_ms = READ_ONCE(soft_delay_ms);

		if (delay_ms)
			wait_event_idle_timeout(soft->delay, percpu_ref_is_dying(&soft->pieces),
						msecs_to_jiffies(delay_ms));

		if (percpu_ref_is_dying(&soft->pieces))
			dmabay_device_complete(piece, -ENODEV, 0);
		else
			soft_run(soft, piece);

		percpu_ref_put(&soft->pieces);
		cond_resched();
	}
}

/* For the first of them, from now on. */
static void soft_set_due(struct soft *soft)
{
	lockdep_assert_held(&soft->queue_lock);

	soft->due = ktime_get_ns() + (u64)READ_ONCE(soft_delay_ms) * NSEC_PER_MSEC;
}

/* The next piece that is due; once stopped, all are. */
static struct dmabay_device_piece *soft_dequeue_polled(struct soft *soft)
{
	struct dmabay_device_piece *piece;
	unsigned long flags;

	spin_lock_irqsave(&soft->queue_lock, flags);
	piece = list_first_entry_or_null(&soft->polled, struct dmabay_device_piece, node);
	if (piece && !percpu_ref_is_dying(&soft->pieces) && ktime_get_ns() < soft->due)
		piece = NULL;
	if (piece) {
		list_del(&piece->node);
		soft_set_due(soft);
	}
	spin_unlock_irqrestore(&soft->queue_lock, flags);

	return piece;
}

static void soft_poll(struct dmabay_device *device)
{
	struct soft *soft = dmabay_device_data(device);
	struct dmabay_device_piece *piece = NULL;

	/* Most of the time there is nothing. */
	if (!list_empty(&soft->polled))
		piece = soft_dequeue_polled(soft);
	if (!piece)
		return;

	soft_run(soft, piece);
	percpu_ref_put(&soft->pieces);
}

/* For soft_work(). */
static void soft_program_queued(struct soft *soft, struct dmabay_device_piece *piece)
{
	unsigned long flags;

	spin_lock_irqsave(&soft->queue_lock, flags);
	list_add_tail(&piece->node, &soft->queue);
	spin_unlock_irqrestore(&soft->queue_lock, flags);
	queue_work(soft->worker, &soft->work);
}

/* For soft_poll(), or for soft_stop() if that has not looked yet. */
static void soft_program_polled(struct soft *soft, struct dmabay_device_piece *piece)
{
	unsigned long flags;
	bool stopped;

	spin_lock_irqsave(&soft->queue_lock, flags);
	stopped = percpu_ref_is_dying(&soft->pieces);
	if (!stopped) {
		if (list_empty(&soft->polled))
			soft_set_due(soft);
		list_add_tail(&piece->node, &soft->polled);
	}
	spin_unlock_irqrestore(&soft->queue_lock, flags);

	if (stopped) {
		dmabay_device_complete(piece, -ENODEV, 0);
		percpu_ref_put(&soft->pieces);
	}
}

static noinline int soft_move_if_live(struct dmabay_device *device,
				      const struct dmabay_device_piece *piece, size_t *length)
{
	struct soft *soft = dmabay_device_data(device);
	int status = -ENODEV;

	*length = 0;
	if (percpu_ref_tryget_live(&soft->pieces)) {
		status = soft_serve_as_planned(soft, piece, length);
		/* Memory is not touched any more, and we are not gone before who called is. */
		percpu_ref_put(&soft->pieces);
	}

	return status;
}

/* All of it is the device's time, the registers that it saves, too. */
static int soft_move_piece(struct dmabay_device *device, const struct dmabay_device_piece *piece,
			   size_t *length)
{
	cycles_t start = get_cycles();

	return soft_charge(start, soft_move_if_live(device, piece, length));
}

/* The same, for who does not want to wait. */
static void soft_program_moved(struct dmabay_device *device, struct dmabay_device_piece *piece)
{
	struct soft *soft = dmabay_device_data(device);

	if (soft_plan_made() && soft_plan_program(soft, piece))
		return;

	if (percpu_ref_tryget_live(&soft->pieces)) {
		soft_run(soft, piece);
		percpu_ref_put(&soft->pieces);
	} else {
		dmabay_device_complete(piece, -ENODEV, 0);
	}
}

static void soft_program(struct dmabay_device *device, struct dmabay_device_piece *piece)
{
	struct soft *soft = dmabay_device_data(device);

	if (soft_plan_made() && soft_plan_program(soft, piece))
		return;

	if (!percpu_ref_tryget_live(&soft->pieces)) {
		dmabay_device_complete(piece, -ENODEV, 0);
		return;
	}

	if (piece->polled)
		soft_program_polled(soft, piece);
	else
		soft_program_queued(soft, piece);
}

static void soft_stop(struct dmabay_device *device)
{
	struct soft *soft = dmabay_device_data(device);
	struct dmabay_device_piece *piece;

	percpu_ref_kill(&soft->pieces);
	wake_up_all(&soft->delay);
	while ((piece = soft_dequeue_polled(soft))) {
		dmabay_device_complete(piece, -ENODEV, 0);
		percpu_ref_put(&soft->pieces);
	}
	wait_for_completion(&soft->stopped);
}

static void soft_counters(struct dmabay_device *device, u64 *faults, u64 *engine_ticks,
			  u64 *timeouts)
{
	*faults += soft_faults();
	*engine_ticks += soft_ticks();
	*timeouts += soft_plan_timeouts();
}

/* With async=1, and without. */
static const struct dmabay_device_ops soft_ops[] = {
	[true] = {
		.program = soft_program,
		.stop = soft_stop,
		.poll = soft_poll,
		.counters = soft_counters,
	},
	[false] = {
		.program = soft_program_moved,
		.stop = soft_stop,
		.poll = soft_poll,
		.move = soft_move_piece,
		.counters = soft_counters,
	},
};

static void soft_last_piece(struct percpu_ref *ref)
{
	complete(&container_of(ref, struct soft, pieces)->stopped);
}

/* Registering may have changed them, and a borrowed function has other users. */
static void soft_restore_limits(struct soft *soft)
{
	dma_set_max_seg_size(soft->dma_dev, soft->max_segment);
	dma_set_mask(soft->dma_dev, soft->dma_mask);
	dma_set_coherent_mask(soft->dma_dev, soft->coherent_dma_mask);
}

static int soft_register(struct soft *soft)
{
	struct dmabay_device_config config = {
		.driver = SOFT_NAME,
		.dma_dev = soft->dma_dev,
		.memory_size = dmabay_soft_memory_size(),
		.alignment = 1,
		.enabler = DMABAY_ENABLER_CONFIG(DMABAY_PROFILE_PACKET64, soft_max_length),
		.ops = &soft_ops[soft_async],
		.data = soft,
	};
	struct dmabay_device *device;
	bool coherent;
	int provider;

	lockdep_assert_held(&soft->lock);

	provider = dmabay_provider_by_name(SOFT_NAME, soft_provider);
	if (provider < 0)
		return provider;

	if (!soft_can_follow(soft->dma_dev)) {
		pr_err(SOFT_NAME ": cannot follow the device addresses of %s\n",
		       dev_name(soft->dma_dev));
		return -EOPNOTSUPP;
	}

	/* The engine goes through the CPU's caches. What of its own device is said is for tests. */
	coherent = dev_is_dma_coherent(soft->dma_dev);
	if (coherent != (soft_coherent || *soft_dma_dev)) {
		pr_err(SOFT_NAME ": %s sees %s of the CPU's caches\n", dev_name(soft->dma_dev),
		       coherent ? "all" : "none");
		return -EOPNOTSUPP;
	}

	config.enabler.address_width = soft_address_width;
	config.enabler.map_registers = soft_map_registers;
	config.enabler.provider = provider;

	soft->dma_mask = dma_get_mask(soft->dma_dev);
	soft->coherent_dma_mask = soft->dma_dev->coherent_dma_mask;
	soft->max_segment = dma_get_max_seg_size(soft->dma_dev);
	/* A driver's choice is left alone; otherwise nobody has made one. */
	if (!soft->dma_dev->driver) {
		dma_set_mask_and_coherent(soft->dma_dev, DMA_BIT_MASK(64));
		dma_set_max_seg_size(soft->dma_dev, UINT_MAX);
	}

	device = dmabay_device_register(&soft->parent->dev, &config);
	if (IS_ERR(device)) {
		soft_restore_limits(soft);
		return PTR_ERR(device);
	}
	soft->device = device;

	return 0;
}

static void soft_unregister(struct soft *soft)
{
	lockdep_assert_held(&soft->lock);

	if (!soft->device)
		return;

	dmabay_device_unregister(soft->device);
	soft->device = NULL;
	soft_restore_limits(soft);
}

#ifdef CONFIG_PCI
/* Something happens to a PCI function. If it is the borrowed one, the loan is over. */
static int soft_notify(struct notifier_block *notifier, unsigned long event, void *data)
{
	struct soft *soft = container_of(notifier, struct soft, notifier);

	if (event != BUS_NOTIFY_BIND_DRIVER && event != BUS_NOTIFY_UNBIND_DRIVER &&
	    event != BUS_NOTIFY_DEL_DEVICE)
		return NOTIFY_DONE;

	mutex_lock(&soft->lock);
	if (soft->device && data == soft->dma_dev) {
		dev_notice(&soft->parent->dev, "%s is taken back, the node is gone\n",
			   dev_name(soft->dma_dev));
		soft_unregister(soft);
	}
	mutex_unlock(&soft->lock);

	return NOTIFY_OK;
}

/*
 * The function can neither go away nor change its driver before it is registered
 * with, and then the notifier sees it.
 */
static int soft_borrow(struct soft *soft)
{
	struct device *dev;
	int error;

	soft->notifier.notifier_call = soft_notify;
	error = bus_register_notifier(&pci_bus_type, &soft->notifier);
	if (error)
		return error;

	pci_lock_rescan_remove();
	dev = bus_find_device_by_name(&pci_bus_type, NULL, soft_dma_dev);
	if (!dev) {
		pr_err(SOFT_NAME ": no PCI function '%s'\n", soft_dma_dev);
		error = -ENODEV;
		goto unlock_pci;
	}

	device_lock(dev);
	mutex_lock(&soft->lock);
	soft->dma_dev = dev;
	error = soft_register(soft);
	mutex_unlock(&soft->lock);
	device_unlock(dev);
	if (error)
		put_device(dev);

unlock_pci:
	pci_unlock_rescan_remove();
	if (error)
		bus_unregister_notifier(&pci_bus_type, &soft->notifier);

	return error;
}

static void soft_give_back(struct soft *soft)
{
	bus_unregister_notifier(&pci_bus_type, &soft->notifier);

	mutex_lock(&soft->lock);
	soft_unregister(soft);
	mutex_unlock(&soft->lock);

	put_device(soft->dma_dev);
}
#else
static int soft_borrow(struct soft *soft)
{
	pr_err(SOFT_NAME ": this kernel has no PCI functions to borrow\n");

	return -ENODEV;
}

static void soft_give_back(struct soft *soft)
{
}
#endif

/* Map with the platform device. */
static int soft_use_own(struct soft *soft)
{
	int error;

	compat_assign_dma_coherent(&soft->parent->dev, soft_coherent);

	mutex_lock(&soft->lock);
	soft->dma_dev = &soft->parent->dev;
	error = soft_register(soft);
	mutex_unlock(&soft->lock);

	return error;
}

static struct soft soft_device;

static int __init soft_init(void)
{
	struct platform_device_info parent = {
		.name = SOFT_NAME,
		.id = PLATFORM_DEVID_NONE,
		.dma_mask = DMA_BIT_MASK(64),
	};
	struct soft *soft = &soft_device;
	int error;

	init_completion(&soft->stopped);
	init_waitqueue_head(&soft->delay);
	INIT_WORK(&soft->work, soft_work);
	spin_lock_init(&soft->queue_lock);
	INIT_LIST_HEAD(&soft->queue);
	INIT_LIST_HEAD(&soft->polled);
	mutex_init(&soft->lock);

	error = soft_engines_init();
	if (error)
		return error;

	error = soft_plan_init();
	if (error)
		goto err_engines;

	error = percpu_ref_init(&soft->pieces, soft_last_piece, 0, GFP_KERNEL);
	if (error)
		goto err_plan;

	if (soft_async) {
		soft->worker = alloc_ordered_workqueue(SOFT_NAME, 0);
		if (!soft->worker) {
			error = -ENOMEM;
			goto err_pieces;
		}
	}

	soft->parent = platform_device_register_full(&parent);
	if (IS_ERR(soft->parent)) {
		error = PTR_ERR(soft->parent);
		goto err_worker;
	}

	error = *soft_dma_dev ? soft_borrow(soft) : soft_use_own(soft);
	if (error)
		goto err_parent;

	return 0;

err_parent:
	platform_device_unregister(soft->parent);
err_worker:
	if (soft->worker)
		destroy_workqueue(soft->worker);
err_pieces:
	percpu_ref_exit(&soft->pieces);
err_plan:
	soft_plan_exit();
err_engines:
	soft_engines_exit();

	return error;
}
module_init(soft_init);

static void __exit soft_exit(void)
{
	struct soft *soft = &soft_device;

	if (*soft_dma_dev) {
		soft_give_back(soft);
	} else {
		mutex_lock(&soft->lock);
		soft_unregister(soft);
		mutex_unlock(&soft->lock);
	}

	platform_device_unregister(soft->parent);
	if (soft->worker)
		destroy_workqueue(soft->worker);
	percpu_ref_exit(&soft->pieces);
	soft_plan_exit();
	soft_engines_exit();
}
module_exit(soft_exit);

MODULE_AUTHOR("dmabay developers");
MODULE_DESCRIPTION("dmabay device: software engine with memory of its own");
MODULE_LICENSE("GPL");
