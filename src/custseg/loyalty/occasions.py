"""Occasions: birthdays, anniversaries and holidays, as days of a calendar."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import polars as pl

from custseg.errors import LedgerError, Problem
from custseg.loyalty.care import Anniversary, Birthday, Holiday
from custseg.model.window import During
from custseg.schema.clock import local_times

if TYPE_CHECKING:
    from collections.abc import Iterable

    from custseg.base.customer_base import CustomerBase
    from custseg.loyalty.care import Care
    from custseg.loyalty.program import Program

__all__ = ["care_due", "care_problems", "occasions"]

_COLUMNS = ("customer_id", "on", "care", "points", "of")


def care_due(program: Program, base: CustomerBase, between: During) -> pl.DataFrame:
    """Who has an occasion in a period, of the customers who had joined by it.

    Returns:
        customer_id, on (the local day), care (its name) and points, by day,
        customer and care.
    """
    where = f"Program({program.name!r}).care_due"
    if not isinstance(between, During):  # pyright: ignore[reportUnnecessaryIsInstance] # callers are not all typed
        fix = 'write cu.During("2026-06-01", "2026-06-30")'
        raise LedgerError(f"{between!r} is no period", where=where, fix=fix)
    LedgerError.check(care_problems(program.care, base, where))
    customers = _customers(base)
    due = occasions(program.care, customers, base.tz, between.first, between.last)
    if "joined_at" in customers.columns:
        joined = local_times(customers.select("customer_id", "joined_at"), base.tz)
        due = due.join(joined, on="customer_id").filter(
            pl.col("joined_at").is_null() | (pl.col("joined_at") <= pl.col("on").cast(pl.Datetime))
        )
    return due.sort("on", "customer_id", "care").select("customer_id", "on", "care", "points")


def _customers(base: CustomerBase) -> pl.DataFrame:
    """The population with what is known of it."""
    ids = base.customer_ids.to_frame()
    if base.customers is None:
        return ids
    return ids.join(base.customers, on="customer_id", how="left", maintain_order="left")


def care_problems(care: Iterable[Care], base: CustomerBase, where: str) -> list[Problem]:
    """Columns that occasions are days of, and customers do not have."""
    known = pl.Schema() if base.customers is None else base.customers.schema
    found: list[Problem] = []
    for one in care:
        if isinstance(one, Holiday):
            continue
        dtype = known.get(one.of)
        if dtype is None:
            what = f"{one.name!r} reads {one.of!r}, which customers do not have"
            fix = "give the base customers with this column, or leave it out of care"
            found.append(Problem(what, where, fix))
        elif dtype != pl.Date and not isinstance(dtype, pl.Datetime):
            what = f"{one.name!r} reads {one.of!r}, which is {dtype} and no day"
            found.append(Problem(what, where, "name a column of dates or instants"))
    return found


def occasions(
    care: Iterable[Care], customers: pl.DataFrame, tz: str, first: dt.date, last: dt.date
) -> pl.DataFrame:
    """The occasions of customers from one local day through another.

    A customer's own day comes first a year after the day itself: nobody has a
    birthday on the day of being born. 29 February is 28 February in common
    years.

    Args:
        care: What a program lists.
        customers: customer_id and the columns that `care` reads.
        tz: The zone of local days, for columns of instants.
        first: The first local day.
        last: The last.

    Returns:
        customer_id, on (the local day), care (its name), points, and of (the
        calendar year, one occasion in each).
    """
    empty = pl.DataFrame(
        schema={
            "customer_id": customers.schema["customer_id"],
            "on": pl.Date,
            "care": pl.String,
            "points": pl.Int64,
            "of": pl.Int64,
        }
    )
    years = range(first.year, last.year + 1)
    found = [
        _of_all(one, customers, years)
        if isinstance(one, Holiday)
        else _of_each(one, customers, tz, years)
        for one in care
    ]
    within = pl.col("on").is_between(first, last)
    return pl.concat([empty, *(rows.filter(within).select(_COLUMNS) for rows in found)])


def _of_each(
    care: Birthday | Anniversary, customers: pl.DataFrame, tz: str, years: range
) -> pl.DataFrame:
    """A customer's own day in each year."""
    held = customers.select("customer_id", day=care.of).drop_nulls("day")
    days = local_times(held, tz, ["day"]) if isinstance(held.schema["day"], pl.Datetime) else held
    days = days.with_columns(pl.col("day").cast(pl.Date))
    each = days.join(pl.DataFrame({"of": years}, schema={"of": pl.Int64}), how="cross")
    age = pl.col("of") - pl.col("day").dt.year()
    # Calendar months are clamped: 29 February plus twelve months is 28 February.
    on = pl.col("day").dt.offset_by(pl.format("{}mo", age * 12))
    return each.filter(age > 0).select(
        "customer_id",
        "of",
        on=on,
        care=pl.lit(care.name),
        points=pl.lit(care.points, pl.Int64),
    )


def _of_all(care: Holiday, customers: pl.DataFrame, years: range) -> pl.DataFrame:
    """A day that all customers have."""
    days = care.days or tuple(_day_in(care, year) for year in years)
    of = [day.year for day in days]
    calendar = pl.DataFrame({"on": days, "of": of}, schema={"on": pl.Date, "of": pl.Int64})
    each = customers.select("customer_id").join(calendar, how="cross")
    return each.with_columns(care=pl.lit(care.name), points=pl.lit(care.points, pl.Int64))


def _day_in(care: Holiday, year: int) -> dt.date:
    assert care.month is not None  # noqa: S101 - a holiday has days, or month and day
    assert care.day is not None  # noqa: S101
    try:
        return dt.date(year, care.month, care.day)
    except ValueError:
        return dt.date(year, care.month, care.day - 1)
