# SPDX-License-Identifier: GPL-2.0-only
#
# One file, three readers: kbuild building these modules out of tree (M=), kbuild
# building them inside a kernel (drivers/dmabay), and a person ("make help").

ifneq ($(KERNELRELEASE),)

# Kernels differ in what $(src) is relative to.
dmabay-include := $(abspath $(firstword $(wildcard $(src)/include $(srctree)/$(src)/include)))
subdir-ccflags-y += -I$(dmabay-include)
# Out of tree nobody else tells the compiler.
subdir-ccflags-$(if $(KBUILD_EXTMOD),$(CONFIG_DMABAY_DEBUG)) += -DCONFIG_DMABAY_DEBUG=1

obj-$(CONFIG_DMABAY) += module/
obj-$(CONFIG_DMABAY_KUNIT_TEST) += kunit/
obj-$(CONFIG_DMABAY_TEST_ENGINE) += kunit/
obj-$(CONFIG_DMABAY_TEST_EXPORTER) += kunit/
obj-$(CONFIG_DMABAY_PEERS) += kunit/

else

# The kernel to build for: the newest one whose headers are installed.
KDIR ?= $(lastword $(shell ls -d /lib/modules/*/build 2>/dev/null | sort -V))
PREFIX ?= /usr/local
DESTDIR ?=
CONFIG_DMABAY_DMAENGINE ?= m

here := $(CURDIR)
vm := $(here)/userspace/vm
kbuild = $(if $(wildcard $(KDIR)/Makefile),$(MAKE) -C $(KDIR) M=$(here) \
	CONFIG_DMABAY=m CONFIG_DMABAY_SOFT=m CONFIG_DMABAY_EDU=m \
	CONFIG_DMABAY_DMAENGINE=$(CONFIG_DMABAY_DMAENGINE), \
	$(error no kernel headers at "$(KDIR)": install linux-headers-amd64 or say KDIR=))
kernel-doc = PYTHONDONTWRITEBYTECODE=1 $(KDIR)/scripts/kernel-doc -man
reference := $(here)/userspace/build/reference
root = $(if $(filter 0,$(shell id -u)),,sudo )

all: modules user ## (default) the modules for KDIR and the user space

modules: ## the kernel modules, for KDIR=folder (default: the newest headers installed)
	+$(kbuild) modules

user: ## the library, the dmabay command, and a check of the manual pages
	$(MAKE) -C userspace

demo: ## boot a Debian 6.12 kernel with an emulated IOMMU and show what this does (about 10 min, then 1)
	@$(vm)/demo

check: ## every test, on every kernel (1 to 1 1/2 hours); SUITES="names" for only these
	@$(vm)/check $(SUITES)

matrix: ## every kernel, IOMMU, machine and compiler; what is known is not run again; CELLS="6.12-amd-selftests ..." for only these
	@$(vm)/matrix $(CELLS)

bench: ## what a transfer costs in each way there is, as instructions (3 min); BENCH=machines (15 min), full (1 to 2 h)
	@$(vm)/bench $(if $(BENCH),--$(BENCH))

mutants: ## break the core line by line and see that the tests notice (about 75 min)
	@$(vm)/packages check
	@kunit/mutants

fuzz: ## random calls of the node, led by what they reach, under KASAN (once 12 min for its kernels); MINUTES=30
	@$(vm)/packages check
	@$(vm)/fuzz $(MINUTES)

soak: ## what races, kills and unplugs, and random calls from new seeds, over and over; MINUTES=60
	@$(vm)/soak $(MINUTES)

shell: ## a prompt in that machine, modules loaded; KERNEL=6.1, 6.12 (default), newest, arm64, riscv64, armhf or s390x; FILES="to take along"
	@$(vm)/shell "$(KERNEL)" $(FILES)

intree: ## this tree in the source of a kernel, KSRC=folder (default: a tree of links to the newest), and built; UNDO=1
	@$(vm)/packages intree
	@$(vm)/intree $(if $(UNDO),--undo) $(KSRC)

patches: ## this tree as patches of a kernel that can be mailed, in OUT=folder (default userspace/build/patches)
	@$(vm)/packages intree
	@$(vm)/patches $(OUT)

analyse: ## what cppcheck, coccicheck, clang's analyzer and clang-tidy find
	@$(vm)/packages analyse
	@$(vm)/analyse

load: KDIR = /lib/modules/$(shell uname -r)/build
load: modules ## build for this very machine's kernel and load: /dev/dmabay0 appears
	$(root)insmod module/dmabay.ko
	$(root)insmod module/dmabay_soft.ko

unload: ## take the modules out of this machine's kernel
	@for name in dmabay_soft dmabay_edu dmabay_dmaengine dmabay; do \
		[ ! -e /sys/module/$$name/initstate ] || $(root)rmmod $$name || exit; \
	done

install: all ## modules and user space, under DESTDIR= and PREFIX= (default /usr/local)
	+$(kbuild) INSTALL_MOD_PATH=$(DESTDIR) modules_install
	$(MAKE) -C userspace install PREFIX=$(PREFIX) DESTDIR=$(DESTDIR)

deb: ## the Debian packages, in userspace/build/deb (about 1 min)
	@$(vm)/packages deb
	@$(here)/userspace/packaging/build $(here)/userspace/build/deb

# What drivers may call and fill in. The first line of a page differs from kernel to kernel, and
# not all of them are right.
reference: ## a manual page (section 9) for each call that drivers have, in userspace/build/reference
	@rm -rf $(reference) && mkdir -p $(reference)
	@{ $(kernel-doc) include/linux/*.h && $(kernel-doc) -export module/*.c; } 2>/dev/null | \
		awk -F'"' '/^\.TH / { close(page); name = $$2 == "Kernel API" ? $$4 : $$2; page = ""; \
			if (name ~ /dmabay/) { page = "$(reference)/" name ".9"; gsub(" ", "_", page); \
			print ".TH \"" name "\" 9" >page }; next } page { print >page }'

clean: ## what was built here; the cache of kernels stays (~/.cache/dmabay)
	+$(if $(wildcard $(KDIR)/Makefile),$(kbuild) clean)
	$(MAKE) -C userspace clean

help: ## this list
	@sed -nE 's/^([a-z]+):[^=]*## (.*)/  make \1\t\2/p' $(firstword $(MAKEFILE_LIST)) | expand -t 18

.PHONY: all modules user demo check matrix bench mutants fuzz soak shell intree patches analyse load unload install deb reference clean help

endif
