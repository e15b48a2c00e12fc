/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The fixture: nodes found by driver, memory with a pattern in which every wrong
 * byte tells what went wrong, and the state of the machine that every test must
 * leave as it found it.
 *
 * The harness's EXPECT and ASSERT are two statements each: as the body of a loop
 * or a condition they need braces.
 */
#ifndef DMABAY_TESTS_COMMON_H
#define DMABAY_TESTS_COMMON_H

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "dmabay.h"
#include "kselftest_harness.h"

#define PAGE		((unsigned int)sysconf(_SC_PAGESIZE))
#define MILLISECOND	UINT64_C(1000000)
#define SECOND		UINT64_C(1000000000)

/* For what must end but may take its time on a slow machine. */
#define PATIENCE	(60 * SECOND)

/* Seconds that the harness gives a test. */
#define LONG_TEST	600

static inline void pause_for(uint64_t nanoseconds)
{
	struct timespec time = {
		.tv_sec = (time_t)(nanoseconds / SECOND),
		.tv_nsec = (long)(nanoseconds % SECOND),
	};

	nanosleep(&time, NULL);
}

/* The command itself: 0 or a negative errno. */
static inline int raw(int fd, unsigned long number, void *argument)
{
	return ioctl(fd, number, argument) < 0 ? -errno : 0;
}

/* A file of sysfs and the like: 0 or a negative errno. */
static inline int write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int result = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, strlen(text)) < 0)
		result = -errno;
	close(fd);
	return result;
}

/*
 * What a test found out, for the table of hazards (userspace/hazards.rst): a row of it and a
 * sentence with numbers. Tests in the kernel say kunit_info(test, "R07: ...").
 */
#define FIGURE(row, format, ...) do { \
	printf("# " row ": " format "\n", ##__VA_ARGS__); \
	fflush(stdout); \
} while (0)

/* What there was so many of, summed up over everything that ran. */
static inline void tell_count(uint64_t number, const char *what)
{
	printf("# counted: %" PRIu64 " %s\n", number, what);
	fflush(stdout);
}

/*
 * How often a test repeats what it is about: @quick times with DMABAY_QUICK in the environment,
 * for kernels that are slow; DMABAY_SOAK times as often if it is there.
 */
static inline unsigned int repeated(unsigned int usual, unsigned int quick)
{
	const char *soak = getenv("DMABAY_SOAK");
	unsigned int times = soak && *soak ? (unsigned int)strtoul(soak, NULL, 10) : 1;

	return (getenv("DMABAY_QUICK") ? quick : usual) * times;
}

/* ---- nodes ---- */

/* The first node whose driver ("soft", "edu") or place has @name in its name. */
static inline bool find_node(const char *name, char *path, size_t size)
{
	struct dmabay_node nodes[16];
	int count = dmabay_list(nodes, 16);
	struct dmabay_info info;
	struct dmabay *bay;
	bool found = false;

	for (int i = 0; i < count && i < 16 && !found; i++) {
		if (dmabay_open(&bay, nodes[i].path, O_RDONLY))
			continue;
		if (!dmabay_info(bay, &info) &&
		    (strstr((char *)info.driver, name) || strstr((char *)info.bus, name))) {
			snprintf(path, size, "%s", nodes[i].path);
			found = true;
		}
		dmabay_close(bay);
	}
	return found;
}

/* ---- memory ---- */

static inline unsigned char *map_pages(size_t length)
{
	void *memory = mmap(NULL, length, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return memory == MAP_FAILED ? NULL : memory;
}

/* A member of 4 or 8 bytes: not everywhere is the first one the lowest. */
static inline void put_number(void *object, size_t offset, size_t width, uint64_t value)
{
	uint32_t half = (uint32_t)value;

	if (width == sizeof(half))
		memcpy((char *)object + offset, &half, width);
	else
		memcpy((char *)object + offset, &value, width);
}

/* The physical address of a page of this process, 0 if it cannot be known. */
static inline uint64_t physical_address(const unsigned char *page)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry = 0;

	if (fd < 0)
		return 0;
	if (pread(fd, &entry, sizeof(entry), (off_t)((uintptr_t)page / PAGE * 8)) !=
	    sizeof(entry))
		entry = 0;
	close(fd);
	return entry >> 63 ? (entry & ((UINT64_C(1) << 55) - 1)) * PAGE : 0;
}

