"""Reading an as_of."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from custseg.base.logs import LOGS
from custseg.base.span import AsOf
from custseg.errors import SchemaError
from custseg.schema.clock import DAY, clock, day_number, epoch_us

if TYPE_CHECKING:
    import polars as pl

__all__ = ["as_of_at", "as_of_of", "latest"]


def as_of_at(instant: int, tz: str) -> AsOf:
    """The as_of at so many microseconds of UTC."""
    day = clock(tz, instant, instant).day(instant)
    return AsOf(instant, dt.date.fromordinal(day + dt.date(1970, 1, 1).toordinal()), tz)


def as_of_of(given: dt.date | dt.datetime | str, tz: str) -> AsOf:
    """The as_of a user means.

    A day counts through its end; a datetime counts everything at or before it,
    and is local when it has no zone.

    Raises:
        SchemaError: when it is neither.
    """
    value = _parsed(given)
    if isinstance(value, dt.datetime):
        if value.tzinfo is None:
            value = _localised(value, tz)
        return as_of_at(epoch_us(value), tz)
    number = day_number(value)
    zone = clock(tz, (number - 1) * DAY, (number + 2) * DAY)
    return AsOf(zone.day_start(number + 1) - 1, value, tz)


def _parsed(given: object) -> dt.date | dt.datetime:
    if isinstance(given, dt.date):
        return given
    if isinstance(given, str):
        try:
            return dt.date.fromisoformat(given)
        except ValueError:
            pass
        try:
            return dt.datetime.fromisoformat(given)
        except ValueError:
            pass
    raise SchemaError(
        f"{given!r} is neither a day nor an instant",
        where="as_of",
        fix='write a date, a datetime or ISO text like "2026-05-31"',
    )


def _localised(naive: dt.datetime, tz: str) -> dt.datetime:
    """A naive time in the base's zone: the first of two, as the door reads it."""
    import numpy as np

    from custseg.schema.bridge import read_only
    from custseg.schema.clock import SKIPPED, instant_of

    local = epoch_us(naive.replace(tzinfo=dt.timezone.utc))
    told = int(clock(tz, local - DAY, local + DAY).instants(read_only(np.array([local], np.int64)))[0])
    if told == SKIPPED:
        raise SchemaError(
            f"{naive} does not exist in {tz}: the clock skips it",
            where="as_of",
            fix="give a time that the clock shows, or one with its zone",
        )
    return instant_of(told)


def latest(frames: dict[str, pl.DataFrame], customers: pl.DataFrame | None) -> int:
    """The latest instant in the logs; without any row, the latest joining; else 1970."""
    found = [rows[LOGS[name].instant].to_physical().max() for name, rows in frames.items()]
    known = [int(one) for one in found if one is not None]  # type: ignore[arg-type]
    if not known and customers is not None and "joined_at" in customers.columns:
        joined = customers["joined_at"].to_physical().max()
        known = [] if joined is None else [int(joined)]  # type: ignore[arg-type]
    return max(known, default=0)
