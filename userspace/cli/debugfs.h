/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The folder of a node in debugfs: what is told to root only, and taken from root only.
 */
#ifndef DMABAY_CLI_DEBUGFS_H
#define DMABAY_CLI_DEBUGFS_H

/* Opens a file of it. A negative errno if that fails, which debugfs_problem() explains. */
int debugfs_open(const char *node, const char *name, int flags);

/* What stands in the way, and what to do about it. */
const char *debugfs_problem(int error);

#endif /* DMABAY_CLI_DEBUGFS_H */
