"""What reading a column gives: its values, and the rows that could not be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import polars as pl
from attrs import frozen

if TYPE_CHECKING:
    from custseg.schema.record import Kind

__all__ = [
    "MONEY_DIGITS",
    "REASONS",
    "Faults",
    "Read",
    "Reason",
    "Unit",
    "dtype_of",
    "faults",
    "kept",
    "unread",
]

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

MONEY_DIGITS = 18
"""How many digits money has, decimals included: smallest units fit in 64 bits."""

Faults = tuple[tuple[Reason, pl.Series], ...]


@frozen
class Unit:
    """What money and times mean in a table.

    Attributes:
        scale: Decimals of the currency.
        tz: The zone in which naive times are read.
    """

    scale: int
    tz: str


@frozen(eq=False)
class Read:
    """Values that were read, and which of them could not be.

    Attributes:
        values: The column in its table's dtype; what could not be read is null.
        faults: Reasons with a mask each; none when every value is good.
    """

    values: pl.Series
    faults: Faults = ()


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


def dtype_of(kind: Kind, scale: int) -> pl.DataType:
    """The dtype of a kind in a table; ids may be String instead."""
    if kind == "money":
        return pl.Decimal(MONEY_DIGITS, scale)
    return _DTYPES[kind]


def kept(values: pl.Series, mask: pl.Series) -> pl.Series:
    """The values where the mask is true, null elsewhere."""
    return pl.select(pl.when(mask).then(values)).to_series().alias(values.name)


def faults(**masks: pl.Series) -> Faults:
    """Those masks, by the name of their reason, in which any row is marked."""
    filled = {reason: mask.fill_null(value=False) for reason, mask in masks.items()}
    return tuple((reason, filled[reason]) for reason in REASONS if _marks(filled.get(reason)))


def _marks(mask: pl.Series | None) -> bool:
    return mask is not None and mask.any()


def unread(source: pl.Series, values: pl.Series, reason: Reason = "unreadable") -> Read:
    """Values of which those are faulty that are null where the source is not."""
    if values.null_count() == source.null_count():
        return Read(values)
    return Read(values, faults(**{reason: values.is_null() & source.is_not_null()}))
