// SPDX-License-Identifier: GPL-2.0-only
/*
 * Power: which callbacks run when a device's power changes, in which order, and what
 * a failure among them leads to (5.12).
 *
 * An engine is an enabler with a letter. Each of its callbacks writes "A.fill " to the
 * log, and fails, sleeps, or does something to enablers, if the test said so.
 *
 * Decision 6.1-20 differs from Windows in two cases: what was filled is flushed, though
 * enabling failed (W04), and each power-up starts anew (W07).
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>

#include "rig.h"

#define POWER_ENGINES	4

struct power_engine {
	struct dmabay_enabler *enabler;
	struct power_bay *bay;
	char letter;
	/* the callbacks that fail, and how */
	const char *fails;
	int status;
	/* what a callback does besides */
	const char *acts;
	void (*act)(struct power_engine *engine);
};

/* The rig's device, and what happened to its engines. */
struct power_bay {
	struct rig *rig;
	struct device *dev;
	struct dmabay_enabler_config config;
	struct power_engine engines[POWER_ENGINES];
	char log[512];
};

static void power_note(struct power_bay *bay, const char *what)
{
	strlcat(bay->log, what, sizeof(bay->log));
	strlcat(bay->log, " ", sizeof(bay->log));
}

static int power_step(struct dmabay_enabler *enabler, const char *step)
{
	struct power_engine *engine = dmabay_enabler_data(enabler);
	char what[16];

	snprintf(what, sizeof(what), "%c.%s", engine->letter, step);
	power_note(engine->bay, what);
	/* W11: callbacks may sleep, and no lock is held that would forbid it. */
	KUNIT_EXPECT_FALSE(engine->bay->rig->test, irqs_disabled());
	KUNIT_EXPECT_EQ(engine->bay->rig->test, preempt_count(), 0);
	might_sleep();
	if (engine->act && !strcmp(engine->acts, step))
		engine->act(engine);
	return engine->fails && strstr(engine->fails, step) ? engine->status : 0;
}

static int power_fill(struct dmabay_enabler *enabler)
{
	return power_step(enabler, "fill");
}

static int power_enable(struct dmabay_enabler *enabler)
{
	return power_step(enabler, "enable");
}

static int power_start(struct dmabay_enabler *enabler)
{
	return power_step(enabler, "start");
}

static int power_stop(struct dmabay_enabler *enabler)
{
	return power_step(enabler, "stop");
}

static int power_disable(struct dmabay_enabler *enabler)
{
	return power_step(enabler, "disable");
}

static int power_flush(struct dmabay_enabler *enabler)
{
	return power_step(enabler, "flush");
}

static const struct dmabay_power_ops power_ops = {
	.fill = power_fill,
	.enable = power_enable,
	.self_managed_io_start = power_start,
	.self_managed_io_stop = power_stop,
	.disable = power_disable,
	.flush = power_flush,
};

/* All that was logged since this was asked last, in parts; a part may be NULL. */
static void power_expect_log(struct power_bay *bay, const char *const *parts, unsigned int count)
{
	char expected[sizeof(bay->log)] = "";
	unsigned int i;

	for (i = 0; i < count; i++) {
		if (!parts[i])
			continue;
		strlcat(expected, parts[i], sizeof(expected));
		strlcat(expected, " ", sizeof(expected));
	}
	KUNIT_EXPECT_STREQ(bay->rig->test, bay->log, expected);
	bay->log[0] = '\0';
}

#define POWER_EXPECT_LOG(bay, ...)						\
	power_expect_log(bay, ((const char *const []) { __VA_ARGS__ }),		\
			 ARRAY_SIZE(((const char *const []) { __VA_ARGS__ })))

static void power_remove(struct power_engine *engine)
{
	struct dmabay_enabler *enabler = engine->enabler;

	engine->enabler = NULL;
	dmabay_enabler_delete(enabler);
}

static void power_remove_all(void *data)
{
	struct power_bay *bay = data;
	unsigned int i;

	for (i = 0; i < POWER_ENGINES; i++)
		power_remove(&bay->engines[i]);
}

