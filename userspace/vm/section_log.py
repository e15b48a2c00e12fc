# SPDX-License-Identifier: GPL-2.0-only
"""What userspace/vm/profile.c writes of all sections: which they are, and what was done in each."""
import array
import dataclasses

import profile

REPEATED, STORE, ATOMIC = 1 << 62, 1 << 61, 1 << 60
HEADER = 4
WORDS_MAX = 1 << 19


def read_words(path):
    words = array.array("Q")
    with open(path, "rb") as file:
        words.frombytes(file.read())
    return words


@dataclasses.dataclass
class Section:
    run: int
    processor: int
    instructions: int
    words: array.array      # none of it if another one of the run has as many instructions

    def is_cut(self):
        return len(self.words) >= WORDS_MAX


def sections(words):
    at = 0
    while at < len(words):
        run, processor, instructions, count = words[at:at + HEADER]
        at += HEADER
        yield Section(run, processor, instructions, words[at:at + count])
        at += count


class Step:
    """An instruction, how often it was done, and the addresses that it stored to: (address, atomically)."""

    __slots__ = ("address", "function", "times", "stores")

    def __init__(self, address, function):
        self.address, self.function, self.times, self.stores = address, function, 1, []


class Functions(dict):
    """Where the function begins that an address is in."""

    def __init__(self, symbols):
        super().__init__()
        self.symbols = symbols

    def __missing__(self, address):
        self[address] = function = self.symbols.function(address)
        return function

    def name(self, address):
        return self.symbols.name(self[address])[0]

    def is_device(self, address):
        return self.symbols.name(self[address])[1] == profile.ENGINE


def steps(section, functions):
    """
    All of a section that is neither before what was timed, nor behind it, nor the device's. What that
    does around it counts, as in the benchmark; but a device would not store it to the kernel's memory.
    """
    for part in profile.sections(section.words, functions.symbols):
        step, words = None, iter(part)
        for word in words:
            if word in (STORE, ATOMIC):
                address = next(words)
                if step and not functions.is_device(step.address):
                    step.stores.append((address, word == ATOMIC))
            elif word & REPEATED and word < profile.KERNEL:
                if step:
                    step.times += word - REPEATED
            elif word:
                if step:
                    yield step
                step = Step(word, functions[word])
        if step:
            yield step
