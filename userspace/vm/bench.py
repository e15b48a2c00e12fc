#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""What the machines of the benchmark said, put together.

    bench.py merge CELL MATRIX OUTPUT TRACE COMMIT   one machine's documents, as one
    bench.py known FILE MATRIX COMMIT           succeeds if that is in the file already
    bench.py report FOLDER CELL...              all machines' there, as tables, CSV and targets
    bench.py same FILE FILE                     says which medians differ
    bench.py nothing FILE                       says what an unchanged transfer did
    bench.py budget FILE BUDGETS                says what costs more than it may

A machine prints a JSON document for each run of dmabay-bench, and one for each other program, which
has no jobs. QEMU's trace says what its IOMMU was
told to forget, and shows the marks of each count (userspace/cli/mark.h), whose number is in the job.
"""
import collections
import json
import re
import sys

import bench_results
import bench_targets

# What a line of the trace counts as, in each IOMMU's words.
WORDS = {
    "vtd_inv_desc_iotlb_pages": "flushes",
    "vtd_inv_desc_iotlb_domain": "domain flushes",
    "vtd_inv_desc_iotlb_global": "global flushes",
    "amdvi_pages_inval": "flushes",
    "amdvi_all_inval": "global flushes",
    "SMMU_CMD_SYNC": "flushes",
    "SMMU_CMD_TLBI_NH_VA": "range commands",
    "SMMU_CMD_TLBI_NH_ASID": "domain commands",
    "virtio_iommu_map": "map requests",
    "virtio_iommu_unmap": "flushes",
    "virtio_queue_notify": "kicks",
}
# What a cost may be of its budget. A new build of the kernel moves it by little.
BUDGET_MOST, BUDGET_LEAST = 1.04, 0.9
# See userspace/cli/mark.h.
MARK = re.compile(r"pci_cfg_read pci-testdev .*@0x(?:e(?P<digit>[0-9a-f])|(?P<begin>f0)|(?P<end>f1)) ->")


def documents(path):
    """Name and document of each run."""
    name, lines = None, []
    for line in open(path, encoding="utf-8", errors="replace"):
        if line.startswith("bench: "):  # its progress
            continue
        if line.startswith("BENCH-BEGIN "):
            name, lines = line.split()[1], []
        elif line.startswith("BENCH-END") and name:
            yield name, json.loads("".join(lines))
            name = None
        elif name:
            lines.append(line)


def counts(path):
    """Of each run, what was counted between each two marks, by the number of the first one."""
    runs, digits, inside = [], "", None
    for line in open(path, encoding="utf-8", errors="replace"):
        mark = MARK.search(line)
        if mark and mark["digit"]:
            digits += mark["digit"]
        elif mark and mark["begin"]:
            number, digits = int(digits, 16), ""
            if number == 1:
                runs.append({})
            inside = runs[-1].setdefault(number, collections.Counter())
        elif mark:
            inside = None
        elif inside is not None:
            word = next((word for word in re.split(r"[\s@:]+", line) if word in WORDS), None)
            if word:
                inside[WORDS[word]] += 1
    return runs


def flushes_seen(job):
    return sum(number for word, number in job["iommu saw"].items() if "flushes" in word)


def merge(cell, matrix, output, trace, commit):
    """All runs of a machine in a list of rows, each with what the IOMMU saw; and what others say."""
    runs, rows, system = counts(trace), [], {}
    named, others = [], {}
    for name, document in documents(output):
        if "jobs" in document:
            named.append((name, document))
        else:
            others[name] = document
    if len(named) != len(runs):
        sys.exit(f"bench: {cell}: {len(named)} runs, but {len(runs)} were seen in the trace")
    for (name, document), seen in zip(named, runs):
        system = {key: document[key] for key in ("kernel", "machine", "compiler", "dmabay version")}
        for job in document["jobs"]:
            transfers = job["counted"] * job["job options"]["batch"]
            job["iommu saw"] = {word: round(number / transfers, 4)
                                for word, number in sorted(seen.pop(job["mark"]).items())}
            job["run"] = name
            job["provider"], job["iommu"] = document["provider"], document["iommu"]
            told, saw = job["events"]["flushes"], flushes_seen(job)
            # A lazy domain's are a timer's, who may come at any moment.
            exact = document["iommu"] == "strict" and document["sources"]["flushes"].startswith("intel")
            if exact and abs(told - saw) > 0.001:
                sys.exit(f"bench: {cell}: {name}: {job['jobname']}: the kernel told of {told} flushes "
                         f"a transfer, and its IOMMU of {saw}")
            rows.append(job)
        if seen:
            sys.exit(f"bench: {cell}: {name}: marks in the trace that no job has: {list(seen)}")
    json.dump({"cell": cell, "matrix": matrix, "commit": commit, **system, "jobs": rows, "others": others}, sys.stdout, indent=1)
    print()


def known(path, matrix, commit):
    """What was measured of changes that nobody has committed may have been of others."""
    try:
        with open(path, encoding="utf-8") as file:
            cell = json.load(file)
    except FileNotFoundError:
        sys.exit(1)
    if (cell.get("matrix"), cell["commit"]) != (matrix, commit) or commit.endswith("-dirty") or commit == "unknown":
        sys.exit(1)


def report(folder, *names):
    """Of all machines in that folder: tables, CSV, and what became of the targets; those are printed."""
    cells, rows = bench_results.load([f"{folder}/{name}.json" for name in names])
    with open(f"{folder}/results.csv", "w", encoding="utf-8") as file:
        bench_results.write_csv(rows, file)
    with open(f"{folder}/table.txt", "w", encoding="utf-8") as file:
        bench_results.write_table(rows, file)
    with open(f"{folder}/summary.txt", "w", encoding="utf-8") as file:
        bench_results.write_summary(rows, file)
        print(file=file)
        bench_results.write_others(cells, file)
    with open(f"{folder}/slower.txt", "w", encoding="utf-8") as file:
        bench_results.write_slower(rows, file)
    with open(f"{folder}/targets.txt", "w", encoding="utf-8") as file:
        bench_targets.write_targets(rows, file)
    for name in ("summary", "slower", "targets"):
        with open(f"{folder}/{name}.txt", encoding="utf-8") as file:
            print(file.read())


def key_of(row):
    return row["run"], row["arm"], row["size"], row["batch"]


def same(*paths):
    one, other = ({key_of(row): row["p50"] for row in bench_results.load([path])[1]} for path in paths)
    for key in sorted(one.keys() | other.keys()):
        if one.get(key) != other.get(key):
            print(*key, one.get(key), other.get(key))


def budgets(path):
    """What the lines of that file allow: machine, run, arm, size, batch, instructions."""
    with open(path, encoding="utf-8") as file:
        for words in map(str.split, file):
            if words and not words[0].startswith("#"):
                yield (*words[:3], bench_results.size_of(words[3]), int(words[4])), int(words[5])


def budget(path, allowed):
    """Says which medians are above what that file allows, or so far below that it is to be lowered."""
    rows = bench_results.load([path])[1]
    costs = {(row["cell"], *key_of(row)): row["p50"] for row in rows}
    for key, most in budgets(allowed):
        cost = costs.get(key)
        if cost is None:
            print(*key, "was not measured")
        elif not most * BUDGET_LEAST <= cost <= most * BUDGET_MOST:
            print(*key, f"costs {cost:.0f}, and its budget is {most}")


def nothing(path):
    rows = [row for row in bench_results.load([path])[1] if row["arm"].startswith("unchanged")]
    if not rows:
        print("nothing was measured")
    for row in rows:
        if any(row[name] for name in ("maps", "unmaps", "flushes", "iommu_flushes", "pins", "allocations")):
            print(row)


COMMANDS = {"budget": budget, "merge": merge, "known": known, "report": report, "same": same, "nothing": nothing}

if __name__ == "__main__":
    COMMANDS[sys.argv[1]](*sys.argv[2:])
