// SPDX-License-Identifier: GPL-2.0-only
/*
 * Races of two: a command that ends something against one that needs it, or against
 * what completes it; a signal or a deadline against what is waited for. Each ends in
 * exactly one of the ways that it may end in, and whatever was said to be done is done.
 *
 * Every race is run twice: for a number of rounds, each of them checked; and until
 * every way out of it was seen, which takes two processors.
 *
 * Loads and unloads the modules itself: the software device as it is, which moves the
 * bytes in the call, and with a worker, which moves them beside it.
 */
#include "races.h"
#include "removal.h"

#define SLOTS	4u
#define STRETCH	(SLOTS * PAGE)
#define ROUNDS	100u

FIXTURE(races)
{
	struct dmabay *bay;
	struct dmabay_info info;
	unsigned char *memory;	/* sent from */
	unsigned char *target;	/* received into */
	unsigned char *copy;	/* of the target, or of the device's memory */
	uint32_t memory_buffer;
	uint32_t copy_buffer;
	uint32_t reservation;
	uint64_t seed;		/* of the last pattern */
	uint64_t seeds[SLOTS];	/* of what the device's memory holds */
};

FIXTURE_VARIANT(races)
{
	const char *parameters;
	bool worker;
};

FIXTURE_VARIANT_ADD(races, in_the_call)
{
	.parameters = "memory=1",
};

/* A transfer of more than a page is several pieces. */
FIXTURE_VARIANT_ADD(races, by_a_worker)
{
	.parameters = "memory=1 async=1 max_length=PAGE map_registers=64",
	.worker = true,
};

/* ---- bytes ---- */

/* Fresh patterns in the memory; returns the seed of the first one. */
static uint64_t refill(FIXTURE_DATA(races) *self)
{
	uint64_t first = self->seed + 1;

	for (unsigned int i = 0; i < SLOTS; i++)
		fill(self->memory + i * PAGE, PAGE, SENT, ++self->seed);
	return first;
}

/* The first @count slots have arrived in the device's memory, the others have not. */
static void expect_arrived(struct __test_metadata *_metadata, FIXTURE_DATA(races) *self,
			   uint64_t first, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++)
		self->seeds[i] = first + i;
	ASSERT_EQ(0, transfer_wait(self->bay, self->reservation, self->copy_buffer, 0, STRETCH, 0,
				   DMABAY_FROM_DEVICE));
	for (unsigned int i = 0; i < SLOTS; i++)
		EXPECT_PATTERN(self->copy + i * PAGE, PAGE, SENT, self->seeds[i]);
}

/* Everything that the device has is known from here on. */
static void send_all(struct __test_metadata *_metadata, FIXTURE_DATA(races) *self)
{
	uint64_t first = refill(self);

	ASSERT_EQ(0, transfer_wait(self->bay, self->reservation, self->memory_buffer, 0, STRETCH, 0,
				   DMABAY_TO_DEVICE));
	for (unsigned int i = 0; i < SLOTS; i++)
		self->seeds[i] = first + i;
}

/*
 * The target was taken away from the device: what it had got by then is kept in the
 * copy, and nothing may come after.
 */
static void take_target(FIXTURE_DATA(races) *self)
{
	memcpy(self->copy, self->target, STRETCH);
	fill(self->target, STRETCH, BLANK, self->seed + 1);
}

/* The first @count slots were received before take_target(), and none after it. */
static void expect_received(struct __test_metadata *_metadata, FIXTURE_DATA(races) *self,
			    uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		EXPECT_PATTERN(self->copy + i * PAGE, PAGE, SENT, self->seeds[i]);
		fill(self->copy + i * PAGE, PAGE, BLANK, 0);
	}
	for (uint32_t i = count; i < SLOTS; i++) {
		EXPECT_EQ(-1, first_wrong(self->copy + i * PAGE, PAGE, BLANK, i));
	}
	EXPECT_PATTERN(self->target, STRETCH, BLANK, self->seed + 1);
}

static void blank_target(FIXTURE_DATA(races) *self)
{
	for (unsigned int i = 0; i < SLOTS; i++)
		fill(self->target + i * PAGE, PAGE, BLANK, i);
}

/* ---- coming and going ---- */

static void ignore(int number)
{
	(void)number;
}

