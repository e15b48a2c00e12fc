/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The nth failure of every system call that a device answers: each command of the table, as
 * it is and in the forms that take other ways, io_uring, the rings, read and write. The calls
 * that give something back succeed whatever fails.
 *
 * For programs that say which devices: each is a FIXTURE_VARIANT_ADD(nth, ...).
 */
#ifndef DMABAY_TESTS_NTH_CALLS_H
#define DMABAY_TESTS_NTH_CALLS_H

#include <linux/aio_abi.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/uio.h>

#include "nth_paths.h"
#include "sysfs.h"

/* ---- the table of commands ---- */

static int call_command(nth_fixture *self)
{
	int result = raw(fd_of(&self->u, self->command), self->command->number, &self->argument);

	if (!result && self->command->number == DMABAY_SUBMIT)
		self->told = self->argument.submit.completed;
	if (!result && self->command->number == DMABAY_WAIT)
		self->told = self->argument.wait.completed;
	return result;
}

static void prepare_command(nth_fixture *self)
{
	build(self->command, &self->u, &self->argument);
}

static void undo_command(struct __test_metadata *_metadata, nth_fixture *self, int result)
{
	(void)_metadata;
	(void)result;
	if (self->command->undo != undo_transfer)
		self->command->undo(&self->u, &self->argument);
}

static unsigned int flags_of(unsigned long command)
{
	static const struct {
		unsigned long command;
		unsigned int flags;
	} known[] = {
		{ DMABAY_UNREGISTER, MUST_SUCCEED }, { DMABAY_FREE, MUST_SUCCEED | RESERVES },
		{ DMABAY_RESERVE, RESERVES },	     { DMABAY_ONCE, RESERVES },
		{ DMABAY_SUBMIT, TELLS },	     { DMABAY_WAIT, TELLS },
	};

	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (known[i].command == command)
			return known[i].flags;
	return 0;
}

static void sweep_table(struct __test_metadata *_metadata, nth_fixture *self)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		struct path path = {
			.name = commands[i].name,
			.call = call_command,
			.prepare = prepare_command,
			.undo = undo_command,
			.flags = flags_of(commands[i].number),
		};

		self->command = &commands[i];
		nth_sweep_all(_metadata, self, &path, 1);
	}
}

/* A command that the module knows and the table does not would not be swept. */
static void expect_all_commands(struct __test_metadata *_metadata, nth_fixture *self)
{
	uint32_t nothing[64] = { 0 };

	for (unsigned int number = 0; number < 256; number++) {
		unsigned long command = _IO(DMABAY_IOCTL_TYPE, number);

		EXPECT_EQ(raw(self->u.fd, command, nothing) == -ENOTTY, !command_of(command))
			TH_LOG("command %u", number);
	}
}

/* ---- commands that take other ways ---- */

static int call_reserve_much(nth_fixture *self)
{
	uint32_t most = self->u.info.map_registers_free, flags = DMABAY_RESERVE_IMMEDIATE;

	return dmabay_reserve(self->u.bay, most > 1300 ? 1300 : most, 256, flags,
			      &self->reservation);
}

static int call_reserve_strict(nth_fixture *self)
{
	return dmabay_reserve(self->u.bay, 2, 2, DMABAY_RESERVE_STRICT, &self->reservation);
}

static void undo_reservation(struct __test_metadata *_metadata, nth_fixture *self, int result)
{
	if (!result) {
		EXPECT_EQ(0, dmabay_free(self->u.bay, self->reservation));
	}
}

static int call_register_much(nth_fixture *self)
{
	return dmabay_register(self->u.bay, self->big, BIG, 0, &self->buffer);
}

static int call_register_read_only(nth_fixture *self)
{
	return dmabay_register(self->u.bay, self->big, PAGE, DMABAY_REGISTER_READ_ONLY,
			       &self->buffer);
}

static void undo_register_buffer(struct __test_metadata *_metadata, nth_fixture *self, int result)
{
	if (!result) {
		EXPECT_EQ(0, dmabay_unregister(self->u.bay, self->buffer));
	}
}

static int run_buffer(nth_fixture *self, uint32_t reservation, uint32_t buffer)
{
	return transfer_wait(self->u.bay, reservation, buffer, 0, self->length, 0,
			     DMABAY_TO_DEVICE);
}

/* It is linked, and something else's registers may have to be taken for that. */
static void prepare_linked(nth_fixture *self)
{
	call_register_much(self);
	run_buffer(self, self->u.reservation, self->buffer);
}

