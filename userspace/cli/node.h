/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A node, as sysfs tells of it to everybody: without opening it.
 */
#ifndef DMABAY_CLI_NODE_H
#define DMABAY_CLI_NODE_H

#include <glob.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dmabay.h"

/* The names of the nodes, ordered by number; at most @capacity. Returns how many. */
size_t nodes_find(struct dmabay_node *nodes, size_t capacity);

/* Provider, IOMMU, flags, driver and device of a node. False if it is gone. */
bool node_read(const char *name, struct dmabay_info *info);

/* The devices of the IOMMU group: paths, to be freed by globfree(). Returns how many. */
size_t node_group(const struct dmabay_info *info, glob_t *found);

/* Can the device be plugged in from outside, so that the kernel does not trust it? */
enum trust {
	TRUST_UNKNOWN,	/* no PCI device, or the kernel does not tell */
	TRUSTED,
	UNTRUSTED,
};

enum trust node_trust(const struct dmabay_info *info);

/*
 * What is shorter on average, of the pieces of scattered memory, is copied into one. False:
 * nothing is to be chosen for this device.
 */
bool node_copied_below(const char *name, uint32_t *bytes);

/* Why the provider is what it is, as far as can be known. */
const char *node_reason(const struct dmabay_info *info);

#endif /* DMABAY_CLI_NODE_H */
