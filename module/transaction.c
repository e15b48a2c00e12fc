// SPDX-License-Identifier: GPL-2.0-only
/*
 * Transaction: one logical transfer, cut into as many as the device needs, on map
 * registers of its own or of a reservation.
 *
 * Staging is the step from one transfer to the next: cut, map, call program_dma.
 * Whoever stages first owns staging until nothing is left to stage; a completion
 * that comes meanwhile, inside program_dma or on another CPU, only marks that
 * there is more, and the owner does it after program_dma has returned. So
 * program_dma is never nested and never runs twice at a time, and the stack does
 * not grow with the number of transfers. The owner holds a reference, because the
 * driver may delete, or release and start anew, in the callback.
 *
 * A transfer is claimed before it is completed: the flag that says that one is
 * programmed is cleared under the lock, so one outcome is all there can be.
 *
 * A request for map registers holds a reference from the line until its routine
 * has run or it left the line. Grants are told apart by their routine, not by the
 * state, and a reservation that was given up while its grant was on the way is
 * handed back by the routine itself.
 */
#include <linux/export.h>
#include <linux/slab.h>

#include "dmabay_private.h"

struct dmabay_transaction {
	struct kref kref;
	struct dmabay_enabler *enabler;
	struct dmabay_adapter *adapter;
	struct list_head node; /* in the enabler's list, guarded by its lock */
	struct dmabay_channel channel;

	spinlock_t lock; /* guards all below */
	enum dmabay_state state;

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
	unsigned int needed_registers;
	size_t transferred;
	size_t current_length;
	bool programmed;
	bool immediate;

	/* somebody stages, and there is more for it to stage */
	bool staging;
	bool restage;
	/* dmabay_transaction_execute() is there to report a failure */
	bool executing;
	int execute_status;
};

static void transaction_free(struct kref *kref)
{
	struct dmabay_transaction *transaction =
		container_of(kref, struct dmabay_transaction, kref);

	if (transaction->channel.links != &transaction->channel.own_link)
		kfree(transaction->channel.links);
	dmabay_enabler_put(transaction->enabler);
	kfree(transaction);
}

static void transaction_get(struct dmabay_transaction *transaction)
{
	kref_get(&transaction->kref);
}

