// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads and writes that take their time: what becomes of them, and of those that wait
 * behind them, when a signal comes, the file is closed, the program ends or is killed,
 * or the device goes. Each asynchronous one is told of once.
 *
 * Loads and unloads the modules itself.
 */
#include <sys/time.h>

#include "access.h"
#include "removal.h"

#define PIECE	((uint64_t)64 << 10)
#define PIECES	64u
#define LENGTH	(PIECES * PIECE)
#define MANY	16u

/* PIECE bytes each 20 ms. */
#define SLOW	"memory=4 max_length=65536 async=1 delay_ms=20"

/* Milliseconds for a PIECE: nothing long is over before the test says so. */
#define FOREVER	1000u

FIXTURE(access_waiting)
{
	struct dmabay *bay;
	int fd;
	unsigned char *memory;	/* LENGTH bytes */
	aio_context_t context;
	struct iocb iocbs[MANY];
	struct io_event events[MANY];
};

typedef FIXTURE_DATA(access_waiting) fixture;

static volatile sig_atomic_t alarms;

static void on_alarm(int number)
{
	(void)number;
	alarms++;
}

FIXTURE_SETUP(access_waiting)
{
	if (!load_and_open(_metadata, "soft", SLOW, &self->bay))
		return;
	self->fd = open(dmabay_path(self->bay), O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->memory = map_pages(LENGTH);
	ASSERT_NE(NULL, self->memory);
	fill(self->memory, LENGTH, SENT, 1);
	ASSERT_EQ(0, aio_begin(&self->context, MANY));
}

FIXTURE_TEARDOWN(access_waiting)
{
	aio_end(self->context);
	close(self->fd);
	close_and_unload(_metadata, self->bay);
}

/* How long the device takes for each PIECE from now on. */
static void set_delay(struct __test_metadata *_metadata, unsigned int milliseconds)
{
	FILE *file = fopen("/sys/module/dmabay_soft/parameters/delay_ms", "we");

	ASSERT_NE(NULL, file);
	fprintf(file, "%u", milliseconds);
	ASSERT_EQ(0, fclose(file));
}

/* @count writes of the same memory to the same place. */
static void start_all(struct __test_metadata *_metadata, fixture *self, uint64_t length,
		      unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		ASSERT_EQ(0, aio_start(self->context, &self->iocbs[i], self->fd, IOCB_CMD_PWRITE,
				       self->memory, length, 0, i));
	}
}

/* Each is told of once, in the order of the file. */
static void finish_all(struct __test_metadata *_metadata, fixture *self, unsigned int count)
{
	ASSERT_EQ((int)count, aio_finish(self->context, self->events, count));
	for (unsigned int i = 0; i < count; i++) {
		EXPECT_EQ(i, self->events[i].data);
	}
	EXPECT_FALSE(aio_one_more(self->context));
}

/* A signal each 150 ms from now on, or none; SA_RESTART asks for calls to be made again. */
static void signals(struct __test_metadata *_metadata, bool on, int flags)
{
	const struct sigaction action = { .sa_handler = on_alarm, .sa_flags = flags };
	const struct timeval period = { .tv_usec = on ? 150000 : 0 };
	const struct itimerval timer = { period, period };

	ASSERT_EQ(0, sigaction(SIGALRM, &action, NULL));
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &timer, NULL));
}

/* What was moved until then is there and is told, and the position is as far. */
TEST_F_TIMEOUT(access_waiting, signal_in_the_middle, LONG_TEST)
{
	unsigned char *back = map_pages(LENGTH);
	int64_t sent, seen;

	ASSERT_NE(NULL, back);
	signals(_metadata, true, SA_RESTART);
	sent = or_errno(write(self->fd, self->memory, LENGTH));
	signals(_metadata, false, 0);
	ASSERT_LT(0, sent);
	EXPECT_GT((int64_t)LENGTH, sent);
	EXPECT_EQ(0, sent % (int64_t)PIECE);
	EXPECT_EQ(sent, lseek(self->fd, 0, SEEK_CUR));

	fill(back, LENGTH, BLANK, 1);
	signals(_metadata, true, SA_RESTART);
	seen = or_errno(pread(self->fd, back, LENGTH, 0));
	signals(_metadata, false, 0);
	ASSERT_LT(0, seen);
	EXPECT_GT((int64_t)LENGTH, seen);
	EXPECT_PATTERN(back, (size_t)(seen < sent ? seen : sent), SENT, 1);
	EXPECT_PATTERN_BETWEEN(back, (size_t)seen, LENGTH, BLANK, 1);
	munmap(back, LENGTH);
}

