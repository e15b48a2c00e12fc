// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmabay info: everything that a node says about itself. The fields are a table,
 * printed as text or as JSON.
 */
#include <fcntl.h>
#include <getopt.h>
#include <glob.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "dmabay.h"
#include "command.h"
#include "debugfs.h"
#include "holders.h"
#include "json.h"
#include "machine.h"
#include "message.h"
#include "node.h"
#include "text.h"

enum kind {
	COUNT,		/* __u32 */
	COUNT64,
	BYTES32,
	BYTES,
	TEXT,
	PROVIDER,
	IOMMU,
	GUARANTEED,
	DIRECTIONS,
};

struct field {
	const char *key;
	const char *label;
	enum kind kind;
	size_t offset;
};

#define INFO_FIELD(kind, name, label) \
	{ #name, label, kind, offsetof(struct dmabay_info, name) }
#define COUNTER_FIELD(kind, name, label) \
	{ #name, label, kind, offsetof(struct dmabay_counters, name) }

static const struct field info_fields[] = {
	INFO_FIELD(TEXT, driver, "driver"),
	INFO_FIELD(TEXT, bus, "device"),
	INFO_FIELD(PROVIDER, provider, "provider"),
	INFO_FIELD(IOMMU, iommu, "IOMMU"),
	{ "guaranteed", "guaranteed", GUARANTEED, offsetof(struct dmabay_info, flags) },
	{ "directions", "moves bytes", DIRECTIONS, offsetof(struct dmabay_info, flags) },
	INFO_FIELD(COUNT, group_devices, "devices in IOMMU group"),
	INFO_FIELD(COUNT, map_registers, "map registers"),
	INFO_FIELD(COUNT, map_registers_free, "map registers free"),
	INFO_FIELD(COUNT, waiters, "reservations waiting"),
	INFO_FIELD(BYTES32, page_size, "bytes per map register"),
	INFO_FIELD(BYTES, max_length, "longest transfer"),
	INFO_FIELD(BYTES, fragment_length, "longest piece"),
	INFO_FIELD(BYTES, device_memory, "device memory"),
	INFO_FIELD(BYTES32, alignment, "alignment"),
	INFO_FIELD(BYTES, max_register_length, "longest buffer"),
	INFO_FIELD(COUNT, max_buffers, "buffers per file"),
	INFO_FIELD(COUNT, max_reservations, "reservations per file"),
	INFO_FIELD(COUNT, max_depth, "transfers per reservation"),
	INFO_FIELD(COUNT, max_batch, "transfers per call"),
};

static const struct field counter_fields[] = {
	COUNTER_FIELD(COUNT64, transfers, "transfers"),
	COUNTER_FIELD(BYTES, bytes, "bytes transferred"),
	COUNTER_FIELD(COUNT64, errors, "transfers failed"),
	COUNTER_FIELD(COUNT64, timeouts, "device resets"),
	COUNTER_FIELD(COUNT64, faults, "stray device addresses"),
	COUNTER_FIELD(COUNT64, links, "links"),
	COUNTER_FIELD(COUNT64, unlinks, "unlinks"),
	COUNTER_FIELD(COUNT64, flushes, "IOTLB flushes"),
	COUNTER_FIELD(COUNT64, hits, "transfers still linked"),
	COUNTER_FIELD(BYTES, linked_bytes, "bytes linked now"),
	COUNTER_FIELD(BYTES, bounced_bytes, "bytes bounced"),
	COUNTER_FIELD(COUNT64, mapped, "plain mappings made"),
	COUNTER_FIELD(COUNT64, unmapped, "plain mappings undone"),
	COUNTER_FIELD(COUNT64, pinned_pages, "pages pinned now"),
	COUNTER_FIELD(COUNT64, pins, "pages pinned ever"),
	COUNTER_FIELD(COUNT64, engine_ticks, "engine ticks"),
};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

static void usage(FILE *stream)
{
	fputs("usage: dmabay info [--json] [NODE]\n\n"
	      "Shows what NODE (dmabay0, /dev/dmabay0 or 0; the first if not given) is,\n"
	      "its limits, what it has done and cost since it was registered, and, to root,\n"
	      "who holds its map registers.\n\n"
	      "  -j, --json   as JSON\n"
	      "  -h, --help   this text\n\n"
	      "man dmabay-info tells more.\n", stream);
}

static uint64_t number(const struct field *field, const void *record)
{
	const char *at = (const char *)record + field->offset;

	switch (field->kind) {
	case COUNT64:
	case BYTES:
		return *(const __u64 *)at;
	case GUARANTEED:
		return !!(*(const __u32 *)at & DMABAY_INFO_GUARANTEED);
	default:
		return *(const __u32 *)at;
	}
}

static const char *direction_name(uint32_t flags)
{
	static const char *const names[] = { "nowhere", "from it", "to it", "both ways" };

	return names[!!(flags & DMABAY_INFO_FROM_DEVICE) + 2 * !!(flags & DMABAY_INFO_TO_DEVICE)];
}

static const char *words(const struct field *field, const void *record,
			 char *text, size_t size)
{
	switch (field->kind) {
	case TEXT:
		return (const char *)record + field->offset;
	case PROVIDER:
		return provider_name((uint32_t)number(field, record));
	case IOMMU:
		return iommu_name((uint32_t)number(field, record));
	case GUARANTEED:
		return number(field, record) ? "yes" : "no";
	case DIRECTIONS:
		return direction_name((uint32_t)number(field, record));
	case BYTES:
	case BYTES32:
		return format_bytes(text, size, number(field, record));
	default:
		snprintf(text, size, "%" PRIu64, number(field, record));
		return text;
	}
}

static void print_fields(const char *title, const struct field *fields, size_t count,
			 const void *record)
{
	char text[32];

	printf("%s\n", title);
	for (size_t i = 0; i < count; i++)
		printf("  %-26s%s\n", fields[i].label,
		       words(&fields[i], record, text, sizeof(text)));
}

static json_object *value(const struct field *field, const void *record)
{
	switch (field->kind) {
	case TEXT:
	case PROVIDER:
	case IOMMU:
	case DIRECTIONS:
		return json_object_new_string(words(field, record, NULL, 0));
	case GUARANTEED:
		return json_object_new_boolean((int)number(field, record));
	default:
		return json_object_new_uint64(number(field, record));
	}
}

static json_object *object_of(const struct field *fields, size_t count, const void *record)
{
	json_object *object = json_object_new_object();

	for (size_t i = 0; i < count; i++)
		json_object_object_add(object, fields[i].key, value(&fields[i], record));
	return object;
}

/* The names of the other devices of its IOMMU group. */
static json_object *neighbour_list(const struct dmabay_info *info)
{
	json_object *list = json_object_new_array();
	glob_t found;
	size_t count = node_group(info, &found);

	for (size_t i = 0; i < count; i++) {
		const char *name = last_part(found.gl_pathv[i]);

		if (strcmp(name, (const char *)info->bus))
			json_object_array_add(list, json_object_new_string(name));
	}
	globfree(&found);
	return list;
}

static void print_neighbours(const struct dmabay_info *info)
{
	json_object *list = neighbour_list(info);

	printf("\nThe IOMMU group has %u more device%s that can reach the same memory:",
	       info->group_devices - 1, info->group_devices > 2 ? "s" : "");
	for (size_t i = 0; i < json_object_array_length(list); i++)
		printf(" %s", json_object_get_string(json_object_array_get_idx(list, i)));
	putchar('\n');
	json_object_put(list);
}

/* ---- what a transfer has cost, on average ---- */

/* By whichever way: linked into the window, or mapped by the plain DMA API. */
struct cost {
	const char *key;
	const char *label;
	size_t counters[2];	/* in struct dmabay_counters, added up */
};

#define NONE SIZE_MAX
#define AT(name) offsetof(struct dmabay_counters, name)

static const struct cost costs[] = {
	{ "maps", "maps", { AT(links), AT(mapped) } },
	{ "unmaps", "unmaps", { AT(unlinks), AT(unmapped) } },
	{ "flushes", "IOTLB flushes", { AT(flushes), NONE } },
};

static double cost(const struct cost *of, const struct dmabay_counters *counters)
{
	double sum = 0;

	for (int i = 0; i < 2; i++)
		if (of->counters[i] != NONE)
			sum += (double)*(const __u64 *)((const char *)counters + of->counters[i]);
	return sum / (double)counters->transfers;
}

static json_object *cost_object(const struct dmabay_counters *counters)
{
	json_object *object;

	if (!counters->transfers)
		return NULL;
	object = json_object_new_object();
	for (size_t i = 0; i < COUNT_OF(costs); i++)
		json_add_fraction(object, costs[i].key, cost(&costs[i], counters));
	return object;
}

static void print_cost(const struct dmabay_counters *counters)
{
	puts("cost of a transfer so far");
	for (size_t i = 0; i < COUNT_OF(costs); i++)
		if (counters->transfers)
			printf("  %-26s%.3f\n", costs[i].label, cost(&costs[i], counters));
		else
			printf("  %-26s%s\n", costs[i].label, "no transfer yet");
}

/* ---- what is copied ---- */

static void add_copied_below(json_object *object, const char *node)
{
	uint32_t bytes;

	json_object_object_add(object, "copied_below", node_copied_below(node, &bytes) ?
			       json_object_new_uint64(bytes) : NULL);
}

static void print_copied_below(const char *node)
{
	char text[32];
	uint32_t bytes;

	if (!node_copied_below(node, &bytes))
		return;
	if (bytes == UINT32_MAX)
		puts("What is not in one piece is copied into one.");
	else
		printf("Scattered memory is moved where it is, piece by piece, unless its pieces are\n"
		       "below %s on average: then they are copied into one.\n",
		       format_bytes(text, sizeof(text), bytes));
}

/* ---- who holds map registers ---- */

static void add_holders(json_object *object, const char *node)
{
	int error;
	json_object *holders = holders_read(node, &error);

	json_object_object_add(object, "holders", holders);
	if (!holders)
		json_add_string(object, "holders_problem", debugfs_problem(error));
}

static void print_holders(const char *node)
{
	int error;
	json_object *holders = holders_read(node, &error);

	puts("who holds map registers");
	if (!holders)
		printf("  not known: %s\n", debugfs_problem(error));
	else if (!json_object_array_length(holders))
		puts("  nobody");
	else
		holders_print(holders);
	json_object_put(holders);
}

static void print_json(const char *path, const struct dmabay_info *info,
		       const struct dmabay_counters *counters)
{
	json_object *object = object_of(info_fields, COUNT_OF(info_fields), info);

	json_add_string(object, "path", path);
	json_add_string(object, "provider_reason", node_reason(info));
	add_copied_below(object, last_part(path));
	json_object_object_add(object, "group_neighbours", neighbour_list(info));
	json_object_object_add(object, "counters",
			       object_of(counter_fields, COUNT_OF(counter_fields), counters));
	json_object_object_add(object, "cost_per_transfer", cost_object(counters));
	add_holders(object, last_part(path));
	json_print(object);
}

/* What a number in the table means for the person who reads it. */
static void print_remarks(const char *node, const struct dmabay_info *info)
{
	printf("\nWhy %s: %s.\n", provider_name(info->provider), node_reason(info));
	print_copied_below(node);
	if (info->flags & DMABAY_INFO_EXCLUSIVE)
		puts("\nNot guaranteed: the driver of the DMA controller may allocate memory for\n"
		     "each transfer.");
	else if (!(info->flags & DMABAY_INFO_GUARANTEED))
		puts("\nNot guaranteed: a reserved transfer is still mapped by the plain DMA API\n"
		     "and can fail for lack of memory or device addresses.");
	if (info->group_devices > 1)
		print_neighbours(info);
}

static int show(struct dmabay *bay, bool json)
{
	struct dmabay_info info;
	struct dmabay_counters counters;
	int result = dmabay_info(bay, &info);

	if (result)
		return complain_command(dmabay_path(bay), DMABAY_CMD_INFO, result, NULL, 0);
	result = dmabay_counters(bay, &counters);
	if (result)
		return complain_command(dmabay_path(bay), DMABAY_CMD_COUNTERS, result,
					NULL, 0);
	if (json) {
		print_json(dmabay_path(bay), &info, &counters);
		return EXIT_OK;
	}
	print_fields(dmabay_path(bay), info_fields, COUNT_OF(info_fields), &info);
	print_fields("since it was registered", counter_fields, COUNT_OF(counter_fields),
		     &counters);
	print_cost(&counters);
	print_holders(last_part(dmabay_path(bay)));
	print_remarks(last_part(dmabay_path(bay)), &info);
	return EXIT_OK;
}

int command_info(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	bool json = false;
	struct dmabay *bay;
	char path[64];
	int option, result;

	while ((option = getopt_long(argc, argv, "jh", options, NULL)) != -1) {
		switch (option) {
		case 'j':
			json = true;
			break;
		case 'h':
			usage(stdout);
			return EXIT_OK;
		default:
			usage(stderr);
			return EXIT_USAGE;
		}
	}
	if (argc - optind > 1 ||
	    (optind < argc && !parse_node(argv[optind], path, sizeof(path)))) {
		usage(stderr);
		return EXIT_USAGE;
	}

	result = dmabay_open(&bay, optind < argc ? path : NULL, O_RDONLY);
	if (result)
		return complain_command(optind < argc ? path : "info", DMABAY_CMD_OPEN,
					result, NULL, 0);
	result = show(bay, json);
	dmabay_close(bay);
	return result;
}
