// SPDX-License-Identifier: GPL-2.0-only
/*
 * Mapped memory: what somebody else has mapped for the device is used where it is.
 *
 * The somebody is this suite. It has mapped one stretch of memory for the rig's device,
 * and shows a table of device addresses in it, entry by entry, and nothing else: no page,
 * and no length that the CPU knows.
 */
#include <linux/dma-mapping.h>
#include <linux/scatterlist.h>

#include "rig.h"

#define MAPPED_ORDER	5
#define MAPPED_SIZE	(PAGE_SIZE << MAPPED_ORDER)
#define MAPPED_ENTRIES	128

/* What is in memory, and what the device brings, or expects to find. */
#define MAPPED_OLD	1
#define MAPPED_NEW	2

/* So many bytes from here on in the stretch. */
struct mapped_entry {
	size_t at;
	size_t length;
};

/* @source: the stretch; @entries: what of it is shown, in this order */
struct mapped {
	struct rig *rig;
	struct rig_buffer *source;
	dma_addr_t base;
	struct sg_table table;
	struct dmabay_memory *memory;
	unsigned int count;
	struct mapped_entry entries[MAPPED_ENTRIES];
	size_t length;
};

/* The one of the test that runs. Tests of a suite run one after the other: no lock. */
static struct mapped *mapped_now;

/* A table of addresses alone, as an exporter may show it. */
static void mapped_show(struct mapped *m, struct sg_table *table)
{
	struct scatterlist *sg;
	unsigned int i;

	KUNIT_ASSERT_EQ(m->rig->test, sg_alloc_table(table, m->count, GFP_KERNEL), 0);
	for_each_sgtable_dma_sg(table, sg, i) {
		sg_dma_address(sg) = m->base + m->entries[i].at;
		sg_dma_len(sg) = m->entries[i].length;
	}
}

