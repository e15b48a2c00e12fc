# SPDX-License-Identifier: GPL-2.0-only
"""What the benchmark is to find: targets T1 to T18, each beside what was measured and where.

A target is judged by the rows of one machine. "driver" is what it is compared with: pin, dma_map_sg, transfer,
dma_unmap_sg and unpin for each transfer, in one ioctl of a bare driver.
"""
import collections
import dataclasses

KIB, MIB = 1 << 10, 1 << 20
SCATTERED = "scattered"


class Machine:
    """The rows of one machine, to ask for one or some. LookupError: that was not measured; None: it never happens."""

    def __init__(self, name, rows):
        self.name, self.rows = name, [row for row in rows if row["cell"] == name]

    def some(self, **wanted):
        found = [row for row in self.rows if all(row[name] == value for name, value in wanted.items())]
        if not found:
            raise LookupError(wanted)
        return found

    def one(self, arm, size, batch=1, run=SCATTERED):
        return self.some(arm=arm, size=size, batch=batch, run=run)[0]

    def cost(self, *row, **more):
        return self.one(*row, **more)["p50"]

    def work(self, name, *row):
        """What not every kernel tells."""
        found = self.one(*row)[name]
        if found is None:
            raise LookupError(row)
        return found

    def crossover(self, *row):
        return self.one(*row)["crossover"] or None

    def ratio(self, base, arm, size, batch=1, run=SCATTERED):
        """How many times what that costs "base" costs."""
        return self.cost(base, size, batch, run) / self.cost(arm, size, batch, run)

    def sizes(self, arm, batch=1, run=SCATTERED):
        return sorted({row["size"] for row in self.some(arm=arm, batch=batch, run=run)})

    def batches(self, arm, size):
        return sorted({row["batch"] for row in self.some(arm=arm, size=size, run=SCATTERED)})


@dataclasses.dataclass(frozen=True)
class Ratio:
    """How many times what "arm" costs "base" costs. compared: the two, to look into."""

    base: str
    arm: str
    size: int
    batch: int = 1
    run: str = SCATTERED

    def __call__(self, machine):
        return machine.ratio(self.base, self.arm, self.size, self.batch, self.run)

    def compared(self, _):
        return [(arm, self.size, self.batch, self.run) for arm in (self.arm, self.base)]


@dataclasses.dataclass(frozen=True)
class WorstRatio:
    """The smallest such ratio of all sizes."""

    base: str
    arm: str
    least: int = 0

    def worst(self, machine):
        return min((Ratio(self.base, self.arm, size) for size in machine.sizes(self.arm) if size >= self.least),
                   key=lambda ratio: ratio(machine))

    def __call__(self, machine):
        return self.worst(machine)(machine)

    def compared(self, machine):
        return self.worst(machine).compared(machine)


@dataclasses.dataclass(frozen=True)
class Cost:
    """What that costs."""

    arm: str
    size: int
    batch: int

    def __call__(self, machine):
        return machine.cost(self.arm, self.size, self.batch)

    def compared(self, _):
        return [(self.arm, self.size, self.batch, SCATTERED)]


@dataclasses.dataclass(frozen=True)
class Crossover(Ratio):
    """How many transfers pay for what was done once: what each of them saves is what can be looked into."""

    def __call__(self, machine):
        return machine.crossover(self.arm, self.size)


class SpreadOfSizes:
    """What the dearest size costs, by what the cheapest one does."""

    def sizes(self, machine):
        by_cost = sorted(machine.sizes("unchanged"), key=lambda size: machine.cost("unchanged", size))
        return by_cost[-1], by_cost[0]

    def __call__(self, machine):
        dearest, cheapest = self.sizes(machine)
        return machine.cost("unchanged", dearest) / machine.cost("unchanged", cheapest)

    def compared(self, machine):
        return [("unchanged", size, 1, SCATTERED) for size in self.sizes(machine)]


def work_of(machine, *names):
    """The most of anything that an unchanged transfer caused, in whatever way it was submitted."""
    return max(row[name] or 0 for arm in ("unchanged", "unchanged-ioctl", "unchanged-ring")
               for row in machine.some(arm=arm) for name in names)


def flushes_of_batch(machine, name="iommu_flushes"):
    return max(machine.one("changed", 4 * KIB, batch)[name] * batch
               for batch in machine.batches("changed", 4 * KIB))


