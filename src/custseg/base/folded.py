"""Orders folded to customers, in one pass."""

from __future__ import annotations

from functools import cached_property, reduce
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import frozen

from custseg.base.coding import Coding
from custseg.schema.arrow import words
from custseg.schema.bridge import array, minor, read_only
from custseg.threads import in_threads, slices

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from custseg.base.span import Span

    Ints = NDArray[np.int64]

__all__ = ["FoldedOrders", "OrderLog", "Piece", "fold_orders"]

_MAX = 2**63 - 1
_NEVER = -(2**63)
# Orders that are worth a thread.
_SMALL = 500_000
# Rows of a chunk that are worth a call; many small chunks are copied into one.
_CHUNK = 50_000
_SECOND = 1_000_000
# Bits of a word below its sign.
_BITS = 63


@frozen(eq=False)
class FoldedOrders:
    """What orders say of each customer who has a row in them.

    Attributes:
        ids: Customers, sorted.
        last: int64 instant of the last order, to the second below: every
            local day begins at a whole second. Without an order it is no instant.
        first: int64 instant of the first order, if asked for, else empty;
            without one it is no instant.
        orders: For each span, the number of orders.
        spend: For each span, the sum of totals in smallest units, returns
            net: int64, or a column of Int128 where that could overflow.
        gross: For each span, the same without returns, if asked for.
        most: How far from zero these sums are at most.
    """

    ids: pl.Series
    last: Ints
    first: Ints
    orders: Sequence[Ints]
    spend: Sequence[Ints | pl.Series]
    gross: Sequence[Ints | pl.Series]
    most: int


@frozen(eq=False)
class OrderLog:
    """Orders, and what kernels take of them: made once, for all who read this log.

    Attributes:
        frame: The orders, in any order.
    """

    frame: pl.DataFrame

    @cached_property
    def shares(self) -> list[list[Piece]]:
        """The orders of each thread, piece by piece; there is one order at least."""
        instants, totals = self.frame["ordered_at"], self.frame["total"]
        return in_threads(
            lambda share: [Piece.of(instants, totals, rows) for rows in share],
            _shares(instants, totals),
        )

    @property
    def pieces(self) -> list[Piece]:
        """The same for no thread in particular; nothing where there are no orders."""
        return [piece for share in self.shares for piece in share] if self.frame.height else []

    @property
    def parts(self) -> list[slice]:
        """The rows of each thread, from the first to the last."""
        return [slice(share[0].rows.start, share[-1].rows.stop) for share in self.shares]

    @cached_property
    def coding(self) -> Coding | None:
        """The ids as rows of a table; None when two of them have the same hash."""
        return Coding.of(self.frame["customer_id"], self.parts)

    @property
    def latest(self) -> int:
        """The latest instant; without orders, before all instants."""
        return max((piece.last for piece in self.pieces), default=_NEVER)

    @property
    def instants(self) -> Ints:
        """All instants in one piece."""
        (first, *_), *_ = self.shares
        whole = first.rows.stop == self.frame.height
        return first.instants if whole else array(self.frame["ordered_at"])

    @property
    def totals(self) -> Ints:
        """All totals in one piece, two words each."""
        (first, *_), *_ = self.shares
        return first.totals if first.rows.stop == self.frame.height else words(self.frame["total"])


def fold_orders(
    log: OrderLog, spans: tuple[Span, ...], *, gross: bool, since: bool
) -> FoldedOrders:
    """Fold orders to a row for each customer.

    Args:
        log: Orders, in any order; rows after the first span's end are not
            seen.
        spans: What is counted; the first is everything up to the as_of.
        gross: Whether totals without returns are asked for.
        since: Whether the first order is asked for.
    """
    folding = _Folding.of(log, spans, gross=gross, since=since) if log.frame.height else None
    coding = None if folding is None else log.coding
    if folding is None or coding is None:
        return _by_polars(log, spans, gross=gross, since=since)
    return folding.customers(folding.table(coding), coding)


