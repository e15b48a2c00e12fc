// SPDX-License-Identifier: GPL-2.0-only
/*
 * The nth failure of modules that load, and of those that are removed with users on them.
 * What comes may fail, and then it never was; what goes is gone whatever fails.
 *
 * The kernel's own part of loading a module is left out: those points come before the module
 * is called, and their number is that of a load that the module itself refuses. What is
 * behind them takes a load each: most are left out, others each time, or none with
 * DMABAY_FULL in the environment.
 *
 * No function is bound or unbound here: what the kernel does about its interrupts then does
 * not bear it. The steps of a probe fail one by one in nth_sites_noload.c.
 */
#include "channel.h"
#include "nth.h"
#include "removal.h"

/* Of a load that is not refused, so many points at its end are the module's, or more. */
#define LAST_POINTS	200u

/* Of so many points one is swept, and more with DMABAY_SOAK in the environment. */
#define STRIDE		75u

FIXTURE(probe)
{
	struct nth nth;
};

FIXTURE_SETUP(probe)
{
	const char *missing = nth_begin(&self->nth);

	if (missing)
		SKIP(return, "%s", missing);
	ASSERT_EQ(0, insert("dmabay", ""));
}

FIXTURE_TEARDOWN(probe)
{
	nth_end(&self->nth);
	unload(_metadata);
	EXPECT_EQ(0, removed("dmabay_dmaengine"));
	EXPECT_EQ(0, removed(TEST_ENGINE));
	EXPECT_EQ(0, removed("dmabay"));
}

typedef FIXTURE_DATA(probe) probe_fixture;

/* A file with all that it can own; nothing of it is under way. */
struct user {
	struct dmabay *bay;
	unsigned char *memory;
	uint32_t buffer, reservation;
};

static void start_user(struct __test_metadata *_metadata, const char *driver, struct user *user)
{
	struct dmabay_info info;
	char path[64];

	ASSERT_TRUE(find_node(driver, path, sizeof(path))) TH_LOG("no node of %s", driver);
	ASSERT_EQ(0, dmabay_open(&user->bay, path, O_RDWR));
	ASSERT_EQ(0, dmabay_info(user->bay, &info));
	user->memory = map_pages(PAGE);
	ASSERT_EQ(0, dmabay_register(user->bay, user->memory, PAGE, 0, &user->buffer));
	ASSERT_EQ(0, dmabay_reserve(user->bay, 2, 2, 0, &user->reservation));
	ASSERT_EQ(0, transfer_wait(user->bay, user->reservation, user->buffer, 0,
				   about_a_page(&info), 0, DMABAY_TO_DEVICE));
}

/* The device is gone, and nothing is pinned when the last who had it lets go. */
static void end_user(struct __test_metadata *_metadata, struct user *user)
{
	struct dmabay_info info;

	EXPECT_EQ(-ENODEV, dmabay_info(user->bay, &info));
	dmabay_close(user->bay);
	munmap(user->memory, PAGE);
	EXPECT_EQ(0, pinned_now());
}

static void expect_works(struct __test_metadata *_metadata, const char *driver)
{
	struct dmabay *bay;
	char path[64];

	ASSERT_TRUE(find_node(driver, path, sizeof(path))) TH_LOG("no node of %s", driver);
	ASSERT_EQ(0, dmabay_open(&bay, path, O_RDWR));
	EXPECT_EQ(0, good_transfer(bay));
	dmabay_close(bay);
	EXPECT_NOTHING_LEFT(path);
}

/* ---- loading ---- */

static int load_armed(struct __test_metadata *_metadata, probe_fixture *self, const char *module,
		      const char *parameters, unsigned int n)
{
	int fd = find_module(module), result;

	ASSERT_LE(0, fd);
	nth_arm(&self->nth, n);
	result = syscall(SYS_finit_module, fd, parameters, 0) ? -errno : 0;
	if (n == NTH_MOST)
		self->nth.points = nth_asked(&self->nth);
	nth_disarm(&self->nth);
	close(fd);
	return result;
}

/* The points of a load at which the module is called, and those behind it: from @first on. */
static unsigned int first_point(struct __test_metadata *_metadata, probe_fixture *self,
				const char *module, const char *parameters, const char *refused)
{
	unsigned int all;

	ASSERT_EQ(0, load_armed(_metadata, self, module, parameters, NTH_MOST));
	all = self->nth.points;
	EXPECT_EQ(0, removed(module));
	if (!refused)
		return all > LAST_POINTS ? all - LAST_POINTS : 1;
	EXPECT_GT(0, load_armed(_metadata, self, module, refused, NTH_MOST));
	/* What it needs depends on what is cached. */
	return self->nth.points > 20 ? self->nth.points - 20 : 1;
}

