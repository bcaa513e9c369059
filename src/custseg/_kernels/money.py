"""Floats that are meant as money, as whole smallest units."""

from __future__ import annotations

import math

import numpy as np

from custseg._kernels._jit import kernel

__all__ = ["FAR", "GOOD", "NOT_FINITE", "TOO_LARGE", "smallest_units"]

GOOD = 0
NOT_FINITE = 1
TOO_LARGE = 2
FAR = 3


@kernel
def smallest_units(values, unit, limit, ulps):  # type: ignore[no-untyped-def]
    """The nearest whole number of smallest units to each float.

    A float is taken when it lies within 1e-6 of a smallest unit, or within 8
    ulp, of the nearest amount. It is split into its whole and fractional part,
    both exact, so that the nearest amount is found however large it is.

    Args:
        values: float64[n], in major units.
        unit: int64, smallest units in a major one.
        limit: int64, amounts are below this many smallest units.
        ulps: float64, eight times the distance of 1.0 to the next float.

    Returns:
        int64[n] units, 0 where there is none, and uint8[n] status: GOOD,
        NOT_FINITE, TOO_LARGE or FAR. Cost: one pass.
        Twin: naive.money.smallest_units.
    """
    units = np.zeros(values.size, np.int64)
    status = np.zeros(values.size, np.uint8)
    largest = float(limit // unit)
    for i in range(values.size):
        value = values[i]
        if not math.isfinite(value):
            status[i] = NOT_FINITE
            continue
        if abs(value) >= largest:
            status[i] = TOO_LARGE
            continue
        whole = np.int64(value)
        part = (value - np.float64(whole)) * unit
        near = np.round(part)
        off = abs(part - near)
        if off > 1e-6:
            # An ulp is the float's power of two times the distance at 1.0.
            power = 2.0 ** math.floor(math.log2(abs(value)))
            power = power * 2.0 if power * 2.0 <= abs(value) else power
            power = power / 2.0 if power > abs(value) else power
            if off > ulps * power * unit:
                status[i] = FAR
                continue
        units[i] = whole * unit + np.int64(near)
    return units, status
