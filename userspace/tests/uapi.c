// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel interface: every rule of <linux/dmabay.h> about what a command is given
 * broken once, on purpose and alone. The errno is exact, nothing is lost, and the
 * device works on.
 */
#include "uapi.h"

#define TAIL		8u	/* bytes of a struct of the future */
#define UNMAPPED	UINT64_C(0x1000)
#define TOP_PAGE	UINT64_C(0xFFFFFFFFFFFFF000)

/* ---- each command, with an argument that is right ---- */

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
	unsigned char bytes[256];
};

struct command {
	const char *name;
	unsigned long number;
	uint32_t size;
	uint32_t first;		/* size of its first version */
	int right;		/* what the right argument gives */
	bool allowed_read_only;
	void (*build)(FIXTURE_DATA(uapi) *self, union argument *argument);
	void (*undo)(FIXTURE_DATA(uapi) *self, const union argument *argument);
};

static void build_nothing(FIXTURE_DATA(uapi) *self, union argument *argument)
{
	(void)self;
	(void)argument;
}

static void undo_nothing(FIXTURE_DATA(uapi) *self, const union argument *argument)
{
	(void)self;
	(void)argument;
}

static void build_register(FIXTURE_DATA(uapi) *self, union argument *argument)
{
	argument->registered.address = (uintptr_t)self->memory;
	argument->registered.length = PAGE;
}

static void undo_register(FIXTURE_DATA(uapi) *self, const union argument *argument)
{
	dmabay_unregister(self->bay, argument->registered.buffer);
}

static void build_unregister(FIXTURE_DATA(uapi) *self, union argument *argument)
{
	dmabay_register(self->bay, self->memory, PAGE, 0, &argument->unregister.buffer);
}

/* Still there if the command was refused. */
static void undo_unregister(FIXTURE_DATA(uapi) *self, const union argument *argument)
{
	dmabay_unregister(self->bay, argument->unregister.buffer);
}

static void build_reserve(FIXTURE_DATA(uapi) *self, union argument *argument)
{
	(void)self;
	argument->reserve.map_registers = 1;
	argument->reserve.depth = 1;
}

static void undo_reserve(FIXTURE_DATA(uapi) *self, const union argument *argument)
{
	dmabay_free(self->bay, argument->reserve.reservation);
}

static void build_free(FIXTURE_DATA(uapi) *self, union argument *argument)
{
	dmabay_reserve(self->bay, 1, 1, 0, &argument->free.reservation);
}

static void undo_free(FIXTURE_DATA(uapi) *self, const union argument *argument)
{
	dmabay_free(self->bay, argument->free.reservation);
}

static void build_submit(FIXTURE_DATA(uapi) *self, union argument *argument)
{
	self->transfer = (struct dmabay_transfer){
		.reservation = self->reservation,
		.buffer = self->buffer,
		.length = PAGE,
		.direction = DMABAY_TO_DEVICE,
	};
	argument->submit.count = 1;
	argument->submit.transfers = (uintptr_t)&self->transfer;
	argument->submit.min_complete = 1;
	argument->submit.capacity = 1;
	argument->submit.completions = (uintptr_t)&self->completion;
}

static void build_wait(FIXTURE_DATA(uapi) *self, union argument *argument)
{
	argument->wait.capacity = 1;
	argument->wait.completions = (uintptr_t)&self->completion;
}

static void build_once(FIXTURE_DATA(uapi) *self, union argument *argument)
{
	argument->once.address = (uintptr_t)self->memory;
	argument->once.length = PAGE;
	argument->once.direction = DMABAY_TO_DEVICE;
}

static void build_eventfd(FIXTURE_DATA(uapi) *self, union argument *argument)
{
	(void)self;
	argument->eventfd.eventfd = -1;
}

/* @last: the last member that its first version had */
#define GROWN_COMMAND(name, type, last, right, read_only, build, undo)			\
	{ #name, name, sizeof(struct type),						\
	  offsetof(struct type, last) + sizeof(((struct type *)NULL)->last),		\
	  right, read_only, build, undo }
