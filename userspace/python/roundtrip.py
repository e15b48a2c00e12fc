#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Numbers to a device and back, and whether they are the same.

    roundtrip.py [NODE]

An array here; a numpy array, an mmap or a bytearray go the same way.
"""
import array
import sys

import dmabay


def main(path=None):
    there = array.array("d", (number / 7 for number in range(8192)))
    back = bytearray(there.itemsize * len(there))
    with dmabay.Bay(path) as bay:
        registers = min(17, bay.info().map_registers)  # 64 KiB, wherever they begin
        with bay.register(there, dmabay.REGISTER_READ_ONLY) as source, \
                bay.register(back) as target, bay.reserve(registers, 4) as reservation:
            reservation.copy(source, dmabay.TO_DEVICE, chunk=16384)
            reservation.copy(target, dmabay.FROM_DEVICE, chunk=16384)
    same = memoryview(there).cast("B") == back
    print(f"{len(back)} bytes through {bay.path}:", "the same" if same else "not the same")
    return 0 if same else 1


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:2]))
    except OSError as error:
        sys.exit(f"roundtrip: {error}")
