/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the files of the user surface share.
 *
 * A device (device.c) has a node and open files (cdev.c). A file owns buffers (buffer.c,
 * import.c), reservations (reservation.c) to which transfers are submitted (submission.c),
 * many at a time (batch.c), and on which they run: while the caller waits, if the device is so
 * fast (move.c), or else one after the other (transfer.c), piece by piece (piece.c;
 * crossover.c says when scattered memory is copied into one), unless they are withdrawn
 * before (withdrawal.c), and one queue of completions (completion.c) with an event
 * (event.c). ioctl.c finds the handler of a command; transfers also come by io_uring
 * (uring.c), which has a queue of its own. If the file has rings (ring.c), its transfers can
 * come by one of them, taken by a poller (poller.c) if there is one, and its completions go
 * by the other.
 * What is neither registered nor reserved is transferred by DMABAY_ONCE (once.c), and
 * by read() and write() (access.c).
 * Everything below is reached through <linux/dmabay.h> only.
 *
 * What is going on can be seen in sysfs (attributes.c) and debugfs (debugfs.c, which
 * has it from holders.c), and traced (trace_user.h). By debugfs root can also cancel
 * transfers (order.c). If a device does not answer, a dump (dump.c) says what was going on.
 *
 * Lock order, outermost first:
 *
 *	pair->mutex			the ring of transfers
 *	device->files_lock		the list of open files
 *	file->once_mutex		the one transfer of once.c under way
 *	device->registration_lock	whether the driver is there: &dmabay_device.ops
 *	file->mutex			life and death of buffers and reservations
 *	dma_resv			the lock of a dma-buf, and what its exporter takes
 *	reservation->lock		queue and running transfer; any context
 *	file->completion_lock		the queue of completions; any context
 *	file->access_lock		the queue of accesses; nests in none of these
 *
 * file->read_mutex stands alone: it is held over copies to user memory, which
 * may take for ever, so nothing that ends a file or a device takes it. Nor does it take
 * pair->mutex, which is held over a wait for the fences of a dma-buf. For the
 * same reason none of the others is held over an access to user memory. None of
 * the spinlocks is held over a call into the core or the driver, but for one:
 * dmabay_transaction_stop() is called under reservation->lock, because nothing else
 * keeps the next transfer from being the one that is stopped. So the core's locks,
 * and those of a dmaengine driver, nest in it. The core holds none of its own over a
 * callback, and no driver may hold one over the end of a descriptor. The lock of a dma-buf
 * is taken to attach and to map it, never over a transfer. An io_uring command
 * is told of its end under reservation->lock too, so that the ring hears of them in order:
 * what io_uring takes to queue task work nests in it, as does what a wakeup takes.
 *
 * Submitting, running and completing a transfer takes reservation->lock and
 * file->completion_lock only, and of several that the device ends at once, the first of
 * these once for all. Objects are found under RCU; a buffer is kept by its count of
 * transfers, a reservation by the transfers that it runs.
 */
#ifndef _DMABAY_USER_H
#define _DMABAY_USER_H

#include <linux/atomic.h>
#include <linux/cdev.h>
#include <linux/completion.h>
#include <linux/device.h>
#include <linux/hrtimer.h>
#include <linux/ktime.h>
#include <linux/llist.h>
#include <linux/mutex.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/refcount.h>
#include <linux/rwsem.h>
#include <linux/sched.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>
#include <linux/wait.h>
#include <linux/workqueue.h>
#include <linux/xarray.h>

#include <linux/dmabay.h>
#include <uapi/linux/dmabay.h>

#include "compat.h"

struct attribute_group;
struct dentry;
struct dmabay_import_source;
struct dmabay_ring_pair;
struct eventfd_ctx;
struct io_comp_batch;
struct io_uring_cmd;
struct iov_iter;
struct kiocb;
struct seq_buf;

/* What DMABAY_INFO says; user space learns them nowhere else. */
#define DMABAY_MAX_DEVICES		256
#define DMABAY_MAX_BUFFERS		16384
#define DMABAY_MAX_RESERVATIONS		256
#define DMABAY_MAX_DEPTH		1024
#define DMABAY_MAX_BATCH		256
#define DMABAY_MAX_REGISTER_LENGTH	((u64)SZ_1G)

