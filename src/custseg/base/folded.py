"""Orders folded to customers: ids become rows of one table, in whatever way is fastest."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import frozen

from custseg.base.coding import Coding, Part, coded, parts
from custseg.schema.bridge import minor, read_only

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from custseg.base.span import Span

    Ints = NDArray[np.int64]

__all__ = ["FoldedOrders", "fold_orders"]

_MAX = 2**63 - 1
_NEVER = -(2**63)


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
    cut = parts(orders)
    with ThreadPoolExecutor(len(cut)) as pool:
        read = list(pool.map(Part.of, cut))
        # Beyond this a sum might leave int64.
        if max(int(part.largest) for part in read) * orders.height > _MAX:
            return _by_polars(orders, spans, gross=gross)
        found = coded(pool, orders["customer_id"], read)
        if found is None:
            return _by_polars(orders, spans, gross=gross)
        coding, read = found
        out = _folded(pool, read, coding, spans, gross=gross)
    return _customers(out, coding, len(spans), gross=gross)


def _folded(
    pool: ThreadPoolExecutor,
    read: list[Part],
    coding: Coding,
    spans: tuple[Span, ...],
    *,
    gross: bool,
) -> Ints:
    from custseg._kernels.fold import fold, merge

    lows = read_only(np.array([span.low for span in spans], np.int64))
    highs = read_only(np.array([span.high for span in spans], np.int64))
    rows = (coding.lowest, coding.words, coding.ranks)

    width = 2 + len(spans) * (3 if gross else 2)

    def folded(part: Part) -> Ints:
        out = np.empty((coding.rows, width), np.int64)
        return fold(part.numbers, part.instants, part.totals, *rows, lows, highs, gross, out)

    return reduce(merge, pool.map(folded, read))


def _customers(out: Ints, coding: Coding, spans: int, *, gross: bool) -> FoldedOrders:
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