static void sweep_load(struct __test_metadata *_metadata, probe_fixture *self, const char *module,
		       const char *parameters, const char *refused, const char *driver)
{
	unsigned int n = first_point(_metadata, self, module, parameters, refused);
	unsigned int undone = 0, points = 0;
	unsigned int stride = getenv("DMABAY_FULL") ? 1 : STRIDE / repeated(1, 1) ?: 1;
	int result;

	for (n += (unsigned int)time(NULL) % stride;; n += stride) {
		result = load_armed(_metadata, self, module, parameters, n);
		if (!nth_any_failed(&self->nth))
			break;
		points++;
		undone += !!result;
		EXPECT_TRUE(nth_may_say(&self->nth, result, 0))
			TH_LOG("%s %s, point %u: %d", module, parameters, n, result);
		if (!result && driver && !(points % 16))
			expect_works(_metadata, driver);
		EXPECT_EQ(0, removed(module)) TH_LOG("%s, point %u", module, n);
	}
	EXPECT_EQ(0, result);
	if (driver)
		expect_works(_metadata, driver);
	EXPECT_EQ(0, removed(module));
	FIGURE("R09", "loading %s %s: %u points swept, %u undone, %u loads worked all the same",
	       module, parameters, points, undone, points - undone);
	tell_count(points, "points");
}

/* Who goes is gone: the second time at the latest, if the call itself was refused. */
static void sweep_remove(struct __test_metadata *_metadata, probe_fixture *self, const char *module,
			 const char *parameters, const char *driver)
{
	unsigned int n, points = 0;
	struct user user;
	int result;
	bool failed;

	for (n = 1;; n++) {
		ASSERT_EQ(0, insert(module, parameters));
		if (driver)
			start_user(_metadata, driver, &user);
		nth_arm(&self->nth, n);
		result = syscall(SYS_delete_module, module, O_NONBLOCK) ? -errno : 0;
		failed = nth_disarm(&self->nth);
		EXPECT_TRUE(!result || (failed && nth_may_say(&self->nth, result, 0)))
			TH_LOG("%s, point %u: %d", module, n, result);
		EXPECT_EQ(0, removed(module)) TH_LOG("%s, point %u", module, n);
		if (driver)
			end_user(_metadata, &user);
		if (!failed)
			break;
		points++;
	}
	FIGURE("R24", "removing %s: %u points swept, all gone", module, points);
	tell_count(points, "points");
}

TEST_F_TIMEOUT(probe, load_core, LONG_TEST)
{
	ASSERT_EQ(0, removed("dmabay"));
	sweep_load(_metadata, self, "dmabay", "", NULL, NULL);
}

TEST_F_TIMEOUT(probe, load_soft, LONG_TEST)
{
	sweep_load(_metadata, self, "dmabay_soft", "", "provider=none", "soft");
}

TEST_F_TIMEOUT(probe, load_soft_behind_iommu, LONG_TEST)
{
	const char *loan = getenv("DMABAY_LOAN"), *iommu = getenv("DMABAY_IOMMU");
	char parameters[128];

	if (!loan || !*loan || !iommu || !strcmp(iommu, "none"))
		SKIP(return, "there is no function behind an IOMMU to borrow");
	snprintf(parameters, sizeof(parameters), "dma_dev=%s async=1 max_length=65536", loan);
	sweep_load(_metadata, self, "dmabay_soft", parameters, "provider=none", "soft");
}

TEST_F_TIMEOUT(probe, load_channel, LONG_TEST)
{
	struct channel channel = { .driver = TEST_ENGINE };
	char parameters[128];

	if (insert_controller(&channel))
		SKIP(return, "there is no " TEST_ENGINE " here");
	snprintf(parameters, sizeof(parameters), "copy=%s memory=1", channel.name);
	sweep_load(_metadata, self, "dmabay_dmaengine", parameters, "provider=none", "dmaengine");
	sweep_remove(_metadata, self, "dmabay_dmaengine", parameters, "dmaengine");
}

TEST_F_TIMEOUT(probe, remove_soft, LONG_TEST)
{
	sweep_remove(_metadata, self, "dmabay_soft", "", "soft");
}

TEST_F_TIMEOUT(probe, remove_core, LONG_TEST)
{
	sweep_remove(_metadata, self, "dmabay", "", NULL);
}

TEST_HARNESS_MAIN
