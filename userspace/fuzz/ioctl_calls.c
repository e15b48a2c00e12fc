// SPDX-License-Identifier: GPL-2.0-only
/*
 * The commands of the node: one struct each, filled in as operations.c says.
 *
 * What the kernel shall fill in holds garbage before, which must change nothing; and when it
 * has answered, nothing but that may have changed, and nothing at all if it refused.
 */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include <linux/dmabay.h>

#include "fuzz.h"

#define GARBAGE		0xa5
#define WATCHED		64u	/* completions, at most */

static const unsigned char *completions_garbage(const void *argument, uint64_t *capacity)
{
	const struct dmabay_submit *submit = argument;
	uint64_t at = submit->completions;

	*capacity = submit->capacity < WATCHED ? submit->capacity : WATCHED;
	if (at < DESK_COMPLETIONS || at > DESK_COMPLETIONS + DESK_TABLE - *capacity * 24)
		*capacity = 0;
	return (const unsigned char *)at;
}

/* Both have these where DMABAY_SUBMIT has them, or are looked at as if they had. */
static void as_submit(const struct operation *operation, const void *argument,
		      struct dmabay_submit *submit)
{
	const struct dmabay_wait *wait = argument;

	memset(submit, 0, sizeof(*submit));
	if (operation->number == DMABAY_SUBMIT)
		memcpy(submit, argument, sizeof(*submit));
	if (operation->number == DMABAY_WAIT) {
		submit->capacity = wait->capacity;
		submit->completed = wait->completed;
		submit->completions = wait->completions;
	}
}

/* Each was written as a whole, or not at all. */
static const char *completions_check(const struct dmabay_submit *submit, int error)
{
	const struct dmabay_completion *completion;
	const unsigned char *bytes;
	uint64_t capacity, told = error ? 0 : submit->completed;

	bytes = completions_garbage(submit, &capacity);
	if (!capacity || error == EFAULT)
		return NULL;
	completion = (const void *)bytes;
	for (uint64_t i = 0; i < told && i < capacity; i++)
		if (completion[i].status > 0 || completion[i].status < -4095 ||
		    !completion[i].reservation || completion[i].length >> 40)
			return "a completion makes no sense";
	for (uint64_t i = told * 24; i < capacity * 24; i++)
		if (bytes[i] != GARBAGE)
			return "a completion was written that was not told of";
	return NULL;
}

static const char *answer_check(const struct operation *operation, const unsigned char *before,
				const unsigned char *after, int error)
{
	for (uint32_t i = 0; i < operation->size / 4; i++) {
		if (!memcmp(before + i * 4, after + i * 4, 4))
			continue;
		if (error)
			return "a command that was refused has written something";
		if (!(operation->answered >> i & 1))
			return "a command has written where it has nothing to say";
	}
	return NULL;
}

static const char *text_check(const unsigned char *text)
{
	for (int i = 0, ended = 0; i < 32; i++) {
		if (ended && text[i])
			return "there are bytes behind the end of a name";
		ended |= !text[i];
	}
	return text[31] ? "a name has no end" : NULL;
}

/* What a number says must be possible. */
static const char *meaning_check(const struct operation *operation, const void *argument)
{
	const struct dmabay_submit *submit = argument;
	const struct dmabay_wait *wait = argument;
	const struct dmabay_once *once = argument;
	const struct dmabay_info *info = argument;
	const char *wrong;

	switch (operation->number) {
	case DMABAY_INFO:
		wrong = text_check(info->driver);
		if (!wrong)
			wrong = text_check(info->bus);
		if (info->map_registers_free > info->map_registers)
			wrong = "more registers are free than there are";
		return wrong;
	case DMABAY_SUBMIT:
		return !submit->submitted || submit->submitted > submit->count ||
		       submit->completed > submit->capacity ? "a batch's count is wrong" : NULL;
	case DMABAY_WAIT:
		return !wait->completed || wait->completed > wait->capacity ?
		       "a count of completions is wrong" : NULL;
	case DMABAY_ONCE:
		return once->transferred > once->length ? "more was moved than asked for" : NULL;
	}
	return NULL;
}

static void fill(struct task *task, const struct operation *operation, const uint64_t *values)
{
	uint32_t size = operation->size + (uint32_t)values[1];

	if (task->dirty || values[1] || flipping) {
		memset(task->desk, 0, PAGE_SIZE);
		task->dirty = values[1] || flipping;
	}
	memset(task->desk, GARBAGE, operation->size);
	for (unsigned int f = 2; f < fields_of(operation); f++)
		memcpy(task->desk + operation->fields[f].offset, &values[f],
		       operation->fields[f].width);
	memcpy(task->desk, &size, sizeof(size));
}

long run_ioctl(struct task *task, const struct operation *operation, const uint64_t *values)
{
	unsigned char before[512];
	struct dmabay_submit submit;
	const char *wrong = NULL;
	uint64_t capacity;
	void *bytes;
	long result;
	int error;

	fill(task, operation, values);
	memcpy(before, task->desk, operation->size);
	as_submit(operation, before, &submit);
	bytes = (void *)completions_garbage(&submit, &capacity);
	if (capacity)
		memset(bytes, GARBAGE, capacity * 24);

	result = ioctl((int)values[0], operation->number, task->desk);
	error = result < 0 ? errno : 0;
	if (flipping)
		return result;

	figures.answers++;
	/* With EFAULT it may have come half way. */
	if (error != EFAULT)
		wrong = answer_check(operation, before, task->desk, error);
	if (!wrong && !error && !values[1])
		wrong = meaning_check(operation, task->desk);
	as_submit(operation, task->desk, &submit);
	/* Else another thread's command may write them at the same time. */
	if (!wrong && !together)
		wrong = completions_check(&submit, error);
	if (wrong) {
		printf("# %s: %s (%ld, errno %d)\n", operation->name, wrong, result, error);
		found(wrong);
	}
	if (!error && operation->number == DMABAY_RINGS)
		rings_made((unsigned int)values[0], task->desk);
	return result;
}
