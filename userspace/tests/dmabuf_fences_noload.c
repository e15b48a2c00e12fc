// SPDX-License-Identifier: GPL-2.0-only
/*
 * dma-bufs of an exporter that does as it is told: memory in odd pieces, maps that fail,
 * and fences, which say that others are not done with the memory. A transfer waits for
 * them before it is submitted, and for nothing else; whatever ends the wait, nothing was
 * lost and nothing is left.
 *
 * Loads and unloads the modules itself.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <sys/time.h>

#include "dmabuf.h"
#include "removal.h"
#include "uring.h"

/* What is done meanwhile by others has that long to go wrong. */
#define A_WHILE	(300 * MILLISECOND)

#define DEPTH	4u

FIXTURE(fences)
{
	struct dmabay *bay;
	struct dmabay *hasty;	/* the same node, O_NONBLOCK */
	int fd;			/* a dma-buf of a page */
	uint32_t buffer;	/* of @bay; of @hasty it has the same numbers */
	uint32_t reservation;
};

typedef FIXTURE_DATA(fences) fixture;

static void open_one(struct __test_metadata *_metadata, fixture *self, struct dmabay *bay)
{
	ASSERT_EQ(0, dmabay_import(bay, self->fd, 0, &self->buffer, NULL));
	ASSERT_EQ(0, dmabay_reserve(bay, 2, DEPTH, 0, &self->reservation));
}

static void load_all(struct __test_metadata *_metadata, fixture *self)
{
	if (!load_and_open(_metadata, "soft", "memory=1 async=1 max_length=PAGE map_registers=64",
			   &self->bay))
		return;
	ASSERT_EQ(0, insert("dmabay_test_exporter", ""));
	ASSERT_EQ(0, dmabay_open(&self->hasty, dmabay_path(self->bay), O_RDWR | O_NONBLOCK));
	self->fd = new_from_test(PAGE, 0);
	ASSERT_LE(0, self->fd);
	open_one(_metadata, self, self->bay);
	open_one(_metadata, self, self->hasty);
}

/* Closes the files; what they have goes with them, and then the exporter can go. */
static void unload_all(struct __test_metadata *_metadata, fixture *self)
{
	EXPECT_EQ(0, close(self->fd));
	dmabay_close(self->hasty);
	close_and_unload(_metadata, self->bay);
	EXPECT_EQ(0, removed("dmabay_test_exporter"));
}

FIXTURE_SETUP(fences)
{
	load_all(_metadata, self);
}

static struct dmabay_transfer page(const fixture *self, uint32_t direction)
{
	return (struct dmabay_transfer){
		.reservation = self->reservation,
		.buffer = self->buffer,
		.length = PAGE,
		.direction = direction,
	};
}

/* Returns as dmabay_submit(), or the status of the completion. */
static int run(struct dmabay *bay, struct dmabay_transfer transfer)
{
	return transfer_wait(bay, transfer.reservation, transfer.buffer, transfer.offset,
			     transfer.length, transfer.device_address, transfer.direction);
}

static int submit_one(struct dmabay *bay, struct dmabay_transfer transfer)
{
	return dmabay_submit(bay, &transfer, 1, NULL, 0, 0, 0, NULL);
}

/* The status of the next completion. */
static int end_hastily(struct dmabay *bay)
{
	uint64_t end = dmabay_deadline(PATIENCE);
	struct dmabay_completion completion;
	int result;

	do {
		result = dmabay_wait(bay, &completion, 1, 0, 0);
	} while (result == -EAGAIN && dmabay_deadline(0) < end);
	return result == 1 ? completion.status : result;
}

/* As run(), of a file that does not wait. */
static int run_hastily(struct dmabay *bay, struct dmabay_transfer transfer)
{
	int result = submit_one(bay, transfer);

	return result == 1 ? end_hastily(bay) : result;
}

