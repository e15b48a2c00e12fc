// SPDX-License-Identifier: GPL-2.0-only
/*
 * The summary of a copy.
 */
#include <inttypes.h>

#include "dmabay.h"
#include "json.h"
#include "stream.h"
#include "summary.h"
#include "text.h"

int summary_take(struct summary *summary, const struct dmabay_counters *before)
{
	struct dmabay_counters *cost = &summary->cost;
	int result = dmabay_counters(summary->stream->bay, cost);

	cost->links -= before->links;
	cost->unlinks -= before->unlinks;
	cost->flushes -= before->flushes;
	cost->hits -= before->hits;
	cost->bounced_bytes -= before->bounced_bytes;
	return result;
}

void summary_print(const struct summary *summary, FILE *out)
{
	const struct dmabay_counters *cost = &summary->cost;
	const struct stream *stream = summary->stream;
	uint64_t moved = stream->done - stream->resumed;
	char bytes[24], chunk[24];

	fprintf(out, "device       %s (%s, %s)\n", dmabay_path(stream->bay),
		(const char *)stream->info.driver, (const char *)stream->info.bus);
	fprintf(out, "provider     %s, IOMMU %s%s\n", provider_name(stream->info.provider),
		iommu_name(stream->info.iommu),
		stream->info.flags & DMABAY_INFO_GUARANTEED ? ", guaranteed" : "");
	fprintf(out, "reservation  %u map registers, depth %u\n", stream->map_registers,
		stream->depth);
	fprintf(out, "transfers    %" PRIu64 " of up to %s\n", stream->transfers,
		format_bytes(chunk, sizeof(chunk), stream->chunk));
	fprintf(out, "bytes        %" PRIu64 " (%s)%s\n", moved,
		format_bytes(bytes, sizeof(bytes), moved),
		stream->compare ? ", compared" : "");
	if (stream->resume)
		fprintf(out, "resumed at   %" PRIu64 " (%s)\n", stream->resumed,
			format_bytes(bytes, sizeof(bytes), stream->resumed));
	fprintf(out, "cost         %llu links, %llu unlinks, %llu flushes, %llu hits, "
		"%llu bytes bounced\n", cost->links, cost->unlinks, cost->flushes, cost->hits,
		cost->bounced_bytes);
}

void summary_print_json(const struct summary *summary)
{
	const struct dmabay_counters *cost = &summary->cost;
	const struct stream *stream = summary->stream;
	json_object *object = json_object_new_object();

	json_add_string(object, "path", dmabay_path(stream->bay));
	json_add_string(object, "driver", (const char *)stream->info.driver);
	json_add_string(object, "device", (const char *)stream->info.bus);
	json_add_string(object, "provider", provider_name(stream->info.provider));
	json_add_string(object, "iommu", iommu_name(stream->info.iommu));
	json_add_number(object, "map_registers", stream->map_registers);
	json_add_number(object, "depth", stream->depth);
	json_add_number(object, "chunk", stream->chunk);
	json_add_number(object, "transfers", stream->transfers);
	json_add_number(object, "bytes", stream->done - stream->resumed);
	json_add_number(object, "resumed_at", stream->resumed);
	json_add_flag(object, "compared", stream->compare);
	json_add_number(object, "links", cost->links);
	json_add_number(object, "unlinks", cost->unlinks);
	json_add_number(object, "flushes", cost->flushes);
	json_add_number(object, "hits", cost->hits);
	json_add_number(object, "bounced_bytes", cost->bounced_bytes);
	json_add_signed(object, "exit_code", summary->exit_code);
	json_print(object);
}
