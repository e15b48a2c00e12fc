// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device that several processes have open, and files that several processes have: who
 * gets map registers when, whose memory a buffer is, and who is told what.
 *
 * Loads and unloads the modules itself.
 */
#include "parcel.h"
#include "removal.h"
#include "sharing.h"

#define REGISTERS	8u

FIXTURE(sharing)
{
	struct dmabay *bay;
	struct board *board;
	unsigned char *memory;	/* a page, registered */
	struct parcel own;	/* with one map register */
};

typedef FIXTURE_DATA(sharing) fixture;

FIXTURE_SETUP(sharing)
{
	struct dmabay_info info;

	if (!load_and_open(_metadata, "soft", "memory=1 map_registers=8 async=1", &self->bay))
		return;
	ASSERT_EQ(0, dmabay_info(self->bay, &info));
	ASSERT_EQ(REGISTERS, info.map_registers);
	self->board = make_board();
	self->memory = map_pages(PAGE);
	ASSERT_NE(NULL, self->board);
	ASSERT_NE(NULL, self->memory);
	ASSERT_EQ(0, dmabay_register(self->bay, self->memory, PAGE, 0, &self->own.buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 1, 8, 0, &self->own.reservation));
}

FIXTURE_TEARDOWN(sharing)
{
	close_and_unload(_metadata, self->bay);
}

static int move(struct dmabay *bay, const struct parcel *parcel, uint32_t direction)
{
	return transfer_wait(bay, parcel->reservation, parcel->buffer, 0, PAGE, 0, direction);
}

/* ---- the line ---- */

/* Waits for so many registers, and has them until it is released. */
static pid_t send_for(const fixture *self, unsigned int member, uint32_t registers)
{
	struct board *board = self->board;
	struct dmabay *bay;
	uint32_t reservation;
	pid_t child = send_member();

	if (child)
		return child;
	if (dmabay_open(&bay, dmabay_path(self->bay), O_RDWR) ||
	    dmabay_reserve(bay, registers, 1, 0, &reservation))
		_exit(1);
	take_turn(board, member);
	if (!saw(&board->released[member], 1))
		_exit(2);
	_exit(dmabay_free(bay, reservation) ? 3 : 0);
}

/* Three in line: one who wants all, and two for whom there is enough. */
static void make_line(struct __test_metadata *_metadata, fixture *self, pid_t members[3])
{
	const uint32_t wanted[3] = { REGISTERS, 2, 1 };

	for (unsigned int i = 0; i < 3; i++) {
		members[i] = send_for(self, i, wanted[i]);
		ASSERT_LE(0, members[i]);
		ASSERT_TRUE(saw_waiters(self->bay, i + 1));
	}
	EXPECT_EQ(0, atomic_load(&self->board->turn));
}

static void release(struct __test_metadata *_metadata, fixture *self, const pid_t members[3],
		    unsigned int member)
{
	atomic_store(&self->board->released[member], 1);
	expect_exit(_metadata, members[member]);
}

/* Nobody is let past, neither in the line nor beside it. */
TEST_F_TIMEOUT(sharing, small_ones_do_not_overtake, LONG_TEST)
{
	struct board *board = self->board;
	pid_t members[3];
	uint32_t number;

	make_line(_metadata, self, members);
	EXPECT_EQ(-EAGAIN, dmabay_reserve(self->bay, 1, 1, DMABAY_RESERVE_IMMEDIATE, &number));

	ASSERT_EQ(0, dmabay_free(self->bay, self->own.reservation));
	ASSERT_TRUE(saw(&board->turn, 1));
	EXPECT_EQ(1, atomic_load(&board->turns[0]));
	EXPECT_TRUE(saw_waiters(self->bay, 2));
	release(_metadata, self, members, 0);
	ASSERT_TRUE(saw(&board->turn, 3));
	EXPECT_TRUE(saw_waiters(self->bay, 0));
	release(_metadata, self, members, 1);
	release(_metadata, self, members, 2);
}

