// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tracepoints: from what they say alone, the life of every transfer is put together
 * again, and compared with what its user has seen. Each was submitted, started, ended and
 * read, in this order, once; its pieces add up; those of a reservation ran one after the
 * other; and it all was between the moment at which the user asked for it and the moment at
 * which he knew.
 */
#include <sys/mount.h>
#include <sys/stat.h>

#include "uring.h"

#define TRACING		"/sys/kernel/tracing"
#define INSTANCE	TRACING "/instances/dmabay_test"
#define BUFFER_KIB	"2048"
#define DEPTH		8u
#define LIVES		64u

/* ---- what the user has seen ---- */

enum way { READ, DROPPED, COMMAND, ONCE };

struct seen {
	uint64_t cookie;
	enum way way;
	int status;
	uint64_t length;	/* transferred */
	uint64_t asked;
	uint64_t before;	/* CLOCK_MONOTONIC, in us */
	uint64_t after;
	unsigned int told;	/* of by the trace */
};

/* ---- what the trace says ---- */

struct life {
	bool open;
	bool ended;
	char command[32];
	uint64_t file, reservation, slot, cookie, asked;
	uint64_t submitted_at, started_at, ended_at;
	unsigned int started, withdrawn, programmed, completed;
	uint64_t offset;	/* of the next piece */
	uint64_t piece;		/* under way */
	int64_t status;
	uint64_t transferred;
};

/* One line. */
struct event {
	char name[48];
	const char *fields;
	uint64_t at;		/* in us */
};

FIXTURE(trace)
{
	char path[64];
	struct dmabay *bay;
	struct dmabay_info info;
	unsigned char *memory;
	uint64_t length;
	uint32_t buffer;
	uint32_t reservation;
	bool has_ring;
	uint64_t next_cookie;
	struct seen seen[LIVES];
	unsigned int seen_count;
	unsigned int cancelled;

	struct life lives[LIVES];
	/* the last end of a transfer of the reservation */
	uint64_t idle_since[4];
	unsigned int withdrawn;
	int requested, granted, freed, registered, unregistered;
	char posted[32];
	int64_t posted_result;
};

typedef FIXTURE_DATA(trace) fixture;

FIXTURE_VARIANT(trace)
{
	const char *driver;
};

FIXTURE_VARIANT_ADD(trace, soft)
{
	.driver = "soft",
};

FIXTURE_VARIANT_ADD(trace, edu)
{
	.driver = "edu",
};

static int tell(const char *file, const char *text)
{
	char path[160];
	int fd, result = 0;

	snprintf(path, sizeof(path), INSTANCE "/%s", file);
	fd = open(path, O_WRONLY | O_CLOEXEC | O_TRUNC);
	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		result = -errno;
	close(fd);
	return result;
}

static uint64_t now(void)
{
	return dmabay_deadline(0) / 1000;
}

FIXTURE_SETUP(trace)
{
	if (access(TRACING "/events", F_OK) && mount("tracefs", TRACING, "tracefs", 0, NULL))
		SKIP(return, "there is no tracefs");
	if (!find_node(variant->driver, self->path, sizeof(self->path)))
		SKIP(return, "there is no node of %s", variant->driver);
	ASSERT_EQ(0, dmabay_open(&self->bay, self->path, O_RDWR));
	ASSERT_EQ(0, dmabay_info(self->bay, &self->info));
	self->length = about_a_page(&self->info);
	self->memory = map_pages(2 * PAGE);
	ASSERT_NE(NULL, self->memory);

	rmdir(INSTANCE);
	ASSERT_EQ(0, mkdir(INSTANCE, 0700));
	ASSERT_EQ(0, tell("buffer_size_kb", BUFFER_KIB));
	ASSERT_EQ(0, tell("trace_clock", "mono"));
	ASSERT_EQ(0, tell("events/dmabay/enable", "1"));
	/* That one is of the layer below. */
	ASSERT_EQ(0, tell("events/dmabay/dmabay_state/enable", "0"));

	ASSERT_EQ(0, dmabay_register(self->bay, self->memory, 2 * PAGE, 0, &self->buffer));
	ASSERT_EQ(0, dmabay_reserve(self->bay, 1, DEPTH, 0, &self->reservation));
	self->next_cookie = 0x1000;
}

FIXTURE_TEARDOWN(trace)
{
	EXPECT_EQ(0, rmdir(INSTANCE));
}

/* ---- transfers, in every way ---- */

