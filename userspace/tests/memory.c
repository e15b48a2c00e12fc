// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory of every kind as a buffer: what can be one, what it takes to link it, what it is
 * charged for, and that it stays what it is whatever becomes of the mapping.
 */
#include <linux/memfd.h>

#include "common.h"

#define HUGE		(2u << 20)
#define HUGE_FLAG	(21u << 26)	/* MAP_HUGE_2MB, and MFD_HUGE_2MB */
#define HUGE_POOL	"/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages"
#define HUGE_PAGES	(HUGE / PAGE)

FIXTURE(memory)
{
	char path[64];
	struct dmabay *bay;
	struct dmabay_info info;
	uint32_t reservation;
	int64_t huge_pages;	/* that there were for hugetlb */
};

typedef FIXTURE_DATA(memory) fixture;

static int64_t set_huge_pages(int64_t count)
{
	FILE *file = fopen(HUGE_POOL, "we");

	if (file) {
		fprintf(file, "%" PRId64, count);
		fclose(file);
	}
	return file_number(HUGE_POOL, "");
}

FIXTURE_SETUP(memory)
{
	if (!find_node("soft", self->path, sizeof(self->path)))
		SKIP(return, "there is no software device");
	ASSERT_EQ(0, dmabay_open(&self->bay, self->path, O_RDWR));
	ASSERT_EQ(0, dmabay_info(self->bay, &self->info));
	ASSERT_EQ(0, dmabay_reserve(self->bay, HUGE_PAGES + 1, 1, 0, &self->reservation));
	self->huge_pages = file_number(HUGE_POOL, "");
	set_huge_pages(4);
}

FIXTURE_TEARDOWN(memory)
{
	EXPECT_EQ(0, good_transfer(self->bay));
	dmabay_close(self->bay);
	EXPECT_NOTHING_LEFT(self->path);
	EXPECT_EQ(self->huge_pages, set_huge_pages(self->huge_pages));
}

static int move(const fixture *self, uint32_t buffer, uint64_t length, uint32_t direction)
{
	return transfer_wait(self->bay, self->reservation, buffer, 0, length, 0, direction);
}

/* ---- the kinds ---- */

static unsigned char *map_or_null(size_t length, int protection, int flags, int fd)
{
	void *memory = mmap(NULL, length, protection, flags, fd, 0);

	if (fd >= 0)
		close(fd);
	return memory == MAP_FAILED ? NULL : memory;
}

