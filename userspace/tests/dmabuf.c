// SPDX-License-Identifier: GPL-2.0-only
/*
 * dma-bufs as buffers: memory of the system heap and of udmabuf, as source and as target
 * of transfers, on the software device and on edu. The CPU looks at it through its own
 * mapping.
 */
#include <sys/eventfd.h>
#include <sys/resource.h>

#include "dmabuf.h"
#include "uring.h"

FIXTURE(dmabuf)
{
	char path[64];
	struct dmabay *bay;
	struct dmabay_info info;
	int64_t objects;	/* that there were before */
};

FIXTURE_VARIANT(dmabuf)
{
	const char *driver;
	int (*make)(uint64_t size, unsigned int flags);
	/* It syncs what importers have mapped: udmabuf syncs a mapping of its own. */
	bool syncs;
};

FIXTURE_VARIANT_ADD(dmabuf, soft_heap)
{
	.driver = "soft",
	.make = new_from_heap,
	.syncs = true,
};

FIXTURE_VARIANT_ADD(dmabuf, soft_udmabuf)
{
	.driver = "soft",
	.make = new_from_udmabuf,
};

FIXTURE_VARIANT_ADD(dmabuf, edu_heap)
{
	.driver = "edu",
	.make = new_from_heap,
	.syncs = true,
};

FIXTURE_VARIANT_ADD(dmabuf, edu_udmabuf)
{
	.driver = "edu",
	.make = new_from_udmabuf,
};

static bool machine_is(const char *name, const char *value)
{
	const char *is = getenv(name);

	return is && !strcmp(is, value);
}

/* edu has 28 bits of address. */
static bool reaches_all(const char *driver)
{
	return strcmp(driver, "edu") ||
	       !(machine_is("DMABAY_IOMMU", "none") || machine_is("DMABAY_IOMMU", "pt"));
}

FIXTURE_SETUP(dmabuf)
{
	int fd = variant->make(PAGE, O_RDWR);
	uint32_t buffer;

	if (fd < 0)
		SKIP(return, "this kernel exports no dma-bufs: %s", strerror(-fd));
	if (!find_node(variant->driver, self->path, sizeof(self->path)))
		SKIP(goto close, "there is no %s device", variant->driver);
	ASSERT_EQ(0, dmabay_open(&self->bay, self->path, O_RDWR));
	if (!reaches_all(variant->driver)) {
		EXPECT_EQ(-EOPNOTSUPP, dmabay_import(self->bay, fd, 0, &buffer, NULL));
		SKIP(goto close, "the device does not reach all memory; nothing translates");
	}
	ASSERT_EQ(0, dmabay_info(self->bay, &self->info));
	close(fd);
	fd = -1;
	self->objects = dma_bufs_now();
close:
	close(fd);
}

FIXTURE_TEARDOWN(dmabuf)
{
	dmabay_close(self->bay);
	EXPECT_NOTHING_LEFT(self->path);
	EXPECT_EQ(self->objects, dma_bufs_become(self->objects));
}

/* A dma-buf that is a buffer, and the CPU's mapping of it. */
struct shared {
	int fd;
	unsigned char *memory;
	uint64_t size;
	uint32_t buffer;
	bool syncs;
};

static void begin_cpu(struct __test_metadata *_metadata, const struct shared *shared)
{
	struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_START | DMA_BUF_SYNC_RW };

	if (shared->syncs) {
		ASSERT_EQ(0, ioctl(shared->fd, DMA_BUF_IOCTL_SYNC, &sync));
	}
}

static void end_cpu(struct __test_metadata *_metadata, const struct shared *shared)
{
	struct dma_buf_sync sync = { .flags = DMA_BUF_SYNC_END | DMA_BUF_SYNC_RW };

	if (shared->syncs) {
		ASSERT_EQ(0, ioctl(shared->fd, DMA_BUF_IOCTL_SYNC, &sync));
	}
}

static void fill_shared(struct __test_metadata *_metadata, const struct shared *shared,
			unsigned int whose, uint64_t seed)
{
	begin_cpu(_metadata, shared);
	fill(shared->memory, shared->size, whose, seed);
	end_cpu(_metadata, shared);
}

