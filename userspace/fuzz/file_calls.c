// SPDX-License-Identifier: GPL-2.0-only
/*
 * Calls of the node that every file has, and what a program does to the world around it.
 */
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fuzz.h"

int files[FILES];

/* Two threads may fill a slot at once: none of what they open is lost. */
int slot_put(int *slot, int fd)
{
	int old = __atomic_exchange_n(slot, fd, __ATOMIC_SEQ_CST);

	return old < 0 ? -1 : close(old);
}

static int file(const uint64_t *values)
{
	return files[values[0] % FILES];
}

CALL(open)
{
	static const int how[] = {
		O_RDWR, O_RDWR | O_NONBLOCK, O_RDONLY, O_WRONLY, O_WRONLY | O_NONBLOCK,
		O_RDONLY | O_NONBLOCK,
	};
	int fd = open(node_path, how[values[1] % 6] | O_CLOEXEC);

	(void)task;
	(void)operation;
	slot_put(&files[values[0] % FILES], fd);
	return fd;
}

CALL(close)
{
	(void)task;
	(void)operation;
	return slot_put(&files[values[0] % FILES], -1);
}

CALL(dup)
{
	int fd = fcntl(file(values), F_DUPFD_CLOEXEC, 3);

	(void)task;
	(void)operation;
	slot_put(&files[values[1] % FILES], fd);
	return fd;
}

CALL(number)
{
	(void)task;
	(void)operation;
	return ioctl(file(values), values[1], values[2]);
}

/* In the desk's array, for others. */
CALL(transfer)
{
	unsigned char *entry = (unsigned char *)DESK_TRANSFERS + values[0] % 146 * 56;

	(void)task;
	for (unsigned int f = 1; f < fields_of(operation); f++)
		memcpy(entry + operation->fields[f].offset, &values[f], operation->fields[f].width);
	return 0;
}

/* The second piece is the page behind. */
static int vector(const uint64_t *values, struct iovec *pieces)
{
	pieces[0] = (struct iovec){ (void *)values[1], values[2] };
	pieces[1] = (struct iovec){ (void *)(values[1] + values[2]), PAGE_SIZE };
	return 2;
}

CALL(read)
{
	struct iovec pieces[2];
	int fd = file(values), count = vector(values, pieces);

	(void)task;
	(void)operation;
	switch (values[4] % 5) {
	case 0:
		return read(fd, pieces->iov_base, values[2]);
	case 1:
		return pread(fd, pieces->iov_base, values[2], (off_t)values[3]);
	case 2:
		return preadv(fd, pieces, count, (off_t)values[3]);
	case 3:
		return preadv2(fd, pieces, 1, (off_t)values[3], RWF_NOWAIT);
	default:
		return preadv2(fd, pieces, count, -1, RWF_HIPRI);
	}
}

CALL(write)
{
	struct iovec pieces[2];
	int fd = file(values), count = vector(values, pieces);

	(void)task;
	(void)operation;
	switch (values[4] % 5) {
	case 0:
		return write(fd, pieces->iov_base, values[2]);
	case 1:
		return pwrite(fd, pieces->iov_base, values[2], (off_t)values[3]);
	case 2:
		return pwritev(fd, pieces, count, (off_t)values[3]);
	case 3:
		return pwritev2(fd, pieces, 1, (off_t)values[3], RWF_NOWAIT);
	default:
		return pwritev2(fd, pieces, count, -1, RWF_DSYNC);
	}
}

CALL(seek)
{
	(void)task;
	(void)operation;
	return lseek(file(values), (off_t)values[1], (int)values[2]);
}

CALL(poll)
{
	struct pollfd wanted = { .fd = file(values), .events = POLLIN | POLLOUT };

	(void)task;
	(void)operation;
	return poll(&wanted, 1, (int)(values[1] % 3));
}

CALL(nonblock)
{
	(void)task;
	(void)operation;
	return fcntl(file(values), F_SETFL, values[1] & 1 ? O_NONBLOCK : 0);
}

