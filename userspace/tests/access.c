// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reads and writes of the node: the file position is the address in device memory, the
 * end of it is the end of the file, what is returned is what was moved, and not a byte
 * beside it; asynchronous ones are told of once each.
 */
#include <sys/resource.h>
#include <sys/sendfile.h>

#include "access.h"

#define AREA	(16u * PAGE)
#define MANY	32u
#define NOBODY	65534
#define TAIL	64u	/* bytes before the end of device memory */

FIXTURE(access)
{
	char path[64];
	struct dmabay *bay;
	struct dmabay_info info;
	int fd;
	uint64_t size;		/* of device memory */
	uint64_t length;	/* what is used of it */
	unsigned char *memory;	/* AREA bytes each */
	unsigned char *other;
};

typedef FIXTURE_DATA(access) fixture;

FIXTURE_VARIANT(access)
{
	const char *driver;
	unsigned int many;	/* transfers; edu's take their time */
};

FIXTURE_VARIANT_ADD(access, soft)
{
	.driver = "soft",
	.many = MANY,
};

FIXTURE_VARIANT_ADD(access, edu)
{
	.driver = "edu",
	.many = 4,
};

FIXTURE_SETUP(access)
{
	if (!find_node(variant->driver, self->path, sizeof(self->path)))
		SKIP(return, "there is no %s device", variant->driver);
	ASSERT_EQ(0, dmabay_open(&self->bay, self->path, O_RDWR));
	ASSERT_EQ(0, dmabay_info(self->bay, &self->info));
	self->fd = open(self->path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->fd);
	self->size = self->info.device_memory;
	self->length = self->size < AREA ? about_a_page(&self->info) : AREA;
	self->memory = map_pages(AREA);
	self->other = map_pages(AREA);
	ASSERT_NE(NULL, self->memory);
	ASSERT_NE(NULL, self->other);
	fill(self->memory, AREA, SENT, 1);
	fill(self->other, AREA, BLANK, 1);
}

FIXTURE_TEARDOWN(access)
{
	EXPECT_EQ(0, good_transfer(self->bay));
	close(self->fd);
	dmabay_close(self->bay);
	EXPECT_NOTHING_LEFT(self->path);
}

/* What is in device memory, as the other way of asking has it. */
static void expect_in_device(struct __test_metadata *_metadata, fixture *self, uint64_t length)
{
	unsigned char *back = map_pages(AREA);

	ASSERT_NE(NULL, back);
	EXPECT_EQ(0, read_back(self->bay, back, length));
	EXPECT_PATTERN(back, length, SENT, 1);
	munmap(back, AREA);
}

static void expect_same(struct __test_metadata *_metadata, const unsigned char *expected,
			const unsigned char *seen, size_t length)
{
	EXPECT_EQ(0, memcmp(expected, seen, length)) TH_LOG("%zu bytes", length);
}

/* ---- positions ---- */

TEST_F_TIMEOUT(access, position_is_the_address, LONG_TEST)
{
	const uint64_t first = 1, second = 1001, rest = self->length - first - second;

	EXPECT_EQ((int64_t)first, write(self->fd, self->memory, first));
	EXPECT_EQ((int64_t)second, write(self->fd, self->memory + first, second));
	EXPECT_EQ((int64_t)rest, write(self->fd, self->memory + first + second, rest));
	EXPECT_EQ((int64_t)self->length, lseek(self->fd, 0, SEEK_CUR));
	expect_in_device(_metadata, self, self->length);

	EXPECT_EQ(3, lseek(self->fd, 3, SEEK_SET));
	EXPECT_EQ(100, read(self->fd, self->other + 7, 100));
	EXPECT_EQ(103, lseek(self->fd, 0, SEEK_CUR));
	expect_same(_metadata, self->memory + 3, self->other + 7, 100);
	EXPECT_EQ(200, read(self->fd, self->other + 107, 200));
	expect_same(_metadata, self->memory + 3, self->other + 7, 300);

	/* These neither use nor move it. */
	EXPECT_EQ(50, pread(self->fd, self->other, 50, 500));
	expect_same(_metadata, self->memory + 500, self->other, 50);
	EXPECT_EQ(50, pwrite(self->fd, self->memory + 500, 50, 500));
	EXPECT_EQ(303, lseek(self->fd, 0, SEEK_CUR));
	expect_in_device(_metadata, self, self->length);
}

