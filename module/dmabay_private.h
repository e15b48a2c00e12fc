/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the core share.
 *
 * Calls go down only: transaction.c and enabler.c (KMDF layer) call adapter.c
 * (WDM layer), which calls mapregs.c and the provider behind its ops table,
 * which call memory.c, links.c, slots.c and the DMA API.
 *
 * Lock order, outermost first; all are taken with interrupts off:
 *
 *	enabler->lock		the list of transactions
 *	transaction->lock	state and accounting of one transaction
 *	adapter->lock		credits, slots and the line of waiters
 *	channel->lock		the link ledger of one slot
 *
 * None is ever held over a callback. None but channel->lock is held over a call
 * into the IOMMU.
 */
#ifndef _DMABAY_PRIVATE_H
#define _DMABAY_PRIVATE_H

#include <linux/kref.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/spinlock.h>

#include <linux/dmabay.h>

#include "compat.h"

/*
 * Memory (memory.c). Pages are numbered through all groups: page 0 is the first
 * page of the first group, and every group starts with a page of its own.
 */

/* Consecutive page frames that belong together. */
struct dmabay_piece {
	unsigned long pfn;
	u32 page;
	u32 pages;
};

/* What Windows calls an MDL. */
struct dmabay_group {
	size_t offset;
	size_t length;
	u32 page;
	u32 pages;
	u32 in_page;
};

struct dmabay_memory {
	struct kref kref;
	struct rcu_head rcu;
	bool read_only;
	size_t length;
	u32 group_count;
	u32 piece_count;
	/* the first piece that holds an aligned DMABAY_TABLE_PAGES, or piece_count */
	u32 huge_piece;
	struct dmabay_group *groups;
	struct dmabay_piece *pieces;
};

/* What one page table of 64-bit entries translates, in pages: a huge page's worth. */
#define DMABAY_TABLE_PAGES	(PAGE_SIZE / sizeof(u64))

/* So many bytes of one group. */
struct dmabay_extent {
	u32 page;
	u32 pages;
	u32 in_page;
	size_t length;
};

void dmabay_memory_extent(const struct dmabay_memory *memory, size_t offset, size_t length,
			  struct dmabay_extent *extent);

/* A walk over the page frames of a memory, run by run. */
struct dmabay_walk {
	const struct dmabay_piece *piece;
	u32 skip;
	u32 left;
};

void dmabay_walk_start(struct dmabay_walk *walk, const struct dmabay_memory *memory, u32 page,
		       u32 pages);

/* The run at the walk's position: its pages, 0 at the end; @pfn is the first frame. */
static inline u32 dmabay_walk_run(const struct dmabay_walk *walk, unsigned long *pfn)
{
	*pfn = walk->piece->pfn + walk->skip;
	return min(walk->piece->pages - walk->skip, walk->left);
}

/* Go on by @pages, not more than the run has. */
static inline void dmabay_walk_advance(struct dmabay_walk *walk, u32 pages)
{
	walk->left -= pages;
	walk->skip += pages;
	if (walk->left && walk->skip == walk->piece->pages) {
		walk->piece++;
		walk->skip = 0;
	}
}

u64 dmabay_memory_span(const struct dmabay_memory *memory, size_t offset, size_t length);
unsigned int dmabay_memory_group_count(const struct dmabay_memory *memory, size_t offset,
				       size_t length);
void dmabay_memory_copy(const struct dmabay_memory *memory, size_t offset, void *buffer,
			size_t length, enum dmabay_direction direction);

/*
 * Slots (slots.c): numbers of pages in a window, handed out in naturally aligned
 * powers of two.
 */
#define DMABAY_SLOT_CLASSES	24

struct dmabay_slot_class {
	u32 page;
	u32 count;
	unsigned long *busy;
};

/*
 * With every slot that has a whole page table of its own comes one of half a table,
 * see mapregs_iova.c.
 */
#define DMABAY_SPARE_PAGES	(DMABAY_TABLE_PAGES / 2)

struct dmabay_slots {
	u32 pages;
	u32 classes;
	struct dmabay_slot_class class[DMABAY_SLOT_CLASSES];
};

u64 dmabay_slots_pages(unsigned int map_registers);
int dmabay_slots_create(struct dmabay_slots *slots, unsigned int map_registers);
void dmabay_slots_destroy(struct dmabay_slots *slots);
bool dmabay_slots_take(struct dmabay_slots *slots, struct dmabay_channel *channel);
void dmabay_slots_give(struct dmabay_slots *slots, struct dmabay_channel *channel);

/*
 * Links (links.c): the ledger of what is linked in the slot of one channel.
 */
#define DMABAY_LINKS_MAX	64

struct dmabay_link *dmabay_links_find(struct dmabay_channel *channel,
				      const struct dmabay_memory *memory, u32 page, u32 pages,
				      u8 rights);
int dmabay_links_place(struct dmabay_channel *channel, u32 pages, u32 step, u32 skew,
		       u32 *slot_page);
struct dmabay_link *dmabay_links_add(struct dmabay_channel *channel,
				     struct dmabay_memory *memory, u32 page, u32 pages,
				     u32 slot_page, u8 rights);
void dmabay_links_remove(struct dmabay_link *link);

/*
 * Map registers (mapregs.c): credits, and what backs them, behind one ops table.
 */

