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
#include "message.h"
#include "stream.h"
#include "summary.h"
#include "text.h"

struct copy {
	const char *source;	/* file, NULL if the device is the source */
	const char *target;	/* file, NULL if the device is the target */
	struct place place;	/* path is "" for the first node */
	uint64_t length;	/* --length, 0 if not given */
	bool roundtrip;
	bool verify;
	bool resume;
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
	      "  -R, --resume         go on where a copy was interrupted: NODE to FILE, at the end\n"
	      "                       of FILE; FILE to NODE with --verify, at the first\n"
	      "                       difference\n"
	      "  -d, --device=NODE    the node of --roundtrip (default: the first)\n"
	      "  -l, --length=SIZE    the same as +LENGTH\n"
	      "  -r, --registers=N    map registers to reserve (default: what the buffers\n"
	      "                       need, at most what the device has)\n"
	      "  -q, --depth=N        transfers under way at a time (default: 16)\n"
	      "  -c, --chunk=SIZE     bytes per transfer (default: what fits, at most 256K)\n"
	      "  -p, --progress       progress even if stderr is not a terminal\n"
	      "  -Q, --quiet          neither progress nor summary\n"
	      "  -j, --json           summary as JSON\n"
	      "  -h, --help           this text\n\n"
	      "man dmabay-copy tells more.\n", stream);
}

static bool is_standard(const char *name)
{
	return name && !strcmp(name, "-");
}

/* Is it known, or can it be found out, how far the copy came? */
static int check_resume(const struct copy *copy)
{
	const char *problem = NULL;

	if (!copy->resume)
		return EXIT_OK;
	if (copy->roundtrip)
		problem = "a file goes through the device piece by piece, and nothing stays there";
	else if (is_standard(copy->source) || is_standard(copy->target))
		problem = "\"-\" cannot be sought; give it a name";
	else if (copy->source && !copy->verify)
		problem = "the device does not tell how far a copy to it came; with --verify its "
			  "memory is read and compared";
	if (!problem)
		return EXIT_OK;
	complain("--resume: %s", problem);
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
	    (is_standard(copy->source) || is_standard(copy->target))) {
		complain("--verify cannot read \"-\" a second time");
		return EXIT_USAGE;
	}
	if (copy->json && is_standard(copy->target)) {
		complain("--json and the file cannot both go to standard output");
		return EXIT_USAGE;
	}
	return check_resume(copy);
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
	case 'R':
		copy->resume = true;
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
	int fd = is_standard(name) ? STDIN_FILENO : open(name, O_RDONLY | O_CLOEXEC);

	*size = 0;
	if (fd < 0)
		complain("%s: %s", name, strerror(errno));
	else if (!fstat(fd, &status) && S_ISREG(status.st_mode))
		*size = (uint64_t)status.st_size;
	return fd;
}

static int open_target(const char *name, bool resume)
{
	int fd = is_standard(name) ? STDOUT_FILENO :
		 open(name, O_WRONLY | O_CREAT | (resume ? 0 : O_TRUNC) | O_CLOEXEC, 0666);

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

/* Is it a file that has a length? */
static bool has_length(const struct copy *copy, const struct stream *stream, uint64_t *length)
{
	struct stat status;

	if (fstat(copy->source ? stream->in : stream->out, &status) || !S_ISREG(status.st_mode))
		return false;
	*length = (uint64_t)status.st_size;
	return true;
}

static int check_resumable(const struct copy *copy, const struct stream *stream)
{
	const char *name = copy->source ? copy->source : copy->target;
	uint64_t length;

	if (!stream->info.device_memory)
		complain("%s: the device has no memory: it does not give the same bytes again",
			 dmabay_path(stream->bay));
	else if (!has_length(copy, stream, &length))
		complain("--resume: %s is no regular file, and has no end to go on from", name);
	else if (length > stream->total)
		complain("--resume: %s has %" PRIu64 " bytes already, and %" PRIu64
			 " are asked for: take another file, or leave out --resume",
			 name, length, stream->total);
	else
		return EXIT_OK;
	return EXIT_FAILED;
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
		stream->out = open_target(copy->target, copy->resume);
		if (stream->out < 0)
			return EXIT_FAILED;
	}
	return copy->resume ? check_resumable(copy, stream) : EXIT_OK;
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

static void summary(const struct copy *copy, const struct stream *stream,
		    const struct dmabay_counters *before, int result)
{
	struct summary summary = { .stream = stream, .exit_code = result };

	/* It never came to a reservation: the complaint has said it all. */
	if (!stream->staging || summary_take(&summary, before))
		return;
	if (copy->json)
		summary_print_json(&summary);
	else if (!copy->quiet)
		summary_print(&summary, is_standard(copy->target) ? stderr : stdout);
}

/* For whom it is interrupted. */
static const char *resume_hint(const struct copy *copy, const struct stream *stream)
{
	uint64_t length;

	if (copy->roundtrip || !stream->info.device_memory || !has_length(copy, stream, &length))
		return "";
	return copy->source ? "; --resume --verify goes on there" : "; --resume goes on there";
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
		complain("interrupted: %s has the first %" PRIu64 " of %" PRIu64 " bytes%s",
			 copy->target ? copy->target : dmabay_path(stream->bay), stream->done,
			 stream->total, resume_hint(copy, stream));
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
		.resume = copy->resume,
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
		{ "resume", no_argument, NULL, 'R' },
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

	while ((option = getopt_long(argc, argv, "tvRd:l:r:q:c:pQjh", options, NULL)) != -1) {
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
