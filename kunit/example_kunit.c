// SPDX-License-Identifier: GPL-2.0-only
/*
 * Example: two small drivers, as somebody would write them who has read the manual,
 * and tests that they work.
 *
 * The toy takes one piece at a time and reserves at probe time, so that no job ever
 * waits or fails for lack of anything. The ring takes lists, reserves nothing, and is
 * given requests that can be cancelled while they wait.
 */
#include <kunit/device.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/kref.h>
#include <linux/slab.h>

#include "rig.h"

/* The toy: registers, and an interrupt when it is done. */
enum toy_register {
	TOY_ADDRESS,
	TOY_LENGTH,
	TOY_CONTROL,
	TOY_REGISTERS,
};

#define TOY_START		BIT(0)
#define TOY_TO_MEMORY		BIT(1)
#define TOY_DONE		BIT(2)
#define TOY_MAX_LENGTH		8192

struct toy {
	u64 registers[TOY_REGISTERS];
	struct dmabay_transaction *transaction;

	spinlock_t lock; /* guards all below */
	struct list_head jobs;
	struct toy_job *running;
	bool reserved;
	bool gone;
};

struct toy_job {
	struct list_head node;
	struct dmabay_memory *memory;
	size_t length;
	enum dmabay_direction direction;
	void (*done)(struct toy_job *job, int status, size_t transferred);
};

/* These stand for writeq() and readq(). */
static void toy_write(struct toy *toy, enum toy_register at, u64 value)
{
	WRITE_ONCE(toy->registers[at], value);
}

static u64 toy_read(struct toy *toy, enum toy_register at)
{
	return READ_ONCE(toy->registers[at]);
}

static bool toy_program_dma(struct dmabay_transaction *transaction, struct device *dev,
			    void *context, enum dmabay_direction direction,
			    const struct dmabay_sg_list *list)
{
	struct toy *toy = context;
	u64 control = TOY_START;

	if (direction == DMABAY_READ_FROM_DEVICE)
		control |= TOY_TO_MEMORY;
	toy_write(toy, TOY_ADDRESS, list->elements[0].address);
	toy_write(toy, TOY_LENGTH, list->elements[0].length);
	toy_write(toy, TOY_CONTROL, control);
	return true;
}

/* The job whose turn it is, if one can start. */
static struct toy_job *toy_next(struct toy *toy)
{
	struct toy_job *job = NULL;
	unsigned long flags;

	spin_lock_irqsave(&toy->lock, flags);
	if (toy->reserved && !toy->running && !toy->gone) {
		job = list_first_entry_or_null(&toy->jobs, struct toy_job, node);
		if (job)
			list_del(&job->node);
		toy->running = job;
	}
	spin_unlock_irqrestore(&toy->lock, flags);
	return job;
}

/* The job that runs is over, and the transaction free for the next one. */
static void toy_over(struct toy *toy, int status)
{
	size_t transferred = dmabay_transaction_bytes_transferred(toy->transaction);
	struct toy_job *job = toy->running;
	unsigned long flags;

	dmabay_transaction_release(toy->transaction);
	spin_lock_irqsave(&toy->lock, flags);
	toy->running = NULL;
	spin_unlock_irqrestore(&toy->lock, flags);
	job->done(job, status, transferred);
}

/* No lock is held here: whatever is called may call back. */
static void toy_start(struct toy *toy)
{
	struct toy_job *job;
	int ret;

	while ((job = toy_next(toy))) {
		ret = dmabay_transaction_initialize(toy->transaction, toy_program_dma,
						    job->direction, job->memory, job->length);
		if (!ret)
			ret = dmabay_transaction_execute(toy->transaction, toy);
		if (!ret)
			return; /* the interrupt goes on from here */
		toy_over(toy, ret);
	}
}