static void power_add(struct power_engine *engine)
{
	engine->bay->config.data = engine;
	KUNIT_EXPECT_EQ(engine->bay->rig->test, 0,
			dmabay_enabler_create(engine->bay->dev, &engine->bay->config,
					      &engine->enabler));
}

/* A device with this many engines: A, B, C, D. */
static struct power_bay *power_bay(struct kunit *test, unsigned int engines)
{
	struct power_bay *bay = kunit_kzalloc(test, sizeof(*bay), GFP_KERNEL);
	unsigned int i;

	KUNIT_ASSERT_NOT_NULL(test, bay);
	bay->rig = rig_prepare(test);
	bay->dev = bay->rig->dev;
	bay->config = rig_config(bay->rig, 4096, 2);
	bay->config.power = &power_ops;
	KUNIT_ASSERT_EQ(test, kunit_add_action(test, power_remove_all, bay), 0);
	for (i = 0; i < POWER_ENGINES; i++) {
		bay->engines[i].bay = bay;
		bay->engines[i].letter = 'A' + i;
	}
	for (i = 0; i < engines; i++)
		power_add(&bay->engines[i]);
	return bay;
}

static void power_w01_up(struct kunit *test)
{
	struct power_bay *bay = power_bay(test, 2);

	KUNIT_EXPECT_STREQ(test, bay->log, "");
	KUNIT_EXPECT_EQ(test, dmabay_enablers_power_up(bay->dev), 0);
	POWER_EXPECT_LOG(bay, "A.fill A.enable A.start", "B.fill B.enable B.start");
}

/* W02: in the order of creation, which on the way down is not the reverse. */
static void power_w02_down(struct kunit *test)
{
	struct power_bay *bay = power_bay(test, 2);

	KUNIT_EXPECT_EQ(test, dmabay_enablers_power_up(bay->dev), 0);
	bay->log[0] = '\0';
	KUNIT_EXPECT_EQ(test, dmabay_enablers_power_down(bay->dev), 0);
	POWER_EXPECT_LOG(bay, "A.stop A.disable A.flush", "B.stop B.disable B.flush");
}

/* W03: what was not filled is neither disabled nor flushed; the others are, all of them. */
static void power_w03_fill_fails(struct kunit *test)
{
	struct power_bay *bay = power_bay(test, 3);

	bay->engines[1].fails = "fill";
	bay->engines[1].status = -ENXIO;
	KUNIT_EXPECT_EQ(test, dmabay_enablers_power_up(bay->dev), -ENXIO);
	POWER_EXPECT_LOG(bay, "A.fill A.enable A.start", "B.fill", "A.stop A.disable A.flush",
			 "B.stop", "C.stop C.disable C.flush");
	/* Also when the device goes down once more before it comes up. */
	KUNIT_EXPECT_EQ(test, dmabay_enablers_power_down(bay->dev), 0);
	POWER_EXPECT_LOG(bay, "A.stop A.disable A.flush", "B.stop", "C.stop C.disable C.flush");
}

/* W04, W05: what was filled is flushed; Windows does not after a failed enable. */
static void power_w04_enable_fails(struct kunit *test)
{
	struct power_bay *bay = power_bay(test, 2);

	bay->engines[0].fails = "enable";
	bay->engines[0].status = -ENXIO;
	KUNIT_EXPECT_EQ(test, dmabay_enablers_power_up(bay->dev), -ENXIO);
	POWER_EXPECT_LOG(bay, "A.fill A.enable", "A.stop A.disable A.flush",
			 "B.stop B.disable B.flush");
}

static void power_w05_start_fails(struct kunit *test)
{
	struct power_bay *bay = power_bay(test, 2);

	bay->engines[0].fails = "start";
	bay->engines[0].status = -ENXIO;
	KUNIT_EXPECT_EQ(test, dmabay_enablers_power_up(bay->dev), -ENXIO);
	POWER_EXPECT_LOG(bay, "A.fill A.enable A.start", "A.stop A.disable A.flush",
			 "B.stop B.disable B.flush");
}

