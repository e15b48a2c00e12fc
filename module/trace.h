/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints of the core. The words are those of the table of states.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM dmabay

#if !defined(_DMABAY_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define _DMABAY_TRACE_H

#include <linux/tracepoint.h>

#include "dmabay_private.h"

#define DMABAY_TRACE_ENUM(symbol, name) TRACE_DEFINE_ENUM(symbol);
#define DMABAY_TRACE_WORD(symbol, name) { symbol, name },

DMABAY_STATE_LIST(DMABAY_TRACE_ENUM)
DMABAY_CALL_LIST(DMABAY_TRACE_ENUM)
TRACE_DEFINE_ENUM(DMABAY_STATES);
TRACE_DEFINE_ENUM(DMABAY_CALLS);

TRACE_EVENT(dmabay_state,
	TP_PROTO(const void *transaction, enum dmabay_call call, enum dmabay_state from,
		 enum dmabay_state to),
	TP_ARGS(transaction, call, from, to),
	TP_STRUCT__entry(
		__field(const void *, transaction)
		__field(u8, call)
		__field(u8, from)
		__field(u8, to)
	),
	TP_fast_assign(
		__entry->transaction = transaction;
		__entry->call = call;
		__entry->from = from;
		__entry->to = to;
	),
	TP_printk("transaction=%p call=%s from=%s to=%s", __entry->transaction,
		  __print_symbolic(__entry->call, DMABAY_CALL_LIST(DMABAY_TRACE_WORD)
				   { DMABAY_CALLS, "unknown" }),
		  __print_symbolic(__entry->from, DMABAY_STATE_LIST(DMABAY_TRACE_WORD)
				   { DMABAY_STATES, "unknown" }),
		  __print_symbolic(__entry->to, DMABAY_STATE_LIST(DMABAY_TRACE_WORD)
				   { DMABAY_STATES, "unknown" }))
);

#endif /* _DMABAY_TRACE_H */

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
