// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmabay_edu: driver for the DMA engine of QEMU's edu PCI function.
 *
 * The engine moves bytes between memory and its own buffer of 4 KiB, one piece at
 * a time. Each takes a tenth of a second, and ends with an interrupt. It forgives
 * nothing: a range beyond its buffer corrupts or ends the emulator, and an address
 * beyond its 28 bits is cut off and hits other memory. edu_program() therefore lets
 * nothing through that does not fit. The last byte of the buffer is left alone,
 * because QEMU (7.2, for one) takes a transfer that includes it for one beyond the
 * buffer, and aborts.
 *
 * Who owns a piece. The core hands it over in edu_program(). It is then in
 * edu->queue, or it is edu->active and the engine may touch its memory. Whoever
 * takes it out of these two, under edu->lock, completes it, after dropping the
 * lock; so a piece is completed once, and the completion may program the next
 * one. These take pieces out:
 *
 *  - edu_interrupt(): the engine is done;
 *  - edu_watchdog(): the engine is late. The piece may be given back only when
 *    the engine cannot touch its memory any more, so bus mastering is switched
 *    off, and the engine waited for, before that;
 *  - edu_abandon(): the function is reset. What the engine was at is lost, what waits
 *    for it goes on afterwards;
 *  - edu_end(): nothing will be started any more. The function is gone (all its
 *    registers read as ones), dead (it stays busy without bus mastering), shut
 *    down or removed. Only a reset mends the first two.
 *
 * Bus mastering is on only from the end of probe to the beginning of remove,
 * shutdown or suspend, and off while the watchdog recovers the engine, and from when
 * an error is heard of, or a reset announced, until it is over. A
 * function whose driver has been told to stop cannot write to memory, whatever
 * it thinks it has still to do. The state that is restored after a reset is therefore
 * one without it.
 *
 * The struct device of the function may be lent to dmabay_soft, which maps with
 * it at the same time and ends the loan before this driver is unbound. This
 * driver does not change what both use (the DMA mask) after probe.
 */

#include <linux/bits.h>
#include <linux/dma-mapping.h>
#include <linux/interrupt.h>
#include <linux/io-64-nonatomic-lo-hi.h>
#include <linux/iopoll.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/pm.h>
#include <linux/seq_buf.h>
#include <linux/sizes.h>
#include <linux/spinlock.h>
#include <linux/wait.h>
#include <linux/workqueue.h>

#include <linux/dmabay.h>

#include "compat_devices.h"
#include "fault.h"

#define EDU_NAME		"dmabay_edu"
#define EDU_VENDOR_ID		0x1234
#define EDU_DEVICE_ID		0x11e8

#define EDU_BAR			0
#define EDU_BAR_LENGTH		SZ_1M

/* Registers below 0x80 take 4 bytes only, those from there on 4 or 8. */
#define EDU_ID			0x00	/* major, minor, 0x00, 0xed */
#define EDU_ID_MASK		0xff0000ff
#define EDU_ID_VALUE		0x010000ed
#define EDU_INTERRUPT_STATUS	0x24
#define EDU_INTERRUPT_DMA	BIT(8)
#define EDU_INTERRUPT_ACK	0x64
#define EDU_DMA_SOURCE		0x80
#define EDU_DMA_DESTINATION	0x88
#define EDU_DMA_COUNT		0x90
#define EDU_DMA_COMMAND		0x98
#define EDU_DMA_START		BIT(0)	/* reads as one until the engine is done */
#define EDU_DMA_TO_MEMORY	BIT(1)
#define EDU_DMA_INTERRUPT	BIT(2)

#define EDU_BUFFER		0x40000	/* where the engine sees its own buffer */
#define EDU_BUFFER_LENGTH	(SZ_4K - 1)	/* without the byte that QEMU dies of */
#define EDU_ADDRESS_WIDTH	28

/* A transfer takes 100 ms; an engine that is busy longer than this is dead. */
#define EDU_IDLE_TIMEOUT_MS	2000

