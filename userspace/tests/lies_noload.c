// SPDX-License-Identifier: GPL-2.0-only
/*
 * Lies: whatever the device says or does, what the user is told is true or an error, others
 * are not harmed, what needs a reset is reset and leaves a dump, and the device works on.
 *
 * Two lies nobody can see through: that all was moved, when it was not yet (early) or never
 * (hollow). They are counted apart.
 *
 * Loads and unloads the modules itself.
 */
#include "lies.h"
#include "ring.h"
#include "uring.h"

/* ---- the ways to ask ---- */

/* What the user is told; a way that tells an errno alone says nothing of bytes. */
struct outcome {
	int status;
	uint64_t length;
	bool unharmed;	/* all others that came with it */
};

static struct outcome outcome_of(const struct dmabay_completion *completion)
{
	return (struct outcome){ completion->status, completion->length, true };
}

static struct outcome outcome_of_result(int64_t result)
{
	if (result < 0)
		return (struct outcome){ .status = (int)result, .unharmed = true };
	return (struct outcome){ .length = (uint64_t)result, .unharmed = true };
}

static struct outcome broken(int error)
{
	return (struct outcome){ .status = error };
}

/* As many as are asked for, as they ended. */
static int run_all(struct dmabay *bay, const struct dmabay_transfer *transfers, uint32_t count,
		   struct dmabay_completion *completions)
{
	uint64_t end = dmabay_deadline(PATIENCE);
	uint32_t completed = 0;
	int result;

	result = dmabay_submit(bay, transfers, count, completions, count, count, end, &completed);
	if (result != (int)count)
		return result < 0 ? result : -EBADMSG;
	while (completed < count) {
		result = dmabay_wait(bay, completions + completed, count - completed, 1, end);
		if (result < 0)
			return result;
		completed += (uint32_t)result;
	}
	return 0;
}

static struct outcome ask_one(fixture *self)
{
	struct dmabay_transfer transfer = receive_into(self, self->buffer, 0, 1);
	struct dmabay_completion completion;
	int result = run_all(self->bay, &transfer, 1, &completion);

	return result ? broken(result) : outcome_of(&completion);
}

/* The one in the middle, each into a buffer of its own. */
static struct outcome ask_three(fixture *self, uint32_t flags)
{
	struct dmabay_completion completions[3];
	struct dmabay_transfer transfers[3];
	struct outcome outcome;
	uint32_t reservation, others[2];
	unsigned char *memory[2];
	int result;

	if (dmabay_reserve(self->bay, 16, 8, flags, &reservation))
		return broken(-EBUSY);
	transfers[1] = receive_into(self, self->buffer, 0, 1);
	for (int i = 0; i < 2; i++) {
		memory[i] = map_pages(MOST);
		blank(memory[i], MOST);
		dmabay_register(self->bay, memory[i], MOST, 0, &others[i]);
		transfers[2 * i] = receive_into(self, others[i], 0, 2 * (uint64_t)i);
	}
	for (int i = 0; i < 3; i++)
		transfers[i].reservation = reservation;

	result = run_all(self->bay, transfers, 3, completions);
	outcome = result ? broken(result) : outcome_of(&completions[1]);
	for (uint64_t i = 0; i < 3 && !result; i++)
		if (completions[i].cookie != i)
			outcome.unharmed = false;
	for (int i = 0; i < 2; i++) {
		if (completions[2 * i].status || completions[2 * i].length != self->length ||
		    received(memory[i], MOST) != self->length ||
		    dmabay_unregister(self->bay, others[i]))
			outcome.unharmed = false;
		munmap(memory[i], MOST);
	}
	if (dmabay_free(self->bay, reservation))
		outcome.unharmed = false;
	return outcome;
}

static struct outcome ask_vector(fixture *self)
{
	return ask_three(self, 0);
}

static struct outcome ask_strict(fixture *self)
{
	return ask_three(self, DMABAY_RESERVE_STRICT);
}

/* The ring stays as long as the test: one that ends would interrupt what comes after it. */
static struct outcome ask_by_ring(fixture *self, struct ring *ring, unsigned int flags)
{
	struct dmabay_transfer transfer = receive_into(self, self->buffer, 0, 1);
	int result = ring->rings ? 0 : ring_open(ring, flags);

	if (result)
		return broken(result);
	return outcome_of_result(ring_run(ring, self->bay, &transfer, 1));
}

static struct outcome ask_uring(fixture *self)
{
	static struct ring ring;