FIXTURE_SETUP(races)
{
	struct sigaction action = { .sa_handler = ignore };

	if (!load_and_open(_metadata, "soft", variant->parameters, &self->bay))
		return;
	self->memory = map_pages(STRETCH);
	self->target = map_pages(STRETCH);
	self->copy = map_pages(STRETCH);
	ASSERT_EQ(0, dmabay_register(self->bay, self->memory, STRETCH, 0, &self->memory_buffer));
	ASSERT_EQ(0, dmabay_register(self->bay, self->copy, STRETCH, 0, &self->copy_buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 2, SLOTS, 0, &self->reservation));
	ASSERT_EQ(0, dmabay_info(self->bay, &self->info));
	ASSERT_EQ(0, sigaction(SIGUSR1, &action, NULL));
	send_all(_metadata, self);
	stay_on(0);
	srandom(40);
}

FIXTURE_TEARDOWN(races)
{
	close_and_unload(_metadata, self->bay);
}

/* ---- one round ---- */

/* When the one that may be delayed came. */
enum way {
	FIRST,
	BETWEEN,
	LAST,
	WAYS,
};

/*
 * A way with a name must be seen. @round: one goes on @delay ns after the other, or the
 * other after the one if that is negative.
 */
struct race {
	const char *ways[WAYS];
	bool waits_for_worker;	/* has one way where the call does the work itself */
	enum way (*round)(struct __test_metadata *_metadata, FIXTURE_DATA(races) *self,
			  int64_t delay);
};

/* The other one. */
struct other {
	pthread_t thread;
	atomic_uint here;
	unsigned int all;
	int64_t delay;
	void (*act)(struct other *other);
	struct dmabay *bay;
	unsigned char *memory;
	struct dmabay_transfer transfers[SLOTS];
	uint32_t map_registers;
	uint32_t reservation;
	uint32_t taken;
	int64_t result;
	atomic_bool done;
};

static void *other_thread(void *context)
{
	struct other *other = context;

	stay_on(1);
	meet(&other->here, other->all);
	linger(-other->delay);
	other->act(other);
	atomic_store(&other->done, true);
	return NULL;
}

static void start(struct __test_metadata *_metadata, struct other *other)
{
	ASSERT_EQ(0, pthread_create(&other->thread, NULL, other_thread, other));
}

/* Where the two meet, and go on one after the other. */
static void go_on(struct other *other)
{
	meet(&other->here, other->all);
	linger(other->delay);
}

static void finish(struct __test_metadata *_metadata, struct other *other, const char *what)
{
	ASSERT_EQ(0, join_thread(other->thread)) TH_LOG("%s has no end", what);
}

/* One after the other, until one is refused. */
static void submit_all(struct other *other)
{
	int result;

	for (other->taken = 0; other->taken < SLOTS; other->taken++) {
		result = dmabay_submit(other->bay, &other->transfers[other->taken], 1, NULL, 0, 0,
				       0, NULL);
		if (result != 1) {
			other->result = result;
			break;
		}
	}
}

/* Slot by slot. */
static void start_submitting(struct __test_metadata *_metadata, struct other *other,
			     uint32_t buffer, uint32_t direction)
{
	for (uint32_t i = 0; i < SLOTS; i++) {
		other->transfers[i] = (struct dmabay_transfer){
			.reservation = other->reservation,
			.buffer = buffer,
			.offset = i * PAGE,
			.length = PAGE,
			.device_address = i * PAGE,
			.direction = direction,
			.cookie = i,
		};
	}
	other->all = 2;
	other->act = submit_all;
	start(_metadata, other);
}

/* Each of @count transfers has one completion, in their order. */
static void expect_completions(struct __test_metadata *_metadata, FIXTURE_DATA(races) *self,
			       uint32_t count)
{
	struct dmabay_completion completion;

	for (uint32_t i = 0; i < count; i++) {
		ASSERT_EQ(1, dmabay_wait(self->bay, &completion, 1, 1, dmabay_deadline(PATIENCE)))
			TH_LOG("waited for completion %u of %u", i, count);
		EXPECT_EQ(i, completion.cookie);
		EXPECT_EQ(0, completion.status);
		EXPECT_EQ(PAGE, completion.length);
	}
	EXPECT_EQ(-EAGAIN, dmabay_wait(self->bay, &completion, 1, 0, 0));
}

