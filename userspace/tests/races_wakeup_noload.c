// SPDX-License-Identifier: GPL-2.0-only
/*
 * Wakeups: a completion comes on one processor while somebody is about to sleep on
 * the other, very many times, by every way to wait there is. Whoever sleeps is
 * woken.
 *
 * Loads and unloads the modules itself: the software device as it is, which completes
 * a transfer in the call, and with a worker, which completes it beside the call.
 */
#include <semaphore.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include "races.h"
#include "removal.h"

#define ROUNDS	2000u
#define DEPTH	4u
#define LENGTH	8u

FIXTURE(wakeup)
{
	struct dmabay *bay;
	unsigned char *memory;
	uint32_t buffer;
	uint32_t reservation;
};

FIXTURE_VARIANT(wakeup)
{
	const char *parameters;
};

FIXTURE_VARIANT_ADD(wakeup, in_the_call)
{
	.parameters = "memory=1",
};

FIXTURE_VARIANT_ADD(wakeup, by_a_worker)
{
	.parameters = "memory=1 async=1",
};

FIXTURE_SETUP(wakeup)
{
	if (!load_and_open(_metadata, "soft", variant->parameters, &self->bay))
		return;
	self->memory = map_pages(PAGE);
	ASSERT_EQ(0, dmabay_register(self->bay, self->memory, PAGE, 0, &self->buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 1, DEPTH, 0, &self->reservation));
	stay_on(0);
	srandom(43);
}

FIXTURE_TEARDOWN(wakeup)
{
	close_and_unload(_metadata, self->bay);
}

/*
 * One submits when the other has read, and the other goes to sleep when it has read. A
 * wakeup that gets lost is not made up for by a later completion: there is none.
 */
struct exchange {
	pthread_t thread;
	struct dmabay *bay;
	struct dmabay_transfer transfer;
	uint32_t each;		/* transfers for one wakeup */
	sem_t read;
	int64_t delay;
	bool stop;
	int epoll;
	int result;
};

static void *submit_after_reading(void *context)
{
	struct exchange *exchange = context;

	stay_on(1);
	for (;;) {
		sem_wait(&exchange->read);
		if (exchange->stop)
			return NULL;
		linger(-exchange->delay);
		for (uint32_t i = 0; i < exchange->each; i++)
			if (dmabay_submit(exchange->bay, &exchange->transfer, 1, NULL, 0, 0, 0,
					  NULL) != 1)
				exchange->result = -EBADMSG;
	}
}

/* Each returns how many completions it has read, or a negative errno. */

static int sleep_in_poll(struct exchange *exchange)
{
	struct pollfd poll_fd = { .fd = dmabay_fd(exchange->bay), .events = POLLIN };
	struct dmabay_completion completion;

	if (poll(&poll_fd, 1, (int)(PATIENCE / MILLISECOND)) != 1)
		return -ETIMEDOUT;
	return dmabay_wait(exchange->bay, &completion, 1, 0, 0);
}

/*
 * Edge-triggered: told by the wakeup alone. It may be told twice. It is on the file's
 * wait queue for good, so nobody else may have it: they would never sleep alone.
 */
static int sleep_in_epoll(struct exchange *exchange)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	struct dmabay_completion completion;
	int result;

	if (exchange->epoll < 0) {
		exchange->epoll = epoll_create1(EPOLL_CLOEXEC);
		if (epoll_ctl(exchange->epoll, EPOLL_CTL_ADD, dmabay_fd(exchange->bay), &event))
			return -errno;
	}
	do {
		if (epoll_wait(exchange->epoll, &event, 1, (int)(PATIENCE / MILLISECOND)) != 1)
			return -ETIMEDOUT;
		result = dmabay_wait(exchange->bay, &completion, 1, 0, 0);
	} while (result == -EAGAIN);
	return result;
}

static int sleep_in_wait(struct exchange *exchange)
{
	struct dmabay_completion completions[DEPTH];

	return dmabay_wait(exchange->bay, completions, exchange->each, exchange->each,
			   dmabay_deadline(PATIENCE));
}

/* How often this thread has slept so far. */
static long sleeps(void)
{
	struct rusage usage;

	return getrusage(RUSAGE_THREAD, &usage) ? 0 : usage.ru_nvcsw;
}

/* Returns whether it had to sleep: it came first. */
static bool exchange_one(struct __test_metadata *_metadata, struct exchange *exchange,
			 int (*sleep_in)(struct exchange *), int64_t delay)
{
	uint64_t end;
	long before;

	exchange->delay = delay;
	sem_post(&exchange->read);
	linger(delay);
	end = dmabay_deadline(PATIENCE);
	before = sleeps();
	ASSERT_EQ((int)exchange->each, sleep_in(exchange));
	/* All but epoll look once more when their time is up, and find them. */
	ASSERT_GT(end, dmabay_deadline(0)) TH_LOG("not woken by %u completions", exchange->each);
	return sleeps() != before;
}

static void exchange_many(struct __test_metadata *_metadata, FIXTURE_DATA(wakeup) *self,
			  uint32_t each, int (*sleep_in)(struct exchange *))
{
	struct rounds rounds = so_many(rounds_here(ROUNDS));
	struct exchange exchange = {
		.bay = self->bay,
		.transfer = {
			.reservation = self->reservation,
			.buffer = self->buffer,
			.length = LENGTH,
		},
		.each = each,
		.epoll = -1,
	};
	struct dmabay_completion completion;
	struct balance balance = { };
	unsigned int slept = 0;

	ASSERT_EQ(0, sem_init(&exchange.read, 0, 0));
	ASSERT_EQ(0, pthread_create(&exchange.thread, NULL, submit_after_reading, &exchange));
	for (; another(&rounds); rounds.done++) {
		bool first = exchange_one(_metadata, &exchange, sleep_in, balanced_delay(&balance));

		slept += first;
		rebalance(&balance, !first);
	}
	exchange.stop = true;
	sem_post(&exchange.read);
	ASSERT_EQ(0, join_thread(exchange.thread));
	EXPECT_EQ(0, exchange.result);
	EXPECT_EQ(-EAGAIN, dmabay_wait(self->bay, &completion, 1, 0, 0));
	close(exchange.epoll);
	TH_LOG("%u rounds, in %u of them it had to sleep", rounds.done, slept);
	EXPECT_LT(0, slept);
	EXPECT_LT(slept, rounds.done);
}

TEST_F_TIMEOUT(wakeup, poll, LONG_TEST)
{
	exchange_many(_metadata, self, 1, sleep_in_poll);
}

TEST_F_TIMEOUT(wakeup, epoll, LONG_TEST)
{
	exchange_many(_metadata, self, 1, sleep_in_epoll);
}

TEST_F_TIMEOUT(wakeup, wait, LONG_TEST)
{
	exchange_many(_metadata, self, 1, sleep_in_wait);
}

/* Woken at the third completion, not before, and not too late. */
TEST_F_TIMEOUT(wakeup, wait_for_three, LONG_TEST)
{
	exchange_many(_metadata, self, 3, sleep_in_wait);
}

TEST_HARNESS_MAIN
