// SPDX-License-Identifier: GPL-2.0-only
/*
 * What is promised about all commands at once: their numbers, what is not known yet, the
 * order of the checks; addresses of the user's that lead nowhere or too far; and numbers
 * that only just fit into 64 bits.
 */
#include <sys/eventfd.h>
#include <sys/prctl.h>

#include "uapi_commands.h"

/* ---- its number ---- */

static bool is_known(unsigned long number)
{
	return command_of(number);
}

/* One bit of it is another one: of its direction, length, type or own number. */
TEST_F(uapi, number_off_by_a_bit)
{
	for (const struct command *command = commands; command < commands + COMMANDS; command++) {
		for (unsigned int bit = 0; bit < 32; bit++) {
			unsigned long number = command->number ^ (1ul << bit);
			union argument argument;

			if (is_known(number))
				continue;
			build(command, self, &argument);
			EXPECT_EQ(-ENOTTY, raw(self->fd, number, &argument))
				TH_LOG("0x%lx for %s", number, command->name);
			command->undo(self, &argument);
		}
	}
}

TEST_F(uapi, number_with_a_length)
{
	for (const struct command *command = commands; command < commands + COMMANDS; command++) {
		const unsigned int directions[] = { _IOC_READ, _IOC_WRITE, _IOC_READ | _IOC_WRITE };

		for (size_t j = 0; j < ARRAY_SIZE(directions); j++) {
			unsigned long number = _IOC(directions[j], DMABAY_IOCTL_TYPE,
						    _IOC_NR(command->number), command->size);

			EXPECT_EQ(-ENOTTY, raw(self->fd, number, NULL))
				TH_LOG("0x%lx for %s", number, command->name);
		}
	}
}

TEST_F(uapi, number_of_nobody)
{
	for (unsigned int nr = 0; nr < 256; nr++) {
		unsigned long number = _IO(DMABAY_IOCTL_TYPE, nr);

		if (!is_known(number)) {
			EXPECT_EQ(-ENOTTY, raw(self->fd, number, NULL)) TH_LOG("number %u", nr);
		}
	}
}

/* ---- what is not known yet ---- */

/* What the command says when that bit of the field at @offset is set. */
static int with_bit(FIXTURE_DATA(uapi) *self, const struct command *command, size_t offset,
		    unsigned int bit)
{
	union argument argument;
	int result;

	build(command, self, &argument);
	argument.words[offset / 4] |= 1u << bit;
	result = raw(fd_of(self, command), command->number, &argument);
	command->undo(self, &argument);
	return result;
}

TEST_F(uapi, flags)
{
	for (const struct command *command = commands; command < commands + COMMANDS; command++) {
		for (unsigned int bit = 0; bit < 32 && command->flags; bit++) {
			const bool known = command->known_flags >> bit & 1;

			EXPECT_EQ(!known, with_bit(self, command, command->flags, bit) ==
					  -EOPNOTSUPP)
				TH_LOG("%s, bit %u", command->name, bit);
		}
	}
}

TEST_F(uapi, reserved)
{
	for (const struct command *command = commands; command < commands + COMMANDS; command++) {
		for (unsigned int bit = 0; bit < 32 && command->reserved; bit++) {
			EXPECT_EQ(-EOPNOTSUPP, with_bit(self, command, command->reserved, bit))
				TH_LOG("%s, bit %u", command->name, bit);
		}
	}
}

TEST_F(uapi, flags_of_a_transfer)
{
	for (unsigned int bit = 0; bit < 32; bit++) {
		union argument argument;

		build(command_of(DMABAY_SUBMIT), self, &argument);
		self->transfer.flags = 1u << bit;
		EXPECT_EQ(-EOPNOTSUPP, raw(self->fd, DMABAY_SUBMIT, &argument))
			TH_LOG("bit %u", bit);
	}
}

/* ---- the order of the checks: two rules broken, and the first one is told ---- */

