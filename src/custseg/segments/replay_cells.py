"""Labels of each period from the cells of a scheme: whole numbers all the way."""

from __future__ import annotations

import math
from bisect import bisect_left
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from custseg.schema.bridge import read_only
from custseg.schema.clock import DAY, clock
from custseg.segments.cells import whole
from custseg.segments.replay import History, Replay, parts
from custseg.threads import in_threads

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from custseg.base.customer_base import CustomerBase
    from custseg.base.folded import OrderLog
    from custseg.base.span import AsOf
    from custseg.schema.clock import Clock
    from custseg.segments.cells import Axis, Celled, Cells
    from custseg.segments.replay import Rows

    Ints = NDArray[np.int64]

__all__ = ["codes_by_cells", "least_units", "runs_straight"]

_MAX = 2**63 - 1
_NEVER = -(2**63)
# More days than lie between the years 1 and 9999.
_EVER = 4_000_000
# Up to here every start is compared in turn.
_MOST_STARTS = 16
_MOST_LABELS = 254


def codes_by_cells(scheme: Celled, base: CustomerBase, ends: tuple[AsOf, ...], /) -> History | None:
    """The label of each customer at the end of each period, in one pass.

    Returns:
        None when the scheme has no cells or too many, or when whole numbers
        of 64 bits, or the order of local days, do not suffice.
    """
    cells = scheme.cells
    if cells is None or max((axis.cuts for axis in cells.axes), default=0) > _MOST_STARTS:
        return None
    if max(cells.labels) > _MOST_LABELS:
        return None
    log = base.order_log
    if not runs_straight(base, log):
        return None
    replay = Replay.of(base, log, ends, [axis.name for axis in cells.axes if axis.name is not None])
    if replay is None:
        return None
    from custseg._kernels.track import label  # numba is loaded when it is needed

    ids = replay.roster.ids
    entered = replay.roster.entered(np.array([end.instant for end in ends], np.int64))
    slots, sides, starts, names = _table(cells, replay, base, _first(base, log))
    codes = np.empty((len(ends), ids.len()), np.uint8)

    def labelled(rows: Rows) -> None:
        own = slice(rows.first, rows.first + rows.size)
        for period, state in enumerate(replay.states(rows)):
            table = (slots, sides, starts[period], names)
            label(state, period, entered[own], *table, codes[period, own])

    # Threads write to places of their own.
    in_threads(labelled, parts(replay))
    return History(ids, scheme.segments, codes)


def runs_straight(base: CustomerBase, log: OrderLog, /) -> bool:
    """Whether no clock change takes local days of the orders back.

    Where one does (at a minute past midnight, in Newfoundland until 2011), an
    earlier instant may lie in a later day.
    """
    low = _first(base, log)
    zone = clock(base.tz, low, base.when.instant)
    after = (zone.since[1:] + zone.offsets[1:]) // DAY
    last = (zone.since[1:] - 1 + zone.offsets[:-1]) // DAY
    seen = (zone.since[1:] >= low) & (zone.since[1:] <= base.when.instant)
    return not bool(np.any((after < last) & seen))


def _first(base: CustomerBase, log: OrderLog) -> int:
    """The instant of the first order; without one, the as_of."""
    return min((piece.first for piece in log.pieces), default=base.when.instant)


def least_units(start: float, scale: int, /) -> int:
    """The fewest smallest units that are at least `start` in major ones.

    Measures are the nearest floats of exact decimals, so that an amount a
    little below a large start may count as it.

    >>> least_units(19.99, 2), least_units(0.001, 2), least_units(-2.5, 0)
    (1999, 1, -2)
    """
    if math.isinf(start) or abs(start) > _MAX:
        return whole(math.copysign(math.inf, start))
    unit = 10**scale
    enough = math.ceil(Fraction(start) * unit)
    below = math.floor(Fraction(math.nextafter(start, -math.inf)) * unit)
    units = range(below, enough + 1)
    found = units[bisect_left(units, True, key=lambda each: each / unit >= start)]
    return max(-_MAX, min(found, _MAX))


def _table(
    cells: Cells, replay: Replay, base: CustomerBase, low: int
) -> tuple[Ints, Ints, Ints, NDArray[np.uint8]]:
    """Slots, sides, starts of each period and names, as the kernel takes them.

    Recency is told by the instant of the last order, which runs the other way.
    """
    zone = clock(base.tz, low, base.when.instant)
    shape: tuple[int, ...] = ()
    turned: tuple[int, ...] = ()
    slots: list[int] = []
    sides: list[tuple[int, int, int]] = []
    columns: list[Ints] = []
    for place, axis in enumerate(cells.axes):
        slots.append(_slot(axis, replay))
        begins: Ints = _begins(axis, replay.ends, zone, base.scale)
        shared = len(axis.starts) == 1
        if not shared:
            grouped = begins.reshape(len(replay.ends), *shape, axis.cuts)
            begins = np.flip(grouped, axis=tuple(1 + at for at in turned))
        if axis.measure == "recency_days":
            begins = np.flip(begins, axis=-1)
            turned = (*turned, place)
        columns.append(begins.reshape(len(replay.ends), -1))
        first = sum(column.shape[1] for column in columns[:-1])
        sides.append((axis.cuts, first, 0 if shared else axis.cuts))
        shape = (*shape, axis.cuts + 1)
    names = np.flip(np.array(cells.labels, np.uint8).reshape(shape), axis=turned)
    return (
        read_only(np.array(slots, np.int64)),
        read_only(np.array(sides, np.int64)),
        read_only(np.concatenate(columns, axis=1)),
        read_only(names.ravel()),
    )


def _slot(axis: Axis, replay: Replay) -> int:
    """The column of the folded orders that an axis reads."""
    name = axis.name
    if name is None or name.base == "recency_days":
        return 0
    return 2 + 2 * replay.windows[name.window] + (name.base == "spend")


def _begins(axis: Axis, ends: tuple[AsOf, ...], zone: Clock, scale: int) -> Ints:
    """int64[periods, groups, cuts]: the starts of an axis in what is folded."""
    if axis.measure == "recency_days":
        days = np.array([[_days(start) for start in starts] for starts in axis.starts], np.int64)
        today = np.array([end.today for end in ends], np.int64)
        edges = zone.day_starts((today[:, None, None] - days + 1).ravel())
        edges = edges.reshape(len(ends), *days.shape)
        return np.where(days >= _EVER, _NEVER, edges)
    money = axis.measure.startswith("spend")
    starts = [
        [least_units(start, scale) if money else whole(start) for start in group]
        for group in axis.starts
    ]
    return np.broadcast_to(np.array(starts, np.int64), (len(ends), len(starts), axis.cuts))


def _days(start: float) -> int:
    """A start in whole days, within all days that there are."""
    return math.ceil(max(-_EVER, min(start, _EVER)))