static void mapped_map(struct mapped *m, struct device *dev)
{
	struct kunit *test = m->rig->test;

	m->source = rig_pages(m->rig, MAPPED_ORDER);
	m->base = dma_map_page(dev, m->source->pages[0], 0, MAPPED_SIZE, DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_EQ(test, dma_mapping_error(dev, m->base), 0);
	mapped_now = m;
}

static void mapped_unmap(struct mapped *m)
{
	dmabay_memory_put(m->memory);
	sg_free_table(&m->table);
	dma_unmap_page(m->rig->dev, m->base, MAPPED_SIZE, DMA_BIDIRECTIONAL);
	mapped_now = NULL;
}

/* Before the stretch goes, everything that may use it. */
static void mapped_end(struct kunit *test)
{
	if (mapped_now) {
		rig_stop(mapped_now->rig);
		mapped_unmap(mapped_now);
	}
	rig_end(test);
}

static struct mapped *mapped_new(struct rig *rig, const struct mapped_entry *entries,
				 unsigned int count)
{
	struct kunit *test = rig->test;
	struct dmabay_memory *memory;
	struct mapped *m;
	unsigned int i;

	KUNIT_ASSERT_LE(test, count, MAPPED_ENTRIES);
	m = kunit_kzalloc(test, sizeof(*m), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, m);
	m->rig = rig;
	m->count = count;
	for (i = 0; i < count; i++) {
		m->entries[i] = entries[i];
		m->length += entries[i].length;
	}
	mapped_map(m, rig->dev);
	mapped_show(m, &m->table);
	memory = dmabay_memory_from_mapped(rig->dev, &m->table, GFP_KERNEL);
	KUNIT_ASSERT_EQ(test, PTR_ERR_OR_ZERO(memory), 0);
	m->memory = memory;
	KUNIT_EXPECT_EQ(test, dmabay_memory_length(memory), m->length);
	return m;
}

/* Where a byte of the memory is in the stretch; SIZE_MAX beyond it. */
static size_t mapped_at(const struct mapped *m, size_t offset)
{
	unsigned int i;

	for (i = 0; i < m->count; i++) {
		if (offset < m->entries[i].length)
			return m->entries[i].at + offset;
		offset -= m->entries[i].length;
	}
	return SIZE_MAX;
}

static void mapped_fill(struct mapped *m, u8 seed)
{
	size_t offset;

	memset(page_address(m->source->pages[0]), 0, MAPPED_SIZE);
	for (offset = 0; offset < m->length; offset++)
		*rig_byte(m->source, mapped_at(m, offset)) = rig_pattern(seed, offset);
}

/* These bytes of the memory are new, the others old, and the rest of the stretch is 0. */
static void mapped_expect(struct mapped *m, size_t from, size_t length)
{
	struct kunit *test = m->rig->test;
	size_t offset, at;
	u8 *byte;

	for (offset = 0; offset < m->length; offset++) {
		bool moved = offset >= from && offset - from < length;

		byte = rig_byte(m->source, mapped_at(m, offset));
		if (*byte != rig_pattern(moved ? MAPPED_NEW : MAPPED_OLD, offset))
			break;
		*byte = 0;
	}
	KUNIT_EXPECT_EQ(test, offset, m->length);
	for (at = 0; at < MAPPED_SIZE; at++) {
		if (*rig_byte(m->source, at))
			break;
	}
	KUNIT_EXPECT_EQ(test, at, MAPPED_SIZE);
}

/* The device is told the addresses that were shown, of the byte @offset and on. */
static void mapped_expect_addresses(struct mapped *m, const struct rig_transaction *t,
				    size_t offset)
{
	struct kunit *test = m->rig->test;
	struct dmabay_adapter_info info;
	unsigned int i;

	dmabay_adapter_info(m->rig->adapter, &info);
	for (i = 0; i < t->list->count; i++) {
		const struct dmabay_sg_element *element = &t->list->elements[i];

		KUNIT_ASSERT_EQ(test, element->address, m->base + mapped_at(m, offset));
		offset += element->length;
		/* and up to its last byte */
		KUNIT_ASSERT_EQ(test, element->address + element->length - 1,
				m->base + mapped_at(m, offset - 1));
		KUNIT_EXPECT_FALSE(test, element->address - info.window_base < info.window_length);
	}
}

/* So many bytes, transfer by transfer, through the eyes of the device. */
static void mapped_move(struct rig_transaction *t, struct mapped *m, size_t from, size_t length,
			enum dmabay_direction direction)
{
	struct kunit *test = m->rig->test;
	size_t done = 0;
	int ret;

	mapped_fill(m, direction == DMABAY_WRITE_TO_DEVICE ? MAPPED_NEW : MAPPED_OLD);
	rig_initialize_direction(t, direction, m->memory, from, length);
	KUNIT_ASSERT_EQ(test, rig_execute(t), 0);
	do {
		KUNIT_ASSERT_GT(test, t->length, 0);
		KUNIT_ASSERT_LE(test, t->length, length - done);
		mapped_expect_addresses(m, t, from + done);
		if (direction == DMABAY_WRITE_TO_DEVICE)
			KUNIT_EXPECT_EQ(test, rig_transfer_matching(t, from + done, t->length,
								    MAPPED_NEW), t->length);
		else
			rig_transfer_write(t, from + done, t->length, MAPPED_NEW);
		done += t->length;
		ret = rig_complete(t);
	} while (ret == -EINPROGRESS);
	KUNIT_EXPECT_EQ(test, ret, 0);
	KUNIT_EXPECT_EQ(test, done, length);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_release(t->transaction), 0);
	if (direction == DMABAY_READ_FROM_DEVICE)
		mapped_expect(m, from, length);
}

static void mapped_move_both(struct rig_transaction *t, struct mapped *m, size_t from,
			     size_t length)
{
	mapped_move(t, m, from, length, DMABAY_WRITE_TO_DEVICE);
	mapped_move(t, m, from, length, DMABAY_READ_FROM_DEVICE);
}

