// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmabay-bench: "dmabay bench" with more arms. It takes the same options.
 */
#include "../cli/command.h"

int main(int argc, char **argv)
{
	return command_bench(argc, argv);
}
