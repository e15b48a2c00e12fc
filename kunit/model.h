/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reference model: the contract of include/linux/dmabay.h once more, as plain code.
 *
 * It knows nothing of the core: no lock, no reference, no address, one thread. What a
 * call returns, which callbacks it leads to in which order, and which bytes a device
 * moves, follows from a few things: the state of a transaction, the credits of an
 * adapter, the line of those who wait for them, and how a memory is cut by groups and
 * registers. Callbacks are told to model->callback, which may call model_do() again, as a
 * driver may.
 *
 * What the platform decides is told beforehand: model->faults says which mapping and
 * which flush goes wrong, run_pages how much scattered memory one element can take.
 *
 *  - model_memory.c: what lies where, what that needs, and what a device sees of it;
 *  - model_line.c: credits, and the line of those who wait for them;
 *  - model_mapping.c: one transfer of a channel;
 *  - model_channel.c: plain channels, and their calls;
 *  - model_list.c: lists, mapped in one call;
 *  - model_transaction.c: states, cutting, staging, and the calls of a transaction;
 *  - model_enabler.c: power and common buffers;
 *  - model.c: all calls in one table.
 */
#ifndef _DMABAY_MODEL_H
#define _DMABAY_MODEL_H

#include <linux/types.h>

#define MODEL_GROUPS		4
#define MODEL_MEMORIES		6
#define MODEL_REQUESTS		6
#define MODEL_ENABLERS		2
#define MODEL_ADAPTERS		(2 * MODEL_ENABLERS)
#define MODEL_TRANSACTIONS	6
/* of each adapter */
#define MODEL_CHANNELS		2
#define MODEL_LISTS		2
#define MODEL_WAITERS		(MODEL_TRANSACTIONS + MODEL_CHANNELS + MODEL_LISTS)

/* For "none", where a number of a memory or a request is meant. */
#define MODEL_NONE		0xff

/* Memory */

struct model_group {
	size_t length;
	/* where it begins in the bytes of the memory */
	unsigned int page;
	unsigned int in_page;
	/* lies on every other page */
	bool scattered;
};

struct model_memory {
	bool read_only;
	size_t length;
	unsigned int count;
	struct model_group groups[MODEL_GROUPS];
	/* what is in it, and in the gaps */
	u8 *bytes;
};

/* A stretch of memory that shall be transferred. */
struct model_range {
	const struct model_memory *memory;
	size_t position;
	size_t length;
	int direction;
};

/* What lies in one group, and the registers that it takes. */
struct model_part {
	size_t length;
	unsigned int in_page;
	unsigned int registers;
	bool scattered;
};

struct model_needs {
	unsigned int registers;
	unsigned int elements;
};

/* What a device is told, or finds, when it is programmed. */
struct model_seen {
	size_t length;
	unsigned int elements;
	/* where in its page each element begins, and how long it is */
	u32 shape;
	/* what it reads */
	u32 bytes;
};

static inline u32 model_hash(u32 hash, u32 value)
{
	return (hash ^ value) * 0x9e3779b1U + (hash >> 15);
}

typedef u8 *(*model_byte_t)(const void *context, size_t at);

struct model_part model_part_at(const struct model_memory *memory, size_t position, size_t most);
struct model_part model_piece_at(const struct model_memory *memory, size_t position, size_t most,
				 unsigned int run_pages);
struct model_needs model_needs(const struct model_memory *memory, size_t position, size_t length,
			       unsigned int run_pages);
u8 *model_byte(const struct model_memory *memory, size_t position);

/* The device is not a part of the contract: it is the same for model and core. */
u32 model_device_read(model_byte_t byte, const void *context, size_t length, u32 salt);
void model_device_write(model_byte_t byte, const void *context, size_t length, u32 salt,
			size_t most);

/* What a request has to say for a direction: bytes, or 0 for nothing. */
struct model_request {
	unsigned int memory;
	size_t length[2];
	int executing;
};

