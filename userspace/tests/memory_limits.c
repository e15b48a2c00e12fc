// SPDX-License-Identifier: GPL-2.0-only
/*
 * What registered memory is charged for: each page of each buffer, to VmPin of the
 * process and, unless it has CAP_IPC_LOCK, to what its user may lock. It is given back by
 * the one who was charged, whoever ends the buffer, and however.
 *
 * Who is to have no capability is a child: it says at which step it failed.
 */
#include <sys/prctl.h>
#include <sys/resource.h>

#include "parcel.h"

#define NOBODY		65534
#define HUGE		(2u << 20)
#define LIMIT		16u	/* pages, of the user nobody */

FIXTURE(limits)
{
	char path[64];
	struct dmabay *bay;
	int sockets[2];
};

typedef FIXTURE_DATA(limits) fixture;

FIXTURE_SETUP(limits)
{
	if (!find_node("soft", self->path, sizeof(self->path)))
		SKIP(return, "there is no software device");
	ASSERT_EQ(0, dmabay_open(&self->bay, self->path, O_RDWR));
	ASSERT_EQ(0, socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, self->sockets));
}

FIXTURE_TEARDOWN(limits)
{
	close(self->sockets[0]);
	close(self->sockets[1]);
	dmabay_close(self->bay);
	EXPECT_NOTHING_LEFT(self->path);
}

/* ---- how much ---- */

static int64_t pinned_kib(void)
{
	return file_number("/proc/self/status", "VmPin:");
}

static void expect_pages(struct __test_metadata *_metadata, const fixture *self,
			 unsigned char *memory, uint64_t length, int64_t pages)
{
	const int64_t before = pinned_kib();
	uint32_t buffer;

	ASSERT_EQ(0, dmabay_register(self->bay, memory, length, 0, &buffer));
	EXPECT_EQ(pages * PAGE / 1024, pinned_kib() - before)
		TH_LOG("%" PRIu64 " bytes at %p", length, memory);
	EXPECT_EQ(0, dmabay_unregister(self->bay, buffer));
	EXPECT_EQ(before, pinned_kib());
}

/* One byte of it is a page, whatever the page is a part of. */
TEST_F(limits, charged_by_the_page)
{
	unsigned char *area = map_pages(2 * HUGE);
	unsigned char *memory = area + (-(uintptr_t)area % HUGE);
	uint32_t first;

	ASSERT_NE(NULL, area);
	ASSERT_EQ(0, madvise(memory, HUGE, MADV_HUGEPAGE));
	expect_pages(_metadata, self, memory, 1, 1);
	expect_pages(_metadata, self, memory, PAGE, 1);
	expect_pages(_metadata, self, memory + PAGE - 1, 2, 2);
	expect_pages(_metadata, self, memory + 1, PAGE, 2);
	expect_pages(_metadata, self, memory, HUGE, HUGE / PAGE);
	/* Once for each buffer that it is in. */
	ASSERT_EQ(0, dmabay_register(self->bay, memory, PAGE, 0, &first));
	expect_pages(_metadata, self, memory, 3 * PAGE, 3);
	EXPECT_EQ(0, dmabay_unregister(self->bay, first));
	munmap(area, 2 * HUGE);
}

/* ---- whose ---- */

static int become_nobody(void)
{
	const struct rlimit limit = { LIMIT * PAGE, LIMIT * PAGE };

	return setrlimit(RLIMIT_MEMLOCK, &limit) || setgid(NOBODY) || setuid(NOBODY);
}

/* Whether so many pages more are allowed. They are given back. */
static bool may_lock(const fixture *self, unsigned int pages)
{
	unsigned char *memory = map_pages((LIMIT + 1) * PAGE);
	int result;
	uint32_t buffer;

	result = dmabay_register(self->bay, memory, pages * PAGE, 0, &buffer);
	if (!result)
		result = dmabay_unregister(self->bay, buffer);
	munmap(memory, (LIMIT + 1) * PAGE);
	return !result;
}

/* Exactly so many, and none of them is in use. */
static bool has(const fixture *self, unsigned int pages)
{
	return may_lock(self, pages) && !may_lock(self, pages + 1);
}

static int lock(const fixture *self, unsigned int pages, uint32_t *buffer)
{
	return dmabay_register(self->bay, map_pages(pages * PAGE), pages * PAGE, 0, buffer);
}

