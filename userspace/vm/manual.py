#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The commands of the documents, for a test that runs them and compares.

Documents are README.md, every .rst, and the manual pages. A block is what they show as it is:
fenced by ```, indented after "::", in .Bd -literal, or a run of .Dl. A line of it that begins
with "$ " (a user) or "# " (root) is a command, which goes on as long as a shell wants more of it;
the lines below it are what it prints. Before the block is its mark,

    <!-- run: WHERE --> in .md,    .. run: WHERE in .rst,    .\\" run: WHERE in a manual page

and WHERE is one of
    guest [with FILE...]  the test machine, with these files of the checkout in an empty folder
    host                  this machine, at the top of a clean checkout
    debian                a Debian machine that has the packages
    by SUITE              that suite of "make check" runs them
    never: REASON         nobody does
Behind the first four, "numbers": any number is as good. "..." is any lines where it is a line, any
text within one. White space counts as one blank, empty lines not at all. With nothing below it,
what a command prints is not compared. It has to succeed, unless the last line below is "(exit N)".
".. from: FILE" marks lines that stand in that file, in this order.

    manual.py write FOLDER [DOCUMENT...]      into FOLDER/WHERE/N: the commands of document N, a
                                              file for each, and what it asks for in "with"
    manual.py judge FILE WHERE [DOCUMENT...]  prints TAP; FILE is what "steps" printed of WHERE, or,
                                              if that is -, of all but debian
    manual.py by SUITE FILE                   prints TAP; FILE is what that suite printed
"""
import glob
import itertools
import os
import re
import subprocess
import sys

TOP = os.path.abspath(os.path.join(os.path.dirname(__file__), "../.."))
PATTERNS = ("README.md", "[!.]*/*.rst", "*/[!b]*/**/*.rst", "userspace/man/*.[1-9]")
PROMPT = re.compile(r"[$#] \S")
# A command that lacks its prompt would be run by nobody.
BARE = re.compile(r"(sudo|make|dmabay|insmod|modprobe|rmmod|apt|dd|cmp|git|mokutil) ")
NUMBER = r"(?:0x[0-9a-f]+|\d+(?:\.\d+)*)"
RUNNING = ("guest", "host", "debian")


def text(path):
    """The lines of a file; none, if it is not there."""
    path = os.path.join(TOP, path)
    path = path if os.path.isfile(path) else os.devnull
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read().expandtabs().split("\n")


class Block:
    def __init__(self, document, number, line, mark, language, lines):
        self.document, self.number, self.line, self.lines = document, number, line, lines
        self.kind, words = (mark[1], mark[2].split()) if mark else ("", [])
        self.where, self.detail = [word.rstrip(":") for word in words + ["", ""]][:2]
        self.numbers = "numbers" in words
        self.files = [word for word in words[2:] if self.detail == "with" and word != "numbers"]
        shell = language in ("", "sh", "console") or self.kind == "run"
        self.steps = [(f"{document}:{line}.{number}", *step)
                      for number, step in enumerate(steps(lines), 1) if shell]
        self.bare = shell and not self.steps and any(BARE.match(line) for line in lines)

    def __str__(self):
        what = self.steps[0][1] if self.steps else f"{self.kind} {self.where} {self.detail}"
        return f"{self.document}:{self.line} " + re.split(" #|\n", what)[0].strip()


def unfinished(command):
    """Whether a shell waits for more of it."""
    said = subprocess.run(["env", "LC_ALL=C", "bash", "-n"], input=command, text=True, check=False,
                          stderr=subprocess.PIPE).stderr
    return command.endswith("\\\n") or re.search("unexpected (end|EOF)|delimited by end-of", said)


def steps(lines):
    """Of a block: each command, and the lines below it."""
    lines = list(lines)
    while lines:
        line = lines.pop(0)
        if not PROMPT.match(line):
            continue
        command = line[2:] + "\n"
        while lines and unfinished(command):
            command += lines.pop(0) + "\n"
        yield command, list(itertools.takewhile(lambda one: not PROMPT.match(one), lines))


# Of each block: the line that the mark stands above, the language, and the lines.
def fenced(lines):
    fences = [at for at, line in enumerate(lines) if line.startswith("```")]
    for begin, end in zip(fences[::2], fences[1::2]):
        yield begin, lines[begin][3:].strip(), lines[begin + 1:end]


def indented(lines):
    for at, line in enumerate(lines):
        directive = re.match(r" *\.\. code-block:: *(\w*)$", line)
        if not directive and (not line.endswith("::") or line.lstrip().startswith("..")):
            continue
        margin, body = len(line) - len(line.lstrip()), []
        for following in lines[at + 1:]:
            if following.strip() and len(following) - len(following.lstrip()) <= margin:
                break
            body.append(following)
        while not directive and at and lines[at - 1].strip():
            at -= 1  # the paragraph that ends in "::"
        left = min((len(one) - len(one.lstrip()) for one in body if one.strip()), default=0)
        yield at, directive[1] if directive else "", [one[left:] for one in body]


def displayed(lines):
    signs = {"-": "-", "e": "\\", "&": "", "(aq": "'", "(dq": '"'}
    lines = [re.sub(r"\\([-e&]|\([ad]q)", lambda one: signs[one[1]], line) for line in lines]
    for at, line in enumerate(lines):
        body = []
        if line.startswith(".Bd -literal"):
            body = lines[at + 1:lines.index(".Ed", at)]
        elif line.startswith(".Dl ") and not lines[at - 1].startswith(".Dl "):
            while lines[at + len(body)].startswith(".Dl "):
                body.append(lines[at + len(body)][4:])
        yield at, "" if any(PROMPT.match(one) for one in body) else "c", body


