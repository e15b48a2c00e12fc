// SPDX-License-Identifier: GPL-2.0-only
/*
 * The places in the module that can be made to fail by themselves (module/fault.c), in
 * workers and interrupts too: each alone, at the first time that it is reached, at the
 * second, and so on, while a program does all that programs do. What fails is said with the
 * errno that belongs to it, nothing is left, and everything works the next time.
 *
 * Loads and unloads the modules itself.
 */
#include "channel.h"
#include "removal.h"
#include "ring.h"
#include "sites.h"
#include "uring.h"

#define LENGTH	(4 * PAGE)

/* A time that a place is reached at which it is still made to fail. */
#define MOST	15u

/* No errno: a part was moved, which is what the user is told where nothing else is. */
#define SHORT	(-10000)

/* ---- all that a program does ---- */

struct work {
	struct dmabay *bay;
	unsigned char *memory;
	uint64_t length;
	uint32_t buffer;
	uint32_t reservation;
};

static int run(struct work *work, uint32_t direction)
{
	return transfer_wait(work->bay, work->reservation, work->buffer, 0, work->length, 0,
			     direction);
}

static int do_register(struct work *work)
{
	return dmabay_register(work->bay, work->memory, LENGTH, 0, &work->buffer);
}

static int do_reserve(struct work *work)
{
	return dmabay_reserve(work->bay, 2, 4, 0, &work->reservation);
}

static int do_reserve_strict(struct work *work)
{
	return dmabay_reserve(work->bay, 2, 4, DMABAY_RESERVE_STRICT, &work->reservation);
}

static int do_free(struct work *work)
{
	return dmabay_free(work->bay, work->reservation);
}

static int do_read(struct work *work)
{
	return run(work, DMABAY_FROM_DEVICE);
}

static int do_write(struct work *work)
{
	return run(work, DMABAY_TO_DEVICE);
}

/* The second time it is linked already, and over when it was submitted. */
static int do_page(struct work *work)
{
	uint64_t length = work->length < PAGE ? work->length : PAGE;
	int result = 0;

	for (int i = 0; i < 2 && !result; i++)
		result = transfer_wait(work->bay, work->reservation, work->buffer, 0, length, 0,
				       DMABAY_TO_DEVICE);
	return result;
}

static int do_once(struct work *work)
{
	int64_t length = dmabay_once(work->bay, work->memory, work->length, 0, DMABAY_TO_DEVICE);

	return length < 0 ? (int)length : length == (int64_t)work->length ? 0 : SHORT;
}

static int do_pread(struct work *work)
{
	ssize_t length = pread(dmabay_fd(work->bay), work->memory, work->length, 0);

	return length < 0 ? -errno : length == (ssize_t)work->length ? 0 : SHORT;
}

static int do_uring(struct work *work)
{
	struct dmabay_transfer transfer = {
		.reservation = work->reservation,
		.buffer = work->buffer,
		.length = work->length,
		.direction = DMABAY_TO_DEVICE,
	};
	struct ring ring;
	int result = ring_open(&ring, 0);

	if (result)
		return result;
	result = ring_run(&ring, work->bay, &transfer, 1);
	ring_close(&ring);
	return result < 0 ? result : 0;
}

static int do_unregister(struct work *work)
{
	return dmabay_unregister(work->bay, work->buffer);
}

/* Completions go to them from then on. */
static int do_rings(struct work *work)
{
	struct rings rings;

	return make_rings(dmabay_fd(work->bay), 4, 4, &rings);
}

/* In this order; the first that fails ends the program, which is nothing but a close(). */
static int (*const doings[])(struct work *work) = {
	do_register, do_once,  do_pread, do_reserve,	    do_write, do_read,
	do_page,     do_uring, do_free,	 do_reserve_strict, do_write, do_read,
	do_free,     do_unregister,	 do_rings,
};

/* Returns the first errno. */
static int work_all(const char *path)
{
	struct work work = { .memory = map_pages(LENGTH) };
	struct dmabay_info info;
	int result = dmabay_open(&work.bay, path, O_RDWR);

	if (result)
		return result;
	result = dmabay_info(work.bay, &info);
	if (!result)
		work.length = info.device_memory < LENGTH ? about_a_page(&info) : LENGTH;
	fill(work.memory, LENGTH, SENT, 3);
	for (size_t i = 0; i < ARRAY_SIZE(doings) && !result; i++)
		result = doings[i](&work);
	dmabay_close(work.bay);
	munmap(work.memory, LENGTH);
	return result;
}

