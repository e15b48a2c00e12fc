// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that was given back: when the user is told that a transfer is over, not one byte
 * comes any more, however late the device is, and whatever address it still has. And memory
 * that somebody else has used before has none of his bytes.
 *
 * Loads and unloads the modules itself.
 */
#include "lies.h"
#include "races.h"
#include "sysfs.h"

/* The longest that the device is late, and the steps. */
#define LATEST_MS	200u
#define STEP_MS		20u
#define QUICK_STEP_MS	50u	/* with DMABAY_QUICK in the environment */

/* What comes so much later, comes later. */
#define MARGIN_MS	10u

/* How long a user waits for the device. */
#define USER_MS		50u

/* What is written into memory that is one's own again. */
#define POISON		0x0bu

static unsigned int step_ms(void)
{
	return getenv("DMABAY_QUICK") ? QUICK_STEP_MS : STEP_MS;
}

static uint32_t hits(const unsigned char *memory)
{
	uint32_t count = 0;

	for (size_t at = 0; at < MOST; at++)
		count += memory[at] != POISON;
	return count;
}

/* One transfer into memory that is registered for it alone. Returns its status. */
static int receive_once(fixture *self, unsigned char *memory, uint64_t deadline)
{
	struct dmabay_transfer transfer = receive_into(self, 0, 0, 1);
	struct dmabay_completion completion;
	int result;

	result = dmabay_register(self->bay, memory, MOST, 0, &transfer.buffer);
	if (result)
		return result;
	transfer.deadline = deadline;
	result = dmabay_submit(self->bay, &transfer, 1, NULL, 0, 0, 0, NULL);
	if (result == 1)
		result = dmabay_wait(self->bay, &completion, 1, 1, dmabay_deadline(PATIENCE));
	if (result != 1)
		return result < 0 ? result : -EBADMSG;
	result = dmabay_unregister(self->bay, transfer.buffer);
	return result ? result : completion.status;
}

static int receive_unregistered(fixture *self, unsigned char *memory, uint64_t deadline)
{
	int64_t result = dmabay_once_until(self->bay, memory, self->length, PLACE,
					   DMABAY_FROM_DEVICE, deadline);

	return result < 0 ? (int)result : 0;
}

struct lateness {
	uint32_t completions;
	uint32_t hits;
};

/* @after: so long after its end, in ms, a byte might come. */
static void expect_none_later(struct __test_metadata *_metadata, unsigned char *memory,
			      unsigned int after, struct lateness *lateness)
{
	memset(memory, POISON, MOST);
	pause_for((after + 2 * MARGIN_MS) * MILLISECOND);
	lateness->completions++;
	lateness->hits += hits(memory);
	EXPECT_EQ(0, hits(memory)) TH_LOG("%u ms late", after);
}

/*
 * Either it was reset, before it moved the bytes or in the moment after that; or it was in
 * time, as a busy machine may have it.
 */
static bool is_reset(struct __test_metadata *_metadata, const fixture *self, int status)
{
	EXPECT_TRUE(!status || status == -ETIMEDOUT) TH_LOG("status %d", status);
	if (!status || received(self->memory, MOST)) {
		EXPECT_EQ(self->length, received(self->memory, MOST));
	}
	return status;
}

/* Later than the driver waits: the device is reset. */
TEST_F_TIMEOUT(lies, later_than_the_driver_waits, LONG_TEST)
{
	struct lateness lateness = { 0 };
	struct dmabay_counters before, after;
	unsigned int resets = 0;

	ASSERT_EQ(0, write_parameter("timeout_ms", "20"));
	ASSERT_EQ(0, dmabay_counters(self->bay, &before));
	for (unsigned int late = 0; late <= LATEST_MS; late += step_ms()) {
		blank(self->memory, MOST);
		ASSERT_EQ(0, plan_value("late", 1, 20 + MARGIN_MS + late));
		resets += is_reset(_metadata, self, receive_once(self, self->memory, 0));
		expect_none_later(_metadata, self->memory, late, &lateness);
		blank(self->memory, MOST);
		ASSERT_EQ(0, plan_value("late", 1, 20 + MARGIN_MS + late));
		resets += is_reset(_metadata, self, receive_unregistered(self, self->memory, 0));
		expect_none_later(_metadata, self->memory, late, &lateness);
	}
	ASSERT_EQ(0, dmabay_counters(self->bay, &after));
	EXPECT_EQ(resets, after.timeouts - before.timeouts);
	/* Nor has it tried. */
	EXPECT_EQ(before.faults, after.faults);
	EXPECT_LT(0, resets);
	FIGURE("R06", "%u late completions, up to %u ms after the driver's time-out, %u resets, "
	       "%u poison hits", lateness.completions, LATEST_MS + MARGIN_MS, resets,
	       lateness.hits);
}