#define COMMAND(name, type, right, read_only, build, undo) \
	{ #name, name, sizeof(struct type), sizeof(struct type), right, read_only, build, undo }

static const struct command commands[] = {
	COMMAND(DMABAY_INFO, dmabay_info, 0, true, build_nothing, undo_nothing),
	COMMAND(DMABAY_COUNTERS, dmabay_counters, 0, true, build_nothing, undo_nothing),
	COMMAND(DMABAY_REGISTER, dmabay_register, 0, false, build_register, undo_register),
	COMMAND(DMABAY_UNREGISTER, dmabay_unregister, 0, false, build_unregister,
		undo_unregister),
	COMMAND(DMABAY_RESERVE, dmabay_reserve, 0, false, build_reserve, undo_reserve),
	COMMAND(DMABAY_FREE, dmabay_free, 0, false, build_free, undo_free),
	COMMAND(DMABAY_SUBMIT, dmabay_submit, 0, false, build_submit, undo_nothing),
	COMMAND(DMABAY_WAIT, dmabay_wait, -EAGAIN, false, build_wait, undo_nothing),
	GROWN_COMMAND(DMABAY_ONCE, dmabay_once, transferred, 0, false, build_once, undo_nothing),
	COMMAND(DMABAY_CANCEL, dmabay_cancel, 0, false, build_nothing, undo_nothing),
	COMMAND(DMABAY_EVENTFD, dmabay_eventfd, 0, false, build_eventfd, undo_nothing),
};

#define COMMANDS ARRAY_SIZE(commands)

static const struct command *command_of(unsigned long number)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (commands[i].number == number)
			return &commands[i];
	return NULL;
}

static void build(const struct command *command, FIXTURE_DATA(uapi) *self, union argument *argument)
{
	memset(argument, 0, sizeof(*argument));
	argument->size = command->size;
	command->build(self, argument);
}

/* ---- the struct itself ---- */

TEST_F(uapi, right_arguments)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		union argument argument;

		build(&commands[i], self, &argument);
		EXPECT_EQ(commands[i].right, raw(self->fd, commands[i].number, &argument))
			TH_LOG("%s", commands[i].name);
		commands[i].undo(self, &argument);
	}
}

TEST_F(uapi, short_struct)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		const uint32_t sizes[] = { 0, 1, 4, commands[i].first - 1 };

		for (size_t j = 0; j < ARRAY_SIZE(sizes); j++) {
			union argument argument;

			build(&commands[i], self, &argument);
			argument.size = sizes[j];
			EXPECT_EQ(-EINVAL, raw(self->fd, commands[i].number, &argument))
				TH_LOG("%s with size %u", commands[i].name, sizes[j]);
			commands[i].undo(self, &argument);
		}
	}
}

/* A program that knows no more than the first kernel did; what is beyond is not its. */
TEST_F(uapi, first_version)
{
	unsigned int grown = 0;

	for (size_t i = 0; i < COMMANDS; i++) {
		uint32_t first = commands[i].first, size = commands[i].size;
		union argument argument;

		if (first == size)
			continue;
		grown++;
		build(&commands[i], self, &argument);
		argument.size = first;
		fill(argument.bytes + first, size - first, BLANK, i);
		EXPECT_EQ(commands[i].right, raw(self->fd, commands[i].number, &argument))
			TH_LOG("%s with size %u", commands[i].name, first);
		EXPECT_PATTERN(argument.bytes + first, size - first, BLANK, i);
		commands[i].undo(self, &argument);
	}
	EXPECT_LT(0, grown);
}

TEST_F(uapi, long_struct_with_zero_tail)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		union argument argument;

		build(&commands[i], self, &argument);
		argument.size += TAIL;
		EXPECT_EQ(commands[i].right, raw(self->fd, commands[i].number, &argument))
			TH_LOG("%s", commands[i].name);
		commands[i].undo(self, &argument);
	}
}

