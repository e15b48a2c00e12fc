// SPDX-License-Identifier: GPL-2.0-only
/*
 * Removal against everything at once: threads and a second process that submit, wait,
 * poll, read, reserve, register, open and close while the device is taken away. Each
 * transfer that was taken has one completion, in one of the readers; everybody is told
 * ENODEV; the files stay harmless, and the device comes back and works.
 *
 * Loads and unloads the modules itself.
 */
#include "races.h"
#include "removal.h"

#define ROUNDS		20u
#define SUBMITTERS	3u
#define EACH		20000u	/* transfers of a submitter, at most */
#define BATCH		4u
#define DEPTH		16u

/* What becomes of each transfer: shared with the other process. */
struct ledger {
	atomic_uchar taken[SUBMITTERS * EACH];
	atomic_uchar read[SUBMITTERS * EACH];
	atomic_uint well;	/* completions that say 0 */
	atomic_uint gone;	/* ENODEV */
	atomic_uint wrong;	/* anything else */
	atomic_int wrong_status;
};

FIXTURE(removal)
{
	char path[64];
	struct dmabay *bay;
	struct dmabay_info info;
	unsigned char *memory;
	uint64_t length;	/* of a transfer */
	uint32_t buffer;
	uint32_t reservation;
	struct ledger *ledger;
};

FIXTURE_VARIANT(removal)
{
	const char *driver;
	const char *parameters;
	unsigned int rounds;
	int (*away)(void);
	int (*back)(const char *parameters);
};

FIXTURE_VARIANT_ADD(removal, soft_in_the_call)
{
	.driver = "soft",
	.parameters = "memory=1",
	.rounds = ROUNDS,
	.away = remove_soft,
	.back = insert_soft,
};

/* With a delay there is always something under way when it goes. */
FIXTURE_VARIANT_ADD(removal, soft_by_a_worker)
{
	.driver = "soft",
	.parameters = "memory=1 async=1 delay_ms=1",
	.rounds = ROUNDS,
	.away = remove_soft,
	.back = insert_soft,
};

FIXTURE_VARIANT_ADD(removal, edu_unbind)
{
	.driver = "edu",
	.parameters = "",
	.rounds = ROUNDS / 2,
	.away = unbind_edu,
	.back = bind_edu,
};

