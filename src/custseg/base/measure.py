"""Measures of a user's own: a value per row of a log, and how to sum it up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import polars as pl
from attrs import field, frozen

from custseg.base.reductions import major
from custseg.errors import Problem, RuleError
from custseg.model.measure_name import MeasureName
from custseg.schema.clock import local_times

if TYPE_CHECKING:
    from custseg.base.logs import Log

__all__ = ["How", "Measure"]

How = Literal["sum", "mean", "min", "max", "median", "first", "last", "n_unique", "count"]
Over = Literal["orders", "lines", "events", "feedback", "tickets", "opportunities"]


@frozen
class Measure:
    """A named value per customer, of a user's own making.

    Attributes:
        name: What the column is called; not a name that custseg measures itself.
        value: SQL text or a polars expression over the rows of one log; times
            are local.
        over: The log.
        how: How a customer's values become one. "count" counts rows where the
            value is true, or not null; over nothing counts and sums are 0, all
            else is null.

    Raises:
        RuleError: when the declaration cannot mean anything; all reasons at once.

    >>> import custseg as cu
    >>> cu.Measure("app_share", "channel = 'app'", over="orders", how="mean").name
    'app_share'
    """

    name: str
    value: str | pl.Expr = field(eq=str)
    over: Over = field(default="orders", kw_only=True)
    how: How = field(default="mean", kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Find everything that is wrong with the declaration."""
        RuleError.check(self._problems())

    def _problems(self) -> list[Problem]:
        where = f"Measure({self.name!r})"
        problems: list[Problem] = []
        if MeasureName.parse(self.name) is not None:
            problems.append(
                Problem(f"{self.name!r} is a measure already", where, "give it another name")
            )
        if self.over not in get_args(Over):
            problems.append(Problem(f"no log is called {self.over!r}", where, f"one of {', '.join(get_args(Over))}"))
        if self.how not in get_args(How):
            problems.append(Problem(f"how={self.how!r} is unknown", where, f"one of {', '.join(get_args(How))}"))
        try:
            _ = self.expression
        except RuleError as error:
            problems.extend(error.problems)
        return problems

    @property
    def expression(self) -> pl.Expr:
        """The value as a polars expression."""
        if isinstance(self.value, pl.Expr):
            return self.value
        try:
            return pl.sql_expr(self.value)
        except pl.exceptions.PolarsError as error:
            raise RuleError(
                f"{self.value!r} cannot be read: {error}",
                where=f"Measure({self.name!r})",
                fix="write an SQL expression over the columns of the log",
            ) from error

    def of(self, log: Log, rows: pl.DataFrame, tz: str) -> pl.DataFrame:
        """The measure of each customer who has a row.

        Raises:
            RuleError: when the rows do not have what the value reads.
        """
        shown = local_times(rows, tz)
        try:
            values = shown.select(self.expression.alias("value")).to_series()
        except pl.exceptions.PolarsError as error:
            raise RuleError(
                f"{self.value!r} fails on {self.over}: {str(error).splitlines()[0]}",
                where=f"Measure({self.name!r})",
                fix=f"{self.over} have {', '.join(map(repr, rows.columns))}",
            ) from error
        keyed = rows.select("customer_id", *dict.fromkeys((log.instant, log.key))).with_columns(values)
        summed = (
            keyed.lazy()
            .filter(pl.col("customer_id").is_not_null())
            .group_by("customer_id")
            .agg(self._summed(log, values.dtype).alias(self.name))
            .collect()
        )
        if isinstance(values.dtype, pl.Decimal) and self.how not in {"n_unique", "count"}:
            scale = values.dtype.scale
            if self.how in {"mean", "median"}:
                return summed.with_columns(pl.col(self.name).cast(pl.Float64))
            return summed.with_columns(major(summed[self.name].to_physical(), scale).alias(self.name))
        return summed

    def _summed(self, log: Log, dtype: pl.DataType) -> pl.Expr:
        value = pl.col("value")
        if self.how == "count":
            return (value.sum() if dtype == pl.Boolean else value.count()).cast(pl.Int64)
        if self.how == "n_unique":
            return value.drop_nulls().n_unique().cast(pl.Int64)
        if self.how in {"first", "last"}:
            ordered = value.sort_by(log.instant, log.key)
            return ordered.first() if self.how == "first" else ordered.last()
        number = value.cast(pl.Int64) if dtype == pl.Boolean else value
        # Sums of floats depend on the order of rows: sorted, they do not.
        steady = number.sort() if dtype.is_float() else number
        if self.how == "sum":
            return steady.sum()
        return {
            "mean": steady.mean(),
            "median": number.median(),
            "min": value.min(),
            "max": value.max(),
        }[self.how]
