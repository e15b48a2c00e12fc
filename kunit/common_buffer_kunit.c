// SPDX-License-Identifier: GPL-2.0-only
/*
 * Common buffer: memory that CPU and device share (5.13).
 *
 * The DMA API aligns a buffer to its own size, so that most of what is asked for is
 * there anyway. Where alignment itself is looked at, the device sees all memory three
 * pages off (buffer_shift_device()): what is aligned for the CPU never is for it.
 */
#include <kunit/device.h>
#include <linux/dma-direct.h>
#include <linux/dma-mapping.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include "rig.h"

#define BUFFER_SHIFT	(3 * PAGE_SIZE)

static const enum dmabay_profile buffer_profiles[] = {
	DMABAY_PROFILE_PACKET,
	DMABAY_PROFILE_SCATTER_GATHER,
	DMABAY_PROFILE_PACKET64,
	DMABAY_PROFILE_SCATTER_GATHER64,
	DMABAY_PROFILE_SCATTER_GATHER_DUPLEX,
	DMABAY_PROFILE_SCATTER_GATHER64_DUPLEX,
};

static int buffer_create_config(struct rig *rig, size_t length, size_t alignment_mask,
				struct dmabay_common_buffer **buffer)
{
	const struct dmabay_common_buffer_config config = {
		.size = sizeof(config),
		.alignment_mask = alignment_mask,
	};

	return dmabay_common_buffer_create_config(rig->enabler, length, &config, buffer);
}

/* These expect success, and memory that the device reaches and that is zeroed. */
static void buffer_check(struct rig *rig, struct dmabay_common_buffer *buffer, size_t length)
{
	dma_addr_t address = dmabay_common_buffer_dma_addr(buffer);
	void *vaddr = dmabay_common_buffer_vaddr(buffer);

	KUNIT_EXPECT_EQ(rig->test, dmabay_common_buffer_length(buffer), length);
	KUNIT_ASSERT_NOT_NULL(rig->test, vaddr);
	KUNIT_EXPECT_NULL(rig->test, memchr_inv(vaddr, 0, length));
	KUNIT_EXPECT_LE(rig->test, address + length - 1, dma_get_mask(rig->dev));
}

static struct dmabay_common_buffer *buffer_create(struct rig *rig, size_t length)
{
	struct dmabay_common_buffer *buffer = NULL;

	KUNIT_ASSERT_EQ(rig->test, 0, dmabay_common_buffer_create(rig->enabler, length, &buffer));
	KUNIT_ASSERT_NOT_NULL(rig->test, buffer);
	buffer_check(rig, buffer, length);
	return buffer;
}

static struct dmabay_common_buffer *buffer_create_aligned(struct rig *rig, size_t length,
							  size_t alignment_mask)
{
	struct dmabay_common_buffer *buffer = NULL;

	KUNIT_ASSERT_EQ(rig->test, 0, buffer_create_config(rig, length, alignment_mask, &buffer));
	KUNIT_ASSERT_NOT_NULL(rig->test, buffer);
	buffer_check(rig, buffer, length);
	KUNIT_EXPECT_EQ(rig->test, dmabay_common_buffer_dma_addr(buffer) & alignment_mask, 0);
	return buffer;
}

/* The result of a create that shall fail; the handle must be NULL then. */
static int buffer_try(struct rig *rig, size_t length, size_t alignment_mask)
{
	struct dmabay_common_buffer *buffer = (void *)1;
	int ret = buffer_create_config(rig, length, alignment_mask, &buffer);

	if (ret) {
		KUNIT_EXPECT_NULL(rig->test, buffer);
	} else {
		KUNIT_EXPECT_NOT_NULL(rig->test, buffer);
		dmabay_common_buffer_delete(buffer);
	}
	return ret;
}

/* Before the device is enabled. The map goes with the device. */
static void buffer_shift_device(struct rig *rig)
{
	struct bus_dma_region *map = kzalloc_objs(*map, 2);

	KUNIT_ASSERT_NOT_NULL(rig->test, map);
	map->dma_start = BUFFER_SHIFT;
	map->size = DMA_BIT_MASK(32) - BUFFER_SHIFT;
	rig->dev->dma_range_map = map;
}

