// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmabay copy: a file into device memory, out of it, or through it and back.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "dmabay.h"
#include "command.h"
#include "json.h"
#include "message.h"
#include "stream.h"
#include "text.h"

struct copy {
	const char *source;	/* file, NULL if the device is the source */
	const char *target;	/* file, NULL if the device is the target */
	struct place place;	/* path is "" for the first node */
	uint64_t length;	/* --length, 0 if not given */
	bool roundtrip;
	bool verify;
	bool json;
	bool force_progress;
	bool quiet;
	uint64_t chunk;
	uint32_t depth;
	uint32_t map_registers;
};

static void usage(FILE *stream)
{
	fputs("usage: dmabay copy [OPTION]... FILE NODE[:ADDRESS]\n"
	      "       dmabay copy [OPTION]... NODE[:ADDRESS][+LENGTH] FILE\n"
	      "       dmabay copy [OPTION]... --roundtrip FILE OUT [NODE[:ADDRESS]]\n\n"
	      "Copies FILE into device memory, device memory into FILE, or FILE through\n"
	      "device memory into OUT, comparing every byte. FILE may be \"-\". NODE is\n"
	      "dmabay0 or /dev/dmabay0. Sizes may end in K, M, G.\n\n"
	      "  -t, --roundtrip      to the device and back\n"
	      "  -v, --verify         FILE to NODE: read it back and compare;\n"
	      "                       --roundtrip: compare the two files at the end, too\n"
	      "  -d, --device=NODE    the node of --roundtrip (default: the first)\n"
	      "  -l, --length=SIZE    the same as +LENGTH\n"
	      "  -r, --registers=N    map registers to reserve (default: what the buffers\n"
	      "                       need, at most what the device has)\n"
	      "  -q, --depth=N        transfers under way at a time (default: 16)\n"
	      "  -c, --chunk=SIZE     bytes per transfer (default: what fits, at most 256K)\n"
	      "  -p, --progress       progress even if stderr is not a terminal\n"
	      "  -Q, --quiet          neither progress nor summary\n"
	      "  -j, --json           summary as JSON\n"
	      "  -h, --help           this text\n", stream);
}

static int bad_option(const char *name, const char *value, const char *expected)
{
	complain("--%s=%s: %s expected", name, value, expected);
	return EXIT_USAGE;
}

