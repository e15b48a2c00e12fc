// SPDX-License-Identifier: GPL-2.0-only
/*
 * Links: the ledger of what is linked in the slot of one channel.
 *
 * A link is so many pages of one memory, at so many pages from the start of the
 * slot. The ledger is what decides: nothing is linked where it has an entry,
 * nothing is unlinked but whole entries, and memory may be given back only when
 * it has none. It is also the link cache: an entry that is not busy stays until
 * its place is needed, and a transfer of the same pages finds it again.
 *
 * There may be thousands. Entries are found by their pages, or by their memory, in hash
 * tables, and they are a list, sorted by place. Places are taken as in a log that goes round
 * the slot: the next link goes where the last one ends, and what is in its way has to go,
 * which is what was linked longest ago. So what goes lies side by side, one unlink call takes
 * a lot of it, and nobody looks for the oldest. A hole that somebody leaves who unlinks is
 * used first.
 *
 * The room for entries is there when the channel gets its registers, so nothing here
 * allocates.
 *
 * Guarded by channel->lock, or by channel->relinking: whoever set the flag under
 * the lock owns the ledger without it until the flag is clear again. Mapping does
 * that, because it calls into the IOMMU; it is never concurrent with itself. Whoever maps
 * may look for what he knows that nobody unlinks with no lock at all: only he adds
 * entries, so one that was removed is still there, and points to the next one.
 */
#include <linux/hash.h>
#include <linux/log2.h>
#include <linux/rculist.h>
#include <linux/slab.h>

#include "dmabay_private.h"

/* One allocation for all that a ledger needs. */
struct dmabay_ledger_room {
	struct rcu_head rcu;
	struct dmabay_link links[];
};

static u32 link_end(const struct dmabay_link *link)
{
	return link->slot_page + link->pages;
}

static void ledger_use(struct dmabay_ledger *ledger, struct dmabay_link *links, u32 capacity,
		       struct hlist_head *tables, unsigned int bits)
{
	u32 i;

	ledger->tables = tables;
	ledger->bits = bits;
	INIT_LIST_HEAD(&ledger->free);
	for (i = 0; i < capacity; i++)
		list_add_tail(&links[i].node, &ledger->free);
}

/**
 * dmabay_ledger_prepare() - Make a ledger with room for one link
 * @ledger: the ledger, zeroed
 *
 * Context: any.
 */
void dmabay_ledger_prepare(struct dmabay_ledger *ledger)
{
	INIT_LIST_HEAD(&ledger->places);
	ledger->next = &ledger->places;
	ledger->hole = &ledger->places;
	ledger->capacity = 1;
	ledger_use(ledger, &ledger->own_link, 1, ledger->own_tables, 1);
}

/**
 * dmabay_ledger_make_room() - Make room for so many links
 * @ledger: the ledger, empty
 * @capacity: how many
 * @gfp: how to allocate
 *
 * Does nothing if there is room. It takes 72 bytes for each, and 16 to 32 for finding it.
 *
 * Context: as @gfp allows.
 * Return: 0 or -ENOMEM.
 */
int dmabay_ledger_make_room(struct dmabay_ledger *ledger, u32 capacity, gfp_t gfp)
{
	unsigned int bits = max(order_base_2(capacity), 1);
	struct dmabay_ledger_room *room;
	size_t size;

	if (ledger->capacity >= capacity)
		return 0;
	size = struct_size(room, links, capacity) + (sizeof(struct hlist_head) << (bits + 1));
	room = gfpflags_allow_blocking(gfp) ? kvzalloc(size, gfp) : kzalloc(size, gfp);
	if (!room)
		return -ENOMEM;
	dmabay_ledger_destroy(ledger);
	ledger->room = room;
	ledger->capacity = capacity;
	ledger_use(ledger, room->links, capacity, (void *)&room->links[capacity], bits);
	return 0;
}

/**
 * dmabay_ledger_destroy() - Undo dmabay_ledger_make_room()
 * @ledger: the ledger, empty
 *
 * Context: any.
 */
void dmabay_ledger_destroy(struct dmabay_ledger *ledger)
{
	if (ledger->room)
		kvfree_rcu(ledger->room, rcu);
	ledger->room = NULL;
}

/*
 * Links are looked for by class, the power of two that they are not longer than, and by
 * where in their memory they begin, in units of that.
 */
static struct hlist_head *pages_bucket(const struct dmabay_ledger *ledger,
				       const struct dmabay_memory *memory, unsigned int class,
				       u32 unit)
{
	u64 key = (u64)unit << 5 | class;

	return &ledger->tables[hash_64((unsigned long)memory + key * GOLDEN_RATIO_64,
				       ledger->bits)];
}

static struct hlist_head *memory_bucket(const struct dmabay_ledger *ledger,
					const struct dmabay_memory *memory)
{
	return &ledger->tables[(1UL << ledger->bits) + hash_ptr(memory, ledger->bits)];
}