/* It was, however late; or, on a busy machine, it was too late to begin. */
static bool is_moved(struct __test_metadata *_metadata, const fixture *self, int status)
{
	EXPECT_TRUE(!status || status == -ETIMEDOUT) TH_LOG("status %d", status);
	EXPECT_EQ(status ? 0 : self->length, received(self->memory, MOST));
	return !status;
}

/* Later than the user waits: he is told when the device has let go of his memory. */
TEST_F_TIMEOUT(lies, later_than_the_deadline, LONG_TEST)
{
	struct lateness lateness = { 0 };
	unsigned int moved = 0;

	for (unsigned int late = 0; late <= LATEST_MS; late += step_ms()) {
		blank(self->memory, MOST);
		ASSERT_EQ(0, plan_value("late", 1, USER_MS + late));
		moved += is_moved(_metadata, self,
				  receive_once(self, self->memory,
					       dmabay_deadline(USER_MS * MILLISECOND)));
		expect_none_later(_metadata, self->memory, 0, &lateness);
		blank(self->memory, MOST);
		ASSERT_EQ(0, plan_value("late", 1, USER_MS + late));
		moved += is_moved(_metadata, self,
				  receive_unregistered(self, self->memory,
						       dmabay_deadline(USER_MS * MILLISECOND)));
		expect_none_later(_metadata, self->memory, 0, &lateness);
	}
	EXPECT_LT(0, moved);
	FIGURE("R06", "%u completions up to %u ms after the user's deadline, %u poison hits",
	       moved, LATEST_MS, lateness.hits);
}

/* ---- what only an IOMMU can keep from memory ---- */

#define TRANSLATED_OR_SKIP(self) do { \
	if (!(self)->translated || (self)->info.provider != DMABAY_INFO_PROVIDER_IOVA) \
		SKIP(return, "nothing but an IOMMU keeps such a device from memory"); \
} while (0)

/* It says that it is done, and moves the bytes when the memory is not its any more. */
TEST_F_TIMEOUT(lies, moved_after_the_end, LONG_TEST)
{
	struct lateness lateness = { 0 };
	uint64_t before = faults(self), end = dmabay_deadline(PATIENCE);
	unsigned int expected = 0;

	TRANSLATED_OR_SKIP(self);
	for (unsigned int late = 50; late <= LATEST_MS; late += step_ms()) {
		blank(self->memory, MOST);
		ASSERT_EQ(0, plan_value("early", 1, late));
		EXPECT_EQ(0, receive_once(self, self->memory, 0));
		/* A busy machine may give it back so late. */
		expected += !received(self->memory, MOST);
		expect_none_later(_metadata, self->memory, late, &lateness);
		blank(self->memory, MOST);
		ASSERT_EQ(0, plan_value("early", 1, late));
		EXPECT_EQ(0, receive_unregistered(self, self->memory, 0));
		expected += !received(self->memory, MOST);
		expect_none_later(_metadata, self->memory, late, &lateness);
	}
	while (faults(self) - before < expected && dmabay_deadline(0) < end)
		pause_for(MILLISECOND);
	EXPECT_EQ(expected, faults(self) - before);
	EXPECT_LT(0, expected);
	FIGURE("R06", "%u times moved up to %u ms after it was told to be done, %u poison hits",
	       lateness.completions, LATEST_MS, lateness.hits);
	FIGURE("R47", "%u accesses to memory given back, %" PRIu64 " faults, %" PRIu64
	       " unexpected", expected, faults(self) - before, faults(self) - before - expected);
}