/* Which argument is the place, and what are the files. */
static int parse_arguments(struct copy *copy, int count, char **arguments)
{
	char *place = NULL;

	if (copy->roundtrip && (count == 2 || count == 3)) {
		copy->source = arguments[0];
		copy->target = arguments[1];
		place = count == 3 ? arguments[2] : NULL;
	} else if (!copy->roundtrip && count == 2 &&
		   is_place(arguments[0]) != is_place(arguments[1])) {
		place = is_place(arguments[0]) ? arguments[0] : arguments[1];
		if (place == arguments[0])
			copy->target = arguments[1];
		else
			copy->source = arguments[0];
	} else {
		usage(stderr);
		return EXIT_USAGE;
	}

	if (place && (!is_place(place) || !parse_place(place, &copy->place))) {
		complain("\"%s\" is not NODE[:ADDRESS][+LENGTH]", place);
		return EXIT_USAGE;
	}
	if (copy->length)
		copy->place.length = copy->length;
	if (copy->place.length && copy->source) {
		complain("a length is for copies from the device; the file has its own");
		return EXIT_USAGE;
	}
	if (copy->verify && !copy->source) {
		complain("--verify needs a file that was sent to compare with");
		return EXIT_USAGE;
	}
	if (copy->verify && copy->roundtrip &&
	    (!strcmp(copy->source, "-") || !strcmp(copy->target, "-"))) {
		complain("--verify cannot read \"-\" a second time");
		return EXIT_USAGE;
	}
	if (copy->json && copy->target && !strcmp(copy->target, "-")) {
		complain("--json and the file cannot both go to standard output");
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

static int parse_option(struct copy *copy, int option)
{
	switch (option) {
	case 't':
		copy->roundtrip = true;
		return EXIT_OK;
	case 'v':
		copy->verify = true;
		return EXIT_OK;
	case 'd':
		if (!parse_node(optarg, copy->place.path, sizeof(copy->place.path)))
			return bad_option("device", optarg, "a node");
		return EXIT_OK;
	case 'l':
		if (!parse_size(optarg, &copy->length) || !copy->length)
			return bad_option("length", optarg, "a size");
		return EXIT_OK;
	case 'r':
		if (!parse_count(optarg, 1, UINT32_MAX, &copy->map_registers))
			return bad_option("registers", optarg, "a number from 1 on");
		return EXIT_OK;
	case 'q':
		if (!parse_count(optarg, 1, UINT32_MAX, &copy->depth))
			return bad_option("depth", optarg, "a number from 1 on");
		return EXIT_OK;
	case 'c':
		if (!parse_size(optarg, &copy->chunk) || !copy->chunk)
			return bad_option("chunk", optarg, "a size");
		return EXIT_OK;
	case 'p':
		copy->force_progress = true;
		return EXIT_OK;
	case 'Q':
		copy->quiet = true;
		return EXIT_OK;
	case 'j':
		copy->json = true;
		return EXIT_OK;
	default:
		usage(stderr);
		return EXIT_USAGE;
	}
}

static int open_source(const char *name, uint64_t *size)
{
	struct stat status;
	int fd = strcmp(name, "-") ? open(name, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;

	*size = 0;
	if (fd < 0)
		complain("%s: %s", name, strerror(errno));
	else if (!fstat(fd, &status) && S_ISREG(status.st_mode))
		*size = (uint64_t)status.st_size;
	return fd;
}

static int open_target(const char *name)
{
	int fd = strcmp(name, "-") ?
		 open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : STDOUT_FILENO;

	if (fd < 0)
		complain("%s: %s", name, strerror(errno));
	return fd;
}

/* The same file by another name would be emptied before it is read. */
static bool same_file(int source, const char *target)
{
	struct stat a, b;

	return !fstat(source, &a) && !stat(target, &b) && S_ISREG(a.st_mode) &&
	       a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

static int open_files(const struct copy *copy, struct stream *stream)
{
	stream->in = -1;
	stream->out = -1;
	if (copy->source) {
		stream->in = open_source(copy->source, &stream->total);
		if (stream->in < 0)
			return EXIT_FAILED;
	} else {
		stream->total = copy->place.length;
		if (!stream->total && copy->place.address < stream->info.device_memory)
			stream->total = stream->info.device_memory - copy->place.address;
	}
	if (copy->target) {
		if (copy->source && same_file(stream->in, copy->target)) {
			complain("%s and %s are the same file", copy->source, copy->target);
			return EXIT_FAILED;
		}
		stream->out = open_target(copy->target);
		if (stream->out < 0)
			return EXIT_FAILED;
	}
	return EXIT_OK;
}

static int compare_streams(FILE *a, FILE *b, const struct copy *copy)
{
	uint64_t at = 0;
	int from_a, from_b;

	do {
		from_a = getc(a);
		from_b = getc(b);
		if (from_a != from_b) {
			complain("%s and %s differ at byte %" PRIu64, copy->source,
				 copy->target, at);
			return EXIT_MISMATCH;
		}
		at++;
	} while (from_a != EOF);
	return EXIT_OK;
}

/* What the target file really holds, not what was meant to be written. */
static int compare_files(const struct copy *copy)
{
	FILE *a = fopen(copy->source, "re");
	FILE *b = fopen(copy->target, "re");
	int result = EXIT_FAILED;

	if (a && b)
		result = compare_streams(a, b, copy);
	else
		complain("%s: %s", a ? copy->target : copy->source, strerror(errno));
	if (a)
		fclose(a);
	if (b)
		fclose(b);
	return result;
}

static void print_text(FILE *out, const struct stream *stream,
		       const struct dmabay_counters *delta)
{
	char bytes[24], chunk[24];

	fprintf(out, "device       %s (%s, %s)\n", dmabay_path(stream->bay),
		(const char *)stream->info.driver, (const char *)stream->info.bus);
	fprintf(out, "provider     %s, IOMMU %s%s\n", provider_name(stream->info.provider),
		iommu_name(stream->info.iommu),
		stream->info.flags & DMABAY_INFO_GUARANTEED ? ", guaranteed" : "");
	fprintf(out, "reservation  %u map registers, depth %u\n", stream->map_registers,
		stream->depth);
	fprintf(out, "transfers    %" PRIu64 " of up to %s\n", stream->transfers,
		format_bytes(chunk, sizeof(chunk), stream->chunk));
	fprintf(out, "bytes        %" PRIu64 " (%s)%s\n", stream->done,
		format_bytes(bytes, sizeof(bytes), stream->done),
		stream->compare ? ", compared" : "");
	fprintf(out, "cost         %llu links, %llu unlinks, %llu flushes, %llu hits, "
		"%llu bytes bounced\n", delta->links, delta->unlinks, delta->flushes, delta->hits,
		delta->bounced_bytes);
}

static void print_json(const struct stream *stream, const struct dmabay_counters *delta,
		       int result)
{
	json_object *object = json_object_new_object();

	json_add_string(object, "path", dmabay_path(stream->bay));
	json_add_string(object, "driver", (const char *)stream->info.driver);
	json_add_string(object, "device", (const char *)stream->info.bus);
	json_add_string(object, "provider", provider_name(stream->info.provider));
	json_add_string(object, "iommu", iommu_name(stream->info.iommu));
	json_add_number(object, "map_registers", stream->map_registers);
	json_add_number(object, "depth", stream->depth);
	json_add_number(object, "chunk", stream->chunk);
	json_add_number(object, "transfers", stream->transfers);
	json_add_number(object, "bytes", stream->done);
	json_add_flag(object, "compared", stream->compare);
	json_add_number(object, "links", delta->links);
	json_add_number(object, "unlinks", delta->unlinks);
	json_add_number(object, "flushes", delta->flushes);
	json_add_number(object, "hits", delta->hits);
	json_add_number(object, "bounced_bytes", delta->bounced_bytes);
	json_add_signed(object, "exit_code", result);
	json_print(object);
}

static void summary(const struct copy *copy, const struct stream *stream,
		    const struct dmabay_counters *before, int result)
{
	struct dmabay_counters delta;
	bool to_stdout = copy->target && !strcmp(copy->target, "-");

	/* It never came to a reservation: the complaint has said it all. */
	if (!stream->staging || dmabay_counters(stream->bay, &delta))
		return;
	delta.links -= before->links;
	delta.unlinks -= before->unlinks;
	delta.flushes -= before->flushes;
	delta.hits -= before->hits;
	delta.bounced_bytes -= before->bounced_bytes;
	if (copy->json)
		print_json(stream, &delta, result);
	else if (!copy->quiet)
		print_text(to_stdout ? stderr : stdout, stream, &delta);
}

static int transfer_files(const struct copy *copy, struct stream *stream)
{
	struct dmabay_counters before;
	int result = dmabay_counters(stream->bay, &before);

	if (result)
		return complain_command(dmabay_path(stream->bay), DMABAY_CMD_COUNTERS,
					result, NULL, 0);
	progress_begin(&stream->progress, copy->source ? copy->source : copy->target,
		       stream->total, copy->force_progress, copy->quiet);
	catch_interrupts();
	result = stream_run(stream);
	if (result == EXIT_INTERRUPTED)
		complain("interrupted: %s has the first %" PRIu64 " of %" PRIu64 " bytes",
			 copy->target ? copy->target : dmabay_path(stream->bay),
			 stream->done, stream->total);
	if (!result && copy->roundtrip && copy->verify)
		result = compare_files(copy);
	summary(copy, stream, &before, result);
	return result;
}

static int run(const struct copy *copy)
{
	const char *path = *copy->place.path ? copy->place.path : NULL;
	struct stream stream = {
		.compare = copy->source && (copy->roundtrip || copy->verify),
		.in_place = copy->roundtrip,
		.address = copy->place.address,
		.chunk = copy->chunk,
		.depth = copy->depth,
		.map_registers = copy->map_registers,
	};
	int result = dmabay_open(&stream.bay, path, O_RDWR);

	if (result)
		return complain_command(path ? path : "copy", DMABAY_CMD_OPEN, result, NULL, 0);
	result = dmabay_info(stream.bay, &stream.info);
	if (result)
		result = complain_command(dmabay_path(stream.bay), DMABAY_CMD_INFO, result,
					  NULL, 0);
	else
		result = open_files(copy, &stream);
	if (!result)
		result = transfer_files(copy, &stream);
	if (stream.out >= 0 && close(stream.out) && !result) {
		complain("%s: %s", copy->target, strerror(errno));
		result = EXIT_FAILED;
	}
	dmabay_close(stream.bay);
	return result;
}

int command_copy(int argc, char **argv)
{
	static const struct option options[] = {
		{ "roundtrip", no_argument, NULL, 't' },
		{ "verify", no_argument, NULL, 'v' },
		{ "device", required_argument, NULL, 'd' },
		{ "length", required_argument, NULL, 'l' },
		{ "registers", required_argument, NULL, 'r' },
		{ "depth", required_argument, NULL, 'q' },
		{ "chunk", required_argument, NULL, 'c' },
		{ "progress", no_argument, NULL, 'p' },
		{ "quiet", no_argument, NULL, 'Q' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct copy copy = { 0 };
	int option, result;

	while ((option = getopt_long(argc, argv, "tvd:l:r:q:c:pQjh", options, NULL)) != -1) {
		if (option == 'h') {
			usage(stdout);
			return EXIT_OK;
		}
		result = parse_option(&copy, option);
		if (result)
			return result;
	}
	result = parse_arguments(&copy, argc - optind, argv + optind);
	return result ? result : run(&copy);
}
