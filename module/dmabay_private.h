/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the core share.
 *
 * Calls go down only: transaction.c, enabler.c and what belongs to them (KMDF layer)
 * call adapter.c and sg_list.c (WDM layer), which call mapregs.c and the provider
 * behind its ops table, which call memory.c, links.c, slots.c and the DMA API. Memory that
 * somebody else has mapped (mapped.c) takes the provider's place there.
 *
 * Lock order, outermost first; all are taken with interrupts off:
 *
 *	enablers_lock		the list of all enablers (power.c)
 *	enabler->lock		the lists of transactions and of common buffers
 *	transaction->lock	state and accounting of one transaction
 *	controller->lock	what a dmaengine channel is at
 *	adapter->lock		credits, slots and the line of waiters
 *	channel->lock		the link ledger of one slot
 *	strip->lock		what is left linked in a strip (strip.c)
 *	those of debug*.c	what a debug build looks at
 *
 * None is ever held over a callback. None but the last two is held over a call
 * into the IOMMU.
 */
#ifndef _DMABAY_PRIVATE_H
#define _DMABAY_PRIVATE_H

#include <linux/dma-direction.h>
#include <linux/kref.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>

#include <linux/dmabay.h>

#include "compat.h"
#include "debug.h"

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
	/* of mapped memory: of its first byte */
	dma_addr_t address;
};

struct dmabay_memory {
	struct dmabay_object object;
	struct kref kref;
	struct rcu_head rcu;
	bool read_only;
	bool borrowed;
	size_t length;
	u32 group_count;
	u32 piece_count;
	/* the first piece that holds an aligned DMABAY_TABLE_PAGES, or piece_count */
	u32 huge_piece;
	struct dmabay_group *groups;
	struct dmabay_piece *pieces;

	/* mapped memory (mapped.c), which has no pieces: for which device; else NULL */
	struct device *dev;
	/* where the entries of its table begin, in bytes, if the DMA API must sync them */
	u32 entry_count;
	u32 *entries;
};

/* Can the device reach it, or be made to? */
static inline bool dmabay_memory_suits(const struct dmabay_memory *memory,
				       const struct device *dev)
{
	return !memory->dev || memory->dev == dev;
}

/* Are these bytes inside the memory? */
static inline bool dmabay_memory_holds(const struct dmabay_memory *memory, size_t offset,
				       size_t length)
{
	return length && offset < memory->length && length <= memory->length - offset;
}

const struct dmabay_group *dmabay_memory_find_group(const struct dmabay_memory *memory,
						    size_t offset);

/* The group that a byte inside the memory is in. */
static inline const struct dmabay_group *dmabay_memory_group(const struct dmabay_memory *memory,
							     size_t offset)
{
	return likely(memory->group_count == 1) ? memory->groups :
	       dmabay_memory_find_group(memory, offset);
}

/*
 * What one page table of the IOMMU translates, in pages, at the least: 512 entries of 4 KiB, its
 * smallest granule, whatever the CPU's pages are. Where the granule is larger, a table translates
 * several times as much, and what keeps clear of the ends of small ones does so of its ends.
 */
#define DMABAY_TABLE_PAGES	(SZ_2M / PAGE_SIZE)

/* So many bytes of one group, or of several that follow each other. */
struct dmabay_extent {
	u32 page;
	u32 pages;
	u32 in_page;
	size_t length;
};

/*
 * Clip a range inside the memory, not empty, to the group it starts in. @extent gets the
 * pages of the range, up to the end of the group.
 */
static inline void dmabay_memory_extent(const struct dmabay_memory *memory, size_t offset,
					size_t length, struct dmabay_extent *extent)
{
	const struct dmabay_group *group = dmabay_memory_group(memory, offset);
	size_t position = offset - group->offset + group->in_page;

	extent->page = group->page + (position >> PAGE_SHIFT);
	extent->in_page = offset_in_page(position);
	extent->length = min(length, group->offset + group->length - offset);
	extent->pages = dmabay_span_pages(extent->in_page, extent->length);
}

void dmabay_memory_range(const struct dmabay_memory *memory, size_t offset, size_t length,
			 u32 most_pages, struct dmabay_extent *range);