/**
 * struct dmabay_dump - What was going on when the device did not answer, or lied
 * @work: tells
 * @taken: 1 until it was told
 * @time: CLOCK_REALTIME
 * @age: of the transfer that was not answered, in jiffies
 * @file: its file
 * @reservation: it ran on
 * @map_registers: of the reservation
 * @slot: of the transfer
 * @cookie: likewise
 * @direction: likewise
 * @length: likewise
 * @device_address: likewise
 * @status: how it ended
 * @transferred: bytes of it that were moved
 * @piece_length: bytes, of its last piece
 */
struct dmabay_dump {
	struct work_struct work;
	atomic_t taken;
	ktime_t time;
	unsigned long age;
	u64 file;
	u32 reservation;
	u32 map_registers;
	u32 slot;
	u64 cookie;
	enum dmabay_direction direction;
	size_t length;
	u64 device_address;
	int status;
	size_t transferred;
	size_t piece_length;
};

/**
 * struct dmabay_moved - Transfers that ended
 * @transfers: how many
 * @bytes: that they moved
 */
struct dmabay_moved {
	u64 transfers;
	u64 bytes;
};

/**
 * struct dmabay_device - A driver's device and its node
 * @dev: in sysfs; its release frees the device
 * @cdev: the node
 * @registration_lock: held for writing only to make @ops NULL, for reading while
 *	@enabler, @once_enabler or @ops are used by a command. Never over a wait
 * @ops: the driver's; NULL once the device is gone
 * @gone: the same without the lock, for transfers: no new one is started
 * @config: what the driver registered; its ops stay callable until
 *	dmabay_device_unregister() has drained every reservation
 * @driver: name of the driver
 * @bus: what users are told as its place
 * @is_channel: a dmaengine channel does the transfers, and no op
 * @is_copier: and does it in memory, without a device that could keep it waiting
 * @polls: it can be asked what it has done
 * @in_place: it reaches all memory, and can be given each piece of it
 * @copied_below: see crossover.c; root changes it at any time
 * @enabler: the enabler of all reservations
 * @once_enabler: the enabler of DMABAY_ONCE: nothing is held for it. Of a channel the
 *	same one, because there is only one who can have the channel
 * @files_lock: guards @files
 * @files: open files
 * @pinned_pages: now
 * @pins: pages pinned ever
 * @moved: transfers that ended, of each CPU: they would all write to one place
 * @errors: those that ended with a status
 * @timeouts: transfers of a channel that took too long
 * @debugfs: directory
 * @dump: of the last time-out, or lie
 */
struct dmabay_device {
	struct device dev;
	struct cdev cdev;
	struct rw_semaphore registration_lock;
	const struct dmabay_device_ops *ops;
	bool gone;
	struct dmabay_device_config config;
	char driver[sizeof_field(struct dmabay_info, driver)];
	char bus[sizeof_field(struct dmabay_info, bus)];
	bool is_channel;
	bool is_copier;
	bool polls;
	bool in_place;
	u32 copied_below;
	struct dmabay_enabler *enabler;
	struct dmabay_enabler *once_enabler;
	struct mutex files_lock; /* guards files */
	struct list_head files;
	atomic64_t pinned_pages;
	atomic64_t pins;
	struct dmabay_moved __percpu *moved;
	atomic64_t errors;
	atomic64_t timeouts;
	struct dentry *debugfs;
	struct dmabay_dump dump;
};

static inline struct dmabay_device *to_dmabay_device(struct device *dev)
{
	return container_of(dev, struct dmabay_device, dev);
}

/* Any context. */
static inline void dmabay_device_moved(struct dmabay_device *device, u64 transfers, u64 bytes)
{
	this_cpu_add(device->moved->transfers, transfers);
	this_cpu_add(device->moved->bytes, bytes);
}

/* What a file finds without looking it up; a power of two. */
#define DMABAY_RECENT	8

/**
 * struct dmabay_file - One open file
 * @device: a reference
 * @id: its number; no other one has or had it
 * @pid: of the process that opened it, in the first namespace
 * @comm: the name of its thread that did
 * @node: in &dmabay_device.files
 * @mutex: guards life and death of what is in @buffers and @reservations, and
 *	&dmabay_reservation.transaction
 * @buffers: by number
 * @reservations: by number
 * @recent_buffers: some of @buffers that were used lately, or NULL, by the lower bits of
 *	their numbers; written by who counts one, read under RCU
 * @recent_reservations: likewise, of @reservations; written under its lock, while that is
 *	offered
 * @once_mutex: guards @once; one transfer of it at a time
 * @once: a reservation that holds no registers, for what nothing is reserved for;
 *	made by the first who needs it
 * @access_lock: guards @accesses
 * @accesses: asynchronous reads and writes that are not begun, oldest first
 * @access_work: does them
 * @idle: woken when a reservation that was ended has nothing under way, when a
 *	transfer of @once is over, when a fence has signaled that somebody waits for, and
 *	when the device is gone
 * @imports: a dma-buf was imported once: transfers may have fences to wait for
 * @read_mutex: one reader of completions copies at a time
 * @completion_lock: guards the four members below; any context
 * @completions: transfers that ended and were not read, oldest first
 * @completed: how many
 * @sequence: of the next one
 * @event: signalled for each of them; NULL if the user wants none
 * @ended: the device is gone and no further completion will come; never reset
 * @wait: who waits for completions, also by poll()
 * @rings: shared with the user; NULL until he asks for them. Set once, under @read_mutex
 *	and @completion_lock
 */
