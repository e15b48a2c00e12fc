/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Every command, once: where its flags are, what it answers, and an argument for it that
 * is right. What is true of all of them is tried on the whole table; a new command is a
 * row here.
 */
#ifndef DMABAY_TESTS_UAPI_COMMANDS_H
#define DMABAY_TESTS_UAPI_COMMANDS_H

#include "dmabuf.h"
#include "uapi.h"

#define TAIL		8u	/* bytes of a struct of the future */
#define UNMAPPED	UINT64_C(0x1000)
#define TOP_PAGE	UINT64_C(0xFFFFFFFFFFFFF000)

union argument {
	uint32_t size;
	struct dmabay_info info;
	struct dmabay_counters counters;
	struct dmabay_register registered;
	struct dmabay_unregister unregister;
	struct dmabay_reserve reserve;
	struct dmabay_free free;
	struct dmabay_submit submit;
	struct dmabay_wait wait;
	struct dmabay_once once;
	struct dmabay_cancel cancel;
	struct dmabay_eventfd eventfd;
	struct dmabay_import import;
	struct dmabay_rings rings;
	struct dmabay_enter enter;
	uint32_t words[64];
	unsigned char bytes[256];
};

/*
 * @flags and @reserved are where those fields are, 0 if there are none. @answered has a
 * bit for each 4 bytes that the kernel fills. @build makes what the command is about, and
 * the rest of the argument; @undo takes it away, whether the command was served or not.
 * @first is the size of the struct's first version.
 */
struct command {
	const char *name;
	unsigned long number;
	uint32_t size;
	uint32_t first;
	bool allowed_read_only;
	size_t flags;
	uint32_t known_flags;
	size_t reserved;
	uint64_t answered;
	void (*build)(FIXTURE_DATA(uapi) *self, union argument *argument);
	void (*undo)(FIXTURE_DATA(uapi) *self, const union argument *argument);
};

static inline void build_nothing(FIXTURE_DATA(uapi) *self, union argument *argument)
{
	(void)self;
	(void)argument;
}

static inline void undo_nothing(FIXTURE_DATA(uapi) *self, const union argument *argument)
{
	(void)self;
	(void)argument;
}

static inline void build_register(FIXTURE_DATA(uapi) *self, union argument *argument)
{
	argument->registered.address = (uintptr_t)self->memory;
	argument->registered.length = PAGE;
}

static inline void undo_register(FIXTURE_DATA(uapi) *self, const union argument *argument)
{
	dmabay_unregister(self->bay, argument->registered.buffer);
}

static inline void build_unregister(FIXTURE_DATA(uapi) *self, union argument *argument)
{
	dmabay_register(self->bay, self->memory, PAGE, 0, &argument->unregister.buffer);
}

/* Still there if the command was refused. */
static inline void undo_unregister(FIXTURE_DATA(uapi) *self, const union argument *argument)
{
	dmabay_unregister(self->bay, argument->unregister.buffer);
}

static inline void build_reserve(FIXTURE_DATA(uapi) *self, union argument *argument)
{
	(void)self;
	argument->reserve.map_registers = 1;
	argument->reserve.depth = 1;
}

static inline void undo_reserve(FIXTURE_DATA(uapi) *self, const union argument *argument)
{
	dmabay_free(self->bay, argument->reserve.reservation);
}

static inline void build_free(FIXTURE_DATA(uapi) *self, union argument *argument)
{
	dmabay_reserve(self->bay, 1, 1, 0, &argument->free.reservation);
}

static inline void undo_free(FIXTURE_DATA(uapi) *self, const union argument *argument)
{
	dmabay_free(self->bay, argument->free.reservation);
}

static inline struct dmabay_transfer good_page(const FIXTURE_DATA(uapi) *self)
{
	return (struct dmabay_transfer){
		.reservation = self->reservation,
		.buffer = self->buffer,
		.length = about_a_page(&self->info),
		.direction = DMABAY_TO_DEVICE,
	};
}

static inline void build_submit(FIXTURE_DATA(uapi) *self, union argument *argument)
{
	self->transfer = good_page(self);
	argument->submit.count = 1;
	argument->submit.transfers = (uintptr_t)&self->transfer;
	argument->submit.min_complete = 1;
	argument->submit.capacity = 1;
	argument->submit.completions = (uintptr_t)&self->completion;
}

static inline void build_wait(FIXTURE_DATA(uapi) *self, union argument *argument)
{
	self->transfer = good_page(self);
	dmabay_submit(self->bay, &self->transfer, 1, NULL, 0, 0, 0, NULL);
	argument->wait.min_complete = 1;
	argument->wait.capacity = 1;
	argument->wait.completions = (uintptr_t)&self->completion;
}

/* What was not read. The device moves a page in the call that submits it. */
static inline void undo_transfer(FIXTURE_DATA(uapi) *self, const union argument *argument)
{
	(void)argument;
	dmabay_wait(self->bay, &self->completion, 1, 0, 0);
}

