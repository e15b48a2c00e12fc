// SPDX-License-Identifier: GPL-2.0-only
/*
 * A pair of rings: memory that the user shares with the kernel, in which he leaves transfers
 * and finds completions, so that many cost one system call, or none.
 *
 * Owned by its file, which has one at most, from DMABAY_RINGS until the file is released. A
 * mapping keeps the file, so nobody has the memory by then; it is refcounted pages all the
 * same. It is mapped whole, at once: there is no fault to handle and no part to take away.
 *
 * Who takes transfers holds &dmabay_ring_pair.mutex. Completions are added under
 * &dmabay_file.completion_lock, in any context: those of transfers that end at once by who
 * takes them, the others when they end. A transfer that was told in the ring is free. What
 * finds no place stays in the queue of the file, its transfer is not free, and whoever comes
 * by later adds it, oldest first, so the order is that of the queue. One that is refused has
 * no such place, and is left in the ring until there is one in the other.
 *
 * The other side may be hostile, and write any time anywhere. So an entry is copied once,
 * and what was copied is what is looked at; a number of the user's is read once, and says
 * no more than how many entries there are, never where; those of the kernel are kept here,
 * and what is in the shared memory is only told. The order of the accesses is that of
 * io_uring's rings: with release to move a number, with acquire to look at the other
 * side's, and a full barrier between moving one and looking whether somebody sleeps.
 */
#include <linux/align.h>
#include <linux/fs.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

#include "batch.h"
#include "trace_user.h"
#include "words.h"

/* Completions that are added before others get the lock. */
#define DMABAY_FLUSH_CHUNK	64U

/* One behind the other, each where its entries are aligned. */
static_assert(IS_ALIGNED(sizeof(struct dmabay_rings_head), __alignof__(struct dmabay_transfer)));
static_assert(IS_ALIGNED(sizeof(struct dmabay_transfer), __alignof__(struct dmabay_completion)));
static_assert(sizeof(struct dmabay_enter) == 5 * sizeof(u64));

/* ---- the ring of completions ---- */

/**
 * dmabay_rings_unread() - How many completions are in the ring?
 * @pair: the rings
 *
 * Context: any.
 * Return: so many; all that fit, if what the user says cannot be.
 */
u32 dmabay_rings_unread(const struct dmabay_ring_pair *pair)
{
	/* Pairs with the user's release: he has read what is overwritten next. */
	u32 head = smp_load_acquire(&pair->head->completion_head);

	return min(READ_ONCE(pair->completed) - head, pair->completion_entries);
}

static u32 dmabay_rings_room(const struct dmabay_ring_pair *pair)
{
	return pair->completion_entries - dmabay_rings_unread(pair);
}

static struct dmabay_completion *dmabay_rings_next(struct dmabay_ring_pair *pair)
{
	return &pair->completions[pair->completed & (pair->completion_entries - 1)];
}

/* The next one was filled. */
static void dmabay_rings_advance(struct dmabay_ring_pair *pair)
{
	WRITE_ONCE(pair->completed, pair->completed + 1);
	/* Pairs with the user's acquire, as all of the tail. */
	smp_store_release(&pair->head->completion_tail, pair->completed);
}

static void dmabay_rings_add(struct dmabay_ring_pair *pair, struct dmabay_user_transfer *transfer)
{
	trace_dmabay_transfer_read(transfer->reservation, transfer);
	dmabay_completion_fill(dmabay_rings_next(pair), transfer);
	dmabay_rings_advance(pair);
	dmabay_transfer_give(transfer->reservation, transfer);
}

/* Some that lie side by side, of one reservation, which succeeded. */
static __always_inline void dmabay_rings_fill(struct dmabay_completion *completion,
					      const struct dmabay_transfer *ended, u32 count)
{
	const struct dmabay_transfer *end = ended + count;
	u64 success = dmabay_completion_success(ended);
	u64 *word = (u64 *)completion;

	for (; ended < end; ended++, word += 3) {
		word[0] = ended->cookie;
		word[1] = ended->length;
		word[2] = success;
	}
}

