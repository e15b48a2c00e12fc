// SPDX-License-Identifier: GPL-2.0-only
/*
 * Stage: from one transfer of a transaction to the next.
 *
 * Staging is one step: cut, get map registers if there are none, map, call
 * program_dma. Whoever stages first owns staging until nothing is left to stage; a
 * completion or a grant that comes meanwhile, inside program_dma or on another CPU,
 * only marks that there is more, and the owner does it when program_dma has
 * returned. So program_dma is never nested and never runs twice at a time, and the
 * stack does not grow with the number of transfers. The owner holds a reference,
 * because the driver may delete, or release and start anew, in the callback.
 *
 * A packet transaction keeps its registers from the first transfer to the last. One
 * of a scatter-gather profile gives them back with each transfer and asks anew for
 * the next, behind all others who wait. One of a system profile is a packet transaction
 * to which a controller belongs as well (system.c).
 *
 * A transfer is claimed before it is completed: the flag that says that one is
 * programmed is cleared under the lock, so one outcome is all there can be. A
 * failure goes to the one caller who is there: execute, the completion that owns
 * staging, or, after a wait, the failed callback.
 *
 * The state says that it is over when the registers are back, and in the same moment it
 * is decided who is told: nobody can begin the transaction anew before both.
 */
#include <linux/export.h>
#include <linux/slab.h>

#include "transaction.h"

/* What one transfer of a packet transaction can need at most. */
static unsigned int packet_registers(const struct dmabay_transaction *transaction)
{
	size_t c = min(transaction->length, transaction->max_length);
	struct dmabay_extent extent;

	/* Nobody else can use any, as long as it has the controller. */
	if (dmabay_transaction_is_system(transaction))
		return transaction->adapter->map_registers;
	dmabay_memory_extent(transaction->memory, transaction->offset, c, &extent);
	if (c == transaction->length && extent.length == c)
		return extent.pages;
	/* Whatever part completes, and however groups lie: the worst offset. */
	return min_t(unsigned long, dmabay_span_pages(PAGE_SIZE - 1, c),
		     transaction->adapter->map_registers);
}

/* The next packet transfer; its group and its registers may end it earlier (adapter.c). */
static void cut_packet(struct dmabay_transaction *transaction)
{
	transaction->next_length = min(transaction->length - transaction->transferred,
				       READ_ONCE(transaction->max_length));
}

/*
 * The next scatter-gather transfer: as many whole groups as the adapter has registers
 * for. The limit of elements is held against all that was to be cut.
 */
static int cut_list(struct dmabay_transaction *transaction)
{
	size_t position = transaction->offset + transaction->transferred;
	size_t c = min(transaction->length - transaction->transferred,
		       READ_ONCE(transaction->max_length));
	unsigned int most = transaction->adapter->map_registers;
	struct dmabay_extent extent;
	u64 registers = 0;

	transaction->next_length = 0;
	transaction->needed_registers = 0;
	while (c) {
		dmabay_memory_extent(transaction->memory, position, c, &extent);
		registers += extent.pages;
		if (registers <= most) {
			transaction->next_length += extent.length;
			transaction->needed_registers += extent.pages;
		}
		position += extent.length;
		c -= extent.length;
	}
	if (!transaction->single &&
	    registers > dmabay_enabler_max_sg_elements(transaction->enabler))
		return -E2BIG;
	return 0;
}

/* May all of it go in one transfer? */
static int check_single(struct dmabay_transaction *transaction, struct dmabay_adapter *adapter,
			const struct dmabay_memory *memory, size_t offset, size_t length)
{
	const struct dmabay_enabler *enabler = transaction->enabler;
	unsigned int map_registers, elements;
	int ret;

	if (length > enabler->max_length)
		return -EMSGSIZE;
	ret = dmabay_adapter_transfer_info(adapter, memory, offset, length, &map_registers,
					   &elements);
	if (ret)
		return ret;
	if (map_registers > (transaction->reserved_registers ?: adapter->map_registers))
		return -ENOSPC;
	if (elements > dmabay_enabler_max_sg_elements(enabler) ||
	    elements > dmabay_adapter_list_capacity(adapter))
		return -E2BIG;
	return 0;
}

