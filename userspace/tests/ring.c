// SPDX-License-Identifier: GPL-2.0-only
/*
 * Rings: what is put into one comes out of the other, once, in order, and moved the bytes;
 * whatever else is written there harms nobody but who wrote it. The memory can be mapped as
 * a whole, and is charged for.
 *
 * The software device moves a page in the call that submits it.
 */
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/time.h>

#include "nth.h"
#include "ring.h"

#define PAGES	8u
#define DEPTH	4u
#define ENTRIES	8u
#define NOBODY	65534

FIXTURE(ring)
{
	char path[64];
	struct dmabay *bay;
	struct dmabay_info info;
	unsigned char *memory;
	uint32_t buffer;
	uint32_t reservation;
	struct rings rings;
};

typedef FIXTURE_DATA(ring) fixture;

static void open_file(struct __test_metadata *_metadata, fixture *self)
{
	ASSERT_EQ(0, dmabay_open(&self->bay, self->path, O_RDWR));
	ASSERT_EQ(0, dmabay_register(self->bay, self->memory, PAGES * PAGE, 0, &self->buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, PAGES, DEPTH, 0, &self->reservation));
}

FIXTURE_SETUP(ring)
{
	if (!find_node("soft", self->path, sizeof(self->path)))
		SKIP(return, "there is no software device");
	self->memory = map_pages(PAGES * PAGE);
	ASSERT_NE(NULL, self->memory);
	open_file(_metadata, self);
	ASSERT_EQ(0, dmabay_info(self->bay, &self->info));
}

/* Whatever was done to the rings of one file, others work, and nothing is left of it. */
FIXTURE_TEARDOWN(ring)
{
	struct dmabay *another;

	if (self->rings.head)
		EXPECT_EQ(0, munmap(self->rings.head, self->rings.made.length));
	dmabay_close(self->bay);
	ASSERT_EQ(0, dmabay_open(&another, self->path, O_RDWR));
	EXPECT_EQ(0, good_transfer(another));
	dmabay_close(another);
	EXPECT_NOTHING_LEFT(self->path);
}

static void with_rings(struct __test_metadata *_metadata, fixture *self, uint32_t submissions,
		       uint32_t completions)
{
	ASSERT_EQ(0, open_rings(dmabay_fd(self->bay), submissions, completions, &self->rings));
}

/* A page of the buffer, whose number is the cookie. */
static struct dmabay_transfer a_page(const fixture *self, uint64_t number, uint32_t direction)
{
	return (struct dmabay_transfer){
		.reservation = self->reservation,
		.buffer = self->buffer,
		.offset = number % PAGES * PAGE,
		.device_address = number % PAGES * PAGE,
		.length = PAGE,
		.direction = direction,
		.cookie = number,
	};
}

static void put_page(fixture *self, uint64_t number)
{
	struct dmabay_transfer transfer = a_page(self, number, DMABAY_TO_DEVICE);

	put_transfer(&self->rings, &transfer);
}

static void expect_page(struct __test_metadata *_metadata, fixture *self, uint64_t number)
{
	expect_in_ring(_metadata, &self->rings, number, 0, PAGE);
}

/* ---- what rings do ---- */

/* The numbers pass 2^32 on the way. */
TEST_F(ring, order_and_wrap)
{
	uint64_t put = 0, taken = 0;
	bool wrapped = false;

	with_rings(_metadata, self, ENTRIES, ENTRIES);
	while (put < 20 * ENTRIES) {
		uint32_t before = self->rings.head->completion_tail;
		int some = 1 + (int)(put % ENTRIES);

		for (int i = 0; i < some; i++)
			put_page(self, put++);
		ASSERT_EQ(some, enter(&self->rings, some, some));
		EXPECT_EQ(0, left(&self->rings));
		EXPECT_EQ((uint32_t)some, unread(&self->rings));
		while (taken < put)
			expect_page(_metadata, self, taken++);
		wrapped |= self->rings.head->completion_tail < before;
	}
	EXPECT_TRUE(wrapped);
}

