/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Adapter: the line for map registers, and mapping by hand, the WDM way (5.14).
 *
 *  - adapter.c: whoever asks for registers;
 *  - adapter_channel.c: channels, and their place in the line;
 *  - adapter_line.c: a very long line;
 *  - adapter_map.c: transfers of a channel;
 *  - adapter_kunit.c: the adapter itself, and the list of all tests.
 */
#ifndef _DMABAY_ADAPTER_H
#define _DMABAY_ADAPTER_H

#include "rig.h"

/* One allocation, and how it went. */
struct adapter_user {
	struct dmabay_channel channel;
	struct rig *rig;
	enum dmabay_channel_action action;
	void (*on_grant)(struct adapter_user *user);
	/* room that an adapter of single elements shall not use up */
	struct dmabay_sg_element room[8];
	struct dmabay_sg_list list;
	unsigned int map_registers;
	unsigned int grants;
	/* the how many-th grant of the test it was */
	unsigned int order;
};

/* All grants of the test so far; tests of a suite run one at a time. */
extern unsigned int adapter_grants;

/* So many who keep what they are granted, until they give it. */
struct adapter_user *adapter_users(struct rig *rig, unsigned int count);
int adapter_ask(struct adapter_user *user, unsigned int map_registers, unsigned int flags);
int adapter_give(struct adapter_user *user);
/* The routine of all of them. */
enum dmabay_channel_action adapter_routine(struct dmabay_adapter *adapter,
					   struct dmabay_channel *channel, void *context);
/* Into the user's own room. */
int adapter_map(struct adapter_user *user, struct rig_buffer *buffer, size_t offset, size_t *length,
		enum dmabay_direction direction);

/* adapter_channel.c */
void adapter_v06_more_than_there_are(struct kunit *test);
void adapter_v07_granted_at_once(struct kunit *test);
void adapter_v08_granted_later(struct kunit *test);
void adapter_v09_immediate(struct kunit *test);
void adapter_v10_immediate_fails(struct kunit *test);
void adapter_v11_immediate_without_routine(struct kunit *test);
void adapter_v12_no_channel(struct kunit *test);
void adapter_v13_without_routine(struct kunit *test);
void adapter_v14_immediate_without_routine_fails(struct kunit *test);
void adapter_v15_free_object_keeps(struct kunit *test);
void adapter_v16_free_object_keeps_registers(struct kunit *test);
void adapter_v17_free_object(struct kunit *test);
void adapter_free_object_refuses(struct kunit *test);
void adapter_v18_deallocate(struct kunit *test);
void adapter_v19_keep_registers(struct kunit *test);
void adapter_v20_keep_object(struct kunit *test);
void adapter_v21_cancel_waiting(struct kunit *test);
void adapter_v22_cancel_granted(struct kunit *test);
void adapter_v23_cancel_another(struct kunit *test);
void adapter_v24_cancel_in_advance(struct kunit *test);
void adapter_v35_another_number(struct kunit *test);
void adapter_free_twice(struct kunit *test);
void adapter_free_the_other_way(struct kunit *test);
void adapter_allocate_twice(struct kunit *test);
void adapter_credits_alone_decide(struct kunit *test);
void adapter_free_in_routine(struct kunit *test);
void adapter_take_in_routine(struct kunit *test);

/* adapter_line.c */
void adapter_long_line(struct kunit *test);

/* adapter_map.c */
void adapter_v26_no_room(struct kunit *test);
void adapter_one_element(struct kunit *test);
void adapter_v29_map_twice(struct kunit *test);
void adapter_v30_flush_makes_visible(struct kunit *test);
void adapter_flush_illegal(struct kunit *test);
void adapter_v25_maps_partially(struct kunit *test);
void adapter_v36_map_bounds(struct kunit *test);
void adapter_map_without_registers(struct kunit *test);
void adapter_v42_whatever_the_base(struct kunit *test);

#endif /* _DMABAY_ADAPTER_H */
