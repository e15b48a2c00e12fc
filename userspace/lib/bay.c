// SPDX-License-Identifier: MIT
/*
 * The open node: found in sysfs, opened, closed. It holds a file descriptor and
 * nothing else that could go stale.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dmabay.h"
#include "bay.h"

#define CLASS_DIRECTORY "/sys/class/dmabay"

const char *dmabay_version(void)
{
	return DMABAY_VERSION;
}

static int is_node(const struct dirent *entry)
{
	unsigned int number;
	int end = 0;

	return sscanf(entry->d_name, "dmabay%u%n", &number, &end) == 1 &&
	       !entry->d_name[end] &&
	       strlen(entry->d_name) < sizeof(((struct dmabay_node *)0)->name);
}

/* dmabay9 before dmabay10. */
static int by_number(const struct dirent **a, const struct dirent **b)
{
	return strverscmp((*a)->d_name, (*b)->d_name);
}

int dmabay_list(struct dmabay_node *nodes, unsigned int capacity)
{
	struct dirent **entries;
	int count = scandir(CLASS_DIRECTORY, &entries, is_node, by_number);

	if (count < 0)
		return errno == ENOENT ? 0 : -errno;

	for (int i = 0; i < count; i++) {
		if ((unsigned int)i < capacity) {
			strcpy(nodes[i].name, entries[i]->d_name);
			snprintf(nodes[i].path, sizeof(nodes[i].path),
				 "/dev/%s", nodes[i].name);
		}
		free(entries[i]);
	}
	free(entries);
	return count;
}

static int open_path(struct dmabay **bay, const char *path, int flags)
{
	struct dmabay *opened;

	if (strlen(path) >= sizeof(opened->path))
		return -ENAMETOOLONG;

	opened = malloc(sizeof(*opened));
	if (!opened)
		return -ENOMEM;
	opened->debug = dmabay_debug_wanted();
	strcpy(opened->path, path);
	opened->fd = open(path, flags | O_CLOEXEC);
	if (opened->fd < 0) {
		int error = errno;

		free(opened);
		return -error;
	}
	*bay = opened;
	return 0;
}

int dmabay_open(struct dmabay **bay, const char *path, int flags)
{
	struct dmabay_node first = { .path = "the first node" };
	int found = 1;
	int result;

	if (!path) {
		found = dmabay_list(&first, 1);
		path = first.path;
	}
	if (found > 0)
		result = open_path(bay, path, flags);
	else
		result = found ? found : -ENODEV;
	if (dmabay_debug_wanted())
		dmabay_debug_open(path, flags, result);
	return result;
}

void dmabay_close(struct dmabay *bay)
{
	if (!bay)
		return;
	if (bay->debug)
		dmabay_debug_close(bay);
	close(bay->fd);
	free(bay);
}

int dmabay_fd(const struct dmabay *bay)
{
	return bay->fd;
}

const char *dmabay_path(const struct dmabay *bay)
{
	return bay->path;
}
