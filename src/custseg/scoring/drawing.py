"""Purchases by chance: the times at which customers of given rates buy."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

__all__ = ["drawn_purchases"]


def drawn_purchases(
    rates: Floats, ends: Floats, most: Ints, rng: np.random.Generator, /, *, step: float
) -> tuple[Ints, Floats]:
    """How often, and when last, customers buy after their first purchase.

    Args:
        rates: Purchases in a unit of time.
        ends: When each ceases to be seen, or to be a customer.
        most: Purchases after which each leaves.
        rng: Where chance comes from.
        step: Times are rounded up to multiples of it and count once each; 0
            leaves them as they fall.

    Returns:
        x and t_x. Cost: a round of draws for each purchase of the keenest.
    """
    x, t_x = np.zeros(rates.size, np.int64), np.zeros(rates.size, np.float64)
    at, made = np.zeros(rates.size, np.float64), np.zeros(rates.size, np.int64)
    busy = np.flatnonzero((rates > 0) & (most > 0))
    while busy.size:
        at[busy] += rng.exponential(size=busy.size) / rates[busy]
        made[busy] += 1
        busy = busy[at[busy] <= ends[busy]]
        shown = np.ceil(at[busy] / step) * step if step else at[busy]
        # Within the day that ends the view a purchase is seen when the day is.
        new = (shown > t_x[busy]) & (shown <= ends[busy] * (1 + 1e-12))
        kept = busy[new]
        x[kept] += 1
        t_x[kept] = shown[new]
        busy = busy[made[busy] < most[busy]]
    return x, np.minimum(t_x, ends)
