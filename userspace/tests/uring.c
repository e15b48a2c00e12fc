// SPDX-License-Identifier: GPL-2.0-only
/*
 * Commands of io_uring: the bytes arrive, and each command has one CQE, however the ring
 * issues it and whoever goes away meanwhile.
 */
#include <pthread.h>
#include <sys/utsname.h>

#include "uring.h"

FIXTURE(uring)
{
	char path[64];
	struct dmabay *bay;
	struct dmabay_info info;
	struct ring ring;
	unsigned char *memory;
	uint64_t length;	/* of one transfer */
	uint32_t buffer;
	uint32_t reservation;
	struct dmabay_transfer transfers[FLIGHT];
};

FIXTURE_VARIANT(uring)
{
	const char *driver;
	uint32_t flight;
	unsigned int kills;
};

FIXTURE_VARIANT_ADD(uring, soft)
{
	.driver = "soft",
	.flight = FLIGHT,
	.kills = 20,
};

/* It takes 100 ms for each, so one is under way and a few are behind it. */
FIXTURE_VARIANT_ADD(uring, edu)
{
	.driver = "edu",
	.flight = 6,
	.kills = 3,
};

/* Side by side in the device's memory, and in the buffer. */
static void describe(FIXTURE_DATA(uring) *self, uint32_t direction)
{
	memset(self->transfers, 0, sizeof(self->transfers));
	for (uint32_t i = 0; i < FLIGHT; i++) {
		self->transfers[i].reservation = self->reservation;
		self->transfers[i].buffer = self->buffer;
		self->transfers[i].offset = i * self->length;
		self->transfers[i].length = self->length;
		self->transfers[i].device_address = i * self->length;
		self->transfers[i].direction = direction;
	}
}

FIXTURE_SETUP(uring)
{
	if (!find_node(variant->driver, self->path, sizeof(self->path)))
		SKIP(return, "there is no %s device", variant->driver);
	OPEN_RING_OR_SKIP(&self->ring, 0);
	ASSERT_EQ(0, dmabay_open(&self->bay, self->path, O_RDWR));
	ASSERT_EQ(0, dmabay_info(self->bay, &self->info));
	self->length = self->info.device_memory / variant->flight;
	if (self->length > PAGE)
		self->length = PAGE;
	self->length -= self->length % self->info.alignment;
	self->memory = map_pages(FLIGHT * PAGE);
	ASSERT_NE(NULL, self->memory);
	ASSERT_EQ(0, dmabay_register(self->bay, self->memory, FLIGHT * PAGE, 0, &self->buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 2, variant->flight, 0, &self->reservation));
	srandom(20);
}

FIXTURE_TEARDOWN(uring)
{
	ring_close(&self->ring);
	dmabay_close(self->bay);
	EXPECT_NOTHING_LEFT(self->path);
	ASSERT_EQ(0, dmabay_open(&self->bay, self->path, O_RDWR));
	EXPECT_EQ(0, good_transfer(self->bay));
	dmabay_close(self->bay);
}

/* ---- each command has one CQE ---- */

static int submit_each(FIXTURE_DATA(uring) *self, struct ring *ring, uint32_t count,
		       unsigned int sqe_flags)
{
	for (uint32_t i = 0; i < count; i++) {
		struct io_uring_sqe *sqe = ring_next(ring);

		dmabay_uring_prepare(self->bay, sqe, &self->transfers[i], 1);
		sqe->user_data = i;
		sqe->flags |= (uint8_t)sqe_flags;
	}
	return ring_submit(ring);
}

/* All of them and none twice, each with its bytes. Their order is the ring's affair. */
static void reap_each(struct __test_metadata *_metadata, FIXTURE_DATA(uring) *self,
		      struct ring *ring, uint32_t count)
{
	struct dmabay_completion completion;
	unsigned int seen[FLIGHT] = { 0 };
	struct io_uring_cqe cqe;

	for (uint32_t i = 0; i < count; i++) {
		ASSERT_TRUE(ring_reap(ring, PATIENCE, &cqe));
		ASSERT_GT(count, cqe.user_data);
		EXPECT_EQ((int)self->length, cqe.res);
		EXPECT_EQ(0, seen[cqe.user_data]++);
	}
	EXPECT_FALSE(ring_reap(ring, 10 * MILLISECOND, &cqe));
	EXPECT_EQ(-EAGAIN, dmabay_wait(self->bay, &completion, 1, 0, 0));
}

