// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmabay list: one line per node.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "dmabay.h"
#include "command.h"
#include "json.h"
#include "message.h"
#include "text.h"

#define NODES 256

static void usage(FILE *stream)
{
	fputs("usage: dmabay list [--json]\n\n"
	      "Lists the nodes of this machine: name, driver, device, what stands behind\n"
	      "the map registers, IOMMU mode, free and all map registers, device memory.\n\n"
	      "  -j, --json   as JSON\n"
	      "  -h, --help   this text\n\n"
	      "man dmabay-list tells more.\n", stream);
}

static void print_line(const char *name, const struct dmabay_info *info)
{
	char registers[32], memory[24];

	snprintf(registers, sizeof(registers), "%u/%u",
		 info->map_registers_free, info->map_registers);
	printf("%-10s %-18s %-18s %-8s %-12s %-13s %s\n", name,
	       (const char *)info->driver, (const char *)info->bus,
	       provider_name(info->provider), iommu_name(info->iommu), registers,
	       format_bytes(memory, sizeof(memory), info->device_memory));
}

static void add_object(json_object *list, const struct dmabay_node *node,
		       const struct dmabay_info *info)
{
	json_object *object = json_object_new_object();

	json_add_string(object, "node", node->name);
	json_add_string(object, "path", node->path);
	json_add_string(object, "driver", (const char *)info->driver);
	json_add_string(object, "device", (const char *)info->bus);
	json_add_string(object, "provider", provider_name(info->provider));
	json_add_string(object, "iommu", iommu_name(info->iommu));
	json_add_number(object, "map_registers", info->map_registers);
	json_add_number(object, "map_registers_free", info->map_registers_free);
	json_add_number(object, "device_memory", info->device_memory);
	json_object_array_add(list, object);
}

static int query(const struct dmabay_node *node, struct dmabay_info *info)
{
	struct dmabay *bay;
	int result = dmabay_open(&bay, node->path, O_RDONLY);

	if (result)
		return complain_command(node->path, DMABAY_CMD_OPEN, result, NULL, 0);
	result = dmabay_info(bay, info);
	dmabay_close(bay);
	if (result)
		return complain_command(node->path, DMABAY_CMD_INFO, result, NULL, 0);
	return EXIT_OK;
}

static int list_nodes(const struct dmabay_node *nodes, int count, json_object *list)
{
	struct dmabay_info info;
	int result = EXIT_OK;

	if (!list && count)
		printf("%-10s %-18s %-18s %-8s %-12s %-13s %s\n", "NODE", "DRIVER",
		       "DEVICE", "PROVIDER", "IOMMU", "REGISTERS", "MEMORY");
	for (int i = 0; i < count; i++) {
		int failed = query(&nodes[i], &info);

		if (failed)
			result = failed;
		else if (list)
			add_object(list, &nodes[i], &info);
		else
			print_line(nodes[i].name, &info);
	}
	return result;
}

int command_list(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	static struct dmabay_node nodes[NODES];
	json_object *list = NULL;
	int option, count, result;

	while ((option = getopt_long(argc, argv, "jh", options, NULL)) != -1) {
		switch (option) {
		case 'j':
			list = list ? list : json_object_new_array();
			break;
		case 'h':
			usage(stdout);
			return EXIT_OK;
		default:
			usage(stderr);
			return EXIT_USAGE;
		}
	}
	if (optind != argc) {
		usage(stderr);
		return EXIT_USAGE;
	}

	count = dmabay_list(nodes, NODES);
	if (count < 0) {
		complain("the list of nodes cannot be read: %s", strerror(-count));
		return EXIT_FAILED;
	}
	result = list_nodes(nodes, count < NODES ? count : NODES, list);
	if (list)
		json_print(list);
	else if (!count)
		result = complain_command("list", DMABAY_CMD_OPEN, ENODEV, NULL, 0);
	return result;
}
