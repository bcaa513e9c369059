"""Orders folded to customers: the fast way for whole-number ids, polars for the rest."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import frozen

from custseg.schema.bridge import array, minor, read_only
from custseg.threads import threads

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from custseg.base.span import Span

__all__ = ["FoldedOrders", "fold_orders"]

_MAX = 2**63 - 1
_NEVER = -(2**63)
# Ids of the range for each order: a bitmap of more takes longer than a hash table.
_SPARSEST = 64
# Orders for each id of the range: with as many, nearly every id occurs.
_DENSEST = 8
# Orders that are worth a thread.
_SMALL = 500_000


@frozen(eq=False)
class FoldedOrders:
    """What orders say of each customer who has a row in them.

    Attributes:
        ids: Customers, sorted.
        last: int64 instant of the last order; NEVER without one.
        first: int64 instant of the first order; without one it is no instant.
        orders: For each span, the number of orders.
        spend: For each span, the sum of totals in smallest units, returns
            net: Int64, or Int128 where that could overflow.
        gross: For each span, the same without returns, if asked for.
    """

    ids: pl.Series
    last: NDArray[np.int64]
    first: NDArray[np.int64]
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
    if not orders["customer_id"].dtype.is_integer() or orders.height == 0:
        return _by_polars(orders, spans, gross=gross)
    parts = _parts(orders)
    with ThreadPoolExecutor(len(parts)) as pool:
        read = list(pool.map(_Part.of, parts))
        lowest, highest = min(part.lowest for part in read), max(part.highest for part in read)
        size = highest - lowest + 1
        # Beyond these no bitmap stays in cache, or a sum might leave int64.
        if size > _SPARSEST * orders.height + 4096 or _overflows(read, orders.height):
            return _by_polars(orders, spans, gross=gross)
        words, ranks, rows = _ranked(pool, read, lowest, size)
        out = _folded(pool, read, (lowest, rows, words, ranks), spans, gross=gross)
    # Who has neither an order nor a return by the as_of is not in these orders.
    kept = np.flatnonzero((out[:, 2] > 0) | (out[:, 3] != 0))
    numbers = kept if words.size == 0 else _places(words)[kept]
    if kept.size < rows:
        out = out[kept]
    step = 3 if gross else 2
    slots = [2 + k * step for k in range(len(spans))]
    return FoldedOrders(
        pl.Series("customer_id", numbers + lowest),
        out[:, 0],
        out[:, 1],
        tuple(pl.Series(out[:, slot]) for slot in slots),
        tuple(pl.Series(out[:, slot + 1]) for slot in slots),
        tuple(pl.Series(out[:, slot + 2]) for slot in slots) if gross else (),
    )


@frozen(eq=False)
class _Part:
    """Some of the orders as arrays, with the range of their ids and totals."""

    ids: NDArray[np.int64]
    instants: NDArray[np.int64]
    totals: NDArray[np.int64]
    lowest: int
    highest: int
    largest: int

    @classmethod
    def of(cls, orders: pl.DataFrame) -> _Part:
        ids, totals = orders["customer_id"], minor(orders["total"])
        return cls(
            array(ids),
            array(orders["ordered_at"]),
            array(totals),
            int(ids.min()),  # type: ignore[arg-type]
            int(ids.max()),  # type: ignore[arg-type]
            max(-int(totals.min()), int(totals.max())),  # type: ignore[arg-type]
        )


def _parts(orders: pl.DataFrame) -> list[pl.DataFrame]:
    """Rows cut into one part for each thread; small logs stay whole."""
    rows = orders.height
    count = min(threads(), max(rows // _SMALL, 1))
    cuts = [rows * part // count for part in range(count + 1)]
    return [orders.slice(low, high - low) for low, high in pairwise(cuts)]


def _overflows(parts: list[_Part], rows: int) -> bool:
    return max(part.largest for part in parts) * rows > _MAX


def _ranked(
    pool: ThreadPoolExecutor, parts: list[_Part], lowest: int, size: int
) -> tuple[NDArray[np.uint64], NDArray[np.int64], int]:
    """How ids become rows: directly, or by their rank in a bitmap of the range.

    A table over a sparse range would miss the cache at each order; a bitmap
    of it fits, and so does the table over the ids that occur.
    """
    from custseg._kernels.fold import mark

    orders = sum(part.ids.size for part in parts)
    if size <= max(orders // _DENSEST, 1024):
        return _NO_WORDS, _NO_RANKS, size
    bits = np.bitwise_or.reduce(list(pool.map(lambda part: mark(part.ids, lowest, size), parts)))
    counts = np.bitwise_count(bits).astype(np.int64)
    customers = int(counts.sum())
    if customers * 2 >= size:
        return _NO_WORDS, _NO_RANKS, size
    return read_only(bits), read_only(np.cumsum(counts) - counts), customers


def _folded(
    pool: ThreadPoolExecutor,
    parts: list[_Part],
    rows: tuple[int, int, NDArray[np.uint64], NDArray[np.int64]],
    spans: tuple[Span, ...],
    *,
    gross: bool,
) -> NDArray[np.int64]:
    from custseg._kernels.fold import fold, merge

    lows = read_only(np.array([span.low for span in spans], np.int64))
    highs = read_only(np.array([span.high for span in spans], np.int64))

    def folded(part: _Part) -> NDArray[np.int64]:
        return fold(part.ids, part.instants, part.totals, *rows, lows, highs, gross)

    return reduce(merge, pool.map(folded, parts))


def _places(words: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Which bits of a bitmap are set."""
    return np.flatnonzero(np.unpackbits(words.view(np.uint8), bitorder="little"))