/* As many as there are places for. They are the caller's. */
static u32 dmabay_rings_add_some(struct dmabay_file *file, struct dmabay_ring_pair *pair,
				 const struct dmabay_batch *batch)
{
	u32 count = min(batch->ended_count, dmabay_rings_room(pair)), i;
	u32 from = pair->completed & (pair->completion_entries - 1);
	u32 to_end = min(count, pair->completion_entries - from);

	lockdep_assert_held(&file->completion_lock);

	dmabay_rings_fill(pair->completions + from, batch->wanted, to_end);
	if (unlikely(to_end < count))
		dmabay_rings_fill(pair->completions, batch->wanted + to_end, count - to_end);
	WRITE_ONCE(pair->completed, pair->completed + count);
	/* As in dmabay_rings_advance(). */
	smp_store_release(&pair->head->completion_tail, pair->completed);
	if (unlikely(file->event))
		for (i = 0; i < count; i++)
			dmabay_event_signal(file);

	return count;
}

static void dmabay_rings_wake(struct dmabay_file *file)
{
	if (wq_has_sleeper(&file->wait))
		wake_up_poll(&file->wait, EPOLLIN | EPOLLRDNORM);
}

/**
 * dmabay_rings_tell() - A transfer ended
 * @file: its file, which has rings; its completion_lock is held
 * @transfer: the transfer; free if it was told
 *
 * Context: any.
 * Return: false if there is no place for it.
 */
bool dmabay_rings_tell(struct dmabay_file *file, struct dmabay_user_transfer *transfer)
{
	struct dmabay_ring_pair *pair = file->rings;

	lockdep_assert_held(&file->completion_lock);

	if (!list_empty(&file->completions) || !dmabay_rings_room(pair)) {
		WRITE_ONCE(pair->head->completion_flags, DMABAY_COMPLETION_OVERFLOW);
		return false;
	}
	dmabay_rings_add(pair, transfer);

	return true;
}

/**
 * dmabay_rings_mark() - Say whether there are completions that found no place
 * @file: the file, which has rings; its completion_lock is held
 *
 * Context: any.
 */
void dmabay_rings_mark(struct dmabay_file *file)
{
	lockdep_assert_held(&file->completion_lock);

	WRITE_ONCE(file->rings->head->completion_flags,
		   list_empty(&file->completions) ? 0 : DMABAY_COMPLETION_OVERFLOW);
}

/* Returns how many were added. */
static u32 dmabay_rings_flush_some(struct dmabay_file *file)
{
	struct dmabay_ring_pair *pair = file->rings;
	struct dmabay_user_transfer *transfer;
	u32 added;

	spin_lock_irq(&file->completion_lock);
	for (added = 0; added < DMABAY_FLUSH_CHUNK; added++) {
		if (list_empty(&file->completions) || !dmabay_rings_room(pair))
			break;
		transfer = list_first_entry(&file->completions, struct dmabay_user_transfer, node);
		dmabay_completion_remove(file, transfer);
		dmabay_rings_add(pair, transfer);
	}
	dmabay_rings_mark(file);
	spin_unlock_irq(&file->completion_lock);

	return added;
}

/**
 * dmabay_rings_flush() - Add completions that had found no place
 * @file: the file, which has rings
 *
 * Context: may sleep.
 */
void dmabay_rings_flush(struct dmabay_file *file)
{
	u32 added = 0, some;

	do {
		some = dmabay_rings_flush_some(file);
		added += some;
		cond_resched();
	} while (some == DMABAY_FLUSH_CHUNK);

	if (added)
		dmabay_rings_wake(file);
}

/**
 * dmabay_rings_ready() - Has somebody who waits for completions something to do?
 * @file: the file
 * @pair: its rings
 * @needed: how many he waits for
 *
 * Context: any.
 * Return: whether they are there, or others to be added.
 */
bool dmabay_rings_ready(struct dmabay_file *file, const struct dmabay_ring_pair *pair, u32 needed)
{
	return dmabay_rings_unread(pair) >= needed ||
	       (READ_ONCE(file->completed) && dmabay_rings_room(pair));
}

/* ---- the ring of transfers ---- */

/* Some that lie side by side, word by word, as dmabay_transfers_from_user() does. */
static __always_inline void dmabay_rings_copy_some(struct dmabay_ring_pair *pair, u32 to,
						   u32 from, u32 count, struct dmabay_alike *alike)
{
	const u64 *first = (const u64 *)pair->chunk;
	const u64 *theirs = (const u64 *)(pair->submissions + from);
	const u64 *end = (const u64 *)(pair->submissions + from + count);
	u64 *word = (u64 *)(pair->chunk + to);

	for (; theirs < end; theirs += 7, word += 7) {
		word[0] = READ_ONCE(theirs[0]);
		word[1] = READ_ONCE(theirs[1]);
		word[2] = READ_ONCE(theirs[2]);
		word[3] = READ_ONCE(theirs[3]);
		word[4] = READ_ONCE(theirs[4]);
		word[5] = READ_ONCE(theirs[5]);
		word[6] = READ_ONCE(theirs[6]);
		alike->different |= (word[0] ^ first[0]) | (word[2] ^ first[2]) |
				    (word[4] ^ first[4]) | word[6];
		alike->offsets |= word[1];
		alike->device_addresses |= word[3];
	}
}

