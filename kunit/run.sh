#!/bin/bash
# The kernels that are built from source: the newest one, with this repository
# inside it as drivers/dmabay, for KUnit; and without it, to boot the selftests.
#
#   run.sh uml [OPTIONS OF kunit.py exec]      run the suites on User-Mode Linux; that and all of
#                                              it is built by DMABAY_COMPILER, if there is one
#   run.sh x86_64 [OPTIONS OF kunit.py exec]   run them on a PC with VT-d, in QEMU
#   run.sh kcsan [GLOB...]                     run those that use two processors there, as
#                                              modules, and look for data races
#   run.sh riscv64 [GLOB...]                   run the suites as modules on a machine that is
#                                              no PC
#   run.sh kernel x86_64|bench|kcsan|fuzz|fuzz-uml|riscv64 DIR  put the bare kernel into DIR
#
# The repository is copied, not linked, and everything is built in the cache, so
# that nothing is ever written here and several checkouts share one kernel.

# shellcheck source=../userspace/vm/lib.sh
. "$(dirname "$0")/../userspace/vm/lib.sh"

what=${1:?uml, x86_64, kcsan, riscv64 or kernel}
shift
source=$("$vm/kernel" source)
tree=$cache/kunit/tree

# A tree of links to the kernel source in which drivers/dmabay exists. kunit.py must
# be a real copy, because it builds where it finds itself.
in_tree() {
	if [ ! -e "$tree/ready" ]; then
		rm -rf "$tree"
		cp -as "$source" "$tree"
		rm -rf "$tree/tools/testing/kunit" "$tree/drivers/Kconfig" "$tree/drivers/Makefile"
		cp -a "$source/tools/testing/kunit" "$tree/tools/testing/kunit"
		cp -a "$source/drivers/Kconfig" "$source/drivers/Makefile" "$tree/drivers/"
		# shellcheck disable=SC2016 # sed's last line
		sed -i '$i source "drivers/dmabay/Kconfig"\n' "$tree/drivers/Kconfig"
		echo 'obj-y += dmabay/' >>"$tree/drivers/Makefile"
		touch "$tree/ready"
	fi
	# Compared by content and stamped now when it differs: two checkouts that
	# take turns never leave each other stale objects.
	mkdir -p "$tree/drivers/dmabay"
	rsync -rc --delete "${built[@]}" --exclude=/.git --exclude=/userspace \
		"$repo/" "$tree/drivers/dmabay/"
}

# kunit VERB ARGUMENTS...: what it reads is the build folder and the architecture.
kunit() {
	local verb=$1
	shift
	cd "$tree"
	PATH=$repo/kunit/qemu/bin:$PATH \
		python3 -B tools/testing/kunit/kunit.py "$verb" --build_dir="$build" "${machine[@]}" "$@"
}

# compile KUNITCONFIG: kunit.py builds in silence, so it only configures.
compile() {
	mkdir -p "$build"
	kunit config --kunitconfig="$1"
	# shellcheck disable=SC2086 # a list of targets
	nice make -C "$tree" O="$build" ARCH="$arch" CROSS_COMPILE="$cross" -j"$jobs" \
		"${settings[@]}" $target
}

# bare DIR: the kernel as it is without this project, and what is needed to build modules
# for it, as a distribution would package it.
bare() {
	mkdir -p "$build" "$1"
	grep -v DMABAY "$repo/kunit/$config" >"$build/bare.kunitconfig"
	compile "$build/bare.kunitconfig"
	cp "$build/$image" "$1/vmlinuz"
	cp "$build/.config" "$1/config"
	cp "$build/include/config/kernel.release" "$1/release"
	rsync -a --delete --prune-empty-dirs --include='*/' --include=/.config \
		--include=/Module.symvers --include='/include/**' --include='/arch/*/include/**' \
		--include='/scripts/**' --include=/tools/objtool/objtool --exclude='*' \
		"$build/" "$1/build/"
	printf '%s\n' "export KBUILD_OUTPUT = $1/build" "export ARCH = $arch" \
		"export CROSS_COMPILE = $cross" "include $source/Makefile" >"$1/build/Makefile"
}

