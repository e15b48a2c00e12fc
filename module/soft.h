/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of dmabay_soft share: the device memory, and how the CPU moves bytes
 * to and from it by device addresses (soft_engine.c), for a node of its own (soft.c), which
 * can be told to lie (soft_plan.c), and for the drivers that use <linux/dmabay_soft.h>.
 */
#ifndef _DMABAY_SOFT_PRIVATE_H
#define _DMABAY_SOFT_PRIVATE_H

#include <linux/completion.h>
#include <linux/list.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/percpu-refcount.h>
#include <linux/spinlock.h>
#include <linux/timex.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <linux/dmabay_soft.h>

#define SOFT_NAME "dmabay_soft"

struct platform_device;

/**
 * struct soft - The device
 * @parent: where it is in sysfs
 * @dma_dev: the device that is mapped with: the parent, or the borrowed function
 * @dma_mask: what @dma_dev had before it was registered with
 * @coherent_dma_mask: likewise
 * @max_segment: likewise, of a scatterlist
 * @pieces: one reference for each piece that the engine has; dead once stopped
 * @stopped: @pieces has no reference left
 * @delay: woken when stopped, to cut short what waits, and by a plan
 * @worker: NULL if pieces are moved in program()
 * @work: moves what is in @queue
 * @queue_lock: any context
 * @queue: pieces that wait for @work, in order
 * @polled: pieces that wait for somebody who polls, in order
 * @due: in ns, when the first of @polled may be moved
 * @notifier: sees the borrowed function go
 * @lock: nests inside the device lock of @dma_dev
 * @device: what was registered; NULL before and after
 */
struct soft {
	struct platform_device *parent;
	struct device *dma_dev;
	u64 dma_mask;
	u64 coherent_dma_mask;
	unsigned int max_segment;

	struct percpu_ref pieces;
	struct completion stopped;
	wait_queue_head_t delay;

	struct workqueue_struct *worker;
	struct work_struct work;
	spinlock_t queue_lock; /* guards the three below */
	struct list_head queue;
	struct list_head polled;
	u64 due;

	struct notifier_block notifier;
	struct mutex lock; /* guards @dma_dev and @device against the end of the loan */
	struct dmabay_device *device;
};

/**
 * struct soft_job - What an engine is told
 * @address: device address of the memory
 * @length: bytes
 * @device_address: bytes into the device memory
 * @direction: which way
 */
struct soft_job {
	dma_addr_t address;
	size_t length;
	u64 device_address;
	enum dmabay_direction direction;
};

/* How late a job that is not done at once begins; root changes it at any time. */
extern unsigned int soft_delay_ms;

int soft_engines_init(void);
void soft_engines_exit(void);

bool soft_can_follow(struct device *dev);
bool soft_is_translated(struct device *dev);
int soft_move(struct device *dev, const struct soft_job *job, size_t *moved);
int soft_move_charged(struct device *dev, const struct soft_job *job, size_t *moved);
int soft_charge(cycles_t start, int status);
int soft_move_again(struct device *dev);
dma_addr_t soft_last_address(void);
u64 soft_faults(void);
u64 soft_ticks(void);

#endif /* _DMABAY_SOFT_PRIVATE_H */
