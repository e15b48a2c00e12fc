/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fake engine: a dmaengine controller that does what the test says, when it says so.
 *
 * It moves bytes for real, as the rig's device would, but only when a transfer is
 * completed; until then everything a client of dmaengine can do is noted.
 *
 *	struct fake_engine_config config = { .channels = 1, .caps = BIT(DMA_SLAVE),
 *					     .directions = BIT(DMA_MEM_TO_DEV) };
 *	struct rig *rig = rig_prepare(test);
 *	struct fake_engine *engine = fake_engine_start(rig, &config);
 *	struct fake_channel *channel = fake_channel(engine, 0);
 *	struct dma_chan *chan = fake_channel_request(channel, DMA_SLAVE);
 *
 *	... the client configures, prepares, submits and issues on chan ...
 *	KUNIT_EXPECT_STREQ(test, channel->story, "config prep submit issue ");
 *	KUNIT_EXPECT_TRUE(test, fake_channel_complete(channel, DMA_TRANS_NOERROR, 0));
 *	... channel->fifo has the bytes, the client's callback has run ...
 *	dma_release_channel(chan);
 *
 * Instead of a test that completes, the channel can have a script; see struct
 * fake_script. What a client of a real controller must not do fails the test at its
 * end: see fake_engine_complaint(). The engine ends with the test, after the suite's
 * exit function. Nothing is allocated after fake_engine_start().
 */
#ifndef _DMABAY_FAKE_ENGINE_H
#define _DMABAY_FAKE_ENGINE_H

#include <linux/dmaengine.h>
#include <linux/hrtimer.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

struct fake_engine;
struct rig;
struct task_struct;

#define FAKE_CHANNELS		4
/* Descriptors that are prepared, submitted or issued at a time, and their elements. */
#define FAKE_DESCRIPTORS	8
#define FAKE_ELEMENTS		64
/* Callbacks that are due and held back. */
#define FAKE_CALLS		16
/* Calls of a client that are remembered, and the elements remembered with each. */
#define FAKE_EVENTS		64
#define FAKE_EVENT_ELEMENTS	8
/* What is at the other end of slave transfers. It wraps around. */
#define FAKE_FIFO_BYTES		65536

/* What a client can ask for; also what can be told to fail. */
enum fake_kind {
	FAKE_CONFIG,
	FAKE_PREP,
	FAKE_SUBMIT,
	FAKE_ISSUE,
	FAKE_TERMINATE,
	FAKE_SYNCHRONIZE,
	FAKE_PAUSE,
	FAKE_RESUME,
	FAKE_KINDS,
};

/* One call, and its arguments; @result is what it was answered. */
struct fake_event {
	enum fake_kind kind;
	int result;
	struct task_struct *task;
	/* FAKE_CONFIG */
	struct dma_slave_config config;
	/* FAKE_PREP: DMA_MEMCPY, DMA_SLAVE or DMA_CYCLIC */
	enum dma_transaction_type type;
	enum dma_transfer_direction direction;
	unsigned long flags;
	/* the memory, of DMA_MEMCPY the source; the first elements and all bytes */
	unsigned int count;
	struct dma_vec elements[FAKE_EVENT_ELEMENTS];
	dma_addr_t destination;
	size_t length;
	size_t period;
	/* FAKE_SUBMIT */
	dma_cookie_t cookie;
};

/* When what is issued gets done: if and when the test says so, or without it. */
enum fake_when {
	FAKE_BY_TEST,
	FAKE_INSIDE_ISSUE,
	FAKE_IN_THREAD,
	FAKE_IN_INTERRUPT,
};

/*
 * What becomes of each descriptor, or each period. A controller that calls back from a
 * tasklet may do so after a client has terminated: with @hold_callbacks it is the test
 * that lets the callbacks run, or a client that synchronizes and by that ends them. They
 * are dropped then, or with @run_held run first: there are real controllers of each kind.
 * There are also those that tell their callbacks of no error (@silent), but only whoever
 * asks for the status.
 */
struct fake_script {
	enum fake_when when;
	/* from the issue on, or from the one before on; not FAKE_INSIDE_ISSUE */
	unsigned int delay_us;
	struct dmaengine_result result;
	bool hold_callbacks;
	bool run_held;
	bool silent;
};

/* A callback that is due: taken from the descriptor, which its client may have reused. */
struct fake_call {
	dma_async_tx_callback callback;
	dma_async_tx_callback_result callback_result;
	void *param;
	struct dmaengine_result result;
};

