// SPDX-License-Identifier: GPL-2.0-only
/*
 * What dmabay needs of the machine: its module in the running kernel, a node, memory that
 * may be locked, and, to see more, debugfs and tracefs.
 */
#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "diagnosis.h"
#include "machine.h"
#include "node.h"
#include "text.h"

#define LINE 512

/* What "dmabay copy" registers: 16 chunks of 256 KiB, twice if it reads back. */
#define TYPICAL_MEMLOCK	(UINT64_C(8) << 20)

/* Bit of CapEff in /proc/self/status. */
#define CAP_IPC_LOCK_BIT	14

static bool is_loaded(void)
{
	return machine_has("/sys/module/dmabay");
}

static void kernel_release(char *release, size_t size)
{
	machine_line(release, size, "/proc/sys/kernel/osrelease");
}

/* The module's file for that kernel, as depmod has noted it. */
static bool module_file(const char *release, char *path, size_t size)
{
	char list[PATH_MAX], line[LINE];
	bool is_ours = false;
	FILE *file = fopen(machine_path(list, sizeof(list), "/lib/modules/%s/modules.dep",
					release), "re");

	if (!file)
		return false;
	while (!is_ours && fgets(line, sizeof(line), file)) {
		line[strcspn(line, ":\n")] = '\0';
		is_ours = !strncmp(last_part(line), "dmabay.ko", 9);
	}
	fclose(file);
	if (is_ours)
		machine_path(path, size, "/lib/modules/%s/%s", release, line);
	return is_ours;
}

void check_installed(struct diagnosis *diagnosis)
{
	char release[LINE], path[PATH_MAX];

	kernel_release(release, sizeof(release));
	if (module_file(release, path, sizeof(path))) {
		found(diagnosis, VERDICT_OK, "the module is there for kernel %s", release);
	} else if (is_loaded()) {
		found(diagnosis, VERDICT_ADVICE,
		      "the module is loaded, but not installed: it is gone after the next boot");
		remedy(diagnosis, "in the folder of the source:");
		mended_by(diagnosis, "sudo make install && sudo depmod");
	} else if (!machine_has("/lib/modules/%s/modules.dep", release)) {
		found(diagnosis, VERDICT_PROBLEM,
		      "kernel %s has no modules here: it was replaced while it runs, or never had any",
		      release);
		remedy(diagnosis, "start one that has its modules:");
		mended_by(diagnosis, "sudo reboot");
	} else {
		found(diagnosis, VERDICT_PROBLEM, "the module is not installed for kernel %s",
		      release);
		mended_by(diagnosis, machine_has("/var/lib/dkms/dmabay") ?
			  "sudo apt install linux-headers-%s && sudo dkms autoinstall -k %s" :
			  "sudo apt install dmabay-dkms linux-headers-%s", release, release);
	}
}

/* "install dmabay ..." in a file of modprobe's runs something else in its place. */
static bool is_replaced(char *file, size_t size)
{
	static const char *const folders[] = { "/etc", "/run", "/lib", "/usr/lib" };
	char value[LINE];
	glob_t files;
	bool replaced = false;

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]) && !replaced; i++) {
		size_t count = machine_glob(&files, "%s/modprobe.d/*.conf", folders[i]);

		for (size_t j = 0; j < count && !replaced; j++) {
			snprintf(file, size, "%s/modprobe.d/%s", folders[i],
				 last_part(files.gl_pathv[j]));
			replaced = machine_value(value, sizeof(value), "install dmabay ", file);
		}
		globfree(&files);
	}
	return replaced;
}

void check_allowed(struct diagnosis *diagnosis)
{
	char file[PATH_MAX];

	if (is_loaded()) {
		found(diagnosis, VERDICT_OK, "the module is loaded");
	} else if (machine_told_kernel("module_blacklist=dmabay")) {
		found(diagnosis, VERDICT_PROBLEM,
		      "the kernel was told never to load it: module_blacklist=dmabay");
		mended_by_boot(diagnosis, "module_blacklist=dmabay", "");
	} else if (is_replaced(file, sizeof(file))) {
		found(diagnosis, VERDICT_PROBLEM, "modprobe runs something else: %s", file);
		mended_by(diagnosis, "sudo sed -i '/^install dmabay /d' %s", file);
	} else {
		found(diagnosis, VERDICT_OK, "nothing forbids it");
	}
}

/* Does it end in what scripts/sign-file writes? Not told of a compressed one. */
static bool is_signed(const char *path)
{
	static const char mark[] = "~Module signature appended~\n";
	char end[sizeof(mark) - 1];
	FILE *file = fopen(path, "re");
	bool has_mark;

	if (!file)
		return false;
	has_mark = !fseek(file, -(long)sizeof(end), SEEK_END) &&
		   fread(end, sizeof(end), 1, file) == 1 && !memcmp(end, mark, sizeof(end));
	fclose(file);
	return has_mark;
}

/* Who refuses modules that nobody has signed, NULL if nobody does. */
static const char *signature_demanded(void)
{
	char line[LINE];

	if (machine_line(line, sizeof(line), "/sys/kernel/security/lockdown") &&
	    strchr(line, '[') && !strstr(line, "[none]"))
		return "lockdown";
	if (machine_line(line, sizeof(line), "/sys/module/module/parameters/sig_enforce") &&
	    *line == 'Y')
		return "module.sig_enforce";
	return NULL;
}