/* Will each transfer of a list stay below the limit of elements? */
static int check_fragments(const struct dmabay_enabler *enabler,
			   const struct dmabay_memory *memory, size_t offset, size_t length,
			   size_t max_length)
{
	size_t limit = dmabay_enabler_max_sg_elements(enabler);

	if (limit == DMABAY_UNLIMITED_SG_ELEMENTS)
		return 0;
	while (length) {
		size_t c = min(length, max_length);

		if (dmabay_memory_span(memory, offset, c) > limit)
			return -E2BIG;
		offset += c;
		length -= c;
	}
	return 0;
}

/**
 * dmabay_stage_check() - Can this memory be transferred at all?
 * @transaction: the transaction
 * @adapter: the adapter of the direction
 * @memory: the memory
 * @offset: bytes into it
 * @length: bytes; inside the memory
 *
 * Return: 0, or -EMSGSIZE, -ENOSPC, -E2BIG, see dmabay_transaction_initialize_offset().
 */
int dmabay_stage_check(struct dmabay_transaction *transaction, struct dmabay_adapter *adapter,
		       const struct dmabay_memory *memory, size_t offset, size_t length)
{
	if (READ_ONCE(transaction->single))
		return check_single(transaction, adapter, memory, offset, length);
	if (!dmabay_transaction_takes_lists(transaction))
		return 0;
	return check_fragments(transaction->enabler, memory, offset, length,
			       min(transaction->enabler->max_length,
				   dmabay_pages_bytes(adapter->map_registers - 1)));
}

/**
 * dmabay_stage_end_request() - The request's execution ends
 * @transaction: the transaction; its lock is held
 *
 * Return: the request to be told, without the lock, by dmabay_request_end(); or NULL.
 */
struct dmabay_request *dmabay_stage_end_request(struct dmabay_transaction *transaction)
{
	lockdep_assert_held(&transaction->lock);
	if (!transaction->request_begun)
		return NULL;
	transaction->request_begun = false;
	return transaction->request;
}

/* Room that was made for one transfer goes with it. */
static void drop_room(struct dmabay_transaction *transaction)
{
	if (!(transaction->enabler->flags & DMABAY_ENABLER_NO_LIST_PREALLOCATION))
		return;
	kfree(transaction->room);
	transaction->room = NULL;
}

static int make_room(struct dmabay_transaction *transaction)
{
	unsigned int capacity = transaction->needed_registers;

	if (!(transaction->enabler->flags & DMABAY_ENABLER_NO_LIST_PREALLOCATION))
		return 0;
	transaction->room = kmalloc(struct_size(transaction->room, elements, capacity),
				    GFP_ATOMIC | __GFP_NOWARN);
	if (!transaction->room)
		return -ENOMEM;
	transaction->list.elements = transaction->room->elements;
	transaction->list.capacity = capacity;
	return 0;
}

/*
 * Registers of its own go back, and may be granted to others on this thread. Nobody
 * else takes or gives any while this transfer is being ended.
 */
static void give_held(struct dmabay_transaction *transaction)
{
	unsigned int map_registers = transaction->held_registers;
	unsigned long flags;

	if (!map_registers)
		return;
	spin_lock_irqsave(&transaction->lock, flags);
	transaction->held_registers = 0;
	spin_unlock_irqrestore(&transaction->lock, flags);
	dmabay_transaction_give_back(transaction, transaction->adapter, map_registers);
}

/*
 * Staging that a grant began has failed: execute may be there to return it. If not, the
 * one to be called, without the lock, is returned.
 */
static dmabay_failed_t tell_execute(struct dmabay_transaction *transaction, int status)
{
	lockdep_assert_held(&transaction->lock);
	if (!transaction->execute_status)
		return transaction->failed;
	*transaction->execute_status = status;
	return NULL;
}

