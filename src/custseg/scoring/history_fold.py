"""Orders folded to histories: as they come where that will do, else by bitmaps of days."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import frozen

from custseg.base.coding import Coding
from custseg.schema.arrow import words
from custseg.schema.bridge import array, minor
from custseg.schema.clock import Clock, clock
from custseg.threads import in_threads, slices

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from custseg.base.span import AsOf

    Ints = NDArray[np.int64]

__all__ = ["FoldedHistory", "folded_history"]

_MAX = 2**63 - 1
# Orders that are worth a thread.
_SMALL = 500_000
# Words of bitmaps that are worth their memory, 512 MB: beyond, polars sorts it out.
_MOST_WORDS = 1 << 26


@frozen(eq=False)
class FoldedHistory:
    """Days with an order of each customer who has one.

    Attributes:
        ids: Customers, sorted.
        first: The first day, numbered from 1970-01-01.
        last: The last day.
        days: How many there are.
        repeat: The totals of all days but the first in smallest units: Int64,
            or Int128 where that could overflow.
    """

    ids: pl.Series
    first: pl.Series
    last: pl.Series
    days: pl.Series
    repeat: pl.Series


def folded_history(orders: pl.DataFrame, when: AsOf, /) -> FoldedHistory:
    """The days with an order of each customer, up to an as_of.

    Args:
        orders: A frame of orders, in any order.
        when: Up to where they are seen.
    """
    log = _Log.of(orders) if orders.height else None
    coding = Coding.of(orders["customer_id"], log.parts) if log is not None else None
    if log is None or coding is None:
        return _by_polars(orders, when)
    low = int(log.instants.min())
    zone = clock(when.tz, low, when.instant)
    table = _in_order(log, coding, zone, when)
    if table is None and _fits(coding, zone, low, when):
        table = _marked(log, coding, zone, zone.day(low), when)
    return _by_polars(orders, when) if table is None else _customers(table, coding)


@frozen(eq=False)
class _Log:
    """Orders as arrays, and the rows that each thread looks at."""

    instants: Ints
    totals: Ints
    parts: list[slice]

    @classmethod
    def of(cls, orders: pl.DataFrame) -> _Log | None:
        """None when a sum might leave int64."""
        from custseg._kernels.fold import largest  # numba is loaded when it is needed

        parts, totals = slices(orders.height, _SMALL), words(orders["total"])
        reach = max(int(far) for far in in_threads(lambda part: largest(totals[part]), parts))
        if reach * orders.height > _MAX:
            return None
        return cls(array(orders["ordered_at"]), totals, parts)


@frozen(eq=False)
class _Table:
    """A row for each customer, or for who might be one: int64[rows] each."""

    first: Ints
    last: Ints
    days: Ints
    repeat: Ints


def _in_order(log: _Log, coding: Coding, zone: Clock, when: AsOf) -> _Table | None:
    """Orders of which each customer's come day after day; None where they do not."""
    from custseg._kernels.history import fold, follow  # numba is loaded when it is needed

    rows = (coding.lowest, coding.words, coding.ranks, zone.since, zone.offsets)

    def folded(part: slice) -> Ints | None:
        out = np.empty((coding.rows, 5), np.int64)
        orders = coding.numbers[part], log.instants[part], log.totals[part]
        return out if fold(*orders, when.instant, *rows, out) else None

    first, *others = in_threads(folded, log.parts)
    for other in others:
        if first is None or other is None or not follow(first, other):
            return None
    if first is None:
        return None
    return _Table(first[:, 0], first[:, 1], first[:, 2], first[:, 4])


def _fits(coding: Coding, zone: Clock, low: int, when: AsOf) -> bool:
    """Whether a bit for each customer and day is not too much."""
    return coding.rows * _words(zone.day(low), when) <= _MOST_WORDS


def _words(first: int, when: AsOf) -> int:
    """Words of 64 days from a first day on; an as_of before it sees nothing."""
    return max(when.today - first, 0) // 64 + 1


def _marked(log: _Log, coding: Coding, zone: Clock, day: int, when: AsOf) -> _Table:
    """Orders in any order: a bitmap of days for each customer."""
    from custseg._kernels.history import blend, mark

    rows = (coding.lowest, coding.words, coding.ranks, zone.since, zone.offsets)
    wide = _words(day, when)

    def marked(part: slice) -> tuple[Ints, NDArray[np.uint64]]:
        out = np.empty((coding.rows, 4), np.int64)
        days = np.empty((coding.rows * wide, 1), np.uint64)
        orders = coding.numbers[part], log.instants[part], log.totals[part]
        return mark(*orders, when.instant, *rows, day, out, days), days

    (out, days), *others = in_threads(marked, log.parts)
    for other, more in others:
        blend(out, other)
        np.bitwise_or(days, more, out=days)
    counts = np.bitwise_count(days).reshape(coding.rows, wide).sum(axis=1, dtype=np.int64)
    return _Table(out[:, 0], out[:, 1], counts, out[:, 3] - out[:, 2])


def _customers(table: _Table, coding: Coding) -> FoldedHistory:
    """The rows of the table that are customers, by id."""
    ids, kept = coding.kept(table.days > 0)
    columns = (table.first, table.last, table.days, table.repeat)
    return FoldedHistory(ids, *(pl.Series(np.take(each, kept)) for each in columns))


def _by_polars(orders: pl.DataFrame, when: AsOf) -> FoldedHistory:
    """The same in polars and with sums of 128 bits: for what is too large, and for nothing."""
    seen = (pl.col("ordered_at").to_physical() <= when.instant) & (pl.col("total") >= 0)
    bought = orders.filter(seen)
    at = array(bought["ordered_at"])
    days = clock(when.tz, int(at.min()), when.instant).days(at) if at.size else at
    day = pl.col("day")
    folded = (
        bought.lazy()
        .select("customer_id", units=minor(bought["total"]).cast(pl.Int128), day=pl.Series(days))
        .group_by("customer_id")
        .agg(
            first=day.min(),
            last=day.max(),
            days=day.n_unique().cast(pl.Int64),
            repeat=pl.col("units").filter(day > day.min()).sum(),
        )
        .sort("customer_id")
        .collect()
    )
    return FoldedHistory(*folded.select("customer_id", "first", "last", "days", "repeat"))
