// SPDX-License-Identifier: GPL-2.0-only
/*
 * dmabay_test_exporter: an exporter of dma-bufs that does what a test asks for, for the
 * selftests. What others may do, it does: pieces of any length, a size that is no multiple
 * of a page, addresses without pages. What only a broken one does, too: see test_exporter.h.
 *
 * A buffer is contiguous memory; it is mapped as one, and shown as pieces with a gap
 * behind each, so that no two can be joined. It is owned by its dma-buf, which holds this
 * module. Its fences are signaled when the test says so, or when the dma-buf goes.
 */
#include <linux/delay.h>
#include <linux/dma-buf.h>
#include <linux/dma-fence.h>
#include <linux/dma-mapping.h>
#include <linux/dma-resv.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/list.h>
#include <linux/math.h>
#include <linux/miscdevice.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/scatterlist.h>
#include <linux/sizes.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>

#include "../module/compat_dma_buf.h"
#include "test_exporter.h"

/**
 * struct test_buffer - A dma-buf
 * @wanted: what was asked for; @segment of it is not 0 any more
 * @memory: the bytes, with the gaps
 * @length: of @memory
 * @lock: guards @fences
 * @fences: that are not signaled
 */
struct test_buffer {
	struct test_export wanted;
	void *memory;
	size_t length;
	struct mutex lock; /* guards fences */
	struct list_head fences;
};

struct test_pending {
	struct dma_fence fence;
	struct list_head node;
};

/* Of all fences, because some may be looked at when their buffer has gone. */
static DEFINE_SPINLOCK(test_fence_lock);

static const char *test_fence_name(struct dma_fence *fence)
{
	return "dmabay_test_exporter";
}

static const struct dma_fence_ops test_fence_ops = {
	.get_driver_name = test_fence_name,
	.get_timeline_name = test_fence_name,
};

/* Where the piece that begins with this byte is in memory: behind each is a gap. */
static size_t test_piece_at(u32 offset)
{
	return 2 * (size_t)offset;
}

/* ---- the exporter's side of a dma-buf ---- */

static int test_fill_table(const struct test_buffer *buffer, struct sg_table *table,
			   dma_addr_t base)
{
	u32 segment = buffer->wanted.segment, left = buffer->wanted.size;
	struct scatterlist *sg, *last = NULL;
	unsigned int i;
	int ret;

	ret = sg_alloc_table(table, DIV_ROUND_UP(left, segment), GFP_KERNEL);
	if (ret)
		return ret;

	for_each_sgtable_dma_sg(table, sg, i) {
		sg_dma_address(sg) = base + test_piece_at(i * segment);
		sg_dma_len(sg) = min(left, segment);
		left -= sg_dma_len(sg);
		last = sg;
	}
	if (buffer->wanted.flags & EXPORTER_SHORT)
		sg_dma_len(last) -= 1;
	if (buffer->wanted.flags & EXPORTER_EMPTY)
		sg_dma_len(last) = 0;

	return 0;
}

static struct sg_table *test_map(struct dma_buf_attachment *attachment,
				 enum dma_data_direction direction)
{
	struct test_buffer *buffer = attachment->dmabuf->priv;
	struct sg_table *table;
	dma_addr_t base;
	int ret;

	msleep(buffer->wanted.map_ms);
	if (buffer->wanted.flags & EXPORTER_FAIL_MAP)
		return ERR_PTR(-EREMOTEIO);

	table = kzalloc(sizeof(*table), GFP_KERNEL);
	if (!table)
		return ERR_PTR(-ENOMEM);

	base = dma_map_single(attachment->dev, buffer->memory, buffer->length, direction);
	ret = dma_mapping_error(attachment->dev, base);
	if (ret)
		goto err_table;
	ret = test_fill_table(buffer, table, base);
	if (ret)
		goto err_unmap;
	attachment->priv = (void *)(uintptr_t)base;

	return table;

err_unmap:
	dma_unmap_single(attachment->dev, base, buffer->length, direction);
err_table:
	kfree(table);
	return ERR_PTR(ret);
}

static void test_unmap(struct dma_buf_attachment *attachment, struct sg_table *table,
		       enum dma_data_direction direction)
{
	struct test_buffer *buffer = attachment->dmabuf->priv;

	dma_unmap_single(attachment->dev, (uintptr_t)attachment->priv, buffer->length, direction);
	sg_free_table(table);
	kfree(table);
}

static void test_signal(struct test_buffer *buffer)
{
	struct test_pending *pending, *next;

	mutex_lock(&buffer->lock);
	list_for_each_entry_safe(pending, next, &buffer->fences, node) {
		list_del(&pending->node);
		dma_fence_signal(&pending->fence);
		dma_fence_put(&pending->fence);
	}
	mutex_unlock(&buffer->lock);
}

static void test_release(struct dma_buf *dma_buf)
{
	struct test_buffer *buffer = dma_buf->priv;

	test_signal(buffer);
	mutex_destroy(&buffer->lock);
	free_pages_exact(buffer->memory, buffer->length);
	kfree(buffer);
}

static const struct dma_buf_ops test_dma_buf_ops = {
	.map_dma_buf = test_map,
	.unmap_dma_buf = test_unmap,
	.release = test_release,
};

/* ---- what a test asks for ---- */

