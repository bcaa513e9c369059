"""Limits of value: how far it may be off because customers are a draw."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl
    from numpy.typing import NDArray

    from custseg.scoring.cells import Cells
    from custseg.scoring.clv_terms import Terms
    from custseg.scoring.purchase_fit import PurchaseFit
    from custseg.scoring.spend_fit import SpendFit

    Floats = NDArray[np.float64]

__all__ = ["limits"]

# Rows that are valued together, by every draw.
_ROWS = 20_000


def limits(
    draws: Sequence[tuple[PurchaseFit, SpendFit]],
    rows: pl.DataFrame,
    cells: Cells,
    terms: Terms,
    /,
    *,
    level: float,
) -> dict[str, Floats]:
    """The values between which so large a share of the draws lies, for each row.

    Where a draw has no mean spend its value is infinite.
    """
    x, spent = rows["x"].to_numpy(), rows["spend_mean"].to_numpy()
    tails = (1 - level) / 2, (1 + level) / 2
    found = np.empty((2, rows.height))
    # Rows of one cell stand together, so that few cells are asked at a time.
    ranked = np.argsort(cells.place, kind="stable")
    for low in range(0, ranked.size, _ROWS):
        some = ranked[low : low + _ROWS]
        kept, place = np.unique(cells.place[some], return_inverse=True)
        few = cells.picked(kept.astype(np.int64))
        rates, margins = (
            each if each.size == 1 else each[some] for each in (terms.rates, terms.margins)
        )
        values = np.empty((some.size, len(draws)))
        for column, (purchases, spend) in enumerate(draws):
            bought = terms.discounted(purchases, few, place, rates)
            means = np.nan_to_num(spend.mean_spend(x[some], spent[some]), nan=np.inf)
            values[:, column] = bought * means * margins
        found[:, some] = np.quantile(values, tails, axis=1, method="inverted_cdf")
    return {"clv_low": found[0], "clv_high": found[1]}