/* Nothing was moved: EINTR, and no other number. */
TEST_F_TIMEOUT(access_waiting, signal_in_line, LONG_TEST)
{
	int64_t result;

	set_delay(_metadata, FOREVER);
	start_all(_metadata, self, LENGTH, 2);
	/* Not in line yet, if it is the first. */
	do {
		signals(_metadata, true, 0);
		result = or_errno(pread(self->fd, self->memory, PIECE, 0));
		signals(_metadata, false, 0);
	} while (result == PIECE);
	EXPECT_EQ(-EINTR, result);
	set_delay(_metadata, 0);
	finish_all(_metadata, self, 2);
	EXPECT_EQ(LENGTH, self->events[0].res);
	EXPECT_EQ(LENGTH, self->events[1].res);
}

/* Or it waits on, if that is what the program wants. */
TEST_F_TIMEOUT(access_waiting, signal_in_line_restarts, LONG_TEST)
{
	start_all(_metadata, self, LENGTH, 2);
	signals(_metadata, true, SA_RESTART);
	while (!alarms) {
		ASSERT_EQ(PIECE, pread(self->fd, self->memory, PIECE, 0));
	}
	signals(_metadata, false, 0);
	finish_all(_metadata, self, 2);
	EXPECT_EQ(LENGTH, self->events[0].res);
	EXPECT_EQ(LENGTH, self->events[1].res);
}

/* Until somebody else is at it. */
static int64_t until_refused(fixture *self, int flags)
{
	struct iovec vector = { self->memory, 1 };
	uint64_t end = dmabay_deadline(PATIENCE);
	int64_t result;

	do {
		result = or_errno(preadv2(self->fd, &vector, 1, 0, flags));
	} while (result == 1 && dmabay_deadline(0) < end);
	return result;
}

