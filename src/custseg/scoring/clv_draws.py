"""Draws: the models of value fitted anew to customers drawn from them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from custseg.schema.bridge import array, read_only
from custseg.scoring.cells import Cells
from custseg.scoring.purchase_fit import drawn_again, fitted_again
from custseg.scoring.spend_fit import spent_again
from custseg.threads import threads

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from custseg.scoring.purchase_fit import PurchaseFit
    from custseg.scoring.spend_fit import SpendFit

    Floats = NDArray[np.float64]

__all__ = ["Draw", "drawn"]

Draw = tuple[dict[str, float], dict[str, float]]
"""Parameters of purchases and of spend."""


def drawn(
    purchases: PurchaseFit, spend: SpendFit, rows: pl.DataFrame, /, *, draws: int, seed: int
) -> tuple[Draw, ...]:
    """Parameters by the parametric bootstrap (Efron and Tibshirani 1993, 6.5).

    Each time as many customers as there are, with their covariates and
    observed as long, are drawn from the two models, which are fitted anew to
    them. What cannot be fitted to some draw is left out.

    Args:
        purchases: How often customers buy.
        spend: What they spend.
        rows: Their histories, `T` and the columns of covariates among them.
        draws: How often; 0 for not at all.
        seed: Where chance starts.
    """
    if not draws:
        return ()
    customers = _each(rows.select("T", *purchases.design.columns, *_counts(rows)))

    def draw(each: int) -> Draw | None:
        chance = np.random.default_rng([seed, each])
        first, second = chance.integers(2**62, size=2).tolist()
        rows = drawn_again(purchases, customers, seed=first)
        means = spend.simulate(rows["x"].to_numpy(), seed=second)
        # Free ones tell nothing, as in a fit to histories; NaN is not above 0.
        paid = means > 0
        if not paid.any():
            return None
        # Drawn, so that they need not be checked.
        bought = fitted_again(purchases, Cells.of_rows(rows, design=purchases.design))
        x, some = read_only(array(rows["x"])[paid]), read_only(means[paid])
        spent = spent_again(spend, x, some, read_only(np.ones(x.size)))
        good = "failed" not in {bought.status, spent.status}
        return (bought.params, spent.params) if good else None

    with ThreadPoolExecutor(threads()) as pool:
        return tuple(found for found in pool.map(draw, range(draws)) if found is not None)


def _counts(rows: pl.DataFrame) -> list[str]:
    return ["customers"] if "customers" in rows.columns else []


def _each(rows: pl.DataFrame) -> pl.DataFrame:
    """A row for each customer, where rows stand for several."""
    if not _counts(rows):
        return rows
    many = rows["customers"].round().cast(pl.Int64).to_numpy()
    return rows.drop("customers")[np.repeat(np.arange(rows.height), many)]
