"""What days mean to a program, as small tables: kernels know no time zones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import frozen

from custseg._kernels import grants as kernel
from custseg.model.window import Window
from custseg.schema.bridge import read_only
from custseg.schema.clock import DAY, Clock, clock

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from custseg.loyalty.ladder import Ladder
    from custseg.loyalty.program import Program
    from custseg.loyalty.terms import Terms

    Ints = NDArray[np.int64]

__all__ = ["Calendar", "Reviews", "calendar", "no_reviews", "reviews_of"]

_AT_ONCE, _NEVER = -(2**63), 2**63 - 1
_SHORTFALL = {"debt": 0, "forgive": 1, "lot_only": 2}
_COMBINE = {"sum": 0, "best": 1}
_ROUNDING = {"floor": 0, "half_up": 1, "half_even": 2, "ceil": 3}
_PERIODS = {"month": 1, "quarter": 3, "year": 12}


@frozen(eq=False)
class Calendar:
    """Tables by local day, the first at index 0.

    Attributes:
        low: The first instant that the tables are good for.
        high: The last one.
        first: The first day, numbered from 1970-01-01.
        zone: The clock of local days.
        opens: First instant at which points of a day can be spent.
        ends: First instant at which they no longer can, or never.
        idles: When all lapse if nothing happens after that day, or never.
        terms: 1 for oldest first, plus 2 for forgiving, plus 4 for own lot only.
        revivals: The end of what a cancel of the day brings back, or -1.
        table: int64[d x grants.DAY], day by day: keys of its periods (nothing, day,
            month, year and lifetime, as numbers); how sums are made (ADDING);
            the first day that counts for a tier (LOW).
        reviews: The reviews of tiers, if all members have them on the same days,
            as `Reviews.table` holds them.
    """

    low: int
    high: int
    first: int
    zone: Clock
    opens: Ints
    ends: Ints
    idles: Ints
    terms: Ints
    revivals: Ints
    table: Ints
    reviews: Ints

    @property
    def lows(self) -> Ints:
        """The first day that counts for a tier."""
        return self.table[kernel.LOW :: kernel.DAY]

    def days(self, at: Ints) -> Ints:
        """Instants as indexes of the tables."""
        return read_only(self.zone.days(at) - self.first)


def calendar(terms: Sequence[Terms], low: int, high: int, tz: str) -> Calendar:
    """The tables for all instants from `low` to `high`."""
    zone = clock(tz, low - DAY, high + DAY)
    # Where clocks go back over midnight, the day of an instant may precede that of an earlier one.
    first, last = zone.day(low) - 1, zone.day(high) + 1
    numbers = np.arange(first, last + 1)
    dates = pl.Series(numbers).cast(pl.Int32).cast(pl.Date)
    plain = np.zeros(numbers.size, np.int64)
    tables = {
        "opens": np.full(numbers.size, _AT_ONCE),
        "ends": plain + _NEVER,
        "idles": plain + _NEVER,
        "terms": plain.copy(),
        "revivals": plain - 1,
        "adding": plain.copy(),
    }
    for version, each in enumerate(terms):
        of = slice(max(each.first - first, 0), max(each.last + 1 - first, 0))
        if numbers[of].size:
            for name, values in _tables(each.program, numbers[of], dates[of], tz).items():
                tables[name][of] = values
            tables["adding"][of] += 8 * version
    years = dates.dt.year().cast(pl.Int64)
    months = (years * 12 + dates.dt.month()).to_numpy()
    ladder = terms[-1].program.tiers
    lows, reviews = plain + _AT_ONCE, np.zeros((0, 4), np.int64)
    if ladder is not None:
        lows = _lows(ladder, dates) - first
        if ladder.review is not None and ladder.review != "anniversary":
            reviews = _table(ladder, first, tz, _period_starts(numbers, _PERIODS[ladder.review]))
    told = (plain, numbers, months, years.to_numpy(), plain, tables.pop("adding"), lows)
    made = {name: read_only(values) for name, values in tables.items()}
    made |= {"table": read_only(np.stack(told, axis=1).reshape(-1)), "reviews": read_only(reviews)}
    return Calendar(low, high, first, zone, **made)


def _period_starts(days: Ints, months: int) -> Ints:
    """The first days of the periods that some days, one after the other, lie in."""
    ends: Ints = days[[0, -1]].astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    first, last = (int(end) // months * months for end in ends)
    starts = np.arange(first, last + 1, months, dtype=np.int64).astype("datetime64[M]")
    return starts.astype("datetime64[D]").astype(np.int64)


def _tables(program: Program, numbers: Ints, dates: pl.Series, tz: str) -> dict[str, Ints | int]:
    """What one version says of its days."""
    made: dict[str, Ints | int] = {
        "terms": int(program.redemption.order == "oldest_first")
        + 2 * _SHORTFALL[program.refunds.shortfall],
        "adding": _COMBINE[program.combine] + 2 * _ROUNDING[program.rounding],
    }
    if program.pending_days:
        made["opens"] = _starts(numbers + program.pending_days, tz)
    if program.expiry.ends:
        made["idles" if program.expiry.idles else "ends"] = _starts(
            _numbers(program.expiry.last_days(dates)) + 1, tz
        )
    restored = program.refunds.restored_days
    if restored is not None:
        made["revivals"] = _starts(numbers + restored + 1, tz)
    return made


def _starts(days: Ints, tz: str) -> Ints:
    return clock(tz, int(days[0] - 2) * DAY, int(days.max() + 2) * DAY).day_starts(days)


def _numbers(dates: pl.Series) -> Ints:
    return dates.to_physical().cast(pl.Int64).to_numpy()


def _before(window: Window, dates: pl.Series) -> Ints:
    """The day so long before each day."""
    if window.months is not None:
        return _numbers(dates.dt.offset_by(f"-{window.months}mo"))
    return _numbers(dates) - (window.days or 0)


def _lows(ladder: Ladder, dates: pl.Series) -> Ints:
    """The first day that counts for a tier on each day, numbered from 1970-01-01."""
    if isinstance(ladder.window, Window):
        return _before(ladder.window, dates) + 1
    return np.full(dates.len(), -(2**62))


@frozen(eq=False)
class Reviews:
    """When tiers are reviewed.

    Attributes:
        table: int64[r, 4]: instant, first day that counts (an index of the
            calendar), instant of the fall, day of the review (an index too).
        starts: int64[m], where each member's reviews begin in the table.
        stops: int64[m], where they end.
    """

    table: Ints
    starts: Ints
    stops: Ints


def no_reviews(members: int) -> Reviews:
    """Nobody's tier is ever reviewed."""
    nothing = read_only(np.zeros(members, np.int64))
    return Reviews(read_only(np.zeros((1, 4), np.int64)), nothing, nothing)


