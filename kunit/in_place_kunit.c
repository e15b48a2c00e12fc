// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory in place: what the device is given where it reaches all memory and nothing
 * translates for it, without any mapping; and that it is given nothing elsewhere.
 */
#include "rig.h"

#define IN_PLACE_MOST	16

struct in_place {
	struct rig *rig;
	struct dmabay_channel channel;
	struct dmabay_sg_element elements[IN_PLACE_MOST];
	struct dmabay_sg_list list;
};

static struct in_place *in_place_start(struct kunit *test, unsigned int map_registers)
{
	struct in_place *p = kunit_kzalloc(test, sizeof(*p), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, p);
	p->rig = rig_start_adapter(test, SZ_128K, 33);
	p->list.elements = p->elements;
	p->list.capacity = IN_PLACE_MOST;
	KUNIT_ASSERT_EQ(test, dmabay_adapter_allocate_channel(p->rig->adapter, &p->channel,
							      map_registers,
							      DMABAY_CHANNEL_IMMEDIATE, NULL,
							      NULL), 0);
	return p;
}

static void in_place_stop(struct in_place *p)
{
	KUNIT_EXPECT_EQ(p->rig->test, dmabay_adapter_free_channel(p->rig->adapter, &p->channel), 0);
}

static size_t in_place(struct in_place *p, struct rig_buffer *buffer, size_t offset, size_t length)
{
	return dmabay_adapter_in_place(p->rig->adapter, &p->channel, buffer->memory, offset, length,
				       &p->list);
}

static bool in_place_linked(struct in_place *p, struct rig_buffer *buffer, size_t offset,
			    size_t length, dma_addr_t *address)
{
	return dmabay_adapter_linked(p->rig->adapter, &p->channel, buffer->memory, offset, length,
				     DMABAY_WRITE_TO_DEVICE, address);
}

/* The bytes from @at on are there. */
static void in_place_expect(struct in_place *p, const struct dmabay_sg_element *element, size_t at,
			    u8 seed)
{
	KUNIT_EXPECT_EQ(p->rig->test,
			rig_device_matching(p->rig, element->address, at, element->length, seed),
			element->length);
}

/* Is there anything to expect of this provider? */
static bool in_place_here(struct kunit *test)
{
	const struct rig_provider *param = test->param_value;

	return param->provider == DMABAY_PROVIDER_BOUNCE && !param->translated &&
	       param->profile == DMABAY_PROFILE_PACKET;
}

static struct in_place *in_place_start_here(struct kunit *test, unsigned int map_registers)
{
	if (!in_place_here(test))
		kunit_skip(test, "nothing is in place here");
	return in_place_start(test, map_registers);
}

/* Each part, from anywhere to anywhere: the bytes are where the list says. */
static void in_place_says_where(struct kunit *test)
{
	static const size_t edges[] = { 0, 1, 3995, 3996, 3997, 8191 };
	struct in_place *p = in_place_start_here(test, 33);
	struct rig_buffer *buffer = rig_scattered(p->rig, 100, 20000);
	unsigned int i, j, k;

	rig_fill(buffer, 5);
	for (i = 0; i < ARRAY_SIZE(edges); i++) {
		for (j = 0; j < ARRAY_SIZE(edges); j++) {
			size_t at = edges[i], length = buffer->length - at - edges[j];

			KUNIT_EXPECT_EQ(test, in_place(p, buffer, at, length), length);
			KUNIT_EXPECT_EQ(test, p->list.count,
					dmabay_span_pages((100 + at) % PAGE_SIZE, length));
			for (k = 0; k < p->list.count; at += p->elements[k++].length)
				in_place_expect(p, &p->elements[k], at, 5);
			KUNIT_EXPECT_EQ(test, at, edges[i] + length);
		}
	}
	in_place_stop(p);
}

/* As far as the room, the registers and the group go; and no further than was asked for. */
static void in_place_ends(struct kunit *test)
{
	struct in_place *p = in_place_start_here(test, 4);
	struct rig_buffer *buffer = rig_scattered(p->rig, 100, 40000);
	struct rig_buffer *contiguous = rig_contiguous(p->rig, 100, 40000);
	struct rig_buffer *chain = rig_chain(p->rig, 2, 50, 5000);

	KUNIT_EXPECT_EQ(test, in_place(p, buffer, 0, 40000), 4 * PAGE_SIZE - 100);
	KUNIT_EXPECT_EQ(test, p->list.count, 4);
	KUNIT_EXPECT_EQ(test, in_place(p, contiguous, 0, 40000), 4 * PAGE_SIZE - 100);
	KUNIT_EXPECT_EQ(test, p->list.count, 1);
	KUNIT_EXPECT_EQ(test, in_place(p, chain, 10, 9000), 4990);
	KUNIT_EXPECT_EQ(test, in_place(p, chain, 5000, 5000), 5000);
	KUNIT_EXPECT_EQ(test, in_place(p, buffer, 7, 1), 1);
	p->list.capacity = 2;
	KUNIT_EXPECT_EQ(test, in_place(p, buffer, 0, 40000), 2 * PAGE_SIZE - 100);
	KUNIT_EXPECT_EQ(test, p->list.count, 2);
	in_place_stop(p);
}

