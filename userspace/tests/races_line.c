// SPDX-License-Identifier: GPL-2.0-only
/*
 * Processes that race for the map registers of one device: they get them in the order
 * in which they came, and one that is killed, in line or in the middle of a transfer,
 * stands in nobody's way and takes nothing along.
 */
#include "races.h"

#define PROCESSES	5u
#define VICTIM		2u
#define BATCH		4u	/* at most */

/* What the processes tell each other. */
struct board {
	atomic_uint granted;		/* how many had the registers so far */
	atomic_uint turns[PROCESSES];	/* counted from 1: when each had them */
	atomic_uint doing;		/* what the victim does */
};

enum doing {
	STARTING,
	IN_LINE,
	TRANSFERRING,
	DOINGS,
};

FIXTURE(line)
{
	char path[64];
	struct dmabay *bay;
	struct dmabay_info info;
	struct board *board;
	uint64_t length;	/* of one transfer */
	uint32_t batch;		/* so many there, and so many back */
};

FIXTURE_VARIANT(line)
{
	const char *driver;
	uint32_t batch;
	unsigned int kills;
	unsigned int turns;	/* of each process that is not killed */
};

FIXTURE_VARIANT_ADD(line, soft)
{
	.driver = "soft",
	.batch = BATCH,
	.kills = 50,
	.turns = 100,
};

/* It takes 100 ms for each. */
FIXTURE_VARIANT_ADD(line, edu)
{
	.driver = "edu",
	.batch = 2,
	.kills = 4,
	.turns = 2,
};

FIXTURE_SETUP(line)
{
	uint64_t stretch;

	if (!find_node(variant->driver, self->path, sizeof(self->path)))
		SKIP(return, "there is no %s device", variant->driver);
	ASSERT_EQ(0, dmabay_open(&self->bay, self->path, O_RDWR));
	ASSERT_EQ(0, dmabay_info(self->bay, &self->info));
	stretch = about_a_page(&self->info) / (PROCESSES * BATCH);
	self->length = stretch - stretch % self->info.alignment;
	self->batch = variant->batch;
	self->board = mmap(NULL, sizeof(*self->board), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->board);
	srandom(41);
}

FIXTURE_TEARDOWN(line)
{
	EXPECT_EQ(0, good_transfer(self->bay));
	dmabay_close(self->bay);
	EXPECT_NOTHING_LEFT(self->path);
}

/* ---- one process ---- */

struct member {
	struct dmabay *bay;
	unsigned char *memory;
	uint32_t buffer;
	uint32_t reservation;
	uint64_t device_address;	/* nobody else's */
	uint64_t length;
	uint32_t batch;
};

static int join_in(struct member *member, const FIXTURE_DATA(line) *self, unsigned int number)
{
	int result = dmabay_open(&member->bay, self->path, O_RDWR);

	member->length = self->length;
	member->batch = self->batch;
	member->device_address = number * BATCH * self->length;
	member->memory = map_pages(PAGE);
	return result ? result : dmabay_register(member->bay, member->memory, PAGE, 0,
						 &member->buffer);
}

static int start_batch(const struct member *member, uint32_t direction)
{
	struct dmabay_transfer transfers[BATCH];

	memset(transfers, 0, sizeof(transfers));
	for (uint32_t i = 0; i < member->batch; i++) {
		transfers[i].reservation = member->reservation;
		transfers[i].buffer = member->buffer;
		transfers[i].offset = i * member->length;
		transfers[i].length = member->length;
		transfers[i].device_address = member->device_address + i * member->length;
		transfers[i].direction = direction;
		transfers[i].cookie = i;
	}
	return dmabay_submit(member->bay, transfers, member->batch, NULL, 0, 0, 0, NULL) ==
	       (int)member->batch ? 0 : -EIO;
}

static int end_batch(const struct member *member)
{
	struct dmabay_completion completion;

	for (uint32_t i = 0; i < member->batch; i++) {
		if (dmabay_wait(member->bay, &completion, 1, 1, dmabay_deadline(PATIENCE)) != 1)
			return -ETIMEDOUT;
		if (completion.cookie != i || completion.length != member->length)
			return -EBADMSG;
		if (completion.status)
			return completion.status;
	}
	return 0;
}

/* All registers, a batch there and a batch back, and the registers are free again. */
static int take_turn(struct member *member, const FIXTURE_DATA(line) *self, uint64_t seed,
		     atomic_uint *turn)
{
	uint64_t length = member->batch * member->length;
	int result = dmabay_reserve(member->bay, self->info.map_registers, member->batch, 0,
				    &member->reservation);

	if (result)
		return result;
	atomic_store(turn, atomic_fetch_add(&self->board->granted, 1) + 1);
	fill(member->memory, length, SENT, seed);
	result = start_batch(member, DMABAY_TO_DEVICE);
	if (!result)
		result = end_batch(member);
	fill(member->memory, length, BLANK, seed);
	if (!result)
		result = start_batch(member, DMABAY_FROM_DEVICE);
	if (!result)
		result = end_batch(member);
	if (!result && first_wrong(member->memory, length, SENT, seed) != -1)
		result = -EILSEQ;
	return result ? result : dmabay_free(member->bay, member->reservation);
}

