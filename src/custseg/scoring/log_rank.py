"""The log-rank test: whether groups leave at different rates."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

__all__ = ["LogRank", "compared"]


@frozen(eq=False, repr=False)
class LogRank:
    """Whether groups leave at different rates: the test of Mantel (1966).

    Attributes:
        frame: A row a group: the group, `customers`, those who `ended`, and
            how many of them were `expected` if all left at one rate.
        chi_square: The statistic.
        degrees: Its degrees of freedom, one less than groups.
        p_value: How likely a statistic as large is when all leave at one rate.

    >>> import custseg as cu, polars as pl
    >>> tenures = pl.DataFrame(
    ...     {"days": [6, 7, 10, 1, 2, 3], "churned": [True] * 6, "plan": list("aaabbb")}
    ... )
    >>> cu.survival(tenures, by="plan").log_rank()
    χ² = 5.052 with 1 degree of freedom, p = 0.0246
    """

    frame: pl.DataFrame
    chi_square: float
    degrees: int
    p_value: float

    def __repr__(self) -> str:
        """The statistic and its p-value."""
        degrees = "1 degree" if self.degrees == 1 else f"{self.degrees} degrees"
        return f"χ² = {self.chi_square:.3f} with {degrees} of freedom, p = {self.p_value:.3g}"


def compared(curves: Sequence[pl.DataFrame], groups: Sequence[object], by: str) -> LogRank:
    """The test of some groups' curves, as `cu.survival` makes them.

    At each time the ended are spread over the groups in proportion to who is
    at risk; what is observed less that has the covariance of a hypergeometric
    draw (Kalbfleisch and Prentice 1980, 1.4).
    """
    times = np.unique(np.concatenate([curve["time"].to_numpy() for curve in curves]))
    ended = np.zeros((len(curves), times.size))
    at_risk = np.zeros((len(curves), times.size))
    for row, curve in enumerate(curves):
        seen = curve["time"].to_numpy()
        ended[row, np.searchsorted(times, seen)] = curve["ended"].to_numpy()
        # Who is at risk at a time is who is still there at the next one of the curve.
        next_one = np.searchsorted(seen, times)
        behind = np.append(curve["at_risk"].to_numpy(), 0)
        at_risk[row] = behind[next_one]
    observed, expected = ended.sum(axis=1), _expected(ended, at_risk)
    excess = (observed - expected)[:-1]
    covariance = _covariance(ended, at_risk)[:-1, :-1]
    # Groups that are never at risk together cannot be told apart: they add nothing.
    chi_square = float(excess @ np.linalg.pinv(covariance, hermitian=True) @ excess)
    degrees = len(curves) - 1
    counts = {
        by: pl.Series(groups, dtype=curves[0].schema[by]),
        "customers": at_risk[:, 0].astype(np.int64),
        "ended": observed.astype(np.int64),
        "expected": expected,
    }
    return LogRank(pl.DataFrame(counts), chi_square, degrees, _tail(chi_square, degrees))


def _expected(ended: Floats, at_risk: Floats) -> Floats:
    return (at_risk * (ended.sum(axis=0) / at_risk.sum(axis=0))).sum(axis=1)


def _covariance(ended: Floats, at_risk: Floats) -> Floats:
    everyone, gone = at_risk.sum(axis=0), ended.sum(axis=0)
    share = at_risk / everyone
    # With a single one at risk the draw has no choice.
    spread = gone * (everyone - gone) / np.maximum(everyone - 1, 1)
    return np.diag((share * spread).sum(axis=1)) - (share * spread) @ share.T


def _tail(chi_square: float, degrees: int) -> float:
    """How likely χ² is to be as large (Abramowitz and Stegun 1964, 26.4.4 and 26.4.5)."""
    half = chi_square / 2
    if half == 0:
        return 1.0
    tail, shape = (math.erfc(math.sqrt(half)), 0.5) if degrees % 2 else (math.exp(-half), 1.0)
    while shape < degrees / 2:
        tail += math.exp(shape * math.log(half) - half - math.lgamma(shape + 1))
        shape += 1
    return min(tail, 1.0)
