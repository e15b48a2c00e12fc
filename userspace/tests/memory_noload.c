// SPDX-License-Identifier: GPL-2.0-only
/*
 * A mapping that goes away while the device writes into its memory: the pages are the
 * buffer's until the transfer has ended, and what comes to the address is not touched.
 *
 * Loads and unloads the modules itself.
 */
#include "worker.h"

static unsigned char *map_at(unsigned char *memory)
{
	void *mapped = mmap(memory, LENGTH, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);

	return mapped == MAP_FAILED ? NULL : mapped;
}

/* Each says where the pages are now, or NULL for nowhere, and leaves other memory there. */
static unsigned char *unmap(unsigned char *memory)
{
	munmap(memory, LENGTH);
	map_at(memory);
	return NULL;
}

static unsigned char *map_over(unsigned char *memory)
{
	map_at(memory);
	return NULL;
}

static unsigned char *forget(unsigned char *memory)
{
	madvise(memory, LENGTH, MADV_DONTNEED);
	return NULL;
}

static unsigned char *move_away(unsigned char *memory)
{
	unsigned char *place = map_pages(LENGTH);

	mremap(memory, LENGTH, LENGTH, MREMAP_MAYMOVE | MREMAP_FIXED, place);
	map_at(memory);
	return place;
}

/* A child's first write takes the page of the mapping, if it is not pinned. */
static unsigned char *fork_and_write(unsigned char *memory)
{
	pid_t child = fork();

	if (!child) {
		memset(memory, 0, LENGTH);
		_exit(0);
	}
	waitpid(child, NULL, 0);
	return memory;
}

static const struct change {
	const char *name;
	unsigned char *(*change)(unsigned char *memory);
} changes[] = {
	{ "munmap", unmap },
	{ "mmap over it", map_over },
	{ "MADV_DONTNEED", forget },
	{ "mremap", move_away },
	{ "fork", fork_and_write },
};

/* The first piece is there, and the others are yet to come. */
static void start_and_look(struct __test_metadata *_metadata, fixture *self)
{
	uint64_t end = dmabay_deadline(PATIENCE);

	set_delay(_metadata, 100);
	start_slots(_metadata, self, 1);
	while (first_wrong(self->memory, PAGE, SENT, 0) != -1 && dmabay_deadline(0) < end)
		pause_for(MILLISECOND);
	EXPECT_PATTERN(self->memory, PAGE, SENT, 0);
}

/* Memory for the next one, and for the end of the test. */
static void renew(struct __test_metadata *_metadata, fixture *self)
{
	ASSERT_EQ(0, dmabay_unregister(self->bay, self->buffer));
	munmap(self->memory, SLOTS * LENGTH);
	self->memory = map_pages(SLOTS * LENGTH);
	ASSERT_NE(NULL, self->memory);
	ASSERT_EQ(0, dmabay_register(self->bay, self->memory, SLOTS * LENGTH, 0, &self->buffer));
	blank_slots(self);
}

static void change_under_way(struct __test_metadata *_metadata, fixture *self,
			     const struct change *change)
{
	struct dmabay_completion completion;
	unsigned char *pages;

	start_and_look(_metadata, self);
	pages = change->change(self->memory);
	if (pages != self->memory)
		fill(self->memory, LENGTH, BLANK, 77);
	set_delay(_metadata, 0);
	ASSERT_EQ(1, dmabay_wait(self->bay, &completion, 1, 1, dmabay_deadline(PATIENCE)));
	EXPECT_EQ(0, completion.status) TH_LOG("%s", change->name);
	EXPECT_EQ(LENGTH, completion.length);
	if (pages != self->memory) {
		EXPECT_EQ(-1, first_wrong(self->memory, LENGTH, BLANK, 77))
			TH_LOG("%s", change->name);
	}
	for (unsigned int page = 0; page < PIECES && pages; page++) {
		EXPECT_EQ(-1, first_wrong(pages + page * PAGE, PAGE, SENT, page))
			TH_LOG("%s, page %u", change->name, page);
	}
}

TEST_F_TIMEOUT(worker, mapping_changes_under_way, LONG_TEST)
{
	for (size_t i = 0; i < ARRAY_SIZE(changes); i++) {
		change_under_way(_metadata, self, &changes[i]);
		renew(_metadata, self);
	}
}

TEST_HARNESS_MAIN
