// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transaction: one logical transfer, cut into as many as the device needs, on map
 * registers of its own or of a reservation. Its life and its settings; how it moves
 * from transfer to transfer is in stage.c, its reservation in reserve.c.
 */
#include <linux/export.h>
#include <linux/seq_file.h>
#include <linux/slab.h>

#include "transaction.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

static void transaction_free(struct kref *kref)
{
	struct dmabay_transaction *transaction =
		container_of(kref, struct dmabay_transaction, kref);

	dmabay_ledger_destroy(&transaction->channel.ledger);
	/* Any context may hold the last reference, and kvfree() may sleep. */
	if (transaction->room)
		kvfree_rcu(transaction->room, rcu);
	dmabay_enabler_put(transaction->enabler);
	if (!dmabay_object_bury(&transaction->object, transaction))
		kfree(transaction);
}

struct dmabay_transaction *dmabay_transaction_get(struct dmabay_transaction *transaction)
{
	if (dmabay_check_transaction(transaction))
		return transaction;
	kref_get(&transaction->kref);
	dmabay_debug_references(&transaction->kref);
	return transaction;
}
EXPORT_SYMBOL_GPL(dmabay_transaction_get);

void dmabay_transaction_put(struct dmabay_transaction *transaction)
{
	if (!dmabay_check_transaction(transaction))
		kref_put(&transaction->kref, transaction_free);
}
EXPORT_SYMBOL_GPL(dmabay_transaction_put);

/* Room for the longest list, so that no transfer has to make any. */
static int make_list(struct dmabay_transaction *transaction)
{
	const struct dmabay_enabler *enabler = transaction->enabler;
	unsigned int capacity;

	transaction->list.elements = &transaction->element;
	transaction->list.capacity = 1;
	if (!(dmabay_transaction_takes_lists(transaction) ||
	      dmabay_transaction_is_system(transaction)) ||
	    (enabler->flags & DMABAY_ENABLER_NO_LIST_PREALLOCATION))
		return 0;

	capacity = max(dmabay_adapter_list_capacity(enabler->adapter[DMABAY_READ_FROM_DEVICE]),
		       dmabay_adapter_list_capacity(enabler->adapter[DMABAY_WRITE_TO_DEVICE]));
	transaction->room = kvzalloc(struct_size(transaction->room, elements, capacity),
				     GFP_KERNEL);
	if (!transaction->room)
		return -ENOMEM;
	transaction->list.elements = transaction->room->elements;
	transaction->list.capacity = capacity;
	return 0;
}

int dmabay_transaction_create(struct dmabay_enabler *enabler,
			      struct dmabay_transaction **result)
{
	struct dmabay_transaction *transaction;
	unsigned long flags;

	if (!result)
		return -EINVAL;
	*result = NULL;
	if (!enabler)
		return -EINVAL;
	if (dmabay_check_enabler(enabler) || dmabay_debug_may_not_sleep(__func__))
		return -EBADFD;
	if (!dmabay_enabler_max_length(enabler))
		return -EOPNOTSUPP;
	transaction = kzalloc_obj(*transaction);
	if (!transaction)
		return -ENOMEM;
	dmabay_object_init(&transaction->object, DMABAY_OBJECT_TRANSACTION);
	transaction->enabler = enabler;
	dmabay_channel_prepare(&transaction->channel);
	if (make_list(transaction)) {
		kfree(transaction);
		return -ENOMEM;
	}

	kref_init(&transaction->kref);
	spin_lock_init(&transaction->lock);
	kref_get(&enabler->kref);
	transaction->adapter = enabler->adapter[DMABAY_READ_FROM_DEVICE] ?:
			       enabler->adapter[DMABAY_WRITE_TO_DEVICE];
	transaction->state = DMABAY_CREATED;
	transaction->single = enabler->flags & DMABAY_ENABLER_SINGLE_TRANSFER;
	transaction->channel.keep_links = enabler->flags & DMABAY_ENABLER_KEEP_LINKS;
	spin_lock_irqsave(&enabler->lock, flags);
	list_add_tail(&transaction->node, &enabler->transactions);
	spin_unlock_irqrestore(&enabler->lock, flags);
	*result = transaction;
	return 0;
}
EXPORT_SYMBOL_GPL(dmabay_transaction_create);

