/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Transfers that stay under way: the software device with a worker, which takes a page
 * for a piece and as long for each as it is told.
 *
 * What is in the device's memory is known page by page. A transfer receives it into a
 * slot of its own, so that every page there says whether it was moved.
 */
#ifndef DMABAY_TESTS_WORKER_H
#define DMABAY_TESTS_WORKER_H

#include "removal.h"

#define PIECES	8u
#define LENGTH	(PIECES * PAGE)
#define SLOTS	4u

FIXTURE(worker)
{
	struct dmabay *bay;
	struct dmabay_info info;
	unsigned char *memory;
	uint32_t buffer;
	uint32_t reservation;
};

typedef FIXTURE_DATA(worker) fixture;

/* Of each piece from the next one on. */
static inline void set_delay(struct __test_metadata *_metadata, unsigned int milliseconds)
{
	FILE *file = fopen("/sys/module/dmabay_soft/parameters/delay_ms", "we");

	ASSERT_NE(NULL, file);
	fprintf(file, "%u", milliseconds);
	ASSERT_EQ(0, fclose(file));
}

static inline unsigned char *slot_page(const fixture *self, uint64_t slot, unsigned int page)
{
	return self->memory + slot * LENGTH + page * PAGE;
}

/* ---- transfers ---- */

/* The first @length bytes of the device's memory into a slot, whose number is the cookie. */
static inline struct dmabay_transfer into_slot(const fixture *self, uint64_t slot,
					       uint64_t length)
{
	return (struct dmabay_transfer){
		.reservation = self->reservation,
		.buffer = self->buffer,
		.offset = slot * LENGTH,
		.length = length,
		.direction = DMABAY_FROM_DEVICE,
		.cookie = slot,
	};
}

static inline void submit(struct __test_metadata *_metadata, const fixture *self,
			  const struct dmabay_transfer *transfer)
{
	ASSERT_EQ(1, dmabay_submit(self->bay, transfer, 1, NULL, 0, 0, 0, NULL));
}

/* So many slots, the whole length of each. */
static inline void start_slots(struct __test_metadata *_metadata, const fixture *self,
			       uint64_t count)
{
	for (uint64_t slot = 0; slot < count; slot++) {
		struct dmabay_transfer transfer = into_slot(self, slot, LENGTH);

		submit(_metadata, self, &transfer);
	}
}

/* The slot has so many bytes of the device's, and its own from there on. */
static inline void expect_moved(struct __test_metadata *_metadata, const fixture *self,
				uint64_t slot, uint64_t length)
{
	EXPECT_EQ(0, length % PAGE);
	for (unsigned int page = 0; page < PIECES; page++) {
		const unsigned char *at = slot_page(self, slot, page);

		if (page < length / PAGE) {
			EXPECT_PATTERN(at, PAGE, SENT, page);
		} else {
			EXPECT_PATTERN(at, PAGE, BLANK, slot * PIECES + page);
		}
	}
}

/* The next completion is that of this slot. Returns its length, which the slot has. */
static inline uint64_t expect_end(struct __test_metadata *_metadata, const fixture *self,
				  uint64_t slot, int status)
{
	uint64_t end = dmabay_deadline(PATIENCE);
	struct dmabay_completion completion;
	int result;

	/* A ring may interrupt the tasks that use it, as a signal does. */
	do {
		result = dmabay_wait(self->bay, &completion, 1, 1, end);
	} while (result == -EINTR);
	ASSERT_EQ(1, result);
	EXPECT_EQ(slot, completion.cookie);
	EXPECT_EQ(status, completion.status) TH_LOG("slot %" PRIu64, slot);
	expect_moved(_metadata, self, completion.cookie, completion.length);
	return completion.length;
}

static inline void expect_no_more(struct __test_metadata *_metadata, const fixture *self)
{
	struct dmabay_completion completion;

	EXPECT_EQ(-EAGAIN, dmabay_wait(self->bay, &completion, 1, 0, 0));
}

