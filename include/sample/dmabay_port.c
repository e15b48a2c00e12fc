// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmabay_port: a ported KMDF driver, in the shape that such drivers have: a PCI card with two
 * DMA channels, one for each direction, a sequential queue for each, and a transaction that
 * makes a transfer after the other of a request, until its interrupt says that it is over.
 *
 * read() and write() of /dev/dmabay_port are the requests; the file position is the address
 * in the card's memory. QEMU's pci-testdev stands for the card, and engines of dmabay_soft
 * are its channels, behind whatever IOMMU is there.
 *
 * Everything that a transfer needs is reserved in probe. A request that a signal kills in the
 * queue leaves it; under way, it has its channel stopped, and ends with what was moved. When
 * the card goes, all requests end so, and files that are still open get ENODEV.
 */
#include <linux/completion.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/wait.h>

#include <linux/dmabay.h>
#include <linux/dmabay_soft.h>

#define PORT_MAX_REQUEST	SZ_1M	/* a longer one is cut short, and the program goes on */
#define PORT_MAX_TRANSFER	SZ_64K	/* what a channel can do at a time */
#define PORT_PAGES		(PORT_MAX_REQUEST / PAGE_SIZE + 1)
#define PORT_MAP_REGISTERS	(PORT_MAX_TRANSFER / PAGE_SIZE + 1)

/* A DMA channel of the card, and the queue of its requests. */
struct port_channel {
	struct port *port;
	struct dmabay_soft_engine *engine;
	struct dmabay_transaction *transaction; /* holds a reservation for good */
	struct mutex lock; /* the queue; whoever has it has the channel, and all below */
	struct dmabay_request request;
	struct page *pages[PORT_PAGES]; /* of the request */
	u64 address; /* in the card's memory */
	int status; /* how the request ended */
	struct completion over; /* when it has */
};

/* The card. There is a reference for its driver, and one for each open file. */
struct port {
	struct kref kref;
	struct miscdevice misc;
	struct port_channel channels[2]; /* by enum dmabay_direction */
	wait_queue_head_t wait; /* woken when a request is over, or the card goes */
	bool gone; /* set once; who then gets a channel starts nothing */
};

/* Program the channel with one transfer. */
static bool port_program_dma(struct dmabay_transaction *transaction, struct device *dev,
			     void *context, enum dmabay_direction direction,
			     const struct dmabay_sg_list *list)
{
	struct port_channel *channel = context;

	dmabay_soft_start(channel->engine, list->elements[0].address, list->elements[0].length,
			  channel->address + dmabay_transaction_bytes_transferred(transaction),
			  direction);
	return true;
}

/*
 * A transfer is done. Interrupt and DPC in one, since all calls here may be made in any
 * context: either the next transfer is programmed now, or the request is over.
 */
static void port_interrupt(void *data, int status, size_t moved)
{
	struct port_channel *channel = data;
	int ret;

	if (status)
		ret = dmabay_transaction_completed_final(channel->transaction, moved);
	else
		ret = dmabay_transaction_completed(channel->transaction);
	if (!dmabay_transaction_is_over(ret))
		return;

	channel->status = status ?: ret;
	complete(&channel->over);
	wake_up_all(&channel->port->wait);
}

/* Do what channel->request says. Returns the bytes that were transferred, or an error. */
static ssize_t port_execute(struct port_channel *channel, enum dmabay_direction direction)
{
	struct port *port = channel->port;
	struct dmabay_transaction *transaction = channel->transaction;
	ssize_t moved;
	int error;

	error = dmabay_transaction_initialize_request(transaction, &channel->request,
						      port_program_dma, direction);
	if (error)
		return error;

	reinit_completion(&channel->over);
	error = dmabay_transaction_execute(transaction, channel);
	if (error)
		goto release;

	error = wait_event_killable(port->wait,
				    completion_done(&channel->over) || READ_ONCE(port->gone));
	/* Killed, or gone: stopped, the channel has its last interrupt, and that ends it. */
	if (!completion_done(&channel->over))
		dmabay_soft_stop(channel->engine);
	if (!error)
		error = channel->status;

release:
	moved = dmabay_transaction_bytes_transferred(transaction);
	dmabay_transaction_release(transaction);

	return moved ?: error;
}

/* Make a request of user memory. The caller has the channel. */
static ssize_t port_request(struct port_channel *channel, enum dmabay_direction direction,
			    unsigned long start, size_t length)
{
	bool read = direction == DMABAY_READ_FROM_DEVICE;
	struct dmabay_request *request = &channel->request;
	int pinned, count = dmabay_span_pages(start, length);
	ssize_t ret = -EFAULT;

	pinned = pin_user_pages_fast(start & PAGE_MASK, count, read ? FOLL_WRITE : 0,
				     channel->pages);
	if (pinned != count)
		goto unpin;

	request->kind = read ? DMABAY_REQUEST_READ : DMABAY_REQUEST_WRITE;
	request->input_length = length;
	request->output_length = length;
	request->memory = dmabay_memory_from_pages(channel->pages, count, offset_in_page(start),
						   length, GFP_KERNEL);
	if (IS_ERR(request->memory)) {
		ret = PTR_ERR(request->memory);
		goto unpin;
	}
	ret = port_execute(channel, direction);
	dmabay_memory_put(request->memory);

unpin:
	if (pinned > 0)
		unpin_user_pages_dirty_lock(channel->pages, pinned, read);

	return ret;
}

