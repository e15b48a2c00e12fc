// SPDX-License-Identifier: GPL-2.0-only
/*
 * As many transfers in flight as a ring takes, by liburing, and every way in which they
 * may end: each command has its one CQE, and each CQE says what became of the memory.
 * Where nobody can read the CQEs any more, the device's counters say that all have ended.
 *
 * The moment is another one in each round. Loads and unloads the modules itself.
 */
#include <liburing.h>

#include "removal.h"
#include "uring.h"

#define DEVICE_SEED	77u
#define ROUNDS		4u
#define QUICK_ROUNDS	2u	/* with DMABAY_QUICK in the environment */

/* One file, one reservation and one ring with all its commands under way. */
struct flight {
	struct dmabay *bay;
	struct io_uring ring;
	uint32_t count;		/* of transfers, at most FLIGHT */
	unsigned char *memory;	/* a slot for each of them */
	uint64_t length;	/* of a slot, and of a transfer */
	struct dmabay_transfer transfers[FLIGHT];
	unsigned int seen[FLIGHT];	/* CQEs */
	int results[FLIGHT];
	unsigned int landed;	/* all CQEs */
};

FIXTURE(flight)
{
	char path[64];
	unsigned int rounds;
	struct flight flight;
};

FIXTURE_VARIANT(flight)
{
	const char *driver;
	const char *parameters;
	unsigned int ring_flags;	/* IORING_SETUP_... */
	uint32_t flight;	/* transfers under way */
	unsigned int rounds;	/* at most */
	bool slow;		/* some are under way when the pause is over */
	uint64_t latest;	/* ns, the longest pause */
	int (*away)(void);
	int (*back)(const char *parameters);
};

FIXTURE_VARIANT_ADD(flight, soft_in_the_call)
{
	.driver = "soft",
	.parameters = "memory=1",
	.flight = FLIGHT,
	.rounds = ROUNDS,
	.latest = MILLISECOND,
	.away = remove_soft,
	.back = insert_soft,
};

FIXTURE_VARIANT_ADD(flight, soft_by_a_worker)
{
	.driver = "soft",
	.parameters = "memory=1 async=1 delay_ms=2",
	.flight = FLIGHT / 2,
	.rounds = ROUNDS,
	.slow = true,
	.latest = 50 * MILLISECOND,
	.away = remove_soft,
	.back = insert_soft,
};

/* Who polls works all the time. */
FIXTURE_VARIANT_ADD(flight, soft_polled)
{
	.driver = "soft",
	.parameters = "memory=1 async=1 delay_ms=1",
	.ring_flags = IORING_SETUP_IOPOLL,
	.flight = FLIGHT,
	.rounds = 3,
	.slow = true,
	.latest = 50 * MILLISECOND,
	.away = remove_soft,
	.back = insert_soft,
};

FIXTURE_VARIANT_ADD(flight, soft_polled_by_a_kernel_thread)
{
	.driver = "soft",
	.parameters = "memory=1 async=1 delay_ms=1",
	.ring_flags = IORING_SETUP_IOPOLL | IORING_SETUP_SQPOLL,
	.flight = FLIGHT,
	.rounds = 3,
	.slow = true,
	.latest = 50 * MILLISECOND,
	.away = remove_soft,
	.back = insert_soft,
};

/* It takes 100 ms for each, and fewer of them wait behind one another as well. */
FIXTURE_VARIANT_ADD(flight, edu)
{
	.driver = "edu",
	.parameters = "",
	.flight = FLIGHT / 4,
	.rounds = 1,
	.slow = true,
	.latest = SECOND / 2,
	.away = unbind_edu,
	.back = bind_edu,
};

/* ---- a flight ---- */

static bool is_fixed(uint32_t number)
{
	return number & 1;
}

/* Every slot of the device's memory has its own pattern. Returns 0 or a negative errno. */
static int fill_device(const char *path, const struct flight *flight)
{
	unsigned char *memory = map_pages(FLIGHT * PAGE);
	uint32_t buffer, reservation;
	struct dmabay *bay;
	int result = dmabay_open(&bay, path, O_RDWR);

	if (result)
		return result;
	for (uint32_t i = 0; i < flight->count; i++)
		fill(memory + i * flight->length, flight->length, SENT, DEVICE_SEED + i);
	result = dmabay_register(bay, memory, FLIGHT * PAGE, 0, &buffer);
	if (!result)
		result = dmabay_reserve(bay, 1, 1, 0, &reservation);
	if (!result)
		result = transfer_wait(bay, reservation, buffer, 0,
				       flight->count * flight->length, 0, DMABAY_TO_DEVICE);
	dmabay_close(bay);
	munmap(memory, FLIGHT * PAGE);
	return result;
}