/* ---- tables ---- */

static const struct mapped_entry mapped_one[] = { { 0, 50000 } };
/* Two that meet, in the order of the memory and of the addresses; then one before both. */
static const struct mapped_entry mapped_some[] = {
	{ 20000, 10000 }, { 30000, 3 }, { 100, 9000 }, { 70000, 4096 }, { 65536, 4096 },
};

/* The same number of bytes each, with a gap in between, from the last to the first. */
static unsigned int mapped_pieces(struct mapped_entry *entries, unsigned int count, size_t length,
				  size_t gap)
{
	unsigned int i;

	for (i = 0; i < count; i++) {
		entries[i].at = (count - 1 - i) * (length + gap);
		entries[i].length = length;
	}
	return count;
}

static const struct {
	size_t length;
	size_t gap;
	unsigned int count;
} mapped_shapes[] = {
	{ 1, 1, MAPPED_ENTRIES }, { 3, 0, 64 }, { 511, 2, 16 }, { 4096, 0, 16 }, { 4097, 1, 20 },
	{ 8192, 4096, 8 },
};

/* ---- tests ---- */

/* Every byte, and no other, at the addresses that were shown. */
static void mapped_data(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct mapped_entry *entries;
	struct mapped *m;
	unsigned int i;

	entries = kunit_kcalloc(test, MAPPED_ENTRIES, sizeof(*entries), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, entries);

	m = mapped_new(rig, mapped_one, ARRAY_SIZE(mapped_one));
	mapped_move_both(t, m, 0, m->length);
	mapped_move_both(t, m, 4095, 30002);
	mapped_unmap(m);
	m = mapped_new(rig, mapped_some, ARRAY_SIZE(mapped_some));
	mapped_move_both(t, m, 0, m->length);
	mapped_move_both(t, m, 9999, 9010);
	mapped_unmap(m);
	for (i = 0; i < ARRAY_SIZE(mapped_shapes); i++) {
		unsigned int count = mapped_pieces(entries, mapped_shapes[i].count,
						   mapped_shapes[i].length, mapped_shapes[i].gap);

		m = mapped_new(rig, entries, count);
		mapped_move_both(t, m, 0, m->length);
		mapped_move_both(t, m, m->length / 3, m->length / 2);
		mapped_move_both(t, m, m->length - 1, 1);
		mapped_unmap(m);
	}
}

static void mapped_every_profile(struct kunit *test)
{
	static const enum dmabay_profile profiles[] = {
		DMABAY_PROFILE_PACKET64, DMABAY_PROFILE_SCATTER_GATHER64,
		DMABAY_PROFILE_SCATTER_GATHER_DUPLEX, DMABAY_PROFILE_SCATTER_GATHER64_DUPLEX,
	};
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(profiles); i++) {
		struct rig *rig = rig_start_profile(test, profiles[i], 65536, 17);
		struct mapped *m = mapped_new(rig, mapped_some, ARRAY_SIZE(mapped_some));

		mapped_move_both(rig_transaction(rig), m, 0, m->length);
		rig_stop(rig);
		mapped_unmap(m);
		rig_exit(test);
	}
}

static void mapped_reserved(struct kunit *test)
{
	static const unsigned int sizes[] = { 1, 2, 3, 17 };
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct mapped *m = mapped_new(rig, mapped_some, ARRAY_SIZE(mapped_some));
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(sizes); i++) {
		KUNIT_ASSERT_EQ(test, rig_reserve(t, sizes[i]), 0);
		mapped_move_both(t, m, 0, m->length);
		KUNIT_ASSERT_EQ(test, dmabay_transaction_free_reservation(t->transaction), 0);
	}
}