/* Older kernels do not say that a function cannot be recovered. By now it would be. */
#define EDU_RESET_TIMEOUT_MS	120000

static unsigned int edu_map_registers = 64;
module_param_named(map_registers, edu_map_registers, uint, 0444);
MODULE_PARM_DESC(map_registers, "Map registers, in pages; 0 for what one transfer needs (default 64)");

static bool edu_msi = true;
module_param_named(msi, edu_msi, bool, 0444);
MODULE_PARM_DESC(msi, "Use a message signalled interrupt if there is one; N for INTx (default Y)");

static unsigned int edu_timeout_ms = 5000;
module_param_named(timeout_ms, edu_timeout_ms, uint, 0644);
MODULE_PARM_DESC(timeout_ms, "Time that a piece may take, in milliseconds (default 5000)");

static unsigned int edu_lose_interrupts;
module_param_named(lose_interrupts, edu_lose_interrupts, uint, 0644);
MODULE_PARM_DESC(lose_interrupts, "Fault plan for tests: number of completions to ignore from now on, each of which then times out (default 0)");

/* What says how far the engine is. Its two addresses are nobody's business. */
struct edu_registers {
	u32 identity;
	u32 interrupt_status;
	u32 count;
	u32 command;
};

/**
 * struct edu - One function
 * @pdev: the function
 * @regs: BAR 0
 * @device: what was registered
 * @irq: number of the interrupt
 * @timeouts: pieces that the watchdog took back
 * @idle: woken when the engine may have become idle
 * @watchdog: looks at @deadline
 * @lock: any context; never held over a call into the core
 * @queue: pieces that wait for the engine, in order
 * @active: the piece that the engine works on, or NULL
 * @deadline: jiffies, when @active is late
 * @recovering: the watchdog waits for the engine to become idle: start nothing
 * @suspended: start nothing, and do not touch the registers when idle
 * @resetting: start nothing, and believe nothing that the registers say
 * @halted: the driver was told to stop: @error stays
 * @error: 0, or what each piece is completed with at once
 * @late: what the registers said when a piece was late, the last time
 */
struct edu {
	struct pci_dev *pdev;
	void __iomem *regs;
	struct dmabay_device *device;
	int irq;
	atomic64_t timeouts;
	wait_queue_head_t idle;
	struct delayed_work watchdog;
	spinlock_t lock; /* guards the members below, and the start of the engine */
	struct list_head queue;
	struct dmabay_device_piece *active;
	unsigned long deadline;
	bool recovering;
	bool suspended;
	bool resetting;
	bool halted;
	int error;
	struct edu_registers late;
};

/* All ones if the function is gone. */
static u32 edu_read(const struct edu *edu, unsigned int offset)
{
	return dmabay_fault(DMABAY_FAULT_MMIO) ? U32_MAX : readl(edu->regs + offset);
}

/* The engine has nothing of ours. */
static bool edu_idle(const struct edu *edu)
{
	lockdep_assert_held(&edu->lock);

	return !edu->active && !edu->recovering && !edu->resetting;
}

static bool edu_became_idle(struct edu *edu)
{
	unsigned long flags;
	bool idle;

	spin_lock_irqsave(&edu->lock, flags);
	idle = edu_idle(edu);
	spin_unlock_irqrestore(&edu->lock, flags);

	return idle;
}

/* Have the watchdog look after so many jiffies. */
static void edu_watch(struct edu *edu, unsigned long timeout)
{
	lockdep_assert_held(&edu->lock);

	edu->deadline = jiffies + timeout;
	cancel_delayed_work(&edu->watchdog);
	schedule_delayed_work(&edu->watchdog, timeout);
}