/* ---- a reservation that is full ---- */

/* Every transfer it can hold, of a page each. @change, if any, is asked about each one. */
static inline uint32_t fill_reservation(struct __test_metadata *_metadata, const fixture *self,
					void (*change)(struct dmabay_transfer *transfer))
{
	uint32_t depth = self->info.max_depth, reservation;

	ASSERT_EQ(0, dmabay_reserve(self->bay, 1, depth, 0, &reservation));
	for (uint32_t i = 0; i < depth; i++) {
		struct dmabay_transfer transfer = into_slot(self, 0, PAGE);

		transfer.reservation = reservation;
		transfer.cookie = i;
		if (change)
			change(&transfer);
		submit(_metadata, self, &transfer);
	}
	return reservation;
}

/* Each of its transfers has one completion, which is handed to @judge. */
static inline void drain_reservation(struct __test_metadata *_metadata, const fixture *self,
				     void (*judge)(struct __test_metadata *_metadata,
						   const struct dmabay_completion *completion,
						   void *context),
				     void *context)
{
	uint32_t depth = self->info.max_depth;
	bool *seen = calloc(depth, sizeof(*seen));
	struct dmabay_completion completion;

	ASSERT_NE(NULL, seen);
	for (uint32_t i = 0; i < depth; i++) {
		ASSERT_EQ(1, dmabay_wait(self->bay, &completion, 1, 1, dmabay_deadline(PATIENCE)))
			TH_LOG("waited for completion %u of %u", i, depth);
		ASSERT_GT(depth, completion.cookie);
		EXPECT_FALSE(seen[completion.cookie]);
		seen[completion.cookie] = true;
		EXPECT_EQ(completion.status ? 0 : PAGE, completion.length);
		judge(_metadata, &completion, context);
	}
	expect_no_more(_metadata, self);
	free(seen);
}

/* ---- coming and going ---- */

static inline void blank_slots(const fixture *self)
{
	for (unsigned int page = 0; page < SLOTS * PIECES; page++)
		fill(self->memory + page * PAGE, PAGE, BLANK, page);
}

static inline void load_worker(struct __test_metadata *_metadata, fixture *self)
{
	if (!load_and_open(_metadata, "soft", "memory=1 async=1 max_length=PAGE map_registers=64",
			   &self->bay))
		return;
	ASSERT_EQ(0, dmabay_info(self->bay, &self->info));
	self->memory = map_pages(SLOTS * LENGTH);
	ASSERT_NE(NULL, self->memory);
	ASSERT_EQ(0, dmabay_register(self->bay, self->memory, SLOTS * LENGTH, 0, &self->buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 2, SLOTS, 0, &self->reservation));
	for (unsigned int page = 0; page < PIECES; page++)
		fill(self->memory + page * PAGE, PAGE, SENT, page);
	ASSERT_EQ(0, transfer_wait(self->bay, self->reservation, self->buffer, 0, LENGTH, 0,
				   DMABAY_TO_DEVICE));
	blank_slots(self);
}

/* The device was removed by the test: here it is again. */
static inline void reload_worker(struct __test_metadata *_metadata, fixture *self)
{
	dmabay_close(self->bay);
	munmap(self->memory, SLOTS * LENGTH);
	load_worker(_metadata, self);
}

FIXTURE_SETUP(worker)
{
	load_worker(_metadata, self);
}

/* Whatever was withdrawn, the reservation is as good as before. */
FIXTURE_TEARDOWN(worker)
{
	set_delay(_metadata, 0);
	blank_slots(self);
	start_slots(_metadata, self, SLOTS);
	for (uint64_t slot = 0; slot < SLOTS; slot++)
		EXPECT_EQ(LENGTH, expect_end(_metadata, self, slot, 0));
	expect_no_more(_metadata, self);
	close_and_unload(_metadata, self->bay);
}

#endif /* DMABAY_TESTS_WORKER_H */