/* An address that was linked, until its buffer was unregistered. */
TEST_F_TIMEOUT(lies, stale_address, LONG_TEST)
{
	unsigned char *memory = map_pages(MOST);
	uint64_t before = faults(self), wrong = 0;
	const uint32_t rounds = 50;
	uint32_t other;

	TRANSLATED_OR_SKIP(self);
	ASSERT_NE(NULL, memory);
	for (uint32_t i = 0; i < rounds; i++) {
		uint32_t direction = i % 2 ? DMABAY_TO_DEVICE : DMABAY_FROM_DEVICE;

		/* Linked, and so not where the other one was. */
		EXPECT_EQ(0, transfer_wait(self->bay, self->reservation, self->buffer, 0,
					   self->length, PLACE, DMABAY_FROM_DEVICE));
		ASSERT_EQ(0, dmabay_register(self->bay, memory, MOST, 0, &other));
		EXPECT_EQ(0, transfer_wait(self->bay, self->reservation, other, 0, self->length,
					   PLACE, DMABAY_FROM_DEVICE));
		ASSERT_EQ(0, dmabay_unregister(self->bay, other));
		memset(memory, POISON, MOST);
		blank(self->memory, MOST);
		ASSERT_EQ(0, plan("stale"));
		EXPECT_EQ(-EIO, transfer_wait(self->bay, self->reservation, self->buffer, 0,
					      self->length, PLACE, direction));
		EXPECT_EQ(i + 1, faults(self) - before);
		wrong += hits(memory);
		EXPECT_EQ(0, received(self->memory, MOST));
	}
	/* Nor has the device what was there. */
	EXPECT_EQ(0, transfer_wait(self->bay, self->reservation, self->buffer, 0, MOST, PLACE,
				   DMABAY_FROM_DEVICE));
	EXPECT_EQ(MOST, received(self->memory, MOST));
	EXPECT_EQ(0, wrong);
	FIGURE("R47", "%u accesses to a stale address, %" PRIu64 " faults, %" PRIu64
	       " bytes reached", rounds, faults(self) - before, wrong);
	munmap(memory, MOST);
}

/* ---- the bytes of others ---- */

static uint64_t bounced_bytes(const fixture *self)
{
	struct dmabay_counters counters = { 0 };

	dmabay_counters(self->bay, &counters);
	return counters.bounced_bytes;
}

/* Where nothing translates, only what is scattered is copied, and only if root wants it. */
static unsigned char *map_to_be_copied(const fixture *self)
{
	unsigned char *memory = map_pages(MOST);
	char path[128];
	int fd;

	attribute_path(self->path, "copied_below", path, sizeof(path));
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd >= 0) {
		if (write(fd, "4294967295", 10) != 10)
			fprintf(stderr, "# %s cannot be written\n", path);
		close(fd);
	}
	madvise(memory, MOST, MADV_NOHUGEPAGE);
	for (size_t at = MOST; at; at -= PAGE)
		memory[at - PAGE] = 1;
	return memory;
}

struct side {
	struct dmabay *bay;
	unsigned char *memory;
	uint32_t buffer;
	uint32_t reservation;
};

static int open_side(const fixture *self, struct side *side)
{
	int result = dmabay_open(&side->bay, self->path, O_RDWR);

	side->memory = map_to_be_copied(self);
	if (!result)
		result = dmabay_register(side->bay, side->memory, MOST, 0, &side->buffer);
	if (!result)
		result = dmabay_reserve(side->bay, 8, 2, 0, &side->reservation);
	return result;
}

static void close_side(struct side *side)
{
	dmabay_close(side->bay);
	munmap(side->memory, MOST);
}

/* What there may be: the user's own bytes, and the device's. */
struct known {
	unsigned char *own;
	unsigned char *devices;
};

/*
 * What is at an offset in memory and in the device is neither the device's nor the user's own.
 * Where the user is told that there are bytes, and the device has written none, are zeros.
 */