TEST_F(uapi, long_struct_with_dirty_tail)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		for (uint32_t at = 0; at < TAIL; at += TAIL - 1) {
			union argument argument;

			build(&commands[i], self, &argument);
			argument.size += TAIL;
			argument.bytes[commands[i].size + at] = 1;
			EXPECT_EQ(-E2BIG, raw(self->fd, commands[i].number, &argument))
				TH_LOG("%s", commands[i].name);
			commands[i].undo(self, &argument);
		}
	}
}

/* At the very end of the mapped memory: not one byte more is read or written. */
TEST_F(uapi, struct_at_end_of_page)
{
	unsigned char *pages = map_pages(2 * PAGE);

	ASSERT_NE(NULL, pages);
	ASSERT_EQ(0, mprotect(pages + PAGE, PAGE, PROT_NONE));
	for (size_t i = 0; i < COMMANDS; i++) {
		unsigned char *at = pages + PAGE - commands[i].size;
		union argument argument;

		build(&commands[i], self, &argument);
		memcpy(at, &argument, commands[i].size);
		EXPECT_EQ(commands[i].right, raw(self->fd, commands[i].number, at))
			TH_LOG("%s", commands[i].name);
		memcpy(&argument, at, commands[i].size);
		commands[i].undo(self, &argument);

		build(&commands[i], self, &argument);
		argument.size += TAIL;
		memcpy(at, &argument, commands[i].size);
		EXPECT_EQ(-EFAULT, raw(self->fd, commands[i].number, at))
			TH_LOG("%s beyond the page", commands[i].name);
		commands[i].undo(self, &argument);
	}
}

TEST_F(uapi, struct_not_mapped)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		EXPECT_EQ(-EFAULT, raw(self->fd, commands[i].number, NULL))
			TH_LOG("%s", commands[i].name);
		EXPECT_EQ(-EFAULT, raw(self->fd, commands[i].number,
				       (void *)(uintptr_t)UNMAPPED))
			TH_LOG("%s", commands[i].name);
	}
}

/* The kernel answers into the struct: nothing may be made and then lost. */
TEST_F(uapi, struct_not_writable)
{
	unsigned char *page = map_pages(PAGE);

	ASSERT_NE(NULL, page);
	for (size_t i = 0; i < COMMANDS; i++) {
		const unsigned long number = commands[i].number;
		union argument argument;

		if (number != DMABAY_INFO && number != DMABAY_COUNTERS &&
		    number != DMABAY_REGISTER && number != DMABAY_RESERVE &&
		    number != DMABAY_CANCEL)
			continue;
		ASSERT_EQ(0, mprotect(page, PAGE, PROT_READ | PROT_WRITE));
		build(&commands[i], self, &argument);
		memcpy(page, &argument, commands[i].size);
		ASSERT_EQ(0, mprotect(page, PAGE, PROT_READ));
		EXPECT_EQ(-EFAULT, raw(self->fd, number, page))
			TH_LOG("%s", commands[i].name);
	}
}

TEST_F(uapi, unknown_command)
{
	const unsigned long numbers[] = {
		_IO(DMABAY_IOCTL_TYPE, DMABAY_CMD_EVENTFD + 1),
		_IO(DMABAY_IOCTL_TYPE, 255),
		_IO(DMABAY_IOCTL_TYPE + 1, DMABAY_CMD_INFO),
		_IOR(DMABAY_IOCTL_TYPE, DMABAY_CMD_INFO, struct dmabay_info),
		_IOW(DMABAY_IOCTL_TYPE, DMABAY_CMD_INFO, uint32_t),
	};
	union argument argument;

	for (size_t i = 0; i < ARRAY_SIZE(numbers); i++) {
		build(&commands[0], self, &argument);
		EXPECT_EQ(-ENOTTY, raw(self->fd, numbers[i], &argument))
			TH_LOG("0x%lx", numbers[i]);
	}
}

