# SPDX-License-Identifier: MIT
"""libdmabay for Python: whatever has the buffer protocol goes to a device and comes back.

    with dmabay.Bay() as bay, bay.register(memory) as buffer, bay.reserve(16, 4) as reservation:
        reservation.copy(buffer, dmabay.TO_DEVICE)

The manual is libdmabay(3): names, units and errors are the same, but that an error is an
OSError with its errno, whose text says what to do. A call that waits lets other threads run.
Not here: io_uring, dmabay_pipeline() and eventfds; counters, which are files in /sys/class/dmabay.
"""
import ctypes
import errno
import os
from ctypes import POINTER, byref, c_char, c_char_p, c_int, c_size_t, c_ssize_t, c_void_p, \
    c_int32 as s32, c_int64 as s64, c_uint32 as u32, c_uint64 as u64

(CMD_INFO, CMD_COUNTERS, CMD_REGISTER, CMD_UNREGISTER, CMD_RESERVE, CMD_FREE, CMD_SUBMIT,
 CMD_WAIT, CMD_ONCE, CMD_CANCEL, CMD_EVENTFD, CMD_IMPORT) = range(12)
CMD_OPEN = 0xFFFFFFFF
FROM_DEVICE, TO_DEVICE = 0, 1
REGISTER_READ_ONLY = IMPORT_READ_ONLY = 1
RESERVE_IMMEDIATE, RESERVE_STRICT = 1, 2
CANCEL_COOKIE, CANCEL_RESERVATION = 1, 2


def _struct(name, *fields):
    """Each field is a type and the names that have it."""
    listed = [(field, kind) for kind, names in fields for field in names.split()]
    return type(name, (ctypes.Structure,), {"_fields_": listed})


Info = _struct(
    "Info", (u32, "size flags provider iommu page_size map_registers map_registers_free waiters"),
    (u64, "max_length fragment_length device_memory"),
    (u32, "alignment max_buffers max_reservations max_depth max_batch group_devices"),
    (u64, "max_register_length"), (c_char * 32, "driver bus"))
Transfer = _struct(
    "Transfer", (u32, "reservation buffer"), (u64, "offset length device_address"),
    (u32, "direction flags"), (u64, "cookie deadline"))
Completion = _struct("Completion", (u64, "cookie length"), (s32, "status"), (u32, "reservation"))
Copy = _struct(
    "Copy", (u32, "reservation buffer"), (u64, "offset length device_address"),
    (u32, "direction depth"), (u64, "chunk"), (c_void_p, "progress context"))
_library = ctypes.CDLL("libdmabay.so.1")


def _function(name, result, *arguments):
    function = _library["dmabay_" + name]
    function.restype, function.argtypes = result, arguments
    return function


_open = _function("open", c_int, POINTER(c_void_p), c_char_p, c_int)
_close = _function("close", None, c_void_p)
_fd = _function("fd", c_int, c_void_p)
_path = _function("path", c_char_p, c_void_p)
_info = _function("info", c_int, c_void_p, POINTER(Info))
_register = _function("register", c_int, c_void_p, c_void_p, u64, u32, POINTER(u32))
_import = _function("import", c_int, c_void_p, c_int, u32, POINTER(u32), POINTER(u64))
_unregister = _function("unregister", c_int, c_void_p, u32)
_reserve = _function("reserve", c_int, c_void_p, u32, u32, u32, POINTER(u32))
_free = _function("free", c_int, c_void_p, u32)
_submit = _function("submit", c_int, c_void_p, POINTER(Transfer), u32, POINTER(Completion), u32,
                    u32, u64, POINTER(u32))
_wait = _function("wait", c_int, c_void_p, POINTER(Completion), u32, u32, u64)
_once = _function("once_until", s64, c_void_p, c_void_p, u64, u64, u32, u64)
_cancel = _function("cancel", c_int, c_void_p, u32, u32, u64, POINTER(u32))
_copy = _function("copy", c_int, c_void_p, POINTER(Copy))
_explain = _function("explain", c_char_p, c_char_p, c_size_t, u32, c_int, POINTER(Info), u64)
deadline = _function("deadline", u64, u64)
span_pages = _function("span_pages", u64, u64, u64)


def _error(result, command, path=None, info=None, wanted=0):
    text = ctypes.create_string_buffer(256)
    _explain(text, len(text), command, result, info, wanted)
    return OSError(-result, text.value.decode(), path)