FIXTURE_SETUP(removal)
{
	if (!load(_metadata, variant->driver, variant->parameters))
		return;
	self->ledger = mmap(NULL, sizeof(*self->ledger), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ASSERT_NE(MAP_FAILED, self->ledger);
	srandom(42);
}

FIXTURE_TEARDOWN(removal)
{
	unload(_metadata);
}

/* ---- those who use the device, until it is gone ---- */

struct user {
	pthread_t thread;
	struct dmabay *bay;
	const FIXTURE_DATA(removal) *self;
	unsigned int number;
	int result;		/* what ended it */
};

static void note(struct ledger *ledger, const struct dmabay_completion *completions, int count,
		 uint64_t length)
{
	for (int i = 0; i < count; i++) {
		const struct dmabay_completion *completion = &completions[i];

		atomic_fetch_add(&ledger->read[completion->cookie], 1);
		if (!completion->status && completion->length == length) {
			atomic_fetch_add(&ledger->well, 1);
		} else if (completion->status == -ENODEV && completion->length <= length) {
			atomic_fetch_add(&ledger->gone, 1);
		} else {
			atomic_fetch_add(&ledger->wrong, 1);
			atomic_store(&ledger->wrong_status, completion->status);
		}
	}
}

/* Batches; the completions are somebody else's, or the caller's now and then. */
static void *submit_on(void *context)
{
	struct user *user = context;
	const FIXTURE_DATA(removal) *self = user->self;
	struct dmabay_completion completions[BATCH];
	struct dmabay_transfer transfers[BATCH];
	uint32_t completed, count = 0;
	struct dmabay_info info;
	uint64_t first;
	int result = 0;

	memset(transfers, 0, sizeof(transfers));
	for (uint32_t done = 0; done + BATCH <= EACH; done += count) {
		first = user->number * EACH + done;
		for (uint32_t i = 0; i < BATCH; i++) {
			transfers[i].reservation = self->reservation;
			transfers[i].buffer = self->buffer;
			transfers[i].length = self->length;
			transfers[i].direction = i & 1;
			transfers[i].cookie = first + i;
		}
		result = dmabay_submit(user->bay, transfers, BATCH, completions, BATCH,
				       done & BATCH ? 1 : 0, 0, &completed);
		count = result > 0 ? (uint32_t)result : 0;
		for (uint32_t i = 0; i < count; i++)
			atomic_fetch_add(&self->ledger->taken[first + i], 1);
		note(self->ledger, completions, (int)completed, self->length);
		if (result == -EAGAIN)
			sched_yield();
		else if (result < 0)
			break;
	}
	/* A fast machine may run out of cookies before the device goes. */
	for (; result >= 0; result = dmabay_info(user->bay, &info))
		sched_yield();
	user->result = result;
	return NULL;
}

static void *read_on(void *context)
{
	struct user *user = context;
	struct dmabay_completion completions[BATCH];
	int result;

	while ((result = dmabay_wait(user->bay, completions, BATCH, 1 + user->number, 0)) > 0)
		note(user->self->ledger, completions, result, user->self->length);
	user->result = result;
	return NULL;
}

static void *poll_on(void *context)
{
	struct user *user = context;
	struct pollfd poll_fd = { .fd = dmabay_fd(user->bay), .events = POLLIN };
	struct dmabay_completion completion;
	int result;

	do {
		if (poll(&poll_fd, 1, -1) != 1)
			break;
		result = dmabay_wait(user->bay, &completion, 1, 0, 0);
		if (result > 0)
			note(user->self->ledger, &completion, result, user->self->length);
	} while (!(poll_fd.revents & POLLHUP));
	/* It said that it is gone: then there is no more to wait for. */
	while ((result = dmabay_wait(user->bay, &completion, 1, 1, 0)) > 0)
		note(user->self->ledger, &completion, result, user->self->length);
	user->result = result;
	return NULL;
}

/* Waits for more than is free. */
static void *wait_in_line(void *context)
{
	struct user *user = context;
	struct dmabay *bay;
	uint32_t reservation;

	user->result = dmabay_open(&bay, user->self->path, O_RDWR);
	if (user->result)
		return NULL;
	user->result = dmabay_reserve(bay, user->self->info.map_registers, 1, 0, &reservation);
	/* The line may move on in the moment in which the device goes. */
	if (!user->result)
		user->result = dmabay_free(bay, reservation);
	dmabay_close(bay);
	return NULL;
}

/* A whole life of a file, with a transfer in the end. */
static int live(const FIXTURE_DATA(removal) *self, unsigned char *memory)
{
	uint32_t buffer, reservation;
	struct dmabay *bay;
	int64_t sent;
	int result = dmabay_open(&bay, self->path, O_RDWR);

	if (result)
		return result;
	result = dmabay_register(bay, memory, PAGE, 0, &buffer);
	if (!result)
		result = dmabay_reserve(bay, 1, 1, DMABAY_RESERVE_IMMEDIATE, &reservation);
	/* Behind the one that waits in line there is nothing to be had. */
	if (result == -EAGAIN)
		result = dmabay_unregister(bay, buffer);
	else if (!result)
		result = transfer_wait(bay, reservation, buffer, 0, self->length, 0,
				       DMABAY_TO_DEVICE);
	if (!result) {
		sent = dmabay_once(bay, memory, self->length, 0, DMABAY_TO_DEVICE);
		result = sent < 0 && sent != -ENOMEM ? (int)sent : 0;
	}
	dmabay_close(bay);
	return result;
}

static void *live_on(void *context)
{
	struct user *user = context;
	unsigned char *memory = map_pages(PAGE);

	do {
		user->result = live(user->self, memory);
	} while (!user->result);
	munmap(memory, PAGE);
	return NULL;
}

static const struct {
	const char *name;
	void *(*run)(void *context);
	unsigned int number;
	bool opens;	/* and may find that there is no node any more */
} doings[] = {
	{ "the first SUBMIT", submit_on, 0, false },
	{ "the second SUBMIT", submit_on, 1, false },
	{ "WAIT for one", read_on, 0, false },
	{ "WAIT for three", read_on, 2, false },
	{ "poll", poll_on, 0, false },
	{ "RESERVE in line", wait_in_line, 0, true },
	{ "files that come and go", live_on, 0, true },
};

#define USERS ARRAY_SIZE(doings)

/* The first of them: what the only reader does not get is lost. */
#define ONE_READER	3u

/* The same file in another process: submits and reads like the threads. */
static pid_t send_sharer(FIXTURE_DATA(removal) *self)
{
	struct user submitter = { .bay = self->bay, .self = self, .number = 2 };
	struct user reader = { .bay = self->bay, .self = self };
	pid_t child = send_child();

	if (child)
		return child;
	if (pthread_create(&reader.thread, NULL, read_on, &reader))
		_exit(1);
	submit_on(&submitter);
	if (join_thread(reader.thread))
		_exit(2);
	_exit(submitter.result == -ENODEV && reader.result == -ENODEV ? 0 : 3);
}

/* ---- one removal ---- */

static void open_main(struct __test_metadata *_metadata, FIXTURE_DATA(removal) *self,
		      const FIXTURE_VARIANT(removal) *variant)
{
	ASSERT_TRUE(find_node(variant->driver, self->path, sizeof(self->path)));
	ASSERT_EQ(0, dmabay_open(&self->bay, self->path, O_RDWR));
	ASSERT_EQ(0, dmabay_info(self->bay, &self->info));
	self->length = 64;
	self->memory = map_pages(PAGE);
	ASSERT_EQ(0, dmabay_register(self->bay, self->memory, PAGE, 0, &self->buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 2, DEPTH, 0, &self->reservation));
	memset(self->ledger, 0, sizeof(*self->ledger));
}

static void wait_until_one_ended(const struct ledger *ledger)
{
	uint64_t end = dmabay_deadline(PATIENCE);

	while (!atomic_load(&ledger->well) && dmabay_deadline(0) < end)
		pause_for(MILLISECOND);
}

/* The device is away when it returns, and so are all who used it. */
static void remove_under(struct __test_metadata *_metadata, FIXTURE_DATA(removal) *self,
			 const FIXTURE_VARIANT(removal) *variant, size_t count, bool one_ended)
{
	pid_t sharer = count == USERS ? send_sharer(self) : 0;
	struct user users[USERS];
	int status = 0;

	ASSERT_LE(0, sharer);
	for (size_t i = 0; i < count; i++) {
		users[i] = (struct user){
			.bay = self->bay, .self = self, .number = doings[i].number,
		};
		ASSERT_EQ(0, pthread_create(&users[i].thread, NULL, doings[i].run, &users[i]));
	}
	if (one_ended)
		wait_until_one_ended(self->ledger);
	pause_for(random_below(10 * MILLISECOND));
	ASSERT_EQ(0, variant->away());
	EXPECT_NE(0, access(self->path, F_OK)) TH_LOG("%s is still there", self->path);

	for (size_t i = 0; i < count; i++) {
		int result;

		ASSERT_EQ(0, join_thread(users[i].thread)) TH_LOG("%s has no end", doings[i].name);
		result = users[i].result;
		EXPECT_TRUE(result == -ENODEV ||
			    (doings[i].opens && (result == -ENOENT || result == -ENXIO)))
			TH_LOG("%s ended with %d", doings[i].name, result);
	}
	if (sharer)
		waitpid(sharer, &status, 0);
	EXPECT_EQ(0, status) TH_LOG("the other process ended with 0x%x", status);
}

static void expect_each_once(struct __test_metadata *_metadata, const struct ledger *ledger)
{
	unsigned int lost = 0, doubled = 0, invented = 0;

	for (size_t i = 0; i < SUBMITTERS * EACH; i++) {
		unsigned int taken = atomic_load(&ledger->taken[i]);
		unsigned int times = atomic_load(&ledger->read[i]);

		lost += taken && !times;
		doubled += times > 1;
		invented += times && !taken;
	}
	EXPECT_EQ(0, lost);
	EXPECT_EQ(0, doubled);
	EXPECT_EQ(0, invented);
	EXPECT_EQ(0, atomic_load(&ledger->wrong))
		TH_LOG("a completion says %d", atomic_load(&ledger->wrong_status));
}

/* Nothing but ENODEV is left, and the memory is the program's alone. */
static void expect_harmless(struct __test_metadata *_metadata, FIXTURE_DATA(removal) *self)
{
	struct pollfd poll_fd = { .fd = dmabay_fd(self->bay), .events = POLLIN };
	struct dmabay_transfer transfer = {
		.reservation = self->reservation,
		.buffer = self->buffer,
		.length = self->length,
	};
	struct dmabay_completion completion;

	fill(self->memory, PAGE, SENT, 9);
	EXPECT_EQ(1, poll(&poll_fd, 1, 0));
	EXPECT_EQ(POLLHUP, poll_fd.revents & (POLLHUP | POLLIN));
	EXPECT_EQ(-ENODEV, dmabay_submit(self->bay, &transfer, 1, NULL, 0, 0, 0, NULL));
	EXPECT_EQ(-ENODEV, dmabay_wait(self->bay, &completion, 1, 1, 0));
	EXPECT_EQ(-ENODEV, dmabay_free(self->bay, self->reservation));
	EXPECT_EQ(-ENODEV, dmabay_unregister(self->bay, self->buffer));
	EXPECT_PATTERN(self->memory, PAGE, SENT, 9);
}

/* It comes back beside the file of the one that is gone. */
static void come_back(struct __test_metadata *_metadata, FIXTURE_DATA(removal) *self,
		      const FIXTURE_VARIANT(removal) *variant)
{
	struct dmabay *bay;

	ASSERT_EQ(0, variant->back(variant->parameters));
	ASSERT_TRUE(find_node(variant->driver, self->path, sizeof(self->path)));
	ASSERT_EQ(0, dmabay_open(&bay, self->path, O_RDWR));
	EXPECT_EQ(0, good_transfer(bay));
	dmabay_close(bay);
}

static void remove_once(struct __test_metadata *_metadata, FIXTURE_DATA(removal) *self,
			const FIXTURE_VARIANT(removal) *variant, size_t users, bool one_ended)
{
	open_main(_metadata, self, variant);
	remove_under(_metadata, self, variant, users, one_ended);
	expect_each_once(_metadata, self->ledger);
	expect_harmless(_metadata, self);
	come_back(_metadata, self, variant);
	dmabay_close(self->bay);
	munmap(self->memory, PAGE);
	EXPECT_NOTHING_LEFT(self->path);
}

TEST_F_TIMEOUT(removal, under_everything, LONG_TEST)
{
	struct rounds rounds = so_many(rounds_here(variant->rounds));
	unsigned int well = 0, gone = 0;

	for (; another(&rounds); rounds.done++) {
		remove_once(_metadata, self, variant, rounds.done & 1 ? ONE_READER : USERS,
			    false);
		ASSERT_EQ(KSFT_PASS, _metadata->exit_code) TH_LOG("round %u", rounds.done);
		well += atomic_load(&self->ledger->well);
		gone += atomic_load(&self->ledger->gone);
	}
	tell_count(rounds.done, "unplugs");
	TH_LOG("%u rounds: %u transfers ended well, %u because the device went", rounds.done,
	       well, gone);
}

/* Both ends of a transfer that was taken must be seen. */
TEST_F_TIMEOUT(removal, both_ends, LONG_TEST)
{
	uint64_t end = dmabay_deadline(PATIENCE);
	unsigned int well = 0, gone = 0;

	if (one_processor())
		SKIP(return, "one processor: what is taken may end before the device goes");
	do {
		remove_once(_metadata, self, variant, USERS, true);
		ASSERT_EQ(KSFT_PASS, _metadata->exit_code);
		well += atomic_load(&self->ledger->well);
		gone += atomic_load(&self->ledger->gone);
	} while ((!well || !gone) && dmabay_deadline(0) < end);
	if (!well || !gone)
		SKIP(return, "too slow here: %u ended well, %u because the device went", well,
		     gone);
}

/* ---- exit during removal ---- */

struct killer {
	pthread_t thread;
	atomic_uint here;
	pid_t child;
	uint64_t delay;
};

static void *kill_it(void *context)
{
	struct killer *killer = context;

	meet(&killer->here, 2);
	pause_for(killer->delay);
	kill(killer->child, SIGKILL);
	return NULL;
}

/* A process that has everything under way; it says so and never ends by itself. */
static pid_t send_busy(FIXTURE_DATA(removal) *self, int ready)
{
	struct user users[USERS];
	pid_t child = send_child();

	if (child)
		return child;
	for (size_t i = 0; i < USERS; i++) {
		users[i] = (struct user){
			.bay = self->bay, .self = self, .number = doings[i].number,
		};
		if (pthread_create(&users[i].thread, NULL, doings[i].run, &users[i]))
			_exit(1);
	}
	if (write(ready, "", 1) != 1)
		_exit(2);
	for (;;)
		pause();
}

/* The process dies of it in the middle of whatever it does, before, while or after. */
static void exit_during_removal(struct __test_metadata *_metadata, FIXTURE_DATA(removal) *self,
				const FIXTURE_VARIANT(removal) *variant)
{
	struct killer killer = { .delay = random_below(5 * MILLISECOND) };
	int ready[2], status = 0;
	char byte;

	open_main(_metadata, self, variant);
	ASSERT_EQ(0, pipe2(ready, O_CLOEXEC));
	killer.child = send_busy(self, ready[1]);
	ASSERT_LE(0, killer.child);
	ASSERT_EQ(1, read(ready[0], &byte, 1));
	/* The file is the other's alone. */
	dmabay_close(self->bay);
	ASSERT_EQ(0, pthread_create(&killer.thread, NULL, kill_it, &killer));
	meet(&killer.here, 2);
	pause_for(random_below(5 * MILLISECOND));
	ASSERT_EQ(0, variant->away());
	ASSERT_EQ(0, join_thread(killer.thread));
	ASSERT_EQ(killer.child, waitpid(killer.child, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status)) TH_LOG("it died by itself: 0x%x", status);
	EXPECT_EQ(0, pinned_now());
	close(ready[0]);
	close(ready[1]);
	munmap(self->memory, PAGE);
	come_back(_metadata, self, variant);
	EXPECT_NOTHING_LEFT(self->path);
}

TEST_F_TIMEOUT(removal, under_exit, LONG_TEST)
{
	struct rounds rounds = so_many(rounds_here(variant->rounds));

	for (; another(&rounds); rounds.done++) {
		exit_during_removal(_metadata, self, variant);
		ASSERT_EQ(KSFT_PASS, _metadata->exit_code) TH_LOG("round %u", rounds.done);
	}
	tell_count(rounds.done, "unplugs");
	TH_LOG("%u rounds", rounds.done);
}

TEST_HARNESS_MAIN
