"""Exact sums of values: as whole numbers of one unit, largest last."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["running", "whole"]

# Decimals that are tried on all values at once; money has at most four.
_DECIMALS = 10
# Any decimal of 15 digits stands for one Float64 only, and is the shortest that does.
_FIFTEEN_DIGITS = 10**15
_LARGEST = 2**63 - 1


def whole(values: NDArray[np.float64], /) -> NDArray[Any]:
    """How many units each value is, of a unit small enough for all of them.

    A value counts as the shortest decimal that stands for it: 19.99 is 1999
    hundredths, though no Float64 is exactly that.

    Args:
        values: float64[n], positive and finite.

    Returns:
        int64[n], or Python's integers where those are too small.

    >>> import numpy as np
    >>> from custseg.segments.abc_sums import whole
    >>> whole(np.array([0.1, 19.99])).tolist(), whole(np.array([3.0, 12.0])).tolist()
    ([10, 1999], [3, 12])
    """
    largest = float(values.max(initial=0.0))
    for places in range(_DECIMALS):
        unit = 10.0**places
        if largest * unit > _FIFTEEN_DIGITS:
            break
        units = np.rint(values * unit)
        if np.array_equal(units / unit, values):
            return units.astype(np.int64)
    decimals = [Decimal(repr(value)) for value in values.tolist()]
    places = max(-int(each.as_tuple().exponent) for each in decimals)
    return np.array([int(each.scaleb(max(places, 0))) for each in decimals], object)


def running(units: NDArray[Any], customers: NDArray[np.int64], /) -> NDArray[Any]:
    """The sum up to and including each value.

    Args:
        units: As `whole` gives them.
        customers: int64[n], how many customers have each value.

    Returns:
        int64[n], or Python's integers where a sum would leave them.

    >>> import numpy as np
    >>> from custseg.segments.abc_sums import running
    >>> running(np.array([10, 1999]), np.array([2, 1])).tolist()
    [20, 2019]
    """
    if int(units.max(initial=0)) * int(customers.sum()) > _LARGEST:
        units = units.astype(object)
    if units.dtype == object:
        return np.cumsum(units * customers.astype(object))
    return np.cumsum(units * customers)
