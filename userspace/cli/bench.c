// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmabay bench: what a reservation saves. At each size the same bytes go the
 * same way by three arms, in turns; first proved right, then timed, then counted.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dmabay.h"
#include "arm.h"
#include "command.h"
#include "event.h"
#include "message.h"
#include "report.h"
#include "text.h"

#define WARM_UP		8
#define HUGE_PAGE	(2u << 20)
#define SPREAD_LIMIT	1.05

struct bench {
	struct dmabay *bay;
	struct report report;
	enum format format;
	bool quiet;
	bool assert_unchanged;
	char path[64];
	int64_t *samples[ARMS];
};

static void usage(FILE *stream)
{
	fputs("usage: dmabay bench [OPTION]... [NODE]\n\n"
	      "Measures one transfer to the device by three arms: per-call (nothing is\n"
	      "reserved), changed (reserved, the memory is linked anew each time) and\n"
	      "unchanged (reserved, the memory stays linked).\n\n"
	      "  -s, --sizes=LIST         transfer sizes (default: 4K,64K,1M,16M)\n"
	      "  -i, --iterations=N       timed transfers per arm and size (default: 65)\n"
	      "  -n, --counted=N          counted transfers per arm and size (default: 16)\n"
	      "  -m, --memory=KIND        scattered or thp (default: scattered)\n"
	      "  -u, --unit=NAME          what a tick is called (default: ticks)\n"
	      "  -t, --table              as a table (the default)\n"
	      "  -j, --json               as JSON\n"
	      "  -c, --csv                as CSV\n"
	      "  -Q, --quiet              no progress\n"
	      "  -a, --assert-unchanged   exit 1 if the unchanged arm maps, unmaps, flushes or\n"
	      "                           pins anything, or depends on the size by more than 5 %\n"
	      "  -h, --help               this text\n", stream);
}

static void show_progress(const struct bench *bench, const struct row *row,
			  const char *what, uint32_t at, uint32_t of)
{
	bool terminal = isatty(STDERR_FILENO);
	char size[24];

	if (bench->quiet || (!terminal && at))
		return;
	fprintf(stderr, "%sbench: %s, %s", terminal ? "\r\033[K" : "",
		format_size(size, sizeof(size), row->size), what);
	if (terminal)
		fprintf(stderr, " %" PRIu32 " of %" PRIu32 " ", at + 1, of);
	else
		fputc('\n', stderr);
}

static void end_progress(const struct bench *bench)
{
	if (!bench->quiet && isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}

/* Touches the pages in a random order, so that neighbours seldom are. */
static void touch_scattered(unsigned char *memory, uint64_t length)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	uint64_t count = (length + page - 1) / page;
	uint64_t *order = malloc(count * sizeof(*order));

	if (!order)
		return;
	srandom(1);
	for (uint64_t i = 0; i < count; i++) {
		uint64_t other = (uint64_t)random() % (i + 1);

		order[i] = order[other];
		order[other] = i;
	}
	for (uint64_t i = 0; i < count; i++)
		memory[order[i] * page] = 1;
	free(order);
}

static uint64_t mapped_length(uint64_t length)
{
	return (length + HUGE_PAGE - 1) / HUGE_PAGE * HUGE_PAGE;
}

