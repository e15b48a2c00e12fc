/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Lists: transfers of several groups, and all of them in one call (5.14).
 *
 * The CPU plays the device, element by element. What is known of a list before it is
 * there is what dmabay_adapter_transfer_info() says; the rest follows from the groups.
 *
 *  - sg_list.c: what a list looks like, and the device that goes through it;
 *  - sg_list_map.c: lists of a channel, transfer by transfer;
 *  - sg_list_kunit.c: lists in one call, and the list of all tests.
 */
#ifndef _DMABAY_SG_LIST_H
#define _DMABAY_SG_LIST_H

#include "rig.h"

/* The device writes, or compares, bytes of the pattern, beginning with its byte @at. */
void list_device_write(struct rig *rig, const struct dmabay_sg_list *list, size_t at, size_t length,
		       u8 seed);
size_t list_device_matching(struct rig *rig, const struct dmabay_sg_list *list, size_t at,
			    size_t length, u8 seed);
/* The elements of bytes @at to @at + @length: all of them, in order, none in two groups. */
void list_expect_elements(struct rig *rig, struct rig_buffer *buffer,
			  const struct dmabay_sg_list *list, size_t at, size_t length);

/* sg_list_map.c */
void list_partial_room(struct kunit *test);
void list_registers_short(struct kunit *test);
void list_copies_completed_only(struct kunit *test);
void list_element_counts(struct kunit *test);
void list_element_counts_without_lists(struct kunit *test);
void list_of_any_shape(struct kunit *test);

#endif /* _DMABAY_SG_LIST_H */
