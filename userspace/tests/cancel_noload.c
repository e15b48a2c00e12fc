// SPDX-License-Identifier: GPL-2.0-only
/*
 * Cancel: what has not started ends at once and moves no byte; what runs ends with the
 * piece that the device works on. Each transfer has one completion, whoever else ends it
 * at the same moment.
 *
 * Loads and unloads the modules itself.
 */
#include "races.h"
#include "worker.h"

/* Of a piece: long enough for what a test does meanwhile. */
#define A_WHILE	1000u

static int cancel_cookie(const fixture *self, uint64_t cookie, uint32_t *running)
{
	return dmabay_cancel(self->bay, DMABAY_CANCEL_COOKIE, 0, cookie, running);
}

/* It was stopped on the way: it has some pieces, and not all. */
static void expect_cut(struct __test_metadata *_metadata, const fixture *self, uint64_t slot)
{
	uint64_t length = expect_end(_metadata, self, slot, -ECANCELED);

	EXPECT_LE(PAGE, length);
	EXPECT_GT(LENGTH, length);
}

/* The last one of three is the first to end. */
TEST_F_TIMEOUT(worker, not_started, LONG_TEST)
{
	struct dmabay_counters before, after;
	uint32_t running;

	ASSERT_EQ(0, dmabay_counters(self->bay, &before));
	set_delay(_metadata, A_WHILE);
	start_slots(_metadata, self, 3);
	EXPECT_EQ(1, cancel_cookie(self, 2, &running));
	EXPECT_EQ(0, running);
	EXPECT_EQ(0, expect_end(_metadata, self, 2, -ECANCELED));
	expect_no_more(_metadata, self);
	EXPECT_EQ(-ENOENT, cancel_cookie(self, 2, &running));

	set_delay(_metadata, 0);
	EXPECT_EQ(LENGTH, expect_end(_metadata, self, 0, 0));
	EXPECT_EQ(LENGTH, expect_end(_metadata, self, 1, 0));
	expect_no_more(_metadata, self);
	expect_moved(_metadata, self, 2, 0);
	EXPECT_EQ(-ENOENT, cancel_cookie(self, 0, &running));
	ASSERT_EQ(0, dmabay_counters(self->bay, &after));
	EXPECT_EQ(before.transfers + 3, after.transfers);
	EXPECT_EQ(before.errors + 1, after.errors);
}

/* Twice is once; and the next one runs. */
TEST_F_TIMEOUT(worker, running, LONG_TEST)
{
	uint32_t running;

	set_delay(_metadata, A_WHILE);
	start_slots(_metadata, self, 2);
	for (int i = 0; i < 2; i++) {
		EXPECT_EQ(0, cancel_cookie(self, 0, &running));
		EXPECT_EQ(1, running);
	}
	set_delay(_metadata, 0);
	expect_cut(_metadata, self, 0);
	EXPECT_EQ(LENGTH, expect_end(_metadata, self, 1, 0));
	expect_no_more(_metadata, self);
}

/* The piece under way is all there is: it is done, and nothing was lost. */
TEST_F_TIMEOUT(worker, running_to_its_end, LONG_TEST)
{
	struct dmabay_transfer transfer = into_slot(self, 0, PAGE);
	uint32_t running;

	set_delay(_metadata, A_WHILE);
	submit(_metadata, self, &transfer);
	EXPECT_EQ(0, cancel_cookie(self, 0, &running));
	EXPECT_EQ(1, running);
	EXPECT_EQ(PAGE, expect_end(_metadata, self, 0, 0));
}

/* Slots 0 and 1 on the first reservation, 2 and 3 on another one. */
static uint32_t start_on_two(struct __test_metadata *_metadata, fixture *self)
{
	uint32_t first = self->reservation, second;

	set_delay(_metadata, A_WHILE);
	ASSERT_EQ(0, dmabay_reserve(self->bay, 2, 2, 0, &second));
	for (uint64_t slot = 0; slot < SLOTS; slot++) {
		struct dmabay_transfer transfer = into_slot(self, slot, LENGTH);

		transfer.reservation = slot < 2 ? first : second;
		submit(_metadata, self, &transfer);
	}
	return second;
}

