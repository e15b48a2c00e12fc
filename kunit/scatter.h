/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scatter-gather: transfers that are lists, each on map registers of its own (5.2 to
 * 5.10, what is different there from the packet profile).
 *
 * The chain of EX5 is in most tests: three groups of 5000 bytes at 3000 bytes into
 * their first page, so two pages each, and transfers of up to 12288 bytes.
 *
 *  - scatter.c: memory, and the device that moves it;
 *  - scatter_cut.c: which transfers it is cut into;
 *  - scatter_line.c: several that need the same registers;
 *  - scatter_kunit.c: what else is different, and the list of all tests.
 */
#ifndef _DMABAY_SCATTER_H
#define _DMABAY_SCATTER_H

#include "rig.h"

#define SCATTER_GROUP		5000
#define SCATTER_OFFSET		3000
#define SCATTER_MAX		12288

/* What is in memory, and what the device brings, or expects to find. */
#define SCATTER_OLD		1
#define SCATTER_NEW		2

struct rig_buffer *scatter_chain(struct rig *rig);
void scatter_expect_state(struct rig_transaction *t, const char *name);

void scatter_fill(struct rig_buffer *buffer, enum dmabay_direction direction);
/* The device moves the first bytes of the transfer under way, which are those from @at on. */
void scatter_move(struct rig_transaction *t, enum dmabay_direction direction, size_t at,
		  size_t length);
/* All of these bytes are new, and no others. */
void scatter_expect_moved(struct rig_buffer *buffer, enum dmabay_direction direction, size_t at,
			  size_t length);
/* The list is as long as was announced, at most, and has the room it says. */
void scatter_expect_list(struct rig_transaction *t, struct rig_buffer *buffer, size_t at);
/* Transfer by transfer to the end, every byte through the eyes of the device. */
void scatter_run(struct rig_transaction *t, struct rig_buffer *buffer,
		 enum dmabay_direction direction, size_t offset, size_t length);
/* The same in both directions, each with a log of its own. */
void scatter_run_both(struct rig_transaction *t, struct rig_buffer *buffer, size_t offset,
		      size_t length, unsigned int count, const size_t *lengths);
#define SCATTER_RUN_BOTH(t, buffer, offset, length, ...)			\
	scatter_run_both(t, buffer, offset, length, ARRAY_SIZE(((size_t[]) { __VA_ARGS__ })), \
			 ((size_t[]) { __VA_ARGS__ }))

/* Of bytes that are read. */
int scatter_initialize(struct rig_transaction *t, struct rig_buffer *buffer, size_t offset,
		       size_t length);
/* It has failed when so many bytes were done, and nothing is legal but its release. */
void scatter_expect_failed_after(struct rig_transaction *t, size_t transferred);
/* Inside the callback: then the next transfer is too many elements. */
void scatter_lower_limit_and_complete(struct rig_transaction *t);
/* With so many registers for each direction. */
struct rig *scatter_start_duplex(struct kunit *test, unsigned int read, unsigned int write);
/* What is mapped or linked at this moment. */
u64 scatter_outstanding(struct rig *rig);

/* scatter_cut.c */
void scatter_t08_last_byte_of_group(struct kunit *test);
void scatter_t09_offset_in_second_group(struct kunit *test);
void scatter_t19_more_pages_than_elements(struct kunit *test);
void scatter_refused_initialization_keeps_settings(struct kunit *test);
void scatter_t20_transfers_within_limit(struct kunit *test);
void scatter_t21_pages_count(struct kunit *test);
void scatter_groups_that_meet(struct kunit *test);
void scatter_x08_cut_at_groups(struct kunit *test);
void scatter_cut_inside_a_group(struct kunit *test);
void scatter_limit_before_cutting_ex6(struct kunit *test);
void scatter_many_small_groups(struct kunit *test);
void scatter_x09_every_transfer_fits(struct kunit *test);
void scatter_x10_limit_lowered_before_execute(struct kunit *test);
void scatter_x11_limit_lowered_between_transfers(struct kunit *test);
void scatter_registers_of_each_transfer(struct kunit *test);
void scatter_duplex_cuts_by_direction(struct kunit *test);
void scatter_max_length(struct kunit *test);
void scatter_limit_and_max_length(struct kunit *test);
void scatter_c03_short_inside_a_group(struct kunit *test);
void scatter_c08_final_short(struct kunit *test);
void scatter_c04_retry(struct kunit *test);

/* scatter_line.c */
void scatter_x19_two_at_once(struct kunit *test);
void scatter_x21_list_until_completed(struct kunit *test);
void scatter_x23_directions_are_apart(struct kunit *test);
void scatter_c18_old_list_first(struct kunit *test);
void scatter_c18_turn_by_turn(struct kunit *test);
void scatter_waits_between_transfers(struct kunit *test);
void scatter_k09_cancel_between_transfers(struct kunit *test);
void scatter_m10_second_transfer_not_now(struct kunit *test);
void scatter_immediate_set_under_way(struct kunit *test);
void scatter_turns_do_not_nest(struct kunit *test);
void scatter_turns_in_callback_do_not_nest(struct kunit *test);
void scatter_failure_after_late_grant(struct kunit *test);
void scatter_limit_lowered_after_late_grant(struct kunit *test);

#endif /* _DMABAY_SCATTER_H */
