// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmabay-bench: "dmabay bench" with more arms. It takes the same options. "dmabay-bench parallel"
 * runs arms on several processors, for who watches these (parallel.c).
 */
#include <string.h>

#include "../cli/command.h"
#include "peers.h"

int main(int argc, char **argv)
{
	if (argc > 1 && !strcmp(argv[1], "parallel"))
		return parallel(argc - 1, argv + 1);
	return command_bench(argc, argv);
}