/* There and back. The second half needs every slot that the first one had. */
static void fly(struct __test_metadata *_metadata, FIXTURE_DATA(uring) *self, struct ring *ring,
		uint32_t flight, unsigned int sqe_flags)
{
	fill(self->memory, flight * self->length, SENT, flight);
	describe(self, DMABAY_TO_DEVICE);
	ASSERT_EQ((int)flight, submit_each(self, ring, flight, sqe_flags));
	reap_each(_metadata, self, ring, flight);

	fill(self->memory, FLIGHT * PAGE, BLANK, flight);
	describe(self, DMABAY_FROM_DEVICE);
	ASSERT_EQ((int)flight, submit_each(self, ring, flight, sqe_flags));
	reap_each(_metadata, self, ring, flight);
	EXPECT_PATTERN(self->memory, flight * self->length, SENT, flight);
}

TEST_F_TIMEOUT(uring, in_flight, LONG_TEST)
{
	fly(_metadata, self, &self->ring, variant->flight, 0);
}

TEST_F_TIMEOUT(uring, by_a_worker, LONG_TEST)
{
	fly(_metadata, self, &self->ring, variant->flight, IOSQE_ASYNC);
}

TEST_F_TIMEOUT(uring, kernel_thread_submits, LONG_TEST)
{
	struct ring ring;

	OPEN_RING_OR_SKIP(&ring, IORING_SETUP_SQPOLL);
	fly(_metadata, self, &ring, variant->flight, 0);
	ring_close(&ring);
}

TEST_F_TIMEOUT(uring, single_issuer, LONG_TEST)
{
	struct ring ring;

	OPEN_RING_OR_SKIP(&ring, IORING_SETUP_SINGLE_ISSUER);
	fly(_metadata, self, &ring, variant->flight, 0);
	ring_close(&ring);
}

TEST_F_TIMEOUT(uring, task_work_deferred, LONG_TEST)
{
	struct ring ring;

	OPEN_RING_OR_SKIP(&ring, IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN);
	fly(_metadata, self, &ring, variant->flight, 0);
	ring_close(&ring);
}

/* Whoever asks for CQEs asks the device, if that can be asked. */
TEST_F_TIMEOUT(uring, polled, LONG_TEST)
{
	struct ring ring;

	OPEN_RING_OR_SKIP(&ring, IORING_SETUP_IOPOLL);
	if (!strcmp(variant->driver, "soft")) {
		fly(_metadata, self, &ring, variant->flight, 0);
		fly(_metadata, self, &ring, variant->flight, IOSQE_ASYNC);
	} else {
		describe(self, DMABAY_TO_DEVICE);
		EXPECT_EQ(-EOPNOTSUPP, ring_run(&ring, self->bay, self->transfers, 1));
		EXPECT_EQ(-EOPNOTSUPP, ring_run(&ring, self->bay, self->transfers, FLIGHT));
	}
	ring_close(&ring);
}

/* All to the same device address: what stays is the one of the last SQE. */
TEST_F_TIMEOUT(uring, order_within_a_reservation, LONG_TEST)
{
	describe(self, DMABAY_TO_DEVICE);
	for (uint32_t i = 0; i < variant->flight; i++) {
		fill(self->memory + i * self->length, self->length, SENT, i);
		self->transfers[i].device_address = 0;
	}
	ASSERT_EQ((int)variant->flight, submit_each(self, &self->ring, variant->flight, 0));
	reap_each(_metadata, self, &self->ring, variant->flight);
	EXPECT_EQ(0, read_back(self->bay, self->memory, self->length));
	EXPECT_PATTERN(self->memory, self->length, SENT, variant->flight - 1);
}

static void prepare_link(FIXTURE_DATA(uring) *self, uint32_t index, uint32_t direction,
			 unsigned int sqe_flags)
{
	struct io_uring_sqe *sqe = ring_next(&self->ring);

	self->transfers[index].direction = direction;
	dmabay_uring_prepare(self->bay, sqe, &self->transfers[index], 1);
	sqe->user_data = index;
	sqe->flags |= (uint8_t)sqe_flags;
}

static void expect_next(struct __test_metadata *_metadata, FIXTURE_DATA(uring) *self,
			uint32_t index, int result)
{
	struct io_uring_cqe cqe;

	ASSERT_TRUE(ring_reap(&self->ring, PATIENCE, &cqe));
	EXPECT_EQ(index, cqe.user_data);
	EXPECT_EQ(result, cqe.res);
}

