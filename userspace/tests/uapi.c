// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel interface: every rule of <linux/dmabay.h> broken once, on purpose
 * and alone. The errno is exact, nothing is lost, and the device works on.
 */
#include <sys/resource.h>
#include <sys/time.h>

#include "common.h"

#define TAIL		8u	/* bytes of a struct of the future */
#define UNMAPPED	UINT64_C(0x1000)
#define TOP_PAGE	UINT64_C(0xFFFFFFFFFFFFF000)
#define NOBODY		65534

FIXTURE(uapi)
{
	char path[64];
	struct dmabay *bay;
	int fd;
	struct dmabay_info info;
	unsigned char *memory;		/* two pages, registered */
	uint32_t buffer;
	uint32_t reservation;
	struct dmabay_transfer transfer;
	struct dmabay_completion completion;
	struct state before;
};

FIXTURE_SETUP(uapi)
{
	if (!find_node("soft", self->path, sizeof(self->path)))
		SKIP(return, "there is no software device");
	ASSERT_EQ(0, dmabay_open(&self->bay, self->path, O_RDWR));
	self->fd = dmabay_fd(self->bay);
	ASSERT_EQ(0, dmabay_info(self->bay, &self->info));
	self->memory = map_pages(2 * PAGE);
	ASSERT_NE(NULL, self->memory);
	fill(self->memory, 2 * PAGE, SENT, 1);
	ASSERT_EQ(0, dmabay_register(self->bay, self->memory, 2 * PAGE, 0, &self->buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 2, 4, 0, &self->reservation));
	ASSERT_EQ(0, state_read(self->bay, &self->before));
}

/* Whatever was broken: the device works, and nothing was lost or left. */
FIXTURE_TEARDOWN(uapi)
{
	struct state after;

	EXPECT_EQ(0, good_transfer(self->bay));
	EXPECT_EQ(0, transfer_wait(self->bay, self->reservation, self->buffer, 0, PAGE, 0,
				   DMABAY_TO_DEVICE));
	EXPECT_EQ(0, state_read(self->bay, &after));
	EXPECT_STATE(&self->before, &after);
	EXPECT_EQ(0, dmabay_free(self->bay, self->reservation));
	EXPECT_EQ(0, dmabay_unregister(self->bay, self->buffer));
	dmabay_close(self->bay);
	EXPECT_NOTHING_LEFT(self->path);
}

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
	unsigned char bytes[256];
};