	return ask_by_ring(self, &ring, 0);
}

static struct outcome ask_polling(fixture *self)
{
	static struct ring ring;

	return ask_by_ring(self, &ring, IORING_SETUP_IOPOLL);
}

/* A file with rings has no other completions, so it is another file. */
static struct outcome ask_mapped(fixture *self)
{
	struct dmabay_transfer transfer = receive_into(self, 0, 0, 1);
	struct dmabay_completion completion;
	struct outcome outcome;
	struct dmabay *other;
	struct rings rings;
	int result;

	if (dmabay_open(&other, self->path, O_RDWR))
		return broken(-ENODEV);
	result = dmabay_register(other, self->memory, MOST, 0, &transfer.buffer);
	if (!result)
		result = dmabay_reserve(other, 4, 2, 0, &transfer.reservation);
	if (!result)
		result = open_rings(dmabay_fd(other), 4, 4, &rings);
	if (result) {
		dmabay_close(other);
		return broken(result);
	}
	put_transfer(&rings, &transfer);
	result = enter(&rings, 1, 0);
	outcome = result == 1 && saw_unread(&rings, 1) && take_completion(&rings, &completion) ?
		  outcome_of(&completion) : broken(result < 0 ? result : -EBADMSG);
	munmap(rings.head, rings.made.length);
	dmabay_close(other);
	return outcome;
}

static struct outcome ask_once(fixture *self)
{
	return outcome_of_result(dmabay_once(self->bay, self->memory, self->length, PLACE,
					     DMABAY_FROM_DEVICE));
}

static struct outcome ask_read(fixture *self)
{
	ssize_t length = pread(dmabay_fd(self->bay), self->memory, self->length, PLACE);

	return outcome_of_result(length < 0 ? -errno : length);
}

static const struct way {
	const char *name;
	struct outcome (*ask)(fixture *self);
	unsigned int piece;	/* which one is lied about */
	bool tells_one;		/* bytes, or else an errno */
	bool scattered;		/* where it is linked, others may be next to it */
	bool brief;		/* it is linked only until the end */
} ways[] = {
	{ .name = "one", .ask = ask_one, .piece = 1 },
	{ .name = "vector", .ask = ask_vector, .piece = 2, .brief = true },
	{ .name = "strict", .ask = ask_strict, .piece = 2, .scattered = true, .brief = true },
	{ .name = "io_uring", .ask = ask_uring, .piece = 1, .tells_one = true },
	{ .name = "io_uring that polls", .ask = ask_polling, .piece = 1, .tells_one = true },
	{ .name = "mapped rings", .ask = ask_mapped, .piece = 1, .brief = true },
	{ .name = "once", .ask = ask_once, .piece = 1, .tells_one = true, .scattered = true,
	  .brief = true },
	{ .name = "read", .ask = ask_read, .piece = 1, .tells_one = true, .scattered = true,
	  .brief = true },
};

/* ---- the lies ---- */

enum part { NONE, HALF, ALL };

static const struct lie {
	const char *kind;
	unsigned int value;
	int status;
	enum part told;
	enum part moved;
	unsigned int resets;
	unsigned int faults;
	unsigned int strays;
	bool unseen;		/* nobody can see through it */
	bool stays;		/* others that come with it fail, too */
	bool elsewhere;		/* told only where something translates */
} lies[] = {
	{ .kind = "never", .status = -ETIMEDOUT, .resets = 1 },
	{ .kind = "dead", .status = -ETIMEDOUT, .resets = 1, .stays = true },
	{ .kind = "late", .value = 20, .told = ALL, .moved = ALL },
	{ .kind = "late", .value = 4000, .status = -ETIMEDOUT, .resets = 1 },
	{ .kind = "early", .value = 20, .told = ALL, .moved = ALL, .unseen = true,
	  .elsewhere = true },
	{ .kind = "hollow", .told = ALL, .moved = NONE, .unseen = true },
	{ .kind = "half", .told = HALF, .moved = HALF },
	{ .kind = "nothing", .told = NONE, .moved = ALL },
	{ .kind = "more", .status = -EPROTO, .moved = ALL },
	{ .kind = "most", .status = -EPROTO, .moved = ALL },
	{ .kind = "error", .status = -EIO, .told = HALF, .moved = HALF },
	/* The kernel's own, and one that is none. */
	{ .kind = "error", .value = 515, .status = -EIO, .told = HALF, .moved = HALF },
	{ .kind = "error", .value = 4095, .status = -EIO, .told = HALF, .moved = HALF },
	{ .kind = "error", .value = EREMOTEIO, .status = -EREMOTEIO, .told = HALF, .moved = HALF },
	{ .kind = "beside", .status = -EIO, .faults = 1, .elsewhere = true },
	{ .kind = "beyond", .status = -EIO, .told = ALL, .moved = ALL, .faults = 1,
	  .elsewhere = true },
	{ .kind = "twice", .told = ALL, .moved = ALL, .strays = 1 },
	{ .kind = "again", .told = ALL, .moved = ALL },
};