/* Each link begins when the one before is over, whatever reservation it is on. */
TEST_F_TIMEOUT(uring, chain, LONG_TEST)
{
	const int length = (int)self->length;
	uint32_t other;

	ASSERT_EQ(0, dmabay_reserve(self->bay, 2, 2, 0, &other));
	fill(self->memory, self->length, SENT, 6);
	fill(self->memory + self->length, 2 * self->length, BLANK, 6);
	describe(self, DMABAY_TO_DEVICE);
	self->transfers[1].reservation = other;
	self->transfers[1].device_address = 0;
	self->transfers[2].device_address = 0;
	prepare_link(self, 0, DMABAY_TO_DEVICE, IOSQE_IO_LINK | IOSQE_ASYNC);
	prepare_link(self, 1, DMABAY_FROM_DEVICE, IOSQE_IO_LINK);
	prepare_link(self, 2, DMABAY_FROM_DEVICE, 0);
	ASSERT_EQ(3, ring_submit(&self->ring));
	for (uint32_t i = 0; i < 3; i++)
		expect_next(_metadata, self, i, length);
	EXPECT_PATTERN(self->memory + self->length, self->length, SENT, 6);
	EXPECT_PATTERN(self->memory + 2 * self->length, self->length, SENT, 6);
	EXPECT_EQ(0, dmabay_free(self->bay, other));
}

/* What is behind a link that fails is not started. */
TEST_F_TIMEOUT(uring, chain_broken, LONG_TEST)
{
	fill(self->memory, FLIGHT * PAGE, BLANK, 7);
	describe(self, DMABAY_TO_DEVICE);
	self->transfers[1].buffer = 1000;
	prepare_link(self, 0, DMABAY_TO_DEVICE, IOSQE_IO_LINK);
	prepare_link(self, 1, DMABAY_TO_DEVICE, IOSQE_IO_LINK);
	prepare_link(self, 2, DMABAY_FROM_DEVICE, 0);
	ASSERT_EQ(3, ring_submit(&self->ring));
	expect_next(_metadata, self, 0, (int)self->length);
	expect_next(_metadata, self, 1, -ENOENT);
	expect_next(_metadata, self, 2, -ECANCELED);
	EXPECT_PATTERN(self->memory, FLIGHT * PAGE, BLANK, 7);
}

/* A drain begins when all before it are over. */
TEST_F_TIMEOUT(uring, drain, LONG_TEST)
{
	const uint32_t before = variant->flight / 2;
	struct io_uring_cqe cqe;

	describe(self, DMABAY_TO_DEVICE);
	for (uint32_t i = 0; i < before; i++)
		prepare_link(self, i, DMABAY_TO_DEVICE, i & 1 ? IOSQE_ASYNC : 0);
	prepare_link(self, before, DMABAY_TO_DEVICE, IOSQE_IO_DRAIN);
	ASSERT_EQ((int)before + 1, ring_submit(&self->ring));
	for (uint32_t i = 0; i < before; i++) {
		ASSERT_TRUE(ring_reap(&self->ring, PATIENCE, &cqe));
		EXPECT_GT(before, cqe.user_data);
		EXPECT_EQ((int)self->length, cqe.res);
	}
	expect_next(_metadata, self, before, (int)self->length);
}

/* ---- one command, many transfers ---- */

TEST_F_TIMEOUT(uring, vector, LONG_TEST)
{
	const uint32_t counts[] = { 1, 2, 8, 9, variant->flight };

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		uint64_t length = counts[i] * self->length;

		if (counts[i] > variant->flight)
			continue;
		fill(self->memory, length, SENT, i);
		describe(self, DMABAY_TO_DEVICE);
		EXPECT_EQ((int)length,
			  ring_run(&self->ring, self->bay, self->transfers, counts[i]));
		fill(self->memory, FLIGHT * PAGE, BLANK, i);
		describe(self, DMABAY_FROM_DEVICE);
		EXPECT_EQ((int)length,
			  ring_run(&self->ring, self->bay, self->transfers, counts[i]));
		EXPECT_PATTERN(self->memory, length, SENT, i);
	}
}