static irqreturn_t toy_interrupt(int irq, void *data)
{
	struct toy *toy = data;
	int ret;

	if (!(toy_read(toy, TOY_CONTROL) & TOY_DONE))
		return IRQ_NONE;
	toy_write(toy, TOY_CONTROL, 0);

	ret = dmabay_transaction_completed(toy->transaction);
	if (ret != -EINPROGRESS) {
		toy_over(toy, ret);
		toy_start(toy);
	}
	return IRQ_HANDLED;
}

static void toy_reserved(struct dmabay_transaction *transaction, void *context)
{
	struct toy *toy = context;
	unsigned long flags;

	spin_lock_irqsave(&toy->lock, flags);
	toy->reserved = true;
	spin_unlock_irqrestore(&toy->lock, flags);
	toy_start(toy);
}

static int toy_submit(struct toy *toy, struct toy_job *job)
{
	unsigned long flags;
	bool gone;

	spin_lock_irqsave(&toy->lock, flags);
	gone = toy->gone;
	if (!gone)
		list_add_tail(&job->node, &toy->jobs);
	spin_unlock_irqrestore(&toy->lock, flags);
	if (gone)
		return -ENODEV;
	toy_start(toy);
	return 0;
}

static int toy_probe(struct toy *toy, struct device *dev)
{
	struct dmabay_enabler_config config =
		DMABAY_ENABLER_CONFIG(DMABAY_PROFILE_PACKET, TOY_MAX_LENGTH);
	unsigned int map_registers = dmabay_span_pages(PAGE_SIZE - 1, TOY_MAX_LENGTH);
	struct dmabay_enabler *enabler;
	int ret;

	spin_lock_init(&toy->lock);
	INIT_LIST_HEAD(&toy->jobs);
	ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(32));
	if (ret)
		return ret;
	/* It ends with the device, and takes the transaction along. */
	ret = devm_dmabay_enabler_create(dev, dev, &config, &enabler);
	if (ret)
		return ret;
	ret = dmabay_transaction_create(enabler, &toy->transaction);
	if (ret)
		return ret;
	return dmabay_transaction_reserve(toy->transaction, DMABAY_READ_FROM_DEVICE,
					  map_registers, toy_reserved, toy);
}

/* The interrupt is off, and nobody is inside toy_submit(). */
static void toy_remove(struct toy *toy)
{
	struct toy_job *job, *next;
	unsigned long flags;
	LIST_HEAD(jobs);

	spin_lock_irqsave(&toy->lock, flags);
	toy->gone = true;
	list_splice_init(&toy->jobs, &jobs);
	spin_unlock_irqrestore(&toy->lock, flags);

	toy_write(toy, TOY_CONTROL, 0); /* the engine touches no memory any more */
	if (toy->running) {
		dmabay_transaction_completed_final(toy->transaction, 0);
		toy_over(toy, -ENODEV);
	}
	list_for_each_entry_safe(job, next, &jobs, node)
		job->done(job, -ENODEV, 0);
	dmabay_transaction_delete(toy->transaction);
}

/*
 * The ring: any number of descriptor tables at once, an interrupt for each. What it is
 * given is a request that others hold references to.
 */
#define RING_MAX_LENGTH		16384
#define RING_TABLE		5

struct ring {
	struct dmabay_enabler *enabler;
	/* what the device has been given and not finished */
	struct list_head tables;
};

struct ring_request {
	struct dmabay_request request;
	struct kref kref;
	struct ring *ring;
	struct dmabay_transaction *transaction;
	void (*done)(struct ring_request *request, int status, size_t transferred);
	/* the descriptor table */
	struct list_head node;
	unsigned int count;
	struct dmabay_sg_element table[RING_TABLE];
};

static struct ring_request *to_ring_request(struct dmabay_request *request)
{
	return container_of(request, struct ring_request, request);
}

/* Its transaction is there as long as the request, so that it can always be asked. */
static void ring_free(struct kref *kref)
{
	struct ring_request *request = container_of(kref, struct ring_request, kref);

	dmabay_transaction_delete(request->transaction);
	kfree(request);
}