/* W06: nothing stops the way down, and what failed first is what it returns. */
static void power_w06_down_fails(struct kunit *test)
{
	static const char *const first[] = { "stop", "disable", "flush" };
	struct power_bay *bay = power_bay(test, 2);
	unsigned int i;

	bay->engines[0].status = -ENXIO;
	bay->engines[1].fails = "stop disable flush";
	bay->engines[1].status = -EIO;
	for (i = 0; i < ARRAY_SIZE(first); i++) {
		KUNIT_EXPECT_EQ(test, dmabay_enablers_power_up(bay->dev), 0);
		bay->log[0] = '\0';
		bay->engines[0].fails = first[i];
		KUNIT_EXPECT_EQ(test, dmabay_enablers_power_down(bay->dev), -ENXIO);
		POWER_EXPECT_LOG(bay, "A.stop A.disable A.flush", "B.stop B.disable B.flush");
	}
	bay->engines[0].fails = NULL;
	KUNIT_EXPECT_EQ(test, dmabay_enablers_power_down(bay->dev), -EIO);
}

static void power_fail_otherwise(struct power_engine *engine)
{
	engine->status = -EIO;
}

static void power_w06_one_enabler_fails_twice(struct kunit *test)
{
	struct power_bay *bay = power_bay(test, 1);

	bay->engines[0].fails = "stop disable";
	bay->engines[0].status = -ENXIO;
	bay->engines[0].acts = "disable";
	bay->engines[0].act = power_fail_otherwise;
	KUNIT_EXPECT_EQ(test, dmabay_enabler_power_down(bay->engines[0].enabler), -ENXIO);
	POWER_EXPECT_LOG(bay, "A.stop A.disable A.flush");
}

/* W06: nor does a failure on the way down hide why the device could not come up. */
static void power_w06_up_and_down_fail(struct kunit *test)
{
	struct power_bay *bay = power_bay(test, 2);

	bay->engines[1].fails = "start disable";
	bay->engines[1].status = -ENXIO;
	bay->engines[0].fails = "stop";
	bay->engines[0].status = -EIO;
	KUNIT_EXPECT_EQ(test, dmabay_enablers_power_up(bay->dev), -ENXIO);
	POWER_EXPECT_LOG(bay, "A.fill A.enable A.start", "B.fill B.enable B.start",
			 "A.stop A.disable A.flush", "B.stop B.disable B.flush");
}

/* W07: a failure is forgotten with the next power-up; Windows would never flush again. */
static void power_w07_failure_is_forgotten(struct kunit *test)
{
	static const char *const steps[] = { "fill", "enable", "start" };
	struct power_bay *bay = power_bay(test, 1);
	unsigned int i;

	bay->engines[0].status = -ENXIO;
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		bay->engines[0].fails = steps[i];
		KUNIT_EXPECT_EQ(test, dmabay_enablers_power_up(bay->dev), -ENXIO);
		bay->engines[0].fails = NULL;
		bay->log[0] = '\0';
		KUNIT_EXPECT_EQ(test, dmabay_enablers_power_up(bay->dev), 0);
		KUNIT_EXPECT_EQ(test, dmabay_enablers_power_down(bay->dev), 0);
		POWER_EXPECT_LOG(bay, "A.fill A.enable A.start", "A.stop A.disable A.flush");
	}
}

/* What a driver does in its dev_pm_ops, as the header asks. */
static int power_resume(struct power_bay *bay)
{
	int ret;

	power_note(bay, "registers");
	power_note(bay, "interrupts");
	ret = dmabay_enablers_power_up(bay->dev);
	if (ret) {
		power_note(bay, "no_interrupts");
		return ret;
	}
	power_note(bay, "queues");
	return 0;
}

static void power_suspend(struct power_bay *bay)
{
	power_note(bay, "no_queues");
	dmabay_enablers_power_down(bay->dev);
	power_note(bay, "no_interrupts");
}

