"""Measures of a user's own: a value per row of a log, and how to sum it up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import polars as pl
from attrs import field, frozen

from custseg.base.exact import quotient
from custseg.errors import Problem, RuleError
from custseg.model.measure_name import MeasureName
from custseg.rules.language import instead, mistaken_names, quoted_names
from custseg.rules.nature import faults
from custseg.rules.rule import is_plain_name
from custseg.rules.tokens import clocks
from custseg.rules.tree import FAILURES, each_row, paths, tree_of
from custseg.schema.bridge import ragged
from custseg.schema.clock import local_times
from custseg.schema.record import key_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from custseg.base.logs import Log

__all__ = ["How", "Measure", "Over"]

How = Literal["sum", "mean", "min", "max", "median", "first", "last", "n_unique", "count"]
Over = Literal["orders", "lines", "events", "feedback", "tickets", "opportunities"]
_MAX = 2**63 - 1


def _content(value: str | pl.Expr) -> object:
    """What makes two values the same: an expression's `==` would build another."""
    return value.meta.serialize() if isinstance(value, pl.Expr) else value


@frozen
class Measure:
    """A named value per customer, of a user's own making.

    Attributes:
        name: What the column is called; not a name that custseg measures itself.
        value: SQL text or a polars expression over one row of the log; times
            are local.
        over: The log.
        how: How a customer's values become one. "count" counts rows where the
            value is true, or not null. Rows are taken by time for "first" and
            "last", then by key, then by value. Money becomes Float64 in major
            units. Over nothing counts and sums are 0, all else is null.

    Raises:
        RuleError: when the declaration cannot mean anything; all reasons at once.

    >>> import custseg as cu
    >>> shop = cu.datasets.simulate(200, 365, seed=1).base()
    >>> in_app = cu.Measure("app_orders", "channel = 'app'", over="orders", how="count")
    >>> shop.measures(in_app).columns
    ['customer_id', 'app_orders']
    """

    name: str
    value: str | pl.Expr = field(eq=_content)
    over: Over = field(default="orders", kw_only=True)
    how: How = field(default="mean", kw_only=True)

    def __attrs_post_init__(self) -> None:
        """Find everything that is wrong with the declaration."""
        RuleError.check(
            Problem(f"measure {self.name!r} {what}", self._where, fix)
            for what, fix in self._faults()
        )

    @property
    def _where(self) -> str:
        return f"Measure({self.name!r})"

    def _faults(self) -> Iterator[tuple[str, str]]:
        if not is_plain_name(self.name):
            yield "needs a name in plain text", 'name what it measures: "app_share"'
        elif self.name == "customer_id" or MeasureName.parse(self.name) is not None:
            yield "has a name that is taken", "give it another name"
        if self.over not in get_args(Over):
            yield f"is over {self.over!r}, which is no log", f"one of {', '.join(get_args(Over))}"
        if self.how not in get_args(How):
            yield f"has how={self.how!r}", f"one of {', '.join(get_args(How))}"
        try:
            tree = tree_of(self.expression)
        except FAILURES as error:
            told = str(error).partition("\n")[0]
            yield f"cannot be read: {told}", "write an SQL expression over the columns of the log"
            return
        found = faults(tree, sql=isinstance(self.value, str))
        for kind, seen in found:
            told = f" ({seen})" if seen else ""
            yield f"is not a value of one row: {kind}{told}", "name one value; how= sums it up"
        quoted = quoted_names(self.value) if isinstance(self.value, str) else frozenset[str]()
        yield from mistaken_names(tree, quoted)
        if not found and not paths(tree):
            yield "reads no column", "name a column of the log"
        if isinstance(self.value, str) and clocks(self.value):
            yield f"reads the clock ({', '.join(clocks(self.value))})", "time is the base's as_of"

    @property
    def expression(self) -> pl.Expr:
        """The value as a polars expression."""
        return self.value if isinstance(self.value, pl.Expr) else pl.sql_expr(self.value)

    def unwritable(self, *, where: str = "") -> tuple[Problem, ...]:
        """Why the measure has no text form: empty when it has one.

        >>> import custseg as cu
        >>> import polars as pl
        >>> own = cu.Measure("in_app", pl.col("channel") == "app", how="count")
        >>> [problem.what for problem in own.unwritable()]
        ["measure 'in_app' is a polars expression, which has no text form"]
        """
        if isinstance(self.value, str):
            return ()
        what = f"measure {self.name!r} is a polars expression, which has no text form"
        return (Problem(what, where, "write it as SQL text: \"channel = 'app'\""),)

    @property
    def is_zero_over_nothing(self) -> bool:
        """Whether a customer without rows has 0, not null."""
        return self.how in {"sum", "count", "n_unique"}

    def problems(self, rows: pl.DataFrame, tz: str) -> tuple[Problem, ...]:
        """What is wrong when the measure meets such rows; only their types are looked at."""
        shown = local_times(rows.head(0), tz)
        unknown = [path[0] for path in paths(tree_of(self.expression)) if path[0] not in shown]
        if unknown:
            return tuple(
                Problem(
                    f"measure {self.name!r} reads {name!r}, which is no column of {self.over}",
                    self._where,
                    instead(name, shown.columns),
                )
                for name in dict.fromkeys(unknown)
            )
        try:
            dtype = shown.select(self.expression.alias("value")).to_series().dtype
        except FAILURES as error:
            told = str(error).partition("\n")[0]
            what = f"measure {self.name!r} fails on {self.over}: {told}"
            return (Problem(what, self._where, "compare and add values of one type"),)
        if self.how in {"sum", "mean", "median"} and not (
            dtype.is_numeric() or dtype == pl.Boolean
        ):
            what = f"measure {self.name!r} is the {self.how} of {dtype} values"
            return (Problem(what, self._where, 'take how="count", or a number'),)
        return ()

    def of(self, log: Log, rows: pl.DataFrame, tz: str) -> pl.DataFrame:
        """The measure of each customer who has a row.

        Raises:
            RuleError: when a value cannot be had of some row, or a sum leaves
                the 64 bits of Int64.
        """
        shown = local_times(rows, tz)
        try:
            found = shown.select(self.expression.alias("value")).to_series()
        except FAILURES as error:
            raise self._failed(error) from error
        values = each_row(found, shown.height)
        scale = values.dtype.scale if isinstance(values.dtype, pl.Decimal) else 0
        if isinstance(values.dtype, pl.Decimal):
            values = values.to_physical().cast(pl.Int128)
        elif self.how in {"sum", "mean"} and not values.dtype.is_float():
            values = values.cast(pl.Int128)
        keyed = rows.select("customer_id", log.instant, *key_of(log.noun)).with_columns(values)
        keyed = keyed.filter(pl.col("customer_id").is_not_null())
        if self.how in {"sum", "mean"} and values.dtype.is_float():
            return _float_sums(keyed, self.name, mean=self.how == "mean")
        found = (
            keyed.lazy()
            .group_by("customer_id")
            .agg(self._summed(log, values.dtype).alias("found"), known=pl.col("value").count())
            .collect()
        )
        column = self._measured(found["found"], found["known"].cast(pl.Int64), scale)
        return found.select("customer_id", column.alias(self.name))

    def _summed(self, log: Log, dtype: pl.DataType) -> pl.Expr:
        value = pl.col("value")
        if self.how == "count":
            return (value.sum() if dtype == pl.Boolean else value.count()).cast(pl.Int64)
        if self.how == "n_unique":
            return value.drop_nulls().n_unique().cast(pl.Int64)
        if self.how in {"first", "last"}:
            ordered = value.sort_by(log.instant, *key_of(log.noun), value)
            return ordered.first() if self.how == "first" else ordered.last()
        return {
            "sum": value.sum(),
            "mean": value.sum(),
            "median": value.median(),
            "min": value.min(),
            "max": value.max(),
        }[self.how]

    def _measured(self, found: pl.Series, known: pl.Series, scale: int) -> pl.Series:
        """Exact sums divided once, money in major units."""
        unit = 10**scale
        if self.how == "mean":
            return quotient(found, known * unit)
        if self.how == "median" and scale:
            return pl.Series(found.to_numpy() / unit)
        if scale and self.how not in {"count", "n_unique"}:
            return quotient(found.fill_null(0), unit).set(found.is_null(), None)
        if found.dtype != pl.Int128:
            return found
        low, high = found.min(), found.max()
        if found.len() and not -_MAX <= low <= high <= _MAX:  # type: ignore[operator]
            raise self._failed(OverflowError("a sum leaves the 64 bits of Int64"))
        return found.cast(pl.Int64)

    def _failed(self, error: BaseException) -> RuleError:
        told = str(error).partition("\n")[0]
        return RuleError(
            f"measure {self.name!r} fails on {self.over}: {told}",
            where=self._where,
            fix="where a value may not convert, write TRY_CAST instead of CAST",
        )

    def __str__(self) -> str:
        """The name of its column."""
        return self.name


def _float_sums(keyed: pl.DataFrame, name: str, *, mean: bool) -> pl.DataFrame:
    """Sums or means of floats, which depend on the order of rows: sorted, they do not.

    polars drops a sort before a sum, and may add up in parts.
    """
    known = keyed.select("customer_id", "value").drop_nulls().sort("customer_id", "value")
    ids, offsets = ragged(known["customer_id"])
    values = known["value"].cast(pl.Float64).to_numpy()
    sums = np.add.reduceat(values, offsets[:-1]) if values.size else values
    found = sums / np.diff(offsets) if mean else sums
    return pl.DataFrame([ids, pl.Series(name, found)])
