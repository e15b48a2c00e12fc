// SPDX-License-Identifier: GPL-2.0-only
/*
 * A plugin for QEMU 7.2's translator: the address of each instruction of the cheapest section that
 * a program in the machine has timed, in a file; or of all sections, of each processor.
 *
 *   -plugin FILE.so,log=FILE[,all=on]
 *
 * The program says where a section begins and ends by instructions that do nothing
 * (userspace/cli/watched.h). Until it says that it is going to do that, nothing but these is
 * looked for; then everything is translated once more, with a call for each instruction. It says
 * the same again where a run of sections begins, and where that ends; the others only warm up.
 *
 * The file has the addresses as native 64-bit words, in the order of execution. Before that of an
 * instruction that reads the clock there is a 0. The cheapest section is the one that nothing has
 * interrupted.
 *
 * Of all sections, each one has a header of four words: the run, the processor, how many
 * instructions there were, and how many words follow. An instruction that is repeated by itself,
 * like a copy, is there once, with REPEATED and how often; each store is followed by STORE or by
 * ATOMIC, and its address. Of a section that does not end, as one that waits for a lock that
 * nobody gives back soon, the beginning is there, and how long it was. After some of a run, those
 * that are as long as one that was there, of the same processor, are a header and no words.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is used of QEMU's interface ---- */

#define EXPORT __attribute__((visibility("default")))

struct qemu_plugin_tb;
struct qemu_plugin_insn;
typedef uint64_t qemu_plugin_id_t;
typedef void (*qemu_plugin_simple_cb_t)(qemu_plugin_id_t id);

/* The first member of it. */
struct qemu_info {
	const char *target_name;
};

enum { QEMU_PLUGIN_CB_NO_REGS };
enum { QEMU_PLUGIN_MEM_W = 2 };
typedef uint32_t qemu_plugin_meminfo_t;

void qemu_plugin_reset(qemu_plugin_id_t id, qemu_plugin_simple_cb_t done);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id,
				    void (*call)(qemu_plugin_id_t id, void *data), void *data);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
					   void (*call)(qemu_plugin_id_t id,
							struct qemu_plugin_tb *block));
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *instruction,
					    void (*call)(unsigned int processor, void *data),
					    int flags, void *data);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *instruction,
				      void (*call)(unsigned int processor,
						   qemu_plugin_meminfo_t what, uint64_t address,
						   void *data),
				      int flags, int which, void *data);
bool qemu_plugin_mem_is_store(qemu_plugin_meminfo_t what);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *block);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *block, size_t at);
const void *qemu_plugin_insn_data(const struct qemu_plugin_insn *instruction);
size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *instruction);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *instruction);

EXPORT extern int qemu_plugin_version;
int qemu_plugin_version = 1;

/* ---- what an instruction is ---- */

enum kind { SOON, BEGIN, END, CLOCK, OTHER };

/* The first bytes of an instruction: each bit of @mask has to be as in @bytes. */
struct form {
	unsigned char size;
	unsigned char bytes[8], mask[8];
};

struct target {
	const char *name;
	struct form forms[OTHER];
};

#define ALL 0xff, 0xff, 0xff, 0xff

static const struct target targets[] = {
	{ "x86_64", {
		[SOON] = { 7, { 0x0f, 0x1f, 0x80, 0x01, 0x00, 0xba, 0x0d }, { ALL, ALL } },
		[BEGIN] = { 7, { 0x0f, 0x1f, 0x80, 0x02, 0x00, 0xba, 0x0d }, { ALL, ALL } },
		[END] = { 7, { 0x0f, 0x1f, 0x80, 0x03, 0x00, 0xba, 0x0d }, { ALL, ALL } },
		[CLOCK] = { 2, { 0x0f, 0x31 }, { ALL } },
	} },
	{ "aarch64", {
		[SOON] = { 4, { 0x3f, 0x60, 0x9b, 0xd2 }, { ALL } },
		[BEGIN] = { 4, { 0x5f, 0x60, 0x9b, 0xd2 }, { ALL } },
		[END] = { 4, { 0x7f, 0x60, 0x9b, 0xd2 }, { ALL } },
		/* mrs of cntvct_el0, into any register */
		[CLOCK] = { 4, { 0x40, 0xe0, 0x3b, 0xd5 }, { 0xe0, 0xff, 0xff, 0xff } },
	} },
};

