// SPDX-License-Identifier: GPL-2.0-only
/*
 * The device memory of dmabay_soft, and its engines.
 *
 * The device memory is vmalloc() memory, and an engine is the CPU. It is given device
 * addresses like any other engine, and goes the way that a device's access would go: page
 * by page, through the IOMMU domain if there is one. An address that is not linked is a
 * fault: counted, and not one byte of that page moved.
 *
 * An engine that a driver has asked for works in a work item, since no interrupt comes
 * while its registers are written. It is busy from dmabay_soft_start() until just before its
 * interrupt, which may start it again.
 */

#include <linux/atomic.h>
#include <linux/bottom_half.h>
#include <linux/device.h>
#include <linux/dma-direct.h>
#include <linux/dma-map-ops.h>
#include <linux/highmem.h>
#include <linux/iommu.h>
#include <linux/jiffies.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/slab.h>
#include <linux/timex.h>
#include <linux/vmalloc.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include "compat_devices.h"
#include "soft.h"

static unsigned int soft_memory_mib = 64;
module_param_named(memory, soft_memory_mib, uint, 0444);
MODULE_PARM_DESC(memory, "Device memory, in MiB (default 64)");

unsigned int soft_delay_ms;
module_param_named(delay_ms, soft_delay_ms, uint, 0644);
MODULE_PARM_DESC(delay_ms, "With async=1, and for other drivers, time before each piece is moved, in milliseconds (default 0)");

/* There is one, for all engines. */
static struct {
	char *bytes;
	size_t size;
	atomic64_t faults; /* pages that could not be translated */
	atomic64_t ticks; /* get_cycles() from when jobs were given to when they were done */
	u64 last_address, last_place; /* of the job that began last: address, device address */
} soft_memory;

static struct workqueue_struct *soft_worker; /* of the engines of drivers */
static struct platform_device *soft_card;

/**
 * struct dmabay_soft_engine - An engine of a driver
 * @dev: whose addresses it understands
 * @done: its interrupt
 * @data: for @done
 * @delay: woken when stopped, to cut soft_delay_ms short
 * @stopping: end the job as soon as possible
 * @busy: it has a job; the owner of this bit owns @job
 * @job: what its registers were written with
 * @work: does it
 */
struct dmabay_soft_engine {
	struct device *dev;
	dmabay_soft_done_t done;
	void *data;
	wait_queue_head_t delay;
	bool stopping;
	atomic_t busy;
	struct soft_job job;
	struct work_struct work;
};

/*
 * The domain that translates the addresses of the device now, or NULL. It may
 * change under a bound driver, so it is asked for each time.
 */
static struct iommu_domain *soft_domain(struct device *dev)
{
#ifdef CONFIG_IOMMU_API
	struct iommu_domain *domain = iommu_get_domain_for_dev(dev);

	if (domain && domain->type != IOMMU_DOMAIN_IDENTITY)
		return domain;
#endif
	return NULL;
}

/* The engine knows two ways to get from a device address to memory. */
bool soft_can_follow(struct device *dev)
{
	return soft_domain(dev) || !get_dma_ops(dev);
}
EXPORT_SYMBOL_GPL(soft_can_follow);

/* Does something keep the device from memory that is not mapped for it? */
bool soft_is_translated(struct device *dev)
{
	return soft_domain(dev);
}

/* Returns false if the device cannot reach RAM by this address. */
static bool soft_translate(struct device *dev, struct iommu_domain *domain, dma_addr_t address,
			   phys_addr_t *physical)
{
	*physical = domain ? iommu_iova_to_phys(domain, address) : dma_to_phys(dev, address);

	return *physical && pfn_valid(PHYS_PFN(*physical));
}