/* A walk over the page frames of a memory, run by run. */
struct dmabay_walk {
	const struct dmabay_piece *piece;
	u32 skip;
	u32 left;
};

const struct dmabay_piece *dmabay_memory_find_piece(const struct dmabay_memory *memory, u32 page);

/* The piece that a page is in. The first guess is that every page has one of its own. */
static inline const struct dmabay_piece *dmabay_memory_piece(const struct dmabay_memory *memory,
							     u32 page)
{
	if (page < memory->piece_count && memory->pieces[page].page == page)
		return &memory->pieces[page];
	return dmabay_memory_find_piece(memory, page);
}

/* Begin with page number @page, and walk over @pages of them; not 0. */
static inline void dmabay_walk_start(struct dmabay_walk *walk, const struct dmabay_memory *memory,
				     u32 page, u32 pages)
{
	walk->piece = dmabay_memory_piece(memory, page);
	walk->skip = page - walk->piece->page;
	walk->left = pages;
}

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

u32 dmabay_walk_count(const struct dmabay_memory *memory, const struct dmabay_extent *extent,
		      u32 longest, u32 most);

/*
 * A walk over the bytes of a memory, group by group and run by run. The caller sets
 * the upper part and zeroes the rest; dmabay_runs_next() finds a run.
 */
struct dmabay_runs {
	const struct dmabay_memory *memory;
	size_t offset;
	size_t left;
	/* more pages than that are several runs */
	u32 longest;

	struct dmabay_walk walk;
	size_t group_left;

	/* the run */
	unsigned long pfn;
	u32 in_page;
	size_t length;
	bool new_group;
};

/* The most bytes that so many pages can have; where a length cannot say it, all that one can. */
static inline size_t dmabay_pages_bytes(u32 pages)
{
	return min_t(u64, (u64)pages << PAGE_SHIFT, SIZE_MAX);
}

void dmabay_runs_group(struct dmabay_runs *runs);

/* The next run of consecutive page frames in one group; false at the end. */
static inline bool dmabay_runs_next(struct dmabay_runs *runs)
{
	u32 pages;

	if (!runs->left)
		return false;
	runs->in_page = 0;
	runs->new_group = !runs->group_left;
	if (runs->new_group)
		dmabay_runs_group(runs);
	pages = min(dmabay_walk_run(&runs->walk, &runs->pfn), runs->longest);
	runs->length = min(runs->group_left, ((size_t)pages << PAGE_SHIFT) - runs->in_page);
	dmabay_walk_advance(&runs->walk, pages);
	runs->group_left -= runs->length;
	runs->offset += runs->length;
	runs->left -= runs->length;
	return true;
}

u64 dmabay_memory_span(const struct dmabay_memory *memory, size_t offset, size_t length);
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
#define DMABAY_LINKS_MAX	65536U
/* Where it cannot sleep, a ledger gets no more room than this. */
#define DMABAY_LINKS_ATOMIC	64U

/* What room is looked for: so many pages, so much beyond a multiple of a power of two. */
struct dmabay_wish {
	u32 slot_pages;
	u32 pages;
	u32 step;
	u32 skew;
};

/* A place for a link: in the slot, and in the list of links. */
struct dmabay_place {
	u32 slot_page;
	struct list_head *before;
};

void dmabay_ledger_prepare(struct dmabay_ledger *ledger);
int dmabay_ledger_make_room(struct dmabay_ledger *ledger, u32 capacity, gfp_t gfp);
void dmabay_ledger_destroy(struct dmabay_ledger *ledger);
struct dmabay_link *dmabay_links_find(const struct dmabay_ledger *ledger,
				      const struct dmabay_memory *memory, u32 page, u32 pages,
				      u8 rights);
struct dmabay_link *dmabay_links_of(const struct dmabay_ledger *ledger,
				    const struct dmabay_memory *memory, bool *busy);
bool dmabay_links_fits(const struct dmabay_ledger *ledger, const struct dmabay_wish *wish,
		       struct dmabay_place *place);
bool dmabay_links_place(struct dmabay_ledger *ledger, const struct dmabay_wish *wish,
			struct dmabay_place *place);
