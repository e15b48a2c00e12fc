// SPDX-License-Identifier: GPL-2.0-only
/*
 * The struct of a command: how long it is, what is in it that nobody knows, where it lies
 * in memory, and which of its bytes the kernel changes. Every command is tried.
 */
#include "uapi_commands.h"
#include "uapi_layout.h"

/* What a byte is before the kernel answers, and beside what it may touch. */
#define STALE		0xA5
#define BESIDE		0x5A

static int run(FIXTURE_DATA(uapi) *self, const struct command *command, void *argument)
{
	return raw(fd_of(self, command), command->number, argument);
}

static const uint32_t tails[] = { 1, TAIL };

TEST_F(uapi, right_arguments)
{
	for (const struct command *command = commands; command < commands + COMMANDS; command++) {
		union argument argument;

		build(command, self, &argument);
		EXPECT_EQ(0, run(self, command, &argument)) TH_LOG("%s", command->name);
		command->undo(self, &argument);
	}
}

/* ---- its length ---- */

TEST_F(uapi, short_struct)
{
	for (const struct command *command = commands; command < commands + COMMANDS; command++) {
		const uint32_t sizes[] = { 0, 1, 4, command->first - 1 };

		for (size_t j = 0; j < ARRAY_SIZE(sizes); j++) {
			union argument argument;

			build(command, self, &argument);
			argument.size = sizes[j];
			EXPECT_EQ(-EINVAL, run(self, command, &argument))
				TH_LOG("%s with size %u", command->name, sizes[j]);
			command->undo(self, &argument);
		}
	}
}

/* A program that knows no more than the first kernel did; what is beyond is not its. */
TEST_F(uapi, first_version)
{
	unsigned int grown = 0;

	for (const struct command *command = commands; command < commands + COMMANDS; command++) {
		uint32_t first = command->first, more = command->size - first;
		union argument argument;

		if (!more)
			continue;
		grown++;
		build(command, self, &argument);
		argument.size = first;
		fill(argument.bytes + first, more, BLANK, 0);
		EXPECT_EQ(0, run(self, command, &argument))
			TH_LOG("%s with size %u", command->name, first);
		EXPECT_PATTERN(argument.bytes + first, more, BLANK, 0);
		command->undo(self, &argument);
	}
	EXPECT_LT(0, grown);
}

TEST_F(uapi, long_struct_with_zero_tail)
{
	for (const struct command *command = commands; command < commands + COMMANDS; command++) {
		for (size_t j = 0; j < ARRAY_SIZE(tails); j++) {
			union argument argument;

			build(command, self, &argument);
			argument.size += tails[j];
			EXPECT_EQ(0, run(self, command, &argument))
				TH_LOG("%s and %u bytes", command->name, tails[j]);
			command->undo(self, &argument);
		}
	}
}

TEST_F(uapi, long_struct_with_dirty_tail)
{
	for (const struct command *command = commands; command < commands + COMMANDS; command++) {
		for (size_t j = 0; j < ARRAY_SIZE(tails); j++) {
			union argument argument;

			build(command, self, &argument);
			argument.size += tails[j];
			argument.bytes[argument.size - 1] = 1;
			EXPECT_EQ(-E2BIG, run(self, command, &argument))
				TH_LOG("%s and %u bytes", command->name, tails[j]);
			command->undo(self, &argument);
		}
	}
}

/* A page is the longest there is. */
TEST_F(uapi, struct_of_a_page)
{
	const uint32_t too_long[] = { PAGE + 1, 2 * PAGE, 0x80000000, 0xFFFFFFFF };
	union argument *argument = (void *)map_pages(2 * PAGE);

	ASSERT_NE(NULL, argument);
	for (const struct command *command = commands; command < commands + COMMANDS; command++) {
		memset(argument, 0, PAGE);
		build(command, self, argument);
		argument->size = PAGE;
		EXPECT_EQ(0, run(self, command, argument)) TH_LOG("%s", command->name);
		command->undo(self, argument);

		for (size_t j = 0; j < ARRAY_SIZE(too_long); j++) {
			build(command, self, argument);
			argument->size = too_long[j];
			EXPECT_EQ(-E2BIG, run(self, command, argument))
				TH_LOG("%s with size %u", command->name, too_long[j]);
			command->undo(self, argument);
		}
	}
	munmap(argument, 2 * PAGE);
}

/* ---- where it lies ---- */

/* At the very end of the mapped memory: not one byte more is read or written. */
TEST_F(uapi, struct_at_end_of_page)
{
	unsigned char *pages = map_pages(2 * PAGE);

	ASSERT_NE(NULL, pages);
	ASSERT_EQ(0, mprotect(pages + PAGE, PAGE, PROT_NONE));
	for (const struct command *command = commands; command < commands + COMMANDS; command++) {
		unsigned char *at = pages + PAGE - command->size;
		union argument argument;

		build(command, self, &argument);
		memcpy(at, &argument, command->size);
		EXPECT_EQ(0, run(self, command, at)) TH_LOG("%s", command->name);
		memcpy(&argument, at, command->size);
		command->undo(self, &argument);

		for (size_t j = 0; j < ARRAY_SIZE(tails); j++) {
			build(command, self, &argument);
			argument.size += tails[j];
			memcpy(at, &argument, command->size);
			EXPECT_EQ(-EFAULT, run(self, command, at))
				TH_LOG("%s and %u bytes beyond the page", command->name, tails[j]);
			command->undo(self, &argument);
		}
	}
	munmap(pages, 2 * PAGE);
}