/* A page whose physical address is in that range, or NULL. */
static inline unsigned char *map_page_between(uint64_t low, uint64_t high,
					      uint64_t *physical)
{
	for (int i = 0; i < 50000; i++) {
		unsigned char *page = map_pages(PAGE);

		if (!page)
			return NULL;
		*page = 1;
		*physical = physical_address(page);
		if (*physical && *physical >= low && *physical + PAGE <= high)
			return page;
	}
	return NULL;
}

/*
 * The two upper bits say whose byte it is, the others where it belongs. A byte
 * that is still BLANK was never written; a SENT byte in the wrong place was
 * written from or to the wrong place; anything else came from nowhere.
 */
#define SENT	0x80u
#define BLANK	0x40u

/* Eight bytes of it, the first one lowest. */
static inline uint64_t pattern_word(unsigned int whose, uint64_t seed, uint64_t word)
{
	uint64_t mixed = (word + seed * 0x9e3779b97f4a7c15u + 1) * 0xbf58476d1ce4e5b9u;

	mixed = (mixed ^ mixed >> 32) * 0x94d049bb133111ebu;
	mixed ^= mixed >> 32;
	return (mixed & 0x3f3f3f3f3f3f3f3fu) | whose * 0x0101010101010101u;
}

static inline unsigned char pattern(unsigned int whose, uint64_t seed, uint64_t at)
{
	return (unsigned char)(pattern_word(whose, seed, at / 8) >> at % 8 * 8);
}

/* From @at to before @end: most of the time of many tests, so whole words where it can be. */
static inline void fill_between(unsigned char *memory, size_t at, size_t end, unsigned int whose,
				uint64_t seed)
{
	for (; at < end && at % 8; at++)
		memory[at] = pattern(whose, seed, at);
	for (; at + 8 <= end; at += 8) {
		uint64_t word = htole64(pattern_word(whose, seed, at / 8));

		memcpy(memory + at, &word, sizeof(word));
	}
	for (; at < end; at++)
		memory[at] = pattern(whose, seed, at);
}

static inline void fill(unsigned char *memory, size_t length, unsigned int whose,
			uint64_t seed)
{
	fill_between(memory, 0, length, whose, seed);
}

static inline const char *fault_of(unsigned char got)
{
	switch (got & (SENT | BLANK)) {
	case BLANK:
		return "it was never written";
	case SENT:
		return "it belongs elsewhere";
	default:
		return "it is neither side's";
	}
}

/* Looked at by this process, and not told yet. */
static uint64_t bytes_compared;

static inline void tell_bytes(void)
{
	if (bytes_compared)
		tell_count(bytes_compared, "bytes_compared");
	bytes_compared = 0;
}

/* The index of the first byte that is not as filled, of those from @at to before @end, or -1. */
static inline int64_t first_wrong_between(const unsigned char *memory, size_t at, size_t end,
					  unsigned int whose, uint64_t seed)
{
	__atomic_fetch_add(&bytes_compared, end - at, __ATOMIC_RELAXED);
	while (at < end) {
		uint64_t word = htole64(pattern_word(whose, seed, at / 8));

		if (at % 8 || at + 8 > end || memcmp(memory + at, &word, sizeof(word))) {
			if (memory[at] != pattern(whose, seed, at))
				return (int64_t)at;
			at++;
		} else {
			at += 8;
		}
	}
	return -1;
}

static inline int64_t first_wrong(const unsigned char *memory, size_t length,
				  unsigned int whose, uint64_t seed)
{
	return first_wrong_between(memory, 0, length, whose, seed);
}

#define EXPECT_PATTERN_BETWEEN(memory, at, end, whose, seed) do { \
	const unsigned char *_memory = (memory); \
	int64_t _wrong = first_wrong_between(_memory, (at), (end), (whose), (seed)); \
	EXPECT_EQ(-1, _wrong) \
		TH_LOG("byte %" PRId64 " is 0x%02x, not 0x%02x: %s", _wrong, \
		       _memory[_wrong], pattern((whose), (seed), (uint64_t)_wrong), \
		       fault_of(_memory[_wrong])); \
} while (0)

#define EXPECT_PATTERN(memory, length, whose, seed) \
	EXPECT_PATTERN_BETWEEN(memory, 0, length, whose, seed)

/* ---- one transfer ---- */

/* A page, or what the device has of it: edu's memory is a little smaller. */
static inline uint64_t about_a_page(const struct dmabay_info *info)
{
	uint64_t length = info->device_memory < PAGE ? info->device_memory : PAGE;

	return length - length % info->alignment;
}

