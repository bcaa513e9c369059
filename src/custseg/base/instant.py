"""Reading an as_of."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np

from custseg.base.logs import LOGS
from custseg.base.span import AsOf
from custseg.errors import SchemaError
from custseg.schema.bridge import read_only
from custseg.schema.clock import DAY, clock, day_number, epoch_us, instant_of

if TYPE_CHECKING:
    import polars as pl

__all__ = ["as_of_at", "as_of_of", "latest", "shown"]

_FIRST = epoch_us(dt.datetime.min.replace(tzinfo=dt.UTC))
_LAST = epoch_us(dt.datetime.max.replace(tzinfo=dt.UTC))


def as_of_at(instant: int, tz: str) -> AsOf:
    """The as_of at so many microseconds of UTC."""
    return AsOf(instant, clock(tz, instant, instant).day(instant), tz)


def as_of_of(given: dt.date | dt.datetime | str, tz: str) -> AsOf:
    """The as_of a user means.

    A day counts through its end; a datetime counts everything at or before it,
    and is local when it has no zone: of a time that the clock repeats, it is
    the first, as at the door.

    Raises:
        SchemaError: when it is neither, or a local time that the clock skips.

    >>> as_of_of("2026-05-31", "UTC") == as_of_of("2026-05-31T23:59:59.999999", "UTC")
    True
    """
    value = _parsed(given)
    if isinstance(value, dt.datetime):
        instant = _localised(value, tz) if value.tzinfo is None else epoch_us(value)
        return as_of_at(instant, tz)
    number = day_number(value)
    zone = clock(tz, (number - 1) * DAY, (number + 2) * DAY)
    # The last day of all ends, west of Greenwich, where no datetime reaches.
    return AsOf(min(zone.day_start(number + 1) - 1, _LAST), number, tz)


def shown(instant: int) -> dt.datetime:
    """An instant as an aware datetime; the nearest one where no datetime reaches."""
    return instant_of(min(max(instant, _FIRST), _LAST))


def _parsed(given: object) -> dt.date | dt.datetime:
    # NaT, pandas' missing time, is a datetime that equals nothing.
    if isinstance(given, dt.date) and given == given:  # noqa: PLR0124
        return given
    if isinstance(given, str):
        for kind in (dt.date, dt.datetime):
            try:
                return kind.fromisoformat(given)
            except ValueError:
                continue
    raise SchemaError(
        f"{given!r} is neither a day nor an instant",
        where="as_of",
        fix='write a date, a datetime or ISO text like "2026-05-31"',
    )


def _localised(naive: dt.datetime, tz: str) -> int:
    from custseg._kernels.clock import SKIPPED  # numba is loaded when it is needed

    local = epoch_us(naive.replace(tzinfo=dt.UTC))
    zone = clock(tz, local - DAY, local + DAY)
    told = int(zone.instants(read_only(np.array([local], np.int64)))[0])
    if told == SKIPPED:
        raise SchemaError(
            f"{naive} does not exist in {tz}: the clock skips it",
            where="as_of",
            fix="give a time that the clock shows, or one with its zone",
        )
    return told


def latest(frames: dict[str, pl.DataFrame], customers: pl.DataFrame | None) -> int:
    """The latest instant in the logs; without any row, the latest joining; else 1970.

    What a row gets later counts too (when a ticket was resolved): seen at the
    latest instant, logs are whole.
    """
    columns = [
        rows[name]
        for log, rows in frames.items()
        for name in (LOGS[log].instant, *(when for when, _ in LOGS[log].later))
    ]
    known = _last(columns)
    if known is None and customers is not None:
        known = _last([customers["joined_at"]])
    return known or 0


def _last(columns: list[pl.Series]) -> int | None:
    found = [column.to_physical().max() for column in columns]
    return max((int(one) for one in found if one is not None), default=None)  # type: ignore[arg-type]
