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
 * _free_reservation(), _delete() and the _completed() family. Hold no lock over
 * these calls that such a callback takes.
 *
 * An illegal call (one that the object's state forbids) returns -EBADFD, warns
 * once, and changes nothing.
 */
#ifndef _LINUX_DMABAY_H
#define _LINUX_DMABAY_H

#include <linux/bvec.h>
#include <linux/device.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/scatterlist.h>
#include <linux/types.h>

struct dmabay_adapter;
struct dmabay_device;
struct dmabay_enabler;
struct dmabay_memory;
struct dmabay_transaction;

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
 * enum dmabay_profile - What the device's DMA engine takes (WDF_DMA_PROFILE)
 * @DMABAY_PROFILE_PACKET: one contiguous piece at a time, 32-bit addresses
 * @DMABAY_PROFILE_PACKET64: one contiguous piece at a time, 64-bit addresses
 *
 * The numbers are those of the KMDF enumeration. Profiles that are not listed
 * are refused with -EOPNOTSUPP.
 */
enum dmabay_profile {
	DMABAY_PROFILE_PACKET = 1,
	DMABAY_PROFILE_PACKET64 = 3,
};

/**
 * enum dmabay_provider - What backs the map registers of an adapter
 * @DMABAY_PROVIDER_AUTO: the best that the device and the platform allow: iova
 *	behind a translating IOMMU, bounce otherwise
 * @DMABAY_PROVIDER_IOVA: a window of device addresses, held as long as the
 *	adapter; memory is linked into slots of it
 * @DMABAY_PROVIDER_BOUNCE: pages allocated and mapped with the adapter; bytes
 *	are copied, except where the memory is contiguous and reachable as it is
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
 * @elements: the pieces, in the order of the memory
 *
 * With the packet profiles the elements are valid only during the callback.
 */
struct dmabay_sg_list {
	unsigned int count;
	const struct dmabay_sg_element *elements;
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
 * that may keep it linked was freed or asked to dmabay_transaction_unlink() it.
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
 * dmabay_memory_chain() - One memory of several, in order (an MDL chain)
 * @parts: the memories; the new one takes over their groups, not a reference
 *	to them
 * @count: how many
 * @gfp: how to allocate
 *
 * Groups stay apart even where they meet at a page boundary.
 *
 * Context: as @gfp allows.
 * Return: as dmabay_memory_from_pages().
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
 * Must not sleep.
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
 * @map_registers: pages; 0 for dmabay_span_pages(PAGE_SIZE - 1, @max_length)
 * @provider: what to back the map registers with
 */
struct dmabay_adapter_config {
	size_t size;
	size_t max_length;
	unsigned int address_width;
	unsigned int map_registers;
	enum dmabay_provider provider;
};

/*
 * One stretch of memory that is linked in a slot. Private to the core; here only
 * because every channel brings room for one.
 */
struct dmabay_link {
	/* private: */
	struct list_head node;
	struct dmabay_memory *memory;
	u32 page;
	u32 pages;
	u32 slot_page;
	u8 rights;
	bool busy;
	u64 stamp;
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

	/* private: the link ledger; guarded by lock and relinking (links.c) */
	spinlock_t lock;
	bool relinking;
	bool keep_links;
	u16 link_capacity;
	struct list_head ledger;
	struct dmabay_link *links;
	struct dmabay_link own_link;
	u64 clock;

	/* private: the transfer that is mapped; the owner's */
	bool mapped;
	bool bounced;
	u8 direction;
	struct dmabay_memory *memory;
	size_t offset;
	struct dmabay_sg_element element;
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
 * dmabay_adapter_put() - Give an adapter back (PutDmaAdapter)
 * @adapter: the adapter, or NULL; no registers of it may be allocated
 *
 * Context: may sleep.
 */
void dmabay_adapter_put(struct dmabay_adapter *adapter);

/**
 * struct dmabay_adapter_info - What an adapter is (DMA_ADAPTER_INFO)
 * @provider: what backs its map registers
 * @guaranteed: the reserved path cannot fail for lack of anything
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
 * @sg_elements: out, may be NULL: elements the device would see
 *
 * Context: any.
 * Return: 0, or -EINVAL (length 0, beyond the memory).
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
 * @routine: called once, when the registers are there; says what becomes of them
 * @context: for @routine
 *
 * Strict FIFO: nobody overtakes, however few registers it asks for. @routine
 * may run before this returns.
 *
 * Context: any.
 * Return: 0 (granted, or waiting in line), -EINVAL (0 registers, no routine,
 * unknown flag), -EBADFD (the channel is in use), -ENOMEM (more registers than
 * the adapter has; or not available now and DMABAY_CHANNEL_IMMEDIATE).
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
 * @list: out: what the device shall use
 *
 * Context: any. Allocates nothing with the iova and bounce providers.
 * Return: 0, or -EINVAL (length 0, beyond the memory), -EBADFD (the channel is
 * not allocated, or mapped already), -EIO (the IOMMU refused), -ENOMEM (direct
 * provider only).
 */
int dmabay_adapter_map_transfer(struct dmabay_adapter *adapter, struct dmabay_channel *channel,
				struct dmabay_memory *memory, size_t offset, size_t *length,
				enum dmabay_direction direction, struct dmabay_sg_list *list);

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
 * Return: 0, or -EINVAL (@length), -EBADFD (nothing is mapped).
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

/* &dmabay_enabler_config.dma_version that stands for "the newest". */
#define DMABAY_DMA_VERSION_3		3

/**
 * struct dmabay_enabler_config - What an enabler is (WDF_DMA_ENABLER_CONFIG)
 * @size: sizeof(struct dmabay_enabler_config)
 * @profile: what the engine takes
 * @max_length: bytes, the longest transfer; not 0, below 2^32
 * @address_width: bits of device address that the engine drives; 0 for the
 *	profile's (32 or 64)
 * @dma_version: 0 or %DMABAY_DMA_VERSION_3
 * @flags: DMABAY_ENABLER_KEEP_LINKS or 0
 * @map_registers: pages; 0 for what @max_length needs
 * @provider: what to back them with
 */
struct dmabay_enabler_config {
	size_t size;
	enum dmabay_profile profile;
	size_t max_length;
	unsigned int address_width;
	unsigned int dma_version;
	unsigned int flags;
	unsigned int map_registers;
	enum dmabay_provider provider;
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
 * map_registers of 1, unknown flag or provider), -EPROTO (config size; wins over
 * all other errors), -EOPNOTSUPP (a profile not served yet, a DMA version other
 * than 3, a provider that cannot serve this device), -ENODEV (no DMA mask, or
 * the platform refuses the width), -ENOMEM.
 */
int dmabay_enabler_create(struct device *dev, const struct dmabay_enabler_config *config,
			  struct dmabay_enabler **enabler);

/**
 * dmabay_enabler_delete() - Undo dmabay_enabler_create() (WdfObjectDelete)
 * @enabler: the enabler, or NULL
 *
 * Its transactions are deleted first; none may be executing. The memory of the
 * enabler stays until the last of its transactions is gone.
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
 * @list: what the device shall use
 *
 * Never runs concurrently with, or nested in, another program_dma of the same
 * transaction. Must not sleep.
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
 * Called when dmabay_transaction_execute() returned 0 because it had
 * to wait, and the first transfer could not be mapped after the grant: with the
 * direct provider (-ENOMEM), or when the IOMMU refuses (-EIO). The transaction
 * has failed; release it. Must not sleep. Windows has this only as the
 * DmaError of a system transfer.
 */
typedef void (*dmabay_failed_t)(struct dmabay_transaction *transaction, void *context, int status);

/**
 * dmabay_transaction_create() - Make a transaction (WdfDmaTransactionCreate)
 * @enabler: its enabler
 * @transaction: out: the transaction, NULL on failure
 *
 * Context: may sleep.
 * Return: 0, or -EINVAL (an argument is NULL), -ENOMEM.
 */
int dmabay_transaction_create(struct dmabay_enabler *enabler,
			      struct dmabay_transaction **transaction);

/**
 * dmabay_transaction_delete() - WdfObjectDelete of a transaction
 * @transaction: the transaction, or NULL; not executing. Not to be used
 *	afterwards, also when it is illegal
 *
 * A pending reservation is withdrawn (its callback never runs), a held one is
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
 * Return: 0, or -EINVAL (@program_dma or @memory NULL, length 0 or 2^32 and
 * more, direction, offset or offset + length beyond the memory), -EACCES (would
 * write into read-only memory), -EBADFD (state; also while a reservation is
 * pending). On failure the state is unchanged.
 */
int dmabay_transaction_initialize_offset(struct dmabay_transaction *transaction,
					 dmabay_program_dma_t program_dma,
					 enum dmabay_direction direction,
					 struct dmabay_memory *memory, size_t offset,
					 size_t length);

/**
 * dmabay_transaction_reserve() - Reserve map registers (WdfDmaTransactionAllocateResources)
 * @transaction: created, initialized or released, with no reservation
 * @direction: which way; a legal value even where the profile has one adapter
 * @map_registers: pages; 0 for what the initialized memory needs as a whole (then
 *	the transaction must be initialized)
 * @reserved: called when the registers are there
 * @context: for @reserved
 *
 * An initialization made before is dropped. After the grant, initialize and
 * execute as often as needed: each execution starts at once and cannot fail for
 * lack of registers, memory, device addresses or page tables.
 *
 * Context: any.
 * Return: 0 (granted, or waiting in line), -EOPNOTSUPP (profile), -EINVAL
 * (direction, @reserved NULL), -EBADFD (state, or a reservation is held),
 * -ENOMEM (more registers than the adapter has; not available now and immediate
 * execution is set; no memory for the ledger; a reservation that was withdrawn is
 * being granted, and given back, on another CPU at this moment). After -ENOMEM the
 * transaction must be released.
 */
int dmabay_transaction_reserve(struct dmabay_transaction *transaction,
			       enum dmabay_direction direction, unsigned int map_registers,
			       dmabay_reserved_t reserved, void *context);

/**
 * dmabay_transaction_free_reservation() - WdfDmaTransactionFreeResources
 * @transaction: reserved, initialized, completed, failed or released
 *
 * Gives the reservation back, if there is one, and releases the transaction. A
 * pending reservation is withdrawn: its callback does not start any more.
 *
 * Context: any.
 * Return: 0, or -EBADFD (just created, or executing).
 */
int dmabay_transaction_free_reservation(struct dmabay_transaction *transaction);

/**
 * dmabay_transaction_execute() - Start it (WdfDmaTransactionExecute)
 * @transaction: initialized
 * @context: for program_dma
 *
 * On success the transaction may be over, and even deleted by a callback, when
 * this returns.
 *
 * Context: any.
 * Return: 0 (started, or waiting for map registers), -EBADFD (state), -ENOMEM
 * (immediate execution is set and the registers are not available now; or the
 * direct provider ran out), -EIO (the IOMMU refused). After a failure other than
 * -EBADFD the transaction must be released.
 */
int dmabay_transaction_execute(struct dmabay_transaction *transaction, void *context);

/**
 * dmabay_transaction_completed() - The transfer is done (WdfDmaTransactionDmaCompleted)
 * @transaction: executing, a transfer programmed
 *
 * Context: any.
 * Return: 0: the transaction is over, all bytes are transferred. -EINPROGRESS:
 * the next transfer is programmed, or will be; do not touch the transaction. Any
 * other: the transaction is over, and failed (-EIO or -ENOMEM: flushing, or
 * mapping the next transfer, failed). -EBADFD: state; nothing happened.
 */
int dmabay_transaction_completed(struct dmabay_transaction *transaction);

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
 * No further transfer is programmed, whatever is left.
 *
 * Context: any.
 * Return: as dmabay_transaction_completed_length(), but never -EINPROGRESS.
 */
int dmabay_transaction_completed_final(struct dmabay_transaction *transaction, size_t length);

/**
 * dmabay_transaction_release() - Make it reusable (WdfDmaTransactionRelease)
 * @transaction: not executing
 *
 * Settings go back to their defaults. A reservation is kept if it was granted,
 * and withdrawn if it is pending. Releasing twice is no error.
 *
 * Context: any.
 * Return: 0, or -EBADFD (executing).
 */
int dmabay_transaction_release(struct dmabay_transaction *transaction);

/**
 * dmabay_transaction_cancel() - Leave the line (WdfDmaTransactionCancel)
 * @transaction: reserved, initialized, executing, completed or failed
 *
 * Context: any.
 * Return: true: it waited for map registers, its callback will never run, and it
 * has failed; release it. False: nothing changed.
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
 * -EBUSY: a transfer of it is under way.
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
 * dmabay_transaction_set_max_length() - WdfDmaTransactionSetMaximumLength
 * @transaction: initialized, reserved or executing; ignored otherwise
 * @length: bytes of the longest transfer; ignored if 0, or not below the
 *	adapter's fragment length
 *
 * Holds until the next initialization or release.
 *
 * Context: any.
 */
void dmabay_transaction_set_max_length(struct dmabay_transaction *transaction, size_t length);

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
 * are done.
 */

/**
 * struct dmabay_device_piece - One piece that the device shall move
 * @node: the driver's, from program() to dmabay_device_complete()
 * @address: device address of the memory
 * @length: bytes
 * @device_address: bytes into the device's own memory; checked against its size
 * @direction: which way
 */
struct dmabay_device_piece {
	struct list_head node;
	dma_addr_t address;
	size_t length;
	u64 device_address;
	enum dmabay_direction direction;
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
 * @counters: may be NULL: add to the last three members of the counters (faults,
 *	engine ticks, timeouts). Any context
 */
struct dmabay_device_ops {
	void (*program)(struct dmabay_device *device, struct dmabay_device_piece *piece);
	void (*stop)(struct dmabay_device *device);
	void (*counters)(struct dmabay_device *device, u64 *faults, u64 *engine_ticks,
			 u64 *timeouts);
};

/**
 * struct dmabay_device_config - What a driver registers
 * @driver: name of the driver, below 32 characters
 * @dma_dev: the device that does the DMA
 * @memory_size: bytes of device memory, not 0
 * @alignment: a power of two; device addresses, lengths, and the addresses of and
 *	offsets into buffers are multiples of it
 * @enabler: the enabler to make; the core adds %DMABAY_ENABLER_KEEP_LINKS
 * @ops: the driver's, valid until dmabay_device_unregister() has returned
 * @data: for dmabay_device_data()
 */
struct dmabay_device_config {
	const char *driver;
	struct device *dma_dev;
	u64 memory_size;
	unsigned int alignment;
	struct dmabay_enabler_config enabler;
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
 * of dmabay_enabler_create().
 */
struct dmabay_device *dmabay_device_register(struct device *parent,
					     const struct dmabay_device_config *config);

/**
 * dmabay_device_unregister() - Take a device away
 * @device: the device
 *
 * No op is called after it returns. Files that are open stay valid: all that
 * they had under way ends with -ENODEV, and so does every later command.
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
 *	did not answer, and was reset), -EIO (it failed), -ENODEV (it is gone)
 * @length: bytes that were moved; not more than its length. Fewer, with status
 *	0, ends the transfer short
 *
 * The next piece of the transfer may be programmed inside this call, but never
 * inside a program() of the same transfer.
 *
 * Context: any; the device does not touch the piece's memory any more.
 */
void dmabay_device_complete(struct dmabay_device_piece *piece, int status, size_t length);

#endif /* _LINUX_DMABAY_H */