static void transaction_put(struct dmabay_transaction *transaction)
{
	kref_put(&transaction->kref, transaction_free);
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
	transaction = kzalloc_obj(*transaction);
	if (!transaction)
		return -ENOMEM;

	kref_init(&transaction->kref);
	spin_lock_init(&transaction->lock);
	kref_get(&enabler->kref);
	transaction->enabler = enabler;
	transaction->adapter = enabler->adapter;
	transaction->state = DMABAY_CREATED;
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

int dmabay_transaction_initialize_offset(struct dmabay_transaction *transaction,
					 dmabay_program_dma_t program_dma,
					 enum dmabay_direction direction,
					 struct dmabay_memory *memory, size_t offset,
					 size_t length)
{
	unsigned long flags;
	int ret;

	ret = initialize_check(program_dma, direction, memory, offset, length);
	if (ret)
		return ret;

	spin_lock_irqsave(&transaction->lock, flags);
	if (!dmabay_state_allows(transaction->state, DMABAY_CALL_INITIALIZE) ||
	    transaction->reservation_pending) {
		ret = dmabay_state_illegal(transaction->state, DMABAY_CALL_INITIALIZE);
	} else {
		transaction->program_dma = program_dma;
		transaction->direction = direction;
		transaction->memory = dmabay_memory_get(memory);
		transaction->offset = offset;
		transaction->length = length;
		transaction->max_length = transaction->enabler->fragment_length;
		transaction->transferred = 0;
		transaction->state = DMABAY_INITIALIZED;
	}
	spin_unlock_irqrestore(&transaction->lock, flags);
	return ret;
}
EXPORT_SYMBOL_GPL(dmabay_transaction_initialize_offset);

int dmabay_transaction_initialize(struct dmabay_transaction *transaction,
				  dmabay_program_dma_t program_dma,
				  enum dmabay_direction direction, struct dmabay_memory *memory,
				  size_t length)
{
	return dmabay_transaction_initialize_offset(transaction, program_dma, direction, memory, 0,
						    length);
}
EXPORT_SYMBOL_GPL(dmabay_transaction_initialize);

/* Back to the defaults. Returns the memory, whose reference goes without the lock. */
static struct dmabay_memory *transaction_reset(struct dmabay_transaction *transaction)
{
	struct dmabay_memory *memory = transaction->memory;

	lockdep_assert_held(&transaction->lock);
	transaction->program_dma = NULL;
	transaction->context = NULL;
	transaction->direction = DMABAY_READ_FROM_DEVICE;
	transaction->memory = NULL;
	transaction->offset = 0;
	transaction->length = 0;
	transaction->max_length = 0;
	transaction->transferred = 0;
	transaction->immediate = false;
	return memory;
}

/*
 * The transaction is over. Registers of its own go back, and may be granted to
 * others on this thread.
 */
static void transaction_finish(struct dmabay_transaction *transaction, enum dmabay_state state)
{
	unsigned int held_registers;
	unsigned long flags;

	transaction_get(transaction);
	spin_lock_irqsave(&transaction->lock, flags);
	transaction->state = state;
	transaction->current_length = 0;
	held_registers = transaction->held_registers;
	transaction->held_registers = 0;
	spin_unlock_irqrestore(&transaction->lock, flags);

	if (held_registers)
		dmabay_adapter_free_map_registers(transaction->adapter, &transaction->channel,
						  held_registers);
	transaction_put(transaction);
}

/* What one transfer of this transaction can need at most. */
static unsigned int registers_needed(const struct dmabay_transaction *transaction)
{
	size_t c = min(transaction->length, transaction->max_length);
	struct dmabay_extent extent;

	dmabay_memory_extent(transaction->memory, transaction->offset, c, &extent);
	if (c == transaction->length && extent.length == c)
		return extent.pages;
	/* Whatever part completes, and however groups lie: the worst offset. */
	return min_t(unsigned long, dmabay_span_pages(PAGE_SIZE - 1, c),
		     transaction->adapter->map_registers);
}

/* How much the next transfer should be, before the adapter has its say. */
static size_t next_length(const struct dmabay_transaction *transaction, size_t position)
{
	size_t c = min(transaction->length - transaction->transferred, transaction->max_length);
	struct dmabay_extent extent;
	size_t fits;

	if (!transaction->reserved_registers ||
	    transaction->needed_registers <= transaction->reserved_registers)
		return c;
	dmabay_memory_extent(transaction->memory, position, c, &extent);
	fits = ((size_t)transaction->reserved_registers << PAGE_SHIFT) - extent.in_page;
	return min(c, fits);
}

/* Stage one transfer: cut, map, program. */
static int stage_one(struct dmabay_transaction *transaction)
{
	enum dmabay_direction direction;
	dmabay_program_dma_t program_dma;
	struct dmabay_memory *memory;
	struct dmabay_sg_list list;
	size_t position, length;
	unsigned long flags;
	void *context;
	int ret;

	spin_lock_irqsave(&transaction->lock, flags);
	position = transaction->offset + transaction->transferred;
	length = next_length(transaction, position);
	direction = transaction->direction;
	memory = transaction->memory;
	program_dma = transaction->program_dma;
	context = transaction->context;
	spin_unlock_irqrestore(&transaction->lock, flags);

	ret = dmabay_adapter_map_transfer(transaction->adapter, &transaction->channel, memory,
					  position, &length, direction, &list);
	if (ret)
		return ret;

	spin_lock_irqsave(&transaction->lock, flags);
	transaction->current_length = length;
	transaction->programmed = true;
	spin_unlock_irqrestore(&transaction->lock, flags);

	program_dma(transaction, transaction->enabler->dev, context, direction, &list);
	return 0;
}

/*
 * Stage, or leave it to whoever is at it. On failure the transaction is over, and
 * the caller has to say so to somebody.
 */
static int transaction_stage(struct dmabay_transaction *transaction)
{
	unsigned long flags;
	bool again;
	int ret;

	spin_lock_irqsave(&transaction->lock, flags);
	if (transaction->staging) {
		transaction->restage = true;
		spin_unlock_irqrestore(&transaction->lock, flags);
		return 0;
	}
	transaction->staging = true;
	spin_unlock_irqrestore(&transaction->lock, flags);

	transaction_get(transaction);
	do {
		ret = stage_one(transaction);
		spin_lock_irqsave(&transaction->lock, flags);
		again = transaction->restage;
		transaction->restage = false;
		transaction->staging = again;
		spin_unlock_irqrestore(&transaction->lock, flags);
	} while (again);
	if (ret)
		transaction_finish(transaction, DMABAY_FAILED);
	transaction_put(transaction);
	return ret;
}

/* The registers for one execution are there. */
static enum dmabay_channel_action execute_granted(struct dmabay_adapter *adapter,
						  struct dmabay_channel *channel, void *context)
{
	struct dmabay_transaction *transaction = context;
	dmabay_failed_t failed = NULL;
	unsigned long flags;
	void *failed_context = NULL;
	int ret;

	spin_lock_irqsave(&transaction->lock, flags);
	transaction->held_registers = channel->map_registers;
	spin_unlock_irqrestore(&transaction->lock, flags);

	ret = transaction_stage(transaction);
	if (ret) {
		spin_lock_irqsave(&transaction->lock, flags);
		if (transaction->executing) {
			transaction->execute_status = ret;
		} else {
			failed = transaction->failed;
			failed_context = transaction->context;
		}
		spin_unlock_irqrestore(&transaction->lock, flags);
		if (failed)
			failed(transaction, failed_context, ret);
	}
	transaction_put(transaction);
	return DMABAY_DEALLOCATE_OBJECT_KEEP_REGISTERS;
}

/* Ask for registers; they may come, and all be over, before this returns. */
static int execute_unreserved(struct dmabay_transaction *transaction, unsigned int flags)
{
	unsigned long irq_flags;
	int ret;

	transaction_get(transaction); /* the request's */
	transaction_get(transaction); /* ours, to look at the outcome */
	ret = dmabay_adapter_ask(transaction->adapter, &transaction->channel,
				 transaction->needed_registers, flags, execute_granted,
				 transaction);
	if (ret) {
		transaction_finish(transaction, DMABAY_FAILED);
		transaction_put(transaction);
	}
	spin_lock_irqsave(&transaction->lock, irq_flags);
	transaction->executing = false;
	if (!ret)
		ret = transaction->execute_status;
	spin_unlock_irqrestore(&transaction->lock, irq_flags);
	transaction_put(transaction);
	return ret;
}

int dmabay_transaction_execute(struct dmabay_transaction *transaction, void *context)
{
	unsigned int channel_flags = DMABAY_CHANNEL_REGISTERS_ONLY;
	unsigned long flags;
	bool reserved;
	int ret = 0;

	spin_lock_irqsave(&transaction->lock, flags);
	if (!dmabay_state_allows(transaction->state, DMABAY_CALL_EXECUTE)) {
		ret = dmabay_state_illegal(transaction->state, DMABAY_CALL_EXECUTE);
		spin_unlock_irqrestore(&transaction->lock, flags);
		return ret;
	}
	transaction->state = DMABAY_TRANSFER;
	transaction->context = context;
	transaction->needed_registers = registers_needed(transaction);
	reserved = transaction->reserved_registers;
	if (!reserved) {
		transaction->executing = true;
		transaction->execute_status = 0;
	}
	if (transaction->immediate)
		channel_flags |= DMABAY_CHANNEL_IMMEDIATE;
	spin_unlock_irqrestore(&transaction->lock, flags);

	return reserved ? transaction_stage(transaction)
			: execute_unreserved(transaction, channel_flags);
}
EXPORT_SYMBOL_GPL(dmabay_transaction_execute);

/*
 * End the transfer under way. @length is SIZE_MAX for all of it; @final ends the
 * transaction whatever is left.
 */
static int transaction_complete(struct dmabay_transaction *transaction, size_t length, bool final)
{
	unsigned long flags;
	bool over, beyond;
	int ret;

	spin_lock_irqsave(&transaction->lock, flags);
	if (!dmabay_state_allows(transaction->state, DMABAY_CALL_COMPLETED) ||
	    !transaction->programmed) {
		ret = dmabay_state_illegal(transaction->state, DMABAY_CALL_COMPLETED);
		spin_unlock_irqrestore(&transaction->lock, flags);
		return ret;
	}
	transaction->programmed = false;
	if (length == SIZE_MAX)
		length = transaction->current_length;
	beyond = length > transaction->current_length;
	if (!beyond) {
		transaction->transferred += length;
		transaction->current_length = length;
	}
	over = final || transaction->transferred == transaction->length;
	spin_unlock_irqrestore(&transaction->lock, flags);

	ret = beyond ? -EINVAL : dmabay_adapter_flush(transaction->adapter, &transaction->channel,
						      length);
	if (ret)
		dmabay_adapter_abandon(transaction->adapter, &transaction->channel);
	if (ret || over) {
		transaction_finish(transaction, ret ? DMABAY_FAILED : DMABAY_COMPLETED);
		return ret;
	}
	return transaction_stage(transaction) ?: -EINPROGRESS;
}

int dmabay_transaction_completed(struct dmabay_transaction *transaction)
{
	return transaction_complete(transaction, SIZE_MAX, false);
}
EXPORT_SYMBOL_GPL(dmabay_transaction_completed);

int dmabay_transaction_completed_length(struct dmabay_transaction *transaction, size_t length)
{
	return transaction_complete(transaction, min_t(size_t, length, SIZE_MAX - 1), false);
}
EXPORT_SYMBOL_GPL(dmabay_transaction_completed_length);

int dmabay_transaction_completed_final(struct dmabay_transaction *transaction, size_t length)
{
	return transaction_complete(transaction, min_t(size_t, length, SIZE_MAX - 1), true);
}
EXPORT_SYMBOL_GPL(dmabay_transaction_completed_final);

/*
 * The reserved registers are there, unless nobody wants them any more.
 */
static enum dmabay_channel_action reserve_granted(struct dmabay_adapter *adapter,
						  struct dmabay_channel *channel, void *context)
{
	struct dmabay_transaction *transaction = context;
	dmabay_reserved_t reserved;
	void *reserved_context;
	unsigned long flags;
	bool withdrawn;

	spin_lock_irqsave(&transaction->lock, flags);
	withdrawn = transaction->reservation_withdrawn;
	transaction->reservation_withdrawn = false;
	transaction->reservation_pending = false;
	reserved = transaction->reserved;
	reserved_context = transaction->reserved_context;
	spin_unlock_irqrestore(&transaction->lock, flags);

	if (withdrawn)
		dmabay_adapter_free_map_registers(adapter, channel, channel->map_registers);
	else
		reserved(transaction, reserved_context);
	transaction_put(transaction);
	return DMABAY_DEALLOCATE_OBJECT_KEEP_REGISTERS;
}

/* Room in the ledger for as many links as the registers can hold. */
static int reserve_links(struct dmabay_channel *channel, unsigned int map_registers)
{
	u16 capacity = min(map_registers, DMABAY_LINKS_MAX);
	struct dmabay_link *links;

	if (channel->links && channel->link_capacity >= capacity)
		return 0;
	links = kcalloc(capacity, sizeof(*links), GFP_ATOMIC | __GFP_NOWARN);
	if (!links)
		return -ENOMEM;
	if (channel->links != &channel->own_link)
		kfree(channel->links);
	channel->links = links;
	channel->link_capacity = capacity;
	return 0;
}

/* Everything of a reservation but the asking; under the lock. */
static int reserve_prepare(struct dmabay_transaction *transaction, unsigned int map_registers,
			   dmabay_reserved_t reserved, void *context)
{
	enum dmabay_call call = map_registers ? DMABAY_CALL_RESERVE : DMABAY_CALL_RESERVE_DERIVED;
	u64 wanted = map_registers;
	int ret = 0;

	if (!dmabay_state_allows(transaction->state, call) || transaction->reserved_registers)
		return dmabay_state_illegal(transaction->state, call);
	if (!wanted)
		wanted = dmabay_memory_span(transaction->memory, transaction->offset,
					    transaction->length);

	/* The last one may be on its way back at this moment, on another CPU. */
	if (wanted > transaction->adapter->map_registers || transaction->reservation_withdrawn)
		ret = -ENOMEM;
	else
		ret = reserve_links(&transaction->channel, wanted);
	transaction->state = ret ? DMABAY_FAILED : DMABAY_RESERVED;
	if (ret)
		return ret;

	transaction->reserved_registers = wanted;
	transaction->reservation_pending = true;
	transaction->reserved = reserved;
	transaction->reserved_context = context;
	return 0;
}

int dmabay_transaction_reserve(struct dmabay_transaction *transaction,
			       enum dmabay_direction direction, unsigned int map_registers,
			       dmabay_reserved_t reserved, void *context)
{
	unsigned int channel_flags = DMABAY_CHANNEL_REGISTERS_ONLY;
	struct dmabay_memory *memory = NULL;
	unsigned long flags;
	bool immediate;
	int ret;

	if (!dmabay_direction_exists(direction) || !reserved)
		return -EINVAL;

	spin_lock_irqsave(&transaction->lock, flags);
	ret = reserve_prepare(transaction, map_registers, reserved, context);
	if (ret) {
		spin_unlock_irqrestore(&transaction->lock, flags);
		return ret;
	}
	map_registers = transaction->reserved_registers;
	immediate = transaction->immediate;
	memory = transaction_reset(transaction);
	transaction->immediate = immediate;
	spin_unlock_irqrestore(&transaction->lock, flags);
	dmabay_memory_put(memory);

	if (immediate)
		channel_flags |= DMABAY_CHANNEL_IMMEDIATE;
	transaction_get(transaction); /* the request's */
	ret = dmabay_adapter_ask(transaction->adapter, &transaction->channel, map_registers,
				 channel_flags, reserve_granted, transaction);
	if (ret) {
		spin_lock_irqsave(&transaction->lock, flags);
		transaction->state = DMABAY_FAILED;
		transaction->reserved_registers = 0;
		transaction->reservation_pending = false;
		spin_unlock_irqrestore(&transaction->lock, flags);
		transaction_put(transaction);
	}
	return ret;
}
EXPORT_SYMBOL_GPL(dmabay_transaction_reserve);

/* What giving up a transaction leaves to be done without the lock. */
struct leftover {
	struct dmabay_memory *memory;
	unsigned int map_registers;
	bool withdraw;
};

/*
 * Give up the reservation, under the lock. One that is pending is marked, for the
 * case that its grant is on the way and cannot be stopped in the line.
 */
static void reservation_give_up(struct dmabay_transaction *transaction, struct leftover *leftover)
{
	lockdep_assert_held(&transaction->lock);
	if (transaction->reservation_pending) {
		transaction->reservation_pending = false;
		transaction->reservation_withdrawn = true;
		leftover->withdraw = true;
	} else {
		leftover->map_registers = transaction->reserved_registers;
	}
	transaction->reserved_registers = 0;
}

static void leftover_free(struct dmabay_transaction *transaction, struct leftover *leftover)
{
	unsigned long flags;

	dmabay_memory_put(leftover->memory);
	if (leftover->withdraw &&
	    dmabay_adapter_cancel_channel(transaction->adapter, &transaction->channel)) {
		spin_lock_irqsave(&transaction->lock, flags);
		transaction->reservation_withdrawn = false;
		spin_unlock_irqrestore(&transaction->lock, flags);
		transaction_put(transaction);
	}
	if (leftover->map_registers)
		dmabay_adapter_free_map_registers(transaction->adapter, &transaction->channel,
						  leftover->map_registers);
}

int dmabay_transaction_free_reservation(struct dmabay_transaction *transaction)
{
	struct leftover leftover = {};
	unsigned long flags;
	int ret = 0;

	transaction_get(transaction);
	spin_lock_irqsave(&transaction->lock, flags);
	if (dmabay_state_allows(transaction->state, DMABAY_CALL_FREE_RESERVATION)) {
		reservation_give_up(transaction, &leftover);
		leftover.memory = transaction_reset(transaction);
		transaction->state = DMABAY_RELEASED;
	} else {
		ret = dmabay_state_illegal(transaction->state, DMABAY_CALL_FREE_RESERVATION);
	}
	spin_unlock_irqrestore(&transaction->lock, flags);
	leftover_free(transaction, &leftover);
	transaction_put(transaction);
	return ret;
}
EXPORT_SYMBOL_GPL(dmabay_transaction_free_reservation);

int dmabay_transaction_release(struct dmabay_transaction *transaction)
{
	struct leftover leftover = {};
	unsigned long flags;
	bool unlink = false;
	int ret = 0;

	spin_lock_irqsave(&transaction->lock, flags);
	if (!dmabay_state_allows(transaction->state, DMABAY_CALL_RELEASE)) {
		ret = dmabay_state_illegal(transaction->state, DMABAY_CALL_RELEASE);
	} else if (transaction->state != DMABAY_RELEASED) {
		if (transaction->reservation_pending)
			reservation_give_up(transaction, &leftover);
		unlink = transaction->reserved_registers && !transaction->channel.keep_links;
		leftover.memory = transaction_reset(transaction);
		transaction->state = DMABAY_RELEASED;
	}
	spin_unlock_irqrestore(&transaction->lock, flags);

	if (unlink)
		dmabay_adapter_unlink(transaction->adapter, &transaction->channel, NULL);
	leftover_free(transaction, &leftover);
	return ret;
}
EXPORT_SYMBOL_GPL(dmabay_transaction_release);

void dmabay_transaction_delete(struct dmabay_transaction *transaction)
{
	struct dmabay_enabler *enabler;
	struct leftover leftover = {};
	unsigned long flags;

	if (!transaction)
		return;
	spin_lock_irqsave(&transaction->lock, flags);
	if (!dmabay_state_allows(transaction->state, DMABAY_CALL_DELETE)) {
		dmabay_state_illegal(transaction->state, DMABAY_CALL_DELETE);
		spin_unlock_irqrestore(&transaction->lock, flags);
		return;
	}
	reservation_give_up(transaction, &leftover);
	leftover.memory = transaction_reset(transaction);
	transaction->state = DMABAY_DELETED;
	spin_unlock_irqrestore(&transaction->lock, flags);

	enabler = transaction->enabler;
	spin_lock_irqsave(&enabler->lock, flags);
	list_del_init(&transaction->node);
	spin_unlock_irqrestore(&enabler->lock, flags);
	leftover_free(transaction, &leftover);
	transaction_put(transaction);
}
EXPORT_SYMBOL_GPL(dmabay_transaction_delete);

bool dmabay_transaction_cancel(struct dmabay_transaction *transaction)
{
	unsigned long flags;
	bool waits, legal;

	spin_lock_irqsave(&transaction->lock, flags);
	legal = dmabay_state_allows(transaction->state, DMABAY_CALL_CANCEL);
	if (!legal)
		dmabay_state_illegal(transaction->state, DMABAY_CALL_CANCEL);
	waits = transaction->reservation_pending || transaction->state == DMABAY_TRANSFER;
	spin_unlock_irqrestore(&transaction->lock, flags);

	if (!legal || !waits ||
	    !dmabay_adapter_cancel_channel(transaction->adapter, &transaction->channel))
		return false;

	spin_lock_irqsave(&transaction->lock, flags);
	transaction->state = DMABAY_FAILED;
	transaction->reserved_registers = 0;
	transaction->reservation_pending = false;
	spin_unlock_irqrestore(&transaction->lock, flags);
	transaction_put(transaction);
	return true;
}
EXPORT_SYMBOL_GPL(dmabay_transaction_cancel);

int dmabay_transaction_unlink(struct dmabay_transaction *transaction,
			      struct dmabay_memory *memory)
{
	might_sleep();
	return dmabay_adapter_unlink(transaction->adapter, &transaction->channel, memory);
}
EXPORT_SYMBOL_GPL(dmabay_transaction_unlink);

void dmabay_transaction_set_keep_links(struct dmabay_transaction *transaction, bool keep)
{
	transaction->channel.keep_links = keep;
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
	transaction->immediate = immediate;
	spin_unlock_irqrestore(&transaction->lock, flags);
}
EXPORT_SYMBOL_GPL(dmabay_transaction_set_immediate);

void dmabay_transaction_set_max_length(struct dmabay_transaction *transaction, size_t length)
{
	unsigned long flags;

	spin_lock_irqsave(&transaction->lock, flags);
	if (length && length < transaction->enabler->fragment_length &&
	    dmabay_state_allows(transaction->state, DMABAY_CALL_SET_MAX_LENGTH))
		transaction->max_length = length;
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

struct device *dmabay_transaction_device(const struct dmabay_transaction *transaction)
{
	return transaction->enabler->dev;
}
EXPORT_SYMBOL_GPL(dmabay_transaction_device);
