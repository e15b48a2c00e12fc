// SPDX-License-Identifier: GPL-2.0-only
/*
 * What a node can do for this user, and how far its device is kept apart from the memory
 * of others.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "diagnosis.h"
#include "machine.h"
#include "node.h"
#include "text.h"

/* From the file only: what else there may be, programs without shared libraries have not. */
static void group_name(gid_t group, char *name, size_t size)
{
	char path[PATH_MAX];
	FILE *file = fopen(machine_path(path, sizeof(path), "/etc/group"), "re");
	const struct group *entry = NULL;

	snprintf(name, size, "%u", (unsigned int)group);
	if (!file)
		return;
	do
		entry = fgetgrent(file);
	while (entry && entry->gr_gid != group);
	if (entry)
		snprintf(name, size, "%s", entry->gr_name);
	fclose(file);
}

void check_permission(struct diagnosis *diagnosis, const struct dmabay_info *info)
{
	char path[PATH_MAX], group[64];
	struct stat status;

	(void)info;
	machine_path(path, sizeof(path), "%s", diagnosis->node->path);
	if (stat(path, &status)) {
		found(diagnosis, VERDICT_PROBLEM, "%s: %s", path, strerror(errno));
		remedy(diagnosis, "in a container, give it the device; else:");
		mended_by(diagnosis, "sudo udevadm trigger");
		return;
	}
	group_name(status.st_gid, group, sizeof(group));
	if (!faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS)) {
		found(diagnosis, VERDICT_OK, "mode %04o, group %s: you may use it",
		      status.st_mode & 07777, group);
		return;
	}
	found(diagnosis, VERDICT_PROBLEM, "mode %04o, group %s: you may not use it",
	      status.st_mode & 07777, group);
	if (status.st_gid && (status.st_mode & 0060) == 0060) {
		remedy(diagnosis, "for who logs in after this:");
		mended_by(diagnosis, "sudo usermod -aG %s \"$USER\"", group);
		return;
	}
	remedy(diagnosis, "give it to a group:");
	mended_by(diagnosis, "sudo groupadd -fr dmabay && echo 'SUBSYSTEM==\"dmabay\", "
		  "GROUP=\"dmabay\", MODE=\"0660\"' | sudo tee "
		  "/etc/udev/rules.d/60-dmabay.rules && sudo udevadm control --reload && "
		  "sudo udevadm trigger --subsystem-match=dmabay");
}

#define INTEL	"/sys/firmware/acpi/tables/DMAR"
#define AMD	"/sys/firmware/acpi/tables/IVRS"

/* How this machine gets an IOMMU: what is there, and the word that turns it on. */
struct iommu_kind {
	const char *table;	/* of the firmware */
	const char *off;	/* said to the kernel, it is off */
	const char *on;
};

static const struct iommu_kind iommu_kinds[] = {
	{ INTEL, "intel_iommu=off", "intel_iommu=on" },
	{ INTEL, "iommu=off", "intel_iommu=on" },
	{ INTEL, "", "intel_iommu=on" },
	{ AMD, "amd_iommu=off", "" },
	{ AMD, "iommu=off", "" },
};

static void advise_without_iommu(struct diagnosis *diagnosis, const struct dmabay_info *info)
{
	glob_t units;
	bool there = machine_glob(&units, "/sys/class/iommu/*");

	globfree(&units);
	found(diagnosis, VERDICT_ADVICE,
	      "no IOMMU: the device reaches all memory; %s",
	      info->flags & DMABAY_INFO_GUARANTEED ? "transfers are guaranteed, some are copied" :
						     "nothing is guaranteed");
	if (there && !strcmp((const char *)info->driver, "dmabay_soft")) {
		remedy(diagnosis, "it is software, and can borrow a function of /sys/bus/pci/devices:");
		mended_by(diagnosis, "sudo rmmod dmabay_soft && sudo modprobe dmabay_soft "
			  "dma_dev=FUNCTION");
		return;
	}
	for (size_t i = 0; i < sizeof(iommu_kinds) / sizeof(iommu_kinds[0]) && !there; i++) {
		const struct iommu_kind *kind = &iommu_kinds[i];

		if (!machine_has("%s", kind->table) ||
		    (*kind->off && !machine_told_kernel(kind->off)))
			continue;
		mended_by_boot(diagnosis, kind->off, kind->on);
		return;
	}
	if (!there)
		remedy(diagnosis, "turn VT-d, AMD-Vi or the SMMU on in the firmware's setup");
}

