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

__all__ = ["Coding", "rows_of"]

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
        ranged = _in_range(ids, parts)
        return _numbered(ids) if ranged is None else ranged

    @classmethod
    def ascending(cls, ids: pl.Series, parts: Sequence[slice], /, *, others: pl.Series) -> Coding:
        """The coding of a log's ids, and of others, in which rows ascend with ids.

        Args:
            ids: Any number of ids, none null.
            parts: The rows that each thread looks at.
            others: Ids that have a row too, whether they are the log's or not.
        """
        ranged = _in_range(ids, parts, others)
        return _ranked(ids, others) if ranged is None else ranged

    @property
    def ids(self) -> pl.Series:
        """The id of each row of the table; where each number has a row, some are nobody's."""
        if self.names is not None:
            return self.names
        if self.words.size == 0:
            return pl.Series(np.arange(self.rows) + self.lowest)
        from custseg._kernels.fold import places  # numba is loaded when it is needed

        return pl.Series(places(self.words, self.rows) + self.lowest)

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
        return pl.Series(self.ids.to_numpy()[kept]), read_only(kept)


def _in_range(
    ids: pl.Series, parts: Sequence[slice], others: pl.Series | None = None
) -> Coding | None:
    """Whole-number ids as rows: directly, or by their rank in a bitmap of the range.

    A table over a sparse range would miss the cache at each row; a bitmap of
    it fits, and so does the table over the ids that occur. None when there is
    no id, or the range is too wide for a bitmap.
    """
    if not ids.dtype.is_integer():
        return None
    numbers = array(ids)
    pieces = [numbers[part] for part in parts]
    if others is not None:
        pieces.append(array(others))
    pieces = [piece for piece in pieces if piece.size]
    if not pieces:
        return None
    ends = in_threads(lambda piece: (piece.min(), piece.max()), pieces)
    lowest = int(min(low for low, _ in ends))
    size = int(max(high for _, high in ends)) - lowest + 1
    if size > _SPARSEST * sum(piece.size for piece in pieces) + 4096:
        return None
    direct = Coding(numbers, lowest, size)
    if size <= max(numbers.size // _DENSEST, _NARROW):
        return direct
    from custseg._kernels.fold import mark  # numba is loaded when it is needed

    marked = in_threads(lambda piece: mark(read_only(piece), lowest, size), pieces)
    bitmap = reduce(np.bitwise_or, marked)
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


def _ranked(ids: pl.Series, others: pl.Series) -> Coding:
    """Any ids numbered by their rank, others among them."""
    hashed = _numbered(ids) if ids.len() else None
    known = ids if hashed is None or hashed.names is None else hashed.names
    names = pl.concat([known, others]).unique().sort()
    rows = rows_of(known, names)
    numbers = rows if hashed is None else rows[hashed.numbers]
    return Coding(read_only(numbers), 0, names.len(), names=names)


def rows_of(some: pl.Series, names: pl.Series, /) -> Ints:
    """The place of each of some ids among names.

    >>> from custseg.base.coding import rows_of
    >>> rows_of(pl.Series([9, 7, 9]), pl.Series([7, 8, 9])).tolist()
    [2, 0, 2]
    """
    rows = names.alias("id").to_frame().with_row_index("row")
    found = some.alias("id").to_frame().join(rows, on="id", how="left", maintain_order="left")
    return array(found["row"])


def _hashes(ids: pl.Series) -> pl.Series:
    return ids.hash()
