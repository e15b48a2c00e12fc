/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Threads that use a channel, each by a file of its own, until something ends them.
 */
#ifndef DMABAY_TESTS_CHANNEL_USERS_H
#define DMABAY_TESTS_CHANNEL_USERS_H

#include <pthread.h>

#include "channel.h"

#define LENGTH	(4u * PAGE)

struct user {
	pthread_t thread;
	struct dmabay *bay;
	int result;
};

/* ---- those who wait for what never comes ---- */

static inline void *wait_in_line(void *context)
{
	struct user *user = context;
	uint32_t reservation;

	user->result = dmabay_reserve(user->bay, 1, 1, 0, &reservation);
	return NULL;
}

static inline void *wait_for_completion(void *context)
{
	struct dmabay_completion completion;
	struct user *user = context;

	user->result = dmabay_wait(user->bay, &completion, 1, 1, 0);
	return NULL;
}

/* ---- those who are never done ---- */

static inline int reserve_and_transfer(struct job *job)
{
	struct dmabay_completion completion;
	int result = dmabay_reserve(job->bay, 4, DEPTH, 0, &job->reservation);

	if (result)
		return result;
	result = start_job(job, DEPTH, DMABAY_TO_DEVICE);
	for (uint32_t i = 0; i < DEPTH && result >= 0; i++)
		result = finish_one(job, &completion);
	return result < 0 ? result : dmabay_free(job->bay, job->reservation);
}

static inline void *transfer_on(void *context)
{
	struct user *user = context;
	struct job job = { .bay = user->bay, .memory = map_pages(LENGTH), .length = LENGTH };

	user->result = dmabay_register(job.bay, job.memory, LENGTH, 0, &job.buffer);
	while (!user->result)
		user->result = reserve_and_transfer(&job);
	munmap(job.memory, LENGTH);
	return NULL;
}

static inline void *transfer_once_on(void *context)
{
	struct user *user = context;
	unsigned char *memory = map_pages(LENGTH);
	int64_t result;

	do {
		result = dmabay_once(user->bay, memory, LENGTH, 0, DMABAY_FROM_DEVICE);
	} while (result == LENGTH);
	user->result = (int)result;
	munmap(memory, LENGTH);
	return NULL;
}

/* ---- all of them ---- */

static inline int start_user(const struct channel *channel, struct user *user,
			     void *(*use)(void *))
{
	int result = dmabay_open(&user->bay, channel->path, O_RDWR);

	return result ? result : -pthread_create(&user->thread, NULL, use, user);
}

/* What ended it. */
static inline int end_of_user(struct user *user)
{
	pthread_join(user->thread, NULL);
	dmabay_close(user->bay);
	return user->result;
}

#define BUSY_USERS	3

static inline int start_busy_users(const struct channel *channel, struct user *users)
{
	void *(*const uses[BUSY_USERS])(void *) = { transfer_on, transfer_on, transfer_once_on };
	int result = 0;

	for (unsigned int i = 0; i < BUSY_USERS && !result; i++)
		result = start_user(channel, &users[i], uses[i]);
	return result;
}

#endif /* DMABAY_TESTS_CHANNEL_USERS_H */
