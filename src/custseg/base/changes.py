"""Logs changed: rows added, customers merged, customers left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from custseg.errors import Problem, SchemaError
from custseg.schema.keys import key_faults
from custseg.schema.record import key_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["appended", "merged_ids", "only", "renamed", "whole"]


def appended(rows: pl.DataFrame, more: pl.DataFrame, noun: type, where: str) -> pl.DataFrame:
    """Both frames as one; exact copies of known rows count once.

    Raises:
        SchemaError: when a key comes again with other content.
    """
    both = pl.concat([rows, more], how="diagonal_relaxed")
    key = key_of(noun)
    again = more.join(rows, on=key, how="semi")
    if again.height == 0:
        return both
    faults = key_faults(both, key)
    if faults is None:
        return both
    clash = faults.filter(pl.col("reason") == "conflict")
    if clash.height:
        shown = both[int(clash["place"][0])].select(key).row(0)
        raise SchemaError(
            f"{clash.height} rows have a key that is known with other content, e.g. {shown}",
            where=where,
            fix="correct the rows, or give them keys of their own",
        )
    return both.filter(~pl.int_range(both.height, eager=True).is_in(faults["place"].implode()))


def merged_ids(given: Mapping[Any, Any], dtype: pl.DataType) -> dict[Any, Any]:
    """Each old id with the id it ends up as.

    Raises:
        SchemaError: when ids are merged in a circle or are of another type.
    """
    wanted = int if dtype.is_integer() else str
    problems = [
        Problem(f"{one!r} is no id of this base", "merged", f"ids are {dtype} here")
        for pair in given.items()
        for one in pair
        if not isinstance(one, wanted)
    ]
    SchemaError.check(problems)
    ends: dict[Any, Any] = {}
    for old in given:
        at, passed = given[old], {old}
        while at in given and given[at] != at:
            if at in passed:
                raise SchemaError(
                    f"{old!r} is merged in a circle", where="merged", fix="name one id that stays"
                )
            passed.add(at)
            at = given[at]
        ends[old] = at
    return ends


def renamed(rows: pl.DataFrame, ends: Mapping[Any, Any], *names: str) -> pl.DataFrame:
    """Rows in which old ids have become new ones."""
    present = [name for name in names if name in rows.columns and ends]
    return rows.with_columns(pl.col(name).replace(dict(ends)) for name in present)


def only(rows: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    """The rows of some customers, in the order they came."""
    return rows.join(pl.DataFrame([ids]), on="customer_id", how="semi", maintain_order="left")


def whole(rows: pl.DataFrame, schema: pl.Schema) -> pl.DataFrame:
    """A log with all columns of its table: the optional ones absent are null."""
    absent = [
        pl.lit(None, dtype=dtype).alias(column)
        for column, dtype in schema.items()
        if column not in rows.columns
    ]
    return rows.with_columns(absent) if absent else rows