/* Whether it is told this way: what lies beside must be nobody's. */
static bool can_be_told(const fixture *self, const struct lie *lie, const struct way *way)
{
	if (lie->stays && way->piece > 1)
		return false;
	if (lie->elsewhere && lie->unseen && way->brief)
		return false;
	return !lie->elsewhere || (self->translated && !way->scattered &&
				   self->info.provider == DMABAY_INFO_PROVIDER_IOVA);
}

static bool is_part(const fixture *self, uint64_t length, enum part part)
{
	switch (part) {
	case NONE:
		return !length;
	case HALF:
		return length && length < self->length;
	default:
		return length == self->length;
	}
}

/* One errno and no bytes, or bytes and no errno, as documented. */
static bool is_as_told(const fixture *self, const struct lie *lie, const struct way *way,
		       const struct outcome *outcome)
{
	if (!way->tells_one)
		return outcome->status == lie->status &&
		       is_part(self, outcome->length, lie->told);
	/* read() returns the bytes there are. */
	if (!strcmp(way->name, "read") && lie->told != NONE)
		return !outcome->status && is_part(self, outcome->length, lie->told);
	if (lie->status)
		return outcome->status == lie->status;
	return !outcome->status && is_part(self, outcome->length, lie->told);
}

/* Bytes of which the user is told, and which are not there, or wrong ones. */
static bool is_wrong(fixture *self, const struct outcome *outcome)
{
	int64_t moved = received(self->memory, MOST);

	return moved < 0 || (uint64_t)moved < outcome->length;
}

struct tally {
	unsigned int told;
	unsigned int wrong;
	unsigned int unseen;
	unsigned int faults;
	unsigned int expected;	/* faults */
	unsigned int resets;
	unsigned int dumps;
};

/* A dump if it was reset, or said what cannot be; else none. */
static void expect_dump(struct __test_metadata *_metadata, fixture *self, const struct lie *lie,
			const char *way, struct tally *tally)
{
	if (access("/sys/class/devcoredump", F_OK))
		return;
	if (lie->status != -ETIMEDOUT && lie->status != -EPROTO) {
		EXPECT_FALSE(dump_find(&self->dump)) TH_LOG("%s, %s", lie->kind, way);
		return;
	}
	EXPECT_TRUE(dump_read(&self->dump)) TH_LOG("no dump: %s, %s", lie->kind, way);
	EXPECT_EQ(lie->status, atoi(dump_value(&self->dump, "transfer/status")))
		TH_LOG("%s, %s", lie->kind, way);
	EXPECT_STREQ("dmabay_soft", dump_value(&self->dump, "driver_name"));
	EXPECT_EQ(NULL, dump_pointer(&self->dump));
	EXPECT_TRUE(dump_forget(&self->dump));
	tally->dumps++;
}

static void expect_counted(struct __test_metadata *_metadata, const fixture *self,
			   const struct lie *lie, const char *way,
			   const struct dmabay_counters *before, struct tally *tally)
{
	struct dmabay_counters after;

	ASSERT_EQ(0, dmabay_counters(self->bay, &after));
	EXPECT_EQ(!!lie->status, after.errors - before->errors) TH_LOG("%s, %s", lie->kind, way);
	EXPECT_EQ(lie->resets, after.timeouts - before->timeouts)
		TH_LOG("%s, %s", lie->kind, way);
	EXPECT_EQ(lie->faults, after.faults - before->faults) TH_LOG("%s, %s", lie->kind, way);
	tally->faults += (unsigned int)(after.faults - before->faults);
	tally->expected += lie->faults;
	tally->resets += (unsigned int)(after.timeouts - before->timeouts);
}