static uint64_t transfers_so_far(struct __test_metadata *_metadata, FIXTURE_DATA(races) *self)
{
	struct dmabay_counters counters;

	ASSERT_EQ(0, dmabay_counters(self->bay, &counters));
	return counters.transfers;
}

/* ---- what ends against what is submitted ---- */

static enum way run_free(struct __test_metadata *_metadata, FIXTURE_DATA(races) *self,
			 int64_t delay)
{
	uint64_t before = transfers_so_far(_metadata, self), first = refill(self);
	struct other other = { .bay = self->bay, .delay = delay };
	int result;

	ASSERT_EQ(0, dmabay_reserve(self->bay, 1, SLOTS, 0, &other.reservation));
	start_submitting(_metadata, &other, self->memory_buffer, DMABAY_TO_DEVICE);
	go_on(&other);
	result = dmabay_free(self->bay, other.reservation);
	finish(_metadata, &other, "SUBMIT");

	if (result) {
		EXPECT_EQ(-EBUSY, result);
		EXPECT_EQ(SLOTS, other.taken);
		expect_completions(_metadata, self, other.taken);
		EXPECT_EQ(0, dmabay_free(self->bay, other.reservation));
	} else {
		EXPECT_EQ(other.taken < SLOTS ? -ENOENT : 0, other.result);
		expect_completions(_metadata, self, 0);
	}
	EXPECT_EQ(-ENOENT, dmabay_submit(self->bay, other.transfers, 1, NULL, 0, 0, 0, NULL));
	EXPECT_EQ(before + other.taken, transfers_so_far(_metadata, self));
	expect_arrived(_metadata, self, first, other.taken);
	return result ? BETWEEN : other.taken < SLOTS ? FIRST : LAST;
}

static enum way run_unregister(struct __test_metadata *_metadata, FIXTURE_DATA(races) *self,
			       int64_t delay)
{
	struct other other = {
		.bay = self->bay, .reservation = self->reservation, .delay = delay,
	};
	uint32_t buffer;
	int result;

	send_all(_metadata, self);
	blank_target(self);
	ASSERT_EQ(0, dmabay_register(self->bay, self->target, STRETCH, 0, &buffer));
	start_submitting(_metadata, &other, buffer, DMABAY_FROM_DEVICE);
	go_on(&other);
	result = dmabay_unregister(self->bay, buffer);
	if (!result)
		take_target(self);
	finish(_metadata, &other, "SUBMIT");
	expect_completions(_metadata, self, other.taken);

	if (result) {
		EXPECT_EQ(-EBUSY, result);
		EXPECT_EQ(SLOTS, other.taken);
		EXPECT_EQ(0, dmabay_unregister(self->bay, buffer));
		take_target(self);
	} else {
		EXPECT_EQ(other.taken < SLOTS ? -ENOENT : 0, other.result);
	}
	EXPECT_EQ(-ENOENT, dmabay_submit(self->bay, other.transfers, 1, NULL, 0, 0, 0, NULL));
	expect_received(_metadata, self, other.taken);
	return result ? BETWEEN : other.taken < SLOTS ? FIRST : LAST;
}

/* When both are back, the file is gone and with it all that it had. */
static enum way run_close(struct __test_metadata *_metadata, FIXTURE_DATA(races) *self,
			  int64_t delay)
{
	struct dmabay_counters before, after;
	struct other other = { .delay = delay };
	struct dmabay_info info;
	uint32_t buffer;

	send_all(_metadata, self);
	blank_target(self);
	ASSERT_EQ(0, dmabay_counters(self->bay, &before));
	ASSERT_EQ(0, dmabay_open(&other.bay, dmabay_path(self->bay), O_RDWR));
	ASSERT_EQ(0, dmabay_register(other.bay, self->target, STRETCH, 0, &buffer));
	ASSERT_EQ(0, dmabay_reserve(other.bay, 1, SLOTS, 0, &other.reservation));
	start_submitting(_metadata, &other, buffer, DMABAY_FROM_DEVICE);
	go_on(&other);
	EXPECT_EQ(0, close(dmabay_fd(other.bay)));
	finish(_metadata, &other, "SUBMIT");
	dmabay_close(other.bay);
	take_target(self);

	EXPECT_EQ(other.taken < SLOTS ? -EBADF : 0, other.result);
	ASSERT_EQ(0, dmabay_info(self->bay, &info));
	EXPECT_EQ(self->info.map_registers_free, info.map_registers_free);
	ASSERT_EQ(0, dmabay_counters(self->bay, &after));
	EXPECT_EQ(before.pinned_pages, after.pinned_pages);
	EXPECT_EQ(before.transfers + other.taken, after.transfers);
	/* Those that had not begun by then were canceled: they are the last ones. */
	ASSERT_LE(after.errors - before.errors, other.taken);
	expect_received(_metadata, self, other.taken - (uint32_t)(after.errors - before.errors));
	return other.taken < SLOTS ? FIRST : LAST;
}

