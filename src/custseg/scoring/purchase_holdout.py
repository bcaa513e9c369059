"""Holdout: what a model of purchases expected, beside what came."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import frozen

from custseg.errors import SchemaError
from custseg.scoring.fit_text import framed
from custseg.scoring.history import history, unit_days

if TYPE_CHECKING:
    from custseg.base.customer_base import CustomerBase
    from custseg.scoring.purchase_fit import PurchaseFit

__all__ = ["Holdout", "holdout_of", "later_base"]

_LAST = 7


@frozen(eq=False, repr=False, kw_only=True)
class Holdout:
    """Purchases after a day beside those that a model expected: see `PurchaseFit.holdout`.

    Attributes:
        frame: By `x` purchases until that day (`7+` is the last group):
            `customers`, and the means of their `actual` and `expected`
            purchases after it.
        model: The model, as papers call it.
        day: The last day that the model has seen.
        until: The last day of the holdout.

    >>> import custseg as cu
    >>> shop = cu.datasets.simulate(400, 730, seed=1).base().as_of("2025-06-30")
    >>> after = cu.BGNBD().fit(shop).holdout(shop, "2025-12-31")
    >>> after.frame.columns, str(after.until)
    (['x', 'customers', 'actual', 'expected'], '2025-12-31')
    """

    frame: pl.DataFrame
    model: str
    day: dt.date
    until: dt.date

    def __repr__(self) -> str:
        """The days, and the table."""
        return f"{self._title()}\n{self.frame}"

    def _repr_html_(self) -> str:
        return framed(self._title(), self.frame)

    def _title(self) -> str:
        begins = self.day + dt.timedelta(days=1)
        return f"{self.model}: purchases a customer, {begins} to {self.until}"


def later_base(base: CustomerBase, until: dt.date | str, /, *, where: str) -> CustomerBase:
    """The base at the end of a holdout.

    Raises:
        SchemaError: when the holdout ends before it begins.
    """
    later = base.as_of(until)
    if later.day <= base.day:
        raise SchemaError(
            f"the holdout ends on {later.day}, and the base is seen as of {base.day}",
            where=where,
            fix="give the base as of the end of the calibration, and a later day",
        )
    return later


def holdout_of(fit: PurchaseFit, base: CustomerBase, until: dt.date | str, /) -> Holdout:
    """Means of actual and expected purchases in the holdout, by x.

    Raises:
        SchemaError: when the holdout ends before it begins.
    """
    later = later_base(base, until, where="PurchaseFit.holdout")
    cells = fit.cells(base, where="PurchaseFit.holdout")
    days = (later.day - base.day).days
    horizon = np.array([days / unit_days(fit.unit, where="PurchaseFit.holdout")])
    expected = fit.purchases(cells, horizon)[:, 0][cells.place]
    before = history(base, unit=fit.unit).select("customer_id", "x")
    after = history(later, unit=fit.unit).select("customer_id", bought="x")
    rows = before.with_columns(expected=pl.Series(expected)).join(after, on="customer_id")
    frame = (
        rows.sort("customer_id")
        .group_by(pl.col("x").clip(upper_bound=_LAST), maintain_order=True)
        .agg(
            customers=pl.len().cast(pl.Int64),
            actual=(pl.col("bought") - pl.col("x")).mean(),
            expected=pl.col("expected").mean(),
        )
        .sort("x")
        .with_columns(
            x=pl.when(pl.col("x") == _LAST)
            .then(pl.lit(f"{_LAST}+"))
            .otherwise(pl.col("x").cast(pl.String))
        )
    )
    return Holdout(frame=frame, model=fit.family.title, day=base.day, until=later.day)
