"""The door of the scores: histories made here or elsewhere, checked before they are used."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, Any

import polars as pl

from custseg.base.customer_base import CustomerBase
from custseg.errors import FitError, Problem, SchemaError
from custseg.schema.source import first_line
from custseg.scoring.history import history

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

__all__ = ["Source", "histories", "with_columns_of"]

Source = Any
"""A `CustomerBase`, a frame of histories, or anything with `__arrow_c_stream__`."""

# What other packages call the columns.
_ALIASES = {
    "frequency": "x",
    "recency": "t_x",
    "t": "T",
    "tx": "t_x",
    "t.x": "t_x",
    "monetary_value": "spend_mean",
    "t_cal": "T",
    "T.cal": "T",
    "weights": "customers",
    "n": "customers",
}
_NUMBERS = {"x": pl.Int64, "t_x": pl.Float64, "T": pl.Float64, "spend_mean": pl.Float64}
# Sums over whole steps are tabulated up to the largest x.
_MOST = 10_000_000


def histories(
    source: Source, /, *, unit: str, needs: Iterable[str] = ("x", "t_x", "T"), where: str
) -> pl.DataFrame:
    """Histories with the columns needed: made from a base, or taken as they are and checked.

    Args:
        source: A base, a frame, or anything that hands out Arrow.
        unit: What a base is measured in; a frame is taken to be in it.
        needs: Columns that must be there; `customers`, how many customers a
            row stands for, is always optional, and so is `customer_id`.
        where: The call to name in errors.

    Raises:
        SchemaError: listing everything that is wrong with the frame.
        FitError: when nobody is in it.
    """
    if isinstance(source, CustomerBase):
        return history(source, unit=unit)
    rows = _read(source, where)
    SchemaError.check(_absences(rows, tuple(needs), where))
    casts = [
        pl.col(name).cast(dtype)
        for name, dtype in {**_NUMBERS, "customers": pl.Float64}.items()
        if name in rows.columns
        and rows.schema[name] != dtype
        and (name != "x" or rows.schema[name].is_integer())
    ]
    rows = rows.with_columns(casts) if casts else rows
    SchemaError.check(_problems(rows, tuple(needs), where))
    return rows.with_columns(pl.col("x").cast(pl.Int64)) if "x" in rows.columns else rows


def _read(source: Source, where: str) -> pl.DataFrame:
    if isinstance(source, pl.DataFrame):
        return source
    if isinstance(source, pl.LazyFrame):
        return source.collect()
    kind = type(source).__name__
    fix = "give a CustomerBase, or a frame with x, t_x and T"
    if not hasattr(source, "__arrow_c_stream__"):
        raise SchemaError(f"histories cannot be read from a {kind}", where=where, fix=fix)
    try:
        return pl.DataFrame(source)
    except Exception as error:
        what = f"the {kind} cannot be read as Arrow: {first_line(error)}"
        raise SchemaError(what, where=where, fix=fix) from error


def _absences(rows: pl.DataFrame, needs: tuple[str, ...], where: str) -> Iterator[Problem]:
    for name in needs:
        if name not in rows.columns:
            yield Problem(f"the history has no column {name!r}", where, _fix_absent(rows, name))
    for name in (*needs, "customers"):
        if name in rows.columns and not rows.schema[name].is_numeric():
            what = f"{name!r} is {rows.schema[name]}, not a number"
            yield Problem(what, where, f'cast it: rows.with_columns(pl.col("{name}").cast(...))')


def _fix_absent(rows: pl.DataFrame, name: str) -> str:
    known = [
        each for each in rows.columns if _ALIASES.get(each, _ALIASES.get(each.lower())) == name
    ]
    near = known or difflib.get_close_matches(name, rows.columns, n=1)
    if near:
        return f'rename it: rows.rename({{"{near[0]}": "{name}"}})'
    return "make the history with cu.history(base), or name its columns x, t_x and T"


def _problems(rows: pl.DataFrame, needs: tuple[str, ...], where: str) -> Iterator[Problem]:
    checks = {name: each for name, each in _checks().items() if name <= {*needs, *_extra(rows)}}
    named = [(what, fix, test) for each in checks.values() for what, fix, test in each]
    if not rows.height:
        raise FitError("nobody is in the history", where=where, fix="give at least one customer")
    counts = rows.lazy().select(
        test.fill_null(value=True).sum().alias(str(place))
        for place, (_, _, test) in enumerate(named)
    )
    for (what, fix, _), bad in zip(named, counts.collect().row(0), strict=True):
        if bad:
            yield Problem(f"{what}: {bad:,} of {rows.height:,} rows", where, fix)


def _extra(rows: pl.DataFrame) -> set[str]:
    return {"customers"} if "customers" in rows.columns else set()


def _checks() -> dict[frozenset[str], list[tuple[str, str, pl.Expr]]]:
    """What is wrong with a row, by the columns it takes to see it."""
    x, t_x, until = pl.col("x"), pl.col("t_x"), pl.col("T")
    spent, many = pl.col("spend_mean"), pl.col("customers")
    whole = x.cast(pl.Float64).floor() != x
    return {
        frozenset({"x"}): [
            ("x is no whole number from 0 on", "x counts repeat purchases", (x < 0) | whole),
            (f"x is above {_MOST:,}", "x counts days with a purchase", x > _MOST),
        ],
        frozenset({"T"}): [
            (
                "T is no finite time from 0 on",
                "T is the time observed",
                ~(until >= 0) | ~_finite(until),
            )
        ],
        frozenset({"x", "t_x", "T"}): [
            (
                "t_x lies outside 0 to T",
                "t_x runs from the first purchase to the last",
                ~((t_x >= 0) & (t_x <= until)),
            ),
            (
                "t_x does not fit x",
                "t_x is 0 when x is 0, and above 0 otherwise",
                (x == 0) != (t_x == 0),
            ),
        ],
        frozenset({"x", "spend_mean"}): [
            (
                "spend_mean is missing or no finite amount from 0 on where x is above 0",
                "spend_mean is the mean of repeat day totals",
                (x > 0) & (~(spent >= 0) | ~_finite(spent)).fill_null(value=True),
            )
        ],
        frozenset({"customers"}): [
            (
                "customers is no finite number above 0",
                "customers is how many a row stands for",
                ~(many > 0) | ~_finite(many),
            )
        ],
    }


def _finite(value: pl.Expr) -> pl.Expr:
    return value.is_finite()


def with_columns_of(
    source: Source, columns: Sequence[str], /, *, unit: str, where: str
) -> pl.DataFrame:
    """Histories beside some columns of customers: a base measures them, a frame has them."""
    rows = histories(source, unit=unit, where=where)
    if not columns or not isinstance(source, CustomerBase):
        return rows
    told = source.measures(*columns)
    return rows.join(told, on="customer_id", how="left", maintain_order="left")
