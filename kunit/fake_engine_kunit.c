// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fake engine itself: that it does what other suites take for granted when they
 * show what dmabay does on a dmaengine channel.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/dma-mapping.h>

#include "fake_engine.h"
#include "rig.h"

#define FAKE_LENGTH	10000

/* A channel with a client, who counts its callbacks. */
struct fake_client {
	struct rig *rig;
	struct fake_engine *engine;
	struct fake_channel *channel;
	struct dma_chan *chan;
	dma_cookie_t cookie;
	/* where nobody looks at the bytes */
	struct rig_buffer *buffer;
	dma_addr_t address;
	/* what a callback does besides */
	void (*act)(struct fake_client *client);
	unsigned int called;
	struct dmaengine_result result;
	struct task_struct *task;
	bool interrupt;
	struct completion done;
	/* the client is about to wait for the end of a callback; it has ended */
	bool waiting;
	bool over;
};

/* One channel that can do all, both ways. */
static struct fake_engine_config fake_whole_config(void)
{
	return (struct fake_engine_config) {
		.channels = 1,
		.caps = BIT(DMA_MEMCPY) | BIT(DMA_SLAVE) | BIT(DMA_CYCLIC),
		.directions = BIT(DMA_MEM_TO_DEV) | BIT(DMA_DEV_TO_MEM),
		.residue_granularity = DMA_RESIDUE_GRANULARITY_BURST,
		.can_pause = true,
	};
}

static struct fake_client *fake_client_with(struct kunit *test,
					    const struct fake_engine_config *config)
{
	struct dma_slave_config slave = { .dst_addr = 0x1000, .dst_maxburst = 4 };
	struct fake_client *client;

	client = kunit_kzalloc(test, sizeof(*client), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, client);
	init_completion(&client->done);
	client->rig = rig_prepare(test);
	client->engine = fake_engine_start(client->rig, config);
	client->channel = fake_channel(client->engine, 0);
	client->chan = fake_channel_request(client->channel, DMA_SLAVE);
	KUNIT_ASSERT_NOT_NULL(test, client->chan);
	KUNIT_ASSERT_EQ(test, 0, dmaengine_slave_config(client->chan, &slave));
	return client;
}

static struct fake_client *fake_client(struct kunit *test)
{
	struct fake_engine_config config = fake_whole_config();

	return fake_client_with(test, &config);
}

static void fake_called(void *param, const struct dmaengine_result *result)
{
	struct fake_client *client = param;

	WRITE_ONCE(client->called, client->called + 1);
	client->result = *result;
	client->task = current;
	client->interrupt = in_hardirq();
	if (client->act)
		client->act(client);
	complete(&client->done);
}

/* Where the device sees the buffer, which is one range. */
static dma_addr_t fake_map(struct fake_client *client, struct rig_buffer *buffer)
{
	struct kunit *test = client->rig->test;
	dma_addr_t address;

	address = dma_map_page(client->rig->dev, buffer->pages[0], 0, buffer->length,
			       DMA_BIDIRECTIONAL);
	KUNIT_ASSERT_EQ(test, 0, dma_mapping_error(client->rig->dev, address));
	return address;
}

static void fake_unmap(struct fake_client *client, struct rig_buffer *buffer, dma_addr_t address)
{
	dma_unmap_page(client->rig->dev, address, buffer->length, DMA_BIDIRECTIONAL);
}

static void fake_submit_tx(struct fake_client *client, struct dma_async_tx_descriptor *tx)
{
	struct kunit *test = client->rig->test;

	KUNIT_ASSERT_NOT_NULL(test, tx);
	tx->callback_result = fake_called;
	tx->callback_param = client;
	client->cookie = dmaengine_submit(tx);
	KUNIT_ASSERT_GE(test, client->cookie, DMA_MIN_COOKIE);
}

/* Issue a transfer of three elements, which lie backwards in the buffer. */
static void fake_begin(struct fake_client *client, enum dma_transfer_direction direction,
		       dma_addr_t address)
{
	static const size_t lengths[] = { 1000, 4096, FAKE_LENGTH - 5096 };
	struct scatterlist list[ARRAY_SIZE(lengths)];
	dma_addr_t end = address + FAKE_LENGTH;
	unsigned int i;

	sg_init_table(list, ARRAY_SIZE(list));
	for (i = 0; i < ARRAY_SIZE(lengths); i++) {
		end -= lengths[i];
		sg_dma_address(&list[i]) = end;
		sg_dma_len(&list[i]) = lengths[i];
	}
	fake_submit_tx(client, dmaengine_prep_slave_sg(client->chan, list, ARRAY_SIZE(list),
						       direction, DMA_PREP_INTERRUPT));
	dma_async_issue_pending(client->chan);
}