/* Both files still work, and have nothing that was not asked for. */
FIXTURE_TEARDOWN(fences)
{
	struct dmabay_completion completion;

	EXPECT_EQ(0, signal_fences(self->fd));
	EXPECT_EQ(-EAGAIN, dmabay_wait(self->bay, &completion, 1, 0, 0));
	EXPECT_EQ(-EAGAIN, dmabay_wait(self->hasty, &completion, 1, 0, 0));
	EXPECT_EQ(0, run(self->bay, page(self, DMABAY_FROM_DEVICE)));
	EXPECT_EQ(0, run(self->bay, page(self, DMABAY_TO_DEVICE)));
	EXPECT_EQ(0, dmabay_unregister(self->bay, self->buffer));
	EXPECT_EQ(0, dmabay_unregister(self->hasty, self->buffer));
	unload_all(_metadata, self);
}

/* ---- memory ---- */

/* There and back, all of it and from the middle of a piece, and no byte beside it. */
static void there_and_back(struct __test_metadata *_metadata, fixture *self, uint32_t size,
			   uint32_t segment, uint32_t skip)
{
	unsigned char *memory = map_pages(size + PAGE);
	int from = new_from_test(size, segment), to = new_from_test(size, segment);
	struct dmabay_transfer transfer = page(self, DMABAY_TO_DEVICE);
	uint32_t from_buffer, to_buffer;
	uint64_t length = 0;

	ASSERT_LE(0, from);
	ASSERT_LE(0, to);
	ASSERT_EQ(0, dmabay_import(self->bay, from, DMABAY_IMPORT_READ_ONLY, &from_buffer, &length));
	EXPECT_EQ(size, length);
	ASSERT_EQ(0, dmabay_import(self->bay, to, 0, &to_buffer, NULL));
	fill(memory, size, SENT, size);
	ASSERT_EQ(0, bytes_of(from, EXPORTER_WRITE, memory));
	fill(memory, size, BLANK, size);
	ASSERT_EQ(0, bytes_of(to, EXPORTER_WRITE, memory));

	transfer.offset = skip;
	transfer.length = size - skip;
	transfer.buffer = from_buffer;
	EXPECT_EQ(0, run(self->bay, transfer));
	transfer.buffer = to_buffer;
	transfer.direction = DMABAY_FROM_DEVICE;
	EXPECT_EQ(0, run(self->bay, transfer));

	ASSERT_EQ(0, bytes_of(to, EXPORTER_READ, memory));
	EXPECT_PATTERN(memory, skip, BLANK, size);
	EXPECT_PATTERN_BETWEEN(memory, skip, size, SENT, size);
	transfer.length = 1;
	transfer.offset = size;
	EXPECT_EQ(-ERANGE, run(self->bay, transfer));
	EXPECT_EQ(0, dmabay_unregister(self->bay, from_buffer));
	EXPECT_EQ(0, dmabay_unregister(self->bay, to_buffer));
	close(from);
	close(to);
	munmap(memory, size + PAGE);
}

