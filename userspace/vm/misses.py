#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What a missed target consists of: the instructions of both arms, by layer.

    misses.py list CELL RESULTS                  the arms to profile, ARM:SIZE:BATCH:RUN each
    misses.py known FILE COMMIT                  succeeds if that profile is there, of that commit
    misses.py check MAKEFILE                     says which file of dmabay.ko has no layer
    misses.py report CELL RESULTS PROFILES MODULES NM     the table

RESULTS is the folder that has results.csv. PROFILES has ARM:SIZE:BATCH:RUN.json, as profile.py
wrote them. MODULES has the objects that dmabay.ko is linked from: they tell which file a function
is from. NM is the program to look into them with.
"""
import collections
import json
import pathlib
import re
import subprocess
import sys

import bench_results
import bench_targets

DEAREST = 5

# A function is of the first layer that has its place, like "dmabay/batch" or "kernel", and its
# name. What the compiler has put into another function counts as that one.
LAYERS = (
    ("program", "program", ""),
    ("device", "dmabay_soft|dmabay_peers", ""),
    ("call", "dmabay/(ioctl|cdev|access|uring|ring|poller|submission|once|attributes|debugfs|dump|holders|main|"
             "fault|debug|debug_.*)", ""),
    ("transfer", "dmabay/(batch|move|transfer|reservation|reserve|completion|order|transaction|state|stage|request|power|"
                 "enabler|adapter|controller|system|device|buffer|import|event|withdrawal|sg_list|common_buffer)", ""),
    ("links", "dmabay/(links|link_batch|strip|crossover|mapregs|mapregs_.*|mapped|window|slots|list|memory|piece|compat_dma_iova)", ""),
    ("io_uring", "kernel", "_?_?io_|io_uring|.*_uring_cmd|uring_|__do_sys_io_uring|__x64_sys_io_uring|"
                           "blk_(start|mq_flush)_plug|__blk_flush_plug|__io_"),
    ("syscall", "kernel", "entry_|do_syscall|x64_sys|__x64_sys|__arm64_sys|el0|invoke_syscall|syscall_|fdget|fget|"
                          "__fget|fput|do_vfs_ioctl|security_|bpf_lsm|tomoyo|apparmor|hook_file|.*exit_to_user|"
                          "fpregs_assert"),
    ("copies", "kernel", "_?_?copy_(from|to)_|rep_movs|__get_user|__put_user|__check_(object|heap)|check_stack|"
                         "__arch_copy|__virt_addr_valid|memset|memcpy|__memset|__memcpy"),
    ("pins", "kernel", ".*gup_|.*pin_user|unpin|try_grab|try_get_folio|follow_|.*folio|.*_page_mask|mark_page|"
                       ".*dirty|internal_get_user|is_valid_gup|vma_|find_vma|mas_|mtree|check_vma|__get_user_pages|"
                       "get_user_pages|mm_|node_page|mod_node|sanity_check|lru_|mlock|__mod_|__lruvec|noop_dirty|"
                       "_?_?sg_(alloc|free)_|.*mlock|p[gum4]d_|gup|__pte_offset"),
    ("memory", "kernel", ".*kmalloc|.*kvmalloc|is_vmalloc|kfree|kvfree|_?_?kmem_|_?_?_?slab|.*alloc_pages|.*free_pages|"
                         "__free_|free_unref|get_page_from|rmqueue|.*memcg|obj_cgroup|refill_"),
    ("mapping", "kernel", ".*dma_|__finalise_sg|.*iommu|.*iova|qi_|cache_tag|.*vtdss|.*amdv1|.*_map_range|.*unmap_range|"
                          "make_range|gather_|do_map|clflush|.*pt_|dmar_|intel_|amd_|domain_|.*tlb|build_inv|arm_|"
                          "virtio|viommu|virtqueue|vring|vp_|.*pfn_|_?_?sg_|is_swiotlb|swiotlb|calculate_psi|handle_|"
                          "wait_on|.*completion_wait|.*pgtable|arch_sync"),
    ("locks", "kernel", "_?_?raw_|.*rcu_|mutex|.*spin_|down_|up_|rwsem|osq|preempt|queued"),
    ("other", ".*", ""),
)
NAMES = [name for name, _, _ in LAYERS]


def layer(place, name):
    return next(label for label, places, names in LAYERS if re.fullmatch(places, place) and re.match(names, name))


def missed(cell, results):
    machine = bench_targets.Machine(cell, list(bench_results.read_csv(f"{results}/results.csv")))
    for target, found in bench_targets.missed(machine):
        compared = getattr(target.measure, "compared", lambda machine: [])
        yield target, found, [f"{arm}:{bench_results.size_text(int(size))}:{int(batch)}:{run}"
                              for arm, size, batch, run in compared(machine)]


def list_arms(cell, results):
    for name in dict.fromkeys(arm for _, _, arms in missed(cell, results) for arm in arms):
        print(name)


def known(path, commit):
    """What was measured of changes that nobody has committed may have been of others."""
    try:
        with open(path, encoding="utf-8") as file:
            same = json.load(file)["commit"] == commit
    except FileNotFoundError:
        same = False
    if not same or commit.endswith("-dirty") or commit == "unknown":
        sys.exit(1)


def files_of(modules, tool):
    """The file that each function of dmabay.ko is from."""
    found = {}
    for path in pathlib.Path(modules).glob("*.o"):
        # Those that are linked from others have their functions once more.
        if path.with_suffix(".mod").exists() or path.name.endswith(".mod.o"):
            continue
        names = subprocess.run([tool, "--defined-only", path], check=True, capture_output=True, text=True).stdout
        for line in names.splitlines():
            _, kind, name = line.split()
            if kind in "tT":
                found[name] = path.stem
    return found


def check(makefile):
    text = pathlib.Path(makefile).read_text(encoding="utf-8")
    files = [name for line in re.findall(r"^dmabay-(?:y|\$\S+) [:+]= (.*)$", text, re.M) for name in line.split()]
    if not files:
        print(f"{makefile} names no file")
    for name in files:
        if layer(f"dmabay/{name.removesuffix('.o')}", "") == NAMES[-1]:
            print(f"{name} has no layer in misses.py")


def read_profile(path, files):
    """The instructions of each layer, and of each function with its place."""
    with open(path, encoding="utf-8") as file:
        functions = json.load(file)["functions"]
    layers, dearest = collections.Counter(), []
    for name, place, count in functions:
        if place == "dmabay":
            place = f"dmabay/{files.get(name, '?')}"
        layers[layer(place, name)] += count
        dearest.append(f"{name}{'' if place == 'kernel' else f' [{place}]'} {count:.0f}")
    return layers, dearest[:DEAREST]


def print_arm(arm, path, files):
    if not pathlib.Path(path).exists():
        print(f"      {arm.removesuffix(':scattered'):<24} has no profile that adds up")
        return
    layers, dearest = read_profile(path, files)
    print(f"      {arm.removesuffix(':scattered'):<24} {layers.total():>9.0f} " +
          "".join(f"{layers[name]:>9.0f}" for name in NAMES))
    print(f"        {', '.join(dearest)}")


def report(cell, results, profiles, modules, tool):
    files = files_of(modules, tool)
    print(f"userspace/vm/bench --misses {cell}\n\n"
          "Each target that was missed on this machine in results.csv, and where the instructions of one transfer go as\n"
          "it is now, of the arm itself and of the one that it is compared with: by layer, and below it the functions that\n"
          "take most. DEVICE: the device's driver, and the call into the engine. CALL: dmabay's commands, what they copy and\n"
          "check. TRANSFER, LINKS: dmabay's layers below. COPIES: the kernel's, from and to the user. PINS: with the list of\n"
          "the pages. MEMORY: allocations. MAPPING: the DMA API and the IOMMU's driver. LOCKS: whoever takes them.\n"
          "userspace/vm/misses.py has the list.\n")
    print(f"      {'ARM:SIZE:BATCH':<24} {'SUM':>9} " + "".join(f"{name.upper():>9}" for name in NAMES))
    for target, found, arms in missed(cell, results):
        compare, goal, _ = target.goals[cell]
        print(f"\n{target.name:<4}  {target.what}: {compare} {bench_targets.number(goal)}, found {found}")
        if not arms:
            print("      not a matter of what one transfer costs: see results.csv")
        for arm in arms:
            print_arm(arm, f"{profiles}/{arm}.json", files)


if __name__ == "__main__":
    commands = {"list": list_arms, "known": known, "check": check, "report": report}
    commands[sys.argv[1]](*sys.argv[2:])
