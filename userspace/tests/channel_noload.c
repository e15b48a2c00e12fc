// SPDX-License-Identifier: GPL-2.0-only
/*
 * Channels: what a DMA controller copies to its device memory comes back as it was,
 * whatever the length, the offset, the cut and the order, on one reservation. And who
 * has the channel while others want it.
 *
 * Loads and unloads the modules itself.
 */
#include <pthread.h>
#include <sys/stat.h>

#include "channel.h"

#define BATCH	16u
#define MEBIBYTE	(UINT64_C(1) << 20)

FIXTURE(channel)
{
	struct channel channel;
	struct dmabay *bay;
	uint64_t alignment;
	uint64_t memory;
};

FIXTURE_VARIANT(channel)
{
	const char *driver;
};

FIXTURE_VARIANT_ADD(channel, test_engine)
{
	.driver = TEST_ENGINE,
};

FIXTURE_VARIANT_ADD(channel, sifive)
{
	.driver = SIFIVE,
};

FIXTURE_SETUP(channel)
{
	LOAD_CHANNEL(&self->channel, variant->driver, "memory=1 max_length=65536");
	self->bay = self->channel.bay;
	self->alignment = self->channel.info.alignment;
	self->memory = self->channel.info.device_memory;
}

FIXTURE_TEARDOWN(channel)
{
	dmabay_close(self->bay);
	EXPECT_NOTHING_LEFT(self->channel.path);
	EXPECT_EQ(0, unload_channel(&self->channel));
}

typedef FIXTURE_DATA(channel) fixture;

TEST_F(channel, what_it_says)
{
	const struct dmabay_info *info = &self->channel.info;

	EXPECT_STREQ("dmabay_dmaengine", (const char *)info->driver);
	EXPECT_STREQ(self->channel.name, (const char *)info->bus);
	EXPECT_EQ(DMABAY_INFO_FROM_DEVICE | DMABAY_INFO_TO_DEVICE | DMABAY_INFO_EXCLUSIVE,
		  info->flags);
	EXPECT_EQ(MEBIBYTE, info->device_memory);
	EXPECT_EQ(65536, info->max_length);
	EXPECT_EQ(4, info->alignment);
	EXPECT_EQ(info->map_registers, info->map_registers_free);
	EXPECT_EQ(0, info->waiters);
}

/* ---- bytes ---- */

/* This program, as long as it fits, rounded down to what can be transferred. */
static unsigned char *read_program(uint64_t *length, uint64_t alignment)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	unsigned char *memory = map_pages(*length);
	uint64_t done = 0;
	ssize_t part = 1;

	while (fd >= 0 && memory && done < *length && part > 0) {
		part = read(fd, memory + done, *length - done);
		done += part > 0 ? (uint64_t)part : 0;
	}
	if (fd >= 0)
		close(fd);
	*length = done - done % alignment;
	return memory;
}

/* A file's bytes go to the device and come back to other memory, on one reservation. */
TEST_F_TIMEOUT(channel, a_file, LONG_TEST)
{
	struct dmabay_copy copy = { .depth = DEPTH, .chunk = 40000 };
	uint64_t length = self->memory;
	unsigned char *from = read_program(&length, self->alignment), *to = map_pages(self->memory);
	unsigned char *original = read_program(&length, self->alignment);
	struct dmabay_counters before, after;
	uint32_t from_buffer, to_buffer;

	ASSERT_NE(NULL, from);
	ASSERT_NE(NULL, to);
	ASSERT_NE(NULL, original);
	ASSERT_LT(100000, length);
	ASSERT_EQ(0, dmabay_register(self->bay, from, length, DMABAY_REGISTER_READ_ONLY,
				     &from_buffer));
	ASSERT_EQ(0, dmabay_register(self->bay, to, length, 0, &to_buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 8, DEPTH, 0, &copy.reservation));
	ASSERT_EQ(0, dmabay_counters(self->bay, &before));

	copy.length = length;
	copy.buffer = from_buffer;
	copy.direction = DMABAY_TO_DEVICE;
	EXPECT_EQ(0, dmabay_copy(self->bay, &copy));
	copy.buffer = to_buffer;
	copy.direction = DMABAY_FROM_DEVICE;
	EXPECT_EQ(0, dmabay_copy(self->bay, &copy));
	EXPECT_EQ(0, memcmp(original, to, length));

	ASSERT_EQ(0, dmabay_counters(self->bay, &after));
	EXPECT_EQ(before.bytes + 2 * length, after.bytes);
	EXPECT_EQ(before.errors, after.errors);
	EXPECT_EQ(before.timeouts, after.timeouts);
	munmap(original, length);
	munmap(from, self->memory);
	munmap(to, self->memory);
}

