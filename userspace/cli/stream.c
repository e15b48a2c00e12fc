// SPDX-License-Identifier: GPL-2.0-only
/*
 * A stream runs load by load: it fills the staging buffer from the file, lets
 * the pipeline move it chunk by chunk, compares, and writes what came back.
 *
 * Transfers of one reservation run in the order of their submission. So a chunk
 * may be sent and fetched again without waiting in between, and the next chunk
 * may use the same device memory.
 *
 * A copy that was interrupted has done its first bytes: those that the file holds, or those
 * in device memory that are the file's.
 *
 * A device without memory takes or gives the bytes in their order, and what was sent
 * does not come back.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "stream.h"
#include "text.h"

#define DEFAULT_DEPTH	16
#define LONGEST_CHUNK	(256u << 10)	/* of those chosen here */

/* One staging buffer full. */
struct load {
	struct stream *stream;
	uint64_t length;
	uint64_t at;		/* handed out up to here */
	uint64_t moved;		/* completed, both ways counted */
	bool back;		/* the chunk at @at was sent and is to be fetched */
};

static bool sends(const struct stream *stream)
{
	return stream->in >= 0;
}

static bool receives(const struct stream *stream)
{
	return stream->out >= 0 || stream->compare;
}

static uint64_t smaller(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

static uint64_t aligned(const struct stream *stream, uint64_t length)
{
	uint64_t alignment = stream->info.alignment;

	return (length + alignment - 1) / alignment * alignment;
}

/* Down, where aligned() goes up. */
static uint64_t aligned_down(const struct stream *stream, uint64_t length)
{
	return length - length % stream->info.alignment;
}

/* How often each byte is moved. */
static unsigned int ways(const struct stream *stream)
{
	return sends(stream) && receives(stream) && !stream->looking ? 2 : 1;
}

/* Bytes of device memory from the address on; without memory, there is no end. */
static uint64_t room(const struct stream *stream)
{
	uint64_t memory = stream->info.device_memory;

	return memory ? memory - stream->address : UINT64_MAX;
}

static int check_chunk(const struct stream *stream)
{
	uint64_t memory = room(stream);
	uint32_t alignment = stream->info.alignment;

	if (stream->chunk % alignment || stream->address % alignment) {
		complain("%s: chunk and address must be multiples of %" PRIu32 " bytes",
			 dmabay_path(stream->bay), alignment);
		return EXIT_USAGE;
	}
	if (stream->chunk > memory) {
		complain("%s: a chunk of %" PRIu64 " bytes does not fit: the device has %" PRIu64
			 " bytes from there on", dmabay_path(stream->bay), stream->chunk, memory);
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

/* Can the device do such a thing at all? */
static int check_device(const struct stream *stream)
{
	const struct dmabay_info *info = &stream->info;
	const char *problem = NULL;

	if (sends(stream) && !(info->flags & DMABAY_INFO_TO_DEVICE))
		problem = "takes no bytes";
	else if (receives(stream) && !(info->flags & DMABAY_INFO_FROM_DEVICE))
		problem = "gives no bytes";
	else if (!info->device_memory && sends(stream) && receives(stream))
		problem = "has no memory: what was sent does not come back";
	else if (!info->device_memory && receives(stream) && !stream->total)
		problem = "has no memory, and so no end: say how many bytes (+LENGTH)";
	if (!problem)
		return EXIT_OK;

	complain("%s: the device %s", dmabay_path(stream->bay), problem);
	return EXIT_FAILED;
}

static int check_address(const struct stream *stream)
{
	bool beyond = stream->info.device_memory ?
		      stream->address >= stream->info.device_memory : stream->address;

	if (beyond || (!stream->in_place && stream->total > room(stream))) {
		complain_command(dmabay_path(stream->bay), DMABAY_CMD_SUBMIT, ERANGE,
				 &stream->info, stream->address + stream->total);
		return EXIT_FAILED;
	}
	return EXIT_OK;
}

/* Chunk, depth, buffers and registers, where the caller left the choice. */
static int choose(struct stream *stream)
{
	const struct dmabay_info *info = &stream->info;
	uint64_t memory = room(stream);
	uint64_t span;

	if (!stream->depth)
		stream->depth = (uint32_t)smaller(DEFAULT_DEPTH, info->max_depth);
	if (!stream->chunk) {
		stream->chunk = smaller(smaller(memory, info->fragment_length), LONGEST_CHUNK);
		if (stream->total)
			stream->chunk = smaller(stream->chunk, aligned(stream, stream->total));
		stream->chunk = aligned_down(stream, stream->chunk);
	}
	if (!stream->chunk) {
		complain("%s: there is no device memory at that address",
			 dmabay_path(stream->bay));
		return EXIT_FAILED;
	}
	stream->staging = stream->chunk * stream->depth;
	if (stream->total)
		stream->staging = smaller(stream->staging, aligned(stream, stream->total));

	span = dmabay_span_pages(0, stream->staging) * ways(stream);
	if (!stream->map_registers)
		stream->map_registers = (uint32_t)smaller(span, info->map_registers);
	return check_chunk(stream);
}

static int stage(struct stream *stream, unsigned char **memory, uint32_t *buffer)
{
	int result;

	*memory = mmap(NULL, stream->staging, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (*memory == MAP_FAILED) {
		*memory = NULL;
		complain("no memory for a buffer of %" PRIu64 " bytes", stream->staging);
		return EXIT_FAILED;
	}
	result = dmabay_register(stream->bay, *memory, stream->staging, 0, buffer);
	if (result)
		return complain_command(dmabay_path(stream->bay), DMABAY_CMD_REGISTER,
					result, &stream->info, stream->staging);
	return EXIT_OK;
}

static int set_up(struct stream *stream)
{
	int result = choose(stream);

	if (!result && sends(stream))
		result = stage(stream, &stream->sent, &stream->sent_buffer);
	if (!result && receives(stream))
		result = stage(stream, &stream->received, &stream->received_buffer);
	if (result)
		return result;

	result = dmabay_reserve(stream->bay, stream->map_registers, stream->depth, 0,
				&stream->reservation);
	if (result == -EINTR && interrupted())
		return EXIT_INTERRUPTED;
	if (result)
		return complain_command(dmabay_path(stream->bay), DMABAY_CMD_RESERVE,
					result, &stream->info,
					result == -E2BIG ? stream->depth : stream->map_registers);
	return EXIT_OK;
}

/* Closing the node frees the rest: the process ends here anyway. */
static void tear_down(struct stream *stream)
{
	dmabay_free(stream->bay, stream->reservation);
	dmabay_unregister(stream->bay, stream->sent_buffer);
	dmabay_unregister(stream->bay, stream->received_buffer);
	if (stream->sent)
		munmap(stream->sent, stream->staging);
	if (stream->received)
		munmap(stream->received, stream->staging);
}

static int next_transfer(void *context, struct dmabay_transfer *transfer)
{
	struct load *load = context;
	struct stream *stream = load->stream;
	uint64_t chunk = smaller(stream->chunk, load->length - load->at);
	bool send = sends(stream) && !stream->looking && !load->back;

	if (interrupted())
		return -EINTR;
	if (!chunk)
		return 0;

	transfer->reservation = stream->reservation;
	transfer->buffer = send ? stream->sent_buffer : stream->received_buffer;
	transfer->offset = load->at;
	transfer->length = aligned(stream, chunk);
	transfer->device_address = stream->address +
				   (stream->in_place ? 0 : stream->done + load->at);
	transfer->direction = send ? DMABAY_TO_DEVICE : DMABAY_FROM_DEVICE;
	transfer->cookie = transfer->length;

	load->back = send && receives(stream);
	if (!load->back)
		load->at += chunk;
	return 1;
}

static int transfer_done(void *context, const struct dmabay_completion *completion)
{
	struct load *load = context;
	struct stream *stream = load->stream;

	if (completion->length != completion->cookie)
		return -EIO;
	stream->transfers++;
	load->moved += completion->length;
	progress_show(&stream->progress, stream->done +
		      load->moved / ways(stream));
	return interrupted() ? -EINTR : 0;
}

/* Fills the staging buffer; the pad up to the alignment is zero. */
static int64_t read_load(struct stream *stream)
{
	uint64_t length = 0;
	ssize_t got;

	while (length < stream->staging) {
		got = read(stream->in, stream->sent + length, stream->staging - length);
		if (got < 0 && errno == EINTR && !interrupted())
			continue;
		if (got < 0)
			return -errno;
		if (!got)
			break;
		length += (uint64_t)got;
	}
	memset(stream->sent + length, 0, aligned(stream, length) - length);
	return (int64_t)length;
}

static int write_load(const struct stream *stream, uint64_t length)
{
	uint64_t at = 0;
	ssize_t put;

	while (at < length) {
		put = write(stream->out, stream->received + at, length - at);
		if (put < 0 && errno == EINTR && !interrupted())
			continue;
		if (put < 0)
			return -errno;
		at += (uint64_t)put;
	}
	return 0;
}

/* The first byte that came back as another one, or @length. */
static uint64_t first_difference(const struct stream *stream, uint64_t length)
{
	uint64_t i = 0;

	while (i < length && stream->sent[i] == stream->received[i])
		i++;
	return i;
}

static int compare_load(const struct stream *stream, uint64_t length)
{
	uint64_t i = first_difference(stream, length);

	if (i == length)
		return EXIT_OK;
	complain("%s: byte %" PRIu64 " was sent as 0x%02x and came back as 0x%02x",
		 dmabay_path(stream->bay), stream->done + i, stream->sent[i],
		 stream->received[i]);
	return EXIT_MISMATCH;
}

/* The exit code for an error of the file, or for having been told to stop. */
static int file_error(const char *what, int error)
{
	if (error == -EINTR && interrupted())
		return EXIT_INTERRUPTED;
	complain("%s: %s", what, strerror(-error));
	return EXIT_FAILED;
}

static int64_t load_length(struct stream *stream)
{
	if (sends(stream))
		return read_load(stream);
	return (int64_t)smaller(stream->total - stream->done, stream->staging);
}

/* Moves one load, which is empty when there was nothing left to move. */
static int move_load(struct stream *stream, struct load *load)
{
	int64_t length = load_length(stream);
	int result;

	*load = (struct load){ .stream = stream };
	if (length < 0)
		return file_error("reading the file", (int)length);
	load->length = (uint64_t)length;
	if (!length)
		return EXIT_OK;

	result = dmabay_pipeline(stream->bay, stream->depth, next_transfer, transfer_done, load);
	if (result == -EINTR && interrupted())
		return EXIT_INTERRUPTED;
	if (result)
		return complain_command(dmabay_path(stream->bay), DMABAY_CMD_SUBMIT, result,
					&stream->info, stream->done + load->length);
	return EXIT_OK;
}

/* One load, the whole way. *@end is set when there was none. */
static int run_load(struct stream *stream, bool *end)
{
	struct load load;
	int result = move_load(stream, &load);

	*end = !load.length;
	if (result)
		return result;

	if (stream->compare) {
		result = compare_load(stream, load.length);
		if (result)
			return result;
	}
	if (stream->out >= 0) {
		result = write_load(stream, load.length);
		if (result)
			return file_error("writing the file", result);
	}
	stream->done += load.length;
	return EXIT_OK;
}

/* How much of the file is in device memory already? */
static int look(struct stream *stream)
{
	bool same = true;
	int result = EXIT_OK;

	stream->looking = true;
	while (same && !result) {
		struct load load;
		uint64_t difference;

		result = interrupted() ? EXIT_INTERRUPTED : move_load(stream, &load);
		if (result || !load.length)
			break;
		difference = first_difference(stream, load.length);
		same = difference == load.length;
		stream->done += same ? difference : aligned_down(stream, difference);
	}
	stream->looking = false;
	return result;
}

/* Where to go on. */
static int resume(struct stream *stream)
{
	int fd = sends(stream) ? stream->in : stream->out;
	struct stat status;
	int result = EXIT_OK;

	if (sends(stream))
		result = look(stream);
	else if (!fstat(fd, &status))
		stream->done = aligned_down(stream, (uint64_t)status.st_size);
	if (result)
		return result;
	if (lseek(fd, (off_t)stream->done, SEEK_SET) < 0)
		return file_error("the file", -errno);
	stream->resumed = stream->done;
	stream->progress.from = stream->done;
	return EXIT_OK;
}

int stream_run(struct stream *stream)
{
	bool end = false;
	int result = check_device(stream);

	if (!stream->info.device_memory)
		stream->in_place = true;
	if (!result)
		result = check_address(stream);
	if (!result)
		result = set_up(stream);
	if (!result && stream->resume)
		result = resume(stream);
	while (!result && !end)
		result = interrupted() ? EXIT_INTERRUPTED : run_load(stream, &end);
	progress_end(&stream->progress, stream->done);
	tear_down(stream);
	return result;
}
