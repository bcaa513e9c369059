"""An entity that already is what its table holds: one row, without reading it again."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, cast

import polars as pl

from custseg.schema.bridge import framed, nulls
from custseg.schema.clock import epoch_us
from custseg.schema.reads import dtype_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from custseg.schema.record import Column, Kind

__all__ = ["held_row"]

# What lies beyond is left to the door, which knows the limits.
_YEARS = range(1900, 2200)
_MOST = 10**15


def held_row(entity: object, columns: Sequence[Column], scale: int) -> pl.DataFrame | None:
    """The row of an entity, or None where the door has to read it.

    A row that the door reads takes some ten calls of the engine, 2 ms; one
    whose values are whole ids, texts, aware datetimes and exact money is
    what it will be.
    """
    made: list[pl.Series] = []
    for column in columns:
        held = _held(getattr(entity, column.name), column, scale)
        if held is None:
            return None
        made.append(held)
    return framed(made)


def _held(value: object, column: Column, scale: int) -> pl.Series | None:
    """The value as a series of its column's type; None where it must be read."""
    kind, name = column.kind, column.name
    if value is None:
        fine = column.optional and kind != "id"
        return _none(name, kind, scale) if fine else None
    if kind == "id" and type(value) is int and -(2**63) <= value < 2**63:
        return pl.Series(name, [value], dtype=pl.Int64)
    if kind in ("id", "text") and type(value) is str and value:
        return pl.Series(name, [value], dtype=pl.String)
    if kind == "instant" and type(value) is dt.datetime and value.tzinfo is not None:
        at = epoch_us(value) if value.year in _YEARS else None
        made = None if at is None else pl.Series(name, [at], dtype=pl.Int64)
        return None if made is None else made.cast(pl.Datetime("us", "UTC"))
    if kind == "money":
        amount = _exact(value, scale)
        fine = amount is not None and _within(amount, column)
        # As text: a series of Decimals takes twice as long.
        return pl.Series(name, [f"{amount:f}"]).cast(dtype_of(kind, scale)) if fine else None
    return None


@lru_cache(maxsize=256)
def _none(name: str, kind: Kind, scale: int) -> pl.Series:
    return nulls(name, dtype_of(kind, scale), 1)


def _exact(value: object, scale: int) -> Decimal | None:
    """Money without more decimals than it may have, or None."""
    amount = Decimal(value) if type(value) is int else value
    if type(amount) is not Decimal or not amount.is_finite() or abs(amount) >= _MOST:
        return None
    exact = cast("int", amount.as_tuple().exponent) >= -scale
    return amount if exact else None


def _within(amount: Decimal, column: Column) -> bool:
    """Whether money lies within the limits of its column."""
    if column.within is None:
        return True
    low, high = cast("tuple[int, int | None]", column.within)
    return low <= amount and (high is None or amount <= high)
