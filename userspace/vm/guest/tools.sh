# shellcheck shell=dash
# The tools everybody has, on a node as on any file: busybox's and Debian's own, each of
# which opens, seeks, reads and writes in its own way. What is done to the node is done to
# a file too, which is then compared with all of device memory. Sourced.

image=/tmp/image # of device memory, as it has to be
piece=/tmp/piece # 100001 random bytes

# tool NAME ARGUMENTS...: of the family whose turn it is.
tool() {
	local name=$1
	shift
	case $family in
	busybox) busybox "$name" "$@" ;;
	coreutils) "/programs/$name" "$@" ;;
	esac
}

same() { tool cat "$node" | tool cmp - "$image"; }

# both ARGUMENTS OF DD...: into the node, and into the file.
both() {
	tool dd "of=$node" "$@" && dd of=$image conv=notrunc "$@" && same
}

copied() { tool cp $image "$node" && same && tool cmp "$node" $image; }

odd_blocks() { both if=$piece bs=4099 oflag=seek_bytes seek=12345; }

in_the_middle() {
	tool dd "if=$node" of=/tmp/seen bs=3001 iflag=skip_bytes skip=777 count=50 &&
		dd if=$image of=/tmp/expected bs=3001 iflag=skip_bytes skip=777 count=50 &&
		tool cmp /tmp/seen /tmp/expected
}

# The last block is shorter.
direct() {
	tool dd if=$piece "of=$node" bs=8k seek=3 oflag=direct &&
		dd if=$piece of=$image bs=8k seek=3 conv=notrunc && same &&
		tool dd "if=$node" of=/tmp/seen bs=12k iflag=direct && tool cmp /tmp/seen $image
}

synced() { both if=$piece bs=64k seek=5 conv=fsync; }

# Of 200 bytes half has a place; reading on from there ends at once, and at the end.
past_the_end() {
	if tool dd if=$piece "of=$node" bs=200 count=1 oflag=seek_bytes seek=$((size - 100)) 2>/tmp/said; then
		return 1
	fi
	cat /tmp/said
	grep -q 'No space left on device' /tmp/said &&
		dd if=$piece of=$image bs=100 count=1 oflag=seek_bytes seek=$((size - 100)) conv=notrunc &&
		same &&
		[ "$(tool dd "if=$node" bs=4k iflag=skip_bytes skip=$((size - 100)) | wc -c)" -eq 100 ] &&
		[ "$(tool dd "if=$node" bs=4k iflag=skip_bytes skip="$size" | wc -c)" -eq 0 ]
}

beginning_and_end() {
	tool head -c 54321 "$node" >/tmp/seen && head -c 54321 $image | tool cmp - /tmp/seen &&
		tool tail -c 54321 "$node" >/tmp/seen && tail -c 54321 $image | tool cmp - /tmp/seen &&
		[ "$(tool wc -c <"$node")" -eq "$size" ] &&
		[ "$(tool sha256sum <"$node")" = "$(sha256sum <$image)" ] &&
		[ "$(tool od -An -tx1 -j 70001 -N 5000 "$node")" = "$(tool od -An -tx1 -j 70001 -N 5000 $image)" ]
}

# One wrong byte is what cmp finds, and nothing else.
one_wrong_byte() {
	printf x >/tmp/x
	printf y >/tmp/y
	both if=/tmp/x bs=1 seek=98765 && tool dd if=/tmp/y "of=$node" bs=1 seek=98765 || return
	! tool cmp "$node" $image >/tmp/said && grep -q ' differ: .* 98766,' /tmp/said &&
		[ "$(tool cmp -l "$node" $image | wc -l)" -eq 1 ] &&
		tool dd if=/tmp/x "of=$node" bs=1 seek=98765 && same
}

# tools NODE: a node of few MiB.
tools() {
	node=$1
	size=$(dmabay info --json "$node" | /programs/jq .device_memory)
	dd if=/dev/urandom of=$piece bs=100001 count=1 iflag=fullblock
	for family in busybox coreutils; do
		dd if=/dev/urandom of=$image bs=1024 count=$((size / 1024)) iflag=fullblock
		for what in copied odd_blocks in_the_middle direct synced past_the_end beginning_and_end one_wrong_byte; do
			judge "$family: $(echo "$what" | tr _ ' ')" "$what"
			cat $image >"$node" # whatever became of that
		done
	done
}
