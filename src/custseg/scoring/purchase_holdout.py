"""The holdout of a model of purchases: what it expected beside what came."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from custseg.errors import SchemaError
from custseg.scoring.history import history, unit_days

if TYPE_CHECKING:
    import datetime as dt

    from custseg.base.customer_base import CustomerBase
    from custseg.scoring.purchase_fit import PurchaseFit

__all__ = ["holdout_table"]

_LAST = 7


def holdout_table(fit: PurchaseFit, base: CustomerBase, until: dt.date | str, /) -> pl.DataFrame:
    """Means of actual and expected purchases in the holdout, by x.

    Raises:
        SchemaError: when the holdout ends before it begins.
    """
    later = base.as_of(until)
    days = (later.day - base.day).days
    if days <= 0:
        raise SchemaError(
            f"the holdout ends on {later.day}, and the base is seen as of {base.day}",
            where="PurchaseFit.holdout",
            fix="give the base as of the end of the calibration, and a later day",
        )
    cells = fit.cells(base, where="PurchaseFit.holdout")
    horizon = np.array([days / unit_days(fit.unit, where="PurchaseFit.holdout")])
    expected = fit.purchases(cells, horizon)[:, 0][cells.place]
    before = history(base, unit=fit.unit).select("customer_id", "x")
    after = history(later, unit=fit.unit).select("customer_id", bought="x")
    rows = before.with_columns(expected=pl.Series(expected)).join(after, on="customer_id")
    return (
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