TEST_F_TIMEOUT(access_waiting, told_not_to_wait, LONG_TEST)
{
	set_delay(_metadata, FOREVER);
	start_all(_metadata, self, LENGTH, 1);
	EXPECT_EQ(-EAGAIN, until_refused(self, RWF_NOWAIT));
	ASSERT_EQ(0, fcntl(self->fd, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(-EAGAIN, until_refused(self, 0));
	set_delay(_metadata, 0);
	finish_all(_metadata, self, 1);
	EXPECT_EQ(LENGTH, self->events[0].res);
	EXPECT_EQ(1, pread(self->fd, self->memory, 1, 0));

	/* Who does not wait is not kept waiting. */
	start_all(_metadata, self, PIECE, MANY);
	finish_all(_metadata, self, MANY);
	for (unsigned int i = 0; i < MANY; i++) {
		EXPECT_EQ(PIECE, self->events[i].res);
	}
}

/* The first is at it, the last is not begun: both end early, the one between does not. */
TEST_F_TIMEOUT(access_waiting, cancelled, LONG_TEST)
{
	struct io_event event;

	set_delay(_metadata, FOREVER);
	start_all(_metadata, self, LENGTH, 3);
	pause_for(100 * MILLISECOND);
	EXPECT_EQ(-EINPROGRESS, or_errno(syscall(SYS_io_cancel, self->context, &self->iocbs[2],
						 &event)));
	EXPECT_EQ(-EINPROGRESS, or_errno(syscall(SYS_io_cancel, self->context, &self->iocbs[0],
						 &event)));
	set_delay(_metadata, 0);
	finish_all(_metadata, self, 3);
	EXPECT_NE(0, self->events[0].res);
	EXPECT_GT((int64_t)LENGTH, self->events[0].res);
	EXPECT_EQ(LENGTH, self->events[1].res);
	EXPECT_EQ(-ECANCELED, self->events[2].res);
}

/* The file lives as long as they do. */
TEST_F_TIMEOUT(access_waiting, closed_under_way, LONG_TEST)
{
	unsigned char *back = map_pages(PIECE);

	ASSERT_NE(NULL, back);
	start_all(_metadata, self, PIECE, MANY);
	close(self->fd);
	finish_all(_metadata, self, MANY);
	for (unsigned int i = 0; i < MANY; i++) {
		EXPECT_EQ(PIECE, self->events[i].res);
	}
	EXPECT_EQ(0, read_back(self->bay, back, PIECE));
	EXPECT_PATTERN(back, PIECE, SENT, 1);
	munmap(back, PIECE);
	EXPECT_NOTHING_LEFT(dmabay_path(self->bay));
	self->fd = open(dmabay_path(self->bay), O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
}

/* A ring that is closed waits for its own, all of them. */
TEST_F_TIMEOUT(access_waiting, ring_closed_under_way, LONG_TEST)
{
	struct dmabay_counters before, after;
	struct ring ring;
	int result = ring_begin(&ring);

	if (result == -ENOSYS || result == -EPERM)
		SKIP(return, "there is no io_uring here");
	ASSERT_EQ(0, result);
	ASSERT_EQ(0, dmabay_counters(self->bay, &before));
	for (unsigned int i = 0; i < RING_ENTRIES; i++)
		ring_add(&ring, IORING_OP_WRITE, self->fd, self->memory, PIECE, 0, i);
	ASSERT_EQ(0, ring_enter(&ring, 0));
	ring_end(&ring);
	EXPECT_NOTHING_LEFT(dmabay_path(self->bay));
	ASSERT_EQ(0, dmabay_counters(self->bay, &after));
	EXPECT_EQ(RING_ENTRIES * PIECE, after.bytes - before.bytes);
}

/*
 * All of it would take a quarter of an hour. Who ends waits for the piece under way.
 * Returns the number of the step that failed, if it returns.
 */
static int begin_and_end(const char *path, bool wait)
{
	unsigned char *memory = map_pages(LENGTH);
	struct io_event events[MANY];
	struct iocb iocbs[MANY];
	aio_context_t context;
	int fd = open(path, O_RDWR | O_CLOEXEC);

	if (!memory || fd < 0 || aio_begin(&context, MANY))
		return 1;
	for (unsigned int i = 0; i < MANY; i++) {
		if (aio_start(context, &iocbs[i], fd, i & 1 ? IOCB_CMD_PREAD : IOCB_CMD_PWRITE,
			      memory, LENGTH, 0, i))
			return 2;
	}
	if (wait && aio_finish(context, events, MANY))
		return 3;
	return 0;
}

TEST_F_TIMEOUT(access_waiting, exit_under_way, LONG_TEST)
{
	struct dmabay_counters before, after;
	int status = 1;
	pid_t child;

	set_delay(_metadata, FOREVER);
	ASSERT_EQ(0, dmabay_counters(self->bay, &before));
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(begin_and_end(dmabay_path(self->bay), false));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_NOTHING_LEFT(dmabay_path(self->bay));
	ASSERT_EQ(0, dmabay_counters(self->bay, &after));
	EXPECT_GT(MANY * LENGTH, after.bytes - before.bytes);
}

/* One that reads, one that waits for what is asynchronous. */
TEST_F_TIMEOUT(access_waiting, killed_under_way, LONG_TEST)
{
	set_delay(_metadata, FOREVER);
	for (unsigned int i = 0; i < 2; i++) {
		pid_t child = fork();
		int status = 0;

		ASSERT_LE(0, child);
		if (!child && i)
			_exit(begin_and_end(dmabay_path(self->bay), true));
		if (!child) {
			pread(self->fd, self->memory, LENGTH, 0);
			_exit(1);
		}
		pause_for(300 * MILLISECOND);
		EXPECT_EQ(0, kill(child, SIGKILL));
		ASSERT_EQ(child, waitpid(child, &status, 0));
		EXPECT_TRUE(WIFSIGNALED(status)) TH_LOG("it ended by itself: 0x%x", status);
		EXPECT_NOTHING_LEFT(dmabay_path(self->bay));
	}
}

TEST_F_TIMEOUT(access_waiting, removed_under_way, LONG_TEST)
{
	set_delay(_metadata, FOREVER);
	start_all(_metadata, self, LENGTH, MANY);
	pause_for(100 * MILLISECOND);
	EXPECT_EQ(0, remove_soft());
	finish_all(_metadata, self, MANY);
	EXPECT_GT((int64_t)LENGTH, self->events[0].res);
	for (unsigned int i = 1; i < MANY; i++) {
		EXPECT_EQ(-ENODEV, self->events[i].res);
	}
	EXPECT_EQ(-ENODEV, or_errno(pread(self->fd, self->memory, 1, 0)));
	EXPECT_EQ(-ENODEV, or_errno(write(self->fd, self->memory, 1)));
	EXPECT_EQ(-ENODEV, aio_one(self->context, self->fd, IOCB_CMD_PREAD, self->memory, 1, 0));

	/* It comes back under a new file; the old one stays as it is. */
	close(self->fd);
	dmabay_close(self->bay);
	ASSERT_TRUE(load_and_open(_metadata, "soft", SLOW, &self->bay));
	self->fd = open(dmabay_path(self->bay), O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	EXPECT_EQ(PIECE, pread(self->fd, self->memory, PIECE, 0));
}

TEST_HARNESS_MAIN
