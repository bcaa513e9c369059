"""Orders folded to customers: ids become rows of one table, in whatever way is fastest."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import evolve, frozen

from custseg.schema.arrow import words
from custseg.schema.bridge import array, minor, read_only
from custseg.threads import threads

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from custseg.base.span import Span

    Ints = NDArray[np.int64]

__all__ = ["FoldedOrders", "fold_orders"]

_MAX = 2**63 - 1
_NEVER = -(2**63)
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
class FoldedOrders:
    """What orders say of each customer who has a row in them.

    Attributes:
        ids: Customers, sorted.
        last: int64 instant of the last order; without one it is no instant.
        first: int64 instant of the first order; without one it is no instant.
        orders: For each span, the number of orders.
        spend: For each span, the sum of totals in smallest units, returns
            net: Int64, or Int128 where that could overflow.
        gross: For each span, the same without returns, if asked for.
    """

    ids: pl.Series
    last: Ints
    first: Ints
    orders: tuple[pl.Series, ...]
    spend: tuple[pl.Series, ...]
    gross: tuple[pl.Series, ...]


def fold_orders(orders: pl.DataFrame, spans: tuple[Span, ...], *, gross: bool) -> FoldedOrders:
    """Fold orders to a row for each customer.

    Args:
        orders: A frame of orders, in any order; rows after the first span's
            end are not seen.
        spans: What is counted; the first is everything up to the as_of.
        gross: Whether totals without returns are asked for.
    """
    if orders.height == 0:
        return _by_polars(orders, spans, gross=gross)
    parts = _parts(orders)
    with ThreadPoolExecutor(len(parts)) as pool:
        read = list(pool.map(_Part.of, parts))
        # Beyond this a sum might leave int64.
        if max(int(part.largest) for part in read) * orders.height > _MAX:
            return _by_polars(orders, spans, gross=gross)
        ids = orders["customer_id"]
        coding = _in_range(pool, ids, read) if ids.dtype.is_integer() else None
        if coding is None:
            coding = _numbered(ids)
        if coding is None:
            return _by_polars(orders, spans, gross=gross)
        read = [evolve(part, numbers=one) for part, one in zip(read, coding.cut(read), strict=True)]
        out = _folded(pool, read, coding, spans, gross=gross)
    return _customers(out, coding, len(spans), gross=gross)


@frozen(eq=False)
class _Part:
    """Some of the orders as arrays, with their extremes; numbers say whose they are."""

    numbers: Ints
    instants: Ints
    totals: Ints
    largest: int
    lowest: int
    highest: int

    @classmethod
    def of(cls, orders: pl.DataFrame) -> _Part:
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


def _parts(orders: pl.DataFrame) -> list[pl.DataFrame]:
    """Rows cut into one part for each thread; small logs stay whole."""
    rows = orders.height
    count = min(threads(), max(rows // _SMALL, 1))
    cuts = [rows * part // count for part in range(count + 1)]
    return [orders.slice(low, high - low) for low, high in pairwise(cuts)]


@frozen(eq=False)
class _Coding:
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

    def cut(self, parts: list[_Part]) -> list[Ints]:
        """The numbers of each part's orders."""
        if self.numbers is None:
            return [part.numbers for part in parts]
        ends = np.cumsum([part.instants.size for part in parts])[:-1]
        return [read_only(some) for some in np.split(self.numbers, ends)]

    def ids(self, kept: Ints) -> pl.Series:
        """The ids of some rows of the table."""
        if self.names is not None:
            return self.names.gather(kept)
        if self.words.size == 0:
            return pl.Series(kept + self.lowest)
        from custseg._kernels.fold import places

        return pl.Series(places(self.words, self.rows)[kept] + self.lowest)


