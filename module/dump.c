// SPDX-License-Identifier: GPL-2.0-only
/*
 * A dump: what was going on when the device did not answer, or said what cannot be true, in
 * /sys/class/devcoredump.
 *
 * It is taken where the transfer ends, in any context and without allocating anything:
 * the device has room for one. A work item makes text of it, and adds what can still be
 * asked: the limits, the counters, what the driver has to say, who holds what. Until that
 * is done, further ones are not taken; and the kernel refuses one while nobody has read
 * the one before. The first one says most.
 *
 * Whoever has set &dmabay_dump.taken from 0 owns the dump, then the work item does.
 * Unregistering the device waits for that. The kernel files the text with the device that
 * does the DMA, because that is the one that failed, and because it outlives ours.
 *
 * One "key: value" a line. There is no byte of a user's in it and no address of memory.
 */
#include <linux/devcoredump.h>
#include <linux/gfp.h>
#include <linux/seq_buf.h>
#include <linux/utsname.h>
#include <linux/vmalloc.h>

#include "fault.h"
#include "user.h"

/* What is longer is cut after a line. */
#define DMABAY_DUMP_SIZE	SZ_64K

static void dmabay_dump_print_transfer(const struct dmabay_dump *dump, struct seq_buf *text)
{
	seq_buf_printf(text, "transfer/file: %llu\n", dump->file);
	seq_buf_printf(text, "transfer/reservation: %u\n", dump->reservation);
	seq_buf_printf(text, "transfer/map_registers: %u\n", dump->map_registers);
	seq_buf_printf(text, "transfer/slot: %u\n", dump->slot);
	seq_buf_printf(text, "transfer/cookie: 0x%llx\n", dump->cookie);
	seq_buf_printf(text, "transfer/direction: %s\n",
		       dump->direction == DMABAY_WRITE_TO_DEVICE ? "to_device" : "from_device");
	seq_buf_printf(text, "transfer/length: %zu\n", dump->length);
	seq_buf_printf(text, "transfer/device_address: 0x%llx\n", dump->device_address);
	seq_buf_printf(text, "transfer/status: %d\n", dump->status);
	seq_buf_printf(text, "transfer/transferred: %zu\n", dump->transferred);
	seq_buf_printf(text, "transfer/piece_length: %zu\n", dump->piece_length);
	seq_buf_printf(text, "transfer/age_ms: %u\n", jiffies_to_msecs(dump->age));
}

static void dmabay_dump_print(struct dmabay_device *device, struct seq_buf *text)
{
	const struct dmabay_dump *dump = &device->dump;
	struct timespec64 time = ktime_to_timespec64(dump->time);

	seq_buf_printf(text, "dmabay dump 1\n");
	seq_buf_printf(text, "device: %s\n", dev_name(&device->dev));
	seq_buf_printf(text, "time: %lld.%09ld\n", time.tv_sec, time.tv_nsec);
	seq_buf_printf(text, "kernel: %s\n", init_utsname()->release);
	dmabay_dump_print_transfer(dump, text);
	dmabay_attributes_print(device, text);

	down_read(&device->registration_lock);
	if (device->ops && device->ops->dump)
		device->ops->dump(device, text);
	up_read(&device->registration_lock);

	dmabay_holders_print(device, text);
}

/**
 * dmabay_dump_work() - Hand the dump to the kernel
 * @work: &dmabay_dump.work
 */
void dmabay_dump_work(struct work_struct *work)
{
	struct dmabay_device *device = container_of(work, struct dmabay_device, dump.work);
	char *buffer = dmabay_fault(DMABAY_FAULT_DUMP) ? NULL : vzalloc(DMABAY_DUMP_SIZE);
	struct seq_buf text;
	size_t used;

	if (!buffer)
		goto out_release;

	seq_buf_init(&text, buffer, DMABAY_DUMP_SIZE);
	dmabay_dump_print(device, &text);
	used = seq_buf_used(&text);
	if (seq_buf_has_overflowed(&text))
		while (used && buffer[used - 1] != '\n')
			used--;
	/* Frees the buffer, now or later. */
	dev_coredumpv(device->config.dma_dev, buffer, used, GFP_KERNEL);

out_release:
	atomic_set_release(&device->dump.taken, 0);
}

/**
 * dmabay_dump_take() - The device did not answer in time, or said what cannot be
 * @reservation: its running transfer is the one that was not answered, or wrongly
 * @status: how that ends
 * @transferred: bytes of it that were moved all the same
 *
 * Context: any.
 */
void dmabay_dump_take(struct dmabay_reservation *reservation, int status, size_t transferred)
{
	const struct dmabay_user_transfer *transfer = reservation->running;
	struct dmabay_dump *dump = &reservation->file->device->dump;

	if (atomic_cmpxchg_acquire(&dump->taken, 0, 1))
		return;

	dump->time = ktime_get_real();
	dump->age = jiffies - reservation->started;
	dump->file = reservation->file->id;
	dump->reservation = reservation->number;
	dump->map_registers = reservation->map_registers;
	dump->slot = dmabay_transfer_slot(reservation, transfer);
	dump->cookie = transfer->cookie;
	dump->direction = transfer->direction;
	dump->length = transfer->length;
	dump->device_address = transfer->device_address;
	dump->status = status;
	dump->transferred = transferred;
	dump->piece_length = reservation->piece.length;
	schedule_work(&dump->work);
}
