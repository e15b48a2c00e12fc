/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Places in the module that can be made to fail (module/fault.c): which there are, how often
 * each was reached and failed, and what fails next.
 */
#ifndef DMABAY_TESTS_SITES_H
#define DMABAY_TESTS_SITES_H

#include "channel.h"

#define FAULTS	"/sys/kernel/debug/dmabay/fail_dmabay/"

/* Not fewer than there are. */
#define SITES	16u

struct site {
	char name[16];
	unsigned int reached, failed;
};

/* All of them; returns how many there are. */
static inline unsigned int read_sites(struct site *sites)
{
	FILE *file = fopen(FAULTS "sites", "re");
	unsigned int count = 0;
	char line[64];

	while (file && count < SITES && fgets(line, sizeof(line), file))
		count += sscanf(line, "%15s %u %u", sites[count].name, &sites[count].reached,
				&sites[count].failed) == 3;
	if (file)
		fclose(file);
	return count;
}

static inline struct site site_now(const char *name)
{
	struct site sites[SITES];

	for (unsigned int i = read_sites(sites); i--;)
		if (!strcmp(sites[i].name, name))
			return sites[i];
	return (struct site){ .name = "" };
}

/* It fails once, the @n-th time that it is reached. */
static inline int fail_site(const char *name, unsigned int n)
{
	char text[16];
	int result;

	snprintf(text, sizeof(text), "%u", n);
	result = write_file(FAULTS "space", text);
	if (!result)
		result = write_file(FAULTS "times", "1");
	return result ? result : write_file(FAULTS "sites", name);
}

/* Whether there are any: whatever is chosen fails, quietly. */
static inline bool sites_begin(void)
{
	return !write_file(FAULTS "probability", "100") && !write_file(FAULTS "verbose", "0");
}

#endif /* DMABAY_TESTS_SITES_H */
