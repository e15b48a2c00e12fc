// SPDX-License-Identifier: GPL-2.0-only
/*
 * What drivers do: each transfer is an ioctl that maps the memory, moves the bytes, and
 * unmaps it. "driver" also pins and unpins, as most of them; "plain" and "two-step" find it
 * pinned.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../../kunit/peers.h"
#include "peers.h"

struct driver {
	int fd;
	struct peers_run run[];
};

static int driver_open(struct arm *arm)
{
	const struct subject *subject = arm->subject;
	struct peers_pin pin = {
		.address = (uintptr_t)subject->memory,
		.length = subject->length,
		.stride = subject->stride,
		.count = subject->batch,
	};
	struct driver *driver = calloc(1, sizeof(*driver) +
				       subject->batch * sizeof(driver->run[0]));

	if (!driver)
		return -ENOMEM;
	arm->data = driver;
	driver->fd = open("/dev/dmabay_peers", O_RDWR | O_CLOEXEC);
	if (driver->fd < 0)
		return errno == ENOENT ? -EOPNOTSUPP : -errno;
	return ioctl(driver->fd, PEERS_PIN, &pin) ? -errno : 0;
}

/* Only a try tells whether the kernel has it. */
static int two_step_open(struct arm *arm)
{
	struct peers_run run = { .way = PEERS_TWO_STEP, .direction = 1 };
	struct driver *driver;
	int result = driver_open(arm);

	driver = arm->data;
	if (!result && ioctl(driver->fd, PEERS_RUN, &run))
		result = -errno;
	return result;
}

static void driver_close(struct arm *arm)
{
	struct driver *driver = arm->data;

	if (driver && driver->fd >= 0)
		close(driver->fd);
	free(driver);
}

static void prepare(struct arm *arm, uint32_t direction, uint32_t way)
{
	struct driver *driver = arm->data;

	for (uint32_t i = 0; i < arm->subject->batch; i++)
		driver->run[i] = (struct peers_run){
			.way = way,
			.piece = i,
			.direction = direction == DMABAY_TO_DEVICE,
			.device_address = i * arm->subject->length,
		};
}

static void driver_prepare(struct arm *arm, uint32_t direction)
{
	prepare(arm, direction, PEERS_PER_CALL);
}

static void plain_prepare(struct arm *arm, uint32_t direction)
{
	prepare(arm, direction, PEERS_PLAIN);
}

static void two_step_prepare(struct arm *arm, uint32_t direction)
{
	prepare(arm, direction, PEERS_TWO_STEP);
}

static int driver_run(struct arm *arm)
{
	struct driver *driver = arm->data;

	for (uint32_t i = 0; i < arm->subject->batch; i++)
		if (ioctl(driver->fd, PEERS_RUN, &driver->run[i]))
			return -errno;
	return 0;
}

/* A transfer that is not whole has failed. */
static int driver_outcome(const struct arm *arm)
{
	(void)arm;
	return 0;
}

static void driver_mapping(const struct arm *arm, int64_t *map, int64_t *unmap)
{
	const struct driver *driver = arm->data;

	*map = 0;
	*unmap = 0;
	for (uint32_t i = 0; i < arm->subject->batch; i++) {
		*map += (int64_t)driver->run[i].map_ticks;
		*unmap += (int64_t)driver->run[i].unmap_ticks;
	}
}

const struct arm_type arm_driver = {
	.name = "driver",
	.open = driver_open,
	.close = driver_close,
	.prepare = driver_prepare,
	.run = driver_run,
	.outcome = driver_outcome,
	.mapping = driver_mapping,
};

const struct arm_type arm_plain = {
	.name = "plain",
	.open = driver_open,
	.close = driver_close,
	.prepare = plain_prepare,
	.run = driver_run,
	.outcome = driver_outcome,
	.mapping = driver_mapping,
};

const struct arm_type arm_two_step = {
	.name = "two-step",
	.open = two_step_open,
	.close = driver_close,
	.prepare = two_step_prepare,
	.run = driver_run,
	.outcome = driver_outcome,
	.mapping = driver_mapping,
};
