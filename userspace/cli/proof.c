// SPDX-License-Identifier: GPL-2.0-only
/*
 * Proofs: the bytes go there by the arm itself, and come back another way, if there is one; and
 * memory is within reach of the device afterwards, or not, as it should be.
 */
#include <errno.h>

#include "command.h"
#include "message.h"
#include "proof.h"
#include "subject.h"

static int fetch_piece(const struct subject *subject, uint32_t piece)
{
	int64_t back = dmabay_once(subject->bay, subject->memory + piece * subject->stride,
				   subject->length, piece * subject->length, DMABAY_FROM_DEVICE);

	if (back < 0)
		return (int)back;
	return (uint64_t)back == subject->length ? 0 : -EIO;
}

/* Without the arm, unless that has the whole device. */
static int fetch(struct arm *arm)
{
	const struct subject *subject = arm->subject;
	int result = 0;

	if (subject->info.flags & DMABAY_INFO_EXCLUSIVE) {
		result = arm_run(arm, DMABAY_FROM_DEVICE, NULL);
		return result ? arm_failed(arm, result) : EXIT_OK;
	}
	for (uint32_t piece = 0; piece < subject->batch && !result; piece++)
		result = interrupted() ? -EINTR : fetch_piece(subject, piece);
	return result ? subject_failed(subject, DMABAY_CMD_ONCE, result, subject->length) :
			EXIT_OK;
}

/*
 * After a transfer nothing is left behind its device address, unless the arm is one whose memory
 * stays there, or a page of its reservation that the bytes were copied to. Where the host defers
 * flushes what a reservation leaves may be there for a while.
 */
static int check_last_address(struct arm *arm)
{
	const struct subject *subject = arm->subject;
	bool bounced = arm->type->is_reserved &&
		       subject->info.provider == DMABAY_INFO_PROVIDER_BOUNCE;
	bool deferred = arm->type->is_reserved && !arm->type->stays_linked &&
			subject->info.iommu == DMABAY_INFO_IOMMU_LAZY;

	arm->again = arm_try_again(arm);
	if (arm->again < 0 || deferred || arm->again == (arm->type->stays_linked || bounced))
		return EXIT_OK;
	complain("%s: the device %s the memory of a transfer that has ended", arm->type->name,
		 arm->again ? "still reaches" : "does not reach");
	return EXIT_MISMATCH;
}

int proof_make(struct arm *arm, uint32_t seed)
{
	const struct subject *subject = arm->subject;
	int result;

	subject_fill(subject, seed);
	result = arm_run(arm, DMABAY_TO_DEVICE, NULL);
	if (result)
		return arm_failed(arm, result);
	result = check_last_address(arm);
	if (result)
		return result;
	subject_clear(subject);
	result = fetch(arm);
	return result ? result : subject_check(subject, seed, arm->type->name);
}
