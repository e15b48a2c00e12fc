// SPDX-License-Identifier: GPL-2.0-only
/*
 * The link cache at scale: thousands of registered buffers, used in random order on one
 * reservation. Where the device reaches enough addresses each is linked once, and from then
 * on a transfer links, unlinks and flushes nothing; where it does not, many links go with
 * each flush, and nothing fails.
 *
 * The buffers are of few pages: each of them is seen at many addresses.
 *
 * Loads the modules itself, because of the size of the window.
 */
#include "common.h"
#include "modules.h"

#define BUFFER		(64u << 10)
#define BUFFERS		10000u
#define QUICK_BUFFERS	2500u	/* with DMABAY_QUICK in the environment */
#define MEMORY		(16u << 20)
#define BATCH		50u
#define TOO_MANY	160000u	/* map registers, where an address has 28 bits */

FIXTURE(links)
{
	struct dmabay *bay;
	struct dmabay_info info;
	unsigned char *memory;
	uint32_t *buffers;
	unsigned int count;	/* of the buffers, and of the transfers */
	uint64_t random;
	uint32_t reservation;
	bool loaded;
};

FIXTURE_VARIANT(links)
{
	bool narrow;		/* there are fewer addresses than memory */
};

FIXTURE_VARIANT_ADD(links, wide)
{
	.narrow = false,
};

FIXTURE_VARIANT_ADD(links, narrow)
{
	.narrow = true,
};

static uint64_t next_random(uint64_t *random)
{
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	return *random;
}

/* At least so many bytes of addresses, of which each MEMORY has the same pages. */
static unsigned char *map_again_and_again(size_t length)
{
	unsigned char *memory;
	int fd = memfd_create("links", MFD_CLOEXEC);

	length += MEMORY - length % MEMORY;
	memory = map_pages(length);
	if (!memory || fd < 0 || ftruncate(fd, MEMORY))
		return NULL;
	for (size_t at = 0; at < length; at += MEMORY)
		if (mmap(memory + at, MEMORY, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd,
			 0) == MAP_FAILED)
			return NULL;
	close(fd);
	return memory;
}

FIXTURE_SETUP(links)
{
	const char *iommu = getenv("DMABAY_IOMMU"), *loan = getenv("DMABAY_LOAN");
	char parameters[160], path[64];
	uint32_t pages;

	if (!iommu || (strcmp(iommu, "strict") && strcmp(iommu, "lazy")))
		SKIP(return, "nothing is linked without a translating IOMMU");
	self->random = 0x9e3779b97f4a7c15u;
	self->count = getenv("DMABAY_QUICK") ? QUICK_BUFFERS : BUFFERS;
	pages = self->count * (BUFFER / PAGE);
	snprintf(parameters, sizeof(parameters),
		 "dma_dev=%s memory=8 map_registers=%u address_width=%u", loan ? loan : "",
		 variant->narrow ? TOO_MANY : pages, variant->narrow ? 28u : 0u);
	ASSERT_EQ(0, insert("dmabay", ""));
	self->loaded = true;
	/* A test before this one may have failed while it was set up. */
	ASSERT_EQ(0, removed("dmabay_soft"));
	ASSERT_EQ(0, insert("dmabay_soft", parameters));
	ASSERT_TRUE(find_node("soft", path, sizeof(path)));
	ASSERT_EQ(0, dmabay_open(&self->bay, path, O_RDWR));
	ASSERT_EQ(0, dmabay_info(self->bay, &self->info));
	ASSERT_LE(self->count, self->info.max_buffers);
	if (!variant->narrow && self->info.map_registers < pages)
		SKIP(return, "a window of this kernel has no more than %u map registers",
		     self->info.map_registers);

	self->memory = map_again_and_again(self->count * (size_t)BUFFER);
	self->buffers = calloc(self->count, sizeof(*self->buffers));
	ASSERT_NE(NULL, self->memory);
	ASSERT_NE(NULL, self->buffers);
	for (unsigned int i = 0; i < self->count; i++) {
		ASSERT_EQ(0, dmabay_register(self->bay, self->memory + i * (size_t)BUFFER, BUFFER,
					     0, &self->buffers[i]));
	}
	ASSERT_EQ(0, dmabay_reserve(self->bay, variant->narrow ? self->info.map_registers : pages,
				    BATCH, 0, &self->reservation))
		TH_LOG("%u map registers", self->info.map_registers);
}

FIXTURE_TEARDOWN(links)
{
	dmabay_close(self->bay);
	free(self->buffers);
	if (!self->loaded)
		return;
	EXPECT_EQ(0, removed("dmabay_soft"));
	EXPECT_EQ(0, core_unused());
}

/* As many whole buffers as there are, BATCH at a time: in their order, or at random. */
static void use(struct __test_metadata *_metadata, FIXTURE_DATA(links) *self, bool in_order)
{
	struct dmabay_transfer transfers[BATCH] = {};
	struct dmabay_completion completions[BATCH];

	for (unsigned int done = 0; done < self->count; done += BATCH) {
		uint32_t completed = 0;

		for (unsigned int i = 0; i < BATCH; i++) {
			uint64_t which = in_order ? done + i : next_random(&self->random);

			transfers[i] = (struct dmabay_transfer){
				.reservation = self->reservation,
				.buffer = self->buffers[which % self->count],
				.length = BUFFER,
				.direction = DMABAY_TO_DEVICE,
			};
		}
		ASSERT_EQ((int)BATCH, dmabay_submit(self->bay, transfers, BATCH, completions, BATCH,
						    BATCH, 0, &completed));
		ASSERT_EQ(BATCH, completed);
		for (unsigned int i = 0; i < BATCH; i++) {
			ASSERT_EQ(0, completions[i].status);
			ASSERT_EQ(BUFFER, completions[i].length);
		}
	}
}

TEST_F_TIMEOUT(links, random_order, LONG_TEST)
{
	struct dmabay_counters before, after;
	uint64_t flushes, links;

	use(_metadata, self, true);
	ASSERT_EQ(0, dmabay_counters(self->bay, &before));
	use(_metadata, self, false);
	ASSERT_EQ(0, dmabay_counters(self->bay, &after));
	flushes = after.flushes - before.flushes;
	links = after.links - before.links;
	TH_LOG("%u map registers: %u transfers of %u buffers, %" PRIu64 " link calls, %" PRIu64
	       " flushes, %" PRIu64 " hits", self->info.map_registers, self->count, self->count,
	       links, flushes, (uint64_t)(after.hits - before.hits));

	if (!variant->narrow) {
		EXPECT_EQ(0, links);
		EXPECT_EQ(0, flushes);
		EXPECT_EQ(self->count, after.hits - before.hits);
	} else {
		/* Too few addresses, and all the same less than 0.07 flushes for each. */
		EXPECT_LT(self->info.map_registers, self->count * (BUFFER / PAGE) / 4);
		EXPECT_LT(flushes * 100, self->count * UINT64_C(7));
		EXPECT_LT(0, flushes);
	}
}

TEST_HARNESS_MAIN