struct dmabay_link *dmabay_links_next(const struct dmabay_ledger *ledger, u32 slot_pages);
void dmabay_links_skip(struct dmabay_ledger *ledger, struct dmabay_link *link);
struct dmabay_link *dmabay_links_add(struct dmabay_ledger *ledger, struct dmabay_memory *memory,
				     u32 page, u32 pages, const struct dmabay_place *place,
				     u8 rights);
void dmabay_links_remove(struct dmabay_ledger *ledger, struct dmabay_link *link);
void dmabay_links_vacate(struct dmabay_ledger *ledger, struct dmabay_link *link);
void dmabay_links_gone(struct dmabay_ledger *ledger, u32 count);
void dmabay_links_remember(struct dmabay_ledger *ledger, const struct dmabay_link *link,
			   dma_addr_t origin, u64 __percpu *hits);

/* For the one who maps: is nothing linked, and nothing being unlinked? */
static inline bool dmabay_links_none(const struct dmabay_ledger *ledger)
{
	/* Pairs with the end of an unlink. */
	return !smp_load_acquire(&ledger->count);
}

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
 * @map: map an extent, or its beginning: fill the list, which is empty and has room for
 *	one element at least, return bytes or a negative errno. Any context
 * @unmap: the device is done with so many bytes of the mapping. Any context
 * @unlink: unlink @memory, or all if NULL, but nothing busy. Any context
 *	(absent: nothing is ever kept)
 * @linked: dmabay_adapter_linked(), if it is not what was used last. Any context
 *	(absent: never)
 * @defer: dmabay_adapter_defer_unlinks(). Under adapter->lock (absent: nothing to defer)
 * @in_place: dmabay_adapter_in_place() of an extent of one group, if
 *	&dmabay_adapter.reaches_all. Any context
 * @map_batch: dmabay_adapter_map_batch(). Any context (absent: not supported)
 * @unmap_batch: unlink what @map_batch has linked, and flush, at once or later. Any context
 * @elements: how many elements an extent of one group becomes. Any context
 */
struct dmabay_mapregs_ops {
	enum dmabay_provider provider;
	bool guaranteed;
	int (*open)(struct dmabay_adapter *adapter);
	void (*close)(struct dmabay_adapter *adapter);
	bool (*claim)(struct dmabay_adapter *adapter, struct dmabay_channel *channel);
	void (*yield)(struct dmabay_adapter *adapter, struct dmabay_channel *channel);
	ssize_t (*map)(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
		       const struct dmabay_extent *extent, struct dmabay_sg_list *list);
	void (*unmap)(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
		      size_t length);
	int (*unlink)(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
		      struct dmabay_memory *memory);
	bool (*linked)(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
		       const struct dmabay_memory *memory, size_t offset, size_t length,
		       enum dmabay_direction direction, dma_addr_t *address);
	void (*defer)(struct dmabay_adapter *adapter, struct dmabay_channel *channel);
	size_t (*in_place)(struct dmabay_adapter *adapter, const struct dmabay_memory *memory,
			   const struct dmabay_extent *extent, struct dmabay_sg_list *list);
	int (*map_batch)(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			 struct dmabay_batch_entry *entries, u32 count);
	void (*unmap_batch)(struct dmabay_adapter *adapter, struct dmabay_channel *channel);
	u32 (*elements)(struct dmabay_adapter *adapter, const struct dmabay_memory *memory,
			const struct dmabay_extent *extent);
};

extern const struct dmabay_mapregs_ops dmabay_mapregs_iova_ops;
extern const struct dmabay_mapregs_ops dmabay_mapregs_bounce_ops;
extern const struct dmabay_mapregs_ops dmabay_mapregs_direct_ops;
/* Of mapped memory, whatever the provider is: @map, @unmap and @elements only. */
extern const struct dmabay_mapregs_ops dmabay_mapped_ops;

static inline enum dma_data_direction
dmabay_channel_direction(const struct dmabay_channel *channel)
{
	return channel->direction == DMABAY_WRITE_TO_DEVICE ? DMA_TO_DEVICE : DMA_FROM_DEVICE;
}