static dma_addr_t fake_any_address(struct fake_client *client)
{
	if (!client->buffer) {
		client->buffer = rig_contiguous(client->rig, 0, FAKE_LENGTH);
		client->address = fake_map(client, client->buffer);
	}
	return client->address;
}

static void fake_begin_any(struct fake_client *client)
{
	fake_begin(client, DMA_DEV_TO_MEM, fake_any_address(client));
}

static void fake_let_go(struct fake_client *client)
{
	dma_release_channel(client->chan);
	if (client->buffer)
		fake_unmap(client, client->buffer, client->address);
	client->buffer = NULL;
}

static u32 fake_residue_now(struct fake_client *client, enum dma_status status)
{
	struct dma_tx_state state;

	KUNIT_EXPECT_EQ(client->rig->test, status,
			dmaengine_tx_status(client->chan, client->cookie, &state));
	return state.residue;
}

static void fake_request(struct kunit *test)
{
	struct fake_engine_config config = {
		.channels = 2, .caps = BIT(DMA_SLAVE) | BIT(DMA_PRIVATE),
		.directions = BIT(DMA_MEM_TO_DEV),
	};
	struct fake_engine *engine = fake_engine_start(rig_prepare(test), &config);
	struct fake_channel *first = fake_channel(engine, 0), *second = fake_channel(engine, 1);
	struct dma_chan *chan = fake_channel_request(first, DMA_SLAVE);

	KUNIT_ASSERT_PTR_EQ(test, chan, &first->chan);
	KUNIT_EXPECT_NULL(test, fake_channel_request(first, DMA_SLAVE));
	KUNIT_EXPECT_NULL(test, fake_channel_request(second, DMA_MEMCPY));
	dma_release_channel(chan);
	chan = fake_channel_request(first, DMA_SLAVE);
	KUNIT_ASSERT_PTR_EQ(test, chan, &first->chan);
	dma_release_channel(chan);
	/* Letting go synchronizes, which is dmaengine's doing. */
	KUNIT_EXPECT_STREQ(test, first->story, "synchronize synchronize ");
	KUNIT_EXPECT_STREQ(test, second->story, "");
}

static void fake_memcpy(struct kunit *test)
{
	struct fake_client *client = fake_client(test);
	struct rig_buffer *from = rig_contiguous(client->rig, 0, FAKE_LENGTH);
	struct rig_buffer *to = rig_contiguous(client->rig, 0, FAKE_LENGTH);
	const struct fake_event *event;
	dma_addr_t source, destination;

	rig_fill(from, 3);
	source = fake_map(client, from);
	destination = fake_map(client, to);
	fake_submit_tx(client, dmaengine_prep_dma_memcpy(client->chan, destination + 100, source,
							 FAKE_LENGTH - 100, DMA_PREP_INTERRUPT));
	KUNIT_EXPECT_FALSE(test, fake_channel_complete(client->channel, DMA_TRANS_NOERROR, 0));
	dma_async_issue_pending(client->chan);
	KUNIT_EXPECT_EQ(test, fake_residue_now(client, DMA_IN_PROGRESS), FAKE_LENGTH - 100);
	KUNIT_EXPECT_EQ(test, client->called, 0);
	KUNIT_EXPECT_TRUE(test, fake_channel_complete(client->channel, DMA_TRANS_NOERROR, 0));
	KUNIT_EXPECT_FALSE(test, fake_channel_complete(client->channel, DMA_TRANS_NOERROR, 0));
	KUNIT_EXPECT_EQ(test, client->called, 1);
	KUNIT_EXPECT_EQ(test, fake_residue_now(client, DMA_COMPLETE), 0);
	fake_unmap(client, to, destination);
	fake_unmap(client, from, source);
	KUNIT_EXPECT_EQ(test, *rig_byte(to, 99), 0);
	KUNIT_EXPECT_MEMEQ(test, rig_byte(to, 100), rig_byte(from, 0), FAKE_LENGTH - 100);

	event = fake_channel_event(client->channel, FAKE_PREP, 0);
	KUNIT_EXPECT_EQ(test, event->type, DMA_MEMCPY);
	KUNIT_EXPECT_EQ(test, event->elements[0].addr, source);
	KUNIT_EXPECT_EQ(test, event->destination, destination + 100);
	KUNIT_EXPECT_EQ(test, event->length, FAKE_LENGTH - 100);
	fake_let_go(client);
}

