// SPDX-License-Identifier: GPL-2.0-only
/*
 * The domain of the IOMMU goes over from strict to lazy while transfers run: the administrator
 * may do that at any time. Whoever unregisters then still has memory that the device does not
 * reach any more: pages are freed all the time here, and a kernel with IOMMU_DEBUG_PAGEALLOC
 * looks at each.
 *
 * Loads and unloads the modules itself.
 */
#include <pthread.h>

#include "modules.h"

#define LENGTH	(8u * PAGE)
#define ROUNDS	300u	/* before and after */

FIXTURE(domain)
{
	char type[96];
	struct dmabay *bay;
	uint32_t reservation;
	unsigned int rounds;	/* atomic: so many are done */
	bool stop;		/* atomic */
	int status;		/* the first that is not 0 */
};

static bool type_is(const char *path, const char *type)
{
	FILE *file = fopen(path, "re");
	char text[32] = "";

	if (!file)
		return false;
	if (!fgets(text, sizeof(text), file))
		*text = '\0';
	fclose(file);
	text[strcspn(text, "\n")] = '\0';
	return !strcmp(text, type);
}

FIXTURE_SETUP(domain)
{
	const char *loan = getenv("DMABAY_LOAN");
	char parameters[64], path[64];

	if (!loan || !*loan)
		SKIP(return, "no function without a driver");
	snprintf(self->type, sizeof(self->type), "/sys/bus/pci/devices/%s/iommu_group/type", loan);
	if (!type_is(self->type, "DMA"))
		SKIP(return, "the function has no strict domain");
	snprintf(parameters, sizeof(parameters), "dma_dev=%s", loan);
	ASSERT_EQ(0, insert("dmabay", ""));
	ASSERT_EQ(0, insert("dmabay_soft", parameters));
	ASSERT_TRUE(find_node("soft", path, sizeof(path)));
	ASSERT_EQ(0, dmabay_open(&self->bay, path, O_RDWR));
	ASSERT_EQ(0, dmabay_reserve(self->bay, LENGTH / PAGE + 1, 1, 0, &self->reservation));
}

FIXTURE_TEARDOWN(domain)
{
	if (self->bay) {
		EXPECT_EQ(0, good_transfer(self->bay));
		dmabay_close(self->bay);
	}
	EXPECT_EQ(0, removed("dmabay_soft"));
	EXPECT_EQ(0, core_unused());
	/* Back, which takes that nobody uses the function. */
	if (type_is(self->type, "DMA-FQ")) {
		EXPECT_EQ(0, write_file(self->type, "DMA"));
	}
}

/* Memory of its own, registered, there and back, unregistered, and freed at once. */
static int one_round(FIXTURE_DATA(domain) *self, unsigned int seed)
{
	unsigned char *memory = map_pages(LENGTH);
	uint32_t buffer;
	int result;

	if (!memory)
		return -ENOMEM;
	result = dmabay_register(self->bay, memory, LENGTH, 0, &buffer);
	if (result)
		return result;
	result = round_trip(self->bay, self->reservation, buffer, memory, LENGTH, seed);
	if (!result)
		result = dmabay_unregister(self->bay, buffer);
	munmap(memory, LENGTH);
	return result;
}

static void *go_on(void *context)
{
	FIXTURE_DATA(domain) *self = context;

	while (!self->status && !__atomic_load_n(&self->stop, __ATOMIC_RELAXED)) {
		self->status = one_round(self, self->rounds);
		__atomic_fetch_add(&self->rounds, 1, __ATOMIC_RELEASE);
	}
	return NULL;
}

static bool saw_rounds(FIXTURE_DATA(domain) *self, unsigned int rounds)
{
	uint64_t end = dmabay_deadline(PATIENCE);

	while (__atomic_load_n(&self->rounds, __ATOMIC_ACQUIRE) < rounds) {
		if (dmabay_deadline(0) > end)
			return false;
		pause_for(MILLISECOND);
	}
	return true;
}

TEST_F_TIMEOUT(domain, goes_lazy, LONG_TEST)
{
	pthread_t thread;
	unsigned int strict;
	bool refused;

	ASSERT_EQ(0, pthread_create(&thread, NULL, go_on, self));
	EXPECT_TRUE(saw_rounds(self, ROUNDS));
	refused = write_file(self->type, "DMA-FQ");
	strict = __atomic_load_n(&self->rounds, __ATOMIC_ACQUIRE);
	EXPECT_TRUE(saw_rounds(self, strict + ROUNDS));
	__atomic_store_n(&self->stop, true, __ATOMIC_RELAXED);
	ASSERT_EQ(0, pthread_join(thread, NULL));
	EXPECT_EQ(0, self->status) TH_LOG("round %u", self->rounds);
	if (refused)
		SKIP(return, "this kernel does not change a domain that is used");
	FIGURE("R46", "%u rounds in a strict domain, %u after it went lazy, first error %d", strict,
	       self->rounds - strict, self->status);
}

TEST_HARNESS_MAIN