/* After the bytes that the engine has moved, whenever that was, there are the old ones. */
static void expect_bytes(struct __test_metadata *_metadata, fixture *self, const struct lie *lie,
			 const char *way)
{
	uint64_t end = dmabay_deadline(PATIENCE);
	int64_t moved;

	/* What is copied was cleared before. */
	if (self->info.provider == DMABAY_INFO_PROVIDER_BOUNCE && lie->told > lie->moved) {
		for (uint32_t at = 0; at < self->length; at++)
			if (!self->memory[at])
				self->memory[at] = pattern(BLANK, 2, at);
	}
	do {
		moved = received(self->memory, MOST);
	} while (lie->unseen && lie->moved == ALL && moved != self->length &&
		 dmabay_deadline(0) < end);
	EXPECT_LE(0, moved) TH_LOG("neither old nor new: %s, %s", lie->kind, way);
	/* What is copied is copied only as far as it is told. */
	if (self->info.provider != DMABAY_INFO_PROVIDER_BOUNCE || lie->told == lie->moved) {
		EXPECT_TRUE(is_part(self, (uint64_t)moved, lie->moved))
			TH_LOG("%" PRId64 " bytes: %s, %s", moved, lie->kind, way);
	}
}

static void tell(struct __test_metadata *_metadata, fixture *self, const struct lie *lie,
		 const struct way *way, struct tally *tally)
{
	uint32_t told = told_so_far("lies"), strays = told_so_far("strays");
	struct dmabay_counters before;
	struct outcome outcome;

	blank(self->memory, MOST);
	ASSERT_EQ(0, dmabay_counters(self->bay, &before));
	ASSERT_EQ(0, write_parameter("timeout_ms", lie->resets ? HASTY_MS : PATIENT_MS));
	ASSERT_EQ(0, plan_value(lie->kind, way->piece, lie->value));
	outcome = way->ask(self);
	if (way->tells_one && (outcome.status == -ENOSYS || outcome.status == -EPERM)) {
		ASSERT_EQ(0, plan("none"));
		return;
	}
	EXPECT_EQ(told + 1, told_so_far("lies")) TH_LOG("%s, %s", lie->kind, way->name);
	EXPECT_TRUE(is_as_told(self, lie, way, &outcome))
		TH_LOG("%s, %s: status %d, %" PRIu64 " bytes", lie->kind, way->name,
		       outcome.status, outcome.length);
	EXPECT_TRUE(outcome.unharmed) TH_LOG("others: %s, %s", lie->kind, way->name);
	tally->told++;
	if (lie->unseen)
		tally->unseen++;
	else
		tally->wrong += is_wrong(self, &outcome);

	expect_bytes(_metadata, self, lie, way->name);
	if (strcmp(lie->kind, "again")) {
		EXPECT_TRUE(saw_told("strays", strays + lie->strays))
			TH_LOG("%s, %s", lie->kind, way->name);
	}
	expect_counted(_metadata, self, lie, way->name, &before, tally);
	expect_dump(_metadata, self, lie, way->name, tally);
	/* The dead one comes to life. */
	ASSERT_EQ(0, plan("none"));
	EXPECT_EQ(0, good_transfer(self->bay)) TH_LOG("%s, %s", lie->kind, way->name);
}

TEST_F_TIMEOUT(lies, every_kind_in_every_way, LONG_TEST)
{
	struct tally tally = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(lies); i++)
		for (size_t j = 0; j < ARRAY_SIZE(ways); j++)
			if (can_be_told(self, &lies[i], &ways[j]))
				tell(_metadata, self, &lies[i], &ways[j], &tally);
	EXPECT_EQ(0, tally.wrong);
	FIGURE("R16", "%u lies told, %u wrong results; %u more that nobody can see through; "
	       "%u resets, %u dumps", tally.told - tally.unseen, tally.wrong, tally.unseen,
	       tally.resets, tally.dumps);
	FIGURE("R47", "%u faults, %u of them expected", tally.faults, tally.expected);
}

/* ---- the other way ---- */

/* Where the device has old bytes, which are known. */
#define OLD_PLACE	(2 * PLACE)

static struct outcome send_one(fixture *self)
{
	struct dmabay_transfer transfer = receive_into(self, self->buffer, 0, 1);
	struct dmabay_completion completion;
	int result;

	transfer.direction = DMABAY_TO_DEVICE;
	transfer.device_address = OLD_PLACE;
	result = run_all(self->bay, &transfer, 1, &completion);
	return result ? broken(result) : outcome_of(&completion);
}

static struct outcome send_once(fixture *self)
{
	return outcome_of_result(dmabay_once(self->bay, self->memory, self->length, OLD_PLACE,
					     DMABAY_TO_DEVICE));
}