/**
 * dmabay_transaction_next() - Take the first transaction off an enabler's list
 * @enabler: the enabler
 *
 * Return: the transaction, or NULL.
 */
struct dmabay_transaction *dmabay_transaction_next(struct dmabay_enabler *enabler)
{
	struct dmabay_transaction *transaction;
	unsigned long flags;

	spin_lock_irqsave(&enabler->lock, flags);
	transaction = list_first_entry_or_null(&enabler->transactions,
					       struct dmabay_transaction, node);
	if (transaction)
		list_del_init(&transaction->node);
	spin_unlock_irqrestore(&enabler->lock, flags);
	return transaction;
}

static int initialize_check(dmabay_program_dma_t program_dma, enum dmabay_direction direction,
			    const struct dmabay_memory *memory, size_t offset, size_t length)
{
	if (!program_dma || !memory || !length || length > U32_MAX ||
	    !dmabay_direction_exists(direction) || offset >= memory->length ||
	    length > memory->length - offset)
		return -EINVAL;
	if (memory->read_only && direction == DMABAY_READ_FROM_DEVICE)
		return -EACCES;
	return 0;
}

/* Everything of an initialization; under the lock. */
static int initialize_prepare(struct dmabay_transaction *transaction,
			      struct dmabay_adapter *adapter, int check)
{
	if (!dmabay_state_allows(transaction->state, DMABAY_CALL_INITIALIZE) ||
	    transaction->reservation_pending ||
	    (transaction->reserved_registers && adapter && transaction->adapter != adapter))
		return dmabay_state_illegal(transaction->state, DMABAY_CALL_INITIALIZE);
	dmabay_transaction_set_state(transaction, DMABAY_CALL_INITIALIZE,
				     check ? DMABAY_RELEASED : DMABAY_INITIALIZED);
	if (check)
		WRITE_ONCE(transaction->request, NULL);
	else
		transaction->adapter = adapter;
	return check;
}

static int initialize(struct dmabay_transaction *transaction, dmabay_program_dma_t program_dma,
		      enum dmabay_direction direction, struct dmabay_memory *memory,
		      size_t offset, size_t length, struct dmabay_request *request)
{
	struct dmabay_adapter *adapter = NULL;
	unsigned long flags;
	int ret;

	ret = dmabay_check_transaction(transaction) ?:
	      initialize_check(program_dma, direction, memory, offset, length) ?:
	      dmabay_check_memory(memory);
	if (ret)
		return ret;
	/* A deleted transaction's enabler may have no adapter any more. */
	if (READ_ONCE(transaction->state) != DMABAY_DELETED) {
		adapter = transaction->enabler->adapter[direction];
		/* A system profile may have a channel for one direction only. */
		if (!adapter)
			return -EOPNOTSUPP;
		if (!dmabay_memory_suits(memory, adapter->dev))
			return -EINVAL;
		ret = dmabay_stage_check(transaction, adapter, memory, offset, length);
	}

	spin_lock_irqsave(&transaction->lock, flags);
	ret = initialize_prepare(transaction, adapter, ret);
	if (!ret) {
		transaction->program_dma = program_dma;
		transaction->direction = direction;
		transaction->memory = dmabay_memory_get(memory);
		transaction->offset = offset;
		transaction->length = length;
		/* What must go in one transfer was checked to fit. */
		transaction->max_length = transaction->single ? length :
			transaction->enabler->fragment_length[direction];
		WRITE_ONCE(transaction->transferred, 0);
		WRITE_ONCE(transaction->request, request);
		dmabay_system_begin(transaction);
	}
	spin_unlock_irqrestore(&transaction->lock, flags);
	return ret;
}

