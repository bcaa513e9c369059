"""Orders folded to histories: as they come where that will do, else by bitmaps of days."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import polars as pl
from attrs import frozen

from custseg.base.coding import Coding
from custseg.schema.arrow import words
from custseg.schema.bridge import array, minor, read_only
from custseg.schema.clock import Clock, clock
from custseg.threads import in_threads, slices

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from custseg.base.span import AsOf

    Ints = NDArray[np.int64]
    _Given: TypeAlias = tuple[
        Ints, Ints, Ints, int, int, NDArray[np.uint64], Ints, Ints, Ints, int, int
    ]

__all__ = ["FoldedHistory", "folded_history"]

_MAX = 2**63 - 1
# Orders that are worth a thread.
_SMALL = 500_000
# Words of bitmaps that are worth their memory, 512 MB: beyond, polars sorts it out.
_MOST_WORDS = 1 << 26
# Bits of a word below its sign, and how many numbers of days share it.
_BITS, _SHARED = 63, 3


@frozen(eq=False)
class FoldedHistory:
    """Days with an order of each customer who has one.

    Attributes:
        ids: Customers, sorted.
        first: int64, the first day, numbered from 1970-01-01.
        last: int64, the last day.
        days: int64, how many there are.
        repeat: The totals of all days but the first in smallest units: int64,
            or a column of Int128 where that could overflow.
    """

    ids: pl.Series
    first: Ints
    last: Ints
    days: Ints
    repeat: Ints | pl.Series


def folded_history(orders: pl.DataFrame, when: AsOf, /) -> FoldedHistory:
    """The days with an order of each customer, up to an as_of.

    Args:
        orders: A frame of orders, in any order.
        when: Up to where they are seen.
    """
    log = _Log.of(orders, when) if orders.height else None
    coding = Coding.of(orders["customer_id"], log.parts) if log is not None else None
    if log is None or coding is None:
        return _by_polars(orders, when)
    table = _in_order(log, coding)
    if table is None and coding.rows * log.wide <= _MOST_WORDS:
        table = _marked(log, coding)
    return _by_polars(orders, when) if table is None else _customers(table, coding, log)


@frozen(eq=False)
class _Log:
    """Orders as arrays, the rows that each thread looks at, and how days are counted.

    Attributes:
        instants: When.
        totals: How much, in two words each.
        parts: The rows of each thread.
        zone: The local clock.
        seen: The last instant that is seen.
        start: The first day.
        bits: What any day counted from it, and a number of days, need.
        wide: Words of a bit for each day.
    """

    instants: Ints
    totals: Ints
    parts: list[slice]
    zone: Clock
    seen: int
    start: int
    bits: int
    wide: int

    @classmethod
    def of(cls, orders: pl.DataFrame, when: AsOf) -> _Log | None:
        """None when a sum might leave int64, or days the room they have."""
        from custseg._kernels.fold import largest  # numba is loaded when it is needed

        parts, totals = slices(orders.height, _SMALL), words(orders["total"])
        instants = array(orders["ordered_at"])
        reach = in_threads(
            lambda part: (int(largest(totals[part])), int(instants[part].min())), parts
        )
        low = min(at for _, at in reach)
        zone = clock(when.tz, low, when.instant)
        # Where clocks go back over midnight, a later instant may lie in an earlier day.
        start = zone.day(low) - 1
        span = max(when.today - start, 0) + 1
        bits = span.bit_length()
        if max(far for far, _ in reach) * orders.height > _MAX or _SHARED * bits > _BITS:
            return None
        return cls(instants, totals, parts, zone, when.instant, start, bits, wide=(span + 63) // 64)

    def given(self, part: slice, coding: Coding) -> _Given:
        """What a kernel is given of some rows."""
        return (
            coding.numbers[part],
            self.instants[part],
            self.totals[part],
            self.seen,
            coding.lowest,
            coding.words,
            coding.ranks,
            self.zone.since,
            self.zone.offsets,
            self.start,
            self.bits,
        )


def _in_order(log: _Log, coding: Coding) -> Ints | None:
    """Orders of which each customer's come day after day; None where they do not."""
    from custseg._kernels.history import fold, follow  # numba is loaded when it is needed

    def folded(part: slice) -> Ints | None:
        # What is before the first rows nobody asks: they can do without a column.
        out = np.zeros((coding.rows, 3 if part.start else 2), np.int64)
        return out if fold(*log.given(part, coding), out) else None

    first, *others = in_threads(folded, log.parts)
    for other in others:
        if first is None or other is None or not follow(first, other, log.bits):
            return None
    return first


def _marked(log: _Log, coding: Coding) -> Ints:
    """Orders in any order: a bitmap of days for each customer, some customers a thread."""
    from custseg._kernels.history import mark

    everything = log.given(slice(None), coding)
    cuts = np.linspace(0, coding.rows, len(log.parts) + 1).astype(np.int64).tolist()
    table = np.zeros((coding.rows, 3), np.int64)

    def marked(ends: tuple[int, int]) -> None:
        low, high = ends
        days = np.zeros(((high - low) * log.wide, 1), np.uint64)
        mark(*everything, low, table[low:high], days)

    in_threads(marked, list(pairwise(cuts)))
    return table


def _customers(table: Ints, coding: Coding, log: _Log) -> FoldedHistory:
    """The rows of the table that are customers, by id."""
    from custseg._kernels.history import columns

    ids, kept = coding.kept(table[:, 0] != 0)
    turned = columns(read_only(table), kept, log.bits, np.empty((4, kept.size), np.int64))
    turned[:2] += log.start
    return FoldedHistory(ids, *turned)


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
    first, last, count = (folded[name].to_numpy() for name in ("first", "last", "days"))
    return FoldedHistory(folded["customer_id"], first, last, count, folded["repeat"])