static void buffer_b01_length_0(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct dmabay_common_buffer *buffer = (void *)1;

	KUNIT_EXPECT_EQ(test, dmabay_common_buffer_create(rig->enabler, 0, &buffer), -EINVAL);
	KUNIT_EXPECT_NULL(test, buffer);
	KUNIT_EXPECT_EQ(test, buffer_try(rig, 0, 31), -EINVAL);
}

static void buffer_b03_config_size(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	static const struct {
		struct dmabay_common_buffer_config config;
		size_t length;
	} rows[] = {
		{ { sizeof(rows->config) - 1, 31 }, 10 },
		{ { sizeof(rows->config) + 1, 31 }, 10 },
		{ { 0, 31 }, 10 },
		/* It wins over all that else is wrong. */
		{ { sizeof(rows->config) + 1, 16 }, 10 },
		{ { sizeof(rows->config) + 1, 31 }, 0 },
		{ { sizeof(rows->config) + 1, SIZE_MAX }, SIZE_MAX },
	};
	struct dmabay_common_buffer *buffer;
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		buffer = (void *)1;
		KUNIT_EXPECT_EQ(test, -EPROTO,
				dmabay_common_buffer_create_config(rig->enabler, rows[i].length,
								   &rows[i].config, &buffer));
		KUNIT_EXPECT_NULL(test, buffer);
	}
}

static void buffer_b04_aligned_to_32(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct dmabay_common_buffer *buffer = buffer_create_aligned(rig, 10, 31);

	KUNIT_EXPECT_EQ(test, (unsigned long)dmabay_common_buffer_vaddr(buffer) & 31, 0);
}

/* What the CPU sees at @buffer's address is what the device sees at its own. */
static void buffer_expect_shared(struct rig *rig, struct dmabay_common_buffer *buffer)
{
	size_t at, length = dmabay_common_buffer_length(buffer);
	dma_addr_t address = dmabay_common_buffer_dma_addr(buffer);
	u8 *vaddr = dmabay_common_buffer_vaddr(buffer);

	for (at = 0; at < length; at++)
		vaddr[at] = rig_pattern(7, at);
	KUNIT_EXPECT_EQ(rig->test, rig_device_matching(rig, address, 0, length, 7), length);
	rig_device_write(rig, address, 0, length, 8);
	for (at = 0; at < length; at++) {
		if (vaddr[at] != rig_pattern(8, at))
			break;
	}
	KUNIT_EXPECT_EQ(rig->test, at, length);
}

/* B05: above a page more is allocated, and both addresses move on by the same bytes. */
static void buffer_b05_aligned_to_more_than_a_page(struct kunit *test)
{
	static const size_t lengths[] = { 1, 10, PAGE_SIZE + 1, SZ_64K };
	struct rig *rig = rig_start(test, 65536, 17);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		buffer_expect_shared(rig, buffer_create_aligned(rig, lengths[i],
								2 * PAGE_SIZE - 1));
		buffer_expect_shared(rig, buffer_create_aligned(rig, lengths[i], SZ_64K - 1));
	}
}

static void buffer_b05_cpu_address_moves_along(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 17);
	struct dmabay_common_buffer *buffer;
	void *vaddr;

	buffer_shift_device(rig);
	rig_enable(rig, &config);
	buffer = buffer_create_aligned(rig, 10, SZ_64K - 1);
	vaddr = dmabay_common_buffer_vaddr(buffer);
	KUNIT_EXPECT_EQ(test, (unsigned long)vaddr & (SZ_64K - 1), SZ_64K - BUFFER_SHIFT);
	KUNIT_EXPECT_EQ(test, dmabay_common_buffer_dma_addr(buffer),
			virt_to_phys(vaddr) + BUFFER_SHIFT);
	buffer_expect_shared(rig, buffer);

	/* Up to a page nothing moves: what the DMA API gives is good enough. */
	buffer = buffer_create_aligned(rig, SZ_64K, PAGE_SIZE - 1);
	KUNIT_EXPECT_EQ(test, (unsigned long)dmabay_common_buffer_vaddr(buffer) & (SZ_64K - 1), 0);
	KUNIT_EXPECT_EQ(test, dmabay_common_buffer_dma_addr(buffer) & (SZ_64K - 1), BUFFER_SHIFT);
}