def flushes_of_slots(machine, name):
    """Of each size that is one piece."""
    return max(machine.one("changed", size)[name] for size in machine.sizes("changed") if size <= MIB)


def spread_of_runs(machine):
    return max(row["max"] - row["min"] for row in machine.some(arm="unchanged", run=SCATTERED, batch=1))


Target = collections.namedtuple("Target", "name what measure goals")
AT_LEAST, AT_MOST, EXACTLY = ">=", "<=", "="
MEETS = {
    AT_LEAST: lambda found, goal: found >= goal,
    AT_MOST: lambda found, goal: found <= goal,
    EXACTLY: lambda found, goal: abs(found - goal) < 0.005,
}

# Of a machine: how it is compared, the target, and the stretch (None: there is none).
INTEL, AMD, VIRTIO, ARM = "bench-strict", "bench-amd", "bench-virtio", "arm64-strict"
DEBIAN = "6.12-strict"


def both(compare, goal, stretch=None):
    return {INTEL: (compare, goal, stretch), AMD: (compare, goal, stretch)}


def all_four(compare, goal, stretch=None):
    return {name: (compare, goal, stretch) for name in (INTEL, AMD, VIRTIO, ARM)}


TARGETS = (
    Target("T1", "unchanged 4K, vs driver", Ratio("driver", "unchanged", 4 * KIB), both(AT_LEAST, 5, 6)),
    Target("T2", "unchanged 64K, vs driver", Ratio("driver", "unchanged", 64 * KIB),
           both(AT_LEAST, 27, 29)),
    Target("T2", "unchanged 1M, vs driver", Ratio("driver", "unchanged", MIB), both(AT_LEAST, 340, 370)),
    Target("T2", "unchanged 16M, vs driver", Ratio("driver", "unchanged", 16 * MIB),
           both(AT_LEAST, 5400, 5900)),
    Target("T3", "unchanged by io_uring, 16 at once, instructions", Cost("unchanged-ring", 4 * KIB, 16),
           both(AT_MOST, 650, 600)),
    Target("T3v", "unchanged, 16 in a call, instructions", Cost("unchanged", 4 * KIB, 16),
           both(AT_MOST, 160, 120)),
    Target("T4", "unchanged, dearest size : cheapest size", SpreadOfSizes(), all_four(AT_MOST, 1.02, 1.0)),
    Target("T5", "unchanged, maps, unmaps, flushes and pins of any",
           lambda m: work_of(m, "maps", "unmaps", "iommu_flushes", "pins"), all_four(EXACTLY, 0)),
    Target("T6", "changed, any size, vs driver", WorstRatio("driver", "changed"),
           {INTEL: (AT_LEAST, 1.4, 1.5), AMD: (AT_LEAST, 1.3, 1.5), VIRTIO: (AT_LEAST, 1.15, 1.5)}),
    Target("T7", "changed 4K, flushes", lambda m: m.one("changed", 4 * KIB)["iommu_flushes"],
           {INTEL: (EXACTLY, 1, None), AMD: (EXACTLY, 2, None), VIRTIO: (EXACTLY, 1, None)}),
    Target("T7", "changed 4K, calls of alloc_iova_fast()", lambda m: m.work("ranges", "changed", 4 * KIB),
           all_four(EXACTLY, 0)),
    Target("T7", "changed 4K, allocations of memory", lambda m: m.work("allocations", "changed", 4 * KIB),
           all_four(EXACTLY, 0)),
    Target("T8", "changed 4K, 16 in a call, vs driver", Ratio("driver", "changed", 4 * KIB, 16),
           {INTEL: (AT_LEAST, 3.5, 4.2), AMD: (AT_LEAST, 5.5, 6.8), VIRTIO: (AT_LEAST, 2.2, 2.4)}),
    Target("T9", "changed 4K, flushes of a whole batch of any size", flushes_of_batch,
           {INTEL: (EXACTLY, 1, None), AMD: (EXACTLY, 2, None)}),
    Target("T9", "changed 4K, kicks of a whole batch of any size", lambda m: flushes_of_batch(m, "iommu_kicks"),
           {VIRTIO: (EXACTLY, 2, None)}),
    Target("T10", "changed 64K in huge pages, 16 in a call, vs driver",
           Ratio("driver", "changed", 64 * KIB, 16, "thp"),
           {INTEL: (AT_LEAST, 2.6, 3.0), AMD: (AT_LEAST, 3.2, 3.6)}),
    Target("T11", "changed 16M in huge pages, vs driver", Ratio("driver", "changed", 16 * MIB, 1, "thp"),
           {INTEL: (AT_LEAST, 25, 31), AMD: (AT_LEAST, 18, 20)}),
    Target("T12", "changed, up to 1M: flushes of a slot", lambda m: flushes_of_slots(m, "iommu_flushes"),
           {AMD: (EXACTLY, 2, None)}),
    Target("T12", "changed, up to 1M: flushes of the whole domain",
           lambda m: flushes_of_slots(m, "iommu_domain_flushes"), {INTEL: (EXACTLY, 0, None)}),
    Target("T13", "changed 4K, vs two-step", Ratio("two-step", "changed", 4 * KIB),
           both(AT_LEAST, 1.14)),
    Target("T13", "changed, any size, vs two-step", WorstRatio("two-step", "changed"),
           both(AT_LEAST, 0.98)),
    Target("T14", "changed 1M in huge pages, 16 in a call, vs plain",
           Ratio("plain", "changed", MIB, 16, "thp"), {INTEL: (AT_LEAST, 1.0, 1.05)}),
    Target("T15", "changed 4K, vs plain", Ratio("plain", "changed", 4 * KIB),
           {DEBIAN: (AT_LEAST, 1.35, None)}),
    Target("T15", "changed 64K to 16M, vs plain",
           WorstRatio("plain", "changed", 64 * KIB),
           {DEBIAN: (AT_LEAST, 1.2, None)}),
    Target("T15", "changed 4K, 16 in a call, vs plain", Ratio("plain", "changed", 4 * KIB, 16),
           {DEBIAN: (AT_LEAST, 3.8, None)}),
    Target("T16", "transfers that pay for a reservation, unchanged",
           Crossover("driver", "unchanged", 4 * KIB), both(AT_MOST, 2)),
    Target("T16", "transfers that pay for a reservation, changed",
           Crossover("driver", "changed", 4 * KIB), both(AT_MOST, 8)),
    Target("T17", "unchanged, dearest - cheapest of all counts, instructions", spread_of_runs,
           {INTEL: (EXACTLY, 0, None), AMD: (AT_MOST, 30, None)}),
    Target("T18", "changed 4K, waits for the SMMU of a whole batch",
           flushes_of_batch, {ARM: (EXACTLY, 1, None)}),
    Target("T18", "changed, up to 1M: ranges told to the SMMU", lambda m: flushes_of_slots(m, "iommu_ranges"),
           {ARM: (AT_MOST, 2, 1)}),
)


