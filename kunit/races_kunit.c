// SPDX-License-Identifier: GPL-2.0-only
/* Races: the tests, and over which providers each is run. See races.h. */
#include "races.h"

/* Behind an IOMMU with the iova provider only: who wins is not the provider's affair. */
static const void *race_next_provider(struct kunit *test, const void *previous, char *description,
				      const void *(*next)(struct kunit *, const void *, char *))
{
	const struct rig_provider *provider = previous;

	do {
		provider = next(test, provider, description);
	} while (provider && provider->translated && provider->provider != DMABAY_PROVIDER_IOVA);
	return provider;
}

static const void *race_gen_params(struct kunit *test, const void *previous, char *description)
{
	return race_next_provider(test, previous, description, rig_gen_params);
}

static const void *race_lists_gen_params(struct kunit *test, const void *previous,
					 char *description)
{
	return race_next_provider(test, previous, description, rig_lists_gen_params);
}

static const void *race_profiles_gen_params(struct kunit *test, const void *previous,
					    char *description)
{
	return race_next_provider(test, previous, description, rig_profiles_gen_params);
}

static struct kunit_case races_cases[] = {
	RIG_SLOW(races_k12_cancel_reservation, race_gen_params),
	RIG_SLOW(races_k12_cancel_execution, race_profiles_gen_params),
	RIG_SLOW(races_k12_cancel_between_transfers, race_lists_gen_params),
	RIG_SLOW(races_cancel_channel, race_gen_params),
	RIG_SLOW(races_cancel_list, race_lists_gen_params),
	RIG_SLOW(races_free_reservation_pending, race_gen_params),
	RIG_SLOW(races_release_pending, race_gen_params),
	RIG_SLOW(races_delete_pending, race_gen_params),
	RIG_SLOW(races_d06_completed_elsewhere, race_profiles_gen_params),
	RIG_SLOW(races_completed_twice, race_profiles_gen_params),
	RIG_SLOW(races_execute_against_release, race_profiles_gen_params),
	RIG_SLOW(races_d10_execute_against_delete, race_profiles_gen_params),
	RIG_SLOW(races_execute_against_another, race_profiles_gen_params),
	RIG_SLOW(races_readers_and_settings, race_profiles_gen_params),
	RIG_SLOW(races_line_is_fifo, race_profiles_gen_params),
	RIG_SLOW(races_line_shares, race_profiles_gen_params),
	RIG_SLOW(races_freed_in_callback, race_gen_params),
	RIG_SLOW(races_delete_against_calls, race_profiles_gen_params),
	RIG_SLOW(races_common_buffers, race_gen_params),
	RIG_SLOW(races_unlink_against_transfer, race_gen_params),
	RIG_SLOW(races_failed_against_another, race_profiles_gen_params),
	{}
};

struct kunit_suite dmabay_races_suite = {
	.name = "dmabay_races",
	.exit = rig_end,
	.test_cases = races_cases,
};
kunit_test_suite(dmabay_races_suite);