/* It costs nothing of what other memory costs, and takes nothing from it. */
static void mapped_costs_nothing(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct mapped *m = mapped_new(rig, mapped_some, ARRAY_SIZE(mapped_some));
	struct rig_buffer *other = rig_scattered(rig, 0, 65536);
	struct dmabay_adapter_counters before, after;

	dmabay_transaction_set_keep_links(t->transaction, true);
	KUNIT_ASSERT_EQ(test, rig_reserve(t, 17), 0);
	rig_initialize(t, other, 65536);
	rig_run(t);
	dmabay_adapter_counters(rig->adapter, &before);
	mapped_move_both(t, m, 0, m->length);
	dmabay_adapter_counters(rig->adapter, &after);
	KUNIT_EXPECT_EQ(test, memcmp(&before, &after, sizeof(after)), 0);

	/* What was kept linked still is. */
	rig_initialize(t, other, 65536);
	rig_run(t);
	dmabay_adapter_counters(rig->adapter, &after);
	KUNIT_EXPECT_EQ(test, after.links, before.links);
	if (rig->param->provider == DMABAY_PROVIDER_IOVA)
		KUNIT_EXPECT_EQ(test, after.hits, before.hits + 1);
}

/* What meets is one transfer, and everything else ends one. */
static void mapped_packets(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct mapped *m = mapped_new(rig, mapped_some, ARRAY_SIZE(mapped_some));

	rig_initialize_direction(t, DMABAY_WRITE_TO_DEVICE, m->memory, 0, m->length);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 10003, 9000, 4096, 4096);

	/* Pages are counted from where the run begins. */
	rig->events = 0;
	KUNIT_ASSERT_EQ(test, rig_reserve(t, 1), 0);
	rig_initialize_direction(t, DMABAY_WRITE_TO_DEVICE, m->memory, 100, 9904);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 3996, 4096, 1811, 1);
}

/* One list of all, in which only what meets is one element. */
static void mapped_lists(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct mapped *m = mapped_new(rig, mapped_some, ARRAY_SIZE(mapped_some));
	unsigned int map_registers, elements;

	rig_initialize_direction(t, DMABAY_WRITE_TO_DEVICE, m->memory, 0, m->length);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_transfer_info(t->transaction, &map_registers,
							       &elements), 0);
	KUNIT_EXPECT_EQ(test, map_registers, 3 + 3 + 1 + 1);
	KUNIT_EXPECT_EQ(test, elements, 4);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 27195);
	KUNIT_EXPECT_EQ(test, rig->log[0].count, 4);
}

/* Each element counts against the limit of elements, however short it is. */
static void mapped_limit_of_elements(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct mapped_entry entries[9];
	struct mapped *m;

	m = mapped_new(rig, entries, mapped_pieces(entries, ARRAY_SIZE(entries), 1, 1));
	dmabay_enabler_set_max_sg_elements(rig->enabler, 8);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_initialize(t->transaction, rig_program,
							    DMABAY_WRITE_TO_DEVICE, m->memory, 9),
			-E2BIG);
	rig_initialize_direction(t, DMABAY_WRITE_TO_DEVICE, m->memory, 1, 8);
	rig_run(t);
	RIG_EXPECT_LENGTHS(rig, 8);
	KUNIT_EXPECT_EQ(test, rig->log[0].count, 8);
}

/* A list in one call: all of it, or nothing. */
static void mapped_sg_list(struct kunit *test)
{
	struct rig *rig = rig_start_adapter(test, 65536, 17);
	struct mapped *m = mapped_new(rig, mapped_some, ARRAY_SIZE(mapped_some));
	struct dmabay_sg_channel *channel;

	channel = kunit_kzalloc(test, sizeof(*channel), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, channel);
	KUNIT_ASSERT_EQ(test, 0,
			dmabay_adapter_get_sg_list(rig->adapter, channel, m->memory, 5, 20000,
						   DMABAY_WRITE_TO_DEVICE,
						   DMABAY_CHANNEL_IMMEDIATE, NULL, NULL));
	KUNIT_EXPECT_EQ(test, channel->list.count, 3);
	KUNIT_EXPECT_EQ(test, channel->list.elements[0].address, m->base + 20005);
	KUNIT_EXPECT_EQ(test, channel->list.elements[2].length, 20000 - 9998 - 9000);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_put_sg_list(rig->adapter, channel), 0);
}