struct dmabay_file {
	struct dmabay_device *device;
	u64 id;
	pid_t pid;
	char comm[TASK_COMM_LEN];
	struct list_head node;

	struct mutex mutex; /* guards what is in the two below */
	struct xarray buffers;
	struct xarray reservations;
	struct dmabay_buffer *recent_buffers[DMABAY_RECENT];
	struct dmabay_reservation *recent_reservations[DMABAY_RECENT];

	struct mutex once_mutex; /* guards once */
	struct dmabay_reservation *once;

	spinlock_t access_lock; /* guards the list below */
	struct list_head accesses;
	struct work_struct access_work;

	wait_queue_head_t idle;
	bool imports;

	struct mutex read_mutex; /* one reader at a time */
	spinlock_t completion_lock; /* guards the four below */
	struct list_head completions;
	unsigned int completed;
	u64 sequence;
	struct eventfd_ctx *event;
	bool ended;
	wait_queue_head_t wait;

	struct dmabay_ring_pair *rings;
};

/**
 * struct dmabay_buffer - User memory, pinned, or a dma-buf
 * @rcu: found under RCU by a submit
 * @active: 0 while it is not offered, else 1 and one per transfer that is not
 *	over; a buffer can be unregistered at 1 only
 * @number: in &dmabay_file.buffers
 * @device: whose counters it is in
 * @memory: the same for transactions
 * @pages: as pinned
 * @page_count: how many
 * @length: bytes
 * @read_only: the device may only read it
 * @source: of an imported buffer, which has none of @pages, @charged and @mm; else NULL
 * @charged: whose user is charged for the pages, NULL if exempt
 * @mm: charged for the pages
 */
struct dmabay_buffer {
	struct rcu_head rcu;
	refcount_t active;
	u32 number;
	struct dmabay_device *device;
	struct dmabay_memory *memory;
	struct page **pages;
	unsigned long page_count;
	size_t length;
	bool read_only;
	struct dmabay_import_source *source;
	const struct cred *charged;
	struct mm_struct *mm;
};

/**
 * struct dmabay_vector - What the transfers of one io_uring command have come to
 * @pending: how many have not ended; and one for the submitter while it adds more
 * @status: 0, or how the first one that failed ended
 * @bytes: transferred
 * @withdrawn: start no further piece of them
 * @polled: whoever wants the result polls the device until it is there
 */
struct dmabay_vector {
	atomic_t pending;
	int status;
	atomic_t bytes;
	bool withdrawn;
	bool polled;
};

/**
 * enum dmabay_fences - What a transfer does about the fences of a dma-buf
 * @DMABAY_FENCES_WAIT: it waits for them
 * @DMABAY_FENCES_REFUSE: if there are any it is refused: -EAGAIN
 * @DMABAY_FENCES_IGNORE: nothing: they were looked at already
 */
enum dmabay_fences {
	DMABAY_FENCES_WAIT,
	DMABAY_FENCES_REFUSE,
	DMABAY_FENCES_IGNORE,
};

/**
 * struct dmabay_user_transfer - A transfer from submit until its end is read
 * @node: in &dmabay_reservation.queue, or in &dmabay_file.completions
 * @free: in &dmabay_reservation.free
 * @reservation: it belongs to
 * @buffer: its &dmabay_buffer.active counts this transfer; NULL if not registered
 * @memory: of the buffer; a reference if it is borrowed for a command of io_uring
 * @done: dmabay_once_transfer() waits here; else NULL
 * @vector: the io_uring command to tell; with neither, the file's queue is told
 * @offset: bytes into @memory
 * @length: bytes, asked for
 * @transferred: bytes, once it ended
 * @device_address: bytes into the device's memory
 * @cookie: the user's
 * @deadline: CLOCK_MONOTONIC, in ns, from when on nothing of it is started; 0 is never
 * @sequence: place in the queue of completions
 * @direction: which way
 * @status: how it ended
 * @withdrawn: start no further piece of it; who waits for it withdraws it
 */
