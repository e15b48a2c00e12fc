// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transfers: the bytes that arrive are those that were sent, all of them, nothing
 * beside them, whatever the memory, the cut and the order. Everything runs on the
 * software device and on edu.
 */
#include <pthread.h>

#include "common.h"

#define BATCH	16u	/* at most */

FIXTURE(transfer)
{
	char path[64];
	struct dmabay *bay;
	struct dmabay_info info;
	uint64_t page;		/* a page, or what the device has of it */
	uint32_t batch;		/* so many in one call */
};

FIXTURE_VARIANT(transfer)
{
	const char *driver;
	uint32_t batch;
};

FIXTURE_VARIANT_ADD(transfer, soft)
{
	.driver = "soft",
	.batch = BATCH,
};

/* It takes 100 ms for each. */
FIXTURE_VARIANT_ADD(transfer, edu)
{
	.driver = "edu",
	.batch = 5,
};

FIXTURE_SETUP(transfer)
{
	if (!find_node(variant->driver, self->path, sizeof(self->path)))
		SKIP(return, "there is no %s device", variant->driver);
	ASSERT_EQ(0, dmabay_open(&self->bay, self->path, O_RDWR));
	ASSERT_EQ(0, dmabay_info(self->bay, &self->info));
	self->page = about_a_page(&self->info);
	self->batch = variant->batch;
}

FIXTURE_TEARDOWN(transfer)
{
	dmabay_close(self->bay);
	EXPECT_NOTHING_LEFT(self->path);
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t aligned(const FIXTURE_DATA(transfer) *self, uint64_t length)
{
	return length - length % self->info.alignment;
}

/*
 * @length bytes that begin @skew bytes into a page go to @device_address and
 * back into other memory, by reservations of @map_registers.
 */
static void there_and_back(struct __test_metadata *_metadata, FIXTURE_DATA(transfer) *self,
			   uint64_t skew, uint64_t length, uint64_t device_address,
			   uint32_t map_registers)
{
	size_t whole = skew + length + 2 * PAGE;
	unsigned char *from = map_pages(whole), *to = map_pages(whole);
	uint32_t from_buffer, to_buffer, reservation;

	ASSERT_NE(NULL, from);
	ASSERT_NE(NULL, to);
	fill(from + skew, length, SENT, length + skew);
	fill(to, whole, BLANK, length);
	ASSERT_EQ(0, dmabay_register(self->bay, from + skew, length, 0, &from_buffer));
	ASSERT_EQ(0, dmabay_register(self->bay, to + skew, length, 0, &to_buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, map_registers, 2, 0, &reservation));

	EXPECT_EQ(0, transfer_wait(self->bay, reservation, from_buffer, 0, length,
				   device_address, DMABAY_TO_DEVICE));
	EXPECT_EQ(0, transfer_wait(self->bay, reservation, to_buffer, 0, length,
				   device_address, DMABAY_FROM_DEVICE));
	EXPECT_PATTERN(to + skew, length, SENT, length + skew);
	EXPECT_PATTERN(from + skew, length, SENT, length + skew);

	/* What was sent into @to is blanked again: all of it must be as it was. */
	fill(from, whole, BLANK, length);
	memcpy(to + skew, from + skew, length);
	EXPECT_PATTERN(to, whole, BLANK, length);

	EXPECT_EQ(0, dmabay_free(self->bay, reservation));
	EXPECT_EQ(0, dmabay_unregister(self->bay, from_buffer));
	EXPECT_EQ(0, dmabay_unregister(self->bay, to_buffer));
	munmap(from, whole);
	munmap(to, whole);
}

TEST_F_TIMEOUT(transfer, sizes, LONG_TEST)
{
	const uint64_t sizes[] = {
		self->info.alignment, 64, 1000, PAGE, PAGE + 64, 3 * PAGE + 512,
		64 << 10, 1 << 20, 3 << 20,
	};

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		uint64_t length = aligned(self, sizes[i]);

		if (length && length <= self->info.device_memory)
			there_and_back(_metadata, self, 0, length, 0,
				       (uint32_t)smaller(dmabay_span_pages(0, length),
							 self->info.map_registers));
	}
}