/* As long as a transfer uses it, it is not out of reach. */
static void mapped_unlink(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct mapped *m = mapped_new(rig, mapped_some, ARRAY_SIZE(mapped_some));
	struct rig_buffer *other = rig_contiguous(rig, 0, 4096);

	KUNIT_ASSERT_EQ(test, rig_reserve(t, 17), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_unlink(t->transaction, m->memory), 0);
	rig_initialize_direction(t, DMABAY_WRITE_TO_DEVICE, m->memory, 0, 10003);
	KUNIT_ASSERT_EQ(test, rig_execute(t), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_unlink(t->transaction, m->memory), -EBUSY);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_unlink(t->transaction, NULL), -EBUSY);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_unlink(t->transaction, other->memory), 0);
	KUNIT_EXPECT_EQ(test, rig_complete(t), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_unlink(t->transaction, m->memory), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_unlink(t->transaction, NULL), 0);
}

/* Addresses mean nothing to another device. */
static void mapped_for_another_device(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct mapped *m = mapped_new(rig, mapped_one, ARRAY_SIZE(mapped_one));
	struct dmabay_channel *channel;
	struct dmabay_sg_element element;
	struct dmabay_sg_list list = { .elements = &element, .capacity = 1 };
	struct dmabay_memory *memory;
	size_t length = 4096;

	memory = dmabay_memory_from_mapped(rig_new_device(test), &m->table, GFP_KERNEL);
	KUNIT_ASSERT_EQ(test, PTR_ERR_OR_ZERO(memory), 0);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_initialize(t->transaction, rig_program,
							    DMABAY_WRITE_TO_DEVICE, memory, 4096),
			-EINVAL);
	KUNIT_EXPECT_STREQ(test, dmabay_transaction_state_name(t->transaction), "created");
	KUNIT_EXPECT_EQ(test, dmabay_adapter_transfer_info(rig->adapter, memory, 0, 4096, NULL,
							   NULL), -EINVAL);

	channel = kunit_kzalloc(test, sizeof(*channel), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, channel);
	KUNIT_ASSERT_EQ(test, dmabay_adapter_allocate_channel(rig->adapter, channel, 2,
							      DMABAY_CHANNEL_IMMEDIATE, NULL,
							      NULL), 0);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_map_transfer(rig->adapter, channel, memory, 0,
							  &length, DMABAY_WRITE_TO_DEVICE, &list),
			-EINVAL);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_map_transfer(rig->adapter, channel, m->memory, 0,
							  &length, DMABAY_WRITE_TO_DEVICE, &list),
			0);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_flush(rig->adapter, channel, length), 0);
	KUNIT_EXPECT_EQ(test, dmabay_adapter_free_channel(rig->adapter, channel), 0);
	dmabay_memory_put(memory);
}

static void mapped_read_only(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct rig_transaction *t = rig_transaction(rig);
	struct mapped *m = mapped_new(rig, mapped_some, ARRAY_SIZE(mapped_some));

	dmabay_memory_set_read_only(m->memory);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_initialize(t->transaction, rig_program,
							    DMABAY_READ_FROM_DEVICE, m->memory, 1),
			-EACCES);
	mapped_move(t, m, 0, m->length, DMABAY_WRITE_TO_DEVICE);
}

/* Nothing that looks for its page frames may have it. */
static void mapped_chain(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct mapped *m = mapped_new(rig, mapped_some, ARRAY_SIZE(mapped_some));
	struct rig_buffer *other = rig_contiguous(rig, 0, 4096);
	struct dmabay_memory *const parts[] = { other->memory, m->memory };

	KUNIT_EXPECT_PTR_EQ(test, dmabay_memory_chain(parts, 2, GFP_KERNEL),
			    ERR_PTR(-EOPNOTSUPP));
}

