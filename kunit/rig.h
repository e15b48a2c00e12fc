/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The rig: what every suite needs to show how dmabay behaves.
 *
 * A rig is one device with one enabler over one provider, transactions whose
 * callbacks are logged, and buffers. rig_exit() takes all of it apart, whatever
 * state a failed test left it in, and expects every map register to be free.
 *
 * A test runs once for each provider, with the packet profile (RIG_CASE), a
 * scatter-gather profile (RIG_CASE_LISTS) or one after the other (RIG_CASE_PROFILES),
 * or over bounce with the packet profile (KUNIT_CASE). A provider that cannot be had
 * on this machine is skipped with its reason.
 *
 * A test thread owns its rig. Only the log has a lock, because callbacks can run
 * on any thread.
 */
#ifndef _DMABAY_RIG_H
#define _DMABAY_RIG_H

#include <kunit/test.h>
#include <linux/bug.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/spinlock.h>

#include <linux/dmabay.h>

struct iommu_domain;
struct pci_dev;

/* What a test is run over; @translated: behind the IOMMU of QEMU's edu function. */
struct rig_provider {
	const char *name;
	enum dmabay_provider provider;
	bool translated;
	enum dmabay_profile profile;
};

/* First the packet profile, then scatter-gather, each over all providers. */
#define RIG_PROVIDERS		5
extern const struct rig_provider rig_providers[2 * RIG_PROVIDERS];

const void *rig_gen_params(struct kunit *test, const void *previous, char *description);
const void *rig_lists_gen_params(struct kunit *test, const void *previous, char *description);
const void *rig_profiles_gen_params(struct kunit *test, const void *previous, char *description);

#define RIG_CASE(name)			KUNIT_CASE_PARAM(name, rig_gen_params)
#define RIG_CASE_LISTS(name)		KUNIT_CASE_PARAM(name, rig_lists_gen_params)
#define RIG_CASE_PROFILES(name)		KUNIT_CASE_PARAM(name, rig_profiles_gen_params)

/* The same for tests that do something very often. */
#define RIG_SLOW(name, gen_params)						\
	KUNIT_CASE_PARAM_ATTR(name, gen_params, ((struct kunit_attributes) {	\
		.speed = KUNIT_SPEED_SLOW,					\
	}))
#define RIG_CASE_SLOW(name)		RIG_SLOW(name, rig_gen_params)
#define RIG_CASE_LISTS_SLOW(name)	RIG_SLOW(name, rig_lists_gen_params)
#define RIG_CASE_PROFILES_SLOW(name)	RIG_SLOW(name, rig_profiles_gen_params)

/* Callbacks that are remembered; more are counted. */
#define RIG_EVENTS		256

/* What a test that does the same many times may take, on an emulated machine. */
#define RIG_SECONDS		20

/* So many where the CPU is one; where it may be emulated, with all debugging aids, fewer. */
static inline unsigned int rig_many(unsigned int count)
{
	return IS_ENABLED(CONFIG_UML) ? count : DIV_ROUND_UP(count, 100);
}

/* The same for what is long enough in a few tens. */
static inline unsigned int rig_some(unsigned int count)
{
	return IS_ENABLED(CONFIG_UML) ? count : DIV_ROUND_UP(count, 20);
}

/* Elements of a list that are remembered with it. */
#define RIG_ELEMENTS		8

enum rig_event_kind {
	RIG_PROGRAM,
	RIG_RESERVED,
};

struct rig_transaction;

/* One callback, and what the object said inside it. */
struct rig_event {
	enum rig_event_kind kind;
	struct rig_transaction *transaction;
	struct device *dev;
	enum dmabay_direction direction;
	/* of the list, the first RIG_ELEMENTS of its elements, and all bytes */
	unsigned int count;
	struct dmabay_sg_element elements[RIG_ELEMENTS];
	dma_addr_t address;
	size_t length;
	size_t current_length;
	size_t bytes_transferred;
	struct task_struct *task;
};

