/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Debug build: what CONFIG_DMABAY_DEBUG looks at beside, to catch a driver that breaks the
 * rules, and a core that does. Without it all of this is empty, and nothing is left of it
 * in the code.
 *
 * Every rule is a line of the list below: what Windows calls its break (a code of bug check
 * 0xE6 or 0x10D), and in words. Each is reported with a WARN once since boot, and counted
 * always (debug.c).
 *
 *	debug.c			rules, reports, stacks
 *	debug_object.c		objects: alive, or dead
 *	debug_ledger.c		what is linked in a window, page by page
 *	debug_poison.c		bounce pages: free ones, and what is around a buffer
 *	debug_grant.c		who holds map registers, and what he has mapped
 *	debug_context.c		where calls are made, and how callbacks return
 *
 * Their locks are innermost: nothing else is taken under them.
 */
#ifndef _DMABAY_DEBUG_H
#define _DMABAY_DEBUG_H

#include <linux/err.h>
#include <linux/kref.h>
#include <linux/slab.h>
#include <linux/types.h>

#define DMABAY_RULE_LIST(X)								\
	X(DMABAY_RULE_REGISTERS_MISSING, "0xE6/00", "a reservation does not suffice")	\
	X(DMABAY_RULE_BUFFER_TWICE, "0xE6/03", "a common buffer is freed twice")	\
	X(DMABAY_RULE_STILL_HELD, "0xE6/08-0A", "an adapter is put, map registers are out") \
	X(DMABAY_RULE_TWO_CHANNELS, "0xE6/0B", "who has the channel object asks for it")	\
	X(DMABAY_RULE_NOT_FLUSHED, "0xE6/0D", "memory is given back while it is mapped")	\
	X(DMABAY_RULE_PAGEABLE, "0xE6/0E", "memory is not pinned")			\
	X(DMABAY_RULE_PADDING, "0xE6/0F", "bytes around a buffer were written")		\
	X(DMABAY_RULE_FREE_REGISTER, "0xE6/0F", "a free map register was written")	\
	X(DMABAY_RULE_REFERENCES, "0xE6/11", "too many references")			\
	X(DMABAY_RULE_MAY_SLEEP, "0xE6/13", "a call that may sleep, where none may")	\
	X(DMABAY_RULE_DEAD_ADAPTER, "0xE6/18", "an adapter is used after it was put")	\
	X(DMABAY_RULE_NULL, "0xE6/19", "no object is given")				\
	X(DMABAY_RULE_MAPPED_TWICE, "0xE6/1D", "memory is mapped twice to be written")	\
	X(DMABAY_RULE_NOT_ALIGNED, "0xE6/1F", "memory is not cache aligned")		\
	X(DMABAY_RULE_DEAD_OBJECT, "0x10D/08", "an object is used after it was deleted")	\
	X(DMABAY_RULE_CALLBACK, "0x10D/0E", "a callback returns in another context")	\
	X(DMABAY_RULE_LINK_OUTSIDE, "ledger", "a link is not inside the window")	\
	X(DMABAY_RULE_LINK_OVER, "ledger", "a link over another one")			\
	X(DMABAY_RULE_LINK_RIGHTS, "ledger", "a link allows more than its memory does")	\
	X(DMABAY_RULE_LINK_MISSING, "ledger", "a page is used that is not linked")	\
	X(DMABAY_RULE_LINK_WRONG, "ledger", "a link leads to another page")		\
	X(DMABAY_RULE_UNLINK_PART, "ledger", "an unlink of a part, or of a hole")	\
	X(DMABAY_RULE_UNLINK_LEFT, "ledger", "a page is reached after its unlink")	\
	X(DMABAY_RULE_UNPIN_LINKED, "ledger", "memory is unpinned while it is linked")	\
	X(DMABAY_RULE_CLOSE_LINKED, "ledger", "a window is closed with links")

#define DMABAY_RULE_SYMBOL(symbol, code, words) symbol,

enum dmabay_rule {
	DMABAY_RULE_LIST(DMABAY_RULE_SYMBOL)
	DMABAY_RULES,
};

/* Objects that drivers have pointers to. */
enum dmabay_object_kind {
	DMABAY_OBJECT_ADAPTER = 1,
	DMABAY_OBJECT_ENABLER,
	DMABAY_OBJECT_TRANSACTION,
	DMABAY_OBJECT_COMMON_BUFFER,
	DMABAY_OBJECT_MEMORY,
	DMABAY_OBJECT_KINDS,
};

