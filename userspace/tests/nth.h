/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The nth failure: of everything that a system call asks the kernel for (memory, and copies
 * from and to the user) one thing is refused: the first, then the second, and so on, until
 * the call comes to its end without having met a refusal.
 *
 * The kernel counts for one task, /proc/thread-self/fail-nth, so nothing but the call that is
 * between nth_arm() and nth_disarm() is refused anything. Which kind it was is told by how
 * often each kind may still fail, which is counted down. Copies that the module makes itself
 * (module/words.h) are none of the kernel's, and fail as module/fault.c makes them.
 */
#ifndef DMABAY_TESTS_NTH_H
#define DMABAY_TESTS_NTH_H

#include "common.h"

enum nth_kind { NTH_SLAB, NTH_PAGES, NTH_COPY, NTH_OWN_COPY, NTH_KINDS };

/* More than any call asks for. */
#define NTH_MOST	100000u

struct nth {
	int fd;
	int64_t left[NTH_KINDS];	/* 0: this kernel cannot fail that */
	/* what was refused since nth_arm() */
	unsigned int failed[NTH_KINDS];
	/* all together */
	unsigned int paths;
	unsigned int points;
	unsigned int survived;
	unsigned int wrong;
};

static inline void nth_put(const char *kind, const char *name, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/%s", kind, name);
	/* Not every kind has each of them. */
	write_file(path, text);
}

static const char *const nth_kinds[NTH_KINDS] = {
	"failslab", "fail_page_alloc", "fail_usercopy", "dmabay/fail_dmabay",
};

static inline int64_t nth_left(unsigned int kind)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/kernel/debug/%s/times", nth_kinds[kind]);
	return file_number(path, "");
}

/* Of the calling thread, with the modules that there are. Returns what is missing, or NULL. */
static inline const char *nth_begin(struct nth *nth)
{
	static const struct {
		const char *name, *text;
	} settings[] = {
		/* Nobody but whom fail-nth names, quietly, and whatever it asks for. */
		{ "probability", "0" },	    { "verbose", "0" },
		{ "times", "1000000000" },  { "ignore-gfp-wait", "N" },
		{ "ignore-gfp-highmem", "N" }, { "min-order", "0" },
		{ "sites", "copy_in copy_out" },
	};

	*nth = (struct nth){ .fd = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC) };
	if (nth->fd < 0)
		return "this kernel has no fail-nth";
	for (unsigned int kind = 0; kind < NTH_KINDS; kind++) {
		for (size_t i = 0; i < ARRAY_SIZE(settings); i++)
			nth_put(nth_kinds[kind], settings[i].name, settings[i].text);
		nth->left[kind] = nth_left(kind);
	}
	return nth->left[NTH_SLAB] ? NULL : "this kernel cannot make allocations fail";
}

static inline void nth_end(struct nth *nth)
{
	close(nth->fd);
}

/* The @n-th thing that is asked for is refused; 0: none. */
static inline void nth_arm(struct nth *nth, unsigned int n)
{
	char text[16];
	int length = snprintf(text, sizeof(text), "%u", n);

	if (n)
		(void)!pwrite(nth->fd, text, (size_t)length, 0);
}

/* How many of them were asked for, of NTH_MOST that it was armed with. */
static inline unsigned int nth_asked(const struct nth *nth)
{
	char text[16] = "";

	if (pread(nth->fd, text, sizeof(text) - 1, 0) <= 0)
		return NTH_MOST;
	return NTH_MOST - (unsigned int)strtoul(text, NULL, 10);
}

/* Whether something was refused. */
static inline bool nth_disarm(struct nth *nth)
{
	/* This is a copy from the user itself. */
	bool own = pwrite(nth->fd, "0", 1, 0) < 0;
	bool any = false;

	for (unsigned int kind = 0; kind < NTH_KINDS; kind++) {
		int64_t left = nth->left[kind] ? nth_left(kind) : 0;

		nth->failed[kind] = (unsigned int)(nth->left[kind] - left);
		nth->left[kind] = left;
		if (kind == NTH_COPY && own && nth->failed[kind])
			nth->failed[kind]--;
		any |= nth->failed[kind];
	}
	return any;
}

static inline bool nth_any_failed(const struct nth *nth)
{
	return nth->failed[NTH_SLAB] || nth->failed[NTH_PAGES] || nth->failed[NTH_COPY] ||
	       nth->failed[NTH_OWN_COPY];
}

static inline bool nth_copy_failed(const struct nth *nth)
{
	return nth->failed[NTH_COPY] || nth->failed[NTH_OWN_COPY];
}

/* A call may say that it had no memory, and that a copy failed if one did. */
static inline bool nth_may_say(const struct nth *nth, int result, int also)
{
	if (result >= 0 || result == -also)
		return true;
	return nth_copy_failed(nth) ? result == -EFAULT : result == -ENOMEM;
}

#endif /* DMABAY_TESTS_NTH_H */