/* ---- one place after the other ---- */

/* What it is said with; 0 if there is none. */
static const struct {
	const char *name;
	int error;
} errors[] = {
	{ "account", ENOMEM }, { "copy_in", EFAULT }, { "copy_out", 0 },
	{ "link", EIO },       { "map", ENOMEM },     { "pin", ENOMEM },
	{ "prepare", EIO },    { "sync", EIO },	      { "table", ENOMEM },
};

/* Of all devices, whether it was reached. */
#define REACHED	"/tmp/dmabay-sites"

static void remember(const char *name, unsigned int reached, unsigned int failed)
{
	FILE *file = fopen(REACHED, "ae");

	if (file) {
		fprintf(file, "%s %u %u\n", name, reached, failed);
		fclose(file);
	}
}

static void sweep_site(struct __test_metadata *_metadata, const char *path, const char *name,
		       int error)
{
	unsigned int n, failed = 0, said = 0, reached = 0;
	struct site site;
	int result;

	for (n = 1; n <= MOST; n++) {
		ASSERT_EQ(0, fail_site(name, n));
		result = work_all(path);
		site = site_now(name);
		if (site.reached > reached)
			reached = site.reached;
		EXPECT_EQ(0, write_file(FAULTS "sites", ""));
		EXPECT_NOTHING_LEFT(path);
		if (!site.failed) {
			EXPECT_EQ(0, result) TH_LOG("%s, time %u", name, n);
			break;
		}
		failed++;
		said += !!result;
		EXPECT_TRUE(!result || result == -error || result == SHORT)
			TH_LOG("%s, time %u: %d, not %d", name, n, result, -error);
	}
	EXPECT_EQ(0, work_all(path)) TH_LOG("after %s", name);
	printf("# %s: reached %u times, %u failures, %u said\n", name, reached, failed, said);
	fflush(stdout);
	remember(name, reached, failed);
}

FIXTURE(sites)
{
	char path[64];
	struct channel channel;
};

FIXTURE_VARIANT(sites)
{
	const char *driver;
	const char *parameters;
};

FIXTURE_VARIANT_ADD(sites, soft)
{
	.driver = "soft",
	.parameters = "",
};

FIXTURE_VARIANT_ADD(sites, soft_in_worker)
{
	.driver = "soft",
	.parameters = "async=1",
};

FIXTURE_VARIANT_ADD(sites, soft_direct)
{
	.driver = "soft",
	.parameters = "async=1 provider=direct",
};

FIXTURE_VARIANT_ADD(sites, channel)
{
	.driver = TEST_ENGINE,
	.parameters = "memory=1 timeout_ms=500 max_length=65536",
};

FIXTURE_VARIANT_ADD(sites, edu)
{
	.driver = "edu",
	.parameters = "timeout_ms=2000",
};

static bool is_edu(const FIXTURE_VARIANT(sites) *variant)
{
	return !strcmp(variant->driver, "edu");
}

static bool load_variant(struct __test_metadata *_metadata, FIXTURE_DATA(sites) *self,
			 const FIXTURE_VARIANT(sites) *variant)
{
	int result;

	if (strcmp(variant->driver, TEST_ENGINE)) {
		if (!load(_metadata, variant->driver, variant->parameters))
			return false;
		ASSERT_TRUE(find_node(variant->driver, self->path, sizeof(self->path)));
		return true;
	}
	result = load_channel(&self->channel, TEST_ENGINE, variant->parameters);
	if (result == -ENOENT)
		SKIP(return false, "there is no " TEST_ENGINE " here");
	ASSERT_EQ(0, result);
	dmabay_close(self->channel.bay);
	snprintf(self->path, sizeof(self->path), "%s", self->channel.path);
	return true;
}

