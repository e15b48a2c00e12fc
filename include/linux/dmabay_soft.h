/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dmabay_soft: the hardware of a driver that has none.
 *
 * An engine moves bytes between memory and the device memory of dmabay_soft, for any
 * device whose driver asks for one. It is programmed, works and interrupts as a card's
 * DMA engine would: one job at a time, with the device addresses that were mapped for
 * that device. Any number of engines can be at work; they share the device memory, which
 * is the one that programs see through the node of dmabay_soft itself.
 *
 * A driver that also has no device to map with binds to the platform device
 * DMABAY_SOFT_CARD.
 *
 * A driver that uses this header keeps dmabay_soft loaded.
 */
#ifndef _LINUX_DMABAY_SOFT_H
#define _LINUX_DMABAY_SOFT_H

#include <linux/types.h>

#include <linux/dmabay.h>

struct device;
struct dmabay_soft_engine;

/* A platform device that is there as long as dmabay_soft is. */
#define DMABAY_SOFT_CARD	"dmabay_soft_card"

/**
 * typedef dmabay_soft_done_t - The interrupt of an engine: it has nothing to do any more
 * @data: of devm_dmabay_soft_engine()
 * @status: 0; -EIO: there is no memory at one of the addresses, which is counted as a fault
 *	of dmabay_soft; -EINVAL: the job has no bytes, or goes beyond the device memory;
 *	-ENODEV: the engine was stopped before it began
 * @moved: bytes, from the first one on
 *
 * Called once for each job. May start the next one. Must not sleep.
 */
typedef void (*dmabay_soft_done_t)(void *data, int status, size_t moved);

/**
 * devm_dmabay_soft_engine() - Get an engine for a device
 * @dev: the device whose addresses the engine understands. When its driver is unbound, the
 *	engine is stopped and goes
 * @done: the interrupt
 * @data: for @done
 *
 * Context: may sleep.
 * Return: the engine, or ERR_PTR: -EOPNOTSUPP (a CPU cannot follow the addresses of this
 * device: it does not see the caches, or is behind something that is no IOMMU), -ENOMEM.
 */
struct dmabay_soft_engine *devm_dmabay_soft_engine(struct device *dev, dmabay_soft_done_t done,
						   void *data);

/**
 * dmabay_soft_start() - Give an idle engine a job
 * @engine: the engine; one that has a job already warns, and ignores this one
 * @address: device address of the memory, as mapped for the device of the engine
 * @length: bytes
 * @device_address: bytes into the device memory
 * @direction: which way
 *
 * Never calls the interrupt itself, so a lock that it takes may be held.
 *
 * Context: any.
 */
void dmabay_soft_start(struct dmabay_soft_engine *engine, dma_addr_t address, size_t length,
		       u64 device_address, enum dmabay_direction direction);

/**
 * dmabay_soft_stop() - Make an engine idle
 * @engine: the engine
 *
 * When it returns, the engine touches no memory, and its interrupt is over. A job that the
 * interrupt starts meanwhile ends with -ENODEV, too. Nobody else may start one before it
 * returns; then anybody may.
 *
 * Context: may sleep. Not inside the interrupt.
 */
void dmabay_soft_stop(struct dmabay_soft_engine *engine);

/**
 * dmabay_soft_memory_size() - How much device memory there is
 *
 * Context: any.
 * Return: bytes; the same as long as dmabay_soft is loaded.
 */
size_t dmabay_soft_memory_size(void);

#endif /* _LINUX_DMABAY_SOFT_H */