static struct seen *expect(fixture *self, enum way way, int status, uint64_t asked,
			   uint64_t length)
{
	struct seen *seen = &self->seen[self->seen_count++];

	*seen = (struct seen){
		.cookie = way == ONCE ? 0 : self->next_cookie++,
		.way = way,
		.status = status,
		.asked = asked,
		.length = length,
		.before = now(),
	};
	return seen;
}

/* From the middle of a page on: with one map register that is two pieces. */
static struct dmabay_transfer transfer_of(const fixture *self, const struct seen *seen)
{
	return (struct dmabay_transfer){
		.reservation = self->reservation,
		.buffer = self->buffer,
		.offset = PAGE / 2,
		.length = seen->asked,
		.direction = DMABAY_TO_DEVICE,
		.cookie = seen->cookie,
	};
}

static void submit(struct __test_metadata *_metadata, fixture *self,
		   const struct dmabay_transfer *transfers, unsigned int count)
{
	ASSERT_EQ((int)count, dmabay_submit(self->bay, transfers, count, NULL, 0, 0, 0, NULL));
}

/* Writes down how they ended. */
static void read_completions(struct __test_metadata *_metadata, fixture *self, struct seen *first,
			     unsigned int count)
{
	struct dmabay_completion completion;
	struct seen *seen;

	for (unsigned int i = 0; i < count; i++) {
		ASSERT_EQ(1, dmabay_wait(self->bay, &completion, 1, 1, dmabay_deadline(PATIENCE)));
		seen = &first[completion.cookie - first->cookie];
		ASSERT_LT(completion.cookie - first->cookie, count);
		seen->status = completion.status;
		seen->length = completion.length;
		seen->after = now();
	}
}

static void run_some(struct __test_metadata *_metadata, fixture *self, unsigned int count)
{
	struct seen *first = &self->seen[self->seen_count];
	struct dmabay_transfer transfers[DEPTH];

	for (unsigned int i = 0; i < count; i++)
		transfers[i] = transfer_of(self, expect(self, READ, 0, self->length, self->length));
	submit(_metadata, self, transfers, count);
	read_completions(_metadata, self, first, count);
}

/* Those that wait are withdrawn, if the device is slow enough for any to wait. */
static void run_and_cancel(struct __test_metadata *_metadata, fixture *self)
{
	struct seen *first = &self->seen[self->seen_count];
	struct dmabay_transfer transfers[3];
	uint32_t running;
	int cancelled;

	for (unsigned int i = 0; i < 3; i++)
		transfers[i] = transfer_of(self, expect(self, READ, 0, self->length, 0));
	submit(_metadata, self, transfers, 3);
	cancelled = dmabay_cancel(self->bay, 0, 0, 0, &running);
	ASSERT_LE(0, cancelled);
	self->cancelled = (unsigned int)cancelled + running;
	read_completions(_metadata, self, first, 3);
}

static void run_too_late(struct __test_metadata *_metadata, fixture *self)
{
	struct seen *first = expect(self, READ, -ETIMEDOUT, self->length, 0);
	struct dmabay_transfer transfer = transfer_of(self, first);

	transfer.deadline = 1;
	submit(_metadata, self, &transfer, 1);
	read_completions(_metadata, self, first, 1);
	EXPECT_EQ(-ETIMEDOUT, first->status);
}

static void run_in_ring(struct __test_metadata *_metadata, fixture *self)
{
	struct dmabay_transfer transfers[2];
	struct seen *seen[2];
	struct ring ring;

	self->has_ring = !ring_open(&ring, 0);
	if (!self->has_ring)
		return;
	for (unsigned int i = 0; i < 2; i++) {
		seen[i] = expect(self, COMMAND, 0, self->length, self->length);
		transfers[i] = transfer_of(self, seen[i]);
	}
	ASSERT_EQ((int)(2 * self->length), ring_run(&ring, self->bay, transfers, 2));
	seen[0]->after = seen[1]->after = now();
	ring_close(&ring);
}

static void run_unreserved(struct __test_metadata *_metadata, fixture *self)
{
	struct seen *seen = expect(self, ONCE, 0, self->length, self->length);
	int fd = dmabay_fd(self->bay);

	ASSERT_EQ((int64_t)self->length, dmabay_once(self->bay, self->memory, self->length, 0,
						     DMABAY_TO_DEVICE));
	seen->after = now();
	seen = expect(self, ONCE, 0, self->length, self->length);
	ASSERT_EQ((ssize_t)self->length, pwrite(fd, self->memory, self->length, 0));
	seen->after = now();
	seen = expect(self, ONCE, 0, self->length, self->length);
	ASSERT_EQ((ssize_t)self->length, pread(fd, self->memory, self->length, 0));
	seen->after = now();
}