TEST_F_TIMEOUT(transfer, unaligned_user_addresses, LONG_TEST)
{
	const uint64_t skews[] = { 1, 3, 2047, PAGE - 1 };
	uint64_t length = aligned(self, smaller(3 * PAGE, self->info.device_memory));

	for (size_t i = 0; i < ARRAY_SIZE(skews); i++)
		there_and_back(_metadata, self, skews[i], length, 0,
			       (uint32_t)smaller(4, self->info.map_registers));
}

TEST_F(transfer, every_end_of_device_memory)
{
	uint64_t alignment = self->info.alignment, memory = aligned(self, self->info.device_memory);

	there_and_back(_metadata, self, 0, alignment, memory - alignment, 1);
	there_and_back(_metadata, self, 8, alignment, 0, 1);
	there_and_back(_metadata, self, 0, self->page, memory - self->page, 2);
}

/* A transfer that needs more map registers than it has is cut. */
TEST_F_TIMEOUT(transfer, cut_by_registers, LONG_TEST)
{
	uint64_t length = aligned(self, smaller(16 * PAGE, self->info.device_memory));

	there_and_back(_metadata, self, 0, length, 0, 1);
	there_and_back(_metadata, self, 100, length, 0, 1);
	there_and_back(_metadata, self, 100, length, 0,
		       (uint32_t)smaller(3, self->info.map_registers));
}

TEST_F_TIMEOUT(transfer, cut_by_fragment_length, LONG_TEST)
{
	uint64_t length = aligned(self, self->info.fragment_length * 2 + 3 * PAGE);

	if (length > self->info.device_memory)
		SKIP(return, "the device's memory is not longer than a fragment");
	there_and_back(_metadata, self, 512, length, 0, self->info.map_registers);
}

/* So many transfers in one call: each its bytes, its cookie, and their order. */
static void run_batch(struct __test_metadata *_metadata, FIXTURE_DATA(transfer) *self,
		      uint32_t reservation, uint32_t buffer, uint64_t length, uint32_t direction)
{
	const uint32_t count = self->batch;
	struct dmabay_completion completions[BATCH];
	struct dmabay_transfer transfers[BATCH];
	uint32_t read = 0, completed;
	int result;

	memset(transfers, 0, sizeof(transfers));
	for (uint32_t i = 0; i < count; i++) {
		transfers[i].reservation = reservation;
		transfers[i].buffer = buffer;
		transfers[i].offset = i * length;
		transfers[i].length = length;
		transfers[i].device_address = i * length;
		transfers[i].direction = direction;
		transfers[i].cookie = 1000 + i;
	}
	ASSERT_EQ((int)count, dmabay_submit(self->bay, transfers, count, completions, count,
					    count, dmabay_deadline(PATIENCE), &completed));
	read = completed;
	while (read < count) {
		result = dmabay_wait(self->bay, completions + read, count - read, 1,
				     dmabay_deadline(PATIENCE));
		ASSERT_LT(0, result);
		read += (uint32_t)result;
	}
	for (uint32_t i = 0; i < count; i++) {
		EXPECT_EQ(1000 + i, completions[i].cookie);
		EXPECT_EQ(0, completions[i].status);
		EXPECT_EQ(length, completions[i].length);
		EXPECT_EQ(reservation, completions[i].reservation);
	}
}

TEST_F_TIMEOUT(transfer, batch, LONG_TEST)
{
	const uint32_t count = self->batch;
	uint64_t length = aligned(self, smaller(self->info.device_memory / count, 5000));
	unsigned char *memory = map_pages(count * length);
	uint32_t buffer, reservation;

	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, dmabay_register(self->bay, memory, count * length, 0, &buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, (uint32_t)smaller(8, self->info.map_registers),
				    count, 0, &reservation));
	fill(memory, count * length, SENT, 16);
	run_batch(_metadata, self, reservation, buffer, length, DMABAY_TO_DEVICE);
	fill(memory, count * length, BLANK, 16);
	run_batch(_metadata, self, reservation, buffer, length, DMABAY_FROM_DEVICE);
	EXPECT_PATTERN(memory, count * length, SENT, 16);
	munmap(memory, count * length);
}

