"""Replay: the orders of a base folded once, period after period."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from attrs import frozen

from custseg.schema.bridge import read_only
from custseg.segments.roster import Roster
from custseg.threads import in_threads, threads

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import polars as pl
    from numpy.typing import NDArray

    from custseg.base.coding import Coding
    from custseg.base.customer_base import CustomerBase
    from custseg.base.folded import OrderLog, Piece
    from custseg.base.span import AsOf, Span
    from custseg.model.measure_name import MeasureName

    Ints = NDArray[np.int64]

__all__ = ["History", "Orders", "Replay", "Rows", "moves_of", "parts", "windows_of"]

_MAX = 2**63 - 1
# Orders, or labels, that are worth a thread.
_SMALL = 500_000
# Guesses at the bucket of an instant: as many as stay in the first cache.
_GUESSES = 1 << 12


@frozen(eq=False)
class History:
    """Labels as they were found.

    Attributes:
        ids: Customers, ascending; some may never be one.
        segments: The labels in order.
        codes: [periods, customers] places of labels, the largest number of
            the type where somebody is not a customer yet.
    """

    ids: pl.Series
    segments: tuple[str, ...]
    codes: NDArray[np.uint8 | np.uint16]


@frozen(eq=False)
class Replay:
    """Orders in the order in which they come into windows.

    Attributes:
        roster: Whose they are.
        pieces: The orders, piece by piece.
        moves: int64[pieces, periods, windows, 4]: rows [0, 1) of the piece
            come into the window at the period's end, rows [2, 3) leave it.
            The first window holds all.
        windows: The place of each window among the moves, by its suffix.
        ends: The ends of the periods.
    """

    roster: Roster
    pieces: list[Orders]
    moves: Ints
    windows: dict[str, int]
    ends: tuple[AsOf, ...]

    @classmethod
    def of(
        cls,
        base: CustomerBase,
        log: OrderLog,
        ends: tuple[AsOf, ...],
        names: Sequence[MeasureName],
        /,
    ) -> Replay | None:
        """The orders of a base, put in order for the windows of some measures.

        Args:
            base: Whose customers they are.
            log: All of its orders.
            ends: The ends of the periods.
            names: Measures.

        Returns:
            None when a sum might leave int64.
        """
        # The last number is kept free: nothing reaches a start at infinity.
        most = max((piece.furthest for piece in log.pieces), default=0)
        if most * log.frame.height >= _MAX:
            return None
        windows = windows_of(names)
        spans = [[end.span(name) for name in windows.values()] for end in ends]
        places = {suffix: at for at, suffix in enumerate(windows)}
        roster = Roster.of(base)
        if log.frame["ordered_at"].is_sorted():
            moves, pieces = _as_they_are(spans, roster.coding.numbers, log)
        else:
            moves, pieces = _put_in_order(spans, roster.coding.numbers, log)
        sizes = np.array([piece.ids.size for piece in pieces], np.int64)
        own = moves - (np.cumsum(sizes) - sizes)[:, None, None, None]
        own = np.clip(own, 0, sizes[:, None, None, None])
        return cls(roster, pieces, read_only(own), places, ends)

    def states(self, rows: Rows, /, *, gross: bool = False) -> Iterator[Ints]:
        """What is folded of some customers at the end of each period: one table, changed.

        Args:
            rows: Which customers.
            gross: Whether totals without returns are asked for.
        """
        from custseg._kernels.track import LATEST, NEVER, advance  # numba is loaded when needed

        state = np.zeros((rows.size, 2 + len(self.windows) * (3 if gross else 2)), np.int64)
        state[:, 0], state[:, 1] = NEVER, LATEST
        found = (rows.lowest, self.roster.coding.words, rows.ranks)
        stirs = np.asarray(np.any(self.moves[..., 1::2] > self.moves[..., ::2], axis=(2, 3)))
        for period in range(len(self.ends)):
            for at in np.flatnonzero(stirs[:, period]).tolist():
                piece = self.pieces[at]
                orders = (piece.ids, piece.instants, piece.totals)
                advance(state, *orders, *found, self.moves[at, period])
            yield state


@frozen(eq=False)
class Orders:
    """Some orders, as kernels take them.

    Attributes:
        ids: int64[n], numbers that stand for customers.
        instants: int64[n]; in a replay, ascending from one period to the next.
        totals: int64[n, 1 or 2], smallest units, the low word first; they fit it.
    """

    ids: Ints
    instants: Ints
    totals: Ints


def windows_of(names: Sequence[MeasureName], /) -> dict[str, MeasureName | None]:
    """The windows of some measures by suffix, all time first."""
    return {"": None, **{name.window: name for name in names if name.window}}


def parts(replay: Replay, /) -> list[Rows]:
    """The table of customers cut into one range for each thread."""
    rows = replay.roster.ids.len()
    busy = replay.roster.coding.numbers.size + rows * len(replay.ends)
    many = min(threads(), max(busy // _SMALL, 1), max(rows, 1))
    edges = [rows * part // many for part in range(many + 1)]
    return [Rows.of(replay.roster.coding, low, high) for low, high in pairwise(edges)]


@frozen(eq=False)
class Rows:
    """Some rows of the table of customers, as kernels find them.

    Attributes:
        first: The first row.
        size: How many there are.
        lowest: The number of the first row; with a bitmap that of all rows.
        ranks: For each word of the bitmap the rows before it, of these.
    """

    first: int
    size: int
    lowest: int
    ranks: Ints

    @classmethod
    def of(cls, coding: Coding, low: int, high: int, /) -> Rows:
        """The rows from `low` up to `high`."""
        if coding.words.size:
            return cls(low, high - low, coding.lowest, read_only(coding.ranks - low))
        return cls(low, high - low, coding.lowest + low, coding.ranks)


def moves_of(spans: Sequence[Sequence[Span]], before: Callable[[Ints], Ints]) -> Ints:
    """Which rows come into each window and leave it at the end of each period."""
    lows = before(np.array([[span.low for span in each] for each in spans], np.int64))
    highs = before(np.array([[span.high + 1 for span in each] for each in spans], np.int64))
    # A window that has not begun yet is empty where it will begin.
    highs = np.maximum(highs, lows)
    lows_before = np.concatenate([lows[:1], lows[:-1]])
    highs_before = np.concatenate([lows[:1], highs[:-1]])
    comes, leaves = np.maximum(highs_before, lows), np.minimum(lows, highs_before)
    moves = np.stack([comes, highs, lows_before, np.maximum(leaves, lows_before)], axis=2)
    return read_only(moves.astype(np.int64))


def _as_they_are(
    spans: Sequence[Sequence[Span]], ids: Ints, log: OrderLog
) -> tuple[Ints, list[Orders]]:
    """Orders that ascend already, and their moves."""

    def before(bounds: Ints) -> Ints:
        found = np.zeros(bounds.shape, np.int64)
        for piece in log.pieces:
            found += np.searchsorted(piece.instants, bounds)
        return found

    pieces = [Orders(ids[piece.rows], piece.instants, piece.totals) for piece in log.pieces]
    return moves_of(spans, before), pieces


def _put_in_order(
    spans: Sequence[Sequence[Span]], ids: Ints, log: OrderLog
) -> tuple[Ints, list[Orders]]:
    """Orders moved to where they come into windows, and their moves."""
    cuts = _cuts(spans, log)
    offsets, parted, amounts = _parted(cuts, ids, log)

    def before(bounds: Ints) -> Ints:
        return offsets[np.searchsorted(cuts, np.clip(bounds, cuts[0], cuts[-1]))]

    columns = read_only(parted)
    return moves_of(spans, before), [Orders(columns[0], columns[1], read_only(amounts))]


def _cuts(spans: Sequence[Sequence[Span]], log: OrderLog) -> Ints:
    """The instants, within those of the orders, at which a window begins or ends."""
    bounds = [bound for each in spans for span in each for bound in (span.low, span.high + 1)]
    first = min(piece.first for piece in log.pieces)
    return read_only(np.unique(np.clip(np.array(bounds, np.int64), first, log.latest + 1)))


def _parted(cuts: Ints, ids: Ints, log: OrderLog) -> tuple[Ints, Ints, Ints]:
    """Orders moved to where they lie between cuts: rows before each cut, and the columns."""
    from custseg._kernels.track import count, part  # numba is loaded when it is needed

    shift = max(int(cuts[-1] - cuts[0]).bit_length() - _GUESSES.bit_length() + 1, 0)
    slots = int(cuts[-1] - cuts[0] >> shift) + 1
    begins = cuts[0] + (np.arange(slots, dtype=np.int64) << shift)
    reached: Ints = np.asarray(cuts.searchsorted(begins, side="right"), np.int64)
    guesses = read_only(reached)

    def counted(share: Sequence[Piece]) -> list[Ints]:
        return [count(piece.instants, cuts, guesses, shift) for piece in share]

    counts = np.array([each for share in in_threads(counted, log.shares) for each in share])
    # Buckets one after the other, in each the rows of the first piece first.
    ends = np.cumsum(counts.T).reshape(counts.T.shape).T
    offsets = ends[-1, :-1].copy()
    rows = int(offsets[-1])
    parted, amounts = np.empty((2, rows), np.int64), np.empty((rows, 1), np.int64)
    places = iter([read_only(each) for each in ends - counts])
    given = [[(piece, next(places)) for piece in share] for share in log.shares]

    def put(share: Sequence[tuple[Piece, Ints]]) -> None:
        for piece, free in share:
            orders = ids[piece.rows], piece.instants, piece.totals
            part(*orders, cuts, guesses, shift, free, parted, amounts)

    # Pieces are written to places of their own.
    in_threads(put, given)
    return offsets, parted, amounts