/* Once: from here on the user may write what he likes. */
static void dmabay_rings_copy(struct dmabay_ring_pair *pair, u32 count)
{
	u32 from = pair->taken & (pair->submission_entries - 1);
	u32 to_end = min(count, pair->submission_entries - from);
	struct dmabay_alike alike = {};

	lockdep_assert_held(&pair->mutex);

	dmabay_rings_copy_some(pair, 0, from, to_end, &alike);
	if (unlikely(to_end < count))
		dmabay_rings_copy_some(pair, to_end, 0, count - to_end, &alike);
	pair->alike = alike;
}

/* Tells of transfers that have ended by now. Those that find no place are for the queue. */
static void dmabay_rings_tell_batch(struct dmabay_file *file, struct dmabay_ring_pair *pair)
{
	struct dmabay_batch *batch = &pair->batch;
	u32 told = 0;

	lockdep_assert_held(&pair->mutex);

	if (batch->ended_count) {
		spin_lock_irq(&file->completion_lock);
		if (list_empty(&file->completions))
			told = dmabay_rings_add_some(file, pair, batch);
		spin_unlock_irq(&file->completion_lock);
	}
	dmabay_batch_told(batch, told);

	if (told)
		dmabay_rings_wake(file);
}

/* Tells why a transfer is not started. Returns false if there is no place for that. */
static bool dmabay_rings_refuse(struct dmabay_file *file, struct dmabay_ring_pair *pair,
				const struct dmabay_transfer *refused, int status)
{
	bool told;

	spin_lock_irq(&file->completion_lock);
	told = list_empty(&file->completions) && dmabay_rings_room(pair);
	if (told) {
		*dmabay_rings_next(pair) = (struct dmabay_completion) {
			.cookie = refused->cookie,
			.status = status,
			.reservation = refused->reservation,
		};
		dmabay_rings_advance(pair);
		dmabay_event_signal(file);
	}
	spin_unlock_irq(&file->completion_lock);

	if (told)
		dmabay_rings_wake(file);

	return told;
}

/*
 * Starts some of the transfers that were copied; at least one, or tells why it is refused, or
 * returns why it is left in the ring: -EAGAIN or -EINTR.
 */
static int dmabay_rings_submit(struct dmabay_file *file, struct dmabay_ring_pair *pair,
			       const struct dmabay_transfer *wanted, u32 count,
			       enum dmabay_fences fences, u32 *taken)
{
	struct dmabay_batch *batch = &pair->batch;
	int ret;

	batch->file = file;
	batch->wanted = wanted;
	batch->count = count;
	/* One alone is asked as fast. */
	batch->alike = count > 1 ? &pair->alike : NULL;
	batch->fences = fences;
	ret = dmabay_batch_submit(batch);
	dmabay_rings_tell_batch(file, pair);
	*taken = batch->submitted;
	/* By now they may have given their slots back. */
	if (ret == -EAGAIN && *taken)
		ret = 0;
	if (!ret || ret == -EAGAIN || ret == -EINTR)
		return ret;
	if (!dmabay_rings_refuse(file, pair, wanted + *taken, ret))
		return -EAGAIN;
	++*taken;

	return 0;
}

/* Some of at most @count transfers that are there. */
static int dmabay_rings_take_some(struct dmabay_file *file, struct dmabay_ring_pair *pair,
				  u32 count, enum dmabay_fences fences, u32 *taken)
{
	int ret = 0;
	u32 some;

	count = min(count, DMABAY_BATCH_MAX);
	dmabay_rings_copy(pair, count);
	for (*taken = 0; *taken < count && !ret; *taken += some)
		ret = dmabay_rings_submit(file, pair, pair->chunk + *taken, count - *taken,
					  fences, &some);

	/* The user may use these entries again. */
	WRITE_ONCE(pair->taken, pair->taken + *taken);
	/* Pairs with the user's acquire: they were copied before. */
	smp_store_release(&pair->head->submission_head, pair->taken);

	return ret;
}