/* Aligned to a huge page, so that only the choice of memory decides. */
static unsigned char *allocate(const struct bench *bench, uint64_t length)
{
	uint64_t mapped = mapped_length(length);
	unsigned char *area = mmap(NULL, mapped + HUGE_PAGE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t before;

	if (area == MAP_FAILED)
		return NULL;
	before = -(uintptr_t)area % HUGE_PAGE;
	if (before)
		munmap(area, before);
	area += before;
	munmap(area + mapped, HUGE_PAGE - before);

	if (strcmp(bench->report.memory, "thp")) {
		madvise(area, mapped, MADV_NOHUGEPAGE);
		touch_scattered(area, length);
	} else {
		madvise(area, mapped, MADV_HUGEPAGE);
		memset(area, 1, length);
	}
	return area;
}

static void fill_pattern(unsigned char *memory, uint64_t length, enum arm_kind kind)
{
	for (uint64_t i = 0; i < length; i++)
		memory[i] = (unsigned char)(i ^ i >> 8 ^ i >> 16 ^ (0x35u << kind));
}

static int check_pattern(const unsigned char *memory, uint64_t length, enum arm_kind kind)
{
	for (uint64_t i = 0; i < length; i++) {
		unsigned char expected =
			(unsigned char)(i ^ i >> 8 ^ i >> 16 ^ (0x35u << kind));

		if (memory[i] == expected)
			continue;
		complain("%s: byte %" PRIu64 " of %" PRIu64 " came back as 0x%02x, not 0x%02x",
			 arm_name(kind), i, length, memory[i], expected);
		return EXIT_MISMATCH;
	}
	return EXIT_OK;
}

static int arm_failed(const struct arm *arm, int error)
{
	if (error == -EINTR && interrupted())
		return EXIT_INTERRUPTED;
	return complain_command(dmabay_path(arm->subject->bay),
				arm->kind == ARM_PER_CALL ? DMABAY_CMD_ONCE : DMABAY_CMD_SUBMIT,
				error, &arm->subject->info, arm->subject->length);
}

static bool is_exclusive(const struct subject *subject)
{
	return subject->info.flags & DMABAY_INFO_EXCLUSIVE;
}

/* Back from the device: without the arm, unless that has the whole of it. */
static int fetch(struct arm *arm)
{
	const struct subject *subject = arm->subject;
	int64_t back;

	if (is_exclusive(subject))
		return arm_run(arm, DMABAY_FROM_DEVICE, NULL);
	back = dmabay_once(subject->bay, subject->memory, subject->length, 0,
			   DMABAY_FROM_DEVICE);
	return back < 0 ? (int)back : 0;
}

/* The arm moves the right bytes: there by itself, and back the other way. */
static int prove(struct arm *arm)
{
	const struct subject *subject = arm->subject;
	int result;

	fill_pattern(subject->memory, subject->length, arm->kind);
	result = arm_run(arm, DMABAY_TO_DEVICE, NULL);
	if (result)
		return arm_failed(arm, result);
	memset(subject->memory, 0, subject->length);
	result = fetch(arm);
	if (result)
		return complain_command(dmabay_path(subject->bay), DMABAY_CMD_ONCE, result,
					&subject->info, subject->length);
	return check_pattern(subject->memory, subject->length, arm->kind);
}

static int warm_up(struct arm *arm)
{
	int result = prove(arm);

	for (int i = 0; i < WARM_UP && !result; i++) {
		result = arm_run(arm, DMABAY_TO_DEVICE, NULL);
		if (result)
			return arm_failed(arm, result);
	}
	return result;
}

static int count_events(struct bench *bench, struct arm *arm, struct measurement *into)
{
	uint32_t counted = bench->report.counted;
	uint64_t count[EVENTS];
	struct events events;
	int result = 0;

	events_open(&events, bench->bay);
	events_start(&events);
	for (uint32_t i = 0; i < counted && !result; i++)
		result = arm_run(arm, DMABAY_TO_DEVICE, NULL);
	events_read(&events, count);
	for (int event = 0; event < EVENTS; event++) {
		into->events[event] = (double)count[event] / counted;
		bench->report.source[event] = event_source(&events, event);
		bench->report.own_count[event] = event_is_own_count(&events, event);
	}
	events_close(&events);
	return result ? arm_failed(arm, result) : EXIT_OK;
}

static int by_value(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return (left > right) - (left < right);
}

static void evaluate(int64_t *samples, uint32_t count, struct measurement *into)
{
	qsort(samples, count, sizeof(*samples), by_value);
	into->minimum = samples[0];
	into->p50 = samples[count / 2];
	into->p99 = samples[(uint32_t)(((uint64_t)count * 99 + 99) / 100) - 1];
	into->maximum = samples[count - 1];
}

static int sample(struct bench *bench, struct arm *arm, uint32_t iteration)
{
	int result;

	if (interrupted())
		return EXIT_INTERRUPTED;
	result = arm_run(arm, DMABAY_TO_DEVICE, &bench->samples[arm->kind][iteration]);
	return result ? arm_failed(arm, result) : EXIT_OK;
}

static int open_arm(struct arm *arm, const struct subject *subject, enum arm_kind kind)
{
	int result = arm_open(arm, subject, kind);

	if (result == -EINTR && interrupted())
		return EXIT_INTERRUPTED;
	if (result)
		return complain_command(dmabay_path(subject->bay), DMABAY_CMD_RESERVE, result,
					&subject->info, subject->map_registers);
	return EXIT_OK;
}

/* The arms @first to @last: warmed up, timed in turns, then counted. */
static int measure(struct bench *bench, const struct subject *subject, struct row *row,
		   int first, int last)
{
	uint32_t iterations = bench->report.iterations;
	struct arm arms[ARMS] = { 0 };
	int result = 0;

	for (int kind = first; kind <= last && !result; kind++) {
		result = open_arm(&arms[kind], subject, kind);
		if (!result)
			result = warm_up(&arms[kind]);
	}
	for (uint32_t i = 0; i < iterations && !result; i++) {
		show_progress(bench, row, "timed", i, iterations);
		for (int kind = first; kind <= last && !result; kind++)
			result = sample(bench, &arms[kind], i);
	}
	for (int kind = first; kind <= last && !result; kind++) {
		evaluate(bench->samples[kind], iterations, &row->arm[kind]);
		result = count_events(bench, &arms[kind], &row->arm[kind]);
	}
	for (int kind = first; kind <= last; kind++)
		arm_close(&arms[kind]);
	return result;
}

/* Two reservations at once if the device and its map registers allow, else one by one. */
static int measure_row(struct bench *bench, struct subject *subject, struct row *row)
{
	uint64_t span = dmabay_span_pages((uintptr_t)subject->memory, subject->length);
	uint32_t most = subject->info.map_registers;
	int result = EXIT_OK;

	row->cut = span > most;
	row->alternated = !is_exclusive(subject) && 2 * span <= most;
	subject->map_registers = row->cut ? most : (uint32_t)span;
	if (row->alternated)
		return measure(bench, subject, row, 0, ARMS - 1);
	for (int kind = 0; kind < ARMS && !result; kind++)
		result = measure(bench, subject, row, kind, kind);
	return result;
}

static int run_size(struct bench *bench, struct row *row)
{
	struct subject subject = {
		.bay = bench->bay,
		.info = bench->report.info,
		.length = row->size,
	};
	int result;

	row->skipped = row->size > subject.info.device_memory;
	if (row->skipped)
		return EXIT_OK;

	subject.memory = allocate(bench, row->size);
	if (!subject.memory) {
		complain("no memory for a buffer of %" PRIu64 " bytes", row->size);
		return EXIT_FAILED;
	}
	result = dmabay_register(bench->bay, subject.memory, row->size, 0, &subject.buffer);
	if (result) {
		result = complain_command(bench->path, DMABAY_CMD_REGISTER, result,
					  &subject.info, row->size);
	} else {
		result = measure_row(bench, &subject, row);
		dmabay_unregister(bench->bay, subject.buffer);
	}
	munmap(subject.memory, mapped_length(row->size));
	return result;
}

static int check_unchanged(const struct report *report)
{
	double events = report_unchanged_events(report);
	double spread = report_spread(report);

	if (events > 0) {
		complain("the unchanged arm mapped, unmapped, flushed or pinned (%.2f events per transfer)",
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

static int run_sizes(struct bench *bench)
{
	struct report *report = &bench->report;
	int result = dmabay_info(bench->bay, &report->info);

	if (result)
		return complain_command(bench->path, DMABAY_CMD_INFO, result, NULL, 0);
	if (!report->info.device_memory) {
		complain("%s: the device has no memory: what was sent does not come back",
			 bench->path);
		return EXIT_FAILED;
	}
	for (uint32_t i = 0; i < report->count && !result; i++)
		result = run_size(bench, &report->rows[i]);
	end_progress(bench);
	if (result == EXIT_INTERRUPTED)
		complain("interrupted: nothing is reported");
	if (result)
		return result;
	report_print(report, bench->format);
	return bench->assert_unchanged ? check_unchanged(report) : EXIT_OK;
}

static int run(struct bench *bench)
{
	int result = dmabay_open(&bench->bay, *bench->path ? bench->path : NULL, O_RDWR);

	if (result)
		return complain_command(*bench->path ? bench->path : "bench", DMABAY_CMD_OPEN,
					result, NULL, 0);
	snprintf(bench->path, sizeof(bench->path), "%s", dmabay_path(bench->bay));
	bench->report.path = bench->path;
	catch_interrupts();

	for (int kind = 0; kind < ARMS; kind++)
		bench->samples[kind] = calloc(bench->report.iterations, sizeof(int64_t));
	if (bench->samples[0] && bench->samples[1] && bench->samples[2]) {
		result = run_sizes(bench);
	} else {
		complain("no memory for %" PRIu32 " samples", bench->report.iterations);
		result = EXIT_FAILED;
	}
	for (int kind = 0; kind < ARMS; kind++)
		free(bench->samples[kind]);
	dmabay_close(bench->bay);
	return result;
}

static bool parse_sizes(const char *text, struct report *report)
{
	char copy[256], *rest = copy, *item;

	if (strlen(text) >= sizeof(copy))
		return false;
	strcpy(copy, text);
	report->count = 0;
	while ((item = strsep(&rest, ","))) {
		if (report->count == SIZES_MAX ||
		    !parse_size(item, &report->rows[report->count].size) ||
		    !report->rows[report->count].size)
			return false;
		report->count++;
	}
	return true;
}

static int bad_option(const char *name, const char *expected)
{
	complain("--%s=%s: %s expected", name, optarg, expected);
	return EXIT_USAGE;
}

static int parse_option(struct bench *bench, int option)
{
	struct report *report = &bench->report;

	switch (option) {
	case 's':
		return parse_sizes(optarg, report) ? EXIT_OK :
			bad_option("sizes", "a list of sizes like 4K,64K,1M");
	case 'i':
		return parse_count(optarg, 1, 1u << 24, &report->iterations) ? EXIT_OK :
			bad_option("iterations", "a number from 1 to 16M");
	case 'n':
		return parse_count(optarg, 1, 1u << 24, &report->counted) ? EXIT_OK :
			bad_option("counted", "a number from 1 to 16M");
	case 'm':
		if (strcmp(optarg, "scattered") && strcmp(optarg, "thp"))
			return bad_option("memory", "scattered or thp");
		report->memory = optarg;
		return EXIT_OK;
	case 'u':
		report->unit = optarg;
		return EXIT_OK;
	case 't':
		bench->format = FORMAT_TEXT;
		return EXIT_OK;
	case 'j':
		bench->format = FORMAT_JSON;
		return EXIT_OK;
	case 'c':
		bench->format = FORMAT_CSV;
		return EXIT_OK;
	case 'Q':
		bench->quiet = true;
		return EXIT_OK;
	case 'a':
		bench->assert_unchanged = true;
		return EXIT_OK;
	default:
		usage(stderr);
		return EXIT_USAGE;
	}
}

int command_bench(int argc, char **argv)
{
	static const struct option options[] = {
		{ "sizes", required_argument, NULL, 's' },
		{ "iterations", required_argument, NULL, 'i' },
		{ "counted", required_argument, NULL, 'n' },
		{ "memory", required_argument, NULL, 'm' },
		{ "unit", required_argument, NULL, 'u' },
		{ "table", no_argument, NULL, 't' },
		{ "json", no_argument, NULL, 'j' },
		{ "csv", no_argument, NULL, 'c' },
		{ "quiet", no_argument, NULL, 'Q' },
		{ "assert-unchanged", no_argument, NULL, 'a' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct bench bench = {
		.report = {
			.memory = "scattered",
			.unit = "ticks",
			.iterations = 65,
			.counted = 16,
			.source = { "nothing", "nothing", "nothing", "nothing" },
		},
	};
	int option, result;

	parse_sizes("4K,64K,1M,16M", &bench.report);
	while ((option = getopt_long(argc, argv, "s:i:n:m:u:tjcQah", options, NULL)) != -1) {
		if (option == 'h') {
			usage(stdout);
			return EXIT_OK;
		}
		result = parse_option(&bench, option);
		if (result)
			return result;
	}
	if (argc - optind > 1 ||
	    (optind < argc && !parse_node(argv[optind], bench.path, sizeof(bench.path)))) {
		usage(stderr);
		return EXIT_USAGE;
	}
	return run(&bench);
}
