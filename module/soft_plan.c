// SPDX-License-Identifier: GPL-2.0-only
/*
 * The fault plan of dmabay_soft: which pieces its engine lies about, and how.
 *
 * The plan is one line, "KIND [PIECE [COUNT [VALUE]]]", as a parameter of the module, which
 * root can write at any time: the piece, counted from then on (1), and how many from there on
 * (1), are treated in this way. What a kind does, and what VALUE is, is in the table below.
 * "none" ends it. A piece is counted when the engine is given it.
 *
 * A lie is one such piece. It has two sides, each with a work item of its own. The engine does
 * what the plan says, and answers once, more often, or never. The driver waits for the
 * answer, and after timeout_ms it resets the engine: only when that touches no memory any
 * more, the piece is completed. Whoever takes &soft_lie.piece out, engine or driver, completes
 * it, so a piece is completed once; an answer that finds none there is stray, and counted. The
 * lie holds a reference to &soft.pieces until both sides are through, and is freed by the driver.
 *
 * Who calls &dmabay_device_ops.move waits for the engine, and cannot be kept waiting: there an
 * engine that does not answer is given up at once. What it does afterwards is a lie without
 * a piece.
 *
 * Where nothing translates device addresses, nothing would keep the engine from the memory of
 * others: there it tells the truth instead of those lies that reach for other memory.
 */

#include <linux/atomic.h>
#include <linux/delay.h>
#include <linux/dev_printk.h>
#include <linux/dmabay.h>
#include <linux/errno.h>
#include <linux/jiffies.h>
#include <linux/kernel.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "soft.h"
#include "soft_plan.h"

/* Answers of a storm, after the one that somebody waits for. */
#define SOFT_STORM	1000000U

static unsigned int soft_plan_timeout_ms = 1000;
module_param_named(timeout_ms, soft_plan_timeout_ms, uint, 0644);
MODULE_PARM_DESC(timeout_ms, "With a plan, time that a piece may take before the engine is reset, in milliseconds (default 1000)");

static atomic_t soft_plan_lies = ATOMIC_INIT(0);
static atomic_t soft_plan_strays = ATOMIC_INIT(0);
static atomic_t soft_plan_resets = ATOMIC_INIT(0);
static bool soft_plan_dead; /* no reset helps, until there is another plan */

/* ---- the kinds ---- */

enum soft_when {
	SOFT_AT_ONCE,
	SOFT_LATE,
	SOFT_EARLY,
	SOFT_NEVER,
};

/**
 * struct soft_kind - A way to lie
 * @name: as it is written
 * @when: the bytes are moved, against the answer
 * @answers: how often it answers
 * @again: the driver believes it each time
 * @dies: no reset helps, until there is another plan
 * @elsewhere: it reaches for memory that is not that of the piece, or not any more
 * @twist: NULL, or changes what is moved
 * @tell: NULL, or changes what is said of it
 */
struct soft_kind {
	const char *name;
	enum soft_when when;
	unsigned int answers;
	bool again;
	bool dies;
	bool elsewhere;
	void (*twist)(struct soft_job *job);
	void (*tell)(const struct soft_job *job, unsigned int value, int *status, size_t *moved);
};

static void soft_twist_half(struct soft_job *job)
{
	job->length = DIV_ROUND_UP(job->length, 2);
}

static void soft_twist_nothing(struct soft_job *job)
{
	job->length = 0;
}

static void soft_twist_beside(struct soft_job *job)
{
	job->address = ALIGN(job->address + job->length, PAGE_SIZE);
}

static void soft_twist_beyond(struct soft_job *job)
{
	job->length += PAGE_SIZE;
}

static void soft_twist_around(struct soft_job *job)
{
	dma_addr_t end = ALIGN(job->address + job->length, PAGE_SIZE);

	job->address = ALIGN_DOWN(job->address, PAGE_SIZE);
	job->length = end - job->address;
}

static void soft_twist_stale(struct soft_job *job)
{
	job->address = soft_last_address();
}

static void soft_tell_all(const struct soft_job *job, unsigned int value, int *status,
			  size_t *moved)
{
	*moved = job->length;
}

static void soft_tell_nothing(const struct soft_job *job, unsigned int value, int *status,
			      size_t *moved)
{
	*moved = 0;
}

static void soft_tell_more(const struct soft_job *job, unsigned int value, int *status,
			   size_t *moved)
{
	*moved = job->length + 1;
}

static void soft_tell_most(const struct soft_job *job, unsigned int value, int *status,
			   size_t *moved)
{
	*moved = U32_MAX;
}