/* @skew: bytes into a page; @at: bytes into the device's memory. */
static void there_and_back(struct __test_metadata *_metadata, fixture *self, uint32_t reservation,
			   uint64_t skew, uint64_t length, uint64_t at)
{
	uint64_t whole = skew + length + PAGE;
	unsigned char *memory = map_pages(whole);
	uint32_t buffer;

	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, dmabay_register(self->bay, memory, whole, 0, &buffer));
	fill(memory + skew, length, SENT, at);
	EXPECT_EQ(0, transfer_wait(self->bay, reservation, buffer, skew, length, at,
				   DMABAY_TO_DEVICE));
	fill(memory, whole, BLANK, at);
	EXPECT_EQ(0, transfer_wait(self->bay, reservation, buffer, skew, length, at,
				   DMABAY_FROM_DEVICE));
	EXPECT_PATTERN(memory + skew, length, SENT, at);
	/* Beside it nothing was touched. */
	EXPECT_PATTERN_BETWEEN(memory, 0, skew, BLANK, at);
	EXPECT_PATTERN_BETWEEN(memory, skew + length, whole, BLANK, at);
	EXPECT_EQ(0, dmabay_unregister(self->bay, buffer));
	munmap(memory, whole);
}

static void sizes(struct __test_metadata *_metadata, fixture *self, uint32_t map_registers)
{
	const uint64_t lengths[] = { 4, 64, 1000, PAGE - 4, PAGE, PAGE + 4, 3 * PAGE, 70000 };
	const uint64_t skews[] = { 0, 4, 2048, PAGE - 4 };
	uint32_t reservation;

	ASSERT_EQ(0, dmabay_reserve(self->bay, map_registers, 1, 0, &reservation));
	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(skews); j++) {
			there_and_back(_metadata, self, reservation, skews[j], lengths[i],
				       (i * 4 + j) * 52);
		}
	}
	there_and_back(_metadata, self, reservation, 0, 4, self->memory - 4);
	there_and_back(_metadata, self, reservation, PAGE - 4, PAGE, self->memory - PAGE);
	EXPECT_EQ(0, dmabay_free(self->bay, reservation));
}

TEST_F_TIMEOUT(channel, sizes, LONG_TEST)
{
	sizes(_metadata, self, self->channel.info.map_registers);
}

/* What needs more map registers than the reservation has is cut. */
TEST_F_TIMEOUT(channel, sizes_cut_at_each_page, LONG_TEST)
{
	sizes(_metadata, self, 1);
}

/* Each part of the device's memory is where it was put, and no other part is changed. */
TEST_F_TIMEOUT(channel, device_addresses, LONG_TEST)
{
	unsigned char *from = map_pages(self->memory), *to = map_pages(self->memory);
	uint32_t from_buffer, to_buffer, reservation;

	ASSERT_NE(NULL, from);
	ASSERT_NE(NULL, to);
	fill(from, self->memory, SENT, 1);
	ASSERT_EQ(0, dmabay_register(self->bay, from, self->memory, 0, &from_buffer));
	ASSERT_EQ(0, dmabay_register(self->bay, to, self->memory, 0, &to_buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 16, 1, 0, &reservation));
	EXPECT_EQ(0, transfer_wait(self->bay, reservation, from_buffer, 0, self->memory, 0,
				   DMABAY_TO_DEVICE));
	for (uint64_t i = 0; i < BATCH; i++) {
		uint64_t at = self->memory / BATCH * i + 252 * i;

		fill(from + at, 5000, SENT, 2 + i);
		EXPECT_EQ(0, transfer_wait(self->bay, reservation, from_buffer, at, 5000, at,
					   DMABAY_TO_DEVICE));
	}
	EXPECT_EQ(0, transfer_wait(self->bay, reservation, to_buffer, 0, self->memory, 0,
				   DMABAY_FROM_DEVICE));
	EXPECT_EQ(0, memcmp(from, to, self->memory));
	munmap(from, self->memory);
	munmap(to, self->memory);
}

