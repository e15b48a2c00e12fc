// SPDX-License-Identifier: GPL-2.0-only
/*
 * System: the transfers of a transaction whose device has a DMA controller do them.
 *
 * Such a transaction is a packet transaction that owns the channel object as long as it
 * has registers: nobody else's transfer is on the controller. For each transfer the
 * driver may set up its device first (channel_config), then it is mapped and started,
 * then there is program_dma as ever, and when the controller is done the driver is told
 * (transfer_complete), and completes.
 *
 * The controller may be done before program_dma was even called, or before the callback
 * that completed the transfer before has returned. Then its word waits in a slot of the
 * transaction for whoever stages, or tells: so that transfer_complete is never called
 * before, during or inside another callback of the transaction. Until it is called the
 * driver cannot complete, so that nobody is told of what is over.
 */
#include <linux/bitops.h>
#include <linux/export.h>

#include "transaction.h"

enum system_call {
	CALL_SET_DEVICE_OFFSET,
	CALL_SET_CHANNEL_CONFIG,
	CALL_SET_TRANSFER_COMPLETE,
	CALL_STOP,
	CALLS,
};

static const char *const call_names[CALLS] = {
	[CALL_SET_DEVICE_OFFSET] = "set_device_offset",
	[CALL_SET_CHANNEL_CONFIG] = "set_channel_config",
	[CALL_SET_TRANSFER_COMPLETE] = "set_transfer_complete",
	[CALL_STOP] = "stop",
};

/* Is this a call for this profile? Each kind warns once. */
static bool system_allows(const struct dmabay_transaction *transaction, enum system_call call)
{
	static unsigned long warned[BITS_TO_LONGS(CALLS)];

	if (dmabay_transaction_is_system(transaction))
		return true;
	WARN(!test_and_set_bit(call, warned), "dmabay: %s of a transaction without a controller\n",
	     call_names[call]);
	return false;
}

/*
 * Tell the driver, who may complete, release and delete the transaction. Somebody who
 * stages tells before it is through, and somebody who tells goes on: the others leave
 * it to them. The caller has a reference.
 */
static void tell_complete(struct dmabay_transaction *transaction, bool stages)
{
	struct dmabay_system *system = &transaction->system;
	struct dmabay_system_end end;
	struct dmabay_context saved;
	unsigned long flags;

	spin_lock_irqsave(&transaction->lock, flags);
	while (system->ended && !system->telling && (stages || !transaction->staging)) {
		end = system->end;
		system->ended = false;
		system->telling = true;
		/* A round is not the end. */
		if (end.status != DMABAY_DMA_COMPLETE ||
		    !dmabay_controller_is_looped(transaction->adapter->controller))
			system->awaited = false;
		spin_unlock_irqrestore(&transaction->lock, flags);
		dmabay_context_save(&saved);
		end.complete(transaction, transaction->enabler->dev, end.context, end.direction,
			     end.status);
		dmabay_context_compare(&saved, "transfer complete", end.complete);
		spin_lock_irqsave(&transaction->lock, flags);
		system->telling = false;
	}
	spin_unlock_irqrestore(&transaction->lock, flags);
}

/* The controller is done. */
static void system_done(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			void *context, enum dmabay_dma_status status)
{
	struct dmabay_transaction *transaction = context;
	unsigned long flags;

	dmabay_transaction_get(transaction);
	spin_lock_irqsave(&transaction->lock, flags);
	transaction->system.end.status = status;
	transaction->system.ended = true;
	spin_unlock_irqrestore(&transaction->lock, flags);
	tell_complete(transaction, false);
	dmabay_transaction_put(transaction);
}

/**
 * dmabay_system_pass_on() - Say what the controller said while somebody staged
 * @transaction: the transaction; the caller stages it, and goes on to
 *
 * Context: any.
 */
void dmabay_system_pass_on(struct dmabay_transaction *transaction)
{
	if (dmabay_transaction_is_system(transaction))
		tell_complete(transaction, true);
}

/**
 * dmabay_system_has_word() - Is there something for whoever stages to pass on?
 * @transaction: the transaction; its lock is held
 *
 * Return: whether there is; what somebody else is about to tell is not.
 */