/* Of its size alone the first byte is there. */
TEST_F(uapi, struct_across_end_of_page)
{
	unsigned char *pages = map_pages(2 * PAGE), *at;
	union argument argument;

	ASSERT_NE(NULL, pages);
	ASSERT_EQ(0, mprotect(pages + PAGE, PAGE, PROT_NONE));
	for (const struct command *command = commands; command < commands + COMMANDS; command++) {
		for (size_t there = 1; there < command->size; there += 3) {
			at = pages + PAGE - there;
			build(command, self, &argument);
			memcpy(at, &argument, there);
			EXPECT_EQ(-EFAULT, run(self, command, at))
				TH_LOG("%zu bytes of %s", there, command->name);
			command->undo(self, &argument);
		}
	}
	munmap(pages, 2 * PAGE);
}

TEST_F(uapi, struct_not_aligned)
{
	_Alignas(8) unsigned char memory[sizeof(union argument) + 8];

	for (const struct command *command = commands; command < commands + COMMANDS; command++) {
		for (size_t shift = 1; shift < 8; shift++) {
			union argument argument;

			build(command, self, &argument);
			memcpy(memory + shift, &argument, command->size);
			EXPECT_EQ(0, run(self, command, memory + shift))
				TH_LOG("%s at %zu", command->name, shift);
			memcpy(&argument, memory + shift, command->size);
			command->undo(self, &argument);
		}
	}
}

/* Nowhere, and where only the kernel may look. */
TEST_F(uapi, struct_not_mapped)
{
	const uintptr_t addresses[] = {
		0, UNMAPPED, (uintptr_t)TOP_PAGE, UINTPTR_MAX, UINTPTR_MAX - 3,
		(uintptr_t)0xFFFF888000000000, (uintptr_t)0xFFFFFFFF81000000,
		(uintptr_t)0x8000000000000000, (uintptr_t)0x0100000000000000,
	};

	for (const struct command *command = commands; command < commands + COMMANDS; command++) {
		for (size_t j = 0; j < ARRAY_SIZE(addresses); j++) {
			EXPECT_EQ(-EFAULT, raw(self->fd, command->number,
					       (void *)addresses[j]))
				TH_LOG("%s at %" PRIxPTR, command->name, addresses[j]);
		}
	}
}

/*
 * The kernel answers into the struct: nothing may be made and then lost. Where it has
 * nothing to say it does not write.
 */
TEST_F(uapi, struct_not_writable)
{
	unsigned char *page = map_pages(PAGE);

	ASSERT_NE(NULL, page);
	for (const struct command *command = commands; command < commands + COMMANDS; command++) {
		union argument argument;

		ASSERT_EQ(0, mprotect(page, PAGE, PROT_READ | PROT_WRITE));
		build(command, self, &argument);
		memcpy(page, &argument, command->size);
		ASSERT_EQ(0, mprotect(page, PAGE, PROT_READ));
		EXPECT_EQ(command->answered ? -EFAULT : 0, run(self, command, page))
			TH_LOG("%s", command->name);
		command->undo(self, &argument);
	}
	munmap(page, PAGE);
}

/* ---- what is answered ---- */

static bool is_answered(const struct command *command, size_t word)
{
	return word < command->size / 4 && command->answered >> word & 1;
}

/* With something stale wherever an answer belongs. */
static void build_stale(FIXTURE_DATA(uapi) *self, const struct command *command,
			union argument *argument)
{
	build(command, self, argument);
	for (size_t word = 0; word < command->size / 4; word++)
		if (is_answered(command, word))
			memset(&argument->words[word], STALE, 4);
	memset(argument->bytes + command->size, BESIDE, sizeof(*argument) - command->size);
}

/* All of its answer, and nothing but its answer. */
TEST_F(uapi, answers)
{
	for (const struct command *command = commands; command < commands + COMMANDS; command++) {
		union argument sent, got;

		build_stale(self, command, &sent);
		got = sent;
		ASSERT_EQ(0, run(self, command, &got)) TH_LOG("%s", command->name);
		for (size_t word = 0; word < ARRAY_SIZE(sent.words); word++) {
			EXPECT_EQ(is_answered(command, word), got.words[word] != sent.words[word])
				TH_LOG("%s, byte %zu: 0x%x", command->name, word * 4,
				       got.words[word]);
		}
		command->undo(self, &got);
	}
}

/* A name is followed by zeroes, not by what the kernel had there before. */
TEST_F(uapi, names_in_an_answer)
{
	struct dmabay_info info = { .size = sizeof(info) };

	memset(info.driver, STALE, sizeof(info.driver) + sizeof(info.bus));
	ASSERT_EQ(0, raw(self->fd, DMABAY_INFO, &info));
	for (size_t i = strlen((char *)info.driver); i < sizeof(info.driver); i++) {
		EXPECT_EQ(0, info.driver[i]);
	}
	for (size_t i = strlen((char *)info.bus); i < sizeof(info.bus); i++) {
		EXPECT_EQ(0, info.bus[i]);
	}
}

/* Who is refused is told nothing, in every byte. */
TEST_F(uapi, refused_without_an_answer)
{
	for (const struct command *command = commands; command < commands + COMMANDS; command++) {
		union argument sent, got;

		build_stale(self, command, &sent);
		sent.size += TAIL;
		got = sent;
		EXPECT_EQ(-E2BIG, run(self, command, &got)) TH_LOG("%s", command->name);
		EXPECT_EQ(0, memcmp(&sent, &got, sizeof(sent))) TH_LOG("%s", command->name);
		command->undo(self, &sent);
	}
}

TEST_HARNESS_MAIN
