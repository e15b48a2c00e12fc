// SPDX-License-Identifier: MIT
/*
 * Numbers that the commands take: deadlines, and map registers for a length.
 */
#include <time.h>
#include <unistd.h>

#include "dmabay.h"

uint64_t dmabay_deadline(uint64_t nanoseconds)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec + nanoseconds;
}

uint64_t dmabay_span_pages(uint64_t address, uint64_t length)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	return length / page + (address % page + length % page + page - 1) / page;
}