static const struct target *target;

static bool has_form(const struct qemu_plugin_insn *instruction, const struct form *form)
{
	const unsigned char *bytes = qemu_plugin_insn_data(instruction);

	if (qemu_plugin_insn_size(instruction) != form->size)
		return false;
	for (int i = 0; i < form->size; i++)
		if ((bytes[i] ^ form->bytes[i]) & form->mask[i])
			return false;
	return true;
}

static enum kind kind_of(const struct qemu_plugin_insn *instruction)
{
	int kind = SOON;

	while (kind < OTHER && !has_form(instruction, &target->forms[kind]))
		kind++;
	return kind;
}

/* ---- sections ---- */

/* No address has these bits. */
#define REPEATED	(UINT64_C(1) << 62)
#define STORE		(UINT64_C(1) << 61)
#define ATOMIC		(UINT64_C(1) << 60)

#define PROCESSORS_MAX	64
#define WORDS_MAX	(1u << 19)	/* of a section, if all are wanted */
#define WHOLE		32		/* sections of a run, even if they are alike */
#define LENGTHS		64		/* that are remembered */

struct section {
	uint64_t *words;
	size_t count, room;
};

static uint64_t run;	/* it is one if that is odd */

/* Each is its own thread's. */
static struct processor {
	struct section section;
	uint64_t instructions, last;
	bool inside;
	uint64_t run, sections, lengths[LENGTHS];
} processors[PROCESSORS_MAX];

static struct section cheapest;
static const char *path;

/* All of them are wanted: they go to the file one by one. */
static bool all;
static FILE *sections;
static pthread_mutex_t sections_lock = PTHREAD_MUTEX_INITIALIZER;

static void append(struct section *section, uint64_t word)
{
	if (all && section->count == WORDS_MAX)
		return;
	if (section->count == section->room) {
		section->room = section->room ? 2 * section->room : 1 << 16;
		section->words = realloc(section->words, section->room * sizeof(word));
		if (!section->words)
			abort();
	}
	section->words[section->count++] = word;
}

static void executed(unsigned int number, void *data)
{
	struct processor *processor = &processors[number];

	if (processor->inside)
		append(&processor->section, (uintptr_t)data);
}

static void clock_read(unsigned int number, void *data)
{
	struct processor *processor = &processors[number];

	if (!processor->inside)
		return;
	processor->instructions++;
	processor->last = 0;
	append(&processor->section, 0);
	append(&processor->section, (uintptr_t)data);
}

static void executed_of_all(unsigned int number, void *data)
{
	struct processor *processor = &processors[number];
	struct section *section = &processor->section;
	uint64_t address = (uintptr_t)data, *last;

	if (!processor->inside)
		return;
	processor->instructions++;
	if (address != processor->last) {
		append(section, address);
		processor->last = address;
		return;
	}
	last = &section->words[section->count - 1];
	if (*last & REPEATED && !(*last >> 63))
		(*last)++;
	else
		append(section, REPEATED | 1);
}

/*
 * What is repeated stores to one place after the other: the first one will do. QEMU 7.2 tells of
 * loads, too, who asks for stores.
 */
static void stored(unsigned int number, qemu_plugin_meminfo_t what, uint64_t address, void *data)
{
	struct processor *processor = &processors[number];
	struct section *section = &processor->section;
	uint64_t last = section->count ? section->words[section->count - 1] : 0;

	if (!processor->inside || !qemu_plugin_mem_is_store(what) || !(address >> 63) ||
	    (last & REPEATED && !(last >> 63)))
		return;
	append(section, (uintptr_t)data);
	append(section, address);
}

static void begins(unsigned int number, void *data)
{
	struct processor *processor = &processors[number];

	processor->section.count = 0;
	processor->instructions = 0;
	processor->last = 0;
	processor->inside = true;
}

static void ends(unsigned int number, void *data)
{
	struct processor *processor = &processors[number];
	struct section swapped = cheapest;

	processor->inside = false;
	if (!(run & 1))
		return;
	if (cheapest.count && cheapest.count <= processor->section.count)
		return;
	cheapest = processor->section;
	processor->section = swapped;
}

static void write_words(FILE *file, const uint64_t *words, size_t count)
{
	if (!file || fwrite(words, sizeof(*words), count, file) != count) {
		perror(path);
		abort();
	}
}