/* The first entries of a table, as they are said to be mapped. */
static int mapped_error(struct kunit *test, struct device *dev, const dma_addr_t *addresses,
			const unsigned int *lengths, unsigned int count)
{
	struct dmabay_memory *memory;
	struct scatterlist *sg;
	struct sg_table table;
	unsigned int i;

	KUNIT_ASSERT_EQ(test, sg_alloc_table(&table, 4, GFP_KERNEL), 0);
	table.nents = count;
	for_each_sgtable_dma_sg(&table, sg, i) {
		sg_dma_address(sg) = addresses[i];
		sg_dma_len(sg) = lengths[i];
	}
	memory = dmabay_memory_from_mapped(dev, &table, GFP_KERNEL);
	sg_free_table(&table);
	if (!IS_ERR(memory))
		dmabay_memory_put(memory);
	return PTR_ERR_OR_ZERO(memory);
}

#define MAPPED_ERROR(test, dev, addresses, ...)						\
	mapped_error(test, dev, addresses, ((unsigned int[]) { __VA_ARGS__ }),		\
		     ARRAY_SIZE(((unsigned int[]) { __VA_ARGS__ })))

static void mapped_bad_tables(struct kunit *test)
{
	static const dma_addr_t apart[] = { 1ULL << 12, 1ULL << 33, 1ULL << 34 };
	static const dma_addr_t last[] = { (dma_addr_t)-4096, 4096 };
	struct device *dev = rig_new_device(test);

	KUNIT_EXPECT_EQ(test, mapped_error(test, dev, NULL, NULL, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, MAPPED_ERROR(test, dev, apart, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, MAPPED_ERROR(test, dev, apart, 4096, 0, 4096), -EINVAL);
	KUNIT_EXPECT_EQ(test, MAPPED_ERROR(test, dev, last, 4097), -EINVAL);
	KUNIT_EXPECT_EQ(test, MAPPED_ERROR(test, dev, last, 4096), -EINVAL);
	KUNIT_EXPECT_EQ(test, MAPPED_ERROR(test, dev, last, 4095, 1), 0);
	KUNIT_EXPECT_EQ(test, MAPPED_ERROR(test, dev, apart, U32_MAX), 0);
	KUNIT_EXPECT_EQ(test, MAPPED_ERROR(test, dev, apart, U32_MAX, 1), -EOVERFLOW);
	KUNIT_EXPECT_EQ(test, MAPPED_ERROR(test, dev, apart, 1U << 31, (1U << 31) - 1), 0);
	KUNIT_EXPECT_EQ(test, MAPPED_ERROR(test, dev, apart, 1U << 31, 1U << 31), -EOVERFLOW);
}

static struct kunit_case mapped_cases[] = {
	RIG_CASE_PROFILES(mapped_data),
	RIG_CASE(mapped_every_profile),
	RIG_CASE(mapped_reserved),
	RIG_CASE(mapped_costs_nothing),
	RIG_CASE(mapped_packets),
	RIG_CASE_LISTS(mapped_lists),
	RIG_CASE_LISTS(mapped_limit_of_elements),
	RIG_CASE_LISTS(mapped_sg_list),
	RIG_CASE(mapped_unlink),
	RIG_CASE_PROFILES(mapped_for_another_device),
	RIG_CASE_PROFILES(mapped_read_only),
	KUNIT_CASE(mapped_chain),
	KUNIT_CASE(mapped_bad_tables),
	{}
};

static struct kunit_suite dmabay_mapped_suite = {
	.name = "dmabay_mapped",
	.exit = mapped_end,
	.test_cases = mapped_cases,
};
kunit_test_suite(dmabay_mapped_suite);