static struct shared make_shared(struct __test_metadata *_metadata,
				 const FIXTURE_VARIANT(dmabuf) *variant, uint64_t size)
{
	struct shared shared = { .size = size, .syncs = variant->syncs };

	shared.fd = variant->make(size, O_RDWR);
	ASSERT_LE(0, shared.fd);
	shared.memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, shared.fd, 0);
	ASSERT_NE(MAP_FAILED, (void *)shared.memory);
	return shared;
}

static void import(struct __test_metadata *_metadata, struct dmabay *bay, struct shared *shared)
{
	uint64_t length = 0;

	ASSERT_EQ(0, dmabay_import(bay, shared->fd, 0, &shared->buffer, &length));
	EXPECT_EQ(shared->size, length);
}

static void drop_shared(struct __test_metadata *_metadata, const struct shared *shared)
{
	EXPECT_EQ(0, munmap(shared->memory, shared->size));
	EXPECT_EQ(0, close(shared->fd));
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* One transfer, waited for: by DMABAY_SUBMIT, or by a ring if there is one. */
static int transfer(struct dmabay *bay, struct ring *ring, struct dmabay_transfer *wanted)
{
	int result;

	if (!ring)
		return transfer_wait(bay, wanted->reservation, wanted->buffer, wanted->offset,
				     wanted->length, wanted->device_address, wanted->direction);
	result = ring_run(ring, bay, wanted, 1);
	return result == (int)wanted->length ? 0 : result < 0 ? result : -EMSGSIZE;
}

/*
 * All of one dma-buf but its first bytes to the device, and from there into another one, as
 * much as the device has memory for. Nothing beside it changes.
 */
static void there_and_back(struct __test_metadata *_metadata, FIXTURE_DATA(dmabuf) *self,
			   const FIXTURE_VARIANT(dmabuf) *variant, struct ring *ring,
			   uint64_t size, uint64_t skip, uint32_t map_registers)
{
	struct shared from = make_shared(_metadata, variant, size);
	struct shared to = make_shared(_metadata, variant, size);
	uint64_t length = smaller(size - skip, self->info.device_memory);
	struct dmabay_transfer wanted = { .offset = skip, .length = length };

	import(_metadata, self->bay, &from);
	import(_metadata, self->bay, &to);
	ASSERT_EQ(0, dmabay_reserve(self->bay, map_registers, 1, 0, &wanted.reservation));
	fill_shared(_metadata, &from, SENT, size);
	fill_shared(_metadata, &to, BLANK, size);

	wanted.buffer = from.buffer;
	wanted.direction = DMABAY_TO_DEVICE;
	EXPECT_EQ(0, transfer(self->bay, ring, &wanted));
	wanted.buffer = to.buffer;
	wanted.direction = DMABAY_FROM_DEVICE;
	EXPECT_EQ(0, transfer(self->bay, ring, &wanted));

	begin_cpu(_metadata, &to);
	EXPECT_PATTERN_BETWEEN(to.memory, 0, skip, BLANK, size);
	EXPECT_PATTERN_BETWEEN(to.memory, skip, skip + length, SENT, size);
	EXPECT_PATTERN_BETWEEN(to.memory, skip + length, size, BLANK, size);
	end_cpu(_metadata, &to);
	begin_cpu(_metadata, &from);
	EXPECT_PATTERN(from.memory, size, SENT, size);
	end_cpu(_metadata, &from);

	EXPECT_EQ(0, dmabay_free(self->bay, wanted.reservation));
	EXPECT_EQ(0, dmabay_unregister(self->bay, from.buffer));
	EXPECT_EQ(0, dmabay_unregister(self->bay, to.buffer));
	drop_shared(_metadata, &from);
	drop_shared(_metadata, &to);
}

/*
 * Where the DMA API bounces, it does not bounce long pieces. That our devices take pieces of any
 * length its debugging can be told, and would complain if it was not. edu has memory for less than
 * a page, and takes its time: longer than what it takes in one piece is long enough. A slow kernel
 * takes long for each page of a udmabuf.
 */
static bool too_long(const FIXTURE_VARIANT(dmabuf) *variant, uint64_t size)
{
	if (!strcmp(variant->driver, "edu") && size > 68 << 10)
		return true;
	if (getenv("DMABAY_QUICK") && variant->make == new_from_udmabuf && size > 256 << 10)
		return true;
	return machine_is("DMABAY_SWIOTLB", "force") && size > 256 << 10;
}

static void every_size(struct __test_metadata *_metadata, FIXTURE_DATA(dmabuf) *self,
		       const FIXTURE_VARIANT(dmabuf) *variant, struct ring *ring)
{
	const uint64_t sizes[] = {
		PAGE, 3 * PAGE, 68 << 10, 256 << 10, 1 << 20, (3 << 20) + PAGE,
	};

	for (size_t i = 0; i < ARRAY_SIZE(sizes) && !too_long(variant, sizes[i]); i++) {
		uint32_t pages = (uint32_t)(sizes[i] / PAGE);

		there_and_back(_metadata, self, variant, ring, sizes[i], 0,
			       (uint32_t)smaller(pages, self->info.map_registers));
		there_and_back(_metadata, self, variant, ring, sizes[i], 1001, 1);
		there_and_back(_metadata, self, variant, ring, sizes[i], PAGE - 1,
			       (uint32_t)smaller(2, self->info.map_registers));
	}
}

TEST_F_TIMEOUT(dmabuf, by_submit, LONG_TEST)
{
	every_size(_metadata, self, variant, NULL);
}

TEST_F_TIMEOUT(dmabuf, by_uring, LONG_TEST)
{
	struct ring ring;

	OPEN_RING_OR_SKIP(&ring, 0);
	every_size(_metadata, self, variant, &ring);
	ring_close(&ring);
}

/* It costs nothing that is counted: no pin, no charge, no link, no copy, no mapping. */
TEST_F(dmabuf, costs_nothing)
{
	struct shared shared = make_shared(_metadata, variant, 4 * PAGE);
	struct dmabay_counters before, after;
	struct state empty, imported;
	uint32_t reservation;

	ASSERT_EQ(0, state_read(self->bay, &empty));
	import(_metadata, self->bay, &shared);
	ASSERT_EQ(0, state_read(self->bay, &imported));
	EXPECT_STATE(&empty, &imported);

	ASSERT_EQ(0, dmabay_reserve(self->bay, 2, 1, 0, &reservation));
	ASSERT_EQ(0, dmabay_counters(self->bay, &before));
	EXPECT_EQ(0, transfer_wait(self->bay, reservation, shared.buffer, 0,
				   about_a_page(&self->info), 0, DMABAY_TO_DEVICE));
	ASSERT_EQ(0, dmabay_counters(self->bay, &after));
	EXPECT_EQ(before.transfers + 1, after.transfers);
	EXPECT_EQ(before.pins, after.pins);
	EXPECT_EQ(before.links, after.links);
	EXPECT_EQ(before.hits, after.hits);
	EXPECT_EQ(before.bounced_bytes, after.bounced_bytes);
	EXPECT_EQ(before.mapped, after.mapped);
	EXPECT_EQ(0, dmabay_unregister(self->bay, shared.buffer));
	drop_shared(_metadata, &shared);
}

/* The device may only read it, whatever the fd is open for. */
TEST_F(dmabuf, read_only)
{
	struct shared shared = make_shared(_metadata, variant, PAGE);
	uint64_t length = about_a_page(&self->info);
	uint32_t reservation, buffer, ends;
	uint64_t size;

	fill_shared(_metadata, &shared, SENT, 3);
	ASSERT_EQ(0, dmabay_import(self->bay, shared.fd, DMABAY_IMPORT_READ_ONLY, &buffer, &size));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 1, 1, 0, &reservation));
	EXPECT_EQ(0, transfer_wait(self->bay, reservation, buffer, 0, length, 0,
				   DMABAY_TO_DEVICE));
	EXPECT_EQ(-EACCES, transfer_wait(self->bay, reservation, buffer, 0, length, 0,
					 DMABAY_FROM_DEVICE));
	EXPECT_PATTERN(shared.memory, PAGE, SENT, 3);
	EXPECT_EQ(-ERANGE, transfer_wait(self->bay, reservation, buffer, PAGE, 1, 0,
					 DMABAY_TO_DEVICE));
	EXPECT_EQ(-ERANGE, transfer_wait(self->bay, reservation, buffer, PAGE - 1, 2, 0,
					 DMABAY_TO_DEVICE));
	EXPECT_EQ(0, dmabay_unregister(self->bay, buffer));
	EXPECT_EQ(-ENOENT, transfer_wait(self->bay, reservation, buffer, 0, length, 0,
					 DMABAY_TO_DEVICE));
	EXPECT_EQ(-EBADF, dmabay_import(self->bay, -1, 0, &ends, NULL));
	drop_shared(_metadata, &shared);
}