/* Give the engine the next piece, if it may have one. */
static void edu_start(struct edu *edu)
{
	u32 command = EDU_DMA_START | EDU_DMA_INTERRUPT;
	struct dmabay_device_piece *piece;
	u64 buffer;

	lockdep_assert_held(&edu->lock);

	if (!edu_idle(edu) || edu->suspended || edu->error)
		return;

	piece = list_first_entry_or_null(&edu->queue, struct dmabay_device_piece, node);
	if (!piece)
		return;

	list_del(&piece->node);
	edu->active = piece;

	buffer = EDU_BUFFER + piece->device_address;
	if (piece->direction == DMABAY_READ_FROM_DEVICE) {
		command |= EDU_DMA_TO_MEMORY;
		writeq(buffer, edu->regs + EDU_DMA_SOURCE);
		writeq(piece->address, edu->regs + EDU_DMA_DESTINATION);
	} else {
		writeq(piece->address, edu->regs + EDU_DMA_SOURCE);
		writeq(buffer, edu->regs + EDU_DMA_DESTINATION);
	}
	writeq(piece->length, edu->regs + EDU_DMA_COUNT);
	writel(command, edu->regs + EDU_DMA_COMMAND);

	edu_watch(edu, msecs_to_jiffies(READ_ONCE(edu_timeout_ms)));
}

/*
 * From now on each piece ends with an error, and those that there are end here.
 * The engine must be out of reach of memory.
 */
static void edu_end(struct edu *edu, int error)
{
	struct dmabay_device_piece *piece, *next;
	unsigned long flags;
	LIST_HEAD(pieces);

	spin_lock_irqsave(&edu->lock, flags);
	if (!edu->error)
		edu->error = error;
	error = edu->error;
	edu->resetting = false;
	if (edu->active)
		list_add_tail(&edu->active->node, &pieces);
	edu->active = NULL;
	list_splice_tail_init(&edu->queue, &pieces);
	spin_unlock_irqrestore(&edu->lock, flags);

	list_for_each_entry_safe(piece, next, &pieces, node)
		dmabay_device_complete(piece, error, 0);
	wake_up(&edu->idle);
}

static irqreturn_t edu_interrupt(int irq, void *data)
{
	struct dmabay_device_piece *piece = NULL;
	struct edu *edu = data;
	unsigned long flags;
	u32 status, command;

	spin_lock_irqsave(&edu->lock, flags);
	if (edu->suspended && edu_idle(edu))
		goto not_ours;

	status = edu_read(edu, EDU_INTERRUPT_STATUS);
	if (!status)
		goto not_ours;
	if (PCI_POSSIBLE_ERROR(status)) {
		/* It looks gone. Making sure takes a context that may sleep. */
		if (edu->active && !edu->resetting)
			edu_watch(edu, 0);
		goto not_ours;
	}

	/* Everything, also what was not asked for: it would hold INTx asserted. */
	writel(status, edu->regs + EDU_INTERRUPT_ACK);

	/*
	 * The read also makes sure that the line is down when this returns. All
	 * ones (gone in this very moment) read as busy.
	 */
	command = edu_read(edu, EDU_DMA_COMMAND);

	/*
	 * The bit alone proves nothing: anyone who can write to the registers can
	 * raise it, and one that was late comes after its piece was given up.
	 */
	if ((status & EDU_INTERRUPT_DMA) && !(command & EDU_DMA_START) && edu->active &&
	    !edu->resetting) {
		unsigned int lose = READ_ONCE(edu_lose_interrupts);

		if (unlikely(lose)) {
			WRITE_ONCE(edu_lose_interrupts, lose - 1);
		} else {
			piece = edu->active;
			edu->active = NULL;
			edu_start(edu);
		}
	}
	spin_unlock_irqrestore(&edu->lock, flags);

	if (piece) {
		dmabay_device_complete(piece, 0, piece->length);
		wake_up(&edu->idle);
	}

	return IRQ_HANDLED;

not_ours:
	spin_unlock_irqrestore(&edu->lock, flags);

	return IRQ_NONE;
}

/*
 * Keep the engine away from memory, and wait until it has noticed. On return it
 * reaches none, whatever the result. May sleep.
 *
 * Return: 0: idle, no interrupt pending. -ENODEV: the function is gone. -EIO: it
 * stays busy.
 */