static void advise_passthrough(struct diagnosis *diagnosis)
{
	static const char *const words[] = { "iommu=pt", "iommu.passthrough=1" };

	found(diagnosis, VERDICT_ADVICE,
	      "passthrough: the device reaches all memory, and memory cannot be linked");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		if (!machine_told_kernel(words[i]))
			continue;
		mended_by_boot(diagnosis, words[i], "");
		return;
	}
	mended_by_boot(diagnosis, "", "iommu.passthrough=0");
}

void check_iommu(struct diagnosis *diagnosis, const struct dmabay_info *info)
{
	switch (info->iommu) {
	case DMABAY_INFO_IOMMU_STRICT:
		found(diagnosis, VERDICT_OK,
		      "strict: the device reaches what is linked, and not a moment longer");
		break;
	case DMABAY_INFO_IOMMU_LAZY:
		found(diagnosis, VERDICT_ADVICE, "lazy: links of dmabay are flushed at once, but "
		      "what drivers unmap is reached for some milliseconds more");
		mended_by_boot(diagnosis, "", "iommu.strict=1");
		break;
	case DMABAY_INFO_IOMMU_PASSTHROUGH:
		advise_passthrough(diagnosis);
		break;
	default:
		advise_without_iommu(diagnosis, info);
	}
}

void check_trust(struct diagnosis *diagnosis, const struct dmabay_info *info)
{
	switch (node_trust(info)) {
	case TRUSTED:
		found(diagnosis, VERDICT_OK, "the device is built in");
		break;
	case UNTRUSTED:
		found(diagnosis, VERDICT_ADVICE, "untrusted: the device can be plugged in from "
		      "outside, so bytes are copied and memory is not linked");
		remedy(diagnosis, "put it into a slot inside of the machine");
		break;
	default:
		found(diagnosis, VERDICT_UNKNOWN, "%s is no PCI function: the kernel does not tell",
		      *info->bus ? (const char *)info->bus : "the device");
	}
}

void check_group(struct diagnosis *diagnosis, const struct dmabay_info *info)
{
	char others[160] = "";
	glob_t group;
	size_t count = node_group(info, &group), length = 0;

	for (size_t i = 0; i < count && length < sizeof(others); i++) {
		const char *name = last_part(group.gl_pathv[i]);

		if (strcmp(name, (const char *)info->bus))
			length += (size_t)snprintf(others + length, sizeof(others) - length, " %s",
						   name);
	}
	globfree(&group);
	if (*others) {
		found(diagnosis, VERDICT_ADVICE, "others in its IOMMU group reach the same memory:%s",
		      others);
		remedy(diagnosis, "put the device into another slot");
	} else if (count) {
		found(diagnosis, VERDICT_OK, "it is alone in its IOMMU group");
	} else {
		found(diagnosis, VERDICT_UNKNOWN, "it has no IOMMU group");
	}
}

void check_provider(struct diagnosis *diagnosis, const struct dmabay_info *info)
{
	bool guaranteed = info->flags & DMABAY_INFO_GUARANTEED;

	found(diagnosis, guaranteed ? VERDICT_OK : VERDICT_ADVICE, "%s, %sguaranteed: %s",
	      provider_name(info->provider), guaranteed ? "" : "not ", node_reason(info));
	if (guaranteed)
		return;
	if (info->flags & DMABAY_INFO_EXCLUSIVE)
		remedy(diagnosis, "none: the driver of the DMA controller may allocate");
	else
		remedy(diagnosis, "load the module of the driver with provider=auto");
}