TEST_F(ring, the_bytes)
{
	fill(self->memory, PAGES * PAGE, SENT, 3);
	with_rings(_metadata, self, ENTRIES, ENTRIES);
	for (uint64_t page = 0; page < PAGES; page++)
		put_page(self, page);
	ASSERT_EQ(PAGES, enter(&self->rings, PAGES, PAGES));
	fill(self->memory, PAGES * PAGE, BLANK, 3);
	for (uint64_t page = 0; page < PAGES; page++) {
		struct dmabay_transfer back = a_page(self, page, DMABAY_FROM_DEVICE);

		expect_page(_metadata, self, page);
		put_transfer(&self->rings, &back);
	}
	ASSERT_EQ(PAGES, enter(&self->rings, PAGES, PAGES));
	for (uint64_t page = 0; page < PAGES; page++)
		expect_page(_metadata, self, page);
	EXPECT_PATTERN(self->memory, PAGES * PAGE, SENT, 3);
}

/* More than there are is as many as there are; fewer is fewer. */
TEST_F(ring, as_many_as_asked_for)
{
	with_rings(_metadata, self, ENTRIES, ENTRIES);
	EXPECT_EQ(0, enter(&self->rings, UINT32_MAX, 0));
	for (uint64_t page = 0; page < 3; page++)
		put_page(self, page);
	EXPECT_EQ(0, enter(&self->rings, 0, 0));
	EXPECT_EQ(1, enter(&self->rings, 1, 1));
	EXPECT_EQ(2, left(&self->rings));
	EXPECT_EQ(2, enter(&self->rings, UINT32_MAX, 3));
	for (uint64_t page = 0; page < 3; page++)
		expect_page(_metadata, self, page);
}

/* Each has its errno; what comes after it is taken. */
TEST_F(ring, refused)
{
	const struct {
		size_t offset;
		size_t width;
		uint32_t value;
		int error;
	} wrong[] = {
		{ offsetof(struct dmabay_transfer, reservation), 4, 0x7FFFFFFF, ENOENT },
		{ offsetof(struct dmabay_transfer, buffer), 4, 0xFFFFFFFF, ENOENT },
		{ offsetof(struct dmabay_transfer, direction), 4, 2, EINVAL },
		{ offsetof(struct dmabay_transfer, flags), 4, 1, EOPNOTSUPP },
		{ offsetof(struct dmabay_transfer, length), 8, 0, EINVAL },
		{ offsetof(struct dmabay_transfer, length), 8, (PAGES + 1) * PAGE, ERANGE },
		{ offsetof(struct dmabay_transfer, offset), 8, PAGES * PAGE, ERANGE },
	};

	with_rings(_metadata, self, 2 * ENTRIES, 2 * ENTRIES);
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		struct dmabay_transfer transfer = a_page(self, 100 + i, DMABAY_TO_DEVICE);

		put_number(&transfer, wrong[i].offset, wrong[i].width, wrong[i].value);
		put_transfer(&self->rings, &transfer);
		put_page(self, i);
	}
	ASSERT_EQ(2 * ARRAY_SIZE(wrong), enter(&self->rings, UINT32_MAX, 2 * ARRAY_SIZE(wrong)));
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		expect_in_ring(_metadata, &self->rings, 100 + i, -wrong[i].error, 0);
		expect_page(_metadata, self, i);
	}
}

/* A deadline that has passed is no reason to refuse it. */
TEST_F(ring, deadline_of_a_transfer)
{
	struct dmabay_transfer late = a_page(self, 5, DMABAY_TO_DEVICE);

	with_rings(_metadata, self, ENTRIES, ENTRIES);
	late.deadline = 1;
	put_transfer(&self->rings, &late);
	EXPECT_EQ(1, enter(&self->rings, 1, 1));
	expect_in_ring(_metadata, &self->rings, 5, -ETIMEDOUT, 0);
}