static int edu_quiesce(struct edu *edu)
{
	u32 command;
	int error;

	pci_clear_master(edu->pdev);

	/* The reads also push out what the engine has written. */
	error = read_poll_timeout(edu_read, command,
				  PCI_POSSIBLE_ERROR(command) || !(command & EDU_DMA_START),
				  USEC_PER_MSEC, EDU_IDLE_TIMEOUT_MS * USEC_PER_MSEC, false, edu,
				  EDU_DMA_COMMAND);
	if (PCI_POSSIBLE_ERROR(command)) {
		dev_err(&edu->pdev->dev, "the function is gone\n");
		return -ENODEV;
	}
	if (error) {
		dev_err(&edu->pdev->dev, "the engine does not stop, bus mastering stays off\n");
		return -EIO;
	}

	writel(edu_read(edu, EDU_INTERRUPT_STATUS), edu->regs + EDU_INTERRUPT_ACK);

	return 0;
}

static void edu_read_registers(const struct edu *edu, struct edu_registers *registers)
{
	registers->identity = edu_read(edu, EDU_ID);
	registers->interrupt_status = edu_read(edu, EDU_INTERRUPT_STATUS);
	registers->count = edu_read(edu, EDU_DMA_COUNT);
	registers->command = edu_read(edu, EDU_DMA_COMMAND);
}

static void edu_watchdog(struct work_struct *work)
{
	struct edu *edu = container_of(work, struct edu, watchdog.work);
	struct dmabay_device_piece *piece;
	int error;

	spin_lock_irq(&edu->lock);
	piece = edu->active;
	/* If the deadline has moved meanwhile, it was scheduled again. */
	if ((!piece && !edu->resetting) || edu->error || time_before(jiffies, edu->deadline)) {
		spin_unlock_irq(&edu->lock);
		return;
	}
	if (edu->resetting) {
		spin_unlock_irq(&edu->lock);
		dev_err(&edu->pdev->dev, "nobody says how the reset has ended\n");
		edu_quiesce(edu);
		edu_end(edu, -ENODEV);
		return;
	}
	edu->active = NULL;
	edu->recovering = true;
	edu_read_registers(edu, &edu->late);
	spin_unlock_irq(&edu->lock);

	atomic64_inc(&edu->timeouts);
	dev_warn(&edu->pdev->dev, "%s of %zu bytes timed out\n",
		 piece->direction == DMABAY_READ_FROM_DEVICE ? "read" : "write", piece->length);

	/* edu_stop() waits for this work before it clears bus mastering for good. */
	error = edu_quiesce(edu);
	if (!error)
		pci_set_master(edu->pdev);

	dmabay_device_complete(piece, error == -ENODEV ? -ENODEV : -ETIMEDOUT, 0);

	spin_lock_irq(&edu->lock);
	edu->recovering = false;
	if (error && !edu->error)
		edu->error = error;
	edu_start(edu);
	spin_unlock_irq(&edu->lock);

	if (error)
		edu_end(edu, error);
	wake_up(&edu->idle);
}

/* Stop for good. May be called again. */
static void edu_halt(struct edu *edu)
{
	spin_lock_irq(&edu->lock);
	edu->error = -ENODEV;
	edu->halted = true;
	spin_unlock_irq(&edu->lock);

	cancel_delayed_work_sync(&edu->watchdog);
	edu_quiesce(edu);
	synchronize_irq(edu->irq);

	edu_end(edu, -ENODEV);
}

static void edu_program(struct dmabay_device *device, struct dmabay_device_piece *piece)
{
	u64 last_address = piece->address + piece->length - 1;
	struct edu *edu = dmabay_device_data(device);
	unsigned long flags;
	int error;

	if (WARN_ON_ONCE(!piece->length || piece->length > EDU_BUFFER_LENGTH ||
			 piece->device_address > EDU_BUFFER_LENGTH - piece->length ||
			 last_address < piece->address ||
			 last_address > DMA_BIT_MASK(EDU_ADDRESS_WIDTH))) {
		dmabay_device_complete(piece, -EINVAL, 0);
		return;
	}

	spin_lock_irqsave(&edu->lock, flags);
	error = edu->error;
	if (!error) {
		list_add_tail(&piece->node, &edu->queue);
		edu_start(edu);
	}
	spin_unlock_irqrestore(&edu->lock, flags);

	if (error)
		dmabay_device_complete(piece, error, 0);
}

