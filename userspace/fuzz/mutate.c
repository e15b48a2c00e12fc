// SPDX-License-Identifier: GPL-2.0-only
/*
 * New programs, of nothing and of others.
 *
 * Most numbers are taken from a few that are likely to mean something: small ones, so that
 * they name what there is, and those around which something changes. The rest is chance.
 */
#include <string.h>

#include "fuzz.h"

#define COUNT_OF(array)	(sizeof(array) / sizeof(*(array)))

uint64_t random_state = 1;

uint64_t random_number(void)
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * UINT64_C(0x2545F4914F6CDD1D);
}

uint64_t random_below(uint64_t limit)
{
	return (random_number() >> 16) % limit;
}

static const uint64_t lengths[] = {
	0x1000, 0x1000, 0x1000, 0x2000, 0x3000, 0x8000, 0x10000, 0x20000, 0x40000, 64, 512, 1, 4,
	8, 0x800, 0x1800, 0xfff, 0x1001, 0x200000, 0x400000, 0, 0x3fffff,
};

static const uint64_t offsets[] = {
	0, 0, 0, 0, 0x1000, 0x2000, 64, 512, 4, 1, 0xfff, 0x800, 0x10000, 0x200000, 0x3ff000,
	0x400000, 0x3fffc0, 0x3fffff, 0xfff000,
};

/* Where numbers end, in each width. */
static const uint64_t edges[] = {
	0, 1, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x7fffffff, 0x80000000, 0xfffff000,
	0xffffffff, 0x100000000, 0x7fffffffffff, 0x7ffffffff000, 0x800000000000,
	0x7fffffffffffffff, 0x8000000000000000, 0xffff888000000000, 0xfffffffffffff000,
	0xffffffffffffffff, 0xfffffffffffffffe,
};

static const uint64_t counts[] = {
	1, 1, 1, 2, 2, 3, 4, 4, 5, 7, 8, 9, 15, 16, 17, 32, 64, 65, 128, 256, 257, 1024, 0,
};

static const uint64_t times[] = {
	1, 2, 1000, 20000, 100000, 100000, 1000000, 1000000, 3000000,
};

#define ONE_OF(array)	((array)[random_below(COUNT_OF(array))])

static uint64_t address_new(void)
{
	uint64_t page = random_below(8) ? random_below(16) : random_below(ARENA_SIZE / PAGE_SIZE);

	if (!random_below(8))
		page = (random_below(2) ? ARENA_HUGE : ARENA_HUGE * 2) / PAGE_SIZE;
	return page * PAGE_SIZE + (random_below(3) ? 0 : ONE_OF(offsets) % PAGE_SIZE);
}

static uint64_t edge_new(void)
{
	return random_below(4) ? ONE_OF(edges) : random_number();
}

static uint64_t flags_new(uint64_t known)
{
	return random_below(16) ? random_number() & known & random_number() :
				  UINT64_C(1) << random_below(32);
}

/* A number of this kind that makes sense. */
static uint64_t value_new(const struct field *field)
{
	switch (field->kind) {
	case ONE_FILE:
		return random_below(4) ? 0 : random_below(FILES);
	case DESCRIPTOR:
	case BUFFER:
	case RESERVATION:
		return random_below(16) ? 1 + random_below(random_below(3) ? 2 : 5) : 0;
	case ADDRESS:
		return address_new();
	case PAGE_NUMBER:
		return address_new() / PAGE_SIZE;
	case PAGES:
		return random_below(4) ? 1 + random_below(16) : 512;
	case LENGTH:
		return ONE_OF(lengths);
	case OFFSET:
		return ONE_OF(offsets);
	case COUNT:
		return ONE_OF(counts);
	case FLAGS:
		return flags_new(field->known);
	case CHOICE:
		return random_below(field->known);
	case COOKIE:
		return random_below(4);
	case TIME:
		/* What waits for ever takes long to be interrupted. */
		return random_below(8) < field->known ? ONE_OF(times) : 0;
	case TRANSFERS:
	case COMPLETIONS:
		return random_below(8) ? random_below(8) : random_below(400);
	default:
		return 0;
	}
}

static uint64_t value_changed(const struct field *field, uint64_t value)
{
	switch (random_below(8)) {
	case 0:
		return value + 1;
	case 1:
		return value - 1;
	case 2:
		return value ^ (UINT64_C(1) << random_below(64));
	case 3:
		return edge_new();
	case 4:
		return value * 2;
	default:
		return value_new(field);
	}
}

static uint8_t operation_new(void)
{
	static unsigned int sum;
	uint64_t at;
	uint8_t i;

	if (!sum)
		for (i = 0; i < operations_count; i++)
			sum += operations[i].weight;
	at = random_below(sum);
	for (i = 0; at >= operations[i].weight; i++)
		at -= operations[i].weight;
	return i;
}

