// SPDX-License-Identifier: GPL-2.0-only
/*
 * An order: what is written to "cancel" in debugfs, by which root cancels transfers of
 * another process. Those it names end once, all others as if nothing had been said; and a
 * line that is no order does nothing.
 *
 * Loads and unloads the modules itself.
 */
#include <sys/stat.h>

#include "races.h"
#include "worker.h"

/* Of a piece: long enough for what a test does meanwhile. */
#define A_WHILE	1000u

static void debugfs_path(const fixture *self, const char *name, char *path, size_t size)
{
	snprintf(path, size, "/sys/kernel/debug/dmabay/%s/%s",
		 strrchr(dmabay_path(self->bay), '/') + 1, name);
}

/* The number of the file that was opened as the first, the second, ... of those there are. */
static uint64_t id_of_file(struct __test_metadata *_metadata, const fixture *self,
			    unsigned int which)
{
	uint64_t number = 0;
	char path[128], line[512];
	FILE *files;

	debugfs_path(self, "files", path, sizeof(path));
	files = fopen(path, "re");
	ASSERT_NE(NULL, files);
	while (fgets(line, sizeof(line), files))
		if (sscanf(line, "file: file=%" SCNu64, &number) == 1 && !which--)
			break;
	fclose(files);
	ASSERT_NE(0, number);
	return number;
}

static int open_orders(struct __test_metadata *_metadata, const fixture *self)
{
	char path[128];
	int fd;

	debugfs_path(self, "cancel", path, sizeof(path));
	fd = open(path, O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, fd);
	return fd;
}

/* So many bytes of a line. 0 or a negative errno. */
static int give(int fd, const char *line, size_t length)
{
	ssize_t written = write(fd, line, length);

	if (written < 0)
		return -errno;
	return (size_t)written == length ? 0 : -EMSGSIZE;
}

static int order(struct __test_metadata *_metadata, const fixture *self, const char *line,
		 size_t length)
{
	int fd = open_orders(_metadata, self), result = give(fd, line, length);
	char answer[64];

	/* Who is refused is told nothing else. */
	if (result) {
		EXPECT_EQ(0, read(fd, answer, sizeof(answer)));
	}
	close(fd);
	return result;
}

/* The answer to an order that another process gives. */
static void order_from_outside(struct __test_metadata *_metadata, const fixture *self,
			       const char *expected, const char *format, uint64_t a, uint64_t b,
			       uint64_t c)
{
	char line[128], answer[64] = "";
	int fd = open_orders(_metadata, self), status;
	pid_t child = send_child();

	ASSERT_LE(0, child);
	if (!child) {
		snprintf(line, sizeof(line), format, a, b, c);
		_exit(-give(fd, line, strlen(line)));
	}
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	EXPECT_LT(0, read(fd, answer, sizeof(answer) - 1));
	EXPECT_STREQ(expected, answer);
	/* One order, one answer. */
	EXPECT_EQ(-EBUSY, give(fd, "file=1", 6));
	close(fd);
}

/* It was stopped on the way: it has some pieces, and not all. */
static void expect_cut(struct __test_metadata *_metadata, const fixture *self, uint64_t slot)
{
	uint64_t length = expect_end(_metadata, self, slot, -ECANCELED);

	EXPECT_LE(PAGE, length);
	EXPECT_GT(LENGTH, length);
}

/* The same device, opened once more. */
static void open_other(struct __test_metadata *_metadata, const fixture *self, fixture *other)
{
	*other = *self;
	ASSERT_EQ(0, dmabay_open(&other->bay, dmabay_path(self->bay), O_RDWR));
	other->memory = map_pages(SLOTS * LENGTH);
	ASSERT_NE(NULL, other->memory);
	blank_slots(other);
	ASSERT_EQ(0, dmabay_register(other->bay, other->memory, SLOTS * LENGTH, 0, &other->buffer));
	ASSERT_EQ(0, dmabay_reserve(other->bay, 2, SLOTS, 0, &other->reservation));
}

static void close_other(fixture *other)
{
	dmabay_close(other->bay);
	munmap(other->memory, SLOTS * LENGTH);
}

/* All that one file has under way, and the other one's does not notice. */
TEST_F_TIMEOUT(worker, of_a_file, LONG_TEST)
{
	fixture other;

	open_other(_metadata, self, &other);
	set_delay(_metadata, A_WHILE);
	start_slots(_metadata, self, 3);
	start_slots(_metadata, &other, 2);
	order_from_outside(_metadata, self, "cancelled=2 running=1\n", "file=%" PRIu64 "\n",
			   id_of_file(_metadata, self, 0), 0, 0);
	EXPECT_EQ(0, expect_end(_metadata, self, 1, -ECANCELED));
	EXPECT_EQ(0, expect_end(_metadata, self, 2, -ECANCELED));
	set_delay(_metadata, 0);
	expect_cut(_metadata, self, 0);
	expect_no_more(_metadata, self);
	for (uint64_t slot = 0; slot < 2; slot++)
		EXPECT_EQ(LENGTH, expect_end(_metadata, &other, slot, 0));
	expect_no_more(_metadata, &other);
	close_other(&other);
}