static void buffer_b06_mask_is_no_mask(struct kunit *test)
{
	static const size_t bad[] = { 2, 16, 30, PAGE_SIZE, PAGE_SIZE + 1, SIZE_MAX - 1 };
	static const size_t good[] = { 0, 1, 3, PAGE_SIZE - 1, 2 * PAGE_SIZE - 1 };
	struct rig *rig = rig_start(test, 65536, 17);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		KUNIT_EXPECT_EQ(test, buffer_try(rig, 10, bad[i]), -EINVAL);
	for (i = 0; i < ARRAY_SIZE(good); i++)
		KUNIT_EXPECT_EQ(test, buffer_try(rig, 10, good[i]), 0);
}

/* How far a buffer without a config of its own is from a multiple of 64 KiB. */
static size_t buffer_distance(struct rig *rig)
{
	return dmabay_common_buffer_dma_addr(buffer_create(rig, SZ_64K)) & (SZ_64K - 1);
}

/* B07: the enabler's alignment is that of buffers that have no other. */
static void buffer_b07_alignment_of_the_enabler(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 17);
	struct dmabay_common_buffer *buffer;
	unsigned int i;

	buffer_shift_device(rig);
	for (i = 0; i < ARRAY_SIZE(buffer_profiles); i++) {
		config.profile = buffer_profiles[i];
		if (config.profile == DMABAY_PROFILE_PACKET ||
		    config.profile == DMABAY_PROFILE_PACKET64)
			continue;
		config.alignment_mask = 15;
		rig_enable(rig, &config);
		buffer = buffer_create(rig, 10);
		KUNIT_EXPECT_EQ(test, dmabay_common_buffer_dma_addr(buffer) & 15, 0);
		KUNIT_EXPECT_EQ(test, (unsigned long)dmabay_common_buffer_vaddr(buffer) & 15, 0);
		rig_stop(rig);

		config.alignment_mask = SZ_64K - 1;
		rig_enable(rig, &config);
		KUNIT_EXPECT_EQ(test, buffer_distance(rig), 0);
		/* One of its own is not added to it. */
		buffer = buffer_create_aligned(rig, SZ_64K, 15);
		KUNIT_EXPECT_EQ(test, dmabay_common_buffer_dma_addr(buffer) & (SZ_64K - 1),
				BUFFER_SHIFT);
		rig_stop(rig);
	}
}

/* B08: what the enabler was created with counts, whatever becomes of the config. */
static void buffer_b08_alignment_is_captured(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 17);

	buffer_shift_device(rig);
	config.profile = DMABAY_PROFILE_SCATTER_GATHER;
	config.alignment_mask = SZ_64K - 1;
	rig_enable(rig, &config);
	config.alignment_mask = 0;
	KUNIT_EXPECT_EQ(test, buffer_distance(rig), 0);
	rig_stop(rig);

	rig_enable(rig, &config);
	config.alignment_mask = SZ_64K - 1;
	KUNIT_EXPECT_EQ(test, buffer_distance(rig), BUFFER_SHIFT);
}

/* B09: a packet enabler takes no notice of it; a buffer's own alignment still counts. */
static void buffer_b09_packet_is_aligned_to_a_page(struct kunit *test)
{
	static const enum dmabay_profile profiles[] = {
		DMABAY_PROFILE_PACKET, DMABAY_PROFILE_PACKET64,
	};
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 17);
	unsigned int i;

	buffer_shift_device(rig);
	config.alignment_mask = SZ_64K - 1;
	for (i = 0; i < ARRAY_SIZE(profiles); i++) {
		config.profile = profiles[i];
		rig_enable(rig, &config);
		KUNIT_EXPECT_EQ(test, buffer_distance(rig), BUFFER_SHIFT);
		buffer_create_aligned(rig, SZ_64K, SZ_64K - 1);
		rig_stop(rig);
	}
}

/*
 * B10: 2^32 bytes and more, also with what the alignment adds, are no memory; what does
 * not fit a size_t is an overflow.
 */