/* Part of each of them. */
struct dmabay_object {
#ifdef CONFIG_DMABAY_DEBUG
	u32 magic;
	/* where it was made, and where it died */
	u32 made;
	u32 died;
	/* of those that are dead, see debug_object.c */
	struct list_head node;
	void *start;
#endif
};

/* What a callback has to leave as it was. */
struct dmabay_context {
#ifdef CONFIG_DMABAY_DEBUG
	int preempt;
	int locks;
	int rcu;
	bool irqs_off;
#endif
};

struct dmabay_adapter;
struct dmabay_channel;
struct dmabay_memory;
struct dmabay_poison;
struct dmabay_window;
struct dentry;
struct device;

#ifdef CONFIG_DMABAY_DEBUG

/* debug.c */
typedef void (*dmabay_reporter_t)(enum dmabay_rule rule, const char *text);

void dmabay_debug_set_reporter(dmabay_reporter_t reporter);
void dmabay_debug_allow(enum dmabay_rule rule);
const char *dmabay_rule_code(enum dmabay_rule rule);
u32 dmabay_debug_stack(void);
__printf(3, 4) void dmabay_debug_report(enum dmabay_rule rule, u32 stack, const char *format, ...);
void dmabay_debug_init(struct dentry *directory);
void dmabay_debug_exit(void);

/* debug_object.c */
void dmabay_object_init(struct dmabay_object *object, enum dmabay_object_kind kind);
int dmabay_object_check(const struct dmabay_object *object, enum dmabay_object_kind kind,
			enum dmabay_rule rule);
bool dmabay_object_bury(struct dmabay_object *object, void *start);
void dmabay_objects_exit(void);
void dmabay_debug_references(const struct kref *kref);

#define dmabay_object_of(pointer) (IS_ERR_OR_NULL(pointer) ? NULL : &(pointer)->object)

/* debug_ledger.c */
int dmabay_watch_open(struct dmabay_window *window);
void dmabay_watch_close(struct dmabay_window *window);
void dmabay_watch_link(struct dmabay_window *window, const struct dmabay_memory *memory, u32 page,
		       u32 pages, unsigned long pfn, bool writable);
void dmabay_watch_use(struct dmabay_window *window, u32 page, u32 pages);
void dmabay_watch_unlink(struct dmabay_window *window, u32 page, u32 pages);
void dmabay_watch_unlinked(struct dmabay_window *window, u32 page, u32 pages);
void dmabay_watch_unpin(const struct dmabay_memory *memory);

/* debug_poison.c */
struct dmabay_poison *dmabay_poison_open(u32 most, u32 chunk_pages);
void dmabay_poison_add(struct dmabay_poison *poison, void *chunk);
void dmabay_poison_close(struct dmabay_poison *poison);
void dmabay_poison_exit(void);
void dmabay_poison_claim(struct dmabay_poison *poison, struct dmabay_channel *channel);
void dmabay_poison_yield(struct dmabay_poison *poison, struct dmabay_channel *channel);
void dmabay_poison_surround(struct dmabay_channel *channel, size_t length);
void dmabay_poison_compare(struct dmabay_channel *channel);
extern atomic_t dmabay_poison_hits;

/* debug_grant.c */
void dmabay_grants_init(void);
void dmabay_grant_add(struct dmabay_adapter *adapter, struct dmabay_channel *channel);
void dmabay_grant_remove(struct dmabay_channel *channel);
void dmabay_grant_map(struct dmabay_adapter *adapter, struct dmabay_channel *channel);
void dmabay_grant_unmap(struct dmabay_channel *channel);
void dmabay_grant_failed(struct dmabay_adapter *adapter, int error);
void dmabay_grants_left(struct dmabay_adapter *adapter);
void dmabay_grant_ask(struct dmabay_adapter *adapter, struct dmabay_channel *channel);
bool dmabay_grant_holds(const struct dmabay_memory *memory);
bool dmabay_grant_is_coherent(struct device *dev);
int dmabay_debug_pages(const struct dmabay_memory *memory);

/* debug_context.c */
bool dmabay_debug_may_not_sleep(const char *call);
void dmabay_context_save(struct dmabay_context *context);
void dmabay_context_compare(const struct dmabay_context *context, const char *kind,
			    const void *function);

