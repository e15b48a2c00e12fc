// SPDX-License-Identifier: GPL-2.0-only
/*
 * Text: sizes, names of the enumerations, nodes and places on a node.
 */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dmabay.h"
#include "text.h"

static const char units[] = "KMGT";

bool parse_size(const char *text, uint64_t *size)
{
	const char *unit;
	unsigned int shift = 0;
	char *end;

	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	*size = strtoull(text, &end, 0);
	if (errno)
		return false;
	if (*end) {
		unit = strchr(units, toupper((unsigned char)*end));
		if (!unit || end[1])
			return false;
		shift = 10 * (unsigned int)(unit - units + 1);
	}
	if (*size > UINT64_MAX >> shift)
		return false;
	*size <<= shift;
	return true;
}

bool parse_count(const char *text, uint32_t low, uint32_t high, uint32_t *count)
{
	uint64_t number;

	if (!parse_size(text, &number) || number < low || number > high)
		return false;
	*count = (uint32_t)number;
	return true;
}

const char *format_bytes(char *text, size_t size, uint64_t bytes)
{
	unsigned int unit = 0;
	double number = (double)bytes;

	while (number >= 1024 && unit < sizeof(units) - 1) {
		number /= 1024;
		unit++;
	}
	if (!unit || (bytes < 1u << 16 && bytes & 1023))
		snprintf(text, size, "%" PRIu64 " bytes", bytes);
	else if (bytes & ((1ull << (10 * unit)) - 1))
		snprintf(text, size, "%.1f %ciB", number, units[unit - 1]);
	else
		snprintf(text, size, "%.0f %ciB", number, units[unit - 1]);
	return text;
}

const char *format_size(char *text, size_t size, uint64_t bytes)
{
	unsigned int unit = 0;

	while (bytes && !(bytes & 1023) && unit < sizeof(units) - 1) {
		bytes >>= 10;
		unit++;
	}
	if (unit)
		snprintf(text, size, "%" PRIu64 "%c", bytes, units[unit - 1]);
	else
		snprintf(text, size, "%" PRIu64, bytes);
	return text;
}

const char *provider_name(uint32_t provider)
{
	switch (provider) {
	case DMABAY_INFO_PROVIDER_IOVA:
		return "iova";
	case DMABAY_INFO_PROVIDER_BOUNCE:
		return "bounce";
	case DMABAY_INFO_PROVIDER_DIRECT:
		return "direct";
	default:
		return "unknown";
	}
}

const char *iommu_name(uint32_t iommu)
{
	switch (iommu) {
	case DMABAY_INFO_IOMMU_NONE:
		return "none";
	case DMABAY_INFO_IOMMU_PASSTHROUGH:
		return "passthrough";
	case DMABAY_INFO_IOMMU_STRICT:
		return "strict";
	case DMABAY_INFO_IOMMU_LAZY:
		return "lazy";
	default:
		return "unknown";
	}
}

/* The length of a leading "/dev/dmabayN" or "dmabayN", or 0. */
static size_t node_length(const char *text)
{
	const char *name = strncmp(text, "/dev/", 5) ? text : text + 5;
	size_t digits;

	if (strncmp(name, "dmabay", 6))
		return 0;
	digits = strspn(name + 6, "0123456789");
	return digits ? (size_t)(name - text) + 6 + digits : 0;
}

bool parse_node(const char *text, char *path, size_t size)
{
	int length;

	if (*text == '/')
		length = snprintf(path, size, "%s", text);
	else if (node_length(text) && !text[node_length(text)])
		length = snprintf(path, size, "/dev/%s", text);
	else if (*text && !text[strspn(text, "0123456789")])
		length = snprintf(path, size, "/dev/dmabay%s", text);
	else
		return false;
	return (size_t)length < size;
}

bool is_place(const char *text)
{
	size_t length = node_length(text);

	return length && strchr(":+", text[length]);
}

bool parse_place(const char *text, struct place *place)
{
	size_t length = node_length(text);
	char rest[64], *plus;

	*place = (struct place){ 0 };
	if (length + 6 > sizeof(place->path) || strlen(text + length) >= sizeof(rest))
		return false;
	snprintf(place->path, sizeof(place->path), "%s%.*s",
		 *text == '/' ? "" : "/dev/", (int)length, text);

	strcpy(rest, text + length);
	plus = strchr(rest, '+');
	if (plus) {
		*plus = '\0';
		if (!parse_size(plus + 1, &place->length) || !place->length)
			return false;
	}
	return !*rest || parse_size(rest + 1, &place->address);
}