class _View(ctypes.Structure):
    """Memory of an object, which stays where it is as long as this lives: a Py_buffer."""
    _fields_ = [("address", c_void_p), ("object", c_void_p), ("length", c_ssize_t),
                ("itemsize", c_ssize_t), ("readonly", c_int), ("ndim", c_int)] + [
                    (name, c_void_p) for name in "format shape strides suboffsets internal".split()]

    def __init__(self, memory, writable):
        super().__init__()
        ctypes.pythonapi.PyObject_GetBuffer(ctypes.py_object(memory), byref(self), int(writable))

    def __del__(self):
        ctypes.pythonapi.PyBuffer_Release(byref(self))


class _Owned:
    """What a with statement gives back at its end."""
    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Bay(_Owned):
    """An open node, the first one if there is no path."""
    def __init__(self, path=None, flags=os.O_RDWR):
        self.handle, self.views = c_void_p(), {}
        result = _open(byref(self.handle), path and os.fsencode(path), flags)
        if result:
            raise _error(result, CMD_OPEN, path)
        self.path = os.fsdecode(_path(self.handle))

    def close(self):
        _close(self.handle)
        self.handle = c_void_p()
        self.views.clear()

    def call(self, command, function, *arguments, wanted=0):
        if not self.handle:
            raise ValueError("the node is closed")
        while (result := function(self.handle, *arguments)) == -errno.EINTR:
            pass  # what handles the signal runs here, and may raise something
        if result >= 0:
            return result
        known = _info(self.handle, byref(info := Info())) == 0
        raise _error(result, command, self.path, byref(info) if known else None, wanted)

    def fileno(self):
        """For select and poll: whether a completion can be read."""
        return _fd(self.handle) if self.handle else -1

    def info(self):
        self.call(CMD_INFO, _info, byref(info := Info()))
        return info

    def register(self, memory, flags=0):
        """A Buffer of a bytearray, an mmap, an array ...; of bytes, if REGISTER_READ_ONLY."""
        view = _View(memory, not flags & REGISTER_READ_ONLY)
        self.call(CMD_REGISTER, _register, view.address, view.length, flags,
                  byref(number := u32()), wanted=view.length)
        self.views[number.value] = view
        return Buffer(self, number.value, view.length)

    def import_dmabuf(self, fd, flags=0):
        self.call(CMD_IMPORT, _import, fd, flags, byref(number := u32()), byref(length := u64()))
        return Buffer(self, number.value, length.value)

    def reserve(self, map_registers, depth=1, flags=0):
        self.call(CMD_RESERVE, _reserve, map_registers, depth, flags, byref(number := u32()),
                  wanted=map_registers)
        return Reservation(self, number.value, depth)

    def submit(self, transfers, capacity=0, min_complete=0, until=0):
        """How many were started, and a list of completions."""
        array, read = (Transfer * len(transfers))(*transfers), (Completion * capacity)()
        started = self.call(CMD_SUBMIT, _submit, array, len(array), read, capacity, min_complete,
                            until, byref(count := u32()), wanted=len(array))
        return started, read[:count.value]

    def wait(self, capacity=32, min_complete=1, until=0):
        read = (Completion * capacity)()
        return read[:self.call(CMD_WAIT, _wait, read, capacity, min_complete, until)]

    def once(self, memory, direction, address=0, until=0):
        """Bytes moved between all of the memory and the device, without a reservation."""
        view = _View(memory, direction == FROM_DEVICE)
        return self.call(CMD_ONCE, _once, view.address, view.length, address, direction, until)

    def cancel(self, flags=0, reservation=0, cookie=0):
        """How many had not started, and how many are yet to end."""
        return self.call(CMD_CANCEL, _cancel, flags, reservation, cookie,
                         byref(running := u32())), running.value


class Buffer(_Owned):
    """Memory that the device can reach. The object it belongs to cannot be resized meanwhile."""
    def __init__(self, bay, number, length):
        self.bay, self.number, self.length = bay, number, length

    def close(self):
        if self.bay.handle:
            self.bay.call(CMD_UNREGISTER, _unregister, self.number)
            self.bay.views.pop(self.number, None)


class Reservation(_Owned):
    """Map registers, and slots for transfers."""
    def __init__(self, bay, number, depth):
        self.bay, self.number, self.depth = bay, number, depth

    def close(self):
        if self.bay.handle:
            self.bay.call(CMD_FREE, _free, self.number)

    def copy(self, buffer, direction, length=None, offset=0, address=0, chunk=256 << 10):
        """Of the buffer, from offset on, to or from an address of the device; all by default."""
        length = buffer.length - offset if length is None else length
        copy = Copy(self.number, buffer.number, offset, length, address, direction, self.depth,
                    chunk)
        self.bay.call(CMD_SUBMIT, _copy, byref(copy), wanted=length)