static int with_capability(const fixture *self)
{
	const struct rlimit none = { 0, 0 };
	uint32_t buffer;

	if (setrlimit(RLIMIT_MEMLOCK, &none))
		return 1;
	if (lock(self, LIMIT, &buffer) || pinned_kib() != LIMIT * PAGE / 1024)
		return 2;
	return dmabay_unregister(self->bay, buffer) || pinned_kib() ? 3 : 0;
}

/* What was not charged is not given back: nobody would have more then. */
static int without_it_meanwhile(const fixture *self)
{
	uint32_t buffer;

	if (lock(self, LIMIT / 2, &buffer))
		return 1;
	if (become_nobody())
		return 2;
	if (!has(self, LIMIT))
		return 3;
	if (dmabay_unregister(self->bay, buffer))
		return 4;
	return has(self, LIMIT) ? 0 : 5;
}

/* All pages but the last one are there: none is charged for. */
static int failed_half_way(const fixture *self)
{
	unsigned char *memory = map_pages(LIMIT * PAGE);
	uint32_t buffer;

	if (become_nobody() || munmap(memory + (LIMIT - 1) * PAGE, PAGE))
		return 1;
	for (int i = 0; i < 3; i++)
		if (dmabay_register(self->bay, memory, LIMIT * PAGE, 0, &buffer) != -EFAULT)
			return 2;
	if (pinned_kib())
		return 3;
	return has(self, LIMIT) ? 0 : 4;
}

/* The same memory twice is charged for twice; unmapped, it is charged for still. */
static int the_same_page(const fixture *self)
{
	unsigned char *page = map_pages(PAGE);
	uint32_t buffer;

	if (become_nobody())
		return 1;
	for (unsigned int i = 0; i < LIMIT; i++)
		if (dmabay_register(self->bay, page, PAGE, 0, &buffer))
			return 2;
	munmap(page, PAGE);
	if (may_lock(self, 1))
		return 3;
	if (dmabay_unregister(self->bay, buffer))
		return 4;
	return has(self, 1) ? 0 : 5;
}

/* read(), write() and DMABAY_ONCE pin as well, as long as they take. */
static int not_registered(const fixture *self)
{
	unsigned char *memory = map_pages((LIMIT + 1) * PAGE);
	uint32_t buffer;

	if (become_nobody())
		return 1;
	if (dmabay_once(self->bay, memory, (LIMIT + 1) * PAGE, 0, DMABAY_TO_DEVICE) != -ENOMEM)
		return 2;
	if (dmabay_once(self->bay, memory, LIMIT * PAGE, 0, DMABAY_TO_DEVICE) != LIMIT * PAGE)
		return 3;
	if (write(dmabay_fd(self->bay), memory, PAGE) != (ssize_t)PAGE)
		return 4;
	if (lock(self, LIMIT, &buffer))
		return 5;
	if (write(dmabay_fd(self->bay), memory, PAGE) != -1 || errno != ENOMEM)
		return 6;
	return dmabay_unregister(self->bay, buffer) || !has(self, LIMIT) ? 7 : 0;
}

static const struct story {
	const char *name;
	int (*tell)(const fixture *self);
} stories[] = {
	{ "with CAP_IPC_LOCK", with_capability },
	{ "without it meanwhile", without_it_meanwhile },
	{ "failed half-way", failed_half_way },
	{ "the same page", the_same_page },
	{ "not registered", not_registered },
};

static void expect_exit(struct __test_metadata *_metadata, pid_t child, const char *name)
{
	int status = -1;

	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_EQ(0, status) TH_LOG("%s: step %d failed", name, WEXITSTATUS(status));
}

TEST_F(limits, of_a_process)
{
	for (size_t i = 0; i < ARRAY_SIZE(stories); i++) {
		pid_t child = fork();

		ASSERT_LE(0, child);
		/* A file of its own: what it leaves is given back with it. */
		if (!child)
			_exit(dmabay_open(&self->bay, self->path, O_RDWR) ?
			      255 : stories[i].tell(self));
		expect_exit(_metadata, child, stories[i].name);
	}
}

/* ---- several processes of one user ---- */