static int memfd_of(size_t length, unsigned int flags)
{
	int fd = memfd_create("memory", flags | MFD_CLOEXEC);

	if (fd >= 0 && ftruncate(fd, (off_t)length)) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Two huge pages are inside, and the first one is used. */
static unsigned char *map_huge_range(int advice)
{
	unsigned char *area = map_pages(2 * HUGE), *memory;

	if (!area)
		return NULL;
	memory = area + (-(uintptr_t)area % HUGE);
	munmap(area, (size_t)(memory - area));
	munmap(memory + HUGE, (size_t)(area + HUGE - memory));
	return madvise(memory, HUGE, advice) ? NULL : memory;
}

static unsigned char *map_small(void)
{
	return map_huge_range(MADV_NOHUGEPAGE);
}

static unsigned char *map_transparent(void)
{
	return map_huge_range(MADV_HUGEPAGE);
}

static unsigned char *map_hugetlb(void)
{
	return map_or_null(HUGE, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | HUGE_FLAG, -1);
}

static unsigned char *map_shared(void)
{
	return map_or_null(HUGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1);
}

static unsigned char *map_memfd(void)
{
	return map_or_null(HUGE, PROT_READ | PROT_WRITE, MAP_SHARED, memfd_of(HUGE, 0));
}

static unsigned char *map_memfd_hugetlb(void)
{
	return map_or_null(HUGE, PROT_READ | PROT_WRITE, MAP_SHARED,
			   memfd_of(HUGE, MFD_HUGETLB | HUGE_FLAG));
}

/* It cannot get shorter; the seals that forbid writing are for another test. */
static unsigned char *map_memfd_sealed(void)
{
	int fd = memfd_of(HUGE, MFD_ALLOW_SEALING);

	if (fd >= 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL))
		return NULL;
	return map_or_null(HUGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
}

static int temporary_file(size_t length)
{
	char path[] = "/tmp/dmabay-memory-XXXXXX";
	int fd = mkostemp(path, O_CLOEXEC);

	if (fd < 0)
		return fd;
	unlink(path);
	if (ftruncate(fd, (off_t)length)) {
		close(fd);
		return -1;
	}
	return fd;
}

static unsigned char *map_file_private(void)
{
	return map_or_null(HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, temporary_file(HUGE));
}

static const struct kind {
	const char *name;
	unsigned char *(*map)(void);
} kinds[] = {
	{ "small pages", map_small },
	{ "a huge page, transparent", map_transparent },
	{ "a huge page, hugetlb", map_hugetlb },
	{ "shared, anonymous", map_shared },
	{ "memfd", map_memfd },
	{ "memfd, hugetlb", map_memfd_hugetlb },
	{ "memfd, sealed", map_memfd_sealed },
	{ "a file, private", map_file_private },
};

static bool is_hugetlb(const struct kind *kind)
{
	return kind->map == map_hugetlb || kind->map == map_memfd_hugetlb;
}

TEST_F_TIMEOUT(memory, kinds, LONG_TEST)
{
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		unsigned char *memory;
		uint32_t buffer;

		if (is_hugetlb(&kinds[i]) && access(HUGE_POOL, F_OK)) {
			TH_LOG("this kernel has no hugetlb of that size: not %s", kinds[i].name);
			continue;
		}
		memory = kinds[i].map();
		ASSERT_NE(NULL, memory) TH_LOG("%s: %s", kinds[i].name, strerror(errno));
		ASSERT_EQ(0, dmabay_register(self->bay, memory, HUGE, 0, &buffer))
			TH_LOG("%s", kinds[i].name);
		fill(memory, HUGE, SENT, i);
		EXPECT_EQ(0, move(self, buffer, HUGE, DMABAY_TO_DEVICE));
		fill(memory, HUGE, BLANK, i);
		EXPECT_EQ(0, move(self, buffer, HUGE, DMABAY_FROM_DEVICE));
		EXPECT_PATTERN(memory, HUGE, SENT, i);
		EXPECT_EQ(0, dmabay_unregister(self->bay, buffer)) TH_LOG("%s", kinds[i].name);
		munmap(memory, HUGE);
	}
}

/* ---- what may only be read ---- */

/* A program's own file is mapped read-only and private, as its code is. */
TEST_F(memory, file_read_only)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	unsigned char *back = map_pages(PAGE), *memory;
	uint32_t buffer, back_buffer;

	ASSERT_LE(0, fd);
	memory = map_or_null(PAGE, PROT_READ, MAP_PRIVATE, fd);
	ASSERT_NE(NULL, memory);
	EXPECT_EQ(-EFAULT, dmabay_register(self->bay, memory, PAGE, 0, &buffer));
	ASSERT_EQ(0, dmabay_register(self->bay, memory, PAGE, DMABAY_REGISTER_READ_ONLY, &buffer));
	ASSERT_EQ(0, dmabay_register(self->bay, back, PAGE, 0, &back_buffer));
	EXPECT_EQ(0, move(self, buffer, PAGE, DMABAY_TO_DEVICE));
	EXPECT_EQ(-EACCES, move(self, buffer, PAGE, DMABAY_FROM_DEVICE));
	EXPECT_EQ(0, move(self, back_buffer, PAGE, DMABAY_FROM_DEVICE));
	EXPECT_EQ(0, memcmp(memory, back, PAGE));
	munmap(memory, PAGE);
	munmap(back, PAGE);
}

/* Sealed against writing, it cannot be a buffer to receive into; and the other way. */
TEST_F(memory, memfd_sealed_for_writing)
{
	int fd = memfd_of(PAGE, MFD_ALLOW_SEALING);
	unsigned char *memory;
	uint32_t buffer;

	ASSERT_LE(0, fd);
	memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, memory);
	fill(memory, PAGE, SENT, 31);
	ASSERT_EQ(0, dmabay_register(self->bay, memory, PAGE, 0, &buffer));
	munmap(memory, PAGE);
	EXPECT_EQ(-1, fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	EXPECT_EQ(EBUSY, errno);
	EXPECT_EQ(0, move(self, buffer, PAGE, DMABAY_TO_DEVICE));
	ASSERT_EQ(0, dmabay_unregister(self->bay, buffer));

	ASSERT_EQ(0, fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE));
	memory = mmap(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0);
	ASSERT_NE(MAP_FAILED, memory);
	EXPECT_EQ(-EFAULT, dmabay_register(self->bay, memory, PAGE, 0, &buffer));
	ASSERT_EQ(0, dmabay_register(self->bay, memory, PAGE, DMABAY_REGISTER_READ_ONLY, &buffer));
	EXPECT_EQ(0, move(self, buffer, PAGE, DMABAY_TO_DEVICE));
	EXPECT_PATTERN(memory, PAGE, SENT, 31);
	EXPECT_EQ(0, dmabay_unregister(self->bay, buffer));
	munmap(memory, PAGE);
	close(fd);
}

