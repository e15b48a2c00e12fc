// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmabay_peers: the same transfers as other drivers do them, for the benchmark.
 *
 * The device is the one that the software engine has borrowed, or another one behind the
 * same kind of IOMMU; the memory of the device and the engine are those of dmabay_soft. So
 * what differs between an arm of the benchmark that goes through here and one that goes
 * through dmabay is only how memory becomes reachable for the device, and ceases to be.
 */
#include <linux/device.h>
#include <linux/dma-mapping.h>
#include <linux/fs.h>
#include <linux/iommu.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/pci.h>
#include <linux/scatterlist.h>
#include <linux/slab.h>
#include <linux/timex.h>
#include <linux/uaccess.h>

#include "../module/soft.h"
#include "peers.h"
#include "peers_channel.h"

static char *peers_dma_dev = "";
module_param_named(dma_dev, peers_dma_dev, charp, 0444);
MODULE_PARM_DESC(dma_dev, "PCI function to map with, as in /sys/bus/pci/devices");

/* Of all pieces together: what one kvcalloc() may be asked for. */
#define PEERS_MOST_PAGES (INT_MAX / sizeof(struct page *))

static struct device *peers_dev;

/**
 * struct peers - An open file
 * @lock: guards the rest
 * @pin: what was asked for; no pieces if nothing is pinned
 * @pages: the pinned pages
 * @tables: one for each piece
 */
struct peers {
	struct mutex lock; /* guards the file */
	struct peers_pin pin;
	struct page **pages;
	struct sg_table *tables;
};

static unsigned int peers_pages_of_piece(const struct peers_pin *pin)
{
	return DIV_ROUND_UP(pin->length, PAGE_SIZE);
}

static int peers_pin_pages(u64 address, unsigned int count, struct page **pages)
{
	int pinned = pin_user_pages_fast(address, count, FOLL_WRITE | FOLL_LONGTERM, pages);

	if (pinned == count)
		return 0;
	if (pinned > 0)
		unpin_user_pages(pages, pinned);

	return pinned < 0 ? pinned : -EFAULT;
}

static int peers_make_table(const struct peers_pin *pin, struct page **pages,
			    struct sg_table *table)
{
	return sg_alloc_table_from_pages(table, pages, peers_pages_of_piece(pin), 0,
					 pin->length, GFP_KERNEL);
}

/* ---- one transfer ---- */

static enum dma_data_direction peers_direction(const struct peers_run *run)
{
	return run->direction ? DMA_TO_DEVICE : DMA_FROM_DEVICE;
}

/* The bytes: the device would do this. */
static int peers_move(const struct peers_move *move)
{
	struct soft_job job = {
		.address = move->address,
		.length = move->length,
		.device_address = move->device_address,
		.direction = move->direction ? DMABAY_WRITE_TO_DEVICE : DMABAY_READ_FROM_DEVICE,
	};
	size_t moved;

	return soft_move_charged(peers_dev, &job, &moved);
}

/* As the engine sees it: without, an address that somebody has chosen is one of memory. */
static bool peers_is_translated(void)
{
#ifdef CONFIG_IOMMU_API
	struct iommu_domain *domain = iommu_get_domain_for_dev(peers_dev);

	return domain && domain->type != IOMMU_DOMAIN_IDENTITY;
#else
	return false;
#endif
}

static int peers_move_for(struct peers_run *run, dma_addr_t address, size_t length, size_t at)
{
	struct peers_move move = {
		.address = address,
		.length = length,
		.device_address = run->device_address + at,
		.direction = run->direction,
	};
	u64 start = get_cycles();
	int ret = peers_move(&move);

	run->engine_ticks += get_cycles() - start;

	return ret;
}

static int peers_plain(struct peers_run *run, struct sg_table *table)
{
	struct scatterlist *sg;
	u64 start = get_cycles();
	size_t at = 0;
	int ret, i;

	ret = dma_map_sgtable(peers_dev, table, peers_direction(run), 0);
	run->map_ticks = get_cycles() - start;
	if (ret)
		return ret;

	for_each_sgtable_dma_sg(table, sg, i) {
		if (!ret)
			ret = peers_move_for(run, sg_dma_address(sg), sg_dma_len(sg), at);
		at += sg_dma_len(sg);
	}

	start = get_cycles();
	dma_unmap_sgtable(peers_dev, table, peers_direction(run), 0);
	run->unmap_ticks = get_cycles() - start;

	return ret;
}