TEST_F_TIMEOUT(fences, pieces, LONG_TEST)
{
	const struct {
		uint32_t size;
		uint32_t segment;
	} shapes[] = {
		{ 1, 0 }, { 100, 1 }, { 12345, 0 }, { 12345, 511 }, { 4097, 4096 },
		{ 5 * PAGE, PAGE }, { 65537, 10000 }, { 100003, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(shapes); i++) {
		there_and_back(_metadata, self, shapes[i].size, shapes[i].segment, 0);
		there_and_back(_metadata, self, shapes[i].size, shapes[i].segment,
			       shapes[i].size / 3);
	}
}

static int import_test(struct dmabay *bay, uint32_t size, uint32_t flags, uint32_t map_ms,
		       uint32_t *buffer)
{
	struct test_export wanted = {
		.size = size,
		.segment = 1000,
		.flags = flags,
		.map_ms = map_ms,
		.open_flags = O_RDWR,
	};
	int fd = test_exporter(EXPORTER_NEW, &wanted), result;

	if (fd < 0)
		return fd;
	result = dmabay_import(bay, fd, 0, buffer, NULL);
	close(fd);
	return result;
}

/* What cannot be used as it is said to be is not used. */
TEST_F(fences, broken_exporters)
{
	uint32_t buffer;

	EXPECT_EQ(-EREMOTEIO, import_test(self->bay, 5000, EXPORTER_FAIL_MAP, 0, &buffer));
	EXPECT_EQ(-EINVAL, import_test(self->bay, 5000, EXPORTER_SHORT, 0, &buffer));
	EXPECT_EQ(-EINVAL, import_test(self->bay, 5000, EXPORTER_EMPTY, 0, &buffer));
	EXPECT_EQ(-EINVAL, import_test(self->bay, 1, EXPORTER_EMPTY, 0, &buffer));
	ASSERT_EQ(0, import_test(self->bay, 5000, 0, 100, &buffer));
	EXPECT_EQ(0, dmabay_unregister(self->bay, buffer));
}

/* The answer cannot be written: then nothing was imported. */
TEST_F(fences, struct_not_writable)
{
	struct dmabay_import *argument = (void *)map_pages(PAGE);

	*argument = (struct dmabay_import){ .size = sizeof(*argument), .fd = self->fd };
	ASSERT_EQ(0, mprotect(argument, PAGE, PROT_READ));
	EXPECT_EQ(-EFAULT, raw(dmabay_fd(self->bay), DMABAY_IMPORT, argument));
	munmap(argument, PAGE);
}

/* ---- who waits for whom ---- */

TEST_F(fences, usages)
{
	static const struct {
		int reads;	/* a transfer that reads the memory */
		int writes;	/* one that writes it */
	} results[] = {
		[MOVES] = { -EAGAIN, -EAGAIN },
		[WRITES] = { -EAGAIN, -EAGAIN },
		[READS] = { 0, -EAGAIN },
		[KEEPS] = { 0, 0 },
	};
	uint32_t more;

	for (uint32_t usage = 0; usage < ARRAY_SIZE(results); usage++) {
		ASSERT_EQ(0, add_fence(self->fd, usage));
		EXPECT_EQ(results[usage].reads,
			  run_hastily(self->hasty, page(self, DMABAY_TO_DEVICE)));
		EXPECT_EQ(results[usage].writes,
			  run_hastily(self->hasty, page(self, DMABAY_FROM_DEVICE)));
		EXPECT_EQ(usage == MOVES ? -EAGAIN : 0,
			  dmabay_import(self->hasty, self->fd, DMABAY_IMPORT_READ_ONLY, &more,
					NULL));
		if (usage != MOVES) {
			EXPECT_EQ(0, dmabay_unregister(self->hasty, more));
		}
		ASSERT_EQ(0, signal_fences(self->fd));
		EXPECT_EQ(0, run_hastily(self->hasty, page(self, DMABAY_TO_DEVICE)));
		EXPECT_EQ(0, run_hastily(self->hasty, page(self, DMABAY_FROM_DEVICE)));
	}
}

/* What is wrong is said before anybody waits; and what else there is does not wait. */
TEST_F(fences, only_what_must_wait)
{
	unsigned char *memory = map_pages(PAGE);
	struct dmabay_transfer transfers[3];
	uint32_t ordinary, completed;

	ASSERT_EQ(0, dmabay_register(self->hasty, memory, PAGE, 0, &ordinary));
	ASSERT_EQ(0, add_fence(self->fd, WRITES));
	for (uint32_t i = 0; i < 3; i++)
		transfers[i] = page(self, DMABAY_TO_DEVICE);
	transfers[0].buffer = ordinary;
	EXPECT_EQ(1, dmabay_submit(self->hasty, transfers, 3, NULL, 0, 0, 0, &completed));
	EXPECT_EQ(0, end_hastily(self->hasty));

	transfers[1].offset = 1;
	EXPECT_EQ(-ERANGE, submit_one(self->bay, transfers[1]));
	transfers[1] = page(self, DMABAY_TO_DEVICE);
	transfers[1].reservation = INT32_MAX;
	EXPECT_EQ(-ENOENT, submit_one(self->bay, transfers[1]));
	transfers[1] = page(self, DMABAY_TO_DEVICE);
	transfers[1].deadline = 1;
	EXPECT_EQ(-ETIMEDOUT, submit_one(self->bay, transfers[1]));
	EXPECT_EQ(0, dmabay_unregister(self->hasty, ordinary));
	munmap(memory, PAGE);
}

/* ---- the wait ---- */

struct submitter {
	struct dmabay *bay;
	struct dmabay_transfer transfer;
	int fd;			/* to import, instead of a transfer */
	atomic_bool allowed;	/* set before what ends the wait */
	bool early;		/* it ended before */
	int result;
	atomic_int task;	/* it runs as, once it does */
	pthread_t thread;
};

static void *submit_and_note(void *context)
{
	struct submitter *submitter = context;
	uint32_t buffer;

	atomic_store(&submitter->task, (int)syscall(SYS_gettid));
	if (submitter->bay && submitter->fd)
		submitter->result = dmabay_import(submitter->bay, submitter->fd, 0, &buffer, NULL);
	else
		submitter->result = run(submitter->bay, submitter->transfer);
	submitter->early = !atomic_load(&submitter->allowed);
	return NULL;
}

static bool sleeps(int task)
{
	char path[64], state = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/self/task/%d/stat", task);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (fscanf(file, "%*d (%*[^)]) %c", &state) != 1)
		state = 0;
	fclose(file);
	return state == 'S';
}