/*
 * What the device has into the slots, which are blank. Every other one is reached by the
 * ring's buffer, the others by that of the file. Returns 0 or a negative errno.
 */
static int prepare(struct flight *flight, unsigned int ring_flags, const char *path)
{
	const uint64_t length = flight->length;
	uint32_t buffer, reservation;
	struct iovec fixed;
	int result;

	*flight = (struct flight){ .count = flight->count, .length = length };
	flight->memory = map_pages(FLIGHT * PAGE);
	fixed = (struct iovec){ flight->memory, FLIGHT * PAGE };
	for (uint32_t i = 0; i < flight->count; i++)
		fill(flight->memory + i * length, length, BLANK, i);
	result = dmabay_open(&flight->bay, path, O_RDWR);
	if (!result)
		result = dmabay_register(flight->bay, flight->memory, FLIGHT * PAGE, 0, &buffer);
	if (!result)
		result = dmabay_reserve(flight->bay, 1, flight->count, 0, &reservation);
	if (result)
		return result;
	for (uint32_t i = 0; i < flight->count; i++)
		flight->transfers[i] = (struct dmabay_transfer){
			.reservation = reservation,
			.buffer = is_fixed(i) ? 0 : buffer,
			.offset = i * length + (is_fixed(i) ? (uintptr_t)flight->memory : 0),
			.length = length,
			.device_address = i * length,
			.direction = DMABAY_FROM_DEVICE,
			.cookie = i,
		};
	result = io_uring_queue_init(FLIGHT, &flight->ring, ring_flags);
	return result ?: io_uring_register_buffers(&flight->ring, &fixed, 1);
}

/* Returns how many are under way, or a negative errno. */
static int take_off(struct flight *flight, unsigned int ring_flags, const char *path,
		    bool by_workers)
{
	int result = prepare(flight, ring_flags, path);
	uint64_t end = dmabay_deadline(PATIENCE);

	if (result)
		return result;
	for (uint32_t i = 0; i < flight->count; i++) {
		struct io_uring_sqe *sqe = io_uring_get_sqe(&flight->ring);

		if (is_fixed(i))
			dmabay_uring_prepare_fixed(flight->bay, sqe, &flight->transfers[i], 1, 0);
		else
			dmabay_uring_prepare(flight->bay, sqe, &flight->transfers[i], 1);
		sqe->user_data = i;
		if (by_workers)
			sqe->flags |= IOSQE_ASYNC;
	}
	result = io_uring_submit(&flight->ring);
	/* The kernel's thread takes its time, and looks for the file when it takes them. */
	while (io_uring_sq_ready(&flight->ring) && dmabay_deadline(0) < end)
		pause_for(MILLISECOND);
	return result;
}

/* Writes the CQE down. Whether there was one within @patience. */
static bool land_one(struct flight *flight, uint64_t patience)
{
	struct __kernel_timespec time = {
		.tv_sec = (long long)(patience / SECOND),
		.tv_nsec = (long long)(patience % SECOND),
	};
	uint64_t end = dmabay_deadline(patience);
	struct io_uring_cqe *cqe;

	/* A ring that polls does so for a while only. */
	while (io_uring_wait_cqe_timeout(&flight->ring, &cqe, &time)) {
		if (dmabay_deadline(0) >= end)
			return false;
	}
	flight->landed++;
	if (cqe->user_data < flight->count) {
		flight->seen[cqe->user_data]++;
		flight->results[cqe->user_data] = cqe->res;
	}
	io_uring_cqe_seen(&flight->ring, cqe);
	return true;
}

/* Waits for all, and sees that no more come. */
static void land(struct __test_metadata *_metadata, struct flight *flight)
{
	while (flight->landed < flight->count) {
		ASSERT_TRUE(land_one(flight, PATIENCE))
			TH_LOG("%u of %u CQEs came", flight->landed, flight->count);
	}
	while (land_one(flight, 10 * MILLISECOND))
		;
	EXPECT_EQ(flight->count, flight->landed);
	for (uint32_t i = 0; i < flight->count; i++) {
		EXPECT_EQ(1, flight->seen[i]) TH_LOG("command %u", i);
	}
}

/*
 * How many ended with @status, when each of the others was done. What was done has its
 * bytes. What was never started has not one; the device may have stopped in the middle
 * of what was.
 */
static unsigned int judge(struct __test_metadata *_metadata, const struct flight *flight,
			  int status)
{
	unsigned int ended = 0;

	for (uint32_t i = 0; i < flight->count; i++) {
		const unsigned char *slot = flight->memory + i * flight->length;

		if (flight->results[i] == (int)flight->length) {
			EXPECT_PATTERN(slot, flight->length, SENT, DEVICE_SEED + i);
			continue;
		}
		EXPECT_EQ(status, flight->results[i]) TH_LOG("command %u", i);
		if (status == -ECANCELED) {
			EXPECT_PATTERN(slot, flight->length, BLANK, i);
		}
		ended++;
	}
	return ended;
}

