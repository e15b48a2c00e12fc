// SPDX-License-Identifier: GPL-2.0-only
/*
 * Round: what the steps of one round work with, and that it ends clean.
 *
 * A round begins with new enablers, memories and transactions, drawn from its seed. At
 * its end all bytes are compared, those between the groups, too; then all of it is taken
 * apart, and every register must be free.
 */
#include <linux/dma-mapping.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "model_world.h"

/* Beginning */

static void draw_config(struct world *w, struct dmabay_enabler_config *config)
{
	/*
	 * Such numbers of registers that a slot of bounce pages is never in pieces,
	 * because then a transfer would be shorter by what only the provider knows.
	 */
	static const unsigned int sizes[] = { 2, 3, 5, 9 };
	static const enum dmabay_profile profiles[] = {
		DMABAY_PROFILE_PACKET, DMABAY_PROFILE_PACKET, DMABAY_PROFILE_SCATTER_GATHER,
		DMABAY_PROFILE_SCATTER_GATHER_DUPLEX,
	};
	bool bounce = world_draw_below(w, 2);

	*config = DMABAY_ENABLER_CONFIG(profiles[world_draw_below(w, ARRAY_SIZE(profiles))], 0);
	config->map_registers = sizes[world_draw_below(w, ARRAY_SIZE(sizes))];
	config->max_length = world_draw_length(w, (config->map_registers + 2) * PAGE_SIZE);
	if (w->provider)
		bounce = w->provider->provider == DMABAY_PROVIDER_BOUNCE;
	config->provider = bounce ? DMABAY_PROVIDER_BOUNCE : DMABAY_PROVIDER_DIRECT;
	if (world_percent(w, 10))
		config->flags |= DMABAY_ENABLER_SINGLE_TRANSFER;
	if (config->profile != DMABAY_PROFILE_PACKET && world_percent(w, 30))
		config->flags |= DMABAY_ENABLER_NO_LIST_PREALLOCATION;
	if (config->profile == DMABAY_PROFILE_SCATTER_GATHER_DUPLEX && world_percent(w, 80))
		config->map_registers_write = sizes[world_draw_below(w, ARRAY_SIZE(sizes))];
	config->alignment_mask = BIT(world_draw_below(w, PAGE_SHIFT + 4)) - 1;
}

static void open_adapter(struct model *model, unsigned int number, unsigned int registers,
			 bool lists, bool copies)
{
	struct model_adapter *adapter = &model->adapters[number];
	unsigned int i;

	adapter->registers = registers;
	adapter->free = registers;
	adapter->lists = lists;
	adapter->run_pages = copies ? roundup_pow_of_two(registers) : 1;
	for (i = 0; i < MODEL_CHANNELS; i++)
		adapter->channels[i].number = MODEL_CHANNELS * number + i;
	for (i = 0; i < MODEL_LISTS; i++) {
		adapter->list[i].channel.number = MODEL_LISTS * number + i;
		adapter->list[i].channel.list = &adapter->list[i];
	}
}

static void open_enabler(struct world *w, unsigned int number)
{
	struct model_enabler *enabler = &w->model.enablers[number];
	struct core_enabler *core = &w->enabler[number];
	struct dmabay_enabler_config config;
	bool copies;

	draw_config(w, &config);
	core->world = w;
	core->duplex = config.profile == DMABAY_PROFILE_SCATTER_GATHER_DUPLEX;
	config.power = &world_power_ops;
	config.data = core;
	KUNIT_ASSERT_EQ(w->test, 0, dmabay_enabler_create(w->dev, &config, &core->enabler));

	enabler->lists = config.profile != DMABAY_PROFILE_PACKET;
	enabler->single = config.flags & DMABAY_ENABLER_SINGLE_TRANSFER;
	enabler->max_length = config.max_length;
	enabler->max_elements = U32_MAX;
	core->alignment_mask = enabler->lists ? config.alignment_mask : 0;
	copies = config.provider == DMABAY_PROVIDER_BOUNCE && !enabler->lists;
	open_adapter(&w->model, 2 * number, config.map_registers, enabler->lists, copies);
	enabler->adapter[0] = &w->model.adapters[2 * number];
	enabler->adapter[1] = enabler->adapter[0];
	if (core->duplex) {
		open_adapter(&w->model, 2 * number + 1,
			     config.map_registers_write ?: config.map_registers, true, false);
		enabler->adapter[1]++;
	}
}

/* Some groups end with a page, and some meet the next one there. */
static struct dmabay_memory *open_group(struct world *w, unsigned int memory, unsigned int number)
{
	struct model_group *group = &w->model.memories[memory].groups[number];
	struct page *pages[GROUP_PAGES];
	unsigned int i, count, stride;
	size_t most;

