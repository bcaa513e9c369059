"""The log-likelihood of mean spends as something to climb, and the climb."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from custseg.schema.bridge import read_only
from custseg.scoring.maximum import Maximum, maximum
from custseg.threads import threads

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["SPEND_NAMES", "correlation", "spend_climbed"]

SPEND_NAMES = ("p", "q", "gamma")
"""The parameters."""

# For a mean spend of 1.
_STARTS = ((6.0, 4.0, 0.5), (1.0, 3.0, 1.5), (2.0, 2.0, 0.7), (20.0, 3.0, 0.1), (0.5, 10.0, 15.0))
# Customers on whom starts are tried; those that are worth a thread.
_SAMPLE = 4_000
_SMALL = 20_000
_PAIR = 2

_Some = tuple["NDArray[np.int64]", "Floats", "Floats"]


def spend_climbed(
    x: NDArray[np.int64],
    spend: Floats,
    weights: Floats,
    /,
    *,
    start: Floats | None = None,
    covariance: Floats | None = None,
) -> Maximum:
    """Where the log-likelihood of mean spends is highest, in logarithms of parameters.

    Args:
        x: How many purchases each mean is of.
        spend: The means.
        weights: Customers of each.
        start: Where to begin instead of at the usual starts.
        covariance: That of a fit which ended there.
    """
    x, spend, weights = _counted(x, spend, weights)
    mean = float(np.average(spend, weights=weights))
    usual = [np.log([p, q, v * mean]).tolist() for p, q, v in _STARTS]
    starts = usual if start is None else [start.tolist()]
    with ThreadPoolExecutor(threads()) as pool:
        hill = sample = _hill(pool, (x, spend, weights))
        if x.size > _SAMPLE:
            share = weights / weights.sum()
            kept = np.random.default_rng(0).choice(x.size, _SAMPLE, p=share)
            some = read_only(x[kept]), read_only(spend[kept]), read_only(np.ones(_SAMPLE))
            sample = _hill(pool, some)
        return maximum(hill, sample, starts, SPEND_NAMES, covariance=covariance)


def _counted(x: NDArray[np.int64], spend: Floats, weights: Floats) -> _Some:
    """Equal rows as one: prices are few, and most customers came back once."""
    from custseg._kernels.cells import cells  # numba is loaded when needed

    bits, none = read_only(spend.view(np.int64)), read_only(np.zeros(x.size, np.int64))
    place, firsts = cells(x, bits, none, np.empty(x.size, np.int32))
    summed = np.bincount(place, weights, firsts.size).astype(np.float64)
    return read_only(x[firsts]), read_only(spend[firsts]), read_only(summed)


def _hill(pool: ThreadPoolExecutor, rows: _Some) -> Callable[[Floats], tuple[float, Floats]]:
    """The log-likelihood of rows at logarithms of parameters, and its derivatives by them."""
    from custseg._kernels.lifetime_spend import log_likelihood  # numba is loaded when needed

    size = rows[0].size
    many = min(threads(), max(size // _SMALL, 1))
    cuts = pairwise([size * each // many for each in range(many + 1)])
    x, spend, weights = rows
    parts = [(x[low:high], spend[low:high], weights[low:high]) for low, high in cuts]

    def climb(at: Floats) -> tuple[float, Floats]:
        params = read_only(np.exp(at))

        def one(part: _Some) -> Floats:
            return log_likelihood(*part, params)

        found = np.sum(list(pool.map(one, parts)), axis=0) if many > 1 else one(parts[0])
        return float(found[0]), found[1:] * params

    return climb


def correlation(x: NDArray[np.int64], spend: Floats, weights: Floats, /) -> float | None:
    """Pearson's, of weighted rows; None where one of the two does not vary."""
    if x.size < _PAIR:
        return None
    covariance = np.cov(np.stack([x.astype(np.float64), spend]), aweights=weights)
    below = float(np.sqrt(covariance[0, 0] * covariance[1, 1]))
    return float(covariance[0, 1]) / below if below > 0 else None
