# shellcheck shell=bash disable=SC2034 # what is set here is used by who sources it
# What every script of the test bed shares: where things are kept, how a long step
# is shown while it runs, and how a failure is told. Sourced, never run.

set -euo pipefail

vm=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$vm/../.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/dmabay
jobs=$(nproc)

# Products made from the sources differ from checkout to checkout; kernels do not.
work=$cache/work/$(printf %s "$repo" | cksum | cut -d' ' -f1)
log=$work/log

# What a build leaves in a source folder; never copied from one place to another.
built=(--exclude='*.o' --exclude='*.ko' --exclude='*.mod' --exclude='*.mod.c' --exclude='.*.cmd' --exclude='.*.d'
	--exclude='*.gcno' --exclude='*.gcda' --exclude=Module.symvers --exclude=modules.order --exclude='/userspace/build')

mkdir -p "$log" "$work"

say() { printf '%s\n' "$*" >&2; }

die() {
	say "dmabay: $*"
	exit 1
}

# ticker SECONDS NAME FILE: every so many seconds, the last line of the file, until it
# is killed or the script is gone.
ticker() {
	local every=$1 start=$SECONDS told=0
	while sleep 1 && kill -0 $$ 2>/dev/null; do
		[ $(((SECONDS - start) / every)) -gt $told ] || continue
		told=$(((SECONDS - start) / every))
		printf '    %s, %d s: %s\n' "$2" $((SECONDS - start)) "$(tail -n 1 "$3" | cut -c1-60)" >&2
	done
}

# quietly SECONDS NAME FILE COMMAND...: runs a command with its output in a file and a
# ticker beside it; its status is left in $status.
quietly() {
	local file=$3 watch
	: >"$file"
	ticker "$1" "$2" "$file" &
	watch=$!
	shift 3
	set +e
	(
		set -e
		"$@"
	) >"$file" 2>&1 </dev/null
	status=$?
	set -e
	kill "$watch"
	wait "$watch" 2>/dev/null || true
}

number=0

# judge NAME COMMAND...: prints TAP: passes when the command succeeds and says nothing.
judge() {
	local name=$1 said rc=0
	shift
	number=$((number + 1))
	said=$("$@" 2>&1) || rc=$?
	if [ "$rc" -eq 0 ] && [ -z "$said" ]; then
		echo "ok $number $name"
	else
		[ "$rc" -eq 0 ] || said+=$'\n'"(exit $rc)"
		printf '%s\n' "$said" | head -n 40 | sed 's/^/# /'
		echo "not ok $number $name"
	fi
}

# cross_prefix KERNEL: what the names of the compiler and its tools begin with for the machine of
# that kernel; nothing if it is a PC, as this one is.
cross_prefix() {
	case $1 in
	riscv64) echo riscv64-linux-gnu- ;;
	arm64 | arm64-16k) echo aarch64-linux-gnu- ;;
	armhf | armhf-lpae) echo arm-linux-gnueabihf- ;;
	s390x) echo s390x-linux-gnu- ;;
	esac
}

# step WHAT HOW-LONG COMMAND...: a part of the work that says what it is and how long
# it takes, and shows the end of its output when it fails.
step() {
	local what=$1 file start=$SECONDS
	file=$log/$(printf %s "$what" | tr -cs 'a-zA-Z0-9._\n' -).log
	printf '  %s (about %s)\n' "$what" "$2" >&2
	shift 2
	quietly 30 "${what%%,*}" "$file" "$@"
	if [ "$status" -ne 0 ]; then
		tail -n 25 "$file" | sed 's/^/    | /' >&2
		die "failed: $what (exit $status, whole log: $file)"
	fi
	[ $((SECONDS - start)) -lt 5 ] || printf '    done in %d s\n' $((SECONDS - start)) >&2
}

# one NAME: at most one process at a time may build the thing called NAME.
one() {
	local name=${1//\//-}
	mkdir -p "$cache/lock"
	exec {lock}>"$cache/lock/$name"
	flock -n "$lock" || {
		say "  wait for another run that builds the same thing ($name)"
		flock "$lock"
	}
}

# as_root COMMAND...: only packages and this machine's own kernel need it.
as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		say "dmabay: root is needed for: $*"
		sudo "$@"
	else
		die "root is needed for: $* (there is no sudo here)"
	fi
}
