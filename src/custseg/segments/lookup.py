"""One customer among many: its id as the column has it, its place."""

from __future__ import annotations

import polars as pl

from custseg.errors import SchemaError

__all__ = ["place_of", "same_kind"]

_INT64 = 2**63


def same_kind(customer_id: int | str, dtype: pl.DataType, /) -> int | str | None:
    """The id as a column of this type has it; None when it cannot be one.

    >>> import polars as pl
    >>> same_kind("7", pl.Int64()), same_kind(7, pl.String()), same_kind("x", pl.Int64())
    (7, '7', None)
    """
    text = str(customer_id)
    if dtype == pl.String:
        return text
    return int(text) if text.removeprefix("-").isdecimal() and abs(int(text)) < _INT64 else None


def place_of(customer_id: int | str, ids: pl.Series, /, *, where: str) -> int:
    """The place of a customer in a column of ids.

    Raises:
        SchemaError: when the id is not there.
    """
    wanted = same_kind(customer_id, ids.dtype)
    place = ids.index_of(wanted) if wanted is not None else None
    if place is None:
        fix = f"ids are {ids.dtype} here, such as {ids[0]!r}" if len(ids) else "it is empty"
        raise SchemaError(f"no customer {customer_id!r}", where=where, fix=fix)
    return place
