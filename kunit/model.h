/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The reference model: the contract of include/linux/dmabay.h once more, as plain code.
 *
 * It knows nothing of the core: no lock, no reference, no page, one thread. What a call
 * returns, and which callbacks it leads to in which order, follows from a few things:
 * the state of a transaction, the credits of an adapter, the line of those who wait for
 * them, and how a memory is cut by groups and registers. Callbacks are told to
 * model->callback, which may call model_do() again, as a driver may.
 *
 * What the platform decides is told beforehand: model->faults says which mapping and
 * which flush goes wrong, run_pages how much scattered memory one element can take.
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
#define MODEL_HOLDS		2
#define MODEL_WAITERS		(MODEL_TRANSACTIONS + MODEL_HOLDS)

/* For "none", where a number of a memory or a request is meant. */
#define MODEL_NONE		0xff

struct model_group {
	size_t length;
	unsigned int in_page;
	bool scattered;
};

struct model_memory {
	bool read_only;
	size_t length;
	unsigned int count;
	struct model_group groups[MODEL_GROUPS];
};

/* What a request has to say for a direction: bytes, or 0 for nothing. */
struct model_request {
	unsigned int memory;
	size_t length[2];
	int executing;
};

/* Somebody who wants registers: a transaction, or a plain channel. */
struct model_channel {
	enum { MODEL_IDLE, MODEL_WAITING, MODEL_GRANTED } state;
	unsigned int registers;
	/* or NULL: a plain channel, with this number */
	struct model_transaction *transaction;
	u8 number;
};

struct model_adapter {
	unsigned int registers;
	unsigned int free;
	/* pages of scattered memory that one element takes */
	unsigned int run_pages;
	bool draining;
	unsigned int waiters;
	struct model_channel *line[MODEL_WAITERS];
	struct model_channel holds[MODEL_HOLDS];
};

struct model_enabler {
	bool lists;
	bool single;
	size_t max_length;
	size_t max_elements;
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

	const struct model_memory *memory;
	int direction;
	size_t offset;
	size_t length;
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
	MODEL_HOLD,
	MODEL_UNHOLD,
	MODEL_CANCEL_HOLD,
	MODEL_MAX_ELEMENTS,
	MODEL_OPS,
};

/* One call; which members mean something depends on the op. */
struct model_call {
	u8 op;
	/* transaction, or enabler, or adapter */
	u8 who;
	/* memory, request or plain channel */
	u8 what;
	u8 direction;
	bool flag;
	unsigned int number;
	size_t offset;
	size_t length;
};

enum model_event_kind {
	MODEL_PROGRAM,
	MODEL_RESERVED,
	MODEL_FAILED,
	MODEL_GET_REQUEST,
	MODEL_PUT_REQUEST,
	MODEL_HELD,
};

/* One callback, and what the object says inside it. */
struct model_event {
	u8 kind;
	/* transaction, request or plain channel */
	u8 who;
	u8 direction;
	char state;
	int status;
	unsigned int elements;
	unsigned int in_page;
	size_t length;
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
	struct model_enabler enablers[MODEL_ENABLERS];
	struct model_transaction transactions[MODEL_TRANSACTIONS];
	void (*callback)(struct model *model, const struct model_event *event);
	struct model_faults faults;
	unsigned int maps;
	unsigned int flushes;
	/* what transfer_info said */
	unsigned int info_registers;
	unsigned int info_elements;
};

int model_do(struct model *model, const struct model_call *call);

#endif /* _DMABAY_MODEL_H */