/* Returns the bytes that were copied; fewer than all after a fault. */
static size_t soft_copy(struct device *dev, const struct soft_job *job)
{
	char *memory = soft_memory.bytes + job->device_address;
	struct iommu_domain *domain = soft_domain(dev);
	size_t done, chunk;

	for (done = 0; done < job->length; done += chunk) {
		dma_addr_t address = job->address + done;
		phys_addr_t physical;
		struct page *page;

		if (!soft_translate(dev, domain, address, &physical))
			break;

		page = pfn_to_page(PHYS_PFN(physical));
		chunk = min3(job->length - done,
			     (size_t)(PAGE_SIZE - offset_in_page(address)),
			     (size_t)(PAGE_SIZE - offset_in_page(physical)));

		if (job->direction == DMABAY_READ_FROM_DEVICE)
			memcpy_to_page(page, offset_in_page(physical), memory + done, chunk);
		else
			memcpy_from_page(memory + done, page, offset_in_page(physical), chunk);
	}

	return done;
}

/*
 * The CPU was in the place of the device since then, with all that others took it for. The status
 * is only passed on, so that nothing is left to do for who called.
 */
int soft_charge(cycles_t start, int status)
{
	atomic64_add(get_cycles() - start, &soft_memory.ticks);

	return status;
}
EXPORT_SYMBOL_GPL(soft_charge);

/* Do a job on behalf of the device. Returns what &dmabay_soft_done_t is told. */
int soft_move(struct device *dev, const struct soft_job *job, size_t *moved)
{
	dma_addr_t address;

	*moved = 0;
	if (!job->length || job->length > soft_memory.size ||
	    job->device_address > soft_memory.size - job->length)
		return -EINVAL;

	WRITE_ONCE(soft_memory.last_address, job->address);
	WRITE_ONCE(soft_memory.last_place, job->device_address);
	*moved = soft_copy(dev, job);
	if (*moved == job->length)
		return 0;

	address = job->address + *moved;
	atomic64_inc(&soft_memory.faults);
	dev_warn_ratelimited(dev, SOFT_NAME ": fault: no memory at device address %pad\n",
			     &address);

	return -EIO;
}
EXPORT_SYMBOL_GPL(soft_move);

/* The same; what it takes is the device's. */
int soft_move_charged(struct device *dev, const struct soft_job *job, size_t *moved)
{
	cycles_t start = get_cycles();

	return soft_charge(start, soft_move(dev, job, moved));
}
EXPORT_SYMBOL_GPL(soft_move_charged);

/*
 * The first byte of the last job goes to the device once more: -EIO if there is nothing behind
 * its address any more, -EOPNOTSUPP if everything can be reached by @dev all the time.
 */
int soft_move_again(struct device *dev)
{
	struct soft_job job = {
		.address = READ_ONCE(soft_memory.last_address),
		.length = 1,
		.device_address = READ_ONCE(soft_memory.last_place),
		.direction = DMABAY_WRITE_TO_DEVICE,
	};
	size_t moved;

	return soft_domain(dev) ? soft_move(dev, &job, &moved) : -EOPNOTSUPP;
}
EXPORT_SYMBOL_GPL(soft_move_again);

/* Of the job that began last. */
dma_addr_t soft_last_address(void)
{
	return READ_ONCE(soft_memory.last_address);
}

u64 soft_faults(void)
{
	return atomic64_read(&soft_memory.faults);
}

u64 soft_ticks(void)
{
	return atomic64_read(&soft_memory.ticks);
}

static void soft_engine_work(struct work_struct *work)
{
	struct dmabay_soft_engine *engine = container_of(work, struct dmabay_soft_engine, work);
	unsigned int delay_ms = READ_ONCE(soft_delay_ms);
	int status = -ENODEV;
	size_t moved = 0;

	if (delay_ms)
		wait_event_idle_timeout(engine->delay, READ_ONCE(engine->stopping),
					msecs_to_jiffies(delay_ms));
	if (!READ_ONCE(engine->stopping))
		status = soft_move_charged(engine->dev, &engine->job, &moved);

	/* Whoever starts it next finds that this job is over. */
	atomic_set_release(&engine->busy, 0);

	/* An interrupt handler may not sleep, so this one may not either. */
	local_bh_disable();
	engine->done(engine->data, status, moved);
	local_bh_enable();
}

