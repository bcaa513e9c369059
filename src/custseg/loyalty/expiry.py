"""Expiry: how long points live."""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import Literal

import polars as pl
from attrs import field, frozen

from custseg.errors import Problem
from custseg.loyalty.faults import is_day_of_year, is_whole, whole_faults

__all__ = ["EndOf", "Expiry"]

EndOf = Literal["month", "quarter", "year"]
_ENDS = ("month", "quarter", "year")
_LONGEST = {"months": 12_000, "days": 365_250}

# Any stretch of calendar months is shortest in one that holds no leap day:
# eight years around 1900 hold every such stretch that four years can have.
_WITHOUT_LEAP_DAY = (dt.date(1896, 3, 1), dt.date(1904, 2, 28))


@frozen
class Expiry:
    """How long points live, counted from the local day they were earned.

    Made by `Expiry.after`, `Expiry.on`, `Expiry.idle` or `Expiry.never`.

    Attributes:
        months: Calendar months, clamped at month end, or None.
        days: Days, or None.
        end_of: The period to whose end the last usable day is stretched.
        date: Month and day of a fixed last usable day, or None.
        min_days: Days that points live at least, up to a fixed date.
        idles: Whether the count starts at the member's last order or
            redemption, for all points at once.

    >>> import custseg as cu
    >>> cu.Expiry.after(months=12, end_of="month")
    Expiry.after(months=12, end_of='month')
    """

    months: int | None = field(default=None, kw_only=True)
    days: int | None = field(default=None, kw_only=True)
    end_of: EndOf | None = field(default=None, kw_only=True)
    date: tuple[int, int] | None = field(default=None, kw_only=True)
    min_days: int = field(default=0, kw_only=True)
    idles: bool = field(default=False, kw_only=True)
    _faults: tuple[Problem, ...] = field(default=(), kw_only=True, eq=False, alias="faults")

    @classmethod
    def after(
        cls, *, months: int | None = None, days: int | None = None, end_of: EndOf | None = None
    ) -> Expiry:
        """Points that can be used until a day so many months or days later.

        Args:
            months: The last usable day is the same day of the month, so many
                months on; the month's last day where it has none such.
            days: The last usable day is so many days on.
            end_of: Stretch the last usable day to the end of its period.

        >>> import custseg as cu
        >>> from datetime import date
        >>> str(cu.Expiry.after(months=1).last_day(date(2026, 1, 31)))
        '2026-02-28'
        """
        faults = _length_faults("after", months, days)
        if end_of is not None and end_of not in _ENDS:
            fix = f"write one of {', '.join(_ENDS)}"
            faults.append(Problem(f"{end_of!r} is no period", "after.end_of", fix))
        return cls(months=months, days=days, end_of=end_of, faults=tuple(faults))

    @classmethod
    def on(cls, month: int, day: int, /, *, min_days: int = 0) -> Expiry:
        """Points that can be used until the next such date, which may be the day itself.

        Args:
            month: Month of the last usable day.
            day: Day of that month; where it has none such, its last.
            min_days: Days that points live at least: the next such date after
                them counts.

        >>> import custseg as cu
        >>> from datetime import date
        >>> str(cu.Expiry.on(12, 31, min_days=90).last_day(date(2026, 11, 3)))
        '2027-12-31'
        """
        faults = whole_faults(min_days, "on.min_days", most=_LONGEST["days"])
        if not is_day_of_year(month, day):
            what = f"month {month!r} has no day {day!r}"
            faults.insert(0, Problem(what, "on", "write Expiry.on(12, 31)"))
        return cls(date=(month, day), min_days=min_days, faults=tuple(faults))

    @classmethod
    def idle(cls, *, months: int | None = None, days: int | None = None) -> Expiry:
        """Points that all lapse when there was no order or redemption for so long.

        Args:
            months: Calendar months after the last order or redemption.
            days: Days after it.

        >>> import custseg as cu
        >>> cu.Expiry.idle(months=18)
        Expiry.idle(months=18)
        """
        faults = _length_faults("idle", months, days)
        return cls(months=months, days=days, idles=True, faults=tuple(faults))

    @classmethod
    def never(cls) -> Expiry:
        """Points that live for ever.

        >>> import custseg as cu
        >>> cu.Expiry.never()
        Expiry.never()
        """
        return cls()

    @property
    def ends(self) -> bool:
        """Whether points expire at all."""
        return self.months is not None or self.days is not None or self.date is not None

    def last_days(self, since: pl.Series) -> pl.Series:
        """The last usable local day of points earned on local days (Date).

        Where points lapse by idleness, `since` are days of the last order or
        redemption. Only where points expire.
        """
        if self.date is not None:
            return _next_dates(since.dt.offset_by(f"{self.min_days}d"), *self.date)
        if self.months is not None:
            last = since.dt.offset_by(f"{self.months}mo")
        else:
            last = since.dt.offset_by(f"{self.days}d")
        if self.end_of is None:
            return last
        period = {"month": "1mo", "quarter": "1q", "year": "1y"}[self.end_of]
        return last.dt.truncate(period).dt.offset_by(period).dt.offset_by("-1d")

    def last_day(self, earned: dt.date) -> dt.date | None:
        """The last usable local day of points earned on a local day; None for never.

        >>> import custseg as cu
        >>> from datetime import date
        >>> str(cu.Expiry.after(days=30, end_of="quarter").last_day(date(2026, 3, 10)))
        '2026-06-30'
        """
        return self.last_days(pl.Series([earned])).item() if self.ends else None

    @cached_property
    def shortest(self) -> int | None:
        """The fewest days from earning to the last usable day; None for never."""
        if self.date is not None:
            return self.min_days
        if self.days is not None:
            return self.days
        if self.months is None:
            return None
        earned = pl.date_range(*_WITHOUT_LEAP_DAY, eager=True)
        lived = self.last_days(earned) - earned
        return int(lived.dt.total_days().min())  # type: ignore[arg-type]

    def problems(self, where: str) -> list[Problem]:
        """All that is wrong with it, at a place in its program."""
        return [Problem(p.what, f"{where}.{p.where}", p.fix) for p in self._faults]

    def __repr__(self) -> str:
        """The expiry as it is declared."""
        if not self.ends:
            return "Expiry.never()"
        if self.date is not None:
            least = f", min_days={self.min_days!r}" if self.min_days else ""
            return f"Expiry.on({self.date[0]!r}, {self.date[1]!r}{least})"
        unit = f"days={self.days}" if self.months is None else f"months={self.months}"
        if self.idles:
            return f"Expiry.idle({unit})"
        return f"Expiry.after({unit}{'' if self.end_of is None else f', end_of={self.end_of!r}'})"


