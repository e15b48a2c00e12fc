// SPDX-License-Identifier: GPL-2.0-only
/*
 * R37: callbacks that return in another context. R38: calls made in each context.
 *
 * What a bad callback leaves behind is mended by the test when the call that it was in has
 * returned. Where nothing may sleep, what fails is noted, and said afterwards.
 */
#include <linux/completion.h>
#include <linux/hrtimer.h>
#include <linux/spinlock.h>

#include "adapter.h"
#include "debug.h"
#include "request.h"

enum context_kind {
	CONTEXT_PREEMPT,
	CONTEXT_BOTTOM_HALF,
	CONTEXT_IRQS,
	CONTEXT_LOCK,
	CONTEXT_RCU,
	CONTEXT_KINDS,
};

static const char *const context_names[CONTEXT_KINDS] = {
	"preemption off", "bottom halves off", "interrupts off", "a lock held", "RCU read",
};

static DEFINE_SPINLOCK(context_lock);

static void context_enter(enum context_kind kind)
{
	switch (kind) {
	case CONTEXT_PREEMPT:
		preempt_disable();
		break;
	case CONTEXT_BOTTOM_HALF:
		local_bh_disable();
		break;
	case CONTEXT_IRQS:
		local_irq_disable();
		break;
	case CONTEXT_LOCK:
		spin_lock(&context_lock);
		break;
	default:
		rcu_read_lock();
		break;
	}
}

static void context_leave(enum context_kind kind)
{
	switch (kind) {
	case CONTEXT_PREEMPT:
		preempt_enable();
		break;
	case CONTEXT_BOTTOM_HALF:
		local_bh_enable();
		break;
	case CONTEXT_IRQS:
		local_irq_enable();
		break;
	case CONTEXT_LOCK:
		spin_unlock(&context_lock);
		break;
	default:
		rcu_read_unlock();
		break;
	}
}

/* What the next callback leaves behind, once. */
static enum context_kind context_bad;
static bool context_armed;

static void context_break(void)
{
	if (context_armed)
		context_enter(context_bad);
	context_armed = false;
}

static bool bad_program(struct dmabay_transaction *transaction, struct device *dev, void *context,
			enum dmabay_direction direction, const struct dmabay_sg_list *list)
{
	context_break();
	return true;
}

static void bad_reserved(struct dmabay_transaction *transaction, void *context)
{
	context_break();
}

static enum dmabay_channel_action bad_routine(struct dmabay_adapter *adapter,
					      struct dmabay_channel *channel, void *context)
{
	context_break();
	return DMABAY_DEALLOCATE_OBJECT_KEEP_REGISTERS;
}

static void bad_sg_routine(struct dmabay_adapter *adapter, struct dmabay_sg_channel *channel,
			   const struct dmabay_sg_list *list, void *context)
{
	context_break();
}

static void bad_request(struct dmabay_request *request)
{
	context_break();
}

static int bad_power(struct dmabay_enabler *enabler)
{
	context_break();
	return 0;
}

static const struct dmabay_power_ops bad_power_ops = { .fill = bad_power };

/* What calls them. */
struct context_world {
	struct rig *rig;
	struct dmabay_transaction *transaction;
	struct dmabay_common_buffer *buffer;
	struct dmabay_memory *memory;
	struct dmabay_channel channel;
	struct dmabay_sg_channel sg_channel;
	struct dmabay_request request;
	enum context_kind kind;
};

static int call_program(struct context_world *world)
{
	return dmabay_transaction_initialize(world->transaction, bad_program,
					     DMABAY_READ_FROM_DEVICE, world->memory, 4096) ?:
	       dmabay_transaction_execute(world->transaction, NULL);
}

static int end_program(struct context_world *world)
{
	return dmabay_transaction_completed(world->transaction) ?:
	       dmabay_transaction_release(world->transaction);
}

static int call_reserved(struct context_world *world)
{
	return dmabay_transaction_reserve(world->transaction, DMABAY_READ_FROM_DEVICE, 2,
					  bad_reserved, NULL);
}

static int end_reserved(struct context_world *world)
{
	return dmabay_transaction_free_reservation(world->transaction);
}

static int call_routine(struct context_world *world)
{
	return dmabay_adapter_allocate_channel(world->rig->adapter, &world->channel, 2, 0,
					       bad_routine, NULL);
}

static int end_routine(struct context_world *world)
{
	return dmabay_adapter_free_map_registers(world->rig->adapter, &world->channel, 2);
}

static int call_list(struct context_world *world)
{
	return dmabay_adapter_get_sg_list(world->rig->adapter, &world->sg_channel, world->memory,
					  0, 4096, DMABAY_READ_FROM_DEVICE, 0, bad_sg_routine,
					  NULL);
}