/* Sixteen transfers in one call, in their order: the last is what stays. */
TEST_F_TIMEOUT(channel, batch, LONG_TEST)
{
	struct dmabay_completion completions[BATCH];
	struct dmabay_transfer transfers[BATCH];
	unsigned char *memory = map_pages(BATCH * PAGE);
	uint32_t buffer, reservation, completed = 0;

	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, dmabay_register(self->bay, memory, BATCH * PAGE, 0, &buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 2, BATCH, 0, &reservation));
	memset(transfers, 0, sizeof(transfers));
	for (uint32_t i = 0; i < BATCH; i++) {
		fill(memory + i * PAGE, PAGE, SENT, i);
		transfers[i].reservation = reservation;
		transfers[i].buffer = buffer;
		transfers[i].offset = i * PAGE;
		transfers[i].length = PAGE;
		transfers[i].direction = DMABAY_TO_DEVICE;
		transfers[i].cookie = i;
	}
	ASSERT_EQ((int)BATCH, dmabay_submit(self->bay, transfers, BATCH, completions, BATCH, BATCH,
					    dmabay_deadline(PATIENCE), &completed));
	ASSERT_EQ(BATCH, completed);
	for (uint32_t i = 0; i < BATCH; i++) {
		EXPECT_EQ(i, completions[i].cookie);
		EXPECT_EQ(0, completions[i].status);
		EXPECT_EQ(PAGE, completions[i].length);
	}
	EXPECT_EQ(0, transfer_wait(self->bay, reservation, buffer, 0, PAGE, 0, DMABAY_FROM_DEVICE));
	EXPECT_PATTERN(memory, PAGE, SENT, BATCH - 1);
	munmap(memory, BATCH * PAGE);
}

/* Longer than one piece, of memory that nobody has registered. */
TEST_F_TIMEOUT(channel, once, LONG_TEST)
{
	uint64_t length = 3 * 65536 + 12;
	unsigned char *memory = map_pages(length);

	ASSERT_NE(NULL, memory);
	fill(memory, length, SENT, 1);
	EXPECT_EQ((int64_t)length, dmabay_once(self->bay, memory, length, 8, DMABAY_TO_DEVICE));
	fill(memory, length, BLANK, 1);
	EXPECT_EQ((int64_t)length, dmabay_once(self->bay, memory, length, 8, DMABAY_FROM_DEVICE));
	EXPECT_PATTERN(memory, length, SENT, 1);
	munmap(memory, length);
}

/* ---- the command ---- */

/* The exit status of a child, -1 if it was killed. */
static int status_of(pid_t child)
{
	int status;

	if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

/* Runs it, with what it says in a file. Returns its exit status, -1 if it died. */
static int run_command(char *const arguments[], const char *said)
{
	pid_t child = fork();

	if (!child) {
		if (freopen(said, "w", stderr) && dup2(STDERR_FILENO, STDOUT_FILENO) >= 0)
			execvp(arguments[0], arguments);
		_exit(127);
	}
	return status_of(child);
}

static unsigned char *map_file(const char *path, uint64_t *length)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	void *memory = MAP_FAILED;

	if (fd < 0)
		return NULL;
	if (!fstat(fd, &status)) {
		*length = (uint64_t)status.st_size;
		memory = mmap(NULL, *length, PROT_READ, MAP_PRIVATE, fd, 0);
	}
	close(fd);
	return memory == MAP_FAILED ? NULL : memory;
}

