// SPDX-License-Identifier: GPL-2.0-only
/*
 * A device that does not see the CPU's caches. No link is kept for it and nothing is moved in
 * place: its bytes are copied through memory that is not cached, or mapped for each transfer,
 * which tells the caches. Which of the two it was is counted. An emulator has no caches, so
 * here no byte can be stale; that one is, if the DMA API is not told, is seen where it copies
 * all that is mapped (swiotlb=force), by the tests of dma-bufs.
 *
 * Loads and unloads the modules itself.
 */
#include "modules.h"

#define LENGTH	(8 * PAGE)

FIXTURE(coherent)
{
	struct dmabay *bay;
	unsigned char *memory;
	uint32_t buffer;
	uint32_t reservation;
};

typedef FIXTURE_DATA(coherent) fixture;

FIXTURE_VARIANT(coherent)
{
	const char *parameters;
	uint32_t provider;
};

FIXTURE_VARIANT_ADD(coherent, chosen)
{
	.parameters = "memory=1 coherent=0",
	.provider = DMABAY_INFO_PROVIDER_BOUNCE,
};

FIXTURE_VARIANT_ADD(coherent, chosen_later)
{
	.parameters = "memory=1 coherent=0 async=1",
	.provider = DMABAY_INFO_PROVIDER_BOUNCE,
};

FIXTURE_VARIANT_ADD(coherent, direct)
{
	.parameters = "memory=1 coherent=0 provider=direct",
	.provider = DMABAY_INFO_PROVIDER_DIRECT,
};

FIXTURE_SETUP(coherent)
{
	struct dmabay_info info;
	char path[64];
	int result;

	ASSERT_EQ(0, insert("dmabay", ""));
	result = insert("dmabay_soft", variant->parameters);
	if (result == -EOPNOTSUPP)
		SKIP(return, "all devices of this machine see the caches");
	ASSERT_EQ(0, result);
	ASSERT_TRUE(find_node("soft", path, sizeof(path)));
	ASSERT_EQ(0, dmabay_open(&self->bay, path, O_RDWR));
	ASSERT_EQ(0, dmabay_info(self->bay, &info));
	ASSERT_EQ(variant->provider, info.provider);
	self->memory = map_pages(LENGTH);
	ASSERT_NE(NULL, self->memory);
	ASSERT_EQ(0, dmabay_register(self->bay, self->memory, LENGTH, 0, &self->buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, LENGTH / PAGE + 1, 1, 0, &self->reservation));
}

FIXTURE_TEARDOWN(coherent)
{
	dmabay_close(self->bay);
	EXPECT_EQ(0, removed("dmabay_soft"));
	EXPECT_EQ(0, core_unused());
}

/* There and back: how many bytes of the memory are wrong then. */
static unsigned int wrong_after(struct __test_metadata *_metadata, fixture *self, size_t offset,
				size_t length)
{
	unsigned int wrong = 0;

	fill(self->memory, LENGTH, SENT, offset);
	EXPECT_EQ(0, transfer_wait(self->bay, self->reservation, self->buffer, offset, length,
				   offset + 77, DMABAY_TO_DEVICE));
	memset(self->memory, BLANK, LENGTH);
	EXPECT_EQ(0, transfer_wait(self->bay, self->reservation, self->buffer, offset, length,
				   offset + 77, DMABAY_FROM_DEVICE));
	for (size_t i = 0; i < LENGTH; i++) {
		bool inside = i >= offset && i - offset < length;

		wrong += self->memory[i] != (inside ? pattern(SENT, offset, i) : BLANK);
	}
	return wrong;
}

/* The same memory again and again, within lines of a cache too. */
TEST_F(coherent, told_each_time)
{
	const size_t edges[] = { 0, 1, 31, 64, PAGE - 1, PAGE };
	struct dmabay_counters before, after;
	unsigned int wrong = 0, transfers = 0;
	uint64_t bytes = 0, copied, mappings;

	ASSERT_EQ(0, dmabay_counters(self->bay, &before));
	for (size_t i = 0; i < ARRAY_SIZE(edges); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(edges); j++, transfers += 2) {
			size_t length = LENGTH - edges[i] - edges[j];

			wrong += wrong_after(_metadata, self, edges[i], length);
			bytes += 2 * length;
		}
	}
	EXPECT_EQ(0, wrong);
	ASSERT_EQ(0, dmabay_counters(self->bay, &after));
	copied = after.bounced_bytes - before.bounced_bytes;
	mappings = after.mapped - before.mapped;
	EXPECT_EQ(0, after.links);
	EXPECT_EQ(0, after.hits);
	if (variant->provider == DMABAY_INFO_PROVIDER_BOUNCE) {
		EXPECT_EQ(bytes, copied);
	} else {
		EXPECT_LE(transfers, mappings);
		EXPECT_EQ(after.mapped, after.unmapped);
	}
	FIGURE("R50", "%u transfers of a device that is not coherent (%s), %u wrong bytes, %" PRIu64
	       " of %" PRIu64 " copied, %" PRIu64 " mappings", transfers, variant->parameters,
	       wrong, copied, bytes, mappings);
}

TEST_HARNESS_MAIN