static void soft_tell_error(const struct soft_job *job, unsigned int value, int *status,
			    size_t *moved)
{
	*status = value ? -(int)value : -EIO;
}

static const struct soft_kind soft_kinds[] = {
	/* It does not answer: nothing is moved, and the driver resets it. */
	{ .name = "never", .when = SOFT_NEVER },
	/* The same, and no reset helps: further pieces fail at once. Whatever COUNT is. */
	{ .name = "dead", .when = SOFT_NEVER, .dies = true },
	/* It moves the bytes, and answers, VALUE ms late, or is reset before. */
	{ .name = "late", .when = SOFT_LATE, .answers = 1 },
	/* It answers, and moves the bytes VALUE ms later. */
	{ .name = "early", .when = SOFT_EARLY, .answers = 1, .elsewhere = true },
	/* It moves nothing, and says all. */
	{ .name = "hollow", .answers = 1, .twist = soft_twist_nothing, .tell = soft_tell_all },
	/* It moves half of the bytes, and says so. */
	{ .name = "half", .answers = 1, .twist = soft_twist_half },
	/* It moves all, and says nothing, a byte more, or 4 GiB less one byte. */
	{ .name = "nothing", .answers = 1, .tell = soft_tell_nothing },
	{ .name = "more", .answers = 1, .tell = soft_tell_more },
	{ .name = "most", .answers = 1, .tell = soft_tell_most },
	/* It moves half of the bytes, and fails: with the errno VALUE, else EIO. */
	{ .name = "error", .answers = 1, .twist = soft_twist_half, .tell = soft_tell_error },
	/* It moves from or to the page after those of the piece, or goes on there. */
	{ .name = "beside", .answers = 1, .elsewhere = true, .twist = soft_twist_beside },
	{ .name = "beyond", .answers = 1, .elsewhere = true, .twist = soft_twist_beyond },
	/* It moves the whole of the pages in which the bytes are, and says that it was these. */
	{ .name = "around", .answers = 1, .elsewhere = true, .twist = soft_twist_around,
	  .tell = soft_tell_all },
	/* It uses the address of the piece before. */
	{ .name = "stale", .answers = 1, .elsewhere = true, .twist = soft_twist_stale },
	/* It answers twice; a million times more. */
	{ .name = "twice", .answers = 2 },
	{ .name = "storm", .answers = 1 + SOFT_STORM },
	/* It answers twice, while it is given the piece, and the driver completes that twice. */
	{ .name = "again", .answers = 2, .again = true },
};

static const struct soft_kind *soft_kind_by_name(const char *name)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(soft_kinds); i++)
		if (!strcmp(soft_kinds[i].name, name))
			return &soft_kinds[i];

	return NULL;
}

/* ---- the plan ---- */

static DEFINE_SPINLOCK(soft_plan_lock); /* guards the two below; any context */
unsigned int soft_plan_piece;
static struct {
	const struct soft_kind *kind;
	unsigned int count;
	unsigned int value;
} soft_plan;

/* Up to three numbers. */
static int soft_plan_numbers(char *text, unsigned int *numbers)
{
	unsigned int i = 0;
	char *word;
	int error;

	while ((word = strsep(&text, " "))) {
		if (i == 3)
			return -EINVAL;
		error = kstrtouint(word, 0, &numbers[i++]);
		if (error)
			return error;
	}

	/* The one with which it begins, and how many. */
	return numbers[0] && numbers[1] ? 0 : -EINVAL;
}

static int soft_plan_set(const char *text, const struct kernel_param *param)
{
	unsigned int numbers[] = { 1, 1, 0 };
	const struct soft_kind *kind;
	unsigned long flags;
	char buffer[48];
	char *rest, *name;
	int error = 0;

	if (strscpy(buffer, text, sizeof(buffer)) < 0)
		return -EINVAL;
	rest = strim(buffer);
	name = strsep(&rest, " ");
	kind = soft_kind_by_name(name);
	if (!kind && (rest || strcmp(name, "none")))
		return -EINVAL;
	if (rest)
		error = soft_plan_numbers(rest, numbers);
	if (error)
		return error;
	if (numbers[2] > MAX_ERRNO)
		return -ERANGE;

	spin_lock_irqsave(&soft_plan_lock, flags);
	soft_plan.kind = kind;
	soft_plan.count = numbers[1];
	soft_plan.value = numbers[2];
	WRITE_ONCE(soft_plan_dead, false);
	WRITE_ONCE(soft_plan_piece, kind ? numbers[0] : 0);
	spin_unlock_irqrestore(&soft_plan_lock, flags);

	return 0;
}