/* Wait in the queue of the channel, then use it. */
static ssize_t port_transfer(struct file *file, enum dmabay_direction direction,
			     unsigned long start, size_t length, loff_t *position)
{
	struct port *port = container_of(file->private_data, struct port, misc);
	struct port_channel *channel = &port->channels[direction];
	loff_t room = dmabay_soft_memory_size() - *position;
	ssize_t ret = -ENODEV;

	if (!length)
		return 0;
	if (room <= 0)
		return direction == DMABAY_READ_FROM_DEVICE ? 0 : -ENOSPC;
	length = min_t(u64, min_t(u64, length, room), PORT_MAX_REQUEST);

	if (mutex_lock_killable(&channel->lock))
		return -EINTR;
	channel->address = *position;
	if (!READ_ONCE(port->gone))
		ret = port_request(channel, direction, start, length);
	mutex_unlock(&channel->lock);

	if (ret > 0)
		*position += ret;
	return ret;
}

static ssize_t port_read(struct file *file, char __user *user, size_t length, loff_t *position)
{
	return port_transfer(file, DMABAY_READ_FROM_DEVICE, (unsigned long)user, length, position);
}

static ssize_t port_write(struct file *file, const char __user *user, size_t length,
			  loff_t *position)
{
	return port_transfer(file, DMABAY_WRITE_TO_DEVICE, (unsigned long)user, length, position);
}

static int port_open(struct inode *inode, struct file *file)
{
	kref_get(&container_of(file->private_data, struct port, misc)->kref);
	return 0;
}

static void port_free(struct kref *kref)
{
	kfree(container_of(kref, struct port, kref));
}

static int port_release(struct inode *inode, struct file *file)
{
	kref_put(&container_of(file->private_data, struct port, misc)->kref, port_free);
	return 0;
}

static const struct file_operations port_fops = {
	.owner = THIS_MODULE,
	.open = port_open,
	.release = port_release,
	.llseek = default_llseek,
	.read = port_read,
	.write = port_write,
};

static void port_reserved(struct dmabay_transaction *transaction, void *reserved)
{
	complete(reserved);
}

static int port_init_channel(struct port_channel *channel, struct dmabay_enabler *enabler,
			     enum dmabay_direction direction)
{
	struct device *dev = channel->port->misc.parent;
	DECLARE_COMPLETION_ONSTACK(reserved);
	int error;

	mutex_init(&channel->lock);
	init_completion(&channel->over);
	channel->engine = devm_dmabay_soft_engine(dev, port_interrupt, channel);
	if (IS_ERR(channel->engine))
		return PTR_ERR(channel->engine);
	error = dmabay_transaction_create(enabler, &channel->transaction);
	if (error)
		return error;
	error = dmabay_transaction_reserve(channel->transaction, direction, PORT_MAP_REGISTERS,
					   port_reserved, &reserved);
	if (error)
		return error;
	wait_for_completion(&reserved); /* nobody else is in line */

	return 0;
}

/* What it makes goes by itself when the driver is unbound. */
static int port_init(struct port *port, struct pci_dev *pdev)
{
	struct dmabay_enabler_config config =
		DMABAY_ENABLER_CONFIG(DMABAY_PROFILE_PACKET64, PORT_MAX_TRANSFER);
	struct dmabay_enabler *enabler;
	int error, i;

	error = pcim_enable_device(pdev);
	if (!error)
		error = dma_set_mask_and_coherent(&pdev->dev, DMA_BIT_MASK(64));
	if (error)
		return error;
	pci_set_master(pdev);

	config.map_registers = ARRAY_SIZE(port->channels) * PORT_MAP_REGISTERS;
	error = devm_dmabay_enabler_create(&pdev->dev, &pdev->dev, &config, &enabler);
	for (i = 0; !error && i < ARRAY_SIZE(port->channels); i++) {
		port->channels[i].port = port;
		error = port_init_channel(&port->channels[i], enabler, i);
	}

	return error;
}

static void port_put(void *port)
{
	kref_put(&((struct port *)port)->kref, port_free);
}

static int port_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	struct port *port;
	int error;

	port = kzalloc(sizeof(*port), GFP_KERNEL);
	if (!port)
		return -ENOMEM;
	kref_init(&port->kref);
	error = devm_add_action_or_reset(&pdev->dev, port_put, port);
	if (error)
		return error;

	init_waitqueue_head(&port->wait);
	port->misc.minor = MISC_DYNAMIC_MINOR;
	port->misc.name = KBUILD_MODNAME;
	port->misc.fops = &port_fops;
	port->misc.parent = &pdev->dev;
	pci_set_drvdata(pdev, port);
	error = port_init(port, pdev);
	if (error)
		return error;

	return misc_register(&port->misc); /* requests may come before this returns */
}

static void port_remove(struct pci_dev *pdev)
{
	struct port *port = pci_get_drvdata(pdev);
	int i;

	misc_deregister(&port->misc);
	WRITE_ONCE(port->gone, true);
	wake_up_all(&port->wait);
	/* Whoever comes after this sees that it is gone. */
	for (i = 0; i < ARRAY_SIZE(port->channels); i++) {
		mutex_lock(&port->channels[i].lock);
		mutex_unlock(&port->channels[i].lock);
	}
	pci_clear_master(pdev);
}

static const struct pci_device_id port_ids[] = {
	{ PCI_DEVICE(PCI_VENDOR_ID_REDHAT, 0x0005) },
	{ }
};
MODULE_DEVICE_TABLE(pci, port_ids);

static struct pci_driver port_driver = {
	.name = KBUILD_MODNAME,
	.id_table = port_ids,
	.probe = port_probe,
	.remove = port_remove,
};
module_pci_driver(port_driver);

MODULE_DESCRIPTION("Sample: a KMDF driver, ported");
MODULE_LICENSE("GPL");