static inline void build_once(FIXTURE_DATA(uapi) *self, union argument *argument)
{
	argument->once.address = (uintptr_t)self->memory;
	argument->once.length = about_a_page(&self->info);
	argument->once.direction = DMABAY_TO_DEVICE;
}

static inline void build_eventfd(FIXTURE_DATA(uapi) *self, union argument *argument)
{
	(void)self;
	argument->eventfd.eventfd = -1;
}

/* The same one each time, as long as the test runs; a negative errno if there is none. */
static inline int one_dma_buf(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = new_from_heap(PAGE, O_RDWR);
	return fd;
}

static inline void build_import(FIXTURE_DATA(uapi) *self, union argument *argument)
{
	(void)self;
	argument->import.fd = one_dma_buf();
}

static inline void undo_import(FIXTURE_DATA(uapi) *self, const union argument *argument)
{
	dmabay_unregister(self->bay, argument->import.buffer);
}

/* Rings end with their file, so each time there is another one. */
static inline void build_rings(FIXTURE_DATA(uapi) *self, union argument *argument)
{
	self->other = open(self->path, O_RDWR | O_CLOEXEC);
	argument->rings.submission_entries = 4;
	argument->rings.completion_entries = 4;
}

static inline void build_enter(FIXTURE_DATA(uapi) *self, union argument *argument)
{
	struct dmabay_rings rings = {
		.size = sizeof(rings),
		.submission_entries = 4,
		.completion_entries = 4,
	};

	self->other = open(self->path, O_RDWR | O_CLOEXEC);
	raw(self->other, DMABAY_RINGS, &rings);
	argument->enter.count = 1;
}

static inline void undo_rings(FIXTURE_DATA(uapi) *self, const union argument *argument)
{
	(void)argument;
	close(self->other);
}

#define END_OF(type, field)	(offsetof(struct type, field) + sizeof(((struct type *)0)->field))

/* From one field to another, both included. */
#define ANSWERS(type, first, last) \
	((~UINT64_C(0) >> (64 - END_OF(type, last) / 4)) & \
	 (~UINT64_C(0) << (offsetof(struct type, first) / 4)))