/* One that is refused has no slot to wait in: it stays where it is. */
TEST_F(ring, no_place)
{
	struct dmabay_transfer wrong = a_page(self, 7, 2);

	with_rings(_metadata, self, ENTRIES, 2);
	for (uint64_t page = 0; page < 2; page++)
		put_page(self, page);
	put_transfer(&self->rings, &wrong);
	put_page(self, 2);
	EXPECT_EQ(2, enter(&self->rings, UINT32_MAX, 2));
	EXPECT_EQ(-EAGAIN, enter(&self->rings, UINT32_MAX, 2));
	EXPECT_EQ(2, left(&self->rings));
	EXPECT_EQ(0, self->rings.head->completion_flags);
	expect_page(_metadata, self, 0);
	EXPECT_EQ(2, enter(&self->rings, UINT32_MAX, 2));
	EXPECT_EQ(DMABAY_COMPLETION_OVERFLOW, self->rings.head->completion_flags);
	expect_page(_metadata, self, 1);
	expect_in_ring(_metadata, &self->rings, 7, -EINVAL, 0);
	EXPECT_EQ(0, enter(&self->rings, 0, 1));
	EXPECT_EQ(0, self->rings.head->completion_flags);
	expect_page(_metadata, self, 2);
	EXPECT_EQ(0, unread(&self->rings));
}

/* They are started all the same, as long as there are slots; none is lost. */
TEST_F(ring, overflow)
{
	struct dmabay_transfer transfers[DEPTH];

	with_rings(_metadata, self, ENTRIES, 2);
	for (uint64_t page = 0; page < DEPTH; page++)
		transfers[page] = a_page(self, page, DMABAY_TO_DEVICE);
	ASSERT_EQ(DEPTH, dmabay_submit(self->bay, transfers, DEPTH, NULL, 0, 0, 0, NULL));
	EXPECT_EQ(2, unread(&self->rings));
	EXPECT_EQ(DMABAY_COMPLETION_OVERFLOW, self->rings.head->completion_flags);
	/* Two of the slots are free again. */
	EXPECT_EQ(1, dmabay_submit(self->bay, transfers, 1, NULL, 0, 0, 0, NULL));
	put_page(self, 1);
	EXPECT_EQ(1, enter(&self->rings, 1, 0));
	EXPECT_EQ(-EAGAIN, dmabay_submit(self->bay, transfers, 1, NULL, 0, 0, 0, NULL));
	put_page(self, 9);
	EXPECT_EQ(-EAGAIN, enter(&self->rings, 1, 0));
	expect_page(_metadata, self, 0);
	expect_page(_metadata, self, 1);
	EXPECT_EQ(0, enter(&self->rings, 0, 0));
	EXPECT_EQ(DMABAY_COMPLETION_OVERFLOW, self->rings.head->completion_flags);
	expect_page(_metadata, self, 2);
	expect_page(_metadata, self, 3);
	EXPECT_EQ(0, enter(&self->rings, 0, 2));
	EXPECT_EQ(0, self->rings.head->completion_flags);
	expect_page(_metadata, self, 0);
	EXPECT_EQ(1, enter(&self->rings, 1, 2));
	expect_page(_metadata, self, 1);
	expect_page(_metadata, self, 9);
}

/* It takes along what found no place, and leaves what did. */
TEST_F(ring, overflow_of_a_reservation_that_goes)
{
	struct dmabay_transfer transfers[DEPTH];

	with_rings(_metadata, self, ENTRIES, 2);
	for (uint64_t page = 0; page < DEPTH; page++)
		transfers[page] = a_page(self, page, DMABAY_TO_DEVICE);
	ASSERT_EQ(DEPTH, dmabay_submit(self->bay, transfers, DEPTH, NULL, 0, 0, 0, NULL));
	ASSERT_EQ(0, dmabay_free(self->bay, self->reservation));
	expect_page(_metadata, self, 0);
	EXPECT_EQ(0, enter(&self->rings, 0, 1));
	EXPECT_EQ(0, self->rings.head->completion_flags);
	expect_page(_metadata, self, 1);
	EXPECT_EQ(-ETIMEDOUT, enter_until(&self->rings, 0, 1, 1));
}