def _next_dates(least: pl.Series, month: int, day: int) -> pl.Series:
    """The first such day of a year at or after each day."""

    def of(year: pl.Expr) -> pl.Expr:
        # The day of the month is counted on from its first, and clamped at its end.
        first = pl.date(year, month, 1)
        return pl.min_horizontal(first.dt.offset_by(f"{day - 1}d"), first.dt.month_end())

    given = pl.col("least")
    this = of(given.dt.year())
    later = pl.when(this >= given).then(this).otherwise(of(given.dt.year() + 1))
    return pl.DataFrame({"least": least}).select(later).to_series()


def _length_faults(made: str, months: object, days: object) -> list[Problem]:
    found: list[Problem] = []
    if (months is None) == (days is None):
        fix = f"write Expiry.{made}(months=12) or Expiry.{made}(days=90)"
        what = f"an expiry has months or days, got months={months!r}, days={days!r}"
        found.append(Problem(what, made, fix))
    for unit, given in (("months", months), ("days", days)):
        if given is not None and not is_whole(given, least=1, most=_LONGEST[unit]):
            fix = f"write a whole number from 1 to {_LONGEST[unit]:,}, or Expiry.never()"
            found.append(Problem(f"{unit} is {given!r}", f"{made}.{unit}", fix))
    return found
