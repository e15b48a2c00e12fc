// SPDX-License-Identifier: GPL-2.0-only
/*
 * The folder of a node in debugfs.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "debugfs.h"

#define FOLDER "/sys/kernel/debug"

int debugfs_open(const char *node, const char *name, int flags)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), FOLDER "/dmabay/%s/%s", node, name);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

const char *debugfs_problem(int error)
{
	switch (abs(error)) {
	case EACCES:
		return "only root may look into " FOLDER ": use sudo";
	case EPERM:
		return "the kernel is locked down, and " FOLDER
		       " with it: boot without lockdown (Secure Boot brings it)";
	case ENOENT:
		return access(FOLDER "/dmabay", F_OK) ?
		       "debugfs is not mounted: sudo mount -t debugfs debugfs " FOLDER :
		       "the module is older than this command: install one of the same version";
	default:
		return strerror(abs(error));
	}
}