/**
 * dmabay_rings_added() - How many transfers are in the ring?
 * @pair: the rings
 *
 * Context: any.
 * Return: so many; all that fit, if what the user says cannot be.
 */
u32 dmabay_rings_added(const struct dmabay_ring_pair *pair)
{
	/* Pairs with the user's release: he has filled them. */
	u32 tail = smp_load_acquire(&pair->head->submission_tail);

	return min(tail - READ_ONCE(pair->taken), pair->submission_entries);
}

/**
 * dmabay_rings_take() - Start transfers that are in the ring
 * @file: the file, which has rings
 * @count: how many at most
 * @fences: what to do about the fences of a dma-buf
 * @taken: out: how many are not in the ring any more
 *
 * Those that were added when this was called.
 *
 * Context: may sleep.
 * Return: 0, or why there are some left: -EAGAIN, -EINTR.
 */
int dmabay_rings_take(struct dmabay_file *file, u32 count, enum dmabay_fences fences, u32 *taken)
{
	struct dmabay_ring_pair *pair = file->rings;
	int ret = 0;
	u32 some;

	*taken = 0;
	if (mutex_lock_interruptible(&pair->mutex))
		return -EINTR;

	if (READ_ONCE(file->completed))
		dmabay_rings_flush(file);
	count = min(count, dmabay_rings_added(pair));
	while (count && !ret) {
		ret = dmabay_rings_take_some(file, pair, count, fences, &some);
		*taken += some;
		count -= some;
		if (!count)
			break;
		if (!ret && signal_pending(current))
			ret = -EINTR;
		cond_resched();
	}
	mutex_unlock(&pair->mutex);

	return ret;
}

/* ---- the memory ---- */

static int dmabay_rings_refuse_split(struct vm_area_struct *vma, unsigned long address)
{
	return -EINVAL;
}

static int dmabay_rings_refuse_move(struct vm_area_struct *vma)
{
	return -EINVAL;
}

static const struct vm_operations_struct dmabay_rings_vm_operations = {
	.may_split = dmabay_rings_refuse_split,
	.mremap = dmabay_rings_refuse_move,
};

/**
 * dmabay_rings_mmap() - mmap of the node
 * @filp: the file
 * @vma: where to
 *
 * Return: 0, -ENOENT (no rings), -EINVAL (not all of them, or not shared), -ENODEV, -ENOMEM.
 */
int dmabay_rings_mmap(struct file *filp, struct vm_area_struct *vma)
{
	struct dmabay_file *file = filp->private_data;
	const struct dmabay_ring_pair *pair = READ_ONCE(file->rings);
	unsigned long left;

	if (READ_ONCE(file->device->gone))
		return -ENODEV;
	if (!pair)
		return -ENOENT;
	if (!(vma->vm_flags & VM_SHARED) || vma->vm_pgoff != DMABAY_RINGS_OFFSET >> PAGE_SHIFT ||
	    vma_pages(vma) != pair->page_count)
		return -EINVAL;

	vm_flags_set(vma, VM_DONTCOPY | VM_DONTEXPAND);
	vma->vm_ops = &dmabay_rings_vm_operations;
	left = pair->page_count;

	return vm_insert_pages(vma, vma->vm_start, pair->pages, &left);
}

/* Pages that can be mapped by both sides. The mapping in the kernel frees them. */
static void *dmabay_rings_map(struct dmabay_ring_pair *pair)
{
	gfp_t gfp = GFP_KERNEL_ACCOUNT | __GFP_NOWARN;
	unsigned long count;
	void *memory = NULL;

	pair->pages = kvmalloc_array(pair->page_count, sizeof(*pair->pages), gfp);
	if (!pair->pages)
		return NULL;

	for (count = 0; count < pair->page_count; count++) {
		pair->pages[count] = alloc_page(gfp | __GFP_ZERO);
		if (!pair->pages[count])
			goto err_free;
	}
	memory = vmap(pair->pages, pair->page_count, VM_MAP | VM_MAP_PUT_PAGES, PAGE_KERNEL);
	if (memory)
		return memory;

err_free:
	while (count--)
		__free_page(pair->pages[count]);
	kvfree(pair->pages);
	return NULL;
}

/* Both begin shortly before their numbers wrap: no program meets that years later. */
static void dmabay_rings_begin(struct dmabay_ring_pair *pair)
{
	pair->taken = -pair->submission_entries;
	pair->completed = -pair->completion_entries;
	*pair->head = (struct dmabay_rings_head) {
		.submission_tail = pair->taken,
		.submission_head = pair->taken,
		.completion_tail = pair->completed,
		.completion_head = pair->completed,
	};
}