/* Registers of a PCI function look like memory, and are none. */
TEST_F(memory, no_memory)
{
	const char *function = getenv("DMABAY_LOAN");
	unsigned char *memory;
	uint32_t buffer;
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource0",
		 function ? function : "");
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		SKIP(return, "DMABAY_LOAN names no PCI function");
	memory = map_or_null(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd);
	ASSERT_NE(NULL, memory);
	EXPECT_EQ(-EFAULT, dmabay_register(self->bay, memory, PAGE, 0, &buffer));
	EXPECT_EQ(-EFAULT, dmabay_register(self->bay, memory, PAGE, DMABAY_REGISTER_READ_ONLY,
					   &buffer));
	munmap(memory, PAGE);
}

/* ---- what is registered read-only, and written by its owner afterwards ---- */

static unsigned char *map_untouched(void)
{
	return map_pages(PAGE);
}

static unsigned char *map_only_read(void)
{
	unsigned char *memory = map_pages(PAGE);

	return memory && *(volatile unsigned char *)memory ? NULL : memory;
}

static unsigned char *map_page_of_file(void)
{
	return map_or_null(PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE, temporary_file(PAGE));
}

static unsigned char *map_page_of_memfd(void)
{
	return map_or_null(PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, memfd_of(PAGE, 0));
}

static const struct kind written_later[] = {
	{ "never touched", map_untouched },
	{ "only read", map_only_read },
	{ "a file, private", map_page_of_file },
	{ "memfd", map_page_of_memfd },
};

/* The device sees it: the page that is pinned is the one that is written. */
TEST_F(memory, written_after_register)
{
	unsigned char *back = map_pages(PAGE);

	for (size_t i = 0; i < ARRAY_SIZE(written_later); i++) {
		unsigned char *memory = written_later[i].map();
		uint32_t buffer;

		ASSERT_NE(NULL, memory) TH_LOG("%s", written_later[i].name);
		ASSERT_EQ(0, dmabay_register(self->bay, memory, PAGE, DMABAY_REGISTER_READ_ONLY,
					     &buffer));
		fill(memory, PAGE, SENT, i);
		fill(back, PAGE, BLANK, i);
		EXPECT_EQ(0, move(self, buffer, PAGE, DMABAY_TO_DEVICE));
		EXPECT_EQ(0, read_back(self->bay, back, PAGE));
		EXPECT_EQ(-1, first_wrong(back, PAGE, SENT, i))
			TH_LOG("%s", written_later[i].name);
		EXPECT_EQ(0, dmabay_unregister(self->bay, buffer));
		munmap(memory, PAGE);
	}
	munmap(back, PAGE);
}

/* ---- how much is linked at a time ---- */

/* Link calls that the first transfer of that memory takes. */
static uint64_t links_of(struct __test_metadata *_metadata, const fixture *self,
			 unsigned char *memory)
{
	struct dmabay_counters before, after;
	uint32_t buffer;

	ASSERT_EQ(0, dmabay_register(self->bay, memory, HUGE, 0, &buffer));
	ASSERT_EQ(0, dmabay_counters(self->bay, &before));
	EXPECT_EQ(0, move(self, buffer, HUGE, DMABAY_TO_DEVICE));
	ASSERT_EQ(0, dmabay_counters(self->bay, &after));
	EXPECT_EQ(HUGE, after.linked_bytes - before.linked_bytes);
	EXPECT_EQ(0, dmabay_unregister(self->bay, buffer));
	munmap(memory, HUGE);
	return after.links - before.links;
}

static bool is_huge(const unsigned char *memory)
{
	uint64_t first = physical_address(memory);

	if (!first || first % HUGE)
		return false;
	for (unsigned int page = 1; page < HUGE_PAGES; page++)
		if (physical_address(memory + page * PAGE) != first + page * PAGE)
			return false;
	return true;
}

/*
 * Small pages are linked one by one. A huge page is linked whole, but for the one cut that
 * the window has in the range of each page table.
 */