/* What DMABAY_INFO says is what the machine was started with. */
TEST_F(uapi, info)
{
	static const struct {
		const char *name;
		uint32_t iommu;
	} modes[] = {
		{ "none", DMABAY_INFO_IOMMU_NONE },
		{ "swiotlb", DMABAY_INFO_IOMMU_NONE },
		{ "pt", DMABAY_INFO_IOMMU_PASSTHROUGH },
		{ "strict", DMABAY_INFO_IOMMU_STRICT },
		{ "lazy", DMABAY_INFO_IOMMU_LAZY },
	};
	const char *mode = getenv("DMABAY_IOMMU");
	const struct dmabay_info *info = &self->info;

	EXPECT_EQ(sizeof(*info), info->size);
	EXPECT_EQ(PAGE, info->page_size);
	EXPECT_LT(0, info->alignment);
	EXPECT_LT(0, info->max_length);
	EXPECT_GE(info->max_length, info->fragment_length);
	EXPECT_LE(info->map_registers_free, info->map_registers);
	EXPECT_EQ('\0', info->driver[sizeof(info->driver) - 1]);
	EXPECT_EQ('\0', info->bus[sizeof(info->bus) - 1]);
	EXPECT_NE(info->provider == DMABAY_INFO_PROVIDER_DIRECT,
		  !!(info->flags & DMABAY_INFO_GUARANTEED));
	for (size_t i = 0; mode && i < ARRAY_SIZE(modes); i++) {
		if (!strcmp(mode, modes[i].name)) {
			EXPECT_EQ(modes[i].iommu, info->iommu);
			EXPECT_EQ(!modes[i].iommu, !info->group_devices);
		}
	}
}

/* ---- one field wrong ---- */

/* @value is put into the field of so many bytes at @offset. */
struct wrong {
	const char *name;
	unsigned long command;
	size_t offset;
	size_t width;
	uint64_t value;
	int error;
};

#define WRONG(command, type, field, value, error) \
	{ #command " " #field "=" #value, command, offsetof(struct type, field), \
	  sizeof(((struct type *)0)->field), value, error }

