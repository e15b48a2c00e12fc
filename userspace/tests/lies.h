/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lies: a software device that can be told to misbehave, in each of the ways in which
 * transfers are moved, and each of the ways in which a program asks for one.
 *
 * The device's memory begins with bytes that are known. A transfer receives them into memory
 * in which others are. So whatever is told of it, one look says what was moved: the bytes
 * of the device's up to there, and nothing else.
 */
#ifndef DMABAY_TESTS_LIES_H
#define DMABAY_TESTS_LIES_H

#include "dump.h"
#include "removal.h"

/* How long the engine has until it is reset: none is, unless a test wants one. */
#define PATIENT_MS	"60000"
#define HASTY_MS	"100"

/* Behind an IOMMU: as many pages that the slot that they are linked in has one more. */
#define MOST_PAGES	3u
#define MOST		(MOST_PAGES * PAGE)

/* Where in the device's memory the bytes are; others use its beginning. */
#define PLACE		(64 * PAGE)

FIXTURE(lies)
{
	char path[64];
	struct dmabay *bay;
	struct dmabay_info info;
	bool translated;
	uint32_t length;	/* of a transfer, in one piece */
	unsigned char *memory;
	uint32_t buffer;
	uint32_t reservation;
	struct dump dump;
};

typedef FIXTURE_DATA(lies) fixture;

FIXTURE_VARIANT(lies)
{
	const char *parameters;
};

/* While the caller waits, in a worker, and by way of pages of the adapter's own. */
FIXTURE_VARIANT_ADD(lies, at_once)
{
	.parameters = "memory=1 timeout_ms=" PATIENT_MS,
};

FIXTURE_VARIANT_ADD(lies, later)
{
	.parameters = "memory=1 timeout_ms=" PATIENT_MS " async=1",
};

FIXTURE_VARIANT_ADD(lies, bounced)
{
	.parameters = "memory=1 timeout_ms=" PATIENT_MS " provider=bounce",
};

/* ---- what the device is told ---- */

static inline int write_parameter(const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/module/dmabay_soft/parameters/%s", name);
	return write_file(path, text);
}

static inline int plan(const char *text)
{
	return write_parameter("plan", text);
}

static inline int plan_value(const char *kind, unsigned int piece, unsigned int value)
{
	char text[64];

	snprintf(text, sizeof(text), "%s %u 1 %u", kind, piece, value);
	return plan(text);
}

static inline void read_parameter(const char *name, char *text, size_t size)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/module/dmabay_soft/parameters/%s", name);
	*text = '\0';
	file = fopen(path, "re");
	if (!file)
		return;
	if (fgets(text, (int)size, file))
		text[strcspn(text, "\n")] = '\0';
	fclose(file);
}

static inline uint32_t told_so_far(const char *name)
{
	char text[32];

	read_parameter(name, text, sizeof(text));
	return (uint32_t)strtoul(text, NULL, 10);
}

/* Whether it came to be so many, within PATIENCE. */
static inline bool saw_told(const char *name, uint32_t wanted)
{
	uint64_t end = dmabay_deadline(PATIENCE);

	while (told_so_far(name) != wanted && dmabay_deadline(0) < end)
		pause_for(MILLISECOND);
	return told_so_far(name) == wanted;
}

/* ---- memory ---- */

static inline void blank(unsigned char *memory, uint64_t length)
{
	fill(memory, length, BLANK, 2);
}

/* So many bytes at the beginning are the device's; -1: and not all others are as they were. */
static inline int64_t received(const unsigned char *memory, uint64_t length)
{
	int64_t wrong = first_wrong(memory, length, SENT, 1);
	uint64_t moved = wrong < 0 ? length : (uint64_t)wrong;

	return first_wrong_between(memory, moved, length, BLANK, 2) < 0 ? (int64_t)moved : -1;
}

static inline uint64_t faults(const fixture *self)
{
	struct dmabay_counters counters = { 0 };

	dmabay_counters(self->bay, &counters);
	return counters.faults;
}

/* ---- coming and going ---- */

static inline struct dmabay_transfer receive_into(const fixture *self, uint32_t buffer,
						  uint64_t offset, uint64_t cookie)
{
	return (struct dmabay_transfer){
		.reservation = self->reservation,
		.buffer = buffer,
		.offset = offset,
		.length = self->length,
		.device_address = PLACE,
		.direction = DMABAY_FROM_DEVICE,
		.cookie = cookie,
	};
}

FIXTURE_SETUP(lies)
{
	if (!load_and_open(_metadata, "soft", variant->parameters, &self->bay))
		return;
	snprintf(self->path, sizeof(self->path), "%s", dmabay_path(self->bay));
	ASSERT_EQ(0, dmabay_info(self->bay, &self->info));
	self->translated = self->info.iommu == DMABAY_INFO_IOMMU_STRICT ||
			   self->info.iommu == DMABAY_INFO_IOMMU_LAZY;
	/* Elsewhere each page may be a piece. */
	self->length = self->translated ? MOST : PAGE;
	self->memory = map_pages(MOST);
	ASSERT_NE(NULL, self->memory);
	ASSERT_EQ(0, dmabay_register(self->bay, self->memory, MOST, 0, &self->buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 16, 8, 0, &self->reservation));
	fill(self->memory, MOST, SENT, 1);
	ASSERT_EQ(0, transfer_wait(self->bay, self->reservation, self->buffer, 0, MOST, PLACE,
				   DMABAY_TO_DEVICE));
	blank(self->memory, MOST);
	dump_forget_all(&self->dump);
}

FIXTURE_TEARDOWN(lies)
{
	EXPECT_EQ(0, plan("none"));
	EXPECT_EQ(0, good_transfer(self->bay));
	dump_forget_all(&self->dump);
	close_and_unload(_metadata, self->bay);
}

#endif /* DMABAY_TESTS_LIES_H */