/* ---- what ends against what is waited for ---- */

static void reserve_all(struct other *other)
{
	other->result = dmabay_reserve(other->bay, other->map_registers, 1, 0,
				       &other->reservation);
}

static void free_one(struct other *other)
{
	other->result = dmabay_free(other->bay, other->reservation);
}

static void wait_for_one(struct other *other)
{
	struct dmabay_completion completion;

	other->result = dmabay_wait(other->bay, &completion, 1, 1, dmabay_deadline(PATIENCE));
}

static void submit_one(struct other *other)
{
	other->result = dmabay_submit(other->bay, other->transfers, 1, NULL, 0, 0, 0, NULL);
}

static void once(struct other *other)
{
	other->result = dmabay_once(other->bay, other->memory, STRETCH, 0, DMABAY_TO_DEVICE);
}

/* In line behind whoever has the map registers. */
static void wait_until_in_line(struct __test_metadata *_metadata, FIXTURE_DATA(races) *self)
{
	uint64_t end = dmabay_deadline(PATIENCE);
	struct dmabay_info info;

	do {
		sched_yield();
		ASSERT_EQ(0, dmabay_info(self->bay, &info));
	} while (!info.waiters && dmabay_deadline(0) < end);
	ASSERT_EQ(1, info.waiters) TH_LOG("waited for a waiter");
}

static enum way run_signal_and_grant(struct __test_metadata *_metadata, FIXTURE_DATA(races) *self,
				     int64_t delay)
{
	uint32_t all = self->info.map_registers_free;
	struct other sleeper = {
		.bay = self->bay, .all = 1, .act = reserve_all, .map_registers = all,
	}, giver = { .bay = self->bay, .all = 2, .act = free_one, .delay = delay };
	struct dmabay_info info;

	ASSERT_EQ(0, dmabay_reserve(self->bay, all, 1, 0, &giver.reservation));
	start(_metadata, &sleeper);
	wait_until_in_line(_metadata, self);
	start(_metadata, &giver);
	go_on(&giver);
	EXPECT_EQ(0, pthread_kill(sleeper.thread, SIGUSR1));
	finish(_metadata, &giver, "FREE");
	finish(_metadata, &sleeper, "RESERVE");

	EXPECT_EQ(0, giver.result);
	ASSERT_EQ(0, dmabay_info(self->bay, &info));
	EXPECT_EQ(0, info.waiters);
	if (sleeper.result) {
		EXPECT_EQ(-EINTR, sleeper.result);
		EXPECT_EQ(all, info.map_registers_free);
	} else {
		EXPECT_EQ(0, info.map_registers_free);
		EXPECT_EQ(0, dmabay_free(self->bay, sleeper.reservation));
	}
	return sleeper.result ? FIRST : LAST;
}

/* Something to be completed: the first slot, there or still there. */
static struct dmabay_transfer first_slot(const FIXTURE_DATA(races) *self)
{
	return (struct dmabay_transfer){
		.reservation = self->reservation,
		.buffer = self->memory_buffer,
		.length = PAGE,
		.direction = DMABAY_TO_DEVICE,
	};
}