struct rig {
	struct kunit *test;
	const struct rig_provider *param;
	struct task_struct *task;
	unsigned long deadline;
	struct device *dev;
	struct pci_dev *edu;
	struct iommu_domain *domain;
	struct dmabay_enabler *enabler;
	/* of the read direction; simplex: of both */
	struct dmabay_adapter *adapter;
	/* what rig_hold() took, by direction */
	struct rig_hold {
		struct dmabay_channel channel;
		unsigned int map_registers;
	} held[2];
	struct list_head transactions;
	struct list_head buffers;
	/* the thread on another CPU, see rig_other_start() */
	struct task_struct *other;
	/* guards the log */
	spinlock_t lock;
	unsigned long stack_low;
	unsigned int events;
	struct rig_event log[RIG_EVENTS];
};

/*
 * A transaction with a script. @on_program and @on_reserved run inside the
 * callback; without them nothing happens until the test acts.
 */
struct rig_transaction {
	struct list_head node;
	struct rig *rig;
	struct dmabay_transaction *transaction;
	void (*on_program)(struct rig_transaction *t);
	void (*on_reserved)(struct rig_transaction *t);
	void *data;
	bool answer;
	/* what happened */
	unsigned int programmed;
	unsigned int reserved;
	atomic_t depth;
	bool nested;
	int result;
	unsigned int in_progress;
	unsigned int finished;
	/* the transfer that was programmed last */
	const struct dmabay_sg_list *list;
	dma_addr_t address;
	size_t length;
};

struct rig_buffer {
	struct list_head node;
	struct rig *rig;
	struct dmabay_memory *memory;
	unsigned int offset;
	size_t length;
	unsigned int count;
	unsigned int order;
	bool contiguous;
	struct page **pages;
	/* instead of pages, of a chain: its groups, in order */
	struct rig_buffer **parts;
	unsigned int part_count;
};

/* A device of its own, with a 32-bit DMA mask and no IOMMU. */
struct device *rig_new_device(struct kunit *test);
/* The device alone; skips the test if the provider has none here. */
struct rig *rig_prepare(struct kunit *test);
/* What rig_prepare()d devices are asked for in most tests. */
struct dmabay_enabler_config rig_config(struct rig *rig, size_t max_length,
					unsigned int map_registers);
void rig_enable(struct rig *rig, const struct dmabay_enabler_config *config);
/* Both, with so many map registers. */
struct rig *rig_start(struct kunit *test, size_t max_length, unsigned int map_registers);
/* The same for another profile than packet. */
struct rig *rig_start_profile(struct kunit *test, enum dmabay_profile profile, size_t max_length,
			      unsigned int map_registers);
/* The adapter alone, without an enabler. */
struct rig *rig_start_adapter(struct kunit *test, size_t max_length, unsigned int map_registers);
/* Delete all transactions and the enabler; expects that every register came back. */
void rig_stop(struct rig *rig);
/* Stop, and give all memory back. A test that makes several rigs calls it in between. */
void rig_exit(struct kunit *test);
/* For struct kunit_suite: exit, and note the result of the test. */
void rig_end(struct kunit *test);

struct rig_transaction *rig_transaction(struct rig *rig);
void rig_delete(struct rig_transaction *t);
bool rig_program(struct dmabay_transaction *transaction, struct device *dev, void *context,
		 enum dmabay_direction direction, const struct dmabay_sg_list *list);
void rig_reserved(struct dmabay_transaction *transaction, void *context);

/* These expect success; the dmabay_ functions are for the rest. */
void rig_initialize(struct rig_transaction *t, struct rig_buffer *buffer, size_t length);
void rig_initialize_direction(struct rig_transaction *t, enum dmabay_direction direction,
			      struct dmabay_memory *memory, size_t offset, size_t length);