/* Those before the one that is refused run, those after it do not. */
TEST_F_TIMEOUT(uring, vector_refused_in_the_middle, LONG_TEST)
{
	const uint64_t length = self->length;
	unsigned char *blank = map_pages(length);

	fill(blank, length, BLANK, 0);
	fill(self->memory, FLIGHT * PAGE, BLANK, 0);
	describe(self, DMABAY_TO_DEVICE);
	memcpy(self->memory + 2 * length, blank, length);
	EXPECT_EQ((int)(3 * length), ring_run(&self->ring, self->bay, self->transfers, 3));

	fill(self->memory, 3 * length, SENT, 3);
	self->transfers[1].buffer = 1000;
	EXPECT_EQ(-ENOENT, ring_run(&self->ring, self->bay, self->transfers, 3));

	fill(self->memory, length, BLANK, 1);
	describe(self, DMABAY_FROM_DEVICE);
	EXPECT_EQ((int)(3 * length), ring_run(&self->ring, self->bay, self->transfers, 3));
	EXPECT_PATTERN(self->memory, length, SENT, 3);
	EXPECT_EQ(0, memcmp(self->memory + 2 * length, blank, length));
	munmap(blank, length);
}

/* The array is there, but its page is not: an issue that may not sleep finds nothing. */
TEST_F_TIMEOUT(uring, array_not_present, LONG_TEST)
{
	int fd = memfd_create("transfers", MFD_CLOEXEC);
	struct dmabay_transfer *array;

	ASSERT_LE(0, fd);
	fill(self->memory, self->length, SENT, 9);
	describe(self, DMABAY_TO_DEVICE);
	ASSERT_EQ((ssize_t)sizeof(*array), write(fd, self->transfers, sizeof(*array)));
	array = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, array);
	EXPECT_EQ((int)self->length, ring_run(&self->ring, self->bay, array, 1));
	munmap(array, PAGE);
	EXPECT_EQ(-EFAULT, ring_run(&self->ring, self->bay, array, 1));
	close(fd);
}

/* ---- what is refused ---- */

TEST_F(uring, transfer_refused)
{
	const struct dmabay_transfer good = {
		.reservation = self->reservation,
		.buffer = self->buffer,
		.length = self->length,
		.direction = DMABAY_TO_DEVICE,
	};
	struct {
		int expected;
		struct dmabay_transfer transfer;
	} cases[] = {
		{ -ENOENT, good }, { -ENOENT, good }, { -EINVAL, good }, { -EINVAL, good },
		{ -EOPNOTSUPP, good }, { -EOPNOTSUPP, good }, { -ERANGE, good },
		{ -EOVERFLOW, good }, { -E2BIG, good },
	};

	cases[0].transfer.reservation = 0;
	cases[1].transfer.buffer = 0;
	cases[2].transfer.length = 0;
	cases[3].transfer.direction = 2;
	cases[4].transfer.flags = 1u << 31;
	cases[5].transfer.flags = 1;
	cases[6].transfer.device_address = self->info.device_memory;
	cases[7].transfer.offset = UINT64_MAX - 63;
	cases[8].transfer.length = UINT64_C(1) << 31;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		EXPECT_EQ(cases[i].expected,
			  ring_run(&self->ring, self->bay, &cases[i].transfer, 1))
			TH_LOG("case %zu", i);
	}
	EXPECT_EQ((int)self->length, ring_run(&self->ring, self->bay, &good, 1));
}

TEST_F(uring, command_refused)
{
	struct ring *ring = &self->ring;
	struct io_uring_sqe *sqe;
	struct dmabay *reader;

	describe(self, DMABAY_TO_DEVICE);
	EXPECT_EQ(-EINVAL, ring_run(ring, self->bay, self->transfers, 0));
	EXPECT_EQ(-E2BIG, ring_run(ring, self->bay, self->transfers, self->info.max_batch + 1));
	EXPECT_EQ(-EFAULT, ring_run(ring, self->bay, NULL, 1));
	EXPECT_EQ(-EFAULT, ring_run(ring, self->bay, NULL, 9));

	sqe = ring_next(ring);
	dmabay_uring_prepare(self->bay, sqe, self->transfers, 1);
	sqe->cmd_op = DMABAY_SUBMIT;
	EXPECT_EQ(-ENOTTY, ring_run_prepared(ring));

	sqe = ring_next(ring);
	dmabay_uring_prepare(self->bay, sqe, self->transfers, 1);
	sqe->cmd[offsetof(struct dmabay_uring, flags)] = 1;
	EXPECT_EQ(-EOPNOTSUPP, ring_run_prepared(ring));

	EXPECT_EQ(-ENOTTY, raw(dmabay_fd(self->bay), DMABAY_URING, self->transfers));
	ASSERT_EQ(0, dmabay_open(&reader, self->path, O_RDONLY));
	EXPECT_EQ(-EBADF, ring_run(ring, reader, self->transfers, 1));
	dmabay_close(reader);
}