TEST_F(uapi, order_number_before_mode)
{
	int fd = open(self->path, O_RDONLY | O_CLOEXEC);

	ASSERT_LE(0, fd);
	EXPECT_EQ(-ENOTTY, raw(fd, _IO(DMABAY_IOCTL_TYPE, 255), NULL));
	EXPECT_EQ(-ENOTTY, raw(fd, DMABAY_URING, NULL));
	close(fd);
}

TEST_F(uapi, order_mode_before_struct)
{
	int fd = open(self->path, O_RDONLY | O_CLOEXEC);

	ASSERT_LE(0, fd);
	for (const struct command *command = commands; command < commands + COMMANDS; command++) {
		EXPECT_EQ(command->allowed_read_only ? -EFAULT : -EBADF,
			  raw(fd, command->number, NULL))
			TH_LOG("%s", command->name);
	}
	close(fd);
}

/* With every field wrong that there is: only the size is there. */
TEST_F(uapi, order_size_before_tail_before_fields)
{
	union argument argument;

	for (const struct command *command = commands; command < commands + COMMANDS; command++) {
		memset(&argument, 0xFF, sizeof(argument));
		argument.size = command->first - 1;
		EXPECT_EQ(-EINVAL, raw(self->fd, command->number, &argument))
			TH_LOG("%s, short", command->name);
		argument.size = command->size + TAIL;
		EXPECT_EQ(-E2BIG, raw(self->fd, command->number, &argument))
			TH_LOG("%s, long", command->name);
		argument.size = PAGE + 1;
		EXPECT_EQ(-E2BIG, raw(self->fd, command->number, &argument))
			TH_LOG("%s, a page and more", command->name);
	}
}

/* A size is looked at before what it is the size of. */
TEST_F(uapi, order_size_before_the_rest)
{
	unsigned char *pages = map_pages(2 * PAGE);
	const uint32_t sizes[] = { 0, 4, PAGE + 1, 0xFFFFFFFF };

	ASSERT_NE(NULL, pages);
	ASSERT_EQ(0, mprotect(pages + PAGE, PAGE, PROT_NONE));
	for (const struct command *command = commands; command < commands + COMMANDS; command++) {
		for (size_t j = 0; j < ARRAY_SIZE(sizes); j++) {
			memcpy(pages + PAGE - 4, &sizes[j], 4);
			EXPECT_EQ(sizes[j] > PAGE ? -E2BIG : -EINVAL,
				  raw(self->fd, command->number, pages + PAGE - 4))
				TH_LOG("%s with size %u", command->name, sizes[j]);
		}
	}
	munmap(pages, 2 * PAGE);
}

/* ---- addresses in a struct ---- */

static const struct address {
	const char *name;
	unsigned long command;
	size_t offset;
} addresses[] = {
	{ "memory", DMABAY_REGISTER, offsetof(struct dmabay_register, address) },
	{ "transfers", DMABAY_SUBMIT, offsetof(struct dmabay_submit, transfers) },
	{ "memory", DMABAY_ONCE, offsetof(struct dmabay_once, address) },
};

static void set_address(union argument *argument, const struct address *address, uint64_t value)
{
	memcpy(argument->bytes + address->offset, &value, sizeof(value));
}

static uint64_t get_address(const union argument *argument, const struct address *address)
{
	uint64_t value;

	memcpy(&value, argument->bytes + address->offset, sizeof(value));
	return value;
}

TEST_F(uapi, addresses_of_nothing)
{
	const uint64_t nothing[] = {
		0, UNMAPPED, 0xFFFF888000000000, 0xFFFFFFFF81000000, 0x8000000000000000,
		TOP_PAGE - PAGE,
	};

	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		const struct command *command = command_of(addresses[i].command);

		for (size_t j = 0; j < ARRAY_SIZE(nothing); j++) {
			union argument argument;

			build(command, self, &argument);
			set_address(&argument, &addresses[i], nothing[j]);
			EXPECT_EQ(-EFAULT, raw(self->fd, command->number, &argument))
				TH_LOG("%s of %s at %" PRIx64, addresses[i].name, command->name,
				       nothing[j]);
		}
	}
}

