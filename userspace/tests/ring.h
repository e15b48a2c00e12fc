/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rings as the kernel shows them: mapped, and written by hand. Whatever a program may
 * write there can be written here, and nothing is hidden that the kernel says.
 */
#ifndef DMABAY_TESTS_RING_H
#define DMABAY_TESTS_RING_H

#include "common.h"

struct rings {
	int fd;
	struct dmabay_rings made;
	struct dmabay_rings_head *head;
	struct dmabay_transfer *transfers;
	struct dmabay_completion *completions;
};

static inline int make_rings(int fd, uint32_t submissions, uint32_t completions,
			     struct rings *rings)
{
	*rings = (struct rings){
		.fd = fd,
		.made = {
			.size = sizeof(rings->made),
			.submission_entries = submissions,
			.completion_entries = completions,
		},
	};
	return raw(fd, DMABAY_RINGS, &rings->made);
}

static inline void *map_part(const struct rings *rings, uint64_t length, uint64_t offset, int how)
{
	return mmap(NULL, length, PROT_READ | PROT_WRITE, how, rings->fd, (off_t)offset);
}

static inline int map_rings(struct rings *rings)
{
	char *memory = map_part(rings, rings->made.length, DMABAY_RINGS_OFFSET, MAP_SHARED);

	if (memory == MAP_FAILED)
		return -errno;
	rings->head = (void *)memory;
	rings->transfers = (void *)(memory + rings->made.submission_offset);
	rings->completions = (void *)(memory + rings->made.completion_offset);
	return 0;
}

static inline int open_rings(int fd, uint32_t submissions, uint32_t completions,
			     struct rings *rings)
{
	int result = make_rings(fd, submissions, completions, rings);

	return result ? result : map_rings(rings);
}

/* Does not look whether there is a place. */
static inline void put_transfer(struct rings *rings, const struct dmabay_transfer *transfer)
{
	uint32_t tail = rings->head->submission_tail;

	rings->transfers[tail & (rings->made.submission_entries - 1)] = *transfer;
	__atomic_store_n(&rings->head->submission_tail, tail + 1, __ATOMIC_SEQ_CST);
}

static inline uint32_t unread(const struct rings *rings)
{
	return __atomic_load_n(&rings->head->completion_tail, __ATOMIC_ACQUIRE) -
	       rings->head->completion_head;
}

/* How many transfers the kernel has not taken. */
static inline uint32_t left(const struct rings *rings)
{
	return rings->head->submission_tail -
	       __atomic_load_n(&rings->head->submission_head, __ATOMIC_ACQUIRE);
}

static inline bool take_completion(struct rings *rings, struct dmabay_completion *completion)
{
	uint32_t head = rings->head->completion_head;

	if (!unread(rings))
		return false;
	*completion = rings->completions[head & (rings->made.completion_entries - 1)];
	__atomic_store_n(&rings->head->completion_head, head + 1, __ATOMIC_SEQ_CST);
	return true;
}

/* Returns how many transfers were taken, or a negative errno. */
static inline int enter_until(struct rings *rings, uint32_t count, uint32_t min_complete,
			      uint64_t deadline)
{
	struct dmabay_enter argument = {
		.size = sizeof(argument),
		.count = count,
		.min_complete = min_complete,
		.deadline = deadline,
	};
	int result = raw(rings->fd, DMABAY_ENTER, &argument);

	return result ? result : (int)argument.submitted;
}

static inline int enter(struct rings *rings, uint32_t count, uint32_t min_complete)
{
	int result;

	do
		result = enter_until(rings, count, min_complete, dmabay_deadline(PATIENCE));
	while (result == -EINTR);
	return result;
}

static inline int enter_with(struct rings *rings, uint32_t flags, uint64_t idle, uint64_t deadline)
{
	struct dmabay_enter argument = {
		.size = sizeof(argument),
		.flags = flags,
		.idle = idle,
		.deadline = deadline,
	};

	return raw(rings->fd, DMABAY_ENTER, &argument);
}

/* Looks at memory alone: no system call, but those that pass the time. */
static inline bool saw_unread(const struct rings *rings, uint32_t count)
{
	uint64_t end = dmabay_deadline(PATIENCE);

	while (unread(rings) != count && dmabay_deadline(0) < end)
		sched_yield();
	return unread(rings) == count;
}

static inline bool saw_flags(const __u32 *flags, uint32_t wanted)
{
	uint64_t end = dmabay_deadline(PATIENCE);

	while (__atomic_load_n(flags, __ATOMIC_ACQUIRE) != wanted && dmabay_deadline(0) < end)
		pause_for(MILLISECOND);
	return __atomic_load_n(flags, __ATOMIC_ACQUIRE) == wanted;
}

/* The next completion in the ring is this one. */
static inline void expect_in_ring(struct __test_metadata *_metadata, struct rings *rings,
				  uint64_t cookie, int status, uint64_t length)
{
	struct dmabay_completion completion;

	ASSERT_TRUE(take_completion(rings, &completion)) TH_LOG("no completion %" PRIu64, cookie);
	EXPECT_EQ(cookie, completion.cookie);
	EXPECT_EQ(status, completion.status) TH_LOG("cookie %" PRIu64, cookie);
	EXPECT_EQ(length, completion.length) TH_LOG("cookie %" PRIu64, cookie);
}

#endif /* DMABAY_TESTS_RING_H */
