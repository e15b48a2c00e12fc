// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmabay cancel: transfers of another process, which root ends by a line to debugfs. The
 * node itself is not opened.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dmabay.h"
#include "command.h"
#include "debugfs.h"
#include "json.h"
#include "machine.h"
#include "message.h"
#include "text.h"

/* A number that is given, or not. */
struct given {
	bool is;
	uint64_t number;
};

struct cancel {
	char path[64];
	struct given file;
	struct given reservation;
	struct given cookie;
	bool all;
	bool json;

	/* what came of it */
	unsigned int cancelled;
	unsigned int running;
};

static void usage(FILE *stream)
{
	fputs("usage: dmabay cancel [--json] NODE --file=ID [--reservation=N] [--cookie=N | --all]\n\n"
	      "Cancels transfers that another process has under way on NODE. Those that wait\n"
	      "end at once; the one that runs ends with the piece that the device works on.\n"
	      "\"dmabay info NODE\" lists the files and their reservations. Only for root.\n\n"
	      "  -f, --file=ID         of this open file\n"
	      "  -r, --reservation=N   only of this reservation\n"
	      "  -c, --cookie=N        only those that their program calls so\n"
	      "  -a, --all             all of the file, or of the reservation\n"
	      "  -j, --json            as JSON\n"
	      "  -h, --help            this text\n\n"
	      "man dmabay-cancel tells more.\n", stream);
}

static void add_word(char *line, size_t size, const char *name, const struct given *given)
{
	size_t length = strlen(line);

	if (given->is)
		snprintf(line + length, size - length, "%s%s=%" PRIu64, *line ? " " : "", name,
			 given->number);
}

static void describe(const struct cancel *cancel, char *line, size_t size)
{
	*line = '\0';
	add_word(line, size, "file", &cancel->file);
	add_word(line, size, "reservation", &cancel->reservation);
	add_word(line, size, "cookie", &cancel->cookie);
}

/* Writes the line and reads the answer. 0 or a negative errno. */
static int give_order(int fd, struct cancel *cancel)
{
	char line[128], answer[64];
	ssize_t length;

	describe(cancel, line, sizeof(line));
	if (write(fd, line, strlen(line)) < 0)
		return -errno;
	length = read(fd, answer, sizeof(answer) - 1);
	if (length < 0)
		return -errno;
	answer[length] = '\0';
	return sscanf(answer, "cancelled=%u running=%u", &cancel->cancelled,
		      &cancel->running) == 2 ? 0 : -EPROTO;
}

static int complain_order(const struct cancel *cancel, int error)
{
	char line[128];

	describe(cancel, line, sizeof(line));
	if (error == -ENODEV)
		return complain_command(cancel->path, DMABAY_CMD_OPEN, error, NULL, 0);
	if (error == -ENOENT)
		complain("%s: nothing of %s is under way: \"dmabay info %s\" lists what is",
			 cancel->path, line, last_part(cancel->path));
	else
		complain("%s: %s: %s", cancel->path, line, strerror(-error));
	return EXIT_FAILED;
}

static void add_given(json_object *object, const char *key, const struct given *given)
{
	json_object_object_add(object, key,
			       given->is ? json_object_new_uint64(given->number) : NULL);
}

static void print_json(const struct cancel *cancel)
{
	json_object *object = json_object_new_object();

	json_add_string(object, "path", cancel->path);
	add_given(object, "file", &cancel->file);
	add_given(object, "reservation", &cancel->reservation);
	add_given(object, "cookie", &cancel->cookie);
	json_add_number(object, "cancelled", cancel->cancelled);
	json_add_number(object, "running", cancel->running);
	json_print(object);
}

static int run(struct cancel *cancel)
{
	const char *node = last_part(cancel->path);
	int fd, result;

	if (!machine_has("/sys/class/dmabay/%s", node))
		return complain_command(cancel->path, DMABAY_CMD_OPEN, ENOENT, NULL, 0);
	fd = debugfs_open(node, "cancel", O_RDWR);
	if (fd < 0) {
		complain("%s: transfers of others cannot be cancelled: %s", cancel->path,
			 debugfs_problem(fd));
		return EXIT_FAILED;
	}
	result = give_order(fd, cancel);
	close(fd);
	if (result)
		return complain_order(cancel, result);
	if (cancel->json)
		print_json(cancel);
	else
		printf("%s: cancelled %u; %u more will end after the piece under way\n",
		       cancel->path, cancel->cancelled, cancel->running);
	return EXIT_OK;
}

static int parse_number(const char *name, struct given *given)
{
	given->is = parse_size(optarg, &given->number);
	return given->is ? EXIT_OK : bad_option(name, optarg, "a number");
}

static int parse_option(struct cancel *cancel, int option)
{
	switch (option) {
	case 'f':
		return parse_number("file", &cancel->file);
	case 'r':
		return parse_number("reservation", &cancel->reservation);
	case 'c':
		return parse_number("cookie", &cancel->cookie);
	case 'a':
		cancel->all = true;
		return EXIT_OK;
	case 'j':
		cancel->json = true;
		return EXIT_OK;
	default:
		usage(stderr);
		return EXIT_USAGE;
	}
}

/* Nobody shall cancel everything because an option is missing. */
static int check_options(const struct cancel *cancel)
{
	if (!cancel->file.is) {
		complain("--file=ID is missing: \"dmabay info %s\" lists the files",
			 last_part(cancel->path));
		return EXIT_USAGE;
	}
	if (cancel->all && cancel->cookie.is) {
		complain("either --cookie or --all");
		return EXIT_USAGE;
	}
	if (!cancel->all && !cancel->cookie.is && !cancel->reservation.is) {
		complain("which transfers? --reservation=N, --cookie=N or --all");
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

int command_cancel(int argc, char **argv)
{
	static const struct option options[] = {
		{ "file", required_argument, NULL, 'f' },
		{ "reservation", required_argument, NULL, 'r' },
		{ "cookie", required_argument, NULL, 'c' },
		{ "all", no_argument, NULL, 'a' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct cancel cancel = { 0 };
	int option, result;

	while ((option = getopt_long(argc, argv, "f:r:c:ajh", options, NULL)) != -1) {
		if (option == 'h') {
			usage(stdout);
			return EXIT_OK;
		}
		result = parse_option(&cancel, option);
		if (result)
			return result;
	}
	if (argc - optind != 1 || !parse_node(argv[optind], cancel.path, sizeof(cancel.path))) {
		usage(stderr);
		return EXIT_USAGE;
	}
	result = check_options(&cancel);
	return result ? result : run(&cancel);
}
