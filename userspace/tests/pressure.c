// SPDX-License-Identifier: GPL-2.0-only
/*
 * Pressure: memory runs out, of the whole machine and of a control group, and processes are
 * killed for it, over and over. Transfers of who has reserved go on all the time, of memory that
 * has to be linked anew each time, and their bytes are right. How long they take is told where
 * time is instructions.
 */
#include <sys/mount.h>
#include <sys/stat.h>

#include "common.h"

#define KILLS		5u
#define BUFFERS		4u
#define LENGTH		(16u * PAGE)
#define HUGE_PAGE	(2u << 20)
#define HUGE_PAGES	"/proc/sys/vm/nr_hugepages"
#define LEFT_KIB	(96u << 10)	/* of the machine's memory, to run out each time */
#define GROUPS		"/tmp/dmabay-groups"
#define GROUP		GROUPS "/dmabay"
#define GROUP_LIMIT	"25165824"

FIXTURE(pressure)
{
	struct dmabay *bay;
	char path[64];
	unsigned char *memory[BUFFERS];
	uint32_t buffer[BUFFERS];
	uint32_t reservation;
	int64_t huge_pages;	/* that are kept by others */
	uint64_t longest;	/* transfer, in ns */
	uint64_t all;		/* of them together */
};

/* Who is killed first, and who never. */
#define FIRST	"1000"
#define NEVER	"-1000"

static bool be_killed(const char *when)
{
	return !write_file("/proc/self/oom_score_adj", when);
}

FIXTURE_SETUP(pressure)
{
	if (!find_node("soft", self->path, sizeof(self->path)))
		SKIP(return, "there is no software device");
	if (geteuid() || !be_killed(NEVER))
		SKIP(return, "only root is never killed");
	ASSERT_EQ(0, dmabay_open(&self->bay, self->path, O_RDWR));
	for (unsigned int i = 0; i < BUFFERS; i++) {
		self->memory[i] = map_pages(LENGTH);
		ASSERT_NE(NULL, self->memory[i]);
		ASSERT_EQ(0, dmabay_register(self->bay, self->memory[i], LENGTH, 0,
					     &self->buffer[i]));
	}
	ASSERT_EQ(0, dmabay_reserve(self->bay, LENGTH / PAGE + 1, 1, DMABAY_RESERVE_STRICT,
				    &self->reservation));
	self->huge_pages = file_number(HUGE_PAGES, "");
	write_file("/dev/kmsg", "DMABAY-EXPECT-OOM\n");
}

static void keep_huge_pages(int64_t count)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRId64, count);
	write_file(HUGE_PAGES, text);
}

FIXTURE_TEARDOWN(pressure)
{
	keep_huge_pages(self->huge_pages);
	write_file("/dev/kmsg", "DMABAY-END-OOM\n");
	be_killed("0");
	EXPECT_EQ(0, good_transfer(self->bay));
	dmabay_close(self->bay);
	EXPECT_NOTHING_LEFT(self->path);
}

/* Takes memory until it is killed for it. */
static void take_all(void)
{
	if (!be_killed(FIRST))
		_exit(1);
	for (;;) {
		unsigned char *memory = map_pages(HUGE_PAGE);

		if (!memory)
			_exit(2);
		for (size_t i = 0; i < HUGE_PAGE; i += PAGE)
			memory[i] = 1;
	}
}

/* There and back. Returns 0 or a negative errno. */
static int transfer_timed(FIXTURE_DATA(pressure) *self, unsigned int turn)
{
	uint32_t directions[] = { DMABAY_TO_DEVICE, DMABAY_FROM_DEVICE };
	unsigned char *memory = self->memory[turn % BUFFERS];
	int result = 0;

	fill(memory, LENGTH, SENT, turn);
	for (int i = 0; i < 2 && !result; i++) {
		uint64_t before = dmabay_deadline(0), took;

		result = transfer_wait(self->bay, self->reservation, self->buffer[turn % BUFFERS],
				       0, LENGTH, 0, directions[i]);
		took = dmabay_deadline(0) - before;
		self->all += took;
		self->longest = took > self->longest ? took : self->longest;
		if (!i)
			fill(memory, LENGTH, BLANK, turn);
	}
	return result || first_wrong(memory, LENGTH, SENT, turn) == -1 ? result : -EILSEQ;
}