static void ring_get(struct dmabay_request *request)
{
	kref_get(&to_ring_request(request)->kref);
}

static void ring_put(struct dmabay_request *request)
{
	kref_put(&to_ring_request(request)->kref, ring_free);
}

static bool ring_program_dma(struct dmabay_transaction *transaction, struct device *dev,
			     void *context, enum dmabay_direction direction,
			     const struct dmabay_sg_list *list)
{
	struct ring_request *request = context;
	unsigned int i;

	for (i = 0; i < list->count; i++)
		request->table[i] = list->elements[i];
	request->count = list->count;
	list_add_tail(&request->node, &request->ring->tables); /* the doorbell */
	return true;
}

/* The driver's reference was the caller's of ring_submit(). */
static void ring_over(struct ring_request *request, int status)
{
	request->done(request, status, dmabay_transaction_bytes_transferred(request->transaction));
	kref_put(&request->kref, ring_free);
}

/* It had to wait, and then could not be mapped. */
static void ring_failed(struct dmabay_transaction *transaction, void *context, int status)
{
	ring_over(context, status);
}

/* The device has finished a table. */
static void ring_interrupt(struct ring_request *request)
{
	int ret = dmabay_transaction_completed(request->transaction);

	if (ret != -EINPROGRESS)
		ring_over(request, ret);
}

/* On success done() will be called, and a reference of the caller's is the driver's. */
static int ring_submit(struct ring *ring, struct ring_request *request,
		       enum dmabay_direction direction)
{
	int ret;

	request->ring = ring;
	request->request.get = ring_get;
	request->request.put = ring_put;
	ret = dmabay_transaction_create(ring->enabler, &request->transaction);
	if (ret)
		return ret;
	dmabay_transaction_set_failed(request->transaction, ring_failed);
	ret = dmabay_transaction_initialize_request(request->transaction, &request->request,
						    ring_program_dma, direction);
	if (ret)
		return ret;
	return dmabay_transaction_execute(request->transaction, request);
}

/* Only while it waits; otherwise it is over, or soon will be. */
static bool ring_cancel(struct ring_request *request)
{
	if (!dmabay_transaction_cancel(request->transaction))
		return false;
	ring_over(request, -ECANCELED);
	return true;
}

static int ring_probe(struct ring *ring, struct device *dev)
{
	struct dmabay_enabler_config config =
		DMABAY_ENABLER_CONFIG(DMABAY_PROFILE_SCATTER_GATHER64, RING_MAX_LENGTH);
	int ret;

	INIT_LIST_HEAD(&ring->tables);
	ret = dma_set_mask_and_coherent(dev, DMA_BIT_MASK(64));
	if (ret)
		return ret;
	ret = devm_dmabay_enabler_create(dev, dev, &config, &ring->enabler);
	if (ret)
		return ret;
	dmabay_enabler_set_max_sg_elements(ring->enabler, RING_TABLE);
	return 0;
}

/* The toy's own side: it moves what it was told to, from or to byte @at of its memory. */
static bool example_toy_runs(struct rig *rig, struct toy *toy, size_t *at, u8 seed)
{
	u64 address = toy->registers[TOY_ADDRESS], length = toy->registers[TOY_LENGTH];
	u64 control = toy->registers[TOY_CONTROL];

	if (!(control & TOY_START))
		return false;
	KUNIT_EXPECT_LE(rig->test, length, TOY_MAX_LENGTH);
	if (control & TOY_TO_MEMORY)
		rig_device_write(rig, address, *at, length, seed);
	else
		KUNIT_EXPECT_EQ(rig->test,
				rig_device_matching(rig, address, *at, length, seed), length);
	*at += length;
	toy->registers[TOY_CONTROL] = TOY_DONE;
	KUNIT_EXPECT_EQ(rig->test, toy_interrupt(0, toy), IRQ_HANDLED);
	return true;
}

