// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reference model's enabler: power, common buffers, and the limit of elements.
 *
 * Up is fill, enable, start, to the first that fails. Down is stop, disable, flush,
 * whatever fails, but the last two only for an engine that could be filled. Of several
 * enablers one that fails on the way up takes all down.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/log2.h>
#include <linux/minmax.h>

#include "model.h"

/* One step of an enabler: fails if the call says so, in a way of its own. */
static int step(struct model *model, const struct model_call *call, unsigned int enabler,
		unsigned int step)
{
	struct model_event event = { .kind = MODEL_POWER, .who = enabler, .status = step };

	model->callback(model, &event);
	return call->number & BIT(MODEL_POWER_STEPS * enabler + step) ? -1 - (int)step : 0;
}

static int up(struct model *model, const struct model_call *call, unsigned int enabler)
{
	int ret = step(model, call, enabler, MODEL_FILL);

	model->enablers[enabler].fill_failed = ret;
	return ret ?: step(model, call, enabler, MODEL_ENABLE) ?:
		      step(model, call, enabler, MODEL_START);
}

static int down(struct model *model, const struct model_call *call, unsigned int enabler)
{
	int stopped = step(model, call, enabler, MODEL_STOP), disabled, flushed;

	if (model->enablers[enabler].fill_failed)
		return stopped;
	disabled = step(model, call, enabler, MODEL_DISABLE);
	flushed = step(model, call, enabler, MODEL_FLUSH_ENGINE);
	return stopped ?: disabled ?: flushed;
}

static int all_down(struct model *model, const struct model_call *call)
{
	unsigned int i;
	int ret, first = 0;

	for (i = 0; i < model->enabler_count; i++) {
		ret = down(model, call, i);
		first = first ?: ret;
	}
	return first;
}

static int all_up(struct model *model, const struct model_call *call)
{
	unsigned int i;
	int ret = 0;

	for (i = 0; i < model->enabler_count && !ret; i++)
		ret = up(model, call, i);
	if (ret)
		all_down(model, call);
	return ret;
}

/* What it is aligned to is not a number, but looked at by whoever makes one. */
static int buffer(const struct model_call *call)
{
	bool own_mask = call->flag;

	if (!call->length || (own_mask && !is_power_of_2(call->number + 1UL)))
		return -EINVAL;
	return 0;
}

MODEL_CALL(model_enabler_call)
{
	switch (call->op) {
	case MODEL_MAX_ELEMENTS:
		if (call->number)
			model->enablers[call->who].max_elements = call->number;
		return 0;
	case MODEL_BUFFER:
		return buffer(call);
	case MODEL_POWER_UP:
		return call->flag ? all_up(model, call) : up(model, call, call->who);
	default:
		return call->flag ? all_down(model, call) : down(model, call, call->who);
	}
}
