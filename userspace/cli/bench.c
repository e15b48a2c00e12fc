// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmabay bench: what a reservation saves. At each size the same bytes go the same way by
 * several arms; what is measured of them is in measure.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dmabay.h"
#include "command.h"
#include "measure.h"
#include "message.h"
#include "subject.h"
#include "text.h"
#include "tick.h"
#include "watched.h"

#define LIST_MAX	32
#define SPREAD_LIMIT	1.05

/* However much work they are. */
#define LEAST_ITERATIONS	5
#define LEAST_COUNTED		2

/* What was asked for, in two lists, each with each. */
struct request {
	struct bench bench;
	enum format format;
	bool assert_unchanged;
	char path[64];
	uint64_t sizes[LIST_MAX];
	uint32_t batches[LIST_MAX];
	int size_count, batch_count;
};

static void usage(FILE *stream)
{
	fputs("usage: dmabay bench [OPTION]... [NODE]\n\n"
	      "Measures transfers to the device by several arms: per-call (nothing is reserved),\n"
	      "changed (reserved, the memory is linked anew each time) and unchanged (reserved,\n"
	      "the memory stays linked). The others are compared with the first one: how many times\n"
	      "cheaper they are, and after how many transfers that has paid for what they do once.\n\n"
	      "  -s, --sizes=LIST         transfer sizes (default: 4K,64K,1M,16M)\n"
	      "  -b, --batch=LIST         transfers at a time (default: 1)\n"
	      "  -A, --arms=LIST          which arms (default: all)\n"
	      "  -i, --iterations=N       timed batches per arm and size (default: 65)\n"
	      "  -n, --counted=N          counted batches per arm and size (default: 16)\n"
	      "  -m, --memory=KIND        scattered, thp or contiguous (default: scattered)\n"
	      "  -w, --work=SIZE          less batches of large transfers: what is timed of an arm\n"
	      "                           is not more than this, unless it is five batches\n"
	      "  -U, --undisturbed        time a batch once more if an interrupt came meanwhile\n"
	      "  -l, --latency            also the time until a batch is submitted, and from there\n"
	      "                           to its end; processor time; transfers a second\n"
	      "  -u, --unit=NAME          what a tick is called (default: ticks)\n"
	      "  -t, --table              as a table (the default)\n"
	      "  -j, --json               as JSON, in the manner of fio\n"
	      "  -c, --csv                as CSV\n"
	      "  -Q, --quiet              no progress\n"
	      "  -a, --assert-unchanged   exit 1 if the unchanged arm maps, unmaps, flushes or\n"
	      "                           pins anything, or depends on the size by more than 5 %\n"
	      "  -h, --help               this text\n\n"
	      "man dmabay-bench tells more.\n", stream);
}

/* ---- the command line ---- */

/* Hands each item of a list to @take; false if one is not taken. */
static bool parse_list(const char *text, struct request *request,
		       bool (*take)(struct request *request, const char *item))
{
	char copy[LIST_MAX * 16], *rest = copy, *item;

	if ((size_t)snprintf(copy, sizeof(copy), "%s", text) >= sizeof(copy))
		return false;
	while ((item = strsep(&rest, ",")))
		if (!take(request, item))
			return false;
	return true;
}

static bool take_size(struct request *request, const char *item)
{
	uint64_t size;

	if (request->size_count == LIST_MAX || !parse_size(item, &size) || !size)
		return false;
	request->sizes[request->size_count++] = size;
	return true;
}

static bool take_batch(struct request *request, const char *item)
{
	if (request->batch_count == LIST_MAX ||
	    !parse_count(item, 1, UINT16_MAX, &request->batches[request->batch_count]))
		return false;
	request->batch_count++;
	return true;
}

static bool take_arm(struct request *request, const char *item)
{
	const struct arm_type *type = arm_type_by_name(item);
	struct report *report = &request->bench.report;

	if (!type || report->arm_count == ARMS_MAX)
		return false;
	report->arms[report->arm_count++] = type;
	return true;
}

static void take_all_arms(struct report *report)
{
	while (arm_types[report->arm_count]) {
		report->arms[report->arm_count] = arm_types[report->arm_count];
		report->arm_count++;
	}
}

static int bad_arms(void)
{
	char names[256] = "";
	size_t length = 0;

	for (int i = 0; arm_types[i] && length < sizeof(names); i++)
		length += (size_t)snprintf(names + length, sizeof(names) - length, "%s%s",
					   i ? ", " : "some of ", arm_types[i]->name);
	return bad_option("arms", optarg, names);
}

