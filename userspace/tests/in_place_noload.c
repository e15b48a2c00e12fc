// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory in place: where nothing translates and the device reaches all memory, scattered
 * memory is moved piece by piece, and copied only below what /sys says, which root can
 * change. All bytes are where they belong in either case, whatever the offset, and whether
 * the device is done with a piece at once or later.
 *
 * Loads and unloads the modules itself.
 */
#include "modules.h"
#include "sysfs.h"

#define LENGTH	(16 * PAGE)
/* Everything is below it. */
#define ALWAYS	UINT32_MAX

FIXTURE(in_place)
{
	char path[64];
	struct dmabay *bay;
	unsigned char *memory;
	uint32_t buffer;
	uint32_t reservation;
	uint32_t pieces;
};

typedef FIXTURE_DATA(in_place) fixture;

FIXTURE_VARIANT(in_place)
{
	const char *parameters;
	uint32_t flags;
	uint32_t copied_below;
};

FIXTURE_VARIANT_ADD(in_place, at_once)
{
	.parameters = "",
	.copied_below = 512,
};

FIXTURE_VARIANT_ADD(in_place, at_once_strict)
{
	.parameters = "",
	.flags = DMABAY_RESERVE_STRICT,
	.copied_below = 512,
};

FIXTURE_VARIANT_ADD(in_place, later)
{
	.parameters = "async=1",
	.copied_below = 32768,
};

FIXTURE_VARIANT_ADD(in_place, copies_wanted)
{
	.parameters = "provider=bounce",
	.copied_below = ALWAYS,
};

/* Where the memory really is, so many pages do not follow the one before; 0: not known. */
static uint32_t count_pieces(const unsigned char *memory)
{
	uint64_t last = 0, physical;
	uint32_t pieces = 0;

	for (size_t at = 0; at < LENGTH; at += PAGE, last = physical) {
		physical = physical_address(memory + at);
		if (!physical)
			return 0;
		pieces += physical != last + PAGE;
	}
	return pieces;
}