/* What nobody has read when rings are made. */
TEST_F(ring, unread_before)
{
	struct dmabay_transfer transfers[3];

	for (uint64_t page = 0; page < 3; page++)
		transfers[page] = a_page(self, page, DMABAY_TO_DEVICE);
	ASSERT_EQ(3, dmabay_submit(self->bay, transfers, 3, NULL, 0, 0, 0, NULL));
	with_rings(_metadata, self, ENTRIES, ENTRIES);
	for (uint64_t page = 0; page < 3; page++)
		expect_page(_metadata, self, page);
	EXPECT_EQ(0, unread(&self->rings));
}

TEST_F(ring, the_other_commands)
{
	struct dmabay_transfer transfer = a_page(self, 1, DMABAY_TO_DEVICE);
	struct dmabay_completion completion;
	struct rings second;

	EXPECT_EQ(-ENOENT, enter_with(&(struct rings){ .fd = dmabay_fd(self->bay) }, 0, 0, 0));
	with_rings(_metadata, self, ENTRIES, ENTRIES);
	EXPECT_EQ(-EBUSY, make_rings(dmabay_fd(self->bay), ENTRIES, ENTRIES, &second));
	EXPECT_EQ(-EBUSY, dmabay_submit(self->bay, &transfer, 1, &completion, 1, 0, 0, NULL));
	EXPECT_EQ(-EBUSY, dmabay_wait(self->bay, &completion, 1, 1, 0));
	EXPECT_EQ(0, unread(&self->rings));
	/* These have nothing to do with it. */
	EXPECT_EQ(PAGE, dmabay_once(self->bay, self->memory, PAGE, 0, DMABAY_TO_DEVICE));
	EXPECT_EQ(0, unread(&self->rings));
	EXPECT_EQ(1, dmabay_submit(self->bay, &transfer, 1, NULL, 0, 0, 0, NULL));
	expect_page(_metadata, self, 1);
}

static short events_of(int fd)
{
	struct pollfd poll_fd = { .fd = fd, .events = POLLIN };

	poll(&poll_fd, 1, 0);
	return poll_fd.revents;
}

TEST_F(ring, told_by_poll_and_eventfd)
{
	int event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), fd = dmabay_fd(self->bay);
	uint64_t count = 0;

	ASSERT_LE(0, event);
	with_rings(_metadata, self, ENTRIES, ENTRIES);
	ASSERT_EQ(0, dmabay_eventfd(self->bay, event));
	EXPECT_EQ(0, events_of(fd));
	for (uint64_t page = 0; page < 3; page++)
		put_page(self, page);
	EXPECT_EQ(3, enter(&self->rings, 3, 0));
	EXPECT_EQ(POLLIN, events_of(fd));
	EXPECT_EQ(sizeof(count), read(event, &count, sizeof(count)));
	EXPECT_EQ(3, count);
	for (uint64_t page = 0; page < 3; page++)
		expect_page(_metadata, self, page);
	EXPECT_EQ(0, events_of(fd));
	close(event);
}

static void on_alarm(int number)
{
	(void)number;
}

