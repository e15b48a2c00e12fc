// SPDX-License-Identifier: GPL-2.0-only
/*
 * Resets: root resets the edu function while transfers are under way, and the port that it is
 * behind reports errors, after some of which the kernel resets it. The transfer that the engine
 * was at ends with EIO, and reaches no memory after that; those behind it run when it is over.
 *
 * DMABAY_ERRORS is yes if whoever made this machine injects an error for each line
 * DMABAY-ERROR in the kernel's log.
 *
 * Loads and unloads the modules itself.
 */
#include "removal.h"
#include "sites.h"

#define CYCLES		5u
#define QUICK_CYCLES	2u	/* with DMABAY_QUICK in the environment */
#define QUEUED		3u

/* An engine that nobody stops is done by then. */
#define ENGINE		(300 * MILLISECOND)

/* What is written into memory that is one's own again. */
#define POISON		0x0bu

FIXTURE(reset)
{
	struct dmabay *bay;
	unsigned char *memory;
	uint64_t length;
	uint32_t buffer;
	uint32_t reservation;
	uint64_t next;		/* cookie of a transfer to submit, of a completion to come */
	uint64_t expected;
	unsigned int ended;	/* transfers, by a reset */
	unsigned int whole;	/* all others */
};

FIXTURE_VARIANT(reset)
{
	const char *parameters;
};

FIXTURE_VARIANT_ADD(reset, message)
{
	.parameters = "msi=Y",
};

FIXTURE_VARIANT_ADD(reset, pin)
{
	.parameters = "msi=N",
};

static void path_of_function(char *path, size_t size, const char *file)
{
	snprintf(path, size, "/sys/bus/pci/devices/%s/%s", getenv("DMABAY_EDU"), file);
}

FIXTURE_SETUP(reset)
{
	struct dmabay_info info;

	if (!load_and_open(_metadata, "edu", variant->parameters, &self->bay))
		return;
	ASSERT_EQ(0, dmabay_info(self->bay, &info));
	self->length = about_a_page(&info);
	self->memory = map_pages(PAGE);
	ASSERT_NE(NULL, self->memory);
	fill(self->memory, self->length, SENT, 1);
	ASSERT_EQ(0, dmabay_register(self->bay, self->memory, PAGE, 0, &self->buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 2, QUEUED, 0, &self->reservation));
}

FIXTURE_TEARDOWN(reset)
{
	if (self->bay) {
		EXPECT_EQ(0, good_transfer(self->bay));
	}
	close_and_unload(_metadata, self->bay);
}

/* ---- what is under way ---- */

/* As many as there can be. */
static int submit_all(FIXTURE_DATA(reset) *self)
{
	struct dmabay_transfer transfer = {
		.reservation = self->reservation,
		.buffer = self->buffer,
		.length = self->length,
		.direction = DMABAY_TO_DEVICE,
	};
	int result = 1;

	while (self->next - self->expected < QUEUED && result == 1) {
		transfer.cookie = self->next;
		result = dmabay_submit(self->bay, &transfer, 1, NULL, 0, 0, 0, NULL);
		self->next += result == 1;
	}
	return result == 1 ? 0 : result;
}

/* The next completion: it is the oldest one's, and either all of it was moved or EIO. */
static int complete_one(FIXTURE_DATA(reset) *self)
{
	struct dmabay_completion completion;
	int result = dmabay_wait(self->bay, &completion, 1, 1, dmabay_deadline(PATIENCE));

	if (result != 1)
		return result < 0 ? result : -EBADMSG;
	if (completion.cookie != self->expected++)
		return -EBADMSG;
	self->ended += completion.status == -EIO;
	self->whole += !completion.status;
	if (completion.status)
		return completion.status != -EIO ? completion.status : completion.length ? -EPROTO : 0;
	return completion.length == self->length ? 0 : -EMSGSIZE;
}

static int complete_all(FIXTURE_DATA(reset) *self)
{
	int result = 0;

	while (self->expected != self->next && !result)
		result = complete_one(self);
	return result;
}

/* ---- somebody resets it ---- */

#define RESET_OR_SKIP(path) do { \
	path_of_function((path), sizeof(path), "reset"); \
	if (access((path), W_OK)) \
		SKIP(return, "nothing resets this function"); \
} while (0)

TEST_F_TIMEOUT(reset, under_way, LONG_TEST)
{
	const unsigned int cycles = repeated(CYCLES, QUICK_CYCLES);
	char path[128];

	RESET_OR_SKIP(path);
	for (unsigned int i = 0; i < cycles; i++) {
		ASSERT_EQ(0, submit_all(self));
		ASSERT_EQ(0, write_file(path, "1")) TH_LOG("cycle %u", i);
		ASSERT_EQ(0, complete_all(self)) TH_LOG("cycle %u", i);
		/* On a slow machine all may have ended before. */
		EXPECT_LE(self->ended, i + 1);
	}
	EXPECT_LT(0, self->ended);
	FIGURE("R45", "%s: %u resets under load, %u transfers ended by them, %u others whole",
	       variant->parameters, cycles, self->ended, self->whole);
	tell_count(cycles, "resets");
}