#else

static inline void dmabay_debug_allow(enum dmabay_rule rule) { }
static inline void dmabay_debug_init(struct dentry *directory) { }
static inline void dmabay_debug_exit(void) { }
static inline void dmabay_object_init(struct dmabay_object *object,
				      enum dmabay_object_kind kind) { }
static inline int dmabay_object_check(const struct dmabay_object *object,
				      enum dmabay_object_kind kind, enum dmabay_rule rule)
{
	return 0;
}

static inline bool dmabay_object_bury(struct dmabay_object *object, void *start)
{
	return false;
}

static inline void dmabay_debug_references(const struct kref *kref) { }

#define dmabay_object_of(pointer) NULL

static inline int dmabay_watch_open(struct dmabay_window *window)
{
	return 0;
}

static inline void dmabay_watch_close(struct dmabay_window *window) { }
static inline void dmabay_watch_link(struct dmabay_window *window,
				     const struct dmabay_memory *memory, u32 page, u32 pages,
				     unsigned long pfn, bool writable) { }
static inline void dmabay_watch_use(struct dmabay_window *window, u32 page, u32 pages) { }
static inline void dmabay_watch_unlink(struct dmabay_window *window, u32 page, u32 pages) { }
static inline void dmabay_watch_unlinked(struct dmabay_window *window, u32 page, u32 pages) { }
static inline void dmabay_watch_unpin(const struct dmabay_memory *memory) { }

static inline struct dmabay_poison *dmabay_poison_open(u32 most, u32 chunk_pages)
{
	return NULL;
}

static inline void dmabay_poison_add(struct dmabay_poison *poison, void *chunk) { }
static inline void dmabay_poison_close(struct dmabay_poison *poison) { }
static inline void dmabay_poison_claim(struct dmabay_poison *poison,
				       struct dmabay_channel *channel) { }
static inline void dmabay_poison_yield(struct dmabay_poison *poison,
				       struct dmabay_channel *channel) { }
static inline void dmabay_poison_surround(struct dmabay_channel *channel, size_t length) { }
static inline void dmabay_poison_compare(struct dmabay_channel *channel) { }
static inline void dmabay_grant_add(struct dmabay_adapter *adapter,
				    struct dmabay_channel *channel) { }
static inline void dmabay_grant_remove(struct dmabay_channel *channel) { }
static inline void dmabay_grant_map(struct dmabay_adapter *adapter,
				    struct dmabay_channel *channel) { }
static inline void dmabay_grant_unmap(struct dmabay_channel *channel) { }
static inline void dmabay_grant_failed(struct dmabay_adapter *adapter, int error) { }
static inline void dmabay_grants_left(struct dmabay_adapter *adapter) { }
static inline void dmabay_grant_ask(struct dmabay_adapter *adapter,
				    struct dmabay_channel *channel) { }
static inline bool dmabay_grant_holds(const struct dmabay_memory *memory)
{
	return false;
}

static inline int dmabay_debug_pages(const struct dmabay_memory *memory)
{
	return 0;
}

static inline bool dmabay_debug_may_not_sleep(const char *call)
{
	return false;
}

static inline void dmabay_context_save(struct dmabay_context *context) { }
static inline void dmabay_context_compare(const struct dmabay_context *context, const char *kind,
					  const void *function) { }

#endif

/* Is there an object, and is it alive? 0, or -EINVAL, or -EBADFD. */
#define dmabay_check(pointer, kind, rule)						\
	dmabay_object_check(dmabay_object_of(pointer), DMABAY_OBJECT_##kind, rule)
#define dmabay_check_adapter(adapter)							\
	dmabay_check(adapter, ADAPTER, DMABAY_RULE_DEAD_ADAPTER)
#define dmabay_check_enabler(enabler)							\
	dmabay_check(enabler, ENABLER, DMABAY_RULE_DEAD_OBJECT)
#define dmabay_check_transaction(transaction)						\
	dmabay_check(transaction, TRANSACTION, DMABAY_RULE_DEAD_OBJECT)
#define dmabay_check_memory(memory)							\
	dmabay_check(memory, MEMORY, DMABAY_RULE_DEAD_OBJECT)

#endif /* _DMABAY_DEBUG_H */