def number(value):
    return f"{value:.0f}" if value == int(value) or value >= 1000 else f"{value:.2f}"


def judged(target, machine):
    """One line: what was found, and how that compares."""
    compare, goal, stretch = target.goals[machine.name]
    try:
        found = target.measure(machine)
    except LookupError:
        return "-", "", "not measured"
    if found is None:
        return "never", "", "missed"
    if stretch is not None and MEETS[compare](found, stretch):
        return number(found), "", "stretch"
    if MEETS[compare](found, goal):
        return number(found), "", "met"
    return number(found), f"{found / goal:.2f}" if goal else "", "missed"


def missed(machine):
    """Each target that was missed there, with what was found."""
    for target in TARGETS:
        if machine.name in target.goals:
            found, _, verdict = judged(target, machine)
            if verdict == "missed":
                yield target, found


def write_targets(rows, file):
    machines = [Machine(name, rows) for name in (DEBIAN, INTEL, AMD, VIRTIO, ARM)]
    row = "{:<4} {:<58} {:<13} {:>9} {:>8} {:>8} {:>8}  {}"
    print(row.format("", "WHAT", "MACHINE", "TARGET", "STRETCH", "FOUND", "OF IT", "VERDICT").rstrip(), file=file)
    total = collections.Counter()
    for target in TARGETS:
        for machine in machines:
            if machine.name not in target.goals:
                continue
            compare, goal, stretch = target.goals[machine.name]
            found, share, verdict = judged(target, machine)
            total[verdict] += 1
            print(row.format(target.name, target.what, machine.name, f"{compare} {number(goal)}",
                             "" if stretch is None else number(stretch), found, share, verdict), file=file)
    print(f"\n{total['stretch'] + total['met']} met, {total['stretch']} of them by the stretch goal, too; "
          f"{total['missed']} missed; {total['not measured']} not measured here. "
          "Each line again: userspace/vm/bench --machines MACHINE", file=file)
