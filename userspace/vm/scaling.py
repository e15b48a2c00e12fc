#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Several processors at once: what two of them wait for, measured, and what that comes to for more, simulated.

    scaling.py measure LOG OUTPUT NAMES RESULTS FOLDER    LOG is profile.c's, of all sections
    scaling.py simulate FOLDER                            of scaling.json there, scaling.csv and scaling.txt
    scaling.py check                                      says what is wrong with the simulation

measure writes FOLDER/scaling.json: what was counted, and of each arm a batch as a list of segments,
what it does by itself, what it does with a lock that the other processor takes too, and where it
writes to a line of memory that the other one writes to. Which these are, is measured: in
machines whose two processors run at once each one's stores are written down. Instructions that wait
for a lock come and go with the load of the machine that everything runs on; so of each run the
median of all batches is told, the cheapest one is taken apart, and the rest is simulated.

The simulation (simulation.py) is a loop of these segments for each processor.
"""
import collections
import csv
import json
import re
import statistics
import sys

import bench_results
import profile
import section_log
import simulation


def write_curves(folder):
    with open(f"{folder}/scaling.json", encoding="utf-8") as file:
        arms = json.load(file)["arms"]
    with open(f"{folder}/scaling.csv", "w", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("arm", "batch", "processors", "transfers_per_second", "of_linear"))
        for arm in arms:
            one = simulation.simulate(arm["segments"], 1)
            for processors in simulation.PROCESSORS:
                rate = simulation.simulate(arm["segments"], processors)
                writer.writerow((arm["arm"], arm["batch"], processors, round(rate * arm["batch"] * 1e9),
                                 f"{rate / one / processors:.3f}"))


def check():
    """The simulation, and how a batch is taken apart."""
    simulation.check()
    check_segments()


# ---- measurement ----

# Functions that wait.
WAITS = re.compile(r".*(spin_lock_slowpath|mutex_lock_slowpath|_lock_slowpath|osq_lock|mutex_spin_on_owner|rwsem_down_.*)")
LOCKS = re.compile(r"_raw_(spin|read|write)_(try)?lock.*")
INTERRUPTS = re.compile(r"asm_(sysvec|common|exc|fred|int).*")
FLUSHES = re.compile(r"qi_submit_sync")


class Batch:
    """A section without the device's part."""

    def __init__(self, section, functions):
        self.section, self.functions, self.processor = section, functions, section.processor
        self.instructions, self.disturbed = 0, False
        self.written = set()                    # the lines of memory that it stores to
        self.waited = collections.Counter()     # instructions, by who wants the lock
        caller = ""
        for step in self.steps():
            name = functions.name(step.address)
            self.instructions += step.times
            self.written.update(address >> 6 for address, _ in step.stores)
            if WAITS.match(name):
                self.waited[caller] += step.times
            elif INTERRUPTS.match(name):
                self.disturbed = True
            elif not LOCKS.match(name):
                caller = name

    def steps(self):
        return section_log.steps(self.section, self.functions)


def shared_lines(batches):
    """Those that two processors write to, each of them in one of ten batches at least."""
    seen, count = collections.defaultdict(collections.Counter), collections.Counter()
    for batch in batches:
        seen[batch.processor].update(batch.written)
        count[batch.processor] += 1
    usual = [{line for line, times in lines.items() if times * 10 >= count[processor]}
             for processor, lines in seen.items()]
    return set.intersection(*usual) if len(usual) > 1 else set()


class Segments:
    """A batch, taken apart. A lock that is taken within another one is a part of that."""

    def __init__(self, batch, shared, symbols):
        self.symbols, self.shared = symbols, shared
        self.done, self.instructions = [], 0
        self.lock = None        # its address
        self.lines, self.flushes, self.name = set(), 0, ""
        caller = self.before = None
        for step in batch.steps():
            if step.function != caller:
                self.before, caller = caller, step.function
            self.instructions += step.times
            self.step(step)
        self.finish("own")

    def finish(self, kind, **more):
        if kind != "own" or self.instructions:
            self.done.append({"kind": kind, "instructions": self.instructions, **more})
        self.instructions = 0

    def step(self, step):
        name = self.symbols.name(step.function)[0]
        if FLUSHES.match(name) and step.address == step.function:
            self.flushes += 1
        for address, atomic in step.stores:
            if self.lock is not None and address == self.lock and not atomic:
                self.release()
            elif address >> 6 in self.shared:
                self.touch(address, atomic and LOCKS.match(name), name)

    def touch(self, address, locks, name):
        if self.lock is not None:
            self.lines.add(address >> 6)
        elif locks:
            self.finish("own")
            self.lock, self.lines, self.flushes = address, {address >> 6}, 0
            self.name = self.symbols.name(self.before)[0]
        else:
            self.finish("own")
            self.finish("line", of=f"{address >> 6:x}", by=name, lines=1)

    def release(self):
        self.finish("lock", of=f"{self.lock >> 6:x}", by=self.name, lines=len(self.lines), flushes=self.flushes)
        self.lock = None


