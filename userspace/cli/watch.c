// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmabay watch: what a node does, once in a while. Each tick is a line, or on a terminal
 * the same lines again; its columns are a table.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dmabay.h"
#include "command.h"
#include "json.h"
#include "message.h"
#include "text.h"

#define SECOND		UINT64_C(1000000000)
#define HEADER_EVERY	20u	/* lines */
#define INTERVAL_MIN	0.05
#define INTERVAL_MAX	86400.0

struct watch {
	struct dmabay *bay;
	double interval;	/* seconds */
	uint32_t ticks;		/* how many; 0 is until it is interrupted */
	bool json;
	bool terminal;
};

/* What the node said at a moment. */
struct sample {
	uint64_t time;
	struct dmabay_info info;
	struct dmabay_counters counters;
};

/* A counter, of which there are so many a second; or a number that is now. */
struct column {
	const char *key;
	const char *label;
	size_t counter;
	size_t now;	/* in struct dmabay_info; only if @counter is NO_COUNTER */
	int width;	/* all of them fit into 80 */
	bool bytes;
};

#define NO_COUNTER SIZE_MAX
#define RATE(member, label, width, bytes) \
	{ #member "_per_second", label, offsetof(struct dmabay_counters, member), 0, width, bytes }
#define NOW(member, label, width) \
	{ #member, label, NO_COUNTER, offsetof(struct dmabay_info, member), width, false }

static const struct column columns[] = {
	RATE(transfers, "transfers/s", 11, false),
	RATE(bytes, "bytes/s", 10, true),
	RATE(hits, "hits/s", 8, false),
	RATE(links, "links/s", 8, false),
	RATE(flushes, "flushes/s", 9, false),
	RATE(errors, "errors/s", 8, false),
	NOW(map_registers_free, "free", 6),
	NOW(waiters, "waiters", 7),
};

#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

static void usage(FILE *stream)
{
	fputs("usage: dmabay watch [OPTION]... [NODE]\n\n"
	      "Shows what NODE (dmabay0, /dev/dmabay0 or 0; the first if not given) does, by\n"
	      "its own counters, until it is interrupted or the device goes.\n\n"
	      "  -i, --interval=SECONDS   between two looks (default: 1)\n"
	      "  -n, --count=N            so many looks, and no more\n"
	      "  -j, --json               each look as a line of JSON\n"
	      "  -h, --help               this text\n\n"
	      "man dmabay-watch tells more.\n", stream);
}

static int take(const struct watch *watch, struct sample *sample)
{
	int result = dmabay_info(watch->bay, &sample->info);

	if (!result)
		result = dmabay_counters(watch->bay, &sample->counters);
	sample->time = now_nanoseconds();
	return result;
}

static double value(const struct column *column, const struct sample *before,
		    const struct sample *after)
{
	const char *info = (const char *)&after->info;
	const char *old = (const char *)&before->counters;
	const char *new = (const char *)&after->counters;
	uint64_t delta;

	if (column->counter == NO_COUNTER)
		return *(const __u32 *)(info + column->now);
	delta = *(const __u64 *)(new + column->counter) - *(const __u64 *)(old + column->counter);
	return (double)delta * SECOND / (double)(after->time - before->time);
}

static void print_json(const struct sample *before, const struct sample *after)
{
	json_object *object = json_object_new_object();

	for (size_t i = 0; i < COLUMNS; i++) {
		if (columns[i].counter == NO_COUNTER)
			json_add_number(object, columns[i].key,
					(uint64_t)value(&columns[i], before, after));
		else
			json_add_fraction(object, columns[i].key,
					  value(&columns[i], before, after));
	}
	puts(json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN));
	json_object_put(object);
}

static void print_header(void)
{
	for (size_t i = 0; i < COLUMNS; i++)
		printf("%s%*s", i ? " " : "", columns[i].width, columns[i].label);
	putchar('\n');
}

/* On a terminal the cursor stays below the header, and the line is written anew. */
static void print_line(const struct watch *watch, const struct sample *before,
		       const struct sample *after, uint32_t line)
{
	char text[24];

	if (!line || (!watch->terminal && !(line % HEADER_EVERY)))
		print_header();
	if (watch->terminal)
		printf("\r\033[K");
	for (size_t i = 0; i < COLUMNS; i++) {
		double number = value(&columns[i], before, after);

		if (columns[i].bytes)
			format_bytes(text, sizeof(text), (uint64_t)number);
		else
			snprintf(text, sizeof(text), "%.0f", number);
		printf("%s%*s", i ? " " : "", columns[i].width, text);
	}
	if (!watch->terminal)
		putchar('\n');
}

/*
 * Waits until then. EINTR if it is interrupted, which is heard of nowhere else; ENODEV if
 * the device goes.
 */
static int wait_until(const struct watch *watch, uint64_t time, const sigset_t *outside)
{
	struct pollfd node = { .fd = dmabay_fd(watch->bay) };
	uint64_t now = now_nanoseconds();
	uint64_t left = time > now ? time - now : 0;
	struct timespec timeout = {
		.tv_sec = (time_t)(left / SECOND),
		.tv_nsec = (long)(left % SECOND),
	};
	int result = ppoll(&node, 1, &timeout, outside);

	if (interrupted())
		return -EINTR;
	if (result < 0 && errno != EINTR)
		return -errno;
	return result > 0 && node.revents & POLLHUP ? -ENODEV : 0;
}

static int watch_ticks(const struct watch *watch, const sigset_t *outside)
{
	uint64_t step = (uint64_t)(watch->interval * SECOND), next;
	struct sample before, after;
	int result = take(watch, &before);

	next = before.time;
	for (uint32_t tick = 0; !result && (!watch->ticks || tick < watch->ticks); tick++) {
		next += step;
		result = wait_until(watch, next, outside);
		if (!result)
			result = take(watch, &after);
		if (result)
			break;
		if (watch->json)
			print_json(&before, &after);
		else
			print_line(watch, &before, &after, tick);
		fflush(stdout);
		before = after;
	}
	if (watch->terminal)
		putchar('\n');
	return result;
}

/* The signals come in while it waits, and at no other time: none is missed. */
static int run(const struct watch *watch)
{
	sigset_t inside, outside;
	int result;

	catch_interrupts();
	sigemptyset(&inside);
	sigaddset(&inside, SIGINT);
	sigaddset(&inside, SIGTERM);
	sigprocmask(SIG_BLOCK, &inside, &outside);
	result = watch_ticks(watch, &outside);
	sigprocmask(SIG_SETMASK, &outside, NULL);

	if (result == -EINTR)
		return EXIT_INTERRUPTED;
	if (!result)
		return EXIT_OK;
	return complain_command(dmabay_path(watch->bay), DMABAY_CMD_COUNTERS, result, NULL, 0);
}

static int parse_option(struct watch *watch, int option)
{
	char *end;

	switch (option) {
	case 'i':
		watch->interval = strtod(optarg, &end);
		/* So that what is not a number is not one either. */
		if (*end || !(watch->interval >= INTERVAL_MIN && watch->interval <= INTERVAL_MAX))
			return bad_option("interval", optarg, "0.05 to 86400 seconds");
		return EXIT_OK;
	case 'n':
		if (!parse_count(optarg, 1, UINT32_MAX, &watch->ticks))
			return bad_option("count", optarg, "a number from 1 on");
		return EXIT_OK;
	case 'j':
		watch->json = true;
		return EXIT_OK;
	default:
		usage(stderr);
		return EXIT_USAGE;
	}
}

int command_watch(int argc, char **argv)
{
	static const struct option options[] = {
		{ "interval", required_argument, NULL, 'i' },
		{ "count", required_argument, NULL, 'n' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	struct watch watch = { .interval = 1 };
	char path[64];
	int option, result;

	while ((option = getopt_long(argc, argv, "i:n:jh", options, NULL)) != -1) {
		if (option == 'h') {
			usage(stdout);
			return EXIT_OK;
		}
		result = parse_option(&watch, option);
		if (result)
			return result;
	}
	if (argc - optind > 1 ||
	    (optind < argc && !parse_node(argv[optind], path, sizeof(path)))) {
		usage(stderr);
		return EXIT_USAGE;
	}

	watch.terminal = !watch.json && isatty(STDOUT_FILENO);
	result = dmabay_open(&watch.bay, optind < argc ? path : NULL, O_RDONLY);
	if (result)
		return complain_command(optind < argc ? path : "watch", DMABAY_CMD_OPEN, result,
					NULL, 0);
	result = run(&watch);
	dmabay_close(watch.bay);
	return result;
}
