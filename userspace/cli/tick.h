/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A tick: the finest clock that user space can read, and the one the kernel's
 * get_cycles() reads, so that engine_ticks can be subtracted. In a virtual
 * machine that counts instructions (QEMU -icount shift=0) it is one instruction.
 */
#ifndef DMABAY_CLI_TICK_H
#define DMABAY_CLI_TICK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t tick(void)
{
#if defined(__x86_64__)
	uint32_t low, high;

	__asm__ volatile("lfence; rdtsc; lfence" : "=a"(low), "=d"(high) : : "memory");
	return (uint64_t)high << 32 | low;
#elif defined(__aarch64__)
	uint64_t count;

	__asm__ volatile("isb; mrs %0, cntvct_el0; isb" : "=r"(count) : : "memory");
	return count;
#else
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
#endif
}

#endif /* DMABAY_CLI_TICK_H */