static struct dmabay_link *bucket_find(struct hlist_head *bucket,
				       const struct dmabay_memory *memory, u32 page, u32 pages,
				       u8 rights)
{
	struct dmabay_link *link;

	/* No read-side section: see above who may look. */
	hlist_for_each_entry_rcu(link, bucket, same_pages, true)
		if (READ_ONCE(link->memory) == memory && (link->rights & rights) == rights &&
		    link->page <= page && page + pages <= link->page + link->pages)
			return link;
	return NULL;
}

/**
 * dmabay_links_find() - Look for pages that are linked already
 * @ledger: the ledger; owned, or it is the one who maps who asks, and for memory that
 *	nobody unlinks
 * @memory: the memory
 * @page: first page
 * @pages: how many; not 0
 * @rights: what the device must be allowed, a BIT() for each direction
 *
 * Return: the link that covers them all, or NULL.
 */
struct dmabay_link *dmabay_links_find(const struct dmabay_ledger *ledger,
				      const struct dmabay_memory *memory, u32 page, u32 pages,
				      u8 rights)
{
	unsigned int class = order_base_2(pages);
	u32 classes = READ_ONCE(ledger->classes) >> class;
	struct dmabay_link *link;

	for (; classes; classes >>= 1, class++) {
		u32 unit = page >> class;

		if (!(classes & 1))
			continue;
		link = bucket_find(pages_bucket(ledger, memory, class, unit), memory, page, pages,
				   rights);
		/* One that covers this page may also begin in the unit before. */
		if (!link && unit)
			link = bucket_find(pages_bucket(ledger, memory, class, unit - 1), memory,
					   page, pages, rights);
		if (link)
			return link;
	}
	return NULL;
}

/**
 * dmabay_links_of() - A link of a memory that may go
 * @ledger: the ledger
 * @memory: the memory
 * @busy: out: there is one that may not
 *
 * Return: a link that is not busy, or NULL.
 */
struct dmabay_link *dmabay_links_of(const struct dmabay_ledger *ledger,
				    const struct dmabay_memory *memory, bool *busy)
{
	struct dmabay_link *link;

	*busy = false;
	hlist_for_each_entry(link, memory_bucket(ledger, memory), same_memory) {
		if (link->memory != memory)
			continue;
		if (!link->busy)
			return link;
		*busy = true;
	}
	return NULL;
}

/* The first place from @from on that is @skew beyond a multiple of @step. */
static u32 place_next(u32 from, u32 step, u32 skew)
{
	return from + (step + skew - from % step) % step;
}

/* Is there room between this link, or the end of the slot, and the one before it? */
static bool gap_holds(const struct dmabay_ledger *ledger, struct list_head *node,
		      const struct dmabay_wish *wish, u32 *place)
{
	u32 start = 0, end = wish->slot_pages;

	if (node->prev != &ledger->places)
		start = link_end(list_entry(node->prev, struct dmabay_link, node));
	if (node != &ledger->places)
		end = min(end, list_entry(node, struct dmabay_link, node)->slot_page);
	*place = place_next(start, wish->step, wish->skew);
	return *place <= end && wish->pages <= end - *place;
}

/**
 * dmabay_links_fits() - Is there room where the log goes on?
 * @ledger: the ledger
 * @wish: what for
 * @place: out: where
 *
 * Return: whether there is.
 */
bool dmabay_links_fits(const struct dmabay_ledger *ledger, const struct dmabay_wish *wish,
		       struct dmabay_place *place)
{
	place->before = ledger->next;
	return gap_holds(ledger, place->before, wish, &place->slot_page);
}

/**
 * dmabay_links_place() - Look for room
 * @ledger: the ledger
 * @wish: what for
 * @place: out: where
 *
 * Return: whether there is; if not, something has to go.
 */
bool dmabay_links_place(struct dmabay_ledger *ledger, const struct dmabay_wish *wish,
			struct dmabay_place *place)
{
	if (list_empty(&ledger->free))
		return false;
	if (dmabay_links_fits(ledger, wish, place))
		return true;
	/* Elsewhere only where somebody has unlinked. */
	if (wish->pages > ledger->longest_hole)
		return false;
	place->before = ledger->hole;
	if (gap_holds(ledger, place->before, wish, &place->slot_page))
		return true;
	list_for_each(place->before, &ledger->places)
		if (gap_holds(ledger, place->before, wish, &place->slot_page))
			return true;
	if (gap_holds(ledger, place->before, wish, &place->slot_page))
		return true;
	ledger->longest_hole = wish->pages - 1;
	return false;
}

/**
 * dmabay_links_next() - What would have to go for the log to go on
 * @ledger: the ledger
 * @slot_pages: of the slot
 *
 * Return: the link, or NULL: the slot is at its end.
 */
struct dmabay_link *dmabay_links_next(const struct dmabay_ledger *ledger, u32 slot_pages)
{
	struct dmabay_link *link = list_entry(ledger->next, struct dmabay_link, node);

