# SPDX-License-Identifier: GPL-2.0-only
"""What the benchmark found, as rows: one for each arm, size, batch and memory on each machine."""
import csv
import json

# What a row says, in the order of the CSV's columns.
COLUMNS = ("cell", "kernel", "machine", "iommu", "provider", "compiler", "commit", "run", "memory", "size", "batch",
           "arm", "min", "p50", "p99", "max", "map", "unmap", "maps", "unmaps", "flushes", "iommu_flushes",
           "iommu_domain_flushes", "iommu_ranges", "iommu_kicks", "pins", "syscalls", "allocations", "ranges", "crossover",
           "last_address")

EVENTS = ("maps", "unmaps", "flushes", "pins")
WORK = ("syscalls", "allocations", "ranges")


def size_text(size):
    for unit, shift in (("M", 20), ("K", 10)):
        if size >= 1 << shift and size % (1 << shift) == 0:
            return f"{size >> shift}{unit}"
    return str(size)


def size_of(text):
    unit = {"K": 10, "M": 20}.get(text[-1])
    return int(text[:-1]) << unit if unit else int(text)


def median(spread):
    return spread and spread["percentile"]["50.000000"]


def row_of(cell, job):
    options, ticks, saw = job["job options"], job["ticks"], job["iommu saw"]
    wide = saw.get("domain flushes", 0) + saw.get("global flushes", 0)
    row = {name: cell[name] for name in ("cell", "kernel", "machine", "compiler", "commit")}
    row.update(iommu=job["iommu"], provider=job["provider"], run=job["run"], memory=options["memory"],
               size=options["bs"], batch=options["batch"], arm=options["arm"],
               min=ticks["min"], p50=median(ticks), p99=ticks["percentile"]["99.000000"], max=ticks["max"],
               map=median(job.get("map_ticks")), unmap=median(job.get("unmap_ticks")),
               iommu_flushes=saw.get("flushes", 0) + wide,
               iommu_domain_flushes=wide + saw.get("domain commands", 0),
               iommu_ranges=saw.get("range commands", 0), iommu_kicks=saw.get("kicks", 0),
               crossover=job["crossover"], last_address=job.get("last_address"))
    row.update((name, job["events"].get(name)) for name in EVENTS)
    row.update((name, job.get("work", {}).get(name)) for name in WORK)
    return row


def load(paths):
    """The cells, and the rows of all."""
    cells, rows = {}, []
    for path in paths:
        with open(path, encoding="utf-8") as file:
            cell = json.load(file)
        cells[cell["cell"]] = cell
        rows += [row_of(cell, job) for job in cell["jobs"]]
    return cells, rows


def write_csv(rows, file):
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)


TEXT = ("cell", "kernel", "machine", "iommu", "provider", "compiler", "commit", "run", "memory", "arm", "last_address")