static struct dmabay_ring_pair *dmabay_rings_alloc(const struct dmabay_rings *wanted)
{
	struct dmabay_ring_pair *pair;
	void *memory;
	int ret;

	pair = kvzalloc(sizeof(*pair), GFP_KERNEL_ACCOUNT);
	if (!pair)
		return ERR_PTR(-ENOMEM);

	pair->submission_entries = wanted->submission_entries;
	pair->completion_entries = wanted->completion_entries;
	pair->page_count = wanted->length >> PAGE_SHIFT;
	init_waitqueue_head(&pair->wait);
	mutex_init(&pair->mutex);

	ret = dmabay_pages_charge(pair->page_count, &pair->charged);
	if (ret)
		goto err_free;

	memory = dmabay_rings_map(pair);
	if (!memory) {
		ret = -ENOMEM;
		goto err_uncharge;
	}
	pair->head = memory;
	pair->submissions = memory + wanted->submission_offset;
	pair->completions = memory + wanted->completion_offset;
	dmabay_rings_begin(pair);

	return pair;

err_uncharge:
	dmabay_pages_uncharge(pair->page_count, pair->charged);
err_free:
	kvfree(pair);
	return ERR_PTR(ret);
}

/**
 * dmabay_rings_free() - Give the memory back
 * @pair: the rings, which nobody has mapped or uses any more; or NULL
 *
 * Context: may sleep.
 */
void dmabay_rings_free(struct dmabay_ring_pair *pair)
{
	if (!pair)
		return;

	vfree(pair->head);
	dmabay_pages_uncharge(pair->page_count, pair->charged);
	mutex_destroy(&pair->mutex);
	kvfree(pair);
}

/* ---- the commands ---- */

/*
 * From here on completions go there, also those that nobody has read. Who is refused gets no
 * answer, and nothing fails after it.
 */
static int dmabay_rings_offer(struct dmabay_file *file, struct dmabay_ring_pair *pair,
			      const struct dmabay_command *command)
{
	int ret = -EBUSY;

	/* Who reads right now has them in his hands, and would read them twice. */
	if (mutex_lock_interruptible(&file->read_mutex))
		return -EINTR;
	if (!file->rings)
		ret = dmabay_command_respond(command);
	if (!ret) {
		spin_lock_irq(&file->completion_lock);
		/* Pairs with all who look for rings without the lock. */
		smp_store_release(&file->rings, pair);
		spin_unlock_irq(&file->completion_lock);
	}
	mutex_unlock(&file->read_mutex);
	if (ret)
		return ret;

	dmabay_rings_flush(file);
	wake_up_poll(&file->wait, EPOLLIN | EPOLLRDNORM);

	return 0;
}

/**
 * dmabay_ioctl_rings() - DMABAY_RINGS
 * @command: the command
 *
 * Return: 0 or a negative errno.
 */
int dmabay_ioctl_rings(struct dmabay_command *command)
{
	struct dmabay_rings *arguments = command->data;
	struct dmabay_file *file = command->file;
	struct dmabay_ring_pair *pair;
	int ret;

	if (arguments->flags)
		return -EOPNOTSUPP;
	if (!is_power_of_2(arguments->submission_entries) ||
	    !is_power_of_2(arguments->completion_entries))
		return -EINVAL;
	if (arguments->submission_entries > DMABAY_MAX_DEPTH ||
	    arguments->completion_entries > DMABAY_MAX_DEPTH)
		return -E2BIG;
	if (READ_ONCE(file->rings))
		return -EBUSY;

	arguments->submission_offset = sizeof(struct dmabay_rings_head);
	arguments->completion_offset = arguments->submission_offset +
		arguments->submission_entries * sizeof(struct dmabay_transfer);
	arguments->length = PAGE_ALIGN(arguments->completion_offset +
		arguments->completion_entries * sizeof(struct dmabay_completion));

	pair = dmabay_rings_alloc(arguments);
	if (IS_ERR(pair))
		return PTR_ERR(pair);

	ret = dmabay_rings_offer(file, pair, command);
	if (ret)
		dmabay_rings_free(pair);

	return ret;
}