/* What the exporter opened it for is what the device may do. */
TEST_F(dmabuf, mode_of_the_fd)
{
	static const struct {
		unsigned int open_flags;
		int result;
		int read_only_result;
	} modes[] = {
		{ O_RDWR, 0, 0 },
		{ O_RDONLY, -EACCES, 0 },
		{ O_WRONLY, -EACCES, -EACCES },
	};
	/* udmabuf opens all for both. */
	size_t count = variant->make == new_from_udmabuf ? 1 : ARRAY_SIZE(modes);
	uint32_t buffer;

	for (size_t i = 0; i < count; i++) {
		int fd = variant->make(PAGE, modes[i].open_flags);

		ASSERT_LE(0, fd);
		EXPECT_EQ(modes[i].result, dmabay_import(self->bay, fd, 0, &buffer, NULL));
		if (!modes[i].result) {
			EXPECT_EQ(0, dmabay_unregister(self->bay, buffer));
		}
		EXPECT_EQ(modes[i].read_only_result,
			  dmabay_import(self->bay, fd, DMABAY_IMPORT_READ_ONLY, &buffer, NULL));
		if (!modes[i].read_only_result) {
			EXPECT_EQ(0, dmabay_unregister(self->bay, buffer));
		}
		close(fd);
	}
}