bool dmabay_system_has_word(const struct dmabay_transaction *transaction)
{
	lockdep_assert_held(&transaction->lock);
	return transaction->system.ended && !transaction->system.telling;
}

/* From here on the end of a transfer is to be told to whoever is set now. */
static void system_await(struct dmabay_transaction *transaction)
{
	struct dmabay_system *system = &transaction->system;

	lockdep_assert_held(&transaction->lock);
	system->end = (struct dmabay_system_end) {
		.complete = system->complete,
		.context = system->complete_context,
		.direction = transaction->direction,
	};
	system->awaited = system->complete;
}

/**
 * dmabay_system_failed() - A transfer could not be started, and no caller is there
 * @transaction: the transaction, which goes on executing until the driver ends it
 * @error: why
 *
 * The driver is told as if the controller had said so; without a callback, nothing.
 *
 * Context: any.
 */
void dmabay_system_failed(struct dmabay_transaction *transaction, int error)
{
	struct dmabay_system *system = &transaction->system;
	unsigned long flags;

	dmabay_transaction_get(transaction);
	spin_lock_irqsave(&transaction->lock, flags);
	system_await(transaction);
	system->end.status = error == -ECANCELED ? DMABAY_DMA_CANCELLED : DMABAY_DMA_ERROR;
	system->ended = system->awaited;
	/* There is something to complete, if only nothing. */
	transaction->programmed = true;
	spin_unlock_irqrestore(&transaction->lock, flags);
	tell_complete(transaction, false);
	dmabay_transaction_put(transaction);
}

/**
 * dmabay_system_configure() - Let the driver set up its device for a transfer
 * @transaction: the transaction; the caller stages it
 * @position: bytes into its memory
 * @length: bytes
 *
 * From here on the driver may complete, or end it.
 *
 * Context: any.
 * Return: 0: the transfer shall be mapped. 1: not now, or it is over. -ECANCELED: it was
 * stopped when it could not be told to the controller yet; the driver is not asked.
 */
int dmabay_system_configure(struct dmabay_transaction *transaction, size_t position, size_t length)
{
	dmabay_channel_config_t config;
	struct dmabay_context saved;
	struct dmabay_memory *memory;
	struct dmabay_extent first;
	unsigned long flags;
	bool proceed = true;
	void *context;

	spin_lock_irqsave(&transaction->lock, flags);
	if (transaction->system.stopped) {
		spin_unlock_irqrestore(&transaction->lock, flags);
		return -ECANCELED;
	}
	config = transaction->system.config;
	context = transaction->system.config_context;
	memory = dmabay_memory_get(transaction->memory);
	/* Fewer registers than there are may be reserved, and that is known before. */
	dmabay_memory_extent(memory, position, length, &first);
	length = min(length, dmabay_pages_bytes(transaction->channel.map_registers) -
			     first.in_page);
	transaction->programmed = config;
	spin_unlock_irqrestore(&transaction->lock, flags);
	if (config) {
		dmabay_context_save(&saved);
		proceed = config(transaction, transaction->enabler->dev, context, memory, position,
				 length);
		dmabay_context_compare(&saved, "channel config", config);
		spin_lock_irqsave(&transaction->lock, flags);
		/* It said so, or it is over. */
		proceed = proceed && transaction->programmed;
		if (proceed)
			transaction->programmed = false;
		spin_unlock_irqrestore(&transaction->lock, flags);
	}
	dmabay_memory_put(memory);
	return !proceed;
}

/**
 * dmabay_system_start() - Map a transfer, and start the controller
 * @transaction: the transaction; the caller stages it
 * @position: bytes into its memory
 * @length: bytes wanted, and mapped
 *
 * Context: any.
 * Return: as dmabay_adapter_start_transfer().
 */
