/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Holders: the open files that have map registers, or wait for some.
 */
#ifndef DMABAY_CLI_HOLDERS_H
#define DMABAY_CLI_HOLDERS_H

#include "json.h"

/*
 * A list of files, each with what debugfs says of it and a list of its reservations. NULL
 * if it cannot be read: then @error is a negative errno for debugfs_problem().
 */
json_object *holders_read(const char *node, int *error);

void holders_print(json_object *holders);

#endif /* DMABAY_CLI_HOLDERS_H */