static void leave(struct flight *flight)
{
	io_uring_queue_exit(&flight->ring);
	dmabay_close(flight->bay);
	munmap(flight->memory, FLIGHT * PAGE);
}

/* ---- each test ---- */

/* Any moment, as the device goes on. Who polls has to. */
static void linger(const FIXTURE_VARIANT(flight) *variant, struct flight *flight)
{
	uint64_t time = (uint64_t)random() % variant->latest, end = dmabay_deadline(time);

	if (!(variant->ring_flags & IORING_SETUP_IOPOLL))
		pause_for(time);
	while (dmabay_deadline(0) < end && flight->landed < flight->count)
		land_one(flight, 0);
}

/*
 * Workers of the ring issue what they are given a little later. By then its ring may have
 * ended, or its file descriptor may be closed: it is refused, and never was under way.
 */
#define TAKE_OFF(by_workers) \
	ASSERT_EQ((int)variant->flight, \
		  take_off(&self->flight, variant->ring_flags, self->path, (by_workers)))

FIXTURE_SETUP(flight)
{
	struct dmabay_info info;
	struct io_uring ring;
	struct dmabay *bay;
	uint64_t length;
	int result;

	result = io_uring_queue_init(1, &ring, 0);
	if (result == -ENOSYS || result == -EPERM)
		SKIP(return, "there is no io_uring: %s", strerror(-result));
	ASSERT_EQ(0, result);
	io_uring_queue_exit(&ring);
	if (!load(_metadata, variant->driver, variant->parameters))
		return;
	ASSERT_TRUE(find_node(variant->driver, self->path, sizeof(self->path)));
	ASSERT_EQ(0, dmabay_open(&bay, self->path, O_RDONLY));
	ASSERT_EQ(0, dmabay_info(bay, &info));
	dmabay_close(bay);
	length = info.device_memory / variant->flight;
	if (length > PAGE)
		length = PAGE;
	self->flight.count = variant->flight;
	self->flight.length = length - length % info.alignment;
	self->rounds = getenv("DMABAY_QUICK") ? QUICK_ROUNDS : ROUNDS;
	if (self->rounds > variant->rounds)
		self->rounds = variant->rounds;
	ASSERT_EQ(0, fill_device(self->path, &self->flight));
	srandom(64);
}

FIXTURE_TEARDOWN(flight)
{
	struct dmabay *bay;

	EXPECT_NOTHING_LEFT(self->path);
	ASSERT_EQ(0, dmabay_open(&bay, self->path, O_RDWR));
	EXPECT_EQ(0, good_transfer(bay));
	dmabay_close(bay);
	unload(_metadata);
}

TEST_F_TIMEOUT(flight, done, LONG_TEST)
{
	for (unsigned int round = 0; round < self->rounds; round++) {
		TAKE_OFF(round & 1);
		land(_metadata, &self->flight);
		EXPECT_EQ(0, judge(_metadata, &self->flight, 0));
		leave(&self->flight);
	}
}

/* Returns how many were queued, and so have ended with it; @had_turn: whose turn it was. */
static unsigned int cancel_some(struct __test_metadata *_metadata, struct flight *flight,
				unsigned int *had_turn)
{
	unsigned int cancelled = 0, first = (unsigned int)random();
	uint32_t running;

	/* Every third, from anywhere on. */
	for (unsigned int i = 0; i < flight->count; i += 3) {
		int result = dmabay_cancel(flight->bay, DMABAY_CANCEL_COOKIE, 0,
					   (first + i) % flight->count, &running);

		if (result == -ENOENT)
			continue;
		ASSERT_LE(0, result);
		EXPECT_EQ(1, result + (int)running);
		cancelled += (unsigned int)result;
		*had_turn += running;
	}
	return cancelled;
}

/* One piece each: what was started is done. One whose turn it was may not have been. */
TEST_F_TIMEOUT(flight, cancelled_by_cookie, LONG_TEST)
{
	unsigned int all = 0;

	for (unsigned int round = 0; round < self->rounds; round++) {
		unsigned int cancelled, ended, had_turn = 0;

		TAKE_OFF(round & 1);
		linger(variant, &self->flight);
		cancelled = cancel_some(_metadata, &self->flight, &had_turn);
		land(_metadata, &self->flight);
		ended = judge(_metadata, &self->flight, -ECANCELED);
		EXPECT_LE(cancelled, ended);
		EXPECT_GE(cancelled + had_turn, ended);
		leave(&self->flight);
		all += cancelled;
	}
	if (variant->slow) {
		EXPECT_LT(0, all);
	}
}