/* Returns the completion's status, or the errno of the call. */
static inline int transfer_wait(struct dmabay *bay, uint32_t reservation, uint32_t buffer,
				uint64_t offset, uint64_t length, uint64_t device_address,
				uint32_t direction)
{
	struct dmabay_transfer transfer = {
		.reservation = reservation,
		.buffer = buffer,
		.offset = offset,
		.length = length,
		.device_address = device_address,
		.direction = direction,
		.cookie = offset ^ length,
	};
	uint64_t end = dmabay_deadline(PATIENCE);
	struct dmabay_completion completion;
	uint32_t completed = 0;
	int result = dmabay_submit(bay, &transfer, 1, &completion, 1, 1, end, &completed);

	if (result < 0)
		return result;
	/* A ring that ends interrupts the tasks that used it, as a signal does. */
	for (result = -EINTR; !completed && result == -EINTR;) {
		result = dmabay_wait(bay, &completion, 1, 1, end);
		completed = result > 0;
	}
	if (!completed)
		return -ETIMEDOUT;
	if (completion.cookie != transfer.cookie || completion.reservation != reservation)
		return -EBADMSG;
	if (!completion.status && completion.length != length)
		return -EMSGSIZE;
	return completion.status;
}

/* All of @memory, which is @buffer. Returns 0 or a negative errno; -EILSEQ for wrong bytes. */
static inline int round_trip(struct dmabay *bay, uint32_t reservation, uint32_t buffer,
			     unsigned char *memory, uint64_t length, uint64_t seed)
{
	int result;

	fill(memory, length, SENT, seed);
	result = transfer_wait(bay, reservation, buffer, 0, length, 0, DMABAY_TO_DEVICE);
	fill(memory, length, BLANK, seed);
	if (!result)
		result = transfer_wait(bay, reservation, buffer, 0, length, 0, DMABAY_FROM_DEVICE);
	if (!result && first_wrong(memory, length, SENT, seed) != -1)
		result = -EILSEQ;
	return result;
}

/*
 * The first @length bytes of device memory, by a file, a buffer and a reservation
 * of their own. Returns 0 or a negative errno.
 */
static inline int read_back(struct dmabay *bay, unsigned char *memory, uint64_t length)
{
	uint32_t buffer, reservation;
	struct dmabay *other;
	int result = dmabay_open(&other, dmabay_path(bay), O_RDWR);

	if (result)
		return result;
	result = dmabay_register(other, memory, length, 0, &buffer);
	if (!result)
		result = dmabay_reserve(other, 1, 1, 0, &reservation);
	if (!result)
		result = transfer_wait(other, reservation, buffer, 0, length, 0,
				       DMABAY_FROM_DEVICE);
	dmabay_close(other);
	return result;
}

/*
 * About a page there and back, in its own buffer and reservation: the device
 * works. Returns 0 or a negative errno; -EILSEQ for wrong bytes.
 */
static inline int good_transfer(struct dmabay *bay)
{
	unsigned char *memory = map_pages(PAGE);
	uint32_t buffer, reservation;
	struct dmabay_info info;
	uint64_t length;
	int result = dmabay_info(bay, &info);

	if (result)
		goto unmap;
	length = about_a_page(&info);
	result = dmabay_register(bay, memory, PAGE, 0, &buffer);
	if (result)
		goto unmap;
	result = dmabay_reserve(bay, 2, 2, 0, &reservation);
	if (result)
		goto unregister;
	result = round_trip(bay, reservation, buffer, memory, length, 7);
	if (dmabay_free(bay, reservation) && !result)
		result = -EBUSY;
unregister:
	if (dmabay_unregister(bay, buffer) && !result)
		result = -EBUSY;
unmap:
	munmap(memory, PAGE);
	return result;
}

/* Whether so many wait in line, within PATIENCE. */
static inline bool saw_waiters(struct dmabay *bay, uint32_t waiters)
{
	uint64_t end = dmabay_deadline(PATIENCE);
	struct dmabay_info info;

	while (!dmabay_info(bay, &info) && dmabay_deadline(0) < end) {
		if (info.waiters == waiters)
			return true;
		pause_for(MILLISECOND);
	}
	return false;
}

/* ---- the state of the machine ---- */

/*
 * What stands behind each of the keys, and 0 where there is none. What the kernel tells there
 * it finds out anew for each read(), so there are few.
 */