# pc CONFIGURATION: an x86_64 kernel in a build folder of its own.
pc() {
	arch=x86_64 image=arch/x86/boot/bzImage
	build=$cache/kunit/$1 config=$1.kunitconfig target='bzImage modules'
	machine=(--arch=x86_64 --qemu_config="$repo/kunit/qemu/vtd_strict.py")
	# KCSAN watches modules only, which are built without these settings. A data race of
	# ours is between two accesses of ours, or of kernel functions inlined into ours. The
	# kernel's own races are not looked for, it is several times as fast, and so each of
	# our accesses can be watched often. It still tells of its barriers: without those of
	# its locks, what they order would look like a race in the model of weak memory.
	# shellcheck disable=SC2016 # make expands it, for each object
	[ "$1" != kcsan ] || settings=(KCSAN_SANITIZE=n 'KCSAN_INSTRUMENT_BARRIERS=$(is-kernel-object)')
}

# sifive CONFIGURATION: a riscv64 kernel, cross-built.
sifive() {
	arch=riscv image=arch/riscv/boot/Image cross=$(cross_prefix "$1")
	build=$cache/kunit/$1 config=$1.kunitconfig target='Image modules'
	machine=(--qemu_config="$repo/kunit/qemu/sifive_u.py" --cross_compile="$cross")
}

# process CONFIGURATION: a kernel that is a process of this machine.
process() {
	arch=um image=linux build=$cache/kunit/$1 config=$1.kunitconfig target=all machine=(--arch=um)
}

# as_modules GLOBS: the suites, on the machine that the kernel $what is for.
as_modules() {
	local modules
	modules=$("$vm/modules" "$what")
	DMABAY_TESTS=$1 exec "$vm/run" --name "kunit-$what" --timeout 900 --modules "$modules" \
		"$what" "$vm/guest/kunit"
}

# The tests that use two processors at a time.
racing="dmabay_races* dmabay_*.power_while_others*"

settings=() boot=() cross=''
case $what in
kcsan) as_modules "${*:-$racing}" ;;
riscv64) as_modules "${*:-dmabay*}" ;;
uml)
	arch=um build=$cache/kunit/uml machine=(--arch=um) target='' config=.kunitconfig
	# Threads of this machine are its processors.
	boot=(--kernel_args=ncpus=2 --kernel_args=seccomp=on)
	;;
x86_64) pc x86_64 ;;
kernel)
	case ${1:?x86_64, bench, kcsan, fuzz, fuzz-uml or riscv64} in
	riscv64) sifive "$1" ;;
	fuzz-uml) process "$1" ;;
	*) pc "$1" ;;
	esac
	;;
*) die "unknown: $what" ;;
esac

# Built first, from the same folder, so that the modules for it see no built-in dmabay.
[ "$what" != x86_64 ] || "$vm/kernel" newest >/dev/null

# What another compiler makes has a folder of its own.
compiler=${DMABAY_COMPILER:-gcc}
if [ "$compiler" != gcc ] && [ "$what" = uml ]; then
	build+=-$compiler settings+=("CC=$compiler") machine+=("--make_options=CC=$compiler")
fi

mkdir -p "$cache/kunit"
one kunit-tree
step "copy the sources into the kernel tree" "5 s" in_tree

if [ "$what" = kernel ]; then
	step "build the newest kernel, $1" "8 min" bare "${2:?a directory}"
	exit
fi

step "build the KUnit kernel, $what" "30 s, the first time 4 min" compile "$repo/kunit/$config"
rc=0
kunit exec --timeout=2400 "${boot[@]}" "$@" || rc=$?
# kunit.py keeps what a passing test says to itself.
sed -n -e 's/^.*# cases_without_gaps: /  case /p' -e 's/^.*# [a-z_0-9]*: \(R[0-9][0-9]: \)/# \1/p' \
	"$build/test.log"
if "$vm/splats" "$build/test.log"; then
	echo "ok kernel log of $what"
else
	echo "not ok kernel log of $what"
fi
exit "$rc"