/* When it is told to have ended, the memory is the user's. */
TEST_F_TIMEOUT(reset, nothing_comes_later, LONG_TEST)
{
	struct dmabay_transfer transfer = {
		.reservation = self->reservation,
		.length = self->length,
		.direction = DMABAY_FROM_DEVICE,
	};
	unsigned char *memory = map_pages(PAGE);
	struct dmabay_completion completion;
	unsigned int hits = 0;
	char path[128];

	RESET_OR_SKIP(path);
	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, transfer_wait(self->bay, self->reservation, self->buffer, 0, self->length, 0,
				   DMABAY_TO_DEVICE));
	ASSERT_EQ(0, dmabay_register(self->bay, memory, PAGE, 0, &transfer.buffer));
	ASSERT_EQ(1, dmabay_submit(self->bay, &transfer, 1, NULL, 0, 0, 0, NULL));
	ASSERT_EQ(0, write_file(path, "1"));
	ASSERT_EQ(1, dmabay_wait(self->bay, &completion, 1, 1, dmabay_deadline(PATIENCE)));
	EXPECT_TRUE(!completion.status || completion.status == -EIO);
	ASSERT_EQ(0, dmabay_unregister(self->bay, transfer.buffer));
	memset(memory, POISON, PAGE);
	pause_for(ENGINE);
	for (unsigned int at = 0; at < PAGE; at++)
		hits += memory[at] != POISON;
	EXPECT_EQ(0, hits);
	FIGURE("R45", "%s: status %d, %u bytes came after it", variant->parameters,
	       completion.status, hits);
	munmap(memory, PAGE);
}

static int transfer_once(const FIXTURE_DATA(reset) *self)
{
	return transfer_wait(self->bay, self->reservation, self->buffer, 0, self->length, 0,
			     DMABAY_TO_DEVICE);
}

/* All registers read as ones, so the driver has given it up; a reset brings it back. */
TEST_F_TIMEOUT(reset, mends_what_was_given_up, LONG_TEST)
{
	char path[128];

	RESET_OR_SKIP(path);
	if (!sites_begin())
		SKIP(return, "this kernel has no fault injection");
	ASSERT_EQ(0, write_file(FAULTS "space", "0"));
	ASSERT_EQ(0, write_file(FAULTS "times", "1000000"));
	ASSERT_EQ(0, write_file(FAULTS "sites", "mmio"));
	EXPECT_EQ(-ENODEV, transfer_once(self));
	EXPECT_EQ(0, write_file(FAULTS "sites", ""));
	EXPECT_EQ(-ENODEV, transfer_once(self));
	ASSERT_EQ(0, write_file(path, "1"));
	EXPECT_EQ(0, transfer_once(self));
	FIGURE("R45", "%s: given up, reset, and used again", variant->parameters);
}

/* ---- errors of PCI Express ---- */

/* How many of that kind the port above has heard of; -1: it counts none. */
static int64_t errors_heard(const char *kind)
{
	char path[128], file[64];
	int64_t count;

	snprintf(file, sizeof(file), "../aer_rootport_total_err_%s", kind);
	path_of_function(path, sizeof(path), file);
	if (access(path, R_OK))
		return -1;
	count = file_number(path, "");
	return count;
}

/* Something is under way all the time, until it was hit. */
static void survive(struct __test_metadata *_metadata, FIXTURE_DATA(reset) *self,
		    const char *kind, const char *line)
{
	const unsigned int before = self->ended;
	uint64_t end = dmabay_deadline(3 * PATIENCE);
	int64_t heard = errors_heard(kind);

	ASSERT_EQ(0, submit_all(self));
	ASSERT_EQ(0, write_file("/dev/kmsg", line));
	while (self->ended == before && dmabay_deadline(0) < end) {
		ASSERT_EQ(0, complete_one(self)) TH_LOG("%s", line);
		ASSERT_EQ(0, submit_all(self)) TH_LOG("%s", line);
	}
	EXPECT_EQ(before + 1, self->ended) TH_LOG("%s", line);
	EXPECT_EQ(heard + 1, errors_heard(kind)) TH_LOG("%s", line);
	ASSERT_EQ(0, complete_all(self)) TH_LOG("%s", line);
	EXPECT_EQ(before + 1, self->ended) TH_LOG("%s", line);
}

TEST_F_TIMEOUT(reset, errors, LONG_TEST)
{
	const unsigned int cycles = repeated(CYCLES, QUICK_CYCLES);
	const char *injected = getenv("DMABAY_ERRORS");

	if (!injected || strcmp(injected, "yes"))
		SKIP(return, "nobody injects errors");
	if (errors_heard("fatal") < 0)
		SKIP(return, "this kernel does not hear of errors of PCI Express");
	for (unsigned int i = 0; i < cycles; i++) {
		survive(_metadata, self, "nonfatal", "DMABAY-ERROR COMP_TIME\n");
		survive(_metadata, self, "fatal", "DMABAY-ERROR DLP\n");
		ASSERT_EQ(0, good_transfer(self->bay));
	}
	FIGURE("R45", "%s: %u errors of PCI Express under load, half of them fatal: %u recoveries, "
	       "%u transfers ended, %u others whole", variant->parameters, 2 * cycles, self->ended,
	       self->ended, self->whole);
	tell_count(2 * cycles, "recoveries");
}

TEST_HARNESS_MAIN