static void buffer_b10_too_long(struct kunit *test)
{
	static const struct {
		size_t length, alignment_mask;
		int result;
	} rows[] = {
		{ BIT_ULL(32), 0, -ENOMEM },
		{ BIT_ULL(32) + 1, 31, -ENOMEM },
		{ SIZE_MAX, 0, -ENOMEM },
		{ SIZE_MAX, PAGE_SIZE - 1, -ENOMEM },
		{ BIT_ULL(32) - PAGE_SIZE, 2 * PAGE_SIZE - 1, -ENOMEM },
		{ 1, BIT_ULL(32) - 1, -ENOMEM },
		{ SIZE_MAX - PAGE_SIZE, 2 * PAGE_SIZE - 1, -EOVERFLOW },
		{ SIZE_MAX, 2 * PAGE_SIZE - 1, -EOVERFLOW },
		{ 1, SIZE_MAX, -EOVERFLOW },
	};
	struct rig *rig = rig_start(test, 65536, 17);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++)
		KUNIT_EXPECT_EQ_MSG(test, rows[i].result,
				    buffer_try(rig, rows[i].length, rows[i].alignment_mask),
				    "row %u", i);
}

/* More than the page allocator gives in one piece; only -ENOMEM, and nothing in the log. */
static void buffer_cannot_be_had(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct dmabay_common_buffer *buffer = (void *)1;

	KUNIT_EXPECT_EQ(test, -ENOMEM,
			dmabay_common_buffer_create(rig->enabler, SZ_1G, &buffer));
	KUNIT_EXPECT_NULL(test, buffer);
}

/* B11: buffers of both kinds go with the enabler; behind an IOMMU the device sees it. */
static void buffer_b11_enabler_is_deleted(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	dma_addr_t addresses[3];
	unsigned int i;

	addresses[0] = dmabay_common_buffer_dma_addr(buffer_create(rig, 10));
	addresses[1] = dmabay_common_buffer_dma_addr(buffer_create(rig, SZ_64K));
	addresses[2] = dmabay_common_buffer_dma_addr(buffer_create_aligned(rig, 10, SZ_64K - 1));
	for (i = 0; i < ARRAY_SIZE(addresses); i++)
		KUNIT_EXPECT_NE(test, rig_translate(rig, addresses[i]), 0);
	rig_stop(rig);
	if (!rig->domain)
		return;
	for (i = 0; i < ARRAY_SIZE(addresses); i++)
		KUNIT_EXPECT_EQ(test, rig_translate(rig, addresses[i]), 0);
}

/* B11: more than there is memory, in the end. */
static void buffer_b11_nothing_leaks(struct kunit *test)
{
	unsigned long left = totalram_pages() + totalram_pages() / 4;
	const size_t length = SZ_2M;
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 17);

	while (left > length >> PAGE_SHIFT && !rig_time_is_up(rig)) {
		rig_enable(rig, &config);
		buffer_create(rig, length);
		buffer_create_aligned(rig, length - PAGE_SIZE, 2 * PAGE_SIZE - 1);
		dmabay_common_buffer_delete(buffer_create(rig, length));
		rig_stop(rig);
		left -= min(left, 3 * (length >> PAGE_SHIFT));
	}
}

/* B12: both see what the other one wrote, without a call in between. */
static void buffer_b12_coherent(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);

	buffer_expect_shared(rig, buffer_create(rig, 8));
	buffer_expect_shared(rig, buffer_create(rig, 3 * PAGE_SIZE + 5));
	buffer_expect_shared(rig, buffer_create_aligned(rig, 8, 63));
}

static void buffer_every_profile(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct dmabay_enabler_config config = rig_config(rig, 65536, 17);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(buffer_profiles); i++) {
		config.profile = buffer_profiles[i];
		rig_enable(rig, &config);
		buffer_expect_shared(rig, buffer_create(rig, PAGE_SIZE));
		buffer_expect_shared(rig, buffer_create_aligned(rig, 100, 4 * PAGE_SIZE - 1));
		rig_stop(rig);
	}
}

/* What the last owner left in the memory is not the next one's to see. */
static void buffer_is_zeroed(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct dmabay_common_buffer *buffer;
	unsigned int i;

	for (i = 0; i < 10; i++) {
		buffer = buffer_create(rig, 2 * PAGE_SIZE);
		memset(dmabay_common_buffer_vaddr(buffer), 0xa5, 2 * PAGE_SIZE);
		dmabay_common_buffer_delete(buffer);
		buffer = buffer_create_aligned(rig, 10, SZ_64K - 1);
		memset(dmabay_common_buffer_vaddr(buffer), 0xa5, 10);
		dmabay_common_buffer_delete(buffer);
	}
}