static enum way run_signal_and_completion(struct __test_metadata *_metadata,
					  FIXTURE_DATA(races) *self, int64_t delay)
{
	struct other sleeper = {
		.bay = self->bay, .all = 2, .act = wait_for_one,
	}, submitter = {
		.bay = self->bay, .all = 2, .act = submit_one, .delay = delay,
		.transfers = { first_slot(self) },
	};

	start(_metadata, &sleeper);
	go_on(&sleeper);
	/* Nothing says that it sleeps by then; if not, it is not interrupted. */
	pause_for(MILLISECOND / 5);
	start(_metadata, &submitter);
	go_on(&submitter);
	EXPECT_EQ(0, pthread_kill(sleeper.thread, SIGUSR1));
	finish(_metadata, &submitter, "SUBMIT");
	finish(_metadata, &sleeper, "WAIT");

	EXPECT_EQ(1, submitter.result);
	EXPECT_TRUE(sleeper.result == 1 || sleeper.result == -EINTR);
	expect_completions(_metadata, self, sleeper.result == 1 ? 0 : 1);
	return sleeper.result == 1 ? LAST : FIRST;
}

static enum way run_deadline_and_completion(struct __test_metadata *_metadata,
					    FIXTURE_DATA(races) *self, int64_t delay)
{
	struct other submitter = {
		.bay = self->bay, .all = 2, .act = submit_one, .delay = delay,
		.transfers = { first_slot(self) },
	};
	struct dmabay_completion completion;
	int result;

	start(_metadata, &submitter);
	meet(&submitter.here, submitter.all);
	result = dmabay_wait(self->bay, &completion, 1, 1,
			     dmabay_deadline(delay > 0 ? (uint64_t)delay : 0));
	finish(_metadata, &submitter, "SUBMIT");

	EXPECT_EQ(1, submitter.result);
	EXPECT_TRUE(result == 1 || result == -ETIMEDOUT);
	expect_completions(_metadata, self, result == 1 ? 0 : 1);
	return result == 1 ? LAST : FIRST;
}

/* Bytes of the memory that are in the device's, from the first one on. */
static uint64_t arrived_bytes(struct __test_metadata *_metadata, FIXTURE_DATA(races) *self,
			      uint64_t first)
{
	uint64_t bytes = 0, blank;

	ASSERT_EQ(0, transfer_wait(self->bay, self->reservation, self->copy_buffer, 0, STRETCH, 0,
				   DMABAY_FROM_DEVICE));
	for (unsigned int i = 0; i < SLOTS && bytes == i * PAGE; i++) {
		int64_t wrong = first_wrong(self->copy + bytes, PAGE, SENT, first + i);

		bytes += wrong < 0 ? PAGE : (uint64_t)wrong;
	}
	fill(self->target, STRETCH, BLANK, 0);
	for (blank = bytes; blank < STRETCH; blank++)
		if (self->copy[blank] != self->target[blank])
			break;
	EXPECT_EQ(STRETCH, blank) TH_LOG("byte %" PRIu64, blank);
	return bytes;
}

/* What it says to have transferred is what is there. */
static enum way run_signal_and_once(struct __test_metadata *_metadata, FIXTURE_DATA(races) *self,
				    int64_t delay)
{
	struct other sender = {
		.bay = self->bay, .all = 2, .act = once, .memory = self->memory, .delay = delay,
	};
	uint64_t first;
	bool late;

	fill(self->memory, STRETCH, BLANK, 0);
	ASSERT_EQ(0, transfer_wait(self->bay, self->reservation, self->memory_buffer, 0, STRETCH, 0,
				   DMABAY_TO_DEVICE));
	first = refill(self);
	start(_metadata, &sender);
	go_on(&sender);
	late = atomic_load(&sender.done);
	EXPECT_EQ(0, pthread_kill(sender.thread, SIGUSR1));
	finish(_metadata, &sender, "ONCE");

	if (sender.result == -EINTR)
		sender.result = 0;
	EXPECT_EQ((uint64_t)sender.result, arrived_bytes(_metadata, self, first));
	return sender.result < STRETCH ? FIRST : late ? LAST : BETWEEN;
}

/* ---- what withdraws a transfer against what completes it ---- */

/*
 * All slots in one call; the last one has so many ns of time, or any if that is negative.
 * Returns the first seed.
 */