/*
 * W08: Linux has no framework that would call them in time, so the driver does: after
 * its interrupts are enabled, before they are disabled. Everything runs inside the
 * call, nothing later.
 */
static void power_w08_in_a_driver(struct kunit *test)
{
	struct power_bay *bay = power_bay(test, 1);

	KUNIT_EXPECT_EQ(test, power_resume(bay), 0);
	power_suspend(bay);
	POWER_EXPECT_LOG(bay, "registers interrupts", "A.fill A.enable A.start", "queues",
			 "no_queues", "A.stop A.disable A.flush", "no_interrupts");

	bay->engines[0].fails = "enable";
	bay->engines[0].status = -ENXIO;
	KUNIT_EXPECT_EQ(test, power_resume(bay), -ENXIO);
	POWER_EXPECT_LOG(bay, "registers interrupts", "A.fill A.enable",
			 "A.stop A.disable A.flush", "no_interrupts");
}

static void power_w09_created_later(struct kunit *test)
{
	struct power_bay *bay = power_bay(test, 1);

	KUNIT_EXPECT_EQ(test, dmabay_enablers_power_up(bay->dev), 0);
	bay->log[0] = '\0';
	power_add(&bay->engines[1]);
	KUNIT_EXPECT_STREQ(test, bay->log, "");
	/* It was never filled, but it did not fail to be either. */
	KUNIT_EXPECT_EQ(test, dmabay_enablers_power_down(bay->dev), 0);
	POWER_EXPECT_LOG(bay, "A.stop A.disable A.flush", "B.stop B.disable B.flush");
}

static void power_add_c(struct power_engine *engine)
{
	if (!engine->bay->engines[2].enabler)
		power_add(&engine->bay->engines[2]);
}

/* W09: the next transition is not the one under way, and not the undoing of it. */
static void power_w09_created_in_a_callback(struct kunit *test)
{
	struct power_bay *bay = power_bay(test, 2);

	bay->engines[0].acts = "enable";
	bay->engines[0].act = power_add_c;
	bay->engines[1].fails = "start";
	bay->engines[1].status = -ENXIO;
	KUNIT_EXPECT_EQ(test, dmabay_enablers_power_up(bay->dev), -ENXIO);
	POWER_EXPECT_LOG(bay, "A.fill A.enable A.start", "B.fill B.enable B.start",
			 "A.stop A.disable A.flush", "B.stop B.disable B.flush");

	bay->engines[1].fails = NULL;
	KUNIT_EXPECT_EQ(test, dmabay_enablers_power_up(bay->dev), 0);
	POWER_EXPECT_LOG(bay, "A.fill A.enable A.start", "B.fill B.enable B.start",
			 "C.fill C.enable C.start");
	power_remove(&bay->engines[2]);
	bay->engines[0].acts = "disable";
	KUNIT_EXPECT_EQ(test, dmabay_enablers_power_down(bay->dev), 0);
	POWER_EXPECT_LOG(bay, "A.stop A.disable A.flush", "B.stop B.disable B.flush");
}

static void power_w10_no_callbacks(struct kunit *test)
{
	static const struct dmabay_power_ops none, some = {
		.enable = power_enable,
		.flush = power_flush,
	};
	struct power_bay *bay = power_bay(test, 0);

	bay->config.power = NULL;
	power_add(&bay->engines[0]);
	bay->config.power = &none;
	power_add(&bay->engines[1]);
	bay->config.power = &some;
	power_add(&bay->engines[2]);
	KUNIT_EXPECT_EQ(test, dmabay_enablers_power_up(bay->dev), 0);
	POWER_EXPECT_LOG(bay, "C.enable");
	KUNIT_EXPECT_EQ(test, dmabay_enablers_power_down(bay->dev), 0);
	POWER_EXPECT_LOG(bay, "C.flush");
	KUNIT_EXPECT_EQ(test, dmabay_enabler_power_up(bay->engines[0].enabler), 0);
	KUNIT_EXPECT_EQ(test, dmabay_enabler_power_down(bay->engines[0].enabler), 0);
}

