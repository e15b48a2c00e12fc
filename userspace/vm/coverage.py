"""How much of each source file of the modules a fuzzer's programs have reached.

    coverage.py MODULES BLOCKS PROGRAMS

MODULES is the folder of the *.ko, built with KCOV and -g; BLOCKS a file with a line
"MODULE SECTION OFFSET" for each block that was reached; PROGRAMS says how many ran. A block is where the
compiler has put a call of the kernel's tracer. What runs only while a module is loaded or unloaded
is left out.
"""

import collections
import os
import re
import subprocess
import sys


def calls(path):
    """The places behind each call of the tracer: (section, offset)."""
    text = subprocess.run(["objdump", "-dr", "--no-show-raw-insn", path], check=True,
                          capture_output=True, text=True).stdout
    section = None
    for line in text.splitlines():
        if line.startswith("Disassembly of section "):
            section = line[len("Disassembly of section "):-1]
        elif "__sanitizer_cov_trace_pc" in line and "R_X86_64" in line:
            # The relocation is that of the call's last four bytes.
            offset = int(re.match(r"\s*([0-9a-f]+):", line).group(1), 16)
            yield section, offset + 4


def files(path, section, offsets):
    """The source file of each place: that of the function which others were inlined into."""
    command = ["addr2line", "-i", "-a", "-j", section, "-e", path]
    text = subprocess.run(command, check=True, capture_output=True, text=True,
                          input="".join(f"{offset - 1:x}\n" for offset in offsets)).stdout
    place, found = None, {}
    for line in text.splitlines():
        if line.startswith("0x"):
            place = int(line, 16) + 1
        else:
            found[place] = os.path.basename(line.split(":")[0])
    return found


def main():
    folder, reached_file, programs = sys.argv[1:]
    with open(reached_file, encoding="ascii") as lines:
        reached = {tuple(line.split()) for line in lines}
    total, hit = collections.Counter(), collections.Counter()
    for name in sorted({module for module, _, _ in reached}):
        path = os.path.join(folder, name + ".ko")
        places = collections.defaultdict(list)
        for section, offset in calls(path):
            if not section.startswith((".init", ".exit")):
                places[section].append(offset)
        for section, offsets in places.items():
            for offset, file in files(path, section, offsets).items():
                total[name, file] += 1
                hit[name, file] += (name, section, f"{offset:x}") in reached
    print(f"{'module':<20} {'file':<24} {'blocks':>7} {'reached':>8} {'%':>6}")
    for name, file in sorted(total):
        all_of, got = total[name, file], hit[name, file]
        print(f"{name:<20} {file:<24} {all_of:>7} {got:>8} {100 * got / all_of:>6.1f}")
    all_of, got = sum(total.values()), sum(hit.values())
    print(f"# R59: {programs}, {got} blocks of {all_of} ({100 * got / all_of:.1f} %)")


main()
