"""Pareto/NBD: purchases at random by customers who leave at random, unseen; and the NBD."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from custseg.schema.bridge import read_only
from custseg.scoring.bgnbd_family import negative_binomial
from custseg.scoring.drawing import drawn_purchases
from custseg.scoring.family import Family

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from custseg.scoring.cells import Cells

    Floats = NDArray[np.float64]

__all__ = ["NBD_FAMILY", "PARETONBD_FAMILY"]

_EVER = 2**62


@lru_cache(maxsize=2)
def _rule(nodes: int = 10) -> Floats:
    """Nodes and weights of Gauss's rule on −1 … 1."""
    rule: Floats = np.zeros((2, nodes))
    rule[:] = np.polynomial.legendre.leggauss(nodes)
    return read_only(rule)


def _log_likelihood(cells: Cells, params: Floats, /) -> Floats:
    from custseg._kernels.lifetime_paretonbd import log_likelihood  # numba is loaded when needed

    return log_likelihood(cells.x, cells.t_x, cells.T, cells.weights, params, _rule())


def _alive(cells: Cells, params: Floats, /) -> Floats:
    from custseg._kernels.lifetime_paretonbd import alive

    return alive(cells.x, cells.t_x, cells.T, params, _rule(), np.empty(cells.x.size))


def _purchases(cells: Cells, params: Floats, horizons: Floats, /) -> Floats:
    from custseg._kernels.lifetime_paretonbd import purchases

    out = np.empty((cells.x.size, horizons.size))
    return purchases(cells.x, cells.t_x, cells.T, params, _rule(), horizons, out)


def _probability(params: Floats, n: int, t: float, /) -> float:
    """Over the times of leaving: those beyond t, and the integral of those before."""
    r, alpha, s, beta = params.tolist()
    stay = math.exp(-s * math.log1p(t / beta))
    found = stay * negative_binomial(r, alpha, n, t)
    nodes, weights = _rule(40)
    width = math.log1p(t / beta)
    panels = max(math.ceil(width), 1) * 4
    half = width / panels / 2
    for panel in range(panels):
        for node, weight in zip(nodes.tolist(), weights.tolist(), strict=True):
            w = half * (2 * panel + 1 + node)
            density = s * math.exp(-s * w)
            found += weight * half * density * negative_binomial(r, alpha, n, beta * math.expm1(w))
    return found


def _draw(
    params: Floats, observed: Floats, rng: np.random.Generator, /, *, step: float
) -> tuple[NDArray[np.int64], Floats]:
    r, alpha, s, beta = params.tolist()
    rates = rng.gamma(r, 1 / alpha, observed.size)
    leaving = rng.gamma(s, 1 / beta, observed.size)
    # Who leaves at no rate stays for ever.
    lives = rng.exponential(size=observed.size) / np.maximum(leaving, 1e-300)
    most = np.full(observed.size, _EVER)
    x, t_x = drawn_purchases(rates, np.minimum(lives, observed), most, rng, step=step)
    return x, t_x


PARETONBD_FAMILY = Family(
    name="paretonbd",
    title="Pareto/NBD",
    names=("r", "alpha", "s", "beta"),
    times=("alpha", "beta"),
    starts=(
        (0.5, 0.3, 0.6, 0.4),
        (1.0, 0.5, 1.0, 1.0),
        (0.3, 0.2, 0.3, 0.1),
        (2.0, 1.0, 0.5, 2.0),
        (0.7, 0.1, 2.0, 4.0),
    ),
    log_likelihood=_log_likelihood,
    alive=_alive,
    purchases=_purchases,
    probability=_probability,
    draw=_draw,
    covariates=(("purchase", "alpha", -1), ("dropout", "beta", -1)),
)


def _nbd_log_likelihood(cells: Cells, params: Floats, /) -> Floats:
    from custseg._kernels.lifetime_nbd import log_likelihood

    return log_likelihood(cells.x, cells.T, cells.weights, params)


def _nbd_alive(cells: Cells, _: Floats, /) -> Floats:
    return np.ones(cells.x.size)


def _nbd_purchases(cells: Cells, params: Floats, horizons: Floats, /) -> Floats:
    return ((params[0] + cells.x) / (params[1] + cells.T))[:, None] * horizons


def _nbd_probability(params: Floats, n: int, t: float, /) -> float:
    return negative_binomial(float(params[0]), float(params[1]), n, t)


def _nbd_draw(
    params: Floats, observed: Floats, rng: np.random.Generator, /, *, step: float
) -> tuple[NDArray[np.int64], Floats]:
    rates = rng.gamma(params[0], 1 / params[1], observed.size)
    return drawn_purchases(rates, observed, np.full(observed.size, _EVER), rng, step=step)


NBD_FAMILY = Family(
    name="nbd",
    title="NBD",
    names=("r", "alpha"),
    times=("alpha",),
    starts=((0.4, 0.3), (1.0, 0.5), (3.0, 1.0), (0.1, 0.1)),
    log_likelihood=_nbd_log_likelihood,
    alive=_nbd_alive,
    purchases=_nbd_purchases,
    probability=_nbd_probability,
    draw=_nbd_draw,
)
