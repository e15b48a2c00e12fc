# shellcheck shell=dash
# shellcheck disable=SC2154 # the script that sources this says where things are
# shellcheck disable=SC2016 # $variables in filters are jq's
# What "dmabay bench" measures: what the kernel counts, numbers that follow from others, and that
# the same thing is measured again. Then what it says when it cannot. Sourced by command.

# bench OPTIONS...: few rounds.
bench() { dmabay bench --quiet --iterations=17 --counted=4 "$@" "$soft"; }

# document NAME OPTIONS...: what it measures, in a file.
document() {
	local name=$1
	shift
	bench --json "$@" >"/tmp/$name.json" && cat "/tmp/$name.json"
}

# holds_true NAME FILTER: of that file.
holds_true() { jq -e "$2" "/tmp/$1.json"; }

# Members, and what is not an object of percentiles in them.
names='def names(at): if type == "object" and (has("percentile") | not) then
	to_entries[] | .key as $key | .value | names(at + "." + $key)
	elif type == "array" then .[] | names(at + "[]") else at end; [names("") | .[1:]] | unique[]'

documented() {
	document whole --latency --sizes=4K,1G || return
	jq -r "$names" /tmp/whole.json | sort >/tmp/members
	sort /files/documented | diff - /tmp/members &&
		holds_true whole '(.jobs | length) == 3 and all(.jobs[] | .ticks, .write.lat_ns;
			keys == ["N", "max", "mean", "min", "percentile", "stddev"] and .N == 17 and
			(.percentile | keys) == ["50.000000", "99.000000", "99.900000"])' &&
		holds_true whole '.skipped == [{bs: 1073741824, batch: 1,
			why: "the device has 67108864 bytes of memory"}]'
}

# Of what is in "write", and beside it for the processor, fio has each, of the same type.
like_fio() {
	document whole --latency --sizes=4K || return
	jq -en --slurpfile ours /tmp/whole.json --slurpfile fio /files/fio.json '
		def shape: . as $job | [{jobname, "job options": {}, write, usr_cpu, sys_cpu} |
			paths as $path | [$path, (getpath($path) | type)]];
		($ours[0].jobs[2] | shape) as $here | ($fio[0].jobs[0] | shape) as $there |
		($here | length) > 40 and $here - $there == []'
}

# In nanoseconds, which are whole; and no clock is asked how long anything took. No median is
# farther from the mean than the standard deviation.
adds_up() {
	document whole --latency --sizes=4K,64K --batch=1,4 || return
	holds_true whole 'def p(at): .percentile[at];
		all(.jobs[] | .ticks, (.write | .slat_ns, .clat_ns, .lat_ns | values);
			.min <= p("50.000000") and p("50.000000") <= p("99.000000") and
			p("99.000000") <= p("99.900000") and p("99.900000") <= .max and
			.min <= .mean and .mean <= .max and (.mean - p("50.000000") | fabs) <= .stddev + 0.01)' &&
		holds_true whole '[.jobs[].write | select(.slat_ns)] | length == 8 and all(.[];
			(.slat_ns.mean + .clat_ns.mean - .lat_ns.mean | fabs) < 0.01 and
			.lat_ns.min >= .slat_ns.min + .clat_ns.min and
			.lat_ns.max <= .slat_ns.max + .clat_ns.max and .lat_ns.min == (.lat_ns.min | floor))' &&
		holds_true whole 'all(.jobs[]; ."job options" as $options | .write | .total_ios == 17 * $options.batch and
			.io_bytes == .total_ios * $options.bs and (.bw_bytes / .iops / $options.bs - 1 | fabs) < 0.01 and
			.lat_ns.mean * .iops / $options.batch <= 1e9)' &&
		holds_true whole 'all(.jobs[]; .usr_cpu + .sys_cpu > 0 and .usr_cpu + .sys_cpu <= 100 and
			(.cpu_ns_per_transfer * .write.iops / 1e7 - .usr_cpu - .sys_cpu | fabs) < 0.1)'
}