static uint64_t send_slots(struct __test_metadata *_metadata, FIXTURE_DATA(races) *self,
			   int64_t time)
{
	struct dmabay_transfer transfers[SLOTS];
	uint64_t first;

	/* What another race left there is not known. */
	send_all(_metadata, self);
	first = refill(self);
	for (uint32_t i = 0; i < SLOTS; i++) {
		transfers[i] = first_slot(self);
		transfers[i].offset = i * PAGE;
		transfers[i].device_address = i * PAGE;
		transfers[i].cookie = i;
	}
	if (time >= 0)
		transfers[SLOTS - 1].deadline = dmabay_deadline((uint64_t)time);
	ASSERT_EQ((int)SLOTS, dmabay_submit(self->bay, transfers, SLOTS, NULL, 0, 0, 0, NULL));
	return first;
}

/*
 * Each slot has one completion; all but the last one were sent. Returns whether that one
 * was: its page is in the device's memory, or not a byte of it.
 */
static bool last_slot_sent(struct __test_metadata *_metadata, FIXTURE_DATA(races) *self,
			   uint64_t first, int status)
{
	struct dmabay_completion completion;
	uint32_t seen = 0, sent = 0;

	for (uint32_t i = 0; i < SLOTS; i++) {
		ASSERT_EQ(1, dmabay_wait(self->bay, &completion, 1, 1, dmabay_deadline(PATIENCE)));
		ASSERT_GT(SLOTS, completion.cookie);
		EXPECT_EQ(0, seen & (1u << completion.cookie));
		seen |= 1u << completion.cookie;
		if (completion.status) {
			EXPECT_EQ(SLOTS - 1, completion.cookie);
			EXPECT_EQ(status, completion.status);
		}
		EXPECT_EQ(completion.status ? 0 : PAGE, completion.length);
		sent += !completion.status;
	}
	EXPECT_EQ(-EAGAIN, dmabay_wait(self->bay, &completion, 1, 0, 0));
	expect_arrived(_metadata, self, first, sent);
	return sent == SLOTS;
}

static enum way run_cancel_and_completion(struct __test_metadata *_metadata,
					  FIXTURE_DATA(races) *self, int64_t delay)
{
	uint64_t first = send_slots(_metadata, self, -1);
	uint32_t running;
	int result;
	bool sent;

	linger(delay);
	result = dmabay_cancel(self->bay, DMABAY_CANCEL_COOKIE, 0, SLOTS - 1, &running);
	sent = last_slot_sent(_metadata, self, first, -ECANCELED);
	if (result == 1) {
		EXPECT_FALSE(sent);
		return FIRST;
	}
	/* It ran: then it may have been done, or not begun. */
	if (!result && running)
		return BETWEEN;
	EXPECT_EQ(-ENOENT, result);
	EXPECT_TRUE(sent);
	return LAST;
}

static enum way run_deadline_and_transfer(struct __test_metadata *_metadata,
					  FIXTURE_DATA(races) *self, int64_t delay)
{
	uint64_t first = send_slots(_metadata, self, delay > 0 ? delay : 0);

	return last_slot_sent(_metadata, self, first, -ETIMEDOUT) ? LAST : FIRST;
}

/* ---- many rounds ---- */

/* One more, and the next one closer. */
static void run_round(struct __test_metadata *_metadata, FIXTURE_DATA(races) *self,
		      const struct race *race, struct balance *balance, unsigned int seen[WAYS])
{
	enum way way = race->round(_metadata, self, balanced_delay(balance));

	seen[way]++;
	rebalance(balance, way == LAST);
}

static void say_ways(struct __test_metadata *_metadata, const struct race *race,
		     const unsigned int seen[WAYS])
{
	for (int i = 0; i < WAYS; i++) {
		if (race->ways[i])
			TH_LOG("%u times %s", seen[i], race->ways[i]);
	}
}

static void run_rounds(struct __test_metadata *_metadata, FIXTURE_DATA(races) *self,
		       const struct race *race)
{
	struct rounds rounds = so_many(rounds_here(ROUNDS));
	unsigned int seen[WAYS] = { };
	struct balance balance = { };

	for (; another(&rounds); rounds.done++) {
		run_round(_metadata, self, race, &balance, seen);
		ASSERT_EQ(KSFT_PASS, _metadata->exit_code) TH_LOG("round %u", rounds.done);
	}
	say_ways(_metadata, race, seen);
}

static bool saw_all_ways(const struct race *race, const unsigned int seen[WAYS])
{
	for (int i = 0; i < WAYS; i++)
		if (race->ways[i] && !seen[i])
			return false;
	return true;
}