/* Returns the process; what went wrong in it is the status it exits with. */
static pid_t send_member(const FIXTURE_DATA(line) *self, unsigned int number, unsigned int turns)
{
	struct member member;
	pid_t child = send_child();
	int result;

	if (child)
		return child;
	result = join_in(&member, self, number);
	for (unsigned int i = 0; i < turns && !result; i++)
		result = take_turn(&member, self, number * turns + i, &self->board->turns[number]);
	_exit(-result);
}

/* Its transfers are left alone: it is to be killed while they run. */
static pid_t send_victim(const FIXTURE_DATA(line) *self)
{
	atomic_uint *doing = &self->board->doing;
	struct member member;
	pid_t child = send_child();

	if (child)
		return child;
	if (join_in(&member, self, VICTIM))
		_exit(1);
	for (;;) {
		atomic_store(doing, IN_LINE);
		if (dmabay_reserve(member.bay, self->info.map_registers, member.batch, 0,
				   &member.reservation))
			_exit(2);
		atomic_store(doing, TRANSFERRING);
		if (start_batch(&member, DMABAY_FROM_DEVICE) || end_batch(&member) ||
		    dmabay_free(member.bay, member.reservation))
			_exit(3);
	}
}

/* ---- all together ---- */

static void wait_for_line(struct __test_metadata *_metadata, FIXTURE_DATA(line) *self,
			  uint32_t length)
{
	uint64_t end = dmabay_deadline(PATIENCE);
	struct dmabay_info info;

	do {
		pause_for(MILLISECOND / 10);
		ASSERT_EQ(0, dmabay_info(self->bay, &info));
	} while (info.waiters != length && dmabay_deadline(0) < end);
	ASSERT_EQ(length, info.waiters) TH_LOG("waited for a line of that length");
}

static void expect_exit(struct __test_metadata *_metadata, pid_t child, unsigned int number)
{
	int status = 1;

	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status)
		TH_LOG("process %u ended with 0x%x: %s", number, status,
		       strerror(WEXITSTATUS(status)));
}

static void expect_killed(struct __test_metadata *_metadata, pid_t child)
{
	int status = 0;

	EXPECT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status)) TH_LOG("it died by itself: 0x%x", status);
}

TEST_F_TIMEOUT(line, first_come_first_served, LONG_TEST)
{
	pid_t children[PROCESSES];
	uint32_t all;

	ASSERT_EQ(0, dmabay_reserve(self->bay, self->info.map_registers, 1, 0, &all));
	for (unsigned int i = 0; i < PROCESSES; i++) {
		children[i] = send_member(self, i, 1);
		ASSERT_LE(0, children[i]);
		wait_for_line(_metadata, self, i + 1);
	}
	expect_killed(_metadata, children[VICTIM]);
	wait_for_line(_metadata, self, PROCESSES - 1);
	EXPECT_EQ(0, atomic_load(&self->board->granted));

	EXPECT_EQ(0, dmabay_free(self->bay, all));
	for (unsigned int i = 0, turn = 1; i < PROCESSES; i++) {
		if (i == VICTIM)
			continue;
		expect_exit(_metadata, children[i], i);
		EXPECT_EQ(turn, atomic_load(&self->board->turns[i])) TH_LOG("process %u", i);
		turn++;
	}
	EXPECT_EQ(0, atomic_load(&self->board->turns[VICTIM]));
}

/* Kills the victim while it does that, as far as the victim can say. */
static void kill_while(struct __test_metadata *_metadata, FIXTURE_DATA(line) *self,
		       enum doing doing)
{
	uint64_t end = dmabay_deadline(PATIENCE);
	enum doing seen;
	pid_t victim;

	atomic_store(&self->board->doing, STARTING);
	victim = send_victim(self);
	ASSERT_LE(0, victim);
	while ((seen = atomic_load(&self->board->doing)) != doing && dmabay_deadline(0) < end)
		sched_yield();
	ASSERT_EQ(doing, seen) TH_LOG("waited for the victim");
	linger((int64_t)random_below(MILLISECOND));
	expect_killed(_metadata, victim);
}

TEST_F_TIMEOUT(line, killed_among_others, LONG_TEST)
{
	unsigned int turns = rounds_here(variant->turns), kills = rounds_here(variant->kills);
	pid_t children[PROCESSES];

	for (unsigned int i = 0; i < PROCESSES; i++) {
		if (i == VICTIM)
			continue;
		children[i] = send_member(self, i, turns);
		ASSERT_LE(0, children[i]);
	}
	for (unsigned int i = 0; i < kills; i++)
		kill_while(_metadata, self, i & 1 ? IN_LINE : TRANSFERRING);
	for (unsigned int i = 0; i < PROCESSES; i++) {
		if (i != VICTIM)
			expect_exit(_metadata, children[i], i);
	}
	EXPECT_EQ(turns * (PROCESSES - 1), atomic_load(&self->board->granted));
	wait_for_line(_metadata, self, 0);
}

TEST_HARNESS_MAIN