def reviews_of(ladder: Ladder, days: Calendar, since: Ints, joined: Ints, until: int) -> Reviews:
    """The reviews of members who began at some instants, up to another."""
    if ladder.review is None or since.size == 0:
        return no_reviews(since.size)
    if ladder.review == "anniversary":
        anchors = days.zone.days(np.where(joined > _AT_ONCE, joined, since))
        return _anniversaries(ladder, days, anchors, since, until)
    table = days.reviews
    starts = np.searchsorted(table[:, 0], since, side="right")
    stop = int(np.searchsorted(table[:, 0], until, side="right"))
    stops = np.maximum(starts, stop)
    return Reviews(table, read_only(starts), read_only(stops))


def _table(ladder: Ladder, first: int, tz: str, numbers: Ints) -> Ints:
    if numbers.size == 0:
        return np.zeros((1, 4), np.int64)
    low = np.full(numbers.size, -(2**62))
    if isinstance(ladder.window, Window):
        low = _before(ladder.window, pl.Series(numbers).cast(pl.Int32).cast(pl.Date))
    at = _starts_of(numbers, tz)
    fall = _starts_of(numbers + ladder.grace_days, tz)
    return np.ascontiguousarray(np.stack([at, low - first, fall, numbers - first], axis=1))


def _starts_of(days: Ints, tz: str) -> Ints:
    low, high = int(days.min()), int(days.max())
    return clock(tz, (low - 2) * DAY, (high + 2) * DAY).day_starts(days)


def _anniversaries(
    ladder: Ladder, days: Calendar, anchors: Ints, since: Ints, until: int
) -> Reviews:
    """Each member's own reviews: the same day of each later year."""
    dates = pl.Series(anchors).cast(pl.Int32).cast(pl.Date)
    last = days.zone.day(until)
    years = np.maximum((last - anchors) // 365 + 1, 0)
    whose = np.repeat(np.arange(anchors.size), years)
    turn = np.arange(whose.size) - np.repeat(np.cumsum(years) - years, years) + 1
    told = pl.DataFrame({"day": dates.gather(whose), "turn": turn}).select(
        pl.col("day").dt.offset_by(pl.format("{}mo", pl.col("turn") * 12))
    )
    table = _table(ladder, days.first, days.zone.tz, _numbers(told.to_series()))
    if whose.size == 0:
        return Reviews(read_only(table), *(read_only(np.zeros(since.size, np.int64)),) * 2)
    due = (table[:, 0] > since[whose]) & (table[:, 0] <= until)
    starts = np.cumsum(years) - years
    # What is not due stands first or last among a member's own.
    early = np.bincount(whose, weights=table[:, 0] <= since[whose], minlength=since.size)
    starts = starts + early.astype(np.int64)
    counts = np.bincount(whose, weights=due, minlength=since.size).astype(np.int64)
    return Reviews(read_only(table), read_only(starts), read_only(starts + counts))