/* All 64 bits of it count, also those that a program of 32 bits does not have. */
TEST_F(uapi, addresses_with_another_bit)
{
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		const struct command *command = command_of(addresses[i].command);

		for (unsigned int bit = sizeof(void *) == 4 ? 32 : 57; bit < 64; bit++) {
			union argument argument;
			uint64_t right;

			build(command, self, &argument);
			right = get_address(&argument, &addresses[i]);
			set_address(&argument, &addresses[i], right | UINT64_C(1) << bit);
			EXPECT_EQ(-EFAULT, raw(self->fd, command->number, &argument))
				TH_LOG("%s of %s, bit %u", addresses[i].name, command->name, bit);
		}
	}
}

#ifdef __aarch64__
/* A program that asks for it may leave a tag in its addresses. */
TEST_F(uapi, addresses_with_a_tag)
{
	ASSERT_EQ(0, prctl(PR_SET_TAGGED_ADDR_CTRL, PR_TAGGED_ADDR_ENABLE, 0, 0, 0));
	for (size_t i = 0; i < ARRAY_SIZE(addresses); i++) {
		const struct command *command = command_of(addresses[i].command);
		union argument argument;

		build(command, self, &argument);
		set_address(&argument, &addresses[i],
			    get_address(&argument, &addresses[i]) | UINT64_C(0x5A) << 56);
		EXPECT_LE(0, raw(self->fd, command->number, &argument))
			TH_LOG("%s of %s", addresses[i].name, command->name);
		command->undo(self, &argument);
	}
}
#endif

/* The completion is still there when somebody has a place for it. */
TEST_F(uapi, completions_with_another_bit)
{
	for (unsigned int bit = sizeof(void *) == 4 ? 32 : 57; bit < 64; bit++) {
		union argument argument;

		build(command_of(DMABAY_WAIT), self, &argument);
		argument.wait.completions |= UINT64_C(1) << bit;
		EXPECT_EQ(-EFAULT, raw(self->fd, DMABAY_WAIT, &argument)) TH_LOG("bit %u", bit);
		EXPECT_EQ(1, dmabay_wait(self->bay, &self->completion, 1, 0, 0));
	}
}

/* ---- arrays ---- */

/* A page of it, and nothing behind. */
static unsigned char *map_page_and_nothing(struct __test_metadata *_metadata)
{
	unsigned char *pages = map_pages(2 * PAGE);

	ASSERT_NE(NULL, pages);
	ASSERT_EQ(0, mprotect(pages + PAGE, PAGE, PROT_NONE));
	return pages;
}

/* As many as are there are taken; the next one is not looked for. */
TEST_F(uapi, transfers_at_end_of_page)
{
	const uint32_t length = sizeof(self->transfer), counts[] = { 1, 4 };
	unsigned char *pages = map_page_and_nothing(_metadata);
	struct dmabay_completion completions[4];

	self->transfer = good_page(self);
	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		struct dmabay_transfer *array = (void *)(pages + PAGE - counts[i] * length);

		for (uint32_t j = 0; j < counts[i]; j++)
			array[j] = self->transfer;
		EXPECT_EQ((int)counts[i], dmabay_submit(self->bay, array, counts[i], completions, 4,
							counts[i], 0, NULL));
		EXPECT_EQ(-EFAULT, dmabay_submit(self->bay, array, counts[i] + 1, NULL, 0, 0, 0,
						 NULL));
		EXPECT_EQ(-EFAULT, dmabay_submit(self->bay, (void *)(pages + PAGE - 1), 1, NULL, 0,
						 0, 0, NULL));
	}
	EXPECT_EQ(-EAGAIN, dmabay_wait(self->bay, completions, 4, 0, 0));
	munmap(pages, 2 * PAGE);
}