int dmabay_mapregs_open(struct dmabay_adapter *adapter, enum dmabay_provider provider);
void dmabay_mapregs_close(struct dmabay_adapter *adapter);
bool dmabay_mapregs_take(struct dmabay_adapter *adapter, struct dmabay_channel *channel);
void dmabay_mapregs_give(struct dmabay_adapter *adapter, struct dmabay_channel *channel);
bool dmabay_list_append(struct dmabay_sg_list *list, dma_addr_t address, size_t length,
			bool new_group);
size_t dmabay_list_fill(struct dmabay_sg_list *list, const struct dmabay_channel *channel,
			const struct dmabay_extent *extent, u32 pages, dma_addr_t address);
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

struct dmabay_controller;

struct dmabay_adapter {
	struct dmabay_object object;
	struct device *dev;
	/* of a system profile, or NULL */
	struct dmabay_controller *controller;
	unsigned int address_width;
	bool scatter_gather;
	unsigned int map_registers;
	const struct dmabay_mapregs_ops *ops;
	void *provider_data;
	/* the provider said so: the device needs no help with any memory */
	bool reaches_all;
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
	/* how often it was taken: tells the routine that returns from a later one */
	unsigned int object_grants;
	/* a thread is granting; others only add to its work */
	bool draining;
	/* nobody is granted any more */
	bool closed;
};

void dmabay_channel_prepare(struct dmabay_channel *channel);
int dmabay_adapter_ask(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
		       unsigned int map_registers, unsigned int flags,
		       dmabay_channel_routine_t routine, void *context);
bool dmabay_adapter_withdraw(struct dmabay_adapter *adapter, struct dmabay_channel *channel);
void dmabay_adapter_drain(struct dmabay_adapter *adapter);
void dmabay_adapter_close(struct dmabay_adapter *adapter);
void dmabay_adapter_abandon(struct dmabay_adapter *adapter, struct dmabay_channel *channel);
unsigned int dmabay_adapter_list_capacity(const struct dmabay_adapter *adapter);
#define dmabay_count(adapter, counter, n)	this_cpu_add((adapter)->counters->counter, (n))

/*
 * Controller (controller.c)
 */
int dmabay_controller_create(struct dmabay_adapter *adapter,
			     const struct dmabay_system_config *config,
			     enum dmabay_direction direction, bool duplex);
void dmabay_controller_destroy(struct dmabay_controller *controller);
int dmabay_controller_start(struct dmabay_controller *controller, struct dmabay_channel *channel,
			    const struct dmabay_sg_list *list, enum dmabay_direction direction,
			    size_t device_offset, dmabay_system_routine_t routine, void *context);
int dmabay_controller_cancel(struct dmabay_controller *controller);
void dmabay_controller_allow(struct dmabay_controller *controller);
int dmabay_controller_configure(struct dmabay_controller *controller,
				const struct dma_slave_config *slave);
bool dmabay_controller_is_running(struct dmabay_controller *controller);
size_t dmabay_controller_residue(struct dmabay_controller *controller);
size_t dmabay_controller_fits(const struct dmabay_controller *controller,
			      const struct dmabay_sg_list *list);
unsigned int dmabay_controller_capacity(const struct dmabay_controller *controller);
bool dmabay_controller_is_copy(const struct dmabay_controller *controller);
bool dmabay_controller_is_looped(const struct dmabay_controller *controller);

/*
 * State (state.c): what may be called when, and where it leads.
 */
#define DMABAY_STATE_LIST(X)						\
	X(DMABAY_CREATED, "created")					\
	X(DMABAY_INITIALIZED, "initialized")				\
	X(DMABAY_RESERVED, "reserved")					\
	X(DMABAY_TRANSFER, "transfer")					\
	X(DMABAY_COMPLETED, "completed")				\
	X(DMABAY_FAILED, "failed")					\
	X(DMABAY_RELEASED, "released")					\
	X(DMABAY_DELETED, "deleted")

