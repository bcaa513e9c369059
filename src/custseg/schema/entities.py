"""Between entities and rows."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from custseg.schema.record import Column

__all__ = ["columns_from", "entities_from"]

_Noun = TypeVar("_Noun")


def columns_from(entities: Sequence[object], columns: Sequence[Column]) -> pl.DataFrame:
    """The values of entities as a frame that `admit` can read.

    Entities may say the same thing in different types (a total as text here,
    as Decimal there); such a column becomes text, which is read exactly.
    """
    return pl.DataFrame(
        [
            _series(column, [getattr(entity, column.name) for entity in entities])
            for column in columns
        ]
    )


def _series(column: Column, values: list[Any]) -> pl.Series:
    if column.kind == "texts":
        return pl.Series(column.name, values, dtype=pl.List(pl.String))
    kinds = {_type_of(value) for value in values if value is not None}
    if len(kinds) <= 1 and not kinds & {dt.datetime, Decimal}:
        return pl.Series(column.name, values)
    return pl.Series(column.name, [_text(value) for value in values], dtype=pl.String)


def _type_of(value: object) -> type:
    # A pandas Timestamp is a datetime, and so on.
    for known in (dt.datetime, Decimal):
        if isinstance(value, known):
            return known
    return type(value)


def _text(value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, dt.datetime) and value.tzinfo is not None:
        # An offset with seconds, as zones had before railways, is no ISO 8601.
        return value.astimezone(dt.UTC).isoformat()
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, Decimal | float):
        return format(Decimal(str(value)), "f")
    return str(value)


def entities_from(rows: pl.DataFrame, noun: type[_Noun], columns: Sequence[Column]) -> list[_Noun]:
    """One entity for each row; a column that is absent is left at its default."""
    names = [column.name for column in columns if column.name in rows.columns]
    return [noun(**row) for row in rows.select(names).iter_rows(named=True)]
