// SPDX-License-Identifier: GPL-2.0-only
/*
 * Faults: an access of the device beside what is linked ends in the IOMMU and
 * not in memory. Shown with QEMU's edu function, whose DMA engine is programmed
 * here by hand, past its driver. Two witnesses: the memory is unchanged, and the
 * kernel's log has a line of the IOMMU's driver about it.
 *
 * Where the driver is bound, its registers can be mapped only if the kernel was
 * started with iomem=relaxed.
 */
#include <glob.h>

#include "common.h"

/* The registers: see edu in QEMU's documentation. */
#define EDU_SOURCE	0x80
#define EDU_DESTINATION	0x88
#define EDU_COUNT	0x90
#define EDU_COMMAND	0x98
#define EDU_START	1u
#define EDU_TO_MEMORY	2u
#define EDU_BUFFER	0x40000u
#define EDU_SPAN	(1u << 20)
#define EDU_BITS	28

#define PCI_COMMAND	4
#define PCI_MEMORY	2u
#define PCI_MASTER	4u

#define LENGTH		16u

/*
 * The kernel reports at most ten lines of its DMAR handler in five seconds, and
 * one fault takes three of them; or ten words of memory that an SMMU kept from it. Each was
 * seen before this begins: the fourth one is later than five seconds after the first.
 */
#define BETWEEN_FAULTS	(1700 * MILLISECOND)

FIXTURE(fault)
{
	char bdf[32];
	char path[64];
	int log;
	bool unbound;
	volatile unsigned char *registers;
	unsigned char *memory;
	uint64_t physical;
	uint64_t window;
	uint64_t window_bytes;
};

/* ---- the function ---- */

static bool find_edu(char *bdf, size_t size)
{
	const char *known = getenv("DMABAY_EDU");
	bool found = false;
	glob_t devices;

	if (known && *known) {
		snprintf(bdf, size, "%s", known);
		return true;
	}
	if (glob("/sys/bus/pci/devices/*/device", 0, NULL, &devices))
		return false;
	for (size_t i = 0; i < devices.gl_pathc && !found; i++) {
		char id[16] = "";
		FILE *file = fopen(devices.gl_pathv[i], "re");

		if (file && fgets(id, sizeof(id), file) && !strncmp(id, "0x11e8", 6))
			found = sscanf(devices.gl_pathv[i], "/sys/bus/pci/devices/%12[^/]",
				       bdf) == 1;
		if (file)
			fclose(file);
	}
	globfree(&devices);
	return found;
}

static int bind_driver(FIXTURE_DATA(fault) *self, bool bind)
{
	int result = write_file(bind ? "/sys/bus/pci/drivers/dmabay_edu/bind" :
				"/sys/bus/pci/drivers/dmabay_edu/unbind", self->bdf);

	if (!result)
		self->unbound = !bind;
	return result;
}

/* Without a driver nobody else switches memory and bus mastering on. */
static int switch_on(const FIXTURE_DATA(fault) *self)
{
	char path[96];
	uint16_t command;
	int fd, result = 0;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/config", self->bdf);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (pread(fd, &command, sizeof(command), PCI_COMMAND) != sizeof(command))
		result = -EIO;
	command |= PCI_MEMORY | PCI_MASTER;
	if (!result && pwrite(fd, &command, sizeof(command), PCI_COMMAND) != sizeof(command))
		result = -EIO;
	close(fd);
	return result;
}

