// SPDX-License-Identifier: GPL-2.0-only
/*
 * Neighbours: what is in the pages of registered memory and is not registered. An engine that
 * takes whole pages, or goes on behind the end, reaches them where the pages themselves are
 * linked, and never the next page; where transfers are copied it reaches none.
 *
 * Loads and unloads the modules itself.
 */
#include "lies.h"

/* What is registered begins so far within the first page, and ends so far within the last. */
#define BEFORE		1000u
#define AFTER		1000u
#define LENGTH		(MOST - BEFORE - AFTER)

/* Of the user, and not for the device. */
#define SECRET		0xeeu

/* In the device: zeros, until somebody has written there. */
#define EMPTY_PLACE	(3 * PLACE)

struct neighbours {
	unsigned char *memory;	/* and the page behind those that are registered in part */
	uint32_t buffer;
};

static bool is_registered(unsigned int at)
{
	return at >= BEFORE && at - BEFORE < LENGTH;
}

static int register_between(const fixture *self, struct neighbours *neighbours)
{
	neighbours->memory = map_pages(MOST + PAGE);
	if (!neighbours->memory)
		return -ENOMEM;
	memset(neighbours->memory, SECRET, MOST + PAGE);
	fill(neighbours->memory + BEFORE, LENGTH, BLANK, 5);
	return dmabay_register(self->bay, neighbours->memory + BEFORE, LENGTH, 0,
			       &neighbours->buffer);
}

/* One transfer between all of it and @place, the engine doing as it was told. */
static int transfer_as(const fixture *self, const struct neighbours *neighbours, const char *kind,
		       uint64_t place, uint32_t direction)
{
	int result = plan(kind);

	return result ? result : transfer_wait(self->bay, self->reservation, neighbours->buffer, 0,
					       LENGTH, place, direction);
}

/* Bytes beside those that are registered which are not the user's own any more. */
static unsigned int overwritten(const struct neighbours *neighbours, unsigned int from,
				unsigned int to)
{
	unsigned int count = 0;

	for (unsigned int at = from; at < to; at++)
		count += !is_registered(at) && neighbours->memory[at] != SECRET;
	return count;
}

/* Bytes of the user's that the device has and was never sent; -1: it cannot be read. */
static int secrets_at(const fixture *self, uint64_t place)
{
	unsigned char *seen = map_pages(MOST + PAGE);
	int count = 0;

	if (dmabay_once(self->bay, seen, MOST + PAGE, place, DMABAY_FROM_DEVICE) != MOST + PAGE)
		count = -1;
	for (unsigned int at = 0; at < MOST + PAGE && count >= 0; at++)
		count += seen[at] == SECRET;
	munmap(seen, MOST + PAGE);
	return count;
}

/* Are the pages themselves linked? Else they are copied. */
static bool is_linked(const fixture *self)
{
	return self->info.provider == DMABAY_INFO_PROVIDER_IOVA;
}

#define TRANSLATED_OR_SKIP(self) do { \
	if (!(self)->translated) \
		SKIP(return, "nothing keeps such an engine from any memory"); \
	if (!is_linked(self) && !access("/sys/kernel/debug/dmabay/rules", F_OK)) \
		SKIP(return, "a debug build warns of what is written beside copied bytes"); \
} while (0)

TEST_F_TIMEOUT(lies, whole_pages, LONG_TEST)
{
	const int reached = is_linked(self) ? BEFORE + AFTER : 0;
	struct neighbours neighbours;
	int read, written;

	TRANSLATED_OR_SKIP(self);
	ASSERT_EQ(0, register_between(self, &neighbours));
	EXPECT_EQ(0, transfer_as(self, &neighbours, "around", EMPTY_PLACE, DMABAY_TO_DEVICE));
	read = secrets_at(self, EMPTY_PLACE);
	EXPECT_EQ(reached, read);
	EXPECT_EQ(0, overwritten(&neighbours, 0, MOST + PAGE));

	EXPECT_EQ(0, transfer_as(self, &neighbours, "around", PLACE, DMABAY_FROM_DEVICE));
	written = (int)overwritten(&neighbours, 0, MOST);
	EXPECT_EQ(reached, written);
	EXPECT_EQ(0, overwritten(&neighbours, MOST, MOST + PAGE));
	FIGURE("R48", "%s: of %u bytes beside registered ones, in their pages, the device read %d "
	       "and wrote %d", is_linked(self) ? "linked" : "copied", BEFORE + AFTER, read, written);
	EXPECT_EQ(0, dmabay_unregister(self->bay, neighbours.buffer));
	munmap(neighbours.memory, MOST + PAGE);
}

TEST_F_TIMEOUT(lies, over_the_edge, LONG_TEST)
{
	struct neighbours neighbours;
	uint64_t before = faults(self);
	int read;

	TRANSLATED_OR_SKIP(self);
	ASSERT_EQ(0, register_between(self, &neighbours));
	/* Behind the pages that are copied by come others, which nobody has. */
	EXPECT_EQ(is_linked(self) ? -EIO : -EPROTO,
		  transfer_as(self, &neighbours, "beyond", EMPTY_PLACE, DMABAY_TO_DEVICE));
	read = secrets_at(self, EMPTY_PLACE);
	EXPECT_EQ(is_linked(self) ? (int)AFTER : 0, read);
	EXPECT_EQ(is_linked(self) ? -EIO : -EPROTO,
		  transfer_as(self, &neighbours, "beyond", PLACE, DMABAY_FROM_DEVICE));
	EXPECT_EQ(0, overwritten(&neighbours, MOST, MOST + PAGE));
	EXPECT_EQ(is_linked(self) ? 2 : 0, faults(self) - before);
	FIGURE("R48", "%s: behind the last page the device read %d bytes and wrote %u, %" PRIu64
	       " faults", is_linked(self) ? "linked" : "copied",
	       read < (int)AFTER ? read : read - (int)AFTER,
	       overwritten(&neighbours, MOST, MOST + PAGE), faults(self) - before);
	EXPECT_EQ(0, dmabay_unregister(self->bay, neighbours.buffer));
	munmap(neighbours.memory, MOST + PAGE);
	dump_forget_all(&self->dump);
}

TEST_HARNESS_MAIN