/**
 * struct dmabay_mapregs_ops - What backs the map registers of an adapter
 * @provider: which one it is
 * @guaranteed: mapping on claimed registers cannot fail for lack of anything
 * @open: get all it will ever need; may lower adapter->map_registers. May sleep
 * @close: give it back; cannot fail. May sleep
 * @claim: back the channel's registers; the credits are there, so false is a
 *	bug that was warned of. Under adapter->lock
 * @yield: undo @claim; nothing is linked. Under adapter->lock
 * @map: map an extent, or its beginning: set channel->element.address, return bytes or
 *	a negative errno. Any context
 * @unmap: the device is done with so many bytes of the mapping. Any context
 * @unlink: unlink @memory, or all if NULL, but nothing busy. Any context
 *	(absent: nothing is ever kept)
 */
struct dmabay_mapregs_ops {
	enum dmabay_provider provider;
	bool guaranteed;
	int (*open)(struct dmabay_adapter *adapter);
	void (*close)(struct dmabay_adapter *adapter);
	bool (*claim)(struct dmabay_adapter *adapter, struct dmabay_channel *channel);
	void (*yield)(struct dmabay_adapter *adapter, struct dmabay_channel *channel);
	ssize_t (*map)(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
		       const struct dmabay_extent *extent);
	void (*unmap)(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
		      size_t length);
	int (*unlink)(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
		      struct dmabay_memory *memory);
};

extern const struct dmabay_mapregs_ops dmabay_mapregs_iova_ops;
extern const struct dmabay_mapregs_ops dmabay_mapregs_bounce_ops;
extern const struct dmabay_mapregs_ops dmabay_mapregs_direct_ops;

int dmabay_mapregs_open(struct dmabay_adapter *adapter, enum dmabay_provider provider);
void dmabay_mapregs_close(struct dmabay_adapter *adapter);
bool dmabay_mapregs_take(struct dmabay_adapter *adapter, struct dmabay_channel *channel);
void dmabay_mapregs_give(struct dmabay_adapter *adapter, struct dmabay_channel *channel);
bool dmabay_device_translated(struct device *dev);

/*
 * Adapter (adapter.c)
 */

/* Map registers only: the channel object is not taken, not even during the routine. */
#define DMABAY_CHANNEL_REGISTERS_ONLY	BIT(31)

enum dmabay_channel_state {
	DMABAY_CHANNEL_IDLE = 0,
	DMABAY_CHANNEL_WAITING,
	DMABAY_CHANNEL_GRANTED,
	DMABAY_CHANNEL_FREEING,
};

struct dmabay_adapter {
	struct device *dev;
	unsigned int address_width;
	unsigned int map_registers;
	const struct dmabay_mapregs_ops *ops;
	void *provider_data;
	dma_addr_t window_base;
	u64 window_length;
	struct dmabay_adapter_counters __percpu *counters;

	/* guards all below, the state of every channel, and the slots */
	spinlock_t lock;
	unsigned int map_registers_free;
	unsigned int waiting;
	struct list_head waiters;
	/* the channel that took the channel object, if any */
	struct dmabay_channel *object_owner;
	/* its routine has not returned yet */
	bool object_undecided;
	/* a thread is granting; others only add to its work */
	bool draining;
	/* nobody is granted any more */
	bool closed;
};

int dmabay_adapter_ask(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
		       unsigned int map_registers, unsigned int flags,
		       dmabay_channel_routine_t routine, void *context);
void dmabay_adapter_close(struct dmabay_adapter *adapter);
void dmabay_adapter_abandon(struct dmabay_adapter *adapter, struct dmabay_channel *channel);

#define dmabay_count(adapter, counter, n)	this_cpu_add((adapter)->counters->counter, (n))

/*
 * State (state.c): what may be called when.
 */
enum dmabay_state {
	DMABAY_CREATED,
	DMABAY_INITIALIZED,
	DMABAY_RESERVED,
	DMABAY_TRANSFER,
	DMABAY_COMPLETED,
	DMABAY_FAILED,
	DMABAY_RELEASED,
	DMABAY_DELETED,
	DMABAY_STATES,
};

enum dmabay_call {
	DMABAY_CALL_INITIALIZE,
	DMABAY_CALL_RESERVE,
	DMABAY_CALL_RESERVE_DERIVED,
	DMABAY_CALL_FREE_RESERVATION,
	DMABAY_CALL_EXECUTE,
	DMABAY_CALL_COMPLETED,
	DMABAY_CALL_RELEASE,
	DMABAY_CALL_DELETE,
	DMABAY_CALL_CANCEL,
	DMABAY_CALL_SET_IMMEDIATE,
	DMABAY_CALL_SET_MAX_LENGTH,
	DMABAY_CALL_TRANSFER_INFO,
	DMABAY_CALLS,
};

bool dmabay_state_allows(enum dmabay_state state, enum dmabay_call call);
int dmabay_state_illegal(enum dmabay_state state, enum dmabay_call call);

/*
 * Enabler (enabler.c)
 */
static inline bool dmabay_direction_exists(enum dmabay_direction direction)
{
	return direction == DMABAY_READ_FROM_DEVICE || direction == DMABAY_WRITE_TO_DEVICE;
}

struct dmabay_enabler {
	struct kref kref;
	struct device *dev;
	enum dmabay_profile profile;
	unsigned int flags;
	size_t max_length;
	size_t fragment_length;
	size_t max_sg_elements;
	struct dmabay_adapter *adapter;

	/* guards the list */
	spinlock_t lock;
	struct list_head transactions;
};

void dmabay_enabler_put(struct dmabay_enabler *enabler);

/*
 * Transaction (transaction.c)
 */
struct dmabay_transaction *dmabay_transaction_next(struct dmabay_enabler *enabler);

#endif /* _DMABAY_PRIVATE_H */
