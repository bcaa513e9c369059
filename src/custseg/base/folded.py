"""Orders folded to customers: the fast way for whole-number ids, polars for the rest."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
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
# Bits of the id range for each row: beyond it the bitmap leaves the cache.
_SPARSEST = 64
# Rows of a table over the range for each order: below it no bitmap is needed.
_DENSEST = 8


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
    ids = orders["customer_id"]
    totals = minor(orders["total"])
    if not ids.dtype.is_integer() or ids.len() == 0 or not _fits(totals):
        return _by_polars(orders, totals, spans, gross=gross)
    lowest, highest = int(ids.min()), int(ids.max())  # type: ignore[arg-type]
    size = highest - lowest + 1
    if size > _SPARSEST * ids.len() + 4096:
        return _by_polars(orders, totals, spans, gross=gross)
    return _by_kernel(orders, totals, lowest, size, spans, gross=gross)


def _fits(totals: pl.Series) -> bool:
    """Whether no sum of these totals can leave int64."""
    largest = max(abs(int(totals.min())), abs(int(totals.max())))  # type: ignore[arg-type]
    return largest * totals.len() <= _MAX


def _by_kernel(  # noqa: PLR0913 - the parts of one computation
    orders: pl.DataFrame,
    totals: pl.Series,
    lowest: int,
    size: int,
    spans: tuple[Span, ...],
    *,
    gross: bool,
) -> FoldedOrders:
    from custseg._kernels.fold import fold, mark

    columns = array(orders["customer_id"]), array(orders["ordered_at"]), array(totals)
    parts = _parts(columns)
    lows = read_only(np.array([span.low for span in spans], np.int64))
    highs = read_only(np.array([span.high for span in spans], np.int64))
    words, ranks, rows = _NO_WORDS, _NO_RANKS, size
    with ThreadPoolExecutor(len(parts)) as pool:
        if size > max(columns[0].size // _DENSEST, 1024):
            marked = list(pool.map(lambda part: mark(part[0], lowest, size), parts))
            bits = np.bitwise_or.reduce(marked)
            counts = np.bitwise_count(bits).astype(np.int64)
            rows = int(counts.sum())
            if rows * 2 < size:
                words = read_only(bits)
                ranks = read_only(np.cumsum(counts) - counts)
            else:
                rows = size
        folded = list(
            pool.map(lambda part: fold(*part, lowest, rows, words, ranks, lows, highs, gross), parts)
        )
    out = _merged(folded)
    seen = (out[:, 2] > 0) | (out[:, 3] != 0)
    kept = np.flatnonzero(seen)
    if words.size:
        numbers = np.flatnonzero(np.unpackbits(words.view(np.uint8), bitorder="little"))
        numbers = numbers[kept] + lowest
    else:
        numbers = kept + lowest
    if kept.size < out.shape[0]:
        out = out[kept]
    step = 3 if gross else 2
    slots = [2 + k * step for k in range(len(spans))]
    return FoldedOrders(
        pl.Series("customer_id", numbers),
        out[:, 0],
        out[:, 1],
        tuple(pl.Series(out[:, slot]) for slot in slots),
        tuple(pl.Series(out[:, slot + 1]) for slot in slots),
        tuple(pl.Series(out[:, slot + 2]) for slot in slots) if gross else (),
    )


_NO_WORDS = read_only(np.zeros(0, np.uint64))
_NO_RANKS = read_only(np.zeros(0, np.int64))


def _parts(columns: tuple[NDArray[np.int64], ...]) -> list[tuple[NDArray[np.int64], ...]]:
    """Rows cut into one part for each thread; small logs stay whole."""
    rows = columns[0].size
    count = min(threads(), max(rows // 500_000, 1))
    cuts = [rows * part // count for part in range(count + 1)]
    return [
        tuple(read_only(column[low:high]) for column in columns)
        for low, high in zip(cuts, cuts[1:], strict=False)
    ]


def _merged(folded: list[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Partial results as one: latest, earliest, and sums."""
    out = folded[0]
    for other in folded[1:]:
        np.maximum(out[:, 0], other[:, 0], out=out[:, 0])
        np.minimum(out[:, 1], other[:, 1], out=out[:, 1])
        out[:, 2:] += other[:, 2:]
    return out


def _by_polars(
    orders: pl.DataFrame, totals: pl.Series, spans: tuple[Span, ...], *, gross: bool
) -> FoldedOrders:
    wide = not _fits(totals) if totals.len() else False
    units = totals.cast(pl.Int128) if wide else totals
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
