// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmabay doctor: what is missing on this machine. Its checks are a table; each one looks
 * at files only, and opens no node.
 */
#include <getopt.h>
#include <stdbool.h>
#include <stdio.h>

#include "command.h"
#include "diagnosis.h"
#include "machine.h"
#include "node.h"

#define NODES 256

/* Of the machine or of each node: one of the two. */
struct check {
	const char *name;
	void (*machine)(struct diagnosis *diagnosis);
	void (*node)(struct diagnosis *diagnosis, const struct dmabay_info *info);
};

static const struct check checks[] = {
	{ "installed", check_installed, NULL },
	{ "allowed", check_allowed, NULL },
	{ "signature", check_signature, NULL },
	{ "loaded", check_loaded, NULL },
	{ "nodes", check_nodes, NULL },
	{ "permission", NULL, check_permission },
	{ "memlock", check_memlock, NULL },
	{ "iommu", NULL, check_iommu },
	{ "trust", NULL, check_trust },
	{ "group", NULL, check_group },
	{ "provider", NULL, check_provider },
	{ "debugfs", check_debugfs, NULL },
	{ "tracefs", check_tracefs, NULL },
};

static void usage(FILE *stream)
{
	fputs("usage: dmabay doctor [--json]\n\n"
	      "Tells what is missing on this machine for the use of dmabay, and the command\n"
	      "that mends it. Each line is a check: ok, advice (it can be used, and could be\n"
	      "better), unknown, or problem. Exits with 1 if there is a problem.\n\n"
	      "  -j, --json   as JSON\n"
	      "  -h, --help   this text\n\n"
	      "man dmabay-doctor tells more.\n", stream);
}

static void look_at_nodes(struct diagnosis *diagnosis, const struct check *check,
			  const struct dmabay_node *nodes, size_t count)
{
	struct dmabay_info info;

	for (size_t i = 0; i < count; i++) {
		diagnosis->node = &nodes[i];
		if (node_read(nodes[i].name, &info))
			check->node(diagnosis, &info);
		else
			found(diagnosis, VERDICT_UNKNOWN, "sysfs does not tell: it is gone, or the module is older");
	}
	diagnosis->node = NULL;
}

static int examine(bool json)
{
	static struct dmabay_node nodes[NODES];
	size_t count = nodes_find(nodes, NODES);
	struct diagnosis diagnosis = { 0 };
	int result;

	for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
		diagnosis.check = checks[i].name;
		if (checks[i].machine)
			checks[i].machine(&diagnosis);
		else
			look_at_nodes(&diagnosis, &checks[i], nodes, count);
	}
	if (json)
		diagnosis_print_json(&diagnosis);
	else
		diagnosis_print(&diagnosis);
	result = diagnosis_usable(&diagnosis) ? EXIT_OK : EXIT_FAILED;
	diagnosis_free(&diagnosis);
	return result;
}

int command_doctor(int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ "sysroot", required_argument, NULL, 's' },	/* for the tests */
		{ 0 },
	};
	bool json = false;
	int option;

	while ((option = getopt_long(argc, argv, "jh", options, NULL)) != -1) {
		switch (option) {
		case 'j':
			json = true;
			break;
		case 's':
			machine_set_root(optarg);
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
	return examine(json);
}
