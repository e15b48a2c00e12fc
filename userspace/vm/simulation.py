# SPDX-License-Identifier: GPL-2.0-only
"""A simulation of processors that repeat the same segments of work, side by side.

A segment is what a processor does by itself ("own"), with a lock ("lock"), or by writing to a line
of memory that others write to ("line"): how many instructions that is, how many flushes of an IOMMU
it waits for meanwhile, and, of the latter two, of what it is, and how many lines of memory come from
the processor that had them before. Whoever wants one gets it in the order in which they came.
Nothing depends on the machine that simulates, nor on chance.
"""
import collections
import heapq
import random

# What hardware takes, in nanoseconds. An empty system call, 648 instructions here, is taken for 0.15 us
# (450 cycles of 3 GHz). A flush: what is left of what mapping costs a read of an NVMe drive in strict
# mode, if the rest is taken away (from figures of Anuj Gupta, linux-nvme, 24 November 2025). A line of
# memory, from one core to another one of the same chip: the median of a Xeon Platinum 8375C (nviennot,
# core-to-core-latency).
RATE = 648 / 150        # instructions a nanosecond
FLUSH = 1200.0
LINE = 51.0

PROCESSORS = (1, 2, 3, 4, 6, 8, 12, 16, 20, 24, 32, 48, 64)
# Of each processor: batches until it is warm, and then.
WARM, BATCHES = 20, 200
# No two batches are the same: what a processor does by itself differs by so much, either way.
JITTER = 0.25
SEED = 1


class Resource:
    """What one processor has at a time. They get it in the order in which they came."""

    def __init__(self):
        self.free_at, self.last = 0.0, None

    def take(self, now, processor, hold, lines):
        """Until when. What another one had before comes from there, line by line."""
        if self.last not in (None, processor):
            hold += lines * LINE
        self.last = processor
        self.free_at = max(now, self.free_at) + hold
        return self.free_at


def simulate(segments, processors, seed=SEED):
    """Batches in a nanosecond, of all processors together."""
    chance = random.Random(seed)
    resources = collections.defaultdict(Resource)
    events = [(0.0, processor, 0) for processor in range(processors)]
    done, begun = 0, None
    while done < (WARM + BATCHES) * processors:
        now, processor, at = heapq.heappop(events)
        # It comes here when the segment before has ended.
        if at == len(segments):
            at = 0
            done += 1
            if done == WARM * processors:
                begun = now
        segment = segments[at]
        time = segment["instructions"] / RATE + segment.get("flushes", 0) * FLUSH
        if segment["kind"] == "own":
            time *= chance.uniform(1 - JITTER, 1 + JITTER)
            heapq.heappush(events, (now + time, processor, at + 1))
        else:
            end = resources[segment["of"]].take(now, processor, time, segment["lines"])
            heapq.heappush(events, (end, processor, at + 1))
    return BATCHES * processors / (now - begun)


def check():
    """Cases that have an answer of their own: says what is wrong."""
    def own(nanoseconds):
        return {"kind": "own", "instructions": nanoseconds * RATE}

    def lock(nanoseconds, name="lock", lines=0):
        return {"kind": "lock", "of": name, "instructions": nanoseconds * RATE, "lines": lines}

    def expect(what, found, wanted, within=0.01):
        if abs(found - wanted) > within * wanted:
            print(f"{what}: {found}, not {wanted}")

    expect("one processor", simulate([own(300), lock(100)], 1), 1 / 400)
    expect("nothing that is shared", simulate([own(500)], 64), 64 / 500)
    expect("a lock that is always held", simulate([own(300), lock(100)], 32), 1 / 100)
    expect("a lock that comes from elsewhere", simulate([own(300), lock(100, lines=2)], 32), 1 / (100 + 2 * LINE))
    expect("a line that one processor has for itself", simulate([own(300), lock(0, lines=1)], 1), 1 / 300)
    expect("the longer one of two locks", simulate([lock(50, "a"), own(10), lock(200, "b")], 16), 1 / 200)
    expect("a flush in a lock", simulate([own(100), lock(100) | {"flushes": 1}], 16), 1 / (100 + FLUSH))
    if not simulate([own(300), lock(100)], 4) <= 1 / 100 <= simulate([own(300), lock(90)], 16):
        print("no more than one at a time has a lock")
    if simulate([own(300), lock(100)], 5) != simulate([own(300), lock(100)], 5):
        print("two simulations of the same differ")
