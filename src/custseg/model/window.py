"""Stretches of time: a Window is a length, a During a period."""

from __future__ import annotations

import calendar
import datetime as dt

from attrs import field, frozen

from custseg.errors import Problem, SchemaError

__all__ = ["During", "Window", "months_later"]


def months_later(day: dt.date, months: int) -> dt.date:
    """The same day of the month `months` later, clamped at month end.

    Where the calendar ends (years 1 and 9999), so does the count.

    >>> str(months_later(dt.date(2024, 1, 31), 1)), str(months_later(dt.date(2024, 3, 31), -13))
    ('2024-02-29', '2023-02-28')
    """
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not dt.MINYEAR <= year <= dt.MAXYEAR:
        return dt.date.max if months > 0 else dt.date.min
    last = calendar.monthrange(year, month + 1)[1]
    return dt.date(year, month + 1, min(day.day, last))


@frozen
class Window:
    """A length of time that ends at the as_of: either days or calendar months.

    Attributes:
        days: Local calendar days, or None.
        months: Calendar months, clamped at month end, or None.

    Raises:
        SchemaError: unless exactly one of the two is given and positive.

    >>> import custseg as cu
    >>> cu.Window(months=12)
    Window(months=12)
    """

    days: int | None = field(default=None, kw_only=True)
    months: int | None = field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Refuse a window that has no length, or two."""
        SchemaError.check(self._problems())

    def _problems(self) -> list[Problem]:
        if (self.days is None) == (self.months is None):
            return [
                Problem(
                    f"a window has days or months, got days={self.days!r}, months={self.months!r}",
                    where="Window",
                    fix="write Window(days=90) or Window(months=12)",
                )
            ]
        unit, length = ("days", self.days) if self.months is None else ("months", self.months)
        if isinstance(length, int) and not isinstance(length, bool) and length > 0:
            return []
        return [
            Problem(
                f"a window needs a whole positive length, got {unit}={length!r}",
                where="Window",
                fix=f"write Window({unit}=12)",
            )
        ]

    def before(self, day: dt.date) -> dt.date:
        """The last day that lies before the window when `day` is its last.

        >>> import custseg as cu, datetime as dt
        >>> str(cu.Window(months=1).before(dt.date(2024, 3, 31)))
        '2024-02-29'
        """
        if self.months is not None:
            return months_later(day, -self.months)
        return dt.date.fromordinal(max(day.toordinal() - (self.days or 0), 1))

    @property
    def suffix(self) -> str:
        """The window as the suffix of a measure name: `365d`, `12m`."""
        return f"{self.days}d" if self.months is None else f"{self.months}m"

    def __repr__(self) -> str:
        """The window as it is declared."""
        return (
            f"Window(days={self.days})" if self.months is None else f"Window(months={self.months})"
        )


def _day(value: dt.date | str) -> dt.date:
    """A local day from a date or its ISO text; anything else is left to be refused."""
    if isinstance(value, str):
        try:
            return dt.date.fromisoformat(value)
        except ValueError:
            return value  # type: ignore[return-value]
    return value


def _is_day(value: object) -> bool:
    return isinstance(value, dt.date) and not isinstance(value, dt.datetime)


@frozen
class During:
    """A period of local days, both included.

    Attributes:
        first: The first day; a date or ISO text.
        last: The last day; a date or ISO text.

    Raises:
        SchemaError: when a day is not a date, or the last lies before the first.

    >>> import custseg as cu
    >>> summer = cu.During("2026-06-01", "2026-08-31")
    >>> summer.days
    92
    """

    first: dt.date = field(converter=_day)
    last: dt.date = field(converter=_day)

    def __attrs_post_init__(self) -> None:
        """Refuse days that are none, and a period that ends before it starts."""
        problems = [
            Problem(
                f"{value!r} is not a day",
                where=f"During.{name}",
                fix='write a date or "2026-06-01"',
            )
            for name, value in (("first", self.first), ("last", self.last))
            if not _is_day(value)
        ]
        if not problems and self.last < self.first:
            problems.append(
                Problem(
                    f"the period ends on {self.last}, before it starts on {self.first}",
                    where="During",
                    fix="swap the two days",
                )
            )
        SchemaError.check(problems)

    @property
    def days(self) -> int:
        """How many local days the period has."""
        return (self.last - self.first).days + 1

    def __contains__(self, day: dt.date) -> bool:
        """Whether a local day lies in the period."""
        return self.first <= day <= self.last

    def __repr__(self) -> str:
        """The period as it is declared."""
        return f'During("{self.first}", "{self.last}")'