_NO_WORDS = read_only(np.zeros(0, np.uint64))
_NO_RANKS = read_only(np.zeros(0, np.int64))


def _by_polars(orders: pl.DataFrame, spans: tuple[Span, ...], *, gross: bool) -> FoldedOrders:
    units = minor(orders["total"])
    largest = max((abs(int(x)) for x in (units.min(), units.max()) if x is not None), default=0)  # type: ignore[arg-type]
    if largest * units.len() > _MAX:
        units = units.cast(pl.Int128)
    at, unit = pl.col("at"), pl.col("units")
    bought = unit >= 0
    aggregates: list[pl.Expr] = [
        pl.when(bought).then(at).max().alias("last"),
        pl.when(bought).then(at).min().alias("first"),
    ]
    for k, span in enumerate(spans):
        whole = k == 0
        inside = at.is_between(span.low, span.high)
        counted = bought if whole else bought & inside
        aggregates.append(counted.sum().cast(pl.Int64).alias(f"orders{k}"))
        summed = unit if whole else pl.when(inside).then(unit).otherwise(0)
        aggregates.append(summed.sum().alias(f"spend{k}"))
        if gross:
            aggregates.append(pl.when(counted).then(unit).otherwise(0).sum().alias(f"gross{k}"))
    rows = pl.DataFrame(
        [
            orders["customer_id"],
            orders["ordered_at"].to_physical().alias("at"),
            units.alias("units"),
        ]
    ).lazy()
    if orders.height and int(orders["ordered_at"].to_physical().max()) > spans[0].high:  # type: ignore[arg-type]
        rows = rows.filter(at <= spans[0].high)
    folded = rows.group_by("customer_id").agg(aggregates).sort("customer_id").collect()
    count = range(len(spans))
    return FoldedOrders(
        folded["customer_id"],
        folded["last"].fill_null(_NEVER).to_numpy(),
        folded["first"].fill_null(_MAX).to_numpy(),
        tuple(folded[f"orders{k}"] for k in count),
        tuple(folded[f"spend{k}"] for k in count),
        tuple(folded[f"gross{k}"] for k in count) if gross else (),
    )