int rig_execute(struct rig_transaction *t);
int rig_reserve(struct rig_transaction *t, unsigned int map_registers);
int rig_complete(struct rig_transaction *t);
/* Initialize, execute: one transfer is programmed and under way after it. */
void rig_begin(struct rig_transaction *t, struct rig_buffer *buffer, size_t length);
/* Complete to the end and release. */
void rig_finish(struct rig_transaction *t);

/* Execute what is initialized, complete each transfer inside its callback, release. */
void rig_run(struct rig_transaction *t);

/* Scripts: complete every piece at once; initialize and execute t->data (a buffer). */
void rig_complete_now(struct rig_transaction *t);
void rig_begin_data(struct rig_transaction *t);

/* Make so many registers unavailable until rig_unhold(), and begin the log anew. */
void rig_hold(struct rig *rig, unsigned int map_registers);
void rig_unhold(struct rig *rig);
/* The same, but get in line for them: they are held when it is their turn. */
void rig_hold_next(struct rig *rig, unsigned int map_registers);
unsigned int rig_free_registers(struct rig *rig);
unsigned int rig_waiters(struct rig *rig);
/* The same with the adapter of a direction, for duplex profiles. */
struct dmabay_adapter *rig_adapter(struct rig *rig, enum dmabay_direction direction);
void rig_hold_direction(struct rig *rig, enum dmabay_direction direction,
			unsigned int map_registers);
void rig_unhold_direction(struct rig *rig, enum dmabay_direction direction);
unsigned int rig_free_registers_direction(struct rig *rig, enum dmabay_direction direction);
unsigned int rig_waiters_direction(struct rig *rig, enum dmabay_direction direction);

/* One physically contiguous range, one group; or pages of which no two may be joined. */
struct rig_buffer *rig_contiguous(struct rig *rig, unsigned int offset, size_t length);
struct rig_buffer *rig_scattered(struct rig *rig, unsigned int offset, size_t length);
/* A buffer without a memory, of which the test makes what it needs; one folio of 2^order pages. */
struct rig_buffer *rig_pages(struct rig *rig, unsigned int order);
/* A chain of these buffers; and of so many groups of @length bytes at @offset into a page. */
struct rig_buffer *rig_join(struct rig *rig, struct rig_buffer *const *parts, unsigned int count);
struct rig_buffer *rig_chain(struct rig *rig, unsigned int groups, unsigned int offset,
			     size_t length);

u8 rig_pattern(u8 seed, size_t at);
u8 *rig_byte(struct rig_buffer *buffer, size_t at);
void rig_fill(struct rig_buffer *buffer, u8 seed);
/* Bytes from @at on that carry the pattern. */
size_t rig_matching(struct rig_buffer *buffer, size_t at, size_t length, u8 seed);

/* The device's side: 0 where the device can reach nothing. */
phys_addr_t rig_translate(struct rig *rig, dma_addr_t address);
/* The device writes, or compares, @length bytes of the pattern, from its byte @at on. */
void rig_device_write(struct rig *rig, dma_addr_t address, size_t at, size_t length, u8 seed);
size_t rig_device_matching(struct rig *rig, dma_addr_t address, size_t at, size_t length, u8 seed);
/* The same with the first bytes of the transfer under way, element by element. */
void rig_transfer_write(struct rig_transaction *t, size_t at, size_t length, u8 seed);
size_t rig_transfer_matching(struct rig_transaction *t, size_t at, size_t length, u8 seed);

/*
 * A test that repeats stops then, says how far it came, and is content with what
 * it has seen; natively it is through long before.
 */
bool rig_time_is_up(struct rig *rig);

/*
 * From here on the test's own thread is on one CPU, and another one runs the function
 * on another, until rig_other_stop(), or rig_exit(), asks it to stop and it has
 * returned. Skips the test where there is one CPU.
 */
void rig_other_start(struct rig *rig, int (*function)(void *data), void *data);
void rig_other_stop(struct rig *rig);

