// SPDX-License-Identifier: GPL-2.0-only
/*
 * Sleep: the machine is put to sleep and woken while buffers are registered, map registers
 * reserved and transfers under way. Afterwards everything is still held, each transfer has
 * ended once, and its bytes are right.
 *
 * Rehearsed with the kernel's pm_test, which stops at devices, or at the last step before
 * the firmware is called, and turns back; and done, where a clock can wake the machine.
 *
 * Loads and unloads the modules itself.
 */
#include <pthread.h>

#include "removal.h"

#define CYCLES		20u
#define QUICK_CYCLES	5u	/* with DMABAY_QUICK in the environment */
#define DEPTH		4u
#define WAKE_AFTER	"+2"	/* seconds, while it sleeps */

FIXTURE(sleep)
{
	struct dmabay *bay;
	unsigned char *memory;
	uint64_t length;
	uint32_t buffer;
	uint32_t reservation;
	unsigned int cycles;
	pthread_t thread;
	bool stop;		/* atomic: the thread shall end */
	uint64_t transfers;	/* the thread's, as the rest: ended well */
	uint64_t wrong_bytes;
	int status;		/* the first that did not */
};

FIXTURE_VARIANT(sleep)
{
	const char *driver;
	const char *parameters;
};

FIXTURE_VARIANT_ADD(sleep, soft)
{
	.driver = "soft",
	.parameters = "",
};

/* Something is always under way. */
FIXTURE_VARIANT_ADD(sleep, soft_async)
{
	.driver = "soft",
	.parameters = "async=1 delay_ms=1",
};

FIXTURE_VARIANT_ADD(sleep, edu)
{
	.driver = "edu",
	.parameters = "",
};

/* ---- what goes on meanwhile ---- */

/* DEPTH of one direction; the status of the first that did not end well. */
static int round_of(FIXTURE_DATA(sleep) *self, uint32_t direction)
{
	struct dmabay_completion completions[DEPTH];
	struct dmabay_transfer transfers[DEPTH];
	uint32_t completed = 0;
	int result;

	memset(transfers, 0, sizeof(transfers));
	for (unsigned int i = 0; i < DEPTH; i++) {
		transfers[i].reservation = self->reservation;
		transfers[i].buffer = self->buffer;
		transfers[i].length = self->length;
		transfers[i].direction = direction;
		transfers[i].cookie = i;
	}
	result = dmabay_submit(self->bay, transfers, DEPTH, NULL, 0, 0, 0, NULL);
	if (result != (int)DEPTH)
		return result < 0 ? result : -EAGAIN;
	while (completed < DEPTH) {
		/* Going to sleep interrupts who waits, as a signal does. */
		result = dmabay_wait(self->bay, completions + completed, DEPTH - completed,
				     DEPTH - completed, 0);
		if (result < 0 && result != -EINTR)
			return result;
		completed += result > 0 ? (uint32_t)result : 0;
	}
	for (unsigned int i = 0; i < DEPTH; i++)
		if (completions[i].cookie != i || completions[i].status ||
		    completions[i].length != self->length)
			return completions[i].status ?: -EBADMSG;
	__atomic_fetch_add(&self->transfers, DEPTH, __ATOMIC_RELAXED);
	return 0;
}

static void *transfer_on(void *context)
{
	FIXTURE_DATA(sleep) *self = context;
	uint64_t seed = 0;

	while (!__atomic_load_n(&self->stop, __ATOMIC_RELAXED) && !self->status) {
		fill(self->memory, self->length, SENT, ++seed);
		self->status = round_of(self, DMABAY_TO_DEVICE);
		fill(self->memory, self->length, BLANK, seed);
		if (!self->status)
			self->status = round_of(self, DMABAY_FROM_DEVICE);
		for (uint64_t i = 0; i < self->length && !self->status; i++)
			self->wrong_bytes += self->memory[i] != pattern(SENT, seed, i);
	}
	return NULL;
}