struct command {
	const char *name;
	unsigned long number;
	uint32_t size;
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

#define COMMAND(name, type, right, read_only, build, undo) \
	{ #name, name, sizeof(struct type), right, read_only, build, undo }

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
	COMMAND(DMABAY_ONCE, dmabay_once, 0, false, build_once, undo_nothing),
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
		const uint32_t sizes[] = { 0, 1, 4, commands[i].size - 1 };

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
		    number != DMABAY_REGISTER && number != DMABAY_RESERVE)
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
		_IO(DMABAY_IOCTL_TYPE, DMABAY_CMD_ONCE + 1),
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
	WRONG(DMABAY_SUBMIT, dmabay_transfer, reserved, 1, EOPNOTSUPP),
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

/* ---- memory ---- */

TEST_F(uapi, memory_half_mapped)
{
	unsigned char *pages = map_pages(2 * PAGE);
	uint32_t buffer;

	ASSERT_NE(NULL, pages);
	ASSERT_EQ(0, munmap(pages + PAGE, PAGE));
	EXPECT_EQ(-EFAULT, dmabay_register(self->bay, pages, 2 * PAGE, 0, &buffer));
	EXPECT_EQ(-EFAULT, dmabay_once(self->bay, pages, 2 * PAGE, 0, DMABAY_TO_DEVICE));
	munmap(pages, PAGE);
}

TEST_F(uapi, memory_read_only)
{
	unsigned char *page = map_pages(PAGE);
	uint32_t buffer;

	ASSERT_NE(NULL, page);
	fill(page, PAGE, SENT, 3);
	ASSERT_EQ(0, mprotect(page, PAGE, PROT_READ));
	EXPECT_EQ(-EFAULT, dmabay_register(self->bay, page, PAGE, 0, &buffer));
	EXPECT_EQ(-EFAULT, dmabay_once(self->bay, page, PAGE, 0, DMABAY_FROM_DEVICE));
	EXPECT_EQ(PAGE, dmabay_once(self->bay, page, PAGE, 0, DMABAY_TO_DEVICE));

	ASSERT_EQ(0, dmabay_register(self->bay, page, PAGE, DMABAY_REGISTER_READ_ONLY, &buffer));
	EXPECT_EQ(0, transfer_wait(self->bay, self->reservation, buffer, 0, PAGE, 0,
				   DMABAY_TO_DEVICE));
	EXPECT_EQ(-EACCES, transfer_wait(self->bay, self->reservation, buffer, 0, PAGE, 0,
					 DMABAY_FROM_DEVICE));
	EXPECT_PATTERN(page, PAGE, SENT, 3);
	EXPECT_EQ(0, dmabay_unregister(self->bay, buffer));
	munmap(page, PAGE);
}

/* The pages are the buffer's own: unmapping them changes nothing. */
TEST_F(uapi, memory_unmapped_after_register)
{
	unsigned char *page = map_pages(PAGE), *back = map_pages(PAGE);
	uint32_t buffer, back_buffer;

	fill(page, PAGE, SENT, 4);
	fill(back, PAGE, BLANK, 4);
	ASSERT_EQ(0, dmabay_register(self->bay, page, PAGE, 0, &buffer));
	ASSERT_EQ(0, dmabay_register(self->bay, back, PAGE, 0, &back_buffer));
	ASSERT_EQ(0, munmap(page, PAGE));
	EXPECT_EQ(0, transfer_wait(self->bay, self->reservation, buffer, 0, PAGE, 0,
				   DMABAY_TO_DEVICE));
	EXPECT_EQ(0, transfer_wait(self->bay, self->reservation, back_buffer, 0, PAGE, 0,
				   DMABAY_FROM_DEVICE));
	EXPECT_PATTERN(back, PAGE, SENT, 4);
	EXPECT_EQ(0, dmabay_unregister(self->bay, buffer));
	EXPECT_EQ(0, dmabay_unregister(self->bay, back_buffer));
	munmap(back, PAGE);
}

/* What the child of memlock_limit does; returns the number of the step that failed. */
static int at_memlock_limit(struct dmabay *bay)
{
	const struct rlimit limit = { 16 * PAGE, 16 * PAGE };
	unsigned char *pages = map_pages(17 * PAGE);
	uint32_t buffer, more;

	if (!pages || setrlimit(RLIMIT_MEMLOCK, &limit) || setgid(NOBODY) || setuid(NOBODY))
		return 1;
	if (dmabay_register(bay, pages, 17 * PAGE, 0, &buffer) != -ENOMEM)
		return 2;
	if (dmabay_register(bay, pages, 16 * PAGE, 0, &buffer))
		return 3;
	if (dmabay_register(bay, pages, 1, 0, &more) != -ENOMEM)
		return 4;
	if (dmabay_once(bay, pages, PAGE, 0, DMABAY_TO_DEVICE) != -ENOMEM)
		return 5;
	if (dmabay_unregister(bay, buffer))
		return 6;
	if (dmabay_register(bay, pages, 16 * PAGE, 0, &buffer))
		return 7;
	return dmabay_unregister(bay, buffer) ? 8 : 0;
}

TEST_F(uapi, memlock_limit)
{
	int status = 0;
	pid_t child = fork();

	ASSERT_LE(0, child);
	if (!child)
		_exit(at_memlock_limit(self->bay));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	ASSERT_TRUE(WIFEXITED(status));
	EXPECT_EQ(0, WEXITSTATUS(status)) TH_LOG("step %d failed", WEXITSTATUS(status));
}

/* ---- numbers ---- */

TEST_F(uapi, numbers_of_another_file)
{
	unsigned char *page = map_pages(PAGE);
	struct dmabay *other;
	uint32_t number;

	ASSERT_EQ(0, dmabay_open(&other, self->path, O_RDWR));
	EXPECT_EQ(-ENOENT, dmabay_unregister(other, self->buffer));
	EXPECT_EQ(-ENOENT, dmabay_free(other, self->reservation));
	EXPECT_EQ(-ENOENT, transfer_wait(other, self->reservation, self->buffer, 0, PAGE, 0,
					 DMABAY_TO_DEVICE));
	/* A buffer alone is not enough. */
	ASSERT_EQ(0, dmabay_register(other, page, PAGE, 0, &number));
	EXPECT_EQ(-ENOENT, transfer_wait(other, self->reservation, number, 0, PAGE, 0,
					 DMABAY_TO_DEVICE));
	dmabay_close(other);
	munmap(page, PAGE);
}

TEST_F(uapi, numbers_given_back)
{
	uint32_t number;

	ASSERT_EQ(0, dmabay_reserve(self->bay, 1, 1, 0, &number));
	EXPECT_EQ(0, dmabay_free(self->bay, number));
	EXPECT_EQ(-ENOENT, dmabay_free(self->bay, number));
	EXPECT_EQ(-ENOENT, transfer_wait(self->bay, number, self->buffer, 0, PAGE, 0,
					 DMABAY_TO_DEVICE));
	ASSERT_EQ(0, dmabay_register(self->bay, self->memory, PAGE, 0, &number));
	EXPECT_EQ(0, dmabay_unregister(self->bay, number));
	EXPECT_EQ(-ENOENT, dmabay_unregister(self->bay, number));
}

TEST_F_TIMEOUT(uapi, numbers_run_out, LONG_TEST)
{
	struct dmabay *other;
	uint32_t number, count = 0;
	int result;

	if (self->info.max_buffers > 1u << 16)
		SKIP(return, "%u buffers are too many to try", self->info.max_buffers);
	ASSERT_EQ(0, dmabay_open(&other, self->path, O_RDWR));
	while (!(result = dmabay_register(other, self->memory, 1, 0, &number)))
		count++;
	EXPECT_EQ(-ENOSPC, result);
	EXPECT_EQ(self->info.max_buffers, count);
	EXPECT_EQ(0, dmabay_unregister(other, number));
	EXPECT_EQ(0, dmabay_register(other, self->memory, 1, 0, &number));

	count = 0;
	while (!(result = dmabay_reserve(other, 1, 1, DMABAY_RESERVE_IMMEDIATE, &number)))
		count++;
	EXPECT_EQ(count == self->info.max_reservations ? -ENOSPC : -EAGAIN, result)
		TH_LOG("after %u reservations", count);
	dmabay_close(other);
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

TEST_F(uapi, no_map_registers_now)
{
	struct dmabay *other, *impatient;
	struct dmabay_info info;
	uint32_t all, number;

	ASSERT_EQ(0, dmabay_open(&other, self->path, O_RDWR));
	ASSERT_EQ(0, dmabay_open(&impatient, self->path, O_RDWR | O_NONBLOCK));
	ASSERT_EQ(0, dmabay_free(self->bay, self->reservation));
	ASSERT_EQ(0, dmabay_reserve(other, self->info.map_registers, 1, 0, &all));
	EXPECT_EQ(-EAGAIN, dmabay_reserve(self->bay, 1, 1, DMABAY_RESERVE_IMMEDIATE, &number));
	EXPECT_EQ(-EAGAIN, dmabay_reserve(impatient, 1, 1, 0, &number));
	EXPECT_EQ(0, dmabay_info(self->bay, &info));
	EXPECT_EQ(0, info.map_registers_free);
	EXPECT_EQ(0, info.waiters);
	EXPECT_EQ(0, dmabay_free(other, all));
	EXPECT_EQ(0, dmabay_reserve(impatient, 1, 1, 0, &number));
	dmabay_close(impatient);
	dmabay_close(other);
	ASSERT_EQ(0, dmabay_reserve(self->bay, 2, 4, 0, &self->reservation));
}

static void on_alarm(int signal_number)
{
	(void)signal_number;
}

/* Rings again and again: the first may come before the wait has begun. */
static void ring(bool on)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval timer = { { 0, on ? 50000 : 0 }, { 0, on ? 50000 : 0 } };

	if (on)
		sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &timer, NULL);
}

