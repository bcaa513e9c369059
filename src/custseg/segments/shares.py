"""Shares of customers and of spend, the same in whatever order rows come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from custseg.schema.bridge import array

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["minor_spend", "ratio", "shares", "spend_shares", "sums"]

_BEYOND = 2.0**63


def minor_spend(measures: pl.DataFrame, scale: int, /) -> NDArray[Any]:
    """Each customer's spend as whole minor units: their sums are exact.

    Returns:
        int64[n], or Python's integers where a sum of them could leave those.

    >>> import polars as pl
    >>> from custseg.segments.shares import minor_spend
    >>> minor_spend(pl.DataFrame({"spend": [90.0, -1.25]}), 2).tolist()
    [9000, -125]
    """
    units = np.rint(array(measures["spend"]) * 10**scale)
    largest = max(-float(units.min(initial=0.0)), float(units.max(initial=0.0)))
    if largest * units.size < _BEYOND:
        return units.astype(np.int64)
    return np.array([int(unit) for unit in units.tolist()], object)


def sums(minor: NDArray[Any], codes: NDArray[Any], groups: int, /) -> NDArray[Any]:
    """What each group has, in units as `minor_spend` gives them.

    Args:
        minor: Units of each customer.
        codes: The group of each.
        groups: How many groups there are.

    >>> import numpy as np
    >>> from custseg.segments.shares import sums
    >>> sums(np.array([3, 1, 1]), np.array([0, 2, 2]), 3).tolist()
    [3, 0, 2]
    """
    found = np.zeros(groups, minor.dtype)
    for place in np.flatnonzero(np.bincount(codes, minlength=groups)):
        found[place] = minor[codes == place].sum()
    return found


def ratio(part: NDArray[Any], whole: NDArray[Any], /) -> pl.Series:
    """The quotients; null where the whole is nothing.

    >>> import numpy as np
    >>> ratio(np.array([1, 2]), np.array([4, 0])).to_list()
    [0.25, None]
    """
    if object in (part.dtype, whole.dtype):
        # Whole numbers of Python divide to the nearest Float64, however large they are.
        pairs = zip(part.tolist(), whole.tolist(), strict=True)
        return pl.Series([some / all_ if all_ else None for some, all_ in pairs], dtype=pl.Float64)
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
    known = pl.Series((spend >= 0).astype(np.bool_))
    return found.zip_with(known, pl.Series([None], dtype=pl.Float64))