# Of the kernel's own counts. What nothing is reserved for shows that they count.
counts() {
	document counted --sizes=4K,64K,1M --assert-unchanged || return
	holds_true counted '[.sources[]] | sort == ["intel_iommu/qi_submit", "iommu/map", "iommu/unmap", "vmstat"]' &&
		holds_true counted '[.jobs[] | select(."job options".arm == "unchanged").events] ==
			[range(3) | {maps: 0, unmaps: 0, flushes: 0, pins: 0}]' &&
		holds_true counted 'all(.jobs[]; (."job options".bs / 4096) as $pages | ."job options".arm as $arm |
			.events | $arm == "unchanged" or (.maps > 0 and .maps <= $pages and .unmaps == 1 and
			.flushes == 1 and .pins == if $arm == "changed" then 0 else $pages end))' &&
		holds_true counted '.unchanged_spread >= 1 and .unchanged_spread <= 1.05'
}

# It is one for all of a batch, or it is said that it is one for each.
flushes_of_a_batch() {
	local flushes
	document batch --sizes=4K --batch=16 --arms=changed || return
	flushes=$(jq ".jobs[0].events.flushes * 16 | round" /tmp/batch.json)
	bench --sizes=4K --batch=16 --arms=changed >/tmp/text || return
	cat /tmp/text
	if [ "$flushes" = 1 ]; then
		! grep -q 'flushes a batch' /tmp/text
	else
		grep -q "^4K by 16: changed: $flushes.0 flushes a batch: each .* when it ends$" /tmp/text
	fi
}

# As the page says that it is.
pays() {
	document whole --sizes=4K,64K || return
	holds_true whole '[.jobs[] | select(."job options".arm == "per-call")] as $first | all(.jobs[];
		."job options".bs as $size | ($first[] | select(."job options".bs == $size)) as $base |
		($base.ticks.percentile["50.000000"] - .ticks.percentile["50.000000"]) as $saved |
		(.once_ticks - $base.once_ticks) as $more |
		.crossover == (if $saved <= 0 then null else [($more / $saved | ceil), 1] | max end))' &&
		holds_true whole '[.jobs[] | .crossover] | .[0] == null and .[3] == null and all(.[1, 2, 4, 5]; . >= 1)' &&
		document reverse --sizes=4K --arms=unchanged,per-call &&
		holds_true reverse '.jobs[1] | .crossover == null and .ratio < 1'
}

# The line in words by the numbers of its own table.
pays_in_words() {
	local per_call changed unchanged after_changed once_changed after_unchanged once_unchanged
	bench --sizes=4K >/tmp/text || return
	cat /tmp/text
	# shellcheck disable=SC2046 # three numbers
	set -- $(sed -nE 's/^(    4K)? +(per-call|changed|unchanged) +([0-9]+) .*/\3/p' /tmp/text)
	per_call=$1 changed=$2 unchanged=$3
	# shellcheck disable=SC2046 # four numbers
	set -- $(sed -nE 's/^4K: transfers that pay .*: changed ([0-9]+) \(([0-9]+) ticks\), unchanged ([0-9]+) \(([0-9]+) ticks\)$/\1 \2 \3 \4/p' /tmp/text)
	after_changed=$1 once_changed=$2 after_unchanged=$3 once_unchanged=$4
	[ "$after_changed" -eq $(((once_changed + per_call - changed - 1) / (per_call - changed))) ] &&
		[ "$after_unchanged" -eq $(((once_unchanged + per_call - unchanged - 1) / (per_call - unchanged))) ] &&
		bench --sizes=4K --arms=unchanged,per-call | grep '^4K: transfers that pay .*: per-call never ('
}

# Lines in the table are not longer than a page is wide.
fits() {
	bench --latency --sizes=4K,16M --batch=1,4 >/tmp/text && cat /tmp/text &&
		[ "$(grep -vE '^[0-9]+[KM] by ' /tmp/text | wc -L)" -le 100 ] &&
		grep -q '^  SIZE BATCH ARM .* P50 .* P99 .* P99.9 .* RATIO .* pins$' /tmp/text &&
		grep -q '^  SIZE BATCH ARM .* PART .* P50 .* P99 .* P99.9 .* MAX .* CPU .* TRANSFERS/S$' /tmp/text &&
		[ "$(grep -c ' submit ' /tmp/text)" -eq 8 ] && [ "$(grep -c ' total ' /tmp/text)" -eq 12 ]
}

