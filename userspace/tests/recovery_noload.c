// SPDX-License-Identifier: GPL-2.0-only
/*
 * Recovery: the edu device loses an interrupt, is reset when its time is up, and
 * works on; the transfer that was under way ends with ETIMEDOUT, those behind it
 * run. With a message signalled interrupt, and with a pin.
 *
 * Loads and unloads the modules itself.
 */
#include "dump.h"
#include "removal.h"

#define DEPTH	3u

/* As the parameters say: no transfer takes so long, and a deadline may come before it. */
#define TIMEOUT_MS	2000

FIXTURE(recovery)
{
	struct dmabay *bay;
	unsigned char *memory;
	uint64_t length;
	uint32_t buffer;
	uint32_t reservation;
	struct dump dump;
};

FIXTURE_VARIANT(recovery)
{
	const char *parameters;
};

FIXTURE_VARIANT_ADD(recovery, message)
{
	.parameters = "timeout_ms=2000 msi=Y",
};

FIXTURE_VARIANT_ADD(recovery, pin)
{
	.parameters = "timeout_ms=2000 msi=N",
};

FIXTURE_SETUP(recovery)
{
	struct dmabay_info info;

	if (!load_and_open(_metadata, "edu", variant->parameters, &self->bay))
		return;
	ASSERT_EQ(0, dmabay_info(self->bay, &info));
	self->length = about_a_page(&info);
	self->memory = map_pages(PAGE);
	ASSERT_NE(NULL, self->memory);
	ASSERT_EQ(0, dmabay_register(self->bay, self->memory, PAGE, 0, &self->buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 2, DEPTH, 0, &self->reservation));
}

FIXTURE_TEARDOWN(recovery)
{
	close_and_unload(_metadata, self->bay);
}

/* The driver's interrupts of that kind since boot, all processors together. */
static int64_t interrupts(bool message)
{
	FILE *file = fopen("/proc/interrupts", "re");
	int64_t sum = 0;
	char line[1024];

	while (file && fgets(line, sizeof(line), file)) {
		char *word = strchr(line, ':'), *end;

		if (!word || !strstr(line, "dmabay_edu") || !strstr(line, "MSI") == message)
			continue;
		for (word++; sum += strtoll(word, &end, 10), end != word; word = end)
			;
	}
	if (file)
		fclose(file);
	return sum;
}

static struct dmabay_transfer to_device(const FIXTURE_DATA(recovery) *self, uint64_t cookie)
{
	return (struct dmabay_transfer){
		.reservation = self->reservation,
		.buffer = self->buffer,
		.length = self->length,
		.direction = DMABAY_TO_DEVICE,
		.cookie = cookie,
	};
}

static bool lose_one(void)
{
	FILE *file = fopen("/sys/module/dmabay_edu/parameters/lose_interrupts", "we");

	if (!file)
		return false;
	fputs("1", file);
	return !fclose(file);
}

TEST_F_TIMEOUT(recovery, interrupt_of_this_kind, LONG_TEST)
{
	bool message = strstr(variant->parameters, "msi=Y");
	int64_t before = interrupts(message);

	fill(self->memory, self->length, SENT, 1);
	ASSERT_EQ(0, transfer_wait(self->bay, self->reservation, self->buffer, 0, self->length, 0,
				   DMABAY_TO_DEVICE));
	fill(self->memory, self->length, BLANK, 1);
	ASSERT_EQ(0, transfer_wait(self->bay, self->reservation, self->buffer, 0, self->length, 0,
				   DMABAY_FROM_DEVICE));
	EXPECT_PATTERN(self->memory, self->length, SENT, 1);
	EXPECT_LE(before + 2, interrupts(message));
	EXPECT_EQ(0, interrupts(!message));
}