/* All to the same device address: the last one submitted is what stays. */
TEST_F_TIMEOUT(transfer, order_within_a_reservation, LONG_TEST)
{
	const uint32_t count = self->batch;
	struct dmabay_completion completions[BATCH];
	struct dmabay_transfer transfers[BATCH];
	unsigned char *memory = map_pages(BATCH * PAGE), *back = map_pages(PAGE);
	uint64_t length = self->page;
	uint32_t buffer, reservation, completed;

	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, dmabay_register(self->bay, memory, count * PAGE, 0, &buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, (uint32_t)smaller(8, self->info.map_registers),
				    count, 0, &reservation));
	memset(transfers, 0, sizeof(transfers));
	for (uint32_t i = 0; i < count; i++) {
		fill(memory + i * PAGE, PAGE, SENT, i);
		transfers[i].reservation = reservation;
		transfers[i].buffer = buffer;
		transfers[i].offset = i * PAGE;
		transfers[i].length = length;
		transfers[i].direction = DMABAY_TO_DEVICE;
		transfers[i].cookie = i;
	}
	ASSERT_EQ((int)count, dmabay_submit(self->bay, transfers, count, completions, count,
					    count, dmabay_deadline(PATIENCE), &completed));
	ASSERT_EQ(count, completed);
	for (uint32_t i = 0; i < count; i++) {
		EXPECT_EQ(i, completions[i].cookie);
	}
	EXPECT_EQ(0, read_back(self->bay, back, length));
	EXPECT_PATTERN(back, length, SENT, count - 1);
	munmap(memory, count * PAGE);
	munmap(back, PAGE);
}

/* Three reservations of one file side by side; their completions are told apart. */
TEST_F_TIMEOUT(transfer, several_reservations, LONG_TEST)
{
	enum { COUNT = 3, EACH = 4 };
	struct dmabay_transfer transfers[COUNT * EACH];
	struct dmabay_completion completion;
	uint64_t length = aligned(self, smaller(self->info.device_memory / (COUNT * EACH), PAGE));
	unsigned char *memory = map_pages(COUNT * EACH * PAGE);
	uint32_t buffer, reservations[COUNT], seen[COUNT] = { 0 };

	if (self->info.map_registers < COUNT)
		SKIP(return, "the device has %u map registers", self->info.map_registers);
	ASSERT_NE(NULL, memory);
	fill(memory, COUNT * EACH * length, SENT, 3);
	ASSERT_EQ(0, dmabay_register(self->bay, memory, COUNT * EACH * PAGE, 0, &buffer));
	for (int i = 0; i < COUNT; i++) {
		ASSERT_EQ(0, dmabay_reserve(self->bay, 1, EACH, 0, &reservations[i]));
	}
	memset(transfers, 0, sizeof(transfers));
	for (uint32_t i = 0; i < COUNT * EACH; i++) {
		transfers[i].reservation = reservations[i % COUNT];
		transfers[i].buffer = buffer;
		transfers[i].offset = i * length;
		transfers[i].length = length;
		transfers[i].device_address = i * length;
		transfers[i].direction = DMABAY_TO_DEVICE;
		transfers[i].cookie = i;
	}
	ASSERT_EQ(COUNT * EACH, dmabay_submit(self->bay, transfers, COUNT * EACH, NULL, 0, 0, 0,
					      NULL));
	for (uint32_t i = 0; i < COUNT * EACH; i++) {
		uint32_t which;

		ASSERT_EQ(1, dmabay_wait(self->bay, &completion, 1, 1, dmabay_deadline(PATIENCE)));
		ASSERT_GT(COUNT * EACH, completion.cookie);
		which = (uint32_t)completion.cookie % COUNT;
		EXPECT_EQ(0, completion.status);
		EXPECT_EQ(reservations[which], completion.reservation);
		EXPECT_EQ(seen[which], completion.cookie / COUNT) TH_LOG("out of order");
		seen[which]++;
	}
	fill(memory, COUNT * EACH * length, BLANK, 3);
	EXPECT_EQ(0, read_back(self->bay, memory, COUNT * EACH * length));
	EXPECT_PATTERN(memory, COUNT * EACH * length, SENT, 3);
	munmap(memory, COUNT * EACH * PAGE);
}