# As many columns in each line as in the heading, and the same numbers as JSON has.
as_csv() {
	bench --latency --csv --sizes=4K,1G >/tmp/text && cat /tmp/text &&
		[ "$(wc -l </tmp/text)" -eq 4 ] && [ "$(awk -F, '{ print NF }' /tmp/text | uniq | wc -l)" -eq 1 ] &&
		head -n 1 /tmp/text | grep -q '^size,batch,arm,p50,p99,p999,.*,total_max,cpu,per_second$' &&
		grep -q '^4096,1,per-call,.*,,,,,,,,,[0-9]' /tmp/text
}

# medians: of each arm. Small pages are not always the same ones, nor as often neighbours: of
# more than one page they are only those of memory that is one piece.
medians() {
	{ bench --csv --sizes=4K --iterations=65 && bench --csv --sizes=64K,1M --memory=thp --iterations=65; } |
		cut -d, -f1-4
}

repeats() {
	medians >/tmp/first && medians >/tmp/second && cat /tmp/first && [ "$(wc -l </tmp/first)" -eq 11 ] &&
		diff /tmp/first /tmp/second
}

# More than the window is cut, and not kept; a device has as much memory as it has.
sizes() {
	document large --sizes=64M --iterations=3 --counted=1 || return
	holds_true large '[.jobs[].cut] == [true, true, true] and all(.jobs[]; .alternated | not) and
		(.jobs[2].events.maps >= 16384)' &&
		bench --sizes=64M,128M --iterations=1 --counted=1 >/tmp/text && cat /tmp/text &&
		grep -q '^64M: cut into pieces, and linked anew: the device has 4097 map registers$' /tmp/text &&
		grep -q '^128M: skipped: the device has 67108864 bytes of memory$' /tmp/text &&
		bench --sizes=4K,8M --batch=1,9,2000 --arms=unchanged >/tmp/text && cat /tmp/text &&
		grep -q '^8M by 9: skipped: the device has 67108864 bytes of memory$' /tmp/text &&
		grep -q '^4K by 2000: skipped: a batch is at most 256 transfers$' /tmp/text
}

nothing_measured() {
	exits 1 'nothing was measured' bench --sizes=1G && exits 1 'nothing was measured' bench --json --sizes=1G &&
		cat /tmp/out && jq -e '.jobs == [] and (.skipped | length) == 1' /tmp/out
}

# Who is not root gets the numbers that there are, and is told.
measures_plainly() {
	chmod 666 "/dev/$soft"
	plainly dmabay bench --json --quiet --sizes=4K --iterations=3 --counted=2 "$soft" >/tmp/plain.json &&
		cat /tmp/plain.json && holds_true plain '[.sources[]] | unique == ["dmabay counters"]' &&
		holds_true plain '.jobs | .[0].events == {maps: 1, unmaps: 1, flushes: null, pins: 1} and
			.[1].events.flushes == 1 and .[2].events == {maps: 0, unmaps: 0, flushes: 0, pins: 0}' &&
		plainly dmabay bench --quiet --sizes=4K "$soft" >/tmp/text && cat /tmp/text &&
		grep -q "own count: dmabay's counters; the kernel tells its own only to root" /tmp/text &&
		grep -q '  maps\*  unmaps\* flushes\*    pins\*$' /tmp/text && grep -q 'per-call .* ?  ' /tmp/text
}

only_readable() {
	chmod 444 "/dev/$soft"
	exits 1 'no permission to open the node
		be a member of the group' plainly dmabay bench "$soft"
	set -- $?
	chmod 666 "/dev/$soft"
	return "$1"
}

# What can be pinned is measured; the rest tells the limit, and the remedy. 36K can be pinned
# once, but not once more for a transfer without a reservation.
locks() {
	local why='the pages to pin.*RLIMIT_MEMLOCK (73728 wanted, limit 65536 bytes): raise the limit (ulimit -l)'
	chmod 666 "/dev/$soft"
	locking 64 dmabay bench --json --quiet --sizes=4K,36K --iterations=3 "$soft" >/tmp/locked.json &&
		cat /tmp/locked.json && holds_true locked '(.jobs | length) == 3 and (.skipped | length) == 1' &&
		jq -r '.skipped[0].why' /tmp/locked.json | grep "^$why" &&
		exits 1 'nothing was measured' locking 64 dmabay bench --quiet --sizes=36K "$soft" &&
		grep "^36K: skipped: $why" /tmp/out
}

