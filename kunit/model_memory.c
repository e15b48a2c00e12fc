// SPDX-License-Identifier: GPL-2.0-only
/*
 * The reference model's memory: what lies where, and what that needs.
 *
 * A memory has bytes, and groups that lie in them, on pages that follow each other or on
 * every other page. A transfer is cut into parts, which end with their group, and those
 * into pieces, which are what a device sees as one element.
 *
 * Also here is the device, because it sees nothing but bytes: it reads and writes a few
 * of each transfer, which ones and what is decided by a number, its salt.
 */
#include <linux/kernel.h>
#include <linux/math.h>
#include <linux/minmax.h>
#include <linux/mm.h>

#include "model.h"

/* What a call says of it; the memory exists. */
struct model_range model_range_of(const struct model *model, const struct model_call *call)
{
	return (struct model_range) {
		.memory = &model->memories[call->what],
		.position = call->offset,
		.length = call->length,
		.direction = call->direction,
	};
}

bool model_is_inside(const struct model_range *range)
{
	size_t length = range->memory->length;

	return range->length && range->position < length &&
	       range->length <= length - range->position;
}

static const struct model_group *group_at(const struct model_memory *memory, size_t *position)
{
	const struct model_group *group = memory->groups;

	while (*position >= group->length)
		*position -= group++->length;
	return group;
}

struct model_part model_part_at(const struct model_memory *memory, size_t position, size_t most)
{
	const struct model_group *group = group_at(memory, &position);
	struct model_part part = {
		.length = min(most, group->length - position),
		.in_page = (group->in_page + position) % PAGE_SIZE,
		.scattered = group->scattered,
	};

	part.registers = DIV_ROUND_UP(part.in_page + part.length, PAGE_SIZE);
	return part;
}

/* What of a part makes one element, if so many scattered pages can. */
struct model_part model_piece_at(const struct model_memory *memory, size_t position, size_t most,
				 unsigned int run_pages)
{
	struct model_part piece = model_part_at(memory, position, most);

	if (piece.scattered && piece.registers > run_pages) {
		piece.registers = run_pages;
		piece.length = run_pages * PAGE_SIZE - piece.in_page;
	}
	return piece;
}

struct model_needs model_needs(const struct model_memory *memory, size_t position, size_t length,
			       unsigned int run_pages)
{
	struct model_needs needs = {};
	struct model_part part;

	for (; length; position += part.length, length -= part.length) {
		part = model_part_at(memory, position, length);
		needs.registers += part.registers;
		needs.elements += part.scattered ? DIV_ROUND_UP(part.registers, run_pages) : 1;
	}
	return needs;
}

u8 *model_byte(const struct model_memory *memory, size_t position)
{
	const struct model_group *group = group_at(memory, &position);
	size_t page;

	position += group->in_page;
	page = group->page + position / PAGE_SIZE * (group->scattered ? 2 : 1);
	return memory->bytes + page * PAGE_SIZE + position % PAGE_SIZE;
}

/* The device */

#define TOUCHED		6

/* The first and the last byte of a transfer, and some in between. */
static size_t touched(unsigned int number, size_t length, u32 salt)
{
	if (number < 2)
		return number ? length - 1 : 0;
	return reciprocal_scale(model_hash(salt, number), length);
}

u32 model_device_read(model_byte_t byte, const void *context, size_t length, u32 salt)
{
	unsigned int i;
	u32 hash = 0;

	for (i = 0; i < TOUCHED; i++)
		hash = model_hash(hash, *byte(context, touched(i, length, salt)));
	return hash;
}

/* As far as that is among the first @most bytes. */
void model_device_write(model_byte_t byte, const void *context, size_t length, u32 salt,
			size_t most)
{
	unsigned int i;
	size_t at;

	for (i = 0; i < TOUCHED; i++) {
		at = touched(i, length, salt);
		if (at < most)
			*byte(context, at) = salt + i;
	}
}