/* The one who kept the others waiting is gone: there was enough for them all the time. */
TEST_F_TIMEOUT(sharing, killed_in_line, LONG_TEST)
{
	pid_t members[3];

	make_line(_metadata, self, members);
	expect_killed(_metadata, members[0]);
	ASSERT_TRUE(saw(&self->board->turn, 2));
	EXPECT_TRUE(saw_waiters(self->bay, 0));
	release(_metadata, self, members, 1);
	release(_metadata, self, members, 2);
}

TEST_F_TIMEOUT(sharing, killed_holder, LONG_TEST)
{
	pid_t holder, members[3];

	ASSERT_EQ(0, dmabay_free(self->bay, self->own.reservation));
	holder = send_for(self, 3, REGISTERS);
	ASSERT_LE(0, holder);
	ASSERT_TRUE(saw(&self->board->turn, 1));
	atomic_store(&self->board->turn, 0);
	make_line(_metadata, self, members);
	expect_killed(_metadata, holder);
	ASSERT_TRUE(saw(&self->board->turn, 1));
	EXPECT_EQ(1, atomic_load(&self->board->turns[0]));
	release(_metadata, self, members, 0);
	ASSERT_TRUE(saw(&self->board->turn, 3));
	release(_metadata, self, members, 1);
	release(_metadata, self, members, 2);
}

/* What takes none does not wait for any. */
TEST_F_TIMEOUT(sharing, without_map_registers, LONG_TEST)
{
	unsigned char *page = map_pages(PAGE);
	uint32_t rest;

	ASSERT_NE(NULL, page);
	fill(page, PAGE, SENT, 1);
	ASSERT_EQ(0, dmabay_reserve(self->bay, REGISTERS - 1, 1, 0, &rest));
	EXPECT_EQ(PAGE, dmabay_once(self->bay, page, PAGE, 0, DMABAY_TO_DEVICE));
	fill(page, PAGE, BLANK, 1);
	EXPECT_EQ((ssize_t)PAGE, pread(dmabay_fd(self->bay), page, PAGE, 0));
	EXPECT_PATTERN(page, PAGE, SENT, 1);
	munmap(page, PAGE);
}

/* ---- a file that two processes have ---- */

/* What the child does with the file that it was sent. The last step is memory of its own. */
static int use_parcel(const fixture *self, int socket_fd)
{
	unsigned char *page = map_pages(PAGE);
	struct parcel parcel, answer;
	struct dmabay *bay;
	char path[64];

	snprintf(path, sizeof(path), "%s", dmabay_path(self->bay));
	dmabay_close(self->bay);
	if (receive_bay(socket_fd, path, &bay, &parcel))
		return 1;
	if (move(bay, &parcel, DMABAY_TO_DEVICE))
		return 2;
	fill(page, PAGE, BLANK, 3);
	if (dmabay_register(bay, page, PAGE, 0, &answer.buffer) || answer.buffer == parcel.buffer)
		return 3;
	answer.reservation = parcel.reservation;
	if (move(bay, &answer, DMABAY_FROM_DEVICE))
		return 4;
	/* It is the other one's memory that was sent. */
	if (first_wrong(page, PAGE, SENT, 2) != -1)
		return 5;
	fill(page, PAGE, SENT, 4);
	return send_file(socket_fd, dmabay_fd(bay), &answer) ? 6 : 0;
}

/* A buffer is the memory of the one who registered it, whoever names it. */
TEST_F_TIMEOUT(sharing, file_passed_on, LONG_TEST)
{
	struct parcel answer;
	int sockets[2], fd;
	pid_t child;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sockets));
	child = send_member();
	ASSERT_LE(0, child);
	if (!child) {
		memset(self->memory, 0, PAGE);
		_exit(use_parcel(self, sockets[1]));
	}
	fill(self->memory, PAGE, SENT, 2);
	ASSERT_EQ(0, send_file(sockets[0], dmabay_fd(self->bay), &self->own));
	expect_exit(_metadata, child);
	fd = receive_file(sockets[0], &answer);
	ASSERT_LE(0, fd);

	/* The child is gone, and what it registered is still there. */
	EXPECT_EQ(0, move(self->bay, &answer, DMABAY_TO_DEVICE));
	fill(self->memory, PAGE, BLANK, 2);
	EXPECT_EQ(0, move(self->bay, &self->own, DMABAY_FROM_DEVICE));
	EXPECT_PATTERN(self->memory, PAGE, SENT, 4);
	EXPECT_EQ(0, dmabay_unregister(self->bay, answer.buffer));
	close(fd);
	close(sockets[0]);
	close(sockets[1]);
}