static void edu_stop(struct dmabay_device *device)
{
	edu_halt(dmabay_device_data(device));
}

static void edu_counters(struct dmabay_device *device, u64 *faults, u64 *engine_ticks,
			 u64 *timeouts)
{
	struct edu *edu = dmabay_device_data(device);

	*timeouts += atomic64_read(&edu->timeouts);
}

static void edu_dump(struct dmabay_device *device, struct seq_buf *text)
{
	struct edu *edu = dmabay_device_data(device);
	struct edu_registers late;

	spin_lock_irq(&edu->lock);
	late = edu->late;
	spin_unlock_irq(&edu->lock);

	seq_buf_printf(text, "edu/identity: 0x%08x\n", late.identity);
	seq_buf_printf(text, "edu/interrupt_status: 0x%08x\n", late.interrupt_status);
	seq_buf_printf(text, "edu/count: %u\n", late.count);
	seq_buf_printf(text, "edu/command: 0x%08x\n", late.command);
}

static const struct dmabay_device_ops edu_ops = {
	.program = edu_program,
	.stop = edu_stop,
	.counters = edu_counters,
	.dump = edu_dump,
};

/* The node may be used, and pieces come, before this returns. */
static int edu_register(struct edu *edu)
{
	struct dmabay_device_config config = {
		.driver = EDU_NAME,
		.dma_dev = &edu->pdev->dev,
		.memory_size = EDU_BUFFER_LENGTH,
		.alignment = 1,
		.enabler = DMABAY_ENABLER_CONFIG(DMABAY_PROFILE_PACKET, EDU_BUFFER_LENGTH),
		.ops = &edu_ops,
		.data = edu,
	};

	config.enabler.address_width = EDU_ADDRESS_WIDTH;
	config.enabler.map_registers = edu_map_registers;

	edu->device = dmabay_device_register(&edu->pdev->dev, &config);

	return PTR_ERR_OR_ZERO(edu->device);
}

/* Of what probing takes, each step can be made to fail. */
static int edu_step(void)
{
	return dmabay_fault(DMABAY_FAULT_PROBE) ? -ENOMEM : 0;
}

static int edu_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	unsigned int irq_types = edu_msi ? PCI_IRQ_MSI | PCI_IRQ_INTX : PCI_IRQ_INTX;
	struct edu *edu;
	u32 identity;
	int error;

	edu = devm_kzalloc(&pdev->dev, sizeof(*edu), GFP_KERNEL);
	if (!edu)
		return -ENOMEM;

	edu->pdev = pdev;
	init_waitqueue_head(&edu->idle);
	INIT_DELAYED_WORK(&edu->watchdog, edu_watchdog);
	spin_lock_init(&edu->lock);
	INIT_LIST_HEAD(&edu->queue);
	pci_set_drvdata(pdev, edu);

	error = edu_step() ?: pci_enable_device_mem(pdev);
	if (error)
		return error;

	if (pci_resource_len(pdev, EDU_BAR) < EDU_BAR_LENGTH) {
		error = -ENODEV;
		goto err_disable;
	}

	error = edu_step() ?: pci_request_region(pdev, EDU_BAR, EDU_NAME);
	if (error)
		goto err_disable;

	edu->regs = edu_step() ? NULL : pci_iomap(pdev, EDU_BAR, EDU_BAR_LENGTH);
	if (!edu->regs) {
		error = -ENOMEM;
		goto err_release;
	}

	identity = edu_read(edu, EDU_ID);
	if ((identity & EDU_ID_MASK) != EDU_ID_VALUE) {
		dev_err(&pdev->dev, "not an edu device: %#010x\n", identity);
		error = -ENODEV;
		goto err_unmap;
	}

	/* Whoever used it before may have left it at work. */
	error = edu_quiesce(edu);
	if (error)
		goto err_unmap;

	error = edu_step() ?:
		dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(EDU_ADDRESS_WIDTH));
	if (error)
		goto err_unmap;

	/* The core cuts what the engine does not take at once, whoever has mapped it. */
	dma_set_max_seg_size(&pdev->dev, UINT_MAX);

	error = edu_step() ?: pci_alloc_irq_vectors(pdev, 1, 1, irq_types);
	if (error < 0)
		goto err_unmap;

	edu->irq = pci_irq_vector(pdev, 0);
	error = edu_step() ?: pci_request_irq(pdev, 0, edu_interrupt, NULL, edu, EDU_NAME);
	if (error)
		goto err_vectors;

	pci_save_state(pdev);
	pci_set_master(pdev);

	error = edu_step() ?: edu_register(edu);
	if (error)
		goto err_master;

	return 0;

