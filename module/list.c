// SPDX-License-Identifier: GPL-2.0-only
/*
 * List: how a provider says what it has mapped, piece by piece or a whole range.
 *
 * Groups are elements of their own, also where one follows the other for the device.
 * The room is the caller's, and nobody else looks at a list while it is filled: no
 * lock.
 */
#include "dmabay_private.h"

/**
 * dmabay_list_append() - One more piece of the memory
 * @list: the list
 * @address: device address
 * @length: bytes
 * @new_group: it begins a group, as the first piece of a list always does; otherwise
 *	the element before it is lengthened if that ends where this begins
 *
 * Context: any.
 * Return: false: there is no room.
 */
bool dmabay_list_append(struct dmabay_sg_list *list, dma_addr_t address, size_t length,
			bool new_group)
{
	struct dmabay_sg_element *next = list->elements + list->count;

	if (!new_group && next[-1].address + next[-1].length == address) {
		next[-1].length += length;
		return true;
	}
	if (list->count == list->capacity)
		return false;
	next->address = address;
	next->length = length;
	list->count++;
	return true;
}

/**
 * dmabay_list_fill() - The list of pages that follow each other for the device
 * @list: the list, empty
 * @channel: the channel, with the memory
 * @extent: what of it shall be mapped
 * @pages: so many of its pages follow each other, as their numbers do; not 0
 * @address: device address of the first byte
 *
 * Context: any.
 * Return: bytes in the list.
 */
size_t dmabay_list_fill(struct dmabay_sg_list *list, const struct dmabay_channel *channel,
			const struct dmabay_extent *extent, u32 pages, dma_addr_t address)
{
	dma_addr_t first_page = address - extent->in_page;
	struct dmabay_extent range, group;
	size_t done = 0;

	dmabay_memory_range(channel->memory, channel->offset, extent->length, pages, &range);
	while (done < range.length) {
		dmabay_memory_extent(channel->memory, channel->offset + done, range.length - done,
				     &group);
		address = first_page + group.in_page +
			  ((dma_addr_t)(group.page - range.page) << PAGE_SHIFT);
		if (!dmabay_list_append(list, address, group.length, true))
			break;
		done += group.length;
	}
	return done;
}