/* The reservation is freed before they are read. */
static void run_unread(struct __test_metadata *_metadata, fixture *self)
{
	struct pollfd ready = { .fd = dmabay_fd(self->bay), .events = POLLIN };
	struct seen *seen = expect(self, DROPPED, 0, self->length, self->length);
	struct dmabay_transfer transfer = transfer_of(self, seen);

	submit(_metadata, self, &transfer, 1);
	/* A ring that ends interrupts the tasks that used it. */
	while (poll(&ready, 1, (int)(PATIENCE / MILLISECOND)) < 0 && errno == EINTR)
		;
	ASSERT_EQ(POLLIN, ready.revents & POLLIN);
	ASSERT_EQ(0, dmabay_free(self->bay, self->reservation));
	seen->after = now();
}

/* ---- lives ---- */

/* Where the value of a field is. */
static const char *field(const struct event *event, const char *name)
{
	size_t length = strlen(name);

	for (const char *at = event->fields; (at = strchr(at, ' ')); ) {
		at++;
		if (!strncmp(at, name, length) && at[length] == '=')
			return at + length + 1;
	}
	return "";
}

static int64_t number(const struct event *event, const char *name)
{
	return strtoll(field(event, name), NULL, 0);
}

static void word(const struct event *event, const char *name, char *text)
{
	if (sscanf(field(event, name), "%31s", text) != 1)
		strcpy(text, "?");
}

static struct life *find_life(fixture *self, const struct event *event)
{
	for (unsigned int i = 0; i < LIVES; i++) {
		struct life *life = &self->lives[i];

		if (life->open && life->file == (uint64_t)number(event, "file") &&
		    life->reservation == (uint64_t)number(event, "reservation") &&
		    life->slot == (uint64_t)number(event, "slot"))
			return life;
	}
	return NULL;
}

static void submitted(struct __test_metadata *_metadata, fixture *self, const struct event *event)
{
	struct life *life = find_life(self, event);

	ASSERT_EQ(NULL, life) TH_LOG("a slot was used twice");
	for (life = self->lives; life->open; life++)
		ASSERT_LT(life, &self->lives[LIVES - 1]);
	*life = (struct life){
		.open = true,
		.file = (uint64_t)number(event, "file"),
		.reservation = (uint64_t)number(event, "reservation"),
		.slot = (uint64_t)number(event, "slot"),
		.cookie = (uint64_t)number(event, "cookie"),
		.asked = (uint64_t)number(event, "length"),
		.submitted_at = event->at,
	};
	word(event, "command", life->command);
	EXPECT_EQ(0, number(event, "device_address"));
}

static void started(struct __test_metadata *_metadata, fixture *self, const struct event *event)
{
	struct life *life = find_life(self, event);

	ASSERT_NE(NULL, life);
	EXPECT_EQ(1, ++life->started);
	EXPECT_FALSE(life->ended);
	life->started_at = event->at;
	/* One at a time. */
	ASSERT_LT(life->reservation, ARRAY_SIZE(self->idle_since));
	EXPECT_LE(self->idle_since[life->reservation], event->at);
}

static void programmed(struct __test_metadata *_metadata, fixture *self, const struct event *event)
{
	struct life *life = find_life(self, event);

	ASSERT_NE(NULL, life);
	EXPECT_EQ(1, life->started);
	EXPECT_EQ(life->completed, life->programmed++);
	EXPECT_EQ(life->offset, (uint64_t)number(event, "offset"));
	life->piece = (uint64_t)number(event, "length");
	EXPECT_LE(life->offset + life->piece, life->asked);
}

static void completed(struct __test_metadata *_metadata, fixture *self, const struct event *event)
{
	struct life *life = find_life(self, event);

	ASSERT_NE(NULL, life);
	EXPECT_EQ(life->programmed, ++life->completed);
	EXPECT_LE((uint64_t)number(event, "transferred"), life->piece);
	life->offset += (uint64_t)number(event, "transferred");
}

