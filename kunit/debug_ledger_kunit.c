// SPDX-License-Identifier: GPL-2.0-only
/*
 * The second ledger: each of its rules broken on purpose, in a window behind an IOMMU, page
 * tables and all. What is right meanwhile is seen by every other suite.
 */
#include <linux/mm.h>

#include "debug.h"
#include "../module/window.h"

#define PAGES	3

struct ledger {
	struct rig *rig;
	struct dmabay_window *window;
	struct rig_buffer *buffer;
	/* of the window: nobody else links there */
	u32 page;
};

static struct ledger ledger_start(struct kunit *test)
{
	struct rig *rig = rig_start(test, 65536, 17);
	struct ledger ledger = { .rig = rig };

	if (rig->param->provider != DMABAY_PROVIDER_IOVA)
		kunit_skip(test, "this provider has no window");
	ledger.window = rig->adapter->provider_data;
	ledger.buffer = rig_contiguous(rig, 0, PAGES * PAGE_SIZE);
	ledger.page = ledger.window->pages - 8;
	debug_begin();
	return ledger;
}

static unsigned long ledger_pfn(const struct ledger *ledger)
{
	return page_to_pfn(ledger->buffer->pages[0]);
}

/* Link, in the page tables, so many pages from the buffer's page @first on. */
static void ledger_tables_link(struct ledger *ledger, u32 first, u32 pages)
{
	KUNIT_ASSERT_EQ(ledger->rig->test, 0,
			dmabay_iova_link(ledger->rig->dev, &ledger->window->iova,
					 PFN_PHYS(ledger_pfn(ledger) + first),
					 (size_t)ledger->page << PAGE_SHIFT,
					 (size_t)pages << PAGE_SHIFT, DMA_TO_DEVICE));
	KUNIT_ASSERT_EQ(ledger->rig->test, 0,
			dmabay_iova_sync(ledger->rig->dev, &ledger->window->iova,
					 (size_t)ledger->page << PAGE_SHIFT,
					 (size_t)pages << PAGE_SHIFT));
}

static void ledger_tables_unlink(struct ledger *ledger, u32 pages)
{
	dmabay_iova_unlink(ledger->rig->dev, &ledger->window->iova,
			   (size_t)ledger->page << PAGE_SHIFT, (size_t)pages << PAGE_SHIFT,
			   DMA_TO_DEVICE);
}

static void ledger_link(struct ledger *ledger, u32 page, u32 pages)
{
	dmabay_watch_link(ledger->window, ledger->buffer->memory, page, pages,
			  ledger_pfn(ledger), false);
}

static void ledger_end(struct ledger *ledger)
{
	debug_end(ledger->rig->test);
}

static void ledger_outside(struct kunit *test)
{
	struct ledger ledger = ledger_start(test);

	ledger_link(&ledger, ledger.window->pages - 1, 2);
	debug_caught(test, DMABAY_RULE_LINK_OUTSIDE, NULL);
	ledger_link(&ledger, U32_MAX, 2);
	debug_caught(test, DMABAY_RULE_LINK_OUTSIDE, NULL);
	dmabay_watch_unlink(ledger.window, ledger.window->pages, 1);
	debug_caught(test, DMABAY_RULE_LINK_OUTSIDE, NULL);
	ledger_end(&ledger);
}

static void ledger_over(struct kunit *test)
{
	struct ledger ledger = ledger_start(test);

	ledger_link(&ledger, ledger.page, 2);
	ledger_link(&ledger, ledger.page + 2, 1);
	KUNIT_EXPECT_EQ(test, debug_reports(), 0);
	ledger_link(&ledger, ledger.page + 1, 1);
	debug_caught(test, DMABAY_RULE_LINK_OVER, NULL);
	dmabay_watch_unlink(ledger.window, ledger.page, 3);
	debug_reports();
	ledger_end(&ledger);
}

static void ledger_rights(struct kunit *test)
{
	struct ledger ledger = ledger_start(test);

	dmabay_memory_set_read_only(ledger.buffer->memory);
	ledger_link(&ledger, ledger.page, 1);
	KUNIT_EXPECT_EQ(test, debug_reports(), 0);
	dmabay_watch_link(ledger.window, ledger.buffer->memory, ledger.page + 1, 1,
			  ledger_pfn(&ledger), true);
	debug_caught(test, DMABAY_RULE_LINK_RIGHTS, NULL);
	dmabay_watch_unlink(ledger.window, ledger.page, 2);
	ledger_end(&ledger);
}