/* Of two reservations with the same cookies one transfer is meant. */
TEST_F_TIMEOUT(worker, of_a_cookie, LONG_TEST)
{
	uint64_t file = id_of_file(_metadata, self, 0);
	struct dmabay_transfer same = into_slot(self, 3, LENGTH);
	uint32_t second;

	ASSERT_EQ(0, dmabay_reserve(self->bay, 2, 2, 0, &second));
	set_delay(_metadata, A_WHILE);
	start_slots(_metadata, self, 3);
	for (uint64_t cookie = 0; cookie < 2; cookie++) {
		same.cookie = cookie;
		same.reservation = second;
		submit(_metadata, self, &same);
	}
	order_from_outside(_metadata, self, "cancelled=1 running=0\n",
			   "cookie=%" PRIu64 " \t reservation=%" PRIu64 " file=%" PRIu64,
			   1, self->reservation, file);
	EXPECT_EQ(0, expect_end(_metadata, self, 1, -ECANCELED));
	order_from_outside(_metadata, self, "cancelled=1 running=0\n",
			   "file=%" PRIu64 " cookie=%" PRIu64, file, 2, 0);
	EXPECT_EQ(0, expect_end(_metadata, self, 2, -ECANCELED));
	expect_no_more(_metadata, self);

	/* One of the other reservation runs; the one that is left has not noticed anything. */
	order_from_outside(_metadata, self, "cancelled=1 running=1\n",
			   "file=%" PRIu64 " reservation=%" PRIu64, file, second, 0);
	set_delay(_metadata, 0);
	for (unsigned int left = 3; left; left--) {
		struct dmabay_completion completion;

		ASSERT_EQ(1, dmabay_wait(self->bay, &completion, 1, 1, dmabay_deadline(PATIENCE)));
		EXPECT_EQ(completion.reservation == second ? -ECANCELED : 0, completion.status);
	}
	expect_no_more(_metadata, self);
	EXPECT_EQ(0, dmabay_free(self->bay, second));
}

struct refusal {
	const char *format;	/* with the numbers of file and reservation */
	int error;
};

static const struct refusal refusals[] = {
	{ "", EINVAL },
	{ " \n", EINVAL },
	{ "file", EINVAL },
	{ "file=", EINVAL },
	{ "file=%1$" PRIu64 "x", EINVAL },
	{ "file=-1", EINVAL },
	{ "file=0x1", EINVAL },
	{ "file= %1$" PRIu64, EINVAL },
	{ "=%1$" PRIu64, EINVAL },
	{ "File=%1$" PRIu64, EINVAL },
	{ "file=18446744073709551616", EINVAL },
	{ "file=%1$" PRIu64 " file=%1$" PRIu64, EINVAL },
	{ "file=%1$" PRIu64 " reservation", EINVAL },
	{ "file=%1$" PRIu64 " cookie=", EINVAL },
	{ "file=%1$" PRIu64 " cookie=1,reservation=%2$" PRIu64, EINVAL },
	{ "file=%1$" PRIu64 " all=1", EINVAL },
	{ "reservation=%2$" PRIu64, EINVAL },
	{ "cookie=0", EINVAL },
	{ "file=0", ENOENT },
	{ "file=18446744073709551615", ENOENT },
	{ "file=%1$" PRIu64 " reservation=0", ENOENT },
	{ "file=%1$" PRIu64 " reservation=257", ENOENT },
	/* By 32 bits, that is the one there is. */
	{ "file=%1$" PRIu64 " reservation=4294967297", ENOENT },
	{ "file=%1$" PRIu64 " reservation=18446744073709551615", ENOENT },
	{ "file=%1$" PRIu64 " cookie=99", ENOENT },
	{ "file=%1$" PRIu64 " reservation=%2$" PRIu64 " cookie=99", ENOENT },
};

/* Lines of no known length: no end, too long, and one with a hole. */
static void give_shapes(struct __test_metadata *_metadata, const fixture *self, uint64_t file)
{
	char line[8192];
	int length = snprintf(line, sizeof(line), "file=%" PRIu64, file);

	EXPECT_EQ(-EINVAL, order(_metadata, self, line, (size_t)length + 1));
	line[length + 1] = 'x';
	EXPECT_EQ(-EINVAL, order(_metadata, self, line, (size_t)length + 2));
	memset(line + length, ' ', sizeof(line) - (size_t)length);
	EXPECT_EQ(-EINVAL, order(_metadata, self, line, 129));
	EXPECT_EQ(-EINVAL, order(_metadata, self, line, sizeof(line)));
	EXPECT_EQ(-EFAULT, order(_metadata, self, NULL, 16));
}

TEST_F_TIMEOUT(worker, refused, LONG_TEST)
{
	uint64_t file = id_of_file(_metadata, self, 0);
	char line[256];

	set_delay(_metadata, 50);
	start_slots(_metadata, self, 3);
	for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
		int length = snprintf(line, sizeof(line), refusals[i].format, file,
				      (uint64_t)self->reservation);

		EXPECT_EQ(-refusals[i].error, order(_metadata, self, line, (size_t)length))
			TH_LOG("\"%s\"", line);
	}
	give_shapes(_metadata, self, file);

	/* Nothing of it was done. */
	set_delay(_metadata, 0);
	for (uint64_t slot = 0; slot < 3; slot++)
		EXPECT_EQ(LENGTH, expect_end(_metadata, self, slot, 0));
	expect_no_more(_metadata, self);
	snprintf(line, sizeof(line), "file=%" PRIu64, file);
	EXPECT_EQ(-ENOENT, order(_metadata, self, line, strlen(line)));
}

/* It is root's, and ends with the device, whoever has it open. */
TEST_F_TIMEOUT(worker, removed_with_the_device, LONG_TEST)
{
	int fd = open_orders(_metadata, self);
	struct stat status;

	ASSERT_EQ(0, fstat(fd, &status));
	EXPECT_EQ(0600, status.st_mode & 07777);
	EXPECT_EQ(0, status.st_uid);
	ASSERT_EQ(0, remove_soft());
	EXPECT_EQ(-ENODEV, give(fd, "file=1", 6));
	close(fd);
	reload_worker(_metadata, self);
}

TEST_HARNESS_MAIN
