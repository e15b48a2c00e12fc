/* SPDX-License-Identifier: MIT */
/*
 * What the files of the library share: the open node.
 */
#ifndef DMABAY_LIB_BAY_H
#define DMABAY_LIB_BAY_H

struct dmabay {
	int fd;
	char path[64];
};

#endif /* DMABAY_LIB_BAY_H */
