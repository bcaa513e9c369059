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

__all__ = ["bits", "known", "words"]


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
    array = _memory(column)
    start = array.buffers[1] + 16 * array.offset
    return np.asarray(_Kept(array, start, "<i8", (array.length, 2)))


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
    array = _memory(column)
    first, inside = divmod(array.offset, 8)
    size = (inside + array.length + 7) // 8
    seen = np.asarray(_Kept(array, array.buffers[1] + first, "|u1", (size,)))
    if not inside:
        return seen
    rows = np.unpackbits(seen, bitorder="little")[inside : inside + column.len()]
    return np.packbits(rows, bitorder="little")


def known(column: pl.Series) -> NDArray[np.bool_]:
    """Which rows have a value, as a fresh array.

    >>> import polars as pl
    >>> known(pl.Series([7, None, 7])).tolist()
    [True, False, True]
    """
    rows, lacking = column.len(), column.null_count()
    if lacking in (0, rows):
        return np.full(rows, not lacking)
    array = _memory(column)
    first, inside = divmod(array.offset, 8)
    size = (inside + rows + 7) // 8
    seen = np.asarray(_Kept(array, array.buffers[0] + first, "|u1", (size,)))
    return np.unpackbits(seen, bitorder="little")[inside : inside + rows].view(np.bool_)


def _memory(column: pl.Series) -> _Array:
    capsule = column.rechunk().__arrow_c_stream__()
    stream = _Stream.from_address(_pointer(capsule, b"arrow_array_stream"))
    array = _Array()
    if stream.get_next(ctypes.addressof(stream), ctypes.addressof(array)):  # pragma: no cover
        message = "polars could not hand out a column"
        raise MemoryError(message)
    return array


class _Kept:
    """A buffer that lives until the last array that looks at it is gone."""

    def __init__(self, array: _Array, start: int, kind: str, shape: tuple[int, ...]) -> None:
        self._array = array
        self._address = ctypes.addressof(array)
        # What numpy asks for: an address, read-only.
        self.__array_interface__ = {
            "version": 3,
            "data": (start, True),
            "typestr": kind,
            "shape": shape,
        }

    def __del__(self) -> None:
        self._array.release(self._address)
