// SPDX-License-Identifier: GPL-2.0-only
/*
 * Watch: what is linked in a window, page by page, beside the ledger that decides (links.c).
 *
 * It is told of each link and unlink call as it is made, whatever it was made for: a single
 * transfer, a batch, or what a strip has left. So it sees what the ledger, or whoever does
 * without it, forgets; and it asks the IOMMU itself what the device reaches.
 *
 * For each page of the window there is an entry from the start, so nothing here allocates. A
 * window that would need too many is not watched.
 *
 * No lock: whoever links and unlinks owns the part of the window where he does. The list of
 * windows has one.
 */
#include <linux/export.h>
#include <linux/hash.h>
#include <linux/iommu.h>
#include <linux/mutex.h>

#include "window.h"

/* 4 GiB of device addresses, for which the entries take 32 MiB. */
#define WATCHED_PAGES_MOST	BIT(20)

struct dmabay_watched {
	/* only to be compared */
	const struct dmabay_memory *owner;
	unsigned long pfn;
	u32 stack;
	/* of the first page of a link call: how many it covers; of others 0 */
	u32 pages : 29;
	u32 writable : 1;
	u32 linked : 1;
};

/* How many links the memories have that share a hash: 0 says that one has none. */
#define OWNER_BITS	10

static atomic_t owners[1 << OWNER_BITS];
static DEFINE_MUTEX(windows_lock);
static LIST_HEAD(windows);

static atomic_t *owner_count(const struct dmabay_memory *memory)
{
	return &owners[hash_ptr(memory, OWNER_BITS)];
}

static void forget(struct dmabay_watched *watched)
{
	if (watched->pages)
		atomic_dec(owner_count(watched->owner));
	WRITE_ONCE(watched->owner, NULL);
	watched->linked = false;
	watched->pages = 0;
}

/**
 * dmabay_watch_open() - Watch a window
 * @window: the window, with its addresses and nothing linked
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int dmabay_watch_open(struct dmabay_window *window)
{
	if (window->pages > WATCHED_PAGES_MOST)
		return 0;
	window->watched = kvcalloc(window->pages, sizeof(*window->watched), GFP_KERNEL);
	if (!window->watched)
		return -ENOMEM;
	mutex_lock(&windows_lock);
	list_add(&window->watched_node, &windows);
	mutex_unlock(&windows_lock);
	return 0;
}
EXPORT_SYMBOL_GPL(dmabay_watch_open);

/**
 * dmabay_watch_close() - Undo dmabay_watch_open()
 * @window: the window, still with its addresses
 *
 * Context: may sleep.
 */
void dmabay_watch_close(struct dmabay_window *window)
{
	struct dmabay_watched *watched;
	u32 page, left = 0;

	if (!window->watched)
		return;
	mutex_lock(&windows_lock);
	list_del(&window->watched_node);
	mutex_unlock(&windows_lock);
	for (page = 0; page < window->pages; page++) {
		watched = &window->watched[page];
		if (watched->linked && !left++)
			dmabay_debug_report(DMABAY_RULE_CLOSE_LINKED, watched->stack,
					    "page %u of %u, frame %lx", page, window->pages,
					    watched->pfn);
		forget(watched);
	}
	kvfree(window->watched);
	window->watched = NULL;
}
EXPORT_SYMBOL_GPL(dmabay_watch_close);

/* Is this a range of the window at all? */
static bool is_inside(const struct dmabay_window *window, u32 page, u32 pages)
{
	if (pages && page < window->pages && pages <= window->pages - page)
		return true;
	dmabay_debug_report(DMABAY_RULE_LINK_OUTSIDE, 0, "%u pages at %u of %u", pages, page,
			    window->pages);
	return false;
}

static phys_addr_t reached(const struct dmabay_window *window, u32 page)
{
	return iommu_iova_to_phys(iommu_get_domain_for_dev(window->adapter->dev),
				  dmabay_window_address(window->adapter, page));
}

/**
 * dmabay_watch_link() - A link call was made
 * @window: the window
 * @memory: whose pages they are
 * @page: of the window, the first one
 * @pages: how many
 * @pfn: the first frame
 * @writable: the device may write there
 *
 * Context: any.
 */
