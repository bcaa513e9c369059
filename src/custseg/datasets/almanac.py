"""Almanac: how busy each day and each hour of a shop is, and which instant that is."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from attrs import field, frozen

from custseg.datasets.urn import Urn

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["Almanac"]

_SLOTS = 96  # quarters of an hour in a day
_SLOT_SECONDS = 900
_CELLS_PER_DAY = 64

# How busy the year is, by day of the year: January sales, a summer dip, Christmas.
_YEAR_DAYS = (1, 4, 9, 24, 45, 100, 150, 185, 212, 226, 250, 300, 322, 340, 354, 357, 360, 366)
_YEAR = (
    0.5,
    1.0,
    1.15,
    0.98,
    0.86,
    0.95,
    1.0,
    1.02,
    0.8,
    0.72,
    0.97,
    1.02,
    1.12,
    1.5,
    1.85,
    1.3,
    0.55,
    0.7,
)
_WEEK = (0.90, 0.88, 0.95, 0.98, 1.13, 1.42, 0.74)
_BLACK_FRIDAY = (1.45, 2.1, 1.6, 1.3, 1.5)  # from the Thursday to the Monday

# Weights of the 24 hours, by whether people buy online or come in.
_ONLINE_WEEKDAY = (
    *(0.30, 0.14, 0.07, 0.04, 0.04, 0.07, 0.22, 0.60, 0.90, 1.05, 1.15, 1.20),
    *(1.35, 1.25, 1.05, 1.00, 1.05, 1.20, 1.50, 1.85, 2.30, 2.45, 1.75, 0.85),
)
_ONLINE_WEEKEND = (
    *(0.45, 0.25, 0.12, 0.07, 0.05, 0.05, 0.12, 0.35, 0.75, 1.15, 1.50, 1.55),
    *(1.35, 1.30, 1.40, 1.45, 1.50, 1.55, 1.60, 1.70, 1.95, 2.05, 1.55, 0.90),
)
_STORE_WEEKDAY = (*(0,) * 9, 0.5, 0.9, 1.15, 1.4, 1.1, 1.0, 1.1, 1.35, 1.75, 1.9, 1.1, *(0,) * 4)
_STORE_SATURDAY = (*(0,) * 9, 0.7, 1.3, 1.7, 1.4, 1.2, 1.6, 1.9, 1.9, 1.7, 1.3, 0.6, *(0,) * 4)
_STORE_SUNDAY = (*(0,) * 10, 1.0, 1.5, 1.0, *(0,) * 11)


@frozen(eq=False)
class Almanac:
    """The local days of a log.

    A position is a time in busy days: 1.0 passes in an average day, 1.9 in the
    last days before Christmas. Rates per busy day give a seasonal process.

    Attributes:
        first: The first local day.
        days: How many days there are.
        tz: The time zone they are local to.
        elapsed: Shape (days + 1,): the position at the start of each day.
        weekday: Shape (days,): 0 is Monday.
        month: Shape (days,): 0 is January.
        begins: Shape (days * 96 + 1,): when each local quarter of an hour begins,
            in seconds since 1970; a skipped one begins as late as the clock was set
            forward. The last is the end of the log.
    """

    first: dt.date
    days: int
    tz: str
    elapsed: NDArray[np.float64]
    weekday: NDArray[np.int64]
    month: NDArray[np.int64]
    begins: NDArray[np.int64]
    _day_of_cell: NDArray[np.int64] = field(alias="day_of_cell")
    _hours: Urn = field(alias="hours")

    @classmethod
    def of(cls, first: dt.date, days: int, tz: str, rng: np.random.Generator) -> Almanac:
        """The almanac of `days` local days from `first` on, with a little weather."""
        calendar = [first + dt.timedelta(days=n) for n in range(days)]
        weekday = np.array([day.weekday() for day in calendar])
        year = np.interp([day.timetuple().tm_yday for day in calendar], _YEAR_DAYS, _YEAR)
        busy = year * np.array(_WEEK)[weekday] * np.exp(0.07 * rng.standard_normal(days))
        busy *= [_black_friday(day) for day in calendar]
        elapsed = np.concatenate([[0.0], np.cumsum(busy)]) * (days / busy.sum())
        elapsed[-1] = days  # nothing lies behind it, not even by rounding
        cells = (np.arange(days * _CELLS_PER_DAY) + 0.5) / _CELLS_PER_DAY
        return cls(
            first=first,
            days=days,
            tz=tz,
            elapsed=elapsed,
            weekday=weekday,
            month=np.array([day.month - 1 for day in calendar]),
            begins=_quarters(first, days, tz),
            day_of_cell=np.searchsorted(elapsed[1:-1], cells, side="right"),
            hours=_hours(),
        )

    @property
    def start(self) -> int:
        """The first instant, in seconds since 1970."""
        return int(self.begins[0])

    @property
    def end(self) -> int:
        """The first instant after the last day, in seconds since 1970."""
        # Where the only day was left out of the calendar, a second of the next one stands for it.
        return max(int(self.begins[-1]), self.start + 1)

    def day_at(self, position: NDArray[np.float64]) -> NDArray[np.int64]:
        """The day of each position, to a 64th of a busy day."""
        cell = (position * _CELLS_PER_DAY).astype(np.int64)
        return self._day_of_cell[np.minimum(cell, len(self._day_of_cell) - 1)]

    def instants(
        self, rng: np.random.Generator, day: NDArray[Any], *, in_store: NDArray[Any] | bool = False
    ) -> NDArray[np.int64]:
        """An instant on each day, in seconds since 1970, at an hour when people buy."""
        row = self.weekday[day] + 7 * np.asarray(in_store, np.int64)
        slot = self._hours.draw(rng, len(day), row=row)
        second = rng.integers(0, _SLOT_SECONDS, len(day), dtype=np.uint16)
        instant = self.begins[day.astype(np.int64) * _SLOTS + slot] + second
        # A day that ends in a skipped hour would run into the next one.
        return np.minimum(instant, self.end - 1)


def _black_friday(day: dt.date) -> float:
    fourth = dt.date(day.year, 11, 1) + dt.timedelta(
        days=(4 - dt.date(day.year, 11, 1).weekday()) % 7 + 21
    )
    since = (day - fourth).days + 1
    return _BLACK_FRIDAY[since] if 0 <= since < len(_BLACK_FRIDAY) else 1.0


def _hours() -> Urn:
    quarters = (np.arange(_SLOTS) + 0.5) / 4
    online = [
        np.interp(quarters, np.arange(24) + 0.5, week, period=24)
        for week in (_ONLINE_WEEKDAY, _ONLINE_WEEKEND)
    ]
    store = [np.repeat(week, 4) for week in (_STORE_WEEKDAY, _STORE_SATURDAY, _STORE_SUNDAY)]
    return Urn.of(
        [*[online[0]] * 5, *[online[1]] * 2, *[store[0]] * 5, store[1], store[2]], bits=12
    )


def _quarters(first: dt.date, days: int, tz: str) -> NDArray[np.int64]:
    # One day more on either side: the offset before the first, the end after the last.
    naive = (first - dt.date(1970, 1, 1)).days * 86_400 + np.arange(
        -_SLOTS, days * _SLOTS + 1
    ) * _SLOT_SECONDS
    local = pl.Series("local", naive * 1_000_000).cast(pl.Datetime("us"))
    known = local.dt.replace_time_zone(tz, ambiguous="earliest", non_existent="null")
    # A skipped time keeps the offset that held before: 02:30 is what is now called 03:30.
    offset = (known.dt.epoch("s") - naive).forward_fill()
    return (offset + naive).to_numpy()[_SLOTS:]