/* It waits, and has its time to go wrong. */
static void start(struct __test_metadata *_metadata, struct submitter *submitter)
{
	uint64_t end = dmabay_deadline(PATIENCE);

	ASSERT_EQ(0, pthread_create(&submitter->thread, NULL, submit_and_note, submitter));
	while (!sleeps(atomic_load(&submitter->task)) && dmabay_deadline(0) < end)
		pause_for(MILLISECOND);
	pause_for(A_WHILE);
	atomic_store(&submitter->allowed, true);
}

/* Returns what came of it, after what ends the wait. */
static int finish(struct __test_metadata *_metadata, struct submitter *submitter)
{
	ASSERT_EQ(0, pthread_join(submitter->thread, NULL));
	EXPECT_FALSE(submitter->early);
	return submitter->result;
}

/* Two fences, one after the other. */
TEST_F_TIMEOUT(fences, signaled, LONG_TEST)
{
	for (uint32_t usage = MOVES; usage <= READS; usage++) {
		struct submitter submitter = {
			.bay = self->bay,
			.transfer = page(self, DMABAY_FROM_DEVICE),
		};

		ASSERT_EQ(0, add_fence(self->fd, usage));
		ASSERT_EQ(0, add_fence(self->fd, usage));
		start(_metadata, &submitter);
		EXPECT_EQ(-EBUSY, dmabay_unregister(self->bay, self->buffer));
		EXPECT_EQ(-ENOENT, dmabay_cancel(self->bay, DMABAY_CANCEL_COOKIE, 0,
						 submitter.transfer.length, NULL));
		EXPECT_EQ(0, signal_fences(self->fd));
		EXPECT_EQ(0, finish(_metadata, &submitter));
	}
}

/* While the exporter moves it nobody maps it; afterwards somebody does. */
TEST_F_TIMEOUT(fences, import_waits, LONG_TEST)
{
	struct submitter submitter = { .bay = self->bay };

	submitter.fd = new_from_test(PAGE, 0);
	ASSERT_LE(0, submitter.fd);
	ASSERT_EQ(0, add_fence(submitter.fd, MOVES));
	start(_metadata, &submitter);
	/* Others of the file do not wait behind it. */
	EXPECT_EQ(0, run(self->bay, page(self, DMABAY_TO_DEVICE)));
	EXPECT_EQ(0, dmabay_unregister(self->bay, self->buffer));
	ASSERT_EQ(0, dmabay_import(self->bay, self->fd, 0, &self->buffer, NULL));
	EXPECT_EQ(0, signal_fences(submitter.fd));
	EXPECT_EQ(0, finish(_metadata, &submitter));
	close(submitter.fd);
}

/* Its reservation goes while it waits: it is refused, and the buffer is free again. */
TEST_F_TIMEOUT(fences, reservation_freed, LONG_TEST)
{
	struct submitter submitter = { .bay = self->bay };
	uint32_t reservation;

	ASSERT_EQ(0, dmabay_reserve(self->bay, 1, 1, 0, &reservation));
	submitter.transfer = page(self, DMABAY_TO_DEVICE);
	submitter.transfer.reservation = reservation;
	ASSERT_EQ(0, add_fence(self->fd, WRITES));
	start(_metadata, &submitter);
	EXPECT_EQ(0, dmabay_free(self->bay, reservation));
	EXPECT_EQ(0, signal_fences(self->fd));
	EXPECT_EQ(-ENOENT, finish(_metadata, &submitter));
}