struct dmabay_user_transfer {
	struct list_head node;
	struct llist_node free;
	struct dmabay_reservation *reservation;
	struct dmabay_buffer *buffer;
	struct dmabay_memory *memory;
	struct completion *done;
	struct dmabay_vector *vector;
	size_t offset;
	size_t length;
	size_t transferred;
	u64 device_address;
	u64 cookie;
	u64 deadline;
	u64 sequence;
	enum dmabay_direction direction;
	int status;
	bool withdrawn;
};

/**
 * struct dmabay_move_bounds - What transfers may be, so that nothing else has to be asked (move.c)
 * @names: reservation and buffer, dmabay_transfer_names()
 * @longest: bytes, at most; not more than @memory_size or @size
 * @memory_size: bytes of the device
 * @from: the first byte of the buffer
 * @size: bytes from there on
 * @misaligned: bits that no number of bytes has
 * @way: dmabay_transfer_way(), as far as it is the same for all
 * @same_way: in these bits
 * @link: by which the device has all that is in bounds; 0: it is not known to have it
 * @origin: device address of the first byte of the buffer, not of that at @from
 */
struct dmabay_move_bounds {
	u64 names;
	u64 longest;
	u64 memory_size;
	u64 from;
	u64 size;
	u64 misaligned;
	u64 way;
	u64 same_way;
	u64 link;
	dma_addr_t origin;
};

/**
 * struct dmabay_reservation - A transaction and the transfers that run on it
 * @rcu: found under RCU by a submit
 * @references: one of the file's, and of each batch whose user is not told yet
 * @file: its owner
 * @transaction: holds the registers; NULL once they are given back
 * @adapter: on which the pieces of its transfers are mapped
 * @channel: holds the registers; NULL if @transaction executes the transfers
 * @longest: bytes of a piece, at most
 * @strict: nothing stays linked when a transfer is over
 * @granted: the registers are there, or will never come
 * @number: in &dmabay_file.reservations; 0 for &dmabay_file.once
 * @map_registers: how many; 0 for &dmabay_file.once
 * @depth: how many @transfers
 * @lock: guards @queue, @running, @due, @starting, @entered, @late, @started, @ended and @alarm_at
 * @queue: transfers that wait for their turn
 * @running: the one whose turn it is; whoever runs the reservation may set it without the
 *	lock, see move.c
 * @due: it, or its next piece, is to be started
 * @starting: somebody is in dmabay_reservation_run() and will look again
 * @entered: and has transfers that are neither queued nor running, see move.c
 * @late: @running was stopped, because it took too long
 * @started: jiffies when @running got its turn
 * @ended: 0, or why nothing is taken and nothing queued is started any more:
 *	-ENOENT (not offered yet, or freed), -ENODEV, -ECANCELED
 * @alarm_at: when @alarm is due, in ns; KTIME_MAX for never
 * @alarm: the deadline of a transfer has passed, or of one that has ended meanwhile
 * @moved: bytes of @running that were moved before @piece; of who starts or completes that
 * @piece: what the driver works on for @running
 * @bounds: of the one who runs the reservation
 * @mapped: it is mapped on @channel; else it was found linked
 * @alone: or it is mapped there as a batch, and is unlinked with it
 * @leaves: a piece of @running was mapped, and is to be unlinked when that is over
 * @programmed: @piece was given to the driver, who has not completed it; whoever makes it 0
 *	does
 * @met: of the one who had it programmed and is through with that, and the one who
 *	completed it, one was here; the other one goes on
 * @status: how it was completed
 * @length: bytes of it that were moved
 * @watchdog: of a channel: sees that @running ends
 * @watched: @watchdog is due; the one who runs @running sets it
 * @deadline: of a channel: jiffies when the piece under way is late, 0 for never
 * @dropped: nothing is added to the file's completions any more; under
 *	&dmabay_file.completion_lock
 * @free: transfers that are neither under way nor unread, as they came back
 * @free_count: at least so many are in @free and @spare and nobody counts on them; taken from
 *	under @lock, and before they are
 * @spare: those that were in @free when it was looked at last; under @lock
 * @transfers: all of them
 */