/* More at a time than there are slots, of a device that is still at the first one. */
TEST_F_TIMEOUT(uring, no_free_slot, LONG_TEST)
{
	struct io_uring_cqe cqe;
	uint32_t refused = 0;

	if (strcmp(variant->driver, "edu"))
		SKIP(return, "the device is too fast for it");
	describe(self, DMABAY_TO_DEVICE);
	for (uint32_t i = 0; i < FLIGHT; i++)
		self->transfers[i] = self->transfers[0];
	ASSERT_EQ((int)variant->flight + 2, submit_each(self, &self->ring, variant->flight + 2, 0));
	for (uint32_t i = 0; i < variant->flight + 2; i++) {
		ASSERT_TRUE(ring_reap(&self->ring, PATIENCE, &cqe));
		if (cqe.user_data < variant->flight) {
			EXPECT_EQ((int)self->length, cqe.res);
			continue;
		}
		EXPECT_EQ(-EAGAIN, cqe.res);
		refused++;
	}
	EXPECT_EQ(2, refused);
}

/* ---- many rings on one file ---- */

#define RINGS	4u

struct flyer {
	pthread_t thread;
	FIXTURE_DATA(uring) *self;
	uint32_t first;
	uint32_t count;
	unsigned int rounds;
	int result;
};

static int fly_round(struct flyer *flyer, struct ring *ring)
{
	FIXTURE_DATA(uring) *self = flyer->self;
	struct io_uring_cqe cqe;
	uint64_t seen = 0;

	for (uint32_t i = 0; i < flyer->count; i++) {
		struct io_uring_sqe *sqe = ring_next(ring);

		dmabay_uring_prepare(self->bay, sqe, &self->transfers[flyer->first + i], 1);
		sqe->user_data = flyer->first + i;
	}
	if (ring_submit(ring) != (int)flyer->count)
		return -EBUSY;
	for (uint32_t i = 0; i < flyer->count; i++) {
		if (!ring_reap(ring, PATIENCE, &cqe))
			return -ETIMEDOUT;
		if (cqe.res != (int)self->length)
			return cqe.res < 0 ? cqe.res : -EMSGSIZE;
		if (cqe.user_data - flyer->first >= flyer->count ||
		    seen & (UINT64_C(1) << cqe.user_data))
			return -EBADMSG;
		seen |= UINT64_C(1) << cqe.user_data;
	}
	return ring_reap(ring, 0, &cqe) ? -EEXIST : 0;
}

static void *fly_along(void *context)
{
	struct flyer *flyer = context;
	struct ring ring;

	flyer->result = ring_open(&ring, 0);
	if (flyer->result)
		return NULL;
	for (unsigned int i = 0; i < flyer->rounds && !flyer->result; i++)
		flyer->result = fly_round(flyer, &ring);
	ring_close(&ring);
	return NULL;
}

TEST_F_TIMEOUT(uring, many_rings, LONG_TEST)
{
	const uint32_t each = variant->flight / RINGS;
	const uint64_t length = RINGS * each * self->length;
	bool slow = !strcmp(variant->driver, "edu");
	struct flyer flyers[RINGS];

	fill(self->memory, length, SENT, 4);
	describe(self, DMABAY_TO_DEVICE);
	for (uint32_t i = 0; i < RINGS; i++) {
		flyers[i] = (struct flyer){
			.self = self,
			.first = i * each,
			.count = each,
			.rounds = slow ? 2 : repeated(40, 20),
		};
		ASSERT_EQ(0, pthread_create(&flyers[i].thread, NULL, fly_along, &flyers[i]));
	}
	for (uint32_t i = 0; i < RINGS; i++) {
		ASSERT_EQ(0, pthread_join(flyers[i].thread, NULL));
		EXPECT_EQ(0, flyers[i].result) TH_LOG("ring %u", i);
	}
	fill(self->memory, FLIGHT * PAGE, BLANK, 4);
	EXPECT_EQ(0, read_back(self->bay, self->memory, length));
	EXPECT_PATTERN(self->memory, length, SENT, 4);
}

/* ---- somebody goes away ---- */

