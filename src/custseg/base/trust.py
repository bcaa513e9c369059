"""What frames show together: the checks of a base, and its description."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from custseg.base.logs import LOGS
from custseg.errors import Problem
from custseg.model.measure_name import MeasureName
from custseg.model.nouns import Customer
from custseg.schema.table import table

if TYPE_CHECKING:
    from custseg.base.customer_base import CustomerBase

__all__ = ["described", "problems_of"]


def problems_of(
    frames: dict[str, pl.DataFrame], customers: pl.DataFrame | None, currency: str, tz: str
) -> list[Problem]:
    """Everything that keeps frames from being a base."""
    problems: list[Problem] = []
    if not frames:
        problems.append(
            Problem(
                "a base needs a log",
                "CustomerBase",
                f"give at least one of {', '.join(f'{name}=' for name in LOGS)}",
            )
        )
    for name, rows in frames.items():
        of = table(LOGS[name].noun, currency=currency, tz=tz)
        problems.extend(_placed(of.problems(rows), f"CustomerBase({name}=)"))
    if customers is not None:
        of_customers = table(Customer, currency=currency, tz=tz)
        problems.extend(_placed(of_customers.problems(customers), "CustomerBase(customers=)"))
        problems.extend(_customer_problems(customers))
    problems.extend(_mixed_ids(frames, customers))
    return problems


def _placed(problems: tuple[Problem, ...], where: str) -> list[Problem]:
    return [Problem(problem.what, where, problem.fix) for problem in problems]


def _customer_problems(customers: pl.DataFrame) -> list[Problem]:
    problems = [
        Problem(
            f"the column {name!r} of customers is named like a measure",
            "CustomerBase(customers=)",
            f'rename it, e.g. columns={{"given_{name}": "{name}"}}',
        )
        for name in customers.columns
        if MeasureName.parse(name) is not None
    ]
    if "customer_id" in customers.columns and customers["customer_id"].is_duplicated().any():
        problems.append(
            Problem(
                "a customer stands more than once in customers",
                "CustomerBase(customers=)",
                "admit them with unique=True, or merge the rows first",
            )
        )
    return problems


def _mixed_ids(frames: dict[str, pl.DataFrame], customers: pl.DataFrame | None) -> list[Problem]:
    everything = frames if customers is None else {**frames, "customers": customers}
    types = {
        name: rows.schema["customer_id"]
        for name, rows in everything.items()
        # A log without rows has no say in what ids are.
        if "customer_id" in rows.columns and rows["customer_id"].null_count() < rows.height
    }
    if len(set(types.values())) < 2:  # noqa: PLR2004
        return []
    told = ", ".join(f"{name} {dtype}" for name, dtype in types.items())
    return [
        Problem(
            f"customer_id has different types: {told}",
            "CustomerBase",
            'make them one, e.g. columns={"customer_id": pl.col("customer_id").cast(pl.String)}',
        )
    ]


def described(base: CustomerBase) -> pl.DataFrame:
    """What is in the logs, hidden rows included: one row a log."""
    rows = [_described(base, name) for name in LOGS if base.has(name)]
    return pl.DataFrame(rows, schema=_DESCRIBED, orient="row")


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


def _described(base: CustomerBase, name: str) -> tuple[object, ...]:
    rows = base.log(name)
    at = rows[LOGS[name].instant]
    money = rows["total"] if "total" in rows.columns else None
    unknown = None
    if name == "lines" and base.has("orders"):
        unknown = rows.join(base.log("orders"), on="order_id", how="anti").height
    return (
        name,
        rows.height,
        rows["customer_id"].drop_nulls().n_unique(),
        at.min(),
        at.max(),
        int((at.to_physical() > base.when.instant).sum()),
        sum(rows[column].null_count() for column in rows.columns),
        None if money is None else int((money == 0).sum()),
        None if money is None else int((money < 0).sum()),
        unknown,
    )