struct dmabay_reservation {
	struct rcu_head rcu;
	refcount_t references;
	struct dmabay_file *file;
	struct dmabay_transaction *transaction;
	struct dmabay_adapter *adapter;
	struct dmabay_channel *channel;
	size_t longest;
	bool strict;
	struct completion granted;
	u32 number;
	u32 map_registers;
	u32 depth;

	spinlock_t lock; /* guards the members below, up to alarm */
	struct list_head queue;
	struct dmabay_user_transfer *running;
	bool due;
	bool starting;
	bool entered;
	bool late;
	unsigned long started;
	int ended;
	u64 alarm_at;

	struct hrtimer alarm;
	size_t moved;
	struct dmabay_device_piece piece;
	struct dmabay_move_bounds bounds;
	bool mapped;
	bool alone;
	bool leaves;
	atomic_t programmed;
	atomic_t met;
	int status;
	size_t length;
	struct delayed_work watchdog;
	bool watched;
	unsigned long deadline;
	bool dropped;
	struct llist_head free;
	atomic_t free_count;
	struct llist_node *spare;
	struct dmabay_user_transfer transfers[];
};

/* Nobody has it any more. Any context. */
static inline void dmabay_transfer_give(struct dmabay_reservation *reservation,
					struct dmabay_user_transfer *transfer)
{
	/* It is there before it is counted: a full barrier. */
	llist_add(&transfer->free, &reservation->free);
	atomic_inc(&reservation->free_count);
}

/* Gives a reference back. Any context. */
static inline void dmabay_reservation_put(struct dmabay_reservation *reservation)
{
	if (refcount_dec_and_test(&reservation->references))
		kvfree_rcu(reservation, rcu);
}

/* Of a transfer: together with the reservation its name, until it was read. */
static inline u32 dmabay_transfer_slot(const struct dmabay_reservation *reservation,
				       const struct dmabay_user_transfer *transfer)
{
	return reservation->depth ? transfer - reservation->transfers : 0;
}

/* What the user is told of a transfer that ended. */
static inline void dmabay_completion_fill(struct dmabay_completion *completion,
					  const struct dmabay_user_transfer *transfer)
{
	*completion = (struct dmabay_completion) {
		.cookie = transfer->cookie,
		.length = transfer->transferred,
		.status = transfer->status,
		.reservation = transfer->reservation->number,
	};
}

/**
 * dmabay_completions_pass() - May who ended transfers tell the user of them directly?
 * @file: the file
 *
 * Context: any.
 * Return: true: there are none that should be read before, and no event to signal.
 */
static inline bool dmabay_completions_pass(const struct dmabay_file *file)
{
	return !READ_ONCE(file->completed) && !READ_ONCE(file->event);
}

/* Transfers that a batch can have. They are on the stack, where 32 bits have half the room. */
#define DMABAY_BATCH_MAX	(BITS_PER_LONG == 64 ? 16U : 8U)

/**
 * struct dmabay_alike - What transfers that were copied together have in common
 * @different: bits in which one of them names something else than the first one does, goes
 *	another way or is of another length; and the bits of all deadlines
 * @offsets: the bits of all offsets: none is greater
 * @device_addresses: likewise
 */
struct dmabay_alike {
	u64 different;
	u64 offsets;
	u64 device_addresses;
};

/**
 * struct dmabay_batch - Transfers that come with one call
 * @file: the file
 * @wanted: the user's, copied
 * @count: how many; not 0
 * @alike: of these, and perhaps of others; NULL: nobody has looked
 * @borrowed: the memory of the only one, a reference that goes with it; NULL for the
 *	buffers that are named
 * @vector: the io_uring command that is told of their ends, or NULL for the file's queue
 * @fences: what to do about the fences of dma-bufs
 * @submitted: out: how many were taken
 * @reservation: out: a reference, for dmabay_batch_told(); NULL if nobody is to be told
 * @aside: out: so many free transfers of @reservation nobody else counts on: one for each that
 *	nobody was told of, at least
 * @ended_count: out: how many of @wanted, from the first one on, ended meanwhile with all their
 *	bytes, and nobody was told
 */
struct dmabay_batch {
	struct dmabay_file *file;
	const struct dmabay_transfer *wanted;
	u32 count;
	const struct dmabay_alike *alike;
	struct dmabay_memory *borrowed;
	struct dmabay_vector *vector;
	enum dmabay_fences fences;
	u32 submitted;
	struct dmabay_reservation *reservation;
	u32 aside;
	u32 ended_count;
};