TEST_F(ring, waits_that_end)
{
	const struct itimerval timer = { { 0, 50000 }, { 0, 50000 } }, none = { { 0, 0 }, { 0, 0 } };
	struct sigaction action = { .sa_handler = on_alarm };
	int fd = dmabay_fd(self->bay);

	with_rings(_metadata, self, ENTRIES, ENTRIES);
	EXPECT_EQ(-ETIMEDOUT, enter_until(&self->rings, 0, 1, 1));
	put_page(self, 1);
	/* What was taken is told, whatever became of the wait. */
	EXPECT_EQ(1, enter_until(&self->rings, 1, 2, 1));
	ASSERT_EQ(0, sigaction(SIGALRM, &action, NULL));
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &timer, NULL));
	EXPECT_EQ(-EINTR, enter_until(&self->rings, 0, 2, 0));
	EXPECT_EQ(-EINTR, enter_with(&self->rings, DMABAY_ENTER_POLL, 0, 0));
	EXPECT_EQ(-EINTR, enter_with(&self->rings, DMABAY_ENTER_POLL, UINT64_MAX, 0));
	ASSERT_EQ(0, setitimer(ITIMER_REAL, &none, NULL));
	EXPECT_EQ(-ETIMEDOUT, enter_with(&self->rings, DMABAY_ENTER_POLL, 0, 1));
	EXPECT_EQ(-ETIMEDOUT, enter_with(&self->rings, DMABAY_ENTER_POLL, 0,
					 dmabay_deadline(MILLISECOND)));
	ASSERT_EQ(0, fcntl(fd, F_SETFL, O_NONBLOCK));
	EXPECT_EQ(0, enter_until(&self->rings, 0, 2, 0));
	expect_page(_metadata, self, 1);
	EXPECT_EQ(0, enter_until(&self->rings, 0, 1, 0));
}

/* The answer cannot be written; what was done is seen in the rings. */
TEST_F(ring, answer_not_mapped)
{
	struct dmabay_enter *argument = (void *)map_pages(PAGE);

	ASSERT_NE(NULL, argument);
	with_rings(_metadata, self, ENTRIES, ENTRIES);
	argument->size = sizeof(*argument);
	argument->count = 1;
	ASSERT_EQ(0, mprotect(argument, PAGE, PROT_READ));
	put_page(self, 1);
	EXPECT_EQ(-EFAULT, raw(dmabay_fd(self->bay), DMABAY_ENTER, argument));
	EXPECT_EQ(0, left(&self->rings));
	expect_page(_metadata, self, 1);
	munmap(argument, PAGE);
}

/* ---- what is written there ---- */

static const uint32_t nonsense[] = {
	0, 1, 7, 0x7FFFFFFF, 0x80000000, 0xFFFFFFF0, 0xFFFFFFFF, 0xDEADBEEF,
};

/* However many it pretends to have added, no more are taken than there are entries. */
TEST_F(ring, nonsense_in_the_tail)
{
	with_rings(_metadata, self, ENTRIES, ENTRIES);
	for (size_t i = 0; i < ARRAY_SIZE(nonsense); i++) {
		uint32_t taken = self->rings.head->submission_head;
		int result;

		self->rings.head->submission_tail = nonsense[i];
		result = enter(&self->rings, UINT32_MAX, 0);
		EXPECT_TRUE(result == -EAGAIN || (result >= 0 && result <= (int)ENTRIES));
		EXPECT_GE(ENTRIES, self->rings.head->submission_head - taken);
		self->rings.head->completion_head = self->rings.head->completion_tail;
	}
	self->rings.head->submission_tail = self->rings.head->submission_head;
	put_page(self, 3);
	EXPECT_EQ(1, enter(&self->rings, 1, 1));
	expect_page(_metadata, self, 3);
}

/* However many it pretends to have read; afterwards it has them all. */
TEST_F(ring, nonsense_in_the_head)
{
	struct dmabay_transfer transfers[DEPTH];
	uint32_t right;

	with_rings(_metadata, self, ENTRIES, DEPTH);
	right = self->rings.head->completion_head;
	for (uint64_t page = 0; page < DEPTH; page++)
		transfers[page] = a_page(self, page, DMABAY_TO_DEVICE);
	/* Nothing can have been read that was never there: that is a full ring. */
	self->rings.head->completion_head = right + 1;
	ASSERT_EQ(DEPTH, dmabay_submit(self->bay, transfers, DEPTH, NULL, 0, 0, 0, NULL));
	for (size_t i = 0; i < ARRAY_SIZE(nonsense); i++) {
		self->rings.head->completion_head = nonsense[i] ? nonsense[i] : right + 2;
		enter_until(&self->rings, 0, 0, 1);
	}
	self->rings.head->completion_head = right;
	EXPECT_EQ(0, enter(&self->rings, 0, DEPTH));
	for (uint64_t page = 0; page < DEPTH; page++)
		expect_page(_metadata, self, page);
	put_page(self, 9);
	EXPECT_EQ(1, enter(&self->rings, 1, 1));
	expect_page(_metadata, self, 9);
}

