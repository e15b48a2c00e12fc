// SPDX-License-Identifier: GPL-2.0-only
/*
 * Objects: a word in each that tells whether it is alive.
 *
 * Memory of an object that died is not free at once: the last ones of each kind are kept, so
 * that a call with a stale pointer finds the word and is refused, and does not find what
 * else has got the memory.
 *
 * Guarded by a lock of its own.
 */
#include <linux/export.h>

#include "dmabay_private.h"

#define MAGIC_ALIVE	0xDB0B1E00
#define MAGIC_DEAD	0xDB0DEAD0

/* So many of a kind are kept, unless there is little else to be had. */
#define DEAD_MOST	32
#define DEAD_PAGES_MOST	16

/* More than all links of all reservations that there are registers for. */
#define REFERENCES_MOST	BIT(24)

static DEFINE_SPINLOCK(dead_lock);
static struct list_head dead[DMABAY_OBJECT_KINDS];
static unsigned int dead_count[DMABAY_OBJECT_KINDS];

static const char *const kind_names[DMABAY_OBJECT_KINDS] = {
	[DMABAY_OBJECT_ADAPTER] = "adapter",
	[DMABAY_OBJECT_ENABLER] = "enabler",
	[DMABAY_OBJECT_TRANSACTION] = "transaction",
	[DMABAY_OBJECT_COMMON_BUFFER] = "common buffer",
	[DMABAY_OBJECT_MEMORY] = "memory",
};

/**
 * dmabay_object_init() - It is alive
 * @object: part of the object
 * @kind: what it is
 *
 * Context: any.
 */
void dmabay_object_init(struct dmabay_object *object, enum dmabay_object_kind kind)
{
	object->magic = MAGIC_ALIVE + kind;
	object->made = dmabay_debug_stack();
}

/**
 * dmabay_object_check() - Is it there, and alive?
 * @object: part of the object, or NULL
 * @kind: what it should be
 * @rule: what is broken if it is dead
 *
 * Context: any.
 * Return: 0, or what the call is refused with: -EINVAL, -EBADFD.
 */
int dmabay_object_check(const struct dmabay_object *object, enum dmabay_object_kind kind,
			enum dmabay_rule rule)
{
	if (!object) {
		dmabay_debug_report(DMABAY_RULE_NULL, 0, "%s", kind_names[kind]);
		return -EINVAL;
	}
	if (READ_ONCE(object->magic) == MAGIC_ALIVE + kind)
		return 0;
	if (object->magic == MAGIC_DEAD + kind)
		dmabay_debug_report(rule, object->died, "%s %p", kind_names[kind], object);
	else
		dmabay_debug_report(rule, 0, "%p is no %s", object, kind_names[kind]);
	return -EBADFD;
}

static void object_free(enum dmabay_object_kind kind, void *start)
{
	struct dmabay_memory *memory = start;

	if (kind == DMABAY_OBJECT_MEMORY)
		kvfree_rcu(memory, rcu);
	else
		kfree(start);
}

/* The oldest one, if there are more than so many. */
static void object_free_oldest(enum dmabay_object_kind kind, unsigned int most)
{
	struct dmabay_object *object = NULL;
	unsigned long flags;

	spin_lock_irqsave(&dead_lock, flags);
	if (dead_count[kind] > most) {
		object = list_first_entry(&dead[kind], struct dmabay_object, node);
		list_del(&object->node);
		dead_count[kind]--;
	}
	spin_unlock_irqrestore(&dead_lock, flags);
	if (object)
		object_free(kind, object->start);
}

/**
 * dmabay_object_bury() - It is dead
 * @object: part of the object
 * @start: of its memory
 *
 * Context: any.
 * Return: true: its memory is freed later; false: the caller frees it.
 */
bool dmabay_object_bury(struct dmabay_object *object, void *start)
{
	enum dmabay_object_kind kind = object->magic - MAGIC_ALIVE;
	unsigned long flags;

	if (WARN_ON_ONCE(kind <= 0 || kind >= DMABAY_OBJECT_KINDS))
		return false;
	object->died = dmabay_debug_stack();
	object->start = start;
	WRITE_ONCE(object->magic, MAGIC_DEAD + kind);
	/* A long list of pages is not worth keeping. */
	if (kind == DMABAY_OBJECT_MEMORY &&
	    container_of(object, struct dmabay_memory, object)->piece_count > DEAD_PAGES_MOST)
		return false;

	spin_lock_irqsave(&dead_lock, flags);
	if (!dead[kind].next)
		INIT_LIST_HEAD(&dead[kind]);
	list_add_tail(&object->node, &dead[kind]);
	dead_count[kind]++;
	spin_unlock_irqrestore(&dead_lock, flags);
	object_free_oldest(kind, DEAD_MOST);
	return true;
}

/**
 * dmabay_objects_exit() - Free what was kept
 */
void dmabay_objects_exit(void)
{
	enum dmabay_object_kind kind;

	for (kind = 0; kind < DMABAY_OBJECT_KINDS; kind++)
		while (dead_count[kind])
			object_free_oldest(kind, 0);
}

/**
 * dmabay_debug_references() - Has somebody lost count?
 * @kref: of an object
 *
 * Context: any.
 */
void dmabay_debug_references(const struct kref *kref)
{
	unsigned int references = kref_read(kref);

	if (references > REFERENCES_MOST)
		dmabay_debug_report(DMABAY_RULE_REFERENCES, 0, "%u", references);
}