static uint32_t foreign(const struct side *side, const struct known *known, uint64_t offset,
			uint64_t length, uint64_t told)
{
	uint32_t count = 0;

	for (uint64_t at = 0; at < MOST; at++) {
		bool asked = at >= offset && at - offset < length;

		count += side->memory[at] != known->own[at] &&
			 !(asked && side->memory[at] == known->devices[at]) &&
			 !(asked && at - offset < told && !side->memory[at]);
	}
	return count;
}

/* One fills the pages that are copied by, the other one's device moves too little. */
TEST_F_TIMEOUT(lies, bytes_of_others, LONG_TEST)
{
	static const char *const kinds[] = {
		"half", "hollow", "nothing", "error", "more", "most", "never",
	};
	const uint32_t rounds = rounds_here(700);
	uint64_t before = bounced_bytes(self), looked_at = 0;
	struct dmabay_completion completion;
	struct dmabay_transfer wanted;
	struct known known = { map_pages(MOST), map_pages(MOST) };
	struct side sender, receiver;
	uint32_t wrong = 0;

	ASSERT_EQ(0, write_parameter("timeout_ms", "1"));
	ASSERT_EQ(0, open_side(self, &sender));
	ASSERT_EQ(0, open_side(self, &receiver));
	fill(sender.memory, MOST, SENT, 9);
	blank(known.own, MOST);
	fill(known.devices, MOST, SENT, 1);
	srandom(14);
	for (uint32_t i = 0; i < rounds; i++) {
		uint64_t offset = random_below(MOST - 1);
		uint64_t length = 1 + random_below(MOST - offset);

		EXPECT_EQ(0, transfer_wait(sender.bay, sender.reservation, sender.buffer, 0, MOST,
					   2 * PLACE, DMABAY_TO_DEVICE));
		blank(receiver.memory, MOST);
		ASSERT_EQ(0, plan(kinds[i % ARRAY_SIZE(kinds)]));
		wanted = (struct dmabay_transfer){
			.reservation = receiver.reservation, .buffer = receiver.buffer,
			.offset = offset, .length = length, .device_address = PLACE + offset,
			.direction = DMABAY_FROM_DEVICE,
		};
		ASSERT_EQ(1, dmabay_submit(receiver.bay, &wanted, 1, NULL, 0, 0, 0, NULL));
		ASSERT_EQ(1, dmabay_wait(receiver.bay, &completion, 1, 1,
					 dmabay_deadline(PATIENCE)));
		wrong += foreign(&receiver, &known, offset, length, completion.length);
		looked_at += MOST;
	}
	EXPECT_EQ(0, wrong);
	close_side(&sender);
	close_side(&receiver);
	munmap(known.own, MOST);
	munmap(known.devices, MOST);
	if (strstr(variant->parameters, "bounce")) {
		if (bounced_bytes(self) == before)
			SKIP(return, "no memory was copied");
		FIGURE("R14", "%u foreign bytes of %" PRIu64 " looked at, after %u transfers that "
		       "ended short or not at all, %" PRIu64 " bytes copied", wrong, looked_at,
		       rounds, bounced_bytes(self) - before);
	}
}

/* Who has the device after others does not find what they left in its memory. */
TEST_F_TIMEOUT(lies, memory_of_the_device, LONG_TEST)
{
	const size_t length = self->info.device_memory;
	unsigned char *memory = map_pages(length);
	size_t wrong = 0;

	ASSERT_NE(NULL, memory);
	fill(memory, length, SENT, 3);
	ASSERT_EQ((int64_t)length, dmabay_once(self->bay, memory, length, 0, DMABAY_TO_DEVICE));
	dmabay_close(self->bay);
	ASSERT_EQ(0, remove_soft());
	ASSERT_TRUE(load_and_open(_metadata, "soft", variant->parameters, &self->bay));
	ASSERT_EQ((int64_t)length, dmabay_once(self->bay, memory, length, 0, DMABAY_FROM_DEVICE));
	for (size_t at = 0; at < length; at++)
		wrong += memory[at] != 0;
	EXPECT_EQ(0, wrong);
	FIGURE("R14", "%zu foreign bytes of %zu in device memory that was given back", wrong,
	       length);
	munmap(memory, length);
}

TEST_HARNESS_MAIN
