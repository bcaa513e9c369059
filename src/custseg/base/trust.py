"""What frames show together: the checks of a base, and its description."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from custseg.base.logs import LOGS
from custseg.errors import Problem, SchemaError
from custseg.model.measure_name import MeasureName
from custseg.model.nouns import Customer
from custseg.schema.table import table

if TYPE_CHECKING:
    from collections.abc import Mapping

    from custseg.base.customer_base import CustomerBase
    from custseg.schema.table import Table

__all__ = ["CUSTOMERS", "described", "table_of", "trusted"]

CUSTOMERS = "customers"

_ADMIT = "admit it first: cu.table(...).admit(frame)"


def table_of(name: str, currency: str, tz: str) -> Table[Any]:
    """The table of a log, or of the customers."""
    return table(Customer if name == CUSTOMERS else LOGS[name].noun, currency=currency, tz=tz)


def trusted(
    given: Mapping[str, object], currency: str, tz: str, *, where: str
) -> dict[str, pl.DataFrame]:
    """Frames that can be logs of one base, with all columns of their tables.

    Args:
        given: Frames by log; lazy ones are collected.
        currency: What money is.
        tz: The zone of local days.
        where: The call to name in errors.

    Raises:
        SchemaError: with everything that keeps them from it.
    """
    frames = {
        name: rows.collect() if isinstance(rows, pl.LazyFrame) else rows
        for name, rows in given.items()
    }
    problems: list[Problem] = []
    for name, rows in frames.items():
        problems += _frame_problems(name, rows, currency, tz, f"{where}({name}=)")
    SchemaError.check([*problems, *_mixed_ids(frames, where)])
    return _alike(frames, currency, tz)


def _frame_problems(name: str, rows: object, currency: str, tz: str, where: str) -> list[Problem]:
    if not isinstance(rows, pl.DataFrame):
        kind = f"{type(rows).__module__.partition('.')[0]}.{type(rows).__name__}"
        return [Problem(f"{name} are a {kind}, not a polars frame", where, _ADMIT)]
    of = table_of(name, currency, tz)
    found = [Problem(problem.what, where, problem.fix) for problem in of.problems(rows)]
    found += [
        Problem(f"column {column.name!r} has {rows[column.name].null_count()} nulls", where, _ADMIT)
        for column in of.columns
        if not column.optional and column.name in rows.columns and rows[column.name].has_nulls()
    ]
    return [*found, *_customer_problems(rows, where)] if name == CUSTOMERS else found


def _customer_problems(customers: pl.DataFrame, where: str) -> list[Problem]:
    problems = [
        Problem(
            f"the column {name!r} of customers is named like a measure",
            where,
            f'rename it, e.g. columns={{"given_{name}": "{name}"}}',
        )
        for name in customers.columns
        if MeasureName.parse(name) is not None
    ]
    if "customer_id" in customers.columns and customers["customer_id"].is_duplicated().any():
        what = "a customer stands more than once in customers"
        problems.append(
            Problem(what, where, "admit them with unique=True, or merge the rows first")
        )
    return problems


def _mixed_ids(frames: Mapping[str, object], where: str) -> list[Problem]:
    types = {
        name: rows.schema["customer_id"]
        for name, rows in frames.items()
        if isinstance(rows, pl.DataFrame) and "customer_id" in rows.columns and _speaks(rows)
    }
    if len(set(types.values())) < 2:  # noqa: PLR2004
        return []
    told = ", ".join(f"{name} {dtype}" for name, dtype in types.items())
    return [
        Problem(
            f"customer_id has different types: {told}",
            where,
            'make them one, e.g. columns={"customer_id": pl.col("customer_id").cast(pl.String)}',
        )
    ]


def _speaks(rows: pl.DataFrame) -> bool:
    """Whether a frame has a say in what ids are: it has one."""
    return rows["customer_id"].null_count() < rows.height


def _alike(frames: dict[str, Any], currency: str, tz: str) -> dict[str, pl.DataFrame]:
    """Frames with all columns of their tables (those absent are null) and one type of ids."""
    types = [rows.schema["customer_id"] for rows in frames.values() if _speaks(rows)]
    types += [rows.schema["customer_id"] for rows in frames.values()]
    made: dict[str, pl.DataFrame] = {}
    for name, rows in frames.items():
        schema = table_of(name, currency, tz).schema
        absent = [
            pl.lit(None, dtype=dtype).alias(column)
            for column, dtype in schema.items()
            if column not in rows.columns
        ]
        if rows.schema["customer_id"] != types[0]:
            absent.append(pl.col("customer_id").cast(types[0]))
        more = [column for column in rows.columns if column not in schema]
        made[name] = rows.with_columns(absent).select(*schema, *more) if absent else rows
    return made


_DESCRIBED = {
    "log": pl.String,
    "rows": pl.Int64,
    "customers": pl.Int64,
    "first": pl.Datetime("us", "UTC"),
    "last": pl.Datetime("us", "UTC"),
    "later": pl.Int64,
    "nulls": pl.Int64,
    "zero_totals": pl.Int64,
    "returns": pl.Int64,
    "unknown_orders": pl.Int64,
}


def described(base: CustomerBase) -> pl.DataFrame:
    """What is in the logs, hidden rows included: one row a log."""
    rows = [_described(base, name) for name in LOGS if base.has(name)]
    return pl.DataFrame(rows, schema=_DESCRIBED, orient="row")


def _described(base: CustomerBase, name: str) -> tuple[object, ...]:
    rows = base.log(name)
    at = rows[LOGS[name].instant].to_physical()
    money = rows["total"] if "total" in rows.columns else None
    return (
        name,
        rows.height,
        rows["customer_id"].drop_nulls().n_unique(),
        at.min(),
        at.max(),
        int((at > base.when.instant).sum()),
        sum(rows[column].null_count() for column in rows.columns),
        None if money is None else int((money == 0).sum()),
        None if money is None else int((money < 0).sum()),
        _unknown_orders(base) if name == "lines" and base.has("orders") else None,
    )


def _unknown_orders(base: CustomerBase) -> int:
    lines, orders = base.log("lines"), base.log("orders")
    if lines.schema["order_id"] != orders.schema["order_id"]:
        return lines.height
    return lines.join(orders, on="order_id", how="anti").height
