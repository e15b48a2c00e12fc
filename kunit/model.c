// SPDX-License-Identifier: GPL-2.0-only
/* The reference model: its calls. See model.h. */
#include "model.h"

/**
 * model_do() - Make a call
 * @model: the model
 * @call: the call
 *
 * Return: what the call returns; 0 for those that return nothing.
 */
struct model_result model_do(struct model *model, const struct model_call *call)
{
	static const struct {
		enum model_op end;
		MODEL_CALL((*call));
	} kinds[] = {
		{ MODEL_TRANSACTION_OPS, model_transaction_call },
		{ MODEL_CHANNEL_OPS, model_channel_call },
		{ MODEL_ADAPTER_OPS, model_list_call },
		{ MODEL_OPS, model_enabler_call },
	};
	struct model_result result = {};
	unsigned int i;

	for (i = 0; call->op >= kinds[i].end; i++)
		;
	result.ret = kinds[i].call(model, call, &result);
	return result;
}
