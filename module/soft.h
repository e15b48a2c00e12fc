/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the two files of dmabay_soft share: the device memory, and how the CPU moves bytes
 * to and from it by device addresses (soft_engine.c), for a node of its own (soft.c) and
 * for the drivers that use <linux/dmabay_soft.h>.
 */
#ifndef _DMABAY_SOFT_PRIVATE_H
#define _DMABAY_SOFT_PRIVATE_H

#include <linux/timex.h>

#include <linux/dmabay_soft.h>

#define SOFT_NAME "dmabay_soft"

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
int soft_move(struct device *dev, const struct soft_job *job, size_t *moved);
int soft_move_charged(struct device *dev, const struct soft_job *job, size_t *moved);
void soft_charge(cycles_t start);
int soft_move_again(struct device *dev);
u64 soft_faults(void);
u64 soft_ticks(void);

#endif /* _DMABAY_SOFT_PRIVATE_H */
