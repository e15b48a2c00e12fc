// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmabay_peers, which the benchmark compares with: an address that a program has chosen is one of
 * those that an IOMMU translates for the function, and never one of memory.
 */
#include "../../kunit/peers.h"
#include "modules.h"

/* "DMA" or "DMA-FQ" if an IOMMU translates for the function. */
static bool is_translated(const char *function)
{
	char path[96], type[16] = "";
	FILE *file;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/iommu_group/type", function);
	file = fopen(path, "re");
	if (!file)
		return false;
	if (!fgets(type, sizeof(type), file))
		*type = '\0';
	fclose(file);
	return !strncmp(type, "DMA", 3);
}

FIXTURE(peers)
{
	const char *function;
	int fd;
};

FIXTURE_SETUP(peers)
{
	char parameters[64];

	self->fd = -1;
	self->function = getenv("DMABAY_LOAN");
	if (!self->function || !*self->function)
		SKIP(return, "no function without a driver");
	snprintf(parameters, sizeof(parameters), "dma_dev=%s", self->function);
	ASSERT_EQ(insert("dmabay", ""), 0);
	ASSERT_EQ(insert("dmabay_soft", ""), 0);
	ASSERT_EQ(insert("dmabay_peers", parameters), 0);
	self->fd = open("/dev/dmabay_peers", O_RDWR | O_CLOEXEC);
	ASSERT_GE(self->fd, 0);
}

FIXTURE_TEARDOWN(peers)
{
	if (self->fd >= 0)
		close(self->fd);
	EXPECT_EQ(removed("dmabay_peers"), 0);
	EXPECT_EQ(removed("dmabay_soft"), 0);
	EXPECT_EQ(core_unused(), 0);
}

/* Nothing is mapped there for the device; there is memory, for the processor. */
TEST_F(peers, moves_nothing_by_physical_address)
{
	struct peers_move move = {
		.address = 1 << 20,
		.length = PAGE,
		.direction = 1,
	};
	int expected = is_translated(self->function) ? -EIO : -EOPNOTSUPP;

	EXPECT_EQ(raw(self->fd, PEERS_MOVE, &move), expected);
	move.direction = 0;
	EXPECT_EQ(raw(self->fd, PEERS_MOVE, &move), expected);
}

TEST_HARNESS_MAIN
