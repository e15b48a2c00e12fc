/* SPDX-License-Identifier: MIT */
/*
 * libdmabay: the C library of /dev/dmabayN.
 *
 * A thin layer over <linux/dmabay.h>: one function per command, plus the three
 * things every program would otherwise write itself (finding the nodes, keeping
 * a reservation busy, saying what went wrong). The header of the kernel
 * interface has the meaning of every number; nothing is repeated here.
 *
 * Every function that can fail returns a negative errno; errno itself says
 * nothing. A struct dmabay may be used by several threads at once.
 *
 * With LIBDMABAY_DEBUG in the environment (anything but an empty word) when a node is
 * opened, the library says on stderr what it asks of that node and what came back, one
 * line for each command.
 *
 * MIT, so that any program, free or not, may link it.
 */
#ifndef DMABAY_H
#define DMABAY_H

#include <stddef.h>
#include <stdint.h>

#include <linux/dmabay.h>

#ifdef __cplusplus
extern "C" {
/* A command and its struct share a name, as stat(2) and struct stat do. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#endif

/* An open node. */
struct dmabay;

/* One node as dmabay_list() finds it. */
struct dmabay_node {
	char name[32];		/* "dmabay0" */
	char path[64];		/* "/dev/dmabay0" */
};

/* The version of this library, "major.minor.patch". */
const char *dmabay_version(void);

/*
 * Fills at most @capacity nodes, ordered by number. Returns how many there are,
 * which may be more than @capacity; none is 0, not an error.
 */
int dmabay_list(struct dmabay_node *nodes, unsigned int capacity);

/*
 * Opens @path, or the first node if @path is NULL. @flags are those of open(2):
 * O_RDWR for everything, O_RDONLY for dmabay_info() and dmabay_counters() only,
 * O_NONBLOCK for EAGAIN in the place of waiting. O_CLOEXEC is always added.
 */
int dmabay_open(struct dmabay **bay, const char *path, int flags);

/* Ends everything that the open file owns. @bay may be NULL. */
void dmabay_close(struct dmabay *bay);

/* The file descriptor, for poll(2); it stays the library's. */
int dmabay_fd(const struct dmabay *bay);

/* The path that was opened. */
const char *dmabay_path(const struct dmabay *bay);

int dmabay_info(struct dmabay *bay, struct dmabay_info *info);
int dmabay_counters(struct dmabay *bay, struct dmabay_counters *counters);

int dmabay_register(struct dmabay *bay, const void *address, uint64_t length,
		    uint32_t flags, uint32_t *buffer);
int dmabay_unregister(struct dmabay *bay, uint32_t buffer);

/*
 * Makes a dma-buf a buffer, which ends with dmabay_unregister(). *@length (may be NULL)
 * says how long it is. @fd may be closed afterwards.
 */
int dmabay_import(struct dmabay *bay, int fd, uint32_t flags, uint32_t *buffer,
		  uint64_t *length);

int dmabay_reserve(struct dmabay *bay, uint32_t map_registers, uint32_t depth,
		   uint32_t flags, uint32_t *reservation);
int dmabay_free(struct dmabay *bay, uint32_t reservation);

/*
 * Starts up to @count transfers and reads up to @capacity completions. Returns
 * how many transfers were started; *@completed (may be NULL if @capacity is 0)
 * says how many completions were read. @deadline: see dmabay_deadline().
 */
int dmabay_submit(struct dmabay *bay, const struct dmabay_transfer *transfers,
		  uint32_t count, struct dmabay_completion *completions,
		  uint32_t capacity, uint32_t min_complete, uint64_t deadline,
		  uint32_t *completed);

/* Returns how many completions were read. */
int dmabay_wait(struct dmabay *bay, struct dmabay_completion *completions,
		uint32_t capacity, uint32_t min_complete, uint64_t deadline);

/*
 * Makes @sqe, of a ring of 64-byte or of 128-byte SQEs, the command that runs the
 * transfers: DMABAY_URING. They must stay where they are until its CQE is there. The
 * caller fills user_data, and the flags if there are any, afterwards.
 */
struct io_uring_sqe;
void dmabay_uring_prepare(const struct dmabay *bay, struct io_uring_sqe *sqe,
			  const struct dmabay_transfer *transfers, uint32_t count);

/*
 * The same for memory that is registered with the ring, as the buffer of that index. In
 * each transfer the buffer is 0, and the offset is the address of the memory.
 */
void dmabay_uring_prepare_fixed(const struct dmabay *bay, struct io_uring_sqe *sqe,
				const struct dmabay_transfer *transfers, uint32_t count,
				uint16_t buf_index);

/*
 * Two rings that are shared with the kernel: DMABAY_RINGS. From dmabay_ring_open() on
 * completions of @bay are found there, and nowhere else; there can be no second pair.
 * dmabay_ring_close(), before dmabay_close(), ends the poller, but not the rings.
 * One thread at a time may put, and one may take; all of them may enter.
 */
struct dmabay_ring;
int dmabay_ring_open(struct dmabay *bay, uint32_t transfers, uint32_t completions,
		     struct dmabay_ring **ring);
void dmabay_ring_close(struct dmabay_ring *ring);

/*
 * Puts up to @count transfers into the ring, and returns how many found a place. They are
 * started by dmabay_ring_enter(), or by the poller if there is one.
 */
uint32_t dmabay_ring_put(struct dmabay_ring *ring, const struct dmabay_transfer *transfers,
			 uint32_t count);

/*
 * Has the kernel take what was put, and waits for @min_complete completions to be in the
 * ring. Returns how many transfers were taken.
 */
int dmabay_ring_enter(struct dmabay_ring *ring, uint32_t min_complete, uint64_t deadline);

/* Takes up to @capacity completions from the ring; does not wait. Returns how many. */
uint32_t dmabay_ring_take(struct dmabay_ring *ring, struct dmabay_completion *completions,
			  uint32_t capacity);

/*
 * Starts a thread that takes what is put: no further system call is needed, until it has
 * looked for @idle nanoseconds in vain and sleeps; dmabay_ring_put() wakes it.
 */
int dmabay_ring_poll(struct dmabay_ring *ring, uint64_t idle);

/*
 * Withdraws transfers: those of @reservation, those with @cookie, those to which both
 * apply, or all, as @flags (DMABAY_CANCEL_...) say. Returns how many had not started,
 * and have ended; *@running (may be NULL) says how many are yet to end.
 */
int dmabay_cancel(struct dmabay *bay, uint32_t flags, uint32_t reservation,
		  uint64_t cookie, uint32_t *running);

/* Has each completion add 1 to @eventfd, until it is -1. */
int dmabay_eventfd(struct dmabay *bay, int eventfd);

/* Returns the bytes transferred. */
int64_t dmabay_once(struct dmabay *bay, const void *address, uint64_t length,
		    uint64_t device_address, uint32_t direction);

/* The same, but not after the deadline: see dmabay_deadline(). */
int64_t dmabay_once_until(struct dmabay *bay, const void *address, uint64_t length,
			  uint64_t device_address, uint32_t direction, uint64_t deadline);

/*
 * dmabay_pipeline() keeps up to @depth transfers under way until the supplier
 * has no more and all have ended. The file must have no other transfers.
 *
 * @next fills one transfer and returns 1, or returns 0 when there are no more,
 * or a negative errno to stop early. The cookie is the caller's.
 * @done is told of each completion and returns 0, or a negative errno to stop.
 * It is not called for a transfer that failed: its status stops the pipeline.
 *
 * Returns 0, or the errno that stopped it, after all that was started has
 * ended: the memory is the caller's again either way. A signal alone does not
 * stop it; @next or @done may, when it is asked again.
 */
typedef int (*dmabay_next)(void *context, struct dmabay_transfer *transfer);
typedef int (*dmabay_done)(void *context,
			   const struct dmabay_completion *completion);
int dmabay_pipeline(struct dmabay *bay, uint32_t depth, dmabay_next next,
		    dmabay_done done, void *context);

/*
 * struct dmabay_copy - A stretch of a buffer to or from device memory, as many
 * transfers on one reservation.
 * @reservation: the reservation
 * @buffer: the buffer
 * @offset: bytes into the buffer
 * @length: bytes
 * @device_address: bytes into the device's memory; 0 if it has none
 * @direction: enum dmabay_user_direction
 * @depth: transfers under way at a time, at most the reservation's depth
 * @chunk: bytes per transfer, a multiple of dmabay_info.alignment
 * @progress: told after each transfer how many bytes are done; returns 0, or a
 *	negative errno to stop. May be NULL
 * @context: handed to @progress
 */
struct dmabay_copy {
	uint32_t reservation;
	uint32_t buffer;
	uint64_t offset;
	uint64_t length;
	uint64_t device_address;
	uint32_t direction;
	uint32_t depth;
	uint64_t chunk;
	int (*progress)(void *context, uint64_t done, uint64_t length);
	void *context;
};

/* Returns 0 when all is copied, or the errno that stopped it. */
int dmabay_copy(struct dmabay *bay, const struct dmabay_copy *copy);

/* A deadline so many nanoseconds from now. */
uint64_t dmabay_deadline(uint64_t nanoseconds);

/* How many map registers so many bytes at this address need. */
uint64_t dmabay_span_pages(uint64_t address, uint64_t length);

/* For dmabay_explain(): the command that failed was dmabay_open(). */
#define DMABAY_CMD_OPEN	0xFFFFFFFFu

/*
 * Writes one sentence into @text: why @command (DMABAY_CMD_...) failed with
 * @error (of either sign), which limit it met and what to do. @info may be NULL;
 * @wanted is what was asked for (bytes, registers, transfers), 0 if there is no
 * such number. Returns @text.
 */
const char *dmabay_explain(char *text, size_t size, uint32_t command, int error,
			   const struct dmabay_info *info, uint64_t wanted);

#ifdef __cplusplus
#pragma GCC diagnostic pop
}
#endif

#endif /* DMABAY_H */
