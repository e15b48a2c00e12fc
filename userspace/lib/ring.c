// SPDX-License-Identifier: MIT
/*
 * The rings: memory that is shared with the kernel. Transfers are put into one of them, and
 * completions are taken from the other, by loads and stores; the kernel is asked only to
 * look, or to wait, or not at all if a poller looks. What the kernel writes is believed, what
 * other threads of the program do is not our affair: one puts, and one takes.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "dmabay.h"
#include "bay.h"

struct dmabay_ring {
	struct dmabay *bay;
	struct dmabay_rings_head *head;	/* shared */
	struct dmabay_transfer *transfers;
	struct dmabay_completion *completions;
	uint32_t submission_entries;
	uint32_t completion_entries;
	uint32_t submission_tail;	/* ours, as the kernel was told */
	uint32_t completion_head;
	uint64_t length;
	uint64_t idle;
	pthread_t poller;
	bool has_poller;
};

static uint32_t load(const __u32 *number)
{
	return __atomic_load_n(number, __ATOMIC_ACQUIRE);
}

static void store(__u32 *number, uint32_t value)
{
	__atomic_store_n(number, value, __ATOMIC_RELEASE);
}

static uint32_t smaller(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

int dmabay_ring_open(struct dmabay *bay, uint32_t transfers, uint32_t completions,
		     struct dmabay_ring **ring)
{
	struct dmabay_rings argument = {
		.size = sizeof(argument),
		.submission_entries = transfers,
		.completion_entries = completions,
	};
	struct dmabay_ring *opened = calloc(1, sizeof(*opened));
	int result = opened ? dmabay_command(bay, DMABAY_RINGS, &argument) : -ENOMEM;
	char *memory;

	if (result)
		goto failed;
	memory = mmap(NULL, argument.length, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
		      bay->fd, DMABAY_RINGS_OFFSET);
	if (memory == MAP_FAILED) {
		result = -errno;
		goto failed;
	}
	opened->bay = bay;
	opened->length = argument.length;
	opened->head = (void *)memory;
	opened->transfers = (void *)(memory + argument.submission_offset);
	opened->completions = (void *)(memory + argument.completion_offset);
	opened->submission_entries = transfers;
	opened->completion_entries = completions;
	opened->submission_tail = load(&opened->head->submission_head);
	opened->completion_head = load(&opened->head->completion_head);
	*ring = opened;
	return 0;
failed:
	free(opened);
	return result;
}

static int enter(struct dmabay_ring *ring, struct dmabay_enter *argument)
{
	argument->size = sizeof(*argument);
	return dmabay_command(ring->bay, DMABAY_ENTER, argument);
}

/* ---- the poller ---- */

/* Signals are blocked; but a machine that is suspended interrupts it. */
static void *poll_ring(void *context)
{
	struct dmabay_ring *ring = context;
	int result;

	do {
		struct dmabay_enter argument = {
			.flags = DMABAY_ENTER_POLL,
			.idle = ring->idle,
		};

		result = enter(ring, &argument);
	} while (result == -EINTR);
	return NULL;
}

int dmabay_ring_poll(struct dmabay_ring *ring, uint64_t idle)
{
	sigset_t all, before;
	int error;

	if (ring->has_poller)
		return -EBUSY;
	ring->idle = idle;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&ring->poller, NULL, poll_ring, ring);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	ring->has_poller = !error;
	return -error;
}

void dmabay_ring_close(struct dmabay_ring *ring)
{
	struct dmabay_enter argument = { .flags = DMABAY_ENTER_STOP };

	if (!ring)
		return;
	if (ring->has_poller) {
		enter(ring, &argument);
		pthread_join(ring->poller, NULL);
	}
	munmap(ring->head, ring->length);
	free(ring);
}

/* ---- what is put, and what is taken ---- */

static bool poller_sleeps(const struct dmabay_ring *ring)
{
	/* It says that it sleeps, and looks once more; we have added, and look. */
	atomic_thread_fence(memory_order_seq_cst);
	return load(&ring->head->submission_flags) & DMABAY_SUBMISSION_NEED_WAKEUP;
}

uint32_t dmabay_ring_put(struct dmabay_ring *ring, const struct dmabay_transfer *transfers,
			 uint32_t count)
{
	uint32_t used = ring->submission_tail - load(&ring->head->submission_head);
	uint32_t index = ring->submission_tail & (ring->submission_entries - 1);
	struct dmabay_enter argument = { .count = 0 };
	uint32_t first;

	if (count > ring->submission_entries - used)
		count = ring->submission_entries - used;
	first = smaller(count, ring->submission_entries - index);
	memcpy(ring->transfers + index, transfers, first * sizeof(*transfers));
	if (first < count)
		memcpy(ring->transfers, transfers + first, (count - first) * sizeof(*transfers));
	ring->submission_tail += count;
	store(&ring->head->submission_tail, ring->submission_tail);
	if (ring->has_poller && count && poller_sleeps(ring))
		enter(ring, &argument);
	return count;
}

int dmabay_ring_enter(struct dmabay_ring *ring, uint32_t min_complete, uint64_t deadline)
{
	struct dmabay_enter argument = {
		.count = ring->has_poller ? 0 : ring->submission_entries,
		.min_complete = min_complete,
		.deadline = deadline,
	};
	int result = enter(ring, &argument);

	/* What has a slot, or a place in the ring, has to end first: that can be waited for. */
	if (result == -EAGAIN && min_complete) {
		argument.count = 0;
		result = enter(ring, &argument);
	}
	return result ? result : (int)argument.submitted;
}

static uint32_t take(struct dmabay_ring *ring, struct dmabay_completion *completions,
		     uint32_t capacity)
{
	uint32_t there = load(&ring->head->completion_tail) - ring->completion_head;
	uint32_t index = ring->completion_head & (ring->completion_entries - 1);
	uint32_t count = smaller(there, capacity);
	uint32_t first = smaller(count, ring->completion_entries - index);

	memcpy(completions, ring->completions + index, first * sizeof(*completions));
	if (first < count)
		memcpy(completions + first, ring->completions, (count - first) * sizeof(*completions));
	ring->completion_head += count;
	store(&ring->head->completion_head, ring->completion_head);
	return count;
}

uint32_t dmabay_ring_take(struct dmabay_ring *ring, struct dmabay_completion *completions,
			  uint32_t capacity)
{
	uint32_t count = take(ring, completions, capacity);
	struct dmabay_enter argument = { .count = 0 };

	/* Others are waiting for a place. */
	if (!count && load(&ring->head->completion_flags) & DMABAY_COMPLETION_OVERFLOW &&
	    !enter(ring, &argument))
		count = take(ring, completions, capacity);
	return count;
}
