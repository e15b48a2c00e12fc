// SPDX-License-Identifier: GPL-2.0-only
/*
 * "files" in debugfs: who has the device open, and what each one holds, waits for and
 * has under way; whatever names processes give themselves, and while files come and go.
 */
#include <pthread.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "dmabuf.h"

#define DEPTH		4u
#define TEXT		65536u
#define ROUNDS		300u
#define QUICK_ROUNDS	60u	/* with DMABAY_QUICK in the environment */

FIXTURE(files)
{
	char path[64];
	char listing[128];
	struct dmabay *bay;
	struct dmabay_info info;
	unsigned char *memory;
	char text[TEXT];
};

typedef FIXTURE_DATA(files) fixture;

FIXTURE_VARIANT(files)
{
	const char *driver;
};

FIXTURE_VARIANT_ADD(files, soft)
{
	.driver = "soft",
};

/* A tenth of a second for each transfer. */
FIXTURE_VARIANT_ADD(files, edu)
{
	.driver = "edu",
};

FIXTURE_SETUP(files)
{
	if (!find_node(variant->driver, self->path, sizeof(self->path)))
		SKIP(return, "there is no node of %s", variant->driver);
	snprintf(self->listing, sizeof(self->listing), "/sys/kernel/debug/dmabay/%s/files",
		 strrchr(self->path, '/') + 1);
	if (access(self->listing, F_OK))
		SKIP(return, "there is no debugfs");
	ASSERT_EQ(0, prctl(PR_SET_NAME, "two\nlines \033[2J"));
	ASSERT_EQ(0, dmabay_open(&self->bay, self->path, O_RDWR));
	ASSERT_EQ(0, dmabay_info(self->bay, &self->info));
	self->memory = map_pages(3 * PAGE);
	ASSERT_NE(NULL, self->memory);
}

FIXTURE_TEARDOWN(files)
{
	dmabay_close(self->bay);
	EXPECT_NOTHING_LEFT(self->path);
}

/* How many files there are; 0 too if a line is none of ours. */
static unsigned int list(fixture *self)
{
	FILE *file = fopen(self->listing, "re");
	unsigned int files = 0;
	size_t length;

	if (!file)
		return 0;
	length = fread(self->text, 1, TEXT - 1, file);
	fclose(file);
	self->text[length] = '\0';
	for (char *line = self->text; *line; line += strcspn(line, "\n") + 1) {
		if (!strncmp(line, "file: ", 6))
			files++;
		else if (strncmp(line, "reservation: ", 13))
			return 0;
	}
	return files;
}

/* Whether one line begins with this, and has that in it. */
static bool has_line(const fixture *self, const char *kind, const char *with)
{
	for (const char *line = self->text; *line; line += strcspn(line, "\n") + 1) {
		const char *found = strstr(line, with);

		if (!strncmp(line, kind, strlen(kind)) && found &&
		    found < line + strcspn(line, "\n"))
			return true;
	}
	return false;
}

#define EXPECT_LINE(self, kind, ...) do { \
	char _with[160]; \
	snprintf(_with, sizeof(_with), __VA_ARGS__); \
	EXPECT_TRUE(has_line(self, kind, _with)) \
		TH_LOG("no \"%s\" with \"%s\" in\n%s", kind, _with, (self)->text); \
} while (0)

static void submit(struct __test_metadata *_metadata, fixture *self, uint32_t reservation,
		   uint32_t buffer, unsigned int count)
{
	struct dmabay_transfer transfers[DEPTH];

	for (unsigned int i = 0; i < count; i++)
		transfers[i] = (struct dmabay_transfer){
			.reservation = reservation,
			.buffer = buffer,
			.length = about_a_page(&self->info),
			.direction = DMABAY_TO_DEVICE,
		};
	ASSERT_EQ((int)count, dmabay_submit(self->bay, transfers, count, NULL, 0, 0, 0, NULL));
}