static void withdrawn(struct __test_metadata *_metadata, fixture *self, const struct event *event)
{
	struct life *life = find_life(self, event);

	ASSERT_NE(NULL, life);
	EXPECT_FALSE(life->ended);
	/* It was its turn before it was started; then nothing is. */
	EXPECT_LE(life->started, number(event, "running"));
	life->withdrawn++;
	/* What has no reservation is withdrawn by a signal, and by a ring that ends. */
	self->withdrawn += life->reservation && number(event, "status") == -ECANCELED;
}

/* The trace has told all of it: is it one that the user knows of? */
static void over(struct __test_metadata *_metadata, fixture *self, struct life *life,
		 enum way way, uint64_t at)
{
	struct seen *seen = self->seen;

	while (seen < self->seen + self->seen_count &&
	       (seen->told || seen->cookie != life->cookie || seen->way != way))
		seen++;
	ASSERT_LT(seen, self->seen + self->seen_count) TH_LOG("cookie 0x%" PRIx64, life->cookie);
	seen->told++;
	EXPECT_EQ(seen->status, life->status);
	EXPECT_EQ(seen->asked, life->asked);
	EXPECT_EQ(seen->length, life->transferred);
	EXPECT_EQ(life->offset, life->transferred);
	/* The trace rounds. */
	EXPECT_LE(seen->before, life->submitted_at + 1);
	EXPECT_LE(at, seen->after + 1);
	if (life->started) {
		unsigned int pieces = way == ONCE ? 1 : 2;

		EXPECT_LE(life->submitted_at, life->started_at);
		EXPECT_LE(life->started_at, life->ended_at);
		EXPECT_EQ(life->status ? life->completed : pieces, life->programmed);
	} else {
		EXPECT_NE(0, life->status);
		EXPECT_EQ(0, life->programmed);
	}
	EXPECT_TRUE(life->withdrawn || life->status != -ECANCELED);
	life->open = false;
}

/* How a pointer that is NULL looks depends on the kernel. */
static bool is_of_command(const struct life *life)
{
	return strcmp(life->command, "(null)") &&
	       strspn(life->command, "0") != strlen(life->command);
}

static void ended(struct __test_metadata *_metadata, fixture *self, const struct event *event)
{
	struct life *life = find_life(self, event);

	ASSERT_NE(NULL, life);
	EXPECT_FALSE(life->ended);
	EXPECT_EQ(life->programmed, life->completed);
	life->ended = true;
	life->ended_at = event->at;
	life->status = number(event, "status");
	life->transferred = (uint64_t)number(event, "transferred");
	if (life->started)
		self->idle_since[life->reservation] = event->at;
	if (!life->reservation)
		over(_metadata, self, life, ONCE, event->at);
	/* Its slot is free now, and so the life ends; the CQE may come later. */
	else if (is_of_command(life))
		over(_metadata, self, life, COMMAND, event->at);
}

static void told(struct __test_metadata *_metadata, fixture *self, const struct event *event)
{
	struct life *life = find_life(self, event);

	ASSERT_NE(NULL, life);
	EXPECT_TRUE(life->ended);
	EXPECT_LE(life->ended_at, event->at);
	over(_metadata, self, life, strstr(event->name, "read") ? READ : DROPPED, event->at);
}

static void posted(struct __test_metadata *_metadata, fixture *self, const struct event *event)
{
	EXPECT_STREQ("", self->posted);
	word(event, "command", self->posted);
	self->posted_result = number(event, "result");
}

static void requested(struct __test_metadata *_metadata, fixture *self, const struct event *event)
{
	self->requested++;
	EXPECT_EQ(1, number(event, "map_registers"));
	EXPECT_EQ(DEPTH, number(event, "depth"));
}

static void granted(struct __test_metadata *_metadata, fixture *self, const struct event *event)
{
	EXPECT_EQ(self->requested, ++self->granted);
	EXPECT_EQ(self->reservation, number(event, "reservation"));
}

static void freed(struct __test_metadata *_metadata, fixture *self, const struct event *event)
{
	EXPECT_EQ(self->granted, ++self->freed);
	EXPECT_EQ(self->reservation, number(event, "reservation"));
}

static void registered(struct __test_metadata *_metadata, fixture *self, const struct event *event)
{
	self->registered++;
	EXPECT_EQ(self->buffer, number(event, "buffer"));
	EXPECT_EQ(2, number(event, "pages"));
	EXPECT_EQ(2 * PAGE, number(event, "length"));
}

static void unregistered(struct __test_metadata *_metadata, fixture *self,
			 const struct event *event)
{
	EXPECT_EQ(self->registered, ++self->unregistered);
	EXPECT_EQ(self->buffer, number(event, "buffer"));
}

