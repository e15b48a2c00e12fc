// SPDX-License-Identifier: GPL-2.0-only
/*
 * Exhaustion: a neighbour takes whatever plain mappings for the device are made of: its device
 * addresses, or the bounce pages of swiotlb. Who maps for each transfer then fails; who has
 * reserved goes on, of changed memory too.
 *
 * The neighbour imports dma-bufs: an exporter maps them for the device as any driver does.
 *
 * Loads and unloads the modules itself.
 */
#include "dmabuf.h"
#include "modules.h"

#include "../../kunit/peers.h"

#define MOST_IMPORTS	8192u
#define IMPORT		(64u << 10)	/* what a function takes in one piece if it says nothing */
#define BUFFERS		4u
#define TRANSFERS	2000u
#define QUICK_TRANSFERS	400u	/* with DMABAY_QUICK in the environment */
#define LENGTH		(16u * PAGE)

FIXTURE(exhaustion)
{
	struct dmabay *bay;
	struct dmabay *neighbour;
	int peers;
	unsigned char *memory[BUFFERS];
	uint32_t buffer[BUFFERS];
	uint32_t reservation;
	unsigned int transfers;
	unsigned char *plain;
};

static bool is(const char *variable, const char *value)
{
	const char *found = getenv(variable);

	return found && !strcmp(found, value);
}

FIXTURE_SETUP(exhaustion)
{
	const char *loan = getenv("DMABAY_LOAN");
	unsigned int width = getenv("DMABAY_QUICK") ? 25 : 28;
	char parameters[128], path[64];
	struct peers_pin pin = { .length = LENGTH, .stride = LENGTH, .count = 1 };

	self->peers = -1;
	self->transfers = repeated(TRANSFERS, QUICK_TRANSFERS);
	if (!is("DMABAY_IOMMU", "strict") && !is("DMABAY_IOMMU", "lazy") &&
	    !is("DMABAY_SWIOTLB", "force"))
		SKIP(return, "a mapping takes nothing here that could run out");
	if (!loan || !*loan)
		SKIP(return, "no function without a driver");
	ASSERT_EQ(0, insert("dmabay", ""));
	/* Few addresses are soon taken. */
	snprintf(parameters, sizeof(parameters), "dma_dev=%s map_registers=64 address_width=%u",
		 loan, is("DMABAY_SWIOTLB", "force") ? 0 : width);
	ASSERT_EQ(0, insert("dmabay_soft", parameters));
	snprintf(parameters, sizeof(parameters), "dma_dev=%s", loan);
	ASSERT_EQ(0, insert("dmabay_peers", parameters));
	self->peers = open("/dev/dmabay_peers", O_RDWR | O_CLOEXEC);
	ASSERT_LE(0, self->peers);
	self->plain = map_pages(LENGTH);
	ASSERT_NE(NULL, self->plain);
	pin.address = (uintptr_t)self->plain;
	ASSERT_EQ(0, raw(self->peers, PEERS_PIN, &pin));

	ASSERT_TRUE(find_node("soft", path, sizeof(path)));
	ASSERT_EQ(0, dmabay_open(&self->bay, path, O_RDWR));
	ASSERT_EQ(0, dmabay_open(&self->neighbour, path, O_RDWR));
	for (unsigned int i = 0; i < BUFFERS; i++) {
		self->memory[i] = map_pages(LENGTH);
		ASSERT_NE(NULL, self->memory[i]);
		ASSERT_EQ(0, dmabay_register(self->bay, self->memory[i], LENGTH, 0,
					     &self->buffer[i]));
	}
	ASSERT_EQ(0, dmabay_reserve(self->bay, LENGTH / PAGE + 1, 1, DMABAY_RESERVE_STRICT,
				    &self->reservation));
}

FIXTURE_TEARDOWN(exhaustion)
{
	dmabay_close(self->neighbour);
	dmabay_close(self->bay);
	if (self->peers >= 0)
		close(self->peers);
	EXPECT_EQ(0, removed("dmabay_peers"));
	EXPECT_EQ(0, removed("dmabay_soft"));
	EXPECT_EQ(0, core_unused());
}

/* One transfer by who maps each: 0 or a negative errno. */
static int plain_transfer(FIXTURE_DATA(exhaustion) *self)
{
	struct peers_run run = { .way = PEERS_PLAIN, .direction = 1 };

	return raw(self->peers, PEERS_RUN, &run);
}

/* Imports of half the size, and half of that, until a page has no room. The number of them. */
static unsigned int take_all(FIXTURE_DATA(exhaustion) *self, size_t size, int *status)
{
	unsigned int count = 0;
	uint32_t buffer;

	while (count < MOST_IMPORTS) {
		int fd = new_from_udmabuf(size, 0);

		if (fd < 0) {
			*status = fd;
			break;
		}
		*status = dmabay_import(self->neighbour, fd, 0, &buffer, NULL);
		close(fd);
		if (!*status)
			count++;
		else if (size == PAGE)
			break;
		else
			size /= 2;
	}
	return count;
}

/* There and back, each time of another buffer; the number of rounds that failed. */
static unsigned int reserved_transfers(FIXTURE_DATA(exhaustion) *self, int *status)
{
	unsigned int failed = 0;

	for (unsigned int i = 0; i < self->transfers / 2; i++) {
		int result = round_trip(self->bay, self->reservation, self->buffer[i % BUFFERS],
					self->memory[i % BUFFERS], LENGTH, i);

		if (result)
			*status = result;
		failed += !!result;
	}
	return failed;
}

TEST_F_TIMEOUT(exhaustion, by_a_neighbour, LONG_TEST)
{
	/* What exporters say of a mapping that the DMA API could not make. */
	int none_left = is("DMABAY_SWIOTLB", "force") ? -EIO : -ENOMEM;
	unsigned int imports, failed, plain_failed = 0;
	int status = 0, reserved_status = 0;

	ASSERT_EQ(0, plain_transfer(self));
	imports = take_all(self, IMPORT, &status);
	if (status == -ENOENT)
		SKIP(return, "this kernel has no udmabuf");
	ASSERT_EQ(none_left, status) TH_LOG("after %u imports", imports);

	for (unsigned int i = 0; i < self->transfers; i++)
		plain_failed += !!plain_transfer(self);
	EXPECT_EQ(self->transfers, plain_failed);
	failed = reserved_transfers(self, &reserved_status);
	EXPECT_EQ(0u, failed) TH_LOG("last status %d", reserved_status);
	FIGURE("R23", "%u imports took all there was; then %u of %u plain transfers failed, and %u of %u reserved ones there and back",
	       imports, plain_failed, self->transfers, failed, self->transfers / 2);

	/* What it held is there again. */
	dmabay_close(self->neighbour);
	self->neighbour = NULL;
	EXPECT_EQ(0, plain_transfer(self));
}

TEST_HARNESS_MAIN
