// SPDX-License-Identifier: GPL-2.0-only
/*
 * A plugin for QEMU 7.2's translator: the address of each instruction of the cheapest section that
 * a program in the machine has timed, in a file.
 *
 *   -plugin FILE.so,log=FILE
 *
 * The program says where a section begins and ends by instructions that do nothing
 * (userspace/cli/watched.h). Until it says that it is going to do that, nothing but these is
 * looked for; then everything is translated once more, with a call for each instruction.
 *
 * The file has the addresses as native 64-bit words, in the order of execution. Before that of an
 * instruction that reads the clock there is a 0. The cheapest section is the one that nothing has
 * interrupted.
 */
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

void qemu_plugin_reset(qemu_plugin_id_t id, qemu_plugin_simple_cb_t done);
void qemu_plugin_register_atexit_cb(qemu_plugin_id_t id,
				    void (*call)(qemu_plugin_id_t id, void *data), void *data);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id,
					   void (*call)(qemu_plugin_id_t id,
							struct qemu_plugin_tb *block));
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *instruction,
					    void (*call)(unsigned int processor, void *data),
					    int flags, void *data);
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

struct section {
	uint64_t *addresses;
	size_t count, room;
};

static struct section current, cheapest;
static bool inside;
static const char *path;

static void append(uint64_t address)
{
	if (current.count == current.room) {
		current.room = current.room ? 2 * current.room : 1 << 16;
		current.addresses = realloc(current.addresses,
					    current.room * sizeof(*current.addresses));
		if (!current.addresses)
			abort();
	}
	current.addresses[current.count++] = address;
}

static void executed(unsigned int processor, void *data)
{
	if (inside)
		append((uintptr_t)data);
}

static void clock_read(unsigned int processor, void *data)
{
	if (!inside)
		return;
	append(0);
	append((uintptr_t)data);
}

static void begins(unsigned int processor, void *data)
{
	current.count = 0;
	inside = true;
}

static void ends(unsigned int processor, void *data)
{
	struct section swapped = cheapest;

	inside = false;
	if (cheapest.count && cheapest.count <= current.count)
		return;
	cheapest = current;
	current = swapped;
}

static void finish(qemu_plugin_id_t id, void *data)
{
	FILE *file = fopen(path, "wb");

	if (!file || fwrite(cheapest.addresses, sizeof(*cheapest.addresses), cheapest.count,
			    file) != cheapest.count || fclose(file)) {
		perror(path);
		abort();
	}
}

/* ---- translation ---- */

static void (*const calls[])(unsigned int processor, void *data) = {
	[BEGIN] = begins,
	[END] = ends,
	[CLOCK] = clock_read,
	[OTHER] = executed,
};

static void watch(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
	for (size_t i = 0; i < qemu_plugin_tb_n_insns(block); i++) {
		struct qemu_plugin_insn *instruction = qemu_plugin_tb_get_insn(block, i);
		enum kind kind = kind_of(instruction);

		if (calls[kind])
			qemu_plugin_register_vcpu_insn_exec_cb(instruction, calls[kind],
				QEMU_PLUGIN_CB_NO_REGS,
				(void *)(uintptr_t)qemu_plugin_insn_vaddr(instruction));
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
	if (argc != 1 || strncmp(argv[0], "log=", 4))
		return -1;
	path = argv[0] + 4;
	for (size_t i = 0; i < sizeof(targets) / sizeof(targets[0]); i++)
		if (!strcmp(targets[i].name, info->target_name))
			target = &targets[i];
	if (!target)
		return -1;
	own_id = id;
	qemu_plugin_register_vcpu_tb_trans_cb(id, wait_for_it);
	return 0;
}