void dmabay_soft_start(struct dmabay_soft_engine *engine, dma_addr_t address, size_t length,
		       u64 device_address, enum dmabay_direction direction)
{
	if (WARN_ON_ONCE(atomic_cmpxchg(&engine->busy, 0, 1)))
		return;

	engine->job.address = address;
	engine->job.length = length;
	engine->job.device_address = device_address;
	engine->job.direction = direction;
	queue_work(soft_worker, &engine->work);
}
EXPORT_SYMBOL_GPL(dmabay_soft_start);

void dmabay_soft_stop(struct dmabay_soft_engine *engine)
{
	WRITE_ONCE(engine->stopping, true);
	wake_up_all(&engine->delay);
	/* Its interrupt may have started it again. */
	do
		flush_work(&engine->work);
	while (atomic_read(&engine->busy));
	WRITE_ONCE(engine->stopping, false);
}
EXPORT_SYMBOL_GPL(dmabay_soft_stop);

static void soft_engine_stop(void *engine)
{
	dmabay_soft_stop(engine);
}

struct dmabay_soft_engine *devm_dmabay_soft_engine(struct device *dev, dmabay_soft_done_t done,
						   void *data)
{
	struct dmabay_soft_engine *engine;
	int error;

	/* The engine goes through the CPU's caches. */
	if (!dev_is_dma_coherent(dev) || !soft_can_follow(dev))
		return ERR_PTR(-EOPNOTSUPP);

	engine = devm_kzalloc(dev, sizeof(*engine), GFP_KERNEL);
	if (!engine)
		return ERR_PTR(-ENOMEM);

	engine->dev = dev;
	engine->done = done;
	engine->data = data;
	init_waitqueue_head(&engine->delay);
	INIT_WORK(&engine->work, soft_engine_work);
	error = devm_add_action_or_reset(dev, soft_engine_stop, engine);

	return error ? ERR_PTR(error) : engine;
}
EXPORT_SYMBOL_GPL(devm_dmabay_soft_engine);

size_t dmabay_soft_memory_size(void)
{
	return soft_memory.size;
}
EXPORT_SYMBOL_GPL(dmabay_soft_memory_size);

static int soft_add_card(void)
{
	int error;

	soft_card = platform_device_alloc(DMABAY_SOFT_CARD, PLATFORM_DEVID_NONE);
	if (!soft_card)
		return -ENOMEM;
	compat_set_dma_coherent(&soft_card->dev);

	error = platform_device_add(soft_card);
	if (error)
		platform_device_put(soft_card);

	return error;
}

int soft_engines_init(void)
{
	size_t mebibytes = soft_memory_mib;
	int error = -ENOMEM;

	if (!mebibytes || mebibytes > (SIZE_MAX >> 20)) {
		pr_err(SOFT_NAME ": memory=%u is out of range\n", soft_memory_mib);
		return -EINVAL;
	}

	soft_memory.size = (size_t)soft_memory_mib << 20;
	soft_memory.bytes = vzalloc(soft_memory.size);
	if (!soft_memory.bytes)
		return -ENOMEM;

	/* Not on the CPU that starts them: a long job would keep that from other work. */
	soft_worker = alloc_workqueue(SOFT_NAME "_engines", WQ_UNBOUND, 0);
	if (!soft_worker)
		goto err_memory;

	error = soft_add_card();
	if (error)
		goto err_worker;

	return 0;

err_worker:
	destroy_workqueue(soft_worker);
err_memory:
	vfree(soft_memory.bytes);

	return error;
}

void soft_engines_exit(void)
{
	platform_device_unregister(soft_card);
	destroy_workqueue(soft_worker);
	vfree(soft_memory.bytes);
}
