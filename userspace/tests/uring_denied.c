// SPDX-License-Identifier: GPL-2.0-only
/*
 * A security module that denies the commands of io_uring (security_uring_cmd()): none of ours is
 * begun, and those that were go on. The module is a program of two instructions, for kernels
 * that have BPF among their security modules.
 */
#include <linux/bpf.h>
#include <linux/btf.h>
#include <sys/stat.h>

#include "uring.h"

#define HOOK	"bpf_lsm_uring_cmd"

/* Older headers have no name for it. */
#define BTF_ENUM64	19

FIXTURE(denied)
{
	char path[64];
	struct dmabay *bay;
	struct dmabay_transfer transfer;
	struct ring ring;
};

typedef FIXTURE_DATA(denied) fixture;

FIXTURE_SETUP(denied)
{
	unsigned char *memory = map_pages(PAGE);

	if (!find_node("soft", self->path, sizeof(self->path)))
		SKIP(return, "there is no software device");
	ASSERT_EQ(0, dmabay_open(&self->bay, self->path, O_RDWR));
	self->transfer = (struct dmabay_transfer){
		.length = PAGE, .direction = DMABAY_TO_DEVICE,
	};
	ASSERT_NE(NULL, memory);
	ASSERT_EQ(0, dmabay_register(self->bay, memory, PAGE, 0, &self->transfer.buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 1, 1, 0, &self->transfer.reservation));
	OPEN_RING_OR_SKIP(&self->ring, 0);
}

FIXTURE_TEARDOWN(denied)
{
	if (self->ring.rings)
		ring_close(&self->ring);
	EXPECT_EQ(0, good_transfer(self->bay));
	dmabay_close(self->bay);
	EXPECT_NOTHING_LEFT(self->path);
}

/* ---- the security module ---- */

/* How long what follows a type of that kind is. */
static size_t btf_rest(unsigned int kind, unsigned int members)
{
	static const struct {
		unsigned int fixed, each;
	} rest[] = {
		[BTF_KIND_INT] = { .fixed = 4 },
		[BTF_KIND_ARRAY] = { .fixed = sizeof(struct btf_array) },
		[BTF_KIND_STRUCT] = { .each = sizeof(struct btf_member) },
		[BTF_KIND_UNION] = { .each = sizeof(struct btf_member) },
		[BTF_KIND_ENUM] = { .each = sizeof(struct btf_enum) },
		[BTF_KIND_FUNC_PROTO] = { .each = sizeof(struct btf_param) },
		[BTF_KIND_VAR] = { .fixed = 4 },
		[BTF_KIND_DATASEC] = { .each = sizeof(struct btf_var_secinfo) },
		[BTF_KIND_DECL_TAG] = { .fixed = 4 },
		[BTF_ENUM64] = { .each = 12 },
	};

	return kind < sizeof(rest) / sizeof(*rest) ?
	       rest[kind].fixed + rest[kind].each * members : 0;
}

/* The number of a function in what the kernel says of itself, 0 if it is not there. */
static uint32_t find_function(const unsigned char *btf, const char *name)
{
	const struct btf_header *header = (const void *)btf;
	const char *strings = (const char *)btf + header->hdr_len + header->str_off;
	const unsigned char *at = btf + header->hdr_len + header->type_off;
	const unsigned char *end = at + header->type_len;
	uint32_t number = 1;

	for (; at < end; number++) {
		const struct btf_type *type = (const void *)at;
		unsigned int kind = type->info >> 24 & 0x1f;

		if (kind == BTF_KIND_FUNC && !strcmp(strings + type->name_off, name))
			return number;
		at += sizeof(*type) + btf_rest(kind, type->info & 0xffff);
	}
	return 0;
}

static uint32_t find_hook(void)
{
	int fd = open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC);
	unsigned char *btf = NULL;
	uint32_t number = 0;
	struct stat status;
	size_t done = 0;
	ssize_t length;

	if (fd < 0)
		return 0;
	if (!fstat(fd, &status))
		btf = map_pages((size_t)status.st_size);
	while (btf && done < (size_t)status.st_size &&
	       (length = read(fd, btf + done, (size_t)status.st_size - done)) > 0)
		done += (size_t)length;
	if (btf && done == (size_t)status.st_size)
		number = find_function(btf, HOOK);
	if (btf)
		munmap(btf, (size_t)status.st_size);
	close(fd);
	return number;
}

static int bpf(int command, union bpf_attr *attributes)
{
	int result = (int)syscall(SYS_bpf, command, attributes, sizeof(*attributes));

	return result < 0 ? -errno : result;
}

/* "return -EPERM"; as long as the fd is open. Returns that, or a negative errno. */
static int deny_all(uint32_t hook)
{
	static const struct bpf_insn program[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = -EPERM },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr load = {
		.prog_type = BPF_PROG_TYPE_LSM,
		.expected_attach_type = BPF_LSM_MAC,
		.attach_btf_id = hook,
		.insns = (uintptr_t)program,
		.insn_cnt = sizeof(program) / sizeof(*program),
		.license = (uintptr_t)"GPL",
	};
	union bpf_attr attach = { 0 };
	int fd = bpf(BPF_PROG_LOAD, &load), link;

	if (fd < 0)
		return fd;
	attach.raw_tracepoint.prog_fd = (uint32_t)fd;
	link = bpf(BPF_RAW_TRACEPOINT_OPEN, &attach);
	close(fd);
	return link;
}

/* ---- what it denies ---- */

static uint64_t transfers(const fixture *self)
{
	struct dmabay_counters counters = { 0 };

	dmabay_counters(self->bay, &counters);
	return counters.transfers;
}

TEST_F_TIMEOUT(denied, by_a_security_module, LONG_TEST)
{
	const unsigned int rounds = 20;
	uint32_t hook = find_hook();
	unsigned int denied = 0;
	uint64_t before;
	int module;

	if (!hook)
		SKIP(return, "this kernel does not say where its security modules are asked");
	ASSERT_EQ((int)PAGE, ring_run(&self->ring, self->bay, &self->transfer, 1));
	module = deny_all(hook);
	if (module < 0)
		SKIP(return, "BPF is no security module here: %s", strerror(-module));
	before = transfers(self);
	for (unsigned int i = 0; i < rounds; i++)
		denied += ring_run(&self->ring, self->bay, &self->transfer, 1) == -EPERM;
	EXPECT_EQ(rounds, denied);
	EXPECT_EQ(before, transfers(self));
	/* Nothing else is. */
	EXPECT_EQ(0, transfer_wait(self->bay, self->transfer.reservation, self->transfer.buffer, 0,
				   PAGE, 0, DMABAY_TO_DEVICE));
	close(module);
	EXPECT_EQ((int)PAGE, ring_run(&self->ring, self->bay, &self->transfer, 1));
	FIGURE("R56", "%u of %u commands of io_uring denied by a security module, none begun",
	       denied, rounds);
}

TEST_HARNESS_MAIN
