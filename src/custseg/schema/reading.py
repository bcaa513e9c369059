"""How values of each kind are read: from the dtypes people have to ours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl
from attrs import frozen

from custseg.schema.bridge import money, read_only
from custseg.schema.clock import DAY, clock

if TYPE_CHECKING:
    from collections.abc import Callable

    from custseg.schema.record import Column, Kind

__all__ = ["REASONS", "Read", "Reason", "Unit", "dtype_of", "fix_for", "read", "read_minor"]

Reason = Literal[
    "missing",
    "unreadable",
    "not_finite",
    "scale",
    "range",
    "other_currency",
    "duplicate",
    "conflict",
]
REASONS: tuple[Reason, ...] = (
    "missing",
    "unreadable",
    "not_finite",
    "scale",
    "range",
    "other_currency",
    "duplicate",
    "conflict",
)
"""Why a row is rejected, in the order in which the checks are made."""

# Money is kept in 18 digits.
_MONEY_DIGITS = 18
# Floats count whole numbers one by one up to here.
_FLOAT_WHOLE = 2**53
_ISO = (
    r"^(?<day>\d{4}-\d{2}-\d{2})"
    r"(?:[T ](?<minute>[01]\d:[0-5]\d|2[0-3]:[0-5]\d)(?<second>:[0-5]\d(?:[.,]\d{1,9})?)?"
    r"(?<zone>Z|[+-](?:[01]\d|2[0-3])(?::?[0-5]\d)?)?)?$"
)
_MONEY_TEXT = r"^(?<sign>[+-]?)(?<whole>\d*)(?:\.(?<part>\d*))?$"


@frozen
class Unit:
    """What money and times mean in a table.

    Attributes:
        scale: Decimals of the currency.
        tz: The zone in which naive times are read.
    """

    scale: int
    tz: str


@frozen
class Read:
    """Values that were read, and which of them could not be.

    Attributes:
        values: The column in its table's dtype; what could not be read is null.
        faults: Reasons with a mask each; none when every value is good.
    """

    values: pl.Series
    faults: tuple[tuple[Reason, pl.Series], ...] = ()


def dtype_of(kind: Kind, scale: int) -> pl.DataType:
    """The dtype of a kind in a table; ids may be String instead."""
    if kind == "money":
        return pl.Decimal(_MONEY_DIGITS, scale)
    return _DTYPES[kind]


_DTYPES: dict[Kind, pl.DataType] = {
    "id": pl.Int64(),
    "text": pl.String(),
    "texts": pl.List(pl.String),
    "instant": pl.Datetime("us", "UTC"),
    "date": pl.Date(),
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "boolean": pl.Boolean(),
}


def read(values: pl.Series, column: Column, unit: Unit) -> Read:
    """Read a source column as a column of a record.

    Args:
        values: The source; its dtype has been found fit by `fix_for`.
        column: What the record says of it.
        unit: The currency's scale and the time zone.
    """
    if values.dtype == pl.Null:
        done = Read(values.cast(dtype_of(column.kind, unit.scale)))
    else:
        done = _READERS[column.kind](values, unit)
    if column.optional or done.values.null_count() == 0:
        return done
    missing = values.is_null()
    if column.kind == "id" and values.dtype.is_float():
        # NaN is how pandas writes a gap among integers.
        missing = missing | values.is_nan().fill_null(value=True)
    elif column.kind == "id" and values.dtype == pl.String:
        missing = missing | (values == "").fill_null(value=True)
    if not missing.any():
        return done
    return Read(done.values, (("missing", missing), *done.faults))


def read_minor(values: pl.Series, column: Column, unit: Unit) -> Read:
    """Read whole smallest units (cents) as money."""
    whole = _whole(values, unit)
    done = _money_whole(whole.values, 0, unit.scale)
    faults = (*whole.faults, *done.faults)
    if not column.optional and values.null_count():
        faults = (("missing", values.is_null()), *faults)
    return Read(done.values, faults)


def _faults(**masks: pl.Series) -> tuple[tuple[Reason, pl.Series], ...]:
    found: list[tuple[Reason, pl.Series]] = []
    for reason, mask in masks.items():
        filled = mask.fill_null(value=False)
        if filled.any():
            found.append((reason, filled))  # type: ignore[arg-type]
    return tuple(found)


def _unread(source: pl.Series, values: pl.Series) -> Read:
    """Values that are null where the source is not could not be read."""
    if values.null_count() == source.null_count():
        return Read(values)
    return Read(values, _faults(unreadable=values.is_null() & source.is_not_null()))


def _whole(source: pl.Series, unit: Unit) -> Read:
    """Whole numbers from integers, whole floats, whole decimals or text."""
    dtype = source.dtype
    if dtype == pl.Int64:
        return Read(source)
    if dtype.is_float():
        # NaN is a gap; what floats cannot count one by one is not a number of anything.
        gaps = source.fill_nan(None)
        whole = gaps.cast(pl.Float64)
        exact = (whole == whole.round()) & (whole.abs() <= _FLOAT_WHOLE)
        good = pl.select(pl.when(exact).then(whole)).to_series().cast(pl.Int64)
        return _unread(gaps, good.alias(source.name))
    if dtype == pl.String:
        good = pl.select(pl.when(source.str.contains(r"^[+-]?\d+$")).then(source)).to_series()
        return _unread(source, good.cast(pl.Int64, strict=False).alias(source.name))
    if dtype.is_decimal():
        whole = source.cast(pl.Float64)
        exact = (whole == whole.round()) & (whole.abs() <= _FLOAT_WHOLE)
        good = pl.select(pl.when(exact).then(whole)).to_series().cast(pl.Int64)
        return _unread(source, good.alias(source.name))
    return _unread(source, source.cast(pl.Int64, strict=False))


def _id(source: pl.Series, unit: Unit) -> Read:
    if source.dtype == pl.String:
        if (source == "").any():
            return Read(pl.select(pl.when(source != "").then(source)).to_series())
        return Read(source)
    if source.dtype in (pl.Categorical, pl.Enum):
        return _id(source.cast(pl.String), unit)
    return _whole(source, unit)


def _text(source: pl.Series, _: Unit) -> Read:
    return Read(source if source.dtype == pl.String else source.cast(pl.String))


def _as_is(dtype: pl.DataType) -> Callable[[pl.Series, Unit], Read]:
    def reader(source: pl.Series, _: Unit) -> Read:
        return Read(source if source.dtype == dtype else source.cast(dtype))

    return reader


def _number(source: pl.Series, _: Unit) -> Read:
    values = source if source.dtype == pl.Float64 else source.cast(pl.Float64, strict=False)
    done = _unread(source, values)
    return Read(values, (*done.faults, *_faults(not_finite=~values.is_finite())))


def _date(source: pl.Series, unit: Unit) -> Read:
    if source.dtype == pl.Date:
        return Read(source)
    if source.dtype == pl.String:
        iso = pl.select(pl.when(source.str.contains(r"^\d{4}-\d{2}-\d{2}$")).then(source)).to_series()
        return _unread(source, iso.str.to_date("%Y-%m-%d", strict=False).alias(source.name))
    if getattr(source.dtype, "time_zone", None) is not None:
        return Read(source.dt.convert_time_zone(unit.tz).dt.date())
    return Read(source.dt.date())


def _instant(source: pl.Series, unit: Unit) -> Read:
    if source.dtype == pl.String:
        return _instant_text(source, unit)
    if source.dtype == pl.Date:
        return Read(_day_starts(source, unit.tz))
    if source.dtype == _DTYPES["instant"]:
        return Read(source)
    values = source.dt.cast_time_unit("us")
    if getattr(source.dtype, "time_unit", "us") == "ms":
        back = values.dt.cast_time_unit("ms")
        values = pl.select(pl.when(back == source).then(values)).to_series().alias(source.name)
    if getattr(source.dtype, "time_zone", None) is not None:
        return _unread(source, values.dt.convert_time_zone("UTC"))
    return _unread(source, _from_local(values, unit.tz))


def _from_local(naive: pl.Series, tz: str) -> pl.Series:
    """Instants of naive local times; null where the clock skips them."""
    if tz == "UTC" or naive.len() == naive.null_count():
        return naive.dt.replace_time_zone("UTC")
    local = naive.to_physical()
    low, high = local.min(), local.max()
    values = read_only(local.fill_null(0).to_numpy())
    told = clock(tz, int(low) - DAY, int(high) + DAY).instants(values)  # type: ignore[arg-type]
    instants = pl.Series(naive.name, told).cast(pl.Datetime("us", "UTC"))
    skipped = told == np.iinfo(np.int64).min
    if naive.null_count() or skipped.any():
        kept = naive.is_not_null() & pl.Series(~skipped)
        return pl.select(pl.when(kept).then(instants)).to_series().alias(naive.name)
    return instants


def _day_starts(days: pl.Series, tz: str) -> pl.Series:
    """First instants of local days."""
    numbers = days.cast(pl.Int32).cast(pl.Int64)
    if numbers.len() == numbers.null_count():
        return days.cast(pl.Datetime("us", "UTC"))
    low, high = int(numbers.min()) - 1, int(numbers.max()) + 1  # type: ignore[arg-type]
    starts = clock(tz, low * DAY, high * DAY).day_starts(numbers.fill_null(0).to_numpy())
    instants = pl.Series(days.name, starts).cast(pl.Datetime("us", "UTC"))
    if days.null_count():
        return pl.select(pl.when(days.is_not_null()).then(instants)).to_series().alias(days.name)
    return instants


def _instant_text(source: pl.Series, unit: Unit) -> Read:
    """ISO 8601 text, each row by itself: with a zone, without one, or a day."""
    parts = source.str.extract_groups(_ISO).struct.unnest()
    day, minute, second, zone = (parts[name] for name in ("day", "minute", "second", "zone"))
    exact = pl.select(
        (
            day
            + "T"
            + minute.fill_null("00:00")
            + second.fill_null(":00").str.replace(",", ".", literal=True)
        ).str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", strict=False, time_unit="us")
    ).to_series()
    local = _from_local(exact, unit.tz)
    if minute.null_count() > day.null_count():
        starts = _day_starts(exact.dt.date(), unit.tz)
        local = pl.select(pl.when(minute.is_null()).then(starts).otherwise(local)).to_series()
    if zone.null_count() < zone.len():
        shift = pl.select(_zone_minutes(zone) * 60_000_000).to_series()
        told = (exact.to_physical() - shift).cast(pl.Datetime("us", "UTC"))
        local = pl.select(pl.when(zone.is_not_null()).then(told).otherwise(local)).to_series()
    return _unread(source, local.alias(source.name))


def _zone_minutes(zone: pl.Series) -> pl.Series:
    digits = zone.str.replace_all(":", "", literal=True).str.replace("Z", "+0000", literal=True)
    hours = digits.str.slice(1, 2).cast(pl.Int64)
    minutes = digits.str.slice(3, 2).cast(pl.Int64, strict=False).fill_null(0)
    sign = digits.str.starts_with("-").cast(pl.Int64) * -2 + 1
    return sign * (hours * 60 + minutes)


def _money(source: pl.Series, unit: Unit) -> Read:
    dtype = source.dtype
    if dtype == pl.Decimal(_MONEY_DIGITS, unit.scale):
        return Read(source)
    if dtype.is_float():
        return _money_float(source, unit.scale)
    if dtype == pl.String:
        return _money_text(source, unit.scale)
    if dtype.is_decimal():
        return _money_decimal(source, unit.scale)
    return _money_whole(source, unit.scale, unit.scale)


def _limited(source: pl.Series, minor: pl.Series, scale: int, **masks: pl.Series) -> Read:
    """Whole smallest units as money; what needs more than 18 digits is out of range."""
    limit = 10**_MONEY_DIGITS
    faults = _faults(**masks)
    if minor.len() and minor.null_count() < minor.len():
        low, high = minor.min(), minor.max()
        if low <= -limit or high >= limit:  # type: ignore[operator]
            beyond = (minor <= -limit) | (minor >= limit)
            faults = (*faults, *_faults(range=beyond))
            minor = pl.select(pl.when(~beyond).then(minor)).to_series()
    return Read(money(minor.alias(source.name), scale), faults)


def _money_whole(source: pl.Series, digits: int, scale: int) -> Read:
    """Integers in units of 10**digits smallest ones."""
    wide = source.cast(pl.Int128)
    within = 10 ** (_MONEY_DIGITS + 1)
    clipped = wide.clip(-within, within) * 10**digits
    return _limited(source, clipped, scale)


def _money_decimal(source: pl.Series, scale: int) -> Read:
    have: int = source.dtype.scale  # type: ignore[attr-defined]
    units = source.to_physical()
    if have <= scale:
        return _money_whole(units.alias(source.name), scale - have, scale)
    step = pl.Series([10 ** (have - scale)], dtype=pl.Int128)
    whole = units // step
    exact = whole * step == units
    kept = pl.select(pl.when(exact).then(whole)).to_series()
    return _limited(source, kept, scale, scale=~exact)


def _money_text(source: pl.Series, scale: int) -> Read:
    """Plain decimal text: no exponent, no thousands separator."""
    parts = source.str.extract_groups(_MONEY_TEXT).struct.unnest()
    sign, whole, part = parts["sign"], parts["whole"].fill_null(""), parts["part"].fill_null("")
    fine = sign.is_not_null() & ((whole + part) != "")
    decimals = part.str.strip_chars_end("0")
    long = decimals.str.len_bytes() > scale
    digits = whole.str.strip_chars_start("0") + decimals.str.pad_end(scale, "0")
    # More digits than money has are out of range, however many there are.
    within = digits.str.len_bytes() <= _MONEY_DIGITS
    text = sign.str.replace("+", "", literal=True) + "0" + digits
    usable = fine & ~long & within
    minor = pl.select(pl.when(usable).then(text)).to_series().cast(pl.Int64)
    read = _limited(
        source,
        minor,
        scale,
        unreadable=source.is_not_null() & ~fine.fill_null(value=False),
        scale=fine & long,
        range=fine & ~long & ~within,
    )
    return read


def _money_float(source: pl.Series, scale: int) -> Read:
    """The nearest amount, where the float is as good as one."""
    from custseg._kernels.money import FAR, NOT_FINITE, TOO_LARGE, smallest_units

    floats = source if source.null_count() == 0 else source.fill_null(0.0)
    values = read_only(floats.cast(pl.Float64).rechunk().to_numpy())
    ulp = 2.0**-23 if source.dtype == pl.Float32 else 2.0**-52
    units, status = smallest_units(values, 10**scale, 10**_MONEY_DIGITS, 8 * ulp)
    amounts = pl.Series(source.name, units)
    if source.null_count() == 0 and not status.any():
        return Read(money(amounts, scale))
    told = pl.Series(status)
    kept = (told == 0) & source.is_not_null()
    amounts = pl.select(pl.when(kept).then(amounts)).to_series().alias(source.name)
    faults = _faults(not_finite=told == NOT_FINITE, scale=told == FAR, range=told == TOO_LARGE)
    return Read(money(amounts, scale), faults)


_READERS: dict[Kind, Callable[[pl.Series, Unit], Read]] = {
    "id": _id,
    "text": _text,
    "texts": _as_is(pl.List(pl.String)),
    "instant": _instant,
    "date": _date,
    "money": _money,
    "integer": _whole,
    "number": _number,
    "boolean": _as_is(pl.Boolean()),
}


def fix_for(kind: Kind, dtype: pl.DataType, name: str) -> str | None:
    """How to mend a dtype that a kind is never read from; None when it is fit."""
    if dtype == pl.Null or _FIT[kind](dtype):
        return None
    return _MEND[kind].format(name=name)


def _is_number(dtype: pl.DataType) -> bool:
    return dtype.is_integer() or dtype.is_float() or dtype.is_decimal()


def _is_text(dtype: pl.DataType) -> bool:
    return dtype in (pl.String, pl.Categorical, pl.Enum)


_FIT: dict[Kind, Callable[[pl.DataType], bool]] = {
    "id": lambda dtype: _is_number(dtype) or _is_text(dtype),
    "text": lambda dtype: _is_text(dtype) or dtype.is_integer(),
    "texts": lambda dtype: isinstance(dtype, pl.List) and dtype.inner == pl.String,
    "instant": lambda dtype: dtype in (pl.Datetime, pl.Date, pl.String),
    "date": lambda dtype: dtype in (pl.Datetime, pl.Date, pl.String),
    "money": lambda dtype: _is_number(dtype) or dtype == pl.String,
    "integer": lambda dtype: _is_number(dtype) or dtype == pl.String,
    "number": _is_number,
    "boolean": lambda dtype: dtype == pl.Boolean,
}

_MEND: dict[Kind, str] = {
    "id": 'ids are whole numbers or text: cast it in columns=, e.g. pl.col("{name}").cast(pl.String)',
    "text": 'cast it in columns=, e.g. pl.col("{name}").cast(pl.String)',
    "texts": 'it is a list of texts: pl.col("{name}").str.split(",") in columns=',
    "instant": 'say what it counts, e.g. pl.from_epoch("{name}", time_unit="s") in columns=',
    "date": 'dates are dates or ISO text: pl.col("{name}").str.to_date("%d.%m.%Y") in columns=',
    "money": 'money is a number or plain decimal text: cast it in columns=, e.g. pl.col("{name}").cast(pl.Int64)',
    "integer": 'cast it in columns=, e.g. pl.col("{name}").cast(pl.Int64)',
    "number": 'cast it in columns=, e.g. pl.col("{name}").cast(pl.Float64)',
    "boolean": 'say which value is true, e.g. pl.col("{name}") == "yes" in columns=',
}
