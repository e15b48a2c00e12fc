// SPDX-License-Identifier: GPL-2.0-only
/*
 * Marks. They are made outside of what is timed.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "mark.h"
#include "message.h"

static void mark(const char *path, const off_t *offsets, int count)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool marked = fd >= 0;
	char byte;

	for (int i = 0; i < count && marked; i++)
		marked = pread(fd, &byte, 1, offsets[i]) == 1;
	if (!marked)
		complain("DMABAY_BENCH_MARK=%s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
}

uint32_t mark_begin(void)
{
	const char *path = getenv("DMABAY_BENCH_MARK");
	static uint32_t number;
	off_t offsets[5];

	if (!path)
		return 0;
	number++;
	for (int i = 0; i < 4; i++)
		offsets[i] = MARK_DIGIT + (number >> (12 - 4 * i) & 0xf);
	offsets[4] = MARK_BEGIN;
	mark(path, offsets, 5);
	return number;
}

void mark_end(void)
{
	const char *path = getenv("DMABAY_BENCH_MARK");
	const off_t end = MARK_END;

	if (path)
		mark(path, &end, 1);
}
