/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Modules, for the programs that load and unload them: from $DMABAY_MODULES,
 * /modules, or where "make modules_install" puts them.
 */
#ifndef DMABAY_TESTS_MODULES_H
#define DMABAY_TESTS_MODULES_H

#include <sys/utsname.h>

#include "common.h"

static inline int find_module(const char *name)
{
	struct utsname system;
	char paths[4][320];
	int fd;

	uname(&system);
	snprintf(paths[0], sizeof(paths[0]), "%s/%s.ko",
		 getenv("DMABAY_MODULES") ? getenv("DMABAY_MODULES") : "/modules", name);
	snprintf(paths[1], sizeof(paths[1]), "/lib/modules/%s/updates/module/%s.ko",
		 system.release, name);
	snprintf(paths[2], sizeof(paths[2]), "/lib/modules/%s/updates/%s.ko",
		 system.release, name);
	snprintf(paths[3], sizeof(paths[3]), "/lib/modules/%s/updates/dkms/%s.ko",
		 system.release, name);
	for (int i = 0; i < 4; i++) {
		fd = open(paths[i], O_RDONLY | O_CLOEXEC);
		if (fd >= 0)
			return fd;
	}
	return -ENOENT;
}

/* The word PAGE in @parameters is the size of one. */
static inline int insert(const char *name, const char *parameters)
{
	const char *word = strstr(parameters, "PAGE");
	int fd = find_module(name), result = 0;
	char text[512];

	if (fd < 0)
		return fd;
	if (word)
		snprintf(text, sizeof(text), "%.*s%u%s", (int)(word - parameters), parameters,
			 PAGE, word + strlen("PAGE"));
	else
		snprintf(text, sizeof(text), "%s", parameters);
	if (syscall(SYS_finit_module, fd, text, 0) && errno != EEXIST)
		result = -errno;
	close(fd);
	return result;
}

static inline int removed(const char *name)
{
	return syscall(SYS_delete_module, name, O_NONBLOCK) && errno != ENOENT ? -errno : 0;
}

/* What removed() would say of the core, which stays for the next test: it takes long to load. */
static inline int core_unused(void)
{
	return file_number("/sys/module/dmabay/refcnt", "") ? -EAGAIN : 0;
}

/* It goes with the program. The children that tests run in do not end by exit(). */
static __attribute__((destructor)) void remove_core(void)
{
	removed("dmabay");
}

#endif /* DMABAY_TESTS_MODULES_H */
