"""Draws: the models of value fitted anew to customers drawn from them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from custseg.errors import FitError
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
    purchases: PurchaseFit, spend: SpendFit, observed: Floats, /, *, draws: int, seed: int
) -> tuple[Draw, ...]:
    """Parameters by the parametric bootstrap (Efron and Tibshirani 1993, 6.5).

    Each time as many customers as there are, observed as long as they are,
    are drawn from the two models, which are fitted anew to them. What cannot
    be fitted to some draw is left out.

    Args:
        purchases: How often customers buy.
        spend: What they spend.
        observed: float64[n], how long each has been observed.
        draws: How often; 0 for not at all.
        seed: Where chance starts.

    Raises:
        FitError: when purchases have covariates, which are not drawn.
    """
    if not draws:
        return ()
    if purchases.design.terms:
        raise FitError(
            "customers cannot be drawn from a model with covariates",
            where="CLV.intervals",
            fix="take intervals=0, or purchases without covariates",
        )

    def draw(each: int) -> Draw | None:
        chance = np.random.default_rng([seed, each])
        first, second = chance.integers(2**62, size=2).tolist()
        rows = purchases.simulate(
            observed.size, seed=first, T=observed, daily=not purchases.family.steps
        )
        try:
            bought = purchases.refit(rows)
            means = pl.Series("spend_mean", spend.simulate(rows["x"].to_numpy(), seed=second))
            spent = spend.refit(rows.with_columns(means.fill_nan(None)))
        except FitError:
            return None
        good = "failed" not in {bought.status, spent.status}
        return (bought.params, spent.params) if good else None

    with ThreadPoolExecutor(threads()) as pool:
        return tuple(found for found in pool.map(draw, range(draws)) if found is not None)