static int map_registers(FIXTURE_DATA(fault) *self)
{
	char path[96];
	void *mapped;
	int fd;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/resource0", self->bdf);
	fd = open(path, O_RDWR | O_SYNC | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	mapped = mmap(NULL, EDU_SPAN, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	close(fd);
	if (mapped == MAP_FAILED)
		return -errno;
	self->registers = mapped;
	return 0;
}

static uint64_t get(const FIXTURE_DATA(fault) *self, unsigned int offset)
{
	return *(volatile uint64_t *)(self->registers + offset);
}

static void set(const FIXTURE_DATA(fault) *self, unsigned int offset, uint64_t value)
{
	*(volatile uint64_t *)(self->registers + offset) = value;
}

/* By hand. The engine takes 100 ms, and says no error. */
static int raw_access(const FIXTURE_DATA(fault) *self, uint64_t address, bool to_memory)
{
	uint64_t end = dmabay_deadline(PATIENCE);

	set(self, EDU_SOURCE, to_memory ? EDU_BUFFER : address);
	set(self, EDU_DESTINATION, to_memory ? address : EDU_BUFFER);
	set(self, EDU_COUNT, LENGTH);
	set(self, EDU_COMMAND, EDU_START | (to_memory ? EDU_TO_MEMORY : 0));
	while (get(self, EDU_COMMAND) & EDU_START) {
		if (dmabay_deadline(0) > end)
			return -ETIMEDOUT;
		pause_for(5 * MILLISECOND);
	}
	return 0;
}

/* ---- the log ---- */

static void forget_log(const FIXTURE_DATA(fault) *self)
{
	lseek(self->log, 0, SEEK_END);
}

static bool is_fault(const char *line)
{
	return (strstr(line, "DMAR:") && strstr(line, "fault addr")) ||
	       (strstr(line, "arm-smmu-v3") && strstr(line, ": event"));
}

/* Whether a fault was reported since forget_log(), within @patience. */
static bool saw_fault(const FIXTURE_DATA(fault) *self, uint64_t patience)
{
	uint64_t end = dmabay_deadline(patience);
	char line[1024];
	ssize_t length;

	do {
		while ((length = read(self->log, line, sizeof(line) - 1)) > 0) {
			line[length] = '\0';
			if (is_fault(line))
				return true;
		}
		pause_for(20 * MILLISECOND);
	} while (dmabay_deadline(0) < end);
	return false;
}

static void announce(const char *text)
{
	write_file("/dev/kmsg", text);
}

/* ---- memory ---- */

/* The end of what the function can reach. A machine whose memory lies above that says so. */
static uint64_t edu_reach(void)
{
	const char *bits = getenv("DMABAY_EDU_BITS");

	return UINT64_C(1) << (bits ? strtoul(bits, NULL, 10) : EDU_BITS);
}

static int read_window(FIXTURE_DATA(fault) *self)
{
	char path[96];
	FILE *file;
	int fields;

	snprintf(path, sizeof(path), "/sys/kernel/debug/dmabay/%s/window",
		 strrchr(self->path, '/') + 1);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	fields = fscanf(file, "base 0x%" SCNx64 " bytes 0x%" SCNx64, &self->window,
			&self->window_bytes);
	fclose(file);
	return fields == 2 ? 0 : -EBADMSG;
}

/* ---- the tests ---- */

FIXTURE_SETUP(fault)
{
	const char *iommu = getenv("DMABAY_IOMMU");

	if (!iommu || (strcmp(iommu, "strict") && strcmp(iommu, "lazy")))
		SKIP(return, "DMABAY_IOMMU is neither strict nor lazy");
	if (!find_node("edu", self->path, sizeof(self->path)) ||
	    !find_edu(self->bdf, sizeof(self->bdf)))
		SKIP(return, "there is no edu device");
	if (read_window(self) || !self->window_bytes)
		SKIP(return, "debugfs tells no window of device addresses");
	self->log = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ASSERT_LE(0, self->log);
	/* A page that edu could reach if nothing stood in between. */
	self->memory = map_page_between(0, edu_reach(), &self->physical);
	if (!self->memory)
		SKIP(return, "no page that the device could reach to aim at");
	fill(self->memory, PAGE, SENT, 1);
	announce("DMABAY-EXPECT-FAULTS\n");
}

FIXTURE_TEARDOWN(fault)
{
	struct dmabay *bay;

	/* The last fault's lines come before the end is announced. */
	pause_for(300 * MILLISECOND);
	announce("DMABAY-END-FAULTS\n");
	if (self->unbound) {
		EXPECT_EQ(0, bind_driver(self, true));
	}
	ASSERT_EQ(true, find_node("edu", self->path, sizeof(self->path)));
	ASSERT_EQ(0, dmabay_open(&bay, self->path, O_RDWR));
	EXPECT_EQ(0, good_transfer(bay));
	dmabay_close(bay);
	EXPECT_NOTHING_LEFT(self->path);
}

static void expect_fault(struct __test_metadata *_metadata, FIXTURE_DATA(fault) *self,
			 uint64_t address, bool to_memory, const char *when)
{
	pause_for(BETWEEN_FAULTS);
	forget_log(self);
	EXPECT_EQ(0, raw_access(self, address, to_memory));
	EXPECT_TRUE(saw_fault(self, PATIENCE))
		TH_LOG("%s: no fault was reported for a %s at 0x%" PRIx64, when,
		       to_memory ? "write" : "read", address);
	EXPECT_PATTERN(self->memory, PAGE, SENT, 1);
}

TEST_F_TIMEOUT(fault, without_a_driver, LONG_TEST)
{
	ASSERT_EQ(0, bind_driver(self, false));
	ASSERT_EQ(0, switch_on(self));
	ASSERT_EQ(0, map_registers(self));
	expect_fault(_metadata, self, self->physical, true, "physical address");
	expect_fault(_metadata, self, self->physical, false, "physical address");
	expect_fault(_metadata, self, self->window, true, "window given back");
	expect_fault(_metadata, self, self->window + self->window_bytes - PAGE, true,
		     "window given back");
}

/* Linked: what is sent by hand arrives. Not linked: it faults. */
TEST_F_TIMEOUT(fault, around_a_link, LONG_TEST)
{
	struct dmabay *bay;
	struct dmabay_info info;
	uint32_t buffer, reservation;
	uint64_t address;

	if (map_registers(self))
		SKIP(return, "the registers of a bound device need iomem=relaxed");
	ASSERT_EQ(0, dmabay_open(&bay, self->path, O_RDWR));
	ASSERT_EQ(0, dmabay_info(bay, &info));
	ASSERT_EQ(DMABAY_INFO_PROVIDER_IOVA, info.provider);
	ASSERT_EQ(0, dmabay_register(bay, self->memory, PAGE, 0, &buffer));
	ASSERT_EQ(0, dmabay_reserve(bay, info.map_registers, 1, 0, &reservation));
	expect_fault(_metadata, self, self->window, true, "reserved, not linked");

	/* The control: what is linked is reached, by the driver and by hand. */
	fill(self->memory, PAGE, SENT, 2);
	ASSERT_EQ(0, transfer_wait(bay, reservation, buffer, 0, LENGTH, 0, DMABAY_TO_DEVICE));
	fill(self->memory, PAGE, BLANK, 2);
	ASSERT_EQ(0, transfer_wait(bay, reservation, buffer, 0, LENGTH, 0, DMABAY_FROM_DEVICE));
	EXPECT_PATTERN(self->memory, LENGTH, SENT, 2);
	/* The engine still has the address of its last transfer. */
	address = get(self, EDU_DESTINATION);
	EXPECT_LE(self->window, address);
	EXPECT_GT(self->window + self->window_bytes, address);
	fill(self->memory, PAGE, BLANK, 2);
	EXPECT_EQ(0, raw_access(self, address, true));
	EXPECT_PATTERN(self->memory, LENGTH, SENT, 2);

	fill(self->memory, PAGE, SENT, 1);
	expect_fault(_metadata, self, address + PAGE, true, "beside the linked page");
	EXPECT_EQ(0, dmabay_unregister(bay, buffer));
	expect_fault(_metadata, self, address, true, "unlinked");
	expect_fault(_metadata, self, address, false, "unlinked");
	EXPECT_EQ(0, dmabay_free(bay, reservation));
	expect_fault(_metadata, self, address, true, "freed");
	dmabay_close(bay);
	expect_fault(_metadata, self, address, true, "closed");
}

TEST_HARNESS_MAIN