/* The transaction is over. @untold: an errno that no caller is here to return, or 0. */
static void transaction_finish(struct dmabay_transaction *transaction, enum dmabay_call call,
			       enum dmabay_state state, int untold)
{
	struct dmabay_request *request;
	dmabay_failed_t failed = NULL;
	struct dmabay_context saved;
	unsigned long flags;
	void *context;

	kref_get(&transaction->kref);
	drop_room(transaction);
	give_held(transaction);
	spin_lock_irqsave(&transaction->lock, flags);
	dmabay_transaction_set_state(transaction, call, state);
	WRITE_ONCE(transaction->current_length, 0);
	context = transaction->context;
	if (untold)
		failed = tell_execute(transaction, untold);
	request = dmabay_stage_end_request(transaction);
	spin_unlock_irqrestore(&transaction->lock, flags);
	dmabay_request_end(request);
	if (failed) {
		dmabay_context_save(&saved);
		failed(transaction, context, untold);
		dmabay_context_compare(&saved, "failed", failed);
	}
	dmabay_transaction_put(transaction);
}

/*
 * Map what was cut, and have the device programmed with it. Until it is, nobody else
 * changes what is executing.
 */
static int map_and_program(struct dmabay_transaction *transaction)
{
	size_t position = transaction->offset + transaction->transferred;
	dmabay_program_dma_t program_dma = transaction->program_dma;
	enum dmabay_direction direction = transaction->direction;
	size_t length = transaction->next_length;
	void *context = transaction->context;
	struct dmabay_context saved;
	unsigned long flags;
	int ret;

	if (dmabay_transaction_is_system(transaction)) {
		ret = dmabay_system_configure(transaction, position, length);
		if (ret)
			return min(ret, 0);
	}
	ret = make_room(transaction);
	if (ret)
		return ret;
	if (dmabay_transaction_is_system(transaction))
		ret = dmabay_system_start(transaction, position, &length);
	else
		ret = dmabay_adapter_map_transfer(transaction->adapter, &transaction->channel,
						  transaction->memory, position, &length,
						  direction, &transaction->list);
	if (ret)
		return ret;

	spin_lock_irqsave(&transaction->lock, flags);
	WRITE_ONCE(transaction->current_length, length);
	transaction->programmed = true;
	spin_unlock_irqrestore(&transaction->lock, flags);

	dmabay_context_save(&saved);
	program_dma(transaction, transaction->enabler->dev, context, direction,
		    &transaction->list);
	dmabay_context_compare(&saved, "program_dma", program_dma);
	return 0;
}

static int ask_registers(struct dmabay_transaction *transaction);

/* One step: with registers there is a transfer, without there is a question. */
static int stage_one(struct dmabay_transaction *transaction)
{
	int ret;

	if (dmabay_transaction_takes_lists(transaction)) {
		/* Cut when it asked, for as many registers as it has got. */
		if (READ_ONCE(transaction->held_registers))
			return map_and_program(transaction);
		ret = cut_list(transaction);
		return ret ?: ask_registers(transaction);
	}
	cut_packet(transaction);
	return map_and_program(transaction);
}

/* Become the one who stages, or leave it to whoever is at it. Under the lock. */
static bool stage_claim(struct dmabay_transaction *transaction)
{
	lockdep_assert_held(&transaction->lock);
	if (transaction->staging) {
		transaction->restage = true;
		return false;
	}
	transaction->staging = true;
	return true;
}

/*
 * Stage until there is nothing to stage, and pass on what a controller has said
 * meanwhile. On failure the transaction is over, and the caller returns it, unless what
 * began this was a grant.
 */
static int stage_run(struct dmabay_transaction *transaction, bool granted)
{
	bool stage = true, again;
	unsigned long flags;
	int ret = 0;

	kref_get(&transaction->kref);
	do {
		if (stage)
			ret = stage_one(transaction);
		dmabay_system_pass_on(transaction);
		spin_lock_irqsave(&transaction->lock, flags);
		stage = transaction->restage;
		again = stage || dmabay_system_has_word(transaction);
		transaction->restage = false;
		transaction->staging = again;
		spin_unlock_irqrestore(&transaction->lock, flags);
	} while (again);
	if (ret && granted && dmabay_transaction_is_system(transaction))
		dmabay_system_failed(transaction, ret);
	else if (ret)
		transaction_finish(transaction, DMABAY_CALL_REFUSE, DMABAY_FAILED,
				   granted ? ret : 0);
	dmabay_transaction_put(transaction);
	return ret;
}