TEST_F(access, seek)
{
	EXPECT_EQ(5, lseek(self->fd, 5, SEEK_SET));
	EXPECT_EQ(12, lseek(self->fd, 7, SEEK_CUR));
	EXPECT_EQ((int64_t)self->size - 1, lseek(self->fd, -1, SEEK_END));
	EXPECT_EQ((int64_t)self->size, lseek(self->fd, 0, SEEK_END));
	EXPECT_EQ(-EINVAL, or_errno(lseek(self->fd, 1, SEEK_END)));
	EXPECT_EQ(-EINVAL, or_errno(lseek(self->fd, -1, SEEK_SET)));
	EXPECT_EQ((int64_t)self->size, lseek(self->fd, 0, SEEK_CUR));
}

TEST_F_TIMEOUT(access, end_of_device_memory, LONG_TEST)
{
	const int64_t size = (int64_t)self->size;

	EXPECT_EQ(TAIL, pwrite(self->fd, self->memory, 2 * TAIL, size - TAIL));
	EXPECT_EQ(TAIL, pread(self->fd, self->other, PAGE, size - TAIL));
	expect_same(_metadata, self->memory, self->other, TAIL);
	EXPECT_PATTERN_BETWEEN(self->other, TAIL, PAGE, BLANK, 1);

	EXPECT_EQ(0, pread(self->fd, self->other, 1, size));
	EXPECT_EQ(0, pread(self->fd, self->other, 1, INT64_C(1) << 62));
	EXPECT_EQ(-ENOSPC, or_errno(pwrite(self->fd, self->memory, 1, size)));
	EXPECT_EQ(-ENOSPC, or_errno(pwrite(self->fd, self->memory, 1, INT64_C(1) << 62)));
	EXPECT_EQ(0, pwrite(self->fd, self->memory, 0, size));

	/* Byte by byte, as a program that reads to the end does it. */
	EXPECT_EQ(size - 2, lseek(self->fd, -2, SEEK_END));
	EXPECT_EQ(1, read(self->fd, self->other, 1));
	EXPECT_EQ(1, read(self->fd, self->other, 2));
	EXPECT_EQ(0, read(self->fd, self->other, 2));
	EXPECT_EQ(size, lseek(self->fd, 0, SEEK_CUR));
}

/* ---- vectors ---- */

/* Cuts @length bytes into @count odd parts, each with a gap before it. Returns the bytes. */
static uint64_t cut(struct iovec *vectors, unsigned int count, unsigned char *memory)
{
	static const size_t lengths[] = { 1, 0, 63, 500, 0, 7, 1000, 0 };
	uint64_t sum = 0, at = 1;

	for (unsigned int i = 0; i < count; i++) {
		size_t length = lengths[i % ARRAY_SIZE(lengths)];

		vectors[i] = (struct iovec){ memory + at, length };
		at += length + 3;
		sum += length;
	}
	return sum;
}

TEST_F_TIMEOUT(access, vectors, LONG_TEST)
{
	const unsigned int count = 8;
	struct iovec vectors[8];
	uint64_t sum = cut(vectors, count, self->memory), at = 0;

	/* What is in the gaps goes nowhere. */
	fill(self->memory, AREA, BLANK, 9);
	for (unsigned int i = 0; i < count; i++) {
		for (size_t j = 0; j < vectors[i].iov_len; j++)
			((unsigned char *)vectors[i].iov_base)[j] = pattern(SENT, 1, at++);
	}
	EXPECT_EQ((int64_t)sum, writev(self->fd, vectors, (int)count));
	EXPECT_EQ((int64_t)sum, lseek(self->fd, 0, SEEK_CUR));
	expect_in_device(_metadata, self, sum);

	/* What came from the device has the gaps that were sent. */
	EXPECT_EQ(sum, cut(vectors, count, self->other));
	fill(self->other, AREA, BLANK, 9);
	EXPECT_EQ((int64_t)sum, preadv(self->fd, vectors, (int)count, 0));
	expect_same(_metadata, self->memory, self->other, AREA);

	/* The end of device memory in the middle of one. */
	EXPECT_EQ(TAIL + 1, preadv(self->fd, vectors, (int)count, (off_t)self->size - TAIL - 1));
	EXPECT_EQ(0, preadv(self->fd, vectors, 0, 0));
}

TEST_F_TIMEOUT(access, as_many_vectors_as_there_can_be, LONG_TEST)
{
	const unsigned int count = variant->many == MANY ? 1024 : variant->many;
	struct iovec vectors[1024];

	for (unsigned int i = 0; i < count; i++)
		vectors[i] = (struct iovec){ self->memory + i, 1 };
	EXPECT_EQ((int64_t)count, pwritev(self->fd, vectors, (int)count, 0));
	expect_in_device(_metadata, self, count);
}

