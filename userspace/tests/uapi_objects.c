// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a file has: memory, the numbers of buffers and reservations, and map registers.
 * What it may not have it does not get, and the errno says why; a signal ends the wait
 * for it.
 */
#include <sys/resource.h>

#include "uapi.h"

#define NOBODY		65534

/* ---- memory ---- */

TEST_F(uapi, memory_half_mapped)
{
	unsigned char *pages = map_pages(2 * PAGE);
	uint32_t buffer;

	ASSERT_NE(NULL, pages);
	ASSERT_EQ(0, munmap(pages + PAGE, PAGE));
	EXPECT_EQ(-EFAULT, dmabay_register(self->bay, pages, 2 * PAGE, 0, &buffer));
	EXPECT_EQ(-EFAULT, dmabay_once(self->bay, pages, 2 * PAGE, 0, DMABAY_TO_DEVICE));
	munmap(pages, PAGE);
}

TEST_F(uapi, memory_read_only)
{
	unsigned char *page = map_pages(PAGE);
	uint32_t buffer;

	ASSERT_NE(NULL, page);
	fill(page, PAGE, SENT, 3);
	ASSERT_EQ(0, mprotect(page, PAGE, PROT_READ));
	EXPECT_EQ(-EFAULT, dmabay_register(self->bay, page, PAGE, 0, &buffer));
	EXPECT_EQ(-EFAULT, dmabay_once(self->bay, page, PAGE, 0, DMABAY_FROM_DEVICE));
	EXPECT_EQ(PAGE, dmabay_once(self->bay, page, PAGE, 0, DMABAY_TO_DEVICE));

	ASSERT_EQ(0, dmabay_register(self->bay, page, PAGE, DMABAY_REGISTER_READ_ONLY, &buffer));
	EXPECT_EQ(0, transfer_wait(self->bay, self->reservation, buffer, 0, PAGE, 0,
				   DMABAY_TO_DEVICE));
	EXPECT_EQ(-EACCES, transfer_wait(self->bay, self->reservation, buffer, 0, PAGE, 0,
					 DMABAY_FROM_DEVICE));
	EXPECT_PATTERN(page, PAGE, SENT, 3);
	EXPECT_EQ(0, dmabay_unregister(self->bay, buffer));
	munmap(page, PAGE);
}

/* The pages are the buffer's own: unmapping them changes nothing. */
TEST_F(uapi, memory_unmapped_after_register)
{
	unsigned char *page = map_pages(PAGE), *back = map_pages(PAGE);
	uint32_t buffer, back_buffer;

	fill(page, PAGE, SENT, 4);
	fill(back, PAGE, BLANK, 4);
	ASSERT_EQ(0, dmabay_register(self->bay, page, PAGE, 0, &buffer));
	ASSERT_EQ(0, dmabay_register(self->bay, back, PAGE, 0, &back_buffer));
	ASSERT_EQ(0, munmap(page, PAGE));
	EXPECT_EQ(0, transfer_wait(self->bay, self->reservation, buffer, 0, PAGE, 0,
				   DMABAY_TO_DEVICE));
	EXPECT_EQ(0, transfer_wait(self->bay, self->reservation, back_buffer, 0, PAGE, 0,
				   DMABAY_FROM_DEVICE));
	EXPECT_PATTERN(back, PAGE, SENT, 4);
	EXPECT_EQ(0, dmabay_unregister(self->bay, buffer));
	EXPECT_EQ(0, dmabay_unregister(self->bay, back_buffer));
	munmap(back, PAGE);
}

/* What the child of memlock_limit does; returns the number of the step that failed. */
static int at_memlock_limit(struct dmabay *bay)
{
	const struct rlimit limit = { 16 * PAGE, 16 * PAGE };
	unsigned char *pages = map_pages(17 * PAGE);
	uint32_t buffer, more;

	if (!pages || setrlimit(RLIMIT_MEMLOCK, &limit) || setgid(NOBODY) || setuid(NOBODY))
		return 1;
	if (dmabay_register(bay, pages, 17 * PAGE, 0, &buffer) != -ENOMEM)
		return 2;
	if (dmabay_register(bay, pages, 16 * PAGE, 0, &buffer))
		return 3;
	if (dmabay_register(bay, pages, 1, 0, &more) != -ENOMEM)
		return 4;
	if (dmabay_once(bay, pages, PAGE, 0, DMABAY_TO_DEVICE) != -ENOMEM)
		return 5;
	if (dmabay_unregister(bay, buffer))
		return 6;
	if (dmabay_register(bay, pages, 16 * PAGE, 0, &buffer))
		return 7;
	return dmabay_unregister(bay, buffer) ? 8 : 0;
}

TEST_F(uapi, memlock_limit)
{
	int status = 0;
	pid_t child = fork();

	ASSERT_LE(0, child);
	if (!child)
		_exit(at_memlock_limit(self->bay));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_TRUE(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status)) TH_LOG("step %d failed", WEXITSTATUS(status));
}

/* ---- numbers ---- */