TEST_F_TIMEOUT(worker, of_a_reservation, LONG_TEST)
{
	uint32_t second = start_on_two(_metadata, self), running;
	struct dmabay_transfer last = into_slot(self, 3, LENGTH);

	EXPECT_EQ(1, dmabay_cancel(self->bay, DMABAY_CANCEL_RESERVATION, second, 0, &running));
	EXPECT_EQ(1, running);
	EXPECT_EQ(0, expect_end(_metadata, self, 3, -ECANCELED));

	/* The same cookie on both, and one of them is meant. */
	last.cookie = 1;
	last.reservation = second;
	submit(_metadata, self, &last);
	EXPECT_EQ(1, dmabay_cancel(self->bay, DMABAY_CANCEL_RESERVATION | DMABAY_CANCEL_COOKIE,
				   self->reservation, 1, &running));
	EXPECT_EQ(0, running);
	EXPECT_EQ(0, expect_end(_metadata, self, 1, -ECANCELED));
	EXPECT_EQ(1, dmabay_cancel(self->bay, DMABAY_CANCEL_COOKIE, 0, 1, &running));
	EXPECT_EQ(0, expect_end(_metadata, self, 1, -ECANCELED));

	/* Those that run share the worker, and one of them has a single piece to go. */
	set_delay(_metadata, 0);
	expect_cut(_metadata, self, 2);
	EXPECT_EQ(LENGTH, expect_end(_metadata, self, 0, 0));
	expect_no_more(_metadata, self);
	EXPECT_EQ(0, dmabay_free(self->bay, second));
}

TEST_F_TIMEOUT(worker, of_the_file, LONG_TEST)
{
	uint32_t second = start_on_two(_metadata, self), running;

	EXPECT_EQ(2, dmabay_cancel(self->bay, 0, 0, 0, &running));
	EXPECT_EQ(2, running);
	EXPECT_EQ(0, expect_end(_metadata, self, 1, -ECANCELED));
	EXPECT_EQ(0, expect_end(_metadata, self, 3, -ECANCELED));
	EXPECT_EQ(-EBUSY, dmabay_free(self->bay, second));
	EXPECT_EQ(-EBUSY, dmabay_unregister(self->bay, self->buffer));
	set_delay(_metadata, 0);
	expect_cut(_metadata, self, 0);
	expect_cut(_metadata, self, 2);
	expect_no_more(_metadata, self);
	EXPECT_EQ(0, dmabay_free(self->bay, second));
	EXPECT_EQ(0, dmabay_unregister(self->bay, self->buffer));
	ASSERT_EQ(0, dmabay_register(self->bay, self->memory, SLOTS * LENGTH, 0, &self->buffer));
}

/* Another file's are not there, whatever their numbers are. */
TEST_F_TIMEOUT(worker, of_nobody_else, LONG_TEST)
{
	const uint32_t by_number = DMABAY_CANCEL_RESERVATION;
	uint32_t running, freed;
	struct dmabay *other;

	ASSERT_EQ(0, dmabay_open(&other, dmabay_path(self->bay), O_RDWR));
	set_delay(_metadata, 50);
	start_slots(_metadata, self, 2);
	EXPECT_EQ(0, dmabay_cancel(other, 0, 0, 0, &running));
	EXPECT_EQ(0, running);
	EXPECT_EQ(-ENOENT, dmabay_cancel(other, DMABAY_CANCEL_COOKIE, 0, 0, &running));
	EXPECT_EQ(-ENOENT, dmabay_cancel(other, by_number, self->reservation, 0, &running));
	dmabay_close(other);
	set_delay(_metadata, 0);
	EXPECT_EQ(LENGTH, expect_end(_metadata, self, 0, 0));
	EXPECT_EQ(LENGTH, expect_end(_metadata, self, 1, 0));

	/* Nothing to cancel is no error, but what is not there is. */
	EXPECT_EQ(0, dmabay_cancel(self->bay, by_number, self->reservation, 0, &running));
	EXPECT_EQ(0, running);
	EXPECT_EQ(0, dmabay_cancel(self->bay, 0, 0, 0, &running));
	EXPECT_EQ(-ENOENT, dmabay_cancel(self->bay, by_number, UINT32_MAX, 0, &running));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 1, 1, 0, &freed));
	ASSERT_EQ(0, dmabay_free(self->bay, freed));
	EXPECT_EQ(-ENOENT, dmabay_cancel(self->bay, by_number, freed, 0, &running));
}