/**
 * dmabay_transfer_stopped() - May the running transfer go on?
 * @reservation: the reservation
 * @transfer: its running transfer
 *
 * Context: any.
 * Return: 0, or why it must not.
 */
static inline int dmabay_transfer_stopped(const struct dmabay_reservation *reservation,
					  const struct dmabay_user_transfer *transfer)
{
	int ended = READ_ONCE(reservation->ended);

	if (unlikely(ended))
		return ended;
	if (unlikely(READ_ONCE(reservation->file->device->gone)))
		return -ENODEV;
	if (unlikely(READ_ONCE(transfer->withdrawn) ||
		     (transfer->vector && READ_ONCE(transfer->vector->withdrawn))))
		return -ECANCELED;
	/* Time does not run back, so whoever asks again hears the same. */
	if (unlikely(transfer->deadline) && ktime_get_ns() >= transfer->deadline)
		return -ETIMEDOUT;

	return 0;
}

/**
 * struct dmabay_ring_pair - A ring of transfers and a ring of completions
 * @head: shared with the user, as what follows it. Only written, but for the two numbers
 *	that are the user's
 * @submissions: in the same memory
 * @completions: likewise
 * @submission_entries: a power of two
 * @completion_entries: likewise
 * @pages: the memory; of its mapping in the kernel, which frees it
 * @page_count: how many
 * @charged: whose user is charged for the pages, NULL if exempt
 * @completed: how many completions were added ever; guarded by &dmabay_file.completion_lock
 * @wait: the poller sleeps here
 * @polled: there is a poller
 * @stopped: it, or the next one, is to return
 * @mutex: guards the four below: one takes transfers at a time
 * @taken: how many transfers were taken ever; written under @mutex
 * @chunk: those that are being taken
 * @alike: what they have in common
 * @batch: the same, and what became of them
 */
struct dmabay_ring_pair {
	struct dmabay_rings_head *head;
	const struct dmabay_transfer *submissions;
	struct dmabay_completion *completions;
	u32 submission_entries;
	u32 completion_entries;

	struct page **pages;
	unsigned long page_count;
	const struct cred *charged;

	u32 completed;

	wait_queue_head_t wait;
	atomic_t polled;
	atomic_t stopped;

	struct mutex mutex; /* guards the members below */
	u32 taken;
	struct dmabay_transfer chunk[DMABAY_BATCH_MAX];
	struct dmabay_alike alike;
	struct dmabay_batch batch;
};

/**
 * struct dmabay_command - One ioctl
 * @file: it came through
 * @user: the user's struct
 * @user_size: its size, as the user says
 * @size: the kernel's size of it
 * @data: a copy, zero beyond @user_size
 * @nonblock: O_NONBLOCK
 */
struct dmabay_command {
	struct dmabay_file *file;
	void __user *user;
	u32 user_size;
	u32 size;
	void *data;
	bool nonblock;
};

/* ioctl.c */
long dmabay_ioctl(struct file *filp, unsigned int number, unsigned long argument);
int dmabay_command_respond(const struct dmabay_command *command);

/* device.c */
int dmabay_device_init(void);
void dmabay_device_exit(void);
int dmabay_device_info(struct dmabay_device *device, struct dmabay_info *info);
int dmabay_device_counters(struct dmabay_device *device, struct dmabay_counters *counters);
enum dmabay_info_iommu dmabay_iommu(struct device *dev);
int dmabay_ioctl_info(struct dmabay_command *command);
int dmabay_ioctl_counters(struct dmabay_command *command);

/* cdev.c */
extern const struct file_operations dmabay_file_operations;
void dmabay_file_end(struct dmabay_file *file, int error);

/* buffer.c */
int dmabay_pages_charge(unsigned long count, const struct cred **charged);
void dmabay_pages_uncharge(unsigned long count, const struct cred *charged);
int dmabay_buffer_pin(struct dmabay_buffer *buffer, struct dmabay_device *device, u64 address,
		      u64 length, bool read_only);
void dmabay_buffer_unpin(struct dmabay_buffer *buffer);
struct dmabay_memory *dmabay_memory_borrow(struct iov_iter *iter, unsigned long most);
void dmabay_buffers_free(struct dmabay_file *file);
int dmabay_ioctl_register(struct dmabay_command *command);
int dmabay_ioctl_unregister(struct dmabay_command *command);

/* import.c */
#ifdef CONFIG_DMA_SHARED_BUFFER
bool dmabay_import_is_ready(const struct dmabay_buffer *buffer, u32 direction);
int dmabay_import_wait(struct dmabay_file *file, const struct dmabay_buffer *buffer,
		       u32 direction, u64 deadline, const struct dmabay_vector *vector);
