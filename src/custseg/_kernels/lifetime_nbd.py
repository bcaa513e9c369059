"""NBD: the log-likelihood with gradient of purchases at random, by customers who never leave."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from custseg._kernels._jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["log_likelihood"]


@kernel
def log_likelihood(x: Ints, observed: Floats, weights: Floats, params: Floats) -> Floats:
    """The log-likelihood of weighted rows, with its gradient (Ehrenberg 1959).

    Args:
        x: int64[n], repeat purchases.
        observed: float64[n], T.
        weights: float64[n], customers of each row.
        params: float64[2], r and alpha, above 0.

    Returns:
        float64[3]: the sum, then its derivatives by r and alpha.
        Cost: a logarithm a row. Twin: naive.lifetime.nbd_log_likelihood.
    """
    r, alpha = params[0], params[1]
    most = 0
    for i in range(x.size):
        most = max(most, x[i])
    # ln Γ(r + j) − ln Γ(r) and its derivative, as sums of j terms.
    rises = np.zeros((most + 1, 2), np.float64)
    for j in range(most):
        rises[j + 1, 0] = rises[j, 0] + np.log(r + j)
        rises[j + 1, 1] = rises[j, 1] + 1.0 / (r + j)
    found = np.zeros(3, np.float64)
    for i in range(x.size):
        w, rate, after = weights[i], r + x[i], alpha + observed[i]
        # (alpha / (alpha + T))^r (alpha + T)^−x
        share = np.log1p(observed[i] / alpha)
        found[0] += w * (rises[x[i], 0] - r * share - x[i] * np.log(after))
        found[1] += w * (rises[x[i], 1] - share)
        found[2] += w * (r / alpha - rate / after)
    return found