/* What is left of it. */
static int soft_plan_get(char *text, const struct kernel_param *param)
{
	int length;

	spin_lock_irq(&soft_plan_lock);
	if (soft_plan_piece)
		length = sysfs_emit(text, "%s %u %u %u\n", soft_plan.kind->name, soft_plan_piece,
				    soft_plan.count, soft_plan.value);
	else
		length = sysfs_emit(text, "none\n");
	spin_unlock_irq(&soft_plan_lock);

	return length;
}

static const struct kernel_param_ops soft_plan_ops = {
	.set = soft_plan_set,
	.get = soft_plan_get,
};

module_param_cb(plan, &soft_plan_ops, NULL, 0644);
MODULE_PARM_DESC(plan, "Fault plan for tests: KIND [PIECE [COUNT [VALUE]]]: what the engine does to that piece, counted from now on, and to so many from there on, see the document of sysfs (default none)");

static int soft_plan_count_get(char *text, const struct kernel_param *param)
{
	return sysfs_emit(text, "%d\n", atomic_read(param->arg));
}

static const struct kernel_param_ops soft_plan_count_ops = {
	.get = soft_plan_count_get,
};

module_param_cb(lies, &soft_plan_count_ops, &soft_plan_lies, 0444);
MODULE_PARM_DESC(lies, "How many pieces the engine has lied about");
module_param_cb(strays, &soft_plan_count_ops, &soft_plan_strays, 0444);
MODULE_PARM_DESC(strays, "How often the engine has answered without having a piece");

/**
 * struct soft_step - What the plan has for a piece
 * @kind: the way to lie
 * @value: see there
 */
struct soft_step {
	const struct soft_kind *kind;
	unsigned int value;
};

/* A piece is there. Is it one to lie about? */
static bool soft_plan_take(struct soft *soft, struct soft_step *step)
{
	unsigned long flags;
	bool due;

	spin_lock_irqsave(&soft_plan_lock, flags);
	due = soft_plan_piece == 1;
	step->kind = soft_plan.kind;
	step->value = soft_plan.value;
	if (soft_plan_piece > 1)
		WRITE_ONCE(soft_plan_piece, soft_plan_piece - 1);
	else if (due && !step->kind->dies && !--soft_plan.count)
		WRITE_ONCE(soft_plan_piece, 0);
	spin_unlock_irqrestore(&soft_plan_lock, flags);

	return due && (!step->kind->elsewhere || soft_is_translated(soft->dma_dev));
}

u64 soft_plan_timeouts(void)
{
	return atomic_read(&soft_plan_resets);
}

/* ---- a lie ---- */

/**
 * struct soft_lie - A piece, and what the engine makes of it
 * @soft: the device, of which it holds a reference to &soft.pieces
 * @step: of the plan
 * @job: what the engine was told
 * @piece: whoever makes it NULL completes it
 * @answers: how many the engine has left
 * @moved: it has moved the bytes
 * @reset: the driver wants nothing more of it
 * @engine: moves the bytes, and answers
 * @driver: waits for the answer, and for the engine to be through
 */
struct soft_lie {
	struct soft *soft;
	struct soft_step step;
	struct soft_job job;
	struct dmabay_device_piece *piece;
	unsigned int answers;
	bool moved;
	bool reset;
	struct work_struct engine;
	struct work_struct driver;
};

/* Drivers wait for engines. */
static struct workqueue_struct *soft_plan_engines, *soft_plan_drivers;

static void soft_lie_job(const struct dmabay_device_piece *piece, struct soft_job *job)
{
	job->address = piece->address;
	job->length = piece->length;
	job->device_address = piece->device_address;
	job->direction = piece->direction;
}

/* What the engine does at once. Returns what it says, as soft_move(). */
static int soft_lie_move(struct soft *soft, const struct soft_step *step,
			 const struct soft_job *asked, size_t *moved)
{
	struct soft_job job = *asked;
	int status = 0;

	*moved = 0;
	if (step->kind->twist)
		step->kind->twist(&job);
	if (job.length)
		status = soft_move_charged(soft->dma_dev, &job, moved);
	/* It went beyond the device memory. */
	if (status == -EINVAL)
		status = -EIO;
	if (step->kind->tell)
		step->kind->tell(asked, step->value, &status, moved);

	return status;
}

static bool soft_lie_stops(const struct soft_lie *lie)
{
	return READ_ONCE(lie->reset) || percpu_ref_is_dying(&lie->soft->pieces);
}

static void soft_lie_wait(struct soft_lie *lie, long patience)
{
	wait_event_idle_timeout(lie->soft->delay, soft_lie_stops(lie), patience);
}

