// SPDX-License-Identifier: GPL-2.0-only
/*
 * Model: random calls, and the core against the reference model (model.h).
 *
 * Steps, see model_world.h, come in rounds: a round begins with new enablers, memories
 * and transactions. After each step all states, lengths, credits and lines are compared,
 * after each round all bytes. Everything in a round follows from its seed, and each step
 * from that and its own number. So when a round fails, steps can be left out as long as
 * it still does; the few that remain are printed.
 */
#include <linux/dma-mapping.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "model_world.h"

static unsigned int model_steps = 10 * 1000 * 1000;
module_param(model_steps, uint, 0444);
MODULE_PARM_DESC(model_steps, "Random steps of the core against the model");

static ulong model_seed;
module_param(model_seed, ulong, 0444);
MODULE_PARM_DESC(model_seed, "What they follow from; 0 for something new each time");

#define FAST_STEPS	20000

/* A step */

static void compare_transaction(struct world *w, unsigned int number)
{
	const struct dmabay_transaction *transaction = w->transaction[number].transaction;
	const struct model_transaction *t = &w->model.transactions[number];
	const struct dmabay_request *request = t->request == MODEL_NONE ? NULL :
		&w->request[t->request].request;
	const char *state = dmabay_transaction_state_name(transaction);

	if (strcmp(state, world_state_name(t->state)))
		world_differ(w, "%u is %s instead of %s", number, state,
			     world_state_name(t->state));
	if (dmabay_transaction_bytes_transferred(transaction) != t->transferred)
		world_differ(w, "%u has transferred %zu instead of %zu", number,
			     dmabay_transaction_bytes_transferred(transaction), t->transferred);
	if (dmabay_transaction_current_length(transaction) != t->current_length)
		world_differ(w, "%u transfers %zu instead of %zu", number,
			     dmabay_transaction_current_length(transaction), t->current_length);
	if (dmabay_transaction_request(transaction) != request)
		world_differ(w, "%u has another request", number);
}

static void compare_adapter(struct world *w, unsigned int number)
{
	const struct model_adapter *adapter =
		w->model.enablers[number / 2].adapter[number % 2];
	struct dmabay_adapter_info info;

	dmabay_adapter_info(world_adapter(w, number), &info);
	if (info.map_registers_free != adapter->free || info.waiters != adapter->waiters)
		world_differ(w, "adapter %u: %u free, %u wait instead of %u, %u", number,
			     info.map_registers_free, info.waiters, adapter->free,
			     adapter->waiters);
}

static void compare(struct world *w)
{
	unsigned int i;

	for (i = 0; i < w->transactions; i++) {
		compare_transaction(w, i);
		if (atomic_read(&w->request[i].request.executing) !=
		    w->model.requests[i].executing)
			world_differ(w, "request %u is executed another number of times", i);
	}
	for (i = 0; i < 2 * w->model.enabler_count; i++) {
		if (i % 2 == 0 || w->enabler[i / 2].duplex)
			compare_adapter(w, i);
	}
}

static void draw_faults(struct world *w)
{
	struct model_faults *faults = &w->model.faults;

	w->model.maps = 0;
	w->model.flushes = 0;
	*faults = (struct model_faults) {
		.map = UINT_MAX,
		.map_most = SIZE_MAX,
		.flush = UINT_MAX,
		.flush_error = -EIO,
	};
	switch (world_draw_below(w, 16)) {
	case 0:
		faults->map = world_draw_below(w, 3);
		faults->map_error = world_percent(w, 50) ? -EIO : -ENOMEM;
		break;
	case 1:
		faults->map = world_draw_below(w, 3);
		faults->map_most = world_draw_length(w, 2 * PAGE_SIZE);
		break;
	case 2:
		faults->flush = world_draw_below(w, 3);
		break;
	}
}

static void do_step(struct world *w, u64 seed, unsigned int number)
{
	w->random = seed + (number + 1) * 0xd1342543de82ef95ULL;
	w->recorded = 0;
	w->events = 0;
	w->model.salt = world_draw(w);
	w->core_salt = w->model.salt;
	draw_faults(w);
	world_expect_step(w);
	world_follow_step(w);
	compare(w);
}

/* A round */

/* Returns the number of steps that were done; the last one failed, if w->failed. */
static unsigned int do_round(struct world *w, u64 seed, const unsigned int *steps,
			     unsigned int count, bool print)
{
	unsigned int i;

	world_open_round(w, seed);
	if (print)
		world_print_round(w);
	for (i = 0; i < count && !w->failed; i++) {
		do_step(w, seed, steps[i]);
		if (print) {
			kunit_err(w->test, "step %u:\n", steps[i]);
			world_print_record(w);
		}
	}
	world_compare_bytes(w);
	world_close_round(w);
	return i;
}

