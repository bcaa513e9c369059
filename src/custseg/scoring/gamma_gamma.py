"""Gamma-Gamma: what customers spend on a purchase."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import frozen

from custseg.errors import FitError
from custseg.schema.bridge import array, read_only
from custseg.scoring.maximum import Maximum, maximum
from custseg.scoring.rows import Source, histories
from custseg.scoring.spend_fit import SpendFit
from custseg.threads import threads

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["GammaGamma"]

_NAMES = ("p", "q", "gamma")
# For a mean spend of 1.
_STARTS = ((6.0, 4.0, 0.5), (1.0, 3.0, 1.5), (2.0, 2.0, 0.7), (20.0, 3.0, 0.1), (0.5, 10.0, 15.0))
# Customers on whom starts are tried; those that are worth a thread.
_SAMPLE = 4_000
_SMALL = 20_000
_PAIR = 2


@frozen(kw_only=True)
class GammaGamma:
    """The Gamma-Gamma model of spend: purchases vary about a mean that differs by customer.

    Fader, Hardie and Lee (2005), "RFM and CLV: using iso-value curves". How
    often somebody buys is taken to say nothing of how much: see
    `SpendFit.correlation`.

    Attributes:
        unit: What histories made from a base are measured in.

    >>> import custseg as cu
    >>> shop = cu.datasets.simulate(500, 730, seed=1).base()
    >>> fit = cu.GammaGamma().fit(shop)
    >>> fit.status, fit.score(shop).columns
    ('converged', ['customer_id', 'expected_spend'])
    """

    unit: str = "week"

    def fit(self, source: Source, /) -> SpendFit:
        """The model with the parameters that are most likely.

        Args:
            source: A base, or a frame of histories with x and spend_mean.
                Customers without repeat purchases, or with free ones only,
                do not take part.

        Raises:
            SchemaError: listing everything that is wrong with a frame.
            FitError: when nobody takes part.
        """
        where = "GammaGamma.fit"
        rows = histories(source, unit=self.unit, needs=("x", "spend_mean"), where=where)
        rows = rows.filter((pl.col("x") > 0) & (pl.col("spend_mean") > 0))
        if not rows.height:
            fix = "give customers with repeat purchases that were paid for"
            raise FitError("nobody has a repeat purchase with a price", where=where, fix=fix)
        x, spend = array(rows["x"]), read_only(rows["spend_mean"].to_numpy())
        weights = read_only(
            rows["customers"].cast(pl.Float64).to_numpy()
            if "customers" in rows.columns
            else np.ones(rows.height)
        )
        top = _climbed(x, spend, weights)
        values = np.exp(top.at).tolist()
        message = top.message
        if top.status == "converged" and values[1] <= 1:
            message = f"q = {values[1]:.3g} is not above 1: spend of the population has no mean"
        return SpendFit(
            params=dict(zip(_NAMES, values, strict=True)),
            covariance=tuple(tuple(row) for row in top.covariance.tolist()),
            log_likelihood=top.value,
            customers=float(weights.sum()),
            correlation=_correlation(x, spend, weights),
            status=top.status,
            message=message,
            unit=self.unit,
        )


_Some = tuple["NDArray[np.int64]", "Floats", "Floats"]


def _climbed(x: NDArray[np.int64], spend: Floats, weights: Floats) -> Maximum:
    mean = float(np.average(spend, weights=weights))
    starts = [np.log([p, q, v * mean]).tolist() for p, q, v in _STARTS]
    with ThreadPoolExecutor(threads()) as pool:
        hill = sample = _hill(pool, (x, spend, weights))
        if x.size > _SAMPLE:
            share = weights / weights.sum()
            kept = np.random.default_rng(0).choice(x.size, _SAMPLE, p=share)
            some = read_only(x[kept]), read_only(spend[kept]), read_only(np.ones(_SAMPLE))
            sample = _hill(pool, some)
        return maximum(hill, sample, starts, _NAMES)


def _hill(pool: ThreadPoolExecutor, rows: _Some) -> Callable[[Floats], tuple[float, Floats]]:
    """The log-likelihood of rows at logarithms of parameters, and its derivatives by them."""
    from custseg._kernels.lifetime_spend import log_likelihood  # numba is loaded when needed

    size = rows[0].size
    many = min(threads(), max(size // _SMALL, 1))
    cuts = pairwise([size * each // many for each in range(many + 1)])
    parts = [tuple(each[low:high] for each in rows) for low, high in cuts]

    def climb(at: Floats) -> tuple[float, Floats]:
        params = read_only(np.exp(at))
        turns = pool.map if many > 1 else map
        found = np.sum(list(turns(lambda part: log_likelihood(*part, params), parts)), axis=0)
        return float(found[0]), found[1:] * params

    return climb


def _correlation(x: NDArray[np.int64], spend: Floats, weights: Floats) -> float | None:
    """Pearson's, of weighted rows; None where one of the two does not vary."""
    if x.size < _PAIR:
        return None
    covariance = np.cov(np.stack([x.astype(np.float64), spend]), aweights=weights)
    below = float(np.sqrt(covariance[0, 0] * covariance[1, 1]))
    return float(covariance[0, 1]) / below if below > 0 else None