/* ---- threads ---- */

struct worker {
	pthread_t thread;
	const char *path;
	uint64_t device_address;
	uint64_t length;
	unsigned int rounds;
	uint64_t seed;
	int result;
};

static int work_once(struct dmabay *bay, const struct worker *worker, unsigned char *memory,
		     uint32_t buffer, uint64_t seed)
{
	uint32_t reservation;
	int result = dmabay_reserve(bay, 1, 2, 0, &reservation);

	if (result)
		return result;
	fill(memory, worker->length, SENT, seed);
	result = transfer_wait(bay, reservation, buffer, 0, worker->length,
			       worker->device_address, DMABAY_TO_DEVICE);
	fill(memory, worker->length, BLANK, seed);
	if (!result)
		result = transfer_wait(bay, reservation, buffer, 0, worker->length,
				       worker->device_address, DMABAY_FROM_DEVICE);
	if (!result && first_wrong(memory, worker->length, SENT, seed) != -1)
		result = -EILSEQ;
	if (dmabay_free(bay, reservation) && !result)
		result = -EBUSY;
	return result;
}

static void *work(void *context)
{
	struct worker *worker = context;
	unsigned char *memory = map_pages(worker->length);
	struct dmabay *bay;
	uint32_t buffer;

	worker->result = dmabay_open(&bay, worker->path, O_RDWR);
	if (worker->result)
		return NULL;
	worker->result = dmabay_register(bay, memory, worker->length, 0, &buffer);
	for (unsigned int i = 0; i < worker->rounds && !worker->result; i++)
		worker->result = work_once(bay, worker, memory, buffer, worker->seed + i);
	dmabay_close(bay);
	munmap(memory, worker->length);
	return NULL;
}

TEST_F_TIMEOUT(transfer, threads, LONG_TEST)
{
	enum { THREADS = 4 };
	struct worker workers[THREADS];
	uint64_t length = aligned(self, smaller(self->info.device_memory / THREADS, 3 * PAGE));

	for (int i = 0; i < THREADS; i++) {
		workers[i] = (struct worker){
			.path = self->path,
			.device_address = (uint64_t)i * length,
			.length = length,
			.rounds = self->info.device_memory > PAGE ? repeated(60, 30) : 2,
			.seed = 1000u * (unsigned int)i,
		};
		ASSERT_EQ(0, pthread_create(&workers[i].thread, NULL, work, &workers[i]));
	}
	for (int i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		EXPECT_EQ(0, workers[i].result) TH_LOG("thread %d", i);
	}
}

/* ---- waiting ---- */

TEST_F(transfer, deadlines)
{
	unsigned char *memory = map_pages(PAGE);
	struct dmabay_transfer transfer = { .length = self->page, .cookie = 9 };
	struct dmabay_completion completion;
	uint32_t completed;
	int result;

	ASSERT_EQ(0, dmabay_register(self->bay, memory, PAGE, 0, &transfer.buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 1, 1, 0, &transfer.reservation));
	EXPECT_EQ(-ETIMEDOUT, dmabay_wait(self->bay, &completion, 1, 1, 1));
	EXPECT_EQ(-ETIMEDOUT, dmabay_wait(self->bay, &completion, 1, 1,
					  dmabay_deadline(20 * MILLISECOND)));

	/* A wait of SUBMIT that ends early is no error, and loses nothing. */
	ASSERT_EQ(1, dmabay_submit(self->bay, &transfer, 1, &completion, 1, 1, 1, &completed));
	EXPECT_GE(1, completed);
	if (!completed) {
		result = dmabay_wait(self->bay, &completion, 1, 1, dmabay_deadline(PATIENCE));
		EXPECT_EQ(1, result);
	}
	EXPECT_EQ(9, completion.cookie);
	EXPECT_EQ(0, completion.status);
	EXPECT_EQ(-EAGAIN, dmabay_wait(self->bay, &completion, 1, 0, 0));
	munmap(memory, PAGE);
}