/* Nobody else has it any more, but it is there until it is unregistered, and no longer. */
TEST_F(dmabuf, fd_closed)
{
	struct shared shared = make_shared(_metadata, variant, 2 * PAGE);
	uint64_t length = about_a_page(&self->info);
	unsigned char *memory = map_pages(PAGE);
	uint32_t reservation;

	fill_shared(_metadata, &shared, SENT, 4);
	import(_metadata, self->bay, &shared);
	drop_shared(_metadata, &shared);
	ASSERT_EQ(0, dmabay_reserve(self->bay, 1, 1, 0, &reservation));
	EXPECT_EQ(0, transfer_wait(self->bay, reservation, shared.buffer, 0, length, 0,
				   DMABAY_TO_DEVICE));
	EXPECT_EQ(0, read_back(self->bay, memory, length));
	EXPECT_PATTERN(memory, length, SENT, 4);
	EXPECT_EQ(self->objects < 0 ? -1 : self->objects + 1, dma_bufs_now());
	EXPECT_EQ(0, dmabay_unregister(self->bay, shared.buffer));
	EXPECT_EQ(self->objects, dma_bufs_become(self->objects));
	munmap(memory, PAGE);
}

/* The end of the file is the end of what it has. */
TEST_F(dmabuf, file_closed)
{
	struct shared shared = make_shared(_metadata, variant, 2 * PAGE);
	struct dmabay *other;

	ASSERT_EQ(0, dmabay_open(&other, self->path, O_RDWR));
	import(_metadata, other, &shared);
	drop_shared(_metadata, &shared);
	EXPECT_EQ(self->objects < 0 ? -1 : self->objects + 1, dma_bufs_now());
	dmabay_close(other);
	EXPECT_EQ(self->objects, dma_bufs_become(self->objects));
}

/* All other numbers are taken: it needs one, and none is taken when there is none. */
static void take_numbers(struct __test_metadata *_metadata, FIXTURE_DATA(dmabuf) *self,
			 struct shared *shared)
{
	uint32_t *buffers = calloc(self->info.max_buffers, sizeof(*buffers)), more;
	unsigned char *memory = map_pages(PAGE);

