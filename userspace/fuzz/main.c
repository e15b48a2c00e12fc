// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmabay-fuzz: makes programs for a node and runs them, or runs those that it is given.
 *
 *   dmabay-fuzz [OPTIONS] [CORPUS...]   CORPUS: a file of programs to begin with
 *     --driver NAME     the node, by its driver (soft)
 *     --seconds N       how long (60); 0: only what is in the corpus, without coverage
 *     --rounds N        how often the corpus is run (1)
 *     --seed N          what chance begins with (the time)
 *     --keep FILE       all programs that reached something new go there
 *     --fewest FILE     as few as reach the same
 *     --blocks FILE     the blocks that were reached
 *   dmabay-fuzz --decode FILE           the last programs in a dead machine's memory
 */
#include <getopt.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/capability.h>

#include "fuzz.h"

#define TELL_EVERY	UINT64_C(30000000000)	/* ns */
#define ASK_EVERY	1000u			/* programs */

static struct {
	const char *driver;
	const char *keep;
	const char *fewest;
	const char *blocks;
	uint64_t seconds;
	uint64_t rounds;
} options = { .driver = "soft", .seconds = 60, .rounds = 1 };

static char path[64];
static uint64_t began, last_new;

/* The last programs are in the journal; which of them it was is found by running them again. */
static void ask(void)
{
	const char *wrong = oracle_ask();

	if (!wrong)
		return;
	fflush(stdout);
	if (system("cat /sys/kernel/debug/dmabay/*/files"))
		puts("nobody says who uses the node");
	found(wrong);
}

static void tell(void)
{
	static uint64_t told, programs;
	uint64_t now = monotonic();

	if (!told)
		told = began;
	if (now - told < TELL_EVERY)
		return;
	printf("%" PRIu64 " programs, %" PRIu64 " a second, ", figures.programs,
	       (figures.programs - programs) * 1000000000 / (now - told));
	printf("%u blocks, %u in the corpus, %" PRIu64 " s since the last new one\n",
	       cover_blocks, corpus_count, (now - last_new) / 1000000000);
	fflush(stdout);
	told = now;
	programs = figures.programs;
}

static uint64_t run(const struct program *program, struct reached *reached)
{
	uint64_t start = monotonic();

	journal_write(program);
	execute(program, reached);
	if (figures.programs % ASK_EVERY == 0)
		ask();
	tell();
	return monotonic() - start;
}

/*
 * Leaves out each call without which the same number of blocks is reached that only this
 * program reaches: those with numbers from @first on.
 */
static uint32_t reaches(uint32_t first)
{
	static uint16_t blocks[1u << 16];
	uint32_t count = cover_list(blocks, 1u << 16), wanted = 0;

	for (uint32_t i = 0; i < count; i++)
		wanted += blocks[i] >= first;
	return wanted;
}

static void shorten(struct program *program, uint32_t first)
{
	uint32_t wanted = cover_blocks - first;
	struct program less;
	struct reached reached;

	for (uint32_t at = program->count; at-- > 0 && program->count > 1;) {
		less = *program;
		memmove(&less.calls[at], &less.calls[at + 1],
			(less.count - at - 1) * sizeof(*less.calls));
		less.count--;
		run(&less, &reached);
		if (reaches(first) >= wanted)
			*program = less;
	}
}

/* Runs it, and keeps it if it is worth that. */
static void consider(struct program *program)
{
	struct reached reached;
	uint32_t first = cover_blocks;
	uint64_t took = run(program, &reached);

	if (!reached.new_blocks && !reached.new_edges)
		return;
	if (reached.new_blocks) {
		last_new = monotonic();
		shorten(program, first);
		took = run(program, &reached);
		if (options.seconds) {
			printf("new: %u blocks\n", cover_blocks - first);
			program_print(stdout, program);
		}
	}
	corpus_add(program, took);
}

