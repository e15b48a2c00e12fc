// SPDX-License-Identifier: GPL-2.0-only
/*
 * The link ledger, from outside: memory of 4 KiB to 4 MiB, scattered and in huge
 * pages, is linked and unlinked in slots of all sizes, at random; after each step
 * the pages that the IOMMU still translates in the window are counted, and every
 * byte of the memory is compared. Half an unlinked leaf would leave the device its
 * access on some kernels, and overwrite memory on others.
 *
 * Loads the modules itself: a small window is counted quickly.
 */
#include "common.h"
#include "modules.h"

#define LONGEST		(4u << 20)
#define STEPS		150u
#define QUICK_STEPS	60u	/* with DMABAY_QUICK in the environment */
#define HUGE_PAGE	(2u << 20)
#define HUGE_FLAG	(21u << 26)	/* MAP_HUGE_2MB */
#define HUGE_POOL	"/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"

static const uint32_t reservations[] = {
	1, 2, 3, 4, 5, 8, 15, 16, 17, 31, 64, 100, 128, 255, 256, 300, 511, 512, 513, 1000,
	1023, 1024, 1025,
};

FIXTURE(ledger)
{
	char path[64];
	struct dmabay *bay;
	unsigned char *scattered;
	unsigned char *huge;
	uint64_t random;
	bool lazy;
};

static uint64_t next_random(uint64_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return *random;
}

/* Physically scattered: no huge pages, touched in an order of their own. */
static unsigned char *map_scattered(size_t length, uint64_t *random)
{
	unsigned char *memory = map_pages(length);

	if (!memory)
		return NULL;
	madvise(memory, length, MADV_NOHUGEPAGE);
	for (size_t i = 0; i < 2 * length / PAGE; i++)
		memory[next_random(random) % (length / PAGE) * PAGE] = 1;
	memset(memory, 0, length);
	return memory;
}

/* Where the CPU's pages are longer than 4 KiB, a huge one is more than is moved at once. */
static bool huge_is_longer(void)
{
	return file_number("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size", "") > HUGE_PAGE;
}

/* Physically contiguous, two megabytes at a time. */
static unsigned char *map_huge(size_t length)
{
	unsigned char *memory;

	if (huge_is_longer()) {
		memory = mmap(NULL, length, PROT_READ | PROT_WRITE,
			      MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | HUGE_FLAG, -1, 0);
		return memory == MAP_FAILED ? NULL : memory;
	}
	memory = map_pages(length + HUGE_PAGE);
	if (!memory)
		return NULL;
	memory += HUGE_PAGE - (uintptr_t)memory % HUGE_PAGE;
	madvise(memory, length, MADV_HUGEPAGE);
	memset(memory, 0, length);
	return memory;
}

FIXTURE_SETUP(ledger)
{
	const char *iommu = getenv("DMABAY_IOMMU"), *loan = getenv("DMABAY_LOAN");
	char parameters[128];

	if (!iommu || (strcmp(iommu, "strict") && strcmp(iommu, "lazy")))
		SKIP(return, "nothing is linked without a translating IOMMU");
	if (huge_is_longer()) {
		write_file(HUGE_POOL, "2");
		if (file_number(HUGE_POOL, "") < 2)
			SKIP(return, "there are no huge pages of two megabytes");
	}
	self->lazy = !strcmp(iommu, "lazy");
	self->random = 0x9e3779b97f4a7c15u;
	snprintf(parameters, sizeof(parameters),
		 "dma_dev=%s map_registers=1100 max_length=4194304 memory=8", loan ? loan : "");
	ASSERT_EQ(0, insert("dmabay", ""));
	ASSERT_EQ(0, insert("dmabay_soft", parameters));
	ASSERT_TRUE(find_node("soft", self->path, sizeof(self->path)));
	ASSERT_EQ(0, dmabay_open(&self->bay, self->path, O_RDWR));
	self->scattered = map_scattered(LONGEST, &self->random);
	self->huge = map_huge(LONGEST);
	ASSERT_NE(NULL, self->scattered);
	ASSERT_NE(NULL, self->huge);
	ASSERT_LE(huge_is_longer() ? 0 : LONGEST / 1024,
		  file_number("/proc/self/smaps_rollup", "AnonHugePages:"));
}