	ASSERT_NE(NULL, buffers);
	for (uint32_t i = 1; i < self->info.max_buffers; i++) {
		ASSERT_EQ(0, dmabay_register(self->bay, memory, 1, 0, &buffers[i]));
	}
	EXPECT_EQ(0, dmabay_unregister(self->bay, shared->buffer));
	import(_metadata, self->bay, shared);
	EXPECT_EQ(-ENOSPC, dmabay_import(self->bay, shared->fd, DMABAY_IMPORT_READ_ONLY, &more,
					 NULL));
	for (uint32_t i = 1; i < self->info.max_buffers; i++) {
		EXPECT_EQ(0, dmabay_unregister(self->bay, buffers[i]));
	}
	free(buffers);
	munmap(memory, PAGE);
}

/* Not one number more is needed. They are the file's, whatever device it is of. */
TEST_F_TIMEOUT(dmabuf, numbers, LONG_TEST)
{
	struct shared shared = make_shared(_metadata, variant, PAGE);
	struct rlimit limit, none;

	ASSERT_EQ(0, getrlimit(RLIMIT_NOFILE, &limit));
	none = (struct rlimit){ .rlim_max = limit.rlim_max };
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &none));
	import(_metadata, self->bay, &shared);
	ASSERT_EQ(0, setrlimit(RLIMIT_NOFILE, &limit));
	if (!strcmp(variant->driver, "soft") &&
	    (!getenv("DMABAY_QUICK") || variant->make == new_from_udmabuf))
		take_numbers(_metadata, self, &shared);
	EXPECT_EQ(0, dmabay_unregister(self->bay, shared.buffer));
	drop_shared(_metadata, &shared);
}

/*
 * The same memory twice, as two buffers. The second one is for reading: the debugging of the
 * DMA API takes no memory twice that a device may write. Nor may what is mapped for reading
 * be synced for both, as the heap does; so nothing is synced but by the transfers.
 */
TEST_F(dmabuf, twice)
{
	struct shared shared = make_shared(_metadata, variant, 2 * PAGE);
	uint64_t length = about_a_page(&self->info);
	uint32_t reservation, second;

	shared.syncs = false;
	import(_metadata, self->bay, &shared);
	ASSERT_EQ(0, dmabay_import(self->bay, shared.fd, DMABAY_IMPORT_READ_ONLY, &second, NULL));
	EXPECT_NE(shared.buffer, second);
	ASSERT_EQ(0, dmabay_reserve(self->bay, 1, 1, 0, &reservation));
	fill_shared(_metadata, &shared, SENT, 5);
	EXPECT_EQ(0, transfer_wait(self->bay, reservation, second, 0, length, 0,
				   DMABAY_TO_DEVICE));
	EXPECT_EQ(0, dmabay_unregister(self->bay, second));
	fill_shared(_metadata, &shared, BLANK, 5);
	EXPECT_EQ(0, transfer_wait(self->bay, reservation, shared.buffer, 0, length, 0,
				   DMABAY_FROM_DEVICE));
	EXPECT_PATTERN(shared.memory, length, SENT, 5);
	EXPECT_EQ(0, dmabay_unregister(self->bay, shared.buffer));
	drop_shared(_metadata, &shared);
}

TEST_F(dmabuf, not_a_dma_buf)
{
	int ends[2], event = eventfd(0, EFD_CLOEXEC), closed = dup(event);
	int file = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	uint32_t buffer;

	ASSERT_EQ(0, pipe(ends));
	ASSERT_LE(0, file);
	close(closed);
	EXPECT_EQ(-EBADF, dmabay_import(self->bay, closed, 0, &buffer, NULL));
	EXPECT_EQ(-EBADF, dmabay_import(self->bay, -1, 0, &buffer, NULL));
	EXPECT_EQ(-EBADF, dmabay_import(self->bay, INT32_MAX, 0, &buffer, NULL));
	EXPECT_EQ(-EINVAL, dmabay_import(self->bay, event, 0, &buffer, NULL));
	EXPECT_EQ(-EINVAL, dmabay_import(self->bay, ends[0], 0, &buffer, NULL));
	EXPECT_EQ(-EINVAL, dmabay_import(self->bay, file, 0, &buffer, NULL));
	EXPECT_EQ(-EINVAL, dmabay_import(self->bay, dmabay_fd(self->bay), 0, &buffer, NULL));
	close(file);
	close(ends[0]);
	close(ends[1]);
	close(event);
}

TEST_HARNESS_MAIN
