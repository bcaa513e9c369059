"""Local days, their first instants, months and periods."""

from __future__ import annotations

import datetime as dt
from functools import cache
from zoneinfo import ZoneInfo

UTC = dt.UTC
DAY = dt.timedelta(days=1)
MONTHS = {"month": 1, "quarter": 3, "year": 12}


def local_day(at, tz):
    return at.astimezone(ZoneInfo(tz)).date()


def months_on(day, months):
    """The day `months` later; the last of its month where it has no such day."""
    month = day.year * 12 + day.month - 1 + months
    for number in range(day.day, 0, -1):
        try:
            return dt.date(month // 12, month % 12 + 1, number)
        except ValueError:
            continue
    raise AssertionError


def day_of_year(year, month, day):
    """29 February is 28 February in common years."""
    return months_on(dt.date(2000, month, day), (year - 2000) * 12)


@cache
def first_instant(day, tz):
    """The first instant of a local day, found by looking at every half hour around it."""
    zone = ZoneInfo(tz)
    midnight = dt.datetime(day.year, day.month, day.day, tzinfo=UTC)
    guess = midnight - dt.datetime.combine(day, dt.time(), zone).utcoffset()
    for shift in range(-4 * 3600, 4 * 3600 + 1, 1800):
        instant = guess + dt.timedelta(seconds=shift)
        before = instant - dt.timedelta(microseconds=1)
        if instant.astimezone(zone).date() == day != before.astimezone(zone).date():
            return instant
    raise AssertionError(day)


def period_start(day, period):
    size = MONTHS[period]
    return dt.date(day.year, (day.month - 1) // size * size + 1, 1)


def period_end(day, period):
    """The last day of the calendar period that holds a day."""
    return months_on(period_start(day, period), MONTHS[period]) - DAY
