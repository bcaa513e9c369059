"""A time zone as a table of offsets: exact, and fast over millions of rows."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import frozen

from custseg.errors import SchemaError
from custseg.schema.bridge import read_only

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray

__all__ = [
    "DAY",
    "SKIPPED",
    "Clock",
    "clock",
    "day_number",
    "epoch_us",
    "instant_of",
    "local_times",
]

DAY = 86_400_000_000
"""Microseconds of a day that no clock change shortens."""

SKIPPED = -(2**63)
"""What stands for the instant of a local time that the clock skips."""

_EPOCH = dt.date(1970, 1, 1)
_START = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_USUAL = (dt.date(1970, 1, 1), dt.date(2100, 1, 1))
_EVER = (dt.date(1, 1, 3), dt.date(9999, 12, 29))


def day_number(day: dt.date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - _EPOCH.toordinal()


def epoch_us(instant: dt.datetime) -> int:
    """Microseconds since 1970-01-01 UTC of an aware datetime."""
    return (instant - _START) // dt.timedelta(microseconds=1)


_USUAL_US = tuple(day_number(day) * DAY for day in _USUAL)


def instant_of(us: int) -> dt.datetime:
    """The aware datetime at so many microseconds since 1970-01-01 UTC."""
    return _START + dt.timedelta(microseconds=us)


@frozen(eq=False)
class Clock:
    """The offsets of a zone: each holds from its instant to the next one's.

    Attributes:
        tz: Name of the zone.
        since: int64[k] microseconds of UTC, ascending.
        offsets: int64[k] microseconds to add for local time.
    """

    tz: str
    since: NDArray[np.int64]
    offsets: NDArray[np.int64]

    def local(self, instants: NDArray[np.int64]) -> NDArray[np.int64]:
        """Local times (microseconds) of instants (microseconds of UTC)."""
        if self.since.size == 1:
            return instants + self.offsets[0]
        from custseg._kernels.clock import to_local  # numba is loaded when it is needed

        return to_local(instants, self.since, self.offsets)

    def days(self, instants: NDArray[np.int64]) -> NDArray[np.int64]:
        """Local days (numbered from 1970-01-01) of instants."""
        return self.local(instants) // DAY

    def day(self, instant: int) -> int:
        """The local day of one instant."""
        at = max(int(np.searchsorted(self.since, instant, side="right")) - 1, 0)
        return (instant + int(self.offsets[at])) // DAY

    def instants(self, local: NDArray[np.int64]) -> NDArray[np.int64]:
        """Instants of local times; the first of two, SKIPPED where there is none."""
        if self.since.size == 1:
            return local - self.offsets[0]
        from custseg._kernels.clock import from_local

        return from_local(local, self.since, self.offsets)

    def day_starts(self, days: NDArray[np.int64]) -> NDArray[np.int64]:
        """First instants of local days, midnight skipped or not."""
        midnight = days * DAY
        ends = self.since[1:] + self.offsets[:-1]
        at = np.searchsorted(ends, midnight, side="right")
        starts = midnight - self.offsets[at]
        # A skipped midnight: the day begins with the offset that skipped it.
        return np.where(at > 0, np.maximum(starts, self.since[at]), starts)

    def day_start(self, day: int) -> int:
        """First instant of one local day."""
        return int(self.day_starts(np.array([day], np.int64))[0])


def clock(tz: str, low: int = 0, high: int = 0) -> Clock:
    """The clock of a zone, good for instants from `low` to `high`.

    Zones are those of polars, whose tables end with the year 2099: what was
    last in force holds from then on.

    Raises:
        SchemaError: when the zone is unknown.

    >>> clock("Europe/Paris").day(0)
    0
    """
    if not isinstance(tz, str) or not tz:  # pyright: ignore[reportUnnecessaryIsInstance] # not all callers are typed
        raise _unknown(tz)
    if _USUAL_US[0] <= low and high <= _USUAL_US[1]:
        return _clock(tz, *_USUAL)
    return _clock(tz, *_EVER)


@lru_cache(maxsize=64)
def _clock(tz: str, first: dt.date, last: dt.date) -> Clock:
    days = pl.datetime_range(first, last, "1d", time_unit="us", time_zone="UTC", eager=True)
    try:
        at = _with_offset(days, tz)
    except (pl.exceptions.PolarsError, ValueError) as error:
        raise _unknown(tz) from error
    if at["offset"].n_unique() == 1:
        return Clock(tz, _array(at["instant"].head(1)), _array(at["offset"].head(1)))
    # Narrow each change down from a day to the second it happens in.
    for step, of in (("1h", "1d"), ("1m", "1h"), ("1s", "1m")):
        changed = at.filter(pl.col("offset") != pl.col("offset").shift(1))
        candidates = (
            changed.select(
                pl.datetime_ranges(
                    pl.col("instant").dt.offset_by("-" + of),
                    pl.col("instant"),
                    step,
                    closed="right",
                ).alias("instant")
            )
            .explode("instant")
            .to_series()
        )
        before = changed.select(pl.col("instant").dt.offset_by("-" + of)).to_series()
        at = _with_offset(
            pl.concat([at["instant"].head(1), before, candidates]).unique().sort(), tz
        )
    table = at.filter((pl.col("offset") != pl.col("offset").shift(1)).fill_null(value=True))
    return Clock(tz, _array(table["instant"]), _array(table["offset"]))


def _array(values: pl.Series) -> NDArray[np.int64]:
    # A copy, so that the long series it was cut from is not kept alive.
    return read_only(values.to_physical().to_numpy().copy())


def _unknown(tz: object) -> SchemaError:
    return SchemaError(
        f"{tz!r} is not a time zone", where="tz", fix='write a name like "Europe/London"'
    )


def _with_offset(instants: pl.Series, tz: str) -> pl.DataFrame:
    local = instants.dt.convert_time_zone(tz)
    offset = local.dt.base_utc_offset() + local.dt.dst_offset()
    return pl.DataFrame(
        {"instant": instants, "offset": offset.dt.total_microseconds().cast(pl.Int64)}
    )


def local_times(rows: pl.DataFrame, tz: str, names: Iterable[str] | None = None) -> pl.DataFrame:
    """Rows whose instants are shown as local naive times, as rules see them.

    Args:
        rows: Any frame.
        tz: The zone.
        names: Columns to show so; by default all instants.
    """
    if names is None:
        names = [name for name, kind in zip(rows.columns, rows.dtypes, strict=True) if _zone(kind)]
    asked = (rows[name] for name in names)
    shown = [_local_times(each, tz) for each in asked if _zone(each.dtype) is not None]
    return rows.with_columns(shown) if shown else rows


def _zone(dtype: pl.DataType) -> str | None:
    return dtype.time_zone if isinstance(dtype, pl.Datetime) else None


def _local_times(instants: pl.Series, tz: str) -> pl.Series:
    physical = instants.dt.cast_time_unit("us").to_physical()
    low, high = physical.min(), physical.max()
    if not isinstance(low, int) or not isinstance(high, int):
        return instants.dt.replace_time_zone(None)
    values = read_only(physical.fill_null(0).to_numpy())
    local = pl.Series(instants.name, clock(tz, low, high).local(values))
    shown = local.cast(pl.Datetime("us"))
    if instants.null_count():
        return (
            pl.select(pl.when(instants.is_not_null()).then(shown)).to_series().alias(instants.name)
        )
    return shown