/* Longer than what is pinned at a time. */
TEST_F_TIMEOUT(access, long_ones, LONG_TEST)
{
	const uint64_t length = (9u << 20) + 1;
	unsigned char *memory;

	if (self->size < length + 1)
		SKIP(return, "there is not so much device memory");
	memory = map_pages(length);
	ASSERT_NE(NULL, memory);
	fill(memory, length, SENT, 4);
	EXPECT_EQ((int64_t)length, pwrite(self->fd, memory, length, 1));
	fill(memory, length, BLANK, 4);
	EXPECT_EQ((int64_t)length, pread(self->fd, memory, length, 1));
	EXPECT_PATTERN(memory, length, SENT, 4);
	munmap(memory, length);
}

/* ---- what is not allowed ---- */

TEST_F_TIMEOUT(access, modes, LONG_TEST)
{
	int reader = open(self->path, O_RDONLY | O_CLOEXEC);
	int writer = open(self->path, O_WRONLY | O_CLOEXEC);
	int direct = open(self->path, O_RDWR | O_DIRECT | O_CLOEXEC);
	struct dmabay_once once = {
		.size = sizeof(once), .address = (uintptr_t)self->other, .length = 1,
	};

	EXPECT_EQ(100, write(writer, self->memory, 100));
	EXPECT_EQ(100, read(reader, self->other, 100));
	expect_same(_metadata, self->memory, self->other, 100);
	EXPECT_EQ(-EBADF, or_errno(read(writer, self->other, 1)));
	EXPECT_EQ(-EBADF, or_errno(write(reader, self->memory, 1)));
	EXPECT_EQ(-EBADF, raw(reader, DMABAY_ONCE, &once));
	EXPECT_EQ(100, write(direct, self->memory + 1, 100));
	EXPECT_EQ(100, pread(direct, self->other + 1, 100, 0));
	expect_same(_metadata, self->memory + 1, self->other + 1, 100);
	EXPECT_EQ(0, fsync(direct));
	close(reader);
	close(writer);
	close(direct);
}

TEST_F_TIMEOUT(access, memory_that_is_not_there, LONG_TEST)
{
	unsigned char *pages = map_pages(3 * PAGE);
	struct iovec vectors[2] = { { pages, 100 }, { pages + PAGE, 100 } };

	ASSERT_EQ(0, mprotect(pages + PAGE, PAGE, PROT_NONE));
	fill(pages, 100, SENT, 1);
	EXPECT_EQ(-EFAULT, or_errno(write(self->fd, pages + PAGE, 100)));
	EXPECT_EQ(-EFAULT, or_errno(read(self->fd, pages + PAGE - 50, 100)));
	EXPECT_EQ(0, lseek(self->fd, 0, SEEK_CUR));
	EXPECT_EQ(100, writev(self->fd, vectors, 2));
	EXPECT_EQ(100, lseek(self->fd, 0, SEEK_CUR));
	expect_in_device(_metadata, self, 100);

	ASSERT_EQ(0, mprotect(pages, PAGE, PROT_READ));
	EXPECT_EQ(-EFAULT, or_errno(read(self->fd, pages, 100)));
	EXPECT_EQ(100, pwrite(self->fd, pages, 100, 0));
	munmap(pages, 3 * PAGE);
}