static void ledger_use(struct kunit *test)
{
	struct ledger ledger = ledger_start(test);

	dmabay_watch_use(ledger.window, ledger.page, 1);
	debug_caught(test, DMABAY_RULE_LINK_MISSING, NULL);
	/* Entered, but not there. */
	ledger_link(&ledger, ledger.page, 2);
	dmabay_watch_use(ledger.window, ledger.page, 2);
	debug_caught(test, DMABAY_RULE_LINK_WRONG, NULL);
	/* The wrong page is there. */
	ledger_tables_link(&ledger, 1, 2);
	dmabay_watch_use(ledger.window, ledger.page, 2);
	debug_caught(test, DMABAY_RULE_LINK_WRONG, NULL);
	ledger_tables_unlink(&ledger, 2);
	/* The right one. */
	ledger_tables_link(&ledger, 0, 2);
	dmabay_watch_use(ledger.window, ledger.page, 2);
	dmabay_watch_use(ledger.window, ledger.page + 1, 1);
	KUNIT_EXPECT_EQ(test, debug_reports(), 0);

	dmabay_watch_unlink(ledger.window, ledger.page, 2);
	KUNIT_EXPECT_EQ(test, debug_reports(), 0);
	dmabay_watch_unlinked(ledger.window, ledger.page, 2);
	debug_caught(test, DMABAY_RULE_UNLINK_LEFT, NULL);
	ledger_tables_unlink(&ledger, 2);
	dmabay_watch_unlinked(ledger.window, ledger.page, 2);
	ledger_end(&ledger);
}

static void ledger_part(struct kunit *test)
{
	static const struct {
		u32 first;
		u32 pages;
	} parts[] = { { 0, 1 }, { 1, 1 }, { 1, 2 }, { 0, 4 }, { 4, 1 } };
	struct ledger ledger = ledger_start(test);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(parts); i++) {
		ledger_link(&ledger, ledger.page, 3);
		dmabay_watch_unlink(ledger.window, ledger.page + parts[i].first, parts[i].pages);
		debug_caught(test, DMABAY_RULE_UNLINK_PART, NULL);
		dmabay_watch_unlink(ledger.window, ledger.page, 3);
		debug_reports();
	}
	/* Several links that meet may go with one call. */
	ledger_link(&ledger, ledger.page, 2);
	ledger_link(&ledger, ledger.page + 2, 1);
	dmabay_watch_unlink(ledger.window, ledger.page, 3);
	ledger_end(&ledger);
}

static void ledger_unpin(struct kunit *test)
{
	struct ledger ledger = ledger_start(test);

	dmabay_watch_unpin(ledger.buffer->memory);
	KUNIT_EXPECT_EQ(test, debug_reports(), 0);
	ledger_link(&ledger, ledger.page, 3);
	dmabay_watch_unpin(ledger.buffer->memory);
	debug_caught(test, DMABAY_RULE_UNPIN_LINKED, NULL);
	dmabay_watch_unlink(ledger.window, ledger.page, 3);
	dmabay_watch_unpin(ledger.buffer->memory);
	ledger_end(&ledger);
}

static void ledger_close(struct kunit *test)
{
	struct ledger ledger = ledger_start(test);

	ledger_link(&ledger, ledger.page, 3);
	rig_exit(test);
	debug_caught(test, DMABAY_RULE_CLOSE_LINKED, NULL);
	debug_end(test);
}

static void debug_exit(struct kunit *test)
{
	rig_end(test);
	dmabay_debug_set_reporter(NULL);
}

static struct kunit_case debug_ledger_cases[] = {
	RIG_CASE(ledger_outside),
	RIG_CASE(ledger_over),
	RIG_CASE(ledger_rights),
	RIG_CASE(ledger_use),
	RIG_CASE(ledger_part),
	RIG_CASE(ledger_unpin),
	RIG_CASE(ledger_close),
	{}
};

static struct kunit_suite dmabay_debug_ledger_suite = {
	.name = "dmabay_debug_ledger",
	.exit = debug_exit,
	.test_cases = debug_ledger_cases,
};
kunit_test_suite(dmabay_debug_ledger_suite);
