// SPDX-License-Identifier: GPL-2.0-only
/*
 * A node, from /sys/class/dmabay, and its device, from wherever in /sys that is.
 *
 * Why a provider was chosen is not recorded; but the choice is made by few rules, and all
 * but the last of them can be followed from outside.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "machine.h"
#include "node.h"
#include "text.h"

#define CLASS "/sys/class/dmabay"

static int by_number(const void *a, const void *b)
{
	return strverscmp(((const struct dmabay_node *)a)->name,
			  ((const struct dmabay_node *)b)->name);
}

size_t nodes_find(struct dmabay_node *nodes, size_t capacity)
{
	glob_t found;
	size_t count = machine_glob(&found, CLASS "/dmabay[0-9]*");

	count = count < capacity ? count : capacity;
	for (size_t i = 0; i < count; i++) {
		snprintf(nodes[i].name, sizeof(nodes[i].name), "%s",
			 last_part(found.gl_pathv[i]));
		snprintf(nodes[i].path, sizeof(nodes[i].path), "/dev/%s", nodes[i].name);
	}
	globfree(&found);
	qsort(nodes, count, sizeof(*nodes), by_number);
	return count;
}

/* A name of an enumeration to its number, 0 if there is none. */
static uint32_t number_of(const char *word, const char *(*name)(uint32_t number))
{
	for (uint32_t number = 3; number; number--)
		if (!strcmp(name(number), word))
			return number;
	return 0;
}

static bool is_set(const char *node, const char *flag)
{
	char word[8];

	return machine_line(word, sizeof(word), CLASS "/%s/%s", node, flag) && *word == '1';
}

bool node_read(const char *name, struct dmabay_info *info)
{
	char word[32];

	*info = (struct dmabay_info){ .size = sizeof(*info) };
	if (!machine_line(word, sizeof(word), CLASS "/%s/provider", name))
		return false;
	info->provider = number_of(word, provider_name);
	if (!machine_line(word, sizeof(word), CLASS "/%s/iommu", name))
		return false;
	info->iommu = number_of(word, iommu_name);
	machine_line((char *)info->driver, sizeof(info->driver), CLASS "/%s/driver_name", name);
	machine_line((char *)info->bus, sizeof(info->bus), CLASS "/%s/bus_name", name);
	info->flags = (is_set(name, "guaranteed") ? DMABAY_INFO_GUARANTEED : 0) |
		      (is_set(name, "exclusive") ? DMABAY_INFO_EXCLUSIVE : 0);
	return true;
}

bool node_copied_below(const char *name, uint32_t *bytes)
{
	char word[16];

	if (!machine_line(word, sizeof(word), CLASS "/%s/copied_below", name))
		return false;
	*bytes = (uint32_t)strtoul(word, NULL, 10);
	return true;
}

size_t node_group(const struct dmabay_info *info, glob_t *found)
{
	return machine_glob(found, "/sys/bus/*/devices/%s/iommu_group/devices/*",
			    (const char *)info->bus);
}

/* The kernel calls both by the same rule: what is behind a port that faces outside. */
enum trust node_trust(const struct dmabay_info *info)
{
	const char *bus = (const char *)info->bus;
	char word[16];

	if (!*bus || !machine_has("/sys/bus/pci/devices/%s", bus))
		return TRUST_UNKNOWN;
	/* Only what is not built in has the attribute. */
	machine_line(word, sizeof(word), "/sys/bus/pci/devices/%s/removable", bus);
	return strcmp(word, "removable") ? TRUSTED : UNTRUSTED;
}

static bool asked_for(const struct dmabay_info *info)
{
	char word[16];

	return machine_line(word, sizeof(word), "/sys/module/%s/parameters/provider",
			    (const char *)info->driver) &&
	       !strcmp(word, provider_name(info->provider));
}

struct reason {
	uint32_t provider;
	uint32_t modes;		/* of the IOMMU */
	bool (*holds)(const struct dmabay_info *info);
	const char *words;
};

#define MODE(name)	(1u << DMABAY_INFO_IOMMU_##name)
#define TRANSLATED	(MODE(STRICT) | MODE(LAZY))
#define ANY_MODE	(TRANSLATED | MODE(NONE) | MODE(PASSTHROUGH))

static bool is_untrusted(const struct dmabay_info *info)
{
	return node_trust(info) == UNTRUSTED;
}

static bool always(const struct dmabay_info *info)
{
	(void)info;
	return true;
}

/* The first one that holds. */
static const struct reason reasons[] = {
	{ DMABAY_INFO_PROVIDER_IOVA, ANY_MODE, asked_for,
	  "the module's parameter \"provider\" asks for it" },
	{ DMABAY_INFO_PROVIDER_BOUNCE, ANY_MODE, asked_for,
	  "the module's parameter \"provider\" asks for it" },
	{ DMABAY_INFO_PROVIDER_IOVA, ANY_MODE, always,
	  "the IOMMU translates the device's addresses" },
	{ DMABAY_INFO_PROVIDER_BOUNCE, MODE(NONE), always,
	  "no IOMMU translates the device's addresses" },
	{ DMABAY_INFO_PROVIDER_BOUNCE, MODE(PASSTHROUGH), always,
	  "the IOMMU lets the device's addresses through" },
	{ DMABAY_INFO_PROVIDER_BOUNCE, TRANSLATED, is_untrusted,
	  "the device can be plugged in from outside, and is not trusted with memory of others" },
	{ DMABAY_INFO_PROVIDER_BOUNCE, TRANSLATED, always,
	  "its driver asks for it, the device is not coherent, or there was no window to be had" },
	{ DMABAY_INFO_PROVIDER_DIRECT, ANY_MODE, always,
	  "its driver, or the module's parameter \"provider\", asks for it: it is never chosen" },
};

const char *node_reason(const struct dmabay_info *info)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if (reasons[i].provider == info->provider &&
		    reasons[i].modes & 1u << info->iommu && reasons[i].holds(info))
			return reasons[i].words;
	return "that is not known";
}