/* A child that is nobody, has locked so many pages, and waits to be killed. */
static pid_t send_holder(const fixture *self, unsigned int pages)
{
	struct dmabay *bay;
	fixture own = *self;
	uint32_t buffer;
	char done = 0;
	pid_t child = fork();

	if (child)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dmabay_open(&bay, self->path, O_RDWR) || become_nobody())
		_exit(1);
	own.bay = bay;
	if (lock(&own, pages, &buffer) || write(self->sockets[1], &done, 1) != 1)
		_exit(2);
	for (;;)
		pause();
}

static int another_process(const fixture *self, pid_t holder)
{
	uint32_t buffer;

	if (become_nobody())
		return 1;
	if (!has(self, LIMIT - 10))
		return 2;
	/* Its parent is not nobody, and does this when it is told. */
	if (write(self->sockets[1], &holder, sizeof(holder)) != sizeof(holder) ||
	    read(self->sockets[1], &holder, sizeof(holder)) != sizeof(holder))
		return 3;
	if (!has(self, LIMIT))
		return 4;
	return lock(self, LIMIT, &buffer) ? 5 : 0;
}

TEST_F(limits, of_a_user)
{
	pid_t holder = send_holder(self, 10), child, told;
	char done;
	int status;

	ASSERT_LE(0, holder);
	ASSERT_EQ(1, read(self->sockets[0], &done, 1));
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(another_process(self, holder));
	EXPECT_EQ(sizeof(told), read(self->sockets[0], &told, sizeof(told)));
	EXPECT_EQ(0, kill(holder, SIGKILL));
	EXPECT_EQ(holder, waitpid(holder, &status, 0));
	EXPECT_EQ(sizeof(told), write(self->sockets[0], &told, sizeof(told)));
	expect_exit(_metadata, child, "another process");
}

/* ---- a file that was passed on ---- */

static int give_away(const fixture *self)
{
	struct parcel parcel = { .reservation = 0 };
	fixture own = *self;

	if (dmabay_open(&own.bay, self->path, O_RDWR) || become_nobody())
		return 1;
	if (lock(&own, LIMIT, &parcel.buffer))
		return 2;
	return send_file(self->sockets[1], dmabay_fd(own.bay), &parcel) ? 3 : 0;
}

static int take_over(const fixture *self)
{
	struct parcel parcel;
	struct dmabay *bay;

	if (receive_bay(self->sockets[0], self->path, &bay, &parcel) || become_nobody())
		return 1;
	/* Nobody else's memory is charged to this process, but the user is the same. */
	if (pinned_kib() || may_lock(self, 1))
		return 2;
	if (dmabay_unregister(bay, parcel.buffer))
		return 3;
	return has(self, LIMIT) && !pinned_kib() ? 0 : 4;
}

/* The one who registered it is charged for it, even when there is nobody any more. */
TEST_F(limits, of_a_file_passed_on)
{
	pid_t child = fork();

	ASSERT_LE(0, child);
	if (!child)
		_exit(give_away(self));
	expect_exit(_metadata, child, "the giver");
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(take_over(self));
	expect_exit(_metadata, child, "the taker");
}

/* ---- in words ---- */

/* Which limit, how much of it there is, and how much was wanted; none, if there is none. */
TEST_F(limits, in_words)
{
	static const uint32_t commands[] = { DMABAY_CMD_REGISTER, DMABAY_CMD_ONCE };
	const rlim_t limits[] = { 0, 123 * PAGE, RLIM_INFINITY };
	char text[384], numbers[64];

	for (size_t i = 0; i < ARRAY_SIZE(limits); i++) {
		const struct rlimit limit = { limits[i], RLIM_INFINITY };
		const bool is_limited = limits[i] != RLIM_INFINITY;

		ASSERT_EQ(0, setrlimit(RLIMIT_MEMLOCK, &limit));
		snprintf(numbers, sizeof(numbers), "(%u wanted, limit %" PRIu64 " bytes)",
			 456 * PAGE, (uint64_t)limits[i]);
		for (size_t j = 0; j < ARRAY_SIZE(commands); j++) {
			dmabay_explain(text, sizeof(text), commands[j], -ENOMEM, NULL, 456 * PAGE);
			EXPECT_EQ(is_limited, !!strstr(text, "RLIMIT_MEMLOCK"))
				TH_LOG("%s", text);
			EXPECT_EQ(is_limited, !!strstr(text, numbers)) TH_LOG("%s", text);
		}
	}
}

TEST_HARNESS_MAIN