static int call_unregister(nth_fixture *self)
{
	return dmabay_unregister(self->u.bay, self->buffer);
}

/* What was not understood was not done, and is done now. */
static void undo_unregister_linked(struct __test_metadata *_metadata, nth_fixture *self,
				   int result)
{
	if (result) {
		EXPECT_EQ(0, call_unregister(self));
	}
}

static void prepare_reserved(nth_fixture *self)
{
	dmabay_reserve(self->u.bay, 2, 4, 0, &self->reservation);
	run_buffer(self, self->reservation, self->u.buffer);
}

/* With completions that nobody has read. */
static void prepare_unread(nth_fixture *self)
{
	struct dmabay_transfer transfer = good_page(&self->u);
	uint64_t end = dmabay_deadline(PATIENCE);
	struct pollfd poll_fd = { .fd = self->u.fd, .events = POLLIN };

	prepare_reserved(self);
	transfer.reservation = self->reservation;
	dmabay_submit(self->u.bay, &transfer, 1, NULL, 0, 0, 0, NULL);
	while (poll(&poll_fd, 1, 100) != 1 && dmabay_deadline(0) < end)
		;
}

static int call_free(nth_fixture *self)
{
	return dmabay_free(self->u.bay, self->reservation);
}

static void undo_free_used(struct __test_metadata *_metadata, nth_fixture *self, int result)
{
	if (result) {
		EXPECT_EQ(0, call_free(self));
	}
}

static int submit(nth_fixture *self, uint32_t reservation, uint32_t count, uint32_t min_complete)
{
	struct dmabay_transfer transfers[3];
	struct dmabay_completion completions[4];
	int result;

	for (uint32_t i = 0; i < count; i++) {
		transfers[i] = good_page(&self->u);
		transfers[i].reservation = reservation;
	}
	result = dmabay_submit(self->u.bay, transfers, count, completions, 4, min_complete,
			       dmabay_deadline(PATIENCE), &self->told);
	if (result < 0)
		self->told = 0;
	return result;
}

static int call_submit_batch(nth_fixture *self)
{
	return submit(self, self->u.reservation, 3, 2);
}

/* So each time it is linked anew. */
static void begin_strict(nth_fixture *self)
{
	dmabay_free(self->u.bay, self->u.reservation);
	dmabay_reserve(self->u.bay, 2, 4, DMABAY_RESERVE_STRICT, &self->u.reservation);
}

static void end_strict(nth_fixture *self)
{
	dmabay_free(self->u.bay, self->u.reservation);
	dmabay_reserve(self->u.bay, 2, 4, 0, &self->u.reservation);
}

static int call_cancel(nth_fixture *self)
{
	int result = dmabay_cancel(self->u.bay, 0, 0, 0, NULL);

	return result;
}

static void prepare_submitted(nth_fixture *self)
{
	struct dmabay_transfer transfer = good_page(&self->u);

	dmabay_submit(self->u.bay, &transfer, 1, NULL, 0, 0, 0, NULL);
	dmabay_submit(self->u.bay, &transfer, 1, NULL, 0, 0, 0, NULL);
}

static void begin_eventfd(nth_fixture *self)
{
	self->extra = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
}

static void end_extra(nth_fixture *self)
{
	close(self->extra);
}

static int call_eventfd(nth_fixture *self)
{
	return dmabay_eventfd(self->u.bay, self->extra);
}

static void undo_eventfd(struct __test_metadata *_metadata, nth_fixture *self, int result)
{
	(void)result;
	EXPECT_EQ(0, dmabay_eventfd(self->u.bay, -1));
}

static const struct path more_commands[] = {
	PATH("RESERVE, many registers", call_reserve_much, .undo = undo_reservation,
	     .flags = RESERVES, .also = EAGAIN),
	PATH("RESERVE, strict", call_reserve_strict, .undo = undo_reservation, .flags = RESERVES),
	PATH("REGISTER, many pages", call_register_much, .undo = undo_register_buffer),
	PATH("REGISTER, read only", call_register_read_only, .undo = undo_register_buffer),
	PATH("UNREGISTER, linked", call_unregister, .prepare = prepare_linked,
	     .undo = undo_unregister_linked, .flags = MUST_SUCCEED),
	PATH("FREE, linked", call_free, .prepare = prepare_reserved,
	     .undo = undo_free_used, .flags = MUST_SUCCEED | RESERVES),
	PATH("FREE, unread", call_free, .prepare = prepare_unread,
	     .undo = undo_free_used, .flags = MUST_SUCCEED | RESERVES),
	PATH("SUBMIT, a batch", call_submit_batch, .flags = TELLS),
	PATH("SUBMIT, strict", call_submit_batch, .flags = TELLS, .begin = begin_strict,
	     .end = end_strict),
	PATH("CANCEL, submitted", call_cancel, .prepare = prepare_submitted, .flags = TELLS),
	PATH("EVENTFD", call_eventfd, .undo = undo_eventfd, .begin = begin_eventfd,
	     .end = end_extra),
};