int dmabay_transaction_initialize_offset(struct dmabay_transaction *transaction,
					 dmabay_program_dma_t program_dma,
					 enum dmabay_direction direction,
					 struct dmabay_memory *memory, size_t offset,
					 size_t length)
{
	return initialize(transaction, program_dma, direction, memory, offset, length, NULL);
}
EXPORT_SYMBOL_GPL(dmabay_transaction_initialize_offset);

int dmabay_transaction_initialize(struct dmabay_transaction *transaction,
				  dmabay_program_dma_t program_dma,
				  enum dmabay_direction direction, struct dmabay_memory *memory,
				  size_t length)
{
	return initialize(transaction, program_dma, direction, memory, 0, length, NULL);
}
EXPORT_SYMBOL_GPL(dmabay_transaction_initialize);

int dmabay_transaction_initialize_request(struct dmabay_transaction *transaction,
					  struct dmabay_request *request,
					  dmabay_program_dma_t program_dma,
					  enum dmabay_direction direction)
{
	size_t length;
	int ret;

	if (!request || !program_dma || !dmabay_direction_exists(direction))
		return -EINVAL;
	ret = dmabay_request_range(request, direction, &length);
	if (ret)
		return ret;
	return initialize(transaction, program_dma, direction, request->memory, 0, length,
			  request);
}
EXPORT_SYMBOL_GPL(dmabay_transaction_initialize_request);

/**
 * dmabay_transaction_reset() - Back to the defaults
 * @transaction: the transaction; its lock is held
 *
 * Return: the memory, whose reference goes without the lock.
 */
struct dmabay_memory *dmabay_transaction_reset(struct dmabay_transaction *transaction)
{
	struct dmabay_memory *memory = transaction->memory;
	unsigned int flags = transaction->enabler->flags;

	lockdep_assert_held(&transaction->lock);
	transaction->program_dma = NULL;
	transaction->context = NULL;
	transaction->direction = DMABAY_READ_FROM_DEVICE;
	transaction->memory = NULL;
	transaction->offset = 0;
	transaction->length = 0;
	transaction->max_length = 0;
	WRITE_ONCE(transaction->transferred, 0);
	transaction->immediate = false;
	WRITE_ONCE(transaction->single, flags & DMABAY_ENABLER_SINGLE_TRANSFER);
	WRITE_ONCE(transaction->request, NULL);
	dmabay_system_reset(transaction);
	return memory;
}

int dmabay_transaction_release(struct dmabay_transaction *transaction)
{
	struct dmabay_leftover leftover = {};
	bool unlink = false, keep = false;
	unsigned long flags;
	int ret;

	ret = dmabay_check_transaction(transaction);
	if (ret)
		return ret;
	spin_lock_irqsave(&transaction->lock, flags);
	if (!dmabay_state_allows(transaction->state, DMABAY_CALL_RELEASE)) {
		ret = dmabay_state_illegal(transaction->state, DMABAY_CALL_RELEASE);
	} else if (transaction->state != DMABAY_RELEASED) {
		if (transaction->reservation_pending)
			dmabay_reservation_give_up(transaction, &leftover);
		keep = READ_ONCE(transaction->channel.keep_links);
		leftover.adapter = transaction->adapter;
		leftover.memory = dmabay_transaction_reset(transaction);
		unlink = transaction->reserved_registers &&
			 (!keep || (leftover.memory && leftover.memory->borrowed));
		dmabay_transaction_set_state(transaction, DMABAY_CALL_RELEASE, DMABAY_RELEASED);
	}
	spin_unlock_irqrestore(&transaction->lock, flags);

	if (unlink)
		dmabay_adapter_unlink(leftover.adapter, &transaction->channel,
				      keep ? leftover.memory : NULL);
	dmabay_leftover_free(transaction, &leftover);
	return ret;
}
EXPORT_SYMBOL_GPL(dmabay_transaction_release);