CALL(splice)
{
	long result = -1;
	int ends[2];

	(void)task;
	(void)operation;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK))
		return -1;
	if (values[2] & 1) {
		if (write(ends[1], "a few bytes", 11) == 11)
			result = splice(ends[0], NULL, file(values), NULL, values[1], 0);
	} else {
		result = splice(file(values), NULL, ends[1], NULL, values[1], 0);
	}
	close(ends[0]);
	close(ends[1]);
	return result;
}

CALL(sync)
{
	(void)task;
	(void)operation;
	return fsync(file(values));
}

CALL(pause)
{
	(void)task;
	(void)operation;
	return usleep((useconds_t)(values[0] % 300));
}

static bool limited;

static int limit(rlim_t bytes)
{
	struct rlimit limit = { bytes, RLIM_INFINITY };

	return setrlimit(RLIMIT_MEMLOCK, &limit);
}

CALL(limit)
{
	(void)task;
	(void)operation;
	limited = true;
	return limit(values[0] % 0x10000 * PAGE_SIZE);
}

/* It has all that is open, and memory that it shares until it writes. */
CALL(fork)
{
	pid_t child = fork();

	(void)task;
	(void)operation;
	if (!child)
		_exit(0);
	if (child > 0 && !(values[0] & 1))
		waitpid(child, NULL, 0);
	return child;
}

/* What can be read about the device, and by whom it is used. */
CALL(look)
{
	static glob_t there;
	static char text[8192];
	ssize_t result;
	int fd;

	(void)task;
	(void)operation;
	if (!there.gl_pathc) {
		glob("/sys/class/dmabay/*/*", 0, NULL, &there);
		glob("/sys/class/dmabay/*/counters/*", GLOB_APPEND, NULL, &there);
		glob("/sys/kernel/debug/dmabay/*", GLOB_APPEND, NULL, &there);
		glob("/sys/kernel/debug/dmabay/*/*", GLOB_APPEND, NULL, &there);
	}
	if (!there.gl_pathc)
		return -1;
	fd = open(there.gl_pathv[values[0] % there.gl_pathc], O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return fd;
	result = read(fd, text, sizeof(text));
	close(fd);
	return result;
}

/* Of the first thread's struct, of the arrays: words change to a number and back. */
CALL(flip)
{
	uint64_t at = values[0] % (0x100 + 0x400) & ~UINT64_C(3);
	uint64_t address = at < 0x100 ? DESK + at : DESK_TRANSFERS + 16 + at - 0x100;
	volatile uint32_t *word = (volatile uint32_t *)address;
	uint32_t before = *word;

	(void)task;
	(void)operation;
	for (uint64_t times = values[2] % 2000; times; times--) {
		*word = (uint32_t)values[1];
		*word = before;
		figures.flips++;
	}
	return 0;
}

static bool failing;

/* The device fails, or a controller hangs, at one of the next pieces; and nothing of it. */
static const struct {
	const char *path;
	const char *format;
	const char *nothing;
} plans[] = {
	{ "/sys/module/dmabay_soft/parameters/plan", "error %u", "none" },
	{ "/sys/module/dmabay_test_engine/parameters/fail", "%u", "0" },
	{ "/sys/module/dmabay_test_engine/parameters/hang", "%u", "0" },
};

#define PLANS (sizeof(plans) / sizeof(*plans))

static int plan(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC), result = -1;

	if (fd < 0)
		return -1;
	result = (int)write(fd, text, strlen(text));
	close(fd);
	return result;
}

CALL(fail_piece)
{
	unsigned int which = (unsigned int)(values[1] % PLANS);
	char text[32];

	(void)task;
	(void)operation;
	failing = true;
	snprintf(text, sizeof(text), plans[which].format, (unsigned int)(1 + values[0] % 20));
	return plan(plans[which].path, text);
}

void files_end(void)
{
	for (unsigned int i = 0; i < FILES; i++)
		slot_put(&files[i], -1);
	for (unsigned int i = 0; failing && i < PLANS; i++)
		plan(plans[i].path, plans[i].nothing);
	failing = false;
	if (limited)
		limit(8u << 20);
	limited = false;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
}