/* A file through the device, by the command, which tells how far it is. */
TEST_F_TIMEOUT(channel, copied_by_the_command, LONG_TEST)
{
	char from[] = "/tmp/channel.from", to[] = "/tmp/channel.to", said[] = "/tmp/channel.said";
	char *const arguments[] = {
		(char []){ "dmabay" }, (char []){ "copy" }, (char []){ "--roundtrip" },
		(char []){ "--verify" }, (char []){ "--progress" }, (char []){ "--chunk=64K" },
		from, to, strrchr(self->channel.path, '/') + 1, NULL,
	};
	uint64_t length = self->memory, copied = 0, text_length = 0;
	unsigned char *program = read_program(&length, self->alignment), *copy, *text;
	struct dmabay_counters before, after;
	FILE *file = fopen(from, "we");
	int status;

	ASSERT_NE(NULL, program);
	ASSERT_NE(NULL, file);
	ASSERT_EQ(1, fwrite(program, length, 1, file));
	ASSERT_EQ(0, fclose(file));
	ASSERT_EQ(0, dmabay_counters(self->bay, &before));
	status = run_command(arguments, said);
	if (status == 127)
		SKIP(return, "there is no dmabay command here");
	EXPECT_EQ(0, status);

	copy = map_file(to, &copied);
	ASSERT_NE(NULL, copy);
	ASSERT_EQ(length, copied);
	EXPECT_EQ(0, memcmp(program, copy, length));
	text = map_file(said, &text_length);
	ASSERT_NE(NULL, text);
	EXPECT_NE(NULL, memmem(text, text_length, "100 %", 5));
	ASSERT_EQ(0, dmabay_counters(self->bay, &after));
	EXPECT_EQ(before.bytes + 2 * length, after.bytes);
	munmap(copy, copied);
	munmap(text, text_length);
	munmap(program, self->memory);
	unlink(from);
	unlink(to);
	unlink(said);
}

/* ---- what is refused ---- */

struct refusal {
	int expected;
	uint64_t offset;
	uint64_t length;
	uint64_t device_address;
	uint32_t direction;
};

TEST_F(channel, bad_arguments)
{
	const struct refusal refusals[] = {
		{ -EINVAL, 2, 64, 0, DMABAY_TO_DEVICE },
		{ -EINVAL, 0, 63, 0, DMABAY_TO_DEVICE },
		{ -EINVAL, 0, 64, 1, DMABAY_TO_DEVICE },
		{ -EINVAL, 0, 0, 0, DMABAY_TO_DEVICE },
		{ -EINVAL, 0, 64, 0, 2 },
		{ -ERANGE, PAGE - 60, 64, 0, DMABAY_TO_DEVICE },
		{ -ERANGE, 0, 64, self->memory - 60, DMABAY_TO_DEVICE },
		{ -ERANGE, 0, 64, self->memory, DMABAY_TO_DEVICE },
		{ -EOVERFLOW, 0, 64, UINT64_MAX - 3, DMABAY_TO_DEVICE },
		{ -EACCES, 0, 64, 0, DMABAY_FROM_DEVICE },
	};
	unsigned char *memory = map_pages(PAGE);
	uint32_t buffer, unaligned, reservation;

	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, dmabay_register(self->bay, memory, PAGE, DMABAY_REGISTER_READ_ONLY, &buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 1, 1, 0, &reservation));
	for (size_t i = 0; i < ARRAY_SIZE(refusals); i++) {
		const struct refusal *refusal = &refusals[i];

		EXPECT_EQ(refusal->expected, transfer_wait(self->bay, reservation, buffer,
							   refusal->offset, refusal->length,
							   refusal->device_address,
							   refusal->direction))
			TH_LOG("number %zu", i);
	}
	EXPECT_EQ(-EINVAL, dmabay_register(self->bay, memory + 2, 64, 0, &unaligned));
	EXPECT_EQ(-EINVAL, dmabay_once(self->bay, memory + 2, 64, 0, DMABAY_TO_DEVICE));
	EXPECT_EQ(-EINVAL, dmabay_once(self->bay, memory, 63, 0, DMABAY_TO_DEVICE));
	EXPECT_EQ(-ERANGE, dmabay_once(self->bay, memory, 64, self->memory, DMABAY_TO_DEVICE));

	/* Nothing of it was started, and the channel works. */
	EXPECT_EQ(0, transfer_wait(self->bay, reservation, buffer, 0, 64, 0, DMABAY_TO_DEVICE));
	munmap(memory, PAGE);
}

/* ---- whose turn it is ---- */

/* A process of its own that reserves, transfers, and ends. */
static pid_t send_reserver(const struct channel *channel)
{
	pid_t child = fork();
	struct job job;

	if (!child)
		_exit(prepare_job(&job, channel, PAGE) || run_job(&job, DMABAY_TO_DEVICE) ? 1 : 0);
	return child;
}