/*
 * How deep on its stack the deepest callback on the test's own thread was, since this
 * was asked last. For comparing calls from the same place.
 */
unsigned long rig_stack_depth(struct rig *rig);

/* The lengths of all transfers logged so far, in order. */
void rig_expect_lengths(struct rig *rig, unsigned int count, const size_t *lengths);
#define RIG_EXPECT_LENGTHS(rig, ...)						\
	rig_expect_lengths(rig, ARRAY_SIZE(((size_t[]) { __VA_ARGS__ })),	\
			   ((size_t[]) { __VA_ARGS__ }))

/*
 * An illegal call is refused. The first of its kind since boot warns, which is kept
 * out of the log and counted; see dmabay_cases.
 */
extern atomic_t rig_illegal_calls;
extern atomic_t rig_warnings;

void rig_count_warnings(struct kunit *test, int warnings);

#define RIG_EXPECT_ILLEGAL(test, call)						\
do {										\
	struct kunit *__test = (test);						\
	int __result = 0;							\
										\
	kunit_warning_suppress(__test) {					\
		__result = (call);						\
		rig_count_warnings(__test, KUNIT_SUPPRESSED_WARNING_COUNT());	\
	}									\
	KUNIT_EXPECT_EQ_MSG(__test, __result, -EBADFD, "%s", #call);		\
} while (0)

/* The same for calls with another result, or none. */
#define RIG_EXPECT_WARNING(test, call)						\
do {										\
	struct kunit *__test = (test);						\
										\
	kunit_warning_suppress(__test) {					\
		call;								\
		rig_count_warnings(__test, KUNIT_SUPPRESSED_WARNING_COUNT());	\
	}									\
} while (0)

/* For calls that may warn, or may not. */
#define RIG_EXPECT_QUIET(test, call, result)					\
do {										\
	struct kunit *__test = (test);						\
	int __result = 0;							\
										\
	kunit_warning_suppress(__test)						\
		__result = (call);						\
	KUNIT_EXPECT_EQ_MSG(__test, __result, result, "%s", #call);		\
} while (0)

/* How the runs of one test went. */
struct rig_result {
	char name[64];
	unsigned int passed;
	unsigned int failed;
	unsigned int skipped;
};

/* The result of a test by its name, or NULL if it did not run. */
const struct rig_result *rig_result(const char *name);

/* The suites, for the table of cases. */
extern struct kunit_suite dmabay_memory_suite;
extern struct kunit_suite dmabay_enabler_suite;
extern struct kunit_suite dmabay_transaction_suite;
extern struct kunit_suite dmabay_execute_suite;
extern struct kunit_suite dmabay_completion_suite;
extern struct kunit_suite dmabay_reservation_suite;
extern struct kunit_suite dmabay_immediate_suite;
extern struct kunit_suite dmabay_cancel_suite;
extern struct kunit_suite dmabay_lifetime_suite;
extern struct kunit_suite dmabay_system_suite;
extern struct kunit_suite dmabay_system_stop_suite;
extern struct kunit_suite dmabay_system_reserve_suite;
extern struct kunit_suite dmabay_system_config_suite;
extern struct kunit_suite dmabay_system_channel_suite;
extern struct kunit_suite dmabay_system_adapter_suite;
extern struct kunit_suite dmabay_races_suite;
extern struct kunit_suite dmabay_adapter_suite;
extern struct kunit_suite dmabay_mapregs_suite;
extern struct kunit_suite dmabay_scatter_suite;
extern struct kunit_suite dmabay_power_suite;
extern struct kunit_suite dmabay_common_buffer_suite;
extern struct kunit_suite dmabay_sg_list_suite;
extern struct kunit_suite dmabay_request_suite;
extern struct kunit_suite dmabay_single_suite;
extern struct kunit_suite dmabay_state_suite;
extern struct kunit_suite dmabay_example_suite;
extern struct kunit_suite dmabay_model_suite;

#endif /* _DMABAY_RIG_H */