int dmabay_system_start(struct dmabay_transaction *transaction, size_t position, size_t *length)
{
	dmabay_system_routine_t routine;
	unsigned long flags;
	size_t offset;
	int ret;

	spin_lock_irqsave(&transaction->lock, flags);
	system_await(transaction);
	routine = transaction->system.awaited ? system_done : NULL;
	offset = transaction->system.device_offset;
	/* The other side of a copy is memory too. */
	if (dmabay_controller_is_copy(transaction->adapter->controller))
		offset += transaction->transferred;
	spin_unlock_irqrestore(&transaction->lock, flags);
	ret = dmabay_adapter_start_transfer(transaction->adapter, &transaction->channel,
					    transaction->memory, position, length, offset,
					    transaction->direction, &transaction->list, routine,
					    transaction);
	if (!ret)
		return 0;
	spin_lock_irqsave(&transaction->lock, flags);
	transaction->system.awaited = false;
	spin_unlock_irqrestore(&transaction->lock, flags);
	return ret;
}

/**
 * dmabay_system_begin() - A transaction is initialized, or reserved
 * @transaction: the transaction; its lock is held
 */
void dmabay_system_begin(struct dmabay_transaction *transaction)
{
	lockdep_assert_held(&transaction->lock);
	transaction->system.device_offset = 0;
	transaction->system.stopped = false;
	/* A reservation that is there has the controller, and with it perhaps an old mark. */
	if (transaction->reserved_registers && !transaction->reservation_pending &&
	    transaction->adapter->controller)
		dmabay_controller_allow(transaction->adapter->controller);
}

/**
 * dmabay_system_reset() - A transaction is released
 * @transaction: the transaction; its lock is held
 */
void dmabay_system_reset(struct dmabay_transaction *transaction)
{
	lockdep_assert_held(&transaction->lock);
	transaction->system = (struct dmabay_system) {
		/* This may be called by the one who is told. */
		.telling = transaction->system.telling,
	};
}

void dmabay_transaction_set_device_offset(struct dmabay_transaction *transaction, size_t offset)
{
	unsigned long flags;

	if (!system_allows(transaction, CALL_SET_DEVICE_OFFSET))
		return;
	spin_lock_irqsave(&transaction->lock, flags);
	transaction->system.device_offset = offset;
	spin_unlock_irqrestore(&transaction->lock, flags);
}
EXPORT_SYMBOL_GPL(dmabay_transaction_set_device_offset);

void dmabay_transaction_set_channel_config(struct dmabay_transaction *transaction,
					   dmabay_channel_config_t config, void *context)
{
	unsigned long flags;

	if (!system_allows(transaction, CALL_SET_CHANNEL_CONFIG))
		return;
	spin_lock_irqsave(&transaction->lock, flags);
	transaction->system.config = config;
	transaction->system.config_context = context;
	spin_unlock_irqrestore(&transaction->lock, flags);
}
EXPORT_SYMBOL_GPL(dmabay_transaction_set_channel_config);

void dmabay_transaction_set_transfer_complete(struct dmabay_transaction *transaction,
					      dmabay_transfer_complete_t complete, void *context)
{
	unsigned long flags;

	if (!system_allows(transaction, CALL_SET_TRANSFER_COMPLETE))
		return;
	spin_lock_irqsave(&transaction->lock, flags);
	transaction->system.complete = complete;
	transaction->system.complete_context = context;
	spin_unlock_irqrestore(&transaction->lock, flags);
}
EXPORT_SYMBOL_GPL(dmabay_transaction_set_transfer_complete);

/*
 * The mark is the transaction's, and the controller's only while this transaction has
 * it: what waits in line must not stop another's transfer.
 */
void dmabay_transaction_stop(struct dmabay_transaction *transaction)
{
	struct dmabay_adapter *adapter = NULL;
	unsigned long flags;

	if (!system_allows(transaction, CALL_STOP))
		return;
	spin_lock_irqsave(&transaction->lock, flags);
	transaction->system.stopped = true;
	if (transaction->held_registers ||
	    (transaction->reserved_registers && !transaction->reservation_pending))
		adapter = transaction->adapter;
	if (adapter)
		dmabay_adapter_cancel_mapped_transfer(adapter, &transaction->channel);
	spin_unlock_irqrestore(&transaction->lock, flags);
}
EXPORT_SYMBOL_GPL(dmabay_transaction_stop);
