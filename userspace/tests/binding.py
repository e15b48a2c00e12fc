# SPDX-License-Identifier: GPL-2.0-only
"""The Python binding on a node that has memory: binding.py CASE. Says why it failed."""
import array
import ctypes
import errno
import mmap
import os
import signal
import sys

import dmabay

LENGTH = 40000  # neither whole pages nor whole chunks


def fails(number, function, *arguments):
    """With this errno, in words."""
    try:
        function(*arguments)
    except OSError as error:
        assert error.errno == number, f"errno {error.errno}, not {number}"
        assert error.filename and len(error.strerror) > 20, str(error)
        return error.strerror
    raise AssertionError(f"succeeded, and not errno {number}")


def raises(kind, function, *arguments):
    try:
        function(*arguments)
    except kind:
        return
    raise AssertionError(f"no {kind.__name__}")


def objects():
    """Of every kind, whole and in part, arrive as they were."""
    for there in (bytearray(LENGTH), array.array("Q", bytes(LENGTH)), mmap.mmap(-1, LENGTH),
                  (ctypes.c_char * LENGTH)(), memoryview(bytearray(2 * LENGTH))[100:100 + LENGTH]):
        data = os.urandom(LENGTH)
        memoryview(there).cast("B")[:] = data
        back = bytearray(LENGTH + 10)
        with dmabay.Bay() as bay, bay.register(there) as source, bay.register(back) as target, \
                bay.reserve(4, 3) as reservation:
            reservation.copy(source, dmabay.TO_DEVICE, address=5000, chunk=4096)
            assert os.pread(bay.fileno(), LENGTH, 5000) == data, f"{type(there)} is elsewhere"
            reservation.copy(target, dmabay.FROM_DEVICE, LENGTH, 10, 5000, 8192)
        assert back == bytes(10) + data, f"{type(there)} came back as something else"


def read_only():
    """What Python may not write the device may not write."""
    data = os.urandom(LENGTH)
    back = bytearray(LENGTH)
    with dmabay.Bay() as bay, bay.reserve(4, 2) as reservation:
        raises(BufferError, bay.register, data)
        raises(BufferError, bay.once, data, dmabay.FROM_DEVICE)
        with bay.register(data, dmabay.REGISTER_READ_ONLY) as buffer:
            reservation.copy(buffer, dmabay.TO_DEVICE)
            fails(errno.EACCES, reservation.copy, buffer, dmabay.FROM_DEVICE)
        assert bay.once(back, dmabay.FROM_DEVICE) == LENGTH
    assert back == data


def memory_stays():
    """As long as the device can reach it, and no longer."""
    memory = bytearray(LENGTH)
    with dmabay.Bay() as bay:
        with bay.register(memory):
            raises(BufferError, memory.append, 1)
        memory.append(1)
        bay.register(memory)
        raises(BufferError, memory.append, 1)
    memory.append(1)


def errors():
    with dmabay.Bay() as bay, bay.register(bytearray(LENGTH)) as buffer, bay.reserve(4) as one:
        info = bay.info()
        assert 0 < info.map_registers_free == info.map_registers - 4
        wanted = info.map_registers + 1
        assert f"{wanted} wanted" in fails(errno.ENOSPC, bay.reserve, wanted), "which number?"
        fails(errno.ERANGE, one.copy, buffer, dmabay.TO_DEVICE, LENGTH, 1)
        fails(errno.ENOENT, one.copy, dmabay.Buffer(bay, 1000, 1), dmabay.TO_DEVICE)
        fails(errno.EAGAIN, bay.reserve, info.map_registers, 1, dmabay.RESERVE_IMMEDIATE)
        fails(errno.ENOENT, bay.cancel, dmabay.CANCEL_COOKIE, 0, 5)
    raises(ValueError, bay.info)
    fails(errno.ENOENT, dmabay.Bay, "/dev/dmabay999")


def transfers():
    """Their completions say which they are; they come once."""
    data = bytearray(os.urandom(4096 * 4))
    with dmabay.Bay() as bay, bay.register(data) as buffer, bay.reserve(4, 4) as reservation:
        wanted = [dmabay.Transfer(reservation.number, buffer.number, 4096 * i, 100 + i, 4096 * i,
                                  dmabay.TO_DEVICE, 0, 7 + i, 0) for i in range(4)]
        started, read = bay.submit(wanted, 5, 2, dmabay.deadline(10**11))
        assert started == 4
        while len(read) < 4:
            read += bay.wait()
        told = [(one.cookie, one.length, one.status, one.reservation) for one in read]
        assert told == [(7 + i, 100 + i, 0, reservation.number) for i in range(4)], told
        fails(errno.EAGAIN, bay.wait, 1, 0)
        fails(errno.ETIMEDOUT, bay.wait, 1, 1, dmabay.deadline(1000000))


def signals():
    """Are handled while a call waits, which goes on if the handler returns."""
    count = 0

    def ring(*_):
        nonlocal count
        count += 1
        if count == 3:
            raise KeyboardInterrupt

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.2, 0.2)
    with dmabay.Bay() as bay:
        raises(KeyboardInterrupt, bay.wait)
    signal.setitimer(signal.ITIMER_REAL, 0)  # an interpreter that ends handles no signals
    assert count >= 3


if __name__ == "__main__":
    globals()[sys.argv[1]]()
