"""Replay: the orders of a base folded once, period after period."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from attrs import evolve, frozen

from custseg.schema.arrow import words
from custseg.schema.bridge import array, read_only
from custseg.segments.roster import Roster
from custseg.threads import threads

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl
    from numpy.typing import NDArray

    from custseg.base.coding import Coding
    from custseg.base.customer_base import CustomerBase
    from custseg.base.span import AsOf, Span
    from custseg.model.measure_name import MeasureName

    Ints = NDArray[np.int64]

__all__ = ["History", "Replay", "Rows", "moves_of", "parts", "windows_of"]

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
        instants: When each was; ascending from one period to the next.
        totals: int64[n, 1 or 2], smallest units, the low word first; they fit it.
        moves: int64[periods, windows, 4]: rows [0, 1) come into the window at
            the period's end, rows [2, 3) leave it. The first window holds all.
        windows: The place of each window among the moves, by its suffix.
        ends: The ends of the periods.
    """

    roster: Roster
    instants: Ints
    totals: Ints
    moves: Ints
    windows: dict[str, int]
    ends: tuple[AsOf, ...]

    @classmethod
    def of(
        cls, base: CustomerBase, ends: tuple[AsOf, ...], names: Sequence[MeasureName], /
    ) -> Replay | None:
        """The orders of a base, put in order for the windows of some measures.

        Returns:
            None when a sum might leave int64.
        """
        from custseg._kernels.fold import largest  # numba is loaded when it is needed

        orders = base.log("orders")
        totals = read_only(words(orders["total"]))
        # The last number is kept free: nothing reaches a start at infinity.
        if int(largest(totals)) * orders.height >= _MAX:
            return None
        windows = windows_of(names)
        spans = [[end.span(name) for name in windows.values()] for end in ends]
        places = {suffix: at for at, suffix in enumerate(windows)}
        roster, instants = Roster.of(base), array(orders["ordered_at"])
        if orders["ordered_at"].is_sorted():
            moves = moves_of(spans, lambda bounds: np.searchsorted(instants, bounds))
            return cls(roster, instants, totals, moves, places, ends)
        cuts = _cuts(spans, instants)
        offsets, parted, amounts = _parted(cuts, roster.coding.numbers, instants, totals)

        def before(bounds: Ints) -> Ints:
            return offsets[np.searchsorted(cuts, np.clip(bounds, cuts[0], cuts[-1]))]

        roster = evolve(roster, coding=evolve(roster.coding, numbers=read_only(parted[0])))
        moves = moves_of(spans, before)
        return cls(roster, read_only(parted[1]), read_only(amounts), moves, places, ends)


def windows_of(names: Sequence[MeasureName], /) -> dict[str, MeasureName | None]:
    """The windows of some measures by suffix, all time first."""
    return {"": None, **{name.window: name for name in names if name.window}}


def parts(replay: Replay, /) -> list[Rows]:
    """The table of customers cut into one range for each thread."""
    rows = replay.roster.ids.len()
    busy = replay.instants.size + rows * len(replay.ends)
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


def _cuts(spans: Sequence[Sequence[Span]], instants: Ints) -> Ints:
    """The instants, within those of the orders, at which a window begins or ends."""
    bounds = [bound for each in spans for span in each for bound in (span.low, span.high + 1)]
    inside = np.clip(np.array(bounds, np.int64), instants.min(), instants.max() + 1)
    return read_only(np.unique(inside))


def _parted(cuts: Ints, ids: Ints, instants: Ints, totals: Ints) -> tuple[Ints, Ints, Ints]:
    """Orders moved to where they lie between cuts: rows before each cut, and the columns."""
    from custseg._kernels.track import count, part  # numba is loaded when it is needed

    shift = max(int(cuts[-1] - cuts[0]).bit_length() - _GUESSES.bit_length() + 1, 0)
    slots = int(cuts[-1] - cuts[0] >> shift) + 1
    begins = cuts[0] + (np.arange(slots, dtype=np.int64) << shift)
    reached: Ints = np.asarray(cuts.searchsorted(begins, side="right"), np.int64)
    guesses = read_only(reached)
    many = min(threads(), max(ids.size // _SMALL, 1))
    edges = [ids.size * each // many for each in range(many + 1)]
    slices = [slice(low, high) for low, high in pairwise(edges)]

    def counted(some: slice) -> Ints:
        return count(instants[some], cuts, guesses, shift)

    with ThreadPoolExecutor(many) as pool:
        counts = np.array(list(pool.map(counted, slices)))
        # Buckets one after the other, in each the rows of the first thread first.
        ends = np.cumsum(counts.T).reshape(counts.T.shape).T
        offsets = ends[-1, :-1].copy()
        rows = int(offsets[-1])
        parted, amounts = np.empty((2, rows), np.int64), np.empty((rows, 1), np.int64)

        def put(some: slice, places: Ints) -> None:
            orders = ids[some], instants[some], totals[some]
            part(*orders, cuts, guesses, shift, places, parted, amounts)

        # Threads write to places of their own.
        list(pool.map(put, slices, [read_only(each) for each in ends - counts]))
    return offsets, parted, amounts