# Where nothing can stay linked it is measured all the same, but nobody asserts that it does.
bounces() {
	unload && insmod /modules/dmabay.ko && insmod /modules/dmabay_soft.ko || return
	soft=dmabay0
	document bounced --sizes=4K,64K && holds_true bounced '.provider == "bounce" and .iommu == "none" and
			(.jobs | length) == 6 and all(.jobs[].events; .maps == 0 and .flushes == 0)' &&
		json '.copied_below == 512 and .counters.bounced_bytes == 0' dmabay info --json $soft &&
		echo 4294967295 >/sys/class/dmabay/$soft/copied_below &&
		dmabay info $soft | grep '^What is not in one piece is copied into one' &&
		echo 512 >/sys/class/dmabay/$soft/copied_below &&
		dmabay info $soft | grep '^below 512 bytes on average: then they are copied' &&
		exits 1 'depends on the size: max/min' bench --sizes=4K,64K --assert-unchanged
	set -- $?
	unload && load || return
	soft=$(dmabay list --json | jq -r '.[] | select(.driver == "dmabay_soft").node')
	return "$1"
}

### what goes wrong in the middle

# Loaded so that a transfer has many pieces and takes its time.
bench_finds_others() {
	local status=0
	slow 20
	begin dmabay copy --chunk=4K --depth=4 /tmp/image "$soft"
	until_true has_counted transfers "$(($(counted transfers) + 1))"
	exits 1 'others hold what the measurement needs (16 map registers wanted, 13 free)
		dmabay info' bench --arms=unchanged --sizes=64K || status=1
	slow 0
	ended 0 && return $status
}

# Its reservation runs something.
runs() { dmabay info --json "$soft" | jq -e "any(.holders[]; .pid == $child and any(.reservations[]; .running > 0))"; }

bench_interrupted() {
	local arm before
	for arm in unchanged per-call; do
		before=$(counted bytes)
		slow 50
		begin dmabay bench --quiet --sizes=4M "--arms=$arm" "$soft"
		if [ $arm = unchanged ]; then
			until_true runs || return
		else
			until_true has_open "/dev/$soft" || return
		fi
		kill -INT "$child" && ended 130 && grep -q 'interrupted: nothing is reported' /tmp/background || return
		slow 0
		[ "$(counted bytes)" -lt $((before + (4 << 20))) ] || return
	done
	begin dmabay bench --quiet --sizes=4K --iterations=20K "$soft"
	until_true has_counted transfers "$(($(counted transfers) + 100))" && kill -TERM "$child" && ended 130
}

bench_loses() {
	local batch
	for batch in 1 16; do
		begin dmabay bench --quiet --sizes=4K --iterations=20K --batch=$batch "$soft"
		until_true has_counted transfers "$(($(counted transfers) + 200))" && rmmod dmabay_soft && ended 4 &&
			grep -q "/dev/$soft: the device is gone" /tmp/background || return
		unload && load || return
	done
}

judge_measurements() {
	judge "bench: the members of its JSON are those of its page" documented
	judge "bench: what is called as in fio is as in fio" like_fio
	judge "bench: latencies add up" adds_up
	judge "bench: unchanged memory costs nothing but the call" counts
	judge "bench: flushes of a batch" flushes_of_a_batch
	judge "bench: what pays, by its numbers" pays
	judge "bench: what pays, in words" pays_in_words
	judge "bench: the table is not too wide" fits
	judge "bench: CSV" as_csv
	[ -z "$DMABAY_ICOUNT" ] || judge "bench: two runs have the same medians" repeats
	judge "bench: sizes and batches that do not fit" sizes
	judge "bench: nothing fits" nothing_measured
	judge "bench: not root" measures_plainly
	judge "bench: the node can only be read" only_readable
	judge "bench: RLIMIT_MEMLOCK" locks
	judge "bench: over bounce pages, without an IOMMU" bounces
	judge "bench: the device goes" bench_loses
}