TEST_F(uapi, signal_ends_a_wait)
{
	struct dmabay *other;
	struct dmabay_info info;
	uint32_t all, number;
	int result;

	ASSERT_EQ(0, dmabay_open(&other, self->path, O_RDWR));
	ASSERT_EQ(0, dmabay_free(self->bay, self->reservation));
	ASSERT_EQ(0, dmabay_reserve(other, self->info.map_registers, 1, 0, &all));
	ring(true);
	EXPECT_EQ(-EINTR, dmabay_reserve(self->bay, 1, 1, 0, &number));
	EXPECT_EQ(-EINTR, dmabay_wait(self->bay, &self->completion, 1, 1, 0));
	ring(false);
	EXPECT_EQ(0, dmabay_info(self->bay, &info));
	EXPECT_EQ(0, info.waiters);
	EXPECT_EQ(0, dmabay_free(other, all));
	result = dmabay_info(self->bay, &info);
	EXPECT_EQ(0, result);
	EXPECT_EQ(info.map_registers, info.map_registers_free);
	dmabay_close(other);
	ASSERT_EQ(0, dmabay_reserve(self->bay, 2, 4, 0, &self->reservation));
}

/* ---- while a transfer runs: edu takes 100 ms for one ---- */

FIXTURE(slow)
{
	char path[64];
	struct dmabay *bay;
	unsigned char *memory;
	uint64_t length;
	uint32_t buffer;
	uint32_t reservation;
};