/* What was reserved needs no memory: nothing is asked for, so nothing can be refused. */
static void expect_no_allocations(struct __test_metadata *_metadata, nth_fixture *self)
{
	static const struct path paths[] = {
		PATH("SUBMIT, kept", call_submit_batch, .flags = TELLS),
		PATH("SUBMIT, linked anew", call_submit_batch, .flags = TELLS,
		     .begin = begin_strict, .end = end_strict),
	};
	unsigned int allocations = 0;

	/* The driver of a channel may need memory. */
	if (!(self->u.info.flags & DMABAY_INFO_GUARANTEED))
		return;
	for (size_t i = 0; i < ARRAY_SIZE(paths); i++)
		allocations += nth_sweep(_metadata, self, &paths[i]);
	EXPECT_EQ(0, allocations);
	FIGURE("R23", "%s, provider %s: %u allocations in reserved transfers",
	       (char *)self->u.info.driver, provider_words[self->u.info.provider], allocations);
}

TEST_F_TIMEOUT(nth, commands, LONG_TEST)
{
	expect_all_commands(_metadata, self);
	sweep_table(_metadata, self);
	nth_sweep_all(_metadata, self, more_commands, ARRAY_SIZE(more_commands));
	expect_no_allocations(_metadata, self);
}

/* ---- the file ---- */

