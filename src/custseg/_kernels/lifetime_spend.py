"""Gamma-Gamma: the log-likelihood with gradient of mean spend."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from custseg._kernels._jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["log_likelihood"]

# From here on the asymptotic series of ψ and ln Γ are exact.
_FAR = 10.0
_HALF_LOG_TAU = 0.9189385332046727


@kernel
def _digamma(value: float) -> float:
    """ψ, by its asymptotic series (Abramowitz and Stegun 6.3.18) beyond the first steps."""
    found = 0.0
    while value < _FAR:
        found -= 1.0 / value
        value += 1.0
    square = 1.0 / (value * value)
    tail = 1 / 240 - square * (1 / 132 - square * 691 / 32760)
    tail = square * (1 / 12 - square * (1 / 120 - square * (1 / 252 - square * tail)))
    return found + np.log(value) - 0.5 / value - tail


@kernel
def _log_gamma(value: float) -> float:
    """Its logarithm, by Stirling's series (Abramowitz and Stegun 6.1.40) beyond the first steps."""
    found = 0.0
    while value < _FAR:
        found -= np.log(value)
        value += 1.0
    square = 1.0 / (value * value)
    tail = 1 / 1260 - square * (1 / 1680 - square * (1 / 1188 - square * 691 / 360360))
    tail = (1 / 12 - square * (1 / 360 - square * tail)) / value
    return found + (value - 0.5) * np.log(value) - value + _HALF_LOG_TAU + tail


@kernel
def log_likelihood(x: Ints, spend: Floats, weights: Floats, params: Floats) -> Floats:
    """The log-likelihood of weighted mean spends, with its gradient.

    Fader and Hardie (2013), "The Gamma-Gamma model of monetary value", eq. 1a.

    Args:
        x: int64[n], how many purchases a mean is of, above 0.
        spend: float64[n], the means, above 0.
        weights: float64[n], customers of each row.
        params: float64[3], p, q, gamma, all above 0.

    Returns:
        float64[4]: the sum, then its derivatives by p, q and gamma.
        Cost: two logarithms a row, and gamma functions once for each x.
        Twin: naive.lifetime.spend_log_likelihood.
    """
    p, q, v = params[0], params[1], params[2]
    most = 0
    for i in range(x.size):
        most = max(most, x[i])
    # For each x that occurs: the part without spend, and its derivatives by p and q.
    known = np.zeros(most + 1, np.bool_)
    table = np.empty((most + 1, 3), np.float64)
    fixed = q * np.log(v) - _log_gamma(q)
    at_q, log_v = _digamma(q), np.log(v)
    total, d_p, d_q, d_v = 0.0, 0.0, 0.0, 0.0
    for i in range(x.size):
        n = x[i]
        if not known[n]:
            known[n] = True
            both, alone = _digamma(p * n + q), _digamma(p * n)
            log_n = np.log(n)
            table[n, 0] = _log_gamma(p * n + q) - _log_gamma(p * n) + fixed + p * n * log_n
            table[n, 1] = n * (both - alone + log_n)
            table[n, 2] = both - at_q + log_v
        w, power = weights[i], p * n + q
        summed = n * spend[i] + v
        log_spend, log_sum = np.log(spend[i]), np.log(summed)
        total += w * (table[n, 0] + (p * n - 1.0) * log_spend - power * log_sum)
        d_p += w * (table[n, 1] + n * (log_spend - log_sum))
        d_q += w * (table[n, 2] - log_sum)
        d_v += w * (q / v - power / summed)
    return np.array([total, d_p, d_q, d_v])
