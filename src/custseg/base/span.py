"""From the window of a measure to instants."""

from __future__ import annotations

import datetime as dt
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from attrs import frozen

from custseg.model.window import months_later
from custseg.schema.clock import DAY, clock, day_number

if TYPE_CHECKING:
    from custseg.model.measure_name import MeasureName

__all__ = ["AsOf", "Span"]

_EARLIEST = -(2**62)
_FIRST_DAY, _LAST_DAY = day_number(dt.date.min), day_number(dt.date.max)


@frozen(cache_hash=True)
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


@frozen(cache_hash=True)
class AsOf:
    """The instant a base is seen at, with its local day.

    Attributes:
        instant: Microseconds of UTC; everything at or before it counts.
        today: The local day it lies in, numbered from 1970-01-01.
        tz: The zone of local days.
    """

    instant: int
    today: int
    tz: str

    @cached_property
    def day(self) -> dt.date:
        """The local day as a date; the nearest one where no date reaches.

        West of Greenwich the first hours of the year 1 lie in a day before it.
        """
        number = min(max(self.today, _FIRST_DAY), _LAST_DAY)
        return dt.date.min + dt.timedelta(days=number - _FIRST_DAY)

    def span(self, name: MeasureName | None = None) -> Span:
        """What a measure counts: its window, or everything up to the as_of."""
        return _span(self, None if name is None or name.unit == "" else name)

    def within(self, name: MeasureName) -> Span:
        """The window of a measure that has one."""
        if name.unit != "y":
            return self.since(self._after_window(name))
        first = day_number(dt.date(name.length, 1, 1))
        last = day_number(dt.date(name.length, 12, 31))
        high = min(self.instant, self._start(last + 1) - 1)
        return Span(self._start(first), high, first, min(last, self.today))

    def since(self, first_day: int | None) -> Span:
        """Everything from a local day on up to the as_of; None: from the beginning."""
        if first_day is None:
            return Span(_EARLIEST, self.instant, _EARLIEST, self.today)
        return Span(self._start(first_day), self.instant, first_day, self.today)

    def _after_window(self, name: MeasureName) -> int | None:
        """The first day inside; None when the window reaches beyond year 1."""
        if name.unit == "d":
            return self.today - name.length + 1
        before = months_later(self.day, -name.length)
        return None if before == dt.date.min else day_number(before) + 1

    def _start(self, day: int) -> int:
        return clock(self.tz, (day - 1) * DAY, (day + 1) * DAY).day_start(day)


@lru_cache(maxsize=1024)
def _span(as_of: AsOf, name: MeasureName | None) -> Span:
    """Kept: customers who are asked for one by one share an as_of."""
    return as_of.since(None) if name is None else as_of.within(name)
