"""How values of each kind are read: from the dtypes people have to ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from custseg.schema.instants import read_date, read_instant
from custseg.schema.money import read_minor, read_money
from custseg.schema.plain import (
    read_boolean,
    read_id,
    read_number,
    read_text,
    read_texts,
    read_whole,
)
from custseg.schema.reads import Read, dtype_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from custseg.schema.reads import Unit
    from custseg.schema.record import Column, Kind

__all__ = ["fix_for", "fix_for_cents", "read"]

_READERS: dict[Kind, Callable[[pl.Series, Unit], Read]] = {
    "id": read_id,
    "text": read_text,
    "texts": read_texts,
    "instant": read_instant,
    "date": read_date,
    "money": read_money,
    "integer": read_whole,
    "number": read_number,
    "boolean": read_boolean,
}


def read(values: pl.Series, column: Column, unit: Unit, *, cents: bool = False) -> Read:
    """Read a source column as a column of a record.

    Args:
        values: The source; its dtype has been found fit by `fix_for`.
        column: What the record says of it.
        unit: The currency's scale and the time zone.
        cents: Whether money is counted in smallest units.
    """
    if values.dtype == pl.Null:
        done = Read(values.cast(dtype_of(column.kind, unit.scale)))
    else:
        done = (read_minor if cents else _READERS[column.kind])(values, unit)
    if column.optional or done.values.null_count() == 0:
        return done
    missing = values.is_null()
    if column.kind in {"id", "integer"} and values.dtype.is_float():
        # NaN is how pandas writes a gap among integers.
        missing |= values.is_nan().fill_null(value=True)
    elif column.kind == "id" and not values.dtype.is_numeric():
        # An empty text is no id.
        missing = done.values.is_null()
    if not missing.any():
        return done
    return Read(done.values, (("missing", missing), *done.faults))


def fix_for(kind: Kind, dtype: pl.DataType, name: str) -> str | None:
    """How to mend a dtype that a kind is never read from; None when it is fit."""
    if dtype == pl.Null or _FIT[kind](dtype):
        return None
    return _MEND[kind].format(name=name)


def fix_for_cents(kind: Kind, dtype: pl.DataType) -> str | None:
    """The same for a source that counts smallest units."""
    if kind != "money":
        return "minor_units() is for columns that are money: leave it out"
    if dtype == pl.Null or _is_number(dtype) or dtype == pl.String:
        return None
    return "cents are whole numbers: cast the source to pl.Int64"


def _is_number(dtype: pl.DataType) -> bool:
    return dtype.is_integer() or dtype.is_float() or dtype.is_decimal()


def _is_text(dtype: pl.DataType) -> bool:
    return isinstance(dtype, pl.String | pl.Categorical | pl.Enum)


def _is_time(dtype: pl.DataType) -> bool:
    return isinstance(dtype, pl.Datetime | pl.Date | pl.String)


_FIT: dict[Kind, Callable[[pl.DataType], bool]] = {
    "id": lambda dtype: _is_number(dtype) or _is_text(dtype),
    "text": lambda dtype: _is_text(dtype) or dtype.is_integer(),
    "texts": lambda dtype: isinstance(dtype, pl.List) and dtype.inner in {pl.String(), pl.Null()},
    "instant": _is_time,
    "date": _is_time,
    "money": lambda dtype: _is_number(dtype) or dtype == pl.String,
    "integer": lambda dtype: _is_number(dtype) or dtype == pl.String,
    "number": _is_number,
    "boolean": lambda dtype: dtype == pl.Boolean,
}

_MEND: dict[Kind, str] = {
    "id": "ids are whole numbers or text: cast it in columns=, "
    'e.g. pl.col("{name}").cast(pl.String)',
    "text": 'cast it in columns=, e.g. pl.col("{name}").cast(pl.String)',
    "texts": 'it is a list of texts: pl.col("{name}").str.split(",") in columns=',
    "instant": 'say what it counts, e.g. pl.from_epoch("{name}", time_unit="s") in columns=',
    "date": 'dates are dates or ISO text: pl.col("{name}").str.to_date("%d.%m.%Y") in columns=',
    "money": "money is a number or plain decimal text: cast it in columns=, "
    'e.g. pl.col("{name}").cast(pl.Int64)',
    "integer": 'cast it in columns=, e.g. pl.col("{name}").cast(pl.Int64)',
    "number": 'cast it in columns=, e.g. pl.col("{name}").cast(pl.Float64)',
    "boolean": 'say which value is true, e.g. pl.col("{name}") == "yes" in columns=',
}