err_master:
	pci_clear_master(pdev);
	pci_free_irq(pdev, 0, edu);
err_vectors:
	pci_free_irq_vectors(pdev);
err_unmap:
	pci_iounmap(pdev, edu->regs);
err_release:
	pci_release_region(pdev, EDU_BAR);
err_disable:
	pci_disable_device(pdev);

	return error;
}

static void edu_remove(struct pci_dev *pdev)
{
	struct edu *edu = pci_get_drvdata(pdev);

	/* Ends in edu_stop(), after which bus mastering is off. */
	dmabay_device_unregister(edu->device);

	pci_free_irq(pdev, 0, edu);
	pci_free_irq_vectors(pdev);
	pci_iounmap(pdev, edu->regs);
	pci_release_region(pdev, EDU_BAR);
	pci_disable_device(pdev);
}

/* The node stays, and ends everything with -ENODEV. */
static void edu_shutdown(struct pci_dev *pdev)
{
	edu_halt(pci_get_drvdata(pdev));
}

/*
 * The function is there again, and has forgotten what it was told. @held is what kept it from
 * being told anything.
 */
static int edu_go_on(struct edu *edu, bool *held)
{
	int error;

	error = edu_quiesce(edu);
	if (error) {
		edu_end(edu, error);
		return error;
	}

	pci_save_state(edu->pdev);
	/* A function that had ended before is never let loose again. */
	if (!READ_ONCE(edu->error))
		pci_set_master(edu->pdev);

	spin_lock_irq(&edu->lock);
	*held = false;
	edu_start(edu);
	spin_unlock_irq(&edu->lock);

	return 0;
}

/* Let the engine finish what it has; what waits, and what comes, waits for resume. */
static int edu_suspend(struct device *dev)
{
	unsigned int timeout_ms = READ_ONCE(edu_timeout_ms) + 2 * EDU_IDLE_TIMEOUT_MS;
	struct edu *edu = dev_get_drvdata(dev);

	spin_lock_irq(&edu->lock);
	edu->suspended = true;
	spin_unlock_irq(&edu->lock);

	/* The watchdog sees to it that this ends. */
	if (!wait_event_timeout(edu->idle, edu_became_idle(edu), msecs_to_jiffies(timeout_ms))) {
		spin_lock_irq(&edu->lock);
		edu->suspended = false;
		edu_start(edu);
		spin_unlock_irq(&edu->lock);
		return -EBUSY;
	}

	cancel_delayed_work_sync(&edu->watchdog);
	pci_clear_master(edu->pdev);

	return 0;
}

static int edu_resume(struct device *dev)
{
	struct edu *edu = dev_get_drvdata(dev);

	return edu_go_on(edu, &edu->suspended);
}

static DEFINE_SIMPLE_DEV_PM_OPS(edu_pm_ops, edu_suspend, edu_resume);

/*
 * The function is going to be reset. It gets nothing more, and keeps what it has: who may
 * take that back knows when it is quiet. May sleep.
 */
