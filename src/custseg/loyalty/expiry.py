"""Expiry: how long points live."""

from __future__ import annotations

import datetime as dt
from functools import cached_property
from typing import Literal

import polars as pl
from attrs import field, frozen

from custseg.errors import Problem

__all__ = ["EndOf", "Expiry"]

EndOf = Literal["month", "quarter", "year"]
_ENDS = ("month", "quarter", "year")

# Any stretch of calendar months is shortest in one that holds no leap day:
# eight years around 1900 hold every such stretch that four years can have.
_WITHOUT_LEAP_DAY = (dt.date(1896, 3, 1), dt.date(1904, 2, 28))


@frozen
class Expiry:
    """How long points live, counted from the local day they were earned.

    Attributes:
        months: Calendar months, clamped at month end, or None.
        days: Days, or None. Points without either never expire.
        end_of: The period to whose end the last usable day is stretched.

    >>> import custseg as cu
    >>> cu.Expiry.after(months=12, end_of="month")
    Expiry.after(months=12, end_of='month')
    """

    months: int | None = field(default=None, kw_only=True)
    days: int | None = field(default=None, kw_only=True)
    end_of: EndOf | None = field(default=None, kw_only=True)
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
        return cls(months=months, days=days, end_of=end_of, faults=_faults(months, days, end_of))

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
        return self.months is not None or self.days is not None

    def last_days(self, earned: pl.Series) -> pl.Series:
        """The last usable local day of points earned on local days (Date).

        Only where points expire.
        """
        if self.months is not None:
            last = earned.dt.offset_by(f"{self.months}mo")
        else:
            last = earned.dt.offset_by(f"{self.days}d")
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
        unit = f"days={self.days}" if self.months is None else f"months={self.months}"
        return f"Expiry.after({unit}{'' if self.end_of is None else f', end_of={self.end_of!r}'})"


def _faults(months: object, days: object, end_of: object) -> tuple[Problem, ...]:
    found: list[Problem] = []
    if (months is None) == (days is None):
        fix = "write Expiry.after(months=12) or Expiry.after(days=90)"
        found.append(
            Problem(
                f"an expiry has months or days, got months={months!r}, days={days!r}", "after", fix
            )
        )
    for unit, given in (("months", months), ("days", days)):
        sound = (
            isinstance(given, int) and not isinstance(given, bool) and 0 < given <= _LONGEST[unit]
        )
        if given is not None and not sound:
            fix = f"write a whole number from 1 to {_LONGEST[unit]:,}, or Expiry.never()"
            found.append(Problem(f"{unit} is {given!r}", f"after.{unit}", fix))
    if end_of is not None and end_of not in _ENDS:
        found.append(
            Problem(f"{end_of!r} is no period", "after.end_of", f"write one of {', '.join(_ENDS)}")
        )
    return tuple(found)


_LONGEST = {"months": 12_000, "days": 365_250}
