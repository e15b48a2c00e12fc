/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Transaction: what its three files share. transaction.c has its life and its
 * settings, reserve.c its reservation, stage.c its transfers.
 *
 * References are held by the driver (from creation to deletion, and its own), by
 * each request for map registers that is in line or whose routine runs, and by
 * whoever stages.
 */
#ifndef _DMABAY_TRANSACTION_H
#define _DMABAY_TRANSACTION_H

#include "dmabay_private.h"
#include "trace.h"

/* What a driver is told when its controller is done with a transfer. */
struct dmabay_system_end {
	dmabay_transfer_complete_t complete;
	void *context;
	enum dmabay_direction direction;
	enum dmabay_dma_status status;
};

/* What a transaction of a system profile has beside (system.c). */
struct dmabay_system {
	dmabay_channel_config_t config;
	void *config_context;
	dmabay_transfer_complete_t complete;
	void *complete_context;
	size_t device_offset;
	/* no transfer starts any more, until it is initialized or reserved anew */
	bool stopped;
	/* of the transfer under way: who is told, and how it ended */
	struct dmabay_system_end end;
	/* somebody has to be told, and was not yet: it is not over */
	bool awaited;
	/* the end is known, and is to be told by whoever may */
	bool ended;
	/* somebody tells, at this moment */
	bool telling;
};

/* Room for the elements of a list. */
struct dmabay_list_room {
	struct rcu_head rcu;
	struct dmabay_sg_element elements[];
};

struct dmabay_transaction {
	struct dmabay_object object;
	struct kref kref;
	struct dmabay_enabler *enabler;
	struct list_head node; /* in the enabler's list, guarded by its lock */
	struct dmabay_channel channel;

	/* guards all below; what is also read without it is written with WRITE_ONCE() */
	spinlock_t lock;
	enum dmabay_state state;
	/* of the direction; changes only while the channel is idle */
	struct dmabay_adapter *adapter;

	/* registers reserved, waited for or held; 0 without a reservation */
	unsigned int reserved_registers;
	bool reservation_pending;
	/* given up while the grant was on its way */
	bool reservation_withdrawn;
	dmabay_reserved_t reserved;
	void *reserved_context;

	/* registers held by an execution without a reservation */
	unsigned int held_registers;

	dmabay_program_dma_t program_dma;
	dmabay_failed_t failed;
	void *context;
	enum dmabay_direction direction;
	struct dmabay_memory *memory;
	size_t offset;
	size_t length;
	size_t max_length;
	size_t transferred;
	size_t current_length;
	bool programmed;
	bool immediate;
	bool single;

	struct dmabay_system system;

	struct dmabay_request *request;
	/* the request was told that an execution began */
	bool request_begun;

	/* somebody stages, and there is more for it to stage */
	bool staging;
	bool restage;
	/* the dmabay_transaction_execute() that is there to report a failure, or NULL */
	int *execute_status;

	/* how the next transfer is cut; whoever stages, or is about to, owns it */
	size_t next_length;
	unsigned int needed_registers;
	/* what it consists of, until it is completed */
	struct dmabay_sg_list list;
	struct dmabay_sg_element element;
	struct dmabay_list_room *room;
};

/* What giving up a transaction leaves to be done without the lock. */
struct dmabay_leftover {
	struct dmabay_memory *memory;
	/* of the registers; the transaction may begin anew with another one */
	struct dmabay_adapter *adapter;
	unsigned int map_registers;
	/* it has left the line */
	bool withdrawn;
};

static inline bool dmabay_transaction_is_system(const struct dmabay_transaction *transaction)
{
	return transaction->enabler->traits->system;
}

static inline bool dmabay_transaction_takes_lists(const struct dmabay_transaction *transaction)
{
	return transaction->enabler->traits->scatter_gather;
}

/* One that owns the channel object has the whole controller. */
static inline unsigned int dmabay_transaction_channel_flags(struct dmabay_transaction *transaction)
{
	unsigned int flags = READ_ONCE(transaction->immediate) ? DMABAY_CHANNEL_IMMEDIATE : 0;

	return dmabay_transaction_is_system(transaction) ? flags :
		flags | DMABAY_CHANNEL_REGISTERS_ONLY;
}

static inline enum dmabay_channel_action
dmabay_transaction_channel_action(const struct dmabay_transaction *transaction)
{
	return dmabay_transaction_is_system(transaction) ?
		DMABAY_KEEP_OBJECT : DMABAY_DEALLOCATE_OBJECT_KEEP_REGISTERS;
}

/* Its registers go back. Without locks: they are granted to others on this thread. */
static inline void dmabay_transaction_give_back(struct dmabay_transaction *transaction,
						struct dmabay_adapter *adapter,
						unsigned int map_registers)
{
	if (dmabay_transaction_is_system(transaction))
		dmabay_adapter_free_channel(adapter, &transaction->channel);
	else
		dmabay_adapter_free_map_registers(adapter, &transaction->channel, map_registers);
}

/* The one place where the state changes: @call led to it. Under the lock. */
static inline void dmabay_transaction_set_state(struct dmabay_transaction *transaction,
						enum dmabay_call call, enum dmabay_state state)
{
	lockdep_assert_held(&transaction->lock);
	WARN_ON_ONCE(!(dmabay_state_edges[call][transaction->state] & BIT(state)));
	trace_dmabay_state(transaction, call, transaction->state, state);
	WRITE_ONCE(transaction->state, state);
}

/* transaction.c */
struct dmabay_memory *dmabay_transaction_reset(struct dmabay_transaction *transaction);

/* system.c */
int dmabay_system_configure(struct dmabay_transaction *transaction, size_t position,
			    size_t length);
int dmabay_system_start(struct dmabay_transaction *transaction, size_t position, size_t *length);
void dmabay_system_pass_on(struct dmabay_transaction *transaction);
bool dmabay_system_has_word(const struct dmabay_transaction *transaction);
void dmabay_system_failed(struct dmabay_transaction *transaction, int error);
void dmabay_system_begin(struct dmabay_transaction *transaction);
void dmabay_system_reset(struct dmabay_transaction *transaction);

/* reserve.c */
void dmabay_reservation_give_up(struct dmabay_transaction *transaction,
				struct dmabay_leftover *leftover);
void dmabay_leftover_free(struct dmabay_transaction *transaction,
			  struct dmabay_leftover *leftover);

/* stage.c */
int dmabay_stage_check(struct dmabay_transaction *transaction, struct dmabay_adapter *adapter,
		       const struct dmabay_memory *memory, size_t offset, size_t length);
struct dmabay_request *dmabay_stage_end_request(struct dmabay_transaction *transaction);

#endif /* _DMABAY_TRANSACTION_H */
