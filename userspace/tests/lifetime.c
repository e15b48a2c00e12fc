// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lifetimes: a program may die, close, fork or give its file away at any moment.
 * Afterwards no page is pinned, no register taken, nothing linked.
 */
#include "parcel.h"

#define LARGE	(64u * PAGE)

FIXTURE(lifetime)
{
	char path[64];
	uint64_t length;	/* of one transfer */
};

FIXTURE_VARIANT(lifetime)
{
	const char *driver;
	unsigned int kills;
	uint64_t latest;	/* ns, the last moment for a kill */
};

FIXTURE_VARIANT_ADD(lifetime, soft)
{
	.driver = "soft",
	.kills = 100,
	.latest = 20 * MILLISECOND,
};

FIXTURE_VARIANT_ADD(lifetime, edu)
{
	.driver = "edu",
	.kills = 5,
	.latest = 300 * MILLISECOND,
};

FIXTURE_SETUP(lifetime)
{
	struct dmabay_info info;
	struct dmabay *bay;

	if (!find_node(variant->driver, self->path, sizeof(self->path)))
		SKIP(return, "there is no %s device", variant->driver);
	ASSERT_EQ(0, dmabay_open(&bay, self->path, O_RDONLY));
	ASSERT_EQ(0, dmabay_info(bay, &info));
	dmabay_close(bay);
	self->length = info.device_memory < LARGE ? about_a_page(&info) : LARGE;
	srandom(20);
}

/* Whatever happened, the device works for the next one, and nothing is left. */
FIXTURE_TEARDOWN(lifetime)
{
	struct dmabay *bay;

	EXPECT_NOTHING_LEFT(self->path);
	ASSERT_EQ(0, dmabay_open(&bay, self->path, O_RDWR));
	EXPECT_EQ(0, good_transfer(bay));
	dmabay_close(bay);
	EXPECT_NOTHING_LEFT(self->path);
}

/* What a program has when it dies: a buffer, a reservation, transfers under way. */
struct held {
	struct dmabay *bay;
	unsigned char *memory;
	uint32_t buffer;
	uint32_t reservation;
};

static int hold(struct held *held, const char *path, uint64_t length)
{
	int result = dmabay_open(&held->bay, path, O_RDWR);

	held->memory = map_pages(length);
	if (!result)
		result = dmabay_register(held->bay, held->memory, length, 0, &held->buffer);
	if (!result)
		result = dmabay_reserve(held->bay, 2, 4, 0, &held->reservation);
	return result;
}

static int start(const struct held *held, unsigned int count, uint64_t length,
		 uint32_t direction)
{
	struct dmabay_transfer transfers[4];

	memset(transfers, 0, sizeof(transfers));
	for (unsigned int i = 0; i < count; i++) {
		transfers[i].reservation = held->reservation;
		transfers[i].buffer = held->buffer;
		transfers[i].length = length;
		transfers[i].direction = direction;
		transfers[i].cookie = i;
	}
	return dmabay_submit(held->bay, transfers, count, NULL, 0, 0, 0, NULL);
}

/* Everything a program can do, until it is killed. */
static void live(const char *path, uint64_t length)
{
	struct dmabay_completion completions[4];
	struct held held;

	for (;;) {
		if (hold(&held, path, length))
			_exit(1);
		for (int i = 0; i < 4; i++) {
			start(&held, 4, length, i & 1);
			dmabay_wait(held.bay, completions, 4, 4, dmabay_deadline(SECOND));
			dmabay_once(held.bay, held.memory, length, 0, i & 1);
		}
		dmabay_close(held.bay);
		munmap(held.memory, length);
	}
}

TEST_F_TIMEOUT(lifetime, killed, LONG_TEST)
{
	unsigned int kills = repeated(variant->kills, variant->kills);

	for (unsigned int i = 0; i < kills; i++) {
		pid_t child = fork();
		int status = 0;

		ASSERT_LE(0, child);
		if (!child)
			live(self->path, self->length);
		pause_for((uint64_t)random() % variant->latest);
		EXPECT_EQ(0, kill(child, SIGKILL));
		ASSERT_EQ(child, waitpid(child, &status, 0));
		EXPECT_TRUE(WIFSIGNALED(status)) TH_LOG("it died by itself: 0x%x", status);
		EXPECT_NOTHING_LEFT(self->path);
	}
	tell_count(kills, "kills");
}