def read_csv(path):
    """The rows of such a file again."""
    with open(path, encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            yield {name: value if name in TEXT else None if value == "" else float(value)
                   for name, value in row.items()}


# Heading, width, and what stands there.
TABLE = (
    ("SIZE", 6, lambda row, base: size_text(row["size"])),
    ("BATCH", 5, lambda row, base: row["batch"]),
    ("ARM", -15, lambda row, base: row["arm"]),
    ("P50", 11, lambda row, base: f"{row['p50']:.0f}"),
    ("P99", 11, lambda row, base: f"{row['p99']:.0f}"),
    ("MAX", 11, lambda row, base: f"{row['max']:.0f}"),
    ("RATIO", 9, lambda row, base: f"{base['p50'] / row['p50']:.2f}"),
    ("MAPS", 8, lambda row, base: f"{row['maps']:.2f}"),
    ("UNMAPS", 7, lambda row, base: f"{row['unmaps']:.2f}"),
    ("FLUSHES", 7, lambda row, base: f"{row['iommu_flushes']:.2f}"),
    ("PINS", 8, lambda row, base: f"{row['pins']:.2f}"),
    ("SYSCALLS", 8, lambda row, base: "-" if row["syscalls"] is None else f"{row['syscalls']:.2f}"),
    ("ALLOCS", 8, lambda row, base: "-" if row["allocations"] is None else f"{row['allocations']:.2f}"),
)


def line(values):
    return " ".join(str(value).ljust(-width) if width < 0 else str(value).rjust(width)
                    for (_, width, _), value in zip(TABLE, values)).rstrip()


def write_table(rows, file):
    """Each group of arms that were measured by turns, with what the first one costs times theirs."""
    cell = group = None
    for row in rows:
        if (row["cell"], row["run"]) != cell:
            cell = row["cell"], row["run"]
            print(f"\n{row['cell']}, {row['run']}: Linux {row['kernel']} {row['machine']}, IOMMU {row['iommu']}, "
                  f"provider {row['provider']}, gcc {row['compiler']}, commit {row['commit']}\n\n"
                  f"{line(name for name, _, _ in TABLE)}", file=file)
        if (cell, row["size"], row["batch"]) != group:
            group, base = (cell, row["size"], row["batch"]), row
        print(line(value(row, base) for _, _, value in TABLE), file=file)


# The columns of the summary: what is compared, and where it was measured.
SUMMARY = (
    ("driver", "driver", ""), ("plain", "plain", ""), ("two-step", "two-step", ""),
    ("VFIO map", "vfio-map", "vfio-"), ("changed", "changed", ""), ("bounce", "changed", "bounce-"),
    ("unchanged", "unchanged", ""), ("by uring", "unchanged-ring", ""), ("VFIO", "vfio", "vfio-"),
)


def write_summary(rows, file, memory="scattered"):
    """What a transfer costs in each way, one line for each size, on each machine."""
    found = {(row["cell"], row["batch"], row["size"], row["run"], row["arm"]): row["p50"] for row in rows}
    for cell, batch in sorted({(row["cell"], row["batch"]) for row in rows}):
        print(f"\n{cell}, {memory} memory, {batch} at once: instructions of a transfer\n\n{'SIZE':>5}" +
              "".join(f"{name:>11}" for name, _, _ in SUMMARY), file=file)
        for size in sorted({key[2] for key in found if key[:2] == (cell, batch)}):
            costs = (found.get((cell, batch, size, run + memory, arm)) for _, arm, run in SUMMARY)
            print(f"{size_text(size):>5}" + "".join("          -" if cost is None else f"{cost:11.0f}" for cost in costs),
                  file=file)


# What may be sent in the place of what "plain" maps each time: other memory, and the same again.
OURS = {
    "changed": ("changed", "changed-ioctl", "changed-ring"),
    "unchanged": ("unchanged", "unchanged-ioctl", "unchanged-ring"),
}
MOST = 1.02

# Why it may cost more: the IOMMU, what is sent, at once or one at a time, and the words. The first that fits.
REASONS = (
    (("none", "passthrough"), None, 1, "plain maps by adding, in a call without queue, limits and completions; its pieces are a loop"),
    (("none", "passthrough"), None, None, "each piece is a call of the driver, and can be the last; plain's are a loop"),
    (("lazy",), "changed", None, "plain leaves its memory in the device's reach, and flushes later for many"),
    (("strict",), "changed", 1, "the flush is the same, and the call has a queue, limits and completions"),
    (("strict",), "changed", None, "the entries are the same, and the flush is a small part"),
)


def reason(row, kind):
    batch = min(row["batch"], 2)
    return next((words for iommus, what, most, words in REASONS
                 if row["iommu"] in iommus and what in (None, kind) and most in (None, batch)), "that is not known")


def slower_than_plain(rows):
    """Each row of "plain" that the best of ours is behind, with that one and what was sent."""
    costs = {(row["cell"], row["run"], row["size"], row["batch"], row["arm"]): row["p50"] for row in rows}
    for row in rows:
        if row["arm"] != "plain":
            continue
        for kind, arms in OURS.items():
            keys = [(row["cell"], row["run"], row["size"], row["batch"], arm) for arm in arms]
            best = min((costs[key], key[-1]) for key in keys if key in costs)
            if best[0] > MOST * row["p50"]:
                yield row, kind, best


def write_slower(rows, file):
    """Where the best of our ways costs more than what a driver pays that maps for each transfer, and why."""
    compared = sum(row["arm"] == "plain" for row in rows) * len(OURS)
    found = list(slower_than_plain(rows))
    print(f"slower than plain by more than {100 * (MOST - 1):.0f} %: {len(found)} of {compared}, "
          f"instructions of a transfer\n\n{'MACHINE':<13} {'MEMORY':<11}{'SIZE':>5}{'BATCH':>6}  {'SENT':<10}"
          f"{'PLAIN':>9}{'OURS':>9}{'MORE':>7}  WHY", file=file)
    for row, kind, (cost, _) in found:
        print(f"{row['cell']:<13} {row['memory']:<11}{size_text(row['size']):>5}{row['batch']:>6}  {kind:<10}"
              f"{row['p50']:9.0f}{cost:9.0f}{100 * (cost / row['p50'] - 1):+6.0f}%  {reason(row, kind)}", file=file)


def write_others(cells, file):
    """What the kernel's own benchmark says of map and unmap, beside "plain" of as many pages."""
    for cell in cells.values():
        plain = {job["job options"]["bs"] // 4096: median(job["map_ticks"]) + median(job["unmap_ticks"])
                 for job in cell["jobs"] if job["run"] == "scattered" and job["job options"]["arm"] == "plain"
                 and job["job options"]["batch"] == 1}
        for result in cell["others"].get("map-benchmark", {}).get("results", ()):
            own = result["map_ticks"] + result["unmap_ticks"]
            # Another call than ours maps one range.
            ours = result["mode"] == "sg" and plain.get(result["granule"])
            print(f"{cell['cell']}: dma_map_benchmark, {result['mode']}, {result['granule']} pages: map and unmap "
                  f"{own:.0f}" + (f"; ours, dma_map_sg: {ours:.0f}, {100 * (ours / own - 1):+.1f} %" if ours else ""),
                  file=file)