def _in_range(pool: ThreadPoolExecutor, ids: pl.Series, parts: list[_Part]) -> _Coding | None:
    """Whole-number ids as rows: directly, or by their rank in a bitmap of the range.

    A table over a sparse range would miss the cache at each order; a bitmap
    of it fits, and so does the table over the ids that occur. None when the
    range is too wide for a bitmap.
    """
    from custseg._kernels.fold import mark

    lowest = min(part.lowest for part in parts)
    size = max(part.highest for part in parts) - lowest + 1
    if size > _SPARSEST * ids.len() + 4096:
        return None
    direct = _Coding(lowest, size, _NO_WORDS, _NOBODY)
    if size <= max(ids.len() // _DENSEST, _NARROW):
        return direct

    def marked(part: _Part) -> NDArray[np.uint64]:
        return mark(part.numbers, lowest, size)

    bitmap = reduce(np.bitwise_or, pool.map(marked, parts))
    counts = np.bitwise_count(bitmap).astype(np.int64)
    customers = int(counts.sum())
    if customers * _FULL >= size:
        return direct
    return _Coding(lowest, customers, read_only(bitmap), read_only(np.cumsum(counts) - counts))


def _numbered(ids: pl.Series) -> _Coding | None:
    """Any ids numbered by their hashes; None when two ids have the same hash."""
    from custseg._kernels.fold import number

    numbers, firsts = number(read_only(_hashes(ids).to_numpy()))
    names = ids.gather(firsts)
    for at in range(0, ids.len(), _COMPARED):
        taken_for = names.gather(numbers[at : at + _COMPARED])
        if not (ids.slice(at, _COMPARED) == taken_for).all():
            return None
    return _Coding(0, names.len(), _NO_WORDS, _NOBODY, numbers, names)


def _hashes(ids: pl.Series) -> pl.Series:
    return ids.hash()


def _folded(
    pool: ThreadPoolExecutor,
    parts: list[_Part],
    coding: _Coding,
    spans: tuple[Span, ...],
    *,
    gross: bool,
) -> Ints:
    from custseg._kernels.fold import fold, merge

    lows = read_only(np.array([span.low for span in spans], np.int64))
    highs = read_only(np.array([span.high for span in spans], np.int64))
    rows = (coding.lowest, coding.words, coding.ranks)

    width = 2 + len(spans) * (3 if gross else 2)

    def folded(part: _Part) -> Ints:
        out = np.empty((coding.rows, width), np.int64)
        return fold(part.numbers, part.instants, part.totals, *rows, lows, highs, gross, out)

    return reduce(merge, pool.map(folded, parts))


def _customers(out: Ints, coding: _Coding, spans: int, *, gross: bool) -> FoldedOrders:
    """The rows of the table that are customers, by id."""
    from custseg._kernels.fold import columns

    # Who has neither an order nor a return by the as_of is not in these orders.
    kept = np.flatnonzero((out[:, 2] > 0) | (out[:, 3] != 0))
    ids = coding.ids(kept)
    if coding.names is not None:
        ranked = ids.arg_sort()
        ids, kept = ids.gather(ranked), kept[ranked.to_numpy()]
    room = np.empty((out.shape[1], kept.size), np.int64)
    turned = columns(read_only(out), read_only(kept), room)
    step = 3 if gross else 2
    slots = [2 + k * step for k in range(spans)]
    return FoldedOrders(
        ids,
        turned[0],
        turned[1],
        tuple(pl.Series(turned[slot]) for slot in slots),
        tuple(pl.Series(turned[slot + 1]) for slot in slots),
        tuple(pl.Series(turned[slot + 2]) for slot in slots) if gross else (),
    )


_NO_WORDS = read_only(np.zeros(0, np.uint64))
_NOBODY = read_only(np.zeros(0, np.int64))


def _by_polars(orders: pl.DataFrame, spans: tuple[Span, ...], *, gross: bool) -> FoldedOrders:
    """The same in polars and with sums of 128 bits: for what is too large, and for nothing."""
    at, unit = pl.col("at"), pl.col("units")
    bought = unit >= 0
    aggregates: list[pl.Expr] = [
        pl.when(bought).then(at).max().alias("last"),
        pl.when(bought).then(at).min().alias("first"),
    ]
    for k, span in enumerate(spans):
        inside = at.is_between(span.low, span.high)
        counted = bought & inside
        aggregates.append(counted.sum().cast(pl.Int64).alias(f"orders{k}"))
        aggregates.append(pl.when(inside).then(unit).otherwise(0).sum().alias(f"spend{k}"))
        if gross:
            aggregates.append(pl.when(counted).then(unit).otherwise(0).sum().alias(f"gross{k}"))
    folded = (
        orders.lazy()
        .select(
            "customer_id",
            at=pl.col("ordered_at").to_physical(),
            units=minor(orders["total"]).cast(pl.Int128),
        )
        .filter(at <= spans[0].high)
        .group_by("customer_id")
        .agg(aggregates)
        .sort("customer_id")
        .collect()
    )
    count = range(len(spans))
    return FoldedOrders(
        folded["customer_id"],
        folded["last"].fill_null(_NEVER).to_numpy(),
        folded["first"].fill_null(_MAX).to_numpy(),
        tuple(folded[f"orders{k}"] for k in count),
        tuple(folded[f"spend{k}"] for k in count),
        tuple(folded[f"gross{k}"] for k in count) if gross else (),
    )
