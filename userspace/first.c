// SPDX-License-Identifier: MIT
/*
 * A MiB to the device and back, as the tutorial has it (userspace/tutorial.rst).
 */
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <dmabay.h>

#define SIZE	(1 << 20)
#define CHUNK	(64 << 10)
#define DEPTH	4

static char there[SIZE], back[SIZE];

static void done(const char *what, int result)
{
	if (result < 0)
		errx(1, "%s: %s", what, strerror(-result));
}

int main(void)
{
	struct dmabay_copy copy = { .length = SIZE, .chunk = CHUNK, .depth = DEPTH };
	uint64_t registers = DEPTH * dmabay_span_pages(4095, CHUNK);
	struct dmabay *bay;
	uint32_t buffers[2];

	memset(there, 'x', SIZE);
	/* Once: the first node, its map registers, and memory that it can reach. */
	done("open", dmabay_open(&bay, NULL, O_RDWR));
	done("reserve", dmabay_reserve(bay, registers, DEPTH, 0, &copy.reservation));
	done("register", dmabay_register(bay, there, SIZE, 0, &buffers[0]));
	done("register", dmabay_register(bay, back, SIZE, 0, &buffers[1]));
	/* As often as you like: transfers, which cannot fail for lack of anything. */
	copy.buffer = buffers[0];
	copy.direction = DMABAY_TO_DEVICE;
	done("to the device", dmabay_copy(bay, &copy));
	copy.buffer = buffers[1];
	copy.direction = DMABAY_FROM_DEVICE;
	done("from the device", dmabay_copy(bay, &copy));
	dmabay_close(bay);
	puts(memcmp(there, back, SIZE) ? "not the same" : "1 MiB there and back: the same");
	return 0;
}
