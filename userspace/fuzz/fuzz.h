/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fuzzer of the user surface: what its parts share.
 *
 * It makes programs, lists of a few calls (program.c), from others (mutate.c), runs them one
 * after the other in this very process (execute.c), and is told by KCOV which blocks of the
 * modules each one has reached (cover.c). Those that reach a new one are kept (corpus.c), and
 * are what the next are made from. The kernel's own checks tell of what goes wrong in the
 * kernel; what it answers is checked with every call (ioctl_calls.c), and what it holds, and
 * whether the device still works, now and then (oracle.c).
 */
#ifndef DMABAY_FUZZ_H
#define DMABAY_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define FIELDS	12u	/* of a call, at most */
#define CALLS	24u	/* of a program, at most */

/* What a number means, which says what it may be changed to, and what is made of it. */
enum kind {
	PLAIN,		/* anything */
	ONE_FILE,	/* one of FILES slots for open nodes */
	DESCRIPTOR,	/* one of DESCRIPTORS slots for other files; 0 is -1, none */
	BUFFER,
	RESERVATION,
	ADDRESS,	/* in the arena, if it is that small */
	PAGE_NUMBER,	/* of the arena */
	PAGES,
	LENGTH,
	OFFSET,
	COUNT,
	FLAGS,		/* @known has the bits that are defined */
	CHOICE,		/* 0 to @known - 1 */
	COOKIE,
	TIME,		/* ns from now; 0 is never, 1 is long ago; @known eighths are not 0 */
	TRANSFERS,	/* an entry of the desk's array of transfers */
	COMPLETIONS,	/* likewise, of completions */
	RESERVED,	/* 0 */
	SIZE,		/* bytes that the struct is longer than this header says */
	KINDS,
};

/* @width and @offset say where it is in the struct of an ioctl. */
struct field {
	const char *name;
	enum kind kind;
	uint8_t width;
	uint16_t offset;
	uint64_t known;
};

/*
 * One call of a program. @beside: it is made by the second thread, so many microseconds
 * after it was told, while the first one goes on. @fail: the so manieth thing that can fail in
 * it does (fault injection), 0 for none.
 */
struct call {
	uint8_t operation;
	uint8_t fail;
	uint16_t beside;
	uint64_t values[FIELDS];
};

struct program {
	uint32_t count;
	struct call calls[CALLS];
};

/*
 * A thread that makes calls. @turn is odd while it is in one; the watch interrupts a call that
 * takes too long.
 */
struct task {
	int index;
	int tid;
	uint32_t turn;
	unsigned char *desk;	/* the struct of an ioctl, on a page of its own */
	bool dirty;		/* the page beyond the struct is not all 0 */
	uint64_t *cover;
	int fail_nth;
};

/* How to make a call. @answered has a bit for each 4 bytes that the kernel fills in. */
struct operation {
	const char *name;
	long (*run)(struct task *task, const struct operation *operation, const uint64_t *values);
	unsigned long number;	/* of the ioctl */
	uint32_t size;
	uint64_t answered;
	unsigned int weight;	/* how often it is taken for a new call */
	struct field fields[FIELDS];
};

extern const struct operation operations[];
extern const unsigned int operations_count;

/* ---- places: nothing of the fuzzer's own is where a program can write ---- */

#define PAGE_SIZE	4096u
#define ARENA		UINT64_C(0x10000000000)
#define ARENA_SIZE	UINT64_C(0x600000)	/* the last 4 MiB: huge pages */
#define ARENA_HUGE	UINT64_C(0x200000)
#define DESK		UINT64_C(0x20000000000)
#define DESK_HELPER	(DESK + 0x2000)
#define DESK_TRANSFERS	(DESK + 0x4000)
#define DESK_COMPLETIONS (DESK + 0x8000)
#define DESK_TABLE	0x2000u
#define DESK_SIZE	0xb000u
#define RINGS		UINT64_C(0x30000000000)
#define RINGS_APART	UINT64_C(0x1000000)

#define FILES		4u
#define DESCRIPTORS	6u
#define URINGS		2u

/* ---- program.c ---- */