	group->scattered = world_percent(w, 40);
	stride = group->scattered ? 2 : 1;
	group->in_page = world_percent(w, 40) ? 0 : world_draw_below(w, PAGE_SIZE);
	most = GROUP_PAGES / stride * PAGE_SIZE - group->in_page;
	/* Short ones, too, or there are never many groups in a transfer. */
	if (world_percent(w, 40))
		most = min(most, 2 * PAGE_SIZE - group->in_page);
	group->length = world_draw_length(w, most);
	count = DIV_ROUND_UP(group->in_page + group->length, PAGE_SIZE);
	group->page = GROUP_PAGES * number;
	if (!group->scattered && number % 2 == 0)
		group->page += GROUP_PAGES - count;
	for (i = 0; i < count; i++)
		pages[i] = w->blocks[memory] + group->page + stride * i;
	return dmabay_memory_from_pages(pages, count, group->in_page, group->length, GFP_KERNEL);
}

static void open_memory(struct world *w, unsigned int number)
{
	struct model_memory *memory = &w->model.memories[number];
	struct dmabay_memory *parts[MODEL_GROUPS];
	unsigned int i;

	memory->count = 1 + world_draw_below(w, MODEL_GROUPS);
	for (i = 0; i < memory->count; i++) {
		parts[i] = open_group(w, number, i);
		KUNIT_ASSERT_NOT_ERR_OR_NULL(w->test, parts[i]);
		memory->length += memory->groups[i].length;
	}
	w->memory[number] = dmabay_memory_chain(parts, memory->count, GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(w->test, w->memory[number]);
	for (i = 0; i < memory->count; i++)
		dmabay_memory_put(parts[i]);
	memory->read_only = world_percent(w, 10);
	if (memory->read_only)
		dmabay_memory_set_read_only(w->memory[number]);
}

static void open_request(struct world *w, unsigned int number)
{
	struct model_request *model = &w->model.requests[number];
	size_t length = w->model.memories[number].length;
	struct core_request *core = &w->request[number];
	struct dmabay_request *request = &core->request;

	core->world = w;
	*request = (struct dmabay_request) {
		.kind = world_draw_below(w, DMABAY_REQUEST_NEITHER + 1),
		.memory = w->memory[number],
		.input_length = world_percent(w, 95) ? world_draw_length(w, length) : 0,
		.output_length = world_percent(w, 95) ? world_draw_length(w, length) : 0,
		.get = world_get,
		.put = world_put,
	};
	model->memory = number;
	switch (request->kind) {
	case DMABAY_REQUEST_READ:
	case DMABAY_REQUEST_OUT_DIRECT:
		model->length[DMABAY_READ_FROM_DEVICE] = request->output_length;
		break;
	case DMABAY_REQUEST_WRITE:
		model->length[DMABAY_WRITE_TO_DEVICE] = request->input_length;
		break;
	case DMABAY_REQUEST_IN_DIRECT:
		model->length[DMABAY_WRITE_TO_DEVICE] = request->output_length;
		break;
	case DMABAY_REQUEST_BUFFERED:
		model->length[DMABAY_READ_FROM_DEVICE] = request->output_length;
		model->length[DMABAY_WRITE_TO_DEVICE] = request->input_length;
		break;
	case DMABAY_REQUEST_NEITHER:
		break;
	}
}

static void open_channels(struct world *w)
{
	unsigned int i, j;

	memset(w->channel, 0, sizeof(w->channel));
	for (i = 0; i < ARRAY_SIZE(w->channel); i++) {
		w->channel[i].world = w;
		for (j = 0; j < ARRAY_SIZE(w->channel[i].self); j++)
			w->channel[i].self[j] = &w->channel[i];
	}
	memset(w->list, 0, sizeof(w->list));
	for (i = 0; i < ARRAY_SIZE(w->list); i++) {
		w->list[i].world = w;
		for (j = 0; j < ARRAY_SIZE(w->list[i].self); j++)
			w->list[i].self[j] = &w->list[i];
	}
}

/* The model's bytes and the core's are the same, and of no memory like another's. */
static void open_bytes(struct world *w, unsigned int number)
{
	struct model_memory *memory = &w->model.memories[number];
	const u8 *pristine = w->pristine + number * PAGE_SIZE;

	memcpy(memory->bytes, pristine, MEMORY_SIZE);
	memcpy(page_address(w->blocks[number]), pristine, MEMORY_SIZE);
}

void world_open_round(struct world *w, u64 seed)
{
	struct model_call create = { .op = MODEL_CREATE };
	u8 *bytes[MODEL_MEMORIES];
	unsigned int i;

	for (i = 0; i < MODEL_MEMORIES; i++)
		bytes[i] = w->model.memories[i].bytes;
	memset(&w->model, 0, sizeof(w->model));
	for (i = 0; i < MODEL_MEMORIES; i++)
		w->model.memories[i].bytes = bytes[i];
	w->model.callback = world_expect_event;
	w->random = seed;
	w->closing = false;
	w->failed = false;
	w->model.enabler_count = 1 + world_draw_below(w, MODEL_ENABLERS);
	w->transactions = 2 + world_draw_below(w, MODEL_TRANSACTIONS - 1);
	for (i = 0; i < w->model.enabler_count; i++)
		open_enabler(w, i);
	open_channels(w);
	for (i = 0; i < w->transactions; i++) {
		open_bytes(w, i);
		open_memory(w, i);
		open_request(w, i);
		w->model.transactions[i].enabler =
			&w->model.enablers[world_draw_below(w, w->model.enabler_count)];
		create.who = i;
		model_do(&w->model, &create);
		world_do(w, &create);
	}
}

/* End */

/* All of them, in no transfer and in any. */
void world_compare_bytes(struct world *w)
{
	const u8 *bytes, *model;
	unsigned int i;
	size_t at;

	for (i = 0; i < w->transactions; i++) {
		model = w->model.memories[i].bytes;
		bytes = page_address(w->blocks[i]);
		if (!memcmp(bytes, model, MEMORY_SIZE))
			continue;
		for (at = 0; bytes[at] == model[at]; at++)
			;
		world_differ(w, "memory %u: byte %zu of page %zu is %02x instead of %02x", i,
			     at % PAGE_SIZE, at / PAGE_SIZE, bytes[at], model[at]);
	}
}

/* Whatever state it is in. */
static void close_adapter(struct world *w, unsigned int number)
{
	struct dmabay_adapter *adapter = world_adapter(w, number);
	struct dmabay_channel *channel;
	unsigned int i;

	for (i = 0; i < MODEL_CHANNELS; i++) {
		channel = &w->channel[MODEL_CHANNELS * number + i].channel;
		dmabay_adapter_cancel_channel(adapter, channel);
		dmabay_adapter_flush(adapter, channel, 0);
		dmabay_adapter_free_map_registers(adapter, channel, channel->map_registers);
		dmabay_adapter_free_channel(adapter, channel);
	}
	for (i = 0; i < MODEL_LISTS; i++) {
		dmabay_adapter_cancel_sg_list(adapter,
					      &w->list[MODEL_LISTS * number + i].channel);
		dmabay_adapter_put_sg_list(adapter, &w->list[MODEL_LISTS * number + i].channel);
	}
}

static void close_transaction(struct dmabay_transaction *transaction)
{
	dmabay_transaction_cancel(transaction);
	dmabay_transaction_completed_final(transaction, 0);
	dmabay_transaction_free_reservation(transaction);
	dmabay_transaction_release(transaction);
	dmabay_transaction_delete(transaction);
}

static void expect_all_free(struct world *w, unsigned int number)
{
	struct dmabay_adapter *adapter = world_adapter(w, number);
	struct dmabay_adapter_counters counters;
	struct dmabay_adapter_info info;

	dmabay_adapter_info(adapter, &info);
	if (info.map_registers_free != info.map_registers || info.waiters)
		world_differ(w, "adapter %u keeps registers in the end", number);
	dmabay_adapter_counters(adapter, &counters);
	if (counters.mapped != counters.unmapped)
		world_differ(w, "adapter %u: %llu mapped, %llu unmapped", number, counters.mapped,
			     counters.unmapped);
}

/* Take all apart; nothing is expected of it but the registers. */
void world_close_round(struct world *w)
{
	unsigned int i, turn;

	w->closing = true;
	/* What one gives back may start the next. */
	for (turn = 0; turn < MODEL_WAITERS; turn++) {
		for (i = 0; i < 2 * w->model.enabler_count; i++) {
			if (i % 2 == 0 || w->enabler[i / 2].duplex)
				close_adapter(w, i);
		}
		for (i = 0; i < w->transactions; i++)
			close_transaction(w->transaction[i].transaction);
	}
	for (i = 0; i < 2 * w->model.enabler_count; i++)
		expect_all_free(w, i);
	for (i = 0; i < w->transactions; i++) {
		dmabay_transaction_put(w->transaction[i].transaction);
		w->transaction[i].transaction = NULL;
		dmabay_memory_put(w->memory[i]);
	}
	for (i = 0; i < w->model.enabler_count; i++)
		dmabay_enabler_delete(w->enabler[i].enabler);
}
