"""Ids as rows of a table, in whatever way is fastest."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import field, frozen

from custseg.schema.bridge import array, read_only
from custseg.threads import in_threads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

__all__ = ["Coding"]

# Ids of the range for each row: a bitmap of more takes longer than a hash table.
_SPARSEST = 64
# Rows for each id of the range: with as many, nearly every id occurs.
_DENSEST = 8
# A range that is not worth a bitmap.
_NARROW = 1024
# A range is full when one id in so many occurs: a table over all of it is better.
_FULL = 2
# Ids compared at once with the id they are taken for.
_COMPARED = 1_000_000

_NO_WORDS = read_only(np.zeros(0, np.uint64))
_NO_RANKS = read_only(np.zeros(0, np.int64))


@frozen(eq=False)
class Coding:
    """How ids become rows of a table.

    Attributes:
        numbers: The number of each row of the log: the id itself, or a hash's.
        lowest: The smallest number; row 0 without a bitmap.
        rows: Rows of the table.
        words: Bitmap of the numbers that occur, or nothing: then each number
            has a row, whether it occurs or not.
        ranks: Numbers that occur before each word.
        names: The id of each number, unless it is the id itself.
    """

    numbers: Ints
    lowest: int
    rows: int
    words: NDArray[np.uint64] = field(default=_NO_WORDS)
    ranks: Ints = field(default=_NO_RANKS)
    names: pl.Series | None = None

    @classmethod
    def of(cls, ids: pl.Series, parts: Sequence[slice], /) -> Coding | None:
        """The coding of a log's ids; None when two of them have the same hash.

        Args:
            ids: One id at least, none null.
            parts: The rows that each thread looks at.
        """
        ranged = _in_range(array(ids), parts) if ids.dtype.is_integer() else None
        return _numbered(ids) if ranged is None else ranged

    def kept(self, some: NDArray[np.bool_], /) -> tuple[pl.Series, Ints]:
        """The ids of some rows of the table, ascending, and these rows in that order."""
        kept = np.flatnonzero(some)
        if self.names is not None:
            ids = self.names[pl.Series(kept.astype(np.uint32))]
            if kept.size < 2:  # noqa: PLR2004 - nothing to sort, and the engine takes 100 us to begin
                return ids, read_only(kept)
            ranked = ids.arg_sort()
            return ids[ranked], read_only(kept[ranked.to_numpy()])
        if self.words.size == 0:
            return pl.Series(kept + self.lowest), read_only(kept)
        from custseg._kernels.fold import places  # numba is loaded when it is needed

        return pl.Series(places(self.words, self.rows)[kept] + self.lowest), read_only(kept)


def _in_range(numbers: Ints, parts: Sequence[slice]) -> Coding | None:
    """Whole-number ids as rows: directly, or by their rank in a bitmap of the range.

    A table over a sparse range would miss the cache at each row; a bitmap of
    it fits, and so does the table over the ids that occur. None when the
    range is too wide for a bitmap.
    """
    ends = in_threads(lambda part: (numbers[part].min(), numbers[part].max()), parts)
    lowest = int(min(low for low, _ in ends))
    size = int(max(high for _, high in ends)) - lowest + 1
    if size > _SPARSEST * numbers.size + 4096:
        return None
    direct = Coding(numbers, lowest, size)
    if size <= max(numbers.size // _DENSEST, _NARROW):
        return direct
    from custseg._kernels.fold import mark  # numba is loaded when it is needed

    bitmap = reduce(
        np.bitwise_or, in_threads(lambda part: mark(numbers[part], lowest, size), parts)
    )
    counts = np.bitwise_count(bitmap).astype(np.int64)
    customers = int(counts.sum())
    if customers * _FULL >= size:
        return direct
    ranks = read_only(np.cumsum(counts) - counts)
    return Coding(numbers, lowest, customers, read_only(bitmap), ranks)


def _numbered(ids: pl.Series) -> Coding | None:
    """Any ids numbered by their hashes; None when two ids have the same hash."""
    from custseg._kernels.fold import number  # numba is loaded when it is needed

    numbers, firsts = number(read_only(_hashes(ids).to_numpy()))
    names = ids.gather(firsts)
    for at in range(0, ids.len(), _COMPARED):
        taken_for = names.gather(numbers[at : at + _COMPARED])
        if not (ids.slice(at, _COMPARED) == taken_for).all():
            return None
    return Coding(read_only(numbers), 0, names.len(), names=names)


def _hashes(ids: pl.Series) -> pl.Series:
    return ids.hash()
