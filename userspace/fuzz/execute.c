// SPDX-License-Identifier: GPL-2.0-only
/*
 * Running a program: two threads that make calls, and one that watches them.
 *
 * The first thread makes them one after the other. One that stands "beside" is handed to the
 * second, which makes it a little later, while the first goes on; it is waited for before the next
 * one is handed over, and at the end. A call that has taken too long is interrupted by a
 * signal, until it returns: so everything that waits must be able to. A program may also take
 * memory away from under its own calls, mapped rings most of all: the call ends there.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "fuzz.h"

#define PATIENCE	UINT64_C(10000000)	/* ns between two looks of the watch */
#define STRIKES		6000u			/* looks until a call is said to hang */

struct figures figures;
bool flipping;
bool together;
const char *node_path;
const struct program *running;

static struct task tasks[2];
static pthread_t threads[2];
static const struct call *handed;	/* to the second thread; guarded by the two below */
static sem_t hand, done;
static bool busy;
static long processors;
static __thread sigjmp_buf way_out;
static __thread volatile sig_atomic_t calling;

uint64_t monotonic(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* A finding that the kernel has not told of. */
void found(const char *what)
{
	printf("found: %s\n", what);
	if (running)
		program_print(stdout, running);
	fflush(stdout);
	_exit(2);
}

static void interrupted(int number)
{
	(void)number;
}

static void no_memory(int number)
{
	if (calling)
		siglongjmp(way_out, 1);
	signal(number, SIG_DFL);
}

static void *watch(void *unused)
{
	uint32_t last[2] = { 0 }, strikes[2] = { 0 };
	const struct timespec time = { .tv_nsec = PATIENCE };

	(void)unused;
	for (;;) {
		nanosleep(&time, NULL);
		for (int i = 0; i < 2; i++) {
			uint32_t turn = __atomic_load_n(&tasks[i].turn, __ATOMIC_SEQ_CST);

			if (!(turn & 1) || turn != last[i]) {
				last[i] = turn;
				strikes[i] = 0;
				continue;
			}
			figures.interrupted++;
			pthread_kill(threads[i], SIGUSR1);
			if (++strikes[i] == STRIKES)
				found("a call does not end, in spite of signals");
		}
	}
	return NULL;
}

/* An ioctl takes what is in a slot; other calls may change that. */
static uint64_t resolve(const struct operation *operation, const struct field *field,
			uint64_t value)
{
	bool slot = operation->run != run_ioctl;

	switch (field->kind) {
	case ONE_FILE:
		return slot ? value : (uint64_t)files[value % FILES];
	case DESCRIPTOR:
		if (slot)
			return value;
		return value ? (uint64_t)descriptors[value % DESCRIPTORS] : UINT64_MAX;
	case ADDRESS:
		return value < 2 * ARENA_SIZE ? ARENA + value : value;
	case TIME:
		return value < 2 || value >> 62 ? value : monotonic() + value;
	case TRANSFERS:
		return value < 1000 ? DESK_TRANSFERS + value * 56 : value;
	case COMPLETIONS:
		return value < 1000 ? DESK_COMPLETIONS + value * 24 : value;
	default:
		return value;
	}
}

static void fail_nth(struct task *task, unsigned int nth)
{
	char text[8];
	int length = snprintf(text, sizeof(text), "%u", nth);

	if (task->fail_nth >= 0 && pwrite(task->fail_nth, text, (size_t)length, 0) < 0)
		task->fail_nth = -1;
}

static void make_call(struct task *task, const struct call *call)
{
	const struct operation *operation = &operations[call->operation];
	uint64_t values[FIELDS];

	for (unsigned int f = 0; f < fields_of(operation); f++)
		values[f] = resolve(operation, &operation->fields[f], call->values[f]);

	figures.calls++;
	if (call->fail) {
		figures.failed++;
		fail_nth(task, call->fail);
	}
	__atomic_fetch_add(&task->turn, 1, __ATOMIC_SEQ_CST);
	calling = 1;
	if (!sigsetjmp(way_out, 0))
		operation->run(task, operation, values);
	calling = 0;
	__atomic_fetch_add(&task->turn, 1, __ATOMIC_SEQ_CST);
	if (call->fail)
		fail_nth(task, 0);
}

/* On the only processor it would only keep the others from what it waits for. */
static void wait_for(uint64_t microseconds)
{
	const struct timespec time = { .tv_nsec = (long)microseconds * 1000 };
	uint64_t end = monotonic() + microseconds * 1000;

	if (processors == 1)
		nanosleep(&time, NULL);
	while (monotonic() < end)
		;
}

static void task_open(struct task *task, int index, uint64_t desk, bool covered)
{
	task->index = index;
	task->desk = (unsigned char *)desk;
	task->fail_nth = open("/proc/thread-self/fail-nth", O_RDWR | O_CLOEXEC);
	threads[index] = pthread_self();
	if (covered && !cover_open(task))
		found("this kernel, or these modules, do not tell what was reached");
}

static void *help(void *covered)
{
	task_open(&tasks[1], 1, DESK_HELPER, covered);
	sem_post(&done);
	for (;;) {
		while (sem_wait(&hand))
			;
		wait_for(handed->beside - 1u);
		make_call(&tasks[1], handed);
		sem_post(&done);
	}
	return NULL;
}

static void helper_wait(void)
{
	if (!busy)
		return;
	while (sem_wait(&done))
		;
	busy = false;
}

static void helper_hand(const struct call *call)
{
	helper_wait();
	handed = call;
	busy = true;
	sem_post(&hand);
}

void execute_open(const char *path, bool covered)
{
	struct sigaction action = { .sa_handler = interrupted };
	pthread_t thread;

	node_path = path;
	processors = sysconf(_SC_NPROCESSORS_ONLN);
	for (unsigned int i = 0; i < FILES; i++)
		files[i] = -1;
	for (unsigned int i = 0; i < DESCRIPTORS; i++)
		descriptors[i] = -1;
	memory_open();
	sigaction(SIGUSR1, &action, NULL);
	action = (struct sigaction){ .sa_handler = no_memory, .sa_flags = SA_NODEFER };
	sigaction(SIGSEGV, &action, NULL);
	sigaction(SIGBUS, &action, NULL);
	sem_init(&hand, 0, 0);
	sem_init(&done, 0, 0);
	task_open(&tasks[0], 0, DESK, covered);
	if (pthread_create(&thread, NULL, help, covered ? &tasks : NULL))
		found("there is no second thread");
	while (sem_wait(&done))
		;
	if (pthread_create(&thread, NULL, watch, NULL))
		found("there is no watch");
}

/* What is open is closed in an order in which nothing waits for ever. */
static void end_all(void)
{
	__atomic_fetch_add(&tasks[0].turn, 1, __ATOMIC_SEQ_CST);
	descriptors_end();
	rings_end();
	urings_end();
	aio_end();
	files_end();
	memory_end();
	__atomic_fetch_add(&tasks[0].turn, 1, __ATOMIC_SEQ_CST);
}

static void look_at(const struct program *program)
{
	flipping = false;
	together = false;
	for (uint32_t i = 0; i < program->count; i++) {
		flipping |= operations[program->calls[i].operation].run == run_flip;
		together |= program->calls[i].beside != 0;
	}
}

void execute(const struct program *program, struct reached *reached)
{
	struct reached mine = { 0 };

	running = program;
	look_at(program);
	cover_start(&tasks[0]);
	cover_start(&tasks[1]);
	for (uint32_t i = 0; i < program->count; i++) {
		if (program->calls[i].beside)
			helper_hand(&program->calls[i]);
		else
			make_call(&tasks[0], &program->calls[i]);
	}
	helper_wait();
	end_all();
	figures.programs++;

	cover_begin();
	cover_add(&tasks[0], &mine);
	cover_add(&tasks[1], &mine);
	if (reached)
		*reached = mine;
	running = NULL;
}
