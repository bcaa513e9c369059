"""BG/BB: in each period a customer buys or does not, and may then leave."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from custseg.schema.bridge import read_only
from custseg.scoring.family import Family

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from custseg.scoring.cells import Cells

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["BGBB_FAMILY"]

_SURELY = 1e-300


def _steps(times: Floats) -> Ints:
    return read_only(times.astype(np.int64))


def _log_likelihood(cells: Cells, params: Floats, /) -> Floats:
    from custseg._kernels.lifetime_bgbb import log_likelihood  # numba is loaded when needed

    return log_likelihood(cells.x, _steps(cells.t_x), _steps(cells.T), cells.weights, params)


def _scores(cells: Cells, params: Floats, horizons: Floats) -> Floats:
    from custseg._kernels.lifetime_bgbb import scores

    out = np.empty((cells.x.size, 1 + horizons.size))
    return scores(cells.x, _steps(cells.t_x), _steps(cells.T), params, horizons, out)


def _alive(cells: Cells, params: Floats, /) -> Floats:
    return _scores(cells, params, read_only(np.zeros(0)))[:, 0]


def _purchases(cells: Cells, params: Floats, horizons: Floats, /) -> Floats:
    return _scores(cells, params, horizons)[:, 1:]


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def _probability(params: Floats, n: int, t: float, /) -> float:
    """Of n purchases in t periods: there to the end, or gone after `last` of them (eq. 8)."""
    a, b, g, d = params.tolist()
    periods = int(t)

    def bought(last: int) -> float:
        ways = math.log(math.comb(last, n))
        return ways + _log_beta(a + n, b + last - n) - _log_beta(a, b)

    if n > periods:
        return 0.0
    stays = [math.exp(bought(periods) + _log_beta(g, d + periods) - _log_beta(g, d))]
    leaves = [
        math.exp(bought(last) + _log_beta(g + 1, d + last) - _log_beta(g, d))
        for last in range(n, periods)
    ]
    return math.fsum(stays + leaves)


def _draw(
    params: Floats, observed: Floats, rng: np.random.Generator, /, *, step: float
) -> tuple[Ints, Floats]:
    del step  # periods are whole as they are
    a, b, g, d = params.tolist()
    buys = rng.beta(a, b, observed.size)
    leaves = rng.geometric(np.maximum(rng.beta(g, d, observed.size), _SURELY)) - 1
    x, t_x = np.zeros(observed.size, np.int64), np.zeros(observed.size)
    for period in range(1, int(observed.max(initial=0.0)) + 1):
        there = (period <= leaves) & (period <= observed)
        bought = there & (rng.random(observed.size) < buys)
        x += bought
        t_x[bought] = period
    return x, t_x


BGBB_FAMILY = Family(
    name="bgbb",
    title="BG/BB",
    names=("alpha", "beta", "gamma", "delta"),
    times=(),
    starts=(
        (1.0, 1.0, 1.0, 3.0),
        (0.5, 2.0, 0.5, 2.0),
        (2.0, 1.0, 1.0, 10.0),
        (0.5, 0.5, 0.3, 0.3),
        (1.0, 5.0, 2.0, 2.0),
    ),
    log_likelihood=_log_likelihood,
    alive=_alive,
    purchases=_purchases,
    probability=_probability,
    draw=_draw,
    steps=True,
)