/* What is in one piece is as good as linked, if the registers and its owner allow it. */
static void in_place_is_as_linked(struct kunit *test)
{
	struct in_place *p = in_place_start_here(test, 4);
	struct rig_buffer *contiguous = rig_contiguous(p->rig, 100, 40000);
	struct rig_buffer *scattered = rig_scattered(p->rig, 100, 40000);
	dma_addr_t address = 0;

	rig_fill(contiguous, 9);
	KUNIT_EXPECT_TRUE(test, in_place_linked(p, contiguous, 3, 4 * PAGE_SIZE - 103, &address));
	KUNIT_EXPECT_EQ(test, rig_device_matching(p->rig, address, 3, 4 * PAGE_SIZE - 103, 9),
			4 * PAGE_SIZE - 103);
	KUNIT_EXPECT_FALSE(test, in_place_linked(p, contiguous, 3, 4 * PAGE_SIZE - 102, &address));
	KUNIT_EXPECT_TRUE(test, in_place_linked(p, scattered, 3996, PAGE_SIZE, &address));
	KUNIT_EXPECT_FALSE(test, in_place_linked(p, scattered, 3995, 2, &address));
	dmabay_memory_set_borrowed(contiguous->memory);
	KUNIT_EXPECT_FALSE(test, in_place_linked(p, contiguous, 3, 1, &address));
	KUNIT_EXPECT_EQ(test, in_place(p, contiguous, 3, 1), 1);
	in_place_stop(p);
}

/* It maps nothing and counts nothing: what follows is mapped as if it had not been asked. */
static void in_place_maps_nothing(struct kunit *test)
{
	struct in_place *p = in_place_start_here(test, 8);
	struct rig_buffer *buffer = rig_scattered(p->rig, 0, 4 * PAGE_SIZE);
	struct dmabay_adapter_counters before, after;
	size_t length = 4 * PAGE_SIZE;

	dmabay_adapter_counters(p->rig->adapter, &before);
	KUNIT_EXPECT_EQ(test, in_place(p, buffer, 0, length), length);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_unlink(p->rig->adapter, &p->channel, NULL), 0);
	dmabay_adapter_counters(p->rig->adapter, &after);
	KUNIT_EXPECT_MEMEQ(test, &before, &after, sizeof(before));
	/* In one element, which takes a copy. */
	KUNIT_EXPECT_EQ(test, dmabay_adapter_map_transfer(p->rig->adapter, &p->channel,
							  buffer->memory, 0, &length,
							  DMABAY_WRITE_TO_DEVICE, &p->list), 0);
	KUNIT_EXPECT_EQ(test, length, 4 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, p->list.count, 1);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_flush(p->rig->adapter, &p->channel, length), 0);
	dmabay_adapter_counters(p->rig->adapter, &after);
	KUNIT_EXPECT_EQ(test, after.bounced_bytes - before.bounced_bytes, length);
	in_place_stop(p);
}

/* Behind an IOMMU, with the plain DMA API and with lists nothing is; and the adapter says so. */
static void in_place_elsewhere(struct kunit *test)
{
	struct in_place *p = in_place_start(test, 8);
	struct rig_buffer *buffer = rig_contiguous(p->rig, 0, PAGE_SIZE);
	const struct rig_provider *param = test->param_value;
	struct dmabay_adapter_info info;
	bool here = in_place_here(test);

	dmabay_adapter_info(p->rig->adapter, &info);
	KUNIT_EXPECT_EQ(test, info.in_place,
			param->provider == DMABAY_PROVIDER_BOUNCE && !param->translated);
	KUNIT_EXPECT_EQ(test, in_place(p, buffer, 0, PAGE_SIZE), here ? PAGE_SIZE : 0);
	in_place_stop(p);
}

static struct kunit_case in_place_cases[] = {
	RIG_CASE(in_place_says_where),
	RIG_CASE(in_place_ends),
	RIG_CASE(in_place_is_as_linked),
	RIG_CASE(in_place_maps_nothing),
	RIG_CASE_PROFILES(in_place_elsewhere),
	{}
};

static struct kunit_suite dmabay_in_place_suite = {
	.name = "dmabay_in_place",
	.exit = rig_end,
	.test_cases = in_place_cases,
};
kunit_test_suite(dmabay_in_place_suite);