/* The rest of the map registers is free, but there is one channel. */
TEST_F_TIMEOUT(channel, one_reservation_at_a_time, LONG_TEST)
{
	uint32_t first, second;
	struct dmabay *impatient;
	pid_t child;

	ASSERT_LT(1, self->channel.info.map_registers);
	ASSERT_EQ(0, dmabay_reserve(self->bay, 1, 1, 0, &first));
	EXPECT_EQ(-EAGAIN, dmabay_reserve(self->bay, 1, 1, DMABAY_RESERVE_IMMEDIATE, &second));
	ASSERT_EQ(0, dmabay_open(&impatient, self->channel.path, O_RDWR | O_NONBLOCK));
	EXPECT_EQ(-EAGAIN, dmabay_reserve(impatient, 1, 1, 0, &second));
	EXPECT_EQ(-EAGAIN, dmabay_once(impatient, self, 64, 0, DMABAY_TO_DEVICE));

	child = send_reserver(&self->channel);
	ASSERT_LE(0, child);
	EXPECT_TRUE(saw_waiters(self->bay, 1));
	EXPECT_EQ(0, waitpid(child, NULL, WNOHANG));
	EXPECT_EQ(0, dmabay_free(self->bay, first));
	EXPECT_EQ(0, status_of(child));

	EXPECT_EQ(0, dmabay_reserve(impatient, 1, 1, 0, &second));
	dmabay_close(impatient);
}

static void do_nothing(int number)
{
	(void)number;
}

static void be_interrupted(void)
{
	struct sigaction action = { .sa_handler = do_nothing };

	sigaction(SIGUSR1, &action, NULL);
}

/* A signal takes the one who waits out of the line, and nobody else. */
TEST_F_TIMEOUT(channel, waiting_is_interruptible, LONG_TEST)
{
	uint32_t first, second;
	struct dmabay *other;
	pid_t child;

	ASSERT_EQ(0, dmabay_reserve(self->bay, 1, 1, 0, &first));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		be_interrupted();
		if (dmabay_open(&other, self->channel.path, O_RDWR))
			_exit(2);
		_exit(dmabay_reserve(other, 1, 1, 0, &second) == -EINTR ? 0 : 1);
	}
	EXPECT_TRUE(saw_waiters(self->bay, 1));
	EXPECT_EQ(0, kill(child, SIGUSR1));
	EXPECT_EQ(0, status_of(child));
	EXPECT_TRUE(saw_waiters(self->bay, 0));
	EXPECT_EQ(0, dmabay_free(self->bay, first));
	EXPECT_EQ(0, good_transfer(self->bay));
}

struct caller {
	struct dmabay *bay;
	unsigned char *memory;
	int64_t result;
};

static void *call_once(void *context)
{
	struct caller *caller = context;

	caller->result = dmabay_once(caller->bay, caller->memory, PAGE, 0, DMABAY_TO_DEVICE);
	return NULL;
}

/* ONCE needs the channel, too, and waits for whoever has it, even the same file. */
TEST_F_TIMEOUT(channel, once_beside_a_reservation, LONG_TEST)
{
	struct caller caller = { .bay = self->bay, .memory = map_pages(PAGE), .result = -EBADMSG };
	uint32_t reservation;
	pthread_t thread;

	be_interrupted();
	ASSERT_NE(NULL, caller.memory);
	ASSERT_EQ(0, dmabay_reserve(self->bay, 1, 1, 0, &reservation));

	ASSERT_EQ(0, pthread_create(&thread, NULL, call_once, &caller));
	EXPECT_TRUE(saw_waiters(self->bay, 1));
	EXPECT_EQ(0, pthread_kill(thread, SIGUSR1));
	pthread_join(thread, NULL);
	EXPECT_EQ(-EINTR, caller.result);
	EXPECT_TRUE(saw_waiters(self->bay, 0));

	EXPECT_EQ(-ETIMEDOUT, dmabay_once_until(self->bay, caller.memory, PAGE, 0,
						DMABAY_TO_DEVICE,
						dmabay_deadline(100 * MILLISECOND)));
	EXPECT_TRUE(saw_waiters(self->bay, 0));

	ASSERT_EQ(0, pthread_create(&thread, NULL, call_once, &caller));
	EXPECT_TRUE(saw_waiters(self->bay, 1));
	EXPECT_EQ(0, dmabay_free(self->bay, reservation));
	pthread_join(thread, NULL);
	EXPECT_EQ(PAGE, caller.result);
	munmap(caller.memory, PAGE);
}

TEST_HARNESS_MAIN