/* Whichever goes first, the others keep what is in them. */
static void buffer_delete_in_any_order(struct kunit *test)
{
	static const unsigned int orders[][3] = {
		{ 0, 1, 2 }, { 2, 1, 0 }, { 1, 0, 2 }, { 1, 2, 0 },
	};
	struct rig *rig = rig_start(test, 65536, 17);
	struct dmabay_common_buffer *buffers[3];
	unsigned int i, j, k;

	for (i = 0; i < ARRAY_SIZE(orders); i++) {
		for (j = 0; j < 3; j++) {
			buffers[j] = buffer_create(rig, PAGE_SIZE);
			memset(dmabay_common_buffer_vaddr(buffers[j]), j + 1, PAGE_SIZE);
		}
		for (j = 0; j < 3; j++) {
			dmabay_common_buffer_delete(buffers[orders[i][j]]);
			buffers[orders[i][j]] = NULL;
			for (k = 0; k < 3; k++) {
				if (!buffers[k])
					continue;
				KUNIT_EXPECT_NULL(test,
						  memchr_inv(dmabay_common_buffer_vaddr(buffers[k]),
							     k + 1, PAGE_SIZE));
			}
		}
	}
}

static void buffer_null_arguments(struct kunit *test)
{
	const struct dmabay_common_buffer_config config = { .size = sizeof(config) };
	struct rig *rig = rig_start(test, 65536, 17);
	struct dmabay_common_buffer *buffer = (void *)1;

	RIG_EXPECT_QUIET(test, dmabay_common_buffer_create(NULL, 10, &buffer), -EINVAL);
	KUNIT_EXPECT_NULL(test, buffer);
	RIG_EXPECT_QUIET(test, dmabay_common_buffer_create(rig->enabler, 10, NULL), -EINVAL);
	buffer = (void *)1;
	RIG_EXPECT_QUIET(test, dmabay_common_buffer_create_config(NULL, 10, &config, &buffer),
			 -EINVAL);
	KUNIT_EXPECT_NULL(test, buffer);
	buffer = (void *)1;
	RIG_EXPECT_QUIET(test, dmabay_common_buffer_create_config(rig->enabler, 10, NULL, &buffer),
			 -EINVAL);
	KUNIT_EXPECT_NULL(test, buffer);
	RIG_EXPECT_QUIET(test, dmabay_common_buffer_create_config(rig->enabler, 10, &config, NULL),
			 -EINVAL);
	dmabay_common_buffer_delete(NULL);
}

static struct kunit_case buffer_cases[] = {
	RIG_CASE(buffer_b01_length_0),
	KUNIT_CASE(buffer_b03_config_size),
	RIG_CASE(buffer_b04_aligned_to_32),
	RIG_CASE(buffer_b05_aligned_to_more_than_a_page),
	KUNIT_CASE(buffer_b05_cpu_address_moves_along),
	KUNIT_CASE(buffer_b06_mask_is_no_mask),
	KUNIT_CASE(buffer_b07_alignment_of_the_enabler),
	KUNIT_CASE(buffer_b08_alignment_is_captured),
	KUNIT_CASE(buffer_b09_packet_is_aligned_to_a_page),
	RIG_CASE(buffer_b10_too_long),
	KUNIT_CASE(buffer_cannot_be_had),
	RIG_CASE(buffer_b11_enabler_is_deleted),
	KUNIT_CASE_SLOW(buffer_b11_nothing_leaks),
	RIG_CASE(buffer_b12_coherent),
	RIG_CASE(buffer_every_profile),
	RIG_CASE(buffer_is_zeroed),
	RIG_CASE(buffer_delete_in_any_order),
	KUNIT_CASE(buffer_null_arguments),
	{}
};

struct kunit_suite dmabay_common_buffer_suite = {
	.name = "dmabay_common_buffer",
	.exit = rig_end,
	.test_cases = buffer_cases,
};
kunit_test_suite(dmabay_common_buffer_suite);
