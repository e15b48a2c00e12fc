/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Numbers and names as people write and read them.
 */
#ifndef DMABAY_CLI_TEXT_H
#define DMABAY_CLI_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "4096", "64K", "16M", "1G", "0x1000". False if it is anything else. */
bool parse_size(const char *text, uint64_t *size);

/* A whole number from @low to @high. */
bool parse_count(const char *text, uint32_t low, uint32_t high, uint32_t *count);

/* "4 KiB", "1.5 MiB"; a small number exactly. Returns @text. */
const char *format_bytes(char *text, size_t size, uint64_t bytes);

/* "64K": what parse_size() takes. Returns @text. */
const char *format_size(char *text, size_t size, uint64_t bytes);

const char *provider_name(uint32_t provider);
const char *iommu_name(uint32_t iommu);

/* "dmabay0", "/dev/dmabay0" or a number: the path to open. */
bool parse_node(const char *text, char *path, size_t size);

/* NODE[:address][+length], where NODE must name a node and not a number. */
struct place {
	char path[64];
	uint64_t address;
	uint64_t length;	/* 0 if not given */
};

bool is_place(const char *text);
bool parse_place(const char *text, struct place *place);

#endif /* DMABAY_CLI_TEXT_H */
