// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reference model's mapping: one transfer of a channel.
 *
 * It goes as far as registers, room and elements do, for packets one element. A device
 * writes into memory itself, except where scattered pages were made one element: those
 * are copies, and what arrives is what was completed, with zeros where the device wrote
 * nothing.
 */
#include <linux/errno.h>
#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/minmax.h>
#include <linux/mm.h>
#include <linux/string.h>

#include "model.h"

static u8 *mapped_byte(const void *context, size_t at)
{
	const struct model_range *mapped = context;

	return model_byte(mapped->memory, mapped->position + at);
}

static int check_map(const struct model_channel *channel, const struct model_range *range,
		     unsigned int room)
{
	if (!model_is_inside(range) || !room)
		return -EINVAL;
	if (range->memory->read_only && !range->direction)
		return -EACCES;
	return channel->state != MODEL_GRANTED || channel->mapped.length ? -EBADFD : 0;
}

/* As much of the range as there is room for, in elements. */
int model_map(struct model *model, struct model_adapter *adapter, struct model_channel *channel,
	      struct model_range range, unsigned int room, struct model_seen *seen)
{
	bool faulty = model->maps++ == model->faults.map;
	unsigned int registers = channel->registers;
	struct model_part piece;
	int ret;

	if (faulty && model->faults.map_error)
		return model->faults.map_error;
	if (faulty)
		range.length = min(range.length, model->faults.map_most);
	ret = check_map(channel, &range, room);
	if (ret)
		return ret;

	if (!adapter->lists)
		room = 1;
	*seen = (struct model_seen) {};
	while (seen->length < range.length && registers && seen->elements < room) {
		piece = model_piece_at(range.memory, range.position + seen->length,
				       range.length - seen->length, adapter->run_pages);
		if (piece.registers > registers) {
			piece.registers = registers;
			piece.length = registers * PAGE_SIZE - piece.in_page;
		}
		registers -= piece.registers;
		seen->elements++;
		seen->length += piece.length;
		seen->shape = model_hash(model_hash(seen->shape, piece.in_page), piece.length);
	}
	range.length = seen->length;
	channel->mapped = range;
	channel->copied = piece.scattered && piece.registers > 1;
	return 0;
}

/* The device is told of it, and goes to work at once. */
void model_program(struct model *model, struct model_channel *channel, struct model_seen *seen)
{
	const struct model_range *mapped = &channel->mapped;

	channel->salt = model->salt++;
	if (mapped->direction)
		seen->bytes = model_device_read(mapped_byte, mapped, mapped->length,
						channel->salt);
	else if (!channel->copied)
		model_device_write(mapped_byte, mapped, mapped->length, channel->salt, SIZE_MAX);
}

void model_unmap(struct model_channel *channel, size_t length)
{
	const struct model_range *mapped = &channel->mapped;
	struct model_part page;
	size_t at;

	if (channel->copied && !mapped->direction) {
		for (at = 0; at < length; at += page.length) {
			page = model_piece_at(mapped->memory, mapped->position + at, length - at,
					      1);
			memset(mapped_byte(mapped, at), 0, page.length);
		}
		model_device_write(mapped_byte, mapped, mapped->length, channel->salt, length);
	}
	channel->mapped.length = 0;
}

int model_flush(struct model *model, struct model_channel *channel, size_t length)
{
	if (model->flushes++ == model->faults.flush)
		return model->faults.flush_error;
	if (!channel->mapped.length)
		return -EBADFD;
	if (length > channel->mapped.length)
		return -EINVAL;
	model_unmap(channel, length);
	return 0;
}
