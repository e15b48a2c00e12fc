// SPDX-License-Identifier: GPL-2.0-only
/*
 * The nth failure on a channel of a DMA controller.
 *
 * Loads and unloads the modules itself.
 */
#include "nth_calls.h"

FIXTURE_VARIANT_ADD(nth, channel)
{
	.driver = TEST_ENGINE,
	.parameters = "memory=1 max_length=65536",
};

TEST_HARNESS_MAIN