/* Transfers are not aligned, and neither are completions; nothing beside those changes. */
TEST_F(uapi, arrays_not_aligned)
{
	unsigned char transfer[sizeof(self->transfer) + 8];
	unsigned char place[3 * sizeof(self->completion)];
	const size_t length = sizeof(self->completion);
	struct dmabay_completion completion;

	self->transfer = good_page(self);
	self->transfer.cookie = UINT64_C(0x0123456789ABCDEF);
	for (size_t shift = 1; shift < 8; shift++) {
		memcpy(transfer + shift, &self->transfer, sizeof(self->transfer));
		memset(place, 0x5A, sizeof(place));
		EXPECT_EQ(1, dmabay_submit(self->bay, (void *)(transfer + shift), 1,
					   (void *)(place + shift), 2, 1, 0, NULL));
		memcpy(&completion, place + shift, length);
		EXPECT_EQ(self->transfer.cookie, completion.cookie);
		EXPECT_EQ(PAGE, completion.length);
		EXPECT_EQ(0, completion.status);
		EXPECT_EQ(self->reservation, completion.reservation);
		for (size_t i = 0; i < sizeof(place); i++) {
			if (i < shift || i >= shift + length) {
				EXPECT_EQ(0x5A, place[i]) TH_LOG("byte %zu", i);
			}
		}
	}
}

TEST_F(uapi, completions_at_end_of_page)
{
	unsigned char *pages = map_page_and_nothing(_metadata);
	struct dmabay_completion *last = (void *)(pages + PAGE - sizeof(*last));
	union argument argument;

	build(command_of(DMABAY_WAIT), self, &argument);
	EXPECT_EQ(1, dmabay_wait(self->bay, last, self->info.max_batch, 1, 0));
	EXPECT_EQ(0, last->status);

	build(command_of(DMABAY_WAIT), self, &argument);
	EXPECT_EQ(-EFAULT, dmabay_wait(self->bay, (void *)((unsigned char *)last + 1), 1, 1, 0));
	ASSERT_EQ(0, mprotect(pages, PAGE, PROT_READ));
	EXPECT_EQ(-EFAULT, dmabay_wait(self->bay, last, 1, 1, 0));
	EXPECT_EQ(1, dmabay_wait(self->bay, &self->completion, 1, 0, 0));
	munmap(pages, 2 * PAGE);
}

/* So many that their bytes are few again in 32 bits. */
TEST_F(uapi, counts)
{
	const uint32_t counts[] = {
		self->info.max_batch + 1, UINT32_MAX, 1u << 31,
		(uint32_t)((UINT64_C(1) << 32) / sizeof(struct dmabay_transfer)) + 1,
		(uint32_t)((UINT64_C(1) << 32) / sizeof(struct dmabay_completion)) + 1,
	};
	union argument argument;

	for (size_t i = 0; i < ARRAY_SIZE(counts); i++) {
		build(command_of(DMABAY_SUBMIT), self, &argument);
		argument.submit.count = counts[i];
		EXPECT_EQ(-E2BIG, raw(self->fd, DMABAY_SUBMIT, &argument))
			TH_LOG("count %u", counts[i]);

		build(command_of(DMABAY_SUBMIT), self, &argument);
		argument.submit.capacity = counts[i];
		EXPECT_EQ(-E2BIG, raw(self->fd, DMABAY_SUBMIT, &argument))
			TH_LOG("capacity %u", counts[i]);

		build(command_of(DMABAY_SUBMIT), self, &argument);
		argument.submit.min_complete = counts[i];
		EXPECT_EQ(-EINVAL, raw(self->fd, DMABAY_SUBMIT, &argument))
			TH_LOG("min_complete %u", counts[i]);

		build(command_of(DMABAY_WAIT), self, &argument);
		argument.wait.capacity = counts[i];
		EXPECT_EQ(-E2BIG, raw(self->fd, DMABAY_WAIT, &argument))
			TH_LOG("capacity %u", counts[i]);
		EXPECT_EQ(1, dmabay_wait(self->bay, &self->completion, 1, 0, 0));
	}
}

/* ---- numbers at the edges of what they can be ---- */