/* What the routine of a plain channel says; the numbers are those of the header. */
enum model_answer {
	MODEL_NO_ROUTINE,
	MODEL_KEEP_OBJECT,
	MODEL_DEALLOCATE_OBJECT,
	MODEL_KEEP_REGISTERS,
	MODEL_ANSWERS,
};

/* Somebody who wants registers: a transaction, a list, or, if neither, a plain channel. */
struct model_channel {
	enum { MODEL_IDLE, MODEL_WAITING, MODEL_GRANTED } state;
	unsigned int registers;
	struct model_transaction *transaction;
	struct model_list *list;
	u8 number;
	u8 answer;
	/* what is mapped; its length is 0 if nothing is */
	struct model_range mapped;
	bool copied;
	u32 salt;
};

struct model_list {
	struct model_channel channel;
	struct model_range range;
	bool routine;
	bool there;
};

struct model_adapter {
	unsigned int registers;
	unsigned int free;
	bool lists;
	/* pages of scattered memory that one element takes; more than one are copied */
	unsigned int run_pages;
	/* the channel object: whose it is, and whether its routine has yet to say */
	struct model_channel *owner;
	bool undecided;
	unsigned int grants;
	bool draining;
	unsigned int waiters;
	struct model_channel *line[MODEL_WAITERS];
	struct model_channel channels[MODEL_CHANNELS];
	struct model_list list[MODEL_LISTS];
};

struct model_enabler {
	bool lists;
	bool single;
	size_t max_length;
	size_t max_elements;
	bool fill_failed;
	struct model_adapter *adapter[2];
};

struct model_transaction {
	struct model_enabler *enabler;
	struct model_adapter *adapter;
	struct model_channel channel;
	/* the letters of the state table: C I V T D F R X */
	char state;

	unsigned int reserved;
	bool pending;

	/* what was initialized, and how far it is */
	struct model_range range;
	size_t max_length;
	size_t transferred;
	size_t current_length;
	unsigned int request;
	bool immediate;
	bool single;
	bool told_of_failure;

	/* in state T: a transfer is the device's; the request was told */
	bool programmed;
	bool begun;
	/* registers of its own, and how a list was cut when it asked for them */
	unsigned int held;
	size_t next_length;

	/* in program_dma, or on the way to it; and once more after that */
	bool staging;
	bool restage;
	/* execute has not returned; it will return this */
	bool executing;
	int status;
};

enum model_op {
	MODEL_CREATE,
	MODEL_INITIALIZE,
	MODEL_INITIALIZE_REQUEST,
	MODEL_RESERVE,
	MODEL_FREE_RESERVATION,
	MODEL_EXECUTE,
	MODEL_COMPLETED,
	MODEL_COMPLETED_LENGTH,
	MODEL_COMPLETED_FINAL,
	MODEL_RELEASE,
	MODEL_CANCEL,
	MODEL_DELETE,
	MODEL_SET_IMMEDIATE,
	MODEL_SET_MAX_LENGTH,
	MODEL_SET_SINGLE,
	MODEL_SET_FAILED,
	MODEL_TRANSFER_INFO,
	MODEL_TRANSACTION_OPS,

	MODEL_ALLOCATE = MODEL_TRANSACTION_OPS,
	MODEL_CANCEL_CHANNEL,
	MODEL_MAP,
	MODEL_FLUSH,
	MODEL_FREE_REGISTERS,
	MODEL_FREE_CHANNEL,
	MODEL_FREE_OBJECT,
	MODEL_CHANNEL_OPS,

	MODEL_GET_LIST = MODEL_CHANNEL_OPS,
	MODEL_BUILD_LIST,
	MODEL_CANCEL_LIST,
	MODEL_PUT_LIST,
	MODEL_ADAPTER_OPS,

	MODEL_MAX_ELEMENTS = MODEL_ADAPTER_OPS,
	MODEL_BUFFER,
	MODEL_POWER_UP,
	MODEL_POWER_DOWN,
	MODEL_OPS,
};