FIXTURE_TEARDOWN(ledger)
{
	dmabay_close(self->bay);
	munmap(self->huge, LONGEST);
	if (huge_is_longer()) {
		EXPECT_EQ(0, write_file(HUGE_POOL, "0"));
	}
	EXPECT_EQ(0, removed("dmabay_soft"));
	EXPECT_EQ(0, core_unused());
}

/* Pages of the window that the IOMMU translates, or -1. */
static int64_t translated(const char *path)
{
	char name[128];
	FILE *file;
	unsigned long long base, bytes;
	long long pages = -1;

	snprintf(name, sizeof(name), "/sys/kernel/debug/dmabay/%s/window", strrchr(path, '/') + 1);
	file = fopen(name, "re");
	if (!file)
		return -1;
	if (fscanf(file, "base %llx bytes %llx translated %lld", &base, &bytes, &pages) != 3)
		pages = -1;
	fclose(file);
	return pages;
}

static int64_t linked_pages(struct dmabay *bay)
{
	struct dmabay_counters counters;

	return dmabay_counters(bay, &counters) ? -1 : (int64_t)(counters.linked_bytes / PAGE);
}

/*
 * One step: a buffer somewhere in the memory, a reservation of some size, a few
 * transfers of parts of it there and back.
 */
TEST_F_TIMEOUT(ledger, random_links_and_unlinks, LONG_TEST)
{
	const unsigned int steps = repeated(STEPS, QUICK_STEPS);
	uint32_t buffer, reservation;

	for (unsigned int step = 0; step < steps; step++) {
		uint64_t random = next_random(&self->random);
		unsigned char *memory = random & 1 ? self->huge : self->scattered;
		bool strict = random & 2;
		uint32_t registers = reservations[(random >> 8) %
						  (sizeof(reservations) / sizeof(*reservations))];

		fill(memory, LONGEST, SENT, step);
		ASSERT_EQ(0, dmabay_register(self->bay, memory, LONGEST, 0, &buffer));
		ASSERT_EQ(0, dmabay_reserve(self->bay, registers, 4,
					    strict ? DMABAY_RESERVE_STRICT : 0, &reservation))
			TH_LOG("step %u: %u registers", step, registers);

		for (unsigned int part = 0; part < 3; part++) {
			uint64_t length = 1 + next_random(&self->random) % LONGEST;
			uint64_t offset = next_random(&self->random) % (LONGEST - length + 1);

			ASSERT_EQ(0, transfer_wait(self->bay, reservation, buffer, offset, length,
						   0, DMABAY_TO_DEVICE))
				TH_LOG("step %u: %u registers, offset %llu, length %llu", step,
				       registers, (unsigned long long)offset,
				       (unsigned long long)length);
			memset(memory + offset, 0, length);
			ASSERT_EQ(0, transfer_wait(self->bay, reservation, buffer, offset, length,
						   0, DMABAY_FROM_DEVICE));
			/* What a lazy host lets stay goes with time. */
			while (strict && self->lazy && linked_pages(self->bay) > 0)
				usleep(1000);
			ASSERT_EQ(strict ? 0 : linked_pages(self->bay), translated(self->path))
				TH_LOG("step %u: %u registers, %s", step, registers,
				       strict ? "strict" : "kept");
		}
		EXPECT_PATTERN(memory, LONGEST, SENT, step);

		/* Either way round must take all of it away from the device. */
		if (random & 4) {
			ASSERT_EQ(0, dmabay_unregister(self->bay, buffer));
			ASSERT_EQ(0, translated(self->path)) TH_LOG("step %u: unregister", step);
			ASSERT_EQ(0, dmabay_free(self->bay, reservation));
		} else {
			ASSERT_EQ(0, dmabay_free(self->bay, reservation));
			ASSERT_EQ(0, translated(self->path)) TH_LOG("step %u: free", step);
			ASSERT_EQ(0, dmabay_unregister(self->bay, buffer));
		}
		EXPECT_PATTERN(memory, LONGEST, SENT, step);
	}
	EXPECT_EQ(0, linked_pages(self->bay));
}

TEST_HARNESS_MAIN