static int peers_per_call(struct peers_run *run, const struct peers_pin *pin)
{
	unsigned int count = peers_pages_of_piece(pin);
	struct page **pages = kvmalloc_array(count, sizeof(*pages), GFP_KERNEL);
	struct sg_table table;
	int ret;

	if (!pages)
		return -ENOMEM;
	ret = peers_pin_pages(pin->address + run->piece * pin->stride, count, pages);
	if (ret)
		goto err_list;
	ret = peers_make_table(pin, pages, &table);
	if (ret)
		goto err_pages;
	ret = peers_plain(run, &table);
	sg_free_table(&table);
err_pages:
	unpin_user_pages_dirty_lock(pages, count, !run->direction);
err_list:
	kvfree(pages);

	return ret;
}

/* Since Linux 6.16. */
#ifdef DMA_IOVA_USE_SWIOTLB
static int peers_link(struct peers_run *run, const struct sg_table *table,
		      struct dma_iova_state *state, size_t *linked)
{
	struct scatterlist *sg;
	int ret = 0, i;

	for_each_sgtable_sg(table, sg, i) {
		ret = dma_iova_link(peers_dev, state, sg_phys(sg), *linked, sg->length,
				    peers_direction(run), 0);
		if (ret)
			return ret;
		*linked += sg->length;
	}

	return dma_iova_sync(peers_dev, state, 0, *linked);
}

static int peers_two_step(struct peers_run *run, const struct sg_table *table, size_t length)
{
	struct dma_iova_state state = {};
	u64 start = get_cycles();
	size_t linked = 0;
	int ret;

	if (!dma_iova_try_alloc(peers_dev, &state, 0, length))
		return -EOPNOTSUPP;
	ret = peers_link(run, table, &state, &linked);
	run->map_ticks = get_cycles() - start;

	if (!ret)
		ret = peers_move_for(run, state.addr, length, 0);

	start = get_cycles();
	dma_iova_destroy(peers_dev, &state, linked, peers_direction(run), 0);
	run->unmap_ticks = get_cycles() - start;

	return ret;
}
#else
static int peers_two_step(struct peers_run *run, const struct sg_table *table, size_t length)
{
	return -EOPNOTSUPP;
}
#endif

static long peers_run(struct peers *peers, struct peers_run *run)
{
	struct sg_table *table;

	if (run->way >= PEERS_WAYS || run->direction > 1 || run->reserved ||
	    run->piece >= peers->pin.count)
		return -EINVAL;

	run->engine_ticks = 0;
	table = &peers->tables[run->piece];
	if (run->way == PEERS_PER_CALL)
		return peers_per_call(run, &peers->pin);
	if (run->way == PEERS_PLAIN)
		return peers_plain(run, table);

	return peers_two_step(run, table, peers->pin.length);
}

/* ---- memory that stays ---- */

static void peers_unpin(struct peers *peers)
{
	unsigned int count = peers_pages_of_piece(&peers->pin), i;

	for (i = 0; i < peers->pin.count; i++) {
		sg_free_table(&peers->tables[i]);
		unpin_user_pages_dirty_lock(peers->pages + i * count, count, true);
	}
	kvfree(peers->pages);
	kvfree(peers->tables);
	peers->pin.count = 0;
}

static int peers_pin_piece(struct peers *peers, const struct peers_pin *pin, unsigned int piece)
{
	unsigned int count = peers_pages_of_piece(pin);
	struct page **pages = peers->pages + piece * count;
	int ret;

	ret = peers_pin_pages(pin->address + piece * pin->stride, count, pages);
	if (ret)
		return ret;
	ret = peers_make_table(pin, pages, &peers->tables[piece]);
	if (ret)
		unpin_user_pages(pages, count);

	return ret;
}