/* Returns the exit status of a command, in which $NODE and $LENGTH are the test's. */
static int command(const char *line)
{
	int status = system(line);

	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST_F_TIMEOUT(access, dd_cmp_cat, LONG_TEST)
{
	char name[] = "/tmp/dmabay.XXXXXX", number[24];
	int file = mkstemp(name);

	ASSERT_LE(0, file);
	ASSERT_EQ((int64_t)self->length, write(file, self->memory, self->length));
	close(file);
	snprintf(number, sizeof(number), "%" PRIu64, self->length);
	setenv("FILE", name, 1);
	setenv("NODE", self->path, 1);
	setenv("LENGTH", number, 1);
	EXPECT_EQ(0, command("dd if=$FILE of=$NODE bs=1000 conv=fsync 2>/dev/null"));
	expect_in_device(_metadata, self, self->length);
	EXPECT_EQ(0, command("head -c $LENGTH $NODE | cmp - $FILE"));
	EXPECT_EQ(0, command("dd if=$NODE of=$FILE.back bs=$LENGTH count=1 2>/dev/null && "
			     "cmp $FILE $FILE.back"));
	EXPECT_EQ(0, command("rm $FILE $FILE.back"));
	snprintf(number, sizeof(number), "%" PRIu64, self->size);
	setenv("LENGTH", number, 1);
	EXPECT_EQ(0, command("[ $(cat $NODE | wc -c) -eq $LENGTH ]"));
}

TEST_F(access, not_by_splice)
{
	int pipe_fds[2], file = memfd_create("dmabay", MFD_CLOEXEC);

	ASSERT_LE(0, file);
	ASSERT_EQ(0, ftruncate(file, PAGE));
	ASSERT_EQ(0, pipe(pipe_fds));
	EXPECT_EQ(-EINVAL, or_errno(sendfile(pipe_fds[1], self->fd, NULL, 100)));
	EXPECT_EQ(-EINVAL, or_errno(sendfile(self->fd, file, NULL, 100)));
	EXPECT_EQ(-EINVAL, or_errno(splice(self->fd, NULL, pipe_fds[1], NULL, 100, 0)));
	close(pipe_fds[0]);
	close(pipe_fds[1]);
	close(file);
}

/* What the child of memlock_limit does; returns the number of the step that failed. */
static int at_memlock_limit(int fd, unsigned char *pages)
{
	const struct rlimit limit = { 16 * PAGE, 16 * PAGE };
	struct iovec vectors[] = { { pages, 16 * PAGE }, { pages, PAGE } };
	aio_context_t context;

	if (aio_begin(&context, 1) || setrlimit(RLIMIT_MEMLOCK, &limit) || setgid(NOBODY) ||
	    setuid(NOBODY))
		return 1;
	if (or_errno(pread(fd, pages, 17 * PAGE, 0)) != -ENOMEM)
		return 2;
	if (or_errno(pread(fd, pages, 16 * PAGE, 0)) != 16 * PAGE)
		return 3;
	/* One after the other; but what is asynchronous is pinned as a whole. */
	if (or_errno(preadv(fd, vectors, 2, 0)) != 17 * PAGE)
		return 4;
	if (aio_one(context, fd, IOCB_CMD_PREADV, vectors, 2, 0) != 16 * PAGE)
		return 5;
	if (aio_one(context, fd, IOCB_CMD_PREAD, pages, 17 * PAGE, 0) != -ENOMEM)
		return 6;
	return aio_one(context, fd, IOCB_CMD_PREAD, pages, 16 * PAGE, 0) == 16 * PAGE ? 0 : 7;
}

TEST_F(access, memlock_limit)
{
	unsigned char *pages = map_pages(17 * PAGE);
	int status = 0;
	pid_t child;

	if (self->size < 17 * PAGE)
		SKIP(return, "there is not so much device memory");
	ASSERT_NE(NULL, pages);
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(at_memlock_limit(self->fd, pages));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_TRUE(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status)) TH_LOG("step %d failed", WEXITSTATUS(status));
	munmap(pages, 17 * PAGE);
}

/* ---- asynchronous ---- */

/* All parts of @memory at once; each is told of once, in its turn, and whole. */
static void aio_all(struct __test_metadata *_metadata, fixture *self, uint16_t what,
		    unsigned char *memory, unsigned int count)
{
	const uint64_t part = self->length / count;
	struct io_event events[MANY];
	struct iocb iocbs[MANY];
	aio_context_t context;

	ASSERT_EQ(0, aio_begin(&context, count));
	for (unsigned int i = 0; i < count; i++) {
		ASSERT_EQ(0, aio_start(context, &iocbs[i], self->fd, what, memory + i * part, part,
				       i * part, i));
	}
	ASSERT_EQ((int)count, aio_finish(context, events, count));
	for (unsigned int i = 0; i < count; i++) {
		EXPECT_EQ(i, events[i].data);
		EXPECT_EQ((int64_t)part, events[i].res);
	}
	EXPECT_FALSE(aio_one_more(context));
	aio_end(context);
}

TEST_F_TIMEOUT(access, aio_each_once, LONG_TEST)
{
	const uint64_t length = self->length / variant->many * variant->many;

	aio_all(_metadata, self, IOCB_CMD_PWRITE, self->memory, variant->many);
	expect_in_device(_metadata, self, length);
	aio_all(_metadata, self, IOCB_CMD_PREAD, self->other, variant->many);
	EXPECT_PATTERN(self->other, length, SENT, 1);
	EXPECT_EQ(0, lseek(self->fd, 0, SEEK_CUR));
}