void dmabay_transaction_delete(struct dmabay_transaction *transaction)
{
	struct dmabay_enabler *enabler;
	struct dmabay_leftover leftover = {};
	unsigned long flags;

	if (!transaction || dmabay_check_transaction(transaction))
		return;
	spin_lock_irqsave(&transaction->lock, flags);
	if (!dmabay_state_allows(transaction->state, DMABAY_CALL_DELETE)) {
		dmabay_state_illegal(transaction->state, DMABAY_CALL_DELETE);
		spin_unlock_irqrestore(&transaction->lock, flags);
		return;
	}
	dmabay_reservation_give_up(transaction, &leftover);
	leftover.memory = dmabay_transaction_reset(transaction);
	dmabay_transaction_set_state(transaction, DMABAY_CALL_DELETE, DMABAY_DELETED);
	spin_unlock_irqrestore(&transaction->lock, flags);

	enabler = transaction->enabler;
	spin_lock_irqsave(&enabler->lock, flags);
	list_del_init(&transaction->node);
	spin_unlock_irqrestore(&enabler->lock, flags);
	dmabay_leftover_free(transaction, &leftover);
	dmabay_transaction_put(transaction);
}
EXPORT_SYMBOL_GPL(dmabay_transaction_delete);

int dmabay_transaction_unlink(struct dmabay_transaction *transaction,
			      struct dmabay_memory *memory)
{
	struct dmabay_adapter *adapter;
	unsigned long flags;
	bool deleted;

	if (dmabay_check_transaction(transaction) || dmabay_debug_may_not_sleep(__func__))
		return -EBADFD;
	might_sleep();
	spin_lock_irqsave(&transaction->lock, flags);
	deleted = transaction->state == DMABAY_DELETED;
	adapter = transaction->adapter;
	spin_unlock_irqrestore(&transaction->lock, flags);
	return deleted ? -EBADFD : dmabay_adapter_unlink(adapter, &transaction->channel, memory);
}
EXPORT_SYMBOL_GPL(dmabay_transaction_unlink);

void dmabay_transaction_set_keep_links(struct dmabay_transaction *transaction, bool keep)
{
	/* No lock covers mapping, which looks at it: it holds from the next link on. */
	WRITE_ONCE(transaction->channel.keep_links, keep);
}
EXPORT_SYMBOL_GPL(dmabay_transaction_set_keep_links);

void dmabay_transaction_set_failed(struct dmabay_transaction *transaction, dmabay_failed_t failed)
{
	unsigned long flags;

	spin_lock_irqsave(&transaction->lock, flags);
	transaction->failed = failed;
	spin_unlock_irqrestore(&transaction->lock, flags);
}
EXPORT_SYMBOL_GPL(dmabay_transaction_set_failed);

void dmabay_transaction_set_immediate(struct dmabay_transaction *transaction, bool immediate)
{
	unsigned long flags;

	spin_lock_irqsave(&transaction->lock, flags);
	if (!dmabay_state_allows(transaction->state, DMABAY_CALL_SET_IMMEDIATE))
		dmabay_state_illegal(transaction->state, DMABAY_CALL_SET_IMMEDIATE);
	WRITE_ONCE(transaction->immediate, immediate);
	spin_unlock_irqrestore(&transaction->lock, flags);
}
EXPORT_SYMBOL_GPL(dmabay_transaction_set_immediate);

void dmabay_transaction_set_single_transfer(struct dmabay_transaction *transaction, bool single)
{
	unsigned long flags;

	spin_lock_irqsave(&transaction->lock, flags);
	if (dmabay_state_allows(transaction->state, DMABAY_CALL_SET_SINGLE_TRANSFER))
		WRITE_ONCE(transaction->single, single);
	else
		dmabay_state_illegal(transaction->state, DMABAY_CALL_SET_SINGLE_TRANSFER);
	spin_unlock_irqrestore(&transaction->lock, flags);
}
EXPORT_SYMBOL_GPL(dmabay_transaction_set_single_transfer);