static int end_list(struct context_world *world)
{
	return dmabay_adapter_put_sg_list(world->rig->adapter, &world->sg_channel);
}

static int call_request(struct context_world *world)
{
	world->request = (struct dmabay_request) {
		.kind = DMABAY_REQUEST_READ,
		.memory = world->memory,
		.output_length = 4096,
		.get = bad_request,
	};
	return dmabay_transaction_initialize_request(world->transaction, &world->request,
						     bad_program, DMABAY_READ_FROM_DEVICE) ?:
	       dmabay_transaction_execute(world->transaction, NULL);
}

static int call_power(struct context_world *world)
{
	return dmabay_enabler_power_up(world->rig->enabler);
}

static int end_power(struct context_world *world)
{
	return dmabay_enabler_power_down(world->rig->enabler);
}

static const struct {
	/* how the report names them */
	const char *words;
	enum dmabay_profile profile;
	int (*call)(struct context_world *world);
	int (*end)(struct context_world *world);
} callbacks[] = {
	{ "program_dma bad_program", DMABAY_PROFILE_PACKET, call_program, end_program },
	{ "reserved bad_reserved", DMABAY_PROFILE_PACKET, call_reserved, end_reserved },
	{ "channel routine bad_routine", DMABAY_PROFILE_PACKET, call_routine, end_routine },
	{ "list routine bad_sg_routine", DMABAY_PROFILE_SCATTER_GATHER, call_list, end_list },
	{ "request get bad_request", DMABAY_PROFILE_PACKET, call_request, end_program },
	{ "power callback bad_power", DMABAY_PROFILE_PACKET, call_power, end_power },
};

static struct context_world *context_world(struct kunit *test, enum dmabay_profile profile)
{
	struct context_world *world = kunit_kzalloc(test, sizeof(*world), GFP_KERNEL);
	struct dmabay_enabler_config config;

	KUNIT_ASSERT_NOT_NULL(test, world);
	world->rig = rig_prepare(test);
	config = rig_config(world->rig, 65536, 16);
	config.profile = profile;
	config.power = &bad_power_ops;
	rig_enable(world->rig, &config);
	world->transaction = rig_transaction(world->rig)->transaction;
	world->memory = rig_scattered(world->rig, 0, 4096)->memory;
	return world;
}

static void debug_r37_callbacks(struct kunit *test)
{
	unsigned int i, caught = 0;
	enum context_kind kind;

	debug_begin();
	for (i = 0; i < ARRAY_SIZE(callbacks); i++) {
		struct context_world *world = context_world(test, callbacks[i].profile);

		for (kind = 0; kind < CONTEXT_KINDS; kind++) {
			int ret;

			context_bad = kind;
			context_armed = true;
			ret = callbacks[i].call(world);
			if (!context_armed)
				context_leave(kind);
			KUNIT_EXPECT_EQ_MSG(test, ret, 0, "%s", callbacks[i].words);
			caught += debug_caught(test, DMABAY_RULE_CALLBACK, callbacks[i].words);
			KUNIT_EXPECT_EQ_MSG(test, callbacks[i].end(world), 0, "%s",
					    callbacks[i].words);
		}
		KUNIT_EXPECT_EQ(test, debug_reports(), 0);
		rig_exit(test);
	}
	debug_end(test);
	kunit_info(test, "R37: %u of %zu caught: %zu callbacks, %u kinds\n", caught,
		   ARRAY_SIZE(callbacks) * CONTEXT_KINDS, ARRAY_SIZE(callbacks), CONTEXT_KINDS);
}

/* R38: first those that may sleep. Each is refused; what returns nothing does nothing. */
static int sleeps_adapter_get(struct context_world *world)
{
	const struct dmabay_adapter_config config = {
		.size = sizeof(config), .max_length = 4096, .address_width = 32,
	};

	return PTR_ERR_OR_ZERO(dmabay_adapter_get(world->rig->dev, &config, NULL));
}

static int sleeps_adapter_put(struct context_world *world)
{
	dmabay_adapter_put(world->rig->adapter);
	return -EBADFD;
}

static int sleeps_enabler_create(struct context_world *world)
{
	struct dmabay_enabler_config config = rig_config(world->rig, 4096, 2);
	struct dmabay_enabler *enabler;

	return dmabay_enabler_create(world->rig->dev, &config, &enabler);
}

static int sleeps_enabler_delete(struct context_world *world)
{
	dmabay_enabler_delete(world->rig->enabler);
	return -EBADFD;
}

static int sleeps_configure(struct context_world *world)
{
	const struct dmabay_system_config config = { .size = sizeof(config) };

	return dmabay_enabler_configure_system_profile(world->rig->enabler, &config,
						       DMABAY_READ_FROM_DEVICE);
}

static int sleeps_power_up(struct context_world *world)
{
	return dmabay_enabler_power_up(world->rig->enabler);
}