/* Those of transfers: one that has passed lets nothing begin, a later one is no matter. */
TEST_F(transfer, deadlines_of_transfers)
{
	static const struct {
		uint64_t from_now;
		uint64_t absolute;
		int status;
	} cases[] = {
		{ 0, 1, -ETIMEDOUT },
		{ 0, 0, -ETIMEDOUT },	/* now */
		{ PATIENCE, 0, 0 },
		{ 0, INT64_MAX, 0 },
		{ 0, UINT64_MAX, 0 },
	};
	unsigned char *memory = map_pages(PAGE);
	struct dmabay_transfer transfer = { .length = self->page };
	struct dmabay_completion completion;

	ASSERT_EQ(0, dmabay_register(self->bay, memory, PAGE, 0, &transfer.buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 1, 1, 0, &transfer.reservation));
	fill(memory, PAGE, SENT, 30);
	ASSERT_EQ(0, transfer_wait(self->bay, transfer.reservation, transfer.buffer, 0, self->page,
				   0, DMABAY_TO_DEVICE));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int status = cases[i].status;

		fill(memory, PAGE, BLANK, i);
		transfer.deadline = cases[i].absolute;
		if (!transfer.deadline)
			transfer.deadline = dmabay_deadline(cases[i].from_now);
		ASSERT_EQ(1, dmabay_submit(self->bay, &transfer, 1, NULL, 0, 0, 0, NULL));
		ASSERT_EQ(1, dmabay_wait(self->bay, &completion, 1, 1, dmabay_deadline(PATIENCE)));
		EXPECT_EQ(status, completion.status) TH_LOG("deadline %zu", i);
		EXPECT_EQ(status ? 0 : self->page, completion.length);
		EXPECT_PATTERN(memory, self->page, status ? BLANK : SENT, status ? i : 30);
		EXPECT_EQ(-EAGAIN, dmabay_wait(self->bay, &completion, 1, 0, 0));
	}
	munmap(memory, PAGE);
}

/* Level-triggered: EPOLLIN as long as a completion waits to be read. */
TEST_F(transfer, poll)
{
	unsigned char *memory = map_pages(PAGE);
	struct dmabay_transfer transfers[2] = { { .length = self->page } };
	struct dmabay_completion completion;
	struct pollfd poll_fd = { .fd = dmabay_fd(self->bay), .events = POLLIN };
	int patience = (int)(PATIENCE / MILLISECOND);

	ASSERT_EQ(0, dmabay_register(self->bay, memory, PAGE, 0, &transfers[0].buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 1, 2, 0, &transfers[0].reservation));
	transfers[1] = transfers[0];
	EXPECT_EQ(0, poll(&poll_fd, 1, 0));
	ASSERT_EQ(2, dmabay_submit(self->bay, transfers, 2, NULL, 0, 0, 0, NULL));
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(1, poll(&poll_fd, 1, patience));
		EXPECT_EQ(POLLIN, poll_fd.revents & (POLLIN | POLLERR | POLLHUP));
		EXPECT_EQ(1, poll(&poll_fd, 1, 0));
		EXPECT_EQ(1, dmabay_wait(self->bay, &completion, 1, 0, 0));
	}
	EXPECT_EQ(0, poll(&poll_fd, 1, 0));
	munmap(memory, PAGE);
}

/* ---- kinds of memory ---- */

static void through(struct __test_metadata *_metadata, FIXTURE_DATA(transfer) *self,
		    unsigned char *memory, uint64_t length)
{
	uint32_t buffer, reservation;

	ASSERT_EQ(0, dmabay_register(self->bay, memory, length, 0, &buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, (uint32_t)smaller(dmabay_span_pages(0, length),
								 self->info.map_registers),
				    1, 0, &reservation));
	fill(memory, length, SENT, 21);
	EXPECT_EQ(0, transfer_wait(self->bay, reservation, buffer, 0, length, 0,
				   DMABAY_TO_DEVICE));
	fill(memory, length, BLANK, 21);
	EXPECT_EQ(0, transfer_wait(self->bay, reservation, buffer, 0, length, 0,
				   DMABAY_FROM_DEVICE));
	EXPECT_PATTERN(memory, length, SENT, 21);
	EXPECT_EQ(0, dmabay_free(self->bay, reservation));
	EXPECT_EQ(0, dmabay_unregister(self->bay, buffer));
}

