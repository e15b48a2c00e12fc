// SPDX-License-Identifier: GPL-2.0-only
/*
 * Expect: the model's side of a step, and the record that it leaves.
 *
 * The record is each call, what it returned, each callback, and where that ended. What a
 * driver does inside a callback is drawn when the model calls back: a script, of what
 * drivers do there, or anything.
 */
#include <linux/kernel.h>
#include <linux/string.h>

#include "model_world.h"

static struct world_entry *record(struct world *w, int kind)
{
	struct world_entry *entry = &w->record[w->recorded];

	if (WARN_ON_ONCE(w->recorded == RECORD_MAX - 1))
		return entry;
	memset(entry, 0, sizeof(*entry));
	entry->kind = kind;
	w->recorded++;
	return entry;
}

static void expect_call(struct world *w, const struct model_call *call)
{
	struct model_result result;

	record(w, WORLD_CALL)->call = *call;
	result = model_do(&w->model, call);
	record(w, WORLD_RESULT)->result = result;
}

void world_expect_step(struct world *w)
{
	struct model_call call;

	world_draw_any(w, &call);
	expect_call(w, &call);
}

#define ANY	0x80
#define STOP	0xff

#define SCRIPT_LENGTH	6

/* What drivers do in their callbacks, up to STOP. */
static const u8 scripts_program[][SCRIPT_LENGTH] = {
	{ STOP },
	{ STOP },
	{ STOP },
	{ STOP },
	{ MODEL_COMPLETED, STOP },
	{ MODEL_COMPLETED, STOP },
	{ MODEL_COMPLETED, STOP },
	{ MODEL_COMPLETED_LENGTH, STOP },
	{ MODEL_COMPLETED_FINAL, STOP },
	{ MODEL_COMPLETED_FINAL, MODEL_RELEASE, MODEL_INITIALIZE, MODEL_EXECUTE, STOP },
	{ MODEL_COMPLETED, MODEL_RELEASE, MODEL_INITIALIZE_REQUEST, MODEL_EXECUTE, STOP },
	{ MODEL_COMPLETED_FINAL, MODEL_RELEASE, MODEL_RESERVE, STOP },
	{ MODEL_COMPLETED_FINAL, MODEL_RELEASE, MODEL_RESERVE, MODEL_INITIALIZE, MODEL_EXECUTE,
	  STOP },
	{ MODEL_COMPLETED_FINAL, MODEL_DELETE, STOP },
	{ MODEL_COMPLETED, ANY, STOP },
	{ ANY, STOP },
	{ ANY, ANY, STOP },
};

static const u8 scripts_reserved[][SCRIPT_LENGTH] = {
	{ STOP },
	{ STOP },
	{ MODEL_INITIALIZE, MODEL_EXECUTE, STOP },
	{ MODEL_INITIALIZE, MODEL_EXECUTE, STOP },
	{ MODEL_FREE_RESERVATION, STOP },
	{ MODEL_FREE_RESERVATION, MODEL_RESERVE, STOP },
	{ MODEL_RELEASE, MODEL_INITIALIZE_REQUEST, MODEL_EXECUTE, STOP },
	{ ANY, STOP },
	{ ANY, ANY, STOP },
};

static const u8 scripts_failed[][SCRIPT_LENGTH] = {
	{ STOP },
	{ MODEL_RELEASE, STOP },
	{ MODEL_RELEASE, MODEL_INITIALIZE, MODEL_EXECUTE, STOP },
	{ MODEL_DELETE, STOP },
	{ ANY, STOP },
};

/* Of plain channels and lists. */
static const u8 scripts_routine[][SCRIPT_LENGTH] = {
	{ STOP },
	{ STOP },
	{ STOP },
	{ ANY, STOP },
	{ ANY, ANY, STOP },
};

#define SCRIPTS(array)	array, ARRAY_SIZE(array)
static const struct {
	const u8 (*scripts)[SCRIPT_LENGTH];
	unsigned int count;
} scripts[MODEL_EVENTS] = {
	[MODEL_PROGRAM] = { SCRIPTS(scripts_program) },
	[MODEL_RESERVED] = { SCRIPTS(scripts_reserved) },
	[MODEL_FAILED] = { SCRIPTS(scripts_failed) },
	[MODEL_ROUTINE] = { SCRIPTS(scripts_routine) },
	[MODEL_LIST] = { SCRIPTS(scripts_routine) },
};

static void expect_script(struct world *w, const struct model_event *event)
{
	u32 number = world_draw_below(w, scripts[event->kind].count);
	const u8 *script = scripts[event->kind].scripts[number];
	struct model_call call;

	w->depth++;
	for (; *script != STOP; script++) {
		if (*script == ANY)
			world_draw_any(w, &call);
		else
			world_draw_call(w, event->who, *script, &call);
		expect_call(w, &call);
	}
	w->depth--;
}

/* The model calls back. */
void world_expect_event(struct model *model, const struct model_event *event)
{
	struct world *w = container_of(model, struct world, model);

	record(w, WORLD_EVENT)->event = *event;
	if (scripts[event->kind].count && w->depth < DEPTH_MAX && w->events++ < EVENTS_MAX)
		expect_script(w, event);
	record(w, WORLD_END);
}
