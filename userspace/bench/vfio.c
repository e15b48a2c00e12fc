// SPDX-License-Identifier: GPL-2.0-only
/*
 * VFIO: the program has the device to itself, and makes memory reachable for it by a map
 * that stays ("vfio"), or by one for each transfer ("vfio-map"). What it would write into
 * registers to start its device is one store to, and one load from, the memory of a BAR. The
 * bytes are moved by the software engine by the addresses that VFIO has mapped for the
 * function; that call stands in the place of hardware, all of it, and is subtracted.
 *
 * DMABAY_PEERS_VFIO names the function, which vfio-pci is bound to. A group can be opened
 * once: the arms share it.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "../../kunit/peers.h"
#include "../cli/tick.h"
#include "peers.h"

/* Where the pieces are, for the device: each arm has a place of its own. */
#define KEPT	UINT64_C(0x100000000)
#define FLEETING UINT64_C(0x200000000)

static struct {
	unsigned int users;
	int container, group, device, peers;
	volatile uint32_t *registers;
	size_t registers_size;
	uint64_t engine_ticks;
} vfio = { .container = -1, .group = -1, .device = -1, .peers = -1 };

struct vfio_arm {
	uint64_t window;
	uint32_t direction;
};

static void close_one(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void put_group(void)
{
	if (--vfio.users)
		return;
	if (vfio.registers)
		munmap((void *)(uintptr_t)vfio.registers, vfio.registers_size);
	vfio.registers = NULL;
	close_one(&vfio.device);
	close_one(&vfio.group);
	close_one(&vfio.container);
	close_one(&vfio.peers);
}

/* /dev/vfio/NUMBER of the function's group. */
static int open_group(const char *function)
{
	char link[PATH_MAX], path[PATH_MAX], target[PATH_MAX];
	ssize_t length;

	snprintf(link, sizeof(link), "/sys/bus/pci/devices/%s/iommu_group", function);
	length = readlink(link, target, sizeof(target) - 1);
	if (length < 0)
		return -1;
	target[length] = '\0';
	snprintf(path, sizeof(path), "/dev/vfio/%s", strrchr(target, '/') + 1);
	return open(path, O_RDWR | O_CLOEXEC);
}

static int map_registers(void)
{
	struct vfio_region_info region = {
		.argsz = sizeof(region),
		.index = VFIO_PCI_BAR0_REGION_INDEX,
	};
	void *registers;

	if (ioctl(vfio.device, VFIO_DEVICE_GET_REGION_INFO, &region))
		return -errno;
	registers = mmap(NULL, region.size, PROT_READ | PROT_WRITE, MAP_SHARED, vfio.device,
			 (off_t)region.offset);
	if (registers == MAP_FAILED)
		return -errno;
	vfio.registers = registers;
	vfio.registers_size = region.size;
	return 0;
}

static int get_group(void)
{
	const char *function = getenv("DMABAY_PEERS_VFIO");

	if (vfio.users++)
		return 0;
	if (!function)
		return -EOPNOTSUPP;
	vfio.peers = open("/dev/dmabay_peers", O_RDWR | O_CLOEXEC);
	vfio.container = open("/dev/vfio/vfio", O_RDWR | O_CLOEXEC);
	vfio.group = open_group(function);
	if (vfio.peers < 0 || vfio.container < 0 || vfio.group < 0 ||
	    ioctl(vfio.group, VFIO_GROUP_SET_CONTAINER, &vfio.container) ||
	    ioctl(vfio.container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU))
		return -errno;
	vfio.device = ioctl(vfio.group, VFIO_GROUP_GET_DEVICE_FD, function);
	return vfio.device < 0 ? -errno : map_registers();
}

static uint64_t window_of(const struct arm *arm, uint32_t piece)
{
	const struct vfio_arm *own = arm->data;

	return own->window + piece * arm->subject->stride;
}

static int map_piece(const struct arm *arm, uint32_t piece)
{
	const struct subject *subject = arm->subject;
	struct vfio_iommu_type1_dma_map map = {
		.argsz = sizeof(map),
		.flags = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE,
		.vaddr = (uintptr_t)subject->memory + piece * subject->stride,
		.iova = window_of(arm, piece),
		.size = subject->stride,
	};

	return ioctl(vfio.container, VFIO_IOMMU_MAP_DMA, &map) ? -errno : 0;
}

static int unmap_piece(const struct arm *arm, uint32_t piece)
{
	struct vfio_iommu_type1_dma_unmap unmap = {
		.argsz = sizeof(unmap),
		.iova = window_of(arm, piece),
		.size = arm->subject->stride,
	};

	return ioctl(vfio.container, VFIO_IOMMU_UNMAP_DMA, &unmap) ? -errno : 0;
}

static int move_piece(const struct arm *arm, uint32_t piece)
{
	const struct subject *subject = arm->subject;
	const struct vfio_arm *own = arm->data;
	struct peers_move move = {
		.address = window_of(arm, piece),
		.length = subject->length,
		.device_address = piece * subject->length,
		.direction = own->direction == DMABAY_TO_DEVICE,
	};
	uint64_t start;
	int result;

	vfio.registers[0] = piece;
	start = tick();
	result = ioctl(vfio.peers, PEERS_MOVE, &move) ? -errno : 0;
	vfio.engine_ticks += tick() - start;
	(void)vfio.registers[0];
	return result;
}

static int open_at(struct arm *arm, uint64_t window)
{
	struct vfio_arm *own = calloc(1, sizeof(*own));

	if (!own)
		return -ENOMEM;
	arm->data = own;
	own->window = window;
	return get_group();
}

static int vfio_map_open(struct arm *arm)
{
	return open_at(arm, FLEETING);
}

static int vfio_open(struct arm *arm)
{
	int result = open_at(arm, KEPT);

	for (uint32_t i = 0; i < arm->subject->batch && !result; i++)
		result = map_piece(arm, i);
	return result;
}

static void vfio_map_close(struct arm *arm)
{
	if (arm->data)
		put_group();
	free(arm->data);
}

/* A map that is not there any more is no error here. */
static void vfio_close(struct arm *arm)
{
	for (uint32_t i = 0; i < arm->subject->batch && arm->data; i++)
		unmap_piece(arm, i);
	vfio_map_close(arm);
}

static void vfio_prepare(struct arm *arm, uint32_t direction)
{
	struct vfio_arm *own = arm->data;

	own->direction = direction;
}

static int vfio_run(struct arm *arm)
{
	int result = 0;

	for (uint32_t i = 0; i < arm->subject->batch && !result; i++)
		result = move_piece(arm, i);
	return result;
}

static int vfio_map_run(struct arm *arm)
{
	int result = 0;

	for (uint32_t i = 0; i < arm->subject->batch && !result; i++) {
		result = map_piece(arm, i);
		if (result)
			break;
		result = move_piece(arm, i);
		unmap_piece(arm, i);
	}
	return result;
}

/* What is not there is a fault of the move. */
static int vfio_outcome(const struct arm *arm)
{
	(void)arm;
	return 0;
}

static int vfio_engine_ticks(const struct arm *arm, uint64_t *ticks)
{
	(void)arm;
	*ticks = vfio.engine_ticks;
	return 0;
}

const struct arm_type arm_vfio = {
	.name = "vfio",
	.open = vfio_open,
	.close = vfio_close,
	.prepare = vfio_prepare,
	.run = vfio_run,
	.outcome = vfio_outcome,
	.engine_ticks = vfio_engine_ticks,
	.engine_calls = 1,
	.stays_linked = true,
};

const struct arm_type arm_vfio_map = {
	.name = "vfio-map",
	.open = vfio_map_open,
	.close = vfio_map_close,
	.prepare = vfio_prepare,
	.run = vfio_map_run,
	.outcome = vfio_outcome,
	.engine_ticks = vfio_engine_ticks,
	.engine_calls = 1,
};