TEST_F_TIMEOUT(transfer, huge_and_small_pages, LONG_TEST)
{
	const uint64_t huge = 2u << 20;
	uint64_t length = aligned(self, smaller(huge, self->info.device_memory));
	unsigned char *area = map_pages(2 * huge);
	unsigned char *memory = area + (-(uintptr_t)area % huge);

	ASSERT_NE(NULL, area);
	madvise(memory, huge, MADV_HUGEPAGE);
	through(_metadata, self, memory, length);
	ASSERT_EQ(0, madvise(memory, huge, MADV_DONTNEED));
	/* Of a kernel that has no huge pages none are unwanted. */
	if (madvise(memory, huge, MADV_NOHUGEPAGE)) {
		ASSERT_EQ(EINVAL, errno);
	}
	through(_metadata, self, memory, length);
	munmap(area, 2 * huge);
}

TEST_F(transfer, shared_memory)
{
	uint64_t length = aligned(self, smaller(8 * PAGE, self->info.device_memory));
	int fd = memfd_create("dmabay", MFD_CLOEXEC);
	unsigned char *memory, *other;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, ftruncate(fd, (off_t)length));
	memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	other = mmap(NULL, length, PROT_READ, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, memory);
	ASSERT_NE(MAP_FAILED, other);
	through(_metadata, self, memory, length);
	EXPECT_PATTERN(other, length, SENT, 21);
	munmap(memory, length);
	munmap(other, length);
	close(fd);
}

/* Memory that the device's address lines do not reach is reached all the same. */
TEST_F_TIMEOUT(transfer, memory_beyond_the_mask, LONG_TEST)
{
	const uint64_t edu_reach = UINT64_C(1) << 28;
	uint64_t physical;
	unsigned char *page = map_page_between(edu_reach, UINT64_MAX, &physical);

	if (!page)
		SKIP(return, "no page above 256 MiB");
	through(_metadata, self, page, self->page);
	fill(page, PAGE, SENT, 22);
	EXPECT_EQ((int64_t)self->page, dmabay_once(self->bay, page, self->page, 0,
						   DMABAY_TO_DEVICE));
	fill(page, PAGE, BLANK, 22);
	EXPECT_EQ((int64_t)self->page, dmabay_once(self->bay, page, self->page, 0,
						   DMABAY_FROM_DEVICE));
	EXPECT_PATTERN(page, self->page, SENT, 22);
}

/* Memory that was never touched is filled in by the registration. */
TEST_F(transfer, untouched_memory)
{
	unsigned char *memory = map_pages(PAGE), *back = map_pages(PAGE);
	uint32_t buffer, reservation;

	ASSERT_EQ(0, dmabay_register(self->bay, memory, PAGE, 0, &buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 1, 1, 0, &reservation));
	fill(back, PAGE, BLANK, 5);
	EXPECT_EQ(0, transfer_wait(self->bay, reservation, buffer, 0, self->page, 0,
				   DMABAY_TO_DEVICE));
	EXPECT_EQ(0, read_back(self->bay, back, self->page));
	for (unsigned int i = 0; i < self->page; i++) {
		ASSERT_EQ(0, back[i]) TH_LOG("byte %u", i);
	}
	munmap(memory, PAGE);
	munmap(back, PAGE);
}

