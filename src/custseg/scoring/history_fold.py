"""Orders folded to histories: in the order they have where that will do, else parted by day."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import evolve, frozen

from custseg.base.coding import Coding, Part, coded, parts
from custseg.base.parting import parted_by
from custseg.schema.bridge import array, minor, read_only
from custseg.schema.clock import Clock, clock

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from custseg.base.span import AsOf

    Ints = NDArray[np.int64]

__all__ = ["FoldedHistory", "folded_history"]

_MAX = 2**63 - 1
# Days that are worth a bucket each; logs that reach further are sorted.
_DAYS = 40_000


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
    if orders.height == 0:
        return _by_polars(orders, when)
    with ThreadPoolExecutor(max(len(parts(orders)), 1)) as pool:
        read = list(pool.map(Part.of, parts(orders)))
        # Beyond this a sum might leave int64.
        if max(int(part.largest) for part in read) * orders.height > _MAX:
            return _by_polars(orders, when)
        found = coded(pool, orders["customer_id"], read)
        if found is None:
            return _by_polars(orders, when)
        coding, read = found
        low = min(int(part.instants.min()) for part in read)
        zone = clock(when.tz, low, when.instant)
        out = _folded(pool, read, coding, zone, when)
        if out is None:
            again = _by_day(read, zone, when)
            out = None if again is None else _folded(pool, again, coding, zone, when)
    return _by_polars(orders, when) if out is None else _customers(out, coding)


def _folded(
    pool: ThreadPoolExecutor, read: list[Part], coding: Coding, zone: Clock, when: AsOf
) -> Ints | None:
    """The table of customers; None where the days of one do not ascend."""
    from custseg._kernels.history import fold, follow  # numba is loaded when it is needed

    rows = (coding.lowest, coding.words, coding.ranks, zone.since, zone.offsets)

    def folded(part: Part) -> Ints | None:
        out = np.empty((coding.rows, 5), np.int64)
        orders = part.numbers, part.instants, part.totals
        return out if fold(*orders, when.instant, *rows, out) else None

    first, *others = pool.map(folded, read)
    for other in others:
        if first is None or other is None or not follow(first, other):
            return None
    return first


def _by_day(read: list[Part], zone: Clock, when: AsOf) -> list[Part] | None:
    """The orders with those of each day together; None when there are too many days."""
    ids, instants, totals = (
        read_only(np.concatenate(each)) if len(read) > 1 else each[0]
        for each in zip(*((part.numbers, part.instants, part.totals) for part in read), strict=True)
    )
    first = zone.day(int(instants.min()))
    if when.today - first > _DAYS:
        return None
    starts = zone.day_starts(np.arange(first + 1, when.today + 1, dtype=np.int64))
    cuts = np.unique(np.append(starts[starts <= when.instant], when.instant + 1))
    offsets, parted, amounts = parted_by(read_only(cuts), ids, instants, totals)
    # Threads take days that follow each other.
    ends = [int(offsets[-1]) * share // len(read) for share in range(1, len(read))]
    some = [np.split(each, ends) for each in (parted[0], parted[1], amounts)]
    return [
        evolve(part, numbers=read_only(who), instants=read_only(at), totals=read_only(money))
        for part, who, at, money in zip(read, *some, strict=True)
    ]


def _customers(out: Ints, coding: Coding) -> FoldedHistory:
    """The rows of the table that are customers, by id."""
    kept = np.flatnonzero(out[:, 2] > 0)
    ids = coding.ids(kept)
    if coding.names is not None:
        ranked = ids.arg_sort()
        ids, kept = ids.gather(ranked), kept[ranked.to_numpy()]
    turned = [pl.Series(np.take(out[:, slot], kept)) for slot in range(5)]
    return FoldedHistory(ids, turned[0], turned[1], turned[2], turned[4])


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
