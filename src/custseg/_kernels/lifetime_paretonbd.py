"""Pareto/NBD: log-likelihood with gradient, and scores.

Schmittlein, Morrison and Colombo (1987). The probability of having left is the integral over the
time of leaving (Fader and Hardie 2005, "A note on deriving the Pareto/NBD model", eq. 18),

    s ∫ from t_x to T of (alpha + τ)^−(r+x) (beta + τ)^−(s+1) dτ,

which is a difference of two hypergeometric functions in print. Here it is summed as it stands, by
Gauss's rule in the logarithm of time: nothing cancels, alpha = beta is no special case, and the
derivatives are sums over the same nodes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from custseg._kernels._jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["alive", "log_likelihood", "purchases"]

# What lies beyond e^−45 of the largest value of the integrand is not summed.
_DEPTH = 45.0
# A panel spans one unit of log time at most, and a fall of e^4: ten nodes then see 16 digits.
_FALL = 4.0
# More than any history that days can hold asks for.
_PANELS = 5_000


@kernel
def _rises(start: float, count: int) -> Floats:
    """Sums of j terms, j = 0 … count: ln Γ(start + j) − ln Γ(start), and its derivative."""
    sums = np.zeros((count + 1, 2), np.float64)
    for j in range(count):
        sums[j + 1, 0] = sums[j, 0] + np.log(start + j)
        sums[j + 1, 1] = sums[j, 1] + 1.0 / (start + j)
    return sums


@kernel
def _left(
    rate: float,
    alpha: float,
    s: float,
    beta: float,
    t_x: float,
    observed: float,
    rule: Floats,
    sums: Floats,
) -> float:
    """The integral over the time of leaving, in units of the integrand at t_x.

    Args:
        rate: r + x.
        alpha: Of purchases.
        s: Of leaving.
        beta: As well.
        t_x: Last purchase.
        observed: T.
        rule: float64[2, m], nodes in −1 … 1 and weights.
        sums: float64[4], room: the same integral with ln((alpha + τ) / (alpha + t_x)),
            ln((beta + τ) / (beta + t_x)), 1 / (alpha + τ) and 1 / (beta + τ) in it.

    Returns:
        The integral of ((alpha + t_x) / (alpha + τ))^rate ((beta + t_x) / (beta + τ))^(s + 1).
    """
    first, second = alpha + t_x, beta + t_x
    near = min(first, second)
    gap = observed - t_x
    width = np.log1p(gap / near)
    # In log time w the integrand is e^(w − …), and its fall is convex: what it begins with is
    # the slowest, what it ends with the steepest.
    begins = near * (rate / first + (s + 1.0) / second) - 1.0
    if begins > 0.0:
        width = min(width, _DEPTH / begins)
    end = near * np.exp(width)
    steep = end * (rate / (end + first - near) + (s + 1.0) / (end + second - near)) - 1.0
    panels = min(max(int(np.ceil(max(width, width * steep / _FALL))), 1), _PANELS)
    half = 0.5 * width / panels
    total = 0.0
    sums[:] = 0.0
    for panel in range(panels):
        middle = (2 * panel + 1) * half
        for k in range(rule.shape[1]):
            w = middle + half * rule[0, k]
            since = near * np.expm1(w)
            by_alpha = np.log1p(since / first)
            by_beta = np.log1p(since / second)
            height = np.exp(w - rate * by_alpha - (s + 1.0) * by_beta) * rule[1, k]
            total += height
            sums[0] += height * by_alpha
            sums[1] += height * by_beta
            sums[2] += height / (first + since)
            sums[3] += height / (second + since)
    sums *= near * half
    return total * near * half


@kernel
def log_likelihood(
    x: Ints, t_x: Floats, observed: Floats, weights: Floats, params: Floats, rule: Floats
) -> Floats:
    """The log-likelihood of weighted rows, with its gradient.

    Args:
        x: int64[n], repeat purchases.
        t_x: float64[n], time of the last one; 0 where there is none.
        observed: float64[n], T, at least t_x.
        weights: float64[n], customers of each row.
        params: float64[4], r, alpha, s, beta, all above 0.
        rule: float64[2, m], nodes and weights of Gauss's rule on −1 … 1.

    Returns:
        float64[5]: the sum, then its derivatives by r, alpha, s and beta.
        Cost: three transcendental functions at each node, ten nodes for each
        unit of log time or fall of e^4. Twin: naive.lifetime.paretonbd_log_likelihood.
    """
    r, alpha, s, beta = params[0], params[1], params[2], params[3]
    most = 0
    for i in range(x.size):
        most = max(most, x[i])
    by_r = _rises(r, most)
    log_alpha, log_beta = np.log(alpha), np.log(beta)
    sums = np.empty(4, np.float64)
    found = np.zeros(5, np.float64)
    for i in range(x.size):
        w, rate = weights[i], r + x[i]
        first, second = alpha + t_x[i], beta + t_x[i]
        log_first, log_second = np.log(first), np.log(second)
        gap = observed[i] - t_x[i]
        on_alpha, on_beta = np.log1p(gap / first), np.log1p(gap / second)
        # Both parts in units of (alpha + t_x)^−(r+x) (beta + t_x)^−s.
        stays = np.exp(-rate * on_alpha - s * on_beta)
        integral = _left(rate, alpha, s, beta, t_x[i], observed[i], rule, sums)
        leaves = s * integral / second
        both = stays + leaves
        if both > 0.0:
            here, gone = stays / both, s / second / both
        else:
            # Beyond the smallest float: as likely as can be told.
            here, gone, both = 1.0, 0.0, 5e-324
        base = by_r[x[i], 0] + r * log_alpha + s * log_beta - rate * log_first - s * log_second
        found[0] += w * (base + np.log(both))
        on_time = here * on_alpha + gone * sums[0]
        found[1] += w * (by_r[x[i], 1] + log_alpha - log_first - on_time)
        found[2] += w * (r / alpha - here * rate / (first + gap) - gone * rate * sums[2])
        found[3] += w * (
            log_beta - log_second - here * on_beta - gone * sums[1] + gone * integral / s
        )
        found[4] += w * (s / beta - here * s / (second + gap) - gone * (s + 1.0) * sums[3])
    return found


@kernel
def _alive(
    x: int, t_x: float, observed: float, params: Floats, rule: Floats, sums: Floats
) -> float:
    """P(alive): what stays beside what leaves, in units of the integrand at t_x."""
    rate, s = params[0] + x, params[2]
    first, second = params[1] + t_x, params[3] + t_x
    gap = observed - t_x
    stays = np.exp(-rate * np.log1p(gap / first) - s * np.log1p(gap / second))
    leaves = s * _left(rate, params[1], s, params[3], t_x, observed, rule, sums) / second
    return stays / (stays + leaves) if stays > 0.0 else 0.0


@kernel
def alive(
    x: Ints, t_x: Floats, observed: Floats, params: Floats, rule: Floats, out: Floats
) -> Floats:
    """The probability that each customer has not left.

    Args:
        x: int64[n], repeat purchases.
        t_x: float64[n], time of the last one.
        observed: float64[n], T.
        params: float64[4], r, alpha, s, beta.
        rule: float64[2, m], nodes and weights of Gauss's rule on −1 … 1.
        out: float64[n], room for the result.

    Returns:
        `out`. Twin: naive.lifetime.paretonbd_alive.
    """
    sums = np.empty(4, np.float64)
    for i in range(x.size):
        out[i] = _alive(x[i], t_x[i], observed[i], params, rule, sums)
    return out


@kernel
def purchases(
    x: Ints,
    t_x: Floats,
    observed: Floats,
    params: Floats,
    rule: Floats,
    horizons: Floats,
    out: Floats,
) -> Floats:
    """Purchases that each customer is expected to make by each horizon.

    P(alive) (r + x) / (alpha + T) (beta + T) / (s − 1) [1 − ((beta + T) / (beta + T + t))^(s−1)]
    (Fader and Hardie 2005, eq. 41), written so that s = 1 is no special case.

    Args:
        x: int64[n], repeat purchases.
        t_x: float64[n], time of the last one.
        observed: float64[n], T.
        params: float64[4], r, alpha, s, beta.
        rule: float64[2, m], nodes and weights of Gauss's rule on −1 … 1.
        horizons: float64[k], times from T on.
        out: float64[n, k], room for the result.

    Returns:
        `out`. Cost: as `alive`, and two transcendental functions a horizon.
        Twin: naive.lifetime.paretonbd_purchases.
    """
    sums = np.empty(4, np.float64)
    s = params[2]
    for i in range(x.size):
        here = _alive(x[i], t_x[i], observed[i], params, rule, sums)
        pace = (params[0] + x[i]) / (params[1] + observed[i])
        after = params[3] + observed[i]
        for k in range(horizons.size):
            later = np.log1p(horizons[k] / after)
            power = (1.0 - s) * later
            # (e^u − 1) / u, which is 1 at 0.
            slope = np.expm1(power) / power if power != 0.0 else 1.0
            out[i, k] = here * pace * after * later * slope
    return out
