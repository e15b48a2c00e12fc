# shellcheck shell=dash
# What the scripts that run in the test machine share. Sourced.

# How this machine was started, for the programs too: DMABAY_IOMMU is strict, lazy, pt
# or none; DMABAY_SWIOTLB is force or empty; DMABAY_ICOUNT is yes if instructions are counted,
# or empty; DMABAY_KERNEL is the release; DMABAY_EDU_BITS are those of a device address of
# QEMU's edu function; DMABAY_ERRORS is yes if a line DMABAY-ERROR in the kernel's log injects one.
. /guest/env
export DMABAY_IOMMU DMABAY_SWIOTLB DMABAY_ICOUNT DMABAY_KERNEL DMABAY_EDU_BITS
export DMABAY_ERRORS
export DMABAY_EDU DMABAY_LOAN DMABAY_SOAK

# The PCI address of QEMU's edu function, empty when there is none.
DMABAY_EDU=$(grep -l 0x11e8 /sys/bus/pci/devices/*/device 2>/dev/null | head -n 1)
DMABAY_EDU=$(basename "${DMABAY_EDU%/device}")

# The PCI address of QEMU's pci-testdev: no driver wants it, so the software engine
# may borrow it, with 64 bits of device address (edu has 28).
DMABAY_LOAN=$(grep -l 0x0005 /sys/bus/pci/devices/*/device 2>/dev/null | head -n 1)
DMABAY_LOAN=$(basename "${DMABAY_LOAN%/device}")

# The IOMMU's driver, where that is a module: before any driver of what is behind it.
for module in /guest/iommu/*.ko; do
	[ ! -e "$module" ] || grep -q virtio_iommu /proc/modules || insmod "$module"
done

# Where a device tree or a table of virtio's says what a function is behind, the kernel reads that
# when a driver is tried with the function. No driver wants this one: a driver that refuses it will
# do.
described=$(find /sys/firmware/devicetree/base /sys/firmware/acpi/tables/VIOT -maxdepth 0 2>/dev/null || true)
if [ -n "$DMABAY_LOAN" ] && [ -n "$described" ]; then
	echo pcieport >"/sys/bus/pci/devices/$DMABAY_LOAN/driver_override"
	echo "$DMABAY_LOAN" >/sys/bus/pci/drivers_probe
	echo >"/sys/bus/pci/devices/$DMABAY_LOAN/driver_override"
fi

# Every DMA fault between these two is wanted.
expect_faults() { echo DMABAY-EXPECT-FAULTS >/dev/kmsg; }
end_faults() { echo DMABAY-END-FAULTS >/dev/kmsg; }

number=0

# result ok|"not ok" NAME: what the test bed itself has to say, in TAP.
result() {
	number=$((number + 1))
	echo "# program: (the test bed)" # ends the plan of the program before
	echo "$1 $number $2"
}

# judge NAME COMMAND...: passes if the command does; else what it printed is shown. What it
# leaves in $told is said behind the name.
judge() {
	local name=$1
	shift
	told=''
	if "$@" >/tmp/printed 2>&1; then
		result ok "$name$told"
	else
		tail -n 40 /tmp/printed | sed 's/^/# /'
		result "not ok" "$name$told"
	fi
}

# watched: where data races are looked for, something was looked at. Only our modules are.
watched() {
	local counters=/sys/kernel/debug/kcsan count
	[ -e $counters ] || return 0
	count=$(sed -n 's/^setup_watchpoints: //p' $counters)
	if [ "$count" -gt 0 ]; then
		result ok "$count accesses were watched for data races"
	else
		result "not ok" "no access was watched for data races"
	fi
}

# load [SOFT'S PARAMETERS]: all modules; the software engine sits behind the IOMMU
# when the machine has one.
load() {
	insmod /modules/dmabay.ko || return
	if [ -n "$DMABAY_EDU" ]; then
		insmod /modules/dmabay_edu.ko || return
	fi
	if [ "$DMABAY_IOMMU" != none ]; then
		set -- "dma_dev=$DMABAY_LOAN" "$@"
	fi
	insmod /modules/dmabay_soft.ko "$@"
}

# unload: all modules that are there, users first. Nothing of them may stay.
unload() {
	local module
	for module in dmabay_soft dmabay_edu dmabay_dmaengine dmabay_test_engine \
		dmabay_test_exporter dmabay; do
		[ ! -e "/sys/module/$module" ] || rmmod "$module" || return
	done
	! grep dmabay /proc/devices
}