static void count_cancelled(struct __test_metadata *_metadata,
			    const struct dmabay_completion *completion, void *context)
{
	uint32_t *cancelled = context;

	EXPECT_TRUE(!completion->status || completion->status == -ECANCELED);
	*cancelled += !!completion->status;
}

/*
 * As many as there can be, all at once. The slots are the queue of completions: as long
 * as none was read there is no room for another transfer, and so nothing is lost.
 */
TEST_F_TIMEOUT(worker, of_a_full_reservation, LONG_TEST)
{
	struct dmabay_transfer more = into_slot(self, 0, PAGE);
	uint32_t running, cancelled = 0;
	int result;

	set_delay(_metadata, A_WHILE);
	more.reservation = fill_reservation(_metadata, self, NULL);
	result = dmabay_cancel(self->bay, 0, 0, 0, &running);
	set_delay(_metadata, 0);
	/* Some may have run before the last one was there. */
	EXPECT_LT(self->info.max_depth / 2, (uint32_t)result);
	EXPECT_EQ(1, running);
	EXPECT_EQ(-EAGAIN, dmabay_submit(self->bay, &more, 1, NULL, 0, 0, 0, NULL));
	drain_reservation(_metadata, self, count_cancelled, &cancelled);
	EXPECT_EQ((uint32_t)result, cancelled);
	EXPECT_EQ(-ENOENT, dmabay_cancel(self->bay, DMABAY_CANCEL_COOKIE, 0, 0, &running));
	blank_slots(self);
	submit(_metadata, self, &more);
	EXPECT_EQ(PAGE, expect_end(_metadata, self, 0, 0));
	EXPECT_EQ(0, dmabay_free(self->bay, more.reservation));
}

/* ---- everybody at once ---- */

#define COOKIES	20000u

/* What came of each transfer. */
struct ledger {
	struct dmabay *bay;
	const fixture *self;
	unsigned char read[COOKIES];	/* how often */
	atomic_uint taken;
	uint32_t ended;
	uint32_t done;
	uint32_t cancelled;
	uint32_t wrong;
	int last;			/* what ended the submitter */
	atomic_bool over;
	atomic_uint found;		/* by those who cancel */
};

static void enter(struct ledger *ledger, const struct dmabay_completion *completion)
{
	ledger->ended++;
	ledger->read[completion->cookie]++;
	if (!completion->status && completion->length == 2 * PAGE)
		ledger->done++;
	else if (completion->status == -ECANCELED && completion->length < 2 * PAGE)
		ledger->cancelled++;
	else if (completion->status != -ENODEV)
		ledger->wrong++;
}

static int read_some(struct ledger *ledger, uint32_t least)
{
	struct dmabay_completion completions[SLOTS];
	int result = dmabay_wait(ledger->bay, completions, SLOTS, least, dmabay_deadline(PATIENCE));

	for (int i = 0; i < result; i++)
		enter(ledger, &completions[i]);
	return result;
}

/* Keeps the reservation full, until time is up or the device is gone. */
static void *submit_on(void *context)
{
	struct ledger *ledger = context;
	struct dmabay_transfer transfer;
	struct rounds rounds = so_many(COOKIES);

	for (; another(&rounds) && rounds.done < COOKIES && ledger->last >= 0; rounds.done++) {
		transfer = into_slot(ledger->self, rounds.done % SLOTS, 2 * PAGE);
		transfer.cookie = rounds.done;
		do {
			ledger->last = dmabay_submit(ledger->bay, &transfer, 1, NULL, 0, 0, 0,
						     NULL);
		} while (ledger->last == -EAGAIN && read_some(ledger, 1) > 0);
		atomic_fetch_add(&ledger->taken, ledger->last == 1);
	}
	while (ledger->ended < atomic_load(&ledger->taken) && read_some(ledger, 1) > 0)
		;
	atomic_store(&ledger->over, true);
	return NULL;
}