TEST_F_TIMEOUT(flight, file_closed, LONG_TEST)
{
	for (unsigned int round = 0; round < self->rounds; round++) {
		TAKE_OFF(false);
		linger(variant, &self->flight);
		dmabay_close(self->flight.bay);
		self->flight.bay = NULL;
		land(_metadata, &self->flight);
		EXPECT_EQ(0, judge(_metadata, &self->flight, 0));
		leave(&self->flight);
	}
}

TEST_F_TIMEOUT(flight, device_removed, LONG_TEST)
{
	unsigned int well = 0, gone = 0;

	for (unsigned int round = 0; round < self->rounds; round++) {
		unsigned int ended;

		TAKE_OFF(round & 1);
		/* Once not before all of them. */
		if (!round) {
			ASSERT_TRUE(land_one(&self->flight, PATIENCE));
		}
		linger(variant, &self->flight);
		EXPECT_EQ(0, variant->away());
		land(_metadata, &self->flight);
		ended = judge(_metadata, &self->flight, -ENODEV);
		leave(&self->flight);
		gone += ended;
		well += variant->flight - ended;
		ASSERT_EQ(0, variant->back(variant->parameters));
		ASSERT_EQ(0, fill_device(self->path, &self->flight));
	}
	EXPECT_LT(0, well);
	if (variant->slow) {
		EXPECT_LT(0, gone);
	}
}

/* ---- nobody reads the CQEs ---- */

/* So many transfers have ended since @before, and not one more. */
static void expect_ended(struct __test_metadata *_metadata, const char *path,
			 const struct dmabay_counters *before, uint64_t transfers)
{
	struct dmabay_counters after;
	struct dmabay *bay;

	EXPECT_NOTHING_LEFT(path);
	ASSERT_EQ(0, dmabay_open(&bay, path, O_RDONLY));
	ASSERT_EQ(0, dmabay_counters(bay, &after));
	dmabay_close(bay);
	EXPECT_EQ(transfers, after.transfers - before->transfers);
	EXPECT_EQ(before->faults, after.faults);
}

static void counters_of(struct __test_metadata *_metadata, const char *path,
			struct dmabay_counters *counters)
{
	struct dmabay *bay;

	ASSERT_EQ(0, dmabay_open(&bay, path, O_RDONLY));
	ASSERT_EQ(0, dmabay_counters(bay, counters));
	dmabay_close(bay);
}

/* Some CQEs are read before. */
TEST_F_TIMEOUT(flight, ring_exits, LONG_TEST)
{
	struct dmabay_counters before;

	counters_of(_metadata, self->path, &before);
	for (unsigned int round = 0; round < self->rounds; round++) {
		struct flight *flight = &self->flight;

		TAKE_OFF(false);
		linger(variant, &self->flight);
		while (flight->landed < flight->count / 2 && land_one(flight, 0))
			;
		leave(flight);
		for (uint32_t i = 0; i < flight->count; i++) {
			EXPECT_GE(1, flight->seen[i]) TH_LOG("command %u", i);
		}
		expect_ended(_metadata, self->path, &before,
			     (uint64_t)(round + 1) * variant->flight);
	}
}

/* Says so when all are under way, and waits for its end. */
static void fly_until_killed(FIXTURE_DATA(flight) *self, unsigned int ring_flags, int told)
{
	int count = take_off(&self->flight, ring_flags, self->path, false);

	if (count != (int)self->flight.count || write(told, "", 1) != 1)
		_exit(1);
	for (;;)
		land_one(&self->flight, SECOND);
}

TEST_F_TIMEOUT(flight, process_killed, LONG_TEST)
{
	struct dmabay_counters before;

	counters_of(_metadata, self->path, &before);
	for (unsigned int round = 0; round < self->rounds; round++) {
		int pipes[2], status = 0;
		pid_t child;
		char byte;

		ASSERT_EQ(0, pipe2(pipes, O_CLOEXEC));
		child = fork();
		ASSERT_LE(0, child);
		if (!child)
			fly_until_killed(self, variant->ring_flags, pipes[1]);
		close(pipes[1]);
		ASSERT_EQ(1, read(pipes[0], &byte, 1));
		close(pipes[0]);
		pause_for((uint64_t)random() % variant->latest);
		EXPECT_EQ(0, kill(child, SIGKILL));
		ASSERT_EQ(child, waitpid(child, &status, 0));
		EXPECT_TRUE(WIFSIGNALED(status)) TH_LOG("it ended by itself: 0x%x", status);
		expect_ended(_metadata, self->path, &before,
			     (uint64_t)(round + 1) * variant->flight);
	}
}

TEST_HARNESS_MAIN