/* What is the kernel's is only written by it. */
TEST_F(ring, nonsense_in_the_rest)
{
	with_rings(_metadata, self, ENTRIES, ENTRIES);
	for (uint64_t round = 0; round < 2 * ENTRIES; round++) {
		uint32_t taken = self->rings.head->submission_head;

		memset(&self->rings.head->submission_head, (int)(0x11 * round),
		       sizeof(*self->rings.head) -
		       offsetof(struct dmabay_rings_head, submission_head));
		memset(self->rings.completions, 0xA5, ENTRIES * sizeof(*self->rings.completions));
		put_page(self, round);
		EXPECT_EQ(1, enter(&self->rings, 1, 1));
		EXPECT_EQ(taken + 1, self->rings.head->submission_head);
		expect_page(_metadata, self, round);
	}
}

/* ---- how it is mapped ---- */

TEST_F(ring, mapped_whole_or_not_at_all)
{
	struct rings *rings = &self->rings;
	char *memory, *elsewhere;
	uint64_t length;

	rings->fd = dmabay_fd(self->bay);
	EXPECT_EQ(MAP_FAILED, map_part(rings, PAGE, 0, MAP_SHARED));
	EXPECT_EQ(ENOENT, errno);
	with_rings(_metadata, self, 256, 256);
	length = rings->made.length;
	ASSERT_LT(PAGE, length);
	memory = (void *)rings->head;
	EXPECT_EQ(MAP_FAILED, map_part(rings, length - PAGE, 0, MAP_SHARED));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, map_part(rings, length + PAGE, 0, MAP_SHARED));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, map_part(rings, length, PAGE, MAP_SHARED));
	EXPECT_EQ(EINVAL, errno);
	EXPECT_EQ(MAP_FAILED, map_part(rings, length, 0, MAP_PRIVATE));
	EXPECT_EQ(EINVAL, errno);
	for (uint64_t at = PAGE; at < length; at += PAGE) {
		EXPECT_EQ(-1, munmap(memory + at, PAGE));
		EXPECT_EQ(-1, munmap(memory, at));
		EXPECT_EQ(-1, mprotect(memory + at, length - at, PROT_NONE));
	}
	EXPECT_EQ(MAP_FAILED, mremap(memory, length, length + PAGE, MREMAP_MAYMOVE));
	EXPECT_EQ(MAP_FAILED, mremap(memory, length, length - PAGE, 0));
	EXPECT_EQ(MAP_FAILED, mremap(memory, 0, length, MREMAP_MAYMOVE));
	elsewhere = (char *)map_pages(length);
	ASSERT_NE(NULL, elsewhere);
	EXPECT_EQ(MAP_FAILED, mremap(memory, length, length, MREMAP_MAYMOVE | MREMAP_FIXED,
				     elsewhere));
	munmap(elsewhere, length);
	put_page(self, 1);
	EXPECT_EQ(1, enter(rings, 1, 1));
	expect_page(_metadata, self, 1);
}

/* It is the same memory, and works without being there, too. */
TEST_F(ring, mapped_twice_and_not_at_all)
{
	struct rings first, *second = &self->rings;

	with_rings(_metadata, self, ENTRIES, ENTRIES);
	first = *second;
	ASSERT_EQ(0, map_rings(second));
	put_page(self, 1);
	EXPECT_EQ(1, left(&first));
	ASSERT_EQ(0, munmap(first.head, first.made.length));
	put_page(self, 2);
	ASSERT_EQ(0, munmap(second->head, second->made.length));
	EXPECT_EQ(2, enter(second, 2, 2));
	ASSERT_EQ(0, map_rings(second));
	expect_page(_metadata, self, 1);
	expect_page(_metadata, self, 2);
	EXPECT_EQ(0, madvise(second->head, second->made.length, MADV_WILLNEED));
}

