// SPDX-License-Identifier: GPL-2.0-only
/*
 * Removal while a ring has commands under way: each of them has its one CQE, with its
 * bytes or with ENODEV, later ones are refused, and what comes back works.
 *
 * Loads and unloads the modules itself.
 */
#include "removal.h"
#include "uring.h"

#define ROUNDS		4u
#define QUICK_ROUNDS	2u	/* with DMABAY_QUICK in the environment */

FIXTURE(uring_removal)
{
	char path[64];
};

FIXTURE_VARIANT(uring_removal)
{
	const char *driver;
	const char *parameters;
	uint64_t latest;	/* ns, the last moment for the removal */
	int (*away)(void);
	int (*back)(const char *parameters);
};

FIXTURE_VARIANT_ADD(uring_removal, soft_in_the_call)
{
	.driver = "soft",
	.parameters = "memory=1",
	.latest = MILLISECOND,
	.away = remove_soft,
	.back = insert_soft,
};

/* With a delay there is always something under way when it goes. */
FIXTURE_VARIANT_ADD(uring_removal, soft_by_a_worker)
{
	.driver = "soft",
	.parameters = "memory=1 async=1 delay_ms=2",
	.latest = 50 * MILLISECOND,
	.away = remove_soft,
	.back = insert_soft,
};

FIXTURE_VARIANT_ADD(uring_removal, edu_unbind)
{
	.driver = "edu",
	.parameters = "",
	.latest = 300 * MILLISECOND,
	.away = unbind_edu,
	.back = bind_edu,
};

FIXTURE_SETUP(uring_removal)
{
	if (!load(_metadata, variant->driver, variant->parameters))
		return;
	ASSERT_TRUE(find_node(variant->driver, self->path, sizeof(self->path)));
	srandom(42);
}

FIXTURE_TEARDOWN(uring_removal)
{
	unload(_metadata);
}

static void submit_all(struct __test_metadata *_metadata, struct dmabay *bay, struct ring *ring,
		       struct dmabay_transfer *transfers)
{
	for (uint32_t i = 0; i < FLIGHT; i++) {
		struct io_uring_sqe *sqe = ring_next(ring);

		dmabay_uring_prepare(bay, sqe, &transfers[i], 1);
		sqe->user_data = i;
	}
	ASSERT_EQ((int)FLIGHT, ring_submit(ring));
}

/* Returns how many ended well. */
static uint32_t reap_all(struct __test_metadata *_metadata, struct ring *ring, uint64_t length)
{
	unsigned int seen[FLIGHT] = { 0 };
	struct io_uring_cqe cqe;
	uint32_t well = 0;

	for (uint32_t i = 0; i < FLIGHT; i++) {
		ASSERT_TRUE(ring_reap(ring, PATIENCE, &cqe));
		ASSERT_GT(FLIGHT, cqe.user_data);
		EXPECT_EQ(0, seen[cqe.user_data]++);
		if (cqe.res != -ENODEV) {
			EXPECT_EQ((int)length, cqe.res);
			well++;
		}
	}
	EXPECT_FALSE(ring_reap(ring, 10 * MILLISECOND, &cqe));
	return well;
}

/* At any moment, or when one has ended already. Returns how many ended well. */
static uint32_t one_removal(struct __test_metadata *_metadata, const char *path,
			    const FIXTURE_VARIANT(uring_removal) *variant, bool one_ended)
{
	struct dmabay_transfer transfers[FLIGHT] = { 0 };
	unsigned char *memory = map_pages(PAGE);
	uint32_t buffer, reservation, well;
	struct pollfd poll_fd = { .events = POLLIN };
	struct dmabay_info info;
	struct dmabay *bay;
	struct ring ring;

	ASSERT_EQ(0, ring_open(&ring, 0));
	ASSERT_EQ(0, dmabay_open(&bay, path, O_RDWR));
	ASSERT_EQ(0, dmabay_info(bay, &info));
	ASSERT_EQ(0, dmabay_register(bay, memory, PAGE, 0, &buffer));
	ASSERT_EQ(0, dmabay_reserve(bay, 1, FLIGHT, 0, &reservation));
	for (uint32_t i = 0; i < FLIGHT; i++) {
		transfers[i].reservation = reservation;
		transfers[i].buffer = buffer;
		transfers[i].length = about_a_page(&info);
		transfers[i].direction = i & 1;
	}

	submit_all(_metadata, bay, &ring, transfers);
	poll_fd.fd = ring.fd;
	if (one_ended) {
		EXPECT_EQ(1, poll(&poll_fd, 1, (int)(PATIENCE / MILLISECOND)));
	} else {
		pause_for((uint64_t)random() % variant->latest);
	}
	EXPECT_EQ(0, variant->away());
	well = reap_all(_metadata, &ring, about_a_page(&info));
	EXPECT_EQ(-ENODEV, ring_run(&ring, bay, transfers, 1));
	ring_close(&ring);
	dmabay_close(bay);
	munmap(memory, PAGE);

	EXPECT_EQ(0, variant->back(variant->parameters));
	return well;
}

TEST_F_TIMEOUT(uring_removal, under_way, LONG_TEST)
{
	bool slow = strcmp(variant->parameters, "memory=1");
	unsigned int rounds = repeated(ROUNDS, QUICK_ROUNDS);
	uint32_t well = 0;
	struct dmabay *bay;
	struct ring ring;

	OPEN_RING_OR_SKIP(&ring, 0);
	ring_close(&ring);
	for (unsigned int i = 0; i < rounds; i++)
		well += one_removal(_metadata, self->path, variant, !i);
	/* Else it came before all, or after. */
	EXPECT_LT(0, well);
	if (slow) {
		EXPECT_GT(rounds * FLIGHT, well);
	}
	ASSERT_EQ(0, dmabay_open(&bay, self->path, O_RDWR));
	EXPECT_EQ(0, good_transfer(bay));
	dmabay_close(bay);
	EXPECT_NOTHING_LEFT(self->path);
}

TEST_HARNESS_MAIN