/* In the order of the elements, and not before it is completed. */
static void fake_slave(struct kunit *test)
{
	struct fake_client *client = fake_client(test);
	struct rig_buffer *buffer = rig_contiguous(client->rig, 0, FAKE_LENGTH);
	struct fake_channel *channel = client->channel;
	const struct fake_event *event;
	dma_addr_t address;

	rig_fill(buffer, 5);
	address = fake_map(client, buffer);
	fake_begin(client, DMA_MEM_TO_DEV, address);
	KUNIT_EXPECT_EQ(test, channel->fifo_at, 0);
	KUNIT_EXPECT_TRUE(test, fake_channel_complete(channel, DMA_TRANS_NOERROR, 0));
	KUNIT_EXPECT_EQ(test, channel->fifo_at, FAKE_LENGTH);
	KUNIT_EXPECT_EQ(test, channel->fifo[0], rig_pattern(5, FAKE_LENGTH - 1000));
	KUNIT_EXPECT_EQ(test, channel->fifo[1000], rig_pattern(5, FAKE_LENGTH - 5096));
	KUNIT_EXPECT_EQ(test, channel->fifo[5096], rig_pattern(5, 0));
	KUNIT_EXPECT_EQ(test, channel->fifo[FAKE_LENGTH], 0);

	/* Back from there, it is the buffer again. */
	fake_unmap(client, buffer, address);
	rig_fill(buffer, 9);
	address = fake_map(client, buffer);
	channel->fifo_at = 0;
	fake_begin(client, DMA_DEV_TO_MEM, address);
	KUNIT_EXPECT_TRUE(test, fake_channel_complete(channel, DMA_TRANS_NOERROR, 0));
	fake_unmap(client, buffer, address);
	KUNIT_EXPECT_EQ(test, rig_matching(buffer, 0, FAKE_LENGTH, 5), FAKE_LENGTH);

	KUNIT_EXPECT_STREQ(test, channel->story, "config prep submit issue prep submit issue ");
	event = fake_channel_event(channel, FAKE_CONFIG, 0);
	KUNIT_EXPECT_EQ(test, event->config.dst_addr, 0x1000);
	event = fake_channel_event(channel, FAKE_PREP, 1);
	KUNIT_EXPECT_EQ(test, event->direction, DMA_DEV_TO_MEM);
	KUNIT_EXPECT_EQ(test, event->count, 3);
	KUNIT_EXPECT_EQ(test, event->elements[1].len, 4096);
	KUNIT_EXPECT_EQ(test, event->elements[2].addr, address);
	event = fake_channel_event(channel, FAKE_SUBMIT, 1);
	KUNIT_EXPECT_EQ(test, event->cookie, client->cookie);
	fake_let_go(client);
}

/* Nobody is called who did not ask for it. */
static void fake_quiet(struct kunit *test)
{
	struct fake_client *client = fake_client(test);

	fake_submit_tx(client, dmaengine_prep_slave_single(client->chan, fake_any_address(client),
							   1000, DMA_DEV_TO_MEM, 0));
	dma_async_issue_pending(client->chan);
	KUNIT_EXPECT_TRUE(test, fake_channel_complete(client->channel, DMA_TRANS_NOERROR, 0));
	fake_residue_now(client, DMA_COMPLETE);
	KUNIT_EXPECT_EQ(test, client->called, 0);
	fake_let_go(client);
}

static void fake_late_callback(struct kunit *test)
{
	struct fake_client *client = fake_client(test);

	client->channel->script.hold_callbacks = true;
	fake_begin_any(client);
	KUNIT_EXPECT_TRUE(test, fake_channel_complete(client->channel, DMA_TRANS_NOERROR, 0));
	fake_residue_now(client, DMA_COMPLETE);
	KUNIT_EXPECT_EQ(test, dmaengine_terminate_async(client->chan), 0);
	KUNIT_EXPECT_EQ(test, client->called, 0);
	KUNIT_EXPECT_TRUE(test, fake_channel_call_back(client->channel));
	KUNIT_EXPECT_EQ(test, client->called, 1);
	KUNIT_EXPECT_FALSE(test, fake_channel_call_back(client->channel));
	fake_let_go(client);
}

/* What is not done when the client terminates is never called back for. */
static void fake_terminate_under_way(struct kunit *test)
{
	struct fake_client *client = fake_client(test);

	fake_begin_any(client);
	KUNIT_EXPECT_EQ(test, dmaengine_terminate_async(client->chan), 0);
	KUNIT_EXPECT_FALSE(test, fake_channel_complete(client->channel, DMA_TRANS_NOERROR, 0));
	KUNIT_EXPECT_FALSE(test, fake_channel_call_back(client->channel));
	KUNIT_EXPECT_EQ(test, client->called, 0);
	KUNIT_EXPECT_EQ(test, client->channel->fifo_at, 0);
	fake_let_go(client);
}