#define TOGETHER	500u

/* Shared memory: how often each completion was read, and how many were. */
struct ledger {
	atomic_uint read;
	atomic_uint seen[2 * TOGETHER];
};

static int read_some(struct dmabay *bay, struct ledger *ledger)
{
	struct dmabay_completion completions[3];
	int count = dmabay_wait(bay, completions, 3, 0, 0);

	for (int i = 0; i < count; i++) {
		if (completions[i].status || completions[i].length != PAGE ||
		    completions[i].cookie >= 2 * TOGETHER)
			return -EBADMSG;
		atomic_fetch_add(&ledger->seen[completions[i].cookie], 1);
		atomic_fetch_add(&ledger->read, 1);
	}
	return count;
}

/* So many transfers, and whatever completions there are, until all have been read. */
static int run_together(struct dmabay *bay, const struct parcel *parcel, struct ledger *ledger,
			uint64_t first)
{
	struct dmabay_transfer transfer = {
		.reservation = parcel->reservation,
		.buffer = parcel->buffer,
		.length = PAGE,
		.direction = DMABAY_TO_DEVICE,
	};
	uint64_t sent = 0, end = dmabay_deadline(PATIENCE);
	int result;

	while (atomic_load(&ledger->read) < 2 * TOGETHER && dmabay_deadline(0) < end) {
		transfer.cookie = first + sent;
		result = sent < TOGETHER ?
			 dmabay_submit(bay, &transfer, 1, NULL, 0, 0, 0, NULL) : -EAGAIN;
		sent += result == 1;
		if (result < 0 && result != -EAGAIN)
			return 1;
		result = read_some(bay, ledger);
		if (result == -EAGAIN)
			sched_yield();
		else if (result < 0)
			return 2;
	}
	return atomic_load(&ledger->read) == 2 * TOGETHER ? 0 : 3;
}

