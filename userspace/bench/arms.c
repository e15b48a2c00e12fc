// SPDX-License-Identifier: GPL-2.0-only
/*
 * The arms that the test bed can measure. Of a batch, "driver", "plain", "two-step", "per-call"
 * and those by VFIO and by ioctl do one transfer after the other; "changed" and "unchanged"
 * hand all of it over in one call; and by ring it is a command each, submitted by one call.
 */
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "../../kunit/peers.h"
#include "peers.h"

const struct arm_type *const arm_types[] = {
	&arm_driver,
	&arm_plain,
	&arm_two_step,
	&arm_per_call,
	&arm_changed,
	&arm_unchanged,
	&arm_changed_single,
	&arm_unchanged_single,
	&arm_changed_ring,
	&arm_unchanged_ring,
	&arm_unchanged_mapped,
	&arm_vfio,
	&arm_vfio_map,
	NULL,
};

/* The engine that all of them share remembers it. */
int arm_try_again(const struct arm *arm)
{
	int fd = open("/dev/dmabay_peers", O_RDWR | O_CLOEXEC);
	int result;

	(void)arm;
	if (fd < 0)
		return -EOPNOTSUPP;
	result = ioctl(fd, PEERS_AGAIN) ? -errno : 1;
	close(fd);
	return result == -EIO ? 0 : result;
}
