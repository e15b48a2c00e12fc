// SPDX-License-Identifier: GPL-2.0-only
/*
 * Arms on several processors at once, for who watches these from outside (userspace/vm/profile.c).
 *
 *   dmabay-bench parallel NODE ARM:BATCH...
 *
 * There is a thread on each processor, and each has a file, a reservation and memory of its own.
 * Each arm moves 4 KiB a transfer: first the thread of one processor is at work and the others
 * wait, then those of two, and so on. Each of these is a run, between two WATCHED_SOON(); what it
 * was is printed, as a line of JSON. A clock that several processors share says nothing here:
 * nothing is timed.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../cli/command.h"
#include "../cli/message.h"
#include "../cli/setup.h"
#include "../cli/subject.h"
#include "../cli/text.h"
#include "../cli/watched.h"
#include "dmabay.h"
#include "peers.h"

#define SIZE		4096
#define WARM_UP		64	/* transfers */
#define TRANSFERS	4096		/* at least, of each thread that works */
#define TRANSFERS_MAX	(4 * TRANSFERS)
#define THREADS_MAX	64

/* What all threads do next. */
struct job {
	const char *path;
	const struct arm_type *type;
	uint32_t batch;
	int working;		/* the threads below it are at work */
	atomic_int ready, done;	/* how many of them are */
	pthread_barrier_t *together;
};

struct worker {
	pthread_t thread;
	int number;
	struct job *job;
	struct subject subject;
	struct arm arm;
	int result;
};

static int worker_open(struct worker *worker)
{
	struct subject *subject = &worker->subject;
	int64_t ticks;
	int result;

	*subject = (struct subject){ .length = SIZE, .batch = worker->job->batch };
	if (dmabay_open(&subject->bay, worker->job->path, O_RDWR) ||
	    dmabay_info(subject->bay, &subject->info))
		return EXIT_NO_DEVICE;
	result = subject_open(subject, "scattered", &ticks);
	if (result)
		return result;
	if (*subject->limit) {
		complain("%s", subject->limit);
		return EXIT_FAILED;
	}
	subject->map_registers = subject->batch;
	result = setup_open(&worker->arm, subject, worker->job->type);
	return result || worker->arm.type ? result : EXIT_FAILED;
}

static void worker_close(struct worker *worker)
{
	if (worker->arm.type)
		arm_close(&worker->arm);
	if (worker->subject.memory)
		subject_close(&worker->subject);
	if (worker->subject.bay)
		dmabay_close(worker->subject.bay);
}

static int worker_batch(struct worker *worker)
{
	int result = arm_run(&worker->arm, DMABAY_TO_DEVICE, NULL);

	return result ? arm_failed(&worker->arm, result) : EXIT_OK;
}

static int worker_warm_up(struct worker *worker)
{
	int result = EXIT_OK;

	for (uint32_t i = 0; i < WARM_UP && !result; i += worker->job->batch)
		result = worker_batch(worker);
	return result;
}

/* They begin together, and whoever is done goes on, so that nobody is alone before the others are. */
static int worker_work(struct worker *worker)
{
	struct job *job = worker->job;
	int result = worker->result;

	atomic_fetch_add(&job->ready, 1);
	while (atomic_load(&job->ready) < job->working)
		;
	for (uint32_t i = 0; i < TRANSFERS_MAX && !result; i += job->batch) {
		result = worker_batch(worker);
		if (i < TRANSFERS && i + job->batch >= TRANSFERS)
			atomic_fetch_add(&job->done, 1);
		if (atomic_load(&job->done) == job->working)
			break;
	}
	return result;
}

/* Those who do not work, or have failed, come to every barrier nevertheless. */
static void *worker_main(void *data)
{
	struct worker *worker = data;
	bool works = worker->number < worker->job->working;
	cpu_set_t processors;

	CPU_ZERO(&processors);
	CPU_SET(worker->number, &processors);
	if (pthread_setaffinity_np(pthread_self(), sizeof(processors), &processors))
		worker->result = EXIT_FAILED;
	if (!worker->result)
		worker->result = worker_open(worker);
	if (!worker->result)
		worker->result = worker_warm_up(worker);
	pthread_barrier_wait(worker->job->together);
	pthread_barrier_wait(worker->job->together);
	if (works)
		worker->result = worker_work(worker);
	pthread_barrier_wait(worker->job->together);
	worker_close(worker);
	return NULL;
}

/* All are warm; whoever works does, and is done. */
static int run_together(struct job *job, int count)
{
	static struct worker workers[THREADS_MAX];
	int result = EXIT_OK;

	job->ready = 0;
	job->done = 0;
	for (int i = 0; i < count; i++) {
		workers[i] = (struct worker){ .number = i, .job = job };
		if (pthread_create(&workers[i].thread, NULL, worker_main, &workers[i]))
			abort();
	}
	pthread_barrier_wait(job->together);
	WATCHED_SOON();
	pthread_barrier_wait(job->together);
	pthread_barrier_wait(job->together);
	WATCHED_SOON();
	for (int i = 0; i < count; i++) {
		pthread_join(workers[i].thread, NULL);
		result = result ? result : workers[i].result;
	}
	return result;
}

static int run_job(struct job *job, int count)
{
	static int run = 1;
	int result = EXIT_OK;

	for (job->working = 1; job->working <= count && !result; job->working++) {
		result = run_together(job, count);
		printf("{ \"run\": %d, \"arm\": \"%s\", \"batch\": %" PRIu32 ", \"working\": %d }\n",
		       run, job->type->name, job->batch, job->working);
		run += 2;
	}
	return result;
}

static bool parse_job(char *text, struct job *job)
{
	char *batch = strchr(text, ':');

	if (!batch)
		return false;
	*batch++ = '\0';
	job->type = arm_type_by_name(text);
	return job->type && parse_count(batch, 1, TRANSFERS, &job->batch);
}

int parallel(int argc, char **argv)
{
	long count = sysconf(_SC_NPROCESSORS_ONLN);
	pthread_barrier_t together;
	struct job job = { .together = &together };
	int result = EXIT_OK;

	if (argc < 3 || count > THREADS_MAX) {
		fputs("usage: dmabay-bench parallel NODE ARM:BATCH...\n", stderr);
		return EXIT_USAGE;
	}
	job.path = argv[1];
	pthread_barrier_init(&together, NULL, (unsigned int)count + 1);
	/* Who watches begins to. */
	WATCHED_SOON();
	for (int i = 2; i < argc && !result; i++) {
		if (!parse_job(argv[i], &job)) {
			complain("parallel: %s is no ARM:BATCH", argv[i]);
			result = EXIT_USAGE;
		} else {
			result = run_job(&job, (int)count);
		}
	}
	pthread_barrier_destroy(&together);
	return result;
}