class Run:
    """What two processors, or one, did of an arm."""

    def __init__(self, job, batches, cut):
        self.job, self.cut = job, cut
        self.batches = [batch for batch in batches if not batch.disturbed]
        self.disturbed = len(batches) - len(self.batches)
        if not self.batches:
            sys.exit(f"scaling: {job}: nothing was measured")

    def summary(self):
        size = self.job["batch"]
        costs = [batch.instructions / size for batch in self.batches]
        waits = [batch.waited.total() / size for batch in self.batches if batch.waited]
        return {"p50": statistics.median(costs), "least": min(costs), "batches": len(costs) + self.cut,
                "waited": len(waits), "cut": self.cut, "wait": statistics.median(waits) if waits else 0,
                "for": sum((batch.waited for batch in self.batches), collections.Counter()).most_common()}


def read_runs(log, jobs, symbols):
    by_run, cut, alike = collections.defaultdict(list), collections.Counter(), {}
    functions = section_log.Functions(symbols)
    for section in section_log.sections(section_log.read_words(log)):
        kind = section.run, section.processor, section.instructions
        if section.words and not section.is_cut():
            alike[kind] = Batch(section, functions)
        if kind in alike:
            by_run[section.run].append(alike[kind])
        else:
            cut[section.run] += 1
    return [Run(job, by_run[job["run"]], cut[job["run"]]) for job in jobs]


def arm_of(run, symbols):
    """The segments of the cheapest batch that a processor did while another one was at it, too."""
    batches = [batch for batch in run.batches if batch.processor == 0]
    shared = shared_lines(run.batches)
    cheapest = min(batches, key=lambda batch: batch.instructions)
    segments = Segments(cheapest, shared, symbols).done
    return {"arm": run.job["arm"], "batch": run.job["batch"], "segments": segments}


def vfio(results):
    """Nothing of it is shared, and its costs are the benchmark's: a store to a register and a load."""
    row = next((row for row in bench_results.read_csv(f"{results}/results.csv") if row["cell"] == "bench-strict" and
                row["arm"] == "vfio" and row["size"] == 4096 and row["batch"] == 1), None)
    if row is None:
        sys.exit("scaling: results.csv has no row of vfio on bench-strict")
    return {"arm": "vfio", "batch": 1, "segments": [{"kind": "own", "instructions": row["p50"]}]}


def measure(log, output, names, results, folder):
    symbols = profile.Symbols(output, names)
    with open(output, encoding="utf-8", errors="replace") as file:
        jobs = [json.loads(line) for line in file if line.startswith('{ "run"')]
    runs = read_runs(log, jobs, symbols)
    arms = [arm_of(run, symbols) for run in runs if run.job["working"] == 2]
    with open(f"{folder}/scaling.json", "w", encoding="utf-8") as file:
        json.dump({"measured": [run.job | run.summary() for run in runs], "arms": arms + [vfio(results)]}, file, indent=1)
        print(file=file)


class Invented:
    """Symbols: each function has 16 instructions at most."""

    names = {0x10: ("arm_run", "program"), 0x20 | profile.KERNEL: ("caller", "kernel"),
             0x30 | profile.KERNEL: ("_raw_spin_lock", "kernel"), 0x40 | profile.KERNEL: ("qi_submit_sync", "kernel")}

    def function(self, address):
        return address & ~0xf

    def name(self, function):
        return self.names[function]


def check_segments():
    """A lock that is shared, with a flush and a store to a shared line; one that is not; a line without a lock."""
    program, caller, lock, flush = Invented.names
    shared_lock, own_lock, line = (profile.KERNEL | at << 6 for at in (1000, 2000, 3000))

    def batch(processor):
        words = [0, program, caller, caller + 1, section_log.REPEATED | 3,
                 lock, section_log.ATOMIC, shared_lock, flush, section_log.STORE, line, caller + 2,
                 section_log.STORE, shared_lock, lock, section_log.ATOMIC, own_lock + (processor << 12), caller,
                 section_log.STORE, own_lock + (processor << 12), caller + 1, section_log.STORE, line, 0, program]
        return Batch(section_log.Section(1, processor, 14, words), section_log.Functions(Invented()))

    batches = [batch(0), batch(1)]
    shared = shared_lines(batches)
    if shared != {shared_lock >> 6, line >> 6}:
        print(f"lines that are shared: {shared}")
    found = Segments(batches[0], shared, Invented()).done
    wanted = [{"kind": "own", "instructions": 6},
              {"kind": "lock", "instructions": 2, "of": f"{shared_lock >> 6:x}", "by": "caller", "lines": 2, "flushes": 1},
              {"kind": "own", "instructions": 3},
              {"kind": "line", "instructions": 0, "of": f"{line >> 6:x}", "by": "caller", "lines": 1},
              {"kind": "own", "instructions": 1}]
    if found != wanted:
        print(f"a batch, taken apart: {found}")