KINDS = {".md": (fenced, re.compile(r"<!-- (run|from): (.*) -->$")),
         ".rst": (indented, re.compile(r" *\.\. (run|from): (.*)$")),
         "": (displayed, re.compile(r'\.\\" (run|from): (.*)$'))}


def read(document, number):
    """The blocks of a document that have a mark, or need one."""
    lines = text(document)
    find, mark = KINDS.get(os.path.splitext(document)[1], KINDS[""])
    marks = [at for at, line in enumerate(lines) if mark.match(line)]
    for begin, language, body in find(lines):
        above = begin - 1
        while above > 0 and not lines[above].strip():
            above -= 1
        marks = [at for at in marks if at != above]
        block = Block(document, number, begin + 1, mark.match(lines[above]), language, body)
        if block.kind or block.steps or block.bare:
            yield block
    yield from (Block(document, number, at + 1, mark.match(lines[at]), "", []) for at in marks)


def blocks(documents):
    found = documents or sorted({path for pattern in PATTERNS
                                 for path in glob.glob(pattern, root_dir=TOP, recursive=True)})
    return [block for number, document in enumerate(found) for block in read(document, number)]


def indent(lines):
    return ["    " + line for line in lines[:60]]


def differs(wanted, got, numbers):
    """What is wrong with an output, if anything."""
    wanted, got = ([" ".join(line.split()) for line in lines if line.strip()]
                   for lines in (wanted, got))
    ends = {0}  # up to where the output can be what the text has said so far
    for line in wanted:
        if line == "...":
            ends = set(range(min(ends, default=len(got) + 1), len(got) + 1))
        else:
            parts = re.split(NUMBER if numbers else "(?!)", line)
            like = re.compile(NUMBER.join(re.escape(part).replace(r"\.\.\.", ".*") for part in parts))
            ends = {end + 1 for end in ends if end < len(got) and like.fullmatch(got[end])}
    if not wanted or len(got) in ends:
        return []
    return ["the text:", *indent(wanted), "it printed:", *indent(got)]


def judge_steps(block, outputs):
    for name, command, wanted in block.steps:
        got, status = outputs.get(name, ([], "none: it was not run"))
        ends = re.fullmatch(r"\(exit (\d+)\)", wanted[-1].strip()) if wanted else None
        wrong = differs(wanted[:-1] if ends else wanted, got, block.numbers)
        if status != (int(ends[1]) if ends else 0):
            wrong = [f"exit {status}", *(wrong or indent(got))]
        if wrong:
            yield from [command.strip(), *wrong]


def judge_from(block):
    there = iter([line.split() for line in text(block.where)])
    return [f"not in {block.where}, or not here: {line}" for line in block.lines
            if line.strip() not in ("", "...") and line.split() not in there]


def judge(block, outputs):
    """What is wrong with a block, if anything."""
    if not block.kind or block.kind == "run" and not (block.steps or block.where == "by"):
        return ["commands without a mark" if block.steps else "no command begins with a prompt"]
    if block.where == "never":
        return [] if block.detail else ["never needs a reason"]
    if block.where == "by":
        suites = re.findall(r"(\S+) +(?:alone|beside) ", "\n".join(text("userspace/vm/check")))
        return [] if block.detail in suites else ["there is no such suite"]
    if block.kind == "from":
        return judge_from(block)
    if block.where not in RUNNING:
        return ["there is no such place"]
    return list(judge_steps(block, outputs))


def tell(judged):
    for number, (block, wrong) in enumerate(judged, 1):
        for line in wrong:
            print("#", line)
        print("not ok" if wrong else "ok", number, block,
              "# SKIP never" if block.where == "never" and not wrong else "")


def outputs_of(path):
    """What each step printed, and its status."""
    step = re.compile(r"^@step (.*)\n((?:(?!@step ).*\n)*?)@exit (\d+)$", re.MULTILINE)
    return {name: (lines.split("\n"), int(status))
            for name, lines, status in step.findall("\n".join(text(path)))}


def write(folder, *documents):
    for block in blocks(documents):
        if block.kind != "run" or block.where not in RUNNING:
            continue
        into = os.path.join(folder, block.where, f"{block.number:03}")
        os.makedirs(into, exist_ok=True)
        for step, (name, command, _) in enumerate(block.steps):
            with open(f"{into}/{block.line:05}.{step:02}", "w", encoding="utf-8") as file:
                file.write(f"# {name}\n{command}")
        with open(f"{into}/with", "a", encoding="utf-8") as file:
            file.writelines(name + "\n" for name in block.files)


def judge_all(path, where, *documents):
    outputs = outputs_of(path)
    tell((block, judge(block, outputs)) for block in blocks(documents)
         if block.where == where or (where == "-" and block.where != "debian"))


def by(suite, path):
    tell((block, differs(["...", *block.lines, "..."], text(path), block.numbers))
         for block in blocks(()) if (block.where, block.detail) == ("by", suite))


if __name__ == "__main__":
    {"write": write, "judge": judge_all, "by": by}[sys.argv[1]](*sys.argv[2:])
