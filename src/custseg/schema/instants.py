"""Reading instants and days: from local times, from any zone, from ISO 8601 text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from custseg.schema.bridge import instants, read_only
from custseg.schema.clock import DAY, SKIPPED, clock
from custseg.schema.reads import Faults, Read, faults, kept, unread

if TYPE_CHECKING:
    from custseg.schema.reads import Unit

__all__ = ["read_date", "read_instant"]

_ISO = (
    r"^(?<day>[0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:[T ](?<minute>(?:[01][0-9]|2[0-3]):[0-5][0-9])"
    r"(?<second>:[0-5][0-9](?:[.,][0-9]{1,9})?)?"
    r"(?<zone>Z|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)?)?$"
)
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
        iso = kept(source, source.str.contains(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"))
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
        return source.to_physical() // 1_000, ()
    scale = 1_000 if unit == "ms" else 1
    times, far = _near(source, _FAR // scale)
    return times * scale, far


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
    parts = source.str.extract_groups(_ISO).struct.unnest()
    day, minute, zone = parts["day"], parts["minute"], parts["zone"]
    second = parts["second"].fill_null(":00").str.replace(",", ".", literal=True)
    text = day + "T" + minute.fill_null("00:00") + second
    told = text.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", strict=False, time_unit="us")
    local = told.to_physical()
    values = _from_local(local, tz)
    if minute.null_count() > day.null_count():
        starts = _day_starts(local // DAY, tz)
        values = pl.select(pl.when(minute.is_null()).then(starts).otherwise(values)).to_series()
    if zone.null_count() < zone.len():
        aware = _utc(local - _zone_minutes(zone) * _MINUTE)
        values = pl.select(pl.when(zone.is_not_null()).then(aware).otherwise(values)).to_series()
    return unread(source, values.alias(source.name))


def _zone_minutes(zone: pl.Series) -> pl.Series:
    digits = zone.str.replace_all(":", "", literal=True).str.replace("Z", "+0000", literal=True)
    hours = digits.str.slice(1, 2).cast(pl.Int64)
    minutes = digits.str.slice(3, 2).cast(pl.Int64, strict=False).fill_null(0)
    return (hours * 60 + minutes) * (digits.str.starts_with("-").cast(pl.Int64) * -2 + 1)
