// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reserve: the reservation of a transaction, and leaving the line.
 *
 * A reservation is asked for in the same line as everything else, and held until it
 * is freed or the transaction is deleted; releasing the transaction keeps it. A
 * grant is told from that of an execution by its routine, not by the state.
 *
 * One that is given up while it waits is taken out of the line. If its grant is on
 * the way at that moment, it is marked as withdrawn and the routine hands it back
 * itself, without a callback.
 */
#include <linux/export.h>

#include "transaction.h"

/* Only when they are back may the transaction ask for others. */
static void reserve_hand_back(struct dmabay_transaction *transaction,
			      struct dmabay_adapter *adapter)
{
	unsigned long flags;

	dmabay_transaction_give_back(transaction, adapter, transaction->channel.map_registers);
	spin_lock_irqsave(&transaction->lock, flags);
	transaction->reservation_withdrawn = false;
	spin_unlock_irqrestore(&transaction->lock, flags);
}

/*
 * The reserved registers are there, unless nobody wants them any more.
 */
static enum dmabay_channel_action reserve_granted(struct dmabay_adapter *adapter,
						  struct dmabay_channel *channel, void *context)
{
	struct dmabay_transaction *transaction = context;
	enum dmabay_channel_action action = dmabay_transaction_channel_action(transaction);
	struct dmabay_context saved;
	dmabay_reserved_t reserved;
	void *reserved_context;
	unsigned long flags;
	bool withdrawn;

	spin_lock_irqsave(&transaction->lock, flags);
	withdrawn = transaction->reservation_withdrawn;
	transaction->reservation_pending = false;
	reserved = transaction->reserved;
	reserved_context = transaction->reserved_context;
	spin_unlock_irqrestore(&transaction->lock, flags);

	if (withdrawn) {
		reserve_hand_back(transaction, adapter);
	} else {
		dmabay_context_save(&saved);
		reserved(transaction, reserved_context);
		dmabay_context_compare(&saved, "reserved", reserved);
	}
	dmabay_transaction_put(transaction);
	return action;
}

int dmabay_transaction_make_links(struct dmabay_transaction *transaction, unsigned int links)
{
	unsigned long flags;
	bool in_use;

	if (dmabay_check_transaction(transaction) || dmabay_debug_may_not_sleep(__func__))
		return -EBADFD;
	might_sleep();
	spin_lock_irqsave(&transaction->lock, flags);
	in_use = transaction->reserved_registers || transaction->state == DMABAY_TRANSFER;
	spin_unlock_irqrestore(&transaction->lock, flags);
	if (in_use)
		return -EBUSY;
	return dmabay_ledger_make_room(&transaction->channel.ledger,
				       min(links, DMABAY_LINKS_MAX), GFP_KERNEL_ACCOUNT);
}
EXPORT_SYMBOL_GPL(dmabay_transaction_make_links);

/* Everything of a reservation but the asking; under the lock. */
static int reserve_prepare(struct dmabay_transaction *transaction,
			   enum dmabay_direction direction, unsigned int map_registers,
			   dmabay_reserved_t reserved, void *context)
{
	enum dmabay_call call = map_registers ? DMABAY_CALL_RESERVE : DMABAY_CALL_RESERVE_DERIVED;
	struct dmabay_adapter *adapter = transaction->enabler->adapter[direction];
	u64 wanted = map_registers;
	int ret = 0;

	if (!dmabay_state_allows(transaction->state, call) || transaction->reserved_registers)
		return dmabay_state_illegal(transaction->state, call);
	if (!adapter)
		return -EOPNOTSUPP;
	if (!wanted && dmabay_transaction_is_system(transaction))
		wanted = adapter->map_registers;
	else if (!wanted)
		wanted = dmabay_memory_span(transaction->memory, transaction->offset,
					    transaction->length);

	/* The last one may be on its way back at this moment, on another CPU. */
	if (wanted > adapter->map_registers || transaction->reservation_withdrawn)
		ret = -ENOMEM;
	else
		ret = dmabay_ledger_make_room(&transaction->channel.ledger,
					      min(wanted, DMABAY_LINKS_ATOMIC),
					      GFP_ATOMIC | __GFP_NOWARN);
	dmabay_transaction_set_state(transaction, call, ret ? DMABAY_FAILED : DMABAY_RESERVED);
	if (ret)
		return ret;

	transaction->adapter = adapter;
	transaction->reserved_registers = wanted;
	transaction->reservation_pending = true;
	transaction->reserved = reserved;
	transaction->reserved_context = context;
	return 0;
}

/* An initialization made before is dropped; what was set stays. */
static struct dmabay_memory *drop_initialization(struct dmabay_transaction *transaction)
{
	struct dmabay_memory *memory = transaction->memory;

	transaction->memory = NULL;
	transaction->program_dma = NULL;
	transaction->offset = 0;
	transaction->length = 0;
	WRITE_ONCE(transaction->transferred, 0);
	return memory;
}

/* Nothing was granted, and nothing will be; unless nobody wants it any more anyway. */
static void reserve_refused(struct dmabay_transaction *transaction)
{
	unsigned long flags;

	spin_lock_irqsave(&transaction->lock, flags);
	if (!transaction->reservation_withdrawn) {
		dmabay_transaction_set_state(transaction, DMABAY_CALL_REFUSE, DMABAY_FAILED);
		transaction->reserved_registers = 0;
		transaction->reservation_pending = false;
	}
	transaction->reservation_withdrawn = false;
	spin_unlock_irqrestore(&transaction->lock, flags);
	dmabay_transaction_put(transaction);
}