static void power_sleep(struct power_engine *engine)
{
	usleep_range(100, 1000);
}

static void power_sleep_in_the_core(struct power_engine *engine)
{
	struct kunit *test = engine->bay->rig->test;
	struct dmabay_common_buffer *buffer;
	struct dmabay_transaction *t;

	power_sleep(engine);
	KUNIT_EXPECT_EQ(test, dmabay_common_buffer_create(engine->enabler, 64, &buffer), 0);
	dmabay_common_buffer_delete(buffer);
	KUNIT_EXPECT_EQ(test, dmabay_transaction_create(engine->enabler, &t), 0);
	dmabay_transaction_delete(t);
}

/* W11: calls that may sleep are fine in every callback, see also power_step(). */
static void power_w11_callbacks_may_sleep(struct kunit *test)
{
	static const char *const steps[] = {
		"fill", "enable", "start", "stop", "disable", "flush",
	};
	struct power_bay *bay = power_bay(test, 1);
	unsigned int i;

	bay->engines[0].act = power_sleep_in_the_core;
	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		bay->engines[0].acts = steps[i];
		KUNIT_EXPECT_EQ(test, dmabay_enablers_power_up(bay->dev), 0);
		KUNIT_EXPECT_EQ(test, dmabay_enablers_power_down(bay->dev), 0);
		POWER_EXPECT_LOG(bay, "A.fill A.enable A.start", "A.stop A.disable A.flush");
	}
}

/* One enabler alone: the same steps, but a failure is the caller's to undo. */
static void power_one_enabler(struct kunit *test)
{
	struct power_bay *bay = power_bay(test, 2);
	struct dmabay_enabler *enabler = bay->engines[1].enabler;

	KUNIT_EXPECT_EQ(test, dmabay_enabler_power_up(enabler), 0);
	KUNIT_EXPECT_EQ(test, dmabay_enabler_power_down(enabler), 0);
	POWER_EXPECT_LOG(bay, "B.fill B.enable B.start", "B.stop B.disable B.flush");

	bay->engines[1].status = -ENXIO;
	bay->engines[1].fails = "enable";
	KUNIT_EXPECT_EQ(test, dmabay_enabler_power_up(enabler), -ENXIO);
	POWER_EXPECT_LOG(bay, "B.fill B.enable");
	bay->engines[1].fails = "fill flush";
	KUNIT_EXPECT_EQ(test, dmabay_enabler_power_down(enabler), -ENXIO);
	POWER_EXPECT_LOG(bay, "B.stop B.disable B.flush");
	KUNIT_EXPECT_EQ(test, dmabay_enabler_power_up(enabler), -ENXIO);
	KUNIT_EXPECT_EQ(test, dmabay_enabler_power_down(enabler), 0);
	POWER_EXPECT_LOG(bay, "B.fill", "B.stop");
}

/* Enablers of other devices hear nothing, in whatever order all were made. */
static void power_other_device(struct kunit *test)
{
	struct power_bay *bay = power_bay(test, 1);

	bay->dev = rig_new_device(test);
	power_add(&bay->engines[1]);
	bay->dev = bay->rig->dev;
	power_add(&bay->engines[2]);
	KUNIT_EXPECT_EQ(test, dmabay_enablers_power_up(bay->dev), 0);
	KUNIT_EXPECT_EQ(test, dmabay_enablers_power_down(bay->dev), 0);
	POWER_EXPECT_LOG(bay, "A.fill A.enable A.start", "C.fill C.enable C.start",
			 "A.stop A.disable A.flush", "C.stop C.disable C.flush");
	/* One that has no enabler has nothing to do. */
	KUNIT_EXPECT_EQ(test, dmabay_enablers_power_up(bay->dev->parent), 0);
	KUNIT_EXPECT_EQ(test, dmabay_enablers_power_down(bay->dev->parent), 0);
	KUNIT_EXPECT_STREQ(test, bay->log, "");
}