static void unload_variant(struct __test_metadata *_metadata, FIXTURE_DATA(sites) *self,
			   const FIXTURE_VARIANT(sites) *variant)
{
	if (strcmp(variant->driver, TEST_ENGINE)) {
		unload(_metadata);
	} else {
		EXPECT_EQ(0, unload_channel(&self->channel));
	}
}

FIXTURE_SETUP(sites)
{
	if (!load_variant(_metadata, self, variant))
		return;
	if (!sites_begin()) {
		unload_variant(_metadata, self, variant);
		SKIP(return, "this kernel has no fault injection");
	}
}

FIXTURE_TEARDOWN(sites)
{
	write_file(FAULTS "sites", "");
	EXPECT_EQ(0, work_all(self->path));
	EXPECT_NOTHING_LEFT(self->path);
	unload_variant(_metadata, self, variant);
}

static void sweep_sites(struct __test_metadata *_metadata, FIXTURE_DATA(sites) *self,
			const FIXTURE_VARIANT(sites) *variant)
{
	for (size_t i = 0; i < ARRAY_SIZE(errors); i++) {
		/* A transfer takes it a tenth of a second: what only it has. */
		if (is_edu(variant) && strcmp(errors[i].name, "link") &&
		    strcmp(errors[i].name, "sync"))
			continue;
		sweep_site(_metadata, self->path, errors[i].name, errors[i].error);
	}
}

/* ---- a dump for which there is no memory ---- */

static void lose_dump(struct __test_metadata *_metadata, FIXTURE_DATA(sites) *self)
{
	uint64_t end = dmabay_deadline(PATIENCE);
	struct site site;

	ASSERT_EQ(0, fail_site("dump", 1));
	ASSERT_EQ(0, set_plan("hang", 1));
	EXPECT_EQ(-ETIMEDOUT, work_all(self->path));
	do
		site = site_now("dump");
	while (!site.failed && dmabay_deadline(0) < end);
	EXPECT_EQ(1, site.failed);
	EXPECT_EQ(0, write_file(FAULTS "sites", ""));
	EXPECT_NOTHING_LEFT(self->path);
	EXPECT_EQ(0, work_all(self->path));
	remember("dump", site.reached, site.failed);
	forget_plan();
}

/* ---- a register that says that the function is gone ---- */

static int transfer_once(const char *path, uint64_t *took)
{
	uint64_t start = dmabay_deadline(0);
	struct dmabay *bay;
	int result = dmabay_open(&bay, path, O_RDWR);

	if (!result)
		result = good_transfer(bay);
	*took = dmabay_deadline(0) - start;
	dmabay_close(bay);
	return result;
}

static void sweep_registers(struct __test_metadata *_metadata, FIXTURE_DATA(sites) *self)
{
	unsigned int n, late = 0, gone = 0, nothing = 0;
	uint64_t took, longest = 0;
	struct site site;
	int result;

	for (n = 1; n <= MOST; n++) {
		ASSERT_EQ(0, fail_site("mmio", n));
		result = transfer_once(self->path, &took);
		/* It goes as it came: those reads are reads too. */
		EXPECT_EQ(0, unbind_edu());
		if (bind_edu(NULL)) {
			ASSERT_EQ(0, bind_edu(NULL)) TH_LOG("mmio, read %u", n);
		}
		site = site_now("mmio");
		EXPECT_EQ(0, write_file(FAULTS "sites", ""));
		ASSERT_TRUE(find_node("edu", self->path, sizeof(self->path)));
		EXPECT_NOTHING_LEFT(self->path);
		if (!site.failed)
			break;
		longest = took > longest ? took : longest;
		late += result == -ETIMEDOUT;
		gone += result == -ENODEV;
		nothing += !result;
		EXPECT_TRUE(!result || result == -ETIMEDOUT || result == -ENODEV)
			TH_LOG("mmio, read %u: %d", n, result);
	}
	EXPECT_EQ(0, transfer_once(self->path, &took));
	EXPECT_LT(4, n);
	remember("mmio", site.reached, n - 1);
	FIGURE("R17", "%u register reads swept, each once all ones: %u timed out, %u gone, %u not "
	       "noticed; longest transfer %" PRIu64 " ms", n - 1, late, gone, nothing,
	       longest / MILLISECOND);
	tell_count(n - 1, "points");
}