static int sleeps_power_down(struct context_world *world)
{
	return dmabay_enabler_power_down(world->rig->enabler);
}

static int sleeps_all_power_up(struct context_world *world)
{
	return dmabay_enablers_power_up(world->rig->dev);
}

static int sleeps_all_power_down(struct context_world *world)
{
	return dmabay_enablers_power_down(world->rig->dev);
}

static int sleeps_buffer_create(struct context_world *world)
{
	struct dmabay_common_buffer *buffer;

	return dmabay_common_buffer_create(world->rig->enabler, 100, &buffer);
}

static int sleeps_buffer_create_config(struct context_world *world)
{
	const struct dmabay_common_buffer_config config = { .size = sizeof(config) };
	struct dmabay_common_buffer *buffer;

	return dmabay_common_buffer_create_config(world->rig->enabler, 100, &config, &buffer);
}

static int sleeps_buffer_delete(struct context_world *world)
{
	dmabay_common_buffer_delete(world->buffer);
	return -EBADFD;
}

static int sleeps_transaction_create(struct context_world *world)
{
	struct dmabay_transaction *transaction;

	return dmabay_transaction_create(world->rig->enabler, &transaction);
}

static int sleeps_unlink(struct context_world *world)
{
	return dmabay_transaction_unlink(world->transaction, NULL);
}

static int sleeps_make_links(struct context_world *world)
{
	return dmabay_transaction_make_links(world->transaction, 10);
}

/* Then those that may be made anywhere. Each does what it is for. */
static int any_memory(struct context_world *world)
{
	static u8 bytes[64];
	struct dmabay_memory *memory = dmabay_memory_from_kernel(bytes, 64, GFP_ATOMIC);

	/* A module's data is not in the linear map. */
	if (IS_ERR(memory))
		return 0;
	dmabay_memory_put(dmabay_memory_get(memory));
	dmabay_memory_put(memory);
	return 0;
}

static int any_info(struct context_world *world)
{
	struct dmabay_adapter_counters counters;
	struct dmabay_adapter_info info;
	unsigned int map_registers;

	dmabay_adapter_info(world->rig->adapter, &info);
	dmabay_adapter_counters(world->rig->adapter, &counters);
	return dmabay_adapter_transfer_info(world->rig->adapter, world->memory, 0, 4096,
					    &map_registers, NULL);
}

static int any_cancel_channel(struct context_world *world)
{
	return dmabay_adapter_cancel_channel(world->rig->adapter, &world->channel);
}

static int any_map(struct context_world *world)
{
	struct dmabay_adapter *adapter = world->rig->adapter;
	struct dmabay_sg_element element;
	struct dmabay_sg_list list = { .elements = &element, .capacity = 1 };
	size_t length = 4096;

	return call_routine(world) ?:
	       dmabay_adapter_map_transfer(adapter, &world->channel, world->memory, 0, &length,
					   DMABAY_READ_FROM_DEVICE, &list) ?:
	       dmabay_adapter_flush(adapter, &world->channel, length) ?:
	       dmabay_adapter_unlink(adapter, &world->channel, NULL) ?:
	       end_routine(world);
}

static int any_free_channel(struct context_world *world)
{
	struct dmabay_adapter *adapter = world->rig->adapter;

	return dmabay_adapter_allocate_channel(adapter, &world->channel, 2,
					       DMABAY_CHANNEL_IMMEDIATE, NULL, NULL) ?:
	       dmabay_adapter_free_channel(adapter, &world->channel);
}

static int any_free_object(struct context_world *world)
{
	struct dmabay_adapter *adapter = world->rig->adapter;

	return dmabay_adapter_allocate_channel(adapter, &world->channel, 2,
					       DMABAY_CHANNEL_IMMEDIATE, NULL, NULL) ?:
	       dmabay_adapter_free_object(adapter, &world->channel, DMABAY_DEALLOCATE_OBJECT);
}

static int any_transfer(struct context_world *world)
{
	return call_program(world) ?: end_program(world);
}

static int any_transfer_cut_short(struct context_world *world)
{
	return call_program(world) ?:
	       dmabay_transaction_completed_final(world->transaction, 100) ?:
	       dmabay_transaction_release(world->transaction);
}

static int any_reservation(struct context_world *world)
{
	return call_reserved(world) ?: end_reserved(world);
}

static int any_reference(struct context_world *world)
{
	dmabay_transaction_put(dmabay_transaction_get(world->transaction));
	dmabay_transaction_set_keep_links(world->transaction, false);
	dmabay_transaction_set_failed(world->transaction, NULL);
	dmabay_transaction_bytes_transferred(world->transaction);
	return 0;
}

#define CALL(function, sleeps) { #function, function, sleeps }