struct example_job {
	struct toy_job job;
	unsigned int dones;
	int status;
	size_t transferred;
};

static void example_job_done(struct toy_job *job, int status, size_t transferred)
{
	struct example_job *done = container_of(job, struct example_job, job);

	done->dones++;
	done->status = status;
	done->transferred = transferred;
}

static struct example_job *example_submit(struct rig *rig, struct toy *toy,
					  struct rig_buffer *buffer, size_t length,
					  enum dmabay_direction direction)
{
	struct example_job *job = kunit_kzalloc(rig->test, sizeof(*job), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(rig->test, job);
	job->job.memory = buffer->memory;
	job->job.length = length;
	job->job.direction = direction;
	job->job.done = example_job_done;
	KUNIT_ASSERT_EQ(rig->test, toy_submit(toy, &job->job), 0);
	return job;
}

static void example_expect_job(struct rig *rig, const struct example_job *job, int status,
			       size_t transferred)
{
	KUNIT_EXPECT_EQ(rig->test, job->dones, 1);
	KUNIT_EXPECT_EQ(rig->test, job->status, status);
	KUNIT_EXPECT_EQ(rig->test, job->transferred, transferred);
}

/* Jobs one after the other on one reservation, and one that cannot be among them. */
static void example_toy_does_its_jobs(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct toy *toy = kunit_kzalloc(test, sizeof(*toy), GFP_KERNEL);
	struct rig_buffer *in = rig_scattered(rig, 100, 20000), *out = rig_scattered(rig, 0, 5000);
	struct example_job *read, *wrong, *write;
	unsigned int interrupts = 0;
	size_t at = 0;

	KUNIT_ASSERT_NOT_NULL(test, toy);
	KUNIT_ASSERT_EQ(test, toy_probe(toy, rig->dev), 0);
	KUNIT_EXPECT_TRUE(test, toy->reserved);
	KUNIT_EXPECT_EQ(test, toy_interrupt(0, toy), IRQ_NONE);

	rig_fill(out, 2);
	read = example_submit(rig, toy, in, 20000, DMABAY_READ_FROM_DEVICE);
	wrong = example_submit(rig, toy, out, 5001, DMABAY_WRITE_TO_DEVICE);
	write = example_submit(rig, toy, out, 5000, DMABAY_WRITE_TO_DEVICE);
	while (!read->dones && example_toy_runs(rig, toy, &at, 1))
		interrupts++;
	KUNIT_EXPECT_GE(test, interrupts, 3);
	example_expect_job(rig, read, 0, 20000);
	KUNIT_EXPECT_EQ(test, rig_matching(in, 0, 20000, 1), 20000);
	/* The next one started by itself, past the one that could not. */
	example_expect_job(rig, wrong, -EINVAL, 0);
	KUNIT_EXPECT_EQ(test, write->dones, 0);
	at = 0;
	while (example_toy_runs(rig, toy, &at, 2))
		;
	example_expect_job(rig, write, 0, 5000);

	toy_remove(toy);
	KUNIT_EXPECT_EQ(test, toy_submit(toy, &read->job), -ENODEV);
	kunit_device_unregister(test, rig->dev);
}

static void example_toy_is_removed(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct toy *toy = kunit_kzalloc(test, sizeof(*toy), GFP_KERNEL);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 20000);
	struct example_job *running, *queued;
	size_t at = 0;

	KUNIT_ASSERT_NOT_NULL(test, toy);
	KUNIT_ASSERT_EQ(test, toy_probe(toy, rig->dev), 0);
	running = example_submit(rig, toy, buffer, 20000, DMABAY_READ_FROM_DEVICE);
	queued = example_submit(rig, toy, buffer, 20000, DMABAY_READ_FROM_DEVICE);
	KUNIT_EXPECT_TRUE(test, example_toy_runs(rig, toy, &at, 1));
	toy_remove(toy);
	example_expect_job(rig, running, -ENODEV, at);
	example_expect_job(rig, queued, -ENODEV, 0);
	KUNIT_EXPECT_FALSE(test, example_toy_runs(rig, toy, &at, 1));
	kunit_device_unregister(test, rig->dev);
}