/* The driver is told. It has a piece for the engine, or does not know what this is about. */
static void soft_lie_answer(struct soft_lie *lie, int status, size_t length)
{
	struct dmabay_device_piece *piece = xchg(&lie->piece, NULL);

	if (piece) {
		dmabay_device_complete(piece, status, length);
		wake_up_all(&lie->soft->delay);
		return;
	}

	atomic_inc(&soft_plan_strays);
	dev_warn_ratelimited(lie->soft->dma_dev, SOFT_NAME ": an answer without a piece\n");
}

static void soft_lie_engine(struct work_struct *work)
{
	struct soft_lie *lie = container_of(work, struct soft_lie, engine);
	const struct soft_kind *kind = lie->step.kind;
	long patience = msecs_to_jiffies(lie->step.value);
	size_t moved = lie->job.length;
	int status = 0;

	if (kind->when == SOFT_NEVER)
		patience = MAX_SCHEDULE_TIMEOUT;
	if (kind->when == SOFT_EARLY && lie->answers) {
		soft_lie_answer(lie, status, moved);
		lie->answers = 0;
	}
	if (kind->when != SOFT_AT_ONCE)
		soft_lie_wait(lie, patience);
	if (soft_lie_stops(lie))
		return;

	if (!lie->moved)
		status = soft_lie_move(lie->soft, &lie->step, &lie->job, &moved);
	for (; lie->answers && !soft_lie_stops(lie); lie->answers--) {
		soft_lie_answer(lie, status, moved);
		cond_resched();
	}
}

/* The engine did not answer, and is reset. Returns how that piece ends. */
static int soft_plan_reset(struct soft *soft, const struct soft_step *step)
{
	if (READ_ONCE(soft_plan_dead))
		return -EIO;

	atomic_inc(&soft_plan_resets);
	dev_warn_ratelimited(soft->dma_dev, SOFT_NAME ": no answer, the engine was reset\n");
	if (step->kind->dies)
		WRITE_ONCE(soft_plan_dead, true);

	return -ETIMEDOUT;
}

/* No answer: the engine is reset, and only then the memory is given back. */
static void soft_lie_recover(struct soft_lie *lie)
{
	struct soft *soft = lie->soft;
	bool stopped = percpu_ref_is_dying(&soft->pieces);
	struct dmabay_device_piece *piece;

	WRITE_ONCE(lie->reset, true);
	wake_up_all(&soft->delay);
	flush_work(&lie->engine);

	piece = xchg(&lie->piece, NULL);
	if (!piece)
		return;

	dmabay_device_complete(piece, stopped ? -ENODEV : soft_plan_reset(lie->soft, &lie->step),
			       0);
}

static void soft_lie_driver(struct work_struct *work)
{
	struct soft_lie *lie = container_of(work, struct soft_lie, driver);
	unsigned int patience_ms = READ_ONCE(soft_plan_timeout_ms);
	struct soft *soft = lie->soft;

	wait_event_idle_timeout(soft->delay,
				!READ_ONCE(lie->piece) || percpu_ref_is_dying(&soft->pieces),
				msecs_to_jiffies(patience_ms));
	if (READ_ONCE(lie->piece))
		soft_lie_recover(lie);

	flush_work(&lie->engine);
	kfree(lie);
	percpu_ref_put(&soft->pieces);
}

/* The caller has a reference to &soft.pieces, which goes with it. NULL: out of memory. */
static struct soft_lie *soft_lie_alloc(struct soft *soft, const struct soft_step *step,
				       const struct dmabay_device_piece *piece)
{
	struct soft_lie *lie = kzalloc(sizeof(*lie), GFP_ATOMIC | __GFP_NOWARN);

	if (!lie)
		return NULL;

	lie->soft = soft;
	lie->step = *step;
	lie->answers = step->kind->answers;
	soft_lie_job(piece, &lie->job);
	INIT_WORK(&lie->engine, soft_lie_engine);
	INIT_WORK(&lie->driver, soft_lie_driver);

	return lie;
}

static void soft_lie_start(struct soft_lie *lie)
{
	queue_work(soft_plan_engines, &lie->engine);
	queue_work(soft_plan_drivers, &lie->driver);
}

/* ---- the pieces ---- */

/* The caller got its answer. What is left for the engine? */
static void soft_plan_follow(struct soft *soft, const struct soft_step *step,
			     const struct dmabay_device_piece *piece)
{
	struct soft_lie *lie;

	if (step->kind->when != SOFT_EARLY && step->kind->answers == 1)
		return;
	lie = soft_lie_alloc(soft, step, piece);
	if (!lie)
		return;

	percpu_ref_get(&soft->pieces);
	lie->answers--;
	lie->moved = step->kind->when == SOFT_AT_ONCE;
	soft_lie_start(lie);
}

