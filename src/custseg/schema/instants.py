"""Reading instants and days: from local times, from any zone, from ISO 8601 text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from custseg.schema.bridge import instants, read_only
from custseg.schema.clock import DAY, SKIPPED, clock
from custseg.schema.iso import iso_times
from custseg.schema.reads import Faults, Read, faults, kept, unread

if TYPE_CHECKING:
    from custseg.schema.reads import Unit

__all__ = ["read_date", "read_instant"]

_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
_MINUTE = 60_000_000
# 146,000 years: what lies beyond would overflow 64 bits where a zone's offset is added.
_FAR = 2**62


def read_instant(source: pl.Series, unit: Unit) -> Read:
    """Instants: naive times are local, a day is its first instant."""
    if source.dtype == pl.Datetime("us", "UTC"):
        return Read(source)
    if source.dtype == pl.String:
        return _instant_text(source, unit.tz)
    if source.dtype == pl.Date:
        days, far = _near(source, _FAR // DAY)
        return Read(_day_starts(days, unit.tz).alias(source.name), far)
    times, far = _micros(source)
    if _zone(source) is not None:
        return Read(_utc(times).alias(source.name), far)
    done = unread(times, _from_local(times, unit.tz))
    return Read(done.values.alias(source.name), (*done.faults, *far))


def read_date(source: pl.Series, unit: Unit) -> Read:
    """Days: of an instant, its local day."""
    if source.dtype == pl.Date:
        return Read(source)
    if source.dtype == pl.String:
        iso = kept(source, source.str.contains(_DAY))
        return unread(source, iso.str.to_date("%Y-%m-%d", strict=False).alias(source.name))
    times, far = _micros(source)
    if _zone(source) is not None and times.null_count() < times.len():
        values, low, high = _filled(times)
        local = pl.Series(source.name, clock(unit.tz, low, high).local(values))
        times = kept(local, times.is_not_null())
    return Read((times // DAY).cast(pl.Int32).cast(pl.Date).alias(source.name), far)


def _zone(source: pl.Series) -> str | None:
    return source.dtype.time_zone if isinstance(source.dtype, pl.Datetime) else None


def _micros(source: pl.Series) -> tuple[pl.Series, Faults]:
    """Datetimes as microseconds; what is too far away is null and out of range."""
    unit = source.dtype.time_unit if isinstance(source.dtype, pl.Datetime) else "us"
    if unit == "ns":
        return _cut(source.to_physical())
    scale = 1_000 if unit == "ms" else 1
    times, far = _near(source, _FAR // scale)
    return times * scale, far


def _cut(nanoseconds: pl.Series) -> tuple[pl.Series, Faults]:
    """Microseconds; what they cannot say is null and of too fine a scale."""
    micros = nanoseconds // 1_000
    fine = micros * 1_000 == nanoseconds
    return (micros, ()) if fine.all() else (kept(micros, fine), faults(scale=~fine))


def _near(source: pl.Series, bound: int) -> tuple[pl.Series, Faults]:
    """Physical values (Int64) within a bound; others are null and out of range."""
    values = source.to_physical().cast(pl.Int64)
    low, high = _extremes(values)
    if -bound <= low and high <= bound:
        return values, ()
    within = (values >= -bound) & (values <= bound)
    return kept(values, within), faults(range=~within)


def _extremes(values: pl.Series) -> tuple[int, int]:
    low: Any = values.min()
    high: Any = values.max()
    return (0, 0) if low is None else (low, high)


def _filled(times: pl.Series) -> tuple[Any, int, int]:
    """Times as an array, 0 where there is none, and their extremes."""
    low, high = _extremes(times)
    filled = times if times.null_count() == 0 else times.fill_null(0)
    return read_only(filled.rechunk().to_numpy()), min(low, 0), max(high, 0)


def _utc(micros: pl.Series) -> pl.Series:
    return micros.cast(pl.Datetime("us", "UTC"))


def _from_local(local: pl.Series, tz: str) -> pl.Series:
    """Instants of local times (microseconds); null where the clock skips them."""
    if tz == "UTC" or local.null_count() == local.len():
        return _utc(local)
    values, low, high = _filled(local)
    told = clock(tz, low + DAY, high + DAY).instants(values)
    skipped = told == SKIPPED
    if local.null_count() or skipped.any():
        return kept(instants(told), local.is_not_null() & pl.Series(~skipped))
    return instants(told)


def _day_starts(days: pl.Series, tz: str) -> pl.Series:
    """First instants of local days (days since 1970-01-01)."""
    if days.null_count() == days.len():
        return _utc(days)
    values, low, high = _filled(days)
    starts = instants(clock(tz, low * DAY, (high + 1) * DAY).day_starts(values))
    return kept(starts, days.is_not_null()) if days.null_count() else starts


def _instant_text(source: pl.Series, tz: str) -> Read:
    """ISO 8601 text, each row by itself: with a zone, without one, or a day."""
    told = iso_times(source)
    times, unknown = told.micros, told.unread
    if told.zoned.any():
        times = np.where(told.zoned, told.micros - told.ahead * _MINUTE, told.micros)
    naive = ~(told.zoned | told.days | unknown)
    if tz != "UTC" and (naive.any() or told.days.any()):
        low, high = int(told.micros.min()), int(told.micros.max())
        zone = clock(tz, min(low, 0) + DAY, max(high, 0) + DAY)
        if naive.any():
            local = zone.instants(read_only(told.micros))
            unknown = unknown | (naive & (local == SKIPPED))
            times = np.where(naive, local, times)
        if told.days.any():
            times = np.where(told.days, zone.day_starts(told.micros // DAY), times)
    values = instants(times, source.name)
    bad = unknown | told.finer
    if not bad.any():
        return Read(values)
    found = faults(
        unreadable=pl.Series(unknown) & source.is_not_null(), scale=pl.Series(told.finer & ~unknown)
    )
    return Read(kept(values, pl.Series(~bad)), found)
