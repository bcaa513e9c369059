"""Reading ids, texts, numbers and truth values."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from custseg.schema.reads import Read, faults, kept, unread

if TYPE_CHECKING:
    from custseg.schema.reads import Unit

__all__ = [
    "exact_quotient",
    "read_boolean",
    "read_id",
    "read_number",
    "read_text",
    "read_texts",
    "read_whole",
]

# Floats count whole numbers one by one up to here.
_FLOAT_WHOLE = 2.0**53
_LEAST, _MOST = -(2**63), 2**63 - 1


def read_id(source: pl.Series, unit: Unit) -> Read:
    """Ids: text as it is, anything else as whole numbers; an empty text is no id."""
    if isinstance(source.dtype, pl.Categorical | pl.Enum):
        return read_id(source.cast(pl.String), unit)
    if source.dtype == pl.String:
        empty = source == ""
        return Read(kept(source, ~empty) if empty.any() else source)
    return read_whole(source, unit)


def read_text(source: pl.Series, _: Unit) -> Read:
    """Texts from text, categories or whole numbers."""
    return Read(source if source.dtype == pl.String else source.cast(pl.String))


def read_texts(source: pl.Series, _: Unit) -> Read:
    """Lists of texts."""
    return Read(source.cast(pl.List(pl.String)))


def read_boolean(source: pl.Series, _: Unit) -> Read:
    """Truth values."""
    return Read(source)


def read_number(source: pl.Series, _: Unit) -> Read:
    """Finite floats from any numbers."""
    values = source if source.dtype == pl.Float64 else source.cast(pl.Float64, strict=False)
    finite = values.is_finite()
    if finite.all():
        return Read(values)
    return Read(kept(values, finite), faults(not_finite=~finite))


def read_whole(source: pl.Series, _: Unit) -> Read:
    """Whole numbers of 64 bits from integers, whole floats, whole decimals or text."""
    if source.dtype == pl.Int64:
        return Read(source)
    if source.dtype.is_float():
        return _whole_float(source)
    if source.dtype == pl.String:
        return _whole_text(source)
    if isinstance(source.dtype, pl.Decimal):
        return _whole_decimal(source, source.dtype.scale)
    return unread(source, source.cast(pl.Int64, strict=False), "range")


def _whole_float(source: pl.Series) -> Read:
    # NaN is how pandas writes a gap; beyond 2**53 a float stands for several numbers.
    floats = source.cast(pl.Float64).fill_nan(None)
    infinite = floats.is_infinite()
    whole, near = floats == floats.round(), floats.abs() <= _FLOAT_WHOLE
    values = kept(floats, whole & near).cast(pl.Int64)
    if values.null_count() == floats.null_count():
        return Read(values)
    return Read(values, faults(unreadable=~whole, not_finite=infinite, range=~near & ~infinite))


def _whole_text(source: pl.Series) -> Read:
    fine = source.str.contains(r"^[+-]?[0-9]+$")
    values = kept(source, fine).str.strip_prefix("+").cast(pl.Int64, strict=False)
    return Read(values, faults(unreadable=~fine, range=fine & values.is_null()))


def _whole_decimal(source: pl.Series, scale: int) -> Read:
    whole, exact = exact_quotient(source.to_physical(), 10**scale)
    within = (whole >= _LEAST) & (whole <= _MOST)
    values = kept(whole, exact & within).cast(pl.Int64).alias(source.name)
    return Read(values, faults(unreadable=~exact, range=~within))


def exact_quotient(wide: pl.Series, step: int) -> tuple[pl.Series, pl.Series]:
    """Int128 numbers divided by a step, and where nothing remains."""
    by = pl.Series([step], dtype=pl.Int128)
    whole = wide // by
    return whole, whole * by == wide