static long peers_pin(struct peers *peers, const struct peers_pin *pin)
{
	int ret = 0;

	if (peers->pin.count || !pin->count || pin->count > 1024 || !pin->length ||
	    pin->length > SZ_1G || offset_in_page(pin->address) || offset_in_page(pin->stride))
		return -EINVAL;
	if (pin->count * peers_pages_of_piece(pin) > PEERS_MOST_PAGES)
		return -E2BIG;

	peers->pages = kvcalloc(pin->count * peers_pages_of_piece(pin), sizeof(*peers->pages),
				GFP_KERNEL);
	peers->tables = kvcalloc(pin->count, sizeof(*peers->tables), GFP_KERNEL);
	peers->pin = *pin;
	peers->pin.count = 0;
	if (!peers->pages || !peers->tables)
		ret = -ENOMEM;
	while (!ret && peers->pin.count < pin->count) {
		ret = peers_pin_piece(peers, pin, peers->pin.count);
		if (!ret)
			peers->pin.count++;
	}
	if (ret)
		peers_unpin(peers);

	return ret;
}

/* ---- the file ---- */

static int peers_open(struct inode *inode, struct file *filp)
{
	struct peers *peers = kzalloc(sizeof(*peers), GFP_KERNEL);

	if (!peers)
		return -ENOMEM;
	mutex_init(&peers->lock);
	filp->private_data = peers;

	return 0;
}

static int peers_release(struct inode *inode, struct file *filp)
{
	struct peers *peers = filp->private_data;

	if (peers->pin.count)
		peers_unpin(peers);
	mutex_destroy(&peers->lock);
	kfree(peers);

	return 0;
}

static long peers_ioctl(struct file *filp, unsigned int number, unsigned long argument)
{
	struct peers *peers = filp->private_data;
	void __user *user = (void __user *)argument;
	struct peers_move move;
	struct peers_run run;
	struct peers_pin pin;
	long ret = -EFAULT;

	mutex_lock(&peers->lock);
	if (number == PEERS_PIN && !copy_from_user(&pin, user, sizeof(pin))) {
		ret = peers_pin(peers, &pin);
	} else if (number == PEERS_RUN && !copy_from_user(&run, user, sizeof(run))) {
		ret = peers_run(peers, &run);
		if (!ret && copy_to_user(user, &run, sizeof(run)))
			ret = -EFAULT;
	} else if (number == PEERS_MOVE && !copy_from_user(&move, user, sizeof(move))) {
		ret = peers_is_translated() ? peers_move(&move) : -EOPNOTSUPP;
	} else if (number == PEERS_AGAIN) {
		ret = soft_move_again(peers_dev);
	} else if (_IOC_NR(number) > _IOC_NR(PEERS_AGAIN)) {
		ret = -ENOTTY;
	}
	mutex_unlock(&peers->lock);

	return ret;
}

static const struct file_operations peers_file_operations = {
	.owner = THIS_MODULE,
	.open = peers_open,
	.release = peers_release,
	.unlocked_ioctl = peers_ioctl,
};

static struct miscdevice peers_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "dmabay_peers",
	.fops = &peers_file_operations,
};

static int __init peers_init(void)
{
	int ret;

	peers_dev = bus_find_device_by_name(&pci_bus_type, NULL, peers_dma_dev);
	if (!peers_dev) {
		pr_err("dmabay_peers: no PCI function '%s'\n", peers_dma_dev);
		return -ENODEV;
	}
	ret = misc_register(&peers_device);
	if (ret)
		goto err_device;
	ret = peers_channel_init();
	if (ret)
		goto err_misc;

	return 0;

err_misc:
	misc_deregister(&peers_device);
err_device:
	put_device(peers_dev);

	return ret;
}
module_init(peers_init);

static void __exit peers_exit(void)
{
	peers_channel_exit();
	misc_deregister(&peers_device);
	put_device(peers_dev);
}
module_exit(peers_exit);

MODULE_AUTHOR("dmabay developers");
MODULE_DESCRIPTION("dmabay benchmark: the same transfers as other drivers do them");
MODULE_LICENSE("GPL");