void dmabay_watch_link(struct dmabay_window *window, const struct dmabay_memory *memory, u32 page,
		       u32 pages, unsigned long pfn, bool writable)
{
	u32 stack, i;

	if (!window->watched || !is_inside(window, page, pages))
		return;
	if (writable && memory->read_only)
		dmabay_debug_report(DMABAY_RULE_LINK_RIGHTS, 0, "%u pages at %u, frame %lx",
				    pages, page, pfn);
	stack = dmabay_debug_stack();
	atomic_inc(owner_count(memory));
	for (i = 0; i < pages; i++) {
		struct dmabay_watched *watched = &window->watched[page + i];

		if (watched->linked)
			dmabay_debug_report(DMABAY_RULE_LINK_OVER, watched->stack,
					    "page %u, frame %lx over %lx", page + i, pfn + i,
					    watched->pfn);
		forget(watched);
		*watched = (struct dmabay_watched) {
			.pfn = pfn + i,
			.stack = stack,
			.pages = i ? 0 : pages,
			.writable = writable,
			.linked = true,
		};
		WRITE_ONCE(watched->owner, memory);
	}
}
EXPORT_SYMBOL_GPL(dmabay_watch_link);

/**
 * dmabay_watch_use() - The device is about to be told of these pages
 * @window: the window
 * @page: of the window, the first one
 * @pages: how many
 *
 * Context: any.
 */
void dmabay_watch_use(struct dmabay_window *window, u32 page, u32 pages)
{
	u32 end = page + pages;

	if (!window->watched || !is_inside(window, page, pages))
		return;
	for (; page < end; page++) {
		const struct dmabay_watched *watched = &window->watched[page];
		phys_addr_t phys = reached(window, page);

		if (!watched->linked) {
			dmabay_debug_report(DMABAY_RULE_LINK_MISSING, 0, "page %u", page);
			return;
		}
		if (PHYS_PFN(phys) != watched->pfn) {
			dmabay_debug_report(DMABAY_RULE_LINK_WRONG, watched->stack,
					    "page %u, frame %lx, device at %pap", page,
					    watched->pfn, &phys);
			return;
		}
	}
}
EXPORT_SYMBOL_GPL(dmabay_watch_use);

/**
 * dmabay_watch_unlink() - An unlink call is about to be made
 * @window: the window
 * @page: of the window, the first one
 * @pages: how many
 *
 * Context: any.
 */
void dmabay_watch_unlink(struct dmabay_window *window, u32 page, u32 pages)
{
	u32 at = page, end = page + pages, i;
	u32 stack;

	if (!window->watched || !is_inside(window, page, pages))
		return;
	while (at < end && window->watched[at].pages)
		at += window->watched[at].pages;
	if (at != end) {
		stack = window->watched[min(at, end - 1)].stack;
		dmabay_debug_report(DMABAY_RULE_UNLINK_PART, stack,
				    "%u pages at %u: no link begins or ends at %u", pages, page,
				    min(at, end));
	}
	for (i = page; i < end; i++)
		forget(&window->watched[i]);
}
EXPORT_SYMBOL_GPL(dmabay_watch_unlink);

/**
 * dmabay_watch_unlinked() - An unlink call was made
 * @window: the window
 * @page: of the window, the first one
 * @pages: how many
 *
 * Context: any.
 */
void dmabay_watch_unlinked(struct dmabay_window *window, u32 page, u32 pages)
{
	phys_addr_t first, last;

	if (!window->watched)
		return;
	first = reached(window, page);
	last = reached(window, page + pages - 1);
	if (first || last)
		dmabay_debug_report(DMABAY_RULE_UNLINK_LEFT, 0,
				    "%u pages at %u: device at %pap, and at %pap", pages, page,
				    &first, &last);
}
EXPORT_SYMBOL_GPL(dmabay_watch_unlinked);

/* A page of this memory that is linked in the window, or NULL. */
static const struct dmabay_watched *find_owner(const struct dmabay_window *window,
					       const struct dmabay_memory *memory)
{
	u32 page;

	for (page = 0; page < window->pages; page++)
		if (READ_ONCE(window->watched[page].owner) == memory)
			return &window->watched[page];
	return NULL;
}

/**
 * dmabay_watch_unpin() - The pages of a memory are about to be given back
 * @memory: the memory, of which the caller still has a reference
 *
 * Context: may sleep.
 */
void dmabay_watch_unpin(const struct dmabay_memory *memory)
{
	const struct dmabay_watched *watched;
	struct dmabay_window *window;

	if (!atomic_read(owner_count(memory)))
		return;
	mutex_lock(&windows_lock);
	list_for_each_entry(window, &windows, watched_node) {
		watched = find_owner(window, memory);
		if (watched)
			dmabay_debug_report(DMABAY_RULE_UNPIN_LINKED, watched->stack,
					    "frame %lx", watched->pfn);
		cond_resched();
	}
	mutex_unlock(&windows_lock);
}
EXPORT_SYMBOL_GPL(dmabay_watch_unpin);