void check_signature(struct diagnosis *diagnosis)
{
	const char *demanded = signature_demanded();
	char release[LINE], path[PATH_MAX];

	kernel_release(release, sizeof(release));
	if (is_loaded()) {
		found(diagnosis, VERDICT_OK, "the module is loaded");
	} else if (!demanded) {
		found(diagnosis, VERDICT_OK, "the kernel demands none");
	} else if (!module_file(release, path, sizeof(path))) {
		found(diagnosis, VERDICT_UNKNOWN, "%s demands one, and there is no module",
		      demanded);
	} else if (is_signed(path) || strcmp(strrchr(path, '.'), ".ko")) {
		found(diagnosis, VERDICT_UNKNOWN,
		      "%s demands one: only loading tells if its key is known", demanded);
		remedy(diagnosis, "if it is DKMS's, and not yet known:");
		mended_by(diagnosis, "sudo mokutil --import /var/lib/dkms/mok.pub && sudo reboot");
	} else {
		found(diagnosis, VERDICT_PROBLEM, "the module has none, and %s demands one",
		      demanded);
		remedy(diagnosis, "with a key that the firmware knows:");
		mended_by(diagnosis,
			  "sudo /lib/modules/%s/build/scripts/sign-file sha256 KEY CERTIFICATE %s",
			  release, path);
	}
}

void check_loaded(struct diagnosis *diagnosis)
{
	if (is_loaded()) {
		found(diagnosis, VERDICT_OK, "the module is loaded");
		return;
	}
	found(diagnosis, VERDICT_PROBLEM, "the module is not loaded");
	mended_by(diagnosis, "sudo modprobe dmabay_soft");
}

void check_nodes(struct diagnosis *diagnosis)
{
	struct dmabay_node node;

	if (nodes_find(&node, 1)) {
		found(diagnosis, VERDICT_OK, "there is one at least: %s", node.name);
		return;
	}
	found(diagnosis, VERDICT_PROBLEM, "there is no node: no driver offers a device");
	remedy(diagnosis, "load the driver of your device, or that of one in software:");
	mended_by(diagnosis, "sudo modprobe dmabay_soft");
}

/* RLIMIT_MEMLOCK of this process. False if it is not known. */
static bool memlock_limits(uint64_t *soft, uint64_t *hard)
{
	char line[LINE], words[2][24];
	uint64_t *limits[] = { soft, hard };

	if (!machine_value(line, sizeof(line), "Max locked memory", "/proc/self/limits") ||
	    sscanf(line, "%23s %23s", words[0], words[1]) != 2)
		return false;
	for (int i = 0; i < 2; i++)
		if (!parse_size(words[i], limits[i]))
			*limits[i] = UINT64_MAX;
	return true;
}

static bool locks_without_limit(void)
{
	char line[LINE];
	uint64_t capabilities;

	return machine_value(line, sizeof(line), "CapEff:", "/proc/self/status") &&
	       sscanf(line, "%" SCNx64, &capabilities) == 1 &&
	       capabilities >> CAP_IPC_LOCK_BIT & 1;
}

void check_memlock(struct diagnosis *diagnosis)
{
	uint64_t soft, hard;
	char limit[24], wanted[24];

	if (locks_without_limit()) {
		found(diagnosis, VERDICT_OK, "no limit: this process has CAP_IPC_LOCK");
		return;
	}
	if (!memlock_limits(&soft, &hard)) {
		found(diagnosis, VERDICT_UNKNOWN, "/proc does not tell the limit");
		return;
	}
	format_bytes(wanted, sizeof(wanted), TYPICAL_MEMLOCK);
	if (soft == UINT64_MAX)
		snprintf(limit, sizeof(limit), "unlimited");
	else
		format_bytes(limit, sizeof(limit), soft);
	if (soft >= TYPICAL_MEMLOCK) {
		found(diagnosis, VERDICT_OK, "RLIMIT_MEMLOCK is %s; dmabay copy registers up to %s",
		      limit, wanted);
		return;
	}
	found(diagnosis, VERDICT_PROBLEM,
	      "RLIMIT_MEMLOCK is %s; dmabay copy registers up to %s", limit, wanted);
	if (hard >= TYPICAL_MEMLOCK) {
		mended_by(diagnosis, "ulimit -l %" PRIu64, TYPICAL_MEMLOCK >> 10);
		return;
	}
	remedy(diagnosis, "for who logs in after this:");
	mended_by(diagnosis, "echo '* - memlock %" PRIu64
		  "' | sudo tee /etc/security/limits.d/dmabay.conf", TYPICAL_MEMLOCK >> 10);
}

/* Is a file system of that type mounted? */
static bool is_mounted(const char *type)
{
	char path[PATH_MAX], line[LINE], word[64];
	FILE *file = fopen(machine_path(path, sizeof(path), "/proc/self/mounts"), "re");
	bool mounted = false;

	if (!file)
		return false;
	while (!mounted && fgets(line, sizeof(line), file))
		mounted = sscanf(line, "%*s %*s %63s", word) == 1 && !strcmp(word, type);
	fclose(file);
	return mounted;
}

static void check_mount(struct diagnosis *diagnosis, const char *type, const char *place,
			const char *use)
{
	if (is_mounted(type)) {
		found(diagnosis, VERDICT_OK, "mounted: %s, for root", use);
		return;
	}
	found(diagnosis, VERDICT_ADVICE, "not mounted: %s, for root", use);
	mended_by(diagnosis, "sudo mount -t %s %s %s", type, type, place);
}

void check_debugfs(struct diagnosis *diagnosis)
{
	check_mount(diagnosis, "debugfs", "/sys/kernel/debug", "it tells who holds what");
}

void check_tracefs(struct diagnosis *diagnosis)
{
	check_mount(diagnosis, "tracefs", "/sys/kernel/tracing",
		    "it tells the life of each transfer");
}