static void fake_expect_synchronized(struct kunit *test, bool run_held)
{
	struct fake_client *client = fake_client(test);

	client->channel->script.hold_callbacks = true;
	client->channel->script.run_held = run_held;
	fake_begin_any(client);
	KUNIT_EXPECT_TRUE(test, fake_channel_complete(client->channel, DMA_TRANS_NOERROR, 0));
	KUNIT_EXPECT_EQ(test, dmaengine_terminate_sync(client->chan), 0);
	KUNIT_EXPECT_EQ(test, client->called, run_held);
	KUNIT_EXPECT_FALSE(test, fake_channel_call_back(client->channel));
	KUNIT_EXPECT_STREQ(test, client->channel->story,
			   "config prep submit issue terminate synchronize ");
	fake_let_go(client);
}

static void fake_synchronize_drops(struct kunit *test)
{
	fake_expect_synchronized(test, false);
}

static void fake_synchronize_runs(struct kunit *test)
{
	fake_expect_synchronized(test, true);
}

/* A callback that ends some time after somebody began to wait for it. */
static void fake_stay(struct fake_client *client)
{
	while (!READ_ONCE(client->waiting) && !rig_time_is_up(client->rig))
		cpu_relax();
	mdelay(10);
	WRITE_ONCE(client->over, true);
}

static int fake_complete_other(void *data)
{
	struct fake_client *client = data;

	fake_channel_complete(client->channel, DMA_TRANS_NOERROR, 0);
	return 0;
}

static void fake_synchronize_waits(struct kunit *test)
{
	struct fake_client *client = fake_client(test);

	client->act = fake_stay;
	fake_begin_any(client);
	rig_other_start(client->rig, fake_complete_other, client);
	while (!READ_ONCE(client->called) && !rig_time_is_up(client->rig))
		cond_resched();
	KUNIT_EXPECT_FALSE(test, READ_ONCE(client->over));
	WRITE_ONCE(client->waiting, true);
	KUNIT_EXPECT_EQ(test, dmaengine_terminate_sync(client->chan), 0);
	KUNIT_EXPECT_TRUE(test, READ_ONCE(client->over));
	rig_other_stop(client->rig);
	fake_let_go(client);
}

/* Of 10000 bytes in elements of 1000, 4096 and 4904. */
static void fake_residue_granularity(struct kunit *test)
{
	static const u32 left[][2] = {
		[DMA_RESIDUE_GRANULARITY_DESCRIPTOR] = { 0, 0 },
		[DMA_RESIDUE_GRANULARITY_SEGMENT] = { FAKE_LENGTH, 4904 },
		[DMA_RESIDUE_GRANULARITY_BURST] = { 9001, 4904 },
	};
	struct fake_engine_config config = fake_whole_config();
	struct fake_client *client;
	unsigned int granularity;

	for (granularity = 0; granularity < ARRAY_SIZE(left); granularity++) {
		config.residue_granularity = granularity;
		client = fake_client_with(test, &config);
		fake_begin_any(client);
		fake_channel_move(client->channel, 999);
		KUNIT_EXPECT_EQ(test, fake_residue_now(client, DMA_IN_PROGRESS),
				left[granularity][0]);
		fake_channel_move(client->channel, 4097);
		KUNIT_EXPECT_EQ(test, fake_residue_now(client, DMA_IN_PROGRESS),
				left[granularity][1]);
		KUNIT_EXPECT_EQ(test, client->channel->fifo_at, 5096);
		dmaengine_terminate_sync(client->chan);
		fake_let_go(client);
		rig_exit(test);
	}
}

static void fake_fails_halfway(struct kunit *test)
{
	struct fake_client *client = fake_client(test);

	fake_begin_any(client);
	KUNIT_EXPECT_TRUE(test,
			  fake_channel_complete(client->channel, DMA_TRANS_WRITE_FAILED, 4000));
	KUNIT_EXPECT_EQ(test, client->result.result, DMA_TRANS_WRITE_FAILED);
	KUNIT_EXPECT_EQ(test, client->result.residue, 4000);
	KUNIT_EXPECT_EQ(test, client->channel->fifo_at, FAKE_LENGTH - 4000);
	fake_residue_now(client, DMA_ERROR);
	fake_let_go(client);
}