static inline void file_numbers(const char *path, size_t count, const char *const keys[],
				int64_t numbers[])
{
	FILE *file = fopen(path, "re");
	char buffer[8192], line[256];
	size_t found = 0;

	memset(numbers, 0, count * sizeof(*numbers));
	if (!file)
		return;
	setvbuf(file, buffer, _IOFBF, sizeof(buffer));
	while (found < count && fgets(line, sizeof(line), file))
		for (size_t i = 0; i < count; i++)
			if (!strncmp(line, keys[i], strlen(keys[i])))
				found += sscanf(line + strlen(keys[i]), "%" SCNd64,
						&numbers[i]) == 1;
	fclose(file);
}

static inline int64_t file_number(const char *path, const char *key)
{
	int64_t number;

	file_numbers(path, 1, &key, &number);
	return number;
}

/* Pages that the kernel holds pinned, of all processes. */
static inline int64_t pinned_now(void)
{
	static const char *const keys[] = { "nr_foll_pin_acquired ", "nr_foll_pin_released " };
	int64_t numbers[2];

	/* Reading it makes each processor's share count. */
	file_number("/proc/sys/vm/stat_refresh", "-");
	file_numbers("/proc/vmstat", 2, keys, numbers);
	return numbers[0] - numbers[1];
}

/* Of this process, locked and pinned: KiB. */
static inline void memory_held(int64_t numbers[2])
{
	static const char *const keys[] = { "VmLck:", "VmPin:" };

	file_numbers("/proc/self/status", 2, keys, numbers);
}

struct state {
	int64_t map_registers_free;
	int64_t waiters;
	int64_t pinned_pages;	/* as the device says */
	int64_t pinned_now;	/* as the kernel says */
	int64_t locked_kib;	/* of this process */
	int64_t pinned_kib;
};

static inline int state_read(struct dmabay *bay, struct state *state)
{
	struct dmabay_counters counters;
	struct dmabay_info info;
	int64_t held[2];
	int result = dmabay_info(bay, &info);

	if (!result)
		result = dmabay_counters(bay, &counters);
	if (result)
		return result;
	memory_held(held);
	*state = (struct state){
		.map_registers_free = info.map_registers_free,
		.waiters = info.waiters,
		.pinned_pages = (int64_t)counters.pinned_pages,
		.pinned_now = pinned_now(),
		.locked_kib = held[0],
		.pinned_kib = held[1],
	};
	return 0;
}

#define EXPECT_STATE(before, after) do { \
	EXPECT_EQ((before)->map_registers_free, (after)->map_registers_free); \
	EXPECT_EQ((before)->waiters, (after)->waiters); \
	EXPECT_EQ((before)->pinned_pages, (after)->pinned_pages); \
	EXPECT_EQ((before)->pinned_now, (after)->pinned_now); \
	EXPECT_EQ((before)->locked_kib, (after)->locked_kib); \
	EXPECT_EQ((before)->pinned_kib, (after)->pinned_kib); \
} while (0)

/*
 * What is still held on a node that no file uses, or NULL. Closing may be
 * followed by work that is not finished when close() returns: it gets time.
 */
static inline const char *left_behind(const char *path)
{
	uint64_t end = dmabay_deadline(PATIENCE);
	struct dmabay_counters counters;
	struct dmabay_info info;
	struct dmabay *bay;
	const char *what;
	int64_t held[2];

	if (dmabay_open(&bay, path, O_RDONLY))
		return "the node cannot be opened";
	for (;;) {
		what = NULL;
		memory_held(held);
		if (dmabay_info(bay, &info) || dmabay_counters(bay, &counters))
			what = "the node does not answer";
		else if (info.map_registers_free != info.map_registers)
			what = "map registers are not free";
		else if (info.waiters)
			what = "somebody waits for map registers";
		else if (counters.pinned_pages)
			what = "the device says that pages are pinned";
		else if (counters.linked_bytes)
			what = "memory is linked";
		else if (pinned_now())
			what = "the kernel says that pages are pinned";
		else if (held[0] || held[1])
			what = "this process has locked memory";
		if (!what || dmabay_deadline(0) > end)
			break;
		pause_for(10 * MILLISECOND);
	}
	dmabay_close(bay);
	return what;
}

#define EXPECT_NOTHING_LEFT(path) do { \
	const char *_what = left_behind(path); \
	tell_bytes(); \
	EXPECT_EQ(NULL, _what) TH_LOG("left: %s: %s", (path), _what); \
} while (0)

#endif /* DMABAY_TESTS_COMMON_H */