/* A mapping is as good as a descriptor. */
TEST_F(ring, mapped_without_a_descriptor)
{
	struct state state;
	struct dmabay *another;

	ASSERT_EQ(0, dmabay_open(&another, self->path, O_RDONLY));
	with_rings(_metadata, self, ENTRIES, ENTRIES);
	dmabay_close(self->bay);
	ASSERT_EQ(0, state_read(another, &state));
	EXPECT_EQ(PAGES, state.pinned_pages);
	ASSERT_EQ(0, munmap(self->rings.head, self->rings.made.length));
	self->rings.head = NULL;
	EXPECT_NOTHING_LEFT(self->path);
	self->bay = another;
}

/* ---- other processes ---- */

/* A child has the file, and not the memory. */
TEST_F(ring, fork)
{
	int ends[2], status = -1;
	pid_t child;

	with_rings(_metadata, self, ENTRIES, ENTRIES);
	put_page(self, 1);
	ASSERT_EQ(0, pipe(ends));
	child = fork();
	if (!child) {
		int result = write(ends[1], self->rings.head, 4) == -1 && errno == EFAULT ? 0 : 1;

		_exit(result ? result : enter(&self->rings, 1, 1) == 1 ? 0 : 2);
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	expect_page(_metadata, self, 1);
	close(ends[0]);
	close(ends[1]);
}

/* Whether a user who may lock so many pages can have rings of @entries. */
static int rings_with_limit(const fixture *self, uint64_t pages, uint32_t entries)
{
	const struct rlimit limit = { pages * PAGE, pages * PAGE };
	struct rings rings;
	int status = -1;
	pid_t child = fork();

	if (!child) {
		int fd = open(self->path, O_RDWR | O_CLOEXEC);

		if (fd < 0 || setrlimit(RLIMIT_MEMLOCK, &limit) || setgid(NOBODY) ||
		    setuid(NOBODY))
			_exit(200);
		_exit(-open_rings(fd, entries, entries, &rings));
	}
	if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return -ECHILD;
	return -WEXITSTATUS(status);
}

TEST_F(ring, limit_of_locked_memory)
{
	const uint32_t entries = 256;
	uint64_t pages;

	with_rings(_metadata, self, entries, entries);
	pages = self->rings.made.length / PAGE;
	EXPECT_EQ(-ENOMEM, rings_with_limit(self, 0, 1));
	EXPECT_EQ(0, rings_with_limit(self, 1, 1));
	EXPECT_EQ(-ENOMEM, rings_with_limit(self, pages - 1, entries));
	/* And again, because it was given back. */
	EXPECT_EQ(0, rings_with_limit(self, pages, entries));
	EXPECT_EQ(0, rings_with_limit(self, pages, entries));
}

/*
 * Each allocation and copy of what makes and maps them fails once, until there is none left. What
 * had been allocated is given back: the fixture sees what is charged, KASAN and kmemleak the
 * rest.
 */
TEST_F_TIMEOUT(ring, every_allocation_fails, LONG_TEST)
{
	unsigned int failed = 0;
	const char *missing;
	struct nth nth;
	bool refused;

	missing = nth_begin(&nth);
	if (missing)
		SKIP(return, "%s", missing);
	for (unsigned int n = 1;; n++) {
		int fd = open(self->path, O_RDWR | O_CLOEXEC), made, mapped = 0;
		struct rings rings;

		ASSERT_LE(0, fd);
		nth_arm(&nth, n);
		made = make_rings(fd, 256, 256, &rings);
		if (!made)
			mapped = map_rings(&rings);
		refused = nth_disarm(&nth);
		EXPECT_TRUE(nth_may_say(&nth, made, 0)) TH_LOG("%d at %u", made, n);
		EXPECT_TRUE(nth_may_say(&nth, mapped, 0)) TH_LOG("%d at %u", mapped, n);
		failed += made || mapped;
		if (!made && !mapped)
			ASSERT_EQ(0, munmap(rings.head, rings.made.length));
		close(fd);
		if (!refused)
			break;
	}
	nth_end(&nth);
	/* Each page is one. */
	EXPECT_LT(5, failed);
}

/* ---- the library ---- */

TEST_F(ring, library)
{
	struct dmabay_transfer transfers[ENTRIES + 1];
	struct dmabay_completion completions[ENTRIES];
	struct dmabay_ring *ring;

	EXPECT_EQ(-EINVAL, dmabay_ring_open(self->bay, 3, 4, &ring));
	ASSERT_EQ(0, dmabay_ring_open(self->bay, ENTRIES, ENTRIES, &ring));
	for (uint64_t round = 0; round < 5; round++) {
		uint32_t count = 0;

		for (uint64_t i = 0; i <= ENTRIES; i++)
			transfers[i] = a_page(self, round * ENTRIES + i, DMABAY_TO_DEVICE);
		EXPECT_EQ(ENTRIES, dmabay_ring_put(ring, transfers, ENTRIES + 1));
		EXPECT_EQ(0, dmabay_ring_put(ring, transfers, 1));
		EXPECT_EQ(ENTRIES, dmabay_ring_enter(ring, ENTRIES, dmabay_deadline(PATIENCE)));
		EXPECT_EQ(3, dmabay_ring_take(ring, completions, 3));
		count = dmabay_ring_take(ring, completions + 3, ENTRIES);
		EXPECT_EQ(ENTRIES - 3, count);
		for (uint64_t i = 0; i < ENTRIES; i++) {
			EXPECT_EQ(round * ENTRIES + i, completions[i].cookie);
			EXPECT_EQ(0, completions[i].status);
		}
		EXPECT_EQ(0, dmabay_ring_take(ring, completions, ENTRIES));
	}
	/* What found no place comes after the others. */
	EXPECT_EQ(DEPTH, dmabay_submit(self->bay, transfers, DEPTH, NULL, 0, 0, 0, NULL));
	EXPECT_EQ(DEPTH, dmabay_submit(self->bay, transfers, DEPTH, NULL, 0, 0, 0, NULL));
	EXPECT_EQ(1, dmabay_submit(self->bay, transfers, 1, NULL, 0, 0, 0, NULL));
	EXPECT_EQ(ENTRIES, dmabay_ring_take(ring, completions, ENTRIES));
	EXPECT_EQ(1, dmabay_ring_take(ring, completions, ENTRIES));
	dmabay_ring_close(ring);
}

TEST_F(ring, library_with_a_poller)
{
	struct dmabay_transfer transfer = a_page(self, 0, DMABAY_TO_DEVICE);
	uint64_t end = dmabay_deadline(PATIENCE);
	struct dmabay_completion completion;
	struct dmabay_ring *ring;
	uint64_t seen = 0;

	ASSERT_EQ(0, dmabay_ring_open(self->bay, ENTRIES, ENTRIES, &ring));
	ASSERT_EQ(0, dmabay_ring_poll(ring, 100 * MILLISECOND));
	EXPECT_EQ(-EBUSY, dmabay_ring_poll(ring, 0));
	for (uint64_t put = 0; seen < 100 && dmabay_deadline(0) < end;) {
		transfer.cookie = put;
		if (put < 100)
			put += dmabay_ring_put(ring, &transfer, 1);
		while (dmabay_ring_take(ring, &completion, 1))
			EXPECT_EQ(seen++, completion.cookie);
		sched_yield();
	}
	EXPECT_EQ(100, seen);
	dmabay_ring_close(ring);
}

TEST_HARNESS_MAIN
