// SPDX-License-Identifier: GPL-2.0-only
/*
 * Measuring latencies. The processor's time is that of all batches together: there is no
 * clock of it that is fine enough for one.
 */
#include <sys/resource.h>
#include <time.h>

#include "latency.h"
#include "message.h"

static double cpu_nanoseconds(void)
{
	struct timespec time;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
	return (double)time.tv_sec * 1e9 + (double)time.tv_nsec;
}

static double seconds(const struct timeval *time)
{
	return (double)time->tv_sec + (double)time->tv_usec / 1e6;
}

/* Coarser than the clock above: good for the parts, not for the sum. */
static double user_part(const struct rusage *before, const struct rusage *after)
{
	double user = seconds(&after->ru_utime) - seconds(&before->ru_utime);
	double system = seconds(&after->ru_stime) - seconds(&before->ru_stime);

	return user > 0 ? user / (user + system) : 0;
}

static int run_all(struct arm *arm, const struct latency_samples *samples)
{
	int result = 0;

	for (uint32_t i = 0; i < samples->count && !result; i++) {
		result = arm_run_timed(arm, DMABAY_TO_DEVICE, &samples->submit[i],
				       &samples->complete[i]);
		samples->total[i] = samples->submit[i] + samples->complete[i];
	}
	return result;
}

int latency_measure(struct latency *latency, struct arm *arm,
		    const struct latency_samples *samples)
{
	struct rusage before, after;
	double cpu, start;
	int result;

	getrusage(RUSAGE_THREAD, &before);
	start = (double)now_nanoseconds();
	cpu = cpu_nanoseconds();
	result = run_all(arm, samples);
	latency->cpu = (cpu_nanoseconds() - cpu) / samples->count / arm->subject->batch;
	latency->elapsed = (double)now_nanoseconds() - start;
	getrusage(RUSAGE_THREAD, &after);
	if (result)
		return result;

	latency->user = user_part(&before, &after);
	spread_of(&latency->total, samples->total, samples->count, 1);
	if (!arm->type->start)
		return 0;
	spread_of(&latency->submit, samples->submit, samples->count, 1);
	spread_of(&latency->complete, samples->complete, samples->count, 1);
	return 0;
}
