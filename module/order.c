// SPDX-License-Identifier: GPL-2.0-only
/*
 * An order: a line of text by which root cancels transfers of somebody else's file.
 *
 * "file=ID", and if wanted "reservation=N" and "cookie=N", with white space in between;
 * the numbers are those that "files" in debugfs and the tracepoints tell. What may be
 * cancelled is what the file itself may cancel by DMABAY_CANCEL, no more.
 *
 * &dmabay_device.files_lock keeps the file while its transfers are withdrawn.
 */
#include <linux/kstrtox.h>
#include <linux/list.h>
#include <linux/string.h>

#include "user.h"

enum dmabay_order_word {
	DMABAY_ORDER_FILE,
	DMABAY_ORDER_RESERVATION,
	DMABAY_ORDER_COOKIE,
	DMABAY_ORDER_WORDS,
};

static const char *const dmabay_order_words[] = {
	[DMABAY_ORDER_FILE] = "file",
	[DMABAY_ORDER_RESERVATION] = "reservation",
	[DMABAY_ORDER_COOKIE] = "cookie",
};

/**
 * struct dmabay_order - What was said
 * @given: which words
 * @numbers: of each word
 */
struct dmabay_order {
	unsigned long given;
	u64 numbers[DMABAY_ORDER_WORDS];
};

/* Each word at most once: nobody means two files by one order. */
static int dmabay_order_parse_word(struct dmabay_order *order, char *word)
{
	char *name = strsep(&word, "=");
	int index = match_string(dmabay_order_words, DMABAY_ORDER_WORDS, name);

	if (index < 0 || !word || __test_and_set_bit(index, &order->given) ||
	    kstrtou64(word, 10, &order->numbers[index]))
		return -EINVAL;

	return 0;
}

static int dmabay_order_parse(struct dmabay_order *order, char *line)
{
	char *word;
	int ret;

	while ((word = strsep(&line, " \t\n"))) {
		if (!*word)
			continue;
		ret = dmabay_order_parse_word(order, word);
		if (ret)
			return ret;
	}

	return test_bit(DMABAY_ORDER_FILE, &order->given) ? 0 : -EINVAL;
}

static struct dmabay_file *dmabay_order_file(struct dmabay_device *device, u64 id)
{
	struct dmabay_file *file;

	lockdep_assert_held(&device->files_lock);

	list_for_each_entry(file, &device->files, node)
		if (file->id == id)
			return file;

	return NULL;
}

static int dmabay_order_carry_out(struct dmabay_device *device, u64 id,
				  struct dmabay_cancel *arguments)
{
	struct dmabay_file *file;
	int ret;

	lockdep_assert_held(&device->files_lock);

	if (READ_ONCE(device->gone))
		return -ENODEV;
	file = dmabay_order_file(device, id);
	if (!file)
		return -ENOENT;
	ret = dmabay_file_cancel(file, arguments);
	/* It is being closed, and nothing of it is left to cancel. */
	if (ret == -ECANCELED)
		return -ENOENT;
	if (!ret && !arguments->cancelled && !arguments->running)
		return -ENOENT;

	return ret;
}

/**
 * dmabay_order_cancel() - Cancel what a line says
 * @device: the device
 * @line: the line, which is taken to pieces
 * @arguments: out: how many transfers were cancelled, and how many run
 *
 * Context: may sleep.
 * Return: 0, -EINVAL (not such a line), -ENOENT (no such file or reservation, or nothing
 * of it is under way), -ENODEV.
 */
int dmabay_order_cancel(struct dmabay_device *device, char *line, struct dmabay_cancel *arguments)
{
	struct dmabay_order order = {};
	int ret;

	ret = dmabay_order_parse(&order, line);
	if (ret)
		return ret;
	if (order.numbers[DMABAY_ORDER_RESERVATION] > DMABAY_MAX_RESERVATIONS)
		return -ENOENT;

	*arguments = (struct dmabay_cancel) {
		.reservation = order.numbers[DMABAY_ORDER_RESERVATION],
		.cookie = order.numbers[DMABAY_ORDER_COOKIE],
	};
	if (test_bit(DMABAY_ORDER_RESERVATION, &order.given))
		arguments->flags |= DMABAY_CANCEL_RESERVATION;
	if (test_bit(DMABAY_ORDER_COOKIE, &order.given))
		arguments->flags |= DMABAY_CANCEL_COOKIE;

	mutex_lock(&device->files_lock);
	ret = dmabay_order_carry_out(device, order.numbers[DMABAY_ORDER_FILE], arguments);
	mutex_unlock(&device->files_lock);

	return ret;
}