unsigned int fields_of(const struct operation *operation);
void program_print(FILE *out, const struct program *program);
/* The next one of a file: 1, 0 at its end, -1 if it is not one; @line is counted on. */
int program_read(FILE *in, struct program *program, unsigned int *line);

/* ---- mutate.c ---- */

extern uint64_t random_state;
uint64_t random_number(void);
uint64_t random_below(uint64_t limit);
void program_new(struct program *program);
void program_mutate(struct program *program, const struct program *other);

/* ---- cover.c ---- */

/* What one program has reached. */
struct reached {
	uint32_t new_blocks;
	uint32_t new_edges;
};

extern uint32_t cover_blocks;
bool cover_open(struct task *task);
void cover_start(struct task *task);
/* After cover_begin(), of each task that took part. */
void cover_begin(void);
void cover_add(struct task *task, struct reached *reached);
/* The blocks since cover_begin(): numbers that mean nothing in another run. */
uint32_t cover_list(uint16_t *blocks, uint32_t capacity);
/* "MODULE SECTION OFFSET", one block a line. */
void cover_print(FILE *out);

/* ---- corpus.c ---- */

extern uint32_t corpus_count;
void corpus_add(const struct program *program, uint64_t nanoseconds);
const struct program *corpus_pick(void);
void corpus_write(FILE *out);
/* Only so many as it takes to reach all that all of them reach, shorter ones first. */
uint32_t corpus_write_fewest(FILE *out);

/* ---- execute.c ---- */

/* Things counted for the table of hazards. */
struct figures {
	uint64_t programs;
	uint64_t calls;
	uint64_t flips;
	uint64_t scribbles;
	uint64_t answers;	/* structs that were compared byte by byte */
	uint64_t interrupted;
	uint64_t failed;	/* calls in which something was made to fail */
};

extern struct figures figures;
extern bool flipping;		/* structs change while they are used */
extern bool together;		/* two threads make calls */
extern const struct program *running;
void execute_open(const char *path, bool covered);
void execute(const struct program *program, struct reached *reached);
_Noreturn void found(const char *what);

/* ---- journal.c ---- */

void journal_open(void);
void journal_write(const struct program *program);
int journal_decode(const char *path);

/* ---- calls ---- */

extern const char *node_path;
extern int files[FILES];
extern int descriptors[DESCRIPTORS];
uint64_t monotonic(void);
int slot_put(int *slot, int fd);
long run_ioctl(struct task *task, const struct operation *operation, const uint64_t *values);

#define CALL(name) \
	long run_##name(struct task *task, const struct operation *operation, \
			const uint64_t *values)
CALL(open); CALL(close); CALL(dup); CALL(number); CALL(transfer); CALL(read); CALL(write);
CALL(seek); CALL(poll); CALL(nonblock); CALL(splice); CALL(sync); CALL(pause); CALL(limit);
CALL(fork); CALL(look); CALL(flip); CALL(fail_piece);
CALL(eventfd); CALL(count); CALL(heap); CALL(udmabuf); CALL(exporter); CALL(fence);
CALL(signal); CALL(drop);
CALL(ring_map); CALL(ring_put); CALL(ring_take); CALL(ring_scribble); CALL(ring_unmap);
CALL(ring_move);
CALL(map); CALL(unmap); CALL(move); CALL(advise); CALL(protect); CALL(truncate);
CALL(uring); CALL(uring_command); CALL(uring_access); CALL(uring_cancel); CALL(uring_buffer);
CALL(uring_submit); CALL(uring_reap); CALL(uring_close);
CALL(aio); CALL(aio_cancel); CALL(aio_reap);

/* What is told to the rings' calls when a file got some. */
void rings_made(unsigned int file, const void *argument);
void memory_open(void);
/* What is open is closed, and memory is as it was. */
void files_end(void);
void descriptors_end(void);
void rings_end(void);
void memory_end(void);
void urings_end(void);
void aio_end(void);

/* ---- oracle.c ---- */

bool oracle_open(const char *driver, char *path, size_t size);
/* What is wrong, or NULL. */
const char *oracle_ask(void);

#endif /* DMABAY_FUZZ_H */
