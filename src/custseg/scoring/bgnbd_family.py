"""BG/NBD and MBG/NBD: purchases at random, and a chance to leave after each."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from custseg.scoring.drawing import drawn_purchases
from custseg.scoring.family import Family

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from custseg.scoring.cells import Cells

    Floats = NDArray[np.float64]

__all__ = ["BGNBD_FAMILY", "MBGNBD_FAMILY", "negative_binomial", "negative_binomial_tail"]

_TINY = 1e-17
_NEVER = 1e-300


def _log_likelihood(late: int, cells: Cells, params: Floats, /) -> Floats:
    from custseg._kernels.lifetime_bgnbd import log_likelihood  # numba is loaded when needed

    return log_likelihood(cells.x, cells.t_x, cells.T, cells.weights, params, late)


def _alive(late: int, cells: Cells, params: Floats, /) -> Floats:
    from custseg._kernels.lifetime_bgnbd import alive

    return alive(cells.x, cells.t_x, cells.T, params, late, np.empty(cells.x.size))


def _purchases(late: int, cells: Cells, params: Floats, horizons: Floats, /) -> Floats:
    from custseg._kernels.lifetime_bgnbd import purchases

    out = np.empty((cells.x.size, horizons.size))
    return purchases(cells.x, cells.t_x, cells.T, params, late, horizons, out)


def negative_binomial(r: float, alpha: float, n: int, t: float) -> float:
    """The probability of n purchases within t when rates are gamma distributed.

    >>> round(negative_binomial(1.0, 1.0, 2, 1.0), 6)
    0.125
    """
    if t == 0:
        return float(n == 0)
    ways = math.lgamma(r + n) - math.lgamma(r) - math.lgamma(n + 1)
    return math.exp(ways - r * math.log1p(t / alpha) - n * math.log1p(alpha / t))


def negative_binomial_tail(r: float, alpha: float, n: int, t: float) -> float:
    """The probability of n purchases or more: a sum of terms above 0, so that none cancel.

    >>> round(negative_binomial_tail(1.0, 1.0, 2, 1.0), 6)
    0.25
    """
    if n == 0 or t == 0:
        return float(n == 0)
    share = t / (alpha + t)
    term = negative_binomial(r, alpha, n, t)
    # Up to the largest term they rise, from a 0 that may have underflowed.
    total = math.fsum(negative_binomial(r, alpha, k, t) for k in range(n)) if term == 0 else 0.0
    if term == 0:
        return max(1.0 - total, 0.0)
    total, k = term, n
    while term > _TINY * total or (r + k) * share > k + 1:
        term *= (r + k) / (k + 1) * share
        total += term
        k += 1
    return min(total, 1.0)


def _probability(late: int, params: Floats, n: int, t: float, /) -> float:
    r, alpha, a, b = params.tolist()
    chances = n + late
    stay = math.lgamma(b + chances) - math.lgamma(b)
    stay += math.lgamma(a + b) - math.lgamma(a + b + chances)
    found = math.exp(stay) * negative_binomial(r, alpha, n, t)
    if chances:
        left = math.exp(stay) * a / (b + chances - 1)
        found += left * negative_binomial_tail(r, alpha, n, t)
    return found


def _draw(
    late: int, params: Floats, observed: Floats, rng: np.random.Generator, /, *, step: float
) -> tuple[NDArray[np.int64], Floats]:
    r, alpha, a, b = params.tolist()
    rates = rng.gamma(r, 1 / alpha, observed.size)
    chances = rng.geometric(np.maximum(rng.beta(a, b, observed.size), _NEVER))
    return drawn_purchases(rates, observed, chances - late, rng, step=step)


def _family(name: str, title: str, late: int) -> Family:
    return Family(
        name=name,
        title=title,
        names=("r", "alpha", "a", "b"),
        times=("alpha",),
        starts=(
            (0.3, 0.15, 0.8, 2.5),
            (1.0, 0.3, 1.0, 4.0),
            (0.5, 0.5, 0.3, 1.5),
            (2.0, 1.0, 0.5, 10.0),
            (0.1, 0.05, 1.0, 1.0),
            (5.0, 0.5, 0.2, 5.0),
        ),
        log_likelihood=partial(_log_likelihood, late),
        alive=partial(_alive, late),
        purchases=partial(_purchases, late),
        probability=partial(_probability, late),
        draw=partial(_draw, late),
        covariates=(("purchase", "alpha", -1), ("dropout", "a", 1)),
    )


BGNBD_FAMILY = _family("bgnbd", "BG/NBD", 0)
MBGNBD_FAMILY = _family("mbgnbd", "MBG/NBD", 1)
