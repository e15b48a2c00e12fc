#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Where the instructions of an arm go, by function.

    profile.py LOG OUTPUT NAMES [INTO COMMIT]

LOG is what userspace/vm/profile.c wrote: the addresses of one batch, with a 0 before each read of
the clock. OUTPUT is what the machine printed: what the benchmark has to say of the arm, and the
kernel's functions. NAMES are those of the benchmark itself, as nm tells them. INTO gets the
functions as JSON, for misses.py.

The batch lies between the program's first and last read of the clock. What the device does in it,
in the place of hardware, is left out as the benchmark leaves it out: it lies between two reads of
dmabay_soft's, or between two more of the program's own.
"""
import array
import bisect
import collections
import json
import sys

import bench
import bench_results

KERNEL = 1 << 63
ENGINE = "dmabay_soft"
# A batch of some milliseconds has the timer's interrupts in it, wherever they come, and of those that
# the benchmark did once more for that reason one may be cheaper. This is less than an instruction of
# any that is short.
LONG = 1e-4


class Symbols:
    """Functions, by their addresses: each with the module it is in, or the program."""

    def __init__(self, output, names):
        self.found = {}
        with open(output, encoding="utf-8", errors="replace") as file:
            lines = iter(file)
            collections.deque(iter(lambda: next(lines), "SYMBOLS-BEGIN\n"), maxlen=0)
            for line in iter(lambda: next(lines), "SYMBOLS-END\n"):
                address, name, *module = line.split()
                self.add(address, name, module[0].strip("[]") if module else "kernel")
        with open(names, encoding="utf-8") as file:
            for address, kind, name in map(str.split, file):
                if kind in "tTwWi":
                    self.add(address, name, "program")
        self.addresses = sorted(self.found)

    def add(self, address, name, place):
        self.found.setdefault(int(address, 16), (name, place))

    def function(self, address):
        """Where the function begins that the address is in."""
        at = bisect.bisect_right(self.addresses, address) - 1
        return self.addresses[at] if at >= 0 else address

    def name(self, function):
        return self.found.get(function, (hex(function), "?"))


def clock_reads(log):
    """Where they are in it."""
    at = -1
    try:
        while True:
            at = log.index(0, at + 1) + 1
            yield at
    except ValueError:
        return


def sections(log, symbols):
    """What is neither before the batch, nor behind it, nor the device's."""
    reads = list(clock_reads(log))
    own = [at for at in reads if log[at] < KERNEL]
    if len(own) < 2:
        sys.exit("profile: the log has no batch")
    begin, device = own[0] + 1, None
    for at in reads:
        is_own = log[at] < KERNEL
        if not own[0] < at < own[-1] or not (is_own or symbols.name(symbols.function(log[at]))[1] == ENGINE):
            continue
        if device is None:
            yield log[begin:at + 1]
            device = is_own
        elif device == is_own:
            begin, device = at + 1, None
    yield log[begin:own[-1] + 1]


def report(log, symbols, job):
    batch = job["job options"]["batch"]
    counts = collections.Counter()
    for section in sections(log, symbols):
        counts.update(section)
    del counts[0]
    functions, places = collections.Counter(), collections.Counter()
    for address, count in counts.items():
        function = symbols.function(address)
        functions[function] += count
        places[symbols.name(function)[1]] += count
    total = counts.total()
    options = job["job options"]
    print(f"{options['arm']}, {bench_results.size_text(options['bs'])} of {options['memory']} memory, {batch} at once: "
          f"{total / batch:.1f} instructions of a transfer; the benchmark tells of {job['ticks']['min']:.1f} at least, "
          f"{bench_results.median(job['ticks']):.1f} in the median\n")
    print("INSTRUCTIONS   SHARE     CALLS  FUNCTION")
    for function, count in functions.most_common():
        name, place = symbols.name(function)
        print(f"{count / batch:12.1f} {100 * count / total:6.1f}% {counts[function] / batch:9.2f}  "
              f"{name}{'' if place == 'kernel' else f' [{place}]'}")
    print()
    for place, count in places.most_common():
        print(f"{count / batch:12.1f} {100 * count / total:6.1f}%            {place}")
    least = job["ticks"]["min"]
    if abs(total / batch - least) > max(0.01, LONG * least):
        sys.exit("profile: that is not what the benchmark tells of the cheapest batch")
    return [(*symbols.name(function), count / batch) for function, count in functions.most_common()]


def main(log, output, names, into=None, commit=None):
    addresses = array.array("Q")
    with open(log, "rb") as file:
        addresses.frombytes(file.read())
    jobs = [job for _, document in bench.documents(output) for job in document["jobs"]]
    if len(jobs) != 1:
        sys.exit(f"profile: {len(jobs)} arms were measured, not one")
    functions = report(addresses, Symbols(output, names), jobs[0])
    if into:
        with open(into, "w", encoding="utf-8") as file:
            json.dump({"commit": commit, "functions": functions}, file, indent=1)


if __name__ == "__main__":
    main(*sys.argv[1:])