TEST_F(uapi, numbers_of_another_file)
{
	unsigned char *page = map_pages(PAGE);
	struct dmabay *other;
	uint32_t number;

	ASSERT_EQ(0, dmabay_open(&other, self->path, O_RDWR));
	EXPECT_EQ(-ENOENT, dmabay_unregister(other, self->buffer));
	EXPECT_EQ(-ENOENT, dmabay_free(other, self->reservation));
	EXPECT_EQ(-ENOENT, transfer_wait(other, self->reservation, self->buffer, 0, PAGE, 0,
					 DMABAY_TO_DEVICE));
	/* A buffer alone is not enough. */
	ASSERT_EQ(0, dmabay_register(other, page, PAGE, 0, &number));
	EXPECT_EQ(-ENOENT, transfer_wait(other, self->reservation, number, 0, PAGE, 0,
					 DMABAY_TO_DEVICE));
	dmabay_close(other);
	munmap(page, PAGE);
}

TEST_F(uapi, numbers_given_back)
{
	uint32_t number;

	ASSERT_EQ(0, dmabay_reserve(self->bay, 1, 1, 0, &number));
	EXPECT_EQ(0, dmabay_free(self->bay, number));
	EXPECT_EQ(-ENOENT, dmabay_free(self->bay, number));
	EXPECT_EQ(-ENOENT, transfer_wait(self->bay, number, self->buffer, 0, PAGE, 0,
					 DMABAY_TO_DEVICE));
	ASSERT_EQ(0, dmabay_register(self->bay, self->memory, PAGE, 0, &number));
	EXPECT_EQ(0, dmabay_unregister(self->bay, number));
	EXPECT_EQ(-ENOENT, dmabay_unregister(self->bay, number));
}

TEST_F_TIMEOUT(uapi, numbers_run_out, LONG_TEST)
{
	struct dmabay *other;
	uint32_t number, count = 0;
	int result;

	if (self->info.max_buffers > 1u << 16)
		SKIP(return, "%u buffers are too many to try", self->info.max_buffers);
	ASSERT_EQ(0, dmabay_open(&other, self->path, O_RDWR));
	while (!(result = dmabay_register(other, self->memory, 1, 0, &number)))
		count++;
	EXPECT_EQ(-ENOSPC, result);
	EXPECT_EQ(self->info.max_buffers, count);
	EXPECT_EQ(0, dmabay_unregister(other, number));
	EXPECT_EQ(0, dmabay_register(other, self->memory, 1, 0, &number));

	count = 0;
	while (!(result = dmabay_reserve(other, 1, 1, DMABAY_RESERVE_IMMEDIATE, &number)))
		count++;
	EXPECT_EQ(count == self->info.max_reservations ? -ENOSPC : -EAGAIN, result)
		TH_LOG("after %u reservations", count);
	dmabay_close(other);
}

/* ---- map registers, and waiting ---- */

TEST_F(uapi, no_map_registers_now)
{
	struct dmabay *other, *impatient;
	struct dmabay_info info;
	uint32_t all, number;

	ASSERT_EQ(0, dmabay_open(&other, self->path, O_RDWR));
	ASSERT_EQ(0, dmabay_open(&impatient, self->path, O_RDWR | O_NONBLOCK));
	ASSERT_EQ(0, dmabay_free(self->bay, self->reservation));
	ASSERT_EQ(0, dmabay_reserve(other, self->info.map_registers, 1, 0, &all));
	EXPECT_EQ(-EAGAIN, dmabay_reserve(self->bay, 1, 1, DMABAY_RESERVE_IMMEDIATE, &number));
	EXPECT_EQ(-EAGAIN, dmabay_reserve(impatient, 1, 1, 0, &number));
	EXPECT_EQ(0, dmabay_info(self->bay, &info));
	EXPECT_EQ(0, info.map_registers_free);
	EXPECT_EQ(0, info.waiters);
	EXPECT_EQ(0, dmabay_free(other, all));
	EXPECT_EQ(0, dmabay_reserve(impatient, 1, 1, 0, &number));
	dmabay_close(impatient);
	dmabay_close(other);
	ASSERT_EQ(0, dmabay_reserve(self->bay, 2, 4, 0, &self->reservation));
}

TEST_F(uapi, signal_ends_a_wait)
{
	struct dmabay *other;
	struct dmabay_info info;
	uint32_t all, number;
	int result;

	ASSERT_EQ(0, dmabay_open(&other, self->path, O_RDWR));
	ASSERT_EQ(0, dmabay_free(self->bay, self->reservation));
	ASSERT_EQ(0, dmabay_reserve(other, self->info.map_registers, 1, 0, &all));
	keep_ringing(true);
	EXPECT_EQ(-EINTR, dmabay_reserve(self->bay, 1, 1, 0, &number));
	EXPECT_EQ(-EINTR, dmabay_wait(self->bay, &self->completion, 1, 1, 0));
	keep_ringing(false);
	EXPECT_EQ(0, dmabay_info(self->bay, &info));
	EXPECT_EQ(0, info.waiters);
	EXPECT_EQ(0, dmabay_free(other, all));
	result = dmabay_info(self->bay, &info);
	EXPECT_EQ(0, result);
	EXPECT_EQ(info.map_registers, info.map_registers_free);
	dmabay_close(other);
	ASSERT_EQ(0, dmabay_reserve(self->bay, 2, 4, 0, &self->reservation));
}

TEST_HARNESS_MAIN