static const struct way sending_ways[] = {
	{ .name = "one, sent", .ask = send_one, .piece = 1 },
	{ .name = "once, sent", .ask = send_once, .piece = 1, .tells_one = true,
	  .scattered = true, .brief = true },
};

/* What the device has got of the memory, before its old bytes; -1: anything else. */
static int64_t device_got(fixture *self)
{
	unsigned char *seen = map_pages(MOST);
	int64_t got = -1;

	if (dmabay_once(self->bay, seen, self->length, OLD_PLACE, DMABAY_FROM_DEVICE) ==
	    self->length) {
		int64_t wrong = first_wrong(seen, self->length, SENT, 3);

		got = wrong < 0 ? self->length : wrong;
		if (first_wrong_between(seen, (size_t)got, self->length, BLANK, 4) != -1)
			got = -1;
	}
	munmap(seen, MOST);
	return got;
}

static void tell_while_sending(struct __test_metadata *_metadata, fixture *self,
			       const struct lie *lie, const struct way *way,
			       struct tally *tally)
{
	uint64_t end = dmabay_deadline(PATIENCE);
	struct dmabay_counters before;
	struct outcome outcome;
	int64_t got;

	fill(self->memory, MOST, BLANK, 4);
	ASSERT_EQ((int64_t)MOST, dmabay_once(self->bay, self->memory, MOST, OLD_PLACE,
					     DMABAY_TO_DEVICE));
	fill(self->memory, MOST, SENT, 3);
	ASSERT_EQ(0, dmabay_counters(self->bay, &before));
	ASSERT_EQ(0, write_parameter("timeout_ms", lie->resets ? HASTY_MS : PATIENT_MS));
	ASSERT_EQ(0, plan_value(lie->kind, way->piece, lie->value));
	outcome = way->ask(self);
	EXPECT_TRUE(is_as_told(self, lie, way, &outcome))
		TH_LOG("%s, %s: status %d, %" PRIu64 " bytes", lie->kind, way->name,
		       outcome.status, outcome.length);
	expect_counted(_metadata, self, lie, way->name, &before, tally);
	expect_dump(_metadata, self, lie, way->name, tally);
	ASSERT_EQ(0, plan("none"));
	do {
		got = device_got(self);
	} while (lie->unseen && lie->moved == ALL && got != self->length &&
		 dmabay_deadline(0) < end);
	EXPECT_TRUE(got >= 0 && is_part(self, (uint64_t)got, lie->moved))
		TH_LOG("%" PRId64 " bytes: %s, %s", got, lie->kind, way->name);
	tally->told++;
	tally->unseen += lie->unseen;
	tally->wrong += !lie->unseen && (got < 0 || (uint64_t)got < outcome.length);
	/* The user's memory is only read. */
	EXPECT_PATTERN(self->memory, MOST, SENT, 3);
}

TEST_F_TIMEOUT(lies, about_what_is_sent, LONG_TEST)
{
	struct tally tally = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(lies); i++)
		for (size_t j = 0; j < ARRAY_SIZE(sending_ways); j++)
			if (can_be_told(self, &lies[i], &sending_ways[j]))
				tell_while_sending(_metadata, self, &lies[i], &sending_ways[j],
						   &tally);
	EXPECT_LT(0, tally.told);
	EXPECT_EQ(0, tally.wrong);
	FIGURE("R16", "%u lies about what was sent, %u wrong results; %u more that nobody can see "
	       "through", tally.told - tally.unseen, tally.wrong, tally.unseen);
}

/* No reset helps: all others fail, too, until there is another plan. */
TEST_F_TIMEOUT(lies, dead_from_there_on, LONG_TEST)
{
	struct dmabay_counters before, after;

	ASSERT_EQ(0, dmabay_counters(self->bay, &before));
	ASSERT_EQ(0, write_parameter("timeout_ms", HASTY_MS));
	ASSERT_EQ(0, plan("dead 2"));
	EXPECT_EQ(0, ask_one(self).status);
	EXPECT_EQ(-ETIMEDOUT, ask_one(self).status);
	for (size_t i = 0; i < ARRAY_SIZE(ways); i++) {
		struct outcome outcome = ways[i].ask(self);

		if (outcome.status != -ENOSYS && outcome.status != -EPERM) {
			EXPECT_EQ(-EIO, outcome.status) TH_LOG("%s", ways[i].name);
			EXPECT_EQ(0, outcome.length) TH_LOG("%s", ways[i].name);
		}
	}
	ASSERT_EQ(0, dmabay_counters(self->bay, &after));
	EXPECT_EQ(before.timeouts + 1, after.timeouts);
	EXPECT_EQ(0, plan("none"));
	EXPECT_EQ(0, ask_one(self).status);
}