#define EDGES { \
	0, 1, PAGE - 1, PAGE, PAGE + 1, 2 * PAGE, 2 * PAGE + 1, \
	0x7FFFFFFF, 0x80000000, 0xFFFFF000, 0xFFFFFFFF, 0x100000000, 0x100001000, \
	0x7FFFFFFFFFFFFFFF, 0x8000000000000000, 0xFFFFFFFF00000000, \
	0xFFFFFFFFFFFFE000, 0xFFFFFFFFFFFFF000, 0xFFFFFFFFFFFFF001, 0xFFFFFFFFFFFFFFFF, \
}

/* What the header says of an offset (or an address) and a length in something so long. */
static int range_error(uint64_t offset, uint64_t length, uint64_t limit)
{
	uint64_t end;

	if (!length)
		return -EINVAL;
	if (__builtin_add_overflow(offset, length, &end))
		return -EOVERFLOW;
	return end > limit ? -ERANGE : 0;
}

TEST_F(uapi, edges_of_offset_and_length)
{
	const uint64_t edges[] = EDGES;

	for (size_t i = 0; i < ARRAY_SIZE(edges); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(edges); j++) {
			EXPECT_EQ(range_error(edges[i], edges[j], 2 * PAGE),
				  transfer_wait(self->bay, self->reservation, self->buffer,
						edges[i], edges[j], 0, DMABAY_TO_DEVICE))
				TH_LOG("0x%" PRIx64 " + 0x%" PRIx64, edges[i], edges[j]);
		}
	}
}

/* Of a length that the buffer has: nothing else is wrong. */
TEST_F(uapi, edges_of_device_address)
{
	const uint64_t edges[] = EDGES;
	const uint64_t memory = self->info.device_memory;
	const uint64_t more[] = {
		memory - PAGE, memory - PAGE + 1, memory - 1, memory, memory + 1,
	};

	for (size_t i = 0; i < ARRAY_SIZE(edges) + ARRAY_SIZE(more); i++) {
		const uint64_t at = i < ARRAY_SIZE(edges) ? edges[i] : more[i - ARRAY_SIZE(edges)];
		const int expected = range_error(at, PAGE, memory);

		EXPECT_EQ(expected, transfer_wait(self->bay, self->reservation, self->buffer, 0,
						  PAGE, at, DMABAY_TO_DEVICE))
			TH_LOG("at 0x%" PRIx64, at);
		EXPECT_EQ(expected ? expected : (int)PAGE,
			  dmabay_once(self->bay, self->memory, PAGE, at, DMABAY_TO_DEVICE))
			TH_LOG("at 0x%" PRIx64 ", once", at);
	}
}

/* What the header says of memory to register; of ours two pages are there, and no more. */
static int memory_error(const FIXTURE_DATA(uapi) *self, const unsigned char *memory,
			uint64_t address, uint64_t length)
{
	const uint64_t start = (uintptr_t)memory;
	int error = range_error(address, length, UINT64_MAX);

	if (error)
		return error;
	if (length > self->info.max_register_length)
		return -E2BIG;
	return address >= start && address + length <= start + 2 * PAGE ? 0 : -EFAULT;
}

static int register_and_forget(FIXTURE_DATA(uapi) *self, uint64_t address, uint64_t length)
{
	union argument argument = {
		.registered = {
			.size = sizeof(struct dmabay_register),
			.address = address,
			.length = length,
		},
	};
	int result = raw(self->fd, DMABAY_REGISTER, &argument);

	return result ? result : dmabay_unregister(self->bay, argument.registered.buffer);
}

TEST_F(uapi, edges_of_memory)
{
	const uint64_t edges[] = EDGES;
	unsigned char *pages = map_pages(4 * PAGE), *memory = pages + PAGE;
	const uint64_t maximum = self->info.max_register_length;

	ASSERT_NE(NULL, pages);
	ASSERT_EQ(0, mprotect(pages, PAGE, PROT_NONE));
	ASSERT_EQ(0, mprotect(memory + 2 * PAGE, PAGE, PROT_NONE));
	for (size_t i = 0; i < ARRAY_SIZE(edges); i++) {
		const uint64_t lengths[] = { edges[i], maximum - edges[i], maximum + edges[i] };
		const uint64_t at = (uintptr_t)memory + PAGE;

		for (size_t j = 0; j < ARRAY_SIZE(edges); j++) {
			EXPECT_EQ(memory_error(self, memory, edges[i], edges[j]),
				  register_and_forget(self, edges[i], edges[j]))
				TH_LOG("0x%" PRIx64 " + 0x%" PRIx64, edges[i], edges[j]);
		}
		for (size_t j = 0; j < ARRAY_SIZE(lengths); j++) {
			EXPECT_EQ(memory_error(self, memory, at, lengths[j]),
				  register_and_forget(self, at, lengths[j]))
				TH_LOG("0x%" PRIx64 " bytes of memory", lengths[j]);
		}
	}
	munmap(pages, 4 * PAGE);
}