/* Waits until so many completions are in the ring. Returns how many are, or will be. */
static int dmabay_rings_wait(struct dmabay_file *file, u32 needed, u64 deadline, u32 *unread)
{
	struct dmabay_ring_pair *pair = file->rings;
	int waited = 0;
	bool ended;

	for (;;) {
		/* Before the queue is looked at: nothing is added once it is true. */
		ended = smp_load_acquire(&file->ended);
		if (READ_ONCE(file->completed))
			dmabay_rings_flush(file);
		*unread = dmabay_rings_unread(pair);
		if (ended)
			return *unread ? 0 : -ENODEV;
		if (*unread >= needed)
			return 0;
		if (waited)
			return waited;
		/* Others may take them as fast as they come. */
		if (signal_pending(current))
			return -EINTR;
		waited = dmabay_completions_wait(file, pair, needed, deadline);
	}
}

/* The answer is two numbers; everything else is as the user has it. */
static int dmabay_rings_respond(const struct dmabay_enter *arguments,
				struct dmabay_enter __user *user)
{
	if (!user_write_access_begin(user, sizeof(*user)))
		return -EFAULT;
	unsafe_put_user(arguments->submitted, &user->submitted, err_fault);
	unsafe_put_user(arguments->completed, &user->completed, err_fault);
	user_write_access_end();

	return 0;

err_fault:
	user_write_access_end();
	return -EFAULT;
}

static int dmabay_rings_enter(struct dmabay_file *file, struct dmabay_enter *arguments,
			      struct dmabay_enter __user *user, bool nonblock)
{
	enum dmabay_fences fences = nonblock ? DMABAY_FENCES_REFUSE : DMABAY_FENCES_WAIT;
	u32 needed = nonblock ? 0 : arguments->min_complete;
	int ret = 0;

	arguments->submitted = 0;
	if (arguments->count && !READ_ONCE(file->device->gone))
		ret = dmabay_rings_take(file, arguments->count, fences, &arguments->submitted);
	if (ret && !arguments->submitted)
		return ret;
	/* What was left will not complete: do not wait for it. */
	if (ret)
		needed = 0;

	ret = dmabay_rings_wait(file, needed, arguments->deadline, &arguments->completed);
	if (ret && !arguments->submitted)
		return ret;

	return dmabay_rings_respond(arguments, user);
}

/* The struct is copied; the answer goes to that of the user. */
static __always_inline int dmabay_rings_enter_or_poll(struct dmabay_file *file,
						      struct dmabay_enter *arguments,
						      struct dmabay_enter __user *user,
						      bool nonblock)
{
	bool poll = arguments->flags & DMABAY_ENTER_POLL;
	/* Pairs with dmabay_rings_offer(). */
	struct dmabay_ring_pair *pair = smp_load_acquire(&file->rings);

	if (arguments->flags & ~(DMABAY_ENTER_POLL | DMABAY_ENTER_STOP))
		return -EOPNOTSUPP;
	if (poll && (arguments->count || arguments->min_complete ||
		     arguments->flags & DMABAY_ENTER_STOP))
		return -EINVAL;
	if (!poll && arguments->idle)
		return -EINVAL;
	if (!pair)
		return -ENOENT;
	if (arguments->min_complete > pair->completion_entries)
		return -EINVAL;
	if (poll)
		return dmabay_poller_run(file, arguments->idle, arguments->deadline);

	if (arguments->flags & DMABAY_ENTER_STOP)
		atomic_set(&pair->stopped, 1);
	dmabay_poller_wake(file);

	return dmabay_rings_enter(file, arguments, user, nonblock);
}

/**
 * dmabay_enter_directly() - DMABAY_ENTER, as it is asked for most of the time
 * @file: the file, open for writing
 * @user: the user's struct
 * @nonblock: wait for nothing
 *
 * Return: as dmabay_ioctl_enter(); -ENOIOCTLCMD if that has to look at the struct.
 */
int dmabay_enter_directly(struct dmabay_file *file, struct dmabay_enter __user *user,
			  bool nonblock)
{
	struct dmabay_enter arguments __dmabay_uninitialized;

	if (dmabay_fives_from_user(&arguments, user) || arguments.size != sizeof(arguments))
		return -ENOIOCTLCMD;

	return dmabay_rings_enter_or_poll(file, &arguments, user, nonblock);
}

/**
 * dmabay_ioctl_enter() - DMABAY_ENTER
 * @command: the command
 *
 * Return: 0 or a negative errno.
 */
int dmabay_ioctl_enter(struct dmabay_command *command)
{
	return dmabay_rings_enter_or_poll(command->file, command->data, command->user,
					  command->nonblock);
}