static const struct wrong wrong_fields[] = {
	WRONG(DMABAY_COUNTERS, dmabay_counters, flags, 1, EOPNOTSUPP),
	WRONG(DMABAY_REGISTER, dmabay_register, flags, 2, EOPNOTSUPP),
	WRONG(DMABAY_REGISTER, dmabay_register, flags, 0x80000000, EOPNOTSUPP),
	WRONG(DMABAY_REGISTER, dmabay_register, reserved, 1, EOPNOTSUPP),
	WRONG(DMABAY_REGISTER, dmabay_register, length, 0, EINVAL),
	WRONG(DMABAY_REGISTER, dmabay_register, address, TOP_PAGE, EOVERFLOW),
	WRONG(DMABAY_REGISTER, dmabay_register, address, UNMAPPED, EFAULT),
	WRONG(DMABAY_REGISTER, dmabay_register, address, 0, EFAULT),
	WRONG(DMABAY_UNREGISTER, dmabay_unregister, buffer, 0xFFFFFFFF, ENOENT),
	WRONG(DMABAY_UNREGISTER, dmabay_unregister, buffer, 0x7FFFFFFF, ENOENT),
	WRONG(DMABAY_RESERVE, dmabay_reserve, flags, 4, EOPNOTSUPP),
	WRONG(DMABAY_RESERVE, dmabay_reserve, flags, 0x80000000, EOPNOTSUPP),
	WRONG(DMABAY_RESERVE, dmabay_reserve, reserved, 1, EOPNOTSUPP),
	WRONG(DMABAY_RESERVE, dmabay_reserve, map_registers, 0, EINVAL),
	WRONG(DMABAY_RESERVE, dmabay_reserve, map_registers, 0xFFFFFFFF, ENOSPC),
	WRONG(DMABAY_RESERVE, dmabay_reserve, depth, 0, EINVAL),
	WRONG(DMABAY_RESERVE, dmabay_reserve, depth, 0xFFFFFFFF, E2BIG),
	WRONG(DMABAY_FREE, dmabay_free, reservation, 0xFFFFFFFF, ENOENT),
	WRONG(DMABAY_FREE, dmabay_free, reservation, 0x7FFFFFFF, ENOENT),
	WRONG(DMABAY_SUBMIT, dmabay_submit, flags, 1, EOPNOTSUPP),
	WRONG(DMABAY_SUBMIT, dmabay_submit, reserved, 1, EOPNOTSUPP),
	WRONG(DMABAY_SUBMIT, dmabay_submit, count, 0, EINVAL),
	WRONG(DMABAY_SUBMIT, dmabay_submit, count, 0xFFFFFFFF, E2BIG),
	WRONG(DMABAY_SUBMIT, dmabay_submit, transfers, 0, EFAULT),
	WRONG(DMABAY_SUBMIT, dmabay_submit, transfers, UNMAPPED, EFAULT),
	WRONG(DMABAY_SUBMIT, dmabay_submit, min_complete, 2, EINVAL),
	WRONG(DMABAY_SUBMIT, dmabay_submit, capacity, 0, EINVAL),
	WRONG(DMABAY_SUBMIT, dmabay_submit, capacity, 0xFFFFFFFF, E2BIG),
	WRONG(DMABAY_WAIT, dmabay_wait, flags, 1, EOPNOTSUPP),
	WRONG(DMABAY_WAIT, dmabay_wait, reserved, 1, EOPNOTSUPP),
	WRONG(DMABAY_WAIT, dmabay_wait, capacity, 0, EINVAL),
	WRONG(DMABAY_WAIT, dmabay_wait, capacity, 0xFFFFFFFF, E2BIG),
	WRONG(DMABAY_WAIT, dmabay_wait, min_complete, 2, EINVAL),
	WRONG(DMABAY_ONCE, dmabay_once, flags, 1, EOPNOTSUPP),
	WRONG(DMABAY_ONCE, dmabay_once, reserved, 1, EOPNOTSUPP),
	WRONG(DMABAY_ONCE, dmabay_once, length, 0, EINVAL),
	WRONG(DMABAY_ONCE, dmabay_once, direction, 2, EINVAL),
	WRONG(DMABAY_ONCE, dmabay_once, address, TOP_PAGE, EOVERFLOW),
	WRONG(DMABAY_ONCE, dmabay_once, address, UNMAPPED, EFAULT),
	WRONG(DMABAY_ONCE, dmabay_once, device_address, TOP_PAGE, EOVERFLOW),
	WRONG(DMABAY_ONCE, dmabay_once, device_address, TOP_PAGE / 2, ERANGE),
	WRONG(DMABAY_CANCEL, dmabay_cancel, flags, 4, EOPNOTSUPP),
	WRONG(DMABAY_CANCEL, dmabay_cancel, flags, 0x80000000, EOPNOTSUPP),
	WRONG(DMABAY_CANCEL, dmabay_cancel, reserved, 1, EOPNOTSUPP),
	WRONG(DMABAY_CANCEL, dmabay_cancel, flags, DMABAY_CANCEL_COOKIE, ENOENT),
	WRONG(DMABAY_CANCEL, dmabay_cancel, flags, DMABAY_CANCEL_RESERVATION, ENOENT),
	WRONG(DMABAY_CANCEL, dmabay_cancel, cookie, 1, EINVAL),
	WRONG(DMABAY_CANCEL, dmabay_cancel, reservation, 1, EINVAL),
	WRONG(DMABAY_EVENTFD, dmabay_eventfd, flags, 1, EOPNOTSUPP),
	WRONG(DMABAY_EVENTFD, dmabay_eventfd, reserved, 1, EOPNOTSUPP),
	WRONG(DMABAY_EVENTFD, dmabay_eventfd, eventfd, 0xFFFFFFFE, EINVAL),
	WRONG(DMABAY_EVENTFD, dmabay_eventfd, eventfd, 0x7FFFFFFF, EBADF),
};

