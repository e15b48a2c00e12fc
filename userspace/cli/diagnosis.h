/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A diagnosis: what the checks of "dmabay doctor" have found so far.
 */
#ifndef DMABAY_CLI_DIAGNOSIS_H
#define DMABAY_CLI_DIAGNOSIS_H

#include <stdbool.h>
#include <stddef.h>

#include "dmabay.h"

enum verdict {
	VERDICT_OK,
	VERDICT_ADVICE,		/* it can be used, and could be better */
	VERDICT_UNKNOWN,	/* it cannot be told, or only as root */
	VERDICT_PROBLEM,	/* it cannot be used */
};

struct finding {
	const char *check;
	char node[32];		/* "" if it is about the machine */
	enum verdict verdict;
	char what[256];
	char remedy[96];	/* in words; "" if there is none */
	char command[384];	/* which does it; likewise */
};

struct diagnosis {
	struct finding *findings;
	size_t count;

	/* who is looked at, for what is found next */
	const char *check;
	const struct dmabay_node *node;	/* NULL: the machine */
};

/* One more finding of the check that looks. */
void found(struct diagnosis *diagnosis, enum verdict verdict, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* What to do about the last one, in words. With a command they end in a colon. */
void remedy(struct diagnosis *diagnosis, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The command that does it. */
void mended_by(struct diagnosis *diagnosis, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * To tell the kernel other words, at the next boot: @word in the place of @old_word, either of
 * which may be "".
 */
void mended_by_boot(struct diagnosis *diagnosis, const char *old_word, const char *word);

bool diagnosis_usable(const struct diagnosis *diagnosis);
void diagnosis_print(const struct diagnosis *diagnosis);
void diagnosis_print_json(const struct diagnosis *diagnosis);
void diagnosis_free(struct diagnosis *diagnosis);

/* The checks of the machine. */
void check_installed(struct diagnosis *diagnosis);
void check_allowed(struct diagnosis *diagnosis);
void check_signature(struct diagnosis *diagnosis);
void check_loaded(struct diagnosis *diagnosis);
void check_nodes(struct diagnosis *diagnosis);
void check_memlock(struct diagnosis *diagnosis);
void check_debugfs(struct diagnosis *diagnosis);
void check_tracefs(struct diagnosis *diagnosis);

/* Those of a node. */
void check_permission(struct diagnosis *diagnosis, const struct dmabay_info *info);
void check_iommu(struct diagnosis *diagnosis, const struct dmabay_info *info);
void check_trust(struct diagnosis *diagnosis, const struct dmabay_info *info);
void check_group(struct diagnosis *diagnosis, const struct dmabay_info *info);
void check_provider(struct diagnosis *diagnosis, const struct dmabay_info *info);

#endif /* DMABAY_CLI_DIAGNOSIS_H */
