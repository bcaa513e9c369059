"""Shares of customers and of spend, the same in whatever order rows come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from custseg.schema.bridge import array

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["minor_spend", "ratio", "shares", "spend_shares"]


def minor_spend(measures: pl.DataFrame, scale: int, /) -> NDArray[np.int64]:
    """Each customer's spend as whole minor units: their sums are exact."""
    return np.rint(array(measures["spend"]) * 10**scale).astype(np.int64)


def ratio(part: NDArray[Any], whole: NDArray[Any], /) -> pl.Series:
    """The quotients; null where the whole is nothing.

    >>> import numpy as np
    >>> ratio(np.array([1, 2]), np.array([4, 0])).to_list()
    [0.25, None]
    """
    known = whole != 0
    quotient = np.divide(part, whole, out=np.zeros(part.size), where=known)
    return pl.Series(quotient).zip_with(pl.Series(known), pl.Series([None], dtype=pl.Float64))


def shares(parts: NDArray[Any], whole: float | None = None, /) -> pl.Series:
    """The parts over their sum, or over a whole that is given.

    >>> import numpy as np
    >>> shares(np.array([1, 3])).to_list(), shares(np.array([1, 3]), 2).to_list()
    ([0.25, 0.75], [0.5, 1.5])
    """
    return ratio(parts, np.full(parts.size, parts.sum() if whole is None else whole))


def spend_shares(spend: NDArray[Any], whole: float | None = None, /) -> pl.Series:
    """The parts of what was spent, returns net; null for who returned more than was bought.

    Args:
        spend: Of each segment, in whole units.
        whole: What all spent; by default the sum of those above zero, so that
            shares lie within 0 and 1 and add up.

    >>> import numpy as np
    >>> spend_shares(np.array([3, 1, -2])).to_list()
    [0.75, 0.25, None]
    """
    bought = np.maximum(spend, 0)
    found = shares(bought, whole)
    return found.zip_with(pl.Series(spend >= 0), pl.Series([None], dtype=pl.Float64))