static const struct wrong wrong_transfers[] = {
	WRONG(DMABAY_SUBMIT, dmabay_transfer, reservation, 0xFFFFFFFF, ENOENT),
	WRONG(DMABAY_SUBMIT, dmabay_transfer, reservation, 0x7FFFFFFF, ENOENT),
	WRONG(DMABAY_SUBMIT, dmabay_transfer, buffer, 0xFFFFFFFF, ENOENT),
	WRONG(DMABAY_SUBMIT, dmabay_transfer, buffer, 0x7FFFFFFF, ENOENT),
	WRONG(DMABAY_SUBMIT, dmabay_transfer, offset, TOP_PAGE, EOVERFLOW),
	WRONG(DMABAY_SUBMIT, dmabay_transfer, offset, 2 * PAGE, ERANGE),
	WRONG(DMABAY_SUBMIT, dmabay_transfer, offset, TOP_PAGE / 2, ERANGE),
	WRONG(DMABAY_SUBMIT, dmabay_transfer, length, 0, EINVAL),
	WRONG(DMABAY_SUBMIT, dmabay_transfer, length, 3 * PAGE, ERANGE),
	WRONG(DMABAY_SUBMIT, dmabay_transfer, device_address, TOP_PAGE, EOVERFLOW),
	WRONG(DMABAY_SUBMIT, dmabay_transfer, device_address, TOP_PAGE / 2, ERANGE),
	WRONG(DMABAY_SUBMIT, dmabay_transfer, direction, 2, EINVAL),
	WRONG(DMABAY_SUBMIT, dmabay_transfer, direction, 0xFFFFFFFF, EINVAL),
	WRONG(DMABAY_SUBMIT, dmabay_transfer, flags, 1, EOPNOTSUPP),
};

static void put(void *object, const struct wrong *wrong)
{
	memcpy((char *)object + wrong->offset, &wrong->value, wrong->width);
}

TEST_F(uapi, wrong_field)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrong_fields); i++) {
		const struct wrong *wrong = &wrong_fields[i];
		const struct command *command = command_of(wrong->command);
		union argument argument, sent;

		build(command, self, &argument);
		sent = argument;
		put(&sent, wrong);
		EXPECT_EQ(-wrong->error, raw(self->fd, command->number, &sent))
			TH_LOG("%s", wrong->name);
		command->undo(self, &argument);
	}
}

TEST_F(uapi, wrong_transfer)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrong_transfers); i++) {
		const struct wrong *wrong = &wrong_transfers[i];
		union argument argument;

		build(command_of(DMABAY_SUBMIT), self, &argument);
		put(&self->transfer, wrong);
		EXPECT_EQ(-wrong->error, raw(self->fd, DMABAY_SUBMIT, &argument))
			TH_LOG("%s", wrong->name);
	}
}

/* One byte too far, where the limit is only known from DMABAY_INFO. */
TEST_F(uapi, just_beyond_limits)
{
	const struct dmabay_info *info = &self->info;
	uint32_t number;

	EXPECT_EQ(-ENOSPC, dmabay_reserve(self->bay, info->map_registers + 1, 1, 0, &number));
	EXPECT_EQ(-E2BIG, dmabay_reserve(self->bay, 1, info->max_depth + 1, 0, &number));
	EXPECT_EQ(-E2BIG, dmabay_register(self->bay, self->memory,
					  info->max_register_length + 1, 0, &number));
	EXPECT_EQ(-E2BIG, dmabay_wait(self->bay, &self->completion, info->max_batch + 1, 0, 0));
	EXPECT_EQ(-E2BIG, dmabay_submit(self->bay, &self->transfer, info->max_batch + 1,
					NULL, 0, 0, 0, NULL));
	EXPECT_EQ(-ERANGE, transfer_wait(self->bay, self->reservation, self->buffer, 0, PAGE,
					 info->device_memory - PAGE + info->alignment,
					 DMABAY_TO_DEVICE));
	EXPECT_EQ(-ERANGE, transfer_wait(self->bay, self->reservation, self->buffer,
					 PAGE + info->alignment, PAGE, 0, DMABAY_TO_DEVICE));
	EXPECT_EQ(-ERANGE, dmabay_once(self->bay, self->memory, PAGE,
				       info->device_memory - PAGE + info->alignment,
				       DMABAY_TO_DEVICE));
}