/* After fork the pinned pages are the parent's, whoever writes first. */
TEST_F(transfer, child_writes)
{
	unsigned char *memory = map_pages(PAGE), *back = map_pages(PAGE);
	uint32_t buffer, reservation;
	int status = 1;
	pid_t child;

	fill(memory, PAGE, SENT, 6);
	fill(back, PAGE, BLANK, 6);
	ASSERT_EQ(0, dmabay_register(self->bay, memory, PAGE, 0, &buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 1, 1, 0, &reservation));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		memset(memory, 0, PAGE);
		_exit(0);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_EQ(0, status);

	/* What the parent writes now is what the device gets, and the other way. */
	fill(memory, PAGE, SENT, 8);
	EXPECT_EQ(0, transfer_wait(self->bay, reservation, buffer, 0, self->page, 0,
				   DMABAY_TO_DEVICE));
	EXPECT_EQ(0, read_back(self->bay, back, self->page));
	EXPECT_PATTERN(back, self->page, SENT, 8);
	fill(memory, PAGE, BLANK, 8);
	EXPECT_EQ(0, transfer_wait(self->bay, reservation, buffer, 0, self->page, 0,
				   DMABAY_FROM_DEVICE));
	EXPECT_PATTERN(memory, self->page, SENT, 8);
	munmap(memory, PAGE);
	munmap(back, PAGE);
}

/* ---- what a reservation is for ---- */

TEST_F(transfer, once)
{
	uint64_t length = aligned(self, smaller(3 * PAGE, self->info.device_memory));
	unsigned char *memory = map_pages(length + PAGE);

	fill(memory + 5, length, SENT, 2);
	EXPECT_EQ((int64_t)length, dmabay_once(self->bay, memory + 5, length, 0,
					       DMABAY_TO_DEVICE));
	fill(memory + 5, length, BLANK, 2);
	EXPECT_EQ((int64_t)length, dmabay_once(self->bay, memory + 5, length, 0,
					       DMABAY_FROM_DEVICE));
	EXPECT_PATTERN(memory + 5, length, SENT, 2);
	munmap(memory, length + PAGE);
}

/* The same memory again costs neither a link nor an unlink nor a flush. */
TEST_F(transfer, unchanged_memory_stays_linked)
{
	struct dmabay_counters before, after;
	unsigned char *memory = map_pages(PAGE);
	uint32_t buffer, reservation;

	if (self->info.provider != DMABAY_INFO_PROVIDER_IOVA)
		SKIP(return, "nothing is linked here");
	ASSERT_EQ(0, dmabay_register(self->bay, memory, PAGE, 0, &buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 1, 1, 0, &reservation));
	EXPECT_EQ(0, transfer_wait(self->bay, reservation, buffer, 0, self->page, 0,
				   DMABAY_TO_DEVICE));
	ASSERT_EQ(0, dmabay_counters(self->bay, &before));
	EXPECT_EQ(PAGE, before.linked_bytes);
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(0, transfer_wait(self->bay, reservation, buffer, 0, self->page, 0,
					   DMABAY_TO_DEVICE));
	}
	ASSERT_EQ(0, dmabay_counters(self->bay, &after));
	EXPECT_EQ(before.links, after.links);
	EXPECT_EQ(before.unlinks, after.unlinks);
	EXPECT_EQ(before.flushes, after.flushes);
	EXPECT_EQ(before.pins, after.pins);
	EXPECT_EQ(before.hits + 3, after.hits);
	EXPECT_EQ(before.transfers + 3, after.transfers);
	EXPECT_EQ(before.bytes + 3 * self->page, after.bytes);

	/* After UNREGISTER the device cannot reach it any more. */
	EXPECT_EQ(0, dmabay_unregister(self->bay, buffer));
	ASSERT_EQ(0, dmabay_counters(self->bay, &after));
	EXPECT_EQ(0, after.linked_bytes);
	EXPECT_EQ(before.unlinks + 1, after.unlinks);
	munmap(memory, PAGE);
}

TEST_F(transfer, strict_reservation_unlinks)
{
	struct dmabay_counters before, after;
	unsigned char *memory = map_pages(PAGE);
	uint32_t buffer, reservation;

	if (self->info.provider != DMABAY_INFO_PROVIDER_IOVA)
		SKIP(return, "nothing is linked here");
	ASSERT_EQ(0, dmabay_register(self->bay, memory, PAGE, 0, &buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 1, 1, DMABAY_RESERVE_STRICT, &reservation));
	ASSERT_EQ(0, dmabay_counters(self->bay, &before));
	for (int i = 0; i < 3; i++) {
		EXPECT_EQ(0, transfer_wait(self->bay, reservation, buffer, 0, self->page, 0,
					   DMABAY_TO_DEVICE));
	}
	ASSERT_EQ(0, dmabay_counters(self->bay, &after));
	EXPECT_EQ(before.links + 3, after.links);
	/* There it may take a while. */
	if (self->info.iommu != DMABAY_INFO_IOMMU_LAZY) {
		EXPECT_EQ(before.unlinks + 3, after.unlinks);
		EXPECT_EQ(0, after.linked_bytes);
	}
	EXPECT_EQ(0, dmabay_unregister(self->bay, buffer));
	ASSERT_EQ(0, dmabay_counters(self->bay, &after));
	EXPECT_EQ(0, after.linked_bytes);
	munmap(memory, PAGE);
}

