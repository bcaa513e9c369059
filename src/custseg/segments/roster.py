"""Roster: the customers of a base as rows of a table, and from when each is one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import frozen

from custseg.base.logs import LOGS
from custseg.schema.bridge import array, read_only

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from custseg.base.customer_base import CustomerBase

    Ints = NDArray[np.int64]

__all__ = ["Roster"]

_EVER = -(2**63)
_NEVER = 2**63 - 1
# Ids of the range for each row of the logs: a bitmap of more takes longer than a join.
_SPARSEST = 64
# A range is full when one id in so many occurs: a row for each is better than ranks.
_FULL = 2
# Orders for each id of the range from which on nobody looks how full it is.
_MANY = 8


@frozen(eq=False)
class Roster:
    """Everyone in the logs or in `customers`, rows hidden by the as_of included.

    Attributes:
        ids: The id of each row of the table, ascending; some may be nobody's.
        numbers: The number of each order's customer.
        lowest: The smallest number.
        words: Bitmap of the numbers that occur, or nothing: then a customer's
            row is its number less `lowest`.
        ranks: Numbers that occur before each word.
        since: The instant from which each row is a customer whatever it
            ordered, or nothing when orders are all there is.
    """

    ids: pl.Series
    numbers: Ints
    lowest: int
    words: NDArray[np.uint64]
    ranks: Ints
    since: Ints

    @classmethod
    def of(cls, base: CustomerBase, /) -> Roster:
        """The roster of a base."""
        orders, others = base.log("orders")["customer_id"], _others(base)
        found = _in_range(orders, others["customer_id"])
        if found is None:
            found = _joined(orders, others["customer_id"])
        ids, numbers, lowest, words, ranks = found
        since = _NOBODY
        if not base.is_only_orders:
            joined = np.full(ids.len(), _NEVER, np.int64)
            joined[_places(ids, others["customer_id"])] = array(others["since"])
            since = read_only(joined)
        return cls(ids, numbers, lowest, words, ranks, since)

    def entered(self, instants: Ints, /) -> Ints:
        """The first of ascending instants at which each row is a customer without orders."""
        return read_only(np.searchsorted(instants, self.since).astype(np.int64))


_Found = tuple[pl.Series, "Ints", int, "NDArray[np.uint64]", "Ints"]
_NO_WORDS = read_only(np.zeros(0, np.uint64))
_NOBODY = read_only(np.zeros(0, np.int64))


def _others(base: CustomerBase) -> pl.DataFrame:
    """Who is a customer by other logs than orders, and since which instant."""
    none = pl.DataFrame(schema={"customer_id": base.id_type, "since": pl.Int64})
    parts = [none.lazy()]
    for name, log in LOGS.items():
        if base.has(name) and name != "orders":
            seen = base.log(name).lazy().drop_nulls("customer_id")
            at = pl.col(log.instant).to_physical()
            parts.append(seen.group_by("customer_id").agg(since=at.min()))
    if base.customers is not None:
        joined = pl.col("joined_at").to_physical().fill_null(_EVER)
        parts.append(base.customers.lazy().select("customer_id", since=joined))
    return pl.concat(parts).group_by("customer_id").agg(pl.col("since").min()).collect()


def _in_range(orders: pl.Series, others: pl.Series) -> _Found | None:
    """Whole-number ids as rows, directly or by rank; None when their range is too wide."""
    if not orders.dtype.is_integer():
        return None
    parts = [part for part in (orders, others) if part.len()]
    if not parts:
        return orders, array(orders), 0, _NO_WORDS, _NOBODY
    lowest = min(int(part.min()) for part in parts)  # type: ignore[arg-type]
    highest = max(int(part.max()) for part in parts)  # type: ignore[arg-type]
    size = highest - lowest + 1
    if size > _SPARSEST * (orders.len() + others.len()) + 4096:
        return None
    if size * _MANY <= orders.len():
        return _every(orders, lowest, highest)
    from custseg._kernels.fold import mark, places  # numba is loaded when it is needed

    def marked_of(part: pl.Series) -> NDArray[np.uint64]:
        return mark(array(part), lowest, size)

    with ThreadPoolExecutor(len(parts)) as pool:
        marked = list(pool.map(marked_of, parts))
    words = read_only(reduce(np.bitwise_or, marked))
    counts = np.bitwise_count(words).astype(np.int64)
    customers = int(counts.sum())
    if customers * _FULL >= size:
        return _every(orders, lowest, highest)
    ids = pl.Series(places(words, customers) + lowest)
    return ids, array(orders), lowest, words, read_only(np.cumsum(counts) - counts)


def _every(orders: pl.Series, lowest: int, highest: int) -> _Found:
    """Each id of the range as a row, whether it occurs or not."""
    every = pl.int_range(lowest, highest + 1, eager=True)
    return every, array(orders), lowest, _NO_WORDS, _NOBODY


def _joined(orders: pl.Series, others: pl.Series) -> _Found:
    """Any ids as rows, by a join."""
    ids = pl.concat([orders.unique(), others]).unique().sort()
    return ids, read_only(_places(ids, orders)), 0, _NO_WORDS, _NOBODY


def _places(ids: pl.Series, wanted: pl.Series) -> Ints:
    """Where each of the wanted ids stands among ids."""
    rows = ids.alias("id").to_frame().with_row_index("row")
    found = wanted.alias("id").to_frame().join(rows, on="id", how="left", maintain_order="left")
    return array(found["row"])
