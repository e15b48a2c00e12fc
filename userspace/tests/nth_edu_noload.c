// SPDX-License-Identifier: GPL-2.0-only
/*
 * The nth failure on QEMU's edu function.
 *
 * Loads and unloads the modules itself.
 */
#include "nth_calls.h"

FIXTURE_VARIANT_ADD(nth, edu)
{
	.driver = "edu",
	.parameters = "",
};

TEST_HARNESS_MAIN