void dmabay_import_end(struct dmabay_file *file, struct dmabay_buffer *buffer);
void dmabay_import_put(struct dmabay_buffer *buffer);
int dmabay_ioctl_import(struct dmabay_command *command);
#else
static inline bool dmabay_import_is_ready(const struct dmabay_buffer *buffer, u32 direction)
{
	return true;
}

static inline int dmabay_import_wait(struct dmabay_file *file, const struct dmabay_buffer *buffer,
				     u32 direction, u64 deadline,
				     const struct dmabay_vector *vector)
{
	return 0;
}

static inline void dmabay_import_end(struct dmabay_file *file, struct dmabay_buffer *buffer)
{
}

static inline void dmabay_import_put(struct dmabay_buffer *buffer)
{
}

static inline int dmabay_ioctl_import(struct dmabay_command *command)
{
	return -EOPNOTSUPP;
}
#endif

/* reservation.c */
struct dmabay_reservation *dmabay_reservation_alloc(struct dmabay_file *file, u32 depth);
int dmabay_reservation_prepare(struct dmabay_reservation *reservation,
			       struct dmabay_enabler *enabler);
void dmabay_reservation_end(struct dmabay_reservation *reservation, int error);
void dmabay_reservation_free(struct dmabay_reservation *reservation);
int dmabay_ioctl_reserve(struct dmabay_command *command);
int dmabay_ioctl_free(struct dmabay_command *command);

/* submission.c */
int dmabay_submit_directly(struct dmabay_file *file, struct dmabay_submit __user *user,
			   bool nonblock);
int dmabay_ioctl_submit(struct dmabay_command *command);

/* batch.c */
int dmabay_transfer_check(const struct dmabay_device *device, u64 offset, u64 length,
			  u64 device_address, u32 direction);
int dmabay_transfer_admit(const struct dmabay_device *device,
			  const struct dmabay_transfer *wanted);
bool dmabay_transfer_would_wait(struct dmabay_file *file, const struct dmabay_transfer *wanted);
void dmabay_batch_forget_buffer(struct dmabay_file *file, struct dmabay_buffer *buffer);
void dmabay_batch_forget_reservation(struct dmabay_reservation *reservation);

/* move.c */
void dmabay_batch_queue_ended(struct dmabay_batch *batch, u32 first);
int dmabay_batch_submit(struct dmabay_batch *batch);

/* crossover.c */
void dmabay_crossover_init(struct dmabay_device *device);
extern struct device_attribute dev_attr_copied_below;

/* piece.c */
void dmabay_piece_prepare(struct dmabay_reservation *reservation);
int dmabay_piece_start(struct dmabay_reservation *reservation, bool *completed);
bool dmabay_piece_complete(struct dmabay_reservation *reservation, int status, size_t length);
void dmabay_piece_unlink(struct dmabay_reservation *reservation,
			 const struct dmabay_user_transfer *transfer);

/* transfer.c */
int dmabay_piece_judge(struct dmabay_reservation *reservation, int status, size_t *length);
bool dmabay_transfer_complete(struct dmabay_reservation *reservation, int status, size_t length);
void dmabay_transfer_end(struct dmabay_reservation *reservation,
			 struct dmabay_user_transfer *transfer, int status, size_t transferred);
bool dmabay_reservation_busy(struct dmabay_reservation *reservation);
bool dmabay_reservation_idle(struct dmabay_reservation *reservation);
void dmabay_reservation_failed(struct dmabay_transaction *transaction, void *context, int status);
void dmabay_reservation_stop(struct dmabay_reservation *reservation);
void dmabay_reservation_interrupt(struct dmabay_reservation *reservation);
void dmabay_reservation_watch(struct work_struct *work);
bool dmabay_reservation_leave(struct dmabay_reservation *reservation);
bool dmabay_reservation_queue(struct dmabay_reservation *reservation,
			      struct dmabay_user_transfer *transfer);
void dmabay_reservation_run(struct dmabay_reservation *reservation, bool may_sleep);
int dmabay_reservation_submit(struct dmabay_reservation *reservation,
			      struct dmabay_user_transfer *transfer);
void dmabay_reservation_withdraw(struct dmabay_reservation *reservation,
				 struct dmabay_user_transfer *transfer);

