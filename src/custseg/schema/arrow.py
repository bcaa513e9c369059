"""The memory of a column as it is, by the Arrow C stream interface.

polars keeps money in 128 bits and flags in one; numpy knows neither, and a cast would copy the
column. The interface (arrow.apache.org/docs/format/CStreamInterface.html) hands its buffer out.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

__all__ = ["bits", "known", "longs", "true", "words"]


_KNOWN, _VALUES = range(2)


class _Array(ctypes.Structure):
    """struct ArrowArray."""

    _fields_ = (
        ("length", ctypes.c_int64),
        ("null_count", ctypes.c_int64),
        ("offset", ctypes.c_int64),
        ("n_buffers", ctypes.c_int64),
        ("n_children", ctypes.c_int64),
        ("buffers", ctypes.POINTER(ctypes.c_void_p)),
        ("children", ctypes.c_void_p),
        ("dictionary", ctypes.c_void_p),
        ("release", ctypes.CFUNCTYPE(None, ctypes.c_void_p)),
        ("private_data", ctypes.c_void_p),
    )


class _Stream(ctypes.Structure):
    """struct ArrowArrayStream; its own release is the capsule's business."""

    _fields_ = (
        ("get_schema", ctypes.c_void_p),
        ("get_next", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)),
        ("get_last_error", ctypes.c_void_p),
        ("release", ctypes.c_void_p),
        ("private_data", ctypes.c_void_p),
    )


_pointer = ctypes.pythonapi.PyCapsule_GetPointer
_pointer.restype = ctypes.c_void_p
_pointer.argtypes = (ctypes.py_object, ctypes.c_char_p)


def words(column: pl.Series) -> NDArray[np.int64]:
    """The 128-bit values of a money column as two words each, not copied.

    Args:
        column: Decimal, without nulls; rows in several chunks are copied into one.

    Returns:
        int64[n, 2], read-only: the low word of an amount in 18 digits is the
        amount itself, the high word its sign.
    """
    if column.len() == 0:
        return np.empty((0, 2), np.int64)
    return _Memory(column).words(2)


def longs(column: pl.Series) -> NDArray[np.int64]:
    """The 64-bit values of a column, not copied; where it has none, whatever stands there.

    Args:
        column: Int64; rows in several chunks are copied into one.

    >>> import polars as pl
    >>> longs(pl.Series([7, None, 8]))[[0, 2]].tolist()
    [7, 8]
    """
    if column.len() == 0:
        return np.empty(0, np.int64)
    return _Memory(column).words(1)[:, 0]


def bits(column: pl.Series) -> NDArray[np.uint8]:
    """Eight rows a byte, the first one in the lowest bit; not copied where a byte begins.

    Args:
        column: Boolean, without nulls.

    Returns:
        uint8[ceil(n / 8)], read-only; bits after the last row mean nothing.

    >>> import polars as pl
    >>> bits(pl.Series([True, False, True]))[0] & 7
    np.uint8(5)
    """
    if column.len() == 0:
        return np.empty(0, np.uint8)
    memory = _Memory(column)
    seen, inside = memory.bits(_VALUES)
    return np.packbits(memory.flags(_VALUES), bitorder="little") if inside else seen


def known(column: pl.Series) -> NDArray[np.bool_]:
    """Which rows have a value, as a fresh array.

    >>> import polars as pl
    >>> known(pl.Series([7, None, 7])).tolist()
    [True, False, True]
    """
    rows, lacking = column.len(), column.null_count()
    if lacking in (0, rows):
        return np.full(rows, not lacking)
    return _Memory(column).flags(_KNOWN)


def true(column: pl.Series) -> NDArray[np.bool_]:
    """Which rows are true, as a fresh array; null is not.

    Args:
        column: Boolean.

    >>> import polars as pl
    >>> true(pl.Series([True, None, False])).tolist()
    [True, False, False]
    """
    if column.null_count() in (0, column.len()):
        return np.zeros(column.len(), np.bool_) if column.null_count() else column.to_numpy()
    memory = _Memory(column)
    return memory.flags(_KNOWN) & memory.flags(_VALUES)


class _Memory:
    """A column's buffers, which live until the last array that looks at them is gone."""

    def __init__(self, column: pl.Series) -> None:
        capsule = column.rechunk().__arrow_c_stream__()
        stream = _Stream.from_address(_pointer(capsule, b"arrow_array_stream"))
        self._array = _Array()
        self._address = ctypes.addressof(self._array)
        if stream.get_next(ctypes.addressof(stream), self._address):  # pragma: no cover
            message = "polars could not hand out a column"
            raise MemoryError(message)

    def words(self, each: int) -> NDArray[np.int64]:
        """Values of so many words each."""
        array = self._array
        start = array.buffers[_VALUES] + 8 * each * array.offset
        return np.asarray(_Seen(self, start, "<i8", (array.length, each)))

    def bits(self, buffer: int) -> tuple[NDArray[np.uint8], int]:
        """The bytes in which a buffer has its flags, and at which bit the first one stands."""
        array = self._array
        first, inside = divmod(array.offset, 8)
        size = (inside + array.length + 7) // 8
        return np.asarray(_Seen(self, array.buffers[buffer] + first, "|u1", (size,))), inside

    def flags(self, buffer: int) -> NDArray[np.bool_]:
        """The flags of a buffer."""
        seen, inside = self.bits(buffer)
        rows = np.unpackbits(seen, bitorder="little")[inside : inside + self._array.length]
        return rows.view(np.bool_)

    def __del__(self) -> None:
        if self._array.release:
            self._array.release(self._address)


class _Seen:
    """Some of that memory, as numpy asks for it: an address, read-only."""

    def __init__(self, memory: _Memory, start: int, kind: str, shape: tuple[int, ...]) -> None:
        self._memory = memory
        self.__array_interface__ = {
            "version": 3,
            "data": (start, True),
            "typestr": kind,
            "shape": shape,
        }