static void call_fill(struct call *call, uint8_t number)
{
	const struct operation *operation = &operations[number];

	memset(call, 0, sizeof(*call));
	call->operation = number;
	for (unsigned int f = 0; f < fields_of(operation); f++) {
		bool odd = !random_below(40);

		call->values[f] = odd ? edge_new() : value_new(&operation->fields[f]);
	}
	if (!random_below(12) || operation->run == run_flip)
		call->beside = (uint16_t)(1 + random_below(60));
	if (!random_below(24))
		call->fail = (uint8_t)(1 + random_below(random_below(4) ? 6 : 30));
}

static void insert(struct program *program, uint32_t at, const struct call *call)
{
	if (program->count == CALLS)
		return;
	memmove(&program->calls[at + 1], &program->calls[at],
		(program->count - at) * sizeof(*call));
	program->calls[at] = *call;
	program->count++;
}

static void erase(struct program *program, uint32_t at)
{
	program->count--;
	memmove(&program->calls[at], &program->calls[at + 1],
		(program->count - at) * sizeof(*program->calls));
}

static void append(struct program *program, const char *name)
{
	struct call *call = &program->calls[program->count++];
	uint8_t i = 0;

	while (strcmp(operations[i].name, name))
		i++;
	call_fill(call, i);
}

/* What most programs have to begin with, and some more; "=" makes all numbers of a call 0. */
void program_new(struct program *program)
{
	static const char *const beginnings[][10] = {
		{ "=open", "register", "reserve", "transfer", "submit" },
		{ "=open", "register", "reserve", "=rings", "=ring_map", "transfer", "ring_put",
		  "enter", "ring_scribble", "enter" },
		{ "=open", "register", "reserve", "transfer", "=uring", "uring_command",
		  "uring_submit", "uring_reap" },
		{ "=open", "exporter", "import", "reserve", "transfer", "fence", "submit" },
	};
	const char *const *names = beginnings[random_below(COUNT_OF(beginnings))];
	struct call call;

	program->count = 0;
	for (unsigned int i = 0; i < 10 && names[i]; i++) {
		append(program, names[i] + (*names[i] == '='));
		if (*names[i] == '=')
			memset(program->calls[i].values, 0, sizeof(program->calls[i].values));
		/* Rings of no size are none. */
		if (!strcmp(names[i], "=rings")) {
			program->calls[i].values[3] = UINT64_C(1) << random_below(6);
			program->calls[i].values[4] = UINT64_C(1) << random_below(6);
		}
	}
	for (uint64_t more = random_below(8); more; more--) {
		call_fill(&call, operation_new());
		insert(program, 1 + (uint32_t)random_below(program->count), &call);
	}
}

/* Its beginning, and the other one's end. */
static void splice(struct program *program, const struct program *other)
{
	uint32_t from = (uint32_t)random_below(other->count);

	program->count = 1 + (uint32_t)random_below(program->count);
	while (from < other->count && program->count < CALLS)
		program->calls[program->count++] = other->calls[from++];
}

static void change_number(struct program *program)
{
	struct call *call = &program->calls[random_below(program->count)];
	const struct operation *operation = &operations[call->operation];
	unsigned int count = fields_of(operation);
	unsigned int f = (unsigned int)random_below(count + 1);

	if (f < count)
		call->values[f] = value_changed(&operation->fields[f], call->values[f]);
	else if (random_below(2))
		call->beside = (uint16_t)(call->beside ? 0 : 1 + random_below(60));
	else
		call->fail = (uint8_t)random_below(call->fail ? call->fail + 3 : 8);
}

/* A number that another call has. */
static void copy_number(struct program *program)
{
	struct call *to = &program->calls[random_below(program->count)];
	const struct call *from = &program->calls[random_below(program->count)];
	unsigned int f = fields_of(&operations[to->operation]);

	if (f)
		to->values[random_below(f)] = from->values[random_below(FIELDS)];
}

static void mutate_once(struct program *program, const struct program *other)
{
	uint32_t at = (uint32_t)random_below(program->count);
	struct call call;

	switch (random_below(16)) {
	case 0:
		splice(program, other);
		break;
	case 1:
	case 2:
		if (program->count > 1)
			erase(program, at);
		break;
	case 3:
		insert(program, at, &program->calls[random_below(program->count)]);
		break;
	case 4:
		call = program->calls[at];
		erase(program, at);
		insert(program, (uint32_t)random_below(program->count + 1), &call);
		break;
	case 5:
	case 6:
	case 7:
	case 8:
		call_fill(&call, operation_new());
		insert(program, (uint32_t)random_below(program->count + 1), &call);
		break;
	case 9:
		insert(program, at, &other->calls[random_below(other->count)]);
		break;
	case 10:
		copy_number(program);
		break;
	default:
		change_number(program);
	}
}

void program_mutate(struct program *program, const struct program *other)
{
	uint64_t times_more = random_below(4);

	do
		mutate_once(program, other);
	while (times_more--);
}