/*
 * Each step of the probe. What one leaves behind is in the way of those that follow, the last
 * of which comes to its end.
 */
static void sweep_probe(struct __test_metadata *_metadata, FIXTURE_DATA(sites) *self)
{
	struct site site;
	unsigned int n;
	uint64_t took;
	int result;

	EXPECT_EQ(0, unbind_edu());
	for (n = 1; n <= MOST; n++) {
		ASSERT_EQ(0, fail_site("probe", n));
		result = bind_edu(NULL);
		site = site_now("probe");
		EXPECT_EQ(0, write_file(FAULTS "sites", ""));
		EXPECT_EQ(site.failed ? -ENOMEM : 0, result) TH_LOG("probe, step %u", n);
		if (!site.failed)
			break;
		EXPECT_FALSE(find_node("edu", self->path, sizeof(self->path)));
	}
	ASSERT_TRUE(find_node("edu", self->path, sizeof(self->path)));
	EXPECT_EQ(0, transfer_once(self->path, &took));
	remember("probe", site.reached, n - 1);
	FIGURE("R09", "probe of edu: each of %u steps failed once, nothing left", n - 1);
}

TEST_F_TIMEOUT(sites, one_by_one, LONG_TEST)
{
	sweep_sites(_metadata, self, variant);
	if (!strcmp(variant->driver, TEST_ENGINE))
		lose_dump(_metadata, self);
	if (is_edu(variant)) {
		sweep_registers(_metadata, self);
		sweep_probe(_metadata, self);
	}
}

/* ---- all together ---- */

/* A fixture's turn comes after those before it. */
FIXTURE(together)
{
	int unused;
};

FIXTURE_SETUP(together)
{
}

FIXTURE_TEARDOWN(together)
{
}

/* A word that is no place, and one that is too long, choose nothing. */
TEST_F(together, unknown_names)
{
	struct site sites[SITES];
	char text[300];

	if (insert("dmabay", ""))
		SKIP(return, "no module to load; DMABAY_MODULES names their folder");
	if (!read_sites(sites)) {
		EXPECT_EQ(0, removed("dmabay"));
		SKIP(return, "this kernel has no fault injection");
	}
	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	EXPECT_EQ(-EINVAL, write_file(FAULTS "sites", "nowhere"));
	EXPECT_EQ(-EINVAL, write_file(FAULTS "sites", "link nowhere"));
	EXPECT_EQ(-EINVAL, write_file(FAULTS "sites", text));
	EXPECT_EQ(0, write_file(FAULTS "sites", "link sync"));
	EXPECT_EQ(0, write_file(FAULTS "sites", ""));
	EXPECT_EQ(0, removed("dmabay"));
}

/* A place that nobody reaches was not swept. */
TEST_F(together, all_sites_were_reached)
{
	unsigned int count, hit = 0, failures = 0, reached, failed;
	const char *iommu = getenv("DMABAY_IOMMU");
	struct site sites[SITES];
	char line[64], name[16];
	FILE *file;

	if (insert("dmabay", ""))
		SKIP(return, "no module to load; DMABAY_MODULES names their folder");
	count = read_sites(sites);
	EXPECT_EQ(0, removed("dmabay"));
	file = fopen(REACHED, "re");
	if (!count || !file)
		SKIP(return, "no place was swept");
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%15s %u %u", name, &reached, &failed) != 3)
			continue;
		failures += failed;
		for (unsigned int i = 0; i < count; i++)
			if (!strcmp(sites[i].name, name))
				sites[i].failed += failed;
	}
	fclose(file);
	unlink(REACHED);
	for (unsigned int i = 0; i < count; i++) {
		hit += !!sites[i].failed;
		/* Without an IOMMU nothing is linked. */
		if (iommu && strcmp(iommu, "strict") && strcmp(iommu, "lazy") &&
		    (!strcmp(sites[i].name, "link") || !strcmp(sites[i].name, "sync")))
			continue;
		EXPECT_LT(0, sites[i].failed) TH_LOG("%s was never reached", sites[i].name);
	}
	FIGURE("R22", "%u of %u sites hit, %u failures, each said once or survived", hit, count,
	       failures);
}

TEST_HARNESS_MAIN
