"""Periods: the instants as of which a history is told."""

from __future__ import annotations

import calendar
import datetime as dt
import difflib
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from custseg.base.instant import as_of_at, as_of_of
from custseg.base.logs import LOGS
from custseg.errors import Problem, SchemaError

if TYPE_CHECKING:
    from custseg.base.customer_base import CustomerBase
    from custseg.base.span import AsOf

__all__ = ["Every", "Period", "ends", "tracked_day"]

Period: TypeAlias = Literal["week", "month", "quarter", "year"]
Every: TypeAlias = "Period | Iterable[dt.date | str]"

_WHERE = "track(every=)"
# A byte for each customer and period: a row of the year 1 must not fill the memory.
_MOST = 4_000


def ends(base: CustomerBase, every: Every, /) -> tuple[AsOf, ...]:
    """The ends of all local periods, from the first log day up to the as_of.

    Weeks end on Sunday. The period that is running ends with the base's own
    as_of: nothing later is seen.

    Args:
        base: Where the logs are.
        every: `week`, `month`, `quarter`, `year`, or the days themselves.

    Raises:
        SchemaError: when `every` is neither, a day lies after the as_of, or
            there is nothing to begin with; all reasons at once.

    >>> import custseg as cu
    >>> shop = cu.datasets.simulate(50, 100, seed=1).base()
    >>> [str(end.day) for end in ends(shop, "month")]
    ['2024-01-31', '2024-02-29', '2024-03-31', '2024-04-09']
    """
    if not isinstance(every, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance] # not all callers are typed
        day = None if tracked_day(every) is None else every
        fix = f"write one of {', '.join(get_args(Period))}, or a list of days"
        fix = fix if day is None else f'a list of days: every=["{day}"]'
        raise SchemaError(f"{every!r} is no period", where=_WHERE, fix=fix)
    days = _told(base, every) if not isinstance(every, str) else _periods(base, every)
    if len(days) > _MOST:
        what = f"{len(days):,} periods from {days[0]} on are more than {_MOST:,}"
        raise SchemaError(what, where=_WHERE, fix="give longer periods, or the days: every=[...]")
    return tuple(base.when if day == base.day else as_of_of(day, base.tz) for day in days)


def tracked_day(given: object, /) -> dt.date | None:
    """A day from a date or its ISO text; None when it is neither.

    >>> tracked_day("2026-05-31"), tracked_day("May")
    (datetime.date(2026, 5, 31), None)
    """
    if isinstance(given, str):
        try:
            return dt.date.fromisoformat(given)
        except ValueError:
            return None
    return given if isinstance(given, dt.date) and not isinstance(given, dt.datetime) else None


def _told(base: CustomerBase, every: Iterable[object]) -> list[dt.date]:
    given = list(every)
    days = [tracked_day(each) for each in given]
    problems = [
        Problem(f"{each!r} is not a day", _WHERE, 'write a date or "2026-05-31"')
        for each, day in zip(given, days, strict=True)
        if day is None
    ]
    known = sorted({day for day in days if day is not None})
    problems += [
        Problem(f"{day} lies after the base's as_of, {base.day}", _WHERE, "move the as_of")
        for day in known
        if day > base.day
    ]
    if not given:
        fix = f"give days, or one of {', '.join(get_args(Period))}"
        problems.append(Problem("there are no days", _WHERE, fix))
    SchemaError.check(problems)
    return known


def _periods(base: CustomerBase, every: str) -> list[dt.date]:
    known = get_args(Period)
    if every not in known:
        near = difflib.get_close_matches(every, known, n=1, cutoff=0.5)
        a_list = f"a list of days: every=[{every!r}]" if tracked_day(every) else "a list of days"
        listed = f"{', '.join(known)}, or {a_list}"
        fix = f"did you mean {near[0]!r}?" if near else f"write one of {listed}"
        raise SchemaError(f"{every!r} is no period", where=_WHERE, fix=fix)
    day, today = _first_day(base), base.day
    found: list[dt.date] = []
    while (end := _end(day, every)) < today and len(found) <= _MOST:
        found.append(end)
        day = end + dt.timedelta(days=1)
    return [*found, today]


def _first_day(base: CustomerBase) -> dt.date:
    columns = [base.log(name)[log.instant] for name, log in LOGS.items() if base.has(name)]
    found = [column.to_physical().min() for column in columns]
    instants = [int(one) for one in found if one is not None]  # type: ignore[arg-type]
    if not instants or min(instants) > base.when.instant:
        raise SchemaError(
            f"the logs have no row by {base.day}",
            where=_WHERE,
            fix="track a base whose as_of lies after its first row, or give the days: every=[...]",
        )
    return as_of_at(min(instants), base.tz).day


def _end(day: dt.date, every: str) -> dt.date:
    """The last day of the period that a day lies in."""
    if every == "week":
        # The week of the last day that there is has no Sunday.
        return dt.date.fromordinal(
            min(day.toordinal() + 6 - day.weekday(), dt.date.max.toordinal())
        )
    months = {"month": 1, "quarter": 3, "year": 12}[every]
    month = (day.month - 1) // months * months + months
    return dt.date(day.year, month, calendar.monthrange(day.year, month)[1])