TEST_F_TIMEOUT(lifetime, closed_under_way, LONG_TEST)
{
	struct held held;

	for (int i = 0; i < 3; i++) {
		ASSERT_EQ(0, hold(&held, self->path, self->length));
		EXPECT_EQ(4, start(&held, 4, self->length, DMABAY_FROM_DEVICE));
		dmabay_close(held.bay);
		/* The memory is this process's again: nothing may write it now. */
		fill(held.memory, self->length, SENT, 1);
		EXPECT_NOTHING_LEFT(self->path);
		EXPECT_PATTERN(held.memory, self->length, SENT, 1);
		munmap(held.memory, self->length);
	}
}

TEST_F_TIMEOUT(lifetime, exit_without_cleanup, LONG_TEST)
{
	struct held held;
	int status = 1;
	pid_t child = fork();

	ASSERT_LE(0, child);
	if (!child)
		_exit(hold(&held, self->path, self->length) ||
		      start(&held, 4, self->length, DMABAY_FROM_DEVICE) != 4);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_NOTHING_LEFT(self->path);
}

/* ---- a file that outlives the process that filled it ---- */

static int give_away(int socket_fd, const char *path, uint64_t length)
{
	struct held held;
	struct parcel parcel;

	if (hold(&held, path, length))
		return 1;
	fill(held.memory, length, SENT, 5);
	parcel.buffer = held.buffer;
	parcel.reservation = held.reservation;
	return send_file(socket_fd, dmabay_fd(held.bay), &parcel) ? 2 : 0;
}

static int send_again(struct dmabay *bay, const struct parcel *parcel, uint64_t length)
{
	return transfer_wait(bay, parcel->reservation, parcel->buffer, 0, length, 0,
			     DMABAY_TO_DEVICE);
}

TEST_F_TIMEOUT(lifetime, file_passed_on, LONG_TEST)
{
	unsigned char *back = map_pages(self->length);
	struct parcel parcel;
	struct dmabay *passed, *bay;
	int sockets[2], status = 1;
	pid_t child;

	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET, 0, sockets));
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(give_away(sockets[1], self->path, self->length));
	ASSERT_EQ(0, receive_bay(sockets[0], self->path, &passed, &parcel));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_EQ(0, status);

	/* The process is gone; its pinned pages are still there, and right. */
	EXPECT_EQ(0, send_again(passed, &parcel, self->length));
	ASSERT_EQ(0, dmabay_open(&bay, self->path, O_RDWR));
	EXPECT_EQ(0, read_back(bay, back, self->length));
	EXPECT_PATTERN(back, self->length, SENT, 5);
	dmabay_close(bay);
	dmabay_close(passed);
	close(sockets[0]);
	close(sockets[1]);
	munmap(back, self->length);
}

/* The file ends when the last of parent and child closes it, not before. */
TEST_F_TIMEOUT(lifetime, fork_and_close, LONG_TEST)
{
	struct held held;
	struct parcel parcel;
	int status = 1;
	pid_t child;

	ASSERT_EQ(0, hold(&held, self->path, self->length));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		dmabay_close(held.bay);
		_exit(0);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	parcel.buffer = held.buffer;
	parcel.reservation = held.reservation;
	EXPECT_EQ(0, send_again(held.bay, &parcel, self->length));

	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		/* Until the parent has closed its own. */
		pause_for(100 * MILLISECOND);
		_exit(send_again(held.bay, &parcel, self->length) ? 1 : 0);
	}
	dmabay_close(held.bay);
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	munmap(held.memory, self->length);
}

/* A reservation that waits in line leaves the line with its process. */
TEST_F_TIMEOUT(lifetime, killed_in_line, LONG_TEST)
{
	struct dmabay_info info;
	struct dmabay *bay;
	struct held held;
	uint32_t all;
	uint64_t end = dmabay_deadline(PATIENCE);
	int status;
	pid_t child;

	ASSERT_EQ(0, dmabay_open(&bay, self->path, O_RDWR));
	ASSERT_EQ(0, dmabay_info(bay, &info));
	ASSERT_EQ(0, dmabay_reserve(bay, info.map_registers, 1, 0, &all));
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(hold(&held, self->path, self->length) ? 1 : 0);
	do {
		pause_for(MILLISECOND);
		ASSERT_EQ(0, dmabay_info(bay, &info));
	} while (!info.waiters && dmabay_deadline(0) < end);
	EXPECT_EQ(1, info.waiters);
	EXPECT_EQ(0, kill(child, SIGKILL));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_EQ(0, dmabay_info(bay, &info));
	EXPECT_EQ(0, info.waiters);
	EXPECT_EQ(0, dmabay_free(bay, all));
	dmabay_close(bay);
}

TEST_HARNESS_MAIN
