// SPDX-License-Identifier: GPL-2.0-only
/*
 * The library as a C++ program has it: each function has the type that its callers were
 * compiled with, the structs that they share with it have their lengths, and a call links and
 * returns. It needs no device: /dev/null is a node that knows no command.
 *
 * Says what is wrong; nothing, if nothing is.
 */
#include <dmabay.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <type_traits>

#include <fcntl.h>
#include <linux/io_uring.h>
#include <unistd.h>

/* Programs that exist call it like this: a type that changes is a new function. */
#define HAS_TYPE(function, ...) \
	static_assert(std::is_same<decltype(function), __VA_ARGS__>::value, #function)

HAS_TYPE(dmabay_version, const char *());
HAS_TYPE(dmabay_list, int(dmabay_node *, unsigned int));
HAS_TYPE(dmabay_open, int(dmabay **, const char *, int));
HAS_TYPE(dmabay_close, void(dmabay *));
HAS_TYPE(dmabay_fd, int(const dmabay *));
HAS_TYPE(dmabay_path, const char *(const dmabay *));
HAS_TYPE(dmabay_info, int(dmabay *, struct dmabay_info *));
HAS_TYPE(dmabay_counters, int(dmabay *, struct dmabay_counters *));
HAS_TYPE(dmabay_register, int(dmabay *, const void *, uint64_t, uint32_t, uint32_t *));
HAS_TYPE(dmabay_unregister, int(dmabay *, uint32_t));
HAS_TYPE(dmabay_import, int(dmabay *, int, uint32_t, uint32_t *, uint64_t *));
HAS_TYPE(dmabay_reserve, int(dmabay *, uint32_t, uint32_t, uint32_t, uint32_t *));
HAS_TYPE(dmabay_free, int(dmabay *, uint32_t));
HAS_TYPE(dmabay_submit, int(dmabay *, const dmabay_transfer *, uint32_t, dmabay_completion *,
			    uint32_t, uint32_t, uint64_t, uint32_t *));
HAS_TYPE(dmabay_wait, int(dmabay *, dmabay_completion *, uint32_t, uint32_t, uint64_t));
HAS_TYPE(dmabay_uring_prepare,
	 void(const dmabay *, io_uring_sqe *, const dmabay_transfer *, uint32_t));
HAS_TYPE(dmabay_uring_prepare_fixed,
	 void(const dmabay *, io_uring_sqe *, const dmabay_transfer *, uint32_t, uint16_t));
HAS_TYPE(dmabay_ring_open, int(dmabay *, uint32_t, uint32_t, dmabay_ring **));
HAS_TYPE(dmabay_ring_close, void(dmabay_ring *));
HAS_TYPE(dmabay_ring_put, uint32_t(dmabay_ring *, const dmabay_transfer *, uint32_t));
HAS_TYPE(dmabay_ring_enter, int(dmabay_ring *, uint32_t, uint64_t));
HAS_TYPE(dmabay_ring_take, uint32_t(dmabay_ring *, dmabay_completion *, uint32_t));
HAS_TYPE(dmabay_ring_poll, int(dmabay_ring *, uint64_t));
HAS_TYPE(dmabay_cancel, int(dmabay *, uint32_t, uint32_t, uint64_t, uint32_t *));
HAS_TYPE(dmabay_eventfd, int(dmabay *, int));
HAS_TYPE(dmabay_once, int64_t(dmabay *, const void *, uint64_t, uint64_t, uint32_t));
HAS_TYPE(dmabay_once_until,
	 int64_t(dmabay *, const void *, uint64_t, uint64_t, uint32_t, uint64_t));
HAS_TYPE(dmabay_pipeline, int(dmabay *, uint32_t, int (*)(void *, dmabay_transfer *),
			      int (*)(void *, const dmabay_completion *), void *));
HAS_TYPE(dmabay_copy, int(dmabay *, const struct dmabay_copy *));
HAS_TYPE(dmabay_deadline, uint64_t(uint64_t));
HAS_TYPE(dmabay_span_pages, uint64_t(uint64_t, uint64_t));
HAS_TYPE(dmabay_explain, const char *(char *, size_t, uint32_t, int, const struct dmabay_info *,
				      uint64_t));

static_assert(sizeof(dmabay_node) == 96, "dmabay_node");
static_assert(sizeof(struct dmabay_copy) == 48 + 2 * sizeof(void *), "dmabay_copy");

static int wrong;

static void expect(long long wanted, long long got, const char *call)
{
	if (got == wanted)
		return;
	std::printf("%s: %lld, not %lld\n", call, got, wanted);
	wrong = 1;
}

#define EXPECT(wanted, call)	expect((wanted), (call), #call)

static int one_transfer(void *, dmabay_transfer *transfer)
{
	transfer->length = 1;
	return 1;
}

static void objects(dmabay *bay)
{
	struct dmabay_info info;
	struct dmabay_counters counters;
	char memory[16];
	uint64_t length;
	uint32_t number;

	EXPECT(-ENOTTY, dmabay_info(bay, &info));
	EXPECT(-ENOTTY, dmabay_counters(bay, &counters));
	EXPECT(-ENOTTY, dmabay_register(bay, memory, sizeof(memory), DMABAY_REGISTER_READ_ONLY,
					&number));
	EXPECT(-ENOTTY, dmabay_unregister(bay, 0));
	EXPECT(-ENOTTY, dmabay_import(bay, 0, DMABAY_IMPORT_READ_ONLY, &number, &length));
	EXPECT(-ENOTTY, dmabay_reserve(bay, 1, 1, DMABAY_RESERVE_IMMEDIATE, &number));
	EXPECT(-ENOTTY, dmabay_free(bay, 0));
}

/* There are none here, and who closes none does nothing. */
static void rings(dmabay *bay, const dmabay_transfer *transfer, dmabay_completion *completion)
{
	dmabay_ring *ring = nullptr;

	EXPECT(-ENOTTY, dmabay_ring_open(bay, 2, 4, &ring));
	if (ring) {
		dmabay_ring_poll(ring, 0);
		dmabay_ring_put(ring, transfer, 1);
		dmabay_ring_enter(ring, 1, 0);
		dmabay_ring_take(ring, completion, 1);
	}
	dmabay_ring_close(ring);
}

static void transfers(dmabay *bay)
{
	dmabay_transfer transfer = {};
	dmabay_completion completion;
	struct dmabay_copy copy = {};
	uint32_t number;
	char memory[16];

	EXPECT(-ENOTTY, dmabay_submit(bay, &transfer, 1, &completion, 1, 1, 0, &number));
	EXPECT(-ENOTTY, dmabay_wait(bay, &completion, 1, 1, 0));
	EXPECT(-ENOTTY, dmabay_cancel(bay, DMABAY_CANCEL_COOKIE, 0, 1, &number));
	EXPECT(-ENOTTY, dmabay_eventfd(bay, -1));
	rings(bay, &transfer, &completion);
	EXPECT(-ENOTTY, dmabay_once(bay, memory, sizeof(memory), 0, DMABAY_TO_DEVICE));
	EXPECT(-ENOTTY, dmabay_once_until(bay, memory, sizeof(memory), 0, DMABAY_FROM_DEVICE, 1));
	EXPECT(-ENOTTY, dmabay_pipeline(bay, 1, one_transfer, nullptr, nullptr));
	EXPECT(-EINVAL, dmabay_copy(bay, &copy));
	copy.length = copy.chunk = 1;
	EXPECT(-ENOTTY, dmabay_copy(bay, &copy));
}

static void sqes(const dmabay *bay)
{
	dmabay_transfer transfer = {};
	io_uring_sqe sqe;

	dmabay_uring_prepare(bay, &sqe, &transfer, 1);
	EXPECT(IORING_OP_URING_CMD, sqe.opcode);
	EXPECT(dmabay_fd(bay), sqe.fd);
	dmabay_uring_prepare_fixed(bay, &sqe, &transfer, 1, 7);
	EXPECT(7, sqe.buf_index);
}

static void numbers(void)
{
	uint64_t before = dmabay_deadline(0);
	char text[256];

	EXPECT(1, dmabay_deadline(1000000000) >= before + 1000000000);
	EXPECT(2, dmabay_span_pages(1, sysconf(_SC_PAGESIZE)));
	dmabay_explain(text, sizeof(text), DMABAY_CMD_OPEN, -ENODEV, nullptr, 0);
	EXPECT(1, std::strstr(text, "there is no dmabay device") != nullptr);
	EXPECT(1, std::strchr(dmabay_version(), '.') != nullptr);
	EXPECT(1, dmabay_list(nullptr, 0) >= 0);
}

int main()
{
	dmabay *bay;

	EXPECT(-ENOTDIR, dmabay_open(&bay, "/dev/null/dmabay0", O_RDWR));
	dmabay_close(nullptr);
	if (dmabay_open(&bay, "/dev/null", O_RDWR)) {
		std::puts("/dev/null cannot be opened");
		return 1;
	}
	EXPECT(0, std::strcmp(dmabay_path(bay), "/dev/null"));
	objects(bay);
	transfers(bay);
	sqes(bay);
	dmabay_close(bay);
	numbers();
	return wrong;
}
