// SPDX-License-Identifier: GPL-2.0-only
/*
 * No memory: with every slab and every page allocation of the caller made to fail,
 * reserved transfers run on, whatever has to be linked anew for them.
 *
 * Needs a kernel with fault injection (failslab, fail_page_alloc in debugfs).
 */
#include "common.h"

#define BUFFERS		8
#define HUGE_PAGE	(2u << 20)

FIXTURE(nomemory)
{
	struct dmabay *bay;
	size_t length;
	unsigned int transfers;
	unsigned char *memory[BUFFERS];
	uint32_t buffer[BUFFERS];
	uint32_t reservation;
};

/*
 * Huge pages take the place of page tables in the IOMMU, and scattered memory needs
 * a table again: with both in turn, tables are missing where they cannot be had.
 */
FIXTURE_VARIANT(nomemory)
{
	bool huge;
};

FIXTURE_VARIANT_ADD(nomemory, scattered)
{
	.huge = false,
};

FIXTURE_VARIANT_ADD(nomemory, scattered_and_huge)
{
	.huge = true,
};

/* Every allocation of whoever asked for it fails, quietly. */
static bool arm(const char *which)
{
	static const struct {
		const char *name;
		const char *value;
	} attributes[] = {
		{ "task-filter", "Y" },	   { "interval", "1" },	       { "times", "-1" },
		{ "space", "0" },	   { "verbose", "0" },	       { "ignore-gfp-wait", "N" },
		{ "probability", "100" },
	};
	char path[128];

	for (size_t i = 0; i < sizeof(attributes) / sizeof(*attributes); i++) {
		snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", which, attributes[i].name);
		if (write_file(path, attributes[i].value))
			return false;
	}
	return true;
}

static void disarm(const char *which)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/probability", which);
	write_file(path, "0");
}

/* Room for @length and some, from a huge page's start on; in huge pages if @huge. */
static unsigned char *map_memory(size_t length, bool huge)
{
	unsigned char *memory = map_pages(length + HUGE_PAGE);

	if (!memory)
		return NULL;
	memory += HUGE_PAGE - (uintptr_t)memory % HUGE_PAGE;
	madvise(memory, length, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE);
	return memory;
}

FIXTURE_SETUP(nomemory)
{
	char path[64];

	if (access("/sys/kernel/debug/failslab", F_OK) ||
	    access("/sys/kernel/debug/fail_page_alloc", F_OK))
		SKIP(return, "this kernel has no fault injection");
	ASSERT_TRUE(find_node("soft", path, sizeof(path)));
	ASSERT_EQ(0, dmabay_open(&self->bay, path, O_RDWR));
	self->length = variant->huge ? 2 * HUGE_PAGE : 640 * 1024;
	self->transfers = variant->huge ? repeated(250, 60) : repeated(1000, 200);
	for (int i = 0; i < BUFFERS; i++) {
		self->memory[i] = map_memory(self->length, variant->huge && i % 2);
		ASSERT_NE(NULL, self->memory[i]);
		memset(self->memory[i], i, self->length);
		ASSERT_EQ(0, dmabay_register(self->bay, self->memory[i], self->length, 0,
					     &self->buffer[i]));
	}
	ASSERT_EQ(0, write_file("/sys/kernel/debug/fail_page_alloc/min-order", "0"));
	ASSERT_EQ(0, write_file("/sys/kernel/debug/fail_page_alloc/ignore-gfp-highmem", "N"));
}

FIXTURE_TEARDOWN(nomemory)
{
	dmabay_close(self->bay);
}

/* One transfer of another buffer than the last, there and back. */
static int transfer(FIXTURE_DATA(nomemory) * self, unsigned int i, uint32_t direction)
{
	uint64_t offset = i * 3001 % (self->length / 2);

	return transfer_wait(self->bay, self->reservation, self->buffer[i % BUFFERS], offset,
			     self->length - offset, offset, direction);
}

/* Does it fail indeed? A new open file needs memory. */
static int open_fails(void)
{
	int fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	close(fd);
	return 0;
}

static void run_without_memory(struct __test_metadata *_metadata, FIXTURE_DATA(nomemory) * self,
			       uint32_t registers)
{
	struct dmabay_counters before, after;
	struct dmabay_info info;
	int fd, status = 0, starved;
	unsigned int i;

	ASSERT_EQ(0, dmabay_info(self->bay, &info));
	if (registers > info.map_registers)
		SKIP(return, "the device has only %u map registers", info.map_registers);
	ASSERT_EQ(0, dmabay_reserve(self->bay, registers, 4, 0, &self->reservation));
	ASSERT_EQ(0, dmabay_counters(self->bay, &before));
	fd = open("/proc/self/make-it-fail", O_WRONLY | O_CLOEXEC);
	ASSERT_LE(0, fd);
	ASSERT_TRUE(arm("failslab"));
	ASSERT_TRUE(arm("fail_page_alloc"));

	ASSERT_EQ(1, write(fd, "1", 1));
	starved = open_fails();
	for (i = 0; i < self->transfers && !status; i++)
		status = transfer(self, i, i % 3 ? DMABAY_TO_DEVICE : DMABAY_FROM_DEVICE);
	/* Writing needs memory, too. */
	disarm("failslab");
	disarm("fail_page_alloc");
	while (write(fd, "0", 1) != 1)
		pause_for(MILLISECOND);
	close(fd);

	EXPECT_EQ(-ENOMEM, starved);
	EXPECT_EQ(0, status) TH_LOG("transfer %u", i);
	EXPECT_EQ(self->transfers, i);
	ASSERT_EQ(0, dmabay_counters(self->bay, &after));
	EXPECT_EQ(before.errors, after.errors);
	EXPECT_EQ(before.transfers + self->transfers, after.transfers);
	/* It was not the cache that made it work. */
	if (getenv("DMABAY_IOMMU") && !strcmp(getenv("DMABAY_IOMMU"), "strict")) {
		EXPECT_LT(before.links + self->transfers, after.links);
	}
	ASSERT_EQ(0, dmabay_free(self->bay, self->reservation));
}

TEST_F_TIMEOUT(nomemory, whole_buffers, LONG_TEST)
{
	run_without_memory(_metadata, self, self->length / PAGE + 1);
}

TEST_F_TIMEOUT(nomemory, buffers_in_pieces, LONG_TEST)
{
	run_without_memory(_metadata, self, 7);
}

TEST_F_TIMEOUT(nomemory, more_than_a_page_table, LONG_TEST)
{
	run_without_memory(_metadata, self, 1300);
}

TEST_HARNESS_MAIN