/* uring.c */
void dmabay_vector_ended(struct dmabay_vector *vector, int status, size_t transferred);
int dmabay_uring_cmd(struct io_uring_cmd *command, unsigned int issue_flags);
int dmabay_uring_poll(struct io_uring_cmd *command, struct io_comp_batch *batch,
		      unsigned int poll_flags);

/* withdrawal.c */
enum hrtimer_restart dmabay_reservation_alarm(struct hrtimer *timer);
void dmabay_reservation_expect(struct dmabay_reservation *reservation, u64 deadline);
void dmabay_vector_withdraw(struct dmabay_file *file, struct dmabay_vector *vector);
int dmabay_file_cancel(struct dmabay_file *file, struct dmabay_cancel *arguments);
int dmabay_ioctl_cancel(struct dmabay_command *command);

/* completion.c */
void dmabay_completion_add(struct dmabay_file *file, struct dmabay_user_transfer *transfer);
void dmabay_completions_drop(struct dmabay_reservation *reservation);
void dmabay_completions_end(struct dmabay_file *file);
void dmabay_completion_remove(struct dmabay_file *file, struct dmabay_user_transfer *transfer);
u32 dmabay_completions_there(struct dmabay_file *file);
int dmabay_completions_wait(struct dmabay_file *file, const struct dmabay_ring_pair *pair,
			    u32 needed, u64 deadline);
int dmabay_completions_read(struct dmabay_file *file, struct dmabay_completion __user *user,
			    u32 capacity, u32 min_complete, u64 deadline, u32 *completed);
int dmabay_ioctl_wait(struct dmabay_command *command);

/* ring.c */
u32 dmabay_rings_unread(const struct dmabay_ring_pair *pair);
bool dmabay_rings_tell(struct dmabay_file *file, struct dmabay_user_transfer *transfer);
void dmabay_rings_mark(struct dmabay_file *file);
void dmabay_rings_flush(struct dmabay_file *file);
bool dmabay_rings_ready(struct dmabay_file *file, const struct dmabay_ring_pair *pair, u32 needed);
u32 dmabay_rings_added(const struct dmabay_ring_pair *pair);
int dmabay_rings_take(struct dmabay_file *file, u32 count, enum dmabay_fences fences, u32 *taken);
int dmabay_rings_mmap(struct file *filp, struct vm_area_struct *vma);
void dmabay_rings_free(struct dmabay_ring_pair *pair);
int dmabay_ioctl_rings(struct dmabay_command *command);
int dmabay_enter_directly(struct dmabay_file *file, struct dmabay_enter __user *user,
			  bool nonblock);
int dmabay_ioctl_enter(struct dmabay_command *command);

/* poller.c */
void dmabay_poller_wake(struct dmabay_file *file);
int dmabay_poller_run(struct dmabay_file *file, u64 idle, u64 deadline);

/* event.c */
void dmabay_event_signal(struct dmabay_file *file);
void dmabay_event_end(struct dmabay_file *file);
void dmabay_event_drop(struct dmabay_file *file);
int dmabay_ioctl_eventfd(struct dmabay_command *command);

/* once.c */
void dmabay_once_end(struct dmabay_file *file, int error);
int dmabay_once_transfer(struct dmabay_file *file, struct dmabay_user_transfer *transfer,
			 long patience);
int dmabay_ioctl_once(struct dmabay_command *command);

/* access.c */
int dmabay_access_init(void);
void dmabay_access_exit(void);
void dmabay_access_work(struct work_struct *work);
ssize_t dmabay_file_read(struct kiocb *iocb, struct iov_iter *to);
ssize_t dmabay_file_write(struct kiocb *iocb, struct iov_iter *from);
loff_t dmabay_file_seek(struct file *filp, loff_t offset, int whence);

/* attributes.c */
extern const struct attribute_group *dmabay_attribute_groups[];
void dmabay_attributes_print(struct dmabay_device *device, struct seq_buf *text);

/* holders.c */
void dmabay_holders_print(struct dmabay_device *device, struct seq_buf *text);

/* order.c */
int dmabay_order_cancel(struct dmabay_device *device, char *line, struct dmabay_cancel *arguments);

/* dump.c */
void dmabay_dump_work(struct work_struct *work);
void dmabay_dump_take(struct dmabay_reservation *reservation, int status, size_t transferred);

/* debugfs.c */
void dmabay_debugfs_init(void);
void dmabay_debugfs_exit(void);
void dmabay_debugfs_add(struct dmabay_device *device);
void dmabay_debugfs_remove(struct dmabay_device *device);

#endif /* _DMABAY_USER_H */