void dmabay_transaction_set_max_length(struct dmabay_transaction *transaction, size_t length)
{
	unsigned long flags;

	spin_lock_irqsave(&transaction->lock, flags);
	if (length &&
	    length < transaction->enabler->fragment_length[transaction->direction] &&
	    dmabay_state_allows(transaction->state, DMABAY_CALL_SET_MAX_LENGTH))
		WRITE_ONCE(transaction->max_length, length);
	spin_unlock_irqrestore(&transaction->lock, flags);
}
EXPORT_SYMBOL_GPL(dmabay_transaction_set_max_length);

int dmabay_transaction_transfer_info(struct dmabay_transaction *transaction,
				     unsigned int *map_registers, unsigned int *sg_elements)
{
	unsigned long flags;
	int ret;

	spin_lock_irqsave(&transaction->lock, flags);
	if (dmabay_state_allows(transaction->state, DMABAY_CALL_TRANSFER_INFO))
		ret = dmabay_adapter_transfer_info(transaction->adapter, transaction->memory,
						   transaction->offset, transaction->length,
						   map_registers, sg_elements);
	else
		ret = dmabay_state_illegal(transaction->state, DMABAY_CALL_TRANSFER_INFO);
	spin_unlock_irqrestore(&transaction->lock, flags);
	return ret;
}
EXPORT_SYMBOL_GPL(dmabay_transaction_transfer_info);

struct dmabay_channel *dmabay_transaction_channel(struct dmabay_transaction *transaction)
{
	unsigned long flags;
	bool legal;

	spin_lock_irqsave(&transaction->lock, flags);
	legal = dmabay_state_allows(transaction->state, DMABAY_CALL_CHANNEL);
	if (!legal)
		dmabay_state_illegal(transaction->state, DMABAY_CALL_CHANNEL);
	spin_unlock_irqrestore(&transaction->lock, flags);
	return legal ? &transaction->channel : NULL;
}
EXPORT_SYMBOL_GPL(dmabay_transaction_channel);

size_t dmabay_transaction_bytes_transferred(const struct dmabay_transaction *transaction)
{
	return READ_ONCE(transaction->transferred);
}
EXPORT_SYMBOL_GPL(dmabay_transaction_bytes_transferred);

size_t dmabay_transaction_current_length(const struct dmabay_transaction *transaction)
{
	return READ_ONCE(transaction->current_length);
}
EXPORT_SYMBOL_GPL(dmabay_transaction_current_length);

struct dmabay_request *dmabay_transaction_request(const struct dmabay_transaction *transaction)
{
	return READ_ONCE(transaction->request);
}
EXPORT_SYMBOL_GPL(dmabay_transaction_request);

const char *dmabay_transaction_state_name(const struct dmabay_transaction *transaction)
{
	return dmabay_state_name(READ_ONCE(transaction->state));
}
EXPORT_SYMBOL_GPL(dmabay_transaction_state_name);

struct device *dmabay_transaction_device(const struct dmabay_transaction *transaction)
{
	return transaction->enabler->dev;
}
EXPORT_SYMBOL_GPL(dmabay_transaction_device);

/**
 * dmabay_transactions_show() - List the transactions of an enabler
 * @enabler: the enabler
 * @seq: where to
 *
 * Context: any.
 */
void dmabay_transactions_show(struct dmabay_enabler *enabler, struct seq_file *seq)
{
	struct dmabay_transaction *transaction;
	unsigned long flags;

	spin_lock_irqsave(&enabler->lock, flags);
	list_for_each_entry(transaction, &enabler->transactions, node) {
		spin_lock(&transaction->lock);
		seq_printf(seq, "%p %s direction %s bytes %zu of %zu current %zu registers %u\n",
			   transaction, dmabay_state_name(transaction->state),
			   transaction->direction == DMABAY_WRITE_TO_DEVICE ? "write" : "read",
			   transaction->transferred, transaction->length,
			   transaction->current_length,
			   transaction->reserved_registers ?: transaction->held_registers);
		spin_unlock(&transaction->lock);
	}
	spin_unlock_irqrestore(&enabler->lock, flags);
}