static void do_nothing(int number)
{
	(void)number;
}

/* It comes again and again, so that it comes while there is a wait. */
static void set_alarm(struct __test_metadata *_metadata, bool on)
{
	struct sigaction action = { .sa_handler = do_nothing };
	struct itimerval interval = { };

	if (on)
		interval.it_value.tv_usec = interval.it_interval.tv_usec = 50000;
	ASSERT_EQ(0, sigaction(SIGALRM, &action, NULL));
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &interval, NULL));
}

TEST_F(fences, interrupted)
{
	struct dmabay_transfer transfers[2] = {
		page(self, DMABAY_TO_DEVICE), page(self, DMABAY_FROM_DEVICE),
	};
	struct dmabay_completion completion;
	uint32_t buffer;
	int moved;

	ASSERT_EQ(0, add_fence(self->fd, READS));
	set_alarm(_metadata, true);
	EXPECT_EQ(-EINTR, submit_one(self->bay, transfers[1]));
	/* The first one reads, too, and waits for nobody. */
	EXPECT_EQ(1, dmabay_submit(self->bay, transfers, 2, NULL, 0, 0, 0, NULL));
	moved = new_from_test(PAGE, 0);
	ASSERT_EQ(0, add_fence(moved, MOVES));
	EXPECT_EQ(-EINTR, dmabay_import(self->bay, moved, 0, &buffer, NULL));
	set_alarm(_metadata, false);
	close(moved);
	EXPECT_EQ(1, dmabay_wait(self->bay, &completion, 1, 1, dmabay_deadline(PATIENCE)));
	EXPECT_EQ(0, completion.status);
}

TEST_F(fences, deadline)
{
	struct dmabay_transfer transfer = page(self, DMABAY_TO_DEVICE);

	ASSERT_EQ(0, add_fence(self->fd, WRITES));
	transfer.deadline = dmabay_deadline(50 * MILLISECOND);
	EXPECT_EQ(-ETIMEDOUT, submit_one(self->bay, transfer));
	EXPECT_LE(transfer.deadline, dmabay_deadline(0));
	/* A fence that signals in time. */
	transfer.deadline = dmabay_deadline(PATIENCE);
	ASSERT_EQ(0, signal_fences(self->fd));
	EXPECT_EQ(0, run(self->bay, transfer));
}

/* ---- io_uring ---- */

/* The submitter goes on at once, and there is one CQE, after the fence. */
TEST_F_TIMEOUT(fences, uring, LONG_TEST)
{
	struct dmabay_transfer transfer = page(self, DMABAY_FROM_DEVICE);
	struct io_uring_cqe cqe;
	struct ring ring;

	OPEN_RING_OR_SKIP(&ring, 0);
	EXPECT_EQ((int)PAGE, ring_run(&ring, self->bay, &transfer, 1));
	ASSERT_EQ(0, add_fence(self->fd, READS));
	dmabay_uring_prepare(self->bay, ring_next(&ring), &transfer, 1);
	ASSERT_EQ(1, ring_submit(&ring));
	EXPECT_FALSE(ring_reap(&ring, A_WHILE, &cqe));
	EXPECT_EQ(0, signal_fences(self->fd));
	ASSERT_TRUE(ring_reap(&ring, PATIENCE, &cqe));
	EXPECT_EQ((int)PAGE, cqe.res);
	EXPECT_FALSE(ring_reap(&ring, 0, &cqe));
	ring_close(&ring);
}