/* Transfers while one child after the other is killed; how many of them were. */
static unsigned int transfer_under_pressure(FIXTURE_DATA(pressure) *self, unsigned int *turns,
					    int *status)
{
	uint64_t end = dmabay_deadline(3 * PATIENCE);
	unsigned int killed = 0;

	while (killed < KILLS && !*status) {
		int how = 0;
		pid_t child = fork();

		if (!child)
			take_all();
		if (child < 0)
			return killed;
		while (!*status && waitpid(child, &how, WNOHANG) == 0) {
			unsigned int turn = (*turns)++;

			*status = transfer_timed(self, turn);
			if (dmabay_deadline(0) > end)
				*status = -ETIMEDOUT;
		}
		if (*status) {
			kill(child, SIGKILL);
			waitpid(child, &how, 0);
		}
		if (!WIFSIGNALED(how) || WTERMSIG(how) != SIGKILL)
			return killed;
		killed++;
	}
	return killed;
}

static void run_under_pressure(struct __test_metadata *_metadata, FIXTURE_DATA(pressure) *self,
			       const char *whose)
{
	unsigned int turns = 0, killed;
	const char *counted = getenv("DMABAY_ICOUNT");
	int status = 0;

	killed = transfer_under_pressure(self, &turns, &status);
	EXPECT_EQ(0, status) TH_LOG("turn %u", turns);
	EXPECT_EQ(KILLS, killed);
	EXPECT_LT(0u, turns);
	FIGURE("R60", "memory of %s ran out %u times; %u transfers meanwhile, first error %d",
	       whose, killed, 2 * turns, status);
	if (turns && counted && !strcmp(counted, "yes"))
		FIGURE("R60", "memory of %s: a transfer took %" PRIu64 " instructions, %" PRIu64
		       " at most, with all that ran in between", whose, self->all / (2 * turns),
		       self->longest);
}

/*
 * Most of what is free is kept for huge pages that nobody uses, if the kernel does that: it
 * need not be filled anew by each who is killed.
 */
static void leave_little(const FIXTURE_DATA(pressure) *self)
{
	int64_t left = file_number("/proc/meminfo", "MemAvailable:") - LEFT_KIB;
	int64_t size = file_number("/proc/meminfo", "Hugepagesize:");

	if (left > 0 && size > 0)
		keep_huge_pages(self->huge_pages + left / size);
}

TEST_F_TIMEOUT(pressure, machine, LONG_TEST)
{
	leave_little(self);
	run_under_pressure(_metadata, self, "the machine");
}

/* A group in which this process is, with less memory than it would take. */
static bool enter_group(void)
{
	char text[32];

	mkdir(GROUPS, 0700);
	if (mount("none", GROUPS, "cgroup2", 0, NULL) ||
	    write_file(GROUPS "/cgroup.subtree_control", "+memory") || mkdir(GROUP, 0700) ||
	    write_file(GROUP "/memory.max", GROUP_LIMIT))
		return false;
	snprintf(text, sizeof(text), "%d", getpid());
	return !write_file(GROUP "/cgroup.procs", text);
}

static void leave_group(void)
{
	char text[32];

	snprintf(text, sizeof(text), "%d", getpid());
	write_file(GROUPS "/cgroup.procs", text);
	rmdir(GROUP);
	umount(GROUPS);
	rmdir(GROUPS);
}

TEST_F_TIMEOUT(pressure, control_group, LONG_TEST)
{
	if (!enter_group()) {
		leave_group();
		SKIP(return, "this kernel has no control groups of memory");
	}
	run_under_pressure(_metadata, self, "a control group");
	leave_group();
}

TEST_HARNESS_MAIN
