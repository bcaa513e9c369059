"""Floats that are meant as money, as whole smallest units."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from custseg._kernels._jit import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["FAR", "GOOD", "NOT_FINITE", "TOO_LARGE", "smallest_units"]

GOOD = 0
NOT_FINITE = 1
TOO_LARGE = 2
FAR = 3

_NEAR = 1e-6


@kernel
def smallest_units(
    values: NDArray[np.float64], unit: int, limit: int, ulps: float
) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    """The nearest whole number of smallest units to each float.

    A float is taken when it lies within 1e-6 of a smallest unit, or within 8
    ulp, of the nearest amount (half a unit goes away from zero, so that a
    return is the mirror of its order). It is split into its whole and
    fractional part, both exact, so that the nearest amount is found however
    large it is.

    Args:
        values: float64[n], in major units.
        unit: Smallest units in a major one, a power of ten up to 10**4.
        limit: Amounts are below this many smallest units; a multiple of
            `unit`. Both are trusted.
        ulps: Eight times the distance of 1.0 to the next float, a power of two.

    Returns:
        int64[n] units, 0 where there is none, and uint8[n] status: GOOD,
        NOT_FINITE, TOO_LARGE or FAR. Cost: one pass.
        Twin: naive.money.smallest_units.
    """
    units = np.empty(values.size, np.int64)
    status = np.empty(values.size, np.uint8)
    largest = float(limit // unit)
    for i in range(values.size):
        value = values[i]
        size = abs(value)
        units[i] = 0
        status[i] = GOOD
        # NaN is neither below nor beyond anything.
        if not size < largest:
            status[i] = TOO_LARGE if largest <= size < np.inf else NOT_FINITE
            continue
        whole = int(size)
        part = (size - whole) * unit
        near = int(part + 0.5)
        off = abs(part - near)
        if off > _NEAR:
            # An ulp is the float's power of two times the distance at 1.0; that
            # power is at most the float, and looked for only where that would be enough.
            power = size
            if off <= size * ulps * unit:
                power = 1.0
                while power * 2.0 <= size:
                    power *= 2.0
                while power > size:
                    power *= 0.5
            if off > power * ulps * unit:
                status[i] = FAR
                continue
        amount = whole * unit + near
        units[i] = amount if value > 0.0 else -amount
    return units, status