static void see_all_ways(struct __test_metadata *_metadata, FIXTURE_DATA(races) *self,
			 const struct race *race)
{
	uint64_t end = dmabay_deadline(PATIENCE);
	unsigned int seen[WAYS] = { };
	struct balance balance = { };

	while (!saw_all_ways(race, seen) && dmabay_deadline(0) < end) {
		run_round(_metadata, self, race, &balance, seen);
		ASSERT_EQ(KSFT_PASS, _metadata->exit_code);
	}
	say_ways(_metadata, race, seen);
	ASSERT_TRUE(saw_all_ways(race, seen));
}

static const struct race free_and_submit = {
	.ways = { "freed first", "busy", "freed last" },
	.round = run_free,
};

TEST_F_TIMEOUT(races, free_and_submit, LONG_TEST)
{
	run_rounds(_metadata, self, &free_and_submit);
}

static const struct race unregister_and_submit = {
	.ways = { "unregistered first", "busy", "unregistered last" },
	.round = run_unregister,
};

TEST_F_TIMEOUT(races, unregister_and_submit, LONG_TEST)
{
	run_rounds(_metadata, self, &unregister_and_submit);
}

static const struct race close_and_submit = {
	.ways = { [FIRST] = "closed first", [LAST] = "closed last" },
	.round = run_close,
};

TEST_F_TIMEOUT(races, close_and_submit, LONG_TEST)
{
	run_rounds(_metadata, self, &close_and_submit);
}

static const struct race signal_and_grant = {
	.ways = { [FIRST] = "interrupted", [LAST] = "granted" },
	.round = run_signal_and_grant,
};

TEST_F_TIMEOUT(races, signal_and_grant, LONG_TEST)
{
	run_rounds(_metadata, self, &signal_and_grant);
}

static const struct race signal_and_completion = {
	.ways = { [FIRST] = "interrupted", [LAST] = "completed" },
	.round = run_signal_and_completion,
};

TEST_F_TIMEOUT(races, signal_and_completion, LONG_TEST)
{
	run_rounds(_metadata, self, &signal_and_completion);
}

static const struct race deadline_and_completion = {
	.ways = { [FIRST] = "timed out", [LAST] = "completed" },
	.round = run_deadline_and_completion,
};

TEST_F_TIMEOUT(races, deadline_and_completion, LONG_TEST)
{
	run_rounds(_metadata, self, &deadline_and_completion);
}

static const struct race signal_and_once = {
	.ways = { [FIRST] = "cut short", [LAST] = "transferred whole" },
	.round = run_signal_and_once,
	.waits_for_worker = true,
};

TEST_F_TIMEOUT(races, signal_and_once, LONG_TEST)
{
	run_rounds(_metadata, self, &signal_and_once);
}

static const struct race cancel_and_completion = {
	.ways = { [FIRST] = "cancelled", [LAST] = "completed" },
	.round = run_cancel_and_completion,
	.waits_for_worker = true,
};

TEST_F_TIMEOUT(races, cancel_and_completion, LONG_TEST)
{
	run_rounds(_metadata, self, &cancel_and_completion);
}

static const struct race deadline_and_transfer = {
	.ways = { [FIRST] = "timed out", [LAST] = "completed" },
	.round = run_deadline_and_transfer,
};

TEST_F_TIMEOUT(races, deadline_and_transfer, LONG_TEST)
{
	run_rounds(_metadata, self, &deadline_and_transfer);
}

static const struct race *const all_races[] = {
	&free_and_submit,
	&unregister_and_submit,
	&close_and_submit,
	&signal_and_grant,
	&signal_and_completion,
	&deadline_and_completion,
	&signal_and_once,
	&cancel_and_completion,
	&deadline_and_transfer,
};

/* Whatever the rounds above happened to meet. */
TEST_F_TIMEOUT(races, all_ways, LONG_TEST)
{
	if (one_processor())
		SKIP(return, "one processor: the timer decides which way a race goes");
	for (size_t i = 0; i < ARRAY_SIZE(all_races); i++) {
		if (variant->worker || !all_races[i]->waits_for_worker)
			see_all_ways(_metadata, self, all_races[i]);
	}
}

TEST_HARNESS_MAIN
