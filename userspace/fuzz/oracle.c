// SPDX-License-Identifier: GPL-2.0-only
/*
 * What must be true between two programs, whatever they did: nothing is held any more, and the
 * device moves bytes as ever.
 */
#include "../tests/common.h"
#undef PAGE_SIZE
#include "fuzz.h"

static char device[64];

bool oracle_open(const char *driver, char *path, size_t size)
{
	bool found_it = find_node(driver, path, size);

	snprintf(device, sizeof(device), "%s", path);
	return found_it;
}

const char *oracle_ask(void)
{
	const char *wrong = left_behind(device);
	static char text[64];
	struct dmabay *bay;
	int result;

	if (wrong)
		return wrong;
	result = dmabay_open(&bay, device, O_RDWR);
	if (!result) {
		result = good_transfer(bay);
		dmabay_close(bay);
	}
	if (!result)
		return NULL;
	snprintf(text, sizeof(text), "a good transfer fails: %s", strerror(-result));
	return text;
}
