// SPDX-License-Identifier: GPL-2.0-only
/*
 * Context: where a call is made, and what a callback leaves behind.
 *
 * A call that may sleep does so seldom, and is refused where it might not always. A callback
 * must return with interrupts, preemption, locks and RCU as they were.
 */
#include <linux/bottom_half.h>
#include <linux/irqflags.h>
#include <linux/lockdep.h>
#include <linux/preempt.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>

#include "debug.h"

/**
 * dmabay_debug_may_not_sleep() - Is this no place for a call that may sleep?
 * @call: its name
 *
 * Where the kernel does not count what forbids preemption, nothing is known of locks.
 *
 * Return: true: the call is to be refused.
 */
bool dmabay_debug_may_not_sleep(const char *call)
{
	if (!preempt_count() && !irqs_disabled() && !rcu_preempt_depth())
		return false;
	dmabay_debug_report(DMABAY_RULE_MAY_SLEEP, 0, "%s%s%s%s", call,
			    preempt_count() ? ", preemption is off" : "",
			    irqs_disabled() ? ", interrupts are off" : "",
			    rcu_preempt_depth() ? ", in a reader's section of RCU" : "");
	return true;
}

/**
 * dmabay_context_save() - A callback begins
 * @context: for dmabay_context_compare()
 *
 * Context: any.
 */
void dmabay_context_save(struct dmabay_context *context)
{
	*context = (struct dmabay_context) {
		.preempt = preempt_count(),
		.locks = lockdep_depth(current),
		.rcu = rcu_preempt_depth(),
		.irqs_off = irqs_disabled(),
	};
}

/**
 * dmabay_context_compare() - A callback has returned
 * @context: as it was
 * @kind: what it is called
 * @function: the driver's function
 *
 * Context: any.
 */
void dmabay_context_compare(const struct dmabay_context *context, const char *kind,
			    const void *function)
{
	int preempt = preempt_count(), locks = lockdep_depth(current), rcu = rcu_preempt_depth();
	bool irqs_off = irqs_disabled();

	if (likely(preempt == context->preempt && locks == context->locks &&
		   rcu == context->rcu && irqs_off == context->irqs_off))
		return;
	dmabay_debug_report(DMABAY_RULE_CALLBACK, 0,
			    "%s %ps: preempt %x to %x, irqs %s to %s, locks %d to %d, rcu %d to %d",
			    kind, function, context->preempt, preempt,
			    context->irqs_off ? "off" : "on", irqs_off ? "off" : "on",
			    context->locks, locks, context->rcu, rcu);
}
