// SPDX-License-Identifier: GPL-2.0-only
/*
 * The nth failure on the software device, which moves bytes in the call or in a worker; and
 * of what is seen of a device in sysfs and debugfs.
 *
 * Loads and unloads the modules itself.
 */
#include "nth_calls.h"

FIXTURE_VARIANT_ADD(nth, soft)
{
	.driver = "soft",
	.parameters = "",
};

FIXTURE_VARIANT_ADD(nth, soft_async)
{
	.driver = "soft",
	.parameters = "async=1 provider=bounce",
};

/* From its opening to its closing. */
static int read_whole(const char *path)
{
	char text[4096];
	int fd = open(path, O_RDONLY | O_CLOEXEC), result;

	if (fd < 0)
		return -errno;
	while ((result = (int)read(fd, text, sizeof(text))) > 0)
		;
	result = result < 0 ? -errno : 0;
	close(fd);
	return result;
}

static char seen[128];

static int call_see(nth_fixture *self)
{
	(void)self;
	return read_whole(seen);
}

static int call_order(nth_fixture *self)
{
	int fd = open(seen, O_RDWR | O_CLOEXEC), result;
	char answer[64];

	(void)self;
	if (fd < 0)
		return -errno;
	result = write(fd, "file=1", 6) < 0 ? -errno : 0;
	if (!result && read(fd, answer, sizeof(answer)) < 0)
		result = -errno;
	close(fd);
	return result;
}

static void see(struct __test_metadata *_metadata, nth_fixture *self, const struct path *path)
{
	struct path named = *path;

	named.name = strrchr(seen, '/') + 1;
	nth_sweep(_metadata, self, &named);
}

TEST_F_TIMEOUT(nth, sights, LONG_TEST)
{
	static const char *const debugfs[] = { "window", "transactions", "files" };
	static const struct path path = PATH("", call_see);
	static const struct path order = PATH("", call_order);
	const char *node = strrchr(self->u.path, '/') + 1;

	/* They are made alike: one that is a word, one that is a number, one that is counted. */
	attribute_path(self->u.path, "provider", seen, sizeof(seen));
	see(_metadata, self, &path);
	attribute_path(self->u.path, "map_registers_free", seen, sizeof(seen));
	see(_metadata, self, &path);
	attribute_path(self->u.path, "counters/transfers", seen, sizeof(seen));
	see(_metadata, self, &path);
	for (size_t i = 0; i < ARRAY_SIZE(debugfs); i++) {
		snprintf(seen, sizeof(seen), "/sys/kernel/debug/dmabay/%s/%s", node, debugfs[i]);
		see(_metadata, self, &path);
	}
	snprintf(seen, sizeof(seen), "/sys/kernel/debug/dmabay/states");
	see(_metadata, self, &path);
	snprintf(seen, sizeof(seen), "/sys/kernel/debug/dmabay/%s/cancel", node);
	see(_metadata, self, &order);
}

TEST_HARNESS_MAIN