/* The registers that an execution asked for are there. */
static enum dmabay_channel_action registers_granted(struct dmabay_adapter *adapter,
						    struct dmabay_channel *channel, void *context)
{
	struct dmabay_transaction *transaction = context;
	enum dmabay_channel_action action = dmabay_transaction_channel_action(transaction);
	unsigned long flags;
	bool owner;

	spin_lock_irqsave(&transaction->lock, flags);
	transaction->held_registers = channel->map_registers;
	owner = stage_claim(transaction);
	spin_unlock_irqrestore(&transaction->lock, flags);

	if (owner)
		stage_run(transaction, true);
	dmabay_transaction_put(transaction);
	return action;
}

/* Ask for registers; they may come, and all be over, before this returns. */
static int ask_registers(struct dmabay_transaction *transaction)
{
	unsigned int channel_flags = dmabay_transaction_channel_flags(transaction);
	int ret;

	kref_get(&transaction->kref); /* the question's */
	ret = dmabay_adapter_ask(transaction->adapter, &transaction->channel,
				 transaction->needed_registers, channel_flags, registers_granted,
				 transaction);
	if (ret)
		dmabay_transaction_put(transaction);
	return ret;
}

/* Execute without a reservation: ask; for a list, how much depends on the cut. */
static int execute_unreserved(struct dmabay_transaction *transaction,
			      struct dmabay_request *request, int *status)
{
	unsigned long flags;
	int ret = 0;

	dmabay_request_begin(request);
	kref_get(&transaction->kref); /* to look at the outcome */
	if (dmabay_transaction_takes_lists(transaction))
		ret = cut_list(transaction);
	if (!ret)
		ret = ask_registers(transaction);
	if (ret)
		transaction_finish(transaction, DMABAY_CALL_REFUSE, DMABAY_FAILED, 0);

	spin_lock_irqsave(&transaction->lock, flags);
	/* A later execution may have begun meanwhile, whose outcome is not this one's. */
	if (transaction->execute_status == status)
		transaction->execute_status = NULL;
	if (!ret)
		ret = *status;
	spin_unlock_irqrestore(&transaction->lock, flags);
	dmabay_transaction_put(transaction);
	return ret;
}

/*
 * Under the lock: it is executing from here on, and without a reservation a failure
 * goes to @status. Returns the request, if any.
 */
static struct dmabay_request *execute_begin(struct dmabay_transaction *transaction, void *context,
					    int *status)
{
	dmabay_transaction_set_state(transaction, DMABAY_CALL_EXECUTE, DMABAY_TRANSFER);
	transaction->context = context;
	transaction->request_begun = transaction->request;
	/* An earlier execute, which has not returned yet, is not to hear of this one. */
	transaction->execute_status = transaction->reserved_registers ? NULL : status;
	if (!transaction->reserved_registers && !dmabay_transaction_takes_lists(transaction))
		transaction->needed_registers = packet_registers(transaction);
	return transaction->request;
}

/* May it execute? Under the lock. */
static int execute_check(struct dmabay_transaction *transaction)
{
	if (!dmabay_state_allows(transaction->state, DMABAY_CALL_EXECUTE))
		return dmabay_state_illegal(transaction->state, DMABAY_CALL_EXECUTE);
	/* The channel is still on its way back at this moment, on another CPU. */
	if (!transaction->reserved_registers && transaction->reservation_withdrawn) {
		dmabay_transaction_set_state(transaction, DMABAY_CALL_EXECUTE, DMABAY_TRANSFER);
		dmabay_transaction_set_state(transaction, DMABAY_CALL_REFUSE, DMABAY_FAILED);
		return -ENOMEM;
	}
	return 0;
}