/* The callback hears of no error, and the status has it. */
static void fake_fails_silently(struct kunit *test)
{
	struct fake_client *client = fake_client(test);

	client->channel->script.silent = true;
	fake_begin_any(client);
	KUNIT_EXPECT_TRUE(test,
			  fake_channel_complete(client->channel, DMA_TRANS_WRITE_FAILED, 0));
	KUNIT_EXPECT_EQ(test, client->result.result, DMA_TRANS_NOERROR);
	fake_residue_now(client, DMA_ERROR);
	fake_let_go(client);
}

static void fake_cyclic_periods(struct kunit *test)
{
	struct fake_client *client = fake_client(test);
	struct rig_buffer *buffer = rig_contiguous(client->rig, 0, 3 * PAGE_SIZE);
	struct fake_channel *channel = client->channel;
	dma_addr_t address;
	unsigned int i;

	rig_fill(buffer, 7);
	address = fake_map(client, buffer);
	fake_submit_tx(client, dmaengine_prep_dma_cyclic(client->chan, address, 3 * PAGE_SIZE,
							 PAGE_SIZE, DMA_MEM_TO_DEV,
							 DMA_PREP_INTERRUPT));
	dma_async_issue_pending(client->chan);
	for (i = 0; i < 4; i++) {
		KUNIT_EXPECT_EQ(test, fake_residue_now(client, DMA_IN_PROGRESS),
				(3 - i % 3) * PAGE_SIZE);
		KUNIT_EXPECT_EQ(test, client->called, i);
		KUNIT_EXPECT_TRUE(test, fake_channel_period(channel));
		/* The fourth is the first again. */
		KUNIT_EXPECT_EQ(test, channel->fifo[i * PAGE_SIZE + 5],
				rig_pattern(7, i % 3 * PAGE_SIZE + 5));
	}
	KUNIT_EXPECT_EQ(test, client->called, 4);
	KUNIT_EXPECT_EQ(test, channel->fifo_at, 4 * PAGE_SIZE);
	KUNIT_EXPECT_EQ(test, dmaengine_terminate_sync(client->chan), 0);
	KUNIT_EXPECT_FALSE(test, fake_channel_period(channel));
	KUNIT_EXPECT_EQ(test, client->called, 4);
	fake_unmap(client, buffer, address);
	KUNIT_EXPECT_EQ(test, fake_channel_event(channel, FAKE_PREP, 0)->period, PAGE_SIZE);
	fake_let_go(client);
}

static void fake_slave_caps(struct kunit *test)
{
	struct fake_engine_config config = fake_whole_config();
	struct fake_client *client;
	struct dma_slave_caps caps;

	config.max_sg_burst = 2;
	config.can_pause = false;
	client = fake_client_with(test, &config);
	KUNIT_ASSERT_EQ(test, 0, dma_get_slave_caps(client->chan, &caps));
	KUNIT_EXPECT_EQ(test, caps.max_sg_burst, 2);
	KUNIT_EXPECT_EQ(test, caps.directions, BIT(DMA_MEM_TO_DEV) | BIT(DMA_DEV_TO_MEM));
	KUNIT_EXPECT_EQ(test, caps.residue_granularity, DMA_RESIDUE_GRANULARITY_BURST);
	KUNIT_EXPECT_TRUE(test, caps.cmd_terminate);
	KUNIT_EXPECT_FALSE(test, caps.cmd_pause);
	fake_let_go(client);
}

/* Late callbacks cannot be prevented then. */
static void fake_neither_terminates_nor_synchronizes(struct kunit *test)
{
	struct fake_engine_config config = fake_whole_config();
	struct fake_client *client;
	struct dma_slave_caps caps;

	config.no_terminate = true;
	config.no_synchronize = true;
	client = fake_client_with(test, &config);
	KUNIT_ASSERT_EQ(test, 0, dma_get_slave_caps(client->chan, &caps));
	KUNIT_EXPECT_FALSE(test, caps.cmd_terminate);
	client->channel->script.hold_callbacks = true;
	fake_begin_any(client);
	KUNIT_EXPECT_EQ(test, dmaengine_terminate_async(client->chan), -EINVAL);
	KUNIT_EXPECT_TRUE(test, fake_channel_complete(client->channel, DMA_TRANS_NOERROR, 0));
	dmaengine_synchronize(client->chan);
	KUNIT_EXPECT_EQ(test, client->called, 0);
	KUNIT_EXPECT_TRUE(test, fake_channel_call_back(client->channel));
	KUNIT_EXPECT_EQ(test, client->called, 1);
	fake_let_go(client);
}