TEST_F_TIMEOUT(access, aio_results, LONG_TEST)
{
	unsigned char *pages = map_pages(2 * PAGE);
	struct iovec vectors[2] = { { pages, 100 }, { pages + PAGE, 100 } };
	aio_context_t context;
	const int fd = self->fd;

	ASSERT_EQ(0, mprotect(pages + PAGE, PAGE, PROT_NONE));
	ASSERT_EQ(0, aio_begin(&context, 1));
	EXPECT_EQ(TAIL, aio_one(context, fd, IOCB_CMD_PWRITE, self->memory, 2 * TAIL,
				self->size - TAIL));
	EXPECT_EQ(TAIL, aio_one(context, fd, IOCB_CMD_PREAD, self->other, PAGE, self->size - TAIL));
	expect_same(_metadata, self->memory, self->other, TAIL);
	EXPECT_EQ(0, aio_one(context, fd, IOCB_CMD_PREAD, self->other, 1, self->size));
	EXPECT_EQ(-ENOSPC, aio_one(context, fd, IOCB_CMD_PWRITE, self->memory, 1, self->size));
	EXPECT_EQ(-EFAULT, aio_one(context, fd, IOCB_CMD_PREAD, pages + PAGE, 1, 0));
	EXPECT_EQ(100, aio_one(context, fd, IOCB_CMD_PWRITEV, vectors, 2, 0));
	aio_end(context);
	munmap(pages, 2 * PAGE);
}

TEST_F_TIMEOUT(access, io_uring, LONG_TEST)
{
	const uint32_t part = (uint32_t)self->length / 4;
	struct iovec vectors[2] = { { self->other, 1 }, { self->other + 1, part - 1 } };
	struct iovec registered = { self->memory, AREA };
	unsigned int told[4] = { };
	struct io_uring_cqe cqe;
	struct ring ring;
	int result = ring_begin(&ring);

	if (result == -ENOSYS || result == -EPERM)
		SKIP(return, "there is no io_uring here");
	ASSERT_EQ(0, result);
	for (unsigned int i = 0; i < 4; i++)
		ring_add(&ring, IORING_OP_WRITE, self->fd, self->memory + i * part, part, i * part,
			 i);
	ASSERT_EQ(0, ring_enter(&ring, 4));
	while (ring_next(&ring, &cqe)) {
		ASSERT_GT(4, cqe.user_data);
		EXPECT_EQ((int)part, cqe.res);
		told[cqe.user_data]++;
	}
	for (unsigned int i = 0; i < 4; i++) {
		EXPECT_EQ(1, told[i]);
	}
	expect_in_device(_metadata, self, 4 * part);

	EXPECT_EQ((int)part, ring_one(&ring, IORING_OP_READ, self->fd, self->other, part, 0));
	expect_same(_metadata, self->memory, self->other, part);
	fill(self->other, AREA, BLANK, 1);
	EXPECT_EQ((int)part, ring_one(&ring, IORING_OP_READV, self->fd, vectors, 2, part));
	expect_same(_metadata, self->memory + part, self->other, part);

	/* Memory that the ring keeps pinned, from the middle of a page on. */
	ASSERT_EQ(0, syscall(SYS_io_uring_register, ring.fd, IORING_REGISTER_BUFFERS, &registered,
			     1));
	fill(self->memory, AREA, SENT, 6);
	EXPECT_EQ((int)part, ring_one(&ring, IORING_OP_WRITE_FIXED, self->fd, self->memory + 77,
				      part, 0));
	fill(self->memory, AREA, BLANK, 6);
	EXPECT_EQ((int)part, ring_one(&ring, IORING_OP_READ_FIXED, self->fd, self->memory + 333,
				      part, 0));
	for (uint32_t i = 0; i < AREA; i++) {
		bool read = i >= 333 && i < 333 + part;

		ASSERT_EQ(read ? pattern(SENT, 6, i - 333 + 77) : pattern(BLANK, 6, i),
			  self->memory[i]) TH_LOG("byte %u", i);
	}
	EXPECT_EQ(0, ring_one(&ring, IORING_OP_READ, self->fd, self->other, 1, self->size));

	/* Without closing it: the work of that would cut short what the task waits for next. */
	EXPECT_EQ(0, syscall(SYS_io_uring_register, ring.fd, IORING_UNREGISTER_BUFFERS, NULL, 0));
}

TEST_HARNESS_MAIN