static void replay(const char *name)
{
	struct program program;
	unsigned int line = 0;
	int result = 0;
	FILE *file;

	file = fopen(name, "re");
	if (!file) {
		printf("%s cannot be read\n", name);
		exit(1);
	}
	while ((result = program_read(file, &program, &line)) > 0) {
		struct reached reached;
		uint64_t took = run(&program, &reached);

		if (options.seconds && (reached.new_blocks || reached.new_edges))
			corpus_add(&program, took);
	}
	fclose(file);
	if (result < 0) {
		printf("%s:%u: this is no call\n", name, line);
		exit(1);
	}
}

static void fuzz(void)
{
	uint64_t end = began + options.seconds * 1000000000;
	const struct program *one, *other;
	struct program program;

	while (monotonic() < end) {
		one = corpus_pick();
		other = corpus_pick();
		if (!one || !random_below(20)) {
			program_new(&program);
		} else {
			program = *one;
			program_mutate(&program, other);
		}
		consider(&program);
	}
}

/* Root may lock as much as it likes: what is counted is only limited for others. */
static void limited(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2];

	if (syscall(SYS_capget, &header, data))
		return;
	data[0].effective &= ~(1u << CAP_IPC_LOCK);
	syscall(SYS_capset, &header, data);
	prctl(PR_SET_DUMPABLE, 1);
}

static void write_to(const char *name, void (*write)(FILE *out))
{
	FILE *out = name ? fopen(name, "we") : NULL;

	if (!out)
		return;
	write(out);
	fclose(out);
}

static void fewest(FILE *out)
{
	printf("%u programs are enough\n", corpus_write_fewest(out));
}

static void summary(void)
{
	uint64_t seconds = (monotonic() - began) / 1000000000;

	printf("ran: programs %" PRIu64 " calls %" PRIu64 " seconds %" PRIu64 " blocks %u",
	       figures.programs, figures.calls, seconds, cover_blocks);
	printf(" flips %" PRIu64 " words %" PRIu64 " answers %" PRIu64 " interrupted %" PRIu64,
	       figures.flips, figures.scribbles, figures.answers, figures.interrupted);
	printf(" failed %" PRIu64 " idle %" PRIu64 "\n", figures.failed,
	       (monotonic() - last_new) / 1000000000);
}

static void parse(int argc, char **argv)
{
	static const struct option known[] = {
		{ "driver", required_argument, NULL, 'd' },
		{ "seconds", required_argument, NULL, 's' },
		{ "rounds", required_argument, NULL, 'r' },
		{ "seed", required_argument, NULL, 'S' },
		{ "keep", required_argument, NULL, 'k' },
		{ "fewest", required_argument, NULL, 'f' },
		{ "blocks", required_argument, NULL, 'b' },
		{ "decode", required_argument, NULL, 'D' },
		{ 0 },
	};
	int option;

	random_state = monotonic() | 1;
	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (option) {
		case 'd': options.driver = optarg; break;
		case 's': options.seconds = strtoull(optarg, NULL, 0); break;
		case 'r': options.rounds = strtoull(optarg, NULL, 0); break;
		case 'S': random_state = strtoull(optarg, NULL, 0) | 1; break;
		case 'k': options.keep = optarg; break;
		case 'f': options.fewest = optarg; break;
		case 'b': options.blocks = optarg; break;
		case 'D': exit(journal_decode(optarg));
		default: exit(1);
		}
	}
}

int main(int argc, char **argv)
{
	parse(argc, argv);
	if (!oracle_open(options.driver, path, sizeof(path))) {
		printf("there is no node of %s\n", options.driver);
		return 1;
	}
	limited();
	journal_open();
	began = monotonic();
	last_new = began;
	execute_open(path, options.seconds);
	for (uint64_t i = 0; i < options.rounds; i++)
		for (int name = optind; name < argc; name++)
			replay(argv[name]);
	if (options.seconds)
		fuzz();
	ask();
	summary();
	write_to(options.keep, corpus_write);
	write_to(options.fewest, fewest);
	write_to(options.blocks, cover_print);
	return 0;
}