/* The result of the last preparation, which has no words for it. */
static int fake_refused(struct fake_client *client, struct dma_async_tx_descriptor *tx)
{
	int result = fake_channel_event(client->channel, FAKE_PREP, 0)->result;

	KUNIT_EXPECT_EQ(client->rig->test, !tx, !!result);
	fake_channel_forget(client->channel);
	return result;
}

static int fake_refused_sg(struct fake_client *client, unsigned int count, unsigned int length,
			   enum dma_transfer_direction direction)
{
	struct kunit *test = client->rig->test;
	struct scatterlist *list;
	unsigned int i;

	list = kunit_kcalloc(test, count, sizeof(*list), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, list);
	sg_init_table(list, count);
	for (i = 0; i < count; i++) {
		sg_dma_address(&list[i]) = PAGE_SIZE;
		sg_dma_len(&list[i]) = length;
	}
	return fake_refused(client,
			    dmaengine_prep_slave_sg(client->chan, list, count, direction, 0));
}

static int fake_refused_cyclic(struct fake_client *client, size_t length, size_t period)
{
	return fake_refused(client,
			    dmaengine_prep_dma_cyclic(client->chan, PAGE_SIZE, length, period,
						      DMA_MEM_TO_DEV, 0));
}

static int fake_refused_memcpy(struct fake_client *client, size_t length)
{
	return fake_refused(client,
			    dmaengine_prep_dma_memcpy(client->chan, 0, PAGE_SIZE, length, 0));
}

static void fake_refuses(struct kunit *test)
{
	struct fake_engine_config config = fake_whole_config();
	struct fake_client *client;

	config.directions = BIT(DMA_MEM_TO_DEV);
	config.max_sg_burst = 2;
	config.copy_align = DMAENGINE_ALIGN_4_BYTES;
	client = fake_client_with(test, &config);
	KUNIT_EXPECT_EQ(test, fake_refused_sg(client, 2, 1, DMA_MEM_TO_DEV), 0);
	KUNIT_EXPECT_EQ(test, fake_refused_sg(client, 3, 1, DMA_MEM_TO_DEV), -E2BIG);
	KUNIT_EXPECT_EQ(test, fake_refused_sg(client, 2, 0, DMA_MEM_TO_DEV), -EINVAL);
	KUNIT_EXPECT_EQ(test, fake_refused_sg(client, 2, 1, DMA_DEV_TO_MEM), -EINVAL);
	KUNIT_EXPECT_EQ(test, fake_refused_cyclic(client, 8, 4), 0);
	KUNIT_EXPECT_EQ(test, fake_refused_cyclic(client, 8, 0), -EINVAL);
	KUNIT_EXPECT_EQ(test, fake_refused_cyclic(client, 8, 3), -EINVAL);
	KUNIT_EXPECT_EQ(test, fake_refused_memcpy(client, 8), 0);
	KUNIT_EXPECT_EQ(test, fake_refused_memcpy(client, 7), -EINVAL);
	dmaengine_terminate_sync(client->chan);

	/* Nobody has told the next client's channel yet what it is for. */
	fake_let_go(client);
	client->chan = fake_channel_request(client->channel, DMA_SLAVE);
	KUNIT_ASSERT_NOT_NULL(test, client->chan);
	fake_channel_forget(client->channel);
	KUNIT_EXPECT_EQ(test, fake_refused_sg(client, 1, 1, DMA_MEM_TO_DEV), -EINVAL);
	fake_let_go(client);
}

static void fake_scripts(struct kunit *test)
{
	struct fake_client *client = fake_client(test);
	struct fake_channel *channel = client->channel;
	enum fake_when when;

	channel->script.result.residue = 1;
	for (when = FAKE_INSIDE_ISSUE; when <= FAKE_IN_INTERRUPT; when++) {
		channel->script.when = when;
		channel->script.delay_us = 1000;
		fake_begin_any(client);
		KUNIT_ASSERT_NE(test, 0, wait_for_completion_timeout(&client->done,
								     RIG_SECONDS * HZ));
		KUNIT_EXPECT_EQ(test, client->called, when);
		KUNIT_EXPECT_EQ(test, client->result.residue, 1);
		KUNIT_EXPECT_EQ(test, client->interrupt, when == FAKE_IN_INTERRUPT);
		if (when != FAKE_IN_INTERRUPT)
			KUNIT_EXPECT_EQ(test, client->task == current, when == FAKE_INSIDE_ISSUE);
	}
	fake_let_go(client);
}