struct fake_descriptor {
	struct list_head node;
	struct dma_async_tx_descriptor tx;
	enum dma_transaction_type type;
	enum dma_transfer_direction direction;
	unsigned int count;
	struct dma_vec elements[FAKE_ELEMENTS];
	dma_addr_t destination;
	size_t length;
	size_t period;
	/* bytes so far, of a cyclic one in all its rounds */
	size_t moved;
};

/*
 * A test sets what comes before the lock, and reads the log and the bytes, while no
 * other thread uses the channel.
 */
struct fake_channel {
	struct dma_chan chan;
	struct fake_engine *engine;
	struct fake_script script;
	/* which call of this kind fails: 1 is the next one, 0 is none */
	unsigned int fail[FAKE_KINDS];
	/* the device: its bytes, and where the next one is read or written */
	u8 fifo[FAKE_FIFO_BYTES];
	size_t fifo_at;
	/* all calls in words, "config prep submit ", with a "!" for those that failed */
	char story[512];
	unsigned int events;
	struct fake_event log[FAKE_EVENTS];

	/* Guards the log above and all below, and is held while bytes move. */
	spinlock_t lock;
	/* each descriptor is on one of these */
	struct list_head free;
	struct list_head prepared;
	struct list_head submitted;
	struct list_head issued;
	struct fake_descriptor descriptors[FAKE_DESCRIPTORS];
	/* the callbacks held back, a ring */
	struct fake_call calls[FAKE_CALLS];
	unsigned int calls_made;
	unsigned int calls_due;
	/* threads that are inside a callback, and the last that went in */
	unsigned int calling;
	struct task_struct *caller;
	wait_queue_head_t called;
	bool configured;
	bool paused;
	bool removed;
	dma_cookie_t failed;
	struct delayed_work work;
	struct hrtimer timer;
};

/* The controller. What is 0 is not limited, and what is not set is not so. */
struct fake_engine_config {
	/* 1 to FAKE_CHANNELS */
	unsigned int channels;
	/* of BIT(DMA_MEMCPY), BIT(DMA_SLAVE), BIT(DMA_CYCLIC), BIT(DMA_PRIVATE) */
	u32 caps;
	/* of BIT(DMA_MEM_TO_DEV), BIT(DMA_DEV_TO_MEM); memcpy needs none */
	u32 directions;
	u32 max_sg_burst;
	enum dma_residue_granularity residue_granularity;
	enum dmaengine_alignment copy_align;
	bool can_pause;
	bool no_terminate;
	bool no_synchronize;
	/* It must not be removed while a client has a channel. */
	bool no_release;
};

/* A controller on the rig's device, until the test ends. */
struct fake_engine *fake_engine_start(struct rig *rig, const struct fake_engine_config *config);
struct fake_channel *fake_channel(struct fake_engine *engine, unsigned int index);
/* Take it away. Returns how many of its channels have a client, who may go on calling. */
unsigned int fake_engine_remove(struct fake_engine *engine);
/* Whether it was removed and the last client has let go. */
bool fake_engine_released(struct fake_engine *engine);
/* What a client did wrong first, or NULL; once asked for it no longer fails the test. */
const char *fake_engine_complaint(struct fake_engine *engine);

/* A channel as a client gets it: with this filter, or NULL if it is not to be had. */
bool fake_channel_is(struct dma_chan *chan, void *channel);
struct dma_chan *fake_channel_request(struct fake_channel *channel,
				      enum dma_transaction_type type);

/*
 * The hardware's side. Each is for the oldest descriptor that was issued, or callback
 * that is held back, and returns whether there was one. Any context will do.
 *
 * Move so many bytes, and no more; the residue tells.
 */
bool fake_channel_move(struct fake_channel *channel, size_t length);
/* Move all but @residue bytes and be done; a cyclic one moves nothing and ends. */
bool fake_channel_complete(struct fake_channel *channel, enum dmaengine_tx_result result,
			   u32 residue);
/* Move the next period of a cyclic one. */
bool fake_channel_period(struct fake_channel *channel);
/* Let a callback run that was held back. */
bool fake_channel_call_back(struct fake_channel *channel);

/* The call of this kind with this number, from 0; fails the test if there was none. */
const struct fake_event *fake_channel_event(struct fake_channel *channel, enum fake_kind kind,
					    unsigned int number);
/* Begin the log anew. */
void fake_channel_forget(struct fake_channel *channel);

#endif /* _DMABAY_FAKE_ENGINE_H */