static int soft_plan_move_lying(struct soft *soft, const struct soft_step *step,
				const struct dmabay_device_piece *piece, size_t *length)
{
	unsigned int patience_ms = READ_ONCE(soft_plan_timeout_ms);
	const struct soft_kind *kind = step->kind;
	struct soft_job job;
	int status = 0;

	*length = 0;
	if (kind->when == SOFT_LATE)
		mdelay(min(step->value, patience_ms));
	if (kind->when == SOFT_NEVER ||
	    (kind->when == SOFT_LATE && step->value >= patience_ms))
		return soft_plan_reset(soft, step);

	soft_lie_job(piece, &job);
	if (kind->when == SOFT_EARLY)
		*length = job.length;
	else
		status = soft_lie_move(soft, step, &job, length);
	soft_plan_follow(soft, step, piece);

	return status;
}

/**
 * soft_plan_move() - The engine is given a piece, and its caller waits for the answer
 * @soft: the device; the caller has a reference to &soft.pieces
 * @piece: the piece
 * @length: out: what the driver says
 *
 * Context: any.
 * Return: likewise; or %SOFT_NO_LIE: nothing was done.
 */
int soft_plan_move(struct soft *soft, const struct dmabay_device_piece *piece, size_t *length)
{
	int status = SOFT_NO_LIE;
	struct soft_step step;

	if (soft_plan_take(soft, &step)) {
		atomic_inc(&soft_plan_lies);
		status = soft_plan_move_lying(soft, &step, piece, length);
	}

	return status;
}

/* No engine does that, but a driver may. */
static void soft_plan_complete_again(struct soft *soft, const struct soft_step *step,
				     struct dmabay_device_piece *piece)
{
	struct soft_job job;
	size_t moved;
	int status;

	soft_lie_job(piece, &job);
	status = soft_lie_move(soft, step, &job, &moved);
	/* The first time may have been the last thing that the piece was there for. */
	rcu_read_lock();
	dmabay_device_complete(piece, status, moved);
	dmabay_device_complete(piece, status, moved);
	rcu_read_unlock();
}

static bool soft_plan_program_lying(struct soft *soft, const struct soft_step *step,
				    struct dmabay_device_piece *piece)
{
	struct soft_lie *lie;

	if (READ_ONCE(soft_plan_dead)) {
		dmabay_device_complete(piece, -EIO, 0);
		percpu_ref_put(&soft->pieces);
		return true;
	}
	if (step->kind->again) {
		soft_plan_complete_again(soft, step, piece);
		percpu_ref_put(&soft->pieces);
		return true;
	}

	lie = soft_lie_alloc(soft, step, piece);
	if (!lie)
		return false;
	lie->piece = piece;
	soft_lie_start(lie);

	return true;
}

/**
 * soft_plan_program() - The engine is given a piece
 * @soft: the device
 * @piece: the piece
 *
 * Context: any.
 * Return: false: there is no lie about this one, and nothing was done; if true, the piece is
 * completed now or later.
 */
bool soft_plan_program(struct soft *soft, struct dmabay_device_piece *piece)
{
	struct soft_step step;
	bool lying;

	if (!percpu_ref_tryget_live(&soft->pieces))
		return false;

	lying = soft_plan_take(soft, &step);
	if (lying) {
		/* Before anybody hears of it. */
		atomic_inc(&soft_plan_lies);
		lying = soft_plan_program_lying(soft, &step, piece);
		if (!lying)
			atomic_dec(&soft_plan_lies);
	}
	if (!lying)
		percpu_ref_put(&soft->pieces);

	return lying;
}

/**
 * soft_plan_init() - Make what lies are told on
 *
 * Return: 0 or -ENOMEM.
 */
int soft_plan_init(void)
{
	soft_plan_engines = alloc_workqueue(SOFT_NAME "_lies", WQ_UNBOUND, 0);
	if (!soft_plan_engines)
		return -ENOMEM;

	soft_plan_drivers = alloc_workqueue(SOFT_NAME "_resets", WQ_UNBOUND, 0);
	if (!soft_plan_drivers)
		destroy_workqueue(soft_plan_engines);

	return soft_plan_drivers ? 0 : -ENOMEM;
}

/**
 * soft_plan_exit() - Undo soft_plan_init()
 *
 * The device is stopped, so all that is left of a lie is its end.
 */
void soft_plan_exit(void)
{
	destroy_workqueue(soft_plan_drivers);
	destroy_workqueue(soft_plan_engines);
}