/* Options that take no argument only switch something on. */
static int parse_switch(struct request *request, int option)
{
	switch (option) {
	case 'l':
		request->bench.report.latency = true;
		return EXIT_OK;
	case 't':
		request->format = FORMAT_TEXT;
		return EXIT_OK;
	case 'j':
		request->format = FORMAT_JSON;
		return EXIT_OK;
	case 'c':
		request->format = FORMAT_CSV;
		return EXIT_OK;
	case 'Q':
		request->bench.quiet = true;
		return EXIT_OK;
	case 'a':
		request->assert_unchanged = true;
		return EXIT_OK;
	case 'U':
		request->bench.report.undisturbed = true;
		return EXIT_OK;
	default:
		usage(stderr);
		return EXIT_USAGE;
	}
}

static int parse_option(struct request *request, int option)
{
	struct report *report = &request->bench.report;

	switch (option) {
	case 's':
		request->size_count = 0;
		return parse_list(optarg, request, take_size) ? EXIT_OK :
			bad_option("sizes", optarg, "up to 32 sizes like 4K,64K,1M");
	case 'b':
		request->batch_count = 0;
		return parse_list(optarg, request, take_batch) ? EXIT_OK :
			bad_option("batch", optarg, "up to 32 numbers from 1 to 65535");
	case 'A':
		report->arm_count = 0;
		return parse_list(optarg, request, take_arm) ? EXIT_OK : bad_arms();
	case 'i':
		return parse_count(optarg, 1, 1u << 24, &report->iterations) ? EXIT_OK :
			bad_option("iterations", optarg, "a number from 1 to 16M");
	case 'n':
		return parse_count(optarg, 1, 1u << 24, &report->counted) ? EXIT_OK :
			bad_option("counted", optarg, "a number from 1 to 16M");
	case 'm':
		report->memory = optarg;
		return is_memory_kind(optarg) ? EXIT_OK :
			bad_option("memory", optarg, "scattered, thp or contiguous");
	case 'w':
		return parse_size(optarg, &report->work) && report->work ? EXIT_OK :
			bad_option("work", optarg, "a size like 64M");
	case 'u':
		report->unit = optarg;
		return EXIT_OK;
	default:
		return parse_switch(request, option);
	}
}

/* ---- the benchmark ---- */

/* Of so many batches that are wanted, how many are not more than that many bytes. */
static uint32_t fitting(uint32_t wanted, uint64_t bytes, const struct row *row, uint32_t least)
{
	uint64_t most = bytes / row->size / row->batch;

	if (!bytes || most >= wanted)
		return wanted;
	if (most < least)
		return least < wanted ? least : wanted;
	return (uint32_t)most;
}

static void add_row(struct report *report, uint64_t size, uint32_t batch)
{
	struct row *row = &report->rows[report->count++];

	*row = (struct row){ .size = size, .batch = batch };
	row->iterations = fitting(report->iterations, report->work, row, LEAST_ITERATIONS);
	row->counted = fitting(report->counted, report->work / 4, row, LEAST_COUNTED);
}

static bool make_rows(struct request *request)
{
	struct report *report = &request->bench.report;

	for (int size = 0; size < request->size_count; size++) {
		for (int batch = 0; batch < request->batch_count; batch++) {
			if (report->count == ROWS_MAX)
				return false;
			add_row(report, request->sizes[size], request->batches[batch]);
		}
	}
	return true;
}

