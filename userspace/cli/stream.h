/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A stream: bytes from a file to the device, from the device to a file, or both.
 * It stages them in two registered buffers and moves them in chunks, as many
 * transfers on one reservation.
 */
#ifndef DMABAY_CLI_STREAM_H
#define DMABAY_CLI_STREAM_H

#include <stdbool.h>
#include <stdint.h>

#include "dmabay.h"
#include "message.h"

struct stream {
	/* set by the caller */
	struct dmabay *bay;
	struct dmabay_info info;
	int in;			/* read from here and sent to the device, or -1 */
	int out;		/* what the device gave is written here, or -1 */
	bool compare;		/* what was sent is read back and compared */
	bool resume;		/* go on where @out ends; or, to the device, at the first
				 * difference, which is looked for: files that can be sought
				 */
	bool in_place;		/* every chunk at the same device address; also if the
				 * device has no memory
				 */
	uint64_t address;	/* in device memory */
	uint64_t total;		/* bytes; 0 is "until the end of @in" */
	uint64_t chunk;		/* 0 chooses */
	uint32_t depth;		/* 0 chooses */
	uint32_t map_registers;	/* 0 chooses */
	struct progress progress;

	/* said by stream_run() */
	uint64_t done;		/* bytes of the file that went the whole way, now or before */
	uint64_t resumed;	/* those before */
	uint64_t transfers;

	/* its own */
	uint64_t staging;	/* bytes of each buffer */
	unsigned char *sent, *received;
	uint32_t sent_buffer, received_buffer;
	uint32_t reservation;
	bool looking;		/* for the first difference: nothing is sent */
};

/* Returns an exit code and has complained if it is not EXIT_OK. */
int stream_run(struct stream *stream);

#endif /* DMABAY_CLI_STREAM_H */