/* Leave out what the failure does not need: long stretches first, then single steps. */
static unsigned int reduce(struct world *w, u64 seed, unsigned int count)
{
	unsigned int stretch, first, left, done;

	for (stretch = max(count / 2, 1); stretch; stretch /= 2) {
		for (first = 0; first < count;) {
			left = min(stretch, count - first);
			memcpy(w->tried, w->steps, first * sizeof(*w->tried));
			memcpy(w->tried + first, w->steps + first + left,
			       (count - first - left) * sizeof(*w->tried));
			done = do_round(w, seed, w->tried, count - left, false);
			if (w->failed) {
				count = done;
				memcpy(w->steps, w->tried, count * sizeof(*w->steps));
			} else {
				first += left;
			}
		}
	}
	return count;
}

static void report(struct world *w, u64 seed, unsigned int count)
{
	KUNIT_FAIL(w->test, "round %llu, step %u of it: %s", seed, w->steps[count - 1], w->why);
	count = reduce(w, seed, count);
	kunit_err(w->test, "%u steps are enough, and the model expects:\n", count);
	do_round(w, seed, w->steps, count, true);
	kunit_err(w->test, "but: %s\n", w->why);
}

static void run_steps(struct world *w, u64 seed, unsigned int steps)
{
	unsigned int i, count, done = 0;

	while (done < steps && !w->failed) {
		count = min(steps - done, ROUND_STEPS);
		for (i = 0; i < count; i++)
			w->steps[i] = i;
		count = do_round(w, seed, w->steps, count, false);
		if (w->failed)
			report(w, seed, count);
		done += count;
		seed++;
		cond_resched();
		/* An emulated machine does what it can. */
		if (!IS_ENABLED(CONFIG_UML) && time_after(jiffies, w->deadline))
			break;
	}
	kunit_info(w->test, "%u steps of %u\n", done, steps);
}

/* The world */

static void open_world(struct world *w)
{
	struct kunit *test = w->test;
	unsigned int i;

	w->pristine = kvmalloc(MEMORY_SIZE + MODEL_MEMORIES * PAGE_SIZE, GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, w->pristine);
	for (i = 0; i < MEMORY_SIZE + MODEL_MEMORIES * PAGE_SIZE; i++)
		w->pristine[i] = world_draw(w);
	for (i = 0; i < MODEL_MEMORIES; i++) {
		w->blocks[i] = alloc_pages(GFP_KERNEL | __GFP_COMP, MEMORY_ORDER);
		KUNIT_ASSERT_NOT_NULL(test, w->blocks[i]);
		w->model.memories[i].bytes = kvmalloc(MEMORY_SIZE, GFP_KERNEL);
		KUNIT_ASSERT_NOT_NULL(test, w->model.memories[i].bytes);
	}
}

static void close_world(struct world *w)
{
	unsigned int i;

	for (i = 0; i < MODEL_MEMORIES; i++) {
		__free_pages(w->blocks[i], MEMORY_ORDER);
		kvfree(w->model.memories[i].bytes);
	}
	kvfree(w->pristine);
	kvfree(w);
}

static void model_run(struct kunit *test, const struct rig_provider *provider,
		      unsigned int steps)
{
	u64 seed = model_seed ?: get_random_u32();
	struct device *dev = rig_new_device(test);
	struct world *w;

	/* The model knows nothing of copies that reach decides on. */
	if (dma_addressing_limited(dev))
		kunit_skip(test, "the device does not reach all memory");
	w = kvzalloc(sizeof(*w), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, w);
	w->test = test;
	w->dev = dev;
	w->provider = provider;
	w->deadline = jiffies + RIG_SECONDS * HZ;
	open_world(w);
	kunit_info(test, "seed %llu\n", seed);
	kunit_warning_suppress(test)
		run_steps(w, seed, steps);
	/* What failed may still be in use. */
	if (test->status != KUNIT_FAILURE)
		close_world(w);
}

/* Over the providers that behave the same on every machine. */
static const void *model_gen_params(struct kunit *test, const void *previous, char *description)
{
	const struct rig_provider *provider = previous;

	provider = provider ? provider + 1 : rig_providers;
	if (provider == &rig_providers[2])
		return NULL;
	strscpy(description, provider->name, KUNIT_PARAM_DESC_SIZE);
	return provider;
}

static void model_random_calls(struct kunit *test)
{
	model_run(test, test->param_value, FAST_STEPS);
}

static void model_millions_of_random_calls(struct kunit *test)
{
	model_run(test, NULL, model_steps);
}

static struct kunit_case model_cases[] = {
	KUNIT_CASE_PARAM(model_random_calls, model_gen_params),
	KUNIT_CASE_SLOW(model_millions_of_random_calls),
	{}
};

struct kunit_suite dmabay_model_suite = {
	.name = "dmabay_model",
	.test_cases = model_cases,
};
kunit_test_suite(dmabay_model_suite);