/* The ring has the file: what was submitted is done. */
TEST_F_TIMEOUT(uring, file_closed, LONG_TEST)
{
	unsigned int seen[FLIGHT] = { 0 };
	struct io_uring_cqe cqe;

	fill(self->memory, variant->flight * self->length, SENT, 5);
	describe(self, DMABAY_TO_DEVICE);
	ASSERT_EQ((int)variant->flight, submit_each(self, &self->ring, variant->flight, 0));
	dmabay_close(self->bay);
	for (uint32_t i = 0; i < variant->flight; i++) {
		ASSERT_TRUE(ring_reap(&self->ring, PATIENCE, &cqe));
		ASSERT_GT(variant->flight, cqe.user_data);
		EXPECT_EQ((int)self->length, cqe.res);
		EXPECT_EQ(0, seen[cqe.user_data]++);
	}
	EXPECT_NOTHING_LEFT(self->path);
	ASSERT_EQ(0, dmabay_open(&self->bay, self->path, O_RDWR));
	fill(self->memory, FLIGHT * PAGE, BLANK, 5);
	EXPECT_EQ(0, read_back(self->bay, self->memory, variant->flight * self->length));
	EXPECT_PATTERN(self->memory, variant->flight * self->length, SENT, 5);
}

/* Since Linux 6.8 a ring that ends says so to the commands that it has. */
static bool rings_cancel(void)
{
	unsigned int major = 0, minor = 0;
	struct utsname system;

	uname(&system);
	sscanf(system.release, "%u.%u", &major, &minor);
	return major > 6 || (major == 6 && minor >= 8);
}

/* The commands end without anybody who could read it, and their slots come back. */
TEST_F_TIMEOUT(uring, ring_closed, LONG_TEST)
{
	bool slow = !strcmp(variant->driver, "edu");
	struct dmabay_counters before, after;
	uint64_t end = dmabay_deadline(PATIENCE);
	int result;

	ASSERT_EQ(0, dmabay_counters(self->bay, &before));
	describe(self, DMABAY_TO_DEVICE);
	ASSERT_EQ((int)variant->flight, submit_each(self, &self->ring, variant->flight, 0));
	ring_close(&self->ring);
	do {
		pause_for(10 * MILLISECOND);
		result = dmabay_free(self->bay, self->reservation);
	} while (result == -EBUSY && dmabay_deadline(0) < end);
	EXPECT_EQ(0, result);
	ASSERT_EQ(0, dmabay_counters(self->bay, &after));
	EXPECT_EQ(variant->flight, after.transfers - before.transfers);
	if (slow) {
		EXPECT_EQ(rings_cancel(), after.errors > before.errors);
	}

	ASSERT_EQ(0, ring_open(&self->ring, 0));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 2, variant->flight, 0, &self->reservation));
	fly(_metadata, self, &self->ring, variant->flight, 0);
}

/* Commands of every kind, until it is killed. */
static void live(FIXTURE_DATA(uring) *self, uint32_t flight)
{
	struct io_uring_cqe cqe;
	struct ring ring;

	for (unsigned int round = 0; ; round++) {
		if (ring_open(&ring, round % 3 == 2 ? IORING_SETUP_SQPOLL : 0))
			_exit(1);
		describe(self, round & 1);
		submit_each(self, &ring, flight, round % 4 == 3 ? IOSQE_ASYNC : 0);
		for (uint32_t i = 0; i < flight / 2; i++)
			ring_reap(&ring, SECOND, &cqe);
		ring_close(&ring);
	}
}

TEST_F_TIMEOUT(uring, killed, LONG_TEST)
{
	bool slow = !strcmp(variant->driver, "edu");

	for (unsigned int i = 0; i < variant->kills; i++) {
		pid_t child = fork();
		int status = 0;

		ASSERT_LE(0, child);
		if (!child)
			live(self, variant->flight);
		pause_for((uint64_t)random() % (slow ? SECOND / 2 : 20 * MILLISECOND));
		EXPECT_EQ(0, kill(child, SIGKILL));
		ASSERT_EQ(child, waitpid(child, &status, 0));
		EXPECT_TRUE(WIFSIGNALED(status)) TH_LOG("it died by itself: 0x%x", status);
	}
	/* Rings end after their processes; then every slot is free. */
	for (uint64_t end = dmabay_deadline(PATIENCE); dmabay_deadline(0) < end;) {
		if (dmabay_free(self->bay, self->reservation) != -EBUSY)
			break;
		pause_for(10 * MILLISECOND);
	}
	EXPECT_EQ(-ENOENT, dmabay_free(self->bay, self->reservation));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 2, variant->flight, 0, &self->reservation));
	fly(_metadata, self, &self->ring, variant->flight, 0);
}

TEST_HARNESS_MAIN
