"""Care: points for a day that is the member's own, or everybody's."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, TypeAlias, cast

from attrs import field, frozen

from custseg.errors import Problem
from custseg.loyalty.faults import is_day_of_year, name_faults, whole_faults

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["Anniversary", "Birthday", "Care", "Holiday"]


@frozen
class Birthday:
    """Points on the day of the year on which a customer was born.

    Who was born on 29 February has it on 28 February in common years.

    Attributes:
        points: How many.
        name: What the entry calls it.

    >>> import custseg as cu
    >>> cu.Birthday(points=100)
    Birthday(points=100)
    """

    points: int = field(kw_only=True)
    name: str = field(default="birthday", kw_only=True)

    @property
    def of(self) -> str:
        """The column of customers that has the day."""
        return "birth_date"

    def problems(self, where: str) -> list[Problem]:
        """All that is wrong with it, at a place in its program."""
        return _faults(self.name, self.points, where)

    def __repr__(self) -> str:
        """What it is declared as."""
        named = "" if self.name == "birthday" else f", name={self.name!r}"
        return f"Birthday(points={self.points!r}{named})"


@frozen
class Anniversary:
    """Points on the day of the year of an instant or date of the customer's.

    Attributes:
        points: How many.
        of: The column of customers that has the day.
        name: What the entry calls it.

    >>> import custseg as cu
    >>> cu.Anniversary(of="joined_at", points=50)
    Anniversary(of='joined_at', points=50)
    """

    of: str = field(default="joined_at", kw_only=True)
    points: int = field(kw_only=True)
    name: str = field(default="anniversary", kw_only=True)

    def problems(self, where: str) -> list[Problem]:
        """All that is wrong with it, at a place in its program."""
        return [
            *_faults(self.name, self.points, where),
            *name_faults(self.of, f"{where}.of", "joined_at"),
        ]

    def __repr__(self) -> str:
        """What it is declared as."""
        named = "" if self.name == "anniversary" else f", name={self.name!r}"
        return f"Anniversary(of={self.of!r}, points={self.points!r}{named})"


def _days_of(given: object) -> tuple[dt.date, ...]:
    """Dates from dates or their ISO texts; what is none is kept, to be refused."""
    if not isinstance(given, (list, tuple)):
        return (given,)  # type: ignore[return-value]
    return tuple(_day_of(one) for one in cast("Iterable[object]", given))


def _day_of(given: object) -> dt.date:
    if isinstance(given, str):
        try:
            return dt.date.fromisoformat(given)
        except ValueError:
            pass
    return given  # type: ignore[return-value]


@frozen
class Holiday:
    """Points for every member on a day: the same each year, or a list of dates.

    Attributes:
        name: What the entry calls it.
        month: Month of a day that is the same each year; else None.
        day: Day of the month; 29 February is 28 February in common years.
        days: Dates of a moveable feast, at most one in each year.
        points: How many.

    >>> import custseg as cu
    >>> cu.Holiday("singles_day", month=11, day=11, points=111)
    Holiday('singles_day', month=11, day=11, points=111)
    >>> cu.Holiday("new_year", days=["2026-02-17", "2027-02-06"], points=88)
    Holiday('new_year', days=['2026-02-17', '2027-02-06'], points=88)
    """

    name: str
    month: int | None = field(default=None, kw_only=True)
    day: int | None = field(default=None, kw_only=True)
    days: tuple[dt.date, ...] = field(default=(), kw_only=True, converter=_days_of)
    points: int = field(kw_only=True)

    def problems(self, where: str) -> list[Problem]:
        """All that is wrong with it, at a place in its program."""
        found = _faults(self.name, self.points, where)
        if self.month is None and self.day is None:
            return found + self._date_problems(f"{where}.days")
        if self.days:
            what = "a holiday has a month and day, or days: not both"
            found.append(Problem(what, where, "leave out one of the two"))
        if not is_day_of_year(self.month, self.day):
            what = f"month={self.month!r}, day={self.day!r} is no day of any year"
            found.append(Problem(what, where, "write month=11, day=11"))
        return found

    def _date_problems(self, where: str) -> list[Problem]:
        if not self.days:
            fix = 'write month=11, day=11, or days=["2026-02-17", "2027-02-06"]'
            return [Problem("a holiday has no day", where, fix)]
        found: list[Problem] = []
        years: list[int] = []
        for place, day in enumerate(self.days):
            at = f"{where}[{place}]"
            if not isinstance(day, dt.date) or isinstance(day, dt.datetime):  # pyright: ignore[reportUnnecessaryIsInstance] # callers are not all typed
                found.append(Problem(f"{day!r} is not a day", at, 'write "2026-02-17"'))
            elif day.year in years:
                fix = "make it two holidays: each is paid once a year"
                found.append(Problem(f"{day.year} has two days of this holiday", at, fix))
            else:
                years.append(day.year)
        return found

    def __repr__(self) -> str:
        """The holiday as it is declared."""
        day = f"month={self.month!r}, day={self.day!r}"
        if self.days:
            day = f"days={[str(one) for one in self.days]!r}"
        return f"Holiday({self.name!r}, {day}, points={self.points!r})"


Care: TypeAlias = Birthday | Anniversary | Holiday
"""What a program may list as care."""


def _faults(name: object, points: object, where: str) -> list[Problem]:
    return [
        *name_faults(name, f"{where}.name", "birthday"),
        *whole_faults(points, f"{where}.points", least=1),
    ]
