/* SPDX-License-Identifier: MIT */
/*
 * What the files of the library share: the open node, and what is said of it.
 */
#ifndef DMABAY_LIB_BAY_H
#define DMABAY_LIB_BAY_H

#include <stdbool.h>
#include <stdint.h>

struct dmabay {
	int fd;
	bool debug;	/* LIBDMABAY_DEBUG */
	char path[64];
};

int dmabay_command(struct dmabay *bay, unsigned long number, void *argument);

bool dmabay_debug_wanted(void);
void dmabay_debug_open(const char *path, int flags, int result);
void dmabay_debug_close(const struct dmabay *bay);
void dmabay_debug_command(const struct dmabay *bay, uint32_t command, const void *argument,
			  int result);

#endif /* DMABAY_LIB_BAY_H */