TEST_F_TIMEOUT(files, who_holds_what, LONG_TEST)
{
	uint32_t buffer, one, two;
	struct stat status;
	int fd;

	ASSERT_EQ(1, list(self)) TH_LOG("%s", self->text);
	EXPECT_LINE(self, "file: ", "pid=%d buffers=0 imports=0 pages=0 unread=0 comm=two\\nlines \\e[2J",
		    getpid());

	ASSERT_EQ(0, dmabay_register(self->bay, self->memory, PAGE, 0, &buffer));
	ASSERT_EQ(0, dmabay_register(self->bay, self->memory + PAGE, 2 * PAGE, 0, &buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 2, DEPTH, 0, &one));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 3, 1, 0, &two));
	ASSERT_EQ(1, list(self));
	EXPECT_LINE(self, "file: ", " buffers=2 imports=0 pages=3 unread=0 ");
	EXPECT_LINE(self, "reservation: ",
		    "reservation=%u state=granted map_registers=2 depth=%u queued=0 running=0 ",
		    one, DEPTH);
	EXPECT_LINE(self, "reservation: ", "reservation=%u state=granted map_registers=3 depth=1 ",
		    two);

	submit(_metadata, self, one, buffer, DEPTH);
	if (!strcmp(variant->driver, "edu")) {
		ASSERT_EQ(1, list(self));
		EXPECT_LINE(self, "reservation: ", "queued=3 running=1 age_ms=");
	}
	for (unsigned int i = 0; i < DEPTH; i++) {
		struct pollfd ready = { .fd = dmabay_fd(self->bay), .events = POLLIN };
		struct dmabay_completion completion;

		ASSERT_EQ(1, poll(&ready, 1, (int)(PATIENCE / MILLISECOND)));
		ASSERT_EQ(1, list(self));
		EXPECT_FALSE(has_line(self, "file: ", " unread=0 "));
		ASSERT_EQ(1, dmabay_wait(self->bay, &completion, 1, 1, dmabay_deadline(PATIENCE)));
	}
	ASSERT_EQ(1, list(self));
	EXPECT_LINE(self, "file: ", " unread=0 ");
	EXPECT_LINE(self, "reservation: ", "queued=0 running=0");

	fd = strcmp(variant->driver, "soft") ? -ENODEV : new_from_heap(PAGE, O_RDWR);
	if (fd >= 0) {
		ASSERT_EQ(0, dmabay_import(self->bay, fd, 0, &buffer, NULL));
		ASSERT_EQ(1, list(self));
		EXPECT_LINE(self, "file: ", " buffers=3 imports=1 pages=3 unread=0 ");
		close(fd);
	}

	ASSERT_EQ(0, dmabay_free(self->bay, two));
	ASSERT_EQ(1, list(self));
	EXPECT_FALSE(has_line(self, "reservation: ", "map_registers=3"));
	ASSERT_EQ(0, stat(self->listing, &status));
	EXPECT_EQ(0400, status.st_mode & 07777);
}

struct in_line {
	pthread_t thread;
	struct dmabay *bay;
	uint32_t reservation;
	int result;
};

static void *wait_in_line(void *context)
{
	struct in_line *user = context;

	user->result = dmabay_reserve(user->bay, 1, 1, 0, &user->reservation);
	return NULL;
}

/* Another file waits for what this one has. */
TEST_F_TIMEOUT(files, who_waits, LONG_TEST)
{
	uint64_t end = dmabay_deadline(PATIENCE);
	struct in_line user = { };
	uint32_t all;

	ASSERT_EQ(0, dmabay_reserve(self->bay, self->info.map_registers, 1, 0, &all));
	ASSERT_EQ(0, dmabay_open(&user.bay, self->path, O_RDWR));
	ASSERT_EQ(0, pthread_create(&user.thread, NULL, wait_in_line, &user));
	do {
		ASSERT_EQ(2, list(self));
	} while (!has_line(self, "reservation: ", "state=waiting map_registers=1 ") &&
		 dmabay_deadline(0) < end);
	EXPECT_LINE(self, "reservation: ", "state=waiting map_registers=1 ");
	ASSERT_EQ(0, dmabay_free(self->bay, all));
	ASSERT_EQ(0, pthread_join(user.thread, NULL));
	EXPECT_EQ(0, user.result);
	ASSERT_EQ(2, list(self));
	EXPECT_LINE(self, "reservation: ", "state=granted map_registers=1 ");
	EXPECT_FALSE(has_line(self, "reservation: ", "state=waiting"));
	dmabay_close(user.bay);
}

struct guest {
	pthread_t thread;
	const char *path;
	unsigned char *memory;
	bool stop;
	unsigned int rounds;
	int result;
};

/* All that can be listed comes and goes. */
static void *come_and_go(void *context)
{
	struct guest *guest = context;
	uint32_t buffer, reservation;
	struct dmabay *bay;

	while (!__atomic_load_n(&guest->stop, __ATOMIC_ACQUIRE) && !guest->result) {
		guest->result = dmabay_open(&bay, guest->path, O_RDWR);
		if (guest->result)
			break;
		guest->result = dmabay_register(bay, guest->memory, PAGE, 0, &buffer);
		if (!guest->result)
			guest->result = dmabay_reserve(bay, 1, 2, 0, &reservation);
		if (!guest->result && guest->rounds % 2)
			guest->result = dmabay_free(bay, reservation);
		if (!guest->result && guest->rounds % 3)
			guest->result = dmabay_unregister(bay, buffer);
		dmabay_close(bay);
		__atomic_add_fetch(&guest->rounds, 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

TEST_F_TIMEOUT(files, while_they_come_and_go, LONG_TEST)
{
	unsigned int rounds = getenv("DMABAY_QUICK") ? QUICK_ROUNDS : ROUNDS, seen = 0;
	struct guest guest = { .path = self->path, .memory = self->memory };
	uint64_t end = dmabay_deadline(PATIENCE);
	unsigned int files = 1;

	ASSERT_EQ(0, pthread_create(&guest.thread, NULL, come_and_go, &guest));
	for (unsigned int i = 0; (i < rounds || !seen) && files && dmabay_deadline(0) < end; i++) {
		files = list(self);
		seen += has_line(self, "reservation: ", "map_registers=1 ");
	}
	__atomic_store_n(&guest.stop, true, __ATOMIC_RELEASE);
	ASSERT_EQ(0, pthread_join(guest.thread, NULL));
	EXPECT_TRUE(files == 1 || files == 2) TH_LOG("%s", self->text);
	EXPECT_EQ(0, guest.result);
	EXPECT_LT(0, guest.rounds);
	EXPECT_LT(0, seen);
}

TEST_HARNESS_MAIN