@frozen(eq=False)
class _Folding:
    """What is folded, and how a row of the table is laid out.

    Attributes:
        shares: The orders of each thread, piece by piece.
        most: How far from zero a sum of them is at most.
        start: A whole second before all of them, in microseconds.
        bits: What the number of orders needs; the second of the last stands above.
        spans: What is counted; the first is everything.
        gross: Whether totals without returns are asked for.
        since: Whether the first order is asked for.
    """

    shares: list[list[Piece]]
    most: int
    start: int
    bits: int
    spans: tuple[Span, ...]
    gross: bool
    since: bool

    @classmethod
    def of(
        cls, log: OrderLog, spans: tuple[Span, ...], *, gross: bool, since: bool
    ) -> _Folding | None:
        """None when a sum might leave int64, or a row of the table the room it has."""
        pieces = log.pieces
        start = min(piece.first for piece in pieces) // _SECOND * _SECOND
        latest = min(max(piece.last for piece in pieces), spans[0].high)
        bits = log.frame.height.bit_length()
        seconds = max(latest - start, 0) // _SECOND
        most = max(piece.furthest for piece in pieces) * log.frame.height
        if most > _MAX or seconds.bit_length() + bits > _BITS:
            return None
        return cls(log.shares, most, start, bits, spans, gross, since)

    @property
    def sums(self) -> int:
        """Columns of the table that are sums."""
        return len(self.spans) * (3 if self.gross else 2)

    def table(self, coding: Coding) -> Ints:
        """A row for each customer, as the kernel leaves it."""
        from custseg._kernels.fold import LATEST, fold, merge

        lows = read_only(np.array([span.low for span in self.spans], np.int64))
        highs = read_only(np.array([span.high for span in self.spans], np.int64))
        rows = (coding.lowest, coding.words, coding.ranks, self.start, self.bits)

        def folded(share: list[Piece]) -> Ints:
            # numpy asks for huge pages; a kernel's own room would cost a fault for each small one.
            out = np.zeros((coding.rows, self.sums + self.since), np.int64)
            out[:, self.sums :] = LATEST
            for piece in share:
                orders = (coding.numbers[piece.rows], piece.instants, piece.totals)
                fold(*orders, *rows, lows, highs, self.gross, out)
            return out

        return reduce(
            lambda left, right: merge(left, right, self.bits, self.sums),
            in_threads(folded, self.shares),
        )

    def customers(self, table: Ints, coding: Coding) -> FoldedOrders:
        """The rows of the table that are customers, by id."""
        from custseg._kernels.fold import columns

        # Who has neither an order nor a return by the as_of is not in these orders.
        ids, kept = coding.kept((table[:, 0] != 0) | (table[:, 1] != 0))
        turned = columns(read_only(table), kept, np.empty((table.shape[1], kept.size), np.int64))
        last = (turned[0] >> self.bits) * _SECOND + self.start
        turned[0] &= (1 << self.bits) - 1
        step = 3 if self.gross else 2
        sums, first = turned[: self.sums], turned[self.sums :].ravel()
        gross = tuple(sums[2::step]) if self.gross else ()
        orders, spend = tuple(sums[0::step]), tuple(sums[1::step])
        return FoldedOrders(ids, last, first, orders, spend, gross, self.most)


@frozen(eq=False)
class Piece:
    """Some orders as kernels take them.

    Attributes:
        rows: Which of all orders they are.
        instants: int64[n].
        totals: int64[n, 2].
        first: The earliest instant.
        last: The latest one.
        furthest: How far totals are from zero.
    """

    rows: slice
    instants: Ints
    totals: Ints
    first: int
    last: int
    furthest: int

    @classmethod
    def of(cls, instants: pl.Series, totals: pl.Series, rows: slice) -> Piece:
        """Some rows of these columns."""
        from custseg._kernels.fold import largest  # numba is loaded when it is needed

        if rows.stop - rows.start < instants.len():
            instants, totals = instants[rows], totals[rows]
        at, much = array(instants), words(totals)
        return cls(rows, at, much, int(at.min()), int(at.max()), int(largest(much)))


def _shares(*columns: pl.Series) -> list[list[slice]]:
    """The rows of each thread, in pieces of one chunk where that balances and is worth a call."""
    parts = slices(columns[0].len(), _SMALL)
    if len(parts) == 1 and all(column.n_chunks() == 1 for column in columns):
        return [parts]
    first, *others = (column.chunk_lengths() for column in columns)
    edges = np.cumsum([0, *first])
    balanced = max(first) * 4 * len(parts) <= edges[-1]
    if not balanced or edges[-1] < _CHUNK * len(first) or any(each != first for each in others):
        return [[part] for part in parts]
    cuts = np.searchsorted(edges, [*(part.start for part in parts), edges[-1]]).tolist()
    pieces = [slice(low, high) for low, high in pairwise(edges.tolist())]
    return [pieces[start:stop] for start, stop in pairwise(cuts)]


def _by_polars(log: OrderLog, spans: tuple[Span, ...], *, gross: bool, since: bool) -> FoldedOrders:
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
        log.frame.lazy()
        .select(
            "customer_id",
            at=pl.col("ordered_at").to_physical(),
            units=minor(log.frame["total"]).cast(pl.Int128),
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
        folded["first"].fill_null(_MAX).to_numpy() if since else np.empty(0, np.int64),
        tuple(folded[f"orders{k}"].to_numpy() for k in count),
        tuple(folded[f"spend{k}"] for k in count),
        tuple(folded[f"gross{k}"] for k in count) if gross else (),
        2**127,
    )