	if (ledger->next == &ledger->places || link->slot_page >= slot_pages)
		return NULL;
	return link;
}

/**
 * dmabay_links_skip() - Let the log go on behind a link, or from the start
 * @ledger: the ledger
 * @link: the link, or NULL
 */
void dmabay_links_skip(struct dmabay_ledger *ledger, struct dmabay_link *link)
{
	ledger->next = link ? link->node.next : ledger->places.next;
}

/**
 * dmabay_links_add() - Enter a link
 * @ledger: the ledger, with room for it
 * @memory: the memory; a reference is taken
 * @page: first page
 * @pages: how many
 * @place: its place; nothing overlaps it
 * @rights: what the device is allowed
 *
 * Return: the link.
 */
struct dmabay_link *dmabay_links_add(struct dmabay_ledger *ledger, struct dmabay_memory *memory,
				     u32 page, u32 pages, const struct dmabay_place *place,
				     u8 rights)
{
	struct dmabay_link *link = list_first_entry(&ledger->free, struct dmabay_link, node);
	unsigned int class = order_base_2(pages);

	list_move_tail(&link->node, place->before);
	link->page = page;
	link->pages = pages;
	link->slot_page = place->slot_page;
	link->rights = rights;
	link->busy = false;
	link->used = false;
	WRITE_ONCE(link->memory, dmabay_memory_get(memory));
	hlist_add_head_rcu(&link->same_pages,
			   pages_bucket(ledger, memory, class, page >> class));
	hlist_add_head(&link->same_memory, memory_bucket(ledger, memory));
	WRITE_ONCE(ledger->classes, ledger->classes | BIT(class));
	WRITE_ONCE(ledger->count, ledger->count + 1);
	return link;
}

/**
 * dmabay_links_remove() - Strike out a link
 * @ledger: the ledger
 * @link: the link; not busy
 *
 * When its pages are unlinked, dmabay_links_gone() says so.
 */
void dmabay_links_remove(struct dmabay_ledger *ledger, struct dmabay_link *link)
{
	struct dmabay_memory *memory = link->memory;

	if (READ_ONCE(ledger->last.memory) == memory)
		WRITE_ONCE(ledger->last.memory, NULL);
	if (ledger->next == &link->node)
		ledger->next = link->node.next;
	if (ledger->hole == &link->node)
		ledger->hole = link->node.next;
	/* Who looks for another one may be here, and goes on with what is next. */
	hlist_del_rcu(&link->same_pages);
	hlist_del(&link->same_memory);
	list_move(&link->node, &ledger->free);
	WRITE_ONCE(link->memory, NULL);
	dmabay_memory_put(memory);
}

/**
 * dmabay_links_vacate() - Strike out a link, and use its place before others
 * @ledger: the ledger
 * @link: the link; not busy
 *
 * As dmabay_links_remove().
 */
void dmabay_links_vacate(struct dmabay_ledger *ledger, struct dmabay_link *link)
{
	ledger->hole = link->node.next;
	ledger->longest_hole = U32_MAX;
	dmabay_links_remove(ledger, link);
}

/**
 * dmabay_links_gone() - What was struck out is out of the device's reach
 * @ledger: the ledger
 * @count: how many links
 */
void dmabay_links_gone(struct dmabay_ledger *ledger, u32 count)
{
	count = ledger->count - count;
	if (!count)
		WRITE_ONCE(ledger->classes, 0);
	/* Pairs with dmabay_links_none(). */
	smp_store_release(&ledger->count, count);
}

/**
 * dmabay_links_remember() - This link was used last
 * @ledger: the ledger; it is the one who maps who says so
 * @link: the link; it stays
 * @origin: the device address of the first byte of its memory, if all were linked
 * @hits: what dmabay_adapter_linked() counts
 *
 * For dmabay_adapter_linked(), which wants bytes and no pages.
 */
void dmabay_links_remember(struct dmabay_ledger *ledger, const struct dmabay_link *link,
			   dma_addr_t origin, u64 __percpu *hits)
{
	const struct dmabay_memory *memory = link->memory;
	struct dmabay_last_link *last = &ledger->last;
	size_t from = (size_t)link->page << PAGE_SHIFT, to;

	if (memory->group_count > 1)
		return;
	to = min(from + ((size_t)link->pages << PAGE_SHIFT) - memory->groups->in_page,
		 memory->length);
	from = link->page ? from - memory->groups->in_page : 0;
	/* Links that meet in the memory, and in the window, are one to who looks for bytes. */
	if (READ_ONCE(last->memory) == memory && last->origin == origin &&
	    last->rights == link->rights && from <= last->to && last->from <= to) {
		from = min(from, last->from);
		to = max(to, last->to);
	}
	last->from = from;
	last->to = to;
	last->origin = origin;
	last->hits = hits;
	last->rights = link->rights;
	last->number++;
	WRITE_ONCE(last->memory, memory);
}
