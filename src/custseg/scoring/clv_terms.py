"""Terms: what value takes besides the models: times, discounts and margins."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, cast

import numpy as np
import polars as pl
from attrs import frozen

from custseg.base.customer_base import CustomerBase
from custseg.errors import Problem, SchemaError
from custseg.scoring.discounting import Discounting, Way
from custseg.scoring.history import unit_days
from custseg.scoring.rows import Source, histories

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from custseg.model.window import Window
    from custseg.scoring.cells import Cells
    from custseg.scoring.purchase_fit import PurchaseFit

    Floats = NDArray[np.float64]
    Places = NDArray[np.int64] | NDArray[np.int32]

__all__ = ["Terms", "value_columns", "value_rows"]

# Rows whose own rates are looked at together.
_ROWS = 100_000


def value_columns(covariates: Sequence[str], *given: float | str) -> tuple[str, ...]:
    """The columns of customers that value reads, each once."""
    return tuple(dict.fromkeys((*covariates, *(name for name in given if isinstance(name, str)))))


def value_rows(source: Source, columns: Sequence[str], /, *, unit: str, where: str) -> pl.DataFrame:
    """Histories with spend, beside the columns of customers that are read.

    Raises:
        SchemaError: when the source is no history, or a column is not there
            or none of numbers.
        FitError: when nobody is in it.
    """
    rows = histories(source, unit=unit, needs=("x", "t_x", "T", "spend_mean"), where=where)
    if columns and isinstance(source, CustomerBase):
        told = source.measures(*columns)
        return rows.join(told, on="customer_id", how="left", maintain_order="left")
    SchemaError.check(
        Problem(f"the history has no column {name!r}", where, "add the column")
        for name in columns
        if name not in rows.columns
    )
    return rows


@frozen(eq=False)
class Terms:
    """What value takes besides the models.

    Attributes:
        discounting: How times weigh today.
        times: float64[k], the times in units.
        rates: float64[1 or n], annual discounts, of all or of each row.
        margins: float64[1 or n], shares of spend that are earned.
    """

    discounting: Discounting
    times: Floats
    rates: Floats
    margins: Floats

    @classmethod
    def of(
        cls,
        rows: pl.DataFrame,
        /,
        *,
        annual_discount: float | str,
        margin: float | str,
        horizon: Window | None,
        way: Way,
        unit: str,
        day: dt.date | None,
    ) -> Terms:
        """The terms of some rows.

        Raises:
            SchemaError: listing what is wrong with columns; when months run
                from no day.
        """
        if isinstance(day, dt.datetime) or not isinstance(cast("object", day), dt.date | None):
            raise SchemaError(f"{day!r} is no day", where="CLVFit.score", fix="give a date")
        if day is None and horizon is not None and horizon.months is not None:
            raise SchemaError(
                "a frame does not say from which day its months run",
                where="CLVFit.score",
                fix="give day=, the local day of its as_of, or a base",
            )
        columns = {"annual_discount": annual_discount, "margin": margin}
        SchemaError.check(
            problem
            for option, given in columns.items()
            if isinstance(given, str)
            for problem in _problems(rows[given], option, horizon)
        )
        rates, margins = (_numbers(given, rows) for given in columns.values())
        if way == "monthly" and horizon is not None:
            plan = Discounting.monthly(horizon, day)
        else:
            plan = Discounting.continuous(horizon, day, least=np.fmin.reduce(rates, initial=1.0))
        return cls(plan, plan.days / unit_days(unit, where="CLV"), rates, margins)

    def discounted(self, fit: PurchaseFit, cells: Cells, place: Places, rates: Floats, /) -> Floats:
        """Purchases at what they weigh today: float64[rows].

        Args:
            fit: How often customers buy.
            cells: Their histories.
            place: The cell of each row.
            rates: float64[1 or rows].
        """
        expected = fit.purchases(cells, self.times)
        if rates.size == 1:
            return _weighed(expected, self.discounting.coefficients(rates))[place]
        found = np.empty(place.size)
        for low in range(0, place.size, _ROWS):
            some = slice(low, low + _ROWS)
            weights = self.discounting.coefficients(rates[some])
            found[some] = _weighed(expected[place[some]], weights)
        return found


def _weighed(expected: Floats, weights: Floats) -> Floats:
    """Sums over times, one after the other: a row alone has the sum it has among others."""
    total = np.zeros(expected.shape[0])
    for k in range(expected.shape[1]):
        total += expected[:, k] * weights[:, k]
    return total


def _numbers(given: float | str, rows: pl.DataFrame) -> Floats:
    if not isinstance(given, str):
        return np.array([float(given)])
    return rows[given].cast(pl.Float64).fill_null(np.nan).to_numpy()


def _problems(column: pl.Series, option: str, horizon: Window | None) -> Iterator[Problem]:
    where = f"CLV.{option}"
    if not column.dtype.is_numeric():
        yield Problem(f"{column.name!r} is {column.dtype}", where, "name a column of numbers")
        return
    values = column.cast(pl.Float64).drop_nulls()
    fits = values.is_finite() & (values >= 0)
    if option == "annual_discount" and horizon is None:
        fits &= values > 0
    bad = values.len() - int(fits.sum())
    if bad:
        what = f"{column.name!r} is no such number for {bad:,} customers"
        yield Problem(what, where, "give finite numbers from 0 on, for life above 0, or null")