TEST_F_TIMEOUT(memory, links, LONG_TEST)
{
	const struct kind *kind = kinds;
	unsigned int huge = 0;

	if (self->info.provider != DMABAY_INFO_PROVIDER_IOVA)
		SKIP(return, "memory is not linked here");
	EXPECT_EQ(HUGE_PAGES, links_of(_metadata, self, map_small()));
	for (kind = kinds; kind < kinds + ARRAY_SIZE(kinds); kind++) {
		unsigned char *memory = kind->map();
		uint64_t links;

		ASSERT_NE(NULL, memory) TH_LOG("%s", kind->name);
		fill(memory, HUGE, SENT, 1);
		if (!is_huge(memory)) {
			munmap(memory, HUGE);
			continue;
		}
		links = links_of(_metadata, self, memory);
		EXPECT_LE(1, links);
		EXPECT_GE(2, links) TH_LOG("%s", kind->name);
		huge++;
	}
	/* Both of hugetlb at least. */
	EXPECT_LE(2, huge);
}

/* ---- the mapping goes away, the buffer stays ---- */

static int unmap(unsigned char *memory, int fd)
{
	(void)fd;
	return munmap(memory, PAGE);
}

static int map_over(unsigned char *memory, int fd)
{
	(void)fd;
	return mmap(memory, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED,
		    -1, 0) == memory ? 0 : -1;
}

static int forget(unsigned char *memory, int fd)
{
	(void)fd;
	return madvise(memory, PAGE, MADV_DONTNEED);
}

static int move_away(unsigned char *memory, int fd)
{
	unsigned char *place = map_pages(PAGE);

	(void)fd;
	if (mremap(memory, PAGE, PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, place) != place)
		return -1;
	return map_over(memory, fd);
}

static int truncate_file(unsigned char *memory, int fd)
{
	(void)memory;
	return ftruncate(fd, 0) || ftruncate(fd, PAGE);
}

static int punch_hole(unsigned char *memory, int fd)
{
	(void)memory;
	return fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE);
}

static const struct change {
	const char *name;
	int (*change)(unsigned char *memory, int fd);
	bool shared;	/* a file's memory */
	bool mapped;	/* there is other memory at the address */
} changes[] = {
	{ "munmap", unmap, false, false },
	{ "munmap of a file", unmap, true, false },
	{ "mmap over it", map_over, false, true },
	{ "MADV_DONTNEED", forget, false, true },
	{ "mremap", move_away, false, true },
	{ "truncate", truncate_file, true, true },
	{ "punched", punch_hole, true, true },
};

/*
 * The device sends what was there, and what it receives goes where nobody looks: not to
 * what has come to the address meanwhile.
 */
TEST_F(memory, changed_mapping)
{
	unsigned char *back = map_pages(PAGE);

	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		int fd = changes[i].shared ? memfd_of(PAGE, 0) : -1;
		unsigned char *memory;
		uint32_t buffer;

		memory = mmap(NULL, PAGE, PROT_READ | PROT_WRITE,
			      changes[i].shared ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS, fd, 0);
		ASSERT_NE(MAP_FAILED, memory);
		fill(memory, PAGE, SENT, i);
		ASSERT_EQ(0, dmabay_register(self->bay, memory, PAGE, 0, &buffer));
		ASSERT_EQ(0, changes[i].change(memory, fd)) TH_LOG("%s", changes[i].name);
		if (changes[i].mapped)
			fill(memory, PAGE, BLANK, i);

		EXPECT_EQ(0, move(self, buffer, PAGE, DMABAY_TO_DEVICE));
		fill(back, PAGE, BLANK, i + 100);
		EXPECT_EQ(0, read_back(self->bay, back, PAGE));
		EXPECT_EQ(-1, first_wrong(back, PAGE, SENT, i)) TH_LOG("%s", changes[i].name);
		EXPECT_EQ(0, move(self, buffer, PAGE, DMABAY_FROM_DEVICE));
		if (changes[i].mapped) {
			EXPECT_EQ(-1, first_wrong(memory, PAGE, BLANK, i))
				TH_LOG("%s", changes[i].name);
			munmap(memory, PAGE);
		}
		EXPECT_EQ(0, dmabay_unregister(self->bay, buffer));
		if (fd >= 0)
			close(fd);
	}
	munmap(back, PAGE);
}

TEST_HARNESS_MAIN
