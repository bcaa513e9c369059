"""Slow obvious twins of clocks: one time at a time, by a scan or by zoneinfo."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

START = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
SKIPPED = -(2**63)


def offset_at(instant, since, offsets):
    """The offset that holds at an instant; before the table begins, its first one."""
    found = offsets[0]
    for begins, offset in zip(since, offsets, strict=True):
        if begins <= instant:
            found = offset
    return found


def to_local(instants, since, offsets):
    """Local times of instants, by looking through the whole table for each."""
    return [instant + offset_at(instant, since, offsets) for instant in instants]


def from_local(local, since, offsets):
    """The first instant that shows each local time; SKIPPED when none does."""
    found = []
    for shown in local:
        tried = [shown - offset for offset in offsets]
        fits = [at for at in tried if at + offset_at(at, since, offsets) == shown]
        found.append(min(fits, default=SKIPPED))
    return found


def microseconds(instant):
    return (instant - START) // dt.timedelta(microseconds=1)


def zone_local(instant, tz):
    """What the clock of a zone shows at an instant (microseconds, both)."""
    shown = (START + dt.timedelta(microseconds=instant)).astimezone(ZoneInfo(tz))
    return microseconds(shown.replace(tzinfo=dt.UTC))


def zone_instant(local, tz):
    """The first instant at which the clock of a zone shows a time, or SKIPPED."""
    shown = (START + dt.timedelta(microseconds=local)).replace(tzinfo=ZoneInfo(tz), fold=0)
    instant = microseconds(shown)
    return instant if zone_local(instant, tz) == local else SKIPPED


def zone_day_start(day, tz):
    """The first instant of a local day (a date), found minute by minute."""
    midnight = microseconds(dt.datetime.combine(day, dt.time(), dt.UTC))
    tried = (zone_instant(midnight + minute * 60_000_000, tz) for minute in range(24 * 60))
    return next(at for at in tried if at != SKIPPED)