FIXTURE_SETUP(slow)
{
	struct dmabay_info info;

	if (!find_node("edu", self->path, sizeof(self->path)))
		SKIP(return, "there is no edu device");
	ASSERT_EQ(0, dmabay_open(&self->bay, self->path, O_RDWR | O_NONBLOCK));
	ASSERT_EQ(0, dmabay_info(self->bay, &info));
	self->length = about_a_page(&info);
	self->memory = map_pages(PAGE);
	ASSERT_NE(NULL, self->memory);
	fill(self->memory, PAGE, SENT, 1);
	ASSERT_EQ(0, dmabay_register(self->bay, self->memory, PAGE, 0, &self->buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 1, 1, 0, &self->reservation));
}

FIXTURE_TEARDOWN(slow)
{
	dmabay_close(self->bay);
	EXPECT_NOTHING_LEFT(self->path);
}

static int wait_patiently(struct dmabay *bay, struct dmabay_completion *completion)
{
	struct pollfd poll_fd = { .fd = dmabay_fd(bay), .events = POLLIN };

	if (poll(&poll_fd, 1, (int)(PATIENCE / MILLISECOND)) != 1)
		return -ETIMEDOUT;
	return dmabay_wait(bay, completion, 1, 0, 0);
}

TEST_F(slow, busy)
{
	struct dmabay_transfer transfer = {
		.reservation = self->reservation,
		.buffer = self->buffer,
		.length = self->length,
		.direction = DMABAY_TO_DEVICE,
	};
	struct dmabay_completion completion;

	ASSERT_EQ(1, dmabay_submit(self->bay, &transfer, 1, NULL, 0, 0, 0, NULL));
	EXPECT_EQ(-EBUSY, dmabay_unregister(self->bay, self->buffer));
	EXPECT_EQ(-EBUSY, dmabay_free(self->bay, self->reservation));
	EXPECT_EQ(-EAGAIN, dmabay_wait(self->bay, &completion, 1, 0, 0));
	EXPECT_EQ(-EAGAIN, dmabay_wait(self->bay, &completion, 1, 1, 0)) TH_LOG("O_NONBLOCK");
	EXPECT_EQ(-EAGAIN, dmabay_submit(self->bay, &transfer, 1, NULL, 0, 0, 0, NULL));
	EXPECT_EQ(1, wait_patiently(self->bay, &completion));
	EXPECT_EQ(0, completion.status);
	EXPECT_EQ(0, dmabay_unregister(self->bay, self->buffer));
	EXPECT_EQ(0, dmabay_free(self->bay, self->reservation));
}

/* A slot is taken until its completion is read, not only until it has ended. */
TEST_F(slow, no_free_slot)
{
	struct dmabay_transfer transfer = {
		.reservation = self->reservation,
		.buffer = self->buffer,
		.length = self->length,
		.direction = DMABAY_TO_DEVICE,
	};
	struct pollfd poll_fd = { .fd = dmabay_fd(self->bay), .events = POLLIN };
	struct dmabay_completion completion;

	ASSERT_EQ(1, dmabay_submit(self->bay, &transfer, 1, NULL, 0, 0, 0, NULL));
	ASSERT_EQ(1, poll(&poll_fd, 1, (int)(PATIENCE / MILLISECOND)));
	EXPECT_EQ(-EAGAIN, dmabay_submit(self->bay, &transfer, 1, NULL, 0, 0, 0, NULL));
	EXPECT_EQ(1, dmabay_wait(self->bay, &completion, 1, 0, 0));
	EXPECT_EQ(1, dmabay_submit(self->bay, &transfer, 1, NULL, 0, 0, 0, NULL));
	EXPECT_EQ(1, wait_patiently(self->bay, &completion));
}

TEST_F(slow, unmapped_under_way)
{
	struct dmabay_transfer transfer = {
		.reservation = self->reservation,
		.buffer = self->buffer,
		.length = self->length,
		.direction = DMABAY_TO_DEVICE,
	};
	struct dmabay_completion completion;
	unsigned char *back = map_pages(PAGE);

	fill(back, PAGE, BLANK, 1);
	ASSERT_EQ(1, dmabay_submit(self->bay, &transfer, 1, NULL, 0, 0, 0, NULL));
	ASSERT_EQ(0, munmap(self->memory, PAGE));
	EXPECT_EQ(1, wait_patiently(self->bay, &completion));
	EXPECT_EQ(0, completion.status);
	EXPECT_EQ(0, read_back(self->bay, back, self->length));
	EXPECT_PATTERN(back, self->length, SENT, 1);
	munmap(back, PAGE);
}

TEST_HARNESS_MAIN
