"""Log-odds set right by what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["recalibrated"]

_STEPS = 50
_CLOSE = 1e-10


def recalibrated(odds: NDArray[np.float64], happened: NDArray[np.bool_], /) -> tuple[float, float]:
    """Intercept and slope that make log-odds fit best: logistic regression (Cox 1958).

    Newton's steps with each target drawn towards the middle by a customer
    (Platt 1999), so that there is a best fit whatever happened.

    Args:
        odds: float64[n], log-odds that were foretold.
        happened: bool[n].

    >>> import numpy as np
    >>> odds = np.array([-2.0, -1.0, 1.0, 2.0] * 50)
    >>> intercept, slope = recalibrated(odds, np.array([False, True, False, True] * 50))
    >>> round(intercept, 3), round(slope, 3)
    (0.0, 0.411)
    """
    yes = int(happened.sum())
    no = happened.size - yes
    target = np.where(happened, (yes + 1) / (yes + 2), 1 / (no + 2))
    rows = np.column_stack([np.ones(odds.size), odds])
    at = np.array([0.0, 1.0])
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(-(rows @ at)))
        weights = chance * (1 - chance)
        curvature = (rows * weights[:, None]).T @ rows + np.eye(2) * _CLOSE
        step = np.linalg.solve(curvature, rows.T @ (target - chance))
        # Far from the best fit a whole step may overshoot.
        at = at + np.clip(step, -1, 1)
        if np.abs(step).max() < _CLOSE:
            break
    return float(at[0]), float(at[1])