/* The last of what was done with a request, and to whom. */
struct example_done {
	unsigned int dones;
	int status;
	size_t transferred;
};

struct example_request {
	struct ring_request ring;
	struct example_done *done;
};

static void example_request_done(struct ring_request *request, int status, size_t transferred)
{
	struct example_done *done = container_of(request, struct example_request, ring)->done;

	/* Nobody executes it: it may be completed. */
	if (dmabay_request_may_complete(&request->request))
		return;
	done->dones++;
	done->status = status;
	done->transferred = transferred;
}

static struct ring_request *example_request(struct rig *rig, struct rig_buffer *buffer,
					    struct example_done *done)
{
	struct example_request *request = kzalloc(sizeof(*request), GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(rig->test, request);
	kref_init(&request->ring.kref);
	request->done = done;
	request->ring.done = example_request_done;
	request->ring.request.kind = DMABAY_REQUEST_READ;
	request->ring.request.memory = buffer->memory;
	request->ring.request.output_length = buffer->length;
	return &request->ring;
}

/* The ring's own side: it fills what the first table says, from byte @at on. */
static bool example_ring_runs(struct rig *rig, struct ring *ring, size_t *at, u8 seed)
{
	struct ring_request *request =
		list_first_entry_or_null(&ring->tables, struct ring_request, node);
	unsigned int i;

	if (!request)
		return false;
	list_del(&request->node);
	KUNIT_EXPECT_LE(rig->test, request->count, RING_TABLE);
	for (i = 0; i < request->count; i++) {
		rig_device_write(rig, request->table[i].address, *at, request->table[i].length,
				 seed);
		*at += request->table[i].length;
	}
	ring_interrupt(request);
	return true;
}

static unsigned int example_ring_free(struct ring *ring)
{
	struct dmabay_adapter_info info;

	dmabay_adapter_info(dmabay_enabler_adapter(ring->enabler, DMABAY_READ_FROM_DEVICE), &info);
	return info.map_registers_free;
}

static void example_ring_serves_requests(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct ring *ring = kunit_kzalloc(test, sizeof(*ring), GFP_KERNEL);
	struct rig_buffer *first = rig_scattered(rig, 100, 40000), *second;
	struct example_done done[2] = {};
	unsigned int free, tables = 0;
	size_t at = 0;

	KUNIT_ASSERT_NOT_NULL(test, ring);
	KUNIT_ASSERT_EQ(test, ring_probe(ring, rig->dev), 0);
	free = example_ring_free(ring);
	KUNIT_ASSERT_EQ(test, 0, ring_submit(ring, example_request(rig, first, &done[0]),
					     DMABAY_READ_FROM_DEVICE));
	while (example_ring_runs(rig, ring, &at, 1))
		tables++;
	KUNIT_EXPECT_EQ(test, tables, 3);
	KUNIT_EXPECT_EQ(test, done[0].dones, 1);
	KUNIT_EXPECT_EQ(test, done[0].status, 0);
	KUNIT_EXPECT_EQ(test, done[0].transferred, 40000);
	KUNIT_EXPECT_EQ(test, rig_matching(first, 0, 40000, 1), 40000);

	at = 0;
	second = rig_contiguous(rig, 0, 4096);
	KUNIT_ASSERT_EQ(test, 0, ring_submit(ring, example_request(rig, second, &done[1]),
					     DMABAY_READ_FROM_DEVICE));
	KUNIT_EXPECT_TRUE(test, example_ring_runs(rig, ring, &at, 2));
	KUNIT_EXPECT_EQ(test, done[1].transferred, 4096);
	KUNIT_EXPECT_EQ(test, rig_matching(second, 0, 4096, 2), 4096);
	KUNIT_EXPECT_EQ(test, example_ring_free(ring), free);
	kunit_device_unregister(test, rig->dev);
}

/* As many as there are registers for run at once; one that waits can be cancelled. */
static void example_ring_cancels_a_request(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct ring *ring = kunit_kzalloc(test, sizeof(*ring), GFP_KERNEL);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 16384);
	struct ring_request *running, *waiting;
	struct example_done done[2] = {};
	size_t at = 0;