FIXTURE_SETUP(sleep)
{
	struct dmabay_info info;

	if (access("/sys/power/state", F_OK))
		SKIP(return, "this kernel cannot sleep");
	if (!load_and_open(_metadata, variant->driver, variant->parameters, &self->bay))
		return;
	self->cycles = repeated(CYCLES, QUICK_CYCLES);
	ASSERT_EQ(0, dmabay_info(self->bay, &info));
	self->length = about_a_page(&info);
	self->memory = map_pages(PAGE);
	ASSERT_NE(NULL, self->memory);
	ASSERT_EQ(0, dmabay_register(self->bay, self->memory, PAGE, 0, &self->buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 2, DEPTH, 0, &self->reservation));
	ASSERT_EQ(0, pthread_create(&self->thread, NULL, transfer_on, self));
}

FIXTURE_TEARDOWN(sleep)
{
	if (self->thread) {
		__atomic_store_n(&self->stop, true, __ATOMIC_RELAXED);
		pthread_join(self->thread, NULL);
		EXPECT_EQ(0, self->status);
		EXPECT_EQ(0u, self->wrong_bytes);
		EXPECT_LT(0u, self->transfers);
	}
	if (!self->bay)
		return;
	EXPECT_EQ(0, good_transfer(self->bay));
	EXPECT_EQ(0, dmabay_free(self->bay, self->reservation));
	EXPECT_EQ(0, dmabay_unregister(self->bay, self->buffer));
	close_and_unload(_metadata, self->bay);
}

/* ---- the ways to sleep ---- */

/* A sentence for the table of hazards; the thread's numbers may be a little behind. */
static void tell(const FIXTURE_DATA(sleep) *self, const char *driver, const char *way)
{
	FIGURE("R44", "%s, %s: %u cycles, %" PRIu64 " transfers meanwhile, %" PRIu64
	       " wrong bytes, first error %d", driver, way, self->cycles, self->transfers,
	       self->wrong_bytes, self->status);
	tell_count(self->cycles, "resumes");
}

/* To sleep, and awake again: what went on before goes on. */
static bool sleep_once(FIXTURE_DATA(sleep) *self, const char *state)
{
	uint64_t before = __atomic_load_n(&self->transfers, __ATOMIC_RELAXED);
	uint64_t end;

	if (write_file("/sys/power/state", state))
		return false;
	for (end = dmabay_deadline(PATIENCE); dmabay_deadline(0) < end; pause_for(MILLISECOND))
		if (__atomic_load_n(&self->transfers, __ATOMIC_RELAXED) != before)
			return true;
	return false;
}

static void rehearse(struct __test_metadata *_metadata, FIXTURE_DATA(sleep) *self,
		     const char *level, const char *state)
{
	if (write_file("/sys/power/pm_test", level))
		SKIP(return, "this kernel rehearses nothing");
	ASSERT_EQ(0, write_file("/sys/module/suspend/parameters/pm_test_delay", "0"));
	for (unsigned int i = 0; i < self->cycles; i++) {
		ASSERT_TRUE(sleep_once(self, state)) TH_LOG("cycle %u: %m", i);
	}
	write_file("/sys/power/pm_test", "none");
}

TEST_F_TIMEOUT(sleep, devices_rehearsed, LONG_TEST)
{
	rehearse(_metadata, self, "devices", "freeze");
	tell(self, variant->driver, "devices rehearsed");
}

/*
 * All processors but one are switched off, and interrupts. A sleep that is none but idling has no
 * such step: nothing would end it.
 */
TEST_F_TIMEOUT(sleep, all_rehearsed, LONG_TEST)
{
	if (write_file("/sys/power/mem_sleep", "deep"))
		SKIP(return, "this machine has no sleep in which only memory is on");
	self->cycles = (self->cycles + 9) / 10;
	rehearse(_metadata, self, "core", "mem");
	tell(self, variant->driver, "all but the firmware rehearsed");
}

/* The machine is off but for its memory, the device has forgotten everything. */
TEST_F_TIMEOUT(sleep, done, LONG_TEST)
{
	self->cycles = 2;
	for (unsigned int i = 0; i < self->cycles; i++) {
		if (write_file("/sys/class/rtc/rtc0/wakealarm", "0") ||
		    write_file("/sys/class/rtc/rtc0/wakealarm", WAKE_AFTER))
			SKIP(return, "no clock can wake this machine");
		if (write_file("/sys/power/mem_sleep", "deep"))
			SKIP(return, "this machine has no sleep in which only memory is on");
		ASSERT_TRUE(sleep_once(self, "mem")) TH_LOG("cycle %u: %m", i);
	}
	tell(self, variant->driver, "done");
}

TEST_HARNESS_MAIN