/* The ring goes, and the fence never signals: its worker does not wait for ever. */
TEST_F_TIMEOUT(fences, uring_closed, LONG_TEST)
{
	struct dmabay_transfer transfer = page(self, DMABAY_FROM_DEVICE);
	uint64_t end = dmabay_deadline(PATIENCE);
	struct io_uring_cqe cqe;
	struct ring ring;
	int result;

	OPEN_RING_OR_SKIP(&ring, 0);
	ASSERT_EQ(0, add_fence(self->fd, READS));
	dmabay_uring_prepare(self->bay, ring_next(&ring), &transfer, 1);
	ASSERT_EQ(1, ring_submit(&ring));
	EXPECT_FALSE(ring_reap(&ring, A_WHILE, &cqe));
	ring_close(&ring);
	/* It lets go of the buffer. */
	while ((result = dmabay_unregister(self->bay, self->buffer)) == -EBUSY &&
	       dmabay_deadline(0) < end)
		pause_for(10 * MILLISECOND);
	EXPECT_EQ(0, result);
	ASSERT_EQ(0, dmabay_import(self->bay, self->fd, 0, &self->buffer, NULL));
}

/* ---- the end of the device ---- */

static void reload_all(struct __test_metadata *_metadata, fixture *self)
{
	close(self->fd);
	dmabay_close(self->bay);
	dmabay_close(self->hasty);
	load_all(_metadata, self);
}

TEST_F_TIMEOUT(fences, device_removed, LONG_TEST)
{
	struct submitter submitter = {
		.bay = self->bay,
		.transfer = page(self, DMABAY_TO_DEVICE),
	};

	ASSERT_EQ(0, add_fence(self->fd, WRITES));
	start(_metadata, &submitter);
	EXPECT_EQ(0, remove_soft());
	EXPECT_EQ(-ENODEV, finish(_metadata, &submitter));
	EXPECT_EQ(-ENODEV, dmabay_unregister(self->bay, self->buffer));
	reload_all(_metadata, self);
}

/* The same for who waits to import. */
TEST_F_TIMEOUT(fences, device_removed_before_import, LONG_TEST)
{
	struct submitter submitter = { .bay = self->bay };

	submitter.fd = new_from_test(PAGE, 0);
	ASSERT_LE(0, submitter.fd);
	ASSERT_EQ(0, add_fence(submitter.fd, MOVES));
	start(_metadata, &submitter);
	EXPECT_EQ(0, remove_soft());
	EXPECT_EQ(-ENODEV, finish(_metadata, &submitter));
	close(submitter.fd);
	reload_all(_metadata, self);
}

/* The exporter is at it when the device goes: that waits, and undoes what was done. */
TEST_F_TIMEOUT(fences, device_removed_in_import, LONG_TEST)
{
	const struct test_export slow = { .size = PAGE, .map_ms = 1000, .open_flags = O_RDWR };
	struct submitter submitter = { .bay = self->bay };

	int result;

	submitter.fd = test_exporter(EXPORTER_NEW, &slow);
	ASSERT_LE(0, submitter.fd);
	atomic_store(&submitter.allowed, true);
	ASSERT_EQ(0, pthread_create(&submitter.thread, NULL, submit_and_note, &submitter));
	pause_for(A_WHILE);
	EXPECT_EQ(0, remove_soft());
	result = finish(_metadata, &submitter);
	/* Or it came too late, on a machine that is slow. */
	EXPECT_TRUE(!result || result == -ENODEV);
	close(submitter.fd);
	reload_all(_metadata, self);
}

/* A ring's worker waits for the fence, and its CQE says why it waits no more. */
TEST_F_TIMEOUT(fences, device_removed_under_uring, LONG_TEST)
{
	struct dmabay_transfer transfer = page(self, DMABAY_FROM_DEVICE);
	struct io_uring_cqe cqe;
	struct ring ring;

	OPEN_RING_OR_SKIP(&ring, 0);
	ASSERT_EQ(0, add_fence(self->fd, READS));
	dmabay_uring_prepare(self->bay, ring_next(&ring), &transfer, 1);
	ASSERT_EQ(1, ring_submit(&ring));
	EXPECT_FALSE(ring_reap(&ring, A_WHILE, &cqe));
	EXPECT_EQ(0, remove_soft());
	ASSERT_TRUE(ring_reap(&ring, PATIENCE, &cqe));
	EXPECT_EQ(-ENODEV, cqe.res);
	ring_close(&ring);
	reload_all(_metadata, self);
}

TEST_HARNESS_MAIN