static void power_deleted_hears_nothing(struct kunit *test)
{
	struct power_bay *bay = power_bay(test, 3);

	KUNIT_EXPECT_EQ(test, dmabay_enablers_power_up(bay->dev), 0);
	power_remove(&bay->engines[1]);
	bay->log[0] = '\0';
	KUNIT_EXPECT_EQ(test, dmabay_enablers_power_down(bay->dev), 0);
	POWER_EXPECT_LOG(bay, "A.stop A.disable A.flush", "C.stop C.disable C.flush");
}

static void power_remove_itself(struct power_engine *engine)
{
	power_remove(engine);
}

static void power_remove_others(struct power_engine *engine)
{
	unsigned int i;

	for (i = 0; i < POWER_ENGINES; i++) {
		if (&engine->bay->engines[i] != engine)
			power_remove(&engine->bay->engines[i]);
	}
}

/* The walk goes on behind an enabler that deleted itself in each of the steps. */
static void power_deletes_itself(struct kunit *test)
{
	/* The last callback of B is the one that deletes it. */
	static const struct {
		const char *step, *up, *down;
	} rows[] = {
		{ "fill", "B.fill", NULL },
		{ "enable", "B.fill B.enable", NULL },
		{ "start", "B.fill B.enable B.start", NULL },
		{ "stop", "B.fill B.enable B.start", "B.stop" },
		{ "disable", "B.fill B.enable B.start", "B.stop B.disable" },
		{ "flush", "B.fill B.enable B.start", "B.stop B.disable B.flush" },
	};
	struct power_bay *bay = power_bay(test, 0);
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		power_add(&bay->engines[0]);
		power_add(&bay->engines[1]);
		power_add(&bay->engines[2]);
		bay->engines[1].acts = rows[i].step;
		bay->engines[1].act = power_remove_itself;
		KUNIT_EXPECT_EQ(test, dmabay_enablers_power_up(bay->dev), 0);
		POWER_EXPECT_LOG(bay, "A.fill A.enable A.start", rows[i].up,
				 "C.fill C.enable C.start");
		KUNIT_EXPECT_EQ(test, dmabay_enablers_power_down(bay->dev), 0);
		POWER_EXPECT_LOG(bay, "A.stop A.disable A.flush", rows[i].down,
				 "C.stop C.disable C.flush");
		KUNIT_EXPECT_NULL(test, bay->engines[1].enabler);
		power_remove_all(bay);
	}
}

/* What it returns counts all the same; it is not powered down any more. */
static void power_deletes_itself_and_fails(struct kunit *test)
{
	struct power_bay *bay = power_bay(test, 2);

	bay->engines[0].acts = "enable";
	bay->engines[0].act = power_remove_itself;
	bay->engines[0].fails = "enable";
	bay->engines[0].status = -ENXIO;
	KUNIT_EXPECT_EQ(test, dmabay_enablers_power_up(bay->dev), -ENXIO);
	POWER_EXPECT_LOG(bay, "A.fill A.enable", "B.stop B.disable B.flush");
}

static void power_deletes_itself_alone(struct kunit *test)
{
	struct power_bay *bay = power_bay(test, 1);

	bay->engines[0].acts = "fill";
	bay->engines[0].act = power_remove_itself;
	KUNIT_EXPECT_EQ(test, dmabay_enabler_power_up(bay->engines[0].enabler), 0);
	POWER_EXPECT_LOG(bay, "A.fill");
	bay->engines[0].acts = "stop";
	power_add(&bay->engines[0]);
	KUNIT_EXPECT_EQ(test, dmabay_enabler_power_down(bay->engines[0].enabler), 0);
	POWER_EXPECT_LOG(bay, "A.stop");
}

