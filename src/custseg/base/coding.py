"""Orders as arrays, cut for threads, their customers as rows of one table."""

from __future__ import annotations

from functools import reduce
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import evolve, frozen

from custseg.schema.arrow import words
from custseg.schema.bridge import array, read_only
from custseg.threads import threads

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

__all__ = ["Coding", "Part", "coded", "parts"]

# Ids of the range for each order: a bitmap of more takes longer than a hash table.
_SPARSEST = 64
# Orders for each id of the range: with as many, nearly every id occurs.
_DENSEST = 8
# A range that is not worth a bitmap.
_NARROW = 1024
# A range is full when one id in so many occurs: a table over all of it is better.
_FULL = 2
# Orders that are worth a thread.
_SMALL = 500_000
# Ids compared at once with the id they are taken for.
_COMPARED = 1_000_000


@frozen(eq=False)
class Part:
    """Some of the orders as arrays, with their extremes; numbers say whose they are."""

    numbers: Ints
    instants: Ints
    totals: Ints
    largest: int
    lowest: int
    highest: int

    @classmethod
    def of(cls, orders: pl.DataFrame) -> Part:
        """The arrays of some orders."""
        from custseg._kernels.fold import largest

        ids, totals = orders["customer_id"], words(orders["total"])
        if not ids.dtype.is_integer():
            return cls(_NOBODY, array(orders["ordered_at"]), totals, largest(totals), 0, 0)
        return cls(
            array(ids),
            array(orders["ordered_at"]),
            totals,
            largest(totals),
            int(ids.min()),  # type: ignore[arg-type]
            int(ids.max()),  # type: ignore[arg-type]
        )


def parts(orders: pl.DataFrame) -> list[pl.DataFrame]:
    """Rows cut into one part for each thread; small logs stay whole."""
    rows = orders.height
    count = min(threads(), max(rows // _SMALL, 1))
    cuts = [rows * part // count for part in range(count + 1)]
    return [orders.slice(low, high - low) for low, high in pairwise(cuts)]


@frozen(eq=False)
class Coding:
    """How ids become rows of a table.

    Attributes:
        lowest: The smallest number; row 0 without a bitmap.
        rows: Rows of the table.
        words: Bitmap of the numbers that occur, or nothing: then each number
            has a row, whether it occurs or not.
        ranks: Numbers that occur before each word.
        numbers: The number of each order, unless it is the id itself.
        names: The id of each number, unless it is the id itself.
    """

    lowest: int
    rows: int
    words: NDArray[np.uint64]
    ranks: Ints
    numbers: Ints | None = None
    names: pl.Series | None = None

    def cut(self, read: list[Part]) -> list[Ints]:
        """The numbers of each part's orders."""
        if self.numbers is None:
            return [part.numbers for part in read]
        ends = np.cumsum([part.instants.size for part in read])[:-1]
        return [read_only(some) for some in np.split(self.numbers, ends)]

    def ids(self, kept: Ints) -> pl.Series:
        """The ids of some rows of the table."""
        if self.names is not None:
            return self.names.gather(kept)
        if self.words.size == 0:
            return pl.Series(kept + self.lowest)
        from custseg._kernels.fold import places

        return pl.Series(places(self.words, self.rows)[kept] + self.lowest)


def coded(
    pool: ThreadPoolExecutor, ids: pl.Series, read: list[Part]
) -> tuple[Coding, list[Part]] | None:
    """How the ids become rows, and the parts with the numbers that say whose their orders are.

    Returns:
        None when that cannot be told apart by numbers: two ids have one hash.
    """
    coding = _in_range(pool, ids, read) if ids.dtype.is_integer() else None
    if coding is None:
        coding = _numbered(ids)
    if coding is None:
        return None
    cut = zip(read, coding.cut(read), strict=True)
    return coding, [evolve(part, numbers=numbers) for part, numbers in cut]


def _in_range(pool: ThreadPoolExecutor, ids: pl.Series, read: list[Part]) -> Coding | None:
    """Whole-number ids as rows: directly, or by their rank in a bitmap of the range.

    A table over a sparse range would miss the cache at each order; a bitmap
    of it fits, and so does the table over the ids that occur. None when the
    range is too wide for a bitmap.
    """
    from custseg._kernels.fold import mark

    lowest = min(part.lowest for part in read)
    size = max(part.highest for part in read) - lowest + 1
    if size > _SPARSEST * ids.len() + 4096:
        return None
    direct = Coding(lowest, size, _NO_WORDS, _NOBODY)
    if size <= max(ids.len() // _DENSEST, _NARROW):
        return direct

    def marked(part: Part) -> NDArray[np.uint64]:
        return mark(part.numbers, lowest, size)

    bitmap = reduce(np.bitwise_or, pool.map(marked, read))
    counts = np.bitwise_count(bitmap).astype(np.int64)
    customers = int(counts.sum())
    if customers * _FULL >= size:
        return direct
    return Coding(lowest, customers, read_only(bitmap), read_only(np.cumsum(counts) - counts))


def _numbered(ids: pl.Series) -> Coding | None:
    """Any ids numbered by their hashes; None when two ids have the same hash."""
    from custseg._kernels.fold import number

    numbers, firsts = number(read_only(_hashes(ids).to_numpy()))
    names = ids.gather(firsts)
    for at in range(0, ids.len(), _COMPARED):
        taken_for = names.gather(numbers[at : at + _COMPARED])
        if not (ids.slice(at, _COMPARED) == taken_for).all():
            return None
    return Coding(0, names.len(), _NO_WORDS, _NOBODY, numbers, names)


def _hashes(ids: pl.Series) -> pl.Series:
    return ids.hash()


_NO_WORDS = read_only(np.zeros(0, np.uint64))
_NOBODY = read_only(np.zeros(0, np.int64))
