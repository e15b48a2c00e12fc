// SPDX-License-Identifier: GPL-2.0-only
/*
 * States: the words of the core's table, wherever they can be seen. debugfs prints
 * the table; transfers for which nothing is reserved, which a transaction executes, are
 * then watched through the tracepoint, and every step must be a line of that table.
 */
#include <sys/stat.h>

#include "common.h"

#define TABLE		"/sys/kernel/debug/dmabay/states"
#define TRACING		"/sys/kernel/tracing"
#define INSTANCE	TRACING "/instances/dmabay_states"

FIXTURE(states)
{
	char path[64];
	struct dmabay *bay;
};

FIXTURE_SETUP(states)
{
	if (access(TABLE, R_OK))
		SKIP(return, "there is no debugfs");
	if (!find_node("soft", self->path, sizeof(self->path)))
		SKIP(return, "there is no software device");
	ASSERT_EQ(0, dmabay_open(&self->bay, self->path, O_RDWR));
}

FIXTURE_TEARDOWN(states)
{
	dmabay_close(self->bay);
	rmdir(INSTANCE);
	EXPECT_NOTHING_LEFT(self->path);
}

/* Is "call: from -> ... to ..." a line of the table? */
static bool is_edge(const char *call, const char *from, const char *to)
{
	FILE *table = fopen(TABLE, "re");
	char line[256], start[128], word[64];
	bool found = false;

	snprintf(start, sizeof(start), "%s: %s ->", call, from);
	snprintf(word, sizeof(word), " %s", to);
	while (table && !found && fgets(line, sizeof(line), table)) {
		char *at = strncmp(line, start, strlen(start)) ? NULL : strstr(line, word);

		found = at && strchr("\n ", at[strlen(word)]);
	}
	if (table)
		fclose(table);
	return found;
}

TEST_F(states, table)
{
	/* What is legal, what is not, and where it leads. */
	EXPECT_TRUE(is_edge("initialize", "created", "initialized"));
	EXPECT_TRUE(is_edge("execute", "initialized", "transfer"));
	EXPECT_TRUE(is_edge("completed", "transfer", "failed"));
	EXPECT_TRUE(is_edge("release", "completed", "released"));
	EXPECT_FALSE(is_edge("initialize", "completed", "initialized"));
	EXPECT_FALSE(is_edge("execute", "created", "transfer"));
	EXPECT_FALSE(is_edge("release", "transfer", "released"));
	EXPECT_FALSE(is_edge("initialize", "deleted", "initialized"));
}

/* A line of the trace: "dmabay_state: transaction=... call=C from=F to=T". */
static bool read_step(char *line, char **call, char **from, char **to)
{
	char *at = strstr(line, "dmabay_state: ");

	*call = at ? strstr(at, " call=") : NULL;
	*from = at ? strstr(at, " from=") : NULL;
	*to = at ? strstr(at, " to=") : NULL;
	if (!*call || !*from || !*to)
		return false;
	(*to)[strcspn(*to, "\n")] = 0;
	**call = 0;
	**from = 0;
	**to = 0;
	*call += strlen("?call=");
	*from += strlen("?from=");
	*to += strlen("?to=");
	return true;
}

TEST_F(states, tracepoint)
{
	unsigned int steps = 0, executions = 0, completions = 0;
	void *memory = map_pages(PAGE);
	char line[512], *call, *from, *to;
	FILE *trace;

	if (access(TRACING "/events/dmabay/dmabay_state", F_OK))
		SKIP(return, "the kernel has no tracepoints");
	ASSERT_EQ(0, mkdir(INSTANCE, 0700));
	ASSERT_EQ(0, write_file(INSTANCE "/events/dmabay/dmabay_state/enable", "1"));
	ASSERT_EQ(PAGE, dmabay_once(self->bay, memory, PAGE, 0, DMABAY_TO_DEVICE));
	ASSERT_EQ(PAGE, dmabay_once(self->bay, memory, PAGE, 0, DMABAY_FROM_DEVICE));
	ASSERT_EQ(0, write_file(INSTANCE "/events/dmabay/dmabay_state/enable", "0"));
	munmap(memory, PAGE);

	trace = fopen(INSTANCE "/trace", "re");
	ASSERT_NE(NULL, trace);
	while (fgets(line, sizeof(line), trace)) {
		if (!read_step(line, &call, &from, &to))
			continue;
		steps++;
		executions += !strcmp(call, "execute") && !strcmp(to, "transfer");
		completions += !strcmp(call, "completed") && !strcmp(to, "completed");
		EXPECT_TRUE(is_edge(call, from, to)) TH_LOG("%s: %s -> %s", call, from, to);
	}
	fclose(trace);
	/* There and back. */
	EXPECT_EQ(2, executions);
	EXPECT_EQ(2, completions);
	EXPECT_LT(6, steps);
}

TEST_F(states, transactions)
{
	uint32_t reservation;
	unsigned int reserved = 0;
	char path[128], line[256];
	FILE *file;

	snprintf(path, sizeof(path), "/sys/kernel/debug/dmabay/%s/transactions",
		 strrchr(self->path, '/') + 1);
	ASSERT_EQ(0, dmabay_reserve(self->bay, 2, 1, 0, &reservation));
	file = fopen(path, "re");
	ASSERT_NE(NULL, file);
	while (fgets(line, sizeof(line), file))
		reserved += strstr(line, " reserved ") && strstr(line, " registers 2\n");
	fclose(file);
	EXPECT_EQ(1, reserved);
	EXPECT_EQ(0, dmabay_free(self->bay, reservation));
}

TEST_HARNESS_MAIN