static void edu_hold(struct edu *edu)
{
	spin_lock_irq(&edu->lock);
	edu->resetting = true;
	spin_unlock_irq(&edu->lock);

	/* If it was at work, it has switched bus mastering on again. */
	cancel_delayed_work_sync(&edu->watchdog);
	pci_clear_master(edu->pdev);

	spin_lock_irq(&edu->lock);
	edu_watch(edu, msecs_to_jiffies(EDU_RESET_TIMEOUT_MS));
	spin_unlock_irq(&edu->lock);
}

/* How far the engine came with this one nobody knows. It must be out of reach of memory. */
static void edu_abandon(struct edu *edu)
{
	struct dmabay_device_piece *piece;

	spin_lock_irq(&edu->lock);
	piece = edu->active;
	edu->active = NULL;
	spin_unlock_irq(&edu->lock);

	if (piece)
		dmabay_device_complete(piece, -EIO, 0);
}

/* A reset mends a function that was gone or dead, too. */
static void edu_reset_over(struct edu *edu)
{
	spin_lock_irq(&edu->lock);
	/* It may have been given up meanwhile. */
	edu->resetting = true;
	if (!edu->halted)
		edu->error = 0;
	spin_unlock_irq(&edu->lock);

	edu_go_on(edu, &edu->resetting);
	wake_up(&edu->idle);
}

/* Somebody has asked for a reset, which comes when this returns. */
static void edu_reset_prepare(struct pci_dev *pdev)
{
	struct edu *edu = pci_get_drvdata(pdev);

	edu_hold(edu);
	edu_quiesce(edu);
	edu_abandon(edu);
}

static void edu_reset_done(struct pci_dev *pdev)
{
	edu_reset_over(pci_get_drvdata(pdev));
}

/* If the link is frozen the function is not reached, and may not have heard that it shall stop. */
static pci_ers_result_t edu_error_detected(struct pci_dev *pdev, pci_channel_state_t state)
{
	struct edu *edu = pci_get_drvdata(pdev);

	if (state == pci_channel_io_perm_failure) {
		edu_halt(edu);
		return PCI_ERS_RESULT_DISCONNECT;
	}
	edu_hold(edu);

	return PCI_ERS_RESULT_NEED_RESET;
}

/* Not every error leads to a reset before this. */
static pci_ers_result_t edu_slot_reset(struct pci_dev *pdev)
{
	struct edu *edu = pci_get_drvdata(pdev);
	int error;

	pci_restore_state(pdev);
	error = edu_quiesce(edu);
	edu_abandon(edu);
	if (error)
		edu_end(edu, error);

	return error ? PCI_ERS_RESULT_DISCONNECT : PCI_ERS_RESULT_RECOVERED;
}

static void edu_error_resume(struct pci_dev *pdev)
{
	edu_reset_over(pci_get_drvdata(pdev));
}

static const struct pci_error_handlers edu_error_handlers = {
	.error_detected = edu_error_detected,
	.slot_reset = edu_slot_reset,
	.resume = edu_error_resume,
	.reset_prepare = edu_reset_prepare,
	.reset_done = edu_reset_done,
};

static const struct pci_device_id edu_ids[] = {
	{ PCI_DEVICE(EDU_VENDOR_ID, EDU_DEVICE_ID) },
	{ }
};
MODULE_DEVICE_TABLE(pci, edu_ids);

static struct pci_driver edu_driver = {
	.name = EDU_NAME,
	.id_table = edu_ids,
	.probe = edu_probe,
	.remove = edu_remove,
	.shutdown = edu_shutdown,
	.err_handler = &edu_error_handlers,
	.driver.pm = pm_sleep_ptr(&edu_pm_ops),
};
module_pci_driver(edu_driver);

MODULE_AUTHOR("dmabay developers");
MODULE_DESCRIPTION("dmabay device: DMA engine of QEMU's edu PCI function");
MODULE_LICENSE("GPL");