int dmabay_transaction_execute(struct dmabay_transaction *transaction, void *context)
{
	struct dmabay_request *request;
	bool reserved, owner = false;
	unsigned long flags;
	int ret, status = 0;

	ret = dmabay_check_transaction(transaction);
	if (ret)
		return ret;
	spin_lock_irqsave(&transaction->lock, flags);
	ret = execute_check(transaction);
	if (ret) {
		spin_unlock_irqrestore(&transaction->lock, flags);
		return ret;
	}
	request = execute_begin(transaction, context, &status);
	reserved = transaction->reserved_registers;
	if (reserved && !request)
		owner = stage_claim(transaction);
	spin_unlock_irqrestore(&transaction->lock, flags);

	if (!reserved)
		return execute_unreserved(transaction, request, &status);
	if (request) {
		/* Only then may whoever stages end it. */
		dmabay_request_begin(request);
		spin_lock_irqsave(&transaction->lock, flags);
		owner = stage_claim(transaction);
		spin_unlock_irqrestore(&transaction->lock, flags);
	}
	return owner ? stage_run(transaction, false) : 0;
}
EXPORT_SYMBOL_GPL(dmabay_transaction_execute);

/*
 * Claim the transfer under way, and count what it moved. @length is SIZE_MAX for all
 * of it, and all of it on return; -EINVAL: it is above that.
 */
static int claim_transfer(struct dmabay_transaction *transaction, size_t *length)
{
	unsigned long flags;
	int ret = 0;

	spin_lock_irqsave(&transaction->lock, flags);
	if (!dmabay_state_allows(transaction->state, DMABAY_CALL_COMPLETED) ||
	    !transaction->programmed) {
		ret = dmabay_state_illegal(transaction->state, DMABAY_CALL_COMPLETED);
		spin_unlock_irqrestore(&transaction->lock, flags);
		return ret;
	}
	/* What a controller still does, or is yet to be told, is not over. */
	if (transaction->system.awaited ||
	    (transaction->channel.mapped && transaction->adapter->controller &&
	     dmabay_controller_is_running(transaction->adapter->controller))) {
		spin_unlock_irqrestore(&transaction->lock, flags);
		return -EBUSY;
	}
	transaction->programmed = false;
	if (*length == SIZE_MAX)
		*length = transaction->current_length;
	if (*length > transaction->current_length) {
		ret = -EINVAL;
	} else {
		WRITE_ONCE(transaction->transferred, transaction->transferred + *length);
		WRITE_ONCE(transaction->current_length, 0);
	}
	spin_unlock_irqrestore(&transaction->lock, flags);
	return ret;
}

/* Under way no more: on to the next one. */
static int stage_next(struct dmabay_transaction *transaction)
{
	unsigned long flags;
	bool owner;

	if (dmabay_transaction_takes_lists(transaction)) {
		drop_room(transaction);
		give_held(transaction);
	}
	spin_lock_irqsave(&transaction->lock, flags);
	owner = stage_claim(transaction);
	spin_unlock_irqrestore(&transaction->lock, flags);
	if (!owner)
		return -EINPROGRESS;
	return stage_run(transaction, false) ?: -EINPROGRESS;
}

/* End the transfer under way; @final ends the transaction whatever is left. */
static int transaction_complete(struct dmabay_transaction *transaction, size_t length, bool final)
{
	bool left;
	int ret;

	ret = dmabay_check_transaction(transaction);
	if (ret)
		return ret;
	ret = claim_transfer(transaction, &length);
	if (ret == -EBADFD || ret == -EBUSY)
		return ret;
	left = transaction->transferred < transaction->length;
	/* A driver may have said that there shall be no transfer. */
	if (!ret && transaction->channel.mapped)
		ret = dmabay_adapter_flush(transaction->adapter, &transaction->channel, length);
	if (ret)
		dmabay_adapter_abandon(transaction->adapter, &transaction->channel);
	else if (left && transaction->single)
		ret = -EMSGSIZE;
	if (!ret && left && !final)
		return stage_next(transaction);
	transaction_finish(transaction, DMABAY_CALL_COMPLETED,
			   ret ? DMABAY_FAILED : DMABAY_COMPLETED, 0);
	return ret;
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