static int call_open(nth_fixture *self)
{
	int fd = open(self->u.path, O_RDWR | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static int call_open_read_only(nth_fixture *self)
{
	int fd = open(self->u.path, O_RDONLY | O_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

static void undo_open(struct __test_metadata *_metadata, nth_fixture *self, int result)
{
	(void)_metadata;
	(void)self;
	if (result >= 0)
		close(result);
}

/* Another file, with all that it can own. */
static void prepare_other(nth_fixture *self)
{
	dmabay_open(&self->other, self->u.path, O_RDWR);
	dmabay_register(self->other, self->big, self->length, 0, &self->buffer);
	dmabay_reserve(self->other, 2, 4, 0, &self->reservation);
	self->transfer = (struct dmabay_transfer){
		.reservation = self->reservation,
		.buffer = self->buffer,
		.length = self->length,
		.direction = DMABAY_TO_DEVICE,
		.cookie = 1,
	};
}

/* One ended and was not read; another one is, or is not. */
static void prepare_close(nth_fixture *self)
{
	prepare_other(self);
	transfer_wait(self->other, self->reservation, self->buffer, 0, self->length, 0,
		      DMABAY_TO_DEVICE);
	dmabay_submit(self->other, &self->transfer, 1, NULL, 0, 0, 0, NULL);
	dmabay_submit(self->other, &self->transfer, 1, NULL, 0, 0, 0, NULL);
	self->extra = dup(dmabay_fd(self->other));
	dmabay_close(self->other);
}

static int call_close(nth_fixture *self)
{
	return close(self->extra) ? -errno : 0;
}

/* The same, and a mapping is the last that keeps it. */
static void prepare_rings(nth_fixture *self)
{
	prepare_other(self);
	make_rings(dmabay_fd(self->other), 4, 4, &self->rings);
}

static void prepare_mapped(nth_fixture *self)
{
	prepare_rings(self);
	map_rings(&self->rings);
}

static void prepare_munmap(nth_fixture *self)
{
	prepare_mapped(self);
	dmabay_close(self->other);
}

static int call_mmap(nth_fixture *self)
{
	self->rings.head = NULL;
	return map_rings(&self->rings);
}

static int call_munmap(nth_fixture *self)
{
	return munmap(self->rings.head, self->rings.made.length) ? -errno : 0;
}

static void undo_munmap(struct __test_metadata *_metadata, nth_fixture *self, int result)
{
	if (result) {
		EXPECT_EQ(0, call_munmap(self));
	}
}

static void undo_mmap(struct __test_metadata *_metadata, nth_fixture *self, int result)
{
	if (!result) {
		EXPECT_EQ(0, call_munmap(self));
	}
	dmabay_close(self->other);
}

static void prepare_ring_transfer(nth_fixture *self)
{
	prepare_mapped(self);
	put_transfer(&self->rings, &self->transfer);
}

static int call_enter(nth_fixture *self)
{
	return enter_until(&self->rings, 1, 1, dmabay_deadline(PATIENCE));
}

static int call_poller(nth_fixture *self)
{
	return enter_with(&self->rings, DMABAY_ENTER_POLL, 0, dmabay_deadline(MILLISECOND));
}

/* What was taken is told, what was not is still there. */
static void undo_enter(struct __test_metadata *_metadata, nth_fixture *self, int result)
{
	struct dmabay_completion completion = { 0 };

	(void)result;
	EXPECT_LE(0, enter(&self->rings, 1, 1));
	EXPECT_EQ(0, left(&self->rings));
	EXPECT_TRUE(take_completion(&self->rings, &completion));
	EXPECT_EQ(1, completion.cookie);
	EXPECT_TRUE(nth_may_end(self, completion.status, 0));
	EXPECT_EQ(0, unread(&self->rings));
	undo_mmap(_metadata, self, 0);
}

static int call_poll(nth_fixture *self)
{
	struct pollfd poll_fd = { .fd = self->u.fd, .events = POLLIN };

	return poll(&poll_fd, 1, 0) < 0 ? -errno : 0;
}

static void begin_epoll(nth_fixture *self)
{
	self->extra = epoll_create1(EPOLL_CLOEXEC);
}

static int call_epoll(nth_fixture *self)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(self->extra, EPOLL_CTL_ADD, self->u.fd, &event) ? -errno : 0;
}

static void undo_epoll(struct __test_metadata *_metadata, nth_fixture *self, int result)
{
	struct epoll_event event;

	(void)_metadata;
	if (result)
		return;
	epoll_wait(self->extra, &event, 1, 0);
	epoll_ctl(self->extra, EPOLL_CTL_DEL, self->u.fd, NULL);
}

static const struct path files[] = {
	PATH("open", call_open, .undo = undo_open, .also = ENFILE),
	PATH("open, read only", call_open_read_only, .undo = undo_open, .also = ENFILE),
	PATH("close", call_close, .prepare = prepare_close, .flags = MUST_SUCCEED | RESERVES),
	PATH("mmap", call_mmap, .prepare = prepare_rings, .undo = undo_mmap, .flags = RESERVES),
	PATH("munmap", call_munmap, .prepare = prepare_munmap, .undo = undo_munmap,
	     .flags = RESERVES),
	PATH("ENTER, a transfer", call_enter, .prepare = prepare_ring_transfer,
	     .undo = undo_enter, .flags = RESERVES),
	PATH("ENTER, as poller", call_poller, .prepare = prepare_ring_transfer,
	     .undo = undo_enter, .flags = RESERVES),
	PATH("poll", call_poll),
	PATH("epoll", call_epoll, .undo = undo_epoll, .begin = begin_epoll, .end = end_extra),
};

/* ---- read and write ---- */

static int call_read(nth_fixture *self)
{
	ssize_t length = pread(self->u.fd, self->big, self->length, 0);

	return length < 0 ? -errno : (int)length;
}

static int call_write(nth_fixture *self)
{
	struct iovec vectors[2] = {
		{ self->big, self->length / 2 & ~3u }, { self->big + PAGE, 64 },
	};
	ssize_t length = pwritev(self->u.fd, vectors, 2, 0);

	return length < 0 ? -errno : (int)length;
}

static void begin_aio(nth_fixture *self)
{
	aio_context_t context = 0;

	syscall(SYS_io_setup, 4, &context);
	self->transfer.cookie = context;
}

static void end_aio(nth_fixture *self)
{
	syscall(SYS_io_destroy, (aio_context_t)self->transfer.cookie);
}

static int call_aio(nth_fixture *self)
{
	struct iocb command = {
		.aio_lio_opcode = IOCB_CMD_PREAD,
		.aio_fildes = (uint32_t)self->u.fd,
		.aio_buf = (uintptr_t)self->big,
		.aio_nbytes = self->length,
	};
	struct iocb *pointer = &command;

	return syscall(SYS_io_submit, (aio_context_t)self->transfer.cookie, 1, &pointer) < 0 ?
	       -errno : 0;
}

static void undo_aio(struct __test_metadata *_metadata, nth_fixture *self, int result)
{
	struct io_event event;

	if (result)
		return;
	EXPECT_EQ(1, syscall(SYS_io_getevents, (aio_context_t)self->transfer.cookie, 1, 1, &event,
			     NULL));
	EXPECT_TRUE(event.res == (int64_t)self->length || nth_may_end(self, (int)event.res, 0))
		TH_LOG("aio: %lld", (long long)event.res);
}

static const struct path accesses[] = {
	PATH("read", call_read, .flags = RESERVES),
	PATH("write, two iovecs", call_write, .flags = RESERVES),
	PATH("aio", call_aio, .undo = undo_aio, .flags = RESERVES, .also = EAGAIN,
	     .begin = begin_aio, .end = end_aio),
};

/* ---- io_uring ---- */

static void prepare_uring(nth_fixture *self)
{
	self->transfer = good_page(&self->u);
	dmabay_uring_prepare(self->u.bay, ring_next(&self->ring), &self->transfer, 1);
}

static void prepare_uring_fixed(nth_fixture *self)
{
	self->transfer = good_page(&self->u);
	self->transfer.buffer = 0;
	self->transfer.offset = (uintptr_t)self->big;
	dmabay_uring_prepare_fixed(self->u.bay, ring_next(&self->ring), &self->transfer, 1, 0);
}

static void prepare_uring_read(nth_fixture *self)
{
	*ring_next(&self->ring) = (struct io_uring_sqe){
		.opcode = IORING_OP_READ,
		.fd = self->u.fd,
		.addr = (uintptr_t)self->big,
		.len = (uint32_t)self->length,
	};
}

static void prepare_uring_poll(nth_fixture *self)
{
	*ring_next(&self->ring) = (struct io_uring_sqe){
		.opcode = IORING_OP_POLL_ADD,
		.fd = self->u.fd,
		.poll32_events = POLLOUT | POLLIN,
	};
}

static int call_uring(nth_fixture *self)
{
	return ring_submit(&self->ring);
}

/* What was not taken from the ring is there still, and is issued now. */
static void reap_uring(struct __test_metadata *_metadata, nth_fixture *self, int result)
{
	struct io_uring_cqe cqe = { 0 };

	if (result < 1) {
		EXPECT_EQ(1, syscall(__NR_io_uring_enter, self->ring.fd, 1, 0, 0, NULL, 0));
	}
	EXPECT_TRUE(ring_reap(&self->ring, PATIENCE, &cqe));
	EXPECT_TRUE(nth_may_end(self, cqe.res, EAGAIN)) TH_LOG("io_uring: %d", cqe.res);
}

/* Nothing is there to be polled for, so it waits until it is cancelled. */
static void undo_uring_poll(struct __test_metadata *_metadata, nth_fixture *self, int result)
{
	struct dmabay_transfer transfer = good_page(&self->u);
	struct dmabay_completion completion;

	EXPECT_EQ(1, dmabay_submit(self->u.bay, &transfer, 1, NULL, 0, 0, 0, NULL));
	reap_uring(_metadata, self, result);
	EXPECT_EQ(1, dmabay_wait(self->u.bay, &completion, 1, 1, dmabay_deadline(PATIENCE)));
}

#define RING(name, _prepare, _undo, _flags) \
	PATH(name, call_uring, .prepare = _prepare, .undo = _undo, .flags = _flags, \
	     .also = EAGAIN)

static const struct path urings[] = {
	RING("io_uring", prepare_uring, reap_uring, 0),
	RING("io_uring, its buffer", prepare_uring_fixed, reap_uring, 0),
	RING("io_uring, read", prepare_uring_read, reap_uring, RESERVES),
	RING("io_uring, poll", prepare_uring_poll, undo_uring_poll, 0),
};

TEST_F_TIMEOUT(nth, files, LONG_TEST)
{
	nth_sweep_all(_metadata, self, files, ARRAY_SIZE(files));
	FIGURE("R34", "%s: %u points of open, close, mmap and polling, nothing left of any",
	       (char *)self->u.info.driver, self->nth.points);
	nth_sweep_all(_metadata, self, accesses, ARRAY_SIZE(accesses));
}

TEST_F_TIMEOUT(nth, urings, LONG_TEST)
{
	struct iovec vector = { self->big, BIG };

	OPEN_RING_OR_SKIP(&self->ring, 0);
	ASSERT_EQ(0, syscall(__NR_io_uring_register, self->ring.fd, IORING_REGISTER_BUFFERS,
			     &vector, 1));
	ASSERT_EQ(0, state_read(self->u.bay, &self->before));
	nth_sweep_all(_metadata, self, urings, ARRAY_SIZE(urings));
	ring_close(&self->ring);
}

#endif /* DMABAY_TESTS_NTH_CALLS_H */