/* The steps of a power change. In number, bit by bit, the ones that fail, by enabler. */
enum model_power_step {
	MODEL_FILL,
	MODEL_ENABLE,
	MODEL_START,
	MODEL_STOP,
	MODEL_DISABLE,
	MODEL_FLUSH_ENGINE,
	MODEL_POWER_STEPS,
};

/* One call; which members mean something depends on the op. */
struct model_call {
	u8 op;
	/* transaction, adapter or enabler */
	u8 who;
	/* memory or request */
	u8 what;
	/* plain channel or list of the adapter */
	u8 which;
	u8 direction;
	/* enum model_answer */
	u8 answer;
	bool flag;
	unsigned int number;
	size_t offset;
	size_t length;
};

struct model_result {
	int ret;
	unsigned int registers;
	unsigned int elements;
	struct model_seen seen;
};

enum model_event_kind {
	MODEL_PROGRAM,
	MODEL_RESERVED,
	MODEL_FAILED,
	MODEL_ROUTINE,
	MODEL_LIST,
	MODEL_GET_REQUEST,
	MODEL_PUT_REQUEST,
	MODEL_POWER,
	MODEL_EVENTS,
};

/* One callback, and what the object says inside it. */
struct model_event {
	u8 kind;
	/* transaction, request, plain channel, list or enabler */
	u8 who;
	u8 direction;
	char state;
	/* of the failure; of power: the step */
	int status;
	struct model_seen seen;
	size_t current_length;
	size_t transferred;
};

/* What goes wrong in a call, counted from 0; SIZE_MAX bytes is all of them. */
struct model_faults {
	unsigned int map;
	int map_error;
	size_t map_most;
	unsigned int flush;
	int flush_error;
};

struct model {
	struct model_memory memories[MODEL_MEMORIES];
	struct model_request requests[MODEL_REQUESTS];
	struct model_adapter adapters[MODEL_ADAPTERS];
	unsigned int enabler_count;
	struct model_enabler enablers[MODEL_ENABLERS];
	struct model_transaction transactions[MODEL_TRANSACTIONS];
	void (*callback)(struct model *model, const struct model_event *event);
	struct model_faults faults;
	unsigned int maps;
	unsigned int flushes;
	/* for what the device does next */
	u32 salt;
};

/* From one part of the model to another */

struct model_range model_range_of(const struct model *model, const struct model_call *call);
bool model_is_inside(const struct model_range *range);

int model_ask(struct model *model, struct model_adapter *adapter, struct model_channel *channel,
	      unsigned int registers, bool immediate);
bool model_take(struct model_adapter *adapter, struct model_channel *channel);
bool model_leave(struct model_adapter *adapter, struct model_channel *channel);
int model_wait(struct model_adapter *adapter, struct model_channel *channel);
void model_drain(struct model *model, struct model_adapter *adapter);
void model_give(struct model *model, struct model_adapter *adapter,
		struct model_channel *channel);
int model_map(struct model *model, struct model_adapter *adapter, struct model_channel *channel,
	      struct model_range range, unsigned int room, struct model_seen *seen);
void model_program(struct model *model, struct model_channel *channel, struct model_seen *seen);
int model_flush(struct model *model, struct model_channel *channel, size_t length);
void model_unmap(struct model_channel *channel, size_t length);

void model_transaction_granted(struct model *model, struct model_transaction *t);
void model_channel_granted(struct model *model, struct model_adapter *adapter,
			   struct model_channel *channel);
void model_list_granted(struct model *model, struct model_adapter *adapter,
			struct model_list *list);

/* Calls. All have the same face, so that they fit into one table. */

#define MODEL_CALL(name)							\
	int name(struct model *model, const struct model_call *call,		\
		 struct model_result *result)

MODEL_CALL(model_transaction_call);
MODEL_CALL(model_channel_call);
MODEL_CALL(model_list_call);
MODEL_CALL(model_enabler_call);

struct model_result model_do(struct model *model, const struct model_call *call);

#endif /* _DMABAY_MODEL_H */