static long test_export(void __user *user)
{
	DEFINE_DMA_BUF_EXPORT_INFO(info);
	struct test_buffer *buffer;
	struct dma_buf *dma_buf;
	long ret = -ENOMEM;
	u32 last;

	buffer = kzalloc(sizeof(*buffer), GFP_KERNEL);
	if (!buffer)
		return ret;
	if (copy_from_user(&buffer->wanted, user, sizeof(buffer->wanted))) {
		ret = -EFAULT;
		goto err_buffer;
	}
	if (!buffer->wanted.size || buffer->wanted.size > SZ_1M) {
		ret = -EINVAL;
		goto err_buffer;
	}
	if (!buffer->wanted.segment || buffer->wanted.segment > buffer->wanted.size)
		buffer->wanted.segment = buffer->wanted.size;
	last = rounddown(buffer->wanted.size - 1, buffer->wanted.segment);
	buffer->length = PAGE_ALIGN(test_piece_at(last) + buffer->wanted.segment);
	mutex_init(&buffer->lock);
	INIT_LIST_HEAD(&buffer->fences);
	buffer->memory = alloc_pages_exact(buffer->length, GFP_KERNEL | __GFP_ZERO);
	if (!buffer->memory)
		goto err_buffer;

	info.ops = &test_dma_buf_ops;
	info.size = buffer->wanted.size;
	info.flags = buffer->wanted.open_flags;
	info.priv = buffer;
	dma_buf = dma_buf_export(&info);
	if (IS_ERR(dma_buf)) {
		ret = PTR_ERR(dma_buf);
		goto err_memory;
	}
	ret = dma_buf_fd(dma_buf, O_CLOEXEC);
	if (ret < 0)
		dma_buf_put(dma_buf);

	return ret;

err_memory:
	free_pages_exact(buffer->memory, buffer->length);
err_buffer:
	kfree(buffer);
	return ret;
}

static long test_add_fence(struct dma_buf *dma_buf, u32 usage)
{
	struct test_buffer *buffer = dma_buf->priv;
	struct test_pending *pending;
	long ret;

	if (usage > DMA_RESV_USAGE_BOOKKEEP)
		return -EINVAL;
	pending = kzalloc(sizeof(*pending), GFP_KERNEL);
	if (!pending)
		return -ENOMEM;
	dma_fence_init(&pending->fence, &test_fence_ops, &test_fence_lock,
		       dma_fence_context_alloc(1), 1);

	dma_resv_lock(dma_buf->resv, NULL);
	ret = dma_resv_reserve_fences(dma_buf->resv, 1);
	if (!ret)
		dma_resv_add_fence(dma_buf->resv, &pending->fence, usage);
	dma_resv_unlock(dma_buf->resv);
	if (ret) {
		dma_fence_put(&pending->fence);
		return ret;
	}

	mutex_lock(&buffer->lock);
	list_add_tail(&pending->node, &buffer->fences);
	mutex_unlock(&buffer->lock);

	return 0;
}

/* All bytes, piece by piece. */
static long test_copy(struct test_buffer *buffer, u8 __user *user, bool write)
{
	u32 segment = buffer->wanted.segment, size = buffer->wanted.size, offset, length;
	unsigned long left;

	for (offset = 0; offset < size; offset += length) {
		void *bytes = buffer->memory + test_piece_at(offset);

		length = min(segment, size - offset);
		left = write ? copy_from_user(bytes, user + offset, length) :
			       copy_to_user(user + offset, bytes, length);
		if (left)
			return -EFAULT;
	}

	return 0;
}

/* The dma-buf of this fd, if it is one of ours. */
static struct dma_buf *test_get(int fd)
{
	struct dma_buf *dma_buf = dma_buf_get(fd);

	if (!IS_ERR(dma_buf) && dma_buf->ops != &test_dma_buf_ops) {
		dma_buf_put(dma_buf);
		return ERR_PTR(-EINVAL);
	}

	return dma_buf;
}

static long test_ioctl(struct file *filp, unsigned int number, unsigned long argument)
{
	void __user *user = (void __user *)argument;
	struct test_fence fence = { .fd = argument };
	struct test_bytes bytes = {};
	struct dma_buf *dma_buf;
	long ret = 0;

	if (number == EXPORTER_NEW)
		return test_export(user);
	if (number == EXPORTER_FENCE && copy_from_user(&fence, user, sizeof(fence)))
		return -EFAULT;
	if ((number == EXPORTER_READ || number == EXPORTER_WRITE) &&
	    copy_from_user(&bytes, user, sizeof(bytes)))
		return -EFAULT;

	dma_buf = test_get(bytes.address ? bytes.fd : fence.fd);
	if (IS_ERR(dma_buf))
		return PTR_ERR(dma_buf);
	if (number == EXPORTER_FENCE)
		ret = test_add_fence(dma_buf, fence.usage);
	else if (number == EXPORTER_SIGNAL)
		test_signal(dma_buf->priv);
	else if (bytes.address)
		ret = test_copy(dma_buf->priv, u64_to_user_ptr(bytes.address),
				number == EXPORTER_WRITE);
	else
		ret = -ENOTTY;
	dma_buf_put(dma_buf);

	return ret;
}

static const struct file_operations test_file_operations = {
	.owner = THIS_MODULE,
	.unlocked_ioctl = test_ioctl,
};

static struct miscdevice test_exporter = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "dmabay_test_exporter",
	.fops = &test_file_operations,
};
module_misc_device(test_exporter);

COMPAT_IMPORT_DMA_BUF();
MODULE_AUTHOR("dmabay developers");
MODULE_DESCRIPTION("dmabay tests: an exporter of dma-bufs");
MODULE_LICENSE("GPL");
