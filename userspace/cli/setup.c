// SPDX-License-Identifier: GPL-2.0-only
/*
 * Setting up. It is done several times, each as if it were the first, because one sample says
 * little: of these the median is taken.
 */
#include <errno.h>
#include <inttypes.h>

#include "command.h"
#include "message.h"
#include "setup.h"
#include "spread.h"
#include "subject.h"
#include "tick.h"

/* Others had map registers, or the channel, before. */
static int complain_of_others(const struct subject *subject)
{
	struct dmabay_info now = subject->info;

	dmabay_info(subject->bay, &now);
	complain("%s: others hold what the measurement needs (%" PRIu32 " map registers wanted, %"
		 PRIu32 " free): \"dmabay info\" shows who", dmabay_path(subject->bay),
		 subject->map_registers, now.map_registers_free);
	return EXIT_FAILED;
}

int setup_open(struct arm *arm, const struct subject *subject, const struct arm_type *type)
{
	int result = arm_open(arm, subject, type);

	if (result == -EOPNOTSUPP && !type->is_reserved) {
		arm_close(arm);
		return EXIT_OK;
	}
	if (result == -EAGAIN && type->is_reserved)
		return complain_of_others(subject);
	if (result)
		return subject_failed(subject, DMABAY_CMD_RESERVE, result, subject->map_registers);
	return EXIT_OK;
}

/* Of an arm that is not there nothing is run. */
static int measure_round(const struct subject *subject, const struct arm_type *type,
			 int64_t *ticks)
{
	uint64_t start = tick(), opened, closing;
	struct arm arm;
	int64_t first = 0;
	int result = setup_open(&arm, subject, type);

	opened = tick();
	if (!result && arm.type) {
		result = arm_run(&arm, DMABAY_TO_DEVICE, &first);
		if (result)
			result = arm_failed(&arm, result);
	}
	closing = tick();
	arm_close(&arm);
	*ticks = (int64_t)(opened - start) + first + (int64_t)(tick() - closing);
	return result;
}

int setup_measure(const struct subject *subject, const struct arm_type *type, uint32_t rounds,
		  double *ticks)
{
	int64_t samples[SETUP_ROUNDS];
	struct spread spread;
	int result = EXIT_OK;

	if (rounds > SETUP_ROUNDS)
		rounds = SETUP_ROUNDS;
	for (uint32_t i = 0; i < rounds && !result; i++)
		result = measure_round(subject, type, &samples[i]);
	if (result)
		return result;
	spread_of(&spread, samples, rounds, 1);
	*ticks = spread.p50;
	return EXIT_OK;
}