#define DMABAY_CALL_LIST(X)						\
	X(DMABAY_CALL_INITIALIZE, "initialize")				\
	X(DMABAY_CALL_RESERVE, "reserve")				\
	X(DMABAY_CALL_RESERVE_DERIVED, "reserve (derived count)")	\
	X(DMABAY_CALL_FREE_RESERVATION, "free_reservation")		\
	X(DMABAY_CALL_EXECUTE, "execute")				\
	X(DMABAY_CALL_REFUSE, "refuse")					\
	X(DMABAY_CALL_COMPLETED, "completed")				\
	X(DMABAY_CALL_RELEASE, "release")				\
	X(DMABAY_CALL_DELETE, "delete")					\
	X(DMABAY_CALL_CANCEL, "cancel")					\
	X(DMABAY_CALL_SET_IMMEDIATE, "set_immediate")			\
	X(DMABAY_CALL_SET_MAX_LENGTH, "set_max_length")			\
	X(DMABAY_CALL_SET_SINGLE_TRANSFER, "set_single_transfer")	\
	X(DMABAY_CALL_TRANSFER_INFO, "transfer_info")			\
	X(DMABAY_CALL_CHANNEL, "channel")

#define DMABAY_ENUMERATOR(symbol, name) symbol,

enum dmabay_state {
	DMABAY_STATE_LIST(DMABAY_ENUMERATOR)
	DMABAY_STATES,
};

enum dmabay_call {
	DMABAY_CALL_LIST(DMABAY_ENUMERATOR)
	DMABAY_CALLS,
};

/* From a state, a call leads to one of these: a bit each; 0: it is illegal. */
extern const u16 dmabay_state_edges[DMABAY_CALLS][DMABAY_STATES];

/* May this be called now? */
static inline bool dmabay_state_allows(enum dmabay_state state, enum dmabay_call call)
{
	return dmabay_state_edges[call][state];
}

const char *dmabay_state_name(enum dmabay_state state);
const char *dmabay_call_name(enum dmabay_call call);
int dmabay_state_illegal(enum dmabay_state state, enum dmabay_call call);

/*
 * Enabler (enabler.c)
 */
static inline bool dmabay_direction_exists(enum dmabay_direction direction)
{
	return direction == DMABAY_READ_FROM_DEVICE || direction == DMABAY_WRITE_TO_DEVICE;
}

/* What a profile is. */
struct dmabay_profile_traits {
	unsigned int address_width;
	bool scatter_gather;
	bool duplex;
	bool system;
};

struct dmabay_enabler {
	struct dmabay_object object;
	struct kref kref;
	struct device *dev;
	const struct dmabay_profile_traits *traits;
	unsigned int flags;
	size_t max_length;
	size_t max_sg_elements;
	size_t alignment_mask;
	const struct dmabay_power_ops *power;
	void *data;
	/* by direction: the same twice, or one each; of a system profile NULL at first */
	struct dmabay_adapter *adapter[2];
	/* what a system profile makes its adapters of */
	unsigned int map_registers[2];
	enum dmabay_provider provider;
	size_t fragment_length[2];

	/* of the last power-up; the driver's, who changes power on one thread */
	bool fill_failed;
	/* its place in the list of all enablers, guarded by their lock (power.c) */
	struct list_head power_node;
	u64 power_number;

	/* guards the lists */
	spinlock_t lock;
	struct list_head transactions;
	struct list_head common_buffers;
};

void dmabay_enabler_put(struct dmabay_enabler *enabler);

/*
 * Power (power.c): the list of all enablers.
 */
void dmabay_power_add(struct dmabay_enabler *enabler);
void dmabay_power_remove(struct dmabay_enabler *enabler);

/*
 * Common buffer (common_buffer.c)
 */

/* What can be asked of an address: to be a multiple of a power of two. */
static inline bool dmabay_is_alignment_mask(size_t mask)
{
	return !(mask & (mask + 1));
}

struct dmabay_common_buffer *dmabay_common_buffer_next(struct dmabay_enabler *enabler);

/*
 * Request (request.c)
 */
int dmabay_request_range(const struct dmabay_request *request, enum dmabay_direction direction,
			 size_t *length);
void dmabay_request_begin(struct dmabay_request *request);
void dmabay_request_end(struct dmabay_request *request);

/*
 * Transaction (transaction.c)
 */
struct seq_file;

struct dmabay_transaction *dmabay_transaction_next(struct dmabay_enabler *enabler);
void dmabay_transactions_show(struct dmabay_enabler *enabler, struct seq_file *seq);

#endif /* _DMABAY_PRIVATE_H */