/* Several are done one after the other, each some time after the one before. */
static void fake_script_of_several(struct kunit *test)
{
	struct fake_client *client = fake_client(test);
	struct fake_channel *channel = client->channel;
	unsigned int i;

	channel->script.when = FAKE_IN_THREAD;
	for (i = 0; i < 3; i++)
		fake_submit_tx(client,
			       dmaengine_prep_slave_single(client->chan, fake_any_address(client),
							   1000, DMA_DEV_TO_MEM,
							   DMA_PREP_INTERRUPT));
	dma_async_issue_pending(client->chan);
	for (i = 0; i < 3; i++)
		KUNIT_ASSERT_NE(test, 0, wait_for_completion_timeout(&client->done,
								     RIG_SECONDS * HZ));
	KUNIT_EXPECT_EQ(test, client->called, 3);
	KUNIT_EXPECT_EQ(test, channel->fifo_at, 3000);
	fake_residue_now(client, DMA_COMPLETE);
	fake_let_go(client);
}

static void fake_failures(struct kunit *test)
{
	struct fake_client *client = fake_client(test);
	struct fake_channel *channel = client->channel;
	struct dma_slave_config config = {};
	struct dma_async_tx_descriptor *tx;

	fake_channel_forget(channel);
	channel->fail[FAKE_CONFIG] = 1;
	KUNIT_EXPECT_EQ(test, dmaengine_slave_config(client->chan, &config), -EIO);
	channel->fail[FAKE_PREP] = 2;
	channel->fail[FAKE_SUBMIT] = 1;
	tx = dmaengine_prep_slave_single(client->chan, PAGE_SIZE, 1, DMA_MEM_TO_DEV, 0);
	KUNIT_ASSERT_NOT_NULL(test, tx);
	KUNIT_EXPECT_EQ(test, dmaengine_submit(tx), -EIO);
	tx = dmaengine_prep_slave_single(client->chan, PAGE_SIZE, 1, DMA_MEM_TO_DEV, 0);
	KUNIT_EXPECT_NULL(test, tx);
	dma_async_issue_pending(client->chan);
	KUNIT_EXPECT_FALSE(test, fake_channel_complete(channel, DMA_TRANS_NOERROR, 0));
	KUNIT_EXPECT_STREQ(test, channel->story, "config! prep submit! prep! issue ");
	fake_let_go(client);
}

static void fake_pauses(struct kunit *test)
{
	struct fake_client *client = fake_client(test);

	fake_begin_any(client);
	fake_channel_move(client->channel, 1000);
	KUNIT_EXPECT_EQ(test, dmaengine_pause(client->chan), 0);
	KUNIT_EXPECT_FALSE(test, fake_channel_complete(client->channel, DMA_TRANS_NOERROR, 0));
	KUNIT_EXPECT_EQ(test, fake_residue_now(client, DMA_PAUSED), FAKE_LENGTH - 1000);
	KUNIT_EXPECT_EQ(test, dmaengine_resume(client->chan), 0);
	KUNIT_EXPECT_TRUE(test, fake_channel_complete(client->channel, DMA_TRANS_NOERROR, 0));
	KUNIT_EXPECT_EQ(test, client->called, 1);
	fake_let_go(client);
}

/* The client holds a channel of it and lets go later; what it does meanwhile fails. */
static void fake_removed_in_use(struct kunit *test)
{
	struct fake_client *client = fake_client(test);

	fake_begin_any(client);
	KUNIT_EXPECT_EQ(test, fake_engine_remove(client->engine), 1);
	KUNIT_EXPECT_FALSE(test, fake_engine_released(client->engine));
	KUNIT_EXPECT_FALSE(test, fake_channel_complete(client->channel, DMA_TRANS_NOERROR, 0));
	KUNIT_EXPECT_NULL(test, dmaengine_prep_slave_single(client->chan, PAGE_SIZE, 1,
							    DMA_MEM_TO_DEV, 0));
	KUNIT_EXPECT_NULL(test, fake_channel_request(client->channel, DMA_SLAVE));
	KUNIT_EXPECT_EQ(test, dmaengine_terminate_sync(client->chan), 0);
	fake_let_go(client);
	KUNIT_EXPECT_TRUE(test, fake_engine_released(client->engine));
	KUNIT_EXPECT_EQ(test, client->called, 0);
}

/* One that must not be removed in use, of which dmaengine warns too. */
static void fake_expect_removed(struct kunit *test, bool held)
{
	struct fake_engine_config config = fake_whole_config();
	struct fake_client *client;

	config.no_release = true;
	client = fake_client_with(test, &config);
	if (!held)
		fake_let_go(client);
	KUNIT_EXPECT_FALSE(test, fake_engine_released(client->engine));
	kunit_warning_suppress(test)
		KUNIT_EXPECT_EQ(test, fake_engine_remove(client->engine), held);
	KUNIT_EXPECT_EQ(test, fake_engine_released(client->engine), !held);
	KUNIT_EXPECT_EQ(test, !!fake_engine_complaint(client->engine), held);
	if (held)
		fake_let_go(client);
	KUNIT_EXPECT_TRUE(test, fake_engine_released(client->engine));
}