#define GROWN_COMMAND(name, type, last, ...) \
	{ #name, name, sizeof(struct type), END_OF(type, last), __VA_ARGS__ }

#define COMMAND(name, type, ...) \
	{ #name, name, sizeof(struct type), sizeof(struct type), __VA_ARGS__ }

static const struct command commands[] = {
	COMMAND(DMABAY_INFO, dmabay_info, true, 0, 0, 0,
		ANSWERS(dmabay_info, flags, bus), build_nothing, undo_nothing),
	COMMAND(DMABAY_COUNTERS, dmabay_counters, true,
		offsetof(struct dmabay_counters, flags), 0, 0,
		ANSWERS(dmabay_counters, links, engine_ticks), build_nothing, undo_nothing),
	COMMAND(DMABAY_REGISTER, dmabay_register, false,
		offsetof(struct dmabay_register, flags), DMABAY_REGISTER_READ_ONLY,
		offsetof(struct dmabay_register, reserved),
		ANSWERS(dmabay_register, buffer, buffer), build_register, undo_register),
	COMMAND(DMABAY_UNREGISTER, dmabay_unregister, false, 0, 0, 0, 0,
		build_unregister, undo_unregister),
	COMMAND(DMABAY_RESERVE, dmabay_reserve, false,
		offsetof(struct dmabay_reserve, flags),
		DMABAY_RESERVE_IMMEDIATE | DMABAY_RESERVE_STRICT,
		offsetof(struct dmabay_reserve, reserved),
		ANSWERS(dmabay_reserve, reservation, reservation), build_reserve, undo_reserve),
	COMMAND(DMABAY_FREE, dmabay_free, false, 0, 0, 0, 0, build_free, undo_free),
	COMMAND(DMABAY_SUBMIT, dmabay_submit, false,
		offsetof(struct dmabay_submit, flags), 0,
		offsetof(struct dmabay_submit, reserved),
		ANSWERS(dmabay_submit, submitted, submitted) |
		ANSWERS(dmabay_submit, completed, completed), build_submit, undo_transfer),
	COMMAND(DMABAY_WAIT, dmabay_wait, false,
		offsetof(struct dmabay_wait, flags), 0,
		offsetof(struct dmabay_wait, reserved),
		ANSWERS(dmabay_wait, completed, completed), build_wait, undo_transfer),
	GROWN_COMMAND(DMABAY_ONCE, dmabay_once, transferred, false,
		offsetof(struct dmabay_once, flags), 0,
		offsetof(struct dmabay_once, reserved),
		ANSWERS(dmabay_once, transferred, transferred), build_once, undo_nothing),
	COMMAND(DMABAY_CANCEL, dmabay_cancel, false,
		offsetof(struct dmabay_cancel, flags),
		DMABAY_CANCEL_COOKIE | DMABAY_CANCEL_RESERVATION,
		offsetof(struct dmabay_cancel, reserved),
		ANSWERS(dmabay_cancel, cancelled, running), build_nothing, undo_nothing),
	COMMAND(DMABAY_EVENTFD, dmabay_eventfd, false,
		offsetof(struct dmabay_eventfd, flags), 0,
		offsetof(struct dmabay_eventfd, reserved), 0, build_eventfd, undo_nothing),
	COMMAND(DMABAY_RINGS, dmabay_rings, false,
		offsetof(struct dmabay_rings, flags), 0, 0,
		ANSWERS(dmabay_rings, length, completion_offset), build_rings, undo_rings),
	COMMAND(DMABAY_ENTER, dmabay_enter, false,
		offsetof(struct dmabay_enter, flags), DMABAY_ENTER_POLL | DMABAY_ENTER_STOP, 0,
		ANSWERS(dmabay_enter, submitted, submitted) |
		ANSWERS(dmabay_enter, completed, completed), build_enter, undo_rings),
	COMMAND(DMABAY_IMPORT, dmabay_import, false,
		offsetof(struct dmabay_import, flags), DMABAY_IMPORT_READ_ONLY, 0,
		ANSWERS(dmabay_import, buffer, length), build_import, undo_import),
};

/* Not every kernel has a heap of dma-bufs; without any, the last one is left out. */
#define COMMANDS (ARRAY_SIZE(commands) - (one_dma_buf() < 0))

static inline const struct command *command_of(unsigned long number)
{
	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		if (commands[i].number == number)
			return &commands[i];
	return NULL;
}

/* The file that it is for. */
static inline int fd_of(const FIXTURE_DATA(uapi) *self, const struct command *command)
{
	return command->undo == undo_rings ? self->other : self->fd;
}

static inline void build(const struct command *command, FIXTURE_DATA(uapi) *self,
			 union argument *argument)
{
	memset(argument, 0, sizeof(*argument));
	argument->size = command->size;
	command->build(self, argument);
}

/* ---- one field wrong ---- */

/* @value and @pages, in bytes, are put into the field of so many bytes at @offset. */
struct wrong {
	const char *name;
	unsigned long command;
	size_t offset;
	size_t width;
	uint64_t value;
	unsigned int pages;
	int error;
};

#define WRONG(command, type, field, value, error) \
	{ #command " " #field "=" #value, command, offsetof(struct type, field), \
	  sizeof(((struct type *)0)->field), value, 0, error }

#define WRONG_PAGES(command, type, field, pages, error) \
	{ #command " " #field "=" #pages " * PAGE", command, offsetof(struct type, field), \
	  sizeof(((struct type *)0)->field), 0, pages, error }

/* Transfers that are refused, however they come. */
static const struct wrong wrong_transfers[] = {
	WRONG(DMABAY_SUBMIT, dmabay_transfer, reservation, 0xFFFFFFFF, ENOENT),
	WRONG(DMABAY_SUBMIT, dmabay_transfer, reservation, 0x7FFFFFFF, ENOENT),
	WRONG(DMABAY_SUBMIT, dmabay_transfer, buffer, 0xFFFFFFFF, ENOENT),
	WRONG(DMABAY_SUBMIT, dmabay_transfer, buffer, 0x7FFFFFFF, ENOENT),
	WRONG(DMABAY_SUBMIT, dmabay_transfer, offset, TOP_PAGE, EOVERFLOW),
	WRONG_PAGES(DMABAY_SUBMIT, dmabay_transfer, offset, 2, ERANGE),
	WRONG(DMABAY_SUBMIT, dmabay_transfer, offset, TOP_PAGE / 2, ERANGE),
	WRONG(DMABAY_SUBMIT, dmabay_transfer, length, 0, EINVAL),
	WRONG_PAGES(DMABAY_SUBMIT, dmabay_transfer, length, 3, ERANGE),
	WRONG(DMABAY_SUBMIT, dmabay_transfer, device_address, TOP_PAGE, EOVERFLOW),
	WRONG(DMABAY_SUBMIT, dmabay_transfer, device_address, TOP_PAGE / 2, ERANGE),
	WRONG(DMABAY_SUBMIT, dmabay_transfer, direction, 2, EINVAL),
	WRONG(DMABAY_SUBMIT, dmabay_transfer, direction, 0xFFFFFFFF, EINVAL),
	WRONG(DMABAY_SUBMIT, dmabay_transfer, flags, 1, EOPNOTSUPP),
};

static inline void put(void *object, const struct wrong *wrong)
{
	put_number(object, wrong->offset, wrong->width,
		   wrong->value + (uint64_t)wrong->pages * PAGE);
}

#endif /* DMABAY_TESTS_UAPI_COMMANDS_H */