/* One that was just submitted, the reservation's, or all. */
static void *cancel_on(void *context)
{
	static const uint32_t kinds[] = { DMABAY_CANCEL_COOKIE, DMABAY_CANCEL_RESERVATION, 0 };
	struct ledger *ledger = context;
	uint32_t flags, reservation;
	uint64_t cookie;
	int result = 0;

	for (unsigned int i = 0; !atomic_load(&ledger->over) && result != -ENODEV; i++) {
		flags = kinds[i % ARRAY_SIZE(kinds)];
		reservation = flags == DMABAY_CANCEL_RESERVATION ? ledger->self->reservation : 0;
		cookie = flags == DMABAY_CANCEL_COOKIE ? atomic_load(&ledger->taken) : 0;
		result = dmabay_cancel(ledger->bay, flags, reservation, cookie, NULL);
		if (result > 0)
			atomic_fetch_add(&ledger->found, (uint32_t)result);
		linger((int64_t)random_below(MILLISECOND));
	}
	return NULL;
}

#define CANCELLERS	2u

/* Returns the ledger, with everybody back. */
static struct ledger *submit_and_cancel(struct __test_metadata *_metadata, const fixture *self,
					void (*meanwhile)(struct __test_metadata *_metadata))
{
	struct ledger *ledger = calloc(1, sizeof(*ledger));
	pthread_t submitter, cancellers[CANCELLERS];

	ASSERT_NE(NULL, ledger);
	ledger->bay = self->bay;
	ledger->self = self;
	ASSERT_EQ(0, pthread_create(&submitter, NULL, submit_on, ledger));
	for (unsigned int i = 0; i < CANCELLERS; i++) {
		ASSERT_EQ(0, pthread_create(&cancellers[i], NULL, cancel_on, ledger));
	}
	if (meanwhile)
		meanwhile(_metadata);
	ASSERT_EQ(0, join_thread(submitter));
	for (unsigned int i = 0; i < CANCELLERS; i++) {
		ASSERT_EQ(0, join_thread(cancellers[i]));
	}
	TH_LOG("%u transfers: %u done, %u cancelled", ledger->ended, ledger->done,
	       ledger->cancelled);
	EXPECT_EQ(atomic_load(&ledger->taken), ledger->ended);
	EXPECT_EQ(0, ledger->wrong);
	for (uint32_t i = 0; i < ledger->ended; i++) {
		EXPECT_EQ(1, ledger->read[i]) TH_LOG("transfer %u", i);
	}
	return ledger;
}

TEST_F_TIMEOUT(worker, against_completion, LONG_TEST)
{
	struct ledger *ledger = submit_and_cancel(_metadata, self, NULL);

	EXPECT_LT(0, ledger->done);
	/* With one, the timer decides whether they ever meet one that has not ended. */
	if (!one_processor()) {
		EXPECT_LT(0, ledger->cancelled);
	}
	/* Some ran when they were withdrawn, and are not among those. */
	EXPECT_GE(ledger->cancelled, atomic_load(&ledger->found));
	free(ledger);
}

static void remove_meanwhile(struct __test_metadata *_metadata)
{
	pause_for(100 * MILLISECOND + random_below(20 * MILLISECOND));
	ASSERT_EQ(0, remove_soft());
}

/* Once more, and then the device goes. */
TEST_F_TIMEOUT(worker, against_removal, LONG_TEST)
{
	struct ledger *ledger = submit_and_cancel(_metadata, self, remove_meanwhile);

	EXPECT_EQ(-ENODEV, ledger->last);
	EXPECT_EQ(-ENODEV, dmabay_cancel(self->bay, 0, 0, 0, NULL));
	free(ledger);
	reload_worker(_metadata, self);
}

TEST_HARNESS_MAIN