	KUNIT_ASSERT_NOT_NULL(test, ring);
	KUNIT_ASSERT_EQ(test, ring_probe(ring, rig->dev), 0);
	running = example_request(rig, buffer, &done[0]);
	waiting = example_request(rig, buffer, &done[1]);
	kref_get(&running->kref);
	kref_get(&waiting->kref);
	KUNIT_ASSERT_EQ(test, ring_submit(ring, running, DMABAY_READ_FROM_DEVICE), 0);
	KUNIT_ASSERT_EQ(test, ring_submit(ring, waiting, DMABAY_READ_FROM_DEVICE), 0);
	KUNIT_EXPECT_FALSE(test, ring_cancel(running));
	KUNIT_EXPECT_TRUE(test, ring_cancel(waiting));
	KUNIT_EXPECT_FALSE(test, ring_cancel(waiting));
	KUNIT_EXPECT_EQ(test, done[1].dones, 1);
	KUNIT_EXPECT_EQ(test, done[1].status, -ECANCELED);
	KUNIT_EXPECT_TRUE(test, example_ring_runs(rig, ring, &at, 1));
	KUNIT_EXPECT_FALSE(test, example_ring_runs(rig, ring, &at, 1));
	KUNIT_EXPECT_EQ(test, done[0].dones, 1);
	KUNIT_EXPECT_EQ(test, done[0].status, 0);
	KUNIT_EXPECT_EQ(test, rig_matching(buffer, 0, 16384, 1), 16384);
	KUNIT_EXPECT_FALSE(test, ring_cancel(running));
	kref_put(&running->kref, ring_free);
	kref_put(&waiting->kref, ring_free);
	kunit_device_unregister(test, rig->dev);
}

/* One that cannot be is the caller's again, with nothing left behind. */
static void example_ring_refuses_a_request(struct kunit *test)
{
	struct rig *rig = rig_prepare(test);
	struct ring *ring = kunit_kzalloc(test, sizeof(*ring), GFP_KERNEL);
	struct rig_buffer *buffer = rig_contiguous(rig, 0, 4096);
	struct example_done done = {};
	struct ring_request *request;
	unsigned int free;

	KUNIT_ASSERT_NOT_NULL(test, ring);
	KUNIT_ASSERT_EQ(test, ring_probe(ring, rig->dev), 0);
	free = example_ring_free(ring);
	request = example_request(rig, buffer, &done);
	KUNIT_EXPECT_EQ(test, ring_submit(ring, request, DMABAY_WRITE_TO_DEVICE), -EOPNOTSUPP);
	KUNIT_EXPECT_EQ(test, example_ring_free(ring), free);
	KUNIT_EXPECT_EQ(test, done.dones, 0);
	KUNIT_EXPECT_EQ(test, kref_read(&request->kref), 1);
	kref_put(&request->kref, ring_free);
	kunit_device_unregister(test, rig->dev);
}

static struct kunit_case example_cases[] = {
	KUNIT_CASE(example_toy_does_its_jobs),
	KUNIT_CASE(example_toy_is_removed),
	KUNIT_CASE(example_ring_serves_requests),
	KUNIT_CASE(example_ring_cancels_a_request),
	KUNIT_CASE(example_ring_refuses_a_request),
	{}
};

struct kunit_suite dmabay_example_suite = {
	.name = "dmabay_example",
	.exit = rig_end,
	.test_cases = example_cases,
};
kunit_test_suite(dmabay_example_suite);