/* Those before it have had their callbacks, those behind it get none. */
static void power_deletes_others(struct kunit *test)
{
	struct power_bay *bay = power_bay(test, 4);

	bay->engines[1].acts = "enable";
	bay->engines[1].act = power_remove_others;
	KUNIT_EXPECT_EQ(test, dmabay_enablers_power_up(bay->dev), 0);
	POWER_EXPECT_LOG(bay, "A.fill A.enable A.start", "B.fill B.enable B.start");
	KUNIT_EXPECT_EQ(test, dmabay_enablers_power_down(bay->dev), 0);
	POWER_EXPECT_LOG(bay, "B.stop B.disable B.flush");
}

/* Another driver, whose enablers come and go. */
struct power_neighbour {
	struct kunit *test;
	struct device *dev;
	struct dmabay_enabler_config config;
	unsigned int rounds;
	struct completion done;
};

static int power_come_and_go(void *data)
{
	struct power_neighbour *neighbour = data;
	struct dmabay_enabler *enablers[2];
	unsigned int i;

	for (i = 0; i < neighbour->rounds; i++) {
		KUNIT_EXPECT_EQ(neighbour->test, 0,
				dmabay_enabler_create(neighbour->dev, &neighbour->config,
						      &enablers[0]));
		KUNIT_EXPECT_EQ(neighbour->test, 0,
				dmabay_enabler_create(neighbour->dev, &neighbour->config,
						      &enablers[1]));
		usleep_range(500, 1500);
		dmabay_enabler_delete(enablers[0]);
		dmabay_enabler_delete(enablers[1]);
	}
	complete(&neighbour->done);
	return 0;
}

/* What other devices' drivers do to the list meanwhile changes nothing for a walk. */
static void power_while_others_come_and_go(struct kunit *test)
{
	struct power_bay *bay = power_bay(test, 1);
	struct power_neighbour neighbour = {
		.test = test,
		.dev = rig_new_device(test),
		.config = rig_config(bay->rig, 4096, 2),
		.rounds = 100,
	};
	struct task_struct *thread;

	bay->engines[0].acts = "enable";
	bay->engines[0].act = power_sleep;
	init_completion(&neighbour.done);
	thread = kthread_run(power_come_and_go, &neighbour, "dmabay_power");
	KUNIT_ASSERT_FALSE(test, IS_ERR(thread));
	do {
		KUNIT_EXPECT_EQ(test, dmabay_enablers_power_up(bay->dev), 0);
		KUNIT_EXPECT_EQ(test, dmabay_enablers_power_down(bay->dev), 0);
		POWER_EXPECT_LOG(bay, "A.fill A.enable A.start", "A.stop A.disable A.flush");
	} while (!try_wait_for_completion(&neighbour.done));
}

static struct kunit_case power_cases[] = {
	KUNIT_CASE(power_w01_up),
	KUNIT_CASE(power_w02_down),
	KUNIT_CASE(power_w03_fill_fails),
	KUNIT_CASE(power_w04_enable_fails),
	KUNIT_CASE(power_w05_start_fails),
	KUNIT_CASE(power_w06_down_fails),
	KUNIT_CASE(power_w06_one_enabler_fails_twice),
	KUNIT_CASE(power_w06_up_and_down_fail),
	KUNIT_CASE(power_w07_failure_is_forgotten),
	KUNIT_CASE(power_w08_in_a_driver),
	KUNIT_CASE(power_w09_created_later),
	KUNIT_CASE(power_w09_created_in_a_callback),
	KUNIT_CASE(power_w10_no_callbacks),
	KUNIT_CASE(power_w11_callbacks_may_sleep),
	KUNIT_CASE(power_one_enabler),
	KUNIT_CASE(power_other_device),
	KUNIT_CASE(power_deleted_hears_nothing),
	KUNIT_CASE(power_deletes_itself),
	KUNIT_CASE(power_deletes_itself_and_fails),
	KUNIT_CASE(power_deletes_itself_alone),
	KUNIT_CASE(power_deletes_others),
	KUNIT_CASE(power_while_others_come_and_go),
	{}
};

struct kunit_suite dmabay_power_suite = {
	.name = "dmabay_power",
	.exit = rig_end,
	.test_cases = power_cases,
};
kunit_test_suite(dmabay_power_suite);