int dmabay_transaction_reserve(struct dmabay_transaction *transaction,
			       enum dmabay_direction direction, unsigned int map_registers,
			       dmabay_reserved_t reserved, void *context)
{
	struct dmabay_memory *memory = NULL;
	struct dmabay_adapter *adapter;
	unsigned int channel_flags;
	unsigned long flags;
	int ret;

	ret = dmabay_check_transaction(transaction);
	if (ret)
		return ret;
	if (dmabay_transaction_takes_lists(transaction))
		return -EOPNOTSUPP;
	if (!dmabay_direction_exists(direction) || !reserved)
		return -EINVAL;

	spin_lock_irqsave(&transaction->lock, flags);
	ret = reserve_prepare(transaction, direction, map_registers, reserved, context);
	if (!ret) {
		map_registers = transaction->reserved_registers;
		memory = drop_initialization(transaction);
		dmabay_system_begin(transaction);
		kref_get(&transaction->kref); /* the question's */
	}
	channel_flags = dmabay_transaction_channel_flags(transaction);
	adapter = transaction->adapter;
	spin_unlock_irqrestore(&transaction->lock, flags);
	if (ret)
		return ret;

	dmabay_memory_put(memory);
	ret = dmabay_adapter_ask(adapter, &transaction->channel, map_registers, channel_flags,
				 reserve_granted, transaction);
	if (ret)
		reserve_refused(transaction);
	return ret;
}
EXPORT_SYMBOL_GPL(dmabay_transaction_reserve);

/**
 * dmabay_reservation_give_up() - Give up the reservation
 * @transaction: the transaction; its lock is held
 * @leftover: out: what is to be done without the lock
 *
 * One that is pending leaves the line, or is marked, because its grant is on the way.
 */
void dmabay_reservation_give_up(struct dmabay_transaction *transaction,
				struct dmabay_leftover *leftover)
{
	lockdep_assert_held(&transaction->lock);
	leftover->adapter = transaction->adapter;
	if (!transaction->reservation_pending)
		leftover->map_registers = transaction->reserved_registers;
	else if (dmabay_adapter_withdraw(transaction->adapter, &transaction->channel))
		leftover->withdrawn = true;
	else
		transaction->reservation_withdrawn = true;
	transaction->reservation_pending = false;
	transaction->reserved_registers = 0;
}

/**
 * dmabay_leftover_free() - Do what was left to be done
 * @transaction: the transaction
 * @leftover: what
 *
 * Context: any; without locks, because others are granted what comes free.
 */
void dmabay_leftover_free(struct dmabay_transaction *transaction,
			  struct dmabay_leftover *leftover)
{
	dmabay_memory_put(leftover->memory);
	if (leftover->withdrawn) {
		dmabay_adapter_drain(leftover->adapter);
		dmabay_transaction_put(transaction);
	}
	if (leftover->map_registers)
		dmabay_transaction_give_back(transaction, leftover->adapter,
					     leftover->map_registers);
}

int dmabay_transaction_free_reservation(struct dmabay_transaction *transaction)
{
	struct dmabay_leftover leftover = {};
	unsigned long flags;
	int ret;

	ret = dmabay_check_transaction(transaction);
	if (ret)
		return ret;
	if (dmabay_transaction_takes_lists(transaction))
		return -EOPNOTSUPP;

	dmabay_transaction_get(transaction);
	spin_lock_irqsave(&transaction->lock, flags);
	if (dmabay_state_allows(transaction->state, DMABAY_CALL_FREE_RESERVATION)) {
		dmabay_reservation_give_up(transaction, &leftover);
		leftover.memory = dmabay_transaction_reset(transaction);
		dmabay_transaction_set_state(transaction, DMABAY_CALL_FREE_RESERVATION,
					     DMABAY_RELEASED);
	} else {
		ret = dmabay_state_illegal(transaction->state, DMABAY_CALL_FREE_RESERVATION);
	}
	spin_unlock_irqrestore(&transaction->lock, flags);
	dmabay_leftover_free(transaction, &leftover);
	dmabay_transaction_put(transaction);
	return ret;
}
EXPORT_SYMBOL_GPL(dmabay_transaction_free_reservation);

/* Leave the line, under the lock: nobody shall see it half cancelled. */
static bool cancel_prepare(struct dmabay_transaction *transaction)
{
	if (!dmabay_state_allows(transaction->state, DMABAY_CALL_CANCEL)) {
		dmabay_state_illegal(transaction->state, DMABAY_CALL_CANCEL);
		return false;
	}
	if (!transaction->reservation_pending && transaction->state != DMABAY_TRANSFER)
		return false;
	if (!dmabay_adapter_withdraw(transaction->adapter, &transaction->channel))
		return false;
	dmabay_transaction_set_state(transaction, DMABAY_CALL_CANCEL, DMABAY_FAILED);
	transaction->reserved_registers = 0;
	transaction->reservation_pending = false;
	return true;
}

bool dmabay_transaction_cancel(struct dmabay_transaction *transaction)
{
	struct dmabay_request *request = NULL;
	struct dmabay_adapter *adapter;
	unsigned long flags;
	bool cancelled;

	if (dmabay_check_transaction(transaction))
		return false;
	spin_lock_irqsave(&transaction->lock, flags);
	adapter = transaction->adapter;
	cancelled = cancel_prepare(transaction);
	if (cancelled)
		request = dmabay_stage_end_request(transaction);
	spin_unlock_irqrestore(&transaction->lock, flags);
	if (!cancelled)
		return false;

	dmabay_request_end(request);
	dmabay_adapter_drain(adapter);
	dmabay_transaction_put(transaction);
	return true;
}
EXPORT_SYMBOL_GPL(dmabay_transaction_cancel);