/* A section of this length, in this run. */
static bool was_there(struct processor *processor)
{
	uint64_t *length = &processor->lengths[processor->instructions % LENGTHS];
	bool was = processor->run == run && *length == processor->instructions;

	if (processor->run != run) {
		memset(processor->lengths, 0, sizeof(processor->lengths));
		processor->sections = 0;
	}
	processor->run = run;
	*length = processor->instructions;
	return was;
}

static void ends_of_all(unsigned int number, void *data)
{
	struct processor *processor = &processors[number];
	struct section *section = &processor->section;
	uint64_t header[] = { run, number, processor->instructions, section->count };

	processor->inside = false;
	if (!(run & 1))
		return;
	if (was_there(processor) && processor->sections >= WHOLE)
		header[3] = 0;
	processor->sections++;
	pthread_mutex_lock(&sections_lock);
	write_words(sections, header, sizeof(header) / sizeof(header[0]));
	write_words(sections, section->words, header[3]);
	pthread_mutex_unlock(&sections_lock);
}

/* Nobody is within a section. */
static void run_changes(unsigned int number, void *data)
{
	run++;
}

static void finish(qemu_plugin_id_t id, void *data)
{
	FILE *file = all ? sections : fopen(path, "wb");

	if (!all)
		write_words(file, cheapest.words, cheapest.count);
	if (fclose(file)) {
		perror(path);
		abort();
	}
}

/* ---- translation ---- */

static void (*const calls[2][OTHER + 1])(unsigned int processor, void *data) = {
	{
		[SOON] = run_changes,
		[BEGIN] = begins,
		[END] = ends,
		[CLOCK] = clock_read,
		[OTHER] = executed,
	},
	{
		[SOON] = run_changes,
		[BEGIN] = begins,
		[END] = ends_of_all,
		[CLOCK] = clock_read,
		[OTHER] = executed_of_all,
	},
};

/* Of a PC: a prefix says so, or it is an exchange with memory. */
static bool is_atomic(const struct qemu_plugin_insn *instruction)
{
	const unsigned char *bytes = qemu_plugin_insn_data(instruction);
	size_t at = 0;

	if (bytes[at] == 0xf0)
		return true;
	at += bytes[at] == 0x66;
	at += (bytes[at] & 0xf0) == 0x40;
	return (bytes[at] & 0xfe) == 0x86;
}

static void watch(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
		struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(block, i);
		enum kind kind = kind_of(instruction);

		if (calls[all][kind])
			qemu_plugin_register_vcpu_insn_exec_cb(instruction, calls[all][kind],
				QEMU_PLUGIN_CB_NO_REGS,
				(void *)(uintptr_t)qemu_plugin_insn_vaddr(instruction));
		if (all && kind == OTHER)
			qemu_plugin_register_vcpu_mem_cb(instruction, stored,
				QEMU_PLUGIN_CB_NO_REGS, QEMU_PLUGIN_MEM_W,
				(void *)(uintptr_t)(is_atomic(instruction) ? ATOMIC : STORE));
	}
}

static void watch_from_now(qemu_plugin_id_t id)
{
	qemu_plugin_register_vcpu_tb_trans_cb(id, watch);
	qemu_plugin_register_atexit_cb(id, finish, NULL);
}

static qemu_plugin_id_t own_id;

static void soon(unsigned int processor, void *data)
{
	static bool told;

	if (!told)
		qemu_plugin_reset(own_id, watch_from_now);
	told = true;
}

static void wait_for_it(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
		struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(block, i);

		if (has_form(instruction, &target->forms[SOON]))
			qemu_plugin_register_vcpu_insn_exec_cb(instruction, soon,
							       QEMU_PLUGIN_CB_NO_REGS, NULL);
	}
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info *info, int argc,
			       char **argv)
{
	if (argc < 1 || argc > 2 || strncmp(argv[0], "log=", 4))
		return -1;
	path = argv[0] + 4;
	all = argc == 2 && !strcmp(argv[1], "all=on");
	if (all != (argc == 2))
		return -1;
	sections = all ? fopen(path, "wb") : NULL;
	if (all && !sections)
		return -1;
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
		if (!strcmp(targets[i].name, info->target_name))
			target = &targets[i];
	if (!target)
		return -1;
	own_id = id;
	qemu_plugin_register_vcpu_tb_trans_cb(id, wait_for_it);
	return 0;
}