/* And exactly at the limit it works. */
TEST_F(uapi, just_within_limits)
{
	const struct dmabay_info *info = &self->info;
	uint32_t number;

	EXPECT_EQ(0, transfer_wait(self->bay, self->reservation, self->buffer, PAGE, PAGE,
				   info->device_memory - PAGE, DMABAY_TO_DEVICE));
	ASSERT_EQ(0, dmabay_free(self->bay, self->reservation));
	EXPECT_EQ(0, dmabay_reserve(self->bay, info->map_registers, info->max_depth, 0, &number));
	EXPECT_EQ(0, dmabay_free(self->bay, number));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 2, 4, 0, &self->reservation));
}

TEST_F(uapi, unaligned)
{
	uint32_t alignment = self->info.alignment;

	if (alignment == 1)
		SKIP(return, "the device takes any alignment");
	EXPECT_EQ(-EINVAL, transfer_wait(self->bay, self->reservation, self->buffer,
					 alignment - 1, PAGE, 0, DMABAY_TO_DEVICE));
	EXPECT_EQ(-EINVAL, transfer_wait(self->bay, self->reservation, self->buffer, 0,
					 alignment - 1, 0, DMABAY_TO_DEVICE));
	EXPECT_EQ(-EINVAL, transfer_wait(self->bay, self->reservation, self->buffer, 0, PAGE,
					 alignment - 1, DMABAY_TO_DEVICE));
}

/* ---- batches ---- */

/* A batch stops at the first transfer that is refused; the rest tells why. */
TEST_F(uapi, batch_with_a_wrong_transfer)
{
	struct dmabay_completion completions[3];
	struct dmabay_transfer transfers[3];
	uint32_t completed;
	union argument argument;

	build(command_of(DMABAY_SUBMIT), self, &argument);
	for (int i = 0; i < 3; i++) {
		transfers[i] = self->transfer;
		transfers[i].cookie = 100 + (uint64_t)i;
	}
	transfers[1].direction = 2;
	EXPECT_EQ(1, dmabay_submit(self->bay, transfers, 3, completions, 3, 1,
				   dmabay_deadline(PATIENCE), &completed));
	EXPECT_EQ(1, completed);
	EXPECT_EQ(100, completions[0].cookie);
	EXPECT_EQ(-EINVAL, dmabay_submit(self->bay, transfers + 1, 2, completions, 3, 1,
					 dmabay_deadline(PATIENCE), &completed));
	EXPECT_EQ(-EAGAIN, dmabay_wait(self->bay, completions, 3, 0, 0));
}

/* A completion that could not be written is not lost. */
TEST_F(uapi, completions_not_mapped)
{
	struct dmabay_transfer transfer;
	union argument argument;

	build(command_of(DMABAY_SUBMIT), self, &argument);
	transfer = self->transfer;
	transfer.cookie = 42;
	ASSERT_EQ(1, dmabay_submit(self->bay, &transfer, 1, NULL, 0, 0, 0, NULL));
	EXPECT_EQ(-EFAULT, dmabay_wait(self->bay, NULL, 1, 1, dmabay_deadline(PATIENCE)));
	EXPECT_EQ(1, dmabay_wait(self->bay, &self->completion, 1, 1, dmabay_deadline(PATIENCE)));
	EXPECT_EQ(42, self->completion.cookie);
	EXPECT_EQ(0, self->completion.status);
}

/* ---- the file ---- */

TEST_F(uapi, opened_read_only)
{
	int fd = open(self->path, O_RDONLY | O_CLOEXEC);

	ASSERT_LE(0, fd);
	for (size_t i = 0; i < COMMANDS; i++) {
		union argument argument;

		build(&commands[i], self, &argument);
		EXPECT_EQ(commands[i].allowed_read_only ? 0 : -EBADF,
			  raw(fd, commands[i].number, &argument))
			TH_LOG("%s", commands[i].name);
		commands[i].undo(self, &argument);
	}
	close(fd);
}

TEST_HARNESS_MAIN