static int check_unchanged(const struct report *report)
{
	double events = report_linked_events(report);
	double spread = report_spread(report);

	if (events > 0) {
		complain("the unchanged arm mapped, unmapped, flushed or pinned: %.2f times a transfer",
			 events);
		return EXIT_FAILED;
	}
	if (!(spread > 0 && spread <= SPREAD_LIMIT)) {
		complain("the unchanged arm depends on the size: max/min = %.3f, limit %.2f",
			 spread, SPREAD_LIMIT);
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

/* And meanwhile how fast ticks go by. */
static int measure_rows(struct bench *bench)
{
	struct report *report = &bench->report;
	uint64_t nanoseconds = now_nanoseconds(), ticks = tick();
	int result = EXIT_OK;

	WATCHED_SOON();
	for (uint32_t i = 0; i < report->count && !result; i++)
		result = measure_row(bench, &report->rows[i]);
	ticks = tick() - ticks;
	nanoseconds = now_nanoseconds() - nanoseconds;
	report->ticks_per_second = (double)ticks * 1e9 / (double)nanoseconds;
	return result;
}

static int run_rows(struct request *request)
{
	struct bench *bench = &request->bench;
	struct report *report = &bench->report;
	int result = dmabay_info(bench->bay, &report->info);

	if (result)
		return complain_command(request->path, DMABAY_CMD_INFO, result, NULL, 0);
	if (!report->info.device_memory) {
		complain("%s: the device has no memory: what was sent does not come back",
			 request->path);
		return EXIT_FAILED;
	}
	events_open(&bench->events, bench->bay);
	work_open(&bench->tracers);
	result = measure_rows(bench);
	work_close(&bench->tracers);
	events_close(&bench->events);
	if (!bench->quiet && isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
	if (result == EXIT_INTERRUPTED)
		complain("interrupted: nothing is reported");
	if (result)
		return result;
	report_print(report, request->format);
	if (!report_measured(report)) {
		complain("%s: nothing was measured", request->path);
		return EXIT_FAILED;
	}
	return request->assert_unchanged ? check_unchanged(report) : EXIT_OK;
}

/* Room for the samples: three lists for each arm, and three for latencies. */
static int64_t *allocate_samples(struct bench *bench)
{
	size_t iterations = bench->report.iterations;
	int lists = bench->report.arm_count;
	int64_t *samples = calloc(iterations * ((size_t)lists * 3 + 3), sizeof(*samples));

	if (!samples)
		return NULL;
	for (int i = 0; i < lists; i++) {
		bench->samples[i] = samples + (size_t)i * 3 * iterations;
		bench->maps[i] = bench->samples[i] + iterations;
		bench->unmaps[i] = bench->maps[i] + iterations;
	}
	samples += (size_t)lists * 3 * iterations;
	bench->latencies = (struct latency_samples){
		.submit = samples,
		.complete = samples + iterations,
		.total = samples + 2 * iterations,
	};
	return bench->samples[0];
}

static int run(struct request *request)
{
	struct bench *bench = &request->bench;
	char *path = request->path;
	int64_t *samples;
	int result = dmabay_open(&bench->bay, *path ? path : NULL, O_RDWR);

	if (result)
		return complain_command(*path ? path : "bench", DMABAY_CMD_OPEN, result, NULL, 0);
	/* Which one, if none was named. */
	snprintf(path, sizeof(request->path), "%s", dmabay_path(bench->bay));
	bench->report.path = path;
	catch_interrupts();

	samples = allocate_samples(bench);
	if (samples) {
		result = run_rows(request);
	} else {
		complain("no memory for %" PRIu32 " samples", bench->report.iterations);
		result = EXIT_FAILED;
	}
	free(samples);
	dmabay_close(bench->bay);
	return result;
}

/* What is measured unless something else is asked for. */
static void set_defaults(struct request *request)
{
	struct report *report = &request->bench.report;

	parse_list("4K,64K,1M,16M", request, take_size);
	parse_list("1", request, take_batch);
	report->memory = "scattered";
	report->unit = "ticks";
	report->iterations = 65;
	report->counted = 16;
	for (int event = 0; event < EVENTS; event++)
		report->source[event] = "nothing";
	take_all_arms(report);
}

int command_bench(int argc, char **argv)
{
	static const struct option options[] = {
		{ "sizes", required_argument, NULL, 's' },
		{ "batch", required_argument, NULL, 'b' },
		{ "arms", required_argument, NULL, 'A' },
		{ "iterations", required_argument, NULL, 'i' },
		{ "counted", required_argument, NULL, 'n' },
		{ "memory", required_argument, NULL, 'm' },
		{ "latency", no_argument, NULL, 'l' },
		{ "work", required_argument, NULL, 'w' },
		{ "undisturbed", no_argument, NULL, 'U' },
		{ "unit", required_argument, NULL, 'u' },
		{ "table", no_argument, NULL, 't' },
		{ "json", no_argument, NULL, 'j' },
		{ "csv", no_argument, NULL, 'c' },
		{ "quiet", no_argument, NULL, 'Q' },
		{ "assert-unchanged", no_argument, NULL, 'a' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	static struct request request;
	int option, result;

	set_defaults(&request);
	while ((option = getopt_long(argc, argv, "s:b:A:i:n:m:lw:Uu:tjcQah", options, NULL)) != -1) {
		if (option == 'h') {
			usage(stdout);
			return EXIT_OK;
		}
		result = parse_option(&request, option);
		if (result)
			return result;
	}
	if (argc - optind > 1 || (optind < argc && !parse_node(argv[optind], request.path,
							       sizeof(request.path)))) {
		usage(stderr);
		return EXIT_USAGE;
	}
	if (!make_rows(&request)) {
		complain("more than %d combinations of sizes and batches", ROWS_MAX);
		return EXIT_USAGE;
	}
	if (request.assert_unchanged && !report_linked_arms(&request.bench.report)) {
		complain("--assert-unchanged: the unchanged arm is not among those of --arms");
		return EXIT_USAGE;
	}
	return run(&request);
}
