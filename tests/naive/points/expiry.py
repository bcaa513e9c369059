"""The last local day on which points can be spent, and the instant after it."""

from __future__ import annotations

import datetime as dt

from naive.points.days import DAY, day_of_year, first_instant, months_on, period_end


def last_day(expiry, day):
    """Counted from a local day."""
    if expiry["form"] == "on":
        wanted = day + expiry.get("min_days", 0) * DAY
        for year in (wanted.year, wanted.year + 1):
            candidate = day_of_year(year, expiry["month"], expiry["day"])
            if candidate >= wanted:
                return candidate
        raise AssertionError
    if expiry.get("months"):
        last = months_on(day, expiry["months"])
    else:
        last = day + dt.timedelta(days=expiry["days"])
    return period_end(last, expiry["end_of"]) if expiry.get("end_of") else last


def ends_at(expiry, day, tz):
    """The first instant at which points of a local day cannot be spent; None for never."""
    return None if expiry is None else first_instant(last_day(expiry, day) + DAY, tz)