static int copied_below_open(const fixture *self, int how)
{
	char path[128];
	int fd;

	attribute_path(self->path, "copied_below", path, sizeof(path));
	fd = open(path, how | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int set_copied_below(const fixture *self, const char *text)
{
	int fd = copied_below_open(self, O_WRONLY), result = 0;

	if (fd < 0)
		return fd;
	if (write(fd, text, strlen(text)) < 0)
		result = -errno;
	close(fd);
	return result;
}

static uint64_t copied_below(const fixture *self)
{
	char text[ATTRIBUTE_TEXT];

	return attribute_read(self->path, "copied_below", text) ? 0 : strtoull(text, NULL, 10);
}

static unsigned char *map_scattered(void)
{
	unsigned char *memory = map_pages(LENGTH);

	if (!memory)
		return NULL;
	madvise(memory, LENGTH, MADV_NOHUGEPAGE);
	/* Pages are given out upwards more often than downwards. */
	for (size_t at = LENGTH; at; at -= PAGE)
		memory[at - PAGE] = 1;
	return memory;
}

FIXTURE_SETUP(in_place)
{
	const char *iommu = getenv("DMABAY_IOMMU"), *loan = getenv("DMABAY_LOAN");
	bool borrows = iommu && strcmp(iommu, "none");
	char parameters[128], text[ATTRIBUTE_TEXT];
	struct dmabay_info info;

	snprintf(parameters, sizeof(parameters), "%s%s memory=1 %s", borrows ? "dma_dev=" : "",
		 borrows && loan ? loan : "", variant->parameters);
	ASSERT_EQ(0, insert("dmabay", ""));
	ASSERT_EQ(0, insert("dmabay_soft", parameters));
	ASSERT_TRUE(find_node("soft", self->path, sizeof(self->path)));
	ASSERT_EQ(0, dmabay_open(&self->bay, self->path, O_RDWR));
	ASSERT_EQ(0, dmabay_info(self->bay, &info));
	if (info.iommu == DMABAY_INFO_IOMMU_STRICT || info.iommu == DMABAY_INFO_IOMMU_LAZY) {
		EXPECT_EQ(-ENOENT, attribute_read(self->path, "copied_below", text));
		SKIP(return, "nothing is in place behind an IOMMU that translates");
	}
	if (attribute_read(self->path, "copied_below", text) == -ENOENT)
		SKIP(return, "the device does not reach all memory without help");
	ASSERT_EQ(variant->copied_below, copied_below(self));

	self->memory = map_scattered();
	ASSERT_NE(NULL, self->memory);
	/* To be pinned, it may be moved. */
	ASSERT_EQ(0, dmabay_register(self->bay, self->memory, LENGTH, 0, &self->buffer));
	self->pieces = count_pieces(self->memory);
	if (self->pieces < 2)
		SKIP(return, "where the memory really is cannot be known, or it is in one piece");
	ASSERT_EQ(0, dmabay_reserve(self->bay, 17, 4, variant->flags, &self->reservation));
}

FIXTURE_TEARDOWN(in_place)
{
	dmabay_close(self->bay);
	EXPECT_EQ(0, removed("dmabay_soft"));
	EXPECT_EQ(0, core_unused());
}

static uint64_t bounced(struct __test_metadata *_metadata, const fixture *self)
{
	struct dmabay_counters counters;

	ASSERT_EQ(0, dmabay_counters(self->bay, &counters));
	return counters.bounced_bytes;
}

/* There and back. How many bytes were copied. */
static uint64_t copied_of(struct __test_metadata *_metadata, const fixture *self, size_t offset,
			  size_t length)
{
	uint64_t before = bounced(_metadata, self);

	fill(self->memory, LENGTH, SENT, offset);
	EXPECT_EQ(0, transfer_wait(self->bay, self->reservation, self->buffer, offset, length,
				   offset + 77, DMABAY_TO_DEVICE));
	fill(self->memory, LENGTH, BLANK, offset);
	EXPECT_EQ(0, transfer_wait(self->bay, self->reservation, self->buffer, offset, length,
				   offset + 77, DMABAY_FROM_DEVICE));
	EXPECT_PATTERN_BETWEEN(self->memory, 0, offset, BLANK, offset);
	EXPECT_PATTERN_BETWEEN(self->memory, offset, offset + length, SENT, offset);
	EXPECT_PATTERN_BETWEEN(self->memory, offset + length, LENGTH, BLANK, offset);
	return bounced(_metadata, self) - before;
}

/* What the table says, of pieces of a page. */
TEST_F(in_place, by_the_table)
{
	bool copied = LENGTH < (uint64_t)self->pieces * variant->copied_below;

	EXPECT_EQ(copied ? 2 * LENGTH : 0, copied_of(_metadata, self, 0, LENGTH));
	/* One piece is never copied. */
	EXPECT_EQ(0, copied_of(_metadata, self, PAGE, PAGE));
	EXPECT_EQ(0, copied_of(_metadata, self, 2 * PAGE + 100, 100));
}

TEST_F(in_place, root_decides)
{
	char text[ATTRIBUTE_TEXT];

	/* None is shorter, and so none of what is left either. */
	ASSERT_EQ(0, set_copied_below(self, "4096\n"));
	EXPECT_EQ(4096, copied_below(self));
	EXPECT_EQ(0, copied_of(_metadata, self, 0, LENGTH));
	snprintf(text, sizeof(text), "%u", LENGTH / self->pieces + 1);
	ASSERT_EQ(0, set_copied_below(self, text));
	EXPECT_EQ(2 * LENGTH, copied_of(_metadata, self, 0, LENGTH));
	ASSERT_EQ(0, set_copied_below(self, "1"));
	EXPECT_EQ(0, copied_of(_metadata, self, 0, LENGTH));
}

TEST_F(in_place, wrong_numbers_change_nothing)
{
	static const char *const wrong[] = { "x", "-1", "4294967296", "1 2", "512K" };

	ASSERT_EQ(0, set_copied_below(self, "4711"));
	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++) {
		EXPECT_GT(0, set_copied_below(self, wrong[i])) TH_LOG("%s", wrong[i]);
		EXPECT_EQ(4711, copied_below(self));
	}
}

/* Whatever begins or ends in the middle of a page. */
TEST_F(in_place, any_offset_and_length)
{
	const size_t edges[] = { 1, 100, PAGE - 1, PAGE, PAGE + 1, 5 * PAGE - 3 };
	static const char *const below[] = { "1", "600", "4294967295" };

	for (size_t way = 0; way < ARRAY_SIZE(below); way++) {
		ASSERT_EQ(0, set_copied_below(self, below[way]));
		for (size_t i = 0; i < ARRAY_SIZE(edges); i++)
			for (size_t j = 0; j < ARRAY_SIZE(edges); j++)
				copied_of(_metadata, self, edges[i], LENGTH - edges[i] - edges[j]);
	}
}

/* A piece is as long as the registers, and no longer. */
TEST_F(in_place, two_registers)
{
	ASSERT_EQ(0, dmabay_free(self->bay, self->reservation));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 2, 4, variant->flags, &self->reservation));
	ASSERT_EQ(0, set_copied_below(self, "1"));
	EXPECT_EQ(0, copied_of(_metadata, self, 10, LENGTH - 20));
}

/* Many at a time, each of many pieces, come to their end in their order. */
TEST_F(in_place, many_at_a_time)
{
	struct dmabay_transfer transfers[4] = {};
	struct dmabay_completion completions[4];
	uint32_t completed = 0;
	int result;

	ASSERT_EQ(0, set_copied_below(self, "1"));
	fill(self->memory, LENGTH, SENT, 5);
	for (uint32_t i = 0; i < 4; i++)
		transfers[i] = (struct dmabay_transfer){
			.reservation = self->reservation, .buffer = self->buffer,
			.offset = i * 4 * PAGE + 9, .length = 4 * PAGE - 9,
			.device_address = i * 4 * PAGE + 9, .direction = DMABAY_TO_DEVICE,
			.cookie = i,
		};
	ASSERT_EQ(4, dmabay_submit(self->bay, transfers, 4, completions, 4, 4,
				   dmabay_deadline(PATIENCE), &completed));
	while (completed < 4) {
		result = dmabay_wait(self->bay, completions + completed, 4 - completed, 1,
				     dmabay_deadline(PATIENCE));
		ASSERT_LT(0, result);
		completed += (uint32_t)result;
	}
	for (uint32_t i = 0; i < 4; i++) {
		EXPECT_EQ(i, completions[i].cookie);
		EXPECT_EQ(0, completions[i].status);
		EXPECT_EQ(transfers[i].length, completions[i].length);
	}
}

TEST_HARNESS_MAIN
