"""BG/BB: log-likelihood with gradient, and scores.

Fader, Hardie and Shang (2010), "Customer-base analysis in a discrete-time noncontractual setting".
Every beta function is of a parameter and whole steps: a sum of logarithms, tabulated once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from custseg._kernels._jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["log_likelihood", "scores"]


@kernel
def _rises(start: float, count: int) -> Floats:
    """Sums of j terms, j = 0 … count: ln Γ(start + j) − ln Γ(start), and its derivative."""
    sums = np.zeros((count + 1, 2), np.float64)
    for j in range(count):
        sums[j + 1, 0] = sums[j, 0] + np.log(start + j)
        sums[j + 1, 1] = sums[j, 1] + 1.0 / (start + j)
    return sums


@kernel
def log_likelihood(x: Ints, t_x: Ints, periods: Ints, weights: Floats, params: Floats) -> Floats:
    """The log-likelihood of weighted rows, with its gradient (eq. 5 of the paper).

    Args:
        x: int64[n], periods with a purchase.
        t_x: int64[n], the last of them; 0 where there is none.
        periods: int64[n], how many there were, at least t_x.
        weights: float64[n], customers of each row.
        params: float64[4], alpha, beta, gamma, delta, all above 0.

    Returns:
        float64[5]: the sum, then its derivatives by the parameters.
        Cost: a step for each period since the last purchase.
        Twin: naive.lifetime.bgbb_log_likelihood.
    """
    most = 0
    for i in range(x.size):
        most = max(most, periods[i])
    by_a, by_b = _rises(params[0], most), _rises(params[1], most)
    by_ab = _rises(params[0] + params[1], most)
    by_d = _rises(params[3], most + 1)
    by_gd = _rises(params[2] + params[3], most + 1)
    found = np.zeros(5, np.float64)
    one = np.empty(5, np.float64)
    log_gamma = np.log(params[2])
    for i in range(x.size):
        top = -np.inf
        one[:] = 0.0
        # Still there after the last period; or gone after each one since the last purchase.
        for last in range(periods[i], t_x[i] - 1, -1):
            gone = last < periods[i]
            step = last + 1 if gone else last
            idle = last - x[i]
            height = by_a[x[i], 0] + by_b[idle, 0] - by_ab[last, 0]
            height += by_d[last, 0] - by_gd[step, 0] + (log_gamma if gone else 0.0)
            if height > top:
                one *= np.exp(top - height)
                top = height
            part = np.exp(height - top)
            one[0] += part
            one[1] += part * (by_a[x[i], 1] - by_ab[last, 1])
            one[2] += part * (by_b[idle, 1] - by_ab[last, 1])
            one[3] += part * ((1.0 / params[2] if gone else 0.0) - by_gd[step, 1])
            one[4] += part * (by_d[last, 1] - by_gd[step, 1])
        found[0] += weights[i] * (top + np.log(one[0]))
        for k in range(1, 5):
            found[k] += weights[i] * one[k] / one[0]
    return found


@kernel
def scores(
    x: Ints, t_x: Ints, periods: Ints, params: Floats, horizons: Floats, out: Floats
) -> Floats:
    """P(alive) in the next period, and purchases expected in as many as the horizons say.

    Args:
        x: int64[n], periods with a purchase.
        t_x: int64[n], the last of them.
        periods: int64[n], how many there were.
        params: float64[4], alpha, beta, gamma, delta.
        horizons: float64[k], periods to come; of a broken one its share counts.
        out: float64[n, 1 + k], room for the result.

    Returns:
        `out`. Cost: a step for each period since the last purchase and to come.
        Twin: naive.lifetime.bgbb_scores.
    """
    a, b, g, d = params[0], params[1], params[2], params[3]
    for i in range(x.size):
        n = periods[i]
        # What each way of being gone is beside being there, from the last period backwards.
        others, stays = 0.0, 1.0
        for last in range(n - 1, t_x[i] - 1, -1):
            idle = last - x[i]
            # Back from `last` + 1 idle periods to `last`, bought and stayed.
            stays *= (a + b + last) / (b + idle) * (g + d + last) / (d + last)
            others += stays * g / (g + d + last)
        here = 1.0 / (1.0 + others)
        out[i, 0] = here * (d + n) / (g + d + n)
        rate = (a + x[i]) / (a + b + n)
        for k in range(horizons.size):
            there, bought = here, 0.0
            whole = int(np.floor(horizons[k]))
            for step in range(whole + 1):
                there *= (d + n + step) / (g + d + n + step)
                share = 1.0 if step < whole else horizons[k] - whole
                bought += there * share
            out[i, 1 + k] = bought * rate
    return out