TEST_F_TIMEOUT(recovery, lost_interrupt, LONG_TEST)
{
	struct dmabay_completion completions[DEPTH];
	struct dmabay_transfer transfers[DEPTH];
	struct dmabay_counters before, after;
	uint32_t completed = 0;

	fill(self->memory, self->length, SENT, 2);
	for (unsigned int i = 0; i < DEPTH; i++)
		transfers[i] = to_device(self, i);
	ASSERT_EQ(0, dmabay_counters(self->bay, &before));
	ASSERT_TRUE(lose_one());
	ASSERT_EQ((int)DEPTH, dmabay_submit(self->bay, transfers, DEPTH, completions, DEPTH, DEPTH,
					    dmabay_deadline(PATIENCE), &completed));
	ASSERT_EQ(DEPTH, completed);
	for (unsigned int i = 0; i < DEPTH; i++) {
		EXPECT_EQ(i, completions[i].cookie);
		EXPECT_EQ(i ? 0 : -ETIMEDOUT, completions[i].status);
		EXPECT_EQ(i ? self->length : 0, completions[i].length);
	}
	ASSERT_EQ(0, dmabay_counters(self->bay, &after));
	EXPECT_EQ(before.timeouts + 1, after.timeouts);
	EXPECT_EQ(before.errors + 1, after.errors);

	fill(self->memory, self->length, BLANK, 2);
	EXPECT_EQ(0, transfer_wait(self->bay, self->reservation, self->buffer, 0, self->length, 0,
				   DMABAY_FROM_DEVICE));
	EXPECT_PATTERN(self->memory, self->length, SENT, 2);
}

/* The dump says what the registers said: the engine was done, and nobody had heard. */
TEST_F_TIMEOUT(recovery, dump, LONG_TEST)
{
	struct dmabay_transfer transfer = to_device(self, 0x77);
	struct dmabay_completion completion;
	struct dump *dump = &self->dump;

	DUMPS_OR_SKIP();
	ASSERT_TRUE(dump_forget_all(dump));
	ASSERT_TRUE(lose_one());
	ASSERT_EQ(1, dmabay_submit(self->bay, &transfer, 1, NULL, 0, 0, 0, NULL));
	ASSERT_EQ(1, dmabay_wait(self->bay, &completion, 1, 1, dmabay_deadline(PATIENCE)));
	ASSERT_EQ(-ETIMEDOUT, completion.status);
	ASSERT_TRUE(dump_read(dump));
	EXPECT_STREQ("0x77", dump_value(dump, "transfer/cookie"));
	EXPECT_EQ(self->length, dump_number(dump, "transfer/length"));
	EXPECT_LE(TIMEOUT_MS, dump_number(dump, "transfer/age_ms"));
	EXPECT_STREQ("dmabay_edu", dump_value(dump, "driver_name"));
	EXPECT_EQ(0x010000ed, dump_number(dump, "edu/identity") & 0xff0000ff);
	EXPECT_EQ(dump_number(dump, "transfer/piece_length"), dump_number(dump, "edu/count"));
	EXPECT_EQ(0, dump_number(dump, "edu/command") & 1);
	EXPECT_EQ(NULL, dump_pointer(dump));
}

/*
 * A deadline does not reset a device: what it was given is its own until its own time is
 * up. Those behind that are not kept from ending.
 */
TEST_F_TIMEOUT(recovery, deadline_and_lost_interrupt, LONG_TEST)
{
	static const uint64_t order[DEPTH] = { 1, 0, 2 };
	struct dmabay_transfer transfers[DEPTH];
	struct dmabay_completion completion;
	struct dmabay_counters before, after;

	for (unsigned int i = 0; i < DEPTH; i++) {
		transfers[i] = to_device(self, i);
		if (i < 2)
			transfers[i].deadline = dmabay_deadline(SECOND);
	}
	ASSERT_EQ(0, dmabay_counters(self->bay, &before));
	ASSERT_TRUE(lose_one());
	ASSERT_EQ((int)DEPTH, dmabay_submit(self->bay, transfers, DEPTH, NULL, 0, 0, 0, NULL));
	for (unsigned int i = 0; i < DEPTH; i++) {
		ASSERT_EQ(1, dmabay_wait(self->bay, &completion, 1, 1, dmabay_deadline(PATIENCE)));
		EXPECT_EQ(order[i], completion.cookie);
		EXPECT_EQ(order[i] < 2 ? -ETIMEDOUT : 0, completion.status);
		EXPECT_EQ(order[i] < 2 ? 0 : self->length, completion.length);
	}
	EXPECT_EQ(-EAGAIN, dmabay_wait(self->bay, &completion, 1, 0, 0));
	ASSERT_EQ(0, dmabay_counters(self->bay, &after));
	EXPECT_EQ(before.timeouts + 1, after.timeouts);
}

TEST_HARNESS_MAIN