/* ---- the plan ---- */

TEST_F(lies, plans_that_are_none)
{
	static const char *const wrong[] = {
		"", "x", "nevermore", "none 1", "never 0", "never 1 0", "never x", "never 1 x",
		"never 1 1 1 1", "never -1", "never 4294967296", "error 1 1 4096", "Never",
		"never 1 1 0 and more than there is room for, however many words it is",
	};
	char text[64];

	ASSERT_EQ(0, plan("error 1000 7 12\n"));
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		/* Writing no bytes is not writing. */
		EXPECT_GT(*wrong[i] ? 0 : 1, plan(wrong[i])) TH_LOG("%s", wrong[i]);
		read_parameter("plan", text, sizeof(text));
		EXPECT_STREQ("error 1000 7 12", text);
	}
	/* It is counted down. */
	EXPECT_EQ(0, ask_one(self).status);
	read_parameter("plan", text, sizeof(text));
	EXPECT_STREQ("error 999 7 12", text);
	EXPECT_EQ(0, plan("error 1 2"));
	EXPECT_EQ(-EIO, ask_one(self).status);
	read_parameter("plan", text, sizeof(text));
	EXPECT_STREQ("error 1 1 0", text);
	EXPECT_EQ(-EIO, ask_one(self).status);
	read_parameter("plan", text, sizeof(text));
	EXPECT_STREQ("none", text);
	EXPECT_EQ(0, ask_one(self).status);
	EXPECT_GT(0, write_parameter("lies", "0"));
}

/* The driver goes while the engine owes an answer: nobody waits for that. */
TEST_F_TIMEOUT(lies, removed_meanwhile, LONG_TEST)
{
	struct dmabay_transfer transfer = receive_into(self, self->buffer, 0, 1);
	struct dmabay_completion completion;
	struct ring ring;
	bool polls;

	ASSERT_EQ(0, write_parameter("timeout_ms", "3600000"));
	ASSERT_EQ(0, plan("never"));
	/* Who waits for the engine gives it up at once. */
	polls = !ring_open(&ring, IORING_SETUP_IOPOLL);
	if (strstr(variant->parameters, "async=1")) {
		EXPECT_EQ(1, dmabay_submit(self->bay, &transfer, 1, NULL, 0, 0, 0, NULL));
	} else if (polls) {
		dmabay_uring_prepare(self->bay, ring_next(&ring), &transfer, 1);
		EXPECT_EQ(1, ring_submit(&ring));
	}
	EXPECT_EQ(0, remove_soft());
	if (strstr(variant->parameters, "async=1")) {
		EXPECT_EQ(1, dmabay_wait(self->bay, &completion, 1, 1,
					 dmabay_deadline(PATIENCE)));
		EXPECT_EQ(-ENODEV, completion.status);
		EXPECT_EQ(0, completion.length);
	} else if (polls) {
		struct io_uring_cqe cqe;

		EXPECT_TRUE(ring_reap(&ring, PATIENCE, &cqe));
		EXPECT_EQ(-ENODEV, cqe.res);
	}
	if (polls)
		ring_close(&ring);
	EXPECT_EQ(0, received(self->memory, MOST));
	dmabay_close(self->bay);
	ASSERT_TRUE(load_and_open(_metadata, "soft", variant->parameters, &self->bay));
}

/* A million answers of which nobody knows what they are about; the device is used meanwhile. */
TEST_F_TIMEOUT(lies, storm, LONG_TEST)
{
	uint32_t strays = told_so_far("strays"), wanted = strays + 1000000, good = 0, bad = 0;
	uint64_t end = dmabay_deadline(3 * PATIENCE);

	ASSERT_EQ(0, plan("storm"));
	EXPECT_EQ(0, ask_one(self).status);
	EXPECT_EQ(self->length, received(self->memory, MOST));
	while (told_so_far("strays") != wanted && dmabay_deadline(0) < end) {
		if (good_transfer(self->bay))
			bad++;
		else
			good++;
	}
	EXPECT_EQ(wanted, told_so_far("strays"));
	EXPECT_EQ(0, bad);
	FIGURE("R43", "%u spurious completions, %u transfers meanwhile, %u of them bad; the "
	       "device works on", told_so_far("strays") - strays, 2 * good, bad);
}

TEST_HARNESS_MAIN