static void fake_removed_in_time(struct kunit *test)
{
	fake_expect_removed(test, false);
}

static void fake_removed_too_early(struct kunit *test)
{
	fake_expect_removed(test, true);
}

static void fake_synchronize_inside(struct fake_client *client)
{
	dmaengine_synchronize(client->chan);
}

static void fake_complaints(struct kunit *test)
{
	struct fake_client *client = fake_client(test);
	dma_addr_t address = fake_any_address(client);

	fake_begin_any(client);
	client->act = fake_synchronize_inside;
	KUNIT_EXPECT_TRUE(test, fake_channel_complete(client->channel, DMA_TRANS_NOERROR, 0));
	KUNIT_EXPECT_STREQ(test, fake_engine_complaint(client->engine),
			   "a callback waits for its own end");
	KUNIT_EXPECT_NULL(test, fake_engine_complaint(client->engine));

	KUNIT_EXPECT_NOT_NULL(test, dmaengine_prep_slave_single(client->chan, address, 1,
								DMA_MEM_TO_DEV, 0));
	dma_release_channel(client->chan);
	KUNIT_EXPECT_STREQ(test, fake_engine_complaint(client->engine),
			   "the channel was let go with a descriptor not submitted");

	client->chan = fake_channel_request(client->channel, DMA_MEMCPY);
	KUNIT_ASSERT_NOT_NULL(test, client->chan);
	fake_submit_tx(client, dmaengine_prep_dma_memcpy(client->chan, address, address, 1, 0));
	dma_async_issue_pending(client->chan);
	fake_let_go(client);
	KUNIT_EXPECT_STREQ(test, fake_engine_complaint(client->engine),
			   "the channel was let go with a transfer under way");
}

/* Only an IOMMU knows what was never mapped. */
static void fake_complains_of_addresses(struct kunit *test)
{
	struct fake_client *client = fake_client(test);
	struct rig_buffer *buffer = rig_contiguous(client->rig, 0, FAKE_LENGTH);
	dma_addr_t address = fake_map(client, buffer);
	const char *complaint;

	fake_begin(client, DMA_DEV_TO_MEM, address);
	fake_unmap(client, buffer, address);
	fake_channel_complete(client->channel, DMA_TRANS_NOERROR, 0);
	complaint = fake_engine_complaint(client->engine);
	if (client->rig->domain)
		KUNIT_EXPECT_STREQ(test, complaint,
				   "a transfer to where the device cannot reach");
	else
		KUNIT_EXPECT_NULL(test, complaint);
	fake_let_go(client);
}

static struct kunit_case fake_cases[] = {
	KUNIT_CASE(fake_request),
	RIG_CASE(fake_memcpy),
	RIG_CASE(fake_slave),
	KUNIT_CASE(fake_quiet),
	KUNIT_CASE(fake_late_callback),
	KUNIT_CASE(fake_terminate_under_way),
	KUNIT_CASE(fake_synchronize_drops),
	KUNIT_CASE(fake_synchronize_runs),
	KUNIT_CASE(fake_synchronize_waits),
	KUNIT_CASE(fake_residue_granularity),
	KUNIT_CASE(fake_fails_halfway),
	KUNIT_CASE(fake_fails_silently),
	KUNIT_CASE(fake_cyclic_periods),
	KUNIT_CASE(fake_slave_caps),
	KUNIT_CASE(fake_neither_terminates_nor_synchronizes),
	KUNIT_CASE(fake_refuses),
	KUNIT_CASE(fake_scripts),
	KUNIT_CASE(fake_script_of_several),
	KUNIT_CASE(fake_failures),
	KUNIT_CASE(fake_pauses),
	KUNIT_CASE(fake_removed_in_use),
	KUNIT_CASE(fake_removed_in_time),
	KUNIT_CASE(fake_removed_too_early),
	KUNIT_CASE(fake_complaints),
	RIG_CASE(fake_complains_of_addresses),
	{}
};

static struct kunit_suite dmabay_fake_engine_suite = {
	.name = "dmabay_fake_engine",
	.exit = rig_end,
	.test_cases = fake_cases,
};
kunit_test_suite(dmabay_fake_engine_suite);
