"""Events that fade with age, added up for each customer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from custseg._kernels._jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]
    Floats = NDArray[np.float64]

__all__ = ["UNIT", "fade"]

UNIT = float(2**32)
"""Parts that a weight of 1 is cut into, twice: sums hold multiples of 2**-64."""


@kernel
def fade(
    numbers: Ints,
    instants: Ints,
    weights: Floats,
    lowest: int,
    table: Ints,
    as_of: int,
    per_us: float,
    sums: Ints,
) -> Ints:
    """Add what is left of each event to the sum of its customer.

    An event weighs weight * 2 ** (-age * per_us). Floats added in another
    order give other sums; whole multiples of 2**-64 do not, so each weight is
    cut to one of them and added in two words of 32 bits.

    Args:
        numbers: int64[n], whose event it is.
        instants: int64[n], microseconds of UTC; events after `as_of` are not seen.
        weights: float64[n], from -1 to 1.
        lowest: int64, the number of the table's first row.
        table: int64[r], the row of `sums` of each number that is seen.
        as_of: int64, the instant they are looked at from.
        per_us: float64, half-lives in a microsecond.
        sums: int64[m, 2], whole parts and parts of these; it is added to. Up to
            2**31 events of a customer cannot overflow it.

    Returns:
        `sums`. Cost: one pass, a power of two an event. Twin: naive.engagement.fade.
    """
    for i in range(numbers.size):
        if weights[i] == 0.0 or instants[i] > as_of:
            continue
        left = weights[i] * np.exp2((instants[i] - as_of) * per_us) * UNIT
        whole = np.floor(left)
        row = table[numbers[i] - lowest]
        sums[row, 0] += np.int64(whole)
        sums[row, 1] += np.int64((left - whole) * UNIT)
    return sums
