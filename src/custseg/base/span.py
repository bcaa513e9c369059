"""From the window of a measure to instants."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from attrs import frozen

from custseg.model.window import months_later
from custseg.schema.clock import DAY, clock, day_number

if TYPE_CHECKING:
    from custseg.model.measure_name import MeasureName

__all__ = ["AsOf", "Span"]

_EARLIEST = -(2**62)


@frozen
class Span:
    """Instants from `low` to `high`, both included, and the same as local days.

    Attributes:
        low: First instant, microseconds of UTC.
        high: Last instant.
        first_day: First local day, numbered from 1970-01-01.
        last_day: Last local day.
    """

    low: int
    high: int
    first_day: int
    last_day: int


@frozen
class AsOf:
    """The instant a base is seen at, with its local day.

    Attributes:
        instant: Microseconds of UTC; everything at or before it counts.
        day: The local day it lies in.
        tz: The zone of local days.
    """

    instant: int
    day: dt.date
    tz: str

    def span(self, name: MeasureName | None = None) -> Span:
        """What a measure counts: its window, or everything up to the as_of."""
        today = day_number(self.day)
        if name is None or name.unit == "":
            return Span(_EARLIEST, self.instant, _EARLIEST, today)
        if name.unit == "y":
            first = day_number(dt.date(name.length, 1, 1))
            last = day_number(dt.date(name.length, 12, 31))
            high = min(self.instant, self._start(last + 1) - 1)
            return Span(self._start(first), high, first, min(last, today))
        first_day = self._after_window(name)
        if first_day is None:
            return Span(_EARLIEST, self.instant, _EARLIEST, today)
        return Span(self._start(first_day), self.instant, first_day, today)

    def _after_window(self, name: MeasureName) -> int | None:
        """The first day inside; None when the window reaches beyond year 1."""
        try:
            if name.unit == "m":
                return day_number(months_later(self.day, -name.length)) + 1
            return day_number(self.day - dt.timedelta(days=name.length)) + 1
        except (OverflowError, ValueError):
            return None

    def _start(self, day: int) -> int:
        return clock(self.tz, (day - 1) * DAY, (day + 1) * DAY).day_start(day)