static const struct context_call {
	const char *name;
	int (*call)(struct context_world *world);
	bool sleeps;
} calls[] = {
	CALL(sleeps_adapter_get, true),
	CALL(sleeps_adapter_put, true),
	CALL(sleeps_enabler_create, true),
	CALL(sleeps_enabler_delete, true),
	CALL(sleeps_configure, true),
	CALL(sleeps_power_up, true),
	CALL(sleeps_power_down, true),
	CALL(sleeps_all_power_up, true),
	CALL(sleeps_all_power_down, true),
	CALL(sleeps_buffer_create, true),
	CALL(sleeps_buffer_create_config, true),
	CALL(sleeps_buffer_delete, true),
	CALL(sleeps_transaction_create, true),
	CALL(sleeps_unlink, true),
	CALL(sleeps_make_links, true),
	CALL(any_memory, false),
	CALL(any_info, false),
	CALL(any_cancel_channel, false),
	CALL(any_map, false),
	CALL(any_free_channel, false),
	CALL(any_free_object, false),
	CALL(any_transfer, false),
	CALL(any_transfer_cut_short, false),
	CALL(any_reservation, false),
	CALL(any_reference, false),
};

/* A call from the interrupt of a timer. */
struct context_interrupt {
	struct hrtimer timer;
	struct context_world *world;
	const struct context_call *call;
	struct completion done;
	bool in_interrupt;
	int ret;
};

static enum hrtimer_restart context_interrupt(struct hrtimer *timer)
{
	struct context_interrupt *interrupt = container_of(timer, struct context_interrupt, timer);

	interrupt->in_interrupt = in_hardirq();
	interrupt->ret = interrupt->call->call(interrupt->world);
	complete(&interrupt->done);
	return HRTIMER_NORESTART;
}

static int call_from_interrupt(struct kunit *test, struct context_world *world,
			       const struct context_call *call)
{
	struct context_interrupt *interrupt = kunit_kzalloc(test, sizeof(*interrupt), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, interrupt);
	interrupt->world = world;
	interrupt->call = call;
	init_completion(&interrupt->done);
	hrtimer_setup(&interrupt->timer, context_interrupt, CLOCK_MONOTONIC,
		      HRTIMER_MODE_REL);
	hrtimer_start(&interrupt->timer, 0, HRTIMER_MODE_REL);
	wait_for_completion(&interrupt->done);
	hrtimer_cancel(&interrupt->timer);
	KUNIT_EXPECT_TRUE(test, interrupt->in_interrupt);
	return interrupt->ret;
}

/* CONTEXT_KINDS stands for the interrupt. */
static bool call_is_right(struct kunit *test, struct context_world *world,
			  const struct context_call *call, enum context_kind kind)
{
	const char *name = kind < CONTEXT_KINDS ? context_names[kind] : "interrupt";
	unsigned int reports;
	int ret;

	if (kind == CONTEXT_KINDS) {
		ret = call_from_interrupt(test, world, call);
	} else {
		context_enter(kind);
		ret = call->call(world);
		context_leave(kind);
	}
	KUNIT_EXPECT_EQ_MSG(test, ret, call->sleeps ? -EBADFD : 0, "%s, %s", call->name, name);
	if (call->sleeps)
		return debug_caught(test, DMABAY_RULE_MAY_SLEEP, NULL) && ret == -EBADFD;
	reports = debug_reports();
	KUNIT_EXPECT_EQ_MSG(test, reports, 0, "%s, %s", call->name, name);
	return !reports && !ret;
}

static void debug_r38_calls(struct kunit *test)
{
	struct context_world *world = context_world(test, DMABAY_PROFILE_PACKET);
	unsigned int i, right = 0;
	enum context_kind kind;

	KUNIT_ASSERT_EQ(test, dmabay_common_buffer_create(world->rig->enabler, 100,
							  &world->buffer), 0);
	debug_begin();
	for (i = 0; i < ARRAY_SIZE(calls); i++)
		for (kind = 0; kind <= CONTEXT_KINDS; kind++)
			right += call_is_right(test, world, &calls[i], kind);
	debug_end(test);
	kunit_info(test, "R38: %zu calls in %u contexts: %u of %zu as they must\n",
		   ARRAY_SIZE(calls), CONTEXT_KINDS + 1, right,
		   ARRAY_SIZE(calls) * (CONTEXT_KINDS + 1));
}

static void debug_exit(struct kunit *test)
{
	rig_end(test);
	dmabay_debug_set_reporter(NULL);
}

static struct kunit_case debug_context_cases[] = {
	KUNIT_CASE(debug_r37_callbacks),
	KUNIT_CASE(debug_r38_calls),
	{}
};

static struct kunit_suite dmabay_debug_context_suite = {
	.name = "dmabay_debug_context",
	.exit = debug_exit,
	.test_cases = debug_context_cases,
};
kunit_test_suite(dmabay_debug_context_suite);
