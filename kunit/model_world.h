/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The world: model and core side by side, and one step of both.
 *
 * A step is one call of a driver, and what the driver does inside the callbacks that
 * this call leads to. First the model takes it; what it returns, tells and is called
 * back with inside becomes a record. Then the core takes the same call, and has to
 * follow the record to its end: the same callbacks in the same order, which make the
 * calls that the record has there, with the same results. The device does the same on
 * both sides: to the bytes of the model, and to those that the core's addresses lead to.
 *
 *  - model_draw.c: random calls;
 *  - model_expect.c: the model's side of a step, which makes the record;
 *  - model_core.c: the core's side, which follows the record;
 *  - model_calls.c: each call as a function of the core;
 *  - model_round.c: what a round begins with, and that it ends clean;
 *  - model_report.c: all of it in words;
 *  - model_kunit.c: steps, rounds, and which steps a failure needs.
 */
#ifndef _DMABAY_MODEL_WORLD_H
#define _DMABAY_MODEL_WORLD_H

#include <linux/bits.h>
#include <linux/log2.h>

#include "model.h"
#include "rig.h"

#define ROUND_STEPS	1000

/* More callbacks in one step, or deeper ones, do nothing. */
#define EVENTS_MAX	24
#define DEPTH_MAX	4
#define RECORD_MAX	512

/* Of a memory: in each group so many pages, all of them next to each other. */
#define GROUP_ORDER	3
#define GROUP_PAGES	BIT(GROUP_ORDER)
#define MEMORY_ORDER	(GROUP_ORDER + ilog2(MODEL_GROUPS))
#define MEMORY_SIZE	(PAGE_SIZE << MEMORY_ORDER)

/* Elements of a list that a driver brings the room for. */
#define LIST_ROOM	16

/* What was said and done in one step, in order. */
struct world_entry {
	enum { WORLD_CALL, WORLD_RESULT, WORLD_EVENT, WORLD_END } kind;
	union {
		struct model_call call;
		struct model_result result;
		struct model_event event;
	};
};

/* The core's side of the model's objects; the number finds the model's. */
struct core_enabler {
	struct dmabay_enabler *enabler;
	struct world *world;
	size_t alignment_mask;
	bool duplex;
};

struct core_transaction {
	struct dmabay_transaction *transaction;
	struct world *world;
};

struct core_request {
	struct dmabay_request request;
	struct world *world;
};

struct core_channel {
	struct dmabay_channel channel;
	struct world *world;
	/* itself; which one of these is the context says what its routine answers */
	struct core_channel *self[MODEL_ANSWERS];
};

struct core_list {
	struct dmabay_sg_channel channel;
	struct world *world;
	struct dmabay_sg_element room[LIST_ROOM];
	/* itself, by direction, with one that does not exist */
	struct core_list *self[3];
};

struct world {
	struct kunit *test;
	struct device *dev;
	const struct rig_provider *provider;
	unsigned long deadline;
	u64 random;

	struct model model;
	unsigned int transactions;

	struct core_enabler enabler[MODEL_ENABLERS];
	struct dmabay_memory *memory[MODEL_MEMORIES];
	struct core_transaction transaction[MODEL_TRANSACTIONS];
	struct core_request request[MODEL_REQUESTS];
	struct core_channel channel[MODEL_ADAPTERS * MODEL_CHANNELS];
	struct core_list list[MODEL_ADAPTERS * MODEL_LISTS];
	/* what the memories consist of, and how they begin each round */
	struct page *blocks[MODEL_MEMORIES];
	u8 *pristine;
	unsigned int core_maps;
	unsigned int core_flushes;
	u32 core_salt;

	struct world_entry record[RECORD_MAX];
	unsigned int recorded;
	unsigned int at;
	unsigned int events;
	unsigned int depth;

	/* between two rounds callbacks are not looked at */
	bool closing;
	bool failed;
	char why[160];

	/* steps of a round that failed */
	unsigned int steps[ROUND_STEPS];
	unsigned int tried[ROUND_STEPS];
};

/* Random numbers, and calls */
u32 world_draw(struct world *w);
u32 world_draw_below(struct world *w, u32 limit);
bool world_percent(struct world *w, u32 chance);
size_t world_draw_length(struct world *w, size_t most);
void world_draw_call(struct world *w, u8 who, int op, struct model_call *call);
void world_draw_any(struct world *w, struct model_call *call);

/* The model's side: a call that is drawn, and what it leads to. */
void world_expect_step(struct world *w);
void world_expect_event(struct model *model, const struct model_event *event);

/* The core's side: follow that. */
void world_follow_step(struct world *w);
void world_follow_event(struct world *w, const struct model_event *event);
struct model_result world_do(struct world *w, const struct model_call *call);
struct dmabay_adapter *world_adapter(struct world *w, unsigned int number);
struct model_seen world_see(struct world *w, const struct dmabay_sg_list *list, int direction);

/* What the core calls back. */
extern const struct dmabay_power_ops world_power_ops;
bool world_program(struct dmabay_transaction *transaction, struct device *dev, void *context,
		   enum dmabay_direction direction, const struct dmabay_sg_list *list);
void world_reserved(struct dmabay_transaction *transaction, void *context);
void world_failed(struct dmabay_transaction *transaction, void *context, int status);
enum dmabay_channel_action world_routine(struct dmabay_adapter *adapter,
					 struct dmabay_channel *channel, void *context);
void world_list_routine(struct dmabay_adapter *adapter, struct dmabay_sg_channel *channel,
			const struct dmabay_sg_list *list, void *context);
void world_get(struct dmabay_request *request);
void world_put(struct dmabay_request *request);

/* A round */
void world_open_round(struct world *w, u64 seed);
void world_compare_bytes(struct world *w);
void world_close_round(struct world *w);

/* Words */
extern const char *const world_op_names[MODEL_OPS];
extern const char *const world_event_names[MODEL_EVENTS];
const char *world_state_name(char state);
__printf(2, 3) void world_differ(struct world *w, const char *format, ...);
void world_print_record(struct world *w);
void world_print_round(struct world *w);

#endif /* _DMABAY_MODEL_WORLD_H */