/* More buffers than fit: the oldest make room, and the bytes stay right. */
TEST_F_TIMEOUT(transfer, more_buffers_than_registers, LONG_TEST)
{
	enum { BUFFERS = 4 };
	unsigned char *memory = map_pages(BUFFERS * PAGE);
	uint32_t buffers[BUFFERS], reservation;

	ASSERT_EQ(0, dmabay_reserve(self->bay, (uint32_t)smaller(2, self->info.map_registers),
				    1, 0, &reservation));
	for (int i = 0; i < BUFFERS; i++) {
		ASSERT_EQ(0, dmabay_register(self->bay, memory + i * PAGE, PAGE, 0, &buffers[i]));
	}
	for (int i = 0; i < 2 * BUFFERS; i++) {
		unsigned char *page = memory + i % BUFFERS * PAGE;

		fill(page, PAGE, SENT, (uint64_t)i);
		EXPECT_EQ(0, transfer_wait(self->bay, reservation, buffers[i % BUFFERS], 0,
					   self->page, 0, DMABAY_TO_DEVICE));
		fill(page, PAGE, BLANK, (uint64_t)i);
		EXPECT_EQ(0, transfer_wait(self->bay, reservation, buffers[i % BUFFERS], 0,
					   self->page, 0, DMABAY_FROM_DEVICE));
		EXPECT_PATTERN(page, self->page, SENT, (uint64_t)i);
	}
	munmap(memory, BUFFERS * PAGE);
}

/* ---- the library's copy ---- */

static int count_progress(void *context, uint64_t done, uint64_t length)
{
	uint64_t *last = context;

	if (done <= *last || done > length)
		return -EBADMSG;
	*last = done;
	return 0;
}

static int stop_at_once(void *context, uint64_t done, uint64_t length)
{
	(void)context;
	(void)done;
	(void)length;
	return -ECANCELED;
}

TEST_F_TIMEOUT(transfer, library_copy, LONG_TEST)
{
	uint64_t length = aligned(self, smaller(self->info.device_memory, 1000000));
	unsigned char *memory = map_pages(length);
	uint64_t done = 0;
	struct dmabay_copy copy = {
		.length = length,
		.direction = DMABAY_TO_DEVICE,
		.depth = 8,
		.chunk = aligned(self, length / 7 + self->info.alignment),
		.progress = count_progress,
		.context = &done,
	};
	struct dmabay_completion completion;

	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, dmabay_register(self->bay, memory, length, 0, &copy.buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, (uint32_t)smaller(16, self->info.map_registers),
				    8, 0, &copy.reservation));
	fill(memory, length, SENT, 30);
	EXPECT_EQ(0, dmabay_copy(self->bay, &copy));
	EXPECT_EQ(length, done);
	fill(memory, length, BLANK, 30);
	done = 0;
	copy.direction = DMABAY_FROM_DEVICE;
	EXPECT_EQ(0, dmabay_copy(self->bay, &copy));
	EXPECT_PATTERN(memory, length, SENT, 30);

	/* Told to stop, it leaves nothing running and nothing unread. */
	copy.progress = stop_at_once;
	EXPECT_EQ(-ECANCELED, dmabay_copy(self->bay, &copy));
	EXPECT_EQ(-EAGAIN, dmabay_wait(self->bay, &completion, 1, 0, 0));
	EXPECT_EQ(0, dmabay_unregister(self->bay, copy.buffer));
	munmap(memory, length);
}

TEST_HARNESS_MAIN