# ---- text ----

HEAD = """userspace/vm/bench --scaling

Two processors at once, measured. A machine of two processors that run at the same time (QEMU, MTTCG; Linux of
"bench", VT-d, strict), a thread on each, and each thread with a file, a reservation and memory of its own: 4 KiB
transfers. Instructions of one transfer, without the device's, of batches that no interrupt came into. WAITED: how
many of them had to wait for a lock; WAIT: for how many instructions of a transfer, the median of these; FOR: who
wants the lock. LONG: batches with so long a wait that it was not written down. Each processor is emulated by a
thread of a machine that has other work, too, and whoever has a lock may be stopped there: the numbers of waits are
those of that machine, on that day. What an IOMMU takes for a flush, nobody waits for here: QEMU has done it at once.

"""


def write_text(folder):
    with open(f"{folder}/scaling.json", encoding="utf-8") as file:
        model = json.load(file)
    with open(f"{folder}/scaling.csv", encoding="utf-8", newline="") as file:
        curves = list(csv.DictReader(file))
    with open(f"{folder}/scaling.txt", "w", encoding="utf-8") as file:
        file.write(HEAD)
        print(f"{'ARM':<12} {'BATCH':>5} {'PROCESSORS':>10} {'P50':>6} {'LEAST':>6} {'BATCHES':>8} {'WAITED':>7} "
              f"{'WAIT':>7} {'LONG':>5}  FOR", file=file)
        for row in model["measured"]:
            print(f"{row['arm']:<12} {row['batch']:>5} {row['working']:>10} {row['p50']:>6.0f} {row['least']:>6.0f} "
                  f"{row['batches']:>8} {row['waited']:>7} {row['wait']:>7.0f} {row['cut']:>5}  "
                  f"{', '.join(name for name, _ in row['for'])}".rstrip(), file=file)
        write_shared(model["arms"], file)
        write_simulated(curves, file)


def write_shared(arms, file):
    print("\nWhat both processors write to, in a batch: a lock, or a line of memory without one. HELD: instructions with\n"
          "the lock; FLUSHES: waits for the IOMMU meanwhile; LINES: those that come from the other processor.\n\n"
          f"{'ARM':<12} {'BATCH':>5} {'TIMES':>6} {'HELD':>7} {'FLUSHES':>7} {'LINES':>6}  BY", file=file)
    for arm in arms:
        shared = [segment for segment in arm["segments"] if segment["kind"] != "own"]
        if not shared:
            print(f"{arm['arm']:<12} {arm['batch']:>5} {'none':>6}", file=file)
        for of in dict.fromkeys(segment["of"] for segment in shared):
            same = [segment for segment in shared if segment["of"] == of]
            held = statistics.fmean(segment["instructions"] for segment in same)
            flushes = sum(segment.get("flushes", 0) for segment in same)
            lines = max(segment["lines"] for segment in same)
            by = ", ".join(dict.fromkeys(segment["by"] for segment in same))
            print(f"{arm['arm']:<12} {arm['batch']:>5} {len(same):>6} {held:>7.0f} {flushes:>7} {lines:>6}  "
                  f"{same[0]['kind']}: {by}", file=file)


def write_simulated(curves, file):
    counts = [str(count) for count in simulation.PROCESSORS]
    print(f"\nA SIMULATION, no measurement: million transfers a second of so many processors, and below it their share of\n"
          f"what one does times their number. Each processor repeats the cheapest batch that was measured above, with\n"
          f"{simulation.RATE:.2f} instructions a nanosecond, {simulation.FLUSH / 1000:.1f} us a flush, and "
          f"{simulation.LINE:.0f} ns for a line that another processor had;\n"
          "whoever wants a lock gets it in the order of coming; the device takes no time. A flush takes as long as ever,\n"
          "however many want one: on hardware that was seen to grow, and what flushes is shown too well here, ours and theirs.\n"
          "userspace/vm/scaling.py simulate userspace/bench/results makes it of scaling.json once more.\n",
          file=file)
    print(f"{'ARM':<12} {'BATCH':>5}" + "".join(f"{count:>8}" for count in counts), file=file)
    for arm, batch in dict.fromkeys((row["arm"], row["batch"]) for row in curves):
        mine = [row for row in curves if (row["arm"], row["batch"]) == (arm, batch)]
        rates = "".join(f"{int(row['transfers_per_second']) / 1e6:>8.2f}" for row in mine)
        shares = "".join(f"{100 * float(row['of_linear']):>7.0f}%" for row in mine)
        print(f"{arm:<12} {batch:>5}{rates}\n{'':<18}{shares}", file=file)


def report(folder):
    write_curves(folder)
    write_text(folder)


if __name__ == "__main__":
    commands = {"measure": measure, "simulate": report, "check": check}
    commands[sys.argv[1]](*sys.argv[2:])