/* Objects are numbered from 1, and every other number is nobody's. */
TEST_F(uapi, edges_of_object_numbers)
{
	const uint32_t numbers[] = {
		0, self->info.max_buffers + 1, self->info.max_reservations + 1, 1u << 31,
		UINT32_MAX,
	};

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		EXPECT_EQ(-ENOENT, dmabay_unregister(self->bay, numbers[i]));
		EXPECT_EQ(-ENOENT, dmabay_free(self->bay, numbers[i]));
		EXPECT_EQ(-ENOENT, transfer_wait(self->bay, numbers[i], self->buffer, 0, PAGE, 0,
						 DMABAY_TO_DEVICE));
		EXPECT_EQ(-ENOENT, transfer_wait(self->bay, self->reservation, numbers[i], 0, PAGE,
						 0, DMABAY_TO_DEVICE));
		EXPECT_EQ(-ENOENT, dmabay_cancel(self->bay, DMABAY_CANCEL_RESERVATION, numbers[i],
						 0, NULL));
	}
}

/* In the past, and so far away that it is never: a signal has to end that wait. */
TEST_F(uapi, edges_of_deadlines)
{
	const uint64_t past[] = { 1, 2, SECOND / 1000 };
	const uint64_t future[] = { 0, INT64_MAX, UINT64_C(1) << 63, UINT64_MAX };

	for (size_t i = 0; i < ARRAY_SIZE(past); i++) {
		EXPECT_EQ(-ETIMEDOUT, dmabay_wait(self->bay, &self->completion, 1, 1, past[i]));
		self->transfer = good_page(self);
		self->transfer.deadline = past[i];
		EXPECT_EQ(1, dmabay_submit(self->bay, &self->transfer, 1, &self->completion, 1, 1,
					   0, NULL));
		EXPECT_EQ(-ETIMEDOUT, self->completion.status);
	}
	for (size_t i = 0; i < ARRAY_SIZE(future); i++) {
		keep_ringing(true);
		EXPECT_EQ(-EINTR, dmabay_wait(self->bay, &self->completion, 1, 1, future[i]));
		keep_ringing(false);
		self->transfer = good_page(self);
		self->transfer.deadline = future[i];
		EXPECT_EQ(1, dmabay_submit(self->bay, &self->transfer, 1, &self->completion, 1, 1,
					   future[i], NULL));
		EXPECT_EQ(0, self->completion.status);
	}
}

/* What is no eventfd is told from what is not open. */
TEST_F(uapi, edges_of_an_eventfd)
{
	int event = eventfd(0, EFD_CLOEXEC), closed = dup(event);

	ASSERT_LE(0, event);
	ASSERT_LE(0, closed);
	close(closed);
	EXPECT_EQ(0, dmabay_eventfd(self->bay, event));
	EXPECT_EQ(-EBADF, dmabay_eventfd(self->bay, closed));
	EXPECT_EQ(-EBADF, dmabay_eventfd(self->bay, INT32_MAX));
	EXPECT_EQ(-EINVAL, dmabay_eventfd(self->bay, self->fd));
	EXPECT_EQ(-EINVAL, dmabay_eventfd(self->bay, -2));
	EXPECT_EQ(-EINVAL, dmabay_eventfd(self->bay, INT32_MIN));
	EXPECT_EQ(0, dmabay_eventfd(self->bay, -1));
	close(event);
}

TEST_HARNESS_MAIN