static const struct {
	const char *name;
	void (*tell)(struct __test_metadata *_metadata, fixture *self, const struct event *event);
} meanings[] = {
	{ "dmabay_transfer_submitted", submitted },
	{ "dmabay_transfer_started", started },
	{ "dmabay_transfer_withdrawn", withdrawn },
	{ "dmabay_transfer_ended", ended },
	{ "dmabay_transfer_read", told },
	{ "dmabay_transfer_dropped", told },
	{ "dmabay_piece_programmed", programmed },
	{ "dmabay_piece_completed", completed },
	{ "dmabay_command_posted", posted },
	{ "dmabay_reservation_requested", requested },
	{ "dmabay_reservation_granted", granted },
	{ "dmabay_reservation_freed", freed },
	{ "dmabay_buffer_registered", registered },
	{ "dmabay_buffer_unregistered", unregistered },
};

/* "task-12 [000] ..... 34.567890: dmabay_transfer_read: device=0 ..." */
static bool parse(const char *line, struct event *event)
{
	const char *name = strstr(line, ": dmabay_"), *at = name;
	unsigned long seconds, microseconds;

	if (!name)
		return false;
	while (at > line && at[-1] != ' ')
		at--;
	if (sscanf(at, "%lu.%6lu", &seconds, &microseconds) != 2 ||
	    sscanf(name, ": %47[a-z_]", event->name) != 1)
		return false;
	event->at = seconds * 1000000 + microseconds;
	event->fields = name + 2 + strlen(event->name) + 1;
	return true;
}

static void read_trace(struct __test_metadata *_metadata, fixture *self)
{
	FILE *file = fopen(INSTANCE "/trace", "re");
	struct event event;
	char line[512];
	size_t i;

	ASSERT_NE(NULL, file);
	while (fgets(line, sizeof(line), file)) {
		if (line[0] == '#')
			continue;
		ASSERT_TRUE(parse(line, &event)) TH_LOG("%s", line);
		for (i = 0; i < ARRAY_SIZE(meanings); i++)
			if (!strcmp(meanings[i].name, event.name))
				break;
		ASSERT_LT(i, ARRAY_SIZE(meanings)) TH_LOG("%s", event.name);
		meanings[i].tell(_metadata, self, &event);
		if (!_metadata->exit_code)
			continue;
		TH_LOG("%s", line);
		break;
	}
	fclose(file);
}

/* Events that the kernel had no room for. */
static void expect_nothing_lost(struct __test_metadata *_metadata)
{
	static const char *const losses[] = { "overrun: ", "commit overrun: ", "dropped events: " };
	char path[160];

	for (long cpu = 0; cpu < sysconf(_SC_NPROCESSORS_CONF); cpu++) {
		snprintf(path, sizeof(path), INSTANCE "/per_cpu/cpu%ld/stats", cpu);
		ASSERT_EQ(0, access(path, R_OK));
		for (size_t i = 0; i < ARRAY_SIZE(losses); i++) {
			EXPECT_EQ(0, file_number(path, losses[i])) TH_LOG("%s", losses[i]);
		}
	}
}

TEST_F_TIMEOUT(trace, every_life, LONG_TEST)
{
	run_some(_metadata, self, 4);
	run_and_cancel(_metadata, self);
	run_too_late(_metadata, self);
	run_unreserved(_metadata, self);
	run_in_ring(_metadata, self);
	run_unread(_metadata, self);
	ASSERT_EQ(0, dmabay_unregister(self->bay, self->buffer));
	dmabay_close(self->bay);
	ASSERT_EQ(0, tell("tracing_on", "0"));

	expect_nothing_lost(_metadata);
	read_trace(_metadata, self);
	for (unsigned int i = 0; i < self->seen_count; i++) {
		EXPECT_EQ(1, self->seen[i].told) TH_LOG("cookie 0x%" PRIx64, self->seen[i].cookie);
	}
	for (unsigned int i = 0; i < LIVES; i++) {
		EXPECT_FALSE(self->lives[i].open);
	}
	EXPECT_EQ(self->cancelled, self->withdrawn);
	EXPECT_EQ(1, self->freed);
	EXPECT_EQ(1, self->unregistered);
	EXPECT_EQ(self->has_ring ? 2 * (int64_t)self->length : 0, self->posted_result);
}

TEST_HARNESS_MAIN