/* One reservation, one queue of completions: each is read once, by this one or that. */
TEST_F_TIMEOUT(sharing, one_reservation_together, LONG_TEST)
{
	struct ledger *ledger = mmap(NULL, sizeof(*ledger), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	pid_t child;

	ASSERT_NE(MAP_FAILED, ledger);
	child = send_member();
	ASSERT_LE(0, child);
	if (!child)
		_exit(run_together(self->bay, &self->own, ledger, TOGETHER));
	EXPECT_EQ(0, run_together(self->bay, &self->own, ledger, 0));
	expect_exit(_metadata, child);
	for (unsigned int i = 0; i < 2 * TOGETHER; i++) {
		ASSERT_EQ(1, atomic_load(&ledger->seen[i])) TH_LOG("completion %u", i);
	}
	munmap(ledger, sizeof(*ledger));
}

/* ---- fork and exec ---- */

static const struct inheritance {
	const char *name;
	uint32_t flags;
	bool forked_first;
} inheritances[] = {
	{ "registered, forked", 0, false },
	{ "forked, registered", 0, true },
	{ "registered read-only, forked", DMABAY_REGISTER_READ_ONLY, false },
	{ "forked, registered read-only", DMABAY_REGISTER_READ_ONLY, true },
};

/* The child has the memory as it was, and what it writes into it is its own affair. */
static int look_and_write(struct board *board, unsigned char *page)
{
	if (!saw(&board->released[0], 1))
		return 1;
	if (first_wrong(page, PAGE, SENT, 1) != -1)
		return 2;
	fill(page, PAGE, BLANK, 9);
	atomic_store(&board->turn, 1);
	if (!saw(&board->released[1], 1))
		return 3;
	return first_wrong(page, PAGE, BLANK, 9) == -1 ? 0 : 4;
}

/* What the owner has written last is in the device, and what the device gives it has. */
static void expect_own(struct __test_metadata *_metadata, fixture *self,
		       const struct inheritance *way, unsigned char *page, uint32_t buffer,
		       uint64_t seed)
{
	const struct parcel parcel = { buffer, self->own.reservation };

	fill(page, PAGE, SENT, seed);
	EXPECT_EQ(0, move(self->bay, &parcel, DMABAY_TO_DEVICE));
	EXPECT_EQ(0, move(self->bay, &self->own, DMABAY_FROM_DEVICE));
	EXPECT_EQ(-1, first_wrong(self->memory, PAGE, SENT, seed)) TH_LOG("%s", way->name);
	if (way->flags & DMABAY_REGISTER_READ_ONLY)
		return;
	fill(self->memory, PAGE, SENT, seed + 1);
	EXPECT_EQ(0, move(self->bay, &self->own, DMABAY_TO_DEVICE));
	EXPECT_EQ(0, move(self->bay, &parcel, DMABAY_FROM_DEVICE));
	EXPECT_EQ(-1, first_wrong(page, PAGE, SENT, seed + 1)) TH_LOG("%s", way->name);
}

static void inherit(struct __test_metadata *_metadata, fixture *self,
		    const struct inheritance *way)
{
	unsigned char *page = map_pages(PAGE);
	uint32_t buffer;
	pid_t child;

	memset(self->board, 0, sizeof(*self->board));
	fill(page, PAGE, SENT, 1);
	if (!way->forked_first) {
		ASSERT_EQ(0, dmabay_register(self->bay, page, PAGE, way->flags, &buffer));
	}
	child = send_member();
	ASSERT_LE(0, child);
	if (!child)
		_exit(look_and_write(self->board, page));
	if (way->forked_first) {
		ASSERT_EQ(0, dmabay_register(self->bay, page, PAGE, way->flags, &buffer));
	}
	expect_own(_metadata, self, way, page, buffer, 2);
	atomic_store(&self->board->released[0], 1);
	EXPECT_TRUE(saw(&self->board->turn, 1)) TH_LOG("%s", way->name);
	expect_own(_metadata, self, way, page, buffer, 4);
	atomic_store(&self->board->released[1], 1);
	expect_exit(_metadata, child);
	EXPECT_EQ(0, dmabay_unregister(self->bay, buffer));
	munmap(page, PAGE);
}

TEST_F_TIMEOUT(sharing, forked, LONG_TEST)
{
	for (size_t i = 0; i < ARRAY_SIZE(inheritances); i++)
		inherit(_metadata, self, &inheritances[i]);
}

/* The library's files are not for the next program: there is nothing left, and it lives. */
TEST_F_TIMEOUT(sharing, another_program, LONG_TEST)
{
	uint32_t rest;
	struct dmabay *bay;
	int pipe_fds[2];
	char end;
	pid_t child;

	ASSERT_EQ(0, pipe2(pipe_fds, O_CLOEXEC));
	child = send_member();
	ASSERT_LE(0, child);
	if (!child) {
		if (dmabay_open(&bay, dmabay_path(self->bay), O_RDWR) ||
		    dmabay_register(bay, self->memory, PAGE, 0, &rest) ||
		    dmabay_reserve(bay, REGISTERS - 1, 1, 0, &rest))
			_exit(1);
		execlp("sleep", "sleep", "1000", NULL);
		_exit(2);
	}
	/* The end of the pipe: the program has begun. */
	close(pipe_fds[1]);
	EXPECT_EQ(0, read(pipe_fds[0], &end, 1));
	close(pipe_fds[0]);
	EXPECT_EQ(0, waitpid(child, NULL, WNOHANG));
	EXPECT_EQ(0, dmabay_reserve(self->bay, REGISTERS - 1, 1, 0, &rest));
	expect_killed(_metadata, child);
}

TEST_HARNESS_MAIN
