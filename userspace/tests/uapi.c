// SPDX-License-Identifier: GPL-2.0-only
/*
 * The kernel interface: every rule of <linux/dmabay.h> about the numbers in a command
 * broken once, on purpose and alone. The errno is exact, nothing is lost, and the
 * device works on.
 */
#include "uapi_commands.h"

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
	WRONG(DMABAY_RINGS, dmabay_rings, flags, 1, EOPNOTSUPP),
	WRONG(DMABAY_RINGS, dmabay_rings, submission_entries, 0, EINVAL),
	WRONG(DMABAY_RINGS, dmabay_rings, submission_entries, 3, EINVAL),
	WRONG(DMABAY_RINGS, dmabay_rings, submission_entries, 0xFFFFFFFF, EINVAL),
	WRONG(DMABAY_RINGS, dmabay_rings, submission_entries, 0x80000000, E2BIG),
	WRONG(DMABAY_RINGS, dmabay_rings, completion_entries, 0, EINVAL),
	WRONG(DMABAY_RINGS, dmabay_rings, completion_entries, 6, EINVAL),
	WRONG(DMABAY_RINGS, dmabay_rings, completion_entries, 0x80000000, E2BIG),
	WRONG(DMABAY_ENTER, dmabay_enter, flags, 4, EOPNOTSUPP),
	WRONG(DMABAY_ENTER, dmabay_enter, flags, 0x80000000, EOPNOTSUPP),
	WRONG(DMABAY_ENTER, dmabay_enter, flags, DMABAY_ENTER_POLL, EINVAL),
	WRONG(DMABAY_ENTER, dmabay_enter, idle, 1, EINVAL),
	WRONG(DMABAY_ENTER, dmabay_enter, min_complete, 5, EINVAL),
	WRONG(DMABAY_ENTER, dmabay_enter, min_complete, 0xFFFFFFFF, EINVAL),
	WRONG(DMABAY_IMPORT, dmabay_import, flags, 2, EOPNOTSUPP),
	WRONG(DMABAY_IMPORT, dmabay_import, fd, 0x7FFFFFFF, EBADF),
};

TEST_F(uapi, wrong_field)
{
	for (size_t i = 0; i < ARRAY_SIZE(wrong_fields); i++) {
		const struct wrong *wrong = &wrong_fields[i];
		const struct command *command = command_of(wrong->command);
		union argument argument, sent;

		build(command, self, &argument);
		sent = argument;
		put(&sent, wrong);
		EXPECT_EQ(-wrong->error, raw(fd_of(self, command), command->number, &sent))
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

/* Nor is one of which the user could not be told that it was written. */
TEST_F(uapi, completions_not_counted)
{
	struct dmabay_wait *wait = (void *)map_pages(PAGE);
	struct dmabay_transfer transfer;
	union argument argument;

	ASSERT_NE(NULL, wait);
	build(command_of(DMABAY_WAIT), self, &argument);
	ASSERT_EQ(1, dmabay_wait(self->bay, &self->completion, 1, 1, dmabay_deadline(PATIENCE)));
	transfer = self->transfer;
	transfer.cookie = 43;
	ASSERT_EQ(1, dmabay_submit(self->bay, &transfer, 1, NULL, 0, 0, 0, NULL));
	*wait = argument.wait;
	ASSERT_EQ(0, mprotect(wait, PAGE, PROT_READ));
	EXPECT_EQ(-EFAULT, raw(self->fd, DMABAY_WAIT, wait));
	EXPECT_EQ(1, dmabay_wait(self->bay, &self->completion, 1, 1, dmabay_deadline(PATIENCE)));
	EXPECT_EQ(43, self->completion.cookie);
	munmap(wait, PAGE);
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
