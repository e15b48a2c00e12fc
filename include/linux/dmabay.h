/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * dmabay: reserve DMA resources once, then run transfer after transfer on them.
 *
 * The header reads from the bottom up:
 *
 *  - memory: what is transferred, pages in groups;
 *  - adapter (the WDM layer): a device's map registers, the line of those who
 *    wait for them, mapping and flushing;
 *  - enabler and transaction (the KMDF layer): a device's DMA profile, and one
 *    logical transfer that is cut into as many as the device needs;
 *  - device: a driver that offers its device to user space as /dev/dmabayN.
 *
 * A map register is one page (PAGE_SIZE) of device address space. Unless a
 * comment says "bytes", counts of map registers are counts of pages.
 *
 * Contexts. "May sleep" means process context only. "Any context" means
 * process, softirq or hardirq; the core takes its locks with interrupts off.
 * Callbacks (program_dma, reserved, a channel routine) run in the context of
 * the call that led to them, which may be atomic: they must not sleep. The core
 * holds no lock in a callback, and every function of this header that may be
 * called in any context may be called from a callback.
 *
 * Freeing map registers grants them to whoever waits, on the freeing thread:
 * callbacks of *other* transactions can run inside dmabay_transaction_release(),
 * _free_reservation(), _delete(), the _completed() family, a _cancel() that returns
 * true, an _execute() that fails, and every dmabay_adapter_ call that frees, cancels
 * or puts. Hold no lock over these calls that such a callback takes.
 *
 * An illegal call (one that the object's state forbids) returns -EBADFD, warns
 * once, and changes nothing.
 *
 * Coming from Windows? porting.rst, beside this folder, has every call of KMDF and
 * WDM, ours, and what differs.
 */
#ifndef _LINUX_DMABAY_H
#define _LINUX_DMABAY_H

#include <linux/atomic.h>
#include <linux/bvec.h>
#include <linux/device.h>
#include <linux/dmaengine.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/types.h>

/**
 * DOC: example
 *
 * A device that takes one piece at a time, and a driver that reserves when it is
 * probed, so that no transfer ever waits or fails for lack of anything. (It is part of
 * kunit/example_kunit.c, which runs it.) ::
 *
 *	static bool toy_program_dma(struct dmabay_transaction *transaction,
 *				    struct device *dev, void *context,
 *				    enum dmabay_direction direction,
 *				    const struct dmabay_sg_list *list)
 *	{
 *		struct toy *toy = context;
 *		u64 control = TOY_START;
 *
 *		if (direction == DMABAY_READ_FROM_DEVICE)
 *			control |= TOY_TO_MEMORY;
 *		toy_write(toy, TOY_ADDRESS, list->elements[0].address);
 *		toy_write(toy, TOY_LENGTH, list->elements[0].length);
 *		toy_write(toy, TOY_CONTROL, control);
 *		return true;
 *	}
 *
 *	static int toy_probe(struct toy *toy, struct device *dev)
 *	{
 *		struct dmabay_enabler_config config =
 *			DMABAY_ENABLER_CONFIG(DMABAY_PROFILE_PACKET, TOY_MAX_LENGTH);
 *		unsigned int map_registers =
 *			dmabay_span_pages(PAGE_SIZE - 1, TOY_MAX_LENGTH);
 *		struct dmabay_enabler *enabler;
 *		int ret;
 *
 *		ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(32));
 *		if (ret)
 *			return ret;
 *		// It ends with the device, and takes the transaction along.
 *		ret = devm_dmabay_enabler_create(dev, dev, &config, &enabler);
 *		if (ret)
 *			return ret;
 *		ret = dmabay_transaction_create(enabler, &toy->transaction);
 *		if (ret)
 *			return ret;
 *		return dmabay_transaction_reserve(toy->transaction,
 *						  DMABAY_READ_FROM_DEVICE, map_registers,
 *						  toy_reserved, toy);
 *	}
 *
 * toy_reserved() is called when the map registers are there; from then on, for each
 * job, without an allocation::
 *
 *	ret = dmabay_transaction_initialize(toy->transaction, toy_program_dma,
 *					    job->direction, job->memory, job->length);
 *	if (!ret)
 *		ret = dmabay_transaction_execute(toy->transaction, toy);
 *
 * and in the interrupt, for each transfer that the job was cut into::
 *
 *	ret = dmabay_transaction_completed(toy->transaction);
 *	if (ret != -EINPROGRESS) {
 *		// Over: done, or failed. The reservation stays.
 *		transferred = dmabay_transaction_bytes_transferred(toy->transaction);
 *		dmabay_transaction_release(toy->transaction);
 *		...
 *	}
 */

struct dmabay_adapter;
struct dmabay_device;
struct dmabay_enabler;
struct dmabay_memory;
struct dmabay_transaction;
struct seq_buf;

/**
 * enum dmabay_direction - Which way the bytes go (WDF_DMA_DIRECTION)
 * @DMABAY_READ_FROM_DEVICE: from the device to memory
 * @DMABAY_WRITE_TO_DEVICE: from memory to the device
 */
enum dmabay_direction {
	DMABAY_READ_FROM_DEVICE = 0,
	DMABAY_WRITE_TO_DEVICE = 1,
};

/**
 * enum dmabay_dma_status - How a transfer of a controller ended (DMA_COMPLETION_STATUS)
 * @DMABAY_DMA_COMPLETE: all bytes were moved; or, looped, one round of them
 * @DMABAY_DMA_ERROR: the controller says so; dmabay_adapter_read_counter() has what is left
 * @DMABAY_DMA_CANCELLED: by dmabay_transaction_stop()
 *
 * The numbers are those of the WDM enumeration.
 */
enum dmabay_dma_status {
	DMABAY_DMA_COMPLETE = 0,
	DMABAY_DMA_ERROR = 2,
	DMABAY_DMA_CANCELLED = 3,
};

/**
 * enum dmabay_profile - What the device's DMA engine takes (WDF_DMA_PROFILE)
 * @DMABAY_PROFILE_PACKET: one contiguous piece at a time, 32-bit addresses
 * @DMABAY_PROFILE_SCATTER_GATHER: a list of pieces, 32-bit addresses
 * @DMABAY_PROFILE_PACKET64: one contiguous piece at a time, 64-bit addresses
 * @DMABAY_PROFILE_SCATTER_GATHER64: a list of pieces, 64-bit addresses
 * @DMABAY_PROFILE_SCATTER_GATHER_DUPLEX: a list of pieces, 32-bit addresses; reading
 *	and writing each have an adapter, map registers and a line of their own
 * @DMABAY_PROFILE_SCATTER_GATHER64_DUPLEX: the same, 64-bit addresses
 * @DMABAY_PROFILE_SYSTEM: a DMA controller does it, a dmaengine channel; see
 *	dmabay_enabler_configure_system_profile()
 * @DMABAY_PROFILE_SYSTEM_DUPLEX: two channels, one for each direction
 *
 * The numbers are those of the KMDF enumeration.
 *
 * A transaction of a packet profile may hold a reservation, and keeps its map
 * registers from its first transfer to its last. One of a scatter-gather profile
 * asks for registers for each transfer, waits in line each time, and cannot
 * reserve; cutting differs too, see dmabay_transaction_execute().
 */
enum dmabay_profile {
	DMABAY_PROFILE_PACKET = 1,
	DMABAY_PROFILE_SCATTER_GATHER = 2,
	DMABAY_PROFILE_PACKET64 = 3,
	DMABAY_PROFILE_SCATTER_GATHER64 = 4,
	DMABAY_PROFILE_SCATTER_GATHER_DUPLEX = 5,
	DMABAY_PROFILE_SCATTER_GATHER64_DUPLEX = 6,
	DMABAY_PROFILE_SYSTEM = 7,
	DMABAY_PROFILE_SYSTEM_DUPLEX = 8,
};

/**
 * enum dmabay_provider - What backs the map registers of an adapter
 * @DMABAY_PROVIDER_AUTO: the best that the device and the platform allow: iova
 *	behind a translating IOMMU, bounce otherwise
 * @DMABAY_PROVIDER_IOVA: a window of device addresses, held as long as the
 *	adapter; memory is linked into slots of it
 * @DMABAY_PROVIDER_BOUNCE: pages allocated and mapped with the adapter; bytes
 *	are copied, except where the memory is contiguous and reachable as it is. See
 *	also dmabay_adapter_in_place()
 * @DMABAY_PROVIDER_DIRECT: the plain DMA API for each transfer. Registers are
 *	counted, but backed by nothing: a transfer can fail with -ENOMEM. Not for
 *	a device that does not reach all memory and has no IOMMU
 */
enum dmabay_provider {
	DMABAY_PROVIDER_AUTO = 0,
	DMABAY_PROVIDER_IOVA = 1,
	DMABAY_PROVIDER_BOUNCE = 2,
	DMABAY_PROVIDER_DIRECT = 3,
};

/**
 * struct dmabay_sg_element - One piece as the device sees it
 * @address: device address
 * @length: bytes
 */
struct dmabay_sg_element {
	dma_addr_t address;
	size_t length;
};

/**
 * struct dmabay_sg_list - What a transfer consists of (SCATTER_GATHER_LIST)
 * @count: elements; always 1 for the packet profiles
 * @capacity: elements that there is room for
 * @elements: the pieces, in the order of the memory
 */
struct dmabay_sg_list {
	unsigned int count;
	unsigned int capacity;
	struct dmabay_sg_element *elements;
};

/**
 * dmabay_span_pages() - Pages that so many bytes touch
 * @offset: bytes, of the first byte; only its offset in the page matters
 * @length: bytes
 *
 * Answers to ADDRESS_AND_SIZE_TO_SPAN_PAGES.
 *
 * Context: any.
 * Return: pages; 0 for length 0 at a page start.
 */
static inline unsigned long dmabay_span_pages(unsigned long offset, size_t length)
{
	unsigned long in_page = offset & ~PAGE_MASK;

	return (length >> PAGE_SHIFT) +
	       ((in_page + (length & ~PAGE_MASK) + PAGE_SIZE - 1) >> PAGE_SHIFT);
}

/*
 * Memory
 * ------
 * What a transaction transfers: pieces of pages, in groups. A group is what
 * Windows calls an MDL: pieces that follow each other without a gap at page
 * boundaries, so that they could be one range of virtual addresses. A packet
 * transfer never crosses from one group to the next.
 *
 * A memory never changes once it is made, and may be used by any number of
 * transactions at once. It does not own its pages: whoever made it keeps them
 * in place (pinned, allocated) until dmabay_memory_put() was called, every
 * transaction that was initialized with it was released, and every reservation
 * that may keep it linked was freed or asked to dmabay_transaction_unlink() it. None
 * keeps memory linked that is dmabay_memory_set_borrowed().
 */

/**
 * dmabay_memory_from_pages() - Describe an array of pages as one group
 * @pages: the pages, in order; the array is not kept
 * @count: how many
 * @offset: bytes into the first page; below PAGE_SIZE
 * @length: bytes; must end in the last page
 * @gfp: how to allocate
 *
 * Context: as @gfp allows.
 * Return: a reference, or ERR_PTR: -EINVAL (a count or length of 0, an offset
 * beyond the page, a length that does not end in the last page), -EOVERFLOW
 * (2^32 bytes or more), -ENOMEM.
 */
struct dmabay_memory *dmabay_memory_from_pages(struct page **pages, unsigned int count,
					       unsigned int offset, size_t length, gfp_t gfp);

/**
 * dmabay_memory_from_sgtable() - Describe the CPU side of an sg_table
 * @table: the table; its mapping, if it has one, is not looked at, and the
 *	table is not kept
 * @gfp: how to allocate
 *
 * Entries that meet at a page boundary are one group, others begin a new one.
 *
 * Context: as @gfp allows.
 * Return: as dmabay_memory_from_pages().
 */
struct dmabay_memory *dmabay_memory_from_sgtable(struct sg_table *table, gfp_t gfp);

/**
 * dmabay_memory_from_bvec() - Describe an array of bio_vec
 * @bvec: the pieces; the array is not kept
 * @count: how many
 * @gfp: how to allocate
 *
 * Grouped as in dmabay_memory_from_sgtable().
 *
 * Context: as @gfp allows.
 * Return: as dmabay_memory_from_pages().
 */
struct dmabay_memory *dmabay_memory_from_bvec(const struct bio_vec *bvec, unsigned int count,
					      gfp_t gfp);

/**
 * dmabay_memory_from_kernel() - Describe a range of kernel addresses
 * @address: kmalloc(), page or vmalloc() memory; not the stack
 * @length: bytes
 * @gfp: how to allocate
 *
 * Context: as @gfp allows.
 * Return: as dmabay_memory_from_pages(); also -EINVAL for an address that is
 * neither in the linear map nor in vmalloc space, or that is on the stack.
 */
struct dmabay_memory *dmabay_memory_from_kernel(const void *address, size_t length, gfp_t gfp);

/**
 * dmabay_memory_from_mapped() - Use what somebody else has mapped for the device
 * @dev: the device it is mapped for; not referenced
 * @table: what dma_map_sgtable() or the exporter of a dma-buf returned; its device
 *	addresses and lengths (sg_dma_address(), sg_dma_len()) are used as they are, and
 *	nothing else of it. It is not kept
 * @gfp: how to allocate
 *
 * Only for transfers of @dev. The memory is used where it is: it never enters the window
 * of an adapter, is never copied, linked or mapped, and mapping it cannot fail. Entries
 * that meet are one group; others begin a new one. It takes map registers all the same,
 * one for each page of a group, as if that began at a page start: for a packet profile the
 * longest transfer is a group, for a list each group is an element.
 *
 * Whoever has mapped it, for both directions or, with dmabay_memory_set_read_only(), at
 * least for reading by the device, keeps it mapped until the memory is not used any more:
 * as long as others keep their pages. What the DMA API has to know (dma_need_sync()) it is
 * told for each transfer.
 *
 * Context: as @gfp allows.
 * Return: a reference, or ERR_PTR: -EINVAL (no entry, an entry of length 0, addresses that
 * wrap around), -EOVERFLOW (2^32 bytes or more), -ENOMEM.
 */
struct dmabay_memory *dmabay_memory_from_mapped(struct device *dev, struct sg_table *table,
						gfp_t gfp);

/**
 * dmabay_memory_chain() - One memory of several, in order (an MDL chain)
 * @parts: the memories; the new one takes over their groups, not a reference
 *	to them
 * @count: how many
 * @gfp: how to allocate
 *
 * Groups stay apart even where they meet at a page boundary.
 *
 * Context: as @gfp allows.
 * Return: as dmabay_memory_from_pages(), or -EOPNOTSUPP (one of them is mapped memory,
 * see dmabay_memory_from_mapped()).
 */
struct dmabay_memory *dmabay_memory_chain(struct dmabay_memory *const *parts, unsigned int count,
					  gfp_t gfp);

/**
 * dmabay_memory_set_read_only() - The device may only read this memory
 * @memory: the memory, not used by a transaction yet
 *
 * A transaction that would write into it is refused with -EACCES.
 *
 * Context: any.
 */
void dmabay_memory_set_read_only(struct dmabay_memory *memory);

/**
 * dmabay_memory_set_borrowed() - Its owner wants it back after each transaction
 * @memory: the memory, not used by a transaction yet
 *
 * When a transaction is released its links to this memory go, and no others, even if the
 * reservation keeps links. Nothing has to be unlinked then before it is given back.
 *
 * Context: any.
 */
void dmabay_memory_set_borrowed(struct dmabay_memory *memory);

/**
 * dmabay_memory_get() - Take a reference
 * @memory: the memory
 *
 * Context: any.
 * Return: @memory.
 */
struct dmabay_memory *dmabay_memory_get(struct dmabay_memory *memory);

/**
 * dmabay_memory_put() - Give a reference back
 * @memory: the memory, or NULL
 *
 * Context: any.
 */
void dmabay_memory_put(struct dmabay_memory *memory);

/**
 * dmabay_memory_length() - How long it is
 * @memory: the memory
 *
 * Context: any.
 * Return: bytes.
 */
size_t dmabay_memory_length(const struct dmabay_memory *memory);

/*
 * Adapter (WDM layer)
 * -------------------
 */

/* Fail with -ENOMEM instead of waiting in line (DMA_SYNCHRONOUS_CALLBACK). */
#define DMABAY_CHANNEL_IMMEDIATE	BIT(0)

/**
 * enum dmabay_channel_action - What a channel routine leaves (IO_ALLOCATION_ACTION)
 * @DMABAY_KEEP_OBJECT: channel and map registers stay, until
 *	dmabay_adapter_free_channel()
 * @DMABAY_DEALLOCATE_OBJECT: both are free when the routine has returned
 * @DMABAY_DEALLOCATE_OBJECT_KEEP_REGISTERS: only the registers stay, until
 *	dmabay_adapter_free_map_registers()
 */
enum dmabay_channel_action {
	DMABAY_KEEP_OBJECT = 1,
	DMABAY_DEALLOCATE_OBJECT,
	DMABAY_DEALLOCATE_OBJECT_KEEP_REGISTERS,
};

struct dmabay_channel;

/**
 * typedef dmabay_channel_routine_t - The map registers are there (AdapterControl)
 * @adapter: the adapter
 * @channel: the channel
 * @context: of dmabay_adapter_allocate_channel()
 *
 * Must not sleep. It may free the channel itself, and then returns %DMABAY_KEEP_OBJECT.
 *
 * Return: what becomes of the channel object and the registers.
 */
typedef enum dmabay_channel_action (*dmabay_channel_routine_t)(struct dmabay_adapter *adapter,
							       struct dmabay_channel *channel,
							       void *context);

/**
 * struct dmabay_adapter_config - What an adapter must serve (DEVICE_DESCRIPTION)
 * @size: sizeof(struct dmabay_adapter_config)
 * @max_length: bytes, the longest transfer; not 0, below 2^32
 * @address_width: bits of device address that the engine drives; 24 to 64
 * @scatter_gather: the engine takes lists. Without it a transfer is one element,
 *	and never crosses from one group of the memory to the next
 * @map_registers: pages; 0 for dmabay_span_pages(PAGE_SIZE - 1, @max_length)
 * @provider: what to back the map registers with
 */
struct dmabay_adapter_config {
	size_t size;
	size_t max_length;
	unsigned int address_width;
	bool scatter_gather;
	unsigned int map_registers;
	enum dmabay_provider provider;
};

/*
 * The ledger of a slot, what is linked there. Private to the core; here only because every
 * channel brings one, with room for one link.
 */
struct dmabay_link {
	/* private: */
	struct list_head node;
	struct hlist_node same_pages;
	struct hlist_node same_memory;
	struct dmabay_memory *memory;
	u32 page;
	u32 pages;
	u32 slot_page;
	u8 rights;
	bool busy;
	/* private: since the log came by; of the one who maps */
	bool used;
};

/**
 * struct dmabay_last_link - Bytes that were linked when they were used last
 * @from: the first one, in its memory
 * @to: the first one behind them
 * @origin: device address of the first byte of the memory, if all of it were linked
 * @rights: BIT() of each &enum dmabay_direction in which the device may use them
 * @number: another one whenever one of these, or the memory, is another one; never 0
 */
struct dmabay_last_link {
	/* private: */
	const struct dmabay_memory *memory;
	u64 __percpu *hits;
	/* public: */
	size_t from;
	size_t to;
	dma_addr_t origin;
	u8 rights;
	u64 number;
};

struct dmabay_ledger_room;
struct dmabay_strip;

struct dmabay_ledger {
	/* private: by place, and those that are not in use */
	struct list_head places;
	struct list_head free;
	/* private: by pages, and then as many by memory */
	struct hlist_head *tables;
	u8 bits;
	u32 classes;
	u32 count;
	/* private: where the log goes on; a hole; and how long others are at most */
	struct list_head *next;
	struct list_head *hole;
	u32 longest_hole;
	/* private: of the one who maps; others take away its memory */
	struct dmabay_last_link last;
	u32 capacity;
	struct dmabay_ledger_room *room;
	struct dmabay_link own_link;
	struct hlist_head own_tables[4];
};

/**
 * struct dmabay_channel - One allocation of map registers (the v3 transfer context)
 *
 * Embedded by the caller, who zeroes it before its first use and keeps it in
 * place from dmabay_adapter_allocate_channel() until the registers are free
 * again. Its members belong to the core.
 */
struct dmabay_channel {
	/* private: guarded by the adapter's lock */
	struct list_head waiter;
	dmabay_channel_routine_t routine;
	void *context;
	unsigned int map_registers;
	unsigned int flags;
	u8 state;

	/* private: the slot behind the registers; constant while allocated */
	u32 slot_page;
	u32 slot_pages;
	u32 slot_class;
	u32 spare_page;
	void *slot_address;
	dma_addr_t slot_dma_address;

	/* private: what is linked; guarded by lock and relinking (links.c) */
	spinlock_t lock;
	bool relinking;
	bool keep_links;
	struct dmabay_ledger ledger;

	/* private: where batches go, and pages that one has at most; constant while allocated */
	u32 batch_first;
	u32 batch_most;
	/* private: the batch that is mapped; the owner's */
	u32 batch_page;
	u32 batch_pages;
	/* private: its memory, if it is one long transfer, the first page, and how to unlink it */
	struct dmabay_memory *batch_memory;
	u32 batch_memory_page;
	bool batch_in_one;
	/* private: where batches are left, if they are; and whether this one will be */
	struct dmabay_strip *strip;
	bool batch_in_strip;

	/* private: the transfer that is mapped; the owner's */
	bool mapped;
	bool bounced;
	u8 direction;
	struct dmabay_memory *memory;
	size_t offset;
	size_t length;
	dma_addr_t address;
	struct dmabay_link *current_link;
	struct sg_table *table;
};

/**
 * dmabay_adapter_get() - Make the adapter of a device (IoGetDmaAdapter)
 * @dev: the device that does the DMA; its driver has set a DMA mask
 * @config: what it must serve
 * @map_registers: out, may be NULL: how many pages it has; may be fewer than
 *	asked, never fewer than 2
 *
 * Everything that the map registers will ever need is allocated here: the
 * window of device addresses and its page tables, or the bounce pages.
 *
 * Context: may sleep.
 * Return: a reference, or ERR_PTR: -EPROTO (config size), -EINVAL (max_length,
 * map_registers of 1, provider), -EOPNOTSUPP (the provider asked for cannot
 * serve this device here), -ENODEV (the device has no DMA mask, or the platform
 * refuses the address width), -ENOMEM.
 */
struct dmabay_adapter *dmabay_adapter_get(struct device *dev,
					  const struct dmabay_adapter_config *config,
					  unsigned int *map_registers);

/**
 * devm_dmabay_adapter_get() - dmabay_adapter_get() that ends with its device
 * @dev: the device; when its driver is unbound, the adapter is put
 * @config: what it must serve
 * @map_registers: out, may be NULL: how many pages it has
 *
 * Context: may sleep.
 * Return: the adapter, not to be put by the caller, or ERR_PTR as
 * dmabay_adapter_get().
 */
struct dmabay_adapter *devm_dmabay_adapter_get(struct device *dev,
					       const struct dmabay_adapter_config *config,
					       unsigned int *map_registers);

/**
 * dmabay_adapter_put() - Give an adapter back (PutDmaAdapter)
 * @adapter: the adapter, or NULL; no registers of it may be allocated
 *
 * With registers allocated, or waited for, it warns and gives nothing back, because the
 * device may still use what they map.
 *
 * Context: may sleep.
 */
void dmabay_adapter_put(struct dmabay_adapter *adapter);

/**
 * struct dmabay_adapter_info - What an adapter is (DMA_ADAPTER_INFO)
 * @provider: what backs its map registers
 * @guaranteed: the reserved path cannot fail for lack of anything
 * @in_place: the device reaches all memory where it is: dmabay_adapter_in_place()
 * @address_width: bits
 * @map_registers: pages in all
 * @map_registers_free: pages free at this moment
 * @waiters: allocations that wait at this moment
 * @window_base: device address of the window (iova), else 0
 * @window_length: bytes of the window (iova), else 0
 */
struct dmabay_adapter_info {
	enum dmabay_provider provider;
	bool guaranteed;
	bool in_place;
	unsigned int address_width;
	unsigned int map_registers;
	unsigned int map_registers_free;
	unsigned int waiters;
	dma_addr_t window_base;
	u64 window_length;
};

/**
 * dmabay_adapter_info() - Ask what an adapter is (GetDmaAdapterInfo)
 * @adapter: the adapter
 * @info: out
 *
 * Context: any.
 */
void dmabay_adapter_info(struct dmabay_adapter *adapter, struct dmabay_adapter_info *info);

/**
 * struct dmabay_adapter_counters - What an adapter has cost so far
 * @links: link calls into the window
 * @unlinks: unlink calls
 * @flushes: IOTLB flushes that were waited for
 * @linked_bytes: bytes linked now
 * @hits: transfers whose memory was still linked
 * @bounced_bytes: bytes copied
 * @mapped: mappings by the plain DMA API
 * @unmapped: mappings given back
 */
struct dmabay_adapter_counters {
	u64 links;
	u64 unlinks;
	u64 flushes;
	u64 linked_bytes;
	u64 hits;
	u64 bounced_bytes;
	u64 mapped;
	u64 unmapped;
};

/**
 * dmabay_adapter_counters() - Ask what an adapter has cost so far
 * @adapter: the adapter
 * @counters: out
 *
 * Context: any.
 */
void dmabay_adapter_counters(struct dmabay_adapter *adapter,
			     struct dmabay_adapter_counters *counters);

/**
 * dmabay_adapter_transfer_info() - What a transfer needs (GetDmaTransferInfo)
 * @adapter: the adapter
 * @memory: the memory
 * @offset: bytes into it
 * @length: bytes
 * @map_registers: out, may be NULL: pages, summed over the groups
 * @sg_elements: out, may be NULL: elements the device would see: one for each group
 *	where scattered pages are made contiguous for it (iova; direct behind an IOMMU;
 *	bounce, in parts of 64 pages, if it copies), else one for each range of
 *	consecutive page frames
 *
 * Context: any.
 * Return: 0, or -EINVAL (no @adapter or @memory, length 0, beyond the memory, mapped for
 * another device).
 */
int dmabay_adapter_transfer_info(struct dmabay_adapter *adapter,
				 const struct dmabay_memory *memory, size_t offset, size_t length,
				 unsigned int *map_registers, unsigned int *sg_elements);

/**
 * dmabay_adapter_allocate_channel() - Ask for map registers (AllocateAdapterChannelEx)
 * @adapter: the adapter
 * @channel: the caller's, zeroed before its first use
 * @map_registers: pages; not 0
 * @flags: DMABAY_CHANNEL_IMMEDIATE or 0
 * @routine: called once, when the registers are there; says what becomes of them.
 *	May be NULL with DMABAY_CHANNEL_IMMEDIATE: then channel and registers are the
 *	caller's when this returns 0, as if a routine had returned %DMABAY_KEEP_OBJECT,
 *	and go back with dmabay_adapter_free_object() or dmabay_adapter_free_channel()
 * @context: for @routine
 *
 * Strict FIFO: nobody overtakes, however few registers it asks for. @routine
 * may run before this returns. The channel is also what Windows calls the map
 * register base, so there is none to pass.
 *
 * Context: any.
 * Return: 0 (granted, or waiting in line), -EINVAL (no @adapter or @channel, 0 registers, no
 * routine without DMABAY_CHANNEL_IMMEDIATE, unknown flag), -EBADFD (the channel is
 * in use), -ENOMEM (more registers than the adapter has; or not available now and
 * DMABAY_CHANNEL_IMMEDIATE).
 */
int dmabay_adapter_allocate_channel(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
				    unsigned int map_registers, unsigned int flags,
				    dmabay_channel_routine_t routine, void *context);

/**
 * dmabay_adapter_cancel_channel() - Leave the line (CancelAdapterChannel)
 * @adapter: the adapter
 * @channel: the channel
 *
 * Context: any.
 * Return: true: it was waiting, and its routine will never run. False: its
 * routine has run, is running or is about to, or it never waited.
 */
bool dmabay_adapter_cancel_channel(struct dmabay_adapter *adapter, struct dmabay_channel *channel);

/**
 * dmabay_adapter_map_transfer() - Map as much as possible (MapTransferEx)
 * @adapter: the adapter
 * @channel: an allocated channel with nothing mapped
 * @memory: the memory
 * @offset: bytes into it
 * @length: in: bytes wanted; out: bytes mapped, not 0, not more than wanted
 * @direction: which way
 * @list: in: room, @list->elements for @list->capacity of them; out: what the device
 *	shall use, @list->count of them. Not kept
 *
 * A transfer ends early where the registers do, where the room does, or where the
 * provider finds no more; without &dmabay_adapter_config.scatter_gather also at
 * the end of a group, and after one element.
 *
 * Context: any. Allocates nothing with the iova and bounce providers.
 * Return: 0, or -EINVAL (length 0, beyond the memory, no room for an element, memory that
 * is mapped for another device),
 * -EACCES (would write into read-only memory), -EBADFD (the channel is not allocated,
 * or mapped already), -EIO (the IOMMU refused), -ENOMEM (direct provider only).
 */
int dmabay_adapter_map_transfer(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
				struct dmabay_memory *memory, size_t offset, size_t *length,
				enum dmabay_direction direction, struct dmabay_sg_list *list);

/**
 * dmabay_adapter_find_linked() - dmabay_adapter_linked(), if it is not what was used last
 * @adapter: as there, and so are all others
 * @channel: the channel
 * @memory: the memory
 * @offset: bytes into it
 * @length: bytes
 * @direction: which way
 * @address: out: device address
 *
 * For that call, which looks at what was used last by itself.
 *
 * Context: any. Allocates nothing.
 * Return: as there.
 */
bool dmabay_adapter_find_linked(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
				const struct dmabay_memory *memory, size_t offset, size_t length,
				enum dmabay_direction direction, dma_addr_t *address);

/**
 * dmabay_adapter_last_link() - What of a memory dmabay_adapter_linked() finds at once
 * @channel: as there
 * @memory: the memory; the caller sees to it that nobody unlinks it, as there
 *
 * For a caller who has many transfers of it: those inside can go on without another call, until
 * something is mapped on the channel or dmabay_adapter_linked() was called again. He
 * says afterwards how many they were (dmabay_adapter_count_hits()).
 *
 * Context: any.
 * Return: the link, which is the channel's; or NULL.
 */
static inline const struct dmabay_last_link *
dmabay_adapter_last_link(const struct dmabay_channel *channel, const struct dmabay_memory *memory)
{
	const struct dmabay_last_link *last = &channel->ledger.last;

	/* If it is this memory, nobody else changes anything of it. */
	return READ_ONCE(last->memory) == memory ? last : NULL;
}

/**
 * dmabay_adapter_count_hits() - Transfers went on by what dmabay_adapter_last_link() said
 * @channel: as there, where something was found
 * @count: how many
 *
 * Context: any.
 */
static inline void dmabay_adapter_count_hits(const struct dmabay_channel *channel, u32 count)
{
	this_cpu_add(*channel->ledger.last.hits, count);
}

/**
 * dmabay_adapter_linked() - Is memory linked already, so that nothing is left to map?
 * @adapter: the adapter
 * @channel: an allocated channel with nothing mapped; nobody else maps on it meanwhile
 * @memory: the memory; the caller sees to it that nobody unlinks it
 *	(dmabay_adapter_unlink()) before the device is done
 * @offset: bytes into it
 * @length: bytes; not 0, inside the memory
 * @direction: which way; one that the memory allows
 * @address: out: device address of the first byte, if true is returned
 *
 * What stays linked on a channel can be used again without a call for its end. Nothing is
 * mapped by this, and there is nothing to flush. Any number of transfers may go on this
 * way at a time; all of them have to be over before something is mapped on the channel,
 * because that may make room by unlinking them.
 *
 * Context: any. Allocates nothing.
 * Return: true if all of it is linked, in one piece, which is counted as a hit; or if it is
 * in one piece, on no more pages than the channel has registers, and the device reaches it
 * where it is (dmabay_adapter_in_place()), unless it is borrowed. Always false with lists,
 * for memory of several groups or that somebody else has mapped.
 */
static inline bool dmabay_adapter_linked(struct dmabay_adapter *adapter,
					 struct dmabay_channel *channel,
					 const struct dmabay_memory *memory, size_t offset,
					 size_t length, enum dmabay_direction direction,
					 dma_addr_t *address)
{
	const struct dmabay_last_link *last = dmabay_adapter_last_link(channel, memory);

	if (!last || offset < last->from || offset + length > last->to ||
	    !(last->rights & BIT(direction)))
		return dmabay_adapter_find_linked(adapter, channel, memory, offset, length,
						  direction, address);
	*address = last->origin + offset;
	this_cpu_inc(*last->hits);
	return true;
}

/**
 * dmabay_adapter_in_place() - What the device reaches without any mapping
 * @adapter: the adapter
 * @channel: an allocated channel
 * @memory: the memory; the caller keeps it until the device is done
 * @offset: bytes into it
 * @length: bytes; not 0, inside the memory
 * @list: in: room, @list->elements for @list->capacity of them, not 0; out: @list->count
 *	elements. Not kept
 *
 * Where nothing translates for the device, and it reaches all memory, scattered memory need
 * not be copied to be moved by an engine of single elements: a caller who has several
 * transfers programmed instead of one takes them from this list, one after the other. It
 * goes as far as its room, the group of the memory or the registers of the channel do.
 * Nothing is mapped by this, there is nothing to flush, and it uses no register.
 *
 * Context: any. Allocates nothing.
 * Return: bytes in the list. 0: the memory has to be mapped, see
 * dmabay_adapter_map_transfer(). That is so with lists, for memory that somebody else has
 * mapped, and unless &dmabay_adapter_info.in_place.
 */
size_t dmabay_adapter_in_place(struct dmabay_adapter *adapter,
			       const struct dmabay_channel *channel,
			       const struct dmabay_memory *memory, size_t offset, size_t length,
			       struct dmabay_sg_list *list);

/**
 * struct dmabay_batch_entry - One transfer of a batch
 * @memory: the memory; nobody unlinks it (dmabay_adapter_unlink()) before the batch is
 *	unmapped
 * @offset: bytes into it
 * @length: bytes; not 0, inside the memory
 * @direction: which way
 * @address: out: device address of the first byte
 */
struct dmabay_batch_entry {
	struct dmabay_memory *memory;
	size_t offset;
	size_t length;
	enum dmabay_direction direction;
	dma_addr_t address;
	/* private: its pages */
	u32 page;
	u32 pages;
	u32 in_page;
};

/**
 * dmabay_adapter_map_batch() - Map transfers that go together
 * @adapter: the adapter
 * @channel: an allocated channel with nothing mapped; nobody else maps on it meanwhile
 * @entries: the transfers; not kept
 * @count: how many; not 0
 *
 * As many of the first ones are mapped as can be unmapped with one flush of the IOMMU:
 * always those that fit into the map registers and have, in all, no more than 256 pages of
 * 4 KiB. A first one that is longer goes alone, if it fits into the map registers: a flush for
 * each 2 MiB of it, or one for all its huge pages. Each is mapped as a whole, contiguously,
 * lets the device do what its direction needs and no more, and stays mapped until
 * dmabay_adapter_unmap_batch(). Nothing of it is kept linked then, whatever the enabler says;
 * what is kept from before may have to make room.
 *
 * Context: any. Allocates nothing.
 * Return: how many are mapped; or, with nothing mapped, -EOPNOTSUPP (the first one is not
 * for this, but maybe for dmabay_adapter_map_transfer(): it is too long, or of several
 * groups, or a page table is missing, or its memory is mapped by somebody else; or there are
 * lists, or a provider that links nothing), -EINVAL (no transfer; the first one is beyond its
 * memory), -EACCES (the first one would write into read-only memory), -EIO (the IOMMU refused),
 * -EBADFD (the channel is not allocated, or something is mapped).
 */
int dmabay_adapter_map_batch(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			     struct dmabay_batch_entry *entries, u32 count);

/**
 * dmabay_adapter_unmap_batch() - The transfers of a batch are over
 * @adapter: the adapter
 * @channel: a channel with a batch mapped, else it warns once, and nothing changes; the
 *	device does not use the mapping any more
 *
 * On return the CPU sees what the device wrote, and the device reaches nothing of it, if
 * nobody has called dmabay_adapter_defer_unlinks().
 *
 * Context: any.
 */
void dmabay_adapter_unmap_batch(struct dmabay_adapter *adapter, struct dmabay_channel *channel);

/**
 * dmabay_adapter_defer_unlinks() - Let the host say when batches are out of reach
 * @adapter: the adapter
 * @channel: an allocated channel with nothing mapped, else nothing changes
 *
 * For those who transfer other memory all the time. If the host defers flushes of the IOMMU
 * (iommu.strict=0), then batches of this channel may stay within the device's reach for some
 * milliseconds after dmabay_adapter_unmap_batch(), so that one flush does for many of them. They
 * are unlinked before dmabay_adapter_unlink() returns, whatever it was asked to unlink, and
 * before the map registers are free. Until one of both the caller keeps their memory in place;
 * borrowed memory is unlinked at once. It ends with the registers. If the host is strict,
 * nothing changes.
 *
 * Context: any.
 */
void dmabay_adapter_defer_unlinks(struct dmabay_adapter *adapter, struct dmabay_channel *channel);

/**
 * dmabay_adapter_flush() - End a mapped transfer (FlushAdapterBuffersEx)
 * @adapter: the adapter
 * @channel: the channel
 * @length: bytes that the device transferred; not more than were mapped
 *
 * After it returns the CPU sees what the device wrote, @length bytes of it.
 * The device must have stopped using the mapping.
 *
 * Context: any.
 * Return: 0, or -EINVAL (@length), -EBADFD (nothing is mapped), -EBUSY (a controller is at
 * work).
 */
int dmabay_adapter_flush(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			 size_t length);

/**
 * dmabay_adapter_unlink() - Take memory away from the device's reach
 * @adapter: the adapter
 * @channel: an allocated channel, or one that never was
 * @memory: the memory; NULL for all that the channel keeps linked
 *
 * Kept links (&dmabay_enabler_config.flags) to @memory in the slot of @channel
 * are unlinked and flushed. On return the device cannot reach it through this
 * channel, unless a transfer is mapped.
 *
 * Context: any, but not from an interrupt that could have interrupted a map on
 * the same channel.
 * Return: 0, or -EBUSY: a transfer of it is mapped.
 */
int dmabay_adapter_unlink(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			  struct dmabay_memory *memory);

/**
 * typedef dmabay_system_routine_t - A controller is done (DmaCompletionRoutine)
 * @adapter: the adapter, of a system profile
 * @channel: the channel
 * @context: of dmabay_adapter_start_transfer()
 * @status: how it ended
 *
 * Must not sleep.
 */
typedef void (*dmabay_system_routine_t)(struct dmabay_adapter *adapter,
					struct dmabay_channel *channel, void *context,
					enum dmabay_dma_status status);

/**
 * dmabay_adapter_start_transfer() - Map, and start the controller (MapTransferEx)
 * @adapter: of a system profile
 * @channel: an allocated channel with nothing mapped, that owns the channel object
 * @memory: the memory
 * @offset: bytes into it
 * @length: in: bytes wanted; out: bytes mapped
 * @device_offset: bytes, added to the device's address
 * @direction: which way
 * @list: as for dmabay_adapter_map_transfer(); NULL for one element, which only the
 *	controller hears of
 * @routine: called once when it is over, looped for each round; may run before this
 *	returns. May be NULL
 * @context: for @routine
 *
 * The controller's driver may allocate for each transfer: so, other than the rest of
 * a reserved transfer, this can fail for lack of memory.
 *
 * Context: any.
 * Return: as dmabay_adapter_map_transfer(), or -EOPNOTSUPP (the adapter has no
 * controller), -ECANCELED (dmabay_adapter_cancel_mapped_transfer() was called since the
 * channel was allocated, or flushed), -EIO (the controller refused).
 */
int dmabay_adapter_start_transfer(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
				  struct dmabay_memory *memory, size_t offset, size_t *length,
				  size_t device_offset, enum dmabay_direction direction,
				  struct dmabay_sg_list *list, dmabay_system_routine_t routine,
				  void *context);

/**
 * dmabay_adapter_cancel_mapped_transfer() - Stop the controller (CancelMappedTransfer)
 * @adapter: of a system profile
 * @channel: an allocated channel that owns the channel object
 *
 * Returns at once. What is under way ends, and its routine is called once: with
 * %DMABAY_DMA_CANCELLED unless it was over already. Until the channel is flushed, or free,
 * no transfer can be started on it.
 *
 * Context: any.
 * Return: 0, -EOPNOTSUPP (no controller), -EALREADY (was cancelled before), or -EBADFD
 * (the channel object is not the channel's).
 */
int dmabay_adapter_cancel_mapped_transfer(struct dmabay_adapter *adapter,
					  struct dmabay_channel *channel);

/**
 * dmabay_adapter_configure_channel() - Change how the device is reached (ConfigureAdapterChannel)
 * @adapter: of a system profile that is no copy
 * @slave: in place of &dmabay_system_config.slave from the next transfer on
 *
 * For the one who owns the channel object; before a transfer, say in the callback of
 * dmabay_transaction_set_channel_config(). What is peculiar to a controller is in
 * &dma_slave_config.peripheral_config, which must stay as long as it is in use.
 *
 * Context: any.
 * Return: 0, or -EINVAL (@slave NULL), -EOPNOTSUPP (no controller, or one that copies),
 * -EBUSY (a transfer is not over).
 */
int dmabay_adapter_configure_channel(struct dmabay_adapter *adapter,
				     const struct dma_slave_config *slave);

/**
 * dmabay_adapter_read_counter() - Bytes that are left (ReadDmaCounter)
 * @adapter: of a system profile
 *
 * Of the transfer under way, or of the last one when it ended. As exact as the
 * controller says that it is (residue_granularity of dma_get_slave_caps()).
 *
 * Context: any.
 * Return: bytes; 0 without a controller.
 */
size_t dmabay_adapter_read_counter(struct dmabay_adapter *adapter);

/**
 * dmabay_adapter_free_map_registers() - Give registers back (FreeMapRegisters)
 * @adapter: the adapter
 * @channel: a channel whose routine returned
 *	%DMABAY_DEALLOCATE_OBJECT_KEEP_REGISTERS, nothing mapped
 * @map_registers: the number that was allocated
 *
 * Everything still linked is unlinked and flushed first. Then whoever waits is
 * granted, on this thread; the outermost call grants, calls made by the granted
 * routines only add to its work.
 *
 * Context: any.
 * Return: 0, or -EBADFD (not allocated, mapped, or another number).
 */
int dmabay_adapter_free_map_registers(struct dmabay_adapter *adapter,
				      struct dmabay_channel *channel, unsigned int map_registers);

/**
 * dmabay_adapter_free_channel() - Give channel and registers back (FreeAdapterChannel)
 * @adapter: the adapter
 * @channel: a channel whose routine returned %DMABAY_KEEP_OBJECT, nothing mapped
 *
 * Context: any.
 * Return: 0, or -EBADFD.
 */
int dmabay_adapter_free_channel(struct dmabay_adapter *adapter, struct dmabay_channel *channel);

/**
 * dmabay_adapter_free_object() - End an allocation without a routine (FreeAdapterObject)
 * @adapter: the adapter
 * @channel: a channel that owns the channel object: allocated without a routine, or
 *	with one that returned %DMABAY_KEEP_OBJECT; not inside its routine. With
 *	%DMABAY_DEALLOCATE_OBJECT nothing may be mapped
 * @action: %DMABAY_DEALLOCATE_OBJECT: channel object and registers go back;
 *	%DMABAY_DEALLOCATE_OBJECT_KEEP_REGISTERS: the channel object only, the
 *	registers with dmabay_adapter_free_map_registers(); %DMABAY_KEEP_OBJECT:
 *	nothing
 *
 * Context: any.
 * Return: 0, -EINVAL (@action), or -EBADFD.
 */
int dmabay_adapter_free_object(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
			       enum dmabay_channel_action action);

struct dmabay_sg_channel;

/**
 * typedef dmabay_sg_routine_t - The list is there (AdapterListControl)
 * @adapter: the adapter
 * @channel: of dmabay_adapter_get_sg_list() or dmabay_adapter_build_sg_list()
 * @list: what the device shall use, valid until dmabay_adapter_put_sg_list(); NULL if
 *	the memory could not be mapped; then nothing is to be put, and the call that
 *	asked returns, or has returned, 0
 * @context: of the call
 *
 * Must not sleep.
 */
typedef void (*dmabay_sg_routine_t)(struct dmabay_adapter *adapter,
				    struct dmabay_sg_channel *channel,
				    const struct dmabay_sg_list *list, void *context);

/**
 * struct dmabay_sg_channel - A channel with the list that it maps
 * @list: the list, from the grant to dmabay_adapter_put_sg_list()
 *
 * Embedded by the caller, like &struct dmabay_channel.
 */
struct dmabay_sg_channel {
	struct dmabay_sg_list list;
	/* private: */
	struct dmabay_channel channel;
	struct dmabay_memory *memory;
	size_t offset;
	size_t length;
	enum dmabay_direction direction;
	bool own_elements;
	dmabay_sg_routine_t routine;
	void *context;
};

/**
 * dmabay_adapter_get_sg_list() - Allocate, map, and call (GetScatterGatherListEx)
 * @adapter: an adapter with &dmabay_adapter_config.scatter_gather
 * @channel: the caller's, zeroed before its first use
 * @memory: the memory; a reference is held until the list is put
 * @offset: bytes into it
 * @length: bytes; all of them are mapped, or none
 * @direction: which way
 * @flags: DMABAY_CHANNEL_IMMEDIATE or 0
 * @routine: called once, when all is mapped; may be NULL with
 *	DMABAY_CHANNEL_IMMEDIATE, then @channel->list is there on return
 * @context: for @routine
 *
 * Waits in the same line as dmabay_adapter_allocate_channel(), for as many
 * registers as dmabay_adapter_transfer_info() says, but without the channel object:
 * any number of lists can exist at once.
 *
 * Context: any.
 * Return: 0 (mapped, or waiting in line), -EINVAL (no @channel, length 0, beyond the
 * memory, memory mapped for another device, no routine without DMABAY_CHANNEL_IMMEDIATE,
 * unknown flag, direction), -EOPNOTSUPP (the adapter takes no lists), -EBADFD (the channel
 * is in use), -EACCES (would write into read-only memory), -ENOMEM (no memory for the list,
 * more registers than the adapter has, not available now and DMABAY_CHANNEL_IMMEDIATE, or
 * the provider cannot map all of it at once), -EIO (the IOMMU refused). @routine is not
 * called after an error.
 */
int dmabay_adapter_get_sg_list(struct dmabay_adapter *adapter, struct dmabay_sg_channel *channel,
			       struct dmabay_memory *memory, size_t offset, size_t length,
			       enum dmabay_direction direction, unsigned int flags,
			       dmabay_sg_routine_t routine, void *context);

/**
 * dmabay_adapter_build_sg_list() - The same in the caller's room (BuildScatterGatherListEx)
 * @adapter: an adapter with &dmabay_adapter_config.scatter_gather
 * @channel: the caller's, zeroed before its first use
 * @elements: room for the list, the caller's until it is put
 * @capacity: elements that there is room for
 * @memory: the memory; a reference is held until the list is put
 * @offset: bytes into it
 * @length: bytes; all of them are mapped, or none
 * @direction: which way
 * @flags: DMABAY_CHANNEL_IMMEDIATE or 0
 * @routine: as in dmabay_adapter_get_sg_list()
 * @context: for @routine
 *
 * Context: any. Allocates nothing with the iova and bounce providers.
 * Return: as dmabay_adapter_get_sg_list(); also -ENOBUFS: the room is less than
 * dmabay_adapter_transfer_info() says.
 */
int dmabay_adapter_build_sg_list(struct dmabay_adapter *adapter,
				 struct dmabay_sg_channel *channel,
				 struct dmabay_sg_element *elements, unsigned int capacity,
				 struct dmabay_memory *memory, size_t offset, size_t length,
				 enum dmabay_direction direction, unsigned int flags,
				 dmabay_sg_routine_t routine, void *context);

/**
 * dmabay_adapter_cancel_sg_list() - Leave the line (CancelAdapterChannel)
 * @adapter: the adapter
 * @channel: the channel
 *
 * Context: any.
 * Return: as dmabay_adapter_cancel_channel().
 */
bool dmabay_adapter_cancel_sg_list(struct dmabay_adapter *adapter,
				   struct dmabay_sg_channel *channel);

/**
 * dmabay_adapter_put_sg_list() - Flush, and give everything back (PutScatterGatherList)
 * @adapter: the adapter
 * @channel: a channel whose list is there; the device has stopped using it
 *
 * After it returns the CPU sees what the device wrote. May be called in the
 * routine.
 *
 * Context: any.
 * Return: 0, or -EBADFD (there is no list).
 */
int dmabay_adapter_put_sg_list(struct dmabay_adapter *adapter, struct dmabay_sg_channel *channel);

/*
 * Enabler (KMDF layer)
 * --------------------
 */

/*
 * Links outlive dmabay_transaction_release(): memory that is transferred again
 * on the same reservation costs no map, no unmap and no flush. The device can
 * reach it until the reservation is freed, its slot is needed for other memory,
 * or dmabay_transaction_unlink().
 */
#define DMABAY_ENABLER_KEEP_LINKS	BIT(0)

/*
 * Every transaction must fit into one transfer, see
 * dmabay_transaction_set_single_transfer()
 * (WDF_DMA_ENABLER_CONFIG_REQUIRE_SINGLE_TRANSFER).
 */
#define DMABAY_ENABLER_SINGLE_TRANSFER	BIT(1)

/*
 * Scatter-gather profiles: room for a list is allocated with each transfer, which
 * can fail, instead of with the transaction
 * (WDF_DMA_ENABLER_CONFIG_NO_SGLIST_PREALLOCATION).
 */
#define DMABAY_ENABLER_NO_LIST_PREALLOCATION	BIT(2)

/* &dmabay_enabler_config.dma_version that stands for "the newest". */
#define DMABAY_DMA_VERSION_3		3

/**
 * struct dmabay_power_ops - What a driver does to its DMA engine on power changes
 * @fill: give the engine its buffers, after power-up (EvtDmaEnablerFill)
 * @enable: start it (EvtDmaEnablerEnable)
 * @self_managed_io_start: start what the driver runs by itself
 * @self_managed_io_stop: stop that, before power-down
 * @disable: stop the engine (EvtDmaEnablerDisable)
 * @flush: take its buffers back (EvtDmaEnablerFlush)
 *
 * Any of them may be NULL, and then succeeds. They return 0 or a negative errno,
 * may sleep, and are called with no lock held. They may create enablers, which hear of
 * the next power change, and delete any, also their own, which then hear of no more;
 * it is the driver's to see that no other thread deletes one meanwhile.
 */
struct dmabay_power_ops {
	int (*fill)(struct dmabay_enabler *enabler);
	int (*enable)(struct dmabay_enabler *enabler);
	int (*self_managed_io_start)(struct dmabay_enabler *enabler);
	int (*self_managed_io_stop)(struct dmabay_enabler *enabler);
	int (*disable)(struct dmabay_enabler *enabler);
	int (*flush)(struct dmabay_enabler *enabler);
};

/**
 * struct dmabay_enabler_config - What an enabler is (WDF_DMA_ENABLER_CONFIG)
 * @size: sizeof(struct dmabay_enabler_config)
 * @profile: what the engine takes
 * @max_length: bytes, the longest transfer; not 0, below 2^32
 * @address_width: bits of device address that the engine drives; 0 for the
 *	profile's (32 or 64). 0 with a system profile: it is the controller's
 * @dma_version: 0 or %DMABAY_DMA_VERSION_3
 * @flags: DMABAY_ENABLER_KEEP_LINKS (packet and system profiles), DMABAY_ENABLER_SINGLE_TRANSFER,
 *	DMABAY_ENABLER_NO_LIST_PREALLOCATION (scatter-gather profiles)
 * @map_registers: pages; 0 for what @max_length needs
 * @map_registers_write: pages of the write adapter of a duplex profile; 0 for as many
 *	as @map_registers says
 * @provider: what to back them with
 * @alignment_mask: bytes - 1, of a power of two: alignment of common buffers that
 *	are created without one of their own; scatter-gather profiles, ignored by others
 * @power: what to call on power changes, or NULL; valid as long as the enabler
 * @data: for dmabay_enabler_data()
 */
struct dmabay_enabler_config {
	size_t size;
	enum dmabay_profile profile;
	size_t max_length;
	unsigned int address_width;
	unsigned int dma_version;
	unsigned int flags;
	unsigned int map_registers;
	unsigned int map_registers_write;
	enum dmabay_provider provider;
	size_t alignment_mask;
	const struct dmabay_power_ops *power;
	void *data;
};

/* WDF_DMA_ENABLER_CONFIG_INIT */
#define DMABAY_ENABLER_CONFIG(_profile, _max_length)			\
	((struct dmabay_enabler_config) {				\
		.size = sizeof(struct dmabay_enabler_config),		\
		.profile = (_profile),					\
		.max_length = (_max_length),				\
	})

/**
 * dmabay_enabler_create() - Enable a device for DMA (WdfDmaEnablerCreate)
 * @dev: the device that does the DMA; its driver has set a DMA mask. The mask is
 *	narrowed to the enabler's address width where that is narrower
 * @config: what it can do
 * @enabler: out: the enabler, NULL on failure
 *
 * Context: may sleep.
 * Return: 0, or -EINVAL (no @dev or @config, @enabler NULL, profile unknown,
 * max_length 0 or 2^32 and more, address width over 32 with a 32-bit profile,
 * map registers of 1 or, for writing, in a profile that is not duplex, a flag that is
 * unknown or not the profile's, unknown provider, alignment that is not a power of
 * two minus 1), -EPROTO (config size; wins over all other errors), -EOPNOTSUPP (a
 * system profile, a DMA version other than 3, a provider that cannot serve this
 * device), -ENODEV (no DMA mask, or the platform refuses the width), -ENOMEM.
 */
int dmabay_enabler_create(struct device *dev, const struct dmabay_enabler_config *config,
			  struct dmabay_enabler **enabler);

/**
 * devm_dmabay_enabler_create() - An enabler that ends with a device
 * @parent: when its driver is unbound, the enabler is deleted; @dev, or a device
 *	below it (WDF_OBJECT_ATTRIBUTES.ParentObject)
 * @dev: the device that does the DMA
 * @config: what it can do
 * @enabler: out: the enabler, not to be deleted by the caller; NULL on failure
 *
 * Context: may sleep.
 * Return: as dmabay_enabler_create(); also, and first, -EINVAL: @parent is neither.
 */
int devm_dmabay_enabler_create(struct device *parent, struct device *dev,
			       const struct dmabay_enabler_config *config,
			       struct dmabay_enabler **enabler);

/**
 * struct dmabay_system_config - Which channel, and how (WDF_DMA_SYSTEM_PROFILE_CONFIG)
 * @size: sizeof(struct dmabay_system_config)
 * @channel: the dmaengine channel. The driver has requested it, uses it for nothing else
 *	as long as the enabler exists, and releases it after that
 * @slave: what dmaengine_slave_config() is told before each transfer: the width, bursts
 *	and address (DmaWidth, DeviceAddress) of the device that requests the transfers.
 *	The direction is filled in. Not looked at with @memory_to_memory
 * @memory_to_memory: there is no such device: the channel copies to and from
 *	@device_address, one contiguous piece at a time
 * @device_address: with @memory_to_memory, what the controller uses for the other side:
 *	byte 0 of it, for byte 0 of a transaction
 * @looped: transfers are cyclic (LoopedTransfer): each goes round and round until it is
 *	stopped; the transfer-complete callback is called for each round
 *
 * DemandMode has no counterpart: a device that requests its transfers is @slave.
 */
struct dmabay_system_config {
	size_t size;
	struct dma_chan *channel;
	struct dma_slave_config slave;
	bool memory_to_memory;
	dma_addr_t device_address;
	bool looped;
};

/* WDF_DMA_SYSTEM_PROFILE_CONFIG_INIT */
#define DMABAY_SYSTEM_CONFIG(_channel)					\
	((struct dmabay_system_config) {				\
		.size = sizeof(struct dmabay_system_config),		\
		.channel = (_channel),					\
	})

/**
 * dmabay_enabler_configure_system_profile() - WdfDmaEnablerConfigureSystemProfile
 * @enabler: of a system profile
 * @config: the channel
 * @direction: which way; any with %DMABAY_PROFILE_SYSTEM, which has one channel
 *
 * Makes the adapter of the direction, whose map registers are those of the controller's
 * device. Until then the enabler has no lengths (0), and no transaction can be created.
 * Limits that the channel has (max_sg_burst, alignment, directions) are its own to say,
 * see dma_get_slave_caps(); a transfer that would break one is cut, or fails with -EIO.
 *
 * Context: may sleep.
 * Return: 0, or -EPROTO (config size; wins over all others), -EINVAL (no @config or
 * channel; direction; configured already, or not a system profile), -EOPNOTSUPP (the
 * channel cannot do what @config says), -ENODEV (the controller's device has no DMA
 * mask), -ENOMEM.
 */
int dmabay_enabler_configure_system_profile(struct dmabay_enabler *enabler,
					    const struct dmabay_system_config *config,
					    enum dmabay_direction direction);

/**
 * dmabay_enabler_delete() - Undo dmabay_enabler_create() (WdfObjectDelete)
 * @enabler: the enabler, or NULL
 *
 * Its transactions and common buffers are deleted first; no transaction may be
 * executing, and no call on one of them may be under way on another thread. Calls that
 * begin later, on a reference, are refused. The memory of the enabler stays until the
 * last of its transactions is gone.
 *
 * Context: may sleep.
 */
void dmabay_enabler_delete(struct dmabay_enabler *enabler);

/**
 * dmabay_enabler_max_length() - The configured maximum (WdfDmaEnablerGetMaximumLength)
 * @enabler: the enabler
 *
 * Context: any.
 * Return: bytes; not reduced by the map registers.
 */
size_t dmabay_enabler_max_length(const struct dmabay_enabler *enabler);

/**
 * dmabay_enabler_fragment_length() - The longest single transfer
 * @enabler: the enabler
 * @direction: which way
 *
 * Answers to WdfDmaEnablerGetFragmentLength: the smaller of the maximum length
 * and (map registers - 1) pages.
 *
 * Context: any.
 * Return: bytes; 0 for a direction that does not exist.
 */
size_t dmabay_enabler_fragment_length(const struct dmabay_enabler *enabler,
				      enum dmabay_direction direction);

/* WDF_DMA_ENABLER_UNLIMITED_FRAGMENTS */
#define DMABAY_UNLIMITED_SG_ELEMENTS	((size_t)U32_MAX)

/**
 * dmabay_enabler_max_sg_elements() - WdfDmaEnablerGetMaximumScatterGatherElements
 * @enabler: the enabler
 *
 * Context: any.
 * Return: the limit; %DMABAY_UNLIMITED_SG_ELEMENTS by default.
 */
size_t dmabay_enabler_max_sg_elements(const struct dmabay_enabler *enabler);

/**
 * dmabay_enabler_set_max_sg_elements() - WdfDmaEnablerSetMaximumScatterGatherElements
 * @enabler: the enabler
 * @elements: the limit; 0 is ignored, more than unlimited is unlimited
 *
 * Context: any.
 */
void dmabay_enabler_set_max_sg_elements(struct dmabay_enabler *enabler, size_t elements);

/**
 * dmabay_enabler_adapter() - The adapter of a direction (WdfDmaEnablerWdmGetDmaAdapter)
 * @enabler: the enabler
 * @direction: which way
 *
 * Context: any.
 * Return: the adapter, valid as long as the enabler; the same one for both
 * directions of a simplex profile; NULL for a direction that does not exist.
 */
struct dmabay_adapter *dmabay_enabler_adapter(struct dmabay_enabler *enabler,
					      enum dmabay_direction direction);

/**
 * dmabay_enabler_data() - The driver's pointer (WdfObjectGetTypedContext)
 * @enabler: the enabler
 *
 * Context: any.
 * Return: &dmabay_enabler_config.data.
 */
void *dmabay_enabler_data(const struct dmabay_enabler *enabler);

/**
 * dmabay_enabler_power_up() - The device has power (part of D0 entry)
 * @enabler: the enabler
 *
 * Calls fill, enable, self_managed_io_start of &struct dmabay_power_ops, up to the
 * first that fails. The driver calls it when its interrupts are enabled. After a
 * failure dmabay_enabler_power_down() is due all the same.
 *
 * Power changes of one enabler must not be made from two threads at once. Nothing
 * waits for transactions: whoever submits them stops first.
 *
 * Context: may sleep.
 * Return: 0, or what failed.
 */
int dmabay_enabler_power_up(struct dmabay_enabler *enabler);

/**
 * dmabay_enabler_power_down() - The device will lose power (part of D0 exit)
 * @enabler: the enabler
 *
 * Calls self_managed_io_stop, disable, flush, whatever fails among them; disable and
 * flush only if the fill of the last power-up, if there was one, did not fail. The
 * driver calls it before it disables its interrupts.
 *
 * Windows also skips flush when enable had failed, and skips for good once something
 * failed; here buffers that were filled are flushed, and each power-up starts anew.
 *
 * Context: may sleep.
 * Return: 0, or what failed first.
 */
int dmabay_enabler_power_down(struct dmabay_enabler *enabler);

/**
 * dmabay_enablers_power_up() - Power up all enablers of a device
 * @dev: the device that does the DMA
 *
 * In the order of their creation, up to the first that fails; then all of them are
 * powered down again, the ones that were not reached, too.
 *
 * Context: may sleep.
 * Return: 0, or what failed.
 */
int dmabay_enablers_power_up(struct device *dev);

/**
 * dmabay_enablers_power_down() - Power down all enablers of a device
 * @dev: the device that does the DMA
 *
 * In the order of their creation, as Windows does, and whatever fails.
 *
 * Context: may sleep.
 * Return: 0, or what failed first.
 */
int dmabay_enablers_power_down(struct device *dev);

/*
 * Common buffer (KMDF layer)
 * --------------------------
 * Memory that CPU and device share for good, contiguous for the device and
 * coherent without any call: rings, descriptors, mailboxes. It starts out zeroed.
 */
struct dmabay_common_buffer;

/**
 * struct dmabay_common_buffer_config - WDF_COMMON_BUFFER_CONFIG
 * @size: sizeof(struct dmabay_common_buffer_config)
 * @alignment_mask: bytes - 1, of a power of two
 */
struct dmabay_common_buffer_config {
	size_t size;
	size_t alignment_mask;
};

/**
 * dmabay_common_buffer_create() - Allocate one (WdfCommonBufferCreate)
 * @enabler: its enabler, which deletes it with itself
 * @length: bytes; not 0
 * @buffer: out: the buffer, NULL on failure
 *
 * Aligned to a page, or to the enabler's &dmabay_enabler_config.alignment_mask if that
 * is more.
 *
 * Context: may sleep.
 * Return: 0, or -EINVAL (an argument is NULL, length 0), -EOVERFLOW (length and
 * alignment are too much for a size_t), -ENOMEM (also for 2^32 bytes and more,
 * alignment included).
 */
int dmabay_common_buffer_create(struct dmabay_enabler *enabler, size_t length,
				struct dmabay_common_buffer **buffer);

/**
 * dmabay_common_buffer_create_config() - WdfCommonBufferCreateWithConfig
 * @enabler: its enabler, which deletes it with itself
 * @length: bytes; not 0
 * @config: how to align the device address; above a page, the CPU's address is not
 *	aligned
 * @buffer: out: the buffer, NULL on failure
 *
 * Context: may sleep.
 * Return: as dmabay_common_buffer_create(); also -EPROTO (config size; wins over the
 * length), -EINVAL (an alignment that is not a power of two minus 1).
 */
int dmabay_common_buffer_create_config(struct dmabay_enabler *enabler, size_t length,
				       const struct dmabay_common_buffer_config *config,
				       struct dmabay_common_buffer **buffer);

/**
 * dmabay_common_buffer_vaddr() - WdfCommonBufferGetAlignedVirtualAddress
 * @buffer: the buffer
 *
 * Context: any.
 * Return: the CPU's address.
 */
void *dmabay_common_buffer_vaddr(const struct dmabay_common_buffer *buffer);

/**
 * dmabay_common_buffer_dma_addr() - WdfCommonBufferGetAlignedLogicalAddress
 * @buffer: the buffer
 *
 * Context: any.
 * Return: the device's address.
 */
dma_addr_t dmabay_common_buffer_dma_addr(const struct dmabay_common_buffer *buffer);

/**
 * dmabay_common_buffer_length() - WdfCommonBufferGetLength
 * @buffer: the buffer
 *
 * Context: any.
 * Return: bytes asked for.
 */
size_t dmabay_common_buffer_length(const struct dmabay_common_buffer *buffer);

/**
 * dmabay_common_buffer_delete() - WdfObjectDelete of a common buffer
 * @buffer: the buffer, or NULL; the device does not use it any more
 *
 * Context: may sleep.
 */
void dmabay_common_buffer_delete(struct dmabay_common_buffer *buffer);

/*
 * Request (KMDF layer)
 * --------------------
 * What somebody asked the driver for, as far as a transaction has to know: which
 * buffer, which way, and how to keep it from ending too early. Linux has no one
 * object for that; the driver embeds this one in its own (a struct with a kiocb, an
 * urb, a work item).
 */

/**
 * enum dmabay_request_kind - How a request brings its buffer
 * @DMABAY_REQUEST_READ: reads into its buffer
 * @DMABAY_REQUEST_WRITE: writes from it
 * @DMABAY_REQUEST_BUFFERED: one buffer with an input and an output in the same place
 *	(METHOD_BUFFERED)
 * @DMABAY_REQUEST_IN_DIRECT: an output buffer that is only written from
 *	(METHOD_IN_DIRECT)
 * @DMABAY_REQUEST_OUT_DIRECT: an output buffer that is only read into
 *	(METHOD_OUT_DIRECT)
 * @DMABAY_REQUEST_NEITHER: brings no buffer that a transaction could use
 */
enum dmabay_request_kind {
	DMABAY_REQUEST_READ,
	DMABAY_REQUEST_WRITE,
	DMABAY_REQUEST_BUFFERED,
	DMABAY_REQUEST_IN_DIRECT,
	DMABAY_REQUEST_OUT_DIRECT,
	DMABAY_REQUEST_NEITHER,
};

/**
 * struct dmabay_request - What a transaction has to know of a request
 * @kind: how it brings its buffer
 * @memory: the buffer; the driver keeps it at least as long as the request
 * @input_length: bytes to write, from the start of @memory: write and buffered
 * @output_length: bytes to read into @memory, or, for DMABAY_REQUEST_IN_DIRECT, to
 *	write from it: all kinds but write
 * @get: take a reference to the request. Called by dmabay_transaction_execute()
 * @put: give it back: when the transaction is over, when its execution failed, or
 *	when it was cancelled
 *
 * @get and @put may be NULL. They must not sleep, and are called with no lock held.
 */
struct dmabay_request {
	enum dmabay_request_kind kind;
	struct dmabay_memory *memory;
	size_t input_length;
	size_t output_length;
	void (*get)(struct dmabay_request *request);
	void (*put)(struct dmabay_request *request);
	/* private: executions under way */
	atomic_t executing;
};

/**
 * dmabay_request_may_complete() - Ask before completing a request
 * @request: the request
 *
 * Windows stops the machine when a request is completed that a transaction is
 * executing. A driver asks here first.
 *
 * Context: any.
 * Return: 0, or -EBADFD, with a warning: a transaction executes it.
 */
int dmabay_request_may_complete(struct dmabay_request *request);

/*
 * Transaction (KMDF layer)
 * ------------------------
 */

/**
 * typedef dmabay_program_dma_t - Program the device with one transfer (EvtProgramDma)
 * @transaction: the transaction
 * @dev: the device of its enabler
 * @context: of dmabay_transaction_execute()
 * @direction: which way
 * @list: what the device shall use; valid until this transfer is completed
 *
 * Never runs concurrently with, or nested in, another program_dma of the same
 * transaction, whatever its profile: a driver may complete the transfer inside. Must
 * not sleep.
 *
 * Return: ignored. A driver that could not program its device completes the
 * transaction, which it may do inside the callback.
 */
typedef bool (*dmabay_program_dma_t)(struct dmabay_transaction *transaction, struct device *dev,
				     void *context, enum dmabay_direction direction,
				     const struct dmabay_sg_list *list);

/**
 * typedef dmabay_reserved_t - The reservation is there (EvtReserveDma)
 * @transaction: the transaction
 * @context: of dmabay_transaction_reserve()
 *
 * Called once for each successful dmabay_transaction_reserve() that is not
 * withdrawn before; possibly inside it. Must not sleep.
 */
typedef void (*dmabay_reserved_t)(struct dmabay_transaction *transaction, void *context);

/**
 * typedef dmabay_failed_t - A transaction failed where no caller can be told
 * @transaction: the transaction
 * @context: of dmabay_transaction_execute()
 * @status: a negative errno
 *
 * Called when a transfer had to wait for map registers, and could not be mapped after
 * the grant: with the direct provider (-ENOMEM), or when the IOMMU refuses (-EIO); or
 * when it was completed inside the grant, and the one after it needs more elements
 * than are allowed by now (-E2BIG), or registers that are not there and must not be
 * waited for (-ENOMEM). The transaction has failed; release it. Must not sleep.
 * Windows has this only as the DmaError of a system transfer.
 */
typedef void (*dmabay_failed_t)(struct dmabay_transaction *transaction, void *context, int status);

/**
 * typedef dmabay_channel_config_t - Before each transfer (EvtConfigureDmaChannel)
 * @transaction: the transaction, of a system profile
 * @dev: the device of its enabler
 * @context: of dmabay_transaction_set_channel_config()
 * @memory: what the transaction transfers
 * @offset: bytes into it at which this transfer begins
 * @length: bytes that this transfer is to have; the mapping may make it shorter
 *
 * Called once for each transfer, before it is mapped. Must not sleep. It may complete
 * the transaction (dmabay_transaction_completed_final() with 0 bytes), and then returns
 * false.
 *
 * Return: false: this transfer is neither started nor programmed. The transaction goes
 * on executing until the driver completes it.
 */
typedef bool (*dmabay_channel_config_t)(struct dmabay_transaction *transaction,
					struct device *dev, void *context,
					struct dmabay_memory *memory, size_t offset, size_t length);

/**
 * typedef dmabay_transfer_complete_t - After each transfer (EvtDmaTransferComplete)
 * @transaction: the transaction, of a system profile
 * @dev: the device of its enabler
 * @context: of dmabay_transaction_set_transfer_complete()
 * @direction: which way
 * @status: how it ended
 *
 * Called once for each transfer that was started while the callback was set (looped:
 * once for each round, and once more when it was stopped; of the rounds that end during
 * another callback of the transaction, once), never before or during its program_dma,
 * and not nested in any callback of the same transaction. The driver
 * completes the transfer, in it or later: dmabay_transaction_completed(), or, after
 * anything but %DMABAY_DMA_COMPLETE, dmabay_transaction_completed_final(). Must not sleep.
 */
typedef void (*dmabay_transfer_complete_t)(struct dmabay_transaction *transaction,
					   struct device *dev, void *context,
					   enum dmabay_direction direction,
					   enum dmabay_dma_status status);

/**
 * dmabay_transaction_create() - Make a transaction (WdfDmaTransactionCreate)
 * @enabler: its enabler
 * @transaction: out: the transaction, NULL on failure
 *
 * Its parent is its enabler, which deletes it with itself.
 *
 * Context: may sleep.
 * Return: 0, or -EINVAL (an argument is NULL), -EOPNOTSUPP (a system profile that has no
 * channel yet), -ENOMEM.
 */
int dmabay_transaction_create(struct dmabay_enabler *enabler,
			      struct dmabay_transaction **transaction);

/**
 * dmabay_transaction_get() - Take a reference (WdfObjectReference)
 * @transaction: the transaction
 *
 * The object then outlives dmabay_transaction_delete() and its enabler, until
 * dmabay_transaction_put(), as something on which every call that depends on the
 * state is refused, without a warning. For threads that cannot know whether another
 * one has deleted it.
 *
 * Context: any.
 * Return: @transaction.
 */
struct dmabay_transaction *dmabay_transaction_get(struct dmabay_transaction *transaction);

/**
 * dmabay_transaction_put() - Give a reference back (WdfObjectDereference)
 * @transaction: the transaction
 *
 * With the last transaction of a deleted enabler goes a reference to its device, too.
 *
 * Context: any.
 */
void dmabay_transaction_put(struct dmabay_transaction *transaction);

/**
 * dmabay_transaction_delete() - WdfObjectDelete of a transaction
 * @transaction: the transaction, or NULL; not executing. Not to be used
 *	afterwards
 *
 * A pending reservation is withdrawn (see dmabay_transaction_reserve()), a held one is
 * freed. May be called inside a callback of the same transaction. Illegal while
 * a transfer is under way: warns once, and nothing is freed, because the device
 * may still write.
 *
 * Context: any.
 */
void dmabay_transaction_delete(struct dmabay_transaction *transaction);

/**
 * dmabay_transaction_initialize() - Say what to transfer (WdfDmaTransactionInitialize)
 * @transaction: created, released, or holding a reservation it was granted
 * @program_dma: called for each transfer
 * @direction: which way
 * @memory: the memory; a reference is held until release
 * @length: bytes, from its first byte
 *
 * Context: any.
 * Return: as dmabay_transaction_initialize_offset().
 */
int dmabay_transaction_initialize(struct dmabay_transaction *transaction,
				  dmabay_program_dma_t program_dma,
				  enum dmabay_direction direction, struct dmabay_memory *memory,
				  size_t length);

/**
 * dmabay_transaction_initialize_offset() - WdfDmaTransactionInitializeUsingOffset
 * @transaction: created, released, or holding a reservation it was granted
 * @program_dma: called for each transfer
 * @direction: which way
 * @memory: the memory; a reference is held until release
 * @offset: bytes into the memory, across all its groups
 * @length: bytes
 *
 * Context: any.
 * Return: 0; or, with the state unchanged, -EINVAL (@program_dma or @memory NULL,
 * length 0 or 2^32 and more, direction, offset or offset + length beyond the memory,
 * memory that is mapped for another device),
 * -EACCES (would write into read-only memory), -EOPNOTSUPP (a system profile without a
 * channel for the direction), -EBADFD (state; also while a reservation is pending, or
 * where it is held for the other direction and that has a channel of its own); or, with
 * the transaction released but its settings kept,
 *
 * * -E2BIG: scatter-gather: a transfer would need more map registers than
 *   dmabay_enabler_set_max_sg_elements() allows elements. Pages are counted, because
 *   what can be merged is not known before it is mapped. Single transfer: more
 *   elements than that, or, in a packet profile, more than one;
 * * -EMSGSIZE: single transfer, and longer than &dmabay_enabler_config.max_length;
 * * -ENOSPC: single transfer, and it needs more map registers than are reserved or,
 *   without a reservation, than the adapter has.
 */
int dmabay_transaction_initialize_offset(struct dmabay_transaction *transaction,
					 dmabay_program_dma_t program_dma,
					 enum dmabay_direction direction,
					 struct dmabay_memory *memory, size_t offset,
					 size_t length);

/**
 * dmabay_transaction_initialize_request() - WdfDmaTransactionInitializeUsingRequest
 * @transaction: created, released, or holding a reservation it was granted
 * @request: the request; kept in place by the driver until the transaction is
 *	released, initialized for something else, or deleted
 * @program_dma: called for each transfer
 * @direction: which way
 *
 * Memory and length are the request's. No reference to the request is taken before
 * dmabay_transaction_execute().
 *
 * Context: any.
 * Return: as dmabay_transaction_initialize_offset(); also -EINVAL (@request NULL, or a
 * request without memory), -EOPNOTSUPP (the direction is not one of the request's
 * kind, or it has no bytes in that direction).
 */
int dmabay_transaction_initialize_request(struct dmabay_transaction *transaction,
					  struct dmabay_request *request,
					  dmabay_program_dma_t program_dma,
					  enum dmabay_direction direction);

/**
 * dmabay_transaction_reserve() - Reserve map registers (WdfDmaTransactionAllocateResources)
 * @transaction: created, initialized or released, with no reservation
 * @direction: which way; a legal value even where the profile has one adapter
 * @map_registers: pages; 0 for what the initialized memory needs as a whole (then
 *	the transaction must be initialized), or, in a system profile, for all there are
 * @reserved: called when the registers are there
 * @context: for @reserved
 *
 * An initialization made before is dropped. After the grant, initialize and
 * execute as often as needed: each execution starts at once and cannot fail for
 * lack of registers, memory, device addresses or page tables. What a controller's own
 * driver allocates for each transfer, in a system profile, is out of reach of this.
 *
 * In a system profile the whole controller is reserved: no other transaction starts a
 * transfer on it before the reservation is freed.
 *
 * A request stays attached.
 *
 * While it is pending, releasing, freeing or deleting withdraws it, and @reserved is
 * not called. If another CPU has just found that it is its turn, it is not pending any
 * more, and @reserved may begin after such a call has returned; where that matters, ask
 * dmabay_transaction_cancel() first, which says whether @reserved will be called.
 *
 * Context: any.
 * Return: 0 (granted, or waiting in line), -EOPNOTSUPP (a scatter-gather profile;
 * wins over all other errors; or a system profile without a channel for the direction),
 * -EINVAL (direction, @reserved NULL), -EBADFD (state, or
 * a reservation is held), -ENOMEM (more registers than the adapter has; not available
 * now and immediate execution is set; no memory for the ledger; a reservation that was
 * withdrawn is being granted, and given back, on another CPU at this moment). After
 * -ENOMEM the transaction must be released.
 */
int dmabay_transaction_reserve(struct dmabay_transaction *transaction,
			       enum dmabay_direction direction, unsigned int map_registers,
			       dmabay_reserved_t reserved, void *context);

/**
 * dmabay_transaction_free_reservation() - WdfDmaTransactionFreeResources
 * @transaction: reserved, initialized, completed, failed or released
 *
 * Gives the reservation back, if there is one, and releases the transaction. A
 * pending reservation is withdrawn, see dmabay_transaction_reserve().
 *
 * Context: any.
 * Return: 0, -EOPNOTSUPP (a scatter-gather profile; whatever the state), or -EBADFD
 * (just created, or executing).
 */
int dmabay_transaction_free_reservation(struct dmabay_transaction *transaction);

/**
 * dmabay_transaction_execute() - Start it (WdfDmaTransactionExecute)
 * @transaction: initialized
 * @context: for program_dma
 *
 * It is cut into transfers of up to the maximum length, see
 * dmabay_transaction_set_max_length(). A packet transfer ends with its group, and
 * where a reservation has no more registers. A scatter-gather transfer that needs
 * more registers than the adapter has ends with the last group that fits as a whole.
 *
 * On success the transaction may be over, and even deleted by a callback, when
 * this returns.
 *
 * A transaction of a system profile takes all map registers, and the controller, from
 * its first transfer to its last. If without a reservation a transfer cannot be started,
 * that is not returned here: the transfer-complete callback says so, with
 * %DMABAY_DMA_CANCELLED or %DMABAY_DMA_ERROR, and the transaction goes on executing until
 * the driver ends it with dmabay_transaction_completed_final().
 *
 * Context: any.
 * Return: 0 (started, or waiting for map registers), -EBADFD (state), -ENOMEM
 * (immediate execution is set and the registers are not available now; no room for a
 * list; the direct provider ran out; or a reservation that was withdrawn is being
 * granted, and given back, on another CPU at this moment), -E2BIG (the limit of
 * elements was lowered since it was initialized), -EIO (the IOMMU refused; or the
 * controller did), -ECANCELED (dmabay_transaction_stop()). It may be a
 * later transfer that failed, if the one before was completed meanwhile. After a failure
 * other than -EBADFD the transaction must be released.
 */
int dmabay_transaction_execute(struct dmabay_transaction *transaction, void *context);

/**
 * dmabay_transaction_completed() - The transfer is done (WdfDmaTransactionDmaCompleted)
 * @transaction: executing, a transfer programmed
 *
 * Context: any.
 * Return: 0: the transaction is over, all bytes are transferred. -EINPROGRESS:
 * the next transfer is programmed, or will be; do not touch the transaction. Any
 * other: the transaction is over, and failed (-EIO, -ENOMEM or -E2BIG: flushing, or
 * mapping the next transfer, failed; -ECANCELED: bytes are left, and
 * dmabay_transaction_stop() was called; -EMSGSIZE: single transfer, and bytes are left).
 * -EBADFD: state; nothing happened. -EBUSY: the controller is at work, or what it did is
 * yet to be told to the transfer-complete callback; nothing happened. To end such a
 * transfer, stop it first.
 */
int dmabay_transaction_completed(struct dmabay_transaction *transaction);

/**
 * dmabay_transaction_is_over() - What WdfDmaTransactionDmaCompleted returns
 * @result: of one of the _completed() family
 *
 * Windows returns a BOOLEAN and, through a pointer, a status; here the one result is
 * both. Over is not the same as successful.
 *
 * Context: any.
 * Return: whether no transfer will follow.
 */
static inline bool dmabay_transaction_is_over(int result)
{
	return result != -EINPROGRESS;
}

/**
 * dmabay_transaction_completed_length() - WdfDmaTransactionDmaCompletedWithLength
 * @transaction: executing, a transfer programmed
 * @length: bytes that were transferred; 0 is a retry of the same transfer
 *
 * What is left of the transfer is programmed again.
 *
 * Context: any.
 * Return: as dmabay_transaction_completed(); also -EINVAL: @length is above that
 * of the transfer; the transaction is over, and failed.
 */
int dmabay_transaction_completed_length(struct dmabay_transaction *transaction, size_t length);

/**
 * dmabay_transaction_completed_final() - WdfDmaTransactionDmaCompletedFinal
 * @transaction: executing, a transfer programmed
 * @length: bytes that were transferred
 *
 * No further transfer is programmed, whatever is left. A single transfer that is short
 * has failed all the same (-EMSGSIZE).
 *
 * Context: any.
 * Return: as dmabay_transaction_completed_length(), but never -EINPROGRESS.
 */
int dmabay_transaction_completed_final(struct dmabay_transaction *transaction, size_t length);

/**
 * dmabay_transaction_release() - Make it reusable (WdfDmaTransactionRelease)
 * @transaction: not executing
 *
 * Immediate execution, the maximum length, single transfer and what is set for system
 * profiles go back to their defaults, and a request is detached. A reservation is kept
 * if it was granted, and withdrawn if it is pending, see dmabay_transaction_reserve().
 * Releasing twice is no error.
 *
 * Context: any.
 * Return: 0, or -EBADFD (executing).
 */
int dmabay_transaction_release(struct dmabay_transaction *transaction);

/**
 * dmabay_transaction_cancel() - Leave the line (WdfDmaTransactionCancel)
 * @transaction: reserved, initialized, executing, completed or failed
 *
 * A packet transaction waits before its first transfer only, a scatter-gather
 * transaction before each.
 *
 * Context: any.
 * Return: true: it waited for map registers, its callback will not run any more, and
 * it has failed; release it, and do not complete it. False: nothing changed; in other
 * states than those above it also warns once.
 */
bool dmabay_transaction_cancel(struct dmabay_transaction *transaction);

/**
 * dmabay_transaction_unlink() - Take memory away from the device's reach
 * @transaction: any; not executing with @memory
 * @memory: the memory; NULL for all that its reservation keeps linked
 *
 * For enablers with %DMABAY_ENABLER_KEEP_LINKS, before the memory is given
 * back. Has no Windows counterpart.
 *
 * Context: may sleep.
 * Return: 0: the device cannot reach it through this reservation any more.
 * -EBUSY: a transfer of it is under way. -EBADFD: the transaction is deleted.
 */
int dmabay_transaction_unlink(struct dmabay_transaction *transaction,
			      struct dmabay_memory *memory);

/**
 * dmabay_transaction_set_keep_links() - Override the enabler's KEEP_LINKS flag
 * @transaction: holding no reservation
 * @keep: whether links outlive dmabay_transaction_release()
 *
 * Stays as it is until it is set again; a release does not change it.
 *
 * Context: any.
 */
void dmabay_transaction_set_keep_links(struct dmabay_transaction *transaction, bool keep);

/**
 * dmabay_transaction_make_links() - Make room for many kept links
 * @transaction: holding no reservation, and not executing
 * @links: how many; more than 65536 are as many
 *
 * A reservation keeps no more links than it has map registers, and no more than 64 unless
 * this was called before it: dmabay_transaction_reserve() cannot sleep. When there is no
 * room, links that were made long ago go. One takes about 100 bytes. The room stays until
 * the transaction is deleted.
 *
 * Context: may sleep.
 * Return: 0, -ENOMEM, or -EBUSY (in use).
 */
int dmabay_transaction_make_links(struct dmabay_transaction *transaction, unsigned int links);

/**
 * dmabay_transaction_set_failed() - Say who is told of a late failure
 * @transaction: the transaction, not executing
 * @failed: the callback, or NULL; stays until it is set again
 *
 * Context: any.
 */
void dmabay_transaction_set_failed(struct dmabay_transaction *transaction, dmabay_failed_t failed);

/**
 * dmabay_transaction_set_immediate() - WdfDmaTransactionSetImmediateExecution
 * @transaction: created, initialized or released
 * @immediate: fail with -ENOMEM instead of waiting for map registers
 *
 * Holds until release. In other states it warns once, and is applied.
 *
 * Context: any.
 */
void dmabay_transaction_set_immediate(struct dmabay_transaction *transaction, bool immediate);

/**
 * dmabay_transaction_set_single_transfer() - WdfDmaTransactionSetSingleTransferRequirement
 * @transaction: created, released, or reserved; in other states it warns once, and
 *	nothing changes
 * @single: whether all bytes must go in one transfer
 *
 * Initialization then fails for what cannot, and a transfer that leaves bytes ends the
 * transaction with -EMSGSIZE. Holds until release; the default is the enabler's
 * DMABAY_ENABLER_SINGLE_TRANSFER.
 *
 * Context: any.
 */
void dmabay_transaction_set_single_transfer(struct dmabay_transaction *transaction, bool single);

/**
 * dmabay_transaction_set_max_length() - WdfDmaTransactionSetMaximumLength
 * @transaction: initialized, reserved or executing; ignored otherwise
 * @length: bytes of the longest transfer; ignored if 0, or not below the
 *	adapter's fragment length
 *
 * Holds for transfers that are programmed from now on, until the next initialization
 * or release; so it does nothing for a reservation that is not initialized yet.
 *
 * Context: any.
 */
void dmabay_transaction_set_max_length(struct dmabay_transaction *transaction, size_t length);

/**
 * dmabay_transaction_set_device_offset() - WdfDmaTransactionSetDeviceAddressOffset
 * @transaction: of a system profile; on others it warns once, and nothing changes
 * @offset: bytes, added to the device's address for transfers that start from now on
 *
 * 0 again with the next initialization or reservation.
 *
 * Context: any.
 */
void dmabay_transaction_set_device_offset(struct dmabay_transaction *transaction, size_t offset);

/**
 * dmabay_transaction_set_channel_config() - WdfDmaTransactionSetChannelConfigurationCallback
 * @transaction: of a system profile; on others it warns once, and nothing changes
 * @config: the callback, or NULL
 * @context: for it
 *
 * For transfers that start from now on, until release.
 *
 * Context: any.
 */
void dmabay_transaction_set_channel_config(struct dmabay_transaction *transaction,
					   dmabay_channel_config_t config, void *context);

/**
 * dmabay_transaction_set_transfer_complete() - WdfDmaTransactionSetTransferCompleteCallback
 * @transaction: of a system profile; on others it warns once, and nothing changes
 * @complete: the callback, or NULL
 * @context: for it
 *
 * For transfers that start from now on, until release. Without one the driver finds
 * out by itself when a transfer is over, and completes it. One that fails is then not
 * seen to be over (-EBUSY) before it is stopped.
 *
 * Context: any.
 */
void dmabay_transaction_set_transfer_complete(struct dmabay_transaction *transaction,
					      dmabay_transfer_complete_t complete, void *context);

/**
 * dmabay_transaction_stop() - Stop the controller (WdfDmaTransactionStopSystemTransfer)
 * @transaction: of a system profile, executing; on others it warns once
 *
 * Returns at once. The transfer under way ends, and its transfer-complete callback is
 * called, once: with %DMABAY_DMA_CANCELLED, unless it was over at that moment. It comes
 * when the controller has let go of the memory, which takes a work item. A transfer that
 * would start later fails with -ECANCELED, until the transaction is initialized or
 * reserved anew. To stop what may still wait in line, cancel it first, and stop it if
 * that returns false. Stopping twice is stopping once.
 *
 * Context: any.
 */
void dmabay_transaction_stop(struct dmabay_transaction *transaction);

/**
 * dmabay_transaction_transfer_info() - WdfDmaTransactionGetTransferInfo
 * @transaction: initialized
 * @map_registers: out, may be NULL: pages that the whole transaction needs
 * @sg_elements: out, may be NULL: elements likewise
 *
 * Context: any.
 * Return: 0, or -EBADFD (state).
 */
int dmabay_transaction_transfer_info(struct dmabay_transaction *transaction,
				     unsigned int *map_registers, unsigned int *sg_elements);

/**
 * dmabay_transaction_bytes_transferred() - WdfDmaTransactionGetBytesTransferred
 * @transaction: the transaction
 *
 * Context: any.
 * Return: bytes completed since it was initialized; inside program_dma the
 * offset of this transfer.
 */
size_t dmabay_transaction_bytes_transferred(const struct dmabay_transaction *transaction);

/**
 * dmabay_transaction_current_length() - WdfDmaTransactionGetCurrentDmaTransferLength
 * @transaction: the transaction
 *
 * Context: any.
 * Return: bytes of the transfer under way, else 0.
 */
size_t dmabay_transaction_current_length(const struct dmabay_transaction *transaction);

/**
 * dmabay_transaction_request() - WdfDmaTransactionGetRequest
 * @transaction: the transaction
 *
 * Context: any.
 * Return: the request it was initialized with, until it is released; else NULL.
 */
struct dmabay_request *dmabay_transaction_request(const struct dmabay_transaction *transaction);

/**
 * dmabay_transaction_state_name() - What it is doing, in a word
 * @transaction: the transaction
 *
 * "created", "initialized", "reserved", "transfer", "completed", "failed", "released"
 * or "deleted": the words that warnings, tracepoints and debugfs use.
 *
 * Context: any.
 * Return: the word; it may be out of date at once.
 */
const char *dmabay_transaction_state_name(const struct dmabay_transaction *transaction);

/**
 * dmabay_transaction_channel() - What holds its map registers
 * (WdfDmaTransactionWdmGetTransferContext)
 * @transaction: initialized, reserved, executing, completed or failed
 *
 * While a granted reservation is not executed, its owner may do transfers on the channel
 * himself, without the states of a transaction: dmabay_adapter_map_transfer(), the device,
 * dmabay_adapter_flush(), and so on. That is the shortest way there is. The registers stay
 * the transaction's: they go back with dmabay_transaction_free_reservation(), and when
 * that, or execute, or delete, is called nothing may be mapped. Whoever does not keep links
 * ends with dmabay_adapter_unlink().
 *
 * Context: any.
 * Return: the channel, as long as the transaction; NULL in another state, with a warning
 * once.
 */
struct dmabay_channel *dmabay_transaction_channel(struct dmabay_transaction *transaction);

/**
 * dmabay_transaction_device() - WdfDmaTransactionGetDevice
 * @transaction: the transaction
 *
 * Context: any.
 * Return: the device of its enabler.
 */
struct device *dmabay_transaction_device(const struct dmabay_transaction *transaction);

/*
 * Device (user surface)
 * ---------------------
 * A driver that registers a device gives it a node, /dev/dmabayN, with all of
 * include/uapi/linux/dmabay.h. The core owns the files, the buffers, the
 * enabler and the transactions; the driver programs pieces and says when they
 * are done. A dmaengine channel can be such a device, too: then the core does that.
 */

/**
 * struct dmabay_device_piece - One piece that the device shall move
 * @node: the driver's, from program() to dmabay_device_complete()
 * @address: device address of the memory
 * @length: bytes
 * @device_address: bytes into the device's own memory; checked against its size
 * @direction: which way
 * @polled: somebody calls poll() until it is complete; never set if there is none
 */
struct dmabay_device_piece {
	struct list_head node;
	dma_addr_t address;
	size_t length;
	u64 device_address;
	enum dmabay_direction direction;
	bool polled;
};

/**
 * struct dmabay_device_ops - What a driver does for its device
 * @program: start this piece, or queue it behind others. Its address is mapped
 *	and within the enabler's address width. Every piece must end in exactly
 *	one dmabay_device_complete(), in bounded time (suspend apart), which may
 *	come inside @program. Any context; must not sleep
 * @stop: make the engine stop: when it returns, the device touches no memory,
 *	every piece it was given is completed (-ENODEV), and so is, at once, each
 *	one it is still given. Called once, from dmabay_device_unregister(). May
 *	sleep
 * @poll: may be NULL: look what is done, and complete it. Nothing else has to be done
 *	for pieces that are polled, as long as they are; others end without it. Called
 *	again and again, by several tasks at a time, and not once @stop is. Should
 *	return soon; must not wait
 * @move: may be NULL: do all of this piece while the caller waits, and return what
 *	dmabay_device_complete() would be told: the status and, in *@length, the bytes that were
 *	moved. For a device that is done sooner than it could tell of it. Such a piece is not
 *	given to @program, never polled, and its node is not for the driver; others are still
 *	given to that. What is submitted together may be mapped, and unmapped, together.
 *	@stop waits for those that are under way. Any context; must not sleep
 * @counters: may be NULL: add to the last three members of the counters (faults,
 *	engine ticks, timeouts). Any context
 * @dump: may be NULL: the device did not answer lately, or lied, which is told in a dump: add
 *	what its registers said then, as lines of "key: value". May sleep
 *
 * @program and @stop are NULL if the device is a channel (&dmabay_device_config.system), else
 * not.
 */
struct dmabay_device_ops {
	void (*program)(struct dmabay_device *device, struct dmabay_device_piece *piece);
	void (*stop)(struct dmabay_device *device);
	void (*poll)(struct dmabay_device *device);
	int (*move)(struct dmabay_device *device, const struct dmabay_device_piece *piece,
		    size_t *length);
	void (*counters)(struct dmabay_device *device, u64 *faults, u64 *engine_ticks,
			 u64 *timeouts);
	void (*dump)(struct dmabay_device *device, struct seq_buf *text);
};

/**
 * struct dmabay_device_config - What a driver registers
 * @driver: name of the driver, below 32 characters
 * @dma_dev: the device that does the DMA
 * @memory_size: bytes of device memory, not 0. A channel to a device that has no memory,
 *	but takes or gives bytes in their order, has 0: device addresses are 0 then
 * @alignment: a power of two; device addresses, lengths, and the addresses of and
 *	offsets into buffers are multiples of it
 * @enabler: the enabler to make: a packet profile, or DMABAY_PROFILE_SYSTEM with @system;
 *	no flags; the core adds DMABAY_ENABLER_KEEP_LINKS
 * @system: NULL, or the channel that does the transfers: not looped; only looked at in
 *	dmabay_device_register(). A reservation has the whole channel until it is freed,
 *	and others wait. Copies (&dmabay_system_config.memory_to_memory) are not stopped,
 *	but waited for, unless they take too long
 * @directions: what it can do, of BIT(&enum dmabay_direction); 0 for both
 * @timeout_ms: how long a piece of a channel may take, before the channel is stopped and
 *	the transfer ends with -ETIMEDOUT; not 0 with @system
 * @bus: what is told to users as its place, below 32 characters; NULL for the name of
 *	@dma_dev
 * @ops: the driver's, valid until dmabay_device_unregister() has returned; may be NULL
 *	with @system
 * @data: for dmabay_device_data()
 */
struct dmabay_device_config {
	const char *driver;
	struct device *dma_dev;
	u64 memory_size;
	unsigned int alignment;
	struct dmabay_enabler_config enabler;
	const struct dmabay_system_config *system;
	unsigned int directions;
	unsigned int timeout_ms;
	const char *bus;
	const struct dmabay_device_ops *ops;
	void *data;
};

/**
 * dmabay_device_register() - Offer a device to user space
 * @parent: for sysfs; usually the device of the driver that calls
 * @config: what it is
 *
 * The node exists, and program() may be called, before this returns. When it
 * fails, no op was called. The DMA mask of the DMA device may have been narrowed
 * to the enabler's address width; nobody widens it again.
 *
 * Context: may sleep.
 * Return: the device, or ERR_PTR: -EINVAL, -ENOSPC (no number left), or an error
 * of dmabay_enabler_create() or dmabay_enabler_configure_system_profile().
 */
struct dmabay_device *dmabay_device_register(struct device *parent,
					     const struct dmabay_device_config *config);

/**
 * dmabay_device_unregister() - Take a device away
 * @device: the device
 *
 * No op is called after it returns, and a channel is not used any more. Files that are
 * open stay valid: all that they had under way ends with -ENODEV, and so does every
 * later command.
 *
 * Context: may sleep. Never takes the device lock of the DMA device or of the
 * parent, so that a bus notifier may call it.
 */
void dmabay_device_unregister(struct dmabay_device *device);

/**
 * dmabay_device_data() - The driver's pointer
 * @device: the device
 *
 * Context: any.
 * Return: &dmabay_device_config.data.
 */
void *dmabay_device_data(const struct dmabay_device *device);

/**
 * dmabay_device_complete() - A piece is done
 * @piece: the piece; not to be touched any more
 * @status: 0, or a negative errno that ends the transfer: -ETIMEDOUT (the device
 *	did not answer, and was reset), -EPROTO (it answered what cannot be true, and was
 *	reset), -EIO (it failed), -ENODEV (it is gone). A dump is made of the first two. What
 *	is no errno of user space is taken for -EIO
 * @length: bytes that were moved. Fewer than the piece has, with status 0, end the transfer
 *	short. More than that cannot be true: then no byte counts as moved, and status 0 is
 *	taken for -EPROTO
 *
 * Both may be what the device says, read once; they are not believed beyond the above. But
 * the driver alone knows which piece the device means: an answer for which it finds none among
 * those that the device has is for nobody, and it takes the piece from there before it calls.
 * A second call before the transfer's next piece was programmed is refused, with a line in the
 * log; later, it would complete that one.
 *
 * The next piece of the transfer may be programmed inside this call, but never
 * inside a program() of the same transfer.
 *
 * Context: any; the device does not touch the piece's memory any more.
 */
void dmabay_device_complete(struct dmabay_device_piece *piece, int status, size_t length);

#endif /* _LINUX_DMABAY_H */
